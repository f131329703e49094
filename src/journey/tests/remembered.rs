//! Remembered devices: first, what somebody gains who has the cookie, or the cookie and the password, or
//! anything else that is not the owner's.

use super::*;
use crate::accounts::{ChangeStore, RememberedStore, UserState};

const NEW: &str = "zeven groene kikkers";
const DAY: Duration = minutes(24 * 60);

impl Trip {
    /// Signs in with the password alone; where that leads.
    async fn password_alone(&mut self, to_where: &str) -> Place {
        self.name = None;
        self.sign_in(to(to_where), "anna", PASSWORD).await.place
    }

    /// Signs in and has the device remembered.
    async fn remembering(&mut self) -> Name {
        self.name = None;
        self.remember = true;
        let turn = self.sign_in(to("/reports"), "anna", PASSWORD).await;
        assert!(turn.remembered.is_none(), "nothing is remembered before the second step");
        let code = self.code().await;
        let turn = self.answer(&turn.transaction, Method::Email, &code).await;
        self.remember = false;
        assert_eq!(turn.place, Place::Return);
        turn.remembered.unwrap().value
    }

    async fn devices(&self) -> usize {
        self.account().await.remembered.len()
    }
}

#[tokio::test]
async fn a_remembered_device_stands_for_the_second_step_of_its_user_for_thirty_days() {
    let mut trip = Trip::new().await;
    let _ = trip.remembering().await;
    let start = trip.now;
    for (after, place) in [
        (DAY, Place::Return),
        (DAY * 30 - Duration::from_millis(1), Place::Return),
        (DAY * 30, Place::Code(Method::Email)),
    ] {
        trip.now = start.after(after);
        assert_eq!(trip.password_alone("/reports").await, place, "{after:?}");
        assert_eq!(trip.is_admitted("/reports").await, place == Place::Return, "{after:?}");
    }
    trip.house.store.inner.sweep_remembered(trip.now).await.unwrap();
    assert_eq!(trip.devices().await, 0);
}

/// The points that it adds run out with the device, in a session that began a moment before.
#[tokio::test]
async fn a_session_that_leans_on_the_device_does_not_outlive_it() {
    let mut trip = Trip::new().await;
    let _ = trip.remembering().await;
    let start = trip.now;
    trip.now = start.after(DAY * 30 - minutes(1));
    assert_eq!(trip.password_alone("/reports").await, Place::Return);
    trip.now = start.after(DAY * 30);
    assert!(!trip.is_admitted("/reports").await);
}

/// Whoever has a copy of the cookie, and nothing else.
#[tokio::test]
async fn the_cookie_alone_opens_nothing_and_is_worth_nothing_to_anybody_else() {
    let mut trip = Trip::new().await;
    let value = trip.remembering().await;
    trip.name = None;
    assert!(!trip.is_admitted("/basic/").await);
    assert_eq!(trip.sign_in(to("/basic/"), "anna", "wrong").await.place, Place::SignIn);
    let bob = trip.house.user_with("staff", "bob", cheap().hash(NEW).unwrap()).await;
    let turn = trip.sign_in(to("/reports"), "bob", NEW).await;
    assert_eq!(turn.place, Place::Code(Method::Email), "bob has shown one thing");
    assert!(turn.remembered.is_none());
    assert!(bob.remembered.is_empty());
    // It was not used up by that either.
    trip.remembered = Some(value);
    assert_eq!(trip.password_alone("/reports").await, Place::Return);
}

/// Above the level of the directory, and where something is to be fresh.
#[tokio::test]
async fn a_remembered_device_reaches_no_further_than_the_directorys_level_and_is_never_fresh() {
    let mut trip = Trip::new().await;
    let _ = trip.remembering().await;
    trip.now = trip.now.after(DAY);
    for (target, is_in) in [("/reports", true), ("/fresh/", false), ("/payments/", false)] {
        let _ = trip.password_alone(target).await;
        assert_eq!(trip.is_admitted(target).await, is_in, "{target}");
    }
    // Nor does it help to change anything of the account.
    let _ = trip.password_alone("/reports").await;
    let told = trip.permission(Change::Add(Method::Totp)).await;
    assert!(matches!(told, Permission::Confirm(_)), "{told:?}");
}

#[tokio::test]
async fn it_is_offered_where_it_will_count_and_beside_a_typed_code_alone() {
    let trip = Trip::new().await;
    let arrival = trip.arrival().await;
    for (target, method, is_offered) in [
        ("/reports", Method::Email, true),
        ("/reports", Method::Totp, true),
        ("/reports", Method::RecoveryCode, false),
        ("/reports", Method::Passkey, false),
        ("/reports", Method::Password, false),
        ("/payments/", Method::Email, false),
        ("/fresh/", Method::Email, false),
    ] {
        let wanted = trip.journey.wanted(&arrival, &to(target));
        let lasts = trip.journey.remembers(&arrival, &wanted.requirement, method);
        assert_eq!(lasts, is_offered.then_some(DAY * 30), "{target} {method}");
    }
}

/// Somebody who was asked for nothing, or who reached the level only by what people fall back on.
#[tokio::test]
async fn nothing_is_remembered_unasked_or_by_way_of_a_recovery_code_or_another_device() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    assert_eq!(trip.devices().await, 0, "nobody asked");
    let code = [7; 16];
    let hash = RecoveryCode::hash(&trip.anna.user.id, &code);
    let user = trip.anna.user.id.clone();
    trip.house.store.put_recovery_codes(&user, &[hash, [9; 32]], NOW).await.unwrap();
    trip.now = NOW.after(DAY);
    trip.name = None;
    trip.remember = true;
    let turn = trip.sign_in(to("/reports"), "anna", PASSWORD).await;
    let written = RecoveryCode::written(&code);
    let turn = trip.answer(&turn.transaction, Method::RecoveryCode, &written).await;
    assert!(turn.remembered.is_none());
    assert_eq!(trip.devices().await, 0);
}

/// Whoever reads the mailbox resets the password and signs in with a code to the same place.
#[tokio::test]
async fn a_mailbox_that_stands_for_both_is_not_remembered() {
    let mut trip = Trip::new().await;
    trip.reset_by_mail(NEW).await;
    trip.remember = true;
    let turn = trip.sign_in(to("/reports"), "anna", NEW).await;
    let code = trip.codes().await.pop();
    if let Some(code) = code {
        let _ = trip.answer(&turn.transaction, Method::Email, &code).await;
    }
    assert_eq!(trip.devices().await, 0);
}

/// Two copies of one cookie: whoever shows a value that was followed by another has nothing.
#[tokio::test]
async fn a_value_is_over_once_the_next_was_shown_and_not_before() {
    let mut trip = Trip::new().await;
    let first = trip.remembering().await;
    assert_eq!(trip.password_alone("/reports").await, Place::Return);
    let second = trip.remembered.unwrap();
    assert!(first != second, "each use gives another");
    // The answer was lost, or a second tab was faster: the first is still good.
    trip.remembered = Some(first);
    assert_eq!(trip.password_alone("/reports").await, Place::Return);
    let third = trip.remembered.unwrap();
    // What nobody was left with is over, and what was shown before the last one too.
    for (value, place) in [
        (second, Place::Code(Method::Email)),
        (third, Place::Return),
        (first, Place::Code(Method::Email)),
    ] {
        trip.remembered = Some(value);
        assert_eq!(trip.password_alone("/reports").await, place);
    }
}

#[tokio::test]
async fn another_password_a_reset_and_disabling_end_every_remembered_device() {
    for what in ["changed", "reset", "set up", "disabled"] {
        let mut trip = Trip::new().await;
        let value = trip.remembering().await;
        let user = trip.anna.user.id.clone();
        let store = trip.house.store.inner.clone();
        let hash = cheap().hash(PASSWORD).unwrap();
        match what {
            "changed" => drop(store.replace_password(&user, hash, None, NOW).await.unwrap()),
            "reset" => {
                let mark = crate::accounts::Mark {
                    channel: crate::points::Channel::Mailbox("m".into()),
                    ends_at: None,
                };
                drop(store.replace_password(&user, hash, Some(&mark), NOW).await.unwrap());
            }
            "set up" => drop(store.set_password(&user, hash, NOW).await.unwrap()),
            _ => {
                for state in [UserState::Disabled, UserState::Active] {
                    assert!(store.set_user_state(&user, state).await.unwrap());
                }
            }
        }
        trip.house.sessions.user_changed(&user);
        assert_eq!(trip.devices().await, 0, "{what}");
        trip.remembered = Some(value);
        assert_ne!(trip.password_alone("/reports").await, Place::Return, "{what}");
    }
}

#[tokio::test]
async fn a_device_that_is_forgotten_counts_no_more_in_sessions_that_lean_on_it() {
    let mut trip = Trip::new().await;
    let _ = trip.remembering().await;
    assert_eq!(trip.password_alone("/reports").await, Place::Return);
    let permit = trip.permit(Change::Look).await;
    let arrival = trip.arrival().await;
    let visit = trip.visit(&arrival);
    let devices = trip.journey.remembered_devices(&visit, &permit);
    let [device] = devices.as_slice() else { panic!("{devices:?}") };
    assert_eq!(device.user_agent.as_deref(), Some("a browser"));
    assert!(trip.is_admitted("/reports").await);
    assert!(trip.journey.forget_device(&visit, &permit, &device.id).await.unwrap());
    assert!(!trip.journey.forget_device(&visit, &permit, &device.id).await.unwrap());
    assert!(!trip.is_admitted("/reports").await, "at the next request");
    assert_eq!(trip.password_alone("/reports").await, Place::Code(Method::Email));
    let told: Vec<String> = trip.told().await.into_iter().map(|(_, what)| what).collect();
    assert_eq!(told, ["Added(RememberedDevice)"]);
}

#[tokio::test]
async fn nobody_forgets_the_device_of_somebody_else_and_the_eleventh_ends_the_first() {
    let trip = Trip::new().await;
    let store = trip.house.store.inner.clone();
    let new = |n: u8| crate::accounts::NewRemembered {
        user: trip.anna.user.id.clone(),
        hash: [n; 32],
        user_agent: None,
        ends_at: NOW.after(DAY),
    };
    let first = store.remember_device(new(0), NOW).await.unwrap();
    let bob = trip.house.user_with("staff", "bob", cheap().hash(NEW).unwrap()).await;
    assert!(!store.forget_device(&bob.user.id, &first).await.unwrap());
    for n in 1..=10 {
        let _ = store.remember_device(new(n), NOW).await.unwrap();
    }
    let account = trip.account().await;
    assert_eq!(account.remembered.len(), crate::accounts::MOST_REMEMBERED);
    assert!(!account.owns(&first));
    let used = store.use_remembered(&trip.anna.user.id, &[0; 32], &[99; 32], NOW).await.unwrap();
    assert!(used.is_none());
}

#[tokio::test]
async fn a_store_that_does_not_answer_keeps_nobody_from_signing_in_and_remembers_nothing() {
    let mut trip = Trip::new().await;
    trip.house.store.fail(&["remember_device"]);
    trip.remember = true;
    let turn = trip.sign_in(to("/reports"), "anna", PASSWORD).await;
    let code = trip.code().await;
    let turn = trip.answer(&turn.transaction, Method::Email, &code).await;
    assert_eq!((turn.place, turn.remembered.is_none()), (Place::Return, true));
    trip.house.store.mend();
    trip.now = trip.now.after(minutes(1));
    let _ = trip.remembering().await;
    trip.house.store.fail(&["use_remembered"]);
    assert_eq!(trip.password_alone("/reports").await, Place::Code(Method::Email));
    trip.house.store.mend();
}

#[tokio::test]
async fn a_directory_that_gives_no_points_for_it_offers_and_takes_none() {
    let mut trip = Trip::new().await;
    let _ = trip.remembering().await;
    let mut snapshot = crate::gate::Snapshot::clone(&trip.house.snapshot);
    let settings = &mut Arc::make_mut(&mut snapshot.directories).get_mut("staff").unwrap().settings;
    let lifetime = settings.policy(Method::RememberedDevice).lifetime;
    let policy = crate::points::MethodPolicy { points: Points::ZERO, lifetime };
    settings.set(Method::RememberedDevice, policy);
    trip.house.snapshot = Arc::new(snapshot);
    assert_eq!(trip.password_alone("/reports").await, Place::Code(Method::Email));
    let arrival = trip.arrival().await;
    let wanted = trip.journey.wanted(&arrival, &to("/reports"));
    assert_eq!(trip.journey.remembers(&arrival, &wanted.requirement, Method::Email), None);
}
