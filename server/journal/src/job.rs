//! Jobs: things to do, with a state that moves only as the contract allows; every move, attempt and error leaves an event.
//! It stores where work stands and carries none of it out. Steps are in `step.rs`, waiting times in `backoff.rs`, and making the
//! tables anew from the events in `rebuild.rs`.

use crate::backoff::Backoff;
use crate::draft::{Draft, holdover, new_id};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::lease::Lease;
use crate::read::Filter;
use crate::time::{now_ms, rfc3339};
use crate::tx::Tx;
use contract::{Actor, Job, JobKind, JobState, JournalEntry, Lane};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::json;
use ulid::Ulid;

/// Longest title and last error that are kept, in bytes; the rest is cut.
const MAX_TITLE: usize = 512;
const MAX_ERROR: usize = 16 * 1024;

/// One move of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where to.
    pub to: JobState,
    /// What went wrong, in plain words.
    pub error: Option<String>,
    /// When it will be tried next, in milliseconds since 1970; for [`JobState::Backoff`].
    pub next_attempt_ms: Option<i64>,
}

impl Step {
    /// A move without an error.
    pub fn to(to: JobState) -> Step {
        Step { to, error: None, next_attempt_ms: None }
    }

    /// A move because of an error.
    pub fn because(to: JobState, error: impl Into<String>) -> Step {
        Step { to, error: Some(error.into()), next_attempt_ms: None }
    }
}

/// A job that somebody means to have done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// What kind of work.
    pub kind: JobKind,
    /// What it is about, in a few words.
    pub title: String,
    /// The workspace it is for.
    pub workspace: Option<Ulid>,
    /// Who wants it.
    pub actor: Actor,
    /// Names of its parts, in order, where it has parts that need not be done twice. No two are the same.
    pub steps: Vec<String>,
}

impl Journal {
    /// Makes a job, queued, and waits until that is flushed to the disk: it is what somebody meant.
    pub fn job_queue(&self, new: NewJob) -> Result<Job, JournalError> {
        self.write(true, move |tx| tx.job_queue(new))
    }

    /// [`Journal::job_queue`] for a job of one part.
    pub fn job_begin(
        &self,
        kind: JobKind,
        title: &str,
        workspace: Option<Ulid>,
        actor: Actor,
    ) -> Result<Job, JournalError> {
        self.job_queue(NewJob { kind, title: title.to_owned(), workspace, actor, steps: Vec::new() })
    }

    /// Moves a job, and waits until that is flushed to the disk.
    pub fn job_advance(&self, id: &str, step: Step) -> Result<Job, JournalError> {
        let id = id.to_owned();
        self.write(true, move |tx| tx.job_advance(&id, step))
    }

    /// Moves a job in a transaction in which the lease under which it is carried out is still held: whoever lost the lease, because
    /// it was suspended for example, moves nothing any more.
    pub fn job_advance_under(&self, lease: &Lease, id: &str, step: Step) -> Result<Job, JournalError> {
        let id = id.to_owned();
        self.with_lease(lease, move |tx| tx.job_advance(&id, step))
    }

    /// After an attempt that failed for a reason that may pass: [`JobState::Backoff`] until a time that is drawn by `backoff`, or
    /// [`JobState::Failed`] when it was tried often enough. Fenced like [`Journal::job_advance_under`].
    pub fn job_retry_later(&self, lease: &Lease, id: &str, error: &str, backoff: Backoff) -> Result<Job, JournalError> {
        let (id, error) = (id.to_owned(), error.to_owned());
        self.with_lease(lease, move |tx| tx.job_retry_later(&id, &error, backoff))
    }

    /// The job of this kind and workspace that is to be carried on by the holder of the lease under which such jobs run: the
    /// newest that is not finished, queued by this. One that was running was somebody's who is gone, which `why` says; older ones
    /// are ended, as the newest stands for what is wanted now.
    pub fn job_take_over(
        &self,
        lease: &Lease,
        kind: JobKind,
        workspace: Ulid,
        why: &str,
    ) -> Result<Option<Job>, JournalError> {
        let why = why.to_owned();
        self.with_lease(lease, move |tx| {
            let open = tx.open_jobs(kind, workspace).map_err(|e| tx.error(&e))?;
            let mut newest = None;
            for (n, job) in open.iter().rev().enumerate() {
                let error = (job.state == JobState::Running).then(|| why.clone());
                let to = if n > 0 { JobState::Failed } else { JobState::Queued };
                let step = Step { to, error, next_attempt_ms: None };
                let moved = if job.state == to { job.clone() } else { tx.job_advance(&job.id, step)? };
                newest = newest.or(Some(moved));
            }
            Ok(newest)
        })
    }

    /// Jobs that wait for a time that has come, by `now_ms` in milliseconds since 1970; the one that waited longest first.
    pub fn jobs_due(&self, now_ms: i64) -> Result<Vec<Job>, JournalError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM job WHERE state = ?1 AND next_attempt_ms <= ?2 ORDER BY next_attempt_ms"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((word(JobState::Backoff), now_ms), JobRow::read)?;
            rows.map(|row| row.map(|row| row.job)).collect()
        })
    }

    /// The jobs of one workspace that are not finished, oldest first.
    pub fn jobs_of(&self, workspace: Ulid) -> Result<Vec<Job>, JournalError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM job WHERE workspace = ?1 AND state IN {OPEN} ORDER BY id");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([workspace.to_bytes()], JobRow::read)?;
            rows.map(|row| row.map(|row| row.job)).collect()
        })
    }

    /// Everything that the record says of one job, in order: who wanted it, every move, attempt, error and step. The kinds are
    /// `job.` and the state's name, and `job.step`; a payload holds `kind`, `title`, `from`, `attempt`, and where there is one
    /// `error`, `nextAttempt` (RFC 3339), `step`, `steps`.
    pub fn job_history(&self, id: &str) -> Result<Vec<JournalEntry>, JournalError> {
        let Ok(ulid) = id.parse::<Ulid>() else { return Ok(Vec::new()) };
        let places: Vec<i64> = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT pos FROM event WHERE entity = ?1 AND kind >= 'job.' AND kind < 'job/' ORDER BY pos",
            )?;
            statement.query_map([ulid.to_bytes()], |row| row.get(0))?.collect()
        })?;
        let mut history = Vec::with_capacity(places.len());
        for pos in places.into_iter().map(i64::unsigned_abs) {
            let one = Filter { after: Some(pos - 1), before: Some(pos + 1), ..Filter::default() };
            history.append(&mut self.entries(&one)?);
        }
        Ok(history)
    }

    /// One job.
    pub fn job(&self, id: &str) -> Result<Option<Job>, JournalError> {
        let Ok(ulid) = id.parse::<Ulid>() else { return Ok(None) };
        Ok(self.read(|connection| row_of(connection, ulid))?.map(|row| row.job))
    }

    /// Jobs, oldest first; without those that are finished if `unfinished`.
    pub fn jobs(&self, unfinished: bool) -> Result<Vec<Job>, JournalError> {
        let finished: Vec<String> =
            [JobState::Done, JobState::Failed, JobState::Cancelled].iter().map(|state| word(*state)).collect();
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM job WHERE NOT ?1 OR state NOT IN (?2, ?3, ?4) ORDER BY id");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((unfinished, &finished[0], &finished[1], &finished[2]), JobRow::read)?;
            rows.map(|row| row.map(|row| row.job)).collect()
        })
    }
}

impl Tx<'_> {
    /// Makes a job inside this transaction, which should be durable.
    pub fn job_queue(&mut self, new: NewJob) -> Result<Job, JournalError> {
        let NewJob { kind, title, workspace, actor, steps } = new;
        let title = cut(&title, MAX_TITLE).to_owned();
        let id = new_id();
        let mut payload = json!({"kind": kind, "title": title});
        if !steps.is_empty() {
            payload["steps"] = steps.clone().into();
        }
        self.restore_job(id, kind, &title, workspace, &steps)?;
        self.append(&Draft {
            kind: "job.queued".to_owned(),
            entity: Some(id),
            workspace,
            lane: Lane::Local,
            actor,
            payload,
            intent: true,
            refs: Vec::new(),
        })?;
        Ok(Job {
            id: id.to_string(),
            kind,
            state: JobState::Queued,
            title,
            attempts: 0,
            next_attempt: None,
            last_error: None,
        })
    }

    /// The rows of a job that is queued and was never tried.
    pub(crate) fn restore_job(
        &mut self,
        id: Ulid,
        kind: JobKind,
        title: &str,
        workspace: Option<Ulid>,
        steps: &[String],
    ) -> Result<(), JournalError> {
        self.connection
            .execute(
                "INSERT INTO job (id, kind, state, title, workspace, attempts, born_ms, changed_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?6)",
                (id.to_bytes(), word(kind), word(JobState::Queued), title, workspace.map(|w| w.to_bytes()), now_ms()),
            )
            .map_err(|e| self.error(&e))?;
        self.add_steps(id, steps)
    }

    /// See [`Journal::job_retry_later`].
    pub fn job_retry_later(&mut self, id: &str, error: &str, backoff: Backoff) -> Result<Job, JournalError> {
        let missing = || JournalError::NoSuchJob { id: id.to_owned() };
        let ulid: Ulid = id.parse().map_err(|_| missing())?;
        let (attempts, last): (u32, Option<i64>) = self
            .connection
            .query_row("SELECT attempts, delay_ms FROM job WHERE id = ?1", [ulid.to_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(|e| self.error(&e))?
            .ok_or_else(missing)?;
        if attempts >= backoff.attempts {
            return self.job_advance(id, Step::because(JobState::Failed, error));
        }
        let delay = backoff.delay_ms(last.map(i64::unsigned_abs), ulid, attempts).cast_signed();
        let (to, next) = (JobState::Backoff, now_ms() + delay);
        let job = self.job_advance(id, Step { next_attempt_ms: Some(next), ..Step::because(to, error) })?;
        self.connection
            .execute("UPDATE job SET delay_ms = ?2 WHERE id = ?1", (ulid.to_bytes(), delay))
            .map_err(|e| self.error(&e))?;
        Ok(job)
    }

    fn open_jobs(&self, kind: JobKind, workspace: Ulid) -> rusqlite::Result<Vec<Job>> {
        let sql =
            format!("SELECT {COLUMNS} FROM job WHERE kind = ?1 AND workspace = ?2 AND state IN {OPEN} ORDER BY id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map((word(kind), workspace.to_bytes()), JobRow::read)?;
        rows.map(|row| row.map(|row| row.job)).collect()
    }

    /// Moves a job inside this transaction. An attempt is counted when it begins to run.
    pub fn job_advance(&mut self, id: &str, step: Step) -> Result<Job, JournalError> {
        let missing = || JournalError::NoSuchJob { id: id.to_owned() };
        let ulid: Ulid = id.parse().map_err(|_| missing())?;
        let row = row_of(self.connection, ulid).map_err(|e| self.error(&e))?.ok_or_else(missing)?;
        let from = row.job.state;
        if !from.may_become(step.to) {
            return Err(JournalError::NotAllowed { id: id.to_owned(), from, to: step.to });
        }
        let error = step.error.map(|error| cut(&error, MAX_ERROR).to_owned());
        let job = Job {
            state: step.to,
            attempts: row.job.attempts.saturating_add(u32::from(step.to == JobState::Running)),
            next_attempt: step.next_attempt_ms.map(rfc3339),
            last_error: error.clone().or(row.job.last_error),
            ..row.job
        };
        self.connection
            .execute(
                "UPDATE job SET state = ?2, attempts = ?3, next_attempt_ms = ?4, last_error = ?5, changed_ms = ?6
                 WHERE id = ?1",
                (ulid.to_bytes(), word(job.state), job.attempts, step.next_attempt_ms, &job.last_error, now_ms()),
            )
            .map_err(|e| self.error(&e))?;
        let mut payload = json!({"kind": job.kind, "title": job.title, "from": from, "attempt": job.attempts});
        if let Some(error) = error {
            payload["error"] = error.into();
        }
        if let Some(next) = &job.next_attempt {
            payload["nextAttempt"] = next.as_str().into();
        }
        self.append(&Draft {
            kind: format!("job.{}", word(step.to)),
            entity: Some(ulid),
            workspace: row.workspace,
            lane: Lane::Local,
            actor: holdover(),
            payload,
            intent: false,
            refs: Vec::new(),
        })?;
        Ok(job)
    }
}

/// States that something follows; see [`JobState::is_final`].
pub(crate) const OPEN: &str = "('queued', 'running', 'backoff')";
const COLUMNS: &str = "id, kind, state, title, attempts, next_attempt_ms, last_error, workspace";

struct JobRow {
    job: Job,
    workspace: Option<Ulid>,
}

impl JobRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<JobRow> {
        Ok(JobRow {
            job: Job {
                id: Ulid::from_bytes(row.get(0)?).to_string(),
                kind: from_word(row, 1)?,
                state: from_word(row, 2)?,
                title: row.get(3)?,
                attempts: row.get(4)?,
                next_attempt: row.get::<_, Option<i64>>(5)?.map(rfc3339),
                last_error: row.get(6)?,
            },
            workspace: row.get::<_, Option<[u8; 16]>>(7)?.map(Ulid::from_bytes),
        })
    }
}

fn row_of(connection: &Connection, id: Ulid) -> rusqlite::Result<Option<JobRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE id = ?1"))?
        .query_row([id.to_bytes()], JobRow::read)
        .optional()
}

/// The word that stands for a unit variant in JSON, and so in the table.
pub(crate) fn word<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn from_word<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    serde_json::from_value(word.into())
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e)))
}

pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
