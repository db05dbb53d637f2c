//! Surveys of files that name images, over a store that is made by hand: where names are told, Compose files, dev containers,
//! what only a service knows, and hostile input. Podman's own word is in `tests/tests/judge_oci.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use base64::Engine as _;
use contract::{Artifact, ArtifactState, ReadinessState};
use holdover_inventory::{Homes, Inventory, NoMemory, Options, Survey};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Made {
    _folder: tempfile::TempDir,
    root: PathBuf,
    base: PathBuf,
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn sum(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

impl Made {
    /// A store that has `localhost/base:1` for this machine.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(folder.path()).unwrap();
        let made = Made { _folder: folder, root: base.join("work"), base };
        std::fs::create_dir_all(&made.root).unwrap();
        let store = made.base.join("store");
        write(
            &made.base.join("storage.conf"),
            format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{}\"\n", store.display()),
        );
        write(&made.base.join("registries.conf"), "");
        write(&made.base.join("containers.conf"), "");
        write(&made.base.join("bin/podman"), "");
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let layer = sum("layer");
        let config = json!({ "os": "linux", "architecture": architecture, "rootfs": { "diff_ids": [format!("sha256:{layer}")] } });
        let config = config.to_string();
        let id = sum(&config);
        let manifest =
            json!({ "schemaVersion": 2, "config": { "digest": format!("sha256:{id}") }, "layers": [] }).to_string();
        let name = base64::engine::general_purpose::STANDARD.encode(format!("sha256:{id}"));
        write(&store.join(format!("vfs-images/{id}/={name}")), &config);
        write(&store.join(format!("vfs-images/{id}/manifest")), &manifest);
        let digest = format!("sha256:{}", sum(&manifest));
        let image = json!([{
            "id": id, "digest": digest, "names": ["localhost/base:1"], "layer": layer,
            "big-data-digests": { "manifest": digest, format!("sha256:{id}"): format!("sha256:{id}") },
        }]);
        write(&store.join("vfs-images/images.json"), image.to_string());
        let layers = json!([{ "id": layer, "diff-digest": format!("sha256:{layer}"), "diff-size": 7 }]);
        write(&store.join("vfs-layers/layers.json"), layers.to_string());
        std::fs::create_dir_all(store.join("vfs/dir").join(&layer)).unwrap();
        made
    }

    fn with(&self, more: &[(&str, &str)]) -> Arc<Survey> {
        let path = |below: &str| self.base.join(below).to_str().unwrap().to_owned();
        let mut all = vec![
            ("HOME".to_owned(), path("home")),
            ("PATH".to_owned(), path("bin")),
            ("CONTAINERS_STORAGE_CONF".to_owned(), path("storage.conf")),
            ("CONTAINERS_REGISTRIES_CONF".to_owned(), path("registries.conf")),
            ("CONTAINERS_CONF".to_owned(), path("containers.conf")),
        ];
        all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let options = Options { homes: Homes::from_variables(all), ..Options::default() };
        Inventory::new(&self.root, options).survey(&NoMemory, &|| false)
    }

    fn survey(&self) -> Arc<Survey> {
        self.with(&[])
    }

    fn write(&self, below: &str, text: &str) -> PathBuf {
        let path = self.root.join(below);
        write(&path, text);
        path
    }
}

fn states(survey: &Survey) -> Vec<(String, ArtifactState)> {
    survey.artifacts.iter().map(|one| (one.id.clone(), one.state)).collect()
}

fn one(survey: &Survey, id: &str) -> Artifact {
    survey.artifacts.iter().find(|one| one.id == id).unwrap_or_else(|| panic!("{id} is not named")).clone()
}

fn problem(survey: &Survey) -> String {
    survey.readiness.ecosystems.iter().find_map(|one| one.problem.clone()).unwrap_or_default()
}

#[test]
fn an_image_is_told_at_its_name_with_a_hover_a_hint_and_a_pull() {
    let made = Made::new();
    let text = "FROM localhost/base:1 AS one\nFROM --platform=linux/amd64 acme/é:1\nFROM acme/tool:2\nCOPY --from=acme/tool:2 /a /b\nCOPY --from=one /a /b\n";
    let file = made.write("sub/api.Dockerfile", &text.replace("é", "e"));
    let text = std::fs::read_to_string(&file).unwrap();
    let survey = made.survey();
    assert_eq!(
        states(&survey),
        [
            ("oci:localhost/base@1".into(), ArtifactState::Present),
            ("oci:acme/tool@2".into(), ArtifactState::Missing),
            ("oci:acme/e@1#linux/amd64".into(), ArtifactState::Missing)
        ]
    );
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    assert!(one(&survey, "oci:localhost/base@1").verified);
    assert!(one(&survey, "oci:acme/e@1#linux/amd64").other_target, "nothing leads to that stage");
    let moved = format!("# a line\n{text}");
    let placed = holdover_inventory::place(&survey, &file, &moved);
    let lines: Vec<u32> = placed.iter().map(|finding| finding.range.start.line).collect();
    assert_eq!(lines, [3, 4], "{placed:#?}");
    let (_, hover) = holdover_inventory::hover(&survey, &file, &text, 8).expect("the name has a hover");
    assert!(hover.contains("**localhost/base 1** (oci): here"), "{hover}");
    let hints = holdover_inventory::hints(&survey, &file, &text);
    let shown: Vec<(u32, &str)> = hints.iter().map(|hint| (hint.position.line, hint.text.as_str())).collect();
    assert_eq!(shown, [(0, "1 here"), (1, "1 for other targets"), (2, "2 missing"), (3, "2 missing")]);
    let steps = holdover_inventory::plan_fetch(&survey, None);
    let commands: Vec<String> = steps.iter().map(|step| step.command.join(" ")).collect();
    assert_eq!(commands, ["podman pull -- acme/tool:2"]);
}

#[test]
fn a_compose_file_names_images_by_variables_profiles_and_anchors_and_what_it_builds() {
    let made = Made::new();
    made.write(".env", "TAG=1\nOTHER='x'\n");
    made.write("app.docker", "ARG T=9\nFROM localhost/base:${T}\n");
    made.write("api/Dockerfile", "FROM localhost/base:1\n");
    made.write(
        "compose.yaml",
        "x-common: &common\n  image: localhost/base:${TAG}\nservices:\n  one:\n    <<: *common\n  two:\n    image: acme/two:${NONE:-7}\n  three:\n    image: acme/three:$NOWHERE\n  four:\n    image: acme/four\n    profiles: [tools]\n  five:\n    build: api\n    image: own/five\n  six:\n    build:\n      context: .\n      dockerfile: app.docker\n      args:\n        T: ${TAG}\n  seven:\n    image: own/seven\n    pull_policy: build\n",
    );
    let survey = made.survey();
    let found: Vec<(String, ArtifactState, bool)> = survey
        .artifacts
        .iter()
        .filter(|one| one.file.ends_with("compose.yaml"))
        .map(|one| (format!("{} {}", one.name, one.version), one.state, one.other_target))
        .collect();
    let wanted = [
        ("localhost/base 1", ArtifactState::Present, false),
        ("acme/two 7", ArtifactState::Missing, false),
        ("acme/three:$NOWHERE ", ArtifactState::Unknown, false),
        ("localhost/base 1", ArtifactState::Present, false),
        ("acme/four latest", ArtifactState::Missing, true),
    ];
    assert_eq!(found, wanted.map(|(name, state, aside)| (name.to_owned(), state, aside)));
    let survey = made.with(&[("TAG", "2"), ("NOWHERE", "3")]);
    let states: Vec<ArtifactState> =
        survey.artifacts.iter().filter(|one| one.file.ends_with("compose.yaml")).map(|one| one.state).collect();
    assert_eq!(states[0], ArtifactState::Missing, "the environment counts more than `.env`");
    assert_eq!(states[2], ArtifactState::Missing);
    for (text, says) in [
        ("include: [x.yaml]\nservices: {}\n", "what it includes"),
        ("services:\n  a:\n    extends: b\n    image: localhost/base:1\n", "extends"),
        ("services:\n  a:\n    build: https://example.org/x.git\n", "elsewhere"),
        ("services:\n  a:\n    build: nowhere\n", "Dockerfile"),
        (
            "services:\n  a:\n    build:\n      dockerfile_inline: FROM localhost/base:1\n      additional_contexts: [x=y]\n",
            "additional contexts",
        ),
        ("services:\n  a: !!binary eA==\n", "not followed"),
    ] {
        made.write("compose.yaml", text);
        let survey = made.survey();
        assert_eq!(survey.readiness.state, ReadinessState::Unknown, "{text}");
        assert!(problem(&survey).contains(says), "{text}: {}", problem(&survey));
    }
    made.write("compose.yaml", "services:\n  a:\n    build:\n      dockerfile_inline: FROM nothing:1\n");
    assert_eq!(made.survey().readiness.state, ReadinessState::Incomplete);
    made.write("compose.yaml", "services:\n\ta: b\n");
    assert_eq!(made.survey().readiness.state, ReadinessState::Incomplete);
}

#[test]
fn a_dev_container_is_never_ready_and_its_features_are_unknown() {
    let made = Made::new();
    let file = made.write(
        ".devcontainer/devcontainer.json",
        "// a note\n{\n  \"image\": \"localhost/base:1\", // and another\n  \"features\": { \"ghcr.io/acme/features/go:1\": {}, \"./local\": {} },\n}\n",
    );
    let survey = made.survey();
    assert_eq!(
        states(&survey),
        [
            ("oci:localhost/base@1".into(), ArtifactState::Present),
            ("oci:ghcr.io/acme/features/go@1".into(), ArtifactState::Unknown)
        ]
    );
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(holdover_inventory::place(&survey, &file, &text)[0].range.start.line, 3);
    made.write(".devcontainer/devcontainer.json", "{ \"image\": \"localhost/base:1\" }\n");
    let survey = made.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    assert!(problem(&survey).starts_with("unverified: "), "{}", problem(&survey));
    made.write("image.docker", "FROM localhost/base:${T}\n");
    made.write(
        ".devcontainer/devcontainer.json",
        "{ \"build\": { \"dockerfile\": \"../image.docker\", \"args\": { \"T\": \"4\" } } }\n",
    );
    assert_eq!(states(&made.survey()), [("oci:localhost/base:${T}".into(), ArtifactState::Missing)]);
}

#[test]
fn what_only_a_service_knows_is_unknown() {
    let made = Made::new();
    made.write("Dockerfile", "FROM localhost/base:1\n");
    assert_eq!(made.survey().readiness.state, ReadinessState::Ready);
    assert_eq!(made.with(&[("CONTAINER_HOST", "unix:///run/x")]).readiness.state, ReadinessState::Unknown);
    assert_eq!(made.with(&[("STORAGE_OPTS", "x=y")]).readiness.state, ReadinessState::Unknown);
    write(&made.base.join("containers.conf"), "[engine]\nremote = true\n");
    assert_eq!(made.survey().readiness.state, ReadinessState::Unknown);
    write(&made.base.join("containers.conf"), "");
    // Docker is here too, and its service elsewhere: nobody knows which of them will be asked.
    write(&made.base.join("bin/docker"), "\u{7f}ELF");
    let survey = made.with(&[("DOCKER_HOST", "tcp://elsewhere:1")]);
    assert_eq!(one(&survey, "oci:localhost/base@1").state, ArtifactState::Unknown);
    assert!(one(&survey, "oci:localhost/base@1").evidence.contains("only its service knows"));
    // A `docker` that runs Podman is Podman.
    write(&made.base.join("bin/docker"), "#!/bin/sh\nexec podman \"$@\"\n");
    assert_eq!(made.with(&[("DOCKER_HOST", "tcp://elsewhere:1")]).readiness.state, ReadinessState::Ready);
    // No engine, and no store: nothing could build it.
    std::fs::remove_file(made.base.join("bin/docker")).unwrap();
    std::fs::remove_file(made.base.join("bin/podman")).unwrap();
    std::fs::remove_dir_all(made.base.join("store")).unwrap();
    let survey = made.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    assert!(one(&survey, "oci:localhost/base@1").evidence.contains("no engine"));
}

#[test]
fn layers_that_are_not_those_of_the_configuration_are_damage() {
    let made = Made::new();
    made.write("Dockerfile", "FROM localhost/base:1\n");
    let list = made.base.join("store/vfs-layers/layers.json");
    let (own, other) = (sum("layer"), sum("another"));
    for layers in [
        json!([{ "id": own, "diff-digest": format!("sha256:{other}") }]),
        json!([{ "id": own, "diff-digest": format!("sha256:{own}"), "flags": { "incomplete": true } }]),
        json!([{ "id": own, "diff-digest": format!("sha256:{own}"), "parent": other }]),
    ] {
        write(&list, layers.to_string());
        assert_eq!(one(&made.survey(), "oci:localhost/base@1").state, ArtifactState::Corrupt, "{layers}");
    }
}

#[test]
fn files_that_are_no_dockerfiles_and_other_folders_are_passed_over() {
    let made = Made::new();
    for name in [
        "Dockerfile.md",
        "Dockerfile.dockerignore",
        "Dockerfile.j2",
        "node_modules/x/Dockerfile",
        ".git/Dockerfile",
        "composer.yaml",
    ] {
        made.write(name, "FROM nothing:1\n");
    }
    for name in ["a/Dockerfile.dev", "b/Containerfile", "c/x.dockerfile"] {
        made.write(name, "FROM localhost/base:1\n");
    }
    let survey = made.survey();
    assert_eq!(survey.artifacts.len(), 3);
    assert_eq!(survey.readiness.state, ReadinessState::Ready);
}

#[test]
fn hostile_input_ends_in_an_answer() {
    let made = Made::new();
    let long = "x".repeat(100_000);
    let texts = [
        ("Dockerfile", "FROM localhost/base:1\n".repeat(200_000)),
        ("Dockerfile", format!("FROM {long}\n")),
        ("Dockerfile", format!("FROM ../../../etc/passwd\n{}", "\\\n".repeat(100_000))),
        ("Dockerfile", format!("ARG A={long}\nFROM ${{A}}${{A}}${{A}}\n")),
        (
            "Dockerfile",
            (0..3_000).fold("ARG A0=x\n".to_owned(), |text, at| format!("{text}ARG A{}=$A{at}$A{at}\n", at + 1))
                + "FROM $A3000\n",
        ),
        ("Dockerfile", "FROM a\0b\n".to_owned()),
        ("Dockerfile", format!("FROM nothing:1\n{}", "RUN <<A\n".repeat(20_000))),
        ("devcontainer.json", "[".repeat(10_000)),
        ("devcontainer.json", format!("{{\"a\":{}", "{\"b\":".repeat(10_000))),
        ("compose.yaml", "[".repeat(10_000)),
        (
            "compose.yaml",
            (0..60).fold("a0: &a0 [x, x]\n".to_owned(), |text, at| {
                format!("{text}a{0}: &a{0} [*a{at}, *a{at}]\n", at + 1)
            }),
        ),
        ("compose.yaml", "services:\n  a:\n    image: ../../x\n".to_owned()),
    ];
    for (name, text) in texts {
        let file = made.write(name, &text);
        let begun = std::time::Instant::now();
        let survey = made.survey();
        assert_ne!(survey.readiness.state, ReadinessState::Ready, "{name} {}", &text[..text.len().min(60)]);
        let _ = holdover_inventory::place(&survey, &file, &text);
        assert!(begun.elapsed().as_secs() < 60, "{name} {}", &text[..text.len().min(60)]);
        std::fs::remove_file(file).unwrap();
    }
    // A store that is made to mislead.
    let store = made.base.join("store");
    let images = store.join("vfs-images/images.json");
    let whole = std::fs::read_to_string(&images).unwrap();
    made.write("Dockerfile", "FROM localhost/base:1\n");
    let layer = sum("layer");
    for (from, to) in [
        (layer.as_str(), "../../../../etc"),
        ("\"manifest\":\"sha256:", "\"manifest\":\"sha256:../"),
        ("\"id\":\"", "\"id\":\"../../"),
    ] {
        assert!(whole.contains(from), "{from}");
        write(&images, whole.replace(from, to));
        assert_ne!(made.survey().readiness.state, ReadinessState::Ready, "{to}");
    }
    write(&images, "[".repeat(100_000));
    assert_ne!(made.survey().readiness.state, ReadinessState::Ready);
    write(&images, whole);
    let around = format!("[{{\"id\":\"{layer}\",\"parent\":\"{layer}\"}}]");
    write(&store.join("vfs-layers/layers.json"), around);
    assert_ne!(made.survey().readiness.state, ReadinessState::Ready, "layers upon themselves");
    #[cfg(unix)]
    {
        std::fs::remove_file(store.join("vfs-layers/layers.json")).unwrap();
        std::os::unix::fs::symlink("layers.json", store.join("vfs-layers/layers.json")).unwrap();
        assert_ne!(made.survey().readiness.state, ReadinessState::Ready, "a link to itself");
    }
}
