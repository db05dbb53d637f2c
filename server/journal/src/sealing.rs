//! When what is written is sealed by itself: by number, bytes and age, and soon after a decision; carried out under a lease.
//! Only committed events are sealed, each run in a transaction of its own, so a process that is killed meanwhile leaves nothing behind.

use crate::chain::lane_number;
use crate::error::JournalError;
use crate::journal::Journal;
use crate::lease::{Lease, LeaseError};
use crate::sign::needs_signature;
use contract::Lane;
use rusqlite::Connection;
use std::time::Duration;

/// The lease of whoever seals.
pub const SEALING: &str = "seal";

/// When events that are in no segment are sealed: whatever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealPolicy {
    /// So many events of one log.
    pub events: u64,
    /// So many bytes of one log, headers and payloads.
    pub bytes: u64,
    /// The oldest has waited so long.
    pub age: Duration,
    /// So long after the last event that is signed, as decisions, membership and redactions are: those that follow go with it.
    pub decision: Duration,
    /// A person meant one of them: at once, whatever else. For a process that ends.
    pub meant: bool,
    /// At most so many segments at once, of at most a mebibyte each; the rest waits for the next time.
    pub segments: usize,
}

impl Default for SealPolicy {
    /// For a process that stays: 1,000 events, 256 KiB, a minute; two seconds after a decision.
    fn default() -> SealPolicy {
        SealPolicy {
            events: 1_000,
            bytes: 256 << 10,
            age: Duration::from_mins(1),
            decision: Duration::from_secs(2),
            meant: false,
            segments: usize::MAX,
        }
    }
}

impl SealPolicy {
    /// For a process that ends: what somebody meant at once, and observations when there are many or old ones. Nobody waits
    /// for more than a few segments, however much there is.
    #[must_use]
    pub fn leaving() -> SealPolicy {
        SealPolicy {
            age: Duration::from_mins(10),
            decision: Duration::ZERO,
            meant: true,
            segments: 4,
            ..SealPolicy::default()
        }
    }
}

/// What may leave the machine and is in no segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unsealed {
    /// Events.
    pub events: u64,
    /// Segments that held a payload that is deleted by now.
    pub redacted: u64,
    /// When a policy has them sealed, in milliseconds since 1970, which may have passed; `None` where nothing waits.
    pub due_ms: Option<i64>,
}

impl Journal {
    /// What is in no segment yet, and when it is to be. Reads at most as many events of each log as the policy has sealed together.
    pub fn unsealed(&self, policy: &SealPolicy) -> Result<Unsealed, JournalError> {
        self.read(|connection| unsealed(connection, policy))
    }

    /// Seals whatever is due by `now_ms`, of every project, if nobody else is at it. Answers with how many segments there are
    /// more; `None` where another process seals.
    pub fn seal_due(&self, policy: &SealPolicy, now_ms: i64) -> Result<Option<usize>, JournalError> {
        if self.unsealed(policy)?.due_ms.is_none_or(|due| due > now_ms) {
            return Ok(Some(0));
        }
        let lease = match self.lease(SEALING) {
            Ok(lease) => lease,
            Err(LeaseError::Held(_)) => return Ok(None),
            Err(LeaseError::Journal(error)) => return Err(error),
        };
        self.seal_under(&lease, policy.segments).map(Some)
    }

    /// Seals what is in no segment, of every project, in at most `most` segments, as the holder of [`SEALING`].
    pub fn seal_under(&self, lease: &Lease, most: usize) -> Result<usize, JournalError> {
        let mut sealed = 0;
        for project in self.read(unsealed_projects)? {
            while sealed < most && self.with_lease(lease, move |tx| tx.seal_next(project))? {
                sealed += 1;
            }
        }
        if sealed > 0 {
            self.bear_witness()?;
        }
        Ok(sealed)
    }
}

/// Projects of our own logs that have something to seal.
fn unsealed_projects(connection: &Connection) -> rusqlite::Result<Vec<[u8; 16]>> {
    connection
        .prepare_cached(
            "SELECT project FROM log WHERE own = 1 AND lane <> ?1 AND head_seq > sealed_seq
             UNION SELECT log.project FROM segment JOIN log ON log.n = segment.log JOIN device ON device.n = log.device
             WHERE segment.bytes IS NULL AND device.secret IS NOT NULL",
        )?
        .query_map([lane_number(Lane::Local)], |row| row.get(0))?
        .collect()
}

fn unsealed(connection: &Connection, policy: &SealPolicy) -> rusqlite::Result<Unsealed> {
    let mut found = Unsealed {
        redacted: connection
            .prepare_cached(
                "SELECT count(*) FROM segment JOIN log ON log.n = segment.log JOIN device ON device.n = log.device
                 WHERE segment.bytes IS NULL AND device.secret IS NOT NULL",
            )?
            .query_row([], |row| row.get::<_, i64>(0))?
            .unsigned_abs(),
        ..Unsealed::default()
    };
    let mut due = |at: i64| found.due_ms = Some(found.due_ms.map_or(at, |known| known.min(at)));
    if found.redacted > 0 {
        due(i64::MIN);
    }
    let logs: Vec<(i64, i64, i64)> = connection
        .prepare_cached(
            "SELECT n, sealed_seq, head_seq FROM log WHERE own = 1 AND lane <> ?1 AND head_seq > sealed_seq ORDER BY n",
        )?
        .query_map([lane_number(Lane::Local)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut events = 0;
    for (log, sealed, head) in logs {
        let waiting = (head - sealed).unsigned_abs();
        events += waiting;
        if waiting >= policy.events {
            due(i64::MIN);
            continue;
        }
        let mut select = connection.prepare_cached(
            "SELECT event.kind, event.wall_ms, event.header, length(payload.bytes) FROM event
             LEFT JOIN payload ON payload.pos = event.pos WHERE event.log = ?1 AND event.seq > ?2 ORDER BY event.seq",
        )?;
        let mut rows = select.query((log, sealed))?;
        let (mut bytes, mut decided) = (0, None);
        while let Some(row) = rows.next()? {
            let wall_ms: i64 = row.get(1)?;
            let header = row.get_ref(2)?.as_blob()?;
            bytes += header.len() as u64 + row.get::<_, Option<i64>>(3)?.unwrap_or(0).unsigned_abs();
            // By this machine's clock, which may have been set back meanwhile: what seems to come from the future is old enough.
            let at = wall_ms.min(crate::time::now_ms());
            due(at.saturating_add(millis(policy.age)));
            if needs_signature(row.get_ref(0)?.as_str()?) {
                decided = Some(at);
            }
            if policy.meant && crate::header::Header::decode(header).is_ok_and(|header| header.is_intent()) {
                due(i64::MIN);
            }
        }
        if let Some(at) = decided {
            due(at.saturating_add(millis(policy.decision)));
        }
        if bytes >= policy.bytes {
            due(i64::MIN);
        }
    }
    found.events = events;
    Ok(found)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
