-- What each redaction takes. An id alone does not tell an event: anybody can give it to an event of theirs.
CREATE TABLE redaction (
    id         BLOB NOT NULL,       -- ULID of the event whose payload goes, 16 bytes
    by         BLOB NOT NULL,       -- ULID of the redaction
    commitment BLOB NOT NULL,       -- commitment to that payload, 32 bytes; empty where the redaction does not say: whatever has the id
    project    BLOB NOT NULL,       -- 16 bytes, where the redaction counts; empty for one of this machine, which counts everywhere
    PRIMARY KEY (id, by, commitment)
) WITHOUT ROWID;

-- Those from before were bound to nothing else.
INSERT INTO redaction (id, by, commitment, project) SELECT id, by, x'', x'' FROM suppressed;
