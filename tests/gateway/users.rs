//! The administrators' pages about users from outside: who is found, what each role may do to whom, and what
//! it does to their sessions. Not here: finding in a store (its contract), and looks (the browser tests).

use super::admin::{administrator, signed_in};
use super::person::Person;
use super::world::{World, email_of, password_of};

/// The address of a user's page, found as an administrator finds it.
fn page_of(person: &mut Person, name: &str) -> String {
    let html = person.open(&format!("/users?directory=staff&q={name}")).response.text();
    let row = html.split("href=\"/users/").nth(1).unwrap_or_else(|| panic!("no {name}: {html}"));
    format!("/users/{}", row.split('"').next().unwrap())
}

#[test]
fn users_are_found_filtered_and_shown_with_what_they_can_open_and_what_is_missing() {
    let mut world = World::prepare();
    let rule = "[route.portal.rule.finance]\npath = \"/finance\"\nroles = [\"finance\"]\n";
    world.write_config(&format!("{}{rule}", world.config()));
    world.run();
    world.add_user("erik");
    world.add_invited("fenna");
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let words = olga.open("/users").words();
    for name in ["erik", "fenna", "olga"] {
        assert!(words.contains(name), "{name}: {words}");
    }
    // The owner that every first start makes is invited as well.
    assert!(words.contains("4 active users, 0 disabled"), "{words}");
    for (address, there, gone) in [
        ("/users?q=eri", "erik", "fenna"),
        (&format!("/users?q={}", email_of("erik").replace('@', "%40")), "erik", "fenna"),
        ("/users?show=cannot", "fenna", "erik"),
        ("/users?show=not-set-up", "fenna", "erik"),
        ("/users?show=never", "fenna", "olga"),
        ("/users?role=scoregate_owner", "olga", "erik"),
    ] {
        let html = olga.open(address).response.text();
        let row = |name: &str| html.contains(&format!("<small class=\"mono\">{name}</small>"));
        assert!(row(there) && !row(gone), "{address}: {html}");
    }
    assert!(olga.open("/users?show=disabled").words().contains("Nobody is here"));
    assert_eq!(olga.open("/users?directory=nowhere").status(), 404);
    assert_eq!(olga.open("/users/no-such-user").status(), 404);
    let erik = page_of(&mut olga, "erik");
    let words = olga.open(&erik).words();
    for part in [
        "Can open 2 of 4 places",
        "portal.example.org/finance",
        "No: a role or a network is missing",
        "portal.example.org/admin",
        "No: what they have is not enough",
        "Yes, it is public",
        "Not signed in anywhere",
        &email_of("erik"),
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let secret = "argon2";
    assert!(!olga.page.response.text().contains(secret));
}

#[test]
fn each_gateway_role_looks_at_users_and_nobody_else_does() {
    let world = World::with_users(&["erik"]);
    for role in ["scoregate_owner", "scoregate_users", "scoregate_helpdesk", "scoregate_auditor"] {
        let name = role.trim_start_matches("scoregate_");
        let mut person = signed_in(&world, name, role);
        let erik = page_of(&mut person, "erik");
        assert_eq!(person.open(&erik).status(), 200, "{role}");
    }
    let mut erik = administrator(&world);
    erik.open("/users");
    erik.sign_in("erik", &password_of("erik"));
    assert_eq!(erik.page.status(), 403, "{}", erik.page.words());
    assert_ne!(erik.get("/users").status, 200);
}
