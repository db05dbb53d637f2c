//! The repository of our own behind a git remote: bare, in Holdover's data folder, a mirror of the remote's refs of ours. Losing it
//! costs a fetch. What must not be lost with it, which commits were seen, lies beside it.

use super::program::{Program, Streams};
use super::refs::{For, MOST_REFS, Ref, SPACES, is_object, wanted};
use super::tree::{Blob, END, MOST_NAMES, Tree, read_kept};
use crate::call::Call;
use crate::error::{Class, RemoteError};
use crate::format::MAX_DESCRIPTION;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest list of names that is kept from one look to the next.
const MOST_KEPT: u64 = 128 << 20;
/// Longest note of what was seen.
const MOST_SEEN: u64 = 4 << 20;
/// How often it is looked whether another process is done with the repository.
const LOOK: Duration = Duration::from_millis(50);

/// What is noted beside the repository.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Noted {
    /// The commit that each ref of the remote had when it was looked at last.
    pub seen: BTreeMap<String, String>,
    /// When something was pushed lately, in milliseconds since 1970.
    pub pushes: Vec<i64>,
}

/// The repository.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    pub folder: PathBuf,
    pub program: Program,
}

/// Held while the repository is used: one process at a time.
pub(super) struct Held(#[expect(dead_code, reason = "closing the file gives the lock back")] File);

impl Cache {
    /// Waits for other processes to be done with it, as long as the call lasts.
    pub fn hold(&self, call: &Call) -> Result<Held, RemoteError> {
        host::make_private_folder(&self.folder).map_err(|e| broken("make", &self.folder, &e))?;
        let path = self.folder.join("lock");
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(|e| broken("open", &path, &e))?;
        loop {
            match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(LOOK),
                // A file system without locks has none; the synchronisation's lease is there still.
                Ok(()) | Err(fs::TryLockError::Error(_)) => return Ok(Held(file)),
            }
            call.goes_on()?;
        }
    }

    fn repository(&self) -> &Path {
        &self.program.repository
    }

    /// Makes the repository where it is not.
    pub fn make(&self, call: &Call) -> Result<(), RemoteError> {
        if self.repository().join("HEAD").is_file() {
            return Ok(());
        }
        let at = self.repository().to_string_lossy().into_owned();
        let arguments = ["init", "--bare", "--quiet", "--template=", "--object-format=sha1", "--", &at];
        let made = self.program.here(&arguments, Streams::default(), call)?;
        if made.ok { Ok(()) } else { Err(self.unmade(&made.complaints)) }
    }

    /// Throws the repository away: a process that was killed may have left it half written, or locked.
    pub fn throw_away(&self) -> Result<(), RemoteError> {
        match fs::remove_dir_all(self.repository()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(broken("remove", self.repository(), &e)),
            _ => Ok(()),
        }
    }

    fn unmade(&self, complaints: &[String]) -> RemoteError {
        let message = format!(
            "the repository in {} that Holdover keeps of it cannot be used: {}",
            self.folder.display(),
            super::words::told(complaints)
        );
        RemoteError::of_all(Class::Retry, message, "remove that folder and try again: it is fetched anew")
    }

    /// Fetches the remote's refs of ours as they are there now. Inner `Err`: what git complained of.
    pub fn fetch(
        &self,
        from: &str,
        local_side: Option<&str>,
        call: &Call,
    ) -> Result<Result<(), Vec<String>>, RemoteError> {
        let upload = local_side.map(|side| format!("--upload-pack={side} upload-pack"));
        let refs = wanted();
        let mut arguments = vec![
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--no-show-forced-updates",
            "--prune",
            "--refmap=",
        ];
        arguments.extend(upload.as_deref());
        arguments.extend(["--end-of-options", from]);
        arguments.extend(refs.iter().map(String::as_str));
        let said = self.program.there(&arguments, 0, call)?;
        Ok(if said.ok { Ok(()) } else { Err(said.complaints) })
    }

    /// The refs that are mirrored here, and whether there are more than are looked at.
    pub fn refs(&self, call: &Call) -> Result<(Vec<Ref>, bool), RemoteError> {
        let count = format!("--count={}", MOST_REFS + 1);
        let mut arguments = vec!["for-each-ref", "--format=%(objectname) %(objecttype) %(refname)", &count];
        arguments.extend(SPACES);
        let said = self.program.here(&arguments, Streams::lines(MOST_REFS + 1), call)?;
        if !said.ok {
            return Err(self.unmade(&said.complaints));
        }
        let refs = said.out.iter().take(MOST_REFS).filter_map(|line| Ref::read(line)).collect();
        Ok((refs, said.out.len() > MOST_REFS))
    }

    /// What lies in commits, from what is kept, else asked of git.
    pub fn trees(&self, refs: &[Ref], call: &Call) -> Result<HashMap<String, Tree>, RemoteError> {
        let file = self.folder.join("names");
        let kept = host::read_small(&file, MOST_KEPT).unwrap_or_default();
        let mut kept = read_kept(&String::from_utf8_lossy(&kept));
        let before = kept.len();
        let (mut trees, mut asked) = (HashMap::new(), false);
        for one in refs {
            if trees.contains_key(&one.commit) {
                continue;
            }
            let tree = if let Some(tree) = kept.remove(&one.commit) {
                tree
            } else {
                asked = true;
                let tree = self.tree(&one.commit, call)?;
                if one.is_for == For::Format { self.described(tree, call)? } else { tree }
            };
            trees.insert(one.commit.clone(), tree);
        }
        if asked || trees.len() != before {
            let mut text = String::new();
            for (commit, tree) in &trees {
                tree.written(commit, &mut text);
            }
            text.push_str(END);
            // Without it the next look takes longer.
            if let Err(e) = write_aside(&self.folder, &file, text.as_bytes()) {
                tracing::debug!("{} could not be written: {e}", file.display());
            }
        }
        Ok(trees)
    }

    /// What a remote says of itself is small, and is kept with the names.
    fn described(&self, mut tree: Tree, call: &Call) -> Result<Tree, RemoteError> {
        if let Some(format) = tree.format.clone().filter(|format| format.bytes <= MAX_DESCRIPTION) {
            tree.description = self.read(&[&format], call)?.remove(&format.object);
        }
        Ok(tree)
    }

    fn tree(&self, commit: &str, call: &Call) -> Result<Tree, RemoteError> {
        let arguments = ["-c", "core.quotePath=true", "ls-tree", "-r", "-l", "--full-tree", "--end-of-options", commit];
        let said = self.program.here(&arguments, Streams::lines(MOST_NAMES + 1), call)?;
        if !said.ok {
            return Err(self.damaged(&said.complaints));
        }
        let mut tree = Tree { cut: said.out.len() > MOST_NAMES, ..Tree::default() };
        said.out.iter().take(MOST_NAMES).for_each(|line| tree.take(line));
        Ok(tree)
    }

    /// The repository of ours lacks what it should have: it is thrown away, and fetched anew the next time.
    fn damaged(&self, complaints: &[String]) -> RemoteError {
        let thrown = self.throw_away().is_ok();
        tracing::debug!("{} thrown away: {thrown}", self.repository().display());
        let message =
            format!("what was fetched of {} is damaged here: {}", self.program.place, super::words::told(complaints));
        RemoteError::of_all(Class::Retry, message, "try again: it is fetched anew")
    }

    /// Whether all that was there at one commit is there at another that followed.
    pub fn follows(&self, earlier: &str, later: &str, call: &Call) -> Result<bool, RemoteError> {
        if !is_object(earlier) {
            return Ok(false);
        }
        let arguments = ["merge-base", "--is-ancestor", "--end-of-options", earlier, later];
        Ok(self.program.here(&arguments, Streams::default(), call)?.ok)
    }

    /// The bytes of objects, each as long as it was said to be.
    pub fn read(&self, blobs: &[&Blob], call: &Call) -> Result<HashMap<String, Vec<u8>>, RemoteError> {
        let failed = |e: io::Error| broken("use", &self.folder, &e);
        let mut wanted = tempfile::tempfile_in(&self.folder).map_err(failed)?;
        for blob in blobs {
            writeln!(wanted, "{}", blob.object).map_err(failed)?;
        }
        wanted.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut answer = tempfile::tempfile_in(&self.folder).map_err(failed)?;
        let output = answer.try_clone().map_err(failed)?;
        let streams = Streams { input: Some(wanted), output: Some(output), most_lines: 0 };
        let said = self.program.here(&["cat-file", "--batch", "--buffer"], streams, call)?;
        if !said.ok {
            return Err(self.damaged(&said.complaints));
        }
        answer.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut answer = BufReader::new(answer);
        let mut found = HashMap::with_capacity(blobs.len());
        for blob in blobs {
            let mut head = String::new();
            answer.by_ref().take(200).read_line(&mut head).map_err(failed)?;
            if head.trim_end() != format!("{} blob {}", blob.object, blob.bytes) {
                return Err(self.damaged(&[format!("git has no such object: {}", head.trim_end())]));
            }
            let mut bytes = vec![0; usize::try_from(blob.bytes).unwrap_or(0)];
            answer.read_exact(&mut bytes).map_err(failed)?;
            let _ = answer.read_until(b'\n', &mut Vec::new()).map_err(failed)?;
            found.insert(blob.object.clone(), bytes);
        }
        Ok(found)
    }

    pub fn noted(&self) -> Noted {
        let bytes = host::read_small(&self.folder.join("seen.json"), MOST_SEEN).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    pub fn note(&self, noted: &Noted) -> Result<(), RemoteError> {
        let path = self.folder.join("seen.json");
        let text = serde_json::to_vec(noted).unwrap_or_default();
        host::write_private(&path, &text).map_err(|e| broken("write", &path, &e))
    }
}

/// Something in Holdover's data folder could not be used.
pub(super) fn broken(what: &str, path: &Path, error: &io::Error) -> RemoteError {
    super::words::of_file(what, path, error, "look at Holdover's data folder, and whether there is room")
}

/// Whether git complains of what a process left behind that was killed, or of what is damaged here.
pub(super) fn is_left_behind(complaints: &[String]) -> bool {
    let marks = [
        ".lock': File exists",
        "bad object refs/",
        "does not point to a valid object",
        "did not send all necessary objects",
        "is corrupt",
        "loose object",
        "bad tree object",
        "not a git repository: '",
        "unable to read tree",
    ];
    complaints.iter().any(|line| !line.starts_with("remote: ") && marks.iter().any(|mark| line.contains(mark)))
}

fn write_aside(folder: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(bytes)?;
    aside.persist(file).map_err(|e| e.error).map(drop)
}
