//! Jobs: things to do, with a state that moves only as the contract allows; every move leaves an event.
//! It stores where work stands and carries none of it out.

use crate::draft::{Draft, holdover};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::time::{now_ms, rfc3339};
use crate::tx::Tx;
use contract::{Actor, Job, JobKind, JobState, Lane};
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

impl Journal {
    /// Makes a job, queued, and waits until that is flushed to the disk: it is what somebody meant.
    pub fn job_begin(
        &self,
        kind: JobKind,
        title: &str,
        workspace: Option<Ulid>,
        actor: Actor,
    ) -> Result<Job, JournalError> {
        let title = cut(title, MAX_TITLE).to_owned();
        self.write(true, move |tx| tx.job_begin(kind, title, workspace, actor))
    }

    /// Moves a job, and waits until that is flushed to the disk.
    pub fn job_advance(&self, id: &str, step: Step) -> Result<Job, JournalError> {
        let id = id.to_owned();
        self.write(true, move |tx| tx.job_advance(&id, step))
    }

    /// Ends the jobs of this kind and workspace that are not finished, because whoever carried them out is gone. For the
    /// holder of the lease under which such jobs run, before it makes one. Answers with how many there were.
    pub fn jobs_abandon(&self, kind: JobKind, workspace: Ulid, why: &str) -> Result<usize, JournalError> {
        let open: Vec<Job> = self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM job WHERE kind = ?1 AND workspace = ?2 AND state IN (?3, ?4, ?5)");
            let states = [JobState::Queued, JobState::Running, JobState::Backoff].map(word);
            let mut statement = connection.prepare_cached(&sql)?;
            let [queued, running, backoff] = &states;
            let rows =
                statement.query_map((word(kind), workspace.to_bytes(), queued, running, backoff), JobRow::read)?;
            rows.map(|row| row.map(|row| row.job)).collect()
        })?;
        for job in &open {
            self.job_advance(&job.id, Step::because(JobState::Failed, why))?;
        }
        Ok(open.len())
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
    fn job_begin(
        &mut self,
        kind: JobKind,
        title: String,
        workspace: Option<Ulid>,
        actor: Actor,
    ) -> Result<Job, JournalError> {
        let id = Ulid::generate();
        let now = now_ms();
        self.connection
            .execute(
                "INSERT INTO job (id, kind, state, title, workspace, attempts, born_ms, changed_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?6)",
                (id.to_bytes(), word(kind), word(JobState::Queued), &title, workspace.map(|w| w.to_bytes()), now),
            )
            .map_err(|e| self.error(&e))?;
        self.append(&Draft {
            kind: "job.queued".to_owned(),
            entity: Some(id),
            workspace,
            lane: Lane::Local,
            actor,
            payload: json!({"kind": kind, "title": title}),
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
fn word<T: serde::Serialize>(value: T) -> String {
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

fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
