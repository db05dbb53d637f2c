//! Puts on a remote what is here and not there: our own logs, and those of others, so that any replica heals a remote that lost
//! something. What could not be put there is noted with its reason; nothing else waits for it.

use crate::error::Class;
use crate::exchange::{Exchange, Halt, State};
use crate::name::SegmentName;
use crate::outcome::Problem;
use crate::remote::{Head, Put};
use crate::take::key;
use journal::{Carried, ItemState};
use std::collections::{BTreeMap, BTreeSet, HashMap};

impl Exchange<'_> {
    pub(crate) fn give(&self, state: &mut State) -> Result<(), Halt> {
        let carried = self.sealed()?;
        let mut there: HashMap<_, Vec<(SegmentName, u64)>> = HashMap::new();
        for (name, length) in &state.listing.segments {
            there.entry(key(name)).or_default().push((*name, *length));
        }
        let before: BTreeMap<[u8; 16], u64> = self.journal.remote_held(self.known.n)?.into_iter().collect();
        let mut held: BTreeMap<[u8; 16], u64> = BTreeMap::new();
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
            let is_there = lies_there
                || match &halted {
                    None => match self.give_one(one, &name, before.get(&name.log).copied().unwrap_or(0), state) {
                        Ok(put) => put,
                        Err(halt) => {
                            halted = Some(halt);
                            false
                        }
                    },
                    Some(_) => false,
                };
            let upto = held.entry(name.log).or_default();
            if is_there && name.first <= *upto + 1 {
                *upto = name.last.max(*upto);
            }
        }
        let own: BTreeSet<_> = carried.iter().filter(|one| one.own).map(|one| one.sealed.log).collect();
        let upto = |of: &BTreeMap<[u8; 16], u64>, log| of.get(log).copied().unwrap_or(0);
        state.outcome.sent = own.iter().map(|log| upto(&held, log).saturating_sub(upto(&before, log))).sum();
        state.note.held = Some(held.clone().into_iter().collect());
        if let Some(halt) = halted {
            return Err(halt);
        }
        self.say_heads(&held, state)
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

    /// Whether it lies there now.
    fn give_one(&self, one: &Carried, name: &SegmentName, before: u64, state: &mut State) -> Result<bool, Halt> {
        // A redaction may have taken it meanwhile: then it is sealed again without what it took, and goes the next time.
        let Some(bytes) = self.journal.segment_bytes(&one.sealed)? else { return Ok(false) };
        let place = name.to_string();
        let noted = state.items.get(&place).filter(|item| item.state == ItemState::Unsent).cloned();
        match self.remote.put(name, &bytes, &self.call()) {
            Ok(Put::Stored) => {
                state.outcome.segments_sent += 1;
                state.outcome.bytes.1 += bytes.len() as u64;
                state.outcome.healed += u64::from(before >= name.last);
            }
            Ok(Put::Already) => {}
            Ok(Put::Taken) => {
                let detail = "other bytes lie there under this name and every name beside it\nhint: remove those files; nothing here is overwritten";
                let item = self.later(noted, &place, ItemState::Unsent, one.bytes, Class::Integrity, detail.to_owned());
                state.put(item);
                return Ok(false);
            }
            Err(error) if error.ends => return Err(Halt::Remote(error)),
            Err(error) => {
                let item = self.later(noted, &place, ItemState::Unsent, one.bytes, error.class, error.to_string());
                state.put(item);
                return Ok(false);
            }
        }
        if noted.is_some() {
            state.items.remove(&place);
            state.note.forget.push(place);
        }
        Ok(true)
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
