//! Telling people what was changed about their account: a message to every contact that the account had
//! before the change, so that whoever took it over cannot keep it quiet. Not here: the words (`web::i18n`),
//! and how messages travel (`notify`).

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::{Journey, Visit};
use crate::accounts::{Account, Contact, ContactKind, StoreError, UserId};
use crate::gate::Snapshot;
use crate::methods::Texting;
use crate::notify::{Message, MessageKind, NotifierChannel, Notifiers};
use crate::points::{Method, Timestamp};
use crate::throttle::{Sending, Sends};

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

    /// The sentence of the same for a phone number. `brand`: `None` where there is no room for one.
    fn contact_text(&self, language: &str, brand: Option<&str>, code: &str) -> String;
}

impl<'a> Scene<'a> {
    /// On no page: the host is the one on which links of the directory open.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot, account: &'a Account, now: Timestamp) -> Self {
        let languages = &snapshot.config.ui.languages;
        Self {
            language: account
                .user
                .language
                .as_deref()
                .or(languages.first().map(|tag| &**tag))
                .unwrap_or("en"),
            brand: &snapshot.config.ui.brand,
            host: host_of_links(snapshot, &account.user.directory).unwrap_or_default(),
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

/// The host on which links of a directory open; `None`: it is on no host that has one name.
pub(super) fn host_of_links<'a>(snapshot: &'a Snapshot, directory: &str) -> Option<&'a str> {
    let own = snapshot.config.directories.get(directory)?.sign_in_host.as_deref();
    let of_route = || {
        let mut routes = snapshot.config.routes.iter();
        let is_one = |host: &str| !host.starts_with('*');
        let of = routes.find(|route| *route.directory == *directory && is_one(&route.host));
        of.map(|route| route.host.as_str())
    };
    own.or_else(of_route)
}

impl News {
    /// What is counted as the same, whatever time it names.
    fn name(self) -> String {
        match self {
            Self::Added(method) => format!("added {method}"),
            Self::Removed(method) => format!("removed {method}"),
            Self::Renewed(method) => format!("renewed {method}"),
            Self::RemovalPlanned { method, .. } => format!("removal planned {method}"),
            Self::RemovalCancelled(method) => format!("removal cancelled {method}"),
            Self::PasswordChanged => "password changed".to_owned(),
            Self::RecoveryCodeUsed => "recovery code used".to_owned(),
            Self::PasswordReset => "password reset".to_owned(),
        }
    }
}

/// A message for one contact.
#[derive(Debug)]
struct Notice {
    message: Message,
    /// Of the contact, and what it says: the same thing is not told without end, and however often one
    /// thing was told, the next thing is.
    counted_as: String,
}

/// Notices on their way to the outbox.
#[derive(Debug)]
struct Telling {
    notifiers: Arc<Notifiers>,
    texting: Texting,
    sends: Sends,
    user: UserId,
    news: News,
    notices: Vec<Notice>,
    now: Timestamp,
}

impl Journey {
    /// Hands a message for every contact of `account`, as it was before, to the outbox. A notifier that
    /// takes nothing keeps nobody from changing their account; the log says so.
    pub(super) fn tell(&self, visit: &Visit<'_>, account: &Account, news: News) {
        self.tell_from(&Scene::at(visit, account), &visit.arrival.snapshot, account, news);
    }

    /// The same where there is no page. Does not wait until it is counted: a browser that goes away
    /// meanwhile keeps nobody from hearing of it.
    pub(super) fn tell_from(
        &self,
        scene: &Scene<'_>,
        snapshot: &Snapshot,
        account: &Account,
        news: News,
    ) {
        let per_hour = snapshot.config.limits.codes_per_account;
        let usable = account.contacts.iter().filter(|contact| contact.is_usable);
        let telling = Telling {
            notifiers: self.notifiers.clone(),
            texting: self.texting.clone(),
            sends: Sends::new(self.counters.clone(), Sending::Notice, per_hour),
            user: account.user.id.clone(),
            news,
            notices: usable.map(|contact| self.notice(scene, contact, news)).collect(),
            now: scene.now,
        };
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        while notices.try_join_next().is_some() {}
        notices.spawn(telling.run());
    }

    fn notice(&self, scene: &Scene<'_>, contact: &Contact, news: News) -> Notice {
        let (channel, subject, text) = match contact.kind {
            ContactKind::Email => {
                let (subject, text) = self.news_text.mail(*scene, news);
                (NotifierChannel::Email, Some(subject), text)
            }
            ContactKind::Phone => {
                (NotifierChannel::Sms, None, self.news_text.text_message(*scene, news))
            }
        };
        let to = contact.address.clone();
        let message = Message { channel, to, subject, text, kind: MessageKind::Notice };
        Notice { message, counted_as: format!("{} {}", contact.fingerprint, news.name()) }
    }

    /// Waits until every notice was handed over or withheld.
    pub async fn told(&self) {
        let notices =
            std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner));
        notices.join_all().await;
    }
}

impl Telling {
    async fn run(self) {
        for notice in &self.notices {
            let (channel, news) = (notice.message.channel, self.news);
            let withheld = match (self.withheld(notice).await, channel) {
                (Ok(is_withheld), _) => is_withheld,
                // What costs money is not sent uncounted; what costs nothing is not kept back.
                (Err(error), NotifierChannel::Sms) => {
                    tracing::warn!(%error, ?news, "a notice could not be counted");
                    true
                }
                (Err(_), NotifierChannel::Email) => false,
            };
            if withheld || self.notifiers.try_post(&notice.message).is_err() {
                tracing::warn!(?channel, ?news, "somebody could not be told of a change");
            }
        }
    }

    async fn withheld(&self, notice: &Notice) -> Result<bool, StoreError> {
        let (method, is_text) = match notice.message.channel {
            NotifierChannel::Email => (Method::Email, false),
            NotifierChannel::Sms => (Method::Sms, true),
        };
        if is_text && !self.texting.may_text(&notice.message.to) {
            return Ok(true);
        }
        if self.sends.count_send(method, &notice.counted_as, self.now).await?.is_some() {
            return Ok(true);
        }
        if !is_text {
            return Ok(false);
        }
        let counted = self.texting.count_text(Sending::Notice, &self.user, None, self.now);
        Ok(counted.await?.is_some())
    }
}
