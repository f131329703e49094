//! Counting attempts, before they are checked. Not here: what an attempt was, or who is let in.
//!
//! A counter is keyed by a canonical name and lives in the store, so that a restart, another session
//! or another spelling of a name does not start it anew.

mod attempts;
mod budget;
#[cfg(test)]
pub(crate) mod fake;
mod sends;

use std::time::Duration;

use async_trait::async_trait;

pub use attempts::{
    Admitted, Attempts, Counted, EVERYBODY, KNOWN_BROWSERS_PER_DAY, STRANGERS_PER_DAY, SignIn,
};
pub use budget::{Budget, Mark, Span, Spending};
pub use sends::{SENDS_PER_DAY, Sending, Sends};

use crate::accounts::{StoreError, UserId};
use crate::points::Timestamp;

/// What is counted: a kind of attempt and for whom, as one text. Parts are separated by U+001F, which
/// no name or address holds.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CounterKey(String);

impl CounterKey {
    #[must_use]
    pub fn new(kind: &'static str, parts: &[&str]) -> Self {
        let mut key = kind.to_owned();
        for part in parts {
            key.push('\u{1f}');
            key.push_str(part);
        }
        Self(key)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many in which time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    pub count: u32,
    pub window: Duration,
}

/// A counter after it was raised.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tally {
    /// Includes the attempt that was just counted.
    pub count: u32,
    pub window_ends: Timestamp,
}

impl Tally {
    /// Whether the attempt that was just counted is still within the limit.
    #[must_use]
    pub const fn is_within(&self, limit: Limit) -> bool {
        self.count <= limit.count
    }
}

/// Keeps counters and which browsers a user has signed in with.
#[async_trait]
pub trait CounterStore: Send + Sync + std::fmt::Debug {
    /// Raises a counter by one and says what it is then, in one statement. A window that has ended
    /// starts anew at one.
    async fn count(
        &self,
        key: &CounterKey,
        window: Duration,
        now: Timestamp,
    ) -> Result<Tally, StoreError>;

    /// Reads without counting. `None`: nothing is counted now.
    async fn tally(&self, key: &CounterKey, now: Timestamp) -> Result<Option<Tally>, StoreError>;

    /// Starts a counter anew.
    async fn forget(&self, key: &CounterKey) -> Result<(), StoreError>;

    /// Notes that this browser has signed in as this user. `browser` is a hash; it is worth no points.
    async fn know_browser(
        &self,
        user: &UserId,
        browser: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    async fn knows_browser(&self, user: &UserId, browser: &[u8; 32]) -> Result<bool, StoreError>;

    /// Forgets browsers that last signed in before `unused_since`; says how many.
    async fn sweep_browsers(&self, unused_since: Timestamp) -> Result<u64, StoreError>;

    /// Removes counters whose window has ended; says how many.
    async fn sweep_counters(&self, now: Timestamp) -> Result<u64, StoreError>;
}
