//! Where the linters of a workspace stand and what they found, for everybody who asks: from memory. Findings of an earlier process say
//! so, with their age, until the linter has run again or nothing that it depends on has changed.

use super::inputs::Hashes;
use super::plan::Plan;
use super::record::Record;
use crate::workspace::Workspace;
use checks::checker::{Found, checkers};
use contract::{BuildRun, CheckState, CheckStatus, Finding, Severity};
use host::Cancel;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// By file, as they are on the disk.
pub(super) type ByFile = BTreeMap<PathBuf, Vec<Finding>>;

/// What is known of the linters of one workspace.
#[derive(Default)]
pub(crate) struct CheckBook {
    held: Mutex<Held>,
    pub(super) hashes: Hashes,
    /// Texts of rules that were asked for, by the key under which they are remembered: the journal has one only a moment later.
    pub(super) rules: Mutex<HashMap<String, String>>,
    /// Stops the look that goes on.
    pub(super) looking: Mutex<Option<Cancel>>,
}

#[derive(Default)]
struct Held {
    checks: BTreeMap<String, Known>,
    /// What is used, as it was seen last.
    plans: Vec<Plan>,
    /// By file and linter, of the texts of open documents.
    buffers: HashMap<PathBuf, HashMap<String, Buffer>>,
    told: Arc<ByFile>,
}

/// Where one linter stands.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub state: CheckState,
    pub detail: String,
    pub record: Option<Arc<Record>>,
    /// It was found by an earlier process.
    pub remembered: bool,
    pub running: bool,
    /// By file: where its findings stand on the disk.
    pub on_disk: Arc<ByFile>,
}

/// What a linter found in the text of an open document.
struct Buffer {
    /// The text that is looked at now, and how to stop that.
    asked: (String, Cancel),
    found: Option<(Arc<Record>, PathBuf)>,
}

impl CheckBook {
    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found last, by file, as the files are on the disk.
    pub fn findings(&self) -> Arc<ByFile> {
        Arc::clone(&self.held().told)
    }

    /// Changes where a linter stands.
    pub(super) fn put(&self, id: &str, change: impl FnOnce(&mut Known)) {
        let mut held = self.held();
        change(held.checks.entry(id.to_owned()).or_default());
        held.tell();
    }

    pub(super) fn known(&self, id: &str) -> Option<Known> {
        self.held().checks.get(id).cloned()
    }

    /// What is used now; where something is used no longer, what it found goes.
    pub(super) fn plan(&self, plans: Vec<Plan>) {
        let mut held = self.held();
        held.checks.retain(|id, _| plans.iter().any(|plan| plan.checker.id == *id));
        held.plans = plans;
        held.tell();
    }

    pub(super) fn plan_of(&self, id: &str) -> Option<Plan> {
        self.held().plans.iter().find(|plan| plan.checker.id == id).cloned()
    }

    /// Takes back all of it.
    pub fn forget(&self) {
        *self.held() = Held::default();
    }

    /// Where each of them stands, in the order in which they are run.
    pub fn statuses(&self) -> Vec<CheckStatus> {
        let held = self.held();
        let planned = held.plans.iter().map(|plan| &*plan.checker.id);
        let mut order: Vec<&str> = planned.chain(checkers().iter().map(|checker| &*checker.id)).collect();
        order.extend(held.checks.keys().map(|id| &**id));
        let mut seen = std::collections::HashSet::new();
        let is_step = |id: &str| held.plans.iter().any(|plan| plan.step.is_some() && plan.checker.id == id);
        let known = |id: &&str| Some(CheckStatus { is_step: is_step(id), ..status(id, held.checks.get(*id)?) });
        order.iter().filter(|id| seen.insert(**id)).filter_map(known).collect()
    }

    /// How much of what one linter found is told of these files.
    pub fn count(&self, id: &str, within: &dyn Fn(&Path) -> bool) -> u64 {
        let held = self.held();
        let Some(known) = held.checks.get(id) else { return 0 };
        let own = known.record.iter().flat_map(|record| &record.own);
        known.on_disk.values().flatten().chain(own).filter(|finding| within(&finding.file)).count() as u64
    }

    /// Whether a finding is of one of these checks.
    pub fn is_of(&self, finding: &Finding, wants: &dyn Fn(&str) -> bool) -> bool {
        let about = finding.data.as_ref().and_then(|data| data.get("check")).and_then(|check| check.as_str());
        let source = || self.of_source(&finding.source);
        about.map_or_else(|| wants(&source()), wants)
    }

    /// Which of the linters a source of findings is: the compiler speaks for itself.
    pub(super) fn of_source(&self, source: &str) -> String {
        let held = self.held();
        let speaks = |plan: &&Plan| plan.checker.format == checks::checker::Format::CargoJson;
        let cargo = || held.plans.iter().find(speaks).map(|plan| plan.checker.id.clone());
        if source == "rustc" { cargo().unwrap_or_else(|| "clippy".to_owned()) } else { source.to_owned() }
    }

    /// Whether anything may be said of a file.
    pub fn knows(&self, root: &Path, file: &Path) -> bool {
        let held = self.held();
        held.told.contains_key(file)
            || held.buffers.contains_key(file)
            || held.plans.iter().any(|plan| reads(root, plan, file))
    }

    /// The linters that look at the text of an open document while it is typed.
    pub(super) fn of_text(&self, root: &Path, file: &Path) -> Vec<Plan> {
        let held = self.held();
        let looks =
            |plan: &&Plan| plan.checker.for_file("").is_some() && plan.program.is_some() && reads(root, plan, file);
        held.plans.iter().filter(looks).cloned().collect()
    }

    /// Whether a linter depends on a file that was saved.
    pub(super) fn depends(&self, root: &Path, file: &Path) -> bool {
        let held = self.held();
        held.plans.iter().any(|plan| {
            // A step is not run by itself: what is new is that what it came to does not count any more.
            if let Some(step) = &plan.step {
                let known = held.checks.get(&plan.checker.id);
                let counts = |known: &Known| known.record.is_some() && known.state != CheckState::Stale;
                return known.is_some_and(counts) && file.strip_prefix(root).is_ok_and(|file| step.reads(file));
            }
            let all = plan.checker.inputs == checks::checker::Inputs::All;
            let below = plan.folders.iter().any(|folder| file.starts_with(root.join(folder)));
            let configures = plan.checker.configuration.iter().any(|name| file.ends_with(name));
            reads(root, plan, file) || configures || all && below
        })
    }

    /// A text is to be looked at: gives how to stop that, unless it is looked at or was already. An earlier one is stopped.
    pub(super) fn ask(&self, file: &Path, id: &str, fingerprint: &str) -> Option<Cancel> {
        let mut held = self.held();
        let of = held.buffers.entry(file.to_path_buf()).or_default();
        if of.get(id).is_some_and(|buffer| buffer.asked.0 == fingerprint) {
            return None;
        }
        let cancel = Cancel::new();
        let asked = (fingerprint.to_owned(), cancel.clone());
        match of.get_mut(id) {
            Some(buffer) => std::mem::replace(&mut buffer.asked, asked).1.cancel(),
            None => drop(of.insert(id.to_owned(), Buffer { asked, found: None })),
        }
        Some(cancel)
    }

    /// What was found in a text; says whether anybody still wants it.
    pub(super) fn answer(&self, file: &Path, id: &str, below: &Path, record: Record) -> bool {
        let mut held = self.held();
        let Some(buffer) = held.buffers.get_mut(file).and_then(|of| of.get_mut(id)) else { return false };
        buffer.found = Some((Arc::new(record), below.to_path_buf()));
        true
    }

    /// The linter or what configures it may be another: texts are looked at again.
    pub(super) fn renew(&self, id: &str) {
        for buffer in self.held().buffers.values_mut().filter_map(|of| of.get_mut(id)) {
            buffer.asked.0.clear();
        }
    }

    /// A document was closed: what counts is what is on the disk.
    pub fn closed(&self, file: &Path) {
        for buffer in self.held().buffers.remove(file).into_iter().flat_map(HashMap::into_values) {
            buffer.asked.1.cancel();
        }
    }

    /// What stands in a text, by linter, with how it is marked: a newer look at the text itself counts before one at the disk.
    pub(super) fn in_text(&self, root: &Path, file: &Path, text: &str) -> Vec<(Vec<Found>, Option<String>)> {
        let (records, own) = {
            let held = self.held();
            let buffers = held.buffers.get(file);
            let mut records = Vec::new();
            let mut own: Vec<Finding> = Vec::new();
            for (id, known) in &held.checks {
                let buffer = buffers.and_then(|of| of.get(id)?.found.clone());
                let of_run = known.record.iter().flat_map(|record| &record.own).filter(|one| one.file == file);
                own.extend(of_run.cloned().map(|one| with_mark(one, mark(known).as_deref())));
                match (buffer, &known.record) {
                    (Some((record, below)), _) => {
                        own.extend(record.own.iter().cloned().map(|mut one| {
                            file.clone_into(&mut one.file);
                            one
                        }));
                        records.push((record, below, None));
                    }
                    (None, Some(record)) => {
                        let below = file.strip_prefix(root).unwrap_or(file).to_path_buf();
                        records.push((Arc::clone(record), below, mark(known)));
                    }
                    (None, None) => {}
                }
            }
            (records, own)
        };
        let mut all: Vec<_> = records
            .into_iter()
            .filter_map(|(record, below, mark)| Some((record.files.get(&below)?.in_text(text), mark)))
            .collect();
        let own = own.into_iter().map(|finding| Found { finding, fixes: Vec::new(), lines: String::new() });
        all.push((own.collect(), None));
        all
    }
}

fn reads(root: &Path, plan: &Plan, file: &Path) -> bool {
    plan.checker.reads(file) && plan.folders.iter().any(|folder| file.starts_with(root.join(folder)))
}

impl Held {
    /// Puts together what is to be said of files.
    fn tell(&mut self) {
        let mut told = ByFile::new();
        let is_step = |known: &&Known| known.record.as_ref().is_some_and(|record| record.build.is_some());
        let (steps, linters): (Vec<&Known>, Vec<&Known>) = self.checks.values().partition(is_step);
        for (at, known) in linters.iter().chain(&steps).enumerate() {
            let mark = mark(known);
            let own = known.record.iter().flat_map(|record| &record.own);
            for finding in known.on_disk.values().flatten().chain(own) {
                let beside = told.entry(finding.file.clone()).or_default();
                // What a compiler said to a linter and to a build is told once.
                if at < linters.len() || !beside.iter().any(|one| is_same(one, finding)) {
                    beside.push(with_mark(finding.clone(), mark.as_deref()));
                }
            }
        }
        if *self.told != told {
            self.told = Arc::new(told);
        }
    }
}

/// Whether a build says what a linter said already.
fn is_same(one: &Finding, of_step: &Finding) -> bool {
    let first = |finding: &Finding| finding.message.lines().next().unwrap_or_default().to_owned();
    one.source != "holdover"
        && one.source != of_step.source
        && one.range.start.line == of_step.range.start.line
        && (one.code == of_step.code && !one.code.is_empty() || first(one) == first(of_step))
}

/// How findings of an earlier process, or of other inputs, are marked.
fn mark(known: &Known) -> Option<String> {
    let record = known.record.as_ref()?;
    match known.state {
        CheckState::Stale => Some(format!("stale: found {}, and something has changed since", host::ago(&record.at))),
        _ if known.remembered => Some(format!("remembered: found {}", host::ago(&record.at))),
        _ => None,
    }
}

pub(super) fn with_mark(mut finding: Finding, mark: Option<&str>) -> Finding {
    if let Some(mark) = mark {
        finding.message = format!("{}\n{mark}", finding.message);
    }
    finding
}

fn status(id: &str, known: &Known) -> CheckStatus {
    let record = known.record.as_ref();
    let state = if known.running { CheckState::Running } else { known.state };
    let findings = record.map_or(0, |record| record.count());
    let ran = record.map(|record| host::ago(&record.at));
    let count = crate::words::counted(findings, "finding");
    let build = record.and_then(|record| record.build.as_ref());
    let text = match (state, ran) {
        (CheckState::Passed | CheckState::Failed | CheckState::Stale, Some(ran)) if build.is_some() => {
            stood(state, build, &ran, findings)
        }
        (CheckState::Running, _) => "running".to_owned(),
        (CheckState::Passed, Some(ran)) => format!("nothing found, {ran}"),
        (CheckState::Failed, Some(ran)) => format!("{count}, {ran}"),
        (CheckState::Stale, Some(ran)) => format!("{count}, {ran}, and something has changed since"),
        (CheckState::Unavailable, _) => known.detail.lines().next().unwrap_or("not run").to_owned(),
        (_, None) => "not run yet".to_owned(),
    };
    CheckStatus {
        name: id.to_owned(),
        state,
        findings,
        ran_at: record.map(|record| record.at.clone()),
        detail: known.detail.clone(),
        version: record.and_then(|record| record.version.clone()),
        remembered: known.remembered && record.is_some(),
        text,
        build: build.cloned().map(Box::new),
        is_step: false,
    }
}

/// How a step stands, in words.
fn stood(state: CheckState, build: Option<&BuildRun>, ran: &str, findings: u64) -> String {
    let Some(build) = build else { return String::new() };
    let mut said = format!("{} after {}, {ran}", build.ended, super::step_run::took(build.milliseconds));
    // Of one that failed one finding is that it failed.
    let placed = findings.saturating_sub(u64::from(build.says.is_some()));
    if placed > 0 {
        let _ = write!(said, "; {}", crate::words::counted(placed, "finding"));
    }
    if state == CheckState::Stale { said + ", and something has changed since" } else { said }
}

/// Whether something is to be mended.
pub(super) fn is_serious(record: &Record) -> bool {
    let found = record.files.values().flat_map(|file| &file.found).map(|one| &one.finding);
    found.chain(&record.own).any(|finding| finding.severity <= Severity::Warning)
}

impl Workspace {
    /// What the linters say of an open document.
    pub fn checked_document(&self, file: &Path, text: &str) -> Vec<Finding> {
        let all = self.check_book.in_text(&self.root, file, text);
        let marked = |(found, mark): (Vec<Found>, Option<String>)| {
            found.into_iter().map(move |one| with_mark(one.finding, mark.as_deref())).collect::<Vec<_>>()
        };
        all.into_iter().flat_map(marked).collect()
    }
}
