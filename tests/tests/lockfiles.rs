//! Conflicted lockfiles, merged by the real cargo and the real npm without a network, and judged by them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod lockfiles_of;

use holdover_tests::client::{Answers, Client, Setup, uri};
use lockfiles_of::{Project, both, bumped, conflicted, held, named};
use serde_json::{Value, json};

#[test]
fn what_each_side_added_or_removed_is_in_the_lockfile_that_cargo_makes_and_takes_for_locked() {
    let project = Project::new();
    let with = |dependencies: &'static [&'static str]| {
        move |project: &Project| {
            project.manifest("Cargo.toml", dependencies);
            project.manifest("crates/a/Cargo.toml", &["memchr = { version = \"2\", default-features = false }"]);
            project.lock();
        }
    };
    project.merged(
        with(&["anyhow = \"1\"", "scopeguard = \"1\"", "ryu = \"1\""]),
        with(&["either = \"1\"", "anyhow = \"1\"", "scopeguard = \"1\"", "ryu = \"1\""]),
        with(&["anyhow = \"1\"", "scopeguard = \"1\"", "itoa = \"1\""]),
    );
    assert_eq!(project.unmerged(), ["Cargo.lock"]);
    project.trust();
    let told = project.resolve("Cargo.lock");
    assert_eq!(held(&told, "packages"), named(&[("either", "current"), ("itoa", "incoming")]), "{told:#}");
    assert_eq!(held(&told, "dropped"), named(&[("ryu", "current")]));
    assert_eq!(told["network"], "namespace");
    let lock = project.read("Cargo.lock");
    assert!(lock.contains("\"either\",\n \"itoa\",") && !lock.contains("ryu"), "{lock}");
    project.cargo_agrees();
}

#[test]
fn of_what_both_bumped_the_newer_stays_and_members_of_a_workspace_count() {
    let project = Project::new();
    let base = |project: &Project, version: &str| {
        project.manifest("Cargo.toml", &["anyhow = \"1\""]);
        project.manifest("crates/a/Cargo.toml", &["memchr = { version = \"2\", default-features = false }"]);
        project.manifest("crates/b/Cargo.toml", &["root = { path = \"../..\" }"]);
        project.lock();
        bumped(project, version);
    };
    project.merged(
        |project| base(project, "2.7.1"),
        |project| {
            base(project, "2.7.4");
            project.manifest(
                "crates/a/Cargo.toml",
                &["memchr = { version = \"2\", default-features = false }", "ryu = \"1\""],
            );
            project.lock();
            bumped(project, "2.7.4");
        },
        |project| {
            base(project, "2.8.3");
            project.manifest(
                "crates/c/Cargo.toml",
                &["a = { path = \"../a\" }", "hex = { version = \"0.4\", default-features = false }"],
            );
            project.lock();
            bumped(project, "2.8.3");
        },
    );
    project.trust();
    let told = project.resolve("Cargo.lock");
    let kept = [("hex", "incoming"), ("memchr", "incoming"), ("ryu", "current")];
    assert_eq!(held(&told, "packages"), named(&kept), "{told:#}");
    assert_eq!(held(&told, "dropped"), named(&[("memchr", "current")]));
    project.cargo_agrees();
}

#[test]
fn what_each_side_added_bumped_or_removed_is_in_the_lockfile_that_npm_makes_and_takes_for_locked() {
    let project = Project::new();
    let older = |project: &Project, version: &str| {
        let lock = project.read("package-lock.json");
        let mut lock: Value = serde_json::from_str(&lock).unwrap();
        let entry = &mut lock["packages"]["node_modules/semver"];
        entry["version"] = version.into();
        entry["integrity"] = format!("sha512-{version}").into();
        project.write("package-lock.json", &format!("{lock:#}\n"));
    };
    let chalk = [("chalk", "^4.1.2"), ("semver", "^7.0.0")];
    project.merged(
        |project| {
            project.write("packages/a/package.json", "{\"name\": \"a\", \"version\": \"1.0.0\"}\n");
            project.package([&chalk, &[("minimatch", "^3.1.2")], &[]]);
            older(project, "7.1.0");
        },
        |project| {
            project.package([
                &[("chalk", "^4.1.2"), ("ms", "^2.1.3"), ("semver", "^7.0.0")],
                &[("minimatch", "^3.1.2")],
                &[],
            ]);
            older(project, "7.2.0");
        },
        |project| {
            project.write(
                "packages/b/package.json",
                "{\"name\": \"b\", \"version\": \"1.0.0\", \"dependencies\": {\"wrappy\": \"1\"}}\n",
            );
            project.package([&chalk, &[("once", "^1.4.0")], &[("fsevents", "^2.3.3")]]);
            // As npm has it from the registry.
            let lock = project.read("package-lock.json");
            std::fs::remove_file(project.at("package-lock.json")).unwrap();
            project.npm_lock();
            assert_ne!(project.read("package-lock.json"), lock, "the newest semver");
        },
    );
    assert_eq!(project.unmerged(), ["package-lock.json"]);
    project.trust();
    let told = project.resolve("package-lock.json");
    let kept = held(&told, "packages");
    for one in named(&[("ms", "current"), ("once", "incoming"), ("semver", "incoming"), ("fsevents", "incoming")]) {
        assert!(kept.contains(&one), "{one:?} in {told:#}");
    }
    let dropped = held(&told, "dropped");
    for one in named(&[("minimatch", "current"), ("semver", "current")]) {
        assert!(dropped.contains(&one), "{one:?} in {told:#}");
    }
    let lock = project.read("package-lock.json");
    assert!(lock.contains("\"packages/b\"") && !lock.contains("minimatch"), "{lock}");
    project.npm_agrees();
}

#[test]
fn a_lockfile_that_its_tool_does_not_use_is_not_said_to_be_worked_out_by_it() {
    let project = conflicted("");
    let mine = project.read("Cargo.lock");
    // Cargo takes the one above, whatever stands here.
    project.manifest("crates/a/Cargo.toml", &["root = { path = \"../..\" }"]);
    project.write("crates/a/Cargo.lock", &mine);
    // A folder with a lockfile is a workspace of its own.
    let trusted = project.0.holdover(&["trust", "crates/a"]);
    assert!(trusted.status.success(), "{}", both(&trusted));
    let said = project.problem("crates/a/Cargo.lock");
    assert!(said.contains("cargo does not use this lockfile"), "{said}");
}

/// `ContentModified`, and an error of a request that could not be carried out.
const MODIFIED: i64 = -32801;
const FAILED: i64 = -32803;

fn preview(client: &mut Client, uri: &str, text: &str) -> Value {
    let line = text.lines().position(|line| line.starts_with("<<<<<<<")).unwrap();
    client.request("holdover/conflict", json!({ "uri": uri, "line": line }))
}

#[test]
fn an_editor_looks_at_what_cargo_makes_takes_it_in_one_edit_and_is_refused_when_anything_moved() {
    let project = conflicted("");
    let mut setup = Setup { roots: vec![project.0.workspace()], answers: Answers::Applies, ..Setup::default() };
    setup.env = project.0.environment();
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let uri = uri(&project.at("Cargo.lock"));
    let text = project.read("Cargo.lock");
    client.open(&uri, &text);
    // What is not possible is said beside the choices that are.
    let told = preview(&mut client, &uri, &text);
    let first = &told["choices"][0];
    assert_eq!(first["action"], "conflict.accept-current", "{told:#}");
    assert!(first["explanation"].as_str().unwrap().contains("not trusted"), "{told:#}");
    project.trust();
    let told = preview(&mut client, &uri, &text);
    let first = &told["choices"][0];
    assert_eq!((&first["action"], &first["short"]), (&json!("conflict.merge"), &json!("by cargo")), "{told:#}");
    let words = first["explanation"].as_str().unwrap();
    assert!(words.contains("- `either` `1.") && words.contains("in the current side"), "{words}");
    let suggested = client.command("holdover.conflicts", json!({ "files": [uri], "suggest": true }));
    let made = suggested["files"][0]["lockfile"]["text"].as_str().unwrap_or_else(|| panic!("{suggested:#}")).to_owned();
    // Taken after a look: one edit of the whole file.
    let mut data = first["data"].clone();
    data["seen"] = json!(true);
    let action = json!({ "title": "x", "data": data });
    let resolved = client.request("codeAction/resolve", action.clone());
    let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap().clone();
    assert_eq!(edits.len(), 1, "{resolved:#}");
    // A manifest that changed since makes it another merge.
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &manifest.replace("either = \"1\"\n", ""));
    let (code, said) = client.refused("codeAction/resolve", action.clone());
    assert_eq!(code, MODIFIED, "{said}");
    project.write("Cargo.toml", "<<<<<<< a\n");
    let (code, said) = client.refused("codeAction/resolve", action.clone());
    assert!(code == FAILED && said.contains("resolve that first"), "{code} {said}");
    project.write("Cargo.toml", &manifest);
    // What the edit makes of the text is what was shown.
    let (start, end) = (&edits[0]["range"]["start"], &edits[0]["range"]["end"]);
    let at = |place: &Value, name: &str| u32::try_from(place[name].as_u64().unwrap()).unwrap();
    let range = [at(start, "line"), at(start, "character"), at(end, "line"), at(end, "character")];
    client.change(&uri, 2, range, edits[0]["newText"].as_str().unwrap());
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, last) = (range[0] as usize, range[2] as usize);
    let whole = [&lines[..first].concat(), edits[0]["newText"].as_str().unwrap(), &lines[last..].concat()].concat();
    assert_eq!(whole, made);
    let written = |_: &mut Client| {
        let log = project.0.holdover(&["journal", "log", "--kind", "conflict.resolved", "--json"]);
        serde_json::from_slice(&log.stdout).unwrap_or_default()
    };
    let event = client.until(written, |event: &Value| !event.is_null());
    assert_eq!((&event["payload"]["choice"], &event["payload"]["path"]), (&json!("lockfile"), &json!("Cargo.lock")));
    let (code, _) = client.refused("codeAction/resolve", action);
    assert_eq!(code, MODIFIED, "there is no conflict any more");
    project.write("Cargo.lock", &whole);
    project.cargo_agrees();
}
