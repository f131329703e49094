//! The key file: made once, 0600, written aside and renamed, so that there is always one set of keys
//! and never half of one. Not here: what the keys do.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::assertion::AssertionKey;
use super::{Keyring, SigningKey};
use crate::points::Timestamp;

/// Why there are no keys. The gateway does not start without them.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error(
        "the key file {path} is gone, but a store is there that needs it: restore it from the backup of the store"
    )]
    Missing { path: PathBuf },
    #[error("the key file {path} can be read by others (mode {mode:o}): run `chmod 600 {path}`")]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the key file {path} does not hold keys of this program: restore it from a backup")]
    Unreadable { path: PathBuf },
    #[error("the key file {path} could not be read or written")]
    Io { path: PathBuf, source: io::Error },
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredKeys {
    version: u32,
    store: String,
    signing: Vec<StoredKey>,
    /// Not there in files of an earlier version.
    #[serde(default)]
    assertion: Vec<StoredPair>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredPair {
    /// PKCS#8 of a P-256 key pair.
    pkcs8: String,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    believed_until: Option<u64>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    secret: String,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    believed_until: Option<u64>,
}

impl Keyring {
    /// Reads the keys of an existing store.
    ///
    /// # Errors
    /// Missing, readable by others, or not ours: the caller does not start.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io { path: path.to_owned(), source };
        let unreadable = || KeyFileError::Unreadable { path: path.to_owned() };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyFileError::Missing { path: path.to_owned() });
            }
            text => Zeroizing::new(text.map_err(io)?),
        };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
        }
        let stored: StoredKeys = serde_json::from_str(&text).map_err(|_| unreadable())?;
        let signing = stored
            .signing
            .iter()
            .map(|key| {
                let until = key.believed_until.map(Timestamp::from_millis);
                decode(&key.secret).map(|secret| SigningKey::new(secret, until))
            })
            .collect::<Option<Vec<_>>>()
            .filter(|keys| !keys.is_empty() && stored.version == 1)
            .ok_or_else(unreadable)?;
        let store_key = decode(&stored.store).ok_or_else(unreadable)?;
        let assertion = stored
            .assertion
            .iter()
            .map(|pair| {
                let until = pair.believed_until.map(Timestamp::from_millis);
                AssertionKey::read(BASE64.decode(&pair.pkcs8).ok()?, until)
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(unreadable)?;
        Ok(Self { signing, store_key, assertion })
    }

    /// Writes the keys durably: either the old file stands or the new one.
    ///
    /// # Errors
    /// If the folder cannot be written; the old file stands.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        self.write_aside(path).map_err(|source| KeyFileError::Io { path: path.to_owned(), source })
    }

    fn write_aside(&self, path: &Path) -> io::Result<()> {
        let stored = StoredKeys {
            version: 1,
            store: BASE64.encode(*self.store_key),
            signing: self
                .signing
                .iter()
                .map(|key| StoredKey {
                    secret: BASE64.encode(*key.secret),
                    believed_until: key.believed_until.map(Timestamp::as_millis),
                })
                .collect(),
            assertion: self
                .assertion
                .iter()
                .map(|key| StoredPair {
                    pkcs8: BASE64.encode(key.pkcs8.as_slice()),
                    believed_until: key.believed_until.map(Timestamp::as_millis),
                })
                .collect(),
        };
        let text = Zeroizing::new(serde_json::to_string_pretty(&stored)?);
        let aside = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// `None` unless it is exactly 32 bytes that are not all alike: a key that somebody made up is none.
fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(BASE64.decode(text).ok()?);
    let key: [u8; 32] = bytes.as_slice().try_into().ok()?;
    let first = key.first().copied()?;
    if key.iter().all(|byte| *byte == first) { None } else { Some(Zeroizing::new(key)) }
}

#[cfg(test)]
mod tests {
    use super::super::Purpose;
    use super::*;

    #[test]
    fn keys_come_back_as_they_were_written_and_only_for_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        assert!(matches!(Keyring::read(&path), Err(KeyFileError::Missing { .. })));
        let keys = Keyring::generate();
        keys.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let back = Keyring::read(&path).unwrap();
        assert_eq!(back.sign(Purpose::Csrf, &[b"x"]), keys.sign(Purpose::Csrf, &[b"x"]));
        assert_eq!(back.fingerprint("email", "a"), keys.fingerprint("email", "a"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keyring::read(&path), Err(KeyFileError::Exposed { mode: 0o640, .. })));
    }

    #[test]
    fn a_file_of_an_earlier_version_gets_a_key_for_assertions_and_keeps_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let keys = Keyring::generate();
        keys.write(&path).unwrap();
        let mut stored: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        stored.as_object_mut().unwrap().remove("assertion").unwrap();
        fs::write(&path, stored.to_string()).unwrap();
        let earlier = Keyring::read(&path).unwrap();
        assert_eq!(earlier.assert(b"{}"), None);
        let whole = earlier.completed().unwrap();
        whole.write(&path).unwrap();
        let back = Keyring::read(&path).unwrap();
        assert_eq!(back.assertion_key_id(), whole.assertion_key_id());
        assert!(back.assertion_key_id().is_some() && back.completed().is_none());
        assert_eq!(back.sign(Purpose::Csrf, &[b"x"]), keys.sign(Purpose::Csrf, &[b"x"]));
    }

    #[test]
    fn a_file_without_real_keys_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let zero = BASE64.encode([0_u8; 32]);
        let key = BASE64.encode(crate::random::bytes::<32>());
        for text in [
            String::new(),
            "{}".to_owned(),
            format!(r#"{{"version":1,"store":"{key}","signing":[]}}"#),
            format!(r#"{{"version":2,"store":"{key}","signing":[{{"secret":"{key}"}}]}}"#),
            format!(r#"{{"version":1,"store":"{zero}","signing":[{{"secret":"{key}"}}]}}"#),
            format!(r#"{{"version":1,"store":"{key}","signing":[{{"secret":"{zero}"}}]}}"#),
            format!(r#"{{"version":1,"store":"{key}","signing":[{{"secret":"c2hvcnQ"}}]}}"#),
        ] {
            fs::write(&path, &text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(Keyring::read(&path), Err(KeyFileError::Unreadable { .. })), "{text}");
        }
    }
}
