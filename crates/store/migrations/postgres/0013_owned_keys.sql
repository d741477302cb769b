-- Keys that belong to a user: docs/adr/0018-people.md.

-- Whether created_by is a user, to whom the key belongs, and not a key.
ALTER TABLE key ADD COLUMN is_owned boolean NOT NULL DEFAULT false;
-- Switched off because of its owner.
ALTER TABLE key ADD COLUMN is_suspended boolean NOT NULL DEFAULT false;
