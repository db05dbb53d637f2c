//! What the client can do, and what we say that we can.

use crate::commands;
use crate::from_proto::Encoding;
use crate::requests;
use serde_json::json;
use tower_lsp::ls_types::{
    ClientCapabilities, CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CodeLensOptions,
    ExecuteCommandOptions, HoverProviderCapability, OneOf, PositionEncodingKind, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

/// What the client can do, as far as we need it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Client {
    pub encoding: Encoding,
    pub work_done_progress: bool,
    pub configuration: bool,
    pub apply_edit: bool,
    /// Edits may carry the version they are for.
    pub document_changes: bool,
    /// It asks people about an edit that wants to be confirmed, and shows it first.
    pub confirms: bool,
    /// The edit of a code action may come with `codeAction/resolve`.
    pub resolve_edit: bool,
    /// It shows code lenses.
    pub lenses: bool,
    /// It shows notes, lets people write them (`holdover.writeNote`, `holdover.openNote`), and wants to hear of changes.
    pub notes: bool,
    /// It shows reviews, and wants to hear of changes.
    pub reviews: bool,
    /// It shows how far events have come, and wants to hear when they come further.
    pub delivery: bool,
    /// It shows trails (`holdover.showTrail`).
    pub trails: bool,
    /// It shows explanations (`holdover.showExplanation`).
    pub explanations: bool,
    /// It draws conflicts, shows what a choice would leave (`holdover.previewConflict`), and wants to hear of changes.
    pub conflicts: bool,
    /// It asks for them again when it is told to.
    pub refreshes_lenses: bool,
    /// It shows inlay hints.
    pub hints: bool,
    /// It asks for them again when it is told to.
    pub refreshes_hints: bool,
}

impl Client {
    /// From what it said in `initialize`.
    pub(crate) fn new(capabilities: &ClientCapabilities) -> Self {
        let general = capabilities.general.as_ref();
        let encodings = general.and_then(|general| general.position_encodings.as_deref()).unwrap_or_default();
        let workspace = capabilities.workspace.as_ref();
        let edit = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        let action = capabilities.text_document.as_ref().and_then(|document| document.code_action.as_ref());
        let resolves = action.and_then(|action| action.resolve_support.as_ref());
        let experimental =
            |name: &str| capabilities.experimental.as_ref().and_then(|e| e.get(name)?.as_bool()).unwrap_or(false);
        let keeps_data = action.and_then(|action| action.data_support).unwrap_or(false);
        Self {
            encoding: if encodings.contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 },
            work_done_progress: capabilities
                .window
                .as_ref()
                .and_then(|window| window.work_done_progress)
                .unwrap_or(false),
            configuration: workspace.and_then(|workspace| workspace.configuration).unwrap_or(false),
            apply_edit: workspace.and_then(|workspace| workspace.apply_edit).unwrap_or(false),
            document_changes: edit.and_then(|edit| edit.document_changes).unwrap_or(false),
            confirms: edit.is_some_and(|edit| edit.change_annotation_support.is_some()),
            lenses: capabilities.text_document.as_ref().is_some_and(|document| document.code_lens.is_some()),
            notes: experimental("holdoverNotes"),
            reviews: experimental("holdoverReviews"),
            delivery: experimental("holdoverDelivery"),
            trails: experimental("holdoverTrail"),
            explanations: experimental("holdoverExplanations"),
            conflicts: experimental("holdoverConflicts"),
            refreshes_lenses: workspace
                .and_then(|workspace| workspace.code_lens.as_ref()?.refresh_support)
                .unwrap_or(false),
            hints: capabilities.text_document.as_ref().is_some_and(|document| document.inlay_hint.is_some()),
            refreshes_hints: workspace
                .and_then(|workspace| workspace.inlay_hint.as_ref()?.refresh_support)
                .unwrap_or(false),
            resolve_edit: keeps_data && resolves.is_some_and(|support| support.properties.iter().any(|p| p == "edit")),
        }
    }
}

/// What we say that we can.
pub(crate) fn server(client: &Client) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(match client.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![
                CodeActionKind::QUICKFIX,
                CodeActionKind::REFACTOR_REWRITE,
                requests::code_action::NOTE,
                requests::explain::EXPLAIN,
            ]),
            resolve_provider: Some(client.resolve_edit),
            ..CodeActionOptions::default()
        })),
        code_lens_provider: client.lenses.then_some(CodeLensOptions { resolve_provider: Some(false) }),
        inlay_hint_provider: client.hints.then_some(OneOf::Left(true)),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: commands::NAMES.iter().map(|name| (*name).to_owned()).collect(),
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        experimental: Some(json!({ "serverStatus": true, "holdoverStatus": true, "didChangeTrust": true })),
        ..ServerCapabilities::default()
    }
}
