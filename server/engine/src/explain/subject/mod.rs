//! What each kind of subject is looked at for: its text, its facts at once, and what is slow, on a thread of its own.

mod change;
mod conflict;
mod lines;
mod log;

use super::look::{self, range};
use super::{About, ExplainAsk, Slow};
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{ExplanationSubject, Fact, Range, Structure};
use crossbeam_channel::Receiver;
use explain::{Found, about};
use host::Cancel;
use std::sync::Arc;

/// What was seen at once.
#[derive(Default)]
pub(super) struct Seen {
    pub subject: ExplanationSubject,
    /// The file, or what it is called.
    pub name: String,
    pub text: String,
    /// The line that the text begins with.
    pub from: u32,
    pub range: Range,
    /// Facts of its own.
    pub own: Vec<Fact>,
    pub found: Vec<Found>,
    pub structure: Structure,
    pub whole: bool,
    pub left_out: Vec<String>,
    pub slow: Option<Receiver<Slow>>,
}

/// Looks at what is asked about.
pub(super) fn seen(
    engine: &Engine,
    workspace: &Arc<Workspace>,
    ask: &ExplainAsk,
    cancel: &Cancel,
) -> Result<Seen, EngineError> {
    match &ask.about {
        About::Lines => lines::seen(engine, workspace, ask, Vec::new(), cancel),
        About::Thread(id) => lines::thread(engine, workspace, ask, id, cancel),
        About::Command(text) => Ok(command(text)),
        About::Log(file) => log::seen(file),
        About::Step(name) => log::step(engine, workspace, name),
        About::Change(spec) => change::seen(engine, workspace, spec, cancel),
    }
}

fn command(text: &str) -> Seen {
    let mut left_out = Vec::new();
    let shell = look::shell(text, &mut left_out);
    Seen {
        subject: ExplanationSubject::Command,
        name: "a command".to_owned(),
        range: range(text, 0, u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX)),
        own: about::command(text, shell.as_ref()),
        text: text.to_owned(),
        left_out,
        ..Seen::default()
    }
}

/// Does what is slow on a thread of its own. Nobody waits where the explanation was dropped.
fn beside(job: impl FnOnce() -> Slow + Send + 'static) -> Option<Receiver<Slow>> {
    let (sender, receiver) = crossbeam_channel::bounded(1);
    let run = move || {
        let _ = sender.send(job());
    };
    std::thread::Builder::new().name("history".to_owned()).spawn(run).ok().map(|_| receiver)
}
