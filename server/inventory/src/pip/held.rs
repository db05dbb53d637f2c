//! What is here of one package that pip would install: a wheel in a folder, or what is installed already, and in what state.
//! May not choose which file it is.

use super::choose::{Chosen, Market, Source};
use super::folder::File;
use crate::ecosystem::Ask;
use crate::held::Held;
use crate::look::Seen;
use crate::python::archive::{Archive, Wrong};
use crate::python::metadata::Metadata;
use crate::verify::{Algorithm, Content, Sum, digest_of};
use contract::ArtifactState;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// Looks at what was chosen; paths are shown from `folder` on.
pub(super) struct Holder<'a> {
    pub folder: &'a Path,
    pub ask: &'a Ask<'a>,
}

impl Holder<'_> {
    pub(super) fn hold(
        &self,
        name: &str,
        chosen: &Chosen,
        sums: &HashMap<String, Vec<Sum>>,
        market: &Market<'_>,
    ) -> Held {
        let Some(choice) = chosen.choices.get(name) else {
            let mut why = chosen.lacking.get(name).cloned().unwrap_or_default();
            if market.where_looked.is_empty() {
                why = "there is no folder of wheels (--find-links, or wheelhouse) and it is not installed, and pip takes \
                       nothing from its own cache without asking a registry"
                    .into();
            }
            return Held::new(ArtifactState::Missing, why);
        };
        match &choice.source {
            Source::Installed(package) => {
                let place = market.place.map_or_else(|| Path::new("."), |place| &place.root);
                let shown = crate::homes::relative(place, self.folder).display().to_string();
                let read = match (&choice.metadata, market.place) {
                    (Err(wrong), _) => Err(wrong.clone()),
                    (Ok(_), Some(place)) => place.files(package, self.ask),
                    (Ok(_), None) => Ok((Vec::new(), 0)),
                };
                let mut held = match read {
                    Ok((files, bytes)) => Held {
                        files,
                        bytes: Some(bytes),
                        ..Held::new(
                            ArtifactState::Present,
                            format!("it is installed in {shown}, with every file that its own list names"),
                        )
                    },
                    Err(Wrong::Unknown(why)) => {
                        Held::new(ArtifactState::Unknown, format!("installed in {shown}: {why}"))
                    }
                    Err(Wrong::Absent) => Held::new(ArtifactState::Corrupt, format!("installed in {shown}, and gone")),
                    Err(Wrong::Damaged(why)) => Held::new(
                        ArtifactState::Corrupt,
                        format!("it is installed in {shown}, and damaged, which pip does not notice: {why}"),
                    ),
                };
                held.looked_in.push(package.own.clone());
                held.set_aside.push(package.own.clone());
                held
            }
            Source::File(file) => {
                let mut held = self.file(file, &choice.metadata, sums.get(name));
                held.looked_in.push(file.path.clone());
                held.set_aside.push(file.path.clone());
                held
            }
        }
    }

    fn file(&self, file: &File, metadata: &Result<Metadata, Wrong>, sums: Option<&Vec<Sum>>) -> Held {
        let shown = crate::homes::relative(&file.path, self.folder).display().to_string();
        match metadata {
            Err(Wrong::Absent) => return Held::new(ArtifactState::Missing, format!("{shown} is not there")),
            Err(Wrong::Damaged(why)) => return Held::new(ArtifactState::Corrupt, format!("{shown} is damaged: {why}")),
            Err(Wrong::Unknown(why)) => return Held::new(ArtifactState::Unknown, format!("{shown}: {why}")),
            Ok(_) => {}
        }
        if file.wheel.is_none() && matches!(self.ask.look.at(&file.path), Seen::Folder(_)) {
            return Held::new(ArtifactState::Present, format!("it is {shown}, which pip builds anew for each install"));
        }
        let Seen::File(identity) = self.ask.look.at(&file.path) else {
            return Held::new(ArtifactState::Unknown, format!("{shown} could not be looked at"));
        };
        let present = |why: String| Held { bytes: Some(identity.size), ..Held::new(ArtifactState::Present, why) };
        match sums.map(Vec::as_slice) {
            Some([sum]) if sum.bytes.len() == sum.algorithm.len() => {
                let mut held = present(format!("it is {shown}, which pip takes without asking anybody"));
                held.files.push(Content { path: file.path.clone(), sum: sum.clone(), identity, read: None });
                held
            }
            Some(sums) => {
                let algorithms: BTreeSet<Algorithm> = sums.iter().map(|sum| sum.algorithm).collect();
                for algorithm in algorithms {
                    let Some(bytes) = digest_of(&file.path, algorithm) else {
                        return Held::new(ArtifactState::Unknown, format!("{shown} could not be read"));
                    };
                    let sum = Sum { algorithm, bytes };
                    if sums.contains(&sum) {
                        let mut held = present(format!("it is {shown}, which pip takes without asking anybody"));
                        held.files.push(Content { path: file.path.clone(), sum, identity, read: None });
                        return held;
                    }
                }
                let why = format!("{shown} has none of the checksums that the requirements allow");
                Held::new(ArtifactState::Corrupt, why)
            }
            None if file.wheel.is_none() => {
                let why = "which pip builds; the requirements have no checksum for it";
                present(format!("it is {shown}, {why}, and it can be unpacked to its end"))
            }
            None => match Archive::open(&file.path).and_then(|mut archive| archive.compare()) {
                Ok(()) => present(format!(
                    "it is {shown}, which pip takes without asking anybody; the requirements have no checksum for it, and \
                     what is in it agrees with its own"
                )),
                Err(Wrong::Unknown(why)) => Held::new(ArtifactState::Unknown, format!("{shown}: {why}")),
                Err(Wrong::Absent) => Held::new(ArtifactState::Missing, format!("{shown} is not there")),
                Err(Wrong::Damaged(why)) => Held::new(ArtifactState::Corrupt, format!("{shown} is damaged: {why}")),
            },
        }
    }
}
