//! What git and Git LFS are told: where objects are kept, and which are left out. The nearest counts.
//! Files that settings include are not followed.

use super::LARGEST;
use crate::ecosystem::Ask;
use crate::git::config::{self, Settings};
use crate::git::repository::{Objects, Repository};
use crate::git::user::{files, folder};
use crate::git::wildmatch::Pattern;
use crate::look::Unread;
use std::path::{Path, PathBuf};

/// As far as it matters here.
pub(super) struct Told {
    /// Where objects are looked for: its own folder, then those of repositories that it borrows from.
    pub folders: Vec<PathBuf>,
    /// None: all.
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    pub doubts: Vec<String>,
    /// What the user and the system say of attributes, the weakest first.
    pub attributes: Vec<PathBuf>,
}

pub(super) fn read(
    top: &Path,
    repository: &Repository,
    objects: &Objects,
    lfsconfig: Option<String>,
    ask: &Ask<'_>,
) -> Told {
    let mut doubts = Vec::new();
    // git's own count before those of the working tree, of which only some are taken.
    let mut all: Vec<Settings> = Vec::new();
    let mut take = |path: &Path, text: Result<String, Unread>| match text {
        Ok(text) => {
            let settings = config::read(&text);
            if settings.broken.is_some() {
                doubts.push(format!("git does not read these settings: {}", path.display()));
            }
            all.push(settings);
        }
        Err(Unread::Absent) => {}
        Err(why) => doubts.push(format!("{}: {why}", path.display())),
    };
    let path = top.join(".lfsconfig");
    match (ask.look.text(&path, LARGEST), lfsconfig) {
        (Err(Unread::Absent), Some(text)) => take(&path, Ok(text)),
        (text, _) => take(&path, text),
    }
    for path in files(ask) {
        take(&path, ask.look.text(&path, LARGEST));
    }
    let weak = all.iter().rev();
    let said = |key: &str, safe: bool| {
        let own = repository.settings.last("lfs", None, key);
        let skip = if safe { 0 } else { usize::from(ask.look.text(&path, LARGEST).is_ok()) };
        let others = weak.clone().take(all.len() - skip);
        own.or_else(|| others.clone().find_map(|settings| settings.last("lfs", None, key))).map(str::to_owned)
    };
    let patterns = |key: &str| -> Vec<Pattern> {
        let text = said(key, true).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| Pattern::new(part.trim_end_matches('/'))).collect()
    };
    let storage = said("storage", false).filter(|storage| !storage.is_empty()).unwrap_or_else(|| "lfs".to_owned());
    let mut folders = vec![repository.common.join(storage).join("objects")];
    folders.extend(objects.borrowed().filter_map(|other| Some(other.parent()?.join("lfs/objects"))));
    let mut attributes = Vec::new();
    if ask.options.homes.variable("GIT_ATTR_NOSYSTEM").and_then(config::truth) != Some(true) {
        attributes.push(PathBuf::from("/etc/gitattributes"));
    }
    let file = |settings: &Settings| settings.last("core", None, "attributesfile").map(str::to_owned);
    let file = file(&repository.settings).or_else(|| all.iter().rev().find_map(file));
    attributes.push(match file {
        Some(path) => match path.strip_prefix("~/") {
            Some(below) => ask.options.homes.home.join(below),
            None => PathBuf::from(path),
        },
        None => folder(ask).join("attributes"),
    });
    Told { folders, include: patterns("fetchinclude"), exclude: patterns("fetchexclude"), doubts, attributes }
}

impl Told {
    /// Which setting leaves a file out, if one does.
    pub(super) fn leaves_out(&self, path: &str) -> Option<&'static str> {
        if !self.include.is_empty() && !self.include.iter().any(|pattern| pattern.is_at_or_above(path)) {
            return Some("lfs.fetchinclude leaves it out");
        }
        let out = self.exclude.iter().any(|pattern| pattern.is_at_or_above(path));
        out.then_some("lfs.fetchexclude leaves it out")
    }
}
