//! Pieces that several pages share: hidden fields, steps, choices, messages.

use super::frame::{Frame, Markup, in_query, method_key_within};
use super::icon::Icon;
use crate::points::{Method, Timestamp};

/// What every form carries besides its fields.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hidden {
    /// Bound to the browser or the session.
    pub csrf: String,
    /// The transaction, or whatever else the next page needs to get back. `None` where there is
    /// nothing, as at sign-out and at the first page of a set-up link.
    pub tx: Option<String>,
}

impl Hidden {
    /// An address of ours within this transaction.
    pub(super) fn address(&self, page: &str) -> String {
        match &self.tx {
            None => format!("/.scoregate/{page}"),
            Some(tx) => format!("/.scoregate/{page}?tx={}", in_query(tx)),
        }
    }
}

/// What is wrong with what was typed: at the top, and beside the field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Problem {
    pub(super) text: String,
    /// The id of the field that the link leads to.
    pub(super) field: &'static str,
}

/// A message that is no mistake of the person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Notice {
    pub(super) class: &'static str,
    pub(super) icon: Icon,
    pub(super) text: String,
}

impl Notice {
    pub(super) const fn plain(icon: Icon, text: String) -> Self {
        Self { class: "note", icon, text }
    }

    pub(super) const fn warning(text: String) -> Self {
        Self { class: "note warn", icon: Icon::Warning, text }
    }
}

/// One post of the list of steps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct StepView {
    pub(super) place: String,
    pub(super) text: String,
    pub(super) is_done: bool,
    pub(super) is_current: bool,
}

/// The steps that are done, and the one that is on.
pub(super) fn steps(frame: &Frame, done: &[Method], current: String) -> Vec<StepView> {
    let place = |n: usize| frame.t1("next-step", "n", n);
    let mut steps: Vec<StepView> = (1..)
        .zip(done)
        .map(|(n, method)| StepView {
            place: place(n),
            text: frame.t1("next-done", "method", frame.method_name(*method)),
            is_done: true,
            is_current: false,
        })
        .collect();
    let place = place(steps.len() + 1);
    steps.push(StepView { place, text: current, is_done: false, is_current: true });
    steps
}

/// The notched bar: a notch is ten points, or a tenth where there would be more than ten.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Tally {
    /// For whoever does not see the bar: "Your points: 20 / 30".
    pub(super) label: String,
    have: u16,
    pub(super) need: u16,
}

impl Tally {
    pub(super) fn new(name: &str, have: u16, need: u16) -> Self {
        Self { label: format!("{name}: {have} / {need}"), have, need: need.max(1) }
    }

    /// More than enough fills the bar, no more.
    pub(super) fn filled(&self) -> u16 {
        self.have.min(self.need)
    }

    pub(super) fn notches(&self) -> Vec<u16> {
        let step = if self.need > 100 { self.need / 10 } else { 10 };
        (1..).map(|n: u16| n * step).take_while(|at| *at < self.need).collect()
    }
}

/// How the person is told what is missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counting {
    /// Choices only.
    Never,
    /// "1 step".
    Steps,
    /// "You have 20 of 30 points": for tests, demonstrations and internal tools.
    Numbers { have: u16, need: u16 },
}

/// Why a way that the person has cannot be used now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blocked {
    Until(Timestamp),
    /// Messages are not getting through.
    Delivery,
}

/// One way to go on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    pub method: Method,
    /// What has to follow; the number of steps is one more than this has.
    pub then: Vec<Method>,
    /// Where a code goes, masked: `a•••@e•••.org`, or the last digits of a number.
    pub target: Option<String>,
    /// What it adds here.
    pub points: u16,
    pub is_used_last: bool,
    pub blocked: Option<Blocked>,
}

/// A choice as it stands on the page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Row {
    pub(super) method: &'static str,
    pub(super) icon: Icon,
    pub(super) name: String,
    pub(super) hint: String,
    pub(super) cost: Option<String>,
    pub(super) is_used_last: bool,
    pub(super) is_blocked: bool,
    pub(super) needs_script: bool,
}

/// Choices that take equally many steps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Group {
    /// Names the list; unique on the page.
    pub(super) id: String,
    /// `None`: there is one group, and the page names it.
    pub(super) heading: Option<String>,
    pub(super) rows: Vec<Row>,
}

/// The choices in groups of equally many steps; one group where all take the same.
pub(super) fn groups(frame: &Frame, choices: &[Choice], counting: Counting) -> Vec<Group> {
    let mut lengths: Vec<usize> = choices.iter().map(|choice| choice.then.len() + 1).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let has_headings = lengths.len() > 1 && counting != Counting::Never;
    if !has_headings {
        let rows = choices.iter().map(|choice| row(frame, choice, counting, false)).collect();
        return vec![Group { id: "ways".to_owned(), heading: None, rows }];
    }
    let group = |length: usize| Group {
        id: format!("ways-{length}"),
        heading: Some(frame.t1("next-group", "n", length)),
        rows: choices
            .iter()
            .filter(|choice| choice.then.len() + 1 == length)
            .map(|choice| row(frame, choice, counting, true))
            .collect(),
    };
    lengths.into_iter().map(group).collect()
}

fn row(frame: &Frame, choice: &Choice, counting: Counting, is_grouped: bool) -> Row {
    let cost = match counting {
        Counting::Never => None,
        Counting::Numbers { .. } => Some(format!("+{}", choice.points)),
        Counting::Steps if is_grouped => None,
        Counting::Steps => Some(frame.t1("next-cost", "n", choice.then.len() + 1)),
    };
    Row {
        method: choice.method.name(),
        icon: Icon::of(choice.method),
        name: chain(frame, choice),
        hint: match choice.blocked {
            None => hint(frame, choice),
            Some(Blocked::Until(until)) => frame.t1("blocked-until", "time", frame.clock(until)),
            Some(Blocked::Delivery) => frame.t("blocked-delivery"),
        },
        cost: cost.filter(|_| choice.blocked.is_none()),
        is_used_last: choice.is_used_last && choice.blocked.is_none(),
        is_blocked: choice.blocked.is_some(),
        needs_script: matches!(choice.method, Method::Passkey | Method::SecurityKey),
    }
}

/// "Text message, then e-mail".
fn chain(frame: &Frame, choice: &Choice) -> String {
    choice.then.iter().fold(frame.method_name(choice.method), |first, method| {
        let second = frame.t(method_key_within(*method));
        frame.text("next-chain", &[("first", &first), ("second", &second)])
    })
}

fn hint(frame: &Frame, choice: &Choice) -> String {
    match (choice.method, &choice.target) {
        (Method::Email, Some(target)) => frame.t1("hint-email", "target", target),
        (Method::Email, None) => frame.t("hint-email-plain"),
        (Method::Sms, Some(target)) => frame.t1("hint-sms", "target", target),
        (Method::Sms, None) => frame.t("hint-sms-plain"),
        (Method::Password, _) => frame.t("hint-password"),
        (Method::Totp, _) => frame.t("hint-totp"),
        (Method::Passkey, _) => frame.t("hint-passkey"),
        (Method::SecurityKey, _) => frame.t("hint-security-key"),
        (Method::RecoveryCode, _) => frame.t("hint-recovery-code"),
        (Method::RememberedDevice | Method::Token, _) => String::new(),
    }
}

/// Whom to ask, and what to mention.
pub(super) fn ask(frame: &Frame, named: &str, unnamed: &str, contact: Option<&str>) -> Markup {
    let reference = frame.reference.as_deref().unwrap_or("-");
    match contact.or_else(|| frame.help.as_ref()?.contact.as_deref()) {
        Some(contact) => frame.bold2(named, ("contact", contact), ("reference", reference)),
        None => frame.bold(unnamed, "reference", reference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::i18n::Language;
    use crate::web::pages::gallery;

    fn choice(method: Method, then: &[Method]) -> Choice {
        Choice {
            method,
            then: then.to_vec(),
            target: None,
            points: 10,
            is_used_last: false,
            blocked: None,
        }
    }

    #[test]
    fn ways_of_different_length_are_grouped_shortest_first_and_then_do_not_repeat_their_cost() {
        let frame = gallery::frame(Language::English);
        let choices = [choice(Method::Sms, &[Method::Email]), choice(Method::Totp, &[])];
        let groups = groups(&frame, &choices, Counting::Steps);
        let headings: Vec<_> = groups.iter().map(|group| group.heading.as_deref()).collect();
        assert_eq!(headings, [Some("Done in 1 step"), Some("Done in 2 steps")]);
        assert!(groups.iter().flat_map(|group| &group.rows).all(|row| row.cost.is_none()));
        assert_eq!(groups[1].rows[0].name, "Text message, then e-mail");
    }

    #[test]
    fn ways_of_one_length_are_one_group_with_their_cost() {
        let frame = gallery::frame(Language::English);
        let choices = [choice(Method::Sms, &[]), choice(Method::Totp, &[])];
        for (counting, cost) in [
            (Counting::Never, None),
            (Counting::Steps, Some("1 step")),
            (Counting::Numbers { have: 20, need: 30 }, Some("+10")),
        ] {
            let groups = groups(&frame, &choices, counting);
            assert_eq!(groups.len(), 1);
            assert_eq!(groups[0].rows[0].cost.as_deref(), cost);
        }
    }

    #[test]
    fn a_blocked_way_says_why_instead_of_what_it_costs() {
        let frame = gallery::frame(Language::English);
        let blocked = Choice {
            blocked: Some(Blocked::Until(frame.now)),
            is_used_last: true,
            ..choice(Method::Email, &[])
        };
        let groups = groups(&frame, &[blocked], Counting::Steps);
        let row = &groups[0].rows[0];
        assert!(row.is_blocked && !row.is_used_last && row.cost.is_none());
        assert!(row.hint.starts_with("Wait until "), "{}", row.hint);
    }

    #[test]
    fn a_transaction_is_encoded_in_addresses() {
        let hidden = Hidden { csrf: String::new(), tx: Some("a&b=\"ü".to_owned()) };
        assert_eq!(hidden.address("next"), "/.scoregate/next?tx=a%26b%3D%22%C3%BC");
    }
}
