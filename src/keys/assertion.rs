//! Keys that sign for portals: ES256 (RFC 7518, section 3.4), published as a JWK set (RFC 7517) so that
//! anybody can check and nobody but the gateway can sign. Not here: what is signed.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Keyring;
use crate::points::Timestamp;

/// A key pair and its name: the thumbprint of its public half (RFC 7638).
#[derive(Clone)]
pub(super) struct AssertionKey {
    pub(super) pkcs8: Arc<Zeroizing<Vec<u8>>>,
    pair: Arc<EcdsaKeyPair>,
    id: Arc<str>,
    /// The head of every assertion, as it is sent.
    head: Arc<str>,
    /// `None`: it signs.
    pub(super) believed_until: Option<Timestamp>,
}

impl AssertionKey {
    /// A new pair that nobody has.
    ///
    /// # Panics
    ///
    /// If the operating system gives no randomness; there is no safe way on.
    #[expect(clippy::expect_used, reason = "a weak key would be worse than none")]
    pub(super) fn generate() -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .expect("the operating system gives randomness");
        Self::read(pkcs8.as_ref().to_vec(), None).expect("a key that was just made can be read")
    }

    /// `None`: it is no key pair of this kind.
    pub(super) fn read(pkcs8: Vec<u8>, believed_until: Option<Timestamp>) -> Option<Self> {
        let pkcs8 = Zeroizing::new(pkcs8);
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8, &SystemRandom::new()).ok()?;
        let (x, y) = coordinates(&pair)?;
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let id = BASE64.encode(Sha256::digest(canonical));
        let head = BASE64.encode(format!(r#"{{"alg":"ES256","kid":"{id}","typ":"JWT"}}"#));
        Some(Self {
            pkcs8: Arc::new(pkcs8),
            pair: Arc::new(pair),
            id: id.into(),
            head: head.into(),
            believed_until,
        })
    }

    /// The same key, believed until then.
    pub(super) fn until(&self, believed_until: Option<Timestamp>) -> Self {
        Self { believed_until, ..self.clone() }
    }

    fn jwk(&self) -> Option<serde_json::Value> {
        let (x, y) = coordinates(&self.pair)?;
        Some(serde_json::json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y,
            "kid": &*self.id, "alg": "ES256", "use": "sig",
        }))
    }

    fn sign(&self, claims: &[u8]) -> Option<String> {
        let mut token = format!("{}.{}", self.head, BASE64.encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), token.as_bytes()).ok()?;
        token.push('.');
        BASE64.encode_string(signature.as_ref(), &mut token);
        Some(token)
    }
}

/// The public point, each half as base64url (RFC 7518, section 6.2.1).
fn coordinates(pair: &EcdsaKeyPair) -> Option<(String, String)> {
    // SEC 1, section 2.3.3: 0x04, then x and y of 32 bytes each.
    let point = pair.public_key().as_ref().strip_prefix(&[4])?;
    let (x, y) = point.split_at_checked(32)?;
    Some((BASE64.encode(x), BASE64.encode(y)))
}

impl Keyring {
    /// The name of the key that signs assertions now.
    #[must_use]
    pub fn assertion_key_id(&self) -> Option<&Arc<str>> {
        self.assertion.first().map(|key| &key.id)
    }

    /// `claims`, a JSON object, as a signed token (RFC 7515, compact serialisation). `None`: there is no
    /// key, or no randomness to sign with.
    #[must_use]
    pub fn assert(&self, claims: &[u8]) -> Option<String> {
        self.assertion.first()?.sign(claims)
    }

    /// The public halves of the key that signs and of those that are still believed, as a JWK set.
    #[must_use]
    pub fn jwks(&self, now: Timestamp) -> String {
        let is_believed = |key: &&AssertionKey| key.believed_until.is_none_or(|end| now < end);
        let keys = self.assertion.iter().filter(is_believed).filter_map(AssertionKey::jwk);
        serde_json::json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
    }

    /// The same keys with one for assertions, where there is none: a key file of an earlier version.
    #[must_use]
    pub fn completed(&self) -> Option<Self> {
        self.assertion.is_empty().then(|| {
            let signing = self
                .signing
                .iter()
                .map(|key| super::SigningKey::new(key.secret.clone(), key.believed_until));
            Self {
                signing: signing.collect(),
                store_key: self.store_key.clone(),
                assertion: vec![AssertionKey::generate()],
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn published(keys: &Keyring, now: Timestamp) -> Vec<Value> {
        let set: Value = serde_json::from_str(&keys.jwks(now)).unwrap();
        set["keys"].as_array().unwrap().clone()
    }

    /// Whether one of the published keys says that this token is genuine.
    fn is_genuine(token: &str, published: &[Value]) -> bool {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let head = BASE64.decode(signed.split_once('.').unwrap().0).unwrap();
        let head: Value = serde_json::from_slice(&head).unwrap();
        let Some(key) = published.iter().find(|key| key["kid"] == head["kid"]) else {
            return false;
        };
        let half = |name: &str| BASE64.decode(key[name].as_str().unwrap()).unwrap();
        let point = [vec![4], half("x"), half("y")].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &BASE64.decode(signature).unwrap())
            .is_ok()
    }

    #[test]
    fn what_is_signed_is_checked_with_what_is_published_and_with_nothing_else() {
        let keys = Keyring::generate();
        let token = keys.assert(br#"{"sub":"anna"}"#).unwrap();
        assert!(is_genuine(&token, &published(&keys, NOW)));
        assert!(!is_genuine(&token, &published(&Keyring::generate(), NOW)));
        let other = BASE64.encode(br#"{"sub":"root"}"#);
        let parts: Vec<&str> = token.split('.').collect();
        let forged = format!("{}.{other}.{}", parts[0], parts[2]);
        assert!(!is_genuine(&forged, &published(&keys, NOW)));
        assert!(!keys.jwks(NOW).contains("\"d\""));
    }

    #[test]
    fn an_older_key_is_published_until_its_grace_is_over_and_signs_no_more() {
        let old = Keyring::generate();
        let before = old.assert(b"{}").unwrap();
        let new = old.rotated(NOW, Duration::from_secs(60));
        let after = new.assert(b"{}").unwrap();
        assert_ne!(old.assertion_key_id(), new.assertion_key_id());
        let within = published(&new, NOW.after(Duration::from_secs(59)));
        assert_eq!(within.len(), 2);
        assert!(is_genuine(&before, &within) && is_genuine(&after, &within));
        let past = published(&new, NOW.after(Duration::from_secs(60)));
        assert!(!is_genuine(&before, &past) && is_genuine(&after, &past));
    }
}
