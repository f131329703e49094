//! From routes as they were written to the table, or to all that is wrong with them. Nothing here
//! sees a request.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::host::HostPattern;
use super::problem::{RouteProblem, RouteProblemKind as Kind};
use super::readings::{BadRulePath, OWN_PAGES, rule_key};
use super::spec::{Asks, RouteSpec, RuleSpec};
use super::table::{Explanation, Host, Node, PlacedRoute, PlacedRule, Route, Table};
use crate::points::{Level, Requirement};

/// Compiles all routes, or says everything that is wrong with them, in the order of `specs`.
pub(super) fn compile(specs: &[RouteSpec]) -> Result<Table, Vec<RouteProblem>> {
    let mut problems = Vec::new();
    let drafts: Vec<_> = specs.iter().map(|spec| Draft::read(spec, &mut problems)).collect();
    check_names(specs, &mut problems);
    for sharing in by_host(&drafts).values() {
        check_host(sharing, &mut problems);
    }
    if problems.is_empty() {
        Ok(build(&drafts))
    } else {
        let mut order = HashMap::new();
        for (at, spec) in specs.iter().enumerate() {
            order.entry(spec.name.as_str()).or_insert(at);
        }
        problems.sort_by_key(|problem| order.get(problem.route.as_str()).copied());
        Err(problems)
    }
}

/// A path of a route or rule.
struct Path {
    /// As requests spell it, without a slash at its end.
    literal: String,
    /// As it is found.
    key: String,
}

impl Path {
    fn read(written: &str) -> Result<Self, Kind> {
        if !written.starts_with('/') {
            return Err(Kind::PathWithoutSlash);
        }
        if written.contains(['?', '#']) {
            return Err(Kind::PathWithQuery);
        }
        let spelt = as_requested(written);
        let key = rule_key(&spelt).map_err(|bad| match bad {
            BadRulePath::Refused(bad) => Kind::PathRefused(bad),
            BadRulePath::Unsettled => Kind::PathUnsettled,
        })?;
        if is_at_or_below(&key, OWN_PAGES) {
            return Err(Kind::PathOfOwnPages);
        }
        Ok(Self { literal: spelt.trim_end_matches('/').to_owned(), key })
    }
}

/// Escapes what a browser escapes in a path, so that `/jaarverslag 2026` can be written as it reads.
/// Escapes that are there stay, in capitals, as browsers send them.
fn as_requested(written: &str) -> String {
    let mut spelt = String::with_capacity(written.len());
    let mut digits = 0;
    for byte in written.bytes() {
        match byte {
            b' ' | b'"' | b'<' | b'>' | b'^' | b'`' | 0x80.. => {
                spelt.push_str(&format!("%{byte:02X}"));
            }
            _ if digits > 0 => spelt.push(char::from(byte.to_ascii_uppercase())),
            _ => spelt.push(char::from(byte)),
        }
        digits = if byte == b'%' { 2_u8 } else { digits.saturating_sub(1) };
    }
    spelt
}

/// By whole segments. Neither has a slash at its end.
fn is_at_or_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A route whose parts were read; what could not be read is `None`, and was reported.
struct Draft<'s> {
    spec: &'s RouteSpec,
    host: Option<HostPattern>,
    path: Option<Path>,
    rules: Vec<DraftRule<'s>>,
}

struct DraftRule<'s> {
    spec: &'s RuleSpec,
    path: Path,
    methods: Option<Vec<Box<str>>>,
}

impl<'s> Draft<'s> {
    fn read(spec: &'s RouteSpec, problems: &mut Vec<RouteProblem>) -> Self {
        let mut report = |rule: Option<&RuleSpec>, kind| {
            problems.push(RouteProblem {
                route: spec.name.clone(),
                rule: rule.map(|rule| rule.name.clone()),
                kind,
            });
        };
        let host = HostPattern::parse(&spec.host);
        let host = host.map_err(|bad| report(None, Kind::Host(bad))).ok();
        let path = Path::read(spec.path.as_deref().unwrap_or("/"));
        let path = path.map_err(|kind| report(None, kind)).ok();
        check_lists(&spec.asks).for_each(|kind| report(None, kind));
        let around = spec.requirement();
        let mut rules = Vec::new();
        for rule in &spec.rules {
            match DraftRule::read(rule, path.as_ref(), &around) {
                Ok(draft) => rules.push(draft),
                Err(kinds) => kinds.into_iter().for_each(|kind| report(Some(rule), kind)),
            }
        }
        Self { spec, host, path, rules }
    }

    fn key(&self) -> Option<&str> {
        self.path.as_ref().map(|path| path.key.as_str())
    }

    /// The host and path as one text.
    fn address(&self) -> String {
        let host = self.host.as_ref().map(HostPattern::to_string).unwrap_or_default();
        let path = self.path.as_ref().map_or("", |path| &path.literal);
        format!("{host}{}", if path.is_empty() { "/" } else { path })
    }

    fn problem(&self, rule: Option<&RuleSpec>, kind: Kind) -> RouteProblem {
        let rule = rule.map(|rule| rule.name.clone());
        RouteProblem { route: self.spec.name.clone(), rule, kind }
    }
}

impl<'s> DraftRule<'s> {
    fn read(
        spec: &'s RuleSpec,
        route: Option<&Path>,
        around: &Requirement,
    ) -> Result<Self, Vec<Kind>> {
        let mut kinds: Vec<_> = check_lists(&spec.asks).collect();
        let nothing = [Asks::default(), Asks { level: Some(Level::ZERO), ..Asks::default() }];
        if spec.public && !nothing.contains(&spec.asks) {
            kinds.push(Kind::PublicAsks);
        }
        let methods = read_methods(spec).map_err(|kind| kinds.push(kind));
        let path = Path::read(&spec.path).map_err(|kind| kinds.push(kind));
        if let Ok(path) = &path {
            kinds.extend(check_place(path, route, &spec.requirement(around), around));
        }
        match (methods, path) {
            (Ok(methods), Ok(path)) if kinds.is_empty() => Ok(Self { spec, path, methods }),
            _ => Err(kinds),
        }
    }

    fn meets(&self, other: &Self) -> bool {
        self.path.key == other.path.key
            && match (&self.methods, &other.methods) {
                (None, None) => true,
                (Some(own), Some(others)) => own.iter().any(|method| others.contains(method)),
                (Some(_), None) | (None, Some(_)) => false,
            }
    }
}

/// Whether a rule at `path` that asks `own`, in a route that asks `around`, can do what it says.
fn check_place(
    path: &Path,
    route: Option<&Path>,
    own: &Requirement,
    around: &Requirement,
) -> Option<Kind> {
    if let Some(route) = route.filter(|route| !is_at_or_below(&path.key, &route.key)) {
        return Some(Kind::OutsideRoute { route_path: route.literal.clone() });
    }
    // Where the colon is read as the end of the name, the rule is not met, so it never answers alone.
    let lowers = own.join(around) != own.join(own);
    (lowers && path.key.contains(':')).then_some(Kind::LowersAtColon)
}

/// Upper case tokens (RFC 9110, section 9.1), HEAD as GET.
fn read_methods(spec: &RuleSpec) -> Result<Option<Vec<Box<str>>>, Kind> {
    let Some(written) = &spec.methods else {
        return Ok(None);
    };
    if written.is_empty() {
        return Err(Kind::NoMethods);
    }
    let is_method = |name: &&String| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
    };
    if let Some(bad) = written.iter().find(|name| !is_method(name)) {
        return Err(Kind::Method(bad.clone()));
    }
    let canonical =
        |name: &String| if name == "HEAD" { "GET".into() } else { name.as_str().into() };
    Ok(Some(written.iter().map(canonical).collect()))
}

/// A list that nobody is on would close the route without saying so.
fn check_lists(asks: &Asks) -> impl Iterator<Item = Kind> {
    let roles = asks.roles.as_ref().is_some_and(Vec::is_empty).then_some("roles");
    let networks = asks.networks.as_ref().is_some_and(Vec::is_empty).then_some("networks");
    roles.into_iter().chain(networks).map(|setting| Kind::NobodyFits { setting })
}

fn check_names(specs: &[RouteSpec], problems: &mut Vec<RouteProblem>) {
    let mut routes = HashSet::new();
    for spec in specs {
        let mut report = |rule: Option<&RuleSpec>| {
            let rule = rule.map(|rule| rule.name.clone());
            problems.push(RouteProblem { route: spec.name.clone(), rule, kind: Kind::NameTwice });
        };
        if !routes.insert(&spec.name) {
            report(None);
        }
        let mut rules = HashSet::new();
        for rule in spec.rules.iter().filter(|rule| !rules.insert(&rule.name)) {
            report(Some(rule));
        }
    }
}

/// The routes of each host, in the order in which they were written.
fn by_host<'d, 's>(drafts: &'d [Draft<'s>]) -> BTreeMap<&'d HostPattern, Vec<&'d Draft<'s>>> {
    let mut hosts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for draft in drafts {
        if let Some(host) = &draft.host {
            hosts.entry(host).or_default().push(draft);
        }
    }
    hosts
}

fn check_host(sharing: &[&Draft<'_>], problems: &mut Vec<RouteProblem>) {
    let mut first_at: HashMap<&str, &Draft<'_>> = HashMap::new();
    for draft in sharing {
        if let Some(key) = draft.key()
            && let Some(first) = first_at.get(key)
        {
            let other = first.spec.name.clone();
            let kind = Kind::SameAddress { other, address: draft.address() };
            problems.push(draft.problem(None, kind));
        } else if let Some(key) = draft.key() {
            first_at.insert(key, draft);
        }
        if let Some(first) =
            sharing.first().filter(|first| first.spec.directory != draft.spec.directory)
        {
            let host = draft.host.as_ref().map(HostPattern::to_string).unwrap_or_default();
            let kind = Kind::OtherDirectory { other: first.spec.name.clone(), host };
            problems.push(draft.problem(None, kind));
        }
    }
    for draft in sharing {
        check_rules(draft, &first_at, problems);
    }
}

/// Ties between the rules of a route, and rules whose requests another route of the host takes.
fn check_rules(
    draft: &Draft<'_>,
    routes: &HashMap<&str, &Draft<'_>>,
    problems: &mut Vec<RouteProblem>,
) {
    let mut seen: HashMap<&str, Vec<&DraftRule<'_>>> = HashMap::new();
    for rule in &draft.rules {
        let same_path = seen.entry(&rule.path.key).or_default();
        if let Some(other) = same_path.iter().find(|other| rule.meets(other)) {
            let kind = Kind::SameRule { other: other.spec.name.clone() };
            problems.push(draft.problem(Some(rule.spec), kind));
        }
        same_path.push(rule);
        let taker = upwards(&rule.path.key).find_map(|above| routes.get(above));
        if let Some(taker) = taker.filter(|taker| taker.spec.name != draft.spec.name) {
            let kind = Kind::TakenByRoute { other: taker.spec.name.clone() };
            problems.push(draft.problem(Some(rule.spec), kind));
        }
    }
}

/// A key and all keys above it, the longest first; the last is that of `/`.
fn upwards(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |key| key.rsplit_once('/').map(|(above, _)| above))
}

fn build(drafts: &[Draft<'_>]) -> Table {
    let routes: HashMap<&str, Arc<Route>> = drafts
        .iter()
        .filter_map(|draft| Some((draft.spec.name.as_str(), Arc::new(compiled(draft)?))))
        .collect();
    let (mut exact, mut wildcard) = (HashMap::new(), HashMap::new());
    for (pattern, sharing) in by_host(drafts) {
        let hosts = if pattern.is_wildcard() { &mut wildcard } else { &mut exact };
        if let Some(host) = build_host(&sharing, &routes) {
            hosts.insert(Arc::from(pattern.name()), host);
        }
    }
    let in_order = drafts.iter().filter_map(|draft| routes.get(draft.spec.name.as_str()).cloned());
    Table::new(exact, wildcard, in_order.collect())
}

fn build_host(sharing: &[&Draft<'_>], routes: &HashMap<&str, Arc<Route>>) -> Option<Host> {
    let main = sharing.iter().min_by_key(|draft| draft.key())?;
    let main = Arc::clone(routes.get(main.spec.name.as_str())?);
    let mut root = Node::default();
    for (id, draft) in sharing.iter().enumerate() {
        if let Some(route) = routes.get(draft.spec.name.as_str()) {
            place(&mut root, id, draft, route);
        }
    }
    Some(Host { root, main })
}

fn place(root: &mut Node, id: usize, draft: &Draft<'_>, route: &Arc<Route>) {
    let requirement = draft.spec.requirement();
    for rule in &draft.rules {
        let placed = PlacedRule {
            name: rule.spec.name.as_str().into(),
            route: id,
            literal: rule.path.literal.as_str().into(),
            methods: rule.methods.clone(),
            requirement: shared(&rule.spec.requirement(&requirement)),
            explain: (!rule.spec.explain.is_empty())
                .then(|| Explanation::new(rule.spec.explain.clone())),
        };
        node_at(root, &rule.path.key).rules.push(placed);
    }
    node_at(root, draft.key().unwrap_or_default()).route = Some(PlacedRoute {
        id,
        route: Arc::clone(route),
        requirement: shared(&requirement),
        explain: Explanation::new(draft.spec.explain.clone()),
    });
}

/// A requirement in the form that joining leaves it in, so that equal ones are equal.
fn shared(requirement: &Requirement) -> Arc<Requirement> {
    Arc::new(requirement.join(requirement))
}

fn node_at<'n>(root: &'n mut Node, key: &str) -> &'n mut Node {
    key.split('/')
        .filter(|segment| !segment.is_empty())
        .fold(root, |node, segment| node.children.entry(segment.into()).or_default())
}

fn compiled(draft: &Draft<'_>) -> Option<Route> {
    let spec = draft.spec;
    Some(Route {
        name: spec.name.as_str().into(),
        host: draft.host.clone()?,
        path: draft.path.as_ref()?.literal.as_str().into(),
        upstream: spec.upstream.as_str().into(),
        directory: spec.directory.as_str().into(),
        public_port: spec.public_port,
        body_limit_bytes: spec.body_limit_bytes,
        streams: spec.streams.clone(),
        answers: spec.answers.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(name: &str, host: &str, path: Option<&str>) -> RouteSpec {
        RouteSpec {
            name: name.into(),
            host: host.into(),
            path: path.map(str::to_owned),
            upstream: name.into(),
            directory: "staff".into(),
            ..RouteSpec::default()
        }
    }

    fn rule(name: &str, path: &str) -> RuleSpec {
        RuleSpec { name: name.into(), path: path.into(), ..RuleSpec::default() }
    }

    fn portal(rules: Vec<RuleSpec>) -> RouteSpec {
        RouteSpec { rules, ..route("portal", "portal.example.org", None) }
    }

    fn problems(specs: &[RouteSpec]) -> Vec<String> {
        let problems = Table::compile(specs).map(|_| ()).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_rule_that_can_never_match_is_a_problem_that_says_why() {
        let never = "rule `r` of route `portal` can never match: ";
        let table = [
            ("admin", "its `path` does not begin with `/`"),
            ("", "its `path` does not begin with `/`"),
            ("/admin?x=1", "its `path` has a `?` or `#`"),
            ("/admin#x", "its `path` has a `?` or `#`"),
            ("/.scoregate", "its `path` belongs to the gateway's own pages"),
            ("/.Scoregate/sign-in", "its `path` belongs to the gateway's own pages"),
            (
                "/a/../admin",
                "a request for its `path` is refused, because it has a segment of dots",
            ),
            ("/a/%2e%2e", "a request for its `path` is refused, because it has a segment of dots"),
            (
                "//admin",
                "a request for its `path` is refused, because it does not begin with a single slash",
            ),
            (
                "/100%",
                "a request for its `path` is refused, because a percent sign is not followed by \
                 two hexadecimal digits",
            ),
            ("/a\\b", "a request for its `path` is refused, because it has a backslash"),
        ];
        for (path, why) in table {
            assert_eq!(problems(&[portal(vec![rule("r", path)])]), [format!("{never}{why}")]);
        }
        for path in ["/a//b", "/a;b", "/a.", "/100%25", "/%20a", "/what？"] {
            let expected =
                "rule `r` of route `portal` has a `path` that portals read in different ways";
            assert_eq!(problems(&[portal(vec![rule("r", path)])]), [expected], "{path}");
        }
        for path in
            ["/", "/admin", "/Admin/", "/caf\u{e9} x", "/caf%c3%a9", "/v1:run", "/.well-known"]
        {
            assert_eq!(problems(&[portal(vec![rule("r", path)])]), [""; 0], "{path}");
        }
    }

    #[test]
    fn rules_of_a_route_tie_where_one_request_would_have_two() {
        let for_methods = |name: &str, path: &str, methods: &[&str]| RuleSpec {
            methods: Some(methods.iter().map(|&method| method.into()).collect()),
            ..rule(name, path)
        };
        let tie = ["rule `b` of route `portal` and rule `a` match the same requests"];
        let none: [&str; 0] = [];
        let table: [(RuleSpec, RuleSpec, &[&str]); 9] = [
            (rule("a", "/x"), rule("b", "/x"), &tie),
            (rule("a", "/x"), rule("b", "/x/"), &tie),
            (rule("a", "/x"), rule("b", "/X"), &tie),
            (rule("a", "/x"), rule("b", "/%78"), &tie),
            (for_methods("a", "/x", &["GET", "PUT"]), for_methods("b", "/x", &["HEAD"]), &tie),
            (for_methods("a", "/x", &["GET"]), for_methods("b", "/x", &["PUT", "POST"]), &none),
            (for_methods("a", "/x", &["GET"]), rule("b", "/x"), &none),
            (rule("a", "/x"), rule("b", "/x/y"), &none),
            (rule("a", "/x"), rule("b", "/xy"), &none),
        ];
        for (a, b, expected) in table {
            let named = format!("{} and {}", a.path, b.path);
            assert_eq!(problems(&[portal(vec![a, b])]), expected, "{named}");
        }
    }

    #[test]
    fn routes_that_cannot_stand_together_are_problems() {
        let host = "portal.example.org";
        let other_directory = |name: &str, path: Option<&str>| RouteSpec {
            directory: "customers".into(),
            ..route(name, host, path)
        };
        let with_rule = |path: Option<&str>, at: &str| RouteSpec {
            rules: vec![rule("r", at)],
            ..route("a", host, path)
        };
        let table: [(&str, Vec<RouteSpec>, &[&str]); 10] = [
            (
                "one host",
                vec![route("a", host, None), route("b", "PORTAL.example.org", Some("/"))],
                &["route `b` and route `a` both take portal.example.org/"],
            ),
            (
                "one path",
                vec![route("a", host, Some("/x")), route("b", host, Some("/X/"))],
                &["route `b` and route `a` both take portal.example.org/X"],
            ),
            ("two paths", vec![route("a", host, None), route("b", host, Some("/x"))], &[]),
            (
                "exact and star",
                vec![route("a", host, None), route("b", "*.example.org", None)],
                &[],
            ),
            (
                "two directories",
                vec![route("a", host, None), other_directory("b", Some("/x"))],
                &[
                    "route `b` and route `a` share the host portal.example.org, but not the directory",
                ],
            ),
            (
                "no host",
                vec![route("a", "https://portal.example.org", None), route("b", "", None)],
                &[
                    "route `a` has a `host` that cannot be one: its port is not a number from 1 to 65535",
                    "route `b` has a `host` that cannot be one: it is empty",
                ],
            ),
            (
                "outside",
                vec![with_rule(Some("/x"), "/xy")],
                &[
                    "rule `r` of route `a` can never match: its `path` is not below `/x`, its route's",
                ],
            ),
            (
                "taken",
                vec![with_rule(None, "/x/y"), route("b", host, Some("/x"))],
                &["rule `r` of route `a` can never match: its `path` goes to route `b`"],
            ),
            (
                "own pages",
                vec![route("a", host, Some("/.scoregate/x"))],
                &["route `a` can never match: its `path` belongs to the gateway's own pages"],
            ),
            (
                "one name",
                vec![route("a", host, None), route("a", "other.example.org", None)],
                &["route `a` has a name that is taken"],
            ),
        ];
        for (name, specs, expected) in table {
            assert_eq!(problems(&specs), expected, "{name}");
        }
    }

    #[test]
    fn asking_for_nobody_or_for_nothing_and_something_is_a_problem() {
        let asks = |asks: Asks| RuleSpec { asks, ..rule("r", "/x") };
        let public = |inner: RuleSpec| RuleSpec { public: true, ..inner };
        let level = |value| Asks { level: Level::new(value), ..Asks::default() };
        let methods = |methods: Vec<String>| RuleSpec { methods: Some(methods), ..rule("r", "/x") };
        let table: [(RuleSpec, &[&str]); 8] = [
            (public(rule("r", "/x")), &[]),
            (public(asks(level(0))), &[]),
            (public(asks(level(1))), &["public"]),
            (asks(Asks { roles: Some(vec![]), ..Asks::default() }), &["roles"]),
            (asks(Asks { networks: Some(vec![]), ..Asks::default() }), &["networks"]),
            (methods(vec![]), &["methods"]),
            (methods(vec!["get".into()]), &["methods"]),
            (methods(vec!["GET".into(), "M-SEARCH".into()]), &[]),
        ];
        for (rule, expected) in table {
            let named = format!("{rule:?}");
            let problems =
                Table::compile(&[portal(vec![rule])]).map(|_| ()).err().unwrap_or_default();
            let settings: Vec<_> = problems.iter().filter_map(RouteProblem::setting).collect();
            assert_eq!(settings, expected, "{named}");
            assert!(problems.iter().all(|problem| !problem.help().is_empty()));
        }
    }

    #[test]
    fn a_rule_at_a_colon_may_raise_and_not_lower() {
        let asking = |value| RuleSpec {
            asks: Asks { level: Level::new(value), ..Asks::default() },
            ..rule("r", "/v1:run")
        };
        let open = RuleSpec { public: true, ..rule("r", "/v1:run") };
        for (rule, lowers) in
            [(asking(29), true), (asking(30), false), (asking(31), false), (open, true)]
        {
            let named = format!("{rule:?}");
            let level = Level::new(30).unwrap();
            let spec = RouteSpec { directory_level: level, ..portal(vec![rule]) };
            assert_eq!(!problems(&[spec]).is_empty(), lowers, "{named}");
        }
    }

    #[test]
    fn all_problems_come_at_once_in_the_order_of_the_routes() {
        let specs = [
            RouteSpec { rules: vec![rule("r", "x")], ..route("b", "a b", None) },
            RouteSpec { rules: vec![rule("r", "/x?")], ..route("a", "portal.example.org", None) },
            route("c", "portal.example.org", None),
        ];
        let problems = Table::compile(&specs).unwrap_err();
        let seen: Vec<_> =
            problems.iter().map(|it| (&*it.route, it.setting(), it.other())).collect();
        let expected = [
            ("b", Some("host"), None),
            ("b", Some("path"), None),
            ("a", Some("path"), None),
            ("c", Some("host"), Some("a")),
        ];
        assert_eq!(seen, expected);
    }
}
