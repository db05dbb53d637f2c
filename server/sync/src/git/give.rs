//! What is put on a git remote: gathered, made one commit on this device's ref, and pushed once. Where the ref was moved meanwhile, by
//! a copy of this device or by somebody who set it back, what is there now is fetched and the commit made anew upon it.

use super::cache::broken;
use super::program::{LOCAL_SIDE, Said, Streams};
use super::refs::{For, NEXT, SPACES, name};
use super::tree::{Blob, head_path};
use super::words::{self, Pushed};
use super::{Git, State, There};
use crate::address::GitWay;
use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::format;
use crate::name::{LAST_COPY, SegmentName};
use crate::remote::{Head, Identity, Put};
use sha1::{Digest as _, Sha1};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often a push is tried that others were quicker than.
const TRIES: u32 = 6;
/// Pushes within a minute, at most, over a network: hosts ask for that.
const PUSHES: usize = 6;
const PUSHES_WITHIN_MS: i64 = 60_000;
/// Lines that are read of what a push says.
const MOST_LINES: usize = 100;

/// What is to be pushed.
pub(super) struct Pending {
    /// Commands for `fast-import`: the bytes of each segment.
    stream: File,
    files: Vec<(SegmentName, Blob)>,
    pub heads: Vec<Head>,
}

impl Git {
    pub(super) fn pending<'s>(&self, state: &'s mut State) -> Result<&'s mut Pending, RemoteError> {
        let pending = match state.pending.take() {
            Some(pending) => pending,
            None => Pending { stream: self.aside()?, files: Vec::new(), heads: Vec::new() },
        };
        Ok(state.pending.insert(pending))
    }

    fn aside(&self) -> Result<File, RemoteError> {
        tempfile::tempfile_in(&self.cache.folder).map_err(|e| broken("write in", &self.cache.folder, &e))
    }

    pub(super) fn put_aside(&self, name: &SegmentName, bytes: &[u8], call: &Call) -> Result<Put, RemoteError> {
        let mut state = self.state();
        let there = self.look(&mut state, call)?;
        let blob = Blob { object: object_of(bytes), bytes: bytes.len() as u64 };
        let free = (name.copy..=LAST_COPY).map(|copy| name.in_copy(copy)).find_map(|name| {
            match there.own.segments.get(&name) {
                None => Some((name, Put::Gathered)),
                Some(other) if *other == blob => Some((name, Put::Already)),
                Some(_) => None,
            }
        });
        let Some((name, put)) = free else { return Ok(Put::Taken) };
        if put == Put::Gathered {
            there.own.segments.insert(name, blob.clone());
            let pending = self.pending(&mut state)?;
            write_blob(&mut pending.stream, bytes).map_err(|e| broken("write in", &self.cache.folder, &e))?;
            pending.files.push((name, blob));
        }
        Ok(put)
    }

    /// Pushes what was put, if anything was.
    pub(super) fn push_all(&self, call: &Call) -> Result<(), RemoteError> {
        let mut state = self.state();
        let Some(mut pending) = state.pending.take() else { return Ok(()) };
        let what = match pending.files.len() {
            0 => "how far this device has come".to_owned(),
            1 => "1 segment".to_owned(),
            n => format!("{n} segments"),
        };
        let mut stream = pending.stream.try_clone().map_err(|e| broken("use", &self.cache.folder, &e))?;
        self.push(&mut state, &what, call, &mut |there, text| {
            for (name, blob) in &pending.files {
                // A copy of this device may have put another there meanwhile; it is left, and the next synchronisation sees it.
                if there.own.segments.get(name).is_none_or(|other| other == blob) {
                    let _ = writeln!(text, "M 100644 {} {name}", blob.object);
                }
            }
            for head in &pending.heads {
                let folder = head_path(head);
                let _ = writeln!(text, "D {}", folder.rsplit_once('/').map_or("", |(folder, _)| folder));
                let _ = writeln!(text, "M 100644 inline {folder}\ndata 0\n");
            }
            Ok(std::mem::replace(&mut stream, self.aside()?))
        })?;
        pending.files.clear();
        Ok(())
    }

    /// Pushes a commit that changes nothing: that it can be written is known once something was.
    pub(super) fn push_nothing(&self, call: &Call) -> Result<(), RemoteError> {
        let mut state = self.state();
        self.look(&mut state, call)?;
        self.push(&mut state, "tried out", call, &mut |_, _| self.aside())
    }

    fn push(
        &self,
        state: &mut State,
        what: &str,
        call: &Call,
        changes: &mut dyn FnMut(&There, &mut String) -> Result<File, RemoteError>,
    ) -> Result<(), RemoteError> {
        for attempt in 0..TRIES {
            let there = self.look(state, call)?;
            let Some(space) = there.space() else { return Err(self.gone()) };
            let is_for = For::Device(self.device);
            let mut text = commit_of(what, there.commit(space, is_for));
            let stream = changes(there, &mut text)?;
            self.commit(stream, &text, call)?;
            match self.push_next(&name(space, is_for), call)? {
                Pushed::Done => {
                    state.there = None;
                    return Ok(());
                }
                Pushed::Moved => {}
                Pushed::Hidden(why) | Pushed::Refused(why) => return Err(self.refused(&why)),
            }
            wait(attempt, call)?;
            state.there = None;
        }
        let message = format!("{} was moved by others each time that something was to be put there", self.at.text());
        Err(RemoteError::of_all(Class::Retry, message, "try again"))
    }

    fn refused(&self, why: &str) -> RemoteError {
        let message = format!("{} refused what was to be put there: {why}", self.at.text());
        let hint =
            "ask who keeps it: refs under `refs/holdover/` have to be taken, also by its hooks; what waits stays here";
        RemoteError::of_all(Class::Auth, message, hint)
    }

    /// Makes a commit under [`NEXT`] of what stands in a stream and of commands that follow it. No working tree, no index.
    fn commit(&self, mut stream: File, commands: &str, call: &Call) -> Result<(), RemoteError> {
        let written =
            stream.write_all(format!("{commands}done\n").as_bytes()).and_then(|()| stream.seek(SeekFrom::Start(0)));
        written.map_err(|e| broken("write in", &self.cache.folder, &e))?;
        let streams = Streams { input: Some(stream), output: None, most_lines: 0 };
        let said = self.cache.program.here(&["fast-import", "--quiet", "--done", "--force"], streams, call)?;
        if said.ok {
            return Ok(());
        }
        let message =
            format!("no commit could be made in {}: {}", self.cache.folder.display(), words::told(&said.complaints));
        Err(RemoteError::of_all(
            Class::Retry,
            message,
            "look whether there is room in Holdover's data folder, and try again",
        ))
    }

    fn push_next(&self, to: &str, call: &Call) -> Result<Pushed, RemoteError> {
        if let GitWay::Bundle(file) = &self.at.way {
            return self.write_bundle(file, to, call);
        }
        self.within_budget()?;
        let local = matches!(self.at.way, GitWay::Path(_)).then(|| format!("--receive-pack={LOCAL_SIDE} receive-pack"));
        let (at, spec) = (self.at.argument(), format!("{NEXT}:{to}"));
        let mut arguments = vec![
            "push",
            "--quiet",
            "--porcelain",
            "--no-verify",
            "--no-recurse-submodules",
            "--no-signed",
            "--no-follow-tags",
        ];
        arguments.extend(local.as_deref());
        arguments.extend(["--end-of-options", &at, &spec]);
        let said = self.cache.program.there(&arguments, MOST_LINES, call)?;
        self.pushed(&said)
    }

    fn pushed(&self, said: &Said) -> Result<Pushed, RemoteError> {
        match words::of_push(&said.out) {
            // Quiet, it says nothing of what went well.
            Some(Pushed::Done) | None if said.ok => Ok(Pushed::Done),
            Some(Pushed::Refused(why)) => {
                let remote: Vec<String> =
                    said.complaints.iter().filter(|line| line.starts_with("remote: ")).cloned().collect();
                let own = if remote.is_empty() { String::new() } else { format!(": {}", words::told(&remote)) };
                Ok(Pushed::Refused(why + &own))
            }
            Some(pushed) if pushed != Pushed::Done => Ok(pushed),
            _ => Err(self.cache.program.failed(said)),
        }
    }

    /// A host is not asked more often than it wants to be.
    fn within_budget(&self) -> Result<(), RemoteError> {
        if !self.at.is_far() {
            return Ok(());
        }
        let (mut noted, now) = (self.cache.noted(), now_ms());
        noted.pushes.retain(|at| (now - PUSHES_WITHIN_MS..=now).contains(at));
        if noted.pushes.len() >= PUSHES {
            let first = noted.pushes.iter().min().copied().unwrap_or(now);
            let seconds = (first + PUSHES_WITHIN_MS - now).max(1000) / 1000;
            let message = format!("{PUSHES} pushes within a minute are what {} is asked to bear", self.at.text());
            return Err(RemoteError::of_all(
                Class::Retry,
                message,
                format!("try again in {seconds} s; what waits stays here"),
            ));
        }
        noted.pushes.push(now);
        self.cache.note(&noted)
    }

    /// Sets the remote up, or finds that it is one of the project.
    pub(super) fn found_there(
        &self,
        project: [u8; 16],
        check: Option<[u8; 8]>,
        call: &Call,
    ) -> Result<Identity, RemoteError> {
        let mut state = self.state();
        if let GitWay::Bundle(file) = &self.at.way
            && !file.exists()
        {
            state.held = Some(self.cache.hold(call)?);
            self.cache.throw_away()?;
            self.cache.make(call)?;
            let text = founding(&format::new(project, check));
            self.commit(self.aside()?, &text, call)?;
            self.write_bundle(file, &name(0, For::Format), call)?;
        }
        let mut hidden = String::new();
        for space in 0..SPACES.len() {
            let there = self.look(&mut state, call)?;
            if let Some(found) = self.identity_of(there)? {
                return if found.project == project {
                    Ok(found)
                } else {
                    let detail = format!("it carries another project, {}", hex::encode(found.project));
                    let hint = "name another repository; `workspace.project` in `holdover.toml` says which project a workspace is";
                    Err(self.wrong(&detail, hint))
                };
            }
            self.commit(self.aside()?, &founding(&format::new(project, check)), call)?;
            match self.push_next(&name(space, For::Format), call)? {
                Pushed::Refused(why) => return Err(self.refused(&why)),
                // Not all hosts take all names.
                Pushed::Hidden(why) => hidden = why,
                // Of two that set it up at the same time, the one whose ref it is.
                Pushed::Done | Pushed::Moved => {}
            }
            state.there = None;
        }
        let there = self.look(&mut state, call)?;
        match self.identity_of(there)? {
            Some(found) if found.project == project => Ok(found),
            _ if hidden.is_empty() => Err(self.refused("what was put there is not shown")),
            _ => Err(self.refused(&hidden)),
        }
    }
}

/// The beginning of a commit, upon another one. It names no person: what is in it is signed.
fn commit_of(what: &str, upon: Option<&str>) -> String {
    let seconds = now_ms() / 1000;
    let message = format!("holdover: {what}\n");
    let mut text = format!(
        "reset {NEXT}\ncommit {NEXT}\ncommitter Holdover <holdover@invalid> {seconds} +0000\ndata {}\n{message}",
        message.len()
    );
    if let Some(upon) = upon {
        let _ = writeln!(text, "from {upon}");
    }
    text
}

/// A commit that holds a description alone.
fn founding(description: &str) -> String {
    let mut text = commit_of("this repository carries notes of a project", None);
    let _ = writeln!(text, "M 100644 inline FORMAT.json\ndata {}\n{description}", description.len());
    text
}

fn write_blob(stream: &mut File, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(format!("blob\ndata {}\n", bytes.len()).as_bytes())?;
    stream.write_all(bytes)?;
    stream.write_all(b"\n")
}

/// How git names a file of these bytes.
fn object_of(bytes: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()));
    hash.update(bytes);
    hex::encode(hash.finalize())
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A moment that differs from one device to another, longer each time.
fn wait(attempt: u32, call: &Call) -> Result<(), RemoteError> {
    let random = u64::from_le_bytes(ulid::Ulid::generate().to_bytes()[8..].try_into().unwrap_or_default());
    let most = 50_u64 << attempt.min(6);
    let until = Instant::now() + Duration::from_millis(most / 2 + random % most);
    while Instant::now() < until {
        call.goes_on()?;
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

    use super::*;
    use crate::address::Address;
    use std::path::Path;

    fn at(url: &str, data: &Path) -> Git {
        let Address::Git(place) = Address::read(url, Path::new("/")).unwrap() else { panic!("{url}") };
        Git::at(&place, data, "device", None)
    }

    #[test]
    fn a_host_is_pushed_to_six_times_a_minute_and_the_time_to_wait_is_said() {
        let data = tempfile::tempdir().unwrap();
        let git = at("ssh://example.org/ferry.git", data.path());
        (0..PUSHES).for_each(|_| git.within_budget().unwrap());
        // Also for the next process.
        let refused = at("ssh://example.org/ferry.git", data.path()).within_budget().unwrap_err();
        assert!(refused.ends && refused.class == Class::Retry && refused.hint.contains("try again in "), "{refused}");
        at("ssh://example.org/other.git", data.path()).within_budget().unwrap();
        // A minute later, and where a clock was set back.
        for change in [-PUSHES_WITHIN_MS - 1, 3_600_000] {
            let mut noted = git.cache.noted();
            noted.pushes.iter_mut().for_each(|push| *push += change);
            git.cache.note(&noted).unwrap();
            git.within_budget().unwrap();
        }
        for near in ["/nonexistent/ferry.bundle", "git://127.0.0.1:1/ferry.git"] {
            (0..2 * PUSHES).for_each(|_| at(near, data.path()).within_budget().unwrap());
        }
    }

    #[test]
    fn a_file_is_named_as_git_names_it() {
        assert_eq!(object_of(b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(object_of(b"abc"), "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f");
    }
}
