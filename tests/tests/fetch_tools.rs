//! What is missing is fetched from a registry of the test's own with pip, Poetry, Go and Maven themselves, through the command line; a
//! download that breaks off in the middle leaves nothing half, and the next fetch brings it. Judged by the tools, without the registry.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_collect,
    reason = "a test may stop and print"
)]

mod golang;
mod judge;
mod jvm;
#[path = "fetch/server.rs"]
mod server;

use base64::Engine as _;
use holdover_tests::binary;
use judge::{files, must, run, write};
use server::{Server, Wrong};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// `holdover` in a folder, with nothing of this user's own but what is given.
struct Holdover {
    folder: PathBuf,
    variables: Vec<(String, String)>,
    data: tempfile::TempDir,
}

impl Holdover {
    /// Trusted, and connections are tried whatever the machine's routes say.
    fn new(folder: &Path, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let own = Self {
            folder: folder.to_path_buf(),
            variables: variables.into_iter().collect(),
            data: tempfile::tempdir().unwrap(),
        };
        for allowed in [&["trust"][..], &["offline", "off"]] {
            assert_eq!(own.run(allowed).status.code(), Some(0));
        }
        own
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary::holdover());
        command.args(arguments).current_dir(&self.folder).env_clear().envs(self.variables.iter().cloned());
        command.env("HOLDOVER_DATA_DIR", self.data.path()).env("HOLDOVER_CONFIG", self.data.path().join("none.toml"));
        run(&mut command)
    }

    /// The exit code that is wanted, and nothing else.
    #[track_caller]
    fn ends(&self, arguments: &[&str], wanted: i32) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(wanted), "{arguments:?}: {said}");
        said
    }
}

fn tools() -> PathBuf {
    std::env::var_os("HOLDOVER_TOOLS")
        .map_or_else(|| std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools"), PathBuf::from)
}

/// A wheel of one package, large enough to be cut in the middle.
fn wheel(folder: &Path, name: &str, needs: &str) {
    let module = (0..4000).map(|n| format!("value_{n} = {}\n", n * 7919 % 10_007)).collect::<String>();
    let own = format!("{name}-1.0.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}");
    let mut all = vec![
        (format!("{name}/__init__.py"), module.into_bytes()),
        (format!("{own}/METADATA"), metadata.into_bytes()),
        (
            format!("{own}/WHEEL"),
            b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_vec(),
        ),
    ];
    let sum = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
    let lines = all.iter().map(|(path, bytes)| format!("{path},sha256={},{}\n", sum(bytes), bytes.len()));
    let record = lines.chain([format!("{own}/RECORD,,\n")]).collect::<String>();
    all.push((format!("{own}/RECORD"), record.into_bytes()));
    let file = format!("{name}-1.0-py3-none-any.whl");
    let bytes = golang::archive(&all);
    let page =
        format!("<html><a href=\"/wheels/{file}#sha256={}\">{file}</a></html>", hex::encode(Sha256::digest(&bytes)));
    write(&folder.join("wheels").join(&file), bytes);
    write(&folder.join("simple").join(name).join("index.html"), page);
}

/// Of the files with these endings below a folder, each is the very one that was published.
#[track_caller]
fn whole(folder: &Path, published: &Path, endings: &[&str]) -> usize {
    let ours = |path: &&PathBuf| path.extension().is_some_and(|end| endings.iter().any(|one| end == *one));
    let all: Vec<PathBuf> = files(folder);
    let known = files(published);
    for path in all.iter().filter(ours) {
        let name = path.file_name().unwrap();
        let theirs = known.iter().filter(|one| one.file_name() == Some(name)).map(|one| std::fs::read(one).unwrap());
        let bytes = std::fs::read(path).unwrap();
        assert!(theirs.into_iter().any(|one| one == bytes), "{} is not what was published", path.display());
    }
    all.iter().filter(ours).count()
}

/// The variables that no tool of Python's reads.
fn plain_variables(home: &Path, path: &str) -> Vec<(String, String)> {
    let foreign =
        ["UV_", "XDG_", "PYENV", "PYTHON", "VIRTUAL_ENV", "CONDA", "PIP_", "POETRY_", "PATH", "HOME", "HOLDOVER"];
    let mut kept: Vec<(String, String)> = std::env::vars()
        .filter(|(name, _)| {
            !foreign.iter().any(|start| name.starts_with(start)) && !name.to_lowercase().ends_with("_proxy")
        })
        .collect();
    kept.extend(
        [("PATH", path.to_owned()), ("HOME", home.display().to_string())].map(|(name, value)| (name.to_owned(), value)),
    );
    kept
}

fn python() -> PathBuf {
    std::fs::canonicalize("/usr/bin/python3").expect("the system's Python")
}

#[test]
fn pip_brings_what_is_missing_and_a_download_that_breaks_off_leaves_no_half_wheel() {
    let own = tempfile::tempdir().unwrap();
    let (index, work, home) = (own.path().join("index"), own.path().join("work"), own.path().join("home"));
    wheel(&index, "alpha", "Requires-Dist: beta>=1\n");
    wheel(&index, "beta", "");
    let server = Server::of(&index);
    write(&work.join("requirements.txt"), format!("--index-url {}/simple/\nalpha==1.0\n", server.url()));
    let programs = own.path().join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    std::os::unix::fs::symlink(python(), programs.join("python3")).unwrap();
    let mut variables = plain_variables(&home, programs.to_str().unwrap());
    let pip = tools().join("pip");
    assert!(pip.join("pip").is_dir(), "run tests/pip/install.sh");
    variables.push(("PYTHONPATH".to_owned(), std::fs::canonicalize(pip).unwrap().display().to_string()));
    let holdover = Holdover::new(&work, variables.clone());
    holdover.ends(&["preflight"], 1);
    server.set(Some(Wrong::Half("beta-1.0-py3-none-any.whl")));
    holdover.ends(&["preflight", "--fetch"], 1);
    assert!(server.was_asked("beta-1.0-py3-none-any.whl"));
    whole(&work, &index, &["whl"]);
    let said = holdover.ends(&["preflight"], 1);
    assert!(said.contains("missing"), "{said}");
    server.set(None);
    holdover.ends(&["preflight", "--fetch"], 0);
    assert_eq!(whole(&work, &index, &["whl"]), 2);
    holdover.ends(&["preflight", "--deep"], 0);
    drop(server);
    let mut install = Command::new(programs.join("python3"));
    install.args([
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--find-links",
        "wheelhouse",
        "--target",
        "there",
        "-r",
        "requirements.txt",
    ]);
    must(install.current_dir(&work).env_clear().envs(variables));
    assert!(work.join("there/beta/__init__.py").is_file());
}

#[test]
fn poetry_brings_what_is_missing_and_a_download_that_breaks_off_leaves_no_half_package() {
    let own = tempfile::tempdir().unwrap();
    let (index, work, home) = (own.path().join("index"), own.path().join("work"), own.path().join("home"));
    wheel(&index, "alpha", "Requires-Dist: beta>=1\n");
    wheel(&index, "beta", "");
    let server = Server::of(&index);
    let poetry = std::fs::canonicalize(tools().join("poetry")).expect("run tests/poetry/install.sh");
    let python = std::fs::canonicalize(poetry.join("bin/python")).unwrap();
    let manifest = format!(
        "[project]\nname = \"plain\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"alpha==1.0\"]\n[[tool.poetry.source]]\nname = \"here\"\nurl = \"{}/simple/\"\npriority = \"primary\"\n",
        server.url()
    );
    write(&work.join("pyproject.toml"), manifest);
    let mut variables = plain_variables(&home, poetry.join("bin").to_str().unwrap());
    variables.extend([
        ("POETRY_CACHE_DIR".to_owned(), own.path().join("cache").display().to_string()),
        ("POETRY_VIRTUALENVS_IN_PROJECT".to_owned(), "true".to_owned()),
        ("PYTHON_KEYRING_BACKEND".to_owned(), "keyring.backends.null.Keyring".to_owned()),
    ]);
    let run_poetry = |arguments: &[&str]| {
        let mut command = Command::new(poetry.join("bin/python"));
        // Without the seconds between its attempts to reach a registry that is not there.
        let main = "import sys, time; time.sleep = lambda seconds: None\nfrom poetry.console.application import main; sys.exit(main())";
        command
            .args(["-c", main])
            .args(arguments)
            .arg("--no-interaction")
            .current_dir(&work)
            .env_clear()
            .envs(variables.iter().cloned());
        must(&mut command);
    };
    run_poetry(&["lock"]);
    must(Command::new(python).args(["-m", "venv", "--without-pip"]).arg(work.join(".venv")));
    let _ = std::fs::remove_dir_all(own.path().join("cache"));
    let holdover = Holdover::new(&work, variables.clone());
    holdover.ends(&["preflight"], 1);
    server.set(Some(Wrong::Half("beta-1.0-py3-none-any.whl")));
    holdover.ends(&["preflight", "--fetch"], 1);
    assert!(server.was_asked("beta-1.0-py3-none-any.whl"));
    let installed =
        |name: &str| files(&work.join(".venv/lib")).iter().any(|path| path.ends_with(format!("{name}/__init__.py")));
    assert!(!installed("beta"), "half a package is none");
    let said = holdover.ends(&["preflight"], 1);
    assert!(said.contains("missing beta"), "{said}");
    server.set(None);
    holdover.ends(&["preflight", "--fetch"], 0);
    assert!(installed("alpha") && installed("beta"));
    holdover.ends(&["preflight", "--deep"], 0);
    drop(server);
    run_poetry(&["install", "--no-root"]);
}

#[test]
fn go_brings_what_is_missing_and_a_download_that_breaks_off_leaves_no_half_module() {
    let modules: &[golang::Module<'_>] = &[
        ("example.com/alpha", "v1.0.0", "go 1.21\n\nrequire example.com/beta v1.0.0\n", &["example.com/beta"]),
        ("example.com/beta", "v1.0.0", "go 1.21\n", &[]),
    ];
    let main = golang::source("main", &["example.com/alpha"]) + "\nfunc main() {}\n";
    let project =
        [("go.mod", "module me\n\ngo 1.21\n\nrequire example.com/alpha v1.0.0\n"), ("main.go", main.as_str())];
    let place = golang::Place::new("fetch", modules, &project, &[("", &["mod", "tidy"]), ("", &["mod", "download"])]);
    let mut case = place.case();
    std::fs::remove_dir_all(&case.cache).unwrap();
    let server = Server::of(&place.proxy);
    case.set.insert("GOPROXY".to_owned(), server.url());
    let holdover = Holdover::new(&case.workspace, case.variables());
    holdover.ends(&["preflight"], 1);
    server.set(Some(Wrong::Half("/example.com/beta/@v/v1.0.0.zip")));
    holdover.ends(&["preflight", "--fetch"], 1);
    assert!(server.was_asked("/example.com/beta/@v/v1.0.0.zip"));
    whole(&case.cache.join("cache/download"), &place.proxy, &["zip", "mod"]);
    assert!(!case.folder("example.com/beta", "v1.0.0").exists(), "half a module is not unpacked");
    let said = holdover.ends(&["preflight"], 1);
    assert!(said.contains("missing example.com/beta"), "{said}");
    server.set(None);
    let before = std::fs::read(case.workspace.join("go.sum")).unwrap();
    holdover.ends(&["preflight", "--fetch"], 0);
    holdover.ends(&["preflight", "--deep"], 0);
    assert_eq!(std::fs::read(case.workspace.join("go.sum")).unwrap(), before, "nothing of the project is written");
    drop(server);
    case.set.insert("GOPROXY".to_owned(), "off".to_owned());
    must(&mut case.go("", &["build", "./..."]));
    must(&mut case.go("", &["mod", "verify"]));
}

#[test]
fn maven_brings_what_is_missing_and_neither_a_break_nor_an_answer_that_it_is_not_there_lasts() {
    let artifacts: &[jvm::Made<'_>] = &[
        (
            "x:alpha:1",
            "<dependencies><dependency><groupId>x</groupId><artifactId>beta</artifactId><version>1</version></dependency></dependencies>",
        ),
        ("x:beta:1", ""),
    ];
    let needs = format!("<dependencies>{}</dependencies>", jvm::needs("x:alpha:1", ""));
    let place = jvm::Place::new("fetch", artifacts, &[("pom.xml", jvm::pom("me:app:1", &needs))]);
    let case = place.case();
    std::fs::remove_dir_all(&case.repository).unwrap();
    let server = Server::of(&place.remote);
    case.mirror(&server.url());
    let holdover = Holdover::new(&case.workspace, case.path_variables());
    holdover.ends(&["preflight"], 1);
    // First the repository says that it has no such thing: Maven remembers that, and asks again all the same.
    for wrong in [Wrong::Absent("beta-1.jar"), Wrong::Half("beta-1.jar")] {
        server.set(Some(wrong.clone()));
        holdover.ends(&["preflight", "--fetch"], 1);
        assert!(server.was_asked("beta-1.jar"));
        whole(&case.repository, &place.remote, &["jar", "pom"]);
        assert!(!case.file("x:beta:1", "jar").exists(), "{wrong:?}");
        let said = holdover.ends(&["preflight"], 1);
        assert!(said.contains("missing x:beta"), "{said}");
    }
    server.set(None);
    holdover.ends(&["preflight", "--fetch"], 0);
    assert!(!case.workspace.join("target").exists(), "nothing of the project is written");
    holdover.ends(&["preflight", "--deep"], 0);
    drop(server);
    must(&mut case.maven(&["--offline", "package"]));
}
