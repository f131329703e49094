//! A remembered device in front of the real gateway: asked for at the code, used, listed, forgotten. Not
//! here: what each odd copy of its cookie is worth (`journey::tests::remembered`).

use super::person::{Person, code_after};
use super::world::{World, password_of};

const COOKIE: &str = "__Host-scoregate-remembered";

/// Signs in with a code by mail, with the box ticked or not.
fn with_mail(anna: &mut Person, world: &World, remember: bool) {
    let before = world.codes_to("anna").len();
    anna.sign_in("anna", &password_of("anna"));
    anna.choose("email");
    let code = code_after(world, "anna", before);
    let ticked: &[(&str, &str)] = if remember { &[("remember", "1")] } else { &[] };
    anna.fill(&[&[("code", code.as_str())], ticked].concat());
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/"), "{}", anna.page.words());
}

fn sign_out(anna: &mut Person) {
    anna.open("/.scoregate/sign-out");
    anna.fill_form("sign-out", &[]);
    anna.open("/");
    assert_eq!(anna.page.path(), "/.scoregate/sign-in");
}

#[test]
fn a_device_that_is_remembered_asks_for_the_password_alone_until_it_is_forgotten() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    with_mail(&mut anna, &world, false);
    assert!(!anna.jar.contains_key(COOKIE), "nobody asked for it");
    sign_out(&mut anna);
    with_mail(&mut anna, &world, true);
    let first = anna.jar[COOKIE].clone();
    sign_out(&mut anna);
    anna.sign_in("anna", &password_of("anna"));
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/"), "{}", anna.page.words());
    assert_ne!(anna.jar[COOKIE], first, "another value at each use");
    assert_eq!(world.codes_to("anna").len(), 2, "and no code was sent");
    let arrived = world.upstream.arrived();
    let last = arrived.last().unwrap();
    assert_eq!(last.value("x-scoregate-score"), Some("30"));
    assert_eq!(last.value("cookie"), None, "the portal sees none of our cookies");
    // Where more is asked than the directory's level, it is not enough.
    anna.open("/admin");
    assert_ne!((anna.page.status(), anna.page.path()), (200, "/admin"));

    anna.open("/.scoregate/me/devices");
    assert!(anna.page.words().contains("Remembered devices"), "{}", anna.page.words());
    anna.fill_form("me/devices", &[]);
    // This session leaned on it: the second step is asked for at once.
    assert_ne!(anna.page.path(), "/.scoregate/me/devices", "{}", anna.page.words());
    anna.open("/");
    assert_ne!((anna.page.status(), anna.page.path()), (200, "/"), "at the next request");
    sign_out(&mut anna);
    anna.sign_in("anna", &password_of("anna"));
    assert_eq!(anna.page.path(), "/.scoregate/code/email", "{}", anna.page.words());
}

#[test]
fn the_proxy_keeps_every_cookie_of_ours_from_portals() {
    let mut removed = scoregate::proxy::OWN_COOKIES;
    let mut ours = scoregate::sessions::cookies::ALL;
    removed.sort_unstable();
    ours.sort_unstable();
    assert_eq!(removed, ours);
}
