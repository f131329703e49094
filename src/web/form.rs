//! A form that was sent: bounded, unambiguous, from our own page, in the browser it was made for. Not
//! here: what its fields mean.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// No form of ours has more fields.
const MOST_FIELDS: usize = 32;

/// Why a form is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum NotAForm {
    #[error("the body is not a form")]
    Body,
    #[error("the form was not sent from a page of this site")]
    NotFromHere,
    #[error("the browser did not send the cookie that belongs to the form")]
    NoCookie,
    #[error("the form was made for another browser, or too long ago")]
    NotForThisBrowser,
    #[error("the form was made before somebody signed in")]
    BeforeTheSignIn,
}

/// The fields of a form, each at most once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded` and nothing else.
    ///
    /// # Errors
    /// [`NotAForm::Body`]; nothing of it is used.
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, NotAForm> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
        let is_form = essence
            .is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        if !is_form || std::str::from_utf8(body).is_err() {
            return Err(NotAForm::Body);
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(body).take(MOST_FIELDS + 1) {
            // A field that is there twice means two things to two readers.
            if fields.len() == MOST_FIELDS || fields.iter().any(|(known, _)| *known == name) {
                return Err(NotAForm::Body);
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// All fields, in their order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A field's value; empty where it is not there.
    #[must_use]
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn parse(content_type: &'static str, body: &[u8]) -> Result<Form, NotAForm> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Form::parse(&headers, body)
    }

    #[test]
    fn a_form_has_each_field_once() {
        let urlencoded = "application/x-www-form-urlencoded";
        let form =
            parse("application/x-www-form-urlencoded; charset=utf-8", b"a=1&b=%C3%A9+x").unwrap();
        assert_eq!((form.field("a"), form.field("b"), form.field("c")), ("1", "\u{e9} x", ""));
        for (content_type, body) in [
            (urlencoded, &b"a=1&a=2"[..]),
            (urlencoded, b"a=\xff"),
            ("text/plain", b"a=1"),
            ("application/json", b"{\"a\":1}"),
            ("multipart/form-data; boundary=x", b"--x--"),
            ("", b"a=1"),
        ] {
            assert!(parse(content_type, body).is_err(), "{content_type} {body:?}");
        }
        let many = (0..33).map(|n| format!("f{n}=")).collect::<Vec<_>>().join("&");
        assert!(parse(urlencoded, many.as_bytes()).is_err());
        assert!(Form::parse(&HeaderMap::new(), b"a=1").is_err());
    }
}
