//! Another e-mail address or phone number: added once a code that was sent to it comes back, in the
//! browser and by the person who asked. What was asked for travels sealed in the address, so that nothing is
//! stored of an address that nobody confirmed. Not here: pages, and taking an address away (`enrolment`).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::news::Scene;
use super::{Journey, JourneyError, Permit, Visit};
use crate::accounts::{Account, ContactKind, EmailAddress, PhoneNumber};
use crate::audit::EventName;
use crate::keys::Keyring;
use crate::methods::{Rejection, Withheld, text_with_code, typed_code};
use crate::notify::{Message, MessageKind, NotifierChannel};
use crate::points::{Method, Timestamp};
use crate::throttle::{CounterKey, Limit, Sending, Sends};

/// Contacts of one kind that somebody may have.
pub const MOST_CONTACTS: usize = 2;
/// Codes to new addresses that one person may ask for.
const ASKS: Limit = Limit { count: 5, window: Duration::from_secs(3600) };
/// NIST SP 800-63B-4, section 3.1.3.2: at most ten minutes.
const LIFETIME: Duration = Duration::from_secs(600);
const TRIES: u32 = 5;

/// An address that somebody says is theirs, with the code that was sent there. Sealed for host, browser and
/// user; only [`Journey::confirm_contact`] looks at the code.
#[derive(Clone, Deserialize, Serialize)]
pub struct ContactTicket {
    id: String,
    user: String,
    is_phone: bool,
    address: String,
    code: String,
    until: u64,
}

impl std::fmt::Debug for ContactTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactTicket").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What became of asking for a code.
#[must_use]
#[derive(Debug)]
pub enum ContactAsked {
    Sent(Box<ContactTicket>),
    NotAnAddress,
    AlreadyThere,
    TooMany,
    Throttled { until: Timestamp },
    NotSent,
}

/// What became of the code.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContactConfirmed {
    Done,
    Rejected(Rejection),
    /// The ticket is over: ask again.
    NoTicket,
}

impl ContactTicket {
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    #[must_use]
    pub const fn kind(&self) -> ContactKind {
        if self.is_phone { ContactKind::Phone } else { ContactKind::Email }
    }

    #[must_use]
    pub fn token(&self, keys: &Keyring, host: &str, browser: &[u8; 32]) -> String {
        let json = zeroize::Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        BASE64.encode(keys.seal(&place(host, browser, &self.user), &json))
    }

    /// `None`: of another host, browser or user, too old, or not ours.
    #[must_use]
    pub fn parse(
        token: &str,
        keys: &Keyring,
        host: &str,
        browser: &[u8; 32],
        account: &Account,
        now: Timestamp,
    ) -> Option<Self> {
        let place = place(host, browser, &account.user.id.0);
        let json = keys.open(&place, &BASE64.decode(token).ok()?)?;
        let ticket: Self = serde_json::from_slice(&json).ok()?;
        (now < Timestamp::from_millis(ticket.until)).then_some(ticket)
    }
}

fn place(host: &str, browser: &[u8; 32], user: &str) -> String {
    format!("contact:{host}:{}:{user}", BASE64.encode(browser))
}

/// The method that codes to a kind of contact are.
#[must_use]
pub const fn method_of_kind(kind: ContactKind) -> Method {
    match kind {
        ContactKind::Email => Method::Email,
        ContactKind::Phone => Method::Sms,
    }
}

impl Journey {
    /// Sends a code to an address that somebody wants to add.
    ///
    /// # Errors
    /// The store did not answer: nothing was sent.
    pub async fn ask_contact(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
        kind: ContactKind,
        typed: &str,
    ) -> Result<ContactAsked, JourneyError> {
        let (account, now) = (permit.account(), visit.arrival.now);
        let Some(address) = canonical(kind, typed) else { return Ok(ContactAsked::NotAnAddress) };
        let same = |one: &str| one.eq_ignore_ascii_case(&address);
        let own = account.contacts.iter().filter(|contact| contact.kind == kind);
        if own.clone().any(|contact| same(&contact.address)) {
            return Ok(ContactAsked::AlreadyThere);
        }
        if own.count() >= MOST_CONTACTS {
            return Ok(ContactAsked::TooMany);
        }
        if kind == ContactKind::Phone && !self.texting.may_text(&address) {
            return Ok(ContactAsked::NotSent);
        }
        if let Some(withheld) = self.withheld(visit, account, kind, &address).await? {
            return Ok(match withheld {
                Withheld::Until(until) => ContactAsked::Throttled { until },
                Withheld::NotSent => ContactAsked::NotSent,
            });
        }
        let ticket = ContactTicket {
            id: BASE64.encode(crate::random::bytes::<16>()),
            user: account.user.id.0.to_string(),
            is_phone: kind == ContactKind::Phone,
            address,
            code: crate::random::digits(6),
            until: now.after(LIFETIME).as_millis(),
        };
        if self.send_code(visit, account, &ticket).is_err() {
            return Ok(ContactAsked::NotSent);
        }
        self.record_method(visit, EventName::CodeSent, account, method_of_kind(kind));
        Ok(ContactAsked::Sent(Box::new(ticket)))
    }

    /// Counts a code to a new address: for the person, for whoever has the address, and for what a text
    /// message costs.
    async fn withheld(
        &self,
        visit: &Visit<'_>,
        account: &Account,
        kind: ContactKind,
        address: &str,
    ) -> Result<Option<Withheld>, JourneyError> {
        let (now, user) = (visit.arrival.now, &account.user.id);
        let key = CounterKey::new("new-contact", &[&user.0]);
        let tally = self.counters.count(&key, ASKS.window, now).await?;
        if !tally.is_within(ASKS) {
            return Ok(Some(Withheld::Until(tally.window_ends)));
        }
        let snapshot = &visit.arrival.snapshot;
        let per_hour = snapshot.config.limits.codes_per_account;
        let sends = Sends::new(self.counters.clone(), Sending::NewContact, per_hour);
        let method = method_of_kind(kind);
        // The name under which the store keeps it, so that both ways to send count together.
        let folded =
            if kind == ContactKind::Email { address.to_lowercase() } else { address.into() };
        let name = if kind == ContactKind::Email { "email" } else { "phone" };
        let fingerprint = snapshot.keys.fingerprint(name, &folded);
        if let Some(until) = sends.count_send(method, &fingerprint, now).await? {
            return Ok(Some(Withheld::Until(until)));
        }
        if kind == ContactKind::Email {
            return Ok(None);
        }
        let client = Some(visit.source.address.as_str());
        Ok(self.texting.count_text(Sending::NewContact, user, client, now).await?)
    }

    fn send_code(
        &self,
        visit: &Visit<'_>,
        account: &Account,
        ticket: &ContactTicket,
    ) -> Result<(), crate::notify::NotTaken> {
        let scene = Scene::at(visit, account);
        let (channel, subject, text) = match ticket.kind() {
            ContactKind::Email => {
                let (subject, text) = self.news_text.contact_mail(scene, &ticket.code);
                (NotifierChannel::Email, Some(subject), text)
            }
            ContactKind::Phone => {
                let say = |brand: Option<&str>| {
                    self.news_text.contact_text(scene.language, brand, &ticket.code)
                };
                let text = text_with_code(scene.brand, scene.host, &ticket.code, say);
                (NotifierChannel::Sms, None, text)
            }
        };
        let to = ticket.address.clone();
        let message = Message { channel, to, subject, text, kind: MessageKind::Code };
        self.notifiers.try_post(&message)
    }

    /// Adds the address, if the code is the one that was sent there.
    ///
    /// # Errors
    /// The store did not answer: nothing was added.
    pub async fn confirm_contact(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
        ticket: &ContactTicket,
        answer: &str,
    ) -> Result<ContactConfirmed, JourneyError> {
        let now = visit.arrival.now;
        let user = &permit.account().user.id;
        if *ticket.user != *user.0 || now >= Timestamp::from_millis(ticket.until) {
            return Ok(ContactConfirmed::NoTicket);
        }
        let code = match typed_code(answer) {
            Ok(code) => code,
            Err(rejection) => return Ok(ContactConfirmed::Rejected(rejection)),
        };
        let key = CounterKey::new("new-contact-code", &[&ticket.id]);
        let tries = self.counters.count(&key, LIFETIME * 2, now).await?.count;
        let Some(tries_left) = TRIES.checked_sub(tries) else {
            return Ok(ContactConfirmed::NoTicket);
        };
        if !bool::from(code.as_bytes().ct_eq(ticket.code.as_bytes())) {
            let tries_left = Some(tries_left);
            return Ok(ContactConfirmed::Rejected(Rejection::Wrong { tries_left }));
        }
        let (kind, address) = (ticket.kind(), &ticket.address);
        if !self.changes.add_contact(user, kind, address, MOST_CONTACTS, now).await? {
            return Ok(ContactConfirmed::NoTicket);
        }
        self.changed(visit, permit);
        Ok(ContactConfirmed::Done)
    }
}

fn canonical(kind: ContactKind, typed: &str) -> Option<String> {
    match kind {
        ContactKind::Email => typed.parse().ok().map(|one: EmailAddress| one.as_str().to_owned()),
        ContactKind::Phone => typed.parse().ok().map(|one: PhoneNumber| one.as_str().to_owned()),
    }
}
