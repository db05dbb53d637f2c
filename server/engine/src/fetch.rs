//! Bringing here what is missing: the ecosystem's own tool, under a lease, with progress, cancel and journal entries.

use crate::arriving::Arriving;
use crate::fetch_job::{Ending, FetchJob, is_network};
use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{ArtifactState, FetchOutcome, FetchStep, JobState, MirrorState, PreflightReport, Progress};
use host::{Cancel, Command, Ended, Group, Output, Permit};
use journal::{Lease, Tool};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Seconds for one tool when the settings say nothing.
const LIMIT_SECONDS: u64 = 1800;
/// What a job is called that gets everything.
pub(crate) const EVERYTHING: &str = "get everything that is missing";
/// How much of a tool's last words goes into a message.
const LAST_WORDS: usize = 1500;

impl Engine {
    /// Brings here the artifacts with these ids, or everything that is missing or damaged. Blocks until it is done.
    /// `dry_run` only says what would be run. The report is made afterwards, and says in `fetch` what was done.
    pub fn fetch(
        &self,
        root: &Path,
        wanted: Option<&[String]>,
        dry_run: bool,
        cancel: &Cancel,
        progress: &dyn Fn(Progress),
    ) -> Result<PreflightReport, EngineError> {
        self.fetch_as(root, wanted, dry_run, false, cancel, progress)
    }

    /// The same for what somebody asked for before, and nobody now.
    pub(crate) fn fetch_again(
        &self,
        root: &Path,
        wanted: Option<&[String]>,
        cancel: &Cancel,
    ) -> Result<PreflightReport, EngineError> {
        self.fetch_as(root, wanted, false, true, cancel, &|_| {})
    }

    fn fetch_as(
        &self,
        root: &Path,
        wanted: Option<&[String]>,
        dry_run: bool,
        by_itself: bool,
        cancel: &Cancel,
        progress: &dyn Fn(Progress),
    ) -> Result<PreflightReport, EngineError> {
        let inner = &self.inner;
        let workspace = inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        workspace.survey_now(inner, cancel);
        if !workspace.looks() {
            return Err(EngineError::Disabled);
        }
        let survey = workspace.survey().ok_or(EngineError::Cancelled)?;
        let mut steps = inventory::plan_fetch(&survey, wanted);
        let before = lacking(&survey);
        if dry_run || steps.is_empty() {
            let state = if dry_run { JobState::Queued } else { JobState::Done };
            let outcome = FetchOutcome { state, steps, fetched: Vec::new() };
            return Ok(PreflightReport {
                fetch: Some(outcome),
                ..workspace.report(false).ok_or(EngineError::Cancelled)?
            });
        }
        let trust = workspace.trust();
        if !trust.allows() {
            return Err(EngineError::Untrusted { root: root.to_path_buf(), changed: trust == host::Trust::Changed });
        }
        let permit = inner.gate.permit()?;
        let lease = crate::turn::take(inner, "fetch", root)?;
        let asked: Vec<&String> = steps.iter().flat_map(|step| &step.artifacts).collect();
        if by_itself {
            crate::record::work(inner, root, "fetch.retried", json!({ "artifacts": asked }));
        } else {
            crate::record::decision(inner, Some(root), "fetch.asked", json!({ "artifacts": asked }));
        }
        let _running = workspace.running.begin(cancel, &workspace.cancel);
        let names: Vec<String> = steps.iter().map(name_of).collect();
        let job = FetchJob::begin(inner, root, lease.as_ref(), &title_of(wanted), &names);

        let total = asked.len() as u64;
        let mut done = 0;
        let mut cancelled = false;
        for step in &mut steps {
            if cancel.is_cancelled() {
                cancelled = true;
                break;
            }
            let ended = run_step(
                (&workspace, &inner.folders.data, &survey),
                step,
                &permit,
                lease.as_ref(),
                cancel,
                &mut |message, came| {
                    let done = (done + came).min(total);
                    progress(Progress { title: "Getting what is missing".into(), message, done, total });
                },
            );
            cancelled |= ended == Some(Ended::Cancelled);
            done += step.artifacts.len() as u64;
            if step.ok == Some(true) {
                job.step_done(&name_of(step));
            }
        }

        workspace.survey_now(inner, &Cancel::new());
        let survey = workspace.survey().ok_or(EngineError::Cancelled)?;
        let after = lacking(&survey);
        let fetched: Vec<String> = before.difference(&after).cloned().collect();
        let state = if cancelled {
            JobState::Cancelled
        } else if steps.iter().all(|step| step.ok == Some(true))
            && steps.iter().flat_map(|s| &s.artifacts).all(|a| !after.contains(a))
        {
            JobState::Done
        } else {
            JobState::Failed
        };
        if state == JobState::Failed && workspace.loaded().settings.mirrors.ask.unwrap_or(true) {
            explain(inner, &workspace, &mut steps, cancel);
        }
        let errors: Vec<&String> = steps.iter().filter_map(|step| step.error.as_ref()).collect();
        job.end(Ending {
            state,
            error: errors.first().map(|e| e.as_str()),
            may_pass: state == JobState::Failed && errors.iter().any(|error| is_network(error)),
            payload: json!({ "fetched": fetched, "left": after, "errors": errors }),
        });
        // Held until the result is stored: whoever comes later finds it.
        drop(lease);
        let outcome = FetchOutcome { state, steps, fetched };
        Ok(PreflightReport { fetch: Some(outcome), ..workspace.report(false).ok_or(EngineError::Cancelled)? })
    }
}

/// Says of steps that failed what their registries answer, where that is not what they should.
fn explain(inner: &Inner, workspace: &Workspace, steps: &mut [FetchStep], cancel: &Cancel) {
    if let Err(e) = crate::mirrors::ask(inner, workspace, cancel) {
        tracing::info!("{e}");
        return;
    }
    let mirrors = crate::mirrors::known(inner, workspace, None);
    for step in steps.iter_mut().filter(|step| step.ok == Some(false)) {
        let Some(error) = &mut step.error else { continue };
        for mirror in mirrors.iter().filter(|mirror| mirror.ecosystem == step.ecosystem) {
            if !matches!(mirror.state, MirrorState::Reachable | MirrorState::Unknown | MirrorState::Slow) {
                for part in ["\nhint: ", &mirror.url, " ", &mirror.text] {
                    error.push_str(part);
                }
            }
        }
    }
}

/// What a step is called among the parts of a job.
fn name_of(step: &FetchStep) -> String {
    format!("{} {}", step.ecosystem, step.lockfile.display())
}

/// What was meant, in the same words each time the same is meant.
fn title_of(wanted: Option<&[String]>) -> String {
    match wanted {
        None => EVERYTHING.to_owned(),
        Some([one]) => format!("get {one}"),
        Some(several) => format!(
            "get {} and {} more",
            several.first().map_or("nothing", String::as_str),
            several.len().saturating_sub(1)
        ),
    }
}

fn lacking(survey: &inventory::Survey) -> BTreeSet<String> {
    survey
        .absent()
        .filter(|a| matches!(a.state, ArtifactState::Missing | ArtifactState::Corrupt | ArtifactState::Stale))
        .map(|a| a.id.clone())
        .collect()
}

/// Where a step runs, and the damaged files that were moved out of its way.
struct Place {
    folder: PathBuf,
    /// Gone when the step is over.
    staged: Option<tempfile::TempDir>,
    set_aside: Vec<(PathBuf, PathBuf)>,
}

impl Place {
    /// `data`: the data folder.
    fn prepare(step: &FetchStep, data: &Path) -> Result<Self, String> {
        let failed = |what: &str, path: &Path, e: std::io::Error| format!("{what}: {}: {e}", path.display());
        let mut staged = None;
        if !step.stage.is_empty() {
            let folder = crate::copy::folder(data, "fetch-");
            let folder = folder.map_err(|e| failed("no folder to work in could be made", data, e))?;
            for name in &step.stage {
                let (from, to) = (step.folder.join(name), folder.path().join(name));
                if let Some(parent) = to.parent() {
                    std::fs::create_dir_all(parent).map_err(|e| failed("a folder could not be made", parent, e))?;
                }
                std::fs::copy(&from, &to).map_err(|e| failed("this file could not be copied", &from, e))?;
            }
            staged = Some(folder);
        }
        let mut place = Self { folder: step.folder.clone(), staged, set_aside: Vec::new() };
        for file in &step.set_aside {
            let mut aside = file.clone().into_os_string();
            aside.push(".holdover-damaged");
            let aside = PathBuf::from(aside);
            if let Err(e) = std::fs::rename(file, &aside) {
                place.put_back();
                return Err(failed("this damaged file could not be set aside", file, e));
            }
            place.set_aside.push((file.clone(), aside));
        }
        Ok(place)
    }

    fn folder(&self) -> &Path {
        self.staged.as_ref().map_or(&self.folder, tempfile::TempDir::path)
    }

    /// After a failure: what was set aside comes back, unless something stands in its place by now.
    fn put_back(&self) {
        for (file, aside) in &self.set_aside {
            if !file.exists()
                && let Err(e) = std::fs::rename(aside, file)
            {
                tracing::warn!("a damaged file stays at {}: {e}", aside.display());
            }
        }
    }
}

fn run_step(
    (workspace, data, survey): (&Workspace, &Path, &inventory::Survey),
    step: &mut FetchStep,
    permit: &Permit,
    lease: Option<&Lease>,
    cancel: &Cancel,
    report: &mut dyn FnMut(String, u64),
) -> Option<Ended> {
    let settings = workspace.loaded().settings.fetch.clone();
    let limit = Duration::from_secs(settings.timeout_seconds.unwrap_or(LIMIT_SECONDS));
    let (program, arguments) = step.command.split_first()?;
    let configured = match program.as_str() {
        "cargo" => settings.cargo.clone(),
        "go" => settings.go.clone(),
        "npm" => settings.npm.clone(),
        "pnpm" => settings.pnpm.clone(),
        "uv" => settings.uv.clone(),
        "yarn" => settings.yarn.clone(),
        "python3" => settings.python.clone(),
        "poetry" => settings.poetry.clone(),
        "mvn" => settings.maven.clone(),
        _ => None,
    };
    let program = configured.map_or_else(|| program.clone().into(), std::path::PathBuf::into_os_string);
    let mut said = format!("{} {}", step.ecosystem, step.lockfile.display());
    report(said.clone(), 0);
    let place = match Place::prepare(step, data) {
        Ok(place) => place,
        Err(reason) => {
            step.ok = Some(false);
            step.error = Some(reason);
            return None;
        }
    };
    let mut arriving = Arriving::of(survey, step);
    let command = Command::new(program, place.folder()).args(arguments).limit(limit).with_network(permit.clone());
    let note = |tool: Option<Tool>| {
        if let Some(Err(e)) = lease.map(|lease| lease.note_tool(tool)) {
            tracing::warn!("if this process is killed, nobody ends what it started: {e}");
        }
    };
    let mut on_start = |group: &Group| note(Some(Tool { pid: group.leader, started: group.started }));
    let result = command.run_watched(cancel, &mut on_start, &mut |line| {
        match line {
            Some((_, line)) if !line.trim().is_empty() => said = line.trim().chars().take(200).collect(),
            None if arriving.look() => {}
            _ => return,
        }
        let so_far = if arriving.bytes > 0 {
            format!("{} so far: ", inventory::figures::size(arriving.bytes))
        } else {
            String::new()
        };
        report(format!("{so_far}{said}"), arriving.came);
    });
    note(None);
    if !result.as_ref().is_ok_and(Output::ok) {
        place.put_back();
    }
    match result {
        Err(e) => {
            step.ok = Some(false);
            step.error = Some(e.to_string());
            None
        }
        Ok(output) => {
            step.ok = Some(output.ok());
            if !output.ok() {
                let why = match output.ended {
                    Ended::Exited(code) => format!("ended with exit code {code}"),
                    Ended::Signalled(signal) => format!("was ended by signal {signal}"),
                    Ended::TimedOut => format!("ran past its limit of {} s", limit.as_secs()),
                    Ended::Cancelled => "was stopped, as was asked".to_owned(),
                    Ended::ForcedOffline => "was stopped: offline was forced meanwhile".to_owned(),
                };
                let start = output.tail.len().saturating_sub(LAST_WORDS);
                let start = (start..=output.tail.len()).find(|&i| output.tail.is_char_boundary(i)).unwrap_or(0);
                step.error = Some(format!("`{}` {why}:\n{}", step.command.join(" "), &output.tail[start..]));
            }
            Some(output.ended)
        }
    }
}
