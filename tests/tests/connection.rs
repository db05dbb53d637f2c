//! The connection, as the registries that are asked show it: forced offline, captive, degraded, gone; asked by the real program and by the
//! real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

#[path = "registries/place.rs"]
mod place;
#[path = "registries/server.rs"]
mod server;

use holdover_tests::client::{Client, PATIENCE, Setup, uri};
use place::{DESCRIPTION, Place};
use serde_json::{Value, json};
use server::{Registry, say, wait};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn nobody_is_asked_for_a_workspace_that_is_not_trusted_or_while_offline_is_forced() {
    let registry = Registry::start(|_, to| say(to, "200 OK", "application/json", DESCRIPTION));
    let url = format!("http://127.0.0.1:{}/", registry.port);
    let place = Place::untrusted();
    place.npm(&url);
    let refused = place.holdover(&["status", "--ask"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && said.contains("not trusted"), "{said}");
    let place = Place::new();
    place.npm(&url);
    assert!(place.holdover(&["offline", "on"]).status.success());
    let refused = place.holdover(&["status", "--ask"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && said.contains("forced offline"), "{said}");
    assert_eq!(registry.heads(), Vec::<String>::new());
}

#[test]
fn forcing_offline_ends_a_question_that_is_under_way() {
    let place = Place::new();
    let registry = Registry::start(|_, _| wait(60.0));
    place.npm(&format!("http://127.0.0.1:{}/", registry.port));
    let asking =
        place.command().args(["status", "--ask"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while registry.heads().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(30), "nobody asked");
        wait(0.02);
    }
    assert!(place.holdover(&["offline", "on"]).status.success());
    let ended = asking.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("offline was forced meanwhile"), "{said}");
}

const INSIDE: &str = "HOLDOVER_TEST_INSIDE";

fn alone() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/registries/alone.py")
}

/// Whether this is a network of its own with a way out that leads nowhere, so that what the machine has does not matter. If not,
/// the test of this name is run in one.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut inside = Command::new("unshare");
    inside.args(["--user", "--map-root-user", "--net", "--", "python3"]).arg(alone()).arg("up");
    inside.arg(std::env::current_exe().unwrap()).args([test, "--exact"]).env(INSIDE, "1");
    let output = inside.output().expect("unshare is there: util-linux is part of every Linux");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// A registry whose page can be changed.
fn changing() -> (Registry, Arc<Mutex<(&'static str, &'static str)>>) {
    let page = Arc::new(Mutex::new(("application/json", DESCRIPTION)));
    let shown = Arc::clone(&page);
    let registry = Registry::start(move |_, to| {
        let (kind, body) = *shown.lock().unwrap();
        say(to, "200 OK", kind, body);
    });
    (registry, page)
}

const LOGIN: (&str, &str) = ("text/html", "<html>Welcome aboard</html>");

#[test]
fn the_connection_is_captive_degraded_or_online_as_the_registries_answer() {
    if !is_alone("the_connection_is_captive_degraded_or_online_as_the_registries_answer") {
        return;
    }
    let place = Place::new();
    assert!(place.holdover(&["offline", "auto"]).status.success());
    let (registry, page) = changing();
    let connection = |more: &[&str]| {
        let output = place.holdover(&[&["status", "--json"], more].concat());
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (connection, functions) = (&status["connectivity"], status["functions"].as_array().unwrap());
        let fetch = functions.iter().find(|function| function["name"] == "fetch").unwrap();
        let [state, detail] = ["state", "detail"].map(|key| connection[key].as_str().unwrap().to_owned());
        (state, detail, fetch["mode"].as_str().unwrap().to_owned())
    };
    let is = |(state, detail, fetch): (String, String, String), wanted: [&str; 3]| {
        assert_eq!([state.as_str(), fetch.as_str()], [wanted[0], wanted[2]], "{detail}");
        assert!(detail.contains(wanted[1]), "{detail}");
    };
    place.npm(&format!("http://127.0.0.1:{}/", registry.port));
    is(connection(&["--ask"]), ["online", "1 registry asked", "needs-online"]);
    *page.lock().unwrap() = LOGIN;
    is(connection(&["--ask"]), ["captive", "log in", "unavailable"]);
    place.npm("http://127.0.0.1:9/");
    is(connection(&["--ask"]), ["degraded", "of 1 registry 1 does not answer", "needs-online"]);
    is(connection(&[]), ["online", "no mirror was asked", "needs-online"]);
}

#[test]
fn a_server_asks_by_itself_where_it_is_trusted_and_hears_at_once_that_the_way_out_is_gone() {
    if !is_alone("a_server_asks_by_itself_where_it_is_trusted_and_hears_at_once_that_the_way_out_is_gone") {
        return;
    }
    let (registry, page) = changing();
    *page.lock().unwrap() = LOGIN;
    let start = |place: &Place| {
        assert!(place.holdover(&["offline", "auto"]).status.success());
        place.npm(&format!("http://127.0.0.1:{}/", registry.port));
        let known = place.command();
        let env = known
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_str().unwrap().to_owned(), value?.to_str().unwrap().to_owned())));
        let mut client =
            Client::start(&Setup { env: env.collect(), roots: vec![place.workspace()], ..Setup::default() });
        client.accept_leftovers();
        client
    };
    let connection = |client: &mut Client, wanted: &str| {
        let ask = |client: &mut Client| client.request("holdover/status", json!({}));
        let status = client.until(ask, |status| status["connectivity"]["state"] == wanted);
        assert_eq!(status["connectivity"]["state"], wanted, "{status:#}");
        status
    };
    let untrusted = Place::untrusted();
    let mut client = start(&untrusted);
    connection(&mut client, "online");
    let ask = |client: &mut Client| client.request("holdover/status", json!({}));
    client.until(ask, |status| status["readiness"]["total"] == 1);
    let refused = client
        .refused("workspace/executeCommand", json!({ "command": "holdover.status", "arguments": [{ "ask": true }] }));
    assert!(refused.1.contains("not trusted"), "{refused:?}");
    assert_eq!(registry.heads(), Vec::<String>::new(), "a workspace that is not trusted names nobody to be asked");
    drop(client);

    let place = Place::new();
    let mut client = start(&place);
    let status = connection(&mut client, "captive");
    assert_eq!(status["mirrors"][0]["state"], "captive", "{status:#}");
    // Another workspace, whose own registry answers, does not hide it.
    let near = Registry::start(|_, to| say(to, "200 OK", "application/json", DESCRIPTION));
    let other = place.folder.path().join("other");
    assert!(Command::new("cp").arg("-a").arg(place.workspace()).arg(&other).status().unwrap().success());
    std::fs::write(other.join(".npmrc"), format!("registry=http://127.0.0.1:{}/\n", near.port)).unwrap();
    assert!(place.holdover(&["trust", other.to_str().unwrap()]).status.success());
    let added = json!({ "added": [{ "uri": uri(&other), "name": "other" }], "removed": [] });
    client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": added }));
    let ask = |client: &mut Client| client.request("holdover/status", json!({ "workspace": other }));
    let status = client.until(ask, |status| status["mirrors"][0]["state"] == "reachable");
    assert_eq!(
        (&status["mirrors"][0]["state"], &status["connectivity"]["state"]),
        (&"reachable".into(), &"captive".into()),
        "{status:#}"
    );
    // Logged in: asked again.
    *page.lock().unwrap() = ("application/json", DESCRIPTION);
    let status = client.command("holdover.status", json!({ "ask": true }));
    assert_eq!(
        (&status["connectivity"]["state"], &status["mirrors"][0]["state"]),
        (&"online".into(), &"reachable".into())
    );
    // Nobody asks for the status: the kernel tells.
    while client.wait(Duration::from_millis(300), |message| message["method"] == "holdover/didChangeStatus").is_some() {
    }
    assert!(Command::new("python3").arg(alone()).arg("down").status().unwrap().success());
    let told = client.wait(PATIENCE, |message| {
        message["method"] == "holdover/didChangeStatus" && message["params"]["connectivity"]["state"] == "offline"
    });
    let told = told.expect("it is told without being asked for");
    assert_eq!(told["params"]["mirrors"][0]["state"], "unknown", "{told:#}");
    assert!(
        told["params"]["mirrors"][0]["text"].as_str().unwrap().contains("not asked on this network; before: answers")
    );
}

#[test]
fn a_fetch_that_fails_says_what_the_registry_answers() {
    let place = Place::new();
    let registry = Registry::start(|_, to| say(to, "200 OK", "text/html", LOGIN.1));
    place.npm(&format!("http://127.0.0.1:{}/", registry.port));
    let fetch = place.holdover(&["preflight", "--fetch"]);
    let said = String::from_utf8(fetch.stdout).unwrap() + &String::from_utf8(fetch.stderr).unwrap();
    assert_eq!(fetch.status.code(), Some(1), "{said}");
    assert!(said.contains("something else answers for it") && said.contains("log in to the network"), "{said}");
}
