//! What can be wrong with routes and rules, as sentences for the person who wrote them. Where it was
//! written is known to `config`, which puts file and line beside it.

use std::fmt;

use super::host::BadHost;
use super::readings::BadTarget;

/// One thing that is wrong with a route or one of its rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RouteProblem {
    /// As in `[route.THIS]`.
    pub route: String,
    /// As in `[route.NAME.rule.THIS]`; `None`: the route itself.
    pub rule: Option<String>,
    pub kind: RouteProblemKind,
}

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RouteProblemKind {
    /// Two routes, or two rules of one route, have this name.
    NameTwice,
    /// `host` is not a host name.
    Host(BadHost),
    /// `path` does not begin with a slash.
    PathWithoutSlash,
    /// `path` has a `?` or `#`.
    PathWithQuery,
    /// A request for `path` would be refused.
    PathRefused(BadTarget),
    /// A portal could read `path` in more than one way.
    PathUnsettled,
    /// `path` is the gateway's own.
    PathOfOwnPages,
    /// The rule's path is not below `route_path`, where its route begins.
    OutsideRoute { route_path: String },
    /// The rule asks less than its route, at a path with a colon.
    LowersAtColon,
    /// Requests for the rule's path go to another route of the same host.
    TakenByRoute { other: String },
    /// Another route has the same host and path.
    SameAddress { other: String, address: String },
    /// Another route of the same host is of another directory.
    OtherDirectory { other: String, host: String },
    /// Another rule of the route has the same path, for the same HTTP methods.
    SameRule { other: String },
    /// `methods` is an empty list.
    NoMethods,
    /// This is no HTTP method in upper case.
    Method(String),
    /// The rule is public and asks for something.
    PublicAsks,
    /// `roles` or `networks`, named here, is an empty list.
    NobodyFits { setting: &'static str },
}

impl RouteProblem {
    /// The key of the route or rule that the problem is about; `None`: its name.
    #[must_use]
    pub fn setting(&self) -> Option<&'static str> {
        match &self.kind {
            RouteProblemKind::NameTwice => None,
            RouteProblemKind::Host(_) | RouteProblemKind::SameAddress { .. } => Some("host"),
            RouteProblemKind::OtherDirectory { .. } => Some("directory"),
            RouteProblemKind::PathWithoutSlash
            | RouteProblemKind::PathWithQuery
            | RouteProblemKind::PathRefused(_)
            | RouteProblemKind::PathUnsettled
            | RouteProblemKind::PathOfOwnPages
            | RouteProblemKind::OutsideRoute { .. }
            | RouteProblemKind::LowersAtColon
            | RouteProblemKind::TakenByRoute { .. }
            | RouteProblemKind::SameRule { .. } => Some("path"),
            RouteProblemKind::NoMethods | RouteProblemKind::Method(_) => Some("methods"),
            RouteProblemKind::PublicAsks => Some("public"),
            RouteProblemKind::NobodyFits { setting } => Some(setting),
        }
    }

    /// The name of the other route, or the other rule of the same route, that is part of it.
    #[must_use]
    pub fn other(&self) -> Option<&str> {
        match &self.kind {
            RouteProblemKind::TakenByRoute { other }
            | RouteProblemKind::SameAddress { other, .. }
            | RouteProblemKind::OtherDirectory { other, .. }
            | RouteProblemKind::SameRule { other } => Some(other),
            RouteProblemKind::NameTwice
            | RouteProblemKind::Host(_)
            | RouteProblemKind::PathWithoutSlash
            | RouteProblemKind::PathWithQuery
            | RouteProblemKind::PathRefused(_)
            | RouteProblemKind::PathUnsettled
            | RouteProblemKind::PathOfOwnPages
            | RouteProblemKind::OutsideRoute { .. }
            | RouteProblemKind::LowersAtColon
            | RouteProblemKind::NoMethods
            | RouteProblemKind::Method(_)
            | RouteProblemKind::PublicAsks
            | RouteProblemKind::NobodyFits { .. } => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match &self.kind {
            RouteProblemKind::NameTwice => "give one of them another name".to_owned(),
            RouteProblemKind::Host(bad) => host_help(*bad).to_owned(),
            RouteProblemKind::PathWithoutSlash => {
                "begin with a slash, like `path = \"/reports\"`".to_owned()
            }
            RouteProblemKind::PathWithQuery => {
                "rules see the path only: leave out what begins at `?` or `#`".to_owned()
            }
            RouteProblemKind::PathRefused(_) => {
                "write the path as a browser would request it, without `.` and `..`".to_owned()
            }
            RouteProblemKind::PathUnsettled => {
                "leave out empty parts, `;` and `%25`, and dots or spaces around a name; a rule \
                 for the path above it covers them all"
                    .to_owned()
            }
            RouteProblemKind::PathOfOwnPages => {
                "the gateway answers there itself, on every host; choose another path".to_owned()
            }
            RouteProblemKind::OutsideRoute { route_path } => {
                format!("paths of rules are whole paths: begin with `{route_path}`")
            }
            RouteProblemKind::LowersAtColon => {
                "set the rule for the path that ends before the `:`, or let it ask no less than \
                 its route"
                    .to_owned()
            }
            RouteProblemKind::TakenByRoute { other } => {
                format!("move the rule to [route.{other}.rule.NAME]")
            }
            RouteProblemKind::SameAddress { .. } => {
                "give one of them a `path`, or use a rule: [route.NAME.rule.NAME]".to_owned()
            }
            RouteProblemKind::OtherDirectory { .. } => {
                "one host has the users of one directory: give one of the routes another host"
                    .to_owned()
            }
            RouteProblemKind::SameRule { .. } => {
                "make one rule of them, or give them different `methods`".to_owned()
            }
            RouteProblemKind::NoMethods => "leave `methods` out to mean all of them".to_owned(),
            RouteProblemKind::Method(_) => {
                "write methods in capitals, like `methods = [\"POST\", \"PUT\"]`".to_owned()
            }
            RouteProblemKind::PublicAsks => {
                "leave out `public`, or everything else that the rule asks".to_owned()
            }
            RouteProblemKind::NobodyFits { setting } => {
                format!("leave `{setting}` out to let all of them in, or name some")
            }
        }
    }

    fn says(&self) -> String {
        match &self.kind {
            RouteProblemKind::NameTwice => "has a name that is taken".to_owned(),
            RouteProblemKind::Host(bad) => format!("has a `host` that cannot be one: {bad}"),
            RouteProblemKind::PathWithoutSlash => {
                "can never match: its `path` does not begin with `/`".to_owned()
            }
            RouteProblemKind::PathWithQuery => {
                "can never match: its `path` has a `?` or `#`".to_owned()
            }
            RouteProblemKind::PathRefused(bad) => {
                format!("can never match: a request for its `path` is refused, because {bad}")
            }
            RouteProblemKind::PathUnsettled => {
                "has a `path` that portals read in different ways".to_owned()
            }
            RouteProblemKind::PathOfOwnPages => {
                "can never match: its `path` belongs to the gateway's own pages".to_owned()
            }
            RouteProblemKind::OutsideRoute { route_path } => {
                format!("can never match: its `path` is not below `{route_path}`, its route's")
            }
            RouteProblemKind::LowersAtColon => {
                "can never ask less than its route: some servers read a name as ending at its `:`"
                    .to_owned()
            }
            RouteProblemKind::TakenByRoute { other } => {
                format!("can never match: its `path` goes to route `{other}`")
            }
            RouteProblemKind::SameAddress { other, address } => {
                format!("and route `{other}` both take {address}")
            }
            RouteProblemKind::OtherDirectory { other, host } => {
                format!("and route `{other}` share the host {host}, but not the directory")
            }
            RouteProblemKind::SameRule { other } => {
                format!("and rule `{other}` match the same requests")
            }
            RouteProblemKind::NoMethods => "can never match: its `methods` are empty".to_owned(),
            RouteProblemKind::Method(method) => {
                format!("can never match: `{method}` is not an HTTP method")
            }
            RouteProblemKind::PublicAsks => "is public, yet asks for something".to_owned(),
            RouteProblemKind::NobodyFits { setting } => {
                format!("lets nobody in: its `{setting}` are empty")
            }
        }
    }
}

fn host_help(bad: BadHost) -> &'static str {
    match bad {
        BadHost::Empty => "add a name, like `host = \"portal.example.org\"`",
        BadHost::PortInRoute => "leave the port out; the port in links is `public_port`",
        BadHost::Wildcard => "`*.example.org` takes every name with one part in front of it",
        BadHost::Character | BadHost::Label | BadHost::TooLong | BadHost::Port => {
            "write the name alone, like `portal.example.org`; names outside ASCII in their \
             `xn--` form"
        }
    }
}

impl fmt::Display for RouteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => {
                write!(f, "rule `{rule}` of route `{}` {}", self.route, self.says())
            }
            None => write!(f, "route `{}` {}", self.route, self.says()),
        }
    }
}

impl std::error::Error for RouteProblem {}
