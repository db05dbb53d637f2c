//! The judges of what is said of signatures: Go without a connection, which verifies a module against the checksum database that it
//! keeps; and pacote, by which npm verifies registries' signatures, from npm's cache. Both ways.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod golang;
mod judge;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Finding, FreshnessRule};
use golang::{Case, Module, Place};
use inventory::{Homes, Inventory, NoMemory, Options};
use judge::{copy, files, must, run, write};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

type Hash = [u8; 32];

/// What a rule about signatures says of a project.
fn told(workspace: &Path, homes: Homes, keys: &[&str]) -> Vec<Finding> {
    let options = Options { homes, ..Options::default() };
    let survey = Inventory::new(workspace, options.clone()).survey(&NoMemory, &|| false);
    let keys = (!keys.is_empty()).then(|| keys.iter().map(|&key| key.to_owned()).collect());
    let rule = FreshnessRule { signatures: Some(true), keys, ..FreshnessRule::default() };
    inventory::freshness(&survey, &options, &[rule], SystemTime::now())
}

fn codes(found: &[Finding]) -> Vec<&str> {
    let mut all: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

const NAME: &str = "sums.example";

/// A checksum database, as the server of one has it.
struct Database {
    key: Ed25519KeyPair,
    records: Vec<String>,
}

fn of_record(text: &str) -> Hash {
    Sha256::new().chain_update([0]).chain_update(text).finalize().into()
}

fn tree(hashes: &[Hash]) -> Hash {
    if hashes.len() == 1 {
        return hashes[0];
    }
    let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
    Sha256::new().chain_update([1]).chain_update(tree(left)).chain_update(tree(right)).finalize().into()
}

impl Database {
    fn new(seed: u8, records: Vec<String>) -> Self {
        Database { key: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(), records }
    }

    fn public(&self) -> Vec<u8> {
        [&[1], self.key.public_key().as_ref()].concat()
    }

    fn hash(&self) -> [u8; 4] {
        let sum = Sha256::new().chain_update(NAME).chain_update("\n").chain_update(self.public()).finalize();
        sum[..4].try_into().unwrap()
    }

    fn key(&self) -> String {
        format!("{NAME}+{}+{}", hex::encode(self.hash()), STANDARD.encode(self.public()))
    }

    /// The signed note about the tree of the first so many records.
    fn note(&self, size: usize) -> String {
        let hashes: Vec<Hash> = self.records[..size].iter().map(|text| of_record(text)).collect();
        let text = format!("go.sum database tree\n{size}\n{}\n", STANDARD.encode(tree(&hashes)));
        let signature = [self.hash().as_slice(), self.key.sign(text.as_bytes()).as_ref()].concat();
        format!("{text}\n\u{2014} {NAME} {}\n", STANDARD.encode(signature))
    }

    /// Lays it down below a folder that stands in for a proxy, where Go finds it too.
    fn serve(&self, proxy: &Path) {
        let base = proxy.join("sumdb").join(NAME);
        let _ = std::fs::remove_dir_all(&base);
        write(&base.join("supported"), "");
        let size = self.records.len();
        write(&base.join("latest"), self.note(size));
        for (number, text) in self.records.iter().enumerate() {
            let mut words = text.split_whitespace();
            let (path, version) = (words.next().unwrap(), words.next().unwrap());
            let escaped = |text: &str| {
                let mut out = String::new();
                for letter in text.trim_end_matches("/go.mod").chars() {
                    if letter.is_ascii_uppercase() {
                        out.push('!');
                    }
                    out.push(letter.to_ascii_lowercase());
                }
                out
            };
            let file = base.join("lookup").join(format!("{}@{}", escaped(path), escaped(version)));
            write(&file, format!("{number}\n{text}\n{}", self.note(size)));
        }
        let mut row: Vec<Hash> = self.records.iter().map(|text| of_record(text)).collect();
        for floor in 0..8 {
            for (number, tile) in row.chunks(256).enumerate() {
                let name = format!("tile/8/{floor}/{number:03}");
                let name = if tile.len() == 256 { name } else { format!("{name}.p/{}", tile.len()) };
                write(&base.join(name), tile.concat());
            }
            row = row.chunks_exact(256).map(tree).collect();
        }
    }
}

const MODULES: &[Module<'_>] = &[
    ("example.com/Leaf", "v1.0.0", "go 1.20\n", &[]),
    ("example.com/twig", "v1.2.3", "go 1.21\n\nrequire example.com/Leaf v1.0.0\n", &["example.com/Leaf"]),
    ("example.com/major/v2", "v2.4.0", "go 1.22\n", &[]),
    ("example.com/lone", "v0.1.0-rc.1", "go 1.22\n", &[]),
];
const PROJECT: &[(&str, &str)] = &[
    ("go.mod", "module example.com/m\n\ngo 1.22\n"),
    (
        "main.go",
        "package main\n\nimport (\n\t_ \"example.com/twig\"\n\t_ \"example.com/major/v2\"\n\t_ \"example.com/lone\"\n)\n\nfunc main() {}\n",
    ),
];

/// The records of a go.sum, one a module, and others around them: so many before and behind.
fn records(sum: &str, before: usize, behind: usize) -> Vec<String> {
    let mut by_module: BTreeMap<(String, String), String> = BTreeMap::new();
    for line in sum.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let key = (words[0].to_owned(), words[1].trim_end_matches("/go.mod").to_owned());
        by_module.entry(key).or_default().extend([line, "\n"]);
    }
    let others = |start: usize, count: usize| {
        (start..start + count).map(|number| format!("example.com/other{number} v1.0.0 h1:{number}=\n"))
    };
    others(0, before).chain(by_module.into_values()).chain(others(before, behind)).collect()
}

/// A project whose modules Go has verified against a database with so many other records, without any connection since.
fn verified(place: &Place, before: usize, behind: usize) -> (Case, Database) {
    let mut case = place.case();
    let _ = std::fs::remove_dir_all(latest(&case).parent().unwrap());
    let proxy = case.workspace.parent().unwrap().join("proxy");
    copy(&place.proxy, &proxy);
    let sum = std::fs::read_to_string(case.workspace.join("go.sum")).unwrap();
    let database = Database::new(7, records(&sum, before, behind));
    database.serve(&proxy);
    case.set.insert("GOPROXY".into(), format!("file://{}", proxy.display()));
    case.set.insert("GOSUMDB".into(), database.key());
    case.set.insert("GOFLAGS".into(), "-modcacherw -mod=mod".into());
    std::fs::remove_file(case.workspace.join("go.sum")).unwrap();
    must(&mut case.go("", &["mod", "download"]));
    must(&mut case.go("", &["mod", "tidy"]));
    assert_eq!(std::fs::read_to_string(case.workspace.join("go.sum")).unwrap(), sum);
    std::fs::remove_dir_all(&proxy).unwrap();
    case.set.insert("GOPROXY".into(), "off".into());
    (case, database)
}

/// Whether Go verifies all of it anew without a connection: a go.sum that is not there is made again by what it keeps.
fn go_verifies(case: &Case) -> Result<(), String> {
    let file = case.workspace.join("go.sum");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let mut said = String::new();
    let passes = [&["mod", "download", "all"], &["mod", "tidy"] as &[&str]].into_iter().all(|arguments| {
        let output = run(&mut case.go("", arguments));
        said += &String::from_utf8_lossy(&output.stderr);
        output.status.success()
    });
    let after = std::fs::read_to_string(&file).unwrap_or_default();
    write(&file, &before);
    assert!(!passes || before == after, "{before}{after}");
    passes.then_some(()).ok_or(said)
}

fn kept(case: &Case, below: &str) -> PathBuf {
    case.cache.join("cache/download/sumdb").join(NAME).join(below)
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{} has no {from}", path.display());
    write(path, text.replace(from, to));
}

fn latest(case: &Case) -> PathBuf {
    PathBuf::from(&case.variables()["HOME"]).join("go/pkg/sumdb").join(NAME).join("latest")
}

#[test]
fn go_and_the_inventory_agree_on_what_the_checksum_database_vouches_for() {
    let place = Place::new("signed", MODULES, PROJECT, &[("", &["mod", "tidy"])]);
    let cases: &[(&str, &[&str], &dyn Fn(&mut Case, &Database))] = &[
        ("as Go left it", &[], &|_, _| {}),
        ("the newest tree is not known", &[], &|case, _| std::fs::remove_file(latest(case)).unwrap()),
        ("a record of another checksum", &["signature-invalid"], &|case, _| {
            let file = kept(case, "lookup/example.com/twig@v1.2.3");
            let text = std::fs::read_to_string(&file).unwrap();
            let sum = text.lines().nth(1).unwrap().rsplit(' ').next().unwrap().to_owned();
            edit(&file, &sum, &format!("h1:{}=", "A".repeat(43)));
        }),
        ("a record of another number", &["signature-invalid"], &|case, _| {
            let file = kept(case, "lookup/example.com/twig@v1.2.3");
            let text = std::fs::read_to_string(&file).unwrap();
            let (number, rest) = text.split_once('\n').unwrap();
            // Of the same tile, so that all that proves it is here.
            write(&file, format!("{}\n{rest}", number.parse::<u64>().unwrap() - 1));
        }),
        ("a signature with another bit", &["signature-invalid"], &|case, _| {
            let file = kept(case, "lookup/example.com/!leaf@v1.0.0");
            let text = std::fs::read_to_string(&file).unwrap();
            let (start, signature) = text.rsplit_once(' ').unwrap();
            let mut bytes = STANDARD.decode(signature.trim()).unwrap();
            bytes[20] ^= 1;
            write(&file, format!("{start} {}\n", STANDARD.encode(bytes)));
        }),
        ("a tree of another size", &["signature-invalid"], &|case, database| {
            let size = database.records.len();
            let file = kept(case, "lookup/example.com/lone@v0.1.0-rc.1");
            edit(&file, &format!("tree\n{size}\n"), &format!("tree\n{}\n", size + 1));
        }),
        ("a record that somebody else signed", &["signature-invalid"], &|case, database| {
            let forger = Database::new(8, database.records.clone());
            let (theirs, own) = (forger.note(forger.records.len()), database.note(database.records.len()));
            edit(&kept(case, "lookup/example.com/twig@v1.2.3"), &own, &theirs);
        }),
        ("a record that is cut short", &["signature-invalid"], &|case, _| {
            let file = kept(case, "lookup/example.com/twig@v1.2.3");
            let bytes = std::fs::read(&file).unwrap();
            write(&file, &bytes[..20]);
        }),
        ("no record", &["signature-missing"], &|case, _| {
            std::fs::remove_file(kept(case, "lookup/example.com/twig@v1.2.3")).unwrap();
        }),
        ("a tile with another bit", &["signature-invalid"], &|case, _| {
            for tile in files(&kept(case, "tile/8/0")) {
                let mut bytes = std::fs::read(&tile).unwrap();
                bytes.iter_mut().step_by(32).for_each(|byte| *byte ^= 1);
                write(&tile, bytes);
            }
        }),
        ("no tiles", &["freshness-unknown"], &|case, _| std::fs::remove_dir_all(kept(case, "tile")).unwrap()),
        ("the key of somebody else", &["signature-invalid"], &|case, database| {
            let other = Database::new(9, database.records.clone());
            case.set.insert("GOSUMDB".into(), other.key());
        }),
        ("another database, of which nothing is here", &["signature-missing"], &|case, database| {
            let key = Database::new(9, database.records.clone()).key();
            let name = "other.example";
            let public = STANDARD.decode(key.rsplit('+').next().unwrap()).unwrap();
            let hash = Sha256::new().chain_update(name).chain_update("\n").chain_update(&public).finalize();
            let key = format!("{name}+{}+{}", hex::encode(&hash[..4]), STANDARD.encode(public));
            case.set.insert("GOSUMDB".into(), key);
        }),
    ];
    let mut agreed = 0;
    for (before, behind) in [(3, 2), (260, 300)] {
        for (name, expected, change) in cases {
            let (mut case, database) = verified(&place, before, behind);
            change(&mut case, &database);
            let found = told(&case.workspace, case.homes(), &[]);
            let judged = go_verifies(&case);
            println!("{name}: {:?}, Go: {judged:?}", codes(&found));
            assert_eq!(codes(&found), *expected, "{name}: {found:#?}");
            assert_eq!(found.is_empty(), judged.is_ok(), "{name}: {found:#?} {judged:?}");
            agreed += 1;
        }
    }
    println!("Go's checksum database: {agreed} cases, none differs");
}

#[test]
fn a_go_sum_that_is_not_what_was_signed_is_told_and_so_are_modules_that_are_kept_from_the_database() {
    let place = Place::new("signed", MODULES, PROJECT, &[("", &["mod", "tidy"])]);
    let (mut case, database) = verified(&place, 3, 2);
    let own = std::fs::read_to_string(case.workspace.join("go.sum")).unwrap();
    let line = own.lines().find(|line| line.starts_with("example.com/twig v1.2.3 ")).unwrap();
    case.edit("go.sum", line, &format!("example.com/twig v1.2.3 h1:{}=", "A".repeat(43)));
    let found = told(&case.workspace, case.homes(), &[]);
    assert!(!run(&mut case.go("", &["mod", "download"])).status.success());
    assert_eq!(codes(&found), ["signature-invalid"], "{found:#?}");
    write(&case.workspace.join("go.sum"), &own);

    case.set.insert("GONOSUMDB".into(), "example.com/twig".into());
    let found = told(&case.workspace, case.homes(), &[]);
    assert_eq!(codes(&found), ["signature-missing"]);
    assert!(found.iter().all(|finding| finding.message.starts_with("example.com/twig v1.2.3")), "{found:#?}");
    case.set.remove("GONOSUMDB");

    // A pinned key is believed in place of that of the settings.
    assert_eq!(told(&case.workspace, case.homes(), &[&database.key()]), []);
    let other = Database::new(9, database.records.clone());
    assert_eq!(codes(&told(&case.workspace, case.homes(), &[&other.key()])), ["signature-invalid"]);
    // Where only the name is known, so is no key.
    case.set.insert("GOSUMDB".into(), NAME.into());
    assert_eq!(codes(&told(&case.workspace, case.homes(), &[])), ["freshness-unknown"]);
    assert_eq!(told(&case.workspace, case.homes(), &[&database.key()]), []);
}

/// What npm's own library says of each package, from npm's cache alone.
fn npm_says(folder: &Path) -> BTreeMap<String, String> {
    let output = run(&mut script("judge", folder));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn script(mode: &str, folder: &Path) -> Command {
    let mut command = Command::new("node");
    command
        .arg(Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("npm/signatures.mjs"))
        .arg(mode)
        .arg(folder);
    command
}

/// The same in our words: what is not told of was verified.
fn we_say(folder: &Path, keys: &[&str], names: &[String]) -> BTreeMap<String, String> {
    let cache = folder.join("npm-cache");
    let found = told(&folder.join("workspace"), judge::homes(&[("npm_config_cache", cache.as_path())]), keys);
    let about = |name: &str| {
        let ours = found
            .iter()
            .find(|finding| finding.data.as_ref().is_some_and(|data| data["artifact"] == format!("npm:{name}@1.0.0")));
        let word = ours.map_or("verified", |finding| match finding.code.as_str() {
            "signature-missing" if finding.message.contains("no description") => "absent",
            "signature-missing" => "missing",
            "signature-invalid" => "invalid",
            _ => "unknown",
        });
        word.to_owned()
    };
    names.iter().map(|name| (name.clone(), about(name))).collect()
}

#[test]
fn npm_and_the_inventory_agree_on_what_registries_signed() {
    let folder = tempfile::tempdir().unwrap();
    must(&mut script("fill", folder.path()));
    let theirs = npm_says(folder.path());
    let names: Vec<String> = theirs.keys().cloned().collect();
    assert_eq!(names.len(), 9);
    let count = |word: &str| theirs.values().filter(|said| *said == word).count();
    assert_eq!((count("verified"), count("missing"), count("invalid")), (3, 1, 5), "{theirs:?}");
    assert_eq!(we_say(folder.path(), &[], &names), theirs);

    // With the keys pinned there is no word of when they were given up.
    let told: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("keys.json")).unwrap()).unwrap();
    let keys: Vec<&str> = told["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    let mut pinned = theirs.clone();
    pinned.insert("expired".into(), "verified".into());
    assert_eq!(we_say(folder.path(), &keys, &names), pinned);
    // Who pins one key believes no other, not one of npm's cache either.
    pinned.insert("expired".into(), "invalid".into());
    pinned.insert("early".into(), "invalid".into());
    assert_eq!(we_say(folder.path(), &keys[..1], &names), pinned);

    // One that cannot be read lets no other count, and is named.
    for broken in [keys[0][1..].to_owned(), String::new(), "sums.example+00000000+AAAA".to_owned()] {
        let cache = folder.path().join("npm-cache");
        let homes = judge::homes(&[("npm_config_cache", cache.as_path())]);
        let found = self::told(&folder.path().join("workspace"), homes, &[keys[0], &broken]);
        assert_eq!(codes(&found), ["freshness-unknown"], "{broken}");
        let shown: String = broken.chars().take(40).collect();
        assert!(found[0].message.contains(&format!("\"{shown}\"")), "{}", found[0].message);
    }

    // A lockfile with another checksum than what is signed, whose tarball is here.
    let lock = folder.path().join("workspace/package-lock.json");
    let whole = std::fs::read_to_string(&lock).unwrap();
    let value: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let sum = |name: &str| value["packages"][format!("node_modules/{name}")]["integrity"].as_str().unwrap().to_owned();
    write(&lock, whole.replace(&sum("good"), &sum("early")));
    assert_eq!(we_say(folder.path(), &[], &names)["good"], "invalid");
    write(&lock, &whole);

    // What npm's cache lacks or has damaged is not verified.
    let index = folder.path().join("npm-cache/_cacache/index-v5");
    let says = |path: &PathBuf, what: &str| std::fs::read_to_string(path).is_ok_and(|text| text.contains(what));
    let registry = told["registry"].as_str().unwrap();
    let bucket = |address: &str| {
        let key = format!("\"make-fetch-happen:request-cache:{registry}/{address}\"");
        files(&index).into_iter().find(|path| says(path, &key)).unwrap()
    };
    std::fs::remove_file(bucket("early")).unwrap();
    let (ours, theirs) = (we_say(folder.path(), &[], &names), npm_says(folder.path()));
    assert_eq!((ours["early"].as_str(), &ours), ("absent", &theirs));
    let content = files(&folder.path().join("npm-cache/_cacache/content-v2"));
    let description = content.into_iter().find(|path| says(path, "\"name\":\"good\"")).unwrap();
    edit(&description, "\"time\"", "\"tame\"");
    assert_eq!(we_say(folder.path(), &[], &names)["good"], "unknown");
    std::fs::remove_file(bucket("-/npm/v1/keys")).unwrap();
    let cache = folder.path().join("npm-cache");
    let found =
        self::told(&folder.path().join("workspace"), judge::homes(&[("npm_config_cache", cache.as_path())]), &[]);
    assert_eq!(codes(&found), ["freshness-unknown", "signature-missing"]);
    // What is true of many is said once.
    assert!(found.iter().any(|finding| finding.message.contains("and 1 more: it is signed, and no key")), "{found:#?}");
}
