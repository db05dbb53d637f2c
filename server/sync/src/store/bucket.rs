//! Asking a bucket: through a program of its own, which holds the cloud's client, its runtime and TLS, and takes the credentials
//! itself from where the cloud's own tools have them. It is started with the first question and not before.

use crate::call::{Call, stopped};
use crate::error::{Class, RemoteError};
use contract::{StoreAnswer, StorePlace, StoreQuestion, SyncTrouble};
use host::{Permit, Talk, TalkError};
use std::sync::{Mutex, PoisonError};

/// Name of the program, without the ending that programs have on some systems. It lies beside ours.
pub const STORE_PROGRAM: &str = "holdover-store";

/// What a bucket can be asked. An answer that is [`StoreAnswer::Failed`] is an error here.
pub(super) trait Bucket: Send + Sync {
    fn ask(&self, question: &StoreQuestion, body: &[u8], call: &Call) -> Result<(StoreAnswer, Vec<u8>), RemoteError>;
}

/// A bucket of another machine.
pub(super) struct Program {
    place: StorePlace,
    /// As people know it.
    shown: String,
    permit: Option<Permit>,
    talk: Mutex<Option<Talk>>,
}

impl Program {
    pub fn at(place: StorePlace, shown: String, permit: Option<Permit>) -> Program {
        Program { place, shown, permit, talk: Mutex::default() }
    }

    fn start(&self) -> Result<Talk, RemoteError> {
        let place = serde_json::to_string(&self.place).map_err(|e| self.odd(&e.to_string()))?;
        Talk::beside(STORE_PROGRAM, &[place], self.permit.clone()).map_err(|e| self.unheard(&e))
    }

    fn odd(&self, detail: &str) -> RemoteError {
        let message = format!("{} could not be asked: {detail}", self.shown);
        RemoteError::of_all(Class::Retry, message, "try again")
    }

    fn unheard(&self, error: &TalkError) -> RemoteError {
        let of_all = |hint: &str| RemoteError::of_all(Class::Retry, format!("{} was asked: {error}", self.shown), hint);
        match error {
            TalkError::Cancelled => stopped(),
            TalkError::Absent(_) => {
                of_all("install Holdover with that program, or build it with `cargo build --release`")
            }
            TalkError::TimedOut => of_all("look whether the network is there, and try again"),
            TalkError::Forced => of_all("`holdover offline auto`, then try again; nothing was lost"),
            TalkError::Ended | TalkError::Failed(_) => of_all("try again"),
        }
    }
}

impl Bucket for Program {
    fn ask(&self, question: &StoreQuestion, body: &[u8], call: &Call) -> Result<(StoreAnswer, Vec<u8>), RemoteError> {
        call.goes_on()?;
        let head = serde_json::to_vec(question).map_err(|e| self.odd(&e.to_string()))?;
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        let mut asked = match talk.take() {
            Some(talk) => talk,
            None => self.start()?,
        };
        // One that gave no answer is ended, and the next question starts another.
        let (head, bytes) =
            asked.ask(head, body.to_vec(), call.until, &call.cancel).map_err(|error| self.unheard(&error))?;
        let answer: StoreAnswer = serde_json::from_slice(&head).map_err(|e| self.odd(&e.to_string()))?;
        *talk = Some(asked);
        match answer {
            StoreAnswer::Failed { trouble, message, hint, ends } => {
                Err(RemoteError { class: class(trouble), message, hint, ends })
            }
            answer => Ok((answer, bytes)),
        }
    }
}

fn class(trouble: SyncTrouble) -> Class {
    match trouble {
        SyncTrouble::Retry => Class::Retry,
        SyncTrouble::Auth => Class::Auth,
        SyncTrouble::Quota => Class::Quota,
        SyncTrouble::Integrity => Class::Integrity,
        SyncTrouble::Fork => Class::Fork,
        SyncTrouble::Stopped => Class::Stopped,
    }
}
