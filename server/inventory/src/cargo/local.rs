//! A local registry: a folder of `.crate` files with an index beside them.
//! May not look outside that folder. Rules: cargo's `sources/registry/local.rs`.

use super::entries;
use super::index;
use super::lock::Package;
use super::origin;
use super::sources::Answer;
use crate::look::{Look, Seen, Unread};
use crate::verify::{Algorithm, Content, Sum};
use contract::ArtifactState;
use std::path::{Path, PathBuf};

/// One such folder.
pub(super) struct Local {
    folder: PathBuf,
}

impl Local {
    pub(super) fn new(folder: &Path) -> Self {
        Local { folder: folder.to_path_buf() }
    }

    /// What is here of one locked package.
    pub(super) fn answer(&self, package: &Package, look: &Look) -> Answer {
        use ArtifactState::{Corrupt, Missing, Present, Stale, Unknown};
        let Some(shard) = index::shard(&package.name) else {
            return Answer::new(Unknown, "its name is none that a registry takes");
        };
        let path = self.folder.join("index").join(shard);
        let archive = self.folder.join(format!("{}-{}.crate", package.name, package.version));
        let of = |state: ArtifactState, evidence: String| {
            let looked_in = vec![archive.clone(), path.clone()];
            Answer { looked_in, ..Answer::new(state, evidence) }
        };
        let text = match look.text(&path, entries::LARGEST_ENTRY) {
            Ok(text) => text,
            Err(Unread::Absent | Unread::Odd(Seen::Dangling)) => {
                return of(Missing, "the local registry's index has no entry for it".into());
            }
            Err(why @ Unread::Odd(Seen::Folder(_))) => return of(Corrupt, format!("its index entry: {why}")),
            Err(why) => return of(Unknown, format!("its index entry: {why}")),
        };
        let entry = match index::line(&text, &package.version) {
            Ok(entry) => entry,
            Err(index::Silent::Version) => {
                return of(Stale, "its entry in the local registry's index does not know this version".into());
            }
            Err(_) => return of(Corrupt, "its entry in the local registry's index is damaged".into()),
        };
        let same = hex::decode(entry.cksum.as_bytes()).ok();
        if package.checksum.is_none_or(|sum| same.as_deref() != Some(&sum[..])) {
            return of(Corrupt, "the index and the lockfile do not agree on its checksum".into());
        }
        let known = entries::known(entry, &origin::of(package));
        let (state, evidence) = match look.at(&archive) {
            Seen::File(identity) => {
                let sum = package.checksum.map(|sum| Sum { algorithm: Algorithm::Sha256, bytes: sum.to_vec() });
                let content = sum.map(|sum| Content { path: archive.clone(), sum, identity, read: None });
                let found = of(Present, "its .crate and its index entry are in the local registry".into());
                return Answer { content, known: Some(known), bytes: Some(identity.size), ..found };
            }
            Seen::Absent | Seen::Dangling => (Missing, "its .crate is not in the local registry".to_owned()),
            Seen::Folder(_) => (Corrupt, "its .crate in the local registry is a folder".into()),
            odd => (Unknown, format!("its .crate in the local registry: {}", odd.doubt().unwrap_or_default())),
        };
        Answer { known: Some(known), by_target: true, ..of(state, evidence) }
    }
}
