//! Requests that run on: what ends them, and what does not.

use std::collections::BTreeSet;

use super::super::Door;
use super::super::standing::{Again, Standing};
use super::house::{HOST, House, NOW, minutes, proof_of};
use crate::accounts::AccountStore;
use crate::points::{Lifetime, Method, Timestamp};
use crate::sessions::Present;

fn running(session: &Present, target: &str) -> Standing {
    Standing {
        session: session.clone(),
        door: Door::Portals,
        host: HOST.into(),
        method: http::Method::GET,
        target: target.as_bytes().into(),
        address: Some("192.0.2.7".parse().unwrap()),
    }
}

async fn again(house: &House, standing: &Standing, now: Timestamp) -> &'static str {
    match house.gate.judge_again(standing, &house.snapshot, now).await {
        Again::Stands { .. } => "stands",
        Again::SessionOver => "session over",
        Again::NotEnough => "not enough",
        Again::NotAllowed => "not allowed",
        Again::Unknown(_) => "unknown",
    }
}

#[tokio::test]
async fn a_stream_goes_on_as_long_as_a_request_like_it_would_be_let_through() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let session = house.sign_in(&anna).await.present;
    let table = [
        ("/", 0, "stands"),
        ("/", 29, "stands"),
        ("/", 31, "session over"),
        ("/payments/", 0, "not enough"),
        ("/nobodys/", 0, "not allowed"),
        ("/inside/", 0, "not allowed"),
        ("/editors/", 0, "stands"),
        // The proofs are older than five minutes.
        ("/fresh/", 4, "stands"),
        ("/fresh/", 6, "not enough"),
        ("/.scoregate/next", 0, "not allowed"),
        ("/a/../b", 0, "not allowed"),
    ];
    for (target, after, expected) in table {
        let now = NOW.after(minutes(after));
        let seen = again(&house, &running(&session, target), now).await;
        assert_eq!(seen, expected, "{target} after {after} minutes");
    }
    let elsewhere = Standing { host: "gone.example.org".into(), ..running(&session, "/") };
    assert_eq!(again(&house, &elsewhere, NOW).await, "not allowed");
}

#[tokio::test]
async fn what_is_used_goes_on_until_the_session_is_too_old() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let session = house.begin(&anna, HOST).await.present;
    let standing = running(&session, "/basic/");
    // Twelve hours is what a session lasts; a password lasts as long as the session.
    for quarter in 1..48 {
        let now = NOW.after(minutes(15 * quarter));
        assert_eq!(again(&house, &standing, now).await, "stands", "{quarter}");
        session.is_used(now);
    }
    let over = NOW.after(minutes(12 * 60));
    assert_eq!(again(&house, &standing, over).await, "session over");
}

#[tokio::test]
async fn it_is_due_no_later_than_the_answer_can_change() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let session = house.sign_in(&anna).await.present;
    for target in ["/", "/fresh/", "/basic/"] {
        let standing = running(&session, target);
        let judged = house.gate.judge_again(&standing, &house.snapshot, NOW).await;
        let Again::Stands { until, .. } = judged else { panic!("{judged:?}") };
        let before = until.before(std::time::Duration::from_millis(1));
        assert_eq!(again(&house, &standing, before).await, "stands", "{target}");
        assert_ne!(again(&house, &standing, until).await, "stands", "{target}");
    }
}

#[tokio::test]
async fn changed_settings_roles_and_withdrawals_count_and_a_rise_ends_nothing() {
    let mut house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let begun = house.begin(&anna, HOST).await.present;
    let old = running(&begun, "/basic/");
    assert!(!begun.is_outdated());
    let proof = proof_of(&anna, Method::Email, NOW);
    house.sessions.rise(&begun, proof, NOW).await.unwrap();
    assert!(begun.is_outdated());
    assert_eq!(again(&house, &old, NOW).await, "stands");
    // What the older name may not show to a new request, the session has shown all the same.
    assert_eq!(again(&house, &running(&begun, "/"), NOW).await, "stands");
    house.set(Method::Email, 0, Lifetime::Session);
    assert_eq!(again(&house, &running(&begun, "/"), NOW).await, "not enough");
    house.set(Method::Email, 10, Lifetime::Session);
    let editors = running(&begun, "/editors/");
    assert_eq!(again(&house, &editors, NOW).await, "stands");
    house.store.set_user_roles(&anna.user.id, &BTreeSet::new()).await.unwrap();
    house.sessions.user_changed(&anna.user.id);
    assert_eq!(again(&house, &editors, NOW).await, "not allowed");
    assert_eq!(again(&house, &old, NOW).await, "stands");
    let hold = house.sessions.hold(&anna.user.id);
    assert_eq!(again(&house, &old, NOW).await, "unknown");
    hold.release();
    assert_eq!(again(&house, &old, NOW).await, "stands");
    house.sessions.user_changed(&anna.user.id);
    house.store.fail(&["load_user"]);
    assert_eq!(again(&house, &old, NOW).await, "unknown");
    house.store.mend();
    house.sessions.end(begun.key(), NOW).await.unwrap();
    assert_eq!(again(&house, &old, NOW).await, "session over");
}
