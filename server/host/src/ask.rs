//! Asking registries how they answer, through a program of its own that lies beside ours: what speaks TLS is in no server, and a
//! question ends at once when offline is forced. May not be given a credential.

use crate::{Cancel, Command, Ended, Permit, Stream};
use contract::{Heard, Question};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the program that asks, without the ending that programs have on some systems. It lies beside ours.
pub const ASK_PROGRAM: &str = "holdover-ask";
/// One question may take so long; all are asked at the same time.
pub const ASK_LIMIT: Duration = Duration::from_secs(6);
/// More questions are not asked together.
pub const MOST_QUESTIONS: usize = 64;

/// Why nobody was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The program is not there.
    #[error(
        "registries cannot be asked: the program for that is not there: {program}\nhint: install Holdover with it, or build it with `cargo build --release`"
    )]
    Absent {
        /// Where it was looked for.
        program: PathBuf,
    },
    /// Somebody cancelled it.
    #[error("registries were not asked: stopped, as was asked")]
    Cancelled,
    /// Offline was forced meanwhile.
    #[error("registries were not asked: offline was forced meanwhile")]
    Forced,
    /// It ended without answers.
    #[error("registries could not be asked: {0}")]
    Failed(String),
}

/// Asks all at once, for [`ASK_LIMIT`] at most. The answers are in the order of the questions.
pub fn ask(questions: &[Question], permit: Permit, cancel: &Cancel) -> Result<Vec<Heard>, AskError> {
    let own = std::env::current_exe().map_err(|e| AskError::Failed(e.to_string()))?;
    let own = std::fs::canonicalize(&own).unwrap_or(own);
    let program = own.with_file_name(format!("{ASK_PROGRAM}{}", std::env::consts::EXE_SUFFIX));
    ask_with(&program, questions, permit, cancel)
}

fn ask_with(program: &Path, questions: &[Question], permit: Permit, cancel: &Cancel) -> Result<Vec<Heard>, AskError> {
    let questions = &questions[..questions.len().min(MOST_QUESTIONS)];
    let words = questions.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let words = words.map_err(|e| AskError::Failed(e.to_string()))?;
    let mut heard: Vec<Heard> = Vec::new();
    let folder = program.parent().unwrap_or(Path::new("/"));
    let ended = Command::new(program, folder)
        .args(words)
        .limit(ASK_LIMIT + Duration::from_secs(1))
        .with_network(permit)
        .run(cancel, &mut |stream, line| {
            if stream == Stream::Out && heard.len() < questions.len() {
                heard.extend(serde_json::from_str::<Heard>(line).ok());
            }
        });
    match ended {
        Err(crate::ProcessError::NotFound { .. }) => Err(AskError::Absent { program: program.to_path_buf() }),
        Err(e) => Err(AskError::Failed(e.to_string())),
        Ok(output) => match output.ended {
            Ended::Cancelled => Err(AskError::Cancelled),
            Ended::ForcedOffline => Err(AskError::Forced),
            _ if heard.len() == questions.len() => Ok(heard),
            _ => Err(AskError::Failed("the program for that ended without all answers".to_owned())),
        },
    }
}
