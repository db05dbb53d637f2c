//! The judge of the inventory's answers about Yarn 4: `yarn install --immutable --immutable-cache --mode=skip-build` with the
//! pinned one, and its network turned off, both ways.
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
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// `tests/yarn/install.sh` installs it.
const BERRY: &str = "4.18.1";

/// Some forty packages: some for other platforms only, one that Yarn patches, development, an alias, a scope, capitals.
const PLAIN: &[(&str, &str)] = &[
    (
        "package.json",
        r#"{ "name": "plain", "version": "1.0.0", "private": true,
  "dependencies": { "chalk": "^4.1.2", "once": "1.4.0", "old-ms": "npm:ms@2.0.0", "debug": "^4.3.0", "JSONStream": "1.3.5", "@isaacs/cliui": "^8.0.2", "resolve": "^1.22.0" },
  "devDependencies": { "minimatch": "^3.1.2", "@napi-rs/triples": "1.2.0", "@parcel/watcher": "2.5.1" },
  "optionalDependencies": { "fsevents": "^2.3.3", "wrap-ansi": "^7.0.0" } }"#,
    ),
    ("yarn.lock", ""),
    (".yarnrc.yml", "nodeLinker: node-modules\n"),
];

/// Members that need each other, a resolution, an archive beside the lockfile, a link, and a cache of the project's own.
const MANY: &[(&str, &str)] = &[
    (
        "package.json",
        r#"{ "name": "many", "version": "1.0.0", "private": true, "workspaces": ["packages/*"], "resolutions": { "ms": "2.1.2" },
  "devDependencies": { "semver": "^7.6.0" },
  "dependencies": { "beside": "file:beside-1.0.0.tgz", "linked": "link:./linked" } }"#,
    ),
    (
        "packages/one/package.json",
        r#"{ "name": "one", "version": "1.0.0", "dependencies": { "strip-ansi": "^6.0.1", "two": "workspace:^", "debug": "^4.3.0" } }"#,
    ),
    (
        "packages/two/package.json",
        r#"{ "name": "two", "version": "1.0.0", "dependencies": { "once": "^1.4.0", "three": "^1.0.0" }, "devDependencies": { "strip-ansi": "^7.1.0" } }"#,
    ),
    ("packages/three/package.json", r#"{ "name": "three", "version": "1.2.0", "peerDependencies": { "once": "*" } }"#),
    ("beside/package.json", r#"{ "name": "beside", "version": "1.0.0", "dependencies": { "isexe": "^2.0.0" } }"#),
    ("linked/index.js", ""),
    ("yarn.lock", ""),
    (".yarnrc.yml", "nodeLinker: pnp\nenableGlobalCache: false\n"),
];

/// File, what stands there, and what does instead.
const PLAIN_EDITS: &[(&str, &str, &str)] = &[
    ("package.json", "\"once\": \"1.4.0\"", "\"once\": \"^1.4.0\""),
    ("package.json", "\"chalk\": \"^4.1.2\",", ""),
    ("package.json", "\"dependencies\": {", "\"dependencies\": { \"is-odd\": \"1\","),
    ("package.json", "\"devDependencies\"", "\"peerDependencies\": { \"is-odd\": \"*\" }, \"devDependencies\""),
    ("package.json", "\"private\": true", "\"private\": true, \"packageManager\": \"npm@11.0.0\""),
    ("package.json", "\"private\": true", "\"private\": true, \"packageManager\": \"yarn@1.22.22\""),
    ("package.json", "\"private\": true", "\"private\": true, \"engines\": { \"node\": \">=99\" }"),
    ("package.json", "\"private\": true", "\"private\": true, \"bin\": \"x.js\""),
    ("package.json", "\"private\": true", "\"private\": true,"),
    ("package.json", "\"name\": \"plain\"", "\"name\": \"other\""),
    ("package.json", "\"version\": \"1.0.0\"", "\"version\": \"2.0.0\""),
    ("package.json", "\"wrap-ansi\": \"^7.0.0\"", "\"wrap-ansi\": \"^6.0.0\""),
    ("package.json", "\"private\": true", "\"private\": true, \"resolutions\": { \"ms\": \"2.1.2\" }"),
    ("yarn.lock", "\"once@npm:1.4.0\":", "\"once@npm:1.4.1\":"),
    ("yarn.lock", "\"once@npm:1.4.0\":", "\"once@npm:1.4.0, once@npm:^1.4.0\":"),
    ("yarn.lock", "    wrappy: \"npm:1\"", "    wrappy: \"npm:2\""),
    ("yarn.lock", "    wrappy: \"npm:1\"", "    wrappy: npm:1"),
    ("yarn.lock", "  checksum: 10c0/", "  checksum: 10c0/0"),
    ("yarn.lock", "  version: 10\n", "  version: 8\n"),
    ("yarn.lock", "  version: 10\n", "  version: 11\n"),
    ("yarn.lock", "cacheKey: 10c0", "cacheKey: 8"),
    ("yarn.lock", "# This file", "# this file"),
    ("yarn.lock", "\"once@npm:1.4.0\":", "<<<<<<< HEAD\n\"once@npm:1.4.0\":\n=======\n\"once@npm:1.4.0\":\n>>>>>>> b"),
    (
        "yarn.lock",
        "\"once@npm:1.4.0\":",
        "\"strange@npm:1.0.0\":\n  version: 1.0.0\n  resolution: \"strange@npm:1.0.0\"\n  languageName: node\n  linkType: hard\n\n\"once@npm:1.4.0\":",
    ),
    ("yarn.lock", "__metadata:", "# yarn lockfile v1\n\n_metadata:"),
    (".yarnrc.yml", "node-modules", "pnp"),
    (".yarnrc.yml", "node-modules", "node-modules\ncompressionLevel: mixed"),
    (".yarnrc.yml", "node-modules", "node-modules\nenableGlobalCache: false"),
    (".yarnrc.yml", "node-modules", "node-modules\nyarnPath: ./no/yarn-4.18.1.cjs"),
    (".yarnrc.yml", "node-modules", "node-modules\nsupportedArchitectures:\n  os: [darwin]\n  cpu: [arm64]"),
    (".yarnrc.yml", "node-modules", "node-modules: [\n"),
];

const MANY_EDITS: &[(&str, &str, &str)] = &[
    ("package.json", "\"ms\": \"2.1.2\"", "\"ms\": \"2.1.3\""),
    ("package.json", "\"packages/*\"", "\"packages/one\""),
    ("package.json", "\"link:./linked\"", "\"link:./gone\""),
    ("packages/one/package.json", "workspace:^", "workspace:*"),
    ("packages/one/package.json", "\"^4.3.0\"", "\"^4.3.1\""),
    ("packages/two/package.json", "\"version\": \"1.0.0\"", "\"version\": \"2.0.0\""),
    ("packages/two/package.json", "\"name\": \"two\"", "\"name\": \"one\""),
    ("packages/three/package.json", "\"version\": \"1.2.0\"", "\"version\": \"2.2.0\""),
    ("packages/three/package.json", "\"version\": \"1.2.0\"", "\"version\": \"1.3.0\""),
    ("packages/three/package.json", "\"once\": \"*\"", "\"once\": \"^1\""),
    ("packages/three/package.json", "\"name\": \"three\"", "\"name\": \"four\""),
    (".yarnrc.yml", "enableGlobalCache: false", "enableGlobalCache: false\nenableMirror: false"),
    (".yarnrc.yml", "enableGlobalCache: false", "enableGlobalCache: false\ncacheFolder: ./.yarn/other"),
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

/// The pinned Yarn.
fn yarn() -> PathBuf {
    let tools = tools();
    let yarn = tools.join("yarn").join(BERRY).join("node_modules/.bin/yarn");
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

fn every<T>(of: Vec<T>, nth: usize) -> Vec<T> {
    of.into_iter().enumerate().filter(|(at, _)| all() || at % nth == 0).map(|(_, one)| one).collect()
}

struct Place {
    folder: PathBuf,
    held: Held,
}

struct Case {
    name: String,
    own: PathBuf,
    workspace: PathBuf,
    damaged: Vec<String>,
    /// What Yarn does not notice.
    unnoticed: Vec<String>,
}

type Change = (String, Box<dyn Fn(&mut Case) + Send + Sync>);

fn change(name: impl Into<String>, change: impl Fn(&mut Case) + Send + Sync + 'static) -> Change {
    (name.into(), Box::new(change))
}

impl Place {
    fn new(name: &str, manifests: &[(&str, &str)]) -> Self {
        let stamp = format!("1{manifests:?}{}", yarn().display());
        let (held, folder, fresh) = Held::folder(&format!("judge-yarn-berry-{name}"), &stamp);
        let place = Place { folder, held };
        if !fresh {
            for old in ["kept", "programs", "home"].map(|name| place.folder.join(name)) {
                if old.exists() {
                    std::fs::remove_dir_all(&old).unwrap();
                }
                std::fs::create_dir_all(&old).unwrap();
            }
            link(&yarn(), &place.folder.join("programs/yarn"));
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
            let mut online = case.yarn(&["install", "--no-immutable", "--mode=skip-build"]);
            must(Case::connected(&mut online));
            let left = ["node_modules", ".pnp.cjs", ".pnp.loader.mjs", ".yarn/install-state.gz", ".yarn/unplugged"];
            for path in left.map(|left| case.workspace.join(left)) {
                let _ = std::fs::remove_file(&path);
                let _ = std::fs::remove_dir_all(&path);
            }
            // What registries said of versions is nothing that an offline install may rest on.
            for part in ["index", "metadata"] {
                let _ = std::fs::remove_dir_all(case.own.join("global").join(part));
            }
            place.held.done();
        }
        place
    }

    fn at(own: &Path, name: &str) -> Case {
        let (damaged, unnoticed) = (Vec::new(), Vec::new());
        Case { name: name.to_owned(), own: own.to_path_buf(), workspace: own.join("workspace"), damaged, unnoticed }
    }

    /// Judges each change, on all cores.
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
                        let answer = one(case);
                        answers.lock().unwrap().insert(at, answer);
                    }
                });
            }
        });
        for (name, survey, verdict) in answers.into_inner().unwrap().into_values() {
            tally.add(&name, &survey, &verdict);
        }
    }
}

fn one(case: Case) -> (String, Arc<Survey>, Verdict) {
    let survey = survey(&case.workspace, case.homes());
    let output = run(&mut case.yarn(&["install", "--immutable", "--immutable-cache", "--mode=skip-build"]));
    let passes = output.status.success();
    let verdict = Verdict {
        passes,
        silent: if passes { case.unnoticed } else { Vec::new() },
        damaged: case.damaged,
        output: format!(
            "{} {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    };
    (case.name, survey, verdict)
}

impl Case {
    /// The environment of both: nothing of this user's own, and no network.
    fn variables(&self) -> BTreeMap<String, String> {
        let foreign = ["npm_", "NPM_", "yarn_", "YARN_", "XDG_", "NODE_ENV", "NODE_OPTIONS", "COREPACK", "CI"];
        let mut kept: BTreeMap<String, String> =
            std::env::vars().filter(|(name, _)| !foreign.iter().any(|start| name.starts_with(start))).collect();
        let place = self.own.parent().unwrap();
        for (name, path) in [
            ("PATH", place.join("programs")),
            ("HOME", place.join("home")),
            ("YARN_GLOBAL_FOLDER", self.own.join("global")),
        ] {
            kept.insert(name.to_owned(), path.to_str().unwrap().to_owned());
        }
        kept.extend([("YARN_ENABLE_TELEMETRY", "0"), ("YARN_ENABLE_NETWORK", "0")].map(|(k, v)| (k.into(), v.into())));
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

    /// With the network and npm's registry.
    fn connected(command: &mut Command) -> &mut Command {
        let registry = text_of(Command::new("npm").args(["config", "get", "registry"]));
        command.env("YARN_NPM_REGISTRY_SERVER", registry.trim_end_matches('/')).env_remove("YARN_ENABLE_NETWORK")
    }

    fn edit(&mut self, path: &str, from: &str, to: &str) {
        let path = self.workspace.join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        // Yarn writes manifests anew, each name on a line of its own.
        let text = if path.ends_with("package.json") {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            text.replace("[ ", "[").replace(" ]", "]")
        } else {
            text
        };
        assert!(text.contains(from), "{} has no {from}: {text}", path.display());
        write(&path, text.replacen(from, to, 1));
    }

    fn archives(&self) -> Vec<PathBuf> {
        let folders = [self.own.join("global/cache"), self.workspace.join(".yarn/cache")];
        folders
            .iter()
            .flat_map(|folder| files(folder))
            .filter(|path| path.extension().is_some_and(|end| end == "zip"))
            .collect()
    }

    /// A package's archives, in the cache and in the one behind it.
    fn archive(&self, name: &str) -> Vec<PathBuf> {
        let start = format!("{name}-npm-");
        let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(&start);
        let found: Vec<PathBuf> = self.archives().into_iter().filter(named).collect();
        assert!(!found.is_empty(), "{name} is not in the cache");
        found
    }
}

#[test]
fn the_inventory_and_yarn_4_agree_on_every_kind_of_damage_to_its_cache() {
    let place = Place::new("plain", PLAIN);
    let mut changes = vec![change("nothing damaged", |_| {})];
    let mut damages = Vec::new();
    for what in DAMAGES {
        for (name, file) in [
            ("chalk", "chalk"),
            ("@isaacs/cliui", "@isaacs-cliui"),
            ("fsevents", "fsevents"),
            ("ms", "ms"),
            ("@parcel/watcher-linux-x64-glibc", "@parcel-watcher-linux-x64-glibc"),
        ] {
            damages.push(change(format!("{file} {what:?}"), move |case: &mut Case| {
                let _ = damage(&case.archive(file)[0], what, 700);
                case.damaged.push(name.to_owned());
                // Yarn has no checksum of what is for some machines only.
                if what == Damage::Flipped && name.contains("linux") {
                    case.unnoticed.push(name.to_owned());
                }
            }));
        }
    }
    changes.extend(every(damages, 7));
    changes.push(change("the whole cache gone", |case: &mut Case| {
        std::fs::remove_dir_all(case.own.join("global/cache")).unwrap();
    }));
    let mut tally = Tally::default();
    place.judge(&mut tally, changes);
    tally.finish("Yarn 4, its cache", 5);
}

#[test]
fn the_inventory_and_yarn_4_agree_on_lockfile_manifest_and_settings() {
    let place = Place::new("plain", PLAIN);
    let edits = PLAIN_EDITS.iter().map(|&(path, from, to)| {
        change(format!("{path}: {from:?} is {to:?}"), move |case: &mut Case| case.edit(path, from, to))
    });
    let mut changes = every(edits.collect(), 6);
    changes.push(change("lines end otherwise", |case: &mut Case| {
        let path = case.workspace.join("yarn.lock");
        let text = std::fs::read_to_string(&path).unwrap();
        write(&path, text.replace('\n', "\r\n"));
    }));
    let mut tally = Tally::default();
    place.judge(&mut tally, changes);
    tally.finish("Yarn 4, lockfile, manifest and settings", 6);
}

#[test]
fn the_inventory_and_yarn_4_agree_on_workspaces_and_on_a_cache_of_the_projects_own() {
    let place = Place::new("many", MANY);
    let mut changes = vec![change("nothing damaged", |_| {})];
    let edits = MANY_EDITS.iter().map(|&(path, from, to)| {
        change(format!("{path}: {from:?} is {to:?}"), move |case: &mut Case| case.edit(path, from, to))
    });
    changes.extend(every(edits.collect(), 5));
    let others: Vec<Change> = vec![
        change("an archive gone from the project's cache", |case: &mut Case| {
            let own = case.archive("debug").into_iter().find(|path| path.starts_with(&case.workspace)).unwrap();
            std::fs::remove_file(own).unwrap();
            case.damaged.push("debug".into());
        }),
        change("an archive gone from the cache behind it", |case: &mut Case| {
            let behind = case.archive("debug").into_iter().find(|path| !path.starts_with(&case.workspace)).unwrap();
            std::fs::remove_file(behind).unwrap();
        }),
        change("an archive too many", |case: &mut Case| {
            let own = case.archive("debug").into_iter().find(|path| path.starts_with(&case.workspace)).unwrap();
            write(&own.with_file_name("strange-npm-1.0.0-0123456789-0123456789.zip"), "1");
        }),
        change("the project's cache gone", |case: &mut Case| {
            std::fs::remove_dir_all(case.workspace.join(".yarn/cache")).unwrap();
        }),
        change("the archive beside the lockfile gone", |case: &mut Case| {
            std::fs::remove_file(case.workspace.join("beside-1.0.0.tgz")).unwrap();
        }),
        change("the archive beside the lockfile is another", |case: &mut Case| {
            let _ = damage(&case.workspace.join("beside-1.0.0.tgz"), Damage::Flipped, 100);
        }),
        change("a new member", |case: &mut Case| {
            write(&case.workspace.join("packages/new/package.json"), r#"{"name": "new", "version": "1.0.0"}"#);
        }),
        change("a member gone", |case: &mut Case| {
            std::fs::remove_dir_all(case.workspace.join("packages/one")).unwrap();
        }),
    ];
    changes.extend(every(others, 3));
    let mut tally = Tally::default();
    place.judge(&mut tally, changes);
    tally.finish("Yarn 4, workspaces", 6);
}

#[test]
fn what_is_missing_or_damaged_is_fetched_by_yarn_4_in_a_copy() {
    let place = Place::new("plain", PLAIN);
    let own = place.folder.join("run-fetch");
    copy(&place.folder.join("kept"), &own);
    let case = Place::at(&own, "fetch");
    std::fs::remove_file(&case.archive("chalk")[0]).unwrap();
    let _ = damage(&case.archive("once")[0], Damage::Truncated, 0);
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
    let arguments: Vec<&str> = step.command[1..].iter().map(String::as_str).collect();
    must(Case::connected(case.yarn(&arguments).current_dir(&staged)));
    let again = survey(&case.workspace, case.homes());
    assert!(again.complete(), "{:?}", again.absent().collect::<Vec<_>>());
    assert!(!case.workspace.join("node_modules").exists());
}

#[test]
fn the_inventory_and_yarn_4_agree_on_random_damage() {
    let mut tally = Tally::default();
    let mut dice = Dice::new(20_261_122);
    for (name, manifests) in [("plain", PLAIN), ("many", MANY)] {
        let place = Place::new(name, manifests);
        let cases = (0..judge::random_cases(4) / 2).map(|number| {
            let rolls: Vec<usize> = (0..dice.roll(3) * 3).map(|_| dice.roll(1_000_000)).collect();
            change(format!("random case {number} of {name}"), move |case: &mut Case| {
                let archives = case.archives();
                for roll in rolls.chunks(3) {
                    let path = &archives[roll[0] % archives.len()];
                    let what = [Damage::Gone, Damage::Empty, Damage::Truncated, Damage::Garbage][roll[1] % 4];
                    if path.exists() {
                        let _ = damage(path, what, roll[2]);
                        case.name = format!("{} {what:?} {}", case.name, path.display());
                    }
                }
            })
        });
        place.judge(&mut tally, cases.collect());
    }
    tally.finish("Yarn 4, at random", 4);
}
