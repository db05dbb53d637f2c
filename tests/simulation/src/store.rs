//! Storage in memory that does what it is asked, and, as its chance says, fails before or after it did, does it twice or later, shows what
//! was there before, loses things, and serves damaged bytes.

use crate::cases::Cases;
use crate::chance::Chance;
use holdover_journal::simulated;
use holdover_sync::{
    Call, Class, Exclusion, Head, Identity, Listing, Probe, Put, Remote, RemoteError, SegmentName, Stray,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub type Files = BTreeMap<SegmentName, Arc<Vec<u8>>>;

/// What lies there.
#[derive(Clone, Default)]
pub struct Place {
    pub files: Files,
    pub heads: BTreeMap<(u8, [u8; 16]), u64>,
}

/// What may go wrong at each question, in how many of a thousand.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub before: usize,
    pub after: usize,
    pub twice: usize,
    pub later: usize,
    pub stale: usize,
    pub damaged: usize,
    pub gone: usize,
    pub killed: usize,
}

impl Weather {
    pub fn drawn(chance: &mut Chance) -> Weather {
        let mut some = |most: usize| if chance.one_in(3) { chance.below(most) } else { 0 };
        Weather {
            before: some(200),
            after: some(200),
            twice: some(200),
            later: some(150),
            stale: some(400),
            damaged: some(300),
            gone: some(60),
            killed: some(60),
        }
    }

    /// The network is up for a second and down for a second.
    pub fn flapping() -> Weather {
        Weather { before: 500, ..Weather::default() }
    }
}

#[derive(Default)]
pub struct Inner {
    pub place: Place,
    /// What some devices see instead.
    pub branch: Option<Place>,
    /// What lay there at some times before.
    pub before: Vec<Place>,
    /// On its way.
    underway: Vec<(SegmentName, Arc<Vec<u8>>)>,
    pub identity: Option<Identity>,
    /// Another answer than its own to who it is.
    pub mistaken: Option<Identity>,
    /// Names that nothing is put under, whatever is tried.
    pub poisoned: Vec<SegmentName>,
    pub asked: u64,
    pub puts: u64,
    pub gets: u64,
    pub bytes: u64,
}

impl Inner {
    pub fn seen(&mut self, branched: bool) -> &mut Place {
        match &mut self.branch {
            Some(branch) if branched => branch,
            _ => &mut self.place,
        }
    }

    /// As a folder does: another file beside one that is not the same.
    fn lay(&mut self, branched: bool, name: SegmentName, bytes: &Arc<Vec<u8>>) -> Put {
        let place = self.seen(branched);
        for copy in 1..=9 {
            let name = name.in_copy(copy);
            match place.files.get(&name) {
                None => {
                    place.files.insert(name, Arc::clone(bytes));
                    return Put::Stored;
                }
                Some(there) if there == bytes => return Put::Already,
                Some(_) => {}
            }
        }
        Put::Taken
    }

    /// What was underway arrives.
    pub fn arrive(&mut self) {
        for (name, bytes) in std::mem::take(&mut self.underway) {
            self.lay(false, name, &bytes);
        }
    }
}

/// Storage, shared by all devices.
#[derive(Clone, Default)]
pub struct Store {
    inner: Arc<Mutex<Inner>>,
}

impl Store {
    pub fn look(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One device's way to the storage, for one synchronisation.
pub struct Way {
    pub store: Store,
    pub weather: Weather,
    /// Puts count once all of it was said to be there.
    pub gathers: bool,
    /// It sees the other of two states that the storage has.
    pub branched: bool,
    pub told: Mutex<Told>,
}

/// What the way did.
pub struct Told {
    chance: Chance,
    pub cases: Cases,
    pub faults: u64,
    pub said: Vec<String>,
    gathered: Vec<(SegmentName, Arc<Vec<u8>>)>,
    gone: bool,
}

/// What is to go wrong with one question.
enum Fate {
    Fine,
    Before,
    After,
    Twice,
    Later,
    Killed { after: bool },
}

impl Way {
    pub fn to(store: &Store, chance: Chance, weather: Weather) -> Way {
        let told =
            Told { chance, cases: Cases::default(), faults: 0, said: Vec::new(), gathered: Vec::new(), gone: false };
        Way { store: store.clone(), weather, gathers: false, branched: false, told: Mutex::new(told) }
    }

    pub fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some error of those that storage answers with.
    fn lost(told: &mut Told) -> RemoteError {
        let kind = told.chance.weighed(&[6, 2, 2, 2, 2, 2, 1]);
        let (class, words, ends) = match kind {
            0 => (Class::Retry, "the answer was lost", false),
            1 => (Class::Retry, "409: a write of the same name is underway", false),
            2 => (Class::Retry, "429: too many requests", told.chance.one_in(2)),
            3 => (Class::Retry, "503: slow down", false),
            4 => (Class::Quota, "507: no room is left", false),
            5 => (Class::Auth, "403: may not", false),
            _ => (Class::Retry, "TLS: the certificate has expired", true),
        };
        match kind {
            1 => told.cases.hit(5),
            2 | 3 => told.cases.hit(34),
            4 | 5 => told.cases.hit(31),
            6 => told.cases.hit(33),
            _ => {}
        }
        let hint = "try again";
        if ends { RemoteError::of_all(class, words, hint) } else { RemoteError::of(class, words, hint) }
    }

    fn fate(&self, what: &str, writes: bool) -> Result<Fate, RemoteError> {
        self.store.look().asked += 1;
        let told = &mut *self.told();
        if told.gone {
            told.cases.hit(33);
            return Err(RemoteError::of_all(Class::Retry, "the network is gone", "try again"));
        }
        let Weather { before, after, twice, later, gone, killed, .. } = self.weather;
        let (twice, later) = if writes { (twice, later) } else { (0, 0) };
        let bad = before + after + twice + later + gone + killed;
        let kind =
            told.chance.weighed(&[1000_usize.saturating_sub(bad).max(100), before, after, twice, later, gone, killed]);
        if kind == 0 {
            return Ok(Fate::Fine);
        }
        told.faults += 1;
        told.said.push(format!("{what}: fate {kind}"));
        Ok(match kind {
            1 => Fate::Before,
            2 => {
                if writes {
                    told.cases.hit(3);
                }
                Fate::After
            }
            3 => {
                told.cases.hit(4);
                Fate::Twice
            }
            4 => {
                told.cases.hit(4);
                Fate::Later
            }
            5 => {
                told.gone = true;
                return Err(RemoteError::of_all(Class::Retry, "no route to the host", "try again"));
            }
            _ => {
                told.cases.hit(1);
                Fate::Killed { after: told.chance.one_in(2) }
            }
        })
    }

    /// A question that reads.
    fn ask<T>(
        &self,
        what: &str,
        read: impl FnOnce(&mut Inner, &mut Told) -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let fate = self.fate(what, false)?;
        match fate {
            Fate::Fine => read(&mut self.store.look(), &mut self.told()),
            Fate::Killed { .. } => {
                simulated::ends_now();
                Err(killed())
            }
            _ => Err(Way::lost(&mut self.told())),
        }
    }
}

fn killed() -> RemoteError {
    RemoteError::of_all(Class::Stopped, "the process was killed", "start it again")
}

impl Remote for Way {
    fn kind(&self) -> &'static str {
        "simulated"
    }

    fn place(&self) -> String {
        "the storage".to_owned()
    }

    fn is_networked(&self, _: &Call) -> Result<bool, RemoteError> {
        Ok(false)
    }

    fn found(&self, project: [u8; 16], check: Option<[u8; 8]>, _: &Call) -> Result<Identity, RemoteError> {
        let mut inner = self.store.look();
        let new = || Identity { id: "the storage's own".to_owned(), project, check };
        Ok(inner.identity.get_or_insert_with(new).clone())
    }

    fn identity(&self, _: &Call) -> Result<Identity, RemoteError> {
        self.ask("identity", |inner, _| {
            let known = inner.mistaken.clone().or(inner.identity.clone());
            known.ok_or_else(|| RemoteError::of_all(Class::Retry, "nothing is there", "look again"))
        })
    }

    fn segments(&self, _: &Call) -> Result<Listing, RemoteError> {
        self.ask("segments", |inner, told| {
            if told.chance.one_in(3) {
                inner.arrive();
            }
            let stale = told.chance.below(1000) < self.weather.stale;
            let how = if stale { told.chance.below(4) } else { 9 };
            let branched = self.branched;
            let before = told.chance.pick(&inner.before).cloned();
            let files = match before {
                // As it was, or without what came last.
                Some(place) if how == 0 => place.files,
                _ => inner.seen(branched).files.clone(),
            };
            let mut segments: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.len() as u64)).collect();
            if stale {
                told.faults += 1;
                told.cases.hit(7);
                match how {
                    1 => segments.retain(|_| !told.chance.one_in(4)),
                    2 => segments.reverse(),
                    3 => segments.extend(segments.clone()),
                    _ => {}
                }
                told.said.push(format!("listed stale {how}"));
            }
            let strays = vec![("seg/~0.tmp".to_owned(), Stray::Temporary)];
            Ok(Listing { segments, strays, unread: Vec::new() })
        })
    }

    fn heads(&self, _: &Call) -> Result<Vec<Head>, RemoteError> {
        self.ask("heads", |inner, _| {
            let heads = &inner.seen(self.branched).heads;
            Ok(heads.iter().map(|((lane, log), seq)| Head { lane: *lane, log: *log, seq: *seq }).collect())
        })
    }

    fn get(&self, name: &SegmentName, _: &Call) -> Result<Vec<u8>, RemoteError> {
        self.ask("get", |inner, told| {
            inner.gets += 1;
            let place = inner.seen(self.branched);
            let Some(there) = place.files.get(name).cloned() else {
                told.cases.hit(5);
                return Err(RemoteError::of(Class::Retry, format!("{name} is not there"), "try again"));
            };
            let mut bytes = there.to_vec();
            if told.chance.below(1000) < self.weather.damaged && !bytes.is_empty() {
                told.faults += 1;
                told.cases.hit(6);
                let (at, bit) = (told.chance.below(bytes.len()), told.chance.below(8));
                match told.chance.below(5) {
                    0 => bytes.truncate(at),
                    1 => bytes[at] ^= 1 << bit,
                    2 => bytes.fill(0),
                    3 => {
                        told.cases.hit(33);
                        bytes = b"<html><body>Please log in to the airport's network</body></html>".to_vec();
                    }
                    _ => {
                        let other: Vec<_> = place.files.values().collect();
                        bytes = told.chance.pick(&other).map_or(bytes, |other| other.to_vec());
                    }
                }
                told.said.push("served damaged".to_owned());
            }
            inner.bytes += bytes.len() as u64;
            Ok(bytes)
        })
    }

    fn put(&self, name: &SegmentName, bytes: &[u8], _: &Call) -> Result<Put, RemoteError> {
        let bytes = Arc::new(bytes.to_vec());
        let fate = self.fate("put", true)?;
        let told = &mut *self.told();
        let inner = &mut *self.store.look();
        inner.puts += 1;
        inner.bytes += bytes.len() as u64;
        if inner.poisoned.contains(name) {
            told.cases.hit(32);
            return Err(RemoteError::of(Class::Integrity, format!("{name} is refused by the host"), "ask the host"));
        }
        match fate {
            Fate::Before => return Err(Way::lost(told)),
            Fate::Killed { after: false } => {
                simulated::ends_now();
                return Err(killed());
            }
            Fate::Later => {
                inner.underway.push((*name, bytes));
                return Err(Way::lost(told));
            }
            Fate::Fine | Fate::After | Fate::Twice | Fate::Killed { .. } => {}
        }
        if self.gathers {
            let known = inner.seen(self.branched).files.get(name) == Some(&bytes);
            if !known {
                told.gathered.push((*name, Arc::clone(&bytes)));
            }
            return match fate {
                Fate::Killed { .. } => {
                    simulated::ends_now();
                    Err(killed())
                }
                Fate::After => Err(Way::lost(told)),
                _ => Ok(if known { Put::Already } else { Put::Gathered }),
            };
        }
        let put = inner.lay(self.branched, *name, &bytes);
        match fate {
            Fate::After => Err(Way::lost(told)),
            Fate::Twice => Ok(inner.lay(self.branched, *name, &bytes)),
            Fate::Killed { .. } => {
                simulated::ends_now();
                Err(killed())
            }
            _ => Ok(put),
        }
    }

    fn set_head(&self, head: &Head, _: &Call) -> Result<(), RemoteError> {
        let fate = self.fate("set_head", true)?;
        let told = &mut *self.told();
        let set = || {
            self.store.look().seen(self.branched).heads.insert((head.lane, head.log), head.seq);
        };
        match fate {
            Fate::Before | Fate::Later => Err(Way::lost(told)),
            Fate::After => {
                set();
                Err(Way::lost(told))
            }
            Fate::Fine | Fate::Twice => {
                set();
                Ok(())
            }
            Fate::Killed { after } => {
                if after {
                    set();
                }
                simulated::ends_now();
                Err(killed())
            }
        }
    }

    fn finish(&self, _: &Call) -> Result<(), RemoteError> {
        if !self.gathers {
            return Ok(());
        }
        let fate = self.fate("finish", true)?;
        let told = &mut *self.told();
        let gathered = std::mem::take(&mut told.gathered);
        let inner = &mut *self.store.look();
        match fate {
            Fate::Before => Err(Way::lost(told)),
            Fate::Later => {
                inner.underway.extend(gathered);
                Err(Way::lost(told))
            }
            Fate::Killed { after: false } => {
                simulated::ends_now();
                Err(killed())
            }
            _ => {
                for (name, bytes) in gathered {
                    inner.lay(self.branched, name, &bytes);
                }
                match fate {
                    Fate::After => Err(Way::lost(told)),
                    Fate::Killed { .. } => {
                        simulated::ends_now();
                        Err(killed())
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    fn probe(&self, _: &Call) -> Result<Probe, RemoteError> {
        Ok(Probe { exclusion: Exclusion::Refused, way: "at once".to_owned(), free: None, networked: false })
    }
}
