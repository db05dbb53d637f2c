-- The parts of a job, so that the next attempt goes on where the last one stopped.
CREATE TABLE job_step (
    job     BLOB NOT NULL,              -- ULID, 16 bytes
    n       INTEGER NOT NULL,           -- from 0, in the order in which they are done
    name    TEXT NOT NULL,
    done_ms INTEGER,                    -- NULL: not yet
    PRIMARY KEY (job, n)
) WITHOUT ROWID;

-- How long the job waited last, from which the next wait is drawn.
ALTER TABLE job ADD COLUMN delay_ms INTEGER;

-- The history of one job. Partial: other events cost one comparison each.
CREATE INDEX event_job ON event (entity, pos) WHERE kind >= 'job.' AND kind < 'job/';
