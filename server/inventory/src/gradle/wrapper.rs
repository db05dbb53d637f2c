//! The distribution that a wrapper names, and whether it is unpacked here.
//! May not run or download it.

use crate::ecosystem::Ask;
use crate::look::Seen;
use contract::ArtifactState;
use std::path::{Path, PathBuf};

/// Folders of one distribution that are looked at.
const MOST: usize = 1_000;

pub(super) struct Distribution {
    /// `gradle-8.5-bin`.
    pub name: String,
    pub version: String,
    pub state: ArtifactState,
    pub evidence: String,
    pub path: PathBuf,
    pub archive: Option<PathBuf>,
    /// The checksum that its archive must have, as written.
    pub sum: Option<String>,
}

/// A value of Java properties, with what is escaped.
fn value(text: &str, key: &str) -> Option<String> {
    let found = text.lines().rev().filter_map(|line| line.trim().split_once('=')).find(|(own, _)| own.trim() == key);
    let mut out = String::new();
    let mut characters = found?.1.trim().chars();
    while let Some(c) = characters.next() {
        if c == '\\' { out.extend(characters.next()) } else { out.push(c) }
    }
    Some(out)
}

/// The distribution that a `gradle-wrapper.properties` names; in words what it does not say.
pub(super) fn read(text: &str, project: &Path, home: &Path, ask: &Ask<'_>) -> Result<Distribution, String> {
    let url = value(text, "distributionUrl").ok_or("it names no distribution (distributionUrl)")?;
    let file = url.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let name = file.strip_suffix(".zip").filter(|name| !name.is_empty() && !name.contains(['\\', '\0']));
    let name = name.ok_or("its distribution is no archive whose name ends with .zip")?.to_owned();
    let version = name.trim_start_matches("gradle-").trim_end_matches("-bin").trim_end_matches("-all").to_owned();
    let base = match value(text, "distributionBase").as_deref() {
        None | Some("GRADLE_USER_HOME") => home.to_path_buf(),
        Some("PROJECT") => project.to_path_buf(),
        Some(_) => return Err("where its distribution is kept (distributionBase) is not understood".into()),
    };
    let below = value(text, "distributionPath").unwrap_or_else(|| "wrapper/dists".into());
    if Path::new(&below).components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return Err("where its distribution is kept (distributionPath) leads elsewhere".into());
    }
    let path = base.join(below).join(&name);
    let mut found = Distribution {
        state: ArtifactState::Missing,
        evidence: "the distribution that the wrapper names is not here".into(),
        archive: None,
        sum: value(text, "distributionSha256Sum"),
        path: path.clone(),
        name,
        version,
    };
    ask.look.at(&path);
    let folders = std::fs::read_dir(&path).into_iter().flatten().flatten().take(MOST).map(|entry| entry.path());
    for folder in folders {
        let file = |end: &str| folder.join(format!("{}{end}", found.name));
        let done = matches!(ask.look.at(&file(".zip.ok")), Seen::File(_));
        let inside = std::fs::read_dir(&folder).into_iter().flatten().flatten().take(MOST).map(|entry| entry.path());
        let program =
            inside.map(|below| below.join("bin/gradle")).find(|path| matches!(ask.look.at(path), Seen::File(_)));
        if done && program.is_some() {
            found.state = ArtifactState::Present;
            found.evidence = "the distribution that the wrapper names is unpacked here; whether it is from the same address is not compared".into();
            found.archive = Some(file(".zip")).filter(|path| matches!(ask.look.at(path), Seen::File(_)));
            break;
        }
        found.evidence = "the distribution that the wrapper names was not unpacked to its end".into();
    }
    Ok(found)
}
