//! The judge of the inventory's answers about what cargo takes from elsewhere than crates.io: git repositories with
//! submodules, vendored sources, local registries, other registries. `cargo fetch --locked --offline --target HOST`, and
//! `cargo check --offline` where fetching compares less; both ways. Repositories and registries are made here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop and print"
)]

mod judge;

use judge::{Dice, Tally, Verdict, copy, files, homes, host, must, random_cases, run, survey, write};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project with a private cargo home, whole; damaged copies of it are judged.
struct Place {
    folder: tempfile::TempDir,
}

struct Case {
    workspace: PathBuf,
    home: PathBuf,
}

impl Place {
    fn new() -> Self {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(place.at("cargo-home")).unwrap();
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn case(&self) -> Case {
        let case = Case { workspace: self.at("scratch/workspace"), home: self.at("scratch/cargo-home") };
        copy(&self.at("workspace"), &case.workspace);
        copy(&self.at("cargo-home"), &case.home);
        case
    }

    fn cargo(&self, arguments: &[&str]) {
        let home = self.at("cargo-home");
        must(Command::new("cargo").args(arguments).current_dir(self.at("workspace")).env("CARGO_HOME", home));
    }

    /// The survey goes first: cargo may repair while it looks. `builds`: fetching is not enough.
    fn judge(&self, tally: &mut Tally, name: &str, case: &Case, builds: bool) {
        let survey = survey(&case.workspace, homes(&[("CARGO_HOME", &case.home)]));
        let cargo = |arguments: &[&str]| {
            let mut command = Command::new("cargo");
            command.args(arguments).current_dir(&case.workspace).env("CARGO_HOME", &case.home);
            run(command.env("CARGO_TARGET_DIR", self.at("scratch/target")))
        };
        let _ = std::fs::remove_dir_all(self.at("scratch/target"));
        let mut output = cargo(&["fetch", "--locked", "--offline", "--target", &host()]);
        if builds && output.status.success() {
            output = cargo(&["check", "--locked", "--offline"]);
        }
        let passes = output.status.success();
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        if name == "nothing damaged" {
            assert!(passes, "{output}");
        }
        tally.add(name, &survey, &Verdict { passes, silent: Vec::new(), damaged: Vec::new(), output });
    }
}

/// The checkout of the first repository.
const CHECKOUT: &str = "git/checkouts/first-*/*";

/// What is done to a case, and its name.
type Change<'a> = (&'a str, &'a dyn Fn(&Case));
/// What is done to a folder of a case.
type InFolder<'a> = (&'a str, &'a dyn Fn(&Path));

fn git(folder: &Path, arguments: &[&str]) {
    std::fs::create_dir_all(folder).unwrap();
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"];
    must(Command::new("git").args(who).args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null"));
}

fn package(folder: &Path, name: &str, more: &str) {
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}");
    write(&folder.join("Cargo.toml"), manifest);
    write(&folder.join("src/lib.rs"), "");
}

/// Commits what is there, and makes the bare repository that is fetched from.
fn publish(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "as it is"]);
    let bare = folder.with_extension("git");
    if bare.exists() {
        git(folder, &["push", "--quiet", "--force", bare.to_str().unwrap(), "HEAD"]);
    } else {
        git(folder, &["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    }
}

/// `first` with a submodule, and `second`, whose packages stand in a workspace and need each other.
fn with_repositories() -> Place {
    let place = Place::new();
    let hosts = place.at("hosts");
    let [sub, first, second] = ["sub", "first", "second"].map(|name| hosts.join(name));
    for folder in [&sub, &first, &second] {
        git(folder, &["init", "--quiet", "--initial-branch", "main"]);
    }
    write(&sub.join("data.txt"), "what the submodule holds\n");
    publish(&sub);
    package(&first, "first", "[build-dependencies]\n");
    write(
        &first.join("notes/long.txt"),
        "one line of many
"
        .repeat(2_000),
    );
    git(&first, &["add", "--all"]);
    git(&first, &["submodule", "--quiet", "add", "../sub.git", "extern/sub"]);
    publish(&first);
    // A second commit, so that the packs hold deltas.
    write(
        &first.join("notes/long.txt"),
        "one line of many
"
        .repeat(2_001),
    );
    publish(&first);
    write(
        &second.join("Cargo.toml"),
        "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"2\"\n[workspace.package]\nversion = \"0.4.2\"\n",
    );
    package(
        &second.join("crates/upper"),
        "upper",
        "[dependencies]\nlower = { path = \"../lower\", features = [\"more\"] }\n",
    );
    package(&second.join("crates/lower"), "lower", "[features]\nmore = []\n");
    let inherits = std::fs::read_to_string(second.join("crates/lower/Cargo.toml")).unwrap();
    write(&second.join("crates/lower/Cargo.toml"), inherits.replace("version = \"0.1.0\"", "version.workspace = true"));
    write(&second.join("broken/Cargo.toml"), "this is no manifest, and nobody asks for it");
    publish(&second);
    git(&second, &["tag", "v1"]);
    git(&second, &["push", "--quiet", second.with_extension("git").to_str().unwrap(), "v1"]);
    let address = |folder: &Path| format!("file://{}", folder.with_extension("git").display());
    let manifest = format!(
        "[workspace]\n[dependencies]\nfirst = {{ git = {:?} }}\nupper = {{ git = {:?}, tag = \"v1\" }}\n",
        address(&first),
        address(&second)
    );
    package(&place.at("workspace"), "app", &manifest);
    place.cargo(&["generate-lockfile"]);
    place.cargo(&["fetch", "--locked"]);
    place
}

impl Case {
    fn below(&self, pattern: &str) -> PathBuf {
        let pattern = self.home.join(pattern);
        let found = glob::glob(pattern.to_str().unwrap()).unwrap().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "{}: {found:?}", pattern.display());
        found[0].clone()
    }
}

fn edit(path: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    write(path, change(bytes));
}

fn gone(path: &Path) {
    if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
}

#[test]
fn the_inventory_and_cargo_agree_on_git_dependencies() {
    let place = with_repositories();
    let mut tally = Tally::default();
    place.judge(&mut tally, "nothing damaged", &place.case(), true);
    let states: [Change<'_>; 3] = [
        ("checked out", &|_| {}),
        ("checkout gone", &|case| gone(&case.below(CHECKOUT))),
        ("checkout unfinished", &|case| gone(&case.below(CHECKOUT).join(".cargo-ok"))),
    ];
    let changes: &[Change<'_>] = &[
        ("nothing", &|_| {}),
        ("clone gone", &|case| gone(&case.below("git/db/first-*"))),
        ("clone is a file", &|case| {
            let path = case.below("git/db/first-*");
            gone(&path);
            write(&path, "a file");
        }),
        ("all clones gone", &|case| gone(&case.home.join("git/db"))),
        ("submodule's clone gone", &|case| gone(&case.below("git/db/sub-*"))),
        ("submodule's pack gone", &|case| gone(&case.below("git/db/sub-*/objects/pack/*.pack"))),
        ("HEAD gone", &|case| gone(&case.below("git/db/first-*/HEAD"))),
        ("HEAD garbage", &|case| write(&case.below("git/db/first-*/HEAD"), "garbage")),
        ("config gone", &|case| gone(&case.below("git/db/first-*/config"))),
        ("config garbage", &|case| write(&case.below("git/db/first-*/config"), "[garbage")),
        ("config empty", &|case| write(&case.below("git/db/first-*/config"), "")),
        ("refs gone", &|case| gone(&case.below("git/db/first-*/refs"))),
        ("objects gone", &|case| gone(&case.below("git/db/first-*/objects"))),
        ("index gone", &|case| gone(&case.below("git/db/first-*/objects/pack/*.idx"))),
        ("index empty", &|case| write(&case.below("git/db/first-*/objects/pack/*.idx"), "")),
        ("index cut", &|case| {
            edit(&case.below("git/db/first-*/objects/pack/*.idx"), |bytes| bytes[..bytes.len() / 2].to_vec());
        }),
        ("pack gone", &|case| gone(&case.below("git/db/first-*/objects/pack/*.pack"))),
        ("pack empty", &|case| write(&case.below("git/db/first-*/objects/pack/*.pack"), "")),
        ("pack cut", &|case| {
            edit(&case.below("git/db/first-*/objects/pack/*.pack"), |bytes| bytes[..bytes.len() / 2].to_vec());
        }),
        ("pack's end flipped", &|case| {
            edit(&case.below("git/db/first-*/objects/pack/*.pack"), |mut bytes| {
                *bytes.last_mut().unwrap() ^= 1;
                bytes
            });
        }),
        ("everything loose", &|case| {
            let pack = case.below("git/db/first-*/objects/pack/*.pack");
            let outside = case.home.join("taken-out.pack");
            std::fs::rename(&pack, &outside).unwrap();
            gone(&case.below("git/db/first-*/objects/pack/*.idx"));
            let unpack = format!("git unpack-objects -q < {}", outside.display());
            must(Command::new("sh").args(["-c", &unpack]).current_dir(case.below("git/db/first-*")));
        }),
    ];
    for (what, change) in changes {
        for (state, set) in &states {
            let case = place.case();
            change(&case);
            set(&case);
            place.judge(&mut tally, &format!("{what}, {state}"), &case, false);
        }
    }
    let in_checkout: &[Change<'_>] = &[
        ("its .git gone", &|case| gone(&case.below(CHECKOUT).join(".git"))),
        ("its HEAD garbage", &|case| write(&case.below(CHECKOUT).join(".git/HEAD"), "garbage")),
        ("its HEAD elsewhere", &|case| write(&case.below(CHECKOUT).join(".git/HEAD"), format!("{}\n", "1".repeat(40)))),
        ("its branch elsewhere", &|case| {
            write(&case.below(CHECKOUT).join(".git/refs/heads/main"), format!("{}\n", "1".repeat(40)));
        }),
        ("its objects gone", &|case| gone(&case.below(CHECKOUT).join(".git/objects"))),
        ("its config garbage", &|case| write(&case.below(CHECKOUT).join(".git/config"), "[garbage")),
        ("its manifest gone", &|case| gone(&case.below(CHECKOUT).join("Cargo.toml"))),
        ("its manifest garbage", &|case| write(&case.below(CHECKOUT).join("Cargo.toml"), "x = [")),
        ("its manifest another package's", &|case| {
            edit(&case.below(CHECKOUT).join("Cargo.toml"), |b| {
                String::from_utf8(b).unwrap().replace("first", "other").into()
            });
        }),
        ("its manifest another version's", &|case| {
            edit(&case.below(CHECKOUT).join("Cargo.toml"), |b| {
                String::from_utf8(b).unwrap().replace("0.1.0", "0.2.0").into()
            });
        }),
        ("its library gone", &|case| gone(&case.below(CHECKOUT).join("src/lib.rs"))),
        ("its submodule gone", &|case| gone(&case.below(CHECKOUT).join("extern/sub"))),
        ("a package that it needs asks for what nobody locked", &|case| {
            let path = case.below("git/checkouts/second-*/*").join("crates/lower/Cargo.toml");
            edit(&path, |b| [b, b"\n[dependencies]\nserde = \"1\"\n".to_vec()].concat());
        }),
        ("a package that it needs lacks a feature", &|case| {
            let path = case.below("git/checkouts/second-*/*").join("crates/lower/Cargo.toml");
            edit(&path, |b| String::from_utf8(b).unwrap().replace("more = []", "").into());
        }),
        ("the workspace that it inherits from says another version", &|case| {
            let path = case.below("git/checkouts/second-*/*").join("Cargo.toml");
            edit(&path, |b| String::from_utf8(b).unwrap().replace("0.4.2", "0.4.3").into());
        }),
    ];
    for (what, change) in in_checkout {
        let case = place.case();
        change(&case);
        place.judge(&mut tally, what, &case, false);
        let case = place.case();
        change(&case);
        gone(&case.below("git/db/first-*/objects/pack/*.pack"));
        place.judge(&mut tally, &format!("{what}, and the clone damaged"), &case, false);
    }
    let edits: &[(&str, &str, &str, &str)] = &[
        ("another tag", "Cargo.toml", "tag = \"v1\"", "tag = \"v2\""),
        ("a branch in the tag's place", "Cargo.toml", "tag = \"v1\"", "branch = \"main\""),
        ("no tag", "Cargo.toml", ", tag = \"v1\"", ""),
        ("another repository", "Cargo.toml", "hosts/first.git", "hosts/other.git"),
        ("the same repository without its ending", "Cargo.toml", "hosts/first.git", "hosts/first"),
        (
            "from crates.io",
            "Cargo.toml",
            "first = { git",
            "first = { version = \"0.1\" }\nagain = { package = \"first\", git",
        ),
        ("a version that fits", "Cargo.toml", "first = { git", "first = { version = \"0.1\", git"),
        ("a version that does not", "Cargo.toml", "first = { git", "first = { version = \"0.2\", git"),
        ("another commit", "Cargo.lock", "first.git#", "first.git#0000000"),
    ];
    for (what, file, from, to) in edits {
        let case = place.case();
        let path = case.workspace.join(file);
        let mut text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{what}");
        text = text.replace(from, to);
        if *what == "another commit" {
            let at = text.find("#0000000").unwrap();
            text.replace_range(at + 1 + 40..at + 1 + 47, "");
        }
        write(&path, text);
        place.judge(&mut tally, what, &case, false);
    }
    tally.finish("cargo, git dependencies", 80);
}

#[test]
fn the_inventory_and_cargo_agree_on_random_damage_to_git_dependencies() {
    let place = with_repositories();
    let mut tally = Tally::default();
    let mut dice = Dice::new(5);
    let cases = random_cases(40);
    for number in 0..cases {
        let case = place.case();
        let mut done = String::new();
        if dice.roll(2) == 0 {
            let checkouts: Vec<PathBuf> = glob::glob(case.home.join("git/checkouts/*/*").to_str().unwrap())
                .unwrap()
                .map(Result::unwrap)
                .collect();
            gone(&dice.pick(&checkouts).clone());
            done.push_str(" a checkout gone");
        }
        for _ in 0..=dice.roll(2) {
            let own = |path: &PathBuf| {
                let below = path.strip_prefix(&case.home).unwrap().to_str().unwrap().to_owned();
                let store = ["/objects/", "/config", "/HEAD", "/refs/", "/.cargo-ok", "/packed-refs"];
                store.iter().any(|part| below.contains(part)) && !below.contains("hooks")
            };
            let victims: Vec<PathBuf> = files(&case.home.join("git")).into_iter().filter(own).collect();
            if victims.is_empty() {
                break;
            }
            let victim = dice.pick(&victims).clone();
            let what = *dice.pick(&["gone", "empty", "cut", "flip", "garbage"]);
            let mut bytes = std::fs::read(&victim).unwrap();
            let at = dice.roll(bytes.len().max(1));
            match what {
                "gone" => gone(&victim),
                "empty" => write(&victim, ""),
                "cut" => write(&victim, &bytes[..at]),
                "garbage" => write(&victim, "garbage that is none"),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << dice.roll(8);
                    }
                    write(&victim, bytes);
                }
            }
            done = format!("{done} {what} at {at} {}", victim.strip_prefix(&case.home).unwrap().display());
        }
        place.judge(&mut tally, &format!("{number}:{done}"), &case, false);
    }
    tally.finish("cargo, random damage to git dependencies", cases);
}

/// An archive as `cargo package` makes it, small.
fn archive(folder: &Path, name: &str, version: &str, more: &str) -> (PathBuf, String) {
    let at = folder.join(format!("{name}-{version}"));
    package(&at, name, more);
    let text = std::fs::read_to_string(at.join("Cargo.toml")).unwrap();
    write(&at.join("Cargo.toml"), text.replace("0.1.0", version));
    let path = folder.join(format!("{name}-{version}.crate"));
    must(Command::new("tar").arg("-czf").arg(&path).arg(format!("{name}-{version}")).current_dir(folder));
    let sum = run(Command::new("sha256sum").arg(&path)).stdout;
    (path, String::from_utf8(sum).unwrap().split(' ').next().unwrap().to_owned())
}

/// Two crates in one other registry, the first of which needs the second; with their index as a folder.
fn crates(folder: &Path) -> Vec<(PathBuf, String)> {
    let made = folder.join("made");
    let mut out = Vec::new();
    for (name, shard, version, deps) in [
        (
            "others",
            "ot/he/others",
            "1.2.0",
            r#"[{"name":"thing","req":"^0.3","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}]"#,
        ),
        ("thing", "th/in/thing", "0.3.1", "[]"),
        ("windowed", "wi/nd/windowed", "0.1.0", "[]"),
    ] {
        let more = if name == "others" { "[dependencies]\nthing = \"0.3\"\n" } else { "" };
        let (path, sum) = archive(&made, name, version, more);
        let line = format!(
            "{{\"name\":\"{name}\",\"vers\":\"{version}\",\"deps\":{deps},\"cksum\":\"{sum}\",\"features\":{{}},\"yanked\":false}}\n"
        );
        write(&folder.join("index").join(shard), line);
        std::fs::copy(&path, folder.join(format!("{name}-{version}.crate"))).unwrap();
        out.push((path, sum));
    }
    out
}

/// Serves a folder over HTTP on loopback until the process ends; answers what is not there with 404.
fn serve(folder: PathBuf) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (folder, Ok(mut stream)) = (folder.clone(), stream) else { continue };
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let mut asked = String::new();
                    if reader.read_line(&mut asked).unwrap_or(0) == 0 {
                        return;
                    }
                    let mut line = String::new();
                    while reader.read_line(&mut line).unwrap_or(0) > 2 {
                        line.clear();
                    }
                    let path = asked.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
                    let body = std::fs::read(folder.join(path));
                    let status = if body.is_ok() { "200 OK" } else { "404 Not Found" };
                    let body = body.unwrap_or_default();
                    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
                    if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn the_inventory_and_cargo_agree_on_another_registry() {
    let place = Place::new();
    let registry = place.at("registry");
    crates(&registry);
    let served = place.at("served");
    copy(&registry.join("index"), &served);
    for path in files(&registry).iter().filter(|path| path.extension().is_some_and(|end| end == "crate")) {
        std::fs::copy(path, served.join(path.file_name().unwrap())).unwrap();
    }
    let port = serve(served.clone());
    write(&served.join("config.json"), format!("{{\"dl\":\"http://127.0.0.1:{port}/{{crate}}-{{version}}.crate\"}}"));
    let config = |port: u16| format!("[registries.mine]\nindex = \"sparse+http://127.0.0.1:{port}/\"\n");
    write(&place.at("workspace/.cargo/config.toml"), config(port));
    let manifest = "[workspace]\n[dependencies]\nothers = { version = \"1\", registry = \"mine\" }\n[target.'cfg(windows)'.dependencies]\nwindowed = { version = \"0.1\", registry = \"mine\" }\n";
    package(&place.at("workspace"), "app", manifest);
    place.cargo(&["generate-lockfile"]);
    place.cargo(&["fetch", "--locked"]);
    let mut tally = Tally::default();
    place.judge(&mut tally, "nothing damaged", &place.case(), true);
    let changes: &[Change<'_>] = &[
        ("archive gone", &|case| gone(&case.below("registry/cache/*/thing-0.3.1.crate"))),
        ("archive empty", &|case| write(&case.below("registry/cache/*/thing-0.3.1.crate"), "")),
        ("archive of another target gone", &|case| gone(&case.below("registry/cache/*/windowed-0.1.0.crate"))),
        ("entry gone", &|case| gone(&case.below("registry/index/*/.cache/th/in/thing"))),
        ("entry of another target gone", &|case| gone(&case.below("registry/index/*/.cache/wi/nd/windowed"))),
        ("entry garbage", &|case| write(&case.below("registry/index/*/.cache/th/in/thing"), "garbage")),
        ("settings gone", &|case| gone(&case.below("registry/index/*/config.json"))),
        ("settings garbage", &|case| write(&case.below("registry/index/*/config.json"), "garbage")),
        ("all of the registry gone", &|case| gone(&case.home.join("registry"))),
        ("no configuration", &|case| gone(&case.workspace.join(".cargo"))),
        ("another address", &|case| write(&case.workspace.join(".cargo/config.toml"), config(1))),
        ("the name in another case", &|case| {
            write(&case.workspace.join(".cargo/config.toml"), config(port).replace("mine", "Mine"));
        }),
        ("from crates.io", &|case| {
            edit(&case.workspace.join("Cargo.toml"), |b| {
                String::from_utf8(b).unwrap().replace("{ version = \"1\", registry = \"mine\" }", "\"1\"").into()
            });
        }),
        ("another registry's", &|case| {
            edit(&case.workspace.join("Cargo.toml"), |b| {
                String::from_utf8(b).unwrap().replacen("mine", "yours", 1).into()
            });
        }),
    ];
    for (what, change) in changes {
        let case = place.case();
        change(&case);
        place.judge(&mut tally, what, &case, false);
    }
    tally.finish("cargo, another registry", 15);
}

#[test]
fn the_inventory_and_cargo_agree_on_a_local_registry() {
    let place = Place::new();
    crates(&place.at("workspace/local"));
    let manifest =
        "[workspace]\n[dependencies]\nothers = \"1\"\n[target.'cfg(windows)'.dependencies]\nwindowed = \"0.1\"\n";
    package(&place.at("workspace"), "app", manifest);
    write(
        &place.at("workspace/.cargo/config.toml"),
        "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nregistry = \"https://crates.example/index\"\nreplace-with = \"there\"\n[source.there]\nlocal-registry = \"local\"\n",
    );
    place.cargo(&["generate-lockfile", "--offline"]);
    let mut tally = Tally::default();
    place.judge(&mut tally, "nothing damaged", &place.case(), true);
    let changes: &[InFolder<'_>] = &[
        ("archive gone", &|local| gone(&local.join("thing-0.3.1.crate"))),
        ("archive garbage", &|local| write(&local.join("thing-0.3.1.crate"), "garbage")),
        ("archive empty", &|local| write(&local.join("thing-0.3.1.crate"), "")),
        ("archive of another target gone", &|local| gone(&local.join("windowed-0.1.0.crate"))),
        ("entry gone", &|local| gone(&local.join("index/th/in/thing"))),
        ("entry garbage", &|local| write(&local.join("index/th/in/thing"), "garbage")),
        ("entry of another version", &|local| {
            let path = local.join("index/th/in/thing");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("0.3.1", "0.3.0"));
        }),
        ("entry with another checksum", &|local| {
            let path = local.join("index/th/in/thing");
            let text = std::fs::read_to_string(&path).unwrap();
            let at = text.find("cksum\":\"").unwrap() + 8;
            write(&path, format!("{}{}{}", &text[..at], "0".repeat(64), &text[at + 64..]));
        }),
        ("all of it gone", &|local| gone(local)),
        ("replaced by itself", &|local| {
            let config = "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nregistry = \"https://crates.example/index\"\nreplace-with = \"crates-io\"\n";
            write(&local.with_file_name(".cargo").join("config.toml"), config);
        }),
        ("replaced by what has no place", &|local| {
            let config = "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nreplace-with = \"there\"\n[source.there]\nlocal-registry = \"local\"\n";
            write(&local.with_file_name(".cargo").join("config.toml"), config);
        }),
        ("replaced by what has two", &|local| {
            let config = "[source.crates-io]\nreplace-with = \"there\"\n[source.there]\nlocal-registry = \"local\"\ndirectory = \"local\"\n";
            write(&local.with_file_name(".cargo").join("config.toml"), config);
        }),
        ("replaced by what is not named", &|local| {
            write(
                &local.with_file_name(".cargo").join("config.toml"),
                "[source.crates-io]\nreplace-with = \"there\"\n",
            );
        }),
        ("the folder named from elsewhere", &|local| {
            let config =
                format!("[source.crates-io]\nreplace-with = \"there\"\n[source.there]\nlocal-registry = {local:?}\n");
            write(&local.with_file_name(".cargo").join("config.toml"), config);
        }),
    ];
    for (what, change) in changes {
        let case = place.case();
        change(&case.workspace.join("local"));
        place.judge(&mut tally, what, &case, false);
    }
    tally.finish("cargo, a local registry", 15);
}

#[test]
fn the_inventory_and_cargo_agree_on_vendored_sources() {
    let place = with_repositories();
    // crates.io's part comes from a local registry: no network is needed to vendor.
    crates(&place.at("local"));
    let manifest = place.at("workspace/Cargo.toml");
    let mut text = std::fs::read_to_string(&manifest).unwrap();
    text.push_str("others = \"1\"\n[target.'cfg(windows)'.dependencies]\nwindowed = \"0.1\"\n");
    write(&manifest, text);
    let local = format!(
        "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nlocal-registry = {:?}\n",
        place.at("local")
    );
    write(&place.at("workspace/.cargo/config.toml"), local);
    place.cargo(&["generate-lockfile"]);
    let vendor = run(Command::new("cargo")
        .args(["vendor", "--locked", "third-party", "--respect-source-config"])
        .current_dir(place.at("workspace"))
        .env("CARGO_HOME", place.at("cargo-home")));
    assert!(vendor.status.success(), "{}", String::from_utf8_lossy(&vendor.stderr));
    let said = String::from_utf8(vendor.stdout).unwrap();
    let config = if said.contains("source.crates-io") {
        said
    } else {
        format!(
            "[source.crates-io]\nreplace-with = \"vendored-sources\"\n{}",
            said.replace("[source.here]\nreplace-with = \"vendored-sources\"\n", "")
        )
    };
    write(&place.at("workspace/.cargo/config.toml"), config);
    // Nothing of the repositories or of cargo's home is needed any more.
    gone(&place.at("cargo-home"));
    std::fs::create_dir_all(place.at("cargo-home")).unwrap();
    let mut tally = Tally::default();
    place.judge(&mut tally, "nothing damaged", &place.case(), true);
    let changes: &[InFolder<'_>] = &[
        ("package gone", &|vendor| gone(&vendor.join("thing"))),
        ("package of another target gone", &|vendor| gone(&vendor.join("windowed"))),
        ("git package gone", &|vendor| gone(&vendor.join("first"))),
        ("list gone", &|vendor| gone(&vendor.join("thing/.cargo-checksum.json"))),
        ("list garbage", &|vendor| write(&vendor.join("thing/.cargo-checksum.json"), "garbage")),
        ("list of a package of another target gone", &|vendor| gone(&vendor.join("windowed/.cargo-checksum.json"))),
        ("list names another archive", &|vendor| {
            write(
                &vendor.join("thing/.cargo-checksum.json"),
                format!("{{\"files\":{{}},\"package\":\"{}\"}}", "0".repeat(64)),
            );
        }),
        ("list names no archive", &|vendor| write(&vendor.join("thing/.cargo-checksum.json"), "{\"files\":{}}")),
        ("file edited", &|vendor| write(&vendor.join("thing/src/lib.rs"), "pub fn edited() {}")),
        ("file of a git package edited", &|vendor| write(&vendor.join("lower/src/lib.rs"), "pub fn edited() {}")),
        ("file gone", &|vendor| gone(&vendor.join("thing/src/lib.rs"))),
        ("file of another target's package edited", &|vendor| {
            write(&vendor.join("windowed/src/lib.rs"), "pub fn edited() {}");
        }),
        ("file added", &|vendor| write(&vendor.join("thing/src/added.rs"), "")),
        ("manifest edited", &|vendor| {
            let path = vendor.join("thing/Cargo.toml");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, format!("{text}\n# edited\n"));
        }),
        ("manifest garbage", &|vendor| write(&vendor.join("thing/Cargo.toml"), "garbage")),
        ("manifest gone", &|vendor| gone(&vendor.join("thing/Cargo.toml"))),
        ("a folder without a manifest", &|vendor| write(&vendor.join("left/notes.txt"), "left behind")),
        ("a hidden folder", &|vendor| write(&vendor.join(".hidden/Cargo.toml"), "garbage")),
        ("a package that nobody asks for, broken", &|vendor| write(&vendor.join("extra/Cargo.toml"), "garbage")),
        ("everything gone", &|vendor| gone(vendor)),
    ];
    for (what, change) in changes {
        let case = place.case();
        change(&case.workspace.join("third-party"));
        place.judge(&mut tally, what, &case, true);
    }
    tally.finish("cargo, vendored sources", 21);
}

#[test]
fn a_fetch_brings_repositories_that_are_missing_or_damaged() {
    let place = with_repositories();
    let changes: &[Change<'_>] = &[
        ("clones gone", &|case| gone(&case.home.join("git"))),
        ("clone gone, checkout there", &|case| gone(&case.below("git/db/first-*"))),
        ("submodule's clone gone", &|case| {
            gone(&case.below("git/db/sub-*"));
            gone(&case.below(CHECKOUT));
        }),
        ("clone damaged", &|case| {
            edit(&case.below("git/db/first-*/objects/pack/*.pack"), |bytes| bytes[..bytes.len() / 2].to_vec());
        }),
        ("a manifest in the checkout damaged", &|case| write(&case.below(CHECKOUT).join("Cargo.toml"), "x = [")),
    ];
    for (what, change) in changes {
        let case = place.case();
        change(&case);
        let look = || survey(&case.workspace, homes(&[("CARGO_HOME", &case.home)]));
        let before = look();
        assert_eq!(before.readiness.state, contract::ReadinessState::Incomplete, "{what}");
        let steps = inventory::plan_fetch(&before, None);
        assert_eq!(steps.len(), 1, "{what}: {steps:?}");
        for path in &steps[0].set_aside {
            let mut aside = path.clone().into_os_string();
            aside.push(".holdover-damaged");
            std::fs::rename(path, aside).unwrap();
        }
        let words = &steps[0].command;
        must(Command::new(&words[0]).args(&words[1..]).current_dir(&steps[0].folder).env("CARGO_HOME", &case.home));
        assert_eq!(look().readiness.state, contract::ReadinessState::Ready, "{what}: {:?}", look().findings);
    }
}
