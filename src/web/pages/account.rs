//! The pages on which people look after their account, and what is around them. To add one: a variant of
//! [`Section`] with its address and text, a file here with the page, a template that extends
//! `account/account.html`. Not here: who may change what.

mod overview;

use askama::Template;

use super::frame::{Frame, html};
pub use overview::{AccountMethod, AccountOverview, AccountPlan, Verdict};

/// A page of the account, as it stands in the navigation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Section {
    Overview,
}

impl Section {
    /// In the order of the navigation.
    const ALL: [Self; 1] = [Self::Overview];

    const fn href(self) -> &'static str {
        match self {
            Self::Overview => "/.scoregate/me",
        }
    }

    fn name(self, frame: &Frame) -> String {
        match self {
            Self::Overview => frame.t("account-nav-overview"),
        }
    }
}

/// One post of the navigation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SectionLink {
    pub(super) name: String,
    pub(super) href: &'static str,
    pub(super) is_current: bool,
}

/// All of them, seen from one.
pub(super) fn sections(frame: &Frame, current: Section) -> Vec<SectionLink> {
    let link = |section: Section| SectionLink {
        name: section.name(frame),
        href: section.href(),
        is_current: section == current,
    };
    Section::ALL.into_iter().map(link).collect()
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StopReason {
    /// Without it the account could not be opened any more.
    LastWay,
}

/// A change that cannot be made, and what to do instead.
#[derive(Clone, Debug)]
pub struct AccountStop {
    pub frame: Frame,
    pub reason: StopReason,
}

#[derive(Template)]
#[template(path = "account/stop.html")]
struct StopView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    text: String,
}

impl AccountStop {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let (heading, text) = match self.reason {
            StopReason::LastWay => (frame.t("account-last-title"), frame.t("account-last")),
        };
        html(&StopView { frame, title: frame.title(&heading, false), heading, text })
    }
}
