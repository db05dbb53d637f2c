//! Maven: `pom.xml`, its parents and imports, the local repository, and the plugins that package a project.
//! Judged as `mvn --offline -DskipTests package`, and by checksum; runs nothing and writes nothing.

mod active;
mod asks;
mod facts;
mod graph;
mod interpolate;
mod judge;
mod lifecycle;
mod model;
mod moves;
mod plugins;
mod pom;
mod settings;
mod store;
mod told;
mod walk;
mod wrapper;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::look::{Look, Seen};
use crate::members::clean;
use crate::registries::Registry;
use crate::vouched::Vouched;
use contract::{Artifact, FetchStep};
use pom::{Pom, Repository};
use std::ops::Range as Span;
use std::path::{Path, PathBuf};

pub(crate) struct Maven;

impl Ecosystem for Maven {
    fn name(&self) -> &'static str {
        "maven"
    }

    /// There is no lockfile: a description names exact versions, and those of what it needs do too.
    fn lockfiles(&self) -> &'static [&'static str] {
        &["pom.xml"]
    }

    fn manifest(&self) -> &'static str {
        "pom.xml"
    }

    /// Modules are judged with the description that names them; what lies in sources is somebody's example.
    fn counts(&self, lockfile: &Path, all: &[PathBuf], root: &Path, look: &Look) -> bool {
        let own = clean(lockfile);
        let folder = own.parent().unwrap_or(&own);
        let above = || folder.ancestors().skip(1).take_while(|above| above.starts_with(root));
        let there = |file: &PathBuf| all.binary_search(file).is_ok();
        let mut inside = folder;
        while let Some(parent) = inside.parent().filter(|parent| parent.starts_with(root)) {
            if inside.ends_with("src") && there(&parent.join("pom.xml")) {
                return false;
            }
            inside = parent;
        }
        let beside = folder.parent().into_iter().flat_map(|parent| {
            let siblings = all
                .iter()
                .filter(move |file| file.ends_with("pom.xml") && file.parent().and_then(Path::parent) == Some(parent));
            siblings.take(MOST_BESIDE).cloned()
        });
        let others = above().map(|above| above.join("pom.xml")).filter(there).chain(beside);
        !others.filter(|other| *other != own).any(|other| names(&other, &own, look))
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        match Pom::parse(text) {
            Ok(pom) => {
                let named = pom.body.dependencies.iter().filter_map(|one| {
                    let version = one.version.clone().filter(|version| !version.contains("${"))?;
                    let gav = store::Gav::new(&one.group, &one.artifact, &version);
                    Some((told::id(&gav, one.classifier.as_deref().unwrap_or_default(), one.kind()), one.span.clone()))
                });
                (named.collect(), Vec::new())
            }
            Err(reason) => (Vec::new(), vec![Broken { span: 0..0, reason }]),
        }
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        let Ok(pom) = Pom::parse(text) else { return Vec::new() };
        let named =
            |one: &pom::Dependency| Named { key: format!("{}:{}", one.group, one.artifact), span: one.span.clone() };
        pom.body.dependencies.iter().map(named).collect()
    }

    /// The manifest is one itself.
    fn needs_lockfile(&self, _manifest: &str) -> bool {
        false
    }

    fn registries(&self, lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
        asks::registries(lockfile, missing, ask)
    }

    fn signed(
        &self,
        _lockfile: &Path,
        artifacts: &[&Artifact],
        _keys: &[String],
        ask: &Ask<'_>,
    ) -> Option<Vec<(String, Vouched)>> {
        Some(artifacts.iter().map(|artifact| (artifact.id.clone(), signed(artifact, ask.look))).collect())
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::maven(wanted)
    }
}

/// Whether a signature lies beside an artifact's file. Maven brings none by itself, and what is there is not verified.
fn signed(artifact: &Artifact, look: &Look) -> Vouched {
    let beside = artifact.looked_in.first().map(|path| {
        let mut beside = path.clone().into_os_string();
        beside.push(".asc");
        PathBuf::from(beside)
    });
    match beside.map(|beside| look.at(&beside)) {
        Some(Seen::File(identity)) if identity.size > 0 => {
            Vouched::Untold("a signature lies beside it (.asc), and is not verified".into())
        }
        _ => Vouched::Unsigned("has no signature beside it (.asc) in the local repository".into()),
    }
}

/// Of the descriptions in folders beside one no more are looked at for whether they name it.
const MOST_BESIDE: usize = 50;

/// Whether one description names another as its module, itself or through others.
fn names(other: &Path, own: &Path, look: &Look) -> bool {
    let mut open = vec![other.to_path_buf()];
    let mut seen = std::collections::HashSet::new();
    while let Some(path) = open.pop() {
        if seen.len() > MOST_BESIDE || !seen.insert(path.clone()) {
            continue;
        }
        let Ok(text) = look.text(&path, pom::LARGEST) else { continue };
        if !text.contains("<module>") {
            continue;
        }
        let Ok(pom) = Pom::parse(&text) else { continue };
        let folder = path.parent().unwrap_or(&path);
        let modules = pom.body.modules.iter().chain(pom.profiles.iter().flat_map(|profile| &profile.body.modules));
        for module in modules {
            let named = clean(&folder.join(module));
            if named == own || named.join("pom.xml") == own {
                return true;
            }
            if own.starts_with(&named) {
                open.push(named.join("pom.xml"));
            }
        }
    }
    false
}

/// The repository that every project has; where it is, Maven knows.
fn central() -> Repository {
    Repository { id: "central".into(), url: "https://central".into() }
}
