//! Passkeys and security keys as an account owns them, and the trait that keeps them. Not here: how a
//! signature is checked (`methods`), or what one is worth (`points`).

use async_trait::async_trait;

use super::{Account, StoreError, UserId};
use crate::points::{CredentialId, Method, Timestamp};

/// A WebAuthn credential of a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasskeyCredential {
    pub id: CredentialId,
    /// [`Method::Passkey`] or [`Method::SecurityKey`]: what it was registered for. It proves nothing
    /// else.
    pub method: Method,
    /// The credential id of the authenticator, 1 to 1023 bytes (WebAuthn level 3, section 4).
    pub credential: Vec<u8>,
    /// What a signature is checked with, in the form that the method keeps.
    pub key: Vec<u8>,
    /// The largest signature counter that was seen; 0 where the authenticator has none.
    pub sign_count: u32,
    /// It can live on several devices. Fixed when it is made (WebAuthn level 3, section 6.1.3).
    pub is_backup_eligible: bool,
    pub is_backed_up: bool,
    /// As the browser reported them: a hint for the next ceremony, nothing more.
    pub transports: Vec<String>,
    /// The model of the authenticator or passkey provider; zeros where it does not tell.
    pub aaguid: [u8; 16],
    /// What the person calls it; `None` until they do.
    pub label: Option<String>,
    pub added_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// As in [`crate::points::Proof::enrolled_at`].
    pub enrolled_at: Option<Timestamp>,
}

/// A credential that is being added.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    pub user: UserId,
    pub method: Method,
    pub credential: Vec<u8>,
    pub key: Vec<u8>,
    pub sign_count: u32,
    pub is_backup_eligible: bool,
    pub is_backed_up: bool,
    pub transports: Vec<String>,
    pub aaguid: [u8; 16],
    pub label: Option<String>,
    pub enrolled_at: Option<Timestamp>,
}

/// What a successful ceremony says about its credential.
#[derive(Clone, Copy, Debug)]
pub struct PasskeyUse {
    pub sign_count: u32,
    pub is_backed_up: bool,
    pub at: Timestamp,
}

/// Keeps passkeys and security keys, and which challenges were used. Every change of a credential raises
/// the version of its account in the same transaction.
#[async_trait]
pub trait PasskeyStore: Send + Sync + std::fmt::Debug {
    /// `None`: the credential is registered already, whoever by; or there is no such user.
    async fn add_passkey(
        &self,
        new: NewPasskey,
        now: Timestamp,
    ) -> Result<Option<CredentialId>, StoreError>;

    /// Whoever owns the credential with this id of an authenticator, in any directory.
    async fn find_passkey(&self, credential: &[u8]) -> Result<Option<Account>, StoreError>;

    /// Keeps what a use said: one conditional update. `false` where the counter is not above the one
    /// that is kept (unless both are 0), so that of two uses of a copy one is refused; or where the
    /// credential is gone.
    async fn use_passkey(&self, id: &CredentialId, used: PasskeyUse) -> Result<bool, StoreError>;

    /// `false` if the user has no such credential.
    async fn rename_passkey(
        &self,
        user: &UserId,
        id: &CredentialId,
        label: &str,
    ) -> Result<bool, StoreError>;

    /// Uses a challenge, known by its hash: one conditional insert, `true` for exactly one caller.
    async fn spend_challenge(
        &self,
        hash: &[u8; 32],
        ends_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets challenges that have ended by themselves; says how many.
    async fn sweep_challenges(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// When the user may be offered a passkey again; `None`: was never offered one.
    async fn passkey_offer(&self, user: &UserId) -> Result<Option<Timestamp>, StoreError>;

    /// Not to be offered one before this instant.
    async fn put_off_passkey_offer(
        &self,
        user: &UserId,
        not_before: Timestamp,
    ) -> Result<(), StoreError>;
}
