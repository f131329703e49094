//! The administrators' portal as the gate sees it: a route of its own, behind a door of its own or on
//! a host of its own, with a level, roles and networks like any other. Not here: what is on its pages
//! (`web`), and what a role may do there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Snapshot;
use super::snapshot::DirectoryPolicy;
use crate::accounts::{DirectoryName, GATEWAY_ROLES};
use crate::config::{AdminDoor, Config};
use crate::points::Role;
use crate::routes::{Asks, Match, RouteSpec, RuleSpec};

/// The name of the route, and of the upstream that it has instead of one; no file can say it, because names have no dot.
pub const ADMIN_ROUTE: &str = "scoregate.admin";

/// Names of this machine, under which the administrators' own listener is reached. No other name is
/// answered there, so that no site can have its own name lead to it.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Where what was typed waits while somebody confirms that it is them: the only pages of the portal
/// that ask for a fresh proof by their address. Every write asks for one by itself.
pub const KEPT: &str = "/kept";

/// How fresh the proof of a write is.
const FRESH: Duration = Duration::from_secs(600);

/// The listener that a request came in by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Door {
    /// The public listeners.
    #[default]
    Portals,
    /// The administrators' own, on a loopback address.
    Administrators,
}

impl Door {
    /// A host may be named with a port of this door. The administrators' own is often reached through
    /// a tunnel, whose port is not known here.
    pub(super) fn accepts(self, snapshot: &Snapshot, matched: &Match) -> bool {
        match self {
            Self::Portals => snapshot.accepts_port(&matched.route, matched.port),
            Self::Administrators => true,
        }
    }
}

/// The routes of the public door, and those of the administrators' own if it is there.
pub(super) fn routes(
    config: &Config,
    directories: &BTreeMap<DirectoryName, DirectoryPolicy>,
) -> (Vec<RouteSpec>, Option<Vec<RouteSpec>>) {
    let mut portals = config.routes.clone();
    let route = |host: &str, number: usize| {
        let directory = config.admin_directory()?;
        let policy = directories.get(directory)?;
        let mut spec = route(config, directory, policy);
        spec.host = host.to_owned();
        if number > 0 {
            // A table has no two routes of one name.
            spec.name = format!("{ADMIN_ROUTE}.{number}");
        }
        Some(spec)
    };
    match &config.admin.door {
        AdminDoor::Host(host) => {
            portals.extend(route(host, 0));
            (portals, None)
        }
        AdminDoor::Address { .. } => {
            let own = HOSTS.iter().enumerate().filter_map(|(number, host)| route(host, number));
            (portals, Some(own.collect()))
        }
    }
}

fn route(config: &Config, directory: &DirectoryName, policy: &DirectoryPolicy) -> RouteSpec {
    let asks = Asks {
        level: Some(config.admin_level(&policy.settings)),
        // Whoever has one of these may enter; what they may do inside is another question.
        roles: Some(GATEWAY_ROLES.iter().map(|role| Role::from(*role)).collect()),
        networks: config.admin.allow_from.clone(),
        ..Asks::default()
    };
    RouteSpec {
        name: ADMIN_ROUTE.to_owned(),
        // No upstream has this name: nothing is forwarded, whatever a page forgets.
        upstream: ADMIN_ROUTE.to_owned(),
        directory: directory.to_string(),
        directory_level: policy.settings.required_level,
        rules: vec![RuleSpec {
            name: "confirmed".to_owned(),
            path: KEPT.to_owned(),
            asks: Asks { fresh_within: Some(FRESH), ..Asks::default() },
            ..RuleSpec::default()
        }],
        asks,
        ..RouteSpec::default()
    }
}
