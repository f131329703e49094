//! An authenticator and a browser for tests: a P-256 key that registers and signs as it should, and in
//! every way in which it should not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Begun, RelyingParty};

pub(crate) const PRESENT: u8 = 0x01;
pub(crate) const VERIFIED: u8 = 0x04;
pub(crate) const ELIGIBLE: u8 = 0x08;
pub(crate) const BACKED_UP: u8 = 0x10;
pub(crate) const ATTESTED: u8 = 0x40;
pub(crate) const EXTENDED: u8 = 0x80;

/// One credential of it.
#[derive(Clone)]
pub(crate) struct SoftAuthenticator {
    key: SigningKey,
    pub(crate) id: Vec<u8>,
    pub(crate) handle: Option<Vec<u8>>,
    pub(crate) count: u32,
}

/// What goes into an answer. [`Made::right`] is what an honest browser sends.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) kind: String,
    pub(crate) challenge: Vec<u8>,
    pub(crate) origin: String,
    pub(crate) more_client_data: Value,
    pub(crate) rp_id: String,
    pub(crate) flags: u8,
    pub(crate) count: u32,
    /// Follows the authenticator data, and is signed.
    pub(crate) tail: Vec<u8>,
    pub(crate) id: String,
    pub(crate) raw_id: Vec<u8>,
    pub(crate) handle: Option<Vec<u8>>,
    pub(crate) credential_type: String,
    /// COSE algorithm of the public key.
    pub(crate) algorithm: i128,
    /// Follows the attestation object.
    pub(crate) object_tail: Vec<u8>,
    pub(crate) format: String,
    pub(crate) attested_id: Vec<u8>,
}

pub(crate) fn party() -> RelyingParty {
    RelyingParty {
        id: "example.org".to_owned(),
        name: "Example".to_owned(),
        origin: "https://portal.example.org".to_owned(),
    }
}

fn decoded(options: &Value, pointer: &str) -> Vec<u8> {
    BASE64.decode(options.pointer(pointer).unwrap().as_str().unwrap()).unwrap()
}

impl SoftAuthenticator {
    pub(crate) fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        Self { key, id: vec![seed; 32], handle: None, count: 0 }
    }

    /// What is right for a ceremony that a page of `party` began.
    pub(crate) fn made(&self, begun: &Begun, party: &RelyingParty, kind: &str) -> Made {
        Made {
            kind: kind.to_owned(),
            challenge: decoded(&begun.options, "/publicKey/challenge"),
            origin: party.origin.clone(),
            more_client_data: json!({ "crossOrigin": false }),
            rp_id: party.id.clone(),
            flags: PRESENT | VERIFIED | ELIGIBLE,
            count: self.count,
            tail: Vec::new(),
            id: BASE64.encode(&self.id),
            raw_id: self.id.clone(),
            handle: self.handle.clone(),
            credential_type: "public-key".to_owned(),
            algorithm: -7,
            object_tail: Vec::new(),
            format: "none".to_owned(),
            attested_id: self.id.clone(),
        }
    }

    pub(crate) fn right(&self, begun: &Begun) -> Made {
        self.made(begun, &party(), "webauthn.get")
    }

    /// Remembers whose it is and answers as `navigator.credentials.create` does.
    pub(crate) fn register(&mut self, begun: &Begun) -> String {
        self.handle = Some(decoded(&begun.options, "/publicKey/user/id"));
        let made = self.made(begun, &party(), "webauthn.create");
        self.attest(&Made { flags: made.flags | ATTESTED, ..made })
    }

    pub(crate) fn attest(&self, made: &Made) -> String {
        let point = self.key.verifying_key().to_sec1_point(false);
        let key = Cbor::Map(
            [
                (1, Cbor::Integer(2)),
                (3, Cbor::Integer(made.algorithm)),
                (-1, Cbor::Integer(1)),
                (-2, Cbor::Bytes(point.x().unwrap().to_vec())),
                (-3, Cbor::Bytes(point.y().unwrap().to_vec())),
            ]
            .into_iter()
            .map(|(name, value)| (Cbor::Integer(name), value))
            .collect(),
        );
        let mut data = made.data();
        data.extend([9; 16]);
        data.extend(u16::try_from(made.attested_id.len()).unwrap().to_be_bytes());
        data.extend(&made.attested_id);
        data.extend(serde_cbor_2::to_vec(&key).unwrap());
        data.extend(&made.tail);
        let object = Cbor::Map(
            [
                ("fmt", Cbor::Text(made.format.clone())),
                ("attStmt", Cbor::Map(std::collections::BTreeMap::new())),
                ("authData", Cbor::Bytes(data)),
            ]
            .into_iter()
            .map(|(name, value)| (Cbor::Text(name.to_owned()), value))
            .collect(),
        );
        let mut object = serde_cbor_2::to_vec(&object).unwrap();
        object.extend(&made.object_tail);
        json!({
            "id": made.id,
            "rawId": BASE64.encode(&made.raw_id),
            "type": made.credential_type,
            "response": {
                "clientDataJSON": BASE64.encode(made.client_data()),
                "attestationObject": BASE64.encode(object),
                "transports": ["internal", "hybrid"],
            },
        })
        .to_string()
    }

    /// What `navigator.credentials.get` gives.
    pub(crate) fn assert(&self, made: &Made) -> String {
        let signature = self.sign(made);
        self.with_signature(made, &signature)
    }

    pub(crate) fn sign(&self, made: &Made) -> Vec<u8> {
        let mut signed = made.data();
        signed.extend(&made.tail);
        signed.extend(Sha256::digest(made.client_data()));
        let signature: Signature = self.key.sign(&signed);
        signature.to_der().as_bytes().to_vec()
    }

    pub(crate) fn with_signature(&self, made: &Made, signature: &[u8]) -> String {
        let mut data = made.data();
        data.extend(&made.tail);
        json!({
            "id": made.id,
            "rawId": BASE64.encode(&made.raw_id),
            "type": made.credential_type,
            "response": {
                "clientDataJSON": BASE64.encode(made.client_data()),
                "authenticatorData": BASE64.encode(data),
                "signature": BASE64.encode(signature),
                "userHandle": made.handle.as_ref().map(|handle| BASE64.encode(handle)),
            },
        })
        .to_string()
    }
}

impl Made {
    fn client_data(&self) -> Vec<u8> {
        let mut data = json!({
            "type": self.kind,
            "challenge": BASE64.encode(&self.challenge),
            "origin": self.origin,
        });
        for (name, value) in self.more_client_data.as_object().unwrap() {
            data[name] = value.clone();
        }
        data.to_string().into_bytes()
    }

    fn data(&self) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(self.flags);
        data.extend(self.count.to_be_bytes());
        data
    }
}
