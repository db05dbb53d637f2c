//! Which repositories conflicts lie in, by names that people know, so that nobody resolves those of a repository that was not named.
//! From memory; asks nobody.

use crate::{Engine, words};
use contract::ConflictRepository;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl Engine {
    /// The repositories of files with so many conflicts each, in order of their folders: what a workspace's own is called, and those within it.
    /// As [`Engine::unmerged`] knew them last.
    #[must_use]
    pub fn repositories_of<'a>(&self, files: impl IntoIterator<Item = (&'a Path, u64)>) -> Vec<ConflictRepository> {
        let mut found: BTreeMap<PathBuf, ConflictRepository> = BTreeMap::new();
        for (file, conflicts) in files {
            let (folder, name, within) = self.repository_of(file);
            let one = found.entry(folder.clone()).or_insert_with(|| ConflictRepository {
                path: folder,
                name,
                within,
                ..ConflictRepository::default()
            });
            one.files += 1;
            one.conflicts += conflicts;
        }
        found.into_values().collect()
    }

    /// Its folder, what it is called, and whether it lies within a workspace.
    fn repository_of(&self, file: &Path) -> (PathBuf, String, bool) {
        let Some(workspace) = self.inner.workspace_of(file) else {
            let folder = file.parent().unwrap_or(file).to_path_buf();
            return (folder.clone(), folder.display().to_string(), false);
        };
        let root = &workspace.root;
        let own =
            root.file_name().map_or_else(|| root.display().to_string(), |name| name.to_string_lossy().into_owned());
        let inner = workspace.unmerged.within().into_iter().filter(|inner| file.starts_with(inner));
        match inner.max_by_key(|inner| inner.components().count()) {
            Some(inner) => {
                let below = inner.strip_prefix(root).unwrap_or(&inner).display().to_string();
                (inner, format!("{own}/{below}"), true)
            }
            None => (root.clone(), own, false),
        }
    }
}

/// `3 conflicts in 2 files`; where that is more than one workspace's own repository, with the name of each.
#[must_use]
pub fn conflicts_by_repository(repositories: &[ConflictRepository]) -> String {
    let sum = |of: fn(&ConflictRepository) -> u64| repositories.iter().map(of).sum::<u64>();
    let all = format!(
        "{} in {}",
        words::counted(sum(|one| one.conflicts), "conflict"),
        words::counted(sum(|one| one.files), "file")
    );
    match repositories {
        [] => all,
        [one] if !one.within => all,
        [one] => format!("{all} of the repository {}", one.name),
        several => {
            let named = several.iter().map(|one| format!("{} ({})", one.name, words::thousands(one.conflicts)));
            let count = several.len();
            format!("{all} of {count} repositories: {}", named.collect::<Vec<_>>().join(", "))
        }
    }
}

/// What became of a choice for all of them: `3 conflicts in 2 files resolved, none is left`.
#[must_use]
pub fn resolved_by_repository(repositories: &[ConflictRepository], left: u64) -> String {
    let left = if left == 0 { "none is left".to_owned() } else { format!("{} left", words::counted(left, "conflict")) };
    if repositories.iter().all(|one| one.conflicts == 0) {
        return format!("nothing to resolve in that way, {left}");
    }
    format!("resolved {}; {left}", conflicts_by_repository(repositories))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(name: &str, within: bool, files: u64, conflicts: u64) -> ConflictRepository {
        ConflictRepository { path: name.into(), name: name.to_owned(), within, files, conflicts }
    }

    #[test]
    fn each_repository_is_named_where_it_is_not_the_workspaces_own_alone() {
        let (own, inner) = (repository("work", false, 2, 3), repository("work/sub", true, 1, 1));
        assert_eq!(conflicts_by_repository(std::slice::from_ref(&own)), "3 conflicts in 2 files");
        let alone = conflicts_by_repository(std::slice::from_ref(&inner));
        assert_eq!(alone, "1 conflict in 1 file of the repository work/sub");
        let both = [own, inner];
        assert_eq!(conflicts_by_repository(&both), "4 conflicts in 3 files of 2 repositories: work (3), work/sub (1)");
        let said = resolved_by_repository(&both, 1);
        assert_eq!(said, "resolved 4 conflicts in 3 files of 2 repositories: work (3), work/sub (1); 1 conflict left");
        assert_eq!(resolved_by_repository(&[], 2), "nothing to resolve in that way, 2 conflicts left");
        assert_eq!(resolved_by_repository(&both[..1], 0), "resolved 3 conflicts in 2 files; none is left");
    }
}
