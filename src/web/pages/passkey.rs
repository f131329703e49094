//! What pages know of a passkey that they ask for, and the page of one as a step of its own. Not here:
//! what an answer proves.

use askama::Template;

use super::frame::{Frame, html};
use super::icon::Icon;
use super::parts::{Hidden, Notice, StepView, steps};
use crate::points::{Method, Timestamp};

/// What the script of a page hands to the browser, and what goes back with the answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasskeyAsk {
    /// The ceremony, sealed.
    pub ceremony: String,
    /// JSON for `navigator.credentials`.
    pub options: String,
    /// The domain of the credential.
    pub rp: String,
}

/// What is to be said about the last answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PasskeyState {
    First,
    Wrong,
    /// The answer came too late, or a second time.
    Late,
    /// Nobody has it here any more: its id, for the browser to forget; may be empty.
    Unknown(String),
    OfAnother,
    Throttled {
        until: Timestamp,
    },
}

impl PasskeyState {
    pub(super) fn notice(&self, frame: &Frame) -> Option<Notice> {
        let key = match self {
            Self::First => return None,
            Self::Wrong => "passkey-wrong",
            Self::Late => "passkey-late",
            Self::Unknown(_) => "passkey-unknown",
            Self::OfAnother => "passkey-another",
            Self::Throttled { until } => {
                let time = frame.clock(*until);
                return Some(Notice::warning(frame.t1("signin-throttled", "time", time)));
            }
        };
        Some(Notice::plain(Icon::Passkey, frame.t(key)))
    }

    pub(super) fn gone(&self) -> Option<&str> {
        match self {
            Self::Unknown(id) => Some(id),
            _ => None,
        }
    }
}

/// The form of a ceremony, as a template shows it.
#[derive(Clone, Debug)]
pub(super) struct AskView<'a> {
    pub(super) action: &'a str,
    /// `get` or `create`.
    pub(super) mode: &'static str,
    pub(super) options: &'a str,
    pub(super) ceremony: &'a str,
    pub(super) rp: &'a str,
    /// Passkeys are offered in the field of the user name.
    pub(super) is_autofill: bool,
    pub(super) is_main: bool,
    pub(super) icon: Icon,
    pub(super) button: String,
}

/// P5: a passkey or security key as a step.
#[derive(Clone, Debug)]
pub struct PasskeyStep {
    /// With the person in it.
    pub frame: Frame,
    pub hidden: Hidden,
    pub done: Vec<Method>,
    /// [`Method::Passkey`] or [`Method::SecurityKey`].
    pub method: Method,
    pub ask: PasskeyAsk,
    pub state: PasskeyState,
    pub has_other_ways: bool,
}

#[derive(Template)]
#[template(path = "passkey.html")]
struct PasskeyStepView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    steps: Vec<StepView>,
    notice: Option<Notice>,
    gone: Option<&'a str>,
    lead: String,
    ask: AskView<'a>,
    other: Option<String>,
    lost: String,
    lost_href: String,
}

impl PasskeyStep {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let is_key = self.method == Method::SecurityKey;
        let text =
            |passkey: &'static str, key: &'static str| frame.t(if is_key { key } else { passkey });
        let heading = text("passkey-title", "security-key-title");
        html(&PasskeyStepView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, false),
            steps: steps(frame, &self.done, frame.method_name(self.method)),
            heading,
            notice: self.state.notice(frame),
            gone: self.state.gone(),
            lead: text("passkey-lead", "security-key-lead"),
            ask: AskView {
                action: if is_key { "/.scoregate/security-key" } else { "/.scoregate/passkey" },
                mode: "get",
                options: &self.ask.options,
                ceremony: &self.ask.ceremony,
                rp: &self.ask.rp,
                is_autofill: false,
                is_main: true,
                icon: Icon::of(self.method),
                button: text("passkey-use", "security-key-use"),
            },
            other: self.has_other_ways.then(|| self.hidden.address("next")),
            lost: text("passkey-lost", "security-key-lost"),
            lost_href: self.hidden.address("stuck"),
        })
    }
}
