//! The ways to prove who you are, one file each.
//!
//! To add one: a variant in [`Method`], a file here that implements [`Authenticator`], and its line in
//! the registry. The contract suite then runs against it.
//!
//! A method proves; it does not price. What a proof is worth is the operator's decision, made in the
//! settings and applied in `points`.

mod by_message;
mod ceremony;
#[cfg(test)]
mod contract;
mod email_code;
#[cfg(test)]
mod fakes;
mod hash_pool;
mod passkey;
mod password;
mod password_rules;
mod recovery_code;
mod registry;
mod security_key;
mod signed;
mod sms_code;
#[cfg(test)]
pub(crate) mod soft_authenticator;
mod totp;
mod typed;

use std::time::Duration;

use async_trait::async_trait;

pub use by_message::{
    ByMessage, Carriage, CodeLimits, CodeParts, CodeText, Draft, EnglishText, Withheld,
};
pub use ceremony::{Begun, Ceremony, CeremonyPurpose, NoCeremony, Registrant, RelyingParty};
pub use email_code::{EmailCode, Mail};
pub use hash_pool::{HashPool, Lane, PoolFull};
pub use passkey::Passkey;
pub use password::{HashCost, HashError, Password};
pub use password_rules::{PasswordProblem, PasswordRules};
pub use recovery_code::{CODES, CodeSet, RecoveryCode, RecoveryStore, Taken};
pub use registry::Methods;
pub use security_key::SecurityKey;
pub use sms_code::{SmsCode, TextLimits, Texting, text_with_code, without_codes};
pub use totp::Totp;
pub use typed::code as typed_code;

use crate::accounts::{Account, StoreError, UserId, UserState};
use crate::points::{CredentialId, Method, Proof, Timestamp};
use crate::sessions::SessionKey;
use crate::throttle::SignIn;

/// Where an attempt comes from, for the counters.
#[derive(Clone, Debug)]
pub struct Source {
    /// The client's address, IPv6 cut to its /64.
    pub address: String,
    /// Hash of the cookie of a browser that has signed in here before, whoever as.
    pub browser: Option<[u8; 32]>,
}

/// One answer to one challenge.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub directory: &'a str,
    /// The canonical name that was typed or that the session has: what is counted.
    pub counted_as: &'a str,
    /// `None`: there is no such user. The method then does the work that it would have done.
    pub account: Option<&'a Account>,
    /// The session that the answer belongs to; `None` before the first proof.
    pub session: Option<SessionKey>,
    pub answer: &'a str,
    /// What the answer was made for, where a challenge was signed.
    pub ceremony: Option<&'a Ceremony>,
    pub source: &'a Source,
    pub now: Timestamp,
}

impl std::fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the answer: it may be a password.
        f.debug_struct("Attempt")
            .field("directory", &self.directory)
            .field("counted_as", &self.counted_as)
            .field("session", &self.session)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// What became of an answer.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    Proven(Proof),
    Rejected(Rejection),
}

/// Why an answer proves nothing. Pages say what `pages.md` allows them to, and no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rejection {
    /// It is not right. `tries_left` where the person may be told.
    Wrong { tries_left: Option<u32> },
    /// Nothing was typed. Not counted.
    Empty,
    /// It has not the form of an answer, so it was not compared. Not counted.
    NotAnAnswer,
    /// It was right, but its time is over; a new one is on its way.
    Expired,
    /// It was right, and has been used.
    UsedAlready,
    /// A counter went back, so there are two of what should be one. Looks like a wrong answer.
    Copied,
    /// It would be right on a clock that is a few minutes off.
    ClockOff,
    /// Too many tries: this method waits, the others do not.
    Throttled { until: Timestamp },
}

/// What became of asking for a challenge.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Challenged {
    /// The person can answer now. `sent_to_masked` is for the page.
    Ready,
    /// A code was handed to the notifier; the next one can be sent at `next_at`.
    Sent { next_at: Timestamp },
    /// A code that was sent before is still good; the next one can be sent then.
    WaitUntil(Timestamp),
    /// Too many sends: this method waits until then.
    Throttled { until: Timestamp },
    /// The message could not be taken; choose another way.
    NotSent,
}

/// Why a method could not do its work. Nothing was proven.
#[derive(Debug, thiserror::Error)]
pub enum MethodError {
    /// All hands are full. Answer 503 with this Retry-After.
    #[error("too much work is waiting")]
    Busy { retry_after: Duration },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Asks for one challenge: a code to be sent, or nothing at all for a method that needs none.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub account: &'a Account,
    pub session: SessionKey,
    pub source: &'a Source,
    /// Host on which the code will be typed.
    pub host: &'a str,
    /// Language of the message where the user has none.
    pub language: &'a str,
    /// The person asked for another code.
    pub again: bool,
    pub now: Timestamp,
}

/// One method.
#[async_trait]
pub trait Authenticator: Send + Sync + std::fmt::Debug {
    fn method(&self) -> Method;

    /// Whether this user can use it now: has what it needs, and what carries it works.
    fn is_usable(&self, account: &Account) -> bool;

    /// Gets ready for an answer.
    ///
    /// # Errors
    /// Only where it could not find out; the person is told to try again.
    async fn challenge(&self, ask: Ask<'_>) -> Result<Challenged, MethodError>;

    /// Judges an answer: counts first, then compares, then consumes.
    ///
    /// # Errors
    /// Only where it could not find out; the answer then counts as a try and proves nothing.
    async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, MethodError>;
}

/// A code that was sent, as the store keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SentCode {
    /// Random; names the row.
    pub id: [u8; 16],
    pub session: SessionKey,
    pub user: UserId,
    pub method: Method,
    /// Keyed hash of the code, bound to session and method.
    pub code_mac: [u8; 32],
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// Keeps the codes that were sent.
#[async_trait]
pub trait CodeStore: Send + Sync + std::fmt::Debug {
    /// Keeps a code, and of its session and method the newest two; older ones are removed.
    async fn put_code(&self, code: &SentCode) -> Result<(), StoreError>;

    /// The codes of a session and method, newest first, whether or not they have expired.
    async fn codes(
        &self,
        session: &SessionKey,
        method: Method,
    ) -> Result<Vec<SentCode>, StoreError>;

    /// Uses a code: one conditional update, `true` for exactly one caller and never after its end.
    /// All codes of the same session and method are used up with it.
    async fn take_code(&self, id: &[u8; 16], now: Timestamp) -> Result<bool, StoreError>;

    /// Removes codes that ended more than two hours ago; says how many.
    async fn sweep_codes(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// What is counted for an answer.
fn sign_in_of<'a>(attempt: &Attempt<'a>, method: Method) -> SignIn<'a> {
    SignIn {
        directory: attempt.directory,
        // One counter for one person, whether the name or the e-mail address was typed.
        name: attempt.account.map_or(attempt.counted_as, |account| account.user.name.as_str()),
        method,
        address: &attempt.source.address,
        browser: attempt.source.browser.as_ref(),
        user: attempt.account.map(|account| &account.user.id),
    }
}

/// The same counters, for somebody who asks for a challenge: nothing is counted by it.
fn sign_in_of_ask<'a>(ask: &Ask<'a>, method: Method) -> SignIn<'a> {
    SignIn {
        directory: &ask.account.user.directory,
        name: ask.account.user.name.as_str(),
        method,
        address: &ask.source.address,
        browser: ask.source.browser.as_ref(),
        user: Some(&ask.account.user.id),
    }
}

/// The account as far as it can prove anything: a disabled user is treated as none at all.
fn active(account: Option<&Account>) -> Option<&Account> {
    account.filter(|account| account.user.state == UserState::Active)
}

/// The proof of a credential that the user owns and may use; `None` where there is none such, also
/// because the user is disabled.
fn proof_of(account: &Account, credential: &CredentialId, now: Timestamp) -> Option<Proof> {
    account
        .enrolled()
        .iter()
        .find(|enrolled| enrolled.credential == *credential)
        .map(|enrolled| enrolled.proof(now))
}
