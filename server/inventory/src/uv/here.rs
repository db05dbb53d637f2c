//! The machine and the Python that packages are chosen for, and what markers are answered with.
//! May not look at packages.

use super::lock::Lock;
use super::python::{self, Python, Wanted};
use super::settings::Settings;
use crate::ecosystem::{Ask, Verdict};
use crate::python::interpreter::environment;
use crate::python::marker::Environment;
use crate::python::tags::Tags;
use std::path::Path;

/// What packages are chosen for.
pub(super) struct Here {
    pub python: Python,
    pub tags: Tags,
    /// Several, where the patch of Python is not known.
    pub environments: Vec<Environment>,
}

/// Finds out; what stands against it is added to the verdict.
pub(super) fn find(
    folder: &Path,
    lock: &Lock,
    settings: &Settings,
    verdict: &mut Verdict,
    ask: &Ask<'_>,
) -> Option<Here> {
    let mut doubt = |why: String| {
        verdict.worsen(Verdict::Doubtful(why));
        None
    };
    let platform = match python::platform(ask) {
        Ok(platform) => platform,
        Err(why) => return doubt(why),
    };
    let range = match python::range(lock.head.requires_python.as_deref()) {
        Ok(range) => range,
        Err(why) => {
            verdict.worsen(Verdict::Refused(format!("requires-python of the lockfile: {why}")));
            return None;
        }
    };
    let pinned = match python::pinned(folder, ask) {
        Ok(pinned) => pinned,
        Err(why) => return doubt(why),
    };
    let python = match python::find(&Wanted { range: range.as_ref(), pinned }, folder, settings, ask) {
        python::Found::Python(python) => python,
        python::Found::Doubt(why) => return doubt(why),
        python::Found::None(why) => {
            verdict.worsen(Verdict::Refused(why));
            return None;
        }
    };
    let patches = python.patch.map_or_else(|| vec![0, 99], |patch| vec![patch]);
    let environments = patches.into_iter().map(|patch| environment(python.minor, patch, &platform.machine)).collect();
    Some(Here { tags: Tags::of(python.minor, &platform), python, environments })
}
