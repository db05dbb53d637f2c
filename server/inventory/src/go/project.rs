//! The modules that a go.sum, go.mod or go.work is about: their own files, and what Go refuses in them whatever is here.
//! May not look into the module cache.

use super::env::{Env, Mode};
use super::escape;
use super::graph::{self, OLDEST};
use super::modfile::{self, Kind, ModFile, Module, Replace};
use super::version::Go;
use crate::ecosystem::{Ask, Broken, Verdict};
use crate::look::{Seen, Unread};
use crate::members::clean;
use std::path::{Path, PathBuf};

/// Larger ones are not read, in bytes.
pub(super) const LARGEST: u64 = 16 << 20;
/// More modules no workspace uses.
const MOST_USED: usize = 5_000;

/// A module of the workspace.
pub(super) struct Own {
    /// Its `go.mod`.
    pub path: PathBuf,
    pub text: String,
    pub file: ModFile,
}

impl Own {
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }
}

pub(super) struct Project {
    /// Where Go is run.
    pub folder: PathBuf,
    pub modules: Vec<Own>,
    /// The `go.work`, where there is one.
    pub work: Option<(PathBuf, ModFile)>,
    pub verdict: Verdict,
    /// Of the files that were read: what cannot be read in them.
    pub broken: Vec<(PathBuf, String, Broken)>,
    /// Files that were read.
    pub files: Vec<PathBuf>,
}

/// The `go.work` that counts in a folder: `Err` says what is wrong with how it is named.
fn work_above(folder: &Path, env: &Env, ask: &Ask<'_>) -> Result<Option<PathBuf>, String> {
    match env.work.as_str() {
        "off" => Ok(None),
        "" | "auto" => {
            let files = folder.ancestors().map(|above| above.join("go.work"));
            Ok(files.into_iter().find(|file| matches!(ask.look.at(file), Seen::File(_))))
        }
        file if Path::new(file).is_absolute() => Ok(Some(PathBuf::from(file))),
        _ => Err("GOWORK names a file, and not from the root on".into()),
    }
}

/// The folders that a `go.work` uses.
pub(super) fn used(work: &Path, file: &ModFile) -> Vec<PathBuf> {
    let folder = work.parent().unwrap_or(work);
    file.uses.iter().take(MOST_USED).map(|(used, _)| clean(&folder.join(used))).collect()
}

impl Project {
    pub(super) fn read(lockfile: &Path, env: &Env, ask: &Ask<'_>) -> Self {
        let folder = lockfile.parent().unwrap_or(lockfile).to_path_buf();
        let mut project = Project {
            folder: folder.clone(),
            modules: Vec::new(),
            work: None,
            verdict: Verdict::Sound,
            broken: Vec::new(),
            files: Vec::new(),
        };
        let above = work_above(&folder, env, ask).unwrap_or_else(|why| {
            project.verdict.worsen(Verdict::Refused(why));
            None
        });
        if let Some(work) = above {
            project.workspace(&work, lockfile, ask);
        }
        if project.work.is_none() && project.modules.is_empty() {
            project.module(&folder.join("go.mod"), ask);
        }
        project.check(env);
        project
    }

    /// Takes up a `go.work`, unless the module is none of those that it uses.
    fn workspace(&mut self, work: &Path, lockfile: &Path, ask: &Ask<'_>) {
        let text = match ask.look.text(work, LARGEST) {
            Ok(text) => text,
            Err(why) => {
                self.verdict.worsen(unread(work, why));
                return;
            }
        };
        let file = modfile::read(&text, Kind::Work);
        let used = used(work, &file);
        self.files.push(work.to_path_buf());
        if lockfile != work && !used.contains(&clean(&self.folder)) {
            return;
        }
        for broken in &file.broken {
            self.broken.push((work.to_path_buf(), text.clone(), broken.clone()));
        }
        work.parent().unwrap_or(work).clone_into(&mut self.folder);
        if used.is_empty() {
            self.verdict.worsen(Verdict::Refused("the go.work uses no module".into()));
        }
        for folder in used {
            self.module(&folder.join("go.mod"), ask);
        }
        self.work = Some((work.to_path_buf(), file));
    }

    fn module(&mut self, path: &Path, ask: &Ask<'_>) {
        let text = match ask.look.text(path, LARGEST) {
            Ok(text) => text,
            Err(why) => {
                self.verdict.worsen(unread(path, why));
                return;
            }
        };
        let file = modfile::read(&text, Kind::Own);
        for broken in &file.broken {
            self.broken.push((path.to_path_buf(), text.clone(), broken.clone()));
        }
        self.files.push(path.to_path_buf());
        self.modules.push(Own { path: path.to_path_buf(), text, file });
    }

    /// What Go refuses before it looks at anything else.
    fn check(&mut self, env: &Env) {
        if let Some((path, _, broken)) = self.broken.first() {
            let why = format!("{} cannot be read: {}", name(path), broken.reason);
            self.verdict.worsen(Verdict::Refused(why));
        }
        let asks = self.modules.iter().find_map(|own| own.file.asks.clone());
        if let (Some(asks), true) = (asks, self.broken.is_empty()) {
            let why = format!("go.mod asks for {asks}, which is no version that is written in full");
            self.verdict.worsen(if env.folders.is_empty() { Verdict::Refused(why) } else { Verdict::Doubtful(why) });
        }
        for own in &self.modules {
            let well = own.file.module.as_deref().map(|path| !path.is_empty() && !matches!(path, "go" | "toolchain"));
            if well != Some(true) && own.file.broken.is_empty() {
                self.verdict.worsen(Verdict::Refused(format!("{} names no module", own.path.display())));
            }
            for require in &own.file.requires {
                if own.file.excludes.contains(&require.module) {
                    let Module { path, version } = &require.module;
                    let why = format!("go.mod excludes {path} {version}, and requires it");
                    self.verdict.worsen(Verdict::Refused(why));
                }
                if escape::path(&require.module.path).is_none() {
                    let why = format!("{} is no path of a module", require.module.path);
                    self.verdict.worsen(Verdict::Refused(why));
                }
            }
        }
        let alone = self.modules.first().filter(|_| self.work.is_none() && env.mode != Mode::Mod);
        if let Some(toolchain) = alone.and_then(|own| own.file.toolchain.as_deref()) {
            let go = alone.map_or(OLDEST, |own| own.file.go.as_deref().unwrap_or(OLDEST));
            let counts = Go::of_toolchain(toolchain).is_some_and(|toolchain| toolchain.at_least(1, 21));
            if !counts || toolchain.strip_prefix("go") == Some(go) {
                self.verdict
                    .worsen(Verdict::Refused(format!("Go would take \"toolchain {toolchain}\" out of go.mod first")));
            }
        }
        if let Some((_, work)) = &self.work {
            let mut paths = std::collections::HashSet::new();
            let twice =
                self.modules.iter().filter_map(|own| own.file.module.as_deref()).find(|path| !paths.insert(*path));
            if let Some(path) = twice {
                self.verdict.worsen(Verdict::Refused(format!("{path} stands in go.work more than once")));
            }
            let all = self.replaces();
            let differs = |one: &Replace| {
                let same = |other: &&Replace| other.path == one.path && other.version == one.version;
                all.iter().filter(same).any(|other| other.with != one.with)
            };
            if let Some(one) = all.iter().find(|one| !work.replaces.iter().any(|w| w.path == one.path) && differs(one))
            {
                self.verdict.worsen(Verdict::Refused(format!("{} is replaced by different things", one.path)));
            }
            let language = work.language("1.18");
            for own in &self.modules {
                let newer =
                    own.file.language(OLDEST).filter(|own| own.at_least(1, 21) && Some(own) > language.as_ref());
                if newer.is_some() {
                    let go = own.file.go.as_deref().unwrap_or_default();
                    let why = format!("{} is written for Go {go}, and go.work for an older one", own.path.display());
                    self.verdict.worsen(Verdict::Refused(why));
                }
            }
            if env.mode == Mode::Mod {
                self.verdict.worsen(Verdict::Refused("GOFLAGS has -mod=mod, which Go refuses in a workspace".into()));
            }
        }
    }

    /// The versions that the files ask Go itself to have: its language, and a toolchain.
    pub(super) fn asks_of_go(&self) -> (Option<&str>, Option<&str>) {
        let file = match (&self.work, self.modules.first()) {
            (Some((_, work)), _) => Some(work),
            (None, own) => own.map(|own| &own.file),
        };
        (file.and_then(|file| file.go.as_deref()), file.and_then(|file| file.toolchain.as_deref()))
    }

    /// The version of Go that the build is for.
    pub(super) fn language(&self) -> Option<Go> {
        match (&self.work, self.modules.first()) {
            (Some((_, work)), _) => work.language("1.18"),
            (None, own) => own.and_then(|own| own.file.language(OLDEST)),
        }
    }

    /// All replacements; those of `go.work` go before those of its modules.
    pub(super) fn replaces(&self) -> Vec<Replace> {
        let work = self.work.as_ref().map(|(_, file)| file.replaces.as_slice()).unwrap_or_default();
        let at = |folder: &Path, one: &Replace| Replace { with: graph::whole(folder, &one.with), ..one.clone() };
        let overridden = |one: &&Replace| !work.iter().any(|work| work.path == one.path);
        let of_modules = self.modules.iter().flat_map(|own| {
            own.file.replaces.iter().filter(overridden).map(|one| at(own.folder(), one)).collect::<Vec<_>>()
        });
        of_modules.chain(work.iter().map(|one| at(&self.folder, one))).collect()
    }

    /// The folder with copies of what is needed, if Go would take that.
    pub(super) fn vendor(&self) -> PathBuf {
        self.folder.join("vendor")
    }
}

/// A file's own name.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn unread(path: &Path, why: Unread) -> Verdict {
    let sentence = format!("{}: {why}", path.display());
    match why {
        Unread::Absent | Unread::Odd(_) => Verdict::Refused(sentence),
        _ => Verdict::Doubtful(sentence),
    }
}
