-- Logs of other devices: sealed segments, what is held back, and who may write.

-- Of a log that this journal writes: the last move of another log that its events have told of in `seen`.
-- Of another log: the number of its last move. Every move has a number of its own.
ALTER TABLE log ADD COLUMN touched INTEGER NOT NULL DEFAULT 0;
-- The last event that stands in a segment, and that segment's hash; 0 and NULL where there is none.
ALTER TABLE log ADD COLUMN sealed_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE log ADD COLUMN sealed_hash BLOB;
CREATE INDEX log_touched ON log (touched) WHERE own = 0;

-- An event keeps its id when it is written again in a new epoch, so an id may stand in several logs.
DROP INDEX event_id;
CREATE INDEX event_id ON event (id);

-- Events that do not count by themselves. Most have no row.
CREATE TABLE mark (
    pos    INTEGER PRIMARY KEY,     -- the event
    what   TEXT NOT NULL,           -- twin: the same event as an earlier place; held: shown, and not relied on
    detail TEXT NOT NULL            -- why
);

-- Sealed segments, our own and those of others, as they are handed on.
CREATE TABLE segment (
    log   INTEGER NOT NULL REFERENCES log (n),
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    hash  BLOB NOT NULL,            -- 32 bytes
    bytes BLOB,                     -- NULL once a payload in it was redacted, until it is sealed again
    PRIMARY KEY (log, first)
) WITHOUT ROWID;

-- Segments that are sound and may not be let in, or not yet.
CREATE TABLE quarantine (
    n      INTEGER PRIMARY KEY,
    hash   BLOB NOT NULL UNIQUE,    -- the segment's
    log    BLOB NOT NULL,           -- 16 bytes
    device BLOB NOT NULL,           -- Ed25519, 32 bytes
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    reason TEXT NOT NULL,           -- a word for programs
    detail TEXT NOT NULL,           -- words for people
    bytes  BLOB NOT NULL,
    at_ms  INTEGER NOT NULL
);

-- Whose word a project's membership begins with: our own device, or the one that an invitation named.
CREATE TABLE root (
    project BLOB PRIMARY KEY,       -- 16 bytes
    device  BLOB NOT NULL,          -- Ed25519, 32 bytes
    at_ms   INTEGER NOT NULL
) WITHOUT ROWID;

-- A payload that is deleted must not live on in a segment; its owner seals that run again without it.
CREATE TRIGGER payload_gone AFTER DELETE ON payload BEGIN
    UPDATE segment SET bytes = NULL
    WHERE log = (SELECT log FROM event WHERE pos = OLD.pos)
      AND first <= (SELECT seq FROM event WHERE pos = OLD.pos) AND last >= (SELECT seq FROM event WHERE pos = OLD.pos);
END;

-- What our own device is called, and the name under which its person's doing is shown to others; NULL until it is said.
ALTER TABLE device ADD COLUMN name TEXT;
ALTER TABLE device ADD COLUMN person TEXT;
