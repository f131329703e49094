//! The pages between the first step and the last: choose a way, confirm, wait, and no way left. Not
//! here: which ways there are (`points`), and in which order they come (`journey`).

use askama::Template;

use super::frame::{Frame, Markup, html, method_key_again};
use super::icon::Icon;
use super::parts::{Choice, Counting, Group, Hidden, Notice, StepView, Tally, ask, groups, steps};
use crate::points::{Method, Timestamp};

#[derive(Template)]
#[template(path = "choose.html")]
struct ChooseView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    reason: Option<&'a str>,
    steps: Vec<StepView>,
    notice: Option<Notice>,
    /// What the choices are for; names the only list of them.
    lead: String,
    is_lead_heading: bool,
    tally: Option<Tally>,
    groups: Vec<Group>,
    none_href: String,
    cancel: Option<&'a str>,
}

/// Sentence and bar where points are shown as numbers, else the usual sentence.
fn lead(frame: &Frame, choices: &[Choice], counting: Counting) -> (String, Option<Tally>) {
    let Counting::Numbers { have, need } = counting else {
        return (frame.t("next-lead"), None);
    };
    let missing = need.saturating_sub(have);
    let one_step = choices.iter().any(|choice| choice.then.is_empty());
    let key = if one_step { "next-points" } else { "next-points-many" };
    let arguments: [(&'static str, &dyn crate::web::i18n::Argument); 3] =
        [("have", &have), ("need", &need), ("missing", &missing)];
    (frame.text(key, &arguments), Some(Tally::new(&frame.t("next-bar-label"), have, need)))
}

/// P2: which way next.
#[derive(Clone, Debug)]
pub struct Choose {
    /// With the person in it.
    pub frame: Frame,
    pub hidden: Hidden,
    /// In the order in which they were done.
    pub done: Vec<Method>,
    /// Ways that lead in, and ways that would but cannot be used now.
    pub choices: Vec<Choice>,
    pub counting: Counting,
    /// A recovery code was just used; so many are left.
    pub recovery_left: Option<u32>,
}

impl Choose {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t1("next-title", "n", self.fewest_steps());
        let (lead, tally) = lead(frame, &self.choices, self.counting);
        html(&ChooseView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, false),
            heading,
            reason: None,
            steps: steps(frame, &self.done, frame.t("next-choose")),
            notice: self
                .recovery_left
                .map(|left| Notice::plain(Icon::Key, frame.t1("recovery-left", "n", left))),
            lead,
            is_lead_heading: false,
            tally,
            groups: groups(frame, &self.choices, self.counting),
            none_href: self.hidden.address("stuck"),
            cancel: None,
        })
    }

    fn fewest_steps(&self) -> usize {
        let usable = self.choices.iter().filter(|choice| choice.blocked.is_none());
        usable.map(|choice| choice.then.len() + 1).min().unwrap_or(1)
    }
}

/// Why somebody who is signed in is asked again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ConfirmReason {
    /// The operator's own words, in the language of the page.
    Explained(String),
    /// The last confirmation is older than the page takes.
    Older { minutes: u32 },
    /// The page asks for more than was shown.
    Level,
    /// The person is about to change their methods.
    Change,
}

/// P7: confirm to continue.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// With the person in it.
    pub frame: Frame,
    pub hidden: Hidden,
    pub reason: ConfirmReason,
    pub choices: Vec<Choice>,
    pub counting: Counting,
    /// The last page of the portal.
    pub cancel: String,
}

impl Confirm {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("confirm-title");
        let (lead, tally) = lead(frame, &self.choices, self.counting);
        let reason = match &self.reason {
            ConfirmReason::Explained(words) => words.clone(),
            ConfirmReason::Older { minutes } => frame.t1("confirm-fresh", "minutes", minutes),
            ConfirmReason::Level => frame.t("confirm-level"),
            ConfirmReason::Change => frame.t("confirm-change"),
        };
        html(&ChooseView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, false),
            heading,
            reason: Some(&reason),
            steps: Vec::new(),
            notice: None,
            lead,
            is_lead_heading: false,
            tally,
            groups: groups(frame, &self.choices, self.counting),
            none_href: self.hidden.address("stuck"),
            cancel: Some(&self.cancel),
        })
    }
}

/// P12: one method waits; the others do not.
#[derive(Clone, Debug)]
pub struct Wait {
    /// With the person, and a reference, in it.
    pub frame: Frame,
    pub hidden: Hidden,
    pub method: Method,
    pub until: Timestamp,
    /// What can be used meanwhile, and the waiting one if it should stay visible.
    pub choices: Vec<Choice>,
    pub counting: Counting,
}

impl Wait {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("wait-title");
        let method = frame.t(method_key_again(self.method));
        let time = frame.clock(self.until);
        let text = frame.text("wait-text", &[("method", &method), ("time", &time)]);
        let span = frame.t1("wait-in", "minutes", frame.minutes_until(self.until));
        html(&ChooseView {
            frame,
            hidden: &self.hidden,
            title: frame.title(&heading, false),
            heading,
            reason: None,
            steps: Vec::new(),
            notice: Some(Notice::warning(format!("{text} {span}"))),
            lead: frame.t("wait-other"),
            is_lead_heading: true,
            tally: None,
            groups: self.groups(),
            none_href: self.hidden.address("stuck"),
            cancel: None,
        })
    }

    fn groups(&self) -> Vec<Group> {
        if self.choices.iter().all(|choice| choice.blocked.is_some()) {
            return Vec::new();
        }
        groups(&self.frame, &self.choices, self.counting)
    }
}

/// P8: nothing that the account has is enough. Never called a failure.
#[derive(Clone, Debug)]
pub struct Stuck {
    /// With a reference in it.
    pub frame: Frame,
    /// What the account can show now.
    pub have: Vec<Method>,
    /// Back to the choices; `None` where there are none.
    pub back: Option<String>,
}

#[derive(Template)]
#[template(path = "stuck.html")]
struct StuckView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    have: Vec<(Icon, String)>,
    ask: Markup,
    back: Option<&'a str>,
}

impl Stuck {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("stuck-title");
        let name = |method: &Method| (Icon::of(*method), frame.method_name(*method));
        html(&StuckView {
            frame,
            title: frame.title(&heading, false),
            heading,
            have: self.have.iter().map(name).collect(),
            ask: ask(frame, "stuck-ask", "stuck-ask-admin", None),
            back: self.back.as_deref(),
        })
    }
}
