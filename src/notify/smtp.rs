//! E-mail over SMTP (RFC 5321), by `lettre` on rustls. One plain-text message to one recipient. Not
//! here: the queue and the retries (`outbox`).

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{DeliveryError, Message, Notifier, NotifierChannel, NotifierError};
use crate::config::{Smtp, SmtpEncryption};
use crate::random;

/// How long the server may take to let us connect.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take for everything. Ours, since `lettre` bounds the connecting alone.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends each message over a connection of its own.
#[derive(Debug)]
pub struct SmtpNotifier {
    name: String,
    from: Mailbox,
    patience: Duration,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpNotifier {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// The sender is no address, or the file with the server's CA cannot be used.
    pub fn new(name: String, settings: &Smtp) -> Result<Self, NotifierError> {
        let from = settings
            .from
            .parse()
            .map_err(|source| NotifierError::Sender { name: name.clone(), source })?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .timeout(Some(CONNECT_PATIENCE))
            .tls(tls(&name, settings)?);
        if let (Some(user), Some(password)) = (&settings.user, &settings.password) {
            builder =
                builder.credentials(Credentials::new(user.clone(), password.reveal().clone()));
        }
        Ok(Self { name, from, patience: PATIENCE, transport: builder.build() })
    }

    /// Addresses are parsed, so that none can bring a second recipient or a header with it.
    fn compose(&self, message: &Message) -> Result<lettre::Message, DeliveryError> {
        let to: Address = message.to.parse().map_err(refused)?;
        let subject = message.subject.as_deref().unwrap_or_default();
        if subject.chars().any(char::is_control) {
            return Err(DeliveryError::Refused("the subject is more than one line".into()));
        }
        let id =
            format!("<{:032x}@{}>", u128::from_be_bytes(random::bytes()), self.from.email.domain());
        MessageBuilder::new()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .message_id(Some(id))
            // Keeps holiday answers from coming back (RFC 3834, section 5).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.clone())
            .map_err(refused)
    }
}

#[async_trait]
impl Notifier for SmtpNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn carries(&self, channel: NotifierChannel) -> bool {
        channel == NotifierChannel::Email
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let mail = self.compose(message)?;
        tokio::time::timeout(self.patience, self.transport.send(mail))
            .await
            .map_err(|elapsed| DeliveryError::Unreachable(elapsed.into()))?
            .map(|_| ())
            .map_err(|error| sort(error, &message.to))
    }
}

fn tls(name: &str, settings: &Smtp) -> Result<Tls, NotifierError> {
    let parameters = || -> Result<TlsParameters, NotifierError> {
        let mut builder = TlsParameters::builder(settings.host.clone());
        if let Some(ca) = &settings.ca {
            builder = builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificates(name, ca)?);
        }
        builder
            .build_rustls()
            .map_err(|source| NotifierError::Tls { name: name.to_owned(), source: source.into() })
    };
    Ok(match settings.encryption {
        SmtpEncryption::Tls => Tls::Wrapper(parameters()?),
        // Required: a server, or somebody between, that offers none gets no message.
        SmtpEncryption::StartTls => Tls::Required(parameters()?),
        SmtpEncryption::None => Tls::None,
    })
}

fn certificates(name: &str, path: &Path) -> Result<Certificate, NotifierError> {
    let failed =
        |source| NotifierError::CaFile { name: name.to_owned(), path: path.to_owned(), source };
    let pem = std::fs::read(path).map_err(|error| failed(error.into()))?;
    if !pem.windows(17).any(|text| text == b"BEGIN CERTIFICATE") {
        return Err(failed("it holds no certificate in PEM form".into()));
    }
    Certificate::from_pem(&pem).map_err(|error| failed(error.into()))
}

/// Which failures are about this message, and which about the server.
fn sort(error: smtp::Error, to: &str) -> DeliveryError {
    // 53x: we are not let in (RFC 4954, section 6); no other message would fare better.
    let is_about_us = error.status().is_some_and(|code| {
        code.severity == Severity::PermanentNegativeCompletion
            && code.category == Category::Unspecified3
    });
    // Our own side stops where the server lacks what the message or the settings need. Only for an
    // address beyond ASCII (RFC 6531) is that the message.
    let is_for_this_address = error.is_client() && !to.is_ascii();
    if is_for_this_address || (error.is_permanent() && !is_about_us) {
        refused(error)
    } else {
        DeliveryError::Unreachable(error.into())
    }
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> DeliveryError {
    DeliveryError::Refused(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::MessageKind;

    fn settings() -> Smtp {
        Smtp {
            host: "localhost".into(),
            port: 25,
            encryption: SmtpEncryption::None,
            from: "Example <no-reply@example.org>".into(),
            user: None,
            password: None,
            ca: None,
        }
    }

    fn message(to: &str, subject: &str) -> Message {
        Message {
            channel: NotifierChannel::Email,
            to: to.into(),
            subject: Some(subject.into()),
            text: "Nog één code:\n123456\n".into(),
            kind: MessageKind::Code,
        }
    }

    #[test]
    fn a_mail_has_one_recipient_a_plain_text_and_says_that_a_machine_wrote_it() {
        let notifier = SmtpNotifier::new("mail".into(), &settings()).unwrap();
        let mail = notifier.compose(&message("anna@example.org", "Jouw code")).unwrap();
        let written = String::from_utf8(mail.formatted()).unwrap();
        for line in [
            "From: Example <no-reply@example.org>\r\n",
            "To: anna@example.org\r\n",
            "Subject: Jouw code\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "@example.org>\r\n",
        ] {
            assert!(written.contains(line), "{line:?} is missing in\n{written}");
        }
        assert_eq!(mail.envelope().to().len(), 1);
    }

    #[test]
    fn nothing_that_is_typed_becomes_a_second_recipient_or_a_header() {
        let notifier = SmtpNotifier::new("mail".into(), &settings()).unwrap();
        for to in [
            "anna@example.org\r\nBcc: eve@example.org",
            "anna@example.org,eve@example.org",
            "anna@example.org;eve@example.org",
            "Anna <anna@example.org>",
            "anna@example.org%0aBcc:eve@example.org",
            "",
        ] {
            let composed = notifier.compose(&message(to, "Code"));
            assert!(matches!(composed, Err(DeliveryError::Refused(_))), "{to:?}");
        }
        for subject in ["a\r\nBcc: eve@example.org", "a\nb", "a\0b"] {
            let composed = notifier.compose(&message("anna@example.org", subject));
            assert!(matches!(composed, Err(DeliveryError::Refused(_))), "{subject:?}");
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused_at_start() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("ca.pem");
        std::fs::write(&empty, "nothing").unwrap();
        for settings in [
            Smtp { from: "nobody".into(), ..settings() },
            Smtp { from: "a@b.org\r\nBcc: c@d.org".into(), ..settings() },
            Smtp { encryption: SmtpEncryption::Tls, ca: Some(empty), ..settings() },
            Smtp { encryption: SmtpEncryption::Tls, ca: Some("/nowhere".into()), ..settings() },
        ] {
            assert!(SmtpNotifier::new("mail".into(), &settings).is_err(), "{settings:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = Smtp { port: silent.local_addr().unwrap().port(), ..settings() };
        let mut notifier = SmtpNotifier::new("mail".into(), &settings).unwrap();
        notifier.patience = Duration::from_millis(20);
        let delivered = notifier.deliver(&message("anna@example.org", "Code")).await;
        assert!(matches!(delivered, Err(DeliveryError::Unreachable(_))), "{delivered:?}");
    }
}
