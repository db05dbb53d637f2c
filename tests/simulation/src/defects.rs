//! Defects that are planted in the program, one at a time, and the schedule that finds each: many of them were in it once. What a seed
//! means changes with the simulation: where one is not found by its seed any more, `--defects` says by which it is.

use crate::{Sum, child, listen};
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Defect {
    pub name: &'static str,
    /// A schedule that finds it.
    pub seed: u64,
}

pub const DEFECTS: [Defect; 28] = [
    Defect { name: "gap-is-taken", seed: 1 },
    Defect { name: "refused-is-final", seed: 1 },
    Defect { name: "hints-are-believed", seed: 14 },
    Defect { name: "clock-is-right", seed: 106 },
    Defect { name: "never-again", seed: 6 },
    Defect { name: "lost-answer-is-stored", seed: 2 },
    Defect { name: "poison-ends-it", seed: 3 },
    Defect { name: "gathered-is-stored", seed: 1 },
    Defect { name: "own-alone-is-given", seed: 3 },
    Defect { name: "other-project-unseen", seed: 1 },
    Defect { name: "other-remote-unseen", seed: 6 },
    Defect { name: "wrong-key-unseen", seed: 23 },
    Defect { name: "fork-let-in", seed: 2 },
    Defect { name: "stranger-counts", seed: 6 },
    Defect { name: "revoked-counts", seed: 2 },
    Defect { name: "clock-jump-let-in", seed: 5 },
    Defect { name: "other-history-unsaid", seed: 2 },
    Defect { name: "redaction-unheard", seed: 1 },
    Defect { name: "apart-for-ever", seed: 1 },
    Defect { name: "same-id-trusted", seed: 13 },
    Defect { name: "redacted-comes-back", seed: 1 },
    Defect { name: "first-copy-breaks-ties", seed: 2 },
    Defect { name: "conflict-hidden", seed: 1 },
    Defect { name: "first-named-alone-goes", seed: 1 },
    Defect { name: "removal-takes-unseen", seed: 1 },
    Defect { name: "told-before-commit", seed: 1 },
    Defect { name: "copy-unnoticed", seed: 2 },
    Defect { name: "borrowed-id-is-known", seed: 13 },
];

/// Schedules after which one counts as not found.
const WITHIN: u64 = 300;

/// Plants each, and runs schedules until one is wrong, or only the one that finds it; several at a time.
pub fn all_found(jobs: u64, known: bool) -> bool {
    let (next, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(defect) = DEFECTS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !is_found(defect, known) {
                        missed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let missed = missed.into_inner();
    println!("{} defects planted, {missed} not found", DEFECTS.len());
    missed == 0
}

fn is_found(defect: &Defect, known: bool) -> bool {
    let (from, count) = if known { (defect.seed, 1) } else { (1, WITHIN) };
    let (from, count) = (from.to_string(), count.to_string());
    let words = ["--figures", "--until-wrong", "--defect", defect.name, "--from", &from, "--count", &count];
    let words = words.map(str::to_owned);
    let (mut sum, mut found) = (Sum::default(), None);
    listen(child(&words), &mut sum, |line| {
        if line.starts_with("seed ") {
            found.get_or_insert_with(|| line.chars().take(110).collect::<String>());
        }
    });
    let met = sum.met;
    match &found {
        Some(why) => println!("{:<24} met {met:>7} times, {why}", defect.name),
        None => println!("{:<24} met {met:>7} times, NOT FOUND in {} schedules", defect.name, sum.done),
    }
    found.is_some()
}
