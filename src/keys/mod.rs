//! The gateway's own keys: what they sign and what they seal. Not here: what a signature is put
//! around, and where the key file lies (`file`).
//!
//! Three kinds. *Signing keys* make MACs (HMAC-SHA256, RFC 2104) and rotate: the newest signs, older
//! ones are believed until their grace is over. *Assertion keys* (`assertion`) sign what portals check, and rotate
//! with them. *The store's key* seals fields and names contacts; it
//! stays as long as the store, since nothing could be read without it.
//!
//! A purpose is part of every MAC's input, so that a token made for one never serves another.

mod assertion;
mod file;

use std::fmt;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use file::KeyFileError;

use crate::points::Timestamp;
use crate::random;
use assertion::AssertionKey;

/// What a MAC is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// The name of a session, in its cookie.
    SessionName,
    /// Which browser this is, before and beside any session.
    Browser,
    /// A browser that has signed in here before.
    KnownBrowser,
    /// A device on which the second step need not be shown.
    RememberedDevice,
    /// A form of ours, bound to a browser.
    Csrf,
    /// What a person is on the way to, in the address of our pages.
    Transaction,
    /// The second half of a set-up link: it was used, and this browser goes on.
    SetUp,
    /// A code that was sent.
    Code,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::SessionName => b"scoregate session name",
            Self::Browser => b"scoregate browser",
            Self::KnownBrowser => b"scoregate known browser",
            Self::RememberedDevice => b"scoregate remembered device",
            Self::Csrf => b"scoregate csrf",
            Self::Transaction => b"scoregate transaction",
            Self::SetUp => b"scoregate set-up",
            Self::Code => b"scoregate code",
        }
    }
}

/// Names a signing key in a token: 1 to 16 of `[a-z0-9]`.
pub type KeyId = Arc<str>;

/// A MAC and the key that made it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signature {
    pub key: KeyId,
    pub mac: [u8; 32],
}

/// What a signature that is right says about its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verified {
    /// Made by the key that signs now.
    Current,
    /// Made by an older key that is still believed: hand out a new token.
    Older,
}

struct SigningKey {
    id: KeyId,
    secret: Zeroizing<[u8; 32]>,
    /// Keyed once, cloned per token: half the work of a check.
    mac: Hmac<Sha256>,
    /// `None`: it signs, or was not retired.
    believed_until: Option<Timestamp>,
}

/// All keys of one gateway.
pub struct Keyring {
    /// The newest first; it signs.
    signing: Vec<SigningKey>,
    store_key: Zeroizing<[u8; 32]>,
    /// The newest first; it signs. Empty only in a file of an earlier version.
    assertion: Vec<AssertionKey>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("signing", &self.signing.len()).finish_non_exhaustive()
    }
}

impl Keyring {
    /// New keys that nobody has. For a store that is being made.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            signing: vec![SigningKey::new(Zeroizing::new(random::bytes()), None)],
            store_key: Zeroizing::new(random::bytes()),
            assertion: vec![AssertionKey::generate()],
        }
    }

    /// A new key signs from now on; the one before it is believed for `grace` more.
    #[must_use]
    pub fn rotated(&self, now: Timestamp, grace: std::time::Duration) -> Self {
        let until = now.after(grace);
        let mut signing = vec![SigningKey::new(Zeroizing::new(random::bytes()), None)];
        for key in &self.signing {
            let believed_until = Some(key.believed_until.map_or(until, |end| end.min(until)));
            if believed_until > Some(now) {
                signing.push(SigningKey::new(key.secret.clone(), believed_until));
            }
        }
        let mut assertion = vec![AssertionKey::generate()];
        for key in &self.assertion {
            let believed_until = Some(key.believed_until.map_or(until, |end| end.min(until)));
            if believed_until > Some(now) {
                assertion.push(key.until(believed_until));
            }
        }
        Self { signing, store_key: self.store_key.clone(), assertion }
    }

    /// Signs `parts`, each with its length, so that moving a byte from one to the next changes it.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, parts: &[&[u8]]) -> Option<Signature> {
        let key = self.signing.first()?;
        let mac = feed(key.mac.clone(), purpose, &key.id, parts).finalize().into_bytes().into();
        Some(Signature { key: key.id.clone(), mac })
    }

    /// `None`: the key is unknown or no longer believed, or the MAC is not right. Compared in
    /// constant time; costs no look-up.
    #[must_use]
    pub fn verify(
        &self,
        purpose: Purpose,
        key: &str,
        parts: &[&[u8]],
        mac: &[u8],
        now: Timestamp,
    ) -> Option<Verified> {
        let place = self.signing.iter().position(|candidate| &*candidate.id == key)?;
        let key = self.signing.get(place)?;
        if key.believed_until.is_some_and(|end| now >= end) {
            return None;
        }
        feed(key.mac.clone(), purpose, &key.id, parts).verify_slice(mac).ok()?;
        Some(if place == 0 { Verified::Current } else { Verified::Older })
    }

    /// The MACs that [`Keyring::sign`] makes or made of these parts, by every key that is believed
    /// now: for a MAC that was kept without the name of its key.
    #[must_use]
    pub fn macs(&self, purpose: Purpose, parts: &[&[u8]], now: Timestamp) -> Vec<[u8; 32]> {
        self.signing
            .iter()
            .filter(|key| key.believed_until.is_none_or(|end| now < end))
            .map(|key| {
                feed(key.mac.clone(), purpose, &key.id, parts).finalize().into_bytes().into()
            })
            .collect()
    }

    /// Seals a field of the store (XChaCha20-Poly1305, random 192-bit nonce). `place` names table,
    /// column and row: what was sealed for one opens at no other.
    #[must_use]
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; 24] = random::bytes();
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        // Fails only for messages of 256 GiB; a field that cannot be sealed is empty and never opens.
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        [&[SEALED_VERSION], &nonce[..], &sealed].concat()
    }

    /// `None`: sealed for another place, by another key, or tampered with.
    #[must_use]
    pub fn open(&self, place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(24)?;
        let nonce: [u8; 24] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        if *version != SEALED_VERSION {
            return None;
        }
        self.cipher().decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
    }

    /// Names an address without telling it: 128 bits of a keyed hash, in hexadecimal. The same
    /// address always has the same name in one store, and another in every other.
    #[must_use]
    pub fn fingerprint(&self, kind: &str, canonical: &str) -> String {
        let mac = keyed(&self.store_key);
        let digest =
            with_parts(mac, &[b"scoregate contact", kind.as_bytes(), canonical.as_bytes()])
                .finalize()
                .into_bytes();
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.store_key))
    }
}

const SEALED_VERSION: u8 = 1;

impl SigningKey {
    fn new(secret: Zeroizing<[u8; 32]>, believed_until: Option<Timestamp>) -> Self {
        let mac = keyed(&secret);
        // The id is made from the key, so that two files can never call two keys by one name.
        let id = with_parts(mac.clone(), &[b"scoregate key id"])
            .finalize()
            .into_bytes()
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        Self { id: id.into(), secret, mac, believed_until }
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    <Hmac<Sha256> as Mac>::new_from_slice(secret).expect("HMAC takes any key")
}

fn feed(mac: Hmac<Sha256>, purpose: Purpose, id: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
    with_parts(with_parts(mac, &[purpose.label(), id.as_bytes()]), parts)
}

fn with_parts(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> Hmac<Sha256> {
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    #[test]
    fn a_signature_is_good_for_its_purpose_its_parts_and_its_key_alone() {
        let keys = Keyring::generate();
        let signed = keys.sign(Purpose::Csrf, &[b"ab", b"c"]).unwrap();
        let check = |keys: &Keyring, purpose, id: &str, parts: &[&[u8]], mac: &[u8]| {
            keys.verify(purpose, id, parts, mac, NOW)
        };
        let parts: &[&[u8]] = &[b"ab", b"c"];
        assert_eq!(
            check(&keys, Purpose::Csrf, &signed.key, parts, &signed.mac),
            Some(Verified::Current)
        );
        assert_eq!(check(&keys, Purpose::SessionName, &signed.key, parts, &signed.mac), None);
        assert_eq!(check(&keys, Purpose::Csrf, &signed.key, &[b"a", b"bc"], &signed.mac), None);
        assert_eq!(check(&keys, Purpose::Csrf, "0", parts, &signed.mac), None);
        assert_eq!(check(&keys, Purpose::Csrf, &signed.key, parts, &signed.mac[..31]), None);
        assert_eq!(
            check(&Keyring::generate(), Purpose::Csrf, &signed.key, parts, &signed.mac),
            None
        );
    }

    #[test]
    fn an_older_key_is_believed_until_its_grace_is_over() {
        let old = Keyring::generate();
        let signed = old.sign(Purpose::Csrf, &[b"x"]).unwrap();
        let new = old.rotated(NOW, Duration::from_secs(60));
        let at = |now| new.verify(Purpose::Csrf, &signed.key, &[b"x"], &signed.mac, now);
        assert_eq!(at(NOW.after(Duration::from_secs(59))), Some(Verified::Older));
        assert_eq!(at(NOW.after(Duration::from_secs(60))), None);
        assert_ne!(new.sign(Purpose::Csrf, &[b"x"]).unwrap().key, signed.key);
    }

    #[test]
    fn a_mac_is_found_again_without_the_name_of_its_key_until_the_grace_is_over() {
        let old = Keyring::generate();
        let signed = old.sign(Purpose::Code, &[b"x"]).unwrap();
        let new = old.rotated(NOW, Duration::from_secs(60));
        let finds =
            |parts: &[&[u8]], now| new.macs(Purpose::Code, parts, now).contains(&signed.mac);
        assert!(finds(&[b"x"], NOW.after(Duration::from_secs(59))));
        assert!(!finds(&[b"x"], NOW.after(Duration::from_secs(60))));
        assert!(!finds(&[b"y"], NOW));
    }

    #[test]
    fn what_is_sealed_for_one_place_opens_at_no_other() {
        let keys = Keyring::generate();
        let sealed = keys.seal("app.secret:1", b"secret");
        assert_eq!(keys.open("app.secret:1", &sealed).as_deref(), Some(&b"secret".to_vec()));
        assert_eq!(keys.open("app.secret:2", &sealed), None);
        assert_eq!(Keyring::generate().open("app.secret:1", &sealed), None);
        for at in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[at] ^= 1;
            assert_eq!(keys.open("app.secret:1", &tampered), None, "byte {at}");
        }
        assert_eq!(keys.open("app.secret:1", &[]), None);
    }

    #[test]
    fn an_address_has_one_name_in_a_store_and_another_elsewhere() {
        let keys = Keyring::generate();
        assert_eq!(keys.fingerprint("email", "a@b.org"), keys.fingerprint("email", "a@b.org"));
        assert_ne!(keys.fingerprint("email", "a@b.org"), keys.fingerprint("phone", "a@b.org"));
        assert_ne!(
            keys.fingerprint("email", "a@b.org"),
            Keyring::generate().fingerprint("email", "a@b.org")
        );
    }
}
