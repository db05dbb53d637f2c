//! What is said between `holdover` and the program with the parsers about lines for a shell, which nobody runs.

use serde::{Deserialize, Serialize};

/// What the program with the parsers is asked about a line for a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellAsk {
    /// As it stands.
    pub text: String,
}

/// What parsers say of a line for a shell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shell {
    /// Places that do not parse.
    pub problems: usize,
    /// The programs that it starts, in order of place.
    pub parts: Vec<ShellPart>,
    /// Programs beyond those.
    pub more: usize,
}

/// One program that a line for a shell starts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ShellPart {
    /// As it stands, with what it writes to and reads from.
    pub text: String,
    /// Its words without quotation marks, the program first; values that are set for it stand before.
    pub words: Vec<String>,
    /// What it writes to and reads from: `>` and a file, for example.
    pub redirects: Vec<(String, String)>,
    /// How it is reached.
    pub role: ShellRole,
    /// Whether a word is put in that only the shell knows: a variable, or what another program says.
    pub varies: bool,
    /// First line, zero-based.
    pub line: u32,
}

/// How a program of a line for a shell is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShellRole {
    /// First, or after what stood before, whatever became of that.
    #[default]
    Next,
    /// With what the one before says.
    Piped,
    /// Where the one before went well.
    And,
    /// Where the one before failed.
    Or,
    /// Its words become part of another one.
    Substituted,
    /// Beside what follows.
    Beside,
    /// It decides what is run.
    Condition,
    /// For each of several values, or as long as something holds.
    Repeated,
    /// When a function of that name is called.
    Defined,
}
