//! The page that a sign-in begins with, and the one that asks for the password again. Not here: whether
//! an answer is right; and nothing on these pages tells whether an account exists.

use askama::Template;

use super::frame::{Frame, html};
use super::icon::Icon;
use super::parts::{Hidden, Notice, Problem};
use super::passkey::{AskView, PasskeyAsk, PasskeyState};
use crate::points::Timestamp;

/// Why the person sees the page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SignInState {
    First,
    /// The session idled out; how long it may.
    Idle {
        minutes: u32,
    },
    /// The session has ended for another reason.
    Ended,
    UsernameEmpty,
    PasswordEmpty,
    /// The same for an unknown user and a wrong password.
    Wrong,
    /// Too many tries from here or for this name, whether or not it exists.
    Throttled {
        until: Timestamp,
    },
    /// No hand is free to check a password.
    Busy,
    /// What became of a passkey.
    Passkey(PasskeyState),
}

impl SignInState {
    fn problem(&self, frame: &Frame) -> Option<Problem> {
        let (key, field) = match self {
            Self::First
            | Self::Idle { .. }
            | Self::Ended
            | Self::Throttled { .. }
            | Self::Busy
            | Self::Passkey(_) => return None,
            Self::UsernameEmpty => ("signin-username-empty", "username"),
            Self::PasswordEmpty => ("signin-password-empty", "password"),
            Self::Wrong => ("signin-wrong", "password"),
        };
        Some(Problem { text: frame.t(key), field })
    }

    fn notice(&self, frame: &Frame) -> Option<Notice> {
        match self {
            Self::First | Self::UsernameEmpty | Self::PasswordEmpty | Self::Wrong => None,
            Self::Idle { minutes } => {
                Some(Notice::plain(Icon::Lock, frame.t1("signin-idle", "minutes", minutes)))
            }
            Self::Ended => Some(Notice::plain(Icon::Lock, frame.t("signin-ended"))),
            Self::Throttled { until } => {
                Some(Notice::warning(frame.t1("signin-throttled", "time", frame.clock(*until))))
            }
            Self::Busy => Some(Notice::warning(frame.t("signin-busy"))),
            Self::Passkey(state) => state.notice(frame),
        }
    }
}

/// P1: user name and password.
#[derive(Clone, Debug)]
pub struct SignIn {
    pub frame: Frame,
    pub hidden: Hidden,
    /// What was typed before; stays after a mistake.
    pub username: String,
    /// `None`: there is no page for it, so no link.
    pub forgot: Option<String>,
    /// `None`: no passkey signs in here.
    pub passkey: Option<PasskeyAsk>,
    pub state: SignInState,
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    action: String,
    /// `None`: it is asked for; else it is known and only named.
    fixed_user: Option<&'a str>,
    username: &'a str,
    forgot: Option<&'a str>,
    passkey: Option<AskView<'a>>,
    gone: Option<&'a str>,
    /// Neither of the two fields alone can be called wrong.
    is_either_wrong: bool,
    problem: Option<Problem>,
    notice: Option<Notice>,
}

impl SignIn {
    #[must_use]
    pub fn render(&self) -> String {
        let heading = self.frame.t1("signin-title", "portal", &self.frame.portal);
        let problem = self.state.problem(&self.frame);
        html(&SignInView {
            frame: &self.frame,
            hidden: &self.hidden,
            title: self.frame.title(&heading, problem.is_some()),
            heading,
            action: "/.scoregate/sign-in".to_owned(),
            fixed_user: None,
            username: &self.username,
            forgot: self.forgot.as_deref(),
            passkey: self.passkey.as_ref().map(|ask| self.ask(ask)),
            gone: match &self.state {
                SignInState::Passkey(state) => state.gone(),
                _ => None,
            },
            is_either_wrong: self.state == SignInState::Wrong,
            notice: self.state.notice(&self.frame),
            problem,
        })
    }

    fn ask<'a>(&self, ask: &'a PasskeyAsk) -> AskView<'a> {
        AskView {
            action: "/.scoregate/passkey",
            mode: "get",
            options: &ask.options,
            ceremony: &ask.ceremony,
            rp: &ask.rp,
            is_autofill: true,
            is_main: false,
            icon: Icon::Passkey,
            button: self.frame.t("signin-passkey"),
        }
    }
}

/// The password of somebody who is known already: a step of its own, as for a fresh confirmation.
#[derive(Clone, Debug)]
pub struct PasswordAgain {
    /// With the person in it.
    pub frame: Frame,
    pub hidden: Hidden,
    /// For password managers.
    pub username: String,
    pub state: SignInState,
}

impl PasswordAgain {
    #[must_use]
    pub fn render(&self) -> String {
        let heading = self.frame.t("again-title");
        let problem = match &self.state {
            // There is one field, and its user is known.
            SignInState::Wrong => {
                Some(Problem { text: self.frame.t("again-wrong"), field: "password" })
            }
            state => state.problem(&self.frame),
        };
        html(&SignInView {
            frame: &self.frame,
            hidden: &self.hidden,
            title: self.frame.title(&heading, problem.is_some()),
            heading,
            action: "/.scoregate/code/password".to_owned(),
            fixed_user: Some(&self.username),
            username: &self.username,
            forgot: None,
            passkey: None,
            gone: None,
            is_either_wrong: false,
            notice: self.state.notice(&self.frame),
            problem,
        })
    }
}
