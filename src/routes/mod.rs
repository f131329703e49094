//! From the exact bytes of host and target to a route and what it asks. A plain function: no header
//! other than Host, no query, no session, no clock.
//!
//! [`readings`](Readings) says in how many ways a portal could understand a path, [`Table`] what is
//! asked for all of them together. The steps of a look-up:
//!
//! 1. *Host*: exact, then one wildcard label. An exact host never falls back to the wildcard.
//! 2. *Target*: origin-form, or refused. What reads as two paths to two programs is either refused
//!    or read in both ways.
//! 3. *Route*: the longest path that covers the target by whole segments.
//! 4. *Rule*: the longest path again, among the rules for the request's method; on the same path a
//!    rule for methods before one for all. A rule for GET is one for HEAD, and the other way round.
//!
//! Where the target is spelt exactly as the rule and every reading ends at that rule, the rule
//! answers alone: only so can a rule ask *less* than what is around it. In every other case all
//! rules along all readings, and the route, are joined, and the strictest of each part is asked.

mod compile;
mod host;
mod problem;
mod readings;
mod spec;
mod table;

#[cfg(test)]
mod properties;

pub use host::{BadHost, HostPattern};
pub use problem::{RouteProblem, RouteProblemKind};
pub use readings::{BadTarget, OWN_PAGES, Readings, STANDARD_TARGET_LIMIT_BYTES};
pub use spec::{Asks, OwnAnswers, RouteSpec, RuleSpec, StreamRules};
pub use table::{Match, NotRouted, Route, Table};
