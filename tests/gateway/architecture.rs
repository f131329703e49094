//! Which room of the house may use which, and why; and what else holds for every source file. A new
//! arrow is a line in [`ROOMS`] with its reason, so that it is looked at. Not here: style, which
//! clippy and rustfmt hold.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::{NamedPath, named_paths};

/// A room, and the rooms that it may use, each with the reason.
type Room = (&'static str, &'static [(&'static str, &'static str)]);

/// The arrows of the house. Rooms stand below all that they use: an arrow upwards is an error of the
/// table itself.
const ROOMS: &[Room] = &[
    ("points", &[]),
    ("random", &[]),
    ("secret", &[]),
    ("clock", &[("points", "an instant is a value of points")]),
    ("routes", &[("points", "bytes become a requirement")]),
    ("keys", &[("points", "keys have instants"), ("random", "keys are made")]),
    (
        "accounts",
        &[("points", "what is enrolled makes proofs"), ("secret", "hashes and shared secrets")],
    ),
    ("throttle", &[("points", "limits have instants"), ("accounts", "counts are per user")]),
    (
        "sessions",
        &[
            ("points", "a session holds evidence"),
            ("accounts", "a session is one user's"),
            ("keys", "cookies carry a MAC"),
            ("random", "keys and names are made"),
        ],
    ),
    (
        "audit",
        &[
            ("points", "events tell scores and instants"),
            ("accounts", "events are about users"),
            ("clock", "events are dated"),
        ],
    ),
    (
        "config",
        &[
            ("points", "settings are checked into points"),
            ("routes", "routes are checked into specifications"),
            ("accounts", "directories have names"),
            ("sessions", "limits of sessions"),
            ("throttle", "limits of tries"),
            ("secret", "secrets are read once"),
        ],
    ),
    (
        "notify",
        &[
            ("points", "messages have instants"),
            ("random", "messages have identifiers"),
            ("clock", "budgets and retries"),
            ("config", "which notifiers there are"),
        ],
    ),
    (
        "methods",
        &[
            ("points", "an answer becomes a proof"),
            ("accounts", "credentials are checked"),
            ("sessions", "a code belongs to a session"),
            ("throttle", "tries are counted before the check"),
            ("notify", "codes are sent"),
            ("keys", "codes are kept as keyed hashes"),
            ("random", "codes are made"),
            ("secret", "shared secrets"),
        ],
    ),
    (
        "observe",
        &[
            ("points", "metrics count methods and outcomes"),
            ("config", "what to log"),
            ("clock", "log lines are dated"),
            ("audit", "what was written is counted"),
        ],
    ),
    (
        "settings",
        &[
            ("points", "a draft is judged by the engine that decides"),
            ("accounts", "users are counted by directory"),
            ("config", "files are the ground that settings stand on"),
            ("routes", "what each route asks"),
        ],
    ),
    (
        "store",
        &[
            ("settings", "its trait"),
            ("points", "proofs are rows"),
            ("accounts", "its trait"),
            ("sessions", "its trait"),
            ("methods", "its trait"),
            ("throttle", "its trait"),
            ("keys", "fields are encrypted and hashed with a key"),
            ("secret", "decrypted fields"),
            ("random", "identifiers and nonces"),
        ],
    ),
    (
        "gate",
        &[
            ("routes", "which requirement"),
            ("sessions", "which evidence"),
            ("points", "the decision"),
            ("accounts", "identity headers are about a user"),
            ("config", "a snapshot is made of it"),
            ("keys", "a snapshot holds them"),
            ("random", "a refusal has a reference"),
        ],
    ),
    (
        "journey",
        &[
            ("points", "steps are ways"),
            ("methods", "a step is an answer to a method"),
            ("sessions", "a proof is added"),
            ("observe", "steps are counted"),
            ("accounts", "whose steps"),
            ("throttle", "how long to wait"),
            ("gate", "where a person stands is asked anew of the same decision"),
            ("audit", "sign-ins are events"),
            ("notify", "people are told of changes to their account"),
            ("random", "links and codes for new addresses are made"),
            ("keys", "transactions are sealed"),
            ("secret", "a new password"),
        ],
    ),
    (
        "operations",
        &[
            ("settings", "an earlier revision is gone back to"),
            ("points", "explaining is deciding"),
            ("accounts", "users are made and changed"),
            ("sessions", "withdrawals act at once"),
            ("audit", "who did what"),
            ("random", "links are made"),
            ("secret", "a password is given"),
            ("clock", "events have instants"),
        ],
    ),
    (
        "web",
        &[
            ("settings", "drafts, previews and revisions are shown"),
            ("audit", "who changed which settings"),
            ("operations", "administrators do what commands do"),
            ("random", "what is kept has a name that nobody guesses"),
            ("journey", "pages show where a person stands"),
            ("accounts", "pages name the user"),
            ("points", "pages name methods and steps"),
            ("methods", "pages tell rejections"),
            ("sessions", "signing out"),
            ("gate", "the route and person that a page is for"),
            ("keys", "CSRF tokens are signed"),
            ("config", "texts and colours, through a snapshot"),
            ("secret", "what is typed"),
        ],
    ),
    (
        "proxy",
        &[
            ("points", "an upstream is named only with a grant"),
            ("sessions", "streams hang on a session's key"),
            ("config", "listeners and limits"),
            ("random", "references"),
        ],
    ),
    (
        "front",
        &[
            ("proxy", "its trait: who is asked about each request"),
            ("gate", "every request is admitted or not"),
            ("web", "own pages are served in this process"),
            ("journey", "who falls short is sent on their way"),
            ("points", "a shortfall becomes a problem document"),
            ("sessions", "the cookie of a rise or a sign-out"),
            ("routes", "what the requirement came from"),
            ("keys", "transactions are sealed"),
            ("audit", "refusals are events"),
            ("observe", "requests are counted"),
            ("clock", "now, once a request"),
        ],
    ),
    (
        "control",
        &[
            ("operations", "what is asked of a running gateway"),
            ("audit", "who was turned away"),
            ("clock", "events have instants"),
        ],
    ),
    ("demo", &[("*", "a whole house in memory")]),
    ("app", &[("*", "wiring")]),
    ("cli", &[("*", "a command may ask anything of the library")]),
    ("main", &[("cli", "the program only starts the commands")]),
];

/// Frameworks, and the only rooms that know them.
const FRAMEWORKS: &[(&str, &[&str], &str)] = &[
    ("pingora", &["proxy", "app"], "the gate is tested without a socket"),
    ("axum", &["web", "front", "observe", "app", "demo", "cli"], "a journey knows no HTML"),
    ("askama", &["web", "demo"], "templates are pages"),
    ("sqlx", &["store"], "rows stay in the store"),
    ("lettre", &["notify"], "mail is sent by a notifier"),
    ("clap", &["cli", "main"], "a command line is read once"),
    ("toml_edit", &["config", "cli"], "files are read by config"),
];

/// Standard modules that do I/O or tell the time; `points` is a pure function of values.
const IMPURE: &[&str] = &[
    "env",
    "fs",
    "io",
    "os",
    "process",
    "thread",
    "SystemTime",
    "Instant",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UNIX_EPOCH",
];

#[derive(Debug, Eq, PartialEq)]
struct Violation {
    file: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

/// The rooms in a row of the documentation's table, and what it says they use.
fn told(row: &str) -> Option<(Vec<&str>, BTreeSet<&str>)> {
    let cells: Vec<&str> = row.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").collect();
    let [rooms, _, uses] = cells[..] else { return None };
    let rooms = rooms.split(", ").map(|room| room.trim_matches('`')).collect();
    Some((rooms, uses.split(", ").collect()))
}

#[test]
fn the_table_of_rooms_in_the_documentation_is_this_one() {
    let page = fs::read_to_string(root().join("docs/rooms.md")).unwrap();
    let rows: Vec<_> = page.lines().filter_map(told).collect();
    for (room, arrows) in ROOMS {
        let (_, uses) = rows
            .iter()
            .find(|(rooms, _)| rooms.contains(room))
            .unwrap_or_else(|| panic!("docs/rooms.md has no row for {room}"));
        let expected: BTreeSet<&str> = arrows.iter().map(|(to, _)| *to).collect();
        if !expected.is_empty() && !expected.contains("*") {
            assert_eq!(*uses, expected, "docs/rooms.md, {room}");
        }
    }
}

/// Judges one file of `src/`, named from there.
fn judge(file: &str, source: &str, dependencies: &BTreeSet<String>) -> Vec<Violation> {
    let violation = |line, rule: String| Violation { file: format!("src/{file}"), line, rule };
    let mut found = Vec::new();
    if !source.starts_with("//!") {
        found.push(violation(1, "a file opens with `//!`: what it is, and what it is not".into()));
    }
    if is_test_file(file) || file == "lib.rs" {
        return found;
    }
    let room = room_of(file);
    let Some((_, arrows)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        let rule = format!("`{room}` is no room of tests/gateway/architecture.rs: give it a place");
        found.push(violation(1, rule));
        return found;
    };
    for path in named_paths(source) {
        let broken = [
            arrow(file, room, arrows, &path),
            framework(room, &path),
            purity(room, &path, dependencies),
        ];
        found.extend(broken.into_iter().flatten().map(|rule| violation(path.line, rule)));
    }
    found
}

fn arrow(file: &str, room: &str, arrows: &[(&str, &str)], path: &NamedPath) -> Option<String> {
    let target = room_named(file, &path.segments)?;
    let allowed = target == room || arrows.iter().any(|(to, _)| *to == target || *to == "*");
    (!allowed).then(|| {
        let rooms: Vec<&str> = arrows.iter().map(|(to, _)| *to).collect();
        format!(
            "`{room}` may not use `{target}`, only: {}. A new arrow needs its reason in \
             tests/gateway/architecture.rs",
            if rooms.is_empty() { "std".to_owned() } else { rooms.join(", ") }
        )
    })
}

fn framework(room: &str, path: &NamedPath) -> Option<String> {
    let first = path.segments.first()?;
    let (name, rooms, reason) = FRAMEWORKS
        .iter()
        .find(|(name, _, _)| first == name || first.starts_with(&format!("{name}_")))?;
    (!rooms.contains(&room))
        .then(|| format!("`{name}` is known to {} only: {reason}", rooms.join(", ")))
}

fn purity(room: &str, path: &NamedPath, dependencies: &BTreeSet<String>) -> Option<String> {
    let first = path.segments.first()?;
    let impure = first == "std" && path.segments.iter().any(|part| IMPURE.contains(&part.as_str()));
    let foreign = dependencies.contains(first);
    (room == "points" && (impure || foreign)).then(|| {
        format!("`points` uses only std, and no clock or I/O: not `{}`", path.segments.join("::"))
    })
}

/// The room that a path leads to, if it leads through the root of the crate.
fn room_named<'p>(file: &str, segments: &'p [String]) -> Option<&'p str> {
    let ups = segments.iter().take_while(|part| *part == "super").count();
    let place = match segments.first()?.as_str() {
        "crate" | "scoregate" => 1,
        // `super` out of the room itself; inside it, it stays there.
        "super" if ups == depth_of(file) => ups,
        _ => return None,
    };
    segments.get(place).map(String::as_str)
}

/// How many modules a file lies below the root: 1 for `clock.rs` and `keys/mod.rs`.
fn depth_of(file: &str) -> usize {
    let parts = file.split('/').count();
    if file.ends_with("/mod.rs") { parts - 1 } else { parts }
}

fn room_of(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or(file);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// These are declared under `cfg(test)`; so is what lies in `tests/`.
fn is_test_file(file: &str) -> bool {
    let names = ["tests.rs", "contract.rs", "fake.rs", "fakes.rs"];
    names.iter().any(|name| file.ends_with(&format!("/{name}"))) || file.contains("/tests/")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml_edit::DocumentMut = manifest.parse().unwrap();
    let names = manifest["dependencies"].as_table().unwrap().iter();
    names.map(|(name, _)| name.replace('-', "_")).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn no_room_uses_what_it_may_not_and_every_file_says_what_it_is() {
    let source_folder = root().join("src");
    let dependencies = dependencies();
    let files = rust_files(&source_folder);
    assert!(files.len() > 20, "the source was not found");
    let violations: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let name = file.strip_prefix(&source_folder).unwrap().to_str().unwrap();
            judge(name, &fs::read_to_string(file).unwrap(), &dependencies)
        })
        .map(|violation| violation.to_string())
        .collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn no_arrow_is_kept_that_no_line_needs() {
    let source_folder = root().join("src");
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for path in rust_files(&source_folder) {
        let file = path.strip_prefix(&source_folder).unwrap().to_str().unwrap().to_owned();
        if is_test_file(&file) {
            continue;
        }
        for named in named_paths(&fs::read_to_string(&path).unwrap()) {
            if let Some(target) = room_named(&file, &named.segments) {
                used.insert((room_of(&file).to_owned(), target.to_owned()));
            }
        }
    }
    let unused: Vec<String> = ROOMS
        .iter()
        .flat_map(|(room, arrows)| arrows.iter().map(move |(target, _)| (*room, *target)))
        .filter(|(room, target)| {
            *target != "*" && !used.contains(&((*room).to_owned(), (*target).to_owned()))
        })
        .map(|(room, target)| format!("`{room}` -> `{target}`"))
        .collect();
    assert!(unused.is_empty(), "arrows without a line: {}", unused.join(", "));
}

#[test]
fn tests_and_benches_say_what_they_are() {
    let files = ["tests", "benches"].map(|folder| root().join(folder));
    for file in files.iter().filter(|folder| folder.is_dir()).flat_map(|folder| rust_files(folder))
    {
        let source = fs::read_to_string(&file).unwrap();
        assert!(source.starts_with("//!"), "{} does not open with `//!`", file.display());
    }
}

#[test]
fn the_table_itself_points_one_way_and_gives_every_reason() {
    for (place, (room, arrows)) in ROOMS.iter().enumerate() {
        for (target, reason) in *arrows {
            let below = ROOMS[..place].iter().any(|(name, _)| name == target);
            assert!(below || *target == "*", "`{room}` -> `{target}` points upwards");
            assert!(!reason.is_empty(), "`{room}` -> `{target}` gives no reason");
        }
    }
}

#[test]
fn the_checker_fails_on_what_it_is_there_for() {
    let known: BTreeSet<String> = ["serde".to_owned()].into();
    let table = [
        (
            "points/new.rs",
            "//! x\nuse crate::accounts::User;\n",
            Some((2, "may not use `accounts`")),
        ),
        (
            "points/new.rs",
            "//! x\nuse super::super::clock::Clock;\n",
            Some((2, "may not use `clock`")),
        ),
        ("points/mod.rs", "//! x\nuse super::clock::Clock;\n", Some((2, "may not use `clock`"))),
        ("points/new.rs", "//! x\nuse super::scale::Points;\n", None),
        ("points/new.rs", "//! x\nuse serde::Deserialize;\n", Some((2, "uses only std"))),
        (
            "points/new.rs",
            "//! x\n\nuse std::time::{Duration, SystemTime};\n",
            Some((3, "uses only std")),
        ),
        ("points/new.rs", "//! x\nuse std::time::Duration;\n", None),
        (
            "gate/new.rs",
            "//! x\nuse crate::{\n    points::Grant,\n    web::Page,\n};\n",
            Some((4, "may not use `web`")),
        ),
        (
            "gate/new.rs",
            "//! x\nfn f() { crate::store::open() }\n",
            Some((2, "may not use `store`")),
        ),
        ("gate/new.rs", "//! x\n#[cfg(test)]\nmod tests { use crate::store; }\n", None),
        ("gate/new.rs", "//! x\n// crate::store\nconst A: &str = \"crate::store\";\n", None),
        (
            "gate/new.rs",
            "//! x\nuse pingora::proxy::Session;\n",
            Some((2, "`pingora` is known to")),
        ),
        ("gate/new.rs", "use crate::points::Grant;\n", Some((1, "opens with `//!`"))),
        ("attic/mod.rs", "//! x\n", Some((1, "is no room"))),
        ("cli/new.rs", "//! x\nuse crate::store::open;\n", None),
        (
            "main.rs",
            "//! x\nfn main() { scoregate::store::open() }\n",
            Some((2, "may not use `store`")),
        ),
    ];
    for (file, source, expected) in table {
        let found = judge(file, source, &known);
        match expected {
            None => assert_eq!(found, [], "{file}: {source}"),
            Some((line, rule)) => {
                assert_eq!(found.len(), 1, "{file}: {source}: {found:?}");
                assert_eq!(found[0].line, line, "{source}");
                assert!(found[0].rule.contains(rule), "{}", found[0]);
            }
        }
    }
}

/// Names of crates that `deny.toml` bans, and of crates in the lock file.
fn banned_and_locked() -> (Vec<String>, Vec<String>) {
    let read = |name: &str| -> toml_edit::DocumentMut {
        fs::read_to_string(root().join(name)).unwrap().parse().unwrap()
    };
    let name = |value: &toml_edit::Value, key: &str| {
        value.as_inline_table().unwrap()[key].as_str().unwrap().to_owned()
    };
    let deny = read("deny.toml");
    let bans = deny["bans"]["deny"].as_array().unwrap().iter();
    let lock = read("Cargo.lock");
    let packages = lock["package"].as_array_of_tables().unwrap().iter();
    (
        bans.map(|ban| name(ban, "crate")).collect(),
        packages.map(|package| package["name"].as_str().unwrap().to_owned()).collect(),
    )
}

#[test]
fn nothing_that_deny_toml_bans_is_in_the_lock_file() {
    let (banned, locked) = banned_and_locked();
    assert!(banned.iter().any(|name| name == "openssl-sys"));
    assert!(locked.iter().any(|name| name == "rustls"), "the lock file was not understood");
    let both: Vec<_> = banned.iter().filter(|name| locked.contains(name)).collect();
    assert!(both.is_empty(), "banned, and in Cargo.lock: {both:?}");
}
