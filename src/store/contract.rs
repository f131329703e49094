//! What every store must do, as cases that run against each of them. A case gets a fresh store and
//! panics where the store is wrong. Not here: what only one store can get wrong (its files, its locks).
//!
//! A new store calls [`store_contract!`] once with a function that makes an empty one.

mod changes;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::accounts::{
    Account, ChangeStore, ContactKind, CreateError, Link, LinkPurpose, NewPasskey, NewUser,
    PasskeyStore, PasskeyUse, RosterQuery, RosterStore, Shown, StoreError, UserId, UserName,
    UserState,
};
use crate::methods::{CodeStore, RecoveryStore, SentCode};
use crate::points::{
    Channel, CredentialId, Kinds, Method, MethodSet, Points, Proof, Role, Timestamp,
};
use crate::secret::Secret;
use crate::sessions::{NameHash, NameRecord, SessionKey, SessionRecord, SessionStore};
use crate::settings::{Added, Chosen, Mark, NewRevision, SettingsStore};
use crate::throttle::{CounterKey, CounterStore, Tally};

pub(crate) trait Store:
    RosterStore
    + SessionStore
    + CounterStore
    + CodeStore
    + SettingsStore
    + PasskeyStore
    + ChangeStore
    + RecoveryStore
    + Clone
    + 'static
{
}

impl<S> Store for S where
    S: RosterStore
        + SessionStore
        + CounterStore
        + CodeStore
        + SettingsStore
        + PasskeyStore
        + ChangeStore
        + RecoveryStore
        + Clone
        + 'static
{
}

/// Makes a test of every case. `$fresh` is an async function that gives an empty store and whatever has
/// to live as long as it.
macro_rules! store_contract {
    ($fresh:path) => {
        $crate::store::contract::store_contract! { $fresh:
            one_of_two_who_know_the_same_newest_revision_adds_the_next,
            a_revision_comes_back_with_every_field_and_its_marks,
            a_mark_is_set_once_and_a_late_confirmation_never,
            users_are_counted_by_what_they_have_through_every_change,
            sign_ins_are_counted_by_what_was_shown_and_summed_over_days,
            a_name_is_taken_once_in_a_directory,
            a_user_comes_back_as_they_were_made,
            an_address_finds_one_user_of_its_own_directory,
            an_address_that_two_users_share_finds_neither,
            every_change_of_an_account_raises_its_version,
            nothing_is_changed_for_an_unknown_user,
            a_new_password_is_a_new_credential_and_a_new_hash_is_not,
            a_time_step_is_taken_by_exactly_one_of_a_hundred,
            a_time_step_at_or_below_the_last_is_never_taken,
            a_link_is_taken_by_exactly_one_of_a_hundred,
            a_link_is_good_until_its_end_and_not_at_it,
            links_that_were_ended_are_gone_for_that_user_alone,
            disabling_and_another_mailbox_end_links_and_a_phone_does_not,
            a_sweep_removes_links_that_nobody_can_take_and_no_other,
            a_deleted_user_takes_everything_with_them,
            a_passkey_comes_back_with_every_field_and_finds_its_owner,
            a_credential_belongs_to_one_user_in_all_directories,
            a_counter_of_a_passkey_never_goes_back_and_one_copy_wins,
            a_passkey_without_a_counter_is_used_again_and_again,
            a_passkey_is_renamed_and_removed_by_its_owner_alone,
            a_challenge_is_spent_by_exactly_one_of_a_hundred,
            a_sweep_forgets_challenges_that_have_ended_and_no_other,
            an_offer_that_was_put_off_is_never_put_forward,
            users_are_listed_in_order_of_name,
            the_roster_finds_by_a_beginning_a_title_and_a_whole_address_in_one_directory,
            pages_of_the_roster_leave_nobody_out_and_show_nobody_twice,
            an_address_takes_the_place_of_all_of_its_kind_and_of_no_other,
            a_role_counts_only_while_its_user_is_active,
            a_sign_in_never_moves_back,
            a_session_comes_back_with_every_field,
            a_rise_leaves_the_old_name_with_what_it_saw,
            parallel_rises_lose_no_proof,
            a_session_that_has_ended_takes_no_proof,
            a_name_only_ever_ends_sooner,
            a_name_belongs_to_one_session_for_good,
            an_ended_session_has_no_names,
            ending_the_sessions_of_a_user_says_which_and_spares_others,
            the_time_of_last_use_never_moves_back,
            sessions_are_listed_newest_first,
            a_sweep_removes_sessions_that_are_over_and_no_other,
            a_thousand_parallel_attempts_count_a_thousand,
            a_window_that_has_ended_starts_anew_at_one,
            reading_a_counter_does_not_count,
            a_clock_that_was_set_back_leaves_no_endless_window,
            a_browser_is_known_to_its_user_alone,
            a_sweep_forgets_browsers_by_their_last_use,
            a_sweep_removes_counters_that_have_ended_and_no_other,
            the_newest_two_codes_of_a_session_and_method_are_kept,
            a_code_is_taken_by_exactly_one_of_a_hundred,
            a_code_is_good_until_its_end_and_not_at_it,
            using_one_code_uses_up_the_others_of_its_session_and_method,
            a_sweep_removes_codes_two_hours_after_their_end,
            a_first_password_is_dated_and_every_later_one_is_as_old,
            a_changed_password_ends_the_links_of_its_user_alone,
            a_mark_is_lifted_at_its_end_and_no_earlier,
            of_two_plans_to_remove_the_first_stands,
            contacts_are_added_once_each_and_no_more_than_allowed,
            an_app_is_named_by_its_owner_alone,
            a_recovery_code_is_taken_by_exactly_one_of_a_hundred,
            new_recovery_codes_end_the_old_ones_and_a_used_set_is_still_owned,
        }
    };
    ($fresh:path: $($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _kept) = $fresh().await;
                $crate::store::contract::$case(store).await;
            }
        )*
    };
}
pub(crate) use changes::*;
pub(crate) use store_contract;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const TICK: Duration = Duration::from_millis(1);

pub(crate) fn new_user(directory: &str, name: &str) -> NewUser {
    NewUser {
        directory: directory.into(),
        name: name.parse().unwrap(),
        display_name: None,
        language: None,
        roles: BTreeSet::new(),
        email: None,
        phone: None,
        password_hash: None,
    }
}

async fn user<S: Store>(store: &S, name: &str) -> UserId {
    store.create_user(new_user("staff", name), NOW).await.unwrap().user.id
}

async fn load<S: Store>(store: &S, user: &UserId) -> Account {
    store.load_user(user).await.unwrap().unwrap()
}

fn roles(names: &[&str]) -> BTreeSet<Role> {
    names.iter().map(|name| Role::from(*name)).collect()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// Runs the same call a hundred times at once and says how often it was answered `true`.
async fn winners<S, F, R>(store: &S, call: F) -> usize
where
    S: Store,
    F: Fn(S) -> R,
    R: Future<Output = bool> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        calls.spawn(call(store.clone()));
    }
    calls.join_all().await.into_iter().filter(|won| *won).count()
}

fn assert_unavailable<T: Debug>(result: &Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
}

pub(crate) async fn a_name_is_taken_once_in_a_directory<S: Store>(store: S) {
    let won = winners(&store, |store| async move {
        match store.create_user(new_user("staff", "anna"), NOW).await {
            Ok(_) => true,
            Err(CreateError::NameTaken) => false,
            Err(error) => panic!("{error}"),
        }
    })
    .await;
    assert_eq!(won, 1);
    store.create_user(new_user("customers", "anna"), NOW).await.unwrap();
    assert_eq!(store.list_users(None).await.unwrap().len(), 2);
}

pub(crate) async fn a_user_comes_back_as_they_were_made<S: Store>(store: S) {
    let new = NewUser {
        display_name: Some("Anna \u{c5}ngstr\u{f6}m".into()),
        language: Some("nl".into()),
        roles: roles(&["editor", "scoregate_owner"]),
        email: Some("Anna@Example.org".parse().unwrap()),
        phone: Some("+31612345678".parse().unwrap()),
        password_hash: Some(secret("$argon2id$x")),
        ..new_user("staff", "anna")
    };
    let made = store.create_user(new, NOW).await.unwrap();
    let by_name = store.find_user("staff", &made.user.name).await.unwrap().unwrap();
    let by_email = store.find_user_by_email("staff", &"aNNa@example.ORG".parse().unwrap()).await;
    for found in [&by_name, &by_email.unwrap().unwrap(), &load(&store, &made.user.id).await, &made]
    {
        assert_eq!(found.user, made.user);
        assert_eq!(found.contacts, made.contacts);
        assert_eq!(found.version, made.version);
        assert_eq!(found.password.as_ref().unwrap().hash.reveal(), "$argon2id$x");
    }
    assert_eq!(made.user.display_name.as_deref(), Some("Anna \u{c5}ngstr\u{f6}m"));
    assert_eq!(made.user.roles, roles(&["scoregate_owner", "editor"]));
    assert_eq!((made.user.state, made.user.created_at), (UserState::Active, NOW));
    assert_eq!(made.contact(ContactKind::Email).unwrap().address, "Anna@example.org");
    assert_eq!(made.contact(ContactKind::Phone).unwrap().address, "+31612345678");
    assert!(made.contacts.iter().all(|contact| contact.is_usable && contact.enrolled_at.is_none()));
    assert_eq!(made.password.unwrap().reset_through, None);

    let nobody: UserName = "nobody".parse().unwrap();
    assert!(store.find_user("staff", &nobody).await.unwrap().is_none());
    assert!(store.find_user("customers", &made.user.name).await.unwrap().is_none());
    assert!(store.load_user(&UserId("nobody".into())).await.unwrap().is_none());
}

pub(crate) async fn an_address_finds_one_user_of_its_own_directory<S: Store>(store: S) {
    for directory in ["staff", "customers"] {
        let email = Some("anna@example.org".parse().unwrap());
        let new = NewUser { email, ..new_user(directory, "anna") };
        store.create_user(new, NOW).await.unwrap();
    }
    let find = |directory: &'static str, email: &str| {
        let (store, email) = (store.clone(), email.parse().unwrap());
        async move { store.find_user_by_email(directory, &email).await.unwrap() }
    };
    let found = find("customers", "anna@example.org").await.unwrap();
    assert_eq!(&*found.user.directory, "customers");
    assert!(find("elsewhere", "anna@example.org").await.is_none());
    assert!(find("staff", "ann@example.org").await.is_none());
}

pub(crate) async fn an_address_that_two_users_share_finds_neither<S: Store>(store: S) {
    for name in ["anna", "bob"] {
        let email = Some("desk@example.org".parse().unwrap());
        store.create_user(NewUser { email, ..new_user("staff", name) }, NOW).await.unwrap();
    }
    let email = "desk@example.org".parse().unwrap();
    assert!(store.find_user_by_email("staff", &email).await.unwrap().is_none());
}

pub(crate) async fn every_change_of_an_account_raises_its_version<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let mut version = load(&store, &user).await.version;
    let mut rose = async |what: &str| {
        let now = load(&store, &user).await.version;
        assert!(now > version, "{what}");
        version = now;
    };
    let hash = || secret("hash");
    assert!(store.set_user_state(&user, UserState::Disabled).await.unwrap());
    rose("disabled").await;
    assert!(store.set_user_state(&user, UserState::Active).await.unwrap());
    rose("active").await;
    assert!(store.set_user_roles(&user, &roles(&["editor"])).await.unwrap());
    rose("roles").await;
    let password = store.set_password(&user, hash(), NOW).await.unwrap();
    rose("password").await;
    store.rehash_password(&password, hash()).await.unwrap();
    rose("rehash").await;
    let app = store.add_app(&user, Secret::new(vec![1; 20]), 5, None, NOW).await.unwrap();
    rose("app").await;
    assert!(store.take_app_step(&app, 6).await.unwrap());
    rose("step").await;
    store.record_sign_in(&user, NOW).await.unwrap();
    rose("sign-in").await;

    let account = load(&store, &user).await;
    assert_eq!(account.user.roles, roles(&["editor"]));
    assert_eq!(account.user.state, UserState::Active);
    let app = &account.apps[0];
    assert_eq!((app.secret.reveal(), app.last_step), (&vec![1; 20], 6));
    assert!(store.set_user_roles(&user, &roles(&[])).await.unwrap());
    assert!(load(&store, &user).await.user.roles.is_empty());
}

pub(crate) async fn nothing_is_changed_for_an_unknown_user<S: Store>(store: S) {
    let nobody = UserId("nobody".into());
    assert!(!store.set_user_state(&nobody, UserState::Active).await.unwrap());
    assert!(!store.set_user_roles(&nobody, &roles(&["editor"])).await.unwrap());
    assert!(!store.delete_user(&nobody).await.unwrap());
    store.record_sign_in(&nobody, NOW).await.unwrap();
    assert_unavailable(&store.set_password(&nobody, secret("hash"), NOW).await);
    assert_unavailable(&store.add_app(&nobody, Secret::new(vec![1]), 0, None, NOW).await);
    assert_unavailable(&store.create_session(&session(&nobody, 1), &name(1)).await);
    assert!(store.find_session(&name(1).hash).await.unwrap().is_none());
    assert!(!store.has_user_with_role("editor").await.unwrap());
}

pub(crate) async fn a_new_password_is_a_new_credential_and_a_new_hash_is_not<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let first = store.set_password(&user, secret("one"), NOW).await.unwrap();
    store.rehash_password(&first, secret("one again")).await.unwrap();
    let password = load(&store, &user).await.password.unwrap();
    assert_eq!((&password.id, password.hash.reveal().as_str()), (&first, "one again"));

    let later = NOW.after(MINUTE);
    let second = store.set_password(&user, secret("two"), later).await.unwrap();
    assert_ne!(first, second);
    store.rehash_password(&first, secret("late")).await.unwrap();
    let account = load(&store, &user).await;
    assert!(account.owns(&second) && !account.owns(&first));
    let password = account.password.unwrap();
    assert_eq!((password.hash.reveal().as_str(), password.set_at), ("two", later));
}

pub(crate) async fn a_time_step_is_taken_by_exactly_one_of_a_hundred<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let app = store.add_app(&user, Secret::new(vec![1; 20]), 5, None, NOW).await.unwrap();
    let won = winners(&store, |store| {
        let app = app.clone();
        async move { store.take_app_step(&app, 6).await.unwrap() }
    });
    assert_eq!(won.await, 1);
}

pub(crate) async fn a_time_step_at_or_below_the_last_is_never_taken<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let enrolled = Some(NOW.after(MINUTE));
    let app = store.add_app(&user, Secret::new(vec![1; 20]), 5, enrolled, NOW).await.unwrap();
    let other = store.add_app(&user, Secret::new(vec![2; 20]), 5, None, NOW).await.unwrap();
    let table = [(4, false), (5, false), (6, true), (6, false), (5, false), (9, true), (8, false)];
    for (step, is_taken) in table {
        assert_eq!(store.take_app_step(&app, step).await.unwrap(), is_taken, "{step}");
    }
    assert!(!store.take_app_step(&app, u64::MAX).await.unwrap());
    assert!(!store.take_app_step(&CredentialId("none".into()), 10).await.unwrap());
    assert!(store.take_app_step(&other, 6).await.unwrap());
    let apps = load(&store, &user).await.apps;
    assert_eq!(apps.iter().map(|app| app.last_step).collect::<Vec<_>>(), [9, 6]);
    assert_eq!((apps[0].enrolled_at, apps[1].enrolled_at), (enrolled, None));
}

fn link(user: &UserId, byte: u8) -> Link {
    let purpose = LinkPurpose::SetUp;
    Link { token_hash: [byte; 32], user: user.clone(), purpose, expires_at: NOW.after(HOUR) }
}

pub(crate) async fn a_link_is_taken_by_exactly_one_of_a_hundred<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    store.create_link(link(&user, 1)).await.unwrap();
    for _ in 0..2 {
        let found = store.find_link(&[1; 32], NOW).await.unwrap();
        assert_eq!(found, Some(link(&user, 1)), "looking at a link does not use it");
    }
    let won =
        winners(
            &store,
            |store| async move { store.take_link(&[1; 32], NOW).await.unwrap().is_some() },
        );
    assert_eq!(won.await, 1);
    assert_eq!(store.find_link(&[1; 32], NOW).await.unwrap(), None);
    assert_unavailable(&store.create_link(link(&user, 1)).await);
    assert_eq!(store.take_link(&[1; 32], NOW).await.unwrap(), None);
}

pub(crate) async fn a_link_is_good_until_its_end_and_not_at_it<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    store.create_link(link(&user, 1)).await.unwrap();
    let end = NOW.after(HOUR);
    let other = self::user(&store, "bob").await;
    for (owner, at, has) in
        [(&user, end.before(TICK), true), (&user, end, false), (&other, NOW, false)]
    {
        assert_eq!(store.has_set_up_link(owner, at).await.unwrap(), has, "{owner:?} {at:?}");
    }
    assert_eq!(store.find_link(&[1; 32], end).await.unwrap(), None);
    assert_eq!(store.take_link(&[1; 32], end).await.unwrap(), None);
    assert_eq!(store.take_link(&[2; 32], NOW).await.unwrap(), None);
    assert!(store.find_link(&[1; 32], end.before(TICK)).await.unwrap().is_some());
    assert_eq!(store.take_link(&[1; 32], end.before(TICK)).await.unwrap(), Some(link(&user, 1)));
}

pub(crate) async fn links_that_were_ended_are_gone_for_that_user_alone<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    for (user, byte) in [(&anna, 1), (&anna, 2), (&bob, 3)] {
        store.create_link(link(user, byte)).await.unwrap();
    }
    store.end_links(&anna).await.unwrap();
    for (byte, stands) in [(1, false), (2, false), (3, true)] {
        let taken = store.take_link(&[byte; 32], NOW).await.unwrap();
        assert_eq!(taken.is_some(), stands, "{byte}");
    }
}

/// A link in a mailbox that was replaced, or of an account that was closed, lets nobody in later.
pub(crate) async fn disabling_and_another_mailbox_end_links_and_a_phone_does_not<S: Store>(
    store: S,
) {
    let anna = user(&store, "anna").await;
    let contact = async |kind, address: &str| {
        store.replace_contact(&anna, kind, Some(address.to_owned()), NOW).await.unwrap()
    };
    let stands = async |byte: u8| store.find_link(&[byte; 32], NOW).await.unwrap().is_some();
    assert!(contact(ContactKind::Email, "old@example.org").await);
    store.create_link(link(&anna, 1)).await.unwrap();
    assert!(contact(ContactKind::Phone, "+31612345678").await);
    assert!(contact(ContactKind::Phone, "+31612345679").await);
    assert!(stands(1).await, "another phone");
    assert!(contact(ContactKind::Email, "new@example.org").await);
    assert!(!stands(1).await, "another mailbox");
    store.create_link(link(&anna, 2)).await.unwrap();
    for state in [UserState::Active, UserState::Disabled, UserState::Active] {
        assert!(store.set_user_state(&anna, state).await.unwrap());
    }
    assert!(!stands(2).await, "disabled in between");
}

pub(crate) async fn a_sweep_removes_links_that_nobody_can_take_and_no_other<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    for (byte, expires_at) in [(1, HOUR), (2, HOUR), (3, HOUR + TICK)] {
        let link = Link { expires_at: NOW.after(expires_at), ..link(&user, byte) };
        store.create_link(link).await.unwrap();
    }
    assert_eq!(store.sweep_links(NOW).await.unwrap(), 0);
    assert!(store.take_link(&[1; 32], NOW).await.unwrap().is_some());
    assert_eq!(store.sweep_links(NOW).await.unwrap(), 1);
    assert!(store.take_link(&[1; 32], NOW).await.unwrap().is_none(), "a used link came back");
    let end = NOW.after(HOUR);
    assert_eq!(store.sweep_links(end.before(TICK)).await.unwrap(), 0);
    assert_eq!(store.sweep_links(end).await.unwrap(), 1);
    assert!(store.take_link(&[3; 32], end).await.unwrap().is_some());
}

pub(crate) async fn a_deleted_user_takes_everything_with_them<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    let app = store.add_app(&anna, Secret::new(vec![1; 20]), 5, None, NOW).await.unwrap();
    for (user, byte) in [(&anna, 1), (&bob, 2)] {
        store.set_password(user, secret("hash"), NOW).await.unwrap();
        store.create_link(link(user, byte)).await.unwrap();
        store.create_session(&session(user, byte), &name(byte)).await.unwrap();
        store.put_code(&code(user, byte)).await.unwrap();
        store.know_browser(user, &[byte; 32], NOW).await.unwrap();
    }
    assert!(store.delete_user(&anna).await.unwrap());
    assert!(!store.delete_user(&anna).await.unwrap());
    assert!(store.load_user(&anna).await.unwrap().is_none());
    assert!(!store.take_app_step(&app, 9).await.unwrap());
    for (user, byte, stands) in [(&anna, 1, false), (&bob, 2, true)] {
        let link = store.find_link(&[byte; 32], NOW).await.unwrap();
        let session = store.find_session(&name(byte).hash).await.unwrap();
        let codes = store.codes(&SessionKey([byte; 16]), Method::Email).await.unwrap();
        let is_known = store.knows_browser(user, &[byte; 32]).await.unwrap();
        let left = [link.is_some(), session.is_some(), !codes.is_empty(), is_known];
        assert_eq!(left, [stands; 4], "{byte}");
    }
    let again = store.create_user(new_user("staff", "anna"), NOW).await.unwrap();
    assert_ne!(again.user.id, anna, "an id is never used again");
    assert!(again.password.is_none() && again.apps.is_empty());
}

pub(crate) async fn users_are_listed_in_order_of_name<S: Store>(store: S) {
    for (directory, name) in [("staff", "cleo"), ("staff", "anna"), ("customers", "bob")] {
        let new = NewUser { roles: roles(&[name]), ..new_user(directory, name) };
        store.create_user(new, NOW).await.unwrap();
    }
    let listed = async |directory| {
        let users = store.list_users(directory).await.unwrap();
        assert!(users.iter().all(|user| user.roles == roles(&[user.name.as_str()])));
        users.iter().map(|user| user.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(None).await, ["anna", "bob", "cleo"]);
    assert_eq!(listed(Some("staff")).await, ["anna", "cleo"]);
    assert!(listed(Some("nowhere")).await.is_empty());
}

fn look_for(search: &str, shown: Shown) -> RosterQuery {
    let (directory, search) = ("staff".into(), search.to_owned());
    RosterQuery { directory, search, shown, after: None, most: 50 }
}

async fn shown_names(store: &impl Store, query: &RosterQuery) -> Vec<String> {
    let accounts = store.roster(query).await.unwrap();
    accounts.iter().map(|account| account.user.name.to_string()).collect()
}

pub(crate) async fn the_roster_finds_by_a_beginning_a_title_and_a_whole_address_in_one_directory(
    store: impl Store,
) {
    for (directory, name, title) in [
        ("staff", "w.jansen", Some("Willem Jansen")),
        ("staff", "adewit", Some("anna de Wit")),
        ("staff", "willemijn", None),
        ("customers", "willem", Some("Willem elsewhere")),
    ] {
        let new = NewUser {
            display_name: title.map(str::to_owned),
            email: Some(format!("{name}@example.org").parse().unwrap()),
            phone: (name == "adewit").then(|| "+31612345678".parse().unwrap()),
            ..new_user(directory, name)
        };
        store.create_user(new, NOW).await.unwrap();
    }
    for (search, found) in [
        ("", vec!["adewit", "w.jansen", "willemijn"]),
        ("  WILLEM ", vec!["w.jansen", "willemijn"]),
        ("anna", vec!["adewit"]),
        ("Anna D", vec!["adewit"]),
        ("jansen", vec![]),
        ("Adewit@Example.org", vec!["adewit"]),
        ("adewit@example.or", vec![]),
        ("+31 6 12345678", vec!["adewit"]),
        ("w", vec!["w.jansen", "willemijn"]),
        ("%", vec![]),
        ("' OR 1=1 --", vec![]),
    ] {
        let names = shown_names(&store, &look_for(search, Shown::Everybody)).await;
        assert_eq!(names, found, "{search:?}");
    }
}

pub(crate) async fn pages_of_the_roster_leave_nobody_out_and_show_nobody_twice(store: impl Store) {
    let set = |methods: &[Method]| methods.iter().copied().collect::<MethodSet>();
    for number in 0..12_u8 {
        let name = format!("user{number:02}");
        let new = NewUser {
            display_name: Some(format!("User {number}")),
            email: (number % 2 == 0).then(|| format!("{name}@example.org").parse().unwrap()),
            roles: if number % 3 == 0 { roles(&["finance"]) } else { BTreeSet::new() },
            password_hash: (number % 4 == 0).then(|| Secret::new("$argon2id$x".to_owned())),
            ..new_user("staff", &name)
        };
        let user = store.create_user(new, NOW).await.unwrap().user.id;
        if number == 5 || number == 8 {
            store.set_user_state(&user, UserState::Disabled).await.unwrap();
        }
        if number > 6 {
            store.record_sign_in(&user, NOW).await.unwrap();
        }
    }
    let name = |numbers: &[u8]| numbers.iter().map(|n| format!("user{n:02}")).collect::<Vec<_>>();
    let without_password = vec![set(&[]), set(&[Method::Email]), set(&[Method::Passkey])];
    for (shown, found) in [
        (Shown::Everybody, name(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])),
        (Shown::With(without_password), name(&[1, 2, 3, 6, 7, 9, 10, 11])),
        (Shown::With(Vec::new()), name(&[])),
        (Shown::NeverSignedIn, name(&[0, 1, 2, 3, 4, 6])),
        (Shown::Disabled, name(&[5, 8])),
        (Shown::Role(Role::from("finance")), name(&[0, 3, 6, 9])),
        (Shown::Role(Role::from("fin")), name(&[])),
    ] {
        for search in ["", "user", "User "] {
            let mut query = RosterQuery { most: 2, ..look_for(search, shown.clone()) };
            let mut walked = Vec::new();
            loop {
                let page = shown_names(&store, &query).await;
                let Some(last) = page.last() else { break };
                query.after = Some(last.parse().unwrap());
                walked.extend(page);
            }
            assert_eq!(walked, found, "{shown:?} {search:?}");
        }
    }
    assert_eq!(store.count_disabled(&"staff".into()).await.unwrap(), 2);
}

pub(crate) async fn an_address_takes_the_place_of_all_of_its_kind_and_of_no_other(
    store: impl Store,
) {
    let new = NewUser {
        email: Some("anna@example.org".parse().unwrap()),
        phone: Some("+31612345678".parse().unwrap()),
        ..new_user("staff", "anna")
    };
    let anna = store.create_user(new, NOW).await.unwrap();
    let id = anna.user.id.clone();
    let second = "anna@elsewhere.example";
    assert!(store.add_contact(&id, ContactKind::Email, second, 2, NOW).await.unwrap());
    let old = anna.contact(ContactKind::Email).unwrap().id.clone();
    let replace = async |kind, address: Option<&str>| {
        store.replace_contact(&id, kind, address.map(str::to_owned), NOW).await.unwrap()
    };
    assert!(replace(ContactKind::Email, Some("new@example.org")).await);
    let present = load(&store, &id).await;
    let addresses: Vec<_> = present.contacts.iter().map(|one| &*one.address).collect();
    assert_eq!(addresses, ["+31612345678", "new@example.org"]);
    let new = present.contact(ContactKind::Email).unwrap();
    assert!(new.is_usable && new.enrolled_at.is_none());
    assert!(present.version > anna.version && !present.owns(&old));
    assert!(replace(ContactKind::Phone, None).await);
    assert!(load(&store, &id).await.contact(ContactKind::Phone).is_none());
    let nobody = UserId("nobody".into());
    assert!(!store.replace_contact(&nobody, ContactKind::Phone, None, NOW).await.unwrap());
}

pub(crate) async fn a_role_counts_only_while_its_user_is_active<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let has = async || store.has_user_with_role("owner").await.unwrap();
    assert!(!has().await);
    store.set_user_roles(&user, &roles(&["owner", "editor"])).await.unwrap();
    assert!(has().await);
    store.set_user_state(&user, UserState::Disabled).await.unwrap();
    assert!(!has().await);
    store.set_user_state(&user, UserState::Active).await.unwrap();
    assert!(has().await);
    store.set_user_roles(&user, &roles(&["owner2"])).await.unwrap();
    assert!(!has().await);
}

pub(crate) async fn a_sign_in_never_moves_back<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    assert_eq!(load(&store, &user).await.user.last_sign_in_at, None);
    for at in [NOW, NOW.after(HOUR), NOW.after(MINUTE)] {
        store.record_sign_in(&user, at).await.unwrap();
    }
    assert_eq!(load(&store, &user).await.user.last_sign_in_at, Some(NOW.after(HOUR)));
}

pub(crate) fn proof(method: Method) -> Proof {
    Proof {
        method,
        credential: CredentialId("credential".into()),
        channel: Channel::Password,
        kinds: method.kinds(),
        at: NOW,
        enrolled_at: None,
        cap: None,
        expires: None,
        withdrawn: false,
    }
}

pub(crate) fn session(user: &UserId, byte: u8) -> SessionRecord {
    SessionRecord {
        key: SessionKey([byte; 16]),
        user: user.clone(),
        directory: "staff".into(),
        created_at: NOW,
        last_seen_at: NOW,
        ends_at: NOW.after(HOUR),
        proofs: vec![proof(Method::Password)],
        user_agent: Some("Browser/1".into()),
        address: Some("192.0.2.1".into()),
    }
}

pub(crate) fn name(byte: u8) -> NameRecord {
    let hash = NameHash([byte; 32]);
    NameRecord { hash, host: "portal.example".into(), sees: None, stands_until: None }
}

pub(crate) async fn a_session_comes_back_with_every_field<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let channel = |of: &str| -> std::sync::Arc<str> { of.into() };
    let channels = [
        Channel::Password,
        Channel::Mailbox(channel("m")),
        Channel::Phone(channel("p")),
        Channel::App(channel("a")),
        Channel::Credential(channel("c")),
        Channel::RecoveryCodes,
        Channel::Device(channel("d")),
        Channel::Token(channel("t")),
    ];
    let mut proofs: Vec<Proof> = Method::ALL.into_iter().map(proof).collect();
    for (proof, channel) in proofs.iter_mut().zip(channels) {
        proof.channel = channel;
    }
    proofs[0].kinds = Kinds::NONE;
    proofs[1].enrolled_at = Some(Timestamp::EPOCH);
    proofs[2].cap = Points::new(1000);
    proofs[3].expires = Some(Timestamp::NEVER);
    proofs[4].withdrawn = true;
    let full = SessionRecord { proofs, ..session(&user, 1) };
    let bare = SessionRecord {
        proofs: Vec::new(),
        user_agent: None,
        address: None,
        created_at: Timestamp::EPOCH,
        ends_at: Timestamp::NEVER,
        ..session(&user, 2)
    };
    let replaced = NameRecord { sees: Some(3), stands_until: Some(NOW), ..name(1) };
    for (session, name) in [(full, replaced), (bare, name(2))] {
        store.create_session(&session, &name).await.unwrap();
        assert_eq!(store.find_session(&name.hash).await.unwrap(), Some((session, name)));
    }
    assert_eq!(store.find_session(&name(3).hash).await.unwrap(), None);
}

async fn seen_by<S: Store>(store: &S, byte: u8) -> (usize, NameRecord) {
    let (session, name) = store.find_session(&name(byte).hash).await.unwrap().unwrap();
    (session.proofs.len(), name)
}

pub(crate) async fn a_rise_leaves_the_old_name_with_what_it_saw<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let key = SessionKey([1; 16]);
    store.create_session(&session(&user, 1), &name(1)).await.unwrap();
    store.create_session(&session(&user, 9), &name(9)).await.unwrap();
    let until = NOW.after(MINUTE);
    let rise = async |new: u8, old: Option<(u8, Timestamp)>| {
        let old = old.map(|(byte, until)| (name(byte).hash, until));
        let old = old.as_ref().map(|(hash, until)| (hash, *until));
        assert!(store.add_proof(&key, &proof(Method::Totp), &name(new), old).await.unwrap());
    };
    rise(2, Some((1, until))).await;
    let old = NameRecord { sees: Some(1), stands_until: Some(until), ..name(1) };
    assert_eq!(seen_by(&store, 1).await, (2, old.clone()));
    assert_eq!(seen_by(&store, 2).await, (2, name(2)));
    rise(3, Some((2, until))).await;
    assert_eq!(seen_by(&store, 2).await.1.sees, Some(2));
    // Said again, later, for a name that was replaced before: it sees no more and lives no longer.
    rise(4, Some((1, until.after(HOUR)))).await;
    assert_eq!(seen_by(&store, 1).await, (4, old));
    // A name of another session is not this rise's to retire.
    rise(5, Some((9, until))).await;
    assert_eq!(seen_by(&store, 9).await, (1, name(9)));
    rise(6, None).await;
    assert_eq!(seen_by(&store, 5).await, (6, name(5)));
}

pub(crate) async fn parallel_rises_lose_no_proof<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    store.create_session(&session(&user, 0), &name(0)).await.unwrap();
    let mut rises = JoinSet::new();
    for byte in 1..=50 {
        let store = store.clone();
        rises.spawn(async move {
            let key = SessionKey([0; 16]);
            store.add_proof(&key, &proof(Method::Email), &name(byte), None).await.unwrap()
        });
    }
    assert!(rises.join_all().await.into_iter().all(|added| added));
    assert_eq!(seen_by(&store, 50).await.0, 51);
}

pub(crate) async fn a_session_that_has_ended_takes_no_proof<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let key = SessionKey([1; 16]);
    store.create_session(&session(&user, 1), &name(1)).await.unwrap();
    store.end_session(&key).await.unwrap();
    let old = name(1).hash;
    let added = store.add_proof(&key, &proof(Method::Totp), &name(2), Some((&old, NOW))).await;
    assert!(!added.unwrap());
    for byte in [1, 2] {
        assert_eq!(store.find_session(&name(byte).hash).await.unwrap(), None);
    }
}

pub(crate) async fn a_name_only_ever_ends_sooner<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    store.create_session(&session(&user, 1), &name(1)).await.unwrap();
    let (soon, late) = (NOW.after(MINUTE), NOW.after(HOUR));
    for (said, stands) in [(late, late), (soon, soon), (late, soon)] {
        store.shorten_name(&name(1).hash, said).await.unwrap();
        let name = NameRecord { stands_until: Some(stands), ..name(1) };
        assert_eq!(seen_by(&store, 1).await.1, name);
    }
    store.shorten_name(&name(2).hash, soon).await.unwrap();
    assert_eq!(store.find_session(&name(2).hash).await.unwrap(), None);
}

pub(crate) async fn a_name_belongs_to_one_session_for_good<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    store.create_session(&session(&user, 1), &name(1)).await.unwrap();
    let rise = store.add_proof(&SessionKey([1; 16]), &proof(Method::Totp), &name(1), None).await;
    assert_unavailable(&rise);
    assert_unavailable(&store.create_session(&session(&user, 2), &name(1)).await);
    assert_unavailable(&store.create_session(&session(&user, 1), &name(2)).await);
    let found = store.find_session(&name(1).hash).await.unwrap();
    assert_eq!(found, Some((session(&user, 1), name(1))), "nothing was half done");
    assert_eq!(store.list_sessions(None).await.unwrap().len(), 1);
}

pub(crate) async fn an_ended_session_has_no_names<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let key = SessionKey([1; 16]);
    store.create_session(&session(&user, 1), &name(1)).await.unwrap();
    assert!(store.add_proof(&key, &proof(Method::Totp), &name(2), None).await.unwrap());
    assert!(store.end_session(&key).await.unwrap());
    assert!(!store.end_session(&key).await.unwrap());
    for byte in [1, 2] {
        assert_eq!(store.find_session(&name(byte).hash).await.unwrap(), None);
    }
    // Were a name left over, this would show the new session under it.
    store.create_session(&session(&user, 1), &name(3)).await.unwrap();
    assert_eq!(store.find_session(&name(1).hash).await.unwrap(), None);
}

pub(crate) async fn ending_the_sessions_of_a_user_says_which_and_spares_others<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    for (user, byte) in [(&anna, 1), (&anna, 2), (&bob, 3), (&anna, 4)] {
        store.create_session(&session(user, byte), &name(byte)).await.unwrap();
    }
    let others = [SessionKey([1; 16]), SessionKey([2; 16])];
    store.end_sessions_of(&bob, Some(&others[0])).await.unwrap();
    store.create_session(&session(&bob, 3), &name(3)).await.unwrap();
    let kept = SessionKey([4; 16]);
    let mut ended = store.end_sessions_of(&anna, Some(&kept)).await.unwrap();
    ended.sort();
    assert_eq!(ended, others);
    assert_eq!(store.end_sessions_of(&anna, None).await.unwrap(), [kept]);
    for (user, byte) in [(&anna, 1), (&anna, 2)] {
        store.create_session(&session(user, byte), &name(byte)).await.unwrap();
    }
    let mut ended = store.end_sessions_of(&anna, None).await.unwrap();
    ended.sort();
    assert_eq!(ended, [SessionKey([1; 16]), SessionKey([2; 16])]);
    assert!(store.end_sessions_of(&anna, None).await.unwrap().is_empty());
    for (byte, stands) in [(1, false), (2, false), (3, true)] {
        let found = store.find_session(&name(byte).hash).await.unwrap();
        assert_eq!(found.is_some(), stands, "{byte}");
    }
}

pub(crate) async fn the_time_of_last_use_never_moves_back<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    for byte in [1, 2] {
        store.create_session(&session(&user, byte), &name(byte)).await.unwrap();
    }
    let (one, two, none) = (SessionKey([1; 16]), SessionKey([2; 16]), SessionKey([3; 16]));
    let later = NOW.after(MINUTE);
    store.touch_sessions(&[(one, later), (two, NOW.before(MINUTE)), (none, later)]).await.unwrap();
    store.touch_sessions(&[(one, later.before(TICK))]).await.unwrap();
    store.touch_sessions(&[]).await.unwrap();
    for (byte, at) in [(1, later), (2, NOW)] {
        let (found, _) = store.find_session(&name(byte).hash).await.unwrap().unwrap();
        assert_eq!(found, SessionRecord { last_seen_at: at, ..session(&user, byte) });
    }
}

pub(crate) async fn sessions_are_listed_newest_first<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    for (user, byte, age) in [(&anna, 1, HOUR), (&anna, 2, TICK), (&bob, 3, MINUTE)] {
        let session = SessionRecord { created_at: NOW.before(age), ..session(user, byte) };
        store.create_session(&session, &name(byte)).await.unwrap();
    }
    let listed = async |user| {
        let sessions = store.list_sessions(user).await.unwrap();
        sessions.iter().map(|session| session.key.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(listed(None).await, [2, 3, 1]);
    assert_eq!(listed(Some(&anna)).await, [2, 1]);
    store.end_session(&SessionKey([2; 16])).await.unwrap();
    assert_eq!(listed(Some(&anna)).await, [1]);
    assert!(listed(Some(&UserId("nobody".into()))).await.is_empty());
}

pub(crate) async fn a_sweep_removes_sessions_that_are_over_and_no_other<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let idle_since = NOW.before(MINUTE);
    let table = [
        ("ends at this instant", NOW, NOW, false),
        ("ends at the next", NOW.after(TICK), NOW, true),
        ("idle just too long", NOW.after(HOUR), idle_since.before(TICK), false),
        ("idle as long as it may", NOW.after(HOUR), idle_since, true),
        ("over by both", NOW.before(HOUR), NOW.before(HOUR), false),
    ];
    for (byte, (_, ends_at, last_seen_at, _)) in (1..).zip(table) {
        let session = SessionRecord { ends_at, last_seen_at, ..session(&user, byte) };
        store.create_session(&session, &name(byte)).await.unwrap();
    }
    assert_eq!(store.sweep_sessions(NOW, idle_since).await.unwrap(), 3);
    for (byte, (what, _, _, stands)) in (1..).zip(table) {
        let found = store.find_session(&name(byte).hash).await.unwrap();
        assert_eq!(found.is_some(), stands, "{what}");
    }
    assert_eq!(store.sweep_sessions(NOW, idle_since).await.unwrap(), 0);
}

fn key(of: &str) -> CounterKey {
    CounterKey::new("try", &["staff", of])
}

pub(crate) async fn a_thousand_parallel_attempts_count_a_thousand<S: Store>(store: S) {
    let mut attempts = JoinSet::new();
    for _ in 0..1000 {
        let store = store.clone();
        attempts.spawn(async move { store.count(&key("anna"), HOUR, NOW).await.unwrap().count });
    }
    let counts: BTreeSet<u32> = attempts.join_all().await.into_iter().collect();
    assert!(counts.into_iter().eq(1..=1000), "each attempt has a number of its own");
    let tally = store.tally(&key("anna"), NOW).await.unwrap();
    assert_eq!(tally, Some(Tally { count: 1000, window_ends: NOW.after(HOUR) }));
    assert_eq!(store.tally(&key("bob"), NOW).await.unwrap(), None);
}

pub(crate) async fn a_window_that_has_ended_starts_anew_at_one<S: Store>(store: S) {
    let end = NOW.after(MINUTE);
    let table = [
        (NOW, 1, end),
        (NOW.after(TICK), 2, end),
        (end.before(TICK), 3, end),
        (end, 1, end.after(MINUTE)),
        (end.after(HOUR), 1, end.after(HOUR).after(MINUTE)),
    ];
    for (now, count, window_ends) in table {
        let tally = store.count(&key("anna"), MINUTE, now).await.unwrap();
        assert_eq!(tally, Tally { count, window_ends }, "{now:?}");
    }
    let endless = store.count(&key("bob"), Duration::MAX, NOW).await.unwrap();
    assert_eq!(endless, Tally { count: 1, window_ends: Timestamp::NEVER });
}

pub(crate) async fn reading_a_counter_does_not_count<S: Store>(store: S) {
    let tally = Tally { count: 1, window_ends: NOW.after(MINUTE) };
    assert_eq!(store.tally(&key("anna"), NOW).await.unwrap(), None);
    assert_eq!(store.count(&key("anna"), MINUTE, NOW).await.unwrap(), tally);
    let end = NOW.after(MINUTE);
    for (at, read) in [(NOW, Some(tally)), (end.before(TICK), Some(tally)), (end, None)] {
        assert_eq!(store.tally(&key("anna"), at).await.unwrap(), read);
    }
    store.count(&key("bob"), MINUTE, NOW).await.unwrap();
    store.forget(&key("anna")).await.unwrap();
    assert_eq!(store.tally(&key("anna"), NOW).await.unwrap(), None);
    assert_eq!(store.tally(&key("bob"), NOW).await.unwrap(), Some(tally));
    assert_eq!(store.count(&key("anna"), MINUTE, NOW).await.unwrap().count, 1);
}

pub(crate) async fn a_clock_that_was_set_back_leaves_no_endless_window<S: Store>(store: S) {
    let ahead = NOW.after(HOUR * 24);
    store.count(&key("anna"), MINUTE, ahead).await.unwrap();
    let tally = store.count(&key("anna"), MINUTE, NOW).await.unwrap();
    assert_eq!(tally, Tally { count: 2, window_ends: NOW.after(MINUTE) }, "counted, not endless");
}

pub(crate) async fn a_browser_is_known_to_its_user_alone<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    for at in [NOW, NOW.after(HOUR)] {
        store.know_browser(&anna, &[1; 32], at).await.unwrap();
    }
    for (user, byte, is_known) in [(&anna, 1, true), (&anna, 2, false), (&bob, 1, false)] {
        assert_eq!(store.knows_browser(user, &[byte; 32]).await.unwrap(), is_known);
    }
}

pub(crate) async fn a_sweep_forgets_browsers_by_their_last_use<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    for (byte, used) in [(1, NOW), (2, NOW), (2, NOW.after(HOUR))] {
        store.know_browser(&user, &[byte; 32], used).await.unwrap();
    }
    assert_eq!(store.sweep_browsers(NOW).await.unwrap(), 0);
    assert_eq!(store.sweep_browsers(NOW.after(TICK)).await.unwrap(), 1);
    for (byte, is_known) in [(1, false), (2, true)] {
        assert_eq!(store.knows_browser(&user, &[byte; 32]).await.unwrap(), is_known, "{byte}");
    }
}

pub(crate) async fn a_sweep_removes_counters_that_have_ended_and_no_other<S: Store>(store: S) {
    store.count(&key("over"), MINUTE, NOW).await.unwrap();
    store.count(&key("running"), MINUTE + TICK, NOW).await.unwrap();
    let end = NOW.after(MINUTE);
    assert_eq!(store.sweep_counters(end.before(TICK)).await.unwrap(), 0);
    assert_eq!(store.sweep_counters(end).await.unwrap(), 1);
    assert!(store.tally(&key("running"), end).await.unwrap().is_some());
}

/// A code of the session that has the same byte.
pub(crate) fn code(user: &UserId, byte: u8) -> SentCode {
    SentCode {
        id: [byte; 16],
        session: SessionKey([byte; 16]),
        user: user.clone(),
        method: Method::Email,
        code_mac: [byte; 32],
        sent_at: NOW,
        expires_at: NOW.after(MINUTE),
        used_at: None,
    }
}

pub(crate) async fn the_newest_two_codes_of_a_session_and_method_are_kept<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    let session = SessionKey([1; 16]);
    let of = |byte| SentCode { session, ..code(&user, byte) };
    store.put_code(&SentCode { method: Method::Sms, ..of(8) }).await.unwrap();
    store.put_code(&code(&user, 9)).await.unwrap();
    for byte in [1, 2, 3] {
        store.put_code(&of(byte)).await.unwrap();
    }
    assert_eq!(store.codes(&session, Method::Email).await.unwrap(), [of(3), of(2)]);
    // A clock that went back does not make the newest code the oldest.
    let early = SentCode { sent_at: NOW.before(HOUR), ..of(4) };
    store.put_code(&early).await.unwrap();
    assert_eq!(store.codes(&session, Method::Email).await.unwrap(), [early, of(3)]);
    assert_eq!(store.codes(&session, Method::Sms).await.unwrap().len(), 1);
    assert_eq!(store.codes(&SessionKey([9; 16]), Method::Email).await.unwrap().len(), 1);
    assert!(store.codes(&session, Method::Totp).await.unwrap().is_empty());
}

pub(crate) async fn a_code_is_taken_by_exactly_one_of_a_hundred<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    store.put_code(&code(&user, 1)).await.unwrap();
    let won = winners(&store, |store| async move { store.take_code(&[1; 16], NOW).await.unwrap() });
    assert_eq!(won.await, 1);
    let codes = store.codes(&SessionKey([1; 16]), Method::Email).await.unwrap();
    assert_eq!(codes, [SentCode { used_at: Some(NOW), ..code(&user, 1) }]);
}

pub(crate) async fn a_code_is_good_until_its_end_and_not_at_it<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    store.put_code(&code(&user, 1)).await.unwrap();
    let end = NOW.after(MINUTE);
    for (id, at, is_taken) in
        [(1, end, false), (2, NOW, false), (1, end.before(TICK), true), (1, NOW, false)]
    {
        assert_eq!(store.take_code(&[id; 16], at).await.unwrap(), is_taken, "{id} {at:?}");
    }
}

pub(crate) async fn using_one_code_uses_up_the_others_of_its_session_and_method<S: Store>(
    store: S,
) {
    let user = user(&store, "anna").await;
    let session = SessionKey([1; 16]);
    store.put_code(&code(&user, 1)).await.unwrap();
    store.put_code(&SentCode { session, ..code(&user, 2) }).await.unwrap();
    store.put_code(&SentCode { session, method: Method::Sms, ..code(&user, 3) }).await.unwrap();
    store.put_code(&code(&user, 4)).await.unwrap();
    for (id, is_taken) in [(1, true), (2, false), (3, true), (4, true)] {
        assert_eq!(store.take_code(&[id; 16], NOW).await.unwrap(), is_taken, "{id}");
    }
}

pub(crate) async fn a_sweep_removes_codes_two_hours_after_their_end<S: Store>(store: S) {
    let user = user(&store, "anna").await;
    store.put_code(&code(&user, 1)).await.unwrap();
    let kept_until = NOW.after(MINUTE).after(HOUR * 2);
    assert_eq!(store.sweep_codes(kept_until).await.unwrap(), 0);
    assert_eq!(store.codes(&SessionKey([1; 16]), Method::Email).await.unwrap().len(), 1);
    assert_eq!(store.sweep_codes(kept_until.after(TICK)).await.unwrap(), 1);
    assert!(store.codes(&SessionKey([1; 16]), Method::Email).await.unwrap().is_empty());
}

pub(crate) fn new_passkey(user: &UserId, credential: &[u8], sign_count: u32) -> NewPasskey {
    NewPasskey {
        user: user.clone(),
        method: Method::Passkey,
        credential: credential.to_vec(),
        key: b"a public key".to_vec(),
        sign_count,
        is_backup_eligible: true,
        is_backed_up: false,
        transports: vec!["internal".to_owned(), "hybrid".to_owned()],
        aaguid: [7; 16],
        label: None,
        enrolled_at: Some(NOW),
    }
}

async fn add_passkey<S: Store>(store: &S, new: NewPasskey) -> CredentialId {
    store.add_passkey(new, NOW).await.unwrap().unwrap()
}

const fn used(sign_count: u32) -> PasskeyUse {
    PasskeyUse { sign_count, is_backed_up: true, at: NOW }
}

pub(crate) async fn a_passkey_comes_back_with_every_field_and_finds_its_owner<S: Store>(store: S) {
    let anna = user(&store, "anna").await;
    user(&store, "bob").await;
    let before = load(&store, &anna).await.version;
    let new = new_passkey(&anna, b"credential 1", 4);
    let id = add_passkey(&store, new.clone()).await;
    let key = NewPasskey { method: Method::SecurityKey, ..new_passkey(&anna, b"credential 2", 0) };
    let key = add_passkey(&store, key).await;
    let account = store.find_passkey(b"credential 1").await.unwrap().unwrap();
    assert_eq!(account.user.id, anna);
    assert!(account.version > before);
    let [first, second] = &account.passkeys[..] else { panic!("{:?}", account.passkeys) };
    assert_eq!((&first.id, first.method), (&id, Method::Passkey));
    assert_eq!((&second.id, second.method), (&key, Method::SecurityKey));
    assert_eq!((&first.credential, &first.key), (&new.credential, &new.key));
    assert_eq!((first.sign_count, first.aaguid), (4, [7; 16]));
    assert_eq!((first.is_backup_eligible, first.is_backed_up), (true, false));
    assert_eq!((&first.transports, &first.label), (&new.transports, &None));
    assert_eq!((first.added_at, first.last_used_at, first.enrolled_at), (NOW, None, Some(NOW)));
    let methods: Vec<Method> = account.enrolled().iter().map(|one| one.method).collect();
    assert_eq!(methods, [Method::Passkey, Method::SecurityKey]);
    assert!(account.owns(&id));
    for unknown in [&b"credential"[..], b"", b"credential 10"] {
        assert!(store.find_passkey(unknown).await.unwrap().is_none(), "{unknown:?}");
    }
}

pub(crate) async fn a_credential_belongs_to_one_user_in_all_directories<S: Store>(store: S) {
    let anna = user(&store, "anna").await;
    let other = store.create_user(new_user("guests", "anna"), NOW).await.unwrap().user.id;
    add_passkey(&store, new_passkey(&anna, b"c", 0)).await;
    for taken in [&anna, &other] {
        let again = store.add_passkey(new_passkey(taken, b"c", 0), NOW).await.unwrap();
        assert_eq!(again, None);
    }
    let nobody = UserId("nobody".into());
    assert_eq!(store.add_passkey(new_passkey(&nobody, b"d", 0), NOW).await.unwrap(), None);
    assert_eq!(load(&store, &anna).await.passkeys.len(), 1);
    assert!(load(&store, &other).await.passkeys.is_empty());
    store.delete_user(&anna).await.unwrap();
    assert!(store.find_passkey(b"c").await.unwrap().is_none());
    add_passkey(&store, new_passkey(&other, b"c", 0)).await;
}

pub(crate) async fn a_counter_of_a_passkey_never_goes_back_and_one_copy_wins<S: Store>(store: S) {
    let anna = user(&store, "anna").await;
    let id = add_passkey(&store, new_passkey(&anna, b"c", 5)).await;
    for (count, taken) in
        [(0, false), (4, false), (5, false), (6, true), (6, false), (u32::MAX, true)]
    {
        assert_eq!(store.use_passkey(&id, used(count)).await.unwrap(), taken, "{count}");
    }
    let account = load(&store, &anna).await;
    assert_eq!(account.passkeys[0].sign_count, u32::MAX);
    assert_eq!(
        (account.passkeys[0].is_backed_up, account.passkeys[0].last_used_at),
        (true, Some(NOW))
    );
    let copied = add_passkey(&store, new_passkey(&anna, b"d", 5)).await;
    let won = winners(&store, |store| {
        let copied = copied.clone();
        async move { store.use_passkey(&copied, used(6)).await.unwrap() }
    });
    assert_eq!(won.await, 1);
    assert!(!store.use_passkey(&CredentialId("nothing".into()), used(1)).await.unwrap());
}

pub(crate) async fn a_passkey_without_a_counter_is_used_again_and_again<S: Store>(store: S) {
    let anna = user(&store, "anna").await;
    let id = add_passkey(&store, new_passkey(&anna, b"c", 0)).await;
    for _ in 0..3 {
        let before = load(&store, &anna).await.version;
        assert!(store.use_passkey(&id, used(0)).await.unwrap());
        assert!(load(&store, &anna).await.version > before);
    }
}

pub(crate) async fn a_passkey_is_renamed_and_removed_by_its_owner_alone<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    let id = add_passkey(&store, new_passkey(&anna, b"c", 0)).await;
    assert!(!store.rename_passkey(&bob, &id, "mine").await.unwrap());
    assert!(!store.remove_credential(&bob, &id).await.unwrap());
    assert!(store.rename_passkey(&anna, &id, "Laptop").await.unwrap());
    let account = load(&store, &anna).await;
    assert_eq!(account.passkeys[0].label.as_deref(), Some("Laptop"));
    assert_eq!(account.passkeys[0].credential, b"c");
    assert!(store.remove_credential(&anna, &id).await.unwrap());
    assert!(!store.remove_credential(&anna, &id).await.unwrap());
    let account = load(&store, &anna).await;
    assert!(account.passkeys.is_empty() && !account.owns(&id));
    assert!(store.find_passkey(b"c").await.unwrap().is_none());
}

pub(crate) async fn a_challenge_is_spent_by_exactly_one_of_a_hundred<S: Store>(store: S) {
    let won = winners(&store, |store| async move {
        store.spend_challenge(&[1; 32], NOW.after(MINUTE)).await.unwrap()
    });
    assert_eq!(won.await, 1);
    assert!(store.spend_challenge(&[2; 32], NOW.after(MINUTE)).await.unwrap());
}

pub(crate) async fn a_sweep_forgets_challenges_that_have_ended_and_no_other<S: Store>(store: S) {
    assert!(store.spend_challenge(&[1; 32], NOW).await.unwrap());
    assert!(store.spend_challenge(&[2; 32], NOW.after(TICK)).await.unwrap());
    assert_eq!(store.sweep_challenges(NOW.after(TICK)).await.unwrap(), 1);
    assert!(!store.spend_challenge(&[2; 32], NOW).await.unwrap());
}

pub(crate) async fn an_offer_that_was_put_off_is_never_put_forward<S: Store>(store: S) {
    let anna = user(&store, "anna").await;
    assert_eq!(store.passkey_offer(&anna).await.unwrap(), None);
    for (not_before, kept) in [
        (NOW.after(HOUR), NOW.after(HOUR)),
        (NOW, NOW.after(HOUR)),
        (Timestamp::NEVER, Timestamp::NEVER),
        (NOW.after(HOUR), Timestamp::NEVER),
    ] {
        store.put_off_passkey_offer(&anna, not_before).await.unwrap();
        assert_eq!(store.passkey_offer(&anna).await.unwrap(), Some(kept));
    }
    store.put_off_passkey_offer(&UserId("nobody".into()), NOW).await.unwrap();
}

fn new_revision(directory: &str) -> NewRevision {
    NewRevision {
        directory: directory.into(),
        author: "anna".to_owned(),
        at: NOW,
        reason: "because".to_owned(),
        chosen: Chosen { required_level: Some(40), ..Chosen::default() },
        report_only: false,
        starts_at: None,
        started_at: Some(NOW),
        confirm_by: None,
    }
}

pub(crate) async fn one_of_two_who_know_the_same_newest_revision_adds_the_next(store: impl Store) {
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        tasks.spawn(async move { store.add_revision(new_revision("staff"), 0).await.unwrap() });
    }
    let added = tasks.join_all().await;
    let first = added.iter().filter(|added| **added == Added::Revision(1)).count();
    let overtaken = added.iter().filter(|added| **added == Added::Overtaken).count();
    assert_eq!((first, overtaken), (1, 19));
    assert_eq!(store.add_revision(new_revision("staff"), 1).await.unwrap(), Added::Revision(2));
    let other = store.add_revision(new_revision("customers"), 0).await.unwrap();
    assert_eq!(other, Added::Revision(1), "each directory counts for itself");
    assert_eq!(store.revisions().await.unwrap().read.len(), 3);
}

pub(crate) async fn a_revision_comes_back_with_every_field_and_its_marks(store: impl Store) {
    let chosen = Chosen {
        required_level: Some(40),
        first: Some(vec!["password".to_owned()]),
        points: [("sms".to_owned(), 0)].into(),
        remembered_device_days: Some(7),
    };
    let new = NewRevision {
        chosen,
        report_only: true,
        starts_at: Some(NOW.after(MINUTE)),
        started_at: None,
        confirm_by: Some(NOW.after(MINUTE * 2)),
        ..new_revision("staff")
    };
    let Added::Revision(1) = store.add_revision(new.clone(), 0).await.unwrap() else { panic!() };
    let found = store.revisions().await.unwrap().read.remove(0);
    assert_eq!((&found.chosen, found.report_only, &*found.author), (&new.chosen, true, "anna"));
    assert_eq!((found.at, &*found.reason, found.number), (NOW, "because", 1));
    assert_eq!((found.starts_at, found.started_at), (new.starts_at, None));
    assert_eq!(
        (found.confirm_by, found.confirmed_at, found.ended_at),
        (new.confirm_by, None, None)
    );
    let other = store.add_revision(new_revision("customers"), 0).await.unwrap();
    assert_eq!(other, Added::Revision(1));
    let (staff, later) = ("staff".into(), NOW.after(MINUTE));
    assert_eq!(store.go_back(&staff, None, later).await.unwrap(), 0);
    let to = new_revision("staff");
    assert_eq!(store.go_back(&staff, Some(to.clone()), later.after(MINUTE)).await.unwrap(), 2);
    let all = store.revisions().await.unwrap().read;
    let ends = all.iter().map(|one| (&*one.directory, one.number, one.ended_at));
    assert_eq!(
        ends.collect::<Vec<_>>(),
        [("customers", 1, None), ("staff", 1, Some(later)), ("staff", 2, None)]
    );
    assert_eq!(all[2], to.numbered(2));
}

pub(crate) async fn a_mark_is_set_once_and_a_late_confirmation_never(store: impl Store) {
    let staff = "staff".into();
    let to_confirm = NewRevision { confirm_by: Some(NOW.after(MINUTE)), ..new_revision("staff") };
    for (number, at) in [(1, NOW.after(MINUTE)), (2, NOW)] {
        let added = store.add_revision(to_confirm.clone(), number - 1).await.unwrap();
        assert_eq!(added, Added::Revision(number));
        let in_time = at < NOW.after(MINUTE);
        let marked = store.mark_revision(&staff, number, Mark::Confirmed, at).await.unwrap();
        assert_eq!(marked, in_time, "{number}");
    }
    assert!(!store.mark_revision(&staff, 2, Mark::Confirmed, NOW).await.unwrap(), "once");
    assert!(!store.mark_revision(&staff, 2, Mark::Started, NOW).await.unwrap(), "it is started");
    assert!(store.mark_revision(&staff, 2, Mark::Ended, NOW).await.unwrap());
    assert!(!store.mark_revision(&staff, 2, Mark::Ended, NOW).await.unwrap());
    assert!(!store.mark_revision(&staff, 9, Mark::Ended, NOW).await.unwrap(), "there is none");
}

pub(crate) async fn users_are_counted_by_what_they_have_through_every_change(store: impl Store) {
    use Method::{Email, Password, Totp};
    let staff = "staff".into();
    let counted = async |store: &_| {
        let groups = SettingsStore::groups(store, &"staff".into()).await.unwrap();
        let row = |group: &crate::settings::Group| {
            (group.methods.iter().collect::<Vec<_>>(), group.users, group.owners)
        };
        groups.iter().map(row).collect::<Vec<_>>()
    };
    let new = |name: &str| NewUser {
        email: Some(format!("{name}@example.org").parse().unwrap()),
        roles: BTreeSet::new(),
        ..new_user("staff", name)
    };
    // The later name first, so that no order of rows passes for the order of names.
    let bob = store.create_user(new("bob"), NOW).await.unwrap().user.id;
    let anna = store.create_user(new("anna"), NOW).await.unwrap().user.id;
    store.create_user(new_user("customers", "carol"), NOW).await.unwrap();
    for user in [&anna, &bob] {
        store.set_password(user, Secret::new("$argon2id$x".to_owned()), NOW).await.unwrap();
    }
    assert_eq!(counted(&store).await, [(vec![Password, Email], 2, 0)]);
    let secret = Secret::new(b"12345678901234567890".to_vec());
    store.add_app(&anna, secret, 0, None, NOW).await.unwrap();
    store.set_user_roles(&anna, &[Role::from("scoregate_owner")].into()).await.unwrap();
    let both = [(vec![Password, Email], 1, 0), (vec![Password, Totp, Email], 1, 1)];
    assert_eq!(counted(&store).await, both);
    let owners = SettingsStore::owners(&store, &staff).await.unwrap();
    let enrolled = store.load_user(&anna).await.unwrap().unwrap().enrolled();
    assert_eq!(owners, [enrolled], "with channel and time of enrolment");
    assert_eq!(SettingsStore::owners(&store, &"customers".into()).await.unwrap(), [[]; 0]);
    let set = |methods: &[Method]| methods.iter().copied().collect::<MethodSet>();
    let with = store.users_with(&staff, &[set(&[Password, Email])], 50).await.unwrap();
    assert_eq!(with.iter().map(UserName::as_str).collect::<Vec<_>>(), ["bob"]);
    assert_eq!(store.users_with(&staff, &[set(&[Password])], 50).await.unwrap(), []);
    let all = [set(&[Password, Totp, Email]), set(&[Password, Email])];
    for (sets, first) in [(all, "anna"), ([all[1], all[0]], "anna")] {
        let one = store.users_with(&staff, &sets, 1).await.unwrap();
        assert_eq!(one[0].as_str(), first, "the first by name, of whatever set");
    }
    store.set_user_state(&bob, UserState::Disabled).await.unwrap();
    assert_eq!(counted(&store).await, [(vec![Password, Totp, Email], 1, 1)]);
    store.set_user_state(&bob, UserState::Active).await.unwrap();
    assert_eq!(counted(&store).await, both);
    for (state, owners) in [(UserState::Disabled, 0), (UserState::Active, 1)] {
        store.set_user_state(&anna, state).await.unwrap();
        assert_eq!(SettingsStore::owners(&store, &staff).await.unwrap().len(), owners);
    }
    store.delete_user(&anna).await.unwrap();
    assert_eq!(counted(&store).await, [(vec![Password, Email], 1, 0)]);
}

pub(crate) async fn sign_ins_are_counted_by_what_was_shown_and_summed_over_days(store: impl Store) {
    let staff = "staff".into();
    let day = Duration::from_secs(86_400);
    let set = |methods: &[Method]| methods.iter().copied().collect::<MethodSet>();
    let (one, two) = (set(&[Method::Password]), set(&[Method::Password, Method::Email]));
    for at in [NOW, NOW, NOW.after(day)] {
        store.note_sign_in(&staff, two, at).await.unwrap();
    }
    store.note_sign_in(&staff, one, NOW).await.unwrap();
    let summed = async |since| {
        let found = store.sign_ins(&"staff".into(), since).await.unwrap();
        found.iter().map(|one| (one.methods, one.count)).collect::<Vec<_>>()
    };
    assert_eq!(summed(NOW).await, [(one, 1), (two, 3)]);
    assert_eq!(summed(NOW.after(day)).await, [(two, 1)]);
    assert_eq!(summed(NOW.after(day * 2)).await, []);
}
