//! Which linters a workspace uses, where, and with which programs. Reads names and the files that show it; runs nothing.

use checks::checker::{Checker, checkers};
use contract::Settings;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files that are looked at.
const MOST_FILES: usize = 100_000;
/// Folders that one linter is run in.
const MOST_FOLDERS: usize = 20;
/// A file that shows that a linter is used is read up to here, in bytes.
const LARGEST: u64 = 1 << 20;
/// Where others' files lie, or built ones.
const SKIPPED: [&str; 7] = [".git", ".jj", "node_modules", ".venv", "venv", "__pycache__", "target"];

/// The files of a workspace that git does not ignore, relative to it, in order; and whether there are more.
pub(super) struct Ground {
    pub files: Vec<PathBuf>,
    pub more: bool,
}

impl Ground {
    /// `None`: somebody said stop.
    pub fn look(root: &Path, exclude: &[String], stop: &dyn Fn() -> bool) -> Option<Self> {
        let excluded: Vec<PathBuf> = exclude.iter().map(|folder| root.join(folder)).collect();
        let walk = ignore::WalkBuilder::new(root)
            .hidden(false)
            .require_git(false)
            .follow_links(false)
            .filter_entry(move |entry| {
                let name = entry.file_name().to_str().unwrap_or_default();
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                let skipped = is_folder && entry.depth() > 0 && SKIPPED.contains(&name);
                !skipped && !excluded.iter().any(|folder| folder == entry.path())
            })
            .build();
        let mut ground = Self { files: Vec::new(), more: false };
        for (at, entry) in walk.flatten().enumerate() {
            if at % 256 == 0 && stop() {
                return None;
            }
            if ground.files.len() >= MOST_FILES {
                ground.more = true;
                break;
            }
            if entry.file_type().is_some_and(|kind| kind.is_file())
                && let Ok(below) = entry.path().strip_prefix(root)
            {
                ground.files.push(below.to_path_buf());
            }
        }
        ground.files.sort();
        Some(ground)
    }
}

/// A linter that a workspace uses.
#[derive(Clone)]
pub(super) struct Plan {
    pub checker: &'static Checker,
    /// Where it is run, relative to the workspace; at least one.
    pub folders: Vec<PathBuf>,
    /// The files that show it, one for each folder.
    pub marks: Vec<PathBuf>,
    /// `None`: it is not on this machine.
    pub program: Option<PathBuf>,
}

/// Those that are used, in the order of their definitions, but for those that are disabled.
pub(super) fn plans(root: &Path, settings: &Settings, ground: &Ground) -> Vec<Plan> {
    let disabled = settings.checks.disable.as_deref().unwrap_or_default();
    let enabled = checkers().iter().filter(|checker| !disabled.contains(&checker.id));
    enabled.filter_map(|checker| plan(root, checker, ground)).collect()
}

fn plan(root: &Path, checker: &'static Checker, ground: &Ground) -> Option<Plan> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    // Folders before what lies in them.
    let mut shallow: Vec<&PathBuf> = ground.files.iter().collect();
    shallow.sort_by_key(|file| file.components().count());
    for file in shallow {
        let (Some(name), Some(folder)) = (file.file_name().and_then(|name| name.to_str()), file.parent()) else {
            continue;
        };
        if folder.ancestors().any(|above| folders.contains(above)) || folders.len() >= MOST_FOLDERS {
            continue;
        }
        if checker.uses.iter().any(|mark| mark.file == name && shows(root, file, mark.has.as_deref())) {
            folders.insert(folder.to_path_buf());
            found.push((folder.to_path_buf(), file.clone()));
        }
    }
    if found.is_empty() {
        return None;
    }
    let (folders, marks) = found.into_iter().unzip();
    Some(Plan { checker, folders, marks, program: program(root, checker) })
}

fn shows(root: &Path, file: &Path, has: Option<&str>) -> bool {
    let Some(has) = has else { return true };
    let bytes = host::read_small(&root.join(file), LARGEST).unwrap_or_default();
    memchr::memmem::find(&bytes, has.as_bytes()).is_some()
}

/// The workspace's own before that of `PATH`. It is only run where the workspace is trusted.
fn program(root: &Path, checker: &Checker) -> Option<PathBuf> {
    if checker.component.as_ref().is_some_and(|component| host::find_program(component).is_none()) {
        return None;
    }
    let own = checker.local.iter().find_map(|folder| host::find_program(root.join(folder).join(&checker.program)));
    own.or_else(|| host::find_program(&checker.program))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn used(files: &[(&str, &str)]) -> Vec<(String, Vec<PathBuf>)> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = root.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let ground = Ground::look(root.path(), &[], &|| false).unwrap();
        let plans = plans(root.path(), &Settings::default(), &ground);
        plans.into_iter().map(|plan| (plan.checker.id.clone(), plan.folders)).collect()
    }

    #[test]
    fn a_linter_is_used_where_a_file_says_so_and_at_the_topmost_of_such_folders() {
        assert_eq!(used(&[("a.py", ""), ("pyproject.toml", "[project]\n")]), []);
        let ruff = |folder: &str| [("ruff".to_owned(), vec![PathBuf::from(folder)])];
        assert_eq!(used(&[("pyproject.toml", "[tool.ruff]\n"), ("sub/ruff.toml", "")]), ruff(""));
        assert_eq!(used(&[("sub/ruff.toml", "")]), ruff("sub"));
        assert_eq!(used(&[("node_modules/x/ruff.toml", "")]), []);
        assert_eq!(used(&[(".gitignore", "out\n"), ("out/ruff.toml", "")]), []);
        let cargo = used(&[("b/Cargo.toml", ""), ("a/Cargo.toml", ""), ("a/c/Cargo.toml", "")]);
        assert_eq!(cargo, [("clippy".to_owned(), vec![PathBuf::from("a"), PathBuf::from("b")])]);
    }

    #[test]
    fn what_is_disabled_is_not_used() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("ruff.toml"), "").unwrap();
        let ground = Ground::look(root.path(), &[], &|| false).unwrap();
        let mut settings = Settings::default();
        settings.checks.disable = Some(vec!["ruff".into()]);
        assert!(plans(root.path(), &settings, &ground).is_empty());
    }
}
