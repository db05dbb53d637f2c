//! Asks a model about an explanation whose facts are there, and tells as its answer grows: made harmless each time, bounded in length, time and
//! in how often it is told. What it said is written down, and the same question is answered from that.

use super::{back_end, record, words};
use crate::{Engine, EngineError};
use contract::{Answer, Explanation, ExplanationState, ModelSaw};
use crossbeam_channel::{RecvTimeoutError, bounded};
use explain::backend::{Backend, End, Failure, Heard, Prompt, Role, Turn};
use explain::{Limits, MOST_ANSWER, Masker};
use host::Cancel;
use std::time::{Duration, Instant};

/// Least time between two tellings.
const APART: Duration = Duration::from_millis(100);
/// Pieces that wait to be looked at.
const WAITING: usize = 64;
/// How often it is looked whether somebody stopped it.
const LOOK: Duration = Duration::from_millis(20);
/// Longest that what is slow is waited for.
const SLOW: Duration = Duration::from_secs(5);
/// Turns that are kept for a follow-up question.
const MOST_TURNS: usize = 8;

impl Engine {
    /// Brings the rest of an explanation: facts that take longer, then the model's answer, from the record where the same was answered before and
    /// `again` is false. `told` hears of it as it grows, at most ten times a second. Blocks until the end; [`Engine::cancel_explanations`] and `cancel` stop it.
    pub fn explain_answer(
        &self,
        id: &str,
        again: bool,
        cancel: &Cancel,
        told: &mut dyn FnMut(&Explanation),
    ) -> Result<Explanation, EngineError> {
        let mut kept = self.inner.explanations.get(id)?;
        if kept.slow.is_some() && kept.take_slow(Instant::now() + SLOW) {
            self.keep(&mut kept.explanation, told);
        }
        let mut explanation = kept.explanation;
        let workspace =
            self.inner.workspace(&kept.root).ok_or_else(|| EngineError::NotOpen { root: kept.root.clone() })?;
        let waits = explanation.state == ExplanationState::Waiting;
        let mut backend = match waits.then(|| back_end::wanted(&self.inner, &workspace)).flatten() {
            Some(Ok(backend)) => backend,
            nobody => {
                explanation.state = ExplanationState::Facts;
                if let Some(Err(refused)) = nobody {
                    explanation.detail = refused.to_string().replace("\nhint: ", "; ");
                }
                self.inner.explanations.change(id, |known| known.slow = None);
                self.keep(&mut explanation, told);
                return Ok(explanation);
            }
        };
        let settings = workspace.loaded().settings.explain.clone();
        let limits = Limits {
            tokens: settings.max_tokens.unwrap_or(512).clamp(1, 8192),
            time: Duration::from_secs(settings.timeout_seconds.unwrap_or(120).clamp(1, 3600)),
        };
        let identity = backend.identity();
        let place = back_end::words(&identity.place);
        let (prompt, mut saw) = explain::prompt(&explanation, (&kept.text, kept.from), &kept.turns, limits);
        let key = explain::input_hash(&prompt, &identity.name, identity.hash.as_deref(), &place);
        saw.input_hash.clone_from(&key);
        explanation.saw = Some(saw.clone());
        let known = (!again).then(|| record::given(&self.inner, &kept.root, &key)).flatten();
        if known.is_none() {
            explanation.detail = format!("asking {} on {place}", identity.name);
            self.keep(&mut explanation, told);
        }
        let answer = known.or_else(|| {
            let new =
                Answer { model: identity.name, model_hash: identity.hash, place, at: host::now(), ..Answer::default() };
            let mut grows = Growing {
                answer: new,
                said: String::new(),
                last: None,
                began: Instant::now(),
                flood: false,
                untold: false,
            };
            self.asked(&mut *backend, &prompt, &saw, &mut explanation, &mut grows, (&kept.cancel, cancel), told)?;
            let mut answer = grows.answer;
            answer.event = record::write(&self.inner, &kept.root, &key, &explanation, &answer, &saw);
            Some(answer)
        });
        if answer.as_ref().is_some_and(|answer| answer.recorded) {
            explanation.state = ExplanationState::Done;
        }
        let turns = match &answer {
            Some(answer) if explanation.state == ExplanationState::Done => with_answer(&prompt, &answer.text),
            _ => kept.turns,
        };
        explanation.answer = answer;
        self.inner.explanations.change(id, |known| {
            known.slow = None;
            known.key = Some(key);
            known.turns = turns;
        });
        self.keep(&mut explanation, told);
        Ok(explanation)
    }

    /// Keeps what an explanation is now, and tells it.
    fn keep(&self, explanation: &mut Explanation, told: &mut dyn FnMut(&Explanation)) {
        explanation.text = words(explanation);
        self.inner.explanations.change(&explanation.id, |known| known.explanation = explanation.clone());
        told(explanation);
    }

    /// Asks; `None` where nothing was said. The explanation's state says how it ended.
    #[expect(clippy::too_many_arguments, reason = "one place, two ways to stop, and what grows")]
    fn asked(
        &self,
        backend: &mut dyn Backend,
        prompt: &Prompt,
        saw: &ModelSaw,
        explanation: &mut Explanation,
        grows: &mut Growing,
        (stop, cancel): (&Cancel, &Cancel),
        told: &mut dyn FnMut(&Explanation),
    ) -> Option<()> {
        let (sender, pieces) = bounded::<Piece>(WAITING);
        let ended = std::thread::scope(|scope| {
            let answers = scope.spawn(|| {
                let sender = sender;
                backend.answer(prompt, stop, &mut |heard| {
                    // Nobody takes it where a handler of ours panicked.
                    let _ = sender.send(match heard {
                        Heard::Text(text) => Piece::Text(text.to_owned()),
                        Heard::Standing(words) => Piece::Standing(words.to_owned()),
                    });
                })
            });
            loop {
                match pieces.recv_timeout(LOOK) {
                    Ok(Piece::Text(text)) => grows.take(&text),
                    Ok(Piece::Standing(words)) => {
                        explanation.detail = words;
                        grows.untold = true;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                // Stopping either of the two stops it, and so does a flood.
                if grows.flood || cancel.is_cancelled() {
                    stop.cancel();
                }
                if !stop.is_cancelled() && grows.is_due() {
                    // Until the first word it is said what is waited for.
                    if !grows.said.is_empty() {
                        explanation.state = ExplanationState::Answering;
                        explanation.answer = Some(grows.shown());
                    }
                    self.keep(explanation, told);
                }
            }
            let panicked = |_| Err(Failure { what: "the back end failed".to_owned(), next: "ask again".to_owned() });
            answers.join().unwrap_or_else(panicked)
        });
        explanation.detail.clear();
        crate::models::look(&self.inner);
        grows.answer = grows.shown();
        let silent = grows.answer.text.is_empty() && grows.answer.commands.is_empty();
        // A model's hash may be known only now.
        grows.answer.model_hash = backend.identity().hash.or(grows.answer.model_hash.take());
        grows.answer.doubts = explain::doubts(&grows.answer.text, &saw.context, saw.lines);
        match ended {
            Ok(ended) => {
                grows.answer.tokens = ended.tokens;
                grows.answer.first_token_ms = ended.first_token.map(millis);
                grows.answer.took_ms = millis(ended.took);
                let word = if grows.flood { "flood" } else { word(ended.end) };
                word.clone_into(&mut grows.answer.ended);
                explanation.state = match ended.end {
                    End::Cancelled if !grows.flood => ExplanationState::Cancelled,
                    _ if silent => {
                        "the model said nothing; ask again, or look at its own log".clone_into(&mut explanation.detail);
                        ExplanationState::Failed
                    }
                    _ => ExplanationState::Done,
                };
            }
            Err(failure) => {
                "failed".clone_into(&mut grows.answer.ended);
                grows.answer.took_ms = millis(grows.began.elapsed());
                explanation.state = ExplanationState::Failed;
                explanation.detail = format!("{}; {}", failure.what, failure.next);
            }
        }
        (!silent).then_some(())
    }
}

/// What came from a back end.
enum Piece {
    Text(String),
    Standing(String),
}

/// An answer on its way.
struct Growing {
    answer: Answer,
    said: String,
    last: Option<Instant>,
    began: Instant,
    flood: bool,
    untold: bool,
}

impl Growing {
    fn take(&mut self, piece: &str) {
        if self.said.len() < MOST_ANSWER {
            self.said.push_str(piece);
            self.untold = true;
        }
        self.flood |= self.said.len() >= MOST_ANSWER;
    }

    /// Whether there is something to tell, and the last telling is long enough ago.
    fn is_due(&mut self) -> bool {
        let due = self.untold && self.last.is_none_or(|last| last.elapsed() >= APART);
        if due {
            (self.last, self.untold) = (Some(Instant::now()), false);
        }
        due
    }

    /// What was said so far, as it may be shown: secrets that a model repeats are masked too.
    fn shown(&self) -> Answer {
        let mut masker = Masker::default();
        let masked = explain::mask(&self.said, &mut masker);
        let mut filtered = explain::filter(&masked);
        let secrets: u32 = masker.found().iter().map(|one| one.count).sum();
        if secrets > 0 {
            filtered.notes.push(format!("{secrets} secrets masked"));
        }
        Answer {
            text: filtered.text,
            commands: filtered.commands.iter().map(|command| explain::classed(command)).collect(),
            filtered: filtered.notes,
            ..self.answer.clone()
        }
    }
}

/// Why an answer ended, in a word.
pub(crate) fn word(end: End) -> &'static str {
    match end {
        End::Stop => "stop",
        End::Length => "length",
        End::TimeLimit => "time-limit",
        End::Cancelled => "cancelled",
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The turns of a question with its answer, for the next question; the first stays, since it holds the lines.
fn with_answer(prompt: &Prompt, answer: &str) -> Vec<Turn> {
    let mut turns = prompt.turns.clone();
    turns.push(Turn { role: Role::Assistant, text: answer.to_owned() });
    while turns.len() > MOST_TURNS {
        turns.drain(1..3);
    }
    turns
}
