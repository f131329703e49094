//! Sessions: who has shown what, since when, and under which names a browser may say so.
//!
//! A session has a *key* that never leaves the server and *names*, one a host, that travel in cookies.
//! Evidence, streams and revocation hang on the key. There is no score here and no "authenticated":
//! only evidence, and the times between which it holds. Not here: pages, and how a method works.

pub mod cookies;
mod people;
mod record;
#[cfg(test)]
pub(crate) mod tests;
mod token;
mod view;

use std::time::Duration;

use async_trait::async_trait;

pub use people::Hold;
pub use record::{NameHash, NameRecord, SessionKey, SessionRecord};
pub use token::Name;
pub use view::{Beginning, Found, NewlyNamed, Present, Rise, Sessions};

use crate::accounts::{StoreError, UserId};
use crate::points::{Proof, Timestamp};

/// How long a session lasts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionLimits {
    /// Without a request, it ends after this.
    pub idle_timeout: Duration,
    /// It ends this long after it began, however much it is used.
    pub lifetime: Duration,
}

/// Keeps sessions. A failure is never "there is no such session" and never "there is one".
#[async_trait]
pub trait SessionStore: Send + Sync + std::fmt::Debug {
    /// A new session with its first name, durably, in one transaction.
    async fn create_session(
        &self,
        session: &SessionRecord,
        name: &NameRecord,
    ) -> Result<(), StoreError>;

    /// The session that has this name, and the name; `None` where either is unknown or has ended.
    async fn find_session(
        &self,
        name: &NameHash,
    ) -> Result<Option<(SessionRecord, NameRecord)>, StoreError>;

    /// Adds a proof and gives the session a new name in one transaction. The old name, if one is given,
    /// keeps what it saw and stands until `old_stands_until`.
    ///
    /// `false` if the session has ended: nothing was added.
    async fn add_proof(
        &self,
        session: &SessionKey,
        proof: &Proof,
        new_name: &NameRecord,
        old_name: Option<(&NameHash, Timestamp)>,
    ) -> Result<bool, StoreError>;

    /// When the new name was first shown, the old one stands only until `stands_until`.
    async fn shorten_name(
        &self,
        name: &NameHash,
        stands_until: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends one session and all its names. `false` if there was none.
    async fn end_session(&self, session: &SessionKey) -> Result<bool, StoreError>;

    /// Ends every session of a user but this one, where one is named, and says which.
    async fn end_sessions_of(
        &self,
        user: &UserId,
        but: Option<&SessionKey>,
    ) -> Result<Vec<SessionKey>, StoreError>;

    /// Notes when sessions were last seen; never moves an instant back.
    async fn touch_sessions(&self, seen: &[(SessionKey, Timestamp)]) -> Result<(), StoreError>;

    /// The live sessions of one user, or of everybody, newest first.
    async fn list_sessions(&self, user: Option<&UserId>) -> Result<Vec<SessionRecord>, StoreError>;

    /// Removes sessions that ended at or before `now`, or were last seen before `idle_since`, and names that
    /// no longer stand; says how many sessions.
    async fn sweep_sessions(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<u64, StoreError>;
}
