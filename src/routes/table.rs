//! The compiled table, and the look-up in it. Not how it is built from what was written, nor what is
//! wrong with that: that is `compile`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::host::{BadHost, HostPattern, RequestHost};
use super::problem::RouteProblem;
use super::readings::{BadTarget, OWN_PAGES, Readings, STANDARD_TARGET_LIMIT_BYTES};
use super::spec::{OwnAnswers, RouteSpec, StreamRules};
use crate::points::Requirement;

/// A text for the person who is asked, by language.
pub(super) type Explanation = Arc<BTreeMap<String, String>>;

/// A route, compiled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    pub name: Arc<str>,
    pub host: HostPattern,
    /// As requests spell it, without a slash at its end; empty: all of the host.
    pub path: Arc<str>,
    /// As in `[upstream.NAME]`, or of this route alone.
    pub upstream: Arc<str>,
    pub directory: Arc<str>,
    /// The port in links, where it is not the listener's.
    pub public_port: Option<u16>,
    /// The largest request body, in bytes; `None`: no limit.
    pub body_limit_bytes: Option<u64>,
    pub streams: StreamRules,
    pub answers: OwnAnswers,
}

/// Where a request goes, and what it is asked.
#[derive(Clone, Debug)]
pub struct Match {
    pub route: Arc<Route>,
    /// The name of the rule that answers; `None`: the route itself.
    pub rule: Option<Arc<str>>,
    pub requirement: Arc<Requirement>,
    /// Why more is asked here, by language: the rule's text, or else the route's.
    pub explain: Arc<BTreeMap<String, String>>,
    /// The gateway answers this itself; nothing of it goes upstream, and nothing is asked.
    pub own_page: bool,
    /// The port that came with the host. Whether it is the right one is for the caller to judge.
    pub port: Option<u16>,
}

/// Why a request has no route. Each is a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotRouted {
    /// No route has this host: "misdirected request" (RFC 9110, section 15.5.20).
    #[error("no route has this host")]
    UnknownHost,
    /// A bad request.
    #[error("the host is refused: {0}")]
    BadHost(#[from] BadHost),
    /// A bad request.
    #[error("the target is refused: {0}")]
    BadTarget(BadTarget),
    /// "URI too long".
    #[error("the target is longer than the limit")]
    TargetTooLong,
    /// The host has routes by path, and none for this one: "not found".
    #[error("no route of this host has this path")]
    NoRoute,
}

impl From<BadTarget> for NotRouted {
    fn from(bad: BadTarget) -> Self {
        if bad == BadTarget::TooLong { Self::TargetTooLong } else { Self::BadTarget(bad) }
    }
}

/// All routes, ready to be asked. Does not change; a new configuration is a new table.
#[derive(Debug)]
pub struct Table {
    /// By name in lower case.
    pub(super) exact: HashMap<Arc<str>, Host>,
    /// By the name behind `*.`.
    pub(super) wildcard: HashMap<Arc<str>, Host>,
    pub(super) routes: Vec<Arc<Route>>,
    target_limit_bytes: usize,
    public: Arc<Requirement>,
    unexplained: Explanation,
}

/// What there is on one host.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) root: Node,
    /// The route of `/`, or else the first by path. Own pages are shown as its.
    pub(super) main: Arc<Route>,
}

/// One path; the way to it from the root are its folded segments.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) children: HashMap<Box<str>, Self>,
    pub(super) route: Option<PlacedRoute>,
    pub(super) rules: Vec<PlacedRule>,
}

/// A route at the path where it begins.
#[derive(Debug)]
pub(super) struct PlacedRoute {
    /// Tells the routes of one host apart.
    pub(super) id: usize,
    pub(super) route: Arc<Route>,
    pub(super) requirement: Arc<Requirement>,
    pub(super) explain: Explanation,
}

/// A rule at its path.
#[derive(Debug)]
pub(super) struct PlacedRule {
    pub(super) name: Arc<str>,
    /// The [`PlacedRoute::id`] of its route.
    pub(super) route: usize,
    /// As requests spell it, without a slash at its end.
    pub(super) literal: Box<str>,
    /// Upper case, HEAD left out; `None`: all.
    pub(super) methods: Option<Vec<Box<str>>>,
    pub(super) requirement: Arc<Requirement>,
    /// `None`: the route's.
    pub(super) explain: Option<Explanation>,
}

/// How closely a request has to be spelt like a rule.
#[derive(Clone, Copy)]
enum Spelling<'r> {
    /// A reading of it is enough, and its method in any case of letters.
    Loose,
    /// The bytes of this path, and the method, as they came.
    Exact(&'r str),
}

impl Spelling<'_> {
    fn covers(self, literal: &str) -> bool {
        match self {
            Self::Loose => true,
            Self::Exact(raw) => raw
                .strip_prefix(literal)
                .is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'/'))),
        }
    }

    /// HEAD asks for what GET asks for (RFC 9110, section 9.3.2).
    fn has_method(self, rule: &str, asked: &str) -> bool {
        let same = |a: &str, b: &str| match self {
            Self::Loose => a.eq_ignore_ascii_case(b),
            Self::Exact(_) => a == b,
        };
        same(asked, rule) || (rule == "GET" && same(asked, "HEAD"))
    }
}

/// Where one spelling of a request ends up: the last route on the way, and its last rule.
#[derive(Clone, Copy, Default)]
struct Landing<'t> {
    route: Option<&'t PlacedRoute>,
    rule: Option<&'t PlacedRule>,
}

impl Landing<'_> {
    fn is(self, other: Self) -> bool {
        fn same<T>(a: Option<&T>, b: Option<&T>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => std::ptr::eq(a, b),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            }
        }
        same(self.route, other.route) && same(self.rule, other.rule)
    }
}

impl PlacedRule {
    fn takes(&self, method: &str, spelling: Spelling<'_>) -> bool {
        spelling.covers(&self.literal)
            && self
                .methods
                .as_ref()
                .is_none_or(|methods| methods.iter().any(|own| spelling.has_method(own, method)))
    }
}

impl Node {
    /// The nodes on the way along `path`, this one first, as far as there are any.
    fn along<'t>(&'t self, path: &str) -> impl Iterator<Item = &'t Self> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        std::iter::successors(Some(self), move |node| node.children.get(segments.next()?))
    }

    /// The rules here that belong to `route` and take the request.
    fn rules_for<'t>(
        &'t self,
        route: &'t PlacedRoute,
        method: &str,
        spelling: Spelling<'_>,
    ) -> impl Iterator<Item = &'t PlacedRule> {
        self.rules.iter().filter(move |rule| rule.route == route.id && rule.takes(method, spelling))
    }

    fn land<'t>(&'t self, path: &str, method: &str, spelling: Spelling<'_>) -> Landing<'t> {
        let mut landing = Landing::default();
        for node in self.along(path) {
            if let Some(route) = node.route.as_ref().filter(|at| spelling.covers(&at.route.path)) {
                landing = Landing { route: Some(route), rule: None };
            }
            let Some(route) = landing.route else { continue };
            // A rule for methods goes before one for all; the loader sees to it that this is all
            // there is to choose from.
            let here = node.rules_for(route, method, spelling);
            landing.rule = here.max_by_key(|rule| rule.methods.is_some()).or(landing.rule);
        }
        landing
    }

    /// What the last route on the way and each of its rules ask, together.
    fn strictest(&self, path: &str, method: &str) -> Requirement {
        let mut strictest = Requirement::default();
        let mut current = None;
        for node in self.along(path) {
            if let Some(route) = &node.route {
                current = Some(route);
                strictest = Requirement::clone(&route.requirement);
            }
            let Some(route) = current else { continue };
            for rule in node.rules_for(route, method, Spelling::Loose) {
                strictest = strictest.join(&rule.requirement);
            }
        }
        strictest
    }
}

impl Table {
    /// Works out what the routes mean together. Their order, and that of their rules, is of no
    /// importance.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, in the order in which they were written.
    pub fn compile(specs: &[RouteSpec]) -> Result<Self, Vec<RouteProblem>> {
        super::compile::compile(specs)
    }

    pub(super) fn new(
        exact: HashMap<Arc<str>, Host>,
        wildcard: HashMap<Arc<str>, Host>,
        routes: Vec<Arc<Route>>,
    ) -> Self {
        Self {
            exact,
            wildcard,
            routes,
            target_limit_bytes: STANDARD_TARGET_LIMIT_BYTES,
            public: Arc::default(),
            unexplained: Arc::default(),
        }
    }

    /// Refuses targets of more than `limit_bytes`, instead of [`STANDARD_TARGET_LIMIT_BYTES`].
    #[must_use]
    pub fn with_target_limit(self, limit_bytes: usize) -> Self {
        Self { target_limit_bytes: limit_bytes, ..self }
    }

    /// Finds the route of a request and what it is asked.
    ///
    /// `host` is the value of Host or `:authority`, with or without port; `target` the request
    /// target, byte for byte as it will go upstream. A host in capitals, and a path in plain lower
    /// case, cost no more than a look-up: nothing is allocated for the latter.
    ///
    /// # Errors
    ///
    /// Where the request has to be refused; there is no answer that lets it through.
    pub fn find(&self, host: &[u8], method: &str, target: &[u8]) -> Result<Match, NotRouted> {
        let RequestHost { name, port } = RequestHost::parse(host)?;
        let host = self.host(&name).ok_or(NotRouted::UnknownHost)?;
        let readings = Readings::of(target, self.target_limit_bytes)?;
        if is_own_page(&readings)? {
            return Ok(self.own_page(host, port));
        }
        let exact = host.root.land(readings.folded(), method, Spelling::Exact(readings.raw()));
        let settled = readings
            .all()
            .all(|reading| host.root.land(reading, method, Spelling::Loose).is(exact));
        if settled {
            return answer(exact, None, port).ok_or(NotRouted::NoRoute);
        }
        joined(&host.root, &readings, method, exact, port)
    }

    /// The route whose host this is: that of `/`, or else the first by path. For own pages, which
    /// belong to no path.
    #[must_use]
    pub fn route_for_host(&self, host: &[u8]) -> Option<Arc<Route>> {
        let RequestHost { name, port: _ } = RequestHost::parse(host).ok()?;
        self.host(&name).map(|host| Arc::clone(&host.main))
    }

    /// The directory whose users come to this host. All routes of a host share one.
    #[must_use]
    pub fn directory_of(&self, host: &[u8]) -> Option<Arc<str>> {
        self.route_for_host(host).map(|route| Arc::clone(&route.directory))
    }

    /// All routes, in the order in which they were written.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.routes.iter()
    }

    fn host(&self, name: &str) -> Option<&Host> {
        self.exact.get(name).or_else(|| self.wildcard.get(name.split_once('.')?.1))
    }

    fn own_page(&self, host: &Host, port: Option<u16>) -> Match {
        Match {
            route: Arc::clone(&host.main),
            rule: None,
            requirement: Arc::clone(&self.public),
            explain: Arc::clone(&self.unexplained),
            own_page: true,
            port,
        }
    }
}

/// Whether the path, as it came, is one of the gateway's own pages. It is refused where a portal
/// could be meant in one reading and the gateway in another.
fn is_own_page(readings: &Readings<'_>) -> Result<bool, BadTarget> {
    let is_own = |path: &str| Spelling::Exact(path).covers(OWN_PAGES);
    let own = is_own(readings.raw());
    if readings.all().all(|reading| is_own(reading) == own) {
        Ok(own)
    } else {
        Err(BadTarget::OwnPagesDisguised)
    }
}

/// The answer of `landing`, asking `joined` where that is given.
fn answer(landing: Landing<'_>, joined: Option<Requirement>, port: Option<u16>) -> Option<Match> {
    let route = landing.route?;
    let own = landing.rule.map_or(&route.requirement, |rule| &rule.requirement);
    let explain = landing.rule.and_then(|rule| rule.explain.as_ref()).unwrap_or(&route.explain);
    Some(Match {
        route: Arc::clone(&route.route),
        rule: landing.rule.map(|rule| Arc::clone(&rule.name)),
        requirement: joined.map_or_else(|| Arc::clone(own), Arc::new),
        explain: Arc::clone(explain),
        own_page: false,
        port,
    })
}

/// The answer where the readings do not all end where the exact spelling does: everything that any
/// of them could be asked, together.
fn joined(
    root: &Node,
    readings: &Readings<'_>,
    method: &str,
    exact: Landing<'_>,
    port: Option<u16>,
) -> Result<Match, NotRouted> {
    let Some(route) = exact.route else {
        return Err(BadTarget::RoutesDisagree.into());
    };
    let own = exact.rule.map_or(&route.requirement, |rule| &rule.requirement);
    let mut strictest = Requirement::clone(own);
    for reading in readings.all() {
        let landing = root.land(reading, method, Spelling::Loose);
        let upstream = landing.route.map(|other| &other.route.upstream);
        if upstream != Some(&route.route.upstream) {
            return Err(BadTarget::RoutesDisagree.into());
        }
        strictest = strictest.join(&root.strictest(reading, method));
    }
    // The rule that a reading ends at is named where it asks just what is asked, and else the one
    // that the bytes name: `/PUBLIC` is not what the rule for `/public` is about.
    let loose = root.land(readings.folded(), method, Spelling::Loose);
    let named = match (loose.route, loose.rule) {
        (Some(at), Some(rule))
            if std::ptr::eq(at, route)
                && rule.requirement.join(&strictest) == *rule.requirement =>
        {
            loose
        }
        _ => exact,
    };
    answer(named, Some(strictest), port).ok_or(NotRouted::NoRoute)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::points::{Level, Network};
    use crate::routes::{Asks, RuleSpec};

    fn level(value: u16) -> Level {
        Level::new(value).unwrap()
    }

    fn asking(value: u16) -> Asks {
        Asks { level: Some(level(value)), ..Asks::default() }
    }

    fn route(name: &str, host: &str, path: Option<&str>) -> RouteSpec {
        RouteSpec {
            name: name.into(),
            host: host.into(),
            path: path.map(str::to_owned),
            upstream: name.into(),
            directory: "staff".into(),
            directory_level: level(30),
            ..RouteSpec::default()
        }
    }

    fn rule(name: &str, path: &str, asks: Asks) -> RuleSpec {
        RuleSpec { name: name.into(), path: path.into(), asks, ..RuleSpec::default() }
    }

    fn public(path: &str) -> RuleSpec {
        RuleSpec { public: true, ..rule(path, path, Asks::default()) }
    }

    fn for_methods(methods: &[&str], inner: RuleSpec) -> RuleSpec {
        let methods = methods.iter().map(|&method| method.into()).collect();
        RuleSpec { methods: Some(methods), ..inner }
    }

    fn portal(rules: Vec<RuleSpec>) -> RouteSpec {
        RouteSpec { rules, ..route("portal", "portal.example.org", None) }
    }

    fn find(table: &Table, method: &str, target: &str) -> Result<Match, NotRouted> {
        table.find(b"portal.example.org", method, target.as_bytes())
    }

    fn told(table: &Table, method: &str, target: &str) -> (u16, Option<String>) {
        let found = find(table, method, target).unwrap();
        (found.requirement.level.value(), found.rule.as_deref().map(str::to_owned))
    }

    #[test]
    fn an_exact_host_goes_before_a_wildcard_of_one_label() {
        let specs = [
            route("exact", "portal.example.org", Some("/app")),
            route("star", "*.example.org", None),
            route("deep", "*.a.example.org", None),
            route("bare", "example.org", None),
            route("address", "[::1]", None),
        ];
        let table = Table::compile(&specs).unwrap();
        let found = |host: &str| {
            let found = table.find(host.as_bytes(), "GET", b"/app");
            found.map(|found| (found.route.name.to_string(), found.port))
        };
        let named = |name: &str, port| Ok((name.to_owned(), port));
        assert_eq!(found("portal.example.org"), named("exact", None));
        assert_eq!(found("Portal.Example.ORG:8443"), named("exact", Some(8443)));
        assert_eq!(found("other.example.org"), named("star", None));
        assert_eq!(found("a.example.org"), named("star", None));
        assert_eq!(found("b.a.example.org"), named("deep", None));
        assert_eq!(found("example.org:80"), named("bare", Some(80)));
        assert_eq!(found("[0::1]:9"), named("address", Some(9)));
        assert_eq!(found("b.other.example.org"), Err(NotRouted::UnknownHost));
        assert_eq!(found("org"), Err(NotRouted::UnknownHost));
        assert_eq!(found("example.org."), Err(NotRouted::BadHost(BadHost::Label)));
        // An exact host has its own paths only; the wildcard is not asked for the others.
        let elsewhere = table.find(b"portal.example.org", "GET", b"/");
        assert_eq!(elsewhere.map(|_| ()), Err(NotRouted::NoRoute));
    }

    #[test]
    fn the_longest_path_by_whole_segments_answers() {
        let table = Table::compile(&[portal(vec![
            rule("a", "/a", asking(40)),
            rule("b", "/a/b", asking(50)),
            rule("low", "/a/b/low", asking(10)),
            public("/a/b/low/open"),
        ])])
        .unwrap();
        let cases = [
            ("/", 30, None),
            ("/a", 40, Some("a")),
            ("/a/", 40, Some("a")),
            ("/ab", 30, None),
            ("/x/a", 30, None),
            ("/a/x", 40, Some("a")),
            ("/a/b?c", 50, Some("b")),
            ("/a/b/low/x", 10, Some("low")),
            ("/a/b/low/open/x", 0, Some("/a/b/low/open")),
            // Spelt otherwise, a rule that lowers is not there.
            ("/a/b/LOW", 50, None),
            ("/a/b/low/open;x", 50, Some("low")),
            ("/a/b//low", 50, Some("b")),
            ("/A/b", 50, Some("b")),
        ];
        for (target, asked, rule) in cases {
            let expected = (asked, rule.map(str::to_owned));
            assert_eq!(told(&table, "GET", target).0, expected.0, "{target}");
            if asked != 50 || target == "/a/b?c" || target == "/A/b" {
                assert_eq!(told(&table, "GET", target), expected, "{target}");
            }
        }
    }

    #[test]
    fn a_rule_for_methods_goes_before_one_for_all_on_the_same_path_only() {
        let table = Table::compile(&[portal(vec![
            rule("all", "/a", asking(40)),
            for_methods(&["GET"], rule("read", "/a", asking(20))),
            for_methods(&["POST", "M-SEARCH"], rule("write", "/a", asking(50))),
            for_methods(&["DELETE"], rule("delete", "/", asking(60))),
            for_methods(&["HEAD"], rule("head", "/h", asking(10))),
        ])])
        .unwrap();
        let cases = [
            ("GET", "/a", 20),
            ("HEAD", "/a", 20),
            ("POST", "/a/x", 50),
            ("M-SEARCH", "/a", 50),
            ("PUT", "/a", 40),
            ("DELETE", "/a", 40),
            ("DELETE", "/b", 60),
            ("PUT", "/b", 30),
            ("GET", "/h", 10),
            ("HEAD", "/h", 10),
            // What is not quite a method never lowers, and raises like the method it looks like.
            ("get", "/a", 40),
            ("head", "/a", 40),
            ("Post", "/a", 50),
            ("delete", "/b", 60),
            ("", "/a", 40),
        ];
        for (method, target, asked) in cases {
            assert_eq!(told(&table, method, target).0, asked, "{method} {target}");
        }
    }

    #[test]
    fn what_a_rule_leaves_out_comes_from_its_route_and_not_from_shorter_rules() {
        let hour = Some(Duration::from_secs(3600));
        let office = Network::new("10.0.0.0".parse().unwrap(), 8).unwrap();
        let spec = RouteSpec {
            asks: Asks {
                roles: Some(vec!["staff".into()]),
                networks: Some(vec![office]),
                kinds: Some(2),
                ..Asks::default()
            },
            ..portal(vec![
                rule("a", "/a", Asks { max_age: hour, ..asking(40) }),
                rule("b", "/a/b", Asks { phishing_resistant: Some(true), ..Asks::default() }),
                public("/open"),
            ])
        };
        let table = Table::compile(&[spec]).unwrap();
        let asked = |target| Requirement::clone(&find(&table, "GET", target).unwrap().requirement);
        let around = Requirement {
            level: level(30),
            kinds: 2,
            roles: Some(["staff".into()].into()),
            networks: vec![vec![office]],
            ..Requirement::default()
        };
        assert_eq!(asked("/"), around);
        assert_eq!(asked("/a"), Requirement { level: level(40), max_age: hour, ..around.clone() });
        assert_eq!(asked("/a/b"), Requirement { phishing_resistant: true, ..around.clone() });
        assert_eq!(asked("/open"), Requirement::default());
        assert!(asked("/open").is_public());
        let both =
            Requirement { level: level(40), max_age: hour, phishing_resistant: true, ..around };
        assert_eq!(asked("/A/b"), both, "spelt otherwise, all rules on the way are asked");
    }

    #[test]
    fn a_rule_that_raises_one_part_and_drops_another_cannot_be_passed_by() {
        let mixed = Asks { roles: Some(vec!["admin".into()]), ..asking(20) };
        let table = Table::compile(&[portal(vec![rule("admin", "/admin", mixed)])]).unwrap();
        let asked = |target| find(&table, "GET", target).unwrap().requirement;
        assert_eq!(asked("/admin").level, level(20));
        for target in ["/ADMIN", "/admin;x", "/%61dmin", "/admin::$DATA"] {
            assert_eq!(asked(target).level, level(30), "{target}");
            assert_eq!(asked(target).roles, Some(["admin".into()].into()), "{target}");
        }
    }

    #[test]
    fn readings_of_different_routes_are_refused_unless_they_go_to_the_same_place() {
        let mut twin = route("twin", "portal.example.org", Some("/twin"));
        twin.upstream = "portal".into();
        twin.asks = asking(40);
        let specs = [portal(vec![]), route("app", "portal.example.org", Some("/app")), twin];
        let table = Table::compile(&specs).unwrap();
        let found = |target| {
            let found = find(&table, "GET", target)?;
            Ok((found.route.name.to_string(), found.requirement.level.value()))
        };
        let disagree = Err(NotRouted::BadTarget(BadTarget::RoutesDisagree));
        assert_eq!(found("/app/x"), Ok(("app".to_owned(), 30)));
        assert_eq!(found("/app/X;y"), Ok(("app".to_owned(), 30)));
        assert_eq!(found("/apps"), Ok(("portal".to_owned(), 30)));
        for target in ["/APP/x", "/app;x", "/%61pp", "/app:x/y", "/app."] {
            assert_eq!(found(target), disagree, "{target}");
        }
        assert_eq!(found("/twin"), Ok(("twin".to_owned(), 40)));
        assert_eq!(found("/TWIN"), Ok(("portal".to_owned(), 40)));
        let alone = Table::compile(&[route("app", "portal.example.org", Some("/app"))]).unwrap();
        assert_eq!(find(&alone, "GET", "/").map(|_| ()), Err(NotRouted::NoRoute));
        assert_eq!(
            find(&alone, "GET", "/App").map(|_| ()),
            Err(NotRouted::BadTarget(BadTarget::RoutesDisagree))
        );
    }

    #[test]
    fn own_pages_are_matched_by_their_bytes_and_no_disguise_leads_there() {
        let table = Table::compile(&[portal(vec![])]).unwrap();
        for target in
            ["/.scoregate", "/.scoregate/", "/.scoregate/sign-in?next=/a", "/.scoregate/Me;x"]
        {
            let found = find(&table, "GET", target).unwrap();
            assert!(found.own_page && found.requirement.is_public(), "{target}");
        }
        for target in ["/.scoregates", "/scoregate", "/a/.scoregate"] {
            assert!(!find(&table, "GET", target).unwrap().own_page, "{target}");
        }
        let disguised = [
            "/.Scoregate/sign-in",
            "/%2escoregate/",
            "/.scoregate;x/me",
            "/.scoregate%20",
            "/.scoregate.",
            "/.scoregate:x",
            "/.score%25%36%37ate",
            "/;/.scoregate",
            "/.%EF%BD%93coregate/me",
        ];
        for target in disguised {
            assert_eq!(
                find(&table, "GET", target).map(|_| ()),
                Err(NotRouted::BadTarget(BadTarget::OwnPagesDisguised)),
                "{target}"
            );
        }
    }

    #[test]
    fn own_pages_are_shown_as_the_route_of_the_whole_host_or_the_first_path() {
        let by_path = ["/b", "/a"].map(|path| route(path, "portal.example.org", Some(path)));
        let table = Table::compile(&by_path).unwrap();
        assert_eq!(&*find(&table, "GET", "/.scoregate/").unwrap().route.name, "/a");
        let with_root = [by_path.as_slice(), &[portal(vec![])]].concat();
        let table = Table::compile(&with_root).unwrap();
        assert_eq!(&*table.route_for_host(b"portal.example.org:1").unwrap().name, "portal");
        assert_eq!(table.directory_of(b"portal.example.org").as_deref(), Some("staff"));
        assert_eq!(table.route_for_host(b"other.example.org"), None);
        assert_eq!(table.route_for_host(b"a b"), None);
    }

    #[test]
    fn a_plain_path_shares_the_requirement_of_its_rule() {
        let table = Table::compile(&[portal(vec![rule("a", "/a", asking(40))])]).unwrap();
        let of = |target| find(&table, "GET", target).unwrap().requirement;
        assert!(Arc::ptr_eq(&of("/a/x"), &of("/a/y")));
        assert!(Arc::ptr_eq(&of("/x"), &of("/X/y%20z")));
    }
}
