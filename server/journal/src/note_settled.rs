//! What an event that settled a note stood in place of: the versions that were there before, so that they can be put back. A pure
//! function of the note's events; writes nothing.

use crate::note::Notes;
use crate::op::{Op, OpId, OpKind};
use crate::text3;
use crate::thing::cut;
use serde_json::{Value, json};
use ulid::Ulid;

/// A version that was replaced: the operation that wrote it, and its text, `None` where it removed the note.
pub type Replaced = (OpId, Option<String>);

/// What an event wrote in place of several versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Its operations: several where one could not name all that it replaced.
    pub ops: Vec<OpId>,
    /// The versions, oldest first; one whose text is not known, because it was redacted or has not arrived, is not among them.
    pub versions: Vec<Replaced>,
    /// How many there were.
    pub count: usize,
    /// The text that both of two were made from, where it is known.
    pub base: Option<Replaced>,
    /// Whether nobody has written since.
    pub stands: bool,
}

impl Notes {
    /// What an event of a note settled. `None` where it wrote in place of one version, or of none.
    pub fn settled(&self, note: Ulid, event: Ulid) -> Option<Settled> {
        let body = &self.notes.get(&note)?.body;
        let own = body.written.iter().filter(|(op, _)| op.event == event);
        let (ops, pred): (Vec<OpId>, Vec<&[OpId]>) = own.map(|(op, written)| (*op, &written.pred[..])).unzip();
        let replaced = pred.concat();
        if replaced.len() < 2 {
            return None;
        }
        let known = |op: &OpId| {
            let written = body.written.get(op).filter(|written| !written.redacted)?;
            Some((*op, written.value.as_str().map(str::to_owned)))
        };
        let versions: Vec<Replaced> = replaced.iter().filter_map(known).collect();
        let mut distinct: Vec<&Replaced> = Vec::new();
        for version in &versions {
            if !distinct.iter().any(|other| other.1 == version.1) {
                distinct.push(version);
            }
        }
        let pred = |op: OpId| body.written.get(&op).map_or(&[][..], |written| &written.pred[..]);
        let base = match distinct[..] {
            [one, other] => text3::ancestor(one.0, other.0, pred).and_then(|op| known(&op)),
            _ => None,
        };
        let heads: Vec<OpId> = body.heads().into_iter().map(|(head, _)| *head).collect();
        let stands = ops.iter().all(|op| heads.contains(op));
        Some(Settled { ops, count: replaced.len(), versions, base: base.filter(|base| base.1.is_some()), stands })
    }
}

/// The kind and the payload of an event that puts a version of a note back, in place of what `pred` wrote: its text, or its removal.
/// `restores` is the operation that wrote it first, whose writer stays its author; `undoes` the event that is taken back.
pub fn note_restored(text: Option<&str>, restores: Option<OpId>, pred: &[OpId], undoes: Ulid) -> (&'static str, Value) {
    let (kind, mut op) = match text {
        Some(text) => ("note.edit", Op::new("body", OpKind::Text, cut(text.to_owned()))),
        None => ("note.retract", Op::new("body", OpKind::Del, Value::Null)),
    };
    if let Some(restores) = restores {
        op.rest.insert(RESTORES.to_owned(), json!(restores.to_string()));
    }
    (kind, json!({ "ops": [op.replacing(pred.iter().copied()).to_value()], "undoes": undoes.to_string() }))
}

/// A field of an operation: the one whose value it writes again.
const RESTORES: &str = "restores";

/// The operation whose value this one says that it writes again.
pub(crate) fn restores(op: &Op) -> Option<OpId> {
    op.rest.get(RESTORES)?.as_str()?.parse().ok()
}
