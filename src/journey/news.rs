//! Telling people what was changed about their account: a message to every contact that the account had
//! before the change, so that whoever took it over cannot keep it quiet. Not here: the words (`web::i18n`),
//! and how messages travel (`notify`).

use std::time::Duration;

use super::{Journey, Visit};
use crate::accounts::{Account, ContactKind};
use crate::gate::Snapshot;
use crate::notify::{Message, MessageKind, NotifierChannel};
use crate::points::{Method, Timestamp};

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum News {
    Added(Method),
    Removed(Method),
    /// Made anew: recovery codes.
    Renewed(Method),
    /// It goes then, unless somebody keeps it.
    RemovalPlanned {
        method: Method,
        due_at: Timestamp,
    },
    RemovalCancelled(Method),
    PasswordChanged,
    RecoveryCodeUsed,
    /// With a link that was sent to one of the contacts.
    PasswordReset,
}

/// Where and in whose name it is told.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// A language tag.
    pub language: &'a str,
    pub brand: &'a str,
    pub host: &'a str,
    pub now: Timestamp,
}

/// What a message about a change says.
pub trait NewsText: Send + Sync + std::fmt::Debug {
    /// Subject, one line, and text. No run of exactly six digits, which would look like a code.
    fn mail(&self, scene: Scene<'_>, news: News) -> (String, String);

    /// One line that fits into a text message.
    fn text_message(&self, scene: Scene<'_>, news: News) -> String;

    /// The link of a forgotten password: `address` whole, how long it works. No code.
    fn reset_mail(&self, scene: Scene<'_>, address: &str, works_for: Duration) -> (String, String);

    /// A code that confirms a new e-mail address; its only run of exactly six digits.
    fn contact_mail(&self, scene: Scene<'_>, code: &str) -> (String, String);

    /// The same for a phone number.
    fn contact_text(&self, scene: Scene<'_>, code: &str) -> String;
}

impl<'a> Scene<'a> {
    /// On no page: the host is the one on which links of the directory open.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot, account: &'a Account, now: Timestamp) -> Self {
        let directory = snapshot.config.directories.get(&account.user.directory);
        let own = directory.and_then(|directory| directory.sign_in_host.as_deref());
        let of_route = || {
            let routes = &snapshot.config.routes;
            let mut hosts =
                routes.iter().filter(|route| *route.directory == *account.user.directory);
            hosts.find(|route| !route.host.starts_with('*')).map(|route| route.host.as_str())
        };
        let languages = &snapshot.config.ui.languages;
        Self {
            language: account
                .user
                .language
                .as_deref()
                .or(languages.first().map(|tag| &**tag))
                .unwrap_or("en"),
            brand: &snapshot.config.ui.brand,
            host: own.or_else(of_route).unwrap_or_default(),
            now,
        }
    }

    /// Where somebody is looking at a page.
    #[must_use]
    pub fn at(visit: &'a Visit<'_>, account: &'a Account) -> Self {
        Self {
            language: account.user.language.as_deref().unwrap_or(visit.language),
            brand: &visit.arrival.snapshot.config.ui.brand,
            host: &visit.arrival.host,
            now: visit.arrival.now,
        }
    }
}

impl Journey {
    /// Hands a message for every contact of `account`, as it was before, to the outbox. A notifier that
    /// takes nothing keeps nobody from changing their account; the log says so.
    pub(super) fn tell(&self, visit: &Visit<'_>, account: &Account, news: News) {
        self.tell_from(&Scene::at(visit, account), account, news);
    }

    /// The same where there is no page.
    pub(super) fn tell_from(&self, scene: &Scene<'_>, account: &Account, news: News) {
        for contact in account.contacts.iter().filter(|contact| contact.is_usable) {
            self.tell_at(scene, contact.kind, &contact.address, news);
        }
    }

    /// The same for one address.
    pub(super) fn tell_at(&self, scene: &Scene<'_>, kind: ContactKind, address: &str, news: News) {
        let (channel, subject, text) = match kind {
            ContactKind::Email => {
                let (subject, text) = self.news_text.mail(*scene, news);
                (NotifierChannel::Email, Some(subject), text)
            }
            ContactKind::Phone => {
                (NotifierChannel::Sms, None, self.news_text.text_message(*scene, news))
            }
        };
        let to = address.to_owned();
        let message = Message { channel, to, subject, text, kind: MessageKind::Notice };
        if self.notifiers.try_post(&message).is_err() {
            tracing::warn!(?channel, ?news, "somebody could not be told of a change");
        }
    }
}
