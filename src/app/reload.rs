//! Taking over a changed configuration while the gateway runs: all or nothing. Not here: reading it
//! (`config`), or deciding when (`serve`, `operations`).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use tokio::sync::Mutex;

use super::chain;
use super::entries::{Entries, first_end, read_certificates};
use super::loading;
use super::policies::compile;
use crate::audit::{Actor, Audit, Event, EventName};
use crate::clock::Clock;
use crate::config::{Config, LoadRequest, Provenance};
use crate::gate::Snapshot;
use crate::observe::{Metrics, Readiness};
use crate::operations::{Refused, Service, Status};
use crate::points::Timestamp;
use crate::proxy::Gateway;
use crate::sessions::Sessions;
use crate::settings::{Ground, Policies};

/// Settings that are built into services at start; a change of them waits for a restart, and a reload
/// that holds one is refused rather than done by half.
const AT_START_ONLY: [&str; 21] = [
    "admin.address",
    "admin.host",
    "listen.https.address",
    "listen.https.tls.min_version",
    "listen.http.address",
    "listen.http.serve",
    "listen.http.redirect_to",
    "listen.ops",
    "store",
    "notifier",
    "sms",
    "limits.sign_in_per_ip",
    "limits.sign_in_per_account",
    "limits.codes_per_account",
    "limits.code_ttl",
    "limits.code_attempts",
    "limits.hash_workers",
    "limits.hash_queue",
    "limits.keep_alive",
    "log",
    "audit",
];

/// A running gateway, as its operator sees it.
#[derive(Debug)]
pub(super) struct RunningGateway {
    pub(super) request: LoadRequest,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) provenance: Arc<ArcSwap<Provenance>>,
    /// The files by themselves, without what administrators set on top.
    pub(super) ground: Arc<ArcSwap<Ground>>,
    pub(super) policies: Arc<Policies>,
    pub(super) gateway: Arc<Gateway>,
    /// Of the listeners that lead to no portal: they have the same limits.
    pub(super) other_gateways: Vec<Arc<Gateway>>,
    /// Who messages with codes are from.
    pub(super) brand: Arc<ArcSwap<String>>,
    pub(super) entries: Entries,
    pub(super) sessions: Arc<Sessions>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) audit: Arc<Audit>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) started_at: Timestamp,
    pub(super) listeners: Vec<String>,
    pub(super) revision: AtomicU64,
    /// The file that holds the first link, as long as it is there.
    pub(super) first_link: Option<PathBuf>,
    /// One reload at a time.
    pub(super) reloading: Mutex<()>,
    /// One snapshot after another.
    pub(super) swapping: std::sync::Mutex<()>,
}

#[async_trait]
impl Service for RunningGateway {
    async fn reload(&self, actor: &Actor) -> Result<u64, Refused> {
        let _one_at_a_time = self.reloading.lock().await;
        let now = self.clock.now();
        let outcome = self.take_over(now);
        let (name, at) = match &outcome {
            Ok(_) => (EventName::ConfigLoaded, Some(now)),
            Err(_) => (EventName::ConfigRejected, None),
        };
        self.metrics.reloaded(at);
        let event = Event::new(name, now).actor(actor);
        self.audit.record(event.revision(self.revision.load(Ordering::SeqCst)));
        match &outcome {
            Ok(revision) => tracing::info!(revision, "configuration taken over"),
            Err(why) => tracing::error!(%why, "the running configuration was not touched"),
        }
        outcome.map_err(|why| Refused::NotReloaded { why })
    }

    async fn status(&self) -> Result<Status, Refused> {
        let not_ready = self.readiness.reasons().await;
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: self.revision.load(Ordering::SeqCst),
            started_at: rfc3339(self.started_at),
            ready: not_ready.is_empty(),
            not_ready,
            listeners: self.listeners.clone(),
            sessions: self.sessions.count(),
            first_admin_link: self.first_link.clone().filter(|path| path.exists()),
        })
    }
}

impl RunningGateway {
    /// Everything that can fail comes first; what follows cannot.
    fn take_over(&self, now: Timestamp) -> Result<u64, String> {
        let request = LoadRequest { now, ..self.request.clone() };
        let loaded = loading::load(&request).map_err(|failure| failure.to_string())?;
        let waiting = self.waits_for_restart(&loaded.config, &loaded.provenance);
        if !waiting.is_empty() {
            return Err(format!(
                "these settings take effect at a restart only: {}",
                waiting.join(", ")
            ));
        }
        let certificates = read_certificates(&loaded.config)?;
        let ends = first_end(&certificates);
        let provenance = Arc::new(loaded.provenance);
        let ground = Ground { config: loaded.config.clone(), provenance: provenance.clone() };
        let _one_at_a_time = self.swapping();
        let compiled = compile(&ground, &self.policies, &self.snapshot.load(), now)?;
        let revision = compiled.revision;
        if let Some(tls) = &self.entries.https.tls {
            tls.replace(certificates).map_err(|error| chain(&error))?;
        }
        self.entries.replace_porches(&loaded.config);
        if let Some(ends) = ends {
            self.metrics.certificate("https", ends);
        }
        self.take(&compiled);
        self.ground.store(Arc::new(ground));
        self.provenance.store(provenance);
        self.brand.store(Arc::new(loaded.config.ui.brand.clone()));
        for gateway in [&self.gateway].into_iter().chain(&self.other_gateways) {
            gateway.set_limits(loaded.config.limits);
        }
        Ok(revision)
    }

    /// The next request is judged by it.
    pub(super) fn take(&self, compiled: &Snapshot) {
        self.revision.store(compiled.revision, Ordering::SeqCst);
        // The keys of this moment: they may have been rotated since the snapshot was read.
        self.snapshot.rcu(|current| compiled.with_keys(current.keys.clone()));
        self.gateway.set_upstreams(self.snapshot.load().upstreams.values().cloned());
    }

    pub(super) fn swapping(&self) -> std::sync::MutexGuard<'_, ()> {
        // It guards no value that a panic could leave by halves.
        self.swapping.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn waits_for_restart(&self, config: &Config, provenance: &Provenance) -> Vec<String> {
        let before = self.provenance.load();
        let is_fixed = |path: &str| {
            AT_START_ONLY.iter().any(|fixed| {
                path.strip_prefix(fixed)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        let value = |provenance: &Provenance, path: &str| {
            provenance.of(path).map(|origin| origin.value.clone())
        };
        let mut paths: Vec<String> = before
            .iter()
            .chain(provenance.iter())
            .map(|(path, _)| path.to_owned())
            .filter(|path| is_fixed(path) && value(&before, path) != value(provenance, path))
            .collect();
        paths.extend(changed_passwords(&self.ground.load().config, config));
        paths.sort();
        paths.dedup();
        paths
    }
}

/// Notifiers whose password is another one: where it comes from may be the same as before, and what can be
/// shown of it is.
fn changed_passwords(before: &Config, after: &Config) -> Vec<String> {
    let both = before.notifiers.iter().filter_map(|(name, one)| {
        let other = after.notifiers.get(name)?;
        (one.password() != other.password()).then(|| format!("notifier.{name}.password"))
    });
    both.collect()
}

fn rfc3339(at: Timestamp) -> String {
    i64::try_from(at.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map(|at| at.to_string())
        .unwrap_or_default()
}
