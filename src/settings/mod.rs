//! Settings with a life: what administrators change while the gateway runs. A change is a revision with
//! its author, time and reason; which revision is in force is a function of the instant, so that a
//! crash loses no deadline. A draft is judged before it is saved (`preview`), by the engine that decides.
//!
//! What a file sets is the file's: the portal shows it locked, with its place. What no file sets is the
//! running revision's, or the default. Not here: pages (`web`), rows (`store`), and the snapshot that
//! requests are judged by (`gate`).

mod chosen;
mod ground;
mod policies;
mod preview;
mod revision;
mod store;
#[cfg(test)]
pub(crate) mod tests;

pub use chosen::{Chosen, Field, Locks, Problem, Unreadable, draft, effective};
pub use ground::{Became, Ground, REPLAYED_DAYS};
pub use policies::{Policies, SaveError, Saved, Wish};
pub use preview::{
    Author, Entrance, Material, MethodLine, Preview, Replay, RouteReach, Warning, preview,
};
pub use revision::{Mark, Revision, Standing, running};
pub use store::{Added, Group, NewRevision, Revisions, SettingsStore, SignIns};

use crate::accounts::{DirectoryName, StoreError};

/// Why there are no settings to begin with: the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    #[error(
        "revision {number} of directory `{directory}` cannot be read: restore the store from a backup, or stop the gateway and go back to an earlier revision, or with 0 to files alone: `scoregate recover policy --directory {directory} --to 0`"
    )]
    Revision { directory: DirectoryName, number: u64 },
    #[error("the settings that administrators saved could not be read: {0}")]
    Store(#[from] StoreError),
}
