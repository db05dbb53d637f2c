//! Checks an exported file from its first byte to its last, and names the first byte that is wrong.
//! It needs no journal and no key; one line is in memory at a time, and no line is longer than a limit.

use super::blame::{self, Mended, Suspect};
use super::line::{self, Head, Manifest};
use super::scan::{self, EventLine, NoManifest};
use super::state::{Gap, State, first_difference};
use super::{MAX_LINE, VERSION};
use crate::chain::log_id;
use sha2::{Digest as _, Sha256};
use std::io::{self, BufRead, Read as _};
use std::ops::{ControlFlow, Range};

/// Bytes between two reports of progress.
const REPORT_EVERY: u64 = 1 << 20;

/// Where something is wrong in an exported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Bytes from the beginning of the file.
    pub offset: u64,
    /// How many bytes may be meant: 1 where the byte itself is known.
    pub length: u64,
    /// Line, from 1.
    pub line: u64,
    /// Name of the field in the line: `payload` for example; `line` where it is none.
    pub field: &'static str,
    /// The event, as far as its line says which: hex of its log, its place there, its id.
    pub event: Option<(String, u64, String)>,
}

/// The first thing that is wrong in an exported file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", place_words(place))]
pub struct Broken {
    /// Where.
    pub place: Place,
    /// What.
    pub reason: String,
}

fn place_words(place: &Place) -> String {
    let Place { offset, length, line, field, event } = place;
    let bytes =
        if *length == 1 { format!("byte {offset}") } else { format!("bytes {offset} to {}", offset + length - 1) };
    let mut words = format!("{bytes} (line {line}, {field}");
    if let Some((log, seq, id)) = event {
        use std::fmt::Write as _;
        let _ = write!(words, " of event {id}, number {seq} of log {log}");
    }
    words + ")"
}

/// Why an exported file could not be called whole.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Something in it is wrong.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It is something else.
    #[error("this is no export of a journal\nhint: `holdover journal export --out FILE` writes one")]
    NotAnExport,
    /// A later version has written it.
    #[error(
        "this export has format {found}, and this version reads formats up to {VERSION}\nhint: install the newer Holdover that wrote it"
    )]
    Newer {
        /// Its format.
        found: u64,
    },
    /// The system could not read it.
    #[error("it could not be read: {0}\nhint: check the disk and the permissions, then try again")]
    Io(#[from] io::Error),
    /// It was asked to stop.
    #[error("stopped before the end; nothing was found wrong up to there")]
    Cancelled,
}

/// What a whole file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// ULID of the journal that it came from.
    pub journal: String,
    /// RFC 3339, by the writer's clock.
    pub written_at: String,
    /// Program and version that wrote it.
    pub by: String,
    /// Hex of the public key of the device that wrote it.
    pub signer: String,
    /// Which events were asked for, in words; `None`: all.
    pub filter: Option<String>,
    /// Events in it.
    pub events: u64,
    /// Of these, those without a payload.
    pub redacted: u64,
    /// Signatures of single events that were verified.
    pub signatures: u64,
    /// For each log with events in it: hex of its id, its last event here, hex of that one's hash.
    pub heads: Vec<(String, u64, String)>,
    /// How many gaps there are.
    pub gaps: u64,
    /// The first of them.
    pub first_gaps: Vec<Gap>,
    /// Its size.
    pub bytes: u64,
    /// Hex of its SHA-256.
    pub sha256: String,
    /// Hex of its BLAKE3.
    pub blake3: String,
}

/// Reads and checks. `progress` hears how many bytes were read, now and then, and may stop it.
pub fn check(reader: impl BufRead, progress: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<Checked, CheckError> {
    let mut lines = Lines::new(reader);
    lines.next()?;
    let manifest = match scan::manifest(&lines.line) {
        Ok(manifest) if lines.ended => manifest,
        Ok(_) => return Err(lines.wrong(lines.line.len()..lines.line.len() + 1, "line", "the file ends here").into()),
        Err(NoManifest::Other) => return Err(CheckError::NotAnExport),
        Err(NoManifest::Newer(found)) => {
            // A flipped bit must not read as a version that nobody wrote.
            let sound: &mut blame::Sound<'_> = &mut |line| scan::manifest(line).is_ok();
            return match blame::search(&mut lines.line.clone(), 0..64, None, sound) {
                Some(Mended { at, .. }) => Err(lines.wrong(at..at + 1, "v", "there is no such version").into()),
                None => Err(CheckError::Newer { found }),
            };
        }
        Err(NoManifest::Wrong(wrong)) => return Err(first_line_wrong(&mut lines, &wrong)?.into()),
    };
    let mut state = State::new(manifest);
    check_logs(&lines, &state.manifest)?;
    lines.take();
    let mut line = EventLine::default();
    let mut reported = 0;
    loop {
        if lines.offset - reported >= REPORT_EVERY {
            reported = lines.offset;
            if progress(lines.offset).is_break() {
                return Err(CheckError::Cancelled);
            }
        }
        lines.next()?;
        let at_end = lines.at_end()?;
        let is_event = lines.line.starts_with(b"{\"lo");
        if lines.line.starts_with(b"{\"events\":") || (at_end && !is_event) {
            return end(lines, &state);
        }
        match state.event(&lines.line, &mut line) {
            Ok(read) if lines.ended && !at_end => state.accept(read),
            Ok(read) => {
                state.accept(read);
                let end = lines.line.len();
                let reason = if lines.ended {
                    "the file ends here, and its last line is missing"
                } else {
                    "the file ends within a line"
                };
                return Err(lines.wrong(end..end + 1, "line", reason).into());
            }
            Err(suspect) => return Err(lines.blame(&state, &suspect)?.into()),
        }
        lines.take();
    }
}

/// A first line that is not right, with the byte that makes it so where one alone can.
fn first_line_wrong<R: BufRead>(lines: &mut Lines<R>, wrong: &scan::Wrong) -> Result<Broken, CheckError> {
    if !lines.ended {
        return Ok(lines.wrong(wrong.at..wrong.at + 1, wrong.field, &wrong.reason));
    }
    let mut copy = lines.line.clone();
    let range = if wrong.field == "blake3" { 0..copy.len() } else { 0..(wrong.at + 64).min(copy.len()) };
    let sound: &mut blame::Sound<'_> = &mut |line| scan::manifest(line).is_ok();
    if let Some(Mended { at, .. }) = blame::search(&mut copy, range, None, sound) {
        return Ok(lines.wrong(at..at + 1, "line", &wrong.reason));
    }
    if let Some(at) = lines.joined_with_next(sound)? {
        return Ok(lines.wrong(at..at + 1, "line", "a line ends where it should go on"));
    }
    Ok(lines.wrong(wrong.at..wrong.at + 1, wrong.field, &wrong.reason))
}

/// The names of the logs follow from who writes them.
fn check_logs<R: BufRead>(lines: &Lines<R>, manifest: &Manifest) -> Result<(), CheckError> {
    for log in &manifest.logs {
        if log_id(&log.device, &log.epoch, &log.project, log.lane) != log.log {
            let name = hex::encode(log.log);
            let at = memchr::memmem::find(&lines.line, name.as_bytes()).unwrap_or_default();
            let reason = "the log's name does not follow from its device, epoch, project and lane";
            return Err(lines.wrong(at..at + 32, "logs", reason).into());
        }
    }
    Ok(())
}

fn end<R: BufRead>(mut lines: Lines<R>, state: &State) -> Result<Checked, CheckError> {
    let mut expected = Vec::new();
    let heads: Vec<Head> = state.heads.iter().copied().flatten().collect();
    line::end(state.events, state.redacted, &heads, lines.before.finalize().as_bytes(), &mut expected);
    if let Some(at) = first_difference(&lines.line, &expected) {
        let field = end_field(&expected, at);
        return Err(lines.wrong(at..at + 1, field, "it does not say what the lines before it add up to").into());
    }
    if !lines.ended {
        let end = lines.line.len();
        return Err(lines.wrong(end..end + 1, "line", "the last line's end is missing").into());
    }
    lines.take();
    if !lines.at_end()? {
        return Err(lines.wrong(0..1, "line", "there is something after the last line").into());
    }
    let manifest = &state.manifest;
    Ok(Checked {
        journal: manifest.journal.to_string(),
        written_at: crate::time::rfc3339(manifest.written_ms),
        by: manifest.by.clone(),
        signer: hex::encode(manifest.signer),
        filter: manifest.filter.clone(),
        events: state.events,
        redacted: state.redacted,
        signatures: state.signatures,
        heads: heads.iter().map(|head| (hex::encode(head.log), head.seq, hex::encode(head.hash))).collect(),
        gaps: state.gaps,
        first_gaps: state.first_gaps.clone(),
        bytes: lines.offset,
        sha256: hex::encode(lines.sha256.finalize()),
        blake3: lines.before.finalize().to_hex().to_string(),
    })
}

fn end_field(expected: &[u8], at: usize) -> &'static str {
    let before = &expected[..at.min(expected.len())];
    let names: [(&str, &'static str); 3] =
        [("\"blake3\":", "blake3"), ("\"heads\":", "heads"), ("\"redacted\":", "redacted")];
    names
        .into_iter()
        .find(|(text, _)| memchr::memmem::find(before, text.as_bytes()).is_some())
        .map_or("events", |(_, name)| name)
}

/// Lines of a file with their places; the hashes of everything that was taken.
struct Lines<R> {
    reader: R,
    /// The line without its end.
    line: Vec<u8>,
    /// Whether its end was there.
    ended: bool,
    /// Where it begins.
    offset: u64,
    number: u64,
    before: blake3::Hasher,
    sha256: Sha256,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Lines<R> {
        Lines {
            reader,
            line: Vec::new(),
            ended: false,
            offset: 0,
            number: 1,
            before: blake3::Hasher::new(),
            sha256: Sha256::new(),
        }
    }

    /// Reads the next line.
    fn next(&mut self) -> Result<(), CheckError> {
        self.line.clear();
        let limit = MAX_LINE as u64 + 1;
        (&mut self.reader).take(limit).read_until(b'\n', &mut self.line)?;
        self.ended = self.line.last() == Some(&b'\n');
        if self.ended {
            self.line.pop();
        } else if self.line.len() > MAX_LINE {
            self.line.truncate(64);
            if self.number == 1 && !self.line.starts_with(b"{\"") {
                return Err(CheckError::NotAnExport);
            }
            return Err(self.wrong(0..1, "line", &format!("the line is longer than {MAX_LINE} bytes")).into());
        }
        Ok(())
    }

    /// Whether nothing comes after the line.
    fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.reader.fill_buf()?.is_empty())
    }

    /// The line is right: on to the next.
    fn take(&mut self) {
        for part in [self.line.as_slice(), b"\n"] {
            self.before.update(part);
            self.sha256.update(part);
        }
        self.offset += self.line.len() as u64 + 1;
        self.number += 1;
        self.line.clear();
    }

    fn wrong(&self, range: Range<usize>, field: &'static str, reason: &str) -> Broken {
        Broken {
            place: Place {
                offset: self.offset + range.start as u64,
                length: range.len() as u64,
                line: self.number,
                field,
                event: event_of(&self.line),
            },
            reason: reason.to_owned(),
        }
    }

    /// Finds the byte of a wrong line that, alone, makes it wrong; else says what is known.
    fn blame(&mut self, state: &State, suspect: &Suspect) -> Result<Broken, CheckError> {
        if !self.ended {
            let reason = format!("{}, and the file ends within this line", suspect.reason);
            return Ok(self.wrong(suspect.range.clone(), suspect.field, &reason));
        }
        let mut line = EventLine::default();
        let mut copy = self.line.clone();
        let sound: &mut blame::Sound<'_> = &mut |bytes| state.event(bytes, &mut line).is_ok();
        if let Some(Mended { at, byte }) = suspect.find(&mut copy, sound) {
            copy[at] = byte;
            // The mended line knows its fields.
            let field = if byte != b'\n' && sound(&copy) { line.field_at(at) } else { "line" };
            return Ok(self.wrong(at..at + 1, field, &suspect.reason));
        }
        if let Some(at) = self.joined_with_next(sound)? {
            return Ok(self.wrong(at..at + 1, "line", "a line ends where it should go on"));
        }
        Ok(self.wrong(suspect.range.clone(), suspect.field, &suspect.reason))
    }

    /// Where the end of this line is no end but a byte that was changed into one: its place in the line.
    fn joined_with_next(&mut self, sound: &mut blame::Sound<'_>) -> Result<Option<usize>, CheckError> {
        let first = self.line.clone();
        if !self.ended || self.at_end()? {
            return Ok(None);
        }
        let mut rest = Vec::new();
        (&mut self.reader).take(MAX_LINE as u64).read_until(b'\n', &mut rest)?;
        if rest.last() == Some(&b'\n') {
            rest.pop();
        }
        let mut joined = first.clone();
        joined.push(b'\n');
        joined.extend_from_slice(&rest);
        let at = first.len();
        Ok(blame::search(&mut joined, at..at + 1, None, sound).map(|mended| mended.at))
    }
}

/// Which event a line is about, as far as it says so.
fn event_of(line: &[u8]) -> Option<(String, u64, String)> {
    let text = std::str::from_utf8(&line[..line.len().min(128)])
        .or_else(|e| std::str::from_utf8(&line[..e.valid_up_to()]))
        .ok()?;
    let (log, rest) = text.strip_prefix(r#"{"log":""#)?.split_once(r#"","seq":"#)?;
    let (seq, rest) = rest.split_once(r#","id":""#)?;
    let id = rest.get(..26)?;
    Some((log.to_owned(), seq.parse().ok()?, id.to_owned()))
}
