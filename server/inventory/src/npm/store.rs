//! npm's content-addressed store, and where in it an entry's tarball may be.
//! May not read what it holds.

use super::config::Config;
use super::entry::Text;
use super::lock::Located;
use super::spec::{self, Repository};
use crate::ecosystem::Ask;
use crate::fetch;
use crate::hexadecimal;
use crate::look::Seen;
use crate::verify::{Algorithm, Sum};
use base64::Engine;
use contract::ArtifactState;
use std::path::{Path, PathBuf};

/// npm's content-addressed store.
pub(super) struct Store {
    /// `_cacache`.
    pub base: PathBuf,
    pub content: PathBuf,
    /// Why nothing can be said about it.
    pub doubt: Option<String>,
}

impl Store {
    pub(super) fn find(config: &Config, ask: &Ask<'_>) -> Self {
        let cache = config.cache.join("_cacache");
        let content = cache.join("content-v2");
        let doubt = match ask.look.at(&content) {
            Seen::Absent => {
                ask.look.at(&cache);
                let newer = crate::reach::list(&cache).into_iter().flatten().flatten().find_map(|entry| {
                    entry.file_name().into_string().ok().filter(|name| name.starts_with("content-v"))
                });
                newer.map(|name| format!("npm's cache is in a form that is not known: {name}"))
            }
            Seen::Folder(_) => None,
            odd => Some(format!("npm's cache: {}", odd.doubt().unwrap_or_else(|| "it is not a folder".into()))),
        };
        Store { base: cache, content, doubt }
    }

    pub(super) fn path(&self, sum: &Sum) -> PathBuf {
        let hex = hexadecimal::of(&sum.bytes);
        let mut path = self.content.join(sum.algorithm.name());
        path.extend([&hex[..2], &hex[2..4], &hex[4..]]);
        path
    }
}

/// Where an entry's tarball may be; or why that cannot be told.
pub(super) struct Plan {
    pub candidates: Vec<(PathBuf, Option<Sum>)>,
    pub doubt: Option<String>,
    pub local: bool,
    /// The git repository that it comes from.
    pub repository: Option<Result<Repository, ()>>,
}

pub(super) fn plan(located: &Located, folder: &Path, store: &Store) -> Plan {
    let none = Plan { candidates: Vec::new(), doubt: None, local: false, repository: None };
    let doubtful = |why: String| Plan { candidates: Vec::new(), doubt: Some(why), local: false, repository: None };
    let sums = located.entry.integrity.as_deref().map(sums).unwrap_or_default();
    let resolved = match &located.entry.resolved {
        Some(Text::Said(resolved)) => Some(resolved.as_str()),
        _ => None,
    };
    if let Some(file) = resolved.and_then(|resolved| resolved.strip_prefix("file:")) {
        let file = percent_encoding::percent_decode_str(file).decode_utf8_lossy();
        return Plan { candidates: vec![(folder.join(&*file), sums.into_iter().next())], local: true, ..none };
    }
    if let Some(repository) = resolved.and_then(spec::read) {
        return Plan { repository: Some(repository), ..none };
    }
    if let Some(resolved) =
        resolved.filter(|resolved| !resolved.starts_with("http:") && !resolved.starts_with("https:"))
    {
        let url = fetch::without_credentials(resolved);
        return doubtful(format!("it does not come from a registry, which is not judged yet: {url}"));
    }
    if sums.is_empty() && located.entry.integrity.is_some() {
        return doubtful("its integrity in the lockfile is not understood".into());
    }
    if let Some(doubt) = &store.doubt {
        return doubtful(doubt.clone());
    }
    let candidates = sums.into_iter().map(|sum| (store.path(&sum), Some(sum))).collect();
    Plan { candidates, ..none }
}

/// The digests of the strongest hash in an integrity, as npm chooses.
pub(crate) fn sums(integrity: &str) -> Vec<Sum> {
    let mut all: Vec<Sum> = integrity
        .split_whitespace()
        .filter_map(|one| {
            let (name, rest) = one.split_once('-')?;
            let algorithm = Algorithm::from_name(name)?;
            let digest = rest.split_once('?').map_or(rest, |(digest, _)| digest);
            let bytes = base64::engine::general_purpose::STANDARD.decode(digest).ok()?;
            (bytes.len() == algorithm.len()).then_some(Sum { algorithm, bytes })
        })
        .collect();
    let strongest = all.iter().map(|sum| sum.algorithm).max();
    all.retain(|sum| Some(sum.algorithm) == strongest);
    all
}

/// State, evidence, and which candidate they are about.
pub(super) fn state_of(plan: &Plan, stands: &[Seen]) -> (ArtifactState, String, Option<usize>) {
    use ArtifactState::{Corrupt, Missing, Present, Unknown};
    if let Some(doubt) = &plan.doubt {
        return (Unknown, doubt.clone(), None);
    }
    let place = if plan.local { "the file that the lockfile names" } else { "its tarball in npm's cache" };
    if let Some(at) = stands.iter().position(|seen| matches!(seen, Seen::File(identity) if identity.size > 0)) {
        let evidence =
            if plan.local { "the file that the lockfile names is there" } else { "its tarball is in npm's cache" };
        return (Present, evidence.into(), Some(at));
    }
    if let Some(at) = stands.iter().position(|seen| matches!(seen, Seen::File(_))) {
        return (Corrupt, format!("{place} is empty"), Some(at));
    }
    // npm cannot read a folder, and finds nothing behind a link that leads nowhere.
    if let Some(at) = stands.iter().position(|seen| matches!(seen, Seen::Folder(_))).filter(|_| !plan.local) {
        return (Corrupt, format!("{place} is a folder"), Some(at));
    }
    if let Some(doubt) = stands.iter().find_map(|seen| seen.doubt().filter(|_| *seen != Seen::Dangling)) {
        return (Unknown, format!("{place}: {doubt}"), None);
    }
    let evidence =
        if plan.local { "the file that the lockfile names is not there" } else { "its tarball is not in npm's cache" };
    (Missing, evidence.into(), None)
}
