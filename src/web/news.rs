//! The words of messages about a change of an account, in the languages of the pages. Not here: who gets
//! them, and when (`journey::news`).

use std::time::Duration;

use jiff::tz::TimeZone;

use super::i18n::{Catalogue, Language};
use super::pages::{method_key_within, written};
use crate::journey::{News, NewsText, Scene};
use crate::points::{Method, Timestamp};

/// From the catalogue of the pages.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewsTexts;

impl NewsText for NewsTexts {
    fn mail(&self, scene: Scene<'_>, news: News) -> (String, String) {
        let (language, what) = what(scene, news);
        let texts = Catalogue::embedded();
        let subject = texts.text(language, "news-subject", &[("brand", &scene.brand)]);
        let arguments: [(&str, &dyn super::i18n::Argument); 2] =
            [("what", &what), ("host", &scene.host)];
        (one_line(&subject), texts.text(language, "news-mail-text", &arguments))
    }

    fn text_message(&self, scene: Scene<'_>, news: News) -> String {
        let (language, what) = what(scene, news);
        let brand = one_line(scene.brand);
        Catalogue::embedded().text(
            language,
            "news-sms-text",
            &[("brand", &brand), ("what", &what), ("host", &scene.host)],
        )
    }

    fn reset_mail(&self, scene: Scene<'_>, address: &str, works_for: Duration) -> (String, String) {
        let language = Language::from_tag(scene.language).unwrap_or_default();
        let minutes = u32::try_from(works_for.as_secs() / 60).unwrap_or(u32::MAX);
        let text = Catalogue::embedded().text(
            language,
            "mail-reset-text",
            &[("brand", &scene.brand), ("address", &address), ("minutes", &minutes)],
        );
        (subject(language, "mail-reset-subject", scene.brand), text)
    }

    fn contact_mail(&self, scene: Scene<'_>, code: &str) -> (String, String) {
        let language = Language::from_tag(scene.language).unwrap_or_default();
        let text = Catalogue::embedded().text(
            language,
            "mail-contact-text",
            &[("brand", &scene.brand), ("host", &scene.host), ("code", &code)],
        );
        (subject(language, "mail-contact-subject", scene.brand), text)
    }

    fn contact_text(&self, scene: Scene<'_>, code: &str) -> String {
        let language = Language::from_tag(scene.language).unwrap_or_default();
        let brand = one_line(scene.brand);
        Catalogue::embedded().text(
            language,
            "sms-contact-text",
            &[("brand", &brand), ("code", &code)],
        )
    }
}

impl NewsTexts {
    /// The link with which an account is set up: subject and text, `address` whole.
    #[must_use]
    pub fn set_up_mail(self, scene: Scene<'_>, address: &str, name: &str) -> (String, String) {
        let language = Language::from_tag(scene.language).unwrap_or_default();
        let text = Catalogue::embedded().text(
            language,
            "mail-setup-text",
            &[("brand", &scene.brand), ("address", &address), ("name", &name)],
        );
        (subject(language, "mail-setup-subject", scene.brand), text)
    }
}

fn subject(language: Language, key: &str, brand: &str) -> String {
    one_line(&Catalogue::embedded().text(language, key, &[("brand", &brand)]))
}

/// What happened, as one sentence.
fn what(scene: Scene<'_>, news: News) -> (Language, String) {
    let language = Language::from_tag(scene.language).unwrap_or_default();
    let texts = Catalogue::embedded();
    let name = |method: Method| texts.text(language, method_key_within(method), &[]);
    let about = |key: &str, method: Method| texts.text(language, key, &[("method", &name(method))]);
    let sentence = match news {
        News::Added(method) => about("news-added", method),
        News::Removed(method) => about("news-removed", method),
        News::Renewed(method) => about("news-renewed", method),
        News::RemovalCancelled(method) => about("news-removal-cancelled", method),
        News::RemovalPlanned { method, due_at } => {
            let (method, time) = (name(method), day(due_at));
            texts.text(
                language,
                "news-removal-planned",
                &[("method", &method), ("time", &time), ("host", &scene.host)],
            )
        }
        News::PasswordChanged => texts.text(language, "news-password", &[]),
        News::RecoveryCodeUsed => texts.text(language, "news-recovery-used", &[]),
        News::PasswordReset => texts.text(language, "news-reset", &[]),
        News::ContactChanged(method) => about("news-contact-changed", method),
        News::LinkMade => texts.text(language, "news-link-made", &[]),
    };
    (language, sentence)
}

fn day(instant: Timestamp) -> String {
    written(&TimeZone::system(), instant, "%Y-%m-%d %H:%M")
}

/// A subject is one line, whatever the brand holds.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each.
    const ALL: [News; 9] = [
        News::Added(Method::Passkey),
        News::Removed(Method::Totp),
        News::Renewed(Method::RecoveryCode),
        News::RemovalPlanned {
            method: Method::Passkey,
            due_at: Timestamp::from_secs(1_772_461_200),
        },
        News::RemovalCancelled(Method::Passkey),
        News::PasswordChanged,
        News::PasswordReset,
        News::ContactChanged(Method::Sms),
        News::LinkMade,
    ];

    #[test]
    fn a_message_about_a_change_is_whole_and_holds_nothing_that_looks_like_a_code() {
        for language in ["en", "nl", "xx"] {
            let scene = Scene {
                language,
                brand: "Ex\r\nBcc: x",
                host: "portal.example.org",
                now: Timestamp::EPOCH,
            };
            for news in ALL {
                let (subject, text) = NewsTexts.mail(scene, news);
                let short = NewsTexts.text_message(scene, news);
                assert!(!subject.contains(['\r', '\n']), "{subject:?}");
                for text in [subject, text.clone(), short.clone()] {
                    assert!(!text.contains("[[") && !text.contains('{'), "{news:?}: {text}");
                    let mut runs = text.split(|c: char| !c.is_ascii_digit());
                    assert!(runs.all(|run| run.len() != 6), "{text}");
                }
                assert!(text.contains("portal.example.org"), "{text}");
                assert!(!short.contains('\n') && short.chars().count() < 306, "{short}");
            }
        }
    }
}
