//! Surveys of Gradle builds whose cache is made by hand: lockfiles, checksums, the wrapper, catalogs, and hostile input.
//! No run of Gradle stands behind these: `docs/inventory.md` says so, and so does every answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use contract::{Artifact, ArtifactState, ReadinessState};
use holdover_inventory::{Homes, Inventory, NoMemory, Options, Survey};
use sha1::{Digest, Sha1};
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Made {
    _folder: tempfile::TempDir,
    root: PathBuf,
    home: PathBuf,
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = std::fs::canonicalize(folder.path()).unwrap();
        let (root, home) = (at.join("work"), at.join("gradle"));
        write(&root.join("settings.gradle.kts"), "rootProject.name = \"x\"\n");
        Made { _folder: folder, root, home }
    }

    fn lock(&self, text: &str) {
        write(&self.root.join("app/gradle.lockfile"), text);
    }

    /// Lays a file down where Gradle keeps it, below a folder named by its checksum without zeroes at the beginning.
    fn keep(&self, module: &str, file: &str, text: &str) -> PathBuf {
        let sum = hex::encode(Sha1::digest(text));
        let below: PathBuf = module.split(':').collect();
        let folder = self.home.join("caches/modules-2/files-2.1").join(below).join(sum.trim_start_matches('0'));
        write(&folder.join(file), text);
        folder.join(file)
    }

    fn survey(&self) -> Arc<Survey> {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let homes = Homes::from_variables([
            ("HOME".to_owned(), path(&self.home)),
            ("GRADLE_USER_HOME".to_owned(), path(&self.home)),
        ]);
        let options = Options { homes, ..Options::default() };
        Inventory::new(&self.root, options).survey(&NoMemory, &|| false)
    }
}

fn one(survey: &Survey, id: &str) -> Artifact {
    survey.artifacts.iter().find(|one| one.id == id).unwrap_or_else(|| panic!("{id} is not named")).clone()
}

#[test]
fn nothing_is_called_ready_that_no_run_of_gradle_stands_behind() {
    let made = Made::new();
    made.lock("# made by Gradle\na.b:c:1=compileClasspath\nempty=\n");
    made.keep("a.b:c:1", "c-1.pom", "<project/>");
    made.keep("a.b:c:1", "c-1.jar", "bytes");
    let survey = made.survey();
    assert_eq!(one(&survey, "gradle:a.b:c:1").state, ArtifactState::Present);
    assert!(one(&survey, "gradle:a.b:c:1").verified);
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    let problem = survey.readiness.ecosystems.iter().find_map(|one| one.problem.clone()).unwrap();
    assert!(problem.starts_with("unverified: "), "{problem}");
}

#[test]
fn what_lacks_or_differs_is_named() {
    let made = Made::new();
    made.lock("a:gone:1=x\na:bare:1=x\na:undescribed:1=x\na:damaged:1=x\na:set:1=x\na:asked:1=x\n");
    made.keep("a:bare:1", "bare-1.pom", "<project/>");
    made.keep("a:undescribed:1", "undescribed-1.jar", "u");
    made.keep("a:damaged:1", "damaged-1.pom", "<project/>");
    let archive = made.keep("a:damaged:1", "damaged-1.jar", "d");
    write(&archive, "e");
    made.keep("a:set:1", "set-1.pom", "<project><packaging>pom</packaging></project>");
    made.keep("a:asked:1", "asked-1.module", "{}");
    made.keep("a:asked:1", "asked-1.jar", "what others published");
    let asked = hex::encode([7; 32]);
    write(
        &made.root.join("gradle/verification-metadata.xml"),
        format!(
            "<verification-metadata xmlns=\"https://schema.gradle.org/dependency-verification\"><components>\
             <component group=\"a\" name=\"asked\" version=\"1\"><artifact name=\"asked-1.jar\"><sha256 value=\"{asked}\"/></artifact></component>\
             </components></verification-metadata>"
        ),
    );
    let survey = made.survey();
    let state = |name: &str| one(&survey, &format!("gradle:a:{name}:1")).state;
    for name in ["gone", "bare", "undescribed"] {
        assert_eq!(state(name), ArtifactState::Missing, "{name}");
    }
    assert_eq!(state("damaged"), ArtifactState::Corrupt);
    assert_eq!(state("set"), ArtifactState::Present);
    assert_eq!(state("asked"), ArtifactState::Corrupt);
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
}

#[test]
fn the_distribution_of_a_wrapper_is_looked_for_and_a_catalogs_lines_lead_to_what_is_locked() {
    let made = Made::new();
    let wrapper = "distributionBase=GRADLE_USER_HOME\ndistributionPath=wrapper/dists\ndistributionUrl=https\\://example.invalid/d/gradle-8.5-bin.zip\n";
    write(&made.root.join("gradle/wrapper/gradle-wrapper.properties"), wrapper);
    write(&made.root.join("gradle/libs.versions.toml"), "[libraries]\nc = \"a:c:1\"\n");
    made.lock("a:c:1=testRuntimeClasspath\n");
    let survey = made.survey();
    assert_eq!(one(&survey, "gradle:gradle-8.5-bin").state, ArtifactState::Missing);
    let locked = one(&survey, "gradle:a:c:1");
    assert!(locked.dev && locked.manifests[0].file.ends_with("gradle/libs.versions.toml"), "{locked:?}");
    let folder = made.home.join("wrapper/dists/gradle-8.5-bin/abc");
    write(&folder.join("gradle-8.5/bin/gradle"), "");
    assert_eq!(one(&made.survey(), "gradle:gradle-8.5-bin").state, ArtifactState::Missing);
    write(&folder.join("gradle-8.5-bin.zip.ok"), "");
    assert_eq!(one(&made.survey(), "gradle:gradle-8.5-bin").state, ArtifactState::Present);
}

#[test]
fn hostile_lines_lead_nowhere_and_a_build_without_a_lockfile_is_told_of() {
    let made = Made::new();
    let survey = made.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    assert!(survey.readiness.ecosystems[0].problem.as_ref().unwrap().contains("no gradle.lockfile"));
    made.lock("../../..:etc:passwd=x\na:..:1=x\n<<<<<<< ours\n");
    let survey = made.survey();
    assert_eq!(one(&survey, "gradle:../../..:etc:passwd").state, ArtifactState::Unknown);
    assert_eq!(one(&survey, "gradle:a:..:1").state, ArtifactState::Unknown);
    assert_eq!(
        survey.readiness.state,
        ReadinessState::Incomplete,
        "a line that cannot be read is one that Gradle refuses"
    );
    let bomb =
        "<!DOCTYPE v [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><verification-metadata>&b;</verification-metadata>";
    write(&made.root.join("gradle/verification-metadata.xml"), bomb);
    made.lock("a:c:1=x\n");
    let problem = made.survey().readiness.ecosystems.iter().find_map(|one| one.problem.clone()).unwrap();
    assert!(problem.contains("document type"), "{problem}");
}
