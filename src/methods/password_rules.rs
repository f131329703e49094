//! What a new password must and must not be: NIST SP 800-63B-4, section 3.1.1. No rule of
//! composition and no expiry, on purpose. Not here: hashing.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

const MIN_CHARS: usize = PasswordRules::MIN_CHARS;
const MAX_CHARS: usize = PasswordRules::MAX_CHARS;

/// Nothing longer is normalised or hashed.
pub(super) const MAX_BYTES: usize = 1024;

/// Why a password is not taken. The sentence is for the person who chose it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordProblem {
    #[error("Use at least {MIN_CHARS} characters.")]
    TooShort,
    #[error("Use at most {MAX_CHARS} characters.")]
    TooLong,
    #[error("Many people use this password, so it is tried first. Choose another one.")]
    Common,
    #[error("A name is easy to guess. Choose a password that is more than a name.")]
    IsAName,
}

impl PasswordProblem {
    pub const ALL: [Self; 4] = [Self::TooShort, Self::TooLong, Self::Common, Self::IsAName];

    /// Its name in an address.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::Common => "common",
            Self::IsAName => "is-a-name",
        }
    }
}

/// The rules for a password that is being chosen. One that exists is only compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct PasswordRules;

impl PasswordRules {
    /// In code points after NFKC.
    pub const MIN_CHARS: usize = 8;

    /// In code points after NFKC; NIST asks for at least 64.
    pub const MAX_CHARS: usize = 128;

    /// `words` are the names that an attacker would try: the user's, their e-mail address, the brand,
    /// the hosts.
    ///
    /// # Errors
    /// The first rule that the password breaks.
    pub fn check(&self, password: &str, words: &[&str]) -> Result<(), PasswordProblem> {
        if password.len() > MAX_BYTES {
            return Err(PasswordProblem::TooLong);
        }
        let password = canonical(password);
        match password.chars().count() {
            ..MIN_CHARS => return Err(PasswordProblem::TooShort),
            MIN_CHARS..=MAX_CHARS => {}
            _ => return Err(PasswordProblem::TooLong),
        }
        let folded = Zeroizing::new(password.to_lowercase());
        if is_common(&folded) {
            return Err(PasswordProblem::Common);
        }
        if is_only_names(&folded, words) {
            return Err(PasswordProblem::IsAName);
        }
        Ok(())
    }
}

/// A password as it is hashed and compared: NFKC, so that two keyboards type the same one. Nothing
/// is trimmed, cut or folded.
pub(super) fn canonical(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfkc().collect())
}

fn is_common(folded: &str) -> bool {
    COMMON.contains(folded) || is_one_character(folded)
}

fn is_one_character(folded: &str) -> bool {
    let mut chars = folded.chars();
    let first = chars.next();
    chars.all(|c| Some(c) == first)
}

/// Whether nothing but digits and marks is left of a password once the names, or their parts, are
/// taken out.
fn is_only_names(folded: &str, words: &[&str]) -> bool {
    let mut parts: Vec<String> = words.iter().flat_map(|word| parts_of(word)).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let before = Zeroizing::new(letters(folded));
    let mut rest = before.clone();
    for part in &parts {
        rest = Zeroizing::new(rest.replace(part, ""));
    }
    !before.is_empty() && rest.is_empty()
}

/// Shorter parts, such as `nl`, say nothing.
const MIN_PART: usize = 3;

/// A name as a whole and in its words: letters in lower case.
fn parts_of(word: &str) -> Vec<String> {
    let word: String = word.nfkc().flat_map(char::to_lowercase).collect();
    word.split(|c: char| !c.is_alphanumeric())
        .map(letters)
        .chain([letters(&word)])
        .filter(|part| part.chars().count() >= MIN_PART)
        .collect()
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt")
        .lines()
        .filter(|line| !line.starts_with("# ") && !line.is_empty())
        .collect()
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 4] =
        ["johannes", "johannes.smit@example.org", "Acme Portal", "portal.example.org"];

    fn check(password: &str) -> Result<(), PasswordProblem> {
        PasswordRules.check(password, &WORDS)
    }

    #[test]
    fn a_password_has_8_to_128_code_points() {
        use PasswordProblem::{TooLong, TooShort};
        let of = |count: usize| "kw\u{e9}z7 rt".chars().cycle().take(count).collect::<String>();
        for (count, expected) in [
            (0, Err(TooShort)),
            (7, Err(TooShort)),
            (8, Ok(())),
            (14, Ok(())),
            (15, Ok(())),
            (64, Ok(())),
            (128, Ok(())),
            (129, Err(TooLong)),
            (100_000, Err(TooLong)),
        ] {
            assert_eq!(check(&of(count)), expected, "{count}");
        }
        // Four bytes each.
        assert_eq!(
            check("\u{1f511}\u{1f412}\u{1f427}\u{1f426}\u{1f424}\u{1f98b}\u{1f40c}"),
            Err(TooShort)
        );
        assert_eq!(
            check("\u{1f511}\u{1f412}\u{1f427}\u{1f426}\u{1f424}\u{1f98b}\u{1f40c}\u{1f41e}"),
            Ok(())
        );
    }

    #[test]
    fn what_many_people_use_is_refused_however_it_is_written() {
        for password in [
            "password",
            "Password1",
            "PASSWORD123",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "welkom01",
            "Welkom2024!",
            "zaq12wsx",
            "letmein123",
            "aaaaaaaa",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
            "\u{ff50}\u{ff41}\u{ff53}\u{ff53}\u{ff57}\u{ff4f}\u{ff52}\u{ff44}",
        ] {
            assert_eq!(check(password), Err(PasswordProblem::Common), "{password}");
        }
    }

    #[test]
    fn a_name_with_digits_around_it_is_refused_and_a_name_within_more_is_not() {
        for password in [
            "johannes",
            "Johannes1985",
            "!!johannes!!",
            "johannesjohannes",
            "johannes.smit",
            "acme2024!",
            "Acme-Portal-1",
            "example1",
            "portal.example.org",
        ] {
            assert_eq!(check(password), Err(PasswordProblem::IsAName), "{password}");
        }
        for password in ["johannes fietst graag", "my acme lamp", "organ pipes 7", "83 02 71 55 90"]
        {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn the_list_has_three_thousand_that_are_long_enough_to_be_chosen() {
        let choosable = COMMON.iter().filter(|line| line.chars().count() >= MIN_CHARS).count();
        assert!(choosable >= 3000, "{choosable}");
        for line in COMMON.iter() {
            assert_eq!(line.to_lowercase(), *line, "the list is in lower case");
            assert_eq!(*canonical(line), *line, "the list is in NFKC");
        }
    }

    #[test]
    fn no_composition_is_asked_for() {
        for password in [
            "correct horse battery",
            "zwjkqpvn",
            "        x      ",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}\u{43a}\u{430}",
        ] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    proptest! {
        #[test]
        fn no_password_and_no_word_makes_the_check_fail(password in ".{0,200}", word in ".{0,20}") {
            let _ = PasswordRules.check(&password, &[&word]);
        }

        #[test]
        fn a_name_is_refused_however_often_it_is_repeated(times in 1_usize..12, digits in 0_u32..100_000) {
            let password = format!("{}{digits:05}", "anneke".repeat(times));
            prop_assert_eq!(PasswordRules.check(&password, &["anneke"]), Err(PasswordProblem::IsAName));
        }
    }
}
