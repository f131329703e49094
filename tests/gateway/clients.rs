//! Answers for clients that are nobody looking at a page: browsers and password managers that look for our
//! pages, and browsers that ask before a script of another origin calls. Not here: people (`journeys`).

use super::person::{BROWSER, NAVIGATION, Person, SESSION};
use super::wire::Response;
use super::world::{HOST, World};

/// Sends a request with these fields, each with its line end.
fn ask(world: &World, method: &str, target: &str, fields: &str) -> Response {
    let request =
        format!("{method} {target} HTTP/1.1\r\nHost: {HOST}\r\n{fields}Connection: close\r\n\r\n");
    world.tls().ask(request.as_bytes()).unwrap()
}

// --- where people change what they sign in with -----------------------------------------------

const NOT_THERE: &str =
    "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";

#[test]
fn a_password_manager_finds_the_page_for_another_password_behind_a_sign_in() {
    let world = World::with_users(&["anna"]);
    let answer = ask(&world, "GET", "/.well-known/change-password", "");
    assert_eq!((answer.status, answer.location()), (303, "/.scoregate/me/password"));
    assert!(answer.field("x-scoregate-reference").is_some());
    assert_eq!(ask(&world, "HEAD", "/.well-known/change-password", "").status, 303);
    assert_eq!(ask(&world, "GET", NOT_THERE, "").status, 404);
    // It is no way past a sign-in, and afterwards the person is where they wanted to be.
    let mut anna = Person::new(&world);
    anna.open("/.well-known/change-password");
    assert_eq!(anna.page.path(), "/.scoregate/sign-in");
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!(anna.page.path(), "/.scoregate/me/password", "{}", anna.page.words());
    assert_eq!(anna.page.status(), 200);
    assert_eq!(world.upstream.count(), 0, "the portal is asked nothing of this");
}

#[test]
fn only_the_exact_address_is_answered_and_every_other_is_the_portals() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    for target in [
        "/.well-known/change-password?x=y",
        "/.well-known/Change-Password",
        "/.well-known/change-password/",
        "/.well-known/security.txt",
    ] {
        assert_eq!(anna.get(target).status, 200, "{target}");
        assert_eq!(world.upstream.arrived().last().unwrap().target(), target);
        assert_eq!(ask(&world, "GET", target, NAVIGATION).status, 303, "{target} needs a sign-in");
    }
    let post = anna.send("POST", "/.well-known/change-password", "", "");
    assert_eq!(post.status, 200, "only reading is answered in the portal's place");
}

#[test]
fn a_route_can_leave_both_addresses_to_its_portal() {
    let mut world = World::prepare();
    let left = format!("host = \"{HOST}\"\nwell_known = false");
    world.write_config(&world.config().replacen(&format!("host = \"{HOST}\""), &left, 1));
    world.run();
    for target in ["/.well-known/change-password", "/.well-known/passkey-endpoints", NOT_THERE] {
        assert_eq!(ask(&world, "GET", target, "").status, 401, "{target}");
    }
}

#[test]
fn passkey_endpoints_are_our_pages_of_this_very_host() {
    let world = World::with_users(&["anna"]);
    let answer = ask(&world, "GET", "/.well-known/passkey-endpoints", "");
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/json")));
    let said: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
    let port = world.running().https.port();
    let pages = format!("https://{HOST}:{port}/.scoregate/me/passkeys");
    assert_eq!(said, serde_json::json!({ "enroll": format!("{pages}/add"), "manage": pages }));
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    assert_eq!(anna.open("/.scoregate/me/passkeys").status(), 200);
}

#[test]
fn where_nobody_has_a_password_or_a_passkey_the_addresses_are_the_portals() {
    let mut world = World::prepare();
    let without =
        "[directory.staff.authentication.points]\npasskey = 0\nsecurity_key = 0\n[notifier";
    world.write_config(&world.config().replacen("[notifier", without, 1));
    world.run();
    assert_eq!(ask(&world, "GET", "/.well-known/passkey-endpoints", "").status, 401);
    assert_eq!(ask(&world, "GET", "/.well-known/change-password", "").status, 303);
}

// --- before a call of a script --------------------------------------------------------------

const APP: &str = "Origin: https://app.example.org\r\n";
const WANTS: &str = "Access-Control-Request-Method: PUT\r\n";

/// The gateway with a route that lets an app elsewhere call.
fn with_app(names: &[&str]) -> World {
    let mut world = World::prepare();
    // What the gateway shows at the portal is not for strangers' questions either.
    world.write_private("portal-secret", "Basic Z2F0ZTpodW50ZXIy");
    let allowed = format!(
        "host = \"{HOST}\"\ncors_preflight = [\"https://app.example.org\"]\n\
         identity.authorization = {{ file = \"portal-secret\" }}"
    );
    world.write_config(&world.config().replacen(&format!("host = \"{HOST}\""), &allowed, 1));
    world.run();
    for name in names {
        world.add_user(name);
    }
    world
}

#[test]
fn a_browsers_question_before_a_call_reaches_the_portal_with_nothing_else() {
    let world = with_app(&[]);
    let more = "Access-Control-Request-Headers: x-a\r\nUser-Agent: asks\r\nX-Api-Key: k\r\n\
                X-Scoregate-User: anna\r\nReferer: https://app.example.org/\r\n\
                Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";
    let answer = ask(&world, "OPTIONS", "/admin/x?y=z", &format!("{APP}{WANTS}{more}"));
    assert_eq!(answer.status, 200);
    let arrived = world.upstream.marked("asks");
    assert_eq!(arrived.len(), 1);
    let one = &arrived[0];
    assert!(one.head.starts_with("OPTIONS /admin/x?y=z "), "{}", one.head);
    assert_eq!(one.value("origin"), Some("https://app.example.org"));
    assert_eq!(one.value("access-control-request-method"), Some("PUT"));
    assert_eq!(one.value("access-control-request-headers"), Some("x-a"));
    for name in ["x-api-key", "x-scoregate-user", "referer", "authorization", "cookie"] {
        assert_eq!(one.value(name), None, "{name}");
    }
}

#[test]
fn nothing_but_that_question_passes_without_a_sign_in() {
    let world = with_app(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &super::world::password_of("anna"));
    let cookie = format!("Cookie: {}\r\n", anna.cookies());
    assert!(cookie.contains(BROWSER) && cookie.contains(SESSION));
    let table = [
        ("PUT", format!("{APP}{WANTS}Content-Length: 0\r\n")),
        ("GET", format!("{APP}{WANTS}")),
        ("POST", format!("{APP}{WANTS}Content-Length: 0\r\n")),
        ("OPTIONS", String::new()),
        ("OPTIONS", APP.to_owned()),
        ("OPTIONS", WANTS.to_owned()),
        ("OPTIONS", format!("Origin: https://evil.test\r\n{WANTS}")),
        ("OPTIONS", format!("Origin: https://app.example.org.evil.test\r\n{WANTS}")),
        ("OPTIONS", format!("{APP}Origin: https://evil.test\r\n{WANTS}")),
        ("OPTIONS", format!("Origin: null\r\n{WANTS}")),
        ("OPTIONS", format!("{APP}{WANTS}{cookie}")),
        ("OPTIONS", format!("{APP}{WANTS}Authorization: Bearer x\r\n")),
        ("OPTIONS", format!("{APP}{WANTS}Transfer-Encoding: chunked\r\n")),
        ("OPTIONS", format!("{APP}{WANTS}Sec-Fetch-Mode: navigate\r\n")),
        ("OPTIONS", format!("{APP}{WANTS}X-HTTP-Method-Override: PUT\r\nCookie: a=b\r\n")),
    ];
    for (method, fields) in table {
        let chunked = fields.contains("chunked");
        let request = format!(
            "{method} /api HTTP/1.1\r\nHost: {HOST}\r\n{fields}Connection: close\r\n\r\n{}",
            if chunked { "0\r\n\r\n" } else { "" }
        );
        let answer = world.tls().ask(request.as_bytes()).unwrap();
        assert_eq!(answer.status, 401, "{method} {fields}");
    }
    assert_eq!(world.upstream.count(), 0);
    // A route that says nothing of it lets no question through.
    let closed = World::with_users(&[]);
    assert_eq!(ask(&closed, "OPTIONS", "/api", &format!("{APP}{WANTS}")).status, 401);
    assert_eq!(closed.upstream.count(), 0);
}

#[test]
fn the_question_passes_over_http2_as_well_and_nothing_else_does() {
    let world = with_app(&[]);
    let client = world.h2_client();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = format!("https://{HOST}:{}/api", world.running().https.port());
    let question =
        [("origin", "https://app.example.org"), ("access-control-request-method", "PUT")];
    type Fields<'a> = &'a [(&'a str, &'a str)];
    let table: [(&str, Fields<'_>, u16); 5] = [
        ("OPTIONS", &question, 200),
        ("OPTIONS", &question[..1], 401),
        ("OPTIONS", &[question[0], question[1], ("cookie", "a=b")], 401),
        ("OPTIONS", &[("origin", "https://evil.test"), question[1]], 401),
        ("PUT", &question, 401),
    ];
    for (method, fields, status) in table {
        let mut request = client.request(method.parse().unwrap(), &url).header("user-agent", "h2");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let answer = runtime.block_on(request.send()).unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (http::Version::HTTP_2, status));
    }
    assert_eq!(world.upstream.marked("h2").len(), 1);
}

// --- sign-ins that go round in circles ---------------------------------------------------------

const ROUNDS: &str = "__Host-scoregate-rounds";

/// Users with a password, which is enough below `/basic`.
fn with_basic(names: &[&str]) -> World {
    let mut world = World::prepare();
    let rule = "[route.portal.rule.basic]\npath = \"/basic\"\nlevel = 20\n";
    world.write_config(&(world.config() + rule));
    world.run();
    for name in names {
        world.add_user(name);
    }
    world
}

/// Completes the sign-in for `path` and is sent back there, but does not go. Gives the answer.
fn complete(person: &mut Person, path: &str, name: &str) -> Response {
    person.open(path);
    assert_eq!(person.page.path(), "/.scoregate/sign-in", "{}", person.page.words());
    let fields = [("username", name), ("password", &super::world::password_of(name))];
    let answer = person.submit("", &fields);
    assert_eq!((answer.status, answer.location()), (303, path));
    answer
}

/// The page at the end of the circle. Its reference is in audit and log.
fn assert_stopped(world: &World, person: &mut Person, path: &str, cause: &str) {
    let page = person.open(path).clone();
    assert_eq!(page.status(), 403, "{}", page.words());
    assert!(page.words().contains("The sign-in does not hold"), "{}", page.words());
    assert!(page.words().contains(cause), "{}", page.words());
    let reference = page.response.field("x-scoregate-reference").unwrap();
    assert!(page.response.text().contains(reference));
    super::world::wait_for("it is in the audit", || {
        let audit = world.audit();
        let mut lines = audit.lines().filter(|line| line.contains(reference));
        lines.any(|line| line.contains("going_round")).then_some(())
    });
}

#[test]
fn a_browser_that_loses_the_session_three_times_is_told_why_and_can_try_again() {
    let world = with_basic(&["anna"]);
    let mut anna = Person::new(&world);
    for round in 1..=3 {
        complete(&mut anna, "/basic", "anna");
        assert!(anna.jar.remove(SESSION).is_some() && anna.jar.contains_key(ROUNDS), "{round}");
    }
    // Elsewhere it is the first time, and looking at a page again is none.
    assert_eq!(anna.clone().open("/").path(), "/.scoregate/sign-in");
    assert_stopped(&world, &mut anna, "/basic", "without the cookie that says who you are");
    assert_eq!(anna.jar.get(ROUNDS), None, "the next try counts anew");
    let again = anna.page.links().into_iter().find(|link| link.contains("sign-in?tx=")).unwrap();
    anna.open(&again);
    anna.sign_in("anna", &super::world::password_of("anna"));
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/basic"));
    assert_eq!(anna.jar.get(ROUNDS), None, "whoever gets in is not counted any more");
    assert_eq!(world.upstream.count(), 1);
}

#[test]
fn a_session_that_is_not_known_and_one_that_is_never_enough_have_causes_of_their_own() {
    let world = with_basic(&["anna", "berta"]);
    let mut anna = Person::new(&world);
    for _ in 0..3 {
        complete(&mut anna, "/basic", "anna");
        anna.jar.remove(SESSION);
    }
    let mut unknown = anna.clone();
    unknown.jar.insert(SESSION.to_owned(), "v1.AAAA.AAAA.AAAA".to_owned());
    assert_stopped(&world, &mut unknown, "/basic", "a cookie that is not known here");

    let mut berta = Person::new(&world);
    complete(&mut berta, "/basic", "berta");
    let little = berta.jar[SESSION].clone();
    let mut mailed = Person::new(&world);
    mailed.sign_in_with_mail(&world, "anna");
    let enough = mailed.jar[SESSION].clone();
    // Enough for the start page, and on arrival it is not: as with an age that is over at once.
    for round in 1..=3 {
        mailed.jar.insert(SESSION.to_owned(), enough.clone());
        let answer = mailed.get("/.scoregate/sign-in?next=/");
        assert_eq!((answer.status, answer.location()), (303, "/"));
        mailed.jar.insert(SESSION.to_owned(), little.clone());
        if round < 3 {
            assert_eq!(mailed.open("/").path(), "/.scoregate/confirm", "round {round}");
        }
    }
    assert_stopped(&world, &mut mailed, "/", "newer than what you have just shown");
}

#[test]
fn whoever_gets_in_is_never_stopped_however_often() {
    let world = with_basic(&["anna"]);
    let mut anna = Person::new(&world);
    for _ in 0..5 {
        anna.jar.remove(SESSION);
        complete(&mut anna, "/basic", "anna");
        assert!(anna.jar.contains_key(ROUNDS));
        assert_eq!(anna.open("/basic").status(), 200);
        assert!(!anna.jar.contains_key(ROUNDS));
    }
    // The count reaches no portal.
    for arrived in world.upstream.arrived() {
        assert_eq!(arrived.value("cookie"), None);
    }
}

#[test]
fn a_browser_that_takes_no_cookie_is_told_so_at_its_first_form() {
    let world = with_basic(&["anna"]);
    let mut anna = Person::new(&world);
    anna.open("/basic");
    anna.jar.clear();
    let fields = [("username", "anna"), ("password", &*super::world::password_of("anna"))];
    let page = anna.fill(&fields);
    assert_eq!(page.status(), 403);
    assert!(page.words().contains("Your browser refuses our cookie"), "{}", page.words());
}

// --- a challenge in a window of its own ------------------------------------------------------------

/// What the refusal of a script's call says of where more is shown, as a path.
fn challenge_of(person: &mut Person, target: &str) -> String {
    let script = "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";
    let answer = person.send("POST", target, script, "");
    assert_eq!(answer.status, 401);
    let problem: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
    let url = problem["challenge_url"].as_str().unwrap();
    url.split_once(HOST)
        .and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()))
        .unwrap()
}

#[test]
fn a_journey_in_a_window_ends_there_and_only_once_enough_was_shown() {
    let world = with_basic(&["anna"]);
    let mut anna = Person::new(&world);
    assert_eq!(anna.open("/.scoregate/done").path(), "/.scoregate/sign-in", "nothing was shown");
    let challenge = challenge_of(&mut anna, "/basic/orders");
    anna.open(&format!("{challenge}&window=1"));
    anna.sign_in("anna", &super::world::password_of("anna"));
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/.scoregate/done"));
    let html = anna.page.response.text();
    assert!(html.contains("data-done"), "{html}");
    // More is asked elsewhere: its window does not end before.
    let challenge = challenge_of(&mut anna, "/orders");
    assert!(challenge.starts_with("/.scoregate/confirm?tx="), "{challenge}");
    anna.open(&format!("{challenge}&window=1"));
    let tx = anna.page.address.split_once("tx=").unwrap().1.to_owned();
    assert_eq!(anna.open(&format!("/.scoregate/done?tx={tx}")).path(), "/.scoregate/next");
    let before = world.codes_to("anna").len();
    anna.choose("email");
    anna.type_code_from_mail(&world, "anna", before);
    assert_eq!((anna.page.status(), anna.page.path()), (200, "/.scoregate/done"));
    assert_eq!(world.upstream.count(), 0, "the gateway makes no call for anybody");
}

#[test]
fn a_window_in_which_another_user_signs_in_tells_nobody_that_it_is_done() {
    let world = with_basic(&["anna", "berta"]);
    let mut anna = Person::new(&world);
    complete(&mut anna, "/basic", "anna");
    let challenge = challenge_of(&mut anna, "/orders");
    anna.open(&format!("{challenge}&window=1"));
    // Her form, sent as somebody else.
    let (_, hidden) = anna.page.form_to("");
    let password = super::world::password_of("berta");
    let fields = [("username", "berta"), ("password", &*password)];
    let body = super::person::encoded(&hidden, &fields);
    let answer = anna.post("/.scoregate/sign-in", &body);
    assert_eq!(answer.status, 303);
    let mut berta = anna;
    let next = answer.location().to_owned();
    berta.open(&next);
    assert!(!berta.page.path().ends_with("/done"), "{}", berta.page.words());
    berta.choose("email");
    berta.type_code_from_mail(&world, "berta", 0);
    assert_eq!((berta.page.status(), berta.page.path()), (200, "/"));
}

#[test]
fn the_script_for_portals_is_small_and_is_there_for_everybody() {
    let world = World::with_users(&[]);
    let answer = ask(&world, "GET", "/.scoregate/step-up.js", "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(answer.field("cross-origin-resource-policy"), Some("same-origin"));
    assert_eq!(answer.field("set-cookie"), None);
    let script = answer.text();
    assert!(script.len() <= 2048, "{}", script.len());
    assert!(script.contains("x-scoregate-reference") && script.contains("noopener"), "{script}");
}
