//! SMS gateways that are spoken to over HTTP: what a request to one is made of, and ready-made requests
//! for well-known providers. Not here: sending it (`notify`), and which settings exclude each other
//! (`meaning`).
//!
//! A value is put into a place as its kind asks (percent-encoded in an address and a form, as a text
//! within JSON), so that nothing that a message holds can become a second field.

use std::path::PathBuf;
use std::time::Duration;

use crate::secret::Secret;

/// What can stand between braces in a template.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Placeholder {
    /// The number: `+31612345678`.
    To,
    /// The number without its plus: `31612345678`.
    ToDigits,
    /// The number as it is dialled: `0031612345678`.
    ToDialled,
    Text,
    Sender,
    User,
    Password,
}

impl Placeholder {
    pub const ALL: [Self; 7] = [
        Self::To,
        Self::ToDigits,
        Self::ToDialled,
        Self::Text,
        Self::Sender,
        Self::User,
        Self::Password,
    ];

    /// Its name between the braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::To => "to",
            Self::ToDigits => "to_digits",
            Self::ToDialled => "to_dialled",
            Self::Text => "text",
            Self::Sender => "sender",
            Self::User => "user",
            Self::Password => "password",
        }
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Literal(String),
    Value(Placeholder),
}

/// A text with places for values: `To: {to}`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GatewayTemplate(Vec<Part>);

/// Braces with something between them that is no placeholder.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{{{0}}} stands for nothing")]
pub struct UnknownPlaceholder(pub String);

impl GatewayTemplate {
    /// # Errors
    /// Names what stands between braces and is no placeholder.
    pub fn parse(text: &str) -> Result<Self, UnknownPlaceholder> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('{') {
            let (name, after) =
                from.split_once('}').ok_or_else(|| UnknownPlaceholder(from.to_owned()))?;
            let placeholder = Placeholder::ALL
                .into_iter()
                .find(|placeholder| placeholder.name() == name)
                .ok_or_else(|| UnknownPlaceholder(name.to_owned()))?;
            parts.push(Part::Literal(before.to_owned()));
            parts.push(Part::Value(placeholder));
            rest = after;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The text with `value` of each placeholder in its place.
    pub fn filled(&self, value: impl Fn(Placeholder) -> String) -> String {
        let fill = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Value(placeholder) => value(*placeholder),
        };
        self.0.iter().map(fill).collect()
    }

    #[must_use]
    pub fn has(&self, placeholder: Placeholder) -> bool {
        self.0.contains(&Part::Value(placeholder))
    }
}

/// What is in the body, before values are put in.
#[derive(Clone, Debug)]
pub enum Body {
    /// JSON whose texts are templates.
    Json(serde_json::Value),
    /// Names and values of a form.
    Form(Vec<(String, GatewayTemplate)>),
}

/// How the gateway knows us, besides what headers and body hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GatewayAuth {
    /// User and password (RFC 7617).
    Basic,
    /// The password as a token (RFC 6750).
    Bearer,
    None,
}

/// How an answer says that the message was taken.
#[derive(Clone, Debug)]
pub struct Success {
    /// Empty: every 2xx.
    pub statuses: Vec<u16>,
    /// RFC 6901: a value of the JSON in the answer, which `pattern` is compared with; without a
    /// pattern it has to be there.
    pub pointer: Option<String>,
    /// Found in that value, or else in the whole answer.
    pub pattern: Option<regex::Regex>,
}

/// An SMS gateway.
#[derive(Clone, Debug)]
pub struct HttpGateway {
    /// `https`, or `http` to this machine. Values in it are percent-encoded.
    pub address: GatewayTemplate,
    pub method: http::Method,
    pub headers: Vec<(http::HeaderName, GatewayTemplate)>,
    pub body: Option<Body>,
    pub auth: GatewayAuth,
    pub success: Success,
    pub sender: String,
    pub user: String,
    pub password: Secret<String>,
    /// Longest time for one try.
    pub timeout: Duration,
    /// Believed instead of the system's roots.
    pub ca: Option<PathBuf>,
}

/// The requests of one provider, as its documentation has them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preset {
    pub(super) address: &'static str,
    pub(super) headers: &'static [&'static str],
    pub(super) is_form: bool,
    pub(super) body: &'static str,
    pub(super) auth: GatewayAuth,
    pub(super) statuses: &'static [u16],
    pub(super) pointer: Option<&'static str>,
    pub(super) pattern: Option<&'static str>,
    pub(super) needs_user: bool,
}

/// "Create a Message" of Twilio's Programmable Messaging. `user`: account SID, `password`: auth token.
pub(super) const TWILIO: Preset = Preset {
    address: "https://api.twilio.com/2010-04-01/Accounts/{user}/Messages.json",
    headers: &[],
    is_form: true,
    body: "To={to}&From={sender}&Body={text}",
    auth: GatewayAuth::Basic,
    statuses: &[201],
    pointer: Some("/sid"),
    pattern: None,
    needs_user: true,
};

/// Vonage's SMS API (once Nexmo), which answers 200 to everything and says in the body what became of
/// the message. `user`: API key, `password`: API secret.
pub(super) const VONAGE: Preset = Preset {
    address: "https://rest.nexmo.com/sms/json",
    headers: &[],
    is_form: true,
    body: "api_key={user}&api_secret={password}&to={to_digits}&from={sender}&text={text}",
    auth: GatewayAuth::None,
    statuses: &[200],
    pointer: Some("/messages/0/status"),
    pattern: Some("^0$"),
    needs_user: true,
};

/// The SMS API of Bird (once MessageBird). `password`: access key.
pub(super) const MESSAGEBIRD: Preset = Preset {
    address: "https://rest.messagebird.com/messages",
    headers: &["Authorization: AccessKey {password}"],
    is_form: false,
    body: r#"{"originator":"{sender}","recipients":["{to_digits}"],"body":"{text}"}"#,
    auth: GatewayAuth::None,
    statuses: &[201],
    pointer: Some("/id"),
    pattern: None,
    needs_user: false,
};

/// The messaging gateway of CM.com (Breda). `password`: product token.
pub(super) const CM: Preset = Preset {
    address: "https://gw.messaging.cm.com/v1.0/message",
    headers: &[],
    is_form: false,
    body: r#"{"messages":{"authentication":{"productToken":"{password}"},"msg":[{"allowedChannels":["SMS"],"from":"{sender}","to":[{"number":"{to_dialled}"}],"body":{"type":"auto","content":"{text}"}}]}}"#,
    auth: GatewayAuth::None,
    statuses: &[200],
    pointer: Some("/errorCode"),
    pattern: Some("^0$"),
    needs_user: false,
};

/// The texts of a JSON value, wherever they are.
pub(super) fn texts_of(value: &serde_json::Value) -> Vec<&str> {
    match value {
        serde_json::Value::String(text) => vec![text],
        serde_json::Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(texts_of).collect(),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_places_for_known_values_and_for_nothing_else() {
        let template = GatewayTemplate::parse("a{to}b{text}{sender}").unwrap();
        assert_eq!(template.filled(|place| format!("<{}>", place.name())), "a<to>b<text><sender>");
        assert!(template.has(Placeholder::To) && !template.has(Placeholder::Password));
        assert_eq!(GatewayTemplate::parse("").unwrap().filled(|_| "x".into()), "");
        // What a value holds is not looked into again.
        assert_eq!(template.filled(|_| "{to}".into()), "a{to}b{to}{to}");
        for (text, name) in [("{nobody}", "nobody"), ("{}", ""), ("x{to", "to"), ("{ to }", " to ")]
        {
            assert_eq!(
                GatewayTemplate::parse(text),
                Err(UnknownPlaceholder(name.into())),
                "{text}"
            );
        }
    }
}
