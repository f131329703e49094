//! Notices: nobody is kept from hearing of a change, and nobody makes us send without end.

use super::*;
use crate::accounts::ContactKind;

/// Signed in, with a phone beside the mailbox, and a passkey that was not shown.
async fn trip(per_user: u32, budget: u32) -> Trip {
    let mut trip = Trip::with(10, texts(per_user, budget)).await;
    let user = trip.anna.user.id.clone();
    let (kind, number) = (ContactKind::Phone, "+31612345678");
    assert!(trip.house.store.add_contact(&user, kind, number, 2, NOW).await.unwrap());
    trip.add_passkey(&trip.anna, 5).await;
    trip.signed_in().await;
    trip
}

impl Trip {
    /// Plans a removal and keeps it, again and again.
    async fn flood(&self, times: u32) {
        let passkey = self.id_of(Method::Passkey).await;
        for _ in 0..times {
            let _ = self.remove(Method::Passkey).await;
            let permit = self.permit(Change::Look).await;
            let arrival = self.arrival().await;
            assert!(self.journey.keep(&self.visit(&arrival), &permit, &passkey).await.unwrap());
        }
    }

    async fn tell(&self, news: News) {
        let arrival = self.arrival().await;
        self.journey.tell(&self.visit(&arrival), &self.account().await, news);
    }

    /// Notices by mail and by text message.
    async fn counts(&self) -> (usize, usize) {
        let told = self.told().await;
        let texts = told.iter().filter(|(to, _)| to.starts_with('+')).count();
        (told.len() - texts, texts)
    }
}

#[tokio::test]
async fn the_same_is_told_five_times_an_hour_and_something_else_is_told_all_the_same() {
    let trip = trip(1000, 1000).await;
    trip.flood(20).await;
    assert_eq!(trip.counts().await, (10, 10), "two things, five times each");
    trip.tell(News::PasswordChanged).await;
    assert_eq!(trip.counts().await, (11, 11));
}

#[tokio::test]
async fn notices_by_text_message_stay_within_what_text_messages_may_cost() {
    for (per_user, budget) in [(3, 1000), (1000, 3)] {
        let trip = trip(per_user, budget).await;
        trip.flood(5).await;
        assert_eq!(trip.counts().await, (10, 3), "{per_user} {budget}");
    }
}

#[tokio::test]
async fn notices_by_mail_go_out_although_they_cannot_be_counted() {
    let trip = trip(1000, 1000).await;
    trip.house.store.fail(&["count"]);
    trip.tell(News::PasswordChanged).await;
    assert_eq!(trip.counts().await, (1, 0));
    trip.house.store.mend();
}
