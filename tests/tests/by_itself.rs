//! Two people with an editor each, and a remote between them: what one shares comes to the other without anybody asking for it, over a
//! stick that is away for a while, over git's daemon when offline is no longer forced; and nothing does where somebody said so.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::client::{Client, Setup};
use holdover_tests::desk::{Desk, let_in};
use holdover_tests::said::{good, out};
use serde_json::{Value, json};
use std::io::BufRead as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn two(remote: &str) -> (Desk, Desk) {
    let (ann, bob) = (Desk::new("Ann"), Desk::new("Bob"));
    let_in(&ann, &bob);
    for desk in [&ann, &bob] {
        good(&desk.run(&["remote", "add", "team", remote]));
    }
    (ann, bob)
}

/// An editor's server in somebody's workspace, which looks at a stick every second.
fn editor(desk: &Desk, settings: &[(&str, &str)]) -> Client {
    let data = desk.folder.path().join("data").display().to_string();
    let setup = Setup { roots: vec![desk.root()], ..Setup::default() }.env("HOLDOVER_DATA_DIR", &data);
    let setup = setup.env("HOLDOVER_SYNC_INTERVAL_SECONDS", "1").env("HOLDOVER_SYNC_AUTOMATIC", "true");
    let mut client = Client::start(&settings.iter().fold(setup, |setup, (name, value)| setup.env(name, value)));
    client.accept_leftovers();
    client
}

fn bodies(client: &mut Client) -> Value {
    let notes = client.command("holdover.note.list", json!({}))["notes"].clone();
    notes.as_array().unwrap().iter().map(|note| note["body"].clone()).collect()
}

fn share(client: &mut Client, body: &str) {
    client.command("holdover.note.add", json!({ "body": body, "shared": true }));
}

fn status(client: &mut Client, wanted: &dyn Fn(&Value) -> bool) -> Value {
    client.until(|client| client.command("holdover.status", json!({}))["sync"].clone(), wanted)
}

/// How often a desk has tried its remote without success.
fn attempts(desk: &Desk) -> u64 {
    desk.json(&["remote", "list"]).1["remotes"][0]["attempts"].as_u64().unwrap()
}

#[test]
fn what_one_shares_in_an_editor_stands_in_the_other_s_and_a_stick_that_comes_back_is_taken_up() {
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    let (ann, bob) = two(at.to_str().unwrap());
    let (mut one, mut other) = (editor(&ann, &[]), editor(&bob, &[]));
    share(&mut one, "first");
    let came = other.until(bodies, |bodies| *bodies == json!(["first"]));
    assert_eq!(came, json!(["first"]));
    let told = status(&mut one, &|sync| sync["pending"] == 0 && sync["lastSuccess"].is_string());
    assert!(told["remotes"][0]["nextAttempt"].is_string(), "{told}");
    let queue = out(&ann.run(&["queue"]));
    assert!(queue.contains("on, where an editor has this project open; at once with `holdover sync team`"), "{queue}");

    // In a drawer: said, tried once, and not again and again.
    std::fs::rename(&at, at.with_file_name("drawer")).unwrap();
    share(&mut one, "second");
    let away = status(&mut one, &|sync| sync["state"] == "backoff");
    assert_eq!((away["state"].as_str(), away["pending"].as_u64() > Some(0)), (Some("backoff"), true), "{away}");
    // So often in vain that the next attempt would be minutes away, mostly.
    for _ in 0..12 {
        ann.sync();
    }
    let tried = attempts(&ann);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(attempts(&ann), tried, "nothing is written for a stick that is not there");
    std::fs::rename(at.with_file_name("drawer"), &at).unwrap();
    let came = other.until(bodies, |bodies| bodies.as_array().unwrap().len() == 2);
    assert!(came.as_array().unwrap().contains(&json!("second")), "{came}");
    assert_eq!(status(&mut one, &|sync| sync["state"] == "idle")["state"], "idle");
    drop((one, other));
    for desk in [&ann, &bob] {
        good(&desk.run(&["journal", "verify"]));
    }
}

#[test]
fn a_terminal_can_stay_and_synchronise_too_until_it_is_interrupted() {
    let stick = tempfile::tempdir().unwrap();
    let (ann, bob) = two(stick.path().join("ferry").to_str().unwrap());
    let mut watch = bob.command(&["sync", "--watch", "--json"]);
    let mut watch = watch.env("HOLDOVER_SYNC_INTERVAL_SECONDS", "1").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut report = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(report()["remotes"][0]["done"], true);
    let _ = ann.json(&["note", "add", "a.rs", "--shared", "-m", "to a terminal"]);
    ann.sync();
    let came = report();
    assert!(came["changes"].as_array().unwrap().iter().any(|change| change["kind"] == "note.add"), "{came}");
    assert_eq!(bob.bodies(), ["to a terminal"]);
    assert!(Command::new("kill").args(["-INT", &watch.id().to_string()]).status().unwrap().success());
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}

#[test]
fn nothing_is_exchanged_by_itself_where_somebody_said_so_or_the_workspace_is_not_trusted() {
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    let (ann, bob) = two(at.to_str().unwrap());
    let seen = |at: &Path| walk(at).len();
    let before = seen(&at);
    let mut off = editor(&ann, &[("HOLDOVER_SYNC_AUTOMATIC", "false")]);
    share(&mut off, "not yet");
    good(&bob.run(&["trust", "--revoke"]));
    let mut untrusted = editor(&bob, &[]);
    status(&mut off, &|sync| sync["pending"].as_u64() > Some(0));
    status(&mut untrusted, &|sync| sync["state"] == "idle");
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(seen(&at), before, "nobody asked for it");
    assert!(status(&mut off, &|_| true)["remotes"][0]["nextAttempt"].is_null());
    drop(off);
    drop(untrusted);

    // Left alone for now, and used again.
    good(&bob.run(&["trust"]));
    let _ = ann.run(&["queue", "pause"]);
    let mut paused = editor(&ann, &[]);
    share(&mut paused, "later");
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(seen(&at), before, "it is left alone");
    let _ = ann.run(&["queue", "resume"]);
    let mut other = editor(&bob, &[]);
    let came = other.until(bodies, |bodies| bodies.as_array().unwrap().len() == 2);
    assert_eq!(came.as_array().unwrap().len(), 2, "{came}");
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn over_git_it_waits_while_offline_is_forced_and_goes_on_when_it_is_not() {
    let all = tempfile::tempdir().unwrap();
    let bare = all.path().join("ferry.git");
    assert!(Command::new("git").args(["init", "-q", "--bare"]).arg(&bare).status().unwrap().success());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (port, base) = (format!("--port={port}"), format!("--base-path={}", all.path().display()));
    let mut daemon = Command::new("git");
    daemon.args(["daemon", "--listen=127.0.0.1", &port, &base, "--export-all", "--enable=receive-pack", "--reuseaddr"]);
    let _daemon = Daemon(daemon.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let address = port.replace("--port=", "127.0.0.1:");
    let until = Instant::now() + Duration::from_mins(1);
    while std::net::TcpStream::connect(&address).is_err() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut desks = [Desk::new("Ann"), Desk::new("Bob")];
    for desk in &mut desks {
        // Whatever routes the machine has: connections are tried.
        good(&desk.run(&["offline", "off"]));
    }
    let [ann, bob] = desks;
    let_in(&ann, &bob);
    for desk in [&ann, &bob] {
        good(&desk.run(&["remote", "add", "team", &format!("git://{address}/ferry.git")]));
    }
    good(&ann.run(&["offline", "on"]));
    let (mut one, mut other) = (editor(&ann, &[]), editor(&bob, &[]));
    share(&mut one, "from the plane");
    let waits = status(&mut one, &|sync| sync["pending"].as_u64() > Some(0));
    assert!(waits["pending"].as_u64() > Some(0), "{waits}");
    // Longer than what is written is gathered for another machine.
    std::thread::sleep(Duration::from_secs(13));
    assert_eq!(bodies(&mut other), json!([]), "offline is forced");
    assert_eq!(attempts(&ann), 0, "and that is no failure");
    good(&ann.run(&["offline", "off"]));
    let came = other.until(bodies, |bodies| *bodies == json!(["from the plane"]));
    assert_eq!(came, json!(["from the plane"]));
    assert_eq!(status(&mut one, &|sync| sync["pending"] == 0)["pending"], 0);
}
