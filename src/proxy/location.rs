//! Redirects of a portal to its own inner address: nobody outside can follow them, and they tell where
//! the portal is. Rewritten to the address that the browser asked for. Not here: any other redirect.

use http::header::{CONTENT_LOCATION, LOCATION};
use http::{HeaderName, HeaderValue};
use pingora::http::ResponseHeader;

use crate::config::Upstream;

/// Rewrites `Location` and `Content-Location`. `public`: scheme, `://`, and host as it was asked for.
///
/// # Errors
///
/// None in practice: what is put back is a field value.
pub(super) fn rewrite(
    response: &mut ResponseHeader,
    upstream: &Upstream,
    public: impl Fn() -> Option<String>,
) -> pingora::Result<()> {
    for name in [LOCATION, CONTENT_LOCATION] {
        let Some(value) = response.headers.get(&name) else { continue };
        let Some(rest) = value.to_str().ok().and_then(|value| behind_inner(value, upstream)) else {
            continue;
        };
        let Some(rewritten) = public().map(|public| public + rest) else { continue };
        put(response, &name, &rewritten)?;
        tracing::debug!(upstream = upstream.name, %name, "a portal named its inner address");
    }
    Ok(())
}

fn put(response: &mut ResponseHeader, name: &HeaderName, value: &str) -> pingora::Result<()> {
    match HeaderValue::from_str(value) {
        Ok(value) => response.insert_header(name.clone(), value).map(drop),
        Err(_) => Ok(()),
    }
}

/// What follows the inner address in a redirect to it, starting with `/`, `?`, `#` or nothing.
fn behind_inner<'a>(value: &'a str, upstream: &Upstream) -> Option<&'a str> {
    let after = value
        .strip_prefix("http://")
        .or_else(|| value.strip_prefix("https://"))
        .or_else(|| value.strip_prefix("//"))?;
    let end = after.find(['/', '?', '#', '\\']).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end)?;
    if rest.starts_with('\\') {
        return None;
    }
    let is_inner =
        upstream.servers.iter().any(|server| {
            let whole = server.authority();
            let bare = whole.strip_suffix(&format!(":{}", server.port));
            let is_usual = matches!((server.tls, server.port), (false, 80) | (true, 443));
            authority.eq_ignore_ascii_case(&whole)
                || (is_usual && bare.is_some_and(|bare| authority.eq_ignore_ascii_case(bare)))
        }) || upstream.host.as_deref().is_some_and(|host| authority.eq_ignore_ascii_case(host));
    is_inner.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Server;
    use crate::proxy::tests::upstream;

    #[test]
    fn only_an_inner_address_is_rewritten_and_what_follows_it_stays() {
        let server = |host: &str, port, tls| Server { host: host.to_owned(), port, tls };
        let mut upstream = upstream(vec![
            server("127.0.0.1", 3000, false),
            server("inner", 80, false),
            server("::1", 8443, true),
        ]);
        upstream.host = Some("portal.internal".to_owned());
        let table = [
            ("http://127.0.0.1:3000/a?b#c", Some("/a?b#c")),
            ("https://127.0.0.1:3000", Some("")),
            ("//127.0.0.1:3000/x", Some("/x")),
            ("http://inner/x", Some("/x")),
            ("http://INNER:80/x", Some("/x")),
            ("https://[::1]:8443/x", Some("/x")),
            ("http://portal.internal/x", Some("/x")),
            ("http://127.0.0.1:3001/x", None),
            ("http://127.0.0.1/x", None),
            ("http://127.0.0.1:3000.evil.example/x", None),
            ("http://127.0.0.1:3000@evil.example/x", None),
            ("http://127.0.0.1:3000\\@evil.example/x", None),
            ("http://evil.example/http://127.0.0.1:3000/", None),
            ("/x", None),
            ("https://portal.example.org/x", None),
            ("", None),
        ];
        for (value, expected) in table {
            assert_eq!(behind_inner(value, &upstream), expected, "{value}");
        }
    }
}
