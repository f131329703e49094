//! A transaction: where a person is going, and what the next page has to say. It travels in the
//! address of our pages, sealed, so that two tabs do not disturb each other and no row is written
//! before the first proof.
//!
//! It deliberately does not know how far the person has come. That is decided anew from the session's
//! evidence at every page, so there is no field that could name a step.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::return_address::ReturnAddress;
use crate::keys::Keyring;
use crate::points::{Level, Timestamp};

/// How long a page of ours can be left open.
const LIFETIME: std::time::Duration = std::time::Duration::from_secs(3600);

/// What the next page says about the last answer. Shown once; it decides nothing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    Wrong {
        tries_left: Option<u32>,
    },
    Empty,
    NotAnAnswer,
    Expired,
    UsedAlready,
    ClockOff,
    /// A new code was sent.
    Resent,
    /// A new code was asked for too early.
    TooEarly,
    NotSent,
    /// The method waits until this instant, in milliseconds.
    Throttled(u64),
    /// Everything waits: too many answers at once.
    Busy,
    /// The password cannot be used; the key of the reason.
    Password(String),
    /// A recovery code was used; so many are left.
    RecoveryLeft(u32),
}

/// A request that was refused and is made again once enough has been shown: not by us, so only what it
/// asks matters here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opening {
    /// The method of HTTP, as it was sent.
    pub method: String,
    pub target: ReturnAddress,
}

/// Where a person is going.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transaction {
    pub return_to: ReturnAddress,
    /// What is to be opened, where that is not the page to return to: a call that a page's script made.
    pub opening: Option<Opening>,
    /// What a change of methods asks, freshly, where the person is going to make one. It only chooses what
    /// is offered on the way: the page that they come back to asks anew.
    pub change: Option<Level>,
    /// Begun by somebody who was signed in already: "confirm" rather than "sign in".
    pub is_step_up: bool,
    pub begun_at: Timestamp,
    pub notice: Option<Notice>,
    /// What was typed as a name, so that it need not be typed again.
    pub typed_name: Option<String>,
    /// A code by this method was sent during this journey (its name).
    pub sent: Option<String>,
    /// When the next code can be asked for.
    pub resend_at: Option<Timestamp>,
    /// The language that was chosen by hand.
    pub language: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Sealed {
    r: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    o: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    u: bool,
    b: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<Notice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<u64>,
}

impl Transaction {
    #[must_use]
    pub const fn begin(return_to: ReturnAddress, is_step_up: bool, now: Timestamp) -> Self {
        Self {
            return_to,
            opening: None,
            change: None,
            is_step_up,
            begun_at: now,
            notice: None,
            typed_name: None,
            sent: None,
            resend_at: None,
            language: None,
        }
    }

    #[must_use]
    pub const fn with_change(mut self, level: Option<Level>) -> Self {
        self.change = level;
        self
    }

    #[must_use]
    pub fn with_notice(mut self, notice: Option<Notice>) -> Self {
        self.notice = notice;
        self
    }

    /// For the address: sealed for this host and this browser.
    #[must_use]
    pub fn token(&self, keys: &Keyring, host: &str, browser: &[u8; 32]) -> String {
        let sealed = Sealed {
            r: self.return_to.as_str().to_owned(),
            o: self
                .opening
                .as_ref()
                .map(|opening| (opening.method.clone(), opening.target.as_str().to_owned())),
            c: self.change.map(Level::value),
            u: self.is_step_up,
            b: self.begun_at.as_millis(),
            n: self.notice.clone(),
            t: self.typed_name.clone(),
            s: self.sent.clone(),
            l: self.language.clone(),
            a: self.resend_at.map(Timestamp::as_millis),
        };
        let json = serde_json::to_vec(&sealed).unwrap_or_default();
        BASE64.encode(keys.seal(&place(host, browser), &json))
    }

    /// `None`: of another host or browser, too old, or not ours. The journey then begins anew with
    /// the start page as its end.
    #[must_use]
    pub fn parse(
        token: &str,
        keys: &Keyring,
        host: &str,
        browser: &[u8; 32],
        now: Timestamp,
    ) -> Option<Self> {
        let sealed = BASE64.decode(token).ok()?;
        let json = keys.open(&place(host, browser), &sealed)?;
        let sealed: Sealed = serde_json::from_slice(&json).ok()?;
        let begun_at = Timestamp::from_millis(sealed.b);
        if now >= begun_at.after(LIFETIME) {
            return None;
        }
        let opening = match sealed.o {
            Some((method, target)) => {
                Some(Opening { method, target: ReturnAddress::accept(&target, host)? })
            }
            None => None,
        };
        Some(Self {
            return_to: ReturnAddress::accept(&sealed.r, host)
                .or_else(|| ReturnAddress::of_the_account(&sealed.r))?,
            change: sealed.c.and_then(Level::new),
            opening,
            is_step_up: sealed.u,
            begun_at,
            notice: sealed.n,
            typed_name: sealed.t,
            sent: sealed.s,
            language: sealed.l,
            resend_at: sealed.a.map(Timestamp::from_millis),
        })
    }
}

fn place(host: &str, browser: &[u8; 32]) -> String {
    format!("transaction:{host}:{}", BASE64.encode(browser))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);
    const BROWSER: [u8; 32] = [7; 32];

    #[test]
    fn a_transaction_is_good_for_its_host_its_browser_and_an_hour() {
        let keys = Keyring::generate();
        let mut transaction =
            Transaction::begin(ReturnAddress::accept("/a?b=c", "h").unwrap(), true, NOW);
        transaction.typed_name = Some("anna".to_owned());
        transaction.opening = Some(Opening {
            method: "POST".to_owned(),
            target: ReturnAddress::accept("/api/c", "h").unwrap(),
        });
        transaction.notice = Some(Notice::Wrong { tries_left: Some(2) });
        let token = transaction.token(&keys, "h", &BROWSER);
        let parse =
            |host, browser: &[u8; 32], now| Transaction::parse(&token, &keys, host, browser, now);
        assert_eq!(parse("h", &BROWSER, NOW), Some(transaction));
        assert_eq!(parse("other", &BROWSER, NOW), None);
        assert_eq!(parse("h", &[8; 32], NOW), None);
        assert!(
            parse("h", &BROWSER, NOW.after(LIFETIME - std::time::Duration::from_millis(1)))
                .is_some()
        );
        assert_eq!(parse("h", &BROWSER, NOW.after(LIFETIME)), None);
        assert_eq!(Transaction::parse("", &keys, "h", &BROWSER, NOW), None);
        assert!(!token.contains("anna"), "a name must not be legible in an address");
    }
}
