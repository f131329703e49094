//! What settings stand on: the configuration as files say it, with the place of each value. From it and the
//! revisions come the settings that decide, and the material of a preview. Not here: pages, and when the
//! gate takes a snapshot.

use std::sync::Arc;

use super::chosen::{Chosen, Locks, Unreadable, effective};
use super::policies::Policies;
use super::preview::{Author, Entrance, Material, Preview, preview};
use super::revision::{Mark, Revision};
use crate::accounts::StoreError;
use crate::config::{Config, Provenance};
use crate::points::{Level, Requirement, Settings, Timestamp};
use crate::routes::RouteSpec;

/// How many days are played over again.
pub const REPLAYED_DAYS: u64 = 7;

/// The files, as they were read last.
#[derive(Clone, Debug)]
pub struct Ground {
    pub config: Arc<Config>,
    pub provenance: Arc<Provenance>,
}

impl Ground {
    /// What files set of a directory.
    #[must_use]
    pub fn locks(&self, directory: &str) -> Locks {
        Locks::of(directory, &self.provenance, self.config.admin.read_only)
    }

    /// What files and defaults say of a directory; `None`: it is not there.
    #[must_use]
    pub fn file(&self, directory: &str) -> Option<&Settings> {
        self.config.directories.get(directory).map(|directory| &directory.settings)
    }

    /// The settings of a directory with something chosen on top.
    ///
    /// # Errors
    /// What was chosen cannot be read.
    pub fn with(
        &self,
        directory: &str,
        chosen: Option<&Chosen>,
    ) -> Result<Option<Settings>, Unreadable> {
        let Some(file) = self.file(directory) else { return Ok(None) };
        effective(file, &self.locks(directory), &self.config.guard, chosen).map(Some)
    }

    /// Everything that a directory's routes ask by a level of their own.
    fn places(&self, directory: &str, own: Level) -> Vec<(String, Requirement)> {
        let mut places = Vec::new();
        for route in self.config.routes.iter().filter(|route| route.directory == directory) {
            let spec = RouteSpec { directory_level: own, ..route.clone() };
            let names = route.rules.iter().map(|rule| format!("{} {}", route.name, rule.path));
            let names = std::iter::once(route.name.clone()).chain(names);
            let levels = route.rules.iter().map(|rule| rule.asks.level);
            let levels = std::iter::once(route.asks.level).chain(levels);
            let asked = names.zip(levels).zip(spec.places());
            let own = asked.filter(|((_, level), _)| level.is_some());
            places.extend(own.map(|((name, _), (_, requirement))| (name, requirement)));
        }
        places
    }
}

/// What became of a scheduled change whose hour has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Became {
    Started,
    /// Another came into force since it was drafted; it would undo that one.
    Overtaken,
    /// It would keep everybody or every administrator out by now.
    Blocked,
}

impl Policies {
    /// The configuration with what administrators set on top of it, as of an instant.
    ///
    /// # Errors
    /// A running revision cannot be read: the caller keeps what it has.
    pub fn in_force(&self, ground: &Ground, now: Timestamp) -> Result<Arc<Config>, Unreadable> {
        let mut config = (*ground.config).clone();
        for (name, directory) in &mut config.directories {
            let running = self.running(name, now);
            let chosen = running.as_ref().map(|revision| &revision.chosen);
            if let Some(settings) = ground.with(name, chosen)? {
                directory.settings = settings;
            }
        }
        for route in &mut config.routes {
            let directory = config.directories.get(route.directory.as_str());
            if let Some(directory) = directory {
                route.directory_level = directory.settings.required_level;
            }
        }
        Ok(Arc::new(config))
    }

    /// Judges a draft of a directory against what is in force. `None`: there is no such directory.
    ///
    /// # Errors
    /// Users could not be counted; nothing is known, so nothing may be saved.
    pub async fn judge(
        &self,
        ground: &Ground,
        directory: &str,
        draft: &Settings,
        author: Author,
        now: Timestamp,
    ) -> Result<Option<Preview>, StoreError> {
        let Some((name, checked)) = ground.config.directories.get_key_value(directory) else {
            return Ok(None);
        };
        let chosen = self.running(directory, now).map(|revision| revision.chosen);
        let running = ground.with(directory, chosen.as_ref());
        let running = running.map_err(|_| StoreError::Unreadable { what: "revision" })?;
        let Some(running) = running else { return Ok(None) };
        let usable = checked.usable(ground.config.usable_methods());
        let week = Timestamp::from_secs(now.as_secs().saturating_sub(REPLAYED_DAYS * 86_400));
        let groups = self.store().groups(name).await?;
        let sign_ins = self.store().sign_ins(name, week).await?;
        let administers = ground.config.admin_directory() == Some(name);
        let owners = if administers { self.store().owners(name).await? } else { Vec::new() };
        Ok(Some(preview(&Material {
            draft,
            running: &running,
            usable,
            groups: &groups,
            sign_ins: &sign_ins,
            places: &ground.places(directory, draft.required_level),
            admin: administers.then(|| Entrance {
                level: ground.config.admin_level(draft),
                usable: ground.config.admin_methods(),
                owners: &owners,
            }),
            author,
            now,
        })))
    }

    /// Starts the scheduled changes whose hour has come, or ends those that something speaks against. What could not
    /// be judged or stored waits, and is tried again.
    pub async fn start_due(
        &self,
        ground: &Ground,
        now: Timestamp,
    ) -> Vec<(Revision, Result<Became, StoreError>)> {
        let mut told = Vec::new();
        for revision in self.due(now) {
            match self.start_one(ground, &revision, now).await {
                Ok(None) => {}
                Ok(Some(became)) => told.push((revision, Ok(became))),
                Err(error) => told.push((revision, Err(error))),
            }
        }
        told
    }

    /// `None`: its directory is gone from the files, or somebody else was quicker.
    async fn start_one(
        &self,
        ground: &Ground,
        revision: &Revision,
        now: Timestamp,
    ) -> Result<Option<Became>, StoreError> {
        let directory = &revision.directory;
        let running = self.running(directory, now);
        let became = if running.is_some_and(|running| revision.is_overtaken_by(&running)) {
            Became::Overtaken
        } else {
            let draft = ground.with(directory, Some(&revision.chosen));
            let draft = draft.map_err(|_| StoreError::Unreadable { what: "revision" })?;
            let Some(draft) = draft else { return Ok(None) };
            match self.judge(ground, directory, &draft, Author::default(), now).await? {
                None => return Ok(None),
                Some(preview) if preview.is_blocked() => Became::Blocked,
                Some(_) => Became::Started,
            }
        };
        let mark = if became == Became::Started { Mark::Started } else { Mark::Ended };
        let marked = self.mark(directory, revision.number, mark, now).await?;
        Ok(marked.then_some(became))
    }
}
