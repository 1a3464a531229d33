-- The queue as its first version made it, with what that version had written: never edited, only migrated.
CREATE TABLE outbox_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE outbox_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, destination TEXT NOT NULL, form TEXT NOT NULL,
    patient TEXT NOT NULL, state TEXT NOT NULL, dead INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
    dmp_code TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0, lease TEXT, due_at BIGINT,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, set_unique_id TEXT NOT NULL, content_digest TEXT NOT NULL,
    size_bytes BIGINT NOT NULL, purged INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX outbox_row_key ON outbox_row (destination, key) WHERE state <> 'withdrawn';
CREATE INDEX outbox_row_due ON outbox_row (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_row_patient ON outbox_row (patient);
CREATE TABLE outbox_document (
    row_id BIGINT NOT NULL REFERENCES outbox_row (id), position INTEGER NOT NULL, destination TEXT NOT NULL,
    patient TEXT NOT NULL, set_id TEXT NOT NULL, version INTEGER NOT NULL, unique_id TEXT NOT NULL,
    replaces TEXT NOT NULL, live INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (row_id, position)
);
CREATE UNIQUE INDEX outbox_document_unique ON outbox_document (destination, unique_id) WHERE live = 1;
CREATE INDEX outbox_document_set ON outbox_document (set_id, destination, version);
CREATE TABLE outbox_part (
    row_id BIGINT NOT NULL REFERENCES outbox_row (id), position INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (row_id, position)
);
CREATE TABLE outbox_audit (
    seq BIGINT PRIMARY KEY, row_id BIGINT NOT NULL, recorded_at BIGINT NOT NULL, event BLOB NOT NULL,
    digest TEXT NOT NULL
);
CREATE TABLE outbox_chain (id INTEGER PRIMARY KEY, seq BIGINT NOT NULL, digest TEXT NOT NULL);
INSERT INTO outbox_chain (id, seq, digest)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO outbox_meta (name, value) VALUES ('schema_version', '1');
INSERT INTO outbox_meta (name, value)
VALUES ('digest_secret', '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20');
