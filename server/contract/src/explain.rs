//! Explanations: the facts about a piece of text, what a model said of it, and what it was shown.

use crate::Range;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is known of a piece of text, and what a model said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// ULID. While the process lives that made it, `holdover:/explanation/ID.md` is it as a document.
    pub id: String,
    /// What it is about.
    #[serde(default)]
    pub subject: ExplanationSubject,
    /// Relative to the workspace, with `/`; of another subject than lines, what it is called: a range of commits, a log, `a command`.
    pub file: String,
    /// What is explained: whole lines; of another subject, those that a model is shown of it.
    pub range: Range,
    /// RFC 3339: when it was asked for.
    pub at: String,
    /// The finding that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<ExplainedFinding>,
    /// The question, where one was asked beyond "what is this?".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What is so, without a model, the most useful first.
    pub facts: Vec<Fact>,
    /// What was cut or could not be found out, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Where it stands.
    pub state: ExplanationState,
    /// What to do next, or what went wrong.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What a model said, as far as it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// What the model was shown; `None` where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saw: Option<ModelSaw>,
    /// All of it as a Markdown document.
    pub text: String,
}

/// What an explanation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ExplanationSubject {
    /// Lines of a file: with a merge conflict, threads of reviews and shell commands on them.
    #[default]
    Lines,
    /// A line for a shell, which nobody runs.
    Command,
    /// The end of a log.
    Log,
    /// What lies between two commits.
    Diff,
}

/// Where an explanation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ExplanationState {
    /// Facts alone: no model is set up, or none was wanted.
    #[default]
    Facts,
    /// The model was asked and has not said anything yet.
    Waiting,
    /// It is answering.
    Answering,
    /// It is done.
    Done,
    /// Somebody stopped it; what it said until then stands.
    Cancelled,
    /// There is no answer, or only a part of one; `detail` says why.
    Failed,
}

/// A finding that is explained.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ExplainedFinding {
    /// `holdover`, or the tool's own name.
    pub source: String,
    /// Its code.
    pub code: String,
    /// What it says.
    pub message: String,
}

/// What kind of fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FactKind {
    /// What the sides of a merge conflict did, and what each way out of it would leave out.
    Conflict,
    /// What people say of these lines in a review.
    Comment,
    /// What a part of a shell command does.
    Command,
    /// What a log says.
    Log,
    /// What a change does to a file.
    Change,
    /// A finding in these lines.
    Finding,
    /// The page or the rule's text about a finding.
    Rule,
    /// What the lines are in: a function and its class.
    Enclosing,
    /// The comment that documents it.
    Documentation,
    /// A signature of something that the lines use.
    Signature,
    /// An import of something that the lines use.
    Import,
    /// What the lines themselves define, or the file.
    Outline,
    /// Commits that wrote the lines.
    History,
}

/// One thing that is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// What kind.
    pub kind: FactKind,
    /// In words.
    pub title: String,
    /// The signature, the page, the import, as it stands there; empty where the title says all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The language of `body`, where it is source text and no Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Zero-based line of this file at which it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// What a model said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The model's name.
    pub model: String,
    /// `blake3:` of its file, where it is one that was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_hash: Option<String>,
    /// Where it ran, in words: `this machine`, `gpu.lan:8080 in your network`, `api.example.com, outside your network`.
    pub place: String,
    /// RFC 3339: when it was given.
    pub at: String,
    /// It was given before, and comes from the record.
    #[serde(default)]
    pub recorded: bool,
    /// What was said, made harmless: Markdown without links, images and HTML that do anything. Suggested commands are not in it.
    pub text: String,
    /// Commands that it suggests. Nobody runs them but a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<SuggestedCommand>,
    /// What it names and the context does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// Pieces of text that were made harmless or left out, in words with how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filtered: Vec<String>,
    /// `stop`, `length`, `time-limit`, `cancelled`, `flood` or `failed`; empty while it goes on.
    #[serde(default)]
    pub ended: String,
    /// Tokens, or pieces where the back end does not count them.
    #[serde(default)]
    pub tokens: u32,
    /// Milliseconds to the first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// Milliseconds to the end.
    #[serde(default)]
    pub took_ms: u64,
    /// What a person said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Judgement>,
    /// The event in the journal that records it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// What a person said of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// Whether it was of use.
    pub accepted: bool,
    /// Why, in the person's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What a command does, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CommandClass {
    /// It only reads.
    ReadOnly,
    /// It changes files.
    ChangesFiles,
    /// It reaches for a network.
    Network,
    /// It could not be told: nothing good is assumed.
    Unknown,
    /// It deletes, overwrites or publishes what may not come back.
    Destructive,
}

/// A command that a model suggests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SuggestedCommand {
    /// As it was said, one line.
    pub command: String,
    /// What it does.
    pub class: CommandClass,
    /// Why it is thought so.
    pub reason: String,
}

/// Something in an answer that the context does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Doubt {
    /// `identifier`, `path` or `line`.
    pub kind: String,
    /// What was said.
    pub said: String,
}

/// What a model was shown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ModelSaw {
    /// The prompt's name and version.
    pub prompt: String,
    /// `blake3:` of the prompt's file.
    pub prompt_hash: String,
    /// `blake3:` of everything that was sent, the model and the limits.
    pub input_hash: String,
    /// The lines of the file that were shown, zero-based, the last not among them.
    pub lines: (u32, u32),
    /// Everything that was sent after the system's part, secrets masked.
    pub context: String,
    /// The system's part.
    pub system: String,
    /// Secrets that were masked, by kind, with how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<MaskedSecret>,
    /// What had no room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// Secrets of one kind that were masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MaskedSecret {
    /// The rule that found them.
    pub rule: String,
    /// How many.
    pub count: u32,
}

/// The notification `holdover/didChangeExplanation`: it has come further. Only the newest counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExplanationChange {
    /// Which.
    pub id: String,
    /// Its document.
    pub uri: String,
    /// Where it stands.
    pub state: ExplanationState,
    /// The whole document as it is now.
    pub text: String,
}

/// What the program with the parsers is asked about a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StructureAsk {
    /// Its name says the language.
    pub path: PathBuf,
    /// The text.
    pub text: String,
    /// First byte of the piece.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

/// What parsers say of a piece of a text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Structure {
    /// The language, as a code fence names it; `None` where it is not parsed.
    pub language: Option<String>,
    /// Places that do not parse.
    pub problems: usize,
    /// The items that the piece lies in, the outermost first.
    pub enclosing: Vec<StructureItem>,
    /// Items in the piece.
    pub inside: Vec<StructureItem>,
    /// Items elsewhere in the text whose names the piece uses.
    pub used: Vec<StructureItem>,
    /// Items at the top of the text.
    pub outline: Vec<StructureItem>,
    /// Imports of names that the piece uses, as they stand, with their lines.
    pub imports: Vec<(u32, String)>,
    /// Names that the piece holds, each once.
    pub names: Vec<String>,
}

/// A definition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StructureItem {
    /// Its name.
    pub name: String,
    /// Everything before its body, blanks made one; all of it where it is short and a type.
    pub signature: String,
    /// The comment that documents it.
    pub doc: String,
    /// First line, zero-based.
    pub first: u32,
    /// Last line.
    pub last: u32,
}
