//! `holdover/status`: the status of one workspace, from memory.

use super::Request;
use crate::commands::status_of;
use crate::event::Reply;
use crate::state::State;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    /// Path or address of the workspace; the first one where it is not said.
    #[serde(default)]
    workspace: Option<String>,
}

pub(crate) struct Status;

impl Request for Status {
    type Params = Params;
    type Answer = Value;

    fn run(state: &mut State, params: Params, reply: Reply<Value>) {
        reply.send(status_of(state, params.workspace.as_deref()));
    }
}
