//! Git's answers for reviews, byte for byte and bounded. Nothing that a repository's configuration names is run.

use crate::git::question;
use host::{Bounds, Cancel};
use review::Repository;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::time::Duration;

/// Longest that one answer may take: a comparison of two large trees.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes of one answer.
const LARGEST: u64 = 64 << 20;

/// The repository that holds a workspace.
pub(crate) struct Here<'a> {
    pub folder: &'a Path,
    pub cancel: &'a Cancel,
}

impl Repository for Here<'_> {
    fn ask(&self, arguments: &[&str]) -> Option<Vec<u8>> {
        let mut file = tempfile::tempfile().ok()?;
        let bounds = Bounds { file: Some(LARGEST), memory: None };
        let command = question(self.folder, arguments).limit(PATIENCE).bounds(bounds).says_into(file.try_clone().ok()?);
        if !command.run(self.cancel, &mut |_, _| {}).is_ok_and(|ended| ended.ok()) {
            return None;
        }
        file.rewind().ok()?;
        let mut answer = Vec::new();
        // One more byte than is allowed tells that there is more: systems that bound no files.
        file.take(LARGEST + 1).read_to_end(&mut answer).ok()?;
        (answer.len() as u64 <= LARGEST).then_some(answer)
    }
}
