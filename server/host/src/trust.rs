//! The trust list: workspaces whose own commands may run. Trust is bound to the text of `holdover.toml`, and where that has the steps of
//! workflows run, to theirs; when that changes, the workspace must be trusted again. Nothing here asks anybody anything.

use crate::{Folders, WORKSPACE_FILE, fingerprint, now, write_private};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Largest list that is read, in bytes: some hundred thousand workspaces.
const LIST_LIMIT: u64 = 32 << 20;

/// Workflows that trust is bound to; of as many none is run.
const MOST_WORKFLOWS: usize = 1000;

/// How long the lock of the list is waited for.
const LOCK_PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Whether what a workspace names may be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It may.
    Trusted,
    /// Nobody said it may.
    Untrusted,
    /// Somebody did, and `holdover.toml` has changed since.
    Changed,
}

impl Trust {
    /// Whether what the workspace names may be run.
    #[must_use]
    pub fn allows(self) -> bool {
        self == Trust::Trusted
    }
}

/// The list could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file or its folder.
    #[error("the trust list cannot be {what}: {path}: {source}\nhint: make it readable and writable for you")]
    Io {
        /// `read` or `written`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file has been damaged.
    #[error(
        "the trust list is not what Holdover wrote: {path}: {reason}\nhint: remove it, and trust your workspaces again"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Listed {
    version: u32,
    workspaces: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    /// Fingerprint of `holdover.toml`, or `absent`.
    settings: String,
    at: String,
}

/// `trust.json` in the data folder.
#[derive(Debug, Clone)]
pub struct TrustList {
    file: PathBuf,
}

impl TrustList {
    /// The list of this user.
    #[must_use]
    pub fn new(folders: &Folders) -> Self {
        Self { file: folders.data.join("trust.json") }
    }

    /// Whether the workspace at `root` is trusted now. A list that cannot be read trusts nothing.
    pub fn of(&self, root: &Path) -> Result<Trust, TrustError> {
        let root = canonical(root);
        let listed = self.read()?;
        Ok(match listed.workspaces.iter().find(|entry| entry.path == root) {
            None => Trust::Untrusted,
            Some(entry) if entry.settings == settings_of(&root) => Trust::Trusted,
            Some(_) => Trust::Changed,
        })
    }

    /// Trusts the workspace at `root` with `holdover.toml` as it is now.
    pub fn trust(&self, root: &Path) -> Result<(), TrustError> {
        let root = canonical(root);
        let entry = Entry { settings: settings_of(&root), at: now(), path: root };
        self.change(|list| {
            list.retain(|old| old.path != entry.path);
            list.push(entry);
            true
        })
        .map(|_| ())
    }

    /// Takes trust back; says whether there was any.
    pub fn revoke(&self, root: &Path) -> Result<bool, TrustError> {
        let root = canonical(root);
        self.change(|list| {
            let before = list.len();
            list.retain(|entry| entry.path != root);
            list.len() != before
        })
    }

    fn read(&self) -> Result<Listed, TrustError> {
        match crate::read_small(&self.file, LIST_LIMIT) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| TrustError::Malformed { path: self.file.clone(), reason: e.to_string() }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Listed { version: 1, workspaces: Vec::new() }),
            Err(source) => Err(TrustError::Io { what: "read", path: self.file.clone(), source }),
        }
    }

    fn change(&self, edit: impl FnOnce(&mut Vec<Entry>) -> bool) -> Result<bool, TrustError> {
        let io = |source| TrustError::Io { what: "written", path: self.file.clone(), source };
        // Two editors may trust at once: the lock file keeps one from undoing the other.
        let lock_path = self.file.with_extension("lock");
        let lock = open_lock(&lock_path).map_err(io)?;
        take(&lock).map_err(io)?;
        let mut listed = self.read()?;
        listed.version = 1;
        let changed = edit(&mut listed.workspaces);
        if changed {
            let text = serde_json::to_vec_pretty(&listed)
                .map_err(|e| TrustError::Malformed { path: self.file.clone(), reason: e.to_string() })?;
            write_private(&self.file, &text).map_err(io)?;
        }
        Ok(changed)
    }
}

/// Waits for the others, who hold it for some milliseconds, but not for one that was stopped in the middle.
fn take(lock: &std::fs::File) -> std::io::Result<()> {
    use std::fs::TryLockError;
    let began = std::time::Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(std::io::Error::other("another process has held its lock for 10 s"));
            }
            Err(TryLockError::Error(e)) => return Err(e),
        }
    }
}

/// Opened in place, never renamed over: all writers must lock the same file.
fn open_lock(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        crate::paths::make_private_folder(folder)?;
    }
    let mut options = std::fs::File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // A pipe in its place is an error, and is not waited for.
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

fn canonical(root: &Path) -> PathBuf {
    std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf())
}

fn settings_of(root: &Path) -> String {
    match crate::read_small(&root.join(WORKSPACE_FILE), crate::settings::SIZE_LIMIT) {
        Ok(bytes) if runs_workflows(&bytes) => with_workflows(root, bytes),
        Ok(bytes) => fingerprint(&bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => "absent".into(),
        // Unreadable: equal to nothing that was ever trusted.
        Err(e) => format!("unreadable: {e}"),
    }
}

fn runs_workflows(settings: &[u8]) -> bool {
    let table = std::str::from_utf8(settings).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let on = table.as_ref().and_then(|table| table.get("checks")?.get("workflows")?.as_bool());
    on == Some(true)
}

/// The settings and every workflow, by name: what somebody trusts is what will be run.
fn with_workflows(root: &Path, settings: Vec<u8>) -> String {
    let folder = root.join(".github/workflows");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten().take(MOST_WORKFLOWS);
    let mut names: Vec<std::ffi::OsString> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    let mut all = settings;
    for name in names {
        let text = crate::read_small(&folder.join(&name), crate::settings::SIZE_LIMIT);
        let text = text.map_or_else(|e| e.to_string(), |bytes| fingerprint(&bytes));
        all.extend([0]);
        all.extend(name.as_encoded_bytes());
        all.extend([0]);
        all.extend(text.as_bytes());
    }
    fingerprint(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_workflows_are_run_trust_is_bound_to_their_text() {
        let (_keep, list, root) = list();
        let folder = root.join(".github/workflows");
        std::fs::create_dir_all(&folder).unwrap();
        let settings = |text: &str| std::fs::write(root.join(WORKSPACE_FILE), text).unwrap();
        let workflow = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        let of = || list.of(&root).unwrap();
        workflow("a.yml", "one");
        for off in ["", "[checks]\nworkflows = false\n"] {
            settings(off);
            list.trust(&root).unwrap();
            workflow("a.yml", "two");
            assert_eq!(of(), Trust::Trusted, "nothing of it is run");
        }
        settings("[checks]\nworkflows = true\n");
        assert_eq!(of(), Trust::Changed);
        list.trust(&root).unwrap();
        assert_eq!(of(), Trust::Trusted);
        workflow("a.yml", "three");
        assert_eq!(of(), Trust::Changed);
        workflow("a.yml", "two");
        assert_eq!(of(), Trust::Trusted);
        workflow("b.yml", "");
        assert_eq!(of(), Trust::Changed);
    }

    fn list() -> (tempfile::TempDir, TrustList, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("workspace");
        std::fs::create_dir(&root).unwrap();
        let folders = Folders { data: folder.path().join("data"), config: folder.path().join("none") };
        (folder, TrustList::new(&folders), root)
    }

    #[test]
    fn trust_is_given_taken_back_and_bound_to_the_settings_file() {
        let (_keep, list, root) = list();
        assert_eq!(list.of(&root).unwrap(), Trust::Untrusted);
        list.trust(&root).unwrap();
        assert_eq!(list.of(&root).unwrap(), Trust::Trusted);
        std::fs::write(root.join(WORKSPACE_FILE), "[checks]\nbuild = ['rm']\n").unwrap();
        assert_eq!(list.of(&root).unwrap(), Trust::Changed);
        list.trust(&root).unwrap();
        assert_eq!(list.of(&root).unwrap(), Trust::Trusted);
        assert!(list.revoke(&root).unwrap());
        assert!(!list.revoke(&root).unwrap());
        assert_eq!(list.of(&root).unwrap(), Trust::Untrusted);
    }

    #[test]
    fn a_damaged_list_trusts_nothing_and_says_which_file() {
        let (_keep, list, root) = list();
        list.trust(&root).unwrap();
        std::fs::write(&list.file, "{").unwrap();
        let message = list.of(&root).unwrap_err().to_string();
        assert!(message.contains("trust.json"), "{message}");
        assert!(list.trust(&root).is_err(), "a damaged list is not overwritten");
    }

    #[test]
    fn many_writers_lose_nothing() {
        let (keep, list, _root) = list();
        std::thread::scope(|scope| {
            for i in 0..16 {
                let (list, root) = (list.clone(), keep.path().join(format!("w{i}")));
                scope.spawn(move || {
                    std::fs::create_dir(&root).unwrap();
                    list.trust(&root).unwrap();
                });
            }
        });
        assert_eq!(list.read().unwrap().workspaces.len(), 16);
    }
}
