//! What whoever runs the gateway sees of it: logs, metrics, and the listener that answers health checks.
//! Not here: the audit, which is for those who ask who did what.

mod logs;
mod metrics;
mod ops;

pub use logs::{LogError, start_logging};
pub use metrics::{DecisionKind, MethodOutcome, Metrics};
pub use ops::{OpsListener, Pulse, Readiness};
