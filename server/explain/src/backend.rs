//! What answers a prompt: a model on this machine, or an endpoint that somebody chose. A back end gets the finished prompt and gives
//! words back as they come; it knows nothing of where the prompt came from, and what it says is looked at by others.

use host::Cancel;
use std::fmt;
use std::time::Duration;

/// Who said a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person who asks, with the context that was gathered.
    User,
    /// The model, before a follow-up question.
    Assistant,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What.
    pub text: String,
}

/// What a back end is asked: finished, masked and within its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What the model is told before everything else.
    pub system: String,
    /// The turns, the last one the user's. Each begins with all turns of the question before it, so a prefix can be kept.
    pub turns: Vec<Turn>,
    /// Tokens that the answer may have.
    pub max_tokens: u32,
    /// Time that the whole answer may take, loading the model included.
    pub time_limit: Duration,
    /// For sampling: the same prompt, model and seed are meant to give the same answer.
    pub seed: u64,
}

/// Where the words are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this machine: nothing leaves it.
    ThisMachine,
    /// On a machine of the user's own network, by its name and port.
    Network(String),
    /// Anywhere else, by its name and port.
    Cloud(String),
}

/// What answers, for the record and for the line above each answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The model's name.
    pub name: String,
    /// `blake3:` and the hash of its file, where it is a file that was verified.
    pub hash: Option<String>,
    /// Where it runs.
    pub place: Place,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The model was done.
    Stop,
    /// The answer had all tokens that it may have.
    Length,
    /// Its time was over.
    TimeLimit,
    /// Somebody cancelled it.
    Cancelled,
}

/// How an answer ended. What was said until then went through `out` already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub end: End,
    /// Tokens of the answer, or pieces where the back end does not count tokens.
    pub tokens: u32,
    /// From the question to the first token; `None` where none came.
    pub first_token: Option<Duration>,
    /// From the question to the end.
    pub took: Duration,
}

/// Why there is no answer, or none that is whole, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// What happened, and where; lower case, no full stop at the end.
    pub what: String,
    /// What to do next.
    pub next: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.what, self.next)
    }
}

/// What a back end says while it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The next piece of the answer.
    Text(&'a str),
    /// How it stands with it meanwhile, in a few words.
    Standing(&'a str),
}

/// A back end. One is made for a question and its follow-ups; it is used by one thread.
pub trait Backend: Send {
    /// What will answer. Asked before the question and again after it, since a model's hash may be known only once it is loaded.
    fn identity(&self) -> Identity;

    /// Answers, handing each piece of text to `out` as it comes, and what is waited for until then; it looks at `cancel` before each. Bounded by the prompt's own limits,
    /// whatever the other side does: the caller stops handing on what is too much, but does not kill the back end.
    fn answer(&mut self, prompt: &Prompt, cancel: &Cancel, out: &mut dyn FnMut(Heard<'_>)) -> Result<Ended, Failure>;
}
