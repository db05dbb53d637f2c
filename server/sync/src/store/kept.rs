//! What is known of a bucket from the last look at it: its hints with their tags, and the list of what lies there. Where no tag has
//! changed since, one request tells that there is nothing new. It may be thrown away at any time: then everything is listed.

use super::There;
use crate::name::Stray;
use crate::remote::Identity;
use crate::take::parsed;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Longest file that is read, in bytes: some hundred thousand names.
const MOST: u64 = 64 << 20;
/// The form of the file.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    form: u32,
    id: String,
    project: String,
    check: Option<String>,
    tags: BTreeMap<String, String>,
    heads: BTreeMap<String, u64>,
    segments: Vec<(String, u64)>,
    strays: Vec<String>,
    full_ms: i64,
    conditional: Option<bool>,
}

/// Where it is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept(pub PathBuf);

impl Kept {
    /// In Holdover's data folder, for the bucket of that address.
    pub fn of(address: &str, data: &Path) -> Kept {
        Kept(data.join("store").join(format!("{}.json", &blake3::hash(address.as_bytes()).to_hex()[..32])))
    }

    /// What was known; `None` where that cannot be used.
    pub fn read(&self) -> Option<There> {
        let file: File = serde_json::from_slice(&host::read_small(&self.0, MOST).ok()?).ok()?;
        let mut project = [0; 16];
        hex::decode_to_slice(&file.project, &mut project).ok()?;
        let check = match file.check {
            None => None,
            Some(text) => {
                let mut check = [0; 8];
                hex::decode_to_slice(text, &mut check).ok()?;
                Some(check)
            }
        };
        let segments: Option<_> = file.segments.iter().map(|(name, bytes)| Some((parsed(name)?, *bytes))).collect();
        (file.form == FORM).then_some(())?;
        Some(There {
            identity: Identity { id: file.id, project, check },
            is_confirmed: false,
            tags: file.tags,
            heads: file.heads,
            segments: segments?,
            strays: file.strays.into_iter().map(|name| (name.clone(), Stray::of(&name))).collect(),
            unread: Vec::new(),
            full_ms: file.full_ms,
            conditional: file.conditional,
            given: BTreeMap::new(),
            announced: BTreeSet::new(),
        })
    }

    /// Keeps it. That it cannot be kept costs a listing the next time and nothing else.
    pub fn write(&self, there: &There) {
        let identity = &there.identity;
        let file = File {
            form: FORM,
            id: identity.id.clone(),
            project: hex::encode(identity.project),
            check: identity.check.map(hex::encode),
            tags: there.tags.clone(),
            heads: there.heads.clone(),
            segments: there.segments.iter().map(|(name, bytes)| (name.to_string(), *bytes)).collect(),
            strays: there.strays.iter().map(|(name, _)| name.clone()).collect(),
            full_ms: there.full_ms,
            conditional: there.conditional,
        };
        let written = serde_json::to_vec(&file).map_err(std::io::Error::from).and_then(|bytes| {
            self.0.parent().map_or(Ok(()), host::make_private_folder)?;
            host::write_private(&self.0, &bytes)
        });
        if let Err(e) = written {
            tracing::debug!("{} could not be written: {e}", self.0.display());
        }
    }
}
