//! Two people's data folders, by the command line: a device is let in by three files, and nothing that may leave a machine
//! says where it was written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::binary;
use holdover_tests::said::good;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const USER: &str = "zebrauser";

/// Runs a command for the person whose data folder it is.
fn run(home: &Path, data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary::holdover());
    command.args(arguments).current_dir(home).env("HOME", home).env("HOLDOVER_DATA_DIR", data);
    for name in ["USER", "USERNAME", "LOGNAME"] {
        command.env(name, USER);
    }
    command.env_remove("XDG_CONFIG_HOME").output().expect("the binary runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&good(output)).unwrap()
}

#[test]
fn a_device_is_let_in_by_three_files_and_taken_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let (home, a, b) = (folder.path(), folder.path().join("a"), folder.path().join("b"));
    good(&run(home, &a, &["device", "init", "--name", "desk", "--person", "Ada"]));
    good(&run(home, &b, &["device", "init", "--name", "laptop"]));
    let invitation = good(&run(home, &a, &["device", "invite", "--valid", "2"]));
    std::fs::write(home.join("invitation.txt"), invitation).unwrap();
    let asked = json(&run(home, &b, &["device", "join", "invitation.txt", "--to", "request.bin", "--json"]));
    assert_eq!((&asked["step"], &asked["device"]["state"]), (&"asked".into(), &"asking".into()));
    let answered = json(&run(home, &a, &["device", "join", "request.bin", "--to", "answer.bin", "--json"]));
    assert_eq!((&answered["step"], &answered["device"]["name"]), (&"answered".into(), &"laptop".into()));
    let joined = json(&run(home, &b, &["device", "join", "answer.bin", "--json"]));
    assert_eq!((&joined["step"], &joined["device"]["state"]), (&"joined".into(), &"member".into()));
    // Each file once more: nothing happens, and that is said.
    let again = run(home, &a, &["device", "join", "request.bin", "--json"]);
    assert_eq!(again.status.code(), Some(1));
    let list = good(&run(home, &a, &["device", "list"]));
    assert!(list.contains("desk  member, this device") && list.contains("laptop  member"), "{list}");
    let revoked = json(&run(home, &a, &["device", "revoke", "laptop", "--reason", "lost", "--json"]));
    assert_eq!(revoked["state"], "revoked");
    let unknown = run(home, &a, &["device", "revoke", "tower"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no device is called `tower`"));
    for (contents, said) in [("nothing", "no bundle"), ("holdover-invitation-1.00", "a part of it is missing")] {
        std::fs::write(home.join("wrong"), contents).unwrap();
        let wrong = run(home, &b, &["device", "join", "wrong"]);
        assert_eq!(wrong.status.code(), Some(1), "{contents}");
        assert!(String::from_utf8_lossy(&wrong.stderr).contains(said), "{}", String::from_utf8_lossy(&wrong.stderr));
    }
    assert_eq!(run(home, &b, &["device", "join", "not-there"]).status.code(), Some(2));
}

#[test]
fn who_has_a_say_is_named_on_one_device_and_signed_on_another() {
    let folder = tempfile::tempdir().unwrap();
    let (home, a, b) = (folder.path(), folder.path().join("a"), folder.path().join("b"));
    good(&run(home, &a, &["device", "init", "--name", "desk"]));
    good(&run(home, &b, &["device", "init", "--name", "laptop"]));
    std::fs::write(home.join("invitation.txt"), good(&run(home, &a, &["device", "invite"]))).unwrap();
    good(&run(home, &b, &["device", "join", "invitation.txt", "--to", "request.bin"]));
    good(&run(home, &a, &["device", "join", "request.bin", "--to", "answer.bin"]));
    good(&run(home, &b, &["device", "join", "answer.bin"]));
    assert!(good(&run(home, &a, &["device", "roots"])).contains("nobody has named a root set"));
    let name = ["device", "roots", "--next", "desk", "--next", "laptop", "--threshold", "2", "--to", "roots.bin"];
    let named = good(&run(home, &a, &name));
    assert!(named.contains("root set 1: 2 of 2: ") && named.contains("signed by desk"), "{named}");
    let id = named.split_once("waits: ").unwrap().1[..8].to_owned();
    let signed = good(&run(home, &b, &["device", "roots", "--from", "roots.bin", "--sign", &id, "--to", "signed.bin"]));
    assert!(signed.starts_with("root set 1: 2 of 2: ") && !signed.contains("waits"), "{signed}");
    let there = json(&run(home, &a, &["device", "roots", "--from", "signed.bin", "--json"]));
    assert_eq!((&there["now"]["version"], &there["now"]["threshold"]), (&1.into(), &2.into()));
    assert_eq!(there["now"]["signedBy"].as_array().unwrap().len(), 2);
    // From now on one alone takes the other out no more.
    let alone = json(&run(home, &a, &["device", "revoke", "laptop", "--json"]));
    assert_eq!(alone["state"], "member", "{alone:#}");
    for (arguments, said) in [
        (&["--next", "desk", "--threshold", "2"][..], "2 of 1 devices cannot be asked to sign"),
        (&["--next", "tower", "--threshold", "1"], "no device is called `tower`"),
        (&["--sign", "00000000"], "no root set that waits"),
        (&["--from", "invitation.txt"], "no bundle"),
    ] {
        let wrong = run(home, &a, &[&["device", "roots"], arguments].concat());
        assert_eq!(wrong.status.code(), Some(1), "{arguments:?}");
        assert!(String::from_utf8_lossy(&wrong.stderr).contains(said), "{}", String::from_utf8_lossy(&wrong.stderr));
    }
}

/// What must not leave a machine, by what it is.
fn forbidden(home: &Path) -> Vec<(&'static str, String)> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let mut all = vec![("home folder", home.display().to_string()), ("account", USER.to_owned())];
    all.extend((host.len() > 3).then_some(("host name", host)));
    all
}

/// Texts in a document, at any depth, with the names of members.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            found.push(name);
            texts(value, found);
        }),
        _ => {}
    }
}

/// Why an event may not leave a machine.
fn leak(event: &Value, forbidden: &[(&'static str, String)]) -> Option<String> {
    let mut found = Vec::new();
    texts(event, &mut found);
    for text in found {
        for (what, word) in forbidden {
            if text.contains(word.as_str()) {
                return Some(format!("{what} in `{text}`"));
            }
        }
        let absolute = text.starts_with('/') || text.starts_with("\\\\") || text.get(1..3) == Some(":\\");
        let token = ["ghp_", "github_pat_", "glpat-", "npm_", "AKIA", "-----BEGIN", "xoxb-", "eyJ"];
        if absolute || token.iter().any(|token| text.contains(token)) {
            return Some(format!("an absolute path or a token: `{text}`"));
        }
    }
    None
}

#[test]
fn nothing_that_may_leave_a_machine_names_its_home_host_account_or_an_absolute_path() {
    let fixture = holdover_tests::fixture::Fixture::small();
    let (home, data) = (fixture.workspace(), fixture.data());
    let forbidden = forbidden(&home);
    // Everything that writes something: looks, refusals, decisions, devices.
    for arguments in [
        &["preflight"][..],
        &["preflight", "--fetch"],
        &["trust"],
        &["preflight", "--fetch", "--dry-run"],
        &["offline", "on"],
        &["offline", "auto"],
        &["device", "init"],
        &["device", "invite"],
        &["device", "list"],
    ] {
        let mut command = fixture.command(binary::holdover());
        command.args(arguments).env("HOME", &home);
        for name in ["USER", "USERNAME", "LOGNAME"] {
            command.env(name, USER);
        }
        let output = command.output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 3), "{arguments:?}: {output:?}");
    }
    let other = data.with_file_name("other");
    let invitation = good(&run(&home, &data, &["device", "invite", "--kind", "ci", "--expires", "9"]));
    std::fs::write(other.with_extension("txt"), invitation).unwrap();
    let (invitation, request) = (other.with_extension("txt"), other.with_extension("bin"));
    good(&run(&home, &other, &["device", "join", invitation.to_str().unwrap(), "--to", request.to_str().unwrap()]));
    good(&run(&home, &data, &["device", "join", request.to_str().unwrap(), "--to", request.to_str().unwrap()]));
    let devices = json(&run(&home, &data, &["device", "list", "--json"]));
    let guest = devices["devices"].as_array().unwrap().iter().find(|device| device["own"] == false).unwrap();
    good(&run(&home, &data, &["device", "revoke", guest["id"].as_str().unwrap(), "--reason", "done"]));
    let mut kinds = std::collections::BTreeSet::new();
    for data in [&data, &other] {
        let log = good(&run(&home, data, &["journal", "log", "--json"]));
        for line in log.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["lane"] != "local" {
                assert_eq!(leak(&event, &forbidden), None, "{event:#}");
                kinds.insert(event["kind"].as_str().unwrap().to_owned());
            }
        }
    }
    let expected = ["device.asked", "device.enrolled", "device.invited", "device.revoked", "readiness.observed"];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn the_scan_finds_what_it_is_for() {
    let forbidden = forbidden(Path::new("/home/zebra"));
    for leaking in [
        serde_json::json!({"payload": {"a": [{"b": "see /home/zebra/x"}]}}),
        serde_json::json!({"actor": {"name": USER}}),
        serde_json::json!({"payload": {"path": "/etc/passwd"}}),
        serde_json::json!({"payload": {"path": "C:\\x"}}),
        serde_json::json!({"payload": {"/root": 1}}),
        serde_json::json!({"payload": {"text": "use ghp_0123456789"}}),
    ] {
        assert!(leak(&leaking, &forbidden).is_some(), "{leaking}");
    }
    assert_eq!(leak(&serde_json::json!({"payload": {"path": "src/a.rs", "n": 1}}), &forbidden), None);
}
