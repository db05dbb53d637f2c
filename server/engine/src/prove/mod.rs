//! Proof runs: what builds and tests a workspace is run in a clean copy with the network kept from it, and whoever reaches for it is
//! named. Under a lease, with progress, cancel and journal entries. Judges by what the system saw and never by what a tool said.

mod inputs;
mod known;
mod place;
mod plan;
mod room;
mod words;

pub(crate) use inputs::{commit, stamp, toolchains};
pub(crate) use known::{findings, refresh};

use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{PreflightReport, Progress, Proof, ProofInput, ProofState, ProofStep, Reach, Settings};
use host::{Cancel, Command, CutOff, CutOffEnd, Ended, Reached, Seen, Strength, Way};
use inventory::Survey;
use journal::{Lease, Tool};
use plan::Planned;
use room::Room;
use std::path::Path;
use std::time::Duration;

/// Seconds for one command when the settings say nothing.
const LIMIT_SECONDS: u64 = 3600;
/// Bytes of the end of a failed command's output that are kept.
const LAST_WORDS: usize = 1500;
/// Characters of a line that are kept.
const LINE: usize = 300;
/// Reaches that are kept.
const MOST_REACHES: usize = 100;
/// How long a tool has to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn limit(settings: &Settings) -> u64 {
    settings.prove.timeout_seconds.unwrap_or(LIMIT_SECONDS)
}

impl Engine {
    /// Runs what builds and tests the workspace with the network kept from it. Blocks until it is done. The report says in
    /// `readiness.proof` what it came to.
    pub fn prove(
        &self,
        root: &Path,
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
        let trust = workspace.trust();
        if !trust.allows() {
            return Err(EngineError::Untrusted { root: root.to_path_buf(), changed: trust == host::Trust::Changed });
        }
        let lease = crate::turn::take(inner, "proof", root)?;
        let _running = workspace.running.begin(cancel, &workspace.cancel);
        let proof = run(inner, &workspace, &survey, lease.as_ref(), cancel, progress)?;
        if proof.state != ProofState::Stopped {
            known::store(inner, root, &proof);
        }
        workspace.set_proof(Some(proof));
        drop(lease);
        workspace.survey_now(inner, &Cancel::new());
        self.preflight(root, false).ok_or(EngineError::Cancelled)
    }
}

/// What the tools that build and test the workspace say of their versions. Starts them, so the workspace must be trusted.
pub(crate) fn tools(workspace: &Workspace, survey: &Survey, cancel: &Cancel) -> Vec<ProofInput> {
    versions(&workspace.root, &plan::commands(&workspace.loaded().settings, survey), cancel)
}

fn run(
    inner: &Inner,
    workspace: &Workspace,
    survey: &Survey,
    lease: Option<&Lease>,
    cancel: &Cancel,
    progress: &dyn Fn(Progress),
) -> Result<Proof, EngineError> {
    let root = &workspace.root;
    let settings = workspace.loaded().settings.clone();
    let planned = plan::commands(&settings, survey);
    let limit = limit(&settings);
    let step = |planned: &Planned| ProofStep {
        command: planned.command.clone(),
        folder: planned.folder.clone(),
        ended: words::ended(None, limit),
        ..ProofStep::default()
    };
    // What it is bound to is read before it runs: a change meanwhile makes it stale.
    let bound = inputs::bound(root, survey, &planned, limit);
    let mut proof = Proof {
        at: host::now(),
        commit: inputs::commit(root),
        inputs: inputs::hash(&bound),
        command: planned.iter().map(|planned| planned.command.join(" ")).collect::<Vec<_>>().join(" && "),
        steps: planned.iter().map(step).collect(),
        strength: Strength::None.name().to_owned(),
        bound,
        ..Proof::default()
    };
    let total = planned.len() as u64;
    let tell = |message: String, done: u64| {
        progress(Progress { title: "Proving without a network".into(), message, done, total });
    };
    if !cfg!(target_os = "linux") {
        proof
            .remarks
            .push("a proof run needs Linux: no other system is asked to keep the network from a program".into());
    } else if !planned.is_empty() {
        tell("a clean copy".into(), 0);
        let room = Room::prepare(root, &inner.folders.data, cancel)
            .map_err(|e| EngineError::Host(format!("no clean copy of the workspace could be made: {e}\nhint: free room in the data folder, or make that file readable")))?;
        proof.tools = versions(root, &planned, cancel);
        proof.remarks.push("run in a copy without what git ignores, installed packages and earlier builds".into());
        run_steps(&mut proof, &planned, &Bench { root, survey, room: &room, limit, lease }, cancel, &tell)?;
        proof.remarks.extend(room.leave());
    }
    proof.state = judged(&proof, cancel);
    proof.passed = proof.state == ProofState::Proven;
    for at in 0..proof.reaches.len() {
        let step = usize::try_from(proof.reaches[at].step).ok().and_then(|step| proof.steps.get(step));
        let text = words::reach(&proof.reaches[at], step);
        proof.reaches[at].text = text;
    }
    proof.text = words::verdict(&proof);
    Ok(proof)
}

fn judged(proof: &Proof, cancel: &Cancel) -> ProofState {
    if cancel.is_cancelled() {
        return ProofState::Stopped;
    }
    if proof.steps.is_empty() || proof.strength == Strength::None.name() {
        return ProofState::Unknown;
    }
    if !proof.reaches.is_empty() || proof.unnamed > 0 {
        return ProofState::Reached;
    }
    if proof.steps.iter().all(|step| step.passed == Some(true)) { ProofState::Proven } else { ProofState::Failed }
}

/// What every step needs.
struct Bench<'a> {
    root: &'a Path,
    survey: &'a Survey,
    room: &'a Room,
    limit: u64,
    lease: Option<&'a Lease>,
}

fn run_steps(
    proof: &mut Proof,
    planned: &[Planned],
    bench: &Bench<'_>,
    cancel: &Cancel,
    tell: &dyn Fn(String, u64),
) -> Result<(), EngineError> {
    let program = std::env::current_exe().map_err(|e| {
        EngineError::Host(format!("Holdover's own program could not be found: {e}\nhint: install it again"))
    })?;
    let note = |tool: Option<Tool>| {
        if let Some(Err(e)) = bench.lease.map(|lease| lease.note_tool(tool)) {
            tracing::warn!("if this process is killed, nobody ends what it started: {e}");
        }
    };
    for (at, planned) in planned.iter().enumerate() {
        if cancel.is_cancelled() {
            return Ok(());
        }
        let done = at as u64;
        tell(planned.command.join(" "), done);
        let order = CutOff {
            copy: Some(&bench.room.copy),
            folder: &planned.folder,
            environment: &[("CARGO_TARGET_DIR", bench.room.target.clone().into_os_string())],
            ..CutOff::new(&planned.command, bench.root, Duration::from_secs(bench.limit))
        };
        let mut tail = String::new();
        let end = host::run_cut_off(
            &program,
            &order,
            cancel,
            &mut |group| note(Some(Tool { pid: group.leader, started: group.started })),
            &mut |seen| match seen {
                Seen::Line(_, line) => {
                    tail.push_str(line);
                    tail.push('\n');
                    if tail.len() > 8 * LAST_WORDS {
                        tail.drain(..start_of_last(&tail));
                    }
                    if !line.trim().is_empty() {
                        tell(line.trim().chars().take(200).collect(), done);
                    }
                }
                Seen::Reached(reached) => tell(format!("{} reached for {}", reached.who.program, reached.host), done),
            },
        );
        note(None);
        let end = end.map_err(|e| EngineError::Host(e.to_string()))?;
        take(proof, at, &end, bench);
        let step = &mut proof.steps[at];
        if end.ended.is_none() && end.strength == Strength::None && end.not_run.is_none() {
            return Ok(());
        }
        step.passed = Some(end.ended == Some(Ended::Exited(0)));
        step.ended = end
            .not_run
            .as_ref()
            .map_or_else(|| words::ended(end.ended, bench.limit), |why| format!("was not run: {why}"));
        if step.passed == Some(false) {
            last(&tail).clone_into(&mut step.tail);
            return Ok(());
        }
    }
    Ok(())
}

/// What a step's end says of all of it.
fn take(proof: &mut Proof, at: usize, end: &CutOffEnd, bench: &Bench<'_>) {
    // All steps are of one machine; the weaker answer is the one that counts.
    if at == 0 {
        end.strength.name().clone_into(&mut proof.strength);
        proof.watched = end.watched;
        if end.strength != Strength::None {
            proof.remarks.extend(
                (!end.in_place)
                    .then(|| "the copy lies in another folder than the workspace, so paths are others".to_owned()),
            );
        }
    }
    proof.watched &= end.watched;
    for refused in &end.refused {
        let refused = format!("the system refused {refused}");
        if !proof.remarks.contains(&refused) {
            proof.remarks.push(refused);
        }
    }
    proof.unnamed += end.unnamed;
    let free = MOST_REACHES.saturating_sub(proof.reaches.len());
    proof.reaches.extend(end.reached.iter().take(free).map(|(reached, times)| told(reached, *times, at, bench)));
    proof.unnamed += end.reached.len().saturating_sub(free) as u64;
}

fn told(reached: &Reached, times: u64, step: usize, bench: &Bench<'_>) -> Reach {
    let who = &reached.who;
    let below = |path: &Path| bench.room.below(bench.root, path);
    let manifest = who.manifest.as_deref().and_then(below);
    let folder = Path::new("");
    let (file, range) = place::place(bench.root, bench.survey, who, manifest.as_deref(), folder);
    Reach {
        program: who.program.clone(),
        script: who.script.as_deref().map(|path| below(path).unwrap_or_else(|| path.to_path_buf())),
        ancestors: who.ancestors.clone(),
        package: words::package(who),
        lifecycle: who.lifecycle.clone(),
        host: reached.host.clone(),
        port: reached.port,
        way: match reached.way {
            Way::Tcp => "tcp",
            Way::Udp => "udp",
            Way::Raw => "raw",
            Way::Name => "name",
            Way::Service => "service",
        }
        .to_owned(),
        times,
        step: step as u64,
        line: reached.line.as_ref().map(|(_, line)| line.chars().take(LINE).collect()),
        line_number: reached.line.as_ref().map(|(number, _)| *number),
        file,
        range,
        text: String::new(),
    }
}

pub(crate) fn last(text: &str) -> &str {
    text[start_of_last(text)..].trim()
}

/// Where the last bytes of a text begin that are kept.
fn start_of_last(text: &str) -> usize {
    let start = text.len().saturating_sub(LAST_WORDS);
    (start..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What the tools say of themselves.
fn versions(root: &Path, planned: &[Planned], cancel: &Cancel) -> Vec<ProofInput> {
    let ask = |name: &String| {
        let mut first = None;
        let asked = Command::new(name, root).args(["--version"]).limit(PATIENCE).without_network();
        let ended = asked.run(cancel, &mut |_, line| {
            first.get_or_insert_with(|| line.trim().chars().take(100).collect::<String>());
        });
        ended.ok().filter(host::Output::ok)?;
        Some(ProofInput { name: name.clone(), is: first? })
    };
    let known = ["cargo", "rustc", "npm", "node", "pnpm", "yarn", "uv", "python3", "pip", "poetry", "go", "make"];
    // Of a program that nobody knows it is not known that `--version` does nothing else.
    let is_known = |name: &String| {
        Path::new(name).file_name().and_then(|name| name.to_str()).is_some_and(|name| known.contains(&name))
    };
    inputs::programs(planned).iter().filter(|name| is_known(name)).filter_map(ask).collect()
}
