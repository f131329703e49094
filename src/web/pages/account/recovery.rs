//! P25: recovery codes: how many are left, and new ones.

use askama::Template;

use super::{Section, SectionLink, sections};
use crate::web::pages::frame::{Frame, html};
use crate::web::pages::icon::Icon;
use crate::web::pages::parts::{Hidden, Notice};

/// With this many left, new ones should be made.
const FEW: u32 = 3;

/// How many there are.
#[derive(Clone, Debug)]
pub struct RecoveryOverview {
    pub frame: Frame,
    /// `None`: none were made.
    pub left: Option<u32>,
    pub is_made: bool,
}

#[derive(Template)]
#[template(path = "account/recovery.html")]
struct OverviewView<'a> {
    frame: &'a Frame,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    notice: Option<Notice>,
    state: String,
    is_few: bool,
}

impl RecoveryOverview {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("account-nav-recovery");
        let done = || Notice::plain(Icon::Check, frame.t("account-recovery-done"));
        html(&OverviewView {
            frame,
            sections: sections(frame, Section::Recovery),
            title: frame.title(&heading, false),
            heading,
            notice: self.is_made.then(done),
            state: match self.left {
                None => frame.t("account-recovery-none"),
                Some(left) => frame.t1("recovery-left", "n", left),
            },
            is_few: self.left.is_none_or(|left| left < FEW),
        })
    }
}

/// New codes, shown this once.
#[derive(Clone)]
pub struct NewRecoveryCodes {
    pub frame: Frame,
    pub hidden: Hidden,
    /// The same codes, sealed.
    pub ticket: String,
    pub codes: Vec<String>,
}

impl std::fmt::Debug for NewRecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRecoveryCodes").finish_non_exhaustive()
    }
}

#[derive(Template)]
#[template(path = "account/recovery-new.html")]
struct NewView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    ticket: &'a str,
    codes: &'a [String],
}

impl NewRecoveryCodes {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("account-recovery-new-title");
        html(&NewView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, Section::Recovery),
            title: frame.title(&heading, false),
            heading,
            ticket: &self.ticket,
            codes: &self.codes,
        })
    }
}
