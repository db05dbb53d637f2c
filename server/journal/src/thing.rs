//! One thing of a synchronised record as its events make it: a note, a review, a thread or a comment of one. A text with versions, a
//! place, and fields that are set. A pure function of the set of its events, whatever the order they come in.

use crate::note::{MAX_NOTE, QUOTED, is_inside};
use crate::note_settled::restores;
use crate::op::{OpId, OpKind, ops_of};
use crate::text3;
use contract::{Actor, Delivery, JournalEntry, Lane, NoteAnchor, NoteVersion};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use ulid::Ulid;

/// Fields that are set, beside the text and the place: those of reviews.
const SET: [&str; 6] = ["review", "thread", "range", "state", "verdict", "published"];

/// How far one event of a note has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteCame {
    /// How far.
    pub state: Delivery,
    /// Names of the remotes that hold it.
    pub uploaded_to: Vec<String>,
    /// Names of the other devices that have told that they have it.
    pub seen_by: Vec<String>,
}

/// One note as its events make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRecord {
    /// The event that added it.
    pub id: Ulid,
    /// Whether it is on the lane of notes, which goes to colleagues; else it is on the local one.
    pub shared: bool,
    /// Who added it.
    pub author: Actor,
    /// RFC 3339: when.
    pub created: String,
    /// Where it was put; the workspace where that was redacted or points out of it.
    pub anchor: NoteAnchor,
    /// The operations that a new place replaces: those that no other has replaced.
    pub placed: Vec<OpId>,
    /// The versions that no other replaces, newest first, equal ones as one. Empty where none can be read, or known of.
    pub versions: Vec<NoteVersion>,
    /// How far its newest event has come.
    pub state: Delivery,
    /// How far each of its events has come.
    pub events: BTreeMap<Ulid, NoteCame>,
    ops: BTreeSet<OpId>,
}

impl NoteRecord {
    /// Names of the other devices that have told that they have its newest event.
    pub fn seen_by(&self) -> &[String] {
        self.events.last_key_value().map_or(&[], |(_, came)| &came.seen_by)
    }

    /// Names of the remotes that hold its newest event.
    pub fn uploaded_to(&self) -> &[String] {
        self.events.last_key_value().map_or(&[], |(_, came)| &came.uploaded_to)
    }

    /// Whether this is one of the operations that wrote or removed its text, replaced or not.
    pub fn has(&self, op: OpId) -> bool {
        self.ops.contains(&op)
    }

    /// Whether every version says that it is removed, or none can be read any more.
    pub fn is_removed(&self) -> bool {
        self.versions.iter().all(|version| version.body.is_none())
    }
}

/// A value that was written to a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    pub(crate) pred: Vec<OpId>,
    pub(crate) value: Value,
    pub(crate) redacted: bool,
    pub(crate) author: Actor,
    pub(crate) at: String,
    /// The operation whose value it says that it writes again.
    restores: Option<OpId>,
    state: Delivery,
}

/// The values of one field, by operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Field {
    pub(crate) written: BTreeMap<OpId, Written>,
    replaced: BTreeSet<OpId>,
}

impl Field {
    /// Newest first. Where operations replace each other in a circle, which no sound writer makes, all of them stand.
    pub(crate) fn heads(&self) -> Vec<(&OpId, &Written)> {
        let standing = |(id, _): &(&OpId, &Written)| !self.replaced.contains(*id);
        let heads: Vec<_> = self.written.iter().rev().filter(standing).collect();
        if heads.is_empty() { self.written.iter().rev().collect() } else { heads }
    }

    /// Who wrote a value, and when: of one that was put back, whoever wrote it first, where that can be looked up.
    fn first<'f>(&'f self, written: &'f Written) -> &'f Written {
        let before = |of: &'f Written| {
            let before = of.restores.and_then(|op| self.written.get(&op))?;
            (!before.redacted && before.value == of.value).then_some(before)
        };
        let mut first = written;
        // It may have been put back several times; no more often than there are writes, were they to name each other in a circle.
        for _ in 0..self.written.len() {
            let Some(earlier) = before(first) else { break };
            first = earlier;
        }
        first
    }
}

fn set(name: &str) -> Option<&'static str> {
    SET.into_iter().find(|known| *known == name)
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Building {
    added: Option<(bool, Actor, String)>,
    /// Whether what added it is not relied on.
    is_held: bool,
    pub(crate) anchor: Field,
    pub(crate) body: Field,
    /// The fields of [`SET`].
    pub(crate) set: BTreeMap<&'static str, Field>,
    events: BTreeMap<Ulid, NoteCame>,
}

impl Building {
    /// Takes one of its events in. `is_first`: the one that the thing is named after.
    pub(crate) fn take(&mut self, id: Ulid, entry: &JournalEntry, is_first: bool) {
        let (uploaded_to, seen_by) = (entry.uploaded_to.clone(), entry.seen_by.clone());
        self.events.insert(id, NoteCame { state: entry.state, uploaded_to, seen_by });
        // Only the event that it is named after says who added it and where it may go.
        if is_first {
            let shared = matches!(entry.lane, Lane::Notes | Lane::Review);
            self.added = Some((shared, entry.actor.clone(), entry.at.clone()));
            self.is_held = entry.held.is_some();
        }
        if entry.held.is_some() {
            return;
        }
        // What cannot be read is kept in the journal and changes nothing here.
        let ops = ops_of(&entry.payload).unwrap_or_default();
        for (index, op) in (0_u32..).zip(ops) {
            let restores = restores(&op);
            let (field, value) = match (op.field.as_str(), op.op, op.value) {
                ("anchor", OpKind::Set, anchor @ Value::Object(_)) => (&mut self.anchor, anchor),
                ("body", OpKind::Text | OpKind::Set, Value::String(text)) => (&mut self.body, Value::String(cut(text))),
                ("body", OpKind::Del, _) => (&mut self.body, Value::Null),
                (name, OpKind::Set, value) => match set(name) {
                    Some(name) => (self.set.entry(name).or_default(), value),
                    None => continue,
                },
                _ => continue,
            };
            field.replaced.extend(&op.pred);
            let written = Written {
                pred: op.pred,
                value,
                redacted: false,
                author: entry.actor.clone(),
                at: entry.at.clone(),
                restores,
                state: entry.state,
            };
            field.written.insert(OpId::new(id, index), written);
        }
        for (index, left) in (0_u32..).zip(&entry.left) {
            let (field, redacted) = match (left.field.as_str(), left.op.as_str()) {
                ("anchor", "set") => (&mut self.anchor, true),
                ("body", "text" | "set") => (&mut self.body, true),
                ("body", "del") => (&mut self.body, false),
                (name, "set") => match set(name) {
                    Some(name) => (self.set.entry(name).or_default(), true),
                    None => continue,
                },
                _ => continue,
            };
            let pred: Vec<OpId> = left.pred.iter().filter_map(|op| op.parse().ok()).collect();
            field.replaced.extend(&pred);
            let (author, at, state) = (entry.actor.clone(), entry.at.clone(), entry.state);
            field.written.insert(
                OpId::new(id, index),
                Written { pred, value: Value::Null, redacted, author, at, restores: None, state },
            );
        }
    }
}

pub(crate) fn record(id: Ulid, building: &Building) -> Option<NoteRecord> {
    let (shared, author, created) = building.added.clone()?;
    let state = building.events.last_key_value()?.1.state;
    let placed = building.anchor.heads().into_iter().map(|(op, _)| *op).collect();
    let anchor = building.anchor.heads().first().and_then(|(_, written)| anchor_of(&written.value)).unwrap_or_default();
    let mut versions: Vec<NoteVersion> = Vec::new();
    let mut known = HashMap::new();
    for (op, written) in building.body.heads() {
        let body = written.value.as_str();
        let at = *known.entry((body, written.redacted)).or_insert_with(|| {
            versions.push(NoteVersion {
                ops: Vec::new(),
                body: body.map(str::to_owned),
                redacted: written.redacted,
                author: building.body.first(written).author.clone(),
                at: building.body.first(written).at.clone(),
                state: written.state,
                merged: Vec::new(),
            });
            versions.len() - 1
        });
        versions[at].ops.push(op.to_string());
    }
    // One that a member has written on stands all the same.
    if building.is_held && versions.is_empty() {
        return None;
    }
    if let Some(merged) = merged(&building.body, &versions) {
        versions = vec![merged];
    }
    let ops = building.body.written.keys().copied().collect();
    let events = building.events.clone();
    Some(NoteRecord { id, shared, author, created, anchor, placed, versions, state, events, ops })
}

/// Two texts that were made from one and changed different lines of it, as one version.
fn merged(body: &Field, versions: &[NoteVersion]) -> Option<NoteVersion> {
    let [newer, older] = versions else { return None };
    let (text, other) = (newer.body.as_deref()?, older.body.as_deref()?);
    let first = |version: &NoteVersion| version.ops.iter().filter_map(|op| op.parse::<OpId>().ok()).min();
    let pred = |op: OpId| body.written.get(&op).map_or(&[][..], |written| &written.pred[..]);
    let base = body.written.get(&text3::ancestor(first(newer)?, first(older)?, pred)?)?;
    let together = text3::merge(base.value.as_str()?, text, other)?;
    Some(NoteVersion {
        ops: [&newer.ops[..], &older.ops[..]].concat(),
        body: Some(together),
        state: newer.state.min(older.state),
        merged: versions.to_vec(),
        ..newer.clone()
    })
}

/// An anchor as far as it can be relied on: `None` for what points out of the workspace.
pub(crate) fn anchor_of(value: &Value) -> Option<NoteAnchor> {
    let mut anchor = NoteAnchor::deserialize(value).ok()?;
    if anchor.path.as_deref().is_some_and(|path| !is_inside(path)) {
        return None;
    }
    if anchor.path.is_none() || anchor.line.is_none() {
        return Some(NoteAnchor { path: anchor.path, ..NoteAnchor::default() });
    }
    let (quoted, characters, hashed, around) = QUOTED;
    anchor.lines = anchor.lines.max(1);
    anchor.quote.truncate(quoted);
    for line in &mut anchor.quote {
        if let Some((at, _)) = line.char_indices().nth(characters) {
            line.truncate(at);
        }
    }
    anchor.hashes.truncate(hashed);
    anchor.before.truncate(around);
    anchor.after.truncate(around);
    Some(anchor)
}

/// A text of another writer may be longer than ours are; no front end has to show a megabyte.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > MAX_NOTE {
        let end = (0..=MAX_NOTE).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
