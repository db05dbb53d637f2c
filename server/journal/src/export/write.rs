//! Writes an export: one snapshot of the journal, line by line, hashed on its way out.
//! It holds one event at a time, and puts stored bytes out as they are.

use super::line::{self, Head, LogLine, Manifest, Parts};
use super::{ExportError, Request};
use crate::chain::LogId;
use crate::header::Header;
use crate::read::{self, Filter};
use crate::store::own_device;
use crate::time::now_ms;
use ed25519_dalek::SigningKey;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use ulid::Ulid;

/// Events between two reports of progress.
const REPORT_EVERY: u64 = 1024;

/// What was written, and the key that can vouch for it.
pub(super) struct Written {
    pub manifest: Manifest,
    pub events: u64,
    pub redacted: u64,
    pub heads: Vec<Head>,
    pub bytes: u64,
    pub sha256: [u8; 32],
    pub blake3: [u8; 32],
    pub key: SigningKey,
}

/// Counts and hashes what goes through.
struct Hashed<'w> {
    out: &'w mut dyn Write,
    bytes: u64,
    sha256: Sha256,
    blake3: blake3::Hasher,
}

impl Hashed<'_> {
    fn put(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        line.push(b'\n');
        self.out.write_all(line)?;
        self.bytes += line.len() as u64;
        self.sha256.update(&line);
        self.blake3.update(line);
        line.clear();
        Ok(())
    }
}

/// Where the reading is wrong, as opposed to the writing.
pub(super) struct Source<'c> {
    pub connection: &'c Connection,
    pub database: &'c Path,
    pub journal: Ulid,
}

impl Source<'_> {
    fn failed(&self, error: &rusqlite::Error) -> ExportError {
        ExportError::Journal(crate::patience::journal_error(self.database, "read", error))
    }

    pub fn write(
        &self,
        request: &Request,
        target: &Path,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Written, ExportError> {
        let failed = |e: rusqlite::Error| self.failed(&e);
        let io = |e: io::Error| ExportError::io(target, "write", &e);
        let snapshot = self.connection.unchecked_transaction().map_err(failed)?;
        let key = own_device(&snapshot).map_err(failed)?.signing;
        let logs = logs(&snapshot).map_err(failed)?;
        let manifest = Manifest {
            journal: self.journal,
            written_ms: now_ms(),
            by: request.by.clone(),
            signer: key.verifying_key().to_bytes(),
            filter: request.words.clone(),
            logs: logs.iter().map(|(_, log)| log.clone()).collect(),
        };
        let mut out = Hashed { out, bytes: 0, sha256: Sha256::new(), blake3: blake3::Hasher::new() };
        let mut line = Vec::new();
        manifest.render(&mut line);
        out.put(&mut line).map_err(io)?;

        let total = crate::store::head(&snapshot).map_err(failed)?;
        let index: HashMap<LogId, usize> = logs.iter().enumerate().map(|(n, (_, log))| (log.log, n)).collect();
        let mut heads: Vec<Option<Head>> = vec![None; logs.len()];
        let (mut events, mut redacted) = (0, 0);
        let mut event = snapshot
            .prepare(
                "SELECT event.header, event.hash, payload.salt, payload.bytes FROM event
                 LEFT JOIN payload ON payload.pos = event.pos WHERE event.pos = ?1",
            )
            .map_err(failed)?;
        let mut before = snapshot.prepare("SELECT hash FROM event WHERE log = ?1 AND seq = ?2").map_err(failed)?;
        let mut put = |pos: u64| -> Result<(), ExportError> {
            if events % REPORT_EVERY == 0 && progress(pos, total).is_break() {
                return Err(ExportError::Cancelled);
            }
            let mut rows = event.query([pos.cast_signed()]).map_err(failed)?;
            let Some(row) = rows.next().map_err(failed)? else { return Ok(()) };
            let bytes = row.get_ref(0).and_then(|v| Ok(v.as_blob()?)).map_err(failed)?;
            let hash: [u8; 32] = row.get(1).map_err(failed)?;
            let salt: Option<[u8; 16]> = row.get(2).map_err(failed)?;
            let payload = row.get_ref(3).and_then(|v| Ok(v.as_blob_or_null()?)).map_err(failed)?;
            let damaged = |detail: String| {
                ExportError::Journal(crate::JournalError::Damaged { file: self.database.to_owned(), detail })
            };
            let header = Header::decode(bytes).map_err(|e| damaged(format!("event at place {pos}: {e}")))?;
            let Some(&log) = index.get(&header.log) else {
                return Err(damaged(format!("the log of the event at place {pos} is not in the list of logs")));
            };
            let last = heads[log].map_or(0, |head| head.seq);
            let prev: Option<[u8; 32]> = if header.seq == last + 1 {
                None
            } else {
                let place = (logs[log].0, header.seq.cast_signed() - 1);
                let found = before.query_row(place, |row| row.get(0)).optional().map_err(failed)?;
                Some(found.ok_or_else(|| damaged(format!("the event before the one at place {pos} is missing")))?)
            };
            let carried = salt.as_ref().zip(payload);
            line::event(&header, Parts { bytes, prev: prev.as_ref(), hash: &hash, carried }, &mut line);
            out.put(&mut line).map_err(io)?;
            heads[log] = Some(Head { log: header.log, seq: header.seq, hash });
            events += 1;
            redacted += u64::from(carried.is_none());
            Ok(())
        };
        let filter = Filter { newest_first: false, limit: None, ..request.filter.clone() };
        let mut stopped = Ok(());
        read::for_each(&snapshot, &filter, |pos, _| {
            stopped = put(pos);
            if stopped.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .map_err(failed)?;
        stopped?;
        let heads: Vec<Head> = heads.into_iter().flatten().collect();
        line::end(events, redacted, &heads, out.blake3.finalize().as_bytes(), &mut line);
        out.put(&mut line).map_err(io)?;
        out.out.flush().map_err(io)?;
        Ok(Written {
            manifest,
            events,
            redacted,
            heads,
            bytes: out.bytes,
            sha256: out.sha256.finalize().into(),
            blake3: *out.blake3.finalize().as_bytes(),
            key,
        })
    }
}

/// Every log with its row number.
fn logs(connection: &Connection) -> rusqlite::Result<Vec<(i64, LogLine)>> {
    connection
        .prepare(
            "SELECT log.n, log.id, device.public, log.epoch, log.project, log.lane
             FROM log JOIN device ON device.n = log.device ORDER BY log.n",
        )?
        .query_map([], |row| {
            let line = LogLine {
                log: row.get(1)?,
                device: row.get(2)?,
                epoch: row.get(3)?,
                project: row.get(4)?,
                lane: row.get(5)?,
            };
            Ok((row.get(0)?, line))
        })?
        .collect()
}
