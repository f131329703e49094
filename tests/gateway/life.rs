//! What becomes of people while the gateway is stopped, killed, told something new, or cut off from its
//! store. No fault gives anybody anything, and none takes a session from somebody who has one. Not here:
//! faults of single writes, which the store's own tests have.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::runtime::Runtime;

use super::person::{FORM, Person, SESSION, code_after, encoded};
use super::streams::{said_back, socket};
use super::world::{World, password_of, wait_for};

const SCRIPT: &str = "Accept: */*\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";

/// A stranger's connection to the store's database.
struct Meddler {
    runtime: Runtime,
    connection: Option<SqliteConnection>,
}

impl Meddler {
    fn of(world: &World) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(world.path("store/scoregate.db"))
            .busy_timeout(std::time::Duration::from_secs(5));
        let connection = runtime.block_on(options.connect()).unwrap();
        Self { runtime, connection: Some(connection) }
    }

    fn run(&mut self, statement: &'static str) {
        let connection = self.connection.as_mut().unwrap();
        self.runtime.block_on(connection.execute(statement)).unwrap();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = self.runtime.block_on(connection.close());
        }
    }
}

fn signed_in(world: &World, name: &str) -> Person {
    let mut person = Person::new(world);
    person.sign_in_with_mail(world, name);
    assert_eq!(person.page.status(), 200, "{}", person.page.words());
    person
}

/// The same browser, at the gateway as it runs now.
fn back(world: &World, person: &Person) -> Person {
    Person { road: world.tls(), ..person.clone() }
}

// --- restarts --------------------------------------------------------------------------------

#[test]
fn sessions_codes_and_failures_outlive_a_stop_and_a_kill() {
    let mut world = World::with_users(&["anna", "berta", "carol"]);
    let anna = signed_in(&world, "anna");
    let mut berta = Person::new(&world);
    berta.sign_in("berta", &password_of("berta"));
    berta.choose("email");
    let code = code_after(&world, "berta", 0);
    let mut carol = Person::new(&world);
    for _ in 0..10 {
        carol.sign_in("carol", "not the password");
    }
    for is_kill in [false, true] {
        if is_kill {
            world.kill()
        } else {
            world.stop()
        }
        world.run();
        assert_eq!(back(&world, &anna).get("/").status, 200, "killed: {is_kill}");
        let mut carol = back(&world, &carol);
        carol.open("/");
        carol.sign_in("carol", &password_of("carol"));
        assert!(carol.page.words().contains("Too many tries."), "killed: {is_kill}");
    }
    let mut berta = back(&world, &berta);
    berta.fill(&[("code", &code)]);
    assert_eq!((berta.page.status(), berta.page.path()), (200, "/"), "{}", berta.page.words());
    assert_eq!(world.command(&["audit", "verify"], "").code, Some(0));
}

#[test]
fn a_kill_among_a_hundred_sign_ins_grants_nothing_unproven_and_signs_nobody_out() {
    let users: Vec<String> = (0..10).map(|number| format!("user{number}")).collect();
    let mut names: Vec<&str> = users.iter().map(String::as_str).collect();
    names.push("anna");
    let mut world = World::prepare();
    // All of them wait for their turn, rather than being told to come back.
    world.write_config(&world.config().replace("[limits]", "[limits]\nhash_queue = 200"));
    world.run();
    names.iter().for_each(|name| world.add_user(name));
    let anna = signed_in(&world, "anna");
    let mut browsers: Vec<(usize, Person)> = (0..100)
        .map(|number| {
            let mut person = Person::new(&world);
            person.open("/");
            (number, person)
        })
        .collect();
    let is_right = |number: usize| number % 10 < 7;
    let granted = AtomicUsize::new(0);
    let sent: Vec<_> = browsers
        .iter_mut()
        .map(|(number, person)| {
            let user = &users[*number % 10];
            (*number, user, person)
        })
        .collect();
    thread::scope(|scope| {
        for (number, user, person) in sent {
            let granted = &granted;
            scope.spawn(move || {
                let password =
                    if is_right(number) { password_of(user) } else { "wrong one".to_owned() };
                let (action, hidden) = person.page.form();
                let form = encoded(&hidden, &[("username", user), ("password", &password)]);
                person.try_send("POST", &action, FORM, &form);
                granted.fetch_add(usize::from(person.jar.contains_key(SESSION)), Ordering::SeqCst);
            });
        }
        wait_for("some are signed in", || (granted.load(Ordering::SeqCst) >= 20).then_some(()));
        world.kill();
    });
    world.run();
    assert_eq!(back(&world, &anna).get("/").status, 200);
    let granted = browsers.iter().filter(|(_, person)| person.jar.contains_key(SESSION)).count();
    assert!((20..70).contains(&granted), "the kill came too early or too late: {granted}");
    for (number, person) in &browsers {
        let answer = back(&world, person).send("GET", "/", SCRIPT, "");
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let proven = if person.jar.contains_key(SESSION) { 20 } else { 0 };
        assert_eq!((answer.status, &problem["score"]), (401, &proven.into()), "{number}");
        assert!(proven == 0 || is_right(*number), "{number}");
    }
    let listed = world.operate(&["session", "list", "--json"]);
    let sessions: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    assert!((granted + 1..=71).contains(&sessions.len()), "what was answered was stored before");
    for session in sessions {
        let user = session["user"].as_str().unwrap();
        let methods = &session["methods"];
        assert_eq!(
            methods.as_array().unwrap().len(),
            if user == "anna" { 2 } else { 1 },
            "{session}"
        );
        assert!(user == "anna" || is_right(user[4..].parse().unwrap()), "{session}");
    }
    assert_eq!(world.command(&["audit", "verify"], "").code, Some(0));
}

#[test]
fn an_idle_session_ends_and_the_person_is_told_why_and_a_forged_row_is_not_believed() {
    let mut world = World::with_users(&["anna", "berta", "carol"]);
    let people = ["anna", "berta", "carol"].map(|name| signed_in(&world, name));
    world.stop();
    // Instead of waiting for half an hour, what is stored is made older. When a session ends is sealed
    // with its record.
    let mut meddler = Meddler::of(&world);
    meddler.run(
        "UPDATE sessions SET last_seen_at = last_seen_at - 31 * 60000
         WHERE user = (SELECT id FROM users WHERE name = 'anna');
         UPDATE sessions SET ends_at = ends_at + 3600000
         WHERE user = (SELECT id FROM users WHERE name = 'berta');
         UPDATE sessions SET last_seen_at = last_seen_at - 29 * 60000
         WHERE user = (SELECT id FROM users WHERE name = 'carol')",
    );
    drop(meddler);
    world.run();
    let [mut anna, mut berta, mut carol] = people.map(|one| back(&world, &one));
    anna.open("/reports");
    assert_eq!(anna.page.path(), "/.scoregate/sign-in");
    assert!(anna.page.words().contains("signed out after 30 minutes"), "{}", anna.page.words());
    assert_eq!(berta.get("/reports").status, 503);
    assert_eq!(carol.get("/reports").status, 200);
}

#[test]
fn a_code_that_is_too_old_is_said_to_be_and_another_is_on_its_way() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    anna.choose("email");
    let old = code_after(&world, "anna", 0);
    Meddler::of(&world)
        .run("UPDATE codes SET sent_at = sent_at - 601000, expires_at = expires_at - 601000");
    anna.fill(&[("code", &old)]);
    assert_eq!(anna.page.path(), "/.scoregate/code/email");
    assert!(anna.page.words().contains("has expired"), "{}", anna.page.words());
    let new = code_after(&world, "anna", 1);
    anna.fill(&[("code", &new)]);
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/"));
}

// --- operators -------------------------------------------------------------------------------

#[test]
fn what_an_operator_takes_away_is_gone_at_the_next_request_and_does_not_come_back() {
    let world = World::with_users(&["anna", "berta", "carol", "dora"]);
    let mut people =
        ["anna", "berta", "carol", "carol", "dora"].map(|name| signed_in(&world, name));
    let listed = world.operate(&["session", "list", "--user", "carol", "--json"]);
    let carols: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    // Newest first: the second one that Carol opened.
    let newest = carols[0]["id"].as_str().unwrap();
    world.operate(&["user", "disable", "anna"]);
    world.operate(&["user", "delete", "berta", "--yes"]);
    world.operate(&["session", "end", newest]);
    let statuses: Vec<u16> = people.iter_mut().map(|one| one.get("/").status).collect();
    assert_eq!(statuses, [303, 303, 200, 303, 200]);
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    assert!(anna.page.words().contains("The username or password is not right."));
    world.operate(&["user", "enable", "anna"]);
    assert_eq!(people[0].get("/").status, 303, "enabling revives no session");
    world.operate(&["session", "end", "--all", "--yes"]);
    assert_eq!(people[4].get("/").status, 303);
    let unknown = world.command(&["session", "end", "nonsense"], "");
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
}

#[test]
fn a_stream_that_runs_ends_with_its_session() {
    let world = World::with_users(&["anna", "berta"]);
    let mut anna = signed_in(&world, "anna");
    let berta = signed_in(&world, "berta");
    let (mut annas, mut bertas) = (socket(&world, &anna), socket(&world, &berta));
    anna.open("/.scoregate/sign-out");
    anna.fill(&[]);
    assert!(!said_back(&mut *annas), "the stream ran on after signing out");
    assert!(said_back(&mut *bertas));
    world.operate(&["user", "disable", "berta"]);
    assert!(!said_back(&mut *bertas), "the stream ran on after the user was disabled");
}

#[test]
fn a_new_level_counts_at_the_next_request_and_a_broken_file_changes_nothing() {
    let world = World::with_users(&["anna"]);
    let mut anna = signed_in(&world, "anna");
    let at_40 = world.config();
    let at_30 = at_40.replace("level = 40", "level = 30");
    assert_ne!(at_30, at_40);
    assert_eq!(anna.get("/admin").status, 303);
    let events = |name: &str| world.audit().matches(&format!("\"{name}\"")).count();
    let before = events("config.loaded");
    world.write_config(&at_30);
    assert_eq!(anna.get("/admin").status, 303, "a file that nobody was told of");
    world.hang_up();
    wait_for("the file is taken over", || (events("config.loaded") > before).then_some(()));
    assert_eq!(anna.get("/admin").status, 200);
    world.write_config(&at_40);
    world.operate(&["reload"]);
    assert_eq!(anna.get("/admin").status, 303);
    // Points, too, are read when somebody comes.
    world.write_config(
        &at_40.replace("[directory.staff]", "[directory.staff.authentication.points]\nemail = 20"),
    );
    world.operate(&["reload"]);
    assert_eq!(anna.get("/admin").status, 200);
    world.write_config(&at_40);
    world.operate(&["reload"]);
    for broken in
        ["level = \"none\"", "level = 30\nlevle = 40", "level = 1001", "level = 30\n[listen.http]"]
    {
        world.write_config(&at_40.replace("level = 40", broken));
        let done = world.command(&["reload"], "");
        assert_ne!(done.code, Some(0), "{broken}: {done:?}");
        let rejected = events("config.rejected");
        world.hang_up();
        wait_for("the file is refused", || (events("config.rejected") > rejected).then_some(()));
        assert_eq!((anna.get("/admin").status, anna.get("/").status), (303, 200), "{broken}");
    }
}

#[test]
fn limits_on_requests_follow_a_reload_and_those_on_sign_in_refuse_it() {
    let world = World::with_users(&[]);
    let person = Person::new(&world);
    let long = format!("/public?{}", "a".repeat(2000));
    assert_eq!(person.clone().get(&long).status, 200);
    let config = world.config();
    let with = |setting: &str| config.replace("[limits]\n", &format!("[limits]\n{setting}\n"));
    world.write_config(&with("target_bytes = 1000"));
    world.operate(&["reload"]);
    assert_eq!(person.clone().get(&long).status, 414);
    for setting in ["sign_in_per_account = \"9/15m\"", "code_ttl = \"5m\"", "keep_alive = \"30s\""]
    {
        world.write_config(&with(setting));
        let done = world.command(&["reload"], "");
        let name = setting.split(' ').next().unwrap();
        assert!(done.code != Some(0) && done.err.contains(name), "{setting}: {done:?}");
        assert_eq!(person.clone().get(&long).status, 414, "all or nothing");
    }
    world.write_config(&config);
    world.operate(&["reload"]);
    assert_eq!(person.clone().get(&long).status, 200);
}

#[test]
fn a_new_name_of_the_gateway_is_that_of_its_messages_too() {
    let world = World::with_users(&["anna"]);
    world.write_config(&(world.config() + "[ui]\nbrand = \"Gasthuis\"\n"));
    world.operate(&["reload"]);
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    anna.choose("email");
    code_after(&world, "anna", 0);
    let mail = world.messages_to("anna").pop().unwrap().to_string();
    assert!(mail.contains("Gasthuis"), "{mail}");
}

// --- the store -------------------------------------------------------------------------------

#[test]
fn a_store_that_cannot_be_written_grants_nothing_while_sessions_and_public_pages_go_on() {
    let world = World::with_users(&["anna", "berta"]);
    let mut anna = signed_in(&world, "anna");
    let mut berta = Person::new(&world);
    berta.open("/");
    let mut waiting = Person::new(&world);
    waiting.sign_in("berta", &password_of("berta"));
    waiting.choose("email");
    let code = code_after(&world, "berta", 0);
    let password = password_of("berta");
    let mut meddler = Meddler::of(&world);
    // Longer than the two seconds that a write waits.
    meddler.run("BEGIN IMMEDIATE");
    let fields = [("username", "berta"), ("password", &*password)];
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| berta.clone().submit("", &fields));
        let second = scope.spawn(|| waiting.clone().submit("", &[("code", &code)]));
        (first.join().unwrap(), second.join().unwrap())
    });
    for answer in [first, second] {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.field("retry-after").is_some());
        assert!(!answer.fields_named("set-cookie").any(|one| one.starts_with("__Host-scoregate=")));
    }
    assert_eq!(anna.get("/").status, 200);
    assert_eq!(Person::new(&world).get("/public").status, 200);
    assert_eq!(waiting.clone().get("/").status, 303);
    meddler.run("ROLLBACK");
    waiting.fill(&[("code", &code)]);
    assert_eq!(
        (waiting.page.status(), waiting.page.path()),
        (200, "/"),
        "{}",
        waiting.page.words()
    );
    assert_eq!(berta.submit("", &fields).status, 303);
    assert!(berta.jar.contains_key(SESSION));
}

#[test]
fn a_session_that_cannot_be_stored_is_not_given() {
    let world = World::with_users(&["anna"]);
    let mut meddler = Meddler::of(&world);
    meddler.run(
        "CREATE TRIGGER full BEFORE INSERT ON sessions
         BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    );
    let mut anna = Person::new(&world);
    anna.open("/");
    let password = password_of("anna");
    let answer = anna.submit("", &[("username", "anna"), ("password", &password)]);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(anna.jar.get(SESSION), None);
    meddler.run("DROP TRIGGER full");
    anna.sign_in_with_mail(&world, "anna");
    // Neither is a rise.
    let mut twenty = Person::new(&world);
    twenty.sign_in("anna", &password);
    twenty.choose("email");
    let code = code_after(&world, "anna", 1);
    meddler.run(
        "CREATE TRIGGER full BEFORE UPDATE ON sessions
         BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    );
    assert_eq!(twenty.submit("", &[("code", &code)]).status, 503);
    assert_eq!(twenty.get("/").status, 303);
    assert_eq!(Person::new(&world).get("/public").status, 200);
}

#[test]
fn an_unreadable_store_means_not_known_and_never_known() {
    let mut world = World::with_users(&["anna"]);
    let anna = signed_in(&world, "anna");
    // What was in memory is forgotten with the process.
    world.kill();
    world.run();
    let mut anna = back(&world, &anna);
    let before = world.upstream.count();
    let mut meddler = Meddler::of(&world);
    meddler.run("ALTER TABLE sessions RENAME TO lost; ALTER TABLE counters RENAME TO lost_too");
    for fields in [SCRIPT, super::person::NAVIGATION] {
        let answer = anna.send("GET", "/", fields, "");
        assert_eq!(answer.status, 503, "{fields}");
        let reference = answer.field("x-scoregate-reference").unwrap();
        assert!(answer.text().contains(reference), "{fields}: {}", answer.text());
    }
    assert_eq!(anna.get("/.scoregate/sign-out").status, 503);
    assert_eq!(Person::new(&world).get("/").status, 303, "whoever has no cookie needs no store");
    assert_eq!(world.upstream.count(), before);
    assert_eq!(anna.get("/public").status, 200);
    assert_eq!((world.ops("/healthz").0, world.ops("/readyz").0), (200, 503));
    meddler.run("ALTER TABLE lost RENAME TO sessions; ALTER TABLE lost_too RENAME TO counters");
    assert_eq!(anna.get("/").status, 200);
    assert_eq!(world.ops("/readyz").0, 200);
}

// --- starting --------------------------------------------------------------------------------

#[test]
fn a_second_gateway_on_one_store_refuses_to_start_and_the_first_goes_on() {
    let world = World::with_users(&["anna"]);
    let mut anna = signed_in(&world, "anna");
    let done = world.started().expect_err("two gateways on one store");
    assert_eq!(done.code, Some(78), "{done:?}");
    assert!(done.err.contains("store"), "{}", done.err);
    assert_eq!(anna.get("/").status, 200);
}

#[test]
fn a_store_without_its_keys_or_its_database_never_becomes_a_fresh_one() {
    for lost in ["keys.json", "scoregate.db"] {
        let mut world = World::with_users(&["anna"]);
        let anna = signed_in(&world, "anna");
        world.stop();
        fs::rename(world.path(&format!("store/{lost}")), world.path(lost)).unwrap();
        let done = world.started().expect_err(lost);
        assert_eq!(done.code, Some(78), "{done:?}");
        assert!(done.err.contains(lost), "{}", done.err);
        assert!(!world.path(&format!("store/{lost}")).exists(), "{lost} was made anew");
        fs::rename(world.path(lost), world.path(&format!("store/{lost}"))).unwrap();
        world.run();
        assert_eq!(back(&world, &anna).get("/").status, 200);
    }
}

#[test]
fn a_store_is_for_its_owner_alone() {
    let world = World::with_users(&["anna"]);
    for name in [
        "store",
        "store/keys.json",
        "store/scoregate.db",
        "store/audit.jsonl",
        "store/first-admin-link",
    ] {
        let mode = fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
    }
    let link = fs::read_to_string(world.path("store/first-admin-link")).unwrap();
    let token = link.trim().rsplit('/').next().unwrap();
    assert!(token.len() >= 20 && !world.log().contains(token));
}

#[test]
fn a_wrong_configuration_does_not_start_and_says_where_it_is_wrong() {
    let world = World::prepare();
    let right = world.config();
    let table: [(&str, &str, &str); 5] = [
        ("level = 40", "levle = 40", "levle"),
        ("level = 40", "level = 1001", "1000"),
        ("directory = \"staff\"", "directory = \"stuff\"", "stuff"),
        ("serve = \"routes\"", "serve = \"everything\"", "routes"),
        ("tls.cert = \"cert.pem\"", "tls.cert = \"missing.pem\"", "missing.pem"),
    ];
    for (before, after, said) in table {
        assert!(right.contains(before), "{before}");
        world.write_config(&right.replace(before, after));
        for arguments in [&["run"][..], &["check"]] {
            let done = world.command(arguments, "");
            assert_eq!(done.code, Some(78), "{after}: {done:?}");
            let text = done.out + &done.err;
            assert!(text.contains(said) && text.contains("scoregate.toml"), "{after}: {text}");
        }
    }
    assert!(!world.path("store").exists(), "a store was made for a wrong configuration");
    world.write_config(
        &right.replace("address = \"127.0.0.1:0\"\nserve", "address = \"0.0.0.0:0\"\nserve"),
    );
    assert_eq!(world.command(&["run"], "").code, Some(78), "plain HTTP on every address");
}
