//! What needs more than one setting: what is required, what refers to what, what excludes what. Builds
//! the values that the gateway uses. The parts of it: `people` (directories and notifiers), `gateway`
//! (SMS), `behind` (upstreams and routes), `identity` (what portals are told), `machine` (what this
//! machine can tell), and here the listeners and the rest. Not here: a value by itself (`walk`).

mod admin;
mod behind;
mod gateway;
mod identity;
mod machine;
mod passkeys;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use super::certificates::{self, Pair};
use super::checked::{
    Audit, CertificateFiles, ClientField, Config, Hsts, HttpListener, HttpServes, HttpsListener,
    InFront, Limits, Listen, Log, LogFormat, SessionLimits, ShowPoints, Sms, StoreLocation,
    TlsVersion, Ui,
};
use super::diagnostic::{Diagnostic, Spot};
use super::layers::{Layered, Provenance};
use super::load::LoadRequest;
use super::reach::at;
use super::secrets::Keepers;
use super::shape::{self, Format, Language, MinVersion, Serve, Shape, Shown};
use super::texts::Block;
use crate::points::Network;
use crate::routes::RouteSpec;

/// Builds a configuration; `None`: something that it needs is missing, and has been reported.
pub(super) fn build(
    request: &LoadRequest,
    shape: &Shape,
    layered: &Layered,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Config> {
    let mut builder = Builder {
        request,
        shape,
        provenance: &layered.provenance,
        wrong: &layered.wrong,
        diagnostics,
    };
    builder.config()
}

struct Builder<'a> {
    request: &'a LoadRequest,
    shape: &'a Shape,
    provenance: &'a Provenance,
    wrong: &'a BTreeSet<String>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    fn config(&mut self) -> Option<Config> {
        let listen = self.listen();
        let notifiers = self.notifiers();
        let mut directories = self.directories();
        let upstreams = self.upstreams();
        let routes = self.routes(&directories);
        self.passkey_domains(&mut directories, &routes);
        let identities = self.identities();
        self.check_reach(&directories, &routes);
        if let Some(listen) = &listen {
            self.check_loops(listen, &upstreams, &routes);
            self.check_certificates(listen, &routes);
            self.check_machine(listen, &upstreams);
        }
        let admin = self.admin(&directories, &routes, listen.as_ref());
        let shape = self.shape;
        Some(Config {
            admin,
            guard: self.guard(),
            listen: listen?,
            store: StoreLocation::Folder(shape.store.path.0.clone()),
            session: SessionLimits {
                idle_timeout: shape.session.idle_timeout.0,
                lifetime: shape.session.lifetime.0,
            },
            directories,
            notifiers,
            sms: self.sms(),
            upstreams: self.with_addresses(upstreams),
            routes,
            identities,
            limits: self.limits(),
            ui: self.ui(),
            log: Log {
                format: match shape.log.format {
                    Format::Json => LogFormat::Json,
                    Format::Text => LogFormat::Text,
                },
                level: shape.log.level.0.clone(),
            },
            audit: Audit { file: shape.audit.file.as_ref().map(|file| file.0.clone()) },
        })
    }

    /// Where a setting is written, or else the table that it would be in.
    fn spot(&self, path: &str) -> Option<Spot> {
        let table = path.rsplit_once('.').map_or("", |(table, _)| table);
        self.provenance.written(path).or_else(|| self.provenance.table(table)).cloned()
    }

    fn report(&mut self, diagnostic: Diagnostic, path: &str, label: &str, help: &str) {
        let mut diagnostic = at(diagnostic, self.spot(path), label);
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.diagnostics.push(diagnostic.about(path));
    }

    /// The setting, or something around it, is there and has been found wrong.
    fn is_wrong(&self, path: &str) -> bool {
        let mut path = path;
        loop {
            if self.wrong.contains(path) {
                return true;
            }
            match path.rsplit_once('.') {
                Some((around, _)) => path = around,
                None => return false,
            }
        }
    }

    /// Reports that `name` is missing in the table at `path`, unless it is there and wrong.
    fn require(&mut self, what: &str, path: &str, name: &str, example: &str) {
        let setting = format!("{path}.{name}");
        if self.is_wrong(&setting) {
            return;
        }
        let diagnostic = Diagnostic::error("E0105", format!("{what} has no `{name}`"));
        let spot = self.provenance.table(path).cloned();
        self.diagnostics.push(
            at(diagnostic, spot, format!("`{name}` is missing in this table"))
                .help(format!("add a line like `{example}`"))
                .about(setting),
        );
    }

    /// Reports something that no table is there for.
    fn require_section(&mut self, sentence: &str, section: &str, help: &str) {
        let inside = format!("{section}.");
        if self.is_wrong(section) || self.wrong.iter().any(|path| path.starts_with(&inside)) {
            return;
        }
        let diagnostic = Diagnostic::error("E0105", sentence).help(help).about(section);
        let spot = self.request.file.as_ref().map(|f| Spot::File(f.to_string_lossy().into_owned()));
        self.diagnostics.push(at(diagnostic, spot, ""));
    }

    fn listen(&mut self) -> Option<Listen> {
        let ops = self.shape.listen.ops.address.as_ref().map(|address| address.0);
        if let Some(ops) = ops.filter(|ops| !ops.ip().is_loopback()) {
            let sentence = format!("health and metrics on {ops} can be read from other machines");
            let help = "use a loopback address such as \"127.0.0.1:9901\", or a firewall";
            let warning = Diagnostic::warning("W0210", sentence);
            self.report(warning, "listen.ops.address", "not a loopback address", help);
        }
        let wants_https = self.shape.listen.https.is_some();
        let wants_http = self.shape.listen.http.is_some();
        let (https, http) = (self.https(), self.http());
        if !wants_https && !wants_http {
            let help = "add [listen.https] with `address`, `tls.cert` and `tls.key`";
            for section in ["listen.https", "listen.http"] {
                if self.is_wrong(section) {
                    return None;
                }
            }
            self.require_section("there is nothing to listen on", "listen", help);
            return None;
        }
        if (wants_https && https.is_none()) || (wants_http && http.is_none()) {
            return None;
        }
        let listen = Listen { https, http, ops };
        self.check_addresses(&listen);
        Some(listen)
    }

    fn https(&mut self) -> Option<HttpsListener> {
        let https = self.shape.listen.https.as_ref()?;
        let certificates = self.certificates();
        let in_front = in_front(&https.trusted_proxies, https.client_field, https.proxy_protocol);
        self.check_in_front("listen.https", &in_front);
        let Some(address) = &https.address else {
            self.require("`listen.https`", "listen.https", "address", r#"address = "[::]:443""#);
            return None;
        };
        Some(HttpsListener {
            address: address.0,
            certificates: certificates?,
            min_version: match https.tls.min_version {
                MinVersion::Tls12 => TlsVersion::Tls12,
                MinVersion::Tls13 => TlsVersion::Tls13,
            },
            in_front,
            hsts: https.hsts.send.then_some(Hsts {
                max_age: https.hsts.max_age.0,
                include_subdomains: https.hsts.include_subdomains,
            }),
        })
    }

    fn certificates(&mut self) -> Option<Vec<CertificateFiles>> {
        let tls = &self.shape.listen.https.as_ref()?.tls;
        let own = (&tls.cert, &tls.key);
        let mut pairs = Vec::new();
        let mut is_complete = true;
        if own.0.is_some() || own.1.is_some() || tls.certificates.is_empty() {
            let pair = self.pair("`listen.https`", "listen.https", "tls.", own);
            is_complete &= pair.is_some();
            pairs.extend(pair);
        }
        for (name, named) in &tls.certificates {
            let path = format!("listen.https.tls.certificates.{name}");
            let files = (&named.cert, &named.key);
            let pair = self.pair(&format!("certificate `{name}`"), &path, "", files);
            is_complete &= pair.is_some();
            pairs.extend(pair);
        }
        is_complete.then_some(pairs)
    }

    fn pair(
        &mut self,
        what: &str,
        path: &str,
        prefix: &str,
        (cert, key): (&Option<super::texts::FilePath>, &Option<super::texts::FilePath>),
    ) -> Option<CertificateFiles> {
        let example =
            |name: &str, file: &str| format!("{prefix}{name} = \"/etc/scoregate/tls/{file}\"");
        if cert.is_none() {
            let example = example("cert", "fullchain.pem");
            self.require(what, path, &format!("{prefix}cert"), &example);
        }
        if key.is_none() {
            self.require(what, path, &format!("{prefix}key"), &example("key", "privkey.pem"));
        }
        Some(CertificateFiles { cert: cert.as_ref()?.0.clone(), key: key.as_ref()?.0.clone() })
    }

    fn http(&mut self) -> Option<HttpListener> {
        let http = self.shape.listen.http.as_ref()?;
        let Some(address) = &http.address else {
            self.require("`listen.http`", "listen.http", "address", r#"address = "[::]:80""#);
            return None;
        };
        let address = address.0;
        let in_front = in_front(&http.trusted_proxies, http.client_field, http.proxy_protocol);
        self.check_in_front("listen.http", &in_front);
        let Some(Serve::Routes) = http.serve else {
            if self.shape.listen.https.is_none() {
                let help = "add [listen.https], or `serve = \"routes\"` on a loopback address";
                self.require_section(
                    "there is no https listener to redirect to",
                    "listen.https",
                    help,
                );
            }
            return Some(HttpListener { address, serves: HttpServes::RedirectToHttps, in_front });
        };
        if http.redirect_to.is_some() {
            let sentence = "`listen.http` cannot have both `redirect_to` and `serve`";
            let diagnostic = Diagnostic::error("E0207", sentence);
            self.report(diagnostic, "listen.http.serve", "one too many", "remove one of the two");
        }
        if !address.ip().is_loopback() && in_front.trusted.is_empty() {
            let sentence = format!("`listen.http` would serve sign-ins in clear text on {address}");
            let help = "use a loopback address such as \"127.0.0.1:8080\", or name the proxies that \
                        end TLS in `trusted_proxies`, or use [listen.https]";
            let diagnostic = Diagnostic::error("E0208", sentence);
            self.report(diagnostic, "listen.http.address", "not a loopback address", help);
        }
        Some(HttpListener { address, serves: HttpServes::Routes, in_front })
    }

    /// Who is trusted can say that a request comes from anywhere.
    fn check_in_front(&mut self, listener: &str, in_front: &InFront) {
        if in_front.proxy_protocol && in_front.trusted.is_empty() {
            let path = format!("{listener}.proxy_protocol");
            let sentence = format!("`{path}` is on, and no proxy is trusted: nobody could connect");
            let help =
                format!("name the proxies: `{listener}.trusted_proxies = [\"10.0.0.5/32\"]`");
            let diagnostic = Diagnostic::error("E0211", sentence);
            self.report(diagnostic, &path, "needs `trusted_proxies`", &help);
        }
        let path = format!("{listener}.trusted_proxies");
        if in_front.trusted.iter().any(Network::is_everything) {
            let sentence = format!("`{path}` trusts everybody to say who they are");
            let help = "name the addresses of the proxies, and nothing wider";
            let warning = Diagnostic::warning("W0212", sentence);
            self.report(warning, &path, "every address there is", help);
        }
    }

    /// Of every listener that somebody asked for, unless the system is to choose its port.
    fn addresses(&self, listen: &Listen) -> Vec<(&'static str, std::net::SocketAddr)> {
        let admin = &self.shape.admin;
        let is_asked = admin.host.is_none() && self.provenance.written("admin.address").is_some();
        let addresses = [
            ("listen.https.address", listen.https.as_ref().map(|https| https.address)),
            ("listen.http.address", listen.http.as_ref().map(|http| http.address)),
            ("listen.ops.address", listen.ops),
            ("admin.address", is_asked.then_some(admin.address.0)),
        ];
        let known = addresses.into_iter().filter_map(|(path, address)| Some((path, address?)));
        known.filter(|(_, address)| address.port() != 0).collect()
    }

    /// No two listeners on one address.
    fn check_addresses(&mut self, listen: &Listen) {
        let mut taken: BTreeMap<std::net::SocketAddr, &str> = BTreeMap::new();
        for (path, address) in self.addresses(listen) {
            let Some(first) = taken.insert(address, path) else { continue };
            let sentence = format!("`{path}` and `{first}` are both {address}");
            let diagnostic = Diagnostic::error("E0209", sentence);
            self.report(diagnostic, path, "taken by another listener", "give each its own port");
        }
    }

    fn check_certificates(&mut self, listen: &Listen, routes: &[RouteSpec]) {
        if !self.request.check_environment {
            return;
        }
        let Some(https) = &listen.https else { return };
        let names: Vec<String> = self
            .shape
            .listen
            .https
            .iter()
            .flat_map(|https| https.tls.certificates.keys())
            .map(|name| format!("listen.https.tls.certificates.{name}"))
            .collect();
        let own = https.certificates.len() > names.len();
        let paths = own.then(|| "listen.https.tls".to_owned()).into_iter().chain(names);
        let (mut covered, mut is_readable) = (Vec::new(), true);
        for (files, path) in https.certificates.iter().zip(paths) {
            let (cert_path, key_path) = (format!("{path}.cert"), format!("{path}.key"));
            let pair = Pair {
                files,
                cert_spot: self.spot(&cert_path),
                cert_path,
                key_spot: self.spot(&key_path),
                key_path,
            };
            let names = certificates::check(&pair, self.request.now, self.diagnostics);
            is_readable &= !names.is_empty();
            covered.extend(names);
        }
        if is_readable {
            self.check_hosts(routes, &covered);
        }
    }

    fn check_hosts(&mut self, routes: &[RouteSpec], covered: &[String]) {
        let mut missing: BTreeSet<&str> = BTreeSet::new();
        missing.extend(
            routes
                .iter()
                .map(|route| route.host.as_str())
                .filter(|host| !certificates::covers(covered, host)),
        );
        if missing.is_empty() {
            return;
        }
        let missing: Vec<&str> = missing.into_iter().collect();
        let warning = Diagnostic::warning("W0701", "no certificate covers the hosts of all routes");
        let label = format!("covers: {}; missing: {}", covered.join(", "), missing.join(", "));
        let path = "listen.https.tls.cert";
        let help = "browsers will refuse these hosts: get a certificate that names them";
        self.report(warning, path, &label, help);
    }

    fn limits(&self) -> Limits {
        let limits = &self.shape.limits;
        Limits {
            sign_in_per_ip: limits.sign_in_per_ip.0,
            sign_in_per_account: limits.sign_in_per_account.0,
            codes_per_account: limits.codes_per_account.0,
            code_ttl: limits.code_ttl.0,
            code_attempts: limits.code_attempts,
            hash_workers: limits.hash_workers,
            hash_queue: limits.hash_queue,
            head_fields: limits.head_fields,
            head_bytes: limits.head_bytes,
            target_bytes: limits.target_bytes,
            head_timeout: limits.head_timeout.0,
            keep_alive: limits.keep_alive.0,
            handshake_timeout: limits.handshake_timeout.0,
            connections_per_address: limits.connections_per_address,
            connections: limits.connections,
            h2_streams: limits.h2_streams,
            min_rate: limits.min_rate,
            rate_window: limits.rate_window.0,
            body_bytes: limits.body_limit.0,
        }
    }

    fn ui(&mut self) -> Ui {
        let ui = &self.shape.ui;
        if ui.languages.is_empty() {
            let diagnostic = Diagnostic::error("E0104", "`ui.languages` must name a language");
            self.report(diagnostic, "ui.languages", "an empty list", r#"write ["en"]"#);
        }
        let tag = |language: &Language| match language {
            Language::En => "en".to_owned(),
            Language::Nl => "nl".to_owned(),
        };
        Ui {
            brand: ui.brand.0.clone(),
            languages: ui.languages.iter().map(tag).collect(),
            show_points: match ui.show_points {
                Shown::Never => ShowPoints::Never,
                Shown::Steps => ShowPoints::Steps,
                Shown::Numbers => ShowPoints::Numbers,
            },
            help_url: ui.help.url.as_ref().map(|url| url.0.clone()),
            help_contact: ui.help.contact.as_ref().map(|contact| contact.0.clone()),
        }
    }

    fn sms(&self) -> Sms {
        let sms = &self.shape.sms;
        Sms {
            countries: sms.countries.iter().flatten().map(|country| country.0).collect(),
            budget_per_day: sms.budget_per_day,
            budget_per_month: sms.budget_per_month,
            per_user: sms.per_user.0,
            per_address: sms.per_address.0,
        }
    }

    const fn keepers(&self) -> Keepers<'_> {
        Keepers {
            environment: &self.request.environment,
            check_environment: self.request.check_environment,
        }
    }
}

fn in_front(trusted: &[Block], field: shape::ClientField, proxy_protocol: bool) -> InFront {
    InFront {
        trusted: trusted.iter().map(|block| block.0).collect(),
        client_field: match field {
            shape::ClientField::XForwardedFor => ClientField::XForwardedFor,
            shape::ClientField::Forwarded => ClientField::Forwarded,
        },
        proxy_protocol,
    }
}
