//! What the settings ask of a store: to keep revisions, to count users by what they have, and sign-ins by
//! what was shown. Not here: rows.

use async_trait::async_trait;

use super::chosen::Chosen;
use super::revision::{Mark, Revision};
use crate::accounts::{DirectoryName, StoreError, UserName};
use crate::points::{Enrolled, MethodSet, Timestamp};

/// A revision before it has a number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewRevision {
    pub directory: DirectoryName,
    pub author: String,
    pub at: Timestamp,
    pub reason: String,
    pub chosen: Chosen,
    pub report_only: bool,
    pub starts_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub confirm_by: Option<Timestamp>,
}

impl NewRevision {
    /// As it is once it was stored under a number.
    #[must_use]
    pub fn numbered(self, number: u64) -> Revision {
        Revision {
            directory: self.directory,
            number,
            author: self.author,
            at: self.at,
            reason: self.reason,
            chosen: self.chosen,
            report_only: self.report_only,
            starts_at: self.starts_at,
            started_at: self.started_at,
            confirm_by: self.confirm_by,
            confirmed_at: None,
            ended_at: None,
        }
    }
}

/// What a store holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Revisions {
    /// By directory and number.
    pub read: Vec<Revision>,
    /// Directory and number of those that have not ended and cannot be read: one of them might be the one in
    /// force.
    pub unreadable: Vec<(DirectoryName, u64)>,
}

/// What became of adding one.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Added {
    /// Its number.
    Revision(u64),
    /// There is a newer one than the caller knew.
    Overtaken,
}

/// Active users of a directory who have the same methods.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Group {
    pub methods: MethodSet,
    pub users: u64,
    /// Of them, those who own the gateway.
    pub owners: u64,
}

/// Sign-ins that ended with the same methods.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignIns {
    pub methods: MethodSet,
    pub count: u64,
}

/// Keeps settings.
#[async_trait]
pub trait SettingsStore: Send + Sync + std::fmt::Debug {
    /// All revisions. One that has ended and cannot be read is one that says nothing.
    async fn revisions(&self) -> Result<Revisions, StoreError>;

    /// Adds a revision, if the newest of its directory is still `known`.
    async fn add_revision(&self, new: NewRevision, known: u64) -> Result<Added, StoreError>;

    /// Marks a revision; `false`: it has that mark already, has ended, or its time to be confirmed is
    /// over.
    async fn mark_revision(
        &self,
        directory: &DirectoryName,
        number: u64,
        mark: Mark,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends every revision of a directory, also those that cannot be read, and adds `to` after them: both or
    /// neither. Gives its number; 0: nothing was added.
    async fn go_back(
        &self,
        directory: &DirectoryName,
        to: Option<NewRevision>,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// The active users of a directory, counted by what they have. Quick for a million.
    async fn groups(&self, directory: &DirectoryName) -> Result<Vec<Group>, StoreError>;

    /// What each active owner of a directory has, as [`crate::accounts::Account::enrolled`] says it.
    async fn owners(&self, directory: &DirectoryName) -> Result<Vec<Vec<Enrolled>>, StoreError>;

    /// The first `most` active users, by name, who have exactly one of these sets of methods.
    async fn users_with(
        &self,
        directory: &DirectoryName,
        sets: &[MethodSet],
        most: u32,
    ) -> Result<Vec<UserName>, StoreError>;

    /// Counts a sign-in of that day.
    async fn note_sign_in(
        &self,
        directory: &DirectoryName,
        shown: MethodSet,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The sign-ins since the day of that instant, summed over days.
    async fn sign_ins(
        &self,
        directory: &DirectoryName,
        since: Timestamp,
    ) -> Result<Vec<SignIns>, StoreError>;
}
