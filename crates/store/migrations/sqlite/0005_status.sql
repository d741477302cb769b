-- The field's word for what this column holds.
ALTER TABLE change RENAME COLUMN standing TO status;
