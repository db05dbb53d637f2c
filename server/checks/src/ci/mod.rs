//! The `run:` steps of GitHub's workflows: which of them need nothing but a shell and the files of the repository, and why the others do
//! not. Read as text; nothing is run, and what is not understood is not portable.

mod needs;

use crate::files::yaml::{self, Node};
use needs::Script;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Steps of one file that are read.
const MOST: usize = 200;
/// Characters of a title or an expression that are told.
const SHOWN: usize = 80;

/// One job of a workflow, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What it is called in the file.
    pub id: String,
    /// The jobs that come before it.
    pub needs: Vec<String>,
    /// What it runs, and what stands in the way of that.
    pub steps: Vec<Step>,
}

/// A step that runs something, or of which what follows it may need something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number in the job, from 1, as GitHub shows it.
    pub number: usize,
    /// Its name, or how it begins.
    pub title: String,
    /// How it is run, or why it is not.
    pub run: Result<Run, String>,
    /// Where it is not run: nothing behind it needs what it would do.
    pub beside: bool,
}

/// How a step is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// The shell and its script.
    pub command: Vec<String>,
    /// Where, relative to the repository.
    pub folder: PathBuf,
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// Minutes after which it is stopped.
    pub minutes: Option<u64>,
    /// The programs that the script calls, in order.
    pub programs: Vec<String>,
}

/// What surrounds a step.
#[derive(Clone, Default)]
struct Around {
    shell: Option<String>,
    folder: Option<String>,
    environment: BTreeMap<String, String>,
    /// Why none of the steps is run.
    why: Option<String>,
}

/// The jobs of a workflow.
///
/// # Errors
/// With why none of them is a check of the files: nothing is understood of it, or another thing starts it.
pub fn jobs(text: &str) -> Result<Vec<Job>, String> {
    let root = yaml::parse(text).ok_or("it is no YAML that is understood")?;
    let jobs = root.get("jobs").map_or(&[][..], Node::pairs);
    if jobs.is_empty() {
        return Err("it has no jobs that are understood".to_owned());
    }
    if !root.get("on").is_some_and(is_of_changes) {
        return Err("neither a push to a branch nor a pull request starts it".to_owned());
    }
    let mut around = Around::default();
    around.take(&root);
    let mut left = MOST;
    Ok(jobs
        .iter()
        .map(|(name, job)| read_job(text, name.text().unwrap_or_default(), job, &around, &mut left))
        .collect())
}

/// Whether changes of the files start it, and not a tag, a time or a person alone.
fn is_of_changes(on: &Node) -> bool {
    let of = |name: Option<&str>| matches!(name, Some("push" | "pull_request" | "merge_group"));
    let of_tags = |with: &Node| with.get("tags").is_some() && with.get("branches").is_none();
    of(on.text())
        || on.items().iter().any(|one| of(one.text()))
        || on.pairs().iter().any(|(name, with)| of(name.text()) && !of_tags(with))
}

fn read_job(text: &str, id: &str, job: &Node, above: &Around, left: &mut usize) -> Job {
    let needs = job.get("needs");
    let needs =
        needs.and_then(Node::text).into_iter().chain(needs.map_or(&[][..], Node::items).iter().filter_map(Node::text));
    let mut around = above.clone();
    around.why = around.why.or_else(|| unlike(job));
    around.take(job);
    let mut read = Job { id: id.to_owned(), needs: needs.map(str::to_owned).collect(), steps: Vec::new() };
    let steps = job.get("steps").map_or(&[][..], Node::items);
    if steps.is_empty() {
        let why = around.why.unwrap_or_else(|| "its steps are not understood".to_owned());
        read.steps.push(Step { number: 1, title: shown(id), run: Err(why), beside: false });
        return read;
    }
    // What a step that is not run would have done is missing behind it.
    let mut missing: Option<String> = None;
    for (at, step) in steps.iter().enumerate() {
        let Some(rest) = left.checked_sub(1) else {
            let why = format!("of more than {MOST} steps no more are read");
            read.steps.push(Step { number: at + 1, title: "…".to_owned(), run: Err(why), beside: false });
            break;
        };
        *left = rest;
        let title = title(step);
        let kind = kind(text, step, &around);
        let beside = matches!(kind, Kind::Beside(_));
        let run = match (kind, &around.why, &missing) {
            (Kind::Nothing, ..) => continue,
            (_, Some(why), _) => Err(why.clone()),
            (Kind::Run(run), _, None) => Ok(run),
            (Kind::Run(_), _, Some(before)) => Err(format!("what is not run before it may be needed: {before}")),
            (Kind::Beside(why), ..) => Err(why),
            (Kind::Not(why), ..) => {
                missing.get_or_insert_with(|| title.clone());
                Err(why)
            }
        };
        read.steps.push(Step { number: at + 1, title, run, beside });
    }
    read
}

/// What a step is.
enum Kind {
    /// It needs nothing.
    Run(Run),
    /// It sets up what is here, or is not.
    Nothing,
    /// It is not run, and nothing behind it minds.
    Beside(String),
    /// It is not run.
    Not(String),
}

fn kind(text: &str, step: &Node, around: &Around) -> Kind {
    let when = step.get("if").map(|when| condition(when.text().unwrap_or_default()));
    match when {
        Some(When::Never) => return Kind::Nothing,
        Some(When::Failed) => return Kind::Beside("it is for when something failed".to_owned()),
        Some(When::Else(why)) => return Kind::Not(format!("it is run under a condition alone: {why}")),
        Some(When::Always) | None => {}
    }
    if let Some(action) = step.get("uses").and_then(Node::text) {
        return match needs::of_action(action, step) {
            None => Kind::Nothing,
            Some(why) => Kind::Not(why),
        };
    }
    let Some(script) = step.get("run").and_then(Node::text).filter(|script| !script.trim().is_empty()) else {
        return Kind::Not("it is not understood".to_owned());
    };
    let mut own = around.clone();
    own.take_with(step, step);
    let piece = step.get("run").and_then(|run| run.piece(text));
    match needs::of_script(script, piece) {
        Script::SetsUp(what) => Kind::Beside(format!("it sets up a machine, and this one is as it is: {what}")),
        Script::Needs(why) => Kind::Not(why),
        Script::Plain(programs) => match own.run(script, step, programs) {
            Ok(run) => Kind::Run(run),
            Err(why) => Kind::Not(why),
        },
    }
}

impl Around {
    /// Takes up what a workflow or a job says for all in it.
    fn take(&mut self, node: &Node) {
        let empty = Node { span: 0..0, value: yaml::Value::Nothing };
        let defaults = node.get("defaults").and_then(|defaults| defaults.get("run"));
        self.take_with(node, defaults.unwrap_or(&empty));
    }

    fn take_with(&mut self, node: &Node, defaults: &Node) {
        let text = |name: &str| defaults.get(name).and_then(Node::text).map(str::to_owned);
        self.shell = text("shell").or(self.shell.take());
        self.folder = text("working-directory").or(self.folder.take());
        let Some(environment) = node.get("env") else { return };
        let mut why = None;
        for (name, value) in environment.pairs() {
            match (name.text(), value.text()) {
                (Some(name), Some(value)) if is_variable(name) && !value.contains('\0') => {
                    if let Some(needed) = needs::of_expression(value) {
                        why.get_or_insert_with(|| format!("its variable {name}: {needed}"));
                    }
                    self.environment.insert(name.to_owned(), value.to_owned());
                }
                _ => drop(why.get_or_insert_with(|| "its variables are not understood".to_owned())),
            }
        }
        if environment.pairs().is_empty() && !matches!(environment.value, yaml::Value::Map(_)) {
            why.get_or_insert_with(|| "its variables are not understood".to_owned());
        }
        self.why = self.why.take().or(why);
    }

    fn run(&self, script: &str, step: &Node, programs: Vec<String>) -> Result<Run, String> {
        if let Some(why) = &self.why {
            return Err(why.clone());
        }
        if step.get("continue-on-error").is_some_and(|on| on.text() != Some("false")) {
            return Err("whether it fails does not count".to_owned());
        }
        // As GitHub's runner calls them on Linux.
        let shell: &[&str] = match self.shell.as_deref() {
            None => &["bash", "-e", "-c"],
            Some("bash") => &["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"],
            Some("sh") => &["sh", "-e", "-c"],
            Some(other) => return Err(format!("its shell is another: {}", shown(other))),
        };
        let folder = Path::new(self.folder.as_deref().unwrap_or_default());
        if !folder.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(format!(
                "it runs in a folder that is none of the repository: {}",
                shown(&folder.to_string_lossy())
            ));
        }
        if let Some(needed) = self.folder.as_deref().and_then(needs::of_expression) {
            return Err(needed);
        }
        let mut environment = self.environment.clone();
        environment.entry("CI".to_owned()).or_insert_with(|| "true".to_owned());
        Ok(Run {
            command: shell.iter().map(|word| (*word).to_owned()).chain([script.to_owned()]).collect(),
            folder: folder.components().filter(|part| matches!(part, Component::Normal(_))).collect(),
            environment,
            minutes: step.get("timeout-minutes").and_then(Node::text).and_then(|minutes| minutes.parse().ok()),
            programs,
        })
    }
}

fn is_variable(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_word) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// Why nothing of a job is run here.
fn unlike(job: &Node) -> Option<String> {
    if job.get("uses").is_some() {
        return Some("it is another workflow, which is not read".to_owned());
    }
    for (key, why) in [
        ("strategy", "it is run once for each of a matrix"),
        ("container", "it is run in a container"),
        ("services", "it needs services beside it"),
        ("environment", "it is for an environment of GitHub's"),
    ] {
        if job.get(key).is_some() {
            return Some(why.to_owned());
        }
    }
    let on = job.get("runs-on");
    let labels: Vec<&str> = on
        .and_then(Node::text)
        .into_iter()
        .chain(on.map_or(&[][..], Node::items).iter().filter_map(Node::text))
        .collect();
    if labels.is_empty() || !labels.iter().all(|label| label.starts_with("ubuntu-")) {
        return Some(format!("it does not run on GitHub's Linux: {}", shown(&labels.join(", "))));
    }
    if job.get("continue-on-error").is_some_and(|on| on.text() != Some("false")) {
        return Some("whether it fails does not count".to_owned());
    }
    match job.get("if").map(|when| condition(when.text().unwrap_or_default())) {
        None | Some(When::Always) => None,
        Some(When::Never) => Some("it is never run".to_owned()),
        Some(When::Failed) => Some("it is for when something failed".to_owned()),
        Some(When::Else(why)) => Some(format!("it is run under a condition alone: {why}")),
    }
}

/// What an `if:` comes to without GitHub.
enum When {
    Always,
    Never,
    Failed,
    Else(String),
}

fn condition(when: &str) -> When {
    let inner = when.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(when).trim();
    match inner {
        "true" | "always()" | "success()" | "!cancelled()" => When::Always,
        "false" => When::Never,
        "failure()" | "cancelled()" => When::Failed,
        other => When::Else(shown(other)),
    }
}

/// A step's name, or how it begins.
fn title(step: &Node) -> String {
    let text = |key: &str| step.get(key).and_then(Node::text);
    let begins = || {
        text("run").and_then(|run| run.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')))
    };
    shown(text("name").or_else(|| text("uses")).or_else(begins).unwrap_or("a step"))
}

/// On one line, with nothing that a terminal takes for a command, and not without an end.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut kept: String = line.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if kept.len() < line.len() && line.chars().count() > SHOWN {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests;
