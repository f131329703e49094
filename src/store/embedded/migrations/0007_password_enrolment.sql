-- Since when a password counts from its probation; NULL: it has none, as every password of before.
ALTER TABLE passwords ADD COLUMN enrolled_at INTEGER;
