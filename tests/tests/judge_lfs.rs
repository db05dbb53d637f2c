//! The judge of the inventory's answers about Git LFS: `git lfs pull` with the real git-lfs, both ways, while the remote is
//! not there; and `git lfs fsck`, which compares checksums. What it does not notice when it pulls, the inventory has to know.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;

use contract::{ArtifactState, ReadinessState};
use inventory::Homes;
use judge::{DAMAGES, Damage, Dice, Held, Tally, Verdict, copy, damage, files, must, random_cases, run, survey, write};
use std::path::{Path, PathBuf};
use std::process::Command;

const STAMP: &str = "2";
const NOWHERE: &str = "remote.origin.url=file:///nonexistent/of-nobody";

fn variables() -> Vec<(String, String)> {
    let set = [("HOME", "/nonexistent"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")];
    let mut all: Vec<(String, String)> = set.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    all.push(("PATH".to_owned(), std::env::var("PATH").unwrap()));
    all
}

fn homes() -> Homes {
    Homes::from_variables(variables())
}

fn git(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GIT_")) {
        command.env_remove(name);
    }
    for (name, value) in variables() {
        command.env(name, value);
    }
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A B").env(format!("GIT_{who}_EMAIL"), "a@example.org");
        command.env(format!("GIT_{who}_DATE"), "2026-01-02T03:04:05Z");
    }
    command.env("GIT_TERMINAL_PROMPT", "0");
    command
}

struct Place {
    folder: PathBuf,
    _held: Held,
}

struct Case {
    work: PathBuf,
    damaged: Vec<String>,
}

impl Place {
    /// A clone of a repository in which `*.bin` are kept, two of them with one content, and `art/*.psd` by another file.
    fn new() -> Self {
        let version = run(&mut git(Path::new("/"), &["lfs", "version"]));
        assert!(version.status.success(), "git-lfs is not there: run tests/lfs/install.sh");
        let stamp = format!("{STAMP} {}", String::from_utf8_lossy(&version.stdout));
        let (held, folder, fresh) = Held::folder("judge-lfs", &stamp);
        if !fresh {
            for old in ["origin.git", "first", "kept", "run"] {
                let _ = std::fs::remove_dir_all(folder.join(old));
            }
            let (first, origin) = (folder.join("first"), format!("file://{}", folder.join("origin.git").display()));
            must(&mut git(&folder, &["init", "-q", "--bare", "-b", "main", "origin.git"]));
            must(&mut git(&folder, &["clone", "-q", &origin, "first"]));
            must(&mut git(&first, &["checkout", "-q", "-b", "main"]));
            must(&mut git(&first, &["lfs", "install", "--local"]));
            write(&first.join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n/plain.bin -filter\n");
            write(&first.join("art/.gitattributes"), "*.psd filter=lfs diff=lfs merge=lfs -text\n");
            for (path, content) in [("a.bin", "one"), ("art/same.bin", "one"), ("b.bin", "two"), ("art/c.psd", "three")]
            {
                write(&first.join(path), format!("{content} ").repeat(700));
            }
            write(&first.join("empty.bin"), "");
            write(&first.join("plain.bin"), "not kept");
            write(&first.join("text.txt"), "a text");
            must(&mut git(&first, &["add", "."]));
            must(&mut git(&first, &["commit", "-q", "-m", "all"]));
            must(&mut git(&first, &["push", "-q", "origin", "main"]));
            std::fs::create_dir_all(folder.join("kept")).unwrap();
            let filter =
                ["-c", "filter.lfs.smudge=git-lfs smudge -- %f", "-c", "filter.lfs.process=git-lfs filter-process"];
            let clone = ["-c", "filter.lfs.required=true", "clone", "-q", &origin, "kept/work"];
            must(&mut git(&folder, &[&filter[..], &clone[..]].concat()));
            must(&mut git(&folder.join("kept/work"), &["lfs", "install", "--local"]));
            held.done();
        }
        Place { folder, _held: held }
    }

    fn case(&self) -> Case {
        let work = self.folder.join("run/work");
        let _ = std::fs::remove_dir_all(self.folder.join("run"));
        copy(&self.folder.join("kept/work"), &work);
        Case { work, damaged: Vec::new() }
    }
}

impl Case {
    fn judge(&self, tally: &mut Tally, name: &str) {
        let survey = survey(&self.work, homes());
        // Before: a pull moves what has another size out of its way.
        let whole = run(&mut git(&self.work, &["lfs", "fsck", "--objects", "--dry-run"])).status.success();
        let output = run(&mut git(&self.work, &["-c", NOWHERE, "lfs", "pull"]));
        let passes = output.status.success();
        let silent = if passes && !whole { self.damaged.clone() } else { Vec::new() };
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        tally.add(name, &survey, &Verdict { passes, silent, damaged: self.damaged.clone(), output });
    }

    fn path(&self, path: &str) -> PathBuf {
        self.work.join(path)
    }

    fn git(&self, arguments: &[&str]) {
        must(&mut git(&self.work, arguments));
    }

    /// The object of a file, as its pointer in HEAD says.
    fn object(&self, path: &str) -> PathBuf {
        let output = run(&mut git(&self.work, &["show", &format!("HEAD:{path}")]));
        let text = String::from_utf8(output.stdout).unwrap();
        let oid = text.lines().find_map(|line| line.strip_prefix("oid sha256:")).unwrap();
        self.path(&format!(".git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]))
    }

    fn gone(&self, path: &str) {
        std::fs::remove_file(self.object(path)).unwrap();
    }

    fn damage(&self, path: &str, what: Damage) {
        damage(&self.object(path), what, 33);
    }

    /// As a checkout without Git LFS leaves it.
    fn only_pointers(&self) {
        for path in ["a.bin", "art/same.bin", "b.bin", "art/c.psd"] {
            let output = run(&mut git(&self.work, &["show", &format!("HEAD:{path}")]));
            write(&self.path(path), output.stdout);
        }
    }

    fn storage(&self, to: &Path) {
        std::fs::rename(self.path(".git/lfs"), to).unwrap();
    }
}

#[test]
fn the_inventory_and_git_lfs_agree_on_objects_attributes_and_settings() {
    let place = Place::new();
    let mut tally = Tally::default();
    let cases: &[(&str, &[&str], &dyn Fn(&Case))] = &[
        ("nothing damaged", &[], &|_| {}),
        ("only pointers in the working tree", &[], &Case::only_pointers),
        ("b's object gone", &["b.bin"], &|case| case.gone("b.bin")),
        ("b's object gone, and only pointers", &["b.bin"], &|case| {
            case.only_pointers();
            case.gone("b.bin");
        }),
        ("b's object empty", &["b.bin"], &|case| case.damage("b.bin", Damage::Empty)),
        ("b's object cut short", &["b.bin"], &|case| case.damage("b.bin", Damage::Truncated)),
        ("b's object flipped", &["b.bin"], &|case| case.damage("b.bin", Damage::Flipped)),
        ("b's object garbage", &["b.bin"], &|case| case.damage("b.bin", Damage::Garbage)),
        ("c's object gone", &["art/c.psd"], &|case| case.gone("art/c.psd")),
        ("an object that two files have gone", &["a.bin", "art/same.bin"], &|case| case.gone("a.bin")),
        ("all objects gone", &[], &|case| std::fs::remove_dir_all(case.path(".git/lfs")).unwrap()),
        ("c left out", &[], &|case| {
            case.git(&["config", "lfs.fetchexclude", "art"]);
            case.gone("art/c.psd");
        }),
        ("c left out by the working tree's settings", &[], &|case| {
            write(&case.path(".lfsconfig"), "[lfs]\n\tfetchexclude = \"*.psd\"\n");
            case.gone("art/c.psd");
        }),
        ("another file left out", &["art/c.psd"], &|case| {
            case.git(&["config", "lfs.fetchexclude", "b.bin, /c.psd"]);
            case.gone("art/c.psd");
        }),
        ("only some wanted", &[], &|case| {
            case.git(&["config", "lfs.fetchinclude", "*.bin"]);
            case.gone("art/c.psd");
        }),
        ("only some wanted, and one of them gone", &["b.bin"], &|case| {
            case.git(&["config", "lfs.fetchinclude", "*.bin"]);
            case.gone("b.bin");
        }),
        ("objects kept elsewhere", &[], &|case| {
            let to = case.work.with_file_name("elsewhere");
            case.storage(&to);
            case.git(&["config", "lfs.storage", to.to_str().unwrap()]);
        }),
        ("objects kept elsewhere in the repository", &[], &|case| {
            case.storage(&case.path(".git/other"));
            case.git(&["config", "lfs.storage", "other"]);
        }),
        ("objects kept elsewhere, by settings that may not say so", &[], &|case| {
            case.storage(&case.path(".git/other"));
            write(&case.path(".lfsconfig"), "[lfs]\n\tstorage = other\n");
        }),
        ("a file taken out of the index", &["art/c.psd"], &|case| {
            case.git(&["rm", "-q", "--cached", "art/c.psd"]);
            case.gone("art/c.psd");
        }),
        ("a new file in the index", &[], &|case| {
            write(&case.path("new.bin"), "new ".repeat(900));
            case.git(&["add", "new.bin"]);
        }),
        ("a file that git has itself", &[], &|case| {
            let off = ["filter.lfs.required=false", "filter.lfs.clean=", "filter.lfs.process="];
            let off: Vec<&str> = off.iter().flat_map(|one| ["-c", one]).collect();
            write(&case.path("raw.bin"), "raw ".repeat(900));
            case.git(&[&off[..], &["add", "raw.bin"]].concat());
            case.git(&[&off[..], &["commit", "-q", "-m", "raw"]].concat());
        }),
        ("no index", &["b.bin"], &|case| {
            std::fs::remove_file(case.path(".git/index")).unwrap();
            case.gone("b.bin");
        }),
        ("objects in one pack", &["b.bin"], &|case| {
            case.git(&["gc", "-q", "--prune=now"]);
            case.gone("b.bin");
        }),
        ("objects that are borrowed", &[], &|case| {
            let other = case.work.with_file_name("other");
            must(Command::new("cp").arg("-a").arg(&case.work).arg(&other));
            write(&case.path(".git/objects/info/alternates"), format!("{}/.git/objects\n", other.display()));
            case.gone("b.bin");
        }),
    ];
    for (name, damaged, change) in cases {
        let mut case = place.case();
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        change(&case);
        case.judge(&mut tally, name);
    }
    tally.finish("Git LFS", 24);
}

#[test]
fn the_inventory_and_git_lfs_agree_on_random_damage_to_objects() {
    let place = Place::new();
    let mut tally = Tally::default();
    let mut dice = Dice::new(1133);
    for at in 0..random_cases(8) {
        let mut case = place.case();
        let all: Vec<(&str, &str)> = vec![("b.bin", "b.bin"), ("art/c.psd", "art/c.psd"), ("a.bin", "a.bin")];
        let (path, name) = *dice.pick(&all);
        let what = *dice.pick(&DAMAGES);
        damage(&case.object(path), what, dice.roll(2_000));
        case.damaged = if path == "a.bin" { vec!["a.bin".into(), "art/same.bin".into()] } else { vec![name.into()] };
        case.judge(&mut tally, &format!("{at}: {path} {what:?}"));
    }
    println!("Git LFS, random damage: {} cases, {} differences", tally.cases, tally.differences.len());
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}

#[test]
fn an_object_is_told_at_the_pattern_that_keeps_it_and_brought_by_git_lfs() {
    let place = Place::new();
    let case = place.case();
    case.gone("b.bin");
    case.damage("art/c.psd", Damage::Flipped);
    let before = survey(&case.work, homes());
    let lacking: Vec<(&str, ArtifactState)> = before.absent().map(|one| (one.name.as_str(), one.state)).collect();
    assert_eq!(lacking, [("art/c.psd", ArtifactState::Corrupt), ("b.bin", ArtifactState::Missing)]);
    let root = case.path(".gitattributes");
    let text = format!("# above\n{}", std::fs::read_to_string(&root).unwrap());
    let placed = inventory::place(&before, &root, &text);
    let own = placed.iter().find(|finding| finding.message.starts_with("b.bin ")).expect("it is told");
    assert_eq!(own.range.start.line, 1, "where the pattern stands now: {own:?}");
    let (_, hover) = inventory::hover(&before, &root, &text, 10).expect("the pattern has a hover");
    assert!(hover.contains("b.bin"), "{hover}");
    let steps = inventory::plan_fetch(&before, None);
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert_eq!(steps[0].command, ["git", "lfs", "pull", "--include=art/c.psd,b.bin", "--exclude="]);
    assert_eq!(steps[0].set_aside, [case.object("art/c.psd")]);
    for aside in &steps[0].set_aside {
        std::fs::rename(aside, aside.with_extension("holdover-damaged")).unwrap();
    }
    let arguments: Vec<&str> = steps[0].command[1..].iter().map(String::as_str).collect();
    must(&mut git(&steps[0].folder, &arguments));
    assert_eq!(survey(&case.work, homes()).readiness.state, ReadinessState::Ready);
    assert!(files(&case.path(".git/lfs")).iter().any(|path| path.to_str().unwrap().ends_with("holdover-damaged")));
}

#[test]
fn an_object_of_another_size_is_damaged_before_its_checksum_is_compared() {
    let place = Place::new();
    let case = place.case();
    case.damage("b.bin", Damage::Truncated);
    let options = inventory::Options { homes: homes(), verify_budget: 0, ..inventory::Options::default() };
    let survey = inventory::Inventory::new(&case.work, options).survey(&inventory::NoMemory, &|| false);
    let own = survey.artifacts.iter().find(|one| one.name == "b.bin").unwrap();
    assert_eq!(own.state, ArtifactState::Corrupt, "{}", own.evidence);
    assert!(own.evidence.contains("bytes in place of"), "{}", own.evidence);
}
