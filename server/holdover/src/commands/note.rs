//! `holdover note`: writes notes and prints them.

use super::{Failure, engine, failed, open_root, warn_of_journal};
use crate::End;
use crate::args::{Note as Command, Place};
use crate::out::Out;
use contract::{Note, NoteDraft, NoteReport};
use engine::{Engine, EngineError, NewNote, NoText, Which};
use owo_colors::OwoColorize as _;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

/// Characters of an id's end that a list shows.
const SHOWN: usize = 8;
/// Bytes that are read from standard input: more than a note may have, so that what is too long is said so.
const LONGEST: u64 = 1 << 20;

pub(crate) fn run(command: &Command, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let end = match command {
        Command::Add { place, message, shared, draft } => {
            let file = place.as_ref().map(|place| here(&place.file)).transpose()?;
            let root = root(&engine, file.as_deref().unwrap_or(Path::new(".")), out);
            let lines = place.as_ref().and_then(Place::lines);
            let recovered = draft.as_deref().map(|id| draft_of(&engine, &root, id)).transpose()?;
            let body = body(message.as_deref(), recovered.as_ref().map_or("", |draft| draft.body.as_str()))?;
            let note = match &recovered {
                Some(NoteDraft { id, note: Some(note), pred, .. }) => {
                    let pred = Some(pred.clone()).filter(|pred| !pred.is_empty());
                    engine.note_edit(&root, note, &body, pred, id.parse().ok(), &NoText)
                }
                Some(draft) => {
                    let anchor = place.is_none().then(|| draft.anchor.clone());
                    let (shared, draft) = (*shared || draft.shared, draft.id.parse().ok());
                    engine.note_add(&root, NewNote { body, shared, file, lines, anchor, draft }, &NoText)
                }
                None => engine.note_add(
                    &root,
                    NewNote { body, shared: *shared, file, lines, ..NewNote::default() },
                    &NoText,
                ),
            };
            told(&note.map_err(|e| failed(&e))?, "noted", out)
        }
        Command::List { path, shared, personal, author, text, removed } => {
            let file = here(path)?;
            let root = root(&engine, &file, out);
            let which = Which {
                file: Some(file),
                shared: shared.then_some(true).or(personal.then_some(false)),
                author: author.clone(),
                text: text.clone(),
                removed: *removed,
            };
            list(&engine.notes(&root, &which, &NoText).map_err(|e| failed(&e))?, out)
        }
        Command::Show { id, workspace } => {
            let root = root(&engine, &here(workspace)?, out);
            let note = engine.note(&root, id, &NoText).map_err(|e| failed(&e))?;
            out.document(&note);
            if !out.json {
                out.line(engine::note_text(&note).trim_end());
            }
            End::Yes
        }
        Command::Edit { id, message, workspace } => {
            let root = root(&engine, &here(workspace)?, out);
            let before = engine.note(&root, id, &NoText).map_err(|e| failed(&e))?;
            let body = body(message.as_deref(), &engine::note_to_edit(&before))?;
            // What its writer saw is replaced, and nothing that came meanwhile.
            let pred = before.versions.iter().flat_map(|version| version.ops.iter().cloned()).collect();
            let note = engine.note_edit(&root, &before.id, &body, Some(pred), None, &NoText);
            told(&note.map_err(|e| failed(&e))?, "changed", out)
        }
        Command::Move { id, place } => {
            let file = here(&place.file)?;
            let root = root(&engine, &file, out);
            let note = engine.note_move(&root, id, Some(&file), place.lines(), &NoText);
            told(&note.map_err(|e| failed(&e))?, "moved", out)
        }
        Command::Remove { id, workspace } => {
            let root = root(&engine, &here(workspace)?, out);
            match engine.note_remove(&root, id, None, &NoText) {
                Ok(note) => told(&note, "removed", out),
                Err(missing @ EngineError::Note(engine::NoteError::NoSuchNote { .. })) => {
                    // A draft is named in the same list, and thrown away by the same word.
                    let Ok(draft) = draft_of(&engine, &root, id) else { return Err(failed(&missing)) };
                    let end = draft.id.parse().map_or(Ok(()), |id| engine.note_draft_end(&root, id));
                    end.map_err(|e| failed(&e))?;
                    out.document(&draft);
                    out.line(format!("discarded: {}", draft.title));
                    End::Yes
                }
                Err(e) => return Err(failed(&e)),
            }
        }
    };
    warn_of_journal(&engine, out);
    engine.shutdown();
    Ok(end)
}

/// A path from the folder that the command was called in.
pub(super) fn here(path: &Path) -> Result<PathBuf, Failure> {
    let absolute = std::path::absolute(path);
    absolute.map_err(|e| Failure::usage(format!("this is no path: {}: {e}", path.display())))
}

pub(super) fn root(engine: &Engine, path: &Path, out: &Out) -> PathBuf {
    open_root(engine, host::workspace_of(path), out)
}

/// The draft whose id this is, or ends so.
fn draft_of(engine: &Engine, root: &Path, id: &str) -> Result<NoteDraft, Failure> {
    let drafts = engine.note_drafts(root).map_err(|e| failed(&e))?;
    let given = id.trim().to_uppercase();
    let mut matching = drafts.into_iter().filter(|draft| given.len() >= 4 && draft.id.ends_with(&given));
    match (matching.next(), matching.next()) {
        (Some(draft), None) => Ok(draft),
        (None, _) => Err(Failure::usage(format!("there is no draft `{id}`\nhint: `holdover note list` names them"))),
        _ => Err(Failure::usage(format!("several drafts have ids that end in `{id}`\nhint: give more of the id"))),
    }
}

/// The text: from the command line, from standard input, or from the user's editor, which begins with `before`.
pub(super) fn body(message: Option<&str>, before: &str) -> Result<String, Failure> {
    if let Some(message) = message {
        return Ok(message.to_owned());
    }
    let mut stdin = std::io::stdin().lock();
    if !stdin.is_terminal() {
        let mut bytes = Vec::new();
        let read = stdin.by_ref().take(LONGEST).read_to_end(&mut bytes);
        read.map_err(|e| Failure::usage(format!("standard input could not be read: {e}")))?;
        return String::from_utf8(bytes).map_err(|e| Failure::usage(format!("standard input is not UTF-8: {e}")));
    }
    drop(stdin);
    host::edited(before, "note.md").map_err(|e| Failure::usage(e.to_string()))
}

pub(super) fn short(id: &str) -> &str {
    &id[id.len().saturating_sub(SHOWN)..]
}

/// What was done, in one line.
fn told(note: &Note, what: &str, out: &Out) -> End {
    out.document(note);
    out.line(format!("{what}: {} {}, {}", short(&note.id), note.place.text, note.about));
    End::Yes
}

fn list(report: &NoteReport, out: &Out) -> End {
    out.document(report);
    if out.json {
        return End::Yes;
    }
    for note in &report.notes {
        let remark = if note.place.remark.is_empty() { String::new() } else { format!(" ({})", note.place.remark) };
        out.line(format!("{}  {}{remark}  {}", short(&note.id).yellow(), note.place.text, note.title.bold()));
        out.detail(format!("          {}", note.about).dimmed().to_string());
    }
    for draft in &report.drafts {
        out.line(format!("{}  {}  {}", short(&draft.id).yellow(), draft.place.text, draft.title.bold()));
        out.detail(format!("          {}", draft.about).dimmed().to_string());
    }
    if report.notes.is_empty() && report.drafts.is_empty() {
        out.detail("there are no such notes");
    }
    End::Yes
}
