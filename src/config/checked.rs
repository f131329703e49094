//! The checked configuration: values that are right by construction. How files, environment and
//! command line become this is in the modules beside it; nothing reads it after start-up except through
//! a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use super::gateways::{Body, GatewayAuth, GatewayTemplate, HttpGateway, Placeholder, Success};
use super::identity::Identity;
use crate::accounts::{Country, DirectoryName};
use crate::points::{Level, Method, MethodSet, Network, Settings};
use crate::routes::RouteSpec;
use crate::secret::Secret;
pub use crate::sessions::SessionLimits;
use crate::throttle::Limit;

/// Everything that files can say, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: Listen,
    pub store: StoreLocation,
    pub session: SessionLimits,
    pub directories: BTreeMap<DirectoryName, Directory>,
    pub notifiers: BTreeMap<String, NotifierConfig>,
    pub sms: Sms,
    /// By name; an upstream that a route wrote as an address is under that address.
    pub upstreams: BTreeMap<String, Upstream>,
    pub routes: Vec<RouteSpec>,
    /// By route: what its portal is told. A route that is not here tells nothing.
    pub identities: BTreeMap<String, Identity>,
    pub admin: Admin,
    pub guard: Guard,
    pub limits: Limits,
    pub ui: Ui,
    pub log: Log,
    pub audit: Audit,
}

#[derive(Clone, Debug)]
pub struct Listen {
    pub https: Option<HttpsListener>,
    pub http: Option<HttpListener>,
    /// Health and metrics; loopback by default.
    pub ops: Option<SocketAddr>,
}

#[derive(Clone, Debug)]
pub struct HttpsListener {
    pub address: SocketAddr,
    /// Chosen by the host that the client names (SNI); the first serves clients that name none.
    pub certificates: Vec<CertificateFiles>,
    pub min_version: TlsVersion,
    pub in_front: InFront,
    /// `None`: what a portal says of it goes through.
    pub hsts: Option<Hsts>,
}

/// Who stands in front of a listener.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct InFront {
    /// Empty: nobody.
    pub trusted: Vec<Network>,
    pub client_field: ClientField,
    /// Every connection begins with a PROXY header of a trusted peer.
    pub proxy_protocol: bool,
}

/// Where trusted proxies say who the client is. Only one is read: a proxy that writes one of them passes on
/// what a client wrote into the other.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClientField {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// RFC 6797.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hsts {
    pub max_age: Duration,
    pub include_subdomains: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsVersion {
    Tls12,
    Tls13,
}

#[derive(Clone, Debug)]
pub struct HttpListener {
    pub address: SocketAddr,
    pub serves: HttpServes,
    pub in_front: InFront,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HttpServes {
    /// Every address is redirected to its https twin.
    RedirectToHttps,
    /// The gateway itself without TLS; on loopback, or for trusted proxies only.
    Routes,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoreLocation {
    /// A folder that holds the store, its keys and the control socket.
    Folder(PathBuf),
    /// Nothing survives the process. For `demo` and tests; no file can say this.
    Memory,
}

#[derive(Clone, Debug)]
pub struct Directory {
    /// By language; empty: the directory's own name.
    pub titles: BTreeMap<String, String>,
    pub settings: Settings,
    /// Where set-up links point; `None`: the first exact host of a route of the directory.
    pub sign_in_host: Option<String>,
    /// `None`: no domain fits its hosts, so nobody can have a passkey in it.
    pub passkeys: Option<PasskeyDomain>,
}

impl Directory {
    /// Of these methods, those that can be used in this directory.
    #[must_use]
    pub fn usable(&self, methods: MethodSet) -> MethodSet {
        without_domain(methods, self.passkeys.is_some())
    }

    /// Of these methods, those that can be used on this host.
    #[must_use]
    pub fn usable_on(&self, host: &str, methods: MethodSet) -> MethodSet {
        let works = self.passkeys.as_ref().is_some_and(|domain| domain.works_on(host));
        without_domain(methods, works)
    }
}

/// The methods, with those that are bound to a domain only where that works.
fn without_domain(methods: MethodSet, works: bool) -> MethodSet {
    let needs_domain = |method: Method| matches!(method, Method::Passkey | Method::SecurityKey);
    methods.iter().filter(|method| works || !needs_domain(*method)).collect()
}

/// What passkeys and security keys of a directory are bound to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasskeyDomain {
    /// The RP ID of WebAuthn: the domain itself.
    pub id: String,
    /// Hosts of other domains on which they work as well.
    pub related_hosts: Vec<String>,
}

impl PasskeyDomain {
    /// Whether passkeys can be used on this host.
    #[must_use]
    pub fn works_on(&self, host: &str) -> bool {
        Self::covers(&self.id, host) || self.related_hosts.iter().any(|related| related == host)
    }

    /// Whether a host is the domain or under it, by whole labels.
    pub(super) fn covers(id: &str, host: &str) -> bool {
        host == id || host.strip_suffix(id).is_some_and(|rest| rest.ends_with('.'))
    }
}

#[derive(Clone, Debug)]
pub enum NotifierConfig {
    Smtp(Smtp),
    /// Text messages through an SMS gateway.
    Http(Box<HttpGateway>),
    /// One file per message. For development.
    File {
        path: PathBuf,
    },
    /// Prints messages. For development.
    Console,
}

#[derive(Clone, Debug)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub encryption: SmtpEncryption,
    /// `Example <no-reply@example.org>` or a bare address.
    pub from: String,
    pub user: Option<String>,
    pub password: Option<Secret<String>>,
    /// Believed instead of the system's roots.
    pub ca: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SmtpEncryption {
    /// `smtps://`: TLS from the first byte.
    Tls,
    /// `smtp://` with `tls = "starttls"`: refused where the server does not offer it.
    StartTls,
    /// `smtp://` to a loopback address.
    None,
}

impl NotifierConfig {
    /// What a server of others lets us in with.
    #[must_use]
    pub fn password(&self) -> Option<&Secret<String>> {
        match self {
            Self::Smtp(smtp) => smtp.password.as_ref(),
            Self::Http(gateway) => Some(&gateway.password),
            Self::File { .. } | Self::Console => None,
        }
    }

    #[must_use]
    pub const fn carries_email(&self) -> bool {
        match self {
            Self::Smtp(_) | Self::File { .. } | Self::Console => true,
            Self::Http(_) => false,
        }
    }

    #[must_use]
    pub const fn carries_texts(&self) -> bool {
        match self {
            Self::Http(_) | Self::File { .. } | Self::Console => true,
            Self::Smtp(_) => false,
        }
    }
}

/// Text messages: where they may go, and how many.
#[derive(Clone, Debug)]
pub struct Sms {
    /// Empty: all.
    pub countries: BTreeSet<Country>,
    /// Over everybody, in a calendar day and month (UTC).
    pub budget_per_day: u32,
    pub budget_per_month: u32,
    pub per_user: Limit,
    /// That one client's address asks for.
    pub per_address: Limit,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Upstream {
    pub name: String,
    /// At least one.
    pub servers: Vec<Server>,
    pub connect_timeout: Duration,
    /// Silence of the upstream before and between bytes.
    pub read_timeout: Duration,
    pub write_timeout: Duration,
    /// How long an idle connection to it is kept.
    pub idle_timeout: Duration,
    /// How often each server's turn comes, in the order of `servers`; empty: all alike.
    pub weights: Vec<u16>,
    /// Requests under way at once to each server; `None`: no limit.
    pub connections: Option<u32>,
    /// How long a server is left alone after a connection to it failed, if there are others.
    pub down_for: Duration,
    /// `None`: servers are not asked how they are.
    pub health: Option<Health>,
    /// `Host` as the servers get it; `None`: as the browser sent it.
    pub host: Option<String>,
    /// HTTP/2: by ALPN over TLS, which may come to HTTP/1.1; without TLS from the first byte.
    pub http2: bool,
    pub tls: UpstreamTls,
}

/// How servers behind TLS are verified, and what is shown to them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UpstreamTls {
    /// Certificates (DER) believed instead of the system's roots.
    pub ca: Option<Vec<Vec<u8>>>,
    /// The name in their certificates; `None`: their host.
    pub server_name: Option<String>,
    pub client: Option<ClientCertificate>,
}

/// What the gateway shows to servers that ask who it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientCertificate {
    /// DER, the gateway's own first.
    pub chain: Vec<Vec<u8>>,
    /// DER.
    pub key: Secret<Vec<u8>>,
}

/// How servers are asked how they are: a GET that is answered with 200 to 399.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Health {
    pub path: String,
    pub interval: Duration,
    pub timeout: Duration,
    /// Answers in a row after which a server is used again.
    pub up_after: u32,
    /// Failures in a row after which it is not.
    pub down_after: u32,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    /// A name or address, IPv6 without brackets; or the path of a Unix socket, which starts with `/`.
    pub host: String,
    /// 0 for a Unix socket.
    pub port: u16,
    /// `https://`: verified against the system's roots and `host`.
    pub tls: bool,
}

impl Server {
    /// The path of its Unix socket, if it has one.
    #[must_use]
    pub fn socket(&self) -> Option<&str> {
        self.host.starts_with('/').then_some(self.host.as_str())
    }

    /// Host and port as a URL has them; `localhost` for a Unix socket.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.socket().is_some() {
            "localhost".to_owned()
        } else if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.socket() {
            Some(path) => write!(f, "unix:{path}"),
            None => write!(f, "http{}://{}", if self.tls { "s" } else { "" }, self.authority()),
        }
    }
}

/// The administrators' portal.
#[derive(Clone, Debug)]
pub struct Admin {
    pub door: AdminDoor,
    /// Whose users administer; `None`: the first by name.
    pub directory: Option<DirectoryName>,
    /// As it was written, 30 to 1000; `None`: see [`Config::admin_level`].
    pub level: Option<Level>,
    /// `None`: from anywhere that reaches the door.
    pub allow_from: Option<Vec<Network>>,
    /// A session that was not used for this long does not count here.
    pub idle_timeout: Duration,
    pub read_only: bool,
    pub require_reason: bool,
}

/// Where the administrators' portal is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdminDoor {
    /// A loopback listener of its own.
    Address {
        address: SocketAddr,
        /// It was asked for, so a gateway that cannot have it does not start.
        is_written: bool,
    },
    /// A host of the https listener.
    Host(String),
}

/// What the portal cannot go below.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Guard {
    pub min_required_level: Level,
    pub never_alone: MethodSet,
}

impl Config {
    /// The methods that this version has and that messages can be sent for.
    #[must_use]
    pub fn usable_methods(&self) -> MethodSet {
        let carried = |carries: fn(&NotifierConfig) -> bool| self.notifiers.values().any(carries);
        let (email, texts) =
            (carried(NotifierConfig::carries_email), carried(NotifierConfig::carries_texts));
        super::reach::methods_of_this_version(email, texts).into_iter().collect()
    }

    /// Whose users administer: the only directory, where none is named. `None`: there is no directory.
    #[must_use]
    pub fn admin_directory(&self) -> Option<&DirectoryName> {
        match &self.admin.directory {
            Some(name) => self.directories.get_key_value(name).map(|(name, _)| name),
            None => self.directories.keys().next(),
        }
    }

    /// Of [`Config::usable_methods`], those that whoever administers can use at the administrators' door.
    #[must_use]
    pub fn admin_methods(&self) -> MethodSet {
        let host = match &self.admin.door {
            AdminDoor::Host(host) => host.as_str(),
            // Passkeys are bound to a domain, and the listener's is the name of this machine.
            AdminDoor::Address { .. } => "localhost",
        };
        let directory = self.admin_directory().and_then(|name| self.directories.get(name));
        let methods = self.usable_methods();
        directory.map_or(methods, |directory| directory.usable_on(host, methods))
    }

    /// What administrators need where nothing is written: 40, or what the methods that work at their
    /// door come to together where that is less, because a portal that nobody can enter helps nobody;
    /// never less than 30.
    #[must_use]
    pub fn admin_level(&self, settings: &Settings) -> Level {
        let worth = |method: Method| settings.policy(method).points.value();
        let methods = self.admin_methods();
        let all = methods.iter().filter(|method| method.is_forecast()).map(worth);
        let standard = Level::new(all.fold(0, u16::saturating_add).clamp(30, 40));
        self.admin.level.or(standard).unwrap_or(Level::MAX)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Sign-in attempts from one address.
    pub sign_in_per_ip: Limit,
    /// Attempts per user and method, over all sessions.
    pub sign_in_per_account: Limit,
    /// Codes sent to one address of a user.
    pub codes_per_account: Limit,
    pub code_ttl: Duration,
    /// Tries over all codes of one session and method that are still good.
    pub code_attempts: u32,
    /// Password hashes computed at once, and how many may wait.
    pub hash_workers: u32,
    pub hash_queue: u32,
    /// Fields and bytes of one request head; more is 431.
    pub head_fields: u32,
    pub head_bytes: u32,
    /// The whole target; more is 414.
    pub target_bytes: u32,
    /// From the first byte of a head to its last.
    pub head_timeout: Duration,
    /// Between requests on one connection.
    pub keep_alive: Duration,
    /// For a PROXY header and a TLS handshake together.
    pub handshake_timeout: Duration,
    pub connections_per_address: u32,
    /// Of all clients.
    pub connections: u32,
    /// Requests at once on one HTTP/2 connection.
    pub h2_streams: u32,
    /// Bytes a second that a client sends or takes while it is waited for; 0: any.
    pub min_rate: u32,
    pub rate_window: Duration,
    /// Default for routes that set none; `None`: no limit.
    pub body_bytes: Option<u64>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ShowPoints {
    Never,
    Steps,
    Numbers,
}

#[derive(Clone, Debug)]
pub struct Ui {
    pub brand: String,
    /// Offered in this order; the first is used where a browser asks for none of them.
    pub languages: Vec<String>,
    pub show_points: ShowPoints,
    pub help_url: Option<String>,
    /// Whom to ask, as a text: "the service desk, 030 123 45 67".
    pub help_contact: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    Json,
    Text,
}

#[derive(Clone, Debug)]
pub struct Log {
    pub format: LogFormat,
    /// As `tracing`'s directives, such as `info` or `warn,scoregate=debug`.
    pub level: String,
}

#[derive(Clone, Debug)]
pub struct Audit {
    /// JSON lines; `None`: `audit.jsonl` in the store's folder.
    pub file: Option<PathBuf>,
}

/// The configuration as shared by a snapshot.
pub type SharedConfig = Arc<Config>;
