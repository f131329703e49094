//! Another password: with what the person has, and with a link to their mailbox. First, what somebody gains
//! who has the mailbox and nothing else.

use super::super::password::holds_code;
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
    pub(super) async fn reset_by_mail(&self, password: &str) {
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
    assert!(trip.house.store.remove_credential(user, &mail).await.unwrap());
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
    let changes = &trip.house.store;
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

/// Somebody who knows a name and no more asks for links until no more are sent.
#[tokio::test]
async fn a_stranger_who_asks_for_links_takes_no_sign_in_code_from_anybody() {
    let mut trip = Trip::new().await;
    for _ in 0..10 {
        let _ = trip.forget("anna").await;
    }
    let (.., links) = trip.link().await.unwrap();
    assert_eq!(links, 5, "links have a limit of their own");
    let turn = trip.sign_in(to("/reports"), "anna", PASSWORD).await;
    assert_eq!((turn.place, turn.transaction.notice), (Place::Code(Method::Email), None));
    assert_eq!(trip.codes().await.len(), 1);
}

/// Whoever has a passkey of somebody, and 30 points with it, gives the account a password.
#[tokio::test]
async fn a_first_password_is_on_probation_and_another_one_is_as_old_as_the_first() {
    let mut trip = Trip::new().await;
    let new = crate::accounts::NewUser {
        directory: "staff".into(),
        name: "kim".parse().unwrap(),
        display_name: None,
        language: None,
        roles: std::collections::BTreeSet::new(),
        email: None,
        phone: None,
        password_hash: None,
    };
    let kim = trip.house.store.create_user(new, NOW).await.unwrap();
    trip.anna = kim.clone();
    trip.add_passkey(&kim, 5).await;
    let kim = trip.account().await;
    trip.begin_with(&kim, &[Method::Passkey]).await;
    assert!(trip.is_admitted("/reports").await && !trip.is_admitted("/payments/").await);
    let password = |trip: &Trip| {
        let enrolled = trip.journey.accounts.clone();
        let user = trip.anna.user.id.clone();
        async move {
            let account = enrolled.load_user(&user).await.unwrap().unwrap();
            let of = |one: &Enrolled| one.method == Method::Password;
            account.enrolled().into_iter().find(of).unwrap().enrolled_at
        }
    };
    for chosen in [NEW, MINE] {
        let change = if chosen == NEW { Change::Add } else { Change::Renew };
        let permit = trip.permit(change(Method::Password)).await;
        let arrival = trip.arrival().await;
        let visit = trip.visit(&arrival);
        let renewed = trip.journey.renew_password(&visit, &permit, chosen).await.unwrap();
        let Renewed::Done { name } = renewed else { panic!("{renewed:?}") };
        trip.name = name.or(trip.name);
        assert!(!trip.is_admitted("/payments/").await, "50 points of 30: {chosen}");
        assert_eq!(password(&trip).await, Some(NOW), "{chosen}");
    }
    let day = minutes(24 * 60);
    for (at, is_in) in [(day - Duration::from_millis(1), false), (day, true)] {
        trip.now = NOW.after(at);
        let kim = trip.account().await;
        trip.begin_with(&kim, &[Method::Passkey, Method::Password]).await;
        assert_eq!(trip.is_admitted("/payments/").await, is_in, "{at:?}");
        assert!(trip.is_admitted("/reports").await, "{at:?}");
    }
}

/// Whatever the store does not take: a password that was changed is told of, and old sessions are over.
#[tokio::test]
async fn a_changed_password_is_told_of_and_ends_the_others_whatever_fails_after_it() {
    for call in ["end_links", "list_sessions", "end_sessions_of", "end_session", "add_proof"] {
        let mut trip = Trip::new().await;
        trip.signed_in().await;
        let other = trip.name.take().unwrap();
        trip.now = trip.now.after(minutes(1));
        trip.signed_in().await;
        let permit = trip.permit(Change::Renew(Method::Password)).await;
        let arrival = trip.arrival().await;
        trip.house.store.fail(&[call]);
        let _ = trip.journey.renew_password(&trip.visit(&arrival), &permit, NEW).await;
        trip.house.store.mend();
        assert!(!trip.is_present(other).await, "{call}");
        let told = trip.told().await;
        assert_eq!(told, [("anna@example.org".to_owned(), "PasswordChanged".to_owned())], "{call}");
        assert!(trip.audit.lines().iter().any(|line| line.contains("password.changed")), "{call}");
        trip.house.sessions.flush_seen().await.unwrap();
        assert!(!trip.is_present(other).await, "{call}");
        trip.name = None;
        assert_eq!(trip.sign_in(to("/basic/"), "anna", NEW).await.place, Place::Return, "{call}");
    }
}

#[tokio::test]
async fn a_password_that_was_reset_is_told_of_whatever_fails_after_it() {
    for call in ["end_links", "end_sessions_of"] {
        let mut trip = Trip::new().await;
        let _ = trip.sign_in(to("/basic/"), "anna", PASSWORD).await;
        let owners = trip.name.take().unwrap();
        let _ = trip.forget("anna").await;
        let (token, ..) = trip.link().await.unwrap();
        let _ = trip.forget("anna").await;
        let (second, ..) = trip.link().await.unwrap();
        let arrival = trip.arrival().await;
        trip.house.store.fail(&[call]);
        let _ = trip.journey.reset_password(&trip.visit(&arrival), &token, NEW).await;
        trip.house.store.mend();
        assert!(!trip.is_present(owners).await, "{call}");
        let told = trip.told().await;
        assert_eq!(told, [("anna@example.org".to_owned(), "PasswordReset".to_owned())], "{call}");
        assert!(trip.audit.lines().iter().any(|line| line.contains("password.reset")), "{call}");
        assert_eq!(trip.reset(&second, MINE).await, Reset::NoLink, "{call}");
    }
}

/// The passkey that lives nowhere near the mailbox.
#[tokio::test]
async fn a_change_in_a_session_of_a_passkey_lifts_the_mark() {
    let mut trip = Trip::new().await;
    trip.add_passkey(&trip.anna, 5).await;
    trip.reset_by_mail(NEW).await;
    let account = trip.account().await;
    trip.begin_with(&account, &[Method::Passkey, Method::Password]).await;
    let permit = trip.permit(Change::Renew(Method::Password)).await;
    let arrival = trip.arrival().await;
    let renewed = trip.journey.renew_password(&trip.visit(&arrival), &permit, MINE).await.unwrap();
    assert!(matches!(renewed, Renewed::Done { .. }), "{renewed:?}");
    assert_eq!(trip.mark().await, None);
}

/// Carries text messages alone.
#[derive(Debug)]
struct Phones;

#[async_trait]
impl Notifier for Phones {
    fn name(&self) -> &'static str {
        "phones"
    }

    fn carries(&self, channel: NotifierChannel) -> bool {
        channel == NotifierChannel::Sms
    }

    async fn deliver(&self, _: &Message) -> Result<(), DeliveryError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_link_is_offered_where_mail_carries_it_and_a_host_opens_it() {
    let trip = Trip::new().await;
    let mut arrival = trip.arrival().await;
    assert!(trip.journey.sends_links(&arrival));
    let limits = OutboxLimits::default();
    let outbox = Outbox::start(Arc::new(Phones), Arc::new(ManualClock::at(NOW)), limits);
    for notifiers in [Notifiers::new(vec![]), Notifiers::new(vec![outbox])] {
        let notifiers = Arc::new(notifiers);
        let parts = parts(&trip.house, &notifiers, &trip.audit, 10, texts(10, 10));
        assert!(!Journey::new(parts).sends_links(&arrival), "{notifiers:?}");
    }
    let mut snapshot = crate::gate::Snapshot::clone(&arrival.snapshot);
    let mut config = crate::config::Config::clone(&snapshot.config);
    for route in &mut config.routes {
        route.host = "*.example.org".to_owned();
    }
    snapshot.config = Arc::new(config);
    arrival.snapshot = Arc::new(snapshot);
    assert!(!trip.journey.sends_links(&arrival), "no host that has one name");
}

#[tokio::test]
async fn a_link_that_nobody_was_sent_is_in_no_audit() {
    for (notifiers, count) in [(None, 1), (Some(Arc::new(Notifiers::new(vec![]))), 0)] {
        let trip = Trip::new().await;
        let notifiers = notifiers.unwrap_or_else(|| trip.notifiers.clone());
        let parts = parts(&trip.house, &notifiers, &trip.audit, 10, texts(10, 10));
        let journey = Arc::new(Journey::new(parts));
        let arrival = trip.arrival().await;
        let _ = journey.forgotten(&trip.visit(&arrival), "anna").await.unwrap();
        journey.searched().await;
        let lines = trip.audit.lines();
        let created = lines.iter().filter(|line| line.contains("link.created"));
        assert_eq!(created.count(), count);
    }
}

#[test]
fn a_link_with_six_digits_in_a_row_is_not_sent() {
    for (token, is_code) in
        [("ab123456cd", true), ("123456", true), ("ab12345c6", false), ("1234567", false)]
    {
        assert_eq!(holds_code(token), is_code, "{token}");
    }
}
