//! Answers that do not come from a portal: which status a refusal has, and how bytes are written so that
//! they arrive over HTTP/1 and HTTP/2, for HEAD, and where the client is still sending.
//!
//! The only file with the status codes of refusals. Not here: what a page looks like.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, RETRY_AFTER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

use super::guard;

/// What is read of a body that nobody asked for, so that the answer arrives and the connection stays.
const DRAIN_BYTES: usize = 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// A body of an own page is a form: it comes in one piece, or its sender is holding us up.
const PAGE_BODY_TIME: Duration = Duration::from_secs(30);
/// An HTTP/2 stream that ends at once takes its answer with it (`pingora.md` 2).
const H2_GRACE: Duration = Duration::from_millis(20);

static X_SCOREGATE_REFERENCE: HeaderName = HeaderName::from_static("x-scoregate-reference");

/// What is wrong with a portal, as far as its user is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PortalTrouble {
    /// Nobody answers there, or not with TLS that can be believed, or not HTTP.
    Unreachable,
    /// It took too long.
    Slow,
    /// What it says is not HTTP, or contradicts itself.
    Garbled,
    /// None of its servers is well.
    Down,
    /// Every one of its servers has as much to do as it may have.
    Full,
}

/// Why a request gets neither a portal nor an own page. One variant a reaction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Not one well-formed message; the text is for the log.
    BadRequest(&'static str),
    /// No route has this host.
    UnknownHost,
    /// The connection was opened for another host.
    Misdirected,
    /// The host has routes, and none for this path.
    NotFound,
    MethodNotAllowed,
    /// The body did not come in time.
    SlowBody,
    /// The body is larger than allowed here.
    TooLarge,
    TargetTooLong,
    HeadTooLarge,
    /// An `Expect` other than `100-continue`.
    Expectation,
    /// Something that the gateway needs is not there; try again after this time.
    Unavailable {
        retry_after: Duration,
    },
    PortalDown(PortalTrouble),
    /// The portal cannot be told who asks.
    Unsendable,
    /// A fault of ours.
    Internal,
}

impl Refusal {
    /// RFC 9110, section 15.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::UnknownHost | Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::PortalDown(PortalTrouble::Unreachable | PortalTrouble::Garbled) => {
                StatusCode::BAD_GATEWAY
            }
            Self::PortalDown(PortalTrouble::Down | PortalTrouble::Full) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::PortalDown(PortalTrouble::Slow) => StatusCode::GATEWAY_TIMEOUT,
            Self::Unsendable | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// When to try again, in seconds, where it makes sense.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Unavailable { retry_after } if retry_after.as_secs() == 0 => Some(1),
            Self::Unavailable { retry_after } => Some(retry_after.as_secs()),
            Self::PortalDown(PortalTrouble::Full) => Some(5),
            _ => None,
        }
    }

    /// For somebody who has no page to read.
    const fn sentence(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "This request is not well-formed.",
            Self::UnknownHost => "There is nothing under this host name here.",
            Self::Misdirected => {
                "This connection was opened for another host name. Open one for this host."
            }
            Self::NotFound => "There is nothing under this address here.",
            Self::MethodNotAllowed => "This method is not allowed here.",
            Self::SlowBody => "The request took too long to arrive.",
            Self::TooLarge => "The request is too large.",
            Self::TargetTooLong => "The address is too long.",
            Self::HeadTooLarge => "The request has too many or too long header fields.",
            Self::Expectation => "This expectation cannot be met.",
            Self::Unavailable { .. } => {
                "Not available for the moment. Try again in a little while."
            }
            Self::PortalDown(PortalTrouble::Unreachable) => "The portal does not answer.",
            Self::PortalDown(PortalTrouble::Garbled) => {
                "What the portal answered cannot be understood."
            }
            Self::PortalDown(PortalTrouble::Down) => "The portal is down for the moment.",
            Self::PortalDown(PortalTrouble::Full) => {
                "The portal has too much to do. Try again in a little while."
            }
            Self::PortalDown(PortalTrouble::Slow) => "The portal takes too long to answer.",
            Self::Unsendable => "The portal cannot be told who you are: a value is too long.",
            Self::Internal => "Something went wrong on our side.",
        }
    }
}

/// A refusal in one sentence of plain text.
#[must_use]
pub fn plain(refusal: &Refusal, reference: &str) -> Response<Bytes> {
    let body = format!("{}\nReference: {reference}\n", refusal.sentence());
    let mut response = Response::new(Bytes::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Puts on a refusal's page what no page decides: its status and the fields that go with it.
pub(super) fn stamp(response: &mut Response<Bytes>, refusal: &Refusal, reference: &str) {
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    if let Ok(reference) = HeaderValue::from_str(reference) {
        headers.insert(&X_SCOREGATE_REFERENCE, reference);
    }
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if *refusal == Refusal::MethodNotAllowed
        && let Ok(methods) = HeaderValue::from_str(&guard::METHODS.join(", "))
    {
        headers.insert(ALLOW, methods);
    }
}

/// Something to quote to the service desk: 30 random bits, such as `7F3K-Q2`.
pub(super) fn reference() -> String {
    // Crockford's base 32: no letter that is taken for another.
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().map_or('0', char::from);
    let mut text: String = crate::random::bytes::<6>().iter().map(letter).collect();
    text.insert(4, '-');
    text
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The client went away, or sent what is no body.
    #[error("the body did not arrive whole")]
    Broken,
}

/// Reads a body of at most `limit` bytes; asks for it first where the client waits to be asked.
///
/// # Errors
///
/// Nothing more may be read of the request then; the answer has to end the connection.
pub(super) async fn read_body(session: &mut Session, limit: usize) -> Result<Bytes, BodyError> {
    if declared_length(session).is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    if awaits_continue(session) && !session.is_http2() {
        session.write_continue_response().await.map_err(|_| BodyError::Broken)?;
    }
    let whole = tokio::time::timeout(PAGE_BODY_TIME, gather(session, limit));
    whole.await.unwrap_or(Err(BodyError::TooSlow))
}

async fn gather(session: &mut Session, limit: usize) -> Result<Bytes, BodyError> {
    let mut first = None;
    let mut rest = BytesMut::new();
    while let Some(piece) = session.read_request_body().await.map_err(|_| BodyError::Broken)? {
        let length = first.as_ref().map_or(0, Bytes::len) + rest.len() + piece.len();
        if length > limit {
            return Err(BodyError::TooLarge);
        }
        if first.is_none() {
            first = Some(piece);
        } else {
            rest.extend_from_slice(&piece);
        }
    }
    let first = first.unwrap_or_default();
    Ok(if rest.is_empty() { first } else { [first, rest.freeze()].concat().into() })
}

fn declared_length(session: &Session) -> Option<usize> {
    session.get_header(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn awaits_continue(session: &Session) -> bool {
    session.get_header(EXPECT).is_some()
}

/// What happens to the connection after an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Afterwards {
    /// It stays, if the rest of the body could be read away.
    Keep,
    /// It ends: where this message ends is not sure, or its body is not wanted.
    Close,
}

/// Writes an answer of ours.
///
/// # Errors
///
/// If the client has gone.
pub(super) async fn write(
    session: &mut Session,
    response: Response<Bytes>,
    afterwards: Afterwards,
) -> pingora::Result<()> {
    let all_read = match afterwards {
        Afterwards::Keep => drain(session).await,
        Afterwards::Close if session.is_http2() => drain(session).await,
        Afterwards::Close => false,
    };
    if afterwards == Afterwards::Close || !all_read {
        session.set_keepalive(None);
    }
    let is_head = session.req_header().method == Method::HEAD;
    let (parts, body) = response.into_parts();
    let header = header_of(&parts, &body)?;
    let ends_here = is_head || body.is_empty();
    session.write_response_header(Box::new(header), ends_here).await?;
    if !ends_here {
        session.write_response_body(Some(body), true).await?;
    } else if session.is_http2() {
        session.write_response_body(None, true).await?;
    }
    if session.is_http2() && !all_read {
        tokio::time::sleep(H2_GRACE).await;
    }
    Ok(())
}

fn header_of(parts: &http::response::Parts, body: &Bytes) -> pingora::Result<ResponseHeader> {
    let mut header = ResponseHeader::build(parts.status, Some(parts.headers.len() + 1))?;
    for (name, value) in &parts.headers {
        // How the bytes are framed is not for a page to say.
        if ![CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE].contains(name) {
            header.append_header(name, value.clone())?;
        }
    }
    let has_no_body = parts.status.is_informational()
        || parts.status == StatusCode::NO_CONTENT
        || parts.status == StatusCode::NOT_MODIFIED;
    if !has_no_body {
        header.insert_header(CONTENT_LENGTH, body.len())?;
    }
    Ok(header)
}

/// Reads away what is left of a body, within bounds. Says whether nothing is left.
async fn drain(session: &mut Session) -> bool {
    let request = session.req_header();
    if guard::asks_for_websocket(request.version, &request.headers) {
        // What comes next may be no request.
        return false;
    }
    if session.is_body_done() {
        return true;
    }
    // A client that waits to be asked sends nothing.
    if awaits_continue(session) || declared_length(session).is_some_and(|left| left > DRAIN_BYTES) {
        return false;
    }
    tokio::time::timeout(DRAIN_TIME, read_away(session)).await.unwrap_or(false)
}

async fn read_away(session: &mut Session) -> bool {
    let mut read = 0;
    while read <= DRAIN_BYTES {
        match session.read_request_body().await {
            Ok(Some(piece)) => read += piece.len(),
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_never_a_success_and_tells_nothing_of_the_inside() {
        let all = [
            Refusal::BadRequest("a fragment in the request line"),
            Refusal::UnknownHost,
            Refusal::Misdirected,
            Refusal::MethodNotAllowed,
            Refusal::SlowBody,
            Refusal::TooLarge,
            Refusal::TargetTooLong,
            Refusal::HeadTooLarge,
            Refusal::Expectation,
            Refusal::Unavailable { retry_after: Duration::from_millis(1) },
            Refusal::PortalDown(PortalTrouble::Unreachable),
            Refusal::PortalDown(PortalTrouble::Slow),
            Refusal::Internal,
        ];
        for refusal in all {
            let mut response = plain(&refusal, "7F3K-Q2");
            stamp(&mut response, &refusal, "7F3K-Q2");
            assert!(response.status().is_client_error() || response.status().is_server_error());
            let body = String::from_utf8(response.body().to_vec()).unwrap();
            assert!(body.ends_with("\nReference: 7F3K-Q2\n"), "{body}");
            assert!(!body.contains("fragment"), "{body}");
            assert_eq!(response.headers()[&X_SCOREGATE_REFERENCE], "7F3K-Q2");
            let retries = response.headers().get(RETRY_AFTER).is_some_and(|after| after == "1");
            assert_eq!(retries, response.status() == StatusCode::SERVICE_UNAVAILABLE);
        }
    }

    #[test]
    fn a_refused_method_is_told_every_other_that_would_not_be() {
        let mut response = Response::new(Bytes::new());
        stamp(&mut response, &Refusal::MethodNotAllowed, "7F3K-Q2");
        let said = response.headers()[ALLOW].to_str().unwrap();
        for method in ["GET", "OPTIONS", "QUERY", "PROPFIND", "ACL"] {
            assert!(said.split(", ").any(|one| one == method), "{method}: {said}");
        }
        assert!(!said.contains("TRACE") && !said.contains("CONNECT"), "{said}");
    }

    #[test]
    fn references_can_be_read_out_and_differ() {
        let one = reference();
        assert_eq!(one.len(), 7);
        assert!(
            one.bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_uppercase())
        );
        assert!((0..20).any(|_| reference() != one));
    }

    #[test]
    fn a_page_cannot_frame_its_own_answer() {
        let response = Response::builder()
            .header("content-length", "1")
            .header("transfer-encoding", "chunked")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .body(Bytes::from_static(b"four"))
            .unwrap();
        let (parts, body) = response.into_parts();
        let header = header_of(&parts, &body).unwrap();
        assert_eq!(header.headers[CONTENT_LENGTH], "4");
        assert!(!header.headers.contains_key(TRANSFER_ENCODING));
        assert_eq!(header.headers.get_all("set-cookie").iter().count(), 2);
    }
}
