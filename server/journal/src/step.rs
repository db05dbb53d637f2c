//! The parts of a job: those that are done need not be done by the next attempt.
//! A mark says that a part was done once; whether what it brought is still there is for whoever carries the job out to look at.

use crate::draft::{Draft, holdover};
use crate::error::JournalError;
use crate::job::{cut, word};
use crate::journal::Journal;
use crate::lease::Lease;
use crate::time::now_ms;
use crate::tx::Tx;
use contract::{JobState, Lane};
use rusqlite::OptionalExtension;
use serde_json::json;
use ulid::Ulid;

/// Longest name of a step, in bytes; the rest is cut.
const MAX_NAME: usize = 512;

/// One part of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStep {
    /// Its name, as it was queued.
    pub name: String,
    /// Whether some attempt has done it.
    pub done: bool,
}

impl Journal {
    /// The parts of a job, in order.
    pub fn job_steps(&self, id: &str) -> Result<Vec<JobStep>, JournalError> {
        let Ok(ulid) = id.parse::<Ulid>() else { return Ok(Vec::new()) };
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT name, done_ms IS NOT NULL FROM job_step WHERE job = ?1 ORDER BY n")?;
            let step = |row: &rusqlite::Row<'_>| Ok(JobStep { name: row.get(0)?, done: row.get(1)? });
            statement.query_map([ulid.to_bytes()], step)?.collect()
        })
    }

    /// Notes that a part of a running job is done, and waits until that is flushed to the disk: what it brought is there before.
    /// Fenced: whoever lost the lease notes nothing.
    pub fn job_step_done(&self, lease: &Lease, id: &str, name: &str) -> Result<(), JournalError> {
        let (id, name) = (id.to_owned(), name.to_owned());
        self.with_lease(lease, move |tx| tx.job_step_done(&id, &name))
    }
}

impl Tx<'_> {
    /// Adds the parts that a job does not have yet, in this order; those that are done stay done.
    pub fn job_add_steps(&mut self, id: &str, names: &[String]) -> Result<(), JournalError> {
        self.add_steps(id.parse().map_err(|_| JournalError::NoSuchJob { id: id.to_owned() })?, names)
    }

    pub(crate) fn add_steps(&mut self, id: Ulid, names: &[String]) -> Result<(), JournalError> {
        for name in names {
            self.connection
                .execute(
                    "INSERT INTO job_step (job, n, name) SELECT ?1, (SELECT count(*) FROM job_step WHERE job = ?1), ?2
                     WHERE NOT EXISTS (SELECT 1 FROM job_step WHERE job = ?1 AND name = ?2)",
                    (id.to_bytes(), cut(name, MAX_NAME)),
                )
                .map_err(|e| self.error(&e))?;
        }
        Ok(())
    }

    /// See [`Journal::job_step_done`]. A part that was done before leaves no second event.
    pub fn job_step_done(&mut self, id: &str, name: &str) -> Result<(), JournalError> {
        let missing = || JournalError::NoSuchJob { id: id.to_owned() };
        let ulid: Ulid = id.parse().map_err(|_| missing())?;
        let name = cut(name, MAX_NAME);
        let (state, attempt, workspace): (String, u32, Option<[u8; 16]>) = self
            .connection
            .query_row("SELECT state, attempts, workspace FROM job WHERE id = ?1", [ulid.to_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()
            .map_err(|e| self.error(&e))?
            .ok_or_else(missing)?;
        if state != word(JobState::Running) {
            return Err(JournalError::NotRunning { id: id.to_owned(), step: name.to_owned(), state });
        }
        let changed = self
            .connection
            .execute(
                "UPDATE job_step SET done_ms = ?3 WHERE job = ?1 AND name = ?2 AND done_ms IS NULL",
                (ulid.to_bytes(), name, now_ms()),
            )
            .map_err(|e| self.error(&e))?;
        if changed > 0 {
            self.append(&Draft {
                kind: "job.step".to_owned(),
                entity: Some(ulid),
                workspace: workspace.map(Ulid::from_bytes),
                lane: Lane::Local,
                actor: holdover(),
                payload: json!({"step": name, "attempt": attempt}),
                intent: false,
                refs: Vec::new(),
            })?;
        }
        Ok(())
    }
}
