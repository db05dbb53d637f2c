//! Roots and addresses as they come in real life: ten workspaces, several roots, links, names with every kind of letter,
//! folders that go away, and buffers that are no files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Client, PATIENCE, Setup, uri};
use holdover_tests::fixture::Fixture;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const CONFLICT: &str = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> b\n";
const BROKEN: &str = "version = 4\n[[package]\n";

fn start(roots: Vec<PathBuf>) -> Client {
    Client::start(&Setup { roots, ..Setup::default() })
}

/// A folder whose lockfile is not TOML.
fn broken(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("Cargo.lock"), BROKEN).unwrap();
}

fn status(client: &mut Client, root: &Path, text: &str) -> String {
    let ask = |client: &mut Client| client.request("holdover/status", json!({ "workspace": root }));
    client.until(ask, |status| status["text"] == text)["text"].as_str().unwrap().to_owned()
}

fn folders(client: &mut Client, added: &[&Path], removed: &[&Path]) {
    let list =
        |paths: &[&Path]| -> Vec<Value> { paths.iter().map(|path| json!({ "uri": uri(path), "name": "x" })).collect() };
    let event = json!({ "added": list(added), "removed": list(removed) });
    client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": event }));
}

#[test]
fn ten_workspaces_at_once_each_have_their_own_answer_and_see_the_shared_cache_change() {
    let fixture = Fixture::small();
    let parent = std::fs::canonicalize(fixture.workspace()).unwrap().parent().unwrap().to_owned();
    let roots: Vec<PathBuf> = (0..10).map(|n| parent.join(format!("work {n}"))).collect();
    for root in &roots {
        assert!(
            std::process::Command::new("cp").arg("-a").arg(fixture.workspace()).arg(root).status().unwrap().success()
        );
    }
    let mut setup = Setup { roots: roots.clone(), ..Setup::default() };
    for (name, value) in fixture.environment() {
        setup = setup.env(&name, &value);
    }
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let report = client.command("holdover.preflight", json!({ "workspace": roots[3] }));
    assert_eq!(report["workspace"], json!(roots[3]));
    let total = report["readiness"]["total"].as_u64().unwrap();
    let (whole, less) = (format!("offline: {total} of {total}"), format!("offline: {} of {total}", total - 1));
    for root in &roots {
        assert_eq!(status(&mut client, root, &whole), whole);
    }
    std::fs::remove_file(fixture.crate_file("itoa")).unwrap();
    for root in &roots {
        assert_eq!(status(&mut client, root, &less), less);
    }
    // Only one of them is changed.
    std::fs::remove_file(roots[7].join("Cargo.lock")).unwrap();
    std::fs::remove_file(roots[7].join("Cargo.toml")).unwrap();
    std::fs::remove_file(roots[7].join("package-lock.json")).unwrap();
    assert_eq!(status(&mut client, &roots[7], "offline: no lockfile"), "offline: no lockfile");
    assert_eq!(status(&mut client, &roots[6], &less), less);
}

#[test]
fn of_three_roots_one_can_go_and_another_come() {
    let folder = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(folder.path()).unwrap();
    let roots: Vec<PathBuf> = ["a", "b", "c", "d"].map(|name| base.join(name)).to_vec();
    for root in &roots {
        broken(root);
    }
    let lock = |n: usize| uri(&roots[n].join("Cargo.lock"));
    let mut client = start(roots[..3].to_vec());
    for n in 0..3 {
        assert_eq!(client.diagnostics_without_version(&lock(n))[0]["code"], "malformed-lockfile");
    }
    folders(&mut client, &[&roots[3]], &[&roots[1]]);
    assert!(client.diagnostics_without_version(&lock(1)).is_empty(), "what was said of a root that went is taken back");
    assert_eq!(client.diagnostics_without_version(&lock(3)).len(), 1);
    assert_eq!(client.refused("holdover/status", json!({ "workspace": roots[1] })).0, -32803);
    client.open(&uri(&roots[1].join("a")), CONFLICT);
    assert_eq!(client.diagnostics(&uri(&roots[1].join("a")), 1).len(), 1, "a file outside of every root");
    // The same root twice, and one that is not open, change nothing.
    folders(&mut client, &[&roots[3], &roots[0]], &[&roots[1], Path::new("/elsewhere")]);
    client.request("holdover/status", json!({ "workspace": roots[3] }));
}

#[test]
fn an_untitled_buffer_has_its_conflicts_resolved_and_other_schemes_are_left_alone() {
    let mut client = start(Vec::new());
    let text = "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> b\n";
    client.open("untitled:Untitled-1", text);
    assert_eq!(client.diagnostics("untitled:Untitled-1", 1).len(), 1);
    let done =
        client.command("holdover.resolveConflict", json!({ "file": "untitled:Untitled-1", "resolve": "incoming" }));
    // This client says so, and changes nothing: the text decides.
    assert_eq!(
        done,
        json!({ "applied": false, "conflicts": 1, "files": 1, "left": 0, "text": "resolved 1 conflict in 1 file; none is left" })
    );
    let edit = client.asked.last().unwrap()["params"]["edit"]["documentChanges"][0]["edits"][0].clone();
    assert_eq!(edit["newText"], "theirs\n");
    for other in
        ["holdover:/status.md", "git:/a/b.rs?HEAD", "vscode-vfs://github/x", "output:Holdover", "zipfile:///a.zip::b"]
    {
        client.open(other, text);
        client.change(other, 2, [0, 0, 0, 0], "x");
        let at = json!({ "textDocument": { "uri": other }, "position": { "line": 1, "character": 0 } });
        assert_eq!(client.request("textDocument/hover", at), Value::Null);
        assert!(client.actions(other, 1).is_empty());
        client.notify("textDocument/didClose", json!({ "textDocument": { "uri": other } }));
    }
    // Dropping the client fails the test if anything was said of them.
}

#[test]
fn names_may_hold_spaces_percent_signs_and_any_letters() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(folder.path()).unwrap().join("größe 100% [日本] #1 a+b 𝄞?");
    broken(&root);
    let mut client = start(vec![root.clone()]);
    let lock = uri(&root.join("Cargo.lock"));
    assert_eq!(client.diagnostics_without_version(&lock).len(), 1);
    client.open(&lock, CONFLICT);
    let codes: Vec<Value> = client.diagnostics(&lock, 1).iter().map(|found| found["code"].clone()).collect();
    assert!(codes.contains(&json!("merge-conflict")), "{codes:?}");
    client.accept_leftovers();
    let said = client.request("holdover/status", json!({ "workspace": uri(&root) }));
    assert_eq!(said["workspace"], json!(root));
    let listed = client.command("holdover.conflicts", json!({ "workspace": root }));
    assert_eq!(listed["files"][0]["path"], json!(root.join("Cargo.lock")));
    let page = uri(&root).replace("file://", "holdover:/status.md?workspace=");
    assert!(
        client.request("holdover/content", json!({ "uri": page }))["text"].as_str().unwrap().contains("größe 100%")
    );
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf_8_is_kept_byte_for_byte() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(folder.path()).unwrap().join(std::ffi::OsStr::from_bytes(b"na\xefve"));
    broken(&root);
    let mut client = start(vec![root.clone()]);
    assert_eq!(client.diagnostics_without_version(&uri(&root.join("Cargo.lock"))).len(), 1);
}

#[test]
fn a_file_address_with_a_host_is_a_file_of_that_machine() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(folder.path()).unwrap();
    broken(&root);
    let mut client = start(vec![root.clone()]);
    let own = uri(&root.join("Cargo.lock"));
    assert_eq!(client.diagnostics_without_version(&own).len(), 1);
    // Another machine's file of the same path: its text is read for conflicts, and nothing else is said of it.
    let other = own.replace("file://", "file://elsewhere");
    client.open(&other, BROKEN);
    assert!(client.diagnostics(&other, 1).is_empty());
    client.change(&other, 2, [0, 0, 0, 0], CONFLICT);
    assert_eq!(client.diagnostics(&other, 2).len(), 1);
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": other } }));
    assert!(client.diagnostics_without_version(&other).is_empty());
    // `localhost` is this machine, and the file is told under one address at a time.
    let here = own.replace("file://", "file://localhost");
    client.open(&here, BROKEN);
    assert!(client.diagnostics_without_version(&own).is_empty());
    while client.diagnostics(&here, 1).len() != 1 {}
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": here } }));
    assert!(client.diagnostics_without_version(&here).is_empty());
    assert_eq!(client.diagnostics_without_version(&own).len(), 1);
}

#[test]
fn a_root_that_goes_away_is_an_answer_and_one_that_comes_back_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(folder.path()).unwrap();
    let (root, moved) = (base.join("root"), base.join("moved"));
    broken(&root);
    let lock = uri(&root.join("Cargo.lock"));
    let mut client = start(vec![root.clone()]);
    // A folder that is watched anew is looked at once more, and the same may be told twice.
    client.accept_leftovers();
    while client.diagnostics_without_version(&lock).len() != 1 {}
    for _ in 0..2 {
        std::fs::rename(&root, &moved).unwrap();
        while !client.diagnostics_without_version(&lock).is_empty() {}
        assert_eq!(status(&mut client, &root, "offline: no lockfile"), "offline: no lockfile");
        std::fs::rename(&moved, &root).unwrap();
        while client.diagnostics_without_version(&lock).len() != 1 {}
    }
    std::fs::remove_dir_all(&root).unwrap();
    while !client.diagnostics_without_version(&lock).is_empty() {}
    client.open(&uri(&root.join("a")), CONFLICT);
    assert_eq!(client.diagnostics(&uri(&root.join("a")), 1).len(), 1);
    broken(&root);
    while client.diagnostics_without_version(&lock).len() != 1 {}
}

#[test]
fn a_root_that_another_folder_takes_the_place_of_is_still_watched() {
    let folder = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(folder.path()).unwrap();
    let (root, next) = (base.join("root"), base.join("next"));
    broken(&root);
    let lock = uri(&root.join("Cargo.lock"));
    let mut client = start(vec![root.clone()]);
    // A folder that is watched anew is looked at once more, and the same may be told twice.
    client.accept_leftovers();
    while client.diagnostics_without_version(&lock).len() != 1 {}
    for round in 0..3 {
        // As fast as a checkout or a backup tool does it: there is no moment at which nothing stands there for long.
        std::fs::create_dir(&next).unwrap();
        std::fs::rename(&root, base.join(format!("old-{round}"))).unwrap();
        std::fs::rename(&next, &root).unwrap();
        while !client.diagnostics_without_version(&lock).is_empty() {}
        broken(&root);
        while client.diagnostics_without_version(&lock).len() != 1 {}
    }
}

#[test]
fn what_lies_in_a_nested_root_is_told_once_and_by_the_inner_one() {
    let folder = tempfile::tempdir().unwrap();
    let outer = std::fs::canonicalize(folder.path()).unwrap();
    let inner = outer.join("inner");
    broken(&outer);
    broken(&inner);
    let mut client = start(vec![outer.clone(), inner.clone()]);
    let locks = [uri(&outer.join("Cargo.lock")), uri(&inner.join("Cargo.lock"))];
    for lock in &locks {
        assert_eq!(client.diagnostics_without_version(lock).len(), 1);
    }
    client.accept_leftovers();
    // The inner root's own settings decide for what lies in it.
    std::fs::write(inner.join("holdover.toml"), "[inventory]\nenable = false\n").unwrap();
    while !client.diagnostics_without_version(&locks[1]).is_empty() {}
    std::fs::remove_file(inner.join("holdover.toml")).unwrap();
    while client.diagnostics_without_version(&locks[1]).is_empty() {}
    folders(&mut client, &[], &[&outer]);
    while !client.diagnostics_without_version(&locks[0]).is_empty() {}
    assert_eq!(client.request("holdover/status", json!({}))["workspace"], json!(inner));
}

#[cfg(unix)]
#[test]
fn a_file_with_two_names_is_told_under_one() {
    let folder = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(folder.path()).unwrap();
    let (real, link) = (base.join("real"), base.join("link"));
    broken(&real);
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let (by_real, by_link) = (uri(&real.join("Cargo.lock")), uri(&link.join("Cargo.lock")));

    // Opened by its link; the editor then shows the file itself.
    let mut client = start(vec![link.clone()]);
    assert_eq!(client.diagnostics_without_version(&by_link).len(), 1);
    client.open(&by_real, BROKEN);
    assert!(client.diagnostics_without_version(&by_link).is_empty());
    while client.diagnostics(&by_real, 1).len() != 1 {}
    let said = client.request("holdover/status", json!({ "workspace": real }));
    assert_eq!(said["workspace"], json!(link));
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": by_real } }));
    assert!(client.diagnostics_without_version(&by_real).is_empty());
    assert_eq!(client.diagnostics_without_version(&by_link).len(), 1);
    drop(client);

    // Both names are open: in the end the file itself is told of, and its other name is not.
    for roots in [[&link, &real], [&real, &link]] {
        let mut client = start(roots.map(Clone::clone).to_vec());
        client.accept_leftovers();
        for root in roots {
            let ask = |client: &mut Client| client.request("holdover/status", json!({ "workspace": root }));
            let said = client.until(ask, |status| status["readiness"]["checkedAt"].is_string());
            assert_eq!(said["workspace"], json!(root));
        }
        assert_eq!(client.diagnostics_without_version(&by_real).len(), 1);
        let of_link = |message: &Value| message["params"]["uri"] == by_link.as_str();
        let mut last = Vec::new();
        while let Some(message) = client.wait(std::time::Duration::from_millis(700), of_link) {
            last = message["params"]["diagnostics"].as_array().unwrap().clone();
        }
        assert!(last.is_empty(), "{last:?}");
        // Where the file itself is closed, its other name takes over.
        folders(&mut client, &[], &[&real]);
        assert!(
            client
                .wait(PATIENCE, |message| of_link(message) && message["params"]["diagnostics"][0].is_object())
                .is_some()
        );
    }
}

#[test]
fn an_open_lockfile_that_is_no_longer_looked_at_keeps_no_diagnostics() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(folder.path()).unwrap();
    broken(&root);
    let lock = uri(&root.join("Cargo.lock"));
    let mut client = start(vec![root.clone()]);
    client.accept_leftovers();
    client.open(&lock, BROKEN);
    let told = |client: &mut Client, wanted: usize| while client.diagnostics(&lock, 1).len() != wanted {};
    told(&mut client, 1);
    // By a setting, and by the folder's leaving the editor.
    std::fs::write(root.join("holdover.toml"), "[inventory]\nenable = false\n").unwrap();
    told(&mut client, 0);
    std::fs::remove_file(root.join("holdover.toml")).unwrap();
    told(&mut client, 1);
    folders(&mut client, &[], &[&root]);
    told(&mut client, 0);
    folders(&mut client, &[&root], &[]);
    told(&mut client, 1);
}

#[test]
fn a_folder_that_comes_after_its_file_knows_of_the_conflicts_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(folder.path()).unwrap();
    let (one, other) = (base.join("one"), base.join("other"));
    for root in [&one, &other] {
        std::fs::create_dir(root).unwrap();
        std::fs::write(root.join("a.txt"), CONFLICT).unwrap();
    }
    let mut client = start(vec![one]);
    client.accept_leftovers();
    let file = uri(&other.join("a.txt"));
    client.open(&file, CONFLICT);
    assert_eq!(client.diagnostics(&file, 1).len(), 1);
    folders(&mut client, &[&other], &[]);
    let ask = |client: &mut Client| client.request("holdover/status", json!({ "workspace": other }));
    let said = client.until(ask, |status| status["conflicts"]["hunks"] == 1);
    assert_eq!((&said["conflicts"]["files"], &said["conflicts"]["hunks"]), (&json!(1), &json!(1)), "{said:#}");
}
