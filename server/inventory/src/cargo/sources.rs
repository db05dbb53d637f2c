//! For each locked package the place that cargo takes it from, after all replacements: a registry's folders below cargo's
//! home, a git repository, a folder of vendored sources, a local registry. May not say which packages a target needs.

use super::config::{Config, Place};
use super::git::{Repositories, Repository};
use super::local::Local;
use super::lock::{Lock, Package, Source};
use super::registry::Registry;
use super::resolve::Known;
use super::vendored::Vendored;
use crate::ecosystem::{Ask, Verdict};
use crate::verify::Content;
use contract::ArtifactState;
use std::collections::HashMap;
use std::path::PathBuf;

/// What is known of a package that comes from no registry below cargo's home.
#[derive(Debug)]
pub(super) struct Answer {
    pub state: ArtifactState,
    pub evidence: String,
    pub looked_in: Vec<PathBuf>,
    /// What it needs, where that could be read.
    pub known: Option<Known>,
    pub content: Option<Content>,
    /// Further files that it rests on, and what is said where one is damaged.
    pub shared: Vec<(Content, String)>,
    /// What has to be out of the way before it is fetched anew.
    pub set_aside: Vec<PathBuf>,
    /// Bytes of its archive.
    pub bytes: Option<u64>,
    /// Only a target that builds it needs what is lacking.
    pub by_target: bool,
}

impl Answer {
    pub(super) fn new(state: ArtifactState, evidence: impl Into<String>) -> Self {
        Answer {
            state,
            evidence: evidence.into(),
            looked_in: Vec::new(),
            known: None,
            content: None,
            shared: Vec::new(),
            set_aside: Vec::new(),
            bytes: None,
            by_target: false,
        }
    }
}

/// Where one package comes from.
#[derive(Debug)]
pub(super) enum Home {
    /// A folder of the workspace, or near it.
    Path,
    /// One of [`Sources::registries`].
    Registry(usize),
    Elsewhere(Box<Answer>),
}

/// Where all of them come from.
pub(super) struct Sources {
    /// crates.io's, or what replaces it, first; where it is in no registry below cargo's home, none.
    pub registries: Vec<Registry>,
    /// By package.
    pub homes: Vec<Home>,
    pub verdict: Verdict,
    /// Nothing but crates.io, or one registry in its place: what was resolved may be remembered.
    pub plain: bool,
    pub watch: Vec<PathBuf>,
}

impl Sources {
    pub(super) fn find(lock: &Lock, config: &Config, ask: &Ask<'_>) -> Self {
        let mut sources = Sources {
            registries: Vec::new(),
            homes: Vec::with_capacity(lock.packages.len()),
            verdict: Verdict::Sound,
            plain: true,
            watch: Vec::new(),
        };
        let mut by_place: HashMap<Place, usize> = HashMap::new();
        let mut vendored: HashMap<PathBuf, Vendored> = HashMap::new();
        let mut repositories = Repositories::default();
        let own = config.place(&Source::CratesIo, None);
        if let Place::Index(_) = own {
            sources.registries.push(Registry::find(&own, ask));
            by_place.insert(own, 0);
        }
        for package in &lock.packages {
            let home = match &package.source {
                Source::Path => Home::Path,
                source => {
                    let place = config.place(source, package.source_text.as_deref());
                    sources.plain &= *source == Source::CratesIo && matches!(place, Place::Index(_));
                    sources.home(package, place, &mut by_place, &mut vendored, &mut repositories, ask)
                }
            };
            sources.homes.push(home);
        }
        for vendored in vendored.into_values() {
            sources.verdict.worsen(vendored.verdict);
        }
        sources.watch.extend(sources.registries.iter().flat_map(Registry::watch));
        sources
    }

    fn home(
        &mut self,
        package: &Package,
        place: Place,
        by_place: &mut HashMap<Place, usize>,
        vendored: &mut HashMap<PathBuf, Vendored>,
        repositories: &mut Repositories,
        ask: &Ask<'_>,
    ) -> Home {
        let unknown = |why: String| Home::Elsewhere(Box::new(Answer::new(ArtifactState::Unknown, why)));
        match place {
            Place::Index(_) => {
                let next = self.registries.len();
                let at = *by_place.entry(place.clone()).or_insert(next);
                if at == next {
                    self.registries.push(Registry::find(&place, ask));
                }
                match &self.registries[at].elsewhere {
                    Some(why) => unknown(why.clone()),
                    None => Home::Registry(at),
                }
            }
            Place::Directory(folder) => {
                let of = vendored.entry(folder.clone()).or_insert_with(|| Vendored::read(&folder, ask.look));
                Home::Elsewhere(Box::new(of.answer(package, ask.look)))
            }
            Place::Local(folder) => Home::Elsewhere(Box::new(Local::new(&folder).answer(package, ask.look))),
            Place::Git(url, revision) => match Repository::named(&url, &revision) {
                Ok(repository) => Home::Elsewhere(Box::new(repositories.answer(package, &repository, ask))),
                Err(why) => unknown(why),
            },
            Place::Elsewhere(why) => unknown(why),
            Place::Refused(why) => {
                self.verdict.worsen(Verdict::Refused(why.clone()));
                unknown(why)
            }
        }
    }

    /// The registry that a package comes from.
    pub(super) fn registry(&self, at: usize) -> Option<&Registry> {
        if let Home::Registry(registry) = self.homes[at] { self.registries.get(registry) } else { None }
    }

    pub(super) fn answer(&self, at: usize) -> Option<&Answer> {
        if let Home::Elsewhere(answer) = &self.homes[at] { Some(answer) } else { None }
    }

    /// Takes out what is known of packages that come from no registry; by package.
    pub(super) fn take_known(&mut self) -> Vec<Option<Known>> {
        self.homes
            .iter_mut()
            .map(|home| if let Home::Elsewhere(answer) = home { answer.known.take() } else { None })
            .collect()
    }
}
