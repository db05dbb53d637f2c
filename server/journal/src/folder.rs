//! The files of a journal: where they are, how the description is read and written, and what other files have in common.
//! It touches no key (see `key`) and never opens the database.

use crate::error::OpenError;
use crate::key::{FORM, KeyDescription};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use ulid::Ulid;
use zeroize::Zeroizing;

/// The raw key of the database.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// Newest form of `journal.json` and of the database that this version knows.
pub(crate) const FORMAT: u32 = 11;

/// Where the files of one journal are.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub folder: PathBuf,
    pub database: PathBuf,
    pub key: PathBuf,
    /// A key that is to follow the one that is in force.
    pub next_key: PathBuf,
    pub description: PathBuf,
    /// What was last seen of this journal, kept outside of it; see `witness.rs`.
    pub witness: PathBuf,
    /// A copy of the database that is encrypted anew.
    pub copy: PathBuf,
    /// Held by whoever has the journal open.
    pub lock: PathBuf,
    /// Held by whoever moves the key.
    pub moving: PathBuf,
}

impl Files {
    pub fn of(folder: &Path) -> Files {
        Files {
            folder: folder.to_owned(),
            database: folder.join("journal.db"),
            key: folder.join("journal.key"),
            next_key: folder.join("journal.key.next"),
            description: folder.join("journal.json"),
            witness: folder.join("journal.witness"),
            copy: folder.join("journal.db.new"),
            lock: folder.join("journal.lock"),
            moving: folder.join("journal.key.lock"),
        }
    }
}

/// `journal.json`: plain, so that what reads it needs no key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    /// ULID of the journal.
    pub journal: Ulid,
    /// Form of the files; see [`FORMAT`].
    pub format: u32,
    /// How the key is kept.
    pub key: KeyDescription,
    /// The key that is to follow: the database is being encrypted with it, and was, or was not, replaced by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<KeyDescription>,
    /// A place where the key, or the one before it, was kept, and may still be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring: Option<KeyDescription>,
    /// A place into which a key is just being put: whoever is killed then leaves it there, and nothing else names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub putting: Option<KeyDescription>,
}

/// Only the format, so that a description of a later form is still understood that far.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

/// Turns what the system said about `file` into an error with a next step.
pub(crate) fn io_error(file: &Path, what: &'static str, error: &io::Error) -> OpenError {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            let hint = if error.kind() == ErrorKind::ReadOnlyFilesystem {
                "the file system is mounted read-only; set HOLDOVER_DATA_DIR to a folder that can be written".to_owned()
            } else {
                "give your user read and write permission, or set HOLDOVER_DATA_DIR to a folder of your own".to_owned()
            };
            OpenError::Permission { file: file.to_owned(), what, hint }
        }
        _ => OpenError::Io { file: file.to_owned(), what, detail: error.to_string() },
    }
}

/// Makes the data folder if it is not there: 0700, for the user alone.
pub(crate) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    match fs::metadata(folder) {
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(_) => {
            return Err(OpenError::Io {
                file: folder.to_owned(),
                what: "use as the data folder",
                detail: "it is a file, not a folder".to_owned(),
            });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(io_error(folder, "open", &error)),
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let stands = folder.ancestors().skip(1).position(Path::is_dir).unwrap_or(0);
    builder.create(folder).map_err(|e| io_error(folder, "create", &e))?;
    // Each new name, or a loss of power could take the whole journal with it.
    folder.ancestors().skip(1).take(stands + 1).for_each(sync_folder);
    Ok(())
}

/// Size of the database file, or `None` where there is none.
pub(crate) fn database_size(files: &Files) -> Result<Option<u64>, OpenError> {
    match fs::metadata(&files.database) {
        Ok(meta) if meta.is_file() => Ok(Some(meta.len())),
        Ok(_) => Err(OpenError::NotADatabase {
            file: files.database.clone(),
            detail: "it is a folder, not a file".to_owned(),
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(&files.database, "read", &error)),
    }
}

/// Bytes that wait in the log beside the database (`-wal`).
pub(crate) fn size_of_log(files: &Files) -> u64 {
    let mut name = files.database.clone().into_os_string();
    name.push("-wal");
    fs::metadata(name).map_or(0, |meta| meta.len())
}

/// Reads `journal.json`; `None` where there is none, or an empty one. One of a newer form is given where it says all that is asked of one.
pub(crate) fn read_description(files: &Files) -> Result<Option<Description>, OpenError> {
    let file = &files.description;
    let Some(text) = read_small(file, 64 * 1024).map_err(|e| io_error(file, "read", &e))? else {
        return Ok(None);
    };
    if text.iter().all(|byte| *byte == 0) {
        // A loss of power took what was in it.
        return Ok(None);
    }
    let bad = |detail: String| OpenError::BadDescription { file: file.clone(), detail };
    let format: FormatOnly = serde_json::from_slice(&text).map_err(|e| bad(e.to_string()))?;
    let parsed = serde_json::from_slice::<Description>(&text);
    if format.format > FORMAT && parsed.as_ref().map_or(true, |description| description.key.form > FORM) {
        return Err(OpenError::Newer { file: file.clone(), found: format.format, known: FORMAT });
    }
    let description = parsed.map_err(|e| bad(e.to_string()))?;
    if let Some(later) =
        [Some(&description.key), description.next.as_ref()].into_iter().flatten().find(|key| key.form > FORM)
    {
        return Err(bad(format!(
            "how the key is kept has form {}, and this version knows forms up to {FORM}",
            later.form
        )));
    }
    Ok(Some(description))
}

/// Writes `journal.json`, in one step. Processes that race write the same contents.
pub(crate) fn write_description(files: &Files, description: &Description) -> Result<(), OpenError> {
    put_description(files, description, write_new)?;
    sync_folder(&files.folder);
    Ok(())
}

/// The same for one that can be written again from the key's file and the database: a loss of power may take it, or leave it empty.
pub(crate) fn write_description_unflushed(files: &Files, description: &Description) -> Result<(), OpenError> {
    put_description(files, description, write_new_unflushed)
}

fn put_description(
    files: &Files,
    description: &Description,
    write: impl FnOnce(&Path, &[u8]) -> io::Result<()>,
) -> Result<(), OpenError> {
    let fail = |e: &io::Error| io_error(&files.description, "write", e);
    let mut text = serde_json::to_vec_pretty(description).map_err(|e| fail(&io::Error::other(e)))?;
    text.push(b'\n');
    let temporary = temporary_beside(&files.description);
    let written = write(&temporary, &text).and_then(|()| fs::rename(&temporary, &files.description));
    written.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        fail(&error)
    })
}

/// The raw key that a key file's text is; why it is none where it is none.
pub(crate) fn parse_key(text: &[u8]) -> Result<Key, String> {
    let digits = text.trim_ascii();
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, key.as_mut_slice()).map_err(|_| what_is_no_key(digits))?;
    Ok(key)
}

fn what_is_no_key(digits: &[u8]) -> String {
    match digits.iter().position(|digit| !digit.is_ascii_hexdigit()) {
        Some(at) => format!("a key is 64 hexadecimal digits, and byte {} is none", at + 1),
        None => format!("a key is 64 hexadecimal digits, and these are {}", digits.len()),
    }
}

/// Creates the empty database file, so that it and the files that SQLite puts beside it are for the user alone.
pub(crate) fn make_database_file(files: &Files) -> Result<(), OpenError> {
    match make_private_file(&files.database) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(io_error(&files.database, "create", &error)),
        _ => Ok(()),
    }
}

/// Creates an empty file for the user alone; one that is there is an error.
pub(crate) fn make_private_file(file: &Path) -> io::Result<()> {
    private(OpenOptions::new().write(true).create_new(true)).open(file).map(drop)
}

/// Whether the database can be written, without opening it: closing a second handle would drop SQLite's locks.
pub(crate) fn check_writable(files: &Files) -> Result<(), OpenError> {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, access};
        for (path, mode, what) in [
            (&files.database, Access::READ_OK, "read"),
            (&files.database, Access::WRITE_OK, "write"),
            (&files.folder, Access::WRITE_OK | Access::EXEC_OK, "write in"),
        ] {
            access(path, mode).map_err(|e| io_error(path, what, &e.into()))?;
        }
    }
    Ok(())
}

pub(crate) fn read_small(file: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut contents = Vec::new();
    opened.take(limit + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > limit {
        return Err(io::Error::other(format!("it is longer than {limit} bytes")));
    }
    Ok(Some(contents))
}

pub(crate) fn temporary_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}.new", Ulid::generate()));
    PathBuf::from(name)
}

pub(crate) fn write_new(file: &Path, contents: &[u8]) -> io::Result<()> {
    begin_new(file, contents)?.sync_all()
}

pub(crate) fn write_new_unflushed(file: &Path, contents: &[u8]) -> io::Result<()> {
    begin_new(file, contents).map(drop)
}

fn begin_new(file: &Path, contents: &[u8]) -> io::Result<File> {
    let mut opened = private(OpenOptions::new().write(true).create_new(true)).open(file)?;
    opened.write_all(contents)?;
    Ok(opened)
}

pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a new name durable. Where a folder cannot be opened for that (Windows), the name is as durable as the system makes it.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(opened) = File::open(folder) {
        let _ = opened.sync_all();
    }
}
