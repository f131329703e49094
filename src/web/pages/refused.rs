//! Refusals: what was not understood or is not taken, and requests that cannot be answered with a
//! sign-in page. Not here: no access (`ends`); and which of these a request gets (`proxy`, `web`).

use super::ends::PlainView;
use super::frame::{Frame, html};

/// Why a request was turned away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// 400
    NotUnderstood,
    /// 403: the form was not made for this browser, or came from elsewhere.
    ForeignForm,
    /// 403: an administrator whose role does not go so far.
    NotYourDuty,
    /// 404
    NotFound,
    /// 405
    WrongMethod,
    /// 413
    TooLarge,
    /// 414
    AddressTooLong,
    /// 421
    UnknownHost,
    /// 429
    TooMany,
    /// 431
    HeadersTooLarge,
    /// 500
    Fault,
    /// 503: it could not be found out who this is.
    Unavailable,
}

impl Refusal {
    pub const ALL: [Self; 12] = [
        Self::NotUnderstood,
        Self::ForeignForm,
        Self::NotYourDuty,
        Self::NotFound,
        Self::WrongMethod,
        Self::TooLarge,
        Self::AddressTooLong,
        Self::UnknownHost,
        Self::TooMany,
        Self::HeadersTooLarge,
        Self::Fault,
        Self::Unavailable,
    ];

    /// Heading and explanation.
    const fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::NotUnderstood => ("refused-bad-title", "refused-bad"),
            Self::ForeignForm => ("refused-form-title", "refused-form"),
            Self::NotYourDuty => ("refused-duty-title", "refused-duty"),
            Self::NotFound => ("refused-missing-title", "refused-missing"),
            Self::WrongMethod => ("refused-method-title", "refused-method"),
            Self::TooLarge => ("refused-large-title", "refused-large"),
            Self::AddressTooLong => ("refused-address-title", "refused-address"),
            Self::UnknownHost => ("refused-host-title", "refused-host"),
            Self::TooMany => ("refused-many-title", "refused-many"),
            Self::HeadersTooLarge => ("refused-headers-title", "refused-headers"),
            Self::Fault => ("refused-error-title", "refused-error"),
            Self::Unavailable => ("refused-away-title", "refused-away"),
        }
    }

    /// Whether there is a start page to go back to.
    const fn has_start(self) -> bool {
        match self {
            Self::UnknownHost | Self::TooMany | Self::HeadersTooLarge | Self::Unavailable => false,
            Self::NotUnderstood
            | Self::ForeignForm
            | Self::NotYourDuty
            | Self::NotFound
            | Self::WrongMethod
            | Self::TooLarge
            | Self::AddressTooLong
            | Self::Fault => true,
        }
    }
}

/// A plain refusal.
#[derive(Clone, Debug)]
pub struct Refused {
    /// With a reference in it.
    pub frame: Frame,
    pub refusal: Refusal,
    /// As in `Retry-After`.
    pub retry_after_s: Option<u64>,
    /// The same address again; `None` where repeating would do something twice or is no use.
    pub retry: Option<String>,
}

impl Refused {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let (heading, text) = self.refusal.keys();
        let heading = frame.t(heading);
        let mut sentences = vec![frame.t(text)];
        if let Some(seconds) = self.retry_after_s {
            sentences.push(frame.t1("refused-retry", "seconds", seconds));
        }
        html(&PlainView {
            frame,
            title: frame.title(&heading, false),
            heading,
            sentences,
            main: self.retry.as_deref().map(|href| (frame.t("try-again"), href)),
            target: None,
            has_start: self.refusal.has_start(),
        })
    }
}

/// 401 to a form of the portal that was sent after the session ended.
#[derive(Clone, Debug)]
pub struct PostLost {
    pub frame: Frame,
    /// Opens in a new tab, so that this one keeps what was typed.
    pub sign_in: String,
}

impl PostLost {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("lost-title");
        html(&PlainView {
            frame,
            title: frame.title(&heading, false),
            heading,
            sentences: vec![frame.t("lost-lead"), frame.t("lost-how")],
            main: Some((frame.t("lost-submit"), &self.sign_in)),
            target: Some("_blank"),
            has_start: false,
        })
    }
}

/// 401 inside a frame: sign-in happens in the whole window only.
#[derive(Clone, Debug)]
pub struct InsideFrame {
    pub frame: Frame,
    pub sign_in: String,
}

impl InsideFrame {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("frame-title");
        html(&PlainView {
            frame,
            title: frame.title(&heading, false),
            heading,
            sentences: vec![frame.t1("frame-lead", "portal", &frame.portal)],
            main: Some((frame.t1("frame-submit", "portal", &frame.portal), &self.sign_in)),
            target: Some("_top"),
            has_start: false,
        })
    }
}

/// The browser did not bring back the cookie that it was given.
#[derive(Clone, Debug)]
pub struct CookiesBlocked {
    pub frame: Frame,
    pub retry: String,
    /// The page came without TLS from this machine, where some browsers refuse secure cookies.
    pub is_plain_loopback: bool,
}

impl CookiesBlocked {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("cookies-title");
        let mut sentences = vec![frame.t("cookies-lead"), frame.t("cookies-how")];
        if self.is_plain_loopback {
            sentences.push(frame.t("cookies-local"));
        }
        html(&PlainView {
            frame,
            title: frame.title(&heading, false),
            heading,
            sentences,
            main: Some((frame.t("try-again"), &self.retry)),
            target: None,
            has_start: false,
        })
    }
}

/// Why somebody who has completed the same challenge several times is asked once more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RoundsCause {
    /// The cookie of the session does not come back.
    NoCookie,
    /// One comes back that is not known.
    UnknownCookie,
    /// The session is there, and it is not enough on arrival.
    NeverEnough,
}

impl RoundsCause {
    pub const ALL: [Self; 3] = [Self::NoCookie, Self::UnknownCookie, Self::NeverEnough];
}

/// A sign-in that goes round in circles, and what to do about it.
#[derive(Clone, Debug)]
pub struct GoingRound {
    /// With a reference in it.
    pub frame: Frame,
    pub cause: RoundsCause,
    pub retry: String,
    /// The page came without TLS, where some browsers refuse secure cookies.
    pub is_plain: bool,
}

impl GoingRound {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("rounds-title");
        let mut sentences = vec![frame.t("rounds-lead")];
        sentences.extend(match self.cause {
            RoundsCause::NoCookie => vec![frame.t("rounds-cookie"), frame.t("rounds-cookie-how")],
            RoundsCause::UnknownCookie => vec![frame.t("rounds-unknown"), frame.t("rounds-ask")],
            RoundsCause::NeverEnough => vec![frame.t("rounds-enough"), frame.t("rounds-ask")],
        });
        if self.is_plain && self.cause == RoundsCause::NoCookie {
            sentences.push(frame.t("cookies-local"));
        }
        html(&PlainView {
            frame,
            title: frame.title(&heading, false),
            heading,
            sentences,
            main: Some((frame.t("try-again"), &self.retry)),
            target: None,
            has_start: false,
        })
    }
}
