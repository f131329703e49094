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
pub use ground::{Ground, REPLAYED_DAYS};
pub use policies::{Policies, SaveError, Saved, Wish};
pub use preview::{Author, Material, MethodLine, Preview, Replay, RouteReach, Warning, preview};
pub use revision::{Mark, Revision, Standing, running};
pub use store::{Added, Group, NewRevision, SettingsStore, SignIns};

use crate::accounts::StoreError;

/// Why there are no settings to begin with: the gateway does not start.
#[derive(Debug, thiserror::Error)]
#[error(
    "the settings that administrators saved cannot be read ({0}): restore the store from a backup, or go back to files alone with `scoregate recover policy --directory NAME --to 0`"
)]
pub struct NotRead(#[from] pub StoreError);
