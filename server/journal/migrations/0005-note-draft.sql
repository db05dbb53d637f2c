-- Notes that are being written: saved as they are typed, outside the chains, and gone once the note is saved.
CREATE TABLE note_draft (
    id         BLOB PRIMARY KEY,        -- ULID, 16 bytes
    workspace  BLOB NOT NULL,           -- ULID, 16 bytes
    body       TEXT NOT NULL,
    about      TEXT NOT NULL,           -- JSON: the note that it changes, or where a new one is to be put
    turn       INTEGER NOT NULL,        -- only grows: what was typed earlier does not overwrite what was typed later
    ended      INTEGER NOT NULL,        -- 1: saved as a note or thrown away; kept for a while so that a late save brings nothing back
    changed_ms INTEGER NOT NULL,
    pid        INTEGER NOT NULL,        -- the process that saved it last, and what identifies that, as in `lease`
    started    INTEGER NOT NULL,
    boot       TEXT NOT NULL,
    space      TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX note_draft_workspace ON note_draft (workspace, changed_ms);
