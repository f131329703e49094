//! The texts that a person reads, in each language, and the choice of a language.
//!
//! A sentence is whole in the catalogue, with its plural forms; nothing is glued together from pieces.
//! To add a language: a file in `languages/`, a variant of [`Language`] and its line in each `match`;
//! the tests then name every text that is missing. Not here: what a message looks like on a page
//! (`pages`), and the explanations that an operator writes (`routes`).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::methods::without_codes;

/// A language in which every text exists.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Language {
    #[default]
    English,
    Dutch,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::Dutch];

    /// The tag for `lang` attributes, files and settings (BCP 47).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Dutch => "nl",
        }
    }

    /// What its speakers call it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Dutch => "Nederlands",
        }
    }

    /// The language of a tag: the primary subtag decides, so `nl-BE` is Dutch. `None`: not ours.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.trim();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }
}

/// The value of a placeholder in a text.
pub trait Argument {
    fn value(&self) -> FluentValue<'_>;
}

impl Argument for str {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self)
    }
}

impl Argument for String {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self.as_str())
    }
}

impl Argument for u16 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Argument for u32 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Argument for u64 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Argument for usize {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl<T: Argument + ?Sized> Argument for &T {
    fn value(&self) -> FluentValue<'_> {
        T::value(self)
    }
}

/// All texts in all languages, as compiled into the program.
pub struct Catalogue {
    english: FluentBundle<FluentResource>,
    dutch: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue").finish_non_exhaustive()
    }
}

impl Catalogue {
    #[must_use]
    pub fn embedded() -> &'static Self {
        static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue {
            english: bundle(Language::English, include_str!("languages/en.ftl")),
            dutch: bundle(Language::Dutch, include_str!("languages/nl.ftl")),
        });
        &CATALOGUE
    }

    /// Chooses: what the person said, else what their browser prefers, else the first that is offered.
    ///
    /// `offered` holds tags; empty means every language. What is not offered is never chosen, whoever
    /// asks for it, and an unreadable `Accept-Language` counts as none.
    #[must_use]
    pub fn negotiate(
        explicit: Option<&str>,
        accept_language: Option<&str>,
        offered: &[String],
    ) -> Language {
        let known: Vec<Language> =
            offered.iter().filter_map(|tag| Language::from_tag(tag)).collect();
        let offered = if known.is_empty() { Language::ALL.to_vec() } else { known };
        explicit
            .and_then(Language::from_tag)
            .filter(|language| offered.contains(language))
            .or_else(|| preferred(accept_language?, &offered))
            .or_else(|| offered.first().copied())
            .unwrap_or_default()
    }

    /// The text of a key, with its placeholders filled in. `name.attribute` reads an attribute.
    ///
    /// A key that does not exist reads as itself in double brackets: the tests look for those.
    #[must_use]
    pub fn text(
        &self,
        language: Language,
        key: &str,
        arguments: &[(&'static str, &dyn Argument)],
    ) -> String {
        let bundle = self.bundle(language);
        let (name, attribute) =
            key.split_once('.').map_or((key, None), |(name, rest)| (name, Some(rest)));
        let message = bundle.get_message(name);
        let pattern = match attribute {
            None => message.and_then(|message| message.value()),
            Some(attribute) => message
                .and_then(|message| message.get_attribute(attribute))
                .map(|attribute| attribute.value()),
        };
        let Some(pattern) = pattern else {
            tracing::error!(key, language = language.code(), "a text is missing");
            return format!("[[{key}]]");
        };
        let mut values = FluentArgs::with_capacity(arguments.len());
        for (name, argument) in arguments {
            values.set(*name, argument.value());
        }
        let mut problems = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&values), &mut problems);
        for problem in problems {
            tracing::error!(key, language = language.code(), %problem, "a text is incomplete");
        }
        Cow::into_owned(text)
    }

    const fn bundle(&self, language: Language) -> &FluentBundle<FluentResource> {
        match language {
            Language::English => &self.english,
            Language::Dutch => &self.dutch,
        }
    }
}

fn bundle(language: Language, source: &str) -> FluentBundle<FluentResource> {
    // A code of ours always parses; the tests of plural forms would show one that does not.
    let identifier = language.code().parse::<LanguageIdentifier>().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    // Isolation marks would end up in codes that people copy.
    bundle.set_use_isolating(false);
    // The tests fail on a broken file; at run time the readable part of one is better than nothing.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(part, _)| part);
    if bundle.add_resource(resource).is_err() {
        tracing::error!("a file of texts says the same thing twice");
    }
    bundle
}

/// The best of `offered` for an `Accept-Language` (RFC 9110, section 12.5.4); order breaks ties.
fn preferred(accept_language: &str, offered: &[Language]) -> Option<Language> {
    let mut wishes: Vec<(&str, f32)> =
        accept_language.split(',').take(32).filter_map(wish).collect();
    wishes.sort_by_key(|(_, weight)| Reverse(ordered(*weight)));
    wishes.into_iter().find_map(|(tag, _)| match tag {
        "*" => offered.first().copied(),
        tag => Language::from_tag(tag).filter(|language| offered.contains(language)),
    })
}

/// A tag and its weight above 0 and up to 1.
fn wish(item: &str) -> Option<(&str, f32)> {
    let (tag, parameter) =
        item.split_once(';').map_or((item, None), |(tag, rest)| (tag, Some(rest.trim())));
    let weight = match parameter {
        None => 1.0,
        Some(parameter) => parameter.strip_prefix("q=")?.trim().parse::<f32>().ok()?,
    };
    (weight > 0.0 && weight <= 1.0).then_some((tag.trim(), weight))
}

/// A weight as a number that sorts: three decimals are all that the header has.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
fn ordered(weight: f32) -> u16 {
    (weight * 1000.0) as u16
}

/// The message that carries a sign-in code: subject and text.
///
/// The code stands in the text once and is its only run of exactly six digits; `minutes` is how long
/// it works. The subject never holds it, because lock screens show subjects.
#[must_use]
pub fn code_mail(
    language: Language,
    brand: &str,
    host: &str,
    code: &str,
    minutes: u32,
) -> (String, String) {
    let catalogue = Catalogue::embedded();
    let brand = without_codes(brand);
    let subject = catalogue.text(language, "mail-code-subject", &[("brand", &brand)]);
    let text = catalogue.text(
        language,
        "mail-code-text",
        &[("brand", &brand), ("host", &host), ("code", &code), ("minutes", &minutes)],
    );
    (one_line(&subject), text)
}

/// The sentence of a text message with a code; `brand`: `None` where there is no room for one.
#[must_use]
pub fn code_text(language: Language, brand: Option<&str>, code: &str) -> String {
    let catalogue = Catalogue::embedded();
    match brand {
        Some(brand) => catalogue.text(language, "text-code", &[("code", &code), ("brand", &brand)]),
        None => catalogue.text(language, "text-code-plain", &[("code", &code)]),
    }
}

/// A subject is one line, whatever the brand holds.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    use super::*;

    const FILES: [(Language, &str); 2] = [
        (Language::English, include_str!("languages/en.ftl")),
        (Language::Dutch, include_str!("languages/nl.ftl")),
    ];

    /// Keys of buttons and labels, by how they end, and how many characters fit.
    const LIMITS: [(&str, usize); 5] =
        [("-title", 60), ("-submit", 32), ("-label", 40), (".mid", 32), ("-subject", 60)];

    /// Key to text, attributes as `name.attribute`.
    fn texts(source: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        let mut name = String::new();
        let mut last = String::new();
        for line in source.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((key, text)) = trimmed.split_once(" =").filter(|(key, _)| {
                key.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
            }) {
                last = match key.strip_prefix('.') {
                    Some(attribute) => format!("{name}.{attribute}"),
                    None => {
                        key.clone_into(&mut name);
                        name.clone()
                    }
                };
                assert!(
                    texts.insert(last.clone(), text.trim().to_owned()).is_none(),
                    "{last} twice"
                );
            } else {
                texts.entry(last.clone()).or_default().push_str(trimmed);
            }
        }
        texts
    }

    fn placeholders(text: &str) -> BTreeSet<String> {
        text.split('$')
            .skip(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect())
            .collect()
    }

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "html") {
                found.push(path);
            }
        }
    }

    /// Everything between double quotes in the code and the templates of this room.
    fn quoted() -> BTreeSet<String> {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut files);
        files
            .iter()
            .flat_map(|file| {
                let text = std::fs::read_to_string(file).unwrap();
                text.split('"').map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn the_files_parse_and_say_nothing_twice() {
        for (language, source) in FILES {
            if let Err((_, problems)) = FluentResource::try_new(source.to_owned()) {
                panic!("{}: {problems:?}", language.code());
            }
            texts(source);
        }
    }

    #[test]
    fn every_text_exists_in_every_language_with_the_same_placeholders() {
        let english = texts(FILES[0].1);
        let dutch = texts(FILES[1].1);
        let keys =
            |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<BTreeSet<_>>();
        let (in_english, in_dutch) = (keys(&english), keys(&dutch));
        let odd: Vec<_> = in_english.symmetric_difference(&in_dutch).collect();
        assert!(odd.is_empty(), "in one language only: {odd:?}");
        for (key, text) in &english {
            assert_eq!(placeholders(text), placeholders(&dutch[key]), "{key}");
        }
    }

    #[test]
    fn every_text_is_used_somewhere() {
        let quoted = quoted();
        let unused: Vec<_> =
            texts(FILES[0].1).into_keys().filter(|key| !quoted.contains(key)).collect();
        assert!(unused.is_empty(), "nobody says: {unused:?}");
    }

    #[test]
    fn every_text_that_a_page_asks_for_exists() {
        let known = texts(FILES[0].1);
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut files);
        let calls = [".t(\"", ".t1(\"", ".t2(\"", ".bold(\"", ".bold2(\""];
        let mut asked = 0;
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for call in calls {
                for rest in text.split(call).skip(1) {
                    let key = rest.split('"').next().unwrap();
                    if key.contains([' ', '.', ','])
                        && !key.ends_with(".mid")
                        && !key.ends_with(".again")
                    {
                        continue;
                    }
                    asked += 1;
                    assert!(known.contains_key(key), "{key} in {}", file.display());
                }
            }
        }
        assert!(asked > 60, "the search found only {asked} calls");
    }

    #[test]
    fn no_text_is_longer_than_its_place() {
        for (language, source) in FILES {
            for (key, text) in texts(source) {
                for (end, limit) in LIMITS {
                    let length = text.chars().count();
                    let fits = !key.ends_with(end) || text.contains("->") || length <= limit;
                    assert!(fits, "{} {key}: {length} characters, {limit} fit", language.code());
                }
            }
        }
    }

    #[test]
    fn dutch_is_informal() {
        for (key, text) in texts(FILES[1].1) {
            let formal = text
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| matches!(word, "u" | "U" | "uw" | "Uw"));
            assert!(!formal, "{key}: {text}");
        }
    }

    #[test]
    fn a_language_is_chosen_as_the_person_said_then_as_the_browser_prefers() {
        use Language::{Dutch, English};
        let both = ["en".to_owned(), "nl".to_owned()];
        let dutch_first = ["nl".to_owned(), "en".to_owned()];
        let english_only = ["en".to_owned()];
        // What the person said, what the browser prefers, what is offered; what is chosen.
        type Row<'a> = (Option<&'a str>, Option<&'a str>, &'a [String], Language);
        let table: [Row<'_>; 14] = [
            (None, None, &both, English),
            (None, None, &dutch_first, Dutch),
            (None, None, &[], English),
            (Some("nl"), Some("en"), &both, Dutch),
            (Some("nl"), None, &english_only, English),
            (Some("xx"), Some("nl"), &both, Dutch),
            (None, Some("nl-BE,nl;q=0.9,en;q=0.8"), &both, Dutch),
            (None, Some("fr,nl;q=0.4,en;q=0.5"), &both, English),
            (None, Some("en;q=0,nl;q=0.1"), &both, Dutch),
            (None, Some("*"), &dutch_first, Dutch),
            (None, Some("de"), &dutch_first, Dutch),
            (None, Some(";;q=,,\u{0}"), &both, English),
            (None, Some("nl;q=2"), &both, English),
            (Some("NL"), None, &both, Dutch),
        ];
        for (explicit, accepted, offered, chosen) in table {
            assert_eq!(
                Catalogue::negotiate(explicit, accepted, offered),
                chosen,
                "{explicit:?} {accepted:?} {offered:?}"
            );
        }
    }

    #[test]
    fn a_number_takes_its_plural_form() {
        let catalogue = Catalogue::embedded();
        let says = |language, n: u32| catalogue.text(language, "code-left", &[("n", &n)]);
        assert_eq!(says(Language::English, 1), "You have 1 try left.");
        assert_eq!(says(Language::English, 2), "You have 2 tries left.");
        assert_ne!(says(Language::Dutch, 1), says(Language::Dutch, 2));
    }

    #[test]
    fn a_missing_text_is_visible_and_never_empty() {
        let text = Catalogue::embedded().text(Language::English, "no-such", &[]);
        assert_eq!(text, "[[no-such]]");
    }

    #[test]
    fn the_code_is_the_only_run_of_six_digits_in_its_mail_and_not_in_the_subject() {
        for language in Language::ALL {
            let (subject, text) =
                code_mail(language, "Example", "portal.example.org", "012345", 10);
            let runs: Vec<&str> =
                text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 6).collect();
            assert_eq!(runs, ["012345"], "{text}");
            assert!(text.contains("portal.example.org") && text.contains("10"));
            assert!(subject.contains("Example") && !subject.contains("012345"));
        }
    }

    #[test]
    fn a_text_message_starts_with_the_code_and_is_short_and_plain() {
        for language in Language::ALL {
            for brand in [Some("Example"), None] {
                let text = code_text(language, brand, "012345");
                assert!(text.starts_with("012345 ") && text.is_ascii(), "{text}");
                assert!(text.len() <= 80, "{text}");
                assert_eq!(text.contains("Example"), brand.is_some());
            }
        }
    }

    #[test]
    fn a_subject_stays_one_line_whatever_the_brand_holds() {
        let (subject, _) = code_mail(Language::English, "Ex\r\nBcc: x", "h", "012345", 10);
        assert!(!subject.contains(['\r', '\n']), "{subject:?}");
    }
}
