//! Values that files write as text: lengths of time, sizes, rates, addresses, hosts. Each has one
//! parser, used both to say what is wrong with a text and to read it. Not here: what a value is for.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::checked::Server;
use crate::accounts::{Country, EmailAddress};
use crate::points::{Lifetime, Network};
use crate::throttle::Limit;

/// What is wrong with a text. `predicate` goes after the name of a setting: "is not a host name".
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Flaw {
    pub(super) code: &'static str,
    pub(super) predicate: String,
    pub(super) label: String,
    pub(super) help: Vec<String>,
}

impl Flaw {
    pub(super) fn new(predicate: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code: "E0104", predicate: predicate.into(), label: label.into(), help: Vec::new() }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    const fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }
}

/// Declares text types, each with a name in the schema and a parser, and the look-up by that name.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident($value:ty) = $format:literal, $parse:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug)]
            pub(super) struct $name(pub(super) $value);

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = String::deserialize(deserializer)?;
                    $parse(&text)
                        .map(Self)
                        .map_err(|flaw| serde::de::Error::custom(flaw.predicate))
                }
            }

            impl JsonSchema for $name {
                fn inline_schema() -> bool {
                    true
                }

                fn schema_name() -> std::borrow::Cow<'static, str> {
                    $format.into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!({ "type": "string", "x-format": $format })
                }
            }
        )*

        /// Whether a text is right for the format of this name; `None`: there is no such format.
        pub(super) fn check(format: &str, text: &str) -> Option<Result<(), Flaw>> {
            match format {
                $($format => Some($parse(text).map(drop)),)*
                _ => None,
            }
        }
    };
}

texts! {
    /// `90s`, `15m`, `12h`, `30d`.
    Span(Duration) = "length of time", span;
    /// `64KiB`, or `none`.
    BodyLimit(Option<u64>) = "size", body_limit;
    /// `30/m`, `10/15m`.
    Rate(Limit) = "rate", rate;
    /// A path on this machine. Relative ones have been joined to the folder of their file.
    FilePath(std::path::PathBuf) = "path", file_path;
    /// `127.0.0.1:8443`, `[::]:443`.
    ListenAddress(SocketAddr) = "address and port", listen_address;
    /// `http://10.0.0.1:3000`.
    ServerUrl(Server) = "server", server;
    /// A server, or the name of an upstream.
    UpstreamRef(Target) = "upstream", upstream_ref;
    /// `smtps://mail.example.org:465`.
    MailServer(MailUrl) = "mail server", mail_server;
    /// `portal.example.org`, or with one leading `*.`.
    HostPattern(String) = "host", host_pattern;
    /// `portal.example.org`.
    ExactHost(String) = "exact host", exact_host;
    /// `/payments/`.
    RoutePath(String) = "path of addresses", route_path;
    /// `10.0.0.0/8` or one address.
    Block(Network) = "network", network;
    /// `Example <no-reply@example.org>`.
    Sender(String) = "sender", sender;
    /// `GET`.
    HttpMethod(String) = "HTTP method", http_method;
    /// `operations`.
    RoleName(String) = "role", role_name;
    /// `info`, `warn,scoregate=debug`.
    LogDirectives(String) = "log level", log_directives;
    /// `https://help.example.org/`.
    WebAddress(String) = "web address", web_address;
    /// `https://app.example.org`, or `*`.
    WebOrigin(String) = "origin", web_origin;
    /// `session`, or a length of time.
    ProofLifetime(Lifetime) = "lifetime", lifetime;
    /// `{user} of {roles}`.
    FieldTemplate(super::identity::Template) = "header template", field_template;
    /// `forever`, or a length of time.
    TaintTime(Option<Duration>) = "length of time or `forever`", taint;
    /// A line for people to read.
    Line(String) = "line", line;
    /// `NL`.
    CountryCode(Country) = "country", country;
}

/// Where a route sends its requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Target {
    /// `[upstream.NAME]`.
    Named(String),
    Server(Server),
}

/// A mail server as an address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MailUrl {
    /// `smtps://`.
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

const TIME_UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
/// A hundred years; more is a slip, and sums of it must not overflow.
const LONGEST_S: u64 = 100 * 366 * 86_400;
pub(super) const SPAN_HELP: &str =
    r#"write a number and a unit in quotes: "90s", "15m", "12h", "30d""#;

/// `90s`, `15m`, `12h`, `30d`: one number, one unit.
pub(super) fn span(text: &str) -> Result<Duration, Flaw> {
    let seconds = number_and_unit(text).and_then(|(number, unit)| {
        let (_, seconds) = TIME_UNITS.iter().find(|(name, _)| *name == unit)?;
        number.checked_mul(*seconds).filter(|seconds| *seconds <= LONGEST_S)
    });
    seconds.map(Duration::from_secs).ok_or_else(|| {
        let flaw = Flaw::new("is not a length of time", "not a number and a unit").code("E0110");
        match meant_span(text) {
            Some(meant) => flaw.help(format!("write \"{meant}\"")),
            None => flaw.help(SPAN_HELP),
        }
    })
}

fn taint(text: &str) -> Result<Option<Duration>, Flaw> {
    if text == "forever" {
        return Ok(None);
    }
    let flaw = |flaw: Flaw| flaw.help("or \"forever\": until it is changed");
    span(text).map(Some).map_err(flaw)
}

fn lifetime(text: &str) -> Result<Lifetime, Flaw> {
    if text == "session" {
        return Ok(Lifetime::Session);
    }
    let flaw = |flaw: Flaw| flaw.help("or \"session\": as long as the session");
    span(text).map(Lifetime::For).map_err(flaw)
}

/// `15 minutes` -> `15m`, `1h30m` -> `90m`.
fn meant_span(text: &str) -> Option<String> {
    let spelled = text.trim().to_lowercase();
    if let Some((number, unit)) = number_and_unit(&spelled.replace(' ', "")) {
        let short = match unit {
            "sec" | "secs" | "second" | "seconds" => "s",
            "min" | "mins" | "minute" | "minutes" => "m",
            "hr" | "hrs" | "hour" | "hours" => "h",
            "day" | "days" => "d",
            "s" | "m" | "h" | "d" => unit,
            _ => return humane_span(text),
        };
        return (number <= LONGEST_S).then(|| format!("{number}{short}"));
    }
    humane_span(text)
}

fn humane_span(text: &str) -> Option<String> {
    let seconds = humantime::parse_duration(text.trim()).ok()?.as_secs();
    (1..=LONGEST_S).contains(&seconds).then(|| span_text(Duration::from_secs(seconds)))
}

/// As [`span`] reads it, in the largest unit that is exact.
pub(super) fn span_text(span: Duration) -> String {
    let seconds = span.as_secs();
    let unit =
        TIME_UNITS.iter().rev().find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit));
    match unit {
        Some((name, unit)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit))
}

const SIZE_UNITS: [(&str, u64); 4] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

fn body_limit(text: &str) -> Result<Option<u64>, Flaw> {
    if text == "none" {
        return Ok(None);
    }
    let bytes = number_and_unit(text).and_then(|(number, unit)| {
        let (_, bytes) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
        number.checked_mul(*bytes)
    });
    bytes.map(Some).ok_or_else(|| {
        Flaw::new("is not a size", "not a number and a unit")
            .help(r#"write a number and a unit in quotes: "512KiB", "10MiB", "2GiB"; or "none""#)
    })
}

fn rate(text: &str) -> Result<Limit, Flaw> {
    let limit = text.split_once('/').and_then(|(count, window)| {
        let count = count.parse().ok().filter(|count| *count > 0)?;
        let full = if window.starts_with(|c: char| c.is_ascii_digit()) {
            window.to_owned()
        } else {
            format!("1{window}")
        };
        let window = span(&full).ok().filter(|window| !window.is_zero())?;
        Some(Limit { count, window })
    });
    limit.ok_or_else(|| {
        Flaw::new("is not a rate", "not a number per time")
            .help(r#"write how many in which time: "30/m", "10/15m", "5/h""#)
    })
}

fn file_path(text: &str) -> Result<std::path::PathBuf, Flaw> {
    if text.is_empty() || text.contains('\0') {
        let flaw = Flaw::new("is not a path", "a path names a file or a folder");
        return Err(flaw.help("relative paths start at the folder of this file"));
    }
    Ok(text.into())
}

fn listen_address(text: &str) -> Result<SocketAddr, Flaw> {
    text.parse().map_err(|_| {
        let flaw = Flaw::new("is not an address with a port", "not an address with a port");
        let meant = match text.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
            Some(("" | "*", Ok(port))) => Some(format!("[::]:{port}")),
            Some(("localhost", Ok(port))) => Some(format!("127.0.0.1:{port}")),
            _ if text.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()) => Some(format!("{text}:443")),
            _ => None,
        };
        match meant {
            Some(meant) => flaw.help(format!("write \"{meant}\"")),
            None => flaw.help(r#"write it as "0.0.0.0:443", "[::]:443" or "127.0.0.1:8443""#),
        }
    })
}

fn server(text: &str) -> Result<Server, Flaw> {
    let wrong = |label: &str| {
        Flaw::new("is not the address of a server", label)
            .help(r#"write scheme, host and port: "http://127.0.0.1:3000""#)
    };
    if let Some(path) = text.strip_prefix("unix:") {
        // The longest that a socket's address holds, with its end (`unix(7)`).
        let is_path = path.starts_with('/')
            && !path.starts_with("//")
            && path.len() < 108
            && path.bytes().all(|byte| byte.is_ascii_graphic());
        return match is_path {
            true => Ok(Server { host: path.to_owned(), port: 0, tls: false }),
            false => Err(wrong("a socket is written with its whole path: unix:/run/portal.sock")),
        };
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("no http:// or https://"))?;
    let tls = match scheme {
        "http" => false,
        "https" => true,
        _ => return Err(wrong("neither http:// nor https://")),
    };
    if rest.contains('@') {
        return Err(wrong("a user name or password has no place here"));
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        return Err(wrong("a path is not possible: requests keep their own"));
    }
    let (host, port) = host_and_port(authority).ok_or_else(|| wrong("not a host and a port"))?;
    Ok(Server { host, port: port.unwrap_or(if tls { 443 } else { 80 }), tls })
}

/// A host name or address (IPv6 without brackets in the answer), and a port if there is one.
fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let authority: http::uri::Authority = authority.parse().ok()?;
    let text = authority.as_str();
    let host = authority.host();
    let port = match text.strip_prefix(host)? {
        "" => None,
        port => Some(port.strip_prefix(':')?.parse::<u16>().ok().filter(|port| *port > 0)?),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_right = match bare {
        Some(bare) => bare.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_host(&host.to_ascii_lowercase()),
    };
    is_right.then(|| (bare.unwrap_or(host).to_ascii_lowercase(), port))
}

fn upstream_ref(text: &str) -> Result<Target, Flaw> {
    if text.contains("://") || text.starts_with("unix:") {
        return server(text).map(Target::Server);
    }
    Ok(Target::Named(text.to_owned()))
}

fn mail_server(text: &str) -> Result<MailUrl, Flaw> {
    let wrong = |label: &str| {
        Flaw::new("is not the address of a mail server", label)
            .help(r#"write "smtps://mail.example.org:465" or "smtp://mail.example.org:587""#)
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("no smtps:// or smtp://"))?;
    let tls = match scheme {
        "smtps" => true,
        "smtp" => false,
        _ => return Err(wrong("neither smtps:// nor smtp://")),
    };
    if rest.contains('@') {
        return Err(wrong("a user name or password has no place here")
            .help("they have settings of their own: `user` and `password`"));
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = host_and_port(authority).ok_or_else(|| wrong("not a host and a port"))?;
    Ok(MailUrl { tls, host, port })
}

/// Lower-case labels, or an IPv4 address.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn host_pattern(text: &str) -> Result<String, Flaw> {
    match text.strip_prefix("*.") {
        Some(rest) => exact_host(rest).map(|_| text.to_owned()),
        None => exact_host(text),
    }
}

fn exact_host(text: &str) -> Result<String, Flaw> {
    if is_host(text) {
        return Ok(text.to_owned());
    }
    let flaw = |label: &str| Flaw::new("is not a host name", label);
    let lower = text.to_ascii_lowercase();
    let bare = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let bare = bare.split(['/', ':']).next().unwrap_or("");
    if is_host(bare) && !bare.is_empty() {
        let label = if lower.contains("://") || lower.contains('/') {
            "a scheme or path has no place here"
        } else if lower.contains(':') {
            "a port has no place here"
        } else {
            "upper case has no place here"
        };
        return Err(flaw(label).help(format!("write \"{bare}\"")));
    }
    Err(flaw("not a host name").help(r#"write a name such as "portal.example.org""#))
}

fn route_path(text: &str) -> Result<String, Flaw> {
    let flaw = |label: &str| {
        Flaw::new("is not a path", label).help(r#"write a path such as "/payments/""#)
    };
    if !text.starts_with('/') {
        return Err(flaw("does not start with `/`"));
    }
    if text.contains(['?', '#']) {
        return Err(flaw("queries and fragments are not looked at"));
    }
    if text.contains('*') {
        return Err(flaw("a path takes everything below it; `*` has no meaning"));
    }
    if !text.bytes().all(|b| (0x21..=0x7e).contains(&b)) {
        return Err(flaw("only visible ASCII; write other characters percent-encoded"));
    }
    Ok(text.to_owned())
}

fn network(text: &str) -> Result<Network, Flaw> {
    let net = match (text.parse::<ipnet::IpNet>(), text.parse::<IpAddr>()) {
        (Ok(net), _) => Network::new(net.addr(), net.prefix_len()),
        (Err(_), Ok(ip)) => Network::new(ip, if ip.is_ipv4() { 32 } else { 128 }),
        (Err(_), Err(_)) => None,
    };
    net.ok_or_else(|| {
        Flaw::new("is not a network", "not an address block")
            .help(r#"write "10.0.0.0/8", "2001:db8::/32" or one address"#)
    })
}

fn sender(text: &str) -> Result<String, Flaw> {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.trim().strip_suffix('>').unwrap_or(""),
        None => text,
    };
    let is_one_line = !text.chars().any(char::is_control);
    if is_one_line && address.parse::<EmailAddress>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(Flaw::new("is not a sender", "not an e-mail address")
        .help(r#"write "no-reply@example.org" or "Example <no-reply@example.org>""#))
}

fn http_method(text: &str) -> Result<String, Flaw> {
    let is_right =
        (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    if is_right {
        return Ok(text.to_owned());
    }
    let flaw = Flaw::new("is not an HTTP method", "not an HTTP method");
    let upper = text.to_ascii_uppercase();
    if upper != text && http_method(&upper).is_ok() {
        return Err(flaw.help(format!("write \"{upper}\"")));
    }
    Err(flaw.help(r#"methods are upper-case words such as "GET" and "POST""#))
}

fn role_name(text: &str) -> Result<String, Flaw> {
    let is_right = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if is_right {
        return Ok(text.to_owned());
    }
    Err(Flaw::new("is not a role", "not a role")
        .help("a role has 1 to 64 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`"))
}

fn log_directives(text: &str) -> Result<String, Flaw> {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let is_level = |level: &str| LEVELS.contains(&level);
    let is_directive = |directive: &str| match directive.split_once('=') {
        Some((target, level)) => {
            !target.is_empty()
                && target.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:".contains(&b))
                && is_level(level)
        }
        None => is_level(directive),
    };
    if text.split(',').all(is_directive) {
        return Ok(text.to_owned());
    }
    let flaw = Flaw::new("is not a log level", "not a log level");
    match super::diagnostic::nearest(text, LEVELS) {
        Some(near) => Err(flaw.help(format!("did you mean `{near}`?"))),
        None => Err(flaw.help(r#"write "info", "debug" or, by part, "warn,scoregate=debug""#)),
    }
}

fn web_address(text: &str) -> Result<String, Flaw> {
    let is_right = text.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && !uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
    });
    if is_right {
        return Ok(text.to_owned());
    }
    Err(Flaw::new("is not a web address", "not a web address")
        .help(r#"write it as "https://help.example.org/sign-in""#))
}

fn country(text: &str) -> Result<Country, Flaw> {
    let flaw = Flaw::new("is not a country", "not a country of ISO 3166-1");
    let upper = text.to_ascii_uppercase();
    match Country::new(text) {
        Some(country) => Ok(country),
        None if Country::new(&upper).is_some() => Err(flaw.help(format!("write \"{upper}\""))),
        None => Err(flaw.help(r#"write two letters such as "NL""#)),
    }
}

/// As a browser writes it in `Origin` (RFC 6454, section 6.2): lower case, without the usual port.
fn web_origin(text: &str) -> Result<String, Flaw> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    let wrong = || {
        Flaw::new("is not an origin", "not a scheme, a host and perhaps a port")
            .help(r#"write it as "https://app.example.org", without a path"#)
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let usual = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return Err(wrong()),
    };
    let (host, port) = host_and_port(rest).ok_or_else(wrong)?;
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Ok(match port.filter(|port| *port != usual) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

fn field_template(text: &str) -> Result<super::identity::Template, Flaw> {
    super::identity::Template::parse(text).map_err(|why| {
        Flaw::new("is not a header template", why)
            .help("facts are {user}, {name}, {email}, {roles}, {score} and {methods}")
    })
}

fn line(text: &str) -> Result<String, Flaw> {
    if text.chars().any(char::is_control) {
        return Err(Flaw::new("must be one line", "a line break or control character is in it"));
    }
    if text.trim().is_empty() || text.chars().count() > 500 {
        return Err(Flaw::new("must be a text of 1 to 500 characters", "empty or too long"));
    }
    Ok(text.to_owned())
}

/// Whether a name can stand in `[route.NAME]` and in a variable: `[a-z][a-z0-9]*`, words joined by
/// single underscores.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('_').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// What a name would be if it were one.
pub(super) fn meant_name(text: &str) -> Option<String> {
    let folded: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    let words: Vec<&str> = folded.split('_').filter(|word| !word.is_empty()).collect();
    let name = words.join("_");
    is_name(&name).then_some(name)
}

/// `en`, `pt-BR`: a tag in its usual spelling, with a language of two or three letters.
pub(super) fn is_language(text: &str) -> bool {
    let primary = text.split('-').next().unwrap_or("");
    (2..=3).contains(&primary.len())
        && text.parse::<unic_langid::LanguageIdentifier>().is_ok_and(|tag| tag == text)
        && text != "und"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_one_number_and_one_unit() {
        for (text, seconds) in
            [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000), ("0s", 0)]
        {
            assert_eq!(span(text).ok(), Some(Duration::from_secs(seconds)), "{text}");
        }
        for (text, help) in [
            ("15 minutes", r#"write "15m""#),
            ("1h30m", r#"write "90m""#),
            ("15M", r#"write "15m""#),
            ("1 week", r#"write "7d""#),
            ("", SPAN_HELP),
            ("m", SPAN_HELP),
            ("-5m", SPAN_HELP),
            ("99999999999999999999d", SPAN_HELP),
            ("soon", SPAN_HELP),
        ] {
            let flaw = span(text).unwrap_err();
            assert_eq!((flaw.code, flaw.help), ("E0110", vec![help.to_owned()]), "{text}");
        }
    }

    #[test]
    fn what_a_length_of_time_prints_is_what_it_reads() {
        for text in ["90s", "15m", "36h", "30d", "0s"] {
            assert_eq!(span_text(span(text).unwrap()), text);
        }
    }

    #[test]
    fn texts_of_each_format_are_told_from_others() {
        let table: [(&str, &[&str], &[&str]); 18] = [
            ("size", &["10MiB", "none", "1B"], &["10", "10MB", "10 MiB", "", "99999999999GiB"]),
            ("rate", &["30/m", "10/15m", "5/h"], &["30", "0/m", "5/", "/m", "5/x", "5/0m", "-1/m"]),
            ("path", &["/x", "x/y"], &["", "a\0b"]),
            (
                "address and port",
                &["[::]:443", "127.0.0.1:0"],
                &[":443", "localhost:80", "127.0.0.1", "*:80"],
            ),
            (
                "server",
                &[
                    "http://127.0.0.1:3000",
                    "https://a.example/",
                    "http://[::1]:80",
                    "http://a",
                    "unix:/run/portal.sock",
                ],
                &[
                    "127.0.0.1:3000",
                    "ftp://a",
                    "http://",
                    "http://u:p@a",
                    "http://a/x",
                    "http://a:0",
                    "http://a:99999",
                    "http://a b",
                    "http://a:",
                    "http://a_b",
                    "unix:portal.sock",
                    "unix:///run/portal.sock",
                ],
            ),
            (
                "mail server",
                &["smtp://a:25", "smtps://a.example"],
                &["a:25", "http://a", "smtp://u:p@a", "smtp://", "smtp://a/x"],
            ),
            (
                "host",
                &["a.example", "*.a.example", "localhost"],
                &["A.example", "*", "a.*.b", "*a.b", "a:80", "", "https://a", "a..b", "-a.b"],
            ),
            ("exact host", &["a.example"], &["*.a.example"]),
            (
                "path of addresses",
                &["/", "/a/b", "/%20"],
                &["", "a", "/a?b", "/a#b", "/*", "/a b", "/\u{e9}"],
            ),
            ("network", &["10.0.0.0/8", "::1", "10.1.1.1"], &["10.0.0.0/33", "x", "", "10.0.0.0/"]),
            (
                "sender",
                &["a@b.org", "A B <a@b.org>"],
                &["a", "A <a>", "A <a@b.org", "a@b.org\nBcc: x@y.org", ""],
            ),
            ("HTTP method", &["GET", "M-SEARCH"], &["get", "", "G T"]),
            ("role", &["operations", "A.b-c_1"], &["", "a b", "a,b"]),
            (
                "log level",
                &["info", "warn,scoregate=debug", "a::b=off"],
                &["inof", "", "info,", "=info", "x=y"],
            ),
            (
                "web address",
                &["https://a.example/x?y"],
                &["a.example", "javascript:1", "https://", "/x", "https://u@a"],
            ),
            (
                "origin",
                &["*", "https://app.example.org", "http://localhost:5173", "https://[::1]:8443"],
                &[
                    "app.example.org",
                    "https://a.example/x",
                    "https://*.a.example",
                    "null",
                    "https://",
                ],
            ),
            ("header template", &["{user}", "a {roles} b"], &["", "{x}", "a\nb"]),
            ("line", &["Example"], &["", " ", "a\nb"]),
        ];
        for (format, right, wrong) in table {
            for text in right {
                assert_eq!(check(format, text), Some(Ok(())), "{format}: {text}");
            }
            for text in wrong {
                assert!(matches!(check(format, text), Some(Err(_))), "{format}: {text:?}");
            }
        }
        assert_eq!(check("colour", "red"), None);
    }

    #[test]
    fn a_wrong_host_is_told_the_right_one() {
        for text in
            ["https://Portal.example.org/x", "portal.example.org:8443", "PORTAL.example.org"]
        {
            let help = exact_host(text).unwrap_err().help;
            assert_eq!(help, [r#"write "portal.example.org""#], "{text}");
        }
    }

    #[test]
    fn a_language_is_a_tag_and_not_its_name() {
        for (text, is_one) in [
            ("en", true),
            ("pt-BR", true),
            ("fry", true),
            ("english", false),
            ("EN", false),
            ("pt_BR", false),
            ("und", false),
            ("", false),
            ("e", false),
        ] {
            assert_eq!(is_language(text), is_one, "{text}");
        }
    }

    #[test]
    fn a_name_fits_into_a_variable_and_back() {
        for name in ["a", "portal_2", "x1_y"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "A", "1a", "a-b", "a__b", "_a", "a_", "a.b", "\u{e9}"] {
            assert!(!is_name(name), "{name}");
        }
        assert_eq!(meant_name("My-Portal").as_deref(), Some("my_portal"));
        assert_eq!(meant_name("9"), None);
    }
}
