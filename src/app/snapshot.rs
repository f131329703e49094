//! From a checked configuration to the snapshot that decisions are made from. Not here: the decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Config, NotifierConfig, methods_of_this_version};
use crate::gate::{DirectoryPolicy, Snapshot};
use crate::keys::Keyring;
use crate::points::{Method, MethodSet, Points};
use crate::routes::{RouteProblem, Table};

/// The snapshot of a configuration.
///
/// # Errors
/// The routes contradict one another; a configuration that was checked has no such problem.
pub(super) fn compile(
    config: Arc<Config>,
    keys: Arc<Keyring>,
    ports: Vec<u16>,
    revision: u64,
) -> Result<Snapshot, Vec<RouteProblem>> {
    let limit = usize::try_from(config.limits.target_bytes).unwrap_or(usize::MAX);
    let table = Table::compile(&config.routes)?.with_target_limit(limit);
    let methods = methods_of_this_version(carries_email(&config));
    let directories = config
        .directories
        .iter()
        .map(|(name, directory)| {
            let is_worth =
                |method: &&Method| directory.settings.policy(**method).points > Points::ZERO;
            let offered: MethodSet = methods.iter().filter(is_worth).copied().collect();
            let policy = DirectoryPolicy { settings: directory.settings.clone(), offered };
            (name.clone(), policy)
        })
        .collect::<BTreeMap<_, _>>();
    let upstreams: BTreeMap<Arc<str>, _> = config
        .upstreams
        .iter()
        .map(|(name, upstream)| (Arc::from(name.as_str()), Arc::new(upstream.clone())))
        .collect();
    Ok(Snapshot {
        table: Arc::new(table),
        directories: Arc::new(directories),
        upstreams: Arc::new(upstreams),
        keys,
        config,
        ports,
        revision,
    })
}

/// Whether a notifier can carry mail: all kinds of this version do.
fn carries_email(config: &Config) -> bool {
    config.notifiers.values().any(|notifier| match notifier {
        NotifierConfig::Smtp(_) | NotifierConfig::File { .. } | NotifierConfig::Console => true,
    })
}
