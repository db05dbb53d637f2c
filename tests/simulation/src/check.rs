//! The end of a schedule: faults end, everybody synchronises, and what must be so is looked at.
//! I1 nothing that was acknowledged is lost; I2 all have the same; I3 every chain is sound; I4 heads, conflicts and merges are those of
//! the oracle; I5 what was redacted is in no file of a device; I6 no work without news.

use crate::device::Standing;
use crate::schedule::World;
use crate::store::Weather;
use contract::JournalEntry;
use holdover_journal::Filter;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use ulid::Ulid;

/// Later than anything that was refused is left alone.
const LATER: i64 = 3_600_000;

/// What a device has of what is shared.
struct Has {
    all: BTreeMap<Ulid, JournalEntry>,
    counting: BTreeSet<Ulid>,
}

impl World {
    pub fn end(&mut self) {
        self.heal();
        let members = self.members();
        self.redact_for_all(&members);
        let has: Vec<(usize, Has)> = members.iter().map(|d| (*d, self.has(*d))).collect();
        // A redaction that went with its disk: as the first has it, all have to.
        for id in self.oracle.unsure.clone() {
            let there = has.first().and_then(|(_, first)| first.all.get(&id));
            if there.is_some_and(|entry| !entry.payload.is_null()) {
                self.oracle.redacted.remove(&id);
            }
        }
        self.nothing_lost(&has);
        self.all_the_same(&has);
        self.chains(&members);
        if self.wrongs.is_empty()
            && let Some((_, first)) = has.first()
        {
            self.records(&members, &first.counting);
        }
        self.no_secrets(&members);
        // Devices that heard of everything in another order each have shown the same by now.
        self.cases.hit(43);
        self.idle(&members);
    }

    fn members(&self) -> Vec<usize> {
        (0..self.devices.len()).filter(|d| self.devices[*d].standing == Standing::Member).collect()
    }

    fn heal(&mut self) {
        {
            let inner = &mut *self.store.look();
            inner.arrive();
            inner.branch = None;
            inner.mistaken = None;
            inner.poisoned.clear();
        }
        let all: Vec<usize> = (0..self.devices.len()).filter(|d| self.devices[*d].standing != Standing::Gone).collect();
        let mut quiet = false;
        for round in 0..8 {
            if quiet {
                break;
            }
            quiet = round > 0;
            self.now += LATER;
            for d in &all {
                self.devices[*d].frozen = None;
                // Clocks stay wrong and go: one that stands still tells nobody when to try again, and before 1970 all do.
                if self.devices[*d].clock(self.now) == 0 {
                    self.devices[*d].wrong_by = 0;
                }
                let outcome = self.sync(*d, Weather::default(), self.blanked && round < 2, true);
                quiet &= outcome.as_ref().is_some_and(|outcome| outcome.received + outcome.segments_sent == 0);
                let stopped = outcome.as_ref().and_then(|outcome| outcome.stopped.clone());
                if outcome.is_none() || stopped.is_some() {
                    self.wrong(format!(
                        "device {d} does not synchronise in round {round}, with nothing in its way: {stopped:?}"
                    ));
                }
            }
        }
    }

    fn redact_for_all(&mut self, members: &[usize]) {
        for d in members {
            if let Some(Err(error)) = self.alive(*d, |journal, _| journal.erase()) {
                self.wrong(format!("device {d} could not clean its files: {error}"));
            }
        }
    }

    fn has(&self, d: usize) -> Has {
        let mut all = BTreeMap::new();
        let mut counting = BTreeSet::new();
        for entry in self.devices[d].the().entries(&Filter::default()).unwrap_or_default() {
            if entry.lane == contract::Lane::Local {
                continue;
            }
            let Ok(id) = entry.id.parse() else { continue };
            if entry.held.is_none() {
                counting.insert(id);
            }
            all.insert(id, entry);
        }
        Has { all, counting }
    }

    /// Whether an event has to be there and to count; `None`: it may.
    fn must(&self, id: &Ulid) -> Option<bool> {
        let event = self.oracle.events.get(id)?;
        if self.hostile.as_ref().is_some_and(|hostile| hostile.doubted.contains(id)) {
            return None;
        }
        if self.revoked && Some(event.by) == self.victim {
            return Some(self.before_cutoff.contains(id));
        }
        (!event.may_be_lost).then_some(true)
    }

    fn nothing_lost(&mut self, has: &[(usize, Has)]) {
        let mut wrongs = Vec::new();
        for (d, has) in has {
            for (id, event) in &self.oracle.events {
                let there = has.all.get(id);
                match self.must(id) {
                    Some(true) => match there {
                        None => wrongs.push(format!("I1: device {d} lacks {id} of device {}", event.by)),
                        Some(entry) if entry.held.is_some() => {
                            wrongs.push(format!("I1: device {d} holds {id} of device {}: {:?}", event.by, entry.held));
                        }
                        Some(entry) => {
                            let is_gone = entry.payload.is_null();
                            if is_gone != self.oracle.redacted.contains(id) {
                                let said = if is_gone { "has no payload" } else { "was redacted and has its payload" };
                                wrongs.push(format!("I5: {id} {said} on device {d}"));
                            } else if !is_gone && entry.payload != event.payload {
                                wrongs.push(format!("I1: {id} says something else on device {d}"));
                            } else if entry.kind != event.kind {
                                wrongs.push(format!("I1: {id} is of another kind on device {d}"));
                            }
                        }
                    },
                    Some(false) if has.counting.contains(id) => {
                        wrongs.push(format!("I3: {id} counts on device {d} though its device was revoked before"));
                    }
                    _ => {}
                }
            }
            for (id, entry) in &has.all {
                if let Some(wrong) = self.hostile.as_ref().and_then(|hostile| hostile.judge(&has.all, id, entry)) {
                    wrongs.push(format!("{wrong}, on device {d}"));
                }
                let ours = entry.payload.get("n").is_some() || entry.payload.is_null() || !entry.kind.starts_with("x.");
                let ours = ours || entry.kind == "x.lied";
                if entry.kind == "x.forged" && self.hostile.is_none() || !ours && entry.kind != "x.forged" {
                    wrongs.push(format!("I3: device {d} took {id} in, which nobody of the team wrote"));
                }
            }
        }
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    fn all_the_same(&mut self, has: &[(usize, Has)]) {
        // Of two histories that a member tells each device keeps the one that it heard first.
        let counts = |has: &Has| -> BTreeSet<Ulid> {
            has.counting.iter().filter(|id| has.all[id].kind != "x.forged").copied().collect()
        };
        let Some((first, one)) = has.first() else { return };
        let ones = counts(one);
        for (d, other) in &has[1..] {
            let others = counts(other);
            if let Some(id) = ones.symmetric_difference(&others).next() {
                let lacks = if ones.contains(id) { d } else { first };
                let entry = one.all.get(id).or(other.all.get(id));
                let kind = entry.map_or("?", |entry| &entry.kind).to_owned();
                return self.wrong(format!("I2: {id} ({kind}) does not count on device {lacks} alone"));
            }
        }
    }

    fn chains(&mut self, members: &[usize]) {
        for d in members {
            if let Err(error) = self.devices[*d].the().verify() {
                self.wrong(format!("I3: device {d}: {error}"));
            }
        }
    }

    fn records(&mut self, members: &[usize], counting: &BTreeSet<Ulid>) {
        let mut wrongs = Vec::new();
        for entity in self.oracle.entities() {
            let expected = self.oracle.expect(*entity, &|id| counting.contains(id));
            let mut one: Option<String> = None;
            for d in members {
                let record = match self.devices[*d].the().record(*entity, None) {
                    Ok(Some(record)) => record,
                    Ok(None) if expected.is_empty() => continue,
                    Ok(None) => {
                        wrongs.push(format!("I1: device {d} shows nothing of {entity}"));
                        continue;
                    }
                    Err(error) => {
                        wrongs.push(format!("device {d}: {error}"));
                        continue;
                    }
                };
                let judged = self.oracle.judge(&record, &expected).map_err(|wrong| format!("{wrong}, on device {d}"));
                if let Err(wrong) = judged {
                    wrongs.push(wrong);
                }
                // What does not count is in the story of a thing, and may have come to some alone.
                let fields = serde_json::to_string(&record.fields).unwrap_or_default();
                if one.get_or_insert_with(|| fields.clone()) != &fields {
                    wrongs.push(format!("I2: device {d} shows another record of {entity} than device {}", members[0]));
                }
            }
            self.trace.say(&one.unwrap_or_default());
        }
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    fn no_secrets(&mut self, members: &[usize]) {
        let gone: Vec<String> = self
            .secrets
            .iter()
            .filter(|(id, _)| self.oracle.redacted.contains(id) && self.must(id) == Some(true))
            .map(|(_, secret)| secret.clone())
            .collect();
        if gone.is_empty() {
            return;
        }
        let mut wrongs = Vec::new();
        for d in members {
            for file in fs::read_dir(&self.devices[*d].folder).into_iter().flatten().flatten() {
                let bytes = fs::read(file.path()).unwrap_or_default();
                for secret in &gone {
                    if holds(&bytes, secret.as_bytes()) {
                        wrongs.push(format!("I5: {} of device {d} holds `{secret}`", file.file_name().display()));
                    }
                }
            }
        }
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    /// With nothing new, nobody reads or puts anything.
    fn idle(&mut self, members: &[usize]) {
        if !self.wrongs.is_empty() {
            return;
        }
        self.cases.hit(44);
        self.now += 8 * LATER;
        let members: Vec<usize> = members.to_vec();
        let asked = |world: &World| {
            let inner = world.store.look();
            (inner.puts, inner.asked)
        };
        // What was refused is looked at again now and then, and nothing else.
        for d in members {
            self.sync(d, Weather::default(), false, true);
            let before = asked(self);
            let outcome = self.sync(d, Weather::default(), false, true);
            let after = asked(self);
            let most = 4 + u64::from(self.gathers);
            if before.0 != after.0 || after.1 - before.1 > most {
                self.wrong(format!(
                    "I6: device {d} asked {} questions and put {} with nothing new: {outcome:?}",
                    after.1 - before.1,
                    after.0 - before.0
                ));
            }
        }
    }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    let first = what[0];
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == first) {
        at += found;
        if bytes[at..].starts_with(what) {
            return true;
        }
        at += 1;
    }
    false
}
