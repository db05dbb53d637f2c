//! The judges of npm, pnpm, Yarn 4 and uv where packages come from other registries than the usual one: a scope's own, a mirror of all,
//! an index that one package names. Both registries are the test's, on this machine; the tools are the pinned ones, offline, both ways.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;
mod own_registry;

use inventory::Homes;
use judge::{Damage, Tally, Verdict, copy, damage, files, must, run, survey, write};
use own_registry::Registry;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn tool(path: &str) -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS")
        .map_or_else(|| std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools"), PathBuf::from);
    let tool = tools.join(path);
    assert!(tool.exists(), "{} is not there: tests/run installs it", tool.display());
    std::fs::canonicalize(tool).unwrap()
}

/// A project with its caches, and two registries: a scope's own, and one for all else. A third has what both have.
struct Place {
    _held: tempfile::TempDir,
    root: PathBuf,
    own: Registry,
    usual: Registry,
    mirror: Registry,
    /// What is run offline.
    judge: Vec<String>,
    /// Files that are there after it has installed everything.
    installed: Vec<PathBuf>,
}

impl Place {
    fn new() -> Self {
        let held = tempfile::tempdir().unwrap();
        let root = held.path().canonicalize().unwrap();
        let (own, usual, mirror) = (Registry::start(), Registry::start(), Registry::start());
        for folder in ["run/workspace", "home", "programs"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for to in [&own, &mirror] {
            to.npm(&root, "@own/a", &["@own/b"]);
            to.npm(&root, "@own/b", &[]);
            to.wheel(&root, "owned", &["plain"]);
        }
        for to in [&usual, &mirror] {
            to.npm(&root, "plain", &[]);
            to.wheel(&root, "plain", &[]);
        }
        Place { _held: held, root, own, usual, mirror, judge: Vec::new(), installed: Vec::new() }
    }

    fn run(&self, path: &str) -> PathBuf {
        self.root.join("run").join(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.run("workspace").join(name)
    }

    fn has(&self, program: &str, at: &Path) {
        std::os::unix::fs::symlink(at, self.root.join("programs").join(program)).unwrap();
    }

    /// The environment of both: nothing of this user's own.
    fn variables(&self) -> BTreeMap<String, String> {
        let foreign = [
            "npm_",
            "NPM_",
            "pnpm_",
            "PNPM_",
            "YARN_",
            "UV_",
            "PIP_",
            "XDG_",
            "NODE",
            "COREPACK",
            "PYTHON",
            "VIRTUAL_ENV",
        ];
        let mut kept: BTreeMap<String, String> =
            std::env::vars().filter(|(name, _)| !foreign.iter().any(|start| name.starts_with(start))).collect();
        let at = |path: PathBuf| path.to_str().unwrap().to_owned();
        let path = format!("{}:{}", at(self.root.join("programs")), kept.get("PATH").cloned().unwrap_or_default());
        let set = [
            ("PATH", path),
            ("HOME", at(self.root.join("home"))),
            ("CI", "true".to_owned()),
            ("npm_config_cache", at(self.run("npm-cache"))),
            ("XDG_DATA_HOME", at(self.run("data"))),
            ("XDG_CACHE_HOME", at(self.run("cache"))),
            ("XDG_CONFIG_HOME", at(self.run("config"))),
            ("YARN_GLOBAL_FOLDER", at(self.run("yarn"))),
            ("YARN_ENABLE_TELEMETRY", "0".to_owned()),
            ("UV_CACHE_DIR", at(self.run("uv-cache"))),
        ];
        kept.extend(set.map(|(name, value)| (name.to_owned(), value)));
        kept
    }

    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(self.root.join("programs").join(&arguments[0]));
        command.args(&arguments[1..]).current_dir(self.run("workspace")).env_clear().envs(self.variables());
        command
    }

    fn must(&self, line: &str) {
        must(&mut self.command(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()));
    }

    /// Keeps all as it is now; `judge`: what is run offline; `installed`: what it then brings, in the workspace.
    fn keep(&mut self, judge: &str, installed: &[&str]) {
        for name in ["node_modules", ".venv", ".pnp.cjs"] {
            let path = self.file(name);
            let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
        }
        copy(&self.root.join("run"), &self.root.join("kept"));
        self.judge = judge.split(' ').map(str::to_owned).collect();
        self.installed = installed.iter().map(|name| self.file(name)).collect();
    }

    /// All as it was, but for the damage; ours first, because the tool writes.
    fn judged(&self, tally: &mut Tally, what: &str, change: &dyn Fn(&Place)) {
        copy(&self.root.join("kept"), &self.root.join("run"));
        // Databases are written in place.
        for database in files(&self.root.join("run")) {
            if database.to_str().unwrap().contains("index.db") {
                write(&database, std::fs::read(&database).unwrap());
            }
        }
        change(self);
        let survey = survey(&self.run("workspace"), Homes::from_variables(self.variables()));
        let output = run(&mut self.command(&self.judge));
        let verdict = Verdict {
            passes: output.status.success() && self.installed.iter().all(|path| path.exists()),
            silent: Vec::new(),
            damaged: Vec::new(),
            output: String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        };
        tally.add(what, &survey, &verdict);
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}: {text}");
        write(&self.file(name), text.replace(from, to));
    }
}

const PACKAGE: &str = r#"{ "name": "project", "version": "1.0.0", "private": true, "dependencies": { "@own/a": "1.0.0", "plain": "1.0.0" } }"#;
const MODULES: [&str; 3] =
    ["node_modules/@own/a/index.js", "node_modules/@own/b/index.js", "node_modules/plain/index.js"];
const NPM: &str = "npm ci --offline --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries=0";

/// Where npm's cache keeps what has a checksum of the lockfile.
fn content(place: &Place, name: &str) -> PathBuf {
    let lock: Value = serde_json::from_slice(&std::fs::read(place.file("package-lock.json")).unwrap()).unwrap();
    let sum = lock["packages"][format!("node_modules/{name}")]["integrity"].as_str().unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &sum["sha512-".len()..]).unwrap();
    let hex = hex::encode(bytes);
    place.run("npm-cache/_cacache/content-v2/sha512").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..])
}

/// Takes what npm's index has about addresses that hold a text.
fn forgotten(place: &Place, text: &str) {
    let of = |path: &PathBuf| std::fs::read_to_string(path).is_ok_and(|found| found.contains(text));
    let known: Vec<PathBuf> = files(&place.run("npm-cache/_cacache/index-v5")).into_iter().filter(of).collect();
    assert!(!known.is_empty(), "npm's index knows {text}");
    for path in known {
        std::fs::remove_file(path).unwrap();
    }
}

/// `more`: lines of `.npmrc`.
fn npm(more: &str) -> Place {
    let mut place = Place::new();
    let (own, usual) = (place.own.url.clone(), place.usual.url.clone());
    let node = String::from_utf8(run(Command::new("node").args(["-p", "process.execPath"])).stdout).unwrap();
    place.has("node", Path::new(node.trim()));
    let npm = String::from_utf8(run(Command::new("sh").args(["-c", "command -v npm"])).stdout).unwrap();
    place.has("npm", &std::fs::canonicalize(npm.trim()).unwrap());
    write(&place.file("package.json"), PACKAGE);
    write(&place.file(".npmrc"), format!("@own:registry={own}/\nregistry={usual}/\n{more}"));
    place.must("npm install --package-lock-only --ignore-scripts --no-audit --no-fund --no-update-notifier");
    place.must("npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier");
    place.keep(NPM, &MODULES);
    place
}

#[test]
fn npm_finds_a_scopes_packages_by_their_checksums_whatever_registry_is_set() {
    let place = npm("");
    let mut tally = Tally::default();
    place.judged(&mut tally, "nothing damaged", &|_| ());
    place.judged(&mut tally, "a package of the scope gone", &|p| std::fs::remove_file(content(p, "@own/b")).unwrap());
    place.judged(&mut tally, "a package of the scope damaged", &|p| {
        assert!(damage(&content(p, "@own/b"), Damage::Flipped, 20));
    });
    place.judged(&mut tally, "no index of it", &|p| forgotten(p, "/@own/b/-/"));
    place.judged(&mut tally, "no description of it", &|p| forgotten(p, "/@own%2fb"));
    place.judged(&mut tally, "the scope elsewhere now", &|p| p.edit(".npmrc", &p.own.url, &p.mirror.url));
    place.judged(&mut tally, "all elsewhere now", &|p| {
        write(&p.file(".npmrc"), format!("registry={}/\nreplace-registry-host=always\n", p.mirror.url));
    });
    place.judged(&mut tally, "all elsewhere, and one gone", &|p| {
        write(&p.file(".npmrc"), format!("registry={}/\nreplace-registry-host=always\n", p.mirror.url));
        std::fs::remove_file(content(p, "plain")).unwrap();
    });
    place.judged(&mut tally, "no registry is named", &|p| std::fs::remove_file(p.file(".npmrc")).unwrap());
    tally.finish("npm, registries", 9);
}

#[test]
fn npm_asks_a_scopes_own_registry_for_what_the_lockfile_has_no_address_of() {
    let place = npm("omit-lockfile-registry-resolved=true\n");
    let mut tally = Tally::default();
    place.judged(&mut tally, "nothing damaged", &|_| ());
    place.judged(&mut tally, "no description of one of the scope", &|p| forgotten(p, "/@own%2fb"));
    place.judged(&mut tally, "no description of one of the others", &|p| {
        forgotten(p, &format!("{}/plain", p.usual.url));
    });
    place.judged(&mut tally, "the scope elsewhere now", &|p| p.edit(".npmrc", &p.own.url, &p.mirror.url));
    place.judged(&mut tally, "all else elsewhere now", &|p| p.edit(".npmrc", &p.usual.url, &p.mirror.url));
    place.judged(&mut tally, "the scope has no registry now", &|p| {
        write(&p.file(".npmrc"), format!("registry={}/\n", p.usual.url));
    });
    place.judged(&mut tally, "a package of the scope gone", &|p| std::fs::remove_file(content(p, "@own/a")).unwrap());
    tally.finish("npm, registries without addresses", 7);
}

fn pnpm(version: &str) -> Place {
    let mut place = Place::new();
    let node = String::from_utf8(run(Command::new("node").args(["-p", "process.execPath"])).stdout).unwrap();
    place.has("node", Path::new(node.trim()));
    place.has("pnpm", &tool(&format!("pnpm/{version}/node_modules/.bin/pnpm")));
    write(&place.file("package.json"), PACKAGE);
    write(&place.file("pnpm-workspace.yaml"), "packages:\n  - '.'\n");
    write(&place.file(".npmrc"), format!("@own:registry={}/\nregistry={}/\n", place.own.url, place.usual.url));
    place.must("pnpm install --no-frozen-lockfile --ignore-scripts");
    place.keep("pnpm install --offline --frozen-lockfile --ignore-scripts", &[MODULES[0], MODULES[2]]);
    place
}

/// A file in pnpm's store, by what is in it.
fn stored(place: &Place, text: &str) -> PathBuf {
    let holds = |path: &PathBuf| {
        path.to_str().unwrap().contains("/files/")
            && std::fs::read_to_string(path).is_ok_and(|file| file.contains(text))
    };
    files(&place.run("data")).into_iter().find(holds).expect("the store has it")
}

#[test]
fn pnpm_finds_a_scopes_packages_in_its_store_whatever_registry_is_set() {
    for version in ["10.34.9", "12.21.0"] {
        let place = pnpm(version);
        let mut tally = Tally::default();
        place.judged(&mut tally, "nothing damaged", &|_| ());
        place.judged(&mut tally, "a file of the scope gone", &|p| {
            std::fs::remove_file(stored(p, "module.exports = '@own/b'")).unwrap();
        });
        place.judged(&mut tally, "a file of another gone", &|p| {
            std::fs::remove_file(stored(p, "module.exports = 'plain'")).unwrap();
        });
        place.judged(&mut tally, "the scope elsewhere now", &|p| p.edit(".npmrc", &p.own.url, &p.mirror.url));
        place.judged(&mut tally, "no registry is named", &|p| std::fs::remove_file(p.file(".npmrc")).unwrap());
        place.judged(&mut tally, "all from one mirror", &|p| {
            write(&p.file(".npmrc"), format!("registry={}/\n", p.mirror.url));
        });
        tally.finish(&format!("pnpm {version}, registries"), 6);
    }
}

fn yarn() -> Place {
    let mut place = Place::new();
    let node = String::from_utf8(run(Command::new("node").args(["-p", "process.execPath"])).stdout).unwrap();
    place.has("node", Path::new(node.trim()));
    place.has("yarn", &tool("yarn/4.18.1/node_modules/.bin/yarn"));
    write(&place.file("package.json"), PACKAGE);
    write(&place.file("yarn.lock"), "");
    let settings = format!(
        "nodeLinker: node-modules\nunsafeHttpWhitelist: [127.0.0.1]\nnpmRegistryServer: {}\nnpmScopes:\n  own:\n    npmRegistryServer: {}\n",
        place.usual.url, place.own.url
    );
    write(&place.file(".yarnrc.yml"), settings);
    let mut install = place.command(&["yarn", "install", "--no-immutable"].map(str::to_owned));
    must(install.env_remove("CI"));
    // Without a network from here on.
    let settings = std::fs::read_to_string(place.file(".yarnrc.yml")).unwrap();
    write(&place.file(".yarnrc.yml"), settings + "enableNetwork: false\n");
    place.keep("yarn install --immutable --immutable-cache --mode=skip-build", &MODULES);
    place
}

/// An archive in Yarn's cache.
fn zipped(place: &Place, name: &str) -> PathBuf {
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(name);
    files(&place.run("yarn/cache")).into_iter().find(named).expect("the cache has it")
}

#[test]
fn yarn_finds_a_scopes_packages_in_its_cache_whatever_registry_is_set() {
    let place = yarn();
    let mut tally = Tally::default();
    place.judged(&mut tally, "nothing damaged", &|_| ());
    place.judged(&mut tally, "an archive of the scope gone", &|p| std::fs::remove_file(zipped(p, "@own-b-")).unwrap());
    place.judged(&mut tally, "an archive of the scope cut short", &|p| {
        assert!(damage(&zipped(p, "@own-b-"), Damage::Truncated, 0));
    });
    place.judged(&mut tally, "another archive gone", &|p| std::fs::remove_file(zipped(p, "plain-")).unwrap());
    place.judged(&mut tally, "the scope elsewhere now", &|p| p.edit(".yarnrc.yml", &p.own.url, &p.mirror.url));
    place.judged(&mut tally, "all else elsewhere now", &|p| p.edit(".yarnrc.yml", &p.usual.url, &p.mirror.url));
    tally.finish("Yarn 4, registries", 6);
}

fn uv() -> Place {
    let mut place = Place::new();
    place.has("uv", &tool("uv/bin/uv"));
    place.has("python3", &std::fs::canonicalize("/usr/bin/python3").unwrap());
    let (own, usual) = (&place.own.url, &place.usual.url);
    let project = format!(
        "[project]\nname = \"project\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"owned\", \"plain\"]\n\
         [tool.uv.sources]\nowned = {{ index = \"own\" }}\n\
         [[tool.uv.index]]\nname = \"own\"\nurl = \"{own}/simple\"\nexplicit = true\n\
         [[tool.uv.index]]\nname = \"usual\"\nurl = \"{usual}/simple\"\ndefault = true\n"
    );
    write(&place.file("pyproject.toml"), project);
    place.must("uv sync");
    place.keep("uv sync --locked --offline", &[".venv/bin/python"]);
    place
}

/// A fetched wheel's pointer in uv's cache.
fn pointer(place: &Place, name: &str) -> PathBuf {
    let of = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "http") && path.to_str().unwrap().contains(&format!("/{name}/"))
    };
    files(&place.run("uv-cache/wheels-v7")).into_iter().find(of).expect("the cache has it")
}

#[test]
fn uv_finds_what_an_index_of_the_project_gave() {
    let place = uv();
    let mut tally = Tally::default();
    place.judged(&mut tally, "nothing damaged", &|_| ());
    for name in ["owned", "plain"] {
        place.judged(&mut tally, &format!("the wheel {name} gone"), &|p| {
            let pointer = pointer(p, name);
            let unpacked = std::fs::canonicalize(pointer.with_extension("")).unwrap();
            std::fs::remove_dir_all(unpacked).unwrap();
            std::fs::remove_dir_all(pointer.parent().unwrap()).unwrap();
        });
        place.judged(&mut tally, &format!("no list of {name}"), &|p| {
            let lists = files(&p.run("uv-cache/simple-v27"));
            let of = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == name);
            lists.iter().filter(of).for_each(|path| std::fs::remove_file(path).unwrap());
        });
    }
    place.judged(&mut tally, "the index elsewhere now", &|p| p.edit("pyproject.toml", &p.own.url, &p.mirror.url));
    place.judged(&mut tally, "the index elsewhere now, in the lockfile too", &|p| {
        for name in ["pyproject.toml", "uv.lock"] {
            p.edit(name, &p.own.url, &p.mirror.url);
        }
    });
    tally.finish("uv, indexes", 7);
}
