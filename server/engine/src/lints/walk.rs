//! Finds the files of a workspace that the lints read, within limits. A walk of its own beside the inventory's: what git ignores
//! is built or fetched, and nobody's to mend, while a lockfile counts wherever it lies.

use std::path::{Path, PathBuf};

/// More files than this are not read; the rest is told.
const MOST_FILES: usize = 20_000;
/// More entries than this are not looked at.
const MOST_ENTRIES: usize = 500_000;
/// Folders deeper than this are not looked into.
const DEEPEST: usize = 64;
/// Where others' files lie.
const SKIPPED: [&str; 8] =
    ["target", "node_modules", "vendor", "dist", "site-packages", "venv", "third_party", "__pycache__"];
/// Of the hidden folders, those that hold what a team writes.
const HIDDEN: [&str; 8] = [".github", ".gitea", ".forgejo", ".devcontainer", ".husky", ".ci", ".mvn", ".gitlab"];

/// The files, in order, and whether there may be more.
pub(super) fn files(root: &Path, exclude: &[String], cancelled: &dyn Fn() -> bool) -> Option<(Vec<PathBuf>, bool)> {
    let excluded: Vec<PathBuf> = exclude.iter().map(|folder| root.join(folder)).collect();
    let walk = ignore::WalkBuilder::new(root)
        .hidden(false)
        .follow_links(false)
        .max_depth(Some(DEEPEST))
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            if !is_folder || entry.depth() == 0 {
                return true;
            }
            let name = entry.file_name().to_str().unwrap_or_default();
            let skip = SKIPPED.contains(&name) || name.starts_with('.') && !HIDDEN.contains(&name);
            !skip && !excluded.iter().any(|folder| folder == entry.path())
        })
        .build();
    let mut found = Vec::new();
    for (at, entry) in walk.enumerate() {
        if at % 256 == 0 && cancelled() {
            return None;
        }
        if at >= MOST_ENTRIES || found.len() >= MOST_FILES {
            found.sort();
            return Some((found, true));
        }
        // What cannot be listed holds nothing that can be read.
        let Ok(entry) = entry else { continue };
        if entry.file_type().is_some_and(|kind| kind.is_file()) && checks::kind(below(root, entry.path())).is_some() {
            found.push(entry.into_path());
        }
    }
    found.sort();
    Some((found, false))
}

/// A path as the workspace sees it: what stands above its root says nothing about a file.
pub(super) fn below<'a>(root: &Path, file: &'a Path) -> &'a Path {
    file.strip_prefix(root).unwrap_or(file)
}
