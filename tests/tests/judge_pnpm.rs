//! The judge of the inventory's answers about pnpm: `pnpm install --offline --frozen-lockfile --ignore-scripts` with the pinned
//! ones, both ways. pnpm goes on without an optional package that it cannot get: that counts as a no, because the tree lacks it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;

use contract::ReadinessState;
use inventory::Homes;
use judge::{DAMAGES, Damage, Dice, Held, Tally, Verdict, copy, damage, files, must, random_cases, run, survey, write};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One for each form of the store: `tests/pnpm/install.sh` installs them.
const FILES: &str = "10.34.9";
const DATABASE: &str = "12.21.0";

/// Some forty packages: optional ones for other platforms, development, an alias, peers.
const PLAIN: &[(&str, &str)] = &[(
    "package.json",
    r#"{ "name": "plain", "version": "1.0.0", "private": true,
  "dependencies": { "chalk": "^4.1.2", "once": "1.4.0", "old-ms": "npm:ms@2.0.0", "debug": "^4.3.0", "use-sync-external-store": "^1.2.0", "react": "^18" },
  "devDependencies": { "minimatch": "^3.1.2", "esbuild": "0.21.5" },
  "optionalDependencies": { "fsevents": "^2.3.3", "wrap-ansi": "^7.0.0" } }"#,
)];

/// Members that need each other, a catalog, an override, a patch, an archive beside the lockfile, and a pattern that leaves out.
const MANY: &[(&str, &str)] = &[
    (
        "package.json",
        r#"{ "name": "many", "private": true, "devDependencies": { "semver": "^7.6.0" }, "dependencies": { "beside": "file:beside-1.0.0.tgz" } }"#,
    ),
    (
        "pnpm-workspace.yaml",
        "packages:\n  - packages/*\n  - '!packages/left-out'\ncatalog:\n  strip-ansi: ^6.0.1\ncatalogs:\n  newer:\n    strip-ansi: ^7.1.0\noverrides:\n  ms: 2.1.2\npatchedDependencies:\n  once@1.4.0: patches/once.patch\n",
    ),
    (
        "packages/one/package.json",
        r#"{ "name": "one", "version": "1.0.0", "dependencies": { "strip-ansi": "catalog:", "two": "workspace:*", "debug": "^4.3.0" } }"#,
    ),
    (
        "packages/two/package.json",
        r#"{ "name": "two", "version": "1.0.0", "dependencies": { "strip-ansi": "catalog:newer", "once": "^1.4.0" }, "peerDependencies": { "semver": "^7.0.0" } }"#,
    ),
    (
        "packages/left-out/package.json",
        r#"{ "name": "left-out", "version": "1.0.0", "dependencies": { "rimraf": "^3" } }"#,
    ),
    (
        "patches/once.patch",
        "diff --git a/once.js b/once.js\n--- a/once.js\n+++ b/once.js\n@@ -1,4 +1,5 @@\n var wrappy = require('wrappy')\n+// patched\n module.exports = wrappy(once)\n module.exports.strict = wrappy(onceStrict)\n \n",
    ),
    ("beside/package.json", r#"{ "name": "beside", "version": "1.0.0", "dependencies": { "isexe": "^2.0.0" } }"#),
];

/// File, what stands there, and what does instead.
const PLAIN_EDITS: &[(&str, &str, &str)] = &[
    ("package.json", "\"once\": \"1.4.0\"", "\"once\": \"^1.4.0\""),
    ("package.json", "\"once\": \"1.4.0\"", "\"twice\": \"1.4.0\""),
    ("package.json", "\"once\": \"1.4.0\", ", ""),
    ("package.json", "\"dependencies\": {", "\"dependencies\": { \"is-odd\": \"1\","),
    ("package.json", "\"devDependencies\"", "\"peerDependencies\": { \"react\": \"*\" }, \"devDependencies\""),
    ("package.json", "\"devDependencies\"", "\"peerDependencies\": { \"is-odd\": \"*\" }, \"devDependencies\""),
    ("package.json", "\"minimatch\": \"^3.1.2\", ", ""),
    ("package.json", "\"private\": true", "\"private\": true, \"packageManager\": \"npm@11.0.0\""),
    ("package.json", "\"private\": true", "\"private\": true, \"packageManager\": \"pnpm@10.34.9\""),
    ("package.json", "\"private\": true", "\"private\": true, \"engines\": { \"pnpm\": \">=99\" }"),
    ("package.json", "\"private\": true", "\"private\": true, \"engines\": { \"pnpm\": \">=10\" }"),
    ("package.json", "\"private\": true", "\"private\": true, \"engines\": { \"node\": \">=99\" }"),
    ("package.json", "\"private\": true", "\"private\": true, \"pnpm\": { \"overrides\": { \"ms\": \"2.1.2\" } }"),
    ("package.json", "\"private\": true", "\"private\": true, \"pnpm\": { \"overrides\": {} }"),
    ("package.json", "\"private\": true", "\"private\": true, \"resolutions\": { \"ms\": \"2.1.2\" }"),
    ("package.json", "\"private\": true", "\"private\": true, \"pnpm\": { \"onlyBuiltDependencies\": [\"esbuild\"] }"),
    ("package.json", "\"private\": true", "\"private\": true,"),
    ("pnpm-lock.yaml", "autoInstallPeers: true", "autoInstallPeers: false"),
    ("pnpm-lock.yaml", "excludeLinksFromLockfile: false", "excludeLinksFromLockfile: true"),
    (
        "pnpm-lock.yaml",
        "        specifier: 1.4.0\n        version: 1.4.0",
        "        specifier: 1.4.0\n        version: 1.3.9",
    ),
    ("pnpm-lock.yaml", "        specifier: ^4.3.0", "        specifier: ^4.3.1"),
    ("pnpm-lock.yaml", "  once@1.4.0:\n    dependencies:\n      wrappy: 1.0.2\n", "  once@1.4.0: {}\n"),
    ("pnpm-lock.yaml", "  wrappy@1.0.2: {}\n", ""),
    ("pnpm-lock.yaml", "  wrappy@1.0.2:\n", "  wrappy@1.0.3:\n"),
    ("pnpm-lock.yaml", "snapshots:\n", "snapshots:\n  strange@1.0.0: {}\n"),
    (
        "pnpm-lock.yaml",
        "packages:\n",
        "packages:\n  strange@1.0.0:\n    resolution: {integrity: sha512-1SDgH6ZSPTlggy1yI6+Dbkiz8xzpHJEVAlF/AM1tHPLsf5STom9rwtjE4hKAF20FfXXNTFqEYXyJNWh1GiZedQ==}\n",
    ),
    ("pnpm-lock.yaml", "packages:\n", "packages\n"),
    ("pnpm-lock.yaml", "    cpu: [x64]\n    os: [linux]\n", "    cpu: [arm64]\n    os: [linux]\n"),
    ("pnpm-lock.yaml", "  wrappy@1.0.2: {}\n", "  wrappy@1.0.2: {}\n  wrappy@1.0.2: {}\n"),
];

const MANY_EDITS: &[(&str, &str, &str)] = &[
    ("pnpm-workspace.yaml", "strip-ansi: ^6.0.1", "strip-ansi: ^6.0.0"),
    ("pnpm-workspace.yaml", "    strip-ansi: ^7.1.0", "    strip-ansi: ^7.0.0"),
    ("pnpm-workspace.yaml", "catalog:\n", "catalog:\n  is-odd: ^1.0.0\n"),
    ("pnpm-workspace.yaml", "ms: 2.1.2", "ms: 2.1.3"),
    ("pnpm-workspace.yaml", "overrides:\n  ms: 2.1.2\n", ""),
    ("pnpm-workspace.yaml", "'!packages/left-out'", "'!packages/other'"),
    ("pnpm-workspace.yaml", "  - packages/*\n", "  - packages/one\n"),
    ("pnpm-workspace.yaml", "patchedDependencies:\n  once@1.4.0: patches/once.patch\n", ""),
    ("pnpm-workspace.yaml", "catalog:\n", "hoist: true\ncatalog:\n"),
    ("pnpm-workspace.yaml", "catalog:\n", "verifyStoreIntegrity: false\ncatalog:\n"),
    ("pnpm-workspace.yaml", "catalog:\n", "catalog: [\n"),
    ("pnpm-workspace.yaml", "packages:\n  - packages/*\n  - '!packages/left-out'\n", ""),
    ("patches/once.patch", "// patched", "// patched otherwise"),
    ("packages/one/package.json", "workspace:*", "workspace:^"),
    ("packages/one/package.json", "\"catalog:\"", "\"^6.0.1\""),
    ("packages/two/package.json", "\"version\": \"1.0.0\"", "\"version\": \"2.0.0\""),
    ("packages/two/package.json", "\"name\": \"two\"", "\"name\": \"three\""),
    ("packages/left-out/package.json", "\"^3\"", "\"^4\""),
    ("pnpm-lock.yaml", "  ms: 2.1.2\n", "  ms: 2.1.1\n"),
];

fn tools() -> PathBuf {
    std::env::var_os("HOLDOVER_TOOLS").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("tools")
        },
        PathBuf::from,
    )
}

/// The pinned pnpm of a version.
fn pnpm(version: &str) -> PathBuf {
    let tools = tools();
    let pnpm = tools.join("pnpm").join(version).join("node_modules/.bin/pnpm");
    assert!(pnpm.exists(), "{} is not there: run tests/pnpm/install.sh {}", pnpm.display(), tools.display());
    std::fs::canonicalize(pnpm).unwrap()
}

fn text_of(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).unwrap()
}

fn link(to: &Path, at: &Path) {
    let _ = std::fs::remove_file(at);
    std::os::unix::fs::symlink(to, at).unwrap();
}

struct Place {
    /// Where a case's copy stands.
    run: PathBuf,
    kept: PathBuf,
    programs: PathBuf,
    installed: Vec<String>,
    held: Held,
}

struct Case {
    workspace: PathBuf,
    store: PathBuf,
    programs: PathBuf,
    damaged: Vec<String>,
    /// What pnpm does not notice.
    unnoticed: Vec<String>,
    /// The store is whole, and something else is different.
    edited: bool,
}

impl Place {
    fn new(name: &str, version: &str, manifests: &[(&str, &str)]) -> Self {
        let stamp = format!("{manifests:?}{}", pnpm(version).display());
        let (held, folder, fresh) = Held::folder(&format!("judge-pnpm-{name}-{version}"), &stamp);
        let (run, kept, programs) = (folder.join("run"), folder.join("kept"), folder.join("programs"));
        let mut place = Place { run, kept, programs, installed: Vec::new(), held };
        if !fresh {
            for old in [&place.run, &place.kept, &place.programs] {
                if old.exists() {
                    std::fs::remove_dir_all(old).unwrap();
                }
                std::fs::create_dir_all(old).unwrap();
            }
            link(&pnpm(version), &place.programs.join("pnpm"));
            let node = text_of(Command::new("node").args(["-p", "process.execPath"]));
            link(Path::new(node.trim()), &place.programs.join("node"));
            let case = place.at_run();
            for (path, text) in manifests {
                write(&case.workspace.join(path), text);
            }
            if case.workspace.join("beside").exists() {
                let mut pack = Command::new("npm");
                must(pack.args(["pack", "--silent", "./beside"]).current_dir(&case.workspace));
                std::fs::remove_dir_all(case.workspace.join("beside")).unwrap();
            }
            must(&mut case.pnpm(&["install", "--ignore-scripts", "--no-frozen-lockfile"]));
            write(&folder.join("installed"), tree(&case.workspace).join("\n"));
            case.clear();
            copy(&case.workspace, &place.kept.join("workspace"));
            copy(&case.store, &place.kept.join("store"));
            place.held.done();
        }
        place.installed =
            std::fs::read_to_string(folder.join("installed")).unwrap().lines().map(str::to_owned).collect();
        place
    }

    fn at_run(&self) -> Case {
        let (workspace, store) = (self.run.join("workspace"), self.run.join("store"));
        let programs = self.programs.clone();
        Case { workspace, store, programs, damaged: Vec::new(), unnoticed: Vec::new(), edited: false }
    }

    fn case(&self) -> Case {
        let case = self.at_run();
        copy(&self.kept.join("workspace"), &case.workspace);
        copy(&self.kept.join("store"), &case.store);
        // pnpm writes into its database in place.
        for database in files(&case.store).into_iter().filter(|path| path.to_str().unwrap().contains("index.db")) {
            write(&database, std::fs::read(&database).unwrap());
        }
        case
    }

    fn judge(&self, tally: &mut Tally, name: &str, case: Case) {
        if tally.leaves_out() {
            return;
        }
        let survey = survey(&case.workspace, case.homes());
        let output = run(&mut case.offline());
        // Where the store is whole, what is installed is what is asked for.
        let whole = case.edited || tree(&case.workspace) == self.installed;
        let passes = output.status.success() && whole;
        let verdict = Verdict {
            passes,
            silent: if passes { case.unnoticed } else { Vec::new() },
            damaged: case.damaged,
            output: String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        };
        tally.add(name, &survey, &verdict);
    }
}

/// What is installed below `node_modules/.pnpm`.
fn tree(workspace: &Path) -> Vec<String> {
    let base = workspace.join("node_modules/.pnpm");
    let below = |path: &PathBuf| path.strip_prefix(&base).unwrap().to_str().unwrap().to_owned();
    // Links to programs come in some kinds of install and not in others.
    files(&base).iter().map(below).filter(|path| !path.contains("/.bin/")).collect()
}

impl Case {
    /// The environment of both: nothing of this user's own.
    fn variables(&self) -> BTreeMap<String, String> {
        let foreign = ["npm_", "NPM_", "pnpm_", "PNPM_", "XDG_", "NODE", "COREPACK"];
        let mut kept: BTreeMap<String, String> =
            std::env::vars().filter(|(name, _)| !foreign.iter().any(|start| name.starts_with(start))).collect();
        let own = self.programs.parent().unwrap();
        for (name, path) in
            [("PATH", &self.programs), ("HOME", &own.join("home")), ("PNPM_HOME", &own.join("pnpm-home"))]
        {
            kept.insert(name.to_owned(), path.to_str().unwrap().to_owned());
        }
        let newer = std::fs::canonicalize(self.programs.join("pnpm")).unwrap().to_str().unwrap().contains(DATABASE);
        let store = if newer { "pnpm_config_store_dir" } else { "npm_config_store_dir" };
        kept.insert(store.to_owned(), self.store.to_str().unwrap().to_owned());
        kept
    }

    fn homes(&self) -> Homes {
        Homes::from_variables(self.variables())
    }

    fn pnpm(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("pnpm"));
        command.args(arguments).current_dir(&self.workspace).env_clear().envs(self.variables());
        command
    }

    fn offline(&self) -> Command {
        self.pnpm(&["install", "--offline", "--frozen-lockfile", "--ignore-scripts"])
    }

    /// Removes what an install leaves beside the store.
    fn clear(&self) {
        for path in files(&self.workspace).iter().flat_map(|path| path.ancestors()) {
            if path.ends_with("node_modules") && path.exists() {
                std::fs::remove_dir_all(path).unwrap();
            }
        }
    }

    fn edit(&mut self, path: &str, from: &str, to: &str) {
        let path = self.workspace.join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{} has no {from}", path.display());
        self.edited = true;
        write(&path, text.replacen(from, to, 1));
    }

    /// Lists of files in the store, by the names of packages.
    fn lists(&self) -> Vec<(String, PathBuf)> {
        let named = |path: PathBuf| {
            let list: Value = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
            Some((list["name"].as_str()?.to_owned(), path))
        };
        files(&self.store.join("v10/index")).into_iter().filter_map(named).collect()
    }

    fn list(&self, name: &str) -> PathBuf {
        self.lists().into_iter().find(|(known, _)| known == name).unwrap().1
    }

    /// Where a package's file lies in the store.
    fn file(&self, name: &str, file: &str) -> PathBuf {
        use base64::Engine;
        let list: Value = serde_json::from_slice(&std::fs::read(self.list(name)).unwrap()).unwrap();
        let entry = &list["files"][file];
        let sum = entry["integrity"].as_str().unwrap().strip_prefix("sha512-").unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(sum).unwrap();
        let hex = hex::encode(bytes);
        let runs = if entry["mode"].as_u64().unwrap() & 0o111 != 0 { "-exec" } else { "" };
        self.store.join("v10/files").join(&hex[..2]).join(format!("{}{runs}", &hex[2..]))
    }
}

/// A byte is another, and the file says that it has not changed.
fn flip_in_silence(path: &Path) {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    let _ = damage(path, Damage::Flipped, 7);
    std::fs::File::options().append(true).open(path).unwrap().set_modified(modified).unwrap();
}

#[test]
fn the_inventory_and_pnpm_agree_on_every_kind_of_damage_to_its_store() {
    let place = Place::new("plain", FILES, PLAIN);
    let mut tally = Tally::default();
    let mut dice = Dice::new(7);
    place.judge(&mut tally, "nothing damaged", place.case());
    for what in DAMAGES {
        for name in
            [["chalk", "ms", "esbuild"][dice.roll(3)], ["@esbuild/linux-x64", "wrap-ansi", "react"][dice.roll(3)]]
        {
            let Some(mut case) = tally.case(|| place.case()) else { continue };
            let _ = damage(&case.list(name), what, 30);
            case.damaged.push(name.into());
            place.judge(&mut tally, &format!("list of {name} {what:?}"), case);
        }
        let some = [("chalk", "package.json"), ("@esbuild/linux-x64", "bin/esbuild"), ("wrap-ansi", "index.js")];
        for (name, file) in [some[dice.roll(3)], some[dice.roll(3)]] {
            let Some(mut case) = tally.case(|| place.case()) else { continue };
            let _ = damage(&case.file(name, file), what, 12);
            case.damaged.push(name.into());
            place.judge(&mut tally, &format!("{file} of {name} {what:?}"), case);
        }
    }
    let mut case = place.case();
    flip_in_silence(&case.file("chalk", "source/index.js"));
    case.damaged.push("chalk".into());
    case.unnoticed.push("chalk".into());
    place.judge(&mut tally, "a file that looks unchanged", case);
    let changes: &[(&str, &[&str], &dyn Fn(&Case))] = &[
        ("the list of another", &["once"], &|case| {
            let other = std::fs::read(case.list("wrappy")).unwrap();
            write(&case.list("once"), other);
        }),
        ("all lists gone", &[], &|case| std::fs::remove_dir_all(case.store.join("v10/index")).unwrap()),
        ("all files gone", &[], &|case| std::fs::remove_dir_all(case.store.join("v10/files")).unwrap()),
        ("the whole store gone", &[], &|case| std::fs::remove_dir_all(&case.store).unwrap()),
        ("projects gone", &[], &|case| std::fs::remove_dir_all(case.store.join("v10/projects")).unwrap()),
    ];
    for (name, damaged, change) in changes {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        place.judge(&mut tally, name, case);
    }
    tally.finish("pnpm, its store", 25);
}

#[test]
fn the_inventory_and_pnpm_agree_on_whether_the_lockfile_is_up_to_date() {
    let place = Place::new("plain", FILES, PLAIN);
    let mut tally = Tally::default();
    for (path, from, to) in PLAIN_EDITS {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        case.edit(path, from, to);
        place.judge(&mut tally, &format!("{path}: {from:?} is {to:?}"), case);
    }
    let case = place.case();
    std::fs::remove_file(case.workspace.join("package.json")).unwrap();
    place.judge(&mut tally, "no manifest", case);
    tally.finish("pnpm, lockfile and manifest", 25);
}

#[test]
fn the_inventory_and_pnpm_agree_on_workspaces_catalogs_overrides_and_patches() {
    let place = Place::new("many", FILES, MANY);
    let mut tally = Tally::default();
    place.judge(&mut tally, "nothing damaged", place.case());
    for name in ["strip-ansi", "ms", "once", "isexe", "semver"] {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        for (known, path) in case.lists() {
            if known == name {
                std::fs::remove_file(path).unwrap();
            }
        }
        case.damaged.push(name.into());
        place.judge(&mut tally, &format!("{name} gone"), case);
    }
    for what in DAMAGES {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        let _ = damage(&case.workspace.join("beside-1.0.0.tgz"), what, 100);
        case.damaged.push("beside".into());
        place.judge(&mut tally, &format!("the archive beside the lockfile {what:?}"), case);
    }
    for (path, from, to) in MANY_EDITS {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        case.edit(path, from, to);
        place.judge(&mut tally, &format!("{path}: {from:?} is {to:?}"), case);
    }
    let changes: &[(&str, &dyn Fn(&Case))] = &[
        ("a new member with dependencies", &|case| {
            write(
                &case.workspace.join("packages/new/package.json"),
                r#"{"name": "new", "dependencies": {"once": "1.4.0"}}"#,
            );
        }),
        ("a new member without", &|case| {
            write(&case.workspace.join("packages/new/package.json"), r#"{"name": "new"}"#);
        }),
        ("a member gone", &|case| std::fs::remove_dir_all(case.workspace.join("packages/two")).unwrap()),
        ("the patch gone", &|case| std::fs::remove_dir_all(case.workspace.join("patches")).unwrap()),
        ("no workspace any more", &|case| std::fs::remove_file(case.workspace.join("pnpm-workspace.yaml")).unwrap()),
    ];
    for (name, change) in changes {
        let Some(mut case) = tally.case(|| place.case()) else { continue };
        case.edited = true;
        change(&case);
        place.judge(&mut tally, name, case);
    }
    tally.finish("pnpm, workspaces", 30);
}

impl Case {
    /// Changes the database of a newer pnpm.
    fn database(&self, change: &str, of: &str) {
        let database = rusqlite::Connection::open(self.store.join("v11/index.db")).unwrap();
        let changed = database.execute(change, [format!("%\t{of}@%")]).unwrap();
        assert!(changed > 0, "{change} {of}");
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        database.close().unwrap();
    }
}

#[test]
fn the_inventory_and_newer_pnpm_agree_on_its_database() {
    let some = [
        ("chalk", "package.json"),
        ("@esbuild/linux-x64", "bin/esbuild"),
        ("wrap-ansi", "index.js"),
        ("ms", "index.js"),
        ("chalk", "source/index.js"),
    ];
    // Files lie in both stores in the same places.
    let sample = Place::new("plain", FILES, PLAIN).case();
    let stored =
        some.map(|(name, file)| sample.file(name, file).strip_prefix(sample.store.join("v10")).unwrap().to_owned());
    let place = Place::new("plain", DATABASE, PLAIN);
    let mut tally = Tally::default();
    let mut dice = Dice::new(12);
    place.judge(&mut tally, "nothing damaged", place.case());
    for what in DAMAGES {
        for ((name, file), path) in some.iter().zip(&stored) {
            let Some(mut case) = tally.case(|| place.case()) else { continue };
            let _ = damage(&case.store.join("v11").join(path), what, dice.roll(100));
            case.damaged.push((*name).into());
            place.judge(&mut tally, &format!("{file} of {name} {what:?}"), case);
        }
        let case = place.case();
        let _ = damage(&case.store.join("v11/index.db"), what, 5);
        place.judge(&mut tally, &format!("the database {what:?}"), case);
    }
    for name in ["chalk", "ms", "esbuild", "@esbuild/linux-x64", "wrap-ansi", "react"] {
        for change in [
            "DELETE FROM package_index WHERE key LIKE ?1",
            "UPDATE package_index SET data = substr(data, 1, length(data) / 2) WHERE key LIKE ?1",
            "UPDATE package_index SET data = x'93010203' WHERE key LIKE ?1",
            "UPDATE package_index SET data = (SELECT data FROM package_index WHERE key LIKE '%\twrappy@%') WHERE key LIKE ?1",
        ] {
            let Some(mut case) = tally.case(|| place.case()) else { continue };
            case.database(change, name);
            case.damaged.push(name.into());
            place.judge(&mut tally, &format!("{name}: {change}"), case);
        }
    }
    let mut case = place.case();
    flip_in_silence(&case.store.join("v11").join(&stored[4]));
    case.damaged.push("chalk".into());
    case.unnoticed.push("chalk".into());
    place.judge(&mut tally, "a file that looks unchanged", case);
    let changes: &[(&str, &dyn Fn(&Case))] = &[
        ("all files gone", &|case| std::fs::remove_dir_all(case.store.join("v11/files")).unwrap()),
        ("the whole store gone", &|case| std::fs::remove_dir_all(&case.store).unwrap()),
        ("an empty log", &|case| write(&case.store.join("v11/index.db-wal"), "")),
    ];
    for (name, change) in changes {
        let Some(case) = tally.case(|| place.case()) else { continue };
        change(&case);
        place.judge(&mut tally, name, case);
    }
    tally.finish("pnpm, its database", 50);
}

#[test]
fn the_inventory_and_newer_pnpm_agree_on_manifests_and_workspaces() {
    let mut tally = Tally::default();
    for (name, manifests, edits) in [("plain", PLAIN, PLAIN_EDITS), ("many", MANY, MANY_EDITS)] {
        let place = Place::new(name, DATABASE, manifests);
        place.judge(&mut tally, "nothing damaged", place.case());
        for (path, from, to) in edits {
            let Some(mut case) = tally.case(|| place.case()) else { continue };
            case.edit(path, from, to);
            let survey = survey(&case.workspace, case.homes());
            // It checks a lockfile that it does not know first, with what it may not have: that is not followed.
            if survey.readiness.state == ReadinessState::Unknown {
                assert!(path.ends_with("lock.yaml") || from.contains("private"), "{path}: {from:?} is {to:?}");
                continue;
            }
            place.judge(&mut tally, &format!("{path}: {from:?} is {to:?}"), case);
        }
    }
    tally.finish("newer pnpm, lockfile and manifest", 30);
}

#[test]
fn the_inventory_and_pnpm_agree_on_random_damage() {
    let places = [Place::new("plain", FILES, PLAIN), Place::new("many", FILES, MANY)];
    let mut tally = Tally::default();
    let mut dice = Dice::new(20_261_122);
    for number in 0..random_cases(16) {
        let place = &places[number % places.len()];
        let case = place.case();
        let lists = case.lists();
        let stored = files(&case.store.join("v10/files"));
        for _ in 0..dice.roll(3) {
            let path = if dice.roll(2) == 0 { &dice.pick(&lists).1 } else { dice.pick(&stored) };
            if path.exists() {
                let what = *dice.pick(&DAMAGES);
                let _ = damage(path, what, dice.roll(1_000_000));
            }
        }
        place.judge(&mut tally, &format!("random case {number}"), case);
    }
    tally.finish("pnpm, at random", 16);
}
