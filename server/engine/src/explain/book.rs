//! The last explanations, with what a follow-up question needs of them. Bounded; nothing of it is kept when the process ends.

use super::{ExplainError, Slow};
use contract::{Explanation, Fact, Structure};
use crossbeam_channel::Receiver;
use explain::Found;
use explain::backend::Turn;
use host::Cancel;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Explanations that are kept.
const MOST: usize = 16;

/// One of them.
#[derive(Clone)]
pub(crate) struct Kept {
    pub root: PathBuf,
    pub explanation: Explanation,
    pub text: Arc<str>,
    /// The line that the text begins with.
    pub from: u32,
    /// Facts of its own subject, before all others.
    pub own: Vec<Fact>,
    pub found: Vec<Found>,
    pub structure: Structure,
    /// Whether it is about the whole file.
    pub whole: bool,
    /// What was said before and here, once it was answered.
    pub turns: Vec<Turn>,
    pub cancel: Cancel,
    pub slow: Option<Receiver<Slow>>,
    /// The hash of the question, by which its answer is found again.
    pub key: Option<String>,
}

impl Kept {
    /// Takes what was not known at once, if it comes until then. Says whether it came.
    pub fn take_slow(&mut self, until: Instant) -> bool {
        let Some(slow) = self.slow.as_ref().and_then(|slow| slow.recv_deadline(until).ok()) else { return false };
        self.slow = None;
        for rule in slow.rules {
            for one in self.found.iter_mut().filter(|one| one.finding == rule.finding) {
                one.page.clone_from(&rule.page);
            }
        }
        if let Some(own) = slow.own {
            self.own = own;
        }
        self.tell();
        let explanation = &mut self.explanation;
        match slow.commits {
            Ok(commits) => explanation.facts.extend(explain::history(&commits)),
            Err(why) => explanation.left_out.push(why.to_owned()),
        }
        explanation.left_out.extend(slow.left_out);
        true
    }

    /// Puts the facts together, without the history.
    pub fn tell(&mut self) {
        let facts = explain::facts(&self.structure, &self.found, self.whole);
        self.explanation.facts = self.own.iter().cloned().chain(facts).collect();
    }
}

/// The last ones, the newest first.
#[derive(Default)]
pub(crate) struct Book(Mutex<VecDeque<Kept>>);

impl Book {
    fn held(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn put(&self, kept: Kept) {
        let mut held = self.held();
        held.push_front(kept);
        let kept = MOST.min(held.len());
        for dropped in held.split_off(kept) {
            dropped.cancel.cancel();
        }
    }

    pub fn get(&self, id: &str) -> Result<Kept, ExplainError> {
        let held = self.held();
        let found = held.iter().find(|kept| kept.explanation.id == id).cloned();
        found.ok_or_else(|| ExplainError::NoSuch { id: id.to_owned() })
    }

    pub fn change(&self, id: &str, change: impl FnOnce(&mut Kept)) {
        if let Some(kept) = self.held().iter_mut().find(|kept| kept.explanation.id == id) {
            change(kept);
        }
    }

    pub fn cancel(&self, id: Option<&str>) -> usize {
        let held = self.held();
        let meant =
            held.iter().filter(|kept| id.is_none_or(|id| kept.explanation.id == id) && !kept.cancel.is_cancelled());
        meant.map(|kept| kept.cancel.cancel()).count()
    }
}
