-- Devices on which the second step need not be shown for a while. `hash`: of the value that was handed out
-- last; `shown`: of the one that was shown last, and is good until `hash` is shown.
CREATE TABLE remembered_devices (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE,
    shown BLOB UNIQUE,
    user_agent TEXT,
    made_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX remembered_devices_of ON remembered_devices (user);
CREATE INDEX remembered_devices_end ON remembered_devices (ends_at);
