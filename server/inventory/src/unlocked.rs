//! What stands where a lockfile is expected and is none: a manifest alone, a folder that may not be listed.
//! May not judge packages; says why the whole answer cannot be `ready`, or what it is not about.

use crate::ecosystem::{Ecosystem, Judged, Verdict};
use crate::fetch::Known;
use crate::look::{Look, Seen, Unread};
use contract::{Finding, Range, Severity, codes};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Larger manifests are not read, in bytes.
const LARGEST: u64 = 4 << 20;

/// The answer about a root folder that has an ecosystem's manifest and none of its lockfiles; `None` where none is needed.
pub(crate) fn without_lockfile(ecosystem: &dyn Ecosystem, root: &Path, look: &Look) -> Option<Judged> {
    let manifest = root.join(ecosystem.manifest());
    // A file that is there and was not judged is none that counts.
    let none = |path: &PathBuf| matches!(look.at(path), Seen::Absent | Seen::File(_));
    let odd = ecosystem.lockfiles().iter().map(|name| root.join(name)).find(|path| !none(path));
    let needs = match look.text(&manifest, LARGEST) {
        Ok(text) => ecosystem.needs_lockfile(&text),
        Err(Unread::Absent) => false,
        Err(_) => true,
    };
    if !needs && odd.is_none() {
        return None;
    }
    let (code, file, why) = match odd {
        Some(odd) => {
            let why = look.at(&odd).doubt().unwrap_or_else(|| "it was not there a moment ago".into());
            (codes::MALFORMED_LOCKFILE, odd, format!("the lockfile was not read: {why}"))
        }
        None => (
            codes::UNLOCKED_DEPENDENCY,
            manifest.clone(),
            format!("{} has no lockfile beside it, so what it needs is not known", ecosystem.manifest()),
        ),
    };
    let lockfile = root.join(ecosystem.lockfiles().last().copied().unwrap_or_default());
    let mut judged = Judged::new(&lockfile);
    judged.findings.push(finding(code, &file, why.clone()));
    judged.verdict = Verdict::Doubtful(why);
    judged.watch.push(manifest);
    Some(judged)
}

/// More packages without a lockfile are not named.
const MOST: usize = 100;

/// Packages below the root that have dependencies and that no lockfile is for: the answer is not about them. A template
/// or a fixture is no part of the build, so they change no state; but they are not passed over in silence.
pub(crate) fn apart(
    known: &[Known],
    root: &Path,
    files: &[PathBuf],
    judged: &[(Known, Judged)],
    look: &Look,
) -> Vec<Finding> {
    let named = |path: &Path, name: &str| path.file_name().is_some_and(|file| file == name);
    let mut out = Vec::new();
    for ecosystem in known {
        // Another tool's lockfile for the same manifest will do.
        let names = known.iter().filter(|other| other.manifest() == ecosystem.manifest());
        let names: Vec<&str> = names.flat_map(|other| other.lockfiles()).copied().collect();
        let of_lockfiles = files.iter().filter(|path| names.iter().any(|name| named(path, name)));
        let locked: HashSet<&Path> = of_lockfiles.filter_map(|path| path.parent()).collect();
        let read: HashSet<&Path> =
            judged.iter().flat_map(|(_, judged)| &judged.manifests).map(PathBuf::as_path).collect();
        for path in files.iter().filter(|path| named(path, ecosystem.manifest())) {
            let folder = path.parent().unwrap_or(root);
            if folder == root || locked.contains(folder) || read.contains(path.as_path()) || out.len() >= MOST {
                continue;
            }
            let Ok(text) = look.text(path, LARGEST) else { continue };
            if ecosystem.needs_lockfile(&text) && !ecosystem.dependencies(&text).is_empty() {
                let message =
                    "this package has dependencies, and no lockfile is for it: whether they are here is not judged";
                let mut finding = finding(codes::UNLOCKED_DEPENDENCY, path, message.to_owned());
                finding.severity = Severity::Information;
                out.push(finding);
            }
        }
    }
    out
}

/// The finding about a folder that could not be listed.
pub(crate) fn closed(folder: &Path, why: &str) -> Finding {
    let message = format!("this folder may not be listed, so the lockfiles in it are not known: {why}");
    finding(codes::MALFORMED_LOCKFILE, folder, message)
}

/// The finding about a folder that a limit kept from being looked into: there may be lockfiles in it, or beyond it.
pub(crate) fn beyond(folder: &Path, why: &str) -> Finding {
    let message = format!(
        "not every lockfile of this workspace is known: {why}\nhint: leave out what holds none with inventory.exclude, or open a part of the workspace"
    );
    finding(codes::MALFORMED_LOCKFILE, folder, message)
}

fn finding(code: &str, file: &Path, message: String) -> Finding {
    Finding {
        code: code.into(),
        severity: Severity::Warning,
        message,
        file: file.to_path_buf(),
        range: Range::default(),
        source: "holdover".into(),
        data: None,
    }
}
