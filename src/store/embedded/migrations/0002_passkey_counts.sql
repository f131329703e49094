-- The second half of 0002, once users are counted by what they have (0006): passkeys count 16, security keys
-- 32. Runs after 0006.

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
