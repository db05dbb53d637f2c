//! The judge of the inventory's answers about images: `podman build --pull=never` and `podman image exists` with the real Podman,
//! both ways, over stores that are made here of images that are made here.
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

use containers::{Case, OTHER, Place, hurt, podman, settings};
use contract::{ArtifactState, ReadinessState};
use judge::{Damage, Dice, Tally, damage, files, must, random_cases, run, write};
use std::path::{Path, PathBuf};

const PLAIN: &str = "FROM localhost/base:1\nCOPY file /y\n";
const LAYERED: &str = "FROM localhost/layered:1\nCOPY file /y\n";

/// A name, the Dockerfile, what is damaged, and whether Podman does not notice.
type Damaged<'a> = (&'a str, &'a str, &'a dyn Fn(&Case), bool);

#[test]
fn the_inventory_and_podman_agree_on_what_a_dockerfile_is_built_on() {
    let place = Place::new("vfs");
    let mut tally = Tally::default();
    let one = place.case("vfs");
    let (base, layered) = (one.digest("localhost/base:1"), one.digest("localhost/layered:1"));
    let id = one.image("localhost/base:1")["id"].as_str().unwrap().to_owned();
    let texts: Vec<String> = [
        "FROM localhost/base:1\nCOPY file /y\n",
        "FROM localhost/base:2\nCOPY file /y\n",
        "FROM localhost/base\nCOPY file /y\n",
        "FROM localhost/layered:1\nCOPY file /y\n",
        "FROM scratch\nCOPY file /y\n",
        "FROM base:1\nCOPY file /y\n",
        "FROM alpine:3.20\nCOPY file /y\n",
        "FROM alpine\nCOPY file /y\n",
        "FROM library/alpine:3.20\nCOPY file /y\n",
        "FROM docker.io/alpine:3.20\nCOPY file /y\n",
        "FROM tool\nCOPY file /y\n",
        "FROM tool:latest\nCOPY file /y\n",
        "FROM tool:1\nCOPY file /y\n",
        "FROM team/app:2\nCOPY file /y\n",
        "FROM acme/tool\nCOPY file /y\n",
        "FROM acme/nothing\nCOPY file /y\n",
        "FROM quay.example.org/library/alpine:3.20\nCOPY file /y\n",
        "FROM localhost/tool\nCOPY file /y\n",
        "FROM app:2\nCOPY file /y\n",
        "FROM Alpine:3.20\nCOPY file /y\n",
        "FROM localhost/base@DIGEST\nCOPY file /y\n",
        "FROM localhost/base:7@DIGEST\nCOPY file /y\n",
        "FROM localhost/base@OTHER\nCOPY file /y\n",
        "FROM localhost/other@DIGEST\nCOPY file /y\n",
        "FROM localhost/base@NOBODY\nCOPY file /y\n",
        "FROM ID\nCOPY file /y\n",
        "FROM sha256:ID\nCOPY file /y\n",
        "FROM --platform=linux/OTHERARCH localhost/base:1\nCOPY file /y\n",
        "FROM --platform=linux/OTHERARCH localhost/foreign:1\nCOPY file /y\n",
        "FROM --platform=$BUILDPLATFORM localhost/base:1\nCOPY file /y\n",
        "FROM --platform=${TARGETPLATFORM} localhost/layered:1\nCOPY file /y\n",
        "FROM localhost/many:1\nCOPY file /y\n",
        "FROM --platform=linux/OTHERARCH localhost/many:1\nCOPY file /y\n",
        "FROM --platform=linux/riscv64 localhost/many:1\nCOPY file /y\n",
        "ARG V=1\nFROM localhost/base:${V}\nCOPY file /y\n",
        "ARG V=1\nARG W=localhost/base:$V\nFROM $W\nCOPY file /y\n",
        "FROM localhost/base:${V:-1}\nCOPY file /y\n",
        "FROM localhost/base:${V:-2}\nCOPY file /y\n",
        "from localhost/base:1 as one\nFROM scratch\ncopy --from=one /name /y\n",
        "FROM localhost/base:1 AS One\nFROM scratch\nCOPY --from=one /name /y\n",
        "FROM localhost/base:1 AS One\nFROM one\nCOPY file /y\n",
        "FROM localhost/base:1\nCOPY --from=alpine:3.20 /name /y\n",
        "FROM localhost/base:1\nCOPY --from=nothing:1 /name /y\n",
        "FROM localhost/base:1\nCOPY --from=nothing /name /y\n",
        "FROM localhost/base:1\nCOPY file /z\nFROM scratch\nCOPY --from=0 /name /y\n",
        "FROM nothing:1 AS unused\nFROM localhost/base:1\nCOPY file /y\n",
        "FROM nothing:1 AS a\nFROM localhost/base:1 AS b\nCOPY --from=a /x /y\nFROM localhost/base:1\nCOPY file /y\n",
        "FROM nothing:1 AS a\nFROM localhost/base:1\nCOPY --from=a /x /y\n",
        "FROM nothing:1 AS a\nFROM a\nCOPY file /y\n",
        "FROM localhost/base:1\nRUN --mount=type=bind,from=nothing:1,target=/x true\n",
        "FROM localhost/base:1\nCOPY --from=late /name /y\nFROM localhost/base:1 AS late\nCOPY file /y\n",
        "# a note\nFROM \\\n  # another\n  localhost/base:1\nCOPY file \\\n\n /y\n",
        "# escape=`\nFROM localhost/`\nbase:1\nCOPY file /y\n",
        "FROM\n",
        "COPY file /y\n",
        "# nothing\n",
        "FROM localhost/base:1\nNOTHING file\n",
        "FROM localhost/base:1 and more\n",
    ]
    .map(|text| {
        let text = text.replace("DIGEST", &base).replace("OTHERARCH", OTHER).replace("OTHER", &layered);
        text.replace("NOBODY", &format!("sha256:{}", "0".repeat(64))).replace("ID", &id)
    })
    .to_vec();
    for text in &texts {
        let case = place.case("vfs");
        case.dockerfile(text);
        case.judge(&mut tally, text, false);
    }
    tally.finish("Podman", 50);
}

fn gone(path: &Path) {
    if path.is_dir() {
        std::fs::remove_dir_all(path).unwrap();
    } else {
        std::fs::remove_file(path).unwrap();
    }
}

/// What can happen to a store, whatever its driver.
fn damaged(driver: &str) {
    let place = Place::new(driver);
    let mut tally = Tally::default();
    let name = "localhost/base";
    let manifest = |case: &Case| case.file_of("localhost/base:1", true);
    let own = |case: &Case| manifest(case).with_file_name("manifest");
    let config = |case: &Case| case.file_of("localhost/base:1", false);
    let cases: &[Damaged<'_>] = &[
        ("nothing", PLAIN, &|_| {}, false),
        ("manifest gone", PLAIN, &|case| gone(&own(case)), false),
        ("manifest flipped", PLAIN, &|case| hurt(&own(case), Damage::Flipped, 40), false),
        ("manifest empty", PLAIN, &|case| hurt(&own(case), Damage::Empty, 0), false),
        ("manifest garbage", PLAIN, &|case| hurt(&own(case), Damage::Garbage, 0), false),
        ("copy of the manifest gone", PLAIN, &|case| gone(&manifest(case)), false),
        (
            "another image's manifest garbage",
            PLAIN,
            &|case| {
                let path = case.file_of("localhost/foreign:1", true).with_file_name("manifest");
                damage(&path, Damage::Garbage, 0);
            },
            false,
        ),
        ("configuration gone", PLAIN, &|case| gone(&config(case)), false),
        ("configuration flipped", PLAIN, &|case| hurt(&config(case), Damage::Flipped, 30), false),
        ("configuration cut short", PLAIN, &|case| hurt(&config(case), Damage::Truncated, 0), false),
        ("layer's folder gone", PLAIN, &|case| gone(&case.layer("localhost/base:1")), false),
        ("list of layers gone", PLAIN, &|case| gone(&case.list("layers")), false),
        ("list of layers empty", PLAIN, &|case| hurt(&case.list("layers"), Damage::Empty, 0), false),
        ("list of layers garbage", PLAIN, &|case| hurt(&case.list("layers"), Damage::Garbage, 0), false),
        (
            "layer not in the list",
            PLAIN,
            &|case| {
                let layer = case.image("localhost/base:1")["layer"].clone();
                case.edit("layers", |all| all.retain(|one| one["id"] != layer));
            },
            false,
        ),
        (
            "a lower layer not in the list",
            LAYERED,
            &|case| {
                let layer = case.image("localhost/base:1")["layer"].clone();
                case.edit("layers", |all| all.retain(|one| one["id"] != layer));
            },
            false,
        ),
        ("list of images gone", PLAIN, &|case| gone(&case.list("images")), false),
        ("list of images empty", PLAIN, &|case| hurt(&case.list("images"), Damage::Empty, 0), false),
        ("list of images garbage", PLAIN, &|case| hurt(&case.list("images"), Damage::Garbage, 0), false),
        ("store gone", PLAIN, &|case| gone(&case.path("store")), false),
        ("nothing, two layers", LAYERED, &|_| {}, false),
        ("removed by Podman", PLAIN, &|case| must(&mut podman(&case.base, &["rmi", "-f", "localhost/base:1"])), false),
        (
            "another name",
            PLAIN,
            &|case| {
                must(&mut podman(&case.base, &["tag", "localhost/base:1", "localhost/new:1"]));
                must(&mut podman(&case.base, &["untag", "localhost/base:1", "localhost/base:1"]));
            },
            false,
        ),
    ];
    for (what, text, change, silent) in cases {
        let mut case = place.case(driver);
        case.dockerfile(text);
        change(&case);
        case.damaged = if *silent { vec![name.to_owned()] } else { Vec::new() };
        case.judge(&mut tally, what, *silent);
    }
    tally.finish(&format!("Podman, {driver}, damage"), 20);
}

#[test]
fn the_inventory_and_podman_agree_on_a_damaged_store_of_copies() {
    damaged("vfs");
}

#[test]
fn the_inventory_and_podman_agree_on_a_damaged_store_of_overlays() {
    damaged("overlay");
    let place = Place::new("overlay");
    let mut tally = Tally::default();
    let below = |case: &Case, name: &str| case.layer("localhost/layered:1").join(name);
    let cases: &[Damaged<'_>] = &[
        ("the way down gone", LAYERED, &|case| gone(&below(case, "lower")), true),
        ("the way down garbage", LAYERED, &|case| write(&below(case, "lower"), "l/NOWHERE"), false),
        (
            "what Podman mounts into gone",
            LAYERED,
            &|case| {
                gone(&below(case, "work"));
                gone(&below(case, "merged"));
            },
            false,
        ),
        ("links gone", LAYERED, &|case| gone(&case.path("store/overlay/l")), false),
        ("contents gone", LAYERED, &|case| gone(&below(case, "diff")), false),
    ];
    for (what, text, change, silent) in cases {
        let mut case = place.case("overlay");
        case.dockerfile(text);
        change(&case);
        case.damaged = if *silent { vec!["localhost/layered".to_owned()] } else { Vec::new() };
        case.judge(&mut tally, what, *silent);
    }
    tally.finish("Podman, overlay's own files", 5);
}

#[test]
fn the_inventory_and_podman_agree_on_settings_of_stores() {
    let place = Place::new("vfs");
    let mut tally = Tally::default();
    let elsewhere = |case: &Case| {
        std::fs::rename(case.path("store"), case.path("other")).unwrap();
    };
    let additional =
        |case: &Case| format!("[storage.options]\nadditionalimagestores = [\"{}\"]\n", case.path("other").display());
    let cases: &[(&str, &str, &dyn Fn(&Case))] = &[
        ("a store that is only read", PLAIN, &|case| {
            elsewhere(case);
            settings(&case.base, "vfs", &additional(case));
        }),
        ("a store that is only read, and lacks the layer", PLAIN, &|case| {
            elsewhere(case);
            let layers = case.path("other/vfs-layers/layers.json");
            write(&layers, "[]");
            settings(&case.base, "vfs", &additional(case));
        }),
        ("a store that nobody names", PLAIN, &|case| elsewhere(case)),
        ("no driver is named", PLAIN, &|case| settings(&case.base, "", "")),
        ("another driver is named, and the store has images by the first", PLAIN, &|case| {
            elsewhere(case);
            settings(&case.base, "overlay", "");
        }),
        ("a short name with an alias of its own", "FROM short\nCOPY file /y\n", &|case| {
            write(&case.path("registries.conf"), "[aliases]\n\"short\" = \"docker.io/library/alpine\"\n");
            must(&mut podman(&case.base, &["tag", "docker.io/library/alpine:3.20", "docker.io/library/alpine:latest"]));
        }),
        ("a short name that an alias leads elsewhere", "FROM team/app:2\nCOPY file /y\n", &|case| {
            write(&case.path("registries.conf"), "[aliases]\n\"team/app\" = \"quay.example.org/not/here\"\n");
        }),
        ("an alias of Debian's that is not here", "FROM debian\nCOPY file /y\n", &|_| {}),
        ("two registries to search", "FROM team/app:2\nCOPY file /y\n", &|case| {
            let text = "unqualified-search-registries = [\"a.example.org\", \"registry.example.org\"]\n";
            write(&case.path("registries.conf"), text);
        }),
    ];
    for (what, text, change) in cases {
        let case = place.case("vfs");
        case.dockerfile(text);
        change(&case);
        case.judge(&mut tally, what, false);
    }
    tally.finish("Podman, settings", 9);
}

#[test]
fn the_inventory_and_podman_agree_on_the_images_of_a_compose_file() {
    let place = Place::new("vfs");
    let case = place.case("vfs");
    let digest = case.digest("localhost/base:1");
    let nobody = format!("localhost/base@sha256:{}", "1".repeat(64));
    let pinned = format!("docker.io/library/other@{digest}");
    let names = [
        "localhost/base:1",
        "localhost/base",
        "base:1",
        "alpine:3.20",
        "alpine",
        "tool",
        "tool:2",
        "acme/tool",
        "app:2",
        "team/app:2",
        "quay.example.org/acme/tool",
        "docker.io/alpine:3.20",
        "quay.example.org/library/alpine:3.20",
        "localhost/many:1",
        &pinned,
        &nobody,
    ];
    let services = names
        .iter()
        .enumerate()
        .map(|(at, name)| format!("  s{at}:\n    image: ${{PRE:-}}{name}\n"))
        .collect::<Vec<_>>()
        .concat();
    // `${PRE:-}` is nothing: the names are as Podman is asked for them.
    write(&case.work().join("compose.yaml"), format!("services:\n{services}"));
    let survey = case.survey();
    let (mut here, mut differences) = (0, Vec::new());
    for name in names {
        let exists = run(&mut podman(&case.base, &["image", "exists", name])).status.success();
        let own = survey.artifacts.iter().find(|one| one.id == format!("oci:${{PRE:-}}{name}")).unwrap();
        here += usize::from(exists);
        if (own.state == ArtifactState::Present) != exists || own.state == ArtifactState::Unknown {
            differences.push(format!("{name}: Podman says {exists}, the survey {:?}: {}", own.state, own.evidence));
        }
    }
    println!("Podman, names: {} cases, {here} of them here, {} differences", names.len(), differences.len());
    assert!(here > 0 && here < names.len(), "Podman must say both yes and no");
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn an_image_for_another_platform_or_of_an_unknown_name_is_never_ready() {
    let place = Place::new("vfs");
    for (text, state) in [
        // Podman warns, and builds what would not run here.
        ("FROM localhost/foreign:1\nCOPY file /y\n", ReadinessState::Incomplete),
        ("FROM --platform=$TARGETPLATFORM localhost/foreign:1\nCOPY file /y\n", ReadinessState::Incomplete),
        ("ARG V\nFROM localhost/base:$V\nCOPY file /y\n", ReadinessState::Unknown),
        ("FROM docker://localhost/base:1\nCOPY file /y\n", ReadinessState::Unknown),
    ] {
        let case = place.case("vfs");
        case.dockerfile(text);
        assert_eq!(case.survey().readiness.state, state, "{text}");
    }
    let case = place.case("vfs");
    let id = case.image("localhost/base:1")["id"].as_str().unwrap()[..12].to_owned();
    case.dockerfile(&format!("FROM {id}\nCOPY file /y\n"));
    assert_eq!(case.survey().readiness.state, ReadinessState::Unknown);
}

#[test]
fn the_inventory_and_podman_agree_on_random_damage_to_a_store() {
    let place = Place::new("overlay");
    let mut tally = Tally::default();
    let mut dice = Dice::new(2_261);
    for at in 0..random_cases(6) {
        let case = place.case("overlay");
        let &text = dice.pick(&[PLAIN, LAYERED, "FROM alpine:3.20\nCOPY file /y\n"]);
        case.dockerfile(text);
        let store = case.path("store");
        // What is in layers, and what is remembered of containers, Podman does not look at before a build.
        let looked_at = |path: &PathBuf| {
            let own = path.strip_prefix(&store).unwrap().to_str().unwrap().to_owned();
            (own.starts_with("overlay-images") || own.starts_with("overlay-layers"))
                && !path.extension().is_some_and(|ending| ending == "lock" || ending == "gz")
        };
        let all: Vec<PathBuf> = files(&store).into_iter().filter(looked_at).collect();
        let path = dice.pick(&all).clone();
        // A byte within a list may be in a word that nobody reads.
        let what = *dice.pick(&[Damage::Gone, Damage::Empty, Damage::Garbage]);
        damage(&path, what, 0);
        case.judge(&mut tally, &format!("{at}: {} {what:?}", path.display()), false);
    }
    println!("Podman, random damage: {} cases, {} differences", tally.cases, tally.differences.len());
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}
