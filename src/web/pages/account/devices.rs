//! P25: where somebody is signed in.

use askama::Template;

use super::{Section, SectionLink, sections};
use crate::points::Timestamp;
use crate::web::pages::frame::{Frame, html};
use crate::web::pages::icon::Icon;
use crate::web::pages::parts::{Hidden, Notice};

/// One session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountDevice {
    pub mark: String,
    pub is_this: bool,
    /// As the browser called itself.
    pub user_agent: String,
    /// Where it was begun.
    pub address: String,
    pub since: Timestamp,
    pub last_seen_at: Timestamp,
}

/// One device on which the second step is not asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountRemembered {
    pub credential: String,
    /// As the browser called itself.
    pub user_agent: String,
    pub last_used_at: Timestamp,
    pub ends_at: Timestamp,
}

/// P25.
#[derive(Clone, Debug)]
pub struct AccountDevices {
    pub frame: Frame,
    pub hidden: Hidden,
    pub devices: Vec<AccountDevice>,
    pub remembered: Vec<AccountRemembered>,
    /// What was just done, as the address says it; it only chooses a sentence.
    pub done: String,
}

struct Row {
    mark: String,
    is_this: bool,
    name: String,
    details: String,
}

#[derive(Template)]
#[template(path = "account/devices.html")]
struct DevicesView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    rows: Vec<Row>,
    remembered: Vec<Row>,
    has_others: bool,
    notice: Option<Notice>,
}

impl AccountDevices {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("devices-title");
        html(&DevicesView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, Section::Devices),
            title: frame.title(&heading, false),
            heading,
            rows: self.devices.iter().map(|device| self.row(device)).collect(),
            has_others: self.devices.iter().any(|device| !device.is_this),
            remembered: self.remembered.iter().map(|device| self.remembered(device)).collect(),
            notice: match self.done.as_str() {
                "ended" => Some("devices-ended"),
                "forgotten" => Some("remembered-forgotten"),
                _ => None,
            }
            .map(|key| Notice::plain(Icon::Check, frame.t(key))),
        })
    }

    fn row(&self, device: &AccountDevice) -> Row {
        let frame = &self.frame;
        let since = frame.day_and_time(device.since);
        let seen = frame.day_and_time(device.last_seen_at);
        let mut details = frame.text("devices-times", &[("since", &since), ("seen", &seen)]);
        if !device.address.is_empty() {
            details = format!("{} – {details}", device.address);
        }
        Row {
            mark: device.mark.clone(),
            is_this: device.is_this,
            name: self.name(&device.user_agent),
            details,
        }
    }

    fn remembered(&self, device: &AccountRemembered) -> Row {
        let frame = &self.frame;
        let (seen, until) =
            (frame.day_and_time(device.last_used_at), frame.day_and_time(device.ends_at));
        Row {
            mark: device.credential.clone(),
            is_this: false,
            name: self.name(&device.user_agent),
            details: frame.text("remembered-times", &[("seen", &seen), ("until", &until)]),
        }
    }

    /// "Firefox on Linux", as far as the browser says so.
    fn name(&self, user_agent: &str) -> String {
        // In this order: browsers name those whose pages they want to be given.
        const BROWSERS: [(&str, &str); 6] = [
            ("Edg", "Edge"),
            ("OPR/", "Opera"),
            ("Firefox", "Firefox"),
            ("Chrom", "Chromium"),
            ("Safari", "Safari"),
            ("curl", "curl"),
        ];
        const SYSTEMS: [(&str, &str); 6] = [
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("Mac OS", "macOS"),
            ("Linux", "Linux"),
        ];
        let find = |known: &[(&str, &'static str)]| {
            known.iter().find(|(word, _)| user_agent.contains(word)).map(|(_, name)| *name)
        };
        match (find(&BROWSERS), find(&SYSTEMS)) {
            (Some(browser), Some(system)) => {
                self.frame.text("devices-name", &[("browser", &browser), ("system", &system)])
            }
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => self.frame.t("devices-unknown"),
        }
    }
}
