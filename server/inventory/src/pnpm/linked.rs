//! Whether members of the workspace that others link to are still those that are asked for, as newer pnpm compares them.
//! May not look at files.

use super::lock::{Asked, Lock};
use super::sync::Project;
use crate::ecosystem::Verdict;
use crate::members::clean;
use crate::npm;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Compares every `workspace:` dependency with the member that the lockfile links it to.
pub(super) fn compare(lock: &Lock, projects: &[Project]) -> Verdict {
    let read = |project: &Project| serde_json::from_str::<Json>(&project.text).ok();
    let folder = |project: &Project| project.path.parent().map(Path::to_path_buf);
    let members: HashMap<PathBuf, Json> =
        projects.iter().filter_map(|project| Some((folder(project)?, read(project)?))).collect();
    let mut verdict = Verdict::Sound;
    for project in projects {
        let (Some(importer), Some(folder)) = (project.importer.map(|at| &lock.importers[at]), folder(project)) else {
            continue;
        };
        for asked in importer.asked.iter().flatten() {
            let (Some(range), Some(link)) =
                (asked.specifier.strip_prefix("workspace:"), asked.reference.strip_prefix("link:"))
            else {
                continue;
            };
            verdict.worsen(one(asked, range, members.get(&clean(&folder.join(link))), &project.path));
        }
    }
    verdict
}

fn one(asked: &Asked, range: &str, member: Option<&Json>, path: &Path) -> Verdict {
    if range.starts_with(['.', '/']) || range.contains('@') {
        return Verdict::Doubtful(format!(
            "{}: {} names its member in a way that is not followed",
            path.display(),
            asked.name
        ));
    }
    let said = |key: &str| member.and_then(|member| member.get(key)).and_then(Json::as_str);
    // What is no member any more is linked all the same.
    if member.is_some() && said("name") != Some(&asked.name) {
        return Verdict::Refused(format!(
            "{}: no member is {} where the lockfile links it to",
            path.display(),
            asked.name
        ));
    }
    let any = ["*", "^", "~", ""].contains(&range);
    if any || said("version").and_then(|version| npm::satisfies(version, range)) == Some(true) {
        return Verdict::Sound;
    }
    Verdict::Doubtful(format!("{}: {} is linked in a version that is not asked for", path.display(), asked.name))
}
