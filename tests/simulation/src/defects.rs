//! Defects that are planted in the program, one at a time, and within how many schedules each has to be found.

use crate::schedule;

pub struct Defect {
    pub name: &'static str,
    /// Schedules after which it counts as not found.
    pub within: u64,
}

pub const DEFECTS: [Defect; 26] = [
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
];

/// Plants each, and runs schedules until one is wrong.
pub fn all_found() -> bool {
    let mut missed = 0;
    for defect in &DEFECTS {
        let found = (1..=defect.within)
            .find_map(|seed| schedule::run(seed, Some(defect.name), false).outcome.err().map(|why| (seed, why)));
        match found {
            Some((seed, why)) => {
                println!("{:<40} seed {seed:>4}: {}", defect.name, why.chars().take(100).collect::<String>())
            }
            None => {
                missed += 1;
                println!("{:<40} NOT FOUND in {} schedules", defect.name, defect.within);
            }
        }
    }
    println!("{} defects planted, {missed} not found", DEFECTS.len());
    missed == 0
}
