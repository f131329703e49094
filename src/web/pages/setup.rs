//! The pages of a set-up link: choose a password, set up an app, done; and a link that is over. Not
//! here: whether a link is good, and whether a password is good enough.

use askama::Template;
use qrcode::{Color, EcLevel, QrCode};

use super::frame::{Frame, Markup, html};
use super::icon::Icon;
use super::parts::{Hidden, Notice, Problem, StepView};
use crate::points::Timestamp;
use crate::secret::Secret;

/// What is to be said about the password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasswordState {
    First,
    Empty,
    TooShort,
    /// The most characters that are taken.
    TooLong {
        max: usize,
    },
    Common,
    /// Made of the user's or the site's name.
    LikeName,
    Busy,
}

/// P18, first page.
#[derive(Clone, Debug)]
pub struct SetUpPassword {
    pub frame: Frame,
    /// After a password was forgotten, instead of the first of an account.
    pub is_reset: bool,
    /// Where the form goes: `/.scoregate/link/TOKEN`.
    pub action: String,
    pub hidden: Hidden,
    pub username: String,
    /// The fewest characters that are taken.
    pub min: usize,
    /// An app follows, so this is step 1 of 2.
    pub app_follows: bool,
    pub state: PasswordState,
}

#[derive(Template)]
#[template(path = "set-up-password.html")]
struct SetUpPasswordView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    action: &'a str,
    username: &'a str,
    lead: String,
    rule: String,
    steps: Vec<StepView>,
    problem: Option<Problem>,
    notice: Option<Notice>,
}

impl SetUpPassword {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("setup-title");
        let problem = password_problem(frame, self.state, self.min);
        let lead = if self.is_reset { "reset-lead" } else { "setup-lead" };
        html(&SetUpPasswordView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, problem.is_some()),
            heading,
            action: &self.action,
            username: &self.username,
            lead: frame.t1(lead, "portal", &frame.portal),
            rule: frame.t1("setup-rule", "n", self.min),
            steps: if self.app_follows { set_up_steps(frame, false) } else { Vec::new() },
            notice: (self.state == PasswordState::Busy)
                .then(|| Notice::warning(frame.t("setup-busy"))),
            problem,
        })
    }
}

/// What is wrong with a new password, beside its field.
pub(super) fn password_problem(frame: &Frame, state: PasswordState, min: usize) -> Option<Problem> {
    let text = match state {
        PasswordState::First | PasswordState::Busy => return None,
        PasswordState::Empty => frame.t("setup-empty"),
        PasswordState::TooShort => frame.t1("setup-short", "n", min),
        PasswordState::TooLong { max } => frame.t1("setup-long", "n", max),
        PasswordState::Common => frame.t("setup-common"),
        PasswordState::LikeName => frame.t("setup-name"),
    };
    Some(Problem { text, field: "new_password" })
}

fn set_up_steps(frame: &Frame, password_is_done: bool) -> Vec<StepView> {
    let step = |n: usize, text, is_done, is_current| StepView {
        place: frame.t1("next-step", "n", n),
        text,
        is_done,
        is_current,
    };
    vec![
        step(1, frame.t("setup-step-password"), password_is_done, !password_is_done),
        step(2, frame.t("setup-step-app"), false, password_is_done),
    ]
}

/// What is to be said about the code from the new app.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AppState {
    First,
    Empty,
    NotACode,
    Wrong,
    ClockOff,
    Throttled { until: Timestamp },
}

/// P18, second page.
#[derive(Clone, Debug)]
pub struct SetUpApp {
    pub frame: Frame,
    pub action: String,
    pub hidden: Hidden,
    /// `otpauth://totp/...` (Key URI format), with the secret in it.
    pub uri: Secret<String>,
    /// The secret in base32, without padding.
    pub secret: Secret<String>,
    pub state: AppState,
    /// The form may be left without an app: a button that sends `skip`.
    pub can_skip: bool,
    /// Among the pages of an account that is set up already.
    pub is_in_account: bool,
}

#[derive(Template)]
#[template(path = "set-up-app.html")]
struct SetUpAppView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    action: &'a str,
    steps: Vec<StepView>,
    /// `None` where the address does not fit into a code.
    qr: Option<Qr>,
    uri: &'a str,
    secret: String,
    problem: Option<Problem>,
    notice: Option<Notice>,
    can_skip: bool,
}

impl SetUpApp {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("setup-app-title");
        let problem = self.problem().map(|text| Problem { text, field: "code" });
        let uri = self.uri.reveal();
        html(&SetUpAppView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, problem.is_some()),
            heading,
            action: &self.action,
            steps: if self.is_in_account { Vec::new() } else { set_up_steps(frame, true) },
            qr: qr(uri),
            uri,
            secret: in_fours(self.secret.reveal()),
            notice: self.notice(),
            problem,
            can_skip: self.can_skip,
        })
    }

    fn problem(&self) -> Option<String> {
        let key = match self.state {
            AppState::First | AppState::Throttled { .. } => return None,
            AppState::Empty => "code-empty",
            AppState::NotACode => "code-format",
            AppState::Wrong => "setup-app-wrong",
            AppState::ClockOff => "code-clock",
        };
        Some(self.frame.t(key))
    }

    fn notice(&self) -> Option<Notice> {
        let AppState::Throttled { until } = self.state else { return None };
        let time = self.frame.clock(until);
        Some(Notice::warning(self.frame.t1("signin-throttled", "time", time)))
    }
}

/// `ABCD EFGH ...`: people read and type groups of four.
fn in_fours(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A picture of dark modules on a square.
struct Qr {
    /// Modules along an edge, quiet zone included.
    side: usize,
    /// The dark modules, as the data of an SVG path.
    path: String,
}

/// The picture of a text, with the quiet zone of four modules that ISO/IEC 18004 asks for. It is black
/// on white in every colour scheme, because many readers fail on inverted or borderless codes.
fn qr(text: &str) -> Option<Qr> {
    use std::fmt::Write as _;
    const QUIET: usize = 4;
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let mut path = String::new();
    for (y, row) in (QUIET..).zip(code.to_colors().chunks(code.width())) {
        let mut x = QUIET;
        for run in row.chunk_by(|one, next| one == next) {
            let length = run.len();
            if run.first() == Some(&Color::Dark) {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += length;
        }
    }
    Some(Qr { side: code.width() + 2 * QUIET, path })
}

/// P18, last page.
#[derive(Clone, Debug)]
pub struct SetUpDone {
    pub frame: Frame,
    pub has_app: bool,
    pub sign_in: String,
}

#[derive(Template)]
#[template(path = "set-up-done.html")]
struct SetUpDoneView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    notice: Notice,
    sign_in: &'a str,
}

impl SetUpDone {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("setup-done-title");
        let text = frame.t(if self.has_app { "setup-done-app" } else { "setup-done-password" });
        html(&SetUpDoneView {
            frame,
            title: frame.title(&heading, false),
            heading,
            notice: Notice::plain(Icon::Check, text),
            sign_in: &self.sign_in,
        })
    }
}

/// A link that was used, is over, or never was: the three are not told apart.
#[derive(Clone, Debug)]
pub struct LinkGone {
    pub frame: Frame,
    /// It was for a forgotten password: the person can ask for another one themself.
    pub is_reset: bool,
}

#[derive(Template)]
#[template(path = "link-gone.html")]
struct LinkGoneView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    ask: Markup,
    is_reset: bool,
}

impl LinkGone {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("link-gone-title");
        let contact = frame.help.as_ref().and_then(|help| help.contact.as_ref());
        html(&LinkGoneView {
            frame,
            title: frame.title(&heading, false),
            heading,
            is_reset: self.is_reset,
            ask: match contact {
                Some(contact) => frame.bold("link-gone-ask", "contact", contact),
                None => frame.bold("link-gone-ask-admin", "contact", ""),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_in_groups_of_four() {
        assert_eq!(in_fours("JBSWY3DPEHPK3PXP"), "JBSW Y3DP EHPK 3PXP");
        assert_eq!(in_fours("ABCDE"), "ABCD E");
        assert_eq!(in_fours(""), "");
    }

    #[test]
    fn a_picture_has_a_quiet_zone_of_four_modules() {
        let Qr { side, path } = qr("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP").unwrap();
        // The corner of the first finder pattern: seven dark modules, four from each edge.
        assert!(path.starts_with("M4 4h7v1h-7z"), "{path}");
        assert_eq!((side - 8 - 17) % 4, 0, "{side}");
        let first_of_run = path.split('M').skip(1).map(|run| run.split_once('h').unwrap().0);
        for place in first_of_run {
            let (x, y) = place.split_once(' ').unwrap();
            let inside = |at: &str| (4..side - 4).contains(&at.parse().unwrap());
            assert!(inside(x) && inside(y), "{place}");
        }
    }

    #[test]
    fn what_does_not_fit_into_a_code_is_left_out() {
        assert!(qr(&"x".repeat(5000)).is_none());
    }
}
