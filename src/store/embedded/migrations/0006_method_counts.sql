-- Users by the set of methods that they have, kept by the database itself: whoever writes a credential,
-- in whatever way, changes the counts in the same transaction. Bits: password 1, e-mail 2, phone 4,
-- app 8, passkey 16, security key 32.

CREATE TABLE user_methods (
    user TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    directory TEXT NOT NULL,
    methods INTEGER NOT NULL,
    is_active INTEGER NOT NULL,
    is_owner INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_methods_by_set ON user_methods (directory, methods, is_active);

CREATE TABLE method_counts (
    directory TEXT NOT NULL,
    methods INTEGER NOT NULL,
    users INTEGER NOT NULL,
    owners INTEGER NOT NULL,
    PRIMARY KEY (directory, methods)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER counted_in AFTER INSERT ON user_methods WHEN NEW.is_active = 1 BEGIN
    INSERT INTO method_counts VALUES (NEW.directory, NEW.methods, 1, NEW.is_owner)
    ON CONFLICT DO UPDATE SET users = users + 1, owners = owners + excluded.owners;
END;
CREATE TRIGGER counted_out AFTER DELETE ON user_methods WHEN OLD.is_active = 1 BEGIN
    UPDATE method_counts SET users = users - 1, owners = owners - OLD.is_owner
    WHERE directory = OLD.directory AND methods = OLD.methods;
END;
CREATE TRIGGER counted_on AFTER UPDATE ON user_methods BEGIN
    UPDATE method_counts SET users = users - 1, owners = owners - OLD.is_owner
    WHERE OLD.is_active = 1 AND directory = OLD.directory AND methods = OLD.methods;
    INSERT INTO method_counts SELECT NEW.directory, NEW.methods, 1, NEW.is_owner WHERE NEW.is_active = 1
    ON CONFLICT DO UPDATE SET users = users + 1, owners = owners + excluded.owners;
END;

CREATE VIEW methods_of AS SELECT
    id AS user,
    EXISTS (SELECT 1 FROM passwords WHERE passwords.user = users.id)
    + 2 * EXISTS (SELECT 1 FROM contacts WHERE contacts.user = users.id AND kind = 'email' AND is_usable = 1)
    + 4 * EXISTS (SELECT 1 FROM contacts WHERE contacts.user = users.id AND kind = 'phone' AND is_usable = 1)
    + 8 * EXISTS (SELECT 1 FROM apps WHERE apps.user = users.id) AS methods
FROM users;

CREATE TRIGGER user_made AFTER INSERT ON users BEGIN
    INSERT INTO user_methods VALUES (NEW.id, NEW.directory, 0, NEW.state = 'active', 0);
END;
CREATE TRIGGER user_moved AFTER UPDATE OF state, directory ON users BEGIN
    UPDATE user_methods SET is_active = NEW.state = 'active', directory = NEW.directory WHERE user = NEW.id;
END;
CREATE TRIGGER owner_made AFTER INSERT ON user_roles WHEN NEW.role = 'scoregate_owner' BEGIN
    UPDATE user_methods SET is_owner = 1 WHERE user = NEW.user;
END;
CREATE TRIGGER owner_unmade AFTER DELETE ON user_roles WHEN OLD.role = 'scoregate_owner' BEGIN
    UPDATE user_methods SET is_owner = 0 WHERE user = OLD.user;
END;
CREATE TRIGGER password_made AFTER INSERT ON passwords BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = NEW.user), 0)
    WHERE user = NEW.user;
END;
CREATE TRIGGER password_gone AFTER DELETE ON passwords BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = OLD.user), 0)
    WHERE user = OLD.user;
END;
CREATE TRIGGER contact_made AFTER INSERT ON contacts BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = NEW.user), 0)
    WHERE user = NEW.user;
END;
CREATE TRIGGER contact_changed AFTER UPDATE ON contacts BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = NEW.user), 0)
    WHERE user = NEW.user;
END;
CREATE TRIGGER contact_gone AFTER DELETE ON contacts BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = OLD.user), 0)
    WHERE user = OLD.user;
END;
CREATE TRIGGER app_made AFTER INSERT ON apps BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = NEW.user), 0)
    WHERE user = NEW.user;
END;
CREATE TRIGGER app_gone AFTER DELETE ON apps BEGIN
    UPDATE user_methods SET methods = coalesce((SELECT methods FROM methods_of WHERE user = OLD.user), 0)
    WHERE user = OLD.user;
END;

INSERT INTO user_methods
SELECT id, directory, methods, state = 'active',
    EXISTS (SELECT 1 FROM user_roles WHERE user_roles.user = id AND role = 'scoregate_owner')
FROM users JOIN methods_of ON methods_of.user = users.id;
