//! What of a fetch has arrived while its tool still runs: files that stand where artifacts were looked for, and their size.
//! Only counts; whether they are what the lockfile means, the survey says afterwards.

use contract::FetchStep;
use inventory::Survey;
use std::collections::HashSet;
use std::path::PathBuf;

/// More are not looked for while a tool runs.
const MOST: usize = 5_000;

/// What one step is waited for.
pub(crate) struct Arriving {
    waited: Vec<PathBuf>,
    /// Artifacts that have come.
    pub came: u64,
    /// Bytes that have come with them.
    pub bytes: u64,
}

impl Arriving {
    /// `step`: prepared, so that what is damaged is out of the way.
    pub fn of(survey: &Survey, step: &FetchStep) -> Self {
        let wanted: HashSet<&str> = step.artifacts.iter().map(String::as_str).collect();
        let places = survey.artifacts.iter().filter(|artifact| wanted.contains(artifact.id.as_str()));
        let waited = places.filter_map(|artifact| artifact.looked_in.first()).filter(|path| !path.exists());
        Self { waited: waited.take(MOST).cloned().collect(), came: 0, bytes: 0 }
    }

    /// Looks again; says whether anything has come.
    pub fn look(&mut self) -> bool {
        let before = self.waited.len();
        let (came, bytes) = (&mut self.came, &mut self.bytes);
        self.waited.retain(|path| match std::fs::metadata(path) {
            Ok(meta) => {
                *came += 1;
                *bytes += if meta.is_file() { meta.len() } else { 0 };
                false
            }
            Err(_) => true,
        });
        self.waited.len() < before
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_counted_once_with_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut arriving = Arriving { waited: vec![path("a"), path("b")], came: 0, bytes: 0 };
        assert!(!arriving.look());
        std::fs::write(path("a"), "12345").unwrap();
        assert!(arriving.look() && !arriving.look());
        std::fs::create_dir(path("b")).unwrap();
        assert!(arriving.look());
        assert_eq!((arriving.came, arriving.bytes), (2, 5));
    }
}
