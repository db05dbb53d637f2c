//! Somebody who can write to the storage, and somebody of the team who lies.

use crate::schedule::World;
use contract::{DeviceKind, JournalEntry};
use holdover_journal::{NO_PROJECT, Terms};
use holdover_sync::SegmentName;
use std::collections::BTreeMap;
use std::sync::Arc;
use ulid::Ulid;

#[path = "../../../server/journal/tests/support/forge.rs"]
mod forge;

use forge::{Forger, NOTE, Wish};

/// What a member does that lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// Uses up the numbers.
    Lamport,
    /// An event with the id of another's.
    SameId,
    /// Two histories at one place.
    TwoHistories,
}

pub struct Hostile {
    forger: Forger,
    lie: Lie,
    done: bool,
    /// Whose ids were used again.
    pub doubted: Vec<Ulid>,
}

impl Hostile {
    /// A member that the first device lets in, and that means no good.
    pub fn enrolled(world: &mut World) -> Option<Hostile> {
        let lie = [Lie::Lamport, Lie::SameId, Lie::TwoHistories][world.chance.below(3)];
        let mut forger = Forger::new(200, 0);
        let root = &world.devices[0];
        root.wake(world.now);
        let terms = Terms { kind: DeviceKind::Person, until_ms: i64::MAX, expires_ms: None };
        let invitation = root.the().invite(NO_PROJECT, &terms).ok()?;
        let asks = forger.ask_as(&invitation, Some(Ulid::from_parts(0, 1)));
        root.the().import(&asks).ok()?;
        Some(Hostile { forger, lie, done: false, doubted: Vec::new() })
    }
}

impl Hostile {
    /// What is wrong with what a device took in of it.
    pub fn judge(&self, all: &BTreeMap<Ulid, JournalEntry>, id: &Ulid, entry: &JournalEntry) -> Option<String> {
        let lies = entry.kind == "x.forged";
        match self.lie {
            Lie::Lamport if lies => Some(format!("I3: {id}, with a number that uses up the others, was let in")),
            // Of what has one id and says two things neither is relied on.
            Lie::SameId if self.doubted.contains(id) && entry.held.is_none() && self.came(all) => {
                Some(format!("I3: {id} is relied on, and two events have that id"))
            }
            _ => None,
        }
    }

    fn came(&self, all: &BTreeMap<Ulid, JournalEntry>) -> bool {
        all.values().any(|entry| entry.kind == "x.lied")
    }
}

fn named(forger: &Forger, first: u64, bytes: &[u8]) -> SegmentName {
    let mut hash = [0; 16];
    hash.copy_from_slice(&bytes[bytes.len() - 96..][..16]);
    SegmentName { lane: forger.lane, log: forger.log, first, last: forger.seq, hash, copy: 1 }
}

impl World {
    fn lay(&mut self, name: SegmentName, bytes: Vec<u8>) {
        // On an encrypted remote it opens for nobody, whatever it is.
        self.store.look().place.files.insert(name, Arc::new(bytes));
    }

    pub fn hostile_step(&mut self, d: usize) {
        self.operations += 1;
        self.faults += 1;
        if let Some(mut hostile) = self.hostile.take() {
            if !hostile.done {
                self.lie(d, &mut hostile);
            }
            self.hostile = Some(hostile);
        }
        self.stranger();
    }

    fn lie(&mut self, d: usize, hostile: &mut Hostile) {
        hostile.done = true;
        let forger = &mut hostile.forger;
        let id = Ulid::from_parts(0, u128::from(self.chance.next()));
        let (first, wish) = (forger.seq + 1, Wish { id: Some(id), ..Wish::default() });
        let mut segments = Vec::new();
        match hostile.lie {
            Lie::Lamport => {
                self.cases.hit(17);
                forger.lamport = (1 << 63) - 2;
                forger.event("x.forged", NOTE, &wish);
                segments.push((named(forger, first, &[0; 96]), forger.segment()));
            }
            Lie::SameId => {
                self.cases.hit(18);
                let Some(id) = self.oracle.events.keys().next().copied() else { return };
                // What is about nobody's record.
                forger.event("x.forged", r#"{"forged":true}"#, &Wish { id: Some(id), ..wish.clone() });
                // By which it is seen where the lie has come.
                forger.event("x.lied", r#"{"n":0}"#, &wish);
                segments.push((named(forger, first, &[0; 96]), forger.segment()));
                hostile.doubted.push(id);
            }
            Lie::TwoHistories => {
                self.cases.hit(18);
                let seed = forger.key.to_bytes()[0];
                for text in [r#"{"forged":1}"#, r#"{"forged":2}"#] {
                    // The same log up to here, and then another event.
                    let mut branch = Forger::new(seed, 0);
                    (branch.seq, branch.lamport, branch.head) = (forger.seq, forger.lamport, forger.head);
                    branch.event("x.forged", text, &wish);
                    let bytes = branch.segment_from(first, forger.head);
                    segments.push((named(&branch, first, &[0; 96]), bytes));
                }
            }
        }
        self.trace.say(&format!("a member lies: {:?}", hostile.lie));
        for (name, bytes) in segments {
            let mut hash = [0; 16];
            hash.copy_from_slice(&bytes[bytes.len() - 96..][..16]);
            if self.key.is_none() {
                self.lay(SegmentName { hash, ..name }, bytes);
            } else {
                // Who has the key brings it by hand.
                self.alive(d, |journal, _| drop(journal.import(&bytes)));
            }
        }
    }

    /// Somebody who is no member, and can write to the storage.
    fn stranger(&mut self) {
        let seed = 100 + u8::try_from(self.chance.below(90)).unwrap_or(0);
        let what = self.chance.below(6);
        self.trace.say(&format!("a stranger: {what}"));
        let mut forger = Forger::new(seed, if what == 2 { 4 } else { 0 });
        let id = Ulid::from_parts(0, u128::from(self.chance.next()));
        forger.event("x.forged", NOTE, &Wish { id: Some(id), ..Wish::default() });
        let mut name = named(&forger, 1, &[0; 96]);
        let bytes = match what {
            0 => {
                self.cases.hit(38);
                let body = forge::pack(&vec![0; 1 << 20]);
                forger.segment_of(&body, 1000)
            }
            1 => {
                self.cases.hit(38);
                let body = forge::pack(&[0; 100]);
                forger.segment_of(&body, 1 << 40)
            }
            _ => forger.segment(),
        };
        name.hash.copy_from_slice(&bytes[bytes.len() - 96..][..16]);
        match what {
            // Under another's name.
            3 => name.log = [seed; 16],
            4 => name.last += 5,
            _ => {}
        }
        self.lay(name, bytes);
    }
}
