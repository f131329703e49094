//! The text in a cookie: `v1.<key id>.<id>.<mac>`. It proves that this gateway handed it out, and
//! nothing else: no score, no user, no role, no time. Not here: what the id stands for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::record::NameHash;
use crate::keys::{Keyring, Purpose, Verified};
use crate::points::Timestamp;
use crate::random;

const VERSION: &str = "v1";
/// 32 bytes in base64url without padding.
const FIELD_CHARS: usize = 43;

/// A random id that travels in a cookie. 256 bits.
#[derive(Clone, Copy)]
pub struct Name([u8; 32]);

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name(..)")
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Name {
    #[must_use]
    pub fn random() -> Self {
        Self(random::bytes())
    }

    /// What the store and the memory know it by.
    #[must_use]
    pub fn hash(&self) -> NameHash {
        NameHash(Sha256::digest(self.0).into())
    }

    /// The bytes, for a MAC over something that belongs to the same browser.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The cookie's value; about 110 characters. Empty only where there is no key to sign with.
    #[must_use]
    pub fn token(&self, purpose: Purpose, keys: &Keyring) -> String {
        let Some(signed) = keys.sign(purpose, &[VERSION.as_bytes(), &self.0]) else {
            return String::new();
        };
        format!("{VERSION}.{}.{}.{}", signed.key, BASE64.encode(self.0), BASE64.encode(signed.mac))
    }

    /// Reads a cookie's value. `None` unless it is, character for character, what [`Self::token`]
    /// made with a key that is still believed. Needs no look-up.
    #[must_use]
    pub fn parse(
        token: &str,
        purpose: Purpose,
        keys: &Keyring,
        now: Timestamp,
    ) -> Option<(Self, Verified)> {
        let mut parts = token.split('.');
        let (version, key, id, mac) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != VERSION || parts.next().is_some() {
            return None;
        }
        let id = field(id)?;
        let mac = field(mac)?;
        let verified = keys.verify(purpose, key, &[VERSION.as_bytes(), &id], &mac, now)?;
        Some((Self(id), verified))
    }
}

/// Exactly 32 bytes in the one canonical spelling: no padding, no other alphabet, no loose bits.
fn field(text: &str) -> Option<[u8; 32]> {
    if text.len() != FIELD_CHARS {
        return None;
    }
    let mut bytes = [0_u8; 32];
    let written = BASE64.decode_slice(text, &mut bytes).ok()?;
    (written == bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn parses(token: &str, keys: &Keyring) -> bool {
        Name::parse(token, Purpose::SessionName, keys, NOW).is_some()
    }

    #[test]
    fn a_token_is_read_back_by_the_keys_that_made_it() {
        let keys = Keyring::generate();
        let name = Name::random();
        let token = name.token(Purpose::SessionName, &keys);
        assert!(token.len() < 130, "{} characters", token.len());
        assert_eq!(
            Name::parse(&token, Purpose::SessionName, &keys, NOW),
            Some((name, Verified::Current))
        );
        assert!(!parses(&token, &Keyring::generate()));
        assert!(Name::parse(&token, Purpose::Browser, &keys, NOW).is_none());
    }

    #[test]
    fn no_change_of_a_single_bit_is_accepted() {
        let keys = Keyring::generate();
        let token = Name::random().token(Purpose::SessionName, &keys);
        for at in 0..token.len() {
            for bit in 0..8 {
                let mut bytes = token.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                if let Ok(changed) = String::from_utf8(bytes) {
                    assert!(!parses(&changed, &keys), "byte {at}, bit {bit}");
                }
            }
        }
    }

    #[test]
    fn only_the_canonical_spelling_is_accepted() {
        let keys = Keyring::generate();
        let token = Name::random().token(Purpose::SessionName, &keys);
        for cut in 0..token.len() {
            assert!(!parses(&token[..cut], &keys) && (cut == 0 || !parses(&token[cut..], &keys)));
        }
        for other in [
            format!("{token}="),
            format!("{token}."),
            format!("{token}.{token}"),
            format!(" {token}"),
            format!("{token} "),
            token.replacen("v1", "v2", 1),
            token.replacen("v1", "V1", 1),
            token.to_uppercase(),
            String::new(),
            "null".to_owned(),
            "v1...".to_owned(),
        ] {
            assert!(!parses(&other, &keys), "{other}");
        }
    }
}
