//! What every store must do with what people change themselves, and with recovery codes. Cases of the
//! contract like the others.

use super::*;
use crate::accounts::{Mark as ResetMark, PlannedRemoval};
use crate::methods::Taken;

const DAY: Duration = Duration::from_secs(86_400);

fn reset(ends_at: Option<Timestamp>) -> ResetMark {
    ResetMark { channel: Channel::Mailbox("m".into()), ends_at }
}

pub(crate) async fn a_first_password_is_dated_and_every_later_one_is_as_old<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    store.set_password(&bob, secret("set up"), NOW).await.unwrap();
    for (user, expected) in [(&anna, Some(NOW)), (&bob, None)] {
        for (later, mark) in [(0, None), (1, Some(reset(None))), (2, None)] {
            let now = NOW.after(MINUTE * later);
            let new =
                store.replace_password(user, secret("new"), mark.as_ref(), now).await.unwrap();
            let password = load(&store, user).await.password.unwrap();
            assert_eq!((&password.id, password.set_at), (&new, now));
            assert_eq!(password.enrolled_at, expected, "{later}");
            assert_eq!(password.reset_through, mark.map(|mark| mark.channel));
        }
    }
    let set = store.set_password(&anna, secret("by a link"), NOW).await.unwrap();
    let account = load(&store, &anna).await;
    assert!(account.owns(&set));
    assert_eq!(account.password.unwrap().enrolled_at, None, "a set-up link skips probation");
}

pub(crate) async fn a_changed_password_ends_the_links_of_its_user_alone<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    for (user, byte) in [(&anna, 1), (&bob, 2)] {
        store.create_link(link(user, byte)).await.unwrap();
    }
    let before = load(&store, &anna).await.version;
    store.replace_password(&anna, secret("new"), None, NOW).await.unwrap();
    assert!(load(&store, &anna).await.version > before);
    for (byte, stands) in [(1, false), (2, true)] {
        assert_eq!(store.find_link(&[byte; 32], NOW).await.unwrap().is_some(), stands, "{byte}");
    }
}

pub(crate) async fn a_mark_is_lifted_at_its_end_and_no_earlier<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    let end = NOW.after(DAY);
    store.replace_password(&anna, secret("new"), Some(&reset(Some(end))), NOW).await.unwrap();
    store.replace_password(&bob, secret("new"), Some(&reset(None)), NOW).await.unwrap();
    let before = load(&store, &anna).await;
    for (now, lifted) in [(end.before(TICK), vec![]), (end, vec![anna.clone()]), (end, vec![])] {
        assert_eq!(store.lift_marks(now).await.unwrap(), lifted);
    }
    let after = load(&store, &anna).await;
    assert!(after.version > before.version);
    let (before, after) = (before.password.unwrap(), after.password.unwrap());
    assert_eq!((after.reset_through, &after.id), (None, &before.id));
    assert_eq!(after.hash.reveal(), before.hash.reveal());
    assert!(load(&store, &bob).await.password.unwrap().reset_through.is_some());
}

pub(crate) async fn of_two_plans_to_remove_the_first_stands<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    let app = store.add_app(&anna, Secret::new(vec![1; 20]), 1, None, NOW).await.unwrap();
    let due_at = NOW.after(DAY);
    let plan = PlannedRemoval { user: anna.clone(), credential: app.clone(), due_at };
    assert_eq!(store.plan_removal(&plan).await.unwrap(), None);
    let later = PlannedRemoval { due_at: due_at.after(MINUTE), ..plan.clone() };
    assert_eq!(store.plan_removal(&later).await.unwrap(), Some(due_at));
    assert_eq!(store.planned_removals(&anna).await.unwrap(), std::slice::from_ref(&plan));
    assert!(store.planned_removals(&bob).await.unwrap().is_empty());
    assert!(store.due_removals(due_at.before(TICK)).await.unwrap().is_empty());
    assert_eq!(store.due_removals(due_at).await.unwrap(), std::slice::from_ref(&plan));
    assert!(!store.cancel_removal(&bob, &app).await.unwrap());
    assert!(store.cancel_removal(&anna, &app).await.unwrap());
    assert!(!store.cancel_removal(&anna, &app).await.unwrap());
    assert!(store.due_removals(due_at).await.unwrap().is_empty());
    // What goes takes its plan along.
    assert_eq!(store.plan_removal(&plan).await.unwrap(), None);
    assert!(store.remove_credential(&anna, &app).await.unwrap());
    assert!(store.planned_removals(&anna).await.unwrap().is_empty());
    assert!(!load(&store, &anna).await.owns(&app));
}

pub(crate) async fn contacts_are_added_once_each_and_no_more_than_allowed<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    let table = [
        (ContactKind::Email, "a@example.org", true),
        (ContactKind::Email, "A@EXAMPLE.ORG", false),
        (ContactKind::Email, "b@example.org", true),
        (ContactKind::Email, "c@example.org", false),
        (ContactKind::Phone, "+31612345678", true),
    ];
    for (kind, address, is_added) in table {
        let before = load(&store, &anna).await.version;
        let added = store.add_contact(&anna, kind, address, 2, NOW).await.unwrap();
        assert_eq!(added, is_added, "{address}");
        assert_eq!(load(&store, &anna).await.version > before, is_added, "{address}");
    }
    let contacts = load(&store, &anna).await.contacts;
    assert!(contacts.iter().all(|one| one.is_usable && one.enrolled_at == Some(NOW)));
    assert_eq!(contacts.len(), 3);
    assert!(load(&store, &bob).await.contacts.is_empty());
    assert!(store.add_contact(&bob, ContactKind::Email, "a@example.org", 2, NOW).await.unwrap());
}

pub(crate) async fn an_app_is_named_by_its_owner_alone<S: Store>(store: S) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    let app = store.add_app(&anna, Secret::new(vec![1; 20]), 1, None, NOW).await.unwrap();
    assert!(!store.name_app(&bob, &app, Some("mine".to_owned())).await.unwrap());
    assert!(store.name_app(&anna, &app, Some("phone".to_owned())).await.unwrap());
    assert_eq!(load(&store, &anna).await.apps[0].name.as_deref(), Some("phone"));
}

pub(crate) async fn a_recovery_code_is_taken_by_exactly_one_of_a_hundred<S: Store>(store: S) {
    let anna = user(&store, "anna").await;
    store.put_recovery_codes(&anna, &[[1; 32], [2; 32]], NOW).await.unwrap();
    let won = winners(&store, |store| {
        let anna = anna.clone();
        async move { store.take_recovery_code(&anna, &[1; 32], NOW).await.unwrap() == Taken::Now }
    });
    assert_eq!(won.await, 1);
    let again = store.take_recovery_code(&anna, &[1; 32], NOW).await.unwrap();
    assert_eq!(again, Taken::Before);
    assert_eq!(load(&store, &anna).await.recovery.unwrap().left, 1);
}

pub(crate) async fn new_recovery_codes_end_the_old_ones_and_a_used_set_is_still_owned<S: Store>(
    store: S,
) {
    let (anna, bob) = (user(&store, "anna").await, user(&store, "bob").await);
    let taken = |user: &UserId, byte| {
        let (store, user) = (store.clone(), user.clone());
        async move { store.take_recovery_code(&user, &[byte; 32], NOW).await.unwrap() }
    };
    let version = async || load(&store, &anna).await.version;
    assert!(load(&store, &anna).await.recovery.is_none());
    let first = version().await;
    let old = store.put_recovery_codes(&anna, &[[1; 32]], NOW).await.unwrap();
    let second = version().await;
    let new = store.put_recovery_codes(&anna, &[[2; 32]], NOW).await.unwrap();
    let third = version().await;
    assert_eq!(taken(&anna, 1).await, Taken::Never);
    assert_eq!(taken(&bob, 2).await, Taken::Never, "of another user");
    assert_eq!(version().await, third, "nothing was taken");
    assert_eq!(taken(&anna, 2).await, Taken::Now);
    let fourth = version().await;
    assert!(first < second && second < third && third < fourth, "each of them raises it");
    let after = load(&store, &anna).await;
    assert!(after.owns(&new) && !after.owns(&old));
    assert!(after.enrolled().is_empty(), "no code is left");
}
