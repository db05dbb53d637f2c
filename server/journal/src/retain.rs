//! Retention: the contents of old events are deleted here by rule, and what was deleted is said in an event.
//! It deletes payloads and what followed from them, never an event, and nothing that a person means and has not taken back.
//!
//! A rule is of this machine: colleagues keep what they have. What goes is found in short reads, said in one durable event
//! before anything is deleted, and then deleted in short transactions. Killed in between, the next pass finds the rest.

use crate::chain::lane_of;
use crate::draft::{Draft, holdover};
use crate::error::JournalError;
use crate::header::Header;
use crate::journal::Journal;
use crate::note::Notes;
use crate::read::Filter;
use crate::redact::{RETAINED, is_kept};
use crate::retained::{self, Run};
use crate::time::{now_ms, rfc3339};
use crate::tx::Tx;
use contract::Lane;
use rusqlite::Connection;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use ulid::Ulid;

/// Events that one read looks at.
const AT_A_TIME: i64 = 2_000;
/// Events whose payload one pass deletes at most; the next goes on.
const MOST: usize = 200_000;
/// Time that one transaction deletes for, so that other writers do not wait long.
const TOGETHER: Duration = Duration::from_millis(4);
/// A clock that is further ahead of the last pass than this is not believed until it has stood for [`STANDS`].
const JUMP: i64 = 35 * DAY;
/// See [`JUMP`].
const STANDS: i64 = DAY;
const DAY: i64 = 24 * 3_600_000;

/// How long contents are kept, in milliseconds; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// On the lane of observations.
    pub observations: Option<i64>,
    /// On the lane that never leaves this machine.
    pub local: Option<i64>,
    /// Of notes that were removed, on either lane, from their last change on.
    pub notes: Option<i64>,
}

impl Rules {
    fn says_nothing(&self) -> bool {
        *self == Rules::default()
    }
}

/// Which rules hold for which events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    /// For events of no workspace that has rules of its own.
    pub rest: Rules,
    /// For events of these workspaces, and of the projects that they are copies of.
    pub workspaces: BTreeMap<Ulid, Rules>,
}

/// A run of events of one log whose contents go, or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// The lane.
    pub lane: Lane,
    /// Hex of the log's id.
    pub log: String,
    /// The workspace that the events are of, where this journal knows it.
    pub workspace: Option<Ulid>,
    /// Place of the first.
    pub first: u64,
    /// Place of the last. Those in between that are kept are not counted.
    pub last: u64,
    /// How many of them.
    pub payloads: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// RFC 3339: written before this, by their writers' clocks.
    pub before: String,
}

/// What a pass found, or did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retained {
    /// The event that says so; `None` where nothing was deleted.
    pub event: Option<Ulid>,
    /// By log and workspace.
    pub runs: Vec<Outdated>,
    /// Whether there is more than one pass deletes.
    pub more: bool,
    /// Whether it was stopped while it looked: then nothing was deleted.
    pub stopped: bool,
}

impl Retained {
    /// Payloads in all runs.
    #[must_use]
    pub fn payloads(&self) -> u64 {
        self.runs.iter().map(|run| run.payloads).sum()
    }
}

/// What is to go.
#[derive(Default)]
struct Plan {
    runs: BTreeMap<(i64, [u8; 16]), Run>,
    places: Vec<i64>,
    more: bool,
    stopped: bool,
}

/// One event that still has its payload.
struct Candidate {
    pos: i64,
    log: i64,
    id: [u8; 16],
    lane: Lane,
    project: [u8; 16],
    seq: i64,
    kind: String,
    wall_ms: i64,
    workspace: Option<[u8; 16]>,
    entity: Ulid,
    intent: bool,
    bytes: i64,
}

impl Journal {
    /// The workspaces that this journal knows, with their roots.
    pub fn workspaces(&self) -> Result<Vec<(Ulid, std::path::PathBuf)>, JournalError> {
        self.read(|connection| {
            connection
                .prepare("SELECT id, root FROM workspace ORDER BY id")?
                .query_map([], |row| {
                    let root = crate::workspace::path_of(row.get(1)?);
                    Ok((Ulid::from_bytes(row.get(0)?), root))
                })?
                .collect()
        })
    }

    /// What would go by these rules at `now_ms`, milliseconds since 1970. Reads in short transactions; `progress` is told places done and all of them, and may
    /// stop it by breaking.
    pub fn outdated(
        &self,
        retention: &Retention,
        now_ms: i64,
        progress: impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Retained, JournalError> {
        Ok(self.plan(retention, now_ms, progress)?.told(None))
    }

    /// Deletes what the rules say is to go, and says so in an event first. [`Journal::erase`] then cleans the files. Whoever stops
    /// it while it looks has nothing deleted.
    pub fn retain(
        &self,
        retention: &Retention,
        now_ms: i64,
        progress: impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Retained, JournalError> {
        let plan = self.plan(retention, now_ms, progress)?;
        if plan.places.is_empty() || plan.stopped {
            return Ok(Retained { stopped: plan.stopped, ..Retained::default() });
        }
        let (told, runs) = (plan.told(None), plan.runs);
        let event = self.write_if(true, false, {
            let told = told.clone();
            move |tx| tx.tell_of(&told, &runs)
        })?;
        let mut places = plan.places;
        while !places.is_empty() {
            places = self.write_if(false, false, move |tx| tx.delete_some(places))?;
        }
        self.write_if(true, false, |tx| retained::forget_remembered(tx.connection).map_err(|e| tx.error(&e)))?;
        Ok(Retained { event: Some(event), ..told })
    }

    /// Whether this machine's clock may be believed when it says how old something is. One that jumped far ahead since the
    /// last time that this was asked, or was never asked, is believed once it has stood for a day: a wrong date must not delete
    /// a record.
    pub fn clock_stands(&self, now: i64) -> Result<bool, JournalError> {
        self.write_if(false, false, move |tx| {
            retained::clock_stands(tx.connection, now, JUMP, STANDS).map_err(|e| tx.error(&e))
        })
    }

    fn plan(
        &self,
        retention: &Retention,
        now: i64,
        mut progress: impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Plan, JournalError> {
        let mut plan = Plan::default();
        if retention.rest.says_nothing() && retention.workspaces.values().all(Rules::says_nothing) {
            return Ok(plan);
        }
        let (known, projects) = self.read(retained::scopes)?;
        let unfinished = self.read(retained::unfinished_jobs)?;
        let head = self.head()?;
        let (mut after, mut notes) = (0, BTreeMap::new());
        loop {
            let some = self.read(|connection| candidates(connection, after))?;
            let Some(last) = some.last() else { break };
            after = last.pos;
            for one in some {
                let scope =
                    one.workspace.filter(|id| known.contains(id)).or_else(|| projects.get(&one.project).copied());
                let rules =
                    scope.and_then(|id| retention.workspaces.get(&Ulid::from_bytes(id))).unwrap_or(&retention.rest);
                if one.kind.starts_with(crate::note::NOTE_KINDS) {
                    let cutoff = rules.notes.map(|keep| now.saturating_sub(keep));
                    if let Some(cutoff) = cutoff.filter(|cutoff| one.wall_ms < *cutoff) {
                        let note = notes.entry((one.entity, one.project)).or_insert_with(|| (cutoff, Vec::new()));
                        note.1.push(one);
                    }
                    continue;
                }
                let keep = match one.lane {
                    Lane::Observations => rules.observations,
                    Lane::Local => rules.local,
                    Lane::Ctl | Lane::Review | Lane::Notes | Lane::Other => None,
                };
                let Some(cutoff) = keep.map(|keep| now.saturating_sub(keep)) else { continue };
                // What somebody means stays, and so does all of what is still to be done.
                if one.wall_ms < cutoff && !one.intent && !is_kept(&one.kind) && !unfinished.contains(&one.entity) {
                    plan.take(&one, &known, cutoff);
                }
            }
            if plan.places.len() >= MOST {
                plan.more = true;
                break;
            }
            if progress(after.unsigned_abs(), head).is_break() {
                plan.stopped = true;
                return Ok(plan);
            }
        }
        for ((note, project), (cutoff, events)) in notes {
            if plan.places.len() >= MOST {
                plan.more = true;
                break;
            }
            if self.is_long_removed(note, project, cutoff)? {
                // What says that it is removed stays, or it would stand again.
                let texts = events.iter().filter(|one| one.kind != "note.retract");
                texts.for_each(|one| plan.take(one, &known, cutoff));
            }
        }
        Ok(plan)
    }

    /// Whether every version of a note says that it is removed, and nothing about it is newer: by all that is here, and by what
    /// counts in the project of its texts and on this device alone. What another project says of it removes nothing.
    fn is_long_removed(&self, note: Ulid, project: [u8; 16], cutoff: i64) -> Result<bool, JournalError> {
        let logs: BTreeSet<String> = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT log.id FROM log JOIN device ON device.n = log.device
                     WHERE log.project = ?1 OR device.secret IS NOT NULL",
                )?
                .query_map([project], |row| row.get::<_, [u8; 16]>(0).map(hex::encode))?
                .collect()
        })?;
        let (mut all, mut of_project) = (Notes::default(), Notes::default());
        for entry in self.entries(&Filter { entity: Some(note), ..Filter::default() })? {
            all.apply(&entry);
            if logs.contains(&entry.log) {
                of_project.apply(&entry);
            }
        }
        let newer = Filter { entity: Some(note), since_ms: Some(cutoff), limit: Some(1), ..Filter::default() };
        let is_removed = |notes: Notes| notes.record(note).is_some_and(|record| record.is_removed());
        Ok(is_removed(all) && is_removed(of_project) && self.entries(&newer)?.is_empty())
    }
}

/// The next events that have a payload.
fn candidates(connection: &Connection, after: i64) -> rusqlite::Result<Vec<Candidate>> {
    connection
        .prepare_cached(
            "SELECT payload.pos, event.log, log.id, log.lane, log.project, event.seq, event.kind, event.wall_ms, event.workspace,
                    event.entity, event.header, length(payload.bytes)
             FROM payload JOIN event ON event.pos = payload.pos JOIN log ON log.n = event.log
             WHERE payload.pos > ?1 ORDER BY payload.pos LIMIT ?2",
        )?
        .query_map((after, AT_A_TIME), |row| {
            // One whose header cannot be read is nobody's to judge.
            let intent = Header::decode(row.get_ref(10)?.as_blob()?).map_or(true, |header| header.is_intent());
            Ok(Candidate {
                pos: row.get(0)?,
                log: row.get(1)?,
                id: row.get(2)?,
                lane: lane_of(row.get(3)?),
                project: row.get(4)?,
                seq: row.get(5)?,
                kind: row.get(6)?,
                wall_ms: row.get(7)?,
                workspace: row.get(8)?,
                entity: Ulid::from_bytes(row.get(9)?),
                intent,
                bytes: row.get(11)?,
            })
        })?
        .collect()
}

impl Plan {
    fn take(&mut self, one: &Candidate, known: &BTreeSet<[u8; 16]>, cutoff: i64) {
        let scope = retained::scope(one.workspace, known);
        let run = self.runs.entry((one.log, scope)).or_insert_with(|| Run {
            id: one.id,
            lane: one.lane,
            first: one.seq,
            last: one.seq,
            before_ms: cutoff,
            payloads: 0,
            bytes: 0,
        });
        (run.first, run.last) = (run.first.min(one.seq), run.last.max(one.seq));
        run.before_ms = run.before_ms.max(cutoff);
        run.payloads += 1;
        run.bytes += one.bytes.unsigned_abs();
        self.places.push(one.pos);
    }

    fn told(&self, event: Option<Ulid>) -> Retained {
        let run = |((_, scope), run): (&(i64, [u8; 16]), &Run)| Outdated {
            lane: run.lane,
            log: hex::encode(run.id),
            workspace: (*scope != [0; 16]).then(|| Ulid::from_bytes(*scope)),
            first: run.first.unsigned_abs(),
            last: run.last.unsigned_abs(),
            payloads: run.payloads,
            bytes: run.bytes,
            before: rfc3339(run.before_ms),
        };
        Retained { event, runs: self.runs.iter().map(run).collect(), more: self.more, stopped: self.stopped }
    }
}

impl Tx<'_> {
    /// Says what is to be deleted, in an event and in the table that a verification asks.
    fn tell_of(&mut self, told: &Retained, runs: &BTreeMap<(i64, [u8; 16]), Run>) -> Result<Ulid, JournalError> {
        let ranges: Vec<_> = told
            .runs
            .iter()
            .map(|run| {
                json!({
                    "log": run.log, "lane": run.lane, "workspace": run.workspace.map(|id| id.to_string()),
                    "first": run.first, "last": run.last, "payloads": run.payloads, "bytes": run.bytes, "before": run.before,
                })
            })
            .collect();
        let by = self.append(&Draft {
            intent: true,
            actor: holdover(),
            ..Draft::observation(RETAINED, json!({"payloads": told.payloads(), "ranges": ranges}))
        })?;
        for ((log, scope), run) in runs {
            retained::note(self.connection, *log, scope, run, by, now_ms()).map_err(|e| self.error(&e))?;
        }
        Ok(by)
    }

    /// Deletes the payloads at some of these places, from the last on; answers with those that are left.
    fn delete_some(&mut self, mut places: Vec<i64>) -> Result<Vec<i64>, JournalError> {
        let began = Instant::now();
        while let Some(pos) = places.pop() {
            retained::delete(self.connection, pos).map_err(|e| self.error(&e))?;
            if began.elapsed() > TOGETHER {
                break;
            }
        }
        Ok(places)
    }
}
