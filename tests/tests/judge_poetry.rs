//! The judge of the inventory's answers about Poetry: `poetry install --no-root` with the pinned Poetry, both ways, while
//! the registry that the lockfile names does not answer. Poetry does not compare what is installed with anything: what is
//! damaged there and taken all the same, the inventory has to know better.
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
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Extras, groups of both kinds, one of them optional, and what another system needs.
const PROJECT: &str = r#"[project]
name = "plain"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["rich==13.7.1", "markupsafe", "click>=8", "colorama; sys_platform == 'win32'"]
[project.optional-dependencies]
more = ["h11"]
[dependency-groups]
test = ["idna"]
[tool.poetry.group.dev.dependencies]
h2 = "*"
[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
six = "*"
"#;
const PACKAGES: [&str; 8] = ["rich==13.7.1", "markupsafe", "click", "colorama", "h11", "idna", "h2", "six"];
/// Poetry, which waits no seconds between its attempts to reach a registry that is not there.
const WITHOUT_WAITING: &str = "import sys, time; time.sleep = lambda seconds: None\n\
                               from poetry.console.application import main; sys.exit(main())";

fn tools() -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("tools")
        },
        PathBuf::from,
    );
    let poetry = tools.join("poetry");
    let there = poetry.join("bin/poetry").is_file();
    assert!(there, "{} is not there: run tests/poetry/install.sh {}", poetry.display(), tools.display());
    std::fs::canonicalize(poetry).unwrap()
}

/// The Python that Poetry runs with, links followed.
fn python() -> PathBuf {
    std::fs::canonicalize(tools().join("bin/python")).unwrap()
}

/// A registry on this machine, of the wheels in a folder, for as long as it is held.
struct Registry {
    child: Child,
    port: u16,
}

impl Registry {
    fn of(folder: &Path) -> Self {
        for path in files(&folder.join("wheels")) {
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            let name = file.split('-').next().unwrap().replace(['_', '.'], "-").to_lowercase();
            let sum = hex::encode(Sha256::digest(std::fs::read(&path).unwrap()));
            let page =
                format!("<!DOCTYPE html><html><body><a href=\"/wheels/{file}#sha256={sum}\">{file}</a></body></html>");
            write(&folder.join("simple").join(name).join("index.html"), page);
        }
        let mut command = Command::new(python());
        command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]).arg(folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("port ").nth(1).and_then(|rest| rest.split(' ').next()).expect(&line).parse().unwrap();
        Registry { child, port }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Place {
    run: PathBuf,
    kept: PathBuf,
    _held: Held,
}

struct Case {
    workspace: PathBuf,
    own: PathBuf,
    damaged: Vec<String>,
    /// What Poetry does not notice.
    unnoticed: Vec<String>,
}

impl Place {
    fn new() -> Self {
        let stamp = format!("{PROJECT}{PACKAGES:?}{}{}3", python().display(), tools().display());
        let (held, folder, fresh) = Held::folder("judge-poetry", &stamp);
        let (run_in, kept) = (folder.join("run"), folder.join("kept"));
        if !fresh {
            for old in [&run_in, &kept] {
                if old.exists() {
                    std::fs::remove_dir_all(old).unwrap();
                }
                std::fs::create_dir_all(old).unwrap();
            }
            let index = folder.join("index");
            let mut download = Command::new("python3");
            download.args([
                "-m",
                "pip",
                "download",
                "-q",
                "--disable-pip-version-check",
                "--only-binary",
                ":all:",
                "--dest",
            ]);
            let version = run(Command::new(python()).args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]));
            let version = String::from_utf8(version.stdout).unwrap();
            must(download.arg(index.join("wheels")).args(["--python-version", version.trim()]).args(PACKAGES));
            let registry = Registry::of(&index);
            let case = Case::at(&run_in, &folder);
            let source = format!(
                "[[tool.poetry.source]]\nname = \"here\"\nurl = \"http://127.0.0.1:{}/simple/\"\npriority = \"primary\"\n",
                registry.port
            );
            let project = PROJECT.replace(">=3.11", &format!(">={}", version.trim()));
            write(&case.workspace.join("pyproject.toml"), format!("{project}{source}"));
            must(Command::new(python()).args(["-m", "venv", "--without-pip"]).arg(case.workspace.join(".venv")));
            must(&mut case.poetry(&["lock"]));
            must(&mut case.poetry(&["install", "--no-root"]));
            copy(&case.workspace, &kept.join("workspace"));
            held.done();
        }
        Place { run: run_in, kept, _held: held }
    }

    fn case(&self) -> Case {
        let case = Case::at(&self.run, self.kept.parent().unwrap());
        copy(&self.kept.join("workspace"), &case.workspace);
        // A cache has answers that a registry allowed to be kept for a while; none is counted on.
        let _ = std::fs::remove_dir_all(case.own.join("cache"));
        case
    }

    fn judge(tally: &mut Tally, name: &str, case: Case) {
        let survey = survey(&case.workspace, case.homes());
        let output = run(&mut case.poetry(&["install", "--no-root"]));
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

impl Case {
    fn at(folder: &Path, own: &Path) -> Self {
        let (damaged, unnoticed) = (Vec::new(), Vec::new());
        Case { workspace: folder.join("workspace"), own: own.to_path_buf(), damaged, unnoticed }
    }

    /// The environment of both: nothing of this user's own, and no way out.
    fn variables(&self) -> Vec<(String, String)> {
        let programs = self.own.join("programs");
        std::fs::create_dir_all(&programs).unwrap();
        let _ = std::os::unix::fs::symlink(python(), programs.join("python3"));
        let _ = std::os::unix::fs::symlink(tools().join("bin/poetry"), programs.join("poetry"));
        let starts = ["UV_", "XDG_", "PYENV", "PYTHON", "VIRTUAL_ENV", "CONDA", "PIP_", "POETRY_"];
        let mut kept: Vec<(String, String)> = std::env::vars()
            .filter(|(name, _)| !starts.iter().any(|start| name.starts_with(start)) && name != "PATH" && name != "HOME")
            .filter(|(name, _)| !name.to_lowercase().ends_with("_proxy"))
            .collect();
        let (home, cache) = (self.own.join("home"), self.own.join("cache"));
        for (name, path) in [("PATH", programs), ("HOME", home), ("POETRY_CACHE_DIR", cache)] {
            kept.push((name.to_owned(), path.to_str().unwrap().to_owned()));
        }
        kept
    }

    fn homes(&self) -> Homes {
        Homes::from_variables(self.variables())
    }

    fn poetry(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(tools().join("bin/python"));
        command.args(["-c", WITHOUT_WAITING]).args(arguments).args(["--no-interaction", "--no-ansi", "--no-plugins"]);
        command.current_dir(&self.workspace).env_clear().envs(self.variables());
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("POETRY_KEYRING_ENABLED", "false");
        command
    }

    /// A file of what is installed.
    fn installed(&self, pattern: &str) -> PathBuf {
        let pattern = self.workspace.join(".venv/lib/python3*/site-packages").join(pattern);
        let found: Vec<PathBuf> = glob::glob(pattern.to_str().unwrap()).unwrap().map(Result::unwrap).collect();
        assert_eq!(found.len(), 1, "{}: {found:?}", pattern.display());
        found[0].clone()
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.workspace.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        write(&path, text.replacen(from, to, 1));
    }
}

fn gone(path: &Path) {
    if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
}

#[test]
fn the_inventory_and_poetry_agree_on_what_is_installed_and_what_is_asked_for() {
    let place = Place::new();
    let mut tally = Tally::default();
    let all = std::env::var_os("HOLDOVER_JUDGE_CASES").is_some();
    // Those that the usual run leaves out are run where cases are asked for.
    let changes: &[(bool, &str, &[&str], bool, &dyn Fn(&Case))] = &[
        (true, "nothing damaged", &[], false, &|_| {}),
        (true, "rich not installed", &["rich"], false, &|case| gone(&case.installed("rich-*.dist-info"))),
        (true, "a module of rich gone", &["rich"], true, &|case| gone(&case.installed("rich/console.py"))),
        (false, "a module of h2 flipped", &["h2"], true, &|case| {
            let _ = damage(&case.installed("h2/stream.py"), Damage::Flipped, 99);
        }),
        (false, "the list of files of h2 gone", &["h2"], true, &|case| gone(&case.installed("h2-*.dist-info/RECORD"))),
        (false, "the description of idna empty", &["idna"], false, &|case| {
            let _ = damage(&case.installed("idna-*.dist-info/METADATA"), Damage::Empty, 0);
        }),
        (false, "another version of idna", &["idna"], false, &|case| {
            let own = case.installed("idna-*.dist-info");
            let text = std::fs::read_to_string(own.join("METADATA")).unwrap();
            let lines = text.lines().map(|line| if line.starts_with("Version: ") { "Version: 0.1" } else { line });
            write(&own.join("METADATA"), lines.collect::<Vec<_>>().join("\n"));
            std::fs::rename(&own, own.with_file_name("idna-0.1.dist-info")).unwrap();
        }),
        (true, "no environment", &[], false, &|case| gone(&case.workspace.join(".venv"))),
        (true, "a new dependency", &[], false, &|case| {
            case.edit("pyproject.toml", "\"markupsafe\"", "\"markupsafe\", \"six\"");
        }),
        (false, "a dependency of a group taken out", &[], false, &|case| case.edit("pyproject.toml", "\"idna\"", "")),
        (false, "another version of the project", &[], false, &|case| {
            case.edit("pyproject.toml", "\"0.1.0\"", "\"0.2.0\"");
        }),
        (false, "a remark", &[], false, &|case| case.edit("pyproject.toml", "[project]", "# é\n[project]")),
        (true, "a group made optional", &[], false, &|case| {
            case.edit(
                "pyproject.toml",
                "[tool.poetry.group.docs]",
                "[tool.poetry.group.test]\noptional = true\n[tool.poetry.group.docs]",
            );
        }),
        (false, "a lockfile that is cut short", &[], false, &|case| {
            let _ = damage(&case.workspace.join("poetry.lock"), Damage::Truncated, 0);
        }),
        (false, "a lockfile for something else", &[], false, &|case| {
            case.edit("poetry.lock", "content-hash = \"", "content-hash = \"0");
        }),
        (false, "a lockfile that does not say for which groups packages are", &[], false, &|case| {
            case.edit("poetry.lock", "groups = [\"main\"]\n", "");
        }),
        (false, "no manifest", &[], false, &|case| gone(&case.workspace.join("pyproject.toml"))),
        (false, "no broken lines, but a conflict", &[], false, &|case| {
            case.edit("poetry.lock", "[[package]]", "<<<<<<< ours\n[[package]]");
        }),
    ];
    for (usual, name, damaged, unnoticed, change) in changes {
        if !usual && !all {
            continue;
        }
        let mut case = place.case();
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        if *unnoticed {
            case.unnoticed.clone_from(&case.damaged);
        }
        Place::judge(&mut tally, name, case);
    }
    tally.finish("Poetry, what is installed and asked for", 6);
}

#[test]
fn the_inventory_and_poetry_agree_on_random_damage() {
    let place = Place::new();
    let mut tally = Tally::default();
    let mut dice = Dice::new(1127);
    for at in 0..random_cases(2) {
        let mut case = place.case();
        let site = case.installed("rich").parent().unwrap().to_path_buf();
        let all: Vec<PathBuf> = files(&site)
            .into_iter()
            .filter(|path| {
                path.to_str().unwrap().contains(".dist-info/") || path.extension().is_some_and(|end| end == "py")
            })
            .collect();
        let what = *dice.pick(&DAMAGES);
        let path = dice.pick(&all).clone();
        let owner = owner(&site, &path);
        if damage(&path, what, 200 + dice.roll(2_000)) {
            case.unnoticed.extend(owner.clone());
            case.damaged.extend(owner);
        }
        Place::judge(&mut tally, &format!("{at}: {} {what:?}", path.display()), case);
    }
    println!("Poetry, random damage: {} cases, {} differences", tally.cases, tally.differences.len());
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}

/// The package in whose list a file stands with a checksum, or whose list it is; none: nothing vouches for it.
fn owner(site: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(site).unwrap().to_str().unwrap().to_owned();
    for own in glob::glob(site.join("*.dist-info").to_str().unwrap()).unwrap() {
        let own = own.unwrap();
        let text = std::fs::read_to_string(own.join("RECORD")).unwrap();
        let vouched =
            |line: &str| line.strip_prefix(&format!("{below},")).is_some_and(|rest| rest.starts_with("sha256"));
        if text.lines().any(vouched) || path == own.join("RECORD") {
            let stem = own.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned();
            return Some(stem.replace(['_', '.'], "-").to_lowercase());
        }
    }
    None
}
