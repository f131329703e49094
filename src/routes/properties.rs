//! Properties of the whole room, and the samples of `tests/attacks/paths.tsv`. The specification of
//! the readings is here too, as plain as it can be: every choice of steps, one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Asks, BadTarget, Match, NotRouted, Readings, RouteSpec, RuleSpec, Table};
use crate::points::{Level, Requirement};

const HOST: &[u8] = b"portal.example.org";

fn level(value: u16) -> Level {
    Level::new(value).unwrap()
}

fn asking(value: u16) -> Asks {
    Asks { level: Some(level(value)), ..Asks::default() }
}

fn rule(name: &str, path: &str, asks: Asks) -> RuleSpec {
    RuleSpec { name: name.into(), path: path.into(), asks, ..RuleSpec::default() }
}

fn public(name: &str, path: &str) -> RuleSpec {
    RuleSpec { public: true, ..rule(name, path, Asks::default()) }
}

fn route(rules: Vec<RuleSpec>) -> RouteSpec {
    RouteSpec {
        name: "portal".into(),
        host: "portal.example.org".into(),
        upstream: "portal".into(),
        directory: "staff".into(),
        directory_level: level(30),
        rules,
        ..RouteSpec::default()
    }
}

/// `/public` is open, `/admin` asks 40, everything else 30.
fn scene() -> Table {
    let rules = vec![public("public", "/public"), rule("admin", "/admin", asking(40))];
    Table::compile(&[route(rules)]).unwrap()
}

fn asked(table: &Table, method: &str, target: &[u8]) -> Result<u16, NotRouted> {
    table.find(HOST, method, target).map(|found| found.requirement.level.value())
}

/// Whether what `much` lets through, `little` lets through.
fn at_least(much: &Requirement, little: &Requirement) -> bool {
    much.join(little) == much.join(much)
}

mod samples {
    use super::*;

    const PATHS: &str = include_str!("../../tests/attacks/paths.tsv");

    struct Row {
        id: &'static str,
        method: &'static str,
        target: Vec<u8>,
        class: &'static str,
        note: &'static str,
    }

    fn rows() -> Vec<Row> {
        PATHS.lines().skip(1).map(row).collect()
    }

    fn row(line: &'static str) -> Row {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap();
        let (id, _, target, class, note) = (column(), column(), column(), column(), column());
        let method = note.strip_prefix('[').map_or("GET", |note| note.split_once(']').unwrap().0);
        Row { id, method, target: unescape(target), class, note }
    }

    fn unescape(column: &str) -> Vec<u8> {
        let mut parts = column.split("\\x");
        let mut bytes = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            let (hex, rest) = part.split_at(2);
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            bytes.extend_from_slice(rest.as_bytes());
        }
        bytes
    }

    /// What Pingora makes of bytes that no request line may hold, before any filter sees them.
    fn as_pingora_shows(target: &[u8]) -> Vec<u8> {
        let mut shown = Vec::new();
        for &byte in target {
            match byte {
                0..=b' ' | 0x7F | b'"' | b'<' | b'>' => {
                    shown.extend_from_slice(format!("%{byte:02X}").as_bytes());
                }
                _ => shown.push(byte),
            }
        }
        shown
    }

    /// Whether an answer is one that the class of its row allows. Own pages reach no upstream.
    fn passes(row: &Row, found: &Result<Match, NotRouted>) -> bool {
        let asked = found.as_ref().map(|found| match found.own_page {
            true => u16::MAX,
            false => found.requirement.level.value(),
        });
        // The guard refuses these for their method, before a route is looked for.
        let refused = asked.is_err() || ["CONNECT", "TRACE", "TRACK"].contains(&row.method);
        let within = match row.class {
            "must-pass-0" => asked == Ok(0),
            "may-pass-0" => true,
            "deny-unless-30" => refused || asked.is_ok_and(|level| level >= 30),
            "deny-unless-40" => refused || asked.is_ok_and(|level| level >= 40),
            "must-400" => refused,
            other => panic!("no such class: {other}"),
        };
        let must = row.note.split_once("MUST pass at ").map(|(_, level)| level.parse().unwrap());
        within && must.is_none_or(|must: u16| asked == Ok(must))
    }

    #[test]
    fn every_sample_of_a_path_is_asked_what_it_has_to_be() {
        let (table, rows) = (scene(), rows());
        assert!(rows.len() > 300, "only {} rows were read", rows.len());
        let mut wrong = Vec::new();
        for row in &rows {
            for target in [row.target.clone(), as_pingora_shows(&row.target)] {
                let found = table.find(HOST, row.method, &target);
                // A raw space only ever arrives in its encoded form.
                let raw = target == row.target && target.contains(&b' ');
                if !passes(row, &found) && !raw {
                    wrong.push(format!("{} {}: {found:?}", row.id, target.escape_ascii()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_check_of_the_samples_can_fail() {
        let open = Table::compile(&[route(vec![public("all", "/")])]).unwrap();
        let closed = Table::compile(&[route(vec![rule("all", "/", asking(1000))])]).unwrap();
        let wrong = |table: &Table| {
            rows()
                .iter()
                .filter(|row| !passes(row, &table.find(HOST, row.method, &row.target)))
                .count()
        };
        assert!(wrong(&open) > 50, "{}", wrong(&open));
        assert!(wrong(&closed) > 20, "{}", wrong(&closed));
    }

    #[test]
    fn other_parsers_of_a_passing_sample_never_find_more_asked() {
        let table = scene();
        let mut compared = 0;
        for row in rows() {
            let Ok(found) = table.find(HOST, row.method, &row.target) else { continue };
            let text = std::str::from_utf8(&row.target).unwrap();
            let url = reqwest::Url::parse(&format!("http://portal.example.org{text}")).unwrap();
            let uri: http::Uri = text.parse().unwrap();
            for path in [url.path(), uri.path()] {
                let other = asked(&table, row.method, path.as_bytes()).unwrap();
                assert!(other <= found.requirement.level.value(), "{}: {path}", row.id);
                compared += 1;
            }
        }
        assert!(compared > 100, "only {compared} were compared");
    }
}

/// The readings as they are specified: every choice of steps.
mod specification {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    /// Resolves escapes once; what is no escape stays. `None` where the result is no text.
    fn decode(text: &str) -> Option<String> {
        let bytes = text.as_bytes();
        let (mut decoded, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let digits = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => (decoded.push(byte), at += 3).1,
                None => (decoded.push(bytes[at]), at += 1).1,
            }
        }
        String::from_utf8(decoded).ok()
    }

    /// By segments, with its own choice for each.
    fn each_segment(path: &str, steps: &[fn(&str) -> &str]) -> String {
        path.split('/')
            .map(|part| steps.iter().fold(part, |part, step| step(part)))
            .collect::<Vec<_>>()
            .join("/")
    }

    fn without_parameters(segment: &str) -> &str {
        segment.split(';').next().unwrap()
    }

    fn without_stream(segment: &str) -> &str {
        segment.split(':').next().unwrap()
    }

    fn without_tail(segment: &str) -> &str {
        segment.trim_end_matches(['.', ' '])
    }

    fn trimmed(segment: &str) -> &str {
        segment.trim()
    }

    fn merged(path: &str) -> String {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        format!("/{}", parts.join("/"))
    }

    /// All readings of a raw path that are texts.
    pub(super) fn readings(raw: &str) -> BTreeSet<String> {
        let mut texts = vec![raw.to_owned()];
        for _ in 0..3 {
            texts.extend(texts.last().and_then(|text| decode(text)));
        }
        let mut all: BTreeSet<String> = texts.into_iter().collect();
        let steps: [&dyn Fn(&str) -> String; 8] = [
            &|text| text.nfkc().collect(),
            &|text| text.to_lowercase(),
            &|text| text.replace('\u{200B}', ""),
            &|text| each_segment(text, &[without_parameters]),
            &|text| text.split(';').next().unwrap().to_owned(),
            &|text| each_segment(text, &[without_stream]),
            &|text| each_segment(text, &[trimmed, without_tail, trimmed]),
            &merged,
        ];
        for step in steps {
            let more: Vec<_> = all.iter().map(|text| step(text)).collect();
            all.extend(more);
        }
        all
    }

    /// What a portal that reads `path` this way, and no case of letters, has its rules ask.
    pub(super) fn asked(route: &RouteSpec, path: &str) -> Requirement {
        // Who does not decode the request has the rule's escapes before them as they are written.
        let covers = |rule: &&RuleSpec| {
            let written = rule.path.trim_end_matches('/');
            [written.to_owned(), written.to_lowercase(), decode(written).unwrap()].iter().any(
                |own| {
                    let rest = path.strip_prefix(own.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                },
            )
        };
        let around = route.requirement();
        let longest = route.rules.iter().filter(covers).max_by_key(|rule| rule.path.len());
        longest.map_or_else(|| around.clone(), |rule| rule.requirement(&around))
    }
}

/// Pieces of which paths are made that mean something to somebody.
fn piece() -> impl Strategy<Value = String> {
    let spelt = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "A",
        "%61",
        "%62",
        "%2561",
        "%41",
        "%EF%BD%81",
        "%E2%80%8B",
        ";",
        ";x=1",
        ":",
        ":x",
        "::$data",
        ".",
        "%2e",
        "%20",
        "%C2%A0",
        "x",
        "%C3%A9",
        "e%CC%81",
        "%25",
        "|",
    ]);
    spelt.prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop::collection::vec(piece(), 0..4).prop_map(|pieces| pieces.concat());
    prop::collection::vec(segment, 1..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn asks() -> impl Strategy<Value = Asks> {
    (
        prop::option::of(0_u16..60),
        prop::option::of(1_u64..100),
        prop::option::of(0_u8..3),
        prop::option::of(any::<bool>()),
        prop::option::of(prop::sample::subsequence(vec!["r", "s"], 1..=2)),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(points, age, kinds, phishing_resistant, roles, tokens)| Asks {
            level: points.map(level),
            max_age: age.map(Duration::from_secs),
            fresh_within: None,
            kinds,
            phishing_resistant,
            roles: roles.map(|roles| roles.into_iter().map(Into::into).collect()),
            networks: None,
            tokens,
        })
}

/// Routes with rules at paths that nest.
fn any_route() -> impl Strategy<Value = RouteSpec> {
    let paths =
        vec!["/", "/a", "/a/b", "/a/b/c", "/b", "/b/a", "/A/c", "/c:x", "/a/%C3%A9", "/x%20x"];
    let rules = prop::sample::subsequence(paths, 0..=6).prop_flat_map(|paths| {
        let rule = |path: &'static str| {
            (any::<bool>(), asks()).prop_map(move |(open, asks)| match open {
                _ if path.contains(':') => rule(path, path, asking(900)),
                true => public(path, path),
                false => rule(path, path, asks),
            })
        };
        paths.into_iter().map(rule).collect::<Vec<_>>()
    });
    (rules, asks()).prop_map(|(rules, asks)| RouteSpec { asks, ..route(rules) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn no_choice_of_readings_asks_more_than_is_asked(spec in any_route(), path in path()) {
        let table = Table::compile(std::slice::from_ref(&spec)).unwrap();
        if let Ok(found) = table.find(HOST, "GET", path.as_bytes()) {
            for reading in specification::readings(&path) {
                let asked = specification::asked(&spec, &reading);
                prop_assert!(
                    at_least(&found.requirement, &asked),
                    "{path} read as {reading} asks {asked:?}, not {:?}", found.requirement
                );
            }
        }
    }

    #[test]
    fn a_rule_answers_alone_or_no_less_than_the_route_is_asked(spec in any_route(), path in path()) {
        let table = Table::compile(std::slice::from_ref(&spec)).unwrap();
        if let Ok(found) = table.find(HOST, "GET", path.as_bytes()) {
            let lowering = !at_least(&found.requirement, &spec.requirement());
            let literally = |rule: &RuleSpec| {
                let own = rule.path.trim_end_matches('/').replace('é', "%C3%A9");
                path.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            prop_assert!(!lowering || spec.rules.iter().any(literally), "{path}: {found:?}");
        }
    }

    #[test]
    fn the_order_of_routes_and_rules_changes_nothing(
        mut spec in any_route(),
        path in path(),
        turn in 0_usize..6,
        flip in any::<bool>(),
    ) {
        spec.rules.push(RuleSpec { methods: Some(vec!["GET".into()]), ..rule("get", "/a/b", asking(7)) });
        let inner = RouteSpec { name: "inner".into(), path: Some("/inner".into()), ..route(vec![]) };
        let before = Table::compile(&[spec.clone(), inner.clone()]).unwrap();
        let turn = turn % spec.rules.len();
        spec.rules.rotate_left(turn);
        if flip {
            spec.rules.reverse();
        }
        let after = Table::compile(&[inner, spec]).unwrap();
        let told = |table: &Table| table.find(HOST, "GET", path.as_bytes())
            .map(|found| (found.route.name.clone(), found.rule, found.requirement));
        prop_assert_eq!(told(&before), told(&after));
    }

    #[test]
    fn spelling_a_protected_path_differently_never_asks_less(
        below in "[a-z]{0,4}",
        spellings in prop::collection::vec(0_u8..4, 12),
    ) {
        let plain = format!("/admin/{below}");
        let spelt: String = plain.chars().zip(spellings.iter().cycle()).map(|(c, how)| match how {
            _ if c == '/' => "/".to_owned(),
            0 => c.to_string(),
            1 => c.to_ascii_uppercase().to_string(),
            2 => format!("%{:02x}", u32::from(c)),
            _ => format!("%25{:02X}", u32::from(c.to_ascii_uppercase())),
        }).collect();
        let table = scene();
        prop_assert_eq!(asked(&table, "GET", plain.as_bytes()), Ok(40));
        prop_assert_eq!(asked(&table, "GET", spelt.as_bytes()), Ok(40), "{}", spelt);
    }

    #[test]
    fn spelling_a_public_path_differently_never_opens_it(spelt in path()) {
        let table = Table::compile(&[route(vec![public("a", "/a/b")])]).unwrap();
        if asked(&table, "GET", spelt.as_bytes()) == Ok(0) {
            prop_assert!(spelt == "/a/b" || spelt.starts_with("/a/b/"), "{}", spelt);
        }
    }

    #[test]
    fn any_bytes_are_answered_and_twice_alike(
        host in prop::collection::vec(any::<u8>(), 0..40),
        method in ".{0,8}",
        target in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let table = scene();
        let first = table.find(&host, &method, &target).map(|found| found.requirement);
        prop_assert_eq!(&first, &table.find(&host, &method, &target).map(|found| found.requirement));
        let slash = [b"/".as_slice(), &target].concat();
        let level = asked(&table, &method, &slash);
        prop_assert!(level.is_err() || matches!(level, Ok(0 | 30 | 40)));
    }

    #[test]
    fn a_plain_lower_case_path_has_one_reading(path in "(/[a-z0-9_~-]{1,8}){1,6}/?") {
        let readings = Readings::of(path.as_bytes(), 8192).unwrap();
        prop_assert!(readings.is_plain());
        prop_assert_eq!(readings.all().collect::<Vec<_>>(), [path.as_str()]);
    }

    #[test]
    fn the_query_decides_nothing(path in path(), query in "[!-\"$-~]{0,30}") {
        let table = scene();
        let with = format!("{path}?{query}");
        prop_assert_eq!(asked(&table, "GET", path.as_bytes()), asked(&table, "GET", with.as_bytes()));
    }
}

#[test]
fn the_worst_legal_targets_are_read_in_linear_time() {
    let table = scene();
    let worst = [
        "%EF%BD%81",
        "%ef%b7%ba",
        "%CC%81",
        "%2525",
        "%25",
        ";",
        ":",
        "a/",
        "/",
        "A.",
        "%20",
        "%C2%BD",
    ];
    for piece in worst {
        // Twice as much in at most eight times the time, with a floor that a busy machine needs.
        let times = [2048, 8192].map(|length| {
            let target = format!("/{}", piece.repeat(length / piece.len() - 1));
            let began = Instant::now();
            for _ in 0..3 {
                let _ = table.find(HOST, "GET", target.as_bytes());
            }
            began.elapsed()
        });
        let bound = times[0].max(Duration::from_millis(30)) * 32;
        assert!(times[1] < bound, "{piece}: {times:?}");
    }
}

#[test]
fn many_hosts_and_few_are_looked_up_alike() {
    for count in [1, 99, 100, 101, 1000] {
        let specs: Vec<_> = (0..count)
            .map(|at| RouteSpec {
                name: format!("r{at}"),
                host: format!("Host{at}.example.org"),
                ..route(vec![rule("admin", "/Admin", asking(40))])
            })
            .collect();
        let table = Table::compile(&specs).unwrap();
        for at in [0, count - 1] {
            let host = format!("hOST{at}.EXAMPLE.org:8443");
            let found = table.find(host.as_bytes(), "GET", b"/admin/x").unwrap();
            assert_eq!(&*found.route.name, format!("r{at}"));
            assert_eq!((found.requirement.level, found.port), (level(40), Some(8443)));
        }
        assert_eq!(table.routes().count(), count);
    }
}

#[test]
fn reasons_tell_apart_what_is_answered_differently() {
    let table = scene().with_target_limit(10);
    let reason =
        |host: &[u8], target: &[u8]| table.find(host, "GET", target).map(|_| ()).unwrap_err();
    assert_eq!(reason(b"other.example.org", b"/"), NotRouted::UnknownHost);
    assert!(matches!(reason(b"a b", b"/"), NotRouted::BadHost(_)));
    assert_eq!(reason(HOST, b"*"), NotRouted::BadTarget(BadTarget::NotOriginForm));
    assert_eq!(reason(HOST, b"/0123456789"), NotRouted::TargetTooLong);
    assert_eq!(asked(&table, "GET", b"/012345678"), Ok(30));
}

#[test]
fn explanations_come_from_the_rule_and_else_from_the_route() {
    let text = |text: &str| BTreeMap::from([("en".to_owned(), text.to_owned())]);
    let mut spec = route(vec![rule("pay", "/pay", asking(40)), rule("old", "/old", asking(50))]);
    spec.explain = text("route");
    spec.rules[0].explain = text("pay");
    let table = Table::compile(&[spec]).unwrap();
    let found = |target: &[u8]| {
        let found = table.find(HOST, "GET", target).unwrap();
        (found.rule.as_deref().map(str::to_owned), found.explain["en"].clone())
    };
    assert_eq!(found(b"/pay/x"), (Some("pay".into()), "pay".into()));
    assert_eq!(found(b"/PAY"), (Some("pay".into()), "pay".into()));
    assert_eq!(found(b"/old"), (Some("old".into()), "route".into()));
    assert_eq!(found(b"/"), (None, "route".into()));
}

#[test]
fn honest_names_of_many_scripts_are_read_and_stay_where_they_are() {
    let names = [
        "caf%C3%A9",
        "Stra%C3%9Fe",
        "%E6%97%A5%E6%9C%AC%E8%AA%9E.html",
        "%E4%BD%95%EF%BC%9F",
        "%D9%85%DB%8C%E2%80%8C%D8%B1%D9%88%D9%85",
        "%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9",
        "%C2%BD",
        "and%20then%E2%80%A6",
        "100%25",
        "100%25%20sure",
        "50%25-70%25",
        "%22quoted%22",
        "a%3Cb%3E",
        "v1:run",
        "a;b=c",
        "John.Doe",
        "A%26B",
        "x%2By",
        "%5Ba%5D",
        "(1)",
        "a|b",
        "{id}",
        "%E2%82%AC5",
        "a..b",
        "..a",
        "~bob",
        "%C4%B0stanbul",
        "e%CC%81",
        "%E1%84%92%E1%85%A1%E1%86%AB",
    ];
    let table = scene();
    for name in names {
        for (above, expected) in [("public", 0), ("reports", 30), ("admin", 40)] {
            let target = format!("/{above}/{name}/{name}?q={name}");
            assert_eq!(asked(&table, "GET", target.as_bytes()), Ok(expected), "{target}");
        }
    }
}
