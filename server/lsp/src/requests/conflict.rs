//! `holdover/conflict`: what each choice would leave of one conflict of an open document, or of a record, before one is taken; and
//! the texts of `holdover:/conflict/…` documents, one for each choice. Applies nothing.

use super::Request;
use super::lockfile::{self, Tool};
use crate::commands;
use crate::event::{Reply, error};
use crate::state::State;
use conflict::{Conflicts, Offer, Region};
use contract::ConflictPreview;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str};
use ropey::Rope;
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use tower_lsp::jsonrpc::{ErrorCode, Result};
use tower_lsp::ls_types::Uri;

#[derive(Debug, Deserialize)]
pub(crate) struct Params {
    /// The document's address.
    uri: Option<String>,
    /// Zero-based; any line of the conflict.
    line: Option<usize>,
    /// In place of both: the id of a record whose versions stand beside each other.
    record: Option<String>,
    /// The record's workspace; the first where it is not said.
    workspace: Option<String>,
}

pub(crate) struct Conflict;

impl Request for Conflict {
    type Params = Params;
    type Answer = ConflictPreview;

    fn run(state: &mut State, params: Params, reply: Reply<ConflictPreview>) {
        if let Some(record) = params.record {
            return match Recorded::find(state, record, params.workspace.as_deref()) {
                Err(problem) => reply.send(Err(problem)),
                Ok(recorded) => state.answer_later(reply, move |_| recorded.preview()),
            };
        }
        let (Some(uri), Some(line)) = (params.uri, params.line) else {
            return reply.send(Err(error(ErrorCode::InvalidParams, "a `uri` and a `line` are needed, or a `record`")));
        };
        let at_line = |_: &Rope, conflicts: &Conflicts| {
            let region = conflicts.at_line(line).cloned();
            region.ok_or_else(|| modified("there is no conflict on this line"))
        };
        match Here::find(state, &uri, at_line) {
            Err(problem) => reply.send(Err(problem)),
            Ok(here) => {
                let tool = Tool::of(state, here.path.as_deref());
                state.answer_later(reply, move |cancel| {
                    let file = here.path.as_deref();
                    let mut preview = here.look().preview(cancel);
                    let merge =
                        tool.zip(file).and_then(|(tool, file)| tool.merge(file, &here.text, &here.conflicts, cancel));
                    if let Some(merge) = merge {
                        engine::add_lockfile(&mut preview, &here.text, &merge, &lockfile::fingerprint(&merge));
                    }
                    preview.version = here.version;
                    for choice in &mut preview.choices {
                        choice.data["uri"] = json!(uri);
                    }
                    preview.uri = uri;
                    Ok(preview)
                });
            }
        }
    }
}

/// The text of `holdover:/conflict/CHOICE/NAME?uri=…&fingerprint=…&id=…&until=…`: the document as it is now with that choice
/// in place of the conflict; of `…?record=…&workspace=…&fingerprint=…`: what that choice leaves of the record. `None` where the address
/// is not of that shape.
pub(crate) fn text(state: &mut State, path: &str, query: &str) -> Option<Result<Text>> {
    let choice = path.split('/').next()?.to_owned();
    let fields = fields(query)?;
    if let Some(record) = fields.get("record") {
        let seen = fields.get("fingerprint")?.clone();
        let recorded = Recorded::find(state, record.clone(), fields.get("workspace").map(String::as_str));
        return Some(recorded.map(|recorded| -> Text { Box::new(move |_| recorded.text(&choice, &seen)) }));
    }
    let number = |name: &str| fields.get(name)?.parse::<u64>().ok();
    let offer = Offer { fingerprint: fields.get("fingerprint")?.clone(), id: number("id")?, until: number("until")? };
    let find = |text: &Rope, conflicts: &Conflicts| {
        let found = offer.find(text, conflicts).cloned();
        found.map_err(|_| modified("the conflict has changed since this was shown: look at it anew"))
    };
    let here = match Here::find(state, fields.get("uri")?, find) {
        Ok(here) => here,
        Err(problem) => return Some(Err(problem)),
    };
    let tool = Tool::of(state, here.path.as_deref()).filter(|_| choice == "merge");
    Some(Ok(Box::new(move |cancel: &host::Cancel| {
        let file = here.path.as_deref();
        let merge = tool.zip(file).and_then(|(tool, file)| tool.merge(file, &here.text, &here.conflicts, cancel));
        if let Some(merge) = merge.filter(|merge| merge.problem.is_none()) {
            return Ok(merge.text);
        }
        let found = here.look().text_with(&choice, cancel);
        found.ok_or_else(|| error(ErrorCode::InvalidParams, format!("this conflict has no such choice: {choice}")))
    })))
}

/// Makes a text, away from the thread that answers.
pub(crate) type Text = Box<dyn FnOnce(&host::Cancel) -> Result<String> + Send>;

/// A record that may have a conflict.
struct Recorded {
    engine: engine::Engine,
    root: PathBuf,
    record: String,
}

impl Recorded {
    fn find(state: &State, record: String, workspace: Option<&str>) -> Result<Self> {
        Ok(Self { engine: commands::engine(state)?, root: commands::root(state, workspace)?, record })
    }

    fn preview(&self) -> Result<ConflictPreview> {
        let found = self.engine.record_preview(&self.root, &self.record);
        let mut preview = found.map_err(|problem| commands::failed(&problem))?;
        let root = percent_encoding::utf8_percent_encode(&self.root.to_string_lossy(), NON_ALPHANUMERIC).to_string();
        let id = preview.record.as_ref().map_or(&*self.record, |record| &*record.entity);
        preview.uri = format!("holdover:/record/{id}.md?workspace={root}");
        Ok(preview)
    }

    fn text(&self, choice: &str, seen: &str) -> Result<String> {
        let found = self.engine.record_text(&self.root, &self.record, choice, seen);
        found.map_err(|problem| commands::failed_or_modified(&problem))
    }
}

/// The fields of a query. Some editors encode the whole query, its `=` and `&` included, once more.
fn fields(query: &str) -> Option<HashMap<String, String>> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
    let query = if query.contains('=') { query.to_owned() } else { decode(query)? };
    query
        .split('&')
        .map(|field| field.split_once('=').and_then(|(name, value)| Some((name.to_owned(), decode(value)?))))
        .collect()
}

/// One conflict of an open document, as it stands.
struct Here {
    path: Option<PathBuf>,
    text: Rope,
    version: i32,
    conflicts: Conflicts,
    region: Region,
    suggester: engine::Suggester,
    /// What remembers, and the workspace that it remembers for.
    memory: Option<(engine::Engine, PathBuf)>,
}

impl Here {
    fn look(&self) -> engine::ConflictLook<'_> {
        engine::ConflictLook {
            file: self.path.as_deref(),
            text: &self.text,
            conflicts: &self.conflicts,
            region: &self.region,
            suggester: &self.suggester,
            memory: self.memory.as_ref().map(|(engine, root)| (engine, root.as_path())),
        }
    }

    fn find(state: &mut State, uri: &str, which: impl FnOnce(&Rope, &Conflicts) -> Result<Region>) -> Result<Self> {
        let parsed = uri.parse::<Uri>().ok();
        let document = parsed.as_ref().and_then(|uri| state.documents.get_mut(uri));
        let document = document.ok_or_else(|| modified("the document is not open any more"))?;
        let (path, version) = (document.path.clone(), document.version);
        let (text, conflicts) = document.parts();
        let region = which(text, conflicts)?;
        let (text, conflicts) = (text.clone(), conflicts.clone());
        let root = path.as_deref().and_then(|path| state.root_of(path));
        let memory = state.engine.clone().zip(root);
        Ok(Self { path, text, version, conflicts, region, suggester: state.suggester.clone(), memory })
    }
}

fn modified(why: &str) -> tower_lsp::jsonrpc::Error {
    error(ErrorCode::ContentModified, why)
}
