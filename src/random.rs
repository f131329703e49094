//! Where randomness comes from: the operating system, and nothing else. Without it nothing can be
//! made that must not be guessed, so a failure ends the process (`security.md` G34: never a weak id).

/// `N` bytes that nobody can guess.
///
/// # Panics
///
/// If the operating system gives no randomness; there is no safe way on.
#[must_use]
#[expect(clippy::expect_used, reason = "a weak identifier would be worse than no answer")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// `count` decimal digits, each equally likely: for codes that a person types.
#[must_use]
pub fn digits(count: usize) -> String {
    let mut digits = String::with_capacity(count);
    while digits.len() < count {
        let [byte] = bytes::<1>();
        // 250 is the largest multiple of ten in a byte: above it the first digits would be likelier.
        if byte < 250 {
            digits.push(char::from(b'0' + byte % 10));
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_digits_and_cover_all_ten() {
        let digits = super::digits(2000);
        assert_eq!(digits.len(), 2000);
        for digit in '0'..='9' {
            assert!(digits.contains(digit), "{digit} is missing");
        }
    }
}
