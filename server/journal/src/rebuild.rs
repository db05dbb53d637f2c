//! The tables of jobs made anew from the events: what was meant and is not finished is queued again, and attempts start anew.
//! It reads events and changes none of them.

use crate::draft::{Draft, holdover};
use crate::error::JournalError;
use crate::header::Header;
use crate::job::word;
use crate::journal::Journal;
use crate::tx::Tx;
use contract::{JobKind, JobState, Lane};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use ulid::Ulid;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rebuilt {
    /// Jobs that are queued again.
    pub queued: u64,
    /// Jobs that the events say are finished: they are in the record and in no table.
    pub finished: u64,
    /// Jobs whose first event does not say what was meant: its payload was redacted, or is of a later form.
    pub unreadable: u64,
}

/// What the first event of a job says.
#[derive(Deserialize)]
struct Meant {
    kind: JobKind,
    title: String,
    #[serde(default)]
    steps: Vec<String>,
}

/// A job as its events tell it.
#[derive(Default)]
struct Told {
    meant: Option<(Meant, Option<Ulid>)>,
    finished: bool,
}

impl Journal {
    /// Drops what the tables say of jobs, and queues what was meant and is not finished, all in one transaction. For a journal
    /// whose tables are wrong: a job that some process carries out meanwhile is taken from it, and is begun anew.
    pub fn jobs_rebuild(&self) -> Result<Rebuilt, JournalError> {
        self.write(true, |tx| {
            let told = told(tx).map_err(|e| tx.error(&e))?;
            tx.connection.execute_batch("DELETE FROM job_step; DELETE FROM job;").map_err(|e| tx.error(&e))?;
            let mut rebuilt = Rebuilt::default();
            for (id, told) in told {
                match told.meant {
                    _ if told.finished => rebuilt.finished += 1,
                    Some((meant, workspace)) => {
                        tx.restore_job(id, meant.kind, &meant.title, workspace, &meant.steps)?;
                        rebuilt.queued += 1;
                    }
                    None => rebuilt.unreadable += 1,
                }
            }
            tx.append(&Draft {
                kind: "job.rebuilt".to_owned(),
                entity: None,
                workspace: None,
                lane: Lane::Local,
                actor: holdover(),
                payload: json!({"queued": rebuilt.queued, "finished": rebuilt.finished, "unreadable": rebuilt.unreadable}),
                intent: true,
            refs: Vec::new(),
            })?;
            Ok(rebuilt)
        })
    }
}

fn told(tx: &Tx<'_>) -> rusqlite::Result<BTreeMap<Ulid, Told>> {
    let last = [JobState::Done, JobState::Failed, JobState::Cancelled].map(|state| format!("job.{}", word(state)));
    let mut told: BTreeMap<Ulid, Told> = BTreeMap::new();
    let mut statement = tx.connection.prepare(
        "SELECT event.kind, event.entity, event.workspace, event.header, payload.bytes
         FROM event LEFT JOIN payload ON payload.pos = event.pos
         WHERE event.kind >= 'job.' AND event.kind < 'job/' ORDER BY event.pos",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let kind = row.get_ref(0)?.as_str()?;
        if kind == "job.rebuilt" {
            continue;
        }
        let job = told.entry(Ulid::from_bytes(row.get(1)?)).or_default();
        // Of the events of a job only the first is meant by somebody; one that is queued again is told by Holdover.
        if kind == "job.queued" && Header::decode(row.get_ref(3)?.as_blob()?).is_ok_and(|header| header.is_intent()) {
            let meant = row.get_ref(4)?.as_blob_or_null()?.and_then(|bytes| serde_json::from_slice(bytes).ok());
            let workspace: Option<[u8; 16]> = row.get(2)?;
            job.meant = meant.map(|meant| (meant, workspace.map(Ulid::from_bytes)));
        }
        job.finished |= last.iter().any(|word| word == kind);
    }
    Ok(told)
}
