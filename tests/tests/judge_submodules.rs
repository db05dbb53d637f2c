//! The judge of the inventory's answers about submodules: `git submodule update --init --recursive --no-fetch` with the real
//! git, both ways. The repositories lie on this machine and git is not told to take submodules from there, so it reaches none.
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

/// What the folder of repositories is made for; another number makes it anew.
const STAMP: &str = "3";

/// git with nothing of this user's own; repositories of this machine are reached only where `reaches` says so.
fn git(folder: &Path, reaches: bool, arguments: &[&str]) -> Command {
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
    if reaches {
        command.env("GIT_ALLOW_PROTOCOL", "file");
    }
    command
}

fn variables() -> Vec<(String, String)> {
    let set = [("HOME", "/nonexistent"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")];
    let path = std::env::var("PATH").unwrap();
    let mut all: Vec<(String, String)> = set.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    all.extend([("PATH".to_owned(), path), ("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned())]);
    all
}

fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = run(&mut git(folder, false, arguments));
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository of three commits with files in folders; `submodules`: name, path and place of each.
fn repository(at: &Path, submodules: &[(&str, &str, &Path)]) {
    std::fs::create_dir_all(at).unwrap();
    must(&mut git(at, true, &["init", "-q", "-b", "main"]));
    for number in 0..3 {
        write(&at.join("src/one.txt"), format!("{} {number}\n", at.display()).repeat(40 + number));
        write(&at.join(format!("src/deeper/{number}.txt")), format!("{number}\n"));
        must(&mut git(at, true, &["add", "."]));
        must(&mut git(at, true, &["commit", "-q", "-m", "more"]));
    }
    for (name, path, from) in submodules {
        let url = format!("file://{}", from.display());
        must(&mut git(at, true, &["submodule", "--quiet", "add", "--name", name, &url, path]));
    }
    if !submodules.is_empty() {
        must(&mut git(at, true, &["commit", "-q", "-m", "submodules"]));
    }
}

struct Place {
    folder: PathBuf,
    _held: Held,
}

/// A clone with everything: `libs/lib`, in it `deep`, and `tool`, whose name is another than its path.
struct Case {
    work: PathBuf,
    damaged: Vec<String>,
}

impl Place {
    fn new() -> Self {
        let version = said(Path::new("/"), &["--version"]);
        let (held, folder, fresh) = Held::folder("judge-submodules", &format!("{STAMP} {version}"));
        if !fresh {
            for old in ["repositories", "kept", "run"] {
                let _ = std::fs::remove_dir_all(folder.join(old));
            }
            let of = |name: &str| folder.join("repositories").join(name);
            repository(&of("deep"), &[]);
            repository(&of("tool"), &[]);
            repository(&of("lib"), &[("deep", "deep", &of("deep"))]);
            repository(&of("top"), &[("libs/lib", "libs/lib", &of("lib")), ("a tool", "tool", &of("tool"))]);
            std::fs::create_dir_all(folder.join("kept")).unwrap();
            let url = format!("file://{}", of("top").display());
            must(&mut git(&folder.join("kept"), true, &["clone", "-q", "--recurse-submodules", &url, "work"]));
            held.done();
        }
        Place { folder, _held: held }
    }

    fn case(&self) -> Case {
        let work = self.folder.join("run/work");
        copy(&self.folder.join("kept/work"), &work);
        Case { work, damaged: Vec::new() }
    }
}

impl Case {
    fn judge(&self, unnoticed: bool, tally: &mut Tally, name: &str) {
        let survey = survey(&self.work, Homes::from_variables(variables()));
        let output = run(&mut git(&self.work, false, &["submodule", "update", "--init", "--recursive", "--no-fetch"]));
        let passes = output.status.success();
        let silent = if passes && unnoticed { self.damaged.clone() } else { Vec::new() };
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        tally.add(name, &survey, &Verdict { passes, silent, damaged: self.damaged.clone(), output });
    }

    fn path(&self, path: &str) -> PathBuf {
        self.work.join(path)
    }

    fn gone(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }

    /// As before `git submodule update`: an empty folder.
    fn not_checked_out(&self, path: &str) {
        self.gone(path);
        std::fs::create_dir(self.path(path)).unwrap();
    }

    fn never_cloned(&self) {
        self.not_checked_out("tool");
        self.gone(".git/modules/a tool");
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        write(&self.path(file), text.replacen(from, to, 1));
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        said(&self.path(folder), arguments)
    }

    /// The pack of a clone below `.git/modules`, or its index.
    fn pack(&self, module: &str, ending: &str) -> PathBuf {
        let packs = files(&self.path(&format!(".git/modules/{module}/objects/pack")));
        packs.into_iter().find(|path| path.extension().is_some_and(|own| own == ending)).unwrap()
    }

    /// Every object in a file of its own.
    fn unpacked(&self, module: &str) {
        let pack = self.pack(module, "pack");
        let objects = self.path(&format!(".git/modules/{module}"));
        let aside = self.path("pack-aside");
        std::fs::rename(&pack, &aside).unwrap();
        for ending in ["idx", "rev"] {
            let _ = std::fs::remove_file(pack.with_extension(ending));
        }
        let output = Command::new("sh")
            .args(["-c", "git unpack-objects -q < \"$1\"", "sh"])
            .arg(&aside)
            .current_dir(&objects)
            .env("GIT_DIR", &objects)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::remove_file(aside).unwrap();
    }

    fn loose(&self, module: &str, id: &str) -> PathBuf {
        self.path(&format!(".git/modules/{module}/objects/{}/{}", &id[..2], &id[2..]))
    }
}

#[test]
fn the_inventory_and_git_agree_on_clones_commits_and_what_gitmodules_says() {
    let place = Place::new();
    let mut tally = Tally::default();
    let strange = "1234567890123456789012345678901234567890";
    let stage = |case: &Case, path: &str, commit: &str| {
        case.git("", &["update-index", "--cacheinfo", &format!("160000,{commit},{path}")]);
    };
    let add = |case: &Case, text: &str| {
        let own = std::fs::read_to_string(case.path(".gitmodules")).unwrap();
        write(&case.path(".gitmodules"), format!("{own}{text}"));
    };
    // Last: git goes on and nothing is said, and the inventory has to know better.
    let cases: &[(&str, &[&str], &dyn Fn(&Case), bool)] = &[
        ("nothing damaged", &[], &|_| {}, false),
        ("tool not checked out", &[], &|case| case.not_checked_out("tool"), false),
        ("tool's folder gone", &[], &|case| case.gone("tool"), false),
        ("tool never cloned", &["tool"], &Case::never_cloned, false),
        ("tool's clone gone from under it", &["tool"], &|case| case.gone(".git/modules/a tool"), false),
        (
            "deep never cloned",
            &["libs/lib/deep"],
            &|case| {
                case.not_checked_out("libs/lib/deep");
                case.gone(".git/modules/libs/lib/modules/deep");
            },
            false,
        ),
        ("lib not checked out", &[], &|case| case.not_checked_out("libs/lib"), false),
        (
            "lib not checked out, deep never cloned",
            &["libs/lib/deep"],
            &|case| {
                case.not_checked_out("libs/lib");
                case.gone(".git/modules/libs/lib/modules/deep");
            },
            false,
        ),
        (
            "all of .git/modules gone",
            &[],
            &|case| {
                case.not_checked_out("libs/lib");
                case.not_checked_out("tool");
                case.gone(".git/modules");
            },
            false,
        ),
        ("a commit that nobody has", &["tool"], &|case| stage(case, "tool", strange), false),
        (
            "a commit that nobody has, not checked out",
            &["tool"],
            &|case| {
                stage(case, "tool", strange);
                case.not_checked_out("tool");
            },
            false,
        ),
        ("an older commit", &[], &|case| stage(case, "tool", &case.git("tool", &["rev-parse", "HEAD~1"])), false),
        (
            "an older commit is checked out",
            &[],
            &|case| {
                case.git("tool", &["checkout", "-q", "HEAD~1"]);
            },
            false,
        ),
        (
            "on a branch",
            &[],
            &|case| {
                case.git("tool", &["checkout", "-q", "main"]);
            },
            false,
        ),
        (
            "on a branch that is packed",
            &[],
            &|case| {
                case.git("tool", &["checkout", "-q", "main"]);
                case.git("tool", &["pack-refs", "--all"]);
            },
            false,
        ),
        ("HEAD garbage", &["tool"], &|case| write(&case.path(".git/modules/a tool/HEAD"), "nothing\n"), false),
        (
            "HEAD garbage, not checked out",
            &["tool"],
            &|case| {
                write(&case.path(".git/modules/a tool/HEAD"), "nothing\n");
                case.not_checked_out("tool");
            },
            false,
        ),
        ("no folder of references", &["tool"], &|case| case.gone(".git/modules/a tool/refs"), false),
        (
            "a line that git cannot read in the clone's settings",
            &["tool"],
            &|case| write(&case.path(".git/modules/a tool/config"), "[core\n"),
            false,
        ),
        (
            "a line that git cannot read in the settings",
            &[],
            &|case| write(&case.path(".git/config"), "[core\n"),
            false,
        ),
        (
            "a pack flipped, checked out",
            &["tool"],
            &|case| {
                damage(&case.pack("a tool", "pack"), Damage::Flipped, 120);
            },
            true,
        ),
        (
            "a pack flipped, not checked out",
            &["tool"],
            &|case| {
                damage(&case.pack("a tool", "pack"), Damage::Flipped, 120);
                case.not_checked_out("tool");
            },
            true,
        ),
        (
            "the end of a pack flipped, checked out",
            &["tool"],
            &|case| {
                let pack = case.pack("a tool", "pack");
                damage(&pack, Damage::Flipped, std::fs::metadata(&pack).unwrap().len() as usize - 45);
            },
            true,
        ),
        (
            "a pack cut short, not checked out",
            &["tool"],
            &|case| {
                damage(&case.pack("a tool", "pack"), Damage::Truncated, 0);
                case.not_checked_out("tool");
            },
            true,
        ),
        (
            "a pack gone, not checked out",
            &["tool"],
            &|case| {
                damage(&case.pack("a tool", "pack"), Damage::Gone, 0);
                case.not_checked_out("tool");
            },
            true,
        ),
        (
            "a pack's index garbage, not checked out",
            &["tool"],
            &|case| {
                damage(&case.pack("a tool", "idx"), Damage::Garbage, 0);
                case.not_checked_out("tool");
            },
            true,
        ),
        (
            "objects in files of their own",
            &[],
            &|case| {
                case.unpacked("a tool");
                case.not_checked_out("tool");
            },
            false,
        ),
        (
            "a file's object gone, not checked out",
            &["tool"],
            &|case| {
                case.unpacked("a tool");
                let id = case.git("tool", &["rev-parse", "HEAD:src/one.txt"]);
                std::fs::remove_file(case.loose("a tool", &id)).unwrap();
                case.not_checked_out("tool");
            },
            false,
        ),
        (
            "a file's object damaged, not checked out",
            &["tool"],
            &|case| {
                case.unpacked("a tool");
                let id = case.git("tool", &["rev-parse", "HEAD:src/one.txt"]);
                damage(&case.loose("a tool", &id), Damage::Flipped, 12);
                case.not_checked_out("tool");
            },
            true,
        ),
        (
            "a folder's object gone, not checked out",
            &["tool"],
            &|case| {
                case.unpacked("a tool");
                let id = case.git("tool", &["rev-parse", "HEAD:src/deeper"]);
                std::fs::remove_file(case.loose("a tool", &id)).unwrap();
                case.not_checked_out("tool");
            },
            false,
        ),
        (
            "a repository of the old kind in the folder",
            &[],
            &|case| {
                case.gone("tool/.git");
                std::fs::rename(case.path(".git/modules/a tool"), case.path("tool/.git")).unwrap();
                case.git("", &["config", "--file", "tool/.git/config", "--unset", "core.worktree"]);
            },
            false,
        ),
        ("a .git that says nothing", &["tool"], &|case| write(&case.path("tool/.git"), "nothing\n"), false),
        (
            "a file in the folder's place",
            &["tool"],
            &|case| {
                case.gone("tool");
                write(&case.path("tool"), "a file");
            },
            false,
        ),
        (
            "files that git does not know in the folder",
            &[],
            &|case| {
                case.not_checked_out("tool");
                write(&case.path("tool/src/one.txt"), "mine");
            },
            false,
        ),
        (
            "no section for tool",
            &[],
            &|case| {
                case.git("", &["config", "--file", ".gitmodules", "--remove-section", "submodule.a tool"]);
            },
            false,
        ),
        (
            "no path for tool",
            &[],
            &|case| {
                case.git("", &["config", "--file", ".gitmodules", "--unset", "submodule.a tool.path"]);
            },
            false,
        ),
        (
            "no section for tool, and nothing said of what is active",
            &[],
            &|case| {
                case.git("", &["config", "--unset", "submodule.active"]);
                case.git("", &["config", "--file", ".gitmodules", "--remove-section", "submodule.a tool"]);
            },
            false,
        ),
        (
            "a name that leads out, and nothing said of what is active",
            &[],
            &|case| {
                case.git("", &["config", "--unset", "submodule.active"]);
                case.edit(".gitmodules", "a tool", "../a tool");
            },
            false,
        ),
        (
            "nothing said of what is active, and nothing begun",
            &["tool"],
            &|case| {
                case.git("", &["config", "--remove-section", "submodule"]);
                case.git("", &["config", "--remove-section", "submodule.a tool"]);
                case.never_cloned();
            },
            false,
        ),
        (
            "tool alone is not active",
            &[],
            &|case| {
                case.git("", &["config", "submodule.a tool.active", "false"]);
                case.never_cloned();
            },
            false,
        ),
        (
            "tool alone is not active, which is nothing said of the others",
            &["tool"],
            &|case| {
                case.git("", &["config", "--remove-section", "submodule"]);
                case.git("", &["config", "submodule.a tool.active", "false"]);
                case.never_cloned();
            },
            false,
        ),
        (
            "no address for tool, but in the settings",
            &[],
            &|case| {
                case.git("", &["config", "--file", ".gitmodules", "--unset", "submodule.a tool.url"]);
            },
            false,
        ),
        (
            "no address for tool at all",
            &[],
            &|case| {
                case.git("", &["config", "--file", ".gitmodules", "--unset", "submodule.a tool.url"]);
                case.git("", &["config", "--unset", "submodule.a tool.url"]);
            },
            false,
        ),
        ("a name that leads out", &[], &|case| case.edit(".gitmodules", "a tool", "../a tool"), false),
        (
            "another name",
            &["tool"],
            &|case| {
                case.edit(".gitmodules", "a tool", "other");
                case.not_checked_out("tool");
            },
            false,
        ),
        ("another name, checked out", &[], &|case| case.edit(".gitmodules", "a tool", "other"), false),
        ("a line that git cannot read", &[], &|case| add(case, "[submodule \"x\"\n"), false),
        ("a value that does not end", &[], &|case| add(case, "\turl = \"x\n"), false),
        ("a command as a way to update", &[], &|case| add(case, "\tupdate = !true\n"), false),
        ("a way to update that there is not", &[], &|case| add(case, "\tupdate = often\n"), false),
        ("shallow maybe", &[], &|case| add(case, "\tshallow = maybe\n"), false),
        (
            "tool is not to be brought",
            &[],
            &|case| {
                add(case, "\tupdate = none\n");
                case.never_cloned();
            },
            false,
        ),
        (
            "tool is not to be brought, by the settings",
            &[],
            &|case| {
                case.git("", &["config", "submodule.a tool.update", "none"]);
                case.never_cloned();
            },
            false,
        ),
        (
            "only lib is active",
            &[],
            &|case| {
                case.git("", &["config", "submodule.active", "libs/lib"]);
                case.never_cloned();
            },
            false,
        ),
        (
            "a submodule that is named and not in the index",
            &[],
            &|case| add(case, "[submodule \"x\"]\n\tpath = x\n\turl = x\n"),
            false,
        ),
        (
            "tool taken out of the index",
            &[],
            &|case| {
                case.git("", &["rm", "-q", "--cached", "tool"]);
                case.never_cloned();
            },
            false,
        ),
        (
            "an index of version 4",
            &[],
            &|case| {
                case.git("", &["update-index", "--index-version", "4"]);
                case.not_checked_out("tool");
            },
            false,
        ),
        (
            "an index of version 4, tool never cloned",
            &["tool"],
            &|case| {
                case.git("", &["update-index", "--index-version", "4"]);
                case.never_cloned();
            },
            false,
        ),
        (
            "an index with entries to come",
            &[],
            &|case| {
                write(&case.path("new.txt"), "x");
                case.git("", &["add", "-N", "new.txt"]);
            },
            false,
        ),
        ("an index that is no index", &[], &|case| write(&case.path(".git/index"), "nothing"), false),
        ("no index of tool", &[], &|case| case.gone(".git/modules/a tool/index"), false),
        (
            "objects that are borrowed",
            &[],
            &|case| {
                let objects = case.path(".git/modules/a tool/objects");
                std::fs::rename(objects.join("pack"), case.path("pack")).unwrap();
                std::fs::create_dir(objects.join("pack")).unwrap();
                std::fs::create_dir_all(case.path("borrowed")).unwrap();
                std::fs::rename(case.path("pack"), case.path("borrowed/pack")).unwrap();
                write(&objects.join("info/alternates"), format!("{}\n", case.path("borrowed").display()));
                case.not_checked_out("tool");
            },
            false,
        ),
        (
            "objects that are borrowed from nowhere",
            &["tool"],
            &|case| {
                write(&case.path(".git/modules/a tool/objects/info/alternates"), "../../gone\n");
                let pack = case.pack("a tool", "pack");
                for ending in ["pack", "idx", "rev"] {
                    let _ = std::fs::remove_file(pack.with_extension(ending));
                }
                case.not_checked_out("tool");
            },
            false,
        ),
    ];
    for (name, damaged, change, unnoticed) in cases {
        let mut case = place.case();
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        case.judge(*unnoticed, &mut tally, name);
    }
    tally.finish("git, submodules", 50);
}

#[test]
fn the_inventory_and_git_agree_on_random_damage_to_clones() {
    let place = Place::new();
    let mut tally = Tally::default();
    let mut dice = Dice::new(1122);
    for at in 0..random_cases(12) {
        let case = place.case();
        let all: Vec<PathBuf> = files(&case.path(".git/modules"))
            .into_iter()
            .filter(|path| !["hooks", "logs", "info"].iter().any(|part| path.iter().any(|own| own == *part)))
            .collect();
        let (path, what) = (dice.pick(&all).clone(), *dice.pick(&DAMAGES));
        let empty = dice.roll(2) == 0;
        damage(&path, what, 12 + dice.roll(400));
        if empty {
            case.not_checked_out("tool");
            case.not_checked_out("libs/lib");
        }
        let name =
            format!("{at}: {} {what:?}, checked out: {}", path.strip_prefix(&case.work).unwrap().display(), !empty);
        let before = survey(&case.work, Homes::from_variables(variables()));
        let output = run(&mut git(&case.work, false, &["submodule", "update", "--init", "--recursive", "--no-fetch"]));
        tally.cases += 1;
        tally.passed += usize::from(output.status.success());
        let state = before.readiness.state;
        // Damage to objects and references that git does not come upon is told all the same.
        let packed = path.iter().any(|part| part == "objects" || part == "packed-refs");
        let agreed = if output.status.success() {
            state == ReadinessState::Ready || (packed && state == ReadinessState::Incomplete)
        } else {
            state == ReadinessState::Incomplete
        };
        if !agreed {
            let line = format!("{name}: {state:?}; git: {}", String::from_utf8_lossy(&output.stderr));
            println!("DIFFERENCE {line}");
            tally.differences.push(line);
        }
    }
    println!(
        "git, random damage: {} cases, {} pass, {} differences",
        tally.cases,
        tally.passed,
        tally.differences.len()
    );
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}

#[test]
fn what_git_finds_by_other_ways_is_told_to_be_unknown_and_never_to_be_here() {
    let place = Place::new();
    let changes: &[(&str, &dyn Fn(&Case))] = &[
        ("an index in two parts", &|case| {
            case.git("", &["update-index", "--split-index"]);
        }),
        ("patterns of what is active", &|case| {
            case.git("", &["config", "submodule.active", ":(glob)libs/**"]);
        }),
        ("an extension", &|case| {
            case.git("", &["config", "core.repositoryformatversion", "1"]);
            case.git("", &["config", "extensions.unheard", "1"]);
        }),
        ("another commit is to be merged", &|case| {
            case.git("", &["config", "submodule.a tool.update", "merge"]);
            case.git("tool", &["checkout", "-q", "HEAD~1"]);
        }),
    ];
    for (name, change) in changes {
        let case = place.case();
        change(&case);
        let survey = survey(&case.work, Homes::from_variables(variables()));
        assert_eq!(survey.readiness.state, ReadinessState::Unknown, "{name}: {:?}", survey.readiness);
    }
}

#[test]
fn a_submodule_is_told_at_its_section_and_brought_by_git_itself() {
    let place = Place::new();
    let case = place.case();
    case.never_cloned();
    case.not_checked_out("libs/lib/deep");
    case.gone(".git/modules/libs/lib/modules/deep");
    let survey = survey(&case.work, Homes::from_variables(variables()));
    let lacking: Vec<(&str, ArtifactState, u32)> =
        survey.absent().map(|artifact| (artifact.name.as_str(), artifact.state, artifact.range.start.line)).collect();
    let text = std::fs::read_to_string(case.path(".gitmodules")).unwrap();
    let line = text.lines().position(|line| line == "[submodule \"a tool\"]").unwrap() as u32;
    assert_eq!(lacking, [("libs/lib/deep", ArtifactState::Missing, 0), ("tool", ArtifactState::Missing, line)]);
    assert!(survey.artifacts.iter().any(|one| one.name == "libs/lib/deep" && one.needed_by == ["libs/lib"]));
    let steps = inventory::plan_fetch(&survey, None);
    assert_eq!(steps.len(), 2, "{steps:?}");
    for step in &steps {
        let arguments: Vec<&str> = step.command[1..].iter().map(String::as_str).collect();
        must(&mut git(&step.folder, true, &arguments));
    }
    let after = judge::survey(&case.work, Homes::from_variables(variables()));
    assert_eq!(after.readiness.state, ReadinessState::Ready, "{:?}", after.findings);
    assert!(case.path("libs/lib/deep/src/one.txt").is_file() && case.path("tool/src/one.txt").is_file());
}

#[test]
fn a_commit_that_a_clone_lacks_is_fetched_without_moving_what_is_checked_out() {
    let place = Place::new();
    let case = place.case();
    let upstream = case.path("upstream");
    must(&mut git(
        &case.work,
        true,
        &["clone", "-q", place.folder.join("repositories/tool").to_str().unwrap(), "upstream"],
    ));
    write(&upstream.join("later.txt"), "later");
    must(&mut git(&upstream, true, &["add", "."]));
    must(&mut git(&upstream, true, &["commit", "-q", "-m", "later"]));
    let (later, before) = (said(&upstream, &["rev-parse", "HEAD"]), case.git("tool", &["rev-parse", "HEAD"]));
    case.git("tool", &["remote", "set-url", "origin", upstream.to_str().unwrap()]);
    case.git("", &["update-index", "--cacheinfo", &format!("160000,{later},tool")]);
    let lacking = survey(&case.work, Homes::from_variables(variables()));
    let steps = inventory::plan_fetch(&lacking, None);
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert_eq!(steps[0].command[..2], ["git", "fetch"]);
    let arguments: Vec<&str> = steps[0].command[1..].iter().map(String::as_str).collect();
    must(&mut git(&steps[0].folder, true, &arguments));
    assert_eq!(survey(&case.work, Homes::from_variables(variables())).readiness.state, ReadinessState::Ready);
    assert_eq!(case.git("tool", &["rev-parse", "HEAD"]), before);
}
