-- For looking through users: those with a set of methods, those who never signed in and those who are
-- disabled each in order of name, and people by what they are called.

DROP TRIGGER user_made;
DROP TRIGGER user_moved;
DROP TRIGGER counted_on;
ALTER TABLE user_methods ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE user_methods SET name = (SELECT name FROM users WHERE users.id = user_methods.user);

CREATE TRIGGER user_made AFTER INSERT ON users BEGIN
    INSERT INTO user_methods (user, directory, methods, is_active, is_owner, name)
    VALUES (NEW.id, NEW.directory, 0, NEW.state = 'active', 0, NEW.name);
END;
CREATE TRIGGER user_moved AFTER UPDATE OF state, directory, name ON users BEGIN
    UPDATE user_methods SET is_active = NEW.state = 'active', directory = NEW.directory, name = NEW.name
    WHERE user = NEW.id;
END;
CREATE TRIGGER counted_on AFTER UPDATE OF directory, methods, is_active, is_owner ON user_methods BEGIN
    UPDATE method_counts SET users = users - 1, owners = owners - OLD.is_owner
    WHERE OLD.is_active = 1 AND directory = OLD.directory AND methods = OLD.methods;
    INSERT INTO method_counts SELECT NEW.directory, NEW.methods, 1, NEW.is_owner WHERE NEW.is_active = 1
    ON CONFLICT DO UPDATE SET users = users + 1, owners = owners + excluded.owners;
END;

DROP INDEX user_methods_by_set;
CREATE INDEX user_methods_by_name ON user_methods (directory, methods, is_active, name);
CREATE INDEX users_by_called ON users (directory, display_name COLLATE NOCASE, name)
    WHERE display_name IS NOT NULL;
CREATE INDEX users_unseen ON users (directory, name) WHERE last_sign_in_at IS NULL AND state = 'active';
CREATE INDEX users_disabled ON users (directory, name) WHERE state = 'disabled';
