//! One run of a linter: in the sandbox, with the network kept from it, bounded in time, output and memory. What it says is read when
//! it has ended. Whoever reaches for the network is named.

use super::ask::version;
use super::plan::Plan;
use super::record::{Record, text};
use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{EngineError, prove};
use checks::checker::{Checker, Format, Says, Texts, Toolchain, parse};
use contract::{CheckState, Finding, Range, Severity, codes};
use host::{Cancel, CutOff, CutOffEnd, Ended, Seen, Spoken, Stream, Strength};
use journal::{Lease, Tool};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Bytes that a linter may say.
const MOST_SAID: u64 = 64 << 20;
/// Seconds for one run when the settings say nothing.
const LIMIT_SECONDS: u64 = 600;
/// The same on one file, while somebody types.
const LIMIT_OF_FILE: Duration = Duration::from_secs(30);
/// Files that are named in one command line.
const FILES_AT_ONCE: usize = 200;
/// Who reaches for the network is told up to here.
const MOST_REACHES: usize = 20;

/// What is to be looked at.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// Every folder of the plan.
    Folders,
    /// A text that an editor has, which may not be what is on the disk.
    Text {
        /// Absolute.
        file: &'a Path,
        text: &'a str,
    },
}

/// Runs it. The record has no hash of inputs yet.
pub(super) fn run(
    inner: &Inner,
    workspace: &Workspace,
    plan: &Plan,
    what: What<'_>,
    lease: Option<&Lease>,
    cancel: &Cancel,
) -> Result<Record, EngineError> {
    let checker = &*plan.checker;
    let mut record = Record { at: host::now(), state: CheckState::Passed, ..Record::default() };
    let program = plan.program.as_ref().and_then(|program| program.to_str()).unwrap_or(&checker.program).to_owned();
    match what {
        What::Text { file, text } => {
            let at = plan.folders.iter().position(|folder| file.starts_with(workspace.root.join(folder))).unwrap_or(0);
            let folder = &plan.folders[at];
            let path = file.strip_prefix(workspace.root.join(folder)).unwrap_or(file).to_string_lossy().into_owned();
            let Some(arguments) = checker.for_file(&path) else { return Ok(record) };
            let command: Vec<String> = std::iter::once(program).chain(arguments).collect();
            let one = Bench { inner, workspace, plan, at, folder, lease: None, given: Some((file, text)) };
            one.run(&command, &mut record, cancel)?;
        }
        What::Folders => {
            record.version = version(inner, workspace, checker, &program, cancel);
            let own = own_folder(inner, workspace, checker)?;
            for at in 0..plan.folders.len() {
                for (folder, command) in commands(plan, at, &program, &own) {
                    let one = Bench { inner, workspace, plan, at, folder: &folder, lease, given: None };
                    one.run(&command, &mut record, cancel)?;
                }
            }
        }
    }
    let found = || record.files.values().flat_map(|file| &file.found);
    if record.state == CheckState::Passed && (found().next().is_some() || !record.own.is_empty()) {
        record.state = CheckState::Failed;
    }
    Ok(record)
}

/// What a linter is run with for one of its folders, and where: once, or as often as it takes to name all of its files.
fn commands(plan: &Plan, at: usize, program: &str, own: &str) -> Vec<(PathBuf, Vec<String>)> {
    if plan.checker.compiled.is_some() {
        return plan.units[at].iter().map(|unit| (unit.folder.clone(), unit.command.clone())).collect();
    }
    let folder = &plan.folders[at];
    let Some(whole) = plan.checker.for_folder() else { return Vec::new() };
    let with = |argument: &String| argument.replace("{own}", own);
    let Some(place) = whole.iter().position(|argument| argument.contains("{files}")) else {
        let command = std::iter::once(program.to_owned()).chain(whole.iter().map(with));
        return vec![(folder.clone(), command.collect())];
    };
    let below = |file: &PathBuf| {
        let name = file.strip_prefix(folder).ok()?.to_str()?;
        // What begins like an option is none.
        let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
        Some(whole[place].replace("{files}", &name))
    };
    let files: Vec<String> = plan.files.iter().filter_map(below).collect();
    let command = |files: &[String]| {
        let before = std::iter::once(program.to_owned()).chain(whole[..place].iter().map(with));
        (folder.clone(), before.chain(files.iter().cloned()).chain(whole[place + 1..].iter().map(with)).collect())
    };
    files.chunks(FILES_AT_ONCE).map(command).collect()
}

/// A folder of ours for what a linter keeps between its runs in a workspace, made where it is needed.
fn own_folder(inner: &Inner, workspace: &Workspace, checker: &Checker) -> Result<String, EngineError> {
    let asks = checker.for_folder().unwrap_or_default().iter().any(|argument| argument.contains("{own}"));
    if !asks {
        return Ok(String::new());
    }
    let folder = build_folder(inner, workspace).join(&checker.id);
    std::fs::create_dir_all(&folder).map_err(|e| {
        EngineError::Host(format!(
            "{}: {e}\nhint: free room in the data folder, and make it writable for you",
            folder.display()
        ))
    })?;
    Ok(folder.to_string_lossy().into_owned())
}

/// Where builds and what linters keep of a workspace lie.
pub(super) fn build_folder(inner: &Inner, workspace: &Workspace) -> PathBuf {
    let name = blake3::hash(workspace.real().as_os_str().as_encoded_bytes()).to_hex()[..16].to_owned();
    inner.folders.data.join("builds").join(name)
}

/// One command in one folder.
struct Bench<'a> {
    inner: &'a Inner,
    workspace: &'a Workspace,
    plan: &'a Plan,
    /// Which of the plan's folders.
    at: usize,
    /// Where it runs, relative to the workspace.
    folder: &'a Path,
    lease: Option<&'a Lease>,
    given: Option<(&'a Path, &'a str)>,
}

impl Bench<'_> {
    fn run(&self, command: &[String], record: &mut Record, cancel: &Cancel) -> Result<(), EngineError> {
        let (checker, root) = (&*self.plan.checker, &self.workspace.root);
        let failed = |what: &str, e: &dyn std::fmt::Display| {
            EngineError::Host(format!("{what}: {e}\nhint: free room in the data folder, and make it writable for you"))
        };
        let own = crate::copy::folder(&self.inner.folders.data, "check-")
            .map_err(|e| failed("no folder could be made for what a check says", &e))?;
        let (input, output) = (own.path().join("in"), own.path().join("out"));
        if let Some((_, text)) = self.given {
            std::fs::write(&input, text).map_err(|e| failed("a text could not be handed to a check", &e))?;
        }
        let seconds = self.workspace.loaded().settings.checks.timeout_seconds.unwrap_or(LIMIT_SECONDS).max(1);
        let limit = Duration::from_secs(seconds);
        let mut environment = environment(self.inner, self.workspace, checker);
        // Some tools name files below what they think they were started in, which may be another name of the same folder.
        environment.push(("PWD".to_owned(), root.join(self.folder).into_os_string()));
        let environment: Vec<(&str, OsString)> = environment.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
        let order = CutOff {
            folder: self.folder,
            environment: &environment,
            input: self.given.map(|_| input.as_path()),
            output: Some(Spoken { file: &output, most: MOST_SAID }),
            read_only: !checker.writes,
            memory: checker.memory_mib.map(|mib| mib << 20),
            calm: true,
            ..CutOff::new(command, root, if self.given.is_some() { limit.min(LIMIT_OF_FILE) } else { limit })
        };
        record.command = shown(command);
        let note = |tool: Option<Tool>| {
            if let Some(Err(e)) = self.lease.map(|lease| lease.note_tool(tool)) {
                tracing::warn!("if this process is killed, nobody ends what it started: {e}");
            }
        };
        let (mut tail, mut errors) = (String::new(), String::new());
        let wants_errors = checker.says == Says::Errors || checker.format == Format::GoVetJson;
        let end = host::run_cut_off(
            &own_program()?,
            &order,
            cancel,
            &mut |group| note(Some(Tool { pid: group.leader, started: group.started })),
            &mut |seen| {
                if let Seen::Line(Stream::Err, line) = seen {
                    if wants_errors {
                        errors.push_str(line);
                        errors.push('\n');
                    }
                    tail.push_str(line);
                    tail.push('\n');
                    if tail.len() > 64 << 10 {
                        let last = prove::last(&tail).to_owned();
                        tail = last;
                    }
                }
            },
        );
        note(None);
        let end = end.map_err(|e| EngineError::Host(e.to_string()))?;
        if cancel.is_cancelled() || matches!(end.ended, Some(Ended::Cancelled | Ended::ForcedOffline)) {
            return Err(EngineError::Cancelled);
        }
        let why = self.take(record, (&output, &errors), &end, limit, &tail);
        if let Some(why) = why {
            record.state = CheckState::Unavailable;
            record.detail.clone_from(&why);
            let message = format!(
                "{} could not say what it finds here: {why}\nhint: run it yourself to see more: {}",
                checker.title, record.command
            );
            // Of many commands that fail the first is told.
            if !record.own.iter().any(|one| one.code == codes::CHECK_FAILED) {
                let found =
                    own_finding(self.workspace, self.plan, self.at, codes::CHECK_FAILED, Severity::Warning, message);
                record.own.push(found);
            }
        }
        reached(record, self.workspace, self.plan, self.at, &end);
        Ok(())
    }

    /// Takes up what was said; answers with why that is not all that was to be said.
    fn take(
        &self,
        record: &mut Record,
        (output, errors): (&Path, &str),
        end: &CutOffEnd,
        limit: Duration,
        tail: &str,
    ) -> Option<String> {
        let checker = &*self.plan.checker;
        if let Some(why) = &end.not_run {
            return Some(format!("it could not be started: {why}"));
        }
        if end.strength == Strength::None {
            let why = if end.refused.is_empty() { String::new() } else { format!(": {}", end.refused.join("; ")) };
            return Some(format!("this machine keeps the network from no program, so it is not run{why}"));
        }
        let bytes = std::fs::read(output).unwrap_or_default();
        let (root, real) = (&self.workspace.root, self.workspace.real());
        let mut read = |file: &Path| -> Option<Arc<str>> {
            match self.given {
                Some((given, text)) if given == file => Some(Arc::from(text)),
                _ => text(file).map(Arc::from),
            }
        };
        let mut texts = Texts::new(root, &real, self.folder, &mut read);
        if let Some((given, _)) = self.given {
            texts.is_given(given.to_path_buf());
        }
        let parsed = parse(checker, &bytes, errors.as_bytes(), &mut texts);
        let found = parsed.found.len() as u64 + parsed.elsewhere + parsed.dropped;
        let has_error = parsed.found.iter().any(|one| one.finding.severity == Severity::Error);
        for one in parsed.found {
            let below = one.finding.file.strip_prefix(root).unwrap_or(&one.finding.file).to_path_buf();
            let found = &mut record.files.entry(below).or_default().found;
            // What lies in a header is found once for every file that includes it.
            if self.plan.checker.compiled.is_none() || !found.contains(&one) {
                found.push(one);
            }
        }
        for (file, of) in &mut record.files {
            if of.fingerprint.is_empty() {
                let file = root.join(file);
                let text = match self.given {
                    Some((given, text)) if given == file => Some(text.to_owned()),
                    _ => text(&file),
                };
                of.fingerprint = text.map_or_else(|| "gone".to_owned(), |text| host::fingerprint(text.as_bytes()));
            }
        }
        if parsed.dropped > 0 {
            record.detail = format!("{} more findings are not shown", parsed.dropped);
        } else if parsed.elsewhere > 0 {
            record.detail = format!(
                "{} about files that are no part of the workspace",
                crate::words::counted(parsed.elsewhere, "finding")
            );
        }
        let said = prove::last(tail);
        let said = if said.is_empty() { String::new() } else { format!("; its last words: {said}") };
        if end.too_much {
            return Some(format!("it said more than {} MiB and was stopped", MOST_SAID >> 20));
        }
        match end.ended {
            Some(Ended::TimedOut) => Some(format!("it ran longer than {} s and was stopped", limit.as_secs())),
            Some(Ended::Exited(code)) if !checker.good.contains(&code) => {
                Some(format!("it ended with exit code {code}{said}"))
            }
            // It says that not all is well, and nothing that would be.
            Some(Ended::Exited(code)) if code != 0 && (found == 0 || checker.failing.contains(&code) && !has_error) => {
                Some(format!("it ended with exit code {code} and named nothing{said}"))
            }
            Some(Ended::Exited(_)) if !parsed.whole => Some(format!("what it said is not understood{said}")),
            Some(Ended::Exited(_)) => None,
            Some(Ended::Signalled(number)) => Some(format!("it was ended by signal {number}{said}")),
            Some(Ended::Cancelled | Ended::ForcedOffline) | None => Some("it was stopped".to_owned()),
        }
    }
}

/// Takes up what a step wrote, by the files of the workspace as they are.
pub(super) fn parsed_into(record: &mut Record, workspace: &Workspace, plan: &Plan, folder: &Path, said: &[u8]) {
    let (root, real) = (&workspace.root, workspace.real());
    let mut read = |file: &Path| -> Option<Arc<str>> { text(file).map(Arc::from) };
    let mut texts = Texts::new(root, &real, folder, &mut read);
    let (output, errors): (&[u8], &[u8]) = if plan.checker.says == Says::Errors { (b"", said) } else { (said, b"") };
    let parsed = parse(&plan.checker, output, errors, &mut texts);
    for mut one in parsed.found {
        // What a compiler says for itself is the step's, too: by it the rest is told apart from what linters found.
        one.finding.source.clone_from(&plan.checker.id);
        let below = one.finding.file.strip_prefix(root).unwrap_or(&one.finding.file).to_path_buf();
        record.files.entry(below).or_default().found.push(one);
    }
    for (file, of) in &mut record.files {
        of.fingerprint =
            text(&root.join(file)).map_or_else(|| "gone".to_owned(), |text| host::fingerprint(text.as_bytes()));
    }
    if parsed.dropped > 0 {
        record.detail = format!("{} more findings are not shown", parsed.dropped);
    }
}

/// A finding of ours about the run itself, at the file that shows that the linter is used.
pub(super) fn own_finding(
    workspace: &Workspace,
    plan: &Plan,
    at: usize,
    code: &str,
    severity: Severity,
    message: String,
) -> Finding {
    Finding {
        code: code.to_owned(),
        severity,
        message,
        file: workspace.root.join(&plan.marks[at]),
        range: Range::default(),
        source: "holdover".to_owned(),
        data: Some(match code {
            codes::CHECK_FAILED => serde_json::json!({ "check": plan.checker.id, "here": "unknown" }),
            _ => serde_json::json!({ "check": plan.checker.id }),
        }),
    }
}

/// Names who reached for the network.
pub(super) fn reached(record: &mut Record, workspace: &Workspace, plan: &Plan, at: usize, end: &CutOffEnd) {
    for (reached, _) in end.reached.iter().take(MOST_REACHES) {
        let port = reached.port.map_or(String::new(), |port| format!(":{port}"));
        let title = &plan.checker.title;
        let message = format!(
            "{} reached for {}{port} while {title} ran, and did not get there: no network was given to it\nhint: bring what it wanted while \
             there is a connection, or take what asks for it out of its configuration",
            reached.who.program, reached.host
        );
        record.own.push(own_finding(workspace, plan, at, codes::NETWORK_IN_CHECK, Severity::Warning, message));
    }
}

pub(super) fn own_program() -> Result<PathBuf, EngineError> {
    std::env::current_exe().map_err(|e| {
        EngineError::Host(format!("Holdover's own program could not be found: {e}\nhint: install it again"))
    })
}

/// As somebody would type it.
pub(super) fn shown(command: &[String]) -> String {
    let name = |at: usize, word: &String| match Path::new(word).file_name() {
        Some(name) if at == 0 => name.to_string_lossy().into_owned(),
        _ if word.contains([' ', '\'', '"']) => format!("'{}'", word.replace('\'', "'\\''")),
        _ => word.clone(),
    };
    command.iter().enumerate().map(|(at, word)| name(at, word)).collect::<Vec<_>>().join(" ")
}

/// The linter's own variables, and a build folder that nobody else locks.
pub(super) fn environment(inner: &Inner, workspace: &Workspace, checker: &Checker) -> Vec<(String, OsString)> {
    let mut all: Vec<(String, OsString)> =
        checker.environment.iter().map(|(name, value)| (name.clone(), value.into())).collect();
    if checker.toolchain == Some(Toolchain::Rust) {
        all.push(("CARGO_TARGET_DIR".to_owned(), build_folder(inner, workspace).into_os_string()));
    }
    all
}
