//! How registries answer, as `holdover status --ask` tells it: each state made by a real server on loopback, and asked by the real program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it cannot go on")]

#[path = "registries/maven.rs"]
mod maven;
#[path = "registries/place.rs"]
mod place;
#[path = "registries/server.rs"]
mod server;

use place::{DESCRIPTION, Place, SECRET, words};
use server::{Registry, listens, say, wait};
use std::io::Write;
use std::time::{Duration, Instant};

impl Place {
    /// Without npm's lockfile.
    fn bare() -> Self {
        let place = Self::new();
        std::fs::remove_file(place.workspace().join("package-lock.json")).unwrap();
        place
    }

    /// The state and the words for the registry of a tool at this address.
    #[track_caller]
    fn of(&self, ecosystem: &str, url: &str) -> (String, String) {
        let all = self.all();
        let found = all.iter().find(|mirror| mirror["ecosystem"] == ecosystem && mirror["url"] == url);
        words(found.unwrap_or_else(|| panic!("no {url} of {ecosystem}: {all:#?}")))
    }

    /// What the terminal prints and the journal keeps has no secret in it.
    #[track_caller]
    fn keeps(&self, registries: &[&Registry]) {
        let shown = self.holdover(&["status", "--ask", "-v"]);
        let log = self.holdover(&["journal", "log", "--json"]);
        let heads: String = registries.iter().flat_map(|registry| registry.heads()).collect();
        let all = [shown.stdout, shown.stderr, log.stdout, heads.into_bytes()].concat();
        assert!(!String::from_utf8_lossy(&all).contains(SECRET));
    }
}

#[track_caller]
fn is((state, text): (String, String), wanted: &str, said: &str) {
    assert_eq!(state, wanted, "{text}");
    assert!(text.contains(said), "{text}");
}

#[test]
fn a_registry_that_has_what_is_wanted_is_reachable_and_was_sent_no_more_than_names() {
    let place = Place::new();
    let registry = Registry::start(|_, to| say(to, "200 OK", "application/json", DESCRIPTION));
    place.npm(&format!("http://user:{SECRET}@127.0.0.1:{}/npm/?key={SECRET}", registry.port));
    let mirror = place.asked();
    is(words(&mirror), "reachable", "answers, after ");
    assert_eq!(mirror["url"], format!("http://127.0.0.1:{}/npm", registry.port));
    assert!(mirror["checkedAt"].is_string() && mirror["latencyMs"].is_u64(), "{mirror}");
    let heads = registry.heads();
    assert!(!heads.is_empty() && heads.iter().all(|head| head.starts_with("GET /npm/left-pad HTTP/1.1")), "{heads:?}");
    assert!(!heads.concat().contains(SECRET) && !heads.concat().to_lowercase().contains("authorization"), "{heads:?}");
    // Who was asked stands in the journal.
    let told = place.holdover(&["journal", "log", "--json"]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("registries.asked") && told.contains("127.0.0.1"), "{told}");
    assert!(!told.contains(SECRET), "{told}");
}

#[test]
fn a_registry_that_lacks_what_is_missing_here_says_which() {
    let old = DESCRIPTION.replace("1.3.0", "1.2.9");
    is(
        Place::state(move |_, to| say(to, "200 OK", "application/json", &old)),
        "stale",
        "it does not know left-pad 1.3.0",
    );
    is(Place::state(|_, to| say(to, "404 Not Found", "application/json", "{}")), "incomplete", "/left-pad");
    let spaced = DESCRIPTION.replace(':', " : ").replace(',', " ,\n");
    is(Place::state(move |_, to| say(to, "200 OK", "application/json", &spaced)), "reachable", "answers");
}

#[test]
fn a_login_page_in_the_place_of_a_registry_is_told_from_it() {
    let page = "<html><form action=/login>Welcome aboard</form></html>";
    is(Place::state(move |_, to| say(to, "200 OK", "text/html", page)), "captive", "log in to the network");
    is(Place::state(move |_, to| say(to, "200 OK", "application/json", page)), "captive", "log in to the network");
    is(Place::state(|_, to| say(to, "511 Network Authentication Required", "text/html", "")), "captive", "log in");
    let place = Place::new();
    let portal = Registry::start(move |_, to| say(to, "200 OK", "text/html", page));
    let there = format!("http://localhost:{}/login", portal.port);
    let registry = Registry::start(move |_, to| {
        let _ = write!(to, "HTTP/1.1 302 Found\r\nlocation: {there}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    place.npm(&format!("http://127.0.0.1:{}/", registry.port));
    is(words(&place.asked()), "captive", "a page of localhost came in its place");
    // A person is told what to do.
    let shown = place.holdover(&["status", "--ask"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("something else answers for it") && shown.contains("log in to the network"), "{shown}");
}

#[test]
fn a_registry_that_wants_a_credential_is_unauthorised_only_where_the_tool_has_none() {
    let deny = |_: &str, to: &mut dyn Write| say(to, "401 Unauthorized", "application/json", "{}");
    is(Place::state(deny), "unauthorised", "npm has none");
    let place = Place::new();
    let registry = Registry::start(deny);
    let at = format!("//127.0.0.1:{}/", registry.port);
    place.write(".npmrc", &format!("registry=http:{at}\n{at}:_authToken={SECRET}\n"));
    is(words(&place.asked()), "reachable", "the credential that npm has, which was not sent");
    let shown = place.holdover(&["status", "--ask", "-v"]);
    let all = [shown.stdout, shown.stderr, registry.heads().concat().into_bytes()].concat();
    assert!(!String::from_utf8_lossy(&all).contains(SECRET));
    is(Place::state(|_, to| say(to, "407 Proxy Authentication Required", "text/html", "")), "unauthorised", "proxy");
}

#[test]
fn a_registry_that_is_broken_silent_or_gone_is_unreachable_with_the_reason_and_in_time() {
    is(Place::state(|_, to| say(to, "503 Service Unavailable", "text/plain", "")), "unreachable", "503");
    let place = Place::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(!listens(port));
    place.npm(&format!("http://127.0.0.1:{port}/"));
    is(words(&place.asked()), "unreachable", "refused");
    place.npm("http://no-such-host.invalid/");
    is(words(&place.asked()), "unreachable", "");
    is(Place::state(|_, to| drop(to.write_all(b"SSH-2.0-OpenSSH_9.2\r\n"))), "unreachable", "");
    let began = Instant::now();
    is(Place::state(|_, _| wait(60.0)), "unreachable", "no answer within");
    let endless = |_: &str, to: &mut dyn Write| {
        let _ = to.write_all(b"HTTP/1.1 200 OK\r\n");
        while to.write_all(b"x-more: and more\r\n").is_ok() {}
    };
    is(Place::state(endless), "unreachable", "");
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[test]
fn an_answer_without_an_end_is_not_read_to_it_and_one_that_drips_is_slow() {
    let endless = |_: &str, to: &mut dyn Write| {
        let _ =
            write!(to, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{DESCRIPTION}");
        while to.write_all(&[b' '; 8192]).is_ok() {}
    };
    is(Place::state(endless), "reachable", "answers");
    let late = |_: &str, to: &mut dyn Write| {
        wait(2.3);
        say(to, "200 OK", "application/json", DESCRIPTION);
    };
    is(Place::state(late), "slow", "answers slowly");
}

#[test]
fn a_certificate_that_nobody_believes_is_named_and_one_that_npm_believes_is_believed() {
    let place = Place::new();
    let (registry, certificate) = Registry::start_tls(|_, to| say(to, "200 OK", "application/json", DESCRIPTION));
    let url = format!("https://127.0.0.1:{}/", registry.port);
    place.npm(&url);
    is(words(&place.asked()), "certificate", "has a wrong certificate");
    assert_eq!(registry.heads(), Vec::<String>::new(), "nothing was asked of it");
    place.write("ca.pem", &certificate);
    place.write(".npmrc", &format!("registry={url}\ncafile={}\n", place.workspace().join("ca.pem").display()));
    is(words(&place.asked()), "reachable", "answers");
}

#[test]
fn a_proxy_of_the_tools_own_settings_is_not_gone_around() {
    let place = Place::new();
    let registry = Registry::start(|_, to| say(to, "200 OK", "application/json", DESCRIPTION));
    place.write(".npmrc", &format!("registry=http://127.0.0.1:{}/\nproxy=http://127.0.0.1:9/\n", registry.port));
    is(words(&place.asked()), "unknown", "a proxy of its own settings");
    assert_eq!(registry.heads(), Vec::<String>::new());
}

#[test]
fn registries_of_cargo_and_uv_are_asked_in_their_own_ways() {
    let place = Place::new();
    let cargo = Registry::start(|path, to| match path {
        "/index/config.json" => say(to, "200 OK", "application/json", r#"{"dl":"http://127.0.0.1/dl"}"#),
        _ => say(to, "404 Not Found", "text/plain", ""),
    });
    let uv = Registry::start(|path, to| match path {
        "/simple/six/" => say(to, "200 OK", "text/html", r#"<a href="six-1.16.0-py2.py3-none-any.whl">six</a>"#),
        _ => say(to, "404 Not Found", "text/plain", ""),
    });
    for file in ["package.json", "package-lock.json"] {
        std::fs::remove_file(place.workspace().join(file)).unwrap();
    }
    place.write(
        "Cargo.toml",
        "[package]\nname=\"app\"\nversion=\"0.1.0\"\nedition=\"2024\"\n[dependencies]\nleft-pad=\"1\"\n",
    );
    place.write("src/lib.rs", "");
    place.write(
        "Cargo.lock",
        &format!(
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"left-pad\",\n]\n\n[[package]]\nname = \"left-pad\"\nversion = \"1.0.1\"\nsource = \"registry+{}\"\nchecksum = \"{}\"\n",
            crates_io(),
            "0".repeat(64)
        ),
    );
    place.write(
        ".cargo/config.toml",
        &format!("[source.crates-io]\nreplace-with = \"near\"\n[source.near]\nregistry = \"sparse+http://127.0.0.1:{}/index/\"\n", cargo.port),
    );
    place.write("pyproject.toml", "[project]\nname=\"app\"\nversion=\"0.1.0\"\ndependencies=[\"six\"]\n");
    place.write(
        "uv.lock",
        &format!("version = 1\nrequires-python = \">=3.8\"\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = {{ virtual = \".\" }}\ndependencies = [{{ name = \"six\" }}]\n\n[[package]]\nname = \"six\"\nversion = \"1.16.0\"\nsource = {{ registry = \"http://127.0.0.1:{}/simple\" }}\n", uv.port),
    );
    let all = place.all();
    let of = |ecosystem: &str| words(all.iter().find(|mirror| mirror["ecosystem"] == ecosystem).unwrap());
    is(of("cargo"), "incomplete", "it does not have left-pad 1.0.1");
    is(of("uv"), "reachable", "answers");
    assert!(cargo.heads().iter().any(|head| head.starts_with("GET /index/le/ft/left-pad ")), "{:?}", cargo.heads());
}

const LISTING: &str = r#"<a href="six-1.16.0-py2.py3-none-any.whl">six</a>"#;
const INTEGRITY: &str =
    "sha512-XI5MPzVNApjAyhQzphX8BkmKsKUxD4LdyK24iZeQGinBN9yTQT3bFlCBy/aVx2HrNcqQGsdot8ghrjyrvMCoEA==";

fn descriptions(path: &str, to: &mut dyn Write) {
    match path {
        "/left-pad" | "/own/@corp%2fleft-pad" => say(to, "200 OK", "application/json", DESCRIPTION),
        _ => say(to, "404 Not Found", "application/json", "{}"),
    }
}

#[test]
fn registries_of_pnpm_are_those_of_its_workspace_and_of_npms_files() {
    let place = Place::bare();
    let registry = Registry::start(descriptions);
    let own = format!("http://127.0.0.1:{}", registry.port);
    place.write(
        "pnpm-lock.yaml",
        &format!("lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      left-pad:\n        specifier: 1.3.0\n        version: 1.3.0\n      '@corp/left-pad':\n        specifier: 1.3.0\n        version: 1.3.0\n\npackages:\n\n  left-pad@1.3.0:\n    resolution: {{integrity: {INTEGRITY}}}\n\n  '@corp/left-pad@1.3.0':\n    resolution: {{integrity: {INTEGRITY}}}\n\nsnapshots:\n\n  left-pad@1.3.0: {{}}\n\n  '@corp/left-pad@1.3.0': {{}}\n"),
    );
    place.write(".npmrc", &format!("registry={own}/\n//127.0.0.1:{}/own/:_authToken={SECRET}\n", registry.port));
    place.write(
        "pnpm-workspace.yaml",
        &format!("registries:\n  '@corp': http://user:{SECRET}@127.0.0.1:{}/own/\n", registry.port),
    );
    is(place.of("pnpm", &own), "reachable", "answers");
    is(place.of("pnpm", &format!("{own}/own")), "reachable", "answers");
    let heads = registry.heads();
    assert!(heads.iter().any(|head| head.starts_with("GET /own/@corp%2fleft-pad ")), "{heads:?}");
    place.keeps(&[&registry]);
    // The workspace is stronger than npm's files.
    place.write("pnpm-workspace.yaml", &format!("registry: {own}/none/\n"));
    is(place.of("pnpm", &format!("{own}/none")), "incomplete", "left-pad");
}

#[test]
fn registries_of_yarn_1_are_its_own_and_npms_and_what_the_lockfile_says() {
    let place = Place::bare();
    let registry = Registry::start(descriptions);
    let own = format!("http://127.0.0.1:{}", registry.port);
    let lock = format!(
        "# yarn lockfile v1\n\n\nleft-pad@1.3.0:\n  version \"1.3.0\"\n  resolved \"{own}/left-pad/-/left-pad-1.3.0.tgz#0\"\n  integrity {INTEGRITY}\n"
    );
    place.write("yarn.lock", &lock);
    is(place.of("yarn", &own), "reachable", "answers");
    place.write(".yarnrc", &format!("registry \"http://user:{SECRET}@127.0.0.1:{}/none\"\n", registry.port));
    is(place.of("yarn", &format!("{own}/none")), "incomplete", "left-pad");
    place.keeps(&[&registry]);
    // npm's settings are asked first.
    place.npm(&format!("{own}/"));
    is(place.of("yarn", &own), "reachable", "answers");
}

#[test]
fn registries_of_yarn_4_are_those_of_its_settings_by_scope() {
    let place = Place::bare();
    let registry = Registry::start(|path, to| match path {
        "/left-pad" => say(to, "200 OK", "application/json", DESCRIPTION),
        _ => say(to, "401 Unauthorized", "application/json", "{}"),
    });
    let own = format!("http://127.0.0.1:{}", registry.port);
    place.write(
        "yarn.lock",
        "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n\"@corp/left-pad@npm:1.3.0\":\n  version: 1.3.0\n  resolution: \"@corp/left-pad@npm:1.3.0\"\n  languageName: node\n  linkType: hard\n\n\"left-pad@npm:1.3.0\":\n  version: 1.3.0\n  resolution: \"left-pad@npm:1.3.0\"\n  languageName: node\n  linkType: hard\n",
    );
    let settings = |scope: &str| {
        format!("npmRegistryServer: \"{own}\"\nnpmScopes:\n  corp:\n    npmRegistryServer: \"{own}/corp\"\n{scope}")
    };
    place.write(".yarnrc.yml", &settings(""));
    is(place.of("yarn", &own), "reachable", "answers");
    is(place.of("yarn", &format!("{own}/corp")), "unauthorised", "yarn has none");
    place.write(".yarnrc.yml", &settings(&format!("    npmAuthToken: {SECRET}\n")));
    is(place.of("yarn", &format!("{own}/corp")), "reachable", "which was not sent");
    place.keeps(&[&registry]);
    place.write(".yarnrc.yml", &(settings("") + "httpsProxy: \"http://127.0.0.1:9\"\n"));
    is(place.of("yarn", &own), "unknown", "a proxy of its own settings");
}

#[test]
fn registries_of_pip_are_those_of_its_settings_and_of_the_file_itself() {
    let place = Place::bare();
    let registry = Registry::start(|path, to| match path {
        "/simple/six/" => say(to, "200 OK", "text/html", LISTING),
        _ => say(to, "404 Not Found", "text/plain", ""),
    });
    let own = format!("http://127.0.0.1:{}", registry.port);
    let secret = format!("http://user:{SECRET}@127.0.0.1:{}", registry.port);
    place.write("requirements.txt", &format!("--index-url {secret}/simple\nsix==1.16.0\n"));
    is(place.of("pip", &format!("{own}/simple")), "reachable", "answers");
    place.keeps(&[&registry]);
    // With another beside it, that one lacks something says nothing: the other may have it.
    place.write("requirements.txt", "six==1.16.0\n");
    let config = place.home().join(".config/pip/pip.conf");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, format!("[global]\nindex-url = {secret}/none\nextra-index-url =\n    {own}/simple\n"))
        .unwrap();
    is(place.of("pip", &format!("{own}/none")), "reachable", "answers");
    is(place.of("pip", &format!("{own}/simple")), "reachable", "answers");
    std::fs::write(&config, format!("[global]\nindex-url = {secret}/none\n")).unwrap();
    is(place.of("pip", &format!("{own}/none")), "incomplete", "six");
    place.keeps(&[&registry]);
    std::fs::write(&config, format!("[global]\nindex-url = {own}/simple\nproxy = http://127.0.0.1:9\n")).unwrap();
    is(place.of("pip", &format!("{own}/simple")), "unknown", "a proxy of its own settings");
    std::fs::write(&config, format!("[global]\nindex-url = {own}/simple\nno-index = true\n")).unwrap();
    let before = registry.heads().len();
    place.all();
    assert_eq!(registry.heads().len(), before, "pip would ask nobody");
}

#[test]
fn registries_of_poetry_are_the_sources_that_its_packages_name() {
    let place = Place::bare();
    let registry = Registry::start(|path, to| match path {
        "/simple/six/" => say(to, "200 OK", "text/html", LISTING),
        _ => say(to, "401 Unauthorized", "text/plain", ""),
    });
    let own = format!("http://127.0.0.1:{}", registry.port);
    place.write(
        "pyproject.toml",
        "[tool.poetry]\nname = \"app\"\nversion = \"0.1.0\"\n[tool.poetry.dependencies]\nsix = \"^1\"\nown = \"^1\"\n",
    );
    let package = |name: &str, path: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.16.0\"\ndescription = \"\"\noptional = false\npython-versions = \"*\"\ngroups = [\"main\"]\nfiles = []\n\n[package.source]\ntype = \"legacy\"\nurl = \"{own}/{path}\"\nreference = \"corp-{path}\"\n\n"
        )
    };
    place.write(
        "poetry.lock",
        &format!(
            "{}{}[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\ncontent-hash = \"0\"\n",
            package("six", "simple"),
            package("own", "private")
        ),
    );
    is(place.of("poetry", &format!("{own}/simple")), "reachable", "answers");
    is(place.of("poetry", &format!("{own}/private")), "unauthorised", "poetry has none");
    let auth = place.home().join(".config/pypoetry/auth.toml");
    std::fs::create_dir_all(auth.parent().unwrap()).unwrap();
    std::fs::write(&auth, format!("[http-basic.corp-private]\nusername = \"me\"\npassword = \"{SECRET}\"\n")).unwrap();
    is(place.of("poetry", &format!("{own}/private")), "reachable", "which was not sent");
    place.keeps(&[&registry]);
}

#[test]
fn proxies_of_go_are_those_of_its_list_up_to_where_it_ends() {
    let place = Place::bare();
    let registry = Registry::start(|path, to| match path {
        "/one/example.com/!own/mod/@v/v1.2.3.info" => say(to, "200 OK", "application/json", r#"{"Version":"v1.2.3"}"#),
        _ => say(to, "410 Gone", "text/plain", "not found"),
    });
    let own = format!("http://127.0.0.1:{}", registry.port);
    place.write("go.mod", "module example.com/app\n\ngo 1.22\n\nrequire example.com/Own/mod v1.2.3\n");
    place.write("go.sum", "example.com/Own/mod v1.2.3 h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=\nexample.com/Own/mod v1.2.3/go.mod h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=\n");
    let told = |list: &str, private: &str| {
        let go = place.home().join(".config/go/env");
        std::fs::create_dir_all(go.parent().unwrap()).unwrap();
        std::fs::write(&go, format!("GOPROXY={list}\nGONOPROXY={private}\n")).unwrap();
        let all = place.all();
        let mut all: Vec<(String, String)> = all
            .iter()
            .filter(|mirror| mirror["ecosystem"] == "go")
            .map(|mirror| {
                (mirror["url"].as_str().unwrap().replace(&own, ""), mirror["state"].as_str().unwrap().to_owned())
            })
            .collect();
        all.sort();
        all
    };
    let pair = |url: &str, state: &str| (url.to_owned(), state.to_owned());
    let secret = format!("http://user:{SECRET}@127.0.0.1:{}", registry.port);
    assert_eq!(told(&format!("{secret}/one"), ""), [pair("/one", "reachable")]);
    assert_eq!(told(&format!("{own}/none"), ""), [pair("/none", "incomplete")]);
    // What one lacks the next may have, or where the module is made.
    assert_eq!(
        told(&format!("{own}/none|{secret}/one,direct"), ""),
        [pair("/none", "reachable"), pair("/one", "reachable")]
    );
    assert_eq!(
        told(&format!("{own}/none,direct,{own}/one"), ""),
        [pair("/none", "reachable")],
        "nobody comes behind direct"
    );
    assert_eq!(told("off", ""), []);
    assert_eq!(told("direct", ""), []);
    assert_eq!(told(&format!("{secret}/one"), "example.com/*"), [pair("/one", "unknown")], "no proxy is asked of it");
    place.keeps(&[&registry]);
}

/// The address that lockfiles have for crates.io, as cargo's own library has it.
fn crates_io() -> String {
    let lock = include_str!("../../Cargo.lock");
    let line = lock.lines().find_map(|line| line.strip_prefix("source = \"registry+")).unwrap();
    line.trim_end_matches('"').to_owned()
}
