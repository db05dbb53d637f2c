//! `holdover/debug/sleep`: takes as long as it is told, or until it is cancelled. For tests; known only where
//! `HOLDOVER_DEBUG` has the word `sleep`.

use super::Request;
use crate::event::{Reply, error};
use crate::state::State;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tower_lsp::jsonrpc::ErrorCode;

#[derive(Debug, Deserialize)]
pub(crate) struct Params {
    /// Milliseconds.
    ms: u64,
}

pub(crate) struct Sleep;

impl Request for Sleep {
    type Params = Params;
    type Answer = Value;

    fn run(state: &mut State, params: Params, reply: Reply<Value>) {
        state.answer_later(reply, move |cancel| {
            let until = Instant::now() + Duration::from_millis(params.ms);
            while Instant::now() < until {
                if cancel.is_cancelled() {
                    return Err(error(ErrorCode::RequestCancelled, "cancelled"));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(json!({ "slept": params.ms }))
        });
    }
}
