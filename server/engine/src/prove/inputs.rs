//! What a proof is bound to: lockfiles, manifests and settings by their bytes, tools by their files, the commit, and the commands.
//! Reads files and starts nothing, so that it can be asked again at every look.

use super::plan::Planned;
use contract::ProofInput;
use inventory::Survey;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Largest file that is read whole, in bytes.
const LARGEST: u64 = 256 << 20;
/// Settings of tools that may stand in a workspace and beside its lockfiles.
const SETTINGS: [&str; 14] = [
    ".cargo/config.toml",
    ".cargo/config",
    "rust-toolchain",
    "rust-toolchain.toml",
    ".npmrc",
    ".nvmrc",
    ".node-version",
    ".python-version",
    ".tool-versions",
    "uv.toml",
    "pnpm-workspace.yaml",
    ".yarnrc.yml",
    ".yarnrc",
    "poetry.toml",
];
/// Tools that a tool calls.
const CALLED: [(&str, &[&str]); 5] =
    [("cargo", &["rustc"]), ("npm", &["node"]), ("pnpm", &["node"]), ("uv", &["python3"]), ("yarn", &["node"])];

/// Everything that a proof is bound to, in order of names.
pub(super) fn bound(root: &Path, survey: &Survey, planned: &[Planned], limit: u64) -> Vec<ProofInput> {
    let mut files: BTreeSet<PathBuf> = inventory::documents(survey).into_iter().collect();
    files.insert(root.join(host::WORKSPACE_FILE));
    let folders: BTreeSet<PathBuf> =
        planned.iter().map(|planned| root.join(&planned.folder)).chain([root.to_path_buf()]).collect();
    files.extend(
        folders.iter().flat_map(|folder| SETTINGS.iter().map(|name| folder.join(name))).filter(|file| file.is_file()),
    );
    let mut bound: Vec<ProofInput> = files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
            ProofInput { name, is: content(file) }
        })
        .collect();
    let commands: Vec<(String, &Vec<String>)> =
        planned.iter().map(|planned| (planned.folder.display().to_string(), &planned.command)).collect();
    let commands = serde_json::to_vec(&(commands, limit)).unwrap_or_default();
    bound.push(ProofInput { name: "the commands".into(), is: host::fingerprint(&commands) });
    bound.push(ProofInput { name: "the commit".into(), is: commit(root).unwrap_or_else(|| "absent".into()) });
    for name in programs(planned) {
        bound.push(ProofInput { is: tool(&name), name: format!("the tool {name}") });
    }
    if let Some(toolchains) = rustup(planned) {
        bound.push(ProofInput { name: "the toolchains of rustup".into(), is: toolchains });
    }
    bound
}

/// One hash over all of it.
pub(super) fn hash(bound: &[ProofInput]) -> String {
    let lines: Vec<String> = bound.iter().map(|one| format!("{} {}", one.is, one.name)).collect();
    host::fingerprint(lines.join("\n").as_bytes())
}

/// The names of what is not what it was, was not there, or is gone.
pub(super) fn changed(before: &[ProofInput], now: &[ProofInput]) -> Vec<String> {
    let is = |all: &[ProofInput], name: &str| all.iter().find(|one| one.name == name).map(|one| one.is.clone());
    let names: BTreeSet<&str> = before.iter().chain(now).map(|one| one.name.as_str()).collect();
    names.into_iter().filter(|name| is(before, name) != is(now, name)).map(str::to_owned).collect()
}

/// The programs that are started, and those that they call.
pub(super) fn programs(planned: &[Planned]) -> BTreeSet<String> {
    let first: BTreeSet<String> = planned.iter().filter_map(|planned| planned.command.first().cloned()).collect();
    let called = first.iter().flat_map(|name| {
        let stem = Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let of = CALLED.iter().find(|(caller, _)| *caller == stem).map_or(&[][..], |(_, called)| called);
        of.iter().map(|name| (*name).to_owned())
    });
    first.iter().cloned().chain(called).collect()
}

fn content(file: &Path) -> String {
    match host::read_small(file, LARGEST) {
        Ok(bytes) => host::fingerprint(&bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => "absent".into(),
        Err(e) => format!("unreadable: {}", e.kind()),
    }
}

/// A program by its file: where it is, how long, and when it was changed.
fn tool(name: &str) -> String {
    let found = host::find_program(std::ffi::OsStr::new(name)).map(|path| std::fs::canonicalize(&path).unwrap_or(path));
    found.map_or_else(|| "absent".into(), |path| host::fingerprint(stamp(&path).as_bytes()))
}

pub(crate) fn stamp(path: &Path) -> String {
    let met = path.metadata().ok();
    let changed = met.as_ref().and_then(|met| met.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{} {} {}", path.display(), met.map_or(0, |met| met.len()), changed.map_or(0, |at| at.as_nanos()))
}

/// Behind one program stand many toolchains: which is the default, and what each of them is.
fn rustup(planned: &[Planned]) -> Option<String> {
    programs(planned).contains("rustc").then(toolchains)?
}

/// What rustup's toolchains are, by its settings and by the files of each.
pub(crate) fn toolchains() -> Option<String> {
    let home =
        std::env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".rustup")))?;
    let mut said = format!("{:?} {}\n", std::env::var_os("RUSTUP_TOOLCHAIN"), content(&home.join("settings.toml")));
    let mut toolchains: Vec<PathBuf> =
        std::fs::read_dir(home.join("toolchains")).ok()?.flatten().map(|entry| entry.path()).collect();
    toolchains.sort();
    for toolchain in toolchains {
        said += &stamp(&toolchain.join("bin/rustc"));
        said += &stamp(&toolchain.join("lib/rustlib/components"));
        said.push('\n');
    }
    Some(host::fingerprint(said.as_bytes()))
}

/// The commit that the workspace's repository is at, from its files.
pub(crate) fn commit(root: &Path) -> Option<String> {
    let tree = root.ancestors().find(|folder| folder.join(".git").exists())?;
    let small =
        |file: &Path| host::read_small(file, 4 << 20).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut repository = tree.join(".git");
    if repository.is_file() {
        repository = tree.join(small(&repository)?.trim().strip_prefix("gitdir:")?.trim());
    }
    let head = small(&repository.join("HEAD"))?;
    let Some(branch) = head.trim().strip_prefix("ref:").map(str::trim) else { return is_commit(head.trim()) };
    let common =
        small(&repository.join("commondir")).map_or_else(|| repository.clone(), |to| repository.join(to.trim()));
    if let Some(at) = small(&repository.join(branch)).or_else(|| small(&common.join(branch))) {
        return is_commit(at.trim());
    }
    let packed = small(&common.join("packed-refs"))?;
    packed.lines().find_map(|line| is_commit(line.strip_suffix(branch)?.trim()))
}

fn is_commit(text: &str) -> Option<String> {
    let is = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn the_commit_is_found_as_a_branch_packed_detached_and_in_a_worktree() {
        let all = tempfile::tempdir().unwrap();
        let root = all.path().join("w");
        std::fs::create_dir(&root).unwrap();
        let git = |arguments: &[&str]| {
            let set = ["-c", "user.name=a", "-c", "user.email=a@b.c"];
            let out = std::process::Command::new("git").args(set).args(arguments).current_dir(&root).output().unwrap();
            assert!(out.status.success(), "{out:?}");
            String::from_utf8(out.stdout).unwrap().trim().to_owned()
        };
        assert_eq!(commit(&root), None);
        git(&["init", "-q"]);
        assert_eq!(commit(&root), None, "nothing is committed yet");
        git(&["commit", "-q", "--allow-empty", "-m", "one"]);
        let head = git(&["rev-parse", "HEAD"]);
        assert_eq!(commit(&root), Some(head.clone()));
        assert_eq!(commit(&root.join("below")), Some(head.clone()));
        git(&["pack-refs", "--all"]);
        assert_eq!(commit(&root), Some(head.clone()), "packed");
        git(&["worktree", "add", "-q", "../other", "-b", "other"]);
        assert_eq!(commit(&all.path().join("other")), Some(head.clone()), "a worktree");
        git(&["checkout", "-q", "--detach"]);
        assert_eq!(commit(&root), Some(head));
    }

    #[test]
    fn what_changed_came_or_went_is_named() {
        let of = |pairs: &[(&str, &str)]| -> Vec<ProofInput> {
            pairs.iter().map(|(name, is)| ProofInput { name: (*name).into(), is: (*is).into() }).collect()
        };
        let before = of(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(changed(&before, &before), Vec::<String>::new());
        assert_eq!(changed(&before, &of(&[("a", "1"), ("b", "x"), ("d", "4")])), ["b", "c", "d"]);
        assert_ne!(hash(&before), hash(&of(&[("a", "1"), ("b", "2")])));
    }
}
