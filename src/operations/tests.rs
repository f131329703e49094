//! Tests of operations: what changes, in which order, and what is refused.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::fakes::{House, house};
use super::*;
use crate::accounts::{PasskeyCredential, PasswordCredential, UserState};
use crate::points::{CredentialId, Method};

fn user(name: &str) -> UserRef {
    UserRef { name: name.to_owned(), directory: None }
}

fn addition(name: &str) -> UserAdd {
    UserAdd {
        name: name.to_owned(),
        directory: Some("staff".to_owned()),
        roles: Vec::new(),
        email: None,
        phone: None,
        display_name: None,
        language: None,
        password: None,
        host: None,
    }
}

async fn add(house: &House, add: UserAdd) -> Result<Outcome, Refused> {
    house.perform(Operation::UserAdd(Box::new(add))).await
}

#[tokio::test]
async fn a_new_user_gets_a_link_whose_token_is_kept_as_a_hash_only() {
    let house = house();
    let outcome = add(&house, addition("Anna")).await.unwrap();
    let Outcome::UserAdded { user, link: Some(link) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(user.name, "anna");
    let token = link.url.strip_prefix("https://portal.example.org/.scoregate/link/").unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).unwrap();
    assert_eq!(bytes.len(), 32);

    let links = house.store.links.lock().unwrap();
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    assert_eq!(links[0].token_hash, hash);
    assert_eq!(links[0].expires_at, house.clock.now().after(Duration::from_secs(86_400)));
    assert!(house.audit.lines().iter().all(|line| !line.contains(token)));
    assert_eq!(house.events(), ["user.created", "link.created"]);
}

#[tokio::test]
async fn a_user_with_a_password_gets_no_link_and_a_weak_password_makes_no_user() {
    let house = house();
    let with = |password: &str| UserAdd {
        password: Some(Secret::new(password.to_owned())),
        ..addition("anna")
    };
    let weak = add(&house, with("short")).await;
    assert!(matches!(weak, Err(Refused::Password { .. })), "{weak:?}");
    assert!(house.store.users.lock().unwrap().is_empty());

    let outcome = add(&house, with("long enough")).await.unwrap();
    assert!(matches!(outcome, Outcome::UserAdded { link: None, .. }));
    assert!(house.store.links.lock().unwrap().is_empty());
    assert!(house.audit.lines().iter().all(|line| !line.contains("long enough")));
}

#[tokio::test]
async fn what_cannot_be_right_is_refused_before_anything_is_made() {
    let plain = || addition("anna");
    let table = [
        ("no such directory", UserAdd { directory: Some("x".into()), ..plain() }, Kind::No),
        ("which directory", UserAdd { directory: None, ..plain() }, Kind::Usage),
        ("name", UserAdd { name: "a b".into(), ..plain() }, Kind::Usage),
        ("role", UserAdd { roles: vec!["A".into()], ..plain() }, Kind::Usage),
        ("own role", UserAdd { roles: vec!["scoregate_god".into()], ..plain() }, Kind::Usage),
        ("e-mail", UserAdd { email: Some("a@b@c".into()), ..plain() }, Kind::Usage),
        ("phone", UserAdd { phone: Some("06".into()), ..plain() }, Kind::Usage),
        ("language", UserAdd { language: Some("not a tag".into()), ..plain() }, Kind::Usage),
        ("display name", UserAdd { display_name: Some("a\nb".into()), ..plain() }, Kind::Usage),
        ("host", UserAdd { host: Some("evil.example".into()), ..plain() }, Kind::Configuration),
    ];
    for (name, add_this, kind) in table {
        let house = house();
        let refused = add(&house, add_this).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{name}: {refused}");
        assert!(house.store.users.lock().unwrap().is_empty(), "{name}");
        assert!(house.events().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_name_is_taken_once_a_directory() {
    let house = house();
    house.add("anna", "staff").await;
    house.add("anna", "customers").await;
    assert!(matches!(add(&house, addition("ANNA")).await, Err(Refused::NameTaken { .. })));
    let show = |user| Operation::UserShow { user };
    assert!(matches!(house.perform(show(user("anna"))).await, Err(Refused::Ambiguous { .. })));
    assert!(matches!(house.perform(show(user("bob"))).await, Err(Refused::NoSuchUser { .. })));
    let of_staff = UserRef { name: "Anna".into(), directory: Some("staff".into()) };
    let Outcome::User(details) = house.perform(show(of_staff)).await.unwrap() else { panic!() };
    assert_eq!(details.methods, ["password", "email"]);
}

#[tokio::test]
async fn disabling_ends_sessions_and_is_written_down() {
    let house = house();
    let anna = house.add("anna", "staff").await;
    house.sign_in(&anna).await;
    house.store.calls.lock().unwrap().clear();

    house.perform(Operation::UserDisable { user: user("anna") }).await.unwrap();
    let calls = house.store.calls.lock().unwrap().clone();
    let of_note: Vec<_> = calls.into_iter().filter(|call| *call != "find_user").collect();
    assert_eq!(of_note, ["set_user_state", "end_sessions_of"]);
    assert!(house.store.sessions.lock().unwrap().is_empty());
    assert_eq!(house.store.users.lock().unwrap()[&anna].user.state, UserState::Disabled);
    assert_eq!(house.events(), ["user.created", "user.disabled"]);
}

#[tokio::test]
async fn a_withdrawal_that_the_store_does_not_take_keeps_the_user_out_and_says_so() {
    let withdrawals: [fn() -> Operation; 4] = [
        || Operation::UserDisable { user: user("anna") },
        || Operation::UserDelete { user: user("anna") },
        || Operation::UserRoles {
            user: user("anna"),
            grant: Vec::new(),
            revoke: vec!["finance".into()],
        },
        || Operation::SessionEnd { which: SessionChoice::Of(user("anna")) },
    ];
    for withdrawal in withdrawals {
        let house = house();
        let anna = house.add("anna", "staff").await;
        house.perform(granting("finance")).await.unwrap();
        house.sign_in(&anna).await;
        house.store.fails.store(true, Ordering::SeqCst);
        let before = house.events().len();
        let refused = house.perform(withdrawal()).await.unwrap_err();
        assert!(matches!(refused, Refused::StoreAndHeld { .. }), "{refused}");
        assert_eq!(refused.kind(), Kind::Unreachable);
        assert!(is_out(&house, &anna).await, "after {:?}", withdrawal());
        assert_eq!(house.events().len(), before, "what was not done is not written down");

        // The same command again, with the store back, is done.
        house.store.fails.store(false, Ordering::SeqCst);
        house.perform(withdrawal()).await.unwrap();
        if house
            .store
            .users
            .lock()
            .unwrap()
            .get(&anna)
            .is_some_and(|one| one.user.state == UserState::Active)
        {
            assert!(!is_out(&house, &anna).await, "after {:?}", withdrawal());
        }
    }
}

fn granting(role: &str) -> Operation {
    Operation::UserRoles { user: user("anna"), grant: vec![role.into()], revoke: Vec::new() }
}

#[tokio::test]
async fn a_grant_that_the_store_does_not_take_keeps_nobody_out() {
    let house = house();
    let anna = house.add("anna", "staff").await;
    house.store.fails.store(true, Ordering::SeqCst);
    let refused = house.perform(granting("finance")).await.unwrap_err();
    assert_eq!(refused, Refused::Store);
    house.store.fails.store(false, Ordering::SeqCst);
    assert!(!is_out(&house, &anna).await);
}

/// Whether a fresh session of the user is nobody's, although the store has the user as active.
async fn is_out(house: &House, user: &crate::accounts::UserId) -> bool {
    let Ok(token) = house.try_to_sign_in(user).await else { return true };
    let now = house.clock.now();
    let found =
        house.sessions.find(Some(&token), "portal.example.org", &house.keys, fakes::LIMITS, now);
    !matches!(found.await.unwrap(), crate::sessions::Found::Present(_))
}

#[tokio::test]
async fn sessions_are_listed_by_an_id_that_ends_them() {
    let house = house();
    let anna = house.add("anna", "staff").await;
    house.sign_in(&anna).await;
    house.sign_in(&anna).await;
    let list = || Operation::SessionList { user: Some(user("anna")) };
    let Outcome::Sessions { sessions } = house.perform(list()).await.unwrap() else { panic!() };
    assert_eq!(sessions.len(), 2);
    assert_ne!(sessions[0].id, sessions[1].id);
    assert_eq!((&*sessions[0].user, &*sessions[0].methods), ("anna", &["password".to_owned()][..]));

    let end = |id: &str| Operation::SessionEnd { which: SessionChoice::Id(id.to_owned()) };
    let ended = house.perform(end(&sessions[1].id)).await;
    assert_eq!(ended, Ok(Outcome::SessionsEnded { count: 1 }));
    let Outcome::Sessions { sessions: left } = house.perform(list()).await.unwrap() else {
        panic!()
    };
    assert_eq!(left, sessions[..1]);
    let again = house.perform(end(&sessions[1].id)).await;
    assert!(matches!(again, Err(Refused::NoSuchSession { .. })));
}

#[tokio::test]
async fn recovery_finds_an_owner_or_makes_one_and_is_always_written_down() {
    let recover = |name: Option<&str>| Operation::RecoverAdmin { user: name.map(user), host: None };
    let owner_of = |outcome: Outcome| match outcome {
        Outcome::Link { user, link } if link.url.contains("/.scoregate/link/") => user,
        other => panic!("{other:?}"),
    };

    let house = house();
    let made = owner_of(house.perform(recover(None)).await.unwrap());
    assert_eq!((&*made.name, &*made.roles), ("admin", &[OWNER.to_owned()][..]));
    let again = owner_of(house.perform(recover(None)).await.unwrap());
    assert_eq!(again.id, made.id);
    assert_eq!(house.store.links.lock().unwrap().len(), 1, "the earlier link has ended");
    assert_eq!(house.events().iter().filter(|event| *event == "recover.used").count(), 2);

    house.add("anna", "staff").await;
    house.perform(Operation::UserDisable { user: user("anna") }).await.unwrap();
    let anna = owner_of(house.perform(recover(Some("anna"))).await.unwrap());
    assert!(!anna.disabled && anna.roles.contains(&OWNER.to_owned()), "{anna:?}");
}

fn a_passkey() -> PasskeyCredential {
    PasskeyCredential {
        id: CredentialId("k".into()),
        method: Method::Passkey,
        credential: vec![1],
        key: vec![1],
        sign_count: 0,
        is_backup_eligible: false,
        is_backed_up: false,
        transports: Vec::new(),
        aaguid: [0; 16],
        label: None,
        added_at: Timestamp::EPOCH,
        last_used_at: None,
        enrolled_at: None,
    }
}

#[tokio::test]
async fn a_first_start_writes_a_link_that_stays_until_an_owner_is_set_up() {
    use std::os::unix::fs::PermissionsExt;
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let first = house.operator.write_first_link(folder.path()).await.unwrap().unwrap();
    assert_eq!(first, folder.path().join("first-admin-link"));
    let mode = std::fs::metadata(&first).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let link = std::fs::read_to_string(&first).unwrap();
    assert!(link.starts_with("https://portal.example.org/.scoregate/link/"), "{link}");

    assert!(house.operator.write_first_link(folder.path()).await.unwrap().is_some());
    assert_eq!(std::fs::read_to_string(&first).unwrap(), link, "a restart does not end it");
    house.store.links.lock().unwrap()[0].expires_at = Timestamp::EPOCH;
    house.operator.write_first_link(folder.path()).await.unwrap().unwrap();
    assert_ne!(std::fs::read_to_string(&first).unwrap(), link, "once it is over there is another");
    assert_eq!(house.store.links.lock().unwrap().len(), 1);
    let owner = house.store.users.lock().unwrap().values().next().unwrap().user.clone();
    assert_eq!((house.store.users.lock().unwrap().len(), &*owner.directory), (1, "staff"));

    // With a link that a command has printed, the file's is over, and a start makes no third.
    let recover = Operation::RecoverAdmin { user: None, host: None };
    house.perform(recover).await.unwrap();
    let printed = house.store.links.lock().unwrap().clone();
    assert_eq!(house.operator.write_first_link(folder.path()).await.unwrap(), None);
    assert_eq!((first.exists(), &*house.store.links.lock().unwrap()), (false, &printed));
    house.store.links.lock().unwrap().clear();

    let set_up = |name: &str, password: bool, passkey: bool| {
        let mut users = house.store.users.lock().unwrap();
        let account = users.values_mut().find(|one| one.user.name.as_str() == name).unwrap();
        account.password = password.then(|| PasswordCredential {
            id: CredentialId("p".into()),
            hash: Secret::new(String::new()),
            reset_through: None,
            set_at: Timestamp::EPOCH,
            enrolled_at: None,
        });
        account.passkeys = Vec::from_iter(passkey.then(a_passkey));
    };
    set_up("admin", true, false);
    assert_eq!(house.operator.write_first_link(folder.path()).await.unwrap(), Some(first.clone()));
    set_up("admin", false, true);
    assert_eq!(house.operator.write_first_link(folder.path()).await.unwrap(), None);
    assert!(!first.exists(), "a passkey is enough");
    set_up("admin", false, false);

    house.add("anna", "staff").await;
    let owns = Operation::UserRoles {
        user: user("anna"),
        grant: vec![OWNER.to_owned()],
        revoke: Vec::new(),
    };
    house.perform(owns).await.unwrap();
    set_up("anna", false, true);
    assert_eq!(house.operator.write_first_link(folder.path()).await.unwrap(), None, "another is");
    house.perform(Operation::UserDisable { user: user("anna") }).await.unwrap();
    house.perform(Operation::UserDisable { user: user("admin") }).await.unwrap();
    assert_eq!(house.operator.write_first_link(folder.path()).await.unwrap(), None);
    let states =
        house.store.users.lock().unwrap().values().map(|one| one.user.state).collect::<Vec<_>>();
    assert!(states.iter().all(|state| *state == UserState::Disabled), "no start enables anybody");
}

#[tokio::test]
async fn roles_change_with_both_states_in_the_audit() {
    let house = house();
    house.add("anna", "staff").await;
    let change = |grant: &[&str], revoke: &[&str]| Operation::UserRoles {
        user: user("anna"),
        grant: grant.iter().map(ToString::to_string).collect(),
        revoke: revoke.iter().map(ToString::to_string).collect(),
    };
    house.perform(change(&["finance", "scoregate_owner"], &[])).await.unwrap();
    let same = house.perform(change(&["finance"], &[])).await.unwrap();
    assert!(matches!(same, Outcome::UserChanged { changed: false, .. }));
    house.perform(change(&[], &["finance"])).await.unwrap();
    assert!(house.perform(change(&["scoregate_x"], &[])).await.is_err());
    assert_eq!(house.events(), ["user.created", "role.granted", "role.revoked"]);
    let last: serde_json::Value =
        serde_json::from_str(house.audit.lines().last().unwrap()).unwrap();
    assert_eq!(last["before"]["roles"], serde_json::json!(["finance", "scoregate_owner"]));
    assert_eq!(last["after"]["roles"], serde_json::json!(["scoregate_owner"]));
}

#[tokio::test]
async fn without_a_gateway_there_is_nothing_to_reload() {
    let house = house();
    assert_eq!(house.perform(Operation::Reload).await, Err(Refused::NotRunning));
    assert_eq!(house.perform(Operation::Status).await, Err(Refused::NotRunning));
}

async fn explained(house: &House, path: &str, user: Option<&str>, done: &[&str]) -> String {
    let question = Explain {
        url: format!("https://portal.example.org{path}"),
        user: user.map(ToOwned::to_owned),
        done: done.iter().map(ToString::to_string).collect(),
        method: "get".to_owned(),
        address: None,
    };
    match house.perform(Operation::Explain(question)).await {
        Ok(Outcome::Explained(explanation)) => explanation.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Path, user, what is done; verdict, score, level, missing, ways.
type Row = (&'static str, Option<&'static str>, &'static [&'static str], [&'static str; 5]);

#[tokio::test]
async fn an_explanation_begins_with_its_verdict_and_says_what_is_missing() {
    let house = house();
    house.add("anna", "staff").await;
    house.add("carl", "customers").await;
    let table: [Row; 9] = [
        ("/open", None, &[], ["public", "-", "0", "-", "-"]),
        ("/", None, &[], ["step-up", "0", "30", "30", "none"]),
        ("/", Some("anna"), &[], ["step-up", "0", "30", "30", "password + email"]),
        ("/", Some("anna"), &["password"], ["step-up", "20", "30", "10", "email"]),
        (
            "/",
            Some("anna"),
            &["password", "email@2m"],
            ["allow", "30", "30", "0", "nothing is missing"],
        ),
        ("/", Some("anna"), &["password", "email@13h"], ["step-up", "20", "30", "10", "email"]),
        ("/payments/", Some("anna"), &["password", "email"], ["step-up", "30", "40", "10", "none"]),
        (
            "/payments/",
            Some("anna"),
            &["passkey", "totp"],
            ["allow", "40", "40", "0", "nothing is missing"],
        ),
        ("/", Some("carl"), &["password"], ["forbid", "0", "30", "30", "-"]),
    ];
    for (path, user, done, expected) in table {
        let text = explained(&house, path, user, done).await;
        let [verdict, score, level, missing, ways] = expected;
        let start = format!(
            "verdict: {verdict}\nscore: {score}\nrequired_level: {level}\nmissing: {missing}\nways: {ways}\n"
        );
        assert!(text.starts_with(&start), "{path} {user:?} {done:?}:\n{text}\ninstead of\n{start}");
    }
}

#[tokio::test]
async fn an_explanation_reads_well() {
    let house = house();
    house.add("anna", "staff").await;
    insta::assert_snapshot!(explained(&house, "/payments/", Some("anna"), &["password@3m", "email@13h"]).await, @r"
    verdict: step-up
    score: 20
    required_level: 40
    missing: 20
    ways: none
    reason: the score is below the level; the user has no way to get there
    route: portal
    rule: payments
    directory: staff
    user: anna
    done:
      password 3m ago, 20 points
      email 13h ago, 0 points: its lifetime is over
    set in:
      route.portal.level scoregate.toml:12
    ");
}
