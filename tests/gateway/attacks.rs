//! The samples of `tests/attacks` against the real gateway: every path with every session over plain
//! HTTP and TLS, every field and every bad cookie with the sessions that they are about. A row passes by
//! its status, by what arrived at the portal, and by what the next client gets. Framing, which asks for
//! no session, is tested beside the proxy.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::person::{BROWSER, FORM, Person, SESSION, Sessions, encoded};
use super::upstream::Arrived;
use super::wire::{Response, Road, repeat, unescape};
use super::world::{HOST, World};

const PATHS: &str = include_str!("../attacks/paths.tsv");
const HEADERS: &str = include_str!("../attacks/headers.tsv");
const COOKIES: &str = include_str!("../attacks/cookies.tsv");
const REDIRECTS: &str = include_str!("../attacks/redirects.tsv");

/// Requests at once. All go to one gateway, as they would.
const AT_ONCE: usize = 8;

pub(super) type Judged = Result<(), String>;

pub(super) fn rows(file: &'static str) -> Vec<Vec<&'static str>> {
    let mut columns = file.lines().next().unwrap().split('\t').count();
    columns = columns.max(4);
    let row = |line: &'static str| {
        let mut row: Vec<_> = line.split('\t').collect();
        row.resize(columns, "");
        row
    };
    file.lines().skip(1).map(row).collect()
}

/// Checks each and fails with everything that was wrong.
pub(super) fn all_pass<T: Sync + Debug>(all: &[T], check: impl Fn(&T) -> Judged + Sync) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(why) = check(one) {
                        failures.lock().unwrap().push(format!("{why}: {one:?}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let shown: Vec<_> =
        failures.iter().map(|why| why.chars().take(1200).collect::<String>()).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), all.len(), shown.join("\n"));
}

/// `None`: closed without an answer.
fn status(response: Option<&Response>) -> Option<u16> {
    response.map(|response| response.status)
}

/// What arrives is one well-framed message to one host, without our session.
pub(super) fn judge_message(one: &Arrived, session: Option<&str>) -> Judged {
    let lengths = one.values("content-length").len() + one.values("transfer-encoding").len();
    let is_chunked = one.values("transfer-encoding").iter().all(|coding| *coding == "chunked");
    if one.values("host").len() != 1 {
        return Err("not one Host".to_owned());
    }
    if lengths > 1 || !is_chunked {
        return Err("not one clean length".to_owned());
    }
    if session.is_some_and(|session| one.head.contains(session)) || one.head.contains(SESSION) {
        return Err("the session's cookie arrived".to_owned());
    }
    Ok(())
}

/// Somebody else, a moment later.
pub(super) fn judge_next(world: &World, road: &Road, marker: &str) -> Judged {
    let marker = format!("{marker}-next");
    let request =
        format!("GET /public/next HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {marker}\r\n\r\n");
    let answer = road.ask(request.as_bytes());
    match (status(answer.as_ref()), world.upstream.marked(&marker).len()) {
        (Some(200), 1) => Ok(()),
        other => Err(format!("the next client got {other:?}")),
    }
}

// --- paths -----------------------------------------------------------------------------------

/// One row with one session on one road.
#[derive(Clone, Debug)]
struct PathTry {
    marker: String,
    method: &'static str,
    target: Vec<u8>,
    class: &'static str,
    note: &'static str,
    points: u16,
    is_tls: bool,
}

impl PathTry {
    fn request(&self, cookie: Option<&str>) -> Vec<u8> {
        let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
        let length = match self.method {
            "POST" | "PUT" | "PATCH" | "DELETE" => "Content-Length: 0\r\n",
            _ => "",
        };
        let rest = format!(
            " HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {}\r\nAccept: */*\r\n{cookie}{length}\r\n",
            self.marker
        );
        [self.method.as_bytes(), b" ", &self.target, rest.as_bytes()].concat()
    }

    /// The points from which on the row may reach the portal; `None`: never.
    fn level(&self) -> Option<u16> {
        match self.class {
            "must-pass-0" | "may-pass-0" => Some(0),
            "deny-unless-30" => Some(30),
            "deny-unless-40" => Some(40),
            "must-400" => None,
            other => panic!("unknown class {other}"),
        }
    }

    fn must_pass(&self) -> bool {
        let noted = self.note.split("MUST pass at ").nth(1).and_then(|at| at.get(..2));
        let at = noted.and_then(|at| at.parse::<u16>().ok());
        self.class == "must-pass-0" || at.is_some_and(|at| self.points >= at)
    }

    fn judge(&self, status: Option<u16>, arrived: &[Arrived]) -> Judged {
        match (arrived, status) {
            ([], Some(200..=299)) if !self.is_own_answer() => {
                Err("refused with success".to_owned())
            }
            ([], _) if self.must_pass() => Err(format!("an honest row got {status:?}")),
            ([], None | Some(200..=299 | 302 | 303 | 307 | 400..=505)) => Ok(()),
            ([], other) => Err(format!("refused with {other:?}")),
            ([one], Some(200)) if self.level().is_some_and(|level| self.points >= level) => {
                if self.is_the_target(one.target()) {
                    Ok(())
                } else {
                    Err("another target".to_owned())
                }
            }
            ([_], Some(200)) => Err("arrived with too few points".to_owned()),
            ([_], other) => Err(format!("arrived, and answered {other:?}")),
            (_, _) => Err("arrived more than once".to_owned()),
        }
    }

    /// Pages of our own, and the answer to `OPTIONS *`.
    fn is_own_answer(&self) -> bool {
        self.target.starts_with(b"/.scoregate") || self.target == b"*"
    }

    /// Byte for byte, but for bytes that no request line can hold.
    fn is_the_target(&self, arrived: &str) -> bool {
        let sent = String::from_utf8_lossy(&self.target).into_owned();
        let encoded = |codes: [(&str, &str); 4]| {
            codes.iter().fold(sent.clone(), |text, (raw, code)| text.replace(raw, code))
        };
        arrived == sent
            || arrived == encoded([(" ", "%20"), ("\"", "%22"), ("<", "%3C"), (">", "%3E")])
            || arrived == encoded([(" ", "%20"), ("\"", "%22"), ("<", "%3c"), (">", "%3e")])
    }
}

fn path_tries() -> Vec<PathTry> {
    let mut tries = Vec::new();
    for row in rows(PATHS) {
        let (id, target, class, note) = (row[0], row[2], row[3], row[4]);
        let method = note.strip_prefix('[').and_then(|note| note.split(']').next());
        for (points, is_tls) in [0, 20, 30, 40].into_iter().flat_map(|n| [(n, false), (n, true)]) {
            tries.push(PathTry {
                marker: format!("path-{id}-{points}-{}", if is_tls { "tls" } else { "plain" }),
                method: method.unwrap_or("GET"),
                target: unescape(target),
                class,
                note,
                points,
                is_tls,
            });
        }
    }
    tries
}

#[test]
fn no_spelling_of_a_path_opens_more_than_the_session_has_and_no_honest_one_less() {
    let world = World::with_users(&[]);
    let sessions = Sessions::of(&world, "bob");
    let of = |person: &Person| person.session();
    let cookies: BTreeMap<u16, String> =
        [(20, of(&sessions.twenty)), (30, of(&sessions.thirty)), (40, of(&sessions.forty))].into();
    let tries = path_tries();
    assert!(tries.len() > 330 * 8, "{} tries", tries.len());
    let (tls, plain) = (world.tls(), world.plain());
    let refused = Mutex::new(Vec::new());
    all_pass(&tries, |one| {
        let road = if one.is_tls { &tls } else { &plain };
        let cookie = cookies.get(&one.points).map(String::as_str);
        let answer = road.ask(&one.request(cookie));
        let arrived = world.upstream.marked(&one.marker);
        one.judge(status(answer.as_ref()), &arrived)?;
        for message in &arrived {
            judge_message(message, cookie)?;
        }
        if arrived.is_empty() {
            refused.lock().unwrap().push(one.marker.clone());
        }
        if one.points == 30 { judge_next(&world, road, &one.marker) } else { Ok(()) }
    });
    // Nothing of a refused request came later, or in another message.
    let all = world.upstream.arrived();
    for marker in refused.into_inner().unwrap() {
        let bytes = format!("User-Agent: {marker}\r\n");
        assert!(!all.iter().any(|one| format!("{}\r\n", one.head).contains(&bytes)), "{marker}");
    }
}

// --- fields ----------------------------------------------------------------------------------

#[derive(Clone, Debug)]
pub(super) struct FieldTry {
    pub(super) marker: String,
    /// With placeholders filled in, still escaped.
    pub(super) lines: String,
    pub(super) is_signed_in: bool,
    expected: &'static str,
    pub(super) note: &'static str,
    pub(super) is_tls: bool,
}

/// What cookies are called and worth, for the placeholders.
pub(super) struct Names {
    pub(super) cookie: String,
    pub(super) cookie_2: String,
}

impl Names {
    fn fill(&self, lines: &str) -> String {
        let value = self.cookie.split_once('=').unwrap().1;
        lines
            .replace("{COOKIE}", &self.cookie)
            .replace("{COOKIE2}", &self.cookie_2)
            .replace("{NAME}", SESSION)
            .replace("{VALUE}", value)
    }
}

impl FieldTry {
    /// Method and target.
    pub(super) fn start(&self) -> (&str, &str) {
        let start = self.note.strip_prefix('[').and_then(|note| note.split(']').next());
        start
            .and_then(|start| start.split_once(" /").map(|_| start.split_once(' ').unwrap()))
            .unwrap_or(("GET", "/"))
    }

    fn request(&self, cookie: &str) -> Vec<u8> {
        let (method, target) = self.start();
        let start = format!("{method} {target}");
        let host = if self.note.contains("[own-host]") {
            ""
        } else {
            "Host: portal.example.org\\x0D\\x0A"
        };
        let cookie = if self.is_signed_in && !self.note.contains("[own-cookie]") {
            format!("Cookie: {cookie}\\x0D\\x0A")
        } else {
            String::new()
        };
        let head = format!(
            "{start} HTTP/1.1\\x0D\\x0A{host}User-Agent: {}\\x0D\\x0AAccept: */*\\x0D\\x0A{cookie}",
            self.marker
        );
        let (fields, end) = (repeat(&self.lines), "\\x0D\\x0A\\x0D\\x0A");
        let length = if start.starts_with("POST") { "Content-Length: 0\\x0D\\x0A" } else { "" };
        unescape(&if self.note.contains("[chunked-trailer]") {
            format!("{head}Transfer-Encoding: chunked{end}0\\x0D\\x0A{fields}{end}")
        } else {
            format!("{head}{length}{fields}{end}")
        })
    }

    /// Name and value of each line, as text.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let text = String::from_utf8_lossy(&unescape(&repeat(&self.lines))).into_owned();
        let lines = text.split(['\r', '\n']).filter_map(|line| line.split_once(':'));
        let bare = |text: &str| text.trim_matches([' ', '\t']).to_owned();
        lines.map(|(name, value)| (bare(name), bare(value))).collect()
    }

    pub(super) fn judge(&self, status: Option<u16>, arrived: &[Arrived]) -> Judged {
        let fail = |what: &str| Err(what.to_owned());
        let one = match arrived {
            [] if self.note.contains("MUST pass") => return fail("an honest row was refused"),
            [] => return self.judge_refusal(status),
            [one] => one,
            _ => return fail("arrived more than once"),
        };
        if status != Some(200) {
            return fail("arrived, and was not answered 200");
        }
        match self.expected {
            "denied" => fail("arrived"),
            refusal if refusal.starts_with("status-") => fail("arrived"),
            "ours" => self.judge_ours(one).and_then(|()| self.judge_gone(one)),
            "gone" => self.judge_gone(one),
            "kept" => match self
                .fields()
                .iter()
                .find(|(name, value)| !one.values(name).contains(&&**value))
            {
                Some((name, _)) => fail(&format!("{name} was not kept")),
                None => Ok(()),
            },
            "cookies" => {
                let own = self.fields()[0].1.replace("; ", ";");
                let foreign: Vec<_> =
                    own.split(';').filter(|pair| !pair.starts_with(SESSION)).collect();
                if one.values("cookie") == [foreign.join("; ")] {
                    Ok(())
                } else {
                    fail("other cookies")
                }
            }
            "ignored" | "either" => Ok(()),
            other => fail(&format!("unknown expectation {other}")),
        }
    }

    fn judge_refusal(&self, status: Option<u16>) -> Judged {
        let is_right = match (self.expected, status) {
            (_, None) => true,
            ("denied", Some(status)) => status == 303 || status >= 400,
            ("cookies" | "kept" | "ignored", Some(_)) => false,
            (_, Some(status)) => (400..=505).contains(&status),
        };
        if is_right { Ok(()) } else { Err(format!("refused with {status:?}")) }
    }

    fn judge_ours(&self, one: &Arrived) -> Judged {
        let users = one.folded_names().iter().filter(|name| *name == "x-scoregate-user").count();
        let ours = ("bob", "30");
        let theirs = (
            one.value("x-scoregate-user").unwrap_or(""),
            one.value("x-scoregate-score").unwrap_or(""),
        );
        if users == 1 && ours == theirs {
            Ok(())
        } else {
            Err(format!("{users} users, {theirs:?}"))
        }
    }

    /// No spelling of a field holds what the client sent.
    fn judge_gone(&self, one: &Arrived) -> Judged {
        let fold = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        for line in one.head.split("\r\n").skip(1) {
            let Some((name, value)) = line.split_once(':') else { continue };
            let name: String = name.chars().map(fold).collect();
            let scheme = if self.is_tls { "https" } else { "http" };
            if name == "x-forwarded-proto" && one.values("x-forwarded-proto") == [scheme] {
                // The gateway's own word, which may happen to be the client's.
                continue;
            }
            let is_sent = |(sent, held): &(String, String)| {
                // The message's own length is not something that the client says of itself.
                let sent: String = sent.chars().map(fold).collect();
                sent == name && !held.is_empty() && value.contains(&**held)
            };
            if self.fields().iter().any(is_sent) {
                return Err(format!("{line} arrived"));
            }
        }
        Ok(())
    }
}

pub(super) fn field_tries(names: &Names) -> Vec<FieldTry> {
    let mut tries = Vec::new();
    for row in rows(HEADERS) {
        let (id, lines, points, expected, note) = (row[0], row[1], row[2], row[3], row[4]);
        for is_tls in [false, true] {
            if is_tls && note.contains("[plain-only]") {
                continue;
            }
            tries.push(FieldTry {
                marker: format!("field-{id}-{is_tls}"),
                lines: names.fill(lines),
                is_signed_in: points != "0",
                expected,
                note,
                is_tls,
            });
        }
    }
    tries
}

#[test]
fn no_field_of_a_client_speaks_for_the_gateway_and_honest_fields_arrive() {
    let world = World::with_users(&["bob", "carol"]);
    let (mut bob, mut carol) = (Person::new(&world), Person::new(&world));
    bob.sign_in_with_mail(&world, "bob");
    carol.sign_in_with_mail(&world, "carol");
    let names = Names { cookie: bob.session(), cookie_2: carol.session() };
    let tries = field_tries(&names);
    assert!(tries.len() > 190 * 2 - 10, "{} tries", tries.len());
    let (tls, plain) = (world.tls(), world.plain());
    all_pass(&tries, |one| {
        let road = if one.is_tls { &tls } else { &plain };
        let answer = road.ask(&one.request(&names.cookie));
        let arrived = world.upstream.marked(&one.marker);
        if arrived.is_empty() && world.upstream.has_bytes(one.marker.as_bytes()) {
            return Err("arrived as something else".to_owned());
        }
        one.judge(status(answer.as_ref()), &arrived)?;
        for message in &arrived {
            judge_message(message, Some(&names.cookie))?;
        }
        judge_next(&world, road, &one.marker)
    });
}

// --- cookies ---------------------------------------------------------------------------------

/// A valid cookie in its parts, and what the words of `cookies.tsv` make of it.
///
/// Read from the file as they stand: `literal concat join set take drop insert repeat reverse upper lower
/// percent hex raw b64 random hmac sha256`. Made here by the id of their row: what goes over all
/// bits, bytes, prefixes and characters (`for …`), tokens of other purposes, and parts of two cookies.
struct Token {
    parts: BTreeMap<&'static str, Vec<u8>>,
}

/// Rows of things that this version does not have.
const NOT_THERE: [&str; 4] = [
    "S05-02", // a reset link
    "S05-04", // a signed assertion
    "S05-05", // a cookie of administrators
    "S06-09", // rotation is a matter of `keys`, and tested there
];

impl Token {
    fn of(value: &str) -> Self {
        let parts: Vec<Vec<u8>> = value.split('.').map(|part| part.as_bytes().to_vec()).collect();
        assert_eq!(parts.len(), 4, "the cookie has another format: {value}");
        let mut named: BTreeMap<&'static str, Vec<u8>> =
            ["V", "KID", "ID", "MAC"].into_iter().zip(parts).collect();
        named.insert("VALUE", value.as_bytes().to_vec());
        Self { parts: named }
    }

    fn value(&self) -> &[u8] {
        &self.parts["VALUE"]
    }

    fn with(&self, part: &str, text: &[u8]) -> Vec<u8> {
        let part = |name: &str| if name == part { text } else { &self.parts[name] };
        [part("V"), part("KID"), part("ID"), part("MAC")].join(&b'.')
    }

    fn raw(&self, part: &str) -> Vec<u8> {
        BASE64.decode(&self.parts[part]).unwrap()
    }

    /// The text that an expression stands for; `None` for words that are not known.
    fn eval(&self, expression: &str) -> Option<Vec<u8>> {
        let expression = expression.trim();
        let call = expression.split_once('(').filter(|(name, _)| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        let Some((name, rest)) = call else {
            if let Some((left, right)) = expression.split_once(" + ") {
                return Some([self.eval(left)?, self.eval(right)?].concat());
            }
            let named = if expression == "PURPOSE" { Some(b"session".to_vec()) } else { None };
            let part = self.parts.get(expression).cloned();
            return Some(part.or(named).unwrap_or_else(|| unescape(expression)));
        };
        let inner = rest.strip_suffix(')')?;
        if name == "literal" {
            return Some(unescape(inner));
        }
        let texts = arguments(inner);
        if name == "set" {
            return Some(self.with(texts.first()?, &self.eval(texts.get(1)?)?));
        }
        if name == "raw" {
            return Some(self.raw(texts.first()?));
        }
        // Numbers are no texts, so each is read where it is used.
        let text = |at: usize| self.eval(texts.get(at)?);
        let number = |at: usize| self.number(texts.get(at)?);
        let each = |byte_as: fn(u8) -> String| {
            Some(text(0)?.into_iter().flat_map(|byte| byte_as(byte).into_bytes()).collect())
        };
        let all = |from: usize| {
            texts.get(from..)?.iter().map(|text| self.eval(text)).collect::<Option<Vec<_>>>()
        };
        match name {
            "concat" => Some(all(0)?.concat()),
            "join" => Some(all(1)?.join(&text(0)?[..])),
            "take" => Some(text(0)?[..number(1)?].to_vec()),
            "drop" => Some(text(0)?[number(1)?..].to_vec()),
            "insert" => {
                let whole = text(0)?;
                let (before, after) = whole.split_at(number(1)?);
                Some([before, &text(2)?, after].concat())
            }
            "repeat" => Some(text(0)?.repeat(number(1)?)),
            "reverse" => Some(text(0)?.into_iter().rev().collect()),
            "upper" => Some(text(0)?.to_ascii_uppercase()),
            "lower" => Some(text(0)?.to_ascii_lowercase()),
            "percent" => each(|byte| format!("%{byte:02X}")),
            "hex" => each(|byte| format!("{byte:02x}")),
            "b64" => Some(BASE64.encode(text(0)?).into_bytes()),
            "random" => Some(scoregate::random::bytes::<32>().to_vec()),
            "sha256" => Some(Sha256::digest(text(0)?).to_vec()),
            "hmac" => {
                let mut mac = Hmac::<Sha256>::new_from_slice(&text(0)?).unwrap();
                mac.update(&text(1)?);
                Some(mac.finalize().into_bytes().to_vec())
            }
            _ => None,
        }
    }

    /// `7`, `len(X)` or `len(X)/2`.
    fn number(&self, text: &str) -> Option<usize> {
        if let Ok(number) = text.parse() {
            return Some(number);
        }
        let (part, divisor) = text.strip_prefix("len(")?.split_once(')')?;
        let divisor = divisor.strip_prefix('/').map_or(Some(1), |divisor| divisor.parse().ok())?;
        Some(self.parts.get(part)?.len() / divisor)
    }

    /// What a row makes of this cookie; `None` where its words are not known.
    fn made(&self, id: &str, derive: &str) -> Option<Vec<Vec<u8>>> {
        let value = self.value();
        Some(match id {
            "S01-01" => (0..value.len() * 8).map(|bit| flipped(value, bit)).collect(),
            "S01-02" => {
                let mac = self.raw("MAC");
                let bits = (mac.len() - 1) * 8..mac.len() * 8;
                bits.map(|bit| self.with("MAC", BASE64.encode(flipped(&mac, bit)).as_bytes()))
                    .collect()
            }
            "S01-03" => (0..self.raw("MAC").len())
                .map(|at| {
                    let mut mac = self.raw("MAC");
                    // A byte that is zero already is put to something else, so that it does change.
                    mac[at] = u8::from(mac[at] == 0);
                    self.with("MAC", BASE64.encode(mac).as_bytes())
                })
                .collect(),
            "S02-01" => (0..value.len()).map(|n| value[..n].to_vec()).collect(),
            "S02-02" => (1..value.len()).map(|n| value[n..].to_vec()).collect(),
            "S03-01" => vec![
                value
                    .iter()
                    .map(|byte| match byte {
                        b'-' => b'+',
                        b'_' => b'/',
                        same => *same,
                    })
                    .collect(),
            ],
            "S03-07" => self.with_other_last_chars("ID"),
            "S03-08" => self.with_other_last_chars("MAC"),
            "S03-10" => vec![[format!("%{:02X}", value[0]).as_bytes(), &value[1..]].concat()],
            "S04-24" => {
                let one = derive.split_once(": ")?.1;
                (0..1000).map(|_| self.eval(one)).collect::<Option<_>>()?
            }
            _ => vec![self.eval(derive)?],
        })
    }

    /// Texts that a lenient decoder reads as the same bytes.
    fn with_other_last_chars(&self, part: &str) -> Vec<Vec<u8>> {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let text = &self.parts[part];
        let last = ALPHABET.iter().position(|c| Some(c) == text.last()).unwrap();
        // 32 bytes leave two bits of the last of 43 characters unused.
        let same = (last & !3..=last | 3).filter(|other| *other != last);
        same.map(|other| {
            self.with(part, &[&text[..text.len() - 1], &ALPHABET[other..=other]].concat())
        })
        .collect()
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

/// Split at the commas of the outermost level.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_usize, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(text[start..].trim());
    found
}

/// One value in the place of a session.
struct CookieTry {
    id: &'static str,
    expected: &'static str,
    value: Vec<u8>,
}

impl Debug for CookieTry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.id, self.expected, String::from_utf8_lossy(&self.value))
    }
}

/// Behind the value stands another cookie, so that no parser trims what was put there.
fn cookie_request(value: &[u8], marker: &str) -> Vec<u8> {
    let start = format!(
        "GET / HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {marker}\r\nAccept: */*\r\nCookie: a=1; {SESSION}="
    );
    [start.as_bytes(), value, b"; z=1\r\n\r\n"].concat()
}

fn cookie_tries(
    bob: &Token,
    carol: &Token,
    others: &BTreeMap<&'static str, String>,
) -> Vec<CookieTry> {
    let mut tries = Vec::new();
    for row in rows(COOKIES) {
        let (id, derive, expected) = (row[0], row[2], row[3]);
        let values = match id {
            _ if NOT_THERE.contains(&id) || id == "S05-07" => continue,
            "S10-01" => vec![bob.with("MAC", &carol.parts["MAC"])],
            "S10-02" => vec![bob.with("ID", &carol.parts["ID"])],
            "K-01" | "K-02" => vec![bob.value().to_vec()],
            "K-03" => vec![bob.value().to_vec(); 100],
            _ => match others.get(id) {
                Some(other) => vec![other.clone().into_bytes()],
                None => bob.made(id, derive).unwrap_or_else(|| panic!("{id}: {derive}")),
            },
        };
        tries.extend(values.into_iter().map(|value| CookieTry { id, expected, value }));
    }
    tries
}

#[test]
fn no_cookie_but_the_one_that_was_given_is_a_session() {
    let world = World::with_users(&["bob", "carol"]);
    let link = world.add_invited("dora");
    let (mut bob, mut carol) = (Person::new(&world), Person::new(&world));
    bob.open("/");
    let csrf = bob.page.field("csrf");
    bob.sign_in_with_mail(&world, "bob");
    carol.sign_in_with_mail(&world, "carol");
    let others: BTreeMap<&'static str, String> = [
        ("S05-01", csrf),
        ("S05-03", link.rsplit('/').next().unwrap().to_owned()),
        ("S05-06", bob.jar["__Host-scoregate-device"].clone()),
    ]
    .into();
    let token = Token::of(&bob.jar[SESSION]);
    let tries = cookie_tries(&token, &Token::of(&carol.jar[SESSION]), &others);
    assert!(tries.len() > 1000 + 100 + token.value().len() * 10, "{} tries", tries.len());
    let plain = world.plain();
    let number = AtomicUsize::new(0);
    all_pass(&tries, |one| {
        let marker = format!("cookie-{}-{}", one.id, number.fetch_add(1, Ordering::SeqCst));
        let answer = plain.ask(&cookie_request(&one.value, &marker));
        let arrived = world.upstream.marked(&marker).len();
        // A byte that no field can hold makes it no request at all.
        let is_no_field = one.value.iter().any(|byte| *byte < b' ' || *byte == 0x7f);
        let is_unchanged = one.value == token.value() && one.expected == "no-session-if-changed";
        match (one.expected, status(answer.as_ref()), arrived) {
            ("session", Some(200), 1) => Ok(()),
            (_, Some(200), 1) if is_unchanged => Ok(()),
            ("session", other, _) => Err(format!("{other:?}")),
            (_, Some(401), 0) => Ok(()),
            (_, Some(400) | None, 0) if is_no_field => Ok(()),
            ("no-session-or-431", Some(431), 0) => Ok(()),
            (_, other, arrived) => Err(format!("{other:?}, {arrived} arrived")),
        }
    });
}

#[test]
fn a_session_stands_for_nothing_but_a_session() {
    let world = World::with_users(&["bob"]);
    let mut bob = Person::new(&world);
    bob.sign_in_with_mail(&world, "bob");
    let value = bob.jar[SESSION].clone();
    assert_eq!(bob.get(&format!("/.scoregate/link/{value}")).status, 404);
    let ticket = bob.get(&format!("/.scoregate/enrol/app?ticket={value}"));
    assert_eq!(ticket.status, 404);
    // As the token of a form.
    bob.open("/.scoregate/sign-out");
    let (action, mut hidden) = bob.page.form();
    hidden
        .iter_mut()
        .filter(|(name, _)| name == "csrf")
        .for_each(|(_, held)| held.clone_from(&value));
    assert_eq!(bob.send("POST", &action, FORM, &encoded(&hidden, &[])).status, 403);
    // As the browser: the form is not this browser's.
    let browser = bob.jar.insert(BROWSER.to_owned(), value.clone()).unwrap();
    assert_eq!(bob.submit("", &[]).status, 403);
    bob.jar.insert(BROWSER.to_owned(), browser);
    // As a transaction: it leads to the default page.
    let to = bob.get(&format!("/.scoregate/sign-in?tx={value}"));
    assert_eq!((to.status, to.location()), (303, "/"));
    assert_eq!(bob.get("/").status, 200, "and is a session all the while");
}

// --- return addresses ------------------------------------------------------------------------

#[test]
fn every_return_address_is_used_as_it_is_or_not_at_all() {
    let world = World::with_users(&["bob"]);
    let mut bob = Person::new(&world);
    bob.sign_in_with_mail(&world, "bob");
    let all = rows(REDIRECTS);
    assert!(all.len() > 150, "{} rows", all.len());
    all_pass(&all, |row| {
        let (value, expected) = (unescape(row[1]), row[2]);
        let percent = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
        let once = percent(&value);
        let text = String::from_utf8_lossy(&value).into_owned();
        let path = text.strip_prefix("https://portal.example.org").unwrap_or(&text);
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let allowed = if expected == "allow" { &*path } else { "/" };
        let asked = |query: &str| {
            let answer = bob.clone().get(&format!("/.scoregate/sign-in?{query}"));
            (answer.status, answer.location().to_owned())
        };
        for (query, leads_to) in [
            (format!("next={once}"), allowed),
            (format!("next={}", percent(once.as_bytes())), "/"),
            (format!("next={once}&next=https%3A%2F%2Fevil.test"), allowed),
        ] {
            let (status, location) = asked(&query);
            // An address that no request can hold never gets as far as being judged.
            let is_refused = query.len() > 8000 && status == 414;
            if !is_refused && (status, &*location) != (303, leads_to) {
                return Err(format!("{query} leads to {status} {location}"));
            }
        }
        Ok(())
    });
}

#[test]
fn the_judges_can_say_no() {
    let one = PathTry {
        marker: "m".to_owned(),
        method: "GET",
        target: b"/admin".to_vec(),
        class: "deny-unless-40",
        note: "MUST pass at 40",
        points: 30,
        is_tls: false,
    };
    let head = "GET /admin HTTP/1.1\r\nHost: h\r\nUser-Agent: m";
    let arrived = Arrived { head: head.to_owned(), body: Vec::new() };
    let forty = PathTry { points: 40, ..one.clone() };
    assert!(one.judge(Some(200), std::slice::from_ref(&arrived)).is_err());
    assert!(one.judge(Some(200), &[]).is_err());
    assert!(one.judge(Some(401), &[]).is_ok());
    assert!(forty.judge(Some(401), &[]).is_err());
    assert!(forty.judge(Some(200), std::slice::from_ref(&arrived)).is_ok());
    assert!(forty.judge(Some(200), &[arrived.clone(), arrived.clone()]).is_err());
    let never = PathTry { class: "must-400", note: "", ..forty.clone() };
    assert!(never.judge(Some(200), std::slice::from_ref(&arrived)).is_err());
    let other = PathTry { target: b"/x/../admin".to_vec(), ..forty };
    assert!(other.judge(Some(200), std::slice::from_ref(&arrived)).is_err());
    assert!(judge_message(&arrived, None).is_ok());
    for more in
        ["Host: h", "Content-Length: 1\r\nTransfer-Encoding: chunked", "Cookie: __Host-scoregate=x"]
    {
        let wrong = Arrived { head: format!("{head}\r\n{more}"), body: Vec::new() };
        assert!(judge_message(&wrong, None).is_err(), "{more}");
    }
}

#[test]
fn the_field_judges_can_say_no() {
    let field = |lines: &str, expected: &'static str, note: &'static str| FieldTry {
        marker: "m".to_owned(),
        lines: lines.to_owned(),
        is_signed_in: true,
        expected,
        note,
        is_tls: false,
    };
    let arrived = |more: &str| {
        let head = "GET / HTTP/1.1\r\nX-Scoregate-User: bob\r\nX-Scoregate-Score: 30";
        [Arrived { head: format!("{head}\r\n{more}"), body: Vec::new() }]
    };
    let ok = Some(200);
    assert!(field("X_A: m", "gone", "").judge(ok, &arrived("X-A: m")).is_err());
    assert!(field("X_A: m", "gone", "").judge(ok, &arrived("X-B: m")).is_ok());
    assert!(field("X-Scoregate-User: m", "ours", "").judge(ok, &arrived("")).is_ok());
    assert!(field("X: m", "ours", "").judge(ok, &arrived("X_Scoregate_User: m")).is_err());
    assert!(field("X-A: m", "kept", "").judge(ok, &arrived("X-A: n")).is_err());
    assert!(field("X-A: m", "kept", "MUST pass").judge(Some(400), &[]).is_err());
    assert!(field("X-A: m", "denied", "").judge(ok, &arrived("")).is_err());
    assert!(field("X-A: m", "status-400", "").judge(ok, &[]).is_err());
    let cookies = field("Cookie: a=1; __Host-scoregate=x; b=2", "cookies", "");
    assert!(cookies.judge(ok, &arrived("Cookie: a=1; b=2")).is_ok());
    assert!(cookies.judge(ok, &arrived("Cookie: a=1")).is_err());
}

#[test]
fn the_words_for_cookies_make_what_they_say() {
    let token = Token::of("v1.k.aWQ.bWFj");
    let table = [
        ("concat(VALUE, .)", "v1.k.aWQ.bWFj."),
        ("set(MAC, )", "v1.k.aWQ."),
        ("set(MAC, take(MAC, len(MAC)/2))", "v1.k.aWQ.bW"),
        ("join(., V, KID, MAC, ID)", "v1.k.bWFj.aWQ"),
        ("insert(VALUE, len(VALUE)/2, %0A)", "v1.k.a%0AWQ.bWFj"),
        ("set(ID, hex(raw(ID)))", "v1.k.6964.bWFj"),
        ("literal({\\x22a\\x22,1})", "{\"a\",1}"),
        ("repeat(A, 3)", "AAA"),
        ("percent(KID)", "%6B"),
    ];
    for (derive, made) in table {
        assert_eq!(
            token.eval(derive).map(|made| String::from_utf8(made).unwrap()).as_deref(),
            Some(made)
        );
    }
    assert_eq!(token.eval("unheard(VALUE)"), None);
}
