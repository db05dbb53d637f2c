//! A back end on this machine: a model from a file, in the program `holdover-model`, which all of a user's editors share. It is started with the
//! first question, has no network, and ends by itself; here is what it is asked, and what is made of how it ends.

use crate::backend::{Backend, End, Ended, Failure, Heard, Identity, Place, Prompt, Role};
use contract::{
    MODEL_FRAME, ModelAsk, ModelEnd, ModelFile, ModelMessage, ModelRole, ModelState, ModelStatus, ModelTold,
};
use host::{Cancel, SharedProgram, SharedTalk, TalkError};
use std::path::Path;
use std::time::{Duration, Instant};

/// The program that holds the model, without the ending that programs have on some systems. It lies beside ours.
pub const PROGRAM: &str = "holdover-model";
/// What its answers may be late: it holds the time limit itself.
const LATE: Duration = Duration::from_secs(5);
/// How long it is waited for when somebody only wants to know how it stands.
const GLANCE: Duration = Duration::from_millis(300);

/// Called with what a question is told of the model's standing: that it is being loaded, that it answers, that its program failed. How it
/// stands afterwards, [`standing`] asks.
pub type OnStanding = Box<dyn Fn(ModelState, &str) + Send>;

/// A model that was added, and the program that runs it.
pub struct Service {
    program: SharedProgram,
    model: ModelFile,
    standing: OnStanding,
}

/// The program, for the user whose data folder this is.
#[must_use]
pub fn program(data: &Path) -> SharedProgram {
    SharedProgram::beside(PROGRAM, data, "model")
}

/// How the one that runs stands, `None` where none runs or it does not say. Starts nothing, and waits a moment at most.
#[must_use]
pub fn standing(program: &SharedProgram) -> Option<ModelStatus> {
    let until = Instant::now() + GLANCE;
    let no = Cancel::new();
    let mut talk = program.running()?;
    say(&mut talk, &ModelAsk::Status).ok()?;
    loop {
        if let ModelTold::Status { status, .. } = heard(&mut talk, until, &no).ok()? {
            return Some(status);
        }
    }
}

/// Has the one that runs give the model's memory back, where one runs: before its file is removed, or another is to answer.
pub fn unload(program: &SharedProgram) {
    if let Some(mut talk) = program.running() {
        // Where it does not hear, it loads the right file all the same: it is asked for by its hash.
        let _ = say(&mut talk, &ModelAsk::Unload);
        let _ = heard(&mut talk, Instant::now() + GLANCE, &Cancel::new());
    }
}

impl Service {
    /// The model, run by that program; `standing` hears how it stands.
    #[must_use]
    pub fn new(program: SharedProgram, model: ModelFile, standing: OnStanding) -> Self {
        Self { program, model, standing }
    }

    fn failure(&self, error: &TalkError) -> Failure {
        let name = &self.model.name;
        match error {
            TalkError::Absent(program) => Failure {
                what: format!("the program that runs a model is not there: {}", program.display()),
                next: "install Holdover with it: `server/model/build.sh`, or the archive".to_owned(),
            },
            TalkError::Failed(why) => Failure {
                what: format!("the program that runs a model could not be started: {why}"),
                next: format!("look whether it runs: {} --help", self.program.program().display()),
            },
            TalkError::Ended => {
                let words = self.program.last_words().map(|words| format!(": {words}")).unwrap_or_default();
                Failure {
                    what: format!("the program that runs the model {name} ended in the middle of its answer{words}"),
                    next: format!(
                        "ask again, which starts it anew; if it ends again, `holdover model verify {name}`, or use a smaller model"
                    ),
                }
            }
            other => Failure { what: other.to_string(), next: "ask again".to_owned() },
        }
    }

    fn question(&self, prompt: &Prompt, began: Instant) -> ModelAsk {
        let message = |role, text: &str| ModelMessage { role, text: text.to_owned() };
        let mut messages = vec![message(ModelRole::System, &prompt.system)];
        messages.extend(prompt.turns.iter().map(|turn| match turn.role {
            Role::User => message(ModelRole::User, &turn.text),
            Role::Assistant => message(ModelRole::Assistant, &turn.text),
        }));
        let left = prompt.time_limit.saturating_sub(began.elapsed());
        ModelAsk::Answer {
            model: self.model.clone(),
            messages,
            max_tokens: prompt.max_tokens,
            time_limit: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            seed: prompt.seed,
        }
    }

    /// Asks and listens until the end of the answer.
    fn asked(
        &self,
        prompt: &Prompt,
        began: Instant,
        cancel: &Cancel,
        out: &mut dyn FnMut(Heard<'_>),
    ) -> Result<Ended, Failure> {
        let until = began + prompt.time_limit + LATE;
        let failure = |e: TalkError| {
            let failure = self.failure(&e);
            (self.standing)(ModelState::Failed, &format!("{}; {}", failure.what, failure.next));
            failure
        };
        out(Heard::Standing("starting the program that runs the model"));
        let (mut tokens, mut first_token) = (0_u32, None);
        let ended = |end, tokens, first_token| Ok(Ended { end, tokens, first_token, took: began.elapsed() });
        let mut talk = match self.program.connect(until, cancel) {
            Ok(talk) => talk,
            Err(TalkError::Cancelled) => return ended(End::Cancelled, 0, None),
            Err(e) => return Err(failure(e)),
        };
        say(&mut talk, &self.question(prompt, began)).map_err(failure)?;
        loop {
            match heard(&mut talk, until, cancel) {
                Ok(ModelTold::Queued { before }) => {
                    let words =
                        format!("waiting for {before} other {}", if before == 1 { "answer" } else { "answers" });
                    out(Heard::Standing(&words));
                }
                Ok(ModelTold::Loading { percent }) => {
                    let words = format!("{percent} %");
                    (self.standing)(ModelState::Loading, &words);
                    out(Heard::Standing(&format!("verifying and loading {}: {words}", self.model.name)));
                }
                Ok(ModelTold::Reading { tokens, kept }) => {
                    (self.standing)(ModelState::Busy, "answering; other questions wait");
                    let known = if kept > 0 { format!(", {kept} of them known") } else { String::new() };
                    out(Heard::Standing(&format!("{} reads {tokens} tokens{known}", self.model.name)));
                }
                Ok(ModelTold::Text { text }) => {
                    first_token.get_or_insert_with(|| began.elapsed());
                    tokens += 1;
                    out(Heard::Text(&text));
                }
                Ok(ModelTold::Ended { end, tokens, .. }) => {
                    let end = match end {
                        ModelEnd::Stop => End::Stop,
                        ModelEnd::Length => End::Length,
                        ModelEnd::TimeLimit => End::TimeLimit,
                        ModelEnd::Cancelled => End::Cancelled,
                    };
                    return ended(end, tokens, first_token);
                }
                Ok(ModelTold::Failed { what, next }) => return Err(Failure { what, next }),
                Ok(ModelTold::Status { .. } | ModelTold::Done) => {}
                Err(TalkError::Cancelled) => {
                    // Closing the connection takes the question back too; saying so is as quick.
                    let _ = say(&mut talk, &ModelAsk::Cancel);
                    return ended(End::Cancelled, tokens, first_token);
                }
                Err(TalkError::TimedOut) => return ended(End::TimeLimit, tokens, first_token),
                Err(e) => return Err(failure(e)),
            }
        }
    }
}

impl Backend for Service {
    fn identity(&self) -> Identity {
        Identity { name: self.model.name.clone(), hash: Some(self.model.hash.clone()), place: Place::ThisMachine }
    }

    fn answer(&mut self, prompt: &Prompt, cancel: &Cancel, out: &mut dyn FnMut(Heard<'_>)) -> Result<Ended, Failure> {
        self.asked(prompt, Instant::now(), cancel, out)
    }
}

fn say(talk: &mut SharedTalk, ask: &ModelAsk) -> Result<(), TalkError> {
    let bytes = serde_json::to_vec(ask).map_err(|e| TalkError::Failed(e.to_string()))?;
    talk.say(&bytes)
}

fn heard(talk: &mut SharedTalk, until: Instant, cancel: &Cancel) -> Result<ModelTold, TalkError> {
    let bytes = talk.next(MODEL_FRAME, until, cancel)?;
    serde_json::from_slice(&bytes).map_err(|_| TalkError::Ended)
}

#[cfg(all(test, unix))]
#[path = "service_tests.rs"]
mod tests;
