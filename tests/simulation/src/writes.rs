//! What people write, several events at once, and what the oracle is told of it.

use crate::device::{Standing, draft};
use crate::oracle::{Event, Name, Write};
use crate::schedule::World;
use contract::Lane;
use holdover_journal::{Draft, Filter, Journal, OpId, simulated};
use serde_json::{Value, json};
use ulid::Ulid;

/// Lines of a body: enough that two changes may be apart.
const LINES: usize = 7;

/// Something that is to be written.
struct Wish {
    draft: Draft,
    kind: String,
    entity: Ulid,
    payload: Value,
    writes: Vec<Write>,
}

impl World {
    fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Writes one to four events in one transaction, at which the process may end.
    pub fn write(&mut self, d: usize) {
        let many = 1 + self.chance.weighed(&[6, 2, 1, 1]);
        let mut wishes = Vec::new();
        for _ in 0..many {
            let wish = self.wish(d);
            wishes.push(wish);
        }
        self.operations += many as u64;
        if self.chance.one_in(25) {
            simulated::ends_at(1, self.chance.one_in(2));
            self.faults += 1;
            self.cases.hit(1);
        }
        let drafts: Vec<Draft> = wishes.iter().map(|wish| wish.draft.clone()).collect();
        let before = self.devices[d].the().head().unwrap_or(0);
        let written = self.told(d, |journal, _| journal.append_all(&drafts, true));
        match written {
            Some((Ok(ids), _)) => {
                for (id, wish) in ids.into_iter().zip(wishes) {
                    self.acknowledged(d, id, wish);
                }
            }
            Some((Err(error), false)) => self.wrong(format!("I1: device {d} could not write: {error}")),
            None => {}
            // It ended there: what is in the journal now was written.
            Some((Err(_), true)) => {
                let there = serials_after(self.devices[d].the(), before);
                let found = wishes.iter().filter(|wish| there.iter().any(|(_, n)| *n == wish.payload["n"])).count();
                if found != 0 && found != wishes.len() {
                    self.wrong(format!(
                        "I1: of one transaction of device {d} {found} of {} events are there",
                        wishes.len()
                    ));
                }
                for wish in wishes {
                    if let Some((id, _)) = there.iter().find(|(_, n)| *n == wish.payload["n"]) {
                        self.acknowledged(d, *id, wish);
                    }
                }
            }
        }
    }

    fn acknowledged(&mut self, d: usize, id: Ulid, wish: Wish) {
        self.trace.say(&format!("{d} wrote {id} {}", wish.payload));
        let event = Event { kind: wish.kind, by: d, payload: wish.payload, may_be_lost: false };
        if let Some(secret) = event.payload["ops"][0]["v"].as_str().filter(|text| text.starts_with("secret")) {
            self.secrets.push((id, secret.to_owned()));
        }
        for write in &wish.writes {
            self.fields.insert((write.entity, write.field.clone()));
        }
        if !self.entities.iter().any(|(known, _)| *known == wish.entity) {
            let word = event.kind.split('.').next().unwrap_or_default().to_owned();
            self.entities.push((wish.entity, word));
        }
        self.oracle.wrote(id, event, wish.writes);
    }

    /// A thing of that kind which this device has, or a new one.
    fn thing(&mut self, d: usize, word: &str) -> (Ulid, bool) {
        let known: Vec<Ulid> =
            self.entities.iter().filter(|(_, known)| known == word).map(|(entity, _)| *entity).collect();
        // Few things with many writers.
        if known.len() < 2 && !self.chance.one_in(3) || known.is_empty() {
            return (self.new_thing(), true);
        }
        let entity = known[self.chance.below(known.len())];
        let here = self.devices[d].the().record(entity, None).ok().flatten().is_some();
        if here { (entity, false) } else { (self.new_thing(), true) }
    }

    fn new_thing(&mut self) -> Ulid {
        let n = u128::from(self.serial());
        Ulid::from_parts(self.now.unsigned_abs(), n << 64 | u128::from(self.chance.next()))
    }

    fn wish(&mut self, d: usize) -> Wish {
        let n = self.serial();
        let (mut kind, mut lane, mut intent) = ("note.edit", Lane::Notes, true);
        let mut ops: Vec<(&str, &'static str, Value, Vec<OpId>)> = Vec::new();
        let (word, choice) = match self.chance.weighed(&[10, 3, 2, 3, 3, 4, 2, 1, 1]) {
            0 => ("note", 0),
            1 => ("note", 1),
            2 => ("note", 2),
            3 => ("check", 3),
            4 => ("review", 4),
            5 => ("x", 5),
            6 => ("note", 6),
            7 => ("x", 7),
            _ => ("later", 8),
        };
        let (entity, is_new) = self.thing(d, word);
        let device = &self.devices[d];
        let has_body = !device.shows(entity, "body").0.is_empty();
        match choice {
            0 | 6 if is_new || !has_body => {
                kind = "note.add";
                let text = (0..LINES).map(|line| format!("line {line} of {n}")).collect::<Vec<_>>().join("\n");
                ops.push(("body", "set", text.into(), device.shows(entity, "body").0));
                ops.push(("labels", "add", format!("label {}", n % 5).into(), Vec::new()));
                ops.push(("attempts", "inc", 1.into(), Vec::new()));
            }
            0 => {
                let (heads, value) = device.shows(entity, "body");
                let pred = self.named(heads);
                let text = value.as_str().unwrap_or("gone").to_owned();
                let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
                lines.resize(LINES, "more".to_owned());
                // Each line is nowhere else, so that what two changed can be told.
                for (at, line) in lines.iter_mut().enumerate().filter(|(_, line)| *line == "more" || *line == "gone") {
                    *line = format!("line {at} again by {n}");
                }
                for change in 0..1 + self.chance.below(2) {
                    let at = self.chance.below(LINES);
                    lines[at] = format!("changed {change} by {n}");
                }
                ops.push(("body", "set", lines.join("\n").into(), pred));
            }
            1 => {
                let heads = device.shows(entity, "labels").0;
                if heads.is_empty() || self.chance.one_in(2) {
                    ops.push(("labels", "add", format!("label {}", n % 7).into(), Vec::new()));
                } else {
                    let taken = heads[self.chance.below(heads.len())];
                    ops.push(("labels", "del", Value::Null, vec![taken]));
                }
            }
            2 => ops.push(("attempts", "inc", (n % 5).into(), Vec::new())),
            3 => {
                (kind, lane) = ("check.found", Lane::Review);
                let pred = if self.chance.one_in(2) { device.shows(entity, "severity").0 } else { Vec::new() };
                ops.push(("severity", "set", (n % 10).into(), pred));
            }
            4 => {
                (kind, lane) = ("review.decision", Lane::Review);
                let heads = device.shows(entity, "verdict").0;
                let pred = self.named(heads);
                let verdict = ["approved", "rejected", "later"][self.chance.below(3)];
                ops.push(("verdict", "set", verdict.into(), pred));
            }
            5 => {
                kind = "x.named";
                let heads = device.shows(entity, "title").0;
                let pred = self.named(heads);
                ops.push(("title", "set", format!("secret {n:08}").into(), pred));
            }
            6 => {
                kind = "note.retract";
                let heads = device.shows(entity, "body").0;
                let pred = self.named(heads);
                ops.push(("body", "del", Value::Null, pred));
                self.cases.hit(26);
            }
            7 => {
                (kind, lane, intent) = ("x.seen", Lane::Observations, false);
                ops.push(("count", "inc", 1.into(), Vec::new()));
            }
            _ => {
                kind = "later.thing";
                ops.push(("shape", "frob", json!({"of": n}), Vec::new()));
                self.cases.hit(28);
            }
        }
        let written: Vec<Value> = ops
            .iter()
            .map(|(field, word, value, pred)| {
                let mut op = json!({"f": field, "op": word});
                if !value.is_null() {
                    op["v"] = value.clone();
                }
                if !pred.is_empty() {
                    op["pred"] = pred.iter().map(OpId::to_string).collect::<Vec<_>>().into();
                }
                op
            })
            .collect();
        let payload = json!({"ops": written, "n": n});
        let mut draft = draft(self.devices[d].workspace, kind, lane, entity, &payload, &format!("person {d}"));
        draft.intent = intent;
        let names = |pred: &[OpId]| pred.iter().map(|op| (op.event, op.index)).collect::<Vec<Name>>();
        let writes = ops
            .iter()
            .map(|(field, word, value, pred)| Write {
                entity,
                field: (*field).to_owned(),
                word,
                value: value.clone(),
                pred: names(pred),
            })
            .collect();
        Wish { draft, kind: kind.to_owned(), entity, payload, writes }
    }

    /// What a write names as replaced: what its writer sees, and now and then only a part of it, or nothing.
    fn named(&mut self, mut heads: Vec<OpId>) -> Vec<OpId> {
        if heads.len() > 2 {
            self.cases.hit(27);
        }
        if heads.len() > 1 && self.chance.one_in(3) {
            heads.truncate(1);
            self.cases.hit(27);
        } else if self.chance.one_in(8) {
            heads.clear();
        }
        heads
    }

    /// Deletes what somebody wrote who counts at the end.
    pub fn redact(&mut self, d: usize) {
        self.operations += 1;
        let open: Vec<Ulid> =
            self.secrets.iter().map(|(id, _)| *id).filter(|id| !self.oracle.redacted.contains(id)).collect();
        let Some(id) = self.chance.pick(&open).copied() else { return };
        // One whose word counts, of something that it has and that counts.
        let counts = |device: usize| self.devices[device].standing == Standing::Member && Some(device) != self.victim;
        let author = self.oracle.events[&id].by;
        if !counts(d)
            || !counts(author)
            || self.devices[d].the().redactable(id).ok().flatten().is_none_or(|known| known.gone)
        {
            return;
        }
        let actor = holdover_journal::holdover();
        match self.alive(d, |journal, _| journal.redact(&[id], "said too much", &actor)) {
            Some(Ok(by)) => {
                self.trace.say(&format!("{d} redacted {id}"));
                self.oracle.redactions.extend(by.into_iter().map(|by| (by, id)));
                self.oracle.redacted.insert(id);
                let heads = self
                    .oracle
                    .writes
                    .values()
                    .filter(|write| write.pred.iter().any(|(event, _)| *event == id))
                    .count();
                if heads > 0 {
                    self.cases.hit(25);
                }
            }
            Some(Err(error)) => self.wrong(format!("device {d} could not redact: {error}")),
            None => {}
        }
    }
}

/// Events after a place that carry a number of ours.
pub fn serials_after(journal: &Journal, after: u64) -> Vec<(Ulid, Value)> {
    let filter = Filter { after: Some(after), ..Filter::default() };
    let entries = journal.entries(&filter).unwrap_or_default();
    entries.into_iter().filter_map(|entry| Some((entry.id.parse().ok()?, entry.payload.get("n")?.clone()))).collect()
}
