//! kalosm's engine on one file: loads it, keeps what was read of the last prompt, and gives one piece of an answer after the other.

use crate::file::Verified;
use crate::prompt::{Marks, pieces};
use candle_core::{Device, Tensor};
use contract::{ModelEnd, ModelMessage, ModelTold};
use kalosm_language_model::{CreateTextCompletionSession as _, GenerationParameters, TextCompletionModel as _};
use kalosm_llama::{Llama, LlamaSession, LlamaSource};
use kalosm_model_types::FileSource;
use std::collections::HashMap;
use std::future::Future;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Tokens that are left for an answer, or the prompt is too long.
const ANSWER: u64 = 16;

/// A model in memory.
pub(crate) struct Model {
    llama: Llama,
    runtime: Runtime,
    marks: Marks,
    tokens: u64,
    kept: Option<Kept>,
}

/// What was read of a prompt: its pieces, and how many tokens there were after each.
struct Kept {
    session: LlamaSession,
    pieces: Vec<String>,
    ends: Vec<usize>,
}

/// What is asked of it.
pub(crate) struct Question<'a> {
    pub messages: &'a [ModelMessage],
    pub max_tokens: u32,
    pub until: Instant,
    pub seed: u64,
    pub began: Instant,
}

/// Why an answer is not whole; the model is of no use after `Broken`.
pub(crate) enum Trouble {
    Refused(String, String),
    Broken(String),
}

/// How a step ended before its end.
enum Stopped {
    Cancelled,
    TimeLimit,
}

impl Model {
    /// Reads the file into memory.
    pub fn load(file: &Verified) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(2)
            .build()
            .map_err(|e| e.to_string())?;
        let source = LlamaSource::new(FileSource::local(file.path.clone()));
        let built = Llama::builder().with_source(source).with_device(Device::Cpu).build_with_loading_handler(|_| {});
        let llama = runtime.block_on(built).map_err(|e| e.to_string())?;
        let tokenizer = llama.tokenizer();
        let token = |which: &str| {
            let number = file.header.number(&format!("tokenizer.ggml.{which}_token_id"));
            number.and_then(|n| tokenizer.id_to_token(u32::try_from(n).ok()?)).unwrap_or_default()
        };
        let special = tokenizer.get_added_tokens_decoder().into_values().map(|added| added.content).collect();
        let marks = Marks {
            template: file.header.template().map(str::to_owned),
            bos: token("bos"),
            eos: token("eos"),
            special,
        };
        Ok(Model { llama, runtime, marks, tokens: file.tokens, kept: None })
    }

    /// Answers; hands on what it is doing and each piece as it comes.
    pub fn answer(
        &mut self,
        question: &Question<'_>,
        cancelled: &watch::Receiver<bool>,
        tell: &dyn Fn(ModelTold),
    ) -> Result<ModelTold, Trouble> {
        let text = self
            .marks
            .render(question.messages)
            .map_err(|why| Trouble::Refused(why, "use another model: `holdover model list`".into()))?;
        let pieces = pieces(&text);
        let mut lengths = Vec::new();
        for piece in &pieces {
            let encoded = self.llama.tokenizer().encode_fast(*piece, false);
            lengths.push(
                encoded
                    .map_err(|e| Trouble::Refused(format!("the prompt cannot be read: {e}"), "ask for less".into()))?
                    .len(),
            );
        }
        let total: usize = lengths.iter().sum();
        let room = self.tokens.saturating_sub(total as u64);
        if room < ANSWER || total == 0 {
            let what = format!(
                "the prompt has {total} tokens, and a conversation with this model has {} at most",
                self.tokens
            );
            return Err(Trouble::Refused(what, "select less, or use a model with a longer context".into()));
        }
        let most = question.max_tokens.min(u32::try_from(room).unwrap_or(u32::MAX));
        let (mut session, known) = self.begin(&pieces)?;
        let ends: Vec<usize> = lengths
            .iter()
            .scan(0, |sum, length| {
                *sum += length;
                Some(*sum)
            })
            .collect();
        let kept = known.checked_sub(1).map_or(0, |last| ends[last]);
        tell(ModelTold::Reading { tokens: total as u32, kept: kept as u32 });
        // Read but for the last piece, one at a time: between two it can be cancelled.
        let last = pieces.len() - 1;
        for at in known..last {
            let nothing = parameters(0, question.seed);
            let step = self.llama.stream_text_with_callback(&mut session, pieces[at], nothing, |_| Ok(()));
            match run(&self.runtime, step, question.until, cancelled.clone()) {
                Ok(Ok(())) => {}
                Ok(Err(e)) => return Err(Trouble::Broken(e.to_string())),
                Err(stopped) => {
                    self.keep(session, &pieces[..=at], &ends);
                    return Ok(ended(&stopped, 0, None, question.began));
                }
            }
        }
        let said = self.say(&mut session, pieces[last], most, question, cancelled, tell);
        self.keep(session, &pieces, &ends);
        said
    }

    /// The last piece, and then the answer.
    fn say(
        &self,
        session: &mut LlamaSession,
        piece: &str,
        most: u32,
        question: &Question<'_>,
        cancelled: &watch::Receiver<bool>,
        tell: &dyn Fn(ModelTold),
    ) -> Result<ModelTold, Trouble> {
        // The engine says its words on a thread of its own; here they are looked at and handed on, while it is waited for.
        let (words, heard) = mpsc::channel::<String>();
        let (done, over) = watch::channel(false);
        let stop = cancelled.clone();
        let (llama, runtime, until, seed) = (&self.llama, &self.runtime, question.until, question.seed);
        std::thread::scope(|scope| {
            let engine = scope.spawn(move || {
                let step = llama.stream_text_with_callback(session, piece, parameters(most, seed), move |text| {
                    // Nobody listens any more: the answer is over.
                    let _ = words.send(text);
                    Ok(())
                });
                run_until(runtime, step, until, stop, over)
            });
            let (mut tokens, mut first, mut marked) = (0, None, false);
            for text in heard {
                tokens += 1;
                first.get_or_insert_with(|| millis(question.began.elapsed()));
                if marked || *cancelled.borrow() {
                    continue;
                }
                let end = self.marks.end_in(&text);
                marked = end.is_some();
                let text = &text[..end.unwrap_or(text.len())];
                if !text.is_empty() {
                    tell(ModelTold::Text { text: text.to_owned() });
                }
                if marked {
                    done.send_replace(true);
                }
            }
            let outcome = engine.join().map_err(|_| Trouble::Broken("the engine broke off".into()))?;
            let end =
                |end| ModelTold::Ended { end, tokens, first_token: first, took: millis(question.began.elapsed()) };
            match outcome {
                _ if marked => Ok(end(ModelEnd::Stop)),
                Ok(Ok(())) if tokens >= most => Ok(end(ModelEnd::Length)),
                Ok(Ok(())) => Ok(end(ModelEnd::Stop)),
                Ok(Err(e)) => Err(Trouble::Broken(e.to_string())),
                Err(stopped) => Ok(ended(&stopped, tokens, first, question.began)),
            }
        })
    }

    /// A session that has read the pieces which the last prompt had too, and how many; never the last one, which the answer begins with.
    fn begin(&mut self, pieces: &[&str]) -> Result<(LlamaSession, usize), Trouble> {
        let broken = |e: candle_core::Error| Trouble::Broken(e.to_string());
        if let Some(kept) = self.kept.take() {
            let alike = kept.pieces.iter().zip(pieces).take_while(|(a, b)| a == *b).count().min(pieces.len() - 1);
            if alike > 0 {
                let session = first_tokens(&kept.session, kept.ends[alike - 1]).map_err(broken)?;
                return Ok((session, alike));
            }
        }
        let session = self.llama.new_session().map_err(|e| Trouble::Broken(e.to_string()))?;
        Ok((session, 0))
    }

    fn keep(&mut self, session: LlamaSession, pieces: &[&str], ends: &[usize]) {
        let pieces = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        self.kept = Some(Kept { session, pieces, ends: ends.to_vec() });
    }
}

/// A session with the first tokens of another.
fn first_tokens(session: &LlamaSession, tokens: usize) -> candle_core::Result<LlamaSession> {
    let mut cut: HashMap<String, Tensor> = HashMap::new();
    for (name, tensor) in session.get_tensor_map(&Device::Cpu) {
        let dimension = if name.starts_with("llama.cache.blocks.") { Some(2) } else { None };
        let dimension = if name == "llama.cache.tokens" { Some(0) } else { dimension };
        let tensor = match dimension {
            Some(dimension) => tensor.narrow(dimension, 0, tokens)?.contiguous()?,
            None => tensor,
        };
        cut.insert(name, tensor);
    }
    LlamaSession::from_tensor_map(cut)
}

/// Not the likeliest word each time, which small models repeat for ever, but not far from it.
fn parameters(most: u32, seed: u64) -> GenerationParameters {
    GenerationParameters::new().with_temperature(0.3).with_repetition_penalty(1.1).with_max_length(most).with_seed(seed)
}

fn run<T>(
    runtime: &Runtime,
    step: impl Future<Output = T>,
    until: Instant,
    cancelled: watch::Receiver<bool>,
) -> Result<T, Stopped> {
    let (_never, over) = watch::channel(false);
    run_until(runtime, step, until, cancelled, over)
}

/// Waits for a step, until its time is over or nobody wants it any more; the engine stops before its next token once it is dropped.
fn run_until<T>(
    runtime: &Runtime,
    step: impl Future<Output = T>,
    until: Instant,
    mut cancelled: watch::Receiver<bool>,
    mut over: watch::Receiver<bool>,
) -> Result<T, Stopped> {
    runtime.block_on(async {
        tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|yes| *yes) => Err(Stopped::Cancelled),
            Ok(_) = over.wait_for(|yes| *yes) => Err(Stopped::Cancelled),
            () = tokio::time::sleep_until(until.into()) => Err(Stopped::TimeLimit),
            result = step => Ok(result),
        }
    })
}

fn ended(stopped: &Stopped, tokens: u32, first_token: Option<u64>, began: Instant) -> ModelTold {
    let end = match stopped {
        Stopped::Cancelled => ModelEnd::Cancelled,
        Stopped::TimeLimit => ModelEnd::TimeLimit,
    };
    ModelTold::Ended { end, tokens, first_token, took: millis(began.elapsed()) }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
