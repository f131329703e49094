//! The settings of the demo, checked by the same code as a file. `config/demo.toml` says the same for
//! people to read; a test holds both together. Not here: what a setting means (`config`).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::thread::available_parallelism;

use super::{BRAND, HELP_CONTACT};
use crate::config::{Config, Format, LoadRequest, StoreLocation, load};
use crate::points::Timestamp;

/// The one directory.
pub(super) const DIRECTORY: &str = "demo";

/// The route for those who type the address instead of `localhost`.
const BY_ADDRESS: &str = "portal_by_address";

/// The settings that are the same wherever the demo listens. Lists are JSON, as on a command line.
const SETTINGS: &[(&str, &str)] = &[
    ("listen.http.serve", "routes"),
    ("ui.brand", BRAND),
    ("ui.languages", r#"["en", "nl"]"#),
    ("ui.help.contact", HELP_CONTACT),
    ("notifier.inbox.kind", "console"),
    ("directory.demo.authentication.required_level", "30"),
    // Nobody waits a day to see what a new passkey opens.
    ("directory.demo.authentication.probation", "0s"),
    ("directory.demo.authentication.accept_risk", r#"["email", "sms"]"#),
];

/// The settings of each route.
const ROUTE: &[(&str, &str)] = &[
    ("directory", DIRECTORY),
    ("rule.public.path", "/public"),
    ("rule.public.public", "true"),
    ("rule.payments.path", "/payments"),
    ("rule.payments.level", "40"),
    ("rule.payments.explain.en", "Payments need an extra check."),
    ("rule.payments.explain.nl", "Betalen vraagt een extra controle."),
    ("rule.operations.path", "/operations"),
    ("rule.operations.roles", r#"["operations"]"#),
];

/// The demo was told to listen where others can reach it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the demo has known passwords, so it listens on loopback only, not on {0}: use an address such \
     as 127.0.0.1:8080"
)]
pub struct NotLoopback(pub SocketAddr);

/// The demo's own settings do not pass the check; what is wrong, as `check` says it.
#[derive(Debug, thiserror::Error)]
#[error("the settings of the demo are not right:\n{0}")]
pub struct InvalidSettings(String);

/// Whether the demo may listen there.
///
/// # Errors
/// [`NotLoopback`] for every address that another machine could reach.
pub fn allowed(listen: SocketAddr) -> Result<(), NotLoopback> {
    if listen.ip().to_canonical().is_loopback() { Ok(()) } else { Err(NotLoopback(listen)) }
}

/// The settings of a demo that listens at `listen` before the portal at `portal`. Everything is kept
/// in memory. The hosts are `localhost` and the address itself.
///
/// # Errors
/// [`InvalidSettings`], if this program does not take its own settings.
pub fn config(listen: SocketAddr, portal: SocketAddr) -> Result<Config, InvalidSettings> {
    let loaded = load(&request(listen, portal));
    let problems = loaded.render(Format::Text { coloured: false });
    let mut config = loaded.config.ok_or(InvalidSettings(problems))?;
    config.store = StoreLocation::Memory;
    for route in config.routes.iter_mut().filter(|route| route.name == BY_ADDRESS) {
        // Settings take no address in brackets.
        route.host = host(listen);
    }
    config.limits.hash_workers =
        available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    Ok(config)
}

/// What is loaded for it: no file, no environment. What no setting can say, [`config`] adds.
#[must_use]
pub fn request(listen: SocketAddr, portal: SocketAddr) -> LoadRequest {
    LoadRequest {
        file: None,
        environment: BTreeMap::new(),
        overrides: overrides(listen, portal),
        allow_plain_secrets: false,
        check_environment: false,
        now: Timestamp::EPOCH,
    }
}

fn overrides(listen: SocketAddr, portal: SocketAddr) -> Vec<(String, String)> {
    let mut overrides = vec![("listen.http.address".to_owned(), listen.to_string())];
    // With a port that is free, the administrators' portal has one as well. Else it is where it usually is, and
    // the demo goes without it where that port is taken.
    if listen.port() == 0 {
        overrides.push(("admin.address".to_owned(), "127.0.0.1:0".to_owned()));
    }
    let fixed = SETTINGS.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned()));
    overrides.extend(fixed);
    for (name, host) in [("portal", "localhost"), (BY_ADDRESS, "127.0.0.1")] {
        let mut set = |path: &str, value: &str| {
            overrides.push((format!("route.{name}.{path}"), value.to_owned()));
        };
        set("host", host);
        set("upstream", &format!("http://{portal}"));
        for (path, value) in ROUTE {
            set(path, value);
        }
    }
    overrides
}

/// An address as a browser names it.
fn host(listen: SocketAddr) -> String {
    match listen.ip() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::AdminDoor;
    use crate::points::{Level, Settings};
    use crate::routes::Table;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn demo(listen: &str) -> Config {
        config(address(listen), address("127.0.0.1:3000")).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn only_loopback_is_allowed() {
        for (listen, is_allowed) in [
            ("127.0.0.1:8080", true),
            ("127.8.0.1:0", true),
            ("[::1]:8080", true),
            ("[::ffff:127.0.0.1]:8080", true),
            ("0.0.0.0:8080", false),
            ("[::]:8080", false),
            ("192.0.2.1:8080", false),
        ] {
            assert_eq!(allowed(address(listen)).is_ok(), is_allowed, "{listen}");
        }
        let refused = allowed(address("0.0.0.0:80")).unwrap_err().to_string();
        assert!(refused.contains("known passwords") && refused.contains("0.0.0.0:80"), "{refused}");
    }

    #[test]
    fn everything_is_in_memory_and_methods_have_the_standard_points() {
        let config = demo("127.0.0.1:0");
        assert_eq!(config.store, StoreLocation::Memory);
        assert!(config.listen.https.is_none() && config.listen.ops.is_none());
        assert_eq!(config.listen.http.unwrap().address, address("127.0.0.1:0"));
        let settings = &config.directories["demo"].settings;
        assert_eq!(settings.required_level.value(), 30);
        for method in crate::config::methods_of_this_version(true, true) {
            assert_eq!(settings.policy(method), Settings::standard().policy(method), "{method}");
        }
    }

    #[test]
    fn the_administrators_port_is_nothing_that_the_demo_insists_on() {
        for (listen, port, insists) in [("127.0.0.1:8080", 9902, false), ("127.0.0.1:0", 0, true)] {
            let AdminDoor::Address { address, is_written } = demo(listen).admin.door else {
                panic!()
            };
            assert_eq!((address.port(), is_written), (port, insists), "{listen}");
        }
    }

    #[test]
    fn both_names_of_this_machine_lead_to_the_portal_and_ask_the_same() {
        type Row = (&'static str, Option<u16>, bool);
        let asked: [Row; 6] = [
            ("/", Some(30), false),
            ("/echo", Some(30), false),
            ("/payments", Some(40), false),
            ("/payments/7", Some(40), false),
            ("/operations", Some(30), true),
            ("/public", None, false),
        ];
        for (listen, hosts) in [
            ("127.0.0.1:0", ["localhost:41233", "127.0.0.1:41233"]),
            ("[::1]:8080", ["localhost", "[::1]:8080"]),
        ] {
            let table = Table::compile(&demo(listen).routes).unwrap();
            for host in hosts {
                for (path, level, has_roles) in asked {
                    let found = table.find(host.as_bytes(), "GET", path.as_bytes()).unwrap();
                    let asks = &found.requirement;
                    let level = level.and_then(Level::new).unwrap_or(Level::ZERO);
                    assert_eq!((asks.level, asks.roles.is_some()), (level, has_roles), "{path}");
                    assert_eq!(asks.is_public(), path == "/public", "{path}");
                }
            }
            assert!(table.find(b"example.org", "GET", b"/").is_err());
        }
    }

    #[test]
    fn the_file_for_people_says_the_same() {
        let file = load(&LoadRequest {
            file: Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/config/demo.toml"))),
            environment: BTreeMap::new(),
            overrides: Vec::new(),
            allow_plain_secrets: false,
            check_environment: false,
            now: Timestamp::EPOCH,
        });
        let problems = file.render(Format::Text { coloured: false });
        let file = file.config.unwrap_or_else(|| panic!("{problems}"));
        let demo = demo("127.0.0.1:8080");
        assert_eq!(file.routes, demo.routes);
        let (file_ui, demo_ui) = (format!("{:?}", file.ui), format!("{:?}", demo.ui));
        assert_eq!(file_ui, demo_ui);
        let settings = |config: &Config| -> Vec<_> {
            let each = config.directories.iter();
            each.map(|(name, directory)| (name.clone(), directory.settings.clone())).collect()
        };
        assert_eq!(settings(&file), settings(&demo));
        let listener =
            |config: &Config| config.listen.http.as_ref().map(|http| (http.address, http.serves));
        assert_eq!(listener(&file), listener(&demo));
    }
}
