//! P22 and P23: e-mail addresses and phone numbers, and the code that confirms a new one.

use askama::Template;

use super::{Section, SectionLink, sections};
use crate::points::Timestamp;
use crate::web::pages::code::CodeState;
use crate::web::pages::frame::{Frame, Markup, html};
use crate::web::pages::icon::Icon;
use crate::web::pages::parts::{Hidden, Notice, Problem};

/// One address or number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountContact {
    pub credential: String,
    /// Whole: it is the person's own.
    pub address: String,
    pub added_at: Timestamp,
}

/// What is to be said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContactsState {
    First,
    NotAnAddress,
    AlreadyThere,
    TooMany,
    NotSent,
    /// The code is over, or was tried too often.
    Over,
    Throttled {
        until: Timestamp,
    },
    Added,
    Removed,
}

/// P22, P23.
#[derive(Clone, Debug)]
pub struct AccountContacts {
    pub frame: Frame,
    pub hidden: Hidden,
    pub is_phone: bool,
    pub contacts: Vec<AccountContact>,
    pub can_add: bool,
    pub state: ContactsState,
}

struct Row {
    address: String,
    added: String,
    credential: String,
}

#[derive(Template)]
#[template(path = "account/contacts.html")]
struct ContactsView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    lead: String,
    page: &'static str,
    icon: Icon,
    rows: Vec<Row>,
    can_add: bool,
    is_phone: bool,
    label: String,
    hint: Option<String>,
    problem: Option<Problem>,
    notice: Option<Notice>,
}

impl AccountContacts {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t(if self.is_phone { "phones-title" } else { "emails-title" });
        let problem = self.problem().map(|text| Problem { text, field: "address" });
        let section = if self.is_phone { Section::Phones } else { Section::Emails };
        html(&ContactsView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, section),
            title: frame.title(&heading, problem.is_some()),
            heading,
            lead: frame.t(if self.is_phone { "phones-lead" } else { "emails-lead" }),
            page: section.href(),
            icon: if self.is_phone { Icon::Phone } else { Icon::Mail },
            rows: self.contacts.iter().map(|contact| self.row(contact)).collect(),
            can_add: self.can_add,
            is_phone: self.is_phone,
            label: frame.t(if self.is_phone { "phones-label" } else { "emails-label" }),
            hint: self.is_phone.then(|| frame.t("phones-hint")),
            problem,
            notice: self.notice(),
        })
    }

    fn row(&self, contact: &AccountContact) -> Row {
        Row {
            address: contact.address.clone(),
            added: self.frame.t1("account-added", "time", self.frame.day(contact.added_at)),
            credential: contact.credential.clone(),
        }
    }

    fn problem(&self) -> Option<String> {
        let key = match (self.state, self.is_phone) {
            (ContactsState::NotAnAddress, false) => "emails-format",
            (ContactsState::NotAnAddress, true) => "phones-format",
            (ContactsState::AlreadyThere, _) => "contacts-there",
            _ => return None,
        };
        Some(self.frame.t(key)).filter(|_| self.can_add)
    }

    fn notice(&self) -> Option<Notice> {
        let frame = &self.frame;
        Some(match self.state {
            ContactsState::First | ContactsState::NotAnAddress | ContactsState::AlreadyThere => {
                return None;
            }
            ContactsState::TooMany => Notice::warning(frame.t("contacts-many")),
            ContactsState::NotSent => Notice::warning(frame.t("contacts-unsent")),
            ContactsState::Over => Notice::warning(frame.t("contacts-over")),
            ContactsState::Throttled { until } => {
                Notice::warning(frame.t1("signin-throttled", "time", frame.clock(until)))
            }
            ContactsState::Added => Notice::plain(Icon::Check, frame.t("contacts-added")),
            ContactsState::Removed => Notice::plain(Icon::Check, frame.t("account-done-removed")),
        })
    }
}

/// The code that was sent to a new address.
#[derive(Clone, Debug)]
pub struct ConfirmContact {
    pub frame: Frame,
    pub hidden: Hidden,
    pub action: String,
    pub back: String,
    pub is_phone: bool,
    pub address: String,
    pub state: CodeState,
}

#[derive(Template)]
#[template(path = "account/confirm-contact.html")]
struct ConfirmContactView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    lead: Markup,
    action: &'a str,
    back: &'a str,
    /// The code came by text message, which browsers can read out.
    is_texted: bool,
    problem: Option<Problem>,
}

impl ConfirmContact {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t(if self.is_phone { "sms-title" } else { "mail-title" });
        let problem = self.problem().map(|text| Problem { text, field: "code" });
        let section = if self.is_phone { Section::Phones } else { Section::Emails };
        html(&ConfirmContactView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, section),
            title: frame.title(&heading, problem.is_some()),
            heading,
            lead: frame.bold("contacts-sent", "address", &self.address),
            action: &self.action,
            back: &self.back,
            is_texted: self.is_phone,
            problem,
        })
    }

    fn problem(&self) -> Option<String> {
        let frame = &self.frame;
        Some(match self.state {
            CodeState::Empty => frame.t("code-empty"),
            CodeState::NotACode => frame.t("code-format"),
            CodeState::Wrong { tries_left: Some(left @ ..=2) } => {
                format!("{} {}", frame.t("code-wrong"), frame.t1("code-left", "n", left))
            }
            CodeState::Wrong { .. } => frame.t("code-wrong"),
            _ => return None,
        })
    }
}
