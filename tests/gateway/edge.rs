//! The edge of the real gateway: who stands in front of it, certificates whose files change, names of
//! handshakes, and the listener that redirects. Not here: the proxy alone, which has tests of its own.

use std::fs;
use std::io::Read;
use std::sync::Arc;

use rustls::HandshakeKind;
use rustls::pki_types::ServerName;

use super::person::Person;
use super::wire::{Response, Road};
use super::world::{HOST, World, wait_for};

const TRUSTED: &str = "trusted_proxies = [\"127.0.0.1/32\"]\n";

/// A gateway whose plain listener has these settings besides.
fn with_http(more: &str) -> World {
    let mut world = World::prepare();
    let config =
        world.config().replace("serve = \"routes\"\n", &format!("serve = \"routes\"\n{more}"));
    world.write_config(&config);
    world.run();
    world
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{fields}\r\n")
}

fn audit_lines(world: &World, event: &str) -> Vec<serde_json::Value> {
    let audit = world.audit();
    let lines = audit.lines().filter(|line| line.contains(event));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Somebody with a network rule to pass, and the address that a trusted proxy gives them.
#[test]
fn the_address_that_a_trusted_proxy_gives_counts_in_rules_and_in_the_audit() {
    let rule = "[route.portal.rule.office]\npath = \"/office\"\nnetworks = [\"198.51.100.0/24\"]\n";
    let mut world = World::prepare();
    let config =
        world.config().replace("serve = \"routes\"\n", &format!("serve = \"routes\"\n{TRUSTED}"));
    world.write_config(&format!("{config}\n{rule}"));
    world.run();
    world.add_user("bob");
    let mut bob = Person::new(&world);
    bob.sign_in_with_mail(&world, "bob");
    let cookie = format!("Cookie: {}\r\n", bob.session());
    let ask = |road: &Road, fields: &str| {
        road.ask(get("/office", &format!("{cookie}{fields}")).as_bytes()).unwrap().status
    };
    let inside = "X-Forwarded-For: 198.51.100.7\r\n";
    assert_eq!(ask(&world.plain(), inside), 200);
    assert_eq!(ask(&world.plain(), "X-Forwarded-For: 198.51.100.7, 203.0.113.1\r\n"), 403);
    assert_eq!(ask(&world.plain(), "Forwarded: for=198.51.100.7\r\n"), 403);
    // Nobody is trusted on the other listener.
    assert_eq!(ask(&world.tls(), inside), 403);
    let sources = wait_for("refusals are written down", || {
        let lines = audit_lines(&world, "access.denied");
        (lines.len() >= 3).then_some(lines)
    });
    let sources: Vec<_> = sources.iter().map(|line| line["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["203.0.113.1", "127.0.0.1", "127.0.0.1"]);
}

/// To a browser, a proxy that ends TLS and we are one address.
#[test]
fn behind_a_proxy_that_ends_tls_a_page_without_it_opens_no_websocket() {
    let mut world = World::prepare();
    let trusted = format!("serve = \"routes\"\n{TRUSTED}");
    world.change_config(|config| config.replace("serve = \"routes\"\n", &trusted));
    world.run();
    world.add_user("bob");
    let mut bob = Person::new(&world);
    bob.sign_in_with_mail(&world, "bob");
    for (proto, origin, status) in
        [("https", "https", 101), ("https", "http", 403), ("http", "http", 101)]
    {
        let mut stream = world.plain().connect().unwrap();
        let fields = format!(
            "Cookie: {}\r\nX-Forwarded-Proto: {proto}\r\nOrigin: {origin}://{HOST}\r\n",
            bob.session()
        );
        let seen = super::streams::ask(&mut *stream, "/socket", &fields).status;
        assert_eq!(seen, status, "{proto} {origin}");
    }
}

#[test]
fn a_proxy_header_is_asked_for_and_its_address_is_the_source_of_a_refusal() {
    let world = with_http(&format!("{TRUSTED}proxy_protocol = true\n"));
    let without = world.plain().ask(get("/public", "").as_bytes());
    assert!(without.is_none(), "{without:?}");
    let header = "PROXY TCP4 198.51.100.9 127.0.0.1 4711 80\r\n";
    let found = world.plain().ask(format!("{header}{}", get("/public", "")).as_bytes()).unwrap();
    assert_eq!(found.status, 200);
    assert_eq!(world.upstream.arrived()[0].value("x-forwarded-for"), Some("198.51.100.9"));
    let refused = format!("{header}GET /a#b HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    assert_eq!(world.plain().ask(refused.as_bytes()).unwrap().status, 400);
    let line =
        wait_for("the refusal is written down", || audit_lines(&world, "request.refused").pop());
    assert_eq!(line["source"], "198.51.100.9");
    let (_, metrics) = world.ops("/metrics");
    let counted = "scoregate_connections_turned_away_total{reason=\"no_proxy_header\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(world.log().contains("no PROXY header"), "{}", world.log());
}

#[test]
fn the_listener_that_redirects_writes_down_what_it_refuses() {
    let mut world = World::prepare();
    let config = world.config().replace("serve = \"routes\"\n", "redirect_to = \"https\"\n");
    world.write_config(&config);
    world.run();
    let moved = world.plain().ask(get("/a?b", "").as_bytes()).unwrap();
    assert_eq!(moved.status, 308);
    assert!(moved.location().starts_with("https://portal.example.org:"), "{}", moved.location());
    assert!(moved.field("strict-transport-security").is_none());
    let plain = world.plain();
    let mut seen = Vec::new();
    for request in [
        "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n".to_owned(),
        format!("GET /a#b HTTP/1.1\r\nHost: {HOST}\r\n\r\n"),
    ] {
        let refused = plain.ask(request.as_bytes()).unwrap();
        seen.push(refused.field("x-scoregate-reference").unwrap().to_owned());
    }
    plain.ask(b"nonsense\r\n\r\n");
    let lines = wait_for("refusals are written down", || {
        let lines = audit_lines(&world, "request.refused");
        (lines.len() >= 3).then_some(lines)
    });
    assert_eq!(lines.len(), 3);
    for (line, reference) in lines.iter().zip(&seen) {
        assert_eq!(
            (&line["reference"], &line["source"]),
            (&reference[..].into(), &"127.0.0.1".into())
        );
    }
    assert_eq!(
        (&lines[2]["reason"], &lines[2]["source"]),
        (&"not_http".into(), &"127.0.0.1".into())
    );
    assert_eq!(world.upstream.count(), 0);
}

#[test]
fn certificates_are_taken_over_when_their_files_change_and_broken_ones_are_not() {
    let world = World::with_users(&[]);
    let serial = || world.peer_certificate();
    let (first, good) = (serial(), "scoregate_certificates_last_read_successful 1");
    assert!(world.ops("/metrics").1.contains(good));
    fs::write(world.path("cert.pem"), "not a certificate").unwrap();
    wait_for("the broken file is complained of", || {
        world.log().contains("cannot be used; the old ones stay").then_some(())
    });
    assert_eq!(serial(), first);
    assert!(world.ops("/metrics").1.contains("scoregate_certificates_last_read_successful 0"));
    let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
    fs::write(world.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::write(world.path("cert.pem"), made.cert.pem()).unwrap();
    let second = wait_for("the new pair is served", || {
        let now = serial();
        (now != first).then_some(now)
    });
    assert_eq!(second, made.cert.der().to_vec());
    assert!(world.ops("/metrics").1.contains(good));
    let events = wait_for("both are written down", || {
        let lines = audit_lines(&world, "\"certificates\"");
        let events: Vec<_> =
            lines.iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
        events.last().is_some_and(|event| event == "config.loaded").then_some(events)
    });
    assert_eq!(events[0], "config.rejected");
}

/// Two hosts with a certificate each, of which one has ended when the other is renewed.
#[test]
fn a_certificate_that_has_ended_keeps_no_other_from_being_renewed() {
    let made = |name: &str, last_year| {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap(), key.serialize_pem())
    };
    let mut world = World::prepare();
    let put = |world: &World, names: [&str; 2], name, last_year| {
        let (certificate, key) = made(name, last_year);
        world.write_private(names[1], &key);
        fs::write(world.path(names[0]), certificate.pem()).unwrap();
        certificate.der().to_vec()
    };
    let (own, other) = (["cert.pem", "key.pem"], ["old.pem", "old-key.pem"]);
    put(&world, other, "old.example.org", 2090);
    let one = "tls.key = \"key.pem\"\n";
    let more = "tls.certificates.old.cert = \"old.pem\"\n\
                tls.certificates.old.key = \"old-key.pem\"\n";
    world.change_config(|config| config.replace(one, &format!("{one}{more}")));
    world.run();
    put(&world, other, "old.example.org", 2020);
    let second = put(&world, own, HOST, 2090);
    wait_for("the new pair is served", || (world.peer_certificate() == second).then_some(()));
    // One that is good is not given up for one that has ended.
    put(&world, own, HOST, 2020);
    let complaint = format!("the certificate for {HOST} has ended");
    wait_for("it is complained of", || world.log().contains(&complaint).then_some(()));
    assert_eq!(world.peer_certificate(), second);
}

#[test]
fn a_client_that_comes_again_resumes_its_handshake() {
    let world = World::with_users(&[]);
    let Road::Tls(address, config) = world.tls() else { panic!("not TLS") };
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let name = ServerName::try_from(HOST).unwrap();
        let client = rustls::ClientConnection::new(Arc::clone(&config), name).unwrap();
        let socket = std::net::TcpStream::connect(address).unwrap();
        let mut stream = rustls::StreamOwned::new(client, socket);
        let request = get("/public", "Connection: close\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        // To its end, so that the tickets behind the answer are read.
        let _ = stream.read_to_end(&mut Vec::new());
        kinds.push(stream.conn.handshake_kind().unwrap());
    }
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);
}

#[test]
fn the_name_of_the_handshake_is_the_host_or_there_is_none() {
    let world = World::with_users(&[]);
    let road = world.tls();
    let ask = |host: &str| -> Option<Response> {
        road.ask(format!("GET /public HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
    };
    assert_eq!(ask("PORTAL.example.org").unwrap().status, 200);
    let other = ask("127.0.0.1").unwrap();
    assert_eq!(other.status, 421);
    assert!(other.text().contains("opened for another host name"), "{}", other.text());
    assert_eq!(other.field("strict-transport-security"), Some("max-age=31536000"));
    let line = wait_for("it is written down", || audit_lines(&world, "request.refused").pop());
    assert_eq!((&line["reason"], &line["source"]), (&"misdirected".into(), &"127.0.0.1".into()));
    // Without a name in the handshake, the host alone decides.
    let unnamed = world.tls_without_name().ask(get("/public", "").as_bytes()).unwrap();
    assert_eq!(unnamed.status, 200);
}

#[test]
fn an_address_with_too_many_connections_is_one_line_in_the_log_and_a_count() {
    let mut world = World::prepare();
    let config =
        world.config().replace("connections_per_address = 5000", "connections_per_address = 40");
    world.write_config(&config);
    world.run();
    let mut held = world.plain().connect().unwrap();
    let request = get("/public", "");
    held.write_all(request.as_bytes()).unwrap();
    assert_eq!(Response::read(&mut *held, false).unwrap().status, 200);
    let flood: Vec<_> =
        (0..400).map(|_| std::net::TcpStream::connect(world.running().http).unwrap()).collect();
    let metrics = wait_for("the flood is counted", || {
        let (_, metrics) = world.ops("/metrics");
        let name = "scoregate_connections_turned_away_total{reason=\"address_full\"} ";
        let count = metrics.split(name).nth(1)?.lines().next()?.parse::<u32>().ok()?;
        (count >= 361).then_some(count)
    });
    assert_eq!(metrics, 361);
    assert_eq!(world.log().matches("limits.connections_per_address").count(), 1, "{}", world.log());
    held.write_all(request.as_bytes()).unwrap();
    assert_eq!(Response::read(&mut *held, false).unwrap().status, 200);
    drop(flood);
    wait_for("places are given back", || {
        world.plain().ask(request.as_bytes()).filter(|answer| answer.status == 200)
    });
}
