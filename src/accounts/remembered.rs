//! Devices on which somebody need not show a second step for a while: what is kept of them. Not here: what
//! one is worth (`points`), and its cookie (`web`).

use async_trait::async_trait;

use super::{StoreError, UserId};
use crate::points::{CredentialId, Timestamp};

/// Devices that are kept of one user; the oldest makes room for the next.
pub const MOST_REMEMBERED: usize = 10;

/// A device that its user had remembered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RememberedDevice {
    pub id: CredentialId,
    /// As the browser called itself.
    pub user_agent: Option<String>,
    pub made_at: Timestamp,
    pub last_used_at: Timestamp,
    /// It is good until then, not at it.
    pub ends_at: Timestamp,
}

/// A device that is to be remembered.
#[derive(Clone, Debug)]
pub struct NewRemembered {
    pub user: UserId,
    /// Of the value of its cookie.
    pub hash: [u8; 32],
    pub user_agent: Option<String>,
    pub ends_at: Timestamp,
}

/// Keeps remembered devices. A new password and disabling a user forget all of theirs, in the transaction
/// that changes the user.
#[async_trait]
pub trait RememberedStore: Send + Sync + std::fmt::Debug {
    /// Remembers a device; where there are [`MOST_REMEMBERED`], the oldest is forgotten.
    async fn remember_device(
        &self,
        new: NewRemembered,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError>;

    /// The device of this user whose cookie has this hash; from now on `next` is the value that it gets.
    ///
    /// Two values are good: the one that was handed out last, and the one that was shown last. Once the
    /// former is shown, the latter is not good any more: an answer that was lost, or a second tab, loses
    /// nothing, and of two copies of one cookie one ends. `None`: of nobody, of somebody else, or over.
    async fn use_remembered(
        &self,
        user: &UserId,
        hash: &[u8; 32],
        next: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<RememberedDevice>, StoreError>;

    /// `false`: the user has no such device.
    async fn forget_device(&self, user: &UserId, id: &CredentialId) -> Result<bool, StoreError>;

    /// Removes devices that are over; says how many.
    async fn sweep_remembered(&self, now: Timestamp) -> Result<u64, StoreError>;
}
