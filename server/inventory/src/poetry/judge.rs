//! The judgement of one `poetry.lock`: every package that Poetry would install, with what the environment has of it.
//! May not look into an environment itself.

use super::lock::{self, Located, Lock, Markers};
use super::settings::{self, Settings};
use super::{LARGEST_LOCKFILE, LARGEST_MANIFEST, digest, ids};
use crate::ecosystem::{Ask, Judged, Line, Verdict};
use crate::held::Held;
use crate::look::{Seen, Unread};
use crate::python::archive::Wrong;
use crate::python::installed::{self, Package, Place};
use crate::python::interpreter::{self, list};
use crate::python::marker::Environment;
use crate::python::metadata::holds;
use crate::python::name;
use crate::text::Places;
use contract::{Artifact, ArtifactState, Cache};
use pep440_rs::{Version, VersionSpecifiers};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::str::FromStr;

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST_LOCKFILE, ask.look);
    let Some(text) = text else { return judged };
    let lock = lock::read(&text);
    let places = Places::new(&text);
    for broken in &lock.broken {
        judged.broken(broken, &places);
        judged.verdict.worsen(Verdict::Refused("a part of the lockfile cannot be read".into()));
    }
    if lock.broken.is_empty() {
        judged.verdict.worsen(form(&lock));
    }
    let folder = lockfile.parent().unwrap_or(lockfile);
    let path = folder.join("pyproject.toml");
    let (manifest, manifest_text) = match ask.look.text(&path, LARGEST_MANIFEST) {
        Ok(text) => match toml::from_str::<toml::Table>(&text) {
            Ok(table) => (table, text),
            Err(error) => {
                judged.verdict.worsen(Verdict::Refused(format!("{}: {}", path.display(), error.message())));
                (toml::Table::new(), String::new())
            }
        },
        Err(Unread::Absent) => {
            judged.verdict.worsen(Verdict::Refused("there is no pyproject.toml beside the lockfile".into()));
            (toml::Table::new(), String::new())
        }
        Err(why) => {
            judged.verdict.worsen(Verdict::Doubtful(format!("{}: {why}", path.display())));
            (toml::Table::new(), String::new())
        }
    };
    judged.manifests = vec![path.clone()];
    judged.watch.push(path.clone());
    if lock.broken.is_empty() && !manifest.is_empty() {
        judged.verdict.worsen(fresh(&lock, &manifest));
    }
    judged.verdict.worsen(program(ask));
    let settings = settings::read(folder, ask);
    settings.doubts.iter().for_each(|why| judged.verdict.worsen(Verdict::Doubtful(why.clone())));
    judged.watch.extend(settings.files.iter().cloned());
    let here = Here::find(folder, &manifest, &settings, &lock, &mut judged, ask);
    let groups = groups(&manifest);
    let mut told = Told { judged, places, lockfile, folder, ask, bytes: 0 };
    told.packages(&lock, &groups, here.as_ref());
    let Told { mut judged, bytes, .. } = told;
    judged.graph.lines = lines(&path, &manifest_text, &lock);
    let place = here.and_then(|here| here.place);
    judged.caches.push(Cache {
        ecosystem: "poetry".into(),
        path: place.map_or(settings.environments, |place| place.root),
        bytes: Some(bytes),
        ..Cache::default()
    });
    judged
}

/// What is known of the lockfile's form.
fn form(lock: &Lock) -> Verdict {
    match lock.metadata.lock_version.as_deref() {
        None => Verdict::Refused("the lockfile does not say which version it has".into()),
        Some("2.1") => match lock.packages.iter().find(|located| located.package.groups.is_none()) {
            // Poetry ends with the bare word `groups` then.
            Some(one) => {
                Verdict::Refused(format!("the lockfile does not say for which groups {} is", one.package.name))
            }
            None => Verdict::Sound,
        },
        Some(other) if other.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|n| n > 2) => {
            Verdict::Refused(format!("the lockfile has a version that Poetry 2 does not read: {other}"))
        }
        Some(other) => Verdict::Doubtful(format!("the lockfile has a version that is not judged: {other}")),
    }
}

/// Whether the lockfile was made for what the manifest asks.
fn fresh(lock: &Lock, manifest: &toml::Table) -> Verdict {
    let Some(kept) = lock.metadata.content_hash.as_deref() else {
        return Verdict::Refused("the lockfile does not say what it was made for".into());
    };
    let old = lock.written_by.as_deref().and_then(|version| Version::from_str(version).ok());
    let old = old.is_some_and(|version| version < Version::new([2, 3]));
    let Some(now) = digest::of(manifest, true) else {
        return Verdict::Doubtful(
            "whether the lockfile is up to date is not told: pyproject.toml has numbers or dates".into(),
        );
    };
    if now == kept || (old && digest::of(manifest, false).as_deref() == Some(kept)) {
        return Verdict::Sound;
    }
    Verdict::Refused("pyproject.toml has changed since poetry.lock was made".into())
}

/// The Poetry that would be run: its version is what lies beside its Python.
fn program(ask: &Ask<'_>) -> Verdict {
    let Some(path) = ask.options.homes.program("poetry", ask.look) else {
        return Verdict::Doubtful("there is no poetry in the path, and how it would install is not known".into());
    };
    let root = path.parent().and_then(Path::parent).unwrap_or(&path);
    let library = root.join("lib");
    let minors = list(&library)
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("python3")));
    let sites = minors.flat_map(|path| [path.join("site-packages"), path.join("dist-packages")]);
    let version = sites.flat_map(|site| list(&site).collect::<Vec<_>>()).find_map(|path| {
        let name = path.file_name()?.to_str()?.strip_prefix("poetry-")?.strip_suffix(".dist-info")?.to_owned();
        ask.look.at(&path);
        Version::from_str(&name).ok()
    });
    match version {
        Some(version) if version.release().first() == Some(&2) => Verdict::Sound,
        Some(version) => Verdict::Doubtful(format!("Poetry {version} is here, and only Poetry 2 is judged")),
        None => Verdict::Doubtful(format!("which version of Poetry {} is, shows nowhere", path.display())),
    }
}

/// The Python that is installed for, and the environment.
struct Here {
    place: Option<Place>,
    environments: Vec<Environment>,
}

impl Here {
    fn find(
        folder: &Path,
        manifest: &toml::Table,
        settings: &Settings,
        lock: &Lock,
        judged: &mut Judged,
        ask: &Ask<'_>,
    ) -> Option<Self> {
        let platform = interpreter::platform(ask);
        let found = platform.and_then(|platform| {
            let python = interpreter::first(folder, ask)?;
            let of = |table: &str| manifest.get(table).and_then(|table| table.get("name")?.as_str());
            let poetry = manifest.get("tool").and_then(|tool| tool.get("poetry")?.get("name")?.as_str());
            let project = of("project").or(poetry).unwrap_or("non-package-mode");
            let root = settings.environment(folder, project, python.map(|(minor, _)| minor), ask)?;
            let place = installed::read(&root, ask)?;
            judged.watch.push(root);
            let (minor, patch) = match (&place, python) {
                (Some(place), _) => (place.minor, place.patch),
                (None, Some(python)) => python,
                (None, None) => return Err("no Python is in the path".into()),
            };
            fits(lock, minor, patch)?;
            let patches = patch.map_or_else(|| vec![0, 99], |patch| vec![patch]);
            let machine = &platform.machine;
            let environments =
                patches.into_iter().map(|patch| interpreter::environment(minor, patch, machine)).collect();
            Ok(Here { place, environments })
        });
        found.map_err(|why| judged.verdict.worsen(Verdict::Doubtful(why))).ok()
    }
}

/// Whether this Python is one that the lockfile is for; Poetry would look for another.
fn fits(lock: &Lock, minor: u16, patch: Option<u16>) -> Result<(), String> {
    let Some(asked) = lock.metadata.python_versions.as_deref().filter(|asked| *asked != "*") else { return Ok(()) };
    let plain = match asked.strip_prefix('^') {
        Some(rest) => format!(">={rest},<4"),
        None => asked.to_owned(),
    };
    let odd = || format!("for which Pythons the lockfile is, is not understood: {asked}");
    let range = VersionSpecifiers::from_str(&plain).map_err(|_| odd())?;
    let each = patch.map_or_else(|| vec![0, 99], |patch| vec![patch]);
    let here = |patch: u16| Version::new([3, u64::from(minor), u64::from(patch)]);
    if each.iter().all(|&patch| range.contains(&here(patch))) {
        return Ok(());
    }
    Err(format!(
        "Python 3.{minor} is here, the lockfile is for {asked}, and which other one Poetry would take is not known"
    ))
}

/// The groups that are installed where nobody says which.
fn groups(manifest: &toml::Table) -> BTreeSet<String> {
    let table = |path: &[&str]| -> Option<&toml::Table> {
        let mut at = manifest;
        for part in path {
            at = at.get(*part)?.as_table()?;
        }
        Some(at)
    };
    let own = table(&["tool", "poetry", "group"]);
    let normal = |group: &str| name::normal(group).unwrap_or_else(|| group.to_owned());
    let optional = |group: &str| {
        own.and_then(|own| own.iter().find(|(name, _)| normal(name) == group))
            .and_then(|(_, group)| group.get("optional")?.as_bool())
            .unwrap_or(false)
    };
    let mut out: BTreeSet<String> = BTreeSet::from(["main".into()]);
    let standard = table(&["dependency-groups"]);
    let all = own.into_iter().chain(standard).flat_map(toml::Table::keys).map(|group| normal(group));
    out.extend(all.filter(|group| !optional(group)));
    if table(&["tool", "poetry", "dev-dependencies"]).is_some() {
        out.insert("dev".into());
    }
    out
}

/// Whether a package is installed for these groups; in words why that cannot be told.
fn needed(located: &Located, groups: &BTreeSet<String>, here: &Here) -> Result<bool, String> {
    let package = &located.package;
    let own = package.groups.as_ref().ok_or("the lockfile does not say for which groups packages are")?;
    let normal = |group: &str| name::normal(group).unwrap_or_else(|| group.to_owned());
    for group in own.iter().filter(|group| groups.contains(&normal(group))) {
        let marker = match &package.markers {
            None => None,
            Some(Markers::All(marker)) => Some(marker.as_str()),
            Some(Markers::Each(each)) => each.get(group).map(String::as_str),
        };
        match marker.filter(|marker| *marker != "*") {
            None => return Ok(true),
            Some(marker) if holds(marker, &here.environments, &[])? => return Ok(true),
            Some(_) => {}
        }
    }
    Ok(false)
}

struct Told<'a> {
    judged: Judged,
    places: Places<'a>,
    lockfile: &'a Path,
    folder: &'a Path,
    ask: &'a Ask<'a>,
    bytes: u64,
}

impl Told<'_> {
    fn packages(&mut self, lock: &Lock, groups: &BTreeSet<String>, here: Option<&Here>) {
        let mut by_name: HashMap<String, Vec<u32>> = HashMap::new();
        for (at, located) in lock.packages.iter().enumerate() {
            let normal = name::normal(&located.package.name).unwrap_or_default();
            by_name.entry(normal).or_default().push(at as u32);
        }
        for (located, id) in lock.packages.iter().zip(ids(&lock.packages)) {
            let package = &located.package;
            let needed = here.map(|here| needed(located, groups, here));
            let (held, other) = match (&needed, here) {
                (Some(Ok(false)), _) => (
                    Held::new(ArtifactState::Missing, "this machine does not need it, and it was not looked for"),
                    true,
                ),
                (Some(Ok(true)), Some(here)) => (self.hold(located, here), false),
                (Some(Err(why)), _) => {
                    self.judged.verdict.worsen(Verdict::Doubtful(why.clone()));
                    (Held::new(ArtifactState::Unknown, why.clone()), false)
                }
                _ => (Held::new(ArtifactState::Unknown, "for which Python it is needed is not known"), false),
            };
            let main = package.groups.as_ref().is_none_or(|groups| groups.iter().any(|group| group == "main"));
            let to = package.dependencies.keys().filter_map(|name| by_name.get(&name::normal(name)?));
            let to: Vec<u32> = to.flatten().copied().collect();
            self.artifact(id, located, held, (other, !main), to);
        }
    }

    fn hold(&self, located: &Located, here: &Here) -> Held {
        let package = &located.package;
        if let Some(source) = package.source.as_ref().filter(|source| source.kind != "legacy") {
            return Held::new(
                ArtifactState::Unknown,
                format!("it comes from elsewhere ({}), which is not judged", source.kind),
            );
        }
        let Some(place) = &here.place else {
            return Held::new(
                ArtifactState::Missing,
                "there is no virtual environment with it, and Poetry takes nothing from its cache without asking a registry",
            );
        };
        let shown = crate::homes::relative(&place.root, self.folder).display().to_string();
        let wanted = Version::from_str(&package.version);
        let own = name::normal(&package.name).and_then(|name| place.packages.get(&name));
        let own = own.map_or(&[][..], Vec::as_slice);
        if own.len() > 1 {
            return Held::new(ArtifactState::Unknown, format!("it is installed more than once in {shown}"));
        }
        let Some(installed) = own.first() else {
            return Held::new(
                ArtifactState::Missing,
                format!(
                    "it is not installed in {shown}, and Poetry takes nothing from its cache without asking a registry"
                ),
            );
        };
        if !wanted.is_ok_and(|wanted| wanted == installed.version) {
            let why = format!("another version of it is installed in {shown}: {}", installed.version);
            return Held { looked_in: vec![installed.own.clone()], ..Held::new(ArtifactState::Missing, why) };
        }
        self.installed(installed, place, &shown)
    }

    fn installed(&self, package: &Package, place: &Place, shown: &str) -> Held {
        let mut held = match package.metadata(self.ask) {
            // Without its name Poetry does not see it.
            Ok(metadata) if metadata.name.is_empty() => {
                Held::new(ArtifactState::Corrupt, format!("its description in {shown} is damaged"))
            }
            Err(Wrong::Unknown(why)) => Held::new(ArtifactState::Unknown, format!("installed in {shown}: {why}")),
            Err(Wrong::Damaged(why)) => Held::new(ArtifactState::Corrupt, format!("installed in {shown}: {why}")),
            Err(Wrong::Absent) => Held::new(ArtifactState::Missing, format!("it is not installed in {shown}")),
            Ok(_) if self.ask.look.at(&package.own.join("direct_url.json")) != Seen::Absent => {
                let why = format!("it was installed in {shown} from somewhere else, and Poetry would install it anew");
                Held::new(ArtifactState::Missing, why)
            }
            Ok(_) => match place.files(package, self.ask) {
                Ok((files, bytes)) => {
                    let why = format!("it is installed in {shown}, with every file that its own list names");
                    Held { files, bytes: Some(bytes), ..Held::new(ArtifactState::Present, why) }
                }
                Err(Wrong::Unknown(why)) => Held::new(ArtifactState::Unknown, format!("installed in {shown}: {why}")),
                Err(Wrong::Absent) => Held::new(ArtifactState::Missing, format!("it is gone from {shown}")),
                Err(Wrong::Damaged(why)) => Held::new(
                    ArtifactState::Corrupt,
                    format!("it is installed in {shown}, and damaged, which Poetry does not notice: {why}"),
                ),
            },
        };
        held.looked_in.push(package.own.clone());
        held.set_aside.push(package.own.clone());
        held
    }

    fn artifact(&mut self, id: String, located: &Located, mut held: Held, (other, dev): (bool, bool), to: Vec<u32>) {
        let place = self.judged.artifacts.len() as u32;
        let package = &located.package;
        let graph = &mut self.judged.graph;
        graph.labels.push(format!("{} {}", package.name, package.version));
        graph.needs.push(to);
        graph.artifact.push(Some(place));
        self.bytes += held.leave(&mut self.judged, None, "");
        self.judged.artifacts.push(Artifact {
            id,
            ecosystem: "poetry".into(),
            name: package.name.clone(),
            version: package.version.clone(),
            state: held.state,
            evidence: held.evidence,
            looked_in: held.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: Some(self.ask.target.to_owned()),
            other_target: other,
            dev,
            optional: package.optional,
            bytes: held.bytes,
            file: self.lockfile.to_path_buf(),
            range: self.places.range(located.span.clone()),
            manifests: Vec::new(),
        });
    }
}

/// The lines of the manifest, and the packages that they lead to.
fn lines(path: &Path, text: &str, lock: &Lock) -> Vec<Line> {
    let places = Places::new(text);
    let named = crate::ecosystem::Ecosystem::dependencies(&super::Poetry, text);
    let mut out = Vec::new();
    for named in named {
        let fits = |located: &Located| name::normal(&located.package.name).as_deref() == Some(named.key.as_str());
        let to: Vec<u32> =
            lock.packages.iter().enumerate().filter(|(_, located)| fits(located)).map(|(at, _)| at as u32).collect();
        if !to.is_empty() {
            out.push(Line { file: path.to_path_buf(), range: places.range(named.span), dependency: named.key, to });
        }
    }
    out
}
