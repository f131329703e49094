-- What people change themselves: removals that wait, links that reset a password, the end of a mark, names
-- of apps, and what they are shown of their own activity. A link through a contact ends with it.

CREATE TABLE planned_removals (
    credential TEXT NOT NULL PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    due_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX planned_removals_by_user ON planned_removals (user);
CREATE INDEX planned_removals_by_end ON planned_removals (due_at);

ALTER TABLE links ADD COLUMN contact TEXT REFERENCES contacts (id) ON DELETE CASCADE;
CREATE INDEX links_by_contact ON links (contact) WHERE contact IS NOT NULL;

ALTER TABLE passwords ADD COLUMN mark_ends_at INTEGER;
CREATE INDEX passwords_by_mark ON passwords (mark_ends_at) WHERE mark_ends_at IS NOT NULL;

ALTER TABLE apps ADD COLUMN name TEXT;

CREATE TABLE activity (
    number INTEGER PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX activity_by_user ON activity (user, at);
CREATE INDEX activity_by_age ON activity (at);
