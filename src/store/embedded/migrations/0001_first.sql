-- The first schema. Instants are milliseconds since 1970; addresses, secrets, password hashes and the
-- records of sessions are sealed and bound to their row; names of sessions, links and the keys of
-- counters are hashes.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    directory TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT,
    language TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    version INTEGER NOT NULL,
    UNIQUE (directory, name)
) STRICT;

CREATE TABLE user_roles (
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (user, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_roles_by_role ON user_roles (role);

CREATE TABLE contacts (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    address BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    is_usable INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    enrolled_at INTEGER
) STRICT;
CREATE INDEX contacts_by_user ON contacts (user);
CREATE INDEX contacts_by_fingerprint ON contacts (fingerprint);

CREATE TABLE passwords (
    id TEXT NOT NULL PRIMARY KEY,
    user TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    record BLOB NOT NULL,
    set_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    enrolled_at INTEGER
) STRICT;
CREATE INDEX apps_by_user ON apps (user);

CREATE TABLE links (
    token_hash BLOB NOT NULL PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_user ON links (user);

CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    directory TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user);
CREATE INDEX sessions_by_end ON sessions (ends_at);
CREATE INDEX sessions_by_use ON sessions (last_seen_at);

CREATE TABLE session_names (
    hash BLOB NOT NULL PRIMARY KEY,
    session BLOB NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
    host TEXT NOT NULL,
    sees INTEGER,
    stands_until INTEGER,
    mark BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_names_by_session ON session_names (session);
CREATE INDEX session_names_by_end ON session_names (stands_until) WHERE stands_until IS NOT NULL;

CREATE TABLE counters (
    key TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    window_ends INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX counters_by_end ON counters (window_ends);

CREATE TABLE known_browsers (
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    browser BLOB NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (user, browser)
) STRICT, WITHOUT ROWID;

CREATE TABLE codes (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    session BLOB NOT NULL,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    code_mac BLOB NOT NULL,
    sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX codes_by_session ON codes (session, method);
CREATE INDEX codes_by_user ON codes (user);
CREATE INDEX codes_by_end ON codes (expires_at);
