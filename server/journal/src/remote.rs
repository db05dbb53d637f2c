//! What is known of remotes: where they are, how much of each log they hold, and what of them could not be dealt with.
//! Notes of this machine, which never leave it; it reaches no remote, and believes of one only what it is told.

use crate::chain::{LogId, lane_number, lane_of};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::seal::Sealed;
use crate::store::NO_PROJECT;
use crate::time::now_ms;
use crate::view;
use contract::Lane;
use rusqlite::{Connection, OptionalExtension};

/// A remote that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRemote {
    /// Its row.
    pub n: i64,
    /// The project whose logs it carries.
    pub project: [u8; 16],
    /// What the user calls it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Its own id, as it lies on it.
    pub id: String,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
    /// The last attempt.
    pub tried_ms: Option<i64>,
    /// The last one that went to its end.
    pub done_ms: Option<i64>,
    /// Attempts since then.
    pub attempts: u32,
    /// Why the last one did not, as a word and in words.
    pub trouble: Option<(String, String)>,
}

/// What became of something on a remote, or of something that was to be put there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// It is in the journal, or kept apart there.
    Taken,
    /// It could not be taken in.
    Refused,
    /// It could not be put there.
    Unsent,
}

impl ItemState {
    fn word(self) -> &'static str {
        match self {
            ItemState::Taken => "taken",
            ItemState::Refused => "refused",
            ItemState::Unsent => "unsent",
        }
    }
}

/// One thing on a remote, by its name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteItem {
    /// The name.
    pub name: String,
    /// What became of it.
    pub state: ItemState,
    /// Why, as a word and in words.
    pub trouble: Option<(String, String)>,
    /// Its length when it was looked at.
    pub bytes: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// The last wait between two attempts, in milliseconds.
    pub wait_ms: Option<u64>,
    /// Not before then, in milliseconds since 1970.
    pub next_ms: Option<i64>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteEnd {
    /// It went to its end.
    Done,
    /// It did not: a word and words.
    Failed(String, String),
}

/// What is to be noted of a remote after an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteNote {
    /// What became of things, in place of what was noted of them.
    pub items: Vec<RemoteItem>,
    /// Names of which nothing is to be noted any more.
    pub forget: Vec<String>,
    /// How much of each log it holds, in place of all that was noted; `None`: as it was.
    pub held: Option<Vec<(LogId, u64)>>,
    /// How the attempt ended; `None`: it goes on.
    pub end: Option<RemoteEnd>,
}

/// A segment that a remote of a project is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Which.
    pub sealed: Sealed,
    /// Length of its bytes.
    pub bytes: u64,
    /// Sealed by this device.
    pub own: bool,
}

/// How far what this device wrote in one lane has come, for one remote. Numbers of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneStanding {
    /// The lane.
    pub lane: Lane,
    /// Written in all.
    pub written: u64,
    /// Of these, not known to be flushed to the disk.
    pub not_durable: u64,
    /// In no segment yet.
    pub not_sealed: u64,
    /// In a segment, and not on the remote.
    pub not_uploaded: u64,
    /// On the remote, and no other device has told that it has them.
    pub not_seen: u64,
    /// When the oldest was written that the remote lacks, in milliseconds since 1970.
    pub oldest_ms: Option<i64>,
}

/// Items that are kept for one remote, at most, of those that could not be dealt with: whoever can write there could fill the disk.
const MOST_ITEMS: i64 = 2_000;

impl Journal {
    /// The remotes of a project, or all, by name.
    pub fn remotes(&self, project: Option<[u8; 16]>) -> Result<Vec<KnownRemote>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT n, project, name, url, id, added_ms, tried_ms, done_ms, attempts, class, detail FROM remote
                     WHERE ?1 IS NULL OR project = ?1 ORDER BY name, n",
                )?
                .query_map([project], |row| {
                    let class: Option<String> = row.get(9)?;
                    let detail: Option<String> = row.get(10)?;
                    Ok(KnownRemote {
                        n: row.get(0)?,
                        project: row.get(1)?,
                        name: row.get(2)?,
                        url: row.get(3)?,
                        id: row.get(4)?,
                        added_ms: row.get(5)?,
                        tried_ms: row.get(6)?,
                        done_ms: row.get(7)?,
                        attempts: row.get(8)?,
                        trouble: class.zip(detail),
                    })
                })?
                .collect()
        })
    }

    /// Notes a remote; `false` where the project has one of that name.
    pub fn add_remote(&self, project: [u8; 16], name: &str, url: &str, id: &str) -> Result<bool, JournalError> {
        let (name, url, id) = (name.to_owned(), url.to_owned(), id.to_owned());
        self.write(true, move |tx| {
            tx.connection
                .execute(
                    "INSERT OR IGNORE INTO remote (project, name, url, id, added_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                    (project, name, url, id, now_ms()),
                )
                .map(|added| added == 1)
                .map_err(|e| tx.error(&e))
        })
    }

    /// Forgets a remote and everything that was noted of it. What lies on it stays; so does what came from it.
    pub fn remove_remote(&self, n: i64) -> Result<(), JournalError> {
        self.write(true, move |tx| {
            [
                "DELETE FROM remote_item WHERE remote = ?1",
                "DELETE FROM remote_log WHERE remote = ?1",
                "DELETE FROM remote WHERE n = ?1",
            ]
            .iter()
            .try_for_each(|sql| tx.connection.execute(sql, [n]).map(drop))
            .and_then(|()| crate::remote_kept::forget(tx.connection, n))
            .map_err(|e| tx.error(&e))
        })
    }

    /// What was noted of things on a remote, by name.
    pub fn remote_items(&self, n: i64) -> Result<Vec<RemoteItem>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT name, state, class, detail, bytes, attempts, wait_ms, next_ms FROM remote_item
                     WHERE remote = ?1 ORDER BY name",
                )?
                .query_map([n], |row| {
                    let state: String = row.get(1)?;
                    let class: Option<String> = row.get(2)?;
                    Ok(RemoteItem {
                        name: row.get(0)?,
                        state: match state.as_str() {
                            "taken" => ItemState::Taken,
                            "unsent" => ItemState::Unsent,
                            _ => ItemState::Refused,
                        },
                        trouble: class.zip(row.get(3)?),
                        bytes: row.get::<_, i64>(4)?.unsigned_abs(),
                        attempts: row.get(5)?,
                        wait_ms: row.get::<_, Option<i64>>(6)?.map(i64::unsigned_abs),
                        next_ms: row.get(7)?,
                    })
                })?
                .collect()
        })
    }

    /// Up to which place a remote holds each log, as it was found last.
    pub fn remote_held(&self, n: i64) -> Result<Vec<(LogId, u64)>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT log, held FROM remote_log WHERE remote = ?1 ORDER BY log")?
                .query_map([n], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
                .collect()
        })
    }

    /// Notes what was found. A remote that was removed meanwhile gets no notes.
    pub fn note_remote(&self, n: i64, note: RemoteNote) -> Result<(), JournalError> {
        self.write(false, move |tx| note_down(tx.connection, n, &note).map_err(|e| tx.error(&e)))
    }

    /// What could not be dealt with is tried at the next attempt, whenever that is.
    pub fn retry_items(&self, n: i64) -> Result<u64, JournalError> {
        self.write(false, move |tx| {
            let sql = "UPDATE remote_item SET next_ms = NULL WHERE remote = ?1 AND next_ms IS NOT NULL";
            tx.connection.execute(sql, [n]).map(|rows| rows as u64).map_err(|e| tx.error(&e))
        })
    }

    /// What a remote of a project is to hold: every segment of the project, and of membership, which counts for all projects.
    pub fn carried(&self, project: [u8; 16]) -> Result<Vec<Carried>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT log.id, log.project, log.lane, segment.first, segment.last, segment.hash, length(segment.bytes),
                            device.secret IS NOT NULL
                     FROM segment JOIN log ON log.n = segment.log JOIN device ON device.n = log.device
                     WHERE segment.bytes IS NOT NULL AND log.lane <> ?4 AND (log.project = ?1 OR (log.project = ?2 AND log.lane = ?3))
                     ORDER BY log.lane, log.id, segment.first",
                )?
                .query_map((project, NO_PROJECT, lane_number(Lane::Ctl), lane_number(Lane::Local)), |row| {
                    let sealed = Sealed {
                        log: row.get(0)?,
                        project: row.get(1)?,
                        lane: row.get(2)?,
                        first: row.get::<_, i64>(3)?.unsigned_abs(),
                        last: row.get::<_, i64>(4)?.unsigned_abs(),
                        hash: row.get(5)?,
                    };
                    Ok(Carried { sealed, bytes: row.get::<_, i64>(6)?.unsigned_abs(), own: row.get(7)? })
                })?
                .collect()
        })
    }

    /// Place of the last event that is here of each log of a project and of membership, with the number of its lane, and whether it is
    /// this device's own, in the epoch in force.
    pub fn log_heads(&self, project: [u8; 16]) -> Result<Vec<(LogId, u8, u64, bool)>, JournalError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, lane, head_seq, own FROM log
                     WHERE project = ?1 OR (project = ?2 AND lane = ?3) ORDER BY lane, id",
                )?
                .query_map((project, NO_PROJECT, lane_number(Lane::Ctl)), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs(), row.get(3)?))
                })?
                .collect()
        })
    }

    /// How far what this device wrote has come, by lane, for one remote.
    pub fn lanes(&self, remote: &KnownRemote) -> Result<Vec<LaneStanding>, JournalError> {
        let (n, project) = (remote.n, remote.project);
        self.read(|connection| lanes(connection, n, project))
    }
}

fn note_down(connection: &Connection, n: i64, note: &RemoteNote) -> rusqlite::Result<()> {
    let there = "SELECT 1 FROM remote WHERE n = ?1";
    if connection.prepare_cached(there)?.query_row([n], |_| Ok(())).optional()?.is_none() {
        return Ok(());
    }
    for name in &note.forget {
        connection.prepare_cached("DELETE FROM remote_item WHERE remote = ?1 AND name = ?2")?.execute((n, name))?;
    }
    for item in &note.items {
        let (class, detail) = item.trouble.as_ref().map(|(class, detail)| (class, detail)).unzip();
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO remote_item (remote, name, state, class, detail, bytes, attempts, wait_ms, next_ms)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
                 WHERE ?3 = 'taken' OR (SELECT count(*) FROM remote_item WHERE remote = ?1 AND state <> 'taken') < ?10
                       OR EXISTS (SELECT 1 FROM remote_item WHERE remote = ?1 AND name = ?2)",
            )?
            .execute(rusqlite::params![
                n,
                item.name,
                item.state.word(),
                class,
                detail,
                i64::try_from(item.bytes).unwrap_or(i64::MAX),
                item.attempts,
                item.wait_ms.map(u64::cast_signed),
                item.next_ms,
                MOST_ITEMS,
            ])?;
    }
    if let Some(held) = &note.held {
        connection.prepare_cached("DELETE FROM remote_log WHERE remote = ?1")?.execute([n])?;
        let mut insert = connection.prepare_cached("INSERT INTO remote_log (remote, log, held) VALUES (?1, ?2, ?3)")?;
        for (log, seq) in held {
            insert.execute((n, log, seq.cast_signed()))?;
        }
    }
    match &note.end {
        None => Ok(()),
        Some(RemoteEnd::Done) => connection
            .prepare_cached(
                "UPDATE remote SET tried_ms = ?2, done_ms = ?2, attempts = 0, class = NULL, detail = NULL WHERE n = ?1",
            )?
            .execute((n, now_ms()))
            .map(drop),
        Some(RemoteEnd::Failed(class, detail)) => connection
            .prepare_cached(
                "UPDATE remote SET tried_ms = ?2, attempts = attempts + 1, class = ?3, detail = ?4 WHERE n = ?1",
            )?
            .execute((n, now_ms(), class, detail))
            .map(drop),
    }
}

/// One of our own logs, as it stands for a remote.
struct OwnLog {
    n: i64,
    id: LogId,
    lane: u8,
    head: u64,
    sealed: u64,
    durable_pos: i64,
    held: u64,
}

fn lanes(connection: &Connection, remote: i64, project: [u8; 16]) -> rusqlite::Result<Vec<LaneStanding>> {
    let _one_picture = connection.unchecked_transaction()?;
    let logs: Vec<OwnLog> = connection
        .prepare_cached(
            "SELECT log.n, log.id, log.lane, log.head_seq, log.sealed_seq, log.durable_pos, coalesce(remote_log.held, 0)
             FROM log LEFT JOIN remote_log ON remote_log.log = log.id AND remote_log.remote = ?4
             WHERE log.own = 1 AND log.lane <> ?5 AND (log.project = ?1 OR (log.project = ?2 AND log.lane = ?3))
             ORDER BY log.lane",
        )?
        .query_map((project, NO_PROJECT, lane_number(Lane::Ctl), remote, lane_number(Lane::Local)), |row| {
            Ok(OwnLog {
                n: row.get(0)?,
                id: row.get(1)?,
                lane: row.get(2)?,
                head: row.get::<_, i64>(3)?.unsigned_abs(),
                sealed: row.get::<_, i64>(4)?.unsigned_abs(),
                durable_pos: row.get(5)?,
                held: row.get::<_, i64>(6)?.unsigned_abs(),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut lanes: Vec<LaneStanding> = Vec::new();
    for log in logs {
        let lane = lane_of(log.lane);
        if lanes.last().is_none_or(|last| last.lane != lane) {
            lanes.push(LaneStanding {
                lane,
                written: 0,
                not_durable: 0,
                not_sealed: 0,
                not_uploaded: 0,
                not_seen: 0,
                oldest_ms: None,
            });
        }
        let Some(standing) = lanes.last_mut() else { continue };
        let held = log.held.min(log.sealed);
        let seen = told(connection, &log.id)?.min(held);
        let volatile: i64 = connection
            .prepare_cached("SELECT count(*) FROM event WHERE log = ?1 AND seq > ?2 AND pos > ?3")?
            .query_row((log.n, log.sealed.cast_signed(), log.durable_pos), |row| row.get(0))?;
        standing.written += log.head;
        standing.not_durable += volatile.unsigned_abs();
        standing.not_sealed += log.head - log.sealed;
        standing.not_uploaded += log.sealed - held;
        standing.not_seen += held - seen;
        let oldest: Option<i64> = connection
            .prepare_cached("SELECT wall_ms FROM event WHERE log = ?1 AND seq = ?2")?
            .query_row((log.n, (held + 1).cast_signed()), |row| row.get(0))
            .optional()?;
        standing.oldest_ms = standing.oldest_ms.into_iter().chain(oldest).min();
    }
    Ok(lanes)
}

/// The furthest place of one of our logs that another device has told of, where what it tells of is the event that stands there.
fn told(connection: &Connection, log: &LogId) -> rusqlite::Result<u64> {
    let known: Option<u32> = connection
        .prepare_cached("SELECT version FROM view WHERE name = 'seen'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if known != Some(view::SEEN) {
        return Ok(0);
    }
    connection
        .prepare_cached(
            "SELECT coalesce(max(seen.seq), 0) FROM seen
             JOIN log here ON here.id = seen.log JOIN event ON event.log = here.n AND event.seq = seen.seq
             JOIN log teller ON teller.id = seen.by JOIN device ON device.n = teller.device
             WHERE seen.log = ?1 AND substr(event.hash, 1, 8) = seen.hash AND device.secret IS NULL",
        )?
        .query_row([log], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}
