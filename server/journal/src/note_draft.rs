//! Notes that are being written, saved as they are typed: outside the chains, in the same encrypted file, bounded.
//! They survive the end of the process that saved them; whoever saves the note ends its draft in the same transaction.

use crate::error::JournalError;
use crate::journal::Journal;
use crate::note::MAX_NOTE;
use crate::process::{Process, me};
use crate::time::{now_ms, rfc3339};
use crate::tx::Tx;
use contract::{NoteAnchor, ReviewDraft};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicI64, Ordering};
use ulid::Ulid;

/// Drafts of one workspace that are kept at a time.
pub const MAX_NOTE_DRAFTS: usize = 200;
/// Milliseconds after which a draft that nobody is at makes room for a new one.
const OLD_MS: i64 = 30 * 24 * 3_600_000;
/// Milliseconds for which it is remembered that a draft has ended.
const ENDED_MS: i64 = 24 * 3_600_000;

/// What a draft is to become.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftAbout {
    /// The note that it changes; `None`: it becomes a new one.
    pub note: Option<Ulid>,
    /// The operations that the change replaces.
    pub pred: Vec<String>,
    /// Whether a new note is to be shared.
    pub shared: bool,
    /// Where a new note is to be put.
    pub anchor: NoteAnchor,
    /// What it is to become where it is a comment of a review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewDraft>,
}

/// A draft as it was saved last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDraft {
    /// What it is; given by whoever began it.
    pub id: Ulid,
    /// What was typed so far.
    pub body: String,
    /// What it is to become.
    pub about: DraftAbout,
    /// RFC 3339: when it was saved last.
    pub changed: String,
    /// Whether the process that saved it last may still be there.
    pub open: bool,
    /// Whether that process is this one.
    pub ours: bool,
}

/// The note that a draft became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Became {
    /// The note.
    pub note: Ulid,
    /// The event that wrote the draft's text into it.
    pub event: Ulid,
}

/// What is left of a draft that has ended.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Ended {
    became: Option<Became>,
}

/// What came of saving a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftSaved {
    /// It is kept.
    Kept,
    /// Something later was kept already.
    Late,
    /// The draft has ended: it is a note now, or was thrown away. Nothing is kept.
    Ended,
}

/// A place in the order of what was typed: taken when the keystroke is heard of, before any thread is changed.
pub fn draft_turn() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    // Begins with the clock, so that another process's later save counts as later.
    let now = now_ms().saturating_mul(1000);
    LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now.max(last + 1)))
        .map_or(now, |last| now.max(last + 1))
}

impl Journal {
    /// Saves what was typed, and waits until another process would see it; a crash of this one loses nothing of it.
    pub fn note_draft_save(
        &self,
        workspace: Ulid,
        id: Ulid,
        body: String,
        about: &DraftAbout,
        turn: i64,
    ) -> Result<DraftSaved, JournalError> {
        if body.len() > MAX_NOTE {
            return Err(JournalError::TooLarge { kind: "note".to_owned(), bytes: body.len(), limit: MAX_NOTE });
        }
        let about = serde_json::to_string(about).map_err(|e| JournalError::InvalidDraft { detail: e.to_string() })?;
        self.write(false, move |tx| {
            let save = || save(tx.connection, workspace, id, &body, &about, turn);
            match save().map_err(|e| tx.error(&e))? {
                Some(saved) => Ok(saved),
                None => Err(JournalError::TooManyDrafts { limit: MAX_NOTE_DRAFTS }),
            }
        })
    }

    /// The drafts of a workspace, those that were saved last first.
    pub fn note_drafts(&self, workspace: Ulid) -> Result<Vec<KeptDraft>, JournalError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT id, body, about, changed_ms, pid, started, boot, space FROM note_draft
                 WHERE workspace = ?1 AND ended = 0 ORDER BY changed_ms DESC, id DESC",
            )?;
            let rows = select.query_map([workspace.to_bytes()], kept)?;
            rows.collect()
        })
    }

    /// Throws a draft away.
    pub fn note_draft_end(&self, id: Ulid) -> Result<(), JournalError> {
        self.write(false, move |tx| tx.note_draft_end(id, None))
    }
}

impl Tx<'_> {
    /// Ends a draft: it was saved as the note that it `became`, or thrown away. One that is not there is nothing to do for.
    pub fn note_draft_end(&mut self, id: Ulid, became: Option<Became>) -> Result<(), JournalError> {
        let left = serde_json::to_string(&Ended { became });
        let left = left.map_err(|e| JournalError::InvalidDraft { detail: e.to_string() })?;
        let end = || {
            let now = now_ms();
            self.connection
                .prepare_cached("DELETE FROM note_draft WHERE ended = 1 AND changed_ms < ?1")?
                .execute([now - ENDED_MS])?;
            // The text goes; what is left says only that there was one.
            self.connection
                .prepare_cached(
                    "INSERT INTO note_draft (id, workspace, body, about, turn, ended, changed_ms, pid, started, boot, space)
                     VALUES (?1, zeroblob(16), '', ?3, 0, 1, ?2, 0, 0, '', '')
                     ON CONFLICT (id) DO UPDATE SET body = '', about = ?3, ended = 1, changed_ms = ?2",
                )?
                .execute(params![id.to_bytes(), now, left])
                .map(drop)
        };
        end().map_err(|e| self.error(&e))
    }

    /// The note that a draft became, which is known for a day; `None`: it became none, or is not known.
    pub fn note_draft_became(&mut self, id: Ulid) -> Result<Option<Became>, JournalError> {
        became(self.connection, id).map_err(|e| self.error(&e))
    }
}

fn became(connection: &Connection, id: Ulid) -> rusqlite::Result<Option<Became>> {
    let mut select = connection.prepare_cached("SELECT about FROM note_draft WHERE id = ?1 AND ended = 1")?;
    let left: Option<String> = select.query_row([id.to_bytes()], |row| row.get(0)).optional()?;
    Ok(left.and_then(|left| serde_json::from_str::<Ended>(&left).ok()?.became))
}

/// `None`: there is no room for one more.
fn save(
    connection: &Connection,
    workspace: Ulid,
    id: Ulid,
    body: &str,
    about: &str,
    turn: i64,
) -> rusqlite::Result<Option<DraftSaved>> {
    let (me, now) = (me(), now_ms());
    let changed = connection
        .prepare_cached(
            "UPDATE note_draft SET workspace = ?2, body = ?3, about = ?4, turn = ?5, changed_ms = ?6, pid = ?7, started = ?8,
                    boot = ?9, space = ?10
             WHERE id = ?1 AND ended = 0 AND turn < ?5",
        )?
        .execute(values(id, workspace, body, about, turn, now, me))?;
    if changed > 0 {
        return Ok(Some(DraftSaved::Kept));
    }
    let mut known = connection.prepare_cached("SELECT ended FROM note_draft WHERE id = ?1")?;
    if let Some(ended) = known.query_row([id.to_bytes()], |row| row.get(0)).optional()? {
        return Ok(Some(if ended { DraftSaved::Ended } else { DraftSaved::Late }));
    }
    if !make_room(connection, workspace, now)? {
        return Ok(None);
    }
    connection
        .prepare_cached(
            "INSERT INTO note_draft (id, workspace, body, about, turn, ended, changed_ms, pid, started, boot, space)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(values(id, workspace, body, about, turn, now, me))?;
    Ok(Some(DraftSaved::Kept))
}

type Values<'v> = ([u8; 16], [u8; 16], &'v str, &'v str, i64, i64, u32, i64, &'v str, &'v str);

fn values<'v>(
    id: Ulid,
    workspace: Ulid,
    body: &'v str,
    about: &'v str,
    turn: i64,
    now: i64,
    me: &'v Process,
) -> Values<'v> {
    (id.to_bytes(), workspace.to_bytes(), body, about, turn, now, me.pid, me.started.cast_signed(), &me.boot, &me.space)
}

/// Room for one more; what was left lying for a month makes way.
fn make_room(connection: &Connection, workspace: Ulid, now: i64) -> rusqlite::Result<bool> {
    let count = "SELECT count(*) FROM note_draft WHERE workspace = ?1 AND ended = 0";
    let there: i64 = connection.prepare_cached(count)?.query_row([workspace.to_bytes()], |row| row.get(0))?;
    if (there.unsigned_abs() as usize) < MAX_NOTE_DRAFTS {
        return Ok(true);
    }
    let gone = connection.execute(
        "DELETE FROM note_draft WHERE id = (
             SELECT id FROM note_draft WHERE workspace = ?1 AND ended = 0 AND changed_ms < ?2 ORDER BY changed_ms LIMIT 1)",
        params![workspace.to_bytes(), now - OLD_MS],
    )?;
    Ok(gone > 0)
}

fn kept(row: &Row<'_>) -> rusqlite::Result<KeptDraft> {
    let process = Process {
        pid: row.get(4)?,
        started: row.get::<_, i64>(5)?.cast_unsigned(),
        boot: row.get(6)?,
        space: row.get(7)?,
    };
    let about: String = row.get(2)?;
    Ok(KeptDraft {
        id: Ulid::from_bytes(row.get(0)?),
        body: row.get(1)?,
        // What a later version wrote in another way is a draft all the same: its text is what counts.
        about: serde_json::from_str(&about).unwrap_or_default(),
        changed: rfc3339(row.get(3)?),
        open: !process.is_gone(),
        ours: process == *me(),
    })
}
