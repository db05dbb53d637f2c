//! Projections through the journal's own surface: found, forgotten, compared, and filled while nothing else is to be done.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use contract::{Actor, ActorKind, FieldState, JobKind, JobState, Lane, SignatureState};
use holdover_journal::{Draft, Filter, Journal, JournalError, Op, OpId, OpKind, Search, Step, ops_value};
use serde_json::json;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use support::raw;
use ulid::Ulid;

fn note(text: &str) -> Draft {
    let ops = [Op::new("body", OpKind::Text, text), Op::set("path", "src/main.rs")];
    Draft { lane: Lane::Notes, ..Draft::observation("note.add", json!({"ops": ops_value(&ops)})) }
}

fn catch_up(journal: &Journal) {
    journal.catch_up(|_| ControlFlow::Continue(())).unwrap();
}

fn search(journal: &Journal, text: &str) -> Vec<String> {
    let search = Search { text: text.to_owned(), ..Search::default() };
    journal.search(&search).unwrap().hits.into_iter().map(|hit| hit.entry.id).collect()
}

#[test]
fn a_search_says_how_many_events_it_does_not_know_yet_and_finds_them_once_they_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let id = journal.append(note("the ferry leaves at nine")).unwrap().id;
    let asked = Search { text: "ferry".to_owned(), ..Search::default() };
    let found = journal.search(&asked).unwrap();
    assert_eq!((found.hits.len(), found.behind), (0, 1));
    catch_up(&journal);
    let found = journal.search(&asked).unwrap();
    assert_eq!((found.hits[0].entry.id.as_str(), found.behind, found.more), (id.as_str(), 0, false));
    assert_eq!(found.hits[0].member, "body");
    assert!(matches!(
        journal.search(&Search { text: "?".to_owned(), ..Search::default() }),
        Err(JournalError::BadQuestion { .. })
    ));
}

#[test]
fn what_is_written_is_indexed_by_its_writer_once_it_has_nothing_else_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for n in 0..50 {
        journal.post(&note(&format!("number {n}"))).unwrap();
    }
    journal.flush().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while journal.views_behind().unwrap().events() > 0 {
        assert!(Instant::now() < until, "nobody brings the projections up to date");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(search(&journal, "number 17").len(), 1);
}

#[test]
fn a_redacted_payload_is_found_no_more_and_a_replay_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.append(note("keep this")).unwrap();
    let secret = journal.append(note("a password is swordfish")).unwrap();
    catch_up(&journal);
    assert_eq!(search(&journal, "swordfish"), [secret.id.as_str()]);
    journal.write(true, |tx| tx.forget(2)).unwrap();
    raw(folder.path()).execute_batch("DELETE FROM payload WHERE pos = 2").unwrap();
    assert!(search(&journal, "swordfish").is_empty());
    let about = Filter { path: Some("src/main.rs".to_owned()), ..Filter::default() };
    assert_eq!(journal.entries(&about).unwrap().len(), 1);
    for view in journal.replay(|_, _, _| ControlFlow::Continue(())).unwrap() {
        assert_eq!(view.difference, None, "{}", view.view);
        assert!((view.rows > 0 || ["seen", "notes", "reviews"].contains(&view.view)) && view.events == 2, "{view:?}");
    }
}

#[test]
fn a_replay_names_the_first_row_that_is_not_what_the_events_say_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for n in 0..5 {
        journal.append(note(&format!("word{n}"))).unwrap();
    }
    catch_up(&journal);
    raw(folder.path())
        .execute_batch("UPDATE trail_path SET path = 'src/other.rs' WHERE pos = 3 AND path = 'src/main.rs'")
        .unwrap();
    raw(folder.path())
        .execute_batch("INSERT INTO search_text (rowid, words, joined, marks) VALUES (900, 'smuggled', '', '')")
        .unwrap();
    let views = journal.replay(|_, _, _| ControlFlow::Continue(())).unwrap();
    let said = |name: &str| views.iter().find(|view| view.view == name).unwrap().difference.clone().unwrap();
    assert!(said("trail").contains("trail_path") && said("trail").contains("`src/main.rs`"), "{}", said("trail"));
    assert!(said("search").contains("`smuggled`"), "{}", said("search"));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("replay-")), "{left:?}");
}

#[test]
fn a_replay_that_was_stopped_says_nothing_of_what_it_did_not_compare() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.append(note("word")).unwrap();
    assert!(journal.replay(|_, _, _| ControlFlow::Break(())).unwrap().is_empty());
}

#[test]
fn the_story_of_a_job_has_every_attempt_and_error_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let person = Actor { kind: ActorKind::Person, name: "a".to_owned(), model: None, prompt: None };
    let job = journal.job_begin(JobKind::Fetch, "get 1 artifact", None, person).unwrap();
    journal.job_advance(&job.id, Step::to(JobState::Running)).unwrap();
    journal.job_advance(&job.id, Step::because(JobState::Queued, "no route")).unwrap();
    journal.append(note("of something else")).unwrap();
    journal.job_advance(&job.id, Step::to(JobState::Running)).unwrap();
    journal.job_advance(&job.id, Step::because(JobState::Failed, "still no route")).unwrap();
    let story = journal.story(job.id.parse().unwrap()).unwrap().unwrap();
    let kinds: Vec<&str> = story.about.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["job.queued", "job.running", "job.queued", "job.running", "job.failed"]);
    assert_eq!(story.about[2].payload["error"], "no route");
    assert_eq!(story.about[4].payload["error"], "still no route");
    assert_eq!(story.job.unwrap().last_error.as_deref(), Some("still no route"));
    assert!(story.event.is_none() && !story.more);
    assert!(journal.story(Ulid::from_parts(1, 1)).unwrap().is_none());
}

#[test]
fn an_event_is_shown_with_its_place_its_hash_and_what_its_signature_says() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let plain = journal.append(note("text")).unwrap();
    let target: Ulid = plain.id.parse().unwrap();
    let signed = Draft {
        lane: Lane::Notes,
        refs: vec![target.to_bytes().to_vec()],
        ..Draft::observation("record.redacted", json!({"reason": "a mistake"}))
    };
    let signed = journal.append(signed).unwrap();
    let shown = journal.event(target).unwrap().unwrap();
    assert_eq!((shown.pos, shown.signature, shown.entry.seq), (1, SignatureState::None, 1));
    let of_redaction = journal.event(signed.id.parse().unwrap()).unwrap().unwrap();
    assert_eq!(of_redaction.signature, SignatureState::Valid);
    assert_eq!(of_redaction.refs, [hex::encode(target.to_bytes())]);
    let story = journal.story(target).unwrap().unwrap();
    assert_eq!(story.referred.len(), 1, "what names it belongs to its story");
    raw(folder.path()).execute_batch("UPDATE device SET public = randomblob(32)").unwrap();
    let forged = journal.event(signed.id.parse().unwrap()).unwrap().unwrap();
    assert_eq!(forged.signature, SignatureState::Invalid);
}

#[test]
fn a_record_is_merged_from_its_events_now_and_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let first = journal.append(note("first")).unwrap();
    let entity: Ulid = first.id.parse().unwrap();
    let edit = |text: &str| Draft {
        entity: Some(entity),
        lane: Lane::Notes,
        ..Draft::observation(
            "note.edit",
            json!({"ops": ops_value(&[
                Op::new("body", OpKind::Text, text).replacing([OpId::new(entity, 0)])
            ])}),
        )
    };
    let second = journal.append(edit("second")).unwrap();
    journal.append(edit("beside it")).unwrap();
    journal
        .append(Draft { entity: Some(entity), ..Draft::observation("note.edit", json!({"of": "a later form"})) })
        .unwrap();
    for indexed in [false, true] {
        if indexed {
            catch_up(&journal);
        }
        let body = |until: Option<Ulid>| {
            let record = journal.record(entity, until).unwrap().unwrap();
            let body = record.fields.iter().find(|field| field.field == "body").unwrap().clone();
            (record.events, record.passed_over, body.state, body.value, body.heads.len())
        };
        assert_eq!(body(None), (4, 1, FieldState::Conflict, json!("beside it"), 2));
        assert_eq!(body(Some(second.id.parse().unwrap())), (2, 0, FieldState::Settled, json!("second"), 1));
        assert_eq!(body(Some(entity)), (1, 0, FieldState::Settled, json!("first"), 1));
    }
    assert!(journal.record(Ulid::from_parts(1, 1), None).unwrap().is_none());
    assert!(journal.record(entity, Some(Ulid::from_parts(1, 1))).unwrap().is_none());
}

#[test]
fn projections_of_many_events_that_were_stopped_go_on_from_there_and_are_what_the_events_say() {
    const EVENTS: usize = 12_000;
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let entities: Vec<Ulid> = (0..50).map(|n| Ulid::from_parts(n, 1)).collect();
    let draft = |n: usize| Draft {
        entity: Some(entities[n * 7 % entities.len()]),
        ..Draft::observation(
            "check.finding",
            json!({"path": format!("src/{}/{}.rs", n % 13, n % 101), "text": format!("stale anchor {}", n % 977)}),
        )
    };
    journal.append_all(&(0..EVENTS).map(draft).collect::<Vec<_>>(), false).unwrap();
    let (mut reached, mut from) = (0, None);
    journal
        .catch_up(|behind| {
            reached = behind.at;
            ControlFlow::Break(())
        })
        .unwrap();
    assert!(reached > 0, "a transaction is stored");
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.views_behind().unwrap().at, reached);
    journal
        .catch_up(|behind| {
            from.get_or_insert(behind.at);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(from.is_none_or(|from| from > reached), "what was stored is not done again");
    assert_eq!(journal.views_behind().unwrap().events(), 0);
    let replayed = journal.replay(|_, _, _| ControlFlow::Continue(())).unwrap();
    assert!(replayed.iter().all(|view| view.difference.is_none()), "{replayed:?}");
    assert!(replayed.iter().any(|view| view.events == EVENTS as u64 && view.rows > 100_000), "{replayed:?}");
}
