//! Everything that a decision is made from, at one moment: routes, settings, keys. Taken once per
//! request; a reload puts another in its place. Not here: reading files (`config`).

use super::admin::{self, Door};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::IdentityPlan;
use crate::accounts::DirectoryName;
use crate::config::{Config, HttpServes, Upstream};
use crate::keys::Keyring;
use crate::points::{Method, MethodSet, Points, Settings};
use crate::routes::{Route, RouteProblem, Table};

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
    /// What the administrators' own listener serves; `None`: they have a host in `table`.
    pub admin_table: Option<Arc<Table>>,
    pub directories: Arc<BTreeMap<DirectoryName, DirectoryPolicy>>,
    pub upstreams: Arc<BTreeMap<Arc<str>, Arc<Upstream>>>,
    /// What each route tells its portal.
    pub identities: Arc<BTreeMap<Arc<str>, IdentityPlan>>,
    pub keys: Arc<Keyring>,
    pub config: Arc<Config>,
    /// Ports under which the listeners can be named, besides a route's `public_port`.
    pub ports: Vec<u16>,
    /// Rises with every reload.
    pub revision: u64,
}

impl Snapshot {
    /// The snapshot of a configuration. `ports`: those of the listeners, the one for links first.
    ///
    /// # Errors
    /// The routes contradict one another; a configuration that was checked has no such problem.
    pub fn compile(
        config: Arc<Config>,
        keys: Arc<Keyring>,
        ports: Vec<u16>,
        revision: u64,
    ) -> Result<Self, Vec<RouteProblem>> {
        let limit = usize::try_from(config.limits.target_bytes).unwrap_or(usize::MAX);
        let methods = config.usable_methods();
        let policies = config.directories.iter().map(|(name, directory)| {
            let settings = directory.settings.clone();
            let is_worth = |method: &Method| settings.policy(*method).points > Points::ZERO;
            let offered = directory.usable(methods).iter().filter(is_worth).collect();
            (name.clone(), DirectoryPolicy { settings, offered })
        });
        let directories: BTreeMap<DirectoryName, DirectoryPolicy> = policies.collect();
        let (portals, administrators) = admin::routes(&config, &directories);
        let table = Table::compile(&portals)?.with_target_limit(limit);
        let admin_table = match administrators {
            Some(specs) => Some(Arc::new(Table::compile(&specs)?.with_target_limit(limit))),
            None => None,
        };
        let upstreams = config
            .upstreams
            .iter()
            .map(|(name, upstream)| (Arc::from(name.as_str()), Arc::new(upstream.clone())));
        let identities = config.identities.iter().map(|(route, identity)| {
            let plan = IdentityPlan::compile(identity, &issuer(&config, route));
            (Arc::from(route.as_str()), plan)
        });
        Ok(Self {
            identities: Arc::new(identities.collect()),
            table: Arc::new(table),
            admin_table,
            directories: Arc::new(directories),
            upstreams: Arc::new(upstreams.collect()),
            keys,
            ports,
            revision,
            config,
        })
    }

    /// The same, with those upstreams of an earlier one that have not changed: what is known of their servers
    /// hangs on them.
    #[must_use]
    pub fn keeping_upstreams_of(self, earlier: &Self) -> Self {
        let kept = self.upstreams.iter().map(|(name, upstream)| {
            let known = earlier.upstreams.get(name).filter(|known| *known == upstream);
            (name.clone(), known.unwrap_or(upstream).clone())
        });
        Self { upstreams: Arc::new(kept.collect()), ..self }
    }

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

    /// The domain of passkeys in a directory, if they can be used on this host.
    #[must_use]
    pub fn passkey_domain(&self, directory: &str, host: &str) -> Option<&str> {
        let domain = self.config.directories.get(directory)?.passkeys.as_ref()?;
        domain.works_on(host).then_some(domain.id.as_str())
    }

    /// What a door leads to; `None`: there is no such door.
    #[must_use]
    pub fn table(&self, door: Door) -> Option<&Table> {
        match door {
            Door::Portals => Some(&self.table),
            Door::Administrators => self.admin_table.as_deref(),
        }
    }

    /// Where our own pages of a host begin, for links.
    #[must_use]
    pub fn own_pages(&self, host: &str) -> String {
        self.origin(host) + "/.scoregate/"
    }

    /// How a host is reached from outside: `https` unless there is only a plain listener with nobody in front
    /// of it, on the `public_port` of its routes or the port of our own listener. A proxy that ends TLS has a
    /// port of its own, which is 443 unless a route says otherwise. From the configuration alone, never from a
    /// request.
    #[must_use]
    pub fn origin(&self, host: &str) -> String {
        let listen = &self.config.listen;
        let is_behind_tls = listen.https.is_none()
            && listen.http.as_ref().is_some_and(|http| {
                http.serves == HttpServes::Routes && !http.in_front.trusted.is_empty()
            });
        let (scheme, standard) = match listen.https {
            None if !is_behind_tls => ("http", 80),
            Some(_) | None => ("https", 443),
        };
        let bound = if is_behind_tls { None } else { self.ports.first().copied() };
        let route = self.table.route_for_host(host.as_bytes());
        match route.and_then(|route| route.public_port).or(bound) {
            None => format!("{scheme}://{host}"),
            Some(port) if port == standard => format!("{scheme}://{host}"),
            Some(port) => format!("{scheme}://{host}:{port}"),
        }
    }

    /// A host may be named without port, with a listener's, or with the route's public one.
    #[must_use]
    pub fn accepts_port(&self, route: &Route, port: Option<u16>) -> bool {
        port.is_none_or(|port| self.ports.contains(&port) || route.public_port == Some(port))
    }
}

/// The address under which the directory of a route is known: what its assertions are issued by. It
/// depends on the configuration alone, so that a portal can be told it once.
fn issuer(config: &Config, route: &str) -> String {
    let Some(route) = config.routes.iter().find(|spec| spec.name == route) else {
        return String::new();
    };
    let named = config
        .directories
        .get(route.directory.as_str())
        .and_then(|directory| directory.sign_in_host.as_deref());
    let first = || {
        let of_directory = config.routes.iter().filter(|spec| spec.directory == route.directory);
        of_directory.map(|spec| spec.host.as_str()).find(|host| !host.starts_with("*."))
    };
    let host = named.or_else(first).unwrap_or(&route.host);
    format!("https://{}", host.trim_start_matches("*."))
}
