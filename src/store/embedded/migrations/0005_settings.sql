-- What administrators change: revisions of a directory's settings. Nothing of a revision is changed
-- but its marks, each of which is set once. Beside them, sign-ins by day and by what was shown, for "what
-- would the last days have looked like".

CREATE TABLE settings_revisions (
    directory TEXT NOT NULL,
    number INTEGER NOT NULL,
    author TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    chosen TEXT NOT NULL,
    report_only INTEGER NOT NULL,
    starts_at INTEGER,
    started_at INTEGER,
    confirm_by INTEGER,
    confirmed_at INTEGER,
    ended_at INTEGER,
    PRIMARY KEY (directory, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE sign_in_days (
    directory TEXT NOT NULL,
    day INTEGER NOT NULL,
    methods INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (directory, day, methods)
) STRICT, WITHOUT ROWID;
