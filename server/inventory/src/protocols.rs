//! What registries of one protocol are asked, whichever tool takes packages from them: npm's, and Python's simple interface.
//! May not ask, and keeps no credential.

use crate::ecosystem::Ask;
use crate::npm::asks::{ACCEPT, is_name};
use crate::registries::{MOST_ASKED_FOR, Registry};
use contract::{Artifact, Expects};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How a tool reaches one registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Way {
    /// Its address.
    pub url: String,
    /// Why it is not asked.
    pub unasked: Option<String>,
    /// Whether the tool has a credential for it.
    pub credentials: bool,
    /// Certificates to be believed in place of the system's.
    pub certificates: Option<PathBuf>,
    /// Another registry may have what this one lacks.
    pub may_lack: bool,
}

impl Way {
    fn registry(&self, tool: &str) -> Registry {
        let mut registry = Registry::new(tool, &self.url);
        registry.unasked.clone_from(&self.unasked);
        registry.credentials = self.credentials;
        registry.may_lack = self.may_lack;
        registry
    }
}

/// The registries that packages of these names come from, of npm's kind. What is missing is asked for first, by version.
pub(crate) fn npm<'a>(
    tool: &str,
    names: impl Iterator<Item = &'a str>,
    missing: &[&Artifact],
    way: &dyn Fn(&str) -> Option<Way>,
) -> Vec<Registry> {
    let mut found: BTreeMap<String, Registry> = BTreeMap::new();
    let lacking = missing.iter().map(|artifact| (artifact.name.as_str(), Some(*artifact)));
    let mut lacking: Vec<(&str, Option<&Artifact>)> = lacking.collect();
    lacking.extend(names.map(|name| (name, None)));
    for (name, artifact) in lacking {
        let Some(way) = way(name).filter(|_| is_name(name)) else { continue };
        let path = name.replace('/', "%2f");
        let registry = found.entry(way.url.clone()).or_insert_with(|| {
            let mut registry = way.registry(tool);
            registry.asks((&path, ACCEPT, Expects::Object), None, way.certificates.as_ref());
            registry
        });
        if let Some(artifact) = artifact.filter(|_| registry.questions.len() <= MOST_ASKED_FOR) {
            let holds = format!("\"{}\"", artifact.version);
            registry.asks((&path, ACCEPT, Expects::Object), Some((artifact, holds)), way.certificates.as_ref());
        }
    }
    found.into_values().collect()
}

/// What Python's tools say that they read.
const LISTS: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// A registry with lists of the files of packages; names are normalised. None where it is asked about no package.
pub(crate) fn simple(tool: &str, way: &Way, names: &[&str], missing: &[&Artifact]) -> Option<Registry> {
    let first = missing.first().map(|artifact| artifact.name.as_str()).or_else(|| names.first().copied())?;
    let mut registry = way.registry(tool);
    registry.asks((&format!("{first}/"), LISTS, Expects::Listing), None, way.certificates.as_ref());
    for artifact in missing.iter().take(MOST_ASKED_FOR).filter(|artifact| !artifact.version.is_empty()) {
        let holds = format!("-{}", artifact.version);
        let question = (format!("{}/", artifact.name), LISTS, Expects::Listing);
        let question = (question.0.as_str(), question.1, question.2);
        registry.asks(question, Some((artifact, holds)), way.certificates.as_ref());
    }
    Some(registry)
}

/// Whether the file that many tools read has a user for the host of an address, or the address itself has.
pub(crate) fn netrc(url: &str, ask: &Ask<'_>) -> bool {
    let homes = &ask.options.homes;
    let parsed = url::Url::parse(url).ok();
    if parsed.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        return true;
    }
    let host = parsed.and_then(|url| url.host_str().map(str::to_owned));
    let file = homes.variable("NETRC").map_or_else(|| homes.home.join(".netrc"), PathBuf::from);
    let text = ask.look.text(&file, 1 << 20).unwrap_or_default();
    host.is_some_and(|host| {
        let words: Vec<&str> = text.split_whitespace().collect();
        words.windows(2).any(|pair| pair[0] == "machine" && pair[1] == host)
    })
}
