//! The administrators' portal from outside: who gets in by which door, and what each role may do. Not
//! here: what a preview says (unit tests of `settings`), and looks (the browser tests).

use scoregate::points::Timestamp;
use scoregate::settings::{Added, Chosen, NewRevision, SettingsStore};
use scoregate::store::embedded::Embedded;

use super::person::{Page, Person, encoded};
use super::wire::Road;
use super::world::{HOST, World, email_of, password_of, wait_for};

/// A host of the administrators' own listener.
const ADMIN: &str = "127.0.0.1";

pub(crate) fn administrator(world: &World) -> Person {
    Person { host: ADMIN.to_owned(), ..Person::on(Road::Plain(world.running().admin)) }
}

/// An account with these roles that has a password, a mailbox and an app; signed in with all three.
pub(crate) fn signed_in(world: &World, name: &str, role: &str) -> Person {
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

/// Sends the draft to the dialog, and the dialog with these answers.
fn save(person: &mut Person, draft: &[(&str, &str)], answers: &[(&str, &str)]) -> u16 {
    person.open("/directories/staff/authentication");
    let (_, hidden) = person.page.form_to("/preview");
    let response = person.post("/directories/staff/review", &encoded(&hidden, draft));
    if response.status != 200 {
        person.page = Page { response, address: "/directories/staff/review".to_owned() };
        return person.page.status();
    }
    person.page = Page { response, address: "/directories/staff/review".to_owned() };
    person.fill_form("/save", answers);
    person.page.status()
}

/// All boxes as they are.
const FIRST: [(&str, &str); 2] = [("first_password", "1"), ("first_passkey", "1")];

fn draft<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    FIRST.into_iter().chain(fields.iter().copied()).collect()
}

#[test]
fn a_saved_score_asks_the_next_request_of_every_session_and_survives_a_crash() {
    let mut world = World::with_users(&["erik"]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let mut erik = Person::new(&world);
    erik.sign_in_with_mail(&world, "erik");
    assert_eq!(erik.get("/").status, 200);
    let now = [("when", "now"), ("reason", "a test")];
    // erik has no app, so he loses access, and whoever saves has to say that they know.
    let saved = save(&mut olga, &draft(&[("required_level", "40")]), &now);
    assert_eq!(
        (saved, olga.page.path()),
        (400, "/directories/staff/save"),
        "{}",
        olga.page.words()
    );
    assert_eq!(erik.get("/").status, 200, "nothing was saved");
    let knowing = [("when", "now"), ("reason", "a test"), ("typed_name", "staff")];
    assert_eq!(save(&mut olga, &draft(&[("required_level", "40")]), &knowing), 200);
    assert!(olga.page.words().contains("Saved."), "{}", olga.page.words());
    assert_eq!(erik.get("/").status, 303, "40 is asked of a session that has 30");
    world.kill();
    world.run();
    erik.road = world.tls();
    olga.road = Road::Plain(world.running().admin);
    assert_eq!(erik.get("/").status, 303, "the revision is in the store");
    // Taking it back is a revision as well, and acts as fast.
    assert_eq!(save(&mut olga, &draft(&[("required_level", "30")]), &now), 200);
    assert_eq!(erik.get("/").status, 200);
    let history = olga.open("/directories/staff/history").words();
    assert!(history.contains("Required score 30 → 40") && history.contains("a test"), "{history}");
    let audit = world.audit();
    assert_eq!(audit.matches("\"policy.changed\"").count(), 2, "{audit}");
}

#[test]
fn a_command_goes_back_to_a_revision_with_the_gateway_down_and_up() {
    let mut world = World::with_users(&["erik"]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let answers = [("when", "now"), ("typed_name", "staff")];
    assert_eq!(save(&mut olga, &draft(&[("required_level", "40")]), &answers), 200);
    let mut erik = Person::new(&world);
    erik.sign_in("erik", &password_of("erik"));
    assert_ne!(erik.get("/").status, 200);
    world.stop();
    let down = world.operate(&["recover", "policy", "--directory", "staff", "--to", "0"]);
    assert!(down.contains("files alone decide"), "{down}");
    world.run();
    let mut erik = Person::new(&world);
    erik.sign_in_with_mail(&world, "erik");
    assert_eq!(erik.get("/").status, 200);
    let up = world.operate(&["recover", "policy", "--directory", "staff", "--to", "1"]);
    assert!(up.contains("revision 2"), "{up}");
    assert_eq!(erik.get("/").status, 303, "a running gateway is told at once");
    let none = world.command(&["recover", "policy", "--directory", "staff", "--to", "77"], "");
    assert_eq!(none.code, Some(1), "{none:?}");
    assert!(none.err.contains("no revision 77"), "{none:?}");
}

#[test]
fn what_a_file_sets_is_locked_with_its_place_and_bad_points_are_told_what_to_do() {
    let mut world = World::prepare();
    let config = world
        .config()
        .replace("[directory.staff]\n", "[directory.staff]\nauthentication.required_level = 30\n");
    world.write_config(&config);
    world.run();
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let words = olga.open("/directories/staff/authentication").words();
    assert!(words.contains("scoregate.toml:"), "{words}");
    let locked = save(&mut olga, &draft(&[("required_level", "40")]), &[]);
    assert_eq!(locked, 400);
    assert!(olga.page.words().contains("cannot be changed here"), "{}", olga.page.words());
    for points in ["-1", "1.5", "\"20\"", "2147483648"] {
        assert_eq!(save(&mut olga, &draft(&[("points_email", points)]), &[]), 400, "{points}");
        let words = olga.page.words();
        assert!(words.contains("is not a whole number from 0 to 1000"), "{points}: {words}");
    }
    let nothing = [("points_password", "0"), ("points_passkey", "0")];
    let nobody = save(&mut olga, &draft(&nothing), &[]);
    assert_eq!(nobody, 400);
    assert!(olga.page.words().contains("Nobody can reach this score"), "{}", olga.page.words());
}

#[test]
fn two_administrators_at_once_are_both_shown_and_nothing_is_lost() {
    let world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let mut piet = signed_in(&world, "piet", "scoregate_owner");
    piet.open("/directories/staff/authentication");
    let (_, opened_before) = piet.page.form_to("/preview");
    let saved = save(&mut olga, &draft(&[("points_email", "15")]), &[("when", "now")]);
    assert_eq!(saved, 200, "{}", olga.page.words());
    let fields = draft(&[("points_email", "12"), ("when", "now")]);
    let response = piet.post("/directories/staff/save", &encoded(&opened_before, &fields));
    assert_eq!(response.status, 400);
    let text = response.text();
    assert!(text.contains("olga changed this") && text.contains("10 → 15"), "{text}");
    assert!(text.contains("value=\"12\""), "what was typed is still there: {text}");
}

#[test]
fn a_schedule_in_the_past_is_told_and_one_in_the_future_waits_and_can_be_called_off() {
    let world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let change = draft(&[("points_email", "15")]);
    let past = save(&mut olga, &change, &[("when", "later"), ("starts_at", "2020-01-01T10:00")]);
    assert_eq!(past, 400);
    assert!(olga.page.words().contains("has passed"), "{}", olga.page.words());
    let never = save(&mut olga, &change, &[("when", "later"), ("starts_at", "soon")]);
    assert_eq!(never, 400);
    assert!(olga.page.words().contains("choose a date"), "{}", olga.page.words());
    let later = save(&mut olga, &change, &[("when", "later"), ("starts_at", "2099-01-01T10:00")]);
    assert_eq!(later, 200);
    assert!(olga.page.words().contains("Revision 1 starts at 2099-01-01 10:00"));
    olga.fill_form("/end", &[]);
    assert!(olga.page.words().contains("Called off."), "{}", olga.page.words());
    assert!(!olga.page.words().contains("starts at"));
}

#[test]
fn an_unconfirmed_change_goes_by_itself_also_after_a_kill_and_others_stay() {
    let mut world = World::with_users(&["erik"]);
    let mut erik = Person::new(&world);
    erik.sign_in_with_mail(&world, "erik");
    world.stop();
    let in_seconds = |seconds: i64| {
        let at = jiff::Timestamp::now().as_millisecond() + 1000 * seconds;
        Timestamp::from_millis(u64::try_from(at).unwrap())
    };
    let new = NewRevision {
        directory: "staff".into(),
        author: "olga".to_owned(),
        at: in_seconds(0),
        reason: String::new(),
        chosen: Chosen { required_level: Some(40), ..Chosen::default() },
        report_only: false,
        starts_at: None,
        started_at: Some(in_seconds(0)),
        confirm_by: Some(in_seconds(8)),
    };
    let folder = world.path("store");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (store, _) = Embedded::open(&folder).await.unwrap();
        assert_eq!(store.add_revision(new, 0).await.unwrap(), Added::Revision(1));
        store.close().await;
    });
    world.run();
    erik.road = world.tls();
    assert_eq!(erik.get("/").status, 303, "it holds until then");
    world.kill();
    world.run();
    erik.road = world.tls();
    wait_for("what was there before comes back", || (erik.get("/").status == 200).then_some(()));
    wait_for("the audit tells", || world.audit().contains("policy.reverted").then_some(()));
}

#[test]
fn each_role_reads_and_changes_what_the_matrix_says() {
    let world = World::with_users(&[]);
    let addresses =
        ["/directories", "/directories/staff/authentication", "/directories/staff/history"];
    for (role, may_change) in [
        ("scoregate_owner", true),
        ("scoregate_users", false),
        ("scoregate_helpdesk", false),
        ("scoregate_auditor", false),
    ] {
        let name = role.trim_start_matches("scoregate_");
        let mut person = signed_in(&world, name, role);
        for address in addresses {
            assert_eq!(person.open(address).status(), 200, "{role} {address}");
        }
        person.open("/directories/staff/authentication");
        let (_, hidden) = person.page.form_to("/preview");
        let preview = person.post("/directories/staff/preview", &encoded(&hidden, &FIRST));
        assert_eq!(preview.status, 200, "{role}: a preview changes nothing");
        let fields = draft(&[("points_email", "15"), ("when", "now")]);
        for address in ["save", "confirm", "end"] {
            let to = format!("/directories/staff/{address}");
            let status = person.post(&to, &encoded(&hidden, &fields)).status;
            assert_eq!(status != 403, may_change, "{role} {address}: {status}");
        }
        let forged = [("csrf".to_owned(), "x.y.".to_owned())];
        let status = person.post("/directories/staff/save", &encoded(&forged, &fields)).status;
        assert_eq!(status, 403, "{role}: a form that is not ours");
    }
}
