//! What a browser sends back from a WebAuthn ceremony, read strictly before the library judges it: ids
//! that agree, the origin letter by letter, no frame of another site, and no byte too many. Not here:
//! signatures, challenges, flags that depend on a policy.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;
use webauthn_rs_core::proto::{PublicKeyCredential, RegisterPublicKeyCredential};

/// It is not what an authenticator of this ceremony makes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("not the JSON of a credential")]
    Json,
    #[error("id and rawId are not the same")]
    Ids,
    #[error("made on another page")]
    Origin,
    #[error("made inside a page of another site")]
    Framed,
    #[error("not the bytes of an authenticator")]
    Data,
    #[error("backed up, and not eligible for it")]
    Backup,
    #[error("of no user, or of another")]
    Handle,
}

/// The longest id that a credential may have (WebAuthn level 3, section 4).
const MAX_ID_BYTES: usize = 1023;

/// Longer answers are not read: 16 KiB is the most that a form of ours holds.
const MAX_JSON_BYTES: usize = 16 * 1024;

/// An assertion whose outside is right.
pub(super) fn assertion(json: &str, origin: &str) -> Result<PublicKeyCredential, Malformed> {
    let answer: PublicKeyCredential = read(json)?;
    check_ids(&answer.id, &answer.raw_id, &answer.type_)?;
    check_client(&answer.response.client_data_json, origin)?;
    authenticator_data(&answer.response.authenticator_data, None)?;
    Ok(answer)
}

/// The id that an answer names, for finding its owner. Proves nothing.
pub(super) fn credential_id(json: &str) -> Option<Vec<u8>> {
    let answer: PublicKeyCredential = read(json).ok()?;
    check_ids(&answer.id, &answer.raw_id, &answer.type_).ok()?;
    Some(answer.raw_id)
}

/// A registration whose outside is right, and the AAGUID in it.
pub(super) fn registration(
    json: &str,
    origin: &str,
) -> Result<(RegisterPublicKeyCredential, [u8; 16]), Malformed> {
    let answer: RegisterPublicKeyCredential = read(json)?;
    check_ids(&answer.id, &answer.raw_id, &answer.type_)?;
    check_client(&answer.response.client_data_json, origin)?;
    let object: AttestationObject = serde_cbor_2::from_slice(&answer.response.attestation_object)
        .map_err(|_| Malformed::Data)?;
    let aaguid = authenticator_data(&object.auth_data, Some(&answer.raw_id))?;
    Ok((answer, aaguid))
}

/// The user handle of an assertion, if there is one.
pub(super) fn user_handle(answer: &PublicKeyCredential) -> Option<&[u8]> {
    answer.response.user_handle.as_deref().filter(|handle| !handle.is_empty())
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, Malformed> {
    if json.len() > MAX_JSON_BYTES {
        return Err(Malformed::Json);
    }
    serde_json::from_str(json).map_err(|_| Malformed::Json)
}

fn check_ids(id: &str, raw: &[u8], kind: &str) -> Result<(), Malformed> {
    if kind != "public-key" || raw.is_empty() || raw.len() > MAX_ID_BYTES {
        return Err(Malformed::Json);
    }
    if id == BASE64.encode(raw) { Ok(()) } else { Err(Malformed::Ids) }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<serde_json::Value>,
}

fn check_client(json: &[u8], origin: &str) -> Result<(), Malformed> {
    let client: ClientData = serde_json::from_slice(json).map_err(|_| Malformed::Json)?;
    if client.origin != origin {
        return Err(Malformed::Origin);
    }
    if client.cross_origin || client.top_origin.is_some() {
        return Err(Malformed::Framed);
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationObject {
    #[serde(with = "bytes")]
    auth_data: Vec<u8>,
}

/// A byte string of CBOR.
mod bytes {
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        match serde_cbor_2::Value::deserialize(from)? {
            serde_cbor_2::Value::Bytes(bytes) => Ok(bytes),
            _ => Err(D::Error::custom("not bytes")),
        }
    }
}

const ATTESTED: u8 = 0b0100_0000;
const EXTENSIONS: u8 = 0b1000_0000;
const BACKED_UP: u8 = 0b0001_0000;
const BACKUP_ELIGIBLE: u8 = 0b0000_1000;

/// Hash of the relying party, flags, counter (WebAuthn level 3, section 6.1).
const HEAD_BYTES: usize = 37;

/// Walks over authenticator data to its last byte. `attested`: the id of the credential that has to be
/// in it; `None`: there must be none. Gives the AAGUID, or zeros.
fn authenticator_data(data: &[u8], attested: Option<&[u8]>) -> Result<[u8; 16], Malformed> {
    let (head, rest) = data.split_at_checked(HEAD_BYTES).ok_or(Malformed::Data)?;
    let flags = *head.get(32).ok_or(Malformed::Data)?;
    if flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0 {
        return Err(Malformed::Backup);
    }
    if (flags & ATTESTED != 0) != attested.is_some() {
        return Err(Malformed::Data);
    }
    let (aaguid, rest) = match attested {
        Some(id) => attested_credential(rest, id)?,
        None => ([0; 16], rest),
    };
    let rest = if flags & EXTENSIONS == 0 { rest } else { after_one_item(rest)? };
    if rest.is_empty() { Ok(aaguid) } else { Err(Malformed::Data) }
}

fn attested_credential<'a>(data: &'a [u8], id: &[u8]) -> Result<([u8; 16], &'a [u8]), Malformed> {
    let (aaguid, rest) = data.split_first_chunk::<16>().ok_or(Malformed::Data)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Malformed::Data)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (found, rest) = rest.split_at_checked(length).ok_or(Malformed::Data)?;
    if found != id {
        return Err(Malformed::Ids);
    }
    Ok((*aaguid, after_one_item(rest)?))
}

/// What follows one CBOR item. The parser goes no deeper than 128 levels.
fn after_one_item(data: &[u8]) -> Result<&[u8], Malformed> {
    let mut reader = serde_cbor_2::Deserializer::from_slice(data);
    serde_cbor_2::Value::deserialize(&mut reader).map_err(|_| Malformed::Data)?;
    data.get(reader.byte_offset()..).ok_or(Malformed::Data)
}
