//! Retention deletes contents by rule and says so; what is meant stays, the chain is whole, and nothing comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use contract::{Actor, ActorKind, JobKind, JobState, Lane, NoteAnchor};
use holdover_journal::{
    Draft, Erasure, Filter, Journal, NO_PROJECT, OpId, RETAINED, Retained, Retention, Rules, Search, Step, holdover,
    note_added, note_edited, note_retracted, now_ms,
};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::Path;
use support::raw;
use ulid::Ulid;

const DAY: i64 = 24 * 3_600_000;

fn journal() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    (folder, journal)
}

fn go() -> impl FnMut(u64, u64) -> ControlFlow<()> {
    |_, _| ControlFlow::Continue(())
}

/// Thirty days on lanes, sixty on notes.
fn rules() -> Rules {
    Rules { observations: Some(30 * DAY), local: Some(30 * DAY), notes: Some(60 * DAY) }
}

fn everywhere() -> Retention {
    Retention { rest: rules(), ..Retention::default() }
}

fn observed(journal: &Journal, workspace: Option<Ulid>, text: &str) -> Ulid {
    let draft = Draft { lane: Lane::Observations, workspace, ..Draft::observation("check.ran", json!({"text": text})) };
    journal.append(draft).unwrap().id.parse().unwrap()
}

fn payload(journal: &Journal, id: Ulid) -> Value {
    journal.entries(&Filter { id: Some(id), ..Filter::default() }).unwrap().remove(0).payload
}

fn after(days: i64) -> i64 {
    now_ms() + days * DAY
}

fn retained(journal: &Journal, days: i64) -> Retained {
    journal.retain(&everywhere(), after(days), go()).unwrap()
}

fn is_whole(journal: &Journal, gone: u64) {
    let verified = journal.verify().unwrap();
    assert_eq!((verified.redacted, verified.unexplained), (gone, 0));
    assert!(journal.replay(|_, _, _| ControlFlow::Continue(())).unwrap().iter().all(|view| view.difference.is_none()));
}

#[test]
fn what_is_older_than_its_lanes_rule_goes_and_an_event_says_which() {
    let (folder, journal) = journal();
    let old: Vec<Ulid> = (0..5).map(|n| observed(&journal, None, &format!("xylophonist {n}"))).collect();
    let local: Ulid = journal
        .append(Draft::observation("explain.answered", json!({"text": "xylophonist"})))
        .unwrap()
        .id
        .parse()
        .unwrap();
    journal.catch_up(|_| ControlFlow::Continue(())).unwrap();
    let hits = || journal.search(&Search { text: "xylophonist".to_owned(), ..Search::default() }).unwrap().hits.len();
    assert_eq!(hits(), 5);
    assert_eq!(retained(&journal, 29), Retained::default(), "it is not old enough");
    let then = after(31);
    let would = journal.outdated(&everywhere(), then, go()).unwrap();
    assert_eq!((would.payloads(), would.event, hits()), (6, None, 5), "looking deletes nothing");

    let done = journal.retain(&everywhere(), then, go()).unwrap();
    assert_eq!((done.payloads(), &done.runs, hits()), (6, &would.runs, 0));
    assert!(old.iter().chain([&local]).all(|id| payload(&journal, *id).is_null()));
    let told = journal.entries(&Filter { kind: Some(RETAINED.to_owned()), ..Filter::default() }).unwrap().remove(0);
    assert_eq!((told.lane, Some(told.id.parse().unwrap())), (Lane::Local, done.event));
    let ranges = told.payload["ranges"].as_array().unwrap();
    let ranges: Vec<_> =
        ranges.iter().map(|run| (run["lane"].as_str(), run["first"].as_u64(), run["last"].as_u64())).collect();
    assert_eq!(ranges, [(Some("observations"), Some(1), Some(5)), (Some("local"), Some(1), Some(1))]);
    is_whole(&journal, 6);
    assert_eq!(journal.erase().unwrap(), Erasure::Done);
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    is_whole(&journal, 6);
    assert_eq!(journal.erasures_pending().unwrap(), 0);
    assert_eq!(retained(&journal, 400), Retained::default(), "what says what was deleted stays");
}

#[test]
fn what_somebody_means_stays_and_so_does_all_of_a_job_that_is_not_done() {
    let (_folder, journal) = journal();
    let person = Actor { kind: ActorKind::Person, name: "sam".to_owned(), model: None, prompt: None };
    let meant = Draft { intent: true, actor: person.clone(), ..Draft::observation("fetch.asked", json!({"n": 1})) };
    journal.append(meant).unwrap();
    for lane in [Lane::Ctl, Lane::Review, Lane::Notes] {
        journal.append(Draft { lane, ..Draft::observation("later.kind", json!({"n": 1})) }).unwrap();
    }
    let open = journal.job_begin(JobKind::Fetch, "open", None, person.clone()).unwrap();
    journal.job_advance(&open.id, Step::to(JobState::Running)).unwrap();
    let done = journal.job_begin(JobKind::Fetch, "done", None, person).unwrap();
    journal.job_advance(&done.id, Step::to(JobState::Running)).unwrap();
    journal.job_advance(&done.id, Step::because(JobState::Failed, "xylophonist")).unwrap();
    let gone = retained(&journal, 31);
    let entries = journal.entries(&Filter::default()).unwrap();
    let without: Vec<&str> =
        entries.iter().filter(|entry| entry.payload.is_null()).map(|entry| entry.entity.as_str()).collect();
    assert_eq!(without, [done.id.as_str(), done.id.as_str()], "how the finished job went");
    assert_eq!(gone.payloads(), 2);
    assert_eq!(journal.job(&done.id).unwrap().unwrap().last_error, None, "the job repeats nothing of it");
    is_whole(&journal, 2);
    let rebuilt = journal.jobs_rebuild().unwrap();
    assert_eq!((rebuilt.queued, rebuilt.finished, rebuilt.unreadable), (1, 1, 0), "what was meant is still known");
}

#[test]
fn a_removed_note_goes_with_all_its_texts_and_one_that_stands_does_not() {
    let (_folder, journal) = journal();
    let write = |kind: &str, entity: Option<Ulid>, payload: Value| -> Ulid {
        let draft = Draft { entity, lane: Lane::Notes, intent: true, ..Draft::observation(kind, payload) };
        journal.append(draft).unwrap().id.parse().unwrap()
    };
    let anchor = NoteAnchor::default();
    let removed = write("note.add", None, note_added("xylophonist", &anchor));
    let edit = write("note.edit", Some(removed), note_edited("xylophonist again", &[OpId::new(removed, 1)]));
    let taken = write("note.retract", Some(removed), note_retracted(&[OpId::new(edit, 0)]));
    let stands = write("note.add", None, note_added("first", &anchor));
    let newer = write("note.edit", Some(stands), note_edited("second", &[OpId::new(stands, 1)]));
    // Removed by one while another went on: nobody has decided.
    let open = write("note.add", None, note_added("open", &anchor));
    write("note.retract", Some(open), note_retracted(&[OpId::new(open, 1)]));
    write("note.edit", Some(open), note_edited("still wanted", &[OpId::new(open, 1)]));
    assert_eq!(retained(&journal, 59), Retained::default());
    assert_eq!(retained(&journal, 61).payloads(), 2);
    assert!(payload(&journal, removed).is_null() && payload(&journal, edit).is_null());
    for kept in [taken, stands, newer, open] {
        assert!(!payload(&journal, kept).is_null());
    }
    is_whole(&journal, 2);
    let body = journal.record(removed, None).unwrap().unwrap().fields.into_iter().find(|f| f.field == "body").unwrap();
    assert_eq!(body.value, Value::Null, "it does not stand again");
}

#[test]
fn a_workspaces_rules_reach_what_is_of_that_workspace_and_nothing_else() {
    let (_folder, journal) = journal();
    let id = |root: &str| journal.workspace_id(Path::new(root)).unwrap();
    let (strict, lax) = (id("/strict"), id("/lax"));
    let of = [Some(strict), Some(lax), None].map(|workspace| observed(&journal, workspace, "x"));
    let only = Retention { workspaces: [(strict, rules())].into(), ..Retention::default() };
    assert_eq!(journal.retain(&only, after(31), go()).unwrap().payloads(), 1);
    assert_eq!(of.map(|id| payload(&journal, id).is_null()), [true, false, false]);
    is_whole(&journal, 1);
    // And the other way round: one that keeps everything keeps it, whatever the user's own rules say.
    let mut mine = everywhere();
    mine.workspaces.insert(lax, Rules::default());
    assert_eq!(journal.retain(&mine, after(31), go()).unwrap().payloads(), 1);
    assert_eq!(of.map(|id| payload(&journal, id).is_null()), [true, false, true]);
    is_whole(&journal, 2);
}

#[test]
fn what_no_rule_accounts_for_is_told_apart_also_in_the_midst_of_what_one_does() {
    let (folder, journal) = journal();
    let here = journal.workspace_id(Path::new("/here")).unwrap();
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(observed(&journal, (n == 3).then_some(here), "x"));
    }
    let meant = Draft { intent: true, lane: Lane::Observations, ..Draft::observation("check.asked", json!({"n": 1})) };
    ids.push(journal.append(meant).unwrap().id.parse().unwrap());
    ids.push(observed(&journal, None, "x"));
    let mut retention = everywhere();
    retention.workspaces.insert(here, Rules::default());
    assert_eq!(journal.retain(&retention, after(31), go()).unwrap().payloads(), 6);
    is_whole(&journal, 6);
    for lost in [ids[3], ids[6]] {
        raw(folder.path())
            .execute("DELETE FROM payload WHERE pos = (SELECT pos FROM event WHERE id = ?1)", [lost.to_bytes()])
            .unwrap();
    }
    assert_eq!(journal.verify().unwrap().unexplained, 2, "one of another workspace, and one that somebody meant");
}

#[test]
fn the_old_segment_is_not_handed_on_and_brings_nothing_back() {
    let (_folder, journal) = journal();
    let id = observed(&journal, None, "xylophonist");
    journal.seal(NO_PROJECT).unwrap();
    let bytes = |journal: &Journal| -> Vec<Vec<u8>> {
        journal.segments(NO_PROJECT).unwrap().iter().filter_map(|one| journal.segment_bytes(one).unwrap()).collect()
    };
    let old = bytes(&journal);
    let carries = |segments: &[Vec<u8>]| {
        let of = |bytes: &Vec<u8>| holdover_journal::Segment::read(bytes).unwrap().records;
        segments.iter().flat_map(of).any(|(header, record)| header.id == id && record.content.is_some())
    };
    assert!(carries(&old));
    retained(&journal, 31);
    assert!(!carries(&bytes(&journal)), "nothing of it is left to be handed on");
    for segment in &old {
        journal.import(segment).unwrap();
    }
    assert!(!carries(&bytes(&journal)), "nor is a copy of it from elsewhere");
    journal.seal(NO_PROJECT).unwrap();
    let again = bytes(&journal);
    assert_eq!((again.len(), carries(&again)), (1, false), "it is sealed again without it");
    for segment in &old {
        journal.import(segment).unwrap();
    }
    assert!(payload(&journal, id).is_null() && !carries(&bytes(&journal)), "an old copy brings nothing back");
    is_whole(&journal, 1);
}

#[test]
fn a_pass_that_was_stopped_or_killed_in_the_middle_is_gone_on_with() {
    let (folder, journal) = journal();
    let ids: Vec<Ulid> = (0..20).map(|n| observed(&journal, None, &n.to_string())).collect();
    assert_eq!(retained(&journal, 31).payloads(), 20);
    drop(journal);
    // As if it had been killed after it had said what it would delete: half of it is still there.
    let database = raw(folder.path());
    let copy = "INSERT INTO payload SELECT pos, zeroblob(16), CAST('{}' AS BLOB) FROM event WHERE seq % 2 = 0 AND log = (SELECT log FROM event WHERE id = ?1)";
    assert_eq!(database.execute(copy, [ids[0].to_bytes()]).unwrap(), 10);
    drop(database);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(retained(&journal, 31).payloads(), 10);
    is_whole(&journal, 20);
}

#[test]
fn a_date_that_jumps_far_ahead_is_not_believed_for_a_day() {
    let (_folder, journal) = journal();
    let now = now_ms();
    let stands = |at: i64| journal.clock_stands(at).unwrap();
    assert!(!stands(now) && !stands(now + DAY / 2), "nor is the first");
    let now = now + DAY;
    assert!(stands(now) && stands(now + 30 * DAY), "a month without an editor is none");
    let wrong = now + 3650 * DAY;
    assert!(!stands(wrong) && !stands(wrong + DAY / 2));
    assert!(stands(now + 31 * DAY), "it was put right");
    assert!(!stands(wrong), "and is wrong once more");
    assert!(stands(wrong + DAY) && stands(wrong + 2 * DAY), "it has stood for a day: it was the journal that lay");
    assert!(stands(now), "one that goes back makes nothing old");
}

#[test]
fn what_was_stopped_while_it_looked_has_deleted_nothing() {
    let (_folder, journal) = journal();
    let ids: Vec<Ulid> = (0..5).map(|n| observed(&journal, None, &n.to_string())).collect();
    let stopped = journal.retain(&everywhere(), after(31), |_, _| ControlFlow::Break(())).unwrap();
    assert_eq!((stopped.stopped, stopped.event, stopped.payloads()), (true, None, 0));
    assert!(ids.iter().all(|id| !payload(&journal, *id).is_null()));
    assert!(journal.outdated(&everywhere(), after(31), |_, _| ControlFlow::Break(())).unwrap().stopped);
}

#[test]
fn two_epochs_of_one_event_lose_it_in_both() {
    let (folder, journal) = journal();
    let id = observed(&journal, None, "xylophonist");
    drop(journal);
    // What a copy elsewhere does: a new epoch, in which what was not sealed is written again.
    let other = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        std::fs::copy(entry.path(), other.path().join(entry.file_name())).unwrap();
    }
    let journal = Journal::open(other.path()).unwrap();
    let places: i64 = raw(other.path())
        .query_row("SELECT count(*) FROM event WHERE id = ?1", [id.to_bytes()], |row| row.get(0))
        .unwrap();
    assert_eq!(places, 2);
    assert_eq!(retained(&journal, 31).payloads(), 2);
    is_whole(&journal, 2);
    journal.append(Draft { actor: holdover(), ..Draft::observation("check.ran", json!({})) }).unwrap();
}
