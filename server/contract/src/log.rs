//! What a log says, read without a model.

use serde::{Deserialize, Serialize};

/// How grave a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Neither of the others.
    #[default]
    Plain,
    /// Something that should be looked at.
    Warning,
    /// Something failed.
    Error,
}

/// Where the reason of a failure probably lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LogDomain {
    /// No space is left.
    Disk,
    /// There was too little of it.
    Memory,
    /// Something reached for the network.
    Network,
    /// A package, module or library is not here, or does not fit the lockfile.
    Dependency,
    /// A program is not here.
    Tool,
    /// This user may not.
    Permission,
    /// It took too long.
    Timeout,
    /// A merge left conflicts.
    Conflict,
    /// Tests failed.
    Test,
    /// A linter or formatter did not agree.
    Lint,
    /// Sources do not compile.
    Compile,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Its number, from 1.
    pub line: u64,
    /// How grave it is.
    pub level: LogLevel,
    /// Its text without colours and control characters, cut where it is long.
    pub text: String,
}

/// Lines that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogGroup {
    /// What they share; `<*>`, `<time>`, `<hash>` and the like stand for what differs.
    pub template: String,
    /// How many they are.
    pub count: u64,
    /// Of the gravest of them.
    pub level: LogLevel,
    /// The number of the first of them.
    pub first: u64,
    /// The number of the last of them.
    pub last: u64,
    /// The first of them as it stands.
    pub example: String,
}

/// Why it probably failed, and which line says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogCause {
    /// In plain words.
    pub says: String,
    /// The line that says so.
    pub line: LogLine,
}

/// What `holdover log --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogReport {
    /// The file, or `-` for standard input.
    pub source: String,
    /// Lines of the whole log.
    pub lines: u64,
    /// Lines that were read, counted from its end.
    pub read: u64,
    /// Lines of these that were longer than is looked at.
    pub shortened: u64,
    /// Of the lines that were read.
    pub errors: u64,
    /// Of the lines that were read.
    pub warnings: u64,
    /// None: no line is an error by its form, and none tells a reason.
    pub first_error: Option<LogLine>,
    /// None: nothing in it says why.
    pub domain: Option<LogDomain>,
    /// That in words, and the line that says so.
    pub because: Option<LogCause>,
    /// Errors first, then the most frequent.
    pub groups: Vec<LogGroup>,
    /// Groups beyond those.
    pub more_groups: u64,
}
