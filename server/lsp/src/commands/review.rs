//! `holdover.review.*`: reviews and their threads, as the command line's twins do it. Texts of open documents count in place of what is
//! on the disk.

use super::note::OpenTexts;
use super::{Call, failed, json_of};
use crate::event::error;
use crate::from_proto;
use crate::state::State;
use contract::{ReviewSide, VerdictKind};
use engine::{Answer, DraftId, Engine, NewThread, On, Texts as _};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use tower_lsp::jsonrpc::{ErrorCode, Result};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    /// Path or address; the one that `file` lies in, else the first, where it is not named.
    workspace: Option<String>,
    /// A review's id, or the end of it; the only one where it is not named.
    review: Option<String>,
    /// What to begin: a range, a branch, a commit.
    range: Option<String>,
    title: Option<String>,
    /// Path or address of an open document that a thread is put on, or whose threads are wanted.
    file: Option<String>,
    /// The same by its path in the revision, with `side`.
    path: Option<String>,
    side: ReviewSide,
    /// First line, zero-based, and how many.
    line: Option<u32>,
    lines: Option<u32>,
    body: String,
    /// A thread's id or a comment's, or the end of one.
    id: Option<String>,
    /// The operations that an edit replaces: those of the versions that were seen.
    pred: Option<Vec<String>>,
    verdict: Option<VerdictKind>,
    /// A draft's id; it ends with this.
    draft: Option<String>,
    /// The commit that was looked at.
    head: Option<String>,
}

impl Fields {
    fn id(&self) -> Result<&str> {
        self.id
            .as_deref()
            .ok_or_else(|| error(ErrorCode::InvalidParams, "`id` is missing: the thread's or comment's id"))
    }
}

impl Fields {
    fn draft(&self) -> Result<Option<DraftId>> {
        let parsed = self.draft.as_deref().map(str::parse).transpose();
        parsed.map_err(|_| error(ErrorCode::InvalidParams, "a draft's id is a ULID"))
    }
}

/// Which of the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    List,
    Start,
    Show,
    Text,
    Threads,
    Comment,
    Reply,
    Edit,
    Retract,
    Resolve,
    Reopen,
    Verdict,
    Apply,
}

/// By the last word of the command's name.
const ACTS: [(&str, Act); 13] = [
    ("list", Act::List),
    ("start", Act::Start),
    ("show", Act::Show),
    ("text", Act::Text),
    ("threads", Act::Threads),
    ("comment", Act::Comment),
    ("reply", Act::Reply),
    ("edit", Act::Edit),
    ("retract", Act::Retract),
    ("resolve", Act::Resolve),
    ("reopen", Act::Reopen),
    ("verdict", Act::Verdict),
    ("apply", Act::Apply),
];

/// The command of a name.
pub(super) fn act(name: &str) -> Option<Act> {
    let word = name.strip_prefix("holdover.review.")?;
    ACTS.iter().find(|(known, _)| *known == word).map(|(_, act)| *act)
}

pub(super) fn run(state: &mut State, call: Call, act: Act) {
    let Some((fields, call)) = call.fields::<Fields>() else { return };
    let named = fields.workspace.as_deref().or(fields.file.as_deref());
    let Some((root, engine, call)) = call.place(state, named) else { return };
    let file = fields.file.as_deref().and_then(from_proto::path_or_uri).map(|path| state.spelled(&path));
    let texts = OpenTexts::of(state);
    state.answer_later(call.reply, move |_| {
        let on_file = || -> Result<(String, Option<String>)> {
            let file = file.as_ref().ok_or_else(|| error(ErrorCode::InvalidParams, "`file` or `path` is missing"))?;
            let path = engine.review_path(&root, file).map_err(|e| failed(&e))?;
            Ok((path, texts.text(file)))
        };
        let answered = |answer| {
            let thread = engine.review_answer(&root, fields.id()?, answer, fields.draft()?);
            thread.map_err(|e| failed(&e)).and_then(|thread| json_of(&thread))
        };
        let answer = match act {
            Act::List => engine.reviews(&root).map_err(|e| failed(&e)).and_then(|report| json_of(&report)),
            Act::Start => {
                let range = fields.range.as_deref().unwrap_or("HEAD");
                let review = engine.review_start(&root, range, fields.title.as_deref());
                review.map_err(|e| failed(&e)).and_then(|review| json_of(&review))
            }
            Act::Show => {
                let review = engine.review(&root, fields.review.as_deref());
                review.map_err(|e| failed(&e)).and_then(|review| json_of(&review))
            }
            Act::Text => text(&engine, &root, &fields),
            Act::Threads => {
                let (path, text) = on_file()?;
                let file = root.join(path);
                let text = text.or_else(|| std::fs::read_to_string(&file).ok()).unwrap_or_default();
                json_of(&engine.thread_report(&file, &text))
            }
            Act::Comment => {
                let lines = fields.line.map(|line| (line, fields.lines.unwrap_or(1)));
                let on = match &fields.path {
                    Some(path) => On::File { path: path.clone(), side: fields.side, lines, text: None },
                    None if file.is_none() => On::Review,
                    None => {
                        let (path, text) = on_file()?;
                        On::File { path, side: ReviewSide::New, lines, text }
                    }
                };
                let (body, draft) = (fields.body.clone(), fields.draft()?);
                let new = NewThread { review: fields.review.clone(), on, body, draft };
                engine.review_comment(&root, new).map_err(|e| failed(&e)).and_then(|thread| json_of(&thread))
            }
            Act::Reply => answered(Answer::Reply(fields.body.clone())),
            Act::Edit => answered(Answer::Edit(fields.body.clone(), fields.pred.clone())),
            Act::Retract => answered(Answer::Retract),
            Act::Resolve => answered(Answer::Resolve),
            Act::Reopen => answered(Answer::Reopen),
            Act::Verdict => {
                let verdict = fields.verdict.ok_or_else(|| error(ErrorCode::InvalidParams, "`verdict` is missing"))?;
                let words = Some(fields.body.as_str()).filter(|body| !body.trim().is_empty());
                let (id, head) = (fields.review.as_deref(), fields.head.as_deref());
                let review = engine.review_verdict(&root, id, verdict, words, head);
                review.map_err(|e| failed(&e)).and_then(|review| json_of(&review))
            }
            Act::Apply => {
                let edit = engine.review_suggestion(&root, fields.id()?, &texts);
                edit.map_err(|e| failed(&e)).and_then(|edit| json_of(&edit))
            }
        };
        answer.map(Some)
    });
}

/// The text of one side of a file, for a comparison.
fn text(engine: &Engine, root: &Path, fields: &Fields) -> Result<Value> {
    let missing = |what: &str| error(ErrorCode::InvalidParams, format!("`{what}` is missing"));
    let review = fields.review.as_deref().ok_or_else(|| missing("review"))?;
    let path = fields.path.as_deref().ok_or_else(|| missing("path"))?;
    let text = engine.review_text(root, review, fields.side, path).map_err(|e| failed(&e))?;
    Ok(json!({ "text": text }))
}
