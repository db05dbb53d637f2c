//! A fetch that the network failed: its job waits and says until when, and the next fetch carries it on.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Answers, Client, Setup};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

fn log(fixture: &Fixture, kind: &str) -> Vec<Value> {
    let log = fixture.holdover(&["journal", "log", "--json", "--kind", kind]);
    String::from_utf8(log.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_fetch_that_the_network_failed_waits_and_the_next_one_carries_it_on() {
    let mut fixture = Fixture::small();
    let folder = tempfile::tempdir().unwrap();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    assert_eq!(fixture.holdover(&["trust"]).status.code(), Some(0));
    assert_eq!(fixture.holdover(&["offline", "off"]).status.code(), Some(0));
    let program = |name: &str, script: &str| {
        let at = folder.path().join(name);
        std::fs::write(&at, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755)).unwrap();
        at.display().to_string()
    };
    let no_route =
        program("no-route", "echo '  [6] Could not resolve hostname (Could not resolve host: nowhere)' >&2; exit 101");
    fixture.set("HOLDOVER_FETCH_CARGO", &no_route);
    for attempt in 1..=2 {
        assert_eq!(fixture.holdover(&["preflight", "--fetch"]).status.code(), Some(1));
        let jobs = log(&fixture, "job.");
        let last = jobs.last().unwrap();
        assert_eq!((&last["kind"], &last["payload"]["attempt"]), (&"job.backoff".into(), &attempt.into()), "{jobs:#?}");
        assert_eq!(last["payload"]["title"], "get everything that is missing");
        assert!(last["payload"]["error"].as_str().unwrap().contains("Could not resolve host"));
        let failed = log(&fixture, "fetch.failed");
        assert_eq!(failed.len(), attempt);
        assert_eq!(failed[attempt - 1]["payload"]["nextAttempt"], last["payload"]["nextAttempt"]);
        assert!(last["payload"]["nextAttempt"].as_str().unwrap() > last["at"].as_str().unwrap());
    }
    // Not the network's fault: nothing is gained by waiting.
    let broken = program("broken", "echo 'error: failed to verify the checksum of `itoa`' >&2; exit 101");
    fixture.set("HOLDOVER_FETCH_CARGO", &broken);
    fixture.holdover(&["preflight", "--fetch"]);
    let jobs = log(&fixture, "job.");
    let kinds: Vec<&str> = jobs.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "job.queued",
            "job.running",
            "job.backoff",
            "job.queued",
            "job.running",
            "job.backoff",
            "job.queued",
            "job.running",
            "job.failed"
        ]
    );
    assert!(jobs.iter().all(|event| event["entity"] == jobs[0]["entity"]), "one job, three attempts");
}

/// A server of the fixture's workspace.
fn server(fixture: &Fixture) -> Client {
    let setup = Setup { env: fixture.environment(), roots: vec![fixture.workspace()], ..Setup::default() };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    client
}

#[test]
fn a_server_carries_a_failed_fetch_on_when_its_time_has_come_and_after_a_restart_too() {
    let mut fixture = Fixture::small();
    let folder = tempfile::tempdir().unwrap();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    fixture.holdover(&["trust"]);
    fixture.holdover(&["offline", "off"]);
    // Fails with the network's words as long as there is no `net`, then says something else: whoever runs it leaves a line.
    let (net, runs, at) = (folder.path().join("net"), folder.path().join("runs"), folder.path().join("cargo"));
    let script = format!(
        "#!/bin/sh\necho run >> '{}'\n[ -e '{}' ] || {{ echo 'Could not resolve host: nowhere' >&2; exit 101; }}\necho 'error: something else' >&2; exit 101\n",
        runs.display(),
        net.display()
    );
    std::fs::write(&at, script).unwrap();
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755)).unwrap();
    fixture.set("HOLDOVER_FETCH_CARGO", &at.display().to_string());
    assert_eq!(fixture.holdover(&["preflight", "--fetch"]).status.code(), Some(1));
    let status: Value = serde_json::from_slice(&fixture.holdover(&["status", "--json"]).stdout).unwrap();
    let job = &status["jobs"][0];
    assert_eq!((&job["state"], &job["attempts"]), (&"backoff".into(), &1.into()), "{status:#}");
    assert!(job["nextAttempt"].is_string() && job["lastError"].as_str().unwrap().contains("resolve"));
    let fetch = status["functions"].as_array().unwrap().iter().find(|function| function["name"] == "fetch").unwrap();
    assert!(fetch["reason"].as_str().unwrap().contains("tried again at"), "{fetch:#}");
    // Forced offline, its time may pass: nothing is run.
    fixture.holdover(&["offline", "on"]);
    let mut client = server(&fixture);
    let jobs = |client: &mut Client| client.request("holdover/status", Value::Null)["jobs"].clone();
    client.until(jobs, |jobs| jobs[0]["state"] == "backoff");
    assert_eq!(std::fs::read_to_string(&runs).unwrap().lines().count(), 1);
    // It is carried on by a server that knows of it from the journal alone, once there may be a connection.
    fixture.holdover(&["offline", "off"]);
    client.until(jobs, |jobs| {
        jobs[0]["attempts"].as_u64().is_some_and(|attempts| attempts >= 2) && jobs[0]["state"] == "backoff"
    });
    std::fs::write(&net, "").unwrap();
    client.until(jobs, |jobs| jobs.as_array().is_some_and(Vec::is_empty));
    let events = log(&fixture, "job.");
    assert_eq!(events.last().unwrap()["kind"], "job.failed", "not the network's fault: it is not tried again");
    assert!(events.iter().all(|event| event["entity"] == events[0]["entity"]), "one job, however often");
    // Never before its time, by the clock that drew it.
    let attempts: Vec<&Value> = events.iter().filter(|event| event["kind"] == "job.running").collect();
    let waits = events.iter().filter(|event| event["kind"] == "job.backoff");
    for (wait, next) in waits.zip(attempts.iter().skip(1)) {
        assert!(next["at"].as_str().unwrap() >= wait["payload"]["nextAttempt"].as_str().unwrap(), "{wait:#} {next:#}");
    }
    assert_eq!(std::fs::read_to_string(&runs).unwrap().lines().count(), attempts.len());
    assert_eq!((log(&fixture, "fetch.asked").len(), log(&fixture, "fetch.retried").len()), (1, attempts.len() - 1));
}

#[test]
fn what_waits_to_be_fetched_again_is_given_up_when_somebody_says_so() {
    let mut fixture = Fixture::small();
    let folder = tempfile::tempdir().unwrap();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    fixture.holdover(&["trust"]);
    fixture.holdover(&["offline", "off"]);
    let at = folder.path().join("cargo");
    std::fs::write(&at, "#!/bin/sh\necho 'Could not resolve host: nowhere' >&2; exit 101\n").unwrap();
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755)).unwrap();
    fixture.set("HOLDOVER_FETCH_CARGO", &at.display().to_string());
    fixture.holdover(&["preflight", "--fetch"]);
    fixture.holdover(&["offline", "on"]);
    let mut client = server(&fixture);
    assert_eq!(
        client.command("holdover.fetch", serde_json::json!({ "giveUp": true })),
        serde_json::json!({ "givenUp": 1 })
    );
    assert_eq!(client.request("holdover/status", Value::Null)["jobs"], serde_json::json!([]));
    assert_eq!(log(&fixture, "job.").last().unwrap()["kind"], "job.cancelled");
    assert_eq!(
        client.command("holdover.fetch", serde_json::json!({ "giveUp": true })),
        serde_json::json!({ "givenUp": 0 })
    );
}

#[test]
fn a_fetch_whose_question_was_deleted_from_the_journal_is_given_up_and_never_becomes_a_fetch_of_everything() {
    let mut fixture = Fixture::small();
    let folder = tempfile::tempdir().unwrap();
    for name in ["itoa", "ryu"] {
        std::fs::remove_file(fixture.crate_file(name)).unwrap();
    }
    fixture.holdover(&["trust"]);
    fixture.holdover(&["offline", "off"]);
    let (runs, at) = (folder.path().join("runs"), folder.path().join("cargo"));
    let script =
        format!("#!/bin/sh\necho run >> '{}'\necho 'Could not resolve host: nowhere' >&2; exit 101\n", runs.display());
    std::fs::write(&at, script).unwrap();
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755)).unwrap();
    fixture.set("HOLDOVER_FETCH_CARGO", &at.display().to_string());
    let lacks: Value = serde_json::from_slice(&fixture.holdover(&["preflight", "--json"]).stdout).unwrap();
    let artifacts = lacks["artifacts"].as_array().unwrap();
    let id = |name: &str| artifacts.iter().find(|artifact| artifact["name"] == name).unwrap()["id"].clone();
    let (one, other) = (id("itoa"), id("ryu"));
    let mut client = server(&fixture);
    let asked = serde_json::json!({ "workspace": fixture.workspace(), "artifacts": [one] });
    client.command("holdover.fetch", asked);
    let jobs = |client: &mut Client| client.request("holdover/status", Value::Null)["jobs"].clone();
    client.until(jobs, |jobs| jobs[0]["state"] == "backoff");
    // Nothing is tried again until what was asked for is gone.
    fixture.holdover(&["offline", "on"]);
    client.until(jobs, |jobs| jobs[0]["state"] == "backoff");
    let attempts = |_: &mut Client| log(&fixture, "job.running").len().into();
    client.until(attempts, |begun| *begun == std::fs::read_to_string(&runs).unwrap().lines().count());
    let ran = std::fs::read_to_string(&runs).unwrap();
    let question = log(&fixture, "fetch.asked").pop().unwrap();
    assert_eq!(question["payload"]["artifacts"], serde_json::json!([one]), "{question:#}");
    let gone =
        fixture.holdover(&["journal", "redact", question["id"].as_str().unwrap(), "--reason", "personal", "--yes"]);
    assert_eq!(gone.status.code(), Some(0), "{gone:?}");
    fixture.holdover(&["offline", "off"]);
    client.until(jobs, |jobs| jobs.as_array().is_some_and(Vec::is_empty));
    let last = log(&fixture, "job.").pop().unwrap();
    assert_eq!(last["kind"], "job.cancelled");
    assert!(last["payload"]["error"].as_str().unwrap().contains("what was asked for"), "{last:#}");
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), ran, "{other} was never asked for");
}

#[test]
fn what_was_told_before_the_client_made_the_token_is_shown_once_it_has() {
    let mut fixture = Fixture::small();
    let folder = tempfile::tempdir().unwrap();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    fixture.holdover(&["trust"]);
    fixture.holdover(&["offline", "off"]);
    // Says that it runs, then waits.
    let (runs, go, at) = (folder.path().join("runs"), folder.path().join("go"), folder.path().join("cargo"));
    let script = format!(
        "#!/bin/sh\necho run >> '{}'\nwhile [ ! -e '{}' ]; do sleep 0.02; done\nexit 101\n",
        runs.display(),
        go.display()
    );
    std::fs::write(&at, script).unwrap();
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755)).unwrap();
    fixture.set("HOLDOVER_FETCH_CARGO", &at.display().to_string());
    let setup = Setup {
        env: fixture.environment(),
        roots: vec![fixture.workspace()],
        answers: Answers::Never,
        ..Setup::default()
    };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let fetch = client.ask("workspace/executeCommand", json!({ "command": "holdover.fetch", "arguments": [] }));
    let create = client
        .wait(Duration::from_mins(1), |message| message["method"] == "window/workDoneProgress/create")
        .expect("the token is asked for");
    client.until(|_| Value::Bool(runs.exists()), |runs| *runs == Value::Bool(true));
    client.send(&json!({ "jsonrpc": "2.0", "id": create["id"], "result": null }));
    let begin = client.notification("$/progress");
    assert_eq!((&begin["token"], &begin["value"]["kind"]), (&create["params"]["token"], &"begin".into()), "{begin:#}");
    // The tool says nothing: what is shown now was told before.
    let report = client.notification("$/progress");
    assert_eq!(report["value"]["kind"], "report", "{report:#}");
    assert_eq!(report["value"]["message"], "cargo Cargo.lock");
    std::fs::write(&go, "").unwrap();
    client.response(fetch);
}

#[test]
fn a_fetch_tells_how_much_has_come_while_its_tool_still_runs() {
    let mut fixture = Fixture::small();
    let folder = tempfile::tempdir().unwrap();
    let (go, at, kept) = (folder.path().join("go"), folder.path().join("cargo"), folder.path().join("kept"));
    let crate_file = fixture.crate_file("itoa");
    std::fs::rename(&crate_file, &kept).unwrap();
    std::fs::remove_file(fixture.crate_file("memchr")).unwrap();
    fixture.holdover(&["trust"]);
    fixture.holdover(&["offline", "off"]);
    // Brings one of two, and says nothing.
    let (from, to, go_on) = (kept.display(), crate_file.display(), go.display());
    let script = format!("#!/bin/sh\nmv '{from}' '{to}'\nwhile [ ! -e '{go_on}' ]; do sleep 0.02; done\nexit 101\n");
    std::fs::write(&at, script).unwrap();
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755)).unwrap();
    fixture.set("HOLDOVER_FETCH_CARGO", &at.display().to_string());
    let mut client =
        Client::start(&Setup { env: fixture.environment(), roots: vec![fixture.workspace()], ..Setup::default() });
    client.accept_leftovers();
    let fetch = client.ask("workspace/executeCommand", json!({ "command": "holdover.fetch", "arguments": [] }));
    let told =
        |message: &Value| message["params"]["value"]["message"].as_str().is_some_and(|text| text.contains(" so far: "));
    let report = client.wait(Duration::from_mins(1), told).expect("what has come is told");
    let value = &report["params"]["value"];
    assert!(value["message"].as_str().unwrap().contains("KiB so far: cargo Cargo.lock"), "{report:#}");
    assert_eq!(value["percentage"], 50, "{report:#}");
    std::fs::write(&go, "").unwrap();
    client.response(fetch);
}
