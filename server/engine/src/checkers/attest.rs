//! Statements of checks: in-toto's test result in a DSSE envelope, signed by this device, bound to the commit, to the files of the
//! workspace, and for each check to those that it depends on. Reading one runs nothing and trusts nobody but devices of the journal.

use super::inputs::{hash, is_too_large, listed, tree};
use super::plan::{Ground, plans};
use crate::git::Git;
use crate::snapshot::{device_of, device_problem};
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{CheckReport, CheckState, CheckStatement, CheckStatus, DeviceState, Finding, Severity, StatedCheck};
use host::Cancel;
use journal::{Stated, Subject};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the predicate is.
const KIND: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// Largest envelope that is read, in bytes.
const LARGEST: u64 = 4 << 20;
/// Checks of a statement that are looked at.
const MOST: usize = 1000;
/// The name of the subject that is all files of the workspace.
const TREE: &str = "workspace";
const PASSED: &str = "PASSED";
const WARNED: &str = "WARNED";
const FAILED: &str = "FAILED";

/// A statement of checks could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// A file.
    #[error("the statement cannot be {what}: {}: {source}\nhint: {hint}", path.display())]
    Io {
        /// `read` or `written`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// The next step.
        hint: &'static str,
    },
    /// It is not what it should be.
    #[error("this statement is not believed: {}: {error}\nhint: name a file that `holdover check --attest` wrote", path.display())]
    Envelope {
        /// The file.
        path: PathBuf,
        /// Why.
        error: journal::EnvelopeError,
    },
    /// It would not be true, or of nothing that another one could compare.
    #[error("nothing is stated: {0}")]
    Nothing(String),
}

/// What the checks of a workspace depend on, now.
struct Here {
    /// All files that git does not ignore.
    tree: String,
    /// Why not all of them could be looked at.
    cut: Option<String>,
    /// By check.
    sources: BTreeMap<String, String>,
    /// The same with what this machine has for it.
    inputs: BTreeMap<String, String>,
}

impl Engine {
    /// Whether a statement could be written to a file: one that is there is not replaced.
    pub fn may_attest(&self, file: &Path) -> Result<(), EngineError> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        match (file.symlink_metadata(), folder.metadata()) {
            (Ok(_), _) => Err(unwritten(file)(std::io::ErrorKind::AlreadyExists.into()).into()),
            (_, Err(source)) => Err(unwritten(file)(source).into()),
            (_, Ok(folder)) if !folder.is_dir() => {
                Err(unwritten(file)(std::io::ErrorKind::NotADirectory.into()).into())
            }
            _ => Ok(()),
        }
    }

    /// States what checks of the whole workspace came to, signed by this device, in a file; one that is there is not replaced.
    pub fn attest_checks(
        &self,
        root: &Path,
        report: &CheckReport,
        file: &Path,
        cancel: &Cancel,
    ) -> Result<CheckStatement, EngineError> {
        self.may_attest(file)?;
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let journal = self.journal()?;
        let here = here(&workspace, file, cancel)?;
        if let Some(why) = &here.cut {
            return Err(AttestError::Nothing(why.clone()).into());
        }
        let checks: Vec<StatedCheck> =
            report.checks.iter().map(|check| stated(&workspace, report, check, &here)).collect();
        let names = |result: &str| {
            let of = checks.iter().filter(|check| check.result == result);
            of.map(|check| check.name.clone()).collect::<Vec<_>>()
        };
        let result = [FAILED, WARNED].into_iter().find(|result| checks.iter().any(|check| check.result == *result));
        let commit = crate::prove::commit(root);
        let is_commit = commit.is_some() && is_clean(&workspace, cancel);
        let mut subjects =
            vec![Subject { name: TREE.to_owned(), digests: vec![("blake3".to_owned(), here.tree.clone())] }];
        subjects.extend(commit.iter().filter(|_| is_commit).map(|commit| Subject {
            name: "commit".to_owned(),
            digests: vec![("gitCommit".to_owned(), commit.clone())],
        }));
        let settings = host::read_small(&root.join(host::WORKSPACE_FILE), 1 << 20).ok();
        let configuration = settings.map(|contents| {
            let of = Subject::of(host::WORKSPACE_FILE, &contents);
            json!({ "name": of.name, "digest": of.digests.into_iter().collect::<BTreeMap<_, _>>() })
        });
        let predicate = json!({
            "result": result.unwrap_or(if checks.is_empty() { WARNED } else { PASSED }),
            "configuration": configuration.into_iter().collect::<Vec<_>>(),
            "passedTests": names(PASSED), "warnedTests": names(WARNED), "failedTests": names(FAILED),
            "holdover": {
                "at": host::now(), "by": journal.person()?.name, "version": env!("CARGO_PKG_VERSION"), "commit": commit,
                "uncommitted": commit.is_some() && !is_commit, "checks": checks,
            },
        });
        let envelope = journal.sign_statement(KIND, &subjects, &predicate)?;
        host::write_private(file, &envelope).map_err(unwritten(file))?;
        let (_, said) = self.read_attested(file)?;
        let payload = json!({
            "statement": said.id, "result": said.result, "commit": said.commit, "tree": here.tree,
            "checks": said.checks.iter().map(|check| json!({ "check": check.name, "result": check.result })).collect::<Vec<_>>(),
        });
        crate::record::found(&self.inner, root, "check.attested", payload);
        Ok(said)
    }

    fn read_attested(&self, file: &Path) -> Result<(Stated, CheckStatement), EngineError> {
        let envelope = host::read_small(file, LARGEST).map_err(|source| AttestError::Io {
            what: "read",
            path: file.to_owned(),
            source,
            hint: "name a file that `holdover check --attest` wrote",
        })?;
        let stated =
            journal::stated(&envelope, KIND).map_err(|error| AttestError::Envelope { path: file.to_owned(), error })?;
        let (name, state) = device_of(&self.journal()?, &stated.signer)?;
        let not_one = |why: &str| AttestError::Envelope {
            path: file.to_owned(),
            error: journal::EnvelopeError::NotOne(why.to_owned()),
        };
        let of = |field: &str| stated.predicate.pointer(&format!("/holdover/{field}"));
        let text = |field: &str| of(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let checks = of("checks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if checks.len() > MOST {
            return Err(not_one("it is of more checks than are looked at").into());
        }
        // What is not understood is not left out: it might be what failed.
        let checks: Vec<StatedCheck> = checks
            .iter()
            .map(|check| serde_json::from_value(check.clone()))
            .collect::<Result<_, _>>()
            .map_err(|e| not_one(&format!("what it says of a check is not understood: {e}")))?;
        let mut statement = CheckStatement {
            file: file.to_owned(),
            id: host::fingerprint(&envelope),
            at: text("at"),
            by: text("by"),
            device: stated.signer.clone(),
            device_name: name,
            device_state: Some(state),
            commit: of("commit").and_then(Value::as_str).map(str::to_owned),
            of_commit: digest(&stated, "commit", "gitCommit").is_some(),
            result: stated.predicate.get("result").and_then(Value::as_str).unwrap_or_default().to_owned(),
            checks,
            ..CheckStatement::default()
        };
        statement.text = words(&statement);
        Ok((stated, statement))
    }

    /// Holds a statement of checks against what is here: its signature, the device, and what each check depends on. Runs no check.
    pub fn verify_attested(&self, root: &Path, file: &Path, cancel: &Cancel) -> Result<CheckStatement, EngineError> {
        let (stated, mut statement) = self.read_attested(file)?;
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let here = here(&workspace, file, cancel)?;
        let mut problems = Vec::new();
        problems.extend(device_problem(&statement.device, statement.device_state.unwrap_or(DeviceState::Unknown)));
        if statement.checks.is_empty() {
            problems.push("it says nothing of any check".to_owned());
        }
        problems.extend(here.cut.iter().cloned());
        let now = crate::prove::commit(root);
        if let Some(of) = digest(&stated, "commit", "gitCommit") {
            if now.as_ref() != Some(&of) {
                let at = now.map_or("at none".to_owned(), |now| format!("at {}", short(&now)));
                problems.push(format!("it is of commit {}, and the workspace is {at}", short(&of)));
            }
        } else if statement.commit.is_some() {
            statement
                .remarks
                .push("it was made before everything was committed, so it is of the files alone".to_owned());
        }
        // Where no file is another, nothing that a check depends on is.
        if digest(&stated, TREE, "blake3").as_ref() != Some(&here.tree) {
            for check in &statement.checks {
                match here.sources.get(&check.name) {
                    Some(sources) if *sources == check.sources => {}
                    Some(_) => problems.push(format!("what {} depends on is another thing here", check.name)),
                    None if check.name == super::look::LINTS => {
                        problems.push(format!("files are others here, and {} depends on all of them", check.name));
                    }
                    None => {
                        let why = if workspace.trust().allows() {
                            ""
                        } else {
                            ", as far as that is known of one that is not trusted: `holdover trust`"
                        };
                        problems.push(format!("no check of this workspace is called {}{why}", check.name));
                    }
                }
            }
            if problems.is_empty() {
                statement.remarks.push("other files are others here, and no check depends on them".to_owned());
            }
        }
        // What it sums up has to follow from what it says of each.
        if statement.result == PASSED && statement.checks.iter().any(|check| check.result != PASSED) {
            problems.push("it says that all passed, and of one check that it did not".to_owned());
        }
        statement.holds = Some(problems.is_empty());
        statement.problems = problems;
        statement.text = words(&statement);
        let payload = json!({
            "statement": statement.id, "device": statement.device, "holds": statement.holds, "problems": statement.problems,
        });
        crate::record::work(&self.inner, root, "check.attestation-checked", payload);
        Ok(statement)
    }
}

/// Without the statement itself, which may lie in the workspace.
fn here(workspace: &Workspace, statement: &Path, cancel: &Cancel) -> Result<Here, EngineError> {
    let stop = || cancel.is_cancelled() || workspace.cancel.is_cancelled();
    let loaded = workspace.loaded();
    let exclude = loaded.settings.inventory.exclude.clone().unwrap_or_default();
    let (root, hashes) = (&workspace.root, &workspace.check_book.hashes);
    let mut ground = Ground::look(root, &exclude, &stop).ok_or(EngineError::Cancelled)?;
    if let Ok(statement) = std::fs::canonicalize(statement) {
        let real = workspace.real();
        ground.files.retain(|file| real.join(file) != statement);
    }
    let cut = ground.more.then(|| "the workspace has more files than are looked at".to_owned());
    let large = || {
        let file = ground.files.iter().find(|file| is_too_large(&root.join(file)))?;
        Some(format!("a file is too large to be compared: {}", file.display()))
    };
    let mut here = Here {
        cut: cut.or_else(large).map(|why| format!("{why}\nhint: have git ignore what no check depends on")),
        tree: tree(root, &ground, hashes, &stop).ok_or(EngineError::Cancelled)?,
        sources: BTreeMap::new(),
        inputs: BTreeMap::new(),
    };
    for plan in plans(root, &loaded.settings, &ground) {
        let all = listed(root, &plan, &ground, hashes, &stop).ok_or(EngineError::Cancelled)?;
        let inputs = hash(root, &plan, &ground, hashes, &stop).ok_or(EngineError::Cancelled)?;
        here.sources.insert(plan.checker.id.clone(), all.sources());
        here.inputs.insert(plan.checker.id.clone(), inputs);
    }
    Ok(here)
}

/// What is stated of one check.
fn stated(workspace: &Workspace, report: &CheckReport, check: &CheckStatus, here: &Here) -> StatedCheck {
    let ran_on = workspace.check_book.known(&check.name).and_then(|known| Some(known.record?.inputs.clone()));
    // What changed while it ran, or since, was seen by it or not.
    let is_of_this = check.name == super::look::LINTS || ran_on.as_ref() == here.inputs.get(&check.name);
    let of_check = |finding: &&Finding| {
        workspace.check_book.is_of(finding, &|name| name == check.name)
            || check.name == super::look::LINTS
                && finding.source == "holdover"
                && finding.data.as_ref().is_none_or(|data| data.get("check").is_none())
    };
    let worst = report.findings.iter().filter(of_check).map(|finding| finding.severity).min();
    let result = match (check.state, worst) {
        (CheckState::Failed, Some(Severity::Error)) => FAILED,
        (CheckState::Failed, _) if check.is_step => FAILED,
        (CheckState::Unavailable | CheckState::Stale | CheckState::Running, _)
        | (_, Some(Severity::Error | Severity::Warning)) => WARNED,
        _ if !is_of_this => WARNED,
        _ => PASSED,
    };
    StatedCheck {
        name: check.name.clone(),
        state: if is_of_this { check.state } else { CheckState::Stale },
        result: result.to_owned(),
        findings: check.findings,
        version: check.version.clone(),
        sources: here.sources.get(&check.name).cloned().unwrap_or_else(|| here.tree.clone()),
        ran_at: check.ran_at.clone(),
    }
}

fn unwritten(file: &Path) -> impl Fn(std::io::Error) -> AttestError {
    let path = file.to_owned();
    move |source| AttestError::Io {
        what: "written",
        path: path.clone(),
        source,
        hint: "name another file in a folder that is there, or take that one away",
    }
}

/// Whether the files are those of the commit. A git that is asked may run what the repository's configuration names, so only of a
/// workspace that is trusted is it told.
fn is_clean(workspace: &Workspace, cancel: &Cancel) -> bool {
    let git = Git { folder: &workspace.root, cancel };
    let changed =
        || git.ask(&["status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none", "--", "."]);
    workspace.trust().allows() && changed().is_some_and(|lines| lines.is_empty())
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

fn digest(stated: &Stated, name: &str, kind: &str) -> Option<String> {
    let subject = stated.subjects.iter().find(|subject| subject.name == name)?;
    subject.digests.iter().find(|(known, _)| known == kind).map(|(_, value)| value.clone())
}

fn words(statement: &CheckStatement) -> String {
    let count = |result: &str| statement.checks.iter().filter(|check| check.result == result).count() as u64;
    let passed =
        format!("{} of {} passed", count(PASSED), crate::words::counted(statement.checks.len() as u64, "check"));
    let by = crate::notes::shown_plain(&statement.by);
    let device = crate::notes::shown_plain(&statement.device_name);
    let said = format!("{passed}, stated by {by} on {device}, {}", host::local_time(&statement.at));
    match (statement.holds, statement.problems.first()) {
        (Some(true), _) => format!("it holds: {said}"),
        (_, Some(problem)) => format!("not believed: {problem}; {said}"),
        _ => said,
    }
}
