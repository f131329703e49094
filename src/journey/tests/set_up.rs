//! Set-up links: used once, by one browser, for one user.

use super::*;
use crate::accounts::{Link, LinkPurpose};
use crate::methods::Registrant;
use crate::methods::soft_authenticator::{SoftAuthenticator, party};
use crate::points::CredentialId;

const NEW: &str = "zeven groene kikkers";
const BROWSER: [u8; 32] = [7; 32];

async fn link(trip: &Trip, token: &str) {
    let link = Link {
        token_hash: token_hash(token),
        user: trip.anna.user.id.clone(),
        purpose: LinkPurpose::SetUp,
        expires_at: NOW.after(minutes(60)),
    };
    trip.house.store.create_link(link).await.unwrap();
}

async fn choose(trip: &Trip, token: &str, password: &str) -> SetUp {
    let arrival = trip.arrival().await;
    trip.journey.choose_password(&trip.visit(&arrival), token, password).await.unwrap()
}

async fn ticket(trip: &Trip, token: &str) -> SetUpTicket {
    link(trip, token).await;
    match choose(trip, token, NEW).await {
        SetUp::PasswordSet(ticket) => *ticket,
        other => panic!("{other:?}"),
    }
}

async fn confirm(trip: &Trip, ticket: &SetUpTicket, code: &str) -> AppSetUp {
    let arrival = trip.arrival().await;
    trip.journey.confirm_app(&trip.visit(&arrival), ticket, code).await.unwrap()
}

async fn apps(trip: &Trip) -> usize {
    trip.house.store.load_user(&trip.anna.user.id).await.unwrap().unwrap().apps.len()
}

#[tokio::test]
async fn a_link_is_used_by_the_first_password_that_can_be_taken_and_by_nothing_else() {
    let mut trip = Trip::new().await;
    link(&trip, "token").await;
    let arrival = trip.arrival().await;
    for _ in 0..3 {
        let seen = trip.journey.look_at_link(&trip.visit(&arrival), "token").await.unwrap();
        assert_eq!(seen.unwrap().user.name.as_str(), "anna");
    }
    for bad in ["short", "password1", "anna@example.org", "portal.example.org"] {
        let outcome = choose(&trip, "token", bad).await;
        assert!(matches!(outcome, SetUp::Problem(_)), "{bad}: {outcome:?}");
    }
    assert!(matches!(choose(&trip, "another", NEW).await, SetUp::NoLink));
    assert!(matches!(choose(&trip, "token", NEW).await, SetUp::PasswordSet(_)));
    assert!(matches!(choose(&trip, "token", NEW).await, SetUp::NoLink));
    assert_eq!(trip.sign_in(to("/basic/"), "anna", PASSWORD).await.place, Place::SignIn);
    assert_eq!(trip.sign_in(to("/basic/"), "anna", NEW).await.place, Place::Return);
}

#[tokio::test]
async fn a_new_password_ends_every_session_that_there_was() {
    let mut trip = Trip::new().await;
    let _ = trip.sign_in(to("/basic/"), "anna", PASSWORD).await;
    let before = trip.name.take().unwrap();
    let _ = ticket(&trip, "token").await;
    assert!(!trip.is_present(before).await);
}

#[tokio::test]
async fn of_two_browsers_with_one_link_one_sets_the_password() {
    let trip = Trip::new().await;
    link(&trip, "token").await;
    // Both have looked at the link before either has used it.
    let pause = trip.house.store.pause("find_link");
    let arrival = Arc::new(trip.arrival().await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..2 {
        let (journey, arrival, source) =
            (trip.journey.clone(), arrival.clone(), trip.source.clone());
        tasks.spawn(async move {
            let visit = Visit {
                arrival: &arrival,
                source: &source,
                browser_to_know: [n; 32],
                remembered: None,
                remember: false,
                language: "en",
                user_agent: None,
                reference: Reference::random(),
            };
            let outcome = journey.choose_password(&visit, "token", NEW).await.unwrap();
            matches!(outcome, SetUp::PasswordSet(_))
        });
    }
    pause.reached().await;
    pause.resume();
    let winners = tasks.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn a_link_of_a_disabled_user_or_of_another_directory_is_no_link() {
    let trip = Trip::new().await;
    let carl = trip.house.user("customers", "carl").await;
    link(&trip, "annas").await;
    let of_carl = Link {
        token_hash: token_hash("carls"),
        user: carl.user.id,
        purpose: LinkPurpose::SetUp,
        expires_at: NOW.after(minutes(60)),
    };
    trip.house.store.create_link(of_carl).await.unwrap();
    assert!(matches!(choose(&trip, "carls", NEW).await, SetUp::NoLink));
    let user = &trip.anna.user.id;
    trip.house.store.set_user_state(user, UserState::Disabled).await.unwrap();
    assert!(matches!(choose(&trip, "annas", NEW).await, SetUp::NoLink));
}

#[tokio::test]
async fn a_link_ends_with_its_hour() {
    let mut trip = Trip::new().await;
    link(&trip, "token").await;
    trip.now = NOW.after(minutes(60));
    assert!(matches!(choose(&trip, "token", NEW).await, SetUp::NoLink));
}

#[tokio::test]
async fn an_app_is_added_once_by_the_code_that_it_shows() {
    let mut trip = Trip::new().await;
    let ticket = ticket(&trip, "token").await;
    let code = app_code(&ticket.secret, trip.now);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for bad in [wrong, "", "12345", "anna"] {
        assert_eq!(confirm(&trip, &ticket, bad).await, AppSetUp::Wrong, "{bad}");
    }
    assert_eq!(confirm(&trip, &ticket, &code).await, AppSetUp::Done);
    assert_eq!(confirm(&trip, &ticket, &code).await, AppSetUp::NoTicket);
    assert!(trip.journey.look_at_ticket(&ticket).await.unwrap().is_none());
    assert_eq!(apps(&trip).await, 1);
    // The code that confirmed it is used; the next one signs in.
    let _ = trip.sign_in(to("/"), "anna", NEW).await;
    let turn = trip.answer(&to("/"), Method::Totp, &code).await;
    assert_eq!(turn.transaction.notice, Some(Notice::UsedAlready));
    trip.now = NOW.after(minutes(1));
    let next = app_code(&ticket.secret, trip.now);
    assert_eq!(trip.answer(&to("/"), Method::Totp, &next).await.place, Place::Return);
}

/// One secret as two apps would take each of its codes twice.
#[tokio::test]
async fn an_app_that_is_confirmed_twice_at_once_is_added_once() {
    let trip = Trip::new().await;
    let ticket = ticket(&trip, "token").await;
    let code = app_code(&ticket.secret, trip.now);
    let arrival = Arc::new(trip.arrival().await);
    // Both have seen that the app is not there before either has added it.
    let pause = trip.house.store.pause("load_user");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (journey, arrival, source) =
            (trip.journey.clone(), arrival.clone(), trip.source.clone());
        let (ticket, code) = (ticket.clone(), code.clone());
        tasks.spawn(async move {
            let visit = Visit {
                arrival: &arrival,
                source: &source,
                browser_to_know: [9; 32],
                remembered: None,
                remember: false,
                language: "en",
                user_agent: None,
                reference: Reference::random(),
            };
            journey.confirm_app(&visit, &ticket, &code).await.unwrap()
        });
    }
    pause.reached().await;
    pause.resume();
    let outcomes = tasks.join_all().await;
    assert!(outcomes.contains(&AppSetUp::Done) && outcomes.contains(&AppSetUp::NoTicket));
    assert_eq!(apps(&trip).await, 1);
}

#[tokio::test]
async fn a_ticket_is_good_for_its_host_its_browser_its_password_and_a_quarter_of_an_hour() {
    let trip = Trip::new().await;
    let keys = &trip.house.keys;
    let first = ticket(&trip, "first").await;
    let token = first.token(keys, HOST, &BROWSER);
    let parse = |host, browser: &[u8; 32], now| {
        SetUpTicket::parse(&token, keys, host, browser, now).is_some()
    };
    for (host, browser, after, is_good) in [
        (HOST, BROWSER, 0, true),
        (HOST, BROWSER, 14, true),
        (HOST, BROWSER, 15, false),
        (HOST, [8; 32], 0, false),
        ("shop.example.org", BROWSER, 0, false),
    ] {
        assert_eq!(parse(host, &browser, NOW.after(minutes(after))), is_good, "{host} {after}");
    }
    let back = SetUpTicket::parse(&token, keys, HOST, &BROWSER, NOW).unwrap();
    assert_eq!((back.user, &back.password), (first.user.clone(), &first.password));

    // Whoever used an earlier link has nothing left of it once a later one was used.
    let second = ticket(&trip, "second").await;
    let code = app_code(&first.secret, trip.now);
    assert_eq!(confirm(&trip, &first, &code).await, AppSetUp::NoTicket);
    let other = SetUpTicket { password: CredentialId("other".into()), ..second };
    assert!(trip.journey.look_at_ticket(&other).await.unwrap().is_none());
}

#[tokio::test]
async fn a_password_that_is_stored_keeps_nobody_out_once_the_sessions_have_ended() {
    let mut trip = Trip::new().await;
    link(&trip, "token").await;
    trip.house.store.fail(&["end_sessions_of"]);
    let arrival = trip.arrival().await;
    let visit = trip.visit(&arrival);
    assert!(trip.journey.choose_password(&visit, "token", NEW).await.is_err());
    trip.house.store.mend();
    trip.house.sessions.flush_seen().await.unwrap();
    assert_eq!(trip.sign_in(to("/basic/"), "anna", NEW).await.place, Place::Return);
}

/// Whoever makes or finds a link for somebody who has an account gets 30 points with it: they hear of it.
#[tokio::test]
async fn a_passkey_by_a_link_is_told_to_whoever_has_the_account_and_has_room() {
    for count in [0, MOST_PASSKEYS] {
        let trip = Trip::new().await;
        for n in 0..count {
            trip.add_passkey(&trip.anna, 100 + u8::try_from(n).unwrap()).await;
        }
        link(&trip, "token").await;
        let account = trip.house.store.load_user(&trip.anna.user.id).await.unwrap().unwrap();
        let who = Registrant { account: &account, session: None };
        let begun = Ceremony::register(party(), Method::Passkey, who, NOW).unwrap();
        let answer = SoftAuthenticator::new(5).register(&begun);
        let arrival = trip.arrival().await;
        let visit = trip.visit(&arrival);
        let ceremony = &begun.ceremony;
        let outcome =
            trip.journey.choose_passkey(&visit, "token", ceremony, &answer).await.unwrap();
        let is_full = count == MOST_PASSKEYS;
        assert_eq!(matches!(outcome, SetUp::PasskeySet), !is_full, "{outcome:?}");
        let told: Vec<String> = trip.told().await.into_iter().map(|(_, what)| what).collect();
        assert_eq!(told, if is_full { vec![] } else { vec!["Added(Passkey)".to_owned()] });
        let link = trip.journey.look_at_link(&visit, "token").await.unwrap();
        assert_eq!(link.is_some(), is_full, "a link that adds nothing is not used");
    }
}

#[tokio::test]
async fn a_password_by_a_link_is_told_to_whoever_has_the_account_already() {
    let trip = Trip::new().await;
    let _ = ticket(&trip, "token").await;
    let told: Vec<String> = trip.told().await.into_iter().map(|(_, what)| what).collect();
    assert_eq!(told, ["PasswordChanged"]);
}
