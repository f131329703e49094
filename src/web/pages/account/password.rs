//! P17: another password.

use askama::Template;

use super::{Section, SectionLink, sections};
use crate::web::pages::frame::{Frame, html};
use crate::web::pages::icon::Icon;
use crate::web::pages::parts::{Hidden, Notice, Problem};
use crate::web::pages::setup::{PasswordState, password_problem};

/// P17.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    pub frame: Frame,
    pub hidden: Hidden,
    pub username: String,
    /// The fewest characters that are taken.
    pub min: usize,
    pub state: PasswordState,
}

#[derive(Template)]
#[template(path = "account/password.html")]
struct ChangePasswordView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    username: &'a str,
    rule: String,
    problem: Option<Problem>,
    notice: Option<Notice>,
}

impl ChangePassword {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("password-title");
        let problem = password_problem(frame, self.state, self.min);
        html(&ChangePasswordView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, Section::Password),
            title: frame.title(&heading, problem.is_some()),
            heading,
            username: &self.username,
            rule: frame.t1("setup-rule", "n", self.min),
            notice: (self.state == PasswordState::Busy)
                .then(|| Notice::warning(frame.t("setup-busy"))),
            problem,
        })
    }
}
