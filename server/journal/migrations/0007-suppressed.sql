-- Events whose payload is never stored again, wherever it comes from: another device, a USB stick, an old segment.
-- The event itself need not be here yet. Rows are never removed.
CREATE TABLE suppressed (
    id        BLOB PRIMARY KEY,     -- ULID of the event, 16 bytes
    by        BLOB NOT NULL,        -- ULID of the redaction
    noted_ms  INTEGER NOT NULL,
    erased_ms INTEGER               -- NULL until nothing of it is left in the files here
) WITHOUT ROWID;
