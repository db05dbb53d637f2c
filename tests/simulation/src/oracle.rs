//! What must be so, worked out from what writers were told is kept and from what each of them named as replaced. It shares no code
//! with the journal's merge: heads, conflicts and merged texts are found here in another way, from the promises in
//! `docs/conflicts.md` alone.

use contract::{FieldState, MergePolicy, Record, RecordField};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use ulid::Ulid;

/// Event, and place in it.
pub type Name = (Ulid, u32);

#[derive(Debug, Clone)]
pub struct Write {
    pub entity: Ulid,
    pub field: String,
    pub word: &'static str,
    pub value: Value,
    pub pred: Vec<Name>,
}

/// One event that was acknowledged, or was found to be there after its process was killed.
#[derive(Debug, Clone)]
pub struct Event {
    pub kind: String,
    pub by: usize,
    pub payload: Value,
    /// Every copy of it was on disks that are lost.
    pub may_be_lost: bool,
}

#[derive(Default)]
pub struct Oracle {
    pub events: BTreeMap<Ulid, Event>,
    pub writes: BTreeMap<Name, Write>,
    pub redacted: BTreeSet<Ulid>,
    /// By event, what it redacted.
    pub redactions: BTreeMap<Ulid, Ulid>,
    /// Redactions of which every copy was on disks that are lost: what they took may be there or not.
    pub unsure: BTreeSet<Ulid>,
    by_entity: BTreeMap<Ulid, Vec<Name>>,
}

/// What a field has to be.
pub struct Expected {
    pub heads: BTreeSet<Name>,
    pub state: FieldState,
    /// Where it can be told without the order of ties.
    pub value: Option<Value>,
}

impl Oracle {
    pub fn wrote(&mut self, id: Ulid, event: Event, writes: Vec<Write>) {
        for (index, write) in (0..).zip(writes) {
            self.by_entity.entry(write.entity).or_default().push((id, index));
            self.writes.insert((id, index), write);
        }
        self.events.insert(id, event);
    }

    pub fn entities(&self) -> impl Iterator<Item = &Ulid> {
        self.by_entity.keys()
    }

    /// The fields of a thing, as they follow from the events that count.
    pub fn expect(&self, entity: Ulid, counts: &dyn Fn(&Ulid) -> bool) -> BTreeMap<String, Expected> {
        let mut fields: BTreeMap<String, Vec<(Name, &Write)>> = BTreeMap::new();
        for name in self.by_entity.get(&entity).into_iter().flatten() {
            let Some(write) = self.writes.get(name).filter(|write| counts(&name.0) && write.word != "frob") else {
                continue;
            };
            fields.entry(write.field.clone()).or_default().push((*name, write));
        }
        fields.into_iter().map(|(field, writes)| (field.clone(), self.field(&field, &writes))).collect()
    }

    fn gone(&self, name: &Name, write: &Write) -> bool {
        write.word != "del" && self.redacted.contains(&name.0)
    }

    fn field(&self, field: &str, writes: &[(Name, &Write)]) -> Expected {
        let named: BTreeSet<Name> = writes
            .iter()
            .flat_map(|(name, write)| write.pred.iter().filter(move |pred| *pred != name))
            .copied()
            .collect();
        let heads: Vec<(Name, &Write)> = writes.iter().filter(|(name, _)| !named.contains(name)).copied().collect();
        let set: BTreeSet<Name> = heads.iter().map(|(name, _)| *name).collect();
        let known: Vec<&(Name, &Write)> = heads.iter().filter(|(name, write)| !self.gone(name, write)).collect();
        let any_gone = known.len() < heads.len();
        match policy(field) {
            MergePolicy::Set => {
                let mut values: Vec<String> = known
                    .iter()
                    .filter(|(_, write)| write.word == "add")
                    .map(|(_, write)| write.value.to_string())
                    .collect();
                values.sort();
                values.dedup();
                let values: Vec<Value> =
                    values.iter().map(|text| serde_json::from_str(text).unwrap_or_default()).collect();
                let state = if values.is_empty() { FieldState::Removed } else { FieldState::Settled };
                Expected { heads: set, state, value: Some(values.into()) }
            }
            MergePolicy::Counter => {
                let sum: i64 = writes.iter().filter_map(|(_, write)| write.value.as_i64()).sum();
                let all = writes.iter().map(|(name, _)| *name).collect();
                Expected { heads: all, state: FieldState::Settled, value: Some(sum.into()) }
            }
            MergePolicy::Max => {
                let most = known.iter().filter_map(|(_, write)| write.value.as_i64()).max();
                Expected { heads: set, state: FieldState::Settled, value: most.map(Value::from) }
            }
            policy => {
                let removed = known.iter().filter(|(_, write)| write.word == "del").count();
                let values: BTreeSet<String> = known
                    .iter()
                    .filter(|(_, write)| write.word != "del")
                    .map(|(_, write)| write.value.to_string())
                    .collect();
                let one = || values.first().and_then(|text| serde_json::from_str::<Value>(text).ok());
                let open =
                    if policy == MergePolicy::LastWriter { FieldState::Concurrent } else { FieldState::Conflict };
                let (state, value) = match (values.len(), removed) {
                    _ if known.is_empty() => (FieldState::Redacted, Some(Value::Null)),
                    (0, _) => (FieldState::Removed, Some(Value::Null)),
                    (1, 0) => (FieldState::Settled, one()),
                    (_, 1..) => (FieldState::Conflict, None),
                    (2, 0) if policy == MergePolicy::Text && !any_gone => match self.merged(&known, writes) {
                        Some(text) => (FieldState::Merged, Some(text.into())),
                        None => (open, None),
                    },
                    _ => (open, None),
                };
                let stays = matches!(state, FieldState::Conflict | FieldState::Concurrent);
                let state = if any_gone && !stays { FieldState::Redacted } else { state };
                Expected { heads: set, state, value }
            }
        }
    }

    /// Two texts of as many lines, each line of which is nowhere else: they are one where the lines that each changed since the last
    /// text that both were made from are apart, or the same.
    fn merged(&self, heads: &[&(Name, &Write)], writes: &[(Name, &Write)]) -> Option<String> {
        let known: BTreeMap<Name, &Write> = writes.iter().copied().collect();
        // Of several that say the same, the first speaks.
        let mut sides: Vec<(Name, &Write)> = heads.iter().map(|head| **head).collect();
        sides.sort_by_key(|(name, _)| *name);
        let first = sides[0];
        let second = *sides.iter().find(|(_, write)| write.value != first.1.value)?;
        let before = |start: Name| -> BTreeSet<Name> {
            let mut found = BTreeSet::new();
            let mut open = vec![start];
            while let Some(name) = open.pop() {
                for pred in known.get(&name).map_or(&[][..], |write| &write.pred) {
                    if found.insert(*pred) {
                        open.push(*pred);
                    }
                }
            }
            found
        };
        let (of_first, of_second) = (before(first.0), before(second.0));
        let common: Vec<Name> = of_first.intersection(&of_second).copied().collect();
        let nearest: Vec<Name> =
            common.iter().filter(|name| !common.iter().any(|other| before(*other).contains(name))).copied().collect();
        let [base] = nearest[..] else { return None };
        let lines =
            |value: &Value| -> Option<Vec<String>> { Some(value.as_str()?.split('\n').map(str::to_owned).collect()) };
        let (base, one, other) = (lines(&known.get(&base)?.value)?, lines(&first.1.value)?, lines(&second.1.value)?);
        let runs = |side: &[String]| -> Vec<(usize, usize)> {
            let mut runs: Vec<(usize, usize)> = Vec::new();
            for at in (0..base.len()).filter(|at| base[*at] != side[*at]) {
                match runs.last_mut() {
                    Some((_, end)) if *end == at => *end = at + 1,
                    _ => runs.push((at, at + 1)),
                }
            }
            runs
        };
        let (ours, theirs) = (runs(&one), runs(&other));
        for a in &ours {
            for b in &theirs {
                let touch = a.0 <= b.1 && b.0 <= a.1;
                if touch && !(a == b && one[a.0..a.1] == other[b.0..b.1]) {
                    return None;
                }
            }
        }
        let line = |at: usize| if one[at] == base[at] { &other[at] } else { &one[at] };
        Some((0..base.len()).map(|at| line(at).as_str()).collect::<Vec<_>>().join("\n"))
    }

    /// What is wrong with a record that a device shows.
    pub fn judge(&self, record: &Record, expected: &BTreeMap<String, Expected>) -> Result<(), String> {
        let has: BTreeMap<&str, &RecordField> =
            record.fields.iter().map(|field| (field.field.as_str(), field)).collect();
        for (name, expected) in expected {
            let Some(field) = has.get(name.as_str()) else {
                return Err(format!("I4: {} lacks `{name}`", record.entity));
            };
            let heads: BTreeSet<Name> = field.heads.iter().filter_map(|head| parsed(&head.op)).collect();
            if heads != expected.heads {
                return Err(format!(
                    "I4: {} `{name}` has the heads {heads:?} and not {:?}",
                    record.entity, expected.heads
                ));
            }
            if field.state != expected.state {
                return Err(format!(
                    "I4: {} `{name}` is {:?} and not {:?}",
                    record.entity, field.state, expected.state
                ));
            }
            if let Some(value) = &expected.value
                && *value != field.value
            {
                return Err(format!("I4: {} `{name}` is {} and not {value}", record.entity, field.value));
            }
        }
        if has.len() > expected.len() {
            return Err(format!("I4: {} has fields that nobody wrote: {:?}", record.entity, has.keys()));
        }
        Ok(())
    }
}

fn parsed(op: &str) -> Option<Name> {
    let (event, index) = op.split_once('/')?;
    Some((event.parse().ok()?, index.parse().ok()?))
}

/// The promise for a field of that name, of which the schedules use each for one policy.
pub fn policy(field: &str) -> MergePolicy {
    match field {
        "labels" => MergePolicy::Set,
        "attempts" | "count" => MergePolicy::Counter,
        "severity" => MergePolicy::Max,
        "body" => MergePolicy::Text,
        "verdict" => MergePolicy::Manual,
        _ => MergePolicy::LastWriter,
    }
}
