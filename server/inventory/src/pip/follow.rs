//! Follows what a requirements file includes, and gathers all that it asks for, each with the place that brings it in.
//! May not read a file outside the project, nor one that includes itself.

use super::requirements::{self, Entry, Requirements, What};
use crate::ecosystem::Ask;
use crate::look::{Seen, Unread};
use crate::members::clean;
use crate::verify::Sum;
use std::ops::Range as Span;
use std::path::{Path, PathBuf};

/// Larger files are not read, in bytes.
pub(crate) const LARGEST: u64 = 32 << 20;
/// More files, counted each time that they are included, are not read.
const MOST: usize = 1_000;
/// Files that include each other deeper than this are not followed.
const DEEPEST: usize = 64;

/// Everything that one requirements file comes to.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// In pip's order.
    pub packages: Vec<Package>,
    /// What constraints say.
    pub constraints: Vec<Package>,
    /// Folders, files and addresses as they are written, with the folder of the file that says so.
    pub find_links: Vec<(String, PathBuf)>,
    pub no_index: bool,
    pub require_hashes: bool,
    pub pre_releases: bool,
    pub prefer_binary: bool,
    pub registries: Vec<String>,
    /// Included files with their texts, in order.
    pub files: Vec<(PathBuf, String)>,
    pub doubts: Vec<String>,
    pub refused: Vec<String>,
}

/// One that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub text: String,
    pub sums: Vec<Sum>,
    pub editable: bool,
    /// The file that names it; none: the requirements file itself.
    pub file: Option<PathBuf>,
    pub span: Span<usize>,
    /// Where the requirements file names it, or includes the file that does.
    pub own: Span<usize>,
}

/// Follows a text that stands in `lockfile`.
pub(super) fn follow(lockfile: &Path, read: Requirements, ask: &Ask<'_>) -> Asked {
    let folder = lockfile.parent().unwrap_or(lockfile);
    let mut walk = Walk { ask, root: project(folder, ask), asked: Asked::default(), read: 0 };
    let at = At { file: lockfile, own: None, constraint: false, above: &[] };
    walk.entries(read, &at);
    walk.asked
}

/// The folder that included files may lie in: of the repository, or of the settings; else the file's own.
pub(super) fn project(folder: &Path, ask: &Ask<'_>) -> PathBuf {
    let marked = |at: &&Path| [".git", "holdover.toml"].iter().any(|name| ask.look.at(&at.join(name)) != Seen::Absent);
    folder.ancestors().find(marked).unwrap_or(folder).to_path_buf()
}

struct Walk<'a> {
    ask: &'a Ask<'a>,
    root: PathBuf,
    asked: Asked,
    read: usize,
}

struct At<'a> {
    file: &'a Path,
    /// Where the first file includes this one.
    own: Option<Span<usize>>,
    constraint: bool,
    above: &'a [PathBuf],
}

impl Walk<'_> {
    fn entries(&mut self, read: Requirements, at: &At<'_>) {
        let folder = at.file.parent().unwrap_or(at.file).to_path_buf();
        for Entry { what, span } in read.entries {
            let own = at.own.clone().unwrap_or_else(|| span.clone());
            match what {
                What::Package { text, sums, editable } => {
                    let file = at.own.is_some().then(|| at.file.to_path_buf());
                    let package = Package { text, sums, editable, file, span, own };
                    if at.constraint { &mut self.asked.constraints } else { &mut self.asked.packages }.push(package);
                }
                What::Include(path) => self.include(&path, own, false, at),
                What::Constraints(path) => self.include(&path, own, true, at),
                What::FindLinks(place) => self.asked.find_links.push((place, folder.clone())),
                What::NoIndex => self.asked.no_index = true,
                What::Index(address) => self.asked.registries.push(address),
                What::RequireHashes => self.asked.require_hashes = true,
                What::PreReleases => self.asked.pre_releases = true,
                What::PreferBinary => self.asked.prefer_binary = true,
                What::Other(name) => self.asked.doubts.push(format!("{name} is not followed")),
                What::Nothing => {}
            }
        }
    }

    fn include(&mut self, path: &str, own: Span<usize>, constraint: bool, at: &At<'_>) {
        let lower = path.to_ascii_lowercase();
        if ["http:", "https:", "file:"].iter().any(|scheme| lower.starts_with(scheme)) {
            let why = format!("{} includes a file by its address, which is not followed", shown(at.file));
            self.asked.doubts.push(why);
            return;
        }
        let whole = clean(&at.file.parent().unwrap_or(at.file).join(path));
        if whole == at.file || at.above.contains(&whole) {
            self.asked.refused.push(format!("{} includes itself, through {}", shown(&whole), shown(at.file)));
            return;
        }
        // Links are followed to tell where it really lies.
        let real = crate::reach::canonical(&whole).unwrap_or_else(|_| whole.clone());
        let root = crate::reach::canonical(&self.root).unwrap_or_else(|_| self.root.clone());
        if !real.starts_with(&root) {
            let why = format!("{} includes a file outside of the project, which is not read", shown(at.file));
            self.asked.doubts.push(why);
            return;
        }
        self.read += 1;
        if self.read > MOST || at.above.len() >= DEEPEST {
            self.asked.doubts.push(format!("{} includes more files than are followed", shown(at.file)));
            return;
        }
        let text = match self.ask.look.text(&whole, LARGEST) {
            Ok(text) => text,
            Err(why @ (Unread::Failed(_) | Unread::Large(_))) => {
                self.asked.doubts.push(format!("{}: {why}", shown(&whole)));
                return;
            }
            Err(why) => {
                self.asked.refused.push(format!("{} includes {}: {why}", shown(at.file), shown(&whole)));
                return;
            }
        };
        let homes = &self.ask.options.homes;
        let read = requirements::read(&text, &|name| homes.variable(name).map(str::to_owned));
        if let Some(broken) = read.broken.first() {
            let line = text[..broken.span.start.min(text.len())].matches('\n').count() + 1;
            self.asked.refused.push(format!("{}, line {line}: {}", shown(&whole), broken.reason));
        }
        if !self.asked.files.iter().any(|(known, _)| *known == whole) {
            self.asked.files.push((whole.clone(), text));
        }
        let above: Vec<PathBuf> = at.above.iter().cloned().chain([at.file.to_path_buf()]).collect();
        self.entries(read, &At { file: &whole, own: Some(own), constraint, above: &above });
    }
}

fn shown(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
