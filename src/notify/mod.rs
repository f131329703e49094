//! Getting codes, links and notices to people. Messages are handed to a bounded queue and delivered in
//! the background: no request waits for a mail server, so that nobody can time who has an account.
//! Not here: what a message says (`methods`, `web::i18n`).

mod build;
mod console;
mod file;
mod http;
mod outbox;
mod smtp;

use async_trait::async_trait;

pub use build::{NotifierError, Notifiers, build};
pub use console::ConsoleNotifier;
pub use file::FileNotifier;
pub use http::HttpNotifier;
pub use outbox::{DeliveryOutcome, NotTaken, Outbox, OutboxLimits};
pub use smtp::SmtpNotifier;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotifierChannel {
    Email,
    Sms,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MessageKind {
    Code,
    Link,
    Notice,
}

/// One message to one person.
#[derive(Clone, Eq, PartialEq)]
pub struct Message {
    pub channel: NotifierChannel,
    /// Canonical address or number: exactly one recipient.
    pub to: String,
    /// For e-mail. One line.
    pub subject: Option<String>,
    pub text: String,
    pub kind: MessageKind,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the text, which may hold a code, nor whom it is for.
        f.debug_struct("Message")
            .field("channel", &self.channel)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Why a message did not get on its way.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The other side will not take this message; trying again is no use.
    #[error("the message was refused")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The other side was not reached or asked to come back later.
    #[error("the message could not be handed over")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Carries messages over one channel or several.
#[async_trait]
pub trait Notifier: Send + Sync + std::fmt::Debug {
    /// As in `[notifier.NAME]`.
    fn name(&self) -> &str;

    fn carries(&self, channel: NotifierChannel) -> bool;

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError>;
}
