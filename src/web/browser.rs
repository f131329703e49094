//! The browser at the other end: which one it is, whether a form was ours and sent from our own page,
//! and whether it has signed in here before. None of it proves who somebody is.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::keys::{Keyring, Purpose, Verified};
use crate::points::Timestamp;
use crate::sessions::{Name, SessionKey, cookies};

/// Long enough to read a mail, short enough that a shared machine forgets.
const BROWSER_AGE: Duration = Duration::from_secs(3600);

/// A browser, by its cookie. Binds forms and transactions.
#[derive(Clone, Copy, Debug)]
pub struct Browser {
    name: Name,
    /// It sent no cookie of ours: its forms cannot be taken yet.
    pub is_new: bool,
}

impl Browser {
    /// The browser that sent these `Cookie` fields, or a new one.
    #[must_use]
    pub fn of(fields: &[&[u8]], keys: &Keyring, now: Timestamp) -> Self {
        let token = cookies::find(fields.iter().copied(), cookies::BROWSER);
        let known = token.and_then(|token| Name::parse(token, Purpose::Browser, keys, now));
        match known {
            Some((name, _)) => Self { name, is_new: false },
            None => Self { name: Name::random(), is_new: true },
        }
    }

    /// What transactions are sealed with.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        self.name.bytes()
    }

    /// Sent with every page, so that the hour begins anew.
    #[must_use]
    pub fn cookie(&self, keys: &Keyring) -> String {
        let token = self.name.token(Purpose::Browser, keys);
        cookies::set(cookies::BROWSER, &token, Some(BROWSER_AGE))
    }

    /// For the hidden field `csrf`: made for this browser and whoever is signed in.
    #[must_use]
    pub fn csrf(&self, session: Option<SessionKey>, keys: &Keyring) -> String {
        let of = session.map(|session| mark(session, keys)).unwrap_or_default();
        keys.sign(Purpose::Csrf, &[self.id(), of.as_bytes()])
            .map(|signed| format!("{}.{}.{of}", signed.key, BASE64.encode(signed.mac)))
            .unwrap_or_default()
    }

    /// For whom the field was made.
    ///
    /// The browser alone is not enough while somebody is signed in: its cookie lives an hour, and a
    /// script of the portal can put a stranger's in its place. One that was made for a session is good
    /// after its end; all that it can do then is sign in.
    pub fn made(
        &self,
        csrf: &str,
        session: Option<SessionKey>,
        keys: &Keyring,
        now: Timestamp,
    ) -> Made {
        let mut parts = csrf.splitn(3, '.');
        let (Some(key), Some(mac), Some(of)) = (parts.next(), parts.next(), parts.next()) else {
            return Made::ForAnother;
        };
        let Ok(mac) = BASE64.decode(mac) else { return Made::ForAnother };
        let input: [&[u8]; 2] = [self.id(), of.as_bytes()];
        if self.is_new || keys.verify(Purpose::Csrf, key, &input, &mac, now).is_none() {
            return Made::ForAnother;
        }
        match session.map(|session| mark(session, keys)) {
            None => Made::ForThis,
            Some(mark) if mark == of => Made::ForThis,
            Some(_) if of.is_empty() => Made::BeforeTheSignIn,
            Some(_) => Made::ForAnother,
        }
    }
}

/// Whose form it is.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Made {
    ForThis,
    /// By this browser, while nobody was signed in: another tab has signed in meanwhile.
    BeforeTheSignIn,
    ForAnother,
}

/// Tells sessions apart in a form without telling their keys.
fn mark(session: SessionKey, keys: &Keyring) -> String {
    let hex: String = session.0.iter().map(|byte| format!("{byte:02x}")).collect();
    keys.fingerprint("session", &hex)
}

/// A browser that has signed in here before, whoever as. Worth a budget of tries of its own.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    name: Name,
    pub is_new: bool,
    /// Its key is being retired: hand it out anew, or the browser is a stranger tomorrow.
    pub is_of_older_key: bool,
}

impl Device {
    #[must_use]
    pub fn of(fields: &[&[u8]], keys: &Keyring, now: Timestamp) -> Self {
        let token = cookies::find(fields.iter().copied(), cookies::DEVICE);
        let known = token.and_then(|token| Name::parse(token, Purpose::KnownBrowser, keys, now));
        match known {
            Some((name, verified)) => {
                Self { name, is_new: false, is_of_older_key: verified == Verified::Older }
            }
            None => Self { name: Name::random(), is_new: true, is_of_older_key: false },
        }
    }

    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.name.hash().0
    }

    #[must_use]
    pub fn cookie(&self, keys: &Keyring) -> String {
        let token = self.name.token(Purpose::KnownBrowser, keys);
        cookies::set(cookies::DEVICE, &token, Some(cookies::DEVICE_AGE))
    }
}

/// What a browser shows of a device that was remembered, as the store knows it.
#[must_use]
pub(super) fn remembered(fields: &[&[u8]], keys: &Keyring, now: Timestamp) -> Option<[u8; 32]> {
    let token = cookies::find(fields.iter().copied(), cookies::REMEMBERED)?;
    Name::parse(token, Purpose::RememberedDevice, keys, now).map(|(name, _)| name.hash().0)
}

/// Whether a browser says that a form came from a page of this very origin.
///
/// `Sec-Fetch-Site` where the browser sends it; else `Origin`; else `Referer`. None of the three, or
/// one that says otherwise, is a no: every browser sends one with a form.
#[must_use]
pub(super) fn is_from_own_page(headers: &http::HeaderMap, authority: &str, is_tls: bool) -> bool {
    let field = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let fetch_site = field("sec-fetch-site");
    let origin = field("origin");
    let referer = field("referer").and_then(origin_of);
    match (fetch_site, origin, referer) {
        (Some(site), Some(origin), _) => {
            site == "same-origin" && is_own_origin(origin, authority, is_tls)
        }
        (Some(site), None, _) => site == "same-origin",
        (None, Some(origin), _) => is_own_origin(origin, authority, is_tls),
        (None, None, Some(origin)) => is_own_origin(&origin, authority, is_tls),
        (None, None, None) => false,
    }
}

fn is_own_origin(origin: &str, authority: &str, is_tls: bool) -> bool {
    let Some((scheme, sent)) = origin.split_once("://") else { return false };
    let default = if scheme == "https" { ":443" } else { ":80" };
    let bare = |text: &str| text.strip_suffix(default).unwrap_or(text).to_ascii_lowercase();
    // Over TLS only an https page is ours; without TLS a proxy in front may have ended it.
    matches!((scheme, is_tls), ("https", _) | ("http", false)) && bare(sent) == bare(authority)
}

/// `scheme://authority` of an address.
fn origin_of(url: &str) -> Option<String> {
    let mut parts = url.split('/');
    let (scheme, _, authority) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{scheme}//{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    #[test]
    fn a_form_is_good_in_the_browser_it_was_made_for_and_for_no_other_session() {
        let keys = Keyring::generate();
        let fresh = Browser::of(&[], &keys, NOW);
        assert!(fresh.is_new);
        let early = fresh.csrf(None, &keys);
        let made = fresh.made(&early, None, &keys, NOW);
        assert_eq!(made, Made::ForAnother, "the cookie has to come back first");
        let cookie = fresh.cookie(&keys);
        let pair = cookie.split(';').next().unwrap().as_bytes();
        let back = Browser::of(&[pair], &keys, NOW);
        assert!(!back.is_new);
        let (one, two) = (Some(SessionKey([1; 16])), Some(SessionKey([2; 16])));
        for (made_in, sent_in, made) in [
            (None, None, Made::ForThis),
            (None, one, Made::BeforeTheSignIn),
            (one, one, Made::ForThis),
            (one, None, Made::ForThis),
            (one, two, Made::ForAnother),
        ] {
            let csrf = fresh.csrf(made_in, &keys);
            assert_eq!(back.made(&csrf, sent_in, &keys, NOW), made, "{made_in:?} {sent_in:?}");
        }
        let other = Browser::of(&[], &keys, NOW);
        assert_eq!(back.made(&other.csrf(None, &keys), None, &keys, NOW), Made::ForAnother);
        let of_one = fresh.csrf(one, &keys);
        let (without, _) = of_one.rsplit_once('.').unwrap();
        for wrong in ["", ".", "..", "x.y", "x.y.z", "null", without, &format!("{without}.")] {
            assert_eq!(back.made(wrong, two, &keys, NOW), Made::ForAnother, "{wrong}");
        }
    }

    #[test]
    fn a_form_is_taken_only_from_our_own_page() {
        type Row = (Option<&'static str>, Option<&'static str>, Option<&'static str>, bool);
        let own = "https://portal.example.org";
        let table: [Row; 14] = [
            (Some("same-origin"), Some(own), None, true),
            (Some("same-origin"), None, None, true),
            (Some("cross-site"), Some(own), None, false),
            (Some("same-site"), None, None, false),
            (Some("none"), None, None, false),
            (Some("same-origin"), Some("https://evil.test"), None, false),
            (None, Some(own), None, true),
            (None, Some("https://portal.example.org:443"), None, true),
            (None, Some("http://portal.example.org"), None, false),
            (None, Some("null"), None, false),
            (None, Some("https://portal.example.org.evil.test"), None, false),
            (None, None, Some("https://portal.example.org/.scoregate/sign-in?tx=x"), true),
            (None, None, Some("https://evil.test/https://portal.example.org/"), false),
            (None, None, None, false),
        ];
        for (site, origin, referer, taken) in table {
            let mut headers = http::HeaderMap::new();
            let mut set = |name: &'static str, value: Option<&'static str>| {
                if let Some(value) = value {
                    headers.insert(name, http::HeaderValue::from_static(value));
                }
            };
            set("sec-fetch-site", site);
            set("origin", origin);
            set("referer", referer);
            assert_eq!(
                is_from_own_page(&headers, "portal.example.org", true),
                taken,
                "{site:?} {origin:?} {referer:?}"
            );
        }
    }
}
