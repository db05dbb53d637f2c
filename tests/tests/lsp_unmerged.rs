//! The conflicts of files that nobody has open: counted in the status, from what git holds as unmerged, in the workspace's repository and in
//! those within it; told without being asked, and from memory while no index has changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

use holdover_tests::client::{Answers, Client, Setup, uri};
use holdover_tests::git::{Repository, Versions};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const FILES: [Versions<'_>; 2] =
    [("deep/er/a.txt", "base\n", "ours\n", "theirs\n"), ("deep/b c.txt", "x\n", "y\n", "z\n")];
const NONE: &str = "none known";
const PATIENCE: Duration = Duration::from_secs(20);

fn started(root: &Path, env: &[(&str, &str)]) -> Client {
    let mut setup = Setup { roots: vec![root.to_owned()], ..Setup::default() };
    for (name, value) in env {
        setup = setup.env(name, value);
    }
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    client
}

fn conflicted() -> (TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::conflicted(&folder.path().join("root"), &FILES);
    (folder, repository)
}

/// Waits until the server says so of its own accord.
fn told(client: &mut Client, words: &str) -> Value {
    let status = |message: &Value| {
        message["method"] == "holdover/didChangeStatus" && message["params"]["conflicts"]["text"] == words
    };
    let found = client.wait(PATIENCE, status).unwrap_or_else(|| panic!("never said: {words}"));
    found["params"]["conflicts"].clone()
}

#[test]
fn a_file_that_nobody_opened_counts_until_it_is_open_and_then_its_text_does() {
    let (_folder, repository) = conflicted();
    let mut client = started(&repository.root, &[]);
    let all = told(&mut client, "2 merge conflicts in 2 files, not open");
    assert_eq!((&all["files"], &all["hunks"], &all["closed"]), (&json!(2), &json!(2), &json!(2)));
    let uri = uri(&repository.root.join("deep/b c.txt"));
    client.open(&uri, &repository.text("deep/b c.txt"));
    told(&mut client, "2 merge conflicts in 2 files, 1 of them not open");
    // Resolved in the editor and not saved: the text counts, not the disk.
    client.change(&uri, 2, [0, 0, 5, 0], "y\n");
    told(&mut client, "1 merge conflict in 1 file, not open");
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    told(&mut client, "2 merge conflicts in 2 files, not open");
}

#[test]
fn a_merge_that_begins_and_ends_beside_the_editor_is_seen() {
    let (_folder, repository) = conflicted();
    repository.git(&["merge", "--abort"]);
    let mut client = started(&repository.root, &[]);
    let of = json!({ "workspace": repository.root });
    let looked = |status: &Value| !status["readiness"]["checkedAt"].is_null();
    let status = client.until(|client| client.request("holdover/status", of.clone()), looked);
    assert_eq!(status["conflicts"]["text"], NONE);
    assert!(!repository.try_git(&["merge", "-q", "feature"]));
    told(&mut client, "2 merge conflicts in 2 files, not open");
    // Resolved by another program, and git was not told yet.
    std::fs::write(repository.root.join("deep/er/a.txt"), "both\n").unwrap();
    told(&mut client, "1 merge conflict in 1 file, not open");
    // What was told before there was anything is passed over.
    while client.wait(Duration::ZERO, |message| message["method"] == "holdover/didChangeStatus").is_some() {}
    repository.git(&["merge", "--abort"]);
    told(&mut client, NONE);
}

#[test]
fn repositories_within_the_workspace_count_and_a_workspace_within_it_counts_its_own() {
    let (_folder, repository) = conflicted();
    let inner = Repository::conflicted(&repository.root.join("packages/inner"), &FILES[..1]);
    let mut client = started(&repository.root, &[]);
    told(&mut client, "3 merge conflicts in 3 files, not open");
    inner.git(&["merge", "--abort"]);
    told(&mut client, "2 merge conflicts in 2 files, not open");
    assert!(!inner.try_git(&["merge", "-q", "feature"]));
    told(&mut client, "3 merge conflicts in 3 files, not open");
    let folder = |root: &Path| json!({ "uri": uri(root), "name": "x" });
    let added = json!({ "event": { "added": [folder(&inner.root)], "removed": [] } });
    client.notify("workspace/didChangeWorkspaceFolders", added);
    let of = |root: &Path, words: &'static str| {
        let (root, key) = (json!(root), words.to_owned());
        move |message: &Value| {
            message["method"] == "holdover/didChangeStatus"
                && message["params"]["workspace"] == root
                && message["params"]["conflicts"]["text"] == *key
        }
    };
    assert!(client.wait(PATIENCE, of(&inner.root, "1 merge conflict in 1 file, not open")).is_some());
    let outer = json!({ "workspace": repository.root });
    let status = client
        .until(|client| client.request("holdover/status", outer.clone()), |status| status["conflicts"]["hunks"] == 2);
    assert_eq!(status["conflicts"]["text"], "2 merge conflicts in 2 files, not open");
}

#[test]
fn who_resolves_all_of_a_workspace_is_told_of_each_repository_within_it() {
    let (_folder, repository) = conflicted();
    let inner = Repository::conflicted(&repository.root.join("packages/inner"), &FILES[..1]);
    let setup = Setup { roots: vec![repository.root.clone()], answers: Answers::Applies, ..Setup::default() };
    let mut client = Client::start(&setup);
    client.accept_leftovers();
    let list = json!({ "workspace": repository.root, "all": true });
    let report = client.command("holdover.conflicts", list.clone());
    let both = "3 conflicts in 3 files of 2 repositories: root (2), root/packages/inner (1)";
    assert_eq!(report["text"], both);
    let told = json!([
        { "path": repository.root, "name": "root", "within": false, "files": 2, "conflicts": 2 },
        { "path": inner.root, "name": "root/packages/inner", "within": true, "files": 1, "conflicts": 1 },
    ]);
    assert_eq!(report["repositories"], told);
    for file in report["files"].as_array().unwrap() {
        let path = Path::new(file["path"].as_str().unwrap());
        client.open(&uri(path), &std::fs::read_to_string(path).unwrap());
    }
    let answer = client.command("holdover.resolveConflict", json!({ "workspace": repository.root, "resolve": "both" }));
    assert_eq!(answer["text"], format!("resolved {both}; none is left"));
    // Where there is only the workspace's own it need not be named, and one within it always is.
    inner.git(&["merge", "--abort"]);
    let alone = started(&repository.root, &[]).command("holdover.conflicts", list.clone());
    assert_eq!(alone["text"], "2 conflicts in 2 files");
    repository.git(&["merge", "--abort"]);
    assert!(!inner.try_git(&["merge", "-q", "feature"]));
    let within = started(&repository.root, &[]).command("holdover.conflicts", list);
    assert_eq!(within["text"], "1 conflict in 1 file of the repository root/packages/inner");
}

/// A git that writes down what it is asked.
fn told_git(folder: &Path) -> (String, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = std::env::var("PATH").unwrap();
    let mut gits = std::env::split_paths(&path).map(|dir| dir.join("git"));
    let real = gits.find(|git| git.is_file()).expect("git must be installed for this test");
    let (bin, log) = (folder.join("bin"), folder.join("asked"));
    std::fs::create_dir(&bin).unwrap();
    let script = format!("#!/bin/sh\necho \"$*\" >> '{}'\nexec '{}' \"$@\"\n", log.display(), real.display());
    std::fs::write(bin.join("git"), script).unwrap();
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    (format!("{}:{path}", bin.display()), log)
}

#[test]
fn while_no_index_changes_git_is_not_asked_again_which_files_are_unmerged() {
    let (folder, repository) = conflicted();
    let (path, log) = told_git(folder.path());
    let mut client = started(&repository.root, &[("PATH", &path)]);
    told(&mut client, "2 merge conflicts in 2 files, not open");
    let asked = || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.lines().filter(|line| line.ends_with("ls-files --unmerged") || line.contains("worktree list")).count()
    };
    let all = json!({ "workspace": repository.root, "all": true });
    let listed = |client: &mut Client| {
        let report = client.command("holdover.conflicts", all.clone());
        report["files"].as_array().unwrap().len()
    };
    assert_eq!(listed(&mut client), 2);
    let before = asked();
    assert!(before > 0, "git was asked once");
    for _ in 0..10 {
        assert_eq!(listed(&mut client), 2);
    }
    assert_eq!(asked(), before, "git was asked again");
    // And it is, once the index is another one.
    repository.git(&["add", "deep/er/a.txt"]);
    assert_eq!(listed(&mut client), 1);
    assert!(asked() > before);
}

#[test]
fn where_conflicts_are_not_wanted_git_is_not_asked() {
    let (folder, repository) = conflicted();
    let (path, log) = told_git(folder.path());
    std::fs::write(repository.root.join("holdover.toml"), "[conflicts]\nenable = false\n").unwrap();
    let mut client = started(&repository.root, &[("PATH", &path)]);
    let of = json!({ "workspace": repository.root });
    // The survey has ended, after which it would be asked.
    let looked = client.until(
        |client| client.request("holdover/status", of.clone()),
        |status| !status["readiness"]["checkedAt"].is_null(),
    );
    assert_eq!(looked["conflicts"]["text"], NONE, "{looked:#}");
    let asked = std::fs::read_to_string(&log).unwrap_or_default();
    assert!(!asked.contains("--unmerged"), "{asked}");
}
