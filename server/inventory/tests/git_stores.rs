//! Repositories that are made to hurt: names and paths that lead out, submodules without end, borrowing in a circle. What git
//! does not take is said to be refused, nothing leads out of the repository, and every answer comes to an end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may stop")]

use contract::{ArtifactState, ReadinessState, codes};
use holdover_inventory::{Homes, Inventory, NoMemory, Options, Survey};
use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LINK: u32 = 0o160_000;

/// A repository as git would open it, without a commit.
fn repository(git: &Path) {
    for folder in ["objects", "refs"] {
        std::fs::create_dir_all(git.join(folder)).unwrap();
    }
    std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
}

/// An index of version 2: mode, path and id of each entry.
fn index(git: &Path, entries: &[(u32, String, [u8; 20])]) {
    let mut out = b"DIRC\0\0\0\x02".to_vec();
    out.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
    for (mode, path, id) in entries {
        let begin = out.len();
        out.extend([0; 24]);
        out.extend(mode.to_be_bytes());
        out.extend([0; 12]);
        out.extend(id);
        out.extend(u16::try_from(path.len().min(0xfff)).unwrap().to_be_bytes());
        out.extend(path.as_bytes());
        out.push(0);
        while !(out.len() - begin).is_multiple_of(8) {
            out.push(0);
        }
    }
    out.extend([0; 20]);
    std::fs::write(git.join("index"), out).unwrap();
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        repository(&place.path("work/.git"));
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn links(&self, links: &[(&str, &str)]) {
        let mut text = String::new();
        for (name, path) in links {
            write!(text, "[submodule \"{name}\"]\n\tpath = {path}\n\turl = ../x\n").unwrap();
        }
        std::fs::write(self.path("work/.gitmodules"), text).unwrap();
        let entries: Vec<_> = links.iter().map(|(_, path)| (LINK, (*path).to_owned(), [7; 20])).collect();
        index(&self.path("work/.git"), &entries);
    }

    fn survey(&self) -> Arc<Survey> {
        let home = self.path("home").to_str().unwrap().to_owned();
        let options = Options { homes: Homes::from_variables([("HOME".to_owned(), home)]), ..Options::default() };
        Inventory::new(self.path("work"), options).survey(&NoMemory, &|| false)
    }
}

#[test]
fn a_path_in_gits_index_that_leads_out_is_refused_and_not_looked_at() {
    for path in ["../out", "a/../../out", ".git/modules/x", "/out", "a//b", "."] {
        let place = Place::new();
        repository(&place.path("out/.git"));
        place.links(&[("x", path)]);
        let survey = place.survey();
        assert_eq!(survey.readiness.state, ReadinessState::Incomplete, "{path}");
        assert!(survey.artifacts.is_empty(), "{path}: {:?}", survey.artifacts);
    }
}

#[test]
fn a_name_that_leads_out_of_the_clones_names_no_submodule() {
    let place = Place::new();
    repository(&place.path("out"));
    place.links(&[("../../../out", "sub")]);
    let survey = place.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    assert!(survey.artifacts.is_empty(), "{:?}", survey.artifacts);
    assert!(survey.findings.iter().any(|finding| finding.message.contains("no address for the submodule sub")));
}

#[test]
fn a_link_in_a_submodules_path_is_not_followed() {
    let place = Place::new();
    repository(&place.path("out/sub/.git"));
    place.links(&[("x", "linked/sub")]);
    symlink(place.path("out"), place.path("work/linked")).unwrap();
    let survey = place.survey();
    let [only] = &*survey.artifacts else { panic!("{:?}", survey.artifacts) };
    assert_eq!(only.state, ArtifactState::Corrupt);
    assert!(only.evidence.contains("a link stands in its path"), "{}", only.evidence);
}

#[test]
fn a_submodule_that_leads_back_to_its_parent_comes_to_an_end() {
    let place = Place::new();
    place.links(&[("x", "sub")]);
    std::fs::create_dir_all(place.path("work/sub")).unwrap();
    std::fs::write(place.path("work/sub/.git"), "gitdir: ../.git\n").unwrap();
    std::fs::write(place.path("work/.git/HEAD"), format!("{}\n", "07".repeat(20))).unwrap();
    let survey = place.survey();
    assert_ne!(survey.readiness.state, ReadinessState::Ready);
    assert!(survey.artifacts.len() <= 1, "{}", survey.artifacts.len());
}

#[test]
fn repositories_that_borrow_from_each_other_come_to_an_end() {
    let place = Place::new();
    place.links(&[("x", "sub")]);
    for (own, other) in [("x", "y"), ("y", "x")] {
        let git = place.path(&format!("work/.git/modules/{own}"));
        repository(&git);
        std::fs::create_dir_all(git.join("objects/info")).unwrap();
        std::fs::write(git.join("objects/info/alternates"), format!("../../{other}/objects\n")).unwrap();
    }
    let survey = place.survey();
    let [only] = &*survey.artifacts else { panic!("{:?}", survey.artifacts) };
    assert_eq!(only.state, ArtifactState::Missing, "{}", only.evidence);
}

#[test]
fn of_more_submodules_than_the_limit_the_rest_is_said_to_be_unknown() {
    let place = Place::new();
    let names: Vec<String> = (0..10_200).map(|number| format!("s/{number:06}")).collect();
    let links: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    place.links(&links);
    let survey = place.survey();
    assert_eq!(survey.artifacts.len(), 10_000);
    let problem = survey.readiness.ecosystems[0].problem.as_deref().unwrap_or_default();
    assert!(problem.contains("more than 10000 submodules"), "{problem}");
}

#[test]
fn a_file_of_submodules_that_is_larger_than_the_limit_is_not_read() {
    let place = Place::new();
    let text = "[submodule \"x\"]\n\tpath = x\n".repeat(200_000);
    assert!(text.len() > 4 << 20);
    std::fs::write(place.path("work/.gitmodules"), text).unwrap();
    let survey = place.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    assert!(survey.findings.iter().any(|finding| finding.code == codes::MALFORMED_LOCKFILE));
}

#[test]
fn what_stands_in_no_repository_is_no_file_of_submodules() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("work/third-party")).unwrap();
    std::fs::write(place.path("work/third-party/.gitmodules"), "[submodule \"x\"]\n\tpath = x\n\turl = y\n").unwrap();
    let survey = place.survey();
    assert!(survey.readiness.ecosystems.is_empty(), "{:?}", survey.readiness.ecosystems);
}

#[test]
fn attributes_that_are_larger_than_the_limit_are_not_read() {
    let place = Place::new();
    let text = "*.bin filter=lfs\n".repeat(300_000);
    assert!(text.len() > 4 << 20);
    std::fs::write(place.path("work/.gitattributes"), text).unwrap();
    assert_eq!(place.survey().readiness.state, ReadinessState::Unknown);
}

#[test]
fn attributes_that_name_each_other_and_patterns_that_try_everything_come_to_an_end() {
    let place = Place::new();
    let mut text = "[attr]one two two\n[attr]two one one\n*.bin filter=lfs\nx one\n".to_owned();
    (0..20).for_each(|_| writeln!(text, "{}z filter=lfs", "**/*a*".repeat(20)).unwrap());
    std::fs::write(place.path("work/.gitattributes"), text).unwrap();
    let entries: Vec<_> = (0..20).map(|at| (0o100_644, format!("{at:03}{}.bin", "a/a".repeat(300)), [7; 20])).collect();
    index(&place.path("work/.git"), &entries);
    let survey = place.survey();
    assert_eq!(survey.artifacts.len(), 20);
    assert!(survey.artifacts.iter().all(|one| one.state == ArtifactState::Missing), "{:?}", survey.artifacts[0]);
}
