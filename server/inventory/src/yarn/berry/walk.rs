//! Which packages an install of the whole workspace takes, and whether the lockfile is the one that it would write.
//! May read manifests of the workspace, patches and archives beside it; looks at no cache.

use super::lock::{Entry, Lock, split};
use crate::ecosystem::{Ask, Verdict};
use crate::look::{Seen, Unread};
use crate::members::{self, clean};
use crate::npm;
use crate::verify::{Algorithm, digest};
use crate::yarn::LARGEST;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// More members than this no workspace has.
const MOST_MEMBERS: usize = 20_000;
/// Larger archives beside the lockfile are not read, in bytes.
const LARGEST_ARCHIVE: u64 = 512 << 20;
/// Packages that Yarn patches by itself.
const PATCHED: [&str; 3] = ["fsevents", "resolve", "typescript"];
/// What Yarn adds by itself to what some packages ask for, as Yarn 4.18 has it.
const ADDED: [&str; 48] = [
    "@babel/core",
    "@babel/plugin-proposal-private-property-in-object",
    "@babel/plugin-transform-for-of",
    "@babel/runtime",
    "@babel/template",
    "@babel/types",
    "@styled-system/should-forward-prop",
    "@types/keyv",
    "@types/responselike",
    "@types/unist",
    "acorn",
    "babel-loader",
    "babel-polyfill",
    "classnames",
    "cross-spawn",
    "csstype",
    "debug",
    "duplexify",
    "fastq",
    "fs-extra",
    "gatsby-core-utils",
    "got",
    "jest-matcher-utils",
    "json-parse-even-better-errors",
    "lodash",
    "logform",
    "magic-string",
    "mkdirp",
    "mkdirp-infer-owner",
    "node-gyp",
    "null-loader",
    "prop-types",
    "protobufjs",
    "ramda",
    "react-fast-compare",
    "read-file-relative",
    "request",
    "resolve",
    "semver",
    "tabbable",
    "tar",
    "temp",
    "testcafe-hammerhead",
    "tiny-warning",
    "underscore",
    "vscode-jsonrpc",
    "vscode-languageserver-protocol",
    "yamlparser",
];

/// A member of the workspace.
pub(super) struct Member {
    pub path: PathBuf,
    pub text: String,
    /// Its entry in the lockfile.
    pub entry: Option<u32>,
    name: String,
    version: String,
    manifest: Json,
}

/// What came of following everything.
pub(super) struct Walk {
    pub verdict: Verdict,
    pub members: Vec<Member>,
    /// By entry.
    pub needed: Vec<bool>,
    pub dev: Vec<bool>,
    pub optional: Vec<bool>,
    /// Packages that are needed only to be patched.
    pub sources: HashSet<u32>,
    pub edges: HashSet<(u32, u32)>,
}

struct Follow<'a> {
    lock: &'a Lock,
    folder: &'a Path,
    ask: &'a Ask<'a>,
    resolutions: HashMap<String, String>,
    by_name: HashMap<String, usize>,
    used: HashSet<String>,
    walk: Walk,
}

pub(super) fn follow(folder: &Path, lock: &Lock, ask: &Ask<'_>) -> Walk {
    let all = lock.entries.len();
    let walk = Walk {
        verdict: Verdict::Sound,
        members: Vec::new(),
        needed: vec![false; all],
        dev: vec![true; all],
        optional: vec![true; all],
        sources: HashSet::new(),
        edges: HashSet::new(),
    };
    let (resolutions, by_name, used) = (HashMap::new(), HashMap::new(), HashSet::new());
    let mut follow = Follow { lock, folder, ask, resolutions, by_name, used, walk };
    if follow.members() {
        follow.run();
        follow.unused();
    }
    follow.walk
}

type Table = BTreeMap<String, String>;

fn table(manifest: &Json, name: &str) -> Table {
    let pairs = manifest.get(name).and_then(Json::as_object).into_iter().flatten();
    pairs.map(|(name, said)| (name.clone(), said.as_str().unwrap_or_default().to_owned())).collect()
}

/// A range as Yarn writes it down: with its protocol.
fn bound(range: &str) -> String {
    let plain = nodejs_semver::Range::parse(range).is_ok() && !range.contains(':');
    let tag = !range.is_empty() && range.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
    if plain || tag { format!("npm:{range}") } else { range.to_owned() }
}

impl Follow<'_> {
    fn refuse(&mut self, why: String) {
        self.walk.verdict.worsen(Verdict::Refused(why));
    }

    fn doubt(&mut self, why: String) {
        self.walk.verdict.worsen(Verdict::Doubtful(why));
    }

    fn read(&mut self, folder: &Path) -> bool {
        let path = folder.join("package.json");
        let text = match self.ask.look.text(&path, LARGEST) {
            Ok(text) => text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), |rest| format!("   {rest}")),
            Err(Unread::Absent) if folder != self.folder => return true,
            Err(Unread::Absent) => {
                self.refuse(format!("there is no {}", path.display()));
                return false;
            }
            Err(why) => {
                self.doubt(format!("{}: {why}", path.display()));
                return false;
            }
        };
        let manifest = match serde_json::from_str::<Json>(&text) {
            Ok(manifest @ Json::Object(_)) => manifest,
            Ok(_) => {
                self.refuse(format!("{} is no table", path.display()));
                return false;
            }
            Err(error) => {
                self.refuse(format!("{}: {error}", path.display()));
                return false;
            }
        };
        let said = |key: &str| manifest.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (name, version) = (said("name"), said("version"));
        let at = self.walk.members.len();
        if !name.is_empty() && self.by_name.insert(name.clone(), at).is_some() {
            self.refuse(format!("two members of the workspace have the name {name}"));
        }
        self.walk.members.push(Member { path, text, entry: None, name, version, manifest });
        true
    }

    /// The project and its members; whether there is something to follow.
    fn members(&mut self) -> bool {
        if !self.read(self.folder) {
            return false;
        }
        let Some(root) = self.walk.members.first() else { return false };
        let manifest = root.manifest.clone();
        for (pattern, range) in table(&manifest, "resolutions") {
            let plain = pattern.matches('/').count() == usize::from(pattern.starts_with('@'));
            if plain && !pattern.contains('*') && pattern.rfind('@').is_none_or(|at| at == 0) {
                self.resolutions.insert(pattern, bound(&range));
            } else {
                self.doubt(format!("the resolution of {pattern} in package.json is not followed"));
            }
        }
        for key in ["dependenciesMeta", "peerDependenciesMeta"] {
            if manifest.get(key).is_some_and(|said| said.as_object().is_some_and(|said| !said.is_empty())) {
                self.doubt(format!("package.json has {key}, which is not compared"));
            }
        }
        let patterns = match manifest.get("workspaces") {
            Some(Json::Object(table)) => table.get("packages").cloned(),
            other => other.cloned(),
        };
        let mut seen = BTreeSet::from([clean(self.folder)]);
        for pattern in patterns.as_ref().and_then(Json::as_array).into_iter().flatten() {
            let pattern = pattern.as_str().unwrap_or_default();
            let plain = pattern.trim_start_matches("./").trim_end_matches('/');
            if plain.is_empty() || plain.contains(['{', '(', '!', '\\']) || plain.starts_with('/') {
                self.doubt(format!("a pattern of the workspace is not understood: {pattern}"));
                continue;
            }
            for member in
                members::named(self.folder, plain, "package.json", self.ask.look).into_iter().take(MOST_MEMBERS)
            {
                let left_out = |part: std::path::Component<'_>| {
                    matches!(part.as_os_str().to_str(), Some("node_modules" | ".git" | ".yarn"))
                };
                if !member.components().any(left_out) && seen.insert(member.clone()) && !self.read(&member) {
                    return false;
                }
            }
        }
        if self.walk.members.iter().skip(1).any(|member| member.manifest.get("workspaces").is_some()) {
            self.doubt("a member of the workspace has members of its own, which is not followed".into());
        }
        true
    }

    /// Compares a member with what the lockfile holds for it.
    fn compare(&mut self, at: usize) -> Option<u32> {
        let member = &self.walk.members[at];
        let folder = member.path.parent().unwrap_or(self.folder);
        let below = folder.strip_prefix(self.folder).unwrap_or(folder).to_string_lossy().into_owned();
        let reference = format!("workspace:{}", if below.is_empty() { "." } else { below.as_str() });
        let found = self.lock.entries.iter().position(|entry| entry.locator().1 == reference);
        let path = member.path.display().to_string();
        let Some(found) = found else {
            self.refuse(format!("the lockfile does not have {path}"));
            return None;
        };
        let entry = &self.lock.entries[found];
        let name = entry.locator().0;
        let named = if member.name.is_empty() { name.contains("workspace-") } else { name == member.name };
        let mut asked = table(&member.manifest, "dependencies");
        asked.extend(table(&member.manifest, "optionalDependencies"));
        asked.extend(table(&member.manifest, "devDependencies"));
        let asked: Table = asked.into_iter().map(|(name, range)| (name, bound(&range))).collect();
        let locked: Table = entry.dependencies.iter().cloned().collect();
        let peers = table(&member.manifest, "peerDependencies") == entry.peers.iter().cloned().collect();
        let optional: BTreeSet<String> = table(&member.manifest, "optionalDependencies").into_keys().collect();
        let optional = optional == entry.optional.iter().cloned().collect();
        let bin = member.manifest.get("bin").is_some_and(|bin| !bin.is_null()) == entry.bin;
        let what = match () {
            () if !named => Some("its name is another".to_owned()),
            () if asked != locked => {
                let differs =
                    |(name, range): (&String, &String)| (locked.get(name) != Some(range)).then(|| name.clone());
                let first = asked.iter().find_map(differs);
                let first = first.or_else(|| locked.keys().find(|name| !asked.contains_key(*name)).cloned());
                Some(format!("it asks for other packages: {}", first.unwrap_or_default()))
            }
            () if !peers || !optional || !bin => Some("its peers, programs or optional packages are others".to_owned()),
            () => None,
        };
        if let Some(what) = what {
            self.refuse(format!("{path} is not what the lockfile was made for: {what}"));
        }
        self.used.insert(format!("{name}@{reference}"));
        Some(found as u32)
    }

    fn run(&mut self) {
        let mut open: Vec<(u32, bool, bool)> = Vec::new();
        for at in 0..self.walk.members.len() {
            let entry = self.compare(at);
            self.walk.members[at].entry = entry;
            open.extend(entry.map(|entry| (entry, false, false)));
        }
        while let Some((at, optional, dev)) = open.pop() {
            let place = at as usize;
            let better = (self.walk.optional[place] && optional, self.walk.dev[place] && dev);
            if self.walk.needed[place] && better == (self.walk.optional[place], self.walk.dev[place]) {
                continue;
            }
            self.walk.needed[place] = true;
            (self.walk.optional[place], self.walk.dev[place]) = better;
            let entry = &self.lock.entries[place];
            let member = self.walk.members.iter().find(|member| member.entry == Some(at));
            let development = member.map(|member| table(&member.manifest, "devDependencies")).unwrap_or_default();
            for (name, range) in &entry.dependencies {
                let optional = optional || entry.optional.contains(name);
                let dev = dev || development.contains_key(name);
                for (to, source) in self.target(entry, name, range) {
                    self.walk.edges.insert((at, to));
                    if source {
                        self.source(to);
                    } else {
                        self.walk.sources.remove(&to);
                        open.push((to, optional, dev));
                    }
                }
            }
            if let Some((to, range)) = patched(entry) {
                match self.lock.keys.get(&format!("{to}@{range}")).copied() {
                    Some(source) => {
                        self.used.insert(format!("{to}@{range}"));
                        self.walk.edges.insert((at, source));
                        self.source(source);
                    }
                    None => self.refuse(format!("the lockfile lacks {to}@{range}, which is patched")),
                }
            }
        }
    }

    /// Something that is fetched only to be patched: what it needs itself is not installed for it.
    fn source(&mut self, at: u32) {
        if !std::mem::replace(&mut self.walk.needed[at as usize], true) {
            self.walk.sources.insert(at);
            self.walk.dev[at as usize] = false;
            self.walk.optional[at as usize] = false;
        }
    }

    /// Where something asked for leads: entries, and whether they are wanted as the source of a patch only.
    fn target(&mut self, from: &Entry, name: &str, range: &str) -> Vec<(u32, bool)> {
        let range = self.resolutions.get(name).cloned().unwrap_or_else(|| range.to_owned());
        let plain = format!("{name}@{range}");
        if PATCHED.contains(&name) && !range.starts_with("patch:") {
            let inner = range.replace('%', "%25").replace(':', "%3A").replace('#', "%23");
            let key = format!("{name}@patch:{name}@{inner}#optional!builtin<compat/{name}>");
            if let Some(&at) = self.lock.keys.get(&key) {
                self.used.insert(key);
                return vec![(at, false)];
            }
        }
        let locator = percent_encoding::utf8_percent_encode(&from.resolution, &COMPONENT).to_string();
        let keys = [plain.clone(), format!("{plain}::locator={locator}")];
        let Some((key, at)) = keys.iter().find_map(|key| Some((key.clone(), *self.lock.keys.get(key)?))) else {
            self.refuse(format!("{} asks for {plain}, which the lockfile does not have", from.resolution));
            return Vec::new();
        };
        self.used.insert(key);
        let entry = &self.lock.entries[at as usize];
        let member = self.by_name.get(name).map(|&member| self.walk.members[member].version.clone());
        let is_member = entry.locator().1.starts_with("workspace:");
        if let Some(asked) = range.strip_prefix("npm:") {
            let fits = member.as_ref().is_some_and(|version| npm::satisfies(version, asked) == Some(true));
            if fits != is_member && (member.is_some() || is_member) {
                self.refuse(format!("{plain} is no longer what the lockfile says: a member's version is another"));
            }
        }
        if let Some(asked) = range.strip_prefix("workspace:").filter(|asked| nodejs_semver::Range::parse(asked).is_ok())
        {
            let fits =
                member.as_ref().is_some_and(|version| asked == "*" || npm::satisfies(version, asked) == Some(true));
            if !fits {
                self.refuse(format!("{plain}: no member of the workspace has this name and version"));
            }
        }
        vec![(at, false)]
    }

    /// What nothing asks for Yarn would remove; and what lies beside the lockfile must be what it was made with.
    fn unused(&mut self) {
        for (at, entry) in self.lock.entries.iter().enumerate() {
            for key in entry.keys.iter().filter(|key| !self.used.contains(*key)) {
                let why = format!("nothing asks for {key}, which the lockfile has");
                if ADDED.contains(&split(key).0) {
                    self.walk
                        .verdict
                        .worsen(Verdict::Doubtful(why + ", and whether Yarn adds it by itself is not followed"));
                } else {
                    self.walk.verdict.worsen(Verdict::Refused(why));
                }
            }
            if self.walk.needed[at] {
                let told = self.beside(entry);
                self.walk.verdict.worsen(told);
            }
        }
    }

    fn beside(&self, entry: &Entry) -> Verdict {
        let (name, reference) = entry.locator();
        if let Some(patch) = reference.strip_prefix("patch:").filter(|patch| !patch.contains("builtin<")) {
            let _ = patch;
            return Verdict::Doubtful(format!(
                "{name} is patched by the project, and whether the patch is the same is not judged"
            ));
        }
        let Some(file) = reference.strip_prefix("file:") else { return Verdict::Sound };
        let (path, parameters) = file.split_once("::").unwrap_or((file, ""));
        let path = path.split('#').next().unwrap_or_default();
        if ![".tgz", ".tar.gz"].iter().any(|end| path.ends_with(end)) {
            return Verdict::Doubtful(format!(
                "{name} is a copy of a folder, and whether that is the same is not judged"
            ));
        }
        let locator = parameters.split('&').find_map(|one| one.strip_prefix("locator=")).unwrap_or_default();
        let locator = percent_encoding::percent_decode_str(locator).decode_utf8_lossy().into_owned();
        let base = split(&locator).1.strip_prefix("workspace:").unwrap_or(".").to_owned();
        let path = clean(&self.folder.join(base).join(path));
        let bytes = match self.ask.look.bytes(&path, LARGEST_ARCHIVE) {
            Ok(bytes) => bytes,
            Err(Unread::Absent | Unread::Odd(Seen::Dangling)) => {
                return Verdict::Refused(format!("there is no {}, which {name} comes from", path.display()));
            }
            Err(why) => return Verdict::Doubtful(format!("{}: {why}", path.display())),
        };
        let sum = crate::hexadecimal::of(&digest(Algorithm::Sha512, &bytes));
        let locked = parameters.split('&').find_map(|one| one.strip_prefix("hash=")).unwrap_or_default();
        if locked.is_empty() || !sum.starts_with(locked) {
            return Verdict::Refused(format!("{} is another than the lockfile was made with", path.display()));
        }
        Verdict::Sound
    }
}

/// What is not written as it is where Yarn writes one name into another.
const COMPONENT: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What a patched package is made of: the name and range that its key names.
fn patched(entry: &Entry) -> Option<(String, String)> {
    let key = entry.keys.first()?;
    let source = split(key).1.strip_prefix("patch:")?.split('#').next()?;
    let source = percent_encoding::percent_decode_str(source).decode_utf8_lossy().into_owned();
    let (name, range) = split(&source);
    Some((name.to_owned(), range.to_owned()))
}
