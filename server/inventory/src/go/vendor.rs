//! A folder `vendor`: whether Go takes it, whether it is what go.mod asks for, and whether its packages are there.
//! May not look into the module cache: Go does not either.

use super::env::{Env, Mode};
use super::modfile::Module;
use super::project::Project;
use super::told::{Found, Told};
use super::version::{self, Go};
use crate::ecosystem::{Ask, Verdict};
use crate::look::Seen;
use contract::ArtifactState;
use std::collections::BTreeMap;
use std::path::Path;

/// Larger lists are not read, in bytes.
const LARGEST: u64 = 32 << 20;
/// More packages are not looked at.
const MOST: usize = 100_000;

/// What `modules.txt` says of a module.
#[derive(Default)]
struct Entry {
    explicit: bool,
    /// The Go that it is written for.
    language: Option<Go>,
    replaced: Option<Module>,
    packages: Vec<String>,
}

/// Whether the folder is used.
pub(super) fn is_used(project: &Project, env: &Env, ask: &Ask<'_>) -> bool {
    match env.mode {
        Mode::Vendor => true,
        Mode::ReadOnly | Mode::Mod => false,
        Mode::Usual => {
            let file = project.work.as_ref().map(|(_, file)| file).or(project.modules.first().map(|own| &own.file));
            let said = file.and_then(|file| file.language("")).is_some_and(|go| go.at_least(1, 14));
            let folder = project.vendor();
            let there = matches!(ask.look.at(&folder), Seen::Folder(_));
            there && said && for_workspace(&folder, ask) == project.work.is_some()
        }
    }
}

/// Whether the folder was made for a workspace.
fn for_workspace(folder: &Path, ask: &Ask<'_>) -> bool {
    let text = ask.look.text(&folder.join("modules.txt"), LARGEST).unwrap_or_default();
    let first = text.lines().next().and_then(|line| line.strip_prefix("## "));
    first.is_some_and(|words| words.split(';').any(|word| word.trim() == "workspace"))
}

fn read(text: &str) -> BTreeMap<Module, Entry> {
    let mut all: BTreeMap<Module, Entry> = BTreeMap::new();
    let mut at: Option<Module> = None;
    for line in text.split('\n') {
        if line.starts_with("# ") {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (module, rest) = match words.as_slice() {
                [_, path, version, rest @ ..] if version.starts_with('v') && version::filled(version).is_some() => {
                    (Module::new(path, version), rest)
                }
                [_, path, "=>", ..] => (Module::new(path, ""), &words[2..]),
                _ => {
                    if words.len() >= 3 {
                        at = None;
                    }
                    continue;
                }
            };
            let entry = all.entry(module.clone()).or_default();
            match rest {
                ["=>", folder] => entry.replaced = Some(Module::new(folder, "")),
                ["=>", path, version] => entry.replaced = Some(Module::new(path, version)),
                _ => {}
            }
            at = Some(module);
            continue;
        }
        let Some(entry) = at.as_ref().and_then(|at| all.get_mut(at)) else { continue };
        if let Some(words) = line.strip_prefix("## ") {
            entry.explicit |= words.split(';').any(|word| word.trim() == "explicit");
            let language = words.split(';').find_map(|word| Go::parse(word.trim().strip_prefix("go ")?));
            entry.language = language.or(entry.language.take());
        } else if let [package] = line.split_whitespace().collect::<Vec<_>>().as_slice() {
            entry.packages.push((*package).to_owned());
        }
    }
    all
}

pub(super) fn judge(told: &mut Told<'_>, project: &Project, ask: &Ask<'_>) {
    let folder = project.vendor();
    let text = ask.look.text(&folder.join("modules.txt"), LARGEST).unwrap_or_default();
    let listed = read(&text);
    consistent(told, project, &listed);
    told.judged.watch.push(folder.clone());
    let mut looked = 0;
    for (module, entry) in listed.iter().filter(|(_, entry)| !entry.packages.is_empty()) {
        let mut found = Found {
            state: ArtifactState::Present,
            evidence: "in the folder vendor, whose files nothing has checksums of".into(),
            looked_in: vec![folder.join(&module.path)],
            content: None,
            sum: None,
            set_aside: Vec::new(),
        };
        for package in &entry.packages {
            looked += 1;
            let plain = !package.split('/').any(|part| matches!(part, "" | "." | ".."));
            let below = folder.join(package);
            let there = plain && looked <= MOST && has_sources(&below, ask);
            if !there && found.state == ArtifactState::Present {
                found.state = if looked > MOST || !plain { ArtifactState::Unknown } else { ArtifactState::Missing };
                found.evidence = format!("the folder vendor has no sources of its package {package}");
            }
        }
        told.tell(module, None, found);
    }
}

/// Whether a folder has a source file.
fn has_sources(folder: &Path, ask: &Ask<'_>) -> bool {
    ask.look.at(folder);
    let entries = crate::reach::list(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.ends_with(".go") && !name.starts_with(['.', '_']) && !name.ends_with("_test.go")
    })
}

/// Holds the list against go.mod, as Go does.
fn consistent(told: &mut Told<'_>, project: &Project, listed: &BTreeMap<Module, Entry>) {
    let mut newer = None;
    let mut refused = |why: String| {
        told.judged.verdict.worsen(Verdict::Refused(format!("the folder vendor is not what go.mod asks for: {why}")));
    };
    for require in project.modules.iter().flat_map(|own| &own.file.requires) {
        if !listed.get(&require.module).is_some_and(|entry| entry.explicit) {
            refused(format!("{} {} is not marked as explicit in it", require.module.path, require.module.version));
        }
    }
    let all = project.modules.iter().flat_map(|own| &own.file.replaces);
    let work = project.work.iter().flat_map(|(_, file)| &file.replaces);
    let replaces: Vec<_> = all.chain(work).collect();
    for one in &replaces {
        let module = Module::new(&one.path, one.version.as_deref().unwrap_or_default());
        match listed.get(&module).and_then(|entry| entry.replaced.as_ref()) {
            None => refused(format!("that {} is replaced does not stand in it", one.path)),
            Some(with) if *with != one.with => refused(format!("{} is replaced by something else in it", one.path)),
            Some(_) => {}
        }
    }
    for (module, entry) in listed {
        if entry.language.as_ref().zip(told.env.go.as_ref()).is_some_and(|(wanted, go)| wanted > go) {
            let why = format!("{} {} in it is written for a newer Go than this one", module.path, module.version);
            newer.get_or_insert(why);
        }
        let mut requires = project.modules.iter().flat_map(|own| &own.file.requires);
        if entry.explicit && !entry.packages.is_empty() && !requires.any(|require| require.module == *module) {
            refused(format!("{} {} is marked as explicit in it, and not required", module.path, module.version));
        }
        let named = |one: &&&super::modfile::Replace| {
            one.path == module.path && one.version.as_deref().is_none_or(|version| version == module.version)
        };
        if entry.replaced.is_some() && !replaces.iter().any(|one| named(&one)) {
            refused(format!("{} is replaced in it, and not in go.mod", module.path));
        }
    }
    let pruned = project.work.is_none() && project.language().is_some_and(|go| go.at_least(1, 17));
    if pruned {
        let own = project.modules.first().map(|own| own.file.requires.as_slice()).unwrap_or_default();
        for (module, _) in listed.iter().filter(|(_, entry)| !entry.packages.is_empty()) {
            if !own.iter().any(|require| require.module == *module) {
                refused(format!("{} {} is in it, and not required", module.path, module.version));
            }
        }
    }
    if let Some(why) = newer {
        refused(why);
    }
}
