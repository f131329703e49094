//! Enrolment is a route: what somebody has to show for a change, and what those gain who have less.

use super::*;
use crate::accounts::ChangeStore;
use crate::points::CredentialId;

const PAGE: &str = "/.scoregate/me/app";

fn page() -> ReturnAddress {
    ReturnAddress::of_the_account(PAGE).unwrap()
}

impl Trip {
    pub(super) async fn permission(&self, change: Change) -> Permission {
        self.journey.permission(&self.arrival().await, change, &page())
    }

    pub(super) async fn permit(&self, change: Change) -> Permit {
        match self.permission(change).await {
            Permission::Given(permit) => *permit,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn account(&self) -> Account {
        self.house.store.load_user(&self.anna.user.id).await.unwrap().unwrap()
    }

    pub(super) async fn id_of(&self, method: Method) -> CredentialId {
        let enrolled = self.account().await.enrolled();
        enrolled.into_iter().find(|one| one.method == method).unwrap().credential
    }

    pub(super) async fn remove(&self, method: Method) -> Removal {
        let permit = self.permit(Change::Remove(self.id_of(method).await)).await;
        let arrival = self.arrival().await;
        self.journey.remove(&self.visit(&arrival), &permit).await.unwrap()
    }

    /// Signed in with the password and the code that was mailed.
    pub(super) async fn signed_in(&mut self) {
        let turn = self.sign_in(to("/"), "anna", PASSWORD).await;
        let turn = if turn.place == Place::Code(Method::Email) {
            turn
        } else {
            self.choose(&turn.transaction, Method::Email, false).await
        };
        let code = self.code().await;
        let turn = self.answer(&turn.transaction, Method::Email, &code).await;
        assert_eq!(turn.place, Place::Return);
    }
}

/// What is asked, where more is; the rest by its name.
fn told(permission: &Permission) -> String {
    match permission {
        Permission::Given(_) => "given".to_owned(),
        Permission::SignIn(_) => "sign in".to_owned(),
        Permission::Confirm(to) => {
            to.change.map_or("confirm".to_owned(), |level| format!("confirm {level}"))
        }
        Permission::OldName => "old name".to_owned(),
        Permission::LastWay => "last way".to_owned(),
        Permission::NotTheirs => "not theirs".to_owned(),
        Permission::Denied(_) => "denied".to_owned(),
    }
}

#[tokio::test]
async fn nobody_and_somebody_with_the_password_alone_change_nothing() {
    let mut trip = Trip::new().await;
    for change in [Change::Look, Change::Add(Method::Totp), Change::Renew(Method::Password)] {
        assert_eq!(told(&trip.permission(change).await), "sign in");
    }
    let _ = trip.sign_in(to("/basic/"), "anna", PASSWORD).await;
    assert!(trip.is_admitted("/basic/").await);
    assert_eq!(told(&trip.permission(Change::Look).await), "confirm");
    for change in [Change::Add(Method::Totp), Change::Renew(Method::Password)] {
        assert_eq!(told(&trip.permission(change).await), "confirm 30");
    }
}

#[tokio::test]
async fn an_old_cookie_shows_the_account_and_changes_nothing_of_it() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    assert_eq!(told(&trip.permission(Change::Add(Method::Totp)).await), "given");
    trip.now = trip.now.after(FRESH);
    assert_eq!(told(&trip.permission(Change::Add(Method::Totp)).await), "given");
    trip.now = trip.now.after(Duration::from_millis(1));
    assert_eq!(told(&trip.permission(Change::Look).await), "given");
    // Not the code alone: whoever found the browser open and has the mailbox lacks the password.
    assert_eq!(told(&trip.permission(Change::Add(Method::Totp)).await), "confirm 30");
    let Permission::Confirm(to) = trip.permission(Change::Add(Method::Totp)).await else {
        panic!("it is fresh")
    };
    let Step::Choose(choice) = trip.step(&to).await else { panic!("nothing to choose") };
    assert!(choice.ways.iter().all(|way| way.steps.len() == 2), "{:?}", choice.ways);
}

#[tokio::test]
async fn whoever_confirms_comes_back_to_the_page_and_nothing_was_done_meanwhile() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    trip.now = trip.now.after(minutes(11));
    let Permission::Confirm(to) = trip.permission(Change::Add(Method::Totp)).await else {
        panic!("it is fresh")
    };
    assert_eq!(to.return_to.as_str(), PAGE);
    let turn = trip.answer(&to, Method::Password, PASSWORD).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
    let turn = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
    assert_eq!((turn.place, turn.transaction.return_to.as_str()), (Place::Return, PAGE));
    assert_eq!(told(&trip.permission(Change::Add(Method::Totp)).await), "given");
    assert!(trip.account().await.apps.is_empty());
}

#[tokio::test]
async fn with_thirty_points_nothing_is_added_to_an_account_that_reaches_forty() {
    let mut trip = Trip::new().await;
    trip.add_app().await;
    trip.signed_in().await;
    assert!(trip.is_admitted("/reports").await);
    assert!(!trip.is_admitted("/payments/").await);
    assert_eq!(told(&trip.permission(Change::Add(Method::Totp)).await), "confirm 40");
    assert_eq!(told(&trip.permission(Change::Renew(Method::Password)).await), "confirm 40");
    // What stays without the app is 30: somebody who lost it can take it away.
    let app = trip.id_of(Method::Totp).await;
    assert_eq!(told(&trip.permission(Change::Remove(app)).await), "given");
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let mut trip = Trip::new().await;
    let secret = trip.add_app().await;
    trip.signed_in().await;
    let turn = trip.answer(&to("/payments/"), Method::Totp, &app_code(&secret, trip.now)).await;
    assert_eq!(turn.place, Place::Return);
    let (app, mail) = (trip.id_of(Method::Totp).await, trip.id_of(Method::Email).await);
    let password = trip.id_of(Method::Password).await;
    assert_eq!(told(&trip.permission(Change::Remove(password)).await), "last way");
    // Both may go, and only one of them does, however close together.
    let (first, second) =
        (trip.permit(Change::Remove(mail)).await, trip.permit(Change::Remove(app.clone())).await);
    let arrival = trip.arrival().await;
    let visit = trip.visit(&arrival);
    let (one, two) =
        tokio::join!(trip.journey.remove(&visit, &first), trip.journey.remove(&visit, &second));
    assert_eq!((one.unwrap(), two.unwrap()), (Removal::Done, Removal::NotDone));
    assert_eq!(told(&trip.permission(Change::Remove(app)).await), "last way");
}

#[tokio::test]
async fn what_is_removed_counts_for_nothing_at_once_and_the_address_before_is_told() {
    let mut trip = Trip::new().await;
    let secret = trip.add_app().await;
    trip.signed_in().await;
    let _ = trip.answer(&to("/payments/"), Method::Totp, &app_code(&secret, trip.now)).await;
    assert!(trip.is_admitted("/payments/").await);
    assert_eq!(trip.remove(Method::Email).await, Removal::Done);
    assert!(!trip.is_admitted("/payments/").await);
    assert!(trip.is_admitted("/reports").await);
    assert_eq!(trip.told().await, [("anna@example.org".to_owned(), "Removed(Email)".to_owned())]);
}

#[tokio::test]
async fn another_persons_credential_is_not_there() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    let other = trip.house.user("staff", "ben").await;
    let contact = other.contacts[0].id.clone();
    for credential in [contact.clone(), CredentialId("".into()), CredentialId("x".into())] {
        assert_eq!(told(&trip.permission(Change::Remove(credential)).await), "not theirs");
    }
    let changes = &trip.house.store;
    assert!(!changes.remove_credential(&trip.anna.user.id, &contact).await.unwrap());
}
