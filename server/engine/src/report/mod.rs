//! A status as people read it: sections with rows of cells, put together once for the terminal and for editors.
//! Says nothing that is not in the status; how it is coloured and aligned is for who shows it.

pub(crate) mod markdown;
pub(crate) mod metrics;
mod note;
mod record;
mod review;
mod story;
pub(crate) mod sync;

pub(crate) use note::{note_hover, note_markdown, note_texts, texts};
pub use note::{note_text, note_to_edit};
pub(crate) use record::{record_markdown, record_sides_markdown};
pub(crate) use review::thread_markdown;
pub use review::{publication_text, review_text, thread_text};
pub use story::{delivery, summary};

use crate::words;
use contract::{
    CheckState, ConnectivityState, Function, FunctionMode, JournalEntry, JournalState, MirrorState, ModelState,
    ReadinessState, Status, SyncState,
};

/// How a cell is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Fair,
    /// Something does not work because of it.
    Bad,
    /// Beside the point.
    Faint,
    /// A path or an address, letter for letter.
    Path,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
}

/// Rows of one kind. Every row has as many cells as there are columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// The columns' headings.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A status as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The line that a status bar shows.
    pub title: String,
    /// The answer in words: `not ready: 3 missing`.
    pub verdict: Cell,
    /// What was judged, for what, and when.
    pub about: String,
    /// Everything else; none is empty.
    pub sections: Vec<Section>,
}

fn cell(text: impl Into<String>, tone: Tone) -> Cell {
    Cell { text: text.into(), tone }
}

impl Report {
    /// Puts a status into words.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        let readiness = &status.readiness;
        let tone = match readiness.state {
            ReadinessState::Ready | ReadinessState::Proven => Tone::Good,
            ReadinessState::Incomplete => Tone::Bad,
            ReadinessState::StaleProof | ReadinessState::Unknown => Tone::Fair,
        };
        let mut about = Vec::new();
        if !readiness.target.is_empty() {
            about.push(format!("judged for {}", readiness.target));
        }
        if let Some(at) = &readiness.checked_at {
            about.push(format!("looked at {}", host::local_time(at)));
        }
        let sections = [lockfiles(status), now(status), functions(&status.functions), caches(status), mirrors(status)];
        Self {
            title: status.text.clone(),
            verdict: cell(&readiness.text, tone),
            about: about.join(", "),
            sections: sections.into_iter().filter(|section| !section.rows.is_empty()).collect(),
        }
    }

    /// As a Markdown document. `folder` is the workspace's own folder, which is named in it.
    #[must_use]
    pub fn markdown(&self, folder: &std::path::Path) -> String {
        markdown::report(self, folder)
    }
}

/// One entry of the journal as a Markdown document.
#[must_use]
pub fn journal_entry_markdown(entry: &JournalEntry) -> String {
    markdown::entry(entry)
}

/// The trail of a file as a Markdown document.
pub(crate) fn trail_markdown(trail: &contract::TrailReport) -> String {
    markdown::trail(trail)
}

fn lockfiles(status: &Status) -> Section {
    let all = &status.readiness.ecosystems;
    let mut columns = vec!["lockfile", "ecosystem", "here"];
    let kinds: [(&str, Count, Tone); 5] = [
        ("missing", |one| one.missing, Tone::Bad),
        ("corrupt", |one| one.corrupt, Tone::Bad),
        ("stale", |one| one.stale, Tone::Fair),
        ("unknown", |one| one.unknown, Tone::Fair),
        ("only for other targets", |one| one.other_targets, Tone::Faint),
    ];
    // A column in which every figure is zero says nothing.
    let kinds: Vec<_> = kinds.into_iter().filter(|(_, count, _)| all.iter().any(|one| count(one) > 0)).collect();
    columns.extend(kinds.iter().map(|(word, ..)| *word));
    columns.extend(["checksums compared", "size"]);
    let problems = all.iter().any(|one| one.problem.is_some());
    if problems {
        columns.push("problem");
    }
    let row = |one: &contract::EcosystemReadiness| {
        let whole = if one.present == one.total && one.problem.is_none() { Tone::Good } else { Tone::Plain };
        let of = |n, total| format!("{} of {}", words::thousands(n), words::thousands(total));
        let mut row = vec![
            cell(one.lockfile.display().to_string(), Tone::Path),
            cell(&one.name, Tone::Plain),
            cell(of(one.present, one.total), whole),
        ];
        row.extend(kinds.iter().map(|(_, count, tone)| match count(one) {
            0 => cell("0", Tone::Faint),
            n => cell(words::thousands(n), *tone),
        }));
        row.push(cell(of(one.verified, one.present), Tone::Plain));
        row.push(cell(one.bytes.map(words::size).unwrap_or_default(), Tone::Plain));
        if problems {
            row.push(cell(one.problem.clone().unwrap_or_default(), Tone::Bad));
        }
        row
    };
    Section { title: "Lockfiles", rows: all.iter().map(row).collect(), columns }
}

/// One of a lockfile's counts.
type Count = fn(&contract::EcosystemReadiness) -> u64;

/// What is not a table of its own.
fn now(status: &Status) -> Section {
    let mut rows = Vec::new();
    let mut add = |name: &str, text: String, tone| rows.push(vec![cell(name, Tone::Plain), cell(text, tone)]);
    let connection = &status.connectivity;
    let since = if connection.since.is_empty() {
        String::new()
    } else {
        format!(" since {}", host::local_time(&connection.since))
    };
    let tone = if connection.state == ConnectivityState::Online { Tone::Good } else { Tone::Plain };
    add("connection", format!("{}{since}: {}", connection.text, connection.detail), tone);
    let tone = if status.trusted { Tone::Good } else { Tone::Fair };
    add("trust", words::trust(status.trusted).to_owned(), tone);
    let tone = if status.conflicts.hunks > 0 { Tone::Fair } else { Tone::Plain };
    add("merge conflicts", status.conflicts.text.clone(), tone);
    let journal = &status.journal;
    let events = journal.events.map(|n| format!("{}, ", words::counted(n, "event"))).unwrap_or_default();
    let tone = if journal.state == JournalState::Failed { Tone::Bad } else { Tone::Plain };
    add("journal", format!("{events}{}", journal.detail), tone);
    if let Some(proof) = &status.readiness.proof {
        let tone = match proof.state {
            contract::ProofState::Proven if proof.changed.is_empty() => Tone::Good,
            contract::ProofState::Reached | contract::ProofState::Failed => Tone::Bad,
            _ => Tone::Fair,
        };
        let since = if proof.changed.is_empty() { "" } else { "; something has changed since" };
        add("proof", format!("{} ({}){since}", proof.text, host::local_time(&proof.at)), tone);
    }
    if let Some(snapshot) = &status.readiness.snapshot {
        add("snapshot", snapshot.text.clone(), if snapshot.problems.is_empty() { Tone::Plain } else { Tone::Fair });
    }
    for check in &status.checks {
        let (word, tone) = match check.state {
            CheckState::Running => ("running", Tone::Plain),
            CheckState::Passed => ("passed", Tone::Good),
            CheckState::Failed => ("failed", Tone::Bad),
            CheckState::Stale => ("ran on other inputs", Tone::Fair),
            CheckState::Unavailable => ("unavailable", Tone::Faint),
        };
        let ran = check.ran_at.as_ref().map(|at| format!(", {}", host::local_time(at))).unwrap_or_default();
        let told = match &*check.text {
            "" => format!("{}{ran}", words::counted(check.findings, "finding")),
            text => text.to_owned(),
        };
        add(&check.name, format!("{word}, {told}"), tone);
    }
    let sync = &status.sync;
    if sync.state != SyncState::Disabled {
        let (word, tone) = match sync.state {
            SyncState::Disabled | SyncState::Idle => ("nothing to do", Tone::Good),
            SyncState::Syncing => ("under way", Tone::Plain),
            SyncState::Backoff => ("will be tried again", Tone::Fair),
            SyncState::Attention => ("needs a person", Tone::Bad),
        };
        let figures = [(sync.pending, "waiting"), (sync.failed, "failed"), (sync.conflicts, "in conflict")];
        let figures = figures.map(|(n, what)| format!("{} {what}", words::thousands(n))).join(", ");
        let time = |what: &str, at: &Option<String>| {
            at.as_ref().map(|at| format!(", {what} {}", host::local_time(at))).unwrap_or_default()
        };
        let times = time("last done", &sync.last_success) + &time("next try", &sync.next_attempt);
        let remotes = words::counted(sync.remotes.len() as u64, "remote");
        add("sync", format!("{word}: {figures}, {remotes}{times}"), tone);
        for drift in sync.health.iter().flat_map(|health| &health.drift) {
            add("", drift.text.clone(), Tone::Fair);
        }
    }
    let reviews = status.reviews;
    if reviews.open_threads + reviews.unsent > 0 {
        let threads = words::counted(reviews.open_threads, "open thread");
        add("reviews", format!("{threads}, {} unsent", words::thousands(reviews.unsent)), Tone::Plain);
    }
    let model = &status.model;
    if model.state != ModelState::None {
        let (word, tone) = match model.state {
            ModelState::None | ModelState::Available => ("not loaded", Tone::Plain),
            ModelState::Loading => ("being loaded", Tone::Plain),
            ModelState::Ready => ("ready", Tone::Good),
            ModelState::Busy => ("answering", Tone::Plain),
            ModelState::Failed => ("failed", Tone::Bad),
        };
        let parts = [model.name.as_deref().unwrap_or_default(), word, &model.detail];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        add("model", parts.join(", "), tone);
    }
    Section { title: "Now", columns: vec!["what", "how it stands"], rows }
}

fn functions(all: &[Function]) -> Section {
    let row = |one: &Function| {
        let tone = match one.mode {
            FunctionMode::Local | FunctionMode::Delayed => Tone::Good,
            // Nothing can be done about it: no reason to shout.
            FunctionMode::Unavailable if one.next.is_empty() => Tone::Faint,
            FunctionMode::NeedsOnline | FunctionMode::Unavailable => Tone::Fair,
        };
        let name = cell(&one.name, Tone::Plain);
        vec![name, cell(&one.text, tone), cell(&one.reason, Tone::Plain), cell(&one.next, Tone::Plain)]
    };
    Section {
        title: "What works",
        columns: vec!["function", "works", "why", "next"],
        rows: all.iter().map(row).collect(),
    }
}

fn caches(status: &Status) -> Section {
    let row = |one: &contract::Cache| {
        let expires =
            one.expires_at.as_ref().map(|at| format!("kept until {}", host::local_time(at))).unwrap_or_default();
        let path = cell(one.path.display().to_string(), Tone::Path);
        vec![cell(&one.ecosystem, Tone::Plain), path, cell(&one.text, Tone::Plain), cell(expires, Tone::Plain)]
    };
    let rows: Vec<_> = status.caches.iter().map(row).collect();
    let columns = vec!["ecosystem", "where", "how much", "how long"];
    without_empty_columns(Section { title: "Caches", columns, rows })
}

fn mirrors(status: &Status) -> Section {
    let row = |one: &contract::Mirror| {
        let tone = match one.state {
            MirrorState::Reachable => Tone::Good,
            MirrorState::Unknown => Tone::Faint,
            _ => Tone::Fair,
        };
        let asked = one.checked_at.as_ref().map(|at| host::local_time(at)).unwrap_or_default();
        let name = cell(&one.ecosystem, Tone::Plain);
        vec![name, cell(&one.url, Tone::Path), cell(&one.text, tone), cell(asked, Tone::Plain)]
    };
    let rows: Vec<_> = status.mirrors.iter().map(row).collect();
    let columns = vec!["ecosystem", "address", "state", "asked"];
    without_empty_columns(Section { title: "Registries", columns, rows })
}

fn without_empty_columns(mut section: Section) -> Section {
    let full: Vec<bool> =
        (0..section.columns.len()).map(|i| section.rows.iter().any(|row| !row[i].text.is_empty())).collect();
    let mut keep = full.iter();
    section.columns.retain(|_| keep.next() == Some(&true));
    for row in &mut section.rows {
        let mut keep = full.iter();
        row.retain(|_| keep.next() == Some(&true));
    }
    section
}
