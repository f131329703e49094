//! Which source wins, and that each value can say where it came from.

use super::super::Spot;
use super::*;

const LATER: &str = "[session]\nlifetime = \"8h\"\n\n[route.portal]\nroles = [\"b\"]\n";

fn layered() -> (Folder, LoadRequest) {
    let main = format!("{MINIMAL}roles = [\"a\", \"c\"]\n\n[session]\nlifetime = \"10h\"\n");
    let folder = Folder::with(&[
        ("scoregate.toml", &main),
        ("conf.d/10-first.toml", LATER),
        ("conf.d/20-second.toml", "[session]\nidle_timeout = \"20m\"\n"),
        ("conf.d/20-second.toml~", "not read"),
        ("conf.d/.#20-second.toml", "not read"),
        ("conf.d/30-old.toml.rpmsave", "not read"),
        ("conf.d/README", "not read"),
    ]);
    let request = folder.request();
    (folder, request)
}

#[test]
fn later_files_win_by_name_and_replace_lists_whole() {
    let (folder, request) = layered();
    let loaded = load(&request);
    let printed = folder.print(&loaded);
    let config = loaded.config.unwrap_or_else(|| panic!("{printed}"));
    assert_eq!(config.session.lifetime.as_secs(), 8 * 3600);
    assert_eq!(config.session.idle_timeout.as_secs(), 20 * 60);
    let roles: Vec<&str> =
        config.routes[0].asks.roles.as_ref().unwrap().iter().map(AsRef::as_ref).collect();
    assert_eq!(roles, ["b"]);
    // What the later file does not mention stays.
    assert_eq!(config.routes[0].host, "portal.example.org");
}

#[test]
fn leftovers_are_named_and_not_read() {
    let (folder, request) = layered();
    let loaded = load(&request);
    let names = |paths: &[std::path::PathBuf]| -> Vec<String> {
        let name = |path: &std::path::PathBuf| {
            path.strip_prefix(folder.path()).unwrap().display().to_string()
        };
        paths.iter().map(name).collect()
    };
    assert_eq!(
        names(&loaded.files),
        ["scoregate.toml", "conf.d/10-first.toml", "conf.d/20-second.toml"]
    );
    assert_eq!(
        names(&loaded.skipped),
        ["conf.d/.#20-second.toml", "conf.d/20-second.toml~", "conf.d/30-old.toml.rpmsave"]
    );
}

#[test]
fn the_environment_wins_over_files_and_the_command_line_over_both() {
    let (folder, mut request) = layered();
    request.environment = [
        ("SCOREGATE_CONFIG", "/elsewhere"),
        ("SCOREGATE_SESSION__LIFETIME", "6h"),
        ("SCOREGATE_SESSION__IDLE_TIMEOUT", "5m"),
        ("SCOREGATE_ROUTE__PORTAL__ROLES", r#"["x", "y"]"#),
        ("SCOREGATE_UI__BRAND", "42"),
        ("SCOREGATE_DIRECTORY__STAFF__NAME__EN", "Staff"),
        ("SCOREGATE_ROUTE__PORTAL__RULE__OPEN__PATH", "/open/"),
        ("SCOREGATE_ROUTE__PORTAL__RULE__OPEN__PUBLIC", "true"),
        ("SCOREGATES", "not ours"),
        ("HOME", "/nobody"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    request.overrides = vec![("session.lifetime".into(), "2h".into())];
    let loaded = load(&request);
    let origin = loaded.provenance.of("session.lifetime").unwrap().clone();
    let printed = folder.print(&loaded);
    let config = loaded.config.unwrap_or_else(|| panic!("{printed}"));
    assert_eq!(config.session.lifetime.as_secs(), 2 * 3600);
    assert_eq!(config.session.idle_timeout.as_secs(), 5 * 60);
    assert_eq!(config.routes[0].asks.roles.as_ref().unwrap().len(), 2);
    assert!(config.routes[0].rules[0].public);
    assert_eq!(config.ui.brand, "42");
    assert_eq!(config.directories["staff"].titles["en"], "Staff");

    assert_eq!(origin.value, "\"2h\"");
    assert!(matches!(origin.spot, Some(Spot::CommandLine { .. })));
    let replaced: Vec<(String, String)> = origin
        .replaced
        .iter()
        .map(|(value, spot)| {
            let prefix = format!("{}/", folder.path().display());
            (value.clone(), spot.brief().replace(&prefix, ""))
        })
        .collect();
    let expected = [
        ("\"6h\"", "environment SCOREGATE_SESSION__LIFETIME"),
        ("\"8h\"", "conf.d/10-first.toml:2"),
        ("\"10h\"", "scoregate.toml:15"),
    ]
    .map(|(value, place)| (value.to_owned(), place.to_owned()));
    assert_eq!(replaced, expected);
}

#[test]
fn what_nothing_sets_comes_from_the_defaults() {
    let (_folder, loaded) = load_text(MINIMAL);
    let origin = loaded.provenance.of("session.idle_timeout").unwrap();
    assert_eq!((origin.value.as_str(), &origin.spot), ("\"30m\"", &None));
    assert_eq!(loaded.provenance.of("listen.http.address"), None);
    let written = loaded.provenance.of("route.portal.host").unwrap();
    let spot = written.spot.as_ref().unwrap();
    assert_eq!(spot.position(), Some((9, 13)));
}

#[test]
fn paths_start_at_the_file_that_names_them() {
    let folder = Folder::with(&[
        ("scoregate.toml", MINIMAL),
        ("conf.d/10-store.toml", "[store]\npath = \"data\"\n"),
    ]);
    let config = load(&folder.request()).config.unwrap();
    let expected = folder.path().join("conf.d/data");
    assert_eq!(config.store, crate::config::StoreLocation::Folder(expected));
    let tls = &config.listen.https.unwrap().certificates[0];
    assert_eq!(tls.cert, Path::new("/etc/scoregate/tls/fullchain.pem"));
}

#[test]
fn a_variable_that_a_file_names_for_a_secret_is_no_setting() {
    let text = format!(
        "{MINIMAL}[notifier.mail]\nkind = \"smtp\"\nurl = \"smtps://mail.example.org\"\n\
         from = \"a@example.org\"\nuser = \"u\"\npassword = {{ env = \"SCOREGATE_SMTP\" }}\n"
    );
    let folder = Folder::with(&[("scoregate.toml", &text)]);
    let mut request = folder.request();
    request.environment.insert("SCOREGATE_SMTP".into(), "hunter2".into());
    let loaded = load(&request);
    assert!(loaded.config.is_some(), "{}", folder.print(&loaded));
}

#[test]
fn without_a_file_the_command_line_makes_a_gateway() {
    let request = LoadRequest {
        file: None,
        environment: BTreeMap::new(),
        overrides: [
            ("listen.http.address", "127.0.0.1:8080"),
            ("listen.http.serve", "routes"),
            ("directory.users.source", "embedded"),
            ("route.portal.host", "portal.example.org"),
            ("route.portal.upstream", "http://127.0.0.1:3000"),
            ("route.portal.directory", "users"),
        ]
        .map(|(path, value)| (path.to_owned(), value.to_owned()))
        .into(),
        allow_plain_secrets: false,
        check_environment: true,
        now: Timestamp::EPOCH,
    };
    let loaded = load(&request);
    assert_eq!(loaded.diagnostics, []);
    let config = loaded.config.unwrap();
    assert_eq!(config.routes[0].host, "portal.example.org");
}

#[test]
fn a_wrong_value_on_the_command_line_is_named_by_its_setting() {
    let folder = Folder::with(&[("scoregate.toml", MINIMAL)]);
    let mut request = folder.request();
    request.overrides = vec![("route.portal.upstream".into(), "127.0.0.1:3000/x://".into())];
    let printed = folder.print(&load(&request));
    assert_eq!(
        printed,
        "error[E0502]: `route.portal.upstream` on the command line is not the address of a server\n\
         \x20 --> command line\n  |\n  | route.portal.upstream=127.0.0.1:3000/x://\n  |\n\
         \x20 = help: write scheme, host and port: \"http://127.0.0.1:3000\"\n\n"
    );
}
