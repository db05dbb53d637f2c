//! The one thread that holds the model: loads it when a question needs it, and answers one question after the other.

use crate::model::{Model, Question, Trouble, millis};
use crate::shared::{Asker, Job, Standing};
use crate::{Options, file, serve};
use contract::{ModelAsk, ModelFile, ModelState, ModelTold};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// The longest that a question may ask for.
const LONGEST: Duration = Duration::from_mins(30);

struct Holder<'a> {
    data: PathBuf,
    slow: Option<&'static str>,
    standing: &'a Standing,
    loaded: Option<(ModelFile, Model)>,
}

/// Answers until nobody can ask any more.
pub(crate) fn run(options: &Options, slow: Option<&'static str>, queue: &Receiver<Job>, standing: &Standing) {
    let mut holder = Holder { data: options.data.clone(), slow, standing, loaded: None };
    for job in queue {
        match &job.ask {
            ModelAsk::Quit => {
                job.asker.tell(&ModelTold::Done);
                return;
            }
            ModelAsk::Unload => {
                holder.loaded = None;
                standing.set(ModelState::Available, "loaded with the next question");
                job.asker.tell(&ModelTold::Done);
            }
            _ if job.asker.is_cancelled() => serve::cancelled(&job.asker, Instant::now()),
            _ => holder.guarded(&job),
        }
    }
}

impl Holder<'_> {
    /// The engine may panic on a model that is not what it seems: that costs this answer and the loaded model, and nothing else.
    fn guarded(&mut self, job: &Job) {
        if catch_unwind(AssertUnwindSafe(|| self.answer(job))).is_err() {
            self.broken("the engine broke off", &job.asker);
        }
    }

    fn broken(&mut self, why: &str, asker: &Asker) {
        self.loaded = None;
        let what = format!("the model could not answer: {why}");
        self.standing.set(ModelState::Failed, format!("{what}; loaded anew with the next question"));
        asker.fail(what, "ask again: the model is loaded anew; if that does not help, `holdover model verify`");
    }

    fn ready(&self) {
        self.standing
            .set(ModelState::Ready, self.slow.unwrap_or("loaded; its memory is given back when nobody asks any more"));
    }

    fn answer(&mut self, job: &Job) {
        let began = Instant::now();
        let (model, question) = match &job.ask {
            ModelAsk::Load { model } => (model, None),
            ModelAsk::Answer { model, messages, max_tokens, time_limit, seed } => {
                let limit = Duration::from_millis(*time_limit).min(LONGEST);
                let until = began + limit;
                (model, Some(Question { messages, max_tokens: *max_tokens, until, seed: *seed, began }))
            }
            _ => {
                return job
                    .asker
                    .fail("this is no question for a model", "use the `holdover` that belongs to this program");
            }
        };
        if self.loaded.as_ref().is_none_or(|(loaded, _)| loaded != model)
            && let Err(()) = self.load(model, &job.asker, began, question.as_ref().map(|q| q.until))
        {
            return;
        }
        let Some(question) = question else { return job.asker.tell(&ModelTold::Done) };
        let Some((_, held)) = &mut self.loaded else { return };
        self.standing.set(ModelState::Busy, self.slow.unwrap_or("answering; other questions wait"));
        match held.answer(&question, &job.asker.cancelled(), &|told| job.asker.tell(&told)) {
            Ok(ended) => {
                self.ready();
                job.asker.tell(&ended);
            }
            Err(Trouble::Refused(what, next)) => {
                self.ready();
                job.asker.fail(what, next);
            }
            Err(Trouble::Broken(why)) => self.broken(&why, &job.asker),
        }
    }

    /// Puts the model in the place of the one that is loaded; says itself why it cannot.
    fn load(&mut self, model: &ModelFile, asker: &Asker, began: Instant, until: Option<Instant>) -> Result<(), ()> {
        // Two do not fit where one does.
        self.loaded = None;
        self.standing.name(&model.name, &model.hash);
        let mut last = u8::MAX;
        let mut told = |percent: u8| {
            if percent != last {
                last = percent;
                self.standing.set(ModelState::Loading, format!("{percent} %"));
                asker.tell(&ModelTold::Loading { percent });
            }
        };
        told(0);
        let late = || until.is_some_and(|until| Instant::now() >= until);
        // Verifying reads all of it, and loading reads it from memory: two thirds and one.
        let verified = file::verify(&self.data, model, &mut |done| {
            told((done.saturating_mul(66) / model.bytes.max(1)) as u8);
            !asker.is_cancelled() && !late()
        });
        let verified = match verified {
            Ok(verified) => verified,
            Err(_) if asker.is_cancelled() => {
                self.standing.set(ModelState::Available, "loaded with the next question");
                serve::cancelled(asker, began);
                return Err(());
            }
            Err(_) if late() => {
                self.standing.set(ModelState::Available, "loaded with the next question");
                let end = contract::ModelEnd::TimeLimit;
                asker.tell(&ModelTold::Ended { end, tokens: 0, first_token: None, took: millis(began.elapsed()) });
                return Err(());
            }
            Err((what, next)) => {
                self.standing.set(ModelState::Failed, format!("{what}: {next}"));
                asker.fail(what, next);
                return Err(());
            }
        };
        told(67);
        match Model::load(&verified) {
            Ok(loaded) => {
                self.loaded = Some((model.clone(), loaded));
                self.ready();
                Ok(())
            }
            Err(why) => {
                let what = format!("the model {} could not be loaded: {why}", model.name);
                self.standing.set(ModelState::Failed, what.clone());
                asker.fail(what, "`holdover model verify`, or use another model");
                Err(())
            }
        }
    }
}

/// Where the thread of the model ends, the process does: nothing can be answered without it.
impl Drop for Holder<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            process::abort();
        }
    }
}
