//! Several devices write, synchronise in any order and are broken off, over a folder in which files are lost, torn and doubled.
//! Once all is well again everybody has every event that anybody was told is kept, and reads the same from them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

mod support;

use holdover_sync::Folder;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use support::{Desk, Fault, Faulty, let_in, segments_in};

/// Later than anything that was refused is left alone.
const LATER: i64 = 3_600_000;

#[derive(Debug, Clone)]
enum Step {
    Note(usize),
    Edit(usize, usize),
    Sync(usize, Vec<Fault>),
    /// A file on the remote, by its place among them, is lost.
    Drop(usize),
    /// The same, cut in the middle.
    Tear(usize),
    /// The same, as long as it was and all zeros.
    Blank(usize),
    /// The same, laid beside itself as programs do that copy folders.
    Double(usize),
    /// All hints say too much.
    Lie,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None),
        2 => Just(Fault::Before),
        2 => Just(Fault::After),
        2 => Just(Fault::Torn),
        1 => Just(Fault::Gone),
    ]
}

fn step(devices: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..devices).prop_map(Step::Note),
        5 => (0..devices, 0..8_usize).prop_map(|(device, note)| Step::Edit(device, note)),
        9 => (0..devices, prop::collection::vec(fault(), 0..12)).prop_map(|(device, faults)| Step::Sync(device, faults)),
        1 => (0..64_usize).prop_map(Step::Drop),
        1 => (0..64_usize).prop_map(Step::Tear),
        1 => (0..64_usize).prop_map(Step::Blank),
        1 => (0..64_usize).prop_map(Step::Double),
        1 => Just(Step::Lie),
    ]
}

fn schedule() -> impl Strategy<Value = (usize, Vec<Step>)> {
    (2..=4_usize).prop_flat_map(|devices| (Just(devices), prop::collection::vec(step(devices), 4..30)))
}

fn harm(at: &Path, which: usize, how: impl Fn(&Path)) {
    let files = segments_in(at);
    if !files.is_empty() {
        how(&files[which % files.len()]);
    }
}

fn carry_out(devices: usize, steps: &[Step]) {
    let desks: Vec<Desk> = (0..devices).map(|_| Desk::new()).collect();
    for guest in &desks[1..] {
        let_in(&desks[0], guest);
    }
    let stick = tempfile::tempdir().unwrap();
    let at = stick.path().join("ferry");
    for desk in &desks {
        desk.add(&at);
    }
    let mut notes = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        match step {
            Step::Note(desk) => notes.push(desks[*desk].note(&format!("note {n}"))),
            Step::Edit(desk, note) => {
                // One that has come here.
                let here: Vec<_> = notes.iter().filter(|id| !desks[*desk].sides(**id).is_empty()).collect();
                if !here.is_empty() {
                    desks[*desk].edit(*here[note % here.len()], &format!("edit {n}"));
                }
            }
            Step::Sync(desk, faults) => {
                let remote = Faulty { folder: Folder::at(&at), faults: Mutex::new(faults.clone()) };
                let _ = desks[*desk].sync_over(&remote, 0);
            }
            Step::Drop(which) => harm(&at, *which, |file| std::fs::remove_file(file).unwrap()),
            Step::Tear(which) => harm(&at, *which, |file| {
                let bytes = std::fs::read(file).unwrap();
                std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
            }),
            Step::Blank(which) => harm(&at, *which, |file| {
                let bytes = std::fs::read(file).unwrap();
                std::fs::write(file, vec![0; bytes.len()]).unwrap();
            }),
            Step::Double(which) => harm(&at, *which, |file| {
                let name = file.file_name().unwrap().to_string_lossy().into_owned();
                std::fs::copy(file, file.with_file_name(name.replace(".seg", " (Ann's conflicted copy).seg"))).unwrap();
                let (first, rest) = name.split_at(4);
                std::fs::copy(file, file.with_file_name(format!("{first}1{}", &rest[1..]))).unwrap();
            }),
            Step::Lie => {
                for head in std::fs::read_dir(at.join("heads")).into_iter().flatten().flatten() {
                    std::fs::write(head.path(), "999999").unwrap();
                }
            }
        }
    }
    let acknowledged: BTreeSet<String> = desks.iter().flat_map(Desk::shared).collect();
    // Everything that was written stands once it is told to whoever asks, and every device has it after everybody has been there twice.
    for round in 0..3 {
        for desk in &desks {
            let outcome = desk.sync_well(&Folder::at(&at), LATER * (round + 1));
            assert_eq!(outcome.stopped, None);
        }
    }
    for (n, desk) in desks.iter().enumerate() {
        let has: BTreeSet<String> = desk.shared().into_iter().collect();
        assert_eq!(has, acknowledged, "device {n}");
        desk.journal.verify().unwrap();
        for note in &notes {
            assert_eq!(desk.record(*note), desks[0].record(*note), "device {n}");
            assert!(!desk.sides(*note).is_empty());
        }
    }
}

fn cases() -> u32 {
    std::env::var("HOLDOVER_SYNC_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_on_the_way_everybody_ends_with_the_same_and_nothing_is_lost((devices, steps) in schedule()) {
        carry_out(devices, &steps);
    }
}

#[test]
fn each_kind_of_fault_at_each_question_is_made_good_by_the_next_synchronisations() {
    // The first questions are who it is, what lies there and the hints; then segments are read and put, one question each.
    for (fault, places) in
        [(Fault::Before, [1, 4, 7]), (Fault::After, [3, 5, 8]), (Fault::Torn, [3, 5, 6]), (Fault::Gone, [2, 4, 6])]
    {
        for at in places {
            let mut faults = vec![fault];
            faults.extend(vec![Fault::None; at]);
            let steps = [
                Step::Note(0),
                Step::Sync(0, vec![]),
                Step::Sync(1, faults.clone()),
                Step::Edit(1, 0),
                Step::Note(1),
                Step::Edit(0, 0),
                Step::Sync(0, faults),
                Step::Sync(1, vec![]),
            ];
            carry_out(2, &steps);
        }
    }
}
