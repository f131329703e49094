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
use crate::settings::{Became, Ground, Policies, Revision, SettingsStore};

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
        for (revision, became) in self.policies.start_due(&self.ground.load_full(), now).await {
            let (name, why) = match became {
                Ok(Became::Started) => (EventName::PolicyStarted, "scheduled"),
                Ok(Became::Overtaken) => (EventName::PolicyReverted, "overtaken"),
                Ok(Became::Blocked) => (EventName::PolicyReverted, "would_lock_out"),
                // Tried again a second later: an hour that cannot be judged is not missed.
                Err(error) => {
                    tracing::warn!(error = chain(&error), "a scheduled change waits");
                    continue;
                }
            };
            self.tell(name, &revision, why, now);
        }
        self.refresh();
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
            if let Err(error) = store.note_sign_in(&directory, shown, now).await {
                tracing::warn!(error = chain(&error), "a sign-in was not counted");
            }
        });
    }
}
