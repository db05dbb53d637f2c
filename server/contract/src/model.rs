//! Local models: which there are, and what goes over the socket of the program that holds one.

use crate::{ArtifactState, ModelStatus};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A model that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ModelEntry {
    /// What it is called here.
    pub name: String,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its file, in the data folder.
    pub file: PathBuf,
    /// `blake3:` and the hash of the file.
    pub hash: String,
    /// Length of the file.
    pub bytes: u64,
    /// `llama`, `qwen2`.
    pub architecture: String,
    /// How its numbers are kept: `Q8_0`.
    pub quantisation: String,
    /// How many numbers it has.
    pub parameters: u64,
    /// Tokens of context that it was made for.
    pub context: u64,
    /// Its licence, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Whether it says how turns of a conversation are written.
    pub template: bool,
    /// Bytes of memory that it takes with a full conversation, by its header.
    pub memory: u64,
    /// When it was added.
    pub added: String,
    /// Whether its file is what was added.
    pub state: ArtifactState,
    /// Whether it answers.
    pub in_use: bool,
    /// The state in words, with the next step where it is needed.
    pub text: String,
}

/// `holdover model list --json`, and what its other commands print.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelReport {
    /// In the order of their names.
    pub models: Vec<ModelEntry>,
}

/// `holdover model eval --json`: how a model did on fixed tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ModelEval {
    /// The model's name.
    pub model: String,
    /// `blake3:` and the hash of its file, where it is one that was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Where it ran, in words.
    pub place: String,
    /// The prompt's name and version.
    pub prompt: String,
    /// `blake3:` of the tasks: figures of other tasks cannot be compared with these.
    pub tasks_hash: String,
    /// The tasks, in their order.
    pub tasks: Vec<EvalTask>,
    /// Facts that were to be said, in all tasks.
    pub facts: u64,
    /// Those that were.
    pub told: u64,
    /// What was said and is not so.
    pub wrong: u64,
    /// Milliseconds until the first token, the middle one of all tasks but the first, which loads the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// Tokens in ten seconds, once the first one was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_in_ten_seconds: Option<u64>,
    /// All of it in a line.
    pub text: String,
    /// What the figures do not say.
    pub caution: String,
}

/// How a model did on one task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EvalTask {
    /// The task's name.
    pub name: String,
    /// Facts that it said, each by the first of its words.
    pub told: Vec<String>,
    /// Facts that it did not say.
    pub missing: Vec<String>,
    /// What it said and is not so.
    pub wrong: Vec<String>,
    /// `stop`, `length` or `time-limit`.
    pub ended: String,
    /// Tokens of the answer, or pieces where they are not counted.
    pub tokens: u32,
    /// Milliseconds until the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// Milliseconds of all.
    pub took_ms: u64,
    /// Its answer, made harmless.
    pub answer: String,
}

/// A file that is to be loaded: the program verifies it first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelFile {
    /// What it is called here.
    pub name: String,
    /// The name of its file in the folder of models: no path.
    pub file: String,
    /// `blake3:` and the hash that it has to have.
    pub hash: String,
    /// The length that it has to have.
    pub bytes: u64,
}

/// Who says a part of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelRole {
    /// What the model is told before everything else.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One part of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMessage {
    /// Who says it.
    pub role: ModelRole,
    /// What; data, in which nothing counts as a mark between parts.
    pub text: String,
}

/// What the program that holds the model is asked; one question at a time on a connection, and closing that cancels it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "ask")]
pub enum ModelAsk {
    /// How it stands.
    Status,
    /// Load it, if it is not loaded.
    Load {
        /// Which.
        model: ModelFile,
    },
    /// Answer.
    #[serde(rename_all = "camelCase")]
    Answer {
        /// Which model is to.
        model: ModelFile,
        /// The conversation; the last part is the person's.
        messages: Vec<ModelMessage>,
        /// Tokens that the answer may have.
        max_tokens: u32,
        /// Milliseconds that all of it may take, loading included.
        time_limit: u64,
        /// For sampling.
        seed: u64,
    },
    /// Stop answering what this connection asked.
    Cancel,
    /// Give the memory back.
    Unload,
    /// End, once nothing is being answered.
    Quit,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelEnd {
    /// The model was done.
    Stop,
    /// It had all tokens that it may have.
    Length,
    /// Its time was over.
    TimeLimit,
    /// It was cancelled.
    Cancelled,
}

/// What the program says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "told")]
pub enum ModelTold {
    /// How it stands.
    Status {
        /// The same as in `holdover status`.
        status: ModelStatus,
        /// The process.
        pid: u32,
    },
    /// Others are before.
    Queued {
        /// How many.
        before: u32,
    },
    /// The file is being verified and read.
    Loading {
        /// How far, of a hundred.
        percent: u8,
    },
    /// The model is loaded, and the prompt is being read.
    #[serde(rename_all = "camelCase")]
    Reading {
        /// Tokens of the prompt.
        tokens: u32,
        /// Of them, those that were known from the question before.
        kept: u32,
    },
    /// The next piece of the answer.
    Text {
        /// It.
        text: String,
    },
    /// The answer's end.
    #[serde(rename_all = "camelCase")]
    Ended {
        /// Why.
        end: ModelEnd,
        /// Tokens of the answer.
        tokens: u32,
        /// Milliseconds until the first one.
        first_token: Option<u64>,
        /// Milliseconds of all.
        took: u64,
    },
    /// There is no answer, or none that is whole.
    Failed {
        /// What happened.
        what: String,
        /// The next step.
        next: String,
    },
    /// It was done.
    Done,
}

/// Longest frame in bytes: a question with its context, or a piece of an answer. On the socket a frame is four bytes of length, least
/// significant first, and JSON.
pub const MODEL_FRAME: usize = 4 << 20;
