//! What is printed for each kind of mistake, to the letter. The file beside this one, under
//! `snapshots`, is read by people before it is changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::Severity;
use super::*;

/// The shortest file with one stretch replaced.
fn edited(from: &str, to: &str) -> String {
    assert!(MINIMAL.contains(from), "{from}");
    MINIMAL.replace(from, to)
}

/// The shortest file with more lines.
fn and(more: &str) -> String {
    format!("{MINIMAL}{more}\n")
}

const MAIL: &str = "[notifier.mail]\nkind = \"smtp\"\nurl = \"smtps://mail.example.org\"\n\
                    from = \"a@example.org\"\n";
const SAFE: &str = "\n[directory.staff.authentication]\naccept_risk = [\"email\", \"sms\"]\n";

/// The shortest SMS gateway, and one line more, which replaces the gateway's own.
fn text(line: &str) -> String {
    let mut lines = vec![
        "address = \"https://sms.example.net/\"",
        "body = '{\"to\":\"{to}\",\"text\":\"{text}\"}'",
    ];
    let name = line.split(' ').next().unwrap();
    lines.retain(|own| !own.starts_with(name));
    format!("{SAFE}[notifier.text]\nkind = \"http\"\n{}\n{line}", lines.join("\n"))
}

/// What is in the main file, by what is wrong with it.
fn single_files() -> Vec<(&'static str, String)> {
    let https = "[listen.https]\naddress  = \"0.0.0.0:443\"\ntls.cert = \
                 \"/etc/scoregate/tls/fullchain.pem\"\ntls.key  = \"/etc/scoregate/tls/privkey.pem\"\n";
    vec![
        ("a quote is lost", edited("127.0.0.1:3000\"", "127.0.0.1:3000")),
        ("a setting without a value", and("level")),
        ("a setting twice", and("upstream = \"http://127.0.0.1:4000\"")),
        ("a section twice", and("[route.portal]")),
        ("a letter is lost", edited("upstream ", "upsteam ")),
        ("a section that does not exist", and("[limitz]\nx = 1")),
        ("a setting that resembles none", and("colour = \"red\"")),
        ("public on a route", and("public = true")),
        ("a section of a later version", and("[api]\nhost = \"api.example.org\"")),
        ("a setting of a later version", edited("tls.cert", "http2 = true\ntls.cert")),
        ("a value of a later version", and("[store]\nkind = \"postgres\"")),
        ("a source of a later version", and("[directory.x]\nsource = \"ldap\"\nldap.url = \"x\"")),
        (
            "a notifier of a later version",
            and("[notifier.sms]\nkind = \"webhook\"\ntoken = \"hunter2\""),
        ),
        ("a text for a number", and("level = \"forty\"")),
        ("a fraction", and("level = 1.5")),
        ("a number for a text", edited("\"portal.example.org\"", "42")),
        ("a number for a list", and("roles = 42")),
        ("a text for true", and("phishing_resistant = \"yes\"")),
        ("a number for a section", edited("[listen.https]", "session = 5\n[listen.https]")),
        ("out of range", and("level = 1001")),
        ("a choice that is none", and("[ui]\nshow_points = \"step\"")),
        (
            "an item of a list",
            and("[directory.x.authentication]\nfirst = [\"password\", \"pasword\"]"),
        ),
        ("a host with more than a host", edited("\"portal", "\"https://Portal")),
        ("an address without a port", edited("0.0.0.0:443", "0.0.0.0")),
        (
            "no upstream",
            edited("upstream  = \"http://127.0.0.1:3000\"    # your existing portal\n", ""),
        ),
        ("no host", edited("host      = \"portal.example.org\"\n", "")),
        ("no certificate", edited("tls.cert = \"/etc/scoregate/tls/fullchain.pem\"\n", "")),
        ("nothing at all", String::new()),
        ("a name with capitals", edited("[route.portal]", "[route.My-Portal]")),
        ("a fact that is none", and("identity.headers = { X-Team = \"{team}\" }")),
        ("a header that means something else", and("identity.headers = { Cookie = \"{user}\" }")),
        (
            "a header in two spellings",
            and("identity.headers = { X-Team = \"{user}\", x_team = \"{roles}\" }"),
        ),
        (
            "weights that do not fit",
            and("[upstream.x]\nservers = [\"http://127.0.0.1:1\"]\nweights = [1, 2]"),
        ),
        (
            "authorities for no TLS",
            and("[upstream.x]\nservers = [\"http://127.0.0.1:1\"]\nca = \"ca.pem\""),
        ),
        (
            "a client certificate without its key",
            and("[upstream.x]\nservers = [\"https://127.0.0.1:1\"]\nclient_cert = \"c.pem\""),
        ),
        ("a socket without its whole path", and("[upstream.x]\nservers = [\"unix:portal.sock\"]")),
        ("an audience of nothing", and("identity.audience = \"grafana\"")),
        ("a preset that is none", and("identity.preset = \"oauth2\"")),
        ("a secret for the portal in the file", and("identity.authorization = \"Bearer hunter2\"")),
        ("a text in no language", and("explain = { english = \"x\" }")),
        ("a number for a length of time", and("[session]\nidle_timeout = 30")),
        ("a length of time in words", and("[session]\nidle_timeout = \"15 minutes\"")),
        ("a length of time out of range", and("[session]\nidle_timeout = \"1s\"")),
        ("a list of routes", edited("[route.portal]", "[[route]]")),
        ("a list of what there is one of", and("[[session]]")),
        ("a directory that does not exist", edited("\"staff\"", "\"stafff\"")),
        ("an upstream that does not exist", edited("\"http://127.0.0.1:3000\"", "\"grafana\"")),
        (
            "two routes for one address",
            and(
                "[route.intranet]\nhost = \"portal.example.org\"\nupstream = \"http://127.0.0.1:1\"\n\
                 directory = \"staff\"",
            ),
        ),
        ("an upstream that is the gateway", edited("http://127.0.0.1:3000", "https://127.0.0.1")),
        (
            "mail in clear text",
            and(&format!("{SAFE}{MAIL}tls = \"none\"").replace("smtps", "smtp")),
        ),
        ("tls where there is TLS", and(&format!("{SAFE}{MAIL}tls = \"starttls\""))),
        ("a setting of another kind", and(&format!("{SAFE}{MAIL}path = \"x\""))),
        (
            "a public rule that asks",
            and("[route.portal.rule.a]\npath = \"/a/\"\npublic = true\nlevel = 30"),
        ),
        (
            "sign-ins in clear text",
            MINIMAL.replace(https, "[listen.http]\naddress = \"0.0.0.0:80\"\nserve = \"routes\"\n"),
        ),
        (
            "a domain of passkeys elsewhere",
            edited("[directory.staff]", "[directory.staff]\nrp_id = \"example.net\""),
        ),
        ("a PROXY header of nobody", edited("tls.cert", "proxy_protocol = true\ntls.cert")),
        ("everybody is trusted", edited("tls.cert", "trusted_proxies = [\"0.0.0.0/0\"]\ntls.cert")),
        ("two listeners on one address", and("[listen.http]\naddress = \"0.0.0.0:443\"")),
        (
            "administrators on the address of a listener",
            and(
                "[listen.ops]\naddress = \"127.0.0.1:9901\"\n[admin]\naddress = \"127.0.0.1:9901\"",
            ),
        ),
        (
            "a setting of another kind of notifier",
            and(&format!(
                "{SAFE}[notifier.out]\nkind = \"file\"\npath = \"outbox\"\ntimeout = \"5s\""
            )),
        ),
        ("metrics for everybody", and("[listen.ops]\naddress = \"0.0.0.0:9901\"")),
        (
            "a level that nobody reaches",
            and("[route.portal.rule.payments]\npath = \"/payments/\"\nlevel = 200"),
        ),
        (
            "a directory that nobody reaches",
            and("[directory.staff.authentication]\nrequired_level = 50"),
        ),
        ("kinds that nobody shows", and("kinds = 3")),
        ("a proof that nobody has", and("phishing_resistant = true")),
        ("no method to start with", and("[directory.staff.authentication]\nfirst = [\"passkey\"]")),
        ("points for text messages", and("[directory.staff.authentication.points]\nsms = 10")),
        (
            "points for e-mail without a notifier",
            and("[directory.staff.authentication.points]\nemail = 10"),
        ),
        ("one method is enough", and("[directory.staff.authentication]\nrequired_level = 20")),
        ("two codes on one phone, e-mail", and(&format!("level = 40\n{MAIL}"))),
        ("codes in clear text to a gateway", and(&text("address = \"http://sms.example.net/\""))),
        ("a gateway that is no address", and(&text("address = \"sms.example.net\""))),
        ("a place for a value that there is not", and(&text("body = '{\"x\":\"{nobody}\"}'"))),
        ("a body that is not JSON", and(&text("body = \"to={to}\""))),
        ("a body without the text", and(&text("body = '{\"to\":\"{to}\"}'"))),
        ("a header field that is none", and(&text("headers = [\"X-Api-Key\"]"))),
        ("a pattern that is none", and(&text("success.pattern = \"(\""))),
        ("a pointer that is none", and(&text("success.pointer = \"id\""))),
        (
            "a preset without what it needs",
            and(&format!("{SAFE}[notifier.text]\nkind = \"http\"\npreset = \"twilio\"")),
        ),
        ("a country that is none", and("[sms]\ncountries = [\"nl\"]")),
        (
            "a secret in plain text",
            and(&format!("{SAFE}{MAIL}user = \"u\"\npassword = \"hunter2\"")),
        ),
        ("a secret that is a number", and(&format!("{SAFE}{MAIL}user = \"u\"\npassword = 123456"))),
        (
            "a secret in two places",
            and(&format!("{SAFE}{MAIL}user = \"u\"\npassword = {{ file = \"a\", env = \"B\" }}")),
        ),
        (
            "a secret in an address",
            and(&format!("{SAFE}{MAIL}").replace("smtps://", "smtps://me:hunter2@")),
        ),
        ("a user without a password", and(&format!("{SAFE}{MAIL}user = \"u\""))),
        (
            "messages to files",
            and(&format!("{SAFE}[notifier.out]\nkind = \"file\"\npath = \"outbox\"")),
        ),
        ("messages to the console", and(&format!("{SAFE}[notifier.out]\nkind = \"console\""))),
        ("two directories and nobody who administers", and("[directory.customers]")),
        ("a route that is open", and("level = 0")),
        ("a file of a later format", format!("version = 2\n{MINIMAL}")),
    ]
}

/// Several files, by what is wrong with them.
fn several_files() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    vec![
        (
            "weaker by a later file",
            vec![
                ("scoregate.toml", and("level = 30\n[directory.staff.authentication]\nrequired_level = 30\nprobation = \"24h\"")),
                (
                    "conf.d/90-local.toml",
                    "[directory.staff.authentication]\nrequired_level = 25\nprobation = \"1h\" # scoregate: allow weaker\n".into(),
                ),
            ],
        ),
        (
            "everything of all files at once",
            vec![
                ("scoregate.toml", edited("0.0.0.0:443", "0.0.0.0")),
                ("conf.d/20-intranet.toml", "[route.intranet]\nhost = \"portal.example.org\"\nupstream = \"http://127.0.0.1:1\"\ndirectory = \"staff\"\n".into()),
                ("conf.d/30-misc.toml", "[session]\nidle_timeout = 30\n\n[route.other]\nupstream = \"grafana\"\ndirectory = \"staff\"\n".into()),
            ],
        ),
        (
            "a file that is not TOML does not make the others seem incomplete",
            vec![
                ("scoregate.toml", edited("[route.portal]", "[route.portal")),
                ("conf.d/10-more.toml", "[route.portal]\nlevel = \"x\"\n".into()),
            ],
        ),
        ("a file with another ending", vec![("scoregate.toml", MINIMAL.into()), ("conf.d/10-more.yaml", String::new())]),
        ("no file", vec![]),
    ]
}

const CODES: [&str; 44] = [
    "E0001", "E0002", "E0003", "E0004", "E0101", "E0102", "E0103", "E0104", "E0105", "E0106",
    "E0107", "E0109", "E0110", "E0201", "E0202", "E0203", "E0204", "E0206", "E0207", "E0208",
    "E0209", "E0211", "E0215", "E0216", "E0301", "E0302", "E0401", "E0402", "E0404", "E0501",
    "E0502", "E0701", "E0703", "E0901", "W0210", "W0212", "W0303", "W0305", "W0306", "W0403",
    "W0601", "W0701", "W0704", "W0801",
];

#[test]
fn every_message_is_as_it_was_agreed() {
    let mut all = String::new();
    let mut codes = BTreeSet::new();
    let mut add = |name: &str, folder: &Folder, loaded: &Loaded| {
        codes.extend(loaded.diagnostics.iter().map(|found| found.code));
        let _ = write!(all, "### {name}\n\n{}", folder.print(loaded));
    };
    for (name, text) in single_files() {
        let (folder, loaded) = load_text(&text);
        add(name, &folder, &loaded);
    }
    for (name, files) in several_files() {
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let folder = Folder::with(&files);
        add(name, &folder, &load(&folder.request()));
    }
    for (name, variables) in variables() {
        let folder = Folder::with(&[("scoregate.toml", MINIMAL)]);
        let mut request = folder.request();
        request.environment =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        add(name, &folder, &load(&request));
    }
    for (name, folder, request) in machines() {
        add(name, &folder, &load(&request));
    }
    let _ = write!(all, "{}", occupied(&mut codes));
    insta::assert_snapshot!("messages", all);
    let expected: BTreeSet<&str> = CODES.into_iter().chain(["W0802"]).collect();
    assert_eq!(codes, expected);
    for secret in ["hunter2", "123456"] {
        assert!(!all.contains(secret), "a secret was printed");
    }
}

/// The environment, by what is wrong with it.
fn variables() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    vec![
        ("a variable with a wrong value", vec![("SCOREGATE_ROUTE__PORTAL__LEVEL", "thirty")]),
        ("a variable out of range", vec![("SCOREGATE_ROUTE__PORTAL__LEVEL", "1001")]),
        ("a variable that is no setting", vec![("SCOREGATE_LISTEN__HTTPS__ADRESS", "x")]),
        ("a variable that resembles none", vec![("SCOREGATE_HOME", "/x")]),
        ("a variable of a later version", vec![("SCOREGATE_API__HOST", "x")]),
        ("a variable that is a section", vec![("SCOREGATE_LISTEN__HTTPS", "x")]),
        ("a variable that is no list", vec![("SCOREGATE_ROUTE__PORTAL__ROLES", "a,b")]),
        ("a secret in a variable", vec![("SCOREGATE_NOTIFIER__MAIL__PASSWORD", "hunter2")]),
        ("a secret in a misspelt variable", vec![("SCOREGATE_NOTIFIER__MAIL__PASWORD", "hunter2")]),
        ("a variable for half a route", vec![("SCOREGATE_ROUTE__NEW__LEVEL", "30")]),
    ]
}

/// What the machine has, by what is wrong with it.
fn machines() -> Vec<(&'static str, Folder, LoadRequest)> {
    let mail = |password: &str| {
        let tls = "cert.pem";
        let text = and(&format!("{SAFE}{MAIL}user = \"u\"\npassword = {password}"));
        let text = text.replace("/etc/scoregate/tls/fullchain.pem", tls);
        text.replace("/etc/scoregate/tls/privkey.pem", "key.pem")
    };
    let with = |name, password: &str, change: &dyn Fn(&Folder, &mut LoadRequest)| {
        let folder = Folder::with(&[("scoregate.toml", &mail(password)), ("empty.pem", "")]);
        write_pair(folder.path(), "portal.example.org");
        let mut request = folder.request();
        request.check_environment = true;
        change(&folder, &mut request);
        (name, folder, request)
    };
    let secret = "{ file = \"secret\" }";
    let good = |folder: &Folder| write(folder, "secret", "hunter2\n", 0o600);
    vec![
        with("a secret that is not there", secret, &|_, _| {}),
        with("a secret that others can read", secret, &|folder, _| {
            write(folder, "secret", "hunter2\n", 0o644);
        }),
        with("an empty secret", secret, &|folder, _| write(folder, "secret", "\n", 0o600)),
        with("a credential without systemd", "{ credential = \"smtp\" }", &|_, _| {}),
        with("a variable that is not set", "{ env = \"SMTP_PASSWORD\" }", &|_, _| {}),
        with("a key of another certificate", secret, &|folder, _| {
            good(folder);
            let other = tempfile::tempdir().unwrap();
            write_pair(other.path(), "portal.example.org");
            std::fs::copy(other.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
        }),
        with("a certificate that is not there", secret, &|folder, _| {
            good(folder);
            std::fs::remove_file(folder.path().join("cert.pem")).unwrap();
        }),
        with("a file that is no certificate", secret, &|folder, _| {
            good(folder);
            std::fs::copy(folder.path().join("key.pem"), folder.path().join("cert.pem")).unwrap();
        }),
        with("a key that is not there", secret, &|folder, _| {
            good(folder);
            std::fs::remove_file(folder.path().join("key.pem")).unwrap();
        }),
        with("a certificate of the past", secret, &|folder, request| {
            good(folder);
            request.now = Timestamp::from_millis(2_000_000_000_000);
        }),
        with("a certificate for another host", secret, &|folder, _| {
            good(folder);
            write_pair(folder.path(), "example.org");
        }),
        with("nothing is wrong", secret, &|folder, _| good(folder)),
    ]
}

/// What another program does with a port: what is said of it, with the port and the program of every
/// run given the same names.
fn occupied(codes: &mut BTreeSet<&'static str>) -> String {
    let other = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let own = std::fs::read_to_string("/proc/self/comm").unwrap();
    let own = format!("{} (pid {})", own.trim(), std::process::id());
    let mut all = String::new();
    for (name, from, to) in [
        ("an address that another program has", "0.0.0.0:443", format!("0.0.0.0:{port}")),
        (
            "an address of administrators that another program has",
            "[route.portal]",
            format!("[admin]\naddress = \"127.0.0.1:{port}\"\n[route.portal]"),
        ),
        ("a portal that is open to others", "127.0.0.1:3000", format!("127.0.0.1:{port}")),
    ] {
        let text = edited(from, &to).replace("/etc/scoregate/tls/fullchain.pem", "cert.pem");
        let text = text.replace("/etc/scoregate/tls/privkey.pem", "key.pem");
        let folder = Folder::with(&[("scoregate.toml", &text)]);
        write_pair(folder.path(), "portal.example.org");
        let loaded = load(&LoadRequest { check_environment: true, ..folder.request() });
        codes.extend(loaded.diagnostics.iter().map(|found| found.code));
        let printed = folder.print(&loaded).replace(&own, "nginx (pid 812)");
        // As long as the ports that the system gives, so that the marks stand where they stood.
        let printed = printed.replace(&port, "18443");
        let _ = write!(all, "### {name}\n\n{printed}");
    }
    all
}

fn write(folder: &Folder, name: &str, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.path().join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A certificate for a host, good from 2025 to 2030, and its key.
fn write_pair(folder: &Path, host: &str) {
    use std::os::unix::fs::PermissionsExt;
    let mut params = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.join("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(folder.join("key.pem"), private).unwrap();
}

#[test]
fn a_machine_that_has_all_it_needs_gives_a_configuration_with_its_secret() {
    let (_, folder, request) = machines().pop().unwrap();
    let loaded = load(&request);
    let printed = folder.print(&loaded);
    let config = loaded.config.unwrap_or_else(|| panic!("{printed}"));
    let crate::config::NotifierConfig::Smtp(smtp) = &config.notifiers["mail"] else {
        panic!("not smtp")
    };
    assert_eq!(smtp.password.as_ref().map(|secret| secret.reveal().as_str()), Some("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn plain_secrets_are_taken_where_they_were_allowed_and_shown_nowhere() {
    let text = and(&format!("{SAFE}{MAIL}user = \"u\"\npassword = \"hunter2\""));
    let folder = Folder::with(&[("scoregate.toml", &text)]);
    let mut request = folder.request();
    request.allow_plain_secrets = true;
    let loaded = load(&request);
    let shown = crate::config::show(&loaded, true);
    assert!(shown.contains("password = \"***\"") && !shown.contains("hunter2"), "{shown}");
    assert!(!format!("{loaded:?}").contains("hunter2"));
    let config = loaded.config.unwrap();
    let crate::config::NotifierConfig::Smtp(smtp) = &config.notifiers["mail"] else {
        panic!("not smtp")
    };
    assert_eq!(smtp.password.as_ref().map(|secret| secret.reveal().as_str()), Some("hunter2"));
}

#[test]
fn the_same_problem_reads_in_three_formats() {
    let (folder, loaded) = load_text(&edited("upstream ", "upsteam "));
    let file = folder.path().join("scoregate.toml").display().to_string();
    let json: serde_json::Value =
        serde_json::from_str(loaded.render(Format::Json).trim_end()).unwrap();
    let expected = serde_json::json!({
        "code": "E0101",
        "severity": "error",
        "message": "unknown setting `upsteam` in [route.portal]",
        "file": file,
        "line": 10,
        "column": 1,
        "end_column": 8,
        "path": "route.portal.upsteam",
        "help": ["did you mean `upstream`?"],
    });
    assert_eq!(json, expected);
    assert_eq!(
        loaded.render(Format::Github),
        format!(
            "::error file={file},line=10,col=1,title=E0101::unknown setting `upsteam` in \
             [route.portal]%0Ahelp: did you mean `upstream`?\n"
        )
    );
    assert_eq!(loaded.summary(), "1 error, 0 warnings");
    assert_eq!(loaded.count(Severity::Error), 1);
}

#[test]
fn no_slip_of_the_finger_prints_a_secret() {
    let lines = [
        "[notifier.mail]\npassword = \"hunter2\"\n",
        "[notifier.mail]\nkind = \"smtp\"\npassword = { value = \"hunter2\" }\n",
        "[notifier.mail.password]\nvalue = \"hunter2\"\n",
        "notifier.mail = { kind = \"smtp\", password = \"hunter2\" }\n",
        "[notifier.mail]\nurl = \"smtp://me:hunter2@mail.example.org\"\n",
        "[notifier.mail]\npassword = '''\nhunter2'''\n",
    ];
    let folder = Folder::with(&[]);
    let mut leaks = Vec::new();
    for text in lines {
        let secret = text.find("hunter2").unwrap();
        let outside = (0..text.len()).filter(|at| !(secret..secret + 7).contains(at));
        for at in outside {
            let (before, after) = text.split_at(at);
            let (lost, doubled) = (&after[1..], &after[..1]);
            for broken in [format!("{before}{lost}"), format!("{before}{doubled}{after}")] {
                std::fs::write(folder.path().join("scoregate.toml"), &broken).unwrap();
                let loaded = load(&folder.request());
                assert!(loaded.config.is_none());
                for format in [Format::Text { coloured: false }, Format::Json, Format::Github] {
                    let printed = loaded.render(format);
                    if printed.contains("hunter2") {
                        leaks.push(format!("{broken}\n{printed}"));
                    }
                }
                if format!("{loaded:?}").contains("hunter2") {
                    leaks.push(broken);
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}
