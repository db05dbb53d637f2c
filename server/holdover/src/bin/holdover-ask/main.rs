//! `holdover-ask`: asks registries for `holdover` how they answer, writes a line of JSON for each and ends. Nobody's command.
//! It sends registries no credential, keeps nothing of an answer, and what it is linked with is in no server.
//! `holdover-ask chat`: asks one question of the endpoint of a model, see `chat`.
//! `holdover-ask code-host`: makes requests of a code host's API, see `code_host`.
//!
//! Arguments: the questions, each a `contract::Question` in JSON. The lines: `contract::Heard`, in the same order.

mod answer;
mod chat;
mod client;
mod code_host;

use contract::{Heard, Question};
use std::io::Write as _;
use std::time::Duration;

fn main() {
    if std::env::args_os().nth(1).is_some_and(|first| first == "chat") {
        host::leave(chat::run());
    }
    if std::env::args_os().nth(1).is_some_and(|first| first == "code-host") {
        host::leave(code_host::run());
    }
    // Its parent may be killed meanwhile.
    std::thread::spawn(|| {
        std::thread::sleep(host::ASK_LIMIT + Duration::from_secs(2));
        host::leave(3);
    });
    let words: Vec<String> = std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    host::leave(run(&words));
}

/// The exit code: 0 for answers, 2 for arguments that are no questions, 3 where nothing could be written.
fn run(words: &[String]) -> u8 {
    let questions: Result<Vec<Question>, _> = words.iter().map(|word| serde_json::from_str(word)).collect();
    let Ok(questions) = questions.map(|all| all.into_iter().take(host::MOST_QUESTIONS).collect::<Vec<_>>()) else {
        let _ = writeln!(std::io::stderr(), "holdover-ask is run by holdover; see `holdover status --help`");
        return 2;
    };
    let asked: Vec<_> =
        questions.into_iter().map(|question| std::thread::spawn(move || client::ask(&question))).collect();
    let mut stdout = std::io::stdout().lock();
    for one in asked {
        let heard = one.join().unwrap_or(Heard::Silence { reason: "it could not be asked".into() });
        let Ok(line) = serde_json::to_string(&heard) else { return 3 };
        if writeln!(stdout, "{line}").is_err() {
            return 3;
        }
    }
    if stdout.flush().is_ok() { 0 } else { 3 }
}
