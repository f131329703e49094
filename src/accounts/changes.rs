//! What people change about their own account, as a store keeps it. Values and the trait. Not here:
//! who may (`journey::enrolment`), and what else a store does for an account ([`super::AccountStore`]).

use async_trait::async_trait;

use super::{StoreError, UserId};
use crate::points::{CredentialId, Timestamp};

/// A credential that is to be removed, and is good until then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedRemoval {
    pub user: UserId,
    pub credential: CredentialId,
    pub due_at: Timestamp,
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

    /// Notes that a credential is to go. Of two plans for one credential the first stands.
    async fn plan_removal(&self, removal: &PlannedRemoval) -> Result<(), StoreError>;

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
}
