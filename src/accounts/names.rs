//! Names and addresses in their one canonical form. Everything that counts, bans or looks up takes
//! these types, so that `Bob`, ` bob` and a full-width twin cannot be three people. Not here: whether
//! an address works.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Why a text is not a name or address. The text is for the person who typed it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidName {
    #[error("a user name has 1 to 64 of the characters a-z, 0-9, `.`, `_`, `@`, `+` and `-`")]
    UserName,
    #[error("this is not an e-mail address")]
    EmailAddress,
    #[error("a phone number is written with `+` and the country code, such as +31612345678")]
    PhoneNumber,
    #[error("this phone number does not exist, or cannot receive text messages")]
    NoTextMessages,
}

macro_rules! canonical {
    ($(#[$doc:meta])* $name:ident, $parse:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $parse(text).map(Self)
            }
        }
    };
}

canonical! {
    /// A user's name within a directory: 1 to 64 of `[a-z0-9._@+-]` after trimming, NFKC and lower-casing.
    UserName, user_name
}

canonical! {
    /// One e-mail address: local part as typed, domain in lower case; at most 254 bytes (RFC 5321,
    /// section 4.5.3.1). No display name, no comment, no address literal, no second address.
    EmailAddress, email_address
}

canonical! {
    /// A phone number in E.164 form (ITU-T): `+`, country code and number, at most 15 digits; one that
    /// exists by the numbering plan of its country and is not of a kind that costs its caller extra or
    /// takes no text messages.
    PhoneNumber, phone_number
}

impl PhoneNumber {
    /// The country of the number, as in ISO 3166-1: `NL`. `None` for numbers of no single country.
    #[must_use]
    pub fn country(&self) -> Option<Country> {
        let number = phonenumber::parse(None, &self.0).ok()?;
        number.country().id().and_then(|id| Country::new(id.as_ref()))
    }
}

/// A country as in ISO 3166-1, two letters in upper case.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Country([u8; 2]);

impl Country {
    /// `None`: no country that has phone numbers.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        text.parse::<phonenumber::country::Id>().is_ok().then_some(Self(letters))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl EmailAddress {
    /// The form under which it is counted and found: all in lower case, since no provider in use
    /// tells letters apart by case.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

fn user_name(text: &str) -> Result<String, InvalidName> {
    // A name of more than this cannot fold to 64 characters; refused before any work is done.
    if text.len() > 1024 {
        return Err(InvalidName::UserName);
    }
    let name: String = text.trim().nfkc().flat_map(char::to_lowercase).collect();
    let is_allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '@' | '+' | '-');
    if (1..=64).contains(&name.len()) && name.chars().all(is_allowed) {
        Ok(name)
    } else {
        Err(InvalidName::UserName)
    }
}

fn email_address(text: &str) -> Result<String, InvalidName> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').ok_or(InvalidName::EmailAddress)?;
    let is_local = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+/=?^_`{|}~.-".contains(c)
            || (!c.is_ascii() && c.is_alphanumeric())
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let is_right = text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(is_local)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.split('.').all(is_label);
    if is_right {
        Ok(format!("{local}@{}", domain.to_ascii_lowercase()))
    } else {
        Err(InvalidName::EmailAddress)
    }
}

fn phone_number(text: &str) -> Result<String, InvalidName> {
    // Longer than anything that can be a number; refused before any work is done.
    if text.len() > 128 {
        return Err(InvalidName::PhoneNumber);
    }
    let folded: String = text.trim().nfkc().collect();
    let is_between =
        |c: char| matches!(c, ' ' | '-' | '(' | ')' | '.' | '/' | '\u{2010}'..='\u{2015}');
    let number: String = folded.chars().filter(|c| !is_between(*c)).collect();
    let digits = number.strip_prefix('+').ok_or(InvalidName::PhoneNumber)?;
    let is_right = (7..=15).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0');
    if !is_right {
        return Err(InvalidName::PhoneNumber);
    }
    let parsed = phonenumber::parse(None, &number).map_err(|_| InvalidName::PhoneNumber)?;
    // A zero that is dialled within the country only (+31 (0)6) is not part of the number.
    let canonical = parsed.format().mode(phonenumber::Mode::E164).to_string();
    if parsed.is_valid() && takes_texts(&parsed) {
        Ok(canonical)
    } else {
        Err(InvalidName::NoTextMessages)
    }
}

/// Numbers that cost more than a text message, or that no phone is behind, are refused. A fixed line
/// stays in: in some countries it cannot be told apart from a mobile one.
fn takes_texts(number: &phonenumber::PhoneNumber) -> bool {
    use phonenumber::Type;
    match number.number_type(&phonenumber::metadata::DATABASE) {
        Type::Mobile
        | Type::FixedLine
        | Type::FixedLineOrMobile
        | Type::PersonalNumber
        | Type::Voip => true,
        Type::TollFree
        | Type::PremiumRate
        | Type::SharedCost
        | Type::Pager
        | Type::Uan
        | Type::Emergency
        | Type::Voicemail
        | Type::ShortCode
        | Type::StandardRate
        | Type::Carrier
        | Type::NoInternational
        | Type::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_name_however_it_is_typed() {
        for typed in ["bob", "BOB", " bob ", "\u{ff42}\u{ff4f}\u{ff42}", "b\u{006f}b"] {
            assert_eq!(
                typed.parse::<UserName>().map(|n| n.to_string()),
                Ok("bob".into()),
                "{typed:?}"
            );
        }
        for typed in
            ["", " ", "bo b", "bob\n\0", "b/b", "bob;", "\u{212a}\u{fb01}\u{2100}", &"a".repeat(65)]
        {
            assert!(typed.parse::<UserName>().is_err(), "{typed:?}");
        }
        assert!("a".repeat(64).parse::<UserName>().is_ok());
    }

    #[test]
    fn an_address_is_exactly_one_recipient() {
        for good in ["anna@example.org", "a.b+c@sub.example.org", "j\u{f6}rg@example.org"] {
            assert!(good.parse::<EmailAddress>().is_ok(), "{good}");
        }
        for bad in [
            "a@b@c.org",
            "a@b,c@d",
            "a;b@c.org",
            "a\r\nBcc: x@y.org",
            "<a@b.org>",
            "\"x\"@b.org",
            "a@[1.2.3.4]",
            "@b.org",
            "a@",
            "a@-b.org",
            ".a@b.org",
            "a..b@c.org",
            "a b@c.org",
            "A <a@b.org>",
        ] {
            assert!(bad.parse::<EmailAddress>().is_err(), "{bad:?}");
        }
        assert!(format!("a@{}.org", "b".repeat(250)).parse::<EmailAddress>().is_err());
    }

    #[test]
    fn a_phone_number_has_one_form_however_it_is_typed() {
        for typed in [
            "+31612345678",
            " +31 6 1234-5678 ",
            "+31 (0)6 12345678",
            "+31.6.12.34.56.78",
            "+31/612345678",
            "+31\u{a0}6\u{2013}12345678",
            "\u{ff0b}\u{ff13}\u{ff11}\u{ff16}\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}\u{ff17}\u{ff18}",
        ] {
            let number = typed.parse::<PhoneNumber>();
            assert_eq!(number.as_ref().map(PhoneNumber::as_str), Ok("+31612345678"), "{typed:?}");
        }
        for (number, country) in [
            ("+31612345678", "NL"),
            ("+32470123456", "BE"),
            ("+447400123456", "GB"),
            ("+12025550123", "US"),
        ] {
            let number = number.parse::<PhoneNumber>().unwrap();
            assert_eq!(number.country(), Country::new(country), "{number}");
        }
    }

    #[test]
    fn what_is_not_one_phone_number_in_international_form_is_refused() {
        for bad in [
            "",
            "+",
            "0612345678",
            "0031612345678",
            "+0612345678",
            "++31612345678",
            "+31+612345678",
            "31612345678",
            "+31612345678,+31687654321",
            "+31612345678;+31687654321",
            "+31612345678 +31687654321",
            "+31612345678x5",
            "+31612345678 ext. 5",
            "+31612345678;ext=5",
            "tel:+31612345678",
            "+31612345678#5",
            "+31612345678p5",
            "+31612345678\n5",
            "+31612345678\0",
            "+31six",
            "+1800FLOWERS",
            "+\u{663}\u{661}612345678",
            "+123456",
            "+1234567890123456",
            "112",
            "*100#",
            &"+".repeat(100_000),
            &format!("+31612345678{}", " ".repeat(100_000)),
        ] {
            assert_eq!(bad.parse::<PhoneNumber>(), Err(InvalidName::PhoneNumber), "{bad:.40?}");
        }
    }

    #[test]
    fn numbers_that_do_not_exist_or_cost_extra_are_refused() {
        for bad in [
            // Too short or too long for its country.
            "+3161234567",
            "+316123456789",
            // No such country code.
            "+999612345678",
            // Premium rate, toll-free, shared cost.
            "+319061234567",
            "+318001234567",
            "+449012345678",
            "+18002530000",
        ] {
            let number = bad.parse::<PhoneNumber>();
            assert!(number.is_err(), "{bad}: {number:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_taken_as_a_number_is_a_plus_and_digits_and_taken_again(text in "\\+?[0-9 ()x.,+-]{0,24}") {
            if let Ok(number) = text.parse::<PhoneNumber>() {
                let digits = number.as_str().strip_prefix('+').unwrap();
                proptest::prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()));
                proptest::prop_assert_eq!(number.as_str().parse::<PhoneNumber>(), Ok(number.clone()));
            }
        }
    }

    #[test]
    fn a_country_is_two_letters_that_have_phone_numbers() {
        assert_eq!(Country::new("NL").map(|country| country.to_string()), Some("NL".to_owned()));
        for bad in ["", "nl", "N", "NLD", "XX", "\u{e9}"] {
            assert_eq!(Country::new(bad), None, "{bad}");
        }
    }
}
