//! Portals as they are: several, slow, lying, gone, behind TLS, behind a socket, with more to send than
//! fits into memory. Through the real process, on public addresses, so that nobody has to sign in.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::wire::{Response, Stream, find};
use super::world::{HOST, World, wait_for};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A portal that does with each connection what it is told.
fn portal(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(connection));
        }
    });
    address
}

/// Nobody listens there.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Reads one head; `None`: the connection is over.
fn read_head(connection: &mut dyn Read) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while find(&head, b"\r\n\r\n").is_none() {
        match connection.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

fn length_of(head: &str) -> usize {
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
    });
    line.unwrap_or(0)
}

/// A portal that writes down what is asked for and answers "ok".
fn honest(seen: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    portal(move |mut connection| {
        while let Some(head) = read_head(&mut connection) {
            let mut body = vec![0; length_of(&head)];
            connection.read_exact(&mut body).unwrap();
            seen.lock().unwrap().push(head);
            if connection.write_all(OK.as_bytes()).is_err() {
                return;
            }
        }
    })
}

/// A gateway with one open route for each of these, under `/NAME/`.
fn world(portals: &[(&str, String)]) -> World {
    let mut world = World::prepare();
    configure(&world, portals);
    world.run();
    world
}

fn configure(world: &World, portals: &[(&str, String)]) {
    let mut config = world.config();
    for (name, settings) in portals {
        config += &format!(
            "[route.{name}]\nhost = \"{HOST}\"\npath = \"/{name}/\"\nupstream = \"{name}\"\n\
             directory = \"staff\"\n[route.{name}.rule.open]\npath = \"/{name}/\"\npublic = true\n\
             [upstream.{name}]\n{settings}\n"
        );
    }
    world.write_config(&config);
}

fn one(address: SocketAddr) -> String {
    format!("servers = [\"http://{address}\"]\nread_timeout = \"1s\"\nconnect_timeout = \"2s\"")
}

fn request(method: &str, path: &str, fields: &str, body: &str) -> Vec<u8> {
    let length = match method {
        "GET" | "HEAD" => String::new(),
        _ => format!("Content-Length: {}\r\n", body.len()),
    };
    format!("{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{fields}{length}\r\n{body}").into_bytes()
}

fn ask(world: &World, path: &str) -> Response {
    world.plain().ask(&request("GET", path, "", "")).expect("an answer")
}

fn reads_then(answer: &'static [u8]) -> SocketAddr {
    portal(move |mut connection| {
        if read_head(&mut connection).is_some() {
            let _ = connection.write_all(answer);
        }
    })
}

#[test]
fn each_bad_portal_gets_a_clear_answer_with_a_reference_and_harms_nobody_else() {
    let endless = portal(|mut connection| {
        let _ = read_head(&mut connection);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nX-Long: ");
        let chunk = [b'a'; 16 * 1024];
        for _ in 0..200 {
            if connection.write_all(&chunk).is_err() {
                return;
            }
        }
    });
    let half_closed = portal(|mut connection| {
        let _ = read_head(&mut connection);
        let _ = connection.shutdown(Shutdown::Write);
        let _ = connection.read_to_end(&mut Vec::new());
    });
    let table: [(&str, SocketAddr, u16, &str); 10] = [
        ("dead", nobody(), 502, "portal_unreachable"),
        ("gone", portal(drop), 502, "portal_unreachable"),
        ("slow", portal(|mut held| drop(held.read_to_end(&mut Vec::new()))), 504, "portal_slow"),
        ("half", half_closed, 502, "portal_"),
        ("noise", reads_then(b"hello, who is there?\r\n\r\n"), 502, "portal_garbled"),
        (
            "twolengths",
            reads_then(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!"),
            502,
            "portal_garbled",
        ),
        (
            "nolength",
            reads_then(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"),
            502,
            "portal_garbled",
        ),
        ("endless", endless, 502, "portal_"),
        ("halfhead", reads_then(b"HTTP/1.1 200 OK\r\nContent-Le"), 502, "portal_"),
        (
            "foreign",
            reads_then(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
            502,
            "portal_",
        ),
    ];
    let portals: Vec<_> = table.iter().map(|(name, at, ..)| (*name, one(*at))).collect();
    let world = world(&portals);
    for (name, _, status, reason) in table {
        let response = ask(&world, &format!("/{name}/x"));
        assert_eq!(response.status, status, "{name}: {}", response.text());
        let reference = response.field("x-scoregate-reference").unwrap().to_owned();
        assert!(response.text().contains(&reference), "{name}: {}", response.text());
        assert!(!response.text().contains("127.0.0.1"), "{name} tells where the portal is");
        wait_for("the line in the log", || {
            let log = world.log();
            let line = log.lines().find(|line| line.contains(&reference))?;
            line.contains("a request failed").then_some(())
        });
        wait_for("the line in the audit", || {
            let audit = world.audit();
            let line = audit.lines().find(|line| line.contains(&reference))?.to_owned();
            assert!(line.contains(reason), "{name}: {line}");
            Some(())
        });
        assert_eq!(ask(&world, "/public/x").status, 200, "after {name}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_cut_off_and_never_looks_whole() {
    let short = reads_then(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    let chunked =
        reads_then(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    let world = world(&[("short", one(short)), ("chunked", one(chunked))]);
    for name in ["short", "chunked"] {
        let mut stream = world.plain().connect().unwrap();
        stream.write_all(&request("GET", &format!("/{name}/x"), "", "")).unwrap();
        let mut all = Vec::new();
        // Ends only because the gateway closes the connection: nothing asked for that. What is short of
        // its length may not have been sent at all by then.
        stream.read_to_end(&mut all).unwrap();
        let text = String::from_utf8_lossy(&all);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 200"), "{name}: {text}");
        assert!(name == "short" || text.contains("hello"), "{name}: {text}");
        assert!(!text.contains("0\r\n\r\n"), "{name}: {text}");
        assert_eq!(ask(&world, "/public/x").status, 200, "after {name}");
    }
}

#[test]
fn a_client_that_goes_away_takes_its_request_with_it_and_nothing_else() {
    let over = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&over);
    let patient = portal(move |mut connection| {
        let _ = read_head(&mut connection);
        let _ = connection
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
        // Ends when the gateway lets go.
        let _ = connection.read_to_end(&mut Vec::new());
        count.fetch_add(1, Ordering::SeqCst);
    });
    let settings = format!("servers = [\"http://{patient}\"]\nconnections = 1");
    let world = world(&[("patient", settings)]);
    for round in 1..=3 {
        let mut stream = world.plain().connect().unwrap();
        stream.write_all(&request("GET", "/patient/x", "", "")).unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        drop(stream);
        wait_for("the portal to be let go", || {
            (over.load(Ordering::SeqCst) == round).then_some(())
        });
    }
    assert_eq!(ask(&world, "/public/x").status, 200);
}

#[test]
fn servers_take_turns_by_weight_and_a_dead_one_costs_no_request() {
    let (left, right): (Arc<Mutex<Vec<_>>>, Arc<Mutex<Vec<_>>>) = Default::default();
    let servers = [honest(left.clone()), nobody(), honest(right.clone())];
    let servers = servers.map(|server| format!("\"http://{server}\"")).join(", ");
    let settings = format!("servers = [{servers}]\nweights = [2, 1, 1]\ndown_for = \"1h\"");
    let world = world(&[("several", settings)]);
    for nth in 0..12 {
        let method = if nth % 2 == 0 { "GET" } else { "POST" };
        let body = if nth % 2 == 0 { "" } else { "body" };
        let asked = request(method, "/several/x", "", body);
        assert_eq!(world.plain().ask(&asked).unwrap().status, 200, "{nth}");
    }
    let (left, right) = (left.lock().unwrap().len(), right.lock().unwrap().len());
    assert_eq!(left + right, 12);
    assert!(left > right && right >= 3, "{left} and {right}");
    assert_eq!(world.log().matches("a server is down").count(), 1);
}

/// Answers the first request of a connection and closes at the second, after it has read it.
fn forgetful(seen: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    portal(move |mut connection| {
        let mut is_first = true;
        while let Some(head) = read_head(&mut connection) {
            let mut body = vec![0; length_of(&head)];
            connection.read_exact(&mut body).unwrap();
            seen.lock().unwrap().push(head.lines().next().unwrap().to_owned());
            if !is_first {
                return;
            }
            is_first = false;
            let _ = connection.write_all(OK.as_bytes());
        }
    })
}

#[test]
fn what_may_have_arrived_is_sent_again_only_where_twice_is_once() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let world = world(&[("forgetful", one(forgetful(seen.clone())))]);
    let table = [
        ("GET", "", 200, 2),
        ("POST", "pay", 502, 1),
        ("PUT", "body", 502, 1),
        ("POST", "", 502, 1),
    ];
    for (nth, (method, body, status, arrivals)) in table.into_iter().enumerate() {
        // Over one connection: what comes next finds the one to the portal put back.
        let mut client = world.plain().connect().unwrap();
        let mut ask = |asked: &[u8]| {
            client.write_all(asked).unwrap();
            Response::read(&mut *client, false).unwrap().status
        };
        assert_eq!(ask(&request("GET", &format!("/forgetful/first{nth}"), "", "")), 200);
        let path = format!("/forgetful/again{nth}");
        assert_eq!(ask(&request(method, &path, "", body)), status, "{method} {body}");
        let line = format!("{method} {path} HTTP/1.1");
        let count = seen.lock().unwrap().iter().filter(|seen| **seen == line).count();
        assert_eq!(count, arrivals, "{method} {body}");
    }
}

#[test]
fn a_server_that_is_not_well_gets_no_requests_and_without_any_the_portal_is_down() {
    let is_well = Arc::new(AtomicBool::new(true));
    let well = Arc::clone(&is_well);
    let server = portal(move |mut connection| {
        while let Some(head) = read_head(&mut connection) {
            let is_check = head.starts_with("GET /health ");
            let answer = if is_check && !well.load(Ordering::SeqCst) {
                "HTTP/1.1 503 Unwell\r\nContent-Length: 0\r\n\r\n"
            } else {
                OK
            };
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    let settings = format!(
        "servers = [\"http://{server}\"]\n[upstream.watched.health]\npath = \"/health\"\n\
         interval = \"1s\"\nup_after = 1\ndown_after = 1"
    );
    let world = world(&[("watched", settings)]);
    assert_eq!(ask(&world, "/watched/x").status, 200);
    is_well.store(false, Ordering::SeqCst);
    let refused = wait_for("the check to fail", || {
        Some(ask(&world, "/watched/x")).filter(|response| response.status == 503)
    });
    let reference = refused.field("x-scoregate-reference").unwrap();
    let line = wait_for("the line in the audit", || {
        world.audit().lines().find(|line| line.contains(reference)).map(str::to_owned)
    });
    assert!(line.contains("portal_down"), "{line}");
    assert!(world.log().contains("a server is not well"));
    is_well.store(true, Ordering::SeqCst);
    wait_for("the server to be well", || (ask(&world, "/watched/x").status == 200).then_some(()));
}

#[test]
fn a_server_with_its_hands_full_is_not_given_more() {
    let held: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let hold = Arc::clone(&held);
    let busy = portal(move |mut connection| {
        let _ = read_head(&mut connection);
        hold.lock().unwrap().push(connection);
    });
    let world = world(&[("busy", format!("servers = [\"http://{busy}\"]\nconnections = 2"))]);
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = world.plain().connect().unwrap();
            stream.write_all(&request("GET", "/busy/x", "", "")).unwrap();
            stream
        })
        .collect();
    wait_for("both to arrive", || (held.lock().unwrap().len() == 2).then_some(()));
    let refused = ask(&world, "/busy/x");
    assert_eq!((refused.status, refused.field("retry-after")), (503, Some("5")));
    for connection in held.lock().unwrap().iter_mut() {
        connection.write_all(OK.as_bytes()).unwrap();
    }
    for mut stream in waiting {
        assert_eq!(Response::read(&mut *stream, false).unwrap().status, 200);
    }
}

/// Says nothing to an ordinary request, and 101 to one for a WebSocket.
fn socket_or_silence() -> SocketAddr {
    portal(|mut connection| {
        let Some(head) = read_head(&mut connection) else { return };
        if head.to_ascii_lowercase().contains("upgrade: websocket") {
            let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                          Upgrade: websocket\r\n\r\n";
            connection.write_all(switch.as_bytes()).unwrap();
        }
        // Until the gateway lets go.
        let _ = connection.read_to_end(&mut Vec::new());
    })
}

#[test]
fn an_open_websocket_has_its_servers_hands_full_until_it_ends() {
    let server = socket_or_silence();
    let world = world(&[("busy", one(server) + "\nconnections = 1")]);
    let mut socket = world.plain().connect().unwrap();
    assert_eq!(super::streams::ask(&mut *socket, "/busy/socket", "").status, 101);
    assert_eq!(ask(&world, "/busy/x").status, 503);
    drop(socket);
    // Silence of the server: it was asked.
    wait_for("the seat to be free", || (ask(&world, "/busy/x").status == 504).then_some(()));
}

#[test]
fn only_what_can_be_an_event_stream_may_wait_for_its_portal_longer() {
    let server = socket_or_silence();
    let world = world(&[("slow", one(server))]);
    let events = "Accept: text/event-stream\r\n";
    let posted = world.plain().ask(&request("POST", "/slow/x", events, "x")).unwrap();
    assert_eq!(posted.status, 504);
    let upgrade = format!("{events}Connection: Upgrade\r\nUpgrade: h2c\r\n");
    let posted = world.plain().ask(&request("POST", "/slow/x", &upgrade, "x")).unwrap();
    assert_eq!(posted.status, 504);
}

#[test]
fn a_socket_is_a_server_and_the_host_is_kept_or_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portal.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            // One each: the gateway keeps a connection open for the next request.
            thread::spawn(move || {
                while let Some(head) = read_head(&mut connection) {
                    let host = head.lines().find(|line| line.starts_with("Host:")).unwrap();
                    let answer =
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{host}", host.len());
                    let _ = connection.write_all(answer.as_bytes());
                }
            });
        }
    });
    let servers = format!("servers = [\"unix:{}\"]", path.display());
    let set = format!("{servers}\nhost = \"portal.internal\"");
    let world = world(&[("kept", servers), ("set", set)]);
    assert_eq!(ask(&world, "/kept/x").text(), format!("Host: {HOST}"));
    assert_eq!(ask(&world, "/set/x").text(), "Host: portal.internal");
}

#[test]
fn a_redirect_to_the_portals_inner_address_leads_to_the_outer_one() {
    let server = portal(|mut connection| {
        while let Some(head) = read_head(&mut connection) {
            let own = connection.local_addr().unwrap();
            let to = match head.split(' ').nth(1).unwrap() {
                "/inner/own" => format!("http://{own}/a?b=1#c"),
                "/inner/tls" => format!("https://{own}/a"),
                "/inner/relative" => "/a".to_owned(),
                _ => "https://elsewhere.example/a".to_owned(),
            };
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Location: {to}\r\n\
                 Content-Length: 0\r\n\r\n"
            );
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    let mut world = World::prepare();
    let trusted = "serve = \"routes\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n";
    configure(&world, &[("inner", one(server))]);
    world.change_config(|config| config.replace("serve = \"routes\"\n", trusted));
    world.run();
    for (path, expected) in [
        ("/inner/own", "/a?b=1#c"),
        ("/inner/tls", "/a"),
        ("/inner/relative", "/a"),
        ("/inner/other", "https://elsewhere.example/a"),
    ] {
        for (road, fields, scheme) in [
            (world.plain(), "", "http"),
            (world.plain(), "X-Forwarded-Proto: https\r\n", "https"),
            (world.tls(), "", "https"),
        ] {
            let response = road.ask(&request("GET", path, fields, "")).unwrap();
            let is_own = matches!(path, "/inner/own" | "/inner/tls");
            let whole = format!("{scheme}://{HOST}{expected}");
            let expected = if is_own { whole.as_str() } else { expected };
            assert_eq!(response.location(), expected, "{path}");
            assert_eq!(response.field("content-location"), Some(expected), "{path}");
        }
    }
}

/// An authority, and what it signed for a name.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { params, key, pem }
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        (params.signed_by(&key, &issuer).unwrap(), key)
    }

    fn der(&self) -> CertificateDer<'static> {
        use rustls::pki_types::pem::PemObject;
        CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()
    }
}

/// A portal behind TLS that lets in only who has a certificate of this authority.
fn secure(authority: &Authority, name: &str) -> SocketAddr {
    let (certificate, key) = authority.sign(name);
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    portal(move |connection| {
        let tls = ServerConnection::new(config.clone()).unwrap();
        let mut stream = StreamOwned::new(tls, connection);
        while read_head(&mut stream).is_some() {
            if stream.write_all(OK.as_bytes()).and_then(|()| stream.flush()).is_err() {
                return;
            }
        }
    })
}

#[test]
fn a_portal_behind_tls_is_believed_by_its_own_authority_and_name_alone() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = secure(&authority, "portal.internal");
    let mut world = World::prepare();
    fs::write(world.path("ca.pem"), &authority.pem).unwrap();
    fs::write(world.path("stranger.pem"), &stranger.pem).unwrap();
    let (certificate, key) = authority.sign("gateway");
    fs::write(world.path("gateway.pem"), certificate.pem()).unwrap();
    fs::write(world.path("gateway-key.pem"), key.serialize_pem()).unwrap();
    let servers = format!("servers = [\"https://{server}\"]");
    let name = "server_name = \"portal.internal\"";
    let client = "client_cert = \"gateway.pem\"\nclient_key = \"gateway-key.pem\"";
    let with = |lines: &[&str]| format!("{servers}\n{}", lines.join("\n"));
    let table = [
        ("right", with(&["ca = \"ca.pem\"", name, client]), 200),
        (
            "anothername",
            with(&["ca = \"ca.pem\"", "server_name = \"other.internal\"", client]),
            502,
        ),
        ("noname", with(&["ca = \"ca.pem\"", client]), 502),
        ("anotherca", with(&["ca = \"stranger.pem\"", name, client]), 502),
        ("system", with(&[name, client]), 502),
        ("nobody", with(&["ca = \"ca.pem\"", name]), 502),
    ];
    let portals: Vec<_> = table.iter().map(|(name, lines, _)| (*name, lines.clone())).collect();
    configure(&world, &portals);
    world.run();
    // Twice, and the right one first: what is kept for one upstream is never used for another.
    for (name, _, status) in table.iter().chain(&table) {
        assert_eq!(ask(&world, &format!("/{name}/x")).status, *status, "{name}");
    }
    // A broken file is told before anything changes.
    fs::write(world.path("ca.pem"), "no certificate").unwrap();
    let done = world.command(&["reload"], "");
    assert_ne!(done.code, Some(0), "{done:?}");
    assert_eq!(ask(&world, "/right/x").status, 200);
}

/// Ends its process by its id.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const H2_PORTAL: &str = r#"
const server = require("node:http2").createServer();
let checks = 0;
server.on("stream", (stream, headers) => {
  if (headers[":path"] === "/health") checks += 1;
  let length = 0;
  stream.on("data", (chunk) => { length += chunk.length; });
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    const { ":method": method, ":authority": authority, ":path": path } = headers;
    stream.end(path === "/modern/checks" ? `${checks}` : `${method} ${authority} ${path} ${length}`);
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"#;

#[test]
fn a_portal_that_speaks_http2_is_spoken_to_in_it() {
    let mut node = Command::new("node");
    node.args(["-e", H2_PORTAL]).stdout(Stdio::piped());
    let mut node = Node(node.spawn().unwrap());
    let mut port = String::new();
    BufReader::new(node.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let settings = format!(
        "servers = [\"http://127.0.0.1:{}\"]\nhttp2 = true\n[upstream.modern.health]\n\
         path = \"/health\"\ninterval = \"1s\"\ndown_after = 1",
        port.trim()
    );
    let world = world(&[("modern", settings)]);
    wait_for("the server to be asked how it is, twice", || {
        (ask(&world, "/modern/checks").text().parse::<u32>().ok()? >= 2).then_some(())
    });
    let text = ask(&world, "/modern/x?y=1").text();
    assert_eq!(text, format!("GET {HOST} /modern/x?y=1 0"));
    let body = "b".repeat(100_000);
    let posted = world.plain().ask(&request("POST", "/modern/x", "", &body)).unwrap();
    assert_eq!(posted.text(), format!("POST {HOST} /modern/x 100000"));
}

/// Sends as many bytes as `/count/N` says, and counts what it is sent.
fn bulk() -> SocketAddr {
    portal(|mut connection| {
        while let Some(head) = read_head(&mut connection) {
            let mut left = length_of(&head);
            let mut chunk = vec![0; 64 * 1024];
            while left > 0 {
                let most = left.min(chunk.len());
                match connection.read(&mut chunk[..most]) {
                    Ok(read @ 1..) => left -= read,
                    _ => return,
                }
            }
            let target = head.split(' ').nth(1).unwrap();
            let count: usize = target.rsplit('/').next().unwrap().parse().unwrap();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n");
            if connection.write_all(answer.as_bytes()).is_err()
                || send(&mut connection, count).is_err()
            {
                return;
            }
        }
    })
}

fn send(to: &mut dyn Write, count: usize) -> std::io::Result<()> {
    let chunk = vec![b'x'; 64 * 1024];
    let mut left = count;
    while left > 0 {
        let most = left.min(chunk.len());
        to.write_all(&chunk[..most])?;
        left -= most;
    }
    to.flush()
}

fn receive(from: &mut dyn Stream) -> usize {
    let head = read_head(from).unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let (mut left, mut chunk) = (length_of(&head), vec![0; 64 * 1024]);
    let whole = left;
    while left > 0 {
        let most = left.min(chunk.len());
        left -= from.read(&mut chunk[..most]).unwrap();
    }
    whole
}

/// The most memory that the gateway has had, in KiB.
fn peak(world: &World) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", world.running().id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_body_of_any_size_goes_both_ways_without_being_kept() {
    const BYTES: usize = 256 << 20;
    let world = world(&[("bulk", one(bulk()).replace("read_timeout = \"1s\"\n", ""))]);
    for road in [world.plain(), world.tls()] {
        assert_eq!(road.ask(&request("GET", "/bulk/1", "", "")).unwrap().status, 200);
    }
    let before = peak(&world);
    for road in [world.plain(), world.tls()] {
        let mut stream = road.connect().unwrap();
        stream.write_all(&request("GET", &format!("/bulk/{BYTES}"), "", "")).unwrap();
        assert_eq!(receive(&mut *stream), BYTES);
        let mut stream = road.connect().unwrap();
        let head =
            format!("POST /bulk/2 HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {BYTES}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        send(&mut *stream, BYTES).unwrap();
        assert_eq!(receive(&mut *stream), 2);
    }
    let grown = peak(&world).saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB for {BYTES} bytes");
}

/// A portal for the finer points of HTTP: it answers by path, and writes down heads.
fn particular(seen: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    portal(move |mut connection| {
        while let Some(head) = read_head(&mut connection) {
            seen.lock().unwrap().push(head.clone());
            if head.to_ascii_lowercase().contains("expect: 100-continue") {
                let _ = connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            let mut body = vec![0; length_of(&head)];
            if connection.read_exact(&mut body).is_err() {
                return;
            }
            let is_head = head.starts_with("HEAD ");
            let answer = match head.split(' ').nth(1).unwrap() {
                "/fine/hints" => {
                    format!("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n{OK}")
                }
                "/fine/range" => "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes \
                                  2-3/10\r\nContent-Length: 2\r\n\r\ncd"
                    .to_owned(),
                "/fine/trailers" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: \
                                     X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n"
                    .to_owned(),
                "/fine/close" => {
                    let _ = connection.write_all(b"HTTP/1.0 200 OK\r\n\r\nto the end");
                    return;
                }
                _ if is_head => "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n".to_owned(),
                _ => OK.to_owned(),
            };
            if connection.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

#[test]
fn the_finer_points_of_http_go_through() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let world = world(&[("fine", one(particular(seen.clone())))]);
    let road = world.plain();

    let mut stream = road.connect().unwrap();
    stream.write_all(&request("POST", "/fine/expect", "Expect: 100-continue\r\n", "")).unwrap();
    assert!(Response::read(&mut *stream, false).is_some_and(|response| response.status == 200));

    let mut stream = road.connect().unwrap();
    let head = format!(
        "POST /fine/expect HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\nContent-Length: \
         4\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let interim = read_head(&mut *stream).unwrap();
    assert!(interim.starts_with("HTTP/1.1 100"), "{interim}");
    stream.write_all(b"body").unwrap();
    assert_eq!(Response::read(&mut *stream, false).unwrap().text(), "ok");

    let head = road.ask(&request("HEAD", "/fine/x", "Connection: close\r\n", "")).unwrap();
    assert_eq!((head.status, head.field("content-length")), (200, Some("12345")));

    let range = road.ask(&request("GET", "/fine/range", "Range: bytes=2-3\r\n", "")).unwrap();
    assert_eq!((range.status, range.text().as_str()), (206, "cd"));
    assert_eq!(range.field("content-range"), Some("bytes 2-3/10"));
    assert!(seen.lock().unwrap().iter().any(|head| head.contains("Range: bytes=2-3")));

    let mut stream = road.connect().unwrap();
    stream.write_all(&request("GET", "/fine/hints", "", "")).unwrap();
    let interim = read_head(&mut *stream).unwrap();
    assert!(interim.starts_with("HTTP/1.1 103") && interim.contains("rel=preload"), "{interim}");
    assert_eq!(Response::read(&mut *stream, false).unwrap().text(), "ok");

    // Trailers are dropped, both ways: what they say was never judged.
    let mut stream = road.connect().unwrap();
    stream.write_all(&request("GET", "/fine/trailers", "Connection: close\r\n", "")).unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let text = String::from_utf8_lossy(&all);
    assert!(text.contains("ok") && !text.contains("X-Sum: 7"), "{text}");

    let close = road.ask(&request("GET", "/fine/close", "Connection: close\r\n", "")).unwrap();
    assert_eq!((close.status, close.text().as_str()), (200, "to the end"));
}
