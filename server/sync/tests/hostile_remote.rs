//! A remote on which somebody laid what should not be there: each is named with its reason, nothing outside of the remote is touched,
//! nothing is waited for, and what is sound comes through all the same.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

extern crate journal as holdover_journal;

#[path = "../../journal/tests/support/forge.rs"]
mod forge;
mod support;

use forge::{Forger, NOTE, Wish};
use holdover_sync::{Class, Folder, Outcome, SegmentName};
use journal::Segment;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use support::{Desk, segments_in, two};

/// A remote with a note of a's, which b has not.
fn laid() -> (Desk, Desk, tempfile::TempDir, PathBuf, ulid::Ulid) {
    let (a, b) = two();
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    a.add(&at);
    b.add(&at);
    let note = a.note("sound");
    assert!(a.sync(&at).is_clean());
    (a, b, stick, at, note)
}

fn put(at: &Path, name: &SegmentName, bytes: &[u8]) -> String {
    let folder = at.join("seg").join(name.folder());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name.file()), bytes).unwrap();
    name.to_string()
}

fn named(forger: &Forger, bytes: &[u8]) -> SegmentName {
    let mut hash = [0; 16];
    hash.copy_from_slice(&bytes[bytes.len() - 96..][..16]);
    SegmentName { lane: forger.lane, log: forger.log, first: 1, last: forger.seq, hash, copy: 1 }
}

fn why<'o>(outcome: &'o Outcome, name: &str) -> (Class, &'o str) {
    let of = outcome.problems.iter().chain(&outcome.apart).find(|problem| problem.name.contains(name));
    let problem = of.unwrap_or_else(|| panic!("{name} is not named: {outcome:?}"));
    (problem.class, &problem.detail)
}

#[test]
fn damaged_huge_renamed_foreign_and_exploding_files_are_each_named_and_the_note_comes_all_the_same() {
    let (a, b, _stick, at, note) = laid();
    let real = segments_in(&at).into_iter().find(|file| file.to_string_lossy().contains("seg/2-")).unwrap();
    let bytes = std::fs::read(&real).unwrap();

    // A hash that is not the one of its bytes; half of a segment; nothing at all.
    let mut forger = Forger::new(9, 0);
    forger.event("x.y", NOTE, &Wish::default());
    let mut flipped = forger.segment();
    let flipped_name = named(&forger, &flipped);
    flipped[60] ^= 1;
    let flipped = put(&at, &flipped_name, &flipped);
    let torn = put(&at, &SegmentName { log: [2; 16], ..flipped_name }, &bytes[..bytes.len() / 2]);
    let empty = put(&at, &SegmentName { log: [3; 16], ..flipped_name }, b"");
    // Eight GiB, which no disk has.
    let huge_name = SegmentName { log: [4; 16], ..flipped_name };
    let huge = put(&at, &huge_name, b"HOLDSEG\x01");
    let file =
        std::fs::OpenOptions::new().write(true).open(at.join("seg").join(huge_name.folder()).join(huge_name.file()));
    file.unwrap().set_len(8 << 30).unwrap();
    // A sound segment under another log's name, and under its own with another hash.
    let real_name = named(&Forger::new(1, 2), &bytes);
    let renamed = put(&at, &SegmentName { log: [5; 16], last: 1, ..real_name }, &bytes);
    let mut log = [0; 16];
    log.copy_from_slice(&Segment::read(&bytes).unwrap().origin.log);
    let rehashed = put(&at, &SegmentName { log, first: 1, last: 1, hash: [6; 16], ..real_name }, &bytes);
    // Signed, and unpacks to far more than it says.
    let mut bomb = Forger::new(11, 0);
    bomb.event("x.y", NOTE, &Wish::default());
    let body = forge::pack(&vec![0; 64 << 20]);
    let bomb_bytes = bomb.segment_of(&body, 1000);
    let bomb = put(&at, &named(&bomb, &bomb_bytes), &bomb_bytes);
    // Of the lane that never leaves a device.
    let mut local = Forger::new(12, 4);
    local.event("x.y", NOTE, &Wish::default());
    let local_bytes = local.segment();
    let local = put(&at, &named(&local, &local_bytes), &local_bytes);
    // Signed, sound, and of a project that this remote does not carry.
    let mut other = Forger::new(13, 2);
    other.event("note.add", NOTE, &Wish::default());
    let other_bytes = other.segment();
    let other = put(&at, &named(&other, &other_bytes), &other_bytes);

    let outcome = b.sync(&at);
    assert_eq!(outcome.stopped, None);
    assert_eq!(b.sides(note), ["sound"], "what is sound came");
    for (name, says) in [
        (&flipped, "hash"),
        (&torn, "not a sound segment"),
        (&empty, "does not begin like one"),
        (&huge, "has 8589934592 bytes"),
        (&renamed, "not what its name says"),
        (&rehashed, "not what its name says"),
        (&bomb, "not the 1000 bytes that were announced"),
        (&local, "never leaves a device"),
        (&other, "another project"),
    ] {
        let (class, detail) = why(&outcome, name);
        assert!(class == Class::Integrity && detail.contains(says) && detail.contains("\nhint: "), "{name}: {detail}");
    }
    // They are left alone for a while, and said all the same; nothing of them is read.
    let again = b.sync(&at);
    assert_eq!((again.problems.len(), again.bytes.0), (9, 0));
    let later = b.sync_over(&Folder::at(&at), 3_600_000);
    assert!(later.bytes.0 > 0 && later.problems.iter().all(|problem| problem.attempts == 2), "{later:?}");
    // Gone, they are forgotten.
    for name in [&flipped, &torn, &empty, &huge, &renamed, &rehashed, &bomb, &local, &other] {
        std::fs::remove_file(at.join(name)).unwrap();
    }
    assert!(b.sync(&at).problems.is_empty());
    assert!(a.sync(&at).is_clean());
}

#[test]
fn a_device_that_nobody_let_in_is_kept_apart_and_counts_once_somebody_does() {
    let (a, b, _stick, at, note) = laid();
    let stranger = Desk::new();
    stranger.add(&at);
    let theirs = stranger.note("from a stranger");
    stranger.sync(&at);
    let outcome = b.sync(&at);
    assert_eq!(b.sides(note), ["sound"]);
    assert!(b.sides(theirs).is_empty());
    assert!(outcome.apart.iter().any(|apart| apart.detail == "unknown-device"), "{outcome:?}");
    let again = b.sync(&at);
    assert!(again.apart.is_empty() && again.bytes.0 == 0, "it is kept, and not read again: {again:?}");
    support::let_in(&a, &stranger);
    a.sync(&at);
    b.sync(&at);
    assert_eq!(b.sides(theirs), ["from a stranger"]);
}

#[test]
fn links_pipes_and_folders_in_the_place_of_ours_lead_nowhere_and_hold_nobody_up() {
    let (a, b, stick, at, note) = laid();
    let secret = stick.path().join("secret");
    std::fs::write(&secret, "nobody's business").unwrap();
    let outside = stick.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let name = SegmentName { lane: 2, log: [7; 16], first: 1, last: 1, hash: [7; 16], copy: 1 };
    let folder = at.join("seg").join(name.folder());
    std::fs::create_dir(&folder).unwrap();
    symlink(&secret, folder.join(name.file())).unwrap();
    let pipe = SegmentName { first: 2, last: 2, ..name };
    let made = std::process::Command::new("mkfifo").arg(folder.join(pipe.file())).status().unwrap();
    assert!(made.success());
    std::fs::create_dir(folder.join(SegmentName { first: 3, last: 3, ..name }.file())).unwrap();
    let linked = SegmentName { log: [8; 16], ..name };
    symlink(&outside, at.join("seg").join(linked.folder())).unwrap();
    std::fs::write(at.join("seg").join("..evil"), "x").unwrap();
    std::fs::create_dir(at.join("seg").join("not-a-log")).unwrap();
    std::fs::write(folder.join("x.sync-conflict-20261122-101010-ABCDEFG.seg"), "x").unwrap();

    let outcome = b.sync(&at);
    assert_eq!((outcome.stopped.clone(), b.sides(note)), (None, vec!["sound".to_owned()]));
    for what in [name.to_string(), pipe.to_string(), format!("seg/{}", linked.folder())] {
        assert_eq!(why(&outcome, &what).0, Class::Integrity, "{what}");
    }
    let strays: Vec<&str> = outcome.strays.iter().map(|(name, _)| name.as_str()).collect();
    assert!(strays.contains(&"seg/..evil") && strays.contains(&"seg/not-a-log"), "{strays:?}");
    assert!(strays.iter().any(|name| name.contains("sync-conflict")), "{strays:?}");

    // A link where our own log's folder would be: nothing is written where it leads.
    b.note("mine");
    b.journal.seal(support::PROJECT).unwrap();
    let own =
        b.journal.carried(support::PROJECT).unwrap().into_iter().find(|one| one.own && one.sealed.lane == 2).unwrap();
    let own = at.join("seg").join(SegmentName::of(&own.sealed).folder());
    symlink(&outside, &own).unwrap();
    let refused = b.sync(&at);
    assert!(refused.stopped.is_some() && refused.pending > 0, "{refused:?}");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    std::fs::remove_file(&own).unwrap();
    let done = b.sync(&at);
    assert!(done.stopped.is_none() && done.pending == 0, "{done:?}");
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "nobody's business");
    drop(a);
}

#[test]
fn what_a_segment_waits_for_is_named_with_its_places_also_where_no_hint_tells_of_it() {
    let (a, b, _stick, at, _) = laid();
    for text in ["first of three", "second", "third"] {
        a.note(text);
        a.sync(&at);
    }
    let mut notes: Vec<PathBuf> =
        segments_in(&at).into_iter().filter(|file| file.to_string_lossy().contains("seg/2-")).collect();
    notes.sort();
    assert_eq!(notes.len(), 4);
    let (third, bytes) = (notes[2].clone(), std::fs::read(&notes[2]).unwrap());
    std::fs::remove_file(&third).unwrap();
    std::fs::remove_dir_all(at.join("heads")).unwrap();
    let outcome = b.sync(&at);
    let missing: Vec<(u8, u64, u64)> = outcome.missing.iter().map(|one| (one.lane, one.first, one.last)).collect();
    assert_eq!((outcome.waiting, missing), (1, vec![(2, 3, 3)]), "{outcome:?}");
    std::fs::write(&third, &bytes).unwrap();
    let outcome = b.sync(&at);
    assert!(outcome.missing.is_empty() && outcome.waiting == 0, "{outcome:?}");
}

#[test]
fn what_could_not_be_put_there_is_no_trouble_any_more_once_somebody_else_has_put_it_there() {
    let (a, b, _stick, at, _) = laid();
    b.sync(&at);
    let note = segments_in(&at).into_iter().find(|file| file.to_string_lossy().contains("seg/2-")).unwrap();
    let bytes = std::fs::read(&note).unwrap();
    // Other bytes lie under each of its names.
    let place = note.to_string_lossy().into_owned();
    let copies: Vec<PathBuf> =
        (2..=9).map(|copy| place.replace(".seg", &format!(".{copy}.seg")).into()).chain([note.clone()]).collect();
    for copy in &copies {
        std::fs::write(copy, &bytes[1..]).unwrap();
    }
    let outcome = a.sync(&at);
    assert!(outcome.problems.iter().any(|problem| problem.detail.contains("other bytes lie there")), "{outcome:?}");
    for copy in &copies {
        std::fs::remove_file(copy).unwrap();
    }
    std::fs::write(&note, &bytes).unwrap();
    assert!(a.sync(&at).is_clean());
}
