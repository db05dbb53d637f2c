//! What reaches the state thread, and how it answers.
//! Handlers only make these; they decide nothing and wait for nothing but the answer.

use crate::state::State;
use contract::Progress;
use crossbeam_channel::Sender;
use host::Cancel;
use std::future::Future;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, Uri,
};

/// One thing for the state thread to do. Documents come first and apart: they are what happens at every keystroke.
pub(crate) enum Event {
    /// A document was opened.
    Open(DidOpenTextDocumentParams),
    /// A document was changed.
    Change(DidChangeTextDocumentParams),
    /// A document was saved.
    Save(DidSaveTextDocumentParams),
    /// A document was closed.
    Close(DidCloseTextDocumentParams),
    /// What a client said of a document did not get here.
    Lost {
        /// Which, if that could be told.
        uri: Option<Uri>,
        /// Why.
        loss: Loss,
    },
    /// The client answered one of our requests.
    Answered {
        /// The request's id.
        id: i64,
        /// What it said.
        answer: std::result::Result<serde_json::Value, String>,
    },
    /// A request, another notification, or work that came to its end.
    Run(Box<dyn FnOnce(&mut State) + Send>),
    /// Work tells how far it is.
    Progress {
        /// The token.
        token: String,
        /// How far.
        progress: Progress,
    },
    /// Tell when everything before this, and all that follows from it, is done.
    Settle {
        /// Not before this request was sent to the client.
        asked: Option<i64>,
        /// Where to.
        done: Sender<()>,
    },
}

/// Why what a client said of a document is not known.
pub(crate) enum Loss {
    /// The message has this many bytes: too many to read.
    TooLarge(u64),
    /// The message cannot be understood; this is what is wrong with it.
    Unreadable(String),
}

/// Where a request's answer goes. Dropping it without an answer is an internal error for the client, not silence.
pub(crate) struct Reply<T> {
    sender: oneshot::Sender<Result<T>>,
    cancel: Cancel,
}

impl<T> Reply<T> {
    /// Answers.
    pub(crate) fn send(self, answer: Result<T>) {
        // Nobody listens where the request was cancelled.
        let _ = self.sender.send(answer);
    }

    /// Set when the client cancels the request.
    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }
}

/// A request for the state thread, and the future of its answer. Dropping the future cancels.
pub(crate) fn question<T>() -> (Reply<T>, impl Future<Output = Result<T>> + Send)
where
    T: Send,
{
    struct CancelOnDrop(Cancel);
    impl Drop for CancelOnDrop {
        fn drop(&mut self) {
            self.0.cancel();
        }
    }
    let (sender, receiver) = oneshot::channel();
    let cancel = Cancel::new();
    let guard = CancelOnDrop(cancel.clone());
    let answer = async move {
        let answer = receiver.await.unwrap_or_else(|_| Err(Error::internal_error()));
        drop(guard);
        answer
    };
    (Reply { sender, cancel }, answer)
}

/// An error with a message of its own.
pub(crate) fn error(code: ErrorCode, message: impl Into<String>) -> Error {
    Error { code, message: message.into().into(), data: None }
}
