//! How far events have come: written, flushed, sealed, told by other devices that they have them.
//! Worked out from marks that stand for whole logs, so that nothing is stored per event; it writes nothing.

use crate::chain::LogId;
use crate::error::JournalError;
use crate::journal::Journal;
use crate::member::{Membership, Public};
use crate::read::{self, Filter};
use crate::view;
use contract::{Delivery, JournalEntry};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use ulid::Ulid;

/// How far one event has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    pub state: Delivery,
    /// Names of remotes.
    pub uploaded_to: Vec<String>,
    pub seen_by: Vec<String>,
}

/// Another device, and the last place of a log that it has told of.
struct Teller {
    public: Public,
    seq: u64,
}

/// Answers for many events of one read; asks once a log.
pub(crate) struct Deliveries<'c> {
    connection: &'c Connection,
    /// Whether anybody has told anything.
    told: bool,
    /// Whether a remote holds anything.
    placed: bool,
    own: Option<Public>,
    logs: HashMap<LogId, Rc<Log>>,
    names: HashMap<[u8; 16], BTreeMap<Public, String>>,
}

struct Log {
    project: [u8; 16],
    /// One of ours that was left behind: what was not sealed in it stands once more in a later one.
    left: bool,
    tellers: Vec<Teller>,
    /// Remotes, and up to which place they hold it.
    holders: Vec<(String, u64)>,
}

impl Log {
    fn seen_from(&self, seq: u64) -> impl Iterator<Item = Public> {
        self.tellers.iter().filter(move |teller| teller.seq >= seq).map(|teller| teller.public)
    }

    fn held_from(&self, seq: u64) -> impl Iterator<Item = String> {
        self.holders.iter().filter(move |(_, held)| *held >= seq).map(|(name, _)| name.clone())
    }
}

impl<'c> Deliveries<'c> {
    pub fn new(connection: &'c Connection) -> rusqlite::Result<Deliveries<'c>> {
        let known: Option<u32> = connection
            .prepare_cached("SELECT version FROM view WHERE name = 'seen'")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let told = known == Some(view::SEEN)
            && connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM seen)")?.query_row([], |row| row.get(0))?;
        let placed = "SELECT EXISTS (SELECT 1 FROM remote_log)";
        let placed = connection.prepare_cached(placed)?.query_row([], |row| row.get(0))?;
        let mut own = None;
        if told {
            let find = "SELECT public FROM device WHERE secret IS NOT NULL ORDER BY n LIMIT 1";
            own = connection.prepare_cached(find)?.query_row([], |row| row.get(0)).optional()?;
        }
        Ok(Deliveries { connection, told, placed, own, logs: HashMap::new(), names: HashMap::new() })
    }

    /// Of an event at that place, which is as far as `state` by what this machine alone knows.
    pub fn of(&mut self, id: Ulid, log: LogId, seq: u64, state: Delivery) -> rusqlite::Result<Reached> {
        let mut reached = Reached { state, uploaded_to: Vec::new(), seen_by: Vec::new() };
        if !self.told && !self.placed {
            return Ok(reached);
        }
        let here = self.log(log)?;
        let mut devices: Vec<Public> = here.seen_from(seq).collect();
        reached.uploaded_to = here.held_from(seq).collect();
        if here.left {
            for (log, seq) in self.again(id)? {
                let twin = self.log(log)?;
                devices.extend(twin.seen_from(seq));
                reached.uploaded_to.extend(twin.held_from(seq));
            }
        }
        if !reached.uploaded_to.is_empty() {
            reached.uploaded_to.sort();
            reached.uploaded_to.dedup();
            reached.state = Delivery::Uploaded;
        }
        if !devices.is_empty() {
            let names = self.names_in(here.project)?;
            let name = |public: &Public| names.get(public).cloned().unwrap_or_else(|| crate::device::name_of(public));
            reached.seen_by = devices.iter().map(name).collect();
            reached.seen_by.sort();
            reached.seen_by.dedup();
            reached.state = Delivery::Seen;
        }
        Ok(reached)
    }

    fn log(&mut self, id: LogId) -> rusqlite::Result<Rc<Log>> {
        if let Some(known) = self.logs.get(&id) {
            return Ok(Rc::clone(known));
        }
        let (project, left) = self
            .connection
            .prepare_cached(
                "SELECT log.project, log.own = 0 AND device.secret IS NOT NULL FROM log JOIN device ON device.n = log.device
                 WHERE log.id = ?1",
            )?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let tellers = if self.told { self.tellers(id)? } else { Vec::new() };
        let mut holders = self.connection.prepare_cached(
            "SELECT remote.name, remote_log.held FROM remote_log JOIN remote ON remote.n = remote_log.remote
             WHERE remote_log.log = ?1",
        )?;
        let holders = holders
            .query_map([id], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
            .collect::<rusqlite::Result<_>>()?;
        let log = Rc::new(Log { project, left, tellers, holders });
        self.logs.insert(id, Rc::clone(&log));
        Ok(log)
    }

    /// Other devices, and the last place that each has told of.
    fn tellers(&self, id: LogId) -> rusqlite::Result<Vec<Teller>> {
        // Who tells of an event with another hash has another log in mind. Neither its writer nor this device is another one.
        self.connection
            .prepare_cached(
                "SELECT device.public, max(seen.seq) FROM seen
             JOIN log here ON here.id = seen.log JOIN event ON event.log = here.n AND event.seq = seen.seq
             JOIN log teller ON teller.id = seen.by JOIN device ON device.n = teller.device
             WHERE seen.log = ?1 AND substr(event.hash, 1, 8) = seen.hash
               AND device.secret IS NULL AND teller.device <> here.device
             GROUP BY device.public",
            )?
            .query_map([id], |row| Ok(Teller { public: row.get(0)?, seq: row.get::<_, i64>(1)?.unsigned_abs() }))?
            .collect()
    }

    /// Where the event was written again.
    fn again(&self, id: Ulid) -> rusqlite::Result<Vec<(LogId, u64)>> {
        self.connection
            .prepare_cached(
                "SELECT log.id, event.seq FROM event JOIN mark ON mark.pos = event.pos JOIN log ON log.n = event.log
                 WHERE event.id = ?1 AND mark.what = 'twin'",
            )?
            .query_map([id.to_bytes()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
            .collect()
    }

    fn names_in(&mut self, project: [u8; 16]) -> rusqlite::Result<BTreeMap<Public, String>> {
        if let Some(known) = self.names.get(&project) {
            return Ok(known.clone());
        }
        let members = Membership::of(self.connection, self.own.unwrap_or_default(), project)?;
        let names: BTreeMap<Public, String> =
            members.members.iter().filter_map(|(public, member)| Some((*public, member.name.clone()?))).collect();
        self.names.insert(project, names.clone());
        Ok(names)
    }
}

impl Journal {
    /// The events with these ids, as far as they have come, in that order; ids that are not known are left out.
    pub fn delivered(&self, ids: &[Ulid]) -> Result<Vec<JournalEntry>, JournalError> {
        self.read(|connection| {
            let _one_picture = connection.unchecked_transaction()?;
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                let filter = Filter { id: Some(*id), limit: Some(1), ..Filter::default() };
                read::for_each(connection, &filter, |_, entry| {
                    found.push(entry);
                    std::ops::ControlFlow::Continue(())
                })?;
            }
            Ok(found)
        })
    }
}
