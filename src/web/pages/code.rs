//! The pages that ask for a code: sent, or shown by an app. Not here: making, sending or checking one.

use askama::Template;

use super::frame::{Frame, Markup, html};
use super::icon::Icon;
use super::parts::{Hidden, Notice, Problem, StepView, steps};
use crate::points::{Method, Timestamp};

/// What became of the last code, or of asking for one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CodeState {
    /// The page is shown for the first time, or again without an answer.
    Ready,
    Empty,
    NotACode,
    /// `tries_left` is told from two downwards.
    Wrong {
        tries_left: Option<u32>,
    },
    /// It was right once; a new one is on its way.
    Expired,
    UsedAlready,
    /// Right on a clock that is off. Apps only.
    ClockOff,
    /// A new one was sent, as asked.
    Resent,
    /// Asked too early.
    TooEarly,
    NotSent,
}

impl CodeState {
    fn problem(self, frame: &Frame, method: Method) -> Option<Problem> {
        let from_app = method == Method::Totp;
        let text = match self {
            Self::Ready | Self::Resent | Self::TooEarly | Self::NotSent => return None,
            Self::Empty => frame.t("code-empty"),
            Self::NotACode => frame.t("code-format"),
            Self::Wrong { tries_left } => wrong(frame, from_app, tries_left),
            Self::Expired if from_app => frame.t("code-wrong-app"),
            Self::Expired => frame.t("code-expired"),
            Self::UsedAlready if from_app => frame.t("code-used"),
            Self::UsedAlready => frame.t("code-used-sent"),
            Self::ClockOff => frame.t("code-clock"),
        };
        Some(Problem { text, field: "code" })
    }

    fn notice(self, frame: &Frame, resend_at: Option<Timestamp>) -> Option<Notice> {
        match (self, resend_at) {
            (Self::Resent, _) => Some(Notice::plain(Icon::Mail, frame.t("code-resend-done"))),
            (Self::TooEarly, Some(at)) => {
                let text = frame.t1("code-resend-wait", "time", frame.clock(at));
                Some(Notice::warning(text))
            }
            (Self::NotSent, _) => Some(Notice::warning(frame.t("code-notsent"))),
            (
                Self::Ready
                | Self::Empty
                | Self::NotACode
                | Self::Wrong { .. }
                | Self::Expired
                | Self::UsedAlready
                | Self::ClockOff
                | Self::TooEarly,
                _,
            ) => None,
        }
    }
}

fn wrong(frame: &Frame, from_app: bool, tries_left: Option<u32>) -> String {
    let text = frame.t(if from_app { "code-wrong-app" } else { "code-wrong" });
    match tries_left.filter(|left| *left <= 2) {
        None => text,
        Some(left) => format!("{text} {}", frame.t1("code-left", "n", left)),
    }
}

/// When another code can be asked for.
struct ResendView {
    action: String,
    /// `None`: now.
    wait: Option<WaitView>,
}

struct WaitView {
    text: String,
    seconds: u64,
    /// With `#` where the script puts the time.
    counting: String,
    ready: String,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodeView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    steps: Vec<StepView>,
    /// `None` where nothing was sent.
    lead: Option<Markup>,
    lifetime: Option<String>,
    action: String,
    problem: Option<Problem>,
    notice: Option<Notice>,
    resend: Option<ResendView>,
    other: Option<String>,
    lost: String,
    lost_href: String,
    /// The code may be filled in from a text message.
    is_texted: bool,
    /// The words of the box that has this device remembered.
    remember: Option<String>,
}

/// P3: a code that was sent by e-mail or as a text message.
#[derive(Clone, Debug)]
pub struct SentCode {
    /// With the person in it.
    pub frame: Frame,
    pub hidden: Hidden,
    pub done: Vec<Method>,
    /// [`Method::Sms`]; anything else reads as e-mail.
    pub method: Method,
    /// Masked: `a•••@e•••.org`, or the last digits of a number.
    pub target: String,
    /// How long a code works.
    pub minutes: u32,
    /// How long this device can be remembered, in days; `None`: not at all.
    pub remember_days: Option<u32>,
    pub state: CodeState,
    /// When the next code can be sent; `None` or past: now.
    pub resend_at: Option<Timestamp>,
    pub has_other_ways: bool,
}

impl SentCode {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let (name, heading, sent, lost) = if self.method == Method::Sms {
            ("sms", "sms-title", "sms-sent", "sms-lost")
        } else {
            ("email", "mail-title", "mail-sent", "mail-lost")
        };
        let heading = frame.t(heading);
        let problem = self.state.problem(frame, self.method);
        let was_sent = self.state != CodeState::NotSent;
        html(&CodeView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, problem.is_some()),
            heading,
            steps: steps(frame, &self.done, frame.method_name(self.method)),
            lead: was_sent.then(|| frame.bold(sent, "target", &self.target)),
            lifetime: was_sent.then(|| frame.t1("mail-lifetime", "minutes", self.minutes)),
            action: format!("/.scoregate/code/{name}"),
            notice: self.state.notice(frame, self.resend_at),
            problem,
            resend: Some(ResendView {
                action: format!("/.scoregate/code/{name}/resend"),
                wait: self.wait(),
            }),
            other: self.has_other_ways.then(|| self.hidden.address("next")),
            lost: frame.t(lost),
            lost_href: self.hidden.address("stuck"),
            is_texted: self.method == Method::Sms,
            remember: self.remember_days.map(|days| frame.t1("remember", "n", days)),
        })
    }

    fn wait(&self) -> Option<WaitView> {
        let frame = &self.frame;
        let at = self.resend_at.filter(|at| *at > frame.now)?;
        Some(WaitView {
            text: frame.t1("code-resend-wait", "time", frame.clock(at)),
            seconds: at.since(frame.now).as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX),
            counting: frame.t1("code-resend-count", "time", "#"),
            ready: frame.t("code-resend-ready"),
        })
    }
}

/// P4: a code from an authenticator app.
#[derive(Clone, Debug)]
pub struct AppCode {
    /// With the person in it.
    pub frame: Frame,
    pub hidden: Hidden,
    pub done: Vec<Method>,
    /// What the app calls the entry: "Example (anna@example.org)".
    pub entry: String,
    /// As in [`SentCode::remember_days`].
    pub remember_days: Option<u32>,
    pub state: CodeState,
    pub has_other_ways: bool,
}

impl AppCode {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("app-title");
        let problem = self.state.problem(frame, Method::Totp);
        html(&CodeView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, problem.is_some()),
            heading,
            steps: steps(frame, &self.done, frame.method_name(Method::Totp)),
            lead: Some(frame.bold("app-lead", "entry", &self.entry)),
            lifetime: None,
            action: "/.scoregate/code/totp".to_owned(),
            notice: None,
            problem,
            resend: None,
            other: self.has_other_ways.then(|| self.hidden.address("next")),
            lost: frame.t("app-lost"),
            lost_href: self.hidden.address("stuck"),
            is_texted: false,
            remember: self.remember_days.map(|days| frame.t1("remember", "n", days)),
        })
    }
}
