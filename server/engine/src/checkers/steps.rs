//! What builds and tests a workspace, as its settings say: steps in their order, each a check that is run where somebody asks for it.
//! Runs nothing.

use super::plan::{Ground, Plan};
use super::workflows;
use checks::checker::{Checker, Inputs};
use contract::{CheckStep, Settings};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Steps of the settings that are run.
const MOST: usize = 50;

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    pub checker: Arc<Checker>,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it runs, relative to the workspace.
    pub folder: PathBuf,
    /// Steps before it without which it is not run.
    pub needs: Vec<Arc<Step>>,
    pub limit: Duration,
    /// The workflow that it is of, relative to the workspace; `None`: the settings name it.
    pub workflow: Option<PathBuf>,
}

impl Step {
    /// Whether it depends on a file, itself or through what it needs.
    pub fn reads(&self, file: &Path) -> bool {
        self.checker.inputs == Inputs::All || self.checker.reads(file) || self.needs.iter().any(|step| step.reads(file))
    }

    /// The first of steps that failed behind which it is not run: any of the settings, and of workflows those that it needs.
    pub fn stopped_by(&self, failed: &[Arc<Self>]) -> Option<String> {
        let needs = self.all_needs();
        let stops = |one: &&Arc<Self>| one.workflow.is_none() || needs.contains(&one.checker.id);
        failed.iter().find(stops).map(|one| one.checker.id.clone())
    }

    /// The names of all that has to come before it.
    pub fn all_needs(&self) -> Vec<String> {
        let of =
            |step: &Arc<Self>| std::iter::once(step.checker.id.clone()).chain(step.all_needs()).collect::<Vec<_>>();
        self.needs.iter().flat_map(of).collect()
    }
}

/// By name: a step, or why it is none.
pub(super) type Told = (String, Result<Arc<Step>, String>);

/// The steps of a workspace, in their order: those of the settings, and where these say so those of its workflows.
pub(super) fn steps(root: &Path, settings: &Settings) -> Vec<Told> {
    let mut all = of_settings(settings);
    let of_workflows = workflows::read(root, settings, &all).steps;
    all.extend(of_workflows);
    all
}

/// What of a workspace's workflows is not run, and why.
pub(super) fn left_out(root: &Path, settings: &Settings) -> Vec<String> {
    workflows::read(root, settings, &of_settings(settings)).left_out
}

/// The steps of the settings, in their order. Without any, what builds and what tests are two.
fn of_settings(settings: &Settings) -> Vec<Told> {
    let plain = |name: &str, command: &Option<Vec<String>>| {
        let command = command.clone().filter(|command| !command.is_empty())?;
        Some(CheckStep { name: name.to_owned(), command, ..CheckStep::default() })
    };
    let checks = &settings.checks;
    let told: Vec<CheckStep> = match &checks.steps {
        Some(steps) => steps.iter().take(MOST).cloned().collect(),
        None => plain("build", &checks.build).into_iter().chain(plain("test", &checks.test)).collect(),
    };
    let mut all: Vec<Told> = Vec::new();
    for one in told {
        let step = step(settings, &one, &all);
        all.push((one.name, step));
    }
    all
}

fn step(settings: &Settings, told: &CheckStep, before: &[Told]) -> Result<Arc<Step>, String> {
    let name = &told.name;
    let taken = settings.checks.commands.as_ref().is_some_and(|commands| commands.contains_key(name));
    if taken || before.iter().any(|(known, _)| known == name) {
        return Err(format!("two checks have this name: {name}\nhint: call one of them otherwise"));
    }
    let checker = Checker::of_step(told)?;
    let need = |wanted: &String| {
        let known = before.iter().find(|(name, _)| name == wanted);
        known.and_then(|(_, step)| step.as_ref().ok()).cloned().ok_or_else(|| {
            format!(
                "the step {name} needs one that does not come before it: {wanted}\nhint: put that one first, or mend it"
            )
        })
    };
    let needs = told.needs.iter().map(need).collect::<Result<Vec<_>, _>>()?;
    made(settings, told, checker, needs).map(Arc::new)
}

/// A step, of what is said of it.
pub(super) fn made(
    settings: &Settings,
    told: &CheckStep,
    checker: Checker,
    needs: Vec<Arc<Step>>,
) -> Result<Step, String> {
    let folder = told.folder.clone().unwrap_or_default();
    if !folder.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!(
            "the step {} runs in a folder that is none of the workspace: {}\nhint: name one relative to the workspace",
            told.name,
            folder.display()
        ));
    }
    let seconds = told.timeout_seconds.unwrap_or_else(|| crate::prove::limit(settings)).max(1);
    Ok(Step {
        checker: Arc::new(checker),
        command: told.command.clone(),
        folder: folder.components().filter(|part| matches!(part, Component::Normal(_))).collect(),
        needs,
        limit: Duration::from_secs(seconds),
        workflow: None,
    })
}

/// The plan of a step; `mark`: the file that is told of where it fails, for a step of the settings.
pub(super) fn plan(root: &Path, step: &Arc<Step>, mark: PathBuf, ground: &Ground) -> Plan {
    let mark = step.workflow.clone().unwrap_or(mark);
    let program = &step.checker.program;
    // A program of the workspace is named with its folder.
    let found = if program.contains('/') {
        host::find_program(root.join(&step.folder).join(program)).or_else(|| host::find_program(root.join(program)))
    } else {
        host::find_program(program)
    };
    Plan {
        checker: Arc::clone(&step.checker),
        folders: vec![step.folder.clone()],
        marks: vec![mark],
        files: ground.files.iter().filter(|file| step.reads(file)).cloned().collect(),
        units: Vec::new(),
        program: found,
        step: Some(Arc::clone(step)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn told(name: &str) -> CheckStep {
        CheckStep { name: name.into(), command: vec!["make".into()], ..CheckStep::default() }
    }

    fn read(all: Vec<CheckStep>) -> Vec<Told> {
        let mut settings = Settings::default();
        settings.checks.steps = Some(all);
        of_settings(&settings)
    }

    #[test]
    fn without_steps_build_and_test_are_two() {
        let mut settings = Settings::default();
        assert!(of_settings(&settings).is_empty());
        settings.checks.test = Some(vec!["make".into(), "test".into()]);
        settings.checks.build = Some(vec!["make".into()]);
        let names: Vec<String> =
            of_settings(&settings).into_iter().map(|(name, step)| step.map(|_| name).unwrap()).collect();
        assert_eq!(names, ["build", "test"]);
        settings.checks.steps = Some(vec![told("all")]);
        assert_eq!(of_settings(&settings).len(), 1);
    }

    #[test]
    fn a_step_needs_what_comes_before_it_and_depends_on_what_that_reads() {
        let inputs = |files: &[&str]| files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>();
        let all = read(vec![
            CheckStep { inputs: inputs(&["src/**"]), ..told("build") },
            CheckStep { inputs: inputs(&["docs/**"]), needs: vec!["build".into()], ..told("docs") },
            CheckStep { inputs: inputs(&["*.md"]), needs: vec!["docs".into()], ..told("site") },
        ]);
        let step = |at: usize| all[at].1.as_ref().unwrap();
        let reads = |at: usize, file: &str| step(at).reads(Path::new(file));
        assert!(reads(0, "src/a/b.c") && !reads(0, "docs/a.md"));
        assert!(reads(1, "src/a.c") && reads(1, "docs/a.txt") && !reads(1, "a.md"));
        assert!(reads(2, "a.md") && reads(2, "src/a.c"));
        assert_eq!(step(2).all_needs(), ["docs", "build"]);
    }

    #[test]
    fn what_cannot_be_run_says_why() {
        for (all, why) in [
            (vec![told("Build")], "cannot have this name"),
            (vec![told("clippy")], "has this name already"),
            (vec![told("a"), told("a")], "two checks have this name"),
            (vec![CheckStep { needs: vec!["b".into()], ..told("a") }, told("b")], "does not come before it"),
            (vec![CheckStep { needs: vec!["a".into()], ..told("a") }], "does not come before it"),
            (vec![CheckStep { folder: Some("../x".into()), ..told("a") }], "none of the workspace"),
            (vec![CheckStep { folder: Some("/x".into()), ..told("a") }], "none of the workspace"),
            (vec![CheckStep { command: vec![], ..told("a") }], "has no command"),
        ] {
            let said = read(all).into_iter().find_map(|(_, step)| step.err()).unwrap();
            assert!(said.contains(why) && said.contains("\nhint: "), "{said}");
        }
    }
}
