//! Merges the operations of one thing into its record. A pure function of the set of operations: neither the order in which
//! they arrived nor any clock counts, and nothing is written.
//!
//! An operation is a head of its field when no other operation of the field lists it in `pred`. One that was redacted still
//! replaces what it replaced: a value that somebody wrote anew does not come back because the new one was deleted.

use crate::op::{Op, OpId, OpKind};
use crate::planted;
use crate::text3;
use contract::{Actor, FieldState, MergePolicy, PolicyOutcome, Record, RecordField, RecordWrite};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

/// One operation, and what its event says of it.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub id: OpId,
    pub op: Op,
    /// Its value was redacted; what it replaced is known.
    pub redacted: bool,
    pub at: String,
    pub actor: Actor,
    /// What breaks ties: Lamport number, log, place in the log.
    pub order: (u64, [u8; 16], u64),
}

impl Written {
    fn order(&self) -> ((u64, [u8; 16], u64), u32) {
        (self.order, self.id.index)
    }

    /// Whether it had a value that is not known any more. A removal needs none.
    fn is_gone(&self) -> bool {
        self.redacted && self.op.op != OpKind::Del
    }
}

/// Policies of fields whose operations do not say it themselves: the first word of the kind, and the field.
const POLICIES: [(&str, &str, MergePolicy); 12] = [
    ("note", "body", MergePolicy::Text),
    ("note", "labels", MergePolicy::Set),
    ("review", "body", MergePolicy::Text),
    ("review", "labels", MergePolicy::Set),
    ("review", "reviewers", MergePolicy::Set),
    ("review", "reactions", MergePolicy::Set),
    ("review", "links", MergePolicy::Set),
    ("review", "verdict", MergePolicy::Manual),
    ("review", "assignee", MergePolicy::Manual),
    ("review", "state", MergePolicy::Manual),
    ("check", "severity", MergePolicy::Max),
    ("check", "firstSeen", MergePolicy::Min),
];

fn policy(kind: &str, field: &str, ops: &[Written]) -> MergePolicy {
    let listed = POLICIES.iter().find(|(of, name, _)| *of == kind && *name == field);
    let any = |kind: &OpKind| ops.iter().any(|written| written.op.op == *kind);
    match listed {
        Some((.., policy)) => *policy,
        None if any(&OpKind::Add) => MergePolicy::Set,
        None if any(&OpKind::Inc) => MergePolicy::Counter,
        None if any(&OpKind::Text) => MergePolicy::Text,
        None => MergePolicy::LastWriter,
    }
}

/// The record of a thing. `kind` is the first word of its events' kinds.
pub(crate) fn merge(entity: String, kind: &str, mut ops: Vec<Written>, events: u64, passed_over: u64) -> Record {
    ops.sort_by_key(Written::order);
    ops.dedup_by_key(|written| written.id);
    let mut by_field: BTreeMap<String, Vec<Written>> = BTreeMap::new();
    for written in ops {
        // What a later version does to a field is not understood here, and must not be half understood.
        if !matches!(written.op.op, OpKind::Other(_)) {
            by_field.entry(written.op.field.clone()).or_default().push(written);
        }
    }
    let fields = by_field.into_iter().map(|(field, ops)| merge_field(kind, field, &ops)).collect();
    Record { entity, kind: kind.to_owned(), events, passed_over, fields }
}

/// `ops` are in their order, and at least one.
fn merge_field(kind: &str, field: String, ops: &[Written]) -> RecordField {
    let policy = policy(kind, &field, ops);
    let replaced: HashSet<OpId> =
        ops.iter().flat_map(|by| by.op.pred.iter().filter(|op| **op != by.id)).copied().collect();
    let replaced = if planted("first-named-alone-goes") {
        ops.iter().filter_map(|by| by.op.pred.first()).copied().collect()
    } else {
        replaced
    };
    let mut heads: Vec<&Written> = ops.iter().filter(|written| !replaced.contains(&written.id)).collect();
    if heads.is_empty() {
        // Operations that replace each other in a circle, which no honest writer makes: the last of them stands.
        heads.extend(ops.last());
    }
    let outcome = |policy| match policy {
        MergePolicy::Set => set(ops, &replaced),
        MergePolicy::Counter => counter(ops),
        MergePolicy::Max | MergePolicy::Min => extreme(&heads, policy == MergePolicy::Max),
        MergePolicy::LastWriter => one(&heads, FieldState::Concurrent, true),
        MergePolicy::Text => text(ops, &heads).unwrap_or_else(|| {
            let differing = if planted("conflict-hidden") { FieldState::Concurrent } else { FieldState::Conflict };
            one(&heads, differing, true)
        }),
        MergePolicy::Manual => one(&heads, FieldState::Conflict, false),
    };
    let (value, shown, state) = outcome(policy);
    let decides = matches!(state, FieldState::Conflict | FieldState::Merged);
    let would = [MergePolicy::LastWriter, MergePolicy::Text, MergePolicy::Manual].into_iter().filter(|_| decides);
    let policies = would.map(|policy| {
        let (value, _, state) = outcome(policy);
        PolicyOutcome { policy, state, value }
    });
    let policies: Vec<PolicyOutcome> = policies.collect();
    let ancestor = two_texts(&heads).filter(|_| decides).and_then(|(one, other)| ancestor(ops, one, other));
    let ancestor = ancestor.filter(|base| !base.is_gone()).map(|base| base.op.value.clone());
    // In a set and a counter an input is whatever still counts, replaced or not.
    let inputs: Vec<&Written> = match policy {
        MergePolicy::Counter => ops.iter().collect(),
        _ => heads,
    };
    // What is for somebody to decide stays so.
    let open = matches!(state, FieldState::Conflict | FieldState::Concurrent);
    let state = if !open && inputs.iter().any(|written| written.is_gone()) { FieldState::Redacted } else { state };
    let heads = inputs.into_iter().map(|written| RecordWrite {
        op: written.id.to_string(),
        kind: written.op.op.word().to_owned(),
        value: written.op.value.clone(),
        redacted: written.redacted,
        at: written.at.clone(),
        actor: written.actor.clone(),
        shown: shown.contains(&written.id),
        saw: written.op.pred.iter().map(OpId::to_string).collect(),
    });
    RecordField { field, policy, state, value, heads: heads.collect(), ancestor, policies }
}

type Outcome = (Value, HashSet<OpId>, FieldState);

/// One of several: the last that is not a removal, because what was edited while somebody took it away is still wanted.
fn one(heads: &[&Written], differing: FieldState, shows: bool) -> Outcome {
    let known: Vec<&Written> = heads.iter().copied().filter(|written| !written.is_gone()).collect();
    if known.is_empty() || !shows && known.len() < heads.len() {
        // Of two decisions of which one was redacted, neither counts until somebody decides.
        let state = if heads.len() > 1 && !shows { FieldState::Conflict } else { FieldState::Redacted };
        return (Value::Null, HashSet::new(), state);
    }
    let heads = &known[..];
    let removal = |written: &&&Written| written.op.op == OpKind::Del;
    let alike = heads.windows(2).all(|pair| {
        let is_removal = |written: &Written| written.op.op == OpKind::Del;
        is_removal(pair[0]) == is_removal(pair[1]) && pair[0].op.value == pair[1].op.value
    });
    let Some(last) = heads.iter().rev().find(|written| !removal(written)) else {
        return (Value::Null, HashSet::new(), FieldState::Removed);
    };
    if alike {
        // The same change by several is one change.
        return (last.op.value.clone(), heads.iter().map(|written| written.id).collect(), FieldState::Settled);
    }
    // A removal beside an edit is for somebody to decide, whatever the policy.
    let state = if heads.iter().any(|written| removal(&written)) { FieldState::Conflict } else { differing };
    if shows { (last.op.value.clone(), HashSet::from([last.id]), state) } else { (Value::Null, HashSet::new(), state) }
}

/// Two texts that were made from one, where they changed different lines of it. `None` where there are not two of them.
fn text(ops: &[Written], heads: &[&Written]) -> Option<Outcome> {
    let (first, second) = two_texts(heads)?;
    let base = ancestor(ops, first, second)?;
    let merged = text3::merge(base.op.value.as_str()?, first.op.value.as_str()?, second.op.value.as_str()?)?;
    Some((merged.into(), heads.iter().map(|written| written.id).collect(), FieldState::Merged))
}

/// The write that both were made from.
fn ancestor<'w>(ops: &'w [Written], one: &Written, other: &Written) -> Option<&'w Written> {
    let known: BTreeMap<OpId, &Written> = ops.iter().map(|written| (written.id, written)).collect();
    let pred = |op: OpId| known.get(&op).map_or(&[][..], |written| &written.op.pred[..]);
    known.get(&text3::ancestor(one.id, other.id, pred)?).copied()
}

/// Two texts that differ, and nothing beside them.
fn two_texts<'w>(heads: &[&'w Written]) -> Option<(&'w Written, &'w Written)> {
    let mut sides: Vec<&Written> = heads.to_vec();
    if sides.iter().any(|written| written.is_gone() || written.op.op == OpKind::Del) {
        return None;
    }
    // The same text by several is one side, for which the first by its id speaks, so that every device asks the same.
    sides.sort_by_key(|written| written.id);
    let mut found: Vec<&Written> = Vec::new();
    for side in sides {
        if found.iter().all(|known| known.op.value != side.op.value) {
            // Of thousands nobody asks which others they are like.
            if found.len() == 2 {
                return None;
            }
            found.push(side);
        }
    }
    let [first, second] = found[..] else { return None };
    Some((first, second))
}

/// What was added, or set as a list, and was not replaced: a removal takes what its writer had seen, and nothing else.
fn set(ops: &[Written], replaced: &HashSet<OpId>) -> Outcome {
    let standing = ops.iter().filter(|written| !replaced.contains(&written.id) && written.op.op != OpKind::Del);
    let standing = standing.filter(|written| !written.redacted);
    let taken = planted("removal-takes-unseen") && ops.iter().any(|written| written.op.op == OpKind::Del);
    let standing = standing.skip(usize::from(taken));
    let (mut values, mut shown) = (Vec::new(), HashSet::new());
    for written in standing {
        shown.insert(written.id);
        match &written.op.value {
            Value::Array(items) if written.op.op == OpKind::Set => values.extend(items.iter().cloned()),
            value => values.push(value.clone()),
        }
    }
    values.sort_by_cached_key(Value::to_string);
    values.dedup();
    let state = if values.is_empty() { FieldState::Removed } else { FieldState::Settled };
    (Value::Array(values), shown, state)
}

fn counter(ops: &[Written]) -> Outcome {
    let counted = ops.iter().filter(|written| written.op.op == OpKind::Inc && !written.redacted);
    let (mut sum, mut shown) = (0_i128, HashSet::new());
    for written in counted {
        sum += i128::from(written.op.value.as_i64().unwrap_or(0));
        shown.insert(written.id);
    }
    // Summed up first, so that the order does not count where it overflows.
    let sum = i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX });
    (sum.into(), shown, FieldState::Settled)
}

fn extreme(heads: &[&Written], largest: bool) -> Outcome {
    let numbers = heads.iter().filter(|written| written.op.op != OpKind::Del);
    let numbers = numbers.filter_map(|written| Some((written.op.value.as_f64()?, written)));
    let best = numbers.reduce(|best, next| {
        let better = if largest { next.0 > best.0 } else { next.0 < best.0 };
        if better { next } else { best }
    });
    match best {
        Some((_, written)) => (written.op.value.clone(), HashSet::from([written.id]), FieldState::Settled),
        None => one(heads, FieldState::Concurrent, true),
    }
}

#[cfg(test)]
mod tests;
