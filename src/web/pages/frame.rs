//! What every page has around it: brand, language, help, reference, and the person. Not here: what a
//! page is about.

use askama::Template;
use askama::filters::{Escaper as _, Html, HtmlSafe};
use jiff::tz::TimeZone;

use crate::points::{Method, MethodSet, Timestamp};
use crate::web::assets::Assets;
use crate::web::i18n::{Argument, Catalogue, Language};

/// Whom people can ask.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Help {
    /// Address of a page, or `mailto:`/`tel:`.
    pub url: Option<String>,
    /// As a text: "the service desk, 030 123 45 67".
    pub contact: Option<String>,
}

/// Who is signing in, or has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// As typed or as in the directory; escaped like everything else.
    pub name: String,
    /// `false`: still on the way in.
    pub is_signed_in: bool,
    /// Where "Not you?" leads; `None` leaves it out.
    pub not_you: Option<String>,
}

/// What surrounds a page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Whose sign-in this is; at the top of the page and in its title.
    pub brand: String,
    /// What the person wants to reach.
    pub portal: String,
    /// Start page of the portal.
    pub home: String,
    pub language: Language,
    /// Offered, in this order.
    pub languages: Vec<Language>,
    /// Path and query of this page, for the switch of language. `None`, as on a refusal at an address
    /// of the portal: no switch, because the portal would get the parameter.
    pub address: Option<String>,
    /// `None` on no page of a site or on all: help is always in the same place (WCAG 2.2, 3.2.6).
    pub help: Option<Help>,
    /// What to mention when asking for help; on every page that is not a success.
    pub reference: Option<String>,
    pub user: Option<Person>,
    /// Marks each page of a demonstration: the address of its inbox, which opens in a new tab so that
    /// the page that asks for the code stays. `None`: this is no demonstration.
    pub demo_inbox: Option<String>,
    /// The methods that the directory takes: pages of an account are about these.
    pub offered: MethodSet,
    pub now: Timestamp,
    /// In which times are told.
    pub zone: TimeZone,
}

/// A link to this page in another language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct LanguageLink {
    pub(super) language: Language,
    pub(super) href: String,
}

/// HTML that is safe to put into a page: texts of the catalogue and escaped values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::web) struct Markup(pub(super) String);

impl std::fmt::Display for Markup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

/// Stand in for values while a sentence is put together; no text of a catalogue holds them.
const PLACES: [char; 2] = ['\u{E000}', '\u{E001}'];

impl Frame {
    pub(in crate::web) fn t(&self, key: &str) -> String {
        self.text(key, &[])
    }

    pub(in crate::web) fn t1(&self, key: &str, name: &'static str, value: impl Argument) -> String {
        self.text(key, &[(name, &value)])
    }

    pub(in crate::web) fn text(
        &self,
        key: &str,
        arguments: &[(&'static str, &dyn Argument)],
    ) -> String {
        Catalogue::embedded().text(self.language, key, arguments)
    }

    /// A sentence in which the value stands out.
    pub(in crate::web) fn bold(
        &self,
        key: &str,
        name: &'static str,
        value: impl AsRef<str>,
    ) -> Markup {
        let sentence = self.text(key, &[(name, &PLACES[0].to_string())]);
        emphasised(&sentence, &[(PLACES[0], value.as_ref())])
    }

    /// A sentence in which two values stand out.
    pub(in crate::web) fn bold2(
        &self,
        key: &str,
        first: (&'static str, &str),
        second: (&'static str, &str),
    ) -> Markup {
        let [one, two] = PLACES;
        let sentence = self.text(key, &[(first.0, &one.to_string()), (second.0, &two.to_string())]);
        emphasised(&sentence, &[(one, first.1), (two, second.1)])
    }

    /// For the window's title.
    pub(in crate::web) fn title(&self, heading: &str, is_error: bool) -> String {
        let title = self.text("page-title", &[("heading", &heading), ("brand", &self.brand)]);
        if is_error { self.t1("error-title", "title", title) } else { title }
    }

    /// The time of day, to the second, in the zone of this machine.
    pub(in crate::web) fn clock(&self, instant: Timestamp) -> String {
        written(&self.zone, instant, "%H:%M:%S")
    }

    /// The day, in the zone of this machine.
    pub(super) fn day(&self, instant: Timestamp) -> String {
        written(&self.zone, instant, "%Y-%m-%d")
    }

    /// Day and time, to the minute, in the zone of this machine.
    pub(super) fn day_and_time(&self, instant: Timestamp) -> String {
        written(&self.zone, instant, "%Y-%m-%d %H:%M")
    }

    /// Whole minutes until an instant, rounded up; at least 1.
    pub(super) fn minutes_until(&self, instant: Timestamp) -> u64 {
        instant.since(self.now).as_secs().div_ceil(60).max(1)
    }

    pub(in crate::web) fn method_name(&self, method: Method) -> String {
        self.t(method_key(method))
    }

    pub(in crate::web) fn assets(&self) -> &'static Assets {
        Assets::embedded()
    }

    /// The person with their name standing out, or `None`.
    pub(super) fn who(&self) -> Option<Markup> {
        let user = self.user.as_ref()?;
        let key = if user.is_signed_in { "signed-in-as" } else { "signing-in-as" };
        Some(self.bold(key, "user", &user.name))
    }

    pub(super) fn language_links(&self) -> Vec<LanguageLink> {
        let Some(address) = &self.address else { return Vec::new() };
        self.languages
            .iter()
            .filter(|language| **language != self.language)
            .map(|language| LanguageLink {
                language: *language,
                href: in_language(address, language.code()),
            })
            .collect()
    }
}

/// An instant as people write it; empty where no calendar has it.
pub(in crate::web) fn written(zone: &TimeZone, instant: Timestamp, format: &str) -> String {
    i64::try_from(instant.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map_or_else(String::new, |instant| zone.to_datetime(instant).strftime(format).to_string())
}

/// The key of a method's name.
pub(super) const fn method_key(method: Method) -> &'static str {
    match method {
        Method::Password => "method-password",
        Method::Email => "method-email",
        Method::Sms => "method-sms",
        Method::Totp => "method-totp",
        Method::Passkey => "method-passkey",
        Method::SecurityKey => "method-security-key",
        Method::RecoveryCode => "method-recovery-code",
        Method::RememberedDevice => "method-remembered-device",
        Method::Token => "method-token",
    }
}

/// The key of its name in "text message, then e-mail".
pub(in crate::web) const fn method_key_within(method: Method) -> &'static str {
    match method {
        Method::Password => "method-password.mid",
        Method::Email => "method-email.mid",
        Method::Sms => "method-sms.mid",
        Method::Totp => "method-totp.mid",
        Method::Passkey => "method-passkey.mid",
        Method::SecurityKey => "method-security-key.mid",
        Method::RecoveryCode => "method-recovery-code.mid",
        Method::RememberedDevice => "method-remembered-device.mid",
        Method::Token => "method-token.mid",
    }
}

/// The key of its name in "you can use ... again".
pub(super) const fn method_key_again(method: Method) -> &'static str {
    match method {
        Method::Password => "method-password.again",
        Method::Email => "method-email.again",
        Method::Sms => "method-sms.again",
        Method::Totp => "method-totp.again",
        Method::Passkey => "method-passkey.again",
        Method::SecurityKey => "method-security-key.again",
        Method::RecoveryCode => "method-recovery-code.again",
        Method::RememberedDevice => "method-remembered-device.again",
        Method::Token => "method-token.again",
    }
}

/// Escapes the sentence, then puts the escaped values in. Values are put in last and one by one over
/// the parts of the sentence, so that a value that holds a place is only text.
fn emphasised(sentence: &str, values: &[(char, &str)]) -> Markup {
    let mut html = String::with_capacity(sentence.len() + 32);
    for character in sentence.chars() {
        match values.iter().find(|(place, _)| *place == character) {
            None => escape(&mut html, character.encode_utf8(&mut [0; 4])),
            Some((_, value)) => {
                html.push_str("<b>");
                escape(&mut html, value);
                html.push_str("</b>");
            }
        }
    }
    Markup(html)
}

fn escape(html: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = Html.write_escaped_str(html, text);
}

/// An address with its parameter `lang` set; a language that was chosen before is replaced.
fn in_language(address: &str, code: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut parts: Vec<&str> =
        query.split('&').filter(|part| !part.is_empty() && !part.starts_with("lang=")).collect();
    let language = format!("lang={code}");
    parts.push(&language);
    format!("{path}?{}", parts.join("&"))
}

/// A value as part of a query: everything but unreserved characters (RFC 3986) is encoded.
pub(super) fn in_query(value: &str) -> String {
    use std::fmt::Write as _;
    value.bytes().fold(String::with_capacity(value.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// Renders. Writing to a string fails only where a value's own formatting does: no value here can.
pub(in crate::web) fn html(page: &impl Template) -> String {
    page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be written");
        String::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::gallery;

    #[test]
    fn a_language_link_keeps_the_transaction_and_replaces_an_earlier_choice() {
        let table = [
            ("/.scoregate/next", "/.scoregate/next?lang=nl"),
            ("/.scoregate/next?tx=8q", "/.scoregate/next?tx=8q&lang=nl"),
            ("/.scoregate/next?lang=en&tx=8q", "/.scoregate/next?tx=8q&lang=nl"),
            ("/.scoregate/next?tx=8q&lang=en&", "/.scoregate/next?tx=8q&lang=nl"),
        ];
        for (address, expected) in table {
            assert_eq!(in_language(address, "nl"), expected);
        }
    }

    #[test]
    fn a_value_that_stands_out_is_escaped_and_cannot_take_the_place_of_another() {
        let sentence = "<&> \u{E000} and \u{E001}";
        let Markup(html) =
            emphasised(sentence, &[('\u{E000}', "\u{E001}<i>"), ('\u{E001}', "b\"")]);
        assert!(!html.contains("<i>") && !html.contains("b\""), "{html}");
        assert_eq!(html.matches("<b>").count(), 2, "{html}");
        assert!(html.contains("<b>\u{E001}&#60;i&#62;</b>"), "{html}");
    }

    #[test]
    fn a_time_is_told_in_the_zone_of_the_frame() {
        let mut frame = gallery::frame(Language::English);
        frame.zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(frame.clock(Timestamp::from_secs(12 * 3600 + 61)), "14:01:01");
        assert_eq!(frame.clock(Timestamp::NEVER), "");
    }

    #[test]
    fn waiting_is_told_in_minutes_that_are_never_too_few() {
        let frame = gallery::frame(Language::English);
        let after = |seconds| frame.now.after(std::time::Duration::from_secs(seconds));
        for (seconds, minutes) in [(0, 1), (59, 1), (60, 1), (61, 2), (900, 15)] {
            assert_eq!(frame.minutes_until(after(seconds)), minutes, "{seconds}");
        }
    }
}
