//! Explanations: the facts about lines of a file, a command, a log or a change at once, then what a model says of them. What is slow, history
//! and rules that a linter has to be asked for, comes after. Each answer is an event, and the same question is answered from it.

mod answer;
pub(crate) mod back_end;
mod book;
mod error;
mod history;
mod look;
mod record;
mod subject;

pub(crate) use answer::word;
pub(crate) use book::Book;
pub use error::ExplainError;
pub(crate) use look::Parsers;

use crate::{Engine, EngineError};
use book::Kept;
use contract::{ExplainedFinding, Explanation, ExplanationState, Fact, Judgement};
use explain::{Commit, Found};
use host::Cancel;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What an explanation is to be about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum About {
    /// The file, or lines of it.
    #[default]
    Lines,
    /// A line for a shell. It is not run.
    Command(String),
    /// The end of a log; `-` is standard input.
    Log(PathBuf),
    /// The log of a step that builds or tests, as it was run last.
    Step(String),
    /// A range of commits, a branch or a commit; empty: the branch that is here.
    Change(String),
    /// A thread of a review, by its id or the end of it.
    Thread(String),
}

/// What is to be explained.
#[derive(Debug, Clone, Default)]
pub struct ExplainAsk {
    /// What kind of thing.
    pub about: About,
    /// The file; absolute. Of lines alone.
    pub file: PathBuf,
    /// Its text where it is open; else it is read.
    pub text: Option<String>,
    /// First line, zero-based, and how many; without it the whole file.
    pub lines: Option<(u32, u32)>,
    /// The finding that is asked about; without it those on the lines.
    pub finding: Option<ExplainedFinding>,
    /// A question beyond "what is this?".
    pub question: Option<String>,
    /// The explanation that this one follows.
    pub follows: Option<String>,
    /// Facts alone.
    pub facts_only: bool,
}

/// What is not known at once.
pub(crate) struct Slow {
    commits: Result<Vec<Commit>, &'static str>,
    rules: Vec<Found>,
    /// What its own facts are by now.
    own: Option<Vec<Fact>>,
    left_out: Vec<String>,
}

impl Engine {
    /// The facts about lines of a file, or what else is asked about. Waits for what is slow, git's answer for example, no longer than
    /// `patience`; where a model is to be asked, the state is `waiting`, and [`Engine::explain_answer`] asks it.
    pub fn explain(&self, root: &Path, ask: ExplainAsk, patience: Duration) -> Result<Explanation, EngineError> {
        let until = Instant::now() + patience;
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let before = ask.follows.as_deref().map(|id| self.inner.explanations.get(id)).transpose()?;
        let cancel = Cancel::new();
        let seen = subject::seen(self, &workspace, &ask, &cancel)?;
        let mut explanation = Explanation {
            id: ulid::Ulid::generate().to_string(),
            subject: seen.subject,
            file: seen.name,
            range: seen.range,
            at: host::now(),
            finding: ask.finding,
            question: ask.question,
            left_out: seen.left_out,
            ..Explanation::default()
        };
        match back_end::wanted(&self.inner, &workspace).filter(|_| !ask.facts_only) {
            None => {}
            Some(Ok(_)) => explanation.state = ExplanationState::Waiting,
            Some(Err(refused)) => explanation.detail = refused.to_string().replace("\nhint: ", "; "),
        }
        let turns = before.map(|kept| kept.turns).unwrap_or_default();
        let mut kept = Kept {
            root: root.to_path_buf(),
            explanation,
            text: seen.text.into(),
            from: seen.from,
            own: seen.own,
            found: seen.found,
            structure: seen.structure,
            whole: seen.whole,
            turns,
            cancel,
            slow: seen.slow,
            key: None,
        };
        kept.tell();
        kept.take_slow(until);
        kept.explanation.text = words(&kept.explanation);
        let told = kept.explanation.clone();
        self.inner.explanations.put(kept);
        Ok(told)
    }

    /// Whether something of an explanation is still to come.
    #[must_use]
    pub fn explanation_goes_on(&self, id: &str) -> bool {
        let kept = self.inner.explanations.get(id);
        kept.is_ok_and(|kept| kept.slow.is_some() || kept.explanation.state == ExplanationState::Waiting)
    }

    /// An explanation as it is now, as Markdown. From memory.
    pub fn explanation_markdown(&self, id: &str) -> Result<String, EngineError> {
        Ok(words(&self.inner.explanations.get(id)?.explanation))
    }

    /// Stops an explanation, or all of them; says how many.
    #[must_use]
    pub fn cancel_explanations(&self, id: Option<&str>) -> usize {
        self.inner.explanations.cancel(id)
    }

    /// Writes down what a person says of an answer.
    pub fn judge_explanation(&self, id: &str, verdict: Judgement) -> Result<Explanation, EngineError> {
        let mut kept = self.inner.explanations.get(id)?;
        let Some((answer, key)) = kept.explanation.answer.as_mut().zip(kept.key.as_ref()) else {
            return Err(ExplainError::NoAnswer { id: id.to_owned() }.into());
        };
        record::judged(&self.inner, &kept.root, key, answer.event.as_deref(), &verdict);
        answer.verdict = Some(verdict);
        kept.explanation.text = words(&kept.explanation);
        let told = kept.explanation.clone();
        self.inner.explanations.change(id, |known| known.explanation = told.clone());
        Ok(told)
    }
}

fn words(explanation: &Explanation) -> String {
    explain::markdown(explanation, &host::ago)
}
