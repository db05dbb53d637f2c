//! What a linter's findings depend on, as one hash: the contents of its files, its configuration here and above, the program by its
//! file, and what it is called with. Runs nothing, so that it can be asked at every start.

use super::plan::{Ground, Plan};
use crate::prove;
use checks::checker::{Inputs, Toolchain};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// A larger file counts by its length and time, in bytes.
const LARGEST: u64 = 8 << 20;
/// The same where its contents have to be read.
const LARGEST_WHOLE: u64 = 1 << 30;
/// Variables that change what a compiler says.
const VARIABLES: [&str; 4] = ["RUSTFLAGS", "RUSTUP_TOOLCHAIN", "CARGO_BUILD_TARGET", "RUFF_CONFIG"];

type Stamp = (u64, Option<SystemTime>);

/// Hashes of files, for as long as they look the same.
#[derive(Default)]
pub(super) struct Hashes {
    small: Mutex<HashMap<PathBuf, (Stamp, blake3::Hash)>>,
    /// Of the contents of files that else count by their stamp.
    large: Mutex<HashMap<PathBuf, (Stamp, blake3::Hash)>>,
}

impl Hashes {
    fn of(&self, file: &Path) -> Option<blake3::Hash> {
        let met = std::fs::symlink_metadata(file).ok()?;
        let stamp = (met.len(), met.modified().ok());
        if let Some((before, hash)) = self.small.lock().unwrap_or_else(PoisonError::into_inner).get(file)
            && *before == stamp
        {
            return Some(*hash);
        }
        let hash = if met.len() > LARGEST {
            blake3::hash(format!("{stamp:?}").as_bytes())
        } else {
            blake3::hash(&host::read_small(file, LARGEST).ok()?)
        };
        let mut known = self.small.lock().unwrap_or_else(PoisonError::into_inner);
        if is_settled(&stamp) {
            known.insert(file.to_path_buf(), (stamp, hash));
        } else {
            known.remove(file);
        }
        Some(hash)
    }

    /// By its contents, up to a length at which nobody would wait for it: the same on every machine.
    fn whole(&self, file: &Path) -> Option<blake3::Hash> {
        let met = std::fs::symlink_metadata(file).ok()?;
        if met.len() <= LARGEST {
            return self.of(file);
        }
        if met.len() > LARGEST_WHOLE {
            return Some(blake3::hash(&met.len().to_le_bytes()));
        }
        let stamp = (met.len(), met.modified().ok());
        let known = || self.large.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, hash)) = known().get(file).filter(|(before, _)| *before == stamp) {
            return Some(*hash);
        }
        let mut all = blake3::Hasher::new();
        all.update_reader(std::fs::File::open(file).ok()?).ok()?;
        let hash = all.finalize();
        if is_settled(&stamp) {
            known().insert(file.to_path_buf(), (stamp, hash));
        }
        Some(hash)
    }
}

/// A file that was written just now can be written once more within its time stamp.
fn is_settled(stamp: &Stamp) -> bool {
    stamp.1.and_then(|at| at.elapsed().ok()).is_some_and(|age| age.as_secs() >= 2)
}

/// Whether a file is so large that its contents are not compared.
pub(super) fn is_too_large(file: &Path) -> bool {
    std::fs::symlink_metadata(file).is_ok_and(|met| met.len() > LARGEST_WHOLE)
}

/// What a part of the inputs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// How it is called, and what this machine has for it.
    Beside,
    /// A file of the workspace.
    File,
}

/// Everything as one hash; `None` where somebody said stop.
pub(super) fn hash(
    root: &Path,
    plan: &Plan,
    ground: &Ground,
    hashes: &Hashes,
    stop: &dyn Fn() -> bool,
) -> Option<String> {
    let mut all = blake3::Hasher::new();
    let mut put = |_: Part, name: &str, value: &[u8]| {
        all.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        all.update(&(value.len() as u64).to_le_bytes()).update(value);
    };
    parts(root, plan, ground, hashes, stop, false, &mut put)?;
    Some(format!("blake3:{}", all.finalize().to_hex()))
}

/// The same, each by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Listed {
    /// By name, relative to the workspace: the beginning of a hash.
    pub files: BTreeMap<PathBuf, String>,
    /// The command, the toolchain, variables: by name, the same.
    pub beside: BTreeMap<String, String>,
}

impl Listed {
    /// Hash of the files alone: the same on every machine.
    pub fn sources(&self) -> String {
        let mut all = blake3::Hasher::new();
        for (file, hash) in &self.files {
            let name = file.to_string_lossy();
            all.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(hash.as_bytes());
        }
        format!("blake3:{}", all.finalize().to_hex())
    }
}

/// Each part by itself; `None` where somebody said stop.
pub(super) fn listed(
    root: &Path,
    plan: &Plan,
    ground: &Ground,
    hashes: &Hashes,
    stop: &dyn Fn() -> bool,
) -> Option<Listed> {
    let mut all = Listed::default();
    let mut put = |part: Part, name: &str, value: &[u8]| match part {
        Part::Beside => drop(all.beside.insert(name.to_owned(), blake3::hash(value).to_hex()[..16].to_owned())),
        Part::File => drop(all.files.insert(PathBuf::from(name), blake3::hash(value).to_hex()[..32].to_owned())),
    };
    parts(root, plan, ground, hashes, stop, true, &mut put)?;
    Some(all)
}

/// All files of a workspace, by their names and contents, in hexadecimal: the same on every machine.
pub(super) fn tree(root: &Path, ground: &Ground, hashes: &Hashes, stop: &dyn Fn() -> bool) -> Option<String> {
    let mut all = blake3::Hasher::new();
    for (at, file) in ground.files.iter().enumerate() {
        if at % 256 == 0 && stop() {
            return None;
        }
        if let Some(hash) = hashes.whole(&root.join(file)) {
            let name = file.to_string_lossy();
            all.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(hash.as_bytes());
        }
    }
    Some(all.finalize().to_hex().to_string())
}

fn parts(
    root: &Path,
    plan: &Plan,
    ground: &Ground,
    hashes: &Hashes,
    stop: &dyn Fn() -> bool,
    is_whole: bool,
    put: &mut dyn FnMut(Part, &str, &[u8]),
) -> Option<()> {
    let checker = &*plan.checker;
    put(Part::Beside, "the command", format!("{checker:?}").as_bytes());
    if let Some(step) = &plan.step {
        put(Part::Beside, "the command's words", format!("{:?} {}", step.command, step.folder.display()).as_bytes());
    }
    for name in VARIABLES {
        put(Part::Beside, name, std::env::var_os(name).unwrap_or_default().as_encoded_bytes());
    }
    put(Part::Beside, "the tool", program(plan).as_bytes());
    for above in root.ancestors().skip(1) {
        for name in &checker.configuration {
            let file = above.join(name);
            if let Some(hash) = hashes.of(&file) {
                put(Part::Beside, &file.to_string_lossy(), hash.as_bytes());
            }
        }
    }
    for (at, file) in ground.files.iter().enumerate() {
        if at % 256 == 0 && stop() {
            return None;
        }
        if !is_input(plan, file) {
            continue;
        }
        let file_hash = if is_whole { hashes.whole(&root.join(file)) } else { hashes.of(&root.join(file)) };
        if let Some(hash) = file_hash {
            put(Part::File, &file.to_string_lossy(), hash.as_bytes());
        }
    }
    Some(())
}

/// Whether what is found depends on a file of the workspace.
fn is_input(plan: &Plan, file: &Path) -> bool {
    let checker = &*plan.checker;
    if let Some(step) = &plan.step {
        return step.reads(file);
    }
    if !plan.folders.iter().any(|folder| file.starts_with(folder)) && !is_above(file, plan) {
        return false;
    }
    let configures = checker.configuration.iter().any(|configuration| file.ends_with(configuration))
        || checker.uses.iter().any(|mark| file.ends_with(&mark.file));
    checker.inputs == Inputs::All || checker.reads(file) || configures
}

/// Whether a file lies directly in a folder above one that the linter is run in, where its configuration may.
fn is_above(file: &Path, plan: &Plan) -> bool {
    file.parent().is_some_and(|parent| plan.folders.iter().any(|folder| folder.starts_with(parent)))
}

/// The program by its file, and by what decides behind it.
fn program(plan: &Plan) -> String {
    let Some(program) = &plan.program else { return String::new() };
    let stamp =
        |program: &Path| prove::stamp(&std::fs::canonicalize(program).unwrap_or_else(|_| program.to_path_buf()));
    let component = plan.checker.component.as_ref().and_then(host::find_program);
    let mut said = format!("{}\n{}\n{:?}", program.display(), stamp(program), component.as_deref().map(stamp));
    if plan.checker.toolchain == Some(Toolchain::Rust) {
        said += &prove::toolchains().unwrap_or_default();
    }
    said
}
