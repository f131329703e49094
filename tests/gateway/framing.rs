//! The samples of `tests/attacks/framing.tsv` against the real gateway, as bytes over plain HTTP and over
//! TLS. A row passes by what arrived at the portal, by the answers, by what became of the connection, by
//! what the next client gets, and by its one line in the audit.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Mutex;
use std::time::Duration;

use super::attacks::{Judged, all_pass, judge_message, judge_next, rows};
use super::upstream::Arrived;
use super::wire::{Road, repeat, unescape};
use super::world::{World, wait_for};

const FRAMING: &str = include_str!("../attacks/framing.tsv");

/// Nothing has come for so long: nothing will.
const QUIET: Duration = Duration::from_secs(4);

/// More than the rows have: spellings of the same rules.
const OWN: &[(&str, &str, &str)] = &[
    ("O01", "Content-Length: 5\\x0D\\x0AContent_Length: 0\\x0D\\x0A\\x0D\\x0Ahello", "clean"),
    ("O02", "Content-Length: 5\\x09\\x0D\\x0A\\x0D\\x0Ahello", "clean"),
    ("O03", "Content-Length:5\\x0D\\x0A\\x0D\\x0Ahello", "clean"),
    ("O04", "Content-Length: \\x0B5\\x0D\\x0A\\x0D\\x0Ahello", "refuse"),
    ("O05", "Content-Length: 5\\x00\\x0D\\x0A\\x0D\\x0Ahello", "refuse"),
    ("O06", "Content-Length: 18446744073709551617\\x0D\\x0A\\x0D\\x0Ahello", "refuse"),
    ("O07", "Transfer-Encoding: chunked,\\x0D\\x0A\\x0D\\x0A0\\x0D\\x0A\\x0D\\x0A", "refuse"),
    ("O08", "Transfer-Encoding: ,chunked\\x0D\\x0A\\x0D\\x0A0\\x0D\\x0A\\x0D\\x0A", "refuse"),
    ("O09", "Transfer-Encoding: chunked\\x00\\x0D\\x0A\\x0D\\x0A0\\x0D\\x0A\\x0D\\x0A", "refuse"),
    ("O10", "Transfer-Encoding: \\xA0chunked\\x0D\\x0A\\x0D\\x0A0\\x0D\\x0A\\x0D\\x0A", "refuse"),
    (
        "O11",
        "Transfer-Encoding: chunked\\x0D\\x0Atransfer-encoding: chunked\\x0D\\x0A\\x0D\\x0A0\\x0D\\x0A\\x0D\\x0A",
        "refuse",
    ),
    ("O12", "Transfer-Encoding: CHUNKED\\x0D\\x0A\\x0D\\x0A0\\x0D\\x0A\\x0D\\x0A", "pass"),
    (
        "O13",
        "Transfer.Encoding: chunked\\x0D\\x0AContent-Length: 5\\x0D\\x0A\\x0D\\x0Ahello",
        "clean",
    ),
    ("O14", "X-A: b\\x0D\\x0D\\x0AContent-Length: 5\\x0D\\x0A\\x0D\\x0Ahello", "refuse"),
    ("O15", "Content-Length: 5\\x0A\\x0D\\x0Ahello", "refuse"),
    ("O16", "Content-Length: 0\\x0D\\x0AContent-Length: 0\\x0D\\x0A\\x0D\\x0A", "refuse"),
    (
        "O17",
        "Transfer-Encoding: chunked\\x0D\\x0A\\x0D\\x0A5\\x0D\\x0Ahello\\x0D\\x0A-0\\x0D\\x0A\\x0D\\x0A",
        "clean",
    ),
    (
        "O19",
        "Upgrade: websocket\\x0D\\x0AConnection: upgrade\\x0D\\x0AContent-Length: 5\\x0D\\x0A\\x0D\\x0Ahello",
        "refuse",
    ),
    (
        "O21",
        "Transfer-Encoding: chunked\\x0D\\x0A\\x0D\\x0A5 \\x0D\\x0Ahello\\x0D\\x0A0\\x0D\\x0A\\x0D\\x0A",
        "refuse",
    ),
    (
        "O22",
        "Transfer-Encoding: chunked\\x0D\\x0A\\x0D\\x0A5;x\\x0Ahello\\x0D\\x0A0\\x0D\\x0A\\x0D\\x0A",
        "refuse",
    ),
    (
        "O23",
        "Transfer-Encoding: chunked\\x0D\\x0A\\x0D\\x0A5;x\\x0D\\x0Ahello\\x0D\\x0A0\\x0D\\x0AX-A: b\\x0A\\x0D\\x0A",
        "refuse",
    ),
    ("O20", "Expect: 100-continue, x\\x0D\\x0AContent-Length: 5\\x0D\\x0A\\x0D\\x0Ahello", "clean"),
];

#[derive(Debug)]
struct FrameTry {
    marker: String,
    bytes: Vec<u8>,
    expected: &'static str,
    note: &'static str,
    is_tls: bool,
}

/// What came back.
#[derive(Debug)]
struct Outcome {
    text: String,
    is_closed: bool,
}

impl Outcome {
    /// Of all answers but "100 Continue".
    fn statuses(&self) -> Vec<u16> {
        let statuses = self.text.split("HTTP/1.1 ").skip(1);
        statuses.filter_map(|rest| rest.get(..3)?.parse().ok()).filter(|one| *one != 100).collect()
    }

    fn reference(&self) -> Option<&str> {
        let name = "x-scoregate-reference: ";
        let at = self.text.to_ascii_lowercase().find(name)?;
        self.text.get(at + name.len()..)?.lines().next()
    }
}

fn send(road: &Road, one: &FrameTry) -> Outcome {
    let (mut stream, socket) = road.connect_within(QUIET).unwrap();
    // A refusal may come, and the connection go, before everything is written.
    let _ = stream.write_all(&one.bytes).and_then(|()| stream.flush());
    if one.note.contains("[half-close]") && !one.is_tls {
        socket.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let (mut text, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    let is_closed = loop {
        match stream.read(&mut chunk) {
            Ok(0) => break true,
            Ok(read) => text.extend_from_slice(&chunk[..read]),
            Err(error) => {
                break !matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
            }
        }
    };
    Outcome { text: String::from_utf8_lossy(&text).into_owned(), is_closed }
}

fn judge(one: &FrameTry, outcome: &Outcome, first: &[Arrived], hidden: &[Arrived]) -> Judged {
    let fail = |what: &str| Err(format!("{what} {:?}", outcome.text.lines().next()));
    let statuses = outcome.statuses();
    if first.len() > 1 || hidden.len() > 1 {
        return fail("arrived more than once");
    }
    let may_pass = one.note.contains("S may pass");
    match one.expected {
        "refuse" if !first.is_empty() || !hidden.is_empty() => fail("arrived"),
        "refuse" if statuses.len() > 1 || statuses.iter().any(|status| *status < 400) => {
            fail("not refused")
        }
        "refuse" if !outcome.is_closed => fail("not closed"),
        "clean" | "record" if !hidden.is_empty() && !may_pass => fail("S arrived"),
        "clean" if first.is_empty() && statuses.first().is_some_and(|status| *status < 400) => {
            fail("neither arrived nor refused")
        }
        "clean" if one.note.contains("never answered") && statuses.len() > 1 => fail("S answered"),
        "pass" if statuses != [200] => fail("no 200"),
        "pass" | "pass-each" if first.len() != 1 => fail("did not arrive"),
        "pass-each" if hidden.is_empty() && !outcome.is_closed => fail("S was lost"),
        _ => match (first, one.note.split("body=").nth(1)) {
            ([arrived], Some(body)) if arrived.body != body.as_bytes() => fail("another body"),
            _ => Ok(()),
        },
    }
}

fn tries() -> Vec<FrameTry> {
    let mut tries = Vec::new();
    let mut add = |id: &str, raw: &str, expected, note| {
        for is_tls in [false, true] {
            let marker = format!("f{}-{}", id.replace('-', ""), if is_tls { "tls" } else { "p" });
            let bytes = unescape(&repeat(raw).replace("{M}", &marker));
            tries.push(FrameTry { marker, bytes, expected, note, is_tls });
        }
    };
    for row in rows(FRAMING) {
        add(row[0], row[1], row[2], row[3]);
    }
    let start = "POST /public/f HTTP/1.1\\x0D\\x0AHost: portal.example.org\\x0D\\x0AUser-Agent: {M}\\x0D\\x0A";
    for (id, rest, expected) in OWN {
        add(id, &format!("{start}{rest}"), expected, "");
    }
    tries
}

#[test]
fn every_framing_sample_is_refused_or_arrives_as_one_clean_message_over_plain_and_tls() {
    let world = World::with_users(&[]);
    let tries = tries();
    assert!(tries.len() > 90 * 2 + OWN.len(), "{} tries", tries.len());
    let (tls, plain) = (world.tls(), world.plain());
    let answers: Mutex<BTreeMap<String, Option<String>>> = Mutex::default();
    all_pass(&tries, |one| {
        let road = if one.is_tls { &tls } else { &plain };
        let outcome = send(road, one);
        let first = world.upstream.marked(&one.marker);
        let hidden = world.upstream.marked(&format!("{}-S", one.marker));
        judge(one, &outcome, &first, &hidden)?;
        if first.is_empty() && !one.note.contains("half-close") {
            if world.upstream.has_bytes(format!("User-Agent: {}\r", one.marker).as_bytes()) {
                return Err("something of it arrived".to_owned());
            }
            let reference = outcome.reference().map(str::to_owned);
            // A challenge is no refusal, and no event: everybody begins with one.
            if outcome.statuses().first() != Some(&401) {
                answers.lock().unwrap().insert(one.marker.clone(), reference);
            }
        }
        for message in first.iter().chain(&hidden) {
            judge_message(message, None)?;
        }
        judge_next(&world, road, &one.marker)
    });
    judge_audit(&world, &answers.into_inner().unwrap());
}

/// Every refusal is one line with its reason and source; what was no request has no reference. More than
/// a hundred in a second are counted instead, and the count is a line.
fn judge_audit(world: &World, refused: &BTreeMap<String, Option<String>>) {
    let of = |audit: &str, what: &str| -> Vec<serde_json::Value> {
        let lines = audit.lines().filter(|line| line.contains(what));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let ours = |line: &serde_json::Value| {
        line["reason"] == "not_http"
            || refused.values().flatten().any(|reference| line["reference"] == **reference)
    };
    let audit = wait_for("every refusal is written down or counted", || {
        let audit = world.audit();
        let written = of(&audit, "request.refused").iter().filter(|line| ours(line)).count();
        let sampled = of(&audit, "audit.sampled");
        let counted: u64 = sampled.iter().filter_map(|line| line["count"].as_u64()).sum();
        let counted = usize::try_from(counted).unwrap();
        (written + counted >= refused.len()).then_some(audit)
    });
    let lines = of(&audit, "request.refused");
    for line in lines.iter().filter(|line| ours(line)) {
        assert_eq!(line["source"], "127.0.0.1", "{line}");
        assert!(line["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{line}");
    }
    for reference in refused.values().flatten() {
        let found = lines.iter().filter(|line| line["reference"] == **reference).count();
        assert!(found <= 1, "{reference} is {found} lines");
    }
    assert!(lines.len() > 50, "{} lines", lines.len());
    for told in ["/public", "/admin", "hello", "User-Agent"] {
        assert!(!audit.contains(told), "{told} is in the audit");
    }
}

#[test]
fn the_frame_judges_can_say_no() {
    let one = |expected, note| FrameTry {
        marker: "m".to_owned(),
        bytes: Vec::new(),
        expected,
        note,
        is_tls: false,
    };
    let outcome = |text: &str, is_closed| Outcome { text: text.to_owned(), is_closed };
    let ok = outcome("HTTP/1.1 200 OK\r\n", false);
    let bad = outcome("HTTP/1.1 400 Bad Request\r\nX-Scoregate-Reference: 7F3K-Q2\r\n\r\n", true);
    let arrived = [Arrived { head: "POST / HTTP/1.1".to_owned(), body: b"hello".to_vec() }];
    assert_eq!(bad.reference(), Some("7F3K-Q2"));
    assert!(judge(&one("refuse", ""), &bad, &[], &[]).is_ok());
    assert!(judge(&one("refuse", ""), &bad, &arrived, &[]).is_err());
    assert!(judge(&one("refuse", ""), &ok, &[], &[]).is_err());
    assert!(judge(&one("refuse", ""), &outcome("HTTP/1.1 400 x", false), &[], &[]).is_err());
    assert!(judge(&one("clean", ""), &ok, &arrived, &arrived).is_err());
    assert!(judge(&one("clean", "S may pass"), &ok, &arrived, &arrived).is_ok());
    assert!(judge(&one("pass", "body=hello"), &ok, &arrived, &[]).is_ok());
    assert!(judge(&one("pass", "body=other"), &ok, &arrived, &[]).is_err());
    assert!(judge(&one("pass", ""), &bad, &[], &[]).is_err());
    assert!(judge(&one("pass-each", ""), &ok, &arrived, &[]).is_err());
}
