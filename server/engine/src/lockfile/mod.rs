//! Lockfiles with conflicts, merged by their ecosystem's own tool: offline, in a copy of the manifests, in a workspace that is trusted.
//! Applies nothing; whatever goes wrong is said in words, and the file is as it was.

mod bounds;
mod pnpm;
mod run;
mod stage;
mod uv;
mod yarn;

use crate::inner::Inner;
use crate::suggest::Suggester;
use crate::{Engine, EngineError};
use conflict::{Choice, Conflicts, LARGEST_LOCKFILE, Lockfile, LockfileAccount, LockfileSides, rewrite};
use contract::{LineOrigin, LockfileMerge};
use host::{Cancel, Denied};
use ropey::Rope;
use stage::Stage;
use std::path::{Path, PathBuf};

/// Bytes of a manifest.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// Why a lockfile is not merged by its tool. Each message names the file or the package, and the next step.
#[derive(Debug, thiserror::Error)]
enum Unmerged {
    #[error("some markers of this file have no counterparts\nhint: complete or remove them, then ask again")]
    Malformed,
    #[error("this lockfile is too large to be merged here: more than 16 MiB")]
    TooLarge,
    #[error("a manifest has conflicts of its own, and the lockfile follows from the manifests: {}\nhint: resolve that first, then ask again", .0.display())]
    Manifest(PathBuf),
    #[error("a manifest names a folder outside of {}, which is not read: {}\nhint: merge this lockfile by hand with `{tool}`", top.display(), file.display())]
    Outside { file: PathBuf, top: PathBuf, tool: &'static str },
    #[error("its manifest is not there: {}\nhint: a lockfile follows from its manifest; bring that back, or remove both", .0.display())]
    NoManifest(PathBuf),
    #[error("{tool} does not use this lockfile, for it takes the folder for a part of another project and keeps that one's lockfile: {}", above.display())]
    Unused { tool: &'static str, above: PathBuf },
    #[error("a manifest could not be read: {}: {why}", file.display())]
    Unread { file: PathBuf, why: String },
    #[error(
        "`{tool}` is {found} here, and this lockfile is one of {tool} {wanted}\nhint: `fetch.{tool}` in the settings names another; or merge this lockfile by hand with `{tool} install`"
    )]
    Version { tool: &'static str, found: String, wanted: &'static str },
    #[error("{0}")]
    Members(String),
    #[error(transparent)]
    Lockfile(#[from] conflict::LockfileError),
    #[error("no copy of the manifests could be made: {0}")]
    Copy(#[from] std::io::Error),
    #[error(transparent)]
    Process(#[from] host::ProcessError),
    #[error(
        "{name} is not here, or not all that has to be known of it, and without a network it cannot be had\nhint: with a connection, `holdover preflight --fetch` on the branch that asks for it brings it; then ask again"
    )]
    Missing { name: String },
    #[error("`{command}` {how}{}", if said.is_empty() { String::new() } else { format!(":\n{said}") })]
    Tool { command: String, how: String, said: String },
    #[error("what {tool} made is not what it takes for locked, so it is not offered: `{command}` says:\n{said}")]
    NotLocked { tool: &'static str, command: String, said: String },
    #[error("a manifest or the lockfile changed while it was merged\nhint: ask again")]
    Moved,
    #[error(transparent)]
    Untrusted(EngineError),
    #[error("stopped, as was asked")]
    Cancelled,
}

impl Engine {
    /// A conflicted lockfile as its ecosystem's own tool merges it, or why there is none; `None` where the file is no lockfile that is known
    /// here, or has no conflict. Starts processes and may take a minute, so this is not for a thread that answers; from memory, where the same
    /// was asked before.
    #[must_use]
    pub fn lockfile_merge(
        &self,
        root: &Path,
        file: &Path,
        text: &Rope,
        conflicts: &Conflicts,
        suggester: &Suggester,
        cancel: &Cancel,
    ) -> Option<LockfileMerge> {
        let kind = Lockfile::of(file)?;
        if conflicts.is_empty() {
            return None;
        }
        let told =
            LockfileMerge { tool: kind.tool().to_owned(), command: run::words(kind), ..LockfileMerge::default() };
        let made = merge(&self.inner, root, file, kind, (text, conflicts), suggester, cancel);
        Some(match made {
            Ok((text, account)) => LockfileMerge {
                reason: reason(kind, &account),
                text,
                packages: account.kept,
                dropped: account.dropped,
                network: if kind.needs_no_tool() { String::new() } else { Denied::here().name().to_owned() },
                ..told
            },
            Err(problem) => LockfileMerge { problem: Some(problem.to_string()), ..told },
        })
    }
}

/// The tool whose lockfile a file is, by its name.
#[must_use]
pub fn lockfile_tool(file: &Path) -> Option<&'static str> {
    Lockfile::of(file).map(Lockfile::tool)
}

/// Whether a file's conflicts are its ecosystem's own tool's to merge.
#[must_use]
pub fn is_lockfile(file: &Path) -> bool {
    Lockfile::of(file).is_some()
}

type Merged = crate::suggest::MadeLockfile;

fn merge(
    inner: &Inner,
    root: &Path,
    file: &Path,
    kind: Lockfile,
    (text, conflicts): (&Rope, &Conflicts),
    suggester: &Suggester,
    cancel: &Cancel,
) -> Result<Merged, Unmerged> {
    if kind.needs_no_tool() {
        return by_text(kind, file, (text, conflicts), cancel);
    }
    let workspace =
        inner.workspace(root).ok_or_else(|| Unmerged::Untrusted(EngineError::NotOpen { root: root.to_path_buf() }))?;
    workspace.reload(inner);
    let trust = workspace.trust();
    if !trust.allows() {
        let changed = trust == host::Trust::Changed;
        return Err(Unmerged::Untrusted(EngineError::Untrusted { root: root.to_path_buf(), changed }));
    }
    if !conflicts.malformed.is_empty() {
        return Err(Unmerged::Malformed);
    }
    if text.len_bytes() > 2 * LARGEST_LOCKFILE {
        return Err(Unmerged::TooLarge);
    }
    let real = std::fs::canonicalize(file)?;
    let sides = sides(&real, text, conflicts, cancel);
    if sides.current.len().max(sides.incoming.len()) > LARGEST_LOCKFILE {
        return Err(Unmerged::TooLarge);
    }
    let top = top_of(&real, root);
    let manifests = stage::manifests(kind, &real, &top)?;
    let key = key(text, &sides, &manifests);
    if let Some(known) = suggester.known_lockfile(&key) {
        return Ok(known);
    }
    let start = kind.start(&sides)?;
    let _running = workspace.running.begin(cancel, &workspace.cancel);
    let stage = Stage::make(kind, &real, &top, &manifests, &start, &inner.folders.data)?;
    let settings = workspace.loaded().settings.fetch.clone();
    let made = run::repaired(kind, &stage, &settings, cancel)?;
    // Without a network cargo and uv take a version that is here in place of one that is not, and say nothing.
    for (name, version, source) in kind.replaced(&start, &made)? {
        let is_here = match kind {
            Lockfile::Uv => inventory::is_known_to_uv(&name, &version),
            _ => source.starts_with("registry+") && inventory::is_cached_crate(&name, &version),
        };
        if !is_here {
            return Err(Unmerged::Missing { name: format!("{name} {version}") });
        }
    }
    let account = kind.account(&sides, &made)?;
    let made = ended_as(text, made);
    if key != self::key(text, &sides, &stage::manifests(kind, &real, &top)?) {
        return Err(Unmerged::Moved);
    }
    suggester.remember_lockfile(key, &(made.clone(), account.clone()));
    Ok((made, account))
}

/// As the file's other lines end.
fn ended_as(text: &Rope, made: String) -> String {
    let crlf = text.chunks().any(|chunk| chunk.contains('\r'));
    if crlf { made.replace("\r\n", "\n").replace('\n', "\r\n") } else { made }
}

/// What follows from the sides alone: nothing is run, so nobody has to trust anything.
fn by_text(
    kind: Lockfile,
    file: &Path,
    (text, conflicts): (&Rope, &Conflicts),
    cancel: &Cancel,
) -> Result<Merged, Unmerged> {
    if !conflicts.malformed.is_empty() {
        return Err(Unmerged::Malformed);
    }
    let sides = sides(&std::fs::canonicalize(file)?, text, conflicts, cancel);
    if sides.current.len().max(sides.incoming.len()) > LARGEST_LOCKFILE {
        return Err(Unmerged::TooLarge);
    }
    let made = kind.start(&sides)?;
    let account = kind.account(&sides, &made)?;
    Ok((ended_as(text, made), account))
}

/// The whole texts of the sides: those that git's index keeps while the file is unmerged, else as the markers have them.
fn sides(file: &Path, text: &Rope, conflicts: &Conflicts, cancel: &Cancel) -> LockfileSides {
    if let Some([base, current, incoming]) = crate::stages::stage_texts(file, LARGEST_LOCKFILE, cancel) {
        return LockfileSides { base: Some(base), current, incoming };
    }
    let whole = |choice: Choice| rewrite(text, conflicts, |region| Some(conflict::resolve(text, region, choice)?.text));
    let has_base = conflicts.regions.iter().all(|region| region.bases() == 1);
    LockfileSides {
        base: has_base.then(|| whole(Choice::Base)),
        current: whole(Choice::Current),
        incoming: whole(Choice::Incoming),
    }
}

/// The folder in which the manifests of a lockfile lie: the repository's top, where there is one, else the workspace.
fn top_of(lockfile: &Path, root: &Path) -> PathBuf {
    let folder = lockfile.parent().unwrap_or(lockfile);
    let repository = folder.ancestors().find(|folder| folder.join(".git").exists());
    let root = || std::fs::canonicalize(root).ok().filter(|root| folder.starts_with(root));
    repository.map(Path::to_path_buf).or_else(root).unwrap_or_else(|| folder.to_path_buf())
}

/// What the answer rests on.
fn key(text: &Rope, sides: &LockfileSides, manifests: &[stage::Manifest]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &str| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    };
    add(&text.to_string());
    add(sides.base.as_deref().unwrap_or_default());
    add(&sides.current);
    add(&sides.incoming);
    for manifest in manifests {
        add(&manifest.below.to_string_lossy());
        add(&manifest.text);
    }
    hasher.finalize()
}

fn reason(kind: Lockfile, account: &LockfileAccount) -> String {
    let count = |side| account.kept.iter().filter(|one| one.side == side).count() as u64;
    let named = [(LineOrigin::Current, "of the current side"), (LineOrigin::Incoming, "of the incoming side")];
    let mut parts: Vec<String> = named
        .into_iter()
        .filter(|(side, _)| count(*side) > 0)
        .map(|(side, words)| format!("{} {words} alone", crate::words::counted(count(side), "package")))
        .collect();
    let new: Vec<String> = account
        .kept
        .iter()
        .filter(|one| one.side == LineOrigin::Made)
        .map(|one| format!("{} {}", one.name, one.version))
        .collect();
    if !new.is_empty() {
        parts.push(format!("and, which neither side had, {}", new.join(", ")));
    }
    if kind == Lockfile::GoSum {
        let own = if parts.is_empty() { String::new() } else { format!(", {}", parts.join(", ")) };
        return format!(
            "every checksum of both sides{own}; go passes over what it does not need, and `go mod tidy` removes it"
        );
    }
    let held = if parts.is_empty() { "the packages that both sides have".to_owned() } else { parts.join(", ") };
    format!(
        "{} worked it out from both sides and the manifests as they are, offline, and takes it for locked: it holds {held}",
        kind.tool()
    )
}
