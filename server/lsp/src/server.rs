//! The front that tower-lsp calls: every method hands its parameters to the state thread and awaits the answer.
//! No lock, no work, no other await: what a method does is in `requests`, `commands` and `notifications`.

use crate::debug::Debug;
use crate::event::{Event, question};
use crate::notifications;
use crate::requests::{self, Request};
use crate::state::State;
use crossbeam_channel::Sender;
use std::future::Future;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    CodeAction, CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, DidChangeConfigurationParams,
    DidChangeWorkspaceFoldersParams, ExecuteCommandParams, Hover, HoverParams, InitializeParams, InitializeResult,
    InitializedParams, InlayHint, InlayHintParams, LSPAny, WorkDoneProgressCancelParams,
};
use tower_lsp::{LanguageServer, LspService};

/// The front.
pub(crate) struct Shell {
    events: Sender<Event>,
}

impl Shell {
    fn ask<R: Request>(&self, params: R::Params) -> impl Future<Output = Result<R::Answer>> + Send + use<R> {
        let (reply, answer) = question();
        self.run(move |state| R::run(state, params, reply));
        answer
    }

    fn run(&self, run: impl FnOnce(&mut State) + Send + 'static) {
        // The state thread is gone only when the process is about to be.
        let _ = self.events.send(Event::Run(Box::new(run)));
    }

    async fn status(&self, params: requests::status::Params) -> Result<LSPAny> {
        self.ask::<requests::status::Status>(params).await
    }

    async fn content(&self, params: requests::content::Params) -> Result<requests::content::Answer> {
        self.ask::<requests::content::Content>(params).await
    }

    async fn conflict(&self, params: requests::conflict::Params) -> Result<contract::ConflictPreview> {
        self.ask::<requests::conflict::Conflict>(params).await
    }

    async fn sleep(&self, params: requests::sleep::Params) -> Result<LSPAny> {
        self.ask::<requests::sleep::Sleep>(params).await
    }

    #[allow(clippy::unused_async, reason = "the library takes methods that are async")]
    async fn did_change_trust(&self, params: notifications::Trust) {
        self.run(move |state| notifications::did_change_trust(state, &params));
    }

    #[allow(clippy::unused_async, reason = "the library takes methods that are async")]
    async fn cancel_progress(&self, params: WorkDoneProgressCancelParams) {
        self.run(move |state| state.cancel_progress(&params.token));
    }

    #[allow(clippy::unused_async, reason = "the library takes methods that are async")]
    async fn ignored(&self, _: LSPAny) {}
}

impl LanguageServer for Shell {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        self.ask::<requests::initialize::Initialize>(params).await
    }

    async fn initialized(&self, _: InitializedParams) {
        self.run(notifications::initialized);
    }

    async fn shutdown(&self) -> Result<()> {
        self.ask::<requests::shutdown::Shutdown>(()).await
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        self.run(move |state| notifications::did_change_configuration(state, &params.settings));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.run(move |state| notifications::did_change_workspace_folders(state, &params.event));
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        self.ask::<requests::hover::HoverAt>(params).await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        self.ask::<requests::code_action::CodeActions>(params).await
    }

    async fn code_action_resolve(&self, params: CodeAction) -> Result<CodeAction> {
        self.ask::<requests::code_action_resolve::Resolve>(params).await
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        self.ask::<requests::code_lens::CodeLenses>(params).await
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        self.ask::<requests::inlay_hint::InlayHints>(params).await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        self.ask::<requests::execute_command::Execute>(params).await
    }
}

/// The library's service around the front, with our own methods.
pub(crate) fn service(events: Sender<Event>, debug: Debug) -> LspService<Shell> {
    let mut builder = LspService::build(|_| Shell { events })
        .custom_method("holdover/status", Shell::status)
        .custom_method("holdover/content", Shell::content)
        .custom_method("holdover/conflict", Shell::conflict)
        .custom_method("holdover/didChangeTrust", Shell::did_change_trust)
        .custom_method("window/workDoneProgress/cancel", Shell::cancel_progress)
        .custom_method("$/setTrace", Shell::ignored);
    if debug.sleep {
        builder = builder.custom_method("holdover/debug/sleep", Shell::sleep);
    }
    // The socket is dropped: what goes to the client goes through `outbound`.
    builder.finish().0
}
