//! What is said of credentials: that they end, and never a part of one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::Finding;
use holdover_inventory::{Homes, Inventory, NoMemory, Options, credentials};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

const NOW: u64 = 1_763_856_000;
const DAY: u64 = 86_400;

fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A token that ends so many days from now.
fn token(days: i64) -> String {
    let ends = i64::try_from(NOW).unwrap() + days * i64::try_from(DAY).unwrap();
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part("{\"alg\":\"ES256\"}"), part(&format!("{{\"exp\":{ends}}}")), part("a secret"))
}

/// A certificate that ends when a year begins, as PEM.
fn certificate(year: i32) -> String {
    let mut wanted = rcgen::CertificateParams::new(vec!["me.example".to_owned()]).unwrap();
    wanted.not_after = rcgen::date_time_ymd(year, 1, 1);
    wanted.not_before = rcgen::date_time_ymd(2019, 1, 1);
    wanted.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
}

struct Place {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        write(&folder.path().join("work/Cargo.lock"), "version = 4\n");
        write(&folder.path().join("work/package-lock.json"), "{\"lockfileVersion\":3,\"packages\":{}}");
        std::fs::create_dir_all(folder.path().join("work/.git")).unwrap();
        let variables = vec![("HOME".to_owned(), path("home")), ("CARGO_HOME".to_owned(), path("cargo"))];
        Place { folder, variables }
    }

    fn write(&self, below: &str, text: impl AsRef<[u8]>) {
        write(&self.folder.path().join(below), text);
    }

    fn found(&self) -> Vec<Finding> {
        let homes = Homes::from_variables(self.variables.clone());
        let options = Options { homes, ..Options::default() };
        let root = self.folder.path().join("work");
        let survey = Inventory::new(&root, options.clone()).survey(&NoMemory, &|| false);
        credentials(&survey, &options, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn told(&self) -> Vec<(String, String)> {
        let found = self.found();
        for finding in &found {
            let text = serde_json::to_string(finding).unwrap();
            assert!(!text.contains("YSBzZWNyZXQ") && !text.contains("eyJ"), "a part of a secret is told: {text}");
        }
        let base = self.folder.path().display().to_string();
        found.into_iter().map(|one| (one.code, one.message.replace(&base, "BASE"))).collect()
    }
}

fn pair(code: &str, message: &str) -> (String, String) {
    (code.to_owned(), message.to_owned())
}

#[test]
fn tokens_of_cargo_and_npm_are_told_of_when_they_end_and_nothing_else_of_them() {
    let mut place = Place::new();
    assert_eq!(place.told(), []);
    place.write(
        "cargo/credentials.toml",
        format!("[registry]\ntoken = \"{}\"\n[registries.team]\ntoken = \"{}\"\n[registries.far]\ntoken = \"{}\"\n[registries.plain]\ntoken = \"abc\"\n", token(-3), token(2), token(30)),
    );
    place.write(
        "work/.npmrc",
        format!("//one.example/:_authToken={}\n; a note\n//two.example/:_authToken=npm_abc\n", token(-1)),
    );
    place
        .write("home/.npmrc", "//three.example/npm/:_authToken=${TEAM_TOKEN}\n//four.example/:_authToken=${NOT_SET}\n");
    place.variables.push(("TEAM_TOKEN".into(), token(0)));
    assert_eq!(
        place.told(),
        [
            pair("credential-expired", "cargo's token ended 3 days ago: what it is for will be refused"),
            pair("credential-expires", "cargo's token for the registry `team` ends in 2 days"),
            pair(
                "credential-expired",
                "npm's token for //one.example/ ended a day ago: what it is for will be refused"
            ),
            pair("credential-expires", "npm's token for //three.example/npm/ ends in less than a day"),
        ]
    );
    // What no tool of the workspace would use is not read.
    std::fs::remove_file(place.folder.path().join("work/Cargo.lock")).unwrap();
    assert!(place.told().iter().all(|(_, message)| !message.contains("cargo")));
}

#[test]
fn certificates_and_signing_keys_are_told_of() {
    let place = Place::new();
    let base = place.folder.path().display().to_string();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(place.folder.path()).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    place.write("short.pem", certificate(2099));
    place.write(
        "work/.npmrc",
        format!("//one.example/:certfile={base}/short.pem\n//two.example/:certfile={base}/gone.pem\n"),
    );
    place.write(
        "home/.gitconfig",
        format!("[http]\n sslCert = {base}/gone.pem\n[user]\n signingKey = ~/.ssh/gone\n[gpg]\n format = ssh\n"),
    );
    let told = place.told();
    let missing = |what: &str, path: &str| pair("credential-missing", &format!("{what} is not there: {path}"));
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], missing("the certificate with which npm goes to //two.example/", "BASE/gone.pem"));
    assert_eq!(told[1], missing("the certificate with which git goes to servers", "BASE/gone.pem"));
    // Whoever signs no commits lacks no key.
    place.write("work/.git/config", "[commit]\n gpgSign = yes\n");
    assert_eq!(place.told()[2], missing("the key that commits are signed with", "BASE/home/.ssh/gone"));
    place.write("home/.ssh/gone", "a key");
    assert_eq!(place.told().len(), 2);

    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "ca"]);
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "home/.ssh/id"]);
    run("ssh-keygen", &["-q", "-s", "ca", "-I", "me", "-V", "20200101:20200201", "home/.ssh/id.pub"]);
    let told = place.told();
    assert_eq!(told.len(), 3);
    assert_eq!(told[1].0, "credential-expired");
    assert!(told[1].1.starts_with("the certificate of an SSH key ended "), "{told:?}");
    run("ssh-keygen", &["-q", "-s", "ca", "-I", "me", "-V", "always:forever", "home/.ssh/id.pub"]);
    assert_eq!(place.told().len(), 2);
}

#[test]
fn a_certificate_is_told_of_from_a_week_before_its_end() {
    let place = Place::new();
    let base = place.folder.path().display().to_string();
    place.write("short.pem", certificate(2020));
    place.write("work/.npmrc", format!("//one.example/:certfile={base}/short.pem\n"));
    let homes = Homes::from_variables(place.variables.clone());
    let options = Options { homes, ..Options::default() };
    let survey = Inventory::new(place.folder.path().join("work"), options.clone()).survey(&NoMemory, &|| false);
    // The first second of 2020.
    let ends = 1_577_836_800;
    let codes = |now: u64| -> Vec<String> {
        let found = credentials(&survey, &options, UNIX_EPOCH + Duration::from_secs(now));
        found.into_iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(ends - 8 * DAY), [""; 0]);
    assert_eq!(codes(ends - 7 * DAY), ["credential-expires"]);
    assert_eq!(codes(ends + 1), ["credential-expired"]);
}

#[test]
fn hostile_files_say_nothing() {
    let place = Place::new();
    place.write("cargo/credentials.toml", "[[[");
    place.write(
        "work/.npmrc",
        b"//a/:_authToken=a.b.c\n//b/:certfile=/proc/self/mem\n//c/:certfile=/dev/zero\n//:_authToken\n\xff\xfe",
    );
    place.write("home/.ssh/x-cert.pub", "ssh-ed25519-cert-v01@openssh.com AAAA");
    place.write("home/.gitconfig", "[http\n sslCert = /x");
    assert_eq!(place.told(), []);
}
