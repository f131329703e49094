//! P20: what the account opens, and the methods that it has.

use askama::Template;

use super::{Section, SectionLink, sections};
use crate::points::{Method, Timestamp};
use crate::web::pages::frame::{Frame, Markup, html, method_key_within};
use crate::web::pages::icon::Icon;
use crate::web::pages::parts::{Hidden, Notice};

/// What the account can open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    Everything,
    Closed {
        /// As the operator named it.
        place: String,
        /// What to add.
        remedy: Option<Method>,
    },
}

/// A method that the person has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountMethod {
    pub method: Method,
    /// Addresses and numbers, whole: they are the person's own.
    pub details: Vec<String>,
}

/// A method that is to be removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountPlan {
    pub credential: String,
    pub method: Method,
    pub due_at: Timestamp,
}

/// P20.
#[derive(Clone, Debug)]
pub struct AccountOverview {
    pub frame: Frame,
    pub hidden: Hidden,
    pub verdict: Verdict,
    /// The smallest ways into the directory.
    pub ways: usize,
    pub methods: Vec<AccountMethod>,
    pub plans: Vec<AccountPlan>,
    /// What was just done, as the address says it; it only chooses a sentence.
    pub done: String,
}

struct Row {
    icon: Icon,
    name: String,
    details: String,
    /// Where it is changed.
    href: Option<&'static str>,
}

struct PlanRow {
    text: Markup,
    credential: String,
}

#[derive(Template)]
#[template(path = "account/overview.html")]
struct OverviewView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    notice: Option<Notice>,
    is_open: bool,
    verdict: Markup,
    ways: String,
    rows: Vec<Row>,
    plans: Vec<PlanRow>,
}

impl AccountOverview {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("account-title");
        html(&OverviewView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, Section::Overview),
            title: frame.title(&heading, false),
            heading,
            notice: self.notice(),
            is_open: self.verdict == Verdict::Everything,
            verdict: self.verdict(),
            ways: frame.t1("account-ways", "n", self.ways),
            rows: self.methods.iter().map(|method| self.row(method)).collect(),
            plans: self.plans.iter().map(|plan| self.plan(plan)).collect(),
        })
    }

    fn notice(&self) -> Option<Notice> {
        let key = match self.done.as_str() {
            "removed" => "account-done-removed",
            "planned" => "account-done-planned",
            "kept" => "account-done-kept",
            "password" => "account-done-password",
            _ => return None,
        };
        Some(Notice::plain(Icon::Check, self.frame.t(key)))
    }

    fn verdict(&self) -> Markup {
        let frame = &self.frame;
        match &self.verdict {
            Verdict::Everything => frame.bold("account-open", "portal", &frame.portal),
            Verdict::Closed { place, remedy: None } => frame.bold("account-closed", "place", place),
            Verdict::Closed { place, remedy: Some(method) } => {
                let method = frame.t(method_key_within(*method));
                frame.bold2("account-closed-add", ("place", place), ("method", &method))
            }
        }
    }

    fn row(&self, row: &AccountMethod) -> Row {
        Row {
            icon: Icon::of(row.method),
            name: self.frame.method_name(row.method),
            details: row.details.join(", "),
            href: Section::of(row.method).map(Section::href),
        }
    }

    fn plan(&self, plan: &AccountPlan) -> PlanRow {
        let method = self.frame.method_name(plan.method);
        let day = self.frame.day_and_time(plan.due_at);
        let text = self.frame.bold2("account-plan", ("method", &method), ("time", &day));
        PlanRow { text, credential: plan.credential.clone() }
    }
}
