//! Takes in what lies on a remote and is not here: most urgent lane first, each log in its order. What cannot be taken in is noted
//! with its reason and tried again later; nothing else waits for it.

use crate::error::Class;
use crate::exchange::{Exchange, Halt, RECEIVED, State};
use crate::name::SegmentName;
use crate::outcome::{Missing, Problem};
use journal::{Backoff, ImportError, Imported, ItemState, NO_PROJECT, Reason, RemoteItem, Segment, planted};
use std::collections::{BTreeSet, HashSet};
use ulid::Ulid;

/// Numbers of the lanes of membership, and of what never leaves a device.
const CTL: u8 = 0;
const LOCAL: u8 = 4;

/// Why one segment is not taken in.
enum Refused {
    /// What stands in front of it, from that place on, is not here.
    Gap(u64),
    /// It is noted and tried again.
    Because(Class, String),
    /// Nothing more can be done now.
    Halt(Halt),
}

impl Exchange<'_> {
    pub(crate) fn take(&self, state: &mut State) -> Result<(), Halt> {
        let here: HashSet<([u8; 16], u64, u64, [u8; 16])> = self
            .journal
            .carried(self.known.project)?
            .iter()
            .map(|carried| key(&SegmentName::of(&carried.sealed)))
            .collect();
        let mut names = state.listing.segments.clone();
        names.sort_unstable();
        state.forget_what_is_gone();
        let mut dealt_with: HashSet<_> = here;
        for (name, item) in &state.items {
            if item.state == ItemState::Taken
                && let Some(name) = parsed(name)
            {
                dealt_with.insert(key(&name));
            }
        }
        // Logs in which something is missing: what follows cannot be taken in before it comes.
        let mut gaps: BTreeSet<[u8; 16]> = BTreeSet::new();
        for (name, length) in names {
            let place = name.to_string();
            if dealt_with.contains(&key(&name)) {
                continue;
            }
            if planted("hints-are-believed")
                && state.heads.iter().any(|head| head.log == name.log && head.seq < name.first)
            {
                continue;
            }
            if gaps.contains(&name.log) {
                state.outcome.waiting += 1;
                continue;
            }
            let noted = state.items.get(&place).cloned();
            let is_later = |item: &RemoteItem| item.bytes == length && self.waits(item);
            if !self.deep && noted.as_ref().is_some_and(is_later) {
                continue;
            }
            match self.take_one(&name, state) {
                Ok(imported) => {
                    dealt_with.insert(key(&name));
                    let item = RemoteItem {
                        name: place.clone(),
                        state: ItemState::Taken,
                        trouble: None,
                        bytes: length,
                        attempts: noted.map_or(1, |item| item.attempts + 1),
                        wait_ms: None,
                        next_ms: None,
                    };
                    state.took(&name, &imported);
                    state.settle_copies(&name);
                    state.put(item);
                }
                Err(Refused::Gap(_)) if planted("gap-is-taken") => {
                    let item = self.later(noted, &place, ItemState::Taken, length, Class::Retry, String::new());
                    state.put(item);
                }
                Err(Refused::Gap(first)) => {
                    gaps.insert(name.log);
                    state.outcome.waiting += 1;
                    let last = name.first.saturating_sub(1);
                    state.outcome.missing.push(Missing { log: name.log, lane: name.lane, first, last });
                }
                Err(Refused::Because(class, detail)) => {
                    let what = if planted("refused-is-final") { ItemState::Taken } else { ItemState::Refused };
                    let item = self.later(noted, &place, what, length, class, detail);
                    state.put(item);
                }
                Err(Refused::Halt(halt)) => return Err(halt),
            }
        }
        for (name, error) in std::mem::take(&mut state.listing.unread) {
            state.outcome.problems.push(Problem {
                name,
                class: error.class,
                detail: error.to_string(),
                attempts: 1,
                next_ms: None,
            });
        }
        Ok(())
    }

    /// Whether it is to be left alone for now. What was noted at a time that has not come, by a clock that has been set back since, may
    /// be tried at once, or it would wait for years.
    fn waits(&self, item: &RemoteItem) -> bool {
        let Some(next) = item.next_ms else { return false };
        let noted = next.saturating_sub(item.wait_ms.unwrap_or(0).cast_signed());
        next > self.now_ms && (noted <= self.now_ms || planted("clock-is-right"))
    }

    fn take_one(&self, name: &SegmentName, state: &mut State) -> Result<Imported, Refused> {
        if name.lane == LOCAL {
            let detail = "it is of the lane that never leaves a device\nhint: remove that file; whoever put it there did not use Holdover";
            return Err(Refused::Because(Class::Integrity, detail.to_owned()));
        }
        let bytes = match self.remote.get(name, &self.call()) {
            Ok(bytes) => bytes,
            Err(error) if error.ends => return Err(Refused::Halt(Halt::Remote(error))),
            Err(error) => return Err(Refused::Because(error.class, error.to_string())),
        };
        state.outcome.bytes.0 += bytes.len() as u64;
        let segment = Segment::read(&bytes).map_err(|error| {
            let hint = "it may still be on its way, and is looked at again; if not, remove that file: whoever holds the segment puts it there again";
            Refused::Because(Class::Integrity, format!("{error}\nhint: {hint}"))
        })?;
        self.belongs(name, &segment)?;
        // What answers what came is not answered again.
        let news: Vec<u64> = segment
            .records
            .iter()
            .filter(|(header, _)| header.kind != RECEIVED)
            .map(|(header, _)| header.seq)
            .collect();
        let last = segment.last;
        let imported = match self.journal.import_read(segment, &bytes) {
            Ok(imported) => imported,
            Err(ImportError::Gap { expected, .. }) => return Err(Refused::Gap(expected)),
            Err(ImportError::Journal(error)) => return Err(Refused::Halt(Halt::Journal(error))),
            Err(error @ ImportError::TooMuch { .. }) => return Err(Refused::Because(Class::Quota, error.to_string())),
            Err(error @ (ImportError::Segment(_) | ImportError::Local)) => {
                return Err(Refused::Because(Class::Integrity, error.to_string()));
            }
        };
        state.news |= imported.released > 0 || news.iter().any(|seq| *seq + imported.new > last);
        Ok(imported)
    }

    /// That a segment is what its name says, and of what this remote carries.
    fn belongs(&self, name: &SegmentName, segment: &Segment) -> Result<(), Refused> {
        let origin = &segment.origin;
        let says = (name.log, name.first, name.last, name.lane);
        let is = (origin.log, segment.first, segment.last, origin.lane);
        if says != is || segment.hash[..16] != name.hash {
            let detail = format!(
                "it is sound and is not what its name says: it holds events {} to {} of log {}\nhint: somebody renamed it; remove that file",
                segment.first,
                segment.last,
                hex::encode(origin.log),
            );
            return Err(Refused::Because(Class::Integrity, detail));
        }
        let of_membership = origin.project == NO_PROJECT && origin.lane == CTL;
        if origin.project != self.known.project && !of_membership {
            let detail =
                "it is of another project than this remote carries\nhint: remove that file; nothing of it was kept";
            return Err(Refused::Because(Class::Integrity, detail.to_owned()));
        }
        Ok(())
    }

    /// A note that something is tried again, later each time.
    pub(crate) fn later(
        &self,
        noted: Option<RemoteItem>,
        name: &str,
        what: ItemState,
        bytes: u64,
        class: Class,
        detail: String,
    ) -> RemoteItem {
        let attempts = noted.as_ref().map_or(0, |item| item.attempts) + 1;
        let mut drawn_for = [0; 16];
        drawn_for.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..16]);
        let last = noted.and_then(|item| item.wait_ms);
        let wait = Backoff::default().delay_ms(last, Ulid::from_bytes(drawn_for), attempts);
        RemoteItem {
            name: name.to_owned(),
            state: what,
            trouble: Some((class.word().to_owned(), detail)),
            bytes,
            attempts,
            wait_ms: Some(wait),
            next_ms: Some(if planted("never-again") {
                i64::MAX
            } else {
                self.now_ms.saturating_add(wait.cast_signed())
            }),
        }
    }
}

impl State {
    fn took(&mut self, name: &SegmentName, imported: &Imported) {
        let outcome = &mut self.outcome;
        outcome.received += imported.new;
        outcome.held += imported.held;
        outcome.released += imported.released;
        outcome.segments_received += u64::from(imported.new > 0);
        if let Some(reason) = imported.quarantined {
            outcome.apart.push(Problem {
                name: name.to_string(),
                class: if reason == Reason::Fork { Class::Fork } else { Class::Retry },
                detail: reason.word().to_owned(),
                attempts: 1,
                next_ms: None,
            });
        }
    }

    /// Where one of several files for a segment is sound, the others matter to nobody.
    fn settle_copies(&mut self, name: &SegmentName) {
        for copy in 1..=crate::name::LAST_COPY {
            let other = name.in_copy(copy).to_string();
            if other != name.to_string() && self.items.remove(&other).is_some() {
                self.note.forget.push(other);
            }
        }
    }

    /// What does not lie there any more is of no interest.
    fn forget_what_is_gone(&mut self) {
        let there: HashSet<String> = self.listing.segments.iter().map(|(name, _)| name.to_string()).collect();
        let gone: Vec<String> = self
            .items
            .values()
            .filter(|item| item.state == ItemState::Refused && !there.contains(&item.name))
            .map(|item| item.name.clone())
            .collect();
        for name in gone {
            self.items.remove(&name);
            self.note.forget.push(name);
        }
    }

    /// Notes what became of something.
    pub(crate) fn put(&mut self, item: RemoteItem) {
        self.note.items.push(item.clone());
        self.items.insert(item.name.clone(), item);
    }
}

/// What a segment is, whichever file it lies in.
pub(crate) fn key(name: &SegmentName) -> ([u8; 16], u64, u64, [u8; 16]) {
    (name.log, name.first, name.last, name.hash)
}

pub(crate) fn parsed(name: &str) -> Option<SegmentName> {
    let (folder, file) = name.strip_prefix("seg/")?.split_once('/')?;
    SegmentName::read(folder, file)
}
