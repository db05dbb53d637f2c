//! The judge of the inventory's answers about uv: `uv sync --locked --offline` with the pinned uv, both ways.
//! uv does not compare the files of an unpacked wheel with anything: what is damaged there and installed all the same, the
//! inventory has to know better.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;

use inventory::Homes;
use judge::{DAMAGES, Damage, Dice, Held, Tally, Verdict, copy, damage, files, must, random_cases, run, survey, write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Some twenty packages: one that has sources only, compiled ones, extras, groups, and what other systems need.
const PLAIN: &str = r#"[project]
name = "plain"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ["rich>=13", "docopt==0.6.2", "markupsafe", "colorama; sys_platform == 'win32'", "httpx[http2]", "importlib-metadata; python_version < '3.8'"]
[project.optional-dependencies]
more = ["click"]
[dependency-groups]
dev = ["iniconfig", { include-group = "deep" }]
deep = ["six"]
other = ["toml"]
"#;

const UV_BUILD: &str = "[build-system]\nrequires = [\"uv_build>=0.13,<0.14\"]\nbuild-backend = \"uv_build\"\n";
const HATCHLING: &str = "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";

/// The folder with the pinned uv.
fn tools() -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("tools")
        },
        PathBuf::from,
    );
    let uv = tools.join("uv/bin/uv");
    assert!(uv.is_file(), "{} is not there: run tests/uv/install.sh {}", uv.display(), tools.display());
    std::fs::canonicalize(uv).unwrap()
}

/// The Python that the projects are installed for: never a small program that chooses one.
fn python() -> PathBuf {
    let usual = PathBuf::from("/usr/bin/python3");
    let found = if usual.exists() {
        usual
    } else {
        let output = run(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]));
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    };
    std::fs::canonicalize(found).unwrap()
}

struct Place {
    /// Where a case's copy stands; the projects are made there too, because addresses of folders are part of the cache.
    run: PathBuf,
    kept: PathBuf,
    programs: PathBuf,
    held: Held,
}

struct Case {
    workspace: PathBuf,
    cache: PathBuf,
    programs: PathBuf,
    damaged: Vec<String>,
    /// What uv does not notice.
    unnoticed: Vec<String>,
}

fn package(folder: &Path, name: &str, more: &str) {
    let text = format!("[project]\nname = \"{name}\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\n{more}");
    write(&folder.join("pyproject.toml"), text);
    write(&folder.join("src").join(name).join("__init__.py"), "");
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=someone", "-c", "user.email=someone@example.org"]).args(arguments);
    must(command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1"));
}

fn link(to: &Path, at: &Path) {
    let _ = std::fs::remove_file(at);
    std::os::unix::fs::symlink(to, at).unwrap();
}

impl Place {
    fn new(name: &str, make: impl Fn(&Path)) -> Self {
        let stamp = format!("{PLAIN}{}{}{}", include_str!("judge_uv.rs").len(), python().display(), tools().display());
        let (held, folder, fresh) = Held::folder(&format!("judge-uv-{name}"), &stamp);
        let (run, kept, programs) = (folder.join("run"), folder.join("kept"), folder.join("programs"));
        let place = Place { run, kept, programs, held };
        if !fresh {
            for old in [&place.run, &place.kept, &place.programs] {
                if old.exists() {
                    std::fs::remove_dir_all(old).unwrap();
                }
                std::fs::create_dir_all(old).unwrap();
            }
            link(&tools(), &place.programs.join("uv"));
            link(&python(), &place.programs.join("python3"));
            // Parts of git are scripts.
            for name in ["git", "sh", "sed", "uname", "basename", "dirname", "cat", "tr", "expr"] {
                let whichever = run_text(Command::new("sh").args(["-c", &format!("command -v {name}")]));
                link(Path::new(whichever.trim()), &place.programs.join(name));
            }
            let case = place.at_run();
            make(&case.workspace);
            must(&mut case.uv(&["lock"]));
            must(&mut case.uv(&["sync", "--locked"]));
            std::fs::remove_dir_all(case.workspace.join(".venv")).unwrap();
            copy(&case.workspace, &place.kept.join("workspace"));
            copy(&case.cache, &place.kept.join("cache"));
            place.held.done();
        }
        place
    }

    fn at_run(&self) -> Case {
        let (workspace, cache) = (self.run.join("workspace"), self.run.join("cache"));
        Case { workspace, cache, programs: self.programs.clone(), damaged: Vec::new(), unnoticed: Vec::new() }
    }

    fn case(&self) -> Case {
        let case = self.at_run();
        copy(&self.kept.join("workspace"), &case.workspace);
        copy(&self.kept.join("cache"), &case.cache);
        case
    }

    fn judge(tally: &mut Tally, name: &str, case: Case) {
        if tally.leaves_out() {
            return;
        }
        let survey = survey(&case.workspace, case.homes());
        let output = run(&mut case.uv(&["sync", "--locked", "--offline"]));
        let passes = output.status.success();
        let verdict = Verdict {
            passes,
            silent: if passes { case.unnoticed } else { Vec::new() },
            damaged: case.damaged,
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        tally.add(name, &survey, &verdict);
    }
}

fn run_text(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).unwrap()
}

impl Case {
    /// The environment of both: nothing of this user's own.
    fn variables(&self) -> Vec<(String, String)> {
        let mut kept: Vec<(String, String)> = std::env::vars()
            .filter(|(name, _)| {
                !["UV_", "XDG_", "PYENV", "PYTHON", "VIRTUAL_ENV", "CONDA"].iter().any(|start| name.starts_with(start))
            })
            .filter(|(name, _)| name != "PATH" && name != "HOME")
            .collect();
        let own = self.programs.parent().unwrap();
        for (name, path) in [("PATH", &self.programs), ("HOME", &own.join("home")), ("UV_CACHE_DIR", &self.cache)] {
            kept.push((name.to_owned(), path.to_str().unwrap().to_owned()));
        }
        kept
    }

    fn homes(&self) -> Homes {
        Homes::from_variables(self.variables())
    }

    fn uv(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("uv"));
        command.args(arguments).current_dir(&self.workspace).env_clear().envs(self.variables());
        command
    }

    fn below(&self, pattern: &str) -> PathBuf {
        let pattern = self.cache.join(pattern);
        let found = glob::glob(pattern.to_str().unwrap()).unwrap().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "{}: {found:?}", pattern.display());
        found[0].clone()
    }

    /// The fetched wheels: names of packages and their pointers.
    fn pointers(&self) -> Vec<(String, PathBuf)> {
        let all = files(&self.cache.join("wheels-v7")).into_iter();
        let named = all.filter(|path| path.extension().is_some_and(|ending| ending == "http"));
        named.map(|path| (path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned(), path)).collect()
    }

    /// The folder that a pointer's files are in.
    fn archive(pointer: &Path) -> PathBuf {
        std::fs::canonicalize(pointer.with_extension("")).unwrap()
    }
}

fn gone(path: &Path) {
    if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
}

fn plain() -> Place {
    Place::new("plain", |workspace| write(&workspace.join("pyproject.toml"), PLAIN))
}

/// Everything that is no package of a registry: members, folders that are built by uv itself, by another tool and the old
/// way, one that is installed in place, a repository, and a wheel beside the lockfile.
fn many() -> Place {
    Place::new("many", |workspace| {
        let hosts = workspace.parent().unwrap().parent().unwrap().join("hosts");
        if hosts.exists() {
            std::fs::remove_dir_all(&hosts).unwrap();
        }
        let repository = hosts.join("gitdep");
        package(&repository, "gitdep", HATCHLING);
        git(&repository, &["init", "--quiet", "--initial-branch", "main"]);
        git(&repository, &["add", "--all"]);
        git(&repository, &["commit", "--quiet", "--message", "as it is"]);
        let text = format!(
            "[project]\nname = \"many\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\n\
             dependencies = [\"lib\", \"other\", \"placed\", \"gitdep\", \"old\", \"six; python_version >= '3.8'\"]\n\
             [tool.uv.workspace]\nmembers = [\"packages/*\"]\n\
             [tool.uv.sources]\nlib = {{ workspace = true }}\nother = {{ path = \"other\" }}\n\
             placed = {{ path = \"placed\", editable = true }}\nold = {{ path = \"old\" }}\n\
             gitdep = {{ git = \"file://{}\", branch = \"main\" }}\n",
            repository.display()
        );
        write(&workspace.join("pyproject.toml"), text);
        package(&workspace.join("packages/lib"), "lib", &format!("dependencies = ['toml']\n{UV_BUILD}"));
        package(&workspace.join("packages/alone"), "alone", "dependencies = ['iniconfig']\n");
        package(&workspace.join("other"), "other", HATCHLING);
        package(&workspace.join("placed"), "placed", UV_BUILD);
        package(&workspace.join("old"), "old", "");
    })
}

#[test]
fn the_inventory_and_uv_agree_on_every_kind_of_damage_to_what_was_fetched() {
    let place = plain();
    let mut tally = Tally::default();
    Place::judge(&mut tally, "nothing damaged", place.case());
    let mut dice = Dice::new(11);
    let needed = ["rich", "markupsafe", "h2", "six", "typing-extensions"];
    for what in DAMAGES {
        let mut case = place.case();
        let victim = *dice.pick(&needed);
        let pointer = case.pointers().into_iter().find(|(name, _)| name == victim).unwrap().1;
        let _ = damage(&pointer, what, 40);
        case.damaged.push(victim.into());
        Place::judge(&mut tally, &format!("pointer of {victim} {what:?}"), case);
        for file in ["METADATA", "WHEEL", "RECORD"] {
            let Some(mut case) = tally.case(|| place.case()) else { continue };
            let victim = *dice.pick(&needed);
            let pointer = case.pointers().into_iter().find(|(name, _)| name == victim).unwrap().1;
            let own = files(&Case::archive(&pointer)).into_iter().find(|path| path.ends_with(file)).unwrap();
            let _ = damage(&own, what, dice.roll(1_000_000));
            case.damaged.push(victim.into());
            case.unnoticed.push(victim.into());
            Place::judge(&mut tally, &format!("{file} of {victim} {what:?}"), case);
        }
        let mut case = place.case();
        let pointer = case.pointers().into_iter().find(|(name, _)| name == "rich").unwrap().1;
        let _ = damage(&Case::archive(&pointer).join("rich/console.py"), what, 5_000);
        case.damaged.push("rich".into());
        case.unnoticed.push("rich".into());
        Place::judge(&mut tally, &format!("a module of rich {what:?}"), case);
        let mut case = place.case();
        let _ = damage(&case.below("sdists-v10/pypi/docopt/0.6.2/revision.http"), what, 30);
        case.damaged.push("docopt".into());
        Place::judge(&mut tally, &format!("pointer to the sources of docopt {what:?}"), case);
    }
    let changes: &[(&str, &[&str], &dyn Fn(&Case))] = &[
        ("the files of h2 gone", &["h2"], &|case| {
            gone(&Case::archive(&case.pointers().into_iter().find(|(name, _)| name == "h2").unwrap().1));
        }),
        ("the link to the files of h2 gone", &[], &|case| {
            gone(&case.pointers().into_iter().find(|(name, _)| name == "h2").unwrap().1.with_extension(""));
        }),
        ("the descriptions of versions gone", &[], &|case| gone(&case.cache.join("simple-v27"))),
        ("what was built of docopt gone, and its wheel left", &[], &|case| {
            gone(&std::fs::canonicalize(case.below("sdists-v10/pypi/docopt/0.6.2/*/docopt-*-any")).unwrap());
        }),
        ("what was built of docopt gone, with its wheel", &[], &|case| {
            gone(&std::fs::canonicalize(case.below("sdists-v10/pypi/docopt/0.6.2/*/docopt-*-any")).unwrap());
            gone(&case.below("sdists-v10/pypi/docopt/0.6.2/*/docopt-*-any"));
            gone(&case.below("sdists-v10/pypi/docopt/0.6.2/*/docopt-*.whl"));
        }),
        ("that, and what builds it", &["setuptools"], &|case| {
            gone(&std::fs::canonicalize(case.below("sdists-v10/pypi/docopt/0.6.2/*/docopt-*-any")).unwrap());
            gone(&case.below("sdists-v10/pypi/docopt/0.6.2/*/docopt-*-any"));
            gone(&case.below("sdists-v10/pypi/docopt/0.6.2/*/docopt-*.whl"));
            gone(&case.cache.join("wheels-v7/pypi/setuptools"));
        }),
        ("what builds docopt gone, which was built", &[], &|case| gone(&case.cache.join("wheels-v7/pypi/setuptools"))),
        ("all sources of docopt gone", &["docopt"], &|case| gone(&case.cache.join("sdists-v10/pypi/docopt"))),
        ("all archives gone", &[], &|case| gone(&case.cache.join("archive-v0"))),
        ("all wheels gone", &[], &|case| gone(&case.cache.join("wheels-v7"))),
        ("the whole cache gone", &[], &|case| gone(&case.cache)),
        ("a file where wheels are kept", &[], &|case| {
            gone(&case.cache.join("wheels-v7"));
            write(&case.cache.join("wheels-v7"), "a file");
        }),
    ];
    for (name, damaged, change) in changes {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        Place::judge(&mut tally, name, case);
    }
    tally.finish("uv, what was fetched", 35);
}

#[test]
fn the_inventory_and_uv_agree_on_pythons() {
    let place = plain();
    let mut tally = Tally::default();
    let version = run_text(Command::new(python()).args(["-c", "import sys; print('%d.%d %d' % sys.version_info[:3])"]));
    let (minor, patch) = version.trim().split_once(' ').unwrap();
    for (text, whole) in [
        (minor.to_owned(), true),
        (format!("{minor}.{patch}"), true),
        ("3.99".to_owned(), false),
        (format!("{minor}.98"), false),
        ("3.8".to_owned(), false),
    ] {
        let Some(case) = tally.case(|| place.case()) else { continue };
        write(&case.workspace.join(".python-version"), format!("{text}\n"));
        Place::judge(&mut tally, &format!("pinned to {text}, here {whole}"), case);
    }
    let mut case = place.case();
    // The same programs without a Python.
    let programs = place.run.join("programs");
    let _ = std::fs::remove_dir_all(&programs);
    std::fs::create_dir_all(&programs).unwrap();
    link(&tools(), &programs.join("uv"));
    case.programs.clone_from(&programs);
    Place::judge(&mut tally, "no Python", case);
    let mut case = place.case();
    link(&python(), &programs.join(format!("python{minor}")));
    case.programs.clone_from(&programs);
    Place::judge(&mut tally, "a Python that only its version names", case);
    let mut case = place.case();
    link(Path::new("/nowhere/python3"), &programs.join("python3"));
    case.programs.clone_from(&programs);
    Place::judge(&mut tally, "a link that leads nowhere before it", case);
    let mut case = place.case();
    let _ = std::fs::remove_file(programs.join(format!("python{minor}")));
    case.programs.clone_from(&programs);
    Place::judge(&mut tally, "only a link that leads nowhere", case);
    // With an environment that is there already.
    let case = place.case();
    must(&mut case.uv(&["sync", "--locked", "--offline"]));
    Place::judge(&mut tally, "everything installed", case);
    let case = place.case();
    must(&mut case.uv(&["sync", "--locked", "--offline"]));
    gone(&case.cache.join("wheels-v7"));
    Place::judge(&mut tally, "everything installed, and no wheels in the cache", case);
    let case = place.case();
    must(&mut case.uv(&["sync", "--locked", "--offline"]));
    gone(&case.cache.join("wheels-v7"));
    let own = glob::glob(case.workspace.join(".venv/lib/python3*/site-packages/rich*").to_str().unwrap()).unwrap();
    own.for_each(|path| gone(&path.unwrap()));
    Place::judge(&mut tally, "one less installed, and no wheels in the cache", case);
    let case = place.case();
    must(&mut case.uv(&["sync", "--locked", "--offline"]));
    link(Path::new("/nowhere/python3"), &case.workspace.join(".venv/bin/python"));
    gone(&case.cache.join("wheels-v7"));
    Place::judge(&mut tally, "the environment's Python gone, and no wheels in the cache", case);
    tally.finish("uv, Pythons", 12);
}

#[test]
fn the_inventory_and_uv_agree_on_manifests_and_lockfiles_that_differ() {
    let place = plain();
    let mut tally = Tally::default();
    let edits: &[(&str, &str, &str, &str)] = &[
        ("a new dependency", "pyproject.toml", "\"markupsafe\"", "\"markupsafe\", \"toml\""),
        ("a dependency taken out", "pyproject.toml", "\"markupsafe\", ", ""),
        ("another range", "pyproject.toml", "rich>=13", "rich>=13.1"),
        ("the same range, written otherwise", "pyproject.toml", "rich>=13", "Rich >= 13"),
        ("the same marker, written otherwise", "pyproject.toml", "sys_platform == 'win32'", "'win32' == sys_platform"),
        ("another marker", "pyproject.toml", "sys_platform == 'win32'", "sys_platform == 'darwin'"),
        ("a marker that always holds", "pyproject.toml", "\"markupsafe\"", "\"markupsafe; python_version >= '3.8'\""),
        ("an extra less", "pyproject.toml", "httpx[http2]", "httpx"),
        ("another extra of the project", "pyproject.toml", "more = [\"click\"]", "less = [\"click\"]"),
        ("an empty extra more", "pyproject.toml", "more = [\"click\"]", "more = [\"click\"]\nnone = []"),
        ("a group taken out", "pyproject.toml", "other = [\"toml\"]", ""),
        ("an empty group more", "pyproject.toml", "other = [\"toml\"]", "other = [\"toml\"]\nnone = []"),
        ("what a group includes put into it", "pyproject.toml", "{ include-group = \"deep\" }", "\"six\""),
        ("a group that includes itself", "pyproject.toml", "deep = [\"six\"]", "deep = [{ include-group = \"dev\" }]"),
        ("another version", "pyproject.toml", "version = \"0.1.0\"", "version = \"0.2.0\""),
        ("the same version, written otherwise", "pyproject.toml", "version = \"0.1.0\"", "version = \"0.1\""),
        ("another name", "pyproject.toml", "name = \"plain\"", "name = \"plainer\""),
        ("other Pythons", "pyproject.toml", ">=3.9\"", ">=3.10\""),
        (
            "now it is built",
            "pyproject.toml",
            "[dependency-groups]",
            "[build-system]\nrequires = [\"uv_build\"]\nbuild-backend = \"uv_build\"\n[dependency-groups]",
        ),
        (
            "another group by default, which is not here",
            "pyproject.toml",
            "[dependency-groups]",
            "[tool.uv]\ndefault-groups = [\"other\"]\n[dependency-groups]",
        ),
        (
            "no group by default",
            "pyproject.toml",
            "[dependency-groups]",
            "[tool.uv]\ndefault-groups = []\n[dependency-groups]",
        ),
        ("a manifest that is broken", "pyproject.toml", "[dependency-groups]", "[dependency-groups"),
        ("another checksum", "uv.lock", "hash = \"sha256:", "hash = \"sha256:00"),
        (
            "another version in the lockfile",
            "uv.lock",
            "name = \"six\"\nversion = \"1",
            "name = \"six\"\nversion = \"2",
        ),
        ("a comma too few", "uv.lock", "},\n    { name = ", "}\n    { name = "),
        (
            "a dependency that the lockfile lacks",
            "uv.lock",
            "[[package]]\nname = \"six\"",
            "[[package]]\nname = \"sixth\"",
        ),
        (
            "conflict markers",
            "uv.lock",
            "[[package]]\nname = \"six\"",
            "<<<<<<< ours\n=======\n>>>>>>> theirs\n[[package]]\nname = \"six\"",
        ),
    ];
    for (what, file, from, to) in edits {
        let Some(case) = tally.case(|| place.case()) else { continue };
        let path = case.workspace.join(file);
        let before = std::fs::read_to_string(&path).unwrap();
        assert!(before.contains(from), "{what}");
        let after = if *what == "another checksum" {
            // Of a wheel that is needed, and of the right length.
            let start = before.find("name = \"six\"").unwrap();
            let at = start + before[start..].find("-none-any.whl").unwrap();
            let at = at + before[at..].find("sha256:").unwrap() + 7;
            format!("{}{}{}", &before[..at], "0".repeat(64), &before[at + 64..])
        } else {
            before.replacen(from, to, 1)
        };
        write(&path, after);
        Place::judge(&mut tally, what, case);
    }
    let case = place.case();
    let text = std::fs::read_to_string(case.workspace.join("uv.lock")).unwrap();
    write(&case.workspace.join("uv.lock"), &text[..text.len() * 2 / 3]);
    Place::judge(&mut tally, "the lockfile cut off", case);
    let case = place.case();
    write(&case.workspace.join("uv.lock"), "");
    Place::judge(&mut tally, "an empty lockfile", case);
    tally.finish("uv, manifests and lockfiles", edits.len() + 2);
}

#[test]
fn the_inventory_and_uv_agree_on_members_folders_and_repositories() {
    let place = many();
    let mut tally = Tally::default();
    Place::judge(&mut tally, "nothing damaged", place.case());
    let changes: &[(&str, &[&str], &dyn Fn(&Case))] = &[
        ("what builds gone", &["hatchling"], &|case| gone(&case.cache.join("wheels-v7/pypi/hatchling"))),
        ("what that needs gone", &["pathspec"], &|case| gone(&case.cache.join("wheels-v7/pypi/pathspec"))),
        ("what that needs has no list of versions", &["pathspec"], &|case| {
            gone(&case.cache.join("simple-v27/pypi/pathspec.rkyv"));
        }),
        ("the files of what builds gone", &["hatchling"], &|case| {
            gone(&Case::archive(&case.pointers().into_iter().find(|(name, _)| name == "hatchling").unwrap().1));
        }),
        ("only the description of what builds left", &["hatchling"], &|case| {
            gone(&case.pointers().into_iter().find(|(name, _)| name == "hatchling").unwrap().1);
        }),
        ("the old way's tool gone", &["setuptools"], &|case| gone(&case.cache.join("wheels-v7/pypi/setuptools"))),
        ("the repository's clone gone, and its wheel built", &[], &|case| gone(&case.cache.join("git-v1"))),
        ("the repository's wheel gone, and its clone here", &[], &|case| gone(&case.cache.join("sdists-v10/git"))),
        ("what was built of folders gone", &[], &|case| {
            gone(&case.cache.join("sdists-v10/path"));
            gone(&case.cache.join("sdists-v10/editable"));
        }),
        ("a folder gone", &[], &|case| gone(&case.workspace.join("other"))),
        ("a member gone", &[], &|case| gone(&case.workspace.join("packages/alone"))),
        ("a member more", &[], &|case| package(&case.workspace.join("packages/new"), "new", "")),
        ("a member's dependency taken out", &[], &|case| {
            package(&case.workspace.join("packages/lib"), "lib", UV_BUILD);
        }),
        ("a folder asks for more", &[], &|case| {
            package(&case.workspace.join("other"), "other", &format!("dependencies = ['six']\n{HATCHLING}"));
        }),
        ("a folder has another version", &[], &|case| {
            let path = case.workspace.join("other/pyproject.toml");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("0.1.0", "0.1.1"));
        }),
        ("a member is no longer built", &[], &|case| {
            package(&case.workspace.join("packages/lib"), "lib", "dependencies = ['toml']\n");
        }),
        ("a folder is built by a tool that is not here", &["flit-core"], &|case| {
            package(
                &case.workspace.join("other"),
                "other",
                "[build-system]\nrequires = [\"flit_core\"]\nbuild-backend = \"flit_core.buildapi\"\n",
            );
        }),
        ("another branch", &[], &|case| {
            edit(&case.workspace.join("pyproject.toml"), "branch = \"main\"", "branch = \"other\"");
        }),
        ("no branch", &[], &|case| edit(&case.workspace.join("pyproject.toml"), ", branch = \"main\"", "")),
        ("another repository", &[], &|case| {
            edit(&case.workspace.join("pyproject.toml"), "hosts/gitdep", "hosts/other");
        }),
        ("a folder no longer installed in place", &[], &|case| {
            edit(&case.workspace.join("pyproject.toml"), ", editable = true", "");
        }),
        ("a folder from the registry", &[], &|case| {
            edit(&case.workspace.join("pyproject.toml"), "other = { path = \"other\" }\n", "");
        }),
        ("a wheel that a member needs gone", &["toml"], &|case| gone(&case.cache.join("wheels-v7/pypi/toml"))),
        ("a wheel that only another member needs is not here", &[], &|case| {
            let own = case.cache.join("wheels-v7/pypi/iniconfig");
            if own.exists() {
                gone(&own);
            }
        }),
    ];
    for (name, damaged, change) in changes {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        Place::judge(&mut tally, name, case);
    }
    // A repository in a folder is cloned offline too: that is put away as well.
    let mut case = place.case();
    gone(&case.cache.join("sdists-v10/git"));
    gone(&case.cache.join("git-v1"));
    let (hosts, away) = (place.run.with_file_name("hosts"), place.run.with_file_name("away"));
    std::fs::rename(&hosts, &away).unwrap();
    case.damaged.push("gitdep".into());
    Place::judge(&mut tally, "the repository's clone and its wheel gone, and the repository", case);
    std::fs::rename(&away, &hosts).unwrap();
    // What was built since the folders changed is used as it is: then nothing is needed to build them.
    for (name, damaged) in [("built since, and what builds gone", true), ("built since", false)] {
        let Some(case) = tally.case(|| place.case()) else { continue };
        must(&mut case.uv(&["sync", "--locked", "--offline"]));
        gone(&case.workspace.join(".venv"));
        if damaged {
            gone(&case.cache.join("wheels-v7/pypi/hatchling"));
            gone(&case.cache.join("wheels-v7/pypi/setuptools"));
        }
        Place::judge(&mut tally, name, case);
    }
    tally.finish("uv, members, folders and repositories", changes.len() + 3);
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from}");
    write(path, text.replace(from, to));
}

#[test]
fn the_inventory_and_uv_agree_on_random_damage() {
    let mut tally = Tally::default();
    let cases = random_cases(16);
    let mut dice = Dice::new(1_122);
    for (index, place) in [plain as fn() -> Place, many].into_iter().enumerate() {
        let place = place();
        for number in 0..cases / 2 + usize::from(index < cases % 2) {
            let Some(mut case) = tally.case(|| place.case()) else { continue };
            let mut done = String::new();
            for _ in 0..dice.roll(3) {
                // Not what is packed, nor the lists of versions: that these can be read is believed.
                let taken = |path: &PathBuf| {
                    let below = path.strip_prefix(&case.cache).unwrap().to_str().unwrap().to_owned();
                    let kept = ["wheels-v7/", "archive-v0/", "sdists-v10/"].iter().any(|part| below.starts_with(part));
                    kept && !below.contains("/src/")
                        && path.extension().is_none_or(|ending| ending != "lock" && ending != "whl")
                        && path.is_file()
                };
                let victims: Vec<PathBuf> = files(&case.cache).into_iter().filter(taken).collect();
                if victims.is_empty() {
                    break;
                }
                // There are a thousand files of wheels for each that says where they are.
                let small: Vec<PathBuf> =
                    victims.iter().filter(|path| !path.starts_with(case.cache.join("archive-v0"))).cloned().collect();
                let among = if small.is_empty() || dice.roll(2) == 0 { &victims } else { &small };
                let victim = dice.pick(among).clone();
                let what = *dice.pick(&DAMAGES);
                let at = dice.roll(1 << 20);
                if !damage(&victim, what, at) {
                    continue;
                }
                done = format!("{done} {what:?} at {at} of {};", victim.strip_prefix(&case.cache).unwrap().display());
                let below = victim.strip_prefix(&case.cache).unwrap();
                if below.starts_with("archive-v0") {
                    let id = below.components().nth(1).unwrap().as_os_str().to_owned();
                    let owner = case.pointers().into_iter().find(|(_, pointer)| {
                        std::fs::read_link(pointer.with_extension("")).is_ok_and(|link| link.file_name() == Some(&id))
                    });
                    if let Some((name, _)) = owner {
                        case.unnoticed.push(name);
                    }
                }
            }
            judge_random(&mut tally, &format!("{index} {number}:{done}"), case);
        }
    }
    tally.finish("uv, random damage", cases);
}

/// Damage in an unpacked wheel that nobody needs is nobody's: only what the survey would have to know counts.
fn judge_random(tally: &mut Tally, name: &str, mut case: Case) {
    let named = survey(&case.workspace, case.homes());
    case.unnoticed
        .retain(|name| named.artifacts.iter().any(|artifact| artifact.name == *name && !artifact.other_target));
    Place::judge(tally, name, case);
}

#[test]
fn what_is_missing_or_damaged_is_fetched_with_uv_itself_and_the_environment_is_left_alone() {
    for (place, change) in [
        (
            plain as fn() -> Place,
            (&|case: &Case| {
                gone(&case.cache.join("wheels-v7/pypi/h2"));
                gone(&case.cache.join("sdists-v10/pypi/docopt"));
                let pointer = case.pointers().into_iter().find(|(name, _)| name == "rich").unwrap().1;
                let _ = damage(&Case::archive(&pointer).join("rich/console.py"), Damage::Truncated, 0);
            }) as &dyn Fn(&Case),
        ),
        (many, &|case: &Case| {
            gone(&case.cache.join("wheels-v7/pypi/toml"));
            gone(&case.cache.join("wheels-v7/pypi/hatchling"));
            gone(&case.cache.join("simple-v27/pypi/setuptools.rkyv"));
        }),
    ] {
        let place = place();
        let case = place.case();
        change(&case);
        let own = tempfile::tempdir().unwrap();
        let holdover = |arguments: &[&str]| {
            let mut command = Command::new(holdover_tests::binary::holdover());
            command.args(arguments).current_dir(&case.workspace).env_clear().envs(case.variables());
            command.env("HOLDOVER_DATA_DIR", own.path()).env("HOLDOVER_CONFIG", own.path().join("none.toml"));
            run(command.env_remove("HOLDOVER_OFFLINE"))
        };
        let before = holdover(&["preflight"]);
        assert_eq!(before.status.code(), Some(1), "{before:?}");
        let dry = holdover(&["preflight", "--fetch", "--dry-run"]);
        let dry = String::from_utf8(dry.stdout).unwrap();
        assert!(dry.contains("would run uv ") && dry.contains("iB"), "the lockfile has sizes: {dry}");
        assert_eq!(holdover(&["trust"]).status.code(), Some(0));
        let after = holdover(&["preflight", "--fetch"]);
        assert_eq!(after.status.code(), Some(0), "{}", String::from_utf8_lossy(&[after.stdout, after.stderr].concat()));
        assert!(!case.workspace.join(".venv").exists(), "the project's own environment is not made");
        let deep = holdover(&["preflight", "--deep"]);
        assert_eq!(deep.status.code(), Some(0), "{}", String::from_utf8_lossy(&deep.stdout));
        must(&mut case.uv(&["sync", "--locked", "--offline"]));
    }
}
