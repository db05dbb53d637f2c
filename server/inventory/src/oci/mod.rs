//! Images of containers that Dockerfiles, Compose files and dev containers name, and whether an engine of this machine has them.
//! Judged as `podman build --pull=never` as far as images go; runs nothing, asks no service and writes nothing.

mod asks;
mod compose;
mod devcontainer;
mod docker;
mod dockerfile;
mod engines;
mod instructions;
mod judge;
mod layout;
mod platform;
mod reference;
mod registries;
mod storage;
mod store;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use crate::homes::Options;
use crate::look::Look;
use crate::memory::NoMemory;
use crate::registries::Registry;
use crate::survey::Survey;
use contract::{Artifact, ArtifactState, FetchStep};
use dockerfile::Need;
use std::collections::HashMap;
use std::ops::Range as Span;
use std::path::Path;

/// Larger files that name images are not read, in bytes.
const LARGEST: u64 = 4 << 20;

/// Names that are told without looking at endings.
const FILES: [&str; 8] = [
    "Dockerfile",
    "Containerfile",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "devcontainer.json",
    ".devcontainer.json",
];
/// A Dockerfile's name may go on, but not like this: what it then is no builder reads.
const OTHERS: [&str; 14] = [
    "dockerignore",
    "md",
    "txt",
    "j2",
    "jinja",
    "jinja2",
    "tmpl",
    "template",
    "tpl",
    "in",
    "erb",
    "orig",
    "rej",
    "bak",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dockerfile,
    Compose,
    Devcontainer,
}

fn is_dockerfile(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let begins = ["Dockerfile", "Containerfile"].iter().any(|begin| {
        name.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with('.') && !OTHERS.contains(&end))
    });
    begins || end.eq_ignore_ascii_case("dockerfile") || end.eq_ignore_ascii_case("containerfile")
}

/// What a file of this name is read as.
fn kind(name: &str) -> Option<Kind> {
    let yaml = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    let compose = |stem: &str| {
        ["docker-compose", "compose"]
            .iter()
            .any(|begin| stem.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    match name {
        "devcontainer.json" | ".devcontainer.json" => Some(Kind::Devcontainer),
        _ if yaml.is_some_and(compose) => Some(Kind::Compose),
        _ if is_dockerfile(name) => Some(Kind::Dockerfile),
        _ => None,
    }
}

/// The same by the text alone, for a document whose name is not at hand.
fn kind_of(text: &str) -> Kind {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
    if lines.clone().any(|line| line.starts_with("services:")) {
        return Kind::Compose;
    }
    let first = lines.find(|line| !line.trim_start().starts_with("//")).unwrap_or_default().trim_start();
    if first.starts_with(['{', '/', '*']) { Kind::Devcontainer } else { Kind::Dockerfile }
}

/// What a file asks for.
#[derive(Debug, Default)]
struct Asked {
    needs: Vec<Need>,
    broken: Vec<Broken>,
    doubts: Vec<String>,
    cut_short: bool,
}

/// `beside`: the file's folder, where more than the text is at hand.
fn read(kind: Kind, text: &str, beside: Option<(&Path, &Ask<'_>)>) -> Asked {
    match kind {
        Kind::Dockerfile => {
            let read = dockerfile::read(text, &HashMap::new());
            Asked { needs: read.needs, broken: read.broken, cut_short: read.cut_short, ..Asked::default() }
        }
        Kind::Compose => compose::read(text, beside),
        Kind::Devcontainer => devcontainer::read(text, beside),
    }
}

/// `oci:<name>@<tag or digest>`, as it is written, with the platform where one is asked for.
fn id(need: &Need) -> String {
    let plain = match reference::parse(&need.written) {
        Ok(read) => format!("oci:{}@{}", read.name(), read.version()),
        Err(_) => format!("oci:{}", need.written),
    };
    match &need.platform {
        Some(Ok(platform)) => format!("{plain}#{platform}"),
        Some(Err(_)) => format!("{plain}#?"),
        None => plain,
    }
}

pub(crate) struct Oci;

impl Ecosystem for Oci {
    fn name(&self) -> &'static str {
        "oci"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &FILES
    }

    fn is_lockfile(&self, name: &str) -> bool {
        kind(name).is_some()
    }

    fn each_lockfile_counts(&self) -> bool {
        true
    }

    fn manifest(&self) -> &'static str {
        FILES[0]
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let asked = read(kind_of(text), text, None);
        (asked.needs.iter().map(|need| (id(need), need.span.clone())).collect(), asked.broken)
    }

    fn dependencies(&self, _text: &str) -> Vec<Named> {
        Vec::new()
    }

    /// It is its own.
    fn needs_lockfile(&self, _manifest: &str) -> bool {
        false
    }

    fn registries(&self, lockfile: &Path, _missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
        asks::registries(lockfile, ask)
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::oci(wanted)
    }
}

/// Whether an image is here by its name, and what was seen. `file`: the file that names it, which the survey may have judged.
pub fn image(survey: Option<&Survey>, file: &Path, name: &str, options: &Options) -> (ArtifactState, String) {
    let Ok(wanted) = reference::parse(name) else {
        return (ArtifactState::Unknown, "it is no name of an image".into());
    };
    let same = |artifact: &&contract::Artifact| {
        artifact.ecosystem == "oci"
            && artifact.file == file
            && artifact.name == wanted.name()
            && artifact.version == wanted.version()
    };
    if let Some(own) = survey.and_then(|survey| survey.artifacts.iter().find(same)) {
        return (own.state, own.evidence.clone());
    }
    let ask = Ask { options, target: "", look: &Look::default(), memory: &NoMemory };
    let found = engines::Engines::look(&ask).find(name, None, &ask);
    (found.state, found.evidence)
}
