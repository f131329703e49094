//! The users of a directory as an administrator looks through them: found, filtered, a page at a time, in
//! order of name. Values and the trait. Not here: who may look, and what a user can reach.

use async_trait::async_trait;

use super::{Account, AccountStore, DirectoryName, StoreError, UserName};
use crate::points::{MethodSet, Role};

/// Which users are shown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Shown {
    #[default]
    Everybody,
    /// Active, with exactly one of these sets of methods (password, e-mail, text message, app, passkey,
    /// security key).
    With(Vec<MethodSet>),
    /// Active, and never signed in.
    NeverSignedIn,
    Disabled,
    Role(Role),
}

/// What is looked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RosterQuery {
    pub directory: DirectoryName,
    /// The beginning of a name or of what people are called, or a whole e-mail address or phone number;
    /// empty: everybody.
    pub search: String,
    pub shown: Shown,
    /// Only names behind this one.
    pub after: Option<UserName>,
    /// At most so many.
    pub most: u32,
}

/// Looks through users. A page costs what is on it, however many users there are.
#[async_trait]
pub trait RosterStore: AccountStore {
    /// In order of name.
    async fn roster(&self, query: &RosterQuery) -> Result<Vec<Account>, StoreError>;

    /// Disabled users of a directory. The active ones are counted by what they have
    /// (`settings::SettingsStore::groups`).
    async fn count_disabled(&self, directory: &DirectoryName) -> Result<u64, StoreError>;
}
