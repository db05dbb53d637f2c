//! Surveys of Go modules whose cache is made by hand: places of findings, fetching, and hostile input.
//! No tool is run here; whether Go agrees is the judge test's business.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use contract::{ArtifactState, ReadinessState, codes};
use holdover_inventory::{Homes, Inventory, NoMemory, Options, Survey, hover, place, plan_fetch};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MOD: &str = "module example.com/m\n\ngo 1.22\n\nrequire example.com/Leaf v1.0.0\n";

struct Made {
    _folder: tempfile::TempDir,
    root: PathBuf,
    cache: PathBuf,
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

impl Made {
    fn new(go_mod: &str, go_sum: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = std::fs::canonicalize(folder.path()).unwrap();
        let (root, cache) = (at.join("work"), at.join("cache"));
        write(&root.join("go.mod"), go_mod);
        if !go_sum.is_empty() {
            write(&root.join("go.sum"), go_sum);
        }
        write(&at.join("go/bin/go"), "");
        write(&at.join("go/VERSION"), "go1.27.3\ntime 2026-10-19T22:20:36Z\n");
        write(&at.join("go/go.env"), "GOPROXY=https://proxy.example,direct\nGOSUMDB=sum.example\nGOTOOLCHAIN=auto\n");
        Made { _folder: folder, root, cache }
    }

    fn survey(&self) -> Arc<Survey> {
        let at = self.root.parent().unwrap();
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        let homes = Homes::from_variables([
            ("PATH".to_owned(), path(at.join("go/bin"))),
            ("HOME".to_owned(), path(at.join("home"))),
            ("GOMODCACHE".to_owned(), path(self.cache.clone())),
        ]);
        Inventory::new(&self.root, Options { homes, ..Options::default() }).survey(&NoMemory, &|| false)
    }
}

#[test]
fn what_is_missing_is_named_in_go_sum_and_in_go_mod_and_fetched_in_a_copy() {
    let sums = "example.com/Leaf v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nexample.com/Leaf v1.0.0/go.mod h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let made = Made::new(MOD, sums);
    let survey = made.survey();
    assert_eq!((survey.readiness.state, survey.readiness.missing), (ReadinessState::Incomplete, 1));
    let artifact = &survey.artifacts[0];
    assert_eq!((artifact.id.as_str(), artifact.state), ("go:example.com/Leaf@v1.0.0", ArtifactState::Missing));
    assert!(artifact.looked_in[0].ends_with("cache/download/example.com/!leaf/@v/v1.0.0.zip"));
    let at = |file: &str, text: &str| {
        let found = place(&survey, &made.root.join(file), text);
        assert_eq!(found.len(), 1, "{file}: {found:?}");
        assert_eq!(found[0].code, codes::MISSING_ARTIFACT);
        text[found[0].range.start.byte as usize..found[0].range.end.byte as usize].to_owned()
    };
    assert!(at("go.sum", sums).starts_with("example.com/Leaf v1.0.0 h1:"));
    let unsaved = format!("// a comment\n{MOD}");
    assert_eq!(at("go.mod", &unsaved), "example.com/Leaf");
    let (_, told) = hover(&survey, &made.root.join("go.mod"), MOD, MOD.find("Leaf").unwrap()).unwrap();
    assert!(told.contains("example.com/Leaf v1.0.0") && told.contains("missing"), "{told}");
    let steps = plan_fetch(&survey, None);
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].command, ["go", "mod", "download"]);
    assert_eq!(steps[0].stage, [PathBuf::from("go.mod"), PathBuf::from("go.sum")]);
    // A folder that stands in for a module is beside it, and in no copy.
    let made = Made::new(&format!("{MOD}replace example.com/x => ../x\n"), sums);
    assert!(plan_fetch(&made.survey(), None)[0].stage.is_empty());
}

#[test]
fn a_module_without_dependencies_is_ready_and_one_without_go_sum_is_not() {
    let none = Made::new("module example.com/m\n\ngo 1.22\n", "").survey();
    assert_eq!(none.readiness.state, ReadinessState::Ready, "{:?}", none.readiness);
    let survey = Made::new(MOD, "").survey();
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    assert_eq!(survey.artifacts[0].file.file_name().unwrap(), "go.mod");
    let problem = survey.readiness.ecosystems[0].problem.clone().unwrap();
    assert!(problem.contains("go.sum has no checksum of example.com/Leaf"), "{problem}");
    // It is the lockfile and the manifest in one: each line has one finding.
    let found: Vec<_> = survey.findings.iter().filter(|finding| finding.file.ends_with("go.mod")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn another_go_or_none_is_unknown() {
    let made = Made::new("module example.com/m\n\ngo 1.22\n", "");
    let version = made.root.parent().unwrap().join("go/VERSION");
    for text in ["go1.99.0\n", "devel go1.28-abcdef\n", ""] {
        write(&version, text);
        assert_eq!(made.survey().readiness.state, ReadinessState::Unknown, "{text:?}");
    }
    std::fs::remove_file(version).unwrap();
    assert_eq!(made.survey().readiness.state, ReadinessState::Unknown);
}

#[test]
fn hostile_paths_and_versions_lead_nowhere() {
    for (path, version) in [
        ("example.com/../../../../etc/passwd", "v1.0.0"),
        ("/etc/passwd", "v1.0.0"),
        ("example.com/a", "v1.0.0/../../../../x"),
        ("example.com/..", "v1.0.0"),
        ("example.com//a", "v1.0.0"),
        ("example.com/a\u{202e}", "v1.0.0"),
        ("example.com/!a", "v1.0.0"),
        ("c:\\x", "v1.0.0"),
    ] {
        let sums = format!("{path} {version} h1:x\n{path} {version}/go.mod h1:x\n");
        let made = Made::new(&format!("module example.com/m\n\ngo 1.22\n\nrequire {path} {version}\n"), &sums);
        let survey = made.survey();
        assert_eq!(survey.readiness.state, ReadinessState::Incomplete, "{path} {version}");
        for artifact in survey.artifacts.iter() {
            assert!(artifact.looked_in.iter().all(|path| path.starts_with(&made.cache)), "{artifact:?}");
        }
    }
}

#[test]
fn a_module_that_needs_itself_in_a_circle_and_links_in_circles_end() {
    let sums = "example.com/N v1.0.0 h1:LEAF\nexample.com/N v1.0.0/go.mod h1:x\n".replace("LEAF", LEAF_SUM);
    let sums = ["a", "b"].map(|name| sums.replace('N', name)).concat();
    let made = Made::new("module example.com/m\n\ngo 1.16\n\nrequire example.com/a v1.0.0\n", &sums);
    let at = |name: &str, kind: &str| made.cache.join(format!("cache/download/example.com/{name}/@v/v1.0.0.{kind}"));
    write(&at("a", "mod"), "module example.com/a\nrequire example.com/b v1.0.0\n");
    write(&at("b", "mod"), "module example.com/b\nrequire example.com/a v1.0.0\n");
    std::os::unix::fs::symlink("v1.0.0.zip", at("a", "zip")).unwrap();
    std::os::unix::fs::symlink(made.cache.join("cache"), made.cache.join("cache/loop")).unwrap();
    assert_ne!(made.survey().readiness.state, ReadinessState::Ready);
}

const LEAF_SUM: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn a_go_sum_of_a_million_lines_is_said_to_be_too_large_to_judge() {
    let line = "example.com/a v1.0.0 h1:AAAA\n";
    let survey = Made::new(MOD, &line.repeat(1_000_000)).survey();
    assert_ne!(survey.readiness.state, ReadinessState::Ready);
    assert!(
        survey.findings.iter().any(|finding| finding.code == codes::MALFORMED_LOCKFILE),
        "{:?}",
        survey.findings.len()
    );
}

#[test]
fn a_broken_line_is_said_where_it_stands() {
    let made = Made::new("module example.com/m\n\ngo 1.22\n\nstrange words\n", "one two\n");
    let survey = made.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    let of = |file: &str| survey.findings.iter().find(|finding| finding.file.ends_with(file)).unwrap();
    assert_eq!((of("go.mod").range.start.line, of("go.sum").range.start.line), (4, 0));
}
