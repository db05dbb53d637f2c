//! What stands in a cache in place of a file that was compared before: another file of the same name, not compared since.
//! Whether it is sound is for the comparison to say; here it is only counted.

use crate::survey::Survey;
use contract::ArtifactState;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Files that were compared once, by a number for each path. The number means the same to one build of this program only:
/// another one knows none of them, and begins anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared(HashSet<u64>);

/// Most files that are kept in mind, of one workspace.
const MOST: usize = 200_000;

impl Compared {
    /// From what [`Compared::bytes`] gave; what is not of that form is nothing.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let Some(rest) = bytes.strip_prefix(FORM.as_bytes()) else { return Self::default() };
        let numbers = rest.as_chunks::<8>().0.iter().take(MOST).map(|chunk| u64::from_le_bytes(*chunk));
        Compared(numbers.collect())
    }

    /// To be kept, in order.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut numbers: Vec<u64> = self.0.iter().copied().collect();
        numbers.sort_unstable();
        FORM.bytes().chain(numbers.into_iter().flat_map(u64::to_le_bytes)).collect()
    }

    /// Takes up what the survey has compared, and counts by cache what was compared before and now is another file that
    /// was not. Paths that no lockfile names any more are forgotten.
    pub fn look(&mut self, survey: &Survey) -> BTreeMap<PathBuf, u64> {
        let mut now = HashSet::new();
        let mut replaced = BTreeMap::new();
        for artifact in survey.artifacts.iter().take(MOST) {
            let Some(path) = artifact.looked_in.first() else { continue };
            let number = number(path);
            let before = self.0.contains(&number);
            if artifact.verified || before {
                now.insert(number);
            }
            if before && !artifact.verified && artifact.state == ArtifactState::Present {
                let cache = survey.caches.iter().find(|cache| path.starts_with(&cache.path));
                *replaced.entry(cache.map(|cache| cache.path.clone()).unwrap_or_default()).or_insert(0) += 1;
            }
        }
        self.0 = now;
        replaced
    }
}

const FORM: &str = concat!("compared 1 ", env!("HOLDOVER_RULES"), "\n");

fn number(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::Compared;

    #[test]
    fn what_was_kept_is_read_again_and_anything_else_is_nothing() {
        let compared = Compared([7, 1, u64::MAX].into());
        assert_eq!(Compared::read(&compared.bytes()), compared);
        assert_eq!(Compared::read(&compared.bytes()[1..]), Compared::default());
        assert_eq!(Compared::read(b""), Compared::default());
        let mut cut = compared.bytes();
        cut.pop();
        assert_eq!(Compared::read(&cut).0.len(), 2, "half a number is none");
    }
}
