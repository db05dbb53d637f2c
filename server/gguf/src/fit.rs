//! Whether a model can be run: its architecture, its tokenizer, its tensors, and how much memory it takes.

use crate::{Header, Kind, MOST_CONTEXT, Tensor};

/// Architectures that can be run.
pub const SUPPORTED: [&str; 2] = ["llama", "qwen2"];

/// Why a model cannot be run, though its file may be sound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Another architecture.
    #[error("its architecture is {0}, and these can be run: {list}", list = SUPPORTED.join(", "))]
    Architecture(String),
    /// A way of keeping numbers that the engine does not know.
    #[error("its tensor {tensor} is kept as {kind}, and these can be run: {list}", list = Kind::running().join(", "))]
    Kind {
        /// Whose.
        tensor: String,
        /// How.
        kind: &'static str,
    },
    /// Another kind of tokenizer.
    #[error("its tokenizer is {0}, and only byte-level BPE (gpt2) is read from the file")]
    Tokenizer(String),
    /// Something of it is not there.
    #[error("it does not say {0}")]
    Lacks(String),
    /// Something of it makes no sense.
    #[error("{what} is {is}: {expected} was expected")]
    Value {
        /// What.
        what: String,
        /// What the file says.
        is: String,
        /// What could be.
        expected: String,
    },
    /// A tensor is not there.
    #[error("the tensor {0} is not in it")]
    NoTensor(String),
    /// Several experts.
    #[error("it is a mixture of {0} experts, and only dense models can be run")]
    Experts(u64),
    /// A context that is stretched in a way that the engine does not know.
    #[error("its context is stretched by {0}, which the engine does not know")]
    Stretched(String),
}

/// Sizes that everything else follows from.
struct Sizes {
    width: u64,
    layers: u64,
    heads: u64,
    kv_heads: u64,
    context: u64,
    vocabulary: u64,
}

impl Header {
    /// Whether it can be run, and if not, why.
    pub fn fit(&self) -> Result<(), Unfit> {
        let architecture = self.architecture().ok_or_else(|| Unfit::Lacks("its architecture".into()))?;
        if !SUPPORTED.contains(&architecture) {
            return Err(Unfit::Architecture(short(architecture)));
        }
        if let Some(experts) = self.own_number("expert_count").filter(|experts| *experts > 0) {
            return Err(Unfit::Experts(experts));
        }
        if let Some(how) = self.text(&format!("{architecture}.rope.scaling.type")).filter(|how| *how != "none") {
            return Err(Unfit::Stretched(short(how)));
        }
        let sizes = self.sizes()?;
        self.tokenizer(&sizes)?;
        for tensor in self.tensors.values() {
            if !tensor.kind.runs() {
                return Err(Unfit::Kind { tensor: short(&tensor.name), kind: tensor.kind.name() });
            }
        }
        self.layers(&sizes)
    }

    /// Bytes of memory that it takes with a conversation of so many tokens: what is read, the embedding as plain numbers, what is kept of the
    /// tokens before, and room to work. Measured: 1.1 GB for 530 MB of 0.5 billion parameters.
    pub fn memory(&self, tokens: u64) -> Result<u64, Unfit> {
        let sizes = self.sizes()?;
        let weights = self.tensors.values().map(|tensor| tensor.bytes).fold(0, u64::saturating_add);
        let embedding = sizes.vocabulary.saturating_mul(sizes.width).saturating_mul(4);
        let head = sizes.width / sizes.heads;
        let kept = sizes.layers.saturating_mul(sizes.kv_heads * head).saturating_mul(tokens).saturating_mul(2 * 4);
        // Angles of every place of the context, which is as long as the file says.
        let angles = sizes.context.saturating_mul(head).saturating_mul(8);
        // The largest tensor is read before it is put where it belongs; what is kept grows by doubling.
        let largest = self.tensors.values().map(|tensor| tensor.bytes).max().unwrap_or_default();
        let tokenizer = sizes.vocabulary.saturating_mul(1024);
        let sum = [weights, embedding, kept.saturating_mul(3), angles, largest, tokenizer];
        Ok(sum.into_iter().fold(192 << 20, u64::saturating_add))
    }

    fn sizes(&self) -> Result<Sizes, Unfit> {
        let of = |key: &str, most: u64| {
            let is = self.own_number(key).ok_or_else(|| Unfit::Lacks(key.replace(['_', '.'], " ")))?;
            let wrong = || Unfit::Value { what: key.to_owned(), is: is.to_string(), expected: format!("1 to {most}") };
            if (1..=most).contains(&is) { Ok(is) } else { Err(wrong()) }
        };
        let sizes = Sizes {
            width: of("embedding_length", 1 << 20)?,
            layers: of("block_count", 1024)?,
            heads: of("attention.head_count", 1024)?,
            kv_heads: of("attention.head_count_kv", 1024)?,
            context: of("context_length", MOST_CONTEXT)?,
            vocabulary: self
                .texts("tokenizer.ggml.tokens")
                .filter(|tokens| *tokens > 0)
                .ok_or_else(|| Unfit::Lacks("its tokens".into()))?,
        };
        let even = |what: &str, is: u64, of: u64, by: u64| {
            let expected = format!("a divisor of {of}");
            let wrong = Unfit::Value { what: what.to_owned(), is: is.to_string(), expected };
            if of.is_multiple_of(by) { Ok(()) } else { Err(wrong) }
        };
        even("attention.head_count", sizes.heads, sizes.width, sizes.heads)?;
        even("attention.head_count_kv", sizes.kv_heads, sizes.heads, sizes.kv_heads)?;
        let head = sizes.width / sizes.heads;
        for key in ["attention.key_length", "attention.value_length", "rope.dimension_count"] {
            if let Some(is) = self.own_number(key).filter(|is| *is != head) {
                let expected = format!("{head}, the width of a head,");
                return Err(Unfit::Value { what: key.to_owned(), is: is.to_string(), expected });
            }
        }
        if !head.is_multiple_of(2) {
            let expected = "an even number".to_owned();
            return Err(Unfit::Value { what: "the width of a head".into(), is: head.to_string(), expected });
        }
        Ok(sizes)
    }

    fn tokenizer(&self, sizes: &Sizes) -> Result<(), Unfit> {
        let model = self.text("tokenizer.ggml.model").ok_or_else(|| Unfit::Lacks("which tokenizer it has".into()))?;
        if model != "gpt2" {
            return Err(Unfit::Tokenizer(short(model)));
        }
        if self.text("tokenizer.ggml.pre").is_none() {
            return Err(Unfit::Lacks("how its tokenizer takes a text apart".into()));
        }
        if self.texts("tokenizer.ggml.merges").is_none() {
            return Err(Unfit::Lacks("its tokenizer's merges".into()));
        }
        match self.metadata.get("tokenizer.ggml.token_type") {
            Some(crate::Value::List { length, texts: false }) if *length == sizes.vocabulary => {}
            _ => return Err(Unfit::Lacks("of each token of which kind it is".into())),
        }
        for (key, what) in [("bos", "first"), ("eos", "last")] {
            let number = self
                .number(&format!("tokenizer.ggml.{key}_token_id"))
                .ok_or_else(|| Unfit::Lacks(format!("which token is the {what} one")))?;
            if number >= sizes.vocabulary {
                let expected = format!("less than {}", sizes.vocabulary);
                return Err(Unfit::Value { what: format!("the {what} token"), is: number.to_string(), expected });
            }
        }
        Ok(())
    }

    fn layers(&self, sizes: &Sizes) -> Result<(), Unfit> {
        let inner = self
            .own_number("feed_forward_length")
            .filter(|inner| (1..=1 << 24).contains(inner))
            .ok_or_else(|| Unfit::Lacks("feed forward length".into()))?;
        let kv = sizes.width / sizes.heads * sizes.kv_heads;
        self.shaped("token_embd.weight", &[sizes.width, sizes.vocabulary])?;
        self.shaped("output_norm.weight", &[sizes.width])?;
        if self.tensors.contains_key("output.weight") {
            self.shaped("output.weight", &[sizes.width, sizes.vocabulary])?;
        }
        if self.tensors.contains_key("rope_freqs.weight") {
            self.shaped("rope_freqs.weight", &[sizes.width / sizes.heads / 2])?;
        }
        for layer in 0..sizes.layers {
            for (name, shape) in [
                ("attn_norm", &[sizes.width][..]),
                ("ffn_norm", &[sizes.width]),
                ("attn_q", &[sizes.width, sizes.width]),
                ("attn_k", &[sizes.width, kv]),
                ("attn_v", &[sizes.width, kv]),
                ("attn_output", &[sizes.width, sizes.width]),
                ("ffn_gate", &[sizes.width, inner]),
                ("ffn_up", &[sizes.width, inner]),
                ("ffn_down", &[inner, sizes.width]),
            ] {
                self.shaped(&format!("blk.{layer}.{name}.weight"), shape)?;
            }
            for (name, length) in [("attn_q", sizes.width), ("attn_k", kv), ("attn_v", kv)] {
                let name = format!("blk.{layer}.{name}.bias");
                if self.tensors.contains_key(&name) {
                    self.shaped(&name, &[length])?;
                }
            }
        }
        Ok(())
    }

    fn shaped(&self, name: &str, shape: &[u64]) -> Result<(), Unfit> {
        let Tensor { dimensions, .. } = self.tensors.get(name).ok_or_else(|| Unfit::NoTensor(name.to_owned()))?;
        let wrong = || Unfit::Value {
            what: format!("the shape of {name}"),
            is: format!("{dimensions:?}"),
            expected: format!("{shape:?}"),
        };
        if dimensions == shape { Ok(()) } else { Err(wrong()) }
    }
}

/// What a file says, for a sentence: no control characters, and not for ever.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
