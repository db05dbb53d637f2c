//! A git repository between two devices, with the real git on both sides: what is exchanged, what lies there, and what happens when
//! refs are moved by others, set back, removed, hidden, or when a process was killed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

mod support;

use holdover_sync::{Class, Git, GitPlace, Head, Outcome, Put, Remote as _, SegmentName};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Desk, PROJECT, call, two};

fn git(at: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always"]).args(arguments);
    let ended =
        command.current_dir(at).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(ended.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).trim_end().to_owned()
}

/// A bare repository with a commit of somebody's on its branch.
fn bare(folder: &Path) -> PathBuf {
    let (work, at) = (folder.join("work"), folder.join("ferry.git"));
    std::fs::create_dir_all(&work).unwrap();
    git(&work, &["init", "-q", "-b", "main"]);
    git(&work, &["commit", "-q", "--allow-empty", "-m", "somebody's"]);
    git(folder, &["clone", "-q", "--bare", "work", "ferry.git"]);
    at
}

/// Names and commits of the refs there.
fn refs(at: &Path) -> Vec<(String, String)> {
    let lines = git(at, &["for-each-ref", "--format=%(refname) %(objectname)"]);
    lines.lines().map(|line| line.split_once(' ').unwrap()).map(|(name, id)| (name.to_owned(), id.to_owned())).collect()
}

fn device_ref(at: &Path, desk: &Desk) -> (String, String) {
    let before = refs(at);
    desk.git(at).probe(&call()).unwrap();
    let after = refs(at);
    after.into_iter().find(|one| !before.contains(one)).unwrap()
}

fn devices(at: &Path) -> (Desk, Desk) {
    let (a, b) = two();
    for desk in [&a, &b] {
        desk.add_remote(&desk.git(at));
    }
    (a, b)
}

fn clean(outcome: &Outcome) {
    assert!(outcome.is_clean(), "{outcome:?}");
}

#[test]
fn a_note_a_conflict_and_its_resolution_go_over_a_repository_that_has_another_use() {
    let all = tempfile::tempdir().unwrap();
    let at = bare(all.path());
    let main = git(&at, &["rev-parse", "main"]);
    let (a, b) = devices(&at);
    let note = a.note("one");
    let sent = a.sync_git(&at);
    clean(&sent);
    assert!(sent.sent >= 1 && sent.pending == 0 && sent.segments_sent >= 1 && sent.bytes.1 > 0, "{sent:?}");
    let came = b.sync_git(&at);
    clean(&came);
    assert_eq!(b.sides(note), ["one"]);
    a.edit(note, "mine");
    b.edit(note, "yours");
    for desk in [&a, &b, &a] {
        clean(&desk.sync_git(&at));
    }
    assert_eq!((a.sides(note), b.sides(note)), (vec!["mine".to_owned(), "yours".to_owned()], a.sides(note)));
    b.edit(note, "settled");
    for desk in [&b, &a] {
        clean(&desk.sync_git(&at));
    }
    assert_eq!((a.sides(note), a.record(note)), (vec!["settled".to_owned()], b.record(note)));

    // Nothing of the repository's own was touched, and what is there is ours by its name.
    assert_eq!(git(&at, &["rev-parse", "main"]), main);
    let names: Vec<String> = refs(&at).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("refs/holdover/v1/device/")).count(), 2, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("refs/holdover/v1/") || name == "refs/heads/main"), "{names:?}");
    git(&at, &["fsck", "--strict", "--no-dangling"]);
    // Commits name no person, each ref is one line of history, and each other's segments are not doubled.
    for (name, _) in refs(&at).iter().filter(|(name, _)| name.contains("/device/")) {
        let authors = git(&at, &["log", "--format=%an <%ae>%P", name]);
        assert!(authors.lines().all(|line| line.starts_with("Holdover <holdover@invalid>")), "{authors}");
        let firsts = git(&at, &["rev-list", "--max-parents=0", "--count", name]);
        assert_eq!(firsts, "1", "one history a device");
    }
    // With nothing new nothing is written there or fetched.
    for desk in [&a, &b, &a, &b] {
        desk.sync_git(&at);
    }
    let before = refs(&at);
    let idle = a.sync_git(&at);
    clean(&idle);
    assert_eq!((refs(&at), idle.bytes, idle.segments_sent, idle.sent), (before, (0, 0), 0, 0));
}

#[test]
fn hooks_and_programs_of_a_repository_that_lies_on_a_stick_do_not_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let all = tempfile::tempdir().unwrap();
    let at = bare(all.path());
    let trap = all.path().join("trap");
    std::fs::create_dir_all(at.join("hooks")).unwrap();
    let script = format!("#!/bin/sh\ntouch {}\n", trap.display());
    for hook in ["pre-receive", "update", "post-receive", "post-update", "reference-transaction", "proc-receive"] {
        let file = at.join("hooks").join(hook);
        std::fs::write(&file, &script).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let other = all.path().join("other.git");
    git(all.path(), &["clone", "-q", "--bare", "work", "other.git"]);
    std::fs::write(at.join("objects/info/alternates"), format!("{}\n", other.join("objects").display())).unwrap();
    let hooks = at.join("hooks").display().to_string();
    let touch = format!("touch {}", trap.display());
    for (key, value) in [
        ("core.hooksPath", hooks.as_str()),
        ("core.alternateRefsCommand", &touch),
        ("core.fsmonitor", &touch),
        ("gc.recentObjectsHook", &touch),
        ("uploadpack.packObjectsHook", &touch),
        ("receive.autogc", "true"),
        ("gc.auto", "1"),
    ] {
        git(&at, &["config", key, value]);
    }
    let (a, b) = devices(&at);
    let note = a.note("one");
    clean(&a.sync_git(&at));
    clean(&b.sync_git(&at));
    assert_eq!(b.sides(note), ["one"]);
    assert!(!trap.exists(), "something of the stick's ran");
    // They would, for git as it is used by hand.
    git(all.path(), &["--git-dir", at.to_str().unwrap(), "fetch", "-q", "work", "main:refs/heads/other"]);
    git(&all.path().join("work"), &["push", "-q", at.to_str().unwrap(), "main:refs/heads/third"]);
    assert!(trap.exists());
}

#[test]
fn a_ref_that_was_set_back_or_removed_is_named_and_what_was_lost_is_put_there_by_whoever_has_it() {
    let all = tempfile::tempdir().unwrap();
    let at = bare(all.path());
    let (a, b) = devices(&at);
    let (name, before) = device_ref(&at, &a);
    let (first, second) = (a.note("first"), a.note("second"));
    clean(&a.sync_git(&at));
    clean(&b.sync_git(&at));

    git(&at, &["update-ref", &name, &before]);
    let noticed = b.sync_git(&at);
    let problem = noticed.problems.iter().find(|problem| problem.name == name).unwrap();
    assert!(problem.detail.contains("was set back or rewritten") && problem.class == Class::Integrity, "{problem:?}");
    assert!(noticed.healed >= 1 && noticed.stopped.is_none(), "{noticed:?}");
    assert_eq!(b.sides(first), ["first"], "nothing is lost here");
    clean(&b.sync_git(&at));
    // Whoever comes now has it from the other's ref.
    let c = Desk::new();
    support::let_in(&a, &c);
    c.add_remote(&c.git(&at));
    c.sync_git(&at);
    assert_eq!((c.sides(first), c.sides(second)), (vec!["first".to_owned()], vec!["second".to_owned()]));

    // All of it is gone but what says whose it is.
    for (name, _) in refs(&at).iter().filter(|(name, _)| name.contains("/device/")) {
        git(&at, &["update-ref", "-d", name]);
    }
    let noticed = b.sync_git(&at);
    assert_eq!(
        noticed.problems.iter().filter(|problem| problem.detail.contains("was removed")).count(),
        2,
        "{noticed:?}"
    );
    assert!(noticed.healed >= 2, "{noticed:?}");
    let d = Desk::new();
    support::let_in(&a, &d);
    d.add_remote(&d.git(&at));
    d.sync_git(&at);
    assert_eq!(d.sides(first), ["first"]);
    // Then the rest too.
    for (name, _) in refs(&at).iter().filter(|(name, _)| name.starts_with("refs/holdover")) {
        git(&at, &["update-ref", "-d", name]);
    }
    let stopped = a.sync_git(&at).stopped.unwrap();
    assert!(
        stopped.message.contains("nothing of Holdover's any more") && stopped.class == Class::Integrity,
        "{stopped}"
    );
}

#[test]
fn two_devices_and_two_copies_of_one_push_at_once_and_everything_arrives() {
    let all = tempfile::tempdir().unwrap();
    let at = bare(all.path());
    let (a, b) = devices(&at);
    let notes: Vec<_> = (0..4).map(|n| (a.note(&format!("a{n}")), b.note(&format!("b{n}")))).collect();
    std::thread::scope(|scope| {
        for desk in [&a, &b] {
            let at = &at;
            scope.spawn(move || assert_eq!(desk.sync_git(at).stopped, None));
        }
    });
    for desk in [&a, &b, &a] {
        clean(&desk.sync_git(&at));
    }
    for (of_a, of_b) in &notes {
        assert_eq!((a.record(*of_a), a.record(*of_b)), (b.record(*of_a), b.record(*of_b)));
    }

    // The same device twice, as a restored backup is: one ref, and neither overwrites the other.
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let name = |n: u8, k: u64| SegmentName { lane: 2, log: [n; 16], first: k, last: k, hash: [n; 16], copy: 1 };
    let barrier = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        for (n, folder) in [(1, &one), (2, &other)] {
            let (barrier, at) = (&barrier, &at);
            scope.spawn(move || {
                for k in 1..=5 {
                    let remote = Git::at(&GitPlace::local(at), folder.path(), "twin", None);
                    remote.segments(&call()).unwrap();
                    barrier.wait();
                    assert_eq!(remote.put(&name(n, k), &[n; 40], &call()), Ok(Put::Gathered));
                    remote.set_head(&Head { lane: 2, log: [n; 16], seq: k }, &call()).unwrap();
                    remote.finish(&call()).unwrap();
                }
            });
        }
    });
    let reader = Git::at(&GitPlace::local(&at), one.path(), "twin", None);
    let there = reader.segments(&call()).unwrap();
    for (n, k) in [(1, 1), (1, 5), (2, 1), (2, 5)] {
        assert_eq!(reader.get(&name(n, k), &call()).unwrap(), [n; 40], "{there:?}");
    }
    let heads = reader.heads(&call()).unwrap();
    assert!(
        heads.contains(&Head { lane: 2, log: [1; 16], seq: 5 })
            && heads.contains(&Head { lane: 2, log: [2; 16], seq: 5 })
    );
    assert!(there.unread.is_empty(), "{there:?}");
}

#[test]
fn what_a_killed_process_left_in_the_repository_of_ours_is_in_nobodys_way() {
    let all = tempfile::tempdir().unwrap();
    let at = bare(all.path());
    let (a, b) = devices(&at);
    let note = a.note("one");
    clean(&a.sync_git(&at));
    clean(&b.sync_git(&at));
    let kept = Git::folder(&GitPlace::local(&at), &b.folder.path().join("data"));
    let repository = kept.join("repository.git");
    for round in 0..5 {
        a.edit(note, &format!("edit {round}"));
        clean(&a.sync_git(&at));
        match round {
            // Locks of a fetch that was killed.
            0 => {
                for (name, _) in refs(&at).iter().filter(|(name, _)| name.starts_with("refs/holdover")) {
                    let lock = repository.join(format!("{name}.lock"));
                    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
                    std::fs::write(lock, "").unwrap();
                }
            }
            1 => std::fs::write(repository.join("packed-refs.lock"), "").unwrap(),
            // Half of what was fetched is gone, or is nonsense.
            2 => std::fs::remove_dir_all(repository.join("objects")).unwrap(),
            3 => std::fs::write(kept.join("names"), "commit 00").unwrap(),
            _ => std::fs::remove_dir_all(&kept).unwrap(),
        }
        let mut outcome = b.sync_git(&at);
        for _ in 0..2 {
            if outcome.stopped.is_some() {
                outcome = b.sync_git(&at);
            }
        }
        clean(&outcome);
        assert_eq!(b.sides(note), [format!("edit {round}")], "round {round}");
    }
}

#[test]
fn a_remote_that_hides_refs_is_used_under_another_name_and_one_that_takes_none_is_named() {
    let all = tempfile::tempdir().unwrap();
    let at = bare(all.path());
    git(&at, &["config", "transfer.hideRefs", "refs/holdover"]);
    let (a, b) = devices(&at);
    let note = a.note("one");
    clean(&a.sync_git(&at));
    clean(&b.sync_git(&at));
    assert_eq!(b.sides(note), ["one"]);
    assert!(refs(&at).iter().any(|(name, _)| name.starts_with("refs/notes/holdover/v1/device/")), "{:?}", refs(&at));

    let closed = all.path().join("closed.git");
    git(all.path(), &["clone", "-q", "--bare", "work", "closed.git"]);
    for hidden in ["refs/holdover", "refs/notes", "refs/heads/holdover"] {
        git(&closed, &["config", "--add", "transfer.hideRefs", hidden]);
    }
    let refused = a.git(&closed).found(PROJECT, None, &call()).unwrap_err();
    assert!(refused.class == Class::Auth && refused.message.contains("hidden ref"), "{refused}");
}

#[test]
fn repositories_that_are_empty_shallow_or_none_are_told_apart() {
    let all = tempfile::tempdir().unwrap();
    let at = bare(all.path());
    let work = all.path().join("work");
    git(&work, &["commit", "-q", "--allow-empty", "-m", "another"]);
    let source = format!("file://{}", work.display());
    git(all.path(), &["clone", "-q", "--bare", "--depth", "1", &source, "shallow.git"]);
    git(all.path(), &["init", "-q", "--bare", "empty.git"]);
    for name in ["shallow.git", "empty.git"] {
        let at = all.path().join(name);
        let (a, b) = devices(&at);
        let note = a.note("one");
        clean(&a.sync_git(&at));
        clean(&b.sync_git(&at));
        assert_eq!(b.sides(note), ["one"], "{name}");
    }
    let a = Desk::new();
    let refused = |at: &Path| a.git(at).found(PROJECT, None, &call()).unwrap_err();
    let gone = refused(&all.path().join("nowhere.git"));
    assert!(gone.ends && gone.class == Class::Retry && gone.message.contains("no remote is at"), "{gone}");
    let none = all.path().join("none.git");
    std::fs::create_dir(&none).unwrap();
    let none = refused(&none);
    assert!(none.message.contains("is no git repository"), "{none}");
    git(all.path(), &["init", "-q", "--bare", "--object-format=sha256", "long.git"]);
    let long = refused(&all.path().join("long.git"));
    assert!(long.class == Class::Integrity && long.message.contains("SHA-256"), "{long}");
    // Of another project.
    a.add_remote(&a.git(&at));
    let other = a.git(&at).found([7; 16], None, &call()).unwrap_err();
    assert!(other.class == Class::Integrity && other.message.contains("another project"), "{other}");
    // It went away, and came back.
    let note = a.note("one");
    std::fs::rename(&at, all.path().join("away")).unwrap();
    let stopped = a.sync_git(&at).stopped.unwrap();
    assert!(stopped.message.contains("no remote is at"), "{stopped}");
    std::fs::rename(all.path().join("away"), &at).unwrap();
    clean(&a.sync_git(&at));
    assert_eq!(a.sides(note), ["one"]);
}

#[test]
fn what_others_laid_into_their_refs_is_named_and_what_is_sound_comes_all_the_same() {
    let all = tempfile::tempdir().unwrap();
    let at = bare(all.path());
    let (a, b) = devices(&at);
    let note = a.note("sound");
    clean(&a.sync_git(&at));
    // A stranger's ref: a file of 9 MiB and a damaged one under names of segments, a link, a submodule, names of no use, a deep path.
    let work = all.path().join("work");
    git(&work, &["checkout", "-q", "--orphan", "strange"]);
    let log = format!("seg/2-{}", "ab".repeat(16));
    let file = |n: u32| format!("{log}/{n:020}-{n:020}-{}.seg", "00".repeat(16));
    std::fs::create_dir_all(work.join(&log)).unwrap();
    std::fs::write(work.join(file(1)), vec![0; 9 << 20]).unwrap();
    std::fs::write(work.join(file(2)), "rubbish").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", work.join(file(3))).unwrap();
    std::fs::write(work.join("\u{1b}[2Jodd\n"), "x").unwrap();
    std::fs::write(work.join("FORMAT.json"), "{}").unwrap();
    std::fs::create_dir_all(work.join("heads/2-00/1")).unwrap();
    std::fs::write(work.join("heads/2-00/1/2"), "x").unwrap();
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-q", "-m", "strange"]);
    let to = |name: &str| format!("strange:refs/holdover/v1/{name}");
    let url = at.to_string_lossy().into_owned();
    git(
        &work,
        &["push", "-q", &url, &to("device/00112233445566778899aabbccddeeff"), &to("device/UPPER"), &to("other")],
    );
    let blob = git(&work, &["rev-parse", &format!("strange:{}", file(2))]);
    git(&at, &["update-ref", "refs/holdover/v1/device/ffffffffffffffffffffffffffffffff", &blob]);
    let outcome = b.sync_git(&at);
    assert_eq!((outcome.stopped.clone(), b.sides(note)), (None, vec!["sound".to_owned()]));
    let why =
        |name: &str| outcome.problems.iter().find(|problem| problem.name == name).map(|problem| problem.detail.clone());
    assert!(why(&file(1)).unwrap().contains("has 9437184 bytes"), "{outcome:?}");
    assert!(why(&file(2)).unwrap().contains("does not begin like one"), "{outcome:?}");
    assert_eq!(why(&file(3)), None, "a link is no file of ours");
    let strays: Vec<&str> = outcome.strays.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        strays.iter().any(|name| name.contains(&file(3))) && strays.iter().all(|name| !name.contains('\u{1b}')),
        "{strays:?}"
    );
    assert!(!outcome.missing.iter().any(|missing| missing.log == [0; 16]));
    // A sound segment's name over other bytes, in front of the sound one: both are looked at.
    let real = a.journal.carried(PROJECT).unwrap().into_iter().find(|one| one.own && one.sealed.lane == 2).unwrap();
    let name = SegmentName::of(&real.sealed).to_string();
    git(&work, &["rm", "-rq", "--cached", "."]);
    std::fs::remove_dir_all(work.join("seg")).unwrap();
    std::fs::create_dir_all(work.join(&name).parent().unwrap()).unwrap();
    std::fs::write(work.join(&name), "not that").unwrap();
    git(&work, &["add", &name]);
    git(&work, &["commit", "-q", "-m", "in front"]);
    git(&work, &["push", "-q", &url, &to("device/00000000000000000000000000000000")]);
    let c = Desk::new();
    support::let_in(&a, &c);
    c.add_remote(&c.git(&at));
    c.sync_git(&at);
    assert_eq!(c.sides(note), ["sound"]);
}

#[test]
fn a_bundle_on_a_stick_is_a_remote_too_and_what_another_wrote_into_it_is_kept() {
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry.bundle");
    let (a, b) = devices(&at);
    let note = a.note("one");
    clean(&a.sync_git(&at));
    clean(&b.sync_git(&at));
    assert_eq!(b.sides(note), ["one"]);
    a.edit(note, "mine");
    b.edit(note, "yours");
    for desk in [&a, &b, &a] {
        clean(&desk.sync_git(&at));
    }
    assert_eq!((a.sides(note).len(), b.sides(note)), (2, a.sides(note)));
    git(stick.path(), &["bundle", "list-heads", "ferry.bundle"]);
    let left: Vec<_> = std::fs::read_dir(stick.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["ferry.bundle"], "nothing temporary is left");
    // Half of it: who needs the other half is told, and it is not taken for empty; who has all of it writes it anew.
    let bytes = std::fs::read(&at).unwrap();
    std::fs::write(&at, &bytes[..bytes.len() / 2]).unwrap();
    let c = Desk::new();
    support::let_in(&a, &c);
    let stopped = c.git(&at).found(PROJECT, None, &call()).unwrap_err();
    assert!(stopped.ends, "{stopped}");
    assert_eq!(std::fs::read(&at).unwrap().len(), bytes.len() / 2, "it is left as it is");
    a.note("two");
    clean(&a.sync_git(&at));
    c.add_remote(&c.git(&at));
    c.sync_git(&at);
    assert_eq!(c.sides(note), a.sides(note));
}
