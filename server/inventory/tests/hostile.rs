//! Lockfiles and caches of uv, pnpm and Yarn that are made to hurt: what is too much is said to be, and nothing leads out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may stop")]

use contract::{ArtifactState, ReadinessState, codes};
use holdover_inventory::{Homes, Inventory, NoMemory, Options, Survey};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is read of a lockfile, in packages.
const MOST: usize = 100_000;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(place.path("programs")).unwrap();
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A tool of this name and version in the path, as its package lies there.
    fn tool(&self, program: &str, package: &str, version: &str) {
        let folder = format!("tools/{program}");
        self.write(&format!("{folder}/package.json"), &format!(r#"{{"name": "{package}", "version": "{version}"}}"#));
        self.write(&format!("{folder}/bin/{program}.js"), "");
        #[cfg(unix)]
        {
            let at = self.path(&format!("programs/{program}"));
            let _ = std::fs::remove_file(&at);
            std::os::unix::fs::symlink(self.path(&format!("{folder}/bin/{program}.js")), at).unwrap();
        }
    }

    fn survey(&self) -> Arc<Survey> {
        let set = [
            ("HOME", "home"),
            ("PATH", "programs"),
            ("YARN_CACHE_FOLDER", "cache"),
            ("YARN_GLOBAL_FOLDER", "global"),
            ("PNPM_HOME", "pnpm"),
            ("UV_CACHE_DIR", "uv"),
        ];
        let set = set.map(|(name, path)| (name.to_owned(), self.path(path).to_str().unwrap().to_owned()));
        let options = Options { homes: Homes::from_variables(set), ..Options::default() };
        Inventory::new(self.path("workspace"), options).survey(&NoMemory, &|| false)
    }
}

fn is_malformed(survey: &Survey) -> bool {
    survey.findings.iter().any(|finding| finding.code == codes::MALFORMED_LOCKFILE)
}

/// A million packages, or as many as a lockfile may have in bytes.
fn many(head: &str, one: impl Fn(usize, &mut String)) -> String {
    let mut text = head.to_owned();
    for number in 0..1_000_000 {
        if text.len() > (32 << 20) - 200 {
            break;
        }
        one(number, &mut text);
    }
    text
}

#[test]
fn of_a_million_packages_no_more_than_the_limit_are_taken_up_and_the_rest_is_told() {
    let manifest = r#"{ "name": "app", "version": "1.0.0", "private": true, "dependencies": { "p1": "1.0.0" } }"#;
    let lockfiles: [(&str, String); 4] = [
        ("yarn.lock", many("# yarn lockfile v1\n", |at, out| writeln!(out, "p{at}@1:\n  version 1").unwrap())),
        (
            "yarn.lock",
            many("__metadata:\n  version: 10\n", |at, out| writeln!(out, "p{at}:\n  resolution: p@{at}").unwrap()),
        ),
        (
            "pnpm-lock.yaml",
            many("lockfileVersion: '9.0'\npackages:\n", |at, out| {
                writeln!(out, " p@{at}:\n  resolution: {{}}").unwrap();
            }),
        ),
        ("uv.lock", many("version = 1\n", |at, out| writeln!(out, "[[package]]\nname='p{at}'").unwrap())),
    ];
    for (name, text) in lockfiles {
        let place = Place::new();
        let manifest =
            if name == "uv.lock" { ("pyproject.toml", "[project]\nname='app'\n") } else { ("package.json", manifest) };
        place.write(&format!("workspace/{}", manifest.0), manifest.1);
        place.write(&format!("workspace/{name}"), &text);
        let survey = place.survey();
        assert_ne!(survey.readiness.state, ReadinessState::Ready, "{name}");
        assert!(is_malformed(&survey), "{name}: {:?}", survey.findings.first());
        assert!(survey.artifacts.len() <= MOST, "{name}: {}", survey.artifacts.len());
    }
}

#[test]
fn a_lockfile_that_is_longer_than_is_read_is_not_read() {
    let place = Place::new();
    place.write("workspace/package.json", r#"{ "name": "app" }"#);
    for name in ["yarn.lock", "pnpm-lock.yaml"] {
        place.write(&format!("workspace/{name}"), &" ".repeat((32 << 20) + 1));
        let survey = place.survey();
        assert!(is_malformed(&survey) && survey.readiness.state == ReadinessState::Unknown, "{name}");
        std::fs::remove_file(place.path(&format!("workspace/{name}"))).unwrap();
    }
}

#[test]
fn deep_nesting_and_references_end_in_an_answer_that_is_not_ready() {
    let deep = "[".repeat(200_000);
    let bomb = (1..40).fold("a0: &a0 [x, x]\n".to_owned(), |text, at| {
        text + &format!("a{at}: &a{at} [*a{before}, *a{before}]\n", before = at - 1)
    });
    let indented = (0..3_000).fold(String::new(), |text, at| text + &"  ".repeat(at) + "a:\n");
    let yaml = [("yarn.lock", "__metadata:\n  version: 10\n"), ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n")];
    for (name, head) in yaml.into_iter().chain([("yarn.lock", "# yarn lockfile v1\n")]) {
        for tail in [format!("x: {deep}"), bomb.clone(), indented.clone()] {
            let place = Place::new();
            place.write("workspace/package.json", r#"{ "name": "app" }"#);
            place.write(&format!("workspace/{name}"), &format!("{head}{tail}"));
            let survey = place.survey();
            assert!(is_malformed(&survey), "{name}: {head:?} {tail:.40}");
            assert_ne!(survey.readiness.state, ReadinessState::Ready, "{name}");
        }
    }
    for (settings, lockfile, head) in
        [(".yarnrc.yml", "yarn.lock", yaml[0].1), ("pnpm-workspace.yaml", "pnpm-lock.yaml", yaml[1].1)]
    {
        let place = Place::new();
        place.write("workspace/package.json", r#"{ "name": "app" }"#);
        place.write(&format!("workspace/{lockfile}"), head);
        place.write(&format!("workspace/{settings}"), &format!("a: {deep}"));
        assert_ne!(place.survey().readiness.state, ReadinessState::Ready, "{settings}");
    }
    let place = Place::new();
    place.write("workspace/pyproject.toml", "[project]\nname='app'\n");
    place.write("workspace/uv.lock", &format!("version = 1\nx = {deep}"));
    let survey = place.survey();
    assert!(is_malformed(&survey) && survey.readiness.state != ReadinessState::Ready);
}

/// Every place that was looked at lies in the folders of this test's own tools.
fn stays_inside(survey: &Survey, inside: &[PathBuf]) {
    for artifact in survey.artifacts.iter() {
        for path in &artifact.looked_in {
            let plain = path.components().all(|part| part != std::path::Component::ParentDir);
            assert!(plain && inside.iter().any(|folder| path.starts_with(folder)), "{}", path.display());
        }
        assert_ne!(artifact.state, ArtifactState::Present, "{}", artifact.id);
    }
}

#[cfg(unix)]
#[test]
fn names_that_lead_out_of_a_cache_are_not_followed() {
    let sum = format!("sha512-{}==", "A".repeat(86));
    let hex = "0".repeat(128);
    let names = ["../../../../out", "@a/../../../../out", "/out", "..", "a/../../out"];
    for name in names {
        let place = Place::new();
        place.tool("yarn", "yarn", "1.22.22");
        place.write("out/.yarn-metadata.json", "{}");
        let manifest = serde_json::json!({"name": "app", "dependencies": {name: "1.0.0"}});
        place.write("workspace/package.json", &manifest.to_string());
        let entry = format!(
            "\"{name}@1.0.0\":\n  name \"{name}\"\n  version \"1.0.0\"\n  resolved \"https://x.example/a.tgz#00\"\n  integrity {sum}\n"
        );
        place.write("workspace/yarn.lock", &format!("# yarn lockfile v1\n\n\n{entry}"));
        let inside = [place.path("cache"), place.path("workspace")];
        stays_inside(&place.survey(), &inside);
        place.tool("yarn", "@yarnpkg/cli-dist", "4.18.1");
        let entry = format!(
            "\"{name}@npm:1.0.0\":\n  version: 1.0.0\n  resolution: \"{name}@npm:1.0.0\"\n  checksum: 10c0/{hex}\n  languageName: node\n  linkType: hard\n"
        );
        place.write("workspace/yarn.lock", &format!("__metadata:\n  version: 10\n  cacheKey: 10c0\n\n{entry}"));
        stays_inside(&place.survey(), &[place.path("global"), place.path("workspace")]);
    }
    for (version, hash) in [("../../../out", "00"), ("1.0.0", "../../../out"), ("1.0.0", "/out")] {
        let place = Place::new();
        place.tool("yarn", "yarn", "1.22.22");
        place.write("workspace/package.json", r#"{ "name": "app", "dependencies": { "a": "1.0.0" } }"#);
        let entry = format!("a@1.0.0:\n  version \"{version}\"\n  resolved \"https://x.example/a.tgz#{hash}\"\n");
        place.write("workspace/yarn.lock", &format!("# yarn lockfile v1\n\n\n{entry}"));
        stays_inside(&place.survey(), &[place.path("cache")]);
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_to_themselves_end_in_an_answer_that_is_not_ready() {
    use std::os::unix::fs::symlink;
    let round = |path: &Path| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(path, path).unwrap();
    };
    let sum = format!("sha512-{}==", "A".repeat(86));
    let place = Place::new();
    place.tool("yarn", "yarn", "1.22.22");
    place.write("workspace/package.json", r#"{ "name": "app", "dependencies": { "a": "1.0.0" } }"#);
    let entry =
        format!("a@1.0.0:\n  version \"1.0.0\"\n  resolved \"https://x.example/a.tgz#00\"\n  integrity {sum}\n");
    place.write("workspace/yarn.lock", &format!("# yarn lockfile v1\n\n\n{entry}"));
    let folder = place.path("cache/v6/npm-a-1.0.0-00-integrity/node_modules/a");
    round(&folder.join(".yarn-metadata.json"));
    assert_ne!(place.survey().readiness.state, ReadinessState::Ready);
    std::fs::remove_dir_all(place.path("cache")).unwrap();
    round(&place.path("cache/v6"));
    assert_ne!(place.survey().readiness.state, ReadinessState::Ready);

    let place = Place::new();
    place.tool("yarn", "@yarnpkg/cli-dist", "4.18.1");
    place.write("workspace/package.json", r#"{ "name": "app", "dependencies": { "a": "1.0.0" } }"#);
    place.write(
        "workspace/yarn.lock",
        &format!("__metadata:\n  version: 10\n  cacheKey: 10c0\n\n\"a@npm:1.0.0\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n  checksum: 10c0/{}\n", "0".repeat(128)),
    );
    round(&place.path("global/cache"));
    assert_ne!(place.survey().readiness.state, ReadinessState::Ready);

    let place = Place::new();
    place.tool("pnpm", "pnpm", "10.34.9");
    place.write("workspace/package.json", r#"{ "name": "app", "dependencies": { "a": "1.0.0" } }"#);
    place.write(
        "workspace/pnpm-lock.yaml",
        &format!("lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: 1.0.0\n        version: 1.0.0\npackages:\n  a@1.0.0:\n    resolution: {{integrity: {sum}}}\nsnapshots:\n  a@1.0.0: {{}}\n"),
    );
    round(&place.path("pnpm/store/v10/index"));
    assert_ne!(place.survey().readiness.state, ReadinessState::Ready);

    let place = Place::new();
    place.write("workspace/pyproject.toml", "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\"a\"]\n");
    place.write(
        "workspace/uv.lock",
        "version = 1\nrequires-python = \">=3.9\"\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = { registry = \"https://x.example/simple\" }\n\n[[package]]\nname = \"app\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"a\" }]\n",
    );
    round(&place.path("uv/wheels-v7"));
    round(&place.path("uv/archive-v0"));
    assert_ne!(place.survey().readiness.state, ReadinessState::Ready);
}
