//! Which Go would run, and what it is told by the environment, the user's `go env -w` file and its own defaults.
//! May not run it; what it is told and is not followed here is said.

use super::version::Go;
use crate::ecosystem::{Ask, Verdict};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The versions whose behaviour is known.
const FIRST: (u64, u64) = (1, 21);
const LAST: (u64, u64) = (1, 27);
/// Larger files of settings are not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// How `-mod` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// As the workspace suggests: `vendor` where there is such a folder, else read only.
    Usual,
    ReadOnly,
    Mod,
    Vendor,
}

pub(super) struct Env {
    /// `GOMODCACHE`.
    pub cache: PathBuf,
    /// Its version; `None`: there is none that is known.
    pub go: Option<Go>,
    pub mode: Mode,
    /// `GOWORK`.
    pub work: String,
    /// Folders that stand in for a proxy, in the order in which they are reached without a network.
    pub folders: Vec<PathBuf>,
    /// Addresses of proxies, which are not.
    pub proxies: Vec<String>,
    /// Where the last of them lacks a module, it is looked for where it is made.
    pub goes_on: bool,
    /// Files that were read.
    pub files: Vec<PathBuf>,
    pub verdict: Verdict,
    toolchain: String,
    path: Vec<PathBuf>,
    /// The database of checksums; empty: none is asked.
    pub database: String,
    /// Its key, where the settings say it: `name+hash+key`.
    pub database_key: String,
    /// The first folder of `GOPATH`.
    pub folder: PathBuf,
    not_asked: String,
    not_proxied: String,
}

impl Env {
    pub(super) fn read(ask: &Ask<'_>) -> Self {
        let homes = &ask.options.homes;
        let mut env = Env {
            cache: PathBuf::new(),
            go: None,
            mode: Mode::Usual,
            work: String::new(),
            folders: Vec::new(),
            proxies: Vec::new(),
            goes_on: false,
            files: Vec::new(),
            verdict: Verdict::Sound,
            toolchain: String::new(),
            path: homes.path.clone(),
            database: String::new(),
            database_key: String::new(),
            folder: PathBuf::new(),
            not_asked: String::new(),
            not_proxied: String::new(),
        };
        let root = env.program(ask);
        let mut written = BTreeMap::new();
        if let Some(root) = root {
            env.settings(&root.join("go.env"), &mut written, ask);
        }
        match homes.variable("GOENV").filter(|file| !file.is_empty()) {
            Some("off") => {}
            Some(file) => env.settings(Path::new(file), &mut written, ask),
            None => {
                let config = homes.variable("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
                let config = config.map_or_else(|| homes.home.join(CONFIG), PathBuf::from);
                env.settings(&config.join("go/env"), &mut written, ask);
            }
        }
        let get = |name: &str| {
            let own = homes.variable(name).filter(|value| !value.is_empty()).map(str::to_owned);
            own.or_else(|| written.get(name).cloned()).unwrap_or_default()
        };
        let path = get("GOPATH");
        let path = std::env::split_paths(&path).next().filter(|path| !path.as_os_str().is_empty());
        let path = path.unwrap_or_else(|| homes.home.join("go"));
        let cache = get("GOMODCACHE");
        env.cache = if cache.is_empty() { path.join("pkg/mod") } else { PathBuf::from(cache) };
        env.folder = path;
        if !env.cache.is_absolute() {
            env.verdict
                .worsen(Verdict::Refused("the folder of Go's module cache is not named from the root on".into()));
        }
        env.work = get("GOWORK");
        env.toolchain = get("GOTOOLCHAIN");
        let private = get("GOPRIVATE");
        let or_private = |value: String| if value.is_empty() { private.clone() } else { value };
        env.not_asked = or_private(get("GONOSUMDB"));
        env.not_proxied = or_private(get("GONOPROXY"));
        let database = get("GOSUMDB");
        let name = database.split_whitespace().next().unwrap_or("sum.golang.org");
        env.database = if name == "off" { String::new() } else { name.split('+').next().unwrap_or(name).to_owned() };
        env.database_key = if name.contains('+') { name.to_owned() } else { String::new() };
        env.proxy(&get("GOPROXY"));
        env.flags(&get("GOFLAGS"));
        match get("GO111MODULE").as_str() {
            "" | "on" | "auto" => {}
            "off" => env.verdict.worsen(Verdict::Refused("modules are switched off (GO111MODULE=off)".into())),
            odd => env.verdict.worsen(Verdict::Refused(format!("GO111MODULE is set to {odd}, which Go does not know"))),
        }
        env
    }

    /// Finds out which Go it is: its folder.
    fn program(&mut self, ask: &Ask<'_>) -> Option<PathBuf> {
        let mut doubt = |why: String| self.verdict.worsen(Verdict::Doubtful(why));
        let Some(program) = ask.options.homes.program("go", ask.look) else {
            doubt("there is no go in the path, and which form its module cache would have is not known".into());
            return None;
        };
        let root = program.parent().and_then(Path::parent).unwrap_or(&program);
        let Ok(text) = ask.look.text(&root.join("VERSION"), LARGEST) else {
            doubt(format!("which Go {} is is not known: it does not lie in a folder of its own", program.display()));
            return None;
        };
        let name = text.lines().next().unwrap_or_default().trim();
        match Go::of_toolchain(name).filter(|_| name.starts_with("go")) {
            Some(go) if go.at_least(FIRST.0, FIRST.1) && (go.major, go.minor) <= LAST => {
                self.go = Some(go);
                Some(root.to_path_buf())
            }
            _ => {
                doubt(format!("{name} is no Go that is judged here: from 1.{} to 1.{}", FIRST.1, LAST.1));
                None
            }
        }
    }

    fn settings(&mut self, file: &Path, into: &mut BTreeMap<String, String>, ask: &Ask<'_>) {
        let Ok(text) = ask.look.text(file, LARGEST) else { return };
        self.files.push(file.to_path_buf());
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if let Some((name, value)) = line.split_once('=').filter(|(_, value)| !value.is_empty()) {
                into.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn proxy(&mut self, list: &str) {
        let mut reached = true;
        let mut rest = list;
        while !rest.is_empty() {
            let end = rest.find([',', '|']).unwrap_or(rest.len());
            let (url, behind) = rest.split_at(end);
            let any_error = behind.starts_with('|');
            rest = behind.get(1..).unwrap_or_default();
            match url.trim() {
                "" => {}
                "off" => break,
                "direct" => {
                    self.goes_on = true;
                    break;
                }
                url => match url.strip_prefix("file://") {
                    Some(folder) if reached => self.folders.push(PathBuf::from(unescaped(folder))),
                    Some(_) => {}
                    None => {
                        self.proxies.push(url.to_owned());
                        // Where a proxy cannot be reached, that ends the search, unless any error goes on.
                        reached &= any_error;
                    }
                },
            }
        }
    }

    fn flags(&mut self, flags: &str) {
        for flag in flags.split_whitespace() {
            let name = flag.trim_start_matches('-');
            match name.split_once('=').unwrap_or((name, "")) {
                ("mod", "mod") => self.mode = Mode::Mod,
                ("mod", "vendor") => self.mode = Mode::Vendor,
                ("mod", "readonly") => self.mode = Mode::ReadOnly,
                ("mod", odd) => {
                    self.verdict.worsen(Verdict::Refused(format!("GOFLAGS has -mod={odd}, which Go does not know")));
                }
                ("modfile" | "overlay" | "C" | "toolexec" | "reuse", _) => {
                    self.verdict.worsen(Verdict::Doubtful(format!("GOFLAGS has {flag}, which is not followed")));
                }
                _ => {}
            }
        }
    }

    /// Whether the database of checksums would be asked about a module that go.sum has none of.
    pub(super) fn asks_database(&self, path: &str) -> bool {
        !self.database.is_empty() && !matches(&self.not_asked, path)
    }

    /// Whether a module is asked of proxies at all.
    pub(super) fn is_proxied(&self, path: &str) -> bool {
        !matches(&self.not_proxied, path)
    }

    /// The folders that stand in for a proxy of a module.
    pub(super) fn folders_of(&self, path: &str) -> &[PathBuf] {
        if matches(&self.not_proxied, path) { &[] } else { &self.folders }
    }

    /// The toolchain that Go would get for these lines of a `go.mod` or `go.work`; none: it does with itself.
    /// `Err`: it refuses.
    pub(super) fn switch(&self, language: Option<&str>, toolchain: Option<&str>) -> Result<Option<String>, String> {
        let Some(local) = &self.go else { return Ok(None) };
        let (least, suffix) = self.toolchain.split_once('+').map_or((self.toolchain.as_str(), ""), |(l, s)| (l, s));
        let automatic = matches!(least, "auto" | "path") || !suffix.is_empty();
        let (mut name, mut version) = ("local".to_owned(), local.clone());
        if !matches!(least, "auto" | "path" | "local" | "") {
            version =
                Go::of_toolchain(least).ok_or_else(|| format!("GOTOOLCHAIN is {least}, which is no toolchain"))?;
            least.clone_into(&mut name);
        }
        if automatic && toolchain != Some("default") {
            if let Some(wanted) = toolchain {
                let later = Go::of_toolchain(wanted).ok_or_else(|| format!("{wanted} is no toolchain"))?;
                if later > version {
                    (name, version) = (wanted.to_owned(), later);
                }
            }
            if let Some(wanted) = language.and_then(|language| Some((language, Go::parse(language)?)))
                && wanted.1 > version
            {
                let plain = wanted.0.split('.').count() == 2 && wanted.1.at_least(1, 21);
                let plain = plain && wanted.0.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                (name, version) = (format!("go{}{}", wanted.0, if plain { ".0" } else { "" }), wanted.1);
            }
        }
        if name != "local" && version != *local {
            return Ok(Some(name));
        }
        match language.and_then(Go::parse) {
            Some(language) if language > *local => {
                Err(format!("Go {} is asked for, and another Go may not be taken", self::shown(&language)))
            }
            _ => Ok(None),
        }
    }

    /// Where a toolchain lies in the path.
    pub(super) fn in_path(&self, toolchain: &str, ask: &Ask<'_>) -> Option<PathBuf> {
        let homes = crate::homes::Homes { path: self.path.clone(), ..ask.options.homes.clone() };
        homes.program(toolchain, ask.look)
    }

    /// Only what lies in the path may be taken.
    pub(super) fn path_only(&self) -> bool {
        self.toolchain == "path" || self.toolchain.ends_with("+path")
    }
}

#[cfg(target_os = "macos")]
const CONFIG: &str = "Library/Application Support";
#[cfg(not(target_os = "macos"))]
const CONFIG: &str = ".config";

fn shown(go: &Go) -> String {
    format!("{}.{}", go.major, go.minor)
}

/// The path of a `file` address.
fn unescaped(path: &str) -> String {
    percent_encoding::percent_decode_str(path.trim_end_matches('/')).decode_utf8_lossy().into_owned()
}

/// Whether a path, or what it begins with, fits one of several patterns with commas between.
fn matches(patterns: &str, path: &str) -> bool {
    let options = glob::MatchOptions { case_sensitive: true, require_literal_separator: true, ..Default::default() };
    patterns.split(',').filter(|pattern| !pattern.is_empty()).any(|pattern| {
        let pattern = pattern.trim_end_matches('/');
        let parts = pattern.matches('/').count() + 1;
        let begin: Vec<&str> = path.split('/').take(parts).collect();
        let Ok(glob) = glob::Pattern::new(pattern) else { return false };
        begin.len() == parts && glob.matches_with(&begin.join("/"), options)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_what_a_path_begins_with() {
        assert!(matches("*.corp.example.com,rsc.io/private", "git.corp.example.com/x/y"));
        assert!(matches("rsc.io/private", "rsc.io/private/quux") && !matches("rsc.io/private", "rsc.io/privately"));
        assert!(!matches("*", "") || matches("*", "a.b/c"));
        assert!(!matches("a.b/*", "a.b") && !matches("", "a.b"));
    }
}
