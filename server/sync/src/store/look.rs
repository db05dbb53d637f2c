//! Looking at a bucket: one list of its hints, and where one of them has changed, what changed. All of it is listed once a day, where
//! too much has changed, and where hints cannot tell it.

use super::{MARK, MOST_NAMES, Store, There, now_ms};
use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::format;
use crate::name::{SegmentName, Stray, log_folder, shown};
use crate::remote::Identity;
use contract::{StoreAnswer, StoreEntry, StoreQuestion};
use std::collections::BTreeMap;

/// How long a list is believed where no hint has changed.
const BELIEVED_MS: i64 = 24 * 3_600_000;
/// Logs that changed and are listed one by one; where more did, everything is.
const ONE_BY_ONE: usize = 16;
/// Entries of one answer.
const PAGE: u32 = 10_000;
/// Hints that are looked at, and those that are read: of other logs it is known from the list how far they have come.
const MOST_HINTS: usize = 20_000;
const READ_HINTS: usize = 256;
/// Longest hint, in bytes.
const LONGEST_HINT: u64 = 4096;
/// Other objects that are named, at most.
const MOST_STRAYS: usize = 100;

impl Store {
    pub(super) fn look<'s>(&self, slot: &'s mut Option<There>, call: &Call) -> Result<&'s mut There, RemoteError> {
        let there = match slot.take() {
            Some(there) => there,
            None => self.look_there(call)?,
        };
        Ok(slot.insert(there))
    }

    fn look_there(&self, call: &Call) -> Result<There, RemoteError> {
        let (hints, cut) = self.list("heads", None, MOST_HINTS, call)?;
        let tags: BTreeMap<String, String> =
            hints.into_iter().map(|(name, entry)| (name, entry.tag.unwrap_or_default())).collect();
        let kept = if self.afresh() { None } else { self.kept.read() };
        let is_fresh = |there: &There| (0..BELIEVED_MS).contains(&(now_ms() - there.full_ms));
        if let Some(there) = &kept
            && !tags.is_empty()
            && there.tags == tags
            && tags.values().all(|tag| !tag.is_empty())
            && is_fresh(there)
        {
            return kept.ok_or_else(|| self.gone());
        }
        let identity = self.described(call)?.ok_or_else(|| self.gone())?;
        let kept = kept.filter(|there| there.identity == identity);
        let changed: Vec<&String> = tags
            .iter()
            .filter(|(name, tag)| kept.as_ref().is_none_or(|k| k.tags.get(*name) != Some(tag)))
            .map(|(name, _)| name)
            .collect();
        let vanished = kept.as_ref().is_some_and(|k| k.tags.keys().any(|name| !tags.contains_key(name)));
        let beyond = changed.iter().any(|name| name.starts_with(MARK)) || vanished || changed.len() > ONE_BY_ONE;
        let one_by_one = kept.as_ref().is_some_and(|there| is_fresh(there) && !beyond);
        let (mut there, is_full) = match kept {
            Some(there) if one_by_one => (there, false),
            kept => {
                let (heads, conditional) = kept.map(|k| (k.heads, k.conditional)).unwrap_or_default();
                (self.listed(identity, heads, conditional, call)?, true)
            }
        };
        there.is_confirmed = true;
        if cut {
            there.unread.push(("heads".to_owned(), self.odd("there are more hints than are looked at")));
        }
        there.heads.retain(|name, _| tags.contains_key(name));
        let mut unsure = Vec::new();
        for (at, name) in changed.into_iter().filter(|name| log_folder(name).is_some()).enumerate() {
            call.goes_on()?;
            // What nobody reads is known from the list.
            let said = if at < READ_HINTS { self.hint(name, call)? } else { Some(there.upto(name)) };
            match said {
                Some(seq) => drop(there.heads.insert(name.clone(), seq)),
                None => drop(there.heads.remove(name)),
            }
            if !is_full {
                self.list_log(name, &mut there, call)?;
            }
            // A list may be behind the hint: then it is asked again the next time.
            if said.is_some_and(|seq| seq > there.upto(name)) {
                unsure.push(name.clone());
            }
        }
        there.tags = tags;
        for name in unsure {
            there.tags.insert(name, String::new());
        }
        self.kept.write(&there);
        Ok(there)
    }

    /// Everything that lies there.
    fn listed(
        &self,
        identity: Identity,
        heads: BTreeMap<String, u64>,
        conditional: Option<bool>,
        call: &Call,
    ) -> Result<There, RemoteError> {
        let mut there = There { heads, conditional, full_ms: now_ms(), ..There::of(identity) };
        let (found, cut) = self.list("seg", None, MOST_NAMES, call)?;
        if cut {
            let detail = format!("there are more than {MOST_NAMES} objects in it");
            there.unread.push(("seg".to_owned(), self.odd(&detail)));
        }
        for (name, entry) in found {
            there.take(&name, &entry);
        }
        Ok(there)
    }

    /// What came to a log since it was listed.
    fn list_log(&self, log: &str, there: &mut There, call: &Call) -> Result<(), RemoteError> {
        let after = format!("seg/{log}/{:020}", there.upto(log).saturating_add(1));
        let (found, _) = self.list(&format!("seg/{log}"), Some(&after), MOST_NAMES, call)?;
        for (name, entry) in found {
            there.take(&format!("{log}/{name}"), &entry);
        }
        Ok(())
    }

    fn hint(&self, name: &str, call: &Call) -> Result<Option<u64>, RemoteError> {
        let question = StoreQuestion::Get { key: self.key(&format!("heads/{name}")), most: LONGEST_HINT };
        match self.bucket.ask(&question, &[], call) {
            Ok((StoreAnswer::Bytes, bytes)) => Ok(String::from_utf8_lossy(&bytes).trim().parse().ok()),
            Err(error) if error.ends => Err(error),
            // A hint that cannot be read is none.
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// What the remote says of itself.
    pub(super) fn described(&self, call: &Call) -> Result<Option<Identity>, RemoteError> {
        let question = StoreQuestion::Get { key: self.key("FORMAT.json"), most: format::MAX_DESCRIPTION };
        match self.bucket.ask(&question, &[], call)? {
            (StoreAnswer::Bytes, bytes) => {
                format::read(&bytes).map(Some).map_err(|unread| self.wrong(&unread.detail, unread.hint))
            }
            (StoreAnswer::Missing, _) => Ok(None),
            _ => Err(self.nonsense()),
        }
    }

    /// What lies below a folder of ours, by its name there; and whether there is more than is looked at. What an answer says twice,
    /// or what was not asked for, counts once and not at all.
    pub(super) fn list(
        &self,
        folder: &str,
        after: Option<&str>,
        most: usize,
        call: &Call,
    ) -> Result<(BTreeMap<String, StoreEntry>, bool), RemoteError> {
        let prefix = self.key(folder);
        let prefix = prefix.trim_end_matches('/').to_owned();
        let start = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let mut found = BTreeMap::new();
        let mut after = after.map(|after| self.key(after));
        loop {
            call.goes_on()?;
            let question = StoreQuestion::List { prefix: prefix.clone(), after: after.clone(), most: PAGE };
            let (StoreAnswer::Listed { entries, more }, _) = self.bucket.ask(&question, &[], call)? else {
                return Err(self.nonsense());
            };
            let last = entries.iter().map(|entry| &entry.key).max().cloned();
            for entry in entries {
                if let Some(name) = entry.key.strip_prefix(&start).filter(|name| !name.is_empty()) {
                    found.insert(name.to_owned(), entry);
                }
                if found.len() > most {
                    return Ok((found, true));
                }
            }
            if !more {
                return Ok((found, false));
            }
            if last <= after {
                return Err(
                    self.wrong("its lists lead in circles", "look whether what answers there is an object store")
                );
            }
            after = last;
        }
    }
}

impl There {
    /// Notes an object below `seg`.
    fn take(&mut self, name: &str, entry: &StoreEntry) {
        let of = |name: &str| name.split_once('/').and_then(|(folder, file)| SegmentName::read(folder, file));
        match of(name) {
            Some(name) => drop(self.segments.insert(name, entry.bytes)),
            None if self.strays.len() < MOST_STRAYS => {
                let file = name.rsplit('/').next().unwrap_or(name);
                self.strays.push((shown(&format!("seg/{name}")), Stray::of(file)));
            }
            None => {}
        }
    }

    /// Up to which place of a log everything is on the list.
    pub(super) fn upto(&self, log: &str) -> u64 {
        let Some((lane, log)) = log_folder(log) else { return 0 };
        let first = SegmentName { lane, log, first: 0, last: 0, hash: [0; 16], copy: 0 };
        let mut upto = 0;
        for (name, _) in self.segments.range(first..).take_while(|(name, _)| (name.lane, name.log) == (lane, log)) {
            if name.first > upto + 1 {
                break;
            }
            upto = upto.max(name.last);
        }
        upto
    }
}

impl Store {
    pub(super) fn odd(&self, detail: &str) -> RemoteError {
        let message = format!("{}: {detail}", self.shown);
        RemoteError::of(Class::Integrity, message, "look at it, and remove what is not ours")
    }

    pub(super) fn wrong(&self, detail: &str, hint: &str) -> RemoteError {
        RemoteError::of_all(Class::Integrity, format!("{}: {detail}", self.shown), hint)
    }

    pub(super) fn nonsense(&self) -> RemoteError {
        self.wrong("it gave an answer that is none", "look whether what answers there is an object store")
    }

    pub(super) fn gone(&self) -> RemoteError {
        self.wrong(
            "there is nothing of Holdover's any more",
            "somebody removed it; remove this remote and add it again, and what is here is put there again",
        )
    }
}
