//! One file for each request: what it does when its turn comes on the state thread.

use crate::event::Reply;
use crate::state::State;

pub(crate) mod code_action;
pub(crate) mod code_action_resolve;
pub(crate) mod code_lens;
pub(crate) mod conflict;
pub(crate) mod content;
pub(crate) mod execute_command;
pub(crate) mod explain;
pub(crate) mod hover;
pub(crate) mod initialize;
pub(crate) mod inlay_hint;
pub(crate) mod lint;
pub(crate) mod lockfile;
pub(crate) mod merges;
mod review;
pub(crate) mod shutdown;
pub(crate) mod sleep;
pub(crate) mod status;

/// A request. `run` is called on the state thread and must be quick, a millisecond at most: it answers from memory, or
/// takes a snapshot and passes the rest to [`State::answer_later`], which runs it on a thread of its own.
pub(crate) trait Request {
    /// What the client sends.
    type Params: Send + 'static;
    /// What it gets.
    type Answer: Send + 'static;

    /// Answers, now or later. A reply that is dropped is an internal error for the client.
    fn run(state: &mut State, params: Self::Params, reply: Reply<Self::Answer>);
}
