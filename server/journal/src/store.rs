//! Opens the database: key, settings, migrations, and the checks that come before any write.
//! Until every check has passed nothing is written, so a file that is refused stays as it was.

use crate::chain::{LANES, LogId, lane_number, log_id};
use crate::connect::{connect, tidy_on_close};
use crate::error::OpenError;
use crate::folder::{self, Description, FORMAT, Files, Key};
use crate::founding;
use crate::key::lock::{self, Lock};
use crate::key::{self, KeyDescription, Keys, key_check, settle};
use crate::patience::{is_busy, open_error, retry};
use crate::time::now_ms;
use crate::witness;
use ed25519_dalek::SigningKey;
use rusqlite::{Connection, OptionalExtension};
use std::sync::Mutex;
use std::time::Duration;
use ulid::Ulid;
use zeroize::Zeroizing;

/// First SQLite without the WAL-reset defect, which several connections can meet.
const SQLITE_NEEDED: (i32, &str) = (3_051_003, "3.51.3");
/// `HOLD`: marks the file as ours.
const APPLICATION_ID: i32 = 0x484f_4c44;
/// Forward only; the place in the list plus one is the format that a script leads to. Landed scripts are never edited.
pub(crate) const MIGRATIONS: [&str; FORMAT as usize] = [
    include_str!("../migrations/0001-journal.sql"),
    include_str!("../migrations/0002-tool.sql"),
    include_str!("../migrations/0003-views.sql"),
    include_str!("../migrations/0004-jobs.sql"),
    include_str!("../migrations/0005-note-draft.sql"),
    include_str!("../migrations/0006-segments.sql"),
    include_str!("../migrations/0007-suppressed.sql"),
    include_str!("../migrations/0008-retention.sql"),
    include_str!("../migrations/0009-history.sql"),
    include_str!("../migrations/0010-redaction.sql"),
    include_str!("../migrations/0011-remotes.sql"),
];
/// One process opens journals one at a time: file handles that creation closes would drop the locks of a sibling.
static OPENING: Mutex<()> = Mutex::new(());

/// Project of the logs of a device that shares nothing yet.
pub const NO_PROJECT: [u8; 16] = [0; 16];

/// Our own device, as the database knows it.
#[derive(Clone)]
pub(crate) struct Device {
    pub n: i64,
    /// Number of the epoch in force when this was read.
    pub epoch_n: i64,
    pub epoch: [u8; 16],
    /// Signs what has to be signed; wiped from memory when it is dropped.
    pub signing: SigningKey,
    /// Names of our own logs by number of their lane, hashed once and not once an event.
    logs: [LogId; LANES],
}

impl Device {
    fn new(n: i64, signing: SigningKey, epoch_n: i64, epoch: [u8; 16]) -> Device {
        let public = signing.verifying_key().to_bytes();
        let mut logs = [[0; 16]; LANES];
        for (number, log) in (0_u8..).zip(&mut logs) {
            *log = log_id(&public, &epoch, &NO_PROJECT, number);
        }
        Device { n, epoch_n, epoch, signing, logs }
    }

    /// Its Ed25519 key.
    pub fn public(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    pub fn log(&self, lane: contract::Lane, project: &[u8; 16]) -> LogId {
        let number = lane_number(lane);
        match self.logs.get(usize::from(number)) {
            Some(log) if *project == NO_PROJECT => *log,
            _ => log_id(&self.public(), &self.epoch, project, number),
        }
    }
}

/// What opening gives.
pub(crate) struct Opened {
    pub writer: Connection,
    pub key: Key,
    pub device: Device,
    pub journal: Ulid,
    /// Its format, where a later version has written it: it is read and not written.
    pub newer: Option<u32>,
    /// Kept as long as the journal is open: nobody puts another database in its place.
    pub lock: Option<Lock>,
    /// The key is one that the user unlocked for this login session.
    pub from_session: bool,
}

/// The WAL-reset defect is excluded here, once a start.
fn check_sqlite(number: i32, found: &str) -> Result<(), OpenError> {
    if number < SQLITE_NEEDED.0 {
        return Err(OpenError::OldSqlite { found: found.to_owned(), needed: SQLITE_NEEDED.1 });
    }
    Ok(())
}

/// Opens the journal in `folder`, making what is not there yet. While its database is being replaced that is waited for,
/// `patience` at most.
pub(crate) fn open(files: &Files, keys: &Keys, patience: Duration) -> Result<Opened, OpenError> {
    check_sqlite(rusqlite::version_number(), rusqlite::version())?;
    let _one = OPENING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    folder::make_folder(&files.folder)?;
    let lock = lock::share(files, patience).map_err(|_| OpenError::Rekeying { file: files.database.clone() })?;
    let description = folder::read_description(files)?;
    let exists = folder::database_size(files)?.is_some_and(|size| size > 0);
    if !exists && description.is_some() {
        return Err(OpenError::DatabaseMissing {
            file: files.database.clone(),
            description: files.description.clone(),
        });
    }
    // The key is made before the database, so a database without a key has lost it.
    let (key, from_session) = match &description {
        Some(description) => key_of(files, description, keys)?,
        None => match key::read_file(files)? {
            Some(key) => (key, false),
            None if exists => {
                return Err(OpenError::KeyMissing { file: files.database.clone(), key: files.key.clone() });
            }
            None => (key::make_file(files)?, false),
        },
    };
    let founded = !exists && founding::make(files, &key);
    folder::make_database_file(files)?;
    folder::check_writable(files)?;
    // Closing may tidy what opening leaves beside the file, but it must not move what a killed writer left in its log.
    let nothing_waits = folder::size_of_log(files) == 0;
    let mut writer = connect(files, &key).map_err(|e| open_error(files, "open", &e))?;
    tidy_on_close(&writer, nothing_waits).map_err(|e| open_error(files, "open", &e))?;
    let newer = match prepare(&mut writer, files) {
        Ok(()) => description.as_ref().map(|description| description.format).filter(|format| *format > FORMAT),
        Err(OpenError::Newer { found, .. }) => Some(found),
        Err(other) => return Err(other),
    };
    if let Some(found) = newer {
        let opened = open_newer(writer, files, key, found)?;
        return Ok(Opened { lock, from_session, ..opened });
    }
    let found = (|| Ok::<_, rusqlite::Error>((journal_id(&writer)?, own_device(&writer)?)))();
    let (journal, mut device) = found.map_err(|e| open_error(files, "read", &e))?;
    match description {
        Some(description) if description.journal != journal => {
            return Err(OpenError::BadDescription {
                file: files.description.clone(),
                detail: format!("it names journal {}, and the database is journal {journal}", description.journal),
            });
        }
        Some(description) if description.format == FORMAT => {
            if settle::is_due(files, &description) {
                settle::after_opening(files, &key_check(&key), keys);
            }
        }
        // From before the database was brought up to date. Whoever moves the key writes it too; then the next opening does.
        Some(_) => {
            if let Ok(_moving) = lock::moving(files)
                && let Some(description) = folder::read_description(files)?
            {
                folder::write_description(files, &Description { format: FORMAT, ..description })?;
            }
        }
        // Nobody misses it: with the key in its file it is written again.
        None => folder::write_description_unflushed(
            files,
            &Description {
                journal,
                format: FORMAT,
                key: KeyDescription::file(key_check(&key)),
                next: None,
                retiring: None,
                putting: None,
            },
        )?,
    }
    if founded {
        begin_log(&writer).map_err(|e| open_error(files, "prepare", &e))?;
    }
    witness::heed(&mut writer, files, journal, &mut device)?;
    tidy_on_close(&writer, true).map_err(|e| open_error(files, "open", &e))?;
    Ok(Opened { writer, key, device, journal, newer: None, lock, from_session })
}

/// Begins the log of a new database, here and not at the first event, which would wait for two flushes of nothing: there are no
/// frames of an earlier log that its header has to be told from, and the first flush is one of all that stands in it.
fn begin_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.pragma_update(None, "synchronous", "normal")
}

/// The key that opens the database. Of two that are described, where a replacement of the database was cut short, the one that does.
pub(crate) fn key_of(files: &Files, description: &Description, keys: &Keys) -> Result<(Key, bool), OpenError> {
    let find =
        |described| key::find(files, description.journal, described, keys).map(|found| (found.key, found.from_session));
    let first = find(&description.key);
    let Some(next) = &description.next else { return first };
    let opens = |key: &Key| connect(files, key).and_then(|connection| head(&connection)).is_ok();
    match first {
        Ok(first) if opens(&first.0) => Ok(first),
        first => match find(next) {
            Ok(next) if opens(&next.0) => Ok(next),
            other => first.and(other),
        },
    }
}

/// What a later version has written is read, as far as it has the tables and columns that are read here; nothing is written,
/// and nothing is moved from its log into the database.
fn open_newer(writer: Connection, files: &Files, key: Key, found: u32) -> Result<Opened, OpenError> {
    let readable = || {
        writer.pragma_update(None, "query_only", true)?;
        for table in READ_OF_A_NEWER {
            drop(writer.prepare(table)?);
        }
        Ok::<_, rusqlite::Error>((journal_id(&writer)?, own_device(&writer)?))
    };
    match readable() {
        Ok((journal, device)) => {
            Ok(Opened { writer, key, device, journal, newer: Some(found), lock: None, from_session: false })
        }
        Err(error) if is_busy(&error) => Err(open_error(files, "read", &error)),
        Err(_) => Err(OpenError::Newer { file: files.database.clone(), found, known: FORMAT }),
    }
}

/// What reading a journal asks of its tables.
const READ_OF_A_NEWER: [&str; 8] = [
    "SELECT pos, what, detail FROM mark",
    "SELECT id, ops FROM suppressed",
    "SELECT pos, log, seq, id, kind, entity, workspace, lamport, wall_ms, hash, header FROM event",
    "SELECT pos, salt, bytes FROM payload",
    "SELECT n, id, device, epoch, project, lane, own, head_seq, head_hash, lamport, durable_pos, sealed_seq FROM log",
    "SELECT id, root FROM workspace",
    "SELECT id, kind, state, title, workspace, attempts, next_attempt_ms, last_error FROM job",
    "SELECT key, value FROM remembered",
];

/// Brings a database up to [`FORMAT`]; refuses one that is not ours or is newer.
fn prepare(connection: &mut Connection, files: &Files) -> Result<(), OpenError> {
    let failed = |e: rusqlite::Error| open_error(files, "open", &e);
    let found = retry(|| format_of(connection)).map_err(failed)?;
    check_format(found, files)?;
    if found.format < FORMAT {
        // Two processes may get here; WAL is set outside a transaction, and the busy handler is not asked for it.
        retry(|| connection.pragma_update(None, "journal_mode", "wal")).map_err(failed)?;
        connection.pragma_update(None, "synchronous", "full").map_err(failed)?;
        migrate(connection, files)?;
        connection.pragma_update(None, "synchronous", "normal").map_err(failed)?;
    }
    // Bounds what a burst leaves behind.
    connection.pragma_update(None, "journal_size_limit", 8 << 20).map_err(failed)
}

#[derive(Clone, Copy)]
struct Found {
    application: i32,
    format: u32,
    tables: bool,
}

fn format_of(connection: &Connection) -> rusqlite::Result<Found> {
    connection.query_row(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
                EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| Ok(Found { application: row.get(0)?, format: row.get(1)?, tables: row.get(2)? }),
    )
}

fn check_format(found: Found, files: &Files) -> Result<(), OpenError> {
    let is_new = found.application == 0 && found.format == 0 && !found.tables;
    if found.application != APPLICATION_ID && !is_new {
        return Err(OpenError::NotADatabase {
            file: files.database.clone(),
            detail: "it is a database of another program".to_owned(),
        });
    }
    if found.format > FORMAT {
        return Err(OpenError::Newer { file: files.database.clone(), found: found.format, known: FORMAT });
    }
    Ok(())
}

pub(crate) fn migrate(connection: &mut Connection, files: &Files) -> Result<(), OpenError> {
    let failed = |e: rusqlite::Error| open_error(files, "prepare", &e);
    retry(|| connection.execute_batch("BEGIN IMMEDIATE")).map_err(failed)?;
    let done = (|| {
        let found = format_of(connection).map_err(failed)?;
        check_format(found, files)?;
        for script in &MIGRATIONS[found.format as usize..] {
            connection.execute_batch(script).map_err(failed)?;
        }
        connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        connection.pragma_update(None, "user_version", FORMAT).map_err(failed)?;
        if found.format == 0 {
            found_journal(connection).map_err(failed)?;
        }
        connection.execute_batch("COMMIT").map_err(failed)
    })();
    if done.is_err() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    done
}

/// The first rows: the journal's own id, this device, and its first epoch.
fn found_journal(connection: &Connection) -> rusqlite::Result<()> {
    let mut secret = Zeroizing::new([0; 32]);
    let mut nonce = [0; 16];
    crate::chance::fill(secret.as_mut_slice()).and_then(|()| crate::chance::fill(&mut nonce)).map_err(|e| {
        rusqlite::Error::ToSqlConversionFailure(Box::new(std::io::Error::other(format!("no random numbers: {e}"))))
    })?;
    let public = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    let now = now_ms();
    connection.execute(
        "INSERT INTO meta (key, value) VALUES ('journal', ?1)",
        [crate::chance::ulid().to_bytes().as_slice()],
    )?;
    connection.execute(
        "INSERT INTO device (n, public, secret, born_ms) VALUES (1, ?1, ?2, ?3)",
        (public, secret.as_slice(), now),
    )?;
    connection.execute(
        "INSERT INTO epoch (n, device, nonce, born_ms, reason) VALUES (1, 1, ?1, ?2, 'the journal was made')",
        (nonce, now),
    )?;
    Ok(())
}

fn journal_id(connection: &Connection) -> rusqlite::Result<Ulid> {
    connection
        .query_row("SELECT value FROM meta WHERE key = 'journal'", [], |row| row.get::<_, [u8; 16]>(0))
        .map(Ulid::from_bytes)
}

/// Our own device, in the epoch that is in force.
pub(crate) fn own_device(connection: &Connection) -> rusqlite::Result<Device> {
    connection.query_row(
        "SELECT device.n, device.secret, epoch.n, epoch.nonce FROM epoch JOIN device ON device.n = epoch.device
         WHERE device.secret IS NOT NULL ORDER BY epoch.n DESC LIMIT 1",
        [],
        |row| {
            let secret = Zeroizing::new(row.get::<_, [u8; 32]>(1)?);
            Ok(Device::new(row.get(0)?, SigningKey::from_bytes(&secret), row.get(2)?, row.get(3)?))
        },
    )
}

/// Our own device as it is now, for whoever read it before: another process may have begun a new epoch.
pub(crate) fn refresh_device(connection: &Connection, device: &mut Device) -> rusqlite::Result<()> {
    let newest: i64 = connection.prepare_cached("SELECT max(n) FROM epoch")?.query_row([], |row| row.get(0))?;
    if newest != device.epoch_n {
        *device = own_device(connection)?;
    }
    Ok(())
}

/// The last place, 0 where there is none.
pub(crate) fn head(connection: &Connection) -> rusqlite::Result<u64> {
    let head: Option<i64> = connection
        .prepare_cached("SELECT pos FROM event ORDER BY pos DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(head.unwrap_or(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::check_sqlite;
    use crate::OpenError;

    #[test]
    fn a_sqlite_with_the_wal_reset_defect_is_refused() {
        for (number, found) in [(3_051_002, "3.51.2"), (3_050_004, "3.50.4"), (0, "")] {
            let error = check_sqlite(number, found).unwrap_err();
            assert!(matches!(error, OpenError::OldSqlite { needed: "3.51.3", .. }), "{error}");
            assert!(error.to_string().contains(&format!("SQLite {found}")), "{error}");
        }
        assert!(check_sqlite(3_051_003, "3.51.3").is_ok());
        assert!(check_sqlite(rusqlite::version_number(), rusqlite::version()).is_ok(), "the one that is linked");
    }
}
