//! Files that come with the program: they are right, complete, and current.

use super::super::outline::{Node, Setting, outline};
use super::super::{Severity, reference_markdown, show};
use super::*;
use crate::config::{HttpServes, NotifierConfig, SmtpEncryption, StoreLocation};

const REFERENCE: &str = include_str!("../../../config/scoregate.toml");

#[test]
fn every_file_that_comes_with_the_program_passes_the_check() {
    let files = [
        ("scoregate", REFERENCE, 1),
        ("minimal", MINIMAL, 0),
        // It prints codes instead of sending them.
        ("demo", include_str!("../../../config/demo.toml"), 1),
        ("email-codes", include_str!("../../../config/examples/email-codes.toml"), 0),
        ("level-40", include_str!("../../../config/examples/level-40.toml"), 0),
        ("several-portals", include_str!("../../../config/examples/several-portals.toml"), 0),
    ];
    for (name, text, warnings) in files {
        let (folder, loaded) = load_text(text);
        let printed = folder.print(&loaded);
        assert!(loaded.config.is_some(), "{name}:\n{printed}");
        assert_eq!(loaded.count(Severity::Error), 0, "{name}:\n{printed}");
        assert_eq!(loaded.count(Severity::Warning), warnings, "{name}:\n{printed}");
    }
}

#[test]
fn the_annotated_file_has_every_setting() {
    let (_folder, loaded) = load_text(REFERENCE);
    let mut missing = Vec::new();
    collect(outline(), "", &mut |path: &str| {
        let pattern: Vec<&str> = path.split('.').collect();
        let is_there = loaded.provenance.iter().any(|(path, origin)| {
            let names: Vec<&str> = path.split('.').collect();
            origin.spot.is_some()
                && names.len() == pattern.len()
                && names.iter().zip(&pattern).all(|(name, wanted)| *wanted == "*" || name == wanted)
        });
        if !is_there {
            missing.push(path.to_owned());
        }
    });
    // Each of these excludes another that is there.
    let excluded = [
        "listen.http.serve",
        "notifier.*.password.env",
        "notifier.*.password.file",
        "route.*.identity.authorization.env",
        "route.*.identity.authorization.file",
    ];
    assert_eq!(missing, excluded);
}

fn collect(setting: &Setting, path: &str, see: &mut dyn FnMut(&str)) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match &setting.node {
        Node::Table(settings) | Node::Secret(settings) => {
            for setting in settings {
                collect(setting, &below(&setting.name), see);
            }
        }
        Node::Named { each, .. } | Node::Texts(each) | Node::Fields(each) => {
            collect(each, &below("*"), see);
        }
        _ => see(path),
    }
}

#[test]
fn eleven_lines_make_a_gateway_with_the_standard_setting() {
    assert_eq!(MINIMAL.lines().count(), 11);
    let (_folder, loaded) = load_text(MINIMAL);
    let config = loaded.config.unwrap();
    let staff = &config.directories["staff"];
    assert_eq!(staff.settings.required_level.value(), 30);
    assert_eq!(config.routes.len(), 1);
    assert_eq!(config.routes[0].directory_level.value(), 30);
    let upstream = &config.upstreams[&config.routes[0].upstream];
    assert_eq!((upstream.servers[0].host.as_str(), upstream.servers[0].port), ("127.0.0.1", 3000));
    assert_eq!(config.store, StoreLocation::Folder("/var/lib/scoregate".into()));
    assert_eq!(config.session.lifetime.as_secs(), 12 * 3600);
    assert!(config.listen.http.is_none() && config.listen.ops.is_none());
    assert_eq!(config.ui.languages, ["en", "nl"]);
    assert_eq!(config.limits.head_bytes, 32 * 1024);
}

#[test]
fn the_defaults_of_the_file_are_the_standard_setting_of_the_engine() {
    let (_folder, loaded) = load_text(&format!("{MINIMAL}\n[notifier.x]\nkind = \"console\"\n"));
    let config = loaded.config.unwrap();
    let standard = crate::points::Settings::standard();
    assert_eq!(config.directories["staff"].settings, standard);
}

#[test]
fn the_annotated_file_means_what_it_says() {
    let (folder, loaded) = load_text(REFERENCE);
    let config = loaded.config.unwrap();
    let https = config.listen.https.unwrap();
    assert_eq!(https.certificates.len(), 2);
    assert_eq!(https.certificates[0].cert, folder.path().join("tls/fullchain.pem"));
    assert_eq!(config.listen.http.unwrap().serves, HttpServes::RedirectToHttps);
    let NotifierConfig::Smtp(smtp) = &config.notifiers["mail"] else { panic!("not smtp") };
    assert_eq!((smtp.host.as_str(), smtp.port), ("mail.example.org", 587));
    assert_eq!(smtp.encryption, SmtpEncryption::StartTls);
    let grafana = config.routes.iter().find(|route| route.name == "grafana").unwrap();
    assert_eq!(grafana.body_limit_bytes, Some(100 << 20));
    assert_eq!(grafana.asks.roles.as_ref().unwrap().len(), 2);
    assert_eq!(config.upstreams["grafana"].servers.len(), 2);
    let portal = config.routes.iter().find(|route| route.name == "portal").unwrap();
    let payments = portal.rules.iter().find(|rule| rule.name == "payments").unwrap();
    assert_eq!(payments.asks.level.map(|level| level.value()), Some(40));
    assert_eq!(payments.explain["nl"], "Betalen vraagt een extra controle.");
}

#[test]
fn the_reference_in_the_documentation_is_current() {
    let current = include_str!("../../../docs/reference/configuration.md");
    let made = reference_markdown();
    if std::env::vars_os().any(|(name, _)| name == "UPDATE_REFERENCE") {
        std::fs::write("docs/reference/configuration.md", &made).unwrap();
        return;
    }
    assert!(
        current == made,
        "docs/reference/configuration.md is out of date: run \
         `scoregate config reference > docs/reference/configuration.md`, \
         or this test with UPDATE_REFERENCE=1"
    );
}

#[test]
fn what_is_shown_is_a_file_that_means_the_same() {
    let text = format!(
        "{MINIMAL}\n[notifier.mail]\nkind = \"smtp\"\nurl = \"smtps://mail.example.org\"\n\
         from = \"a@example.org\"\n"
    );
    let (_folder, loaded) = load_text(&text);
    let shown = show(&loaded, true);
    let (folder, again) = load_text(&shown);
    assert!(again.config.is_some(), "{shown}\n{}", folder.print(&again));
    assert_eq!(show(&loaded, false), show(&again, false));
}
