//! From what administrators set to what requests are judged by: a changed revision, an hour that has
//! come and a deadline that has passed all end in another snapshot. Not here: what is in force at an
//! instant (`settings`), and reading files (`reload`).

use std::sync::Arc;

use super::chain;
use super::operator::first;
use super::reload::RunningGateway;
use crate::audit::{Actor, Event, EventName};
use crate::gate::Snapshot;
use crate::journey::Tally;
use crate::points::{MethodSet, Timestamp};
use crate::settings::{Author, Ground, Mark, Policies, Revision, SettingsStore};

/// The snapshot of what is in force at an instant.
///
/// # Errors
/// A sentence; the caller keeps what it has.
pub(super) fn compile(
    ground: &Ground,
    policies: &Policies,
    before: &Snapshot,
    now: Timestamp,
) -> Result<Snapshot, String> {
    let config = policies.in_force(ground, now).map_err(|error| error.to_string())?;
    let (keys, ports) = (before.keys.clone(), before.ports.clone());
    Snapshot::compile(config, keys, ports, before.revision + 1)
        .map(|compiled| compiled.keeping_upstreams_of(before))
        .map_err(|problems| first(&problems))
}

impl RunningGateway {
    /// Puts what is in force now in the place of what was. The very next request is judged by it.
    pub(super) fn refresh(&self) {
        let _one_at_a_time = self.swapping();
        // Not the instant of whoever asks: they may have waited for the lock.
        let now = self.clock.now();
        let before = self.snapshot.load_full();
        let config = match self.policies.in_force(&self.ground.load(), now) {
            Ok(config) => config,
            Err(error) => {
                tracing::error!(%error, "the settings that were in force stay in force");
                return;
            }
        };
        let is_same = config.directories.iter().all(|(name, directory)| {
            before.directory(name).is_some_and(|policy| policy.settings == directory.settings)
        });
        if is_same {
            return;
        }
        match compile(&self.ground.load(), &self.policies, &before, now) {
            Ok(compiled) => self.take(&compiled),
            Err(error) => tracing::error!(%error, "the settings that were in force stay in force"),
        }
    }

    /// What a clock brings: scheduled changes that are due, and changes that nobody confirmed.
    pub(super) async fn tick(&self, now: Timestamp) {
        match self.policies.end_lapsed(now).await {
            Ok(lapsed) => {
                for revision in lapsed {
                    self.tell(EventName::PolicyReverted, &revision, "not_confirmed", now);
                }
            }
            // It is not in force all the same.
            Err(error) => tracing::warn!(error = chain(&error), "an unconfirmed change waits"),
        }
        for revision in self.policies.due(now) {
            self.start(&revision, now).await;
        }
        self.refresh();
    }

    /// Starts a scheduled change, unless it would undo another that came into force since it was drafted, or
    /// keep everybody or every administrator out by now.
    async fn start(&self, revision: &Revision, now: Timestamp) {
        let directory = &revision.directory;
        let running = self.policies.running(directory, now);
        if running.is_some_and(|running| revision.is_overtaken_by(&running)) {
            let reverted = EventName::PolicyReverted;
            return self.settle(revision, (Mark::Ended, reverted, "overtaken"), now).await;
        }
        let ground = self.ground.load_full();
        let draft = ground.with(directory, Some(&revision.chosen)).ok().flatten();
        let Some(draft) = draft else { return };
        let judged = self.policies.judge(&ground, directory, &draft, Author::default(), now).await;
        let may_start = match judged {
            Ok(preview) => preview.is_some_and(|preview| !preview.is_blocked()),
            Err(error) => {
                // Tried again a second later: an hour that cannot be judged is not missed.
                tracing::warn!(error = chain(&error), "a scheduled change could not be judged");
                return;
            }
        };
        let became = if may_start {
            (Mark::Started, EventName::PolicyStarted, "scheduled")
        } else {
            (Mark::Ended, EventName::PolicyReverted, "would_lock_out")
        };
        self.settle(revision, became, now).await;
    }

    /// Marks a scheduled change whose hour has come, and tells what became of it.
    async fn settle(
        &self,
        revision: &Revision,
        (mark, name, why): (Mark, EventName, &'static str),
        now: Timestamp,
    ) {
        let directory = &revision.directory;
        match self.policies.mark(directory, revision.number, mark, now).await {
            Ok(true) => self.tell(name, revision, why, now),
            Ok(false) => {}
            Err(error) => tracing::warn!(error = chain(&error), "a scheduled change waits"),
        }
    }

    fn tell(&self, name: EventName, revision: &Revision, why: &'static str, now: Timestamp) {
        if name == EventName::PolicyReverted {
            tracing::warn!(directory = %revision.directory, revision = revision.number, why, "a change of settings is not in force");
        }
        let event = Event::new(name, now).actor(&Actor::Gateway).directory(&revision.directory);
        self.audit.record(event.revision(revision.number).reason(why));
    }
}

/// Counts sign-ins in the background.
#[derive(Debug)]
pub(super) struct Counting(pub(super) Arc<dyn SettingsStore>);

impl Tally for Counting {
    fn signed_in(&self, directory: &str, shown: MethodSet, now: Timestamp) {
        let (store, directory) = (self.0.clone(), directory.into());
        tokio::spawn(async move {
            if let Err(error) = store.note_sign_in(&directory, None, shown, now).await {
                tracing::warn!(error = chain(&error), "a sign-in was not counted");
            }
        });
    }
}
