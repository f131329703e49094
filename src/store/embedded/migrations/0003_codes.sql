-- Recovery codes: a hash a code, bound to its user. Making new ones replaces all of a user's.

CREATE TABLE recovery_codes (
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    code_set TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;
