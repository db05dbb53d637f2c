//! The judge of the inventory's answers about `pylock.toml`: `uv pip sync pylock.toml --offline` with the pinned uv, in the environment
//! that is there or in a new one, both ways. One lockfile names registries, as uv writes it; one does not, as pip writes it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop and print"
)]

mod judge;

use contract::ArtifactState;
use inventory::Homes;
use judge::{DAMAGES, Damage, Dice, Held, Tally, Verdict, copy, damage, files, must, random_cases, run, survey, write};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiled ones, one that has sources only, extras, and what other systems need.
const PROJECT: &str = r#"[project]
name = "plain"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ["markupsafe", "docopt==0.6.2", "six", "colorama; sys_platform == 'win32'", "httpx[http2]", "importlib-metadata; python_version < '3.8'"]
"#;

fn tools() -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS")
        .map_or_else(|| std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools"), PathBuf::from);
    let uv = tools.join("uv/bin/uv");
    assert!(uv.is_file(), "{} is not there: run tests/uv/install.sh {}", uv.display(), tools.display());
    std::fs::canonicalize(uv).unwrap()
}

fn text(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).unwrap().trim().to_owned()
}

fn python() -> PathBuf {
    let usual = PathBuf::from("/usr/bin/python3");
    let executable = || PathBuf::from(text(Command::new("python3").args(["-c", "import sys; print(sys.executable)"])));
    std::fs::canonicalize(if usual.exists() { usual } else { executable() }).unwrap()
}

struct Place {
    folder: PathBuf,
    held: Held,
}

struct Case {
    folder: PathBuf,
    damaged: Vec<String>,
    /// What uv does not notice.
    unnoticed: Vec<String>,
}

impl Place {
    /// Made once with a network; `indexed`: whether the lockfile names registries.
    fn new(indexed: bool) -> Self {
        let stamp =
            format!("{PROJECT}{}{}{}", include_str!("judge_pylock.rs").len(), python().display(), tools().display());
        let (held, folder, fresh) = Held::folder(&format!("judge-pylock-{indexed}"), &stamp);
        let place = Place { folder, held };
        if !fresh {
            for part in ["run", "kept", "programs"] {
                let _ = std::fs::remove_dir_all(place.folder.join(part));
                std::fs::create_dir_all(place.folder.join(part)).unwrap();
            }
            std::os::unix::fs::symlink(tools(), place.folder.join("programs/uv")).unwrap();
            std::os::unix::fs::symlink(python(), place.folder.join("programs/python3")).unwrap();
            let case = place.at_run();
            write(&case.workspace().join("pyproject.toml"), PROJECT);
            must(&mut case.uv(&[
                "export",
                "--quiet",
                "--no-emit-project",
                "--format",
                "pylock.toml",
                "--output-file",
                "pylock.toml",
            ]));
            let lockfile = case.workspace().join("pylock.toml");
            let written = std::fs::read_to_string(&lockfile).unwrap();
            assert!(written.contains("\nindex = "), "{written}");
            if !indexed {
                let lines = written.split_inclusive('\n').filter(|line| !line.starts_with("index = "));
                write(&lockfile, lines.collect::<String>());
            }
            for file in ["pyproject.toml", "uv.lock"] {
                let _ = std::fs::remove_file(case.workspace().join(file));
            }
            std::fs::remove_dir_all(case.cache()).unwrap();
            must(&mut case.uv(&["venv", "--quiet"]));
            must(&mut case.uv(&["pip", "sync", "pylock.toml"]));
            std::fs::remove_dir_all(case.workspace().join(".venv")).unwrap();
            copy(&case.workspace(), &place.folder.join("kept/workspace"));
            copy(&case.cache(), &place.folder.join("kept/cache"));
            place.held.done();
        }
        place
    }

    fn at_run(&self) -> Case {
        Case { folder: self.folder.clone(), damaged: Vec::new(), unnoticed: Vec::new() }
    }

    fn case(&self) -> Case {
        let case = self.at_run();
        copy(&self.folder.join("kept/workspace"), &case.workspace());
        copy(&self.folder.join("kept/cache"), &case.cache());
        case
    }
}

impl Case {
    fn workspace(&self) -> PathBuf {
        self.folder.join("run/workspace")
    }

    fn cache(&self) -> PathBuf {
        self.folder.join("run/cache")
    }

    /// The environment of both: nothing of this user's own.
    fn variables(&self) -> Vec<(String, String)> {
        let foreign = ["UV_", "XDG_", "PYENV", "PYTHON", "VIRTUAL_ENV", "CONDA", "PATH", "HOME"];
        let mut kept: Vec<(String, String)> =
            std::env::vars().filter(|(name, _)| !foreign.iter().any(|start| name.starts_with(start))).collect();
        let own = [("PATH", "programs"), ("HOME", "home"), ("UV_CACHE_DIR", "run/cache")];
        kept.extend(own.map(|(name, at)| (name.to_owned(), self.folder.join(at).display().to_string())));
        kept
    }

    fn uv(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.folder.join("programs/uv"));
        command.args(arguments).current_dir(self.workspace()).env_clear().envs(self.variables());
        command
    }

    fn pointer(&self, package: &str) -> PathBuf {
        let all = files(&self.cache().join("wheels-v7"));
        let own = |path: &&PathBuf| {
            path.extension().is_some_and(|end| end == "http") && path.parent().unwrap().ends_with(package)
        };
        all.iter().find(own).unwrap_or_else(|| panic!("no pointer of {package}: {all:#?}")).clone()
    }

    fn archive(&self, package: &str) -> PathBuf {
        std::fs::canonicalize(self.pointer(package).with_extension("")).unwrap()
    }

    fn edit(&self, from: &str, to: &str) {
        let path = self.workspace().join("pylock.toml");
        let before = std::fs::read_to_string(&path).unwrap();
        assert!(before.contains(from), "{from} stands nowhere");
        write(&path, before.replacen(from, to, 1));
    }

    fn judge(self, tally: &mut Tally, name: &str) {
        if tally.leaves_out() {
            return;
        }
        let survey = survey(&self.workspace(), Homes::from_variables(self.variables()));
        if !self.workspace().join(".venv").exists() {
            // A lockfile may be for Pythons of which none is here: then there is nothing to make one of.
            let _ = run(&mut self.uv(&["venv", "--quiet", "--offline"]));
        }
        let output = run(&mut self.uv(&["pip", "sync", "--offline", "pylock.toml"]));
        let passes = output.status.success();
        let silent = if passes { self.unnoticed } else { Vec::new() };
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        tally.add(name, &survey, &Verdict { passes, silent, damaged: self.damaged, output });
    }
}

const NEEDED: [&str; 4] = ["markupsafe", "six", "h2", "httpx"];

fn gone(path: &Path) {
    if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
}

#[test]
fn the_inventory_and_uv_agree_on_damage_to_what_the_standards_lockfile_names() {
    for indexed in [true, false] {
        let place = Place::new(indexed);
        let mut tally = Tally::default();
        place.case().judge(&mut tally, "nothing damaged");
        let mut dice = Dice::new(17);
        for what in DAMAGES {
            let mut case = place.case();
            let victim = *dice.pick(&NEEDED);
            let _ = damage(&case.pointer(victim), what, 40);
            case.damaged.push(victim.into());
            case.judge(&mut tally, &format!("pointer of {victim} {what:?}"));
            let mut case = place.case();
            let victim = *dice.pick(&NEEDED);
            let own = files(&case.archive(victim)).into_iter().find(|path| path.ends_with("METADATA")).unwrap();
            let _ = damage(&own, what, dice.roll(1_000_000));
            case.damaged.push(victim.into());
            case.unnoticed.push(victim.into());
            case.judge(&mut tally, &format!("METADATA of {victim} {what:?}"));
            let mut case = place.case();
            let revisions = files(&case.cache().join("sdists-v10"));
            let own = revisions.iter().find(|path| path.ends_with("revision.http")).unwrap();
            let _ = damage(own, what, 30);
            case.damaged.push("docopt".into());
            case.judge(&mut tally, &format!("pointer to the sources of docopt {what:?}"));
        }
        let mut case = place.case();
        gone(&case.archive("h2"));
        case.damaged.push("h2".into());
        case.judge(&mut tally, "the files of h2 gone");
        let case = place.case();
        gone(&case.cache());
        case.judge(&mut tally, "the whole cache gone");
        let case = place.case();
        gone(&case.cache().join("simple-v27"));
        case.judge(&mut tally, "the lists of versions gone");
        tally.finish(&format!("uv, pylock.toml with registries {indexed}"), 19);
    }
}

#[test]
fn the_inventory_and_uv_agree_on_what_the_standards_lockfile_says() {
    let edits: &[(&str, &str, &str)] = &[
        ("another version of the form", "lock-version = \"1.0\"", "lock-version = \"2.0\""),
        ("no version of the form", "lock-version = \"1.0\"\n", ""),
        ("Pythons that are not here", "requires-python = \">=3.9\"", "requires-python = \">=3.99\""),
        ("for any Python", "requires-python = \">=3.9\"\n", ""),
        ("another version", "name = \"six\"\nversion = \"1", "name = \"six\"\nversion = \"2"),
        ("a package that is nowhere", "name = \"six\"", "name = \"sixth\""),
        ("what only Windows needs is needed", "marker = \"sys_platform == 'win32'\"\n", ""),
        (
            "a condition that does not hold",
            "name = \"six\"\n",
            "name = \"six\"\nmarker = \"sys_platform == 'win32'\"\n",
        ),
        ("a condition that is none", "name = \"six\"\n", "name = \"six\"\nmarker = \"what is this\"\n"),
        ("a comma too many", "[[packages]]", "[[packages]],"),
        ("conflict markers", "[[packages]]", "<<<<<<< ours\n=======\n>>>>>>> theirs\n[[packages]]"),
        ("no registries of six", "name = \"six\"\n", "name = \"six\"\nwheels = []\n"),
    ];
    let place = Place::new(true);
    let mut tally = Tally::default();
    place.case().judge(&mut tally, "as it is");
    for (what, from, to) in edits {
        let Some(case) = tally.case(|| place.case()) else { continue };
        case.edit(from, to);
        // Where the tool says no for a form that may become another, it is unknown here.
        if what.contains("of the form") || *what == "a condition that is none" {
            let told = survey(&case.workspace(), Homes::from_variables(case.variables()));
            assert_ne!(told.readiness.state, contract::ReadinessState::Ready, "{what}");
            continue;
        }
        case.judge(&mut tally, what);
    }
    let case = place.case();
    let text = std::fs::read_to_string(case.workspace().join("pylock.toml")).unwrap();
    let start = text.find("name = \"six\"").unwrap();
    let wheel = start + text[start..].find("-none-any.whl").unwrap();
    let sum = wheel + text[wheel..].find("sha256 = \"").unwrap() + 10;
    write(&case.workspace().join("pylock.toml"), format!("{}{}{}", &text[..sum], "0".repeat(64), &text[sum + 64..]));
    case.judge(&mut tally, "another checksum");
    for (name, lacks) in
        [("everything installed, and no wheels in the cache", None), ("one less installed", Some("six"))]
    {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        must(&mut case.uv(&["venv", "--quiet", "--offline"]));
        must(&mut case.uv(&["pip", "sync", "--offline", "pylock.toml"]));
        gone(&case.cache().join("wheels-v7"));
        if let Some(package) = lacks {
            let installed = case.workspace().join(".venv/lib/python3*/site-packages").join(format!("{package}*"));
            for path in glob::glob(installed.to_str().unwrap()).unwrap() {
                gone(&path.unwrap());
            }
            case.damaged.push(package.into());
        }
        case.judge(&mut tally, name);
    }
    let case = place.case();
    must(&mut case.uv(&["venv", "--quiet", "--offline"]));
    case.edit("requires-python = \">=3.9\"", "requires-python = \"<3.10\"");
    case.judge(&mut tally, "an environment of another Python than the lockfile is for");
    tally.finish("uv, what pylock.toml says", 14);
}

#[test]
fn what_is_damaged_at_random_is_judged_as_uv_does() {
    let cases = random_cases(6);
    let mut tally = Tally::default();
    for indexed in [true, false] {
        let place = Place::new(indexed);
        let mut dice = Dice::new(2611 + u64::from(indexed));
        for number in 0..cases.div_ceil(2) {
            let Some(mut case) = tally.case(|| place.case()) else { continue };
            let mut done = String::new();
            for _ in 0..=dice.roll(2) {
                let victim = *dice.pick(&NEEDED);
                let what = *dice.pick(&DAMAGES);
                if dice.roll(2) == 0 {
                    if damage(&case.pointer(victim), what, dice.roll(1 << 16)) && what != Damage::Gone {
                        write!(done, " pointer of {victim} {what:?}").unwrap();
                    }
                } else if case.pointer(victim).with_extension("").exists() {
                    let all = files(&case.archive(victim));
                    let own = dice.pick(&all).clone();
                    if damage(&own, what, dice.roll(1 << 16)) {
                        write!(done, " {} of {victim} {what:?}", own.display()).unwrap();
                        case.unnoticed.push(victim.into());
                    }
                }
                if case.pointers_left().len() < NEEDED.len() {
                    break;
                }
            }
            case.judge(&mut tally, &format!("{indexed} {number}:{done}"));
        }
    }
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}

impl Case {
    fn pointers_left(&self) -> Vec<&'static str> {
        let all = files(&self.cache().join("wheels-v7"));
        let there = |name: &&str| {
            all.iter()
                .any(|path| path.extension().is_some_and(|end| end == "http") && path.parent().unwrap().ends_with(name))
        };
        NEEDED.into_iter().filter(there).collect()
    }
}

#[test]
fn what_is_missing_is_fetched_with_uv_and_the_environment_is_left_alone() {
    let place = Place::new(false);
    let case = place.case();
    gone(&case.pointer("h2"));
    let own = tempfile::tempdir().unwrap();
    let holdover = |arguments: &[&str]| {
        let mut command = Command::new(holdover_tests::binary::holdover());
        command.args(arguments).current_dir(case.workspace()).env_clear().envs(case.variables());
        command.env("HOLDOVER_DATA_DIR", own.path()).env("HOLDOVER_CONFIG", own.path().join("none.toml"));
        run(command.env_remove("HOLDOVER_OFFLINE"))
    };
    let before = survey(&case.workspace(), Homes::from_variables(case.variables()));
    let missing =
        before.artifacts.iter().find(|artifact| artifact.state == ArtifactState::Missing && !artifact.other_target);
    assert_eq!(missing.map(|artifact| artifact.name.as_str()), Some("h2"));
    assert_eq!(holdover(&["trust"]).status.code(), Some(0));
    let after = holdover(&["preflight", "--fetch"]);
    assert_eq!(after.status.code(), Some(0), "{}", String::from_utf8_lossy(&[after.stdout, after.stderr].concat()));
    assert!(!case.workspace().join(".venv").exists(), "no environment is made");
    must(&mut case.uv(&["venv", "--quiet", "--offline"]));
    must(&mut case.uv(&["pip", "sync", "--offline", "pylock.toml"]));
}
