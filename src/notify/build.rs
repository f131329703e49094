//! From settings to running notifiers. Not here: reading the settings.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::{
    ConsoleNotifier, FileNotifier, HttpNotifier, Message, NotTaken, Notifier, NotifierChannel,
    Outbox, OutboxLimits, SmtpNotifier,
};
use crate::clock::Clock;
use crate::config::NotifierConfig;

/// Why a notifier cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum NotifierError {
    #[error(
        "notifier.{name}: `from` is not an e-mail address such as `Example <no-reply@example.org>`"
    )]
    Sender {
        name: String,
        #[source]
        source: lettre::address::AddressError,
    },
    #[error("notifier.{name}: the certificates in `{}` cannot be used", path.display())]
    CaFile {
        name: String,
        path: PathBuf,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("notifier.{name}: TLS cannot be set up")]
    Tls {
        name: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("notifier.{name}: the folder `{}` cannot be made", path.display())]
    Folder {
        name: String,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// All outboxes, in order of their names.
#[derive(Debug, Default)]
pub struct Notifiers {
    outboxes: Vec<Outbox>,
}

impl Notifiers {
    #[must_use]
    pub const fn new(outboxes: Vec<Outbox>) -> Self {
        Self { outboxes }
    }

    /// Whether there is a way over this channel at all, working or not.
    #[must_use]
    pub fn has(&self, channel: NotifierChannel) -> bool {
        self.of(channel).next().is_some()
    }

    /// Whether a message over this channel has a chance now.
    #[must_use]
    pub fn can_carry(&self, channel: NotifierChannel) -> bool {
        self.of(channel).any(Outbox::is_healthy)
    }

    /// Hands a message to the first notifier of its channel that works and has room; to one that
    /// lately did not, where no other is left.
    ///
    /// # Errors
    /// [`NotTaken`] where none takes it.
    pub fn try_post(&self, message: &Message) -> Result<(), NotTaken> {
        let (working, failing): (Vec<_>, Vec<_>) =
            self.of(message.channel).partition(|outbox| outbox.is_healthy());
        working
            .into_iter()
            .chain(failing)
            .find_map(|outbox| outbox.try_post(message.clone()).ok())
            .ok_or(NotTaken)
    }

    /// Waits until every message that was posted is delivered or given up.
    pub async fn settled(&self) {
        for outbox in &self.outboxes {
            outbox.settled().await;
        }
    }

    /// For health pages and metrics.
    pub fn outboxes(&self) -> impl Iterator<Item = &Outbox> {
        self.outboxes.iter()
    }

    fn of(&self, channel: NotifierChannel) -> impl Iterator<Item = &Outbox> {
        self.outboxes.iter().filter(move |outbox| outbox.carries(channel))
    }
}

/// Makes every notifier of the settings and starts its worker on the present runtime.
///
/// # Errors
/// The first that cannot work; none is then left running.
pub fn build(
    settings: &BTreeMap<String, NotifierConfig>,
    clock: &Arc<dyn Clock>,
) -> Result<Notifiers, NotifierError> {
    let notifiers = settings
        .iter()
        .map(|(name, settings)| notifier(name, settings, clock))
        .collect::<Result<Vec<_>, _>>()?;
    let start = |notifier| Outbox::start(notifier, clock.clone(), OutboxLimits::default());
    Ok(Notifiers::new(notifiers.into_iter().map(start).collect()))
}

fn notifier(
    name: &str,
    settings: &NotifierConfig,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Notifier>, NotifierError> {
    let name = name.to_owned();
    Ok(match settings {
        NotifierConfig::Smtp(smtp) => Arc::new(SmtpNotifier::new(name, smtp)?),
        NotifierConfig::File { path } => Arc::new(
            FileNotifier::new(name.clone(), path.clone(), clock.clone())
                .map_err(|source| NotifierError::Folder { name, path: path.clone(), source })?,
        ),
        NotifierConfig::Http(gateway) => Arc::new(HttpNotifier::new(name, gateway)?),
        NotifierConfig::Console => Arc::new(ConsoleNotifier::new(name, Box::new(io::stdout()))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::notify::MessageKind;

    #[tokio::test]
    async fn what_is_posted_reaches_the_notifier_that_the_settings_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let settings =
            BTreeMap::from([("inbox".to_owned(), NotifierConfig::File { path: path.clone() })]);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let notifiers = build(&settings, &clock).unwrap();
        assert!(notifiers.can_carry(NotifierChannel::Email));
        assert!(notifiers.can_carry(NotifierChannel::Sms));
        let mut message = Message {
            channel: NotifierChannel::Email,
            to: "anna@example.org".into(),
            subject: None,
            text: "123456".into(),
            kind: MessageKind::Code,
        };
        notifiers.try_post(&message).unwrap();
        notifiers.settled().await;
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
        message.channel = NotifierChannel::Sms;
        notifiers.try_post(&message).unwrap();
        notifiers.settled().await;
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 2);
        assert_eq!(Notifiers::default().try_post(&message), Err(NotTaken));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_an_error_that_names_the_notifier() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "").unwrap();
        let settings = BTreeMap::from([("inbox".to_owned(), NotifierConfig::File { path })]);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let error = build(&settings, &clock).unwrap_err().to_string();
        assert!(error.starts_with("notifier.inbox: the folder "), "{error}");
    }
}
