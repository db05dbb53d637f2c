//! Opens the database: key, settings, migrations, and the checks that come before any write.
//! Until every check has passed nothing is written, so a file that is refused stays as it was.

use crate::chain::{LANES, LogId, lane_number, log_id};
use crate::error::{JournalError, OpenError};
use crate::folder::{self, Description, FORMAT, Files, Key};
use crate::founding;
use crate::key::lock::{self, Lock};
use crate::key::{self, KeyDescription, Keys, key_check, settle};
use crate::time::now_ms;
use crate::witness;
use ed25519_dalek::SigningKey;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};
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
];
/// How long other processes are waited for before a caller hears of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

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

/// One more connection to a journal that was opened before.
pub(crate) fn connect_reader(files: &Files, key: &Key) -> rusqlite::Result<Connection> {
    let connection = connect(files, key)?;
    connection.pragma_update(None, "query_only", true)?;
    // KiB, negative by SQLite's rule. Several readers are open in a server that is to stay small, and pages are cheap to get again.
    connection.pragma_update(None, "cache_size", -1000)?;
    Ok(connection)
}

/// One more connection that may write, for what cannot be done within a transaction.
pub(crate) fn connect_writer(files: &Files, key: &Key) -> rusqlite::Result<Connection> {
    connect(files, key)
}

/// A database of its own under the journal's key, for what is thrown away soon: nothing of it need outlive a crash.
pub(crate) fn connect_scratch(file: &Path, key: &Key) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    unlock(&connection, key)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

fn connect(files: &Files, key: &Key) -> rusqlite::Result<Connection> {
    connect_file(&files.database, key)
}

/// A connection that has read no page yet, so that it can be had whatever is wrong with them.
pub(crate) fn connect_unread(database: &Path, key: &Key) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    tidy_on_close(&connection, false)?;
    unlock(&connection, key)?;
    Ok(connection)
}

/// A connection to any file that is encrypted as a journal is.
pub(crate) fn connect_file(database: &Path, key: &Key) -> rusqlite::Result<Connection> {
    let mut connection = connect_unread(database, key)?;
    let mut began = Instant::now();
    connection.busy_handler(Some(move |count: i32| {
        if count == 0 {
            began = Instant::now();
        }
        // Short naps: SQLite's own handler sleeps up to 100 ms, too long for a lock that is held for 0.2 ms.
        std::thread::sleep(Duration::from_millis(if count < 50 { 1 } else { 5 }));
        began.elapsed() < Duration::from_secs(5)
    }))?;
    // What refers to what is kept whole by the one writer and looked at by a verification; a look-up for every event is not needed.
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; PRAGMA synchronous = NORMAL;")?;
    // Not kept in the file, so every writer sets it: what is deleted is overwritten.
    connection.execute_batch("PRAGMA secure_delete = ON;")?;
    #[cfg(target_os = "macos")]
    connection.execute_batch("PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")?;
    Ok(connection)
}

/// Gives a connection the key and room for prepared statements.
fn unlock(connection: &Connection, key: &Key) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    let mut digits = Zeroizing::new([0; 64]);
    // The length fits by construction.
    let _ = hex::encode_to_slice(key.as_slice(), digits.as_mut_slice());
    let digits = std::str::from_utf8(digits.as_slice()).unwrap_or_default();
    // SQLCipher would tell stderr about a wrong key; callers are told by an error.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    connection.execute_batch(&Zeroizing::new(format!("PRAGMA key = \"x'{digits}'\";")))
}

pub(crate) fn tidy_on_close(connection: &Connection, tidy: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !tidy).map(drop)
}

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
    getrandom::fill(secret.as_mut_slice()).and_then(|()| getrandom::fill(&mut nonce)).map_err(|e| {
        rusqlite::Error::ToSqlConversionFailure(Box::new(std::io::Error::other(format!("no random numbers: {e}"))))
    })?;
    let public = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    let now = now_ms();
    connection
        .execute("INSERT INTO meta (key, value) VALUES ('journal', ?1)", [Ulid::generate().to_bytes().as_slice()])?;
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

/// Whether waiting can help.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    // SQLITE_PROTOCOL: the locks of the WAL index were contended too often in a row.
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}

/// Does something until it is not refused because of other processes, or [`PATIENCE`] is over.
pub(crate) fn retry<T>(mut once: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let began = Instant::now();
    loop {
        match once() {
            Err(error) if is_busy(&error) && began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(2));
            }
            result => return result,
        }
    }
}

/// Begins the transaction of a writer. One that is suspended in the middle is the only thing that can make this fail.
pub(crate) fn begin(connection: &mut Connection) -> rusqlite::Result<rusqlite::Transaction<'_>> {
    let began = Instant::now();
    loop {
        match rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
            Err(error) if is_busy(&error) && began.elapsed() < PATIENCE => {}
            result => return result,
        }
    }
}

/// What SQLite said about an open journal, for a caller.
pub(crate) fn journal_error(file: &Path, what: &'static str, error: &rusqlite::Error) -> JournalError {
    let file = file.to_owned();
    if is_busy(error) {
        return JournalError::Busy { file, seconds: PATIENCE.as_secs() };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => JournalError::DiskFull { file },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            JournalError::Damaged { file, detail: error.to_string() }
        }
        // SQLite did its part, and what it read is not what the column holds.
        None if matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
        ) =>
        {
            JournalError::Damaged { file, detail: error.to_string() }
        }
        _ => JournalError::Database { file, what, detail: error.to_string() },
    }
}

/// What SQLite said while opening, told apart.
pub(crate) fn open_error(files: &Files, what: &'static str, error: &rusqlite::Error) -> OpenError {
    let file = files.database.clone();
    if is_busy(error) {
        return OpenError::Busy { file, seconds: PATIENCE.as_secs() };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => what_it_is(files),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            folder::io_error(&file, "write", &std::io::Error::from(std::io::ErrorKind::PermissionDenied))
        }
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { file, detail: error.to_string() },
        _ => OpenError::Io { file, what, detail: error.to_string() },
    }
}

/// Tells a file that is no encrypted database from one with another key: encrypted pages look random and fill the file.
fn what_it_is(files: &Files) -> OpenError {
    let file = files.database.clone();
    let mut page = Vec::new();
    let size = File::open(&file).and_then(|f| {
        let size = f.metadata()?.len();
        f.take(4096).read_to_end(&mut page)?;
        Ok(size)
    });
    let size = match size {
        Ok(size) => size,
        Err(error) => return folder::io_error(&file, "read", &error),
    };
    if page.starts_with(b"SQLite format 3\0") {
        return OpenError::NotADatabase { file, detail: "it is a plain SQLite database, and not encrypted".to_owned() };
    }
    let mut kinds = [false; 256];
    for byte in &page {
        kinds[usize::from(*byte)] = true;
    }
    let distinct = kinds.iter().filter(|seen| **seen).count();
    if page.len() == 4096 && distinct > 240 {
        // The description remembers the right key, and was asked before.
        if folder::read_description(files).is_ok_and(|described| described.is_some()) {
            return OpenError::Damaged { file, detail: "its first page does not fit the key, which is the right one for this journal: the page is broken, or \
                         the file is another journal's"
                    .to_owned(), };
        }
        return OpenError::WrongKey { file, key: files.key.clone() };
    }
    OpenError::NotADatabase { file, detail: format!("its {size} bytes are not an encrypted database") }
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
