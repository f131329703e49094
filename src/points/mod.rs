//! Points: what a session has shown, what a route asks, and the decision between the two.
//!
//! Everything here is a pure function of values. There is no clock, no I/O, no HTTP, no
//! serialisation and no framework: `now` is an argument, names are parsed with `FromStr`, and the
//! only crate in use is `std`. That is what lets one engine answer a request, the administrators'
//! preview, `scoregate explain` and the tests, and give all of them the same answer.
//!
//! Points are an operator's own scale. They are not an assurance level in the sense of
//! NIST SP 800-63B, and nothing here suggests it.

mod decide;
mod method;
mod policy;
mod proof;
mod reach;
mod scale;
#[cfg(test)]
mod tests;
mod time;
mod ways;
mod weigh;

pub use decide::{Decision, Forbidden, Grant, Outcome, Person, Shortfall, decide};
pub use method::{Kind, Kinds, Method, MethodSet, UnknownMethod};
pub use policy::{Lifetime, MethodPolicy, Network, Requirement, Role, Settings};
pub use proof::{Channel, CredentialId, Evidence, Proof};
pub use reach::{leads_in, leads_in_with, level_to_change, reach};
pub use scale::{Level, Points, Score};
pub use time::Timestamp;
pub use ways::{Enrolled, Step, Way, forecast, ways};
pub use weigh::{Standing, Unpaid, Weighing, weigh};
