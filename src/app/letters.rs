//! Letters to people about what administrators do to their accounts, in their language, by the notifiers of the
//! configuration. Not here: when one is written (`operations`), and its words (`web::news`).

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::accounts::{Account, Contact, ContactKind};
use crate::clock::Clock;
use crate::gate::Snapshot;
use crate::journey::{News, NewsText, Scene};
use crate::notify::{Message, MessageKind, NotifierChannel, Notifiers};
use crate::operations::{Letter, Letters};
use crate::web::NewsTexts;

/// The outbox of a gateway that runs.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) notifiers: Arc<Notifiers>,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Letters for Outgoing {
    fn write(&self, account: &Account, to: &[&Contact], letter: Letter<'_>) -> usize {
        let snapshot = self.snapshot.load();
        let scene = Scene::of(&snapshot, account, self.clock.now());
        let is_taken = |contact: &&&Contact| {
            let message = message(scene, account, contact, letter);
            message.is_some_and(|message| self.notifiers.try_post(&message).is_ok())
        };
        to.iter().filter(is_taken).count()
    }
}

/// `None`: such a letter does not travel this way.
fn message(
    scene: Scene<'_>,
    account: &Account,
    to: &Contact,
    letter: Letter<'_>,
) -> Option<Message> {
    let mail = |(subject, text), kind| Message {
        channel: NotifierChannel::Email,
        to: to.address.clone(),
        subject: Some(subject),
        text,
        kind,
    };
    let news = match letter {
        Letter::SetUp { url } => {
            let is_mailbox = to.kind == ContactKind::Email;
            let text = || NewsTexts.set_up_mail(scene, url, account.user.name.as_str());
            return is_mailbox.then(|| mail(text(), MessageKind::Link));
        }
        Letter::LinkMade => News::LinkMade,
        Letter::ContactChanged(method) => News::ContactChanged(method),
        Letter::MethodRemoved(method) => News::Removed(method),
    };
    Some(match to.kind {
        ContactKind::Email => mail(NewsTexts.mail(scene, news), MessageKind::Notice),
        ContactKind::Phone => Message {
            channel: NotifierChannel::Sms,
            to: to.address.clone(),
            subject: None,
            text: NewsTexts.text_message(scene, news),
            kind: MessageKind::Notice,
        },
    })
}
