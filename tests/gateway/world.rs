//! A whole gateway for one test: a folder with certificate and configuration, a portal that writes down
//! what arrives, and the real process, which is killed by its id when the test ends. Not here: what
//! people do with it (`person`).

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tempfile::TempDir;

use super::upstream::Upstream;
use super::wire::Road;

pub(crate) const HOST: &str = "portal.example.org";
/// Passes the rules for passwords; every user of a test has one of their own.
pub(crate) fn password_of(name: &str) -> String {
    format!("the long phrase of {name}")
}

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` gives something; looks again every few milliseconds.
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A gateway that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Closed with the gateway.
    _stdin: Option<ChildStdin>,
    pub(crate) https: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) ops: SocketAddr,
    pub(crate) admin: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Running {
    /// Of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let done = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(done.success(), "{name} could not be sent");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that one test needs.
#[derive(Debug)]
pub(crate) struct World {
    folder: TempDir,
    pub(crate) upstream: Upstream,
    client: Arc<ClientConfig>,
    running: Option<Running>,
    /// The logs of gateways that have ended.
    earlier_logs: Mutex<String>,
}

const ADMIN_RULE: &str = "[route.portal.rule.admin]\npath = \"/admin\"\nlevel = 40\n";

impl World {
    /// A folder and a portal; nothing runs yet.
    pub(crate) fn prepare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        write_private(&folder.path().join("key.pem"), &made.signing_key.serialize_pem());
        let client = client_that_trusts(made.cert.der().clone());
        let upstream = Upstream::start();
        let world =
            Self { folder, upstream, client, running: None, earlier_logs: Mutex::default() };
        world.write_config(&world.config());
        world
    }

    /// The same with these users, who have a password and a mailbox, and running.
    pub(crate) fn with_users(names: &[&str]) -> Self {
        let mut world = Self::prepare();
        world.run();
        for name in names {
            world.add_user(name);
        }
        world
    }

    /// The configuration of every test, which a test may change before it is read.
    pub(crate) fn config(&self) -> String {
        format!(
            r#"[listen.https]
address = "127.0.0.1:0"
tls.cert = "cert.pem"
tls.key = "key.pem"
[listen.http]
address = "127.0.0.1:0"
serve = "routes"
[listen.ops]
address = "127.0.0.1:0"
[admin]
address = "127.0.0.1:0"
[store]
path = "store"
[directory.staff]
[notifier.outbox]
kind = "file"
path = "outbox"
[limits]
sign_in_per_ip = "100000/m"
connections_per_address = 5000
[log]
level = "info"
[route.portal]
host = "{HOST}"
upstream = "http://{}"
directory = "staff"
[route.portal.rule.public]
path = "/public"
public = true
{ADMIN_RULE}"#,
            self.upstream.address
        )
    }

    pub(crate) fn write_config(&self, text: &str) {
        fs::write(self.config_file(), text).unwrap();
    }

    /// Changes what was written last.
    pub(crate) fn change_config(&self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.config_file()).unwrap();
        let changed = change(text.clone());
        assert_ne!(changed, text);
        self.write_config(&changed);
    }

    /// A file that only its owner reads, in the folder of the configuration.
    pub(crate) fn write_private(&self, name: &str, text: &str) {
        write_private(&self.path(name), text);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config_file(&self) -> PathBuf {
        self.path("scoregate.toml")
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scoregate"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config_file())
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn command(&self, arguments: &[&str], typed: &str) -> Done {
        let mut child = self.program(arguments).spawn().unwrap();
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Done { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs a command that has to succeed, and gives what it printed.
    pub(crate) fn operate(&self, arguments: &[&str]) -> String {
        let done = self.command(arguments, "");
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        done.out
    }

    pub(crate) fn add_user(&self, name: &str) {
        let email = email_of(name);
        let arguments =
            ["user", "add", name, "--directory", "staff", "--email", &email, "--password-stdin"];
        let done = self.command(&arguments, &format!("{}\n", password_of(name)));
        assert_eq!(done.code, Some(0), "{done:?}");
    }

    /// Adds a user without a password; gives the path of the set-up link.
    pub(crate) fn add_invited(&self, name: &str) -> String {
        let email = email_of(name);
        let out = self.operate(&["user", "add", name, "--directory", "staff", "--email", &email]);
        link_path(&out)
    }

    /// Starts the gateway and waits until everything accepts.
    pub(crate) fn run(&mut self) {
        self.running = Some(self.started().unwrap_or_else(|done| panic!("not ready: {done:?}")));
    }

    /// Starts the gateway, or says why it ended.
    pub(crate) fn started(&self) -> Result<Running, Done> {
        let mut child = self.program(&["run"]).spawn().unwrap();
        let log: Arc<Mutex<String>> = Arc::default();
        let stdin = child.stdin.take();
        let (lines, _) = lines_of(child.stdout.take().unwrap());
        let reader = keep(child.stderr.take().unwrap(), log.clone());
        let mut addresses = Vec::new();
        while addresses.len() < 4 {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => addresses.extend(
                    line.strip_prefix("ready ")
                        .and_then(|line| line.split(' ').nth(1)?.parse::<SocketAddr>().ok()),
                ),
                Err(RecvTimeoutError::Disconnected) => {
                    let code = child.wait().unwrap().code();
                    reader.join().unwrap();
                    let err = log.lock().unwrap().clone();
                    return Err(Done { code, out: String::new(), err });
                }
                Err(RecvTimeoutError::Timeout) => {
                    let _ = child.kill();
                    panic!("neither ready nor ended: {}", log.lock().unwrap());
                }
            }
        }
        Ok(Running {
            child,
            _stdin: stdin,
            https: addresses[0],
            http: addresses[1],
            ops: addresses[2],
            admin: addresses[3],
            log,
        })
    }

    /// Ends the gateway without any warning.
    pub(crate) fn kill(&mut self) {
        let mut running = self.running.take().expect("a gateway runs");
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        self.earlier_logs.lock().unwrap().push_str(&running.log.lock().unwrap());
    }

    /// Asks the gateway to stop, and waits until it has.
    pub(crate) fn stop(&mut self) {
        let mut running = self.running.take().expect("a gateway runs");
        running.signal("TERM");
        let ended = wait_for("the gateway stops", || running.child.try_wait().unwrap());
        assert_eq!(ended.code(), Some(0), "{}", running.log.lock().unwrap());
        self.earlier_logs.lock().unwrap().push_str(&running.log.lock().unwrap());
    }

    /// Tells the gateway to read its configuration again.
    pub(crate) fn hang_up(&self) {
        self.running().signal("HUP");
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("a gateway runs")
    }

    /// Everything that was logged, by every gateway of this world.
    pub(crate) fn log(&self) -> String {
        let earlier = self.earlier_logs.lock().unwrap().clone();
        let now = self.running.as_ref().map(|one| one.log.lock().unwrap().clone());
        earlier + &now.unwrap_or_default()
    }

    pub(crate) fn tls(&self) -> Road {
        Road::Tls(self.running().https, self.client.clone())
    }

    /// A client that speaks HTTP/2 to the https listener.
    pub(crate) fn h2_client(&self) -> reqwest::Client {
        let mut config = (*self.client).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .resolve(HOST, self.running().https)
            .no_proxy()
            .build()
            .unwrap()
    }

    /// The https listener for a client that speaks HTTP/2.
    pub(crate) fn h2(&self) -> Road {
        let mut config = (*self.client).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Road::Tls(self.running().https, Arc::new(config))
    }

    /// The https listener for a client that names no host in its handshake.
    pub(crate) fn tls_without_name(&self) -> Road {
        let mut config = (*self.client).clone();
        config.enable_sni = false;
        Road::Tls(self.running().https, Arc::new(config))
    }

    /// The certificate that the https listener shows, to a client that believes anything.
    pub(crate) fn peer_certificate(&self) -> Vec<u8> {
        #[derive(Debug)]
        struct Anything(Arc<rustls::crypto::CryptoProvider>);
        impl ServerCertVerifier for Anything {
            fn verify_server_cert(
                &self,
                _: &CertificateDer<'_>,
                _: &[CertificateDer<'_>],
                _: &ServerName<'_>,
                _: &[u8],
                _: UnixTime,
            ) -> Result<ServerCertVerified, rustls::Error> {
                Ok(ServerCertVerified::assertion())
            }
            fn verify_tls12_signature(
                &self,
                _: &[u8],
                _: &CertificateDer<'_>,
                _: &DigitallySignedStruct,
            ) -> Result<HandshakeSignatureValid, rustls::Error> {
                Ok(HandshakeSignatureValid::assertion())
            }
            fn verify_tls13_signature(
                &self,
                _: &[u8],
                _: &CertificateDer<'_>,
                _: &DigitallySignedStruct,
            ) -> Result<HandshakeSignatureValid, rustls::Error> {
                Ok(HandshakeSignatureValid::assertion())
            }
            fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
                self.0.signature_verification_algorithms.supported_schemes()
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let config = builder
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anything(provider)))
            .with_no_client_auth();
        let name = ServerName::try_from(HOST).unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut socket = std::net::TcpStream::connect(self.running().https).unwrap();
        while client.is_handshaking() {
            client.complete_io(&mut socket).unwrap();
        }
        client.peer_certificates().unwrap()[0].to_vec()
    }

    pub(crate) fn plain(&self) -> Road {
        Road::Plain(self.running().http)
    }

    /// What the listener for operators says: status and body.
    pub(crate) fn ops(&self, path: &str) -> (u16, String) {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let response = Road::Plain(self.running().ops).ask(request.as_bytes()).unwrap();
        (response.status, response.text())
    }

    /// The messages that were sent to this user, oldest first, as `{kind, text, ...}`.
    pub(crate) fn messages_to(&self, name: &str) -> Vec<serde_json::Value> {
        let Ok(folder) = fs::read_dir(self.path("outbox")) else { return Vec::new() };
        let mut files: Vec<PathBuf> = folder.map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "json"));
        files.sort();
        let read = |file: &PathBuf| serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let mut messages: Vec<serde_json::Value> = files.iter().map(read).collect();
        messages.retain(|message| message["to"] == email_of(name));
        messages
    }

    /// The codes that were sent to this user, oldest first.
    pub(crate) fn codes_to(&self, name: &str) -> Vec<String> {
        let messages = self.messages_to(name);
        let codes = messages.iter().filter(|message| message["kind"] == "code");
        codes.map(|message| six_digits(message["text"].as_str().unwrap())).collect()
    }

    /// Every line of the audit, as text.
    pub(crate) fn audit(&self) -> String {
        fs::read_to_string(self.path("store/audit.jsonl")).unwrap_or_default()
    }
}

pub(crate) fn email_of(name: &str) -> String {
    format!("{name}@mail.example.net")
}

/// The path of the link that a command printed.
pub(crate) fn link_path(printed: &str) -> String {
    let at = printed.find("/.scoregate/link/").unwrap_or_else(|| panic!("no link: {printed}"));
    printed[at..].split_whitespace().next().unwrap().to_owned()
}

/// The only run of exactly six digits.
fn six_digits(text: &str) -> String {
    let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 6);
    let runs: Vec<&str> = runs.collect();
    assert_eq!(runs.len(), 1, "{text}");
    runs[0].to_owned()
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

fn client_that_trusts(certificate: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

fn lines_of(output: impl Read + Send + 'static) -> (Receiver<String>, JoinHandle<()>) {
    let (sender, lines) = channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Read on when nobody listens any more, or the pipe fills up.
            let _ = sender.send(line);
        }
    });
    (lines, reader)
}

fn keep(output: impl Read + Send + 'static, log: Arc<Mutex<String>>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    })
}
