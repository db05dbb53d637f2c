//! Lockfiles with conflicts: the packages of both sides as one lockfile from which the ecosystem's own tool can start, and an
//! account of what the tool made of it. Texts in, texts out: runs no tool and reads no file.

mod cargo;
mod npm;

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
pub(crate) type Packages = BTreeMap<(String, String, String), Option<String>>;

impl Lockfile {
    /// What a file's name says.
    pub fn of(file: &Path) -> Option<Self> {
        match file.file_name()?.to_str()? {
            "Cargo.lock" => Some(Lockfile::Cargo),
            "package-lock.json" | "npm-shrinkwrap.json" => Some(Lockfile::Npm),
            _ => None,
        }
    }

    /// What it follows from: the manifest beside it.
    pub fn manifest(self) -> &'static str {
        match self {
            Lockfile::Cargo => "Cargo.toml",
            Lockfile::Npm => "package.json",
        }
    }

    /// The tool: `cargo`, `npm`.
    pub fn tool(self) -> &'static str {
        match self {
            Lockfile::Cargo => "cargo",
            Lockfile::Npm => "npm",
        }
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
        }
    }

    /// Versions of `start` in whose place `merged` has another one that cannot stand beside it: name, version, and where it comes from.
    ///
    /// # Errors
    /// [`LockfileError`], where a text is none.
    pub fn replaced(self, start: &str, merged: &str) -> Result<Vec<(String, String, String)>, LockfileError> {
        match self {
            Lockfile::Cargo => cargo::replaced(start, merged),
            // Npm takes what a lockfile holds, whether it is here or not.
            Lockfile::Npm => Ok(Vec::new()),
        }
    }

    /// Holds what the tool made against the sides.
    ///
    /// # Errors
    /// [`LockfileError`], where a text is none, or a version's contents are not those of the sides.
    pub fn account(self, sides: &LockfileSides, merged: &str) -> Result<LockfileAccount, LockfileError> {
        let packages = |side, text| match self {
            Lockfile::Cargo => cargo::packages(side, text),
            Lockfile::Npm => npm::packages(side, text),
        };
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
                let other = side.get(id).and_then(Option::as_ref);
                if other.is_some() && contents.is_some() && other != contents.as_ref() {
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
