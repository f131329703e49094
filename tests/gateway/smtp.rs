//! The SMTP notifier against a real SMTP server (`tests/smtp/server.py`), which each test starts on a
//! loopback port of its own. On several threads, since a test waits for the server while the notifier
//! takes leave of it. Not here: what a mail says, and the queue before the notifier.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use scoregate::config::{Smtp, SmtpEncryption};
use scoregate::notify::{
    DeliveryError, Message, MessageKind, Notifier, NotifierChannel, SmtpNotifier,
};
use scoregate::secret::Secret;
use tempfile::TempDir;

/// A running server. Closing its standard input, which dropping does, ends it.
struct Server {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    port: u16,
}

/// The server is installed once, not by every test at the same time.
static INSTALLED: LazyLock<()> = LazyLock::new(|| {
    let done = python().args(["-c", ""]).status().unwrap();
    assert!(done.success(), "the SMTP server for the tests could not be installed: {done}");
});

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/smtp")
}

fn python() -> Command {
    Command::new(folder().join("python"))
}

impl Server {
    fn start(options: &[&str]) -> Self {
        LazyLock::force(&INSTALLED);
        let mut child = python()
            .arg(folder().join("server.py"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().expect("the server names its port").unwrap().parse().unwrap();
        Self { child, lines, port }
    }

    /// The next message that it accepted; waits for it.
    fn accepted(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.lines.next().expect("a message").unwrap()).unwrap()
    }

    /// Ends the server. What it accepted and nobody asked for.
    fn left(mut self) -> usize {
        drop(self.child.stdin.take());
        let left = self.lines.by_ref().count();
        self.child.wait().unwrap();
        left
    }

    fn settings(&self, encryption: SmtpEncryption) -> Smtp {
        Smtp {
            host: "localhost".into(),
            port: self.port,
            encryption,
            from: "Example <no-reply@example.org>".into(),
            user: None,
            password: None,
            ca: None,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A CA of our own and a certificate for `localhost` by it, as files.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &ca)
            .unwrap();
        std::fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
        std::fs::write(folder.path().join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).into_os_string().into_string().unwrap()
    }

    fn server(&self, tls: &str, more: &[&str]) -> Server {
        let (cert, key) = (self.path("cert.pem"), self.path("key.pem"));
        let mut options = vec!["--tls", tls, "--cert", &cert, "--key", &key];
        options.extend(more);
        Server::start(&options)
    }

    fn settings(&self, server: &Server, encryption: SmtpEncryption) -> Smtp {
        Smtp { ca: Some(self.path("ca.pem").into()), ..server.settings(encryption) }
    }
}

fn message(to: &str) -> Message {
    Message {
        channel: NotifierChannel::Email,
        to: to.into(),
        subject: Some("Jouw inlogcode voor Café".into()),
        text: "Nog één stap:\n\n    123456\n".into(),
        kind: MessageKind::Code,
    }
}

async fn deliver(settings: &Smtp, to: &str) -> Result<(), DeliveryError> {
    SmtpNotifier::new("mail".into(), settings).unwrap().deliver(&message(to)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_arrives_at_one_recipient_as_plain_text() {
    let mut server = Server::start(&[]);
    deliver(&server.settings(SmtpEncryption::None), "anna@example.org").await.unwrap();
    let accepted = server.accepted();
    assert_eq!(accepted["from"], "no-reply@example.org");
    assert_eq!(accepted["to"], serde_json::json!(["anna@example.org"]));
    let data = accepted["data"].as_str().unwrap();
    let (head, body) = data.split_once("\r\n\r\n").unwrap();
    for line in [
        "From: Example <no-reply@example.org>",
        "To: anna@example.org",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(head.lines().any(|is| is == line), "{line} is missing in\n{head}");
    }
    let id = head.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap();
    assert!(id.starts_with('<') && id.ends_with("@example.org>"), "{id}");
    assert!(head.contains("\r\nDate: "), "{head}");
    assert!(!head.contains("123456"), "the code is in the head:\n{head}");
    assert!(body.contains("123456"), "{body}");
    assert_eq!(server.left(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_tls_from_the_first_byte_and_with_starttls_the_message_and_the_password_are_encrypted()
{
    let certificates = Certificates::new();
    for (tls, encryption) in [("tls", SmtpEncryption::Tls), ("starttls", SmtpEncryption::StartTls)]
    {
        let mut server =
            certificates.server(tls, &["--user", "gateway", "--password", "open sesame"]);
        let settings = Smtp {
            user: Some("gateway".into()),
            password: Some(Secret::new("open sesame".into())),
            ..certificates.settings(&server, encryption)
        };
        deliver(&settings, "anna@example.org").await.unwrap();
        let accepted = server.accepted();
        assert_eq!(
            (&accepted["tls"], &accepted["user"]),
            (&true.into(), &"gateway".into()),
            "{tls}"
        );

        let wrong = Smtp { password: Some(Secret::new("open barley".into())), ..settings };
        let delivered = deliver(&wrong, "anna@example.org").await;
        // It is we who are not let in: no other message would fare better.
        assert!(matches!(delivered, Err(DeliveryError::Unreachable(_))), "{delivered:?}");
        assert_eq!(server.left(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_show_who_it_is_gets_no_message() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    for (tls, encryption) in [("tls", SmtpEncryption::Tls), ("starttls", SmtpEncryption::StartTls)]
    {
        let server = theirs.server(tls, &[]);
        for settings in [
            ours.settings(&server, encryption),
            // The system's roots know neither.
            server.settings(encryption),
            // The right CA, and a name that the certificate does not have.
            Smtp { host: "127.0.0.1".into(), ..theirs.settings(&server, encryption) },
        ] {
            let delivered = deliver(&settings, "anna@example.org").await;
            assert!(matches!(delivered, Err(DeliveryError::Unreachable(_))), "{delivered:?}");
        }
        assert_eq!(server.left(), 0, "{tls}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_starttls_gets_no_message_where_it_is_required() {
    let server = Server::start(&[]);
    let delivered = deliver(&server.settings(SmtpEncryption::StartTls), "anna@example.org").await;
    assert!(matches!(delivered, Err(DeliveryError::Unreachable(_))), "{delivered:?}");
    assert_eq!(server.left(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_the_server_does_not_know_is_refused_and_a_server_that_is_gone_unreachable()
{
    let server = Server::start(&["--refuse", "nobody"]);
    let settings = server.settings(SmtpEncryption::None);
    let delivered = deliver(&settings, "nobody@example.org").await;
    assert!(matches!(delivered, Err(DeliveryError::Refused(_))), "{delivered:?}");
    assert_eq!(server.left(), 0);
    let delivered = deliver(&settings, "anna@example.org").await;
    assert!(matches!(delivered, Err(DeliveryError::Unreachable(_))), "{delivered:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_as_an_address_never_reaches_a_second_mailbox() {
    let mut server = Server::start(&[]);
    let settings = server.settings(SmtpEncryption::None);
    for to in [
        "anna@example.org\r\nBcc: eve@example.org",
        "anna@example.org>\r\nRCPT TO:<eve@example.org",
        "anna@example.org,eve@example.org",
        "anna@example.org eve@example.org",
    ] {
        let delivered = deliver(&settings, to).await;
        assert!(matches!(delivered, Err(DeliveryError::Refused(_))), "{to:?}: {delivered:?}");
    }
    deliver(&settings, "j\u{f6}rg@example.org").await.unwrap();
    assert_eq!(server.accepted()["to"], serde_json::json!(["j\u{f6}rg@example.org"]));
    assert_eq!(server.left(), 0);
}
