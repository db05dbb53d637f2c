//! Which folders are watched, and for which workspaces. Folders are watched one by one, never whole trees.

use crate::inner::Inner;
use crossbeam_channel::{Receiver, bounded};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long it is waited for that the system has taken the watches back.
const FAREWELL: Duration = Duration::from_millis(400);

pub(crate) struct Watches {
    watcher: Option<RecommendedWatcher>,
    /// What is watched: a folder, or a file's folder.
    folders: BTreeSet<PathBuf>,
    /// What matters to whom: a folder (anything in it) or a file.
    wanted: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// Files that say something of conflicts and nothing else, to whom: git's indexes, and what is unmerged.
    unmerged: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// Closed when the library's thread has closed its end and gone.
    ended: Receiver<()>,
}

/// Workspaces for which something is watched that was not: of what the survey named, of what git's indexes did.
#[derive(Debug, Default)]
pub(crate) struct Late {
    pub surveys: BTreeSet<PathBuf>,
    pub unmerged: BTreeSet<PathBuf>,
}

impl Drop for Watches {
    /// The library only asks its thread to end; a process that ends meanwhile would wait in the kernel for it.
    fn drop(&mut self) {
        if self.watcher.take().is_some() {
            let _ = self.ended.recv_timeout(FAREWELL);
        }
    }
}

impl Watches {
    /// `changed` is given what has changed; `None`: more than the system could keep count of.
    pub fn new(changed: impl Fn(Option<PathBuf>) + Send + 'static) -> Self {
        let (alive, ended) = bounded::<()>(0);
        let told = move |event: notify::Result<notify::Event>| {
            // Dropped with this, after everything else of the library's thread.
            let _ = &alive;
            match event {
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
                Ok(event) if event.need_rescan() => changed(None),
                Ok(event) => event.paths.into_iter().map(Some).for_each(&changed),
                Err(e) => tracing::warn!("a change may have gone unseen: {e}"),
            }
        };
        let watcher =
            notify::recommended_watcher(told).map_err(|e| tracing::warn!("changes of files are not seen: {e}")).ok();
        Self { watcher, folders: BTreeSet::new(), wanted: BTreeMap::new(), unmerged: BTreeMap::new(), ended }
    }

    /// The workspaces to which a change at `path` matters.
    pub fn roots_of(&self, path: &Path) -> BTreeSet<PathBuf> {
        let of = |path: &Path| self.wanted.get(path).into_iter().flatten().cloned();
        of(path).chain(path.parent().into_iter().flat_map(of)).collect()
    }

    /// The workspaces whose conflicts may be others after a change at `path`.
    pub fn unmerged_of(&self, path: &Path) -> BTreeSet<PathBuf> {
        self.unmerged.get(path).cloned().unwrap_or_default()
    }

    /// Something has happened to what stands at `path`. Where that is a watched folder, it may have gone or moved, and another may
    /// stand there before anybody looks: the system's watch is on the folder, not on its name, so it is set anew.
    pub fn touched(&mut self, path: &Path) {
        if self.folders.remove(path)
            && let Some(watcher) = &mut self.watcher
        {
            let _ = watcher.unwatch(path);
        }
    }

    /// Watches what the open workspaces' surveys name, and the data folder, and nothing else. Gives the workspaces for which
    /// something is watched that was not: what changed there between its survey and now went unseen.
    pub fn follow(&mut self, inner: &Inner) -> Late {
        let mut wanted: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
        let mut unmerged: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
        for workspace in inner.all_workspaces() {
            // Also where nothing is looked for: that is said there, and may be taken back there.
            let settings = workspace.root.join(host::WORKSPACE_FILE);
            wanted.entry(settings).or_default().insert(workspace.root.clone());
            for path in workspace.unmerged.watched() {
                unmerged.entry(path).or_default().insert(workspace.root.clone());
            }
            for file in workspace.lint_book.watched() {
                wanted.entry(file).or_default().insert(workspace.root.clone());
            }
            let Some(survey) = workspace.survey() else { continue };
            for path in &survey.watch {
                wanted.entry(path.clone()).or_default().insert(workspace.root.clone());
            }
        }
        // What does not answer would not answer this either; when it does, all is looked at again.
        wanted.retain(|path, _| !inventory::is_silent(path));
        let mut folders: BTreeSet<PathBuf> = wanted
            .keys()
            .filter_map(|path| if path.is_dir() { Some(path.clone()) } else { path.parent().map(Path::to_path_buf) })
            .collect();
        folders.extend(inner.gate.file().parent().map(Path::to_path_buf));
        folders.extend(unmerged.keys().filter_map(|path| path.parent().map(Path::to_path_buf)));
        (self.wanted, self.unmerged) = (wanted, unmerged);
        let mut late = Late::default();
        let Some(watcher) = &mut self.watcher else { return late };
        for gone in self.folders.difference(&folders) {
            let _ = watcher.unwatch(gone);
        }
        let mut watched = BTreeSet::new();
        for folder in folders {
            if self.folders.contains(&folder) {
                watched.insert(folder);
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    let here = |path: &PathBuf| *path == folder || path.parent() == Some(&folder);
                    let of = |watched: &BTreeMap<PathBuf, BTreeSet<PathBuf>>| -> Vec<PathBuf> {
                        watched.iter().filter(|(path, _)| here(path)).flat_map(|(_, roots)| roots.clone()).collect()
                    };
                    late.surveys.extend(of(&self.wanted));
                    late.unmerged.extend(of(&self.unmerged));
                    watched.insert(folder);
                }
                Err(e) => tracing::debug!("not watched: {}: {e}", folder.display()),
            }
        }
        self.folders = watched;
        late
    }
}
