//! P16: a forgotten password. The page says the same whether or not there is such an account. Not here:
//! who gets a link.

use askama::Template;

use super::frame::{Frame, html};
use super::icon::Icon;
use super::parts::{Hidden, Notice, Problem};
use crate::points::Timestamp;

/// What is to be said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ForgotState {
    First,
    Empty,
    /// If there is such an account, a link is on its way.
    Sent,
    Throttled {
        until: Timestamp,
    },
}

/// P16.
#[derive(Clone, Debug)]
pub struct Forgot {
    pub frame: Frame,
    pub hidden: Hidden,
    pub state: ForgotState,
}

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    is_sent: bool,
    problem: Option<Problem>,
    notice: Option<Notice>,
}

impl Forgot {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("forgot-title");
        let problem = (self.state == ForgotState::Empty)
            .then(|| Problem { text: frame.t("signin-username-empty"), field: "username" });
        let notice = match self.state {
            ForgotState::First | ForgotState::Empty => None,
            ForgotState::Sent => Some(Notice::plain(Icon::Mail, frame.t("forgot-sent"))),
            ForgotState::Throttled { until } => {
                Some(Notice::warning(frame.t1("signin-throttled", "time", frame.clock(until))))
            }
        };
        html(&ForgotView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, problem.is_some()),
            heading,
            is_sent: self.state == ForgotState::Sent,
            problem,
            notice,
        })
    }
}

/// A password was set with a link: nobody is signed in by it.
#[derive(Clone, Debug)]
pub struct ResetDone {
    pub frame: Frame,
    pub sign_in: String,
}

#[derive(Template)]
#[template(path = "set-up-done.html")]
struct ResetDoneView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    notice: Notice,
    sign_in: &'a str,
}

impl ResetDone {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("setup-done-title");
        html(&ResetDoneView {
            frame,
            title: frame.title(&heading, false),
            heading,
            notice: Notice::plain(Icon::Check, frame.t("forgot-done")),
            sign_in: &self.sign_in,
        })
    }
}
