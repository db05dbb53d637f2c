-- Remotes: storage that somebody else looks after, and how much of each log it holds.
CREATE TABLE remote (
    n        INTEGER PRIMARY KEY,
    project  BLOB NOT NULL,         -- 16 bytes: a remote carries the logs of one project
    name     TEXT NOT NULL,         -- what the user calls it
    url      TEXT NOT NULL,         -- where it is
    id       TEXT NOT NULL,         -- the remote's own ULID, which lies on it: another stick at the same path is another remote
    added_ms INTEGER NOT NULL,
    tried_ms INTEGER,               -- the last attempt
    done_ms  INTEGER,               -- the last one that reached the remote and went to its end
    attempts INTEGER NOT NULL DEFAULT 0, -- since then
    class    TEXT,                  -- why the last one did not
    detail   TEXT,                  -- the same in words
    UNIQUE (project, name)
);

-- A cursor for each log: up to which place the remote is known to hold it. The lane is the log's.
CREATE TABLE remote_log (
    remote INTEGER NOT NULL REFERENCES remote (n),
    log    BLOB NOT NULL,           -- 16 bytes
    held   INTEGER NOT NULL,
    PRIMARY KEY (remote, log)
) WITHOUT ROWID;
CREATE INDEX remote_log_log ON remote_log (log);

-- What lies on a remote under a name and was dealt with, or could not be; and what could not be put there.
CREATE TABLE remote_item (
    remote   INTEGER NOT NULL REFERENCES remote (n),
    name     TEXT NOT NULL,         -- as on the remote
    state    TEXT NOT NULL,         -- taken: it is in the journal; refused: it could not be taken in; unsent: it could not be put there
    class    TEXT,
    detail   TEXT,                  -- why, for people
    bytes    INTEGER NOT NULL,      -- its length when it was looked at
    attempts INTEGER NOT NULL,
    wait_ms  INTEGER,               -- the last wait between two attempts
    next_ms  INTEGER,               -- it is left alone until then, unless its length changes
    PRIMARY KEY (remote, name)
) WITHOUT ROWID;
