//! Reading a code as people type and paste it. Not here: what it is compared with.

use super::Rejection;

/// Digits of every code that a person types.
pub(super) const DIGITS: usize = 6;

/// Longer answers are not read: nobody types them.
const MAX_BYTES: usize = 64;

/// Exactly six ASCII digits, once white space and dashes are gone and full-width digits are mapped.
/// What is left out is what phones, mail programs and people put between digits, and nothing else:
/// a sign or a letter makes it no code.
///
/// # Errors
/// Nothing was typed, or it has not the form of a code.
pub fn code(answer: &str) -> Result<String, Rejection> {
    if answer.len() > MAX_BYTES {
        return Err(Rejection::NotAnAnswer);
    }
    let mut digits = String::with_capacity(DIGITS);
    for c in answer.chars().filter(|c| !is_between_digits(*c)) {
        digits.push(digit(c).ok_or(Rejection::NotAnAnswer)?);
    }
    match digits.len() {
        0 => Err(Rejection::Empty),
        DIGITS => Ok(digits),
        _ => Err(Rejection::NotAnAnswer),
    }
}

fn is_between_digits(c: char) -> bool {
    // U+2010 to U+2015 are the dashes, U+2212 is the minus, U+FF0D its full-width twin; U+200B and
    // U+2060 take no room and come along when text is copied.
    c.is_whitespace()
        || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
        || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_six_digits_however_they_are_spaced_and_nothing_else() {
        let code_of = |answer: &str| code(answer);
        for answer in [
            "123456",
            " 123456",
            "123456\n",
            "123 456",
            "123-456",
            "12\u{2013}34\u{a0}56\u{200b}",
            "\u{ff11}\u{ff12}\u{ff13}456",
        ] {
            assert_eq!(code_of(answer), Ok("123456".to_owned()), "{answer:?}");
        }
        for answer in ["", " ", "\n", "-"] {
            assert_eq!(code_of(answer), Err(Rejection::Empty), "{answer:?}");
        }
        for answer in [
            "+123456",
            "0123456",
            "12345",
            "1234567",
            "12345a",
            "123.456",
            "123456\0",
            "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            "[\"123456\"]",
            &"1".repeat(100_000),
            &" ".repeat(100_000),
        ] {
            assert_eq!(code_of(answer), Err(Rejection::NotAnAnswer), "{:.20?}", answer);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_as_a_code_is_always_six_ascii_digits(answer in "\\PC{0,20}") {
            if let Ok(code) = code(&answer) {
                prop_assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
