//! P21: authenticator apps.

use askama::Template;

use super::{Section, SectionLink, sections};
use crate::points::{Method, Timestamp};
use crate::web::pages::frame::{Frame, html};
use crate::web::pages::icon::Icon;
use crate::web::pages::parts::{Hidden, Notice};

/// One app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountApp {
    pub credential: String,
    /// What its owner calls it.
    pub name: Option<String>,
    pub added_at: Timestamp,
}

/// P21.
#[derive(Clone, Debug)]
pub struct AccountApps {
    pub frame: Frame,
    pub hidden: Hidden,
    pub apps: Vec<AccountApp>,
    pub can_add: bool,
    /// What was just done, as the address says it; it only chooses a sentence.
    pub done: String,
}

struct Row {
    number: usize,
    name: String,
    own_name: String,
    added: String,
    credential: String,
}

#[derive(Template)]
#[template(path = "account/apps.html")]
struct AppsView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    rows: Vec<Row>,
    can_add: bool,
    notice: Option<Notice>,
}

impl AccountApps {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.method_name(Method::Totp);
        html(&AppsView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, Section::App),
            title: frame.title(&heading, false),
            heading,
            rows: self.apps.iter().enumerate().map(|(at, app)| self.row(at, app)).collect(),
            can_add: self.can_add,
            notice: self.notice(),
        })
    }

    fn row(&self, number: usize, app: &AccountApp) -> Row {
        let frame = &self.frame;
        Row {
            number,
            name: app.name.clone().unwrap_or_else(|| frame.method_name(Method::Totp)),
            own_name: app.name.clone().unwrap_or_default(),
            added: frame.t1("account-added", "time", frame.day(app.added_at)),
            credential: app.credential.clone(),
        }
    }

    fn notice(&self) -> Option<Notice> {
        let key = match self.done.as_str() {
            "added" => "apps-added",
            "named" => "apps-named",
            "removed" => "account-done-removed",
            "over" => return Some(Notice::warning(self.frame.t("apps-over"))),
            _ => return None,
        };
        Some(Notice::plain(Icon::Check, self.frame.t(key)))
    }
}
