//! The judge of the inventory's answers about what pip builds: `python -m pip install --no-index` with the pinned pip, both ways,
//! in a new virtual environment. Sources in a folder of files, by their path and in place; what building needs and no requirement
//! names; wheels that pip built before and kept; addresses. All is made by the test but setuptools, flit and wheel.
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
use judge::{Held, Tally, Verdict, copy, files, must, run, survey, write};
use sha2::Digest;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the folder of files has of others' making: an old setuptools that asks for wheel, and a newer one.
const TOOLS: [&str; 4] = ["setuptools==80.9.0", "setuptools==68.2.2", "wheel==0.45.1", "flit-core==3.12.0"];

/// The folder with the pinned pip.
fn tools() -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS")
        .map_or_else(|| std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools"), PathBuf::from);
    let pip = tools.join("pip");
    assert!(pip.join("pip").is_dir(), "{} is not there: run tests/pip/install.sh {}", pip.display(), tools.display());
    std::fs::canonicalize(pip).unwrap()
}

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

const FLIT: &str = "[build-system]\nrequires = [\"flit_core>=3.2,<4\"]\nbuild-backend = \"flit_core.buildapi\"\n";
const SETUPTOOLS: &str = "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n";
const OLD: &str = "[build-system]\nrequires = [\"setuptools<70\"]\nbuild-backend = \"setuptools.build_meta\"\n";

fn project(name: &str, needs: &str) -> String {
    format!("[project]\nname = \"{name}\"\nversion = \"1.0\"\ndescription = \"d\"\ndependencies = [{needs}]\n")
}

struct Place {
    run: PathBuf,
    kept: PathBuf,
    held: Held,
}

struct Case<'a> {
    place: &'a Place,
    workspace: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Place {
    fn new() -> Self {
        let stamp = format!("{TOOLS:?}{}{}1", python().display(), tools().display());
        let (held, folder, fresh) = Held::folder("judge-pip-built", &stamp);
        let (run, kept) = (folder.join("run"), folder.join("kept"));
        let place = Place { run, kept, held };
        if !fresh {
            for old in [&place.run, &place.kept] {
                let _ = std::fs::remove_dir_all(old);
                std::fs::create_dir_all(old).unwrap();
            }
            must(Command::new(python()).args(["-m", "venv", "--without-pip"]).arg(place.kept.join("empty")));
            let case = Case { place: &place, workspace: place.kept.join("workspace"), variables: Vec::new() };
            std::fs::create_dir_all(case.workspace.join("files")).unwrap();
            for tool in TOOLS {
                let mut pip = case.pip(&python(), &["download", "-q", "--no-deps", "-d", "files", tool]);
                must(pip.env_remove("PIP_NO_INDEX"));
            }
            place.held.done();
        }
        place
    }

    fn case(&self) -> Case<'_> {
        let _ = std::fs::remove_dir_all(&self.run);
        copy(&self.kept.join("workspace"), &self.run.join("workspace"));
        Case { place: self, workspace: self.run.join("workspace"), variables: Vec::new() }
    }
}

impl Case<'_> {
    fn variables(&self) -> Vec<(String, String)> {
        let own = self.place.kept.parent().unwrap();
        let programs = own.join("programs");
        std::fs::create_dir_all(&programs).unwrap();
        let _ = std::os::unix::fs::symlink(python(), programs.join("python3"));
        let starts = ["UV_", "XDG_", "PYENV", "PYTHON", "VIRTUAL_ENV", "CONDA", "PIP_"];
        let mut kept: Vec<(String, String)> = std::env::vars()
            .filter(|(name, _)| !starts.iter().any(|start| name.starts_with(start)) && name != "PATH" && name != "HOME")
            .collect();
        let cache = self.place.run.join("pip-cache");
        for (name, path) in [("PATH", &programs), ("HOME", &own.join("home")), ("PIP_CACHE_DIR", &cache)] {
            kept.push((name.to_owned(), path.to_str().unwrap().to_owned()));
        }
        kept.extend(self.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        kept
    }

    fn pip(&self, python: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(python);
        command.args(["-m", "pip"]).args(arguments).current_dir(&self.workspace).env_clear().envs(self.variables());
        command.env("PYTHONPATH", tools()).env("PYTHONDONTWRITEBYTECODE", "1").env("PIP_NO_INDEX", "1");
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_RETRIES", "0").env("GIT_TERMINAL_PROMPT", "0");
        command
    }

    fn requirements(&self, text: &str) {
        write(&self.workspace.join("requirements.txt"), format!("--find-links files\n{text}\n"));
    }

    /// Sources of a package in a folder.
    fn sources(&self, below: &str, name: &str, pyproject: &str) -> PathBuf {
        let folder = self.workspace.join(below);
        write(&folder.join("pyproject.toml"), pyproject);
        write(&folder.join(format!("{name}.py")), "\"\"\"doc\"\"\"\n__version__ = '1.0'\n");
        folder
    }

    /// The same packed, in the folder of files.
    fn packed(&self, name: &str, pyproject: &str) -> PathBuf {
        let stem = format!("{name}-1.0");
        self.sources(&format!("made/{stem}"), name, pyproject);
        let file = self.workspace.join("files").join(format!("{stem}.tar.gz"));
        must(Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(self.workspace.join("made")).arg(&stem));
        file
    }

    fn without(&self, start: &str) {
        let all = files(&self.workspace.join("files")).into_iter();
        let gone: Vec<PathBuf> =
            all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).collect();
        assert!(!gone.is_empty(), "{start}");
        for path in gone {
            std::fs::remove_file(path).unwrap();
        }
    }

    fn install(&self) -> std::process::Output {
        let fresh = self.place.run.join("fresh");
        copy(&self.place.kept.join("empty"), &fresh);
        run(&mut self.pip(&fresh.join("bin/python"), &["install", "-q", "--no-compile", "-r", "requirements.txt"]))
    }

    fn survey(&self) -> std::sync::Arc<inventory::Survey> {
        survey(&self.workspace, Homes::from_variables(self.variables()))
    }
}

/// Name, whether the usual run has it, and what is made.
type Change = (&'static str, bool, fn(&mut Case<'_>));

fn plain(case: &Case<'_>) {
    case.packed("alpha", &format!("{FLIT}{}", project("alpha", "")));
    case.requirements("alpha");
}

const CASES: &[Change] = &[
    ("built by flit", true, |c| plain(c)),
    ("built by flit, which is not here", true, |c| {
        plain(c);
        c.without("flit_core");
    }),
    ("built by setuptools", false, |c| {
        c.packed("alpha", &format!("{SETUPTOOLS}{}", project("alpha", "")));
        c.requirements("alpha");
    }),
    ("built by setuptools, which is not here", true, |c| {
        c.packed("alpha", &format!("{SETUPTOOLS}{}", project("alpha", "")));
        c.requirements("alpha");
        c.without("setuptools");
    }),
    ("built by an old setuptools", true, |c| {
        c.packed("alpha", &format!("{OLD}{}", project("alpha", "")));
        c.requirements("alpha");
    }),
    ("built by an old setuptools, without wheel", true, |c| {
        c.packed("alpha", &format!("{OLD}{}", project("alpha", "")));
        c.requirements("alpha");
        c.without("wheel");
    }),
    ("built by a version that is not here", false, |c| {
        c.packed("alpha", &format!("{}{}", FLIT.replace(">=3.2,<4", ">=99"), project("alpha", "")));
        c.requirements("alpha");
    }),
    ("built with more, where it does not count", false, |c| {
        let flit = FLIT.replace("[\"flit", "[\"nowhere; os_name == 'nt'\", \"flit");
        c.packed("alpha", &format!("{flit}{}", project("alpha", "")));
        c.requirements("alpha");
    }),
    ("built with more that is not here", false, |c| {
        let flit = FLIT.replace("[\"flit", "[\"nowhere\", \"flit");
        c.packed("alpha", &format!("{flit}{}", project("alpha", "")));
        c.requirements("alpha");
    }),
    ("it needs another that has to be built", false, |c| {
        c.packed("beta", &format!("{FLIT}{}", project("beta", "")));
        c.packed("alpha", &format!("{FLIT}{}", project("alpha", "\"beta>=1\"")));
        c.requirements("alpha");
    }),
    ("it needs another that is not here", true, |c| {
        c.packed("alpha", &format!("{FLIT}{}", project("alpha", "\"beta>=1\"")));
        c.requirements("alpha");
    }),
    ("built with a tool that has to be built", false, |c| {
        c.packed("beta", &format!("{FLIT}{}", project("beta", "")));
        c.packed("alpha", &format!("{}{}", FLIT.replace("[\"flit", "[\"beta\", \"flit"), project("alpha", "")));
        c.requirements("alpha");
    }),
    ("no build system named", false, |c| {
        c.packed("alpha", &project("alpha", ""));
        c.requirements("alpha");
    }),
    ("a build system without what it requires", false, |c| {
        c.packed("alpha", &format!("[build-system]\nbuild-backend = \"flit_core.buildapi\"\n{}", project("alpha", "")));
        c.requirements("alpha");
    }),
    ("cut short", true, |c| {
        plain(c);
        let file = c.workspace.join("files/alpha-1.0.tar.gz");
        let bytes = std::fs::read(&file).unwrap();
        write(&file, &bytes[..bytes.len() / 2]);
    }),
    ("with its checksum", false, |c| {
        let file = c.packed("alpha", &format!("{FLIT}{}", project("alpha", "")));
        let sum = hex::encode(sha2::Sha256::digest(std::fs::read(file).unwrap()));
        c.requirements(&format!("alpha==1.0 --hash=sha256:{sum}"));
    }),
    ("with another checksum", false, |c| {
        plain(c);
        c.requirements(&format!("alpha==1.0 --hash=sha256:{}", "ab".repeat(32)));
    }),
    ("by its path", false, |c| {
        plain(c);
        c.requirements("./files/alpha-1.0.tar.gz");
    }),
    ("a folder", true, |c| {
        c.sources("alpha", "alpha", &format!("{FLIT}{}", project("alpha", "")));
        c.requirements("./alpha");
    }),
    ("a folder, its tool not here", false, |c| {
        c.sources("alpha", "alpha", &format!("{FLIT}{}", project("alpha", "")));
        c.requirements("./alpha");
        c.without("flit_core");
    }),
    ("a folder in place", false, |c| {
        c.sources("alpha", "alpha", &format!("{SETUPTOOLS}{}", project("alpha", "")));
        c.requirements("-e ./alpha");
    }),
    ("a folder in place, its tool not here", false, |c| {
        c.sources("alpha", "alpha", &format!("{SETUPTOOLS}{}", project("alpha", "")));
        c.requirements("-e ./alpha");
        c.without("setuptools");
    }),
    ("a folder that is no package", false, |c| {
        write(&c.workspace.join("alpha/readme"), "x");
        c.requirements("./alpha");
    }),
    ("built before, and its tool gone", true, |c| {
        plain(c);
        assert!(c.install().status.success());
        c.without("flit_core");
    }),
    ("built before, and what was built is damaged", false, |c| {
        plain(c);
        assert!(c.install().status.success());
        c.without("flit_core");
        let kept = files(&c.place.run.join("pip-cache/wheels"));
        let wheel = kept.iter().find(|path| path.extension().is_some_and(|end| end == "whl")).unwrap();
        write(wheel, "no wheel");
    }),
    ("an address of which nothing was built", true, |c| {
        c.requirements("alpha @ https://nowhere.example/alpha-1.0.tar.gz");
    }),
    ("an address of a wheel", false, |c| {
        c.requirements("alpha @ https://nowhere.example/alpha-1.0-py3-none-any.whl");
    }),
    ("a repository of which nothing was built", false, |c| {
        c.requirements("alpha @ git+https://nowhere.example/alpha.git@0123456789012345678901234567890123456789");
    }),
    ("an address whose wheel was built before", true, |c| {
        // Kept under the address: what pip built of a file is moved to where it would keep that of the address.
        plain(c);
        assert!(c.install().status.success());
        let address = "https://nowhere.example/alpha-1.0.tar.gz";
        let script = format!(
            "from pip._internal.cache import SimpleWheelCache as C\nfrom pip._internal.models.link import Link\nprint(C({:?}).get_path_for_link(Link({address:?})))",
            c.place.run.join("pip-cache").to_str().unwrap()
        );
        let output = run(Command::new(python()).args(["-c", &script]).env("PYTHONPATH", tools()));
        let folder = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
        let kept = files(&c.place.run.join("pip-cache/wheels"));
        let wheel = kept.iter().find(|path| path.extension().is_some_and(|end| end == "whl")).unwrap();
        write(&folder.join(wheel.file_name().unwrap()), std::fs::read(wheel).unwrap());
        c.without("alpha");
        c.without("flit_core");
        c.requirements(&format!("alpha @ {address}"));
    }),
];

#[test]
fn the_inventory_and_pip_agree_on_what_is_built() {
    let place = Place::new();
    let mut tally = Tally::default();
    let all = std::env::var_os("HOLDOVER_JUDGE_CASES").is_some();
    let mut wanted = 0;
    for (what, usual, make) in CASES {
        if !usual && !all {
            continue;
        }
        wanted += 1;
        let mut case = place.case();
        make(&mut case);
        let survey = case.survey();
        let output = case.install();
        let verdict = Verdict {
            passes: output.status.success(),
            silent: Vec::new(),
            damaged: Vec::new(),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        tally.add(what, &survey, &verdict);
    }
    tally.finish("pip, what is built", wanted);
}

/// What only a build says is unknown, and a tool that lacks is told all the same.
#[test]
fn what_shows_only_when_it_is_built_is_unknown() {
    let place = Place::new();
    let unknown = |what: &str, make: &dyn Fn(&Case<'_>)| {
        let case = place.case();
        make(&case);
        let survey = case.survey();
        assert_eq!(survey.readiness.state, contract::ReadinessState::Unknown, "{what}: {:?}", survey.artifacts);
    };
    let dynamic = "[project]\nname = \"alpha\"\nversion = \"1.0\"\ndynamic = [\"dependencies\"]\n";
    unknown("what it needs", &|c| {
        c.packed("alpha", &format!("{SETUPTOOLS}{dynamic}"));
        c.requirements("alpha");
    });
    unknown("another tool", &|c| {
        c.packed("alpha", &format!("{}{}", FLIT.replace("flit_core.buildapi", "strange.api"), project("alpha", "")));
        c.requirements("alpha");
    });
    let case = place.case();
    case.packed("alpha", &format!("{SETUPTOOLS}{dynamic}"));
    case.requirements("alpha");
    case.without("setuptools");
    let survey = case.survey();
    assert_eq!(survey.readiness.state, contract::ReadinessState::Incomplete);
    let tool = survey.artifacts.iter().find(|one| one.name == "setuptools").unwrap();
    assert_eq!(tool.state, contract::ArtifactState::Missing);
    assert!(tool.evidence.contains("pip builds alpha with it"), "{}", tool.evidence);
}
