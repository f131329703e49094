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
    /// A phone number in E.164 form: `+`, then 7 to 15 digits that do not start with 0.
    PhoneNumber, phone_number
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
    let number: String =
        text.trim().chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let digits = number.strip_prefix('+').ok_or(InvalidName::PhoneNumber)?;
    let is_right = (7..=15).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0');
    if is_right { Ok(number) } else { Err(InvalidName::PhoneNumber) }
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
    fn a_phone_number_is_in_international_form() {
        assert_eq!(
            "+31 6 1234-5678".parse::<PhoneNumber>().map(|n| n.to_string()),
            Ok("+31612345678".into())
        );
        for bad in [
            "0612345678",
            "+0612345678",
            "+31612345678,+31687654321",
            "+31612345678x5",
            "+",
            "+123456",
            "+1234567890123456",
        ] {
            assert!(bad.parse::<PhoneNumber>().is_err(), "{bad}");
        }
    }
}
