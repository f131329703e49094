//! The gate as a whole, without a socket: what is admitted, what is not, and what is asked on the way.

pub(crate) mod house;
mod preflight;
mod standing;

use super::*;
use crate::points::{Method, Network, Role};
use house::{Call, HOST, House, NOW, minutes};

/// In one word.
fn outcome(admission: &Admission) -> String {
    match admission {
        Admission::Forward(passage) => format!("forward {}", passage.grant.score().value()),
        Admission::OwnPage(_) => "own page".to_owned(),
        Admission::StepUp(_, shortfall) => format!("step up {}", shortfall.have.value()),
        Admission::Forbid(_, reason) => format!("forbid {reason:?}"),
        Admission::Refuse(refusal) => format!("refuse {refusal:?}"),
        Admission::Unsendable(..) => "unsendable".to_owned(),
        Admission::Unavailable(..) => "unavailable".to_owned(),
    }
}

#[tokio::test]
async fn each_address_opens_to_whom_it_asks_for_and_to_nobody_else() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let carl = house.user("customers", "carl").await;
    let both = house.sign_in(&anna).await.name;
    let password = house.begin(&anna, HOST).await.name;
    let stranger = house.begin(&carl, HOST).await.name;
    let table = [
        ("/", None, "step up 0"),
        ("/", Some(password), "step up 20"),
        ("/", Some(both), "forward 30"),
        ("/", Some(stranger), "forbid Directory"),
        ("/open/x", None, "forward 0"),
        ("/open/x", Some(both), "forward 0"),
        ("/open", Some(stranger), "forward 0"),
        ("/basic/", Some(password), "forward 20"),
        ("/payments/", Some(both), "step up 30"),
        ("/PAYMENTS/", Some(both), "step up 30"),
        ("/open/../payments/", Some(both), "refuse BadTarget(DotSegment)"),
        ("/editors/", Some(both), "forward 30"),
        ("/editors/", None, "step up 0"),
        ("/nobodys/", Some(both), "forbid Role"),
        ("/nobodys/", None, "step up 0"),
        ("/inside/", Some(both), "forbid Network"),
        ("/inside/", None, "forbid Network"),
        ("/.scoregate/next", None, "own page"),
        ("/.scoregate/anything", Some(both), "own page"),
        ("/.SCOREGATE/next", Some(both), "refuse BadTarget(OwnPages)"),
    ];
    for (target, name, expected) in table {
        let call = Call { name, ..Call::get(target) };
        let seen = outcome(&house.admit(&call).await);
        let is_same = seen == expected
            // Why a target is bad is told by the tests of `routes`.
            || expected.starts_with("refuse BadTarget") && seen.starts_with("refuse BadTarget");
        assert!(is_same, "{target} {:?}: {seen}", name.is_some());
    }
    let call = Call { address: "10.1.2.3", ..Call::get("/inside/").by(both) };
    assert_eq!(outcome(&house.admit(&call).await), "forward 30");
}

#[tokio::test]
async fn a_host_is_known_by_its_name_and_by_the_ports_that_lead_to_us() {
    let house = House::new().await;
    for (host, expected) in [
        ("portal.example.org", "forward 0"),
        ("PORTAL.example.org", "forward 0"),
        ("portal.example.org:8080", "forward 0"),
        ("portal.example.org:8443", "forward 0"),
        ("portal.example.org:443", "refuse UnknownHost"),
        ("shop.example.org:8443", "refuse UnknownHost"),
        ("example.org", "refuse UnknownHost"),
        ("portal.example.org.evil.test", "refuse UnknownHost"),
        ("portal.example.org:", "refuse BadHost(Port)"),
        ("", "refuse BadHost(Empty)"),
    ] {
        let seen = outcome(&house.admit(&Call { host, ..Call::get("/open/") }).await);
        assert_eq!(seen, expected, "{host}");
    }
}

#[test]
fn a_port_is_no_part_of_a_name_and_a_colon_of_an_address_is_no_port() {
    for (host, port, name) in [
        ("Portal.Example.org", None, "portal.example.org"),
        ("portal.example.org:8443", Some(8443), "portal.example.org"),
        ("[2001:DB8::1]", None, "[2001:db8::1]"),
        ("[2001:db8::1]:8443", Some(8443), "[2001:db8::1]"),
    ] {
        assert_eq!(&*host_name(host.as_bytes(), port), name);
    }
}

#[tokio::test]
async fn while_the_store_is_down_public_routes_and_files_go_on_and_nothing_else_opens() {
    let mut house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let name = house.sign_in(&anna).await.name;
    house.restart();
    house.store.fail(&["find_session", "load_user"]);
    house.store.calls();
    for (target, name, expected) in [
        ("/open/x", Some(name), "forward 0"),
        ("/.scoregate/assets/x.css", Some(name), "own page"),
        ("/.scoregate/sign-in", None, "own page"),
        ("/", None, "step up 0"),
    ] {
        let call = Call { name, ..Call::get(target) };
        assert_eq!(outcome(&house.admit(&call).await), expected, "{target}");
    }
    assert_eq!(house.store.calls(), [""; 0]);
    for target in ["/", "/basic/", "/.scoregate/next", "/.scoregate/assets"] {
        let seen = outcome(&house.admit(&Call::get(target).by(name)).await);
        assert_eq!(seen, "unavailable", "{target}");
    }
    house.store.mend();
    assert_eq!(outcome(&house.admit(&Call::get("/").by(name)).await), "forward 30");
}

#[tokio::test]
async fn an_old_name_reads_what_it_could_read_and_opens_no_stream() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let begun = house.begin(&anna, HOST).await;
    let proof = house::proof_of(&anna, Method::Email, NOW);
    let rise = house.sessions.rise(&begun.present, proof, NOW).await.unwrap();
    let crate::sessions::Rise::Renamed(risen) = rise else { panic!("{rise:?}") };
    for (name, upgrade, target, expected) in [
        (begun.name, false, "/basic/", "forward 20"),
        (begun.name, false, "/", "step up 20"),
        (begun.name, true, "/basic/", "step up 0"),
        (begun.name, true, "/open/", "forward 0"),
        (risen.name, true, "/basic/", "forward 30"),
    ] {
        let call = Call { upgrade, ..Call::get(target).by(name) };
        assert_eq!(outcome(&house.admit(&call).await), expected, "{target} {upgrade}");
    }
}

#[tokio::test]
async fn an_idle_session_is_nobodys_and_the_page_may_say_so() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let name = house.sign_in(&anna).await.name;
    let call = Call::get("/").by(name).at(NOW.after(minutes(31)));
    let Admission::StepUp(arrival, shortfall) = house.admit(&call).await else { panic!() };
    assert!(arrival.was_idle && arrival.session.is_none() && !shortfall.signed_in);
    let call = Call::get("/").at(NOW);
    let Admission::StepUp(arrival, _) = house.admit(&call).await else { panic!() };
    assert!(!arrival.was_idle);
}

#[tokio::test]
async fn nobody_is_told_a_way_before_they_have_shown_who_they_are() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let name = house.begin(&anna, HOST).await.name;
    let Admission::StepUp(_, of_nobody) = house.admit(&Call::get("/")).await else { panic!() };
    assert!(of_nobody.ways.is_empty());
    let Admission::StepUp(_, of_anna) = house.admit(&Call::get("/").by(name)).await else {
        panic!()
    };
    let ways: Vec<Vec<Method>> = of_anna.ways.iter().map(|way| way.methods().collect()).collect();
    assert_eq!(ways, [[Method::Email]]);
}

/// What the portal is told.
fn told(passage: &Passage) -> Vec<(&str, &str)> {
    let headers = passage.identity.headers.iter();
    headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect()
}

#[tokio::test]
async fn the_portal_hears_who_somebody_is_in_headers_that_nothing_can_split() {
    let house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let name = house.sign_in(&anna).await.name;
    let Admission::Forward(passage) = house.admit(&Call::get("/").by(name)).await else { panic!() };
    let headers = told(&passage);
    assert_eq!(
        headers,
        [
            ("x-scoregate-user", "anna"),
            ("x-scoregate-name", "J%C3%B6rg, \"the\" 100%25%0D%0AX-Admin: 1"),
            ("x-scoregate-email", "anna@example.org"),
            ("x-scoregate-roles", "a%2Cb,editor"),
            ("x-scoregate-score", "30"),
            ("x-scoregate-methods", "pwd,email"),
        ]
    );
    let Admission::Forward(passage) = house.admit(&Call::get("/open/").by(name)).await else {
        panic!()
    };
    assert!(passage.identity.headers.is_empty());
}

#[tokio::test]
async fn what_changes_about_a_user_or_a_setting_counts_for_the_next_request() {
    use crate::accounts::AccountStore;
    let mut house = House::new().await;
    let anna = house.user("staff", "anna").await;
    let name = house.sign_in(&anna).await.name;
    let seen =
        async |house: &House, target| outcome(&house.admit(&Call::get(target).by(name)).await);
    assert_eq!(seen(&house, "/editors/").await, "forward 30");
    house.store.set_user_roles(&anna.user.id, &[Role::from("reader")].into()).await.unwrap();
    house.sessions.user_changed(&anna.user.id);
    assert_eq!(seen(&house, "/editors/").await, "forbid Role");

    let lifetime = crate::points::Lifetime::Session;
    let before = house.snapshot.clone();
    house.set(Method::Email, 5, lifetime);
    assert_eq!(seen(&house, "/").await, "step up 25");
    // A request decides with the snapshot that it was given, to the end.
    let Admission::StepUp(arrival, _) = house.admit(&Call::get("/").by(name)).await else {
        panic!()
    };
    assert!(Arc::ptr_eq(&arrival.snapshot, &house.snapshot));
    assert!(!Arc::ptr_eq(&arrival.snapshot, &before));
    house.set(Method::Password, 0, lifetime);
    assert_eq!(seen(&house, "/").await, "step up 0");
}

#[tokio::test]
async fn an_assertion_is_signed_once_for_half_its_life_and_anew_when_it_would_say_something_else() {
    use crate::accounts::AccountStore;
    let mut house = House::new().await;
    house.with_assertions();
    let anna = house.user("staff", "anna").await;
    let name = house.sign_in(&anna).await.name;
    let signed = async |house: &House, target, seconds| {
        let now = NOW.after(std::time::Duration::from_secs(seconds));
        let admission = house.admit(&Call::get(target).by(name).at(now)).await;
        let Admission::Forward(passage) = admission else { panic!("{admission:?}") };
        let told = told(&passage);
        told.iter()
            .find(|(name, _)| *name == "x-scoregate-jwt")
            .map(|(_, value)| (*value).to_owned())
    };
    let first = signed(&house, "/", 0).await;
    assert!(first.is_some());
    assert_eq!(signed(&house, "/", 29).await, first);
    assert_ne!(signed(&house, "/", 31).await, first);
    let basic = signed(&house, "/basic/", 31).await;
    assert_ne!(basic, signed(&house, "/", 31).await, "another rule");
    house.store.set_user_roles(&anna.user.id, &[Role::from("reader")].into()).await.unwrap();
    house.sessions.user_changed(&anna.user.id);
    assert_ne!(signed(&house, "/basic/", 31).await, basic, "another role");
    assert_eq!(signed(&house, "/open/", 31).await, None, "nobody is named here");
}

#[tokio::test]
async fn an_upstream_that_has_not_changed_is_the_same_one_in_the_next_snapshot() {
    let keys = House::new().await.keys;
    let with = |read_timeout| {
        let mut config = house::config();
        let upstream = config.upstreams.values_mut().next().unwrap();
        upstream.read_timeout = std::time::Duration::from_secs(read_timeout);
        house::snapshot_of(config, keys.clone())
    };
    let before = with(7);
    let name = before.upstreams.keys().next().unwrap().clone();
    for (read_timeout, is_same) in [(7, true), (8, false)] {
        let after = with(read_timeout).keeping_upstreams_of(&before);
        let (one, other) = (&after.upstreams[&name], &before.upstreams[&name]);
        assert_eq!(Arc::ptr_eq(one, other), is_same, "{read_timeout}");
        assert_eq!(one.read_timeout.as_secs(), read_timeout);
    }
}

/// Behind a proxy that ends TLS the outside is `https`, on a port that only the configuration can say.
#[tokio::test]
async fn links_lead_to_where_people_come_in_and_not_to_where_a_proxy_does() {
    let keys = House::new().await.keys;
    let own_pages = |trusted: &[&str], public_port| {
        let mut config = house::config();
        let trusted = trusted.iter().map(|text| Network::new(text.parse().unwrap(), 32).unwrap());
        config.listen.http.as_mut().unwrap().in_front.trusted = trusted.collect();
        for route in &mut config.routes {
            route.public_port = public_port;
        }
        house::snapshot_of(config, keys.clone()).own_pages(HOST)
    };
    let table = [
        (&["127.0.0.1"][..], None, format!("https://{HOST}/.scoregate/")),
        (&["127.0.0.1"], Some(8443), format!("https://{HOST}:8443/.scoregate/")),
        (&[], None, format!("http://{HOST}:8080/.scoregate/")),
        (&[], Some(80), format!("http://{HOST}/.scoregate/")),
    ];
    for (trusted, public_port, expected) in table {
        assert_eq!(own_pages(trusted, public_port), expected, "{trusted:?} {public_port:?}");
    }
}

#[tokio::test]
async fn a_host_under_a_star_is_reached_on_the_port_of_its_route() {
    let keys = House::new().await.keys;
    let mut config = house::config();
    config.routes.iter_mut().find(|route| route.host == HOST).unwrap().host =
        "*.apps.example.org".to_owned();
    let snapshot = house::snapshot_of(config, keys);
    assert_eq!(snapshot.origin("a.apps.example.org"), "http://a.apps.example.org:8443");
    assert_eq!(snapshot.origin("b.elsewhere.example.org"), "http://b.elsewhere.example.org:8080");
}
