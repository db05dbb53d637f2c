//! `holdover.offline {mode: on|off|auto}`: forces offline, or no longer. Gives the connection as it is then.

use super::{Call, engine, failed, json_of};
use crate::event::error;
use crate::state::State;
use host::OfflineMode;
use serde::Deserialize;
use tower_lsp::jsonrpc::ErrorCode;

#[derive(Debug, Deserialize)]
struct Fields {
    mode: String,
}

pub(super) fn run(state: &mut State, call: Call) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let mode = match fields.mode.as_str() {
        "on" => OfflineMode::On,
        "off" => OfflineMode::Off,
        "auto" => OfflineMode::Auto,
        other => return call.answer(Err(error(ErrorCode::InvalidParams, format!("on, off or auto, not: {other}")))),
    };
    match engine(state) {
        Err(problem) => call.answer(Err(problem)),
        Ok(engine) => state.answer_later(call.reply, move |_| {
            engine.set_offline(mode).map_err(|e| failed(&e))?;
            json_of(&engine.connectivity()).map(Some)
        }),
    }
}
