//! What is behind the gate: upstreams, routes and their rules.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::super::certificates;
use super::super::checked::{
    ClientCertificate, Directory, Health, Listen, Server, Upstream, UpstreamTls,
};
use super::super::diagnostic::{Diagnostic, Spot, nearest};
use super::super::outline::outline;
use super::super::reach::at;
use super::super::shape;
use super::super::texts::{self, Block, RoleName, Span, Target};
use super::Builder;
use super::people::titles;
use crate::accounts::DirectoryName;
use crate::points::{Level, Network, Role};
use crate::routes::{
    Asks, OwnAnswers, RouteProblem, RouteProblemKind, RouteSpec, RuleSpec, StreamRules, Table,
};
use crate::secret::Secret;

/// What is wrong with the routes taken together: ties, and rules that can never match. The table of
/// routes says it. Two routes for one address are reported by `check_doubles`, with both places.
fn route_problems(specs: &[RouteSpec]) -> Vec<RouteProblem> {
    let mut problems = Table::compile(specs).err().unwrap_or_default();
    problems.retain(|problem| {
        !matches!(
            problem.kind,
            // Both are said elsewhere, with both places.
            RouteProblemKind::SameAddress { .. } | RouteProblemKind::PublicAsks
        )
    });
    problems
}

impl Builder<'_> {
    pub(super) fn upstreams(&mut self) -> BTreeMap<String, Upstream> {
        let mut upstreams = BTreeMap::new();
        for (name, upstream) in &self.shape.upstream {
            let path = format!("upstream.{name}");
            let Some(servers) = &upstream.servers else {
                let example = r#"servers = ["http://10.0.1.11:3000"]"#;
                self.require(&format!("upstream `{name}`"), &path, "servers", example);
                continue;
            };
            if servers.is_empty() {
                let sentence = format!("upstream `{name}` has no server");
                let diagnostic = Diagnostic::error("E0105", sentence);
                let help = r#"add one, such as "http://10.0.1.11:3000""#;
                self.report(diagnostic, &format!("{path}.servers"), "an empty list", help);
                continue;
            }
            if upstream.weights.as_ref().is_some_and(|weights| weights.len() != servers.len()) {
                let sentence = format!("upstream `{name}` has not as many weights as servers");
                let diagnostic = Diagnostic::error("E0207", sentence);
                let help = "write one number for each server, in the same order";
                self.report(diagnostic, &format!("{path}.weights"), "one for each server", help);
            }
            let tls = self.upstream_tls(&path, upstream, servers.iter().any(|server| server.0.tls));
            upstreams.insert(
                name.clone(),
                Upstream {
                    tls,
                    weights: upstream.weights.iter().flatten().map(|weight| weight.0).collect(),
                    connections: upstream.connections,
                    down_for: upstream.down_for.0,
                    health: upstream.health.path.as_ref().map(|path| Health {
                        path: path.0.clone(),
                        interval: upstream.health.interval.0,
                        timeout: upstream.health.timeout.0,
                        up_after: upstream.health.up_after,
                        down_after: upstream.health.down_after,
                    }),
                    host: upstream.host.as_ref().map(|host| host.0.clone()),
                    http2: upstream.http2,
                    name: name.clone(),
                    servers: servers.iter().map(|server| server.0.clone()).collect(),
                    connect_timeout: upstream.connect_timeout.0,
                    read_timeout: upstream.read_timeout.0,
                    write_timeout: upstream.write_timeout.0,
                    idle_timeout: upstream.idle_timeout.0,
                },
            );
        }
        upstreams
    }

    /// How servers behind TLS are verified; what cannot be read is told, and nothing is skipped.
    fn upstream_tls(&mut self, path: &str, shape: &shape::Upstream, has_tls: bool) -> UpstreamTls {
        let settings = [
            ("ca", shape.ca.is_some()),
            ("server_name", shape.server_name.is_some()),
            ("client_cert", shape.client_cert.is_some()),
            ("client_key", shape.client_key.is_some()),
        ];
        for (name, _) in settings.iter().filter(|(_, is_set)| *is_set && !has_tls) {
            let path = format!("{path}.{name}");
            let sentence = format!("`{path}` is for https:// servers only");
            let diagnostic = Diagnostic::error("E0207", sentence);
            self.report(diagnostic, &path, "has no meaning here", "remove it, or write https://");
        }
        let server_name = shape.server_name.as_ref().map(|name| name.0.clone());
        if !self.request.check_environment {
            return UpstreamTls { server_name, ..UpstreamTls::default() };
        }
        let ca = shape.ca.as_ref().and_then(|file| {
            let read = certificates::chain(&file.0);
            read.map_err(|why| {
                let path = format!("{path}.ca");
                let sentence = format!("`{path}`: {} {why}", file.0.display());
                let help = "name a file with the certificates (PEM) that sign the servers'";
                self.report(Diagnostic::error("E0701", sentence), &path, "no certificate", help);
            })
            .ok()
        });
        UpstreamTls { ca, server_name, client: self.client_certificate(path, shape) }
    }

    fn client_certificate(
        &mut self,
        path: &str,
        shape: &shape::Upstream,
    ) -> Option<ClientCertificate> {
        let (cert, key) = match (&shape.client_cert, &shape.client_key) {
            (None, None) => return None,
            (Some(cert), Some(key)) => (cert, key),
            (cert, _) => {
                let missing = if cert.is_some() { "client_key" } else { "client_cert" };
                let example = format!("{missing} = \"tls/{missing}.pem\"");
                self.require("a client certificate", path, missing, &example);
                return None;
            }
        };
        match certificates::pair(&cert.0, &key.0) {
            Ok((chain, key)) => Some(ClientCertificate { chain, key: Secret::new(key) }),
            Err(why) => {
                let path = format!("{path}.client_cert");
                let diagnostic = Diagnostic::error("E0701", format!("`{path}`: {why}"));
                let help = "name a certificate (PEM) and the key that was made together with it";
                self.report(diagnostic, &path, "cannot be shown to a server", help);
                None
            }
        }
    }

    /// The upstreams, with those that routes wrote as an address.
    pub(super) fn with_addresses(
        &self,
        mut upstreams: BTreeMap<String, Upstream>,
    ) -> BTreeMap<String, Upstream> {
        for route in self.shape.route.values() {
            if let Some(Target::Server(server)) = route.upstream.as_ref().map(|target| &target.0) {
                let name = address(server);
                upstreams.entry(name.clone()).or_insert_with(|| of_address(name, server.clone()));
            }
        }
        upstreams
    }

    pub(super) fn routes(
        &mut self,
        directories: &BTreeMap<DirectoryName, Directory>,
    ) -> Vec<RouteSpec> {
        if self.shape.route.is_empty() {
            let help = "add [route.NAME] with `host`, `upstream` and `directory`";
            self.require_section("there is no route", "route", help);
        }
        let mut routes = Vec::new();
        for (name, route) in &self.shape.route {
            routes.extend(self.route(name, route, directories));
        }
        self.check_doubles(&routes);
        for problem in route_problems(&routes) {
            self.report_route(&problem);
        }
        routes
    }

    /// At the setting that the table of routes names, or else at the name of the route or rule.
    fn report_route(&mut self, problem: &RouteProblem) {
        let mut path = format!("route.{}", problem.route);
        if let Some(rule) = &problem.rule {
            path += &format!(".rule.{rule}");
        }
        if let Some(setting) = problem.setting() {
            path += &format!(".{setting}");
        }
        let diagnostic = Diagnostic::error("E0203", problem.to_string());
        self.report(diagnostic, &path, "", &problem.help());
    }

    fn route(
        &mut self,
        name: &str,
        route: &shape::Route,
        directories: &BTreeMap<DirectoryName, Directory>,
    ) -> Option<RouteSpec> {
        let path = format!("route.{name}");
        let what = format!("route `{name}`");
        if route.host.is_none() {
            self.require(&what, &path, "host", r#"host = "portal.example.org""#);
        }
        let upstream = self.target(name, route);
        let directory = self.directory(name, route, directories);
        let rules = self.rules(name, &route.rule);
        self.check_open(name, route);
        let (directory, level) = directory?;
        Some(RouteSpec {
            name: name.to_owned(),
            host: route.host.as_ref()?.0.clone(),
            path: route.path.as_ref().map(|path| path.0.clone()),
            upstream: upstream?,
            directory,
            directory_level: level,
            asks: Asks {
                level: route.level.and_then(Level::new),
                max_age: duration(route.max_age.as_ref()),
                fresh_within: duration(route.fresh_within.as_ref()),
                kinds: route.kinds,
                phishing_resistant: route.phishing_resistant,
                roles: roles(route.roles.as_deref()),
                networks: networks(route.networks.as_deref()),
                tokens: None,
            },
            explain: titles(&route.explain),
            rules: rules?,
            public_port: route.public_port,
            body_limit_bytes: match &route.body_limit {
                Some(limit) => limit.0,
                None => self.shape.limits.body_limit.0,
            },
            streams: StreamRules {
                idle: route.stream_idle.0,
                grace: route.stream_grace.0,
                origins: route.origins.iter().map(|origin| origin.0.clone()).collect(),
            },
            answers: OwnAnswers {
                well_known: route.well_known,
                preflight: route.cors_preflight.iter().map(|origin| origin.0.clone()).collect(),
            },
        })
    }

    fn target(&mut self, route: &str, shape: &shape::Route) -> Option<String> {
        let path = format!("route.{route}");
        let Some(target) = &shape.upstream else {
            let example = r#"upstream = "http://127.0.0.1:3000""#;
            self.require(&format!("route `{route}`"), &path, "upstream", example);
            return None;
        };
        let name = match &target.0 {
            Target::Server(server) => return Some(address(server)),
            Target::Named(name) => name,
        };
        if self.shape.upstream.contains_key(name) {
            return Some(name.clone());
        }
        let names = self.shape.upstream.keys().map(String::as_str);
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("for a single server write `http://{name}`"),
        };
        if !self.is_wrong(&format!("upstream.{name}")) {
            let sentence = format!(
                "route `{route}` points to `{name}`, which is neither a URL nor an [upstream.…]"
            );
            let diagnostic = Diagnostic::error("E0202", sentence);
            self.report(diagnostic, &format!("{path}.upstream"), "unknown upstream", &help);
        }
        None
    }

    fn directory(
        &mut self,
        route: &str,
        shape: &shape::Route,
        directories: &BTreeMap<DirectoryName, Directory>,
    ) -> Option<(String, Level)> {
        let path = format!("route.{route}");
        let Some(name) = &shape.directory else {
            let example = r#"directory = "staff""#;
            self.require(&format!("route `{route}`"), &path, "directory", example);
            return None;
        };
        if let Some(directory) = directories.get(name.as_str()) {
            return Some((name.clone(), directory.settings.required_level));
        }
        let help = match nearest(name, directories.keys().map(AsRef::as_ref)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add [directory.{name}]"),
        };
        if !self.is_wrong(&format!("directory.{name}")) {
            let sentence = format!("route `{route}` uses directory `{name}`, which does not exist");
            let diagnostic = Diagnostic::error("E0201", sentence);
            let label = "no [directory.…] with this name";
            self.report(diagnostic, &format!("{path}.directory"), label, &help);
        }
        None
    }

    fn rules(
        &mut self,
        route: &str,
        rules: &BTreeMap<String, shape::Rule>,
    ) -> Option<Vec<RuleSpec>> {
        let mut specs = Some(Vec::new());
        for (name, rule) in rules {
            let table = format!("route.{route}.rule.{name}");
            let Some(path) = &rule.path else {
                let what = format!("rule `{name}` of route `{route}`");
                self.require(&what, &table, "path", r#"path = "/payments/""#);
                specs = None;
                continue;
            };
            let public = rule.public == Some(true);
            if public {
                self.check_public(&table);
            }
            let spec = RuleSpec {
                name: name.clone(),
                path: path.0.clone(),
                methods: rule.methods.as_ref().map(|m| m.iter().map(|m| m.0.clone()).collect()),
                public,
                asks: Asks {
                    level: rule.level.and_then(Level::new),
                    max_age: duration(rule.max_age.as_ref()),
                    fresh_within: duration(rule.fresh_within.as_ref()),
                    kinds: rule.kinds,
                    phishing_resistant: rule.phishing_resistant,
                    roles: roles(rule.roles.as_deref()),
                    networks: networks(rule.networks.as_deref()),
                    tokens: None,
                },
                explain: titles(&rule.explain),
            };
            if let Some(specs) = &mut specs {
                specs.push(spec);
            }
        }
        specs
    }

    /// A rule cannot be open and ask for something.
    fn check_public(&mut self, table: &str) {
        const ASKING: [&str; 7] = [
            "level",
            "max_age",
            "fresh_within",
            "kinds",
            "phishing_resistant",
            "roles",
            "networks",
        ];
        for name in ASKING {
            let path = format!("{table}.{name}");
            if self.provenance.written(&path).is_some() {
                let sentence = format!("`{path}` has no meaning where `public = true`");
                let diagnostic = Diagnostic::error("E0207", sentence);
                self.report(diagnostic, &path, "nothing is asked here", "remove one of the two");
            }
        }
    }

    /// A whole route that asks for nothing is open to everyone.
    fn check_open(&mut self, name: &str, route: &shape::Route) {
        let asks_more = route.max_age.is_some()
            || route.fresh_within.is_some()
            || route.kinds.is_some_and(|kinds| kinds > 0)
            || route.phishing_resistant == Some(true)
            || route.roles.is_some()
            || route.networks.is_some();
        if route.level != Some(0) || asks_more {
            return;
        }
        let warning = Diagnostic::warning("W0801", format!("route `{name}` is open to everyone"));
        let help = format!(
            "put `public` on a rule with a path; to open everything on purpose: \
             [route.{name}.rule.open] with path = \"/\""
        );
        self.report(warning, &format!("route.{name}.level"), "nothing is asked", &help);
    }

    /// Two routes for the same host and path.
    fn check_doubles(&mut self, routes: &[RouteSpec]) {
        let mut order: Vec<&RouteSpec> = routes.iter().collect();
        order.sort_by_key(|route| {
            self.provenance.written(&format!("route.{}.host", route.name)).map(Spot::order)
        });
        let mut first: BTreeMap<(&str, String), &RouteSpec> = BTreeMap::new();
        for route in order {
            let path = route.path.as_deref().unwrap_or("/").trim_end_matches('/').to_owned();
            let Some(other) = first.get(&(route.host.as_str(), path.clone())) else {
                first.insert((&route.host, path), route);
                continue;
            };
            let (mut names, mut spots) = ([&other.name, &route.name], Vec::new());
            names.sort();
            for route in [route, *other] {
                let setting = if route.path.is_some() { "path" } else { "host" };
                spots.push(self.spot(&format!("route.{}.{setting}", route.name)));
            }
            let [one, two] = names;
            let sentence = format!("routes `{one}` and `{two}` both take {}{path}/", route.host);
            let mut diagnostic = Diagnostic::error("E0203", sentence);
            let labels = ["second route for the same address", "first route here"];
            for (spot, label) in spots.into_iter().zip(labels) {
                diagnostic = at(diagnostic, spot, label);
            }
            let help = "give one of them a `path`, or use a rule: [route.NAME.rule.NAME]";
            let path = format!("route.{}.host", route.name);
            self.diagnostics.push(diagnostic.help(help).about(path));
        }
    }

    /// A request that goes round in a circle until nothing is left to open a connection with.
    pub(super) fn check_loops(
        &mut self,
        listen: &Listen,
        upstreams: &BTreeMap<String, Upstream>,
        routes: &[RouteSpec],
    ) {
        let listeners = [
            ("https", listen.https.as_ref().map(|https| https.address)),
            ("http", listen.http.as_ref().map(|http| http.address)),
        ];
        for route in routes {
            let shape = self.shape.route.get(&route.name);
            let own = shape.and_then(|route| match route.upstream.as_ref().map(|up| &up.0) {
                Some(Target::Server(server)) => Some(std::slice::from_ref(server)),
                Some(Target::Named(_)) | None => None,
            });
            let named = upstreams.get(&route.upstream).map(|upstream| upstream.servers.as_slice());
            let servers = own.or(named).unwrap_or(&[]);
            let into = listeners.iter().find(|(_, address)| {
                address.is_some_and(|a| servers.iter().any(|server| leads_to(server, a)))
            });
            let Some((listener, _)) = into else { continue };
            let path = if own.is_some() {
                format!("route.{}.upstream", route.name)
            } else {
                format!("upstream.{}.servers", route.upstream)
            };
            let sentence = format!(
                "route `{}` sends requests back to this gateway (listen `{listener}`)",
                route.name
            );
            let diagnostic = Diagnostic::error("E0204", sentence);
            let help = "name the address of the portal itself";
            self.report(diagnostic, &path, "this is the gateway's own address", help);
        }
    }
}

/// Whether a connection to `server` arrives at a listener on `address`.
fn leads_to(server: &Server, address: SocketAddr) -> bool {
    if server.socket().is_some() || address.port() != server.port || address.port() == 0 {
        return false;
    }
    let own = address.ip().to_canonical();
    let is_local = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    match server.host.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) => ip == own || (own.is_unspecified() && is_local(ip)),
        Err(_) => server.host == "localhost" && is_local(own),
    }
}

/// The address as a name: with its port, so that two spellings are one upstream.
fn address(server: &Server) -> String {
    server.to_string()
}

/// An upstream of one server, with the limits that the schema has for those with a name.
fn of_address(name: String, server: Server) -> Upstream {
    let usual = |setting: &str| {
        outline()
            .at(&format!("upstream.name.{setting}"))
            .and_then(|setting| texts::span(setting.default.as_ref()?.as_str()?).ok())
            .unwrap_or(Duration::from_secs(60))
    };
    Upstream {
        name,
        servers: vec![server],
        connect_timeout: usual("connect_timeout"),
        read_timeout: usual("read_timeout"),
        write_timeout: usual("write_timeout"),
        idle_timeout: usual("idle_timeout"),
        weights: Vec::new(),
        connections: None,
        down_for: usual("down_for"),
        health: None,
        host: None,
        http2: false,
        tls: UpstreamTls::default(),
    }
}

fn duration(span: Option<&Span>) -> Option<Duration> {
    span.map(|span| span.0)
}

fn roles(names: Option<&[RoleName]>) -> Option<Vec<Role>> {
    names.map(|names| names.iter().map(|name| Arc::from(name.0.as_str())).collect())
}

pub(super) fn networks(blocks: Option<&[Block]>) -> Option<Vec<Network>> {
    blocks.map(|blocks| blocks.iter().map(|block| block.0).collect())
}
