//! `holdover journal` as somebody at a terminal meets it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use contract::{Actor, ActorKind, JobKind, JobState, Lane};
use journal::{Draft, Journal, Op, OpKind, Step, ops_value};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn holdover(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdover"));
    command.args(arguments).env("HOLDOVER_DATA_DIR", data).env("TZ", "UTC").current_dir(data);
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    holdover(data, arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn kinds(data: &Path, arguments: &[&str]) -> Vec<String> {
    let whole = [&["--json", "journal", "log"][..], arguments].concat();
    let output = run(data, &whole);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    text(&output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// A journal with a note, a job that failed at its second attempt, and a decision; and the job's id.
fn filled() -> (tempfile::TempDir, String) {
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(data.path().join("src")).unwrap();
    std::fs::write(data.path().join("holdover.toml"), "").unwrap();
    let journal = Journal::open(data.path()).unwrap();
    let anna = Actor { kind: ActorKind::Person, name: "Anna".to_owned(), model: None, prompt: None };
    let ops = [Op::new("body", OpKind::Text, "why is \u{1b}[31mgetUserName slow?"), Op::set("path", "src/main.rs")];
    let payload = json!({"ops": ops_value(&ops)});
    let note = Draft { lane: Lane::Notes, actor: anna.clone(), ..Draft::observation("note.add", payload) };
    journal.append(note).unwrap();
    let job = journal.job_begin(JobKind::Fetch, "get 2 artifacts", None, anna).unwrap();
    journal.job_advance(&job.id, Step::to(JobState::Running)).unwrap();
    journal.job_advance(&job.id, Step::because(JobState::Queued, "no route to anywhere")).unwrap();
    journal.job_advance(&job.id, Step::to(JobState::Running)).unwrap();
    journal.job_advance(&job.id, Step::because(JobState::Failed, "the disk is full")).unwrap();
    journal.append(Draft { intent: true, ..Draft::observation("offline.set", json!({"mode": "on"})) }).unwrap();
    (data, job.id)
}

#[test]
fn the_filters_take_exactly_what_they_say() {
    let (data, job) = filled();
    let data = data.path();
    assert_eq!(kinds(data, &[]).len(), 7);
    assert_eq!(kinds(data, &["--kind", "note"]), ["note.add"]);
    assert_eq!(kinds(data, &["--path", "src"]), ["note.add"]);
    assert_eq!(kinds(data, &["--path", "src/main.rs"]), ["note.add"]);
    assert_eq!(kinds(data, &["--path", "src/gone.rs"]), [""; 0]);
    assert_eq!(kinds(data, &["--by", "person"]), ["note.add", "job.queued"]);
    assert_eq!(kinds(data, &["--actor", "Anna", "-n", "1"]), ["job.queued"]);
    assert_eq!(kinds(data, &["--entity", &job, "-n", "2"]), ["job.running", "job.failed"]);
    assert_eq!(kinds(data, &["--lane", "notes"]), ["note.add"]);
    assert_eq!(kinds(data, &["--since", "1h", "--kind", "offline"]), ["offline.set"]);
    assert_eq!(kinds(data, &["--until", "1h"]), [""; 0]);
    assert_eq!(run(data, &["journal", "log", "--since", "soon"]).status.code(), Some(2));
    assert_eq!(run(data, &["journal", "log", "--path", "/"]).status.code(), Some(2));
}

#[test]
fn a_search_ends_with_0_where_it_found_1_where_not_and_2_where_it_was_no_question() {
    let (data, _) = filled();
    let data = data.path();
    let found = run(data, &["journal", "search", "userName", "--path", "src"]);
    assert_eq!(found.status.code(), Some(0), "{found:?}");
    assert!(text(&found).contains("note.add") && text(&found).contains("getUserName"), "{}", text(&found));
    assert!(!text(&found).contains('\u{1b}'), "what an event says cannot command a terminal");
    let found = run(data, &["--json", "journal", "search", "no route"]);
    let hit: Value = serde_json::from_str(text(&found).lines().next().unwrap()).unwrap();
    assert_eq!(
        (&hit["kind"], &hit["member"], &hit["snippet"][0]["hit"]),
        (&json!("job.queued"), &json!("error"), &json!(true))
    );
    assert_eq!(run(data, &["journal", "search", "nothing", "like", "it"]).status.code(), Some(1));
    for hostile in [
        "\"",
        "*",
        "a AND (",
        "NEAR(a b",
        "{words}:x",
        "x'00'",
        "\u{0}a".trim_start_matches('\0'),
        "🚢 OR",
        "^a^",
        "%_",
    ] {
        let code = run(data, &["journal", "search", "--", hostile]).status.code();
        assert!(matches!(code, Some(1 | 2)), "{hostile}: {code:?}");
        let code = run(data, &["journal", "search", "--advanced", "--", hostile]).status.code();
        assert!(matches!(code, Some(1 | 2)), "{hostile}, advanced: {code:?}");
    }
}

#[test]
fn the_story_of_a_job_is_shown_with_every_attempt_and_error_in_order() {
    let (data, job) = filled();
    let shown = text(&run(data.path(), &["journal", "show", &job]));
    let mut rest = shown.as_str();
    for part in [
        "get 2 artifacts",
        "failed, after 2 attempts",
        "job.queued",
        "job.running",
        "no route to anywhere",
        "job.failed",
        "the disk is full",
    ] {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part} in its place in {shown}"));
        rest = &rest[at..];
    }
    assert_eq!(run(data.path(), &["journal", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]).status.code(), Some(1));
    assert_eq!(run(data.path(), &["journal", "show", "no-id"]).status.code(), Some(2));
}

#[test]
fn a_replay_is_the_same_and_shows_how_a_thing_was_merged() {
    let (data, _) = filled();
    let same = run(data.path(), &["journal", "replay"]);
    assert_eq!(same.status.code(), Some(0));
    let same = text(&same);
    assert!(same.lines().all(|line| line.ends_with(": the same in every row")), "{same}");
    for view in ["trail", "search", "seen", "notes"] {
        assert!(same.lines().any(|line| line.starts_with(view)), "{view} in {same}");
    }
    let log = text(&run(data.path(), &["--json", "journal", "log", "--kind", "note"]));
    let id = serde_json::from_str::<Value>(&log).unwrap()["entity"].as_str().unwrap().to_owned();
    let merged = text(&run(data.path(), &["journal", "replay", "--entity", &id, "--until", &id]));
    assert!(merged.contains("body") && merged.contains("settled") && merged.contains(&format!("{id}/0")), "{merged}");
    assert_eq!(
        run(data.path(), &["journal", "replay", "--entity", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]).status.code(),
        Some(2)
    );
}

#[test]
fn following_prints_what_another_process_writes_and_ends_with_0_on_ctrl_c() {
    let (data, _) = filled();
    let mut follow =
        holdover(data.path(), &["journal", "log", "-n", "1", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("offline.set"));
    let journal = Journal::open(data.path()).unwrap();
    journal.append(Draft::observation("check.ran", json!({"name": "clippy"}))).unwrap();
    assert!(lines.next().unwrap().unwrap().contains("clippy"));
    assert!(Command::new("kill").args(["-INT", &follow.id().to_string()]).status().unwrap().success());
    assert_eq!(follow.wait().unwrap().code(), Some(0));
}
