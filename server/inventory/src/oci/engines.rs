//! Which engines run containers on this machine, and what they have: Podman by the store that it shares with Buildah, Docker by its lists.
//! May not ask a service: a socket is a connection.

use super::docker::Docker;
use super::layout;
use super::platform::Platform;
use super::reference::{self, Reference};
use super::registries::{self, Registries};
use super::storage;
use super::store::{Image, Store, Unlisted, Whole};
use crate::ecosystem::Ask;
use crate::look::Seen;
use crate::verify::Content;
use contract::ArtifactState;
use std::path::PathBuf;

/// What is known of one image.
pub(super) struct Found {
    pub state: ArtifactState,
    pub evidence: String,
    pub looked_in: Vec<PathBuf>,
    pub contents: Vec<Content>,
    pub bytes: Option<u64>,
}

impl Found {
    pub(super) fn not(state: ArtifactState, evidence: impl Into<String>) -> Self {
        Found { state, evidence: evidence.into(), looked_in: Vec::new(), contents: Vec::new(), bytes: None }
    }
}

/// The engines of this machine.
pub(super) struct Engines {
    podman: Option<Podman>,
    docker: Option<Docker>,
}

impl Engines {
    /// Podman's store counts also where no engine is here: then there is nothing else to go by.
    pub(super) fn look(ask: &Ask<'_>) -> Self {
        let program = |name: &str| ask.options.homes.program(name, ask.look);
        let docker = program("docker").filter(|path| !is_podman(path, ask)).and_then(|_| Docker::look(ask));
        let podman = program("podman").or_else(|| program("buildah"));
        let podman = (podman.is_some() || docker.is_none()).then(|| Podman::look(podman.is_some(), ask));
        Engines { podman, docker }
    }

    /// Whether an answer rests on what no run of the engine stands behind.
    pub(super) fn unverified(&self) -> bool {
        self.docker.is_some()
    }

    /// The program that pulls.
    pub(super) fn program(&self) -> &'static str {
        match (&self.podman, &self.docker) {
            (Some(podman), _) if podman.here => "podman",
            (_, Some(_)) => "docker",
            _ => "podman",
        }
    }

    /// Where images are kept.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let podman = self.podman.iter().map(|podman| podman.root.clone());
        podman.chain(self.docker.iter().map(|docker| docker.root.clone())).collect()
    }

    /// Whether an image is here, for a platform where one is asked for.
    pub(super) fn find(&self, name: &str, asked: Option<&Platform>, ask: &Ask<'_>) -> Found {
        if layout::is_place(name) {
            if self.docker.is_some() {
                let why = "it names a place, from which Docker takes no image";
                return Found::not(ArtifactState::Unknown, why);
            }
            return layout::find(name, asked, ask);
        }
        let reference = match reference::parse(name) {
            Ok(reference) => reference,
            Err(why) => return Found::not(ArtifactState::Missing, format!("no engine takes this name: {why}")),
        };
        let podman = self.podman.as_ref().map(|podman| podman.find(name, &reference, asked, ask));
        let docker = self.docker.as_ref().map(|docker| docker.find(&reference, asked, ask));
        match (podman, docker) {
            (Some(one), None) | (None, Some(one)) => one,
            (Some(podman), Some(docker)) => both(podman, docker),
            (None, None) => Found::not(ArtifactState::Unknown, "no engine was looked at"),
        }
    }
}

/// Of two engines nobody knows here which one will be asked.
fn both(podman: Found, docker: Found) -> Found {
    let state = if podman.state == docker.state { podman.state } else { ArtifactState::Unknown };
    let evidence = format!("{}; {}", podman.evidence, docker.evidence);
    let mut found = Found { state, evidence, ..podman };
    found.looked_in.extend(docker.looked_in);
    if state == ArtifactState::Present {
        found.contents.extend(docker.contents);
    } else {
        found.contents.clear();
    }
    found
}

/// Podman comes with a `docker` that runs it.
fn is_podman(path: &std::path::Path, ask: &Ask<'_>) -> bool {
    let named = path.file_name().is_some_and(|name| name == "podman");
    let script = || ask.look.bytes(path, 64 << 10).is_ok_and(|text| text.starts_with(b"#!") && has(&text, b"podman"));
    named || script()
}

fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

struct Podman {
    /// There is a program that uses the store.
    here: bool,
    root: PathBuf,
    stores: Vec<Store>,
    registries: Registries,
    doubts: Vec<String>,
    /// Why Podman does not read its store.
    broken: Option<String>,
}

impl Podman {
    fn look(here: bool, ask: &Ask<'_>) -> Self {
        let storage = storage::find(ask);
        let (mut stores, mut doubts, mut broken) = (Vec::new(), storage.doubts, None);
        for (at, root) in std::iter::once(&storage.root).chain(&storage.additional).enumerate() {
            match Store::at(root, storage.driver.as_deref(), ask) {
                Ok(own) if at == 0 && own.len() > 1 => {
                    doubts.push(format!("{} was used with several drivers", root.display()));
                }
                Ok(own) => stores.extend(own),
                Err(Unlisted::Unknown(why)) => doubts.push(why),
                Err(Unlisted::Broken(why)) => broken = broken.or(Some(why)),
            }
        }
        Podman { here, root: storage.root, stores, registries: registries::find(ask), doubts, broken }
    }

    fn find(&self, name: &str, reference: &Reference, asked: Option<&Platform>, ask: &Ask<'_>) -> Found {
        let mut found = self.judged(name, reference, asked, ask);
        found.looked_in.push(self.root.clone());
        let short = reference.registry.is_none();
        let doubt = self.doubts.first().or_else(|| self.registries.doubts.first().filter(|_| short));
        if let Some(doubt) = doubt {
            return Found { looked_in: found.looked_in, ..Found::not(ArtifactState::Unknown, doubt) };
        }
        if let Some(why) = &self.broken {
            let why = format!("Podman's store is damaged: {why}");
            return Found { looked_in: found.looked_in, ..Found::not(ArtifactState::Corrupt, why) };
        }
        if !self.here && found.state == ArtifactState::Missing {
            found.evidence = format!("{}, and no engine that runs containers is in the path", found.evidence);
        }
        found
    }

    fn judged(&self, name: &str, reference: &Reference, asked: Option<&Platform>, ask: &Ask<'_>) -> Found {
        let wanted = asked.cloned().unwrap_or_else(Platform::own);
        let mut other = None;
        for (store, image, kept) in self.named(name, reference) {
            let shown = if kept == name { String::new() } else { format!(" as {kept}") };
            let (platform, contents, bytes) = match store.whole(image, &self.stores, &wanted, ask) {
                Whole::Yes { platform, contents, bytes } => (platform, contents, bytes),
                Whole::No(why) => {
                    return Found::not(
                        ArtifactState::Corrupt,
                        format!("Podman has it{shown}, and it is not whole: {why}"),
                    );
                }
                Whole::Unknown(why) => {
                    let why = format!("Podman has it{shown}, and whether it is whole cannot be told: {why}");
                    return Found::not(ArtifactState::Unknown, why);
                }
            };
            match platform.fits(&wanted) {
                Some(false) => {
                    let why = format!("Podman has it{shown} for {platform} and not for {wanted}");
                    other.get_or_insert(Found::not(ArtifactState::Missing, why));
                }
                None if asked.is_some() => {
                    let why = format!("Podman has it{shown}, and for which platform it does not say");
                    other.get_or_insert(Found::not(ArtifactState::Unknown, why));
                }
                _ => {
                    let mut found = Found::not(ArtifactState::Present, format!("Podman has it{shown}"));
                    found.contents = contents;
                    found.bytes = Some(bytes);
                    return found;
                }
            }
        }
        let hexadecimal = |text: &str| text.len() >= 3 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let all = || self.stores.iter().flat_map(|store| &store.images);
        if hexadecimal(name) && all().any(|image| image.id.starts_with(name)) {
            return Found::not(
                ArtifactState::Unknown,
                "an image has a number that begins like this, which is not followed",
            );
        }
        other.unwrap_or_else(|| Found::not(ArtifactState::Missing, "Podman does not have it"))
    }

    /// The images that a name may lead to, in the order in which Podman looks for them, and the names that they are kept by.
    fn named<'s>(&'s self, name: &str, reference: &Reference) -> Vec<(&'s Store, &'s Image, String)> {
        let all = || self.stores.iter().flat_map(|store| store.images.iter().map(move |image| (store, image)));
        let names = |image: &'s Image| image.names.iter().flatten();
        let number = name.strip_prefix("sha256:").unwrap_or(name);
        let mut found: Vec<(&Store, &Image, String)> = Vec::new();
        if let Some((store, image)) = all().find(|(_, image)| image.id == number) {
            found.push((store, image, name.to_owned()));
        }
        for candidate in self.registries.candidates(reference) {
            if let Some((store, image)) = all().find(|(_, image)| names(image).any(|own| *own == candidate)) {
                found.push((store, image, candidate));
            }
        }
        let shown = |image: &'s Image| image.names.iter().flatten().next().cloned().unwrap_or_else(|| image.id.clone());
        if let Some(digest) = &reference.digest {
            // Whatever it was pulled by.
            let same = all().filter(|(_, image)| image.has(digest));
            found.extend(same.map(|(store, image)| (store, image, shown(image))));
        } else if reference.registry.is_none() {
            // At last Podman takes one of any registry whose name ends like this.
            let end = format!("/{}{}", reference.path, reference.suffix());
            let mut ends = all().filter_map(|(store, image)| {
                Some((store, image, names(image).find(|own| own.ends_with(&end))?.clone()))
            });
            found.extend(ends.next());
        }
        found
    }
}

/// Whether something stands at a path, whatever it is.
pub(super) fn stands(path: &std::path::Path, ask: &Ask<'_>) -> bool {
    ask.look.at(path) != Seen::Absent
}
