//! Our cookies: their names, how one is found among a browser's cookies, and how one is set. The
//! match is exact, byte for byte; whatever only looks like ours is not ours. Not here: what is in them.

use std::time::Duration;

use cookie::time::Duration as CookieDuration;
use cookie::{Cookie, SameSite};

/// The name of a session. Lives as long as the browser.
pub const SESSION: &str = "__Host-scoregate";
/// Which browser this is: binds forms and transactions. Never a session.
pub const BROWSER: &str = "__Host-scoregate-browser";
/// A browser that has signed in here before. Worth no points.
pub const DEVICE: &str = "__Host-scoregate-device";

/// How often a browser came back from a completed challenge and was asked again. Ten minutes.
pub const ROUNDS: &str = "__Host-scoregate-rounds";

/// A device on which its user need not show a second step for a while.
pub const REMEMBERED: &str = "__Host-scoregate-remembered";

/// How long a browser keeps [`DEVICE`] after it was last set: what browsers grant at most. What the store
/// knows of a browser that was not seen for this long names nobody any more.
pub const DEVICE_AGE: Duration = Duration::from_secs(400 * 86_400);

/// Every name that is ours: removed from what goes to a portal and from what a portal sets.
pub const ALL: [&str; 5] = [SESSION, BROWSER, DEVICE, ROUNDS, REMEMBERED];

/// The value of the one cookie of this name over all `Cookie` fields.
///
/// `None` as well where it is there twice: a second one was put there by somebody else (a sibling
/// host, a cookie jar that overflowed), and choosing between them would let them choose.
pub fn find<'a>(fields: impl IntoIterator<Item = &'a [u8]>, name: &str) -> Option<&'a str> {
    let mut found = None;
    for field in fields {
        // The legacy syntax of RFC 2965 can hide a name from one parser and not from another.
        if field.starts_with(b"$") {
            return None;
        }
        for pair in field.split(|byte| *byte == b';') {
            let pair = pair.strip_prefix(b" ").unwrap_or(pair);
            let Some(value) =
                pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
            else {
                continue;
            };
            if found.is_some() {
                return None;
            }
            found = Some(value);
        }
    }
    std::str::from_utf8(found?).ok().filter(|value| value.bytes().all(is_token_char))
}

const fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// A `Set-Cookie` value. `None` as age: as long as the browser runs.
#[must_use]
pub fn set(name: &'static str, value: &str, age: Option<Duration>) -> String {
    let mut cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax);
    if let Some(age) = age {
        let secs = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        cookie = cookie.max_age(CookieDuration::seconds(secs));
    }
    cookie.build().to_string()
}

/// A `Set-Cookie` value that takes the cookie away. Of a session, only sign-out does.
#[must_use]
pub fn clear(name: &'static str) -> String {
    set(name, "", Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fields: &[&str]) -> Option<String> {
        find(fields.iter().map(|field| field.as_bytes()), SESSION).map(str::to_owned)
    }

    #[test]
    fn a_cookie_is_ours_only_under_exactly_its_name() {
        for (fields, value) in [
            (&["__Host-scoregate=x"][..], Some("x")),
            (&["a=b; __Host-scoregate=x; c=d"], Some("x")),
            (&["a=b;__Host-scoregate=x"], Some("x")),
            (&["a=b", "__Host-scoregate=x"], Some("x")),
            (&["__Host-scoregate=x; __Host-scoregate=y"], None),
            (&["__Host-scoregate=x", "__Host-scoregate=x"], None),
            (&["__Host-scoregate=x;__Host-scoregate="], None),
            (&["\u{2000}__Host-scoregate=x"], None),
            (&["%5F_Host-scoregate=x"], None),
            (&["__host-scoregate=x"], None),
            (&["__Host-scoregate =x"], None),
            (&["  __Host-scoregate=x"], None),
            (&["\t__Host-scoregate=x"], None),
            (&["=__Host-scoregate=x"], None),
            (&["__Host-scoregate"], None),
            (&["$Version=1; __Host-scoregate=x"], None),
            (&["__Host-scoregate=\"x\""], None),
            (&["a=b,__Host-scoregate=x"], None),
            (&["__Host-scoregate-browser=x"], None),
            (&[], None),
        ] {
            assert_eq!(found(fields).as_deref(), value, "{fields:?}");
        }
    }

    #[test]
    fn a_cookie_is_set_with_every_protection_a_browser_knows() {
        assert_eq!(
            set(SESSION, "v1.a.b.c", None),
            "__Host-scoregate=v1.a.b.c; HttpOnly; SameSite=Lax; Secure; Path=/"
        );
        assert_eq!(
            clear(SESSION),
            "__Host-scoregate=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0"
        );
    }
}
