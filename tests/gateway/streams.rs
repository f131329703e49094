//! WebSockets through the real process: that none is lost, what goes along with the request that asks for
//! one, and what ends it. Not here: frames and the copying itself, which have tests beside their code.

use std::io::{ErrorKind, Read, Write};

use super::person::Person;
use super::wire::{Response, Stream};
use super::world::{HOST, World};

/// Asks for a WebSocket and reads the head that is said to it.
pub(crate) fn ask(stream: &mut dyn Stream, target: &str, fields: &str) -> Response {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    Response::read(stream, false).unwrap()
}

/// A stream that runs, over the plain listener.
pub(crate) fn socket(world: &World, person: &Person) -> Box<dyn Stream> {
    let mut stream = world.plain().connect().unwrap();
    let switched = ask(&mut *stream, "/socket", &format!("Cookie: {}\r\n", person.session()));
    assert_eq!(switched.status, 101);
    stream
}

/// Whether what is said into a stream comes back, rather than its end.
pub(crate) fn said_back(stream: &mut dyn Stream) -> bool {
    let mut heard = [0; 4];
    stream.write_all(b"ping").is_ok() && stream.read_exact(&mut heard).is_ok() && &heard == b"ping"
}

/// Pingora 0.9.1 by itself loses about one in twelve of these.
#[test]
fn of_a_thousand_websockets_none_ends_before_its_time() {
    let world = World::with_users(&[]);
    let lost = (0..1000).filter(|_| {
        let mut stream = world.plain().connect().unwrap();
        let switched = ask(&mut *stream, "/public/socket", "");
        assert_eq!(switched.status, 101);
        !said_back(&mut *stream)
    });
    assert_eq!(lost.count(), 0);
    assert_eq!(world.upstream.count(), 1000);
}

#[test]
fn the_request_for_a_websocket_arrives_like_any_other_and_its_protocol_comes_back() {
    let world = World::with_users(&["anna"]);
    let mut anna = Person::new(&world);
    anna.sign_in_with_mail(&world, "anna");
    let mut stream = world.plain().connect().unwrap();
    let fields = format!(
        "Cookie: {}; theme=dark\r\nSec-WebSocket-Protocol: chat, superchat\r\nUser-Agent: socket\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\nX-Scoregate-User: mallory\r\nKeep-Alive: 5\r\n\
         X_Forwarded_For: 198.51.100.66\r\n",
        anna.session()
    );
    assert_eq!(ask(&mut *stream, "/socket?a=%2e", &fields).status, 101);
    let arrived = world.upstream.marked("socket").remove(0);
    assert_eq!(arrived.target(), "/socket?a=%2e");
    let expected = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("x-scoregate-user", "anna"),
        ("cookie", "theme=dark"),
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("x-forwarded-for", "127.0.0.1"),
    ];
    for (name, value) in expected {
        assert_eq!(arrived.values(name), [value], "{}", arrived.head);
    }
    assert!(arrived.value("keep-alive").is_none(), "{}", arrived.head);
    // Every byte there is, and more of them than any buffer holds.
    let all: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
    for piece in all.chunks(50_000) {
        stream.write_all(piece).unwrap();
        let mut heard = vec![0; piece.len()];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(heard, piece);
    }
}

#[test]
fn what_a_websocket_may_not_name_or_send_early_is_refused() {
    let world = World::with_users(&[]);
    for named in
        ["Connection: Host", "Connection: X-Forwarded-For", "Connection: a,b,c,d,e,f,g,h,i,j"]
    {
        let mut stream = world.plain().connect().unwrap();
        let refused = ask(&mut *stream, "/public/socket", &format!("{named}\r\n"));
        assert_eq!(refused.status, 400, "{named}");
    }
    assert_eq!(world.upstream.count(), 0);
    // A client that speaks before it was let in is not understood: nothing of it arrives as a request.
    let mut stream = world.plain().connect().unwrap();
    let early = format!(
        "GET /public/socket HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\
         GET /hidden HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    );
    stream.write_all(early.as_bytes()).unwrap();
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    assert!(heard.is_empty(), "{}", String::from_utf8_lossy(&heard));
    assert!(!world.upstream.has_bytes(b"/hidden"));
}

// --- what ends them --------------------------------------------------------------------------

/// A text frame as a server sends it; the portal sends back what it gets.
const FRAME: &[u8] = b"\x81\x04ping";

/// Opens a WebSocket and has a frame sent back.
fn open(world: &World, person: &Person, target: &str) -> Box<dyn Stream> {
    let mut stream = world.plain().connect().unwrap();
    let switched = ask(&mut *stream, target, &format!("Cookie: {}\r\n", person.session()));
    assert_eq!(switched.status, 101, "{target}");
    assert!(is_open(&mut *stream), "{target}");
    stream
}

fn is_open(stream: &mut dyn Stream) -> bool {
    let mut heard = [0; FRAME.len()];
    stream.write_all(FRAME).unwrap();
    stream.read_exact(&mut heard).is_ok() && heard == FRAME
}

/// What a WebSocket is closed with.
fn closed(stream: &mut dyn Stream) -> (u16, String) {
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    assert_eq!(heard[0], 0x88, "{heard:?}");
    assert_eq!(usize::from(heard[1]), heard.len() - 2, "{heard:?}");
    let code = u16::from_be_bytes([heard[2], heard[3]]);
    (code, String::from_utf8(heard[4..].to_vec()).unwrap())
}

fn signed_in(world: &World, name: &str) -> Person {
    let mut person = Person::new(world);
    person.sign_in_with_mail(world, name);
    person
}

#[test]
fn a_websocket_ends_with_what_it_was_let_through_for_and_says_why() {
    let world = World::with_users(&["anna", "berta", "carol", "dora"]);
    let rule = "[route.portal.rule.editors]\npath = \"/editors\"\nroles = [\"editor\"]\n";
    world.write_config(&(world.config() + rule));
    world.operate(&["reload"]);
    world.operate(&["user", "role", "carol", "--add", "editor"]);
    let mut people = ["anna", "berta", "carol", "dora"].map(|name| signed_in(&world, name));
    let mut dora = open(&world, &people[3], "/socket");
    let mut public = open(&world, &people[0], "/public/socket");

    let mut stream = open(&world, &people[0], "/socket");
    people[0].open("/.scoregate/sign-out");
    people[0].fill(&[]);
    assert_eq!(closed(&mut *stream), (1008, "signed out".to_owned()));

    let mut stream = open(&world, &people[1], "/socket");
    world.operate(&["session", "end", "--user", "berta", "--yes"]);
    assert_eq!(closed(&mut *stream), (1008, "signed out".to_owned()));

    let (mut editors, mut anywhere) =
        (open(&world, &people[2], "/editors/socket"), open(&world, &people[2], "/socket"));
    world.operate(&["user", "role", "carol", "--remove", "editor"]);
    assert_eq!(closed(&mut *editors), (1008, "not open to this user".to_owned()));
    assert!(is_open(&mut *anywhere), "a role that is not asked for was taken away");
    world.operate(&["user", "disable", "carol"]);
    assert_eq!(closed(&mut *anywhere), (1008, "signed out".to_owned()));

    // Many a reload later, what is still allowed runs.
    for _ in 0..5 {
        world.operate(&["reload"]);
    }
    assert!(is_open(&mut *dora) && is_open(&mut *public));
    let points = "[directory.staff.authentication.points]\nemail = 5\n[directory.staff]\n";
    let config = world.config().replace("level = 40", "level = 35");
    world.write_config(&config.replace("[directory.staff]\n", points));
    world.operate(&["reload"]);
    assert_eq!(closed(&mut *dora), (1008, "more sign-in steps are needed".to_owned()));
    assert!(is_open(&mut *public));
}

#[test]
fn a_stream_that_is_not_enough_any_more_has_its_grace_and_a_lost_session_has_none() {
    let world = World::with_users(&["anna", "berta"]);
    let graceful = world
        .config()
        .replace("directory = \"staff\"", "directory = \"staff\"\nstream_grace = \"1h\"");
    assert_ne!(graceful, world.config());
    world.write_config(&graceful);
    world.operate(&["reload"]);
    let (anna, berta) = (signed_in(&world, "anna"), signed_in(&world, "berta"));
    let (mut annas, mut bertas) = (open(&world, &anna, "/socket"), open(&world, &berta, "/socket"));
    world.write_config(&graceful.replace("stream_grace", "level = 40\nstream_grace"));
    world.operate(&["reload"]);
    // A stream that began under the new level is the sign that those before it were looked at.
    assert_eq!(anna.clone().send("GET", "/", "Accept: */*\r\n", "").status, 401);
    world.operate(&["session", "end", "--user", "anna", "--yes"]);
    assert_eq!(closed(&mut *annas), (1008, "signed out".to_owned()));
    assert!(is_open(&mut *bertas));
}

#[test]
fn a_page_of_another_origin_opens_no_websocket_as_the_user_unless_the_route_says_so() {
    let world = World::with_users(&["anna"]);
    let anna = signed_in(&world, "anna");
    let answers = |target: &str, origin: &str| {
        let mut stream = world.tls().connect().unwrap();
        let origin =
            if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
        let fields = format!("Cookie: {}\r\n{origin}", anna.session());
        ask(&mut *stream, target, &fields).status
    };
    let own = format!("https://{HOST}");
    let table = [
        (own.as_str(), 101),
        ("", 101),
        ("https://evil.test", 403),
        ("https://app.example.org", 403),
        ("null", 403),
        ("http://portal.example.org", 403),
        ("https://portal.example.org:8443", 403),
    ];
    for (origin, status) in table {
        assert_eq!(answers("/socket", origin), status, "{origin}");
        assert_eq!(answers("/public/socket", origin), 101, "nobody is named there: {origin}");
    }
    let allowed = "directory = \"staff\"\norigins = [\"https://app.example.org\"]";
    world.write_config(&world.config().replace("directory = \"staff\"", allowed));
    world.operate(&["reload"]);
    assert_eq!(answers("/socket", "https://app.example.org"), 101);
    assert_eq!(answers("/socket", "https://evil.test"), 403);
    assert_eq!(answers("/socket", &own), 101);
    assert!(world.audit().contains("\"reason\":\"origin\""), "{}", world.audit());
}

#[test]
fn an_event_stream_ends_when_its_user_loses_what_it_was_opened_for() {
    let world = World::with_users(&["anna"]);
    let rule = "[route.portal.rule.editors]\npath = \"/editors\"\nroles = [\"editor\"]\n";
    world.write_config(&(world.config() + rule));
    world.operate(&["reload"]);
    world.operate(&["user", "role", "anna", "--add", "editor"]);
    let anna = signed_in(&world, "anna");
    let mut stream = world.plain().connect().unwrap();
    let request = format!(
        "GET /editors/events HTTP/1.1\r\nHost: {HOST}\r\nCookie: {}\r\nAccept: text/event-stream\r\n\r\n",
        anna.session()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("data: one") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
    }
    world.operate(&["user", "role", "anna", "--remove", "editor"]);
    let mut rest = Vec::new();
    // A reset is an end, too; nothing for as long as this side waits is none.
    if let Err(error) = stream.read_to_end(&mut rest) {
        let is_silence = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert!(!is_silence, "the stream goes on");
    }
    assert!(!String::from_utf8_lossy(&rest).contains("0\r\n\r\n"), "cut, and not said to be whole");
}
