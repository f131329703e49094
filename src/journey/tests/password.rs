//! Another password: with what the person has, and with a link to their mailbox. First, what somebody gains
//! who has the mailbox and nothing else.

use super::*;
use crate::accounts::ChangeStore;
use crate::points::Channel;

const NEW: &str = "zeven groene kikkers";
const MINE: &str = "acht rode regenwormen";

impl Trip {
    async fn forget(&self, typed: &str) -> Forgotten {
        let arrival = self.arrival().await;
        self.journey.forgotten(&self.visit(&arrival), typed).await.unwrap()
    }

    async fn reset(&self, token: &str, password: &str) -> Reset {
        let arrival = self.arrival().await;
        self.journey.reset_password(&self.visit(&arrival), token, password).await.unwrap()
    }

    /// Whoever reads anna's mail sets her password.
    async fn reset_by_mail(&self, password: &str) {
        assert_eq!(self.forget("anna").await, Forgotten::Noted);
        let (token, ..) = self.link().await.unwrap();
        assert_eq!(self.reset(&token, password).await, Reset::Done);
    }

    async fn mark(&self) -> Option<Channel> {
        self.account().await.password.unwrap().reset_through
    }
}

#[tokio::test]
async fn the_mailbox_alone_gets_a_new_password_and_not_in() {
    let mut trip = Trip::new().await;
    let _ = trip.sign_in(to("/basic/"), "anna", PASSWORD).await;
    let owners = trip.name.take().unwrap();
    trip.reset_by_mail(NEW).await;
    // No session and no points; the owner's session is over, and she is told.
    assert!(trip.name.is_none());
    assert!(!trip.is_present(owners).await);
    let told = trip.told().await;
    assert_eq!(told, [("anna@example.org".to_owned(), "PasswordReset".to_owned())]);
    // With the new password and a code to the same mailbox: 20 points, not 30.
    let turn = trip.sign_in(to("/reports"), "anna", NEW).await;
    assert_eq!(turn.place, Place::Stuck);
    let _ = trip.sign_in(to("/basic/"), "anna", NEW).await;
    assert!(trip.is_admitted("/basic/").await);
    assert!(!trip.is_admitted("/reports").await);
    // Nor does such a session change anything.
    let permission = trip.journey.permission(
        &trip.arrival().await,
        Change::Renew(Method::Password),
        &ReturnAddress::of_the_account("/.scoregate/me").unwrap(),
    );
    assert!(matches!(permission, Permission::Confirm(_)), "{permission:?}");
}

#[tokio::test]
async fn with_an_app_that_is_not_in_the_mailbox_the_new_password_leads_in() {
    let mut trip = Trip::new().await;
    let secret = trip.add_app().await;
    trip.reset_by_mail(NEW).await;
    let turn = trip.sign_in(to("/reports"), "anna", NEW).await;
    assert_eq!(turn.place, Place::Code(Method::Totp), "the mailbox leads nowhere");
    let turn = trip.answer(&turn.transaction, Method::Totp, &app_code(&secret, trip.now)).await;
    assert_eq!(turn.place, Place::Return);
}

#[tokio::test]
async fn the_mark_ends_with_its_time_and_not_a_moment_before() {
    let mut trip = Trip::new().await;
    trip.reset_by_mail(NEW).await;
    assert!(matches!(trip.mark().await, Some(Channel::Mailbox(_))));
    let day = minutes(24 * 60);
    trip.journey.lift_marks(NOW.after(day - Duration::from_millis(1))).await.unwrap();
    assert!(trip.mark().await.is_some());
    trip.journey.lift_marks(NOW.after(day)).await.unwrap();
    assert_eq!(trip.mark().await, None);
    trip.now = NOW.after(day);
    let turn = trip.sign_in(to("/reports"), "anna", NEW).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
}

#[tokio::test]
async fn a_change_in_a_session_that_leans_on_the_mailbox_keeps_the_mark() {
    let mut trip = Trip::new().await;
    let secret = trip.add_app().await;
    trip.reset_by_mail(NEW).await;
    let turn = trip.sign_in(to("/reports"), "anna", NEW).await;
    let _ = trip.answer(&turn.transaction, Method::Totp, &app_code(&secret, trip.now)).await;
    let before = trip.name.unwrap();
    let permit = trip.permit(Change::Renew(Method::Password)).await;
    let arrival = trip.arrival().await;
    let renewed = trip.journey.renew_password(&trip.visit(&arrival), &permit, MINE).await.unwrap();
    let Renewed::Done { name: Some(name) } = renewed else { panic!("{renewed:?}") };
    assert_ne!(name, before, "a session that changed has another name");
    trip.name = Some(name);
    assert!(trip.is_admitted("/reports").await, "whoever changed it stays");
    assert!(matches!(trip.mark().await, Some(Channel::Mailbox(_))));
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_only_those() {
    let mut trip = Trip::new().await;
    trip.signed_in().await;
    let other = trip.name.take().unwrap();
    trip.now = trip.now.after(minutes(1));
    trip.signed_in().await;
    let permit = trip.permit(Change::Renew(Method::Password)).await;
    let arrival = trip.arrival().await;
    let visit = trip.visit(&arrival);
    for bad in ["short", "password1", "anna@example.org"] {
        let renewed = trip.journey.renew_password(&visit, &permit, bad).await.unwrap();
        assert!(matches!(renewed, Renewed::Problem(_)), "{bad}: {renewed:?}");
    }
    assert!(trip.told().await.is_empty());
    let renewed = trip.journey.renew_password(&visit, &permit, NEW).await.unwrap();
    let Renewed::Done { name: Some(name) } = renewed else { panic!("{renewed:?}") };
    assert!(trip.is_present(name).await);
    assert!(!trip.is_present(other).await);
    trip.name = None;
    assert_eq!(trip.sign_in(to("/basic/"), "anna", PASSWORD).await.place, Place::SignIn);
    assert_eq!(trip.sign_in(to("/basic/"), "anna", NEW).await.place, Place::Return);
}

#[tokio::test]
async fn a_link_is_good_once_and_dies_with_a_change_of_password_or_mailbox() {
    let trip = Trip::new().await;
    let _ = trip.forget("anna").await;
    let (token, to, _) = trip.link().await.unwrap();
    assert_eq!(to, "anna@example.org");
    let arrival = trip.arrival().await;
    for _ in 0..3 {
        let seen = trip.journey.look_at_reset(&trip.visit(&arrival), &token).await.unwrap();
        assert!(seen.is_some(), "looking uses nothing");
    }
    assert!(matches!(trip.reset(&token, "short").await, Reset::Problem(_)));
    // Another one before the first is used: the change ends both.
    let _ = trip.forget("ANNA@example.org").await;
    let (second, ..) = trip.link().await.unwrap();
    assert_ne!(token, second);
    assert_eq!(trip.reset(&token, NEW).await, Reset::Done);
    assert_eq!(trip.reset(&token, MINE).await, Reset::NoLink);
    assert_eq!(trip.reset(&second, MINE).await, Reset::NoLink);
    // A mailbox that is taken away takes its link with it.
    let _ = trip.forget("anna").await;
    let (third, ..) = trip.link().await.unwrap();
    let mail = trip.account().await.contacts[0].id.clone();
    let user = &trip.anna.user.id;
    assert!(trip.house.store.inner.remove_credential(user, &mail).await.unwrap());
    assert_eq!(trip.reset(&third, MINE).await, Reset::NoLink);
}

#[tokio::test]
async fn a_link_made_for_one_thing_does_not_serve_another() {
    let trip = Trip::new().await;
    let _ = trip.forget("anna").await;
    let (token, ..) = trip.link().await.unwrap();
    let arrival = trip.arrival().await;
    let visit = trip.visit(&arrival);
    let as_set_up = trip.journey.choose_password(&visit, &token, NEW).await.unwrap();
    assert!(matches!(as_set_up, SetUp::NoLink));
    let link = crate::accounts::Link {
        token_hash: token_hash("set-up"),
        user: trip.anna.user.id.clone(),
        purpose: crate::accounts::LinkPurpose::SetUp,
        expires_at: NOW.after(minutes(60)),
    };
    trip.house.store.create_link(link).await.unwrap();
    assert_eq!(trip.reset("set-up", NEW).await, Reset::NoLink);
    assert_eq!(trip.reset(&token, NEW).await, Reset::Done);
}

#[tokio::test]
async fn nobody_hears_whether_there_is_an_account() {
    let trip = Trip::new().await;
    let quiet = trip.house.user("staff", "quiet").await;
    trip.house.store.set_user_state(&quiet.user.id, UserState::Disabled).await.unwrap();
    for typed in ["anna", "quiet", "nobody", "nobody@example.org", "\u{0}", "a\r\nb"] {
        assert_eq!(trip.forget(typed).await, Forgotten::Noted, "{typed:?}");
    }
    let (_, to, count) = trip.link().await.unwrap();
    assert_eq!((to.as_str(), count), ("anna@example.org", 1));
    // Neither does the limit tell: it is the address's own.
    for n in 0..4 {
        assert_eq!(trip.forget(&format!("nobody{n}")).await, Forgotten::Noted);
    }
    for typed in ["anna", "nobody"] {
        assert!(matches!(trip.forget(typed).await, Forgotten::Throttled { .. }), "{typed}");
    }
}

#[tokio::test]
async fn an_account_without_a_password_and_an_address_of_today_get_no_link() {
    let trip = Trip::new().await;
    let user = &trip.anna.user.id;
    let changes = &trip.house.store.inner;
    let old = trip.account().await.contacts[0].id.clone();
    let added = changes
        .add_contact(user, crate::accounts::ContactKind::Email, "new@example.org", 2, NOW)
        .await
        .unwrap();
    assert!(added);
    // Not to the new one, although it was typed.
    let _ = trip.forget("new@example.org").await;
    assert_eq!(trip.link().await.unwrap().1, "anna@example.org");
    assert!(changes.remove_credential(user, &old).await.unwrap());
    let _ = trip.forget("anna").await;
    assert_eq!(trip.link().await.unwrap().2, 1, "no second link");
}
