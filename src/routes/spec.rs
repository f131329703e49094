//! Routes and rules as they were written. Not what they mean together: that is worked out by
//! [`Table::compile`](super::Table::compile), which also finds what cannot work.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::points::{Level, Network, Requirement, Role};

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
    pub streams: StreamRules,
    pub answers: OwnAnswers,
}

/// What the gateway says in a route's place, or lets through for it, whoever asks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnAnswers {
    /// `/.well-known/change-password` and `/.well-known/passkey-endpoints`, by which browsers and password
    /// managers find our pages.
    pub well_known: bool,
    /// Pages of these origins may ask before a call (a CORS preflight) without being signed in:
    /// `https://app.example.org`, lower case; a `*` for any.
    pub preflight: Vec<String>,
}

/// What holds for WebSockets and event streams of a route. None of it is asked before it is decided
/// whether one may begin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamRules {
    /// How long nobody need say anything.
    pub idle: Duration,
    /// How long one may go on that was enough when it began and is not any more.
    pub grace: Duration,
    /// Besides the route's own: `https://app.example.org`, lower case; a `*` for any.
    pub origins: Vec<String>,
}

impl Default for StreamRules {
    fn default() -> Self {
        Self { idle: Duration::from_secs(3600), grace: Duration::ZERO, origins: Vec::new() }
    }
}

impl Asks {
    /// What is asked where these are set on top of `around`: each part that is set replaces the one
    /// around it, each part that is not stays.
    #[must_use]
    pub(super) fn over(&self, around: &Requirement) -> Requirement {
        Requirement {
            level: self.level.unwrap_or(around.level),
            max_age: self.max_age.or(around.max_age),
            fresh_within: self.fresh_within.or(around.fresh_within),
            kinds: self.kinds.unwrap_or(around.kinds),
            phishing_resistant: self.phishing_resistant.unwrap_or(around.phishing_resistant),
            roles: self.roles.as_ref().map_or_else(
                || around.roles.clone(),
                |roles| Some(roles.iter().cloned().collect()),
            ),
            networks: self
                .networks
                .as_ref()
                .map_or_else(|| around.networks.clone(), |networks| vec![networks.clone()]),
            tokens: self.tokens.unwrap_or(around.tokens),
        }
    }
}

impl RouteSpec {
    /// The route and its rules by name, each with what it asks.
    #[must_use]
    pub fn places(&self) -> Vec<(String, Requirement)> {
        let own = self.requirement();
        let rules = self.rules.iter().map(|rule| (rule.name.clone(), rule.requirement(&own)));
        std::iter::once((self.name.clone(), own.clone())).chain(rules).collect()
    }

    /// What the route asks where no rule says otherwise: its own settings over its directory's level.
    #[must_use]
    pub(super) fn requirement(&self) -> Requirement {
        let directory = Requirement { level: self.directory_level, ..Requirement::default() };
        self.asks.over(&directory)
    }
}

impl RuleSpec {
    /// What the rule asks. A part that it does not set comes from the route, never from a shorter
    /// rule, so that a rule can be read without looking for others. A public rule asks nothing at
    /// all: what the route asks of roles, networks and the rest is dropped.
    #[must_use]
    pub(super) fn requirement(&self, route: &Requirement) -> Requirement {
        if self.public { Requirement::default() } else { self.asks.over(route) }
    }
}
