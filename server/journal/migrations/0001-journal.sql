-- The first form. Landed files are never edited: a change is a new file with the next number.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Devices that are known. Only our own has a secret.
CREATE TABLE device (
    n       INTEGER PRIMARY KEY,
    public  BLOB NOT NULL UNIQUE,   -- Ed25519, 32 bytes
    secret  BLOB,                   -- Ed25519, 32 bytes; NULL for somebody else's device
    born_ms INTEGER NOT NULL
);

-- Epochs of our own device; the one with the highest number is in force.
CREATE TABLE epoch (
    n       INTEGER PRIMARY KEY,
    device  INTEGER NOT NULL REFERENCES device (n),
    nonce   BLOB NOT NULL,          -- 16 random bytes
    born_ms INTEGER NOT NULL,
    reason  TEXT NOT NULL
);

-- One row a chain, with its head.
CREATE TABLE log (
    n           INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE,   -- 16 bytes: BLAKE3 over device, epoch, project and lane
    device      INTEGER NOT NULL REFERENCES device (n),
    epoch       BLOB NOT NULL,
    project     BLOB NOT NULL,          -- 16 bytes; zeros before a project is shared
    lane        INTEGER NOT NULL,
    own         INTEGER NOT NULL,       -- 1: this journal writes it
    head_seq    INTEGER NOT NULL,
    head_hash   BLOB NOT NULL,          -- 32 bytes
    lamport     INTEGER NOT NULL,       -- the highest in this log
    durable_pos INTEGER NOT NULL,       -- place of the last event of this log that was committed with a flush
    UNIQUE (device, epoch, project, lane)
);

-- One row an event. `header` holds the exact bytes that are hashed; the other columns repeat parts of it for the indexes.
CREATE TABLE event (
    pos       INTEGER PRIMARY KEY,      -- order of arrival in this file
    log       INTEGER NOT NULL REFERENCES log (n),
    seq       INTEGER NOT NULL,
    id        BLOB NOT NULL,            -- ULID, 16 bytes
    kind      TEXT NOT NULL,
    entity    BLOB NOT NULL,            -- ULID, 16 bytes
    workspace BLOB,                     -- ULID, 16 bytes
    lamport   INTEGER NOT NULL,
    wall_ms   INTEGER NOT NULL,
    hash      BLOB NOT NULL,            -- 32 bytes: BLAKE3 over the previous hash and the header
    header    BLOB NOT NULL
);
CREATE UNIQUE INDEX event_place ON event (log, seq);
CREATE UNIQUE INDEX event_id ON event (id);
CREATE INDEX event_kind ON event (kind, pos);
CREATE INDEX event_workspace ON event (workspace, pos) WHERE workspace IS NOT NULL;

-- What an event carries. A redaction deletes the row; the header's commitment stays.
CREATE TABLE payload (
    pos   INTEGER PRIMARY KEY,
    salt  BLOB NOT NULL,                -- 16 bytes
    bytes BLOB NOT NULL                 -- the exact JSON
);

CREATE TABLE workspace (
    id      BLOB PRIMARY KEY,           -- ULID, 16 bytes
    root    BLOB NOT NULL UNIQUE,       -- the path's own bytes
    project BLOB,                       -- 16 bytes, once it is shared
    born_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- `token` only grows, also when nobody holds the lease.
CREATE TABLE lease (
    what       TEXT PRIMARY KEY,
    token      INTEGER NOT NULL,
    held       INTEGER NOT NULL,        -- 1: somebody holds it
    pid        INTEGER NOT NULL,
    started    INTEGER NOT NULL,        -- when the process started, in the kernel's ticks since boot
    boot       TEXT NOT NULL,           -- boot id
    space      TEXT NOT NULL,           -- process id namespace, so that a container's pid is not taken for ours
    until_ms   INTEGER NOT NULL,        -- boot clock
    since_ms   INTEGER NOT NULL         -- wall clock, for display
) WITHOUT ROWID;

CREATE TABLE job (
    id              BLOB PRIMARY KEY,   -- ULID, 16 bytes
    kind            TEXT NOT NULL,
    state           TEXT NOT NULL,
    title           TEXT NOT NULL,
    workspace       BLOB,
    attempts        INTEGER NOT NULL,
    next_attempt_ms INTEGER,
    last_error      TEXT,
    born_ms         INTEGER NOT NULL,
    changed_ms      INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX job_state ON job (state);

-- Results that can be found again by looking; dropping any of them costs time and nothing else.
CREATE TABLE remembered (
    key     TEXT PRIMARY KEY,
    value   BLOB NOT NULL,
    size    INTEGER NOT NULL,           -- bytes of key and value
    used_at INTEGER NOT NULL            -- milliseconds since 1970
);
CREATE INDEX remembered_used ON remembered (used_at, size);
