//! A look at a workspace with its linters: which are used, which of them have something new to look at, and what the others found
//! when they were run last. One process at a time runs them for a workspace.

use super::asked::{Asked, Wanted};
use super::book::is_serious;
use super::green::OBSERVED;
use super::inputs::{hash, listed};
use super::plan::{Ground, Plan, broken, plans};
use super::record::{Record, text};
use super::run::{What, build_folder, run};
use super::step_run::{self, With};
use super::steps::{Step, steps};
use super::sweep;
use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{Engine, EngineError, Notice};
use checks::checker::checkers;
use contract::{CheckReport, CheckState, CheckStatus, Finding};
use host::Cancel;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

/// The name of the built-in lints among the checks.
pub(super) const LINTS: &str = "lints";

impl Engine {
    /// Looks at the lockfiles and reads the files of a workspace for the lints, and runs its linters where it is trusted, now, on
    /// this thread.
    pub fn check(&self, root: &Path, asked: Asked<'_>, cancel: &Cancel) -> Result<CheckReport, EngineError> {
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let wants = |name: &str| asked.names.is_empty() || asked.names.iter().any(|wanted| wanted == name);
        let mut report = CheckReport { workspace: root.to_path_buf(), ..CheckReport::default() };
        let within = |file: &Path| asked.files.is_empty() || asked.files.iter().any(|wanted| file.starts_with(wanted));
        if wants(LINTS) {
            workspace.survey_now(&self.inner, cancel);
            if !workspace.lint_now(&self.inner, &|| cancel.is_cancelled()) {
                return Err(EngineError::Cancelled);
            }
            let found = workspace.lint_book.findings();
            let found = found.iter().filter(|(file, _)| within(file)).flat_map(|(_, all)| all.iter().cloned());
            report.findings.extend(found);
            let (read, left_out) = workspace.lint_book.extent();
            (report.files, report.left_out) = (read, left_out);
            report.checks.extend(workspace.lint_book.status());
            for check in &mut report.checks {
                check.findings = report.findings.len() as u64;
            }
        } else {
            workspace.survey_now(&self.inner, cancel);
        }
        if asked.names.iter().any(|name| name != LINTS) || asked.names.is_empty() {
            let needed = needed(&workspace, asked.names);
            let wants = |name: &str| wants(name) || needed.iter().any(|needed| needed == name);
            let runs = |name: &str| asked.all || !asked.names.is_empty() && wants(name);
            let wanted = Wanted { checks: &wants, steps: &runs, again: asked.again, said: asked.said };
            look(&self.inner, &workspace, &wanted, cancel)?;
            let found = workspace.check_book.findings();
            for mut status in workspace.check_book.statuses().into_iter().filter(|status| wants(&status.name)) {
                status.findings = workspace.check_book.count(&status.name, &within);
                report.checks.push(status);
            }
            let found = found.iter().filter(|(file, _)| within(file)).flat_map(|(_, all)| all.iter().cloned());
            report.findings.extend(found.filter(|found| workspace.check_book.is_of(found, &wants)));
            if asked.all && asked.names.is_empty() {
                report.checks.extend(unread(&workspace));
                report.left_out.extend(self.left_out_of_workflows(root));
            }
            for name in asked.names.iter().filter(|name| workspace.check_book.known(name).is_none() && *name != LINTS) {
                report.left_out.push(format!("{name}: this workspace does not use it, or it is disabled"));
            }
            if asked.names.is_empty() && !asked.all && !workspace.trust().allows() && !report.checks.is_empty() {
                report.left_out.push(
                    "the project's own linters: the workspace is not trusted, so nothing of it is run; `holdover trust` lets them run"
                        .to_owned(),
                );
            }
        }
        report.findings.sort_by(|a, b| (&a.file, a.range.start.byte).cmp(&(&b.file, b.range.start.byte)));
        Ok(report)
    }

    /// What the linters of a workspace found when they were run last, without running any.
    pub fn recall_checks(&self, root: &Path) {
        if let Some(workspace) = self.inner.workspace(root) {
            recall(&self.inner, &workspace);
        }
    }

    /// A file was saved: the linters that depend on it are run again, in the background. From memory.
    pub fn saved(&self, file: &Path) {
        let Some(workspace) = self.inner.workspace_of(file) else { return };
        if workspace.check_book.depends(&workspace.root, file) {
            if let Some(going) = &*workspace.check_book.looking.lock().unwrap_or_else(PoisonError::into_inner) {
                going.cancel();
            }
            self.inner.look_at_checks(&workspace.root);
        }
    }

    /// A document was closed. From memory.
    pub fn document_closed(&self, file: &Path) {
        if let Some(workspace) = self.inner.workspace_of(file) {
            workspace.check_book.closed(file);
        }
    }
}

/// Shows what was found last, before anything is looked at: reads the files in which something was found, and runs nothing.
pub(crate) fn recall(inner: &Inner, workspace: &Workspace) {
    if !is_wanted(inner, workspace) {
        return workspace.check_book.forget();
    }
    let settings = workspace.loaded().settings.checks.clone();
    let disabled = settings.disable.unwrap_or_default();
    let steps = steps(&workspace.root, &workspace.loaded().settings).into_iter().map(|(name, _)| name);
    let added = settings.commands.unwrap_or_default().into_keys().chain(steps);
    let all = checkers().iter().map(|checker| checker.id.clone()).chain(added);
    for id in all.filter(|id| !disabled.contains(id)) {
        if workspace.check_book.known(&id).is_some() {
            continue;
        }
        let Some(record) = Record::recall(inner, &workspace.root, &id) else { continue };
        let on_disk = on_disk(&workspace.root, &record);
        workspace.check_book.put(&id, |known| {
            known.state = record.state;
            known.detail.clone_from(&record.detail);
            known.record = Some(Arc::new(record));
            known.remembered = true;
            known.on_disk = Arc::new(on_disk);
        });
    }
    workspace.merge_findings(inner);
    inner.tell(Notice::Status { root: workspace.root.clone() });
}

/// That a workspace which is not trusted has steps, which are not known then.
fn unread(workspace: &Workspace) -> Option<CheckStatus> {
    let steps = ["build", "test", "steps", "workflows"].map(|key| format!("not trusted: checks.{key}\n"));
    let dropped = workspace.loaded().problems.iter().any(|one| steps.iter().any(|step| one.message.contains(step)));
    let detail = "not run: the workspace is not trusted, so what its settings build and test is not known\nhint: read them, then \
                  `holdover trust`";
    dropped.then(|| CheckStatus {
        name: host::WORKSPACE_FILE.to_owned(),
        state: CheckState::Unavailable,
        detail: detail.to_owned(),
        text: "not run: the workspace is not trusted".to_owned(),
        ..CheckStatus::default()
    })
}

/// What steps need that are named.
fn needed(workspace: &Workspace, names: &[String]) -> Vec<String> {
    let steps = steps(&workspace.root, &workspace.loaded().settings);
    let named = steps.into_iter().filter(|(name, _)| names.contains(name));
    named.filter_map(|(_, step)| step.ok()).flat_map(|step| step.all_needs()).collect()
}

/// Whether linters are wanted here, and this name of the folder is the one that tells.
fn is_wanted(inner: &Inner, workspace: &Workspace) -> bool {
    workspace.loaded().settings.checks.enable.unwrap_or(true) && inner.spelled(&workspace.root) == workspace.root
}

/// Where the findings of a record stand in the files as they are.
fn on_disk(root: &Path, record: &Record) -> BTreeMap<PathBuf, Vec<Finding>> {
    let mut all = BTreeMap::new();
    for (below, of) in record.files.iter().filter(|(_, of)| !of.found.is_empty()) {
        let file = root.join(below);
        let Some(text) = text(&file) else { continue };
        let found: Vec<Finding> = of.in_text(&text).into_iter().map(|one| one.finding).collect();
        if !found.is_empty() {
            all.insert(file, found);
        }
    }
    all
}

/// Runs those that are wanted and have something new to look at.
pub(super) fn look(
    inner: &Inner,
    workspace: &Workspace,
    wanted: &Wanted<'_>,
    cancel: &Cancel,
) -> Result<(), EngineError> {
    if !is_wanted(inner, workspace) {
        workspace.check_book.forget();
        workspace.merge_findings(inner);
        return Ok(());
    }
    let root = &workspace.root;
    let loaded = workspace.loaded();
    let stop = || cancel.is_cancelled() || workspace.cancel.is_cancelled();
    let exclude = loaded.settings.inventory.exclude.clone().unwrap_or_default();
    let ground = Ground::look(root, &exclude, &stop).ok_or(EngineError::Cancelled)?;
    let plans = plans(root, &loaded.settings, &ground);
    workspace.check_book.plan(plans.clone());
    for (name, why) in broken(root, &loaded.settings) {
        workspace.check_book.put(&name, |known| (known.state, known.detail) = (CheckState::Unavailable, why));
    }
    let mut turn = Turn::default();
    let mut stopped = Ok(());
    // Steps that failed: what comes behind them is not run.
    let mut failed: Vec<Arc<Step>> = Vec::new();
    for plan in plans.iter().filter(|plan| (wanted.checks)(&plan.checker.id)) {
        let id = &plan.checker.id;
        let runs = plan.step.is_some() && (wanted.steps)(id);
        let before = plan.step.as_ref().filter(|_| runs).and_then(|step| step.stopped_by(&failed));
        if let Some(failed) = before {
            let why = format!("not run: {failed} failed before it\nhint: mend what {failed} names");
            workspace.check_book.put(id, |known| (known.state, known.detail) = (CheckState::Unavailable, why));
        } else if stopped.is_ok() {
            stopped = one(inner, workspace, plan, &ground, &mut turn, wanted, cancel);
            let state = workspace.check_book.known(id).map(|known| known.state);
            if runs && state != Some(CheckState::Passed) {
                failed.extend(plan.step.clone());
            }
        }
        workspace.check_book.put(id, |known| known.running = false);
        workspace.merge_findings(inner);
        inner.tell(Notice::Status { root: root.clone() });
    }
    if turn.is_ours {
        drop(turn);
        sweep::sweep(inner, &build_folder(inner, workspace), &stop);
    }
    stopped
}

/// Whose turn it is, once something is to be run.
#[derive(Default)]
struct Turn {
    is_ours: bool,
    /// Without a journal there is none.
    lease: Option<journal::Lease>,
}

fn one(
    inner: &Inner,
    workspace: &Workspace,
    plan: &Plan,
    ground: &Ground,
    turn: &mut Turn,
    wanted: &Wanted<'_>,
    cancel: &Cancel,
) -> Result<(), EngineError> {
    let (book, root, id) = (&workspace.check_book, &workspace.root, &plan.checker.id);
    let stop = || cancel.is_cancelled() || workspace.cancel.is_cancelled();
    if book.known(id).is_none_or(|known| known.record.is_none())
        && let Some(record) = Record::recall(inner, root, id)
    {
        take(workspace, id, record, true);
    }
    let known = book.known(id).unwrap_or_default();
    let may_run = workspace.trust().allows() && plan.program.is_some();
    let inputs = if may_run || known.record.is_some() {
        hash(root, plan, ground, &book.hashes, &stop).ok_or(EngineError::Cancelled)?
    } else {
        String::new()
    };
    let runs = plan.step.is_none() || (wanted.steps)(id);
    let again = wanted.again && runs;
    // Nothing that it depends on has changed.
    if let Some(record) = known.record.as_ref().filter(|_| !again)
        && record.inputs == inputs
        && record.state != CheckState::Unavailable
    {
        let state = record.state;
        book.put(id, |known| known.state = state);
        return Ok(());
    }
    let unavailable = |why: String| {
        book.put(id, |known| {
            // What was found before is of other inputs.
            known.state = CheckState::Unavailable;
            known.detail = why;
        });
    };
    if known.record.is_some() {
        book.put(id, |known| known.state = CheckState::Stale);
        workspace.merge_findings(inner);
    }
    if !runs {
        // It is there, and nobody has asked for it.
        book.put(id, |_| {});
        return Ok(());
    }
    if !workspace.trust().allows() {
        unavailable(
            "not run: the workspace is not trusted\nhint: read what it configures, then `holdover trust`".to_owned(),
        );
        return Ok(());
    }
    if plan.program.is_none() {
        let checker = &plan.checker;
        let unverified = checker
            .unverified
            .as_ref()
            .map_or(String::new(), |why| format!(" (and how it is run here is unverified: {why})"));
        unavailable(format!(
            "{} is not on this machine{unverified}\nhint: while there is a connection: {}",
            checker.title, checker.get
        ));
        return Ok(());
    }
    if let Some(why) = lacking(workspace, plan) {
        unavailable(why);
        return Ok(());
    }
    if !turn.is_ours {
        *turn = Turn { lease: crate::turn::take(inner, "check", &workspace.real())?, is_ours: true };
        // Whoever had it may have found what we want to know.
        if let Some(record) = Record::recall(inner, root, id).filter(|record| record.inputs == inputs && !again) {
            take(workspace, id, record, true);
            return Ok(());
        }
    }
    let builds = build_folder(inner, workspace);
    sweep::used(&builds, workspace);
    book.put(id, |known| known.running = true);
    inner.tell(Notice::Status { root: root.clone() });
    let _running = workspace.running.begin(cancel, &workspace.cancel);
    let mut record = match &plan.step {
        None => run(inner, workspace, plan, What::Folders, turn.lease.as_ref(), cancel)?,
        Some(step) => {
            let listed = listed(root, plan, ground, &book.hashes, &stop).ok_or(EngineError::Cancelled)?;
            let with = With { lease: turn.lease.as_ref(), cancel, said: wanted.said, listed: &listed };
            step_run::run(inner, workspace, plan, step, &with)?
        }
    };
    // What changed while it ran was seen by it or not.
    let now = Ground::look(root, &workspace.loaded().settings.inventory.exclude.clone().unwrap_or_default(), &stop);
    let after = now.and_then(|now| hash(root, plan, &now, &book.hashes, &stop));
    record.inputs = if after.as_ref() == Some(&inputs) { inputs } else { String::new() };
    observed(inner, root, id, known.record.as_deref(), &record);
    record.remember(inner, root, id);
    take(workspace, id, record, false);
    book.renew(id);
    Ok(())
}

/// What a linter needs of the packages that are not here: it could only say that they are not, which is said already.
fn lacking(workspace: &Workspace, plan: &Plan) -> Option<String> {
    let needs = plan.checker.needs.as_ref()?;
    let survey = workspace.survey()?;
    let of = survey.readiness.ecosystems.iter().filter(|one| one.name == *needs);
    let short: u64 = of.map(crate::status::short_of).sum();
    let what = crate::words::counted(short, "package");
    (short > 0).then(|| {
        format!("not run: {what} that it builds with are missing or damaged\nhint: `holdover preflight --fetch`")
    })
}

fn take(workspace: &Workspace, id: &str, record: Record, remembered: bool) {
    let on_disk = on_disk(&workspace.root, &record);
    workspace.check_book.put(id, |known| {
        known.state = record.state;
        known.detail.clone_from(&record.detail);
        known.record = Some(Arc::new(record));
        known.remembered = remembered;
        known.on_disk = Arc::new(on_disk);
    });
}

/// What came of a run, for everybody who works on the project, where it is another thing than before.
fn observed(inner: &Inner, root: &Path, id: &str, before: Option<&Record>, now: &Record) {
    let told = |record: &Record| (record.state, record.count(), is_serious(record), record.version.clone());
    // A step is run where somebody asks for it: each run is told of.
    if now.build.is_none() && before.map(told) == Some(told(now)) {
        return;
    }
    let mut payload = json!({
        "check": id, "state": now.state, "findings": now.count(), "version": now.version, "inputs": now.inputs,
        "commit": crate::prove::commit(root),
    });
    if let Some(build) = &now.build {
        payload["exit"] = json!(build.exit);
        payload["sources"] = json!(build.sources);
        payload["milliseconds"] = json!(build.milliseconds);
    }
    crate::record::found(inner, root, OBSERVED, payload);
}
