//! The revisions of all directories, as they were last read, and what is done with them: saved, started,
//! confirmed, called off. What cannot be stored did not happen; what cannot be read leaves the last good
//! one in force. Not here: who may (`web`), and what follows for requests (`app`).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::NotRead;
use super::chosen::Chosen;
use super::revision::{Mark, Revision, Standing, running};
use super::store::{Added, NewRevision, Revisions, SettingsStore};
use crate::accounts::{DirectoryName, StoreError};
use crate::points::Timestamp;

/// How long a change that could keep its author out stands unconfirmed.
const TO_CONFIRM: Duration = Duration::from_secs(600);

/// A change that somebody wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wish {
    pub directory: DirectoryName,
    pub chosen: Chosen,
    pub author: String,
    pub reason: String,
    /// The newest revision when the form was opened.
    pub base: u64,
    pub report_only: bool,
    /// `None`: now.
    pub starts_at: Option<Timestamp>,
    /// It has to be confirmed, or goes by itself.
    pub to_confirm: bool,
}

/// Why a change was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Somebody else saved since the form was opened.
    #[error("somebody else changed this meanwhile")]
    Overtaken,
    /// It was to start before now.
    #[error("the time is in the past")]
    InThePast,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A revision that was stored.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Saved {
    pub number: u64,
    /// Unless it is confirmed before then, it goes.
    pub confirm_by: Option<Timestamp>,
}

type Listener = Arc<dyn Fn() + Send + Sync>;

/// All revisions.
pub struct Policies {
    store: Arc<dyn SettingsStore>,
    known: ArcSwap<Vec<Revision>>,
    /// One change at a time, so that what is known is what was stored last.
    changing: tokio::sync::Mutex<()>,
    changed: OnceLock<Listener>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policies").field("known", &self.known.load().len()).finish_non_exhaustive()
    }
}

impl Policies {
    /// Reads what was saved.
    ///
    /// # Errors
    /// [`NotRead`]: the gateway does not start, because it does not know what to ask.
    pub async fn open(store: Arc<dyn SettingsStore>) -> Result<Self, NotRead> {
        let Revisions { read, unreadable } = store.revisions().await?;
        match unreadable.into_iter().next() {
            None => Ok(Self::of(store, read)),
            Some((directory, number)) => Err(NotRead::Revision { directory, number }),
        }
    }

    /// As [`Policies::open`], for a command that goes back to what can be read.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn open_to_recover(store: Arc<dyn SettingsStore>) -> Result<Self, StoreError> {
        let revisions = store.revisions().await?;
        Ok(Self::of(store, revisions.read))
    }

    fn of(store: Arc<dyn SettingsStore>, known: Vec<Revision>) -> Self {
        let known = ArcSwap::from_pointee(known);
        Self { store, known, changing: tokio::sync::Mutex::default(), changed: OnceLock::new() }
    }

    /// Goes back to a revision of a directory, whatever came after it and without asking whether it
    /// is wise: for whoever has the machine. 0: to what files say. Gives the number of the revision that is
    /// in force then.
    ///
    /// # Errors
    /// The revision is not there (`None`), or the store did not answer.
    pub async fn recover(
        &self,
        directory: &DirectoryName,
        to: u64,
        author: &str,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let _one = self.changing.lock().await;
        let known = self.history(directory);
        let wanted = known.iter().find(|revision| revision.number == to);
        if to > 0 && wanted.is_none() {
            return Ok(None);
        }
        let to = wanted.map(|wanted| NewRevision {
            directory: directory.clone(),
            author: author.to_owned(),
            at: now,
            reason: String::new(),
            chosen: wanted.chosen.clone(),
            report_only: false,
            starts_at: None,
            started_at: Some(self.start(directory, now)),
            confirm_by: None,
        });
        let number = self.store.go_back(directory, to.clone(), now).await?;
        self.note(|known| {
            for own in known.iter_mut().filter(|one| one.directory == *directory) {
                own.ended_at.get_or_insert(now);
            }
            known.extend(to.map(|to| to.numbered(number)));
        });
        Ok(Some(number))
    }

    /// Told after every change, before whoever made it is answered.
    pub fn when_changed(&self, listener: impl Fn() + Send + Sync + 'static) {
        let _ = self.changed.set(Arc::new(listener));
    }

    #[must_use]
    pub fn store(&self) -> &dyn SettingsStore {
        &*self.store
    }

    /// All revisions of a directory, the newest first.
    #[must_use]
    pub fn history(&self, directory: &str) -> Vec<Revision> {
        let known = self.known.load();
        let own = known.iter().filter(|revision| *revision.directory == *directory);
        let mut history: Vec<_> = own.cloned().collect();
        history.reverse();
        history
    }

    /// The number of the newest revision of a directory; 0: there is none.
    #[must_use]
    pub fn newest(&self, directory: &str) -> u64 {
        self.history(directory).first().map_or(0, |revision| revision.number)
    }

    /// When what starts now starts: after everything that has started, whatever was done to the clock.
    fn start(&self, directory: &str, now: Timestamp) -> Timestamp {
        let known = self.known.load();
        let own = known.iter().filter(|revision| *revision.directory == *directory);
        let newest = own.filter_map(|revision| revision.started_at).max();
        newest.map_or(now, |newest| now.max(newest.after(Duration::from_millis(1))))
    }

    /// The revision in force at an instant and the number of the newest one, of one and the same reading.
    #[must_use]
    pub fn running_and_newest(&self, directory: &str, now: Timestamp) -> (Option<Revision>, u64) {
        let known = self.known.load();
        let own = known.iter().filter(|revision| *revision.directory == *directory);
        let newest = own.map(|revision| revision.number).max().unwrap_or(0);
        (running(&**known, directory, now).cloned(), newest)
    }

    /// The revision in force at an instant.
    #[must_use]
    pub fn running(&self, directory: &str, now: Timestamp) -> Option<Revision> {
        running(&**self.known.load(), directory, now).cloned()
    }

    /// Stores a change.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn save(&self, wish: Wish, now: Timestamp) -> Result<Saved, SaveError> {
        let _one = self.changing.lock().await;
        if wish.starts_at.is_some_and(|at| at <= now) {
            return Err(SaveError::InThePast);
        }
        let is_now = wish.starts_at.is_none() && !wish.report_only;
        let confirm_by = (wish.to_confirm && is_now).then(|| now.after(TO_CONFIRM));
        let started_at = is_now.then(|| self.start(&wish.directory, now));
        let new = NewRevision {
            directory: wish.directory,
            author: wish.author,
            at: now,
            reason: wish.reason,
            chosen: wish.chosen,
            report_only: wish.report_only,
            starts_at: wish.starts_at,
            started_at,
            confirm_by,
        };
        let Added::Revision(number) = self.store.add_revision(new.clone(), wish.base).await? else {
            return Err(SaveError::Overtaken);
        };
        self.note(|known| known.push(new.numbered(number)));
        Ok(Saved { number, confirm_by })
    }

    /// Marks a revision; `false`: there was nothing to mark any more.
    ///
    /// # Errors
    /// The store did not answer; nothing was changed.
    pub async fn mark(
        &self,
        directory: &DirectoryName,
        number: u64,
        mark: Mark,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let _one = self.changing.lock().await;
        self.mark_alone(directory, number, mark, now).await
    }

    /// For whoever holds `changing`.
    async fn mark_alone(
        &self,
        directory: &DirectoryName,
        number: u64,
        mark: Mark,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let at = if mark == Mark::Started { self.start(directory, now) } else { now };
        let marked = self.store.mark_revision(directory, number, mark, at).await?;
        if marked {
            let is_it = |one: &&mut Revision| one.directory == *directory && one.number == number;
            self.note(|known| known.iter_mut().filter(is_it).for_each(|one| one.note(mark, at)));
        }
        Ok(marked)
    }

    /// Ends what nobody confirmed in time, for good; gives what was ended now, also where its deadline passed
    /// while nothing ran.
    ///
    /// # Errors
    /// The store did not answer; what is left is ended the next time.
    pub async fn end_lapsed(&self, now: Timestamp) -> Result<Vec<Revision>, StoreError> {
        let has_lapsed = |revision: &&Revision| {
            revision.ended_at.is_none() && revision.standing(now) == Standing::Lapsed
        };
        if !self.known.load().iter().any(|revision| has_lapsed(&revision)) {
            return Ok(Vec::new());
        }
        let _one = self.changing.lock().await;
        // Read under the lock: it may have been confirmed a moment ago.
        let lapsed: Vec<_> = self.known.load().iter().filter(has_lapsed).cloned().collect();
        let mut ended = Vec::new();
        for revision in lapsed {
            let (directory, number) = (&revision.directory, revision.number);
            if self.mark_alone(directory, number, Mark::Ended, now).await? {
                ended.push(revision);
            }
        }
        Ok(ended)
    }

    /// Scheduled revisions whose hour has come.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Revision> {
        let known = self.known.load();
        let is_due = |revision: &&Revision| {
            revision.standing(now) == Standing::Scheduled
                && revision.starts_at.is_some_and(|at| at <= now)
        };
        known.iter().filter(is_due).cloned().collect()
    }

    /// What was stored is known, without asking the store again: a store that fails after a write would
    /// leave one half done.
    fn note(&self, change: impl FnOnce(&mut Vec<Revision>)) {
        let mut known = (**self.known.load()).clone();
        change(&mut known);
        self.known.store(Arc::new(known));
        if let Some(changed) = self.changed.get() {
            changed();
        }
    }
}
