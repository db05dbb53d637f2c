//! What one process sees of its own journal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use contract::{Actor, ActorKind, Delivery, JobKind, JobState, Lane};
use holdover_journal::{Draft, Filter, Journal, JournalError, LeaseError, MAX_PAYLOAD, Step, holdover};
use serde_json::json;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

fn person(name: &str) -> Actor {
    Actor { kind: ActorKind::Person, name: name.to_owned(), model: None, prompt: None }
}

fn meant(kind: &str, payload: serde_json::Value) -> Draft {
    Draft { intent: true, actor: person("Ada"), lane: Lane::Notes, ..Draft::observation(kind, payload) }
}

#[test]
fn an_event_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(folder.path()).unwrap();
    let payload = json!({"text": "Grüße 🙂", "n": [1, 2.5, null], "unknown": {"kept": true}});
    let draft = Draft {
        workspace: Some(workspace),
        entity: Some(ulid::Ulid::generate()),
        actor: Actor {
            kind: ActorKind::Model,
            name: "helper".to_owned(),
            model: Some("small".to_owned()),
            prompt: Some("3".to_owned()),
        },
        ..meant("note.added", payload)
    };
    let written = journal.append(draft.clone()).unwrap();
    let read = journal.entries(&Filter::default()).unwrap();
    assert_eq!(read, std::slice::from_ref(&written));
    assert_eq!(read[0].payload, draft.payload);
    assert_eq!(read[0].actor, draft.actor);
    assert_eq!(read[0].entity, draft.entity.unwrap().to_string());
    assert_eq!(read[0].workspace, Some(workspace.to_string()));
    assert_eq!((read[0].seq, read[0].lane, read[0].state), (1, Lane::Notes, Delivery::Durable));
    drop(journal);
    let again = Journal::open(folder.path()).unwrap();
    assert_eq!(again.entries(&Filter::default()).unwrap(), [written]);
}

#[test]
fn posts_are_written_in_order_and_the_last_handle_waits_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let ids: Vec<String> = (0..1000)
        .map(|n| journal.post(&Draft::observation("check.ran", json!({"n": n}))).unwrap().to_string())
        .collect();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    let read: Vec<String> = journal.entries(&Filter::default()).unwrap().into_iter().map(|e| e.id).collect();
    assert_eq!(read, ids);
    assert_eq!(journal.verify().unwrap().events, 1000);
    assert_eq!(journal.trouble().map(|e| e.to_string()), None);
}

#[test]
fn what_was_posted_is_saved_and_after_a_flush_durable() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let state = |journal: &Journal| journal.entries(&Filter::default()).unwrap()[0].state;
    let written = journal.append(Draft::observation("check.ran", json!({}))).unwrap();
    assert_eq!((written.state, state(&journal)), (Delivery::Saved, Delivery::Saved));
    journal.flush().unwrap();
    assert_eq!(state(&journal), Delivery::Durable);
}

#[test]
fn a_flushed_event_takes_those_before_it_along() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.append(Draft::observation("check.ran", json!({}))).unwrap();
    journal.append(meant("note.added", json!({}))).unwrap();
    journal.append(Draft::observation("check.ran", json!({}))).unwrap();
    let states: Vec<Delivery> = journal.entries(&Filter::default()).unwrap().iter().map(|e| e.state).collect();
    assert_eq!(states, [Delivery::Durable, Delivery::Durable, Delivery::Saved]);
}

#[test]
fn filters_choose_by_place_kind_workspace_time_and_identity() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(folder.path()).unwrap();
    for (kind, place) in
        [("fetch.began", Some(workspace)), ("fetch.finished", None), ("fetcher", None), ("check.ran", Some(workspace))]
    {
        journal.append(Draft { workspace: place, ..Draft::observation(kind, json!({})) }).unwrap();
    }
    let kinds =
        |filter: Filter| -> Vec<String> { journal.entries(&filter).unwrap().into_iter().map(|e| e.kind).collect() };
    let all = Filter::default;
    assert_eq!(kinds(Filter { kind: Some("fetch.".to_owned()), ..all() }), ["fetch.began", "fetch.finished"]);
    assert_eq!(kinds(Filter { workspace: Some(workspace), ..all() }), ["fetch.began", "check.ran"]);
    assert_eq!(kinds(Filter { after: Some(2), ..all() }), ["fetcher", "check.ran"]);
    assert_eq!(kinds(Filter { before: Some(2), ..all() }), ["fetch.began"]);
    assert_eq!(kinds(Filter { limit: Some(2), newest_first: true, ..all() }), ["check.ran", "fetcher"]);
    assert_eq!(kinds(Filter { since_ms: Some(i64::MAX), ..all() }), [""; 0]);
    let first = journal.entries(&all()).unwrap().remove(0);
    assert_eq!(kinds(Filter { id: Some(first.id.parse().unwrap()), ..all() }), ["fetch.began"]);
    assert_eq!(kinds(Filter { entity: Some(first.entity.parse().unwrap()), ..all() }), ["fetch.began"]);
    let mut seen = 0;
    journal
        .for_each(&all(), |_, _| {
            seen += 1;
            if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, 2);
    assert_eq!((journal.head().unwrap(), journal.count().unwrap()), (4, 4));
}

#[test]
fn a_payload_of_one_mebibyte_is_written_and_a_larger_one_is_refused_with_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    // Two quotes belong to the JSON.
    let largest = json!("x".repeat(MAX_PAYLOAD - 2));
    journal.append(Draft::observation("check.ran", largest)).unwrap();
    let error = journal.append(Draft::observation("check.ran", json!("x".repeat(MAX_PAYLOAD - 1)))).unwrap_err();
    assert!(error.to_string().contains("1048577 bytes, and an event carries at most 1048576"), "{error}");
    assert_eq!(journal.count().unwrap(), 1);
}

#[test]
fn a_kind_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for kind in [String::new(), "k".repeat(129)] {
        let error = journal.append(Draft::observation(&kind, json!({}))).unwrap_err();
        assert!(matches!(error, JournalError::InvalidDraft { .. }), "{error}");
    }
    assert_eq!(journal.count().unwrap(), 0);
}

#[test]
fn of_a_group_with_an_event_that_is_none_nothing_is_written_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    // Longer than what one statement writes.
    let group = |wrong: Option<usize>| -> Vec<Draft> {
        let draft = |n| Draft::observation(if Some(n) == wrong { "" } else { "check.ran" }, json!({"n": n}));
        (0..100).map(draft).collect()
    };
    for wrong in [0, 31, 32, 70, 99] {
        let error = journal.append_all(&group(Some(wrong)), true).unwrap_err();
        assert!(matches!(error, JournalError::InvalidDraft { .. }), "{wrong}: {error}");
        assert_eq!(journal.count().unwrap(), 0, "{wrong}");
    }
    assert!(journal.append_all(&[], true).unwrap().is_empty());
    let ids: Vec<String> = journal.append_all(&group(None), true).unwrap().iter().map(ToString::to_string).collect();
    let entries = journal.entries(&Filter { limit: None, ..Filter::default() }).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>(), ids);
    assert!(entries.iter().enumerate().all(|(n, entry)| entry.payload["n"] == n));
}

#[test]
fn work_that_fails_or_panics_stores_nothing_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let draft = Draft::observation("check.ran", json!({}));
    let (one, two) = (draft.clone(), draft.clone());
    let failed = journal.write(false, move |tx| {
        tx.append(&one)?;
        Err::<(), _>(JournalError::NoSuchJob { id: "x".to_owned() })
    });
    assert!(matches!(failed, Err(JournalError::NoSuchJob { .. })));
    let panicked = journal.write(false, move |tx| -> Result<(), JournalError> {
        tx.append(&two)?;
        panic!("on purpose")
    });
    assert!(panicked.unwrap_err().to_string().contains("panicked"));
    assert_eq!(journal.count().unwrap(), 0);
    assert_eq!(journal.append(draft).unwrap().seq, 1);
    assert_eq!(journal.verify().unwrap().events, 1);
}

#[test]
fn a_job_moves_only_as_allowed_and_every_move_is_an_event() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let job = journal.job_begin(JobKind::Fetch, "fetch 3 crates", None, person("Ada")).unwrap();
    let refused = journal.job_advance(&job.id, Step::to(JobState::Done)).unwrap_err();
    assert!(matches!(refused, JournalError::NotAllowed { from: JobState::Queued, to: JobState::Done, .. }));
    journal.job_advance(&job.id, Step::to(JobState::Running)).unwrap();
    let again = Step { next_attempt_ms: Some(1_800_000_000_000), ..Step::because(JobState::Backoff, "no route") };
    let waiting = journal.job_advance(&job.id, again).unwrap();
    assert_eq!(waiting.next_attempt.as_deref(), Some("2027-01-15T08:00:00.000Z"));
    journal.job_advance(&job.id, Step::to(JobState::Running)).unwrap();
    let done = journal.job_advance(&job.id, Step::to(JobState::Done)).unwrap();
    assert_eq!((done.attempts, done.last_error.as_deref()), (2, Some("no route")));
    assert!(journal.job_advance(&job.id, Step::to(JobState::Running)).is_err());
    assert_eq!(journal.jobs(true).unwrap(), []);
    assert_eq!(journal.jobs(false).unwrap(), std::slice::from_ref(&done));
    assert_eq!(journal.job(&job.id).unwrap(), Some(done));
    let trace: Vec<(String, u64)> = journal
        .entries(&Filter { entity: Some(job.id.parse().unwrap()), ..Filter::default() })
        .unwrap()
        .into_iter()
        .map(|e| (e.kind, e.payload["attempt"].as_u64().unwrap_or(0)))
        .collect();
    let expected = [("queued", 0), ("running", 1), ("backoff", 1), ("running", 2), ("done", 2)];
    assert_eq!(trace, expected.map(|(state, attempt)| (format!("job.{state}"), attempt)));
    let error = journal.job_advance("nonsense", Step::to(JobState::Running)).unwrap_err();
    assert!(matches!(error, JournalError::NoSuchJob { .. }));
}

#[test]
fn a_lease_is_held_once_given_back_on_drop_and_its_token_grows() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let lease = journal.lease("fetch").unwrap();
    assert_eq!(lease.token(), 1);
    let Err(LeaseError::Held(held)) = journal.lease("fetch") else { panic!("given twice") };
    assert_eq!((held.pid, journal.lease_holder("fetch").unwrap()), (std::process::id(), Some(held.clone())));
    assert_eq!(journal.lease("check").unwrap().token(), 1, "another lease is not in the way");
    let stored = Draft::observation("fetch.finished", json!({}));
    let draft = stored.clone();
    journal.with_lease(&lease, move |tx| tx.append(&draft)).unwrap();
    drop(lease);
    let next = journal.lease("fetch").unwrap();
    assert_eq!(next.token(), 2);
    assert_eq!(journal.count().unwrap(), 1);
}

#[test]
fn remembered_results_come_back_and_the_least_recently_used_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.remember_get("none").unwrap(), None);
    for n in 0..10 {
        journal.remember_put_many(vec![(format!("k{n}"), vec![n; 98])]);
    }
    let left = journal.prune(1_000).unwrap();
    assert_eq!(left, 1_000);
    assert_eq!(journal.prune(350).unwrap(), 300);
    let found = journal.remember_get_many(&["k0", "k6", "k7", "k9"]).unwrap();
    let mut keys: Vec<&str> = found.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["k7", "k9"]);
    assert_eq!(found["k9"], vec![9; 98]);
    journal.remember_put_many(vec![("k9".to_owned(), vec![1])]);
    journal.flush().unwrap();
    assert_eq!(journal.remember_get("k9").unwrap(), Some(vec![1]));
}

#[test]
fn one_folder_has_one_id_however_it_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("data")).unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::create_dir(&a).unwrap();
    std::fs::create_dir(&b).unwrap();
    let id = journal.workspace_id(&a).unwrap();
    assert_ne!(journal.workspace_id(&b).unwrap(), id);
    assert_eq!(journal.workspace_id(&b.join("../a")).unwrap(), id);
    drop(journal);
    assert_eq!(Journal::open(&folder.path().join("data")).unwrap().workspace_id(&a).unwrap(), id);
}

#[test]
fn a_watch_tells_of_own_events_once_and_ends_when_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.append(Draft::observation("check.ran", json!({}))).unwrap();
    let (tell, told) = crossbeam_channel::unbounded();
    let watch = journal.watch(move |change| tell.send(change).unwrap()).unwrap();
    for _ in 0..20 {
        journal.append(Draft::observation("check.ran", json!({}))).unwrap();
    }
    let (mut at, until) = (1, Instant::now() + Duration::from_secs(5));
    while at < 21 {
        let change = told.recv_deadline(until).unwrap();
        assert_eq!(change.after, at, "no gap and nothing twice");
        at = change.head;
    }
    drop(watch);
    journal.append(Draft::observation("check.ran", json!({}))).unwrap();
    assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
}

#[test]
fn a_lane_is_a_chain_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for lane in [Lane::Ctl, Lane::Review, Lane::Notes, Lane::Observations, Lane::Local, Lane::Notes] {
        journal.append(Draft { lane, ..Draft::observation("check.ran", json!({})) }).unwrap();
    }
    let entries = journal.entries(&Filter::default()).unwrap();
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 1, 1, 1, 1, 2]);
    assert_eq!(entries[2].log, entries[5].log);
    assert_ne!(entries[2].log, entries[3].log);
    assert_eq!(journal.verify().unwrap().logs, 5);
    assert_eq!(holdover().name, "holdover");
}

#[test]
fn a_kind_or_payload_that_could_not_be_shown_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    for draft in [
        Draft::observation("two words", json!({})),
        Draft::observation("line\n", json!({})),
        Draft::observation("check.ran", nested(101)),
    ] {
        let error = journal.append(draft).unwrap_err();
        assert!(matches!(error, JournalError::InvalidDraft { .. }), "{error}");
    }
    let deepest = Draft::observation("check.ran", nested(100));
    journal.append(deepest.clone()).unwrap();
    assert_eq!(journal.entries(&Filter::default()).unwrap()[0].payload, deepest.payload);
}

#[test]
fn a_transaction_that_waits_for_another_is_told_so_and_a_lease_may_end_inside_one() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let (inside, lease) = (journal.clone(), journal.lease("fetch").unwrap());
    journal
        .write(false, move |tx| {
            drop(lease);
            let error = inside.append(Draft::observation("check.ran", json!({}))).unwrap_err();
            assert!(error.to_string().contains("waits for another"), "{error}");
            tx.append(&Draft::observation("check.ran", json!({})))
        })
        .unwrap();
    assert_eq!(journal.count().unwrap(), 1);
    assert_eq!(journal.lease("fetch").unwrap().token(), 2);
}

#[test]
fn many_threads_share_one_handle() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let journal = journal.clone();
            scope.spawn(move || {
                for n in 0..25 {
                    let intent = n % 2 == 0;
                    let draft = Draft { intent, ..Draft::observation("check.ran", json!({"by": thread, "n": n})) };
                    let entry = journal.append(draft).unwrap();
                    let filter = Filter { id: Some(entry.id.parse().unwrap()), ..Filter::default() };
                    assert_eq!(journal.entries(&filter).unwrap()[0].payload, entry.payload, "read what was written");
                }
            });
        }
    });
    assert_eq!(journal.verify().unwrap().events, 200);
}
