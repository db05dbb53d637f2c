//! Plans how what is missing is brought here: by the ecosystem's own tool, one step a command.
//! May not run anything, and never names a registry: the tool knows its own.

use crate::ecosystem::Ecosystem;
use crate::homes::relative;
use crate::survey::Survey;
use contract::{Artifact, ArtifactState, FetchStep};
use std::path::Path;

/// What is to be fetched for one lockfile.
pub(crate) struct Wanted<'a> {
    pub root: &'a Path,
    pub lockfile: &'a Path,
    pub target: &'a str,
    /// Not present, and wanted.
    pub artifacts: Vec<&'a Artifact>,
}

impl Wanted<'_> {
    fn step(&self, ecosystem: &str, command: &[&str]) -> FetchStep {
        FetchStep {
            ecosystem: ecosystem.into(),
            lockfile: relative(self.lockfile, self.root),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            artifacts: self.artifacts.iter().map(|artifact| artifact.id.clone()).collect(),
            folder: self.lockfile.parent().unwrap_or(self.root).to_path_buf(),
            ..FetchStep::default()
        }
    }
}

/// The steps that bring what is not here: all of it, or the artifacts with the ids `wanted`.
/// What cannot be judged and what only other targets need is left out unless it is named.
pub fn plan_fetch(survey: &Survey, wanted: Option<&[String]>) -> Vec<FetchStep> {
    let mut steps = Vec::new();
    for (ecosystem, lockfile) in &survey.lockfiles {
        let asked = |artifact: &&Artifact| match wanted {
            Some(ids) => ids.contains(&artifact.id) && artifact.state != ArtifactState::Present,
            None => {
                !artifact.other_target && !matches!(artifact.state, ArtifactState::Present | ArtifactState::Unknown)
            }
        };
        let artifacts: Vec<&Artifact> =
            survey.artifacts.iter().filter(|artifact| artifact.file == *lockfile).filter(asked).collect();
        if !artifacts.is_empty() {
            let target = &survey.readiness.target;
            steps.extend(ecosystem.fetch(&Wanted { root: &survey.workspace, lockfile, target, artifacts }));
        }
    }
    steps
}

pub(crate) fn cargo(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    vec![wanted.step("cargo", &["cargo", "fetch", "--locked", "--target", wanted.target])]
}

pub(crate) fn npm(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    vec![wanted.step("npm", &["npm", "ci", "--ignore-scripts"])]
}

/// An address without the user and the password that may stand in it, and without a query.
pub(crate) fn without_credentials(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

pub(crate) type Known = &'static dyn Ecosystem;
