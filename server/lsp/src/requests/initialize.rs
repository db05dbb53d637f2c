//! `initialize`: what both sides can do. Answered first; the engine starts afterwards.

use super::Request;
use crate::capabilities::{self, Client};
use crate::event::Reply;
use crate::state::State;
use crate::{from_proto, notifications};
use serde_json::Value;
use std::path::PathBuf;
use tower_lsp::ls_types::{InitializeParams, InitializeResult, ServerInfo};

pub(crate) struct Initialize;

impl Request for Initialize {
    type Params = InitializeParams;
    type Answer = InitializeResult;

    fn run(state: &mut State, params: InitializeParams, reply: Reply<InitializeResult>) {
        state.client = Client::new(&params.capabilities);
        reply.send(Ok(InitializeResult {
            capabilities: capabilities::server(&state.client),
            server_info: Some(ServerInfo { name: "holdover".to_owned(), version: Some(state.version.clone()) }),
            ..InitializeResult::default()
        }));
        let options = params.initialization_options.clone().unwrap_or_default();
        state.trusted = options.get("trusted").and_then(Value::as_bool);
        if let Some(settings) = options.get("settings").filter(|settings| settings.is_object()) {
            notifications::set_settings(state, settings.clone());
        }
        for root in roots(&params) {
            state.open_root(&root);
        }
        state.start_engine();
    }
}

#[expect(deprecated, reason = "clients without workspace folders still send a root")]
fn roots(params: &InitializeParams) -> Vec<PathBuf> {
    match &params.workspace_folders {
        Some(folders) if !folders.is_empty() => {
            folders.iter().filter_map(|folder| from_proto::path(&folder.uri)).collect()
        }
        _ => {
            let uri = params.root_uri.as_ref().and_then(from_proto::path);
            uri.or_else(|| params.root_path.as_ref().map(PathBuf::from)).into_iter().collect()
        }
    }
}
