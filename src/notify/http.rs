//! Text messages through an SMS gateway over HTTP: one request a message, made from the settings. Not
//! here: the queue and the retries (`outbox`), and what providers want (`config::gateways`).
//!
//! Certificates are verified, redirects are not followed (they would take secrets and codes along), and
//! proxies of the environment are not used.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::{DeliveryError, Message, Notifier, NotifierChannel, NotifierError};
use crate::config::{Body, GatewayAuth, HttpGateway, Placeholder, Success};

/// How long connecting may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// More of an answer is not read.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Sends each message as one request.
#[derive(Debug)]
pub struct HttpNotifier {
    name: String,
    gateway: HttpGateway,
    client: reqwest::Client,
}

/// Why an answer is no success. Holds nothing that the gateway said: it may repeat number and text.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("the gateway answered {0}")]
    Status(u16),
    #[error(
        "the gateway answered {status}, and what it said is not the success that the settings name"
    )]
    Answer { status: u16 },
    #[error("the request cannot be made from the settings")]
    Request,
}

impl HttpNotifier {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// The file with the gateway's CA cannot be used, or TLS cannot be set up.
    pub fn new(name: String, gateway: &HttpGateway) -> Result<Self, NotifierError> {
        // The one that this program uses everywhere; where it is chosen already, nothing changes.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_PATIENCE.min(gateway.timeout))
            .timeout(gateway.timeout)
            .user_agent(concat!("scoregate/", env!("CARGO_PKG_VERSION")));
        if let Some(ca) = &gateway.ca {
            builder = builder.tls_certs_only(certificates(&name, ca)?);
        }
        let client = builder
            .build()
            .map_err(|source| NotifierError::Tls { name: name.clone(), source: source.into() })?;
        Ok(Self { name, gateway: gateway.clone(), client })
    }

    fn value(&self, message: &Message, placeholder: Placeholder) -> String {
        let digits = message.to.trim_start_matches('+');
        match placeholder {
            Placeholder::To => message.to.clone(),
            Placeholder::ToDigits => digits.to_owned(),
            Placeholder::ToDialled => format!("00{digits}"),
            Placeholder::Text => message.text.clone(),
            Placeholder::Sender => self.gateway.sender.clone(),
            Placeholder::User => self.gateway.user.clone(),
            Placeholder::Password => self.gateway.password.reveal().clone(),
        }
    }

    fn request(&self, message: &Message) -> Result<reqwest::Request, DeliveryError> {
        let value = |placeholder| self.value(message, placeholder);
        let encoded = |placeholder| percent_encoded(&value(placeholder));
        let gateway = &self.gateway;
        let address = gateway.address.filled(encoded);
        let mut request = self.client.request(gateway.method.clone(), address);
        for (name, template) in &gateway.headers {
            let mut field = http::HeaderValue::from_str(&template.filled(value))
                .map_err(|_| refused(NotTaken::Request))?;
            field.set_sensitive(true);
            request = request.header(name, field);
        }
        request = match gateway.auth {
            GatewayAuth::None => request,
            GatewayAuth::Basic => {
                request.basic_auth(&gateway.user, Some(gateway.password.reveal()))
            }
            GatewayAuth::Bearer => request.bearer_auth(gateway.password.reveal()),
        };
        request = match &gateway.body {
            None => request,
            Some(Body::Json(json)) => request
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(filled(json, &value).to_string()),
            Some(Body::Form(fields)) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                for (name, template) in fields {
                    form.append_pair(name, &template.filled(value));
                }
                request
                    .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.finish())
            }
        };
        request.build().map_err(|_| refused(NotTaken::Request))
    }
}

#[async_trait]
impl Notifier for HttpNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn carries(&self, channel: NotifierChannel) -> bool {
        channel == NotifierChannel::Sms
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let answer = self.client.execute(self.request(message)?).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let body = read(answer).await.map_err(unreachable)?;
        judge(&self.gateway.success, status, &body)
    }
}

/// A body as far as it is looked at.
async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = ANSWER_LIMIT.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if room <= chunk.len() {
            break;
        }
    }
    Ok(body)
}

/// Whether the message was taken, and whose fault it is where it was not. Only "this request is wrong"
/// (400, 404, 422) is about the message; what is about us or the gateway may pass, or needs an
/// operator, and no other message would fare better.
fn judge(success: &Success, status: u16, body: &[u8]) -> Result<(), DeliveryError> {
    let has_status = if success.statuses.is_empty() {
        (200..300).contains(&status)
    } else {
        success.statuses.contains(&status)
    };
    if !has_status {
        let error = NotTaken::Status(status);
        return Err(if matches!(status, 400 | 404 | 422) { refused(error) } else { away(error) });
    }
    if says_success(success, body) { Ok(()) } else { Err(away(NotTaken::Answer { status })) }
}

fn says_success(success: &Success, body: &[u8]) -> bool {
    let text = match &success.pointer {
        None => String::from_utf8_lossy(body).into_owned(),
        Some(pointer) => {
            let json: Option<Value> = serde_json::from_slice(body).ok();
            match json.as_ref().and_then(|json| json.pointer(pointer)) {
                None | Some(Value::Null) => return false,
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            }
        }
    };
    success.pattern.as_ref().is_none_or(|pattern| pattern.is_match(&text))
}

fn filled(json: &Value, value: &impl Fn(Placeholder) -> String) -> Value {
    match json {
        // Templates were read when the settings were; one that is none stays as it is.
        Value::String(text) => crate::config::GatewayTemplate::parse(text)
            .map_or_else(|_| text.clone(), |template| template.filled(value))
            .into(),
        Value::Array(items) => items.iter().map(|item| filled(item, value)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), filled(field, value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
    }
}

/// Everything but RFC 3986's unreserved characters, so that a value is one segment or one value.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn certificates(name: &str, path: &Path) -> Result<Vec<reqwest::Certificate>, NotifierError> {
    let failed =
        |source| NotifierError::CaFile { name: name.to_owned(), path: path.to_owned(), source };
    let pem = std::fs::read(path).map_err(|error| failed(error.into()))?;
    let certificates =
        reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.into()))?;
    if certificates.is_empty() {
        return Err(failed("it holds no certificate in PEM form".into()));
    }
    Ok(certificates)
}

fn refused(error: NotTaken) -> DeliveryError {
    DeliveryError::Refused(error.into())
}

fn away(error: NotTaken) -> DeliveryError {
    DeliveryError::Unreachable(error.into())
}

/// Without the address: it may hold a number or a secret.
fn unreachable(error: reqwest::Error) -> DeliveryError {
    DeliveryError::Unreachable(error.without_url().into())
}

#[cfg(test)]
mod tests;
