-- Passkeys and security keys, and the challenges that were used. What a credential is (its id, public
-- key, label and the rest) is sealed for its row; its id is found by a keyed hash.

CREATE TABLE passkeys (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    -- One credential belongs to one user, in all directories.
    fingerprint TEXT NOT NULL UNIQUE,
    record BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    is_backed_up INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    enrolled_at INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX passkeys_by_user ON passkeys (user);

-- A challenge is in here once it was used, until it would have ended anyway.
CREATE TABLE spent_challenges (
    hash BLOB NOT NULL PRIMARY KEY,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_challenges_by_end ON spent_challenges (ends_at);

-- When a user may be offered a passkey again.
CREATE TABLE passkey_offers (
    user TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    not_before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Users are counted by what they have (0006, after which this runs): a passkey counts 16, a security key 32.

DROP VIEW methods_of;
CREATE VIEW methods_of AS SELECT
    id AS user,
    EXISTS (SELECT 1 FROM passwords WHERE passwords.user = users.id)
    + 2 * EXISTS (SELECT 1 FROM contacts WHERE contacts.user = users.id AND kind = 'email' AND is_usable = 1)
    + 4 * EXISTS (SELECT 1 FROM contacts WHERE contacts.user = users.id AND kind = 'phone' AND is_usable = 1)
    + 8 * EXISTS (SELECT 1 FROM apps WHERE apps.user = users.id)
    + 16 * EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user = users.id AND method = 'passkey')
    + 32 * EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user = users.id AND method = 'security_key') AS methods
FROM users;

CREATE TRIGGER passkey_made AFTER INSERT ON passkeys BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = NEW.user), 0)
    WHERE user = NEW.user;
END;
CREATE TRIGGER passkey_gone AFTER DELETE ON passkeys BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = OLD.user), 0)
    WHERE user = OLD.user;
END;

UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE methods_of.user = user_methods.user), 0);
