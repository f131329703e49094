//! A reference: the short text on every page that is not a success, by which a person and an
//! administrator speak of the same request. Not a secret, and not unique for ever.

use std::fmt;

/// Letters and digits that nobody mistakes for one another when reading aloud.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// Such as `7F3K-Q2`: six characters, about 30 bits.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Reference([u8; 6]);

impl Reference {
    #[must_use]
    pub fn random() -> Self {
        Self(
            crate::random::bytes::<6>().map(|byte| {
                ALPHABET.get(usize::from(byte) % ALPHABET.len()).copied().unwrap_or(b'2')
            }),
        )
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if at == 4 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*byte))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_can_be_read_aloud() {
        let text = Reference::random().to_string();
        assert_eq!(text.len(), 7);
        assert_eq!(text.find('-'), Some(4));
        assert!(!text.contains(['0', 'O', '1', 'I', 'L']), "{text}");
    }
}
