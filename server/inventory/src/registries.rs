//! Which registries a workspace takes its packages from, and what each is to be asked to learn how it answers.
//! May not ask anybody, and passes no credential on: only whether one is configured.

use crate::ecosystem::Ask;
use crate::homes::{Options, host_target};
use crate::look::Look;
use crate::memory::NoMemory;
use crate::survey::Survey;
use contract::{Artifact, ArtifactState, Expects, Question};
use std::collections::HashSet;
use std::path::PathBuf;

/// One registry of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// `cargo`, `npm`, ….
    pub ecosystem: String,
    /// Its address, without credentials.
    pub url: String,
    /// Why it is not asked: the tool would reach it by a way that is its own.
    pub unasked: Option<String>,
    /// What it lacks another registry may have: that it lacks something says nothing against it.
    pub may_lack: bool,
    /// Whether the tool has a credential for it.
    pub credentials: bool,
    /// The first is about the registry itself; each further one about a package that is missing here.
    pub questions: Vec<About>,
}

/// A question, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// `name version`; `None`: the registry itself.
    pub package: Option<String>,
    /// What is asked.
    pub question: Question,
}

/// A registry that configuration names, which was not asked.
pub(crate) fn mirror(ecosystem: &str, url: &str) -> contract::Mirror {
    contract::Mirror {
        ecosystem: ecosystem.into(),
        url: crate::fetch::without_credentials(url),
        state: contract::MirrorState::Unknown,
        checked_at: None,
        latency_ms: None,
        text: String::new(),
    }
}

/// So many of the packages that are missing are asked for, in one lockfile.
pub(crate) const MOST_ASKED_FOR: usize = 4;

impl Registry {
    pub(crate) fn new(ecosystem: &str, url: &str) -> Self {
        let url = crate::fetch::without_credentials(url).trim_end_matches('/').to_owned();
        Registry {
            ecosystem: ecosystem.into(),
            url,
            unasked: None,
            may_lack: false,
            credentials: false,
            questions: Vec::new(),
        }
    }

    /// Adds the question for a path below its address.
    pub(crate) fn asks(
        &mut self,
        (path, accept, expects): (&str, &str, Expects),
        package: Option<(&Artifact, String)>,
        certificates: Option<&PathBuf>,
    ) {
        let (package, holds) =
            package.map(|(artifact, holds)| (format!("{} {}", artifact.name, artifact.version), holds)).unzip();
        self.questions.push(About {
            package,
            question: Question {
                url: format!("{}/{path}", self.url),
                accept: accept.into(),
                expects,
                holds,
                certificates: certificates.cloned(),
            },
        });
    }

    fn can_be_asked(&self) -> bool {
        self.url.starts_with("http://") || self.url.starts_with("https://")
    }
}

/// The registries that the lockfiles' packages come from, each once. Reads lockfiles and configuration again: nothing of
/// this is wanted where nobody is asked.
pub fn registries(survey: &Survey, options: &Options) -> Vec<Registry> {
    let look = Look::default();
    let target = options.target.clone().unwrap_or_else(|| host_target(&options.homes, &look));
    let ask = Ask { options, target: &target, look: &look, memory: &NoMemory };
    let missing: Vec<&Artifact> = survey.absent().filter(|artifact| artifact.state == ArtifactState::Missing).collect();
    let mut all: Vec<Registry> = Vec::new();
    for (ecosystem, lockfile) in &survey.lockfiles {
        let missing: Vec<&Artifact> = missing.iter().copied().filter(|artifact| artifact.file == *lockfile).collect();
        for registry in ecosystem.registries(lockfile, &missing, &ask) {
            if !registry.can_be_asked() {
                continue;
            }
            let same = |known: &&mut Registry| known.ecosystem == registry.ecosystem && known.url == registry.url;
            match all.iter_mut().find(same) {
                None => all.push(registry),
                Some(known) => {
                    let further = registry.questions.into_iter().filter(|about| about.package.is_some());
                    known.questions.extend(further);
                    known.unasked = known.unasked.take().or(registry.unasked);
                    known.credentials |= registry.credentials;
                    known.may_lack |= registry.may_lack;
                }
            }
        }
    }
    for registry in &mut all {
        let mut seen = HashSet::new();
        registry.questions.retain(|about| seen.insert((about.question.url.clone(), about.question.holds.clone())));
        registry.questions.truncate(1 + MOST_ASKED_FOR);
    }
    all
}
