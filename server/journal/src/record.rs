//! The record of one thing, read from its events: now, or as it was when an event had arrived.
//! Nothing of it is stored, so nothing of it can be out of date or outlive a redaction.

use crate::error::JournalError;
use crate::header::Header;
use crate::journal::Journal;
use crate::merge::{Written, merge};
use crate::op::{Op, OpId, ops_of};
use crate::read::{self, Filter};
use crate::time::rfc3339;
use contract::Record;
use rusqlite::OptionalExtension;
use std::collections::HashMap;
use ulid::Ulid;

/// Events of one thing that are merged; of one that has more, the first.
const MOST: usize = 100_000;

impl Journal {
    /// What the events about a thing say together. `until`: as it was in this journal when that event had arrived. `None`
    /// where no event is about it, or the journal does not know `until`.
    pub fn record(&self, entity: Ulid, until: Option<Ulid>) -> Result<Option<Record>, JournalError> {
        self.read(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            let mut filter = Filter { entity: Some(entity), limit: Some(MOST), ..Filter::default() };
            if let Some(until) = until {
                let place: Option<i64> = snapshot
                    .query_row(
                        "SELECT min(pos) FROM event WHERE id = ?1 HAVING count(*) > 0",
                        [until.to_bytes()],
                        |row| row.get(0),
                    )
                    .optional()?;
                let Some(place) = place else { return Ok(None) };
                filter.before = Some(place.unsigned_abs() + 1);
            }
            let (mut firsts, mut orders) = (Vec::new(), HashMap::new());
            let (mut ops, mut events, mut passed_over) = (Vec::new(), 0, 0);
            read::each_stored(&snapshot, &filter, |event| {
                // Of an event that was written again, others may have the last copy alone: that one breaks ties.
                let place = order(&event.header);
                if event.twin || event.held.is_none() {
                    let last = orders.entry(event.header.id).or_insert(place);
                    *last = place.max(*last);
                }
                if event.twin {
                    return;
                }
                events += 1;
                let word = event.header.kind.split('.').next().unwrap_or_default();
                // By its first event in the order of ties, so that arrival does not count.
                firsts.push((event.header.id, place, word.to_owned()));
                // What is kept apart is not relied on; it stays in the story, with its reason.
                let payload = event.payload.as_ref().filter(|_| event.held.is_none());
                let found = ops_of(payload.unwrap_or(&serde_json::Value::Null)).unwrap_or_default();
                let left: &[Op] = if event.held.is_none() { &event.left } else { &[] };
                passed_over += u64::from(found.is_empty());
                let all = found.into_iter().map(|op| (op, false)).chain(left.iter().map(|op| (op.clone(), true)));
                ops.extend((0_u32..).zip(all).map(|(index, (op, redacted))| Written {
                    id: OpId::new(event.header.id, index),
                    op,
                    redacted,
                    at: rfc3339(event.header.wall_ms),
                    actor: event.header.actor.clone(),
                    order: place,
                }));
            })?;
            let last_of = |id: &Ulid, place| match orders.get(id) {
                Some(last) if !crate::planted("first-copy-breaks-ties") => *last,
                _ => place,
            };
            for written in &mut ops {
                written.order = last_of(&written.id.event, written.order);
            }
            let first = firsts.into_iter().map(|(id, place, word)| (last_of(&id, place), word)).min();
            Ok(first.map(|(_, kind)| merge(entity.to_string(), &kind, ops, events, passed_over)))
        })
    }
}

fn order(header: &Header) -> (u64, [u8; 16], u64) {
    (header.lamport, header.log, header.seq)
}
