//! What operations need of the rest, for a gateway that runs and for a store without one. Not here:
//! what an operation does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use tokio::sync::Mutex;

use super::chain;
use super::keyring::KeyFile;
use super::loading::Ready;
use crate::accounts::{Account, AccountStore, DirectoryName, StoreError, UserName};
use crate::audit::Audit;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::Provenance;
use crate::gate::Snapshot;
use crate::keys::Keyring;
use crate::methods::{HashCost, PasswordRules};
use crate::operations::{
    Letters, NoLetters, NotHashed, Operator, Passwords, Place, Places, Service, Stopped, Tools,
    Unlock,
};
use crate::secret::Secret;
use crate::sessions::{SessionStore, Sessions};
use crate::settings::{Ground, Policies};
use crate::store::embedded::Embedded;
use crate::throttle::Attempts;

/// What a running gateway adds.
pub(super) struct Running {
    pub(super) policies: Arc<Policies>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) letters: Arc<dyn Letters>,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) provenance: Arc<ArcSwap<Provenance>>,
    pub(super) service: Arc<dyn Service>,
    /// Where the keys are; `None`: in memory.
    pub(super) key_file: Option<PathBuf>,
    pub(super) keys: Arc<ArcSwap<Keyring>>,
}

/// An operator on a store that no gateway has open.
pub(super) async fn offline(
    loaded: Ready,
    folder: &Path,
    store: Embedded,
    keys: Arc<Keyring>,
    audit: Arc<Audit>,
    clock: Arc<dyn Clock>,
) -> Result<Operator, Failure> {
    let ports = listener_ports(&loaded.config);
    let shared: Arc<Embedded> = Arc::new(store.clone());
    let policies = Policies::open_to_recover(shared.clone()).await;
    let policies = Arc::new(policies.map_err(|error| Failure::Unreachable(chain(&error)))?);
    let ground =
        Ground { config: loaded.config.clone(), provenance: Arc::new(loaded.provenance.clone()) };
    // What cannot be read is not in the way of going back to what can.
    let config = policies.in_force(&ground, clock.now()).unwrap_or(loaded.config);
    let snapshot = Snapshot::compile(config, keys.clone(), ports, 0)
        .map_err(|problems| Failure::Configuration(first(&problems)))?;
    let running = Running {
        policies,
        sessions: Arc::new(Sessions::new(shared.clone(), shared)),
        letters: Arc::new(NoLetters),
        snapshot: Arc::new(ArcSwap::from_pointee(snapshot)),
        provenance: Arc::new(ArcSwap::from_pointee(loaded.provenance)),
        service: Arc::new(Stopped),
        key_file: Some(key_file(folder)),
        keys: Arc::new(ArcSwap::new(keys)),
    };
    Ok(operator(store, running, audit, clock))
}

/// Where a store has its keys.
pub(super) fn key_file(folder: &Path) -> PathBuf {
    folder.join("keys.json")
}

/// The ports that a configuration names; port 0 names none.
fn listener_ports(config: &crate::config::Config) -> Vec<u16> {
    let https = config.listen.https.as_ref().map(|listener| listener.address.port());
    let http = config.listen.http.as_ref().map(|listener| listener.address.port());
    https.into_iter().chain(http).collect()
}

/// What a person is told of routes that contradict one another.
pub(super) fn first(problems: &[crate::routes::RouteProblem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{problem} ({})", problem.help()))
        .collect::<Vec<_>>()
        .join("\n")
}

pub(super) fn operator(
    store: Embedded,
    running: Running,
    audit: Arc<Audit>,
    clock: Arc<dyn Clock>,
) -> Operator {
    let store = Arc::new(store);
    let accounts: Arc<dyn AccountStore> = store.clone();
    let session_store: Arc<dyn SessionStore> = store.clone();
    let limits = running.snapshot.load().config.limits;
    let attempts = Attempts::new(store.clone(), limits.sign_in_per_ip, limits.sign_in_per_account);
    let keys = KeyFile {
        path: running.key_file,
        snapshot: running.snapshot.clone(),
        shared: running.keys,
        clock: clock.clone(),
        rotating: Mutex::default(),
    };
    Operator::new(Tools {
        accounts,
        changes: store,
        letters: running.letters,
        session_store,
        sessions: running.sessions,
        passwords: Arc::new(OwnThreads),
        unlock: Arc::new(Counters(attempts)),
        places: Arc::new(InForce { snapshot: running.snapshot, provenance: running.provenance }),
        service: running.service,
        policies: running.policies,
        keys: Arc::new(keys),
        audit,
        clock,
    })
}

/// Hashes on a thread of its own: commands are few, and never in the way of people who sign in.
#[derive(Debug)]
struct OwnThreads;

#[async_trait]
impl Passwords for OwnThreads {
    async fn hash(
        &self,
        password: Secret<String>,
        user: &UserName,
    ) -> Result<Secret<String>, NotHashed> {
        PasswordRules
            .check(password.reveal(), &[user.as_str()])
            .map_err(|problem| NotHashed::AgainstTheRules { why: problem.to_string() })?;
        tokio::task::spawn_blocking(move || HashCost::OWASP.hash(password.reveal()))
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(NotHashed::Busy)
    }
}

#[derive(Debug)]
struct Counters(Attempts);

#[async_trait]
impl Unlock for Counters {
    async fn unlock(&self, account: &Account) -> Result<(), StoreError> {
        self.0.unlock(&account.user.directory, account.user.name.as_str()).await
    }
}

/// The configuration in force.
#[derive(Debug)]
struct InForce {
    snapshot: Arc<ArcSwap<Snapshot>>,
    provenance: Arc<ArcSwap<Provenance>>,
}

impl InForce {
    /// The settings that decide at a place, with where each was written.
    fn origins(&self, route: &str, rule: Option<&str>, directory: &str) -> Vec<(String, String)> {
        let provenance = self.provenance.load();
        let rule = rule.map(|rule| format!("route.{route}.rule.{rule}"));
        let paths = rule
            .iter()
            .flat_map(|rule| {
                ["level", "public", "max_age", "fresh_within", "kinds", "roles"]
                    .map(|key| format!("{rule}.{key}"))
            })
            .chain([
                format!("route.{route}.level"),
                format!("directory.{directory}.authentication.required_level"),
            ]);
        paths
            .filter_map(|path| {
                let origin = provenance.of(&path)?;
                let place = origin
                    .spot
                    .as_ref()
                    .map_or_else(|| "default".to_owned(), crate::config::Spot::brief);
                Some((path, place))
            })
            .collect()
    }
}

impl Places for InForce {
    fn directories(&self) -> Vec<DirectoryName> {
        self.snapshot.load().directories.keys().cloned().collect()
    }

    fn admin_directory(&self) -> Option<DirectoryName> {
        self.snapshot.load().config.admin_directory().cloned()
    }

    fn probation(&self, directory: &str) -> Option<Duration> {
        let snapshot = self.snapshot.load();
        snapshot.directory(directory).map(|directory| directory.settings.probation)
    }

    fn link(&self, directory: &str, host: Option<&str>, token: &str) -> Result<String, String> {
        let snapshot = self.snapshot.load();
        let config = &snapshot.config;
        let of_directory = |route: &&crate::routes::RouteSpec| route.directory == directory;
        let host = match host {
            Some(host) => {
                let owner = snapshot.table.directory_of(host.as_bytes());
                if owner.as_deref() != Some(directory) {
                    return Err(format!("`{host}` is not a host of directory `{directory}`"));
                }
                host.to_owned()
            }
            None => config
                .directories
                .get(directory)
                .and_then(|directory| directory.sign_in_host.clone())
                .or_else(|| {
                    let exact = |route: &&crate::routes::RouteSpec| !route.host.starts_with("*.");
                    let mut routes = config.routes.iter().filter(of_directory).filter(exact);
                    routes.next().map(|route| route.host.clone())
                })
                .ok_or_else(|| {
                    format!(
                        "no route of directory `{directory}` has an exact host: say one with --host"
                    )
                })?,
        };
        Ok(snapshot.own_pages(&host) + "link/" + token)
    }

    fn find(&self, host: &[u8], method: &str, target: &[u8]) -> Result<Place, String> {
        let snapshot = self.snapshot.load();
        self.find_in(&snapshot, host, method, target)
    }

    fn all(&self, directory: &str) -> Vec<(String, Place)> {
        let snapshot = self.snapshot.load();
        let routes = snapshot.config.routes.iter().filter(|route| route.directory == directory);
        let places = routes.flat_map(|route| {
            // One label stands for all that a wildcard takes.
            let host = route.host.replacen('*', "any", 1);
            let own = route.path.as_deref().unwrap_or("/");
            let rules = route.rules.iter().map(|rule| {
                let method = rule.methods.as_ref().and_then(|methods| methods.first());
                (rule.path.as_str(), method.map_or("GET", String::as_str))
            });
            std::iter::once((own, "GET"))
                .chain(rules)
                .filter_map(|(path, method)| {
                    let found = self.find_in(&snapshot, host.as_bytes(), method, path.as_bytes());
                    found.ok().map(|place| (format!("{}{path}", route.host), place))
                })
                .collect::<Vec<_>>()
        });
        let mut seen = std::collections::BTreeSet::new();
        places.filter(|(_, place)| seen.insert((place.route.clone(), place.rule.clone()))).collect()
    }
}

impl InForce {
    fn find_in(
        &self,
        snapshot: &Snapshot,
        host: &[u8],
        method: &str,
        target: &[u8],
    ) -> Result<Place, String> {
        let matched =
            snapshot.table.find(host, method, target).map_err(|error| error.to_string())?;
        let directory = snapshot
            .directory(&matched.route.directory)
            .ok_or_else(|| format!("directory `{}` is not there", matched.route.directory))?;
        Ok(Place {
            origins: self.origins(
                &matched.route.name,
                matched.rule.as_deref(),
                &matched.route.directory,
            ),
            route: matched.route.name.to_string(),
            rule: matched.rule.as_deref().map(str::to_owned),
            directory: matched.route.directory.clone(),
            requirement: (*matched.requirement).clone(),
            settings: directory.settings.clone(),
            offered: directory.offered,
        })
    }
}
