//! How values become columns and come back: instants, sealed fields and the proofs of a session. A
//! column that is not what it should be is an error, never a default.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::accounts::{Mark, StoreError};
use crate::keys::Keyring;
use crate::points::{Channel, CredentialId, Kinds, Points, Proof, Timestamp};
use crate::secret::Secret;
use crate::sessions::SessionRecord;

pub(super) const fn unreadable(what: &'static str) -> StoreError {
    StoreError::Unreadable { what }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A new identifier of a row: 128 random bits.
pub(super) fn new_id() -> String {
    hex(&crate::random::bytes::<16>())
}

/// `NEVER`, and whatever else is past the end of a column, is the column's largest value.
pub(super) fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn millis(at: Timestamp) -> i64 {
    whole(at.as_millis())
}

pub(super) fn instant(column: i64) -> Result<Timestamp, StoreError> {
    match u64::try_from(column) {
        _ if column == i64::MAX => Ok(Timestamp::NEVER),
        Ok(millis) => Ok(Timestamp::from_millis(millis)),
        Err(_) => Err(unreadable("instant")),
    }
}

pub(super) fn maybe_instant(column: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    column.map(instant).transpose()
}

pub(super) fn bytes<const N: usize>(
    column: &[u8],
    what: &'static str,
) -> Result<[u8; N], StoreError> {
    column.try_into().map_err(|_| unreadable(what))
}

/// Where a sealed field lives: what was sealed for one table, column and row opens at no other.
pub(super) fn place(column: &str, row: &[&str]) -> String {
    let mut place = column.to_owned();
    for part in row {
        place.push('\u{1f}');
        place.push_str(part);
    }
    place
}

pub(super) fn open(
    keys: &Keyring,
    place: &str,
    sealed: &[u8],
    what: &'static str,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    keys.open(place, sealed).ok_or_else(|| unreadable(what))
}

fn seal_json(keys: &Keyring, place: &str, value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let json = serde_json::to_vec(value).map_err(|_| unreadable("record"))?;
    Ok(keys.seal(place, &Zeroizing::new(json)))
}

/// The version of every sealed record below. A newer one is not guessed at.
const RECORD_VERSION: u16 = 1;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredPassword {
    version: u16,
    hash: String,
    reset_through: Option<StoredChannel>,
    #[serde(default)]
    mark_ends_at: Option<u64>,
}

/// The hash and the mark of a reset, together: neither can be swapped without the other.
pub(super) fn seal_password(
    keys: &Keyring,
    place: &str,
    hash: &str,
    mark: Option<&Mark>,
) -> Result<Vec<u8>, StoreError> {
    let stored = StoredPassword {
        version: RECORD_VERSION,
        hash: hash.to_owned(),
        reset_through: mark.map(|mark| StoredChannel::from(&mark.channel)),
        mark_ends_at: mark.and_then(|mark| mark.ends_at).map(Timestamp::as_millis),
    };
    seal_json(keys, place, &stored)
}

pub(super) fn open_password(
    keys: &Keyring,
    place: &str,
    sealed: &[u8],
) -> Result<(Secret<String>, Option<Mark>), StoreError> {
    let json = open(keys, place, sealed, "password")?;
    let stored: StoredPassword =
        serde_json::from_slice(&json).map_err(|_| unreadable("password"))?;
    if stored.version != RECORD_VERSION {
        return Err(unreadable("password"));
    }
    let ends_at = stored.mark_ends_at.map(Timestamp::from_millis);
    let mark = stored.reset_through.map(|channel| Mark { channel: channel.into(), ends_at });
    Ok((Secret::new(stored.hash), mark))
}

/// What never changes of a session but its proofs, so that a changed column is noticed.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredSession {
    version: u16,
    created_at: i64,
    ends_at: i64,
    user_agent: Option<String>,
    address: Option<String>,
    proofs: Vec<StoredProof>,
}

/// Sealed for this session of this user in this directory.
fn session_place(session: &SessionRecord) -> String {
    place("sessions.record", &[&hex(&session.key.0), &session.user.0, &session.directory])
}

pub(super) fn seal_session(keys: &Keyring, session: &SessionRecord) -> Result<Vec<u8>, StoreError> {
    let stored = StoredSession {
        version: RECORD_VERSION,
        created_at: millis(session.created_at),
        ends_at: millis(session.ends_at),
        user_agent: session.user_agent.clone(),
        address: session.address.clone(),
        proofs: session.proofs.iter().map(StoredProof::from).collect(),
    };
    seal_json(keys, &session_place(session), &stored)
}

/// Fills in what is sealed. `session` carries what the columns say.
pub(super) fn open_session(
    keys: &Keyring,
    mut session: SessionRecord,
    sealed: &[u8],
) -> Result<SessionRecord, StoreError> {
    let json = open(keys, &session_place(&session), sealed, "session")?;
    let stored: StoredSession = serde_json::from_slice(&json).map_err(|_| unreadable("session"))?;
    let is_as_sealed = stored.version == RECORD_VERSION
        && stored.created_at == millis(session.created_at)
        && stored.ends_at == millis(session.ends_at);
    if !is_as_sealed {
        return Err(unreadable("session"));
    }
    session.user_agent = stored.user_agent;
    session.address = stored.address;
    session.proofs = stored.proofs.into_iter().map(Proof::try_from).collect::<Result<_, _>>()?;
    Ok(session)
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredProof {
    method: String,
    credential: String,
    channel: StoredChannel,
    kinds: u8,
    at: u64,
    enrolled_at: Option<u64>,
    cap: Option<u16>,
    expires: Option<u64>,
    withdrawn: bool,
}

impl From<&Proof> for StoredProof {
    fn from(proof: &Proof) -> Self {
        Self {
            method: proof.method.name().to_owned(),
            credential: proof.credential.0.to_string(),
            channel: StoredChannel::from(&proof.channel),
            kinds: proof.kinds.bits(),
            at: proof.at.as_millis(),
            enrolled_at: proof.enrolled_at.map(Timestamp::as_millis),
            cap: proof.cap.map(Points::value),
            expires: proof.expires.map(Timestamp::as_millis),
            withdrawn: proof.withdrawn,
        }
    }
}

impl TryFrom<StoredProof> for Proof {
    type Error = StoreError;

    fn try_from(stored: StoredProof) -> Result<Self, StoreError> {
        let cap = stored.cap.map(|cap| Points::new(cap).ok_or_else(|| unreadable("proof")));
        Ok(Self {
            method: stored.method.parse().map_err(|_| unreadable("proof"))?,
            credential: CredentialId(stored.credential.into()),
            channel: stored.channel.into(),
            kinds: Kinds::from_bits(stored.kinds).ok_or_else(|| unreadable("proof"))?,
            at: Timestamp::from_millis(stored.at),
            enrolled_at: stored.enrolled_at.map(Timestamp::from_millis),
            cap: cap.transpose()?,
            expires: stored.expires.map(Timestamp::from_millis),
            withdrawn: stored.withdrawn,
        })
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum StoredChannel {
    Password,
    Mailbox(String),
    Phone(String),
    App(String),
    Credential(String),
    RecoveryCodes,
    Device(String),
    Token(String),
}

impl From<&Channel> for StoredChannel {
    fn from(channel: &Channel) -> Self {
        match channel {
            Channel::Password => Self::Password,
            Channel::Mailbox(name) => Self::Mailbox(name.to_string()),
            Channel::Phone(name) => Self::Phone(name.to_string()),
            Channel::App(name) => Self::App(name.to_string()),
            Channel::Credential(name) => Self::Credential(name.to_string()),
            Channel::RecoveryCodes => Self::RecoveryCodes,
            Channel::Device(name) => Self::Device(name.to_string()),
            Channel::Token(name) => Self::Token(name.to_string()),
        }
    }
}

impl From<StoredChannel> for Channel {
    fn from(stored: StoredChannel) -> Self {
        match stored {
            StoredChannel::Password => Self::Password,
            StoredChannel::Mailbox(name) => Self::Mailbox(name.into()),
            StoredChannel::Phone(name) => Self::Phone(name.into()),
            StoredChannel::App(name) => Self::App(name.into()),
            StoredChannel::Credential(name) => Self::Credential(name.into()),
            StoredChannel::RecoveryCodes => Self::RecoveryCodes,
            StoredChannel::Device(name) => Self::Device(name.into()),
            StoredChannel::Token(name) => Self::Token(name.into()),
        }
    }
}
