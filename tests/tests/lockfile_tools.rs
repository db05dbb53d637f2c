//! Conflicted lockfiles of uv, pnpm and Yarn, merged by the real tools without a network and judged by them; and `go.sum`, which needs none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_collect,
    reason = "a test may stop and print"
)]

mod judge;

use holdover_tests::binary;
use holdover_tests::said::out;
use judge::{Held, copy, must, write};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

const PNPM: [&str; 2] = ["10.34.9", "12.21.0"];

fn tools() -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS")
        .map_or_else(|| std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools"), PathBuf::from);
    std::fs::canonicalize(tools).expect("run tests/uv/install.sh, tests/pnpm/install.sh and tests/yarn/install.sh")
}

fn both(output: &Output) -> String {
    out(output) + &String::from_utf8_lossy(&output.stderr)
}

/// A folder with a repository, its tool, the caches of that tool, and a data folder.
struct Project {
    _own: Option<tempfile::TempDir>,
    folder: PathBuf,
}

impl Project {
    /// A repository in which merging `feature` left conflicts: made once with a network, copied for each test.
    fn merged(tool: &str, change: impl Fn(&Project, &str)) -> Self {
        let stamp = format!("{}{}", include_str!("lockfile_tools.rs").len(), tools().display());
        let (held, folder, fresh) = Held::folder(&format!("lockfiles-{}", tool.replace('/', "-")), &stamp);
        if !fresh {
            for old in ["work", "home", "programs"] {
                let _ = std::fs::remove_dir_all(folder.join(old));
                std::fs::create_dir_all(folder.join(old)).unwrap();
            }
            let linked = match tool.split_once('/') {
                Some((name, version)) => Some((name, format!("{name}/{version}/node_modules/.bin/{name}"))),
                None => (tool == "uv").then(|| (tool, "uv/bin/uv".to_owned())),
            };
            if let Some((name, path)) = linked {
                let program = std::fs::canonicalize(tools().join(path)).unwrap();
                std::os::unix::fs::symlink(program, folder.join("programs").join(name)).unwrap();
            }
            let new = Self { _own: None, folder: folder.clone() };
            new.git(&["init", "-q", "-b", "main"]);
            for step in ["base", "feature", "main"] {
                match step {
                    "feature" => new.git(&["switch", "-qc", "feature"]),
                    "main" => new.git(&["switch", "-q", "main"]),
                    _ => {}
                }
                change(&new, step);
                new.git(&["add", "."]);
                new.git(&["commit", "-qm", step]);
            }
            held.done();
        }
        let own = tempfile::tempdir().unwrap();
        for part in ["work", "home", "programs"] {
            copy(&folder.join(part), &own.path().join(part));
        }
        let copied = Self { folder: own.path().to_path_buf(), _own: Some(own) };
        let who = ["-c", "user.name=Me", "-c", "user.email=me@localhost"];
        let merged = copied.run("git", &[&who[..], &["merge", "feature"]].concat());
        assert_eq!(merged.status.code(), Some(1), "{}", both(&merged));
        copied
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join("work").join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let at = |name: &str| self.folder.join(name);
        let path = format!("{}:{}", at("programs").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(program);
        command.current_dir(at("work")).env("PATH", path).env("HOME", at("home"));
        for (name, _) in std::env::vars() {
            let named = ["UV_", "XDG_", "VIRTUAL_ENV", "npm_config_", "pnpm_config_", "PNPM_", "YARN_", "COREPACK_"];
            if named.iter().any(|start| name.starts_with(start)) || name == "CI" || name == "HOLDOVER_OFFLINE" {
                command.env_remove(name);
            }
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("UV_PYTHON_DOWNLOADS", "never");
        command.env("HOLDOVER_DATA_DIR", at("data")).env("HOLDOVER_CONFIG", at("none.toml"));
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        // By its path: a name is looked up where this test runs.
        let own = self.folder.join("programs").join(program);
        let program = if own.exists() { own.display().to_string() } else { program.to_owned() };
        self.command(&program).args(arguments).output().unwrap()
    }

    fn must(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        assert!(output.status.success(), "{program} {arguments:?}: {}", both(&output));
        out(&output)
    }

    fn git(&self, arguments: &[&str]) {
        let who = ["-c", "user.name=Me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false"];
        self.must("git", &[&who[..], arguments].concat());
    }

    fn holdover(&self, arguments: &[&str]) -> Output {
        self.run(binary::holdover().to_str().unwrap(), arguments)
    }

    fn trust(&self) {
        must(self.command(binary::holdover().to_str().unwrap()).arg("trust"));
    }

    fn suggested(&self, file: &str) -> Value {
        let output = self.holdover(&["conflicts", file, "--suggest", "--json"]);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", both(&output)));
        told["files"][0]["lockfile"].clone()
    }

    fn problem(&self, file: &str) -> String {
        let told = self.suggested(file);
        told["problem"].as_str().unwrap_or_else(|| panic!("{told:#}")).to_owned()
    }

    /// Takes the merge after a look at it, and says what was shown: that is what is written, and it can be undone.
    fn resolve(&self, file: &str) -> Value {
        let before = self.read(file);
        let auto = self.holdover(&["conflicts", file, "--resolve", "auto"]);
        assert!(before == self.read(file) && auto.status.code() == Some(1), "nothing with one click: {}", both(&auto));
        let shown = self.suggested(file);
        let done = self.holdover(&["conflicts", file, "--resolve", "lockfile", "--json"]);
        assert_eq!(done.status.code(), Some(0), "{}", both(&done));
        let after = self.read(file);
        assert_eq!(shown["text"].as_str(), Some(&*after), "{shown:#}");
        let told: Value = serde_json::from_slice(&done.stdout).unwrap();
        let event = told["files"][0]["events"][0].as_str().unwrap_or_else(|| panic!("{told:#}"));
        let undone = self.holdover(&["conflicts", "--undo", event]);
        assert!(undone.status.success() && self.read(file) == before, "{}", both(&undone));
        write(&self.at(file), after);
        let work = self.folder.join("data/work");
        let left = if work.exists() { std::fs::read_dir(work).unwrap().count() } else { 0 };
        assert_eq!(left, 0, "no copy stays");
        shown
    }

    /// A program that leaves a trace, in place of the tool.
    fn trap(&self, name: &str) -> PathBuf {
        let program = self.folder.join("programs").join(name);
        let _ = std::fs::remove_file(&program);
        let trace = self.folder.join("ran");
        write(&program, format!("#!/bin/sh\ntouch '{}'\nexit 1\n", trace.display()));
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        trace
    }
}

/// Name, version and side of what a list holds.
fn held(told: &Value, list: &str) -> Vec<String> {
    let all = told[list].as_array().cloned().unwrap_or_default();
    let words = |one: &Value| ["name", "version", "side"].map(|key| one[key].as_str().unwrap().to_owned()).join(" ");
    all.iter().map(words).collect()
}

fn has(told: &Value, list: &str, wanted: &[&str]) {
    let all = held(told, list);
    for one in wanted {
        assert!(all.iter().any(|held| held == one), "{one} among the {list} of {told:#}");
    }
}

fn python(project: &Project, dependencies: &[&str], members: &[(&str, &str)]) {
    // Lines apart, so that git merges the manifests by itself.
    let all: String = dependencies.iter().map(|one| format!("    \"{one}\",\n    # -\n    # -\n    # -\n")).collect();
    let text = |name: &str, all: &str| {
        format!(
            "[project]\nname = \"{name}\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\n    # -\n{all}]\n"
        )
    };
    write(&project.at("pyproject.toml"), text("root", &all) + "\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\n");
    for (name, asked) in members {
        write(&project.at(&format!("packages/{name}/pyproject.toml")), text(name, &format!("    \"{asked}\",\n")));
    }
}

fn uv() -> Project {
    Project::merged("uv", |project, step| {
        let locked = |versions: &[&str]| {
            let pinned: Vec<&str> = versions.iter().flat_map(|version| ["-P", version]).collect();
            project.must("uv", &[&["lock", "--quiet"], &pinned[..]].concat());
        };
        let a = ("a", "attrs");
        match step {
            "base" => {
                python(project, &["packaging", "six", "toml"], &[a]);
                locked(&["packaging==24.0", "six==1.16.0", "attrs==23.1.0"]);
            }
            "main" => {
                python(project, &["iniconfig==2.0.0", "packaging", "six"], &[a]);
                locked(&["packaging==23.2", "six==1.16.0", "attrs==23.2.0"]);
            }
            _ => {
                python(project, &["packaging", "six", "toml"], &[a, ("b", "pluggy==1.5.0")]);
                locked(&["packaging==24.0", "six==1.17.0", "attrs==24.2.0"]);
            }
        }
    })
}

#[test]
fn what_each_side_added_bumped_or_removed_is_in_the_lockfile_that_uv_makes_and_takes_for_locked() {
    let project = uv();
    assert!(project.problem("uv.lock").contains("is not trusted"));
    project.trust();
    let told = project.resolve("uv.lock");
    let kept = ["iniconfig 2.0.0 current", "packaging 23.2 current", "attrs 24.2.0 incoming", "six 1.17.0 incoming"];
    has(&told, "packages", &kept);
    has(&told, "packages", &["pluggy 1.5.0 incoming"]);
    has(
        &told,
        "dropped",
        &["attrs 23.2.0 current", "packaging 24.0 incoming", "six 1.16.0 current", "toml 0.10.2 incoming"],
    );
    assert_eq!((&told["network"], &told["command"]), (&"namespace".into(), &"uv lock --offline".into()), "{told:#}");
    let lock = project.read("uv.lock");
    project.must("uv", &["lock", "--offline", "--locked"]);
    project.must("uv", &["lock", "--offline"]);
    assert_eq!(project.read("uv.lock"), lock, "uv would write it in another way");
}

#[test]
fn uv_does_not_get_away_with_another_version_and_what_is_not_here_is_named() {
    let project = uv();
    project.trust();
    let known = judge::files(&project.folder.join("home/.cache/uv"));
    let of_packaging = known.iter().filter(|path| path.to_str().unwrap().contains("/packaging/23.2-"));
    assert_eq!(of_packaging.map(|path| std::fs::remove_file(path).unwrap()).count(), 1);
    // Locked by a side, and uv takes the other side's in its place.
    let said = project.problem("uv.lock");
    assert!(said.starts_with("packaging 23.2 is not here"), "{said}");
    let manifest = project.read("pyproject.toml");
    write(&project.at("pyproject.toml"), manifest.replacen("\"six\"", "\"six\", \"no-such-thing-here\"", 1));
    let said = project.problem("uv.lock");
    assert!(said.starts_with("no-such-thing-here is not here"), "{said}");
}

#[test]
fn nothing_is_built_for_uv_and_what_leads_out_or_has_to_be_built_is_refused_before_it_runs() {
    let project = uv();
    let manifest = project.read("pyproject.toml");
    let trace = project.trap("uv");
    assert!(project.problem("uv.lock").contains("is not trusted") && !trace.exists());
    project.trust();
    let cases = [
        ("version = \"0.1.0\"", "dynamic = [\"version\"]", "version is dynamic"),
        ("\"packages/*\"", "\"packages/*\", \"../*\"", "outside of"),
        ("\"six\"", "\"six @ file:///etc/six\"", "outside of"),
        ("[tool.uv.workspace]", "[tool.uv.sources]\nsix = { path = \"../six\" }\n[tool.uv.workspace]", "outside of"),
        ("[tool.uv.workspace]", "[[tool.uv.index]]\nurl = \"./wheels\"\n[tool.uv.workspace]", "a folder as a registry"),
        ("[project]", "<<<<<<< a\n[project]\n=======\n>>>>>>> b", "resolve that first"),
    ];
    for (before, after, wanted) in cases {
        let changed = manifest.replacen(before, after, 1);
        assert_ne!(changed, manifest, "{after}");
        write(&project.at("pyproject.toml"), changed);
        let said = project.problem("uv.lock");
        assert!(said.contains(wanted) && !trace.exists(), "{after}: {said}");
    }
    write(&project.at("pyproject.toml"), manifest);
    assert!(project.problem("uv.lock").contains("exit code 1") && trace.exists(), "all of it is as it should be now");
}

fn node(project: &Project, name: &str, dependencies: &[(&str, &str)], dev: &[(&str, &str)]) {
    let table = |all: &[(&str, &str)]| {
        all.iter().map(|(name, range)| format!("    \"{name}\": \"{range}\"")).collect::<Vec<_>>().join(",\n")
    };
    let apart = ["a", "b", "c", "d"].map(|m| format!("  \"{m}\": 1,\n")).concat();
    let text = format!(
        "{{\n  \"name\": \"{name}\",\n  \"version\": \"1.0.0\",\n  \"dependencies\": {{\n{}\n  }},\n{apart}  \"devDependencies\": {{\n{}\n  }}\n}}\n",
        table(dependencies),
        table(dev)
    );
    let file = if name == "root" { "package.json".to_owned() } else { format!("packages/{name}/package.json") };
    write(&project.at(&file), text);
}

fn pnpm(version: &str) -> Project {
    Project::merged(&format!("pnpm/{version}"), |project, step| {
        write(&project.at("pnpm-workspace.yaml"), "packages:\n  - packages/*\n");
        let once = ("once", "^1.4.0");
        match step {
            "base" => node(project, "root", &[once], &[("semver", "7.5.0"), ("wrappy", "1.0.2")]),
            "main" => {
                node(project, "root", &[("ansi-styles", "4.3.0"), once], &[("semver", "7.5.0"), ("wrappy", "1.0.2")]);
            }
            _ => {
                node(project, "root", &[once], &[("ms", "2.1.3"), ("semver", "7.6.0")]);
                node(project, "b", &[("isexe", "2.0.0")], &[]);
            }
        }
        project.must("pnpm", &["install", "--lockfile-only", "--ignore-scripts", "--no-frozen-lockfile"]);
    })
}

#[test]
fn what_each_side_added_bumped_or_removed_is_in_the_lockfile_that_pnpm_makes_and_takes_for_locked() {
    for version in PNPM {
        let project = pnpm(version);
        assert!(project.problem("pnpm-lock.yaml").contains("is not trusted"));
        project.trust();
        let told = project.resolve("pnpm-lock.yaml");
        let kept = ["ansi-styles 4.3.0 current", "ms 2.1.3 incoming", "semver 7.6.0 incoming", "isexe 2.0.0 incoming"];
        has(&told, "packages", &kept);
        has(&told, "dropped", &["semver 7.5.0 current"]);
        let command = "pnpm install --lockfile-only --offline --ignore-scripts --ignore-pnpmfile --no-frozen-lockfile";
        assert_eq!((&told["network"], &told["command"]), (&"namespace".into(), &command.into()), "{told:#}");
        let lock = project.read("pnpm-lock.yaml");
        assert!(lock.contains("packages/b:") && !lock.contains("<<<"), "{lock}");
        // The newer one asks registries about a lockfile that it has not seen; that is for the next time there is a network.
        let judge = ["install", "--lockfile-only", "--offline", "--ignore-scripts", "--frozen-lockfile"];
        let output = project
            .command(project.folder.join("programs/pnpm").to_str().unwrap())
            .args(judge)
            .env("pnpm_config_trust_lockfile", "true")
            .output()
            .unwrap();
        assert!(output.status.success() && project.read("pnpm-lock.yaml") == lock, "{}", both(&output));
    }
}

#[test]
fn no_program_of_the_workspace_has_a_say_in_what_pnpm_makes() {
    for version in PNPM {
        let project = pnpm(version);
        let trace = project.folder.join("ran");
        let shown = trace.display();
        write(&project.at(".pnpmfile.cjs"), format!("require('fs').writeFileSync('{shown}', '')\n"));
        let scripts = format!(
            "{{\n  \"packageManager\": \"pnpm@9.0.0\",\n  \"scripts\": {{\"preinstall\": \"touch {shown}\", \"pnpm:devPreinstall\": \"touch {shown}\"}},"
        );
        let manifest = project.read("package.json");
        write(&project.at("package.json"), manifest.replacen('{', &scripts, 1));
        write(&project.at("pnpm-workspace.yaml"), format!("packages:\n  - packages/*\nscriptShell: {shown}\n"));
        write(&project.at(".npmrc"), format!("script-shell={shown}\nglobal-pnpmfile=.pnpmfile.cjs\n"));
        project.trust();
        let told = project.suggested("pnpm-lock.yaml");
        assert_eq!(told["problem"], Value::Null, "{told:#}");
        has(&told, "packages", &["ansi-styles 4.3.0 current", "ms 2.1.3 incoming"]);
        assert!(!trace.exists(), "pnpm {version} ran a program of the workspace");
        // A lockfile that one had a say in.
        let lock = project.read("pnpm-lock.yaml");
        write(&project.at("pnpm-lock.yaml"), lock.replacen("importers:", "pnpmfileChecksum: x\n\nimporters:", 1));
        project.git(&["add", "pnpm-lock.yaml"]);
        let said = project.problem("pnpm-lock.yaml");
        assert!(said.contains("a pnpmfile had a say in it"), "{said}");
        write(&project.at("pnpm-workspace.yaml"), "packages:\n  - packages/*\nconfigDependencies:\n  x: 1.0.0\n");
        write(&project.at("pnpm-lock.yaml"), &lock);
        let said = project.problem("pnpm-lock.yaml");
        assert!(said.contains("brings a program"), "{said}");
        write(&project.at("pnpm-workspace.yaml"), "packages:\n  - packages/*\n  - ../*\n");
        assert!(project.problem("pnpm-lock.yaml").contains("leads outside of it"));
        write(&project.at("pnpm-workspace.yaml"), "packages:\n  - packages/*\n");
        write(
            &project.at("package.json"),
            manifest.replacen("\"once\"", "\"no-such-thing-here\": \"1\",\n    \"once\"", 1),
        );
        let said = project.problem("pnpm-lock.yaml");
        assert!(said.starts_with("no-such-thing-here@"), "{said}");
    }
}

const YARN: &str = "4.18.1";
const YARN_1: &str = "1.22.22";

fn yarn() -> Project {
    Project::merged(&format!("yarn/{YARN}"), |project, step| {
        // What Yarn keeps for itself is no part of the repository.
        write(&project.at(".gitignore"), "/.yarn/\n/.pnp.*\n");
        let registry = project.must("npm", &["config", "get", "registry"]);
        let settings =
            format!("npmRegistryServer: \"{}\"\nenableTelemetry: false\n", registry.trim().trim_end_matches('/'));
        write(&project.at(".yarnrc.yml"), settings);
        let once = ("once", "^1.4.0");
        match step {
            "base" => node(project, "root", &[once], &[("semver", "7.5.0"), ("wrappy", "1.0.2")]),
            "main" => {
                node(project, "root", &[("ansi-styles", "4.3.0"), once], &[("semver", "7.5.0"), ("wrappy", "1.0.2")]);
            }
            _ => {
                node(project, "root", &[once], &[("ms", "2.1.3"), ("semver", "7.6.0")]);
                node(project, "b", &[("isexe", "2.0.0")], &[]);
            }
        }
        let manifest = project.read("package.json");
        let first = "{\n  \"workspaces\": [\"packages/*\"],";
        write(&project.at("package.json"), manifest.replacen('{', first, 1));
        let written = project.read("package.json");
        project.must("yarn", &["install", "--mode=update-lockfile"]);
        // Yarn lays a manifest out in its own way, and git merges lines.
        write(&project.at("package.json"), written);
    })
}

#[test]
fn what_each_side_added_bumped_or_removed_is_in_the_lockfile_that_yarn_makes_and_takes_for_locked() {
    let project = yarn();
    assert!(project.problem("yarn.lock").contains("is not trusted"));
    project.trust();
    let told = project.resolve("yarn.lock");
    let kept = ["ansi-styles 4.3.0 current", "ms 2.1.3 incoming", "semver 7.6.0 incoming", "isexe 2.0.0 incoming"];
    has(&told, "packages", &kept);
    has(&told, "dropped", &["semver 7.5.0 current"]);
    let command = "yarn install --mode=update-lockfile";
    assert_eq!((&told["network"], &told["command"]), (&"namespace".into(), &command.into()), "{told:#}");
    let lock = project.read("yarn.lock");
    assert!(lock.contains("b@workspace:packages/b") && !lock.contains("<<<"), "{lock}");
    // With a network: its own install of what is locked, which changes nothing.
    project.must("yarn", &["install", "--immutable", "--mode=skip-build"]);
    assert_eq!(project.read("yarn.lock"), lock);
}

#[test]
fn no_program_of_the_workspace_but_its_yarn_has_a_say_in_what_yarn_makes() {
    let project = yarn();
    let trace = project.folder.join("ran");
    let shown = trace.display();
    let (settings, manifest) = (project.read(".yarnrc.yml"), project.read("package.json"));
    let scripts =
        format!("{{\n  \"packageManager\": \"pnpm@9.0.0\",\n  \"scripts\": {{\"postinstall\": \"touch {shown}\"}},");
    write(&project.at("package.json"), manifest.replacen('{', &scripts, 1));
    write(&project.at("yarn.config.cjs"), format!("require('fs').writeFileSync('{shown}', '')\n"));
    write(
        &project.at(".yarnrc.yml"),
        format!("{settings}enableConstraintsChecks: true\ninjectEnvironmentFiles: [.env]\n"),
    );
    project.trust();
    let told = project.suggested("yarn.lock");
    assert_eq!(told["problem"], Value::Null, "{told:#}");
    assert!(!trace.exists(), "a program of the workspace ran");
    write(&project.at(".yarnrc.yml"), format!("{settings}plugins:\n  - ./evil.cjs\n"));
    assert!(project.problem("yarn.lock").contains("brings a program"));
    write(&project.at(".yarnrc.yml"), &settings);
    let asks = "\"no-such-thing-here\": \"1\",\n    \"once\"";
    write(&project.at("package.json"), manifest.replacen("\"once\"", asks, 1));
    let said = project.problem("yarn.lock");
    assert!(said.starts_with("no-such-thing-here@1 is not here"), "{said}");
    for (range, wanted) in [("portal:../x", "outside of"), ("patch:once@npm%3A1.4.0#../../x.patch", "outside of")] {
        write(&project.at("package.json"), manifest.replacen("^1.4.0", range, 1));
        let said = project.problem("yarn.lock");
        assert!(said.contains(wanted), "{range}: {said}");
    }
    write(&project.at("package.json"), &manifest);
    // The first Yarn in the path: the project's own is started by it where the project names one, and nothing is installed where not.
    let program = project.folder.join("programs/yarn");
    std::fs::remove_file(&program).unwrap();
    let of =
        |version: &str| std::fs::canonicalize(tools().join(format!("yarn/{version}/node_modules/.bin/yarn"))).unwrap();
    std::os::unix::fs::symlink(of(YARN_1), &program).unwrap();
    let said = project.problem("yarn.lock");
    assert!(said.contains(&format!("`yarn` is {YARN_1} here")) && said.contains("fetch.yarn"), "{said}");
    std::fs::create_dir_all(project.at(".yarn/releases")).unwrap();
    std::fs::copy(of(YARN), project.at(".yarn/releases/yarn-4.18.1.cjs")).unwrap();
    write(&project.at(".yarnrc.yml"), format!("{settings}yarnPath: .yarn/releases/yarn-4.18.1.cjs\n"));
    let told = project.suggested("yarn.lock");
    assert_eq!(told["problem"], Value::Null, "{told:#}");
    has(&told, "packages", &["ansi-styles 4.3.0 current", "ms 2.1.3 incoming"]);
    // A lockfile of the first Yarn.
    write(&project.at("yarn.lock"), "# yarn lockfile v1\n<<<<<<< a\na@1:\n=======\nb@1:\n>>>>>>> b\n");
    project.git(&["add", "yarn.lock"]);
    assert!(project.problem("yarn.lock").contains("Yarn 1's"));
}

/// A checksum of the right form, of 32 bytes that are all the same.
fn sum(byte: u8) -> String {
    use base64::Engine as _;
    format!("h1:{}", base64::engine::general_purpose::STANDARD.encode([byte; 32]))
}

#[test]
fn a_go_sum_holds_the_checksums_of_both_sides_in_gos_order_and_nothing_is_run_nor_trusted() {
    let lines =
        |all: &[(&str, u8)]| all.iter().map(|(module, byte)| format!("{module} {}\n", sum(*byte))).collect::<String>();
    let both_have = [("example.com/a v1.2.0", 1), ("example.com/a v1.2.0/go.mod", 2)];
    let (ten, nine) =
        ([("example.com/b v1.10.0", 3)], [("example.com/b v1.9.0", 4), ("example.com/b v1.9.0/go.mod", 5)]);
    let of = |own: &[(&str, u8)]| lines(&[&both_have[..], own].concat());
    let project = Project::merged("go", |project, step| {
        let text = match step {
            "base" => of(&[]),
            "main" => of(&ten),
            _ => of(&nine),
        };
        write(&project.at("go.sum"), text);
    });
    let told = project.resolve("go.sum");
    has(&told, "packages", &["example.com/b v1.10.0 current", "example.com/b v1.9.0 incoming"]);
    assert_eq!(held(&told, "dropped"), Vec::<String>::new());
    assert_eq!(project.read("go.sum"), of(&[&nine[..], &ten[..]].concat()));
    // One version with two checksums, and lines that are none.
    for (line, wanted) in [
        (format!("example.com/a v1.2.0 {}\n", sum(9)), "different contents for example.com/a v1.2.0"),
        ("example.com/c v1.0.0\n".to_owned(), "not a module, a version and a checksum"),
        (format!("example.com/c 1.0.0 {}\n", sum(9)), "its version is none of go's"),
        (format!("example.com/c v1.0.0/go.sum {}\n", sum(9)), "its version is none of go's"),
        ("example.com/c v1.0.0 h1:short=\n".to_owned(), "its checksum is not whole"),
        (format!("example.com/c v1.0.0 h2:{}\n", &sum(9)[3..]), "its checksum is not whole"),
    ] {
        let conflict = format!("<<<<<<< a\n{}=======\n{line}>>>>>>> b\n", lines(&both_have));
        project.git(&["add", "go.sum"]);
        write(&project.at("go.sum"), &conflict);
        let said = project.problem("go.sum");
        assert!(said.contains(wanted), "{line}: {said}");
        assert_eq!(project.read("go.sum"), conflict);
    }
}

#[test]
fn a_lockfile_that_its_tool_refuses_once_a_requirement_is_pinned_is_told_with_the_command_that_mends_it() {
    let frozen: [(Project, &str, &[&str]); 2] = [
        (uv(), "uv.lock", &["uv", "lock", "--check", "--offline"]),
        (pnpm(PNPM[0]), "pnpm-lock.yaml", &["pnpm", "install", "--frozen-lockfile", "--lockfile-only", "--offline"]),
    ];
    for (project, lockfile, frozen) in frozen {
        project.git(&["merge", "--abort"]);
        project.must(frozen[0], &frozen[1..]);
        let before = project.read(lockfile);
        let output = project.holdover(&["pin", "--all", "--json"]);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", both(&output)));
        assert!(told["pins"].as_array().is_some_and(|all| !all.is_empty()), "{told:#}");
        assert!(project.read(lockfile) == before, "no lockfile is written");
        assert!(!project.run(frozen[0], &frozen[1..]).status.success(), "{lockfile} is taken as it is");
        let [refused] = &told["lockfiles"].as_array().unwrap()[..] else { panic!("{told:#}") };
        assert!(refused["path"].as_str().unwrap().ends_with(lockfile), "{told:#}");
        let command: Vec<&str> = refused["command"].as_str().unwrap().split(' ').collect();
        project.must(command[0], &command[1..]);
        project.must(frozen[0], &frozen[1..]);
        let versions = |text: &str| -> Vec<String> {
            let own = |line: &&str| line.starts_with("version = ") || line.starts_with("  ") && line.ends_with(':');
            text.lines().filter(own).map(str::to_owned).collect()
        };
        assert_eq!(versions(&project.read(lockfile)), versions(&before), "the same as before");
    }
}
