//! Another address: only after the code that was sent to it, and the old one hears of it.

use super::*;
use crate::accounts::ContactKind;

impl Trip {
    async fn ask(&self, kind: ContactKind, typed: &str) -> ContactAsked {
        let permit = self.permit(Change::Add(method_of_kind(kind))).await;
        let arrival = self.arrival().await;
        self.journey.ask_contact(&self.visit(&arrival), &permit, kind, typed).await.unwrap()
    }

    async fn confirm(&self, ticket: &ContactTicket, code: &str) -> ContactConfirmed {
        let permit = self.permit(Change::Add(Method::Email)).await;
        let arrival = self.arrival().await;
        self.journey.confirm_contact(&self.visit(&arrival), &permit, ticket, code).await.unwrap()
    }
}

#[tokio::test]
async fn an_address_is_added_by_the_code_that_was_sent_there_and_the_old_one_is_told() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    let asked = trip.ask(ContactKind::Email, " Second@Example.ORG ").await;
    let ContactAsked::Sent(ticket) = asked else { panic!("{asked:?}") };
    let code = trip.code().await;
    assert_eq!(trip.account().await.contacts.len(), 1, "nothing is stored yet");
    for wrong in ["000000", "", "12345", &format!("+{code}")] {
        let confirmed = trip.confirm(&ticket, wrong).await;
        assert!(matches!(confirmed, ContactConfirmed::Rejected(_)), "{wrong}: {confirmed:?}");
    }
    assert_eq!(trip.confirm(&ticket, &code).await, ContactConfirmed::Done);
    let account = trip.account().await;
    let second = &account.contacts[1];
    assert_eq!(
        (second.address.as_str(), second.enrolled_at),
        ("Second@example.org", Some(trip.now))
    );
    assert_eq!(trip.told().await, [("anna@example.org".to_owned(), "Added(Email)".to_owned())]);
    // The same code once more adds nothing.
    assert_eq!(trip.confirm(&ticket, &code).await, ContactConfirmed::NoTicket);
}

#[tokio::test]
async fn five_tries_end_a_code_and_ten_minutes_do() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    let ContactAsked::Sent(ticket) = trip.ask(ContactKind::Email, "b@example.org").await else {
        panic!("not sent")
    };
    let code = trip.code().await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert!(matches!(trip.confirm(&ticket, wrong).await, ContactConfirmed::Rejected(_)));
    }
    assert_eq!(trip.confirm(&ticket, &code).await, ContactConfirmed::NoTicket);
    let keys = &trip.house.keys;
    let token = ticket.token(keys, HOST, &[7; 32]);
    let parse = |browser: &[u8; 32], account: &Account, now| {
        ContactTicket::parse(&token, keys, HOST, browser, account, now).is_some()
    };
    let other = trip.house.user("staff", "ben").await;
    assert!(parse(&[7; 32], &trip.anna, trip.now));
    assert!(!parse(&[8; 32], &trip.anna, trip.now), "another browser");
    assert!(!parse(&[7; 32], &other, trip.now), "another user");
    assert!(!parse(&[7; 32], &trip.anna, trip.now.after(minutes(10))), "too late");
}

#[tokio::test]
async fn odd_addresses_are_refused_and_every_one_that_is_sent_to_is_one_recipient() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    for typed in [
        "",
        "anna",
        "a@b@c.org",
        "a@example.org,b@example.org",
        "a@example.org;b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "Anna <a@example.org>",
        "a@[1.2.3.4]",
        "a@example.org%0ab@example.org",
    ] {
        let asked = trip.ask(ContactKind::Email, typed).await;
        assert!(matches!(asked, ContactAsked::NotAnAddress), "{typed:?}: {asked:?}");
    }
    for typed in ["0612345678", "+31 6 1234 5678 ext 9", "+31612345678,+31612345679", "phone", "+"]
    {
        let asked = trip.ask(ContactKind::Phone, typed).await;
        assert!(matches!(asked, ContactAsked::NotAnAddress), "{typed:?}: {asked:?}");
    }
    let asked = trip.ask(ContactKind::Email, "ANNA@example.org").await;
    assert!(matches!(asked, ContactAsked::AlreadyThere), "{asked:?}");
}

#[tokio::test]
async fn nobody_is_flooded_with_codes_that_somebody_else_asks_for() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    let mut sent = 0;
    for n in 0..20 {
        let asked = trip.ask(ContactKind::Email, &format!("stranger{n}@example.org")).await;
        sent += usize::from(matches!(asked, ContactAsked::Sent(_)));
    }
    assert_eq!(sent, 5);
}

/// Somebody with an account of their own types the address of somebody else.
#[tokio::test]
async fn a_stranger_who_types_an_address_takes_no_sign_in_code_from_whoever_has_it() {
    let mut trip = Trip::new().await;
    let bob = trip.house.user_with("staff", "bob", cheap().hash(PASSWORD).unwrap()).await;
    let anna = std::mem::replace(&mut trip.anna, bob);
    let turn = trip.sign_in(to("/"), "bob", PASSWORD).await;
    let code = trip.code().await;
    let _ = trip.answer(&turn.transaction, Method::Email, &code).await;
    for _ in 0..10 {
        let _ = trip.ask(ContactKind::Email, "anna@example.org").await;
    }
    let before = trip.codes().await.len();
    (trip.anna, trip.name) = (anna, None);
    let turn = trip.sign_in(to("/reports"), "anna", PASSWORD).await;
    assert_eq!((turn.place, turn.transaction.notice), (Place::Code(Method::Email), None));
    assert_eq!(trip.codes().await.len(), before + 1);
}

/// Somebody with an account of their own, and a share in what text messages cost.
#[tokio::test]
async fn codes_to_new_numbers_are_counted_and_paid_like_every_text_message() {
    for (per_user, budget, after) in [(2, 1000, "wait"), (1000, 2, "not sent")] {
        let mut trip = Trip::with(10, texts(per_user, budget)).await;
        trip.signed_in().await;
        let mut sent = 0;
        for number in 0..4 {
            let asked = trip.ask(ContactKind::Phone, &format!("+3161234567{number}")).await;
            match asked {
                ContactAsked::Sent(_) => sent += 1,
                ContactAsked::Throttled { .. } => assert_eq!(after, "wait"),
                ContactAsked::NotSent => assert_eq!(after, "not sent"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(sent, 2, "{after}");
    }
}

#[tokio::test]
async fn no_code_goes_to_a_number_of_a_country_that_is_not_named() {
    let (mut limits, budget) = texts(10, 10);
    limits.countries.insert(crate::accounts::Country::new("BE").unwrap());
    let mut trip = Trip::with(10, (limits, budget)).await;
    trip.signed_in().await;
    let asked = trip.ask(ContactKind::Phone, "+31612345678").await;
    assert!(matches!(asked, ContactAsked::NotSent), "{asked:?}");
}
