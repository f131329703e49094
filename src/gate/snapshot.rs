//! Everything that a decision is made from, at one moment: routes, settings, keys. Taken once per
//! request; a reload puts another in its place. Not here: how it is made from files (`app`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::accounts::DirectoryName;
use crate::config::{Config, Upstream};
use crate::keys::Keyring;
use crate::points::{MethodSet, Settings};
use crate::routes::{Route, Table};

/// One directory, as decisions see it.
#[derive(Clone, Debug)]
pub struct DirectoryPolicy {
    pub settings: Settings,
    /// The methods that this version has and this configuration can carry.
    pub offered: MethodSet,
}

/// One state of the configuration.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub table: Arc<Table>,
    pub directories: Arc<BTreeMap<DirectoryName, DirectoryPolicy>>,
    pub upstreams: Arc<BTreeMap<Arc<str>, Arc<Upstream>>>,
    pub keys: Arc<Keyring>,
    pub config: Arc<Config>,
    /// Ports under which the listeners can be named, besides a route's `public_port`.
    pub ports: Vec<u16>,
    /// Rises with every reload.
    pub revision: u64,
}

impl Snapshot {
    /// The same, with other keys.
    #[must_use]
    pub fn with_keys(&self, keys: Arc<Keyring>) -> Self {
        Self { keys, ..self.clone() }
    }

    #[must_use]
    pub fn directory(&self, name: &str) -> Option<&DirectoryPolicy> {
        self.directories.get(name)
    }

    #[must_use]
    pub fn offered(&self, directory: &str) -> MethodSet {
        self.directory(directory).map_or(MethodSet::EMPTY, |directory| directory.offered)
    }

    /// A host may be named without port, with a listener's, or with the route's public one.
    #[must_use]
    pub fn accepts_port(&self, route: &Route, port: Option<u16>) -> bool {
        port.is_none_or(|port| self.ports.contains(&port) || route.public_port == Some(port))
    }
}
