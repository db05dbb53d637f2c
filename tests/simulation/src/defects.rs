//! Defects that are planted in the program, one at a time, and within how many schedules each has to be found.

use crate::{Sum, child, listen};
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Defect {
    pub name: &'static str,
    /// Schedules after which it counts as not found.
    pub within: u64,
}

pub const DEFECTS: [Defect; 29] = [
    Defect { name: "gap-is-taken", within: 100 },
    Defect { name: "refused-is-final", within: 100 },
    Defect { name: "hints-are-believed", within: 100 },
    Defect { name: "clock-is-right", within: 100 },
    Defect { name: "never-again", within: 100 },
    Defect { name: "lost-answer-is-stored", within: 100 },
    Defect { name: "poison-ends-it", within: 100 },
    Defect { name: "gathered-is-stored", within: 100 },
    Defect { name: "own-alone-is-given", within: 100 },
    Defect { name: "other-project-unseen", within: 100 },
    Defect { name: "other-remote-unseen", within: 100 },
    Defect { name: "wrong-key-unseen", within: 100 },
    Defect { name: "fork-let-in", within: 100 },
    Defect { name: "stranger-counts", within: 100 },
    Defect { name: "revoked-counts", within: 100 },
    Defect { name: "clock-jump-let-in", within: 100 },
    Defect { name: "other-history-unsaid", within: 100 },
    Defect { name: "redaction-unheard", within: 100 },
    Defect { name: "apart-for-ever", within: 100 },
    Defect { name: "same-id-trusted", within: 100 },
    Defect { name: "redacted-comes-back", within: 100 },
    Defect { name: "first-copy-breaks-ties", within: 100 },
    Defect { name: "conflict-hidden", within: 100 },
    Defect { name: "first-named-alone-goes", within: 100 },
    Defect { name: "removal-takes-unseen", within: 100 },
    Defect { name: "told-before-commit", within: 100 },
    Defect { name: "copy-unnoticed", within: 300 },
    Defect { name: "fork-goes-on-unsaid", within: 300 },
    Defect { name: "borrowed-id-is-known", within: 300 },
];

/// Plants each, and runs schedules until one is wrong; several at a time.
pub fn all_found(jobs: u64) -> bool {
    let (next, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(defect) = DEFECTS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !is_found(defect) {
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

fn is_found(defect: &Defect) -> bool {
    let within = defect.within.to_string();
    let words = ["--figures", "--until-wrong", "--defect", defect.name, "--count", &within].map(str::to_owned);
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
