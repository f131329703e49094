//! The rows of `tests/attacks` that concern the message and its fields, sent as raw bytes to the proxy in
//! front of a portal that writes down what arrives. The fake gatekeeper knows no sessions, so what a row
//! asks of a score or of our cookie is for the tests of the whole gateway.

use super::*;

const FRAMING: &str = include_str!("../../../tests/attacks/framing.tsv");
const HEADERS: &str = include_str!("../../../tests/attacks/headers.tsv");

/// `\xNN` is one byte; nothing else is an escape.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        bytes.extend(rest[..at].bytes());
        bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
        rest = &rest[at + 4..];
    }
    bytes.extend(rest.bytes());
    bytes
}

/// `{REP:n:text}` is the text n times.
fn repeat(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(start) = text.find("{REP:") {
        let end = start + text[start..].find('}').unwrap();
        let (count, what) = text[start + 5..end].split_once(':').unwrap();
        let whole = what.repeat(count.parse().unwrap());
        text.replace_range(start..=end, &whole);
    }
    text
}

fn rows(file: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    file.lines().skip(1).map(|line| line.split('\t').collect())
}

#[derive(Debug)]
struct Outcome {
    found: Exchange,
    sent: String,
}

impl Outcome {
    fn arrived(&self, marker: &str) -> usize {
        self.sent.matches(&format!("User-Agent: {marker}\n")).count()
    }

    fn is_refused(&self, marker: &str) -> bool {
        let statuses = self.found.statuses();
        self.arrived(marker) == 0
            && statuses.len() <= 1
            && statuses.iter().all(|status| *status >= 400)
    }
}

async fn send(house: &House, bytes: &[u8], marker: &str, half_close: bool) -> Outcome {
    let mut connection = TcpStream::connect(house.address).await.unwrap();
    let quiet = Duration::from_millis(1000);
    let mut found = exchange(&mut connection, bytes, quiet).await;
    if half_close {
        let _ = connection.shutdown().await;
        let more = exchange(&mut connection, b"", quiet).await;
        found = Exchange { text: found.text + &more.text, closed: more.closed };
    }
    Outcome { found, sent: house.portal.text_with(marker) }
}

/// One well-framed request at most, and nothing of the hidden one.
fn judge_framing(
    expected: &str,
    note: &str,
    outcome: &Outcome,
    marker: &str,
) -> Result<(), String> {
    let hidden = format!("{marker}-S");
    let fail = |what: &str| Err(what.to_owned());
    if outcome.arrived(marker) > 1 || outcome.arrived(&hidden) > 1 {
        return fail("arrived more than once");
    }
    match expected {
        "refuse" if !outcome.is_refused(marker) => fail("not refused"),
        "refuse" if outcome.arrived(&hidden) > 0 => fail("the hidden request arrived"),
        "refuse" if !outcome.found.closed => fail("not closed"),
        "clean" if outcome.arrived(&hidden) > 0 && !note.contains("S may pass") => {
            fail("the hidden request arrived")
        }
        "pass" | "pass-each" if outcome.arrived(marker) != 1 => fail("did not arrive"),
        "pass" if outcome.found.statuses() != [200] => fail("no 200"),
        _ => Ok(()),
    }
}

/// Rows at once. All go to one gateway, as they would.
const AT_ONCE: usize = 48;

type Row = Vec<&'static str>;

/// Checks every row and gives what failed.
async fn failures<F>(rows: Vec<Row>, check: fn(Arc<House>, Row) -> F) -> Vec<String>
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let house = Arc::new(
        House::build(Plan {
            limits: Limits { connections_per_address: 500, ..limits() },
            ..Plan::default()
        })
        .await,
    );
    let mut failures = Vec::new();
    let mut running: tokio::task::JoinSet<Result<(), String>> = tokio::task::JoinSet::new();
    for row in rows {
        if running.len() == AT_ONCE {
            failures.extend(running.join_next().await.unwrap().unwrap().err());
        }
        running.spawn(check(Arc::clone(&house), row));
    }
    failures.extend(running.join_all().await.into_iter().filter_map(Result::err));
    failures
}

async fn check_framing(house: Arc<House>, row: Row) -> Result<(), String> {
    let [id, raw, expected, ..] = row[..] else { panic!("{row:?}") };
    let note = row.get(3).copied().unwrap_or_default();
    let marker = format!("row{}end", id.replace('-', ""));
    let bytes = unescape(&repeat(raw).replace("{M}", &marker));
    let outcome = send(&house, &bytes, &marker, note.contains("[half-close]")).await;
    judge_framing(expected, note, &outcome, &marker)
        .map_err(|why| format!("{id} {why}: {:?}\n{}", outcome.found, outcome.sent))?;
    // Ends when the connection is closed, however busy the machine is.
    let mut next = TcpStream::connect(house.address).await.unwrap();
    let asked = get("/after", "Connection: close\r\n");
    let after = exchange(&mut next, &asked, Duration::from_secs(20)).await;
    if after.statuses() == [200] {
        Ok(())
    } else {
        Err(format!("{id}: the next client: {after:?}"))
    }
}

#[tokio::test]
async fn every_framing_sample_is_refused_or_arrives_as_one_clean_message() {
    let rows: Vec<_> = rows(FRAMING).collect();
    assert!(rows.len() > 90, "{} rows", rows.len());
    let failures = failures(rows, check_framing).await;
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The value that a client wanted to be believed, if it may not be.
fn forged(lines: &str) -> Option<&str> {
    ["mallory", "198.51.100", "evil", "999", "bWFsbG9yeQ"]
        .into_iter()
        .find(|forged| lines.contains(forged))
}

fn folded_names(sent: &str) -> Vec<String> {
    let fold =
        |byte: char| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { '-' };
    let lines = sent.lines().skip(1).filter_map(|line| line.split_once(": "));
    lines.map(|(name, _)| name.chars().map(fold).collect()).collect()
}

fn judge_header(
    lines: &str,
    expected: &str,
    note: &str,
    outcome: &Outcome,
    marker: &str,
) -> Result<(), String> {
    let fail = |what: &str| Err(what.to_owned());
    let arrived = outcome.arrived(marker) == 1;
    if !arrived && !outcome.is_refused(marker) {
        return fail("neither arrived nor refused");
    }
    if !arrived && note.contains("MUST pass") {
        return fail("an honest row was refused");
    }
    let names = folded_names(&outcome.sent);
    let field = lines.split([':', ' ']).next().unwrap_or_default();
    match expected {
        "ours"
            if arrived && names.iter().filter(|name| *name == "x-scoregate-user").count() != 1 =>
        {
            fail("not exactly one user field")
        }
        "ours" | "gone"
            if arrived && forged(lines).is_some_and(|forged| outcome.sent.contains(forged)) =>
        {
            fail("the forged value arrived")
        }
        "gone"
            if arrived
                && !field.to_ascii_lowercase().starts_with("x-forwarded-")
                && !field.eq_ignore_ascii_case("forwarded")
                && outcome.sent.contains(&format!("\n{field}: ")) =>
        {
            fail("the field arrived")
        }
        "kept" if lines.split("\\x0D\\x0A").any(|line| !outcome.sent.contains(line)) => {
            fail("not kept")
        }
        status if status.starts_with("status-") && arrived => fail("not refused"),
        _ => Ok(()),
    }
}

/// What a score or our own cookie decides is not for this fake.
fn is_about_fields(row: &[&str]) -> bool {
    let [_, lines, _, expected, ..] = row[..] else { panic!("{row:?}") };
    expected != "denied" && !lines.contains("{COOKIE}") && !lines.contains("{NAME}")
}

fn header_request(lines: &str, note: &str, marker: &str) -> Vec<u8> {
    let line = note.strip_prefix('[').and_then(|note| note.split_once(']'));
    let line = line.filter(|(line, _)| line.contains('/')).map_or("GET /", |(line, _)| line);
    let host = if note.contains("[own-host]") { "" } else { "Host: portal.example.org\\x0D\\x0A" };
    let start = format!("{line} HTTP/1.1\\x0D\\x0A{host}User-Agent: {marker}\\x0D\\x0A");
    let end = "\\x0D\\x0A\\x0D\\x0A";
    let fields = repeat(lines);
    unescape(&if note.contains("[chunked-trailer]") {
        format!("{start}Transfer-Encoding: chunked{end}0\\x0D\\x0A{fields}{end}")
    } else {
        format!("{start}{fields}{end}")
    })
}

async fn check_header(house: Arc<House>, row: Row) -> Result<(), String> {
    let [id, lines, _, expected, ..] = row[..] else { panic!("{row:?}") };
    let note = row.get(4).copied().unwrap_or_default();
    let marker = format!("row{}end", id.replace('-', ""));
    let outcome = send(&house, &header_request(lines, note, &marker), &marker, false).await;
    judge_header(lines, expected, note, &outcome, &marker)
        .map_err(|why| format!("{id} {why}: {:?}\n{}", outcome.found, outcome.sent))
}

#[tokio::test]
async fn every_header_sample_is_refused_or_arrives_without_the_clients_word() {
    let rows: Vec<_> = rows(HEADERS).filter(|row| is_about_fields(row)).collect();
    assert!(rows.len() > 100, "{} rows", rows.len());
    let failures = failures(rows, check_header).await;
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn the_judges_can_say_no() {
    let outcome = |text: &str, closed: bool, sent: &str| Outcome {
        found: Exchange { text: text.to_owned(), closed },
        sent: sent.to_owned(),
    };
    let arrived = outcome("HTTP/1.1 200 OK", true, "GET / HTTP/1.1\nUser-Agent: M\nX-A: mallory\n");
    assert!(judge_framing("refuse", "", &arrived, "M").is_err());
    assert!(judge_framing("pass", "", &arrived, "M").is_ok());
    assert!(judge_framing("pass", "", &arrived, "N").is_err());
    let hidden = outcome("HTTP/1.1 200 OK", true, "User-Agent: M\nUser-Agent: M-S\n");
    assert!(judge_framing("clean", "", &hidden, "M").is_err());
    assert!(judge_framing("clean", "S may pass", &hidden, "M").is_ok());
    let open = outcome("HTTP/1.1 400 Bad Request", false, "");
    assert!(judge_framing("refuse", "", &open, "M").is_err());
    assert!(judge_header("X-A: mallory", "gone", "", &arrived, "M").is_err());
    assert!(judge_header("X-A: mallory", "ours", "", &arrived, "M").is_err());
    assert!(judge_header("X-B: b", "kept", "", &arrived, "M").is_err());
    assert!(judge_header("X-B: b", "status-400", "", &arrived, "M").is_err());
    assert!(judge_header("X-B: b", "kept", "MUST pass", &open, "M").is_err());
}
