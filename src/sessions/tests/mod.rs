//! Sessions over the embedded store in memory and a store that fails and stops on demand: what a
//! cookie finds, what a rise and an end do, and what happens when any two of them overlap.

mod cookies;
pub(crate) mod faulty;
mod overlaps;
mod withdrawals;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::accounts::{Account, AccountStore, NewUser, UserState};
use crate::keys::{Keyring, Purpose};
use crate::points::Method;
use crate::secret::Secret;
use faulty::Faulty;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOST: &str = "portal.example.org";
const S: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(1800);
const LIFETIME: Duration = Duration::from_secs(12 * 3600);
const LIMITS: SessionLimits = SessionLimits { idle_timeout: IDLE, lifetime: LIFETIME };

/// A gateway's sessions, and one user with a password and a mailbox.
struct Bench {
    store: Faulty,
    keys: Arc<Keyring>,
    sessions: Arc<Sessions>,
    anna: Account,
}

impl Bench {
    async fn new() -> Self {
        let (store, keys) = Faulty::new().await;
        let anna = user(&store, "anna").await;
        let sessions = sessions_over(&store);
        store.calls();
        Self { store, keys, sessions, anna }
    }

    /// The same store after the process was started anew.
    fn restart(&mut self) {
        self.sessions = sessions_over(&self.store);
    }

    fn proof(&self, method: Method, now: Timestamp) -> Proof {
        proof_of(&self.anna, method, now)
    }

    fn beginning<'a>(&self, account: &'a Account) -> Beginning<'a> {
        Beginning {
            account,
            proof: proof_of(account, Method::Password, NOW),
            host: HOST,
            user_agent: None,
            address: None,
        }
    }

    async fn begin(&self) -> NewlyNamed {
        self.begin_at(NOW).await
    }

    async fn begin_at(&self, now: Timestamp) -> NewlyNamed {
        self.sessions.begin(self.beginning(&self.anna), LIMITS, now).await.unwrap()
    }

    fn token(&self, name: &Name) -> String {
        name.token(Purpose::SessionName, &self.keys)
    }

    async fn try_find(&self, name: &Name, now: Timestamp) -> Result<Found, StoreError> {
        let token = self.token(name);
        self.sessions.find(Some(&token), HOST, &self.keys, LIMITS, now).await
    }

    async fn find(&self, name: &Name, now: Timestamp) -> Found {
        self.try_find(name, now).await.unwrap()
    }

    async fn present(&self, name: &Name, now: Timestamp) -> Present {
        match self.find(name, now).await {
            Found::Present(present) => present,
            other => panic!("{other:?}"),
        }
    }

    async fn rise(&self, present: &Present, now: Timestamp) -> NewlyNamed {
        let proof = self.proof(Method::Email, now);
        match self.sessions.rise(present, proof, now).await.unwrap() {
            Rise::Renamed(newly) => *newly,
            other => panic!("{other:?}"),
        }
    }

    async fn stored(&self) -> Vec<SessionRecord> {
        self.store.inner.list_sessions(None).await.unwrap()
    }
}

fn sessions_over(store: &Faulty) -> Arc<Sessions> {
    Arc::new(Sessions::new(Arc::new(store.clone()), Arc::new(store.clone())))
}

async fn user(store: &Faulty, name: &str) -> Account {
    let new = NewUser {
        directory: "staff".into(),
        name: name.parse().unwrap(),
        display_name: None,
        language: None,
        roles: ["editor".into()].into(),
        email: Some(format!("{name}@example.org").parse().unwrap()),
        phone: None,
        password_hash: Some(Secret::new("hash".into())),
    };
    store.create_user(new, NOW).await.unwrap()
}

fn proof_of(account: &Account, method: Method, now: Timestamp) -> Proof {
    account.enrolled().iter().find(|one| one.method == method).unwrap().proof(now)
}

fn methods(present: &Present) -> Vec<Method> {
    present.evidence().proofs.iter().map(|proof| proof.method).collect()
}

fn is_nobody(found: &Found) -> bool {
    matches!(found, Found::Nobody)
}

#[tokio::test]
async fn a_session_is_found_by_its_name_on_its_own_host_and_nowhere_else() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let token = bench.token(&begun.name);
    let other = Name::random().token(Purpose::SessionName, &bench.keys);
    for (what, token, host, is_there) in [
        ("its own", Some(&*token), HOST, true),
        ("no cookie", None, HOST, false),
        ("another host", Some(&token), "other.example.org", false),
        ("a parent of the host", Some(&token), "example.org", false),
        ("another name", Some(&other), HOST, false),
    ] {
        let found = bench.sessions.find(token, host, &bench.keys, LIMITS, NOW).await.unwrap();
        assert_eq!(matches!(found, Found::Present(_)), is_there, "{what}: {found:?}");
    }
    let present = bench.present(&begun.name, NOW).await;
    assert_eq!(present.key(), begun.present.key());
    assert_eq!(methods(&present), [Method::Password]);
    assert!(present.is_current());
    assert_eq!((present.directory(), present.account().user.name.as_str()), ("staff", "anna"));
}

#[tokio::test]
async fn a_session_survives_a_restart() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    let risen = bench.rise(&begun.present, NOW).await;
    bench.restart();
    assert_eq!(methods(&bench.present(&risen.name, NOW).await), [Method::Password, Method::Email]);
    let old = bench.present(&begun.name, NOW).await;
    assert_eq!((methods(&old), old.is_current()), (vec![Method::Password], false));
}

#[tokio::test]
async fn a_session_in_memory_is_found_while_the_store_is_down() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.store.fail(&["find_session", "load_user", "touch_sessions"]);
    bench.store.calls();
    assert_eq!(methods(&bench.present(&begun.name, NOW).await), [Method::Password]);
    assert_eq!(bench.store.calls(), [""; 0]);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_an_error_and_neither_nobody_nor_somebody() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    for call in ["find_session", "load_user"] {
        bench.restart();
        bench.store.fail(&[call]);
        let found = bench.try_find(&begun.name, NOW).await;
        assert!(matches!(found, Err(StoreError::Unavailable(_))), "{call}: {found:?}");
        bench.store.mend();
        assert_eq!(methods(&bench.present(&begun.name, NOW).await), [Method::Password], "{call}");
    }
}

#[tokio::test]
async fn a_name_that_is_not_there_is_looked_up_once() {
    let bench = Bench::new().await;
    let name = Name::random();
    for calls in [&["find_session"][..], &[], &[]] {
        assert!(is_nobody(&bench.find(&name, NOW).await));
        assert_eq!(bench.store.calls(), calls);
    }
}

#[tokio::test]
async fn of_a_session_that_the_store_did_not_take_nothing_is_left() {
    let bench = Bench::new().await;
    for call in ["create_session", "load_user"] {
        bench.store.fail(&[call]);
        let begun = bench.sessions.begin(bench.beginning(&bench.anna), LIMITS, NOW).await;
        assert!(matches!(begun, Err(StoreError::Unavailable(_))), "{call}: {begun:?}");
        assert!(bench.stored().await.is_empty(), "{call}");
        bench.store.mend();
        bench.sessions.sweep(LIMITS, NOW).await.unwrap();
        assert_eq!(bench.sessions.count(), 0, "{call}");
    }
}

#[tokio::test]
async fn what_a_browser_calls_itself_is_cut() {
    let bench = Bench::new().await;
    let long = "\u{e9}".repeat(300);
    let beginning = Beginning { user_agent: Some(&long), ..bench.beginning(&bench.anna) };
    bench.sessions.begin(beginning, LIMITS, NOW).await.unwrap();
    let agent = bench.stored().await[0].user_agent.clone().unwrap();
    assert_eq!(agent.chars().count(), 200);
}

#[tokio::test]
async fn a_session_ends_at_its_limits_and_not_before() {
    for (what, after, expected) in [
        ("just not idle", IDLE, "present"),
        ("idle", IDLE + Duration::from_millis(1), "idle"),
        ("just before its end, long unused", LIFETIME - S, "idle"),
        ("at its end", LIFETIME, "nobody"),
    ] {
        let bench = Bench::new().await;
        let begun = bench.begin().await;
        let found = match bench.find(&begun.name, NOW.after(after)).await {
            Found::Nobody => "nobody",
            Found::Idle => "idle",
            Found::Present(_) => "present",
        };
        assert_eq!(found, expected, "{what}");
    }
}

#[tokio::test]
async fn use_puts_off_the_idle_end_and_never_the_absolute_one() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let mut now = NOW;
    while now.after(IDLE) < NOW.after(LIFETIME) {
        now = now.after(IDLE);
        bench.present(&begun.name, now).await;
    }
    bench.present(&begun.name, NOW.after(LIFETIME).before(S)).await;
    assert!(is_nobody(&bench.find(&begun.name, NOW.after(LIFETIME)).await));
}

#[tokio::test]
async fn a_session_from_the_future_opens_nothing_until_then() {
    for (ahead, is_there) in [(5, true), (6, false), (3600, false)] {
        let mut bench = Bench::new().await;
        let begun = bench.begin_at(NOW.after(S * ahead)).await;
        bench.restart();
        let found = bench.find(&begun.name, NOW).await;
        assert_eq!(matches!(found, Found::Present(_)), is_there, "{ahead} s: {found:?}");
    }
}

#[tokio::test]
async fn a_last_use_in_the_future_does_not_keep_a_session_from_becoming_idle() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    let key = begun.present.key();
    bench.store.touch_sessions(&[(key, NOW.after(S * 7200))]).await.unwrap();
    bench.restart();
    bench.present(&begun.name, NOW).await;
    let found = bench.find(&begun.name, NOW.after(IDLE + S)).await;
    assert!(matches!(found, Found::Idle), "{found:?}");
}

#[tokio::test]
async fn a_rise_gives_a_new_name_and_leaves_the_old_one_what_it_saw() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let risen = bench.rise(&begun.present, NOW).await;
    assert!(risen.name != begun.name);
    let both = [Method::Password, Method::Email];
    assert_eq!(methods(&risen.present), both);
    assert_eq!(risen.present.key(), begun.present.key());
    let old = bench.present(&begun.name, NOW).await;
    assert_eq!((methods(&old), old.is_current()), (vec![Method::Password], false));

    let again = bench.rise(&risen.present, NOW).await;
    assert_eq!(methods(&bench.present(&risen.name, NOW).await), both);
    assert_eq!(methods(&bench.present(&begun.name, NOW).await), [Method::Password]);
    assert_eq!(methods(&bench.present(&again.name, NOW).await).len(), 3);
}

#[tokio::test]
async fn an_old_name_never_rises() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.rise(&begun.present, NOW).await;
    let old = bench.present(&begun.name, NOW).await;
    let rise = bench.sessions.rise(&old, bench.proof(Method::Email, NOW), NOW).await.unwrap();
    assert!(matches!(rise, Rise::Ended), "{rise:?}");
    assert_eq!(bench.stored().await[0].proofs.len(), 2);
}

/// When the new name is shown, when the old one is asked for, and whether it stands; in seconds after
/// the rise.
#[tokio::test]
async fn an_old_name_stands_ten_seconds_after_the_new_one_is_shown_and_a_minute_at_most() {
    type Row = (Option<u32>, u32, bool);
    let table: [Row; 8] = [
        (None, 59, true),
        (None, 60, false),
        (Some(0), 9, true),
        (Some(0), 10, false),
        (Some(20), 29, true),
        (Some(20), 30, false),
        (Some(55), 59, true),
        (Some(55), 60, false),
    ];
    for restarts in [false, true] {
        for (shown, asked, stands) in table {
            let mut bench = Bench::new().await;
            let begun = bench.begin().await;
            let risen = bench.rise(&begun.present, NOW).await;
            if let Some(shown) = shown {
                bench.present(&risen.name, NOW.after(S * shown)).await;
                // Only the first time counts.
                bench.present(&risen.name, NOW.after(S * (shown + 1))).await;
            }
            if restarts {
                bench.restart();
            }
            let found = bench.find(&begun.name, NOW.after(S * asked)).await;
            let is_there = matches!(found, Found::Present(_));
            assert_eq!(is_there, stands, "{shown:?} {asked} restarts {restarts}");
            bench.present(&risen.name, NOW.after(S * asked)).await;
        }
    }
}

#[tokio::test]
async fn an_old_name_that_could_not_be_shortened_stands_its_minute_after_a_restart() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    let risen = bench.rise(&begun.present, NOW).await;
    bench.store.fail(&["shorten_name"]);
    bench.present(&risen.name, NOW).await;
    assert!(is_nobody(&bench.find(&begun.name, NOW.after(S * 10)).await));
    bench.restart();
    bench.present(&begun.name, NOW.after(S * 59)).await;
    assert!(is_nobody(&bench.find(&begun.name, NOW.after(S * 60)).await));
}

#[tokio::test]
async fn a_rise_that_the_store_did_not_take_adds_nothing_and_renames_nothing() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.store.fail(&["add_proof"]);
    let proof = bench.proof(Method::Email, NOW);
    assert!(bench.sessions.rise(&begun.present, proof, NOW).await.is_err());
    bench.store.mend();
    let present = bench.present(&begun.name, NOW.after(S * 61)).await;
    assert_eq!((methods(&present), present.is_current()), (vec![Method::Password], true));
}

#[tokio::test]
async fn a_rise_that_the_store_took_hands_out_its_name_whatever_fails_after_it() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.sessions.user_changed(&bench.anna.user.id);
    bench.store.fail(&["load_user"]);
    let risen = bench.rise(&begun.present, NOW).await;
    assert_eq!(methods(&risen.present), [Method::Password, Method::Email]);
    bench.store.mend();
    assert_eq!(methods(&bench.present(&risen.name, NOW).await).len(), 2);
}

#[tokio::test]
async fn a_name_is_signed_anew_after_a_rotation_of_keys_while_it_is_the_present_one() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    let old_keys = bench.keys.clone();
    let token = |name: &Name| name.token(Purpose::SessionName, &old_keys);
    bench.keys = Arc::new(old_keys.rotated(NOW, S * 100));
    let find = async |token: &str, now| match bench
        .sessions
        .find(Some(token), HOST, &bench.keys, LIMITS, now)
        .await
        .unwrap()
    {
        Found::Present(present) => Some(present),
        Found::Nobody | Found::Idle => None,
    };
    let anew = find(&token(&begun.name), NOW).await.unwrap().to_sign_anew.unwrap();
    assert!(anew == begun.name);
    assert!(find(&bench.token(&anew), NOW).await.unwrap().to_sign_anew.is_none());

    let risen = bench.rise(&begun.present, NOW).await;
    // Set again, an old name would take the place of the new one in the browser.
    assert!(find(&token(&begun.name), NOW).await.unwrap().to_sign_anew.is_none());
    assert!(find(&token(&risen.name), NOW.after(S * 99)).await.is_some());
    assert!(find(&token(&risen.name), NOW.after(S * 100)).await.is_none());
}

#[tokio::test]
async fn last_uses_are_written_behind_and_never_back() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    for (after, written) in [(18, 0), (20, 20), (25, 20), (10, 20), (40, 40)] {
        bench.present(&begun.name, NOW.after(S * after)).await;
        bench.sessions.flush_seen().await.unwrap();
        let seen = bench.stored().await[0].last_seen_at;
        assert_eq!(seen, NOW.after(S * written), "{after}");
    }
    bench.store.fail(&["touch_sessions"]);
    bench.present(&begun.name, NOW.after(S * 80)).await;
    assert!(bench.sessions.flush_seen().await.is_err());
    bench.store.mend();
    bench.sessions.flush_seen().await.unwrap();
    assert_eq!(bench.stored().await[0].last_seen_at, NOW.after(S * 80));
}

#[tokio::test]
async fn sweeping_forgets_what_is_over_and_tells_who_wants_to_know() {
    let bench = Bench::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = told.clone();
    bench.sessions.when_ended(move |key| list.lock().unwrap().push(*key));
    let idle = bench.begin().await;
    let used = bench.begin().await;
    let now = NOW.after(IDLE + S);
    bench.present(&used.name, NOW.after(S * 60)).await;
    bench.sessions.sweep(LIMITS, now).await.unwrap();
    assert_eq!(*told.lock().unwrap(), [idle.present.key()]);
    assert_eq!(bench.sessions.count(), 1);
    assert_eq!(bench.stored().await.len(), 1);
    assert!(matches!(bench.find(&idle.name, now).await, Found::Idle));
    bench.present(&used.name, now).await;
}

/// Somebody who comes back after lunch, or in the evening, is told why; what their cookie named is gone.
#[tokio::test]
async fn for_twelve_hours_a_name_that_went_idle_is_known_as_that_and_as_nothing_more() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let gone = NOW.after(IDLE + S);
    bench.sessions.sweep(LIMITS, gone).await.unwrap();
    assert!(bench.stored().await.is_empty());
    let hours = |count: u32| gone.after(Duration::from_secs(3600) * count);
    // Nothing is asked of the store, and a longer limit revives nothing.
    bench.store.fail(&["find_session"]);
    let longer = SessionLimits { idle_timeout: LIFETIME, ..LIMITS };
    let token = bench.token(&begun.name);
    let find = async |host, limits, at| {
        bench.sessions.find(Some(&token), host, &bench.keys, limits, at).await.unwrap()
    };
    assert!(matches!(find(HOST, longer, gone).await, Found::Idle));
    bench.store.mend();
    assert!(is_nobody(&find("other.example.org", LIMITS, gone).await), "told to another host");
    bench.sessions.sweep(LIMITS, hours(12).before(S)).await.unwrap();
    assert!(matches!(find(HOST, LIMITS, hours(12).before(S)).await, Found::Idle));
    bench.sessions.sweep(LIMITS, hours(12)).await.unwrap();
    assert!(is_nobody(&find(HOST, LIMITS, hours(12)).await));
}

#[tokio::test]
async fn a_session_that_was_ended_or_had_its_time_is_not_said_to_have_been_idle() {
    let bench = Bench::new().await;
    let (ended, timed) = (bench.begin().await, bench.begin().await);
    bench.sessions.end(ended.present.key(), NOW).await.unwrap();
    bench.sessions.sweep(LIMITS, NOW.after(LIFETIME)).await.unwrap();
    for begun in [ended, timed] {
        assert!(is_nobody(&bench.find(&begun.name, NOW.after(LIFETIME)).await));
    }
}

/// Memory may know of a later use than the store: what is in use stays in the store, where it can be
/// listed and ended.
#[tokio::test]
async fn the_store_never_takes_for_idle_what_is_in_use() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.present(&begun.name, NOW.after(S * 15)).await;
    bench.sessions.flush_seen().await.unwrap();
    let now = NOW.after(IDLE + S);
    bench.sessions.sweep(LIMITS, now).await.unwrap();
    bench.present(&begun.name, now).await;
    assert_eq!(bench.stored().await.len(), 1);

    bench.present(&begun.name, now.after(S * 15)).await;
    bench.store.fail(&["touch_sessions"]);
    assert!(bench.sessions.sweep(LIMITS, now.after(IDLE + S)).await.is_err());
    assert_eq!(bench.stored().await.len(), 1);
}

#[tokio::test]
async fn a_password_that_was_changed_withdraws_its_proof_and_no_other() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let risen = bench.rise(&begun.present, NOW).await;
    let user = &bench.anna.user.id;
    bench.store.set_password(user, Secret::new("new".into()), NOW).await.unwrap();
    bench.sessions.user_changed(user);
    for name in [&risen.name, &begun.name] {
        let present = bench.present(name, NOW).await;
        for proof in &present.evidence().proofs {
            assert_eq!(proof.withdrawn, proof.method == Method::Password);
        }
    }
}

#[tokio::test]
async fn a_disabled_user_is_nobody_and_is_somebody_again_when_enabled() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let user = &bench.anna.user.id;
    for (state, is_there) in [(UserState::Disabled, false), (UserState::Active, true)] {
        bench.store.set_user_state(user, state).await.unwrap();
        bench.sessions.user_changed(user);
        let found = bench.find(&begun.name, NOW).await;
        assert_eq!(matches!(found, Found::Present(_)), is_there, "{state:?}");
    }
    bench.store.delete_user(user).await.unwrap();
    bench.sessions.user_changed(user);
    assert!(is_nobody(&bench.find(&begun.name, NOW).await));
}
