//! The Maven that a project is built with: the one that its wrapper names, else the first in the path.
//! May not run or download it.

use super::facts::{Facts, is_file};
use super::lifecycle::Installation;
use super::store::{Gav, Held};
use crate::ecosystem::{Ask, Verdict};
use contract::ArtifactState;
use std::path::{Path, PathBuf};

pub(super) struct Found {
    /// Its folder.
    pub home: Option<PathBuf>,
    pub maven: Result<Installation, Verdict>,
    /// The distribution that the wrapper names.
    pub distribution: Option<(Gav, Held)>,
}

pub(super) fn find(folder: &Path, _facts: &Facts, ask: &Ask<'_>) -> Found {
    let wrapper = folder.ancestors().map(|above| above.join(".mvn/wrapper/maven-wrapper.properties"));
    let wrapper = wrapper.take(64).find(|file| is_file(file, ask));
    if let Some(file) = wrapper {
        let why = format!("{} names another Maven than the one in the path, which is not followed", file.display());
        let home = home_in_path(ask);
        return Found { home, maven: Err(Verdict::Doubtful(why)), distribution: None };
    }
    let Some(home) = home_in_path(ask) else {
        let why = "there is no mvn in the path, and which plugins it would need is not known".to_owned();
        return Found { home: None, maven: Err(Verdict::Doubtful(why)), distribution: None };
    };
    let maven = Installation::read(&home, ask).map_err(Verdict::Doubtful);
    Found { home: Some(home), maven, distribution: None }
}

#[allow(dead_code)]
fn distribution(gav: Gav, path: PathBuf) -> (Gav, Held) {
    (gav, Held::new(ArtifactState::Missing, "", path))
}

fn home_in_path(ask: &Ask<'_>) -> Option<PathBuf> {
    let program = ask.options.homes.program("mvn", ask.look)?;
    Some(program.parent()?.parent()?.to_path_buf())
}
