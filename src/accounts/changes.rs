//! What people change about their own account, as a store keeps it. Values and the trait. Not here:
//! who may (`journey::enrolment`), and what else a store does for an account ([`super::AccountStore`]).

use async_trait::async_trait;

use super::{ContactKind, StoreError, UserId};
use crate::points::{Channel, CredentialId, Timestamp};
use crate::secret::Secret;

/// A credential that is to be removed, and is good until then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedRemoval {
    pub user: UserId,
    pub credential: CredentialId,
    pub due_at: Timestamp,
}

/// What a reset leaves on a password: it lives in the channel that the reset came through.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mark {
    pub channel: Channel,
    /// `None`: until the password is changed, or an administrator lifts it.
    pub ends_at: Option<Timestamp>,
}

/// Keeps what people change. Every change of an account raises its version in the same transaction.
#[async_trait]
pub trait ChangeStore: Send + Sync + std::fmt::Debug {
    /// Removes a contact or credential, whatever it is of, and every plan to remove it. `false` if the
    /// user has none such: nothing was removed.
    async fn remove_credential(
        &self,
        user: &UserId,
        credential: &CredentialId,
    ) -> Result<bool, StoreError>;

    /// Notes that a credential is to go. Of two plans for one credential the first stands: `Some` is when
    /// it is due, and nothing was noted.
    async fn plan_removal(&self, removal: &PlannedRemoval)
    -> Result<Option<Timestamp>, StoreError>;

    /// `false` if there was no plan.
    async fn cancel_removal(
        &self,
        user: &UserId,
        credential: &CredentialId,
    ) -> Result<bool, StoreError>;

    /// Of one user, the next one first.
    async fn planned_removals(&self, user: &UserId) -> Result<Vec<PlannedRemoval>, StoreError>;

    /// Whose time has come, at most a hundred.
    async fn due_removals(&self, now: Timestamp) -> Result<Vec<PlannedRemoval>, StoreError>;

    /// Replaces the password, or gives the user one; proofs of the old one are withdrawn with its id, and
    /// every unused link of the user ends. A first one is on probation from `now`; another one is as old
    /// as the one before.
    async fn replace_password(
        &self,
        user: &UserId,
        hash: Secret<String>,
        mark: Option<&Mark>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError>;

    /// Takes the marks off that have ended, at most a hundred, and says whose they were.
    async fn lift_marks(&self, now: Timestamp) -> Result<Vec<UserId>, StoreError>;

    /// Adds a contact that its owner has confirmed, on probation from `now`. `false`: the user has `most` of
    /// the kind already, or this one; nothing was added.
    async fn add_contact(
        &self,
        user: &UserId,
        kind: ContactKind,
        address: &str,
        most: usize,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// `false` if the user has no such app. `None`: it has no name any more.
    async fn name_app(
        &self,
        user: &UserId,
        app: &CredentialId,
        name: Option<String>,
    ) -> Result<bool, StoreError>;
}
