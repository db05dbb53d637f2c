//! Which linters a workspace uses, where, and with which programs. Reads names and the files that show it; runs nothing.

use super::compiled::{self, Unit};
use super::steps::{self, Step};
use checks::checker::{Checker, checkers};
use contract::{CheckCommand, Settings};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files that are looked at.
const MOST_FILES: usize = 100_000;
/// Folders that one linter is run in.
const MOST_FOLDERS: usize = 20;
/// Commands of the settings that are run.
const MOST_COMMANDS: usize = 50;
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
    pub checker: Arc<Checker>,
    /// Where it is run, relative to the workspace; at least one.
    pub folders: Vec<PathBuf>,
    /// The files that show it, one for each folder.
    pub marks: Vec<PathBuf>,
    /// The files that it reads, relative to the workspace.
    pub files: Vec<PathBuf>,
    /// What a compiler is run on, by folder.
    pub units: Vec<Vec<Unit>>,
    /// `None`: it is not on this machine.
    pub program: Option<PathBuf>,
    /// Where it builds or tests: run where somebody asks for it, and not by itself.
    pub step: Option<Arc<Step>>,
}

/// Those that are used, in the order of their definitions, but for those that are disabled or that say nothing new; then the commands of the
/// settings, and its steps.
pub(super) fn plans(root: &Path, settings: &Settings, ground: &Ground) -> Vec<Plan> {
    let disabled = settings.checks.disable.as_deref().unwrap_or_default();
    let enabled = |id: &String| !disabled.contains(id);
    let added = commands(settings);
    let named = |id: &String| added.iter().find(|(name, _)| *name == id).map(|(_, of)| of);
    // What nothing shows is run at the root, and told at the settings.
    let settings_file =
        || ground.files.iter().find(|file| *file == Path::new("holdover.toml")).or(ground.files.first());
    let whole = |checker: &Arc<Checker>| made(root, checker, vec![(PathBuf::new(), settings_file()?.clone())], ground);
    let mut all: Vec<Plan> = Vec::new();
    for checker in checkers().iter().filter(|checker| enabled(&checker.id)) {
        match named(&checker.id) {
            // What the settings call so stands in for it.
            Some(Ok(Some(_)) | Err(_)) => {}
            Some(Ok(None)) => all.extend(plan(root, checker, ground).or_else(|| whole(checker))),
            None => all.extend(plan(root, checker, ground)),
        }
    }
    all.extend(added.iter().filter(|(name, _)| enabled(name)).filter_map(|(_, of)| whole(of.as_ref().ok()?.as_ref()?)));
    // Whoever leaves the one out wants the lesser one no more, unless it is named.
    let says_more =
        |id: &String| !enabled(id) || all.iter().any(|plan| plan.checker.id == *id && plan.program.is_some());
    let is_new = |plan: &&Plan| {
        let checker = &plan.checker;
        named(&checker.id).is_some() || !checker.gives_way_to.iter().any(says_more)
    };
    let mut used: Vec<Plan> = all.iter().filter(is_new).cloned().collect();
    for (_, step) in steps::steps(root, settings).into_iter().filter(|(name, _)| enabled(name)) {
        let mark = settings_file().cloned().unwrap_or_else(|| PathBuf::from(host::WORKSPACE_FILE));
        used.extend(step.ok().map(|step| steps::plan(root, &step, mark, ground)));
    }
    used
}

/// The commands of the settings by name: a check, one of ours, or why it is none.
type Added<'a> = (&'a String, Result<Option<Arc<Checker>>, String>);

fn commands(settings: &Settings) -> Vec<Added<'_>> {
    let of = |(name, told): (&'_ String, &CheckCommand)| {
        if told.command.is_empty() && checkers().iter().any(|checker| checker.id == *name) {
            return Ok(None);
        }
        Checker::of_command(name, told).map(|checker| Some(Arc::new(checker)))
    };
    settings.checks.commands.iter().flatten().take(MOST_COMMANDS).map(|(name, told)| (name, of((name, told)))).collect()
}

/// Commands and steps of the settings that cannot be checks, and why.
pub(super) fn broken(root: &Path, settings: &Settings) -> Vec<(String, String)> {
    let steps = steps::steps(root, settings).into_iter().filter_map(|(name, of)| Some((name, of.err()?)));
    commands(settings).into_iter().filter_map(|(name, of)| Some((name.clone(), of.err()?))).chain(steps).collect()
}

fn plan(root: &Path, checker: &Arc<Checker>, ground: &Ground) -> Option<Plan> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    // Folders before what lies in them.
    let mut shallow: Vec<&PathBuf> = ground.files.iter().collect();
    shallow.sort_by_key(|file| file.components().count());
    for file in shallow {
        let marked = |file: &PathBuf| {
            checker.uses.iter().find_map(|mark| {
                let folder = above(file, &mark.file)?;
                shows(root, file, mark.has.as_deref()).then(|| folder.to_path_buf())
            })
        };
        let Some(folder) = marked(file) else { continue };
        if folder.ancestors().any(|above| folders.contains(above)) || folders.len() >= MOST_FOLDERS {
            continue;
        }
        folders.insert(folder.clone());
        found.push((folder, file.clone()));
    }
    made(root, checker, found, ground)
}

/// A plan for these folders, each with the file that shows it; `None` where there is nothing to look at.
fn made(root: &Path, checker: &Arc<Checker>, found: Vec<(PathBuf, PathBuf)>, ground: &Ground) -> Option<Plan> {
    if found.is_empty() {
        return None;
    }
    let (folders, marks): (Vec<PathBuf>, Vec<PathBuf>) = found.into_iter().unzip();
    let files: Vec<PathBuf> = ground.files.iter().filter(|file| checker.reads(file)).cloned().collect();
    let read = |mark: &PathBuf| checker.compiled.as_ref().map_or_else(Vec::new, |of| compiled::units(root, mark, of));
    let units: Vec<Vec<Unit>> = marks.iter().map(read).collect();
    if checker.compiled.is_some() && units.iter().all(Vec::is_empty) {
        return None;
    }
    let program = program(root, checker, &folders);
    Some(Plan { checker: Arc::clone(checker), folders, marks, files, units, program, step: None })
}

/// The folder in which a file would be called so, by its name or the end of its path.
fn above<'a>(file: &'a Path, mark: &str) -> Option<&'a Path> {
    if !file.ends_with(mark) {
        return None;
    }
    file.ancestors().nth(Path::new(mark).components().count())
}

fn shows(root: &Path, file: &Path, has: Option<&str>) -> bool {
    let Some(has) = has else { return true };
    let bytes = host::read_small(&root.join(file), LARGEST).unwrap_or_default();
    memchr::memmem::find(&bytes, has.as_bytes()).is_some()
}

/// The project's own before that of `PATH`. It is only run where the workspace is trusted.
fn program(root: &Path, checker: &Checker, folders: &[PathBuf]) -> Option<PathBuf> {
    if checker.component.as_ref().is_some_and(|component| host::find_program(component).is_none()) {
        return None;
    }
    let near = folders.iter().flat_map(|folder| folder.ancestors());
    let own = near.flat_map(|folder| checker.local.iter().map(move |local| root.join(folder).join(local)));
    let own = own.map(|folder| folder.join(&checker.program)).find_map(host::find_program);
    // A command of the settings may name a program of the workspace.
    if checker.program.contains('/') {
        return host::find_program(root.join(&checker.program));
    }
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
