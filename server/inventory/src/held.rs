//! What is here of one package, as a store finds it, before it becomes an artifact.

use crate::ecosystem::{Judged, Repair, Shared};
use crate::verify::Content;
use contract::ArtifactState;
use std::path::PathBuf;

/// What is said of one package.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub state: ArtifactState,
    pub evidence: String,
    pub looked_in: Vec<PathBuf>,
    /// Bytes that are here of it.
    pub bytes: Option<u64>,
    /// Files with the checksums they must have: its own first, then what belongs to it.
    pub files: Vec<Content>,
    /// What has to be out of the way before its tool fetches it anew.
    pub set_aside: Vec<PathBuf>,
}

impl Held {
    pub(crate) fn new(state: ArtifactState, evidence: impl Into<String>) -> Self {
        let (looked_in, files, set_aside) = (Vec::new(), Vec::new(), Vec::new());
        Held { state, evidence: evidence.into(), looked_in, bytes: None, files, set_aside }
    }

    pub(crate) fn at(mut self, path: PathBuf) -> Self {
        self.looked_in.push(path);
        self
    }

    /// Leaves with `judged` what the next artifact rests on, and what a fetch of it has to know. Gives the bytes of it that are
    /// in use; its files and what is to be set aside are taken out. `within`: where these files are, for the finding on one that is damaged.
    pub(crate) fn leave(&mut self, judged: &mut Judged, spec: Option<String>, within: &str) -> u64 {
        let place = judged.artifacts.len() as u32;
        let here = self.state == ArtifactState::Present;
        let mut files = std::mem::take(&mut self.files).into_iter();
        let own = files.next();
        judged.contents.push(own.filter(|_| here));
        if here {
            judged.shared.extend(files.map(|content| Shared {
                broken: format!(
                    "a file of it{within} has not the checksum that it must have: {}",
                    content.path.display()
                ),
                content,
                artifacts: vec![place],
            }));
        }
        judged.repairs.push(Repair { spec, set_aside: std::mem::take(&mut self.set_aside) });
        if here { self.bytes.unwrap_or(0) } else { 0 }
    }
}
