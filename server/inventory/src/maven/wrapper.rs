//! The Maven that a project is built with: the first in the path. One that its wrapper names is seen, and not followed.
//! May not run or download it.

use super::facts::is_file;
use super::lifecycle::Installation;
use crate::ecosystem::{Ask, Verdict};
use std::path::{Path, PathBuf};

pub(super) struct Found {
    /// Its folder.
    pub home: Option<PathBuf>,
    pub maven: Result<Installation, Verdict>,
}

pub(super) fn find(folder: &Path, ask: &Ask<'_>) -> Found {
    let wrapper = folder.ancestors().map(|above| above.join(".mvn/wrapper/maven-wrapper.properties"));
    let wrapper = wrapper.take(64).find(|file| is_file(file, ask));
    if let Some(file) = wrapper {
        let why = format!("{} names another Maven than the one in the path, which is not followed", file.display());
        let home = home_in_path(ask);
        return Found { home, maven: Err(Verdict::Doubtful(why)) };
    }
    let Some(home) = home_in_path(ask) else {
        let why = "there is no mvn in the path, and which plugins it would need is not known".to_owned();
        return Found { home: None, maven: Err(Verdict::Doubtful(why)) };
    };
    let maven = Installation::read(&home, ask).map_err(Verdict::Doubtful);
    Found { home: Some(home), maven }
}

fn home_in_path(ask: &Ask<'_>) -> Option<PathBuf> {
    let program = ask.options.homes.program("mvn", ask.look)?;
    Some(program.parent()?.parent()?.to_path_buf())
}
