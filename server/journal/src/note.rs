//! Notes as their events make them: a pure function from a set of events to notes, whatever the order they come in.
//! It reads no text of a file and writes nothing; whoever has the texts finds the places again.
//!
//! ```text
//! note.add      entity = the event's own id   {"ops":[{"f":"anchor","op":"set","v":{…}},{"f":"body","op":"text","v":"…"}]}
//! note.edit     entity = the note             {"ops":[{"f":"body","op":"text","v":"…","pred":["<event>/<index>"]}]}
//! note.edit     entity = the note             {"ops":[{"f":"anchor","op":"set","v":{…},"pred":["<event>/<index>"]}]}
//! note.retract  entity = the note             {"ops":[{"f":"body","op":"del","pred":["<event>/<index>"]}]}
//! ```
//!
//! A version stands until an operation names it in `pred`. Two that do not name each other stand side by side, a removal
//! beside a text included: nothing is dropped because something else came later. A version that was redacted still stands
//! in place of those that it replaced: an earlier text does not come back.

use crate::op::{MAX_PRED, Op, OpId, OpKind, ops_of, ops_value};
use crate::thing::{Building, NoteRecord, record};
use contract::{JournalEntry, NoteAnchor};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use ulid::Ulid;

/// Kinds of the events of notes begin so.
pub const NOTE_KINDS: &str = "note.";
/// Longest text of a note, in bytes.
pub const MAX_NOTE: usize = 64 << 10;
/// Longest path of an anchor, in bytes.
const MAX_PATH: usize = 4096;
/// Most lines that are quoted, characters of one, lines with a hash, and neighbours on each side.
pub const QUOTED: (usize, usize, usize, usize) = (8, 200, 64, 3);

/// The payload of an event that adds a note.
pub fn note_added(body: &str, anchor: &NoteAnchor) -> Value {
    payload(&[Op::set("anchor", json!(anchor)), Op::new("body", OpKind::Text, body)])
}

/// The payload of an event that writes a note anew, in place of the versions whose operations are `pred`.
pub fn note_edited(body: &str, pred: &[OpId]) -> Value {
    payload(&replacing(&Op::new("body", OpKind::Text, body), pred))
}

/// The payload of an event that puts a note to another place, instead of where the operations `pred` put it.
pub fn note_moved(anchor: &NoteAnchor, pred: &[OpId]) -> Value {
    payload(&replacing(&Op::set("anchor", json!(anchor)), pred))
}

/// The payload of an event that removes a note: the versions whose operations are `pred`.
pub fn note_retracted(pred: &[OpId]) -> Value {
    payload(&replacing(&Op::new("body", OpKind::Del, Value::Null), pred))
}

/// The operation, as often as it takes to name all that it replaces: one names [`MAX_PRED`] at most, and saying the same several times
/// says one thing.
pub(crate) fn replacing(op: &Op, pred: &[OpId]) -> Vec<Op> {
    let mut parts: Vec<&[OpId]> = pred.chunks(MAX_PRED).collect();
    if parts.is_empty() {
        parts.push(&[]);
    }
    parts.into_iter().map(|part| op.clone().replacing(part.iter().copied())).collect()
}

pub(crate) fn payload(ops: &[Op]) -> Value {
    json!({ "ops": ops_value(ops) })
}

/// Whether a path stays in its workspace on every system: relative, `/` between its parts, no part `.`, `..` or empty,
/// nothing that another system reads as a drive or a folder, no control character.
pub fn is_inside(path: &str) -> bool {
    let sound = |part: &str| !matches!(part, "" | "." | "..");
    path.len() <= MAX_PATH
        && path.split('/').all(sound)
        && !path.contains(|c: char| c.is_control() || c == '\\')
        && path.as_bytes().get(1) != Some(&b':')
}

/// The files that a payload of an event of a note puts it on: one, or none.
pub(crate) fn anchored_on(payload: &Value) -> Vec<String> {
    let ops = ops_of(payload).unwrap_or_default();
    let anchors = ops.into_iter().filter(|op| op.field == "anchor" && op.op == OpKind::Set);
    anchors.filter_map(|op| op.value.get("path")?.as_str().filter(|path| is_inside(path)).map(str::to_owned)).collect()
}

/// The notes of a set of events. Events may come in any order, and more than once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notes {
    pub(crate) notes: BTreeMap<Ulid, Building>,
}

impl Notes {
    /// Takes one event in; those of other kinds change nothing, and those that are held back neither: what is not relied on
    /// is read in the story of the note, with its reason.
    pub fn apply(&mut self, entry: &JournalEntry) {
        let (Ok(id), Ok(entity)) = (entry.id.parse::<Ulid>(), entry.entity.parse::<Ulid>()) else { return };
        if !matches!(entry.kind.as_str(), "note.add" | "note.edit" | "note.retract") {
            return;
        }
        self.notes.entry(entity).or_default().take(id, entry, entry.kind == "note.add" && id == entity);
    }

    /// The notes, in the order in which they were added, removed ones too. Those whose first event has not arrived are
    /// not among them, nor those of which nothing is relied on.
    pub fn records(&self) -> impl Iterator<Item = NoteRecord> + '_ {
        self.notes.iter().filter_map(|(id, building)| record(*id, building))
    }

    /// One note, removed or not.
    pub fn record(&self, id: Ulid) -> Option<NoteRecord> {
        record(id, self.notes.get(&id)?)
    }
}
