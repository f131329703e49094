//! P21: the passkeys and security keys of a person, adding one, removing one; and the card that offers a
//! first one. Not here: who may, and what an answer of a browser has to look like.

use askama::Template;

use super::{Section, SectionLink, sections};
use crate::points::{Method, Timestamp};
use crate::web::pages::frame::{Frame, Markup, html};
use crate::web::pages::icon::Icon;
use crate::web::pages::parts::{Hidden, Notice};
use crate::web::pages::passkey::{AskView, PasskeyAsk};

/// One of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasskeyCard {
    pub id: String,
    pub method: Method,
    /// `None`: it is called after who made it, or just a passkey.
    pub label: Option<String>,
    pub aaguid: [u8; 16],
    pub is_synced: bool,
    pub added_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl PasskeyCard {
    fn name(&self, frame: &Frame) -> String {
        self.label
            .clone()
            .or_else(|| provider(self.aaguid).map(str::to_owned))
            .unwrap_or_else(|| frame.method_name(self.method))
    }
}

/// Why no passkey can be added here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NoMore {
    /// They work under this domain only.
    Elsewhere(String),
    /// There are as many as an account can have.
    Full,
    /// The directory has none.
    NotOffered,
}

/// P21.
#[derive(Clone, Debug)]
pub struct AccountPasskeys {
    pub frame: Frame,
    pub hidden: Hidden,
    pub passkeys: Vec<PasskeyCard>,
    /// The methods of which one more can be added; or why none can.
    pub can_add: Result<Vec<Method>, NoMore>,
    /// What was just done, as the address says it; it only chooses a sentence.
    pub done: String,
}

struct Card {
    id: String,
    icon: Icon,
    name: String,
    details: Vec<String>,
    label: String,
}

#[derive(Template)]
#[template(path = "account/passkeys.html")]
struct PasskeysView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    notice: Option<Notice>,
    cards: Vec<Card>,
    can_add_passkey: bool,
    can_add_key: bool,
    no_more: Option<Notice>,
}

impl AccountPasskeys {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("passkeys-title");
        let can_add = |method| self.can_add.as_ref().is_ok_and(|methods| methods.contains(&method));
        html(&PasskeysView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, Section::Passkeys),
            title: frame.title(&heading, false),
            heading,
            notice: self.notice(),
            cards: self.passkeys.iter().map(|card| self.card(card)).collect(),
            can_add_passkey: can_add(Method::Passkey),
            can_add_key: can_add(Method::SecurityKey),
            no_more: self.can_add.as_ref().err().map(|why| self.no_more(why)),
        })
    }

    fn no_more(&self, why: &NoMore) -> Notice {
        let text = match why {
            NoMore::Elsewhere(domain) => {
                self.frame.t1("passkeys-elsewhere", "domain", domain.clone())
            }
            NoMore::Full => self.frame.t("passkeys-full"),
            NoMore::NotOffered => self.frame.t("passkeys-not-offered"),
        };
        Notice::plain(Icon::Warning, text)
    }

    fn notice(&self) -> Option<Notice> {
        let (icon, key) = match self.done.as_str() {
            "added" => (Icon::Check, "passkeys-done-added"),
            "renamed" => (Icon::Check, "passkeys-done-renamed"),
            "removed" => (Icon::Check, "account-done-removed"),
            "taken" => (Icon::Warning, "passkeys-done-taken"),
            "failed" => (Icon::Warning, "passkeys-done-failed"),
            _ => return None,
        };
        Some(Notice::plain(icon, self.frame.t(key)))
    }

    fn card(&self, card: &PasskeyCard) -> Card {
        let frame = &self.frame;
        let day = |at| frame.day_and_time(at);
        let used = match card.last_used_at {
            Some(at) => frame.t1("passkeys-used", "time", day(at)),
            None => frame.t("passkeys-unused"),
        };
        let mut details = vec![frame.t1("passkeys-added", "time", day(card.added_at)), used];
        if card.is_synced {
            details.push(frame.t("passkeys-synced"));
        }
        Card {
            id: card.id.clone(),
            icon: Icon::of(card.method),
            name: card.name(frame),
            details,
            label: card.label.clone().unwrap_or_default(),
        }
    }
}

/// The page that makes one.
#[derive(Clone, Debug)]
pub struct AddPasskey {
    pub frame: Frame,
    pub hidden: Hidden,
    pub method: Method,
    pub ask: PasskeyAsk,
}

#[derive(Template)]
#[template(path = "account/passkey-add.html")]
struct AddView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    lead: String,
    ask: AskView<'a>,
}

impl AddPasskey {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let is_key = self.method == Method::SecurityKey;
        let text =
            |passkey: &'static str, key: &'static str| frame.t(if is_key { key } else { passkey });
        let heading = text("passkey-add-title", "security-key-add-title");
        html(&AddView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, Section::Passkeys),
            title: frame.title(&heading, false),
            heading,
            lead: text("passkey-add-lead", "security-key-add-lead"),
            ask: AskView {
                action: if is_key {
                    "/.scoregate/me/passkeys/add-key"
                } else {
                    "/.scoregate/me/passkeys/add"
                },
                mode: "create",
                options: &self.ask.options,
                ceremony: &self.ask.ceremony,
                rp: &self.ask.rp,
                is_autofill: false,
                is_main: true,
                icon: Icon::of(self.method),
                button: text("passkey-add-submit", "security-key-add-submit"),
            },
        })
    }
}

/// The page that asks once more before one goes.
#[derive(Clone, Debug)]
pub struct RemovePasskey {
    pub frame: Frame,
    pub hidden: Hidden,
    pub passkey: PasskeyCard,
}

#[derive(Template)]
#[template(path = "account/passkey-remove.html")]
struct RemoveView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    sections: Vec<SectionLink>,
    title: String,
    heading: String,
    text: Markup,
    id: &'a str,
}

impl RemovePasskey {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("passkey-remove-title");
        let name = self.passkey.name(frame);
        html(&RemoveView {
            frame,
            hidden: &self.hidden,
            sections: sections(frame, Section::Passkeys),
            title: frame.title(&heading, false),
            heading,
            text: frame.bold("passkey-remove-text", "name", &name),
            id: &self.passkey.id,
        })
    }
}

/// Who makes passkeys with this AAGUID, where that is known.
fn provider(aaguid: [u8; 16]) -> Option<&'static str> {
    let hex: String = aaguid.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines = include_str!("providers.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('\t'))
        .find(|(known, _)| known.replace('-', "") == hex)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_aaguid_and_zeros_are_nobody() {
        assert_eq!(provider([0; 16]), None);
        let one = 0x_bada_5566_a7aa_401f_bd96_4561_9a55_120d_u128;
        assert_eq!(provider(one.to_be_bytes()), Some("1Password"));
    }

    #[test]
    fn every_line_of_the_list_is_one_aaguid_and_a_name() {
        let lines = include_str!("providers.tsv").lines().filter(|line| !line.starts_with('#'));
        let mut seen = std::collections::BTreeSet::new();
        for line in lines {
            let (aaguid, name) = line.split_once('\t').unwrap();
            let groups: Vec<usize> = aaguid.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12], "{line}");
            assert!(aaguid.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()), "{line}");
            assert!(!name.trim().is_empty() && seen.insert(aaguid), "{line}");
        }
    }
}
