//! What people go through in front of the real gateway, page by page and form by form: what they see,
//! what the portal gets, and what a stranger learns. Not here: how pages look, and limits of one method
//! that its own tests have.

use std::thread;

use super::person::{
    BROWSER, FORM, NAVIGATION, Page, Person, SESSION, Sessions, code_after, encoded,
};
use super::wire::Response;
use super::world::{HOST, World, email_of, link_path, password_of};

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
fn a_form_is_forwarded_with_its_body_and_a_public_page_is_told_nobodys_name() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!(anna.send("POST", "/orders", FORM, "what=tea&n=2").status, 200);
    assert_eq!(anna.get("/public/news").status, 200);
    let arrived = world.upstream.arrived();
    let order = arrived.iter().find(|one| one.target() == "/orders").unwrap();
    assert_eq!(order.body, b"what=tea&n=2");
    let news = arrived.iter().find(|one| one.target() == "/public/news").unwrap();
    let told = news.folded_names().into_iter().filter(|name| name.starts_with("x-scoregate"));
    assert_eq!(told.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn the_fragment_that_the_browser_kept_is_there_after_signing_in() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.open("/app?x=1");
    let before = world.codes_to("anna").len();
    let (name, password) = ("anna", password_of("anna"));
    anna.fill(&[("username", name), ("password", &password), ("fragment", "#/inbox")]);
    // The field stands in the form already: a field that is there twice is no form.
    assert_eq!(anna.page.status(), 400);
    anna.open("/app?x=1");
    let (action, mut hidden) = anna.page.form();
    hidden.retain(|(name, _)| name != "fragment");
    let fields = [("username", name), ("password", &password), ("fragment", "#/inbox")];
    let next = anna.send("POST", &action, FORM, &encoded(&hidden, &fields));
    anna.open(next.location());
    anna.choose("email");
    let code = code_after(&world, "anna", before);
    assert_eq!(anna.submit("", &[("code", &code)]).location(), "/app?x=1#/inbox");
}

#[test]
fn sessions_of_every_score_open_what_they_reach_and_nothing_more() {
    let world = World::with_users(&[]);
    let sessions = Sessions::of(&world, "bob");
    let scores = [(20, sessions.twenty), (30, sessions.thirty), (40, sessions.forty)];
    for (score, mut person) in scores {
        for (path, level) in [("/public", 0), ("/", 30), ("/admin", 40)] {
            let opens = score >= level;
            assert_eq!(person.get(path).status == 200, opens, "{score} points at {path}");
        }
    }
}

// --- the password ----------------------------------------------------------------------------

/// What a stranger sees of an answer and the page that it leads to, without what is random.
fn seen_by_a_stranger(person: &mut Person, name: &str, password: &str) -> String {
    person.open("/");
    let sent = person.submit("", &[("username", name), ("password", password)]);
    let followed = person.get(sent.location());
    let page = Page { response: followed, address: sent.location().to_owned() };
    let mut random = vec![page.field("csrf"), page.field("tx"), person.jar[BROWSER].clone()];
    random.extend(sent.location().split_once("tx=").map(|(_, tx)| tx.to_owned()));
    // A passkey is asked of everybody: the question, and what it is sealed in.
    random.push(page.field("ceremony"));
    let html = page.response.text();
    let asked = html.split_once("challenge&#34;:&#34;").map(|(_, rest)| rest);
    let challenge = asked.and_then(|rest| rest.split_once("&#34;")).map(|(one, _)| one.to_owned());
    assert_eq!(challenge.as_ref().map(String::len), Some(43), "32 bytes in base64url");
    random.extend(challenge);
    let mut text = told(&sent) + &told(&page.response) + &page.response.text();
    for value in random.iter().filter(|value| !value.is_empty()) {
        text = text.replace(&**value, "RANDOM");
    }
    text.replace(name, "NAME")
}

/// Status and fields, in their order, without what is different each time.
fn told(response: &Response) -> String {
    let mut text = format!("{}\n", response.status);
    for (name, value) in &response.fields {
        let value = match &*name.to_ascii_lowercase() {
            "x-scoregate-reference" | "date" => "RANDOM".to_owned(),
            "content-length" => continue,
            _ => value.clone(),
        };
        text += &format!("{name}: {value}\n");
    }
    text
}

#[test]
fn a_stranger_cannot_tell_users_from_names_that_nobody_has_however_often_they_ask() {
    let mut world = World::with_users(&["known", "quiet"]);
    world.add_invited("fresh");
    world.operate(&["user", "disable", "quiet"]);
    let mut answers = Vec::new();
    // The budget of an account is ten; the last rounds are about being told to wait.
    for round in 0..12 {
        for name in ["known", "quiet", "fresh", "nobdy"] {
            let seen = seen_by_a_stranger(&mut Person::new(&world), name, "not the password");
            answers.push((round, name, seen));
        }
    }
    // The time until which to wait is told to the minute, and each began within the same one or the next.
    let minute = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    for (round, name, seen) in &answers {
        let known = answers.iter().find(|(r, n, _)| r == round && *n == "known").unwrap();
        assert_eq!(minute(seen), minute(&known.2), "{name} in round {round}");
    }
    assert!(answers[0].2.contains("The username or password is not right."), "{}", answers[0].2);
    assert!(answers[47].2.contains("Too many tries."), "{}", answers[47].2);
    assert_ne!(answers[0].2, answers[47].2);
    world.stop();
}

#[test]
fn a_wrong_password_leads_to_the_same_page_with_the_name_and_gives_no_session() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.open("/reports?x=1");
    anna.fill(&[("username", "anna"), ("password", "not the password")]);
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/.scoregate/sign-in"));
    assert!(anna.page.words().contains("The username or password is not right."));
    assert_eq!(anna.page.field("username"), "anna");
    assert_eq!(anna.page.field("password"), "");
    assert_eq!(anna.jar.get(SESSION), None);
    // Empty fields are said, and are no tries.
    anna.fill(&[("username", "anna"), ("password", "")]);
    assert!(anna.page.words().contains("Enter your password."));
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!(anna.page.address, "/reports?x=1");
}

#[test]
fn after_ten_wrong_passwords_the_right_one_waits_until_an_operator_unlocks() {
    let world = World::with_users(&["anna", "berta"]);
    let mut anna = Person::new(&world);
    for _ in 0..10 {
        anna.sign_in("anna", "not the password");
    }
    // Spelled otherwise, it is the same user.
    for name in ["anna", "ANNA", " anna ", "ａｎｎａ", &email_of("anna")] {
        anna.sign_in(name, &password_of("anna"));
        assert!(anna.page.words().contains("Too many tries."), "{name}: {}", anna.page.words());
    }
    let mut berta = Person::new(&world);
    berta.sign_in_with_mail(&world, "berta");
    assert_eq!(berta.page.status(), 200);
    world.operate(&["user", "unlock", "anna"]);
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/"));
}

// --- the code --------------------------------------------------------------------------------

fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[test]
fn a_wrong_code_says_when_few_tries_are_left_and_after_five_the_right_one_is_dead() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    anna.choose("email");
    let code = code_after(&world, "anna", 0);
    // What is no code is no try.
    for (typed, said) in [("", "Enter the code."), ("12345", "6 digits."), ("abcdef", "6 digits.")]
    {
        anna.fill(&[("code", typed)]);
        assert!(anna.page.words().contains(said), "{typed}: {}", anna.page.words());
    }
    for left in ["not right", "not right", "2 tries left", "1 try left"] {
        anna.fill(&[("code", &other_than(&code))]);
        assert_eq!(anna.page.path(), "/.scoregate/code/email");
        assert!(anna.page.words().contains(left), "{left}: {}", anna.page.words());
    }
    anna.fill(&[("code", &other_than(&code))]);
    let last = anna.clone();
    anna.fill(&[("code", &code)]);
    assert_eq!(anna.page.path(), "/.scoregate/wait", "{}", anna.page.words());
    assert_eq!(last.clone().get("/").status, 303);
    assert_eq!(world.upstream.count(), 0);
    // Nor does the method begin again before its time.
    assert_eq!(world.codes_to("anna").len(), 1);
}

#[test]
fn a_code_is_good_once_and_only_where_it_was_asked_for() {
    let world = World::with_users(&["anna", "berta"]);
    let mut browsers: Vec<Person> = ["anna", "anna", "berta"]
        .into_iter()
        .map(|name| {
            let before = world.codes_to(name).len();
            let mut person = Person::new(&world);
            person.sign_in(name, &password_of(name));
            person.choose("email");
            code_after(&world, name, before);
            person
        })
        .collect();
    let codes = world.codes_to("anna");
    // The code of another session, and of another user.
    browsers[1].fill(&[("code", &codes[0])]);
    assert!(browsers[1].page.words().contains("not right"), "{}", browsers[1].page.words());
    browsers[2].fill(&[("code", &codes[0])]);
    assert!(browsers[2].page.words().contains("not right"), "{}", browsers[2].page.words());
    // Twenty at once: one is the first, and the session has thirty points, not more.
    let first = &browsers[0];
    let arrived: usize = thread::scope(|scope| {
        let tries: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| first.clone().submit("", &[("code", &codes[0])])))
            .collect();
        tries.into_iter().map(|one| usize::from(one.join().unwrap().location() == "/")).sum()
    });
    assert_eq!(arrived, 1);
    let listed = world.operate(&["session", "list", "--user", "anna", "--json"]);
    let sessions: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    let mut methods: Vec<_> = sessions.iter().map(|one| one["methods"].to_string()).collect();
    methods.sort();
    assert_eq!(methods, [r#"["password","email"]"#, r#"["password"]"#]);
}

#[test]
fn a_code_can_be_typed_as_people_type_it() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    anna.choose("email");
    let code = code_after(&world, "anna", 0);
    anna.fill(&[("code", &format!(" {} {}-", &code[..3], &code[3..]))]);
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/"));
}

#[test]
fn another_code_is_not_sent_at_once_and_five_an_hour_go_to_one_mailbox() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    anna.choose("email");
    code_after(&world, "anna", 0);
    anna.fill_form("/resend", &[]);
    assert!(anna.page.words().contains("You can ask for a new code at"), "{}", anna.page.words());
    // Choosing the way again is not a way around.
    anna.open(&anna.page.address.replace("code/email", "next"));
    anna.choose("email");
    assert_eq!(world.codes_to("anna").len(), 1);
    for sent in 2..=5 {
        let mut more = Person::new(&world);
        more.sign_in("anna", &password_of("anna"));
        more.choose("email");
        code_after(&world, "anna", sent - 1);
    }
    let mut sixth = Person::new(&world);
    sixth.sign_in("anna", &password_of("anna"));
    assert_eq!(sixth.page.path(), "/.scoregate/wait", "{}", sixth.page.words());
    let code = world.codes_to("anna")[0].clone();
    anna.fill(&[("code", &code)]);
    assert_eq!(anna.page.path(), "/", "the first code is as good as ever: {}", anna.page.words());
    assert_eq!(world.codes_to("anna").len(), 5);
}

// --- more, and no more -----------------------------------------------------------------------

#[test]
fn a_page_of_level_40_asks_for_the_app_and_takes_each_of_its_codes_once() {
    let world = World::with_users(&[]);
    let link = world.add_invited("bob");
    let mut app = Person::new(&world).set_up(&link, "bob");
    let mut bob = Person::new(&world);
    bob.sign_in_with_mail(&world, "bob");
    let before = bob.session();
    bob.open("/admin/users?id=7");
    assert_eq!(bob.page.path(), "/.scoregate/confirm", "{}", bob.page.words());
    assert!(bob.page.words().contains("This page asks for an extra check."));
    let mut again = bob.clone();
    bob.choose("totp");
    let right = app.code();
    bob.fill(&[("code", &other_than(&right))]);
    assert_eq!(bob.page.path(), "/.scoregate/code/totp");
    assert!(bob.page.words().contains("not right"), "{}", bob.page.words());
    assert_eq!(bob.get("/admin").status, 303);
    bob.fill(&[("code", &right)]);
    assert_eq!((bob.page.status(), &*bob.page.address), (200, "/admin/users?id=7"));
    assert_ne!(bob.session(), before, "a rise gives the session a new name");
    let arrived = world.upstream.arrived();
    assert_eq!(arrived.last().unwrap().value("x-scoregate-score"), Some("40"));
    // The old name opens what it opened, for the seconds that it stands, and never more.
    assert_eq!(again.get("/admin").status, 303);
    // The same code in a session of its own.
    let mut other = Person::new(&world);
    other.open("/admin");
    other.sign_in_with_mail(&world, "bob");
    other.choose("totp");
    other.fill(&[("code", &right)]);
    assert!(other.page.words().contains("used already"), "{}", other.page.words());
    assert_eq!(other.get("/admin").status, 303);
}

#[test]
fn whoever_has_no_way_left_is_told_so_and_asked_for_nothing() {
    let world = World::with_users(&["anna"]);
    let done = world.command(
        &["user", "add", "bare", "--directory", "staff", "--password-stdin"],
        &password_of("bare"),
    );
    assert_eq!(done.code, Some(0), "{done:?}");
    let mut bare = Person::new(&world);
    bare.sign_in("bare", &password_of("bare"));
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    anna.open("/admin");
    for person in [bare, anna] {
        let page = &person.page;
        assert_eq!((page.status(), page.path()), (403, "/.scoregate/stuck"), "{}", page.words());
        let reference = page.response.field("x-scoregate-reference").unwrap();
        assert!(page.words().contains("Your account needs another way to sign in"));
        assert!(page.words().contains(reference), "{}", page.words());
    }
    let admin = world.upstream.arrived().into_iter().filter(|one| one.target().contains("admin"));
    assert_eq!(admin.count(), 0);
}

#[test]
fn a_wrong_role_is_refused_in_the_form_that_each_client_reads() {
    let mut world = World::prepare();
    let rule = "[route.portal.rule.money]\npath = \"/money\"\nroles = [\"finance\"]\n";
    world.write_config(&(world.config() + rule));
    world.run();
    world.add_user("anna");
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!(anna.open("/money").status(), 403);
    assert!(anna.page.words().contains("You do not have access to this page"));
    let script =
        anna.send("GET", "/money", "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n", "");
    assert_eq!(
        (script.status, script.field("content-type")),
        (403, Some("application/problem+json"))
    );
    // A role counts from the next request on.
    world.operate(&["user", "role", "anna", "--add", "finance"]);
    assert_eq!(anna.get("/money").status, 200);
    let arrived = world.upstream.arrived();
    assert_eq!(arrived.last().unwrap().value("x-scoregate-roles"), Some("finance"));
}

// --- signing out -----------------------------------------------------------------------------

#[test]
fn signing_out_kills_the_cookie_at_once_and_everywhere_kills_every_one() {
    let world = World::with_users(&["anna", "berta"]);
    let mut browsers: Vec<Person> = ["anna", "anna", "anna", "berta"]
        .into_iter()
        .map(|name| {
            let mut person = Person::new(&world);
            person.sign_in_with_mail(&world, name);
            person
        })
        .collect();
    let before = world.upstream.count();
    let kept = browsers[0].clone();
    browsers[0].open("/.scoregate/sign-out");
    assert_eq!(kept.clone().get("/").status, 200, "looking at the page signs nobody out");
    browsers[0].fill(&[]);
    assert_eq!((browsers[0].page.status(), browsers[0].page.path()), (200, "/.scoregate/sign-out"));
    assert_eq!(browsers[0].jar.get(SESSION), None);
    let answer = kept.clone().get("/");
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer
            .fields_named("set-cookie")
            .filter(|one| one.starts_with("__Host-scoregate="))
            .count(),
        0
    );
    assert_eq!(world.upstream.count(), before + 1);
    let statuses = |browsers: &[Person]| -> Vec<u16> {
        browsers.iter().map(|one| one.clone().get("/").status).collect()
    };
    assert_eq!(statuses(&browsers), [303, 200, 200, 200]);
    browsers[1].open("/.scoregate/sign-out");
    browsers[1].fill(&[("everywhere", "1")]);
    assert_eq!(statuses(&browsers), [303, 303, 303, 200]);
    assert_eq!(world.operate(&["session", "list", "--user", "anna", "--json"]).trim(), "[]");
}

#[test]
fn where_signing_out_leads_is_limited_like_every_return_address() {
    let world = World::with_users(&["anna", "berta", "carol"]);
    for (name, next, leads_to) in [
        ("anna", "/reports?x=1", "/reports?x=1"),
        ("berta", "//evil.test", "/"),
        ("carol", "https://evil.test/", "/"),
    ] {
        let mut person = Person::new(&world);
        person.sign_in_with_mail(&world, name);
        person.open("/.scoregate/sign-out");
        person.fill(&[("next", next)]);
        let links = person.page.links();
        let again = links.iter().find(|link| link.starts_with("/.scoregate/sign-in")).unwrap();
        assert!(!person.page.response.text().contains("evil.test"));
        person.open(again);
        let before = world.codes_to(name).len();
        person.sign_in(name, &password_of(name));
        person.choose("email");
        person.type_code_from_mail(&world, name, before);
        assert_eq!(person.page.address, leads_to, "{next}");
    }
}

#[test]
fn somebody_else_signing_in_in_the_same_browser_brings_nothing_of_the_first() {
    let world = World::with_users(&["anna", "berta"]);
    let mut browser = Person::new(&world);
    browser.sign_in_with_mail(&world, "anna");
    let annas = browser.clone();
    browser.open("/.scoregate/sign-out");
    browser.fill(&[]);
    browser.open("/");
    browser.sign_in("berta", &password_of("berta"));
    assert_eq!(browser.get("/").status, 303, "berta has a password only");
    assert_eq!(annas.clone().get("/").status, 303);
    let users = world
        .upstream
        .arrived()
        .into_iter()
        .map(|one| one.value("x-scoregate-user").map(str::to_owned));
    assert_eq!(users.collect::<Vec<_>>(), [Some("anna".to_owned())]);
}

// --- forms -----------------------------------------------------------------------------------

/// A way to send a form that is not the browser's own: who seems to send it, as what, and what becomes
/// of its fields.
type Forgery = (&'static str, &'static [&'static str], &'static str, fn(&str) -> String);

const ENCODED: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const OURS: &str = "Origin: https://portal.example.org\r\nSec-Fetch-Site: same-origin\r\n";
const THEIRS: &str = "Origin: https://evil.test\r\nSec-Fetch-Site: cross-site\r\n";
const SIBLING: &str = "Origin: https://shop.example.org\r\nSec-Fetch-Site: same-site\r\n";
const DOCUMENT: &str = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
const FRAME: &str = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n";
const CORS: &str = "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";

const FORGERIES: [Forgery; 16] = [
    ("no token", &[OURS, DOCUMENT], ENCODED, |form| without(form, "csrf")),
    ("an empty token", &[OURS, DOCUMENT], ENCODED, |form| without(form, "csrf") + "&csrf="),
    ("another token", &[OURS, DOCUMENT], ENCODED, |form| {
        format!("{}&csrf=k1.{}", without(form, "csrf"), "A".repeat(43))
    }),
    ("a second token", &[OURS, DOCUMENT], ENCODED, |form| form.to_owned() + "&csrf=x"),
    ("another site", &[THEIRS, DOCUMENT], ENCODED, str::to_owned),
    ("a sibling site", &[SIBLING, DOCUMENT], ENCODED, str::to_owned),
    ("no origin", &["Sec-Fetch-Site: cross-site\r\n", DOCUMENT], ENCODED, str::to_owned),
    ("old, from nowhere", &["Origin: null\r\n"], ENCODED, str::to_owned),
    ("old, from elsewhere", &["Origin: https://evil.test\r\n"], ENCODED, str::to_owned),
    (
        "old, by a link",
        &["Referer: https://evil.test/portal.example.org/\r\n"],
        ENCODED,
        str::to_owned,
    ),
    ("old, alike", &["Origin: https://portal.example.org.evil.test\r\n"], ENCODED, str::to_owned),
    ("old, silent", &[], ENCODED, str::to_owned),
    ("a script of the portal", &[OURS, CORS], ENCODED, str::to_owned),
    ("a frame of the portal", &[OURS, FRAME], ENCODED, str::to_owned),
    ("plain text", &[OURS, DOCUMENT], "Content-Type: text/plain\r\n", str::to_owned),
    ("JSON", &[OURS, DOCUMENT], "Content-Type: application/json\r\n", |_| "{}".to_owned()),
];

fn without(form: &str, name: &str) -> String {
    let kept = form.split('&').filter(|pair| pair.split('=').next() != Some(name));
    kept.collect::<Vec<_>>().join("&")
}

#[test]
fn a_form_is_taken_only_from_our_own_page_in_the_browser_that_it_was_made_for() {
    let world = World::with_users(&["anna", "berta"]);
    let link = world.add_invited("carol");
    let mut signing_in = Person::new(&world);
    signing_in.open("/");
    let mut choosing = Person::new(&world);
    choosing.sign_in("berta", &password_of("berta"));
    choosing.choose("email");
    let code = code_after(&world, "berta", 0);
    let mut leaving = Person::new(&world);
    leaving.sign_in_with_mail(&world, "anna");
    leaving.open("/.scoregate/sign-out");
    let mut setting_up = Person::new(&world);
    setting_up.open(&link);
    let (anna, carol) = (password_of("anna"), password_of("carol"));
    let forms: Vec<(Person, Vec<(&str, &str)>)> = vec![
        (signing_in, vec![("username", "anna"), ("password", &anna)]),
        (choosing, vec![("code", &code)]),
        (leaving, vec![]),
        (setting_up, vec![("new_password", &carol)]),
    ];
    for (person, fields) in &forms {
        let (action, hidden) = person.page.form();
        let form = encoded(&hidden, fields);
        for (what, sender, kind, forge) in FORGERIES {
            let headers = sender.concat() + kind;
            let answer = person.clone().send("POST", &action, &headers, &forge(&form));
            assert!(matches!(answer.status, 400 | 403), "{what} at {action}: {}", answer.status);
            let is_ours = |cookie: &str| cookie.split('=').next() == Some(BROWSER);
            assert!(answer.fields_named("set-cookie").all(is_ours), "{what}: {answer:?}");
        }
        // Of another browser, and of one that does not keep cookies.
        let mut other = Person::new(&world);
        other.open("/");
        assert_eq!(other.send("POST", &action, FORM, &form).status, 403, "{action}");
        assert_eq!(Person::new(&world).send("POST", &action, FORM, &form).status, 403, "{action}");
    }
    // Nothing of all that did anything: each form does what it is for.
    for ((mut person, fields), leads_to) in forms.into_iter().zip([
        "/.scoregate/",
        "/",
        "/.scoregate/sign-out",
        "/.scoregate/enrol/app",
    ]) {
        let answer = person.submit("", &fields);
        assert_eq!(answer.status, 303, "{fields:?}");
        assert!(answer.location().starts_with(leads_to), "{}", answer.location());
    }
}

#[test]
fn an_old_browser_that_names_its_origin_can_sign_in() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.open("/");
    let (action, hidden) = anna.page.form();
    let password = password_of("anna");
    let form = encoded(&hidden, &[("username", "anna"), ("password", &password)]);
    for from in [
        "Origin: https://portal.example.org\r\n",
        "Referer: https://portal.example.org/.scoregate/sign-in\r\n",
    ] {
        let answer = anna.clone().send("POST", &action, &format!("{from}{ENCODED}"), &form);
        assert_eq!(answer.status, 303, "{from}");
        assert!(answer.fields_named("set-cookie").any(|one| one.starts_with("__Host-scoregate=")));
    }
}

#[test]
fn an_address_that_takes_forms_does_nothing_when_it_is_only_visited() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.open("/");
    let (_, hidden) = anna.page.form();
    let password = password_of("anna");
    let query = encoded(&hidden, &[("username", "anna"), ("password", &password)]);
    let answer = anna.get(&format!("/.scoregate/sign-in?{query}"));
    assert_eq!(answer.status, 200);
    assert_eq!(anna.jar.get(SESSION), None);
    anna.sign_in("anna", &password);
    anna.choose("email");
    let code = code_after(&world, "anna", 0);
    let (_, hidden) = anna.page.form();
    let query = encoded(&hidden, &[("code", &code), ("method", "email"), ("everywhere", "1")]);
    for (address, status) in
        [("code/email", 200), ("next", 200), ("code/email/resend", 405), ("sign-out", 200)]
    {
        let answer = anna.get(&format!("/.scoregate/{address}?{query}"));
        assert_eq!(answer.status, status, "{address}");
    }
    assert_eq!(world.codes_to("anna").len(), 1);
    anna.fill(&[("code", &code)]);
    assert_eq!(anna.page.address, "/", "the code was not used, and nobody was signed out");
}

#[test]
fn no_field_and_no_step_out_of_turn_moves_anybody_on() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.open("/");
    let (_, hidden) = anna.page.form();
    let claims = [
        ("step", "done"),
        ("factor", "totp"),
        ("user", "anna"),
        ("score", "1000"),
        ("mfa", "ok"),
        ("next", "/admin"),
        ("method", "email"),
        ("code", "000000"),
    ];
    for address in [
        "next",
        "code/email",
        "code/totp",
        "code/password",
        "code/passkey",
        "code/token",
        "code/nonsense",
        "code/email/resend",
    ] {
        let answer =
            anna.send("POST", &format!("/.scoregate/{address}"), FORM, &encoded(&hidden, &claims));
        assert!(matches!(answer.status, 303 | 404), "{address}: {}", answer.status);
        assert!(!answer.location().starts_with("/admin"), "{address}");
        assert_eq!(anna.jar.get(SESSION), None, "{address}");
    }
    // With a password only, the answers of methods that this user does not have.
    anna.sign_in("anna", &password_of("anna"));
    let (_, hidden) = anna.page.form();
    for address in ["code/totp", "code/password", "code/passkey", "code/sms", "code/recovery_code"]
    {
        let fields = [("code", "000000"), ("password", &*password_of("anna"))];
        anna.send("POST", &format!("/.scoregate/{address}"), FORM, &encoded(&hidden, &fields));
        assert_eq!(anna.get("/").status, 303, "{address}");
    }
    assert_eq!(world.upstream.count(), 0);
}

#[test]
fn a_script_on_the_portals_origin_gets_no_page_and_no_token() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    let as_script = "Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n";
    let same_origin = "Sec-Fetch-Mode: same-origin\r\nSec-Fetch-Dest: empty\r\n";
    for fields in [
        format!("Accept: text/html\r\n{OURS}{CORS}"),
        format!("Accept: text/html\r\n{OURS}{same_origin}"),
        format!("Accept: text/html\r\n{OURS}{FRAME}"),
        format!("Accept: text/html\r\n{OURS}{as_script}"),
        "Accept: application/json\r\n".to_owned(),
    ] {
        for address in ["sign-out", "sign-in", "next", "code/email", "enrol/app", "stuck"] {
            let answer = anna.send("GET", &format!("/.scoregate/{address}"), &fields, "");
            assert_eq!(answer.status, 403, "{address} for {fields}");
            assert!(!answer.text().contains("csrf"), "{address} for {fields}");
        }
    }
    let page = anna.get("/.scoregate/sign-out");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "noopener-allow-popups"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.field(name), Some(value), "{name}");
    }
    assert!(page.field("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
}

// --- set-up links ----------------------------------------------------------------------------

#[test]
fn a_set_up_link_survives_being_looked_at_and_is_used_once() {
    let world = World::with_users(&[]);
    let link = world.add_invited("carol");
    let mut scanner = Person::new(&world);
    for method in ["GET", "HEAD", "GET"] {
        assert_eq!(scanner.send(method, &link, NAVIGATION, "").status, 200, "{method}");
    }
    let mut carol = Person::new(&world);
    carol.open(&link);
    // Two browsers can look; the one that sends first has it.
    let mut late = Person::new(&world);
    late.open(&link);
    carol.fill(&[("new_password", "short")]);
    assert_eq!(carol.page.path(), link);
    assert!(carol.page.words().contains("at least 8 characters"), "{}", carol.page.words());
    carol.fill(&[("new_password", &password_of("carol"))]);
    assert_eq!(carol.page.path(), "/.scoregate/enrol/app", "{}", carol.page.words());
    let ticket = carol.page.address.clone();
    late.fill(&[("new_password", "the long phrase of a thief")]);
    assert_eq!(late.page.status(), 404, "{}", late.page.words());
    assert_eq!(Person::new(&world).open(&link).status(), 404);
    // The second page is this browser's alone.
    assert_eq!(late.open(&ticket).status(), 404);
    carol.fill(&[("code", "000000")]);
    assert!(carol.page.words().contains("not right"), "{}", carol.page.words());
    carol.fill(&[("skip", "1")]);
    assert_eq!(carol.page.address, "/.scoregate/enrol/app?done=password");
    assert_eq!(carol.jar.get(SESSION), None, "a link signs nobody in");
    carol.open("/");
    carol.sign_in_with_mail(&world, "carol");
    assert_eq!((carol.page.status(), carol.page.path()), (200, "/"));
}

#[test]
fn an_app_is_added_once_and_a_newer_link_ends_the_older() {
    let world = World::with_users(&[]);
    let old = world.add_invited("carol");
    let link = link_path(&world.operate(&["user", "link", "carol"]));
    let mut carol = Person::new(&world);
    assert_eq!(carol.open(&old).status(), 404);
    carol.open(&link);
    carol.fill(&[("new_password", &password_of("carol"))]);
    let ticket = carol.page.address.clone();
    let mut twice = carol.clone();
    let secret =
        carol.page.links().into_iter().find(|link| link.starts_with("otpauth://")).unwrap();
    let mut app = super::person::App::of(&secret);
    let code = app.code();
    carol.fill(&[("code", &code)]);
    assert_eq!(carol.page.address, "/.scoregate/enrol/app?done=app");
    twice.fill(&[("code", &code)]);
    assert_eq!(twice.page.status(), 404, "{}", twice.page.words());
    let again = carol.open(&ticket).clone();
    assert_eq!(again.status(), 404);
    assert!(!again.response.text().contains("otpauth"), "a secret is shown until it is confirmed");
    // The code that confirmed it is used up.
    carol.open("/");
    carol.sign_in("carol", &password_of("carol"));
    carol.choose("totp");
    carol.fill(&[("code", &code)]);
    assert!(carol.page.words().contains("used already"), "{}", carol.page.words());
    carol.fill(&[("code", &app.code())]);
    assert_eq!((carol.page.status(), carol.page.path()), (200, "/"));
}

// --- clients ---------------------------------------------------------------------------------

const IFRAME: &str = "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n";
const FETCH: &str = "Accept: */*\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";
const IMAGE: &str = "Accept: image/*\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n";
const SOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://portal.example.org\r\n";

#[test]
fn every_client_short_of_points_gets_an_answer_that_it_can_use() {
    let world = World::with_users(&["anna"]);
    let mut twenty = Person::new(&world);
    twenty.sign_in("anna", &password_of("anna"));
    let table: [(&str, &str, &str, u16, &str); 10] = [
        ("GET", "/reports", NAVIGATION, 303, ""),
        ("HEAD", "/reports", NAVIGATION, 303, ""),
        ("POST", "/reports", FORM, 401, "Nothing was sent."),
        ("GET", "/reports", IFRAME, 401, "<html"),
        ("GET", "/reports", FETCH, 401, "\"required_level\":30"),
        ("GET", "/reports", "Accept: application/json\r\n", 401, "\"required_level\":30"),
        ("HEAD", "/reports", FETCH, 401, ""),
        ("GET", "/logo.png", IMAGE, 401, ""),
        ("GET", "/socket", SOCKET, 401, ""),
        ("POST", "/rpc", "Content-Type: application/grpc\r\nTE: trailers\r\n", 200, ""),
    ];
    for person in [Person::new(&world), twenty] {
        for (method, path, fields, status, says) in table {
            let answer = person.clone().send(method, path, fields, "");
            let what = format!("{method} {path} {fields}");
            assert_eq!(answer.status, status, "{what}");
            assert!(answer.text().contains(says), "{what}: {}", answer.text());
            assert_eq!(answer.body.is_empty(), says.is_empty(), "{what}: {}", answer.text());
            assert!(answer.field("x-scoregate-reference").is_some(), "{what}");
            assert_eq!(answer.location().starts_with("/.scoregate/"), status == 303, "{what}");
            let refused = answer.field("grpc-status");
            assert_eq!(refused, (path == "/rpc").then_some("16"), "{what}");
        }
    }
    assert_eq!(world.upstream.count(), 0);
}

#[test]
fn a_problem_document_holds_every_field_and_tells_a_stranger_no_ways() {
    let world = World::with_users(&["anna"]);
    let mut twenty = Person::new(&world);
    twenty.sign_in("anna", &password_of("anna"));
    let expected = [
        (Person::new(&world), 0, 30, serde_json::json!([]), "sign-in"),
        (twenty, 20, 10, serde_json::json!([["email"]]), "confirm"),
    ];
    for (mut person, score, missing, ways, page) in expected {
        let answer = person.send("GET", "/reports", FETCH, "");
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let mut names: Vec<&String> = problem.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(
            names,
            [
                "challenge_url",
                "fresh_within_s",
                "max_age_s",
                "missing",
                "reference",
                "required_level",
                "score",
                "status",
                "title",
                "type",
                "ways"
            ]
        );
        assert_eq!(problem["status"], 401);
        assert_eq!(problem["score"], score);
        assert_eq!(problem["required_level"], 30);
        assert_eq!(problem["missing"], missing);
        assert_eq!(problem["ways"], ways);
        assert_eq!(problem["max_age_s"], serde_json::Value::Null);
        assert_eq!(problem["reference"], answer.field("x-scoregate-reference").unwrap());
        let url = problem["challenge_url"].as_str().unwrap();
        assert!(url.starts_with("https://portal.example.org"), "{url}");
        assert!(url.contains(&format!("/.scoregate/{page}")), "{url}");
        let told = answer.field("www-authenticate").unwrap();
        assert!(told.contains("insufficient_user_authentication"), "{told}");
    }
}

/// The page that a refused call names.
fn challenge_of(refused: &Response) -> String {
    let problem: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    let url = problem["challenge_url"].as_str().unwrap();
    url.strip_prefix(&format!("https://{HOST}")).unwrap().to_owned()
}

#[test]
fn a_script_is_led_to_what_its_own_call_asks_and_back_to_its_page() {
    let mut world = World::prepare();
    let rule = "[route.portal.rule.pay]\npath = \"/api/pay\"\nmethods = [\"POST\"]\nlevel = 40\n";
    world.write_config(&(world.config() + rule));
    world.run();
    let link = world.add_invited("bob");
    let mut app = Person::new(&world).set_up(&link, "bob");
    let mut bob = Person::new(&world);
    bob.sign_in_with_mail(&world, "bob");
    let from_page = format!("{FETCH}Referer: https://{HOST}/shop?basket=1\r\n");
    // Longer than a return address may be: what it asks is the same.
    for rest in ["?", "/"].map(|start| start.to_owned() + &"x".repeat(8000)) {
        for referer in [1, 4000] {
            let page = "x".repeat(referer);
            let fields = format!("{FETCH}Referer: https://{HOST}/shop?{page}\r\n");
            let refused = bob.send("POST", &format!("/api/pay{rest}"), &fields, "");
            bob.open(&challenge_of(&refused));
            assert_eq!(
                (bob.page.path(), bob.page.status()),
                ("/.scoregate/confirm", 200),
                "{rest:.9}"
            );
        }
    }
    let refused = bob.send("POST", "/api/pay", &from_page, "");
    bob.open(&challenge_of(&refused));
    bob.choose("totp");
    bob.fill(&[("code", &app.code())]);
    assert_eq!(bob.page.address, "/shop?basket=1");
    assert_eq!(bob.send("POST", "/api/pay", &from_page, "").status, 200);
}

#[test]
fn a_page_of_another_origin_is_nowhere_to_go_back_to() {
    let world = World::with_users(&["anna"]);
    for referer in ["https://evil.example/x", "https://portal.example.org.evil.example/", "//x"] {
        let mut anna = Person::new(&world);
        let fields = format!("{FETCH}Referer: {referer}\r\n");
        let refused = anna.send("GET", "/reports", &fields, "");
        let problem: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
        let url = problem["challenge_url"].as_str().unwrap();
        anna.open(url.strip_prefix(&format!("https://{HOST}")).unwrap());
        anna.sign_in_with_mail(&world, "anna");
        assert_eq!(anna.page.address, "/", "{referer}");
    }
}

// --- several at once -------------------------------------------------------------------------

#[test]
fn two_methods_at_the_same_moment_both_count_and_none_twice() {
    let world = World::with_users(&[]);
    let link = world.add_invited("bob");
    let mut app = Person::new(&world).set_up(&link, "bob");
    let mut bob = Person::new(&world);
    bob.open("/admin");
    bob.sign_in("bob", &password_of("bob"));
    let mut by_mail = bob.clone();
    by_mail.choose("email");
    let mail = code_after(&world, "bob", 0);
    bob.choose("totp");
    let shown = app.code();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| by_mail.clone().submit("", &[("code", &mail)]));
            scope.spawn(|| bob.clone().submit("", &[("code", &shown)]));
        }
    });
    let listed = world.operate(&["session", "list", "--user", "bob", "--json"]);
    let sessions: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    let mut methods: Vec<&str> =
        sessions[0]["methods"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    methods.sort_unstable();
    assert_eq!((sessions.len(), methods), (1, vec!["email", "password", "totp"]));
}

#[test]
fn a_stranger_who_uses_up_the_tries_does_not_lock_out_the_browser_that_was_here_before() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    anna.open("/.scoregate/sign-out");
    anna.fill(&[]);
    let mut stranger = Person::new(&world);
    for _ in 0..11 {
        stranger.sign_in("anna", "not the password");
    }
    stranger.sign_in("anna", &password_of("anna"));
    assert!(stranger.page.words().contains("Too many tries."), "{}", stranger.page.words());
    anna.open("/");
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/"));
}

#[test]
fn a_transaction_of_one_browser_is_nothing_in_another() {
    let world = World::with_users(&["anna"]);
    let mut sender = Person::new(&world);
    // Before a browser has shown our cookie, its transaction is a return address and nothing more:
    // what a link to that address would do. Once it has, it is this browser's.
    sender.open("/reports/chosen-by-a-stranger");
    let lure = sender.open("/reports/chosen-by-a-stranger").address.clone();
    let mut anna = Person::new(&world);
    anna.open("/");
    anna.open(&lure);
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!(anna.page.address, "/");
    // Two tabs of one browser do not disturb each other.
    let mut first = Person::new(&world);
    first.open("/reports/1");
    let mut second = first.clone();
    second.open("/reports/2");
    first.sign_in_with_mail(&world, "anna");
    assert_eq!(first.page.address, "/reports/1");
    second.jar.clone_from(&first.jar);
    let address = second.page.address.clone();
    assert_eq!(second.open(&address).address, "/reports/2");
}

// --- around the gate -------------------------------------------------------------------------

#[test]
fn a_portal_that_is_down_is_said_so_to_those_who_may_pass_and_to_nobody_else() {
    let mut world = World::prepare();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = world.config();
    world.write_config(&config.replace(&world.upstream.address.to_string(), &gone.to_string()));
    world.run();
    world.add_user("anna");
    let mut anna = Person::new(&world);
    assert_eq!(anna.get("/").status, 303);
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!(anna.page.status(), 502);
    let reference = anna.page.response.field("x-scoregate-reference").unwrap();
    assert!(anna.page.response.text().contains(reference), "{}", anna.page.response.text());
    assert_eq!(anna.get("/.scoregate/sign-out").status, 200, "own pages need no portal");
}

#[test]
fn plain_http_leads_to_the_same_address_by_https_and_only_for_hosts_of_ours() {
    let mut world = World::prepare();
    world.write_config(&world.config().replace("serve = \"routes\"", "redirect_to = \"https\""));
    world.run();
    let ask = |host: &str| {
        let request = format!("GET /reports?x=%20 HTTP/1.1\r\nHost: {host}\r\n\r\n");
        world.plain().ask(request.as_bytes()).unwrap()
    };
    let port = world.running().https.port();
    let answer = ask("portal.example.org");
    assert_eq!(answer.status, 308);
    assert_eq!(answer.location(), format!("https://portal.example.org:{port}/reports?x=%20"));
    let other = ask("evil.test");
    assert_eq!((other.status, other.location()), (421, ""));
    assert_eq!(world.upstream.count(), 0);
}

#[test]
fn the_same_holds_over_http_2() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    let before = world.upstream.count();
    let client = world.h2_client();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let port = world.running().https.port();
    let cookie = anna.session();
    let ask = |path: &str, fields: &[(&str, &str)]| {
        let mut request = client.get(format!("https://portal.example.org:{port}{path}"));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let answer = runtime.block_on(request.send()).unwrap();
        assert_eq!(answer.version(), http::Version::HTTP_2);
        answer.status().as_u16()
    };
    let session = ("cookie", &*cookie);
    type Fields<'a> = &'a [(&'a str, &'a str)];
    let table: [(&str, Fields<'_>, u16); 7] = [
        (
            "/reports/h2?x=1",
            &[session, ("x-scoregate-user", "mallory"), ("x_scoregate_user", "mallory")],
            200,
        ),
        ("/public/h2", &[], 200),
        ("/reports/h2", &[], 401),
        ("/admin/h2", &[session], 401),
        ("/public/..%2fadmin/h2", &[session], 400),
        ("/reports/h2", &[session, ("cookie", "__Host-scoregate=v1.a.b.c")], 401),
        ("/reports/h2", &[session, ("cookie", "theme=dark")], 200),
    ];
    for (path, fields, status) in table {
        assert_eq!(ask(path, fields), status, "{path} {fields:?}");
    }
    let arrived = world.upstream.arrived().split_off(before);
    let targets: Vec<&str> = arrived.iter().map(super::upstream::Arrived::target).collect();
    assert_eq!(targets, ["/reports/h2?x=1", "/public/h2", "/reports/h2"]);
    assert_eq!(arrived[0].values("x-scoregate-user"), ["anna"]);
    assert!(!arrived[0].head.contains("mallory") && arrived[0].values("host").len() == 1);
    assert_eq!(arrived[2].values("cookie"), ["theme=dark"]);
}
