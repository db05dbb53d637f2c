//! The folders of cargo's home in which a registry's crates, sources and index are kept, and whether cargo could use them.
//! May not look at single crates.

use super::config::Place;
use super::lock::Package;
use crate::ecosystem::Ask;
use crate::look::{Seen, Unread};
use contract::{Artifact, ArtifactState, Range};
use std::path::{Path, PathBuf};

/// The folders in which one registry's crates are kept.
pub(crate) struct Registry {
    /// `registry/cache/<folder>`.
    pub(super) crates: PathBuf,
    /// `registry/src/<folder>`.
    sources: PathBuf,
    /// `registry/index/<folder>/.cache`.
    pub(super) entries: PathBuf,
    pub(super) settings: PathBuf,
    settings_seen: Seen,
    /// Cargo takes nothing else for settings than JSON that says where crates are downloaded from.
    settings_read: Result<bool, Unread>,
    folder: String,
    pub(super) elsewhere: Option<String>,
}

impl Registry {
    pub(super) fn find(place: &Place, ask: &Ask<'_>) -> Self {
        let (folder, elsewhere) = match place {
            Place::Index(folder) => (folder.clone(), None),
            _ => (String::new(), Some("it is in no registry below cargo's home".into())),
        };
        let home = ask.options.homes.cargo.join("registry");
        let index = home.join("index").join(&folder);
        let settings = index.join("config.json");
        let settings_seen = if elsewhere.is_none() { ask.look.at(&settings) } else { Seen::Absent };
        let settings_read = match settings_seen {
            Seen::File(identity) if identity.size > 0 => ask.look.text(&settings, 1 << 20).map(|text| {
                serde_json::from_str::<serde_json::Value>(&text)
                    .is_ok_and(|value| value.get("dl").is_some_and(serde_json::Value::is_string))
            }),
            _ => Ok(true),
        };
        let mut found = Registry {
            crates: home.join("cache").join(&folder),
            sources: home.join("src").join(&folder),
            entries: index.join(".cache"),
            settings,
            settings_seen,
            settings_read,
            folder,
            elsewhere,
        };
        // Another cargo may name the folder otherwise: then nothing can be said about what this one would find.
        if found.elsewhere.is_none() && found.settings_seen == Seen::Absent {
            let host = found.folder.rsplit_once('-').map_or("", |(host, _)| host).to_owned();
            let index_root = home.join("index");
            ask.look.at(&index_root);
            let other = crate::reach::list(&index_root).into_iter().flatten().flatten().find_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let same_host = name.rsplit_once('-').is_some_and(|(before, _)| before == host);
                (same_host && name != found.folder).then_some(name)
            });
            if let (Some(other), Seen::Absent) = (other, ask.look.at(&index)) {
                found.elsewhere =
                    Some(format!("the registry's index was written by another version of cargo: {other}"));
            }
        }
        found
    }

    pub(super) fn crate_path(&self, package: &Package) -> PathBuf {
        self.crates.join(format!("{}-{}.crate", package.name, package.version))
    }

    pub(super) fn source_path(&self, package: &Package) -> PathBuf {
        self.sources.join(format!("{}-{}", package.name, package.version))
    }

    pub(super) fn watch(&self) -> Vec<PathBuf> {
        if self.elsewhere.is_some() {
            Vec::new()
        } else {
            vec![self.crates.clone(), self.entries.clone(), self.settings.clone()]
        }
    }

    /// What is wrong with the registry's own settings, without which cargo uses nothing of it.
    pub(super) fn unsettled(&self) -> Option<(ArtifactState, String)> {
        if self.elsewhere.is_some() {
            return None;
        }
        match self.settings_seen {
            Seen::File(identity) if identity.size > 0 => match self.settings_read {
                Ok(true) => None,
                Ok(false) => Some((
                    ArtifactState::Corrupt,
                    "the registry's config.json does not say where crates are downloaded from".into(),
                )),
                Err(why) => Some((ArtifactState::Unknown, format!("the registry's config.json: {why}"))),
            },
            Seen::File(_) => Some((ArtifactState::Corrupt, "the registry's config.json is empty".into())),
            Seen::Absent | Seen::Dangling => {
                Some((ArtifactState::Missing, "the registry's config.json is not in the index".into()))
            }
            Seen::Folder(_) => Some((ArtifactState::Corrupt, "the registry's config.json is a folder".into())),
            odd => odd.doubt().map(|why| (ArtifactState::Unknown, format!("the registry's config.json: {why}"))),
        }
    }

    pub(super) fn artifact(&self, lockfile: &Path, target: &str, state: ArtifactState, evidence: &str) -> Artifact {
        Artifact {
            id: format!("cargo:registry-index@{}", self.folder),
            ecosystem: "cargo".into(),
            name: "registry index".into(),
            version: self.folder.clone(),
            state,
            evidence: format!("{evidence}: cargo finds no crate without it"),
            looked_in: vec![self.settings.clone()],
            verified: false,
            needed_by: Vec::new(),
            target: Some(target.to_owned()),
            other_target: false,
            dev: false,
            optional: false,
            bytes: None,
            file: lockfile.to_path_buf(),
            range: Range::default(),
            manifests: Vec::new(),
        }
    }
}
