//! The Python that pip would install for: of the virtual environment beside the requirements, or the first in the path.
//! May not look at packages.

use super::follow;
use crate::ecosystem::{Ask, Judged, Verdict};
use crate::look::Seen;
use crate::python::installed::{self, Place};
use crate::python::interpreter;
use crate::python::marker::Environment;
use crate::python::tags::{Platform, Tags};
use std::path::{Path, PathBuf};

/// The Python that packages are chosen for, and the environment that they are installed in.
pub(super) struct Here {
    pub place: Option<Place>,
    pub tags: Tags,
    /// Several, where the patch of Python is not known; none, where no Python is known.
    pub environments: Vec<Environment>,
}

impl Here {
    pub(super) fn find(folder: &Path, judged: &mut Judged, ask: &Ask<'_>) -> Self {
        let mut none = |verdict: Verdict| {
            judged.verdict.worsen(verdict);
            let platform = Platform { machine: String::new(), glibc: (0, 0) };
            Here { place: None, tags: Tags::of(0, &platform), environments: Vec::new() }
        };
        let platform = match interpreter::platform(ask) {
            Ok(platform) => platform,
            Err(why) => return none(Verdict::Doubtful(why)),
        };
        let mut place = None;
        for path in environments(folder, ask) {
            match installed::read(&path, ask) {
                Ok(Some(found)) => {
                    place = Some(found);
                    break;
                }
                Ok(None) => {}
                Err(why) => return none(Verdict::Doubtful(why)),
            }
        }
        if place.is_none() {
            place = match active(ask) {
                Ok(place) => place,
                Err(why) => return none(Verdict::Doubtful(why)),
            };
        }
        let (minor, patch) = match &place {
            Some(place) => (place.minor, place.patch),
            None => match interpreter::first(folder, ask) {
                Ok(Some(python)) => python,
                Ok(None) => return none(Verdict::Refused("no Python is in the path".into())),
                Err(why) => return none(Verdict::Doubtful(why)),
            },
        };
        let patches = patch.map_or_else(|| vec![0, 99], |patch| vec![patch]);
        let environments =
            patches.into_iter().map(|patch| interpreter::environment(minor, patch, &platform.machine)).collect();
        Here { place, tags: Tags::of(minor, &platform), environments }
    }
}

/// Where a virtual environment may be: beside the file, and above it within the project.
pub(super) fn environments(folder: &Path, ask: &Ask<'_>) -> Vec<PathBuf> {
    let root = follow::project(folder, ask);
    let within = folder.ancestors().take_while(|above| above.starts_with(&root));
    within.flat_map(|above| [above.join(".venv"), above.join("venv")]).collect()
}

/// The environment whose Python is the first in the path, as after its `activate`.
fn active(ask: &Ask<'_>) -> Result<Option<Place>, String> {
    let first =
        ask.options.homes.path.iter().filter(|path| path.is_absolute()).find(|path| {
            ["python3", "python"].iter().any(|name| matches!(ask.look.at(&path.join(name)), Seen::File(_)))
        });
    let root = first.filter(|path| path.ends_with("bin")).and_then(|path| path.parent());
    root.map_or(Ok(None), |root| installed::read(root, ask))
}
