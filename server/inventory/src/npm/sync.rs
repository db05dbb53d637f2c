//! Whether `package.json` and the lockfile agree, as `npm ci` demands.
//! May read manifests of the workspace's own packages only.

use super::config::Config;
use super::lock::{Entry, Lock};
use super::tree::{self, Tree};
use crate::ecosystem::{Ask, Verdict};
use crate::text::Places;
use contract::{Finding, Severity, codes};
use std::path::{Path, PathBuf};

/// What the comparison came to.
pub(crate) struct Sync {
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    /// Entry, manifest, and its text.
    pub manifests: Vec<(usize, PathBuf, String)>,
}

/// Larger manifests are not read, in bytes.
const LARGEST: u64 = 4 << 20;

pub(crate) fn compare(folder: &Path, lock: &Lock, tree: &Tree, inert: &[bool], config: &Config, ask: &Ask<'_>) -> Sync {
    let mut sync = Sync { verdict: Verdict::Sound, findings: Vec::new(), manifests: Vec::new() };
    if !lock.has_packages {
        return sync;
    }
    let clean = lock.broken.is_empty();
    for (at, located) in lock.entries.iter().enumerate() {
        // Only plain folders below the lockfile's are the workspace's own.
        let outside =
            Path::new(&located.path).components().any(|part| !matches!(part, std::path::Component::Normal(_)));
        if located.path.contains("node_modules") || located.entry.link || outside {
            continue;
        }
        let path = folder.join(&located.path).join("package.json");
        let text = match ask.look.text(&path, LARGEST) {
            Ok(text) => text,
            Err(why) => {
                sync.verdict.worsen(Verdict::Doubtful(format!("{} was not read: {why}", path.display())));
                continue;
            }
        };
        match serde_json::from_str::<Entry>(&text) {
            Ok(manifest) if clean => one(&mut sync, at, &path, &text, &manifest, lock, tree, config),
            Ok(_) => {}
            Err(error) => {
                sync.verdict.worsen(Verdict::Refused(format!("{} cannot be read: {error}", path.display())));
            }
        }
        sync.manifests.push((at, path, text));
    }
    if clean {
        for unanswered in &tree.unanswered {
            let entry = &lock.entries[unanswered.from as usize];
            // npm wants optional ones in the lockfile too, and does without optional peers only.
            let lenient = unanswered.peer && (unanswered.optional || config.legacy_peers);
            // The workspace's own were compared above.
            if lenient || !entry.path.contains("node_modules") || entry.entry.in_bundle {
                continue;
            }
            let sentence =
                format!("{} needs {}, which the lockfile does not have", super::name_of(entry), unanswered.name);
            sync.verdict.worsen(Verdict::Refused(sentence));
        }
        for (at, located) in lock.entries.iter().enumerate() {
            let entry = &located.entry;
            if !entry.optional && !inert[at] && !super::omitted(entry, config) && !tree::fits_platform(entry, config) {
                let sentence = format!("{} does not run on this machine, and is not optional", super::name_of(located));
                sync.verdict.worsen(Verdict::Refused(sentence));
            }
        }
    }
    sync
}

/// Compares one manifest with what the lockfile holds for it.
#[expect(clippy::too_many_arguments)]
fn one(
    sync: &mut Sync,
    at: usize,
    path: &Path,
    text: &str,
    manifest: &Entry,
    lock: &Lock,
    tree: &Tree,
    config: &Config,
) {
    let locked = &lock.entries[at].entry;
    let tables = [
        (&manifest.dependencies, &locked.dependencies),
        (&manifest.dev_dependencies, &locked.dev_dependencies),
        (&manifest.optional_dependencies, &locked.optional_dependencies),
        (&manifest.peer_dependencies, &locked.peer_dependencies),
    ];
    let named = super::manifest::named(text);
    let places = Places::new(text);
    for (table, (asked, was)) in tables.into_iter().enumerate() {
        for (name, range) in &asked.0 {
            if table == 3 && (config.legacy_peers || manifest.peer_dependencies_meta.0.contains(name)) {
                continue;
            }
            let to = tree.out[at]
                .iter()
                .map(|&edge| &lock.entries[tree.edges[edge as usize].to as usize])
                .find(|to| to.path.rsplit_once("node_modules/").is_some_and(|(_, folder)| folder == name));
            let unchanged = was.0.iter().any(|(known, before)| known == name && before == range);
            let held = match to {
                None => false,
                Some(_) if unchanged => true,
                Some(to) => {
                    let range = range
                        .strip_prefix("npm:")
                        .and_then(|alias| alias.rsplit_once('@'))
                        .map_or(range.as_str(), |(_, r)| r);
                    to.entry.version.as_deref().and_then(|version| super::satisfies(version, range)).unwrap_or(false)
                }
            };
            if held {
                continue;
            }
            let what = if to.is_some() { "has another version of" } else { "does not have" };
            if let Some(named) = named.iter().find(|named| named.key == *name) {
                sync.findings.push(Finding {
                    code: codes::UNLOCKED_DEPENDENCY.into(),
                    severity: Severity::Error,
                    message: format!(
                        "the lockfile {what} {name} {range}: without a network it cannot be added\nhint: run `npm install` while there is a connection"
                    ),
                    file: path.to_path_buf(),
                    range: places.range(named.span.clone()),
                    source: "holdover".into(),
                    data: None,
                });
            }
            sync.verdict.worsen(Verdict::Refused(format!("the lockfile {what} {name} {range}")));
        }
    }
}
