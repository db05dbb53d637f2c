//! What goes wrong with clocks, disks, processes and the storage, beside what goes wrong with single questions.

use crate::device::{Device, Standing};
use crate::schedule::World;
use crate::store::{Place, Weather};
use holdover_journal::{Journal, NO_PROJECT, OpenError};
use holdover_sync::{Class, Identity};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ulid::Ulid;

const YEARS: i64 = 10 * 365 * 86_400_000;
/// Most devices, copies included.
const MOST: usize = 7;

impl World {
    pub fn clocks(&mut self, d: usize) {
        self.cases.hit(16);
        self.faults += 1;
        let device = &mut self.devices[d];
        device.frozen = None;
        // One that is ahead is often noticed, and set right.
        let is_noticed = device.wrong_by >= YEARS / 2 && self.chance.one_in(2);
        device.wrong_by = match self.chance.below(if is_noticed { 1 } else { 6 }) {
            _ if is_noticed => 0,
            0 => YEARS,
            1 => -YEARS,
            // Before 1970.
            2 => -6 * YEARS,
            3 => {
                device.frozen = Some(device.clock(self.now));
                device.wrong_by
            }
            4 => device.wrong_by - 3_600_000,
            _ => 0,
        };
        self.trace.say(&format!("the clock of {d} is wrong by {}", self.devices[d].wrong_by));
    }

    pub fn harm_store(&mut self) {
        self.faults += 1;
        let what = self.chance.weighed(&[4, 4, 2, 1, 3, 2, 3, 2, 2]);
        self.trace.say(&format!("the storage: {what}"));
        let chance = &mut self.chance;
        let cases = &mut self.cases;
        let inner = &mut *self.store.look();
        let names: Vec<_> = inner.place.files.keys().copied().collect();
        match what {
            0 => {
                for name in &names {
                    if chance.one_in(3) {
                        inner.place.files.remove(name);
                    }
                }
                cases.hit(11);
            }
            1 => {
                for _ in 0..1 + chance.below(3) {
                    let Some(name) = chance.pick(&names) else { break };
                    let mut bytes = inner.place.files.get(name).map(|bytes| bytes.to_vec()).unwrap_or_default();
                    let at = if bytes.is_empty() { 0 } else { chance.below(bytes.len()) };
                    match chance.below(3) {
                        0 => bytes.truncate(at),
                        1 => bytes.fill(0),
                        _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 4),
                    }
                    inner.place.files.insert(*name, Arc::new(bytes));
                }
                self.blanked = true;
                cases.hit(11);
            }
            2 => {
                if let Some(before) = chance.pick(&inner.before).cloned() {
                    inner.place = before;
                    cases.hit(9);
                }
            }
            3 => {
                inner.place = Place::default();
                cases.hit(10);
            }
            4 => {
                let log = names.first().map_or([3; 16], |name| name.log);
                inner.place.heads.insert((2, log), 999_999);
                for seq in inner.place.heads.values_mut() {
                    if chance.one_in(2) {
                        *seq = if chance.one_in(2) { *seq + 100 } else { 1 };
                    }
                }
                cases.hit(8);
            }
            // Two states of one remote, and later one of them again, or both.
            5 => match inner.branch.take() {
                None => inner.branch = Some(inner.place.clone()),
                Some(branch) => {
                    match chance.below(3) {
                        0 => inner.place = branch,
                        1 => inner.place.files.extend(branch.files),
                        _ => {}
                    }
                    cases.hit(9);
                }
            },
            6 => {
                if let Some(name) = chance.pick(&names) {
                    inner.poisoned.push(*name);
                    inner.place.files.remove(name);
                    if inner.poisoned.len() > 2 {
                        inner.poisoned.clear();
                    }
                }
            }
            7 => {
                inner.arrive();
                // The same segment once more beside itself.
                for name in names.iter().take(2) {
                    if let Some(bytes) = inner.place.files.get(name).cloned() {
                        inner.place.files.insert(name.in_copy(2), bytes);
                    }
                }
                cases.hit(4);
            }
            _ => {
                drop(inner.mistaken.take());
            }
        }
    }

    /// What happens to a device without any remote.
    pub fn on_its_own(&mut self, d: usize) {
        self.operations += 1;
        self.faults += 1;
        let (copied, back) = if self.copies { (10, 6) } else { (3, 3) };
        let what = self.chance.weighed(&[6, copied, 3, back, 2, 3, 3, 4, 4]);
        self.trace.say(&format!("{d} on its own: {what}"));
        match what {
            0 => self.restart(d),
            1 => self.copy_runs_too(d),
            2 => self.image(d),
            3 if self.images.is_empty() => self.image(d),
            3 => self.image_back(),
            4 => self.database_lost(d),
            5 => {
                self.cases.hit(19);
                self.now += 183 * 86_400_000;
            }
            6 => self.revoke(),
            7 => self.by_stick(d),
            _ => self.wrong_remote(d),
        }
    }

    fn restart(&mut self, d: usize) {
        self.devices[d].wake(self.now);
        self.devices[d].stop();
        if let Err(error) = self.devices[d].start() {
            self.wrong(format!("device {d} does not start again: {error}"));
        }
    }

    /// A virtual machine is copied as it stands, disk and all; or only its files are, to another disk.
    fn copy_runs_too(&mut self, d: usize) {
        let n = self.devices.len();
        if n >= MOST || self.victim == Some(d) {
            return;
        }
        self.cases.hit(12);
        let disk = if self.chance.one_in(2) { self.devices[d].disk.clone() } else { format!("disk {n}") };
        let to = self.folder.join(format!("device-{n}"));
        self.devices[d].wake(self.now);
        self.devices[d].stop();
        copy(&self.devices[d].folder, &to);
        self.restart(d);
        match Device::open(n, &to, &disk, self.now) {
            Ok(mut device) => {
                device.wrong_by = self.devices[d].wrong_by;
                self.devices.push(device);
            }
            Err(error) => self.wrong(format!("a copy of device {d} does not start: {error}")),
        }
    }

    fn ours(&self, d: usize) -> BTreeSet<Ulid> {
        let journal = self.devices[d].the();
        let ids = journal.entries(&holdover_journal::Filter::default()).unwrap_or_default();
        ids.into_iter().filter_map(|entry| entry.id.parse().ok()).collect()
    }

    /// Keeps what is on the disk now.
    fn image(&mut self, d: usize) {
        if self.victim == Some(d) || self.images.len() > 2 {
            return;
        }
        let to = self.folder.join(format!("image-{}-{}", self.operations, d));
        self.devices[d].wake(self.now);
        self.devices[d].stop();
        copy(&self.devices[d].folder, &to);
        self.restart(d);
        let has = self.ours(d);
        self.images.push((d, to, has));
    }

    /// The disk is as it was when the image was made: power was lost and the disk had lied, a machine was set back, or a backup was put back.
    fn image_back(&mut self) {
        if self.images.is_empty() {
            return;
        }
        let (d, from, had) = self.images.remove(self.chance.below(self.images.len()));
        if self.devices[d].standing != Standing::Member {
            return;
        }
        let kind = self.chance.below(3);
        self.cases.hit(if kind == 0 { 2 } else { 13 });
        let lost: BTreeSet<Ulid> = self.ours(d).difference(&had).copied().collect();
        self.lose(d, &lost);
        let folder = self.devices[d].folder.clone();
        self.devices[d].stop();
        let witness = fs::read(folder.join("journal.witness")).ok();
        let _ = fs::remove_dir_all(&folder);
        copy(&from, &folder);
        match kind {
            0 => {}
            // The database alone is put back.
            1 => {
                if let Some(witness) = witness {
                    let _ = fs::write(folder.join("journal.witness"), witness);
                }
            }
            _ => self.devices[d].disk = format!("disk {d} after {}", self.operations),
        }
        self.restart(d);
    }

    /// What lay on a disk is not there any more: what nobody else has may be lost.
    fn lose(&mut self, d: usize, lost: &BTreeSet<Ulid>) {
        let mut elsewhere = BTreeSet::new();
        for other in (0..self.devices.len()).filter(|other| *other != d) {
            if self.devices[other].standing == Standing::Member && Some(other) != self.victim {
                elsewhere.extend(self.ours(other));
            }
        }
        for id in lost.difference(&elsewhere) {
            if let Some(event) = self.oracle.events.get_mut(id) {
                event.may_be_lost = true;
            }
            self.revocation_unsure |= self.revocation == Some(*id);
            if let Some(target) = self.oracle.redactions.get(id) {
                self.oracle.unsure.insert(*target);
            }
        }
    }

    fn database_lost(&mut self, d: usize) {
        let members = self.devices.iter().filter(|device| device.standing == Standing::Member).count();
        if d == 0 || members < 4 || self.victim == Some(d) || self.devices.len() >= MOST {
            return;
        }
        self.cases.hit(14);
        let all = self.ours(d);
        self.devices[d].standing = Standing::Gone;
        self.lose(d, &all);
        self.devices[d].wake(self.now);
        self.devices[d].stop();
        let folder = self.devices[d].folder.clone();
        for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
            let _ = fs::remove_file(folder.join(file));
        }
        // It says so, and makes no new one in its place, of which others would think that it is the old.
        if !matches!(Journal::open(&folder), Err(OpenError::DatabaseMissing { .. })) {
            self.wrong(format!("device {d} opened a journal whose database is lost"));
        }
        let n = self.devices.len();
        self.join(n);
    }

    fn revoke(&mut self) {
        let Some(victim) = self.victim.filter(|_| !self.revoked) else { return };
        self.cases.hit(29);
        let id = self.devices[victim].the().own_device().map(|own| own.id).unwrap_or_default();
        self.devices[0].wake(self.now);
        let known = self.devices[0].the().devices(NO_PROJECT).unwrap_or_default();
        if !known.devices.iter().any(|device| device.id == id) {
            return;
        }
        if let Err(error) = self.devices[0].the().revoke(NO_PROJECT, &id, "it was stolen") {
            return self.wrong(format!("device {victim} could not be revoked: {error}"));
        }
        self.revoked = true;
        let words = self.devices[0].the().entries(&holdover_journal::Filter::default()).unwrap_or_default();
        let word = words.iter().rfind(|entry| entry.kind == "device.revoked");
        self.revocation = word.and_then(|entry| entry.id.parse().ok());
        self.devices[victim].standing = Standing::Revoked;
        self.before_cutoff = self.ours(0);
    }

    /// Every segment of a device, by hand, to another, in any order; and what was redacted comes so too.
    fn by_stick(&mut self, d: usize) {
        self.cases.hit(42);
        let mut carried: Vec<Arc<Vec<u8>>> = {
            let inner = self.store.look();
            let old = inner.before.first().map(|place| place.files.clone()).unwrap_or_default();
            if self.key.is_some() {
                Vec::new()
            } else {
                old.into_values().chain(inner.place.files.values().cloned()).collect()
            }
        };
        for at in (1..carried.len()).rev() {
            carried.swap(at, self.chance.below(at + 1));
        }
        if !self.oracle.redacted.is_empty() && !carried.is_empty() {
            self.cases.hit(24);
        }
        carried.truncate(12);
        // Refused is what was damaged or lacks what stands in front of it.
        self.alive(d, |journal, _| carried.iter().for_each(|bytes| drop(journal.import(bytes))));
    }

    fn wrong_remote(&mut self, d: usize) {
        self.cases.hit(40);
        let Some(own) = self.store.look().identity.clone() else { return };
        // Each of the two that tell is wrong alone.
        let other = if self.chance.one_in(2) {
            Identity { project: [1; 16], ..own }
        } else {
            Identity { id: "another".to_owned(), ..own }
        };
        self.store.look().mistaken = Some(other);
        let before = self.moved();
        let outcome = self.sync(d, Weather::default(), true, true);
        let after = self.moved();
        self.store.look().mistaken = None;
        if before != after {
            self.wrong(format!("device {d} read or wrote on another remote"));
        }
        let refused = outcome.and_then(|outcome| outcome.stopped).is_some_and(|error| error.class == Class::Integrity);
        if !refused {
            self.wrong(format!("device {d} was not told that it is another remote"));
        }
    }

    /// Two processes of one device, by turns.
    pub fn second_process(&mut self, d: usize) {
        self.cases.hit(15);
        self.devices[d].wake(self.now);
        let folder = self.devices[d].folder.clone();
        match Journal::open(&folder) {
            Ok(second) => {
                let first = self.devices[d].journal.replace(second);
                self.write(d);
                let second = std::mem::replace(&mut self.devices[d].journal, first);
                self.write(d);
                drop(second);
            }
            Err(error) => self.wrong(format!("a second process of device {d} does not start: {error}")),
        }
        if self.chance.one_in(2) {
            self.write(d);
        }
    }
}

fn copy(from: &Path, to: &PathBuf) {
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder").flatten() {
        fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}
