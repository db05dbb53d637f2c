-- How far each projection has come. Their tables are made by themselves, so that a new version of one needs no new form of the journal.
CREATE TABLE view (
    name    TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    pos     INTEGER NOT NULL        -- place of the last event that it knows
) WITHOUT ROWID;
