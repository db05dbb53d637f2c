//! The judge of the inventory's answers about pip: `python -m pip install --no-index` with the pinned pip, both ways, in a
//! new virtual environment or in the project's own. pip does not compare what is installed with anything: what is damaged
//! there and taken all the same, the inventory has to know better.
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
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Some fifteen packages: compiled ones, extras, an included file, constraints, and what other systems need.
const PLAIN: &str = "--find-links wheels\nrich==13.7.1  # shown\nmarkupsafe\nhttpx[http2] \\\n    >=0.27\n\
                     colorama; sys_platform == 'win32'\n-r more/more.txt\n-c bounds.txt\n";
const MORE: &str = "click>=8\nimportlib-metadata; python_version < '3.8'\n";
const BOUNDS: &str = "click<9\nsix<2\n";

/// The folder with the pinned pip.
fn tools() -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("tools")
        },
        PathBuf::from,
    );
    let pip = tools.join("pip");
    assert!(pip.join("pip").is_dir(), "{} is not there: run tests/pip/install.sh {}", pip.display(), tools.display());
    std::fs::canonicalize(pip).unwrap()
}

/// The Python that is installed for: never a small program that chooses one.
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
    run: PathBuf,
    kept: PathBuf,
    _held: Held,
}

struct Case {
    workspace: PathBuf,
    own: PathBuf,
    requirements: &'static str,
    variables: Vec<(&'static str, String)>,
    damaged: Vec<String>,
    /// What pip does not notice.
    unnoticed: Vec<String>,
}

fn sha256(path: &Path) -> String {
    hex::encode(Sha256::digest(std::fs::read(path).unwrap()))
}

impl Place {
    /// The projects with what was fetched for them, once for all tests.
    fn new() -> Self {
        let stamp = format!("{PLAIN}{MORE}{BOUNDS}{}{}3", python().display(), tools().display());
        let (held, folder, fresh) = Held::folder("judge-pip", &stamp);
        let (run, kept) = (folder.join("run"), folder.join("kept"));
        if !fresh {
            for old in [&run, &kept] {
                if old.exists() {
                    std::fs::remove_dir_all(old).unwrap();
                }
                std::fs::create_dir_all(old).unwrap();
            }
            let workspace = kept.join("workspace");
            for (name, text) in [("requirements.txt", PLAIN), ("more/more.txt", MORE), ("bounds.txt", BOUNDS)] {
                write(&workspace.join(name), text);
            }
            let case = Case::at(&kept, &folder);
            must(Command::new(python()).args(["-m", "venv", "--without-pip"]).arg(kept.join("empty")));
            must(
                case.pip(&python(), &["wheel", "-q", "--wheel-dir", "wheels", "-r", "requirements.txt"])
                    .env_remove("PIP_NO_INDEX"),
            );
            // The same with a checksum of every file, of some two.
            let mut hashed = String::from("--find-links=wheels\n");
            for path in files(&workspace.join("wheels")) {
                let file = path.file_name().unwrap().to_str().unwrap();
                let mut parts = file.split('-');
                let (name, version) = (parts.next().unwrap(), parts.next().unwrap());
                let other = if name == "rich" || name == "idna" {
                    format!(" --hash=sha256:{}", "ab".repeat(32))
                } else {
                    String::new()
                };
                write!(hashed, "{name}=={version} \\\n   {other} --hash=sha256:{}\n", sha256(&path)).unwrap();
            }
            write(&workspace.join("hashed.txt"), hashed);
            copy(&kept.join("empty"), &kept.join("full"));
            let full = kept.join("full/bin/python");
            must(&mut case.pip(&full, &["install", "-q", "--no-compile", "-r", "requirements.txt"]));
            held.done();
        }
        Place { run, kept, _held: held }
    }

    /// A copy for one case; `hashed`: with checksums; `environment`: with everything installed in `.venv`.
    fn case(&self, hashed: bool, environment: bool) -> Case {
        copy(&self.kept.join("workspace"), &self.run.join("workspace"));
        let case = Case::at(&self.run, self.kept.parent().unwrap());
        if hashed {
            write(&case.workspace.join("requirements.txt"), std::fs::read(case.workspace.join("hashed.txt")).unwrap());
        }
        if environment {
            copy(&self.kept.join("full"), &case.workspace.join(".venv"));
            gone(&case.workspace.join("wheels"));
        }
        case
    }

    fn judge(&self, tally: &mut Tally, name: &str, case: Case) {
        let survey = survey(&case.workspace, case.homes());
        let own = case.workspace.join(".venv/bin/python");
        let python = if own.exists() {
            own
        } else {
            let fresh = self.run.join("fresh");
            copy(&self.kept.join("empty"), &fresh);
            fresh.join("bin/python")
        };
        let output = run(&mut case.pip(&python, &["install", "-q", "--no-compile", "-r", case.requirements]));
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
        Case {
            workspace: folder.join("workspace"),
            own: own.to_path_buf(),
            requirements: "requirements.txt",
            variables: Vec::new(),
            damaged: Vec::new(),
            unnoticed: Vec::new(),
        }
    }

    /// The environment of both: nothing of this user's own.
    fn variables(&self) -> Vec<(String, String)> {
        let programs = self.own.join("programs");
        std::fs::create_dir_all(&programs).unwrap();
        let _ = std::os::unix::fs::symlink(python(), programs.join("python3"));
        let starts = ["UV_", "XDG_", "PYENV", "PYTHON", "VIRTUAL_ENV", "CONDA", "PIP_"];
        let mut kept: Vec<(String, String)> = std::env::vars()
            .filter(|(name, _)| !starts.iter().any(|start| name.starts_with(start)) && name != "PATH" && name != "HOME")
            .collect();
        for (name, path) in [("PATH", programs), ("HOME", self.own.join("home"))] {
            kept.push((name.to_owned(), path.to_str().unwrap().to_owned()));
        }
        kept.extend(self.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        kept
    }

    fn homes(&self) -> Homes {
        Homes::from_variables(self.variables())
    }

    fn pip(&self, python: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(python);
        command.args(["-m", "pip"]).args(arguments).current_dir(&self.workspace).env_clear().envs(self.variables());
        command.env("PYTHONPATH", tools()).env("PYTHONDONTWRITEBYTECODE", "1").env("PIP_NO_INDEX", "1");
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_RETRIES", "0");
        command
    }

    fn wheel(&self, package: &str) -> PathBuf {
        let all = files(&self.workspace.join("wheels")).into_iter();
        let start = format!("{package}-");
        let found: Vec<PathBuf> =
            all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&start)).collect();
        assert_eq!(found.len(), 1, "{package}: {found:?}");
        found[0].clone()
    }

    fn edit(&self, from: &str, to: &str) {
        let path = self.workspace.join("requirements.txt");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        write(&path, text.replacen(from, to, 1));
    }

    /// A file of what is installed.
    fn installed(&self, pattern: &str) -> PathBuf {
        let pattern = self.workspace.join(".venv/lib/python3*/site-packages").join(pattern);
        let found: Vec<PathBuf> = glob::glob(pattern.to_str().unwrap()).unwrap().map(Result::unwrap).collect();
        assert_eq!(found.len(), 1, "{}: {found:?}", pattern.display());
        found[0].clone()
    }
}

fn gone(path: &Path) {
    if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
}

#[test]
fn the_inventory_and_pip_agree_on_folders_of_wheels() {
    let place = Place::new();
    let mut tally = Tally::default();
    let all = std::env::var_os("HOLDOVER_JUDGE_CASES").is_some();
    place.judge(&mut tally, "nothing damaged", place.case(false, false));
    place.judge(&mut tally, "nothing damaged, with checksums", place.case(true, false));
    for (at, what) in DAMAGES.into_iter().enumerate() {
        for hashed in [at % 2 == 1, at % 2 == 0] {
            // One of both in the usual run.
            if hashed == (at % 2 == 0) && !all {
                continue;
            }
            let mut case = place.case(hashed, false);
            let victim = ["rich", "markupsafe", "h2", "click", "idna"][at];
            let _ = damage(&case.wheel(victim), what, 3_000);
            case.damaged.push(victim.into());
            place.judge(&mut tally, &format!("{victim} {what:?}, with checksums {hashed}"), case);
        }
    }
    tally.finish("pip, folders of wheels", 7);
}

#[test]
fn the_inventory_and_pip_agree_on_what_is_installed() {
    let place = Place::new();
    let mut tally = Tally::default();
    place.judge(&mut tally, "everything installed", place.case(false, true));
    let changes: &[(&str, &[&str], bool, &dyn Fn(&Case))] = &[
        ("a module of rich gone", &["rich"], true, &|case| gone(&case.installed("rich/console.py"))),
        ("a module of h2 flipped", &["h2"], true, &|case| {
            let _ = damage(&case.installed("h2/stream.py"), Damage::Flipped, 99);
        }),
        ("the description of h2 gone", &["h2"], true, &|case| gone(&case.installed("h2-*.dist-info/RECORD"))),
        ("rich not installed", &["rich"], false, &|case| gone(&case.installed("rich-*.dist-info"))),
    ];
    for (name, damaged, unnoticed, change) in changes {
        let mut case = place.case(false, true);
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        if *unnoticed {
            case.unnoticed.clone_from(&case.damaged);
        }
        place.judge(&mut tally, name, case);
    }
    tally.finish("pip, what is installed", 5);
}

#[test]
fn the_inventory_and_pip_agree_on_what_requirements_say() {
    let place = Place::new();
    let mut tally = Tally::default();
    // What the usual run does not hold against pip is held against it where cases are asked for.
    let all = std::env::var_os("HOLDOVER_JUDGE_CASES").is_some();
    let edits: &[(bool, &str, &str, &str)] = &[
        (true, "a version that is not here", "rich==13.7.1", "rich==13.7.2"),
        (true, "a range that none fits", "markupsafe", "markupsafe<1"),
        (false, "a range that fits", "markupsafe", "markupsafe>=2,!=2.0"),
        (true, "a package that is not here", "markupsafe", "markupsafe\nsix"),
        (false, "a package that is not here, and not for this machine", "markupsafe", "six; sys_platform == 'win32'"),
        (true, "an option that pip does not know", "markupsafe", "--weird"),
        (false, "a line that is no requirement", "markupsafe", "markup safe"),
        (true, "no folder", "--find-links wheels", ""),
        (false, "a folder that is not there", "--find-links wheels", "--find-links none"),
        (false, "the folder once more", "markupsafe", "-f ./wheels\nmarkupsafe"),
        (true, "a file that is not there", "-r more/more.txt", "-r none.txt"),
        (false, "a file that includes itself", "-r more/more.txt", "-r requirements.txt"),
        (true, "an extra that it has not", "httpx[http2]", "httpx[none]"),
        (false, "an extra less", "httpx[http2]", "httpx"),
        (true, "a checksum of one alone", "rich==13.7.1", "rich==13.7.1 --hash=sha256:aaaa"),
        (false, "a wheel by its path", "markupsafe", "./wheels/h2-4.4.1-py3-none-any.whl"),
        (false, "checksums are required", "markupsafe", "--require-hashes\nmarkupsafe"),
    ];
    for (usual, name, from, to) in edits {
        if *usual || all {
            let case = place.case(false, false);
            case.edit(from, to);
            place.judge(&mut tally, name, case);
        }
    }
    if all {
        let case = place.case(false, false);
        write(&case.workspace.join("bounds.txt"), "click<8\n");
        place.judge(&mut tally, "a constraint that none fits", case);
        let case = place.case(false, false);
        write(&case.workspace.join("more/more.txt"), "click>=8\n../x\n");
        place.judge(&mut tally, "an odd line in an included file", case);
        let mut case = place.case(false, false);
        case.edit("--find-links wheels", "");
        case.variables.push(("PIP_FIND_LINKS", "wheels".into()));
        place.judge(&mut tally, "the folder from a variable", case);
        let mut case = place.case(false, false);
        case.edit("--find-links wheels", "");
        write(&case.workspace.join("own.conf"), "[install]\nfind-links =\n    none\n    wheels\n");
        case.variables.push(("PIP_CONFIG_FILE", case.workspace.join("own.conf").display().to_string()));
        place.judge(&mut tally, "the folder from a configuration file", case);
        let case = place.case(true, false);
        // What is taken hangs on pip's version, which shows where pip is installed.
        copy(&place.kept.join("empty"), &case.workspace.join(".venv"));
        let site = case.installed("");
        copy(&tools().join("pip"), &site.join("pip"));
        copy(&tools().join("pip-26.3.dist-info"), &site.join("pip-26.3.dist-info"));
        let rich = format!("rich==13.7.1 \\\n    --hash=sha256:{}", "ab".repeat(32));
        case.edit(&rich, &format!("rich \\\n    --hash=sha256:{}", "ab".repeat(32)));
        place.judge(&mut tally, "with checksums, and one without a version", case);
    }
    let mut case = place.case(false, false);
    let old = case.wheel("h2").with_file_name("h2-99.0-py3-none-any.whl");
    std::fs::copy(case.wheel("h2"), &old).unwrap();
    case.damaged.clear();
    place.judge(&mut tally, "a newer version that says that it is an older one", case);
    tally.finish("pip, what requirements say", 9);
}

#[test]
fn the_inventory_and_pip_agree_on_random_damage() {
    let place = Place::new();
    let mut tally = Tally::default();
    let mut dice = Dice::new(2611);
    for at in 0..random_cases(3) {
        let (hashed, environment) = (dice.roll(2) == 0, dice.roll(3) == 0);
        let mut case = place.case(hashed, environment);
        let all = if environment {
            files(&case.workspace.join(".venv/lib"))
                .into_iter()
                .filter(|path| {
                    path.to_str().unwrap().contains(".dist-info/METADATA")
                        || path.extension().is_some_and(|end| end == "py")
                })
                .collect()
        } else {
            files(&case.workspace.join("wheels"))
        };
        let what = *dice.pick(&DAMAGES);
        let path = dice.pick(&all).clone();
        let changed = damage(&path, what, 500 + dice.roll(2_000));
        if changed && environment {
            case.unnoticed.push(owner(&case, &path));
            case.damaged.push(owner(&case, &path));
        }
        place.judge(&mut tally, &format!("{at}: {} {what:?}, with checksums {hashed}", path.display()), case);
    }
    println!("pip, random damage: {} cases, {} differences", tally.cases, tally.differences.len());
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}

/// The package that installed a file.
fn owner(case: &Case, path: &Path) -> String {
    let site = case.installed("rich").parent().unwrap().to_path_buf();
    let below = path.strip_prefix(&site).unwrap().to_str().unwrap().to_owned();
    for record in glob::glob(site.join("*.dist-info").to_str().unwrap()).unwrap() {
        let record = record.unwrap();
        let text = std::fs::read_to_string(record.join("RECORD")).unwrap();
        if text.lines().any(|line| line.starts_with(&format!("{below},"))) {
            let stem = record.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned();
            return stem.replace(['_', '.'], "-").to_lowercase();
        }
    }
    panic!("nobody installed {below}")
}
