//! Proofs, and evidence: the proofs of one session. What a proof is worth is not here; it is a
//! setting, read when the decision is made.

use std::fmt;
use std::sync::Arc;

use super::method::{Kinds, Method};
use super::scale::Points;
use super::time::Timestamp;

/// Names the credential or contact that a proof used, so that the proof ends with it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CredentialId(pub Arc<str>);

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a proof travelled over, or lives in. Two proofs that share a channel pay once: whoever holds
/// the channel can make both.
///
/// The texts are opaque and stable; a mailbox or phone is named by the keyed hash of its canonical
/// address, never by the address.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Channel {
    /// A password that only its owner knows. One that was set through a reset lives in the mailbox
    /// or phone that received the reset instead.
    Password,
    Mailbox(Arc<str>),
    Phone(Arc<str>),
    App(Arc<str>),
    /// One passkey or security key.
    Credential(Arc<str>),
    RecoveryCodes,
    Device(Arc<str>),
    Token(Arc<str>),
}

/// One completed method.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof {
    pub method: Method,
    pub credential: CredentialId,
    pub channel: Channel,
    pub kinds: Kinds,
    /// When it was completed.
    pub at: Timestamp,
    /// When the credential was enrolled, for probation. `None`: it is past asking, because an
    /// administrator or a set-up link made it.
    pub enrolled_at: Option<Timestamp>,
    /// An upper bound on what it is worth, made with the credential (tokens). `None`: the setting
    /// alone says.
    pub cap: Option<Points>,
    /// The end that was made with the credential (tokens, remembered devices). `None`: the method's
    /// lifetime alone says.
    pub expires: Option<Timestamp>,
    /// The credential has since been removed, changed or disabled.
    pub withdrawn: bool,
}

/// The proofs of one session, all of one user. A set: their order changes nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Evidence {
    pub proofs: Vec<Proof>,
}

impl Evidence {
    /// What somebody without a session has shown.
    pub const NONE: Self = Self { proofs: Vec::new() };
}
