//! Revisions, and which of them is in force at an instant. Nothing but the instant decides: a deadline
//! that passed while the gateway was down has passed. Not here: keeping them (`store`).

use super::chosen::Chosen;
use crate::accounts::DirectoryName;
use crate::points::Timestamp;

/// One saved change of a directory's settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revision {
    pub directory: DirectoryName,
    /// From 1, within its directory. 0 is what files say.
    pub number: u64,
    /// The name of who saved it; a command's is `cli`.
    pub author: String,
    pub at: Timestamp,
    /// Empty: none was given.
    pub reason: String,
    pub chosen: Chosen,
    /// Kept as a draft: never in force, and judged by nothing.
    pub report_only: bool,
    /// When it was to start, where that was later than `at`.
    pub starts_at: Option<Timestamp>,
    /// Since when it is in force; `None`: it has not started. A fact, also where the clock was set back
    /// since: of two, the later one started later.
    pub started_at: Option<Timestamp>,
    /// Unless it is confirmed before then, what was there before comes back.
    pub confirm_by: Option<Timestamp>,
    pub confirmed_at: Option<Timestamp>,
    /// It was called off, or its hour came and it could not start.
    pub ended_at: Option<Timestamp>,
}

/// How a revision stands at an instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It starts later.
    Scheduled,
    ReportOnly,
    /// It was started, and is in force unless a later one is.
    Started,
    /// In force until then, unless somebody confirms it.
    ToConfirm(Timestamp),
    /// Nobody confirmed it in time.
    Lapsed,
    /// Called off, or refused at its hour.
    Ended,
}

impl Revision {
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (self.ended_at, self.started_at, self.confirm_by, self.confirmed_at) {
            // Ended because its deadline passed, and for good: no clock that is set back brings it again.
            (Some(ended), Some(_), Some(by), None) if by <= ended => Standing::Lapsed,
            (Some(_), _, _, _) => Standing::Ended,
            _ if self.report_only => Standing::ReportOnly,
            (None, None, _, _) => Standing::Scheduled,
            (None, Some(_), Some(by), None) if now < by => Standing::ToConfirm(by),
            (None, Some(_), Some(_), None) => Standing::Lapsed,
            (None, Some(_), _, _) => Standing::Started,
        }
    }

    /// Another that came into force since this one was drafted: this one is a whole table, and would undo it.
    /// One with a lower number did so only if it was scheduled.
    #[must_use]
    pub fn is_overtaken_by(&self, running: &Self) -> bool {
        let started_since =
            running.starts_at.is_some() && running.started_at.is_some_and(|at| at > self.at);
        running.number > self.number || (running.number < self.number && started_since)
    }

    /// Notes what was stored of it.
    pub(super) fn note(&mut self, mark: Mark, at: Timestamp) {
        match mark {
            Mark::Started => self.started_at = Some(at),
            Mark::Confirmed => self.confirmed_at = Some(at),
            Mark::Ended => self.ended_at = Some(at),
        }
    }

    fn counts_at(&self, now: Timestamp) -> bool {
        matches!(self.standing(now), Standing::Started | Standing::ToConfirm(_))
    }
}

/// What becomes of a revision later on. Each is done once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mark {
    /// Its hour has come, and nothing speaks against it.
    Started,
    /// Somebody signed in under it.
    Confirmed,
    Ended,
}

/// The revision of a directory that is in force at an instant; `None`: what files say.
#[must_use]
pub fn running<'a>(
    revisions: impl IntoIterator<Item = &'a Revision>,
    directory: &str,
    now: Timestamp,
) -> Option<&'a Revision> {
    revisions
        .into_iter()
        .filter(|revision| *revision.directory == *directory && revision.counts_at(now))
        .max_by_key(|revision| (revision.started_at, revision.number))
}
