//! What files can say, as it is written: one struct a table. The comments on the fields are the text
//! of the configuration reference, and the schema made from them is what files are checked against.
//! Not here: whether the parts fit together (`meaning`).
//!
//! Beside the words of JSON Schema, a field can carry:
//! `x-format`, a text format of `texts`; `default`, which is also the value itself where no file sets
//! it; `x-least` and `x-most` for lengths of time; `x-weaker`, the direction in which a change lets
//! more people through; `x-later`, names that a later version has.

mod identity;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::texts::{
    Block, BodyLimit, CountryCode, ExactHost, FilePath, HostPattern, HttpMethod, Line,
    ListenAddress, LogDirectives, MailServer, ProofLifetime, Rate, RoleName, RoutePath, Sender,
    ServerUrl, Span, TaintTime, UpstreamRef, WebAddress, WebOrigin,
};
use crate::secret::Secret;

pub(super) use identity::{Identity, Preset};

/// A text for people, by language: `{ en = "Employees", nl = "Medewerkers" }`.
pub(super) type Texts = BTreeMap<String, Line>;

/// The configuration of scoregate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["api", "settings", "tracing"]))]
pub(super) struct Shape {
    /// The version of this file format. A file that is newer than the program is refused.
    #[schemars(extend("default" = 1), range(min = 1))]
    #[serde(rename = "version")]
    pub(super) _version: u64,
    /// Where the gateway listens. At least `listen.https`, or `listen.http` with `serve = "routes"`.
    #[serde(default)]
    pub(super) listen: Listen,
    /// Where users, sessions and keys are kept.
    pub(super) store: Store,
    /// How long a session lasts.
    pub(super) session: Session,
    /// Directories: who can sign in, and what it takes. `[directory.staff]` alone is enough for the
    /// standard setting.
    #[serde(default)]
    #[schemars(extend("x-name" = "directory"))]
    pub(super) directory: BTreeMap<String, Directory>,
    /// How codes and notices reach people.
    #[serde(default)]
    #[schemars(extend("x-name" = "notifier"))]
    pub(super) notifier: BTreeMap<String, Notifier>,
    /// Text messages: where they may go, and how many.
    pub(super) sms: Sms,
    /// Servers behind the gate, where a route needs more than one or its own time limits.
    #[serde(default)]
    #[schemars(extend("x-name" = "upstream"))]
    pub(super) upstream: BTreeMap<String, Upstream>,
    /// What is behind the gate.
    #[serde(default)]
    #[schemars(extend("x-name" = "route"))]
    pub(super) route: BTreeMap<String, Route>,
    /// The administrators' portal: what administrators change while the gateway runs.
    pub(super) admin: Admin,
    /// Floors that the administrators' portal cannot go below.
    pub(super) guard: Guard,
    /// Limits that keep one client from using up what all need. The defaults are safe to keep.
    pub(super) limits: Limits,
    /// What people see on the gateway's own pages.
    pub(super) ui: Ui,
    /// The program's own log.
    pub(super) log: Log,
    /// The record of sign-ins and changes.
    #[serde(default)]
    pub(super) audit: Audit,
}

/// The administrators' portal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["roles"]))]
pub(super) struct Admin {
    /// A listener of its own, on a loopback address: reached on this machine, or through
    /// `ssh -L 9902:127.0.0.1:9902`. Port 0 takes any free port, which is printed. Not used where
    /// `host` is set.
    #[schemars(extend("default" = "127.0.0.1:9902"))]
    pub(super) address: ListenAddress,
    /// A host of its own on the https listener instead, which no route may have. Example:
    /// `"admin.example.org"`.
    pub(super) host: Option<ExactHost>,
    /// The directory whose users administer. Default: the only one; with several, one has to be
    /// named. Example: `"staff"`.
    #[schemars(extend("x-refers" = "directory"))]
    pub(super) directory: Option<String>,
    /// The points that administrators need. Default: 40, or what all methods that work at the
    /// portal's address give together where that is less; never less than 30.
    #[schemars(extend("x-weaker" = "lower"), range(min = 30, max = 1000))]
    pub(super) level: Option<u16>,
    /// Only from these networks. Default: from anywhere that reaches the listener. Example:
    /// `["10.0.0.0/8"]`.
    pub(super) allow_from: Option<Vec<Block>>,
    /// A session that is not used for this long is asked to sign in again here.
    #[schemars(extend("default" = "15m", "x-least" = "1m", "x-most" = "12h", "x-weaker" = "higher"))]
    pub(super) idle_timeout: Span,
    /// Nothing can be changed in the portal: everything comes from files.
    #[schemars(extend("default" = false))]
    pub(super) read_only: bool,
    /// Every change of settings needs a reason.
    #[schemars(extend("default" = false))]
    pub(super) require_reason: bool,
}

/// Floors for what administrators set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Guard {
    /// The lowest Required Authentication Level score that the portal can set, for every directory.
    #[schemars(extend("default" = 1, "x-weaker" = "lower"), range(min = 1, max = 1000))]
    pub(super) min_required_level: u16,
    /// Methods that the portal cannot make enough by themselves. Example: `["sms", "email"]`.
    #[serde(default)]
    pub(super) never_alone: Vec<FirstMethod>,
}

/// Listeners.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["admin"]))]
pub(super) struct Listen {
    /// The public listener.
    pub(super) https: Option<Https>,
    /// A listener without TLS, usually on port 80, that sends browsers to https.
    pub(super) http: Option<Http>,
    /// Health and metrics; never public.
    #[serde(default)]
    pub(super) ops: Ops,
}

/// The public listener.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["acme", "http2"]))]
pub(super) struct Https {
    /// Required. Address and port. `[::]` takes IPv4 and IPv6; port 0 takes any free port, which is
    /// printed. Example: `"[::]:443"`.
    pub(super) address: Option<ListenAddress>,
    /// Certificates and the TLS version.
    pub(super) tls: Tls,
    /// Proxies and load balancers in front of this listener, whose word on where a request comes from is
    /// taken. Default: nobody. Example: `["10.0.0.0/8"]`.
    #[serde(default)]
    pub(super) trusted_proxies: Vec<Block>,
    /// The field in which trusted proxies name the client: `"x-forwarded-for"`, with
    /// `X-Forwarded-Proto` beside it, or `"forwarded"` (RFC 7239). The other one is never read.
    #[schemars(extend("default" = "x-forwarded-for"))]
    pub(super) client_field: ClientField,
    /// Every connection begins with a PROXY header, version 1 or 2, of a trusted proxy; all others are
    /// closed.
    #[schemars(extend("default" = false))]
    pub(super) proxy_protocol: bool,
    /// Whether browsers are told to come back by https only (RFC 6797).
    pub(super) hsts: Hsts,
}

/// Whether browsers are told to come back by https only.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hsts {
    /// Answers over TLS carry `Strict-Transport-Security`, in place of what a portal says. `false`: what
    /// the portal says goes through.
    #[schemars(extend("default" = true))]
    pub(super) send: bool,
    /// How long browsers remember it. `"0s"` makes them forget: the way back to a host without TLS.
    #[schemars(extend("default" = "365d", "x-least" = "0s", "x-most" = "730d"))]
    pub(super) max_age: Span,
    /// All hosts below those of the routes are meant too.
    #[schemars(extend("default" = false))]
    pub(super) include_subdomains: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(super) enum ClientField {
    XForwardedFor,
    Forwarded,
}

/// Certificates and the TLS version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["acme", "client_ca", "ciphers"]))]
pub(super) struct Tls {
    /// The certificate, followed by those that it needs up to the root (PEM). Serves hosts that none
    /// of `certificates` covers. Required, unless `certificates` is used. Example:
    /// `"/etc/scoregate/tls/fullchain.pem"`.
    pub(super) cert: Option<FilePath>,
    /// The private key of `cert` (PEM). Only the gateway's user should be able to read it. Example:
    /// `"/etc/scoregate/tls/privkey.pem"`.
    pub(super) key: Option<FilePath>,
    /// More certificates, each under a name of your choice; the host that the client names decides.
    #[serde(default)]
    #[schemars(extend("x-name" = "certificate"))]
    pub(super) certificates: BTreeMap<String, Certificate>,
    /// The oldest TLS version that is accepted.
    #[schemars(extend("default" = "1.2"))]
    pub(super) min_version: MinVersion,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) enum MinVersion {
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

/// A certificate and its key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Certificate {
    /// Required. The certificate, followed by those that it needs up to the root (PEM).
    pub(super) cert: Option<FilePath>,
    /// Required. The private key of `cert` (PEM).
    pub(super) key: Option<FilePath>,
}

/// A listener without TLS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    /// Required. Address and port. Example: `"[::]:80"`.
    pub(super) address: Option<ListenAddress>,
    /// Every address is sent to its https twin. This is what happens where `serve` is not set.
    pub(super) redirect_to: Option<RedirectTo>,
    /// The gateway itself without TLS. Only on a loopback address, such as `"127.0.0.1:8080"`, or with
    /// `trusted_proxies`; then others cannot connect.
    pub(super) serve: Option<Serve>,
    /// Proxies and load balancers in front of this listener, whose word on where a request comes from is
    /// taken. Default: nobody. Example: `["10.0.0.0/8"]`.
    #[serde(default)]
    pub(super) trusted_proxies: Vec<Block>,
    /// The field in which trusted proxies name the client: `"x-forwarded-for"`, with
    /// `X-Forwarded-Proto` beside it, or `"forwarded"` (RFC 7239). The other one is never read.
    #[schemars(extend("default" = "x-forwarded-for"))]
    pub(super) client_field: ClientField,
    /// Every connection begins with a PROXY header, version 1 or 2, of a trusted proxy; all others are
    /// closed.
    #[schemars(extend("default" = false))]
    pub(super) proxy_protocol: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum RedirectTo {
    Https,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Serve {
    Routes,
}

/// Health and metrics.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["serve"]))]
pub(super) struct Ops {
    /// Address and port for `/healthz`, `/readyz` and `/metrics`. Without it there are none.
    /// Example: `"127.0.0.1:9901"`.
    pub(super) address: Option<ListenAddress>,
}

/// The store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["dsn", "postgres"]))]
pub(super) struct Store {
    /// `"embedded"`: in files of the gateway's own, one gateway to a folder.
    #[schemars(extend("default" = "embedded", "x-later-values" = ["postgres"]))]
    #[serde(rename = "kind")]
    pub(super) _kind: Embedded,
    /// The folder. It holds the store, its keys and the control socket; back it up as a whole.
    #[schemars(extend("default" = "/var/lib/scoregate"))]
    pub(super) path: FilePath,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Embedded {
    Embedded,
}

/// Sessions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["cookie"]))]
pub(super) struct Session {
    /// A session that is not used for this long ends.
    #[schemars(extend("default" = "30m", "x-least" = "1m", "x-most" = "30d", "x-weaker" = "higher"))]
    pub(super) idle_timeout: Span,
    /// A session ends after this long, used or not.
    #[schemars(extend("default" = "12h", "x-least" = "1m", "x-most" = "365d", "x-weaker" = "higher"))]
    pub(super) lifetime: Span,
}

/// A directory of users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["ldap", "oidc", "self_registration"]))]
pub(super) struct Directory {
    /// What people call it, by language. Default: its own name. Example:
    /// `{ en = "Employees", nl = "Medewerkers" }`.
    #[serde(default)]
    #[schemars(extend("x-texts" = true))]
    pub(super) name: Texts,
    /// `"embedded"`: its users are kept in the store.
    #[schemars(extend("default" = "embedded", "x-later-values" = ["ldap", "oidc"]))]
    #[serde(rename = "source")]
    pub(super) _source: Embedded,
    /// The host on which set-up links open. Default: the first exact host of a route of this
    /// directory. Example: `"login.example.org"`.
    pub(super) sign_in_host: Option<ExactHost>,
    /// The domain that passkeys and security keys are bound to: a host of this directory, or a parent of
    /// its hosts. Default: `sign_in_host` or a host, if all hosts of the directory are that or under it;
    /// otherwise there are no passkeys. Whoever changes it makes all passkeys useless. Example:
    /// `"example.org"`.
    pub(super) rp_id: Option<ExactHost>,
    /// What it takes to sign in.
    pub(super) authentication: Authentication,
}

/// What it takes to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["remember_device", "grace"]))]
pub(super) struct Authentication {
    /// The Required Authentication Level score: the points that a session needs on every route that
    /// does not set a `level` of its own.
    #[schemars(extend("default" = 30, "x-weaker" = "lower"), range(min = 1, max = 1000))]
    pub(super) required_level: u16,
    /// A sign-in starts with one of these methods; without one, nothing else counts.
    #[schemars(extend("default" = ["password", "passkey"]))]
    pub(super) first: Vec<FirstMethod>,
    /// A method that a user added less than this ago counts for nothing on routes above
    /// `required_level`. `"0s"`: it counts at once.
    #[schemars(extend("default" = "24h", "x-least" = "0s", "x-most" = "90d", "x-weaker" = "lower"))]
    pub(super) probation: Span,
    /// A password that was set with a link by e-mail counts together with a code to the same mailbox only
    /// once, for this long: a length of time, or `"forever"`.
    #[schemars(extend("default" = "24h", "x-weaker" = "lower"))]
    pub(super) recovery_taint: TaintTime,
    /// Methods whose known weakness you accept, so that `check` stops warning about them. Example:
    /// `["email"]`.
    #[serde(default)]
    pub(super) accept_risk: Vec<RiskyMethod>,
    /// What one proof of a method is worth.
    pub(super) points: Points,
    /// How long a proof of a method counts: a length of time, or `"session"`.
    pub(super) lifetime: Lifetimes,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum FirstMethod {
    Password,
    Passkey,
    SecurityKey,
    Totp,
    Sms,
    Email,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum RiskyMethod {
    Sms,
    Email,
}

/// Points of the methods, 0 to 1000 each. 0 switches a method off.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Points {
    /// A password.
    #[schemars(extend("default" = 20, "x-weaker" = "higher"), range(max = 1000))]
    pub(super) password: u16,
    /// A code by text message. Default: 10 if there is a notifier for text messages, otherwise 0.
    #[schemars(extend("x-weaker" = "higher"), range(max = 1000))]
    pub(super) sms: u16,
    /// A code by e-mail. Default: 10 if there is a notifier for e-mail, otherwise 0.
    #[schemars(extend("x-weaker" = "higher"), range(max = 1000))]
    pub(super) email: u16,
    /// A code of an authenticator app (RFC 6238).
    #[schemars(extend("default" = 10, "x-weaker" = "higher"), range(max = 1000))]
    pub(super) totp: u16,
    /// A passkey: finger, face or PIN of a device.
    #[schemars(extend("default" = 30, "x-weaker" = "higher"), range(max = 1000))]
    pub(super) passkey: u16,
    /// A security key that is only touched.
    #[schemars(extend("default" = 10, "x-weaker" = "higher"), range(max = 1000))]
    pub(super) security_key: u16,
    /// A recovery code: one of ten that a person has stored. No forecast counts it.
    #[schemars(extend("default" = 10, "x-weaker" = "higher"), range(max = 1000))]
    pub(super) recovery_code: u16,
    /// A device that its user had remembered at an earlier sign-in, beside the password. `0`: none is
    /// offered, and none counts.
    #[schemars(extend("default" = 10, "x-weaker" = "higher"), range(max = 1000))]
    pub(super) remembered_device: u16,
    /// The most that a token can be worth. Not in this version; may be priced already.
    #[schemars(extend("default" = 1000, "x-weaker" = "higher"), range(max = 1000))]
    pub(super) token: u16,
}

/// How long a proof counts: a length of time, or `"session"`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lifetimes {
    /// A password.
    #[schemars(extend("default" = "session"))]
    pub(super) password: ProofLifetime,
    /// A code by text message.
    #[schemars(extend("default" = "12h"))]
    pub(super) sms: ProofLifetime,
    /// A code by e-mail.
    #[schemars(extend("default" = "12h"))]
    pub(super) email: ProofLifetime,
    /// A code of an authenticator app.
    #[schemars(extend("default" = "12h"))]
    pub(super) totp: ProofLifetime,
    /// A passkey.
    #[schemars(extend("default" = "session"))]
    pub(super) passkey: ProofLifetime,
    /// A security key without a PIN.
    #[schemars(extend("default" = "12h"))]
    pub(super) security_key: ProofLifetime,
    /// A recovery code.
    #[schemars(extend("default" = "session"))]
    pub(super) recovery_code: ProofLifetime,
    /// A remembered device: so long the second step is not asked for on it.
    #[schemars(extend("default" = "30d"))]
    pub(super) remembered_device: ProofLifetime,
    /// A token.
    #[schemars(extend("default" = "session"))]
    pub(super) token: ProofLifetime,
}

/// A way to reach people. Which settings belong to which kind is in their descriptions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Notifier {
    /// Required. `"smtp"` sends e-mail, `"http"` text messages through any SMS gateway. For
    /// development only: `"file"` writes one file per message, `"console"` prints messages.
    #[schemars(extend("x-later-values" = ["webhook"]))]
    pub(super) kind: Option<NotifierKind>,
    /// For `smtp`, required: the mail server. `smtps://` is TLS from the first byte (port 465 unless
    /// given), `smtp://` begins without (port 587). Example: `"smtps://mail.example.org:465"`.
    pub(super) url: Option<MailServer>,
    /// For `smtp`, required: the sender. Example: `"Example <no-reply@example.org>"`.
    pub(super) from: Option<Sender>,
    /// For `smtp`: the user name at the mail server; needs `password`. For `http`: what `{user}` stands
    /// for (Twilio: account SID; Vonage: API key).
    pub(super) user: Option<Line>,
    /// For `smtp`: the password at the mail server. For `http`: what `{password}` stands for (Twilio:
    /// auth token; Vonage: API secret; Bird: access key; CM.com: product token). As
    /// `{ file = "/run/secrets/smtp" }`, `{ credential = "smtp-password" }` (systemd) or
    /// `{ env = "SMTP_PASSWORD" }`.
    pub(super) password: Option<SecretSource>,
    /// For `smtp://` addresses. Default: `"starttls"`, which refuses a server that does not offer it.
    /// `"none"` is for a mail server on this machine.
    pub(super) tls: Option<MailTls>,
    /// For `smtp` and `http`: certificates (PEM) to believe instead of those of the system.
    pub(super) ca: Option<FilePath>,
    /// For `http`: the provider whose documented requests are made. What is set beside it replaces the
    /// provider's. Required, unless `address` and `body` are given.
    pub(super) preset: Option<SmsPreset>,
    /// For `http`, required with it: the sender that phones show, a name of at most 11 letters or a
    /// number. Example: `"Example"`.
    pub(super) sender: Option<Line>,
    /// For `http`: where requests go. `{to}` is the number as `+31612345678`, `{to_digits}` as
    /// `31612345678`, `{to_dialled}` as `0031612345678`; `{text}`, `{sender}`, `{user}` and
    /// `{password}` are what they say. Example: `"https://sms.example.net/v1/messages"`.
    pub(super) address: Option<Line>,
    /// For `http`. Default: `"POST"`. Example: `"GET"`.
    pub(super) method: Option<HttpMethod>,
    /// For `http`: header fields, one a text, with the same places for values. Example:
    /// `["X-Api-Key: {password}"]`.
    pub(super) headers: Option<Vec<Line>>,
    /// For `http`: what the body is. Default: `"json"`.
    pub(super) format: Option<BodyFormat>,
    /// For `http`: the body with places for values, which are escaped as the format asks. Example:
    /// `'{"to":"{to}","from":"{sender}","text":"{text}"}'`, or as a form
    /// `"to={to}&from={sender}&text={text}"`.
    pub(super) body: Option<Line>,
    /// For `http`: `"basic"` sends user and password, `"bearer"` the password as a token. Default:
    /// `"none"`, for gateways that want them in a header or in the body.
    pub(super) auth: Option<AuthKind>,
    /// For `http`: how an answer says that the message was taken.
    #[serde(default)]
    pub(super) success: SuccessTest,
    /// For `http`: how long one try may take. Default: `"10s"`. Example: `"5s"`.
    pub(super) timeout: Option<Span>,
    /// For `file`, required: the folder for messages.
    pub(super) path: Option<FilePath>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum NotifierKind {
    Smtp,
    Http,
    File,
    Console,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum SmsPreset {
    Twilio,
    Vonage,
    Messagebird,
    Cm,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum BodyFormat {
    Json,
    Form,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum AuthKind {
    Basic,
    Bearer,
    None,
}

/// How an answer says that the message was taken.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SuccessTest {
    /// HTTP statuses. Default: every 2xx. Example: `[200, 202]`.
    pub(super) status: Option<Vec<u16>>,
    /// A value of the JSON in the answer (RFC 6901) that has to be there. Example:
    /// `"/messages/0/status"`.
    pub(super) pointer: Option<Line>,
    /// A regular expression that is found in that value, or without `pointer` in the whole answer.
    /// Example: `"^0$"`.
    pub(super) pattern: Option<Line>,
}

/// Text messages: where they may go, and how many.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sms {
    /// Countries whose numbers get text messages, as in ISO 3166-1. Default: all. Naming them keeps
    /// strangers from having messages sent where they earn on them. Example: `["NL", "BE"]`.
    #[serde(default)]
    pub(super) countries: Option<Vec<CountryCode>>,
    /// Text messages in a calendar day (UTC), over everybody. At 80 % there is a warning, at 100 %
    /// nothing is sent.
    #[schemars(extend("default" = 1000), range(max = 10_000_000))]
    pub(super) budget_per_day: u32,
    /// The same for a calendar month.
    #[schemars(extend("default" = 10000), range(max = 100_000_000))]
    pub(super) budget_per_month: u32,
    /// Text messages to one user, whichever number: so many codes, codes to new numbers, and notices
    /// each. To one number: `limits.codes_per_account`.
    #[schemars(extend("default" = "10/d"))]
    pub(super) per_user: Rate,
    /// Text messages that one client's address asks for, whoever they are for.
    #[schemars(extend("default" = "20/h"))]
    pub(super) per_address: Rate,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum MailTls {
    Starttls,
    None,
}

/// Where a secret is kept. Exactly one of the three.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum SecretSource {
    /// The secret itself. Refused, unless plain secrets were allowed on the command line.
    Plain(PlainSecret),
    Kept(KeptSecret),
}

/// A secret that was written where it should not be.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub(super) struct PlainSecret(pub(super) Secret<String>);

impl From<String> for PlainSecret {
    fn from(text: String) -> Self {
        Self(Secret::new(text))
    }
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("***"),
            Self::Kept(kept) => kept.fmt(f),
        }
    }
}

impl JsonSchema for SecretSource {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "secret".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = KeptSecret::json_schema(generator);
        schema.insert("x-secret".to_owned(), true.into());
        schema
    }
}

/// Where a secret is kept. Exactly one of the three.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptSecret {
    /// A file that holds nothing else. Others must not be able to read it.
    pub(super) file: Option<FilePath>,
    /// A credential that systemd hands over: `LoadCredential=NAME:...`.
    pub(super) credential: Option<Line>,
    /// A variable of the environment.
    pub(super) env: Option<Line>,
}

/// Servers behind the gate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["balance"]))]
pub(super) struct Upstream {
    /// Required. Scheme, host and port of each, or `unix:` and the path of a socket; requests take turns. Example:
    /// `["http://10.0.1.11:3000", "http://10.0.1.12:3000"]`.
    pub(super) servers: Option<Vec<ServerUrl>>,
    /// How long connecting may take.
    #[schemars(extend("default" = "5s", "x-most" = "5m"))]
    pub(super) connect_timeout: Span,
    /// How long the server may stay silent, before its answer and within it.
    #[schemars(extend("default" = "60s", "x-most" = "7d"))]
    pub(super) read_timeout: Span,
    /// How long it may take nothing that is sent to it.
    #[schemars(extend("default" = "60s", "x-most" = "7d"))]
    pub(super) write_timeout: Span,
    /// How long a connection that is not in use is kept.
    #[schemars(extend("default" = "60s", "x-most" = "1d"))]
    pub(super) idle_timeout: Span,
    /// How often each server's turn comes, in the order of `servers`. Default: all alike. Example:
    /// `[3, 1]`.
    pub(super) weights: Option<Vec<Weight>>,
    /// Requests under way at once to each server; more are answered "try again in a moment" (503).
    /// Default: no limit. Example: `200`.
    #[schemars(range(min = 1))]
    pub(super) connections: Option<u32>,
    /// How long a server is left alone after a connection to it failed, if there are others.
    #[schemars(extend("default" = "10s", "x-most" = "1h"))]
    pub(super) down_for: Span,
    /// `Host` as the servers get it. Default: as the browser sent it, which most portals need.
    pub(super) host: Option<ExactHost>,
    /// Speak HTTP/2 with the servers: over `https://` if they do too, over `http://` always.
    #[schemars(extend("default" = false))]
    pub(super) http2: bool,
    /// For `https://`: certificates (PEM) to believe instead of those of the system.
    pub(super) ca: Option<FilePath>,
    /// For `https://`: the name in the servers' certificates. Default: the host of each. Example:
    /// `"portal.internal"`.
    pub(super) server_name: Option<ExactHost>,
    /// For `https://`: the certificate (PEM) that the gateway shows to the servers. Needs `client_key`.
    pub(super) client_cert: Option<FilePath>,
    /// For `https://`: the private key (PEM) of `client_cert`.
    pub(super) client_key: Option<FilePath>,
    /// Asks servers how they are, so that requests go to those that are well.
    pub(super) health: Health,
}

/// Asks servers how they are, so that requests go to those that are well.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Health {
    /// What is asked for; 200 to 399 means that the server is well. Without it nothing is asked.
    /// Example: `"/api/health"`.
    pub(super) path: Option<RoutePath>,
    /// How long to wait between two rounds.
    #[schemars(extend("default" = "10s", "x-most" = "1h"))]
    pub(super) interval: Span,
    /// How long an answer may take.
    #[schemars(extend("default" = "2s", "x-most" = "1m"))]
    pub(super) timeout: Span,
    /// Answers in a row after which a server is used again.
    #[schemars(extend("default" = 2), range(min = 1, max = 100))]
    pub(super) up_after: u32,
    /// Failures in a row after which it is not.
    #[schemars(extend("default" = 3), range(min = 1, max = 100))]
    pub(super) down_after: u32,
}

/// How often a server's turn comes, 1 to 100.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(super) struct Weight(#[schemars(range(min = 1, max = 100))] pub(super) u16);

/// Something behind the gate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["tokens", "cors", "headers", "report_only"]))]
pub(super) struct Route {
    /// Required. The host that browsers ask for, without port; a leading `*.` stands for one label.
    /// Example: `"portal.example.org"`.
    pub(super) host: Option<HostPattern>,
    /// Takes only this path and what is below it, so that several routes can share a host. Default:
    /// all of it. Example: `"/grafana/"`.
    pub(super) path: Option<RoutePath>,
    /// Required. Where requests go: the address of a server, or the name of an `[upstream.NAME]`.
    /// Example: `"http://127.0.0.1:3000"`.
    pub(super) upstream: Option<UpstreamRef>,
    /// Required. The directory whose users can sign in here.
    #[schemars(extend("x-refers" = "directory"))]
    pub(super) directory: Option<String>,
    /// The points that are asked here. Default: the directory's `required_level`.
    #[schemars(extend("x-weaker" = "lower"), range(max = 1000))]
    pub(super) level: Option<u16>,
    /// No proof older than this counts here. Example: `"15m"`.
    #[schemars(extend("x-weaker" = "higher"))]
    pub(super) max_age: Option<Span>,
    /// At least one proof is younger than this: "confirm that it is you". Example: `"5m"`.
    #[schemars(extend("x-weaker" = "higher"))]
    pub(super) fresh_within: Option<Span>,
    /// How many distinct kinds of proof are asked: something known, something owned, something one
    /// is. Default: 0. Example: `2`.
    #[schemars(extend("x-weaker" = "lower"), range(max = 3))]
    pub(super) kinds: Option<u8>,
    /// At least one proof that cannot be relayed by a look-alike site. Default: `false`.
    #[schemars(extend("x-weaker" = "lower"))]
    pub(super) phishing_resistant: Option<bool>,
    /// Only users with one of these roles. Default: all. Example: `["operations"]`.
    pub(super) roles: Option<Vec<RoleName>>,
    /// Only from these networks. Default: from anywhere. Example: `["10.0.0.0/8"]`.
    pub(super) networks: Option<Vec<Block>>,
    /// The port in links and in `Host`, where browsers use another than the listener's. Example:
    /// `443`.
    #[schemars(range(min = 1))]
    pub(super) public_port: Option<u16>,
    /// The largest request body, or `"none"`. Default: `limits.body_limit`. Example: `"100MiB"`.
    pub(super) body_limit: Option<BodyLimit>,
    /// How long a WebSocket or an event stream may be silent before it is ended.
    #[schemars(extend("default" = "1h", "x-least" = "1s", "x-most" = "7d"))]
    pub(super) stream_idle: Span,
    /// How long a WebSocket, event stream or download may go on after what was shown for it is not enough
    /// any more. Signing out, a lost role and a disabled user end it at once all the same.
    #[schemars(extend("default" = "0s", "x-least" = "0s", "x-most" = "1h", "x-weaker" = "higher"))]
    pub(super) stream_grace: Span,
    /// Pages of these origins may open WebSockets here, besides the route's own; `"*"` is any. Example:
    /// `["https://app.example.org"]`.
    #[serde(default)]
    pub(super) origins: Vec<WebOrigin>,
    /// Scripts of pages of these origins may call here: the question that their browser asks before
    /// (a CORS preflight), which carries no cookie, goes to the portal without anybody being signed in; `"*"`
    /// is any. The call itself is decided on as ever. Example: `["https://app.example.org"]`.
    #[serde(default)]
    pub(super) cors_preflight: Vec<WebOrigin>,
    /// The gateway answers `/.well-known/change-password` and `/.well-known/passkey-endpoints`, so that
    /// browsers and password managers find its pages; `false` leaves both to the portal.
    #[schemars(extend("default" = true))]
    pub(super) well_known: bool,
    /// Why more is asked here, for the person who is asked, by language. Example:
    /// `{ en = "Figures of customers are here." }`.
    #[serde(default)]
    #[schemars(extend("x-texts" = true))]
    pub(super) explain: Texts,
    /// How the portal is told who somebody is.
    #[serde(default)]
    pub(super) identity: Identity,
    /// Rules by path. The most specific path wins; their order does not matter.
    #[serde(default)]
    #[schemars(extend("x-name" = "rule"))]
    pub(super) rule: BTreeMap<String, Rule>,
}

/// A rule for a part of a route. What it does not set is as on the route.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["tokens", "identity", "cors", "headers", "report_only"]))]
pub(super) struct Rule {
    /// Required. This path and what is below it, by whole segments. Example: `"/payments/"`.
    pub(super) path: Option<RoutePath>,
    /// Only for these HTTP methods; HEAD is GET. Default: all. Example: `["POST", "PUT"]`.
    pub(super) methods: Option<Vec<HttpMethod>>,
    /// Nothing is asked, and the portal is told nobody's name. Default: `false`.
    #[schemars(extend("x-weaker" = "higher"))]
    pub(super) public: Option<bool>,
    /// The points that are asked here.
    #[schemars(extend("x-weaker" = "lower"), range(max = 1000))]
    pub(super) level: Option<u16>,
    /// No proof older than this counts here. Example: `"15m"`.
    #[schemars(extend("x-weaker" = "higher"))]
    pub(super) max_age: Option<Span>,
    /// At least one proof is younger than this: "confirm that it is you". Example: `"5m"`.
    #[schemars(extend("x-weaker" = "higher"))]
    pub(super) fresh_within: Option<Span>,
    /// How many distinct kinds of proof are asked, 0 to 3. Example: `2`.
    #[schemars(extend("x-weaker" = "lower"), range(max = 3))]
    pub(super) kinds: Option<u8>,
    /// At least one proof that cannot be relayed by a look-alike site.
    #[schemars(extend("x-weaker" = "lower"))]
    pub(super) phishing_resistant: Option<bool>,
    /// Only users with one of these roles. Example: `["finance"]`.
    pub(super) roles: Option<Vec<RoleName>>,
    /// Only from these networks. Example: `["10.0.0.0/8"]`.
    pub(super) networks: Option<Vec<Block>>,
    /// Why more is asked here, for the person who is asked, by language. Example:
    /// `{ en = "Payments need an extra check." }`.
    #[serde(default)]
    #[schemars(extend("x-texts" = true))]
    pub(super) explain: Texts,
}

/// Limits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["codes_per_day", "resend_after"]))]
pub(super) struct Limits {
    /// Sign-in attempts from one address.
    #[schemars(extend("default" = "30/m"))]
    pub(super) sign_in_per_ip: Rate,
    /// Attempts per user and method, over all sessions.
    #[schemars(extend("default" = "10/15m"))]
    pub(super) sign_in_per_account: Rate,
    /// Codes that are sent to one address of a user.
    #[schemars(extend("default" = "5/h"))]
    pub(super) codes_per_account: Rate,
    /// How long a code that was sent is good.
    #[schemars(extend("default" = "10m", "x-least" = "1m", "x-most" = "1h"))]
    pub(super) code_ttl: Span,
    /// How often a code can be tried.
    #[schemars(extend("default" = 5), range(min = 1, max = 10))]
    pub(super) code_attempts: u32,
    /// Passwords that are checked at once.
    #[schemars(extend("default" = 2), range(min = 1, max = 256))]
    pub(super) hash_workers: u32,
    /// Passwords that may wait to be checked; more are answered "try again in a moment" (503).
    #[schemars(extend("default" = 64), range(min = 1, max = 10000))]
    pub(super) hash_queue: u32,
    /// Header fields of one request; more are refused (431).
    #[schemars(extend("default" = 100), range(min = 10, max = 250))]
    pub(super) head_fields: u32,
    /// Bytes of one request's head; more are refused (431).
    #[schemars(extend("default" = 32768), range(min = 4096, max = 1_048_576))]
    pub(super) head_bytes: u32,
    /// Bytes of the path and query of one request; more are refused (414).
    #[schemars(extend("default" = 8192), range(min = 256, max = 65536))]
    pub(super) target_bytes: u32,
    /// How long a request's head may take from its first byte to its last.
    #[schemars(extend("default" = "10s", "x-most" = "5m"))]
    pub(super) head_timeout: Span,
    /// How long a PROXY header and a TLS handshake may take together.
    #[schemars(extend("default" = "5s", "x-least" = "1s", "x-most" = "1m"))]
    pub(super) handshake_timeout: Span,
    /// How long a connection may stay open between two requests.
    #[schemars(extend("default" = "60s", "x-most" = "1h"))]
    pub(super) keep_alive: Span,
    /// Connections from one address at once; for IPv6, from one /64. More are closed at once. Not for
    /// `trusted_proxies`, which have many clients behind one address.
    #[schemars(extend("default" = 256), range(min = 1, max = 1_000_000))]
    pub(super) connections_per_address: u32,
    /// Connections of all clients at once; more are closed at once. Each takes a file descriptor, and
    /// another while its request is at the portal.
    #[schemars(extend("default" = 10000), range(min = 1, max = 1_000_000))]
    pub(super) connections: u32,
    /// Requests at once on one HTTP/2 connection.
    #[schemars(extend("default" = 100), range(min = 1, max = 1000))]
    pub(super) h2_streams: u32,
    /// The bytes a second that a client has to send of a body, or to take of an answer, while the
    /// gateway waits for it; else its connection ends. 0: any.
    #[schemars(extend("default" = 240), range(min = 0, max = 1_000_000))]
    pub(super) min_rate: u32,
    /// The time of waiting over which `min_rate` is measured.
    #[schemars(extend("default" = "20s", "x-least" = "1s", "x-most" = "10m"))]
    pub(super) rate_window: Span,
    /// The largest request body, where a route sets none: a size or `"none"`.
    #[schemars(extend("default" = "none"))]
    pub(super) body_limit: BodyLimit,
}

/// The gateway's own pages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["logo", "colours", "css", "templates"]))]
pub(super) struct Ui {
    /// The name on every page.
    #[schemars(extend("default" = "scoregate"))]
    pub(super) brand: Line,
    /// Languages that are offered; the first is used where a browser asks for none of them.
    #[schemars(extend("default" = ["en", "nl"]))]
    pub(super) languages: Vec<Language>,
    /// How much people see of points: nothing, how many steps are left, or the numbers.
    #[schemars(extend("default" = "steps"))]
    pub(super) show_points: Shown,
    /// Where people find help.
    #[serde(default)]
    pub(super) help: HelpFor,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Language {
    En,
    Nl,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Shown {
    Never,
    Steps,
    Numbers,
}

/// Help for people who cannot get in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HelpFor {
    /// A page with help. Example: `"https://help.example.org/sign-in"`.
    pub(super) url: Option<WebAddress>,
    /// Whom to ask. Example: `"the service desk, 030 123 45 67"`.
    pub(super) contact: Option<Line>,
}

/// The program's own log, on standard error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["file", "sample"]))]
pub(super) struct Log {
    /// JSON for machines, text for people.
    #[schemars(extend("default" = "json"))]
    pub(super) format: Format,
    /// How much: `error`, `warn`, `info`, `debug` or `trace`; by part as in `"warn,scoregate=debug"`.
    #[schemars(extend("default" = "info"))]
    pub(super) level: LogDirectives,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Format {
    Json,
    Text,
}

/// The record of sign-ins and changes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-later" = ["keep", "format", "syslog"]))]
pub(super) struct Audit {
    /// The file, JSON lines. Default: `audit.jsonl` in the store's folder. Example:
    /// `"/var/log/scoregate/audit.jsonl"`.
    pub(super) file: Option<FilePath>,
}
