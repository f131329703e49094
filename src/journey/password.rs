//! Another password: by whoever has one and shows it, or by a link to the mailbox of whoever forgot it. A
//! link gives no session and no points; the password that it sets lives in the mailbox that it went to,
//! so that the mailbox alone never stands for both (`Channel`). Not here: pages.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::enrolment::enrolled;
use super::news::{News, Scene, host_of_links};
use super::set_up::{names, token_hash};
use super::{Journey, JourneyError, Permit, Visit};
use crate::accounts::{
    Account, Contact, ContactKind, Link, LinkPurpose, Mark, StoreError, UserState,
};
use crate::audit::{Event, EventName};
use crate::gate::Arrival;
use crate::methods::{PasswordProblem, PasswordRules};
use crate::notify::{Message, MessageKind, NotifierChannel};
use crate::points::{Channel, Enrolled, Evidence, Method, Requirement, Settings, Timestamp, weigh};
use crate::sessions::{Name, Present, Rise};
use crate::throttle::{CounterKey, Limit, Sending, Sends};

/// How long a link for a forgotten password works.
pub const RESET_LIFETIME: Duration = Duration::from_secs(3600);

/// Forgotten passwords of one address (IPv6: of its /64), known accounts or not.
const FORGOTTEN_PER_ADDRESS: Limit = Limit { count: 10, window: Duration::from_secs(900) };
/// And over everybody.
const FORGOTTEN_BY_EVERYBODY: Limit = Limit { count: 300, window: Duration::from_secs(60) };
/// Searches that may be under way; the next one is dropped, with the same answer.
pub(super) const SEARCHES: usize = 32;

/// What became of a new password.
#[must_use]
#[derive(Debug)]
pub enum Renewed {
    /// It cannot be used; nothing was changed.
    Problem(PasswordProblem),
    /// It is set; `name` is for the session's cookie.
    Done { name: Option<Name> },
}

/// What became of a password that was chosen with a link.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reset {
    /// The link is unknown, used or expired, or its mailbox is not the account's any more.
    NoLink,
    Problem(PasswordProblem),
    Done,
}

/// What became of asking for a link. The same for every name that is typed.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forgotten {
    /// If there is such an account, a link is on its way.
    Noted,
    Throttled {
        until: Timestamp,
    },
}

impl Journey {
    /// Replaces the password of whoever holds the permit. Every other session of theirs ends.
    ///
    /// # Errors
    /// The store did not answer. Where the password may have been stored, the user is kept out until
    /// it says so.
    pub async fn renew_password(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
        password: &str,
    ) -> Result<Renewed, JourneyError> {
        let (account, now) = (permit.account(), visit.arrival.now);
        let Some(session) = &visit.arrival.session else { return Ok(Renewed::Done { name: None }) };
        if let Err(problem) = PasswordRules.check(password, &names(visit, account)) {
            return Ok(Renewed::Problem(problem));
        }
        let hash = self.passwords.hash_new(visit.source, password).await?;
        let mark = self.mark_that_stays(visit.arrival, session);
        let user = &account.user.id;
        let hold = self.sessions.hold(user);
        let credential = self.changes.replace_password(user, hash, mark.as_ref(), now).await?;
        let ended = self.sessions.end_others_of(user, session.key(), now).await;
        // The password is stored. Ends that are not yet keep the user out by themselves.
        hold.release();
        self.changed(visit, permit);
        ended?;
        let before = account.password.as_ref();
        let new = Enrolled {
            method: Method::Password,
            credential,
            channel: mark.map_or(Channel::Password, |mark| mark.channel),
            kinds: Method::Password.kinds(),
            enrolled_at: before.map_or(Some(now), |password| password.enrolled_at),
        };
        let name = self.show_new_password(session, &new, now).await?;
        Ok(Renewed::Done { name })
    }

    /// It was just typed: the session goes on with it, under a new name.
    async fn show_new_password(
        &self,
        session: &Present,
        password: &Enrolled,
        now: Timestamp,
    ) -> Result<Option<Name>, StoreError> {
        match self.sessions.rise(session, password.proof(now), now).await? {
            Rise::Renamed(newly) => Ok(Some(newly.name)),
            Rise::Added | Rise::Ended => Ok(None),
        }
    }

    /// The mark of the present password, unless this session is at the directory's level without
    /// anything that lives in the marked mailbox or phone: the marked password itself does.
    fn mark_that_stays(&self, arrival: &Arrival, session: &Present) -> Option<Mark> {
        let password = session.account().password.as_ref()?;
        let channel = password.reset_through.clone()?;
        let settings = arrival.settings()?;
        let mut evidence = session.evidence().into_owned();
        evidence
            .proofs
            .retain(|proof| proof.channel != channel && proof.method != Method::Password);
        if reaches(&evidence, settings, arrival.now) {
            return None;
        }
        Some(Mark { channel, ends_at: end_of_mark(settings, arrival.now) })
    }

    /// Whether there is a password to forget here, mail that carries a link, and a host that it opens on.
    #[must_use]
    pub fn sends_links(&self, arrival: &Arrival) -> bool {
        let directory = &arrival.route.directory;
        arrival.snapshot.offered(directory).contains(Method::Password)
            && self.notifiers.has(NotifierChannel::Email)
            && host_of_links(&arrival.snapshot, directory).is_some()
    }

    /// Somebody forgot their password and typed a name or an address. The answer is the same for every
    /// one of them, and so is the work until it is given: the account is looked for afterwards.
    ///
    /// # Errors
    /// It could not be counted: nothing is looked for.
    pub async fn forgotten(
        self: &Arc<Self>,
        visit: &Visit<'_>,
        typed: &str,
    ) -> Result<Forgotten, JourneyError> {
        let now = visit.arrival.now;
        let address = CounterKey::new("forgotten", &[&visit.source.address]);
        let everybody = CounterKey::new("forgotten-all", &[]);
        for (key, limit) in [(address, FORGOTTEN_PER_ADDRESS), (everybody, FORGOTTEN_BY_EVERYBODY)]
        {
            let tally = self.counters.count(&key, limit.window, now).await?;
            if !tally.is_within(limit) {
                return Ok(Forgotten::Throttled { until: tally.window_ends });
            }
        }
        let Ok(permit) = self.searches.clone().try_acquire_owned() else {
            tracing::warn!("too many forgotten passwords at once: one was not looked for");
            return Ok(Forgotten::Noted);
        };
        let search = Search {
            journey: self.clone(),
            arrival: Arrival { session: None, ..visit.arrival.clone() },
            language: visit.language.to_owned(),
            typed: typed.chars().take(254).collect(),
        };
        tokio::spawn(async move {
            search.run().await;
            drop(permit);
        });
        Ok(Forgotten::Noted)
    }

    /// Waits until nobody is being looked for.
    pub async fn searched(&self) {
        let all = u32::try_from(SEARCHES).unwrap_or(u32::MAX);
        drop(self.searches.acquire_many(all).await);
    }

    /// Whose password a link sets, without using it.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn look_at_reset(
        &self,
        visit: &Visit<'_>,
        token: &str,
    ) -> Result<Option<(Account, Channel)>, JourneyError> {
        let now = visit.arrival.now;
        let Some(link) = self.accounts.find_link(&token_hash(token), now).await? else {
            return Ok(None);
        };
        let LinkPurpose::Reset { through } = &link.purpose else { return Ok(None) };
        let Some(account) = self.accounts.load_user(&link.user).await? else { return Ok(None) };
        let is_here = account.user.state == UserState::Active
            && account.user.directory == visit.arrival.route.directory;
        let contact = account.contacts.iter().find(|one| one.id == *through && one.is_usable);
        let channel = contact.map(channel_of).filter(|_| is_here);
        Ok(channel.map(|channel| (account, channel)))
    }

    /// Sets the password of a link's user, and uses the link. Nobody is signed in by it; whoever was is
    /// not any more.
    ///
    /// # Errors
    /// As [`Journey::choose_password`].
    pub async fn reset_password(
        &self,
        visit: &Visit<'_>,
        token: &str,
        password: &str,
    ) -> Result<Reset, JourneyError> {
        let now = visit.arrival.now;
        let Some((account, channel)) = self.look_at_reset(visit, token).await? else {
            return Ok(Reset::NoLink);
        };
        if let Err(problem) = PasswordRules.check(password, &names(visit, &account)) {
            return Ok(Reset::Problem(problem));
        }
        let Some(settings) = visit.arrival.settings() else { return Ok(Reset::NoLink) };
        let hash = self.passwords.hash_new(visit.source, password).await?;
        if self.accounts.take_link(&token_hash(token), now).await?.is_none() {
            return Ok(Reset::NoLink);
        }
        let mark = Mark { channel, ends_at: end_of_mark(settings, now) };
        let user = &account.user.id;
        let hold = self.sessions.hold(user);
        self.changes.replace_password(user, hash, Some(&mark), now).await?;
        let ended = self.sessions.end_all_of(user, now).await;
        hold.release();
        self.record(visit, EventName::PasswordReset, Some(&account), Some("link"));
        self.tell(visit, &account, News::PasswordReset);
        ended?;
        Ok(Reset::Done)
    }

    /// Lifts marks whose time has come. Called every minute.
    ///
    /// # Errors
    /// The store did not answer; the rest is tried again.
    pub async fn lift_marks(&self, now: Timestamp) -> Result<(), StoreError> {
        for user in self.changes.lift_marks(now).await? {
            self.sessions.user_changed(&user);
        }
        Ok(())
    }
}

/// A search for an account, with what is needed once the answer was given.
struct Search {
    journey: Arc<Journey>,
    arrival: Arrival,
    language: String,
    typed: String,
}

impl Search {
    async fn run(&self) {
        if let Err(error) = self.find_and_send().await {
            tracing::warn!(%error, "a link for a forgotten password was not sent");
        }
    }

    async fn find_and_send(&self) -> Result<(), StoreError> {
        let (journey, arrival) = (&self.journey, &self.arrival);
        let directory = &arrival.route.directory;
        let Some(account) = journey.account_typed(directory, &self.typed).await? else {
            return Ok(());
        };
        let Some(contact) = self.mailbox(&account) else { return Ok(()) };
        let per_hour = arrival.snapshot.config.limits.codes_per_account;
        let sends = Sends::new(journey.counters.clone(), Sending::Reset, per_hour);
        if sends.count_send(Method::Email, &contact.fingerprint, arrival.now).await?.is_some() {
            return Ok(());
        }
        let token = link_token();
        let link = Link {
            token_hash: token_hash(&token),
            user: account.user.id.clone(),
            purpose: LinkPurpose::Reset { through: contact.id.clone() },
            expires_at: arrival.now.after(RESET_LIFETIME),
        };
        journey.accounts.create_link(link).await?;
        self.send(&account, contact, &token);
        Ok(())
    }

    /// Of an account with a password: a mailbox that is past its probation, so that an address that was
    /// put there today resets nothing. Never one that was typed and is not theirs.
    fn mailbox<'a>(&self, account: &'a Account) -> Option<&'a Contact> {
        account.password.as_ref()?;
        let settings = self.arrival.settings()?;
        let offered = enrolled(&self.arrival.snapshot, account);
        let is_settled = |contact: &&Contact| {
            contact.kind == ContactKind::Email
                && contact.is_usable
                && offered.iter().any(|one| one.method == Method::Password)
                && contact
                    .enrolled_at
                    .is_none_or(|at| self.arrival.now >= at.after(settings.probation))
        };
        let typed = self.typed.trim().to_lowercase();
        let mut settled = account.contacts.iter().filter(is_settled);
        let first = settled.clone().next();
        settled.find(|contact| contact.address.to_lowercase() == typed).or(first)
    }

    fn send(&self, account: &Account, contact: &Contact, token: &str) {
        let snapshot = &self.arrival.snapshot;
        let scene = Scene {
            language: account.user.language.as_deref().unwrap_or(&self.language),
            ..Scene::of(snapshot, account, self.arrival.now)
        };
        let address = snapshot.own_pages(scene.host) + "forgot/" + token;
        let (subject, text) = self.journey.news_text.reset_mail(scene, &address, RESET_LIFETIME);
        let message = Message {
            channel: NotifierChannel::Email,
            to: contact.address.clone(),
            subject: Some(subject),
            text,
            kind: MessageKind::Link,
        };
        if self.journey.notifiers.try_post(&message).is_err() {
            tracing::warn!("a link for a forgotten password could not be handed over");
            return;
        }
        let event = Event::new(EventName::LinkCreated, self.arrival.now)
            .directory(&account.user.directory)
            .source(self.arrival.address)
            .target(&account.user.id);
        self.journey.audit.record(event.reason("forgotten"));
    }
}

/// For an address in a message: without a run of six digits, which a mail program would offer as a code.
fn link_token() -> String {
    loop {
        let token = URL_SAFE_NO_PAD.encode(crate::random::bytes::<32>());
        if !holds_code(&token) {
            return token;
        }
    }
}

pub(super) fn holds_code(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() == 6)
}

fn channel_of(contact: &Contact) -> Channel {
    match contact.kind {
        ContactKind::Email => Channel::Mailbox(contact.fingerprint.clone()),
        ContactKind::Phone => Channel::Phone(contact.fingerprint.clone()),
    }
}

fn end_of_mark(settings: &Settings, now: Timestamp) -> Option<Timestamp> {
    settings.recovery_taint.map(|taint| now.after(taint))
}

pub(super) fn reaches(evidence: &Evidence, settings: &Settings, now: Timestamp) -> bool {
    let level = settings.required_level;
    let weighing = weigh(&Requirement { level, ..Requirement::default() }, evidence, settings, now);
    weighing.signed_in && weighing.score.reaches(level)
}
