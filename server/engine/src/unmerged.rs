//! The files of a workspace that git holds as unmerged, and the conflicts in those that nobody has open. From memory while no index has
//! changed; git is asked on threads of its own, never by who answers. Reads those files, and changes nothing.

use crate::git::Git;
use crate::inner::Inner;
use crate::repositories::{clones, repositories};
use crate::worker::Task;
use crate::workspace::Workspace;
use crate::{Engine, Notice, words};
use contract::ConflictCount;
use host::Cancel;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Most unmerged files that are counted while they are not open. Each is read.
const MOST: usize = 5000;
/// Most of them that are watched.
const MOST_WATCHED: usize = 200;

/// What tells one writing of a file from another: git puts an index in place whole, so it is another file each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    modified: Option<SystemTime>,
    bytes: u64,
    number: u64,
}

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        let about = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&about);
        #[cfg(not(unix))]
        let number = 0;
        Some(Self { modified: about.modified().ok(), bytes: about.len(), number })
    }
}

/// What was asked of git, and the files whose change makes it old.
#[derive(Debug, Clone, Default)]
struct Asked {
    /// Folders near the workspace's own that are repositories.
    clones: Vec<PathBuf>,
    /// Indexes, lists of worktrees and of submodules, as they were before git was asked.
    seen: Vec<(PathBuf, Option<Identity>)>,
    /// Of these, the indexes.
    indexes: Vec<PathBuf>,
    /// The folders of the repositories within the workspace.
    within: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Asked {
    fn is_old(&self, root: &Path) -> bool {
        self.clones != clones(root) || self.seen.iter().any(|(path, seen)| Identity::of(path) != *seen)
    }
}

/// How many conflicts each file had, in which writing of it.
type Counted = BTreeMap<PathBuf, (Option<Identity>, u64)>;

/// What is known of one workspace.
#[derive(Debug, Default)]
pub(crate) struct Unmerged {
    /// Conflicts of the files that an editor has open, those without any too.
    open: Mutex<BTreeMap<PathBuf, u64>>,
    asked: Mutex<Option<Asked>>,
    /// Conflicts on the disk, by file; `None` before they were counted.
    counted: Mutex<Option<Counted>>,
    /// A thread is at it, and is to look once more.
    at_it: AtomicBool,
    again: AtomicBool,
}

impl Unmerged {
    /// The files that git holds as unmerged and that are there, in order. Asks git where an index has changed since it was asked.
    pub fn files(&self, root: &Path, cancel: &Cancel) -> Vec<PathBuf> {
        let known = || self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(asked) = known().filter(|asked| !asked.is_old(root)) {
            return there(asked.files);
        }
        let asked = ask(root, cancel);
        if !cancel.is_cancelled() {
            *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked.clone());
        }
        there(asked.files)
    }

    /// The same, and counts the conflicts in them.
    fn count(&self, root: &Path, cancel: &Cancel) {
        let files = self.files(root, cancel);
        let before = self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
        let count = |file: PathBuf| {
            let now = Identity::of(&file);
            let known = before.get(&file).filter(|(seen, _)| *seen == now && now.is_some());
            let hunks = known.map_or_else(|| conflicts_in(&file), |(_, hunks)| *hunks);
            (file, (now, hunks))
        };
        let now = files.into_iter().take(MOST).take_while(|_| !cancel.is_cancelled()).map(count).collect();
        if !cancel.is_cancelled() {
            *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
    }

    /// From memory: files with conflicts on the disk, and how many each has. `None` before that was looked at.
    pub fn known(&self) -> Option<Vec<(PathBuf, u64)>> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let some = counted.as_ref()?.iter().filter(|(_, (_, hunks))| *hunks > 0);
        Some(some.map(|(file, (_, hunks))| (file.clone(), *hunks)).collect())
    }

    /// From memory: files whose change makes this old.
    pub fn watched(&self) -> Vec<PathBuf> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(asked) = asked.as_ref() else { return Vec::new() };
        asked.indexes.iter().chain(asked.files.iter().take(MOST_WATCHED)).cloned().collect()
    }

    /// From memory: the folders of the repositories within the workspace.
    pub fn within(&self) -> Vec<PathBuf> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.as_ref().map(|asked| asked.within.clone()).unwrap_or_default()
    }

    /// What was known goes.
    fn forget(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Workspace {
    /// `None`: the file is not open any more. Says whether the count changed.
    pub fn set_conflicts(&self, inner: &Inner, file: &Path, hunks: Option<u64>) -> bool {
        let before = self.conflicts(inner);
        let mut open = self.unmerged.open.lock().unwrap_or_else(PoisonError::into_inner);
        match hunks {
            Some(hunks) => open.insert(file.to_path_buf(), hunks),
            None => open.remove(file),
        };
        drop(open);
        before != self.conflicts(inner)
    }

    /// From memory: of open files as their texts are, of others as they are on the disk where git holds them as unmerged.
    pub fn conflicts(&self, inner: &Inner) -> ConflictCount {
        let closed = self.unmerged.known();
        let open = self.unmerged.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = ConflictCount::default();
        for hunks in open.values().filter(|hunks| **hunks > 0) {
            count.files += 1;
            count.hunks += hunks;
        }
        // A workspace within this one counts its own.
        let is_own = |file: &Path| inner.workspace_of(file).is_none_or(|workspace| workspace.root == self.root);
        for (_, hunks) in closed.iter().flatten().filter(|(file, _)| !open.contains_key(file) && is_own(file)) {
            count.files += 1;
            count.hunks += hunks;
            count.closed += 1;
        }
        count.text = words::conflicts(&count, inner.background());
        count
    }
}

impl Engine {
    /// The editor tells how many conflicts an open file has; `None`: it is not open any more.
    pub fn set_conflicts(&self, root: &Path, file: &Path, hunks: Option<u64>) {
        if let Some(workspace) = self.inner.workspace(root)
            && workspace.set_conflicts(&self.inner, file, hunks)
        {
            self.inner.tell(Notice::Status { root: root.to_path_buf() });
        }
    }

    /// Counts the conflicts of files that git holds as unmerged, for who has no background that does. Asks git, and reads those files.
    pub fn count_conflicts(&self, root: &Path, cancel: &Cancel) {
        if let Some(workspace) = self.inner.workspace(root) {
            count_now(&workspace, cancel);
        }
    }

    /// The files of a workspace that git holds as unmerged and that are there, in order, those of repositories within it too. From memory while
    /// no index has changed; else git is asked, so this is not for a thread that answers.
    #[must_use]
    pub fn unmerged(&self, root: &Path, cancel: &Cancel) -> Vec<PathBuf> {
        let Some(workspace) = self.inner.workspace(root) else { return crate::unmerged_files(root, cancel) };
        let before = workspace.unmerged.watched();
        let files = workspace.unmerged.files(root, cancel);
        if self.inner.background() && workspace.unmerged.watched() != before {
            refresh(&self.inner, &workspace);
        }
        files
    }
}

/// Without those that were removed since git was asked.
fn there(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.retain(|file| file.is_file());
    files
}

fn conflicts_in(file: &Path) -> u64 {
    match crate::file_conflicts(file, None, true) {
        Ok(told) => told.regions.len() as u64,
        Err(problem) => {
            tracing::debug!("{problem}");
            0
        }
    }
}

fn ask(root: &Path, cancel: &Cancel) -> Asked {
    let mut asked = Asked { clones: clones(root), ..Asked::default() };
    // Where no repository is yet, one may be made.
    let mut watched = vec![root.join(".gitmodules")];
    let repositories = repositories(root, cancel);
    for folder in &repositories {
        let Some((own, common)) = (Git { folder, cancel }).folders() else { continue };
        asked.indexes.push(own.join("index"));
        watched.extend([common.join("worktrees"), folder.join(".gitmodules")]);
    }
    watched.extend(asked.indexes.iter().cloned());
    asked.seen = watched.into_iter().map(|path| (path.clone(), Identity::of(&path))).collect();
    for folder in &repositories {
        let files = Git { folder, cancel }.all_unmerged().into_iter();
        asked.files.extend(files.map(|file| folder.join(file)));
    }
    asked.within = repositories.into_iter().filter(|folder| folder != root).collect();
    asked.files.sort();
    asked.files.dedup();
    asked
}

/// Looks again on a thread of its own, and tells where the status is another then.
pub(crate) fn refresh(inner: &Arc<Inner>, workspace: &Arc<Workspace>) {
    let unmerged = &workspace.unmerged;
    unmerged.again.store(true, Ordering::Release);
    if unmerged.at_it.swap(true, Ordering::AcqRel) {
        return;
    }
    let (weak, own) = (Arc::downgrade(inner), Arc::clone(workspace));
    let look = move || {
        let unmerged = &own.unmerged;
        while let Some(inner) = weak.upgrade() {
            while unmerged.again.swap(false, Ordering::AcqRel) && !own.cancel.is_cancelled() {
                look_now(&inner, &own);
            }
            unmerged.at_it.store(false, Ordering::Release);
            // Asked between the two: whoever did saw this thread at it.
            let asked = unmerged.again.load(Ordering::Acquire) && !own.cancel.is_cancelled();
            if !asked || unmerged.at_it.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    };
    if let Err(e) = std::thread::Builder::new().name("unmerged".to_owned()).spawn(look) {
        unmerged.at_it.store(false, Ordering::Release);
        tracing::warn!("conflicts of files that are not open are not counted: no thread could be started: {e}");
    }
}

fn look_now(inner: &Arc<Inner>, workspace: &Workspace) {
    let unmerged = &workspace.unmerged;
    let before = (workspace.conflicts(inner), unmerged.watched());
    if workspace.loaded().settings.conflicts.enable.unwrap_or(true) {
        unmerged.count(&workspace.root, &workspace.cancel);
    } else {
        unmerged.forget();
    }
    let now = (workspace.conflicts(inner), unmerged.watched());
    if before.0 != now.0 {
        inner.tell(Notice::Status { root: workspace.root.clone() });
    }
    if before.1 != now.1 {
        inner.enqueue(Task::Rewatch);
    }
}

/// Counts on this thread, for who has no background.
pub(crate) fn count_now(workspace: &Workspace, cancel: &Cancel) {
    if workspace.loaded().settings.conflicts.enable.unwrap_or(true) {
        workspace.unmerged.count(&workspace.root, cancel);
    }
}

impl Git<'_> {
    /// Where the repository of the folder keeps what is this worktree's, and what is all worktrees'.
    fn folders(&self) -> Option<(PathBuf, PathBuf)> {
        let lines = self.ask(&["rev-parse", "--absolute-git-dir", "--git-common-dir"])?;
        let [own, common] = &lines[..] else { return None };
        // The second may be relative to the folder.
        Some((PathBuf::from(own), self.folder.join(common)))
    }
}
