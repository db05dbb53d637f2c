//! Packing for travel: what a list in the settings names beyond the workspace as it is checked out. Refs of remotes, what other
//! branches' lockfiles need, what commands bring, files that have to be there. Nothing is run that the list does not name.

use crate::inner::Inner;
use crate::{Engine, EngineError, git, words};
use contract::{FetchOutcome, JobState, PackItem, PackKind, PackState, Progress, Readiness, ReadinessState};
use host::{Cancel, Command, Output, Permit, WORKSPACE_FILE};
use serde_json::json;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Branches beyond this are named and not packed.
const MOST_BRANCHES: usize = 50;
/// Longest that git may take for one fetch, or for one branch's files.
const PATIENCE: Duration = Duration::from_mins(30);
/// What is said of a branch without lockfiles.
const NO_LOCKFILE: &str = "no lockfile that Holdover reads";
/// How much of a command's last words is told.
const LAST_WORDS: usize = 400;

impl Engine {
    /// Brings what the list names, or with `dry_run` says what of it is here. Blocks until it is done; what fails does not keep
    /// the rest from being brought. The workspace must be trusted: the list names commands and branches.
    pub fn pack(
        &self,
        root: &Path,
        dry_run: bool,
        cancel: &Cancel,
        progress: &dyn Fn(Progress),
    ) -> Result<Vec<PackItem>, EngineError> {
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let trust = workspace.trust();
        if !trust.allows() {
            return Err(EngineError::Untrusted { root: root.to_path_buf(), changed: trust == host::Trust::Changed });
        }
        let permit = if dry_run { None } else { Some(self.inner.gate.permit()?) };
        let lease = permit.as_ref().map(|_| crate::turn::take(&self.inner, "pack", root)).transpose()?;
        let settings = workspace.loaded().settings.pack.clone();
        let packing = Packing { engine: self, root, permit, cancel };
        let refs = settings.refs.unwrap_or_default();
        let commands = settings.commands.unwrap_or_default();
        let files = settings.files.unwrap_or_default();
        if !dry_run {
            let asked = json!({ "refs": refs, "branches": settings.branches, "commands": commands, "files": files });
            crate::record::decision(&self.inner, Some(root), "pack.asked", asked);
        }
        let mut items = Vec::new();
        let say = |message: &str, done: usize| {
            progress(Progress { title: "Packing".into(), message: message.into(), done: done as u64, total: 0 });
        };
        // Refs first: they bring branches.
        for one in &refs {
            say(one, items.len());
            items.push(packing.refs(one));
        }
        for (name, commit) in packing.branches(settings.branches.as_deref().unwrap_or_default(), &mut items) {
            say(&name, items.len());
            items.push(packing.branch(&name, &commit));
        }
        for command in &commands {
            say(&command.join(" "), items.len());
            items.push(packing.command(command));
        }
        items.extend(files.iter().map(|path| packing.file(path)));
        items.extend(crate::models::packed(&self.inner));
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        if !dry_run {
            crate::record::work(&self.inner, root, "pack.done", json!({ "items": items }));
        }
        drop(lease);
        Ok(items)
    }
}

pub(crate) fn item(kind: PackKind, name: &str, state: PackState, text: impl Into<String>) -> PackItem {
    PackItem { kind, name: name.to_owned(), state, missing: 0, bytes: None, text: text.into() }
}

/// The worse of two.
fn worse(one: PackState, other: PackState) -> PackState {
    let rank = |state| match state {
        PackState::Ready => 0,
        PackState::Planned => 1,
        PackState::Incomplete => 2,
        PackState::Unknown => 3,
        PackState::Failed => 4,
    };
    if rank(other) > rank(one) { other } else { one }
}

struct Packing<'a> {
    engine: &'a Engine,
    root: &'a Path,
    /// None: nothing is run.
    permit: Option<Permit>,
    cancel: &'a Cancel,
}

impl Packing<'_> {
    fn inner(&self) -> &Inner {
        &self.engine.inner
    }

    fn git(&self) -> git::Git<'_> {
        git::Git { folder: self.root, cancel: self.cancel }
    }

    /// Runs a command to its end: what it said last, where it did not do what it was to.
    fn run(&self, command: Command) -> Result<(), String> {
        match command.run(self.cancel, &mut |_, _| {}) {
            Err(e) => Err(e.to_string()),
            Ok(output) if output.ok() => Ok(()),
            Ok(output) => Err(last_words(&output)),
        }
    }

    /// `REMOTE REFSPEC`, or a refspec of `origin`.
    fn refs(&self, written: &str) -> PackItem {
        let of = |state, text: String| item(PackKind::Refs, written, state, text);
        let (remote, refspec) = match destination(written) {
            Ok(parts) => parts,
            Err(why) => return of(PackState::Failed, why),
        };
        // A name that stands in the repository's configuration, so no address and no option.
        let remotes = self.git().ask(&["remote"]).unwrap_or_default();
        if !remotes.iter().any(|known| known == remote) {
            return of(PackState::Failed, format!("this repository has no remote of the name {remote}"));
        }
        let Some(permit) = &self.permit else {
            return of(PackState::Planned, format!("would run git fetch {remote} {refspec}"));
        };
        let quiet =
            ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance"];
        let command = Command::new("git", self.root)
            .args(["-c", "core.hooksPath=/dev/null", "fetch"])
            .args(quiet)
            .args([remote, refspec])
            .env("GIT_TERMINAL_PROMPT", "0")
            .limit(PATIENCE)
            .with_network(permit.clone());
        match self.run(command) {
            Ok(()) => of(PackState::Ready, "fetched".to_owned()),
            Err(why) => of(PackState::Failed, why),
        }
    }

    /// The branches that the patterns mean, here and of remotes, each with its commit; of one commit the first name counts.
    fn branches(&self, patterns: &[String], items: &mut Vec<PackItem>) -> Vec<(String, String)> {
        let format = "--format=%(objectname) %(refname:short)";
        let head = self.git().commit("HEAD");
        let mut all: Vec<(String, String)> = Vec::new();
        let mut seen: HashSet<String> = head.into_iter().collect();
        let listed = self.git().ask_all(&["for-each-ref", format, "refs/heads", "refs/remotes"]).unwrap_or_default();
        for written in patterns {
            let Ok(pattern) = glob::Pattern::new(written) else {
                items.push(item(PackKind::Branch, written, PackState::Failed, "this is no pattern of branches"));
                continue;
            };
            let exact = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::default() };
            let meant: Vec<(&str, &str)> = listed
                .iter()
                .filter_map(|line| line.split_once(' ').map(|(commit, name)| (name, commit)))
                .filter(|(name, _)| pattern.matches_with(name, exact))
                .collect();
            if meant.is_empty() {
                let text = "no branch here or of a remote has this name; `git fetch` may bring it";
                items.push(item(PackKind::Branch, written, PackState::Failed, text));
            }
            for (name, commit) in meant {
                if !seen.insert(commit.to_owned()) {
                    continue;
                }
                if all.len() == MOST_BRANCHES {
                    let text = format!("more than {MOST_BRANCHES} branches are not packed: name fewer");
                    items.push(item(PackKind::Branch, name, PackState::Failed, text));
                    return all;
                }
                all.push((name.to_owned(), commit.to_owned()));
            }
        }
        all
    }

    /// What a branch's lockfiles need, judged and brought in a copy of its files that is gone afterwards.
    fn branch(&self, name: &str, commit: &str) -> PackItem {
        let of = |state, text: String| item(PackKind::Branch, name, state, text);
        let copy = match self.copy_of(commit) {
            Ok(copy) => copy,
            Err(why) => return of(PackState::Failed, format!("its files could not be written to a folder: {why}")),
        };
        let folder = copy.path().join("files");
        self.engine.open_workspace(&folder, Some(true));
        let looked = if self.permit.is_some() {
            self.engine.fetch(&folder, None, false, self.cancel, &|_| {}).map(|report| (report.readiness, report.fetch))
        } else {
            let looked = self.engine.survey(&folder, false, self.cancel, &|_, _| {});
            looked.map(|survey| (survey.readiness.clone(), None))
        };
        self.engine.close_workspace(&folder);
        let looked = match looked {
            Err(e) => of(PackState::Failed, e.to_string()),
            Ok((readiness, fetched)) => PackItem {
                missing: crate::status::short(&readiness),
                bytes: bytes_of(&readiness),
                ..of(self.state(&readiness), words_of(&readiness, fetched.as_ref()))
            },
        };
        self.with_lfs(looked, name, commit)
    }

    /// Adds what Git LFS keeps of a branch: its copy has pointers only, and the objects lie in the repository's own folder.
    fn with_lfs(&self, mut item: PackItem, name: &str, commit: &str) -> PackItem {
        let options =
            self.inner().workspace(self.root).map(|own| crate::workspace::options(self.inner(), &own.loaded()));
        let Some(options) = options else { return item };
        let mut found = match inventory::lfs_objects(self.root, commit, &options) {
            Ok(found) if found.total == 0 => return item,
            Ok(found) => found,
            Err(why) => {
                item.state = worse(item.state, PackState::Unknown);
                item.text = format!("{}; Git LFS: what this branch needs cannot be told: {why}", item.text);
                return item;
            }
        };
        let mut failed = None;
        if let Some(permit) = self.permit.as_ref().filter(|_| found.present < found.total) {
            let command = Command::new("git", self.root)
                .args(["-c", "core.hooksPath=/dev/null", "lfs", "fetch", &self.remote_of(name), commit])
                .env("GIT_TERMINAL_PROMPT", "0")
                .limit(PATIENCE)
                .with_network(permit.clone());
            failed = self.run(command).err();
            found = inventory::lfs_objects(self.root, commit, &options).unwrap_or(found);
        }
        let lacking = found.total - found.present;
        let plural = if found.total == 1 { "object" } else { "objects" };
        let mut text = format!("Git LFS: {} of {} {plural} here", found.present, found.total);
        if lacking > 0 {
            let more = if self.permit.is_none() { "would bring" } else { "lacks" };
            text = format!("{text}, {more} {}", words::size(found.missing_bytes));
            let short = if self.permit.is_none() { PackState::Planned } else { PackState::Incomplete };
            item.state = worse(item.state, short);
        }
        if let Some(why) = failed.as_deref().and_then(|why| why.lines().last()).filter(|_| lacking > 0) {
            text = format!("{text}; {why}");
        }
        item.missing += lacking;
        item.bytes = Some(item.bytes.unwrap_or(0) + found.bytes);
        item.text = if item.text == NO_LOCKFILE { text } else { format!("{}; {text}", item.text) };
        item
    }

    /// The remote that a branch is of, or follows; `origin` where nothing says so.
    fn remote_of(&self, branch: &str) -> String {
        let remotes = self.git().ask(&["remote"]).unwrap_or_default();
        let own = remotes
            .iter()
            .filter(|remote| branch.strip_prefix(remote.as_str()).is_some_and(|rest| rest.starts_with('/')));
        if let Some(remote) = own.max_by_key(|remote| remote.len()) {
            return remote.clone();
        }
        let followed = self.git().ask(&["config", "--get", &format!("branch.{branch}.remote")]);
        let followed = followed.and_then(|lines| lines.first().cloned()).filter(|remote| remotes.contains(remote));
        match remotes.as_slice() {
            [only] => only.clone(),
            _ => followed.unwrap_or_else(|| "origin".to_owned()),
        }
    }

    fn state(&self, readiness: &Readiness) -> PackState {
        match readiness.state {
            _ if readiness.ecosystems.is_empty() => PackState::Ready,
            ReadinessState::Ready | ReadinessState::Proven | ReadinessState::StaleProof => PackState::Ready,
            ReadinessState::Incomplete if self.permit.is_none() && crate::status::short(readiness) > 0 => {
                PackState::Planned
            }
            ReadinessState::Incomplete => PackState::Incomplete,
            ReadinessState::Unknown => PackState::Unknown,
        }
    }

    /// The files of a commit in a folder of their own. The repository is left as it is: neither a worktree nor its index takes part.
    fn copy_of(&self, commit: &str) -> Result<tempfile::TempDir, String> {
        let copy = crate::copy::folder(&self.inner().folders.data, "pack-").map_err(|e| e.to_string())?;
        let (index, files) = (copy.path().join("index"), copy.path().join("files"));
        std::fs::create_dir(&files).map_err(|e| e.to_string())?;
        // Git LFS would ask its server for what its pointers stand for.
        let plain = ["-c", "filter.lfs.smudge=cat", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false"];
        let question = |arguments: &[&str]| {
            let arguments: Vec<&str> = plain.iter().chain(arguments).copied().collect();
            git::question(self.root, &arguments).env("GIT_INDEX_FILE", &index).limit(PATIENCE)
        };
        self.run(question(&["read-tree", "--end-of-options", commit]))?;
        let prefix = format!("--prefix={}/", files.display());
        self.run(question(&["checkout-index", "--all", "--quiet", &prefix]))?;
        // What was trusted is this workspace's settings, not that branch's.
        let settings = files.join(WORKSPACE_FILE);
        let _ = std::fs::remove_file(&settings);
        match std::fs::copy(self.root.join(WORKSPACE_FILE), &settings) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.to_string()),
            _ => Ok(copy),
        }
    }

    fn command(&self, command: &[String]) -> PackItem {
        let name = command.join(" ");
        let of = |state, text: String| item(PackKind::Command, &name, state, text);
        let Some((program, arguments)) = command.split_first() else {
            return of(PackState::Failed, "this command names no program".to_owned());
        };
        let Some(permit) = &self.permit else { return of(PackState::Planned, "would be run".to_owned()) };
        let command = Command::new(program, self.root).args(arguments).limit(PATIENCE).with_network(permit.clone());
        match self.run(command) {
            Ok(()) => of(PackState::Ready, "ran".to_owned()),
            Err(why) => of(PackState::Failed, why),
        }
    }

    fn file(&self, path: &Path) -> PackItem {
        let name = path.display().to_string();
        let whole: PathBuf = self.root.join(path);
        match whole.metadata() {
            Ok(metadata) => PackItem {
                bytes: metadata.is_file().then_some(metadata.len()),
                ..item(PackKind::File, &name, PackState::Ready, format!("is here, {}", words::size(metadata.len())))
            },
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                item(PackKind::File, &name, PackState::Incomplete, "is not here, and nothing is known that brings it")
            }
            Err(e) => item(PackKind::File, &name, PackState::Unknown, format!("cannot be looked at: {e}")),
        }
    }
}

/// Remote and refspec of what is written. Only places that hold what others have are written to: never a branch of one's own.
fn destination(written: &str) -> Result<(&str, &str), String> {
    let (remote, refspec) = written.split_once(' ').unwrap_or(("origin", written));
    let to = refspec.split_once(':').map(|(_, to)| to).unwrap_or_default();
    let theirs = ["refs/remotes/", "refs/notes/", "refs/holdover/"].iter().any(|place| to.starts_with(place));
    if !theirs || refspec.starts_with('-') || refspec.contains(char::is_whitespace) {
        return Err(
            "write it as `origin +refs/pull/*/head:refs/remotes/origin/pull/*`: what is fetched goes below refs/remotes/, refs/notes/ or refs/holdover/"
                .to_owned(),
        );
    }
    Ok((remote, refspec))
}

fn words_of(readiness: &Readiness, fetched: Option<&FetchOutcome>) -> String {
    if readiness.ecosystems.is_empty() {
        return NO_LOCKFILE.to_owned();
    }
    let counts = format!("{} of {} here", words::thousands(readiness.present), words::thousands(readiness.total));
    let counts = match bytes_of(readiness) {
        Some(bytes) => format!("{counts}, {}", words::size(bytes)),
        None => counts,
    };
    let error = fetched.filter(|fetched| fetched.state == JobState::Failed);
    let error = error.and_then(|fetched| fetched.steps.iter().find_map(|step| step.error.as_deref()));
    let problem = readiness.ecosystems.iter().find_map(|one| one.problem.as_deref());
    match (error, problem) {
        (Some(why), _) | (None, Some(why)) => format!("{counts}; {}", why.lines().next().unwrap_or_default()),
        (None, None) => counts,
    }
}

/// Of what is here, as far as sizes are known.
fn bytes_of(readiness: &Readiness) -> Option<u64> {
    readiness.ecosystems.iter().filter_map(|one| one.bytes).reduce(|one, other| one + other)
}

fn last_words(output: &Output) -> String {
    let tail = output.tail.trim();
    let start = tail.len().saturating_sub(LAST_WORDS);
    let start = (start..=tail.len()).find(|&at| tail.is_char_boundary(at)).unwrap_or(0);
    if tail.is_empty() { format!("it ended with {:?}", output.ended) } else { tail[start..].to_owned() }
}

#[cfg(test)]
mod tests {
    use super::destination;

    #[test]
    fn refs_go_where_others_are_kept_and_nowhere_else() {
        let pulls = "+refs/pull/*/head:refs/remotes/origin/pull/*";
        assert_eq!(destination(pulls), Ok(("origin", pulls)));
        assert_eq!(destination(&format!("up {pulls}")), Ok(("up", pulls)));
        for bad in [
            "refs/heads/main",
            "+refs/heads/*:refs/heads/*",
            "origin --upload-pack=touch:refs/remotes/x",
            "refs/pull/1/head:HEAD",
            "origin a b:refs/remotes/c",
            "",
        ] {
            assert!(destination(bad).is_err(), "{bad}");
        }
    }
}
