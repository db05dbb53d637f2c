//! The judge of the inventory's answers about npm's packages from git repositories: `npm ci --offline --ignore-scripts`, both ways.
//! The repositories are made by the test and lie on this machine; archives of known hosts are put into npm's cache as it keeps them.
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
use judge::{Tally, Verdict, homes, must, run, survey, write};
use serde_json::{Value, json};
use sha1::Digest;
use std::path::{Path, PathBuf};
use std::process::Command;

const QUIET: [&str; 6] =
    ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--fetch-retries=0"];
const HOSTED: &str = "0123456789012345678901234567890123456789";

struct Place {
    _held: tempfile::TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let held = tempfile::tempdir().unwrap();
        let root = held.path().canonicalize().unwrap();
        let place = Place { _held: held, root };
        place.repository("plain", r#"{ "name": "plain", "version": "1.2.0" }"#);
        std::fs::create_dir_all(place.workspace()).unwrap();
        place
    }

    fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    fn cache(&self) -> PathBuf {
        self.root.join("npm-cache")
    }

    fn git(&self, name: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.root.join(name)).args(arguments);
        for (key, value) in [
            ("AUTHOR_NAME", "t"),
            ("AUTHOR_EMAIL", "t@example"),
            ("COMMITTER_NAME", "t"),
            ("COMMITTER_EMAIL", "t@example"),
        ] {
            command.env(format!("GIT_{key}"), value);
        }
        let output = run(command.env("GIT_CONFIG_GLOBAL", "/dev/null"));
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A repository of two commits, the second of which is HEAD.
    fn repository(&self, name: &str, manifest: &str) {
        let folder = self.root.join(name);
        write(&folder.join("package.json"), manifest);
        write(&folder.join("index.js"), "module.exports = 1;\n");
        self.git(name, &["init", "-q", "-b", "main"]);
        self.commit(name, "one");
        write(&folder.join("index.js"), "module.exports = 2;\n".repeat(200));
        self.commit(name, "two");
    }

    fn commit(&self, name: &str, what: &str) {
        self.git(name, &["add", "-A"]);
        self.git(name, &["commit", "-q", "-m", what]);
    }

    /// The project asks for `asked` of the package, and the lockfile has `locked`.
    fn project(&self, name: &str, asked: &str, locked: &str) {
        let manifest = json!({ "name": "project", "version": "1.0.0", "dependencies": { name: asked } });
        let entry = format!("node_modules/{name}");
        let lock = json!({
            "name": "project", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
            "packages": {
                "": { "name": "project", "version": "1.0.0", "dependencies": { name: asked } },
                entry: { "version": "1.2.0", "resolved": locked },
            },
        });
        write(&self.workspace().join("package.json"), manifest.to_string());
        write(&self.workspace().join("package-lock.json"), serde_json::to_string_pretty(&lock).unwrap());
    }

    /// As npm itself locks it; gives the lockfile's address.
    fn locked(&self, name: &str, fragment: &str) -> String {
        let asked = format!("git+file://{}{fragment}", self.root.join(name).display());
        let commit = self.git(name, &["rev-parse", "HEAD"]);
        let locked = format!("git+file://{}#{commit}", self.root.join(name).display());
        self.project(name, &asked, &locked);
        locked
    }

    fn change_lock(&self, change: &dyn Fn(&mut Value)) {
        let path = self.workspace().join("package-lock.json");
        let mut lock: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(&mut lock["packages"]);
        write(&path, serde_json::to_string_pretty(&lock).unwrap());
    }

    fn npm(&self) -> Command {
        let mut command = Command::new("npm");
        command.args(["ci", "--offline"]).args(QUIET).current_dir(self.workspace());
        command.env("npm_config_cache", self.cache()).env("HOME", &self.root).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_SSH_COMMAND", "false").env("GIT_TERMINAL_PROMPT", "0");
        command
    }

    /// Puts an archive into npm's cache as the answer for an address.
    fn cached(&self, address: &str, archive: &[u8]) -> PathBuf {
        let digest = sha2::Sha512::digest(archive);
        let hex = hex::encode(digest);
        let content = self.cache().join("_cacache/content-v2/sha512").join(&hex[..2]).join(&hex[2..4]).join(&hex[4..]);
        write(&content, archive);
        let key = format!("make-fetch-happen:request-cache:{address}");
        let headers = json!({ "cache-control": "max-age=0, private, must-revalidate", "content-type": "application/x-gzip",
            "vary": "Authorization,Accept-Encoding,Origin" });
        let record = json!({
            "key": key, "integrity": format!("sha512-{}", base64::engine::general_purpose::STANDARD.encode(digest)),
            "time": 1_700_000_000_000_u64, "size": archive.len(),
            "metadata": { "time": 1_700_000_000_000_u64, "url": address, "reqHeaders": {}, "resHeaders": headers, "options": { "compress": true } },
        });
        let line = record.to_string();
        let hash = hex::encode(sha2::Sha256::digest(&key));
        let bucket = self.cache().join("_cacache/index-v5").join(&hash[..2]).join(&hash[2..4]).join(&hash[4..]);
        write(&bucket, format!("\n{}\t{line}", hex::encode(sha1::Sha1::digest(&line))));
        content
    }

    /// A project with a package of GitHub's, whose archive is in the cache.
    fn hosted(&self, manifest: &str) -> PathBuf {
        self.project(
            "plain",
            "github:somebody/plain",
            &format!("git+ssh://git@github.com/somebody/plain.git#{HOSTED}"),
        );
        self.cached(&archive_address(), &archive(&self.root, manifest))
    }
}

fn archive_address() -> String {
    format!("https://codeload.github.com/somebody/plain/tar.gz/{HOSTED}")
}

/// An archive as GitHub makes them: all in one folder.
fn archive(root: &Path, manifest: &str) -> Vec<u8> {
    let folder = root.join("archive/somebody-plain-0123456");
    write(&folder.join("package.json"), manifest);
    write(&folder.join("index.js"), "module.exports = 1;\n");
    write(&folder.join("packages/inner/package.json"), r#"{ "name": "inner", "version": "1.2.0" }"#);
    let file = root.join("archive.tar.gz");
    must(Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(root.join("archive")).arg("somebody-plain-0123456"));
    std::fs::read(file).unwrap()
}

const PLAIN: &str = r#"{ "name": "plain", "version": "1.2.0" }"#;

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x55;
    write(path, bytes);
}

/// The file of a loose object.
fn loose(place: &Place, name: &str, what: &str) -> PathBuf {
    let id = place.git(name, &["rev-parse", what]);
    place.root.join(name).join(".git/objects").join(&id[..2]).join(&id[2..])
}

fn cases() -> Vec<(&'static str, Box<dyn Fn(&Place)>)> {
    fn case(what: &'static str, make: impl Fn(&Place) + 'static) -> (&'static str, Box<dyn Fn(&Place)>) {
        (what, Box::new(make))
    }
    let locked = |p: &Place| p.locked("plain", "");
    vec![
        case("a repository on this machine", move |p| drop(locked(p))),
        case("the same, gone", move |p| {
            locked(p);
            std::fs::remove_dir_all(p.root.join("plain")).unwrap();
        }),
        case("a commit before HEAD", move |p| {
            let before = p.git("plain", &["rev-parse", "HEAD~1"]);
            let at = locked(p);
            let other = format!("{}#{before}", at.split('#').next().unwrap());
            p.change_lock(&|all| all["node_modules/plain"]["resolved"] = json!(other));
        }),
        case("a commit that no reference leads to", move |p| {
            locked(p);
            p.git("plain", &["update-ref", "refs/heads/main", "HEAD~1"]);
            p.git("plain", &["reflog", "expire", "--expire=now", "--all"]);
        }),
        case("a commit that only a tag leads to", move |p| {
            locked(p);
            p.git("plain", &["tag", "-a", "-m", "v", "v1"]);
            p.git("plain", &["update-ref", "refs/heads/main", "HEAD~1"]);
        }),
        case("a commit that never was", move |p| {
            let at = locked(p);
            let other = format!("{}#{HOSTED}", at.split('#').next().unwrap());
            p.change_lock(&|all| all["node_modules/plain"]["resolved"] = json!(other));
        }),
        case("packed", move |p| {
            locked(p);
            p.git("plain", &["gc", "-q"]);
        }),
        case("packed, a pack cut short", move |p| {
            locked(p);
            p.git("plain", &["gc", "-q"]);
            let packs = judge::files(&p.root.join("plain/.git/objects/pack"));
            let pack = packs.iter().find(|path| path.extension().is_some_and(|e| e == "pack")).unwrap();
            let bytes = std::fs::read(pack).unwrap();
            write(pack, &bytes[..bytes.len() / 2]);
        }),
        case("bare", move |p| {
            must(
                Command::new("git")
                    .args(["clone", "-q", "--bare"])
                    .arg(p.root.join("plain"))
                    .arg(p.root.join("bare.git")),
            );
            let commit = p.git("plain", &["rev-parse", "HEAD"]);
            let at = format!("git+file://{}", p.root.join("bare").display());
            p.project("plain", &at, &format!("{at}#{commit}"));
        }),
        case("a file of the commit is gone", move |p| {
            locked(p);
            std::fs::remove_file(loose(p, "plain", "HEAD:index.js")).unwrap();
        }),
        case("a file of another commit is gone", move |p| {
            locked(p);
            std::fs::remove_file(loose(p, "plain", "HEAD~1:index.js")).unwrap();
        }),
        case("a file of the commit is damaged", move |p| {
            locked(p);
            flip(&loose(p, "plain", "HEAD:index.js"), 12);
        }),
        case("the folder of the commit is gone", move |p| {
            locked(p);
            std::fs::remove_file(loose(p, "plain", "HEAD^{tree}")).unwrap();
        }),
        case("no HEAD", move |p| {
            locked(p);
            std::fs::remove_file(p.root.join("plain/.git/HEAD")).unwrap();
        }),
        case("HEAD at a branch without a commit", move |p| {
            locked(p);
            write(&p.root.join("plain/.git/HEAD"), "ref: refs/heads/other\n");
        }),
        case("HEAD at a branch without a commit, and a commit that no reference names", move |p| {
            let before = p.git("plain", &["rev-parse", "HEAD~1"]);
            let at = locked(p);
            let other = format!("{}#{before}", at.split('#').next().unwrap());
            p.change_lock(&|all| all["node_modules/plain"]["resolved"] = json!(other));
            write(&p.root.join("plain/.git/HEAD"), "ref: refs/heads/other\n");
        }),
        case("no package.json in the commit", move |p| {
            p.git("plain", &["rm", "-q", "package.json"]);
            p.commit("plain", "three");
            locked(p);
        }),
        case("a package.json that is none", move |p| {
            write(&p.root.join("plain/package.json"), "{ name");
            p.commit("plain", "three");
            locked(p);
        }),
        case("a script, and nothing that it needs", move |p| {
            write(
                &p.root.join("plain/package.json"),
                r#"{ "name": "plain", "version": "1.2.0", "scripts": { "prepare": "exit 1" } }"#,
            );
            p.commit("plain", "three");
            locked(p);
        }),
        case("what it needs to be built, and no script", move |p| {
            let text = r#"{ "name": "plain", "version": "1.2.0", "scripts": { "test": "x" }, "devDependencies": { "nowhere-at-all": "1" } }"#;
            write(&p.root.join("plain/package.json"), text);
            p.commit("plain", "three");
            locked(p);
        }),
        case("a folder of the repository", move |p| {
            write(&p.root.join("plain/packages/inner/package.json"), r#"{ "name": "inner", "version": "1.2.0" }"#);
            p.commit("plain", "three");
            let at = p.locked("plain", "#path:packages/inner");
            p.change_lock(&|all| all["node_modules/plain"]["resolved"] = json!(format!("{at}::path:packages/inner")));
        }),
        case("a folder that the repository does not have", move |p| {
            let at = p.locked("plain", "#path:packages/inner");
            p.change_lock(&|all| all["node_modules/plain"]["resolved"] = json!(format!("{at}::path:packages/inner")));
        }),
        case("a branch", move |p| drop(p.locked("plain", "#main"))),
        case("a range that the version fits", move |p| drop(p.locked("plain", "#semver:^1.0.0"))),
        case("the whole commit in the manifest", move |p| {
            let at = p.locked("plain", "#main");
            let path = p.workspace().join("package.json");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("#main", &format!("#{}", at.split('#').nth(1).unwrap())));
        }),
        case("an integrity besides", move |p| {
            locked(p);
            p.change_lock(&|all| all["node_modules/plain"]["integrity"] = json!("sha512-AAAA"));
        }),
        case("optional, and gone", move |p| {
            locked(p);
            std::fs::remove_dir_all(p.root.join("plain")).unwrap();
            p.change_lock(&|all| all["node_modules/plain"]["optional"] = json!(true));
        }),
        case("a machine elsewhere", |p| {
            p.project(
                "plain",
                "git+ssh://git@git.example/a/plain.git",
                &format!("git+ssh://git@git.example/a/plain.git#{HOSTED}"),
            );
        }),
        case("an archive of a known host", |p| drop(p.hosted(PLAIN))),
        case("an archive of a known host, gone", |p| std::fs::remove_file(p.hosted(PLAIN)).unwrap()),
        case("an archive of a known host, another commit", |p| {
            p.hosted(PLAIN);
            p.change_lock(&|all| {
                all["node_modules/plain"]["resolved"] =
                    json!(format!("git+ssh://git@github.com/somebody/plain.git#1{}", &HOSTED[1..]));
            });
        }),
        case("an archive of a known host, damaged", |p| flip(&p.hosted(PLAIN), 40)),
        case("an archive of a known host that is none", |p| {
            p.hosted(PLAIN);
            p.cached(&archive_address(), b"no archive at all");
        }),
        case("an archive of a known host without a package.json", |p| {
            p.hosted(PLAIN);
            let folder = p.root.join("archive/somebody-plain-0123456");
            std::fs::remove_file(folder.join("package.json")).unwrap();
            let file = p.root.join("archive.tar.gz");
            must(Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(p.root.join("archive")).arg("."));
            p.cached(&archive_address(), &std::fs::read(file).unwrap());
        }),
        case("an archive of a known host, by https", |p| {
            p.hosted(PLAIN);
            p.change_lock(&|all| {
                all["node_modules/plain"]["resolved"] =
                    json!(format!("git+https://github.com/somebody/plain.git#{HOSTED}"));
            });
        }),
        case("a known host, of which another project is asked for", |p| {
            p.hosted(PLAIN);
            let path = p.workspace().join("package.json");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("somebody/plain", "somebody/other"));
        }),
        case("a known host, of which another commit is asked for", |p| {
            p.hosted(PLAIN);
            let path = p.workspace().join("package.json");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("somebody/plain", &format!("somebody/plain#1{}", &HOSTED[1..])));
        }),
        case("a known host, of which a range is asked for", |p| {
            p.hosted(PLAIN);
            for file in ["package.json", "package-lock.json"] {
                let path = p.workspace().join(file);
                let text = std::fs::read_to_string(&path).unwrap();
                write(&path, text.replace("github:somebody/plain", "github:somebody/plain#semver:^1.1.0"));
            }
        }),
        case("a known host, of which a range is asked for that does not fit", |p| {
            p.hosted(PLAIN);
            for file in ["package.json", "package-lock.json"] {
                let path = p.workspace().join(file);
                let text = std::fs::read_to_string(&path).unwrap();
                write(&path, text.replace("github:somebody/plain", "github:somebody/plain#semver:^2.0.0"));
            }
        }),
        case("a known host, asked for by its address", |p| {
            p.hosted(PLAIN);
            let path = p.workspace().join("package.json");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("github:somebody/plain", "git+https://github.com/somebody/plain.git"));
        }),
        case("a known host, a folder of the archive", |p| {
            p.hosted(PLAIN);
            p.change_lock(&|all| {
                all["node_modules/plain"]["resolved"] =
                    json!(format!("git+ssh://git@github.com/somebody/plain.git#{HOSTED}::path:packages/inner"));
            });
        }),
        case("a known host, a script, and nothing that it needs", |p| {
            p.hosted(r#"{ "name": "plain", "version": "1.2.0", "scripts": { "prepare": "exit 1" } }"#);
        }),
    ]
}

#[test]
fn the_inventory_and_npm_agree_on_packages_from_repositories() {
    let mut tally = Tally::default();
    let all = cases();
    let count = all.len();
    for (what, make) in all {
        if tally.leaves_out() {
            continue;
        }
        let place = Place::new();
        make(&place);
        let set = [
            ("npm_config_cache", place.cache()),
            ("HOME", place.root.clone()),
            ("GIT_CONFIG_NOSYSTEM", PathBuf::from("1")),
        ];
        let set: Vec<(&str, &Path)> = set.iter().map(|(name, value)| (*name, value.as_path())).collect();
        let survey = survey(&place.workspace(), homes(&set));
        let output = run(&mut place.npm());
        let installed = place.workspace().join("node_modules/plain/package.json").is_file();
        let verdict = Verdict {
            passes: output.status.success() && installed,
            silent: Vec::new(),
            damaged: Vec::new(),
            output: format!("installed: {installed}; {}", String::from_utf8_lossy(&output.stderr)),
        };
        tally.add(what, &survey, &verdict);
    }
    tally.finish("npm, packages from repositories", count);
}

/// What npm would first have to install what nothing names, and what is not followed, is unknown, and never ready.
#[test]
fn what_npm_prepares_by_itself_is_unknown() {
    let script =
        r#"{ "name": "plain", "version": "1.2.0", "scripts": { "prepare": "x" }, "devDependencies": { "ms": "2" } }"#;
    let members = r#"{ "name": "plain", "version": "1.2.0", "workspaces": ["packages/*"] }"#;
    let unknown = |what: &str, make: &dyn Fn(&Place)| {
        let place = Place::new();
        make(&place);
        let cache = place.cache();
        let survey = survey(&place.workspace(), homes(&[("npm_config_cache", &cache), ("HOME", &place.root)]));
        assert_eq!(survey.readiness.state, contract::ReadinessState::Unknown, "{what}: {:?}", survey.artifacts);
    };
    for manifest in [script, members] {
        unknown(manifest, &|p| drop(p.hosted(manifest)));
        unknown(manifest, &|p| {
            p.repository("other", manifest);
            p.locked("other", "");
        });
    }
    unknown("another place for the address", &|p| {
        write(&p.root.join(".gitconfig"), "[url \"file:///srv/\"]\n\tinsteadOf = ssh://git@git.example/\n");
        let at = format!("git+ssh://git@git.example/a/plain.git#{HOSTED}");
        p.project("plain", &at, &at);
    });
    unknown("allow-git", &|p| {
        p.hosted(PLAIN);
        write(&p.workspace().join(".npmrc"), "allow-git=root\n");
    });
    unknown("a range that the version does not fit", &|p| drop(p.locked("plain", "#semver:^2.0.0")));
    unknown("another repository than is asked for", &|p| {
        p.repository("other", PLAIN);
        let at = p.locked("other", "");
        p.locked("plain", "");
        p.change_lock(&|all| all["node_modules/plain"]["resolved"] = json!(at));
    });
    unknown("another branch in the manifest", &|p| {
        p.locked("plain", "#main");
        let path = p.workspace().join("package.json");
        let text = std::fs::read_to_string(&path).unwrap();
        write(&path, text.replace("#main", "#dev"));
    });
    unknown("submodules", &|p| {
        let commit = p.git("plain", &["rev-parse", "HEAD"]);
        p.git("plain", &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},below")]);
        p.git("plain", &["commit", "-q", "-m", "three"]);
        p.locked("plain", "");
    });
    unknown("a shallow repository", &|p| {
        p.locked("plain", "");
        let commit = p.git("plain", &["rev-parse", "HEAD"]);
        write(&p.root.join("plain/.git/shallow"), format!("{commit}\n"));
    });
    unknown("what hides references", &|p| {
        p.locked("plain", "");
        p.git("plain", &["config", "transfer.hideRefs", "refs/heads"]);
    });
}
