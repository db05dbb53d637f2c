//! Workspaces that are a folder of a repository: its submodules and what Git LFS keeps are judged all the same, as git does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test may stop")]

mod judge;

use contract::{ArtifactState, ReadinessState};
use inventory::Homes;
use judge::{must, run, survey, write};
use std::path::Path;
use std::process::Command;

fn git(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    let quiet = ["-c", "protocol.file.allow=always", "-c", "user.name=me", "-c", "user.email=me@example.invalid"];
    command.args(quiet).args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

fn repository(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    must(&mut git(folder, &["init", "-q", "-b", "main"]));
    write(&folder.join("file"), "text\n");
    must(&mut git(folder, &["add", "."]));
    must(&mut git(folder, &["commit", "-q", "-m", "first"]));
}

fn homes(base: &Path) -> Homes {
    let set = [("HOME".to_owned(), base.join("home").display().to_string())];
    Homes::from_variables(std::env::vars().filter(|(name, _)| name == "PATH").chain(set))
}

#[test]
fn submodules_of_the_repository_above_are_judged_as_git_would_update_them_from_the_workspace() {
    let base = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(base.path()).unwrap();
    let (other, top) = (base.join("other"), base.join("top"));
    repository(&other);
    repository(&top);
    let workspace = top.join("part/inner");
    write(&workspace.join("kept"), "text\n");
    must(&mut git(&top, &["add", "."]));
    must(&mut git(&top, &["submodule", "--quiet", "add", other.to_str().unwrap(), "lib"]));
    must(&mut git(&top, &["commit", "-q", "-m", "second"]));
    let update = |folder: &Path| {
        run(&mut git(
            folder,
            &["-c", "protocol.file.allow=never", "submodule", "update", "--init", "--recursive", "--no-fetch"],
        ))
        .status
        .success()
    };
    for folder in [&workspace, &top] {
        let survey = survey(folder, homes(&base));
        assert_eq!(
            (survey.readiness.state, survey.artifacts.len()),
            (ReadinessState::Ready, 1),
            "{}",
            folder.display()
        );
        assert!(update(folder));
    }
    must(&mut git(&top, &["submodule", "--quiet", "deinit", "-f", "lib"]));
    std::fs::remove_dir_all(top.join(".git/modules/lib")).unwrap();
    for folder in [&workspace, &top] {
        let survey = survey(folder, homes(&base));
        assert_eq!(survey.readiness.state, ReadinessState::Incomplete, "{}", folder.display());
        assert_eq!(survey.artifacts[0].state, ArtifactState::Missing);
        assert!(!update(folder));
    }
    // A repository of its own has none above it.
    must(&mut git(&workspace, &["init", "-q"]));
    assert_eq!(survey(&workspace, homes(&base)).artifacts.len(), 0);
}

#[test]
fn what_attributes_above_have_git_lfs_keep_is_judged_and_a_new_file_of_them_is_seen() {
    let base = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(base.path()).unwrap();
    let top = base.join("top");
    repository(&top);
    let workspace = top.join("part/inner");
    let sum = "a".repeat(64);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sum}\nsize 5\n");
    write(&workspace.join("image.bin"), &pointer);
    must(&mut git(&top, &["add", "."]));
    must(&mut git(&top, &["commit", "-q", "-m", "second"]));
    let options = inventory::Options { homes: homes(&base), ..inventory::Options::default() };
    let mut inventory = inventory::Inventory::new(&workspace, options);
    let survey = inventory.survey(&inventory::NoMemory, &|| false);
    assert_eq!((survey.artifacts.len(), survey.findings.len()), (0, 0));
    write(&top.join("part/.gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    must(&mut git(&top, &["add", "."]));
    let survey = inventory.survey(&inventory::NoMemory, &|| false);
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    let missing: Vec<&str> = survey.artifacts.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(missing, ["part/inner/image.bin"]);
    write(&top.join(format!(".git/lfs/objects/aa/aa/{sum}")), "right");
    let survey = inventory.survey(&inventory::NoMemory, &|| false);
    assert_ne!(survey.artifacts[0].state, ArtifactState::Missing);
}
