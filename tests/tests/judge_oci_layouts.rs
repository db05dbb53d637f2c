//! The judge of what is said of OCI layouts: `podman build --pull=never` from a folder that a Dockerfile names, both ways.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod containers;
mod judge;

use containers::{Case, OTHER, Place};
use contract::ReadinessState;
use judge::{DAMAGES, Damage, Dice, Tally, damage, files, random_cases, write};
use serde_json::Value;
use std::path::PathBuf;

/// The layouts of a case where Podman takes them: it wants a folder's path to be what an image could be called, which that of a cache,
/// or of a temporary folder's own making, is not.
struct Aside(PathBuf);

impl Aside {
    fn of(case: &Case) -> Self {
        let aside = Self(PathBuf::from(format!("/tmp/holdover-layouts-{}", std::process::id())));
        let _ = std::fs::remove_dir_all(&aside.0);
        for name in ["layout", "single"] {
            judge::copy(&case.path(name), &aside.0.join(name));
        }
        aside
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn index(case: &Case, edit: impl Fn(&mut Value)) {
    let path = case.path("layout/index.json");
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    edit(&mut value);
    write(&path, serde_json::to_vec(&value).unwrap());
}

/// A part of the image `one`: its manifest, its configuration, or one of its layers.
fn part(case: &Case, which: &str) -> PathBuf {
    let blob = |digest: &Value| case.path("layout/blobs/sha256").join(&digest.as_str().unwrap()[7..]);
    let read = |path: &PathBuf| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let list = read(&case.path("layout/index.json"));
    let manifest = blob(&list["manifests"][0]["digest"]);
    match which {
        "manifest" => manifest,
        "config" => blob(&read(&manifest)["config"]["digest"]),
        _ => blob(&read(&manifest)["layers"][0]["digest"]),
    }
}

#[test]
fn the_inventory_and_podman_agree_on_layouts_that_a_dockerfile_names() {
    let place = Place::new("vfs");
    let mut tally = Tally::default();
    let one = "FROM oci:BASE/layout:one\nCOPY file /y\n";
    let alone = "FROM oci:BASE/single\nCOPY file /y\n";
    // The text, what is done, and whether Podman does not notice.
    let cases: &[(&str, &dyn Fn(&Case), bool)] = &[
        (one, &|_| {}, false),
        (alone, &|_| {}, false),
        ("FROM oci:BASE/single:alone\nCOPY file /y\n", &|_| {}, false),
        ("FROM oci:BASE/layout\nCOPY file /y\n", &|_| {}, false),
        ("FROM oci:BASE/layout:nothing\nCOPY file /y\n", &|_| {}, false),
        ("FROM oci:BASE/nowhere:one\nCOPY file /y\n", &|_| {}, false),
        ("FROM --platform=linux/OTHER oci:BASE/layout:one\nCOPY file /y\n", &|_| {}, false),
        ("FROM scratch\nCOPY --from=oci:BASE/layout:one /name /y\n", &|_| {}, false),
        ("FROM scratch\nCOPY --from=oci:BASE/layout:nothing /name /y\n", &|_| {}, false),
        (one, &|case| std::fs::remove_file(case.path("layout/oci-layout")).unwrap(), false),
        (one, &|case| std::fs::remove_file(case.path("layout/index.json")).unwrap(), false),
        (one, &|case| write(&case.path("layout/index.json"), "{"), false),
        (one, &|case| index(case, |list| list["manifests"][0]["mediaType"] = Value::Null), false),
        (one, &|case| index(case, |list| list["manifests"][0]["annotations"] = Value::Null), false),
        (one, &|case| index(case, |list| list["manifests"] = Value::Array(Vec::new())), false),
        (one, &|case| std::fs::remove_file(part(case, "manifest")).unwrap(), false),
        (one, &|case| std::fs::remove_file(part(case, "config")).unwrap(), false),
        (one, &|case| std::fs::remove_file(part(case, "layer")).unwrap(), false),
        (one, &|case| assert!(damage(&part(case, "config"), Damage::Flipped, 30)), false),
        (one, &|case| assert!(damage(&part(case, "layer"), Damage::Truncated, 0)), false),
        (one, &|case| assert!(damage(&part(case, "layer"), Damage::Garbage, 0)), false),
        (
            one,
            &|case| {
                let path = part(case, "manifest");
                let text = std::fs::read_to_string(&path).unwrap();
                write(&path, text + " ");
            },
            true,
        ),
    ];
    for (at, (text, change, silent)) in cases.iter().enumerate() {
        let mut case = place.case("vfs");
        case.without_images();
        change(&case);
        let aside = Aside::of(&case);
        let text = text.replace("BASE", &aside.0.display().to_string()).replace("OTHER", OTHER);
        case.dockerfile(&text);
        if *silent {
            let name = text.strip_prefix("FROM ").unwrap().lines().next().unwrap().to_owned();
            case.damaged.push(name);
        }
        case.judge(&mut tally, &format!("{at}: {text}"), *silent);
    }
    tally.finish("Podman, layouts", 22);
}

#[test]
fn the_inventory_and_podman_agree_on_random_damage_to_layouts() {
    let place = Place::new("vfs");
    let mut tally = Tally::default();
    let mut dice = Dice::new(22);
    for at in 0..random_cases(4) {
        let mut case = place.case("vfs");
        case.without_images();
        let all: Vec<PathBuf> =
            files(&case.path("single")).into_iter().filter(|path| !path.ends_with("oci-layout")).collect();
        let (path, what) = (dice.pick(&all).clone(), *dice.pick(&DAMAGES));
        let changed = damage(&path, what, dice.roll(400));
        let aside = Aside::of(&case);
        let name = format!("oci:{}/single:alone", aside.0.display());
        case.dockerfile(&format!("FROM {name}\nCOPY file /y\n"));
        // The manifest's checksum is compared by nobody but us.
        let silent = changed && !path.ends_with("index.json");
        if silent {
            case.damaged.push(name);
        }
        case.judge(&mut tally, &format!("{at}: {what:?} {}", path.display()), silent);
    }
    println!("Podman, random damage to layouts: {} cases, {} differences", tally.cases, tally.differences.len());
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}

#[test]
fn places_that_are_not_read_are_unverified_and_never_ready() {
    let place = Place::new("vfs");
    let case = place.case("vfs");
    let mut names: Vec<String> = ["oci-archive", "docker-archive", "dir"]
        .map(|kind| format!("{kind}:{}/layout:one", case.base.display()))
        .to_vec();
    names.push("oci:layout:one".into());
    for name in names {
        case.dockerfile(&format!("FROM {name}\nCOPY file /y\n"));
        let survey = case.survey();
        assert_eq!(survey.readiness.state, ReadinessState::Unknown, "{name}");
        assert!(survey.artifacts.iter().all(|one| one.state == contract::ArtifactState::Unknown), "{name}");
    }
}
