//! The judge of the inventory's answers about Yarn 1: `yarn install --offline --frozen-lockfile --ignore-scripts` with the pinned
//! one, both ways. It takes from its cache what the lockfile does not hold: that counts as a no, because nothing pins it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;

use inventory::{Homes, Survey, plan_fetch};
use judge::{DAMAGES, Damage, Dice, Held, Tally, Verdict, copy, damage, files, must, run, survey, write};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// `tests/yarn/install.sh` installs it.
const CLASSIC: &str = "1.22.22";

/// Some thirty packages: an optional one for another platform, development, an alias, a scope, a name with capitals.
const PLAIN: &[(&str, &str)] = &[(
    "package.json",
    r#"{ "name": "plain", "version": "1.0.0", "private": true,
  "dependencies": { "chalk": "^4.1.2", "once": "1.4.0", "old-ms": "npm:ms@2.0.0", "debug": "^4.3.0", "JSONStream": "1.3.5", "@isaacs/cliui": "^8.0.2" },
  "devDependencies": { "minimatch": "^3.1.2", "semver": "^7.6.0" },
  "optionalDependencies": { "fsevents": "^2.3.3", "wrap-ansi": "^7.0.0" } }"#,
)];

/// Members that need each other, a resolution, an archive and a folder beside the lockfile, and a link.
const MANY: &[(&str, &str)] = &[
    (
        "package.json",
        r#"{ "name": "many", "version": "1.0.0", "private": true, "workspaces": ["packages/*"], "resolutions": { "ms": "2.1.2" },
  "devDependencies": { "semver": "^7.6.0" },
  "dependencies": { "beside": "file:beside-1.0.0.tgz", "folder": "file:./folder", "linked": "link:./linked" } }"#,
    ),
    (
        "packages/one/package.json",
        r#"{ "name": "one", "version": "1.0.0", "dependencies": { "strip-ansi": "^6.0.1", "two": "1.0.0", "debug": "^4.3.0" } }"#,
    ),
    (
        "packages/two/package.json",
        r#"{ "name": "two", "version": "1.0.0", "dependencies": { "once": "^1.4.0" }, "devDependencies": { "strip-ansi": "^7.1.0" } }"#,
    ),
    ("beside/package.json", r#"{ "name": "beside", "version": "1.0.0", "dependencies": { "isexe": "^2.0.0" } }"#),
    ("folder/package.json", r#"{ "name": "folder", "version": "1.0.0", "dependencies": { "inherits": "^2.0.4" } }"#),
    ("linked/package.json", r#"{ "name": "linked", "version": "1.0.0", "dependencies": { "wrappy": "^1.0.2" } }"#),
];

/// File, what stands there, and what does instead.
const PLAIN_EDITS: &[(&str, &str, &str)] = &[
    ("package.json", "\"once\": \"1.4.0\"", "\"once\": \"^1.4.0\""),
    ("package.json", "\"once\": \"1.4.0\", ", ""),
    ("package.json", "\"dependencies\": {", "\"dependencies\": { \"is-odd\": \"1\","),
    ("package.json", "\"dependencies\": {", "\"dependencies\": { \"minimatch\": \"*\","),
    ("package.json", "\"devDependencies\"", "\"peerDependencies\": { \"is-odd\": \"*\" }, \"devDependencies\""),
    ("package.json", "\"private\": true", "\"private\": true, \"packageManager\": \"npm@11.0.0\""),
    ("package.json", "\"private\": true", "\"private\": true, \"packageManager\": \"yarn@1.22.22\""),
    ("package.json", "\"private\": true", "\"private\": true, \"packageManager\": \"yarn@4.18.1\""),
    ("package.json", "\"private\": true", "\"private\": true, \"engines\": { \"node\": \">=99\" }"),
    ("package.json", "\"private\": true", "\"private\": true, \"engines\": { \"yarn\": \">=1\", \"node\": \">=10\" }"),
    ("package.json", "\"private\": true", "\"private\": true, \"os\": [\"darwin\"]"),
    ("package.json", "\"private\": true", "\"private\": true,"),
    ("package.json", "\"private\": true", "\"private\": true, \"resolutions\": { \"ms\": \"2.1.2\" }"),
    ("yarn.lock", "once@1.4.0:", "once@1.4.1:"),
    ("yarn.lock", "once@1.4.0:\n  version \"1.4.0\"", "once@1.4.0:\n  version \"1.3.9\""),
    ("yarn.lock", "once@1.4.0:\n  version \"1.4.0\"", "once@1.4.0:\n  version \"no\""),
    ("yarn.lock", "once@1.4.0:\n  version \"1.4.0\"", "once@1.4.0:\n   version \"1.4.0\""),
    (
        "yarn.lock",
        "once@1.4.0:\n  version \"1.4.0\"",
        "<<<<<<< HEAD\nonce@1.4.0:\n=======\nonce@1.4.0:\n>>>>>>> b\n  version \"1.4.0\"",
    ),
    ("yarn.lock", "    wrappy \"1\"", "    wrappy \"2\""),
    ("yarn.lock", "wrappy@1:\n", "wrappy@3:\n"),
    ("yarn.lock", "# yarn lockfile v1", "# yarn lockfile v2"),
    ("yarn.lock", "# yarn lockfile v1", "__metadata:\n  version: 8\n"),
    (
        "yarn.lock",
        "once@1.4.0:",
        "strange@1.0.0:\n  version \"1.0.0\"\n  resolved \"https://x.example/strange-1.0.0.tgz#00\"\n\nonce@1.4.0:",
    ),
    ("yarn.lock", "once@1.4.0:", "\"once@1.4.0\", once@^1.4.0:"),
    ("yarn.lock", "sha512-lNaJ", "sha512-lNaK"),
    (".yarnrc", "", "ignore-engines true\n"),
    (".yarnrc", "", "cache-folder \"./empty\"\n"),
    (".yarnrc", "", "yarn-path \"./no/yarn.js\"\n"),
];

const MANY_EDITS: &[(&str, &str, &str)] = &[
    ("package.json", "\"private\": true, ", ""),
    ("package.json", "\"ms\": \"2.1.2\"", "\"ms\": \"2.1.3\""),
    ("package.json", "\"ms\": \"2.1.2\"", "\"**/ms\": \"2.1.2\""),
    ("package.json", "\"packages/*\"", "\"packages/one\""),
    ("package.json", "[\"packages/*\"]", "{ \"packages\": [\"packages/**\"] }"),
    ("package.json", "\"link:./linked\"", "\"link:./gone\""),
    ("package.json", "\"file:./folder\"", "\"file:./gone\""),
    ("packages/one/package.json", "\"two\": \"1.0.0\"", "\"two\": \"^2.0.0\""),
    ("packages/one/package.json", "\"^4.3.0\"", "\"^4.3.1\""),
    ("packages/two/package.json", "\"version\": \"1.0.0\", ", ""),
    ("packages/two/package.json", "\"name\": \"two\"", "\"name\": \"one\""),
    ("folder/package.json", "\"inherits\": \"^2.0.4\"", "\"inherits\": \"^2.0.3\""),
    ("linked/package.json", "\"wrappy\": \"^1.0.2\"", "\"wrappy\": \"^2.0.2\""),
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

/// The pinned Yarn of a version.
fn yarn(version: &str) -> PathBuf {
    let tools = tools();
    let yarn = tools.join("yarn").join(version).join("node_modules/.bin/yarn");
    assert!(yarn.exists(), "{} is not there: run tests/yarn/install.sh {}", yarn.display(), tools.display());
    std::fs::canonicalize(yarn).unwrap()
}

fn text_of(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).unwrap().trim().to_owned()
}

fn link(to: &Path, at: &Path) {
    let _ = std::fs::remove_file(at);
    std::os::unix::fs::symlink(to, at).unwrap();
}

/// Whether all cases are wanted: where `HOLDOVER_JUDGE_CASES` is set. Else some of each kind, always the same.
fn all() -> bool {
    std::env::var_os("HOLDOVER_JUDGE_CASES").is_some()
}

struct Place {
    folder: PathBuf,
    installed: Vec<String>,
    held: Held,
}

struct Case {
    name: String,
    own: PathBuf,
    workspace: PathBuf,
    /// Yarn's own folder, and what it is the cache of.
    cache: PathBuf,
    mirror: PathBuf,
    damaged: Vec<String>,
    /// What Yarn does not notice.
    unnoticed: Vec<String>,
    /// The caches are whole, and something else is different.
    edited: bool,
}

type Change = (String, Box<dyn Fn(&mut Case) + Send + Sync>);

fn change(name: impl Into<String>, change: impl Fn(&mut Case) + Send + Sync + 'static) -> Change {
    (name.into(), Box::new(change))
}

impl Place {
    /// `mirrored`: an offline mirror in place of the cache.
    fn new(name: &str, manifests: &[(&str, &str)], mirrored: bool) -> Self {
        let stamp = format!("3{manifests:?}{}{mirrored}", yarn(CLASSIC).display());
        let (held, folder, fresh) = Held::folder(&format!("judge-yarn-{name}"), &stamp);
        let mut place = Place { folder, installed: Vec::new(), held };
        if !fresh {
            for old in ["kept", "programs", "home"].map(|name| place.folder.join(name)) {
                if old.exists() {
                    std::fs::remove_dir_all(&old).unwrap();
                }
                std::fs::create_dir_all(&old).unwrap();
            }
            link(&yarn(CLASSIC), &place.folder.join("programs/yarn"));
            let node = text_of(Command::new("node").args(["-p", "process.execPath"]));
            link(Path::new(&node), &place.folder.join("programs/node"));
            let case = Place::at(&place.folder.join("kept"), "online");
            for (path, text) in manifests {
                write(&case.workspace.join(path), text);
            }
            if case.workspace.join("beside").exists() {
                must(Command::new("npm").args(["pack", "--silent", "./beside"]).current_dir(&case.workspace));
                std::fs::remove_dir_all(case.workspace.join("beside")).unwrap();
            }
            if mirrored {
                write(&case.workspace.join(".yarnrc"), "yarn-offline-mirror \"../mirror\"\n");
            }
            let registry = text_of(Command::new("npm").args(["config", "get", "registry"]));
            let mut online = case.yarn(&["install", "--ignore-scripts", "--non-interactive"]);
            must(online.env("npm_config_registry", registry));
            if mirrored {
                std::fs::remove_dir_all(&case.cache).unwrap();
            }
            write(&place.folder.join("installed"), tree(&case.workspace).join("\n"));
            for path in files(&case.workspace).iter().flat_map(|path| path.ancestors()) {
                if path.ends_with("node_modules") && path.exists() {
                    std::fs::remove_dir_all(path).unwrap();
                }
            }
            place.held.done();
        }
        let installed = std::fs::read_to_string(place.folder.join("installed")).unwrap();
        place.installed = installed.lines().map(str::to_owned).collect();
        place
    }

    fn at(own: &Path, name: &str) -> Case {
        let [workspace, cache, mirror] = ["workspace", "cache", "mirror"].map(|part| own.join(part));
        let (damaged, unnoticed) = (Vec::new(), Vec::new());
        Case {
            name: name.to_owned(),
            own: own.to_path_buf(),
            workspace,
            cache,
            mirror,
            damaged,
            unnoticed,
            edited: false,
        }
    }

    /// Judges a whole, and then each change, on all cores.
    fn judge(&self, tally: &mut Tally, changes: Vec<Change>) {
        let cases = Mutex::new(changes.into_iter().enumerate());
        let answers: Mutex<BTreeMap<usize, (String, Arc<Survey>, Verdict)>> = Mutex::default();
        std::thread::scope(|scope| {
            for worker in 0..std::thread::available_parallelism().map_or(2, usize::from).min(4) {
                let (cases, answers) = (&cases, &answers);
                scope.spawn(move || {
                    loop {
                        let Some((at, (name, change))) = cases.lock().unwrap().next() else { break };
                        let own = self.folder.join(format!("run-{worker}"));
                        copy(&self.folder.join("kept"), &own);
                        let mut case = Place::at(&own, &name);
                        change(&mut case);
                        let answer = self.one(case);
                        answers.lock().unwrap().insert(at, answer);
                    }
                });
            }
        });
        for (name, survey, verdict) in answers.into_inner().unwrap().into_values() {
            tally.add(&name, &survey, &verdict);
        }
    }

    fn one(&self, case: Case) -> (String, Arc<Survey>, Verdict) {
        let survey = survey(&case.workspace, case.homes());
        let output = run(&mut case.yarn(&[
            "install",
            "--offline",
            "--frozen-lockfile",
            "--ignore-scripts",
            "--non-interactive",
        ]));
        // Where the caches are whole, what is installed is what is asked for, as far as it is pinned.
        let whole = if case.edited { case.pinned() } else { tree(&case.workspace) == self.installed };
        let passes = output.status.success() && whole;
        let verdict = Verdict {
            passes,
            silent: if passes { case.unnoticed } else { Vec::new() },
            damaged: case.damaged,
            output: format!(
                "{} whole {whole} {}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
        };
        (case.name, survey, verdict)
    }
}

/// What is installed in all `node_modules`: paths and sizes. Links to programs come and go with what they lead to.
fn tree(workspace: &Path) -> Vec<String> {
    let below = |path: &PathBuf| {
        let size = std::fs::symlink_metadata(path).unwrap().len();
        format!("{} {size}", path.strip_prefix(workspace).unwrap().to_str().unwrap())
    };
    let installed =
        |path: &String| path.contains("node_modules/") && !path.contains(".bin/") && !path.contains(".yarn-integrity");
    files(workspace).iter().map(below).filter(installed).collect()
}

impl Case {
    /// The environment of both: nothing of this user's own.
    fn variables(&self) -> BTreeMap<String, String> {
        let foreign = ["npm_", "NPM_", "yarn_", "YARN_", "XDG_", "NODE_ENV", "COREPACK"];
        let mut kept: BTreeMap<String, String> =
            std::env::vars().filter(|(name, _)| !foreign.iter().any(|start| name.starts_with(start))).collect();
        let place = self.own.parent().unwrap();
        for (name, path) in
            [("PATH", place.join("programs")), ("HOME", place.join("home")), ("XDG_CACHE_HOME", self.cache.clone())]
        {
            kept.insert(name.to_owned(), path.to_str().unwrap().to_owned());
        }
        kept
    }

    fn homes(&self) -> Homes {
        Homes::from_variables(self.variables())
    }

    fn yarn(&self, arguments: &[&str]) -> Command {
        std::fs::create_dir_all(&self.workspace).unwrap();
        let place = self.own.parent().unwrap();
        let mut command = Command::new(place.join("programs/yarn"));
        command.args(arguments).current_dir(&self.workspace).env_clear().envs(self.variables());
        command
    }

    fn edit(&mut self, path: &str, from: &str, to: &str) {
        let path = self.workspace.join(path);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text.contains(from), "{} has no {from}", path.display());
        self.edited = true;
        write(&path, text.replacen(from, to, 1));
    }

    /// Where a package is unpacked in the cache.
    fn unpacked(&self, name: &str) -> PathBuf {
        let below = std::fs::read_dir(self.cache.join("yarn/v6")).unwrap().flatten();
        let folder = below.map(|entry| entry.path().join("node_modules").join(name)).find(|path| path.exists());
        folder.unwrap_or_else(|| panic!("{name} is not in the cache"))
    }

    /// A package's archive in the mirror.
    fn mirrored(&self, name: &str) -> PathBuf {
        let archives = files(&self.mirror);
        let named = |path: &&PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}-"));
        archives.iter().find(named).unwrap_or_else(|| panic!("{name} is not in the mirror")).clone()
    }

    fn damage(&mut self, name: &str, file: &Path, what: Damage, at: usize) {
        let before = std::fs::metadata(file).unwrap().len();
        let _ = damage(file, what, at);
        self.damaged.push(name.to_owned());
        // What is still as long is installed as it is.
        if what == Damage::Flipped && std::fs::metadata(file).unwrap().len() == before {
            self.unnoticed.push(name.to_owned());
        }
    }

    /// Whether all that Yarn notes to have been asked for stands in the lockfile.
    fn pinned(&self) -> bool {
        let lockfile = std::fs::read_to_string(self.workspace.join("yarn.lock")).unwrap();
        let lines = lockfile.lines().filter(|line| line.ends_with(':') && !line.starts_with(' '));
        let keys: BTreeSet<&str> =
            lines.flat_map(|line| line.trim_end_matches(':').split(", ")).map(|key| key.trim_matches('"')).collect();
        let Ok(note) = std::fs::read(self.workspace.join("node_modules/.yarn-integrity")) else { return false };
        let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
        note["lockfileEntries"].as_object().unwrap().keys().all(|asked| keys.contains(asked.as_str()))
    }
}

fn every<T>(of: Vec<T>, nth: usize) -> Vec<T> {
    of.into_iter().enumerate().filter(|(at, _)| all() || at % nth == 0).map(|(_, one)| one).collect()
}

#[test]
fn the_inventory_and_yarn_1_agree_on_every_kind_of_damage_to_its_cache() {
    let place = Place::new("plain", PLAIN, false);
    let mut changes = vec![change("nothing damaged", |_| {})];
    let mut dice = Dice::new(7);
    let names = ["chalk", "fsevents", "@isaacs/cliui", "old-ms", "JSONStream", "wrap-ansi"];
    let mut damages = Vec::new();
    for what in DAMAGES {
        for file in ["package.json", ".yarn-metadata.json", ".yarn-tarball.tgz"] {
            let name = *dice.pick(&names);
            let at = if file == "package.json" { 30 } else { 1 };
            damages.push(change(format!("{file} of {name} {what:?}"), move |case: &mut Case| {
                let path = case.unpacked(name).join(file);
                if file == ".yarn-tarball.tgz" {
                    // Yarn does not need it any more.
                    let _ = damage(&path, what, at);
                } else {
                    case.damage(name, &path, what, at);
                }
            }));
        }
    }
    changes.extend(every(damages, 5));
    changes.extend(every(
        vec![
            change("the package of another", |case: &mut Case| {
                let other = std::fs::read(case.unpacked("wrappy").join(".yarn-metadata.json")).unwrap();
                write(&case.unpacked("once").join(".yarn-metadata.json"), other);
                case.damaged.push("once".into());
            }),
            change("a package gone", |case: &mut Case| {
                std::fs::remove_dir_all(case.unpacked("minimatch")).unwrap();
                case.damaged.push("minimatch".into());
            }),
            change("the note says nothing of where it comes from", |case: &mut Case| {
                write(&case.unpacked("once").join(".yarn-metadata.json"), "{}");
                case.damaged.push("once".into());
            }),
            change("the whole cache gone", |case: &mut Case| std::fs::remove_dir_all(&case.cache).unwrap()),
            change("a file too many", |case: &mut Case| {
                write(&case.unpacked("once").join("more.js"), "1");
                case.edited = true;
            }),
        ],
        2,
    ));
    let mut tally = Tally::default();
    place.judge(&mut tally, changes);
    tally.finish("Yarn 1, its cache", 6);
}

#[test]
fn the_inventory_and_yarn_1_agree_on_its_offline_mirror() {
    let place = Place::new("mirror", PLAIN, true);
    let mut changes = vec![change("nothing damaged", |_| {})];
    let mut damages = Vec::new();
    for (at, what) in DAMAGES.into_iter().enumerate() {
        let (name, file) = [("chalk", "chalk"), ("@isaacs/cliui", "@isaacs-cliui"), ("fsevents", "fsevents")][at % 3];
        damages.push(change(format!("{file} {what:?}"), move |case: &mut Case| {
            let path = case.mirrored(file);
            let _ = damage(&path, what, 200);
            case.damaged.push(name.to_owned());
        }));
    }
    changes.extend(every(damages, 5));
    changes.extend(every(
        vec![
            change("no mirror configured", |case: &mut Case| {
                std::fs::remove_file(case.workspace.join(".yarnrc")).unwrap();
            }),
            change("the mirror in npm's settings", |case: &mut Case| {
                std::fs::remove_file(case.workspace.join(".yarnrc")).unwrap();
                write(&case.workspace.join(".npmrc"), "yarn-offline-mirror=../mirror\n");
            }),
        ],
        2,
    ));
    let mut tally = Tally::default();
    place.judge(&mut tally, changes);
    tally.finish("Yarn 1, its offline mirror", 3);
}

#[test]
fn the_inventory_and_yarn_1_agree_on_lockfile_and_manifest() {
    let place = Place::new("plain", PLAIN, false);
    let edits = PLAIN_EDITS.iter().map(|&(path, from, to)| {
        change(format!("{path}: {from:?} is {to:?}"), move |case: &mut Case| case.edit(path, from, to))
    });
    let mut tally = Tally::default();
    place.judge(&mut tally, every(edits.collect(), 6));
    tally.finish("Yarn 1, lockfile and manifest", 5);
}

#[test]
fn the_inventory_and_yarn_1_agree_on_workspaces_resolutions_archives_folders_and_links() {
    let place = Place::new("many", MANY, false);
    let mut changes = vec![change("nothing damaged", |_| {})];
    let edits = MANY_EDITS.iter().map(|&(path, from, to)| {
        change(format!("{path}: {from:?} is {to:?}"), move |case: &mut Case| case.edit(path, from, to))
    });
    changes.extend(every(edits.collect(), 6));
    let gone = ["strip-ansi", "ms", "isexe", "inherits", "wrappy"].into_iter().map(|name| {
        change(format!("{name} gone"), move |case: &mut Case| {
            std::fs::remove_dir_all(case.unpacked(name)).unwrap();
            case.damaged.push(name.to_owned());
        })
    });
    changes.extend(every(gone.collect(), 5));
    let mut beside = vec![change("the archive beside the lockfile gone, and cached", |case: &mut Case| {
        std::fs::remove_file(case.workspace.join("beside-1.0.0.tgz")).unwrap();
    })];
    for what in DAMAGES {
        beside.push(change(format!("the archive beside the lockfile {what:?}"), move |case: &mut Case| {
            std::fs::remove_dir_all(case.unpacked("beside")).unwrap();
            let _ = damage(&case.workspace.join("beside-1.0.0.tgz"), what, 100);
            case.damaged.push("beside".into());
        }));
    }
    changes.extend(every(beside, 6));
    changes.extend(every(
        vec![
            change("a new member that nothing pins", |case: &mut Case| {
                let manifest = r#"{"name": "new", "version": "1.0.0", "dependencies": {"is-odd": "1"}}"#;
                write(&case.workspace.join("packages/new/package.json"), manifest);
            }),
            change("a new member without needs", |case: &mut Case| {
                write(&case.workspace.join("packages/new/package.json"), r#"{"name": "new", "version": "1.0.0"}"#);
                case.edited = true;
            }),
            change("a member gone", |case: &mut Case| {
                std::fs::remove_dir_all(case.workspace.join("packages/two")).unwrap();
            }),
        ],
        2,
    ));
    let mut tally = Tally::default();
    place.judge(&mut tally, changes);
    tally.finish("Yarn 1, workspaces", 7);
}

#[test]
fn what_is_missing_or_damaged_is_fetched_by_yarn_1_in_a_copy() {
    let place = Place::new("many", MANY, false);
    let own = place.folder.join("run-fetch");
    copy(&place.folder.join("kept"), &own);
    let case = Place::at(&own, "fetch");
    std::fs::remove_dir_all(case.unpacked("ms")).unwrap();
    std::fs::remove_file(case.unpacked("once").join("once.js")).unwrap();
    let steps = plan_fetch(&survey(&case.workspace, case.homes()), None);
    assert_eq!(steps.len(), 1, "{steps:?}");
    let step = &steps[0];
    assert_eq!(step.artifacts.len(), 2, "{step:?}");
    let staged = own.join("staged");
    for path in &step.stage {
        write(&staged.join(path), std::fs::read(case.workspace.join(path)).unwrap());
    }
    for path in &step.set_aside {
        std::fs::rename(path, path.with_extension("holdover-damaged")).unwrap();
    }
    let registry = text_of(Command::new("npm").args(["config", "get", "registry"]));
    let arguments: Vec<&str> = step.command[1..].iter().map(String::as_str).collect();
    must(case.yarn(&arguments).current_dir(&staged).env("npm_config_registry", registry));
    let again = survey(&case.workspace, case.homes());
    assert!(again.complete(), "{:?}", again.absent().collect::<Vec<_>>());
    assert!(!case.workspace.join("node_modules").exists());
}

#[test]
fn the_inventory_and_yarn_1_agree_on_random_damage() {
    let mut tally = Tally::default();
    let mut dice = Dice::new(20_261_122);
    for (name, manifests) in [("plain", PLAIN), ("many", MANY)] {
        let place = Place::new(name, manifests, false);
        let cases = (0..judge::random_cases(6) / 2).map(|number| {
            let rolls: Vec<usize> = (0..dice.roll(3) * 3).map(|_| dice.roll(1_000_000)).collect();
            change(format!("random case {number} of {name}"), move |case: &mut Case| {
                let cached: Vec<PathBuf> = files(&case.cache.join("yarn/v6"))
                    .into_iter()
                    .filter(|path| !path.to_str().unwrap().contains(".bin/") && !path.ends_with(".yarn-tarball.tgz"))
                    .collect();
                for roll in rolls.chunks(3) {
                    let path = &cached[roll[0] % cached.len()];
                    let what = [Damage::Gone, Damage::Empty, Damage::Truncated, Damage::Garbage][roll[1] % 4];
                    if path.exists() && std::fs::metadata(path).unwrap().len() > 0 {
                        let _ = damage(path, what, roll[2]);
                        case.name =
                            format!("{} {what:?} {}", case.name, path.strip_prefix(&case.cache).unwrap().display());
                    }
                }
            })
        });
        place.judge(&mut tally, cases.collect());
    }
    tally.finish("Yarn 1, at random", 6);
}
