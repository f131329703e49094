//! The counts that triggers keep against what every account says by itself, after any changes in any order.
//! Not here: what a preview makes of them (`settings`).

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Embedded;
use crate::accounts::{
    AccountStore, ChangeStore, ContactKind, NewPasskey, NewUser, OWNER, PasskeyStore, UserId,
    UserState,
};
use crate::points::{CredentialId, Method, MethodSet, Role};
use crate::secret::Secret;
use crate::settings::SettingsStore;
use crate::store::contract::{NOW, new_user};

const DIRECTORIES: [&str; 2] = ["customers", "staff"];

/// One change of the user with this number; what is not there changes nothing.
#[derive(Clone, Debug)]
enum Step {
    Add {
        directory: usize,
        has_email: bool,
    },
    Password(usize),
    App(usize),
    Contact(usize, ContactKind),
    Passkey(usize, Method),
    /// Of the user, the credential with this number.
    Remove(usize, usize),
    State(usize, UserState),
    Owner(usize, bool),
    Delete(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let user = 0..4_usize;
    let kind = prop_oneof![Just(ContactKind::Email), Just(ContactKind::Phone)];
    let key = prop_oneof![Just(Method::Passkey), Just(Method::SecurityKey)];
    let state = prop_oneof![Just(UserState::Active), Just(UserState::Disabled)];
    prop_oneof![
        3 => (0..2_usize, any::<bool>())
            .prop_map(|(directory, has_email)| Step::Add { directory, has_email }),
        2 => user.clone().prop_map(Step::Password),
        2 => user.clone().prop_map(Step::App),
        2 => (user.clone(), kind).prop_map(|(user, kind)| Step::Contact(user, kind)),
        2 => (user.clone(), key).prop_map(|(user, method)| Step::Passkey(user, method)),
        4 => (user.clone(), 0..4_usize).prop_map(|(user, which)| Step::Remove(user, which)),
        2 => (user.clone(), state).prop_map(|(user, state)| Step::State(user, state)),
        2 => (user.clone(), any::<bool>()).prop_map(|(user, owns)| Step::Owner(user, owns)),
        1 => user.prop_map(Step::Delete),
    ]
}

/// The users that were made, and a number for what has to differ.
#[derive(Default)]
struct Made {
    users: Vec<UserId>,
    next: u32,
}

async fn take(store: &Embedded, made: &mut Made, step: Step) {
    made.next += 1;
    let number = made.next;
    let user = |number: usize| made.users.get(number).cloned().unwrap_or(UserId("none".into()));
    match step {
        Step::Add { directory, has_email } => {
            let name = format!("user{number}");
            let email = has_email.then(|| format!("{name}@example.org").parse().unwrap());
            let new = NewUser { email, ..new_user(DIRECTORIES[directory], &name) };
            made.users.push(store.create_user(new, NOW).await.unwrap().user.id);
        }
        Step::Password(one) => {
            let hash = Secret::new("$argon2id$x".to_owned());
            let _ = store.set_password(&user(one), hash, NOW).await;
        }
        Step::App(one) => {
            let secret = Secret::new(b"12345678901234567890".to_vec());
            let _ = store.add_app(&user(one), secret, 0, None, NOW).await;
        }
        Step::Contact(one, kind) => {
            let address = match kind {
                ContactKind::Email => format!("other{number}@example.org"),
                ContactKind::Phone => format!("+31612{:06}", number),
            };
            let _ = store.add_contact(&user(one), kind, &address, 2, NOW).await;
        }
        Step::Passkey(one, method) => {
            let _ = store.add_passkey(passkey(user(one), method, number), NOW).await;
        }
        Step::Remove(one, which) => {
            let Some(account) = store.load_user(&user(one)).await.unwrap() else { return };
            let credentials: Vec<CredentialId> =
                account.enrolled().into_iter().map(|one| one.credential).collect();
            if let Some(credential) = credentials.get(which) {
                store.remove_credential(&user(one), credential).await.unwrap();
            }
        }
        Step::State(one, state) => drop(store.set_user_state(&user(one), state).await),
        Step::Owner(one, owns) => {
            let roles = Vec::from_iter(owns.then(|| Role::from(OWNER))).into_iter().collect();
            let _ = store.set_user_roles(&user(one), &roles).await;
        }
        Step::Delete(one) => drop(store.delete_user(&user(one)).await),
    }
}

fn passkey(user: UserId, method: Method, number: u32) -> NewPasskey {
    NewPasskey {
        user,
        method,
        credential: number.to_be_bytes().to_vec(),
        key: vec![1],
        sign_count: 0,
        is_backup_eligible: false,
        is_backed_up: false,
        transports: Vec::new(),
        aaguid: [0; 16],
        label: None,
        enrolled_at: None,
    }
}

type Counts = BTreeMap<Vec<Method>, (u64, u64)>;

async fn kept(store: &Embedded, directory: &str) -> Counts {
    let groups = store.groups(&directory.into()).await.unwrap();
    groups.iter().map(|one| (one.methods.iter().collect(), (one.users, one.owners))).collect()
}

/// By asking every account.
async fn asked(store: &Embedded, directory: &str) -> Counts {
    let mut counts = Counts::new();
    for user in store.list_users(Some(directory)).await.unwrap() {
        if user.state == UserState::Disabled {
            continue;
        }
        let account = store.load_user(&user.id).await.unwrap().unwrap();
        let methods = account.enrolled().into_iter().map(|one| one.method);
        let methods: MethodSet = methods.filter(|method| method.is_forecast()).collect();
        let count = counts.entry(methods.iter().collect()).or_default();
        count.0 += 1;
        count.1 += u64::from(user.roles.contains(OWNER));
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_counts_are_those_of_all_accounts_after_any_changes(
        steps in proptest::collection::vec(any_step(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Embedded::in_memory().await.unwrap().0;
            let mut made = Made::default();
            for step in steps {
                take(&store, &mut made, step).await;
            }
            for directory in DIRECTORIES {
                assert_eq!(kept(&store, directory).await, asked(&store, directory).await);
            }
        });
    }
}
