//! The question that a browser asks before a script of another origin's page calls (CORS preflight; Fetch
//! standard, section 4.9): what is one, and what of it a portal gets. A browser sends it without
//! cookies, so it can never show who somebody is. Whatever carries credentials, a body or anything else that
//! no browser would send with it is no such question and is asked for all that its route asks.
//!
//! Not here: which route lets which origins ask (the gate), and the portal's answer.

use http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION,
    CONTENT_LENGTH, COOKIE, HOST, ORIGIN, PROXY_AUTHORIZATION, TRANSFER_ENCODING, USER_AGENT,
};
use http::{HeaderMap, HeaderName, Method};

use crate::proxy::Head;

/// The origin of the page whose script wants to call; `None`: it is no preflight.
pub(super) fn origin<'a>(head: &Head<'a>) -> Option<&'a str> {
    (*head.method == Method::OPTIONS && !head.upgrade).then(|| of(head.headers)).flatten()
}

fn of(headers: &HeaderMap) -> Option<&str> {
    let origin = only(headers, &ORIGIN)?;
    only(headers, &ACCESS_CONTROL_REQUEST_METHOD)?;
    let carries = [&COOKIE, &AUTHORIZATION, &PROXY_AUTHORIZATION, &TRANSFER_ENCODING];
    let has_body = headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0");
    let says = |name: &str, value: &str| headers.get_all(name).iter().all(|said| said == value);
    let is_plain = !carries.into_iter().any(|name| headers.contains_key(name))
        && !has_body
        && says("sec-fetch-mode", "cors")
        && says("sec-fetch-dest", "empty");
    is_plain.then_some(origin)
}

/// The value of a field that is there once and says something.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    (values.next().is_none() && !value.is_empty()).then_some(value)
}

/// Every field that is no part of the question. They come from somebody who is not known, and the portal
/// was told that it need not fear such.
pub(super) fn others(headers: &HeaderMap) -> Vec<HeaderName> {
    let of_the_question = [
        HOST,
        ORIGIN,
        ACCESS_CONTROL_REQUEST_METHOD,
        ACCESS_CONTROL_REQUEST_HEADERS,
        HeaderName::from_static("access-control-request-private-network"),
        ACCEPT,
        USER_AGENT,
        CONTENT_LENGTH,
    ];
    headers.keys().filter(|name| !of_the_question.contains(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    type Fields = &'static [(&'static str, &'static str)];

    fn headers(fields: Fields) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        fields.iter().map(pair).collect()
    }

    #[test]
    fn only_what_a_browser_sends_before_a_call_is_a_preflight() {
        const ORIGIN: (&str, &str) = ("origin", "https://app.example.org");
        const METHOD: (&str, &str) = ("access-control-request-method", "PUT");
        let table: [(Fields, bool); 17] = [
            (&[ORIGIN, METHOD], true),
            (&[ORIGIN, METHOD, ("access-control-request-headers", "x-a")], true),
            (&[ORIGIN, METHOD, ("content-length", "0")], true),
            (&[ORIGIN, METHOD, ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")], true),
            (&[ORIGIN], false),
            (&[METHOD], false),
            (&[("origin", ""), METHOD], false),
            (&[ORIGIN, ("access-control-request-method", "")], false),
            (&[ORIGIN, ("origin", "https://evil.test"), METHOD], false),
            (&[ORIGIN, METHOD, ("access-control-request-method", "GET")], false),
            (&[ORIGIN, METHOD, ("cookie", "a=b")], false),
            (&[ORIGIN, METHOD, ("authorization", "Bearer x")], false),
            (&[ORIGIN, METHOD, ("content-length", "5")], false),
            (&[ORIGIN, METHOD, ("content-length", "0"), ("content-length", "5")], false),
            (&[ORIGIN, METHOD, ("transfer-encoding", "chunked")], false),
            (&[ORIGIN, METHOD, ("sec-fetch-mode", "navigate")], false),
            (&[ORIGIN, METHOD, ("sec-fetch-dest", "document")], false),
        ];
        for (fields, is_one) in table {
            let expected = is_one.then_some("https://app.example.org");
            assert_eq!(of(&headers(fields)), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_portal_gets_the_question_and_nothing_else_of_a_preflight() {
        let sent = headers(&[
            ("host", "portal.example.org"),
            ("origin", "https://app.example.org"),
            ("access-control-request-method", "PUT"),
            ("x-http-method-override", "DELETE"),
            ("x-api-key", "k"),
            ("referer", "https://app.example.org/"),
        ]);
        let mut removed: Vec<String> = others(&sent).iter().map(ToString::to_string).collect();
        removed.sort_unstable();
        assert_eq!(removed, ["referer", "x-api-key", "x-http-method-override"]);
    }
}
