//! A bucket in memory with one seed: questions that fail before and after they took effect, lists that lack what came last, objects
//! that are lost. Several devices put their segments there; nothing that was acknowledged is lost, and all come to see all of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use super::*;
use crate::address::Address;
use crate::format;
use contract::StoreEntry;
use host::Cancel;
use std::sync::atomic::AtomicU64;

/// What the bucket does with a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Kept,
    Ignored,
    Refused,
    Unknown,
}

struct Memory {
    objects: Mutex<BTreeMap<String, (Vec<u8>, u64)>>,
    condition: Condition,
    /// Of 100 questions so many go wrong.
    wrong: AtomicU64,
    random: AtomicU64,
    asked: AtomicU64,
    version: AtomicU64,
    /// The name that was put last.
    latest: Mutex<String>,
}

impl Memory {
    fn new(condition: Condition, seed: u64) -> Memory {
        Memory {
            objects: Mutex::default(),
            condition,
            wrong: AtomicU64::new(0),
            random: AtomicU64::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            asked: AtomicU64::new(0),
            version: AtomicU64::new(1),
            latest: Mutex::default(),
        }
    }

    fn random(&self, below: u64) -> u64 {
        let mut x = self.random.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.store(x, Ordering::Relaxed);
        x % below
    }

    fn fails(&self) -> bool {
        self.random(100) < self.wrong.load(Ordering::Relaxed)
    }

    fn do_it(&self, question: &StoreQuestion, body: &[u8]) -> (StoreAnswer, Vec<u8>) {
        let mut objects = self.objects.lock().unwrap();
        let put = |objects: &mut BTreeMap<String, (Vec<u8>, u64)>, key: &String| {
            let version = self.version.fetch_add(1, Ordering::Relaxed);
            objects.insert(key.clone(), (body.to_vec(), version));
            key.clone_into(&mut self.latest.lock().unwrap());
            StoreAnswer::Done { tag: Some(version.to_string()) }
        };
        let answer = match question {
            StoreQuestion::Put { key, new: false } => put(&mut objects, key),
            StoreQuestion::Put { key, new: true } => match self.condition {
                Condition::Unknown => StoreAnswer::Unconditional,
                Condition::Refused => StoreAnswer::Exists,
                Condition::Kept if objects.contains_key(key) => StoreAnswer::Exists,
                Condition::Kept | Condition::Ignored => put(&mut objects, key),
            },
            StoreQuestion::Get { key, most } => match objects.get(key) {
                None => StoreAnswer::Missing,
                Some((bytes, _)) if bytes.len() as u64 > *most => return (StoreAnswer::Missing, vec![0]),
                Some((bytes, _)) => return (StoreAnswer::Bytes, bytes.clone()),
            },
            StoreQuestion::Race { key, writers } => {
                put(&mut objects, key);
                StoreAnswer::Raced { won: if self.condition == Condition::Kept { 1 } else { *writers } }
            }
            StoreQuestion::Remove { key } => {
                objects.remove(key);
                StoreAnswer::Done { tag: None }
            }
            StoreQuestion::List { prefix, after, most } => {
                let stale = self.fails().then(|| self.latest.lock().unwrap().clone());
                let start = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
                let lies = |key: &&String| {
                    key.starts_with(&start)
                        && after.as_ref().is_none_or(|after| *key > after)
                        && stale.as_ref() != Some(key)
                };
                let all: Vec<_> = objects.iter().filter(|(key, _)| lies(key)).collect();
                let entry = |(key, (bytes, version)): &(&String, &(Vec<u8>, u64))| StoreEntry {
                    key: (*key).clone(),
                    bytes: bytes.len() as u64,
                    tag: Some(version.to_string()),
                };
                // Said twice, in the wrong order.
                let mut entries: Vec<_> = all.iter().take(*most as usize).map(entry).collect();
                entries.extend(entries.clone().into_iter().rev());
                StoreAnswer::Listed { entries, more: all.len() > *most as usize }
            }
        };
        (answer, Vec::new())
    }
}

impl Bucket for Memory {
    fn ask(&self, question: &StoreQuestion, body: &[u8], call: &Call) -> Result<(StoreAnswer, Vec<u8>), RemoteError> {
        call.goes_on()?;
        self.asked.fetch_add(1, Ordering::Relaxed);
        let lost = || Err(RemoteError::of_all(Class::Retry, "it broke off", "try again"));
        if self.fails() {
            return lost();
        }
        let answer = self.do_it(question, body);
        if self.fails() {
            return lost();
        }
        if answer == (StoreAnswer::Missing, vec![0]) {
            return Err(RemoteError::of(Class::Integrity, "it is longer", "remove it"));
        }
        Ok(answer)
    }
}

fn call() -> Call {
    Call::within(Duration::from_mins(2), &Cancel::new())
}

fn address() -> StoreAddress {
    let Address::Store(address) = Address::read("s3://bucket/x", Path::new("/")).unwrap() else { panic!() };
    address
}

fn name(log: u8, first: u64) -> SegmentName {
    SegmentName { lane: 2, log: [log; 16], first, last: first, hash: [first as u8; 16], copy: 1 }
}

fn bytes(name: &SegmentName) -> Vec<u8> {
    format!("segment {name}").into_bytes()
}

struct Device {
    id: u8,
    data: tempfile::TempDir,
    /// What it has: its own, and what it saw.
    has: BTreeSet<SegmentName>,
    written: u64,
}

impl Device {
    fn new(id: u8) -> Device {
        Device { id, data: tempfile::tempdir().unwrap(), has: BTreeSet::new(), written: 0 }
    }

    fn open(&self, bucket: &Arc<Memory>) -> Store {
        let bucket: Arc<dyn Bucket> = Arc::<Memory>::clone(bucket);
        Store::on(&address(), self.data.path(), &self.id.to_string(), bucket)
    }

    fn write(&mut self) {
        self.written += 1;
        self.has.insert(name(self.id, self.written));
    }

    /// One synchronisation, as `exchange.rs` does it. What was put and acknowledged is noted, whatever comes after.
    fn sync(&mut self, bucket: &Arc<Memory>, afresh: bool, put: &mut BTreeSet<SegmentName>) -> Result<(), RemoteError> {
        let store = self.open(bucket);
        if afresh {
            store.look_afresh();
        }
        store.identity(&call())?;
        let there: BTreeSet<_> = store.segments(&call())?.segments.into_iter().map(|(name, _)| name).collect();
        let heads = store.heads(&call())?;
        for name in &there {
            if !self.has.contains(name) && store.get(name, &call()).is_ok_and(|there| there == bytes(name)) {
                self.has.insert(*name);
            }
        }
        for name in self.has.iter().filter(|name| !there.contains(name)) {
            if store.put(name, &bytes(name), &call())? != Put::Taken {
                put.insert(*name);
            }
        }
        let own = Head { lane: 2, log: [self.id; 16], seq: self.written };
        if self.written > 0 && !heads.contains(&own) {
            store.set_head(&own, &call())?;
        }
        store.finish(&call())
    }
}

fn schedule(seed: u64) {
    let condition = [Condition::Kept, Condition::Ignored, Condition::Refused, Condition::Unknown][(seed % 4) as usize];
    let bucket = Arc::new(Memory::new(condition, seed));
    let mut devices: Vec<Device> = (1..=3).map(Device::new).collect();
    for device in &devices {
        device.open(&bucket).found([1; 16], None, &call()).unwrap();
    }
    bucket.wrong.store(10, Ordering::Relaxed);
    let mut put = BTreeSet::new();
    let mut lost = false;
    for _ in 0..60 {
        let at = bucket.random(3) as usize;
        match bucket.random(10) {
            0..4 => devices[at].write(),
            4 => {
                // One that somebody else has by now goes away there, without a word.
                let mut objects = bucket.objects.lock().unwrap();
                let seen = |key: &String| {
                    devices.iter().filter(|device| device.has.iter().any(|name| format!("x/{name}") == *key)).count()
                        > 1
                };
                if let Some(key) = objects.keys().find(|key| seen(key)).cloned() {
                    objects.remove(&key);
                    lost = true;
                }
            }
            n => drop(devices[at].sync(&bucket, n == 9, &mut put)),
        }
    }
    bucket.wrong.store(0, Ordering::Relaxed);
    for _ in 0..2 {
        for device in &mut devices {
            device.sync(&bucket, lost, &mut put).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        }
    }
    let all: BTreeSet<SegmentName> =
        devices.iter().flat_map(|device| (1..=device.written).map(|n| name(device.id, n))).collect();
    assert!(put.is_subset(&all));
    // From what is kept of earlier looks, without another list of everything.
    for device in &mut devices {
        device.sync(&bucket, false, &mut put).unwrap();
        assert_eq!(device.has, all, "seed {seed} {condition:?}: device {} lacks something", device.id);
        let listed: BTreeSet<_> =
            device.open(&bucket).segments(&call()).unwrap().segments.into_iter().map(|(name, _)| name).collect();
        assert_eq!(listed, all, "seed {seed} {condition:?}");
    }
    for name in &all {
        assert_eq!(bucket.objects.lock().unwrap()[&format!("x/{name}")].0, bytes(name), "seed {seed}");
    }
    if !all.is_empty() {
        for device in &mut devices {
            let before = bucket.asked.load(Ordering::Relaxed);
            device.sync(&bucket, false, &mut put).unwrap();
            assert_eq!(bucket.asked.load(Ordering::Relaxed) - before, 1, "seed {seed}: nothing new is one request");
        }
    }
}

#[test]
fn whatever_breaks_off_nothing_is_lost_and_all_come_to_see_all_of_it() {
    (0..160).for_each(schedule);
}

#[test]
fn where_nothing_is_refused_two_writers_of_one_name_leave_what_either_would_and_no_other_is_put_over() {
    for condition in [Condition::Kept, Condition::Ignored, Condition::Refused, Condition::Unknown] {
        let bucket = Arc::new(Memory::new(condition, 1));
        let devices = [Device::new(1), Device::new(2)];
        let identity = devices[0].open(&bucket).found([1; 16], None, &call()).unwrap();
        assert_eq!(devices[1].open(&bucket).found([1; 16], None, &call()).unwrap(), identity);
        let same = name(9, 1);
        std::thread::scope(|scope| {
            for device in &devices {
                scope.spawn(|| assert_ne!(device.open(&bucket).put(&same, &bytes(&same), &call()), Ok(Put::Taken)));
            }
        });
        let at = |name: &SegmentName| {
            bucket.objects.lock().unwrap().get(&format!("x/{name}")).map(|(bytes, _)| bytes.clone())
        };
        assert_eq!(at(&same), Some(bytes(&same)), "{condition:?}");
        // Something else has the name: it stays, and the segment is put beside it.
        for other in [b"damaged".to_vec(), vec![0; 4000], Vec::new()] {
            let taken = name(8, other.len() as u64 + 1);
            bucket.objects.lock().unwrap().insert(format!("x/{taken}"), (other.clone(), 0));
            assert_eq!(devices[0].open(&bucket).put(&taken, &bytes(&taken), &call()), Ok(Put::Stored), "{condition:?}");
            assert_eq!(
                devices[1].open(&bucket).put(&taken, &bytes(&taken), &call()),
                Ok(Put::Already),
                "{condition:?}"
            );
            assert_eq!((at(&taken), at(&taken.in_copy(2))), (Some(other), Some(bytes(&taken))), "{condition:?}");
        }
        let probe = devices[0].open(&bucket).probe(&call()).unwrap();
        let says = if condition == Condition::Kept { Exclusion::Refused } else { Exclusion::Overwrites };
        assert_eq!(probe.exclusion, says, "{condition:?}: {}", probe.way);
        assert!(bucket.objects.lock().unwrap().keys().all(|key| !key.contains("probe")), "{condition:?}");
    }
}

#[test]
fn what_is_kept_of_earlier_looks_is_believed_for_a_day_and_only_of_the_same_remote() {
    let bucket = Arc::new(Memory::new(Condition::Kept, 1));
    let mut device = Device::new(1);
    device.open(&bucket).found([1; 16], None, &call()).unwrap();
    device.write();
    let mut put = BTreeSet::new();
    device.sync(&bucket, false, &mut put).unwrap();
    let asks = |device: &mut Device| {
        let before = bucket.asked.load(Ordering::Relaxed);
        device.sync(&bucket, false, &mut BTreeSet::new()).unwrap();
        bucket.asked.load(Ordering::Relaxed) - before
    };
    assert_eq!(asks(&mut device), 1);
    let file = Store::file(&address(), device.data.path());
    let kept = std::fs::read_to_string(&file).unwrap();
    let now = now_ms();
    let at = serde_json::from_str::<serde_json::Value>(&kept).unwrap()["full_ms"].as_i64().unwrap();
    for (text, says) in [
        (kept.clone(), "as it was"),
        (kept.replace(&at.to_string(), &(now - 25 * 3_600_000).to_string()), "a day ago"),
        (kept.replace(&at.to_string(), &(now + 3_600_000).to_string()), "after a clock was set back"),
        (kept.replace("\"form\":1", "\"form\":2"), "of another version"),
        (kept.replace(&"01".repeat(16), &"02".repeat(16)), "of another project"),
        (kept[..kept.len() / 2].to_owned(), "half written"),
        (String::new(), "empty"),
    ] {
        std::fs::write(&file, &text).unwrap();
        let asked = asks(&mut device);
        assert_eq!(asked == 1, says == "as it was", "{says}: {asked}");
        assert_eq!(asks(&mut device), 1, "{says}");
    }
    // Another remote in its place, with the same hints: nothing is written to it.
    let description = format::new([1; 16], None);
    bucket.objects.lock().unwrap().insert("x/FORMAT.json".to_owned(), (description.into_bytes(), 0));
    device.write();
    let refused = device.sync(&bucket, false, &mut put).unwrap_err();
    assert!(
        refused.ends && refused.class == Class::Integrity && refused.message.contains("another remote"),
        "{refused}"
    );
    assert_eq!(bucket.objects.lock().unwrap().keys().filter(|key| key.contains("/seg/")).count(), 1);
}
