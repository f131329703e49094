//! SMS gateways over HTTP: from a preset and what is set beside it to one request. Not here: the
//! presets (`gateways`), and other notifiers (`people`).

use std::time::Duration;

use super::super::checked::{
    Body, GatewayAuth, GatewayTemplate, HttpGateway, NotifierConfig, Success,
};
use super::super::diagnostic::Diagnostic;
use super::super::gateways::{CM, MESSAGEBIRD, Preset, TWILIO, VONAGE, texts_of};
use super::super::shape::{self, AuthKind, BodyFormat, SmsPreset};
use super::Builder;
use super::people::is_loopback;
use crate::config::Placeholder;
use crate::secret::Secret;

/// One try may take this long.
const TIMEOUT: Duration = Duration::from_secs(10);

const fn preset(preset: SmsPreset) -> Preset {
    match preset {
        SmsPreset::Twilio => TWILIO,
        SmsPreset::Vonage => VONAGE,
        SmsPreset::Messagebird => MESSAGEBIRD,
        SmsPreset::Cm => CM,
    }
}

impl Builder<'_> {
    pub(super) fn gateway(
        &mut self,
        name: &str,
        notifier: &shape::Notifier,
    ) -> Option<NotifierConfig> {
        let path = format!("notifier.{name}");
        let preset = notifier.preset.map(preset);
        self.require_parts(name, &path, notifier, preset);
        let address = notifier.address.as_ref().map(|address| address.0.as_str());
        let address = address.or(preset.map(|preset| preset.address))?.to_owned();
        self.check_address(&path, &address);
        let template = self.template(&format!("{path}.address"), &address);
        let headers = self.headers(&path, notifier, preset);
        let body = self.body(&path, notifier, preset);
        let success = self.success(&path, notifier, preset);
        let secret = notifier.password.as_ref();
        let password = secret.and_then(|source| self.secret(&format!("{path}.password"), source));
        let gateway = HttpGateway {
            address: template?,
            method: method(notifier),
            headers: headers?,
            body: body?,
            auth: auth(notifier, preset),
            success: success?,
            sender: notifier.sender.as_ref().map(|sender| sender.0.clone()).unwrap_or_default(),
            user: notifier.user.as_ref().map(|user| user.0.clone()).unwrap_or_default(),
            password: password.unwrap_or_else(|| Secret::new(String::new())),
            timeout: notifier.timeout.as_ref().map_or(TIMEOUT, |span| span.0),
            ca: notifier.ca.as_ref().map(|ca| ca.0.clone()),
        };
        self.check_text_is_sent(&path, &gateway);
        Some(NotifierConfig::Http(Box::new(gateway)))
    }

    fn require_parts(
        &mut self,
        name: &str,
        path: &str,
        notifier: &shape::Notifier,
        preset: Option<Preset>,
    ) {
        let what = format!("notifier `{name}`");
        let Some(preset) = preset else {
            if notifier.address.is_none() {
                self.require(&what, path, "preset", r#"preset = "cm""#);
            }
            return;
        };
        if notifier.sender.is_none() {
            self.require(&what, path, "sender", r#"sender = "Example""#);
        }
        if notifier.password.is_none() {
            let example = r#"password = { file = "/run/secrets/sms" }"#;
            self.require(&what, path, "password", example);
        }
        if preset.needs_user && notifier.user.is_none() {
            self.require(&what, path, "user", r#"user = "the account that the provider gave you""#);
        }
    }

    /// A code that crosses a network in clear text is everybody's.
    fn check_address(&mut self, path: &str, address: &str) {
        let path = format!("{path}.address");
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let host = host.trim_matches(['[', ']']);
        if authority.is_empty()
            || authority.contains(['@', '{'])
            || !matches!(scheme, "https" | "http")
        {
            let sentence = format!("`{path}` is not a web address");
            let help = r#"write it as "https://sms.example.net/v1/messages""#;
            self.report(Diagnostic::error("E0104", sentence), &path, "not a web address", help);
        } else if scheme == "http" && !is_loopback(host) {
            let sentence = format!("codes would go to {host} in clear text");
            let diagnostic = Diagnostic::error("E0206", sentence);
            let label = "only for a gateway on this machine";
            self.report(diagnostic, &path, label, "write https:// instead of http://");
        }
    }

    fn template(&mut self, path: &str, text: &str) -> Option<GatewayTemplate> {
        match GatewayTemplate::parse(text) {
            Ok(template) => Some(template),
            Err(unknown) => {
                let names: Vec<String> =
                    Placeholder::ALL.iter().map(|one| format!("{{{}}}", one.name())).collect();
                let diagnostic = Diagnostic::error("E0104", format!("`{path}`: {unknown}"));
                let help = format!("what can stand there: {}", names.join(", "));
                self.report(diagnostic, path, "no place for a value", &help);
                None
            }
        }
    }

    fn headers(
        &mut self,
        path: &str,
        notifier: &shape::Notifier,
        preset: Option<Preset>,
    ) -> Option<Vec<(http::HeaderName, GatewayTemplate)>> {
        let path = format!("{path}.headers");
        let lines: Vec<String> = match (&notifier.headers, preset) {
            (Some(lines), _) => lines.iter().map(|line| line.0.clone()).collect(),
            (None, Some(preset)) => preset.headers.iter().map(|line| (*line).to_owned()).collect(),
            (None, None) => Vec::new(),
        };
        let mut headers = Vec::new();
        for line in lines {
            let name = line.split_once(':').and_then(|(name, value)| {
                Some((name.trim().parse::<http::HeaderName>().ok()?, value.trim()))
            });
            let Some((name, value)) = name else {
                let sentence = format!("`{path}`: not every text is a header field");
                let help = r#"write name and value with a colon: "X-Api-Key: {password}""#;
                self.report(Diagnostic::error("E0104", sentence), &path, "no header field", help);
                return None;
            };
            headers.push((name, self.template(&path, value)?));
        }
        Some(headers)
    }

    /// `None`: wrong, and reported. `Some(None)`: a request without a body.
    #[expect(clippy::option_option, reason = "the outer one is for what was reported")]
    fn body(
        &mut self,
        path: &str,
        notifier: &shape::Notifier,
        preset: Option<Preset>,
    ) -> Option<Option<Body>> {
        let path = format!("{path}.body");
        let written = notifier.body.as_ref().map(|body| body.0.as_str());
        let Some(text) = written.or(preset.map(|preset| preset.body)) else {
            return Some(None);
        };
        let is_form = match notifier.format {
            Some(format) => format == BodyFormat::Form,
            None => written.is_none() && preset.is_some_and(|preset| preset.is_form),
        };
        if is_form {
            let mut fields = Vec::new();
            for (name, value) in form_fields(text) {
                fields.push((name, self.template(&path, &value)?));
            }
            return Some(Some(Body::Form(fields)));
        }
        let json: serde_json::Value = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => {
                let sentence = format!("`{path}` is not JSON: {error}");
                let help = r#"for a form, set format = "form""#;
                self.report(Diagnostic::error("E0104", sentence), &path, "not JSON", help);
                return None;
            }
        };
        for text in texts_of(&json) {
            self.template(&path, text)?;
        }
        Some(Some(Body::Json(json)))
    }

    fn success(
        &mut self,
        path: &str,
        notifier: &shape::Notifier,
        preset: Option<Preset>,
    ) -> Option<Success> {
        let test = &notifier.success;
        let is_own = test.status.is_some() || test.pointer.is_some() || test.pattern.is_some();
        let preset = preset.filter(|_| !is_own);
        let pointer = test.pointer.as_ref().map(|pointer| pointer.0.as_str());
        let pointer = pointer.or(preset.and_then(|preset| preset.pointer));
        if pointer.is_some_and(|pointer| !pointer.starts_with('/')) {
            let path = format!("{path}.success.pointer");
            let sentence = format!("`{path}` does not start with `/`");
            let help = r#"write it as "/messages/0/status" (RFC 6901)"#;
            self.report(Diagnostic::error("E0104", sentence), &path, "not a JSON pointer", help);
            return None;
        }
        let pattern = test.pattern.as_ref().map(|pattern| pattern.0.as_str());
        let pattern = match pattern.or(preset.and_then(|preset| preset.pattern)) {
            None => None,
            Some(pattern) => Some(self.pattern(&format!("{path}.success.pattern"), pattern)?),
        };
        Some(Success {
            statuses: match (&test.status, preset) {
                (Some(statuses), _) => statuses.clone(),
                (None, Some(preset)) => preset.statuses.to_vec(),
                (None, None) => Vec::new(),
            },
            pointer: pointer.map(str::to_owned),
            pattern,
        })
    }

    fn pattern(&mut self, path: &str, pattern: &str) -> Option<regex::Regex> {
        match regex::Regex::new(pattern) {
            Ok(pattern) => Some(pattern),
            Err(_) => {
                let sentence = format!("`{path}` is not a regular expression");
                let help = r#"to compare a whole value, write it as "^0$""#;
                let diagnostic = Diagnostic::error("E0104", sentence);
                self.report(diagnostic, path, "not a regular expression", help);
                None
            }
        }
    }

    /// A request that names no number or holds no text reaches nobody.
    fn check_text_is_sent(&mut self, path: &str, gateway: &HttpGateway) {
        let has = |wanted: &dyn Fn(&GatewayTemplate) -> bool| {
            wanted(&gateway.address)
                || gateway.headers.iter().any(|(_, value)| wanted(value))
                || match &gateway.body {
                    None => false,
                    Some(Body::Form(fields)) => fields.iter().any(|(_, value)| wanted(value)),
                    Some(Body::Json(json)) => texts_of(json)
                        .into_iter()
                        .filter_map(|text| GatewayTemplate::parse(text).ok())
                        .any(|template| wanted(&template)),
                }
        };
        let to = [Placeholder::To, Placeholder::ToDigits, Placeholder::ToDialled];
        let has_number = has(&|template| to.iter().any(|one| template.has(*one)));
        let has_text = has(&|template| template.has(Placeholder::Text));
        if has_number && has_text {
            return;
        }
        let (what, place) = if has_number { ("text", "{text}") } else { ("number", "{to}") };
        let path = format!("{path}.body");
        let sentence = format!("`{path}` has no place for the {what} of a message");
        let help = format!("put {place} where the gateway wants the {what}");
        self.report(Diagnostic::error("E0104", sentence), &path, "nobody would be reached", &help);
    }
}

fn method(notifier: &shape::Notifier) -> http::Method {
    let method = notifier.method.as_ref();
    method.and_then(|method| method.0.parse().ok()).unwrap_or(http::Method::POST)
}

fn auth(notifier: &shape::Notifier, preset: Option<Preset>) -> GatewayAuth {
    match (notifier.auth, preset) {
        (Some(AuthKind::Basic), _) => GatewayAuth::Basic,
        (Some(AuthKind::Bearer), _) => GatewayAuth::Bearer,
        (Some(AuthKind::None), _) | (None, None) => GatewayAuth::None,
        (None, Some(preset)) => preset.auth,
    }
}

/// `a={x}&b=c`: names and values as they are meant, whether or not they are percent-encoded.
fn form_fields(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}
