//! Remotes that only who has the team's key can read, over a folder and over git: what can be read there without it, and what becomes of
//! wrong keys, files that were swapped or changed, and remotes that became encrypted, or plain, behind somebody's back.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

mod support;

use holdover_sync::{Class, Folder, Outcome, Remote, RemoteError, Sealed, TeamKey};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use support::{Desk, PROJECT, call, segments_in, two};

const SECRET: &str = "the harbour master's name is nobody's business";

fn key(n: u8) -> TeamKey {
    TeamKey::of(&[n; 32]).unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Folder,
    Git,
}

fn remote(kind: Kind, desk: &Desk, at: &Path) -> Arc<dyn Remote> {
    match kind {
        Kind::Folder => Arc::new(Folder::at(at)),
        Kind::Git => Arc::new(desk.git(at)),
    }
}

fn sealed(kind: Kind, desk: &Desk, at: &Path, n: u8) -> Sealed {
    Sealed::around(remote(kind, desk, at), key(n))
}

fn place(kind: Kind, folder: &Path) -> PathBuf {
    let at = folder.join("ferry");
    if let Kind::Git = kind {
        assert!(Command::new("git").args(["init", "-q", "--bare"]).arg(&at).status().unwrap().success());
    }
    at
}

fn sync(kind: Kind, desk: &Desk, at: &Path, n: u8) -> Outcome {
    desk.sync_over(&sealed(kind, desk, at, n), 0)
}

/// Every byte of every file, and of every object where git packs them.
fn all_bytes(kind: Kind, at: &Path) -> Vec<u8> {
    let script = match kind {
        Kind::Folder => "find . -type f -exec cat {} +; find .",
        Kind::Git => "git rev-list --objects --all; git cat-file --batch --batch-all-objects; git for-each-ref",
    };
    Command::new("sh").args(["-c", script]).current_dir(at).output().unwrap().stdout
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

fn refused(answer: Result<holdover_sync::Identity, RemoteError>, says: &str) {
    let error = answer.unwrap_err();
    assert!(error.ends && error.class == Class::Integrity && error.message.contains(says), "{error}");
}

#[test]
fn notes_are_shared_and_settled_and_nothing_of_them_can_be_read_there() {
    for kind in [Kind::Folder, Kind::Git] {
        let all = tempfile::tempdir().unwrap();
        let at = place(kind, all.path());
        let (a, b) = two();
        for desk in [&a, &b] {
            desk.add_remote(&sealed(kind, desk, &at, 1));
        }
        let note = a.note(SECRET);
        assert!(sync(kind, &a, &at, 1).is_clean());
        assert!(sync(kind, &b, &at, 1).is_clean());
        assert_eq!(b.sides(note), [SECRET]);
        a.edit(note, "mine");
        b.edit(note, "yours");
        for desk in [&a, &b, &a] {
            assert!(sync(kind, desk, &at, 1).is_clean());
        }
        assert_eq!((a.sides(note).len(), b.record(note)), (2, a.record(note)));
        // Who has what is told once more.
        for desk in [&b, &a, &b, &a] {
            sync(kind, desk, &at, 1);
        }
        let idle = sync(kind, &b, &at, 1);
        assert!(idle.is_clean() && idle.bytes == (0, 0), "{idle:?}");
        let deep = b.sync_well(&sealed(kind, &b, &at, 1), 0);
        assert!(deep.is_clean() && deep.segments_sent == 0, "what lies there is what is here: {deep:?}");

        let there = all_bytes(kind, &at);
        let device = a.journal.own_device().unwrap().id;
        let log = hex::encode(a.journal.log_heads(PROJECT).unwrap()[0].0);
        for known in [SECRET.as_bytes(), b"HOLDSEG", device.as_bytes(), log.as_bytes(), &hex::decode(&device).unwrap()]
        {
            assert!(!has(&there, known), "{kind:?}: {}", String::from_utf8_lossy(known));
        }
        assert!(has(&there, b"HOLDENC"), "{kind:?}");
        for carried in a.journal.carried(PROJECT).unwrap() {
            assert!(!has(&there, hex::encode(&carried.sealed.hash[..16]).as_bytes()));
        }
    }
}

#[test]
fn a_wrong_key_none_and_one_too_many_are_named_before_anything_is_written() {
    for kind in [Kind::Folder, Kind::Git] {
        let all = tempfile::tempdir().unwrap();
        let at = place(kind, all.path());
        let (a, b) = two();
        a.add_remote(&sealed(kind, &a, &at, 1));
        let note = a.note(SECRET);
        assert!(sync(kind, &a, &at, 1).is_clean());
        let before = all_bytes(kind, &at);
        refused(sealed(kind, &b, &at, 2).found(PROJECT, None, &call()), "is encrypted with another key");
        let found = remote(kind, &b, &at).found(PROJECT, None, &call()).unwrap();
        assert!(holdover_sync::in_the_clear(&found, "x").unwrap_err().hint.contains("--key FILE"));
        // The one that has it, with another key, or with none, as if that had been lost.
        a.note("more");
        let stopped = sync(kind, &a, &at, 2).stopped.unwrap();
        assert!(
            stopped.message.contains("another key") && stopped.hint.contains("nothing was read or written"),
            "{stopped}"
        );
        let stopped = a.sync_over(&*remote(kind, &a, &at), 0).stopped.unwrap();
        assert!(stopped.message.contains("no key is kept") && stopped.hint.contains("--key FILE"), "{stopped}");
        assert_eq!(all_bytes(kind, &at), before, "{kind:?}: something was written");
        b.add_remote(&sealed(kind, &b, &at, 1));
        assert!(sync(kind, &b, &at, 1).is_clean());
        assert_eq!(b.sides(note), [SECRET]);

        // A plain one, to which somebody comes with a key.
        let plain = place(kind, &{
            let folder = all.path().join("plain");
            std::fs::create_dir(&folder).unwrap();
            folder
        });
        remote(kind, &b, &plain).found(PROJECT, None, &call()).unwrap();
        let before = all_bytes(kind, &plain);
        refused(sealed(kind, &b, &plain, 1).found(PROJECT, None, &call()), "is not encrypted, and a key was given");
        assert_eq!(all_bytes(kind, &plain), before);
    }
}

#[test]
fn a_remote_that_became_plain_or_encrypted_since_is_refused_with_the_next_step() {
    let all = tempfile::tempdir().unwrap();
    let (at, other) = (all.path().join("one"), all.path().join("other"));
    let (a, b) = two();
    a.add_remote(&sealed(Kind::Folder, &a, &at, 1));
    b.add(&other);
    a.note(SECRET);
    b.note(SECRET);
    assert!(sync(Kind::Folder, &a, &at, 1).is_clean());
    assert!(b.sync(&other).is_clean());
    let format = |at: &Path| std::fs::read_to_string(at.join("FORMAT.json")).unwrap();
    let (encrypted, plain) = (format(&at), format(&other));
    // Whoever can write there says that it is plain, with its own id: nothing is put there in the clear.
    let id = |text: &str| text.split("\"remote\":\"").nth(1).unwrap()[..26].to_owned();
    std::fs::write(at.join("FORMAT.json"), plain.replace(&id(&plain), &id(&encrypted))).unwrap();
    a.note("another secret");
    let before = segments_in(&at);
    let stopped = sync(Kind::Folder, &a, &at, 1).stopped.unwrap();
    assert!(stopped.message.contains("is not encrypted") && stopped.hint.contains("nothing was written"), "{stopped}");
    assert_eq!(segments_in(&at), before);
    // And the other way round.
    std::fs::write(other.join("FORMAT.json"), encrypted.replace(&id(&encrypted), &id(&plain))).unwrap();
    let stopped = b.sync(&other).stopped.unwrap();
    assert!(stopped.message.contains("is encrypted") && stopped.hint.contains("add it with `--key FILE`"), "{stopped}");
    // An older Holdover, which knows form 1 alone, refuses it by its number.
    assert!(encrypted.contains("\"holdover\":2") && plain.contains("\"holdover\":1"), "{encrypted}");
}

#[test]
fn files_that_were_swapped_changed_cut_or_come_from_another_remote_are_refused_and_made_good() {
    let all = tempfile::tempdir().unwrap();
    let at = all.path().join("ferry");
    let (a, b) = two();
    a.add_remote(&sealed(Kind::Folder, &a, &at, 1));
    b.add_remote(&sealed(Kind::Folder, &b, &at, 1));
    // Two segments of one log.
    let first = a.note("first");
    assert!(sync(Kind::Folder, &a, &at, 1).is_clean());
    let second = a.note("second");
    assert!(sync(Kind::Folder, &a, &at, 1).is_clean());
    let files: Vec<PathBuf> =
        segments_in(&at).into_iter().filter(|file| file.to_string_lossy().contains("/seg/2-")).collect();
    let [one, other] = &files[..] else { panic!("{files:?}") };
    let sound: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    let restore = || files.iter().zip(&sound).for_each(|(file, bytes)| std::fs::write(file, bytes).unwrap());
    let name_of = |file: &Path| file.file_name().unwrap().to_string_lossy().into_owned();
    let refused = |outcome: &Outcome, file: &Path| {
        let says = format!("{} does not open with this remote's key", name_of(file));
        assert!(outcome.problems.iter().any(|problem| problem.detail.contains(&says)), "{says}: {outcome:?}");
        assert!(outcome.stopped.is_none() && b.sides(second).is_empty() && b.sides(first).is_empty(), "{outcome:?}");
    };
    let look = |later: i64| b.sync_over(&sealed(Kind::Folder, &b, &at, 1), later);
    // The one under the other's name.
    std::fs::write(one, &sound[1]).unwrap();
    std::fs::write(other, &sound[0]).unwrap();
    let swapped = look(0);
    refused(&swapped, one);
    refused(&swapped, other);
    restore();
    // Any of its parts: mark, nonce, text, tag; and its length.
    let length = sound[0].len();
    let mut later = 0;
    for place in [0, 7, 8, 31, 32, length / 2, length - 17, length - 16, length - 1] {
        let mut changed = sound[0].clone();
        changed[place] ^= 0x40;
        std::fs::write(one, &changed).unwrap();
        later += 3_600_000;
        refused(&look(later), one);
    }
    for cut in [0, 7, 31, length - 1] {
        std::fs::write(one, &sound[0][..cut]).unwrap();
        later += 3_600_000;
        refused(&look(later), one);
    }
    // The same notes from another remote with the same key.
    let elsewhere = all.path().join("elsewhere");
    let c = Desk::new();
    support::let_in(&a, &c);
    c.add_remote(&sealed(Kind::Folder, &c, &elsewhere, 1));
    c.note("from there");
    sync(Kind::Folder, &c, &elsewhere, 1);
    let foreign = segments_in(&elsewhere).into_iter().find(|file| file.to_string_lossy().contains("/seg/2-")).unwrap();
    let folder = at.join("seg").join(foreign.parent().unwrap().file_name().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(&foreign, folder.join(foreign.file_name().unwrap())).unwrap();
    later += 3_600_000;
    refused(&look(later), &foreign);
    std::fs::remove_dir_all(&folder).unwrap();
    // Whoever has it puts it beside the damaged one.
    std::fs::write(one, &sound[1]).unwrap();
    let healed = a.sync_well(&sealed(Kind::Folder, &a, &at, 1), later);
    assert!(healed.healed >= 1, "{healed:?}");
    look(later + 3_600_000);
    assert_eq!((b.sides(first), b.sides(second)), (vec!["first".to_owned()], vec!["second".to_owned()]));
}
