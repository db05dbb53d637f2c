//! `workspace/executeCommand`: finds the command; each is in a file of its own.

use super::Request;
use crate::commands;
use crate::event::Reply;
use crate::state::State;
use serde_json::Value;
use tower_lsp::ls_types::ExecuteCommandParams;

pub(crate) struct Execute;

impl Request for Execute {
    type Params = ExecuteCommandParams;
    type Answer = Option<Value>;

    fn run(state: &mut State, params: ExecuteCommandParams, reply: Reply<Option<Value>>) {
        commands::run(state, params, reply);
    }
}
