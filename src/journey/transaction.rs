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
use crate::methods::Rejection;
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
    /// A passkey did not prove anything.
    PasskeyWrong,
    /// The answer to a challenge came too late, or came twice.
    PasskeyLate,
    /// A passkey that nobody has here any more: its id in base64url, for the browser to forget it;
    /// empty where it is too long for an address.
    PasskeyUnknown(String),
    /// A passkey of another user.
    PasskeyOfAnother,
    /// The password cannot be used; the key of the reason.
    Password(String),
    /// A recovery code was used; so many are left.
    RecoveryLeft(u32),
}

/// Longer ids of credentials are not carried in an address.
const LONGEST_CARRIED: usize = 256;

impl Notice {
    pub(super) fn unknown_passkey(id: &[u8]) -> Self {
        let id = if id.len() > LONGEST_CARRIED { &[][..] } else { id };
        Self::PasskeyUnknown(BASE64.encode(id))
    }

    /// Of a passkey, all that is wrong looks alike.
    pub(super) const fn of_passkey(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Expired | Rejection::UsedAlready => Self::PasskeyLate,
            Rejection::Throttled { until } => Self::Throttled(until.as_millis()),
            Rejection::Wrong { .. }
            | Rejection::Empty
            | Rejection::NotAnAnswer
            | Rejection::Copied
            | Rejection::ClockOff => Self::PasskeyWrong,
        }
    }
}

/// A request that was refused and is made again once enough has been shown: not by us and not by way of
/// a return address, so only what it asks matters here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opening {
    method: String,
    path: String,
}

/// The longest path of an opening that is kept, in bytes. Beside a return address of
/// [`Opening::LONGEST_RETURN`] the whole still fits into an address that the gateway takes.
const LONGEST_OPENING: usize = 1024;
/// No method that a rule names is longer.
const LONGEST_METHOD: usize = 32;

impl Opening {
    /// The longest return address beside an opening, in bytes.
    pub const LONGEST_RETURN: usize = 2048;

    /// As it was sent. Rules ask for a path, segment by segment, so the query goes, and what is left of
    /// a long path is what all rules but absurd ones look at.
    #[must_use]
    pub fn of(method: &str, target: &str) -> Self {
        let mut path = target.split_once('?').map_or(target, |(path, _)| path);
        while path.len() > LONGEST_OPENING {
            path = path.rfind('/').and_then(|at| path.get(..at)).unwrap_or_default();
        }
        let path = if path.is_empty() { "/" } else { path };
        Self { method: method.chars().take(LONGEST_METHOD).collect(), path: path.to_owned() }
    }

    /// The method of HTTP.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
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
    /// It runs in a window of its own, which a page's script opened: that page goes on by itself, so there is
    /// nowhere to return to.
    pub is_window: bool,
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    w: bool,
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
            is_window: false,
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
            o: self.opening.as_ref().map(|opening| (opening.method.clone(), opening.path.clone())),
            c: self.change.map(Level::value),
            u: self.is_step_up,
            w: self.is_window,
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
        let opening = sealed.o.map(|(method, path)| Opening::of(&method, &path));
        Some(Self {
            return_to: ReturnAddress::accept(&sealed.r, host)
                .or_else(|| ReturnAddress::of_the_account(&sealed.r))?,
            change: sealed.c.and_then(Level::new),
            opening,
            is_step_up: sealed.u,
            is_window: sealed.w,
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
        transaction.opening = Some(Opening::of("POST", "/api/c?d=e"));
        transaction.notice = Some(Notice::Wrong { tries_left: Some(2) });
        transaction.is_window = true;
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

    /// The gateway itself takes no longer target (`proxy::guard`).
    const LONGEST_TARGET: usize = 8192;

    #[test]
    fn whatever_was_asked_for_the_pages_that_follow_have_addresses_that_are_taken() {
        let keys = Keyring::generate();
        let long = |start: &str, len: usize| format!("{start}{}", "x".repeat(len - start.len()));
        let quotes = "\"".repeat(8000);
        for target in [
            long("/api?q=", LONGEST_TARGET),
            long("/api/", LONGEST_TARGET),
            format!("/{}", "x/".repeat(4000)),
            format!("/{quotes}"),
            format!("/api/{}", quotes.replace("\"\"\"", "\"\"/")),
        ] {
            for (address, opening) in
                [(4096, None), (Opening::LONGEST_RETURN, Some(Opening::of(&target, &target)))]
            {
                let return_to = ReturnAddress::accept(&long("/a?", address), "h").unwrap();
                let mut transaction = Transaction::begin(return_to, true, NOW);
                transaction.opening = opening;
                transaction.typed_name = Some("\u{1f980}".repeat(254));
                transaction.notice = Some(Notice::unknown_passkey(&[1; LONGEST_CARRIED]));
                let token = transaction.token(&keys, "h", &BROWSER);
                let address = format!("/.scoregate/security-key?tx={token}&lang=nl");
                assert!(address.len() < LONGEST_TARGET, "{}: {target:.20}", address.len());
                assert!(Transaction::parse(&token, &keys, "h", &BROWSER, NOW).is_some());
            }
        }
    }

    #[test]
    fn an_opening_keeps_the_path_that_rules_ask_for() {
        let deep = format!("/api/pay/{}", "x/".repeat(3000));
        for (target, begins, len) in [
            ("/api/pay", "/api/pay", 8),
            ("/api/pay?a=b", "/api/pay", 8),
            ("/api/%0a\"<", "/api/%0a\"<", 10),
            (&deep, "/api/pay/x/x/", 1024),
            ("", "/", 1),
        ] {
            let opening = Opening::of("POST", target);
            assert!(opening.path().starts_with(begins), "{target}");
            assert_eq!(opening.path().len(), len, "{target:.20}");
        }
    }
}
