//! Putting something into a bucket. Where the store keeps two writers of one key apart, it is asked to; where it does not, it is
//! looked first what lies there, and read back after: names follow from contents, so that two writers of one name write the same.

use super::{MARK, Store, There};
use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::format;
use crate::name::{LAST_COPY, SegmentName, Stray, shown};
use crate::remote::{Head, Identity, Put};
use contract::{StoreAnswer, StoreQuestion};
use std::time::{Duration, Instant};
use ulid::Ulid;

/// How often something is tried that the store says is there, and is not.
const TRIES: u32 = 4;
/// Objects that are looked at before a remote is set up.
const LOOKED_AT: usize = 1000;

impl Store {
    pub(super) fn put_there(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        let mut state = self.state();
        let there = self.look(&mut state.there, call)?;
        self.confirm(there, call)?;
        let log = name.folder();
        let before = there.upto(&log);
        for copy in name.copy..=LAST_COPY {
            call.goes_on()?;
            let other = name.in_copy(copy);
            match self.put_new(&self.key(&other.to_string()), bytes, &mut there.conditional, call)? {
                Put::Taken => {}
                put => {
                    there.segments.insert(other, bytes.len() as u64);
                    let (lowest, _) = there.given.entry(log).or_insert((name.first, before));
                    *lowest = name.first.min(*lowest);
                    return Ok(put);
                }
            }
        }
        Ok(Put::Taken)
    }

    /// That it still is the remote that it was, before something is put there.
    fn confirm(&self, there: &mut There, call: &Call) -> Result<(), RemoteError> {
        if there.is_confirmed {
            return Ok(());
        }
        match self.described(call)? {
            Some(found) if found == there.identity => {
                there.is_confirmed = true;
                Ok(())
            }
            Some(_) => Err(self.wrong(
                "it is another remote than the one that was added",
                "to use it, remove the remote and add it again; nothing was written",
            )),
            None => Err(self.gone()),
        }
    }

    /// Puts an object where nothing is.
    fn put_new(
        &self,
        key: &str,
        bytes: &[u8],
        conditional: &mut Option<bool>,
        call: &Call,
    ) -> Result<Put, RemoteError> {
        let is_conditional = match *conditional {
            Some(known) => known,
            None => *conditional.insert(self.try_out(call)?.conditional),
        };
        if !is_conditional {
            return self.put_plain(key, bytes, call);
        }
        let question = StoreQuestion::Put { key: key.to_owned(), new: true };
        for attempt in 0..TRIES {
            match self.bucket.ask(&question, bytes, call) {
                Ok((StoreAnswer::Done { .. }, _)) => return Ok(Put::Stored),
                Ok((StoreAnswer::Exists, _)) => match self.holds(key, bytes, call)? {
                    Some(true) => return Ok(Put::Already),
                    Some(false) => return Ok(Put::Taken),
                    // Another writer of it was just refused, or gave up: S3 says 409 then.
                    None => wait(attempt, call)?,
                },
                Ok((StoreAnswer::Unconditional, _)) => break,
                Ok(_) => return Err(self.nonsense()),
                Err(error) => return self.lost(key, bytes, error, call),
            }
        }
        // It works in another way than when it was tried out.
        let tried = self.try_out(call)?;
        *conditional = Some(tried.conditional);
        if tried.conditional {
            let message = format!("{key} is said to be there each time, and is not");
            return Err(RemoteError::of(Class::Retry, message, "try again"));
        }
        self.put_plain(key, bytes, call)
    }

    /// Without a condition: nothing is put over what lies there, as far as that can be seen, and what lies there then is read back.
    fn put_plain(&self, key: &str, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        match self.holds(key, bytes, call)? {
            Some(true) => return Ok(Put::Already),
            Some(false) => return Ok(Put::Taken),
            None => {}
        }
        match self.bucket.ask(&StoreQuestion::Put { key: key.to_owned(), new: false }, bytes, call) {
            Ok((StoreAnswer::Done { .. }, _)) => {}
            Ok(_) => return Err(self.nonsense()),
            Err(error) => return self.lost(key, bytes, error, call),
        }
        match self.holds(key, bytes, call)? {
            Some(true) => Ok(Put::Stored),
            Some(false) => Ok(Put::Taken),
            None => {
                let message = format!("{key} was put there and is not shown");
                Err(RemoteError::of(Class::Retry, message, "try again"))
            }
        }
    }

    /// It may have been done although the answer did not come.
    fn lost(&self, key: &str, bytes: &[u8], error: RemoteError, call: &Call) -> Result<Put, RemoteError> {
        if error.class != Class::Retry {
            return Err(error);
        }
        match self.holds(key, bytes, call) {
            Ok(Some(true)) => Ok(Put::Stored),
            _ => Err(error),
        }
    }

    /// Says how far a log of our own has come.
    pub(super) fn say_head(&self, head: &Head, call: &Call) -> Result<(), RemoteError> {
        let mut state = self.state();
        let there = self.look(&mut state.there, call)?;
        self.confirm(there, call)?;
        let name = format!("{:x}-{}", head.lane, hex::encode(head.log));
        self.hint_at(&name, &format!("{}\n", head.seq), there, call)?;
        there.heads.insert(name.clone(), head.seq);
        there.announced.insert(name);
        Ok(())
    }

    fn hint_at(&self, name: &str, text: &str, there: &mut There, call: &Call) -> Result<(), RemoteError> {
        let question = StoreQuestion::Put { key: self.key(&format!("heads/{name}")), new: false };
        let (StoreAnswer::Done { tag }, _) = self.bucket.ask(&question, text.as_bytes(), call)? else {
            return Err(self.nonsense());
        };
        there.tags.insert(name.to_owned(), tag.unwrap_or_default());
        Ok(())
    }

    /// Tells others of what no log's hint tells: what was lost and put there again, and what was sealed anew.
    pub(super) fn close(&self, call: &Call) -> Result<(), RemoteError> {
        call.goes_on()?;
        let mut state = self.state();
        let Some(there) = &mut state.there else { return Ok(()) };
        if there.given.is_empty() && there.announced.is_empty() {
            return Ok(());
        }
        let is_told = |log: &String, lowest: u64, before: u64| there.announced.contains(log) && lowest > before;
        if there.given.iter().any(|(log, (lowest, before))| !is_told(log, *lowest, *before)) {
            self.hint_at(&format!("{MARK}{}", self.device), &format!("{}\n", Ulid::generate()), there, call)?;
        }
        there.given.clear();
        there.announced.clear();
        self.kept.write(there);
        Ok(())
    }

    /// Sets the remote up, or finds that it is one of the project.
    pub(super) fn found_there(
        &self,
        project: [u8; 16],
        check: Option<[u8; 8]>,
        call: &Call,
    ) -> Result<Identity, RemoteError> {
        if let Some(found) = self.described(call)? {
            return self.of_project(found, project);
        }
        let (found, _) = self.list("", None, LOOKED_AT, call)?;
        let is_other = |name: &&String| {
            let top = name.split('/').next().unwrap_or_default();
            !["seg", "heads"].contains(&top) && Stray::of(top) == Stray::Unknown
        };
        if let Some(other) = found.keys().find(is_other) {
            let detail = format!("there are other objects in it: {}", shown(other));
            return Err(
                self.wrong(&detail, "name a prefix below which there is nothing: `…/bucket/holdover`, for example")
            );
        }
        let tried = self.try_out(call)?;
        let mut conditional = Some(tried.conditional);
        self.state().tried = Some(tried);
        let text = format::new(project, check);
        self.put_new(&self.key("FORMAT.json"), text.as_bytes(), &mut conditional, call)?;
        // Of two that set it up at the same time, the one whose object it is.
        match self.described(call)? {
            Some(found) => self.of_project(found, project),
            None => Err(self.wrong("what was put there is not shown", "try again")),
        }
    }

    fn of_project(&self, found: Identity, project: [u8; 16]) -> Result<Identity, RemoteError> {
        if found.project == project {
            return Ok(found);
        }
        let detail = format!("it carries another project, {}", hex::encode(found.project));
        let hint = "name another prefix; `workspace.project` in `holdover.toml` says which project a workspace is";
        Err(self.wrong(&detail, hint))
    }
}

/// A moment that differs from one device to another, longer each time.
fn wait(attempt: u32, call: &Call) -> Result<(), RemoteError> {
    let random = Ulid::generate().random() as u64;
    let most = 50_u64 << attempt.min(6);
    let until = Instant::now() + Duration::from_millis(most / 2 + random % most);
    while Instant::now() < until {
        call.goes_on()?;
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
