//! From the exact bytes of host and target to a route and what it asks. A plain function: no header
//! other than Host, no query, no session, no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::points::{Level, Network, Role};

/// What a rule, or a route itself, may set. `None` leaves what is around it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asks {
    pub level: Option<Level>,
    pub max_age: Option<Duration>,
    pub fresh_within: Option<Duration>,
    /// 0 to 3.
    pub kinds: Option<u8>,
    pub phishing_resistant: Option<bool>,
    /// The user has one of these.
    pub roles: Option<Vec<Role>>,
    pub networks: Option<Vec<Network>>,
    pub tokens: Option<bool>,
}

/// A rule by path, as it was written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RuleSpec {
    /// As in `[route.NAME.rule.THIS]`.
    pub name: String,
    /// Starts with `/`; matches itself and everything below it by whole segments.
    pub path: String,
    /// HTTP methods that the rule is for, upper case; HEAD is GET. `None`: all.
    pub methods: Option<Vec<String>>,
    /// Nothing is asked here, and nobody is named to the portal.
    pub public: bool,
    pub asks: Asks,
    /// Why more is asked here, by language, for the person who is asked.
    pub explain: BTreeMap<String, String>,
}

/// A route, as it was written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RouteSpec {
    /// As in `[route.THIS]`.
    pub name: String,
    /// Exact, or with one leading `*.`; lower case, without port.
    pub host: String,
    /// Several routes can share a host by path; `None`: all of it.
    pub path: Option<String>,
    /// Where requests go: as in `[upstream.NAME]`, or of this route alone.
    pub upstream: String,
    pub directory: String,
    /// The level of `directory`, which the route asks where it sets none of its own.
    pub directory_level: Level,
    pub asks: Asks,
    pub explain: BTreeMap<String, String>,
    pub rules: Vec<RuleSpec>,
    /// The port in links, where it is not the listener's.
    pub public_port: Option<u16>,
    /// The largest request body, in bytes; `None`: no limit.
    pub body_limit_bytes: Option<u64>,
}
