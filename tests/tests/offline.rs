//! With the network denied by the kernel, what needs none still works: the command line on a project with full caches.
//! The language server's own tests run the same way in `tests/run denied`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::{binary, fixture::Fixture};
use std::path::Path;
use std::process::Output;

/// Runs `holdover` where there is no network at all, not even loopback.
fn without_network(fixture: &Fixture, arguments: &[&str]) -> Output {
    let mut command = fixture.command(Path::new("unshare"));
    command.arg("--user").arg("--map-root-user").arg("--net").arg(binary::holdover()).args(arguments);
    command.output().expect("unshare is there: util-linux is part of every Linux")
}

#[test]
fn with_the_network_denied_status_preflight_and_doctor_answer_as_before() {
    let fixture = Fixture::small();
    let preflight = without_network(&fixture, &["preflight", "--json"]);
    assert_eq!(preflight.status.code(), Some(0), "{}", String::from_utf8_lossy(&preflight.stderr));
    let status = without_network(&fixture, &["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["connectivity"]["state"], "offline", "{status:#}");
    assert_eq!(status["readiness"]["state"], "ready");
    assert_eq!(without_network(&fixture, &["doctor"]).status.code(), Some(0));
}

#[test]
fn with_the_network_denied_a_fetch_is_refused_before_anything_runs() {
    let fixture = Fixture::small();
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    assert_eq!(fixture.holdover(&["trust"]).status.code(), Some(0));
    let fetch = without_network(&fixture, &["preflight", "--fetch"]);
    let said = String::from_utf8_lossy(&fetch.stderr).into_owned();
    assert_eq!(fetch.status.code(), Some(1), "{said}");
    assert!(said.contains("no route"), "{said}");
    assert!(said.contains("hint:"), "{said}");
}
