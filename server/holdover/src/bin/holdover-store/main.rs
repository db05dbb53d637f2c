//! `holdover-store PLACE`: asks a bucket for `holdover`, one question after another over its pipes, until they close. Nobody's command.
//! It takes credentials from where the cloud's own tools have them, and neither keeps nor tells them; what it is linked with is in no server.
//!
//! PLACE: a `contract::StorePlace` in JSON. Questions and answers: frames (`host::read_frame`) of `contract::StoreQuestion` and
//! `contract::StoreAnswer` in JSON, and an object's bytes.

mod ask;
mod client;
mod connect;
mod profile;
mod words;

use contract::{StoreAnswer, StorePlace, StoreQuestion};
use std::io::Write as _;
use std::sync::mpsc;

fn main() {
    host::leave(run());
}

/// The exit code: 0 where it was asked no more, 2 for arguments or questions that are none, 3 where nothing could be written.
fn run() -> u8 {
    let place = std::env::args().nth(1).and_then(|place| serde_json::from_str::<StorePlace>(&place).ok());
    let Some(place) = place else {
        let _ = writeln!(std::io::stderr(), "holdover-store is run by holdover; see `holdover remote add --help`");
        return 2;
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return 3 };
    let mut store = ask::Store::at(place);
    let (asked, questions) = mpsc::channel();
    // Its parent may be gone while an answer is waited for.
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        while let Ok(Some(frame)) = host::read_frame(&mut stdin) {
            if asked.send(frame).is_err() {
                break;
            }
        }
        host::leave(0);
    });
    for (head, body) in questions {
        let Ok(question) = serde_json::from_slice::<StoreQuestion>(&head) else { return 2 };
        let (answer, bytes): (StoreAnswer, Vec<u8>) = runtime.block_on(store.ask(question, body));
        let Ok(head) = serde_json::to_vec(&answer) else { return 3 };
        // Not held while an answer is waited for: leaving flushes it.
        if host::write_frame(&mut std::io::stdout().lock(), &head, &bytes).is_err() {
            return 3;
        }
    }
    0
}
