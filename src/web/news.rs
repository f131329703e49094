//! The words of messages about a change of an account, in the languages of the pages. Not here: who gets
//! them, and when (`journey::news`).

use std::time::Duration;

use jiff::tz::TimeZone;

use super::i18n::{Catalogue, Language};
use super::pages::{method_key_within, written};
use crate::journey::{News, NewsText, Scene};
use crate::methods::without_codes;
use crate::points::{Method, Timestamp};

/// From the catalogue of the pages.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewsTexts;

impl NewsText for NewsTexts {
    fn mail(&self, scene: Scene<'_>, news: News) -> (String, String) {
        let (language, what) = what(scene, news);
        let texts = Catalogue::embedded();
        let subject = subject(language, "news-subject", scene.brand);
        let arguments: [(&str, &dyn super::i18n::Argument); 2] =
            [("what", &what), ("host", &scene.host)];
        (subject, texts.text(language, "news-mail-text", &arguments))
    }

    fn text_message(&self, scene: Scene<'_>, news: News) -> String {
        let (language, what) = what(scene, news);
        let brand = plain(scene.brand);
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
            &[("brand", &plain(scene.brand)), ("address", &address), ("minutes", &minutes)],
        );
        (subject(language, "mail-reset-subject", scene.brand), text)
    }

    fn contact_mail(&self, scene: Scene<'_>, code: &str) -> (String, String) {
        let language = Language::from_tag(scene.language).unwrap_or_default();
        let text = Catalogue::embedded().text(
            language,
            "mail-contact-text",
            &[("brand", &plain(scene.brand)), ("host", &scene.host), ("code", &code)],
        );
        (subject(language, "mail-contact-subject", scene.brand), text)
    }

    fn contact_text(&self, language: &str, brand: Option<&str>, code: &str) -> String {
        let language = Language::from_tag(language).unwrap_or_default();
        let texts = Catalogue::embedded();
        match brand {
            Some(brand) => {
                texts.text(language, "sms-contact-text", &[("brand", &brand), ("code", &code)])
            }
            None => texts.text(language, "sms-contact-text-plain", &[("code", &code)]),
        }
    }
}

/// A brand on one line, without digits that look like a code.
fn plain(brand: &str) -> String {
    without_codes(&one_line(brand))
}

fn subject(language: Language, key: &str, brand: &str) -> String {
    one_line(&Catalogue::embedded().text(language, key, &[("brand", &plain(brand))]))
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
    use crate::web::i18n;

    /// What comes after it, so that the compiler asks for what is new.
    fn next(news: News) -> Option<News> {
        let (method, due_at) = (Method::Passkey, Timestamp::from_secs(1_772_461_200));
        Some(match news {
            News::Added(_) => News::Removed(Method::Totp),
            News::Removed(_) => News::Renewed(Method::RecoveryCode),
            News::Renewed(_) => News::RemovalPlanned { method, due_at },
            News::RemovalPlanned { .. } => News::RemovalCancelled(method),
            News::RemovalCancelled(_) => News::PasswordChanged,
            News::PasswordChanged => News::RecoveryCodeUsed,
            News::RecoveryCodeUsed => News::PasswordReset,
            News::PasswordReset => return None,
        })
    }

    /// One of each.
    fn all() -> Vec<News> {
        std::iter::successors(Some(News::Added(Method::Passkey)), |news| next(*news)).collect()
    }

    /// Runs of exactly six digits.
    fn codes(text: &str) -> Vec<&str> {
        text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 6).collect()
    }

    #[test]
    fn a_code_for_a_new_contact_is_the_only_one_in_its_message() {
        for language in ["en", "nl"] {
            let brand = "Shop 654321";
            let host = "portal.example.org";
            let scene = Scene { language, brand, host, now: Timestamp::EPOCH };
            let (subject, text) = NewsTexts.contact_mail(scene, "402716");
            assert_eq!((codes(&subject), codes(&text)), (vec![], vec!["402716"]), "{text}");
            let (subject, text) =
                NewsTexts.reset_mail(scene, "https://x/", Duration::from_secs(3600));
            assert!(codes(&subject).is_empty() && codes(&text).is_empty(), "{text}");
            let say = |brand: Option<&str>| NewsTexts.contact_text(language, brand, "402716");
            let text = crate::methods::text_with_code(brand, host, "402716", say);
            assert!(text.starts_with("402716 "), "{text}");
            assert!(text.ends_with("\n\n@portal.example.org #402716"), "{text}");
            assert!(text.contains("Shop") && codes(&text) == ["402716"; 2], "{text}");
            let (subject, text) =
                i18n::code_mail(Language::from_tag(language).unwrap(), brand, host, "402716", 10);
            assert_eq!((codes(&subject), codes(&text)), (vec![], vec!["402716"]), "{text}");
        }
    }

    #[test]
    fn a_message_about_a_change_is_whole_and_holds_nothing_that_looks_like_a_code() {
        for language in ["en", "nl", "xx"] {
            let scene = Scene {
                language,
                brand: "Ex\r\nBcc: x 123456",
                host: "portal.example.org",
                now: Timestamp::EPOCH,
            };
            for news in all() {
                let (subject, text) = NewsTexts.mail(scene, news);
                let short = NewsTexts.text_message(scene, news);
                assert!(!subject.contains(['\r', '\n']), "{subject:?}");
                for text in [subject, text.clone(), short.clone()] {
                    assert!(!text.contains("[[") && !text.contains('{'), "{news:?}: {text}");
                    assert!(codes(&text).is_empty(), "{text}");
                }
                assert!(text.contains("portal.example.org"), "{text}");
                assert!(!short.contains('\n') && short.chars().count() < 306, "{short}");
            }
        }
    }
}
