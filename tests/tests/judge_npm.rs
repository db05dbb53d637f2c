//! The judge of the inventory's answers about npm: `npm ci --offline --ignore-scripts`, both ways.
//! npm goes on without an optional package that it cannot get: the judge counts that as a no, because the tree lacks it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;

use base64::Engine;
use judge::{DAMAGES, Damage, Dice, Held, Tally, Verdict, copy, damage, homes, must, random_cases, run, survey, write};
use serde_json::{Value, json};
use sha1::Digest;
use std::path::{Path, PathBuf};
use std::process::Command;

const QUIET: [&str; 5] = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];

/// Projects of about 20 packages: optional ones for other platforms, development, aliases, workspaces, a tarball that
/// brings its own dependencies, and lockfiles with and without addresses.
const PROJECTS: [(&str, &str, &[(&str, &str)]); 3] = [
    (
        "plain",
        "--omit-lockfile-registry-resolved=true",
        &[(
            "package.json",
            r#"{ "name": "plain", "version": "1.0.0", "private": true,
  "dependencies": { "chalk": "^4.1.2", "once": "1.4.0", "old-ms": "npm:ms@2.0.0", "debug": "^4.3.0" },
  "devDependencies": { "minimatch": "^3.1.2", "esbuild": "0.21.5" },
  "optionalDependencies": { "fsevents": "^2.3.3", "wrap-ansi": "^7.0.0" } }"#,
        )],
    ),
    (
        "workspaces",
        "--omit-lockfile-registry-resolved=false",
        &[
            (
                "package.json",
                r#"{ "name": "many", "private": true, "workspaces": ["packages/*"], "devDependencies": { "semver": "^7.6.0" } }"#,
            ),
            (
                "packages/one/package.json",
                r#"{ "name": "one", "version": "1.0.0", "dependencies": { "strip-ansi": "^6.0.1", "two": "^1.0.0", "debug": "^4.3.0" } }"#,
            ),
            (
                "packages/two/package.json",
                r#"{ "name": "two", "version": "1.0.0", "dependencies": { "strip-ansi": "^7.1.0", "rimraf": "^3.0.2" }, "peerDependencies": { "semver": "^7.0.0" } }"#,
            ),
        ],
    ),
    (
        "bundled",
        "--omit-lockfile-registry-resolved=true",
        &[
            (
                "package.json",
                r#"{ "name": "bundled", "private": true, "dependencies": { "bundle": "file:bundle-1.0.0.tgz", "isexe": "^2.0.0", "which": "^2.0.2" } }"#,
            ),
            (
                "bundle/package.json",
                r#"{ "name": "bundle", "version": "1.0.0", "dependencies": { "inner": "1.0.0" }, "bundleDependencies": ["inner"] }"#,
            ),
            ("bundle/node_modules/inner/package.json", r#"{ "name": "inner", "version": "1.0.0" }"#),
        ],
    ),
];

struct Project {
    workspace: PathBuf,
    cache: PathBuf,
    scratch: PathBuf,
    lock: Value,
    /// What an undamaged install leaves.
    installed: Value,
    _held: Held,
}

fn npm(workspace: &Path, cache: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).args(QUIET).current_dir(workspace).env("npm_config_cache", cache);
    command
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_default()).unwrap_or(Value::Null)
}

fn project((name, flag, manifests): (&str, &str, &[(&str, &str)])) -> Project {
    let (held, folder, fresh) = Held::folder(&format!("judge-npm-{name}"), &format!("{flag}{manifests:?}"));
    let (workspace, cache) = (folder.join("workspace"), folder.join("npm-cache"));
    let installed = folder.join("installed.json");
    if !fresh {
        for old in [&workspace, &cache] {
            if old.exists() {
                std::fs::remove_dir_all(old).unwrap();
            }
        }
        for (path, text) in manifests {
            write(&workspace.join(path), text);
        }
        if workspace.join("bundle").exists() {
            must(&mut npm(&workspace, &cache, &["pack", "./bundle"]));
            std::fs::remove_dir_all(workspace.join("bundle")).unwrap();
        }
        must(&mut npm(&workspace, &cache, &["install", "--package-lock-only", flag]));
        must(&mut npm(&workspace, &cache, &["ci"]));
        std::fs::copy(workspace.join("node_modules/.package-lock.json"), &installed).unwrap();
        std::fs::remove_dir_all(workspace.join("node_modules")).unwrap();
        held.done();
    }
    let lock = read(&workspace.join("package-lock.json"));
    Project { workspace, cache, scratch: folder.join("scratch"), lock, installed: read(&installed), _held: held }
}

struct Case {
    workspace: PathBuf,
    cache: PathBuf,
    damaged: Vec<String>,
}

impl Project {
    /// Paths and names of the packages that come from the registry.
    fn packages(&self) -> Vec<(String, String)> {
        let packages = self.lock["packages"].as_object().unwrap();
        let named = |path: &String, entry: &Value| {
            let folder = path.rsplit_once("node_modules/")?.1;
            entry["integrity"].as_str()?;
            let local = entry["resolved"].as_str().is_some_and(|from| from.starts_with("file:"));
            (!local).then(|| (path.clone(), entry["name"].as_str().unwrap_or(folder).to_owned()))
        };
        packages.iter().filter_map(|(path, entry)| named(path, entry)).collect()
    }

    fn case(&self) -> Case {
        let (workspace, cache) = (self.scratch.join("workspace"), self.scratch.join("npm-cache"));
        copy(&self.workspace, &workspace);
        copy(&self.cache, &cache);
        // npm writes into its index in place.
        let index = cache.join("_cacache/index-v5");
        std::fs::remove_dir_all(&index).unwrap();
        must(Command::new("cp").arg("-a").arg(self.cache.join("_cacache/index-v5")).arg(&index));
        Case { workspace, cache, damaged: Vec::new() }
    }

    fn content(&self, case: &Case, path: &str) -> PathBuf {
        let integrity = self.lock["packages"][path]["integrity"].as_str().unwrap();
        let (algorithm, digest) = integrity.split_once('-').unwrap();
        let hex = hex::encode(base64::engine::general_purpose::STANDARD.decode(digest).unwrap());
        case.cache.join("_cacache/content-v2").join(algorithm).join(&hex[..2]).join(&hex[2..4]).join(&hex[4..])
    }

    fn damage(&self, case: &mut Case, (path, name): &(String, String), what: Damage) {
        let content = self.content(case, path);
        // What this machine does not install was never fetched.
        let Ok(meta) = std::fs::metadata(&content) else { return };
        case.damaged.push(name.clone());
        damage(&content, what, meta.len() as usize / 2);
    }

    fn judge(&self, tally: &mut Tally, name: &str, case: Case) {
        self.judge_tree(tally, name, case, true);
    }

    /// `same_tree`: the install must leave what an undamaged one leaves.
    fn judge_tree(&self, tally: &mut Tally, name: &str, case: Case, same_tree: bool) {
        if tally.leaves_out() {
            return;
        }
        let set = [("npm_config_cache", case.cache.as_path())];
        let survey = survey(&case.workspace, homes(&set));
        let output = run(&mut npm(&case.workspace, &case.cache, &["ci", "--offline"]));
        let installed = read(&case.workspace.join("node_modules/.package-lock.json"));
        let keys = |tree: &Value| tree["packages"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
        let whole = !same_tree || keys(&installed) == keys(&self.installed);
        let verdict = Verdict {
            passes: output.status.success() && whole,
            silent: Vec::new(),
            damaged: case.damaged,
            output: format!("whole tree: {whole}; {}", String::from_utf8_lossy(&output.stderr)),
        };
        tally.add(name, &survey, &verdict);
    }
}

#[test]
fn the_inventory_and_npm_agree_on_every_kind_of_damage() {
    let mut tally = Tally::default();
    for made in PROJECTS {
        let project = project(made);
        let name = made.0;
        let packages = project.packages();
        assert!(!packages.is_empty());
        project.judge(&mut tally, &format!("{name}: nothing damaged"), project.case());
        let mut dice = Dice::new(7);
        for what in DAMAGES {
            let Some(mut case) = tally.case(|| project.case()) else { continue };
            let victim = dice.pick(&packages).clone();
            project.damage(&mut case, &victim, what);
            project.judge(&mut tally, &format!("{name}: {what:?} of {}", victim.0), case);
        }
        let case = project.case();
        std::fs::remove_dir_all(case.cache.join("_cacache/index-v5")).unwrap();
        project.judge(&mut tally, &format!("{name}: the cache's index gone"), case);
        let case = project.case();
        std::fs::remove_dir_all(case.cache.join("_cacache")).unwrap();
        project.judge(&mut tally, &format!("{name}: the whole cache gone"), case);
    }
    tally.finish("npm, every kind of damage", 24);
}

#[test]
fn the_inventory_and_npm_agree_on_optional_packages_and_on_what_does_not_fit() {
    let mut tally = Tally::default();
    let plain = project(PROJECTS[0]);
    let optional = |path: &str| plain.lock["packages"][path]["optional"].as_bool() == Some(true);
    let packages = plain.packages();
    // An optional one that this machine installs, its dependency, and one for another machine.
    for path in [
        "node_modules/wrap-ansi",
        "node_modules/string-width",
        "node_modules/@esbuild/linux-x64",
        "node_modules/fsevents",
    ] {
        assert!(optional(path), "{path} is optional");
        let mut case = plain.case();
        plain.damage(&mut case, packages.iter().find(|(known, _)| known == path).unwrap(), Damage::Gone);
        plain.judge(&mut tally, &format!("plain: {path} gone"), case);
    }
    let edits: &[(&str, &str, &dyn Fn(String) -> String)] = &[
        ("a new dependency", "package.json", &|t| {
            t.replace("\"once\": \"1.4.0\"", "\"once\": \"1.4.0\", \"wrappy\": \"0.9.0\"")
        }),
        ("a new dependency that stands in the lock", "package.json", &|t| {
            t.replace("\"once\": \"1.4.0\"", "\"once\": \"1.4.0\", \"wrappy\": \"^1.0.0\"")
        }),
        ("a flag taken out of the lock", "package-lock.json", &|t| {
            let mut lock: Value = serde_json::from_str(&t).unwrap();
            lock["packages"]["node_modules/fsevents"].as_object_mut().unwrap().remove("optional").unwrap();
            serde_json::to_string_pretty(&lock).unwrap()
        }),
        ("a dependency taken out", "package.json", &|t| t.replace("\"once\": \"1.4.0\", ", "")),
        ("a range that the lock meets", "package.json", &|t| t.replace("\"1.4.0\"", "\"^1.3.0\"")),
        ("a range that the lock does not meet", "package.json", &|t| t.replace("\"1.4.0\"", "\"^2.0.0\"")),
        ("the lock cut off", "package-lock.json", &|t| t[..t.len() * 2 / 3].to_owned()),
        ("a comma too few in the lock", "package-lock.json", &|t| {
            t.replacen("},\n    \"node_modules/once\"", "}\n    \"node_modules/once\"", 1)
        }),
        ("an entry taken out of the lock", "package-lock.json", &|t| without_entry(&t, "node_modules/wrappy")),
        ("an optional entry taken out of the lock", "package-lock.json", &|t| {
            without_entry(&t, "node_modules/fsevents")
        }),
        ("another integrity in the lock", "package-lock.json", &|t| t.replacen("\"sha512-", "\"sha512-AAAA", 1)),
        ("os of a needed package", "package-lock.json", &|t| {
            t.replacen("\"version\": \"1.4.0\",", "\"version\": \"1.4.0\", \"os\": [\"plan9\"],", 1)
        }),
        ("an engine that an optional package does not find", "package-lock.json", &|t| {
            t.replacen(
                "\"node_modules/wrap-ansi\": {",
                "\"node_modules/wrap-ansi\": { \"engines\": {\"node\": \">=99\"},",
                1,
            )
            .replacen("\"engines\": {\n        \"node\": \">=10\"\n      },", "", 0)
        }),
    ];
    for (what, file, edit) in edits {
        let Some(case) = tally.case(|| plain.case()) else { continue };
        let path = case.workspace.join(file);
        let before = std::fs::read_to_string(&path).unwrap();
        let after = edit(before.clone());
        assert_ne!(before, after, "{what}: the edit changes something");
        write(&path, after);
        // What the manifest no longer asks for is not installed.
        plain.judge_tree(&mut tally, what, case, *what != "a dependency taken out");
    }
    tally.finish("npm, optional packages and what does not fit", edits.len() + 4);
}

fn without_entry(text: &str, path: &str) -> String {
    let mut lock: Value = serde_json::from_str(text).unwrap();
    lock["packages"].as_object_mut().unwrap().remove(path).expect("the entry is there");
    serde_json::to_string_pretty(&lock).unwrap()
}

#[test]
fn the_inventory_and_npm_agree_on_random_damage() {
    let mut tally = Tally::default();
    let cases = random_cases(12);
    let mut dice = Dice::new(863);
    for (index, made) in PROJECTS.into_iter().enumerate() {
        let project = project(made);
        let packages = project.packages();
        for number in 0..cases / PROJECTS.len() + usize::from(index < cases % PROJECTS.len()) {
            let Some(mut case) = tally.case(|| project.case()) else { continue };
            for _ in 0..dice.roll(3) {
                let (victim, what) = (dice.pick(&packages).clone(), *dice.pick(&DAMAGES));
                project.damage(&mut case, &victim, what);
            }
            let done = format!("{} {number}: {:?}", made.0, case.damaged);
            project.judge(&mut tally, &done, case);
        }
    }
    tally.finish("npm, random damage", cases);
}

/// Where npm's cache keeps the records of an address, which is known by its end.
fn bucket(case: &Case, end: &str) -> PathBuf {
    let index = judge::files(&case.cache.join("_cacache/index-v5"));
    let end = format!("{end}\",");
    let holds = |path: &PathBuf| std::fs::read_to_string(path).is_ok_and(|text| text.contains(&end));
    index.into_iter().find(holds).unwrap_or_else(|| panic!("{end} is in the cache"))
}

fn last_record(bucket: &Path) -> Value {
    let text = std::fs::read_to_string(bucket).unwrap();
    let line = text.lines().filter_map(|line| line.split_once('\t')).next_back().unwrap();
    serde_json::from_str(line.1).unwrap()
}

fn content_of(case: &Case, record: &Value) -> PathBuf {
    let digest = record["integrity"].as_str().unwrap().strip_prefix("sha512-").unwrap();
    let hex = hex::encode(base64::engine::general_purpose::STANDARD.decode(digest).unwrap());
    case.cache.join("_cacache/content-v2/sha512").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..])
}

/// Writes another description of a package into the cache, as npm would have.
fn describe(case: &Case, name: &str, change: &dyn Fn(&mut Value)) {
    let bucket = bucket(case, &format!("/{name}"));
    let mut record = last_record(&bucket);
    let mut description = read(&content_of(case, &record));
    change(&mut description);
    let bytes = serde_json::to_vec(&description).unwrap();
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha512::digest(&bytes));
    record["integrity"] = json!(format!("sha512-{digest}"));
    record["size"] = json!(bytes.len());
    write(&content_of(case, &record), &bytes);
    let line = record.to_string();
    write(&bucket, format!("\n{}\t{line}", hex::encode(sha1::Sha1::digest(&line))));
}

fn change_lock(case: &Case, change: &dyn Fn(&mut Value)) {
    let path = case.workspace.join("package-lock.json");
    let mut lock = read(&path);
    change(&mut lock["packages"]);
    write(&path, serde_json::to_string_pretty(&lock).unwrap() + "\n");
}

const VICTIM: &str = "node_modules/ansi-styles";

/// With an address for each package, as the registry gives it.
fn addressed(case: &Case) {
    let dist = read(&content_of(case, &last_record(&bucket(case, "/ansi-styles"))));
    let tarball = dist["versions"]["4.3.0"]["dist"]["tarball"].as_str().unwrap().to_owned();
    change_lock(case, &|packages| packages[VICTIM]["resolved"] = json!(tarball));
}

#[test]
fn the_inventory_and_npm_agree_on_what_is_found_by_address() {
    let mut tally = Tally::default();
    let plain = project(PROJECTS[0]);
    assert_eq!(plain.lock["packages"][VICTIM]["version"], "4.3.0");
    let no_integrity = |case: &Case| {
        change_lock(case, &|packages| drop(packages[VICTIM].as_object_mut().unwrap().remove("integrity")));
    };
    let tarball = |case: &Case| bucket(case, "/-/ansi-styles-4.3.0.tgz");
    let content = |case: &Case| content_of(case, &last_record(&tarball(case)));
    let description = |case: &Case| content_of(case, &last_record(&bucket(case, "/ansi-styles")));
    let flip = |path: &Path| {
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        write(path, bytes);
    };
    let remove = |path: &Path| std::fs::remove_file(path).unwrap();
    let lack = |key: &'static str| {
        move |case: &Case| {
            describe(case, "ansi-styles", &|all| drop(all["versions"]["4.3.0"].as_object_mut().unwrap().remove(key)));
        }
    };
    let cases: &[(&str, &dyn Fn(&Case))] = &[
        ("a description written anew", &|c| describe(c, "ansi-styles", &|_| ())),
        ("a description older than the lock", &|c| {
            describe(c, "ansi-styles", &|all| drop(all["versions"].as_object_mut().unwrap().remove("4.3.0")));
        }),
        ("a description without the tarball's place", &lack("dist")),
        ("a description that is empty", &|c| describe(c, "ansi-styles", &|all| *all = json!({}))),
        ("a description with another checksum", &|c| {
            describe(c, "ansi-styles", &|all| {
                let other = base64::engine::general_purpose::STANDARD.encode([7_u8; 64]);
                all["versions"]["4.3.0"]["dist"]["integrity"] = json!(format!("sha512-{other}"));
            });
        }),
        ("a description without a checksum", &|c| {
            describe(c, "ansi-styles", &|all| {
                all["versions"]["4.3.0"]["dist"].as_object_mut().unwrap().remove("integrity");
            });
        }),
        ("a description with another tarball's place", &|c| {
            describe(c, "ansi-styles", &|all| {
                all["versions"]["4.3.0"]["dist"]["tarball"] = json!("https://registry.example/x.tgz");
            });
        }),
        ("a description from long ago", &|c| {
            let bucket = bucket(c, "/ansi-styles");
            let mut record = last_record(&bucket);
            record["time"] = json!(1000);
            record["metadata"]["time"] = json!(1000);
            record["metadata"]["resHeaders"]["cache-control"] = json!("max-age=1");
            let line = record.to_string();
            write(&bucket, format!("\n{}\t{line}", hex::encode(sha1::Sha1::digest(&line))));
        }),
        ("a description that was asked for in full", &|c| {
            let bucket = bucket(c, "/ansi-styles");
            let mut record = last_record(&bucket);
            record["metadata"]["reqHeaders"]["accept"] = json!("application/json");
            let line = record.to_string();
            write(&bucket, format!("\n{}\t{line}", hex::encode(sha1::Sha1::digest(&line))));
        }),
        ("a description with a flipped byte", &|c| flip(&description(c))),
        ("a description that is gone", &|c| remove(&description(c))),
        ("a record that is gone", &|c| remove(&bucket(c, "/ansi-styles"))),
        ("the tarball's record gone", &|c| remove(&tarball(c))),
        ("another version in the lock", &|c| change_lock(c, &|packages| packages[VICTIM]["version"] = json!("4.2.0"))),
        ("a version that never was", &|c| change_lock(c, &|packages| packages[VICTIM]["version"] = json!("4.2.99"))),
        ("an address", &addressed),
        ("an address, and its record gone", &|c| {
            addressed(c);
            remove(&tarball(c));
        }),
        ("an address elsewhere", &|c| {
            change_lock(c, &|packages| packages[VICTIM]["resolved"] = json!("https://registry.example/a-1.tgz"));
        }),
        ("no checksum", &no_integrity),
        ("no checksum, and the tarball's record gone", &|c| {
            no_integrity(c);
            remove(&tarball(c));
        }),
        ("no checksum, and an address", &|c| {
            addressed(c);
            no_integrity(c);
        }),
        ("no checksum, an address, no description", &|c| {
            addressed(c);
            no_integrity(c);
            remove(&bucket(c, "/ansi-styles"));
        }),
        ("no checksum, an address, no record of it", &|c| {
            addressed(c);
            no_integrity(c);
            remove(&tarball(c));
        }),
        ("no checksum, an address, a damaged tarball", &|c| {
            addressed(c);
            no_integrity(c);
            flip(&content(c));
        }),
        ("no checksum, an address, no tarball", &|c| {
            addressed(c);
            no_integrity(c);
            remove(&content(c));
        }),
        ("a conflict without its end", &|c| {
            let path = c.workspace.join("package-lock.json");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replacen("    \"node_modules/", "<<<<<<< HEAD\n    \"node_modules/", 1));
        }),
    ];
    for (what, change) in cases {
        let Some(case) = tally.case(|| plain.case()) else { continue };
        change(&case);
        plain.judge(&mut tally, what, case);
    }
    tally.finish("npm, by address", cases.len());
}
