//! The judge of what the inventory says about manifests that cargo refuses, and about those that it takes:
//! `cargo fetch --locked --offline --target HOST` on projects without any package from a registry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;

use judge::{Tally, Verdict, homes, run, survey, write};
use std::process::Command;

/// Stands for it in the cases.
const BASE: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
const NONE: &str = "version = 4\n";
const APP: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
const TWO: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n";
const NEEDS: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"b\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n";

/// What it is about, the manifest, the lockfile, and other files; those that end with a slash are folders.
#[rustfmt::skip]
const CASES: &[(&str, &str, &str, &[(&str, &str)])] = &[
    ("lib", "BASE", APP, &[("src/lib.rs", "")]),
    ("bin path absent", "BASE[[bin]]\nname=\"x\"\npath=\"nope.rs\"\n", APP, &[("src/lib.rs", "")]),
    ("bin no path absent", "BASE[[bin]]\nname=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("bin no path, src/bin/x.rs", "BASE[[bin]]\nname=\"x\"\n", APP, &[("src/lib.rs", ""), ("src/bin/x.rs", "")]),
    ("bin no path, src/bin/x/main.rs", "BASE[[bin]]\nname=\"x\"\n", APP, &[("src/lib.rs", ""), ("src/bin/x/main.rs", "")]),
    ("bin = package name, main.rs", "BASE[[bin]]\nname=\"app\"\n", APP, &[("src/main.rs", "")]),
    ("bin other name, main.rs", "BASE[[bin]]\nname=\"x\"\n", APP, &[("src/main.rs", "")]),
    ("bin other name, main.rs+lib", "BASE[[bin]]\nname=\"x\"\n", APP, &[("src/main.rs", ""), ("src/lib.rs", "")]),
    ("two bins no path, main.rs", "BASE[[bin]]\nname=\"x\"\n[[bin]]\nname=\"y\"\n", APP, &[("src/main.rs", ""), ("src/lib.rs", "")]),
    ("bin no name", "BASE[[bin]]\npath=\"src/main.rs\"\n", APP, &[("src/main.rs", "")]),
    ("bin dup", "BASE[[bin]]\nname=\"x\"\npath=\"a.rs\"\n[[bin]]\nname=\"x\"\npath=\"b.rs\"\n", APP, &[("a.rs", ""), ("b.rs", "")]),
    ("bin same path", "BASE[[bin]]\nname=\"x\"\npath=\"a.rs\"\n[[bin]]\nname=\"y\"\npath=\"a.rs\"\n", APP, &[("a.rs", "")]),
    ("bin path is folder", "BASE[[bin]]\nname=\"x\"\npath=\"src\"\n", APP, &[("src/lib.rs", "")]),
    ("lib path absent", "BASE[lib]\npath=\"nope.rs\"\n", APP, &[]),
    ("lib path absent, src/lib.rs", "BASE[lib]\npath=\"nope.rs\"\n", APP, &[("src/lib.rs", "")]),
    ("lib no path", "BASE[lib]\nname=\"z\"\n", APP, &[]),
    ("lib no path 2015 legacy", "[package]\nname=\"app\"\nversion=\"0.1.0\"\n[lib]\nname=\"z\"\n", APP, &[("src/z.rs", "")]),
    ("lib no path 2021 legacy", "BASE[lib]\nname=\"z\"\n", APP, &[("src/z.rs", "")]),
    ("lib empty path", "BASE[lib]\npath=\"\"\n", APP, &[("src/lib.rs", "")]),
    ("lib hyphen name", "BASE[lib]\nname=\"a-b\"\n", APP, &[("src/lib.rs", "")]),
    ("example path absent", "BASE[[example]]\nname=\"x\"\npath=\"nope.rs\"\n", APP, &[("src/lib.rs", "")]),
    ("example no path absent", "BASE[[example]]\nname=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("example no path there", "BASE[[example]]\nname=\"x\"\n", APP, &[("src/lib.rs", ""), ("examples/x.rs", "")]),
    ("test path absent", "BASE[[test]]\nname=\"x\"\npath=\"nope.rs\"\n", APP, &[("src/lib.rs", "")]),
    ("test no path absent", "BASE[[test]]\nname=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("bench no path absent", "BASE[[bench]]\nname=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("bench src/bench.rs legacy 2015", "[package]\nname=\"app\"\nversion=\"0.1.0\"\n[[bench]]\nname=\"bench\"\n", APP, &[("src/lib.rs", ""), ("src/bench.rs", "")]),
    ("build absent", "[package]\nname=\"app\"\nversion=\"0.1.0\"\nbuild=\"nope.rs\"\n", APP, &[("src/lib.rs", "")]),
    ("build false", "[package]\nname=\"app\"\nversion=\"0.1.0\"\nbuild=false\n", APP, &[("src/lib.rs", "")]),
    ("readme absent", "BASEreadme=\"nope\"\n", APP, &[("src/lib.rs", "")]),
    ("license-file absent", "BASElicense-file=\"nope\"\n", APP, &[("src/lib.rs", "")]),
    ("nothing", "BASE", APP, &[]),
    ("empty src/bin", "BASE", APP, &[("src/bin/", "")]),
    ("src/bin with txt", "BASE", APP, &[("src/bin/a.txt", "")]),
    ("empty examples", "BASE", APP, &[("examples/", "")]),
    ("examples only", "BASE", APP, &[("examples/a.rs", "")]),
    ("tests only", "BASE", APP, &[("tests/a.rs", "")]),
    ("bin table only, absent", "BASE[[bin]]\nname=\"x\"\npath=\"nope.rs\"\n", APP, &[]),
    ("bin empty array", "BASEautobins=false\nbin=[]\n", APP, &[]),
    ("autobins=false main.rs", "BASEautobins=false\n", APP, &[("src/main.rs", "")]),
    ("autolib=false lib.rs", "BASEautolib=false\n", APP, &[("src/lib.rs", "")]),
    ("lib and no path autolib false", "BASEautolib=false\n[lib]\nname=\"z\"\n", APP, &[("src/lib.rs", "")]),
    ("bin 2015 legacy src/x.rs", "[package]\nname=\"app\"\nversion=\"0.1.0\"\n[[bin]]\nname=\"x\"\n", APP, &[("src/x.rs", ""), ("src/lib.rs", "")]),
    ("bin 2015 legacy main.rs", "[package]\nname=\"app\"\nversion=\"0.1.0\"\n[[bin]]\nname=\"x\"\n", APP, &[("src/main.rs", ""), ("src/lib.rs", "")]),
    ("bin 2015 legacy src/bin/main.rs", "[package]\nname=\"app\"\nversion=\"0.1.0\"\n[[bin]]\nname=\"x\"\n", APP, &[("src/bin/main.rs", ""), ("src/lib.rs", "")]),
    ("2 bins 2015 main.rs", "[package]\nname=\"app\"\nversion=\"0.1.0\"\n[[bin]]\nname=\"x\"\n[[bin]]\nname=\"app\"\n", APP, &[("src/main.rs", ""), ("src/lib.rs", "")]),
    ("required-features unknown", "BASE[[bin]]\nname=\"x\"\npath=\"src/main.rs\"\nrequired-features=[\"nope\"]\n", APP, &[("src/main.rs", "")]),
    ("example 2015 no path, autodiscovery off", "[package]\nname=\"app\"\nversion=\"0.1.0\"\n[[example]]\nname=\"x\"\npath=\"examples/y.rs\"\n", APP, &[("src/lib.rs", "")]),
    ("test named test", "BASE[[test]]\nname=\"test\"\npath=\"t.rs\"\n", APP, &[("src/lib.rs", ""), ("t.rs", "")]),
    ("bin named build", "BASE[[bin]]\nname=\"build\"\npath=\"t.rs\"\n", APP, &[("src/lib.rs", ""), ("t.rs", "")]),
    ("bin name slash", "BASE[[bin]]\nname=\"a/b\"\npath=\"t.rs\"\n", APP, &[("src/lib.rs", ""), ("t.rs", "")]),
    ("bin name empty", "BASE[[bin]]\nname=\"\"\npath=\"t.rs\"\n", APP, &[("src/lib.rs", ""), ("t.rs", "")]),
    ("example dir", "BASE[[example]]\nname=\"x\"\n", APP, &[("src/lib.rs", ""), ("examples/x/main.rs", "")]),
    ("example dir no main", "BASE[[example]]\nname=\"x\"\n", APP, &[("src/lib.rs", ""), ("examples/x/other.rs", "")]),
    ("package.workspace", "BASEworkspace=\"..\"\n[workspace]\n", APP, &[("src/lib.rs", "")]),
    ("package.workspace away", "BASEworkspace=\"../none\"\n", APP, &[("src/lib.rs", "")]),
    ("links without build", "BASElinks=\"z\"\n", APP, &[("src/lib.rs", "")]),
    ("rust-version high", "BASErust-version=\"1.999\"\n", APP, &[("src/lib.rs", "")]),
    ("rust-version bad", "BASErust-version=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("resolver bad", "BASEresolver=\"9\"\n", APP, &[("src/lib.rs", "")]),
    ("name bad", "[package]\nname=\"a b\"\nversion=\"0.1.0\"\n", APP, &[("src/lib.rs", "")]),
    ("version bad", "[package]\nname=\"app\"\nversion=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("no version", "[package]\nname=\"app\"\n", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.0.0\"\n", &[("src/lib.rs", "")]),
    ("unknown key", "BASEfoo=\"1\"\n[bar]\nx=1\n", APP, &[("src/lib.rs", "")]),
    ("authors wrong type", "BASEauthors=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("description wrong type", "BASEdescription=1\n", APP, &[("src/lib.rs", "")]),
    ("publish wrong", "BASEpublish=1\n", APP, &[("src/lib.rs", "")]),
    ("features bad name", "BASE[features]\n\"a b\"=[]\n", APP, &[("src/lib.rs", "")]),
    ("features unknown dep", "BASE[features]\na=[\"nope\"]\n", APP, &[("src/lib.rs", "")]),
    ("features unknown dep:", "BASE[features]\na=[\"dep:nope\"]\n", APP, &[("src/lib.rs", "")]),
    ("features cyc", "BASE[features]\na=[\"b\"]\nb=[\"a\"]\n", APP, &[("src/lib.rs", "")]),
    ("profile bad", "BASE[profile.dev]\nopt-level=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("profile wrong type", "BASE[profile.dev]\nlto=1\n", APP, &[("src/lib.rs", "")]),
    ("lints bad", "BASE[lints]\nworkspace=true\n", APP, &[("src/lib.rs", "")]),
    ("edition wrong type", "[package]\nname=\"app\"\nversion=\"0.1.0\"\nedition=2021\n", APP, &[("src/lib.rs", "")]),
    ("edition.workspace without", "[package]\nname=\"app\"\nversion=\"0.1.0\"\nedition.workspace=true\n", APP, &[("src/lib.rs", "")]),
    ("crate-type bad", "BASE[lib]\ncrate-type=[\"zz\"]\n", APP, &[("src/lib.rs", "")]),
    ("proc-macro", "BASE[lib]\nproc-macro=true\n", APP, &[("src/lib.rs", "")]),
    ("default-run absent", "BASEdefault-run=\"zz\"\n", APP, &[("src/main.rs", "")]),
    ("dependency no version", "BASE[dependencies]\nx={}\n", APP, &[("src/lib.rs", "")]),
    ("explicit member absent", "BASE[workspace]\nmembers=[\"b\"]\n", APP, &[("src/lib.rs", "")]),
    ("explicit member excluded", "BASE[workspace]\nmembers=[\"x/b\"]\nexclude=[\"x\"]\n", TWO, &[("src/lib.rs", ""), ("x/b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("x/b/src/lib.rs", "")]),
    ("member is workspace", "BASE[workspace]\nmembers=[\"b\"]\n", TWO, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n[workspace]\n"), ("b/src/lib.rs", "")]),
    ("glob member is workspace", "BASE[workspace]\nmembers=[\"c/*\"]\n", TWO, &[("src/lib.rs", ""), ("c/b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n[workspace]\n"), ("c/b/src/lib.rs", "")]),
    ("default-members stranger", "BASE[workspace]\nmembers=[\"b\"]\ndefault-members=[\"c\"]\n", TWO, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("b/src/lib.rs", "")]),
    ("default-members fine", "BASE[workspace]\nmembers=[\"b\"]\ndefault-members=[\".\",\"b\"]\n", TWO, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("b/src/lib.rs", "")]),
    ("same names", "BASE[workspace]\nmembers=[\"b\"]\n", APP, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"app\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("b/src/lib.rs", "")]),
    ("path dep with own ws", "BASE[dependencies]\nb={path=\"b\"}\n[workspace]\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n[workspace]\n"), ("b/src/lib.rs", "")]),
    ("path dep outside inheriting", "BASE[dependencies]\nb={path=\"../o/b\"}\n[workspace]\n", NEEDS, &[("src/lib.rs", ""), ("../o/Cargo.toml", "[workspace]\nmembers=[\"b\"]\n[workspace.package]\nversion=\"0.1.0\"\n"), ("../o/b/Cargo.toml", "[package]\nname=\"b\"\nversion.workspace=true\n"), ("../o/b/src/lib.rs", "")]),
    ("path dep absent", "BASE[dependencies]\nb={path=\"b\"}\n", NEEDS, &[("src/lib.rs", "")]),
    ("root below a ws that does not list", "BASE", APP, &[("src/lib.rs", ""), ("../Cargo.toml", "[workspace]\n")]),
    ("root below a ws that excludes", "BASE", APP, &[("src/lib.rs", ""), ("../Cargo.toml", "[workspace]\nexclude=[\"w\"]\n")]),
    ("virtual with deps", "[workspace]\n[dependencies]\n", APP, &[]),
    ("virtual nothing", "[workspace]\n", NONE, &[]),
    ("no package no ws", "[profile.dev]\n", NONE, &[]),
    ("bad version req", "BASE[dependencies]\nx=\"abc\"\n", APP, &[("src/lib.rs", "")]),
    ("dev optional", "BASE[dev-dependencies]\nb={path=\"b\",optional=true}\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("b/src/lib.rs", "")]),
    ("optional dep unused dep:", "BASE[dependencies]\nb={path=\"b\",optional=true}\n[features]\nb=[]\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("b/src/lib.rs", "")]),
    ("optional dep used dep:", "BASE[dependencies]\nb={path=\"b\",optional=true}\n[features]\nc=[\"dep:b\"]\nd=[\"b?/x\"]\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n[features]\nx=[]\n"), ("b/src/lib.rs", "")]),
    ("feature names dep hidden", "BASE[dependencies]\nb={path=\"b\",optional=true}\n[features]\nc=[\"dep:b\"]\nd=[\"b\"]\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("b/src/lib.rs", "")]),
    ("feature strong non-optional", "BASE[dependencies]\nb={path=\"b\"}\n[features]\nd=[\"b/x\"]\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n[features]\nx=[]\n"), ("b/src/lib.rs", "")]),
    ("feature weak non-optional", "BASE[dependencies]\nb={path=\"b\"}\n[features]\nd=[\"b?/x\"]\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n[features]\nx=[]\n"), ("b/src/lib.rs", "")]),
    ("edition x", "[package]\nname=\"app\"\nversion=\"0.1.0\"\nedition=\"x\"\n", APP, &[("src/lib.rs", "")]),
    ("rust-version old", "BASErust-version=\"1.50\"\n", APP, &[("src/lib.rs", "")]),
    ("a.rs and a/main.rs", "BASE", APP, &[("src/lib.rs", ""), ("src/bin/a.rs", ""), ("src/bin/a/main.rs", "")]),
    ("src/bin/build.rs", "BASE", APP, &[("src/lib.rs", ""), ("src/bin/build.rs", "")]),
    ("src/bin/.x.rs", "BASE", APP, &[("src/lib.rs", ""), ("src/bin/.x.rs", "")]),
    ("project table", "[project]\nname=\"app\"\nversion=\"0.1.0\"\n", APP, &[("src/lib.rs", "")]),
    ("project table 2021", "[project]\nname=\"app\"\nversion=\"0.1.0\"\nedition=\"2024\"\n", APP, &[("src/lib.rs", "")]),
    ("dev_dependencies 2024", "[package]\nname=\"app\"\nversion=\"0.1.0\"\nedition=\"2024\"\n[dev_dependencies]\nb={path=\"b\"}\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("b/src/lib.rs", "")]),
    ("default_features 2024", "[package]\nname=\"app\"\nversion=\"0.1.0\"\nedition=\"2024\"\n[dependencies]\nb={path=\"b\",default_features=false}\n", NEEDS, &[("src/lib.rs", ""), ("b/Cargo.toml", "[package]\nname=\"b\"\nversion=\"0.1.0\"\nedition=\"2021\"\n"), ("b/src/lib.rs", "")]),
];

#[test]
fn the_inventory_and_cargo_agree_on_every_manifest() {
    let mut tally = Tally::default();
    for (what, manifest, lock, files) in CASES {
        let folder = tempfile::tempdir().unwrap();
        let (workspace, home) = (folder.path().join("workspace"), folder.path().join("cargo-home"));
        std::fs::create_dir_all(&home).unwrap();
        write(&workspace.join("Cargo.toml"), manifest.replace("BASE", BASE));
        write(&workspace.join("Cargo.lock"), lock);
        for (path, text) in *files {
            let at = workspace.join(path);
            if path.ends_with('/') { std::fs::create_dir_all(at).unwrap() } else { write(&at, text) }
        }
        let survey = survey(&workspace, homes(&[("CARGO_HOME", &home)]));
        let output = run(Command::new("cargo")
            .args(["fetch", "--locked", "--offline", "--target", &judge::host()])
            .current_dir(&workspace)
            .env("CARGO_HOME", &home));
        let verdict = Verdict {
            passes: output.status.success(),
            silent: Vec::new(),
            damaged: Vec::new(),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        tally.add(what, &survey, &verdict);
    }
    tally.finish("cargo, manifests", CASES.len());
}
