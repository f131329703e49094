//! Every way to change a cookie's value that `tests/attacks/cookies.tsv` lists: refused before the
//! store is asked.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::*;
use crate::random;
use crate::sessions::cookies::{SESSION, find};

const SAMPLES: &str = include_str!("../../../tests/attacks/cookies.tsv");

/// A cookie's value in its parts.
#[derive(Clone)]
struct Parts {
    version: String,
    key: String,
    id: String,
    mac: String,
}

impl Parts {
    fn of(value: &str) -> Self {
        let parts: Vec<String> = value.split('.').map(str::to_owned).collect();
        let [version, key, id, mac] = parts.try_into().unwrap();
        Self { version, key, id, mac }
    }

    fn value(&self) -> String {
        format!("{}.{}.{}.{}", self.version, self.key, self.id, self.mac)
    }

    fn with_key(&self, key: &str) -> String {
        Self { key: key.to_owned(), ..self.clone() }.value()
    }

    fn with_id(&self, id: &str) -> String {
        Self { id: id.to_owned(), ..self.clone() }.value()
    }

    fn with_mac(&self, mac: &str) -> String {
        Self { mac: mac.to_owned(), ..self.clone() }.value()
    }

    fn signed(&self) -> Vec<u8> {
        let id = BASE64.decode(&self.id).unwrap();
        let label: &[u8] = b"scoregate session name";
        let mut input = Vec::new();
        for part in [label, self.key.as_bytes(), self.version.as_bytes(), &id] {
            input.extend_from_slice(&(part.len() as u64).to_be_bytes());
            input.extend_from_slice(part);
        }
        input
    }
}

/// Other spellings of the same 32 bytes: the last character carries two bits that mean nothing.
fn same_bytes(text: &str) -> Vec<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (head, last) = text.split_at(text.len() - 1);
    let at = ALPHABET.iter().position(|byte| *byte == last.as_bytes()[0]).unwrap();
    (at & !3..at | 3)
        .chain([at | 3])
        .filter(|other| *other != at)
        .map(|other| format!("{head}{}", char::from(ALPHABET[other])))
        .collect()
}

fn changed_bytes(text: &str, change: impl Fn(usize, &mut [u8])) -> Vec<String> {
    let raw = BASE64.decode(text).unwrap();
    (0..raw.len())
        .map(|at| {
            let mut raw = raw.clone();
            change(at, &mut raw);
            BASE64.encode(raw)
        })
        .filter(|changed| changed != text)
        .collect()
}

fn hmac(key: &[u8], input: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(input);
    BASE64.encode(mac.finalize().into_bytes())
}

/// The values that a row stands for, as the bytes of a cookie. `None`: the row is about more than
/// reading one value.
fn values(id: &str, derive: &str, bench: &Bench, mine: &str, other: &str) -> Option<Vec<Vec<u8>>> {
    let parts = Parts::of(mine);
    let others = Parts::of(other);
    let one = |text: String| Some(vec![text.into_bytes()]);
    let many = |texts: Vec<String>| Some(texts.into_iter().map(String::into_bytes).collect());
    let bytes = |pieces: &[&[u8]]| Some(vec![pieces.concat()]);
    let purpose = |purpose| Name::random().token(purpose, &bench.keys);
    let literal = derive.strip_prefix("literal(").and_then(|text| text.strip_suffix(')'));
    if let Some(text) = literal {
        let text = text.replace("\\x22", "\"").replace("\\x20", " ").replace("\\x00", "\0");
        return one(text);
    }
    match id {
        "S01-01" => Some(flipped(mine.as_bytes())),
        "S01-02" => many(
            (0..8)
                .flat_map(|bit| {
                    let last = |at, raw: &mut [u8]| raw[31] ^= u8::from(at == 31) << bit;
                    changed_bytes(&parts.mac, last)
                })
                .map(|mac| parts.with_mac(&mac))
                .collect(),
        ),
        "S01-03" => many(
            changed_bytes(&parts.mac, |at, raw| raw[at] = 0)
                .iter()
                .map(|mac| parts.with_mac(mac))
                .collect(),
        ),
        "S02-01" => many((0..mine.len()).map(|end| mine[..end].to_owned()).collect()),
        "S02-02" => many((1..mine.len()).map(|start| mine[start..].to_owned()).collect()),
        "S02-03" => bytes(&[mine.as_bytes(), b"\0"]),
        "S02-04" => one(format!("{mine}A")),
        "S02-05" => one(format!("{mine}=")),
        "S02-06" => one(format!("{mine}.")),
        "S02-07" => one(format!("{mine} ")),
        "S02-08" => one(format!("{mine}%00")),
        "S02-09" => bytes(&[mine.as_bytes(), b"\xFF"]),
        "S02-10" => one(format!("A{mine}")),
        "S02-11" => one(format!("{mine}{mine}")),
        "S02-12" => one(format!("{mine}.{mine}")),
        "S02-13" => one(mine.chars().rev().collect()),
        "S02-14" => one(format!("{}.{}.{}", parts.version, parts.key, parts.id)),
        "S02-15" => one(parts.with_mac("")),
        "S02-16" => one(parts.with_mac(&parts.mac[..parts.mac.len() / 2])),
        "S02-17" => one(format!("{mine}.admin")),
        "S02-18" => one(Parts { id: parts.mac.clone(), mac: parts.id.clone(), ..parts }.value()),
        "S03-01" => one(mine.replace('-', "+").replace('_', "/")),
        "S03-02" => one(parts.with_id(&format!("{}=", parts.id))),
        "S03-03" => one(parts.with_mac(&format!("{}=", parts.mac))),
        "S03-04" => one(parts.with_mac(&format!("{}==", parts.mac))),
        "S03-05" => one(format!("{} {}", &mine[..50], &mine[50..])),
        "S03-06" => one(format!("{}%0A{}", &mine[..50], &mine[50..])),
        "S03-07" => many(same_bytes(&parts.id).iter().map(|id| parts.with_id(id)).collect()),
        "S03-08" => many(same_bytes(&parts.mac).iter().map(|mac| parts.with_mac(mac)).collect()),
        "S03-09" => one(mine.bytes().map(|byte| format!("%{byte:02X}")).collect()),
        "S03-10" => one(format!("%{:02X}{}", mine.as_bytes()[0], &mine[1..])),
        "S03-11" => one(mine.to_uppercase()),
        "S03-12" => one(mine.to_lowercase()),
        "S03-13" => {
            let raw = BASE64.decode(&parts.id).unwrap();
            one(parts.with_id(&raw.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
        }
        "S03-14" => one(format!("\"{mine}\"")),
        "S03-15" => one(STANDARD.encode(mine)),
        "S04-21" => one("A".repeat(4096)),
        "S04-22" => one("A".repeat(65536)),
        "S04-23" | "S04-24" => many(
            (0..1000)
                .map(|_| {
                    let part = || BASE64.encode(random::bytes::<32>());
                    Parts { id: part(), mac: part(), ..parts.clone() }.value()
                })
                .collect(),
        ),
        "S04-25" => one(parts.with_id(&BASE64.encode([0; 32]))),
        "S04-26" => one(parts.with_mac(&BASE64.encode([0; 32]))),
        "S05-01" => one(purpose(Purpose::Csrf)),
        "S05-02" | "S05-03" => one(purpose(Purpose::SetUp)),
        "S05-05" => one(purpose(Purpose::Browser)),
        "S05-06" => one(purpose(Purpose::KnownBrowser)),
        "S06-01" => one(parts.with_key("")),
        "S06-02" => one(parts.with_key("zz")),
        "S06-03" => one(parts.with_key("../x")),
        "S06-04" => one(parts.with_key(&"k".repeat(1000))),
        "S06-05" => one(parts.with_key("%00")),
        "S06-06" => one(parts.with_key("0")),
        "S06-07" => one(parts.with_key("*")),
        "S06-08" => one(parts.with_key("\u{e9}")),
        "S06-09" => one(Name::random().token(Purpose::SessionName, &Keyring::generate())),
        "S06-10" => one(parts.with_key(&parts.key.to_uppercase())),
        "S06-11" => one(mine.replacen("v1", "v0", 1)),
        "S06-12" => one(mine.replacen("v1", "v2", 1)),
        "S06-13" => one(mine.replacen("v1", "V1", 1)),
        "S06-14" => one(format!("{}.{}.{}", parts.key, parts.id, parts.mac)),
        "S09-01" => one(parts.with_mac(&hmac(&[0; 32], &parts.signed()))),
        "S09-02" => one(parts.with_mac(&hmac(&[], &parts.signed()))),
        "S09-03" => one(parts.with_mac(&BASE64.encode(Sha256::digest(parts.signed())))),
        "S10-01" => one(parts.with_mac(&others.mac)),
        "S10-02" => one(parts.with_id(&others.id)),
        "K-01" | "K-02" => one(mine.to_owned()),
        "K-03" => many(vec![mine.to_owned(); 100]),
        // No upstream token is made yet; the reverse direction is below.
        "S05-04" | "S05-07" => None,
        _ => panic!("row {id} has no meaning here: give it one"),
    }
}

fn flipped(value: &[u8]) -> Vec<Vec<u8>> {
    (0..value.len() * 8)
        .map(|bit| {
            let mut value = value.to_vec();
            value[bit / 8] ^= 1 << (bit % 8);
            value
        })
        .collect()
}

#[tokio::test]
async fn every_sample_is_a_session_or_none_as_it_should_be_and_costs_no_look_up() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let (mine, other) = (bench.token(&begun.name), bench.token(&bench.begin().await.name));
    bench.store.calls();
    let mut rows = 0;
    for line in SAMPLES.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (id, derive, expected) = (columns[0], columns[2], columns[3]);
        let Some(values) = values(id, derive, &bench, &mine, &other) else { continue };
        rows += 1;
        assert!(!values.is_empty(), "{id}");
        for value in values {
            let is_unchanged = value == mine.as_bytes();
            let field = [SESSION.as_bytes(), b"=", &value, b"; b=2"].concat();
            let token = find([&b"a=1"[..], &field], SESSION);
            let found = bench.sessions.find(token, HOST, &bench.keys, LIMITS, NOW).await.unwrap();
            let is_session = matches!(found, Found::Present(_));
            let expects =
                expected == "session" || (expected == "no-session-if-changed" && is_unchanged);
            assert_eq!(is_session, expects, "{id}: {}", String::from_utf8_lossy(&value));
        }
    }
    assert!(rows >= 80, "only {rows} rows were read");
    assert_eq!(bench.store.calls(), [""; 0]);
}

#[tokio::test]
async fn the_name_of_a_session_is_good_for_nothing_else() {
    let bench = Bench::new().await;
    let token = bench.token(&bench.begin().await.name);
    for purpose in [Purpose::Browser, Purpose::KnownBrowser, Purpose::Csrf, Purpose::SetUp] {
        assert!(Name::parse(&token, purpose, &bench.keys, NOW).is_none(), "{purpose:?}");
    }
}
