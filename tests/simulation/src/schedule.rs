//! One schedule: a team, what it writes, how it synchronises, and what goes wrong meanwhile, all from one seed.

use crate::cases::Cases;
use crate::chance::Chance;
use crate::device::{Device, PROJECT, Standing, exchange};
use crate::hostile::Hostile;
use crate::oracle::Oracle;
use crate::store::{Place, Store, Way, Weather};
use crate::trace::Trace;
use contract::DeviceKind;
use holdover_journal::{Journal, NO_PROJECT, Terms, simulated};
use holdover_sync::{Class, Outcome, Problem, Remote, Sealed, TeamKey};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ulid::Ulid;

/// At least so many of each.
pub const OPERATIONS: u64 = 200;
pub const FAULTS: u64 = 5;
const DAY: i64 = 86_400_000;

pub struct World {
    pub chance: Chance,
    pub now: i64,
    pub devices: Vec<Device>,
    pub store: Store,
    pub oracle: Oracle,
    pub cases: Cases,
    pub trace: Trace,
    pub operations: u64,
    pub faults: u64,
    pub serial: u64,
    pub entities: Vec<(Ulid, String)>,
    pub fields: BTreeSet<(Ulid, String)>,
    pub secrets: Vec<(Ulid, String)>,
    /// The device that is revoked some time, and whether it was.
    pub victim: Option<usize>,
    pub revoked: bool,
    /// The word that revokes it, and whether every copy of that was on a disk that is lost.
    pub revocation: Option<Ulid>,
    pub revocation_unsure: bool,
    /// Of the victim's events, those that count.
    pub before_cutoff: BTreeSet<Ulid>,
    /// Its machines are copied and set back often.
    pub copies: bool,
    pub key: Option<[u8; 32]>,
    pub gathers: bool,
    pub hostile: Option<Hostile>,
    pub images: Vec<(usize, PathBuf, BTreeSet<Ulid>)>,
    pub folder: PathBuf,
    pub wrongs: Vec<String>,
    /// What each device's last synchronisation could not get.
    pub missing: BTreeMap<usize, BTreeSet<[u8; 16]>>,
    /// Events that nobody can hand on any more, and the log that they are in.
    pub stuck: BTreeMap<Ulid, [u8; 16]>,
    /// Something that lies there was changed and is as long as before: only a thorough synchronisation sees it.
    pub blanked: bool,
}

pub struct Ran {
    pub outcome: Result<(), String>,
    pub trace: String,
    pub words: Option<Vec<String>>,
    pub cases: Cases,
    pub operations: u64,
    pub faults: u64,
    pub killed: u64,
    /// How often the place of the planted defect was met.
    pub met: u64,
    /// Events that nobody could hand on at the end.
    pub stuck: u64,
}

/// Where journals lie: in memory, where the system has such a place.
fn somewhere() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

pub fn run(seed: u64, defect: Option<&'static str>, keeps: bool) -> Ran {
    let folder = somewhere();
    simulated::begin(seed, defect);
    let mut world = World::begin(seed, folder.path(), keeps);
    let wanted = OPERATIONS;
    while (world.operations < wanted || world.faults < FAULTS) && world.wrongs.is_empty() {
        world.step();
    }
    if world.wrongs.is_empty() {
        world.end();
    }
    let killed = world.devices.iter().map(|device| device.killed).sum();
    world.devices.clear();
    let met = simulated::met();
    simulated::end();
    if let Some(to) = std::env::var_os("HOLDOVER_SIMULATION_KEEP") {
        let _ = std::process::Command::new("cp").arg("-r").arg(folder.path()).arg(to).status();
    }
    let outcome = world.wrongs.first().map_or(Ok(()), |wrong| Err(wrong.clone()));
    Ran {
        outcome,
        trace: world.trace.hash(),
        words: world.trace.words,
        cases: world.cases,
        operations: world.operations,
        faults: world.faults,
        killed,
        met,
        stuck: world.stuck.len() as u64,
    }
}

impl World {
    fn begin(seed: u64, folder: &Path, keeps: bool) -> World {
        let mut chance = Chance::of(seed);
        let (many, encrypted, gathers) = (3 + chance.weighed(&[6, 2, 1]), chance.one_in(4), chance.one_in(3));
        let copies = chance.one_in(4);
        let victim = chance.one_in(3).then(|| 1 + chance.below(many - 1));
        let mut world = World {
            chance,
            now: 1_795_000_000_000,
            devices: Vec::new(),
            store: Store::default(),
            oracle: Oracle::default(),
            cases: Cases::default(),
            trace: Trace::new(keeps),
            operations: 0,
            faults: 0,
            serial: 0,
            entities: Vec::new(),
            fields: BTreeSet::new(),
            secrets: Vec::new(),
            victim,
            revoked: false,
            revocation: None,
            revocation_unsure: false,
            before_cutoff: BTreeSet::new(),
            copies,
            key: encrypted.then_some([7; 32]),
            gathers,
            hostile: None,
            images: Vec::new(),
            folder: folder.to_owned(),
            wrongs: Vec::new(),
            missing: BTreeMap::new(),
            stuck: BTreeMap::new(),
            blanked: false,
        };
        for n in 0..many {
            world.join(n);
        }
        if world.chance.one_in(4) {
            world.hostile = Hostile::enrolled(&mut world);
        }
        world
    }

    pub fn wrong(&mut self, what: String) {
        self.trace.say(&what);
        self.wrongs.push(what);
    }

    /// A new device that the first one lets in, and that knows the remote.
    pub fn join(&mut self, n: usize) {
        let folder = self.folder.join(format!("device-{n}"));
        let device = match Device::open(n, &folder, &format!("disk {n}"), self.now) {
            Ok(device) => device,
            Err(error) => return self.wrong(format!("device {n} does not start: {error}")),
        };
        self.devices.push(device);
        if n > 0
            && let Err(error) = self.let_in(n)
        {
            return self.wrong(format!("device {n} is not let in: {error}"));
        }
        let way = Arc::new(Way::to(&self.store, Chance::of(0), Weather::default()));
        let remote = self.around(way, true);
        let call = holdover_sync::Call::within(remote.patience(), &host::Cancel::new());
        let check = self.key.and_then(|key| TeamKey::of(&key)).map(|key| key.check());
        let identity = remote.found(PROJECT, check, &call);
        let device = &self.devices[n];
        device.wake(self.now);
        let added = identity.map(|identity| device.the().add_remote(PROJECT, "storage", "memory:", &identity.id));
        if !matches!(added, Ok(Ok(true))) {
            self.wrong(format!("device {n} knows no remote: {added:?}"));
        }
    }

    fn let_in(&mut self, n: usize) -> Result<(), String> {
        let now = self.now;
        let (root, guest) = (&self.devices[0], &self.devices[n]);
        let told = |error: &dyn std::fmt::Display| error.to_string();
        root.wake(now);
        let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
        let invitation = root.the().invite(NO_PROJECT, &terms).map_err(|e| told(&e))?;
        guest.wake(now);
        guest.the().ask(&invitation).map_err(|e| told(&e))?;
        let asks = guest.the().bundle(NO_PROJECT).map_err(|e| told(&e))?;
        root.wake(now);
        root.the().import_bundle(&asks).map_err(|e| told(&e))?;
        let answer = root.the().bundle(NO_PROJECT).map_err(|e| told(&e))?;
        guest.wake(now);
        guest.the().import_bundle(&answer).map_err(|e| told(&e))?;
        Ok(())
    }

    /// Does something on a device; `None` where its process ended meanwhile, and it runs again.
    pub fn alive<T>(&mut self, d: usize, what: impl FnOnce(&Journal, Ulid) -> T) -> Option<T> {
        self.told(d, what).and_then(|(done, was_killed)| (!was_killed).then_some(done))
    }

    /// The same, with what was told before the process ended.
    pub fn told<T>(&mut self, d: usize, what: impl FnOnce(&Journal, Ulid) -> T) -> Option<(T, bool)> {
        self.devices[d].wake(self.now);
        self.devices[d].live(what).map_err(|wrong| self.wrong(wrong)).ok()
    }

    fn around(&self, way: Arc<Way>, right: bool) -> Arc<dyn Remote> {
        match self.key {
            Some(mut key) => {
                key[0] ^= u8::from(!right);
                Arc::new(Sealed::around(way, TeamKey::of(&key).expect("a key")))
            }
            None if right => way,
            None => Arc::new(Sealed::around(way, TeamKey::of(&[9; 32]).expect("a key"))),
        }
    }

    /// One synchronisation; the outcome where the process went through.
    pub fn sync(&mut self, d: usize, weather: Weather, deep: bool, right_key: bool) -> Option<Outcome> {
        self.operations += 1;
        let seed = self.chance.next();
        let mut way = Way::to(&self.store, Chance::of(seed), weather);
        way.gathers = self.gathers;
        way.branched = d % 2 == 1;
        let way = Arc::new(way);
        let remote = self.around(Arc::clone(&way), right_key);
        let Some(known) = self.devices[d].known() else {
            self.wrong(format!("device {d} forgot the remote"));
            return None;
        };
        let now = self.devices[d].clock(self.now);
        let done = self.alive(d, |journal, workspace| exchange(journal, workspace, &*remote, &known, now, deep));
        let told = way.told();
        let honest = told.said.iter().all(|said| !said.starts_with("listed"));
        self.faults += told.faults;
        self.cases.add(&told.cases);
        let said = told.said.join(", ");
        drop(told);
        match done {
            Some(Ok(outcome)) => {
                self.trace.say(&format!("{d} synchronised: {said}; {}", brief(&outcome)));
                self.missing.insert(d, outcome.missing.iter().map(|missing| missing.log).collect());
                let placed = outcome.stopped.is_none() || said.contains("finish");
                for problem in &outcome.problems {
                    let Problem { name, class, detail, attempts, next_ms } = problem;
                    self.trace.say(&format!(
                        "  {name}: {class}, {attempts} times, {next_ms:?}: {}",
                        detail.lines().next().unwrap_or_default()
                    ));
                }
                if honest && placed && right_key && self.key.is_none() {
                    self.said_to_be_there(d, known.n);
                }
                if said.is_empty() && right_key && self.store.look().mistaken.is_none() && outcome.stopped.is_some() {
                    self.wrong(format!("device {d} stopped with nothing in its way: {:?}", outcome.stopped));
                }
                Some(outcome)
            }
            Some(Err(error)) => {
                self.wrong(format!("the journal of device {d} did not synchronise: {error}"));
                None
            }
            None => {
                self.trace.say(&format!("{d} was killed as it synchronised: {said}"));
                None
            }
        }
    }

    /// What a device says that the storage holds lies there.
    fn said_to_be_there(&mut self, d: usize, n: i64) {
        let held = self.devices[d].the().remote_held(n).unwrap_or_default();
        let mut wrong = None;
        {
            let mut inner = self.store.look();
            let files: Vec<_> =
                inner.seen(d % 2 == 1).files.keys().map(|name| (name.log, name.first, name.last)).collect();
            for (log, upto) in held {
                let mut there = 0;
                for (_, first, last) in files.iter().filter(|(of, ..)| *of == log) {
                    if *first <= there + 1 {
                        there = there.max(*last);
                    }
                }
                if there < upto {
                    wrong = Some(format!(
                        "device {d} says that {upto} events of {} are on the storage: {there}",
                        hex::encode(log)
                    ));
                }
            }
        }
        wrong.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    /// Puts, and reads, so far.
    pub fn moved(&self) -> (u64, u64) {
        let inner = self.store.look();
        (inner.puts, inner.gets)
    }

    fn step(&mut self) {
        self.now += self.chance.below(600_000) as i64;
        let running: Vec<usize> =
            (0..self.devices.len()).filter(|d| self.devices[*d].standing != Standing::Gone).collect();
        let d = running[self.chance.below(running.len())];
        let alone = if self.copies { 6 } else { 3 };
        match self.chance.weighed(&[60, 34, 4, 4, 6, alone, 8, 3, 2]) {
            0 => self.write(d),
            1 => self.sync_somehow(d),
            2 => self.redact(d),
            3 => self.clocks(d),
            4 => self.harm_store(),
            5 => self.on_its_own(d),
            6 => self.seal(d),
            7 => self.second_process(d),
            _ => self.hostile_step(d),
        }
    }

    fn sync_somehow(&mut self, d: usize) {
        let weather = match self.chance.below(10) {
            0..4 => Weather::default(),
            4 => {
                self.cases.hit(33);
                Weather::flapping()
            }
            _ => Weather::drawn(&mut self.chance),
        };
        if self.chance.one_in(12) {
            simulated::ends_at(1 + self.chance.below(12) as u64, self.chance.one_in(2));
            self.faults += 1;
            self.cases.hit(1);
        }
        if self.chance.one_in(40) {
            return self.with_wrong_key(d);
        }
        let deep = self.chance.one_in(10);
        if self.chance.one_in(50) {
            // In the middle of it, and on two days later.
            let asleep = Weather { gone: 300, ..Weather::default() };
            self.sync(d, asleep, deep, true);
            self.now += 2 * DAY;
            self.cases.hit(20);
        }
        self.sync(d, weather, deep, true);
        simulated::revive();
        let inner = &mut *self.store.look();
        if self.chance.one_in(4) && inner.branch.is_none() {
            let place: Place = inner.place.clone();
            inner.before.push(place);
            if inner.before.len() > 6 {
                inner.before.remove(0);
            }
        }
    }

    fn with_wrong_key(&mut self, d: usize) {
        self.cases.hit(30);
        self.faults += 1;
        let before = self.moved();
        let outcome = self.sync(d, Weather::default(), true, false);
        simulated::revive();
        let after = self.moved();
        if before != after {
            self.wrong(format!("device {d} read or wrote with a wrong key"));
        }
        let refused = |outcome: &Outcome| outcome.stopped.as_ref().is_some_and(|error| error.class == Class::Integrity);
        if outcome.is_some_and(|outcome| !refused(&outcome)) {
            self.wrong(format!("device {d} was not told that its key is wrong"));
        }
    }

    fn seal(&mut self, d: usize) {
        self.operations += 1;
        if let Some(Err(error)) = self.alive(d, |journal, _| journal.seal(PROJECT)) {
            self.wrong(format!("device {d} could not seal: {error}"));
        }
    }
}

fn brief(outcome: &Outcome) -> String {
    format!(
        "received {}, held {}, released {}, sent {}, segments {}/{}, healed {}, apart {}, problems {}, waiting {}, missing {}, pending {}, stopped {:?}",
        outcome.received,
        outcome.held,
        outcome.released,
        outcome.sent,
        outcome.segments_received,
        outcome.segments_sent,
        outcome.healed,
        outcome.apart.len(),
        outcome.problems.len(),
        outcome.waiting,
        outcome.missing.len(),
        outcome.pending,
        outcome.stopped.as_ref().map(|error| &error.message),
    )
}
