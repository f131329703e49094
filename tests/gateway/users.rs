//! The administrators' pages about users from outside: who is found, what each role may do to whom, and what
//! it does to their sessions. Not here: finding in a store (its contract), and looks (the browser tests).

use super::admin::{administrator, signed_in};
use super::person::{Person, encoded};
use super::world::{World, email_of, link_path, password_of, wait_for};

/// The address of a user's page, found as an administrator finds it.
fn page_of(person: &mut Person, name: &str) -> String {
    let html = person.open(&format!("/users?directory=staff&q={name}")).response.text();
    let links = html.split("href=\"/users/").skip(1);
    let mut ids = links.map(|rest| rest.split('"').next().unwrap());
    let id = ids.find(|id| !id.starts_with("new"));
    format!("/users/{}", id.unwrap_or_else(|| panic!("no {name}: {html}")))
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

/// Of somebody who has no form of their own: they take the one of signing out.
fn token_of(person: &mut Person) -> String {
    person.open("/.scoregate/sign-out").field("csrf")
}

#[test]
fn what_is_done_to_a_user_holds_for_their_sessions_at_the_next_click_and_is_in_the_audit() {
    let world = World::with_users(&["erik"]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let page = page_of(&mut olga, "erik");
    let mut erik = Person::new(&world);
    erik.sign_in_with_mail(&world, "erik");
    assert_eq!(erik.get("/").status, 200);
    assert!(olga.open(&page).words().contains("Ends 1 session at once"), "{}", olga.page.words());

    // The mailbox is what erik had shown beside the password.
    olga.fill_form("/email", &[("address", "erik@elsewhere.example.net")]);
    assert!(olga.page.words().contains("Changed."), "{}", olga.page.words());
    assert_eq!(erik.get("/").status, 303, "30 is asked of what is 20 now");
    let text = wait_for("the old address is told", || {
        let told = world.messages_to("erik");
        let text = told.last()?["text"].as_str()?.to_owned();
        text.contains("replaced an address of your account").then_some(text)
    });
    assert!(!text.contains("elsewhere"), "{text}");

    olga.open(&page);
    olga.fill_form("/disable", &[]);
    assert!(olga.page.words().contains("Disabled, and signed out everywhere"));
    let mut again = Person::new(&world);
    again.sign_in("erik", &password_of("erik"));
    assert_ne!(again.get("/").status, 200);
    olga.fill_form("/enable", &[]);
    olga.fill_form("/roles", &[("grant", "finance")]);
    assert!(olga.page.words().contains("finance"), "{}", olga.page.words());
    olga.fill_form("/unlock", &[]);
    assert!(olga.page.words().contains("Unlocked."), "{}", olga.page.words());
    let audit = wait_for("the audit is written", || {
        let audit = world.audit();
        audit.contains("\"user.unlocked\"").then_some(audit)
    });
    for event in
        ["contact.changed", "user.disabled", "user.enabled", "role.granted", "user.unlocked"]
    {
        let line = audit.lines().rev().find(|line| line.contains(&format!("\"{event}\"")));
        let line = line.unwrap_or_else(|| panic!("no {event}: {audit}"));
        assert!(line.contains("\"actor\":{\"kind\":\"user\""), "{line}");
    }
    for bad in ["Finance", "scoregate_god"] {
        olga.open(&page);
        olga.fill_form("/roles", &[("grant", bad)]);
        assert_eq!(olga.page.status(), 400, "{bad}");
        assert!(olga.page.words().contains(bad), "{}", olga.page.words());
    }
    olga.open(&page);
    olga.fill_form("/phone", &[("address", "0612345678")]);
    assert_eq!(olga.page.status(), 400);
    assert!(olga.page.words().contains("country code"), "{}", olga.page.words());
}

#[test]
fn a_set_up_mail_reaches_the_mailbox_alone_and_sets_the_account_up() {
    let world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    olga.open("/users/new");
    let email = email_of("fenna");
    let typed = [("name", "fenna"), ("directory", "staff"), ("email", &*email), ("how", "mail")];
    olga.fill_form("/users/new", &typed);
    assert!(olga.page.words().contains("on its way to their mailbox"), "{}", olga.page.words());
    assert!(!olga.page.response.text().contains("/.scoregate/link/"));
    let first = mailed_link(&world, "fenna", "");
    olga.fill_form("/mail", &[]);
    assert!(olga.page.words().contains("Sent."), "{}", olga.page.words());
    let second = mailed_link(&world, "fenna", &first);
    let mut fenna = Person::new(&world);
    assert_ne!(fenna.open(&first).status(), 200, "a new link ends the one before");
    fenna.set_up(&second, "fenna");
    let mut fenna = Person::new(&world);
    fenna.sign_in_with_mail(&world, "fenna");
    assert_eq!(fenna.get("/").status, 200);
    // Typed wrongly, nothing is lost and nobody is made.
    for (field, value, told) in [
        ("name", "no name", "This is no username"),
        ("name", "fenna", "There is a user"),
        ("email", "x@", "This is no e-mail address"),
        ("email", "", "Type an e-mail address"),
        ("roles", "scoregate_god", "no role of the gateway"),
    ] {
        olga.open("/users/new");
        let mut typed = vec![("name", "gijs"), ("directory", "staff"), ("email", "g@example.net")];
        typed.push(("called", "Gijs van Dam"));
        typed.retain(|(known, _)| *known != field);
        typed.push((field, value));
        olga.fill_form("/users/new", &typed);
        assert_eq!(olga.page.status(), 400, "{field} {value}");
        assert!(olga.page.words().contains(told), "{told}: {}", olga.page.words());
        assert!(olga.page.response.text().contains("value=\"Gijs van Dam\""));
    }
    assert!(olga.open("/users?q=gijs").words().contains("Nobody is here"));
    // Shown once, where the administrator chooses so.
    olga.open("/users/new");
    olga.fill_form("/users/new", &[("name", "gijs"), ("directory", "staff"), ("how", "link")]);
    assert_eq!(olga.page.status(), 200);
    assert!(olga.page.response.text().contains("/.scoregate/link/"), "{}", olga.page.words());
}

/// The newest link in a mailbox, once it is another than this.
fn mailed_link(world: &World, name: &str, before: &str) -> String {
    wait_for("a link arrives", || {
        let messages = world.messages_to(name);
        let text = messages.last()?["text"].as_str()?;
        let link = link_path(text.lines().find(|line| line.contains("/link/"))?);
        (link != before).then_some(link)
    })
}

#[test]
fn each_role_does_to_users_what_the_matrix_says_by_every_form() {
    let world = World::with_users(&["erik"]);
    let roles = ["scoregate_owner", "scoregate_users", "scoregate_helpdesk", "scoregate_auditor"];
    let email = email_of("erik");
    // The form, whose it is, and its field with what is typed; none where there is none.
    let forms = [
        ("mail", "ouh", "", ""),
        ("unlock", "ouh", "", ""),
        ("link", "ou", "", ""),
        ("email", "ou", "address", email.as_str()),
        ("phone", "ou", "address", ""),
        ("roles", "ou", "grant", "finance"),
        ("sign-out", "ou", "", ""),
        ("disable", "ou", "", ""),
        ("enable", "ou", "", ""),
    ];
    for (role, letter) in roles.into_iter().zip("ouha".chars()) {
        let name = role.trim_start_matches("scoregate_");
        let mut person = signed_in(&world, name, role);
        let erik = page_of(&mut person, "erik");
        let admin = page_of(&mut person, "admin");
        let token = token_of(&mut person);
        let mut post = |to: String, fields: &[(&str, &str)]| {
            let hidden = [("csrf".to_owned(), token.clone())];
            person.post(&to, &encoded(&hidden, fields)).status
        };
        for (form, who, field, typed) in forms {
            let fields: Vec<_> =
                (!field.is_empty()).then_some((field, typed)).into_iter().collect();
            let done = post(format!("{erik}/{form}"), &fields);
            let allowed = who.contains(letter);
            let expected = if allowed { [200, 303] } else { [403, 403] };
            assert!(expected.contains(&done), "{role} {form}: {done}");
            // `admin` is an owner: whoever is none gets nothing done, and no link to see.
            if letter != 'o' {
                let refused = post(format!("{admin}/{form}"), &fields);
                assert!([400, 403].contains(&refused), "{role} {form} on an owner: {refused}");
            }
        }
        let new = [("name", "newcomer"), ("directory", "staff"), ("how", "link")];
        let raised = [new[0], new[1], new[2], ("roles", "scoregate_owner")];
        if letter != 'o' {
            let refused = post("/users/new".to_owned(), &raised);
            assert!([400, 403].contains(&refused), "{role}: {refused}");
            let own = page_of(&mut person, name);
            let hidden = [("csrf".to_owned(), token.clone())];
            let grant = encoded(&hidden, &[("grant", "scoregate_owner")]);
            let refused = person.post(&format!("{own}/roles"), &grant).status;
            assert!([400, 403].contains(&refused), "{role} raises themselves: {refused}");
        }
    }
    let owners = world.operate(&["user", "list", "--json"]);
    let owners = owners.matches("scoregate_owner").count();
    assert_eq!(owners, 2, "the first one and the one of this test");
}
