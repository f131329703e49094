//! A value that must not be printed. Not encryption: it keeps a secret out of logs and messages, and
//! wipes it from memory when it is dropped.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// A secret. `Debug` shows nothing; [`Secret::reveal`] is the word to search for in a review.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    pub fn reveal(&self) -> &T {
        &self.0
    }
}

/// In a time that tells how long they are, and nothing else.
impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.reveal().as_ref().ct_eq(other.reveal().as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl<T: Zeroize> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_is_not_printed() {
        let secret = super::Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "***");
    }
}
