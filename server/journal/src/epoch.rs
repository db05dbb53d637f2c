//! Epochs: when this journal's own logs may have been written elsewhere as well, it goes on in new ones.
//! A log that two copies write would fork for ever; a log that is left behind is only shorter than it might have been.

use crate::chain::{LogId, lane_number, lane_of};
use crate::draft::Draft;
use crate::error::JournalError;
use crate::header::Header;
use crate::member::Membership;
use crate::planted;
use crate::redact::{REDACTED, is_kept, is_taken};
use crate::segment::Segment;
use crate::store::{Device, own_device};
use crate::time::now_ms;
use crate::tx::Tx;
use contract::Lane;
use serde_json::json;

/// Events that are written again at a time: bounds what is in memory.
const AT_A_TIME: i64 = 500;

/// A log that is left behind.
struct Left {
    n: i64,
    project: [u8; 16],
    lane: Lane,
    /// The last place that a segment holds.
    sealed: i64,
}

impl Tx<'_> {
    /// Begins a new epoch: our logs so far are nobody's any more, and what no segment holds yet of what may leave the machine is
    /// written again in new logs, with the same ids, payloads and salts. Readers see each of them once.
    pub(crate) fn renew(&mut self, reason: &str) -> Result<(), JournalError> {
        self.settle()?;
        let before = self.left_behind(reason).map_err(|e| self.error(&e))?;
        let mut again = 0_u64;
        for log in before.into_iter().filter(|log| log.lane != Lane::Local) {
            let mut after = log.sealed;
            while let Some(last) = self.write_again(&log, after).map_err(|e| self.error(&e))? {
                again += (last - after).unsigned_abs();
                after = last;
            }
        }
        self.append(&Draft {
            intent: true,
            ..Draft::observation("epoch.renewed", json!({"reason": reason, "writtenAgain": again}))
        })?;
        Ok(())
    }

    /// Makes the epoch, gives our logs up, and says which they were.
    fn left_behind(&mut self, reason: &str) -> rusqlite::Result<Vec<Left>> {
        let mut nonce = [0; 16];
        crate::chance::fill(&mut nonce).map_err(|e| {
            rusqlite::Error::ToSqlConversionFailure(Box::new(std::io::Error::other(format!("no random numbers: {e}"))))
        })?;
        let logs = self
            .connection
            .prepare("SELECT n, project, lane, sealed_seq FROM log WHERE own = 1 ORDER BY n")?
            .query_map([], |row| {
                Ok(Left { n: row.get(0)?, project: row.get(1)?, lane: lane_of(row.get(2)?), sealed: row.get(3)? })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let insert = "INSERT INTO epoch (device, nonce, born_ms, reason) VALUES (?1, ?2, ?3, ?4)";
        self.connection.execute(insert, (self.device.n, nonce, now_ms(), reason))?;
        for Left { n, .. } in &logs {
            let give_up = "UPDATE log SET own = 0, touched = (SELECT max(touched) + 1 FROM log) WHERE n = ?1";
            self.connection.execute(give_up, [n])?;
        }
        self.device = own_device(self.connection)?;
        Ok(logs)
    }

    /// Another copy of this journal has told another history of a log of ours, and others may have heard it first: what stands here
    /// after the place up to which both agree is written again, sealed or not, so that it counts for everybody.
    pub(crate) fn say_again(&mut self, log: i64, agreed: u64) -> Result<(), JournalError> {
        let again = |tx: &mut Self| {
            let found = "SELECT n, project, lane, sealed_seq FROM log WHERE n = ?1";
            let log = tx.connection.query_row(found, [log], |row| {
                Ok(Left { n: row.get(0)?, project: row.get(1)?, lane: lane_of(row.get(2)?), sealed: row.get(3)? })
            })?;
            let mut after = agreed.cast_signed();
            while let Some(last) = tx.write_again(&log, after)? {
                after = last;
            }
            Ok(())
        };
        again(self).map_err(|e: rusqlite::Error| self.error(&e))?;
        self.settle()
    }

    /// The other history is ours as well, written by what we were before a disk was put back, or by a copy of us that may be gone:
    /// what of it stands nowhere here is written again too, as it came.
    pub(crate) fn say_others(&mut self, segment: &Segment, agreed: u64) -> Result<(), JournalError> {
        let (lane, project) = (lane_of(segment.origin.lane), segment.origin.project);
        if matches!(lane, Lane::Local | Lane::Other) {
            return Ok(());
        }
        let again = |tx: &mut Self| {
            let members = Membership::of(tx.connection, tx.device.public(), project)?;
            for (header, record) in segment.records.iter().filter(|(header, _)| header.seq > agreed) {
                if tx.says_now(header)? {
                    continue;
                }
                let mut content = record.content.as_ref().map(|(salt, payload)| (salt, payload.as_slice()));
                if let Some((_, payload)) = content
                    && !is_kept(&header.kind)
                    && is_taken(tx.connection, header, &project)?
                {
                    tx.leave(header.id, payload)?;
                    content = None;
                }
                // It may be here already, in a log that others have another history of; and so may another that has its id.
                let mark = tx.mark_for(header, &members, segment)?;
                let place = tx.put(&mut Header { sig: None, ..header.clone() }, lane, project, content)?;
                if let Some((what, detail)) = mark {
                    tx.mark(place.pos.cast_signed(), what, &detail)?;
                }
                if let (REDACTED, Lane::Ctl, Some((_, payload))) = (header.kind.as_str(), lane, content) {
                    tx.obey(header, payload, &project)?;
                }
            }
            Ok(())
        };
        again(self).map_err(|e: rusqlite::Error| self.error(&e))?;
        if lane == Lane::Ctl { self.hold(project) } else { self.settle() }
    }

    /// Whether this very event stands in a log that is ours now. In one that we gave up, or of a copy of us, others may have another
    /// history and not this event; and who borrows its id says something else.
    fn says_now(&self, header: &Header) -> rusqlite::Result<bool> {
        let mut find = self.connection.prepare_cached(
            "SELECT event.header FROM event JOIN log ON log.n = event.log WHERE event.id = ?1 AND (log.own = 1 OR ?2)",
        )?;
        let anywhere = planted("borrowed-id-is-known");
        let mut rows = find.query((header.id.to_bytes(), anywhere))?;
        while let Some(row) = rows.next()? {
            let there = Header::decode(row.get_ref(0)?.as_blob()?);
            let is_same = |there: Header| there.kind == header.kind && there.payload_commit == header.payload_commit;
            if anywhere || there.is_ok_and(is_same) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes some events of a log again that follow that place; the last place, or `None` where none is left. What a log that is ours
    /// now has already is passed over.
    fn write_again(&mut self, log: &Left, after: i64) -> rusqlite::Result<Option<i64>> {
        type Row = (i64, Vec<u8>, Option<[u8; 16]>, Option<Vec<u8>>);
        let rows: Vec<Row> = self
            .connection
            .prepare_cached(
                "SELECT event.seq, event.header, payload.salt, payload.bytes
                 FROM event JOIN log ON log.n = event.log LEFT JOIN payload ON payload.pos = event.pos
                 WHERE event.log = ?1 AND event.seq > ?2 AND NOT EXISTS (
                     SELECT 1 FROM event later JOIN log there ON there.n = later.log
                     WHERE later.id = event.id AND there.own = 1)
                 ORDER BY event.seq LIMIT ?3",
            )?
            .query_map((log.n, after, AT_A_TIME), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut last = None;
        for (seq, header, salt, payload) in rows {
            let mut header = Header::decode(&header)
                .map_err(|e| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Blob, Box::new(e)))?;
            header.sig = None;
            let content = salt.as_ref().zip(payload.as_deref());
            let place = self.put(&mut header, log.lane, log.project, content)?;
            self.mark(place.pos.cast_signed(), "twin", "the same event, written again in a new epoch")?;
            last = Some(seq);
        }
        Ok(last)
    }
}

/// Heads of everything of ours that a segment holds, and so may be elsewhere: log, place, chain hash.
pub(crate) fn sealed_heads(
    connection: &rusqlite::Connection,
    device: &Device,
) -> rusqlite::Result<Vec<(LogId, i64, [u8; 32])>> {
    connection
        .prepare_cached(
            "SELECT log.id, log.sealed_seq, event.hash FROM log JOIN event ON event.log = log.n AND event.seq = log.sealed_seq
             WHERE log.own = 1 AND log.device = ?1 AND log.lane <> ?2 ORDER BY log.id",
        )?
        .query_map((device.n, lane_number(Lane::Local)), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}
