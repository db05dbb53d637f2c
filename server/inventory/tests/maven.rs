//! Surveys of Maven projects without a Maven: hostile input, and what is said where nothing can be followed.
//! No tool is run here; whether Maven agrees is the judge test's business.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use contract::{ArtifactState, ReadinessState};
use holdover_inventory::{Homes, Inventory, NoMemory, Options, Survey};
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

fn pom(name: &str, body: &str) -> String {
    format!("<project><groupId>me</groupId><artifactId>{name}</artifactId><version>1</version>{body}</project>")
}

fn needs(group: &str, name: &str, version: &str) -> String {
    format!(
        "<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
    )
}

impl Made {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = std::fs::canonicalize(folder.path()).unwrap();
        let (root, home) = (at.join("work"), at.join("home"));
        write(&root.join("pom.xml"), text);
        Made { _folder: folder, root, home }
    }

    /// Puts an artifact into the local repository.
    fn keep(&self, name: &str, body: &str) {
        let at = self.home.join(".m2/repository/me").join(name).join("1").join(format!("{name}-1"));
        write(&at.with_file_name(format!("{name}-1.pom")), pom(name, body));
        write(&at.with_file_name(format!("{name}-1.jar")), name);
    }

    fn survey(&self) -> Arc<Survey> {
        let homes = Homes::from_variables([("HOME".to_owned(), self.home.to_str().unwrap().to_owned())]);
        let options = Options { homes, ..Options::default() };
        Inventory::new(&self.root, options).survey(&NoMemory, &|| false)
    }
}

fn problem(survey: &Survey) -> String {
    survey.readiness.ecosystems.iter().find_map(|one| one.problem.clone()).unwrap_or_default()
}

#[test]
fn without_a_maven_nothing_is_ready_and_what_is_missing_is_named_on_its_line() {
    let made = Made::new(&pom(
        "app",
        &format!("\n<dependencies>\n{}{}</dependencies>", needs("me", "a", "1"), needs("me", "b", "1")),
    ));
    made.keep("a", "");
    let survey = made.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    let missing = survey.artifacts.iter().find(|one| one.state == ArtifactState::Missing).unwrap();
    assert_eq!((missing.id.as_str(), missing.range.start.line), ("maven:me:b:1", 2));
    made.keep("b", "");
    let survey = made.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    assert!(problem(&survey).contains("no mvn in the path"), "{}", problem(&survey));
}

#[test]
fn coordinates_lead_to_nothing_outside_of_the_repository() {
    let made = Made::new(&pom(
        "app",
        &format!("<dependencies>{}{}</dependencies>", needs("..", "..", "../../../secret"), needs("me", "a/../b", "1")),
    ));
    write(&made.home.join(".m2/secret/x.jar"), "x");
    let survey = made.survey();
    for one in survey.artifacts.iter() {
        assert_eq!(one.state, ArtifactState::Unknown, "{}", one.id);
        assert!(one.evidence.contains("characters that no repository allows"), "{}", one.evidence);
    }
    assert_eq!(survey.artifacts.iter().count(), 2);
}

#[test]
fn bombs_circles_and_what_is_too_large_end_in_an_answer_that_names_them() {
    let bomb = "<!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><project>&b;</project>";
    let large = format!("<project><!--{}--></project>", "x".repeat(5 << 20));
    let many = format!("<project>{}</project>", "<a/>".repeat(500_000));
    let grows: Vec<String> = (0..40).map(|at| format!("<p{at}>${{p{0}}}${{p{0}}}</p{at}>", at + 1)).collect();
    let grows = grows.concat();
    let grows = pom(
        "app",
        &format!("<properties>{grows}</properties><dependencies>{}</dependencies>", needs("me", "a", "${p0}")),
    );
    let itself = pom("app", "<modules><module>.</module></modules>");
    let parent = "<project><parent><groupId>me</groupId><artifactId>app</artifactId><version>1</version><relativePath>pom.xml</relativePath></parent><artifactId>app</artifactId></project>";
    for (text, why) in [
        (bomb, "document type"),
        (&large, "MiB"),
        (&many, "more than the"),
        (&grows, "no version that can be read"),
        (&itself, "no mvn in the path"),
        (parent, "lead back to themselves"),
    ] {
        let survey = Made::new(text).survey();
        assert!(problem(&survey).contains(why), "{why}: {}", problem(&survey));
        assert_ne!(survey.readiness.state, ReadinessState::Ready);
    }
}

#[test]
fn imports_and_dependencies_that_lead_back_to_themselves_are_followed_once() {
    let import = |name: &str| {
        format!(
            "<dependencyManagement><dependencies><dependency><groupId>me</groupId><artifactId>{name}</artifactId><version>1</version><type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement>"
        )
    };
    let made =
        Made::new(&pom("app", &format!("{}<dependencies>{}</dependencies>", import("one"), needs("me", "a", "1"))));
    made.keep("one", &import("two"));
    made.keep("two", &import("one"));
    made.keep("a", &format!("<dependencies>{}</dependencies>", needs("me", "b", "1")));
    made.keep("b", &format!("<dependencies>{}</dependencies>", needs("me", "a", "1")));
    let survey = made.survey();
    let mut ids: Vec<String> = survey.artifacts.iter().map(|one| one.id.clone()).collect();
    ids.sort();
    assert_eq!(ids, ["maven:me:a:1", "maven:me:b:1", "maven:me:one:pom:1", "maven:me:two:pom:1"]);
}
