//! What people go through in front of the real gateway, page by page and form by form.

use super::person::{Person, Sessions};
use super::world::World;

#[test]
fn a_password_and_a_code_by_mail_reach_the_portal_where_the_person_wanted_to_go() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.open("/reports/2026?sort=-date&q=a%20b");
    assert_eq!(anna.page.path(), "/.scoregate/sign-in");
    assert_eq!(world.upstream.count(), 0);
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!(
        (anna.page.status(), &*anna.page.address),
        (200, "/reports/2026?sort=-date&q=a%20b")
    );
    let arrived = world.upstream.arrived();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].target(), "/reports/2026?sort=-date&q=a%20b");
    for (name, value) in [
        ("x-scoregate-user", Some("anna")),
        ("x-scoregate-email", Some("anna@mail.example.net")),
        ("x-scoregate-score", Some("30")),
        ("x-scoregate-name", None),
        ("x-scoregate-roles", None),
        ("cookie", None),
    ] {
        assert_eq!(arrived[0].value(name), value, "{name}");
    }
}

#[test]
fn sessions_of_every_score_open_what_they_reach_and_nothing_more() {
    let world = World::with_users(&[]);
    let sessions = Sessions::of(&world, "bob");
    let scores = [("20", sessions.twenty), ("30", sessions.thirty), ("40", sessions.forty)];
    for (score, mut person) in scores {
        for (path, level) in [("/public", 0), ("/", 30), ("/admin", 40)] {
            let opens = score.parse::<u16>().unwrap() >= level;
            assert_eq!(person.get(path).status == 200, opens, "{score} points at {path}");
        }
    }
}
