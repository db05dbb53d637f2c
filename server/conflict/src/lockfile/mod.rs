//! Lockfiles with conflicts: the packages of both sides as one lockfile from which the ecosystem's own tool can start, and an
//! account of what the tool made of it. Texts in, texts out: runs no tool and reads no file.

mod cargo;
mod go_sum;
mod npm;
mod pnpm;
mod uv;
mod yarn;

use contract::{LineOrigin, LockfilePackage};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of a lockfile that is merged. The largest seen in the wild have some 4 MiB.
pub const LARGEST_LOCKFILE: usize = 16 << 20;

/// A lockfile whose tool is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lockfile {
    /// `Cargo.lock`.
    Cargo,
    /// `package-lock.json` and `npm-shrinkwrap.json`.
    Npm,
    /// `pnpm-lock.yaml`.
    Pnpm,
    /// `uv.lock`.
    Uv,
    /// `yarn.lock` of Yarn 2 and newer.
    Yarn,
    /// `go.sum`: checksums of which any number may stand side by side, so that no tool has to be asked.
    GoSum,
}

/// Why two sides of a lockfile are not merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockfileError {
    /// One of the texts is none.
    #[error("the {side} side of this lockfile cannot be read: {why}")]
    Unreadable {
        /// `current`, `incoming`, `ancestor's`, `merged`.
        side: &'static str,
        /// Why.
        why: String,
    },
    /// Its form is older than what is known here.
    #[error("this lockfile has an old form, {form}, that is not merged here\nhint: {hint}")]
    Form {
        /// `version 1`.
        form: String,
        /// What to do.
        hint: &'static str,
    },
    /// One version of a package, with different contents: one of the sides was tampered with, or a registry replaced something.
    #[error(
        "the sides hold different contents for {name} {version}, so which of them is right is for you to say: compare the two checksums"
    )]
    Unlike {
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// Both sides moved a package that comes from git to another commit.
    #[error(
        "both sides moved {name} to another commit, and which of them is newer no lockfile says: take one side, then ask again"
    )]
    Commits {
        /// The package.
        name: String,
    },
    /// The merged text holds other contents for a version than a side does.
    #[error("what came out holds other contents for {name} {version} than the sides do, so it is not offered")]
    Other {
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
}

/// Whole texts of the sides of one lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockfileSides {
    /// Common ancestor, where it is known.
    pub base: Option<String>,
    /// Current side.
    pub current: String,
    /// Incoming side.
    pub incoming: String,
}

/// The packages in which the sides differ, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockfileAccount {
    /// What the merged lockfile holds and not both sides did; `made` what neither had.
    pub kept: Vec<LockfilePackage>,
    /// What a side holds and the merged lockfile does not.
    pub dropped: Vec<LockfilePackage>,
}

/// A package of a lockfile: name and version, and by where it comes from.
pub(crate) type Id = (String, String, String);
/// Checksums of what a package consists of, by its files; where it is one, it has no name.
pub(crate) type Contents = BTreeMap<String, String>;
pub(crate) type Packages = BTreeMap<Id, Contents>;

/// Contents of a package that is one file.
fn one_file(checksum: Option<String>) -> Contents {
    checksum.into_iter().map(|checksum| (String::new(), checksum)).collect()
}

/// Whether a file that both have has two checksums.
fn unlike(one: &Contents, other: &Contents) -> bool {
    one.iter().any(|(file, sum)| other.get(file).is_some_and(|other| other != sum))
}

impl Lockfile {
    /// What a file's name says.
    pub fn of(file: &Path) -> Option<Self> {
        match file.file_name()?.to_str()? {
            "Cargo.lock" => Some(Lockfile::Cargo),
            "package-lock.json" | "npm-shrinkwrap.json" => Some(Lockfile::Npm),
            "pnpm-lock.yaml" => Some(Lockfile::Pnpm),
            "uv.lock" => Some(Lockfile::Uv),
            "yarn.lock" => Some(Lockfile::Yarn),
            "go.sum" => Some(Lockfile::GoSum),
            _ => None,
        }
    }

    /// What it follows from: the manifest beside it.
    pub fn manifest(self) -> &'static str {
        match self {
            Lockfile::Cargo => "Cargo.toml",
            Lockfile::Npm | Lockfile::Pnpm | Lockfile::Yarn => "package.json",
            Lockfile::Uv => "pyproject.toml",
            Lockfile::GoSum => "go.mod",
        }
    }

    /// Who merges it: `cargo`, `npm`, and where no tool is needed, Holdover.
    pub fn tool(self) -> &'static str {
        match self {
            Lockfile::Cargo => "cargo",
            Lockfile::Npm => "npm",
            Lockfile::Pnpm => "pnpm",
            Lockfile::Uv => "uv",
            Lockfile::Yarn => "yarn",
            Lockfile::GoSum => "Holdover",
        }
    }

    /// Whether what both sides hold is the merge already, whatever the manifests say, so that nothing has to be run.
    pub fn needs_no_tool(self) -> bool {
        self == Lockfile::GoSum
    }

    /// A lockfile that holds the packages of both sides, for the tool to begin with: it removes what nobody needs. Of a package that both
    /// sides have in versions that exclude each other, the one that a side chose since the ancestor; where both did, the newer.
    ///
    /// # Errors
    /// [`LockfileError`], where a text is none, or which of two contents is right is for a person to say.
    pub fn start(self, sides: &LockfileSides) -> Result<String, LockfileError> {
        match self {
            Lockfile::Cargo => cargo::start(sides),
            Lockfile::Npm => npm::start(sides),
            Lockfile::Pnpm => pnpm::start(sides),
            Lockfile::Uv => uv::start(sides),
            Lockfile::Yarn => yarn::start(sides),
            Lockfile::GoSum => go_sum::start(sides),
        }
    }

    /// Versions of `start` in whose place `merged` has another one that cannot stand beside it: name, version, and where it comes from.
    ///
    /// # Errors
    /// [`LockfileError`], where a text is none.
    pub fn replaced(self, start: &str, merged: &str) -> Result<Vec<(String, String, String)>, LockfileError> {
        match self {
            Lockfile::Cargo => cargo::replaced(start, merged),
            Lockfile::Uv => uv::replaced(start, merged),
            // They take what a lockfile holds, whether it is here or not.
            Lockfile::Npm | Lockfile::Pnpm | Lockfile::Yarn | Lockfile::GoSum => Ok(Vec::new()),
        }
    }

    /// Holds what the tool made against the sides.
    ///
    /// # Errors
    /// [`LockfileError`], where a text is none, or a version's contents are not those of the sides.
    pub fn account(self, sides: &LockfileSides, merged: &str) -> Result<LockfileAccount, LockfileError> {
        let packages = |side, text| self.packages(side, text);
        let (current, incoming) = (packages("current", &sides.current)?, packages("incoming", &sides.incoming)?);
        let merged = packages("merged", merged)?;
        let mut told = LockfileAccount::default();
        let package = |(name, version, _): &(String, String, String), side| LockfilePackage {
            name: name.clone(),
            version: version.clone(),
            side,
        };
        for (id, contents) in &merged {
            for side in [&current, &incoming] {
                if side.get(id).is_some_and(|other| unlike(contents, other)) {
                    return Err(LockfileError::Other { name: id.0.clone(), version: id.1.clone() });
                }
            }
            match (current.contains_key(id), incoming.contains_key(id)) {
                (true, true) => {}
                (true, false) => told.kept.push(package(id, LineOrigin::Current)),
                (false, true) => told.kept.push(package(id, LineOrigin::Incoming)),
                (false, false) => told.kept.push(package(id, LineOrigin::Made)),
            }
        }
        for id in current.keys().filter(|id| !merged.contains_key(id)) {
            let side = if incoming.contains_key(id) { LineOrigin::Both } else { LineOrigin::Current };
            told.dropped.push(package(id, side));
        }
        let only_incoming = incoming.keys().filter(|id| !merged.contains_key(id) && !current.contains_key(id));
        told.dropped.extend(only_incoming.map(|id| package(id, LineOrigin::Incoming)));
        Ok(told)
    }

    fn packages(self, side: &'static str, text: &str) -> Result<Packages, LockfileError> {
        match self {
            Lockfile::Cargo => cargo::packages(side, text),
            Lockfile::Npm => npm::packages(side, text),
            Lockfile::Pnpm => pnpm::packages(side, text),
            Lockfile::Uv => uv::packages(side, text),
            Lockfile::Yarn => yarn::packages(side, text),
            Lockfile::GoSum => go_sum::packages(side, text),
        }
    }
}

/// The first package that both sides hold with different contents, if there is one.
fn tampered(current: &Packages, incoming: &Packages) -> Option<LockfileError> {
    let is_other = |(id, contents): &(&Id, &Contents)| incoming.get(*id).is_some_and(|other| unlike(contents, other));
    let ((name, version, _), _) = current.iter().find(is_other)?;
    Some(LockfileError::Unlike { name: name.clone(), version: version.clone() })
}

/// What both sides have of one thing in versions that exclude each other: which of them stays.
fn chosen<'a, T: PartialEq>(
    base: Option<&T>,
    (current, incoming): (&'a T, &'a T),
    newer: impl FnOnce() -> Option<bool>,
) -> Option<&'a T> {
    // Who changed it since the ancestor meant it, also where that was a step back.
    match base {
        Some(base) if base == current => Some(incoming),
        Some(base) if base == incoming => Some(current),
        _ => newer().map(|incoming_is_newer| if incoming_is_newer { incoming } else { current }),
    }
}

#[cfg(test)]
mod tests;
