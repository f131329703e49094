//! What a store keeps of a session. Plain values; no rule and no cookie.

use std::fmt;

use crate::accounts::{DirectoryName, UserId};
use crate::points::{Proof, Timestamp};

/// Names a session inside the server. 128 random bits; in no cookie, page, header or log.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionKey(pub [u8; 16]);

impl SessionKey {
    #[must_use]
    pub fn random() -> Self {
        Self(crate::random::bytes())
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

/// SHA-256 of a session's name: what a store and the memory know of a cookie.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct NameHash(pub [u8; 32]);

impl NameHash {
    /// Enough of the hash to tell sessions apart in an audit line: 12 hexadecimal digits.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for NameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameHash({})", self.short())
    }
}

/// A session as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRecord {
    pub key: SessionKey,
    pub user: UserId,
    pub directory: DirectoryName,
    pub created_at: Timestamp,
    /// May be up to 30 s old in the store, which only shortens an idle session.
    pub last_seen_at: Timestamp,
    /// The absolute end; no use moves it.
    pub ends_at: Timestamp,
    /// In the order in which they were added: a name sees the first so many of them.
    pub proofs: Vec<Proof>,
    /// What the browser called itself, cut to 200 characters: for the user's list of sessions.
    pub user_agent: Option<String>,
    /// Where the session was begun, for the same list.
    pub address: Option<String>,
}

/// One name of a session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameRecord {
    pub hash: NameHash,
    /// The host whose cookie carries it; it names nothing on another.
    pub host: String,
    /// How many proofs, from the first, this name may show. `None`: all of them.
    pub sees: Option<u32>,
    /// Set when a newer name has replaced it: it stands until then and is dead after.
    pub stands_until: Option<Timestamp>,
}
