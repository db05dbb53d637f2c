//! Commands that take their time: progress while they last, a way to stop them, and an answer when they end.

use super::{Call, failed, json_of};
use crate::progress::Teller;
use crate::state::State;
use engine::EngineError;
use host::Cancel;
use serde::Serialize;

impl Call {
    /// Does `job` under `title` and answers with what it gives. `ended` says in a few words how it ended.
    pub(super) fn steered<T: Serialize + Send + 'static>(
        self,
        state: &mut State,
        title: &str,
        job: impl FnOnce(&Cancel, Teller) -> Result<T, EngineError> + Send + 'static,
        ended: impl FnOnce(Result<&T, &EngineError>) -> &'static str + Send + 'static,
    ) {
        let cancel = self.reply.cancel();
        let token = state.begin_progress(title, self.token.clone(), cancel.clone());
        let teller = Teller::new(state.events.clone(), token.clone());
        state.work(
            move || job(&cancel, teller),
            move |state, outcome| {
                let Some(outcome) = outcome else {
                    // Dropping the call answers it with an error.
                    return state.end_progress(&token, "failed");
                };
                state.end_progress(&token, ended(outcome.as_ref()));
                self.answer(match outcome {
                    Ok(report) => json_of(&report),
                    Err(problem) => Err(failed(&problem)),
                });
            },
        );
    }
}
