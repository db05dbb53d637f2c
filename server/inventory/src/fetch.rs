//! Plans how what is missing is brought here: by the ecosystem's own tool, one step a command.
//! May not run anything, and never names a registry: the tool knows its own.

use crate::ecosystem::{Ecosystem, Repair};
use crate::homes::relative;
use crate::survey::Survey;
use crate::uv::STANDARD;
use contract::{Artifact, ArtifactState, FetchStep};
use std::path::{Component, Path, PathBuf};

/// What is to be fetched for one lockfile.
pub(crate) struct Wanted<'a> {
    pub root: &'a Path,
    pub lockfile: &'a Path,
    pub target: &'a str,
    /// The manifests that the workspace's lockfiles were read with.
    pub manifests: Vec<&'a Path>,
    /// Not present, and wanted; with what a fetch has to know about each.
    pub artifacts: Vec<(&'a Artifact, &'a Repair)>,
}

/// npm packages asked for with one command: enough that starting npm costs little, few enough for progress to be seen.
const TOGETHER: usize = 24;
/// More patches are not copied.
const MOST_PATCHES: usize = 1_000;

impl Wanted<'_> {
    fn step(&self, ecosystem: &str, command: Vec<String>, artifacts: &[(&Artifact, &Repair)]) -> FetchStep {
        let damaged = artifacts.iter().filter(|(artifact, _)| artifact.state == ArtifactState::Corrupt);
        FetchStep {
            ecosystem: ecosystem.into(),
            lockfile: relative(self.lockfile, self.root),
            command,
            folder: self.lockfile.parent().unwrap_or(self.root).to_path_buf(),
            artifacts: artifacts.iter().map(|(artifact, _)| artifact.id.clone()).collect(),
            bytes: artifacts.iter().filter_map(|(artifact, _)| size(artifact)).sum(),
            unsized_artifacts: artifacts.iter().filter(|(artifact, _)| size(artifact).is_none()).count() as u64,
            set_aside: damaged
                .flat_map(|(_, repair)| repair.set_aside.iter().filter(|path| crate::reach::exists(path)).cloned())
                .collect(),
            ..FetchStep::default()
        }
    }
}

/// What a fetch downloads for an artifact, in bytes, where that is known before. What lies damaged in a cache has the size that it has.
fn size(artifact: &Artifact) -> Option<u64> {
    artifact.bytes.filter(|_| artifact.state == ArtifactState::Missing)
}

/// The steps that bring what is not here: all of it, or the artifacts with the ids `wanted`.
/// What could not be judged and what only other targets need is left out unless it is named.
/// A step's `artifacts` are what it is to bring; after it, a new survey says whether it did.
pub fn plan_fetch(survey: &Survey, wanted: Option<&[String]>) -> Vec<FetchStep> {
    let mut steps = Vec::new();
    if wanted.is_none() && survey.complete() {
        return steps;
    }
    for (ecosystem, lockfile) in &survey.lockfiles {
        let asked = |artifact: &Artifact| match wanted {
            Some(ids) => ids.contains(&artifact.id) && artifact.state != ArtifactState::Present,
            None => {
                !artifact.other_target && !matches!(artifact.state, ArtifactState::Present | ArtifactState::Unknown)
            }
        };
        let artifacts: Vec<(&Artifact, &Repair)> = survey
            .artifacts
            .iter()
            .zip(survey.artifacts.repairs())
            .filter(|(artifact, _)| artifact.file == *lockfile && asked(artifact))
            .collect();
        if !artifacts.is_empty() {
            let target = &survey.readiness.target;
            let manifests = survey.manifests.iter().map(|(_, path)| path.as_path());
            let manifests =
                manifests.filter(|path| path.file_name().is_some_and(|name| name == ecosystem.manifest())).collect();
            let root = &survey.workspace;
            steps.extend(ecosystem.fetch(&Wanted { root, lockfile, target, manifests, artifacts }));
        }
    }
    steps
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// `go mod download`, which brings what the whole graph needs. It may write into go.mod and go.sum: it works on copies, unless
/// folders beside them stand in for modules.
pub(crate) fn go(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let mut step = wanted.step("go", words(&["go", "mod", "download"]), &wanted.artifacts);
    let folder = step.folder.clone();
    let own = crate::reach::text(folder.join("go.mod")).unwrap_or_default();
    if !crate::reach::is_file(&folder.join("go.work")) && crate::go::stands_alone(&own) {
        step.stage = ["go.mod", "go.sum"].map(std::path::PathBuf::from).to_vec();
        step.stage.retain(|path| crate::reach::is_file(&folder.join(path)));
    }
    vec![step]
}

/// One `cargo fetch`: it brings whatever is missing, index entries of other targets included.
pub(crate) fn cargo(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let command = if wanted.artifacts.iter().any(|(artifact, _)| artifact.other_target) {
        words(&["cargo", "fetch", "--locked"])
    } else {
        words(&["cargo", "fetch", "--locked", "--target", wanted.target])
    };
    vec![wanted.step("cargo", command, &wanted.artifacts)]
}

/// `npm cache add` for what can be asked for by name, which installs nothing; for the rest an install of copies of
/// manifest and lockfile in a folder of its own, which fills the cache and leaves the user's `node_modules` alone.
pub(crate) fn npm(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let (named, rest): (Vec<_>, Vec<_>) =
        wanted.artifacts.iter().copied().partition(|(_, repair)| repair.spec.is_some());
    let mut steps: Vec<FetchStep> = named
        .chunks(TOGETHER)
        .map(|some| {
            let mut command = words(&["npm", "cache", "add", "--"]);
            command.extend(some.iter().filter_map(|(_, repair)| repair.spec.clone()));
            wanted.step("npm", command, some)
        })
        .collect();
    if !rest.is_empty() {
        let command = words(&["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        let mut step = wanted.step("npm", command, &rest);
        let lockfile = wanted.lockfile.file_name().unwrap_or_default();
        staged(&mut step, wanted, &[Path::new("package.json"), Path::new(lockfile), Path::new(".npmrc")]);
        steps.push(step);
    }
    steps
}

/// `pnpm fetch`, which brings what the lockfile names into the store: in a folder of its own, because it writes into
/// `node_modules` too.
pub(crate) fn pnpm(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let mut command = words(&["pnpm", "fetch", "--ignore-scripts"]);
    // A store that is named relative to the project is another one elsewhere.
    let store = wanted.artifacts.iter().find_map(|(_, repair)| repair.spec.clone());
    command.extend(store.into_iter().flat_map(|store| ["--store-dir".to_owned(), store]));
    let mut step = wanted.step("pnpm", command, &wanted.artifacts);
    let lockfile = wanted.lockfile.file_name().unwrap_or_default();
    let settings =
        [Path::new(lockfile), Path::new("package.json"), Path::new("pnpm-workspace.yaml"), Path::new(".npmrc")];
    staged(&mut step, wanted, &settings);
    // It applies them to what it brings.
    let patches = crate::reach::list(&step.folder.join("patches")).into_iter().flatten().flatten();
    step.stage.extend(patches.take(MOST_PATCHES).map(|patch| Path::new("patches").join(patch.file_name())));
    vec![step]
}

/// An install of what the lockfile names, in a folder of its own with copies of manifests, settings and lockfile, which
/// fills Yarn's cache and leaves the project's `node_modules` alone.
pub(crate) fn yarn(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let text = crate::reach::text(wanted.lockfile).unwrap_or_default();
    let command = if crate::yarn::is_berry(&text) {
        words(&["yarn", "install", "--immutable", "--mode=skip-build"])
    } else {
        let mut command = words(&["yarn", "install", "--frozen-lockfile", "--ignore-scripts", "--non-interactive"]);
        // A cache that is named relative to the project is another one elsewhere.
        let cache = wanted.artifacts.iter().find_map(|(_, repair)| repair.spec.clone());
        command.extend(cache.into_iter().flat_map(|cache| ["--cache-folder".to_owned(), cache]));
        command
    };
    let mut step = wanted.step("yarn", command, &wanted.artifacts);
    let lockfile = wanted.lockfile.file_name().unwrap_or_default();
    let settings = ["package.json", ".yarnrc", ".yarnrc.yml", ".npmrc"].map(Path::new);
    staged(&mut step, wanted, &[&settings[..], &[Path::new(lockfile)]].concat());
    // Archives that lie in the project are taken from there.
    let beside = crate::yarn::archives(&text).into_iter().map(PathBuf::from);
    let below = |path: &PathBuf| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    step.stage.extend(beside.filter(|path| below(path) && crate::reach::is_file(&step.folder.join(path))));
    vec![step]
}

/// An install of what the lockfile names, in a folder of its own with copies of manifests and lockfile, which fills the
/// cache and leaves the project's virtual environment alone; and the same for what only building needs.
pub(crate) fn uv(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let (tools, locked): (Vec<_>, Vec<_>) =
        wanted.artifacts.iter().copied().partition(|(_, repair)| repair.spec.is_some());
    let mut steps = Vec::new();
    if !locked.is_empty() {
        // Of the standard's lockfile everything is installed into a folder of the copy.
        let command = if wanted.lockfile.ends_with(STANDARD) {
            words(&["uv", "pip", "sync", "--no-progress", "--target", "packages", STANDARD])
        } else {
            words(&["uv", "sync", "--frozen", "--no-install-local", "--no-progress"])
        };
        let mut step = wanted.step("uv", command, &locked);
        let lockfile = wanted.lockfile.file_name().unwrap_or_default();
        staged(&mut step, wanted, &[Path::new(lockfile), Path::new("uv.toml"), Path::new(".python-version")]);
        steps.push(step);
    }
    if !tools.is_empty() {
        let mut command = words(&["uv", "pip", "install", "--no-progress", "--target", "tools", "--"]);
        command.extend(tools.iter().filter_map(|(_, repair)| repair.spec.clone()));
        let mut step = wanted.step("uv", command, &tools);
        staged(&mut step, wanted, &[Path::new("uv.toml"), Path::new(".python-version")]);
        steps.push(step);
    }
    steps
}

/// pip's own download into the folder that it looks into by itself; where nothing has a checksum, of wheels that it builds of
/// what has only sources, so that nothing has to be built without a network.
pub(crate) fn pip(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let Some(how) = wanted.artifacts.iter().find_map(|(_, repair)| repair.spec.as_deref()) else { return Vec::new() };
    let mut lines = how.splitn(3, '\n');
    let (Some(program), Some(command), Some(folder)) = (lines.next(), lines.next(), lines.next()) else {
        return Vec::new();
    };
    let into = if command == "wheel" { "--wheel-dir" } else { "--dest" };
    let lockfile = wanted.lockfile.file_name().unwrap_or_default().to_string_lossy();
    let below = wanted.lockfile.parent().and_then(|own| Path::new(folder).strip_prefix(own).ok());
    let folder = below.map_or_else(|| folder.to_owned(), |below| below.display().to_string());
    let fixed = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--requirement", &lockfile];
    let mut command = words(&[program, "-m", "pip", command, into, &folder]);
    command.extend(words(&fixed));
    vec![wanted.step("pip", command, &wanted.artifacts)]
}

/// An install into the project's virtual environment, which is all that Poetry needs no registry for.
pub(crate) fn poetry(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let command = words(&["poetry", "install", "--no-root", "--no-interaction", "--no-ansi"]);
    vec![wanted.step("poetry", command, &wanted.artifacts)]
}

/// A build up to what is judged, which has Maven download all that it needs: in a folder of its own with copies of the
/// descriptions, and so without sources, because it writes into the project.
pub(crate) fn maven(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let command = words(&[
        "mvn",
        "--batch-mode",
        "--no-transfer-progress",
        "--fail-at-end",
        "--update-snapshots",
        "-DskipTests",
        "package",
    ]);
    let mut step = wanted.step("maven", command, &wanted.artifacts);
    let own = ["pom.xml", ".mvn/maven.config", ".mvn/jvm.config"].map(Path::new);
    staged(&mut step, wanted, &own);
    vec![step]
}

/// git-lfs's own download, which also puts what it brings in place of the pointers in the working tree; of few files, them alone.
pub(crate) fn lfs(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let mut command = words(&["git", "lfs", "pull"]);
    let paths: Vec<&str> = wanted.artifacts.iter().filter_map(|(_, repair)| repair.spec.as_deref()).collect();
    // They are taken as patterns.
    let plain = |path: &&str| !path.contains([',', '*', '?', '[', '\\', '!', '#']) && path.trim() == *path;
    if paths.len() <= TOGETHER && paths.iter().all(plain) {
        command.push(format!("--include={}", paths.join(",")));
        command.push("--exclude=".to_owned());
    }
    vec![wanted.step("lfs", command, &wanted.artifacts)]
}

/// The engine's own pull, one image after the other. What is damaged has to be removed from its store first, which is left to the user.
pub(crate) fn oci(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let one = |(artifact, repair): &(&Artifact, &Repair)| {
        let mut lines = repair.spec.as_deref()?.split('\n');
        let (program, name, platform) = (lines.next()?, lines.next()?, lines.next()?);
        let mut command = words(&[program, "pull"]);
        if !platform.is_empty() {
            command.push(format!("--platform={platform}"));
        }
        command.extend(words(&["--", name]));
        Some(wanted.step("oci", command, &[(*artifact, *repair)]))
    };
    wanted.artifacts.iter().filter_map(one).collect()
}

/// `init` in the folder itself, which brings providers and modules and changes no lockfile.
pub(crate) fn terraform(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let tofu = wanted.artifacts.iter().any(|(_, repair)| repair.spec.as_deref() == Some("tofu"));
    let program = if tofu { "tofu" } else { "terraform" };
    let command = words(&[program, "init", "-input=false", "-no-color", "-backend=false", "-lockfile=readonly"]);
    vec![wanted.step("terraform", command, &wanted.artifacts)]
}

/// git's own clones and fetches: one command for the submodules of each repository that were never cloned, and one in each clone
/// that lacks a commit, which leaves what is checked out there as it is.
pub(crate) fn submodules(wanted: &Wanted<'_>) -> Vec<FetchStep> {
    let mut steps: Vec<FetchStep> = Vec::new();
    for (artifact, repair) in &wanted.artifacts {
        let mut lines = repair.spec.as_deref().unwrap_or_default().splitn(3, '\n');
        let (Some(way), Some(top), Some(path)) = (lines.next(), lines.next(), lines.next()) else { continue };
        let one = [(*artifact, *repair)];
        if way == "fetch" {
            let command = words(&["git", "fetch", "--no-recurse-submodules"]);
            let mut step = wanted.step("submodules", command, &one);
            step.folder = Path::new(top).join(path);
            steps.push(step);
            continue;
        }
        let same = |step: &&mut FetchStep| step.folder == Path::new(top) && step.command.len() > 5;
        if let Some(step) = steps.iter_mut().find(same) {
            let more = wanted.step("submodules", Vec::new(), &one);
            step.command.push(path.to_owned());
            step.artifacts.extend(more.artifacts);
            step.set_aside.extend(more.set_aside);
        } else {
            let mut command = words(&["git", "submodule", "update", "--init", "--recursive", "--"]);
            command.push(path.to_owned());
            let mut step = wanted.step("submodules", command, &one);
            step.folder = PathBuf::from(top);
            steps.push(step);
        }
    }
    steps
}

/// Has a step run in a folder of its own, with copies of these files and of the manifests below the lockfile's folder.
fn staged(step: &mut FetchStep, wanted: &Wanted<'_>, files: &[&Path]) {
    let folder = step.folder.clone();
    step.stage = files.iter().map(|file| file.to_path_buf()).collect();
    step.stage
        .extend(wanted.manifests.iter().filter_map(|path| path.strip_prefix(&folder).ok()).map(Path::to_path_buf));
    step.stage.sort();
    step.stage.dedup();
    step.stage.retain(|path| crate::reach::is_file(&folder.join(path)));
}

/// An address without the user and the password that may stand in it, and without a query.
pub(crate) fn without_credentials(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

pub(crate) type Known = &'static dyn Ecosystem;
