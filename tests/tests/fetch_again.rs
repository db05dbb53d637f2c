//! A fetch that the network failed: its job waits and says until when, and the next fetch carries it on.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::fixture::Fixture;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;

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
