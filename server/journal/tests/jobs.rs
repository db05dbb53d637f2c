//! Jobs: moves that are allowed and no others, waits, parts that are done once, tables made anew from the events; and leases, under
//! which a result is stored by the last holder alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disk;
mod support;

use contract::{Job, JobKind, JobState};
use holdover_journal::{
    Backoff, Draft, Filter, JobStep, Journal, JournalError, Lease, NewJob, Rebuilt, Step, holdover,
};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use ulid::Ulid;

const STATES: [JobState; 6] =
    [JobState::Queued, JobState::Running, JobState::Backoff, JobState::Done, JobState::Failed, JobState::Cancelled];

fn new(title: &str, workspace: Option<Ulid>, steps: &[&str]) -> NewJob {
    NewJob {
        kind: JobKind::Fetch,
        title: title.to_owned(),
        workspace,
        actor: holdover(),
        steps: steps.iter().map(|&step| step.to_owned()).collect(),
    }
}

fn marks(journal: &Journal, job: &Job) -> Vec<(String, bool)> {
    journal.job_steps(&job.id).unwrap().into_iter().map(|JobStep { name, done }| (name, done)).collect()
}

#[test]
fn waits_are_drawn_between_the_shortest_and_three_times_the_last_and_are_the_same_for_the_same_seed() {
    let backoff = Backoff { seed: Some(7), ..Backoff::default() };
    let draw = |job: Ulid| -> Vec<u64> {
        let mut last = None;
        (1..=40)
            .map(|attempts| {
                let delay = backoff.delay_ms(last, job, attempts);
                let most = last.unwrap_or(1_000) * 3;
                assert!(delay >= 1_000 && delay <= most.min(900_000), "{delay} after {last:?}");
                last = Some(delay);
                delay
            })
            .collect()
    };
    let (one, other) = (Ulid::from(1), Ulid::from(2));
    assert_eq!(draw(one), draw(one));
    assert_ne!(draw(one), draw(other), "jobs that fail together come back apart");
    let longest = (0..20).flat_map(|n| draw(Ulid::from(n))).max().unwrap();
    assert!((100_000..=900_000).contains(&longest), "it grows: {longest}");
    let elsewhere = Backoff { seed: Some(8), ..backoff };
    assert_ne!(backoff.delay_ms(None, one, 1), elsewhere.delay_ms(None, one, 1));
    let none = Backoff { shortest_ms: 0, longest_ms: 0, ..backoff };
    assert_eq!(none.delay_ms(None, one, 1), 0);
}

#[test]
fn a_job_that_fails_for_a_while_waits_longer_each_time_and_is_given_up_in_the_end() {
    let folder = disk::scratch();
    let journal = Journal::open(folder.path()).unwrap();
    let lease = journal.lease("fetch").unwrap();
    let job = journal.job_queue(new("get", None, &[])).unwrap();
    let backoff = Backoff { attempts: 3, seed: Some(1), ..Backoff::default() };
    let mut last = None;
    for attempt in 1..=3 {
        let running = journal.job_advance_under(&lease, &job.id, Step::to(JobState::Running)).unwrap();
        assert_eq!((running.attempts, running.next_attempt), (attempt, None));
        let before = jiff::Timestamp::now();
        let failed = journal.job_retry_later(&lease, &job.id, &format!("no route, time {attempt}"), backoff).unwrap();
        assert_eq!(failed.last_error, Some(format!("no route, time {attempt}")));
        if attempt == 3 {
            assert_eq!((failed.state, failed.next_attempt), (JobState::Failed, None));
            break;
        }
        assert_eq!(failed.state, JobState::Backoff);
        let next: jiff::Timestamp = failed.next_attempt.unwrap().parse().unwrap();
        let delay = backoff.delay_ms(last, job.id.parse().unwrap(), attempt);
        let expected = before.as_millisecond() + delay.cast_signed();
        assert!((expected - 1..expected + 5_000).contains(&next.as_millisecond()), "{next}: {delay} ms after {before}");
        last = Some(delay);
        let due = |at: i64| journal.jobs_due(at).unwrap().len();
        assert_eq!((due(next.as_millisecond() - 1), due(next.as_millisecond())), (0, 1));
    }
    let told: Vec<(String, serde_json::Value)> = journal
        .job_history(&job.id)
        .unwrap()
        .into_iter()
        .map(|event| (event.kind, json!([event.payload["attempt"], event.payload["error"], event.payload["from"]])))
        .collect();
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["job.queued", "job.running", "job.backoff", "job.running", "job.backoff", "job.running", "job.failed"]
    );
    assert_eq!(told[4].1, json!([2, "no route, time 2", "running"]));
    assert_eq!(told[6].1, json!([3, "no route, time 3", "running"]));
}

#[test]
fn a_new_attempt_goes_on_where_the_last_one_stopped() {
    let folder = disk::scratch();
    let journal = Journal::open(folder.path()).unwrap();
    let job = journal.job_queue(new("get", None, &["cargo", "npm"])).unwrap();
    {
        let lease = journal.lease("fetch").unwrap();
        let error = journal.job_step_done(&lease, &job.id, "cargo").unwrap_err();
        assert!(matches!(&error, JournalError::NotRunning { state, .. } if state == "queued"), "{error}");
        journal.job_advance_under(&lease, &job.id, Step::to(JobState::Running)).unwrap();
        journal.job_step_done(&lease, &job.id, "cargo").unwrap();
        journal.job_step_done(&lease, &job.id, "cargo").unwrap();
        journal.job_retry_later(&lease, &job.id, "no route", Backoff::default()).unwrap();
    }
    // Another process, another day.
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    let lease = journal.lease("fetch").unwrap();
    journal.job_advance_under(&lease, &job.id, Step::to(JobState::Running)).unwrap();
    assert_eq!(marks(&journal, &job), [("cargo".to_owned(), true), ("npm".to_owned(), false)]);
    journal.job_step_done(&lease, &job.id, "npm").unwrap();
    let done = journal.job_advance_under(&lease, &job.id, Step::to(JobState::Done)).unwrap();
    assert_eq!((done.attempts, done.state), (2, JobState::Done));
    let steps: Vec<serde_json::Value> = journal
        .job_history(&job.id)
        .unwrap()
        .into_iter()
        .filter(|event| event.kind == "job.step")
        .map(|event| json!([event.payload["step"], event.payload["attempt"]]))
        .collect();
    assert_eq!(steps, [json!(["cargo", 1]), json!(["npm", 2])], "each is told once");
}

#[test]
fn the_next_holder_of_the_lease_carries_on_what_a_lost_process_was_doing() {
    let folder = disk::scratch();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(Path::new("/a")).unwrap();
    let elsewhere = journal.workspace_id(Path::new("/b")).unwrap();
    let old = journal.job_queue(new("old", Some(workspace), &[])).unwrap();
    let lost = journal.job_queue(new("lost", Some(workspace), &["one", "two"])).unwrap();
    let other = journal.job_queue(new("other", Some(elsewhere), &[])).unwrap();
    let lease = journal.lease("fetch").unwrap();
    for job in [&lost, &other] {
        journal.job_advance_under(&lease, &job.id, Step::to(JobState::Running)).unwrap();
    }
    journal.job_step_done(&lease, &lost.id, "one").unwrap();
    let take_over = || journal.job_take_over(&lease, JobKind::Fetch, workspace, "its process was ended").unwrap();
    let found = take_over().expect("there is a job to carry on");
    assert_eq!((&found.id, found.state, found.attempts), (&lost.id, JobState::Queued, 1));
    assert_eq!(found.last_error.as_deref(), Some("its process was ended"));
    assert_eq!(marks(&journal, &lost), [("one".to_owned(), true), ("two".to_owned(), false)]);
    let state = |job: &Job| journal.job(&job.id).unwrap().unwrap().state;
    assert_eq!((state(&old), state(&other)), (JobState::Failed, JobState::Running));
    let events = journal.count().unwrap();
    assert_eq!(take_over().unwrap().id, lost.id);
    assert_eq!(journal.count().unwrap(), events, "what is queued already is not queued again");
    journal.job_advance(&lost.id, Step::to(JobState::Cancelled)).unwrap();
    assert_eq!(take_over(), None);
}

/// Every row of the tables, as text.
fn tables(folder: &Path) -> Vec<String> {
    let raw = support::raw(folder);
    let mut statement = raw
        .prepare(
            "SELECT * FROM (SELECT format('job %s %s %s %s %s %d', hex(id), kind, state, title, hex(workspace), attempts)
                            FROM job ORDER BY id)
             UNION ALL SELECT * FROM (SELECT format('step %s %d %s %s', hex(job), n, name, iif(done_ms IS NULL, 'open', 'done'))
                                      FROM job_step ORDER BY job, n)",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_was_meant_is_queued_again_from_the_events_when_the_tables_are_lost() {
    let folder = disk::scratch();
    let journal = Journal::open(folder.path()).unwrap();
    let workspace = journal.workspace_id(Path::new("/a")).unwrap();
    let queued = journal.job_queue(new("queued", Some(workspace), &["one", "two"])).unwrap();
    let untouched = tables(folder.path());
    let (running, waiting, done) = (
        journal.job_queue(new("running", None, &["a"])).unwrap(),
        journal.job_queue(new("waiting", None, &[])).unwrap(),
        journal.job_queue(new("done", None, &[])).unwrap(),
    );
    let fresh = tables(folder.path());
    let lease = journal.lease("fetch").unwrap();
    for job in [&running, &waiting, &done] {
        journal.job_advance_under(&lease, &job.id, Step::to(JobState::Running)).unwrap();
    }
    journal.job_step_done(&lease, &running.id, "a").unwrap();
    journal.job_retry_later(&lease, &waiting.id, "no route", Backoff::default()).unwrap();
    journal.job_advance_under(&lease, &done.id, Step::to(JobState::Done)).unwrap();
    support::raw(folder.path())
        .execute_batch("DELETE FROM job; DELETE FROM job_step; INSERT INTO job_step VALUES (x'00', 0, 'stray', 1);")
        .unwrap();
    assert_eq!(journal.jobs_rebuild().unwrap(), Rebuilt { queued: 3, finished: 1, unreadable: 0 });
    let rebuilt = tables(folder.path());
    let id = done.id.parse::<Ulid>().unwrap().to_bytes();
    let expected: Vec<String> = fresh.into_iter().filter(|row| !row.contains(&hex::encode_upper(id))).collect();
    assert_eq!(rebuilt, expected, "as they were when they were queued, without the one that is done");
    assert!(untouched.iter().all(|row| rebuilt.contains(row)));
    // Once more from the same events, and from one whose words were redacted.
    assert_eq!(journal.jobs_rebuild().unwrap().queued, 3);
    assert_eq!(tables(folder.path()), rebuilt);
    support::raw(folder.path())
        .execute(
            "DELETE FROM payload WHERE pos = (SELECT min(pos) FROM event WHERE entity = ?1)",
            [queued.id.parse::<Ulid>().unwrap().to_bytes()],
        )
        .unwrap();
    assert_eq!(journal.jobs_rebuild().unwrap(), Rebuilt { queued: 2, finished: 1, unreadable: 1 });
    journal.verify().unwrap();
}

#[derive(Debug, Clone)]
enum Turn {
    /// Takes the lease if it is free.
    Take(usize),
    /// As if its holder had been suspended for longer than it lasts.
    RunsOut,
    /// Gives it back.
    GivesBack(usize),
    /// Stores a result, with the lease that this one has or once had.
    Stores(usize),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let who = 0..3_usize;
    let turn = prop_oneof![
        3 => who.clone().prop_map(Turn::Take),
        2 => Just(Turn::RunsOut),
        1 => who.clone().prop_map(Turn::GivesBack),
        4 => who.prop_map(Turn::Stores),
    ];
    prop::collection::vec(turn, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whoever comes back late stores nothing: the results are those of the last holders, in the order of their tokens.
    #[test]
    fn only_the_last_holder_of_a_lease_stores_a_result(turns in turns()) {
        let folder = disk::scratch();
        let journals: Vec<Journal> = (0..3).map(|_| Journal::open(folder.path()).unwrap()).collect();
        let mut leases: [Option<Lease>; 3] = [None, None, None];
        // The model: the last token given, and who has it while it is neither given back nor taken over.
        let (mut token, mut holder, mut ran_out) = (0, None, false);
        let mut stored = Vec::new();
        for turn in turns {
            match turn {
                Turn::Take(who) => {
                    let taken = journals[who].lease("fetch");
                    prop_assert_eq!(taken.is_ok(), holder.is_none() || ran_out);
                    if let Ok(lease) = taken {
                        (token, holder, ran_out) = (token + 1, Some(who), false);
                        prop_assert_eq!(lease.token(), token);
                        // Its own late one, if it has one, is dropped here, and must give nothing back.
                        leases[who] = Some(lease);
                        journals[who].flush().unwrap();
                    }
                }
                Turn::RunsOut => {
                    support::raw(folder.path()).execute("UPDATE lease SET until_ms = 0", []).unwrap();
                    ran_out = holder.is_some();
                }
                Turn::GivesBack(who) => {
                    if leases[who].take().is_some_and(|lease| lease.token() == token) {
                        holder = None;
                    }
                    journals[who].flush().unwrap();
                }
                Turn::Stores(who) => {
                    let Some(lease) = &leases[who] else { continue };
                    let n = lease.token();
                    let result = journals[who].with_lease(lease, move |tx| {
                        tx.append(&Draft::observation("fetch.finished", json!({"token": n})))
                    });
                    // One that ran out and that nobody took over is the last holder's still: its work is lost to no one.
                    let allowed = holder == Some(who) && n == token;
                    prop_assert_eq!(result.is_ok(), allowed);
                    if allowed {
                        stored.push(n);
                    } else {
                        let lost = matches!(result, Err(JournalError::LeaseLost { .. }));
                        prop_assert!(lost, "{:?}", result);
                    }
                }
            }
        }
        let filter = Filter { kind: Some("fetch.finished".to_owned()), ..Filter::default() };
        let tokens: Vec<u64> = journals[0].entries(&filter).unwrap().iter().map(|e| e.payload["token"].as_u64().unwrap()).collect();
        prop_assert!(tokens.is_sorted());
        prop_assert_eq!(tokens, stored);
    }

    /// Whatever is asked for, the table holds what the allowed moves give, and the events tell each of them.
    #[test]
    fn jobs_move_only_as_is_allowed_and_every_move_is_told(moves in prop::collection::vec((0..3_usize, 0..6_usize), 0..40)) {
        let folder = disk::scratch();
        let journal = Journal::open(folder.path()).unwrap();
        let jobs: Vec<Job> = (0..3).map(|n| journal.job_queue(new(&n.to_string(), None, &[])).unwrap()).collect();
        let mut model: BTreeMap<usize, (JobState, u32, Vec<JobState>)> =
            (0..3).map(|n| (n, (JobState::Queued, 0, vec![JobState::Queued]))).collect();
        for (n, to) in moves {
            let to = STATES[to];
            let (state, attempts, told) = model.get_mut(&n).unwrap();
            let moved = journal.job_advance(&jobs[n].id, Step::to(to));
            prop_assert_eq!(moved.is_ok(), state.may_become(to), "{:?} to {:?}", state, to);
            if moved.is_ok() {
                *state = to;
                *attempts += u32::from(to == JobState::Running);
                told.push(to);
            }
        }
        for (n, (state, attempts, told)) in model {
            let job = journal.job(&jobs[n].id).unwrap().unwrap();
            prop_assert_eq!((job.state, job.attempts), (state, attempts));
            let kinds: Vec<String> = journal.job_history(&job.id).unwrap().into_iter().map(|event| event.kind).collect();
            let expected: Vec<String> = told.iter().map(|state| format!("job.{}", serde_json::to_value(state).unwrap().as_str().unwrap())).collect();
            prop_assert_eq!(kinds, expected);
        }
    }
}
