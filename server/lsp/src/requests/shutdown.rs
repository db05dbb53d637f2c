//! `shutdown`: stops what runs and makes sure that what was acknowledged is on the disk.

use super::Request;
use crate::event::Reply;
use crate::state::State;

pub(crate) struct Shutdown;

impl Request for Shutdown {
    type Params = ();
    type Answer = ();

    fn run(state: &mut State, (): (), reply: Reply<()>) {
        let engine = state.engine.clone();
        state.answer_later(reply, move |_| {
            if let Some(engine) = engine {
                engine.shutdown();
            }
            Ok(())
        });
    }
}
