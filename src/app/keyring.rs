//! Rotating the keys that sign: the file first, then what is in force. Not here: what keys do (`keys`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use tokio::sync::Mutex;

use super::chain;
use crate::clock::Clock;
use crate::gate::Snapshot;
use crate::keys::Keyring;
use crate::operations::{Keys, Refused};

/// The keys of one gateway, in their file and in its snapshot.
#[derive(Debug)]
pub(super) struct KeyFile {
    /// `None`: they are in memory only.
    pub(super) path: Option<PathBuf>,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    /// What methods sign with.
    pub(super) shared: Arc<ArcSwap<Keyring>>,
    pub(super) clock: Arc<dyn Clock>,
    /// One rotation at a time.
    pub(super) rotating: Mutex<()>,
}

#[async_trait]
impl Keys for KeyFile {
    async fn rotate(&self, grace: Duration) -> Result<(), Refused> {
        let _one_at_a_time = self.rotating.lock().await;
        let keys = Arc::new(self.snapshot.load().keys.rotated(self.clock.now(), grace));
        if let Some(path) = &self.path {
            keys.write(path).map_err(|error| {
                tracing::error!(error = %chain(&error), "the old keys stand");
                Refused::Store
            })?;
        }
        self.shared.store(keys.clone());
        self.snapshot.rcu(|snapshot| snapshot.with_keys(keys.clone()));
        Ok(())
    }
}
