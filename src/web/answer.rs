//! Answers of our own pages: status, headers, cookies, body. The one place with status codes for what
//! people see of us; refusals of the proxy have theirs in `proxy::respond`. Not here: what a page says.

use std::time::Duration;

use axum::body::Body;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// Nothing from elsewhere, nothing inline, in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What sort of answer a page is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Page,
    /// More is to be shown first.
    Unauthorized,
    /// Signed in, but not for this; or a form that is not ours.
    Denied,
    NotFound,
    Malformed,
    NotAllowed,
    Unavailable {
        retry_after: Duration,
    },
    Failed,
}

impl Kind {
    const fn status(self) -> StatusCode {
        match self {
            Self::Page => StatusCode::OK,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An answer that is being put together.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    fields: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Answer {
    #[must_use]
    pub fn page(kind: Kind, html: String) -> Self {
        let mut answer = Self::bare(kind).with(CONTENT_TYPE, "text/html; charset=utf-8");
        answer.body = html.into_bytes();
        answer
    }

    /// A page whose script may ask this very origin: for the administrators' portal, whose origin is
    /// nobody else's.
    #[must_use]
    pub fn admin_page(kind: Kind, html: String) -> Self {
        let mut answer = Self::page(kind, html);
        let policy = format!("{POLICY}; connect-src 'self'");
        for (name, value) in &mut answer.fields {
            if *name == CONTENT_SECURITY_POLICY
                && let Ok(policy) = HeaderValue::from_str(&policy)
            {
                *value = policy;
            }
        }
        answer
    }

    /// To another address; a form is never sent twice by a reload.
    #[must_use]
    pub fn see_other(location: &str) -> Self {
        Self::empty(StatusCode::SEE_OTHER).with(LOCATION, location)
    }

    /// To the same address under another scheme, with the same method (RFC 9110, section 15.4.9).
    #[must_use]
    pub fn moved(location: &str) -> Self {
        Self::empty(StatusCode::PERMANENT_REDIRECT).with(LOCATION, location)
    }

    /// A JSON document, such as a problem.
    #[must_use]
    pub fn json(kind: Kind, content_type: &'static str, json: Vec<u8>) -> Self {
        let mut answer = Self::empty(kind.status()).with(CONTENT_TYPE, content_type);
        answer.body = json;
        answer
    }

    /// No body at all, for what is not looked at by a person.
    #[must_use]
    pub fn bare(kind: Kind) -> Self {
        let answer = Self::empty(kind.status());
        match kind {
            Kind::Unavailable { retry_after } => {
                answer.with(RETRY_AFTER, &retry_after.as_secs().max(1).to_string())
            }
            // Which methods there are is said by the router, which knows.
            Kind::NotAllowed
            | Kind::Page
            | Kind::Unauthorized
            | Kind::Denied
            | Kind::NotFound
            | Kind::Malformed
            | Kind::Failed => answer,
        }
    }

    /// A file of ours that never changes under its name.
    #[must_use]
    pub fn asset(content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            status: StatusCode::OK,
            fields: vec![
                (CONTENT_TYPE, HeaderValue::from_static(content_type)),
                (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
                (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                (
                    HeaderName::from_static("cross-origin-resource-policy"),
                    HeaderValue::from_static("same-origin"),
                ),
            ],
            body: bytes.to_vec(),
        }
    }

    /// What machines fetch and may keep for some minutes.
    #[must_use]
    pub fn published(content_type: &'static str, text: String) -> Self {
        Self {
            status: StatusCode::OK,
            fields: vec![
                (CONTENT_TYPE, HeaderValue::from_static(content_type)),
                (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
                (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            ],
            body: text.into_bytes(),
        }
    }

    fn empty(status: StatusCode) -> Self {
        let fixed = |name: &'static str, value: &'static str| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        Self {
            status,
            fields: vec![
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
                (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
                // Our addresses hold links and transactions, and the portal shares our origin: it is told
                // the origin and no more. Not "no-referrer": browsers would then send `Origin: null`
                // with our own forms.
                (REFERRER_POLICY, HeaderValue::from_static("strict-origin")),
                (VARY, HeaderValue::from_static("cookie, accept-language, sec-fetch-dest")),
                // Not "same-origin": a portal that sends the same keeps a handle on the window that it
                // opened, and reads what is typed there.
                fixed("cross-origin-opener-policy", "noopener-allow-popups"),
                fixed("cross-origin-resource-policy", "same-origin"),
                fixed("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
            ],
            body: Vec::new(),
        }
    }

    /// A value that cannot be a field is left out; what comes from people never gets here unencoded.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.fields.push((name, value));
        }
        self
    }

    #[must_use]
    pub fn cookie(self, cookie: &str) -> Self {
        self.with(SET_COOKIE, cookie)
    }

    #[must_use]
    pub fn cookies(self, cookies: impl IntoIterator<Item = String>) -> Self {
        cookies.into_iter().fold(self, |answer, cookie| answer.cookie(&cookie))
    }

    #[must_use]
    pub fn into_response<B: From<Vec<u8>>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.fields {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl axum::response::IntoResponse for Answer {
    fn into_response(self) -> axum::response::Response {
        Self::into_response::<Body>(self)
    }
}
