//! The header of a GGUF file: what model it is, whether the file can be one, and how much memory it would take. Nothing is loaded, and no
//! number in the file is believed before it was held against the file's length: counts, lengths and offsets of a hostile file give an error
//! that names them. Format: version 2 and 3 of GGUF, `docs/gguf.md` of ggml.

mod fit;
mod kinds;
mod read;

pub use fit::{SUPPORTED, Unfit};
pub use kinds::Kind;
pub use read::{Error, read};

use std::collections::BTreeMap;

/// Metadata entries that a file may have.
pub const MOST_ENTRIES: u64 = 65_536;
/// Tensors that a file may have.
pub const MOST_TENSORS: u64 = 65_536;
/// Bytes of a key or of a tensor's name.
pub const MOST_KEY: u64 = 65_535;
/// Bytes of a text.
pub const MOST_TEXT: u64 = 1 << 20;
/// Elements of a list.
pub const MOST_ELEMENTS: u64 = 1 << 22;
/// Bytes of everything before the tensors.
pub const MOST_HEADER: u64 = 64 << 20;
/// Tokens of context that a file may claim.
pub const MOST_CONTEXT: u64 = 1 << 21;

/// A value of the metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number without a sign.
    Unsigned(u64),
    /// A number with one.
    Signed(i64),
    /// A fraction.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list, of which only the length is kept and whether its elements are texts.
    List {
        /// How many.
        length: u64,
        /// Whether they are texts.
        texts: bool,
    },
}

/// A tensor as the header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its dimensions, the innermost first.
    pub dimensions: Vec<u64>,
    /// How its numbers are kept.
    pub kind: Kind,
    /// Where it begins, counted from the first tensor.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Tensor {
    /// How many numbers it has.
    #[must_use]
    pub fn numbers(&self) -> u64 {
        self.dimensions.iter().product()
    }
}

/// What stands before the tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Of the format.
    pub version: u32,
    /// Metadata by key.
    pub metadata: BTreeMap<String, Value>,
    /// Tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
    /// Where the tensors begin.
    pub data: u64,
    /// The file's length in bytes.
    pub length: u64,
}

impl Header {
    /// A text of the metadata.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number of the metadata that is none below zero.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key)? {
            Value::Unsigned(number) => Some(*number),
            Value::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The same of a key below the architecture's name.
    #[must_use]
    pub fn own_number(&self, key: &str) -> Option<u64> {
        self.number(&format!("{}.{key}", self.architecture()?))
    }

    /// Length of a list of texts.
    #[must_use]
    pub fn texts(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key)? {
            Value::List { length, texts: true } => Some(*length),
            _ => None,
        }
    }

    /// Whose layers it has: `llama`, `qwen2`.
    #[must_use]
    pub fn architecture(&self) -> Option<&str> {
        self.text("general.architecture")
    }

    /// What it calls itself.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.text("general.name")
    }

    /// Its licence, as it says.
    #[must_use]
    pub fn licence(&self) -> Option<&str> {
        self.text("general.license")
    }

    /// How turns of a conversation are written for it.
    #[must_use]
    pub fn template(&self) -> Option<&str> {
        self.text("tokenizer.chat_template")
    }

    /// Tokens that it was made for.
    #[must_use]
    pub fn context(&self) -> Option<u64> {
        self.own_number("context_length")
    }

    /// Its numbers, all tensors together.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors.values().map(Tensor::numbers).fold(0, u64::saturating_add)
    }

    /// How most of its bytes are kept: `Q8_0`, `Q4_K`.
    #[must_use]
    pub fn quantisation(&self) -> Option<Kind> {
        let mut bytes: BTreeMap<Kind, u64> = BTreeMap::new();
        for tensor in self.tensors.values() {
            let sum = bytes.entry(tensor.kind).or_default();
            *sum = sum.saturating_add(tensor.bytes);
        }
        bytes.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(kind, _)| kind)
    }
}
