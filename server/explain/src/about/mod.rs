//! Facts about what is not lines of a file alone: a merge conflict, a thread of a review, a line for a shell, a log, a change. Says nothing that
//! was not handed to it.

mod change;
mod command;
mod comments;
mod conflict;
mod log;
mod says;

pub use change::{Changed, changes};
pub use command::command;
pub use comments::comments;
pub use conflict::conflict;
pub use log::log;

use contract::{Fact, FactKind};

fn fact(kind: FactKind, title: impl AsRef<str>, body: String, language: &str, line: Option<u32>) -> Fact {
    let language = (!body.is_empty()).then(|| language.to_owned());
    Fact { kind, title: crate::facts::one_line(title.as_ref()), body, language, line }
}

/// `1 line`, `2 lines`.
fn counted(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}
