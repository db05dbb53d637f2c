-- What is deleted by a rule, and what stays of a record's event whose payload is gone.

-- What the deleted payload replaced, without a word of what it said: JSON, its operations with field, word and `pred` alone.
-- Else the text before a redacted edit would stand again. NULL where it wrote no field, or where that is not known.
ALTER TABLE suppressed ADD COLUMN ops TEXT;

-- Events whose payload a rule of retention has deleted here: those of a log from `first` to `last`, of one workspace, that
-- were written before a time, and that no rule keeps. What a rule deletes is not in `suppressed`: it is of this machine alone.
CREATE TABLE retained (
    log       INTEGER NOT NULL REFERENCES log (n),
    workspace BLOB NOT NULL,        -- ULID, 16 bytes; zeros: of none that is known here
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    before_ms INTEGER NOT NULL,     -- milliseconds since 1970, by the clock of the event's writer
    by        BLOB NOT NULL,        -- ULID of the last event `retention.applied` that moved these bounds
    noted_ms  INTEGER NOT NULL,
    erased_ms INTEGER,              -- NULL until nothing of it is left in the files here
    PRIMARY KEY (log, workspace)
) WITHOUT ROWID;
