//! The methods by name, the kinds of thing they prove, and sets of both. What a method does lives in
//! `methods`; what it is worth is a setting.

use std::fmt;
use std::str::FromStr;

/// A way to prove who one is. Declared in the order in which choices are listed to a person who has
/// no habit yet: strongest first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Method {
    Passkey,
    Password,
    Totp,
    SecurityKey,
    Sms,
    Email,
    RecoveryCode,
    RememberedDevice,
    Token,
}

impl Method {
    pub const ALL: [Self; 9] = [
        Self::Passkey,
        Self::Password,
        Self::Totp,
        Self::SecurityKey,
        Self::Sms,
        Self::Email,
        Self::RecoveryCode,
        Self::RememberedDevice,
        Self::Token,
    ];

    /// The name in files, addresses, problem documents and the audit.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Password => "password",
            Self::Totp => "totp",
            Self::SecurityKey => "security_key",
            Self::Sms => "sms",
            Self::Email => "email",
            Self::RecoveryCode => "recovery_code",
            Self::RememberedDevice => "remembered_device",
            Self::Token => "token",
        }
    }

    /// Whether a proof of it is bound to the site that asked, so that it cannot be relayed
    /// (NIST SP 800-63B-4, section 3.2.5). What is typed by hand never is.
    #[must_use]
    pub const fn is_phishing_resistant(self) -> bool {
        match self {
            Self::Passkey | Self::SecurityKey => true,
            Self::Password
            | Self::Totp
            | Self::Sms
            | Self::Email
            | Self::RecoveryCode
            | Self::RememberedDevice
            | Self::Token => false,
        }
    }

    /// The kinds that a proof of it shows where the proof itself does not say more.
    #[must_use]
    pub const fn kinds(self) -> Kinds {
        match self {
            Self::Password => Kinds::of(Kind::Knowledge),
            // With user verification, which points 30 require: the key and the finger, face or PIN.
            Self::Passkey => Kinds::of(Kind::Possession).and(Kind::Inherence),
            Self::Totp
            | Self::SecurityKey
            | Self::Sms
            | Self::Email
            | Self::RecoveryCode
            | Self::RememberedDevice
            | Self::Token => Kinds::of(Kind::Possession),
        }
    }

    /// Whether it belongs in a forecast ("the smallest ways in"). What a person falls back on, or has
    /// only sometimes, does not.
    #[must_use]
    pub const fn is_forecast(self) -> bool {
        !matches!(self, Self::RecoveryCode | Self::RememberedDevice | Self::Token)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no method of this version. Callers treat it as worth nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownMethod(pub String);

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a method", self.0)
    }
}

impl std::error::Error for UnknownMethod {}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| UnknownMethod(name.to_owned()))
    }
}

/// A set of methods.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MethodSet(u16);

impl MethodSet {
    pub const EMPTY: Self = Self(0);

    #[must_use]
    pub const fn with(self, method: Method) -> Self {
        Self(self.0 | method.bit())
    }

    #[must_use]
    pub const fn contains(self, method: Method) -> bool {
        self.0 & method.bit() != 0
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.into_iter().filter(move |method| self.contains(*method))
    }
}

impl FromIterator<Method> for MethodSet {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Self {
        methods.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// What a proof rests on: something one knows, has, or is (NIST SP 800-63B-4, section 2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Knowledge,
    Possession,
    Inherence,
}

/// A set of kinds. A passkey with user verification shows two at once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Kinds(u8);

impl Kinds {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        Self(1 << kind as u8)
    }

    #[must_use]
    pub const fn and(self, kind: Kind) -> Self {
        self.union(Self::of(kind))
    }

    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// How many distinct kinds, 0 to 3.
    #[must_use]
    pub const fn count(self) -> u8 {
        (self.0 & 1) + (self.0 >> 1 & 1) + (self.0 >> 2 & 1)
    }

    /// For the store. [`Kinds::from_bits`] takes it back.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// `None` where a bit is set that is no kind: the record is not ours to read.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 8 { Some(Self(bits)) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_own_name_and_no_other() {
        for method in Method::ALL {
            assert_eq!(method.name().parse(), Ok(method));
            assert!(method.name().to_uppercase().parse::<Method>().is_err());
        }
        assert!("".parse::<Method>().is_err());
    }

    #[test]
    fn a_passkey_shows_two_kinds_and_a_password_one() {
        assert_eq!(Method::Passkey.kinds().count(), 2);
        assert_eq!(Method::Password.kinds().count(), 1);
        assert_eq!(Kinds::NONE.count(), 0);
        assert_eq!(Kinds::from_bits(8), None);
    }
}
