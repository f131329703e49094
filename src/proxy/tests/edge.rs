//! Who stands in front, how many come, and how slow they may be: over real sockets, with limits low enough
//! to be met at once.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::*;
use crate::config::{ClientField, InFront};
use crate::points::Network;

/// A porch that trusts one address.
pub(super) fn porch_for(address: &str, proxy_protocol: bool) -> Porch {
    let trusted = vec![Network::new(address.parse().unwrap(), 32).unwrap()];
    let in_front = InFront { trusted, client_field: ClientField::XForwardedFor, proxy_protocol };
    Porch::new(&in_front, Some(HeaderValue::from_static("max-age=60")))
}

async fn house_with(porch: Porch) -> House {
    House::build(Plan { porch, ..Plan::default() }).await
}

const FORWARDED: &str = "X-Forwarded-For: 203.0.113.9, 198.51.100.66\r\nX-Forwarded-Proto: https\r\n\
                         X-Forwarded-Host: evil.test\r\nX-Forwarded-Prefix: /evil\r\n\
                         Forwarded: for=203.0.113.8\r\n";

#[tokio::test]
async fn a_trusted_proxy_says_who_the_client_is_and_nobody_else_does() {
    let trusted = house_with(porch_for("127.0.0.1", false)).await;
    assert_eq!(trusted.exchange(&get("/", FORWARDED)).await.statuses(), [200]);
    let sent = trusted.portal.text();
    for line in [
        "X-Forwarded-For: 198.51.100.66",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: portal.example.org",
        "X-Forwarded-Port: 443",
        "Forwarded: for=198.51.100.66;proto=https;host=\"portal.example.org\"",
    ] {
        assert!(sent.contains(&format!("\n{line}\n")), "{line}: {sent}");
    }
    assert!(!sent.contains("203.0.113") && !sent.contains("evil"), "{sent}");
    let nobody = house_with(porch_for("192.0.2.1", false)).await;
    assert_eq!(nobody.exchange(&get("/", FORWARDED)).await.statuses(), [200]);
    let sent = nobody.portal.text();
    for line in ["X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Port: 80"] {
        assert!(sent.contains(&format!("\n{line}\n")), "{line}: {sent}");
    }
    assert!(!sent.contains("198.51.100") && !sent.contains("203.0.113"), "{sent}");
}

#[tokio::test]
async fn a_proxy_header_names_the_client_of_the_whole_connection() {
    let house = house_with(porch_for("127.0.0.1", true)).await;
    let v1 = b"PROXY TCP4 198.51.100.66 127.0.0.1 4711 443\r\n".to_vec();
    // The client itself may write what it likes.
    let found = house.exchange(&[v1, get("/one", FORWARDED)].concat()).await;
    assert_eq!(found.statuses(), [200]);
    let v2 =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x43\x7f\0\0\x01\x12\x67\x01\xbb".to_vec();
    assert_eq!(house.exchange(&[v2, get("/two", "")].concat()).await.statuses(), [200]);
    let sent = house.portal.text();
    assert!(sent.contains("\nX-Forwarded-For: 198.51.100.66\n"), "{sent}");
    assert!(sent.contains("\nX-Forwarded-For: 198.51.100.67\n"), "{sent}");
    assert!(!sent.contains("203.0.113"), "{sent}");
}

/// A header without an address says that the proxy speaks for itself, so the fields behind it are a client's
/// as much as its own: nobody has looked at them.
#[tokio::test]
async fn a_proxy_header_that_names_nobody_makes_nothing_else_believed() {
    let house = house_with(porch_for("127.0.0.1", true)).await;
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec();
    for header in [b"PROXY UNKNOWN\r\n".to_vec(), local] {
        let found = house.exchange(&[header, get("/", FORWARDED)].concat()).await;
        assert_eq!(found.statuses(), [200], "{found:?}");
    }
    let sent = house.portal.text();
    assert!(sent.contains("\nX-Forwarded-For: 127.0.0.1\n"), "{sent}");
    assert!(!sent.contains("198.51.100") && !sent.contains("X-Forwarded-Proto: https"), "{sent}");
}

#[tokio::test]
async fn without_a_proxy_header_of_a_trusted_peer_a_connection_is_closed() {
    let house = house_with(porch_for("127.0.0.1", true)).await;
    for bytes in
        [get("/", ""), b"PROXY TCP4 evil\r\n".to_vec(), b"\x16\x03\x01\x02\0\x01\0\x01".repeat(9)]
    {
        let found = house.exchange(&bytes).await;
        assert!(found.closed && found.text.is_empty(), "{found:?}");
    }
    let stranger = house_with(porch_for("192.0.2.1", true)).await;
    let v1 = b"PROXY TCP4 198.51.100.66 127.0.0.1 4711 443\r\n".to_vec();
    let found = stranger.exchange(&[v1, get("/", "")].concat()).await;
    assert!(found.closed && found.text.is_empty(), "{found:?}");
    assert!(house.portal.is_silent() && stranger.portal.is_silent());
}

#[tokio::test]
async fn a_client_behind_a_proxy_has_its_own_number_of_connections() {
    let limits = Limits { connections_per_address: 1, ..limits() };
    let porch = porch_for("127.0.0.1", true);
    let house = House::build(Plan { limits, porch, ..Plan::default() }).await;
    let from = |client: &str| {
        let header = format!("PROXY TCP4 {client} 127.0.0.1 4711 443\r\n");
        [header.into_bytes(), get("/", "")].concat()
    };
    let quiet = Duration::from_millis(200);
    let mut first = TcpStream::connect(house.address).await.unwrap();
    assert_eq!(exchange(&mut first, &from("198.51.100.1"), quiet).await.statuses(), [200]);
    let second = house.exchange(&from("198.51.100.1")).await;
    assert!(second.closed && second.text.is_empty(), "{second:?}");
    assert_eq!(house.exchange(&from("198.51.100.2")).await.statuses(), [200]);
}

#[tokio::test]
async fn strict_transport_security_is_said_over_tls_only_and_by_us() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let (settings, files) = tls(folder.path());
    let porch = porch_for("192.0.2.1", false);
    let house = House::build(Plan { tls: Some(settings), porch, ..Plan::default() }).await;
    let client = client(&house, &files).build().unwrap();
    for path in ["/", "/own", "/admin", "/strict"] {
        let url = format!("https://{PORTAL}:{}{path}", house.address.port());
        let answer = client.get(url).send().await.unwrap();
        let said: Vec<_> = answer.headers().get_all("strict-transport-security").iter().collect();
        assert_eq!(said, ["max-age=60"], "{path}");
    }
    let plain = house_with(porch_for("192.0.2.1", false)).await;
    for path in ["/", "/own", "/admin", "/strict"] {
        let found = plain.exchange(&get(path, "")).await.text.to_ascii_lowercase();
        assert!(found.starts_with("http/1.1 ") && !found.contains("strict-transport"), "{found}");
    }
    // Behind a proxy that speaks TLS to the client, it is TLS to the client.
    let behind = house_with(porch_for("127.0.0.1", false)).await;
    let found = behind.exchange(&get("/", "X-Forwarded-Proto: https\r\n")).await;
    assert!(found.text.to_ascii_lowercase().contains("strict-transport-security: max-age=60"));
}

#[tokio::test]
async fn a_connection_for_one_host_is_no_way_to_another() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let (settings, files) = tls(folder.path());
    let house = House::build(Plan { tls: Some(settings), ..Plan::default() }).await;
    let client = client(&house, &files).build().unwrap();
    let http1 = super::client(&house, &files).http1_only().build().unwrap();
    let url = format!("https://{PORTAL}:{}/", house.address.port());
    for client in [&client, &http1] {
        let other = client.get(&url).header("host", "other.example.org").send().await;
        let status = other.map_or(400, |answer| answer.status().as_u16());
        assert!([400, 421].contains(&status), "{status}");
        assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    }
    assert!(!house.portal.text().contains("other.example.org"));
}

#[tokio::test]
async fn a_body_that_drips_is_a_408_and_a_portal_that_is_slow_is_not_the_clients_fault() {
    let limits = Limits { rate_window: Duration::from_millis(400), min_rate: 1000, ..limits() };
    let house = House::build(Plan { limits, ..Plan::default() }).await;
    let mut connection = TcpStream::connect(house.address).await.unwrap();
    let head = format!("POST /slow HTTP/1.1\r\nHost: {PORTAL}\r\nContent-Length: 1000\r\n\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = connection.split();
    let drip = async {
        while to.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), from.read_to_end(&mut answer));
    tokio::select! {
        read = read => drop(read.expect("a dripping body is waited for").unwrap()),
        () = drip => {}
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // An answer that takes several windows, and a client that has nothing to send meanwhile.
    let mut patient = TcpStream::connect(house.address).await.unwrap();
    let request = get("/late", "Connection: close\r\n");
    let late = exchange(&mut patient, &request, Duration::from_secs(5)).await;
    assert_eq!(late.statuses(), [200], "{late:?}");
}

/// An upgrade that is no WebSocket is a request like any other, with a body that may be held back.
#[tokio::test]
async fn a_body_that_is_held_back_is_a_408_whatever_else_its_head_asks_for() {
    let limits = Limits { rate_window: Duration::from_millis(400), min_rate: 1000, ..limits() };
    let house = House::build(Plan { limits, ..Plan::default() }).await;
    for fields in [
        "",
        "Upgrade: x\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c\r\nAccept: text/event-stream\r\n",
    ] {
        let head = format!(
            "POST /public HTTP/1.1\r\nHost: {PORTAL}\r\n{fields}Content-Length: 1000\r\n\r\n"
        );
        let mut connection = TcpStream::connect(house.address).await.unwrap();
        let found = exchange(&mut connection, head.as_bytes(), Duration::from_secs(20)).await;
        assert_eq!(found.statuses(), [408], "{fields}");
    }
}

#[tokio::test]
async fn the_begin_of_an_answer_is_not_held_back_until_there_is_more_of_it() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let (settings, files) = tls(folder.path());
    let house = House::build(Plan { tls: Some(settings), ..Plan::default() }).await;
    let url = format!("https://{PORTAL}:{}/begins", house.address.port());
    let h1 = client(&house, &files).http1_only().build().unwrap();
    let h2 = client(&house, &files).build().unwrap();
    for client in [h2, h1] {
        let begun = async {
            let mut answer = client.get(&url).send().await.unwrap();
            (answer.version(), answer.chunk().await.unwrap().unwrap())
        };
        let begun = tokio::time::timeout(Duration::from_secs(10), begun).await;
        let (version, begun) = begun.expect("it is held back");
        assert_eq!(begun, "0123456789", "{version:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_taken_ends_its_connection() {
    let limits = Limits { rate_window: Duration::from_millis(500), min_rate: 1000, ..limits() };
    let house = House::build(Plan { limits, ..Plan::default() }).await;
    let mut connection = TcpStream::connect(house.address).await.unwrap();
    connection.write_all(&get("/endless", "")).await.unwrap();
    // Nothing is read: buffers fill up, and then the clock runs.
    tokio::time::timeout(Duration::from_secs(20), house.portal.closed.notified())
        .await
        .expect("a client that takes nothing keeps its portal");
    let mut sink = vec![0; 1 << 20];
    let end = tokio::time::timeout(Duration::from_secs(20), async {
        while !matches!(connection.read(&mut sink).await, Ok(0) | Err(_)) {}
    });
    assert!(end.await.is_ok(), "still open");
}

#[tokio::test]
async fn a_flood_of_one_address_is_bounded_and_those_who_were_there_are_served() {
    let limits = Limits { connections_per_address: 20, connections: 30, ..limits() };
    let house = House::build(Plan { limits, ..Plan::default() }).await;
    let quiet = Duration::from_millis(200);
    let mut honest = TcpStream::connect(house.address).await.unwrap();
    assert_eq!(exchange(&mut honest, &get("/", ""), quiet).await.statuses(), [200]);
    let mut flood = Vec::new();
    for _ in 0..300 {
        flood.push(TcpStream::connect(house.address).await.unwrap());
    }
    let ends = flood.iter_mut().map(async |connection| connection.read(&mut [0]).await);
    let mut ends: FuturesUnordered<_> = ends.collect();
    // The honest one has a place of the twenty.
    for nth in 0..281 {
        let end = tokio::time::timeout(Duration::from_secs(20), ends.next()).await;
        assert!(matches!(end, Ok(Some(Ok(0) | Err(_)))), "{nth} were closed: {end:?}");
    }
    assert!(house.gateway.places().count() <= 20);
    assert_eq!(house.fake.turned_away.load(std::sync::atomic::Ordering::SeqCst), 281);
    assert_eq!(exchange(&mut honest, &get("/", ""), quiet).await.statuses(), [200]);
}
