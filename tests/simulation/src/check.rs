//! The end of a schedule: faults end, everybody synchronises, and what must be so is looked at.
//! I1 nothing that was acknowledged is lost; I2 all have the same; I3 every chain is sound; I4 heads, conflicts and merges are those of
//! the oracle; I5 what was redacted is in no file of a device; I6 no work without news.

use crate::device::{PROJECT, Standing};
use crate::schedule::World;
use crate::store::Weather;
use contract::JournalEntry;
use holdover_journal::{Filter, Segment};
use holdover_sync::SegmentName;
use memchr::memmem::Finder;
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
        self.find_what_nobody_can_hand_on(&members, &has);
        // A redaction that went with its disk: as the first has it, all have to.
        for id in self.oracle.unsure.clone() {
            let there = has.first().and_then(|(_, first)| first.all.get(&id));
            if there.is_some_and(|entry| !entry.payload.is_null()) {
                self.oracle.redacted.remove(&id);
            }
        }
        // A revocation that went with its disk, and that nobody had heard: it was never said.
        let is_known = |id: &Ulid| has.iter().any(|(_, has)| has.all.contains_key(id));
        self.revocation_unsure &= !self.revocation.is_some_and(|id| is_known(&id));
        self.nothing_lost(&has);
        self.all_the_same(&has);
        self.chains(&members);
        self.all_lies_there(&members);
        if self.wrongs.is_empty()
            && self.stuck.is_empty()
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
        // Clocks stay wrong in every other schedule, and are set right in the others.
        if self.chance.one_in(2) {
            self.devices.iter_mut().for_each(|device| device.wrong_by = 0);
        }
        let mut quiet = false;
        for round in 0..10 {
            // What is changed where it lies, and is as long as before, only a thorough look finds; the others come first.
            let deep = self.blanked && round == 2;
            if quiet && (round > 2 || !self.blanked) {
                break;
            }
            quiet = round > 0;
            self.now += LATER;
            for d in &all {
                self.devices[*d].frozen = None;
                // Clocks go: one that stands still tells nobody when to try again, and before 1970 all do.
                if self.devices[*d].clock(self.now) == 0 {
                    self.devices[*d].wrong_by = 0;
                }
                let outcome = self.sync(*d, Weather::default(), deep, true);
                quiet &= outcome.as_ref().is_some_and(|outcome| outcome.received + outcome.segments_sent == 0);
                let stopped = outcome.as_ref().and_then(|outcome| outcome.stopped.clone());
                if outcome.is_none() || stopped.is_some() {
                    self.wrong(format!(
                        "device {d} does not synchronise in round {round}, with nothing in its way: {stopped:?}"
                    ));
                }
                if round == 1 {
                    self.all_is_dealt_with(*d);
                }
            }
        }
    }

    /// With nothing in its way, and long after what was refused is tried again, a device has what lies there, keeps it apart, or says
    /// what it waits for.
    fn all_is_dealt_with(&mut self, d: usize) {
        if self.key.is_some() || self.devices[d].standing != Standing::Member {
            return;
        }
        let journal = self.devices[d].the();
        let here: BTreeMap<_, _> =
            journal.log_heads(PROJECT).unwrap_or_default().into_iter().map(|(log, _, head, _)| (log, head)).collect();
        let apart: BTreeSet<_> =
            journal.quarantined().unwrap_or_default().into_iter().map(|apart| (apart.log, apart.first)).collect();
        let missing = self.missing.get(&d).cloned().unwrap_or_default();
        let mut passed_over = None;
        for (name, bytes) in &self.store.look().place.files {
            let Ok(segment) = Segment::read(bytes) else { continue };
            let is_named = segment.origin.log == name.log
                && (segment.first, segment.last) == (name.first, name.last)
                && segment.hash.starts_with(&name.hash);
            let is_ours = segment.origin.project == PROJECT || segment.origin.lane == 0;
            let is_here = here.get(&name.log).is_some_and(|head| *head >= name.last);
            if is_named
                && is_ours
                && !is_here
                && !apart.contains(&(name.log, name.first))
                && !missing.contains(&name.log)
            {
                passed_over = Some(format!("I1: device {d} passes over {name}, and says nothing of it"));
            }
        }
        passed_over.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    /// What any of them can hand on lies on the storage: whoever comes to it finds it there.
    fn all_lies_there(&mut self, members: &[usize]) {
        if self.key.is_some() {
            return;
        }
        let mut wrongs = Vec::new();
        for d in members {
            let inner = self.store.look();
            for one in self.devices[*d].the().carried(PROJECT).unwrap_or_default() {
                let name = SegmentName::of(&one.sealed);
                let mut files = (1..=9).map(|copy| inner.place.files.get(&name.in_copy(copy)));
                // Where damaged files have every name, nothing is overwritten.
                let is_there = files.clone().flatten().any(|bytes| bytes.len() as u64 == one.bytes)
                    || files.all(|file| file.is_some());
                if !is_there {
                    wrongs.push(format!("I1: device {d} holds {name}, and it does not lie on the storage"));
                }
            }
        }
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    /// Events in logs of which a part can be handed on by nobody: a redaction took something out of a segment, only its owner can seal
    /// it again, and the owner is gone or was set back. Those who have them keep them; the others have to be told.
    fn find_what_nobody_can_hand_on(&mut self, members: &[usize], has: &[(usize, Has)]) {
        let mut runs: BTreeMap<[u8; 16], BTreeSet<(u64, u64)>> = BTreeMap::new();
        for d in members {
            for one in self.devices[*d].the().carried(PROJECT).unwrap_or_default() {
                runs.entry(one.sealed.log).or_default().insert((one.sealed.first, one.sealed.last));
            }
        }
        let reach = |log: &[u8; 16]| {
            let runs = runs.get(log).into_iter().flatten();
            runs.fold(0, |reach, (first, last)| if *first <= reach + 1 { reach.max(*last) } else { reach })
        };
        for (_, has) in has {
            for (id, entry) in &has.all {
                let mut log = [0; 16];
                if hex::decode_to_slice(&entry.log, &mut log).is_ok() && reach(&log) < entry.seq {
                    self.stuck.insert(*id, log);
                }
            }
        }
        // Where somebody has it in a log that can be handed on, it is none of them.
        for (_, has) in has {
            for (id, entry) in &has.all {
                let mut log = [0; 16];
                if hex::decode_to_slice(&entry.log, &mut log).is_ok() && reach(&log) >= entry.seq {
                    self.stuck.remove(id);
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
            return (!self.revocation_unsure).then(|| self.before_cutoff.contains(id));
        }
        (!event.may_be_lost).then_some(true)
    }

    /// Whether a device says that it lacks the part of a log in which that event is, and nobody can hand that on.
    fn is_told(&self, d: usize, id: &Ulid) -> bool {
        let log = self.stuck.get(id);
        log.is_some_and(|log| self.missing.get(&d).is_some_and(|missing| missing.contains(log)))
    }

    fn nothing_lost(&mut self, has: &[(usize, Has)]) {
        let mut wrongs = Vec::new();
        for (d, has) in has {
            for (id, event) in &self.oracle.events {
                let there = has.all.get(id);
                match self.must(id) {
                    Some(true) => match there {
                        None if self.is_told(*d, id) => {}
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
            if let Some(id) = ones.symmetric_difference(&others).find(|id| !self.stuck.contains_key(id)) {
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
        let gone: Vec<Finder<'static>> = self
            .secrets
            .iter()
            .filter(|(id, _)| self.oracle.redacted.contains(id) && self.must(id) == Some(true))
            .map(|(_, secret)| Finder::new(secret).into_owned())
            .collect();
        if gone.is_empty() {
            return;
        }
        let mut wrongs = Vec::new();
        for d in members {
            for file in fs::read_dir(&self.devices[*d].folder).into_iter().flatten().flatten() {
                let bytes = fs::read(file.path()).unwrap_or_default();
                for secret in &gone {
                    if secret.find(&bytes).is_some() {
                        let secret = String::from_utf8_lossy(secret.needle());
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
            // The first segment of a log that waits for another is looked at each time.
            let waits = outcome.as_ref().map_or(0, |outcome| outcome.waiting);
            let most = 4 + u64::from(self.gathers) + waits;
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
