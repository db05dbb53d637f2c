//! Puts events of other devices into the tables, with what has to be said of each, and keeps the segments that brought them.
//! Whether a segment may come in was decided before; nothing that was here is changed.

use crate::header::Header;
use crate::member::Membership;
use crate::redact::is_kept;
use crate::segment::{Record, Segment};
use crate::tx::Tx;

impl Tx<'_> {
    /// What has to be said of an event before it is put in: that it is here already, or why it is not relied on. What says who
    /// may write, and what was deleted, stands by its place and signature: another event with its id makes it no less sure.
    pub(crate) fn mark_for(
        &self,
        header: &Header,
        members: &Membership,
        segment: &Segment,
    ) -> rusqlite::Result<Option<(&'static str, String)>> {
        let same: Vec<(i64, Vec<u8>, Vec<u8>)> = self
            .connection
            .prepare_cached(
                "SELECT event.pos, event.header, device.public FROM event JOIN log ON log.n = event.log
                 JOIN device ON device.n = log.device WHERE event.id = ?1",
            )?
            .query_map([header.id.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let doubt = members.doubt(&segment.origin, header);
        let (mut is_twin, mut contradicted) = (false, None);
        for (pos, bytes, device) in &same {
            let there = Header::decode(bytes).ok();
            // Only its own device writes an event again: what another copies is not the same.
            let is_same = |there: &Header| {
                *device == segment.origin.device
                    && there.kind == header.kind
                    && there.payload_commit == header.payload_commit
            };
            if there.as_ref().is_some_and(is_same) {
                is_twin = true;
                continue;
            }
            let detail = format!("two events with the id {} say different things", header.id);
            // Who does not count makes nobody doubtful.
            if doubt.is_none() && !crate::planted("same-id-trusted") && !there.is_some_and(|there| is_kept(&there.kind))
            {
                self.doubt(*pos, &detail)?;
            }
            contradicted = Some(detail).filter(|_| !crate::planted("same-id-trusted"));
        }
        if let Some(detail) = contradicted.filter(|_| !is_kept(&header.kind)) {
            return Ok(Some(("held", detail)));
        }
        if is_twin {
            return Ok(Some(("twin", "the same event, written again in another epoch".to_owned())));
        }
        Ok(doubt.map(|detail| ("held", detail)))
    }

    pub(crate) fn mark(&self, pos: i64, what: &str, detail: &str) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO mark (pos, what, detail) VALUES (?1, ?2, ?3)")?
            .execute((pos, what, detail))
            .map(drop)
    }

    /// Marks an event that is not relied on; one that only repeats another stays what it is.
    fn doubt(&self, pos: i64, detail: &str) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO mark (pos, what, detail) VALUES (?1, 'held', ?2)
                 ON CONFLICT (pos) DO UPDATE SET what = excluded.what, detail = excluded.detail WHERE what <> 'twin'",
            )?
            .execute((pos, detail))
            .map(drop)
    }

    pub(crate) fn insert_foreign(
        &self,
        log: i64,
        project: &[u8; 16],
        header: &Header,
        record: &Record,
        hash: &[u8; 32],
    ) -> rusqlite::Result<i64> {
        self.connection.prepare_cached(crate::rows::INSERT_EVENT)?.execute((
            log,
            header.seq.cast_signed(),
            header.id.to_bytes(),
            &header.kind,
            header.entity.to_bytes(),
            header.workspace.map(|w| w.to_bytes()),
            header.lamport.cast_signed(),
            header.wall_ms,
            hash,
            &record.header,
        ))?;
        let pos = self.connection.last_insert_rowid();
        if let Some((salt, payload)) = &record.content {
            let heeds = !crate::planted("redacted-comes-back");
            if heeds && !is_kept(&header.kind) && crate::redact::is_taken(self.connection, header, project)? {
                self.leave(header.id, payload)?;
            } else {
                self.connection.prepare_cached(crate::rows::INSERT_PAYLOAD)?.execute((pos, salt, payload))?;
            }
        }
        Ok(pos)
    }

    /// Puts back what was taken from an event that keeps its payload, among those that were here before.
    pub(crate) fn restore_kept(&self, log: i64, segment: &Segment, head_seq: u64) -> rusqlite::Result<()> {
        let known = segment.records.iter().filter(|(header, _)| header.seq <= head_seq && is_kept(&header.kind));
        for (header, record) in known {
            let Some((salt, payload)) = &record.content else { continue };
            self.connection
                .prepare_cached(
                    "INSERT INTO payload (pos, salt, bytes) SELECT pos, ?3, ?4 FROM event WHERE log = ?1 AND seq = ?2
                     AND NOT EXISTS (SELECT 1 FROM payload WHERE payload.pos = event.pos)",
                )?
                .execute((log, header.seq.cast_signed(), salt, payload))?;
        }
        Ok(())
    }

    /// Keeps the segment for handing it on. One that covers others takes their place; one that is covered adds nothing.
    pub(crate) fn store_segment(&self, log: i64, segment: &Segment, bytes: &[u8]) -> rusqlite::Result<()> {
        let (first, last) = (segment.first.cast_signed(), segment.last.cast_signed());
        let covered: bool = self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM segment WHERE log = ?1 AND first <= ?2 AND last >= ?3 AND bytes IS NOT NULL)",
            )?
            .query_row((log, first, last), |row| row.get(0))?;
        if covered {
            return Ok(());
        }
        self.connection
            .prepare_cached("DELETE FROM segment WHERE log = ?1 AND first >= ?2 AND last <= ?3")?
            .execute((log, first, last))?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO segment (log, first, last, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((log, first, last, segment.hash, bytes))?;
        self.connection
            .prepare_cached("UPDATE log SET sealed_hash = ?3, sealed_seq = ?2 WHERE n = ?1 AND sealed_seq < ?2")?
            .execute((log, last, segment.hash))
            .map(drop)
    }
}
