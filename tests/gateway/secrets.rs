//! After everything that people do, nothing secret is in what operators read and send to others: logs,
//! audit, metrics, lists. Not here: the same for single types (`secret`, `audit`).

use std::fs;

use super::person::{Person, code_after};
use super::world::{World, password_of};

/// What was typed, shown once, or sent as a cookie or a hidden field.
#[derive(Debug, Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn note(&mut self, what: &'static str, value: &str) {
        assert!(value.len() >= 6, "{what} is too short to be looked for: {value:?}");
        self.0.push((what, value.to_owned()));
    }

    /// All cookies, and the hidden fields of the page.
    fn note_all_of(&mut self, person: &Person) {
        for value in person.jar.values() {
            self.note("a cookie", value);
            // Parts that would do as well as the whole.
            value.split('.').skip(2).for_each(|part| self.note("part of a cookie", part));
        }
        for field in ["csrf", "tx"] {
            match person.page.field(field) {
                none if none.is_empty() => {}
                value => self.note("a hidden field", &value),
            }
        }
    }

    fn found_in(&self, text: &str) -> Vec<&'static str> {
        self.0.iter().filter(|(_, value)| text.contains(&**value)).map(|(what, _)| *what).collect()
    }
}

#[test]
fn nothing_secret_is_in_logs_audit_metrics_and_lists() {
    let mut world = World::prepare();
    world.write_config(
        &world.config().replace("level = \"info\"", "level = \"warn,scoregate=trace\""),
    );
    world.run();
    let mut secrets = Secrets::default();
    let link = world.add_invited("bob");
    secrets.note("a link", link.rsplit('/').next().unwrap());
    secrets.note("a password", &password_of("bob"));
    let mut setting_up = Person::new(&world);
    setting_up.open(&link);
    secrets.note_all_of(&setting_up);
    let mut app = setting_up.set_up(&link, "bob");
    secrets.note("the secret of an app", &app.text);
    let mut bob = Person::new(&world);
    bob.open("/admin?token=in-the-query-7f3a");
    secrets.note("a query", "in-the-query-7f3a");
    secrets.note_all_of(&bob);
    bob.sign_in("bob", "a wrong password of bob");
    secrets.note("a wrong password", "a wrong password of bob");
    // Typed into the wrong field, as happens.
    bob.sign_in("secret-as-a-name", "x");
    secrets.note("a password as a name", "secret-as-a-name");
    bob.sign_in("bob", &password_of("bob"));
    secrets.note_all_of(&bob);
    bob.choose("email");
    let code = code_after(&world, "bob", 0);
    secrets.note("a code", &format!("\"{code}\""));
    secrets.note("a code", &format!("code={code}"));
    bob.fill(&[("code", &code)]);
    secrets.note_all_of(&bob);
    bob.choose("totp");
    bob.fill(&[("code", &app.code())]);
    assert_eq!(bob.page.status(), 200, "{}", bob.page.words());
    secrets.note_all_of(&bob);
    bob.get("/.scoregate/link/a-link-that-nobody-made");
    let forged = bob.session().replace("v1.", "v1.forged");
    bob.send(
        "GET",
        "/",
        &format!("Cookie: {forged}\r\nAuthorization: Bearer of-a-portal-9d2c\r\n"),
        "",
    );
    secrets.note("a header", "of-a-portal-9d2c");
    bob.open("/.scoregate/sign-out");
    bob.fill(&[]);
    let lists = [
        "user list --json",
        "user show bob --json",
        "session list --json",
        "status --json",
        "config show",
    ]
    .map(|line| world.operate(&line.split(' ').collect::<Vec<_>>()));
    let metrics = world.ops("/metrics").1;
    // Everything is written when the gateway has stopped.
    world.stop();
    for (what, text) in [
        ("the log", world.log()),
        ("the audit", world.audit()),
        ("metrics", metrics),
        ("lists", lists.join("\n")),
    ] {
        assert!(text.len() > 100, "{what} is empty");
        let lines: Vec<&str> =
            text.lines().filter(|line| !secrets.found_in(line).is_empty()).collect();
        assert!(
            secrets.found_in(&text).is_empty(),
            "{what}: {:?}\n{}",
            secrets.found_in(&text),
            lines.join("\n")
        );
    }
    for event in ["sign_in.succeeded", "sign_in.failed", "code.sent", "method.added", "sign_out"] {
        assert!(world.audit().contains(event), "{event} is not in the audit");
    }
}

#[test]
fn the_database_holds_no_secret_and_no_address_in_the_clear() {
    let mut world = World::prepare();
    world.run();
    let link = world.add_invited("bob");
    let app = Person::new(&world).set_up(&link, "bob");
    let mut bob = Person::new(&world);
    bob.sign_in_with_mail(&world, "bob");
    let mut secrets = Secrets::default();
    secrets.note("a link", link.rsplit('/').next().unwrap());
    secrets.note("a password", &password_of("bob"));
    secrets.note("the secret of an app", &app.text);
    secrets.note("an address", "bob@mail.example.net");
    secrets.note_all_of(&bob);
    world.stop();
    let database = fs::read(world.path("store/scoregate.db")).unwrap();
    let text = String::from_utf8_lossy(&database);
    assert!(text.contains("bob"), "the database is somewhere else");
    assert_eq!(secrets.found_in(&text), Vec::<&str>::new());
    assert!(memchr::memmem::find(&database, &app.secret).is_none());
}
