//! What membership says, by now, of events that are here already: marks those that do not count, and takes back the marks of those
//! that do. Membership is worked out anew with every word on it, so the marks are the same in whatever order the words came.
//! It takes nothing out of the record, except what a redaction deletes that is obeyed in hindsight.

use crate::chain::{LogId, lane_number};
use crate::error::JournalError;
use crate::member::{AFTER_CUTOFF, EXPIRED, Membership, NOT_ENROLLED, OF_PROJECT, Public, Standing};
use crate::redact::REDACTED;
use crate::tx::Tx;
use contract::Lane;

/// A log of another device, or of this one.
struct Log {
    n: i64,
    id: LogId,
    device: Public,
    /// The device's key is ours.
    own: bool,
}

impl Tx<'_> {
    /// Marks what does not count by the membership of a project as it is now, and nothing else that was marked for that. A redaction
    /// whose mark goes is carried out.
    pub(crate) fn hold(&mut self, project: [u8; 16]) -> Result<(), JournalError> {
        self.settle()?;
        self.try_hold(project).map_err(|e| self.error(&e))
    }

    fn try_hold(&self, project: [u8; 16]) -> rusqlite::Result<()> {
        let members = Membership::of(self.connection, self.device.public(), project)?;
        let refused = self.held_redactions(project)?;
        self.connection
            .prepare_cached(&format!(
                "DELETE FROM mark WHERE what = 'held' AND detail IN (?1, ?3, ?4) AND EXISTS
                     (SELECT 1 FROM event JOIN log ON log.n = event.log WHERE event.pos = mark.pos AND {OF_PROJECT})",
            ))?
            .execute((AFTER_CUTOFF, project, NOT_ENROLLED, EXPIRED))?;
        for log in self.logs(project)? {
            let (last, detail) = match members.standing(&log.device) {
                Standing::Revoked => (members.cutoff(&log.device, &log.id), AFTER_CUTOFF),
                Standing::Unknown if !log.own && members.is_refused(&log.device) => {
                    (members.admitted_upto(&log.device, &log.id), NOT_ENROLLED)
                }
                Standing::Unknown | Standing::Member => (u64::MAX, AFTER_CUTOFF),
            };
            // What an event does not count for first is what is said of it.
            if let Ok(last) = i64::try_from(last) {
                let after = "SELECT pos, 'held', ?3 FROM event WHERE log = ?1 AND seq > ?2";
                self.mark_all(after, (log.n, last, detail))?;
            }
            let expires = members.members.get(&log.device).and_then(|member| member.expires);
            if let Some(expires) = expires.filter(|_| !log.own) {
                let late = "SELECT pos, 'held', ?3 FROM event WHERE log = ?1 AND wall_ms > ?2";
                self.mark_all(late, (log.n, expires, EXPIRED))?;
            }
        }
        let still = self.held_redactions(project)?;
        let now: Vec<i64> = refused.into_iter().filter(|pos| !still.contains(pos)).collect();
        self.obey_in_hindsight(&now)
    }

    fn mark_all(&self, which: &str, parameters: (i64, i64, &str)) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(&format!("INSERT OR IGNORE INTO mark (pos, what, detail) {which}"))?
            .execute(parameters)
            .map(drop)
    }

    /// Redactions that were not obeyed because who wrote them does not count.
    fn held_redactions(&self, project: [u8; 16]) -> rusqlite::Result<Vec<i64>> {
        self.connection
            .prepare_cached(&format!(
                "SELECT mark.pos FROM mark JOIN event ON event.pos = mark.pos JOIN log ON log.n = event.log
                 WHERE mark.what = 'held' AND event.kind = ?1 AND log.lane = ?3 AND {OF_PROJECT} ORDER BY mark.pos",
            ))?
            .query_map((REDACTED, project, lane_number(Lane::Ctl)), |row| row.get(0))?
            .collect()
    }

    fn logs(&self, project: [u8; 16]) -> rusqlite::Result<Vec<Log>> {
        self.connection
            .prepare_cached(&format!(
                "SELECT log.n, log.id, device.public, device.secret IS NOT NULL
                 FROM log JOIN device ON device.n = log.device WHERE log.lane <> ?1 AND {OF_PROJECT} ORDER BY log.n",
            ))?
            .query_map((lane_number(Lane::Local), project), |row| {
                Ok(Log { n: row.get(0)?, id: row.get(1)?, device: row.get(2)?, own: row.get(3)? })
            })?
            .collect()
    }
}
