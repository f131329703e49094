//! Directories, users, and what a user owns: contacts, credentials, links. Values and the trait that
//! a store implements. Not here: what a credential is worth (`points`), how it is checked
//! (`methods`), or a row of any database (`store`).

mod changes;
mod names;
mod passkeys;
mod remembered;
mod roster;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

pub use changes::{ChangeStore, Mark, PlannedRemoval};
pub use names::{Country, EmailAddress, InvalidName, PhoneNumber, UserName};
pub use passkeys::{NewPasskey, PasskeyCredential, PasskeyStore, PasskeyUse};
pub use remembered::{MOST_REMEMBERED, NewRemembered, RememberedDevice, RememberedStore};
pub use roster::{RosterQuery, RosterStore, Shown};

use crate::points::{Channel, CredentialId, Enrolled, Kinds, Method, Role, Timestamp};
use crate::secret::Secret;

/// The name of a directory, as in `[directory.NAME]`.
pub type DirectoryName = Arc<str>;

/// A user for as long as the account exists; never reused, never shown to a portal.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UserId(pub Arc<str>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UserState {
    Active,
    /// Kept, and lets nobody in: every session has ended and no proof is taken.
    Disabled,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    pub id: UserId,
    pub directory: DirectoryName,
    pub name: UserName,
    /// What people call them; for pages and the name header.
    pub display_name: Option<String>,
    /// A language tag such as `nl`; `None`: the page's.
    pub language: Option<String>,
    pub roles: BTreeSet<Role>,
    pub state: UserState,
    pub created_at: Timestamp,
    pub last_sign_in_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContactKind {
    Email,
    Phone,
}

/// An address at which a user receives codes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contact {
    pub id: CredentialId,
    pub kind: ContactKind,
    /// Canonical: an e-mail address, or a number in E.164 form.
    pub address: String,
    /// Keyed hash of the canonical address: the channel that proofs over it share.
    pub fingerprint: Arc<str>,
    /// Codes may be sent: set by an administrator or a command, or confirmed by a code.
    pub is_usable: bool,
    pub added_at: Timestamp,
    /// As in [`crate::points::Proof::enrolled_at`].
    pub enrolled_at: Option<Timestamp>,
}

/// A password, as its hash.
#[derive(Clone, Debug)]
pub struct PasswordCredential {
    pub id: CredentialId,
    /// PHC string (Argon2id).
    pub hash: Secret<String>,
    /// Set through a reset by this channel: pays once together with it.
    pub reset_through: Option<Channel>,
    pub set_at: Timestamp,
    /// As in [`crate::points::Proof::enrolled_at`]: since when the user has had a password, whichever.
    pub enrolled_at: Option<Timestamp>,
}

/// An authenticator app.
#[derive(Clone, Debug)]
pub struct AppCredential {
    pub id: CredentialId,
    /// RFC 6238 shared secret, 20 bytes.
    pub secret: Secret<Vec<u8>>,
    /// The newest time step that was accepted; nothing at or below it is accepted again.
    pub last_step: u64,
    /// What its owner calls it.
    pub name: Option<String>,
    pub added_at: Timestamp,
    /// As in [`crate::points::Proof::enrolled_at`].
    pub enrolled_at: Option<Timestamp>,
}

/// The recovery codes of a user that are still good. What they are is known to the user alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecoveryCodes {
    /// Of the whole set: making new codes replaces it.
    pub id: CredentialId,
    pub left: u32,
    pub made_at: Timestamp,
}

/// A user with everything that they own.
#[derive(Clone, Debug)]
pub struct Account {
    pub user: User,
    pub contacts: Vec<Contact>,
    pub password: Option<PasswordCredential>,
    pub apps: Vec<AppCredential>,
    /// Passkeys and security keys, in the order in which they were added.
    pub passkeys: Vec<PasskeyCredential>,
    /// `None`: none were made.
    pub recovery: Option<RecoveryCodes>,
    /// Also those that are over and not swept; the newest first.
    pub remembered: Vec<RememberedDevice>,
    /// Rises with every change of the user, a contact or a credential.
    pub version: u64,
}

impl Account {
    /// The first usable contact of a kind.
    #[must_use]
    pub fn contact(&self, kind: ContactKind) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.kind == kind && contact.is_usable)
    }

    /// The methods that this user has; a remembered device is none that somebody chooses. Whether a notifier can carry a code is the caller's to say.
    #[must_use]
    pub fn enrolled(&self) -> Vec<Enrolled> {
        if self.user.state == UserState::Disabled {
            return Vec::new();
        }
        let mut enrolled = Vec::new();
        if let Some(password) = &self.password {
            enrolled.push(enrolment(
                Method::Password,
                &password.id,
                password.reset_through.clone().unwrap_or(Channel::Password),
                password.enrolled_at,
            ));
        }
        for app in &self.apps {
            let channel = Channel::App(app.id.0.clone());
            enrolled.push(enrolment(Method::Totp, &app.id, channel, app.enrolled_at));
        }
        for passkey in &self.passkeys {
            let channel = Channel::Credential(passkey.id.0.clone());
            enrolled.push(enrolment(passkey.method, &passkey.id, channel, passkey.enrolled_at));
        }
        for contact in self.contacts.iter().filter(|contact| contact.is_usable) {
            let (method, channel) = match contact.kind {
                ContactKind::Email => {
                    (Method::Email, Channel::Mailbox(contact.fingerprint.clone()))
                }
                ContactKind::Phone => (Method::Sms, Channel::Phone(contact.fingerprint.clone())),
            };
            enrolled.push(enrolment(method, &contact.id, channel, contact.enrolled_at));
        }
        if let Some(codes) = self.recovery.as_ref().filter(|codes| codes.left > 0) {
            let since = Some(codes.made_at);
            enrolled.push(enrolment(
                Method::RecoveryCode,
                &codes.id,
                Channel::RecoveryCodes,
                since,
            ));
        }
        enrolled
    }

    /// Whether a proof that used this credential still stands.
    #[must_use]
    pub fn owns(&self, credential: &CredentialId) -> bool {
        self.user.state == UserState::Active
            && (self.password.as_ref().is_some_and(|password| password.id == *credential)
                || self.apps.iter().any(|app| app.id == *credential)
                || self.passkeys.iter().any(|passkey| passkey.id == *credential)
                // Also once the last of them is used: that one was a proof.
                || self.recovery.as_ref().is_some_and(|codes| codes.id == *credential)
                || self.remembered.iter().any(|device| device.id == *credential)
                || self
                    .contacts
                    .iter()
                    .any(|contact| contact.id == *credential && contact.is_usable))
    }
}

fn enrolment(
    method: Method,
    credential: &CredentialId,
    channel: Channel,
    enrolled_at: Option<Timestamp>,
) -> Enrolled {
    let kinds: Kinds = method.kinds();
    Enrolled { method, credential: credential.clone(), channel, kinds, enrolled_at }
}

/// Owns the gateway: grants every role.
pub const OWNER: &str = "scoregate_owner";

/// The gateway's own roles.
pub const GATEWAY_ROLES: [&str; 4] =
    [OWNER, "scoregate_users", "scoregate_helpdesk", "scoregate_auditor"];

/// What it takes to make a user.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub directory: DirectoryName,
    pub name: UserName,
    pub display_name: Option<String>,
    pub language: Option<String>,
    pub roles: BTreeSet<Role>,
    /// Usable at once: whoever runs the command answers for it.
    pub email: Option<EmailAddress>,
    /// Usable at once, as `email`.
    pub phone: Option<PhoneNumber>,
    /// PHC string of a password that was checked against the rules.
    pub password_hash: Option<Secret<String>>,
}

/// What a one-time link is for. A link made for one purpose does not serve another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LinkPurpose {
    /// First methods of an account: choose a password, set up an app.
    SetUp,
    /// A forgotten password, through this contact. Ends with the contact.
    Reset { through: CredentialId },
}

/// A one-time link, as the store keeps it: the token itself is known only to whoever holds the link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    pub user: UserId,
    pub purpose: LinkPurpose,
    pub expires_at: Timestamp,
}

/// The store could not do what was asked. Callers refuse; nothing was half done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, is full, or cannot be written. The caller answers 503.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// A record is there but cannot be read: tampered with, or of another key or version.
    #[error("a record of the store is not readable: {what}")]
    Unreadable { what: &'static str },
}

/// Why a user could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    #[error("this name is taken in the directory")]
    NameTaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps accounts. Every change raises the account's version in the same transaction.
#[async_trait]
pub trait AccountStore: Send + Sync + std::fmt::Debug {
    /// # Errors
    /// [`CreateError::NameTaken`] where the directory has the name.
    async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<Account, CreateError>;

    /// By canonical name; `None` if there is none. Costs the same statements either way.
    async fn find_user(
        &self,
        directory: &str,
        name: &UserName,
    ) -> Result<Option<Account>, StoreError>;

    /// By e-mail address, for people who type it instead of their name.
    async fn find_user_by_email(
        &self,
        directory: &str,
        email: &EmailAddress,
    ) -> Result<Option<Account>, StoreError>;

    async fn load_user(&self, user: &UserId) -> Result<Option<Account>, StoreError>;

    /// In order of name. `None`: of every directory.
    async fn list_users(&self, directory: Option<&str>) -> Result<Vec<User>, StoreError>;

    /// Whether any active user has the role, in any directory.
    async fn has_user_with_role(&self, role: &str) -> Result<bool, StoreError>;

    /// `false` if there is no such user.
    async fn set_user_state(&self, user: &UserId, state: UserState) -> Result<bool, StoreError>;

    async fn set_user_roles(
        &self,
        user: &UserId,
        roles: &BTreeSet<Role>,
    ) -> Result<bool, StoreError>;

    async fn record_sign_in(&self, user: &UserId, at: Timestamp) -> Result<(), StoreError>;

    /// Removes the user and everything they own. `false` if there is no such user.
    async fn delete_user(&self, user: &UserId) -> Result<bool, StoreError>;

    /// Replaces the password, without probation; proofs of the old one are withdrawn with its id.
    async fn set_password(
        &self,
        user: &UserId,
        hash: Secret<String>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError>;

    /// Replaces the hash of the same password by one with other parameters. Not a new credential.
    async fn rehash_password(
        &self,
        credential: &CredentialId,
        hash: Secret<String>,
    ) -> Result<(), StoreError>;

    /// `step` is the one that confirmed the set-up; it is not accepted again.
    async fn add_app(
        &self,
        user: &UserId,
        secret: Secret<Vec<u8>>,
        step: u64,
        enrolled_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError>;

    /// Takes a time step: one conditional update, `true` for exactly one caller, never for a step at
    /// or below the last one taken (RFC 6238, section 5.2).
    async fn take_app_step(&self, app: &CredentialId, step: u64) -> Result<bool, StoreError>;

    async fn create_link(&self, link: Link) -> Result<(), StoreError>;

    /// Reads a link without using it: for a page that changes nothing. `None`: unknown, used or
    /// expired.
    async fn find_link(
        &self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Link>, StoreError>;

    /// Uses a link: one conditional update, `Some` for exactly one caller.
    async fn take_link(
        &self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Link>, StoreError>;

    /// Whether the user has a set-up link that is still good.
    async fn has_set_up_link(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError>;

    /// Ends every unused link of a user.
    async fn end_links(&self, user: &UserId) -> Result<(), StoreError>;

    /// Removes links that were used, or ended at or before `now`; says how many. To whoever follows one it
    /// makes no difference.
    async fn sweep_links(&self, now: Timestamp) -> Result<u64, StoreError>;
}
