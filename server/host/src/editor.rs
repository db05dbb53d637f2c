//! The user's own editor, for a text that is asked for on a terminal.
//! It runs what the user's environment names, as git does, and nothing that a workspace names.

use std::io;
use std::path::PathBuf;
use std::process::Command;

/// Why no text came of it.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// No editor is named.
    #[error(
        "there is no text, and no editor to write one in\nhint: give the text on the command line or on standard input, or set VISUAL or EDITOR"
    )]
    NoEditor,
    /// The editor could not be run, or ended with an error.
    #[error("the editor `{editor}` did not end well: {reason}\nhint: what was written is in {}", file.display())]
    Failed {
        /// As the environment names it.
        editor: String,
        /// What happened.
        reason: String,
        /// The file that it was given, which is kept.
        file: PathBuf,
    },
    /// The file for the text could not be made or read.
    #[error("the text could not be kept for the editor: {}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What the user makes of `text` in the editor that `VISUAL` or `EDITOR` names, in a file of its own that ends with `name`.
/// Waits for the editor. The file is kept where the editor fails.
pub fn edited(text: &str, name: &str) -> Result<String, EditError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = variable("VISUAL").or_else(|| variable("EDITOR")).ok_or(EditError::NoEditor)?;
    let folder = tempfile::Builder::new().prefix("holdover-").tempdir();
    let folder = folder.map_err(|source| EditError::Io { file: std::env::temp_dir(), source })?;
    let file = folder.path().join(name);
    let io_error = |source| EditError::Io { file: file.clone(), source };
    std::fs::write(&file, text).map_err(io_error)?;
    // The variable is a command line, and the shell reads it: `code --wait`.
    let ran = if cfg!(windows) {
        Command::new("cmd").arg("/C").arg(&editor).arg(&file).status()
    } else {
        Command::new("sh").arg("-c").arg(format!("{editor} \"$@\"")).arg(&editor).arg(&file).status()
    };
    let reason = match ran {
        Ok(status) if status.success() => {
            let bytes = std::fs::read(&file).map_err(io_error)?;
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        Ok(status) => status.to_string(),
        Err(e) => e.to_string(),
    };
    let file = folder.keep().join(name);
    Err(EditError::Failed { editor, reason, file })
}
