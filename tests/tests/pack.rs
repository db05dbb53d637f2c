//! Packing for travel: other branches, refs for review, commands and files by a list in `holdover.toml`, with real git and cargo.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

use holdover_tests::fixture::Fixture;
use holdover_tests::said::{code, err, out};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let own =
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").args(own).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn settings(fixture: &Fixture, text: &str) {
    std::fs::write(fixture.workspace().join("holdover.toml"), text).unwrap();
    assert_eq!(code(&fixture.holdover(&["trust"])), 0);
}

/// Exit code, and what was packed.
fn packed(fixture: &Fixture, more: &[&str]) -> (i32, Vec<Value>) {
    let arguments: Vec<&str> = ["preflight", "--pack", "--json"].iter().chain(more).copied().collect();
    let output = fixture.holdover(&arguments);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(&output)));
    (code(&output), report["pack"].as_array().cloned().unwrap_or_default())
}

fn shown(items: &[Value]) -> Vec<(&str, &str, &str)> {
    items
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["name"].as_str().unwrap(), one["state"].as_str().unwrap()))
        .collect()
}

/// The small project as a repository: `main` without the crate itoa, `with-itoa` as it was made.
fn repository() -> Fixture {
    let fixture = Fixture::small();
    let root = fixture.workspace();
    git(&root, &["init", "-q"]);
    // Nobody trusted what that branch sets: it does not count.
    std::fs::write(root.join("holdover.toml"), "[inventory]\nenable = false\n").unwrap();
    git(&root, &["add", "-A"]);
    git(&root, &["commit", "-qm", "with everything"]);
    git(&root, &["branch", "-q", "with-itoa"]);
    std::fs::remove_file(root.join("Cargo.lock")).unwrap();
    std::fs::remove_file(root.join("Cargo.toml")).unwrap();
    std::fs::remove_file(root.join("holdover.toml")).unwrap();
    git(&root, &["commit", "-qam", "no crates"]);
    fixture
}

#[test]
fn what_another_branch_needs_is_found_and_nothing_of_the_repository_is_touched() {
    let mut fixture = repository();
    let root = fixture.workspace();
    let trap = root.join("trap");
    for hook in ["post-checkout", "post-index-change", "reference-transaction"] {
        let hook = root.join(".git/hooks").join(hook);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", trap.display())).unwrap();
        std::fs::set_permissions(&hook, <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755))
            .unwrap();
    }
    let index = std::fs::read(root.join(".git/index")).unwrap();
    settings(&fixture, "[pack]\nbranches = [\"with-*\", \"main\"]\n");
    let (ended, items) = packed(&fixture, &["--dry-run"]);
    assert_eq!((ended, shown(&items)), (0, vec![("branch", "with-itoa", "ready")]), "main is checked out: {items:#?}");
    let missing = fixture.crate_file("itoa");
    let kept = root.parent().unwrap().join("itoa.crate");
    std::fs::rename(&missing, &kept).unwrap();
    assert_eq!(code(&fixture.holdover(&["preflight"])), 0, "what is checked out does not need it");
    let (_, items) = packed(&fixture, &["--dry-run"]);
    assert_eq!(shown(&items), [("branch", "with-itoa", "planned")]);
    assert_eq!(items[0]["missing"], 1, "{items:#?}");
    let told = out(&fixture.holdover(&["preflight", "--pack", "--dry-run"]));
    assert!(told.contains("would branch with-itoa: 24 of 25 here"), "{told}");

    // In place of cargo: one that fails, then one that brings it.
    let tool = root.parent().unwrap().join("tool");
    let says = |script: String| {
        std::fs::write(&tool, format!("#!/bin/sh\npwd\n{script}\n")).unwrap();
        std::fs::set_permissions(&tool, <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755))
            .unwrap();
    };
    fixture.set("HOLDOVER_FETCH_CARGO", tool.to_str().unwrap());
    says("echo 'error: no such registry' >&2; exit 101".to_owned());
    let (ended, items) = packed(&fixture, &[]);
    assert_eq!((ended, shown(&items)), (1, vec![("branch", "with-itoa", "incomplete")]), "{items:#?}");
    assert!(
        items[0]["text"].as_str().unwrap().contains("; `")
            && items[0]["text"].as_str().unwrap().contains("exit code 101"),
        "{items:#?}"
    );
    says(format!("test -f Cargo.lock && cp {} {}", kept.display(), missing.display()));
    let (ended, items) = packed(&fixture, &[]);
    assert_eq!((ended, shown(&items)), (0, vec![("branch", "with-itoa", "ready")]), "{items:#?}");
    assert!(missing.exists());
    assert!(!trap.exists(), "no hook was run");
    assert_eq!(std::fs::read(root.join(".git/index")).unwrap(), index);
    assert_eq!(git(&root, &["worktree", "list"]).lines().count(), 1);
    assert!(!root.join("Cargo.toml").exists());
    let left = std::fs::read_dir(fixture.data().join("work")).unwrap().count();
    assert_eq!(left, 0, "the copies are gone");
    let log = out(&fixture.holdover(&["journal", "log", "--kind", "pack.", "--json"]));
    assert!(log.contains("\"pack.asked\"") && log.contains("\"pack.done\""), "{log}");
}

#[test]
fn refs_are_fetched_for_review_commands_are_run_and_files_are_looked_for() {
    let fixture = repository();
    let root = fixture.workspace();
    let host = root.parent().unwrap().join("host.git");
    git(root.parent().unwrap(), &["clone", "-q", "--bare", root.to_str().unwrap(), host.to_str().unwrap()]);
    git(&root, &["remote", "add", "origin", host.to_str().unwrap()]);
    let request = git(&host, &["rev-parse", "with-itoa"]);
    git(&host, &["update-ref", "refs/pull/7/head", &request]);
    std::fs::write(root.join("model.gguf"), b"GGUF").unwrap();
    settings(
        &fixture,
        "[pack]\nrefs = [\"+refs/pull/*/head:refs/remotes/origin/pull/*\", \"nowhere +refs/a:refs/remotes/a\", \"origin +refs/heads/*:refs/heads/*\"]\n\
         branches = [\"origin/pull/*\", \"gone-*\"]\ncommands = [[\"touch\", \"made\"], [\"false\"]]\nfiles = [\"model.gguf\", \"handbook.pdf\"]\n",
    );
    let (ended, items) = packed(&fixture, &["--dry-run"]);
    assert_eq!(ended, 1);
    let wanted = |refs, pulls: Option<&'static str>, ran, failing| {
        let mut all = vec![
            ("refs", "+refs/pull/*/head:refs/remotes/origin/pull/*", refs),
            ("refs", "nowhere +refs/a:refs/remotes/a", "failed"),
            ("refs", "origin +refs/heads/*:refs/heads/*", "failed"),
        ];
        // Those for which there is no branch are said before the branches.
        all.extend(pulls.is_none().then_some(("branch", "origin/pull/*", "failed")));
        all.push(("branch", "gone-*", "failed"));
        all.extend(pulls.map(|state| ("branch", "origin/pull/7", state)));
        all.extend([("command", "touch made", ran), ("command", "false", failing)]);
        all.extend([("file", "model.gguf", "ready"), ("file", "handbook.pdf", "incomplete")]);
        all
    };
    assert_eq!(shown(&items), wanted("planned", None, "planned", "planned"));
    assert!(!root.join("made").exists(), "nothing was run");
    let (ended, items) = packed(&fixture, &[]);
    assert_eq!(ended, 1);
    assert_eq!(shown(&items), wanted("ready", Some("ready"), "ready", "failed"), "{items:#?}");
    assert!(root.join("made").exists());
    assert_eq!(git(&root, &["rev-parse", "refs/remotes/origin/pull/7"]), request);
    let model = items.iter().find(|one| one["name"] == "model.gguf").unwrap();
    assert_eq!(model["bytes"], 4);
    let odd = items.iter().find(|one| one["name"] == "origin +refs/heads/*:refs/heads/*").unwrap();
    assert!(odd["text"].as_str().unwrap().contains("refs/remotes/"), "{odd}");
}

#[test]
fn objects_that_git_lfs_keeps_of_another_branch_are_brought_and_it_can_be_checked_out_without_its_remote() {
    let fixture = Fixture::small();
    let root = fixture.workspace();
    let above = root.parent().unwrap();
    let host = above.join("host.git");
    let remote = format!("file://{}", host.display());
    git(above, &["init", "-q", "--bare", host.to_str().unwrap()]);
    for file in std::fs::read_dir(&root).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        std::fs::remove_file(file.path()).unwrap();
    }
    git(&root, &["init", "-q"]);
    git(&root, &["lfs", "install", "--local"]);
    git(&root, &["remote", "add", "origin", &remote]);
    std::fs::write(root.join("text"), "a text").unwrap();
    git(&root, &["add", "-A"]);
    git(&root, &["commit", "-qm", "no objects"]);
    git(&root, &["switch", "-qc", "art"]);
    std::fs::create_dir_all(root.join("low")).unwrap();
    std::fs::write(root.join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n").unwrap();
    std::fs::write(root.join("low/.gitattributes"), "not.bin -filter\n").unwrap();
    for (path, text) in [("a.bin", "one"), ("low/b.bin", "two"), ("low/same.bin", "two"), ("low/not.bin", "plain")] {
        std::fs::write(root.join(path), text.repeat(1000)).unwrap();
    }
    git(&root, &["add", "-A"]);
    git(&root, &["commit", "-qm", "with objects"]);
    git(&root, &["push", "-q", "origin", "main", "art"]);
    git(&root, &["switch", "-q", "main"]);
    std::fs::remove_dir_all(root.join(".git/lfs/objects")).unwrap();
    settings(&fixture, "[pack]\nbranches = [\"art\"]\n");
    let (_, items) = packed(&fixture, &["--dry-run"]);
    assert_eq!(shown(&items), [("branch", "art", "planned")], "{items:#?}");
    assert_eq!(items[0]["text"], "Git LFS: 0 of 2 objects here, would bring 5.8 KiB");
    assert_eq!(items[0]["missing"], 2);
    assert!(!root.join(".git/lfs/objects").exists(), "nothing was brought");

    // The remote is not there: what is lacking is said, with why.
    std::fs::rename(&host, above.join("away.git")).unwrap();
    let (_, items) = packed(&fixture, &[]);
    assert_eq!(shown(&items), [("branch", "art", "incomplete")], "{items:#?}");
    std::fs::rename(above.join("away.git"), &host).unwrap();
    let (_, items) = packed(&fixture, &[]);
    assert_eq!(shown(&items), [("branch", "art", "ready")], "{items:#?}");
    assert_eq!(items[0]["text"], "Git LFS: 2 of 2 objects here");
    std::fs::rename(&host, above.join("away.git")).unwrap();
    git(&root, &["switch", "-q", "art"]);
    assert_eq!(std::fs::read_to_string(root.join("low/b.bin")).unwrap(), "two".repeat(1000));
    git(&root, &["switch", "-q", "main"]);

    // An object of another size is none; what settings leave out is not wanted.
    let objects = root.join(".git/lfs/objects");
    let object = git(&root, &["rev-parse", "art:a.bin"]);
    let pointer = git(&root, &["cat-file", "-p", &object]);
    let oid = pointer.lines().find_map(|line| line.strip_prefix("oid sha256:")).unwrap().to_owned();
    std::fs::write(objects.join(&oid[..2]).join(&oid[2..4]).join(&oid), "short").unwrap();
    assert_eq!(packed(&fixture, &["--dry-run"]).1[0]["text"], "Git LFS: 1 of 2 objects here, would bring 2.9 KiB");
    git(&root, &["config", "lfs.fetchexclude", "a.bin"]);
    assert_eq!(packed(&fixture, &["--dry-run"]).1[0]["text"], "Git LFS: 1 of 1 object here");
}

#[test]
fn an_untrusted_workspace_packs_nothing_and_offline_is_offline() {
    let fixture = repository();
    let trap = fixture.workspace().join("trap");
    std::fs::write(fixture.workspace().join("holdover.toml"), "[pack]\ncommands = [[\"touch\", \"trap\"]]\n").unwrap();
    let refused = fixture.holdover(&["preflight", "--pack"]);
    assert_eq!(code(&refused), 1, "{}", out(&refused));
    assert!(err(&refused).contains("holdover trust") && !trap.exists(), "{}", err(&refused));
    assert_eq!(code(&fixture.holdover(&["trust"])), 0);
    assert_eq!(code(&fixture.holdover(&["offline", "on"])), 0);
    let refused = fixture.holdover(&["preflight", "--pack"]);
    assert!(code(&refused) != 0 && !trap.exists(), "{}", out(&refused));
    assert_eq!(json!(packed(&fixture, &["--dry-run"]).0), 0, "what is here can be said all the same");
}
