//! What a range of commits changes, and where threads on it stand when it has moved on.
//!
//! It runs nothing and opens no file: git's answers come through [`Repository`], texts from whoever asks. What reviews say is
//! made from events by the journal; what is done with them is the engine's.

mod anchor;
mod change;
mod place;
pub mod publish;
mod range;
mod sarif;
mod suggestion;

pub use anchor::{Lines, found};
pub use change::{changes, renames, renames_by_commit};
pub use place::{Found, replace, symbol};
pub use range::{Resolved, candidates, resolve};
pub use sarif::sarif;
pub use suggestion::suggested;

/// Git's answers about the repository of a workspace. Paths are relative to the workspace.
pub trait Repository {
    /// What git says, byte for byte; `None` where it refuses, is not there, or says more than is read.
    fn ask(&self, arguments: &[&str]) -> Option<Vec<u8>>;

    /// The first line of an answer.
    fn word(&self, arguments: &[&str]) -> Option<String> {
        let answer = self.ask(arguments)?;
        let line = answer.split(|byte| *byte == b'\n').next()?;
        Some(String::from_utf8_lossy(line).trim().to_owned()).filter(|word| !word.is_empty())
    }

    /// The text of a blob; `None` where it is not here or is no text. `blob` is checked to be an object's name.
    fn text(&self, blob: &str) -> Option<String> {
        if !journal::is_commit(blob) {
            return None;
        }
        let bytes = self.ask(&["cat-file", "blob", blob])?;
        String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
    }
}
