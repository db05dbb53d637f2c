//! Notifications that are rare: what each does, on the state thread. Documents are in `state`.

use crate::from_proto;
use crate::state::State;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::ls_types::WorkspaceFoldersChangeEvent;

/// Parameters of `holdover/didChangeTrust`.
#[derive(Debug, Deserialize)]
pub(crate) struct Trust {
    /// Whether the editor's user trusts what is open.
    trusted: bool,
}

/// The client is ready to be asked.
pub(crate) fn initialized(state: &mut State) {
    ask_configuration(state);
}

/// Settings changed: clients send them, or leave it to us to ask.
pub(crate) fn did_change_configuration(state: &mut State, settings: &Value) {
    match settings.get("holdover") {
        Some(own) => set_settings(state, own.clone()),
        None => ask_configuration(state),
    }
}

/// Workspaces were opened and closed.
pub(crate) fn did_change_workspace_folders(state: &mut State, event: &WorkspaceFoldersChangeEvent) {
    for root in event.removed.iter().filter_map(|folder| from_proto::path(&folder.uri)) {
        state.close_root(&root);
    }
    for root in event.added.iter().filter_map(|folder| from_proto::path(&folder.uri)) {
        state.open_root(&root);
    }
}

/// The editor's user trusts the workspaces, or no longer.
pub(crate) fn did_change_trust(state: &mut State, params: &Trust) {
    state.trusted = Some(params.trusted);
    if let Some(engine) = &state.engine {
        for root in &state.roots {
            engine.set_editor_trust(root, params.trusted);
        }
    }
}

fn ask_configuration(state: &mut State) {
    if !state.client.configuration {
        return;
    }
    state.ask("workspace/configuration", json!({ "items": [{ "section": "holdover" }] }), |state, answer| {
        if let Ok(Value::Array(mut sections)) = answer
            && let Some(own) = sections.pop().filter(Value::is_object)
        {
            set_settings(state, own);
        }
    });
}

/// Takes the editor's settings over.
pub(crate) fn set_settings(state: &mut State, settings: Value) {
    let enabled = settings.pointer("/conflicts/enable").and_then(Value::as_bool).unwrap_or(true);
    if std::mem::replace(&mut state.conflicts_enabled, enabled) != enabled {
        // Documents in a workspace follow when its settings were laid over each other anew.
        state.settings_changed();
    }
    if state.options.editor_settings != settings {
        state.options.editor_settings.clone_from(&settings);
        if let Some(engine) = &state.engine {
            engine.set_editor_settings(settings);
        }
    }
}
