//! The `run:` steps of GitHub's workflows as steps of ours, behind those of the settings, where the settings ask for it. A job's steps come
//! one behind the other and behind the jobs that it needs; a step that needs more than a shell and the files is left out, and why is said.
//! Runs nothing.

use super::steps::{Step, Told, made};
use checks::checker::{Checker, checker};
use checks::ci::{self, Job};
use contract::{CheckStep, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where workflows lie.
const FOLDER: &str = ".github/workflows";
/// Files of that folder with which any is read, and bytes of one.
const MOST: usize = 200;
const LARGEST: u64 = 512 << 10;
/// Characters of a step's name.
const LONGEST: usize = 40;

/// The steps of workflows.
#[derive(Default)]
pub(super) struct Workflows {
    /// Those that are run, in their order.
    pub steps: Vec<Told>,
    /// What is left out, and why.
    pub left_out: Vec<String>,
}

/// Reads the workflows of a workspace, if its settings say so. `before`: the steps of the settings.
pub(super) fn read(root: &Path, settings: &Settings, before: &[Told]) -> Workflows {
    let mut all = Workflows::default();
    if settings.checks.workflows != Some(true) {
        return all;
    }
    let Some(files) = files(root) else {
        all.left_out.push(format!("{FOLDER}: of more than {MOST} files none is read"));
        return all;
    };
    for file in files {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = host::read_small(&root.join(&file), LARGEST).map_err(|e| e.to_string());
        let text = text.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned()));
        match text.and_then(|text| ci::jobs(&text)) {
            Ok(jobs) => of_file(&mut all, settings, before, &file, &name, jobs),
            Err(why) => all.left_out.push(format!("{name}: {why}")),
        }
    }
    all
}

/// Those of a workspace; `None`: there are too many, and trust is bound to no more.
fn files(root: &Path) -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten();
    // A link may lead anywhere.
    let is_workflow = |entry: &std::fs::DirEntry| {
        let ends = |end: &str| entry.path().extension().is_some_and(|extension| extension == end);
        (ends("yml") || ends("yaml")) && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    let entries: Vec<std::fs::DirEntry> = entries.take(MOST + 1).collect();
    if entries.len() > MOST {
        return None;
    }
    let mut files: Vec<PathBuf> = entries
        .iter()
        .filter(|entry| is_workflow(entry))
        .map(|entry| Path::new(FOLDER).join(entry.file_name()))
        .collect();
    files.sort();
    Some(files)
}

fn of_file(all: &mut Workflows, settings: &Settings, before: &[Told], file: &Path, name: &str, jobs: Vec<Job>) {
    let stem = slug(&file.file_stem().unwrap_or_default().to_string_lossy());
    // By job: the steps that have to pass before what needs it.
    let mut ends: BTreeMap<String, Vec<Arc<Step>>> = BTreeMap::new();
    let mut lacking: Vec<String> = Vec::new();
    let (jobs, circle) = in_order(jobs);
    for id in circle {
        all.left_out.push(format!("{name}, job {id}: what it needs needs it, or is no job"));
    }
    for job in jobs {
        let left = |number: usize, title: &str, why: &str| {
            format!("{name}, job {}, step {number} ({title}): {why}", crate::notes::shown_plain(&job.id))
        };
        let mut needs: Vec<Arc<Step>> = job.needs.iter().filter_map(|job| ends.get(job)).flatten().cloned().collect();
        let not_run = job.needs.iter().find(|job| lacking.contains(job));
        let mut is_whole = true;
        for one in &job.steps {
            let run = match (&one.run, not_run) {
                (Ok(run), None) => run,
                (Ok(_), Some(before)) => {
                    is_whole = false;
                    let why = format!("its job needs {before}, of which not all is run");
                    all.left_out.push(left(one.number, &one.title, &why));
                    continue;
                }
                (Err(why), _) => {
                    is_whole &= one.beside;
                    all.left_out.push(left(one.number, &one.title, why));
                    continue;
                }
            };
            let commands = settings.checks.commands.as_ref();
            let taken = |id: &str| {
                let mut known = before.iter().chain(&all.steps).map(|(known, _)| &**known);
                known.any(|known| known == id)
                    || checker(id).is_some()
                    || commands.is_some_and(|commands| commands.contains_key(id))
            };
            let told = CheckStep {
                name: named(&stem, &slug(&job.id), &slug(&one.title), one.number, &taken),
                command: run.command.clone(),
                folder: Some(run.folder.clone()),
                environment: run.environment.clone(),
                timeout_seconds: run.minutes.map(|minutes| minutes.saturating_mul(60)),
                ..CheckStep::default()
            };
            let made = Checker::of_step(&told).and_then(|mut checker| {
                checker.calls(&run.programs);
                checker.title.clone_from(&one.title);
                let step = made(settings, &told, checker, needs.clone())?;
                Ok(Arc::new(Step { workflow: Some(file.to_path_buf()), ..step }))
            });
            if let Ok(step) = &made {
                needs = vec![Arc::clone(step)];
            } else {
                is_whole = false;
            }
            all.steps.push((told.name, made));
        }
        if !is_whole {
            lacking.push(job.id.clone());
        }
        ends.insert(job.id, needs);
    }
}

/// Jobs behind those that they need, and the names of those for which there is no such place.
fn in_order(mut jobs: Vec<Job>) -> (Vec<Job>, Vec<String>) {
    let mut done: Vec<Job> = Vec::new();
    while let Some(at) = jobs.iter().position(|job| job.needs.iter().all(|need| done.iter().any(|one| one.id == *need)))
    {
        done.push(jobs.remove(at));
    }
    (done, jobs.into_iter().map(|job| crate::notes::shown_plain(&job.id)).collect())
}

/// What a step is called in commands: by its workflow, its job and itself, and by its number where that is too long or taken.
fn named(stem: &str, job: &str, title: &str, number: usize, taken: &dyn Fn(&str) -> bool) -> String {
    let fits = |name: &String| name.len() <= LONGEST && !taken(name);
    let whole = |words: &[&str]| words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join("-");
    let short =
        |word: &str, most: usize| word.get(..most.min(word.len())).unwrap_or_default().trim_end_matches('-').to_owned();
    let by_number = |more: usize| {
        let end = if more == 0 { number.to_string() } else { format!("{number}-{more}") };
        whole(&[&short(stem, 16), &short(job, 16), &end])
    };
    let mut plain = [whole(&[stem, job, title])].into_iter().chain((0..).map(by_number));
    plain.find(fits).unwrap_or_default()
}

/// Small letters, digits and `-`.
fn slug(text: &str) -> String {
    let mut kept = String::new();
    for c in text.chars().take(200) {
        if c.is_ascii_alphanumeric() {
            kept.push(c.to_ascii_lowercase());
        } else if !kept.is_empty() && !kept.ends_with('-') {
            kept.push('-');
        }
    }
    kept.trim_end_matches('-').to_owned()
}
