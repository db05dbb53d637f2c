//! Paths of notes, and the texts that they stand on.
//! No path leaves its workspace; a file that is read is read with a limit.

use crate::notes::NoteError;
use crate::notes::find::{File, find};
use contract::{NoteAnchor, NotePlace};
use review::Lines;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Largest file of which lines are looked at, in bytes.
const LARGEST: u64 = 16 << 20;

/// Texts that somebody holds open, which count in place of what is on the disk.
pub trait Texts {
    /// The text of a file, by its absolute path.
    fn text(&self, file: &Path) -> Option<String>;
}

/// Nobody holds a text open.
#[derive(Debug, Clone, Copy)]
pub struct NoText;

impl Texts for NoText {
    fn text(&self, _file: &Path) -> Option<String> {
        None
    }
}

/// A file's path as a note keeps it: relative to the workspace, `/` between its parts. Links in front of the workspace are
/// followed where they must be; `None` is the workspace itself.
pub(crate) fn relative(root: &Path, file: &Path) -> Result<Option<String>, NoteError> {
    let outside = || NoteError::Outside { root: root.to_path_buf(), file: file.to_path_buf() };
    let absolute = if file.is_absolute() { file.to_path_buf() } else { root.join(file) };
    let plain = without_dots(&absolute);
    let real_root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
    let real = || std::fs::canonicalize(&absolute).ok();
    let below = |base: &Path, path: &Path| path.strip_prefix(base).map(Path::to_path_buf).ok();
    let path = below(root, &plain)
        .or_else(|| below(&real_root, &plain))
        .or_else(|| below(&real_root, &real()?))
        .ok_or_else(outside)?;
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let parts: Option<Vec<&str>> = path
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    match parts.map(|parts| parts.join("/")) {
        Some(path) if journal::is_inside(&path) => Ok(Some(path)),
        _ => Err(NoteError::OddPath { file: file.to_path_buf() }),
    }
}

/// `a/./b/../c` → `a/c`, without asking the disk.
fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

/// The text of a file of the workspace: the one that is held open, else the one on the disk.
pub(crate) fn text_of(file: &Path, texts: &dyn Texts) -> std::io::Result<String> {
    match texts.text(file) {
        Some(text) => Ok(text),
        None => host::read_small(file, LARGEST).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Takes down where a note is put. `lines`: the first one, zero-based, and how many.
pub(crate) fn anchor_at(
    root: &Path,
    file: Option<&Path>,
    lines: Option<(u32, u32)>,
    texts: &dyn Texts,
) -> Result<NoteAnchor, NoteError> {
    let Some(file) = file else { return Ok(NoteAnchor::default()) };
    let Some(path) = relative(root, file)? else { return Ok(NoteAnchor::default()) };
    let absolute = root.join(&path);
    let unreadable = |e: std::io::Error| NoteError::Unreadable { file: absolute.clone(), reason: e.to_string() };
    let Some((first, count)) = lines else {
        if texts.text(&absolute).is_none() {
            std::fs::metadata(&absolute).map_err(unreadable)?;
        }
        return Ok(NoteAnchor { path: Some(path), ..NoteAnchor::default() });
    };
    let text = text_of(&absolute, texts).map_err(unreadable)?;
    let lines = Lines::of(&text);
    lines.anchor(&path, first, count).ok_or_else(|| NoteError::NoSuchLine {
        file: absolute.clone(),
        count: lines.count(),
        line: u64::from(first) + u64::from(count),
    })
}

/// Finds places again; reads each file once.
pub(crate) struct Finder<'a> {
    root: &'a Path,
    texts: &'a dyn Texts,
    read: HashMap<String, Option<Arc<str>>>,
}

impl<'a> Finder<'a> {
    pub fn new(root: &'a Path, texts: &'a dyn Texts) -> Self {
        Self { root, texts, read: HashMap::new() }
    }

    pub fn find(&mut self, anchor: &NoteAnchor) -> NotePlace {
        let Some(path) = anchor.path.as_deref() else { return find(anchor, &File::Unread) };
        let file = self.root.join(path);
        if anchor.line.is_none() {
            let there = self.texts.text(&file).is_some() || file.symlink_metadata().is_ok();
            return find(anchor, if there { &File::Unread } else { &File::Gone });
        }
        let text = self.read.entry(path.to_owned()).or_insert_with(|| text_of(&file, self.texts).ok().map(Arc::from));
        match text {
            Some(text) => find(anchor, &File::Text(&Lines::of(text))),
            None if file.symlink_metadata().is_ok() => find(anchor, &File::Unread),
            None => find(anchor, &File::Gone),
        }
    }
}
