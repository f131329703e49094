//! The administrators' portal from outside: who gets in by which door, and what each role may do. Not
//! here: what a preview says (unit tests of `settings`), and looks (the browser tests).

use super::person::Person;
use super::wire::Road;
use super::world::{HOST, World, email_of, password_of};

/// A host of the administrators' own listener.
const ADMIN: &str = "127.0.0.1";

fn administrator(world: &World) -> Person {
    Person { host: ADMIN.to_owned(), ..Person::on(Road::Plain(world.running().admin)) }
}

/// An account with these roles that has a password, a mailbox and an app; signed in with all three.
fn signed_in(world: &World, name: &str, role: &str) -> Person {
    let email = email_of(name);
    let invite = ["user", "add", name, "--directory", "staff", "--email", &email, "--role", role];
    let link = super::world::link_path(&world.operate(&invite));
    let mut app = Person::new(world).set_up(&link, name);
    let mut person = administrator(world);
    person.open("/directories");
    person.sign_in_with_mail(world, name);
    person.choose("totp");
    person.fill(&[("code", &app.code())]);
    person
}

#[test]
fn the_portal_is_on_its_own_listener_under_names_of_this_machine_and_nowhere_else() {
    let world = World::with_users(&[]);
    for (road, host, status) in [
        (Road::Plain(world.running().admin), "127.0.0.1", 303),
        (Road::Plain(world.running().admin), "localhost:9999", 303),
        (Road::Plain(world.running().admin), "evil.example.org", 421),
        (Road::Plain(world.running().admin), HOST, 421),
        (Road::Plain(world.running().http), "127.0.0.1", 421),
        (Road::Plain(world.running().http), "localhost", 421),
        (world.tls(), "localhost", 421),
    ] {
        let mut person = Person { host: host.to_owned(), ..Person::on(road) };
        assert_eq!(person.get("/directories").status, status, "{host}");
    }
    let mut person = Person::new(&world);
    assert_ne!(person.get("/directories").status, 200, "a portal's path is the portal's");
}

#[test]
fn thirty_points_are_not_enough_and_forty_are() {
    let world = World::with_users(&[]);
    let mut person = signed_in(&world, "olga", "scoregate_owner");
    assert_eq!((person.page.status(), person.page.path()), (200, "/directories"));
    assert!(person.page.words().contains("staff"), "{}", person.page.words());
    let mut thirty = administrator(&world);
    thirty.open("/directories");
    thirty.sign_in_with_mail(&world, "olga");
    assert_ne!(thirty.page.path(), "/directories", "{}", thirty.page.words());
    assert_eq!(person.get("/no-such-page").status, 404);
    assert_eq!(person.get("/").status, 303);
}

#[test]
fn whoever_has_no_gateway_role_is_turned_away_and_told_nothing_of_what_is_inside() {
    let world = World::with_users(&["erik"]);
    let mut person = administrator(&world);
    person.open("/directories");
    person.sign_in("erik", &password_of("erik"));
    assert_eq!(person.page.status(), 403, "{}", person.page.words());
    assert!(!person.page.words().contains("staff"), "{}", person.page.words());
    assert_ne!(person.get("/directories").status, 200);
}

#[test]
fn a_script_of_another_page_gets_no_page() {
    let world = World::with_users(&[]);
    let mut person = signed_in(&world, "olga", "scoregate_owner");
    for fields in [
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n",
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n",
        "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
    ] {
        let answer = person.send("GET", "/directories", fields, "");
        assert_eq!(answer.status, 403, "{fields}");
    }
}
