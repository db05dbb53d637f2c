//! The judge of the inventory's answers about Go modules: `go list -deps -test ./...` and `go mod download` with the pinned Go,
//! without a proxy, both ways. Go does not compare what it once downloaded: where those pass on damage, `go mod verify` decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod golang;
mod judge;

use golang::{Case, Module, Place, random};
use judge::{DAMAGES, Damage, Dice, Tally, files, write};

/// Some twenty modules: capitals, major versions, one from before modules, one that does not prune what it needs, nested ones.
const MODULES: &[Module<'_>] = &[
    ("example.com/leaf", "v0.9.0", "go 1.20\n", &[]),
    ("example.com/leaf", "v1.0.0", "go 1.20\n", &[]),
    ("example.com/leaf", "v1.1.0", "go 1.20\n", &[]),
    ("example.com/twig", "v1.2.3", "go 1.21\n\nrequire example.com/leaf v1.0.0\n", &["example.com/leaf"]),
    ("example.com/Upper/CASE", "v1.0.0-RC1", "go 1.18\n", &[]),
    ("example.com/major/v2", "v2.4.0", "go 1.22\n\nrequire example.com/twig v1.2.3\n", &["example.com/twig"]),
    ("example.com/major", "v1.0.0", "go 1.17\n", &[]),
    ("example.com/old", "v2.0.0+incompatible", "", &[]),
    (
        "example.com/deep",
        "v0.0.0-20200102030405-abcdefabcdef",
        "go 1.16\n\nrequire (\n\texample.com/bottom v1.0.0\n\texample.com/leaf v0.9.0\n)\n",
        &["example.com/bottom"],
    ),
    ("example.com/bottom", "v1.0.0", "go 1.15\n\nrequire example.com/unused v1.0.0\n", &[]),
    ("example.com/unused", "v1.0.0", "go 1.15\n\nrequire example.com/farther v1.0.0\n", &[]),
    ("example.com/farther", "v1.0.0", "", &[]),
    ("example.com/nest", "v1.0.0", "go 1.19\n", &[]),
    ("example.com/nest/inner", "v0.3.0", "go 1.19\n\nrequire example.com/nest v1.0.0\n", &["example.com/nest"]),
    ("example.com/original", "v1.0.0", "go 1.19\n", &[]),
    ("example.com/fork", "v1.5.0", "go 1.19\n\nrequire example.com/leaf v1.1.0\n", &["example.com/leaf"]),
    ("example.com/tested", "v1.0.0", "go 1.19\n\nrequire example.com/only-tests v1.0.0\n", &["example.com/only-tests"]),
    ("example.com/only-tests", "v1.0.0", "go 1.19\n", &[]),
    ("gopkg.in/yaml.v3", "v3.0.1", "", &[]),
    ("example.com/excluded", "v1.0.0", "go 1.19\n", &[]),
    ("example.com/excluded", "v1.1.0", "go 1.19\n", &[]),
    ("example.com/wants", "v1.0.0", "go 1.19\n\nrequire example.com/excluded v1.0.0\n", &["example.com/excluded"]),
];

const PROJECT: &[(&str, &str)] = &[
    (
        "go.mod",
        "module example.com/m\n\ngo 1.22\n\nrequire (\n\texample.com/original v1.0.0\n\texample.com/near v0.0.0\n)\n\nreplace example.com/original => example.com/fork v1.5.0\n\nreplace example.com/near => ./near\n\nexclude example.com/excluded v1.0.0\n",
    ),
    (
        "main.go",
        "package main\n\nimport (\n\t_ \"example.com/Upper/CASE\"\n\t_ \"example.com/deep\"\n\t_ \"example.com/major\"\n\t_ \"example.com/major/v2\"\n\t_ \"example.com/near\"\n\t_ \"example.com/nest/inner\"\n\t_ \"example.com/old\"\n\t_ \"example.com/original\"\n\t_ \"example.com/wants\"\n\t_ \"gopkg.in/yaml.v3\"\n)\n\nfunc main() {}\n",
    ),
    ("main_test.go", "package main\n\nimport _ \"example.com/tested\"\n"),
    ("near/go.mod", "module example.com/near\n\ngo 1.20\n\nrequire example.com/twig v1.2.3\n"),
    ("near/near.go", "package near\n\nimport _ \"example.com/twig\"\n"),
];

/// The same from before modules were pruned.
const UNPRUNED: &[(&str, &str)] = &[
    ("go.mod", "module example.com/m\n\ngo 1.16\n"),
    (
        "main.go",
        "package main\n\nimport (\n\t_ \"example.com/deep\"\n\t_ \"example.com/nest/inner\"\n\t_ \"example.com/wants\"\n)\n\nfunc main() {}\n",
    ),
];

const PREPARE: &[(&str, &[&str])] =
    &[("", &["mod", "tidy"]), ("", &["mod", "download"]), ("", &["list", "-deps", "-test", "./..."])];

/// Where what go.sum has no checksum of is taken as it is.
fn unasked(place: &Place) -> Case {
    let mut case = place.case();
    case.set.insert("GOSUMDB".into(), "off".into());
    case
}

fn plain() -> Place {
    Place::new("plain", MODULES, PROJECT, PREPARE)
}

const TWIG: (&str, &str) = ("example.com/twig", "v1.2.3");
const UPPER: (&str, &str) = ("example.com/Upper/CASE", "v1.0.0-RC1");
const OLD: (&str, &str) = ("example.com/old", "v2.0.0+incompatible");
const FORK: (&str, &str) = ("example.com/fork", "v1.5.0");
const DEEP: (&str, &str) = ("example.com/deep", "v0.0.0-20200102030405-abcdefabcdef");
/// Only its go.mod is needed.
const UNUSED: (&str, &str) = ("example.com/unused", "v1.0.0");

#[test]
fn the_inventory_and_go_agree_on_every_kind_of_damage_to_its_cache() {
    let place = plain();
    let mut tally = Tally::default();
    let mut dice = Dice::new(5);
    place.case().judge(&mut tally, "nothing damaged");
    let some = [TWIG, UPPER, OLD, FORK, DEEP];
    for what in DAMAGES {
        for suffix in ["zip", "mod", "info", "ziphash"] {
            let module = *dice.pick(&some);
            let unpacked = dice.roll(2) == 0;
            let mut case = place.case();
            case.damage(module, suffix, what, dice.roll(400));
            if !unpacked {
                std::fs::remove_dir_all(case.folder(module.0, module.1)).unwrap();
            }
            case.judge(&mut tally, &format!("{suffix} of {} {what:?}, unpacked {unpacked}", module.0));
        }
        let mut case = place.case();
        case.damage(UNUSED, "mod", what, 30);
        case.judge(&mut tally, &format!("go.mod of what is not built {what:?}"));
    }
    tally.finish("go, its cache", 25);
}

#[test]
fn the_inventory_and_go_agree_on_what_else_can_be_wrong_with_its_cache() {
    let place = plain();
    let mut tally = Tally::default();
    let gone = |case: &Case, module: (&str, &str), suffix: &str| {
        std::fs::remove_file(case.file(module.0, module.1, suffix)).unwrap();
    };
    let changes: &[(&str, &[&str], &dyn Fn(&Case))] = &[
        ("archive and its checksum gone", &[TWIG.0], &|case| {
            gone(case, TWIG, "zip");
            gone(case, TWIG, "ziphash");
        }),
        ("unpacked sources gone", &[], &|case| std::fs::remove_dir_all(case.folder(TWIG.0, TWIG.1)).unwrap()),
        ("not unpacked to the end", &[], &|case| write(&case.file(TWIG.0, TWIG.1, "partial"), "")),
        ("a file in the place of sources", &[], &|case| {
            let folder = case.folder(TWIG.0, TWIG.1);
            std::fs::remove_dir_all(&folder).unwrap();
            write(&folder, "");
        }),
        ("the archive of another", &[TWIG.0], &|case| {
            write(&case.file(TWIG.0, TWIG.1, "zip"), std::fs::read(case.file(FORK.0, FORK.1, "zip")).unwrap());
        }),
        ("a folder in the place of go.mod", &[TWIG.0], &|case| {
            gone(case, TWIG, "mod");
            std::fs::create_dir(case.file(TWIG.0, TWIG.1, "mod")).unwrap();
        }),
        ("a link that leads nowhere", &[TWIG.0], &|case| {
            gone(case, TWIG, "zip");
            std::os::unix::fs::symlink("/nowhere/at/all", case.file(TWIG.0, TWIG.1, "zip")).unwrap();
        }),
        ("the whole cache gone", &[], &|case| std::fs::remove_dir_all(&case.cache).unwrap()),
        ("all downloads gone", &[], &|case| std::fs::remove_dir_all(case.cache.join("cache")).unwrap()),
        ("the original of what is replaced gone", &[], &|case| {
            let folder = case.cache.join("cache/download/example.com/original");
            if folder.exists() {
                std::fs::remove_dir_all(folder).unwrap();
            }
        }),
        ("the folder that stands in for a module gone", &[], &|case| {
            std::fs::remove_dir_all(case.workspace.join("near")).unwrap();
        }),
        ("what says the version says nothing", &[], &|case| write(&case.file(TWIG.0, TWIG.1, "info"), "null")),
    ];
    for (name, damaged, change) in changes {
        let mut case = place.case();
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        case.judge(&mut tally, name);
    }
    tally.finish("go, its cache otherwise", 10);
}

/// File, what stands there, and what does instead.
const EDITS: &[(&str, &str, &str)] = &[
    ("go.mod", "example.com/twig v1.2.3", "example.com/twig v1.2.4"),
    ("go.mod", "example.com/leaf v1.1.0", "example.com/leaf v1.0.0"),
    ("go.mod", "go 1.22", "go 1.99"),
    ("go.mod", "go 1.22", "go 1.20"),
    ("go.mod", "go 1.22", "go 1.22\n\ntoolchain go1.99.1"),
    ("go.mod", "go 1.22", "go 1.22\n\ntoolchain go1.22.1"),
    ("go.mod", "go 1.22", "go 1.22\n\ntoolchain default"),
    ("go.mod", "go 1.22", "go 1.22\n\ntoolchain go1.22"),
    ("go.mod", "go 1.22", "go 1.22\n\ntoolchain go1.20.1"),
    ("go.mod", "go 1.22", "go one"),
    ("go.mod", "go 1.22", "go 1.22\n\nstrange directive"),
    ("go.mod", "go 1.22", "go 1.22\n\n// a comment"),
    ("go.mod", "go 1.22", "go 1.22\n\nretract v0.1.0"),
    ("go.mod", "go 1.22", "go 1.22\n\nrequire example.com/twig v1.2"),
    ("go.mod", "go 1.22", "go 1.22\n\nrequire example.com/leaf v1.1.0"),
    ("go.mod", "go 1.22", "go 1.22\n\nrequire example.com/leaf v1.0.0"),
    ("go.mod", "go 1.22", "go 1.22\n\nrequire example.com/../twig v1.2.3"),
    ("go.mod", "go 1.22", "go 1.22\n\nrequire example.com/twig v1.2.3/../../x"),
    ("go.mod", "module example.com/m", "module \"example.com/m\""),
    ("go.mod", "module example.com/m", ""),
    ("go.mod", "replace example.com/original => example.com/fork v1.5.0", ""),
    ("go.mod", "example.com/fork v1.5.0", "example.com/fork v1.6.0"),
    ("go.mod", "=> ./near", "=> ./far"),
    ("go.mod", "=> ./near", "=> near"),
    ("go.mod", "exclude example.com/excluded v1.0.0", ""),
    ("go.mod", "exclude example.com/excluded v1.0.0", "exclude example.com/twig v1.2.3"),
    ("go.sum", "example.com/twig v1.2.3 h1:", "example.com/twig v1.2.3 h1:x"),
    ("go.sum", "example.com/twig v1.2.3 h1:", "example.com/twig v1.2.3 h2:"),
    ("go.sum", "example.com/twig v1.2.3/go.mod h1:", "example.com/twig v1.2.3/go.mod h1:x"),
    ("go.sum", "example.com/twig v1.2.3 h1:", "\nexample.com/twig v1.2.3 h1:"),
    ("go.sum", "example.com/twig v1.2.3 h1:", "example.com/twig h1:"),
    ("go.sum", "example.com/twig v1.2.3 h1:", "strange.example/x v1.0.0 h1:AAAA\nexample.com/twig v1.2.3 h1:"),
    ("near/go.mod", "example.com/twig v1.2.3", "example.com/twig v1.3.0"),
    ("near/go.mod", "go 1.20", "go 1.26"),
    ("near/go.mod", "go 1.20", "unknown things"),
];

#[test]
fn the_inventory_and_go_agree_on_edits_of_go_mod_and_go_sum() {
    let place = plain();
    let mut tally = Tally::default();
    place.case().judge(&mut tally, "nothing edited");
    for (path, from, to) in EDITS {
        let case = place.case();
        case.edit(path, from, to);
        case.judge(&mut tally, &format!("{path}: {from:?} is {to:?}"));
    }
    for what in ["example.com/twig v1.2.3 ", "example.com/twig v1.2.3/go.mod", "example.com/unused", "example.com/fork"]
    {
        for (name, value) in
            [("GOSUMDB", "off"), ("GOSUMDB", ""), ("GONOSUMDB", "example.com/*"), ("GOFLAGS", "-mod=mod")]
        {
            let mut case = place.case();
            case.forget("go.sum", what);
            case.set.insert(name.into(), value.into());
            case.judge(&mut tally, &format!("go.sum without {what:?}, {name}={value}"));
        }
    }
    let case = place.case();
    std::fs::remove_file(case.workspace.join("go.sum")).unwrap();
    case.judge(&mut tally, "no go.sum");
    tally.finish("go, go.mod and go.sum", 30);
}

#[test]
fn the_inventory_and_go_agree_on_the_environment() {
    let place = plain();
    let mut tally = Tally::default();
    let proxy = format!("file://{}", place.proxy.display());
    let elsewhere = "https://127.0.0.1:9";
    let settings: &[&[(&str, &str)]] = &[
        &[("GOPROXY", &proxy)],
        &[("GOPROXY", &format!("{proxy},off"))],
        &[("GOPROXY", &format!("{elsewhere},{proxy}"))],
        &[("GOPROXY", &format!("{elsewhere}|{proxy}"))],
        &[("GOPROXY", &proxy), ("GOPRIVATE", "example.com")],
        &[("GOPROXY", &proxy), ("GONOPROXY", "none")],
        &[("GOFLAGS", "-mod=mod")],
        &[("GOFLAGS", "-mod=strange")],
        &[("GO111MODULE", "off")],
        &[("GO111MODULE", "strange")],
        &[("GOTOOLCHAIN", "local")],
        &[("GOTOOLCHAIN", "go1.99.0")],
        &[("GOWORK", "relative/go.work")],
        &[("GOMODCACHE", "relative")],
    ];
    for set in settings {
        for gone in [None, Some("zip"), Some("mod"), Some("info")] {
            let proxied = set.iter().any(|(_, value)| value.contains("file:"));
            if gone.is_some_and(|suffix| suffix != "zip") && !proxied || gone.is_some() && set[0].0 == "GOMODCACHE" {
                continue;
            }
            let mut case = place.case();
            for (name, value) in *set {
                case.set.insert((*name).into(), (*value).into());
            }
            if let Some(suffix) = gone {
                case.damage(TWIG, suffix, Damage::Gone, 0);
            }
            case.judge(&mut tally, &format!("{set:?}, gone: {gone:?}"));
        }
    }
    let mut case = place.case();
    case.set.insert("GOENV".into(), case.workspace.join("env").to_str().unwrap().into());
    write(&case.workspace.join("env"), "# a comment\nGOFLAGS=-mod=strange\n");
    case.set.insert("GOFLAGS".into(), String::new());
    case.judge(&mut tally, "what go env -w wrote");
    tally.finish("go, its environment", 20);
}

#[test]
fn the_inventory_and_go_agree_on_a_module_from_before_pruning() {
    let place = Place::new("unpruned", MODULES, UNPRUNED, PREPARE);
    let mut tally = Tally::default();
    unasked(&place).judge(&mut tally, "nothing damaged");
    let none =
        Place::new("none", MODULES, &[("go.mod", "module example.com/m\n\ngo 1.22\n"), ("m.go", "package m\n")], &[]);
    none.case().judge(&mut tally, "no dependencies");
    for (module, suffix) in [
        (UNUSED, "zip"),
        (UNUSED, "mod"),
        (("example.com/farther", "v1.0.0"), "zip"),
        (("example.com/leaf", "v0.9.0"), "mod"),
        (("example.com/leaf", "v0.9.0"), "zip"),
        (DEEP, "info"),
    ] {
        for what in [Damage::Gone, Damage::Truncated] {
            let mut case = unasked(&place);
            case.damage(module, suffix, what, 10);
            case.judge(&mut tally, &format!("{suffix} of {} {what:?}", module.0));
        }
    }
    for what in ["example.com/unused v1.0.0/go.mod", "example.com/unused v1.0.0 ", "example.com/deep"] {
        for database in ["off", ""] {
            let mut case = place.case();
            let sums = std::fs::read_to_string(case.workspace.join("go.sum")).unwrap();
            if sums.contains(what) {
                case.forget("go.sum", what);
            }
            case.set.insert("GOSUMDB".into(), database.into());
            case.judge(&mut tally, &format!("go.sum without {what:?}, GOSUMDB={database:?}"));
        }
    }
    tally.finish("go, before pruning", 15);
}

/// Two modules that are built together: one needs the other, and each another version of a third.
const WORKSPACE: &[(&str, &str)] = &[
    ("go.work", "go 1.22\n\nuse (\n\t./one\n\t./two\n)\n\nreplace example.com/original => example.com/fork v1.5.0\n"),
    (
        "one/go.mod",
        "module example.com/one\n\ngo 1.21\n\nrequire (\n\texample.com/leaf v1.0.0\n\texample.com/original v1.0.0\n)\n",
    ),
    ("one/one.go", "package one\n\nimport (\n\t_ \"example.com/leaf\"\n\t_ \"example.com/original\"\n)\n"),
    (
        "two/go.mod",
        "module example.com/two\n\ngo 1.22\n\nrequire (\n\texample.com/bottom v1.0.0\n\texample.com/deep v0.0.0-20200102030405-abcdefabcdef\n\texample.com/leaf v1.1.0\n\texample.com/twig v1.2.3\n)\n",
    ),
    (
        "two/two.go",
        "package two\n\nimport (\n\t_ \"example.com/deep\"\n\t_ \"example.com/one\"\n\t_ \"example.com/twig\"\n)\n",
    ),
];

fn in_workspace(place: &Place) -> Case {
    let mut case = unasked(place);
    case.folders = vec!["one", "two"];
    case
}

#[test]
fn the_inventory_and_go_agree_on_workspaces() {
    let place = Place::new(
        "work",
        MODULES,
        WORKSPACE,
        &[("one", &["list", "-deps", "./..."]), ("two", &["list", "-deps", "./..."]), ("", &["mod", "download"])],
    );
    let mut tally = Tally::default();
    in_workspace(&place).judge(&mut tally, "nothing damaged");
    let modules = [TWIG, FORK, DEEP, UNUSED, ("example.com/leaf", "v1.1.0"), ("example.com/leaf", "v0.9.0")];
    for module in modules {
        for suffix in ["zip", "mod"] {
            let mut case = in_workspace(&place);
            if case.file(module.0, module.1, suffix).exists() {
                case.damage(module, suffix, Damage::Gone, 0);
                case.judge(&mut tally, &format!("{suffix} of {} {} gone", module.0, module.1));
            }
        }
    }
    let edits = [
        ("go.work", "\t./two\n", ""),
        ("go.work", "./two", "./three"),
        ("go.work", "go 1.22", "go 1.20"),
        ("go.work", "replace example.com/original => example.com/fork v1.5.0", ""),
        ("go.work", "use (", "strange ("),
        ("two/go.mod", "example.com/twig v1.2.3", "example.com/twig v1.2.9"),
        ("two/go.mod", "go 1.22", "go 1.23"),
        ("two/go.mod", "module example.com/two", "module example.com/one"),
    ];
    for (path, from, to) in edits {
        let case = in_workspace(&place);
        case.edit(path, from, to);
        case.judge(&mut tally, &format!("{path}: {from:?} is {to:?}"));
    }
    let case = in_workspace(&place);
    case.edit("one/go.mod", "go 1.21", "go 1.21\n\nreplace example.com/twig => example.com/fork v1.5.0");
    case.edit("two/go.mod", "go 1.22", "go 1.22\n\nreplace example.com/twig => example.com/leaf v1.1.0");
    case.judge(&mut tally, "different replacements");
    for (name, value) in [("GOFLAGS", "-mod=mod"), ("GOWORK", "off")] {
        let mut case = in_workspace(&place);
        case.set.insert(name.into(), value.into());
        case.judge(&mut tally, &format!("{name}={value}"));
    }
    tally.finish("go, workspaces", 18);
}

#[test]
fn the_inventory_and_go_agree_on_the_folder_vendor() {
    let mut prepare = PREPARE.to_vec();
    prepare.push(("", &["mod", "vendor"]));
    let place = Place::new("vendored", MODULES, PROJECT, &prepare);
    let mut tally = Tally::default();
    let vendored = || {
        let mut case = place.case();
        case.vendored = true;
        std::fs::remove_dir_all(&case.cache).unwrap();
        case
    };
    vendored().judge(&mut tally, "nothing damaged, and no cache");
    let changes: &[(&str, &dyn Fn(&Case))] = &[
        ("a package gone", &|case| std::fs::remove_dir_all(case.workspace.join("vendor/example.com/twig")).unwrap()),
        ("its source gone", &|case| std::fs::remove_file(case.workspace.join("vendor/example.com/twig/p.go")).unwrap()),
        ("no list", &|case| std::fs::remove_file(case.workspace.join("vendor/modules.txt")).unwrap()),
        ("the list is empty", &|case| write(&case.workspace.join("vendor/modules.txt"), "")),
        ("another version", &|case| {
            case.edit("vendor/modules.txt", "example.com/twig v1.2.3", "example.com/twig v1.2.4");
        }),
        ("not explicit", &|case| case.edit("vendor/modules.txt", "## explicit", "##")),
        ("another replacement", &|case| {
            case.edit("vendor/modules.txt", "=> example.com/fork v1.5.0", "=> example.com/fork v1.6.0");
        }),
        ("no replacement", &|case| case.edit("go.mod", "replace example.com/original => example.com/fork v1.5.0", "")),
        ("one more requirement", &|case| {
            case.edit("go.mod", "go 1.22", "go 1.22\n\nrequire example.com/farther v1.0.0");
        }),
        ("no go.sum", &|case| std::fs::remove_file(case.workspace.join("go.sum")).unwrap()),
        ("a newer Go in the list", &|case| case.edit("vendor/modules.txt", "go 1.21", "go 1.99")),
    ];
    for (name, change) in changes {
        let case = vendored();
        change(&case);
        case.judge(&mut tally, name);
    }
    for mode in ["-mod=readonly", "-mod=vendor"] {
        let mut case = place.case();
        case.vendored = mode == "-mod=vendor";
        case.set.insert("GOFLAGS".into(), mode.into());
        case.judge(&mut tally, mode);
    }
    tally.finish("go, vendor", 12);
}

#[test]
fn the_inventory_and_go_agree_on_random_damage() {
    let places = [plain(), Place::new("unpruned", MODULES, UNPRUNED, PREPARE)];
    let mut tally = Tally::default();
    let mut dice = Dice::new(20_261_122);
    for number in 0..random(12) {
        let place = &places[number % places.len()];
        let mut case = unasked(place);
        let all: Vec<_> = files(&case.cache.join("cache/download"))
            .into_iter()
            .filter(|path| {
                path.extension().is_some_and(|kind| ["zip", "mod", "info", "ziphash"].iter().any(|k| kind == *k))
            })
            .collect();
        let mut done = Vec::new();
        for _ in 0..dice.roll(3) {
            let path = dice.pick(&all).clone();
            if path.exists() {
                let what = *dice.pick(&DAMAGES);
                let _ = judge::damage(&path, what, dice.roll(1_000_000));
                done.push(format!("{} {what:?}", path.strip_prefix(&case.cache).unwrap().display()));
                let module = path.strip_prefix(case.cache.join("cache/download")).unwrap();
                let module = module.to_str().unwrap().split("/@v/").next().unwrap();
                let name = MODULES.iter().map(|one| one.0).find(|name| name.to_lowercase() == module.replace('!', ""));
                case.damaged.push(name.unwrap().to_owned());
            }
        }
        case.judge(&mut tally, &format!("random case {number}: {done:?}"));
    }
    tally.finish("go, at random", 12);
}
