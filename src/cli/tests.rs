//! Tests of the command line: what is parsed, and what is said.

use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use clap::CommandFactory;

use super::*;
use crate::control::ControlListener;
use crate::operations::Operator;
use crate::operations::fakes::{House, house};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// The rest of the program: a store in memory, or one that another process has.
struct Rest {
    house: House,
    folder: tempfile::TempDir,
    is_locked: bool,
    checked: Checked,
}

fn rest() -> Rest {
    let folder = tempfile::tempdir().unwrap();
    Rest { house: house(), folder, is_locked: false, checked: Checked::default() }
}

#[async_trait(?Send)]
impl Program for Rest {
    fn run(&self, args: &RunArgs, _: &ConfigSource, to: &mut Terminal) -> Result<(), Failure> {
        to.line(format_args!("run {:?}", args.host))
    }

    fn demo(&self, args: &DemoArgs, to: &mut Terminal) -> Result<(), Failure> {
        to.line(format_args!("demo {}", args.listen))
    }

    fn check(&self, _: &CheckArgs, _: &ConfigSource, _: bool) -> Result<Checked, Failure> {
        Ok(self.checked.clone())
    }

    fn show_config(&self, source: &ConfigSource, _: bool) -> Result<String, Failure> {
        Ok(format!("{:?}", source.overrides))
    }

    fn config_schema(&self) -> String {
        "{}".to_owned()
    }

    fn config_reference(&self) -> String {
        "# Settings\n".to_owned()
    }

    fn store_folder(&self, source: &ConfigSource) -> Result<PathBuf, Failure> {
        match &source.file {
            Some(file) if file.ends_with("wrong.toml") => {
                Err(Failure::Configuration("wrong.toml: nothing in it is right".to_owned()))
            }
            _ => Ok(self.folder.path().to_owned()),
        }
    }

    fn audit_file(&self, _: &ConfigSource) -> Result<PathBuf, Failure> {
        Ok(self.folder.path().join("audit.jsonl"))
    }

    async fn operator(&self, _: &ConfigSource) -> Result<Option<Operator>, Failure> {
        Ok((!self.is_locked).then(|| Operator::clone(&self.house.operator)))
    }
}

#[derive(Debug, PartialEq)]
struct Said {
    code: u8,
    out: String,
    err: String,
}

impl Rest {
    fn says(&self, line: &str) -> Said {
        self.says_with(line, "", false)
    }

    fn says_with(&self, line: &str, input: &str, can_ask: bool) -> Said {
        let (out, err) = (Kept::default(), Kept::default());
        let mut terminal = Terminal {
            out: Box::new(out.clone()),
            err: Box::new(err.clone()),
            input: Box::new(Cursor::new(input.to_owned())),
            in_colour: false,
            can_ask,
            zone: jiff::tz::TimeZone::UTC,
        };
        let arguments = std::iter::once("scoregate").chain(line.split_whitespace());
        let code = run_with(arguments, self, &mut terminal);
        Said { code, out: out.text(), err: err.text() }
    }
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_shows_two_examples() {
    fn look(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        if command.get_name() != "help" {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = help.lines().filter(|line| line.contains("scoregate ")).count();
            assert!(examples >= 2, "{path} has {examples} examples:\n{help}");
            assert!(command.get_about().is_some(), "{path} does not say what it does");
        }
        for inner in command.get_subcommands() {
            look(inner, &path);
        }
    }
    look(&Cli::command(), "");
}

#[test]
fn the_first_help_reads_well() {
    let said = rest().says("--help");
    assert_eq!((said.code, &*said.err), (0, ""));
    insta::assert_snapshot!(said.out, @r"
    Puts sign-in in front of a web portal that exists already.

    Each method that a person completes gives points; each page says how many it asks for.

    Usage: scoregate [OPTIONS] <COMMAND>

    Commands:
      demo         Shows everything in memory on this machine: a demo portal, four users, an inbox, the administrators' portal
      run          Runs the gateway
      check        Says everything that is wrong with configuration files, with the place and what to do
      explain      Says whether a request would be let in, and why
      user         Adds, shows and changes users; acts at once, whether or not the gateway runs
      session      Lists and ends sessions; acts at once, whether or not the gateway runs
      keys         Changes the keys that sign cookies, forms and assertions
      recover      The way back in; works with the gateway down
      reload       Has the running gateway read its configuration anew, all or nothing
      status       Shows how the running gateway is
      config       Shows the configuration, and what it can hold
      certs        Makes certificates
      audit        Looks after the audit file
      completions  Prints completions for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>
              The configuration file; without: the one that the variable SCOREGATE_CONFIG names

          --set <SETTING=VALUE>
              Overrides one setting, such as `log.level=debug`; can be given several times

          --allow-plain-secrets
              Takes secrets that are written in the file. For a try-out only

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Examples:
      scoregate demo
      scoregate run --config scoregate.toml

    Exit codes: 0 done, 1 no, 2 usage, 69 not reachable, 78 configuration
    ");
}

#[test]
fn usage_is_told_with_exit_2_and_what_was_meant() {
    let rest = rest();
    for (line, meant) in [
        ("usr", "user"),
        ("user lst", "list"),
        ("check --jsn", "--json"),
        ("demo --listen 0.0.0.0:80", "loopback"),
        ("run --host a.example", "--upstream"),
        ("session end", "--all"),
        ("session end a --all", "cannot be used"),
        ("config show --set x", "log.level=debug"),
        ("explain https://portal.example.org/ --user anna --done knock", "not a method"),
        ("explain portal --user anna", "https://"),
        ("user add a --directory staff --role Boss", "not a role name"),
    ] {
        let said = rest.says(line);
        assert_eq!((said.code, &*said.out), (2, ""), "{line}: {said:?}");
        assert!(said.err.contains(meant), "{line}: {}", said.err);
    }
}

#[test]
fn the_command_line_names_the_file_before_the_environment_does() {
    let environment = [("SCOREGATE_CONFIG".to_owned(), "b.toml".to_owned())].into();
    let source = |file: Option<&str>| ConfigSource {
        file: file.map(PathBuf::from),
        ..ConfigSource::default()
    };
    assert_eq!(source(Some("a.toml")).path(&environment), Some("a.toml".into()));
    assert_eq!(source(None).path(&environment), Some("b.toml".into()));
    assert_eq!(source(None).path(&[("SCOREGATE_CONFIG".into(), String::new())].into()), None);
}

#[test]
fn demo_and_run_get_their_arguments() {
    let rest = rest();
    assert_eq!(rest.says("demo").out, "demo 127.0.0.1:8080\n");
    assert_eq!(rest.says("demo --listen localhost:0").out, "demo 127.0.0.1:0\n");
    assert_eq!(rest.says("demo --listen [::1]:1").out, "demo [::1]:1\n");
    let said = rest.says("run --host a.example --upstream http://127.0.0.1:1");
    assert_eq!(said.out, "run Some(\"a.example\")\n");
}

#[test]
fn a_check_fails_on_errors_and_on_warnings_if_told_to() {
    let mut rest = rest();
    let cases = [(0, 0, 0, 0), (1, 0, 78, 78), (0, 1, 0, 78)];
    for (errors, warnings, code, strict) in cases {
        rest.checked = Checked { report: "report\n".to_owned(), errors, warnings };
        let said = rest.says("check");
        assert_eq!(said, Said { code, out: "report\n".to_owned(), err: String::new() });
        assert_eq!(rest.says("check --deny-warnings a.toml b.toml").code, strict);
    }
}

#[test]
fn adding_a_user_prints_the_link_alone_or_with_a_password_nothing() {
    let rest = rest();
    let said = rest.says("user add Anna --directory staff --role finance --email a@example.org");
    assert_eq!((said.code, &*said.err), (0, ""));
    let link = said.out.strip_suffix('\n').unwrap();
    assert!(link.starts_with("https://portal.example.org/.scoregate/link/"), "{link}");
    assert!(!link.contains('\n'));

    let with = |input: &str, name: &str| {
        rest.says_with(&format!("user add {name} --directory staff --password-stdin"), input, false)
    };
    let nothing = Said { code: 0, out: String::new(), err: String::new() };
    assert_eq!(with("correct horse\r\nsecond line\n", "bob"), nothing);
    let hash = |name: &str| {
        let users = rest.house.store.users.lock().unwrap();
        let account = users.values().find(|one| one.user.name.as_str() == name).unwrap();
        account.password.as_ref().map(|password| password.hash.reveal().clone())
    };
    assert_eq!(hash("bob").as_deref(), Some("hash of correct horse"));
    assert_eq!(with("short\n", "carl").code, 1);
    assert_eq!(with("", "carl").code, 2);
    assert_eq!(with(&"x".repeat(5000), "carl").code, 2);
    assert_eq!(with("correct horse\n", "bob").code, 1, "the name is taken");
    assert_eq!(rest.says("user add dora --directory nowhere").code, 1);
    assert_eq!(rest.says("user add dora").code, 2);
}

#[test]
fn users_are_listed_as_a_table_and_as_json() {
    let rest = rest();
    rest.says("user add anna --directory staff --role finance");
    rest.says("user add bob --directory customers");
    assert_eq!(
        rest.says("user list").out,
        "NAME  DIRECTORY  STATE   ROLES    LAST SIGN-IN\n\
         anna  staff      active  finance  never\n\
         bob   customers  active  -        never\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&rest.says("user list --directory staff --json").out).unwrap();
    assert_eq!(json[0]["name"], "anna");
    assert_eq!(json.as_array().unwrap().len(), 1);
    let shown: serde_json::Value =
        serde_json::from_str(&rest.says("user show bob --json").out).unwrap();
    assert_eq!((&shown["name"], &shown["disabled"]), (&"bob".into(), &false.into()));
}

#[test]
fn dangerous_commands_ask_who_is_there_and_trust_scripts() {
    let rest = rest();
    for name in ["anna", "bob", "carl"] {
        rest.says(&format!("user add {name} --directory staff"));
    }
    let no = rest.says_with("user delete anna", "n\n", true);
    assert_eq!(no.code, 1);
    assert!(no.err.starts_with("Delete `anna` and everything they own? [y/N]"), "{}", no.err);
    assert_eq!(rest.says_with("user delete anna", "y\n", true).code, 0);
    assert_eq!(rest.says_with("user delete bob --yes", "", true).code, 0);
    assert_eq!(rest.says("user delete carl").code, 0);
    assert_eq!(rest.says("user delete carl").code, 1);
}

#[test]
fn which_sessions_end_is_said_once_and_the_other_options_go_with_it() {
    let rest = rest();
    rest.says("user add anna --directory staff");
    for line in ["--all --yes", "--user anna --directory staff", "--user anna --yes"] {
        let said = rest.says(&format!("session end {line}"));
        assert_eq!((said.code, &*said.out), (0, "0 sessions ended.\n"), "{line}: {said:?}");
    }
    for line in ["", "--yes", "--user anna --all", "--all --directory staff"] {
        assert_eq!(rest.says(&format!("session end {line}")).code, 2, "{line}");
    }
}

#[test]
fn an_explanation_is_text_or_an_object_with_nulls() {
    let rest = rest();
    rest.says("user add anna --directory staff --email a@example.org");
    let url = "explain https://portal.example.org";
    let said = rest.says(&format!("{url}/ --user anna --done password,email@2m"));
    assert!(
        said.out.starts_with("verdict: allow\nscore: 30\nrequired_level: 30\n"),
        "{}",
        said.out
    );
    let json = |rest_of_line: &str| -> serde_json::Value {
        serde_json::from_str(&rest.says(&format!("{url}{rest_of_line} --json")).out).unwrap()
    };
    let short = json("/payments/ --user anna --done password");
    assert_eq!(short["verdict"], "step-up");
    assert_eq!((&short["missing"], &short["rule"]), (&20.into(), &"payments".into()));
    assert_eq!(json("/open")["score"], serde_json::Value::Null);
    let foreign = rest.says("explain https://other.example/ --json");
    assert_eq!(foreign.code, 0);
    let foreign: serde_json::Value = serde_json::from_str(&foreign.out).unwrap();
    assert_eq!((&foreign["verdict"], &foreign["route"]), (&"refused".into(), &().into()));
    assert_eq!(rest.says(&format!("{url}/ --user nobody")).code, 1);
}

#[test]
fn recovery_prints_the_link_alone() {
    let rest = rest();
    let said = rest.says("recover admin");
    assert_eq!((said.code, &*said.err), (0, ""));
    assert!(said.out.starts_with("https://portal.example.org/.scoregate/link/"), "{}", said.out);
    assert!(rest.house.events().contains(&"recover.used".to_owned()));
}

#[test]
fn a_wrong_configuration_is_78_and_a_gateway_that_is_not_there_69() {
    let rest = rest();
    let said = rest.says("--config wrong.toml user list");
    assert_eq!(said.code, 78);
    assert_eq!(said.err, "error: wrong.toml: nothing in it is right\n");
    assert_eq!(rest.says("user list --config wrong.toml").code, 78);
    for line in ["status", "reload"] {
        let said = rest.says(line);
        assert_eq!((said.code, &*said.out), (69, ""), "{said:?}");
        assert!(said.err.contains("no gateway answers"), "{}", said.err);
    }
}

#[test]
fn a_store_that_a_gateway_has_is_reached_through_its_socket() {
    let mut rest = rest();
    rest.is_locked = true;
    // The running gateway: another thread with the same store.
    let (operator, audit, clock) =
        (rest.house.operator.clone(), rest.house.audit.clone(), rest.house.clock.clone());
    let folder = rest.folder.path().to_owned();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let gateway = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = ControlListener::bind(&folder).unwrap();
            ready.send(()).unwrap();
            tokio::select! {
                () = listener.serve(operator, audit, clock) => {}
                _ = stopped => {}
            }
        });
    });
    is_ready.recv().unwrap();
    assert_eq!(rest.says("user add anna --directory staff").code, 0);
    assert_eq!(
        rest.says("user disable anna").out,
        "anna is disabled, and signed out everywhere.\n"
    );
    assert_eq!(rest.says("user disable bob").code, 1);
    assert_eq!(rest.says("session end --user anna").out, "0 sessions ended.\n");
    stop.send(()).unwrap();
    gateway.join().unwrap();
}

#[test]
fn an_audit_file_that_was_changed_is_found_with_exit_1() {
    let rest = rest();
    let path = rest.folder.path().join("audit.jsonl");
    assert_eq!(rest.says("audit verify").code, 69);
    let audit = crate::audit::Audit::to_file(&path, rest.house.clock.clone()).unwrap();
    for _ in 0..2 {
        let now = crate::points::Timestamp::EPOCH;
        audit.record(crate::audit::Event::new(crate::audit::EventName::SignOut, now));
    }
    drop(audit);
    let said = rest.says("audit verify");
    assert!(said.code == 0 && said.out.contains("2 lines, all as they were written"), "{said:?}");
    let text = std::fs::read_to_string(&path).unwrap().replacen("sign_out", "sign_in!", 1);
    std::fs::write(&path, text).unwrap();
    let said = rest.says("audit verify");
    assert!(said.code == 1 && said.err.contains("line 2"), "{said:?}");
}

#[test]
fn development_certificates_are_right_private_and_not_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let rest = rest();
    let out = rest.folder.path().join("certs");
    let make =
        format!("certs dev --host portal.example.test --host 192.0.2.7 --out {}", out.display());
    let said = rest.says(&make);
    assert_eq!(said.code, 0, "{said:?}");
    for key in ["key.pem", "ca-key.pem"] {
        let mode = std::fs::metadata(out.join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let pem = std::fs::read(out.join("cert.pem")).unwrap();
    let (_, cert) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    let cert = cert.parse_x509().unwrap();
    let names = format!("{:?}", cert.subject_alternative_name().unwrap().unwrap().value);
    assert!(names.contains("portal.example.test") && names.contains("localhost"), "{names}");
    let ca = std::fs::read(out.join("ca.pem")).unwrap();
    let (_, ca) = x509_parser::pem::parse_x509_pem(&ca).unwrap();
    assert_eq!(ca.parse_x509().unwrap().subject(), cert.issuer());

    assert_eq!(rest.says(&make).code, 1);
    assert_eq!(std::fs::read(out.join("cert.pem")).unwrap(), pem);
    assert_eq!(rest.says(&format!("{make} --force")).code, 0);
    assert_ne!(std::fs::read(out.join("cert.pem")).unwrap(), pem);
}

#[test]
fn completions_are_made_for_every_shell() {
    let rest = rest();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = rest.says(&format!("completions {shell}"));
        assert!(said.code == 0 && said.out.contains("recover"), "{shell}");
    }
    assert_eq!(rest.says("completions tcsh").code, 2);
}

#[test]
fn an_output_that_nobody_reads_any_more_is_no_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let err = Kept::default();
    let mut terminal = Terminal {
        out: Box::new(Closed),
        err: Box::new(err.clone()),
        input: Box::new(Cursor::new("")),
        in_colour: false,
        can_ask: false,
        zone: jiff::tz::TimeZone::UTC,
    };
    assert_eq!(run_with(["scoregate", "user", "list"], &rest(), &mut terminal), 0);
    assert_eq!(err.text(), "");
}
