//! Journals of every form there was, kept in `fixtures/journals`: each opens, verifies, says what it said, and goes on.
//! A form that cannot be read any more would orphan every journal that exists.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use contract::{Actor, ActorKind, JobKind, JobState, Lane};
use holdover_journal::{Draft, Filter, Journal, Step};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn kept() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../fixtures/journals")
}

/// A copy, to be opened: opening may bring a journal up to date.
fn copy(of: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["journal.db", "journal.key", "journal.json"] {
        fs::copy(of.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn listing(journal: &Journal) -> String {
    let entries = journal.entries(&Filter::default()).unwrap();
    let lines: Vec<String> = entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    lines.join("\n") + "\n"
}

/// The form that this version writes.
fn format_of(folder: &Path) -> u64 {
    let text = fs::read_to_string(folder.join("journal.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["format"].as_u64().unwrap()
}

fn format_now() -> u64 {
    let folder = tempfile::tempdir().unwrap();
    drop(Journal::open(folder.path()).unwrap());
    format_of(folder.path())
}

/// `fixtures/journals/keep.sh` runs this: it adds the form that this version writes. What lies there is never made again.
#[test]
#[ignore = "adds a file to the repository"]
fn make() {
    let folder = kept().join(format!("v{}", format_now()));
    assert!(!folder.exists(), "a kept journal is never made again");
    let journal = Journal::open(&folder).unwrap();
    let workspace = Some(journal.workspace_id(Path::new("/projects/ferry")).unwrap());
    let person = Actor { kind: ActorKind::Person, name: "Åsa 🛳".to_owned(), model: None, prompt: None };
    let model = Actor {
        kind: ActorKind::Model,
        name: "explainer".to_owned(),
        model: Some("small-0.5b".to_owned()),
        prompt: Some("v3".to_owned()),
    };
    for (n, lane) in [Lane::Ctl, Lane::Review, Lane::Notes, Lane::Observations, Lane::Local].into_iter().enumerate() {
        for actor in [person.clone(), model.clone()] {
            let payload =
                json!({"n": n, "text": "a \"quote\", a \\ and an \u{1F6A2}", "none": null, "list": [1.5, -2, true]});
            let kind = format!("kept.{n}");
            journal
                .append(Draft { kind, lane, actor, workspace, intent: n % 2 == 0, ..Draft::observation("", payload) })
                .unwrap();
        }
    }
    let job = journal.job_begin(JobKind::Fetch, "get 1 artifact", workspace, person).unwrap();
    journal.job_advance(&job.id, Step::to(JobState::Running)).unwrap();
    journal.job_advance(&job.id, Step::because(JobState::Failed, "no route")).unwrap();
    drop(journal.lease("fetch:/projects/ferry").unwrap());
    journal.remember_put_many(vec![("cargo:itoa@1.0.0".to_owned(), b"present".to_vec())]);
    journal.flush().unwrap();
    // As a redaction leaves it: the event without its payload.
    let first = journal.entries(&Filter { kind: Some("kept.2".to_owned()), ..Filter::default() }).unwrap().remove(0);
    let id: ulid::Ulid = first.id.parse().unwrap();
    support::raw(&folder)
        .execute("DELETE FROM payload WHERE pos = (SELECT pos FROM event WHERE id = ?1)", [id.to_bytes()])
        .unwrap();
    fs::write(folder.join("events.jsonl"), listing(&journal)).unwrap();
    drop(journal);
    // What is of the machine where it was made.
    for name in ["journal.witness", "journal.reserve"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
}

#[test]
fn every_kept_journal_opens_verifies_says_what_it_said_and_goes_on() {
    for kept in forms() {
        let said = fs::read_to_string(kept.join("events.jsonl")).unwrap();
        let events: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let logs = events.iter().map(|event| event["log"].to_string()).collect::<BTreeSet<_>>().len() as u64;
        let (events, redacted) = (events.len() as u64, events.iter().filter(|e| e["payload"].is_null()).count() as u64);
        assert!(
            events > 10 && logs == 5 && redacted > 0,
            "{}: a kept journal has something of everything",
            kept.display()
        );
        let folder = copy(&kept);
        let journal = Journal::open(folder.path()).unwrap();
        let before = journal.verify().unwrap();
        assert_eq!((before.events, before.logs, before.redacted), (events, logs, redacted), "{}", kept.display());
        assert_eq!(listing(&journal), said, "{}", kept.display());
        let jobs = journal.jobs(false).unwrap();
        assert_eq!((jobs.len(), jobs[0].state), (1, JobState::Failed));
        assert_eq!(journal.remember_get("cargo:itoa@1.0.0").unwrap().as_deref(), Some(&b"present"[..]));
        // It goes on, with its own logs and with a lease of its own.
        journal.append(Draft { intent: true, ..Draft::observation("check.ran", json!({})) }).unwrap();
        assert_eq!(journal.lease("fetch:/projects/ferry").unwrap().token(), 2);
        drop(journal);
        let again = Journal::open(folder.path()).unwrap();
        let after = again.verify().unwrap();
        assert_eq!((after.events, after.logs, after.redacted), (events + 1, logs, redacted), "{}", kept.display());
        assert_eq!(format_of(folder.path()), format_now(), "{} was brought up to date", kept.display());
    }
}

fn forms() -> Vec<PathBuf> {
    let entries = fs::read_dir(kept()).unwrap().map(|entry| entry.unwrap().path());
    let mut forms: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    forms.sort();
    forms
}

/// Whoever raises the format has the version before it at hand, and later nobody does.
#[test]
fn a_journal_of_every_form_before_this_one_is_kept() {
    let kept: BTreeSet<u64> = forms().iter().map(|folder| format_of(folder)).collect();
    for format in 1..format_now() {
        assert!(
            kept.contains(&format),
            "no journal of format {format} is kept: `fixtures/journals/keep.sh COMMIT`, with the last commit that wrote it"
        );
    }
    for folder in forms() {
        assert_eq!(folder.file_name().unwrap().to_str().unwrap(), format!("v{}", format_of(&folder)));
    }
}
