//! Explanations: the facts about lines of a file at once, then what a model says of them. What is slow, history and rules that a linter has to
//! be asked for, comes after. Each answer is an event, and the same question is answered from it.

mod answer;
mod back_end;
mod book;
mod error;
mod history;
mod look;
mod record;

pub(crate) use book::Book;
pub use error::ExplainError;

use crate::{Engine, EngineError};
use book::Kept;
use contract::{ExplainedFinding, Explanation, ExplanationState, Judgement};
use explain::{Commit, Found};
use host::Cancel;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is to be explained.
#[derive(Debug, Clone, Default)]
pub struct ExplainAsk {
    /// The file; absolute.
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
}

impl Engine {
    /// The facts about lines of a file. Waits for what is slow, git's answer for example, no longer than `patience`; where a model is to be
    /// asked, the state is `waiting`, and [`Engine::explain_answer`] asks it.
    pub fn explain(&self, root: &Path, ask: ExplainAsk, patience: Duration) -> Result<Explanation, EngineError> {
        let began = Instant::now();
        let until = began + patience;
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let before = ask.follows.as_deref().map(|id| self.inner.explanations.get(id)).transpose()?;
        let text = look::text(&ask.file, ask.text)?;
        // A command has not looked yet; what stands on a lockfile's lines is known only then.
        let unseen = !self.inner.background() && workspace.survey().is_none();
        if unseen && inventory::may_name_artifacts(&ask.file) {
            workspace.survey_now(&self.inner, &Cancel::new());
        }
        let (first, count) = look::lines(&ask.file, &text, ask.lines)?;
        let range = look::range(&text, first, count);
        let found = match ask.finding.clone() {
            Some(finding) => vec![Found { page: look::page(&finding), line: Some(first), finding }],
            None => look::found(self, &ask.file, &text, (first, first + count)),
        };
        let cancel = Cancel::new();
        let text: Arc<str> = text.into();
        let slow = {
            let (engine, cancel) = (self.clone(), cancel.clone());
            let (file, text, found) = (ask.file.clone(), Arc::clone(&text), found.clone());
            let (sender, receiver) = crossbeam_channel::bounded(1);
            let run = move || {
                let commits = history::history(&file, &text, first, count, &cancel);
                let rules = look::rules(&engine, &file, found, &cancel);
                // Nobody waits where the explanation was dropped.
                let _ = sender.send(Slow { commits, rules });
            };
            let started = std::thread::Builder::new().name("history".to_owned()).spawn(run);
            started.ok().map(|_| receiver)
        };
        let mut left_out = Vec::new();
        let structure = look::structure(&ask.file, &text, range, &mut left_out);
        let whole = ask.lines.is_none();
        let file = ask.file.strip_prefix(root).unwrap_or(&ask.file);
        let mut explanation = Explanation {
            id: ulid::Ulid::generate().to_string(),
            file: file.to_string_lossy().replace('\\', "/"),
            range,
            at: host::now(),
            facts: explain::facts(&structure, &found, whole),
            finding: ask.finding,
            question: ask.question,
            left_out,
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
            text,
            found,
            structure,
            whole,
            turns,
            cancel,
            slow,
            key: None,
        };
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
