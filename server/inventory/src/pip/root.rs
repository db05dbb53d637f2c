//! An entry of a requirements file beside what it was understood as: its name, and what is said of it by itself.
//! May not choose a file.

use super::choose::Market;
use super::entry::Wanted;
use super::folder::File;
use super::follow::Package;
use crate::held::Held;
use crate::python::name::Wheel;
use contract::ArtifactState;
use pep440_rs::Version;

/// One entry, and what it was understood as.
pub(super) struct Root<'a> {
    pub package: &'a Package,
    pub wanted: Wanted,
    /// On this machine.
    pub needed: bool,
}

impl Root<'_> {
    pub(super) fn name(&self) -> Option<String> {
        match &self.wanted {
            Wanted::Named(requirement) => Some(requirement.name.clone()),
            Wanted::File { path, name, .. } => {
                let file = path.file_name()?.to_str()?;
                let of_wheel = || file.strip_suffix(".whl").and_then(Wheel::read).map(|wheel| wheel.name);
                of_wheel().or_else(|| name.clone()).or_else(|| Some(super::folder::sources(file)?.0))
            }
            Wanted::Folder { name, .. } | Wanted::Address { name, .. } => name.clone(),
        }
    }

    /// Sources without a name in the requirements have one of their own.
    pub(super) fn name_it(&mut self, market: &Market<'_>) {
        let (Wanted::Folder { path, name, .. } | Wanted::File { path, name, .. }) = &mut self.wanted else { return };
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.is_some() || file.strip_suffix(".whl").is_some() {
            return;
        }
        let file = File { path: path.clone(), version: Version::new([0]), wheel: None };
        *name = market.sources(&file).and_then(|sources| sources.metadata()).ok().map(|told| told.name);
    }

    /// What is said of one that pip's choice is not about.
    pub(super) fn alone(&self) -> Held {
        match &self.wanted {
            Wanted::Named(_) | Wanted::File { .. } => Held::new(ArtifactState::Missing, "it is not here"),
            Wanted::Folder { .. } => Held::new(ArtifactState::Unknown, "it has to be built before more of it is known"),
            Wanted::Address { .. } => Held::new(
                ArtifactState::Missing,
                "it comes from an address, and pip has built no wheel of it that it kept",
            ),
        }
    }
}

impl Wanted {
    pub(super) fn marker(&self) -> Option<&str> {
        match self {
            Wanted::Named(requirement) => requirement.marker.as_deref(),
            Wanted::File { marker, .. } | Wanted::Folder { marker, .. } | Wanted::Address { marker, .. } => {
                marker.as_deref()
            }
        }
    }
}
