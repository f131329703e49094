//! The proxy over real sockets on loopback: a gatekeeper that says what a test needs, and a portal that
//! writes down every byte. Not here: routes, sessions and decisions, which have tests of their own.

mod attacks;
mod edge;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::config::{CertificateFiles, Limits, Server, TlsVersion};
use crate::points::{Evidence, Outcome, Person, Requirement, Settings, Timestamp, decide};
use crate::throttle::Limit;

const SESSION: SessionKey = SessionKey([7; 16]);
const PORTAL: &str = "portal.example.org";
const SOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

pub(super) fn limits() -> Limits {
    let limit = Limit { count: 10, window: Duration::from_secs(60) };
    Limits {
        sign_in_per_ip: limit,
        sign_in_per_account: limit,
        codes_per_account: limit,
        code_ttl: Duration::from_secs(600),
        code_attempts: 5,
        hash_workers: 1,
        hash_queue: 1,
        head_fields: 100,
        head_bytes: 32 * 1024,
        target_bytes: 8 * 1024,
        head_timeout: Duration::from_secs(10),
        keep_alive: Duration::from_secs(60),
        handshake_timeout: Duration::from_secs(5),
        connections_per_address: 100,
        connections: 1000,
        h2_streams: 100,
        min_rate: 240,
        rate_window: Duration::from_secs(20),
        body_bytes: None,
    }
}

pub(super) fn upstream(servers: Vec<Server>) -> Upstream {
    Upstream {
        name: "portal".to_owned(),
        servers,
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        weights: Vec::new(),
        connections: None,
        down_for: Duration::from_secs(10),
        health: None,
        host: None,
        http2: false,
        tls: crate::config::UpstreamTls::default(),
    }
}

/// A grant as anybody gets one: from a decision.
pub(super) fn grant() -> Grant {
    let public = Requirement::default();
    let decision = decide(
        &public,
        &Person { evidence: &Evidence::NONE, ..Person::NOBODY },
        &Settings::standard(),
        Timestamp::from_secs(1),
    );
    match decision.outcome {
        Outcome::Allow(grant) => grant,
        Outcome::StepUp(_) | Outcome::Forbid(_) => panic!("a public route asks for something"),
    }
}

pub(super) fn certificate_files(folder: &Path, names: &[&str]) -> CertificateFiles {
    std::fs::create_dir_all(folder).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let files = CertificateFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.cert, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    files
}

/// A portal that keeps what it got, by connection, and answers one of a few ways by path.
#[derive(Debug, Default)]
struct Portal {
    received: Mutex<HashMap<usize, Vec<u8>>>,
    closed: Notify,
}

impl Portal {
    async fn start() -> (Arc<Self>, SocketAddr) {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let portal = Arc::new(Self::default());
        let shared = Arc::clone(&portal);
        tokio::spawn(async move {
            let mut count = 0;
            while let Ok((connection, _)) = socket.accept().await {
                count += 1;
                let portal = Arc::clone(&shared);
                tokio::spawn(async move {
                    let _ = Box::pin(portal.serve(connection, count)).await;
                    portal.closed.notify_one();
                });
            }
        });
        (portal, address)
    }

    async fn serve(&self, mut connection: TcpStream, id: usize) -> std::io::Result<()> {
        let mut pending = Vec::new();
        loop {
            let mut piece = [0; 16 * 1024];
            let read = connection.read(&mut piece).await?;
            if read == 0 {
                return Ok(());
            }
            self.received.lock().unwrap().entry(id).or_default().extend(&piece[..read]);
            pending.extend(&piece[..read]);
            while let Some(length) = whole_request(&pending) {
                let request: Vec<u8> = pending.drain(..length).collect();
                if find(&request, b"/late").is_some() {
                    tokio::time::sleep(Duration::from_millis(1500)).await;
                }
                if find(&request, b"/begins").is_some() {
                    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789";
                    connection.write_all(begun).await?;
                    continue;
                }
                connection.write_all(&answer_to(&request)).await?;
                while find(&request, b"/endless").is_some() {
                    connection.write_all(&[b'a'; 16 * 1024]).await?;
                }
            }
        }
    }

    /// The requests in which a marker is, and what of one has come. Whatever hides in one has it too.
    fn text_with(&self, marker: &str) -> String {
        let mut found = Vec::new();
        for bytes in self.received.lock().unwrap().values() {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (request, after) = rest.split_at(whole_request(rest).unwrap_or(rest.len()));
                if find(request, marker.as_bytes()).is_some() {
                    found.extend(request);
                }
                rest = after;
            }
        }
        readable(&found)
    }

    /// Everything received, one connection after the other.
    fn text(&self) -> String {
        let received = self.received.lock().unwrap();
        let mut ids: Vec<_> = received.keys().collect();
        ids.sort();
        let bytes: Vec<u8> = ids.iter().flat_map(|id| received[id].clone()).collect();
        readable(&bytes)
    }

    fn is_silent(&self) -> bool {
        self.received.lock().unwrap().is_empty()
    }
}

fn readable(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    text.replace("\\r\\n", "\n").replace("\\\"", "\"").replace("\\'", "'")
}

/// The length of the first whole request, if one is there.
fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head_end = find(bytes, b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        return Some(head_end + find(&bytes[head_end..], b"0\r\n\r\n")? + 5);
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let whole = head_end + length.map_or(0, |length| length.trim().parse::<usize>().unwrap());
    (bytes.len() >= whole).then_some(whole)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn answer_to(request: &[u8]) -> Vec<u8> {
    let line =
        String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next().unwrap()).into_owned();
    let answer: &str = if line.contains("/socket") {
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello"
    } else if line.contains("/frames") {
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x01\x05hello"
    } else if line.contains("/no-socket") {
        "HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nno!"
    } else if line.contains("/events") {
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    } else if line.contains("/cookies") {
        "HTTP/1.1 200 OK\r\nSet-Cookie: __Host-scoregate=evil\r\nSet-Cookie: sid=1\r\nCache-Control: public, max-age=600\r\nX-Scoregate-Reference: x\r\nContent-Length: 2\r\n\r\nok"
    } else if line.contains("/strict") {
        "HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 2\r\n\r\nok"
    } else if line.contains("/endless") {
        "HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n"
    } else if line.starts_with("HEAD") {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    } else {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    };
    answer.as_bytes().to_vec()
}

/// Decides by path, as a test needs it: `/admin` is answered with 401, `/own` is a page, `/panic` panics.
#[derive(Debug)]
struct Fake {
    upstream: Arc<Upstream>,
    body_limit: Option<u64>,
    not_requests: std::sync::atomic::AtomicUsize,
    turned_away: std::sync::atomic::AtomicUsize,
    saw_done: Notify,
    saw_no_request: Notify,
    bond: Mutex<Option<Arc<dyn Bond>>>,
}

#[async_trait]
impl Gatekeeper for Fake {
    async fn admit(&self, head: &Head<'_>) -> Admission {
        match head.path() {
            _ if !head.host.to_ascii_lowercase().starts_with(PORTAL.as_bytes()) => {
                Admission::Refuse(Refusal::UnknownHost)
            }
            b"/admin" => {
                let body = Bytes::from_static(b"who are you?");
                Admission::Answer(Box::new(Response::builder().status(401).body(body).unwrap()))
            }
            b"/own" => {
                let mut found = http::Extensions::new();
                found.insert("found at the gate");
                Admission::Page(found)
            }
            b"/panic" => panic!("a fault in the gatekeeper"),
            _ => Admission::Forward(Box::new(self.passage(head))),
        }
    }

    async fn page(&self, request: http::Request<Bytes>) -> Response<Bytes> {
        let client = request.extensions().get::<Client>().unwrap();
        let text = format!(
            "{} {} host={} body={} tls={} {}",
            request.method(),
            request.uri(),
            request.headers()["host"].to_str().unwrap(),
            request.body().len(),
            client.secure,
            request.extensions().get::<&str>().unwrap(),
        );
        assert_ne!(request.uri().query(), Some("panic"), "a fault in a page");
        Response::new(Bytes::from(text))
    }

    fn finished(&self, _: &Finished<'_>) {
        self.saw_done.notify_one();
    }

    fn not_a_request(&self, _: IpAddr) {
        self.not_requests.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.saw_no_request.notify_one();
    }

    fn turned_away(&self, _: TurnedAway) {
        self.turned_away.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

fn session_of(head: &Head<'_>) -> SessionKey {
    let number =
        head.headers.get("x-session").and_then(|number| number.to_str().ok()?.parse().ok());
    number.map_or(SESSION, |number| SessionKey([number; 16]))
}

impl Fake {
    fn passage(&self, head: &Head<'_>) -> Passage {
        let named = head.path() != b"/public";
        let value = |text: &'static str| HeaderValue::from_static(text);
        Passage {
            grant: grant(),
            upstream: Arc::clone(&self.upstream),
            route: "portal".into(),
            identity: if named {
                vec![(HeaderName::from_static("x-scoregate-user"), value("bob"))]
            } else {
                Vec::new()
            },
            strip: Arc::new(Strip::default()),
            remove: Vec::new(),
            set_cookies: if head.path() == b"/cookies" {
                vec![value("__Host-scoregate=new")]
            } else {
                Vec::new()
            },
            body_limit: self.body_limit,
            session: named.then(|| session_of(head)),
            bond: self.bond.lock().unwrap().clone(),
            stream_idle: Duration::from_secs(60),
        }
    }
}

/// A gateway in front of a portal.
struct House {
    address: SocketAddr,
    portal: Arc<Portal>,
    portal_port: u16,
    gateway: Arc<Gateway>,
    fake: Arc<Fake>,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

struct Plan {
    limits: Limits,
    tls: Option<Arc<TlsSettings>>,
    porch: Porch,
    body_limit: Option<u64>,
    servers: Option<Vec<Server>>,
    ca: Option<std::path::PathBuf>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: limits(),
            tls: None,
            porch: Porch::default(),
            body_limit: None,
            servers: None,
            ca: None,
        }
    }
}

fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl House {
    async fn build(plan: Plan) -> Self {
        install_provider();
        let (portal, portal_address) = Portal::start().await;
        let here =
            vec![Server { host: "127.0.0.1".to_owned(), port: portal_address.port(), tls: false }];
        let fake = Arc::new(Fake {
            upstream: Arc::new(upstream(plan.servers.unwrap_or(here))),
            body_limit: plan.body_limit,
            not_requests: std::sync::atomic::AtomicUsize::new(0),
            turned_away: std::sync::atomic::AtomicUsize::new(0),
            saw_done: Notify::new(),
            saw_no_request: Notify::new(),
            bond: Mutex::default(),
        });
        let gatekeeper: Arc<dyn Gatekeeper> = Arc::clone(&fake) as _;
        let options = GatewayOptions {
            upstream_ca: plan.ca,
            idle_upstream_connections: Some(8),
            ..GatewayOptions::default()
        };
        let gateway = Gateway::new(gatekeeper, plan.limits, &options).unwrap();
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr();
        let (stop, stopped) = watch::channel(false);
        let entry = Entry { tls: plan.tls, porch: Arc::new(ArcSwap::from_pointee(plan.porch)) };
        let serve = listener.serve(entry, Arc::clone(&gateway), stopped, Duration::from_secs(2));
        let served = tokio::spawn(serve);
        let portal_port = portal_address.port();
        Self { address, portal, portal_port, gateway, fake, stop, served }
    }

    async fn plain() -> Self {
        Self::build(Plan::default()).await
    }

    /// Sends bytes on one connection, and reads until it is closed or nothing has come for a while.
    async fn exchange(&self, bytes: &[u8]) -> Exchange {
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        exchange(&mut connection, bytes, Duration::from_millis(300)).await
    }
}

#[derive(Debug)]
struct Exchange {
    text: String,
    closed: bool,
}

impl Exchange {
    /// The statuses of all answers but 100.
    fn statuses(&self) -> Vec<u16> {
        let statuses = self.text.split("HTTP/1.1 ").skip(1);
        statuses.map(|rest| rest[..3].parse().unwrap()).filter(|status| *status != 100).collect()
    }
}

/// What an answer may take to begin, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads until the connection is closed, or nothing has come for a while: after something was written for
/// [`PATIENCE`], otherwise for `quiet`.
async fn exchange(connection: &mut TcpStream, bytes: &[u8], quiet: Duration) -> Exchange {
    let (mut from, mut to) = connection.split();
    let mut text = Vec::new();
    let write = async {
        let _ = to.write_all(bytes).await;
    };
    let read = async {
        let mut piece = [0; 4096];
        loop {
            let is_awaited = text.is_empty() && !bytes.is_empty();
            let wait = if is_awaited { quiet.max(PATIENCE) } else { quiet };
            match tokio::time::timeout(wait, from.read(&mut piece)).await {
                Err(_) => return false,
                Ok(Ok(0) | Err(_)) => return true,
                Ok(Ok(read)) => text.extend(&piece[..read]),
            }
        }
    };
    let ((), closed) = tokio::join!(write, read);
    Exchange { text: String::from_utf8_lossy(&text).into_owned(), closed }
}

fn get(target: &str, fields: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {PORTAL}\r\n{fields}\r\n").into_bytes()
}

#[tokio::test]
async fn a_request_reaches_the_portal_byte_for_byte_with_our_word_on_who_asks() {
    let house = House::plain().await;
    let fields = "Cookie: theme=dark; __Host-scoregate=secret; lang=nl\r\nx_scoregate_user: mallory\r\n\
                  X-Scoregate-User: mallory\r\nX-Forwarded-For: 198.51.100.66\r\nX-Custom: a, b\r\n";
    let found = house.exchange(&get("/a/%2e%2e//b;c?d=../e", fields)).await;
    assert_eq!(found.statuses(), [200], "{}", found.text);
    assert!(!found.closed, "the connection is kept");
    let sent = house.portal.text();
    assert!(sent.starts_with("GET /a/%2e%2e//b;c?d=../e HTTP/1.1\n"), "{sent}");
    assert!(sent.contains("\nHost: portal.example.org\n"), "{sent}");
    assert!(sent.contains("\nCookie: theme=dark; lang=nl\n"), "{sent}");
    assert!(sent.contains("\nX-Custom: a, b\n"), "{sent}");
    assert!(sent.contains("\nX-Scoregate-User: bob\n"), "{sent}");
    assert!(sent.contains("\nX-Forwarded-For: 127.0.0.1\n"), "{sent}");
    assert!(sent.contains("\nX-Forwarded-Proto: http\n"), "{sent}");
    assert!(sent.contains("\nX-Forwarded-Host: portal.example.org\n"), "{sent}");
    assert!(sent.contains("\nX-Forwarded-Port: 80\n"), "{sent}");
    for gone in ["mallory", "secret", "198.51"] {
        assert!(!sent.contains(gone), "{sent}");
    }
}

#[tokio::test]
async fn only_we_set_our_cookie_and_only_our_answers_have_a_reference() {
    let house = House::plain().await;
    let found = house.exchange(&get("/cookies", "")).await.text.to_ascii_lowercase();
    assert!(!found.contains("evil") && !found.contains("x-scoregate-reference"), "{found}");
    assert!(found.contains("set-cookie: sid=1"), "{found}");
    assert!(found.contains("set-cookie: __host-scoregate=new"), "{found}");
    // A cache that kept it would hand the session to the next one.
    assert!(found.contains("cache-control: private, no-store"), "{found}");
    assert!(!found.contains("max-age"), "{found}");
    let refused = house.exchange(b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n").await;
    assert_eq!(refused.statuses(), [421]);
    assert!(
        refused.text.to_ascii_lowercase().contains("x-scoregate-reference: "),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn answers_of_ours_arrive_for_every_method_and_keep_the_connection() {
    let house = House::plain().await;
    let mut connection = TcpStream::connect(house.address).await.unwrap();
    let quiet = Duration::from_millis(300);
    let post =
        format!("POST /own?x=1 HTTP/1.1\r\nHost: {PORTAL}\r\nContent-Length: 5\r\n\r\nhello");
    let found = exchange(&mut connection, post.as_bytes(), quiet).await;
    assert!(
        found
            .text
            .contains("POST /own?x=1 host=portal.example.org body=5 tls=false found at the gate"),
        "{}",
        found.text
    );
    let head = format!("HEAD /own HTTP/1.1\r\nHost: {PORTAL}\r\n\r\n");
    let found = exchange(&mut connection, head.as_bytes(), quiet).await;
    assert_eq!(found.statuses(), [200]);
    assert!(
        found.text.ends_with("\r\n\r\n")
            && !found.text.to_ascii_lowercase().contains("content-length: 0"),
        "{}",
        found.text
    );
    let early = format!(
        "POST /admin HTTP/1.1\r\nHost: {PORTAL}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    );
    let found = exchange(&mut connection, early.as_bytes(), quiet).await;
    assert_eq!(found.statuses(), [401]);
    assert!(!found.closed, "the body was read away and the connection kept");
    let found = exchange(&mut connection, &get("/last", ""), quiet).await;
    assert_eq!(found.statuses(), [200]);
    assert_eq!(house.portal.text().matches("HTTP/1.1").count(), 1);
}

#[tokio::test]
async fn a_websocket_that_may_not_pass_is_answered_before_it_begins() {
    let house = House::plain().await;
    let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let found = house.exchange(&get("/admin", fields)).await;
    assert_eq!(found.statuses(), [401]);
    assert!(found.closed && found.text.ends_with("who are you?"), "{found:?}");
    assert!(house.portal.is_silent());
}

#[tokio::test]
async fn an_own_page_reads_16_kib_and_no_more() {
    let house = House::plain().await;
    let post = |size: usize| {
        format!(
            "POST /own HTTP/1.1\r\nHost: {PORTAL}\r\nContent-Length: {size}\r\n\r\n{}",
            "a".repeat(size)
        )
    };
    assert_eq!(house.exchange(post(16 * 1024).as_bytes()).await.statuses(), [200]);
    assert_eq!(house.exchange(post(16 * 1024 + 1).as_bytes()).await.statuses(), [413]);
    let chunk = format!("{:x}\r\n{}\r\n", 9000, "a".repeat(9000));
    let chunked = format!(
        "POST /own HTTP/1.1\r\nHost: {PORTAL}\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    assert_eq!(house.exchange(chunked.as_bytes()).await.statuses(), [413]);
    let asks = format!(
        "POST /own HTTP/1.1\r\nHost: {PORTAL}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
    );
    let found = house.exchange(asks.as_bytes()).await;
    assert!(found.text.starts_with("HTTP/1.1 100") && found.statuses() == [200], "{}", found.text);
}

#[tokio::test]
async fn a_panic_refuses_its_request_and_nothing_else() {
    let house = House::plain().await;
    for target in ["/panic", "/own?panic"] {
        assert_eq!(house.exchange(&get(target, "")).await.statuses(), [500], "{target}");
    }
    assert_eq!(house.exchange(&get("/after", "")).await.statuses(), [200]);
    assert!(!house.portal.text().contains("panic"));
}

#[tokio::test]
async fn a_portal_that_is_down_is_a_502_and_the_next_server_is_tried() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let server = |port: u16| Server { host: "127.0.0.1".to_owned(), port, tls: false };
    let down = House::build(Plan { servers: Some(vec![server(closed)]), ..Plan::default() }).await;
    let found = down.exchange(&get("/", "")).await;
    assert_eq!(found.statuses(), [502]);
    assert!(
        found.text.contains("Reference: ") && !found.text.contains("127.0.0.1"),
        "{}",
        found.text
    );
    let (portal, up) = Portal::start().await;
    let servers = Some(vec![server(closed), server(up.port())]);
    let half = House::build(Plan { servers, ..Plan::default() }).await;
    for _ in 0..3 {
        assert_eq!(half.exchange(&get("/", "")).await.statuses(), [200]);
    }
    assert!(!portal.is_silent());
    let nowhere = Server { host: "no such name".to_owned(), port: 1, tls: false };
    let lost = House::build(Plan { servers: Some(vec![nowhere]), ..Plan::default() }).await;
    assert_eq!(lost.exchange(&get("/", "")).await.statuses(), [502]);
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413_whether_or_not_its_length_was_told() {
    let house = House::build(Plan { body_limit: Some(5), ..Plan::default() }).await;
    let told = |size: usize| {
        format!(
            "POST /f HTTP/1.1\r\nHost: {PORTAL}\r\nContent-Length: {size}\r\n\r\n{}",
            "a".repeat(size)
        )
    };
    let chunked = |size: usize| {
        format!(
            "POST /f HTTP/1.1\r\nHost: {PORTAL}\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n{}\r\n0\r\n\r\n",
            "a".repeat(size)
        )
    };
    assert_eq!(house.exchange(told(5).as_bytes()).await.statuses(), [200]);
    assert_eq!(house.exchange(told(6).as_bytes()).await.statuses(), [413]);
    assert_eq!(house.exchange(chunked(5).as_bytes()).await.statuses(), [200]);
    assert_eq!(house.exchange(chunked(6).as_bytes()).await.statuses(), [413]);
}

#[tokio::test]
async fn a_head_that_drips_is_cut_on_new_and_on_kept_connections() {
    let head_timeout = Duration::from_millis(400);
    let house =
        House::build(Plan { limits: Limits { head_timeout, ..limits() }, ..Plan::default() }).await;
    for first in [&b""[..], &get("/first", "")] {
        let mut connection = TcpStream::connect(house.address).await.unwrap();
        if !first.is_empty() {
            let found = exchange(&mut connection, first, Duration::from_millis(100)).await;
            assert_eq!(found.statuses(), [200]);
            // Idle for longer than a head may take: the clock has not started.
            let idle = exchange(&mut connection, b"", head_timeout * 2).await;
            assert!(!idle.closed);
        }
        let dripped = tokio::time::timeout(Duration::from_secs(5), drip(&mut connection)).await;
        assert!(dripped.is_ok(), "still open after many times the limit");
    }
    assert!(!house.portal.text().contains("slow"));
}

/// Sends a head a byte at a time until the connection is cut.
async fn drip(connection: &mut TcpStream) {
    let (mut from, mut to) = connection.split();
    let bytes = b"GET /slow HTTP/1.1\r\nX-A: ".iter().chain(std::iter::repeat(&b'a'));
    let mut sink = [0; 64];
    for byte in bytes {
        if to.write_all(&[*byte]).await.is_err() {
            return;
        }
        let read = tokio::time::timeout(Duration::from_millis(50), from.read(&mut sink)).await;
        if matches!(read, Ok(Ok(0) | Err(_))) {
            return;
        }
    }
}

#[tokio::test]
async fn an_address_has_no_more_than_its_connections() {
    let house = House::build(Plan {
        limits: Limits { connections_per_address: 2, ..limits() },
        ..Plan::default()
    })
    .await;
    let quiet = Duration::from_millis(200);
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut connection = TcpStream::connect(house.address).await.unwrap();
        assert_eq!(exchange(&mut connection, &get("/", ""), quiet).await.statuses(), [200]);
        kept.push(connection);
    }
    let third = house.exchange(&get("/", "")).await;
    assert!(third.closed && third.text.is_empty(), "{third:?}");
    kept.clear();
    let mut tries = 0;
    while house.exchange(&get("/", "")).await.statuses() != [200] {
        tries += 1;
        assert!(tries < 20, "a closed connection keeps its place");
    }
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_websocket_and_its_event_stream_and_no_public_one() {
    let house = House::plain().await;
    let socket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let quiet = Duration::from_millis(300);
    let mut open = Vec::new();
    for (target, fields, status) in [("/socket", socket, 101), ("/events", "", 200)] {
        let mut connection = TcpStream::connect(house.address).await.unwrap();
        let found = exchange(&mut connection, &get(target, fields), quiet).await;
        assert!(found.statuses() == [status] && found.text.contains("hello"), "{found:?}");
        open.push(connection);
    }
    let mut public = TcpStream::connect(house.address).await.unwrap();
    exchange(&mut public, &get("/public?/events", ""), quiet).await;
    assert_eq!(house.gateway.streams().running(&SESSION), 2);
    assert_eq!(house.gateway.streams().end(&SESSION), 2);
    for mut connection in open {
        let mut sink = [0; 16];
        let end = tokio::time::timeout(Duration::from_secs(1), connection.read(&mut sink)).await;
        assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
    }
    house.portal.closed.notified().await;
    assert!(!exchange(&mut public, b"", quiet).await.closed);
    // Whoever is admitted a moment after the end of a session is not let through either.
    assert_eq!(house.exchange(&get("/late", "")).await.statuses(), [503]);
    assert!(!house.portal.text().contains("late"));
}

#[tokio::test]
async fn between_two_frames_a_websocket_is_told_why_it_ends_and_within_one_it_just_ends() {
    let house = House::plain().await;
    let quiet = Duration::from_millis(300);
    let table: [(&str, &[u8]); 2] = [("/frames", b"\x88\x0c\x03\xf0signed out"), ("/socket", b"")];
    for (number, (target, said)) in table.into_iter().enumerate() {
        let session = SessionKey([7 + u8::try_from(number).unwrap(); 16]);
        let mut connection = TcpStream::connect(house.address).await.unwrap();
        let fields = format!("{SOCKET}X-Session: {}\r\n", 7 + number);
        let found = exchange(&mut connection, &get(target, &fields), quiet).await;
        assert!(found.text.ends_with("hello") && !found.closed, "{found:?}");
        house.gateway.streams().end(&session);
        let mut rest = Vec::new();
        connection.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, said, "{target}");
    }
}

#[tokio::test]
async fn a_portal_that_opens_no_websocket_is_heard_and_one_that_is_gone_is_a_502() {
    let house = House::plain().await;
    let found = house.exchange(&get("/no-socket", SOCKET)).await;
    assert_eq!(found.statuses(), [426]);
    assert!(found.text.ends_with("no!") && found.closed, "{found:?}");
    let nobody = vec![Server { host: "127.0.0.1".to_owned(), port: 1, tls: false }];
    let down = House::build(Plan { servers: Some(nobody), ..Plan::default() }).await;
    assert_eq!(down.exchange(&get("/socket", SOCKET)).await.statuses(), [502]);
    // The next server is tried, as for any other request.
    let servers = vec![
        Server { host: "127.0.0.1".to_owned(), port: 1, tls: false },
        Server { host: "127.0.0.1".to_owned(), port: house.portal_port, tls: false },
    ];
    let one_left = House::build(Plan { servers: Some(servers), ..Plan::default() }).await;
    for _ in 0..2 {
        assert_eq!(one_left.exchange(&get("/socket", SOCKET)).await.statuses(), [101]);
    }
}

#[tokio::test]
async fn a_stop_tells_websockets_and_waits_for_none() {
    let house = House::plain().await;
    let mut open = TcpStream::connect(house.address).await.unwrap();
    exchange(&mut open, &get("/frames", SOCKET), Duration::from_millis(300)).await;
    house.stop.send(true).unwrap();
    let mut rest = Vec::new();
    open.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\x88\x13\x03\xe9the gateway stops");
    house.served.await.unwrap();
}

#[tokio::test]
async fn a_portal_cannot_switch_protocols_on_somebody_who_did_not_ask() {
    let house = House::plain().await;
    for fields in ["", "Upgrade: websocket\r\n", "Connection: upgrade\r\nUpgrade: foo\r\n"] {
        let found = house.exchange(&get("/socket", fields)).await;
        assert_eq!(found.statuses(), [502], "{fields:?}: {}", found.text);
    }
}

#[tokio::test]
async fn a_stop_ends_idle_connections_at_once_and_takes_no_new_ones() {
    let house = House::plain().await;
    let mut idle = TcpStream::connect(house.address).await.unwrap();
    exchange(&mut idle, &get("/", ""), Duration::from_millis(100)).await;
    let begun = tokio::time::Instant::now();
    house.stop.send(true).unwrap();
    assert!(exchange(&mut idle, b"", Duration::from_secs(2)).await.closed);
    house.served.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(TcpStream::connect(house.address).await.is_err());
}

#[tokio::test]
async fn a_client_that_is_still_sending_can_read_why_it_was_refused() {
    let house = House::plain().await;
    let mut connection = TcpStream::connect(house.address).await.unwrap();
    let head =
        format!("POST /f HTTP/1.1\r\nHost: {PORTAL}\r\nContent-Length: 05\r\nX-A: b\r\n\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    // The answer is there, so the server is about to close; a reset would make the writing fail.
    connection.peek(&mut [0]).await.unwrap();
    for _ in 0..8 {
        connection.write_all(&[b'a'; 64 * 1024]).await.unwrap();
    }
    connection.shutdown().await.unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
}

#[tokio::test]
async fn authorities_that_cannot_be_read_are_an_error_and_no_panic() {
    install_provider();
    let house = House::plain().await;
    let gatekeeper: Arc<dyn Gatekeeper> = Arc::clone(&house.fake) as _;
    let options = GatewayOptions { upstream_ca: Some("no/such/file".into()), ..Default::default() };
    let refused = Gateway::new(gatekeeper, limits(), &options).unwrap_err();
    assert!(refused.to_string().contains("no/such/file"), "{refused}");
}

#[tokio::test]
async fn what_the_parser_refuses_is_counted() {
    let house = House::plain().await;
    let found = house.exchange(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n").await;
    assert_eq!(found.statuses(), [400]);
    assert!(found.closed);
    house.fake.saw_no_request.notified().await;
    assert_eq!(house.fake.not_requests.load(std::sync::atomic::Ordering::SeqCst), 1);
    house.exchange(&get("/", "")).await;
    house.fake.saw_done.notified().await;
    assert_eq!(house.fake.not_requests.load(std::sync::atomic::Ordering::SeqCst), 1);
}

fn tls(folder: &Path) -> (Arc<TlsSettings>, CertificateFiles) {
    let files = certificate_files(folder, &[PORTAL]);
    let host = CertifiedHost::read(&files).unwrap();
    (Arc::new(TlsSettings::new(vec![host], TlsVersion::Tls12).unwrap()), files)
}

fn client(house: &House, files: &CertificateFiles) -> reqwest::ClientBuilder {
    let ca = reqwest::Certificate::from_pem(&std::fs::read(&files.cert).unwrap()).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([ca])
        .resolve(PORTAL, house.address)
        .redirect(reqwest::redirect::Policy::none())
}

#[tokio::test]
async fn http2_and_http1_over_tls_reach_the_portal_and_early_answers_arrive() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let (settings, files) = tls(folder.path());
    let house = House::build(Plan { tls: Some(settings), ..Plan::default() }).await;
    let url = |path: &str| format!("https://{PORTAL}:{}{path}", house.address.port());
    let h1 = client(&house, &files).http1_only().build().unwrap();
    let h2 = client(&house, &files).build().unwrap();
    for (client, version) in [(h1, http::Version::HTTP_11), (h2, http::Version::HTTP_2)] {
        let found = client
            .get(url("/a?b=c"))
            .header("cookie", "__Host-scoregate=secret; a=1")
            .send()
            .await
            .unwrap();
        assert_eq!((found.status().as_u16(), found.version()), (200, version));
        let own =
            client.post(url("/own")).body("hello").send().await.unwrap().text().await.unwrap();
        assert!(own.contains("body=5 tls=true"), "{own}");
        // 3 MB is above what is read away.
        for size in [0, 30_000, 900_000, 3_000_000] {
            let early = client.post(url("/admin")).body(vec![b'a'; size]).send().await;
            let early = early.unwrap_or_else(|error| panic!("{version:?} {size}: {error:?}"));
            assert_eq!(early.status(), 401, "{version:?} {size}");
            assert_eq!(early.text().await.unwrap(), "who are you?", "{version:?} {size}");
        }
        let head = client.head(url("/own")).send().await.unwrap();
        assert_eq!(head.status(), 200);
        let refused = client.request(Method::TRACE, url("/")).send().await.unwrap();
        assert_eq!(refused.status(), 405);
    }
    // What came over HTTP/2 has no letters' case to keep.
    let sent = house.portal.text();
    assert!(
        sent.contains("GET /a?b=c HTTP/1.1\n") && sent.contains("\nX-Forwarded-Proto: https\n"),
        "{sent}"
    );
    assert!(sent.contains(&format!("\nX-Forwarded-Port: {}\n", house.address.port())), "{sent}");
    assert!(!sent.contains("secret") && !sent.contains("/admin"), "{sent}");
    let lower = sent.to_ascii_lowercase();
    assert_eq!(lower.matches("\nx-scoregate-user: bob\n").count(), 2, "{sent}");
    assert_eq!(lower.matches("\nhost: portal.example.org:").count(), 2, "{sent}");
}

#[tokio::test]
async fn the_end_of_a_session_resets_its_http2_stream_and_the_connection_lives_on() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let (settings, files) = tls(folder.path());
    let house = House::build(Plan { tls: Some(settings), ..Plan::default() }).await;
    let url = |path: &str| format!("https://{PORTAL}:{}{path}", house.address.port());
    let client = client(&house, &files).build().unwrap();
    let mut events = client.get(url("/events")).send().await.unwrap();
    assert_eq!(events.chunk().await.unwrap().unwrap(), "hello");
    assert_eq!(house.gateway.streams().end(&SESSION), 1);
    let end = tokio::time::timeout(Duration::from_secs(1), events.chunk()).await.unwrap();
    assert!(end.is_err(), "{end:?}");
    let next = client.get(url("/public")).send().await.unwrap();
    assert_eq!((next.status().as_u16(), next.version()), (200, http::Version::HTTP_2));
}

#[tokio::test]
async fn who_says_nothing_in_a_handshake_or_after_it_is_not_waited_for() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let (settings, _) = tls(folder.path());
    let house = House::build(Plan { tls: Some(settings), ..Plan::default() }).await;
    let mut silent = TcpStream::connect(house.address).await.unwrap();
    assert!(exchange(&mut silent, b"\x16\x03\x01", Duration::from_secs(10)).await.closed);
    let keep_alive = Duration::from_millis(300);
    let house =
        House::build(Plan { limits: Limits { keep_alive, ..limits() }, ..Plan::default() }).await;
    let mut silent = TcpStream::connect(house.address).await.unwrap();
    assert!(exchange(&mut silent, b"", Duration::from_secs(5)).await.closed);
}

/// A certificate authority, and a certificate of it for a name, as files.
fn authority_and_leaf(folder: &Path, name: &str) -> (std::path::PathBuf, CertificateFiles) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_path = folder.join("ca.pem");
    std::fs::write(&ca_path, ca.self_signed(&ca_key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let files = CertificateFiles { cert: folder.join("leaf.pem"), key: folder.join("leaf.key") };
    std::fs::write(&files.cert, leaf.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    (ca_path, files)
}

#[tokio::test]
async fn a_portal_behind_tls_is_believed_only_with_a_certificate_for_its_name() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let (ca, files) = authority_and_leaf(folder.path(), "localhost");
    let host = CertifiedHost::read(&files).unwrap();
    let settings = Arc::new(TlsSettings::new(vec![host], TlsVersion::Tls13).unwrap());
    // A gateway with TLS is a portal with TLS to the one in front of it.
    // The one in front names the server and not the host of the request, so it has to be trusted.
    let porch = edge::porch_for("127.0.0.1", false);
    let portal = House::build(Plan { tls: Some(settings), porch, ..Plan::default() }).await;
    let through = async |name: &str, ca: Option<std::path::PathBuf>| {
        let port = portal.address.port();
        let servers = Some(vec![Server { host: name.to_owned(), port, tls: true }]);
        let house = House::build(Plan { servers, ca, ..Plan::default() }).await;
        house.exchange(&get("/deep", "Connection: close\r\n")).await.statuses()
    };
    assert_eq!(through("localhost", Some(ca.clone())).await, [200]);
    assert_eq!(through("127.0.0.1", Some(ca)).await, [502], "another name");
    assert_eq!(through("localhost", None).await, [502], "an unknown authority");
    assert_eq!(portal.portal.text().matches("GET /deep").count(), 1);
}

#[tokio::test]
async fn new_certificates_serve_new_connections() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let (settings, old) = tls(&folder.path().join("old"));
    let house = House::build(Plan { tls: Some(Arc::clone(&settings)), ..Plan::default() }).await;
    let url = format!("https://{PORTAL}:{}/", house.address.port());
    let try_with = async |files: &CertificateFiles| {
        client(&house, files).build().unwrap().get(&url).send().await.is_ok()
    };
    let new = certificate_files(&folder.path().join("new"), &[PORTAL]);
    assert!(try_with(&old).await && !try_with(&new).await);
    settings.replace(vec![CertifiedHost::read(&new).unwrap()]).unwrap();
    assert!(!try_with(&old).await && try_with(&new).await);
    assert!(settings.replace(Vec::new()).is_err());
    assert!(try_with(&new).await);
}
