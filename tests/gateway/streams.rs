//! WebSockets through the real process: that none is lost, what goes along with the request that asks for
//! one, and what ends it. Not here: frames and the copying itself, which have tests beside their code.

use std::io::{Read, Write};

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
