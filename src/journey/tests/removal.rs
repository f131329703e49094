//! Taking away a method that resists phishing without showing it: it stays for a day, and whoever owns it
//! hears of it.

use super::*;
use crate::accounts::{ChangeStore, PlannedRemoval};

const DAY: Duration = minutes(24 * 60);
const MOMENT: Duration = Duration::from_millis(1);

impl Trip {
    async fn remove_what_is_due(&self, now: Timestamp) {
        self.journey.remove_what_is_due(&self.house.snapshot, now).await.unwrap();
        self.house.sessions.user_changed(&self.anna.user.id);
    }

    async fn has_passkey(&self) -> bool {
        !self.account().await.passkeys.is_empty()
    }

    async fn planned(&self) -> Vec<PlannedRemoval> {
        self.journey.planned_removals(&self.account().await).await.unwrap()
    }

    fn recorded(&self, name: &str) -> usize {
        self.audit.lines().iter().filter(|line| line.contains(name)).count()
    }
}

/// A browser that is signed in with the password and a code, of somebody who has a passkey too.
async fn trip() -> Trip {
    let mut trip = Trip::new().await;
    trip.add_passkey(&trip.anna, 5).await;
    trip.signed_in().await;
    trip
}

#[tokio::test]
async fn a_passkey_that_was_not_shown_goes_a_day_later_and_not_a_moment_before() {
    let trip = trip().await;
    let due_at = trip.now.after(DAY);
    assert_eq!(trip.remove(Method::Passkey).await, Removal::Planned { due_at });
    assert_eq!(trip.planned().await.len(), 1);
    trip.remove_what_is_due(due_at.before(MOMENT)).await;
    assert!(trip.has_passkey().await);
    trip.remove_what_is_due(due_at).await;
    assert!(!trip.has_passkey().await);
    assert!(trip.planned().await.is_empty());
    let told: Vec<String> = trip.told().await.into_iter().map(|(_, what)| what).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("RemovalPlanned") && told[1] == "Removed(Passkey)", "{told:?}");
}

#[tokio::test]
async fn a_removal_that_is_asked_for_again_keeps_its_time_and_says_so() {
    let mut trip = trip().await;
    let due_at = trip.now.after(DAY);
    assert_eq!(trip.remove(Method::Passkey).await, Removal::Planned { due_at });
    trip.now = trip.now.after(minutes(5));
    assert_eq!(trip.remove(Method::Passkey).await, Removal::Planned { due_at }, "the real time");
    assert_eq!(trip.told().await.len(), 1, "nothing new");
    assert_eq!(trip.recorded("method.removal_planned"), 1);
    trip.remove_what_is_due(due_at).await;
    assert!(!trip.has_passkey().await);
}

#[tokio::test]
async fn a_passkey_that_is_kept_stays() {
    let trip = trip().await;
    let Removal::Planned { due_at } = trip.remove(Method::Passkey).await else { panic!("gone") };
    let permit = trip.permit(Change::Look).await;
    let arrival = trip.arrival().await;
    let passkey = trip.id_of(Method::Passkey).await;
    let visit = trip.visit(&arrival);
    for is_there in [true, false] {
        assert_eq!(trip.journey.keep(&visit, &permit, &passkey).await.unwrap(), is_there);
    }
    assert_eq!(trip.recorded("method.removal_cancelled"), 1);
    trip.remove_what_is_due(due_at.after(DAY)).await;
    assert!(trip.has_passkey().await);
    assert_eq!(trip.told().await.len(), 2);
}

#[tokio::test]
async fn a_planned_removal_is_dropped_where_it_would_take_the_last_way() {
    let trip = trip().await;
    let Removal::Planned { due_at } = trip.remove(Method::Passkey).await else { panic!("gone") };
    let mail = trip.id_of(Method::Email).await;
    assert!(trip.house.store.remove_credential(&trip.anna.user.id, &mail).await.unwrap());
    trip.remove_what_is_due(due_at).await;
    assert!(trip.has_passkey().await);
    assert!(trip.planned().await.is_empty());
    assert_eq!(trip.recorded("method.removed"), 0);
}
