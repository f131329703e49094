//! What somebody gains who says that a request is only a browser's question before a call.

use super::*;

const APP: Option<&str> = Some("https://app.example.org");

#[tokio::test]
async fn a_question_before_a_call_passes_for_an_allowed_origin_and_names_nobody() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let name = house.sign_in(&anna).await.name;
    let evil = Some("https://evil.test");
    let table = [
        (HOST, "/api", APP, "forward 0"),
        (HOST, "/api", Some("HTTPS://APP.example.org"), "forward 0"),
        (HOST, "/payments/", APP, "forward 0"),
        (HOST, "/api", None, "step up 0"),
        (HOST, "/api", evil, "step up 0"),
        (HOST, "/api", Some("https://app.example.org.evil.test"), "step up 0"),
        (HOST, "/api", Some("*"), "step up 0"),
        (HOST, "/api", Some("null"), "step up 0"),
        // Networks are asked of the question as well, and the road to our own pages is not a portal's.
        (HOST, "/inside/", APP, "forbid Network"),
        (HOST, "/.scoregate/me", APP, "own page"),
        ("shop.example.org", "/api", APP, "step up 0"),
    ];
    for (host, target, preflight, expected) in table {
        let call = Call { host, method: "OPTIONS", preflight, ..Call::get(target) };
        let admission = house.admit(&call).await;
        assert_eq!(outcome(&admission), expected, "{target} {preflight:?}");
        // Even with a cookie: no browser sends one, so whoever it is gets nothing of its session.
        if let Admission::Forward(passage) = house.admit(&call.by(name)).await {
            let is_nobody =
                passage.arrival.session.is_none() && passage.identity.headers.is_empty();
            assert!(is_nobody || !passage.is_preflight, "{target}");
        }
    }
}

#[tokio::test]
async fn an_administrators_door_lets_no_question_through() {
    let house = House::new().await;
    for target in ["/", "/kept", "/directories"] {
        let incoming = Incoming {
            door: Door::Administrators,
            host: b"localhost",
            method: "OPTIONS",
            target: target.as_bytes(),
            cookies: &[],
            address: Some("127.0.0.1".parse().unwrap()),
            upgrade: false,
            preflight: APP,
        };
        let admission = house.gate.admit(incoming, &house.snapshot, NOW).await;
        assert!(matches!(admission, Admission::StepUp(..)), "{target}: {admission:?}");
    }
}
