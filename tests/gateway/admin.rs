//! The administrators' portal from outside: who gets in by which door, and what each role may do. Not
//! here: what a preview says (unit tests of `settings`), and looks (the browser tests).

use std::time::Duration;

use scoregate::keys::Purpose;
use scoregate::points::Timestamp;
use scoregate::sessions::{Name, SessionStore};
use scoregate::settings::{Added, Chosen, NewRevision, SettingsStore};
use scoregate::store::embedded::Embedded;

use super::person::{Page, Person, SESSION, encoded};
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
fn a_preview_between_opening_and_saving_does_not_hide_that_somebody_else_saved() {
    let world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let mut piet = signed_in(&world, "piet", "scoregate_owner");
    let after = |piet: &mut Person, address: &str, fields: &[(&str, &str)]| {
        let address = format!("/directories/staff/{address}");
        let (_, hidden) = piet.page.form_to("/preview");
        let response = piet.post(&address, &encoded(&hidden, &draft(fields)));
        piet.page = Page { response, address };
    };
    piet.open("/directories/staff/authentication");
    let saved = save(&mut olga, &draft(&[("points_email", "15")]), &[("when", "now")]);
    assert_eq!(saved, 200, "{}", olga.page.words());
    after(&mut piet, "preview", &[("points_email", "12")]);
    assert_eq!(piet.page.status(), 200);
    after(&mut piet, "preview", &[("points_email", "much")]);
    assert_eq!(piet.page.status(), 400, "an error page");
    let change = [("points_email", "12"), ("when", "now")];
    after(&mut piet, "save", &change);
    assert_eq!(piet.page.status(), 400, "{}", piet.page.words());
    assert!(piet.page.words().contains("olga changed this"), "{}", piet.page.words());
    after(&mut piet, "save", &change);
    assert_eq!(piet.page.status(), 303, "who was told may save: {}", piet.page.words());
}

#[test]
fn a_scheduled_change_that_was_overtaken_undoes_nothing() {
    let mut world = World::with_users(&["erik"]);
    let mut erik = Person::new(&world);
    erik.sign_in_with_mail(&world, "erik");
    world.stop();
    let scheduled = NewRevision {
        starts_at: Some(in_seconds(-1)),
        ..revision_of(Chosen::default(), in_seconds(-100))
    };
    let chosen = Chosen { required_level: Some(40), ..Chosen::default() };
    let since = in_seconds(-50);
    let emergency = NewRevision { started_at: Some(since), ..revision_of(chosen, since) };
    add_revisions(&world, vec![scheduled, emergency]);
    world.run();
    erik.road = world.tls();
    wait_for("the audit tells", || world.audit().contains("overtaken").then_some(()));
    assert!(!world.audit().contains("policy.started"), "{}", world.audit());
    assert_eq!(erik.get("/").status, 303, "40 is still asked");
}

/// An instant from now.
fn in_seconds(seconds: i64) -> Timestamp {
    let at = jiff::Timestamp::now().as_millisecond() + 1000 * seconds;
    Timestamp::from_millis(u64::try_from(at).unwrap())
}

/// A revision that has not started.
fn revision_of(chosen: Chosen, at: Timestamp) -> NewRevision {
    NewRevision {
        directory: "staff".into(),
        author: "olga".to_owned(),
        at,
        reason: String::new(),
        chosen,
        report_only: false,
        starts_at: None,
        started_at: None,
        confirm_by: None,
    }
}

/// Into the store of a gateway that is down and has none yet.
fn add_revisions(world: &World, all: Vec<NewRevision>) {
    let folder = world.path("store");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (store, _) = Embedded::open(&folder).await.unwrap();
        for (newest, new) in (0..).zip(all) {
            assert_eq!(store.add_revision(new, newest).await.unwrap(), Added::Revision(newest + 1));
        }
        store.close().await;
    });
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
    let chosen = Chosen { required_level: Some(40), ..Chosen::default() };
    let unconfirmed = NewRevision {
        started_at: Some(in_seconds(0)),
        confirm_by: Some(in_seconds(8)),
        ..revision_of(chosen, in_seconds(0))
    };
    add_revisions(&world, vec![unconfirmed]);
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
        for (address, done) in [("save", 303), ("confirm", 404), ("end", 404)] {
            let to = format!("/directories/staff/{address}");
            let status = person.post(&to, &encoded(&hidden, &fields)).status;
            assert_eq!(status, if may_change { done } else { 403 }, "{role} {address}");
        }
        let forged = [("csrf".to_owned(), "x.y.".to_owned())];
        let status = person.post("/directories/staff/save", &encoded(&forged, &fields)).status;
        assert_eq!(status, 403, "{role}: a form that is not ours");
    }
}

#[test]
fn a_change_that_keeps_its_author_out_is_saved_now_to_be_confirmed_and_not_for_later() {
    let world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    // An owner with a phone as well can come back; olga has 40 at most.
    let email = email_of("piet");
    let piet = ["user", "add", "piet", "--directory", "staff", "--email", &email];
    let phone = ["--phone", "+31612345689", "--role", "scoregate_owner"];
    let link = super::world::link_path(&world.operate(&[&piet[..], &phone].concat()));
    let mut app = Person::new(&world).set_up(&link, "piet");
    let change = draft(&[("required_level", "50")]);
    let knowing = ("typed_name", "staff");
    let later = [("when", "later"), ("starts_at", "2099-01-01T10:00"), knowing];
    assert_eq!(save(&mut olga, &change, &later), 400);
    assert!(olga.page.words().contains("Save it now and confirm it"), "{}", olga.page.words());
    assert!(!world.audit().contains("policy."), "{}", world.audit());
    assert_eq!(save(&mut olga, &change, &[("when", "now"), knowing]), 200);
    assert!(olga.page.words().contains("Revision 1 holds until"), "{}", olga.page.words());
    let confirm = |person: &mut Person| {
        person.open("/directories/staff/authentication");
        person.fill_form("/confirm", &[]).words()
    };
    let before = confirm(&mut olga);
    assert!(before.contains("This session is from before the change"), "{before}");
    assert!(!world.audit().contains("policy.confirmed"), "{}", world.audit());
    let mut piet = administrator(&world);
    piet.open("/directories");
    piet.sign_in_with_mail(&world, "piet");
    piet.choose("totp");
    piet.fill(&[("code", &app.code())]);
    let after = confirm(&mut piet);
    assert!(after.contains("Confirmed. It stays."), "{after}");
    assert!(!after.contains("holds until"), "{after}");
    assert!(world.audit().contains("policy.confirmed"), "{}", world.audit());
}

#[test]
fn a_change_asks_for_a_fresh_proof_and_what_was_typed_waits_for_it() {
    let mut world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    world.stop();
    age_proofs(&world, &olga, Duration::from_secs(660));
    world.run();
    olga.road = Road::Plain(world.running().admin);
    assert_eq!(save(&mut olga, &draft(&[("points_email", "15")]), &[("when", "now")]), 200);
    assert!(olga.page.path().starts_with("/.scoregate/"), "{}", olga.page.address);
    assert!(!world.audit().contains("policy.changed"), "{}", world.audit());
    let before = world.codes_to("olga").len();
    olga.choose("email");
    olga.type_code_from_mail(&world, "olga", before);
    assert!(olga.page.path().starts_with("/kept/"), "{}", olga.page.address);
    assert!(!world.audit().contains("policy.changed"), "looking at it sends nothing");
    let kept = olga.page.address.clone();
    olga.fill_form("/save", &[]);
    assert!(olga.page.words().contains("Saved."), "{}", olga.page.words());
    assert!(world.audit().contains("policy.changed"), "{}", world.audit());
    let mut piet = signed_in(&world, "piet", "scoregate_owner");
    assert_eq!(piet.get(&kept).status, 404, "of another session");
}

/// Makes every proof of a session this much older, in the store of a gateway that is down.
fn age_proofs(world: &World, person: &Person, by: Duration) {
    let folder = world.path("store");
    let (now, token) = (in_seconds(0), person.jar[SESSION].clone());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (store, keys) = Embedded::open(&folder).await.unwrap();
        let (name, _) = Name::parse(&token, Purpose::SessionName, &keys, now).unwrap();
        let (mut session, name) = store.find_session(&name.hash()).await.unwrap().unwrap();
        for proof in &mut session.proofs {
            proof.at = proof.at.before(by);
        }
        assert!(store.end_session(&session.key).await.unwrap());
        store.create_session(&session, &name).await.unwrap();
        store.close().await;
    });
}

#[test]
fn what_people_fall_back_on_has_no_share_and_a_revision_that_is_not_there_no_page() {
    let world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let page = olga.open("/directories/staff/authentication").response.text();
    assert!(page.contains("Recovery code"), "{page}");
    assert_eq!(page.matches("%</span>").count(), 6, "password, sms, e-mail, app and two keys");
    for (from, status) in [("77", 404), ("0", 200)] {
        let address = format!("/directories/staff/authentication?from={from}");
        assert_eq!(olga.open(&address).status(), status, "{from}");
    }
}

#[test]
fn a_deadline_that_passed_while_nothing_ran_is_in_the_audit() {
    let mut world = World::with_users(&[]);
    world.stop();
    let missed = NewRevision {
        started_at: Some(in_seconds(-100)),
        confirm_by: Some(in_seconds(-50)),
        ..revision_of(Chosen::default(), in_seconds(-100))
    };
    add_revisions(&world, vec![missed]);
    world.run();
    wait_for("the audit tells", || world.audit().contains("not_confirmed").then_some(()));
}

#[test]
fn only_the_revision_that_runs_can_be_confirmed() {
    let mut world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    world.stop();
    let to_confirm = |seconds| NewRevision {
        started_at: Some(in_seconds(seconds)),
        confirm_by: Some(in_seconds(500)),
        ..revision_of(Chosen::default(), in_seconds(seconds))
    };
    add_revisions(&world, vec![to_confirm(-20), to_confirm(-10)]);
    world.run();
    olga.road = Road::Plain(world.running().admin);
    olga.open("/directories/staff/authentication");
    let words = olga.page.words();
    assert!(words.contains("Revision 2 holds until"), "{words}");
    assert!(!words.contains("Revision 1 holds until"), "{words}");
    let (_, hidden) = olga.page.form_to("/preview");
    let mut confirm = |number| {
        olga.post("/directories/staff/confirm", &encoded(&hidden, &[("number", number)])).status
    };
    assert_eq!((confirm("1"), confirm("2")), (404, 303));
}

#[test]
fn where_everything_comes_from_files_no_save_is_taken() {
    let mut world = World::with_users(&[]);
    let mut olga = signed_in(&world, "olga", "scoregate_owner");
    let saved = save(&mut olga, &draft(&[("points_email", "15")]), &[("when", "now")]);
    assert_eq!(saved, 200, "{}", olga.page.words());
    world.stop();
    world.write_config(&world.config().replace("[admin]\n", "[admin]\nread_only = true\n"));
    world.run();
    olga.road = Road::Plain(world.running().admin);
    for address in ["review", "save"] {
        olga.open("/directories/staff/authentication");
        let (_, hidden) = olga.page.form_to("/preview");
        let to = format!("/directories/staff/{address}");
        let response = olga.post(&to, &encoded(&hidden, &draft(&[("when", "now")])));
        assert_eq!(response.status, 400, "{address}");
        assert!(response.text().contains("admin.read_only is on"), "{address}");
    }
}

#[test]
fn an_owner_with_all_that_a_gateway_without_messages_has_gets_in_and_can_save() {
    let mut world = World::prepare();
    let outbox = "[notifier.outbox]\nkind = \"file\"\npath = \"outbox\"\n";
    assert!(world.config().contains(outbox));
    world.write_config(&world.config().replace(outbox, "").replace("level = 40", "level = 30"));
    world.run();
    let invite = ["user", "add", "olga", "--directory", "staff", "--role", "scoregate_owner"];
    let link = super::world::link_path(&world.operate(&invite));
    let mut app = Person::new(&world).set_up(&link, "olga");
    let mut olga = administrator(&world);
    olga.open("/directories");
    olga.sign_in("olga", &password_of("olga"));
    olga.choose("totp");
    olga.fill(&[("code", &app.code())]);
    assert_eq!((olga.page.status(), olga.page.path()), (200, "/directories"));
    let saved = save(&mut olga, &draft(&[("points_passkey", "40")]), &[("when", "now")]);
    assert_eq!(saved, 200, "{}", olga.page.words());
    assert!(olga.page.words().contains("Saved."), "{}", olga.page.words());
}
