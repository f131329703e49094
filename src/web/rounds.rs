//! How often in a row a browser has come back without what it had just shown: it was sent on with a
//! session, and asks for the same address as somebody who has none, or not enough. Such a sign-in would begin
//! anew for ever. The count is in a sealed cookie of ten minutes and nowhere else: strangers cost no memory. It
//! decides nothing but which page is shown, and whoever gets in loses it.
//!
//! Not here: browsers that keep no cookie at all; their first form says so (`router::not_taken`).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use crate::journey::ReturnAddress;
use crate::keys::Keyring;
use crate::points::Timestamp;
use crate::sessions::cookies;

/// Once may be a page that was closed, twice a coincidence.
const MOST: u8 = 3;
/// Between one return and the next.
const AGE: Duration = Duration::from_secs(600);

/// What the cookie says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rounds {
    /// Fingerprint of the address; the cookie is no list of what people look at.
    #[serde(rename = "p")]
    place: String,
    /// How often it came back.
    #[serde(rename = "n")]
    count: u8,
    /// It was sent on, and has not been seen since.
    #[serde(rename = "s")]
    is_sent: bool,
    /// Milliseconds.
    #[serde(rename = "a")]
    at: u64,
}

impl Rounds {
    /// `None`: there is no such cookie, or one that is too old, of another host or not ours.
    #[must_use]
    pub fn of(fields: &[&[u8]], keys: &Keyring, host: &str, now: Timestamp) -> Option<Self> {
        let token = cookies::find(fields.iter().copied(), cookies::ROUNDS)?;
        let sealed = BASE64.decode(token).ok()?;
        let rounds: Self = serde_json::from_slice(&keys.open(&place(host), &sealed)?).ok()?;
        (now < Timestamp::from_millis(rounds.at).after(AGE)).then_some(rounds)
    }

    /// It has shown something on its way to this address and is sent on.
    #[must_use]
    pub fn sent(before: Option<&Self>, to: &ReturnAddress, keys: &Keyring, now: Timestamp) -> Self {
        let place = fingerprint(to, keys);
        let count = before.filter(|before| before.place == place).map_or(0, |before| before.count);
        Self { place, count, is_sent: true, at: now.as_millis() }
    }

    /// It asks for this address as if nothing had been shown. `None`: it was not sent there.
    #[must_use]
    pub fn back(&self, to: &ReturnAddress, keys: &Keyring, now: Timestamp) -> Option<Self> {
        (self.is_sent && self.place == fingerprint(to, keys)).then(|| Self {
            place: self.place.clone(),
            count: self.count.saturating_add(1),
            is_sent: false,
            at: now.as_millis(),
        })
    }

    /// One more time would not help.
    #[must_use]
    pub const fn are_in_vain(&self) -> bool {
        self.count >= MOST
    }

    #[must_use]
    pub fn cookie(&self, keys: &Keyring, host: &str) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        cookies::set(cookies::ROUNDS, &BASE64.encode(keys.seal(&place(host), &json)), Some(AGE))
    }
}

fn place(host: &str) -> String {
    format!("rounds:{host}")
}

fn fingerprint(to: &ReturnAddress, keys: &Keyring) -> String {
    keys.fingerprint("rounds", to.target())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn to(path: &str) -> ReturnAddress {
        ReturnAddress::accept(path, "h").unwrap()
    }

    #[test]
    fn the_third_return_to_one_address_is_in_vain_and_others_are_not_counted() {
        let keys = Keyring::generate();
        let sent = |before: Option<&Rounds>, path| Rounds::sent(before, &to(path), &keys, NOW);
        let back = |rounds: &Rounds, path| rounds.back(&to(path), &keys, NOW);
        let first = back(&sent(None, "/a"), "/a").unwrap();
        assert_eq!(back(&first, "/a"), None, "looking at the page again is no round");
        // Two steps of one sign-in are one round.
        let again = sent(Some(&sent(Some(&first), "/a")), "/a");
        let second = back(&again, "/a#fragment").unwrap();
        assert!(!first.are_in_vain() && !second.are_in_vain());
        let third = back(&sent(Some(&second), "/a"), "/a").unwrap();
        assert!(third.are_in_vain());
        assert_eq!(back(&sent(Some(&second), "/a"), "/b"), None);
        assert!(!back(&sent(Some(&third), "/b"), "/b").unwrap().are_in_vain());
        let round = |before: Rounds, _| back(&sent(Some(&before), "/a"), "/a").unwrap();
        assert!((0..300).fold(third, round).are_in_vain(), "a count that came round again");
    }

    #[test]
    fn a_count_is_good_for_its_host_and_ten_minutes_and_says_no_address() {
        let keys = Keyring::generate();
        let rounds = Rounds::sent(None, &to("/secret"), &keys, NOW);
        let cookie = rounds.cookie(&keys, "h");
        let pair = cookie.split(';').next().unwrap();
        assert!(cookie.contains("Max-Age=600") && cookie.contains("HttpOnly"), "{cookie}");
        let of = |pair: &str, host, now| Rounds::of(&[pair.as_bytes()], &keys, host, now);
        assert_eq!(of(pair, "h", NOW), Some(rounds));
        assert_eq!(of(pair, "other", NOW), None);
        assert_eq!(of(pair, "h", NOW.after(AGE)), None);
        assert_eq!(Rounds::of(&[pair.as_bytes()], &Keyring::generate(), "h", NOW), None);
        for wrong in ["", "AAAA", "null", &pair[20..]] {
            assert_eq!(of(&format!("{}={wrong}", cookies::ROUNDS), "h", NOW), None, "{wrong}");
        }
        let sealed = BASE64.decode(pair.split_once('=').unwrap().1).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("secret"));
    }
}
