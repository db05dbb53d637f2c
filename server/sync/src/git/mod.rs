//! A git repository that somebody already has as a remote: one ref for each device, on which it puts commits that hold its segments.
//! No ref of anybody's is ever forced, no working tree is needed, and what another's ref lost is put on one's own.
//!
//! One synchronisation is one fetch and at most one push. What was fetched is read from a bare repository in Holdover's data folder.

mod bundle;
mod cache;
mod give;
mod program;
mod refs;
mod tree;
mod words;

use crate::address::{GitPlace, GitWay};
use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::format;
use crate::name::{LAST_COPY, SegmentName, Stray};
use crate::remote::{Exclusion, Head, Identity, Listing, MOST_BYTES, Probe, Put, Remote};
use cache::{Cache, Held, Noted, is_left_behind};
use give::Pending;
use host::Permit;
use journal::MAX_SEGMENT;
use program::{LOCAL_SIDE, Program};
use refs::{For, Ref};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tree::{Blob, Tree};

/// Bytes, and segments, that are read ahead of what is asked for.
const AHEAD_BYTES: u64 = 8 << 20;
const AHEAD: usize = 256;
/// Longest that one question may take: all of a remote is fetched by one, and a fetch that is broken off begins anew.
const PATIENCE: Duration = Duration::from_mins(20);
/// Other files that are named, at most.
const MOST_STRAYS: usize = 100;

/// A git repository as a remote.
pub struct Git {
    at: GitPlace,
    cache: Cache,
    /// Which ref is this device's own.
    device: [u8; 16],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    there: Option<There>,
    pending: Option<Pending>,
}

/// What lies on the remote, as it was fetched.
struct There {
    refs: Vec<Ref>,
    /// By the name under which each file is asked for: of several different files of one name, the second is called a copy.
    segments: BTreeMap<SegmentName, Blob>,
    heads: Vec<Head>,
    strays: Vec<(String, Stray)>,
    unread: Vec<(String, RemoteError)>,
    /// What this device's own ref holds.
    own: Tree,
    /// `FORMAT.json`.
    description: Option<Vec<u8>>,
    /// Bytes of objects that were read ahead.
    ahead: HashMap<String, Vec<u8>>,
}

impl Git {
    /// The remote there. `data` is Holdover's data folder, `device` this device's key in hex; looks at nothing yet.
    #[must_use]
    pub fn at(place: &GitPlace, data: &Path, device: &str, permit: Option<Permit>) -> Git {
        let folder = Git::folder(place, data);
        let mut own = [0; 16];
        own.copy_from_slice(&blake3::derive_key("holdover 2026 ref of a device", device.as_bytes())[..16]);
        let program = Program {
            repository: folder.join("repository.git"),
            way: place.way.word(),
            permit,
            place: place.text(),
            ssh: Arc::default(),
        };
        Git { at: place.clone(), cache: Cache { folder, program }, device: own, state: Mutex::default() }
    }

    /// Where what was fetched of a remote is kept.
    #[must_use]
    pub fn folder(place: &GitPlace, data: &Path) -> std::path::PathBuf {
        data.join("git").join(&blake3::hash(place.text().as_bytes()).to_hex()[..32])
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn local_side(&self) -> Option<&'static str> {
        matches!(self.at.way, GitWay::Path(_)).then_some(LOCAL_SIDE)
    }

    /// Fetches, if that was not done yet.
    fn look<'s>(&self, state: &'s mut State, call: &Call) -> Result<&'s mut There, RemoteError> {
        if state.there.is_none() {
            if state.held.is_none() {
                state.held = Some(self.cache.hold(call)?);
            }
            state.there = Some(self.look_again(call)?);
        }
        match &mut state.there {
            Some(there) => Ok(there),
            None => Err(self.gone()),
        }
    }

    fn look_again(&self, call: &Call) -> Result<There, RemoteError> {
        self.is_where_it_was()?;
        self.cache.make(call)?;
        if let Err(complaints) = self.fetch(call)? {
            // A process that was killed may have left locks, or half of what it fetched: from the beginning, once.
            if !is_left_behind(&complaints) {
                return Err(words::of_complaints(&self.at.text(), self.at.way.word(), &complaints));
            }
            self.cache.throw_away()?;
            self.cache.make(call)?;
            if let Err(complaints) = self.fetch(call)? {
                return Err(words::of_complaints(&self.at.text(), self.at.way.word(), &complaints));
            }
        }
        let (refs, too_many) = self.cache.refs(call)?;
        let trees = self.cache.trees(&refs, call)?;
        let mut there = There {
            segments: BTreeMap::new(),
            heads: Vec::new(),
            strays: Vec::new(),
            unread: Vec::new(),
            own: Tree::default(),
            description: None,
            ahead: HashMap::new(),
            refs,
        };
        if too_many {
            there.unread.push(("refs".to_owned(), self.odd("there are more refs of Holdover's than it looks at")));
        }
        self.gather(&mut there, &trees)?;
        self.compare(&mut there, call)?;
        Ok(there)
    }

    fn fetch(&self, call: &Call) -> Result<Result<(), Vec<String>>, RemoteError> {
        self.cache.fetch(&self.at.argument(), self.local_side(), call)
    }

    /// A path where nothing is says so, before git says it in its words.
    fn is_where_it_was(&self) -> Result<(), RemoteError> {
        match self.at.way.path() {
            Some(path) if !path.exists() => Err(self.gone()),
            _ => Ok(()),
        }
    }

    fn gone(&self) -> RemoteError {
        let message = format!("no remote is at {}", self.at.text());
        RemoteError::of_all(Class::Retry, message, "plug in or mount what it lies on, and try again")
    }

    fn odd(&self, detail: &str) -> RemoteError {
        let message = format!("{}: {detail}", self.at.text());
        RemoteError::of(
            Class::Integrity,
            message,
            "look at the refs there with `git ls-remote`, and remove what is not ours",
        )
    }

    /// What all refs hold together.
    fn gather(&self, there: &mut There, trees: &HashMap<String, Tree>) -> Result<(), RemoteError> {
        let mut format: Option<&Tree> = None;
        let space = there.space();
        for one in &there.refs {
            let Some(tree) = trees.get(&one.commit) else { continue };
            if tree.cut {
                there.unread.push((one.name(), self.odd("there are more names in a commit than are looked at")));
            }
            if one.is_for == For::Format {
                format = format.or(Some(tree).filter(|tree| tree.format.is_some()));
                continue;
            }
            if one.is_for == For::Device(self.device) && Some(one.space) == space {
                there.own = tree.clone();
            }
            for (name, blob) in &tree.segments {
                let free = (name.copy..=LAST_COPY)
                    .map(|copy| name.in_copy(copy))
                    .find(|name| there.segments.get(name).is_none_or(|other| other == blob));
                if let Some(name) = free {
                    there.segments.insert(name, blob.clone());
                }
            }
            there.heads.extend(&tree.heads);
            there.strays.extend(tree.strays.iter().map(|(name, stray)| (format!("{}: {name}", one.name()), *stray)));
        }
        there.strays.truncate(MOST_STRAYS);
        // Of one log the furthest that anybody says.
        there.heads.sort_by_key(|head| (head.lane, head.log, std::cmp::Reverse(head.seq)));
        there.heads.dedup_by_key(|head| (head.lane, head.log));
        let Some(format) = format else { return Ok(()) };
        if format.description.is_none() {
            return Err(self.wrong("its description is longer than any", "name another repository"));
        }
        there.description.clone_from(&format.description);
        Ok(())
    }

    /// Names each ref that does not hold any more what it held when it was looked at last, and notes what it holds now.
    fn compare(&self, there: &mut There, call: &Call) -> Result<(), RemoteError> {
        let noted = self.cache.noted();
        let now: BTreeMap<String, String> = there.refs.iter().map(|one| (one.name(), one.commit.clone())).collect();
        if noted.seen == now {
            return Ok(());
        }
        for (name, earlier) in &noted.seen {
            let what = match now.get(name) {
                Some(later) if later == earlier || self.cache.follows(earlier, later, call)? => continue,
                Some(_) => "was set back or rewritten",
                None => "was removed",
            };
            let message =
                format!("{name} {what} at {}: what it held by then may not be there any more", self.at.text());
            let hint =
                "nothing is lost here, and what this device has is put there again; ask who may rewrite refs there";
            there.unread.push((name.clone(), RemoteError::of(Class::Integrity, message, hint)));
        }
        self.cache.note(&Noted { seen: now, ..noted })
    }

    fn wrong(&self, detail: &str, hint: &str) -> RemoteError {
        RemoteError::of_all(Class::Integrity, format!("{}: {detail}", self.at.text()), hint)
    }

    fn identity_of(&self, there: &There) -> Result<Option<Identity>, RemoteError> {
        let Some(description) = &there.description else { return Ok(None) };
        format::read(description).map(Some).map_err(|unread| self.wrong(&unread.detail, unread.hint))
    }
}

impl There {
    /// Where the remote's refs lie: where the description does.
    fn space(&self) -> Option<usize> {
        self.refs.iter().filter(|one| one.is_for == For::Format).map(|one| one.space).min()
    }

    /// The commit that a ref has.
    fn commit(&self, space: usize, is_for: For) -> Option<&str> {
        let mut of = self.refs.iter().filter(|one| one.space == space && one.is_for == is_for);
        of.next().map(|one| one.commit.as_str())
    }
}

impl Remote for Git {
    fn kind(&self) -> &'static str {
        match self.at.way {
            GitWay::Bundle(_) => "bundle",
            _ => "git",
        }
    }

    fn place(&self) -> String {
        self.at.text()
    }

    fn is_networked(&self, call: &Call) -> Result<bool, RemoteError> {
        call.goes_on()?;
        Ok(self.at.way.path().is_none_or(crate::folder::is_on_network))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn found(&self, project: [u8; 16], check: Option<[u8; 8]>, call: &Call) -> Result<Identity, RemoteError> {
        self.found_there(project, check, call)
    }

    fn identity(&self, call: &Call) -> Result<Identity, RemoteError> {
        let mut state = self.state();
        let there = self.look(&mut state, call)?;
        match self.identity_of(there)? {
            Some(identity) => Ok(identity),
            None => Err(self.wrong(
                "there is nothing of Holdover's any more",
                "somebody removed it; remove this remote and add it again, and what is here is put there again",
            )),
        }
    }

    fn segments(&self, call: &Call) -> Result<Listing, RemoteError> {
        let mut state = self.state();
        let there = self.look(&mut state, call)?;
        let segments = there.segments.iter().map(|(name, blob)| (*name, blob.bytes)).collect();
        Ok(Listing { segments, strays: there.strays.clone(), unread: std::mem::take(&mut there.unread) })
    }

    fn heads(&self, call: &Call) -> Result<Vec<Head>, RemoteError> {
        let mut state = self.state();
        Ok(self.look(&mut state, call)?.heads.clone())
    }

    fn get(&self, name: &SegmentName, call: &Call) -> Result<Vec<u8>, RemoteError> {
        let mut state = self.state();
        let there = self.look(&mut state, call)?;
        let Some(blob) = there.segments.get(name).cloned() else {
            let message = format!("{name} is not there any more");
            return Err(RemoteError::of(Class::Retry, message, "try again"));
        };
        if blob.bytes > MOST_BYTES {
            let message = format!("{name} has {} bytes, and a segment has at most {MAX_SEGMENT}", blob.bytes);
            let hint = "it is no segment; ask whose device put it there";
            return Err(RemoteError::of(Class::Integrity, message, hint));
        }
        if let Some(bytes) = there.ahead.remove(&blob.object) {
            return Ok(bytes);
        }
        // What follows in the same log is asked for next.
        let (mut wanted, mut bytes) = (vec![blob.clone()], blob.bytes);
        for (next, other) in there.segments.range((Bound::Excluded(*name), Bound::Unbounded)) {
            bytes = bytes.saturating_add(other.bytes);
            if next.log != name.log || wanted.len() >= AHEAD || bytes > AHEAD_BYTES {
                break;
            }
            wanted.push(other.clone());
        }
        there.ahead = self.cache.read(&wanted.iter().collect::<Vec<_>>(), call)?;
        there.ahead.get(&blob.object).cloned().ok_or_else(|| self.gone())
    }

    fn put(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        self.put_aside(name, bytes, call)
    }

    fn set_head(&self, head: &Head, call: &Call) -> Result<(), RemoteError> {
        call.goes_on()?;
        let mut state = self.state();
        self.look(&mut state, call)?;
        self.pending(&mut state)?.heads.push(*head);
        Ok(())
    }

    fn finish(&self, call: &Call) -> Result<(), RemoteError> {
        self.push_all(call)
    }

    fn probe(&self, call: &Call) -> Result<Probe, RemoteError> {
        self.identity(call)?;
        self.push_nothing(call)?;
        let way = match self.at.way {
            GitWay::Bundle(_) => "put into a bundle that is written aside, flushed, and renamed over the one before",
            _ => "commits on a ref that only this device writes; refs are only moved forward",
        };
        let networked = self.is_networked(call)?;
        Ok(Probe { exclusion: Exclusion::Refused, way: way.to_owned(), free: None, networked })
    }
}
