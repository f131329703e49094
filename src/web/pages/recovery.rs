//! P6: a recovery code, and how many are left after it. Not here: making new ones (`account`).

use askama::Template;

use super::code::CodeState;
use super::frame::{Frame, html};
use super::icon::Icon;
use super::parts::{Hidden, Notice, Problem, StepView, steps};
use crate::points::Method;

/// With fewer left, new ones should be made.
const FEW: u32 = 3;

/// Asks for one.
#[derive(Clone, Debug)]
pub struct RecoveryPage {
    /// With the person in it.
    pub frame: Frame,
    pub hidden: Hidden,
    pub done: Vec<Method>,
    pub state: CodeState,
    pub has_other_ways: bool,
}

#[derive(Template)]
#[template(path = "code-recovery.html")]
struct RecoveryView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    steps: Vec<StepView>,
    problem: Option<Problem>,
    notice: Option<Notice>,
    other: Option<String>,
    lost_href: String,
}

impl RecoveryPage {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("recovery-title");
        let problem = self.problem();
        html(&RecoveryView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, problem.is_some()),
            heading,
            steps: steps(frame, &self.done, frame.method_name(Method::RecoveryCode)),
            problem,
            notice: None,
            other: self.has_other_ways.then(|| self.hidden.address("next")),
            lost_href: self.hidden.address("stuck"),
        })
    }

    fn problem(&self) -> Option<Problem> {
        let key = match self.state {
            CodeState::Ready | CodeState::Resent | CodeState::TooEarly | CodeState::NotSent => {
                return None;
            }
            CodeState::Empty => "code-empty",
            CodeState::NotACode => "recovery-format",
            CodeState::UsedAlready => "recovery-used",
            CodeState::Wrong { .. } | CodeState::Expired | CodeState::ClockOff => "recovery-wrong",
        };
        Some(Problem { text: self.frame.t(key), field: "code" })
    }
}

/// One was used, and the person is in.
#[derive(Clone, Debug)]
pub struct Recovered {
    pub frame: Frame,
    pub left: u32,
    /// Where the person was going.
    pub go_on: String,
}

#[derive(Template)]
#[template(path = "recovered.html")]
struct RecoveredView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    state: String,
    is_few: bool,
    go_on: &'a str,
}

impl Recovered {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("recovery-done-title");
        html(&RecoveredView {
            frame,
            title: frame.title(&heading, false),
            heading,
            state: frame.t1("recovery-left", "n", self.left),
            is_few: self.left < FEW,
            go_on: &self.go_on,
        })
    }
}
