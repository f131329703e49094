//! How a command gets something done: on the store itself if nobody has it, else by the gateway that
//! does. Not here: what is done (`operations`).

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::{ConfigSource, Failure, Program};
use crate::audit::Actor;
use crate::control::{Control, ControlError};
use crate::operations::{Operation, Outcome};

/// How long another command may have the store, and a starting gateway no socket yet.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// Takes the store's lock and does it; else has the running gateway do it.
///
/// # Errors
/// It was refused, or neither could be reached (exit 69).
pub(super) fn perform(
    program: &dyn Program,
    source: &ConfigSource,
    operation: Operation,
) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Unreachable(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let folder = program.store_folder(source)?;
        if matches!(operation, Operation::Reload | Operation::Status) {
            return by_the_gateway(&folder, operation)
                .await
                .map_err(|error| unreachable(&error))?;
        }
        let begun = tokio::time::Instant::now();
        loop {
            if let Some(operator) = program.operator(source).await? {
                let actor = Actor::Command { uid: own_uid() };
                return Ok(operator.perform(operation, &actor).await?);
            }
            match by_the_gateway(&folder, operation.clone()).await {
                Ok(done) => return done,
                Err(ControlError::Absent(_)) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(unreachable(&error)),
            }
        }
    })
}

/// The outer error: there was no answer.
async fn by_the_gateway(
    folder: &Path,
    operation: Operation,
) -> Result<Result<Outcome, Failure>, ControlError> {
    let control = Control::connect(folder).await?;
    Ok(control.perform(operation).await?.map_err(Failure::from))
}

fn unreachable(error: &ControlError) -> Failure {
    match error {
        ControlError::NotYou => Failure::No(error.to_string()),
        ControlError::Absent(_) | ControlError::Lost | ControlError::OtherVersion { .. } => {
            Failure::Unreachable(error.to_string())
        }
    }
}

/// The kernel gives `/proc/self` to whom the process runs as.
fn own_uid() -> u32 {
    std::fs::metadata("/proc/self").map_or(u32::MAX, |own| own.uid())
}
