//! An export as files: the lines, and beside them the signed envelope; for their owner alone, whole or not at all.
//! What is written is plain text: whoever can read the file can read what it says.

use super::check::{CheckError, Checked, check};
use super::write::{Source, Written};
use crate::dsse::{self, EnvelopeError};
use crate::error::JournalError;
use crate::folder::{private, read_small, sync_folder, temporary_beside};
use crate::journal::Journal;
use crate::read::Filter;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Longest envelope that is read, in bytes.
const MAX_ENVELOPE: u64 = 16 << 20;

/// What is to be exported.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// Which events; the oldest first whatever it says.
    pub filter: Filter,
    /// The same in words; `None` where `filter` lets everything through.
    pub words: Option<String>,
    /// Program and version that writes.
    pub by: String,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Events in the file.
    pub events: u64,
    /// Of these, those without a payload.
    pub redacted: u64,
    /// Its size.
    pub bytes: u64,
    /// Hex of its SHA-256.
    pub sha256: String,
    /// Hex of its BLAKE3.
    pub blake3: String,
    /// Hex of the public key of this device, which signed the envelope.
    pub signer: String,
    /// The envelope, where one was written.
    pub envelope: Option<PathBuf>,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file is there, and was not to be replaced.
    #[error("{} is there already, and was left as it is\nhint: choose another name, or replace it with `--force`", .0.display())]
    Exists(PathBuf),
    /// The system refused.
    #[error("could not {what} {}: {detail}\nhint: check the folder and the space on the disk; nothing was left there", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// `write` for example.
        what: &'static str,
        /// What the system said.
        detail: String,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It was asked to stop.
    #[error("stopped; nothing was left behind")]
    Cancelled,
}

impl ExportError {
    pub(super) fn io(file: &Path, what: &'static str, error: &io::Error) -> ExportError {
        ExportError::Io { file: file.to_owned(), what, detail: error.to_string() }
    }
}

/// Why a file with its envelope could not be called whole and signed.
#[derive(Debug, thiserror::Error)]
pub enum CheckFileError {
    /// The file itself.
    #[error("{}: {error}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What about it.
        error: Box<CheckError>,
    },
    /// The file is whole, and its envelope says something else.
    #[error("{}: {error}", file.display())]
    Envelope {
        /// The envelope.
        file: PathBuf,
        /// What about it.
        error: EnvelopeError,
    },
}

/// `FILE.dsse.json`.
#[must_use]
pub fn envelope_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".dsse.json");
    PathBuf::from(name)
}

impl Journal {
    /// Writes the lines to `out`. `progress` hears places done and in all, and may stop it.
    pub fn export_to(
        &self,
        request: &Request,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Exported, ExportError> {
        let written = self.written(request, Path::new("the output"), out, progress)?;
        Ok(exported(&written, None))
    }

    /// Writes the lines to `file` and the envelope beside it, both for their owner alone and each in one step.
    /// An existing file is left as it is unless it is to be replaced.
    pub fn export_file(
        &self,
        request: &Request,
        file: &Path,
        replace: bool,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Exported, ExportError> {
        if !replace && file.symlink_metadata().is_ok() {
            return Err(ExportError::Exists(file.to_owned()));
        }
        let (envelope, unfinished) = (envelope_of(file), Unfinished(temporary_beside(file)));
        let failed = |e: io::Error| ExportError::io(file, "write", &e);
        let opened = private(OpenOptions::new().write(true).create_new(true)).open(&unfinished.0).map_err(failed)?;
        let mut out = BufWriter::with_capacity(1 << 16, opened);
        let written = self.written(request, file, &mut out, progress)?;
        out.into_inner().map_err(|e| failed(e.into_error()))?.sync_all().map_err(failed)?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = dsse::envelope(&written.statement(&name), &written.key);
        let beside = Unfinished(temporary_beside(&envelope));
        let failed_beside = |e: io::Error| ExportError::io(&envelope, "write", &e);
        crate::folder::write_new(&beside.0, &text).map_err(failed_beside)?;
        unfinished.put(file, replace).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => ExportError::Exists(file.to_owned()),
            _ => failed(e),
        })?;
        // An envelope that lies there belongs to a file that is gone.
        beside.put(&envelope, true).map_err(failed_beside)?;
        if let Some(folder) = file.parent() {
            sync_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        }
        Ok(exported(&written, Some(envelope)))
    }

    fn written(
        &self,
        request: &Request,
        target: &Path,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Written, ExportError> {
        let (database, journal) = (self.database().to_owned(), self.id());
        self.read(|connection| {
            Ok(Source { connection, database: &database, journal }.write(request, target, out, progress))
        })?
    }

    /// Whether the device with this public key, in hex, is one that this journal knows.
    pub fn knows_device(&self, public: &str) -> Result<bool, JournalError> {
        let public = hex::decode(public).unwrap_or_default();
        self.read(|connection| {
            connection.query_row("SELECT EXISTS (SELECT 1 FROM device WHERE public = ?1)", [public], |row| row.get(0))
        })
    }
}

fn exported(written: &Written, envelope: Option<PathBuf>) -> Exported {
    Exported {
        events: written.events,
        redacted: written.redacted,
        bytes: written.bytes,
        sha256: hex::encode(written.sha256),
        blake3: hex::encode(written.blake3),
        signer: hex::encode(written.manifest.signer),
        envelope,
    }
}

impl Written {
    fn statement(&self, name: &str) -> dsse::Statement {
        dsse::Statement::new(
            name,
            hex::encode(self.sha256),
            hex::encode(self.blake3),
            dsse::Predicate {
                journal: self.manifest.journal.to_string(),
                written_at: crate::time::rfc3339(self.manifest.written_ms),
                by: self.manifest.by.clone(),
                filter: self.manifest.filter.clone(),
                events: self.events,
                redacted: self.redacted,
                heads: self
                    .heads
                    .iter()
                    .map(|h| dsse::Head::new(hex::encode(h.log), h.seq, hex::encode(h.hash)))
                    .collect(),
            },
        )
    }
}

/// Checks an exported file, and the envelope where one lies beside it: `true` where it does and vouches for the file.
pub fn check_file(
    file: &Path,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<(Checked, bool), CheckFileError> {
    let of_file = |error: CheckError| CheckFileError::File { file: file.to_owned(), error: Box::new(error) };
    let io = |e: io::Error| of_file(CheckError::Io(e));
    // Asked before it is opened: a pipe would be waited for.
    let meta = fs::metadata(file).map_err(io)?;
    if !meta.is_file() {
        return Err(io(io::Error::other("it is not a regular file")));
    }
    let total = meta.len();
    let reader = BufReader::with_capacity(1 << 16, File::open(file).map_err(io)?);
    let checked = check(reader, &mut |done| progress(done, total.max(done))).map_err(of_file)?;
    let envelope = envelope_of(file);
    let of_envelope = |error: EnvelopeError| CheckFileError::Envelope { file: envelope.clone(), error };
    let text =
        read_small(&envelope, MAX_ENVELOPE).map_err(|e| of_envelope(EnvelopeError::Unreadable(e.to_string())))?;
    let Some(text) = text else { return Ok((checked, false)) };
    dsse::check(&text, &checked).map_err(of_envelope)?;
    Ok((checked, true))
}

/// A file under a name of its own, removed unless it was put where it belongs.
struct Unfinished(PathBuf);

impl Unfinished {
    fn put(self, to: &Path, replace: bool) -> io::Result<()> {
        if replace {
            return fs::rename(&self.0, to);
        }
        // A link never replaces, whoever made the file meanwhile.
        match fs::hard_link(&self.0, to) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists && to.symlink_metadata().is_err() => {
                // A file system without links.
                fs::rename(&self.0, to)
            }
            linked => linked,
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
