//! How a model does on fixed tasks: what it says of what it has to say, and how fast. Nothing of it is recorded, and nothing that it says is shown
//! unfiltered. Words are compared, so the figures tell models apart and do not say that one is right.

use super::{ModelError, Store, found};
use crate::explain::{Parsers, back_end};
use crate::{Engine, EngineError};
use contract::{EvalTask, Explanation, ModelEval, Progress};
use explain::backend::{Backend, End, Heard};
use explain::service::{self, Service};
use explain::tasks::{self, TASKS, Task};
use host::Cancel;
use std::path::Path;
use std::time::Duration;

/// Tokens of an answer.
const TOKENS: u32 = 200;
/// Longest that one may take, loading the model included.
const LONGEST: Duration = Duration::from_mins(10);
/// Bytes of an answer that are looked at.
const MOST: usize = 64 << 10;

impl Engine {
    /// Has a model do the tasks, one after the other: the one of that name, or what would answer in the workspace. `progress` is told how many are done.
    pub fn evaluate_model(
        &self,
        root: &Path,
        name: Option<&str>,
        cancel: &Cancel,
        progress: &dyn Fn(Progress),
    ) -> Result<ModelEval, EngineError> {
        let mut model = self.to_evaluate(root, name)?;
        let identity = model.identity();
        let mut eval = ModelEval {
            model: identity.name,
            hash: identity.hash,
            place: back_end::words(&identity.place),
            prompt: explain::version().0.to_owned(),
            tasks_hash: tasks::hash(),
            caution: CAUTION.to_owned(),
            ..ModelEval::default()
        };
        let (mut tokens, mut spent) = (0_u64, 0_u64);
        for (done, task) in TASKS.iter().enumerate() {
            progress(super::step("Asking", task.name, done as u64, TASKS.len() as u64));
            let told = asked(&mut *model, task, cancel)?;
            eval.facts += (told.told.len() + told.missing.len()) as u64;
            eval.told += told.told.len() as u64;
            eval.wrong += told.wrong.len() as u64;
            // The first token is the prompt's.
            if let Some(first) = told.first_token_ms {
                tokens += u64::from(told.tokens.saturating_sub(1));
                spent += told.took_ms.saturating_sub(first);
            }
            eval.tasks.push(told);
        }
        let mut first: Vec<u64> = eval.tasks.iter().skip(1).filter_map(|task| task.first_token_ms).collect();
        first.sort_unstable();
        eval.first_token_ms = first.get(first.len() / 2).copied();
        eval.tokens_in_ten_seconds = (tokens * 10_000).checked_div(spent);
        eval.text = words(&eval);
        Ok(eval)
    }

    fn to_evaluate(&self, root: &Path, name: Option<&str>) -> Result<Box<dyn Backend>, EngineError> {
        if let Some(name) = name {
            let data = &self.inner.folders.data;
            let kept = found(&Store::of(data).list()?, name)?.file();
            return Ok(Box::new(Service::new(service::program(data), kept, Box::new(|_, _| {}))));
        }
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        match back_end::wanted(&self.inner, &workspace) {
            Some(Ok(model)) => Ok(model),
            Some(Err(refused)) => Err(ModelError::NotAsked { what: refused.what, next: refused.next }.into()),
            None => Err(ModelError::NoneInUse.into()),
        }
    }
}

/// Asks one task.
fn asked(model: &mut dyn Backend, task: &Task, cancel: &Cancel) -> Result<EvalTask, EngineError> {
    let range = crate::documents::range_of(task.text, 0..task.text.trim_end().len());
    let structure = Parsers::of_texts().structure(Path::new(task.file), task.text, range, &mut Vec::new());
    let explanation = Explanation {
        file: task.file.to_owned(),
        range,
        facts: explain::facts(&structure, &[], false),
        question: task.question.map(str::to_owned),
        ..Explanation::default()
    };
    let limits = explain::Limits { tokens: TOKENS, time: LONGEST };
    let (prompt, _) = explain::prompt(&explanation, (task.text, 0), &[], limits);
    let mut said = String::new();
    let ended = model.answer(&prompt, cancel, &mut |heard| {
        if let Heard::Text(text) = heard
            && said.len() < MOST
        {
            said.push_str(text);
        }
    });
    let ended = ended.map_err(|failure| ModelError::NotAsked { what: failure.what, next: failure.next })?;
    if ended.end == End::Cancelled {
        return Err(EngineError::Cancelled);
    }
    let scored = tasks::score(task, &said);
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Ok(EvalTask {
        name: task.name.to_owned(),
        told: owned(scored.told),
        missing: owned(scored.missing),
        wrong: owned(scored.wrong),
        ended: crate::explain::word(ended.end).to_owned(),
        tokens: ended.tokens,
        first_token_ms: ended.first_token.map(millis),
        took_ms: millis(ended.took),
        answer: explain::filter(&said).text,
    })
}

const CAUTION: &str = "words were compared, not what is meant: this tells models apart on these tasks, and says nothing of answers about your code";

fn words(eval: &ModelEval) -> String {
    let first = eval.first_token_ms.map(|ms| format!(", first token after {}.{} s", ms / 1000, ms % 1000 / 100));
    let speed = eval.tokens_in_ten_seconds.map(|ten| format!(", {}.{} tokens a second", ten / 10, ten % 10));
    format!(
        "{} on {}: {} of {} facts, {} wrong{}{}",
        eval.model,
        eval.place,
        eval.told,
        eval.facts,
        eval.wrong,
        speed.unwrap_or_default(),
        first.unwrap_or_default()
    )
}
