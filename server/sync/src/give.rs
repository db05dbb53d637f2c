//! Puts on a remote what is here and not there: our own logs, and those of others, so that any replica heals a remote that lost
//! something. What could not be put there is noted with its reason; nothing else waits for it.

use crate::error::Class;
use crate::exchange::{Exchange, Halt, State};
use crate::name::SegmentName;
use crate::outcome::Problem;
use crate::remote::{Head, Put};
use crate::take::key;
use journal::{Carried, ItemState, planted};
use std::collections::{BTreeMap, BTreeSet, HashMap};

impl Exchange<'_> {
    pub(crate) fn give(&self, state: &mut State) -> Result<(), Halt> {
        let mut carried = self.sealed()?;
        carried.retain(|one| one.own || !planted("own-alone-is-given"));
        let mut there: HashMap<_, Vec<(SegmentName, u64)>> = HashMap::new();
        for (name, length) in &state.listing.segments {
            there.entry(key(name)).or_default().push((*name, *length));
        }
        let before: BTreeMap<[u8; 16], u64> = self.journal.remote_held(self.known.n)?.into_iter().collect();
        let mut placed = Vec::with_capacity(carried.len());
        let mut halted = None;
        for one in &carried {
            let name = SegmentName::of(&one.sealed);
            let lies_there = match there.get(&key(&name)) {
                Some(files) => match self.lies_there(one, files) {
                    Ok(lies) => lies,
                    Err(halt) => {
                        halted = halted.or(Some(halt));
                        false
                    }
                },
                None => false,
            };
            if lies_there {
                state.no_longer_unsent(&name.to_string());
            }
            let place = match &halted {
                _ if lies_there => Place::There,
                None => match self.give_one(one, &name, before.get(&name.log).copied().unwrap_or(0), state) {
                    Ok(place) => place,
                    Err(halt) => {
                        halted = Some(halt);
                        Place::Not
                    }
                },
                Some(_) => Place::Not,
            };
            placed.push((name, place));
        }
        let ended = match halted {
            None => self.say_heads(&held(&placed, true), state).and_then(|()| self.finish()),
            Some(halt) => Err(halt),
        };
        // What was gathered is there once the remote said so for all of it.
        let held = held(&placed, ended.is_ok() || planted("gathered-is-stored"));
        for (_, place) in &placed {
            if let (Place::Gathered { bytes, healed }, Ok(())) = (place, &ended) {
                state.sent(*bytes, *healed);
            }
        }
        let own: BTreeSet<_> = carried.iter().filter(|one| one.own).map(|one| one.sealed.log).collect();
        let upto = |of: &BTreeMap<[u8; 16], u64>, log| of.get(log).copied().unwrap_or(0);
        state.outcome.sent = own.iter().map(|log| upto(&held, log).saturating_sub(upto(&before, log))).sum();
        state.note.held = Some(held.into_iter().collect());
        ended
    }

    fn finish(&self) -> Result<(), Halt> {
        self.remote.finish(&self.call()).map_err(Halt::Remote)
    }

    /// Whether one of the files for a segment holds it: one of its length does, as far as that is looked at.
    fn lies_there(&self, one: &Carried, files: &[(SegmentName, u64)]) -> Result<bool, Halt> {
        let mut as_long = files.iter().filter(|(_, length)| *length == one.bytes);
        if !self.deep {
            return Ok(as_long.next().is_some());
        }
        let Some(bytes) = self.journal.segment_bytes(&one.sealed)? else { return Ok(true) };
        for (name, _) in as_long {
            match self.remote.get(name, &self.call()) {
                Ok(there) if there == bytes => return Ok(true),
                Err(error) if error.ends => return Err(Halt::Remote(error)),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(false)
    }

    /// Where it is now.
    fn give_one(&self, one: &Carried, name: &SegmentName, before: u64, state: &mut State) -> Result<Place, Halt> {
        // A redaction may have taken it meanwhile: then it is sealed again without what it took, and goes the next time.
        let Some(bytes) = self.journal.segment_bytes(&one.sealed)? else { return Ok(Place::Not) };
        let place = name.to_string();
        let noted = state.items.get(&place).filter(|item| item.state == ItemState::Unsent).cloned();
        let (length, healed) = (bytes.len() as u64, before >= name.last);
        let stands = match self.remote.put(name, &bytes, &self.call()) {
            Ok(Put::Stored) => {
                state.sent(length, healed);
                Place::There
            }
            Ok(Put::Gathered) => Place::Gathered { bytes: length, healed },
            Ok(Put::Already) => Place::There,
            Ok(Put::Taken) => {
                let detail = "other bytes lie there under this name and every name beside it\nhint: remove those files; nothing here is overwritten";
                let item = self.later(noted, &place, ItemState::Unsent, one.bytes, Class::Integrity, detail.to_owned());
                state.put(item);
                return Ok(Place::Not);
            }
            Err(_) if planted("lost-answer-is-stored") => Place::There,
            Err(error) if error.ends || planted("poison-ends-it") => return Err(Halt::Remote(error)),
            Err(error) => {
                let item = self.later(noted, &place, ItemState::Unsent, one.bytes, error.class, error.to_string());
                state.put(item);
                return Ok(Place::Not);
            }
        };
        if noted.is_some() {
            state.items.remove(&place);
            state.note.forget.push(place);
        }
        Ok(stands)
    }

    /// Hints for those who poll: how far our own logs have come there.
    fn say_heads(&self, held: &BTreeMap<[u8; 16], u64>, state: &mut State) -> Result<(), Halt> {
        for (log, lane, _, own) in self.journal.log_heads(self.known.project)? {
            let Some(seq) = held.get(&log).copied().filter(|seq| own && *seq > 0) else { continue };
            if state.heads.contains(&Head { lane, log, seq }) {
                continue;
            }
            match self.remote.set_head(&Head { lane, log, seq }, &self.call()) {
                Ok(()) => {}
                Err(error) if error.ends => return Err(Halt::Remote(error)),
                // Nobody needs it to be right.
                Err(error) => state.outcome.problems.push(Problem {
                    name: format!("heads/{lane:x}-{}", hex::encode(log)),
                    class: error.class,
                    detail: error.to_string(),
                    attempts: 1,
                    next_ms: None,
                }),
            }
        }
        Ok(())
    }
}

/// Where a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    There,
    /// It is there once the remote took all that was gathered.
    Gathered {
        bytes: u64,
        /// It was there before.
        healed: bool,
    },
    Not,
}

/// Up to which place of each log everything is there, in the order of the logs.
fn held(placed: &[(SegmentName, Place)], with_gathered: bool) -> BTreeMap<[u8; 16], u64> {
    let mut held: BTreeMap<[u8; 16], u64> = BTreeMap::new();
    for (name, place) in placed {
        let is_there = match place {
            Place::There => true,
            Place::Gathered { .. } => with_gathered,
            Place::Not => false,
        };
        let upto = held.entry(name.log).or_default();
        if is_there && name.first <= *upto + 1 {
            *upto = name.last.max(*upto);
        }
    }
    held
}

impl State {
    /// Somebody else has put it there meanwhile.
    fn no_longer_unsent(&mut self, place: &str) {
        if self.items.get(place).is_some_and(|item| item.state == ItemState::Unsent) {
            self.items.remove(place);
            self.note.forget.push(place.to_owned());
        }
    }

    fn sent(&mut self, bytes: u64, healed: bool) {
        self.outcome.segments_sent += 1;
        self.outcome.bytes.1 += bytes;
        self.outcome.healed += u64::from(healed);
    }
}
