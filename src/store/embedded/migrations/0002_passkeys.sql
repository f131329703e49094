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
