//! What one manifest asks for, in a form that can be held against what the lockfile was made for.
//! May not look at files. What cannot be compared is an error in words, never the same.

use super::lock::{Package, Requirement as Locked};
use super::manifest::{Manifest, Project, normal};
use super::marker;
use super::requirement::Requirement;
use super::settings::Settings;
use super::sync::Local;
use crate::ecosystem::Verdict;
use crate::members::clean;
use pep440_rs::{Version, VersionSpecifier, VersionSpecifiers};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// From these revisions of the lockfile's form on, it has groups without an entry, and the groups that are installed by default.
const TELLS_EMPTY_GROUPS: u32 = 1;
const TELLS_DEFAULT_GROUPS: u32 = 5;

/// What manifests are compared with.
pub(super) struct Compare<'a> {
    pub root: &'a Path,
    pub own: &'a Manifest,
    pub settings: &'a Settings,
    /// Name and folder of each member.
    pub members: BTreeMap<String, (PathBuf, bool)>,
    /// The lowest Python of the lockfile.
    pub lower: Option<Version>,
    /// Of the lockfile's form: what it tells besides.
    pub revision: u32,
}

/// A requirement in a form that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Plain {
    name: String,
    extras: BTreeSet<String>,
    specifiers: BTreeSet<String>,
    /// `git`, `directory`, …, with where.
    from: BTreeMap<String, String>,
    marker: String,
}

impl Compare<'_> {
    /// Whether a folder still asks for what the lockfile was made for.
    pub(super) fn one(&self, package: &Package, local: &Local, manifest: &Manifest) -> Verdict {
        let refused = |why: String| Verdict::Refused(format!("{}: {why}", local.path.display()));
        let Some(project) = &manifest.project else {
            return Verdict::Doubtful(format!(
                "{} names no project, and what it asks for is not read elsewhere",
                local.path.display()
            ));
        };
        if normal(&project.name) != package.name {
            return refused(format!("this is {}, and {} in the lockfile", project.name, package.name));
        }
        if let Some((_, builds)) = self.members.get(&package.name) {
            let fits = match (&package.source.bare, &package.source.editable, &package.source.directory) {
                (Some(_), _, _) => !builds,
                (_, Some(_), _) => *builds,
                // Only a member that says so is neither.
                _ => {
                    return Verdict::Doubtful(format!(
                        "{} is a member in the lockfile that cannot be changed in place",
                        package.name
                    ));
                }
            };
            if !fits {
                return refused(
                    "whether the project itself is built and installed has changed since it was locked".into(),
                );
            }
        }
        let dynamic = |what: &str| project.dynamic.iter().any(|name| name == what);
        if dynamic("dependencies") || dynamic("optional-dependencies") || dynamic("requires-python") {
            return Verdict::Doubtful(format!(
                "{}: what it asks for is only known when it is built",
                local.path.display()
            ));
        }
        match (&project.version, &package.version) {
            (Some(version), Some(locked)) => {
                if Version::from_str(version).ok() != Version::from_str(locked).ok() {
                    return refused(format!("this has version {version}, and {locked} in the lockfile"));
                }
            }
            (None, None) if dynamic("version") => {}
            (None, None) => return refused("neither a version nor that it is dynamic is said".into()),
            (Some(_), None) => return refused("the version was dynamic when it was locked".into()),
            (None, Some(_)) if dynamic("version") => {
                return refused("the version is dynamic, and was not when it was locked".into());
            }
            (None, Some(_)) => return refused("it has no version, and has one in the lockfile".into()),
        }
        if self.revision >= TELLS_DEFAULT_GROUPS && self.members.contains_key(&package.name) {
            let (asked, locked) =
                (default_groups(manifest.uv("default-groups")), default_groups(package.default_groups.as_ref()));
            if asked != locked {
                return refused("the groups that are installed by default are not those of the lockfile".into());
            }
        }
        if let Err(why) = manifest.groups() {
            return refused(why);
        }
        match self.requirements(package, local, manifest, project) {
            Ok(None) => Verdict::Sound,
            Ok(Some(why)) => refused(why),
            Err(why) => Verdict::Doubtful(format!("{}: {why}", local.path.display())),
        }
    }

    /// What differs; in an error what cannot be compared.
    fn requirements(
        &self,
        package: &Package,
        local: &Local,
        manifest: &Manifest,
        project: &Project,
    ) -> Result<Option<String>, String> {
        let mut wanted = BTreeSet::new();
        for text in &project.dependencies {
            wanted.insert(self.asked(text, None, local, manifest)?);
        }
        let mut extras = BTreeSet::new();
        for (extra, listed) in &project.optional_dependencies {
            let extra = normal(extra);
            for text in listed {
                wanted.insert(self.asked(text, Some(&extra), local, manifest)?);
            }
            extras.insert(extra);
        }
        let locked = Self::locked_all(&package.metadata.requires_dist)?;
        if let Some(differs) = self.difference(&wanted, &locked)? {
            return Ok(Some(format!("{differs} is not what the lockfile was made for")));
        }
        let has: BTreeSet<String> = package.metadata.provides_extras.iter().cloned().collect();
        if extras != has {
            return Ok(Some("its extras are not those of the lockfile".into()));
        }
        let mut groups: BTreeMap<String, BTreeSet<Plain>> = BTreeMap::new();
        for (group, listed) in manifest.groups()? {
            let asked = listed.iter().map(|text| self.asked(text, None, local, manifest)).collect::<Result<_, _>>()?;
            groups.insert(group, asked);
        }
        let mut has = BTreeMap::new();
        for (group, listed) in &package.metadata.requires_dev {
            has.insert(group.clone(), Self::locked_all(listed)?);
        }
        if self.revision < TELLS_EMPTY_GROUPS {
            groups.retain(|_, group| !group.is_empty());
            has.retain(|_, group| !group.is_empty());
        }
        let names: BTreeSet<&String> = groups.keys().chain(has.keys()).collect();
        for group in names {
            let same = match (groups.get(group), has.get(group)) {
                (Some(wanted), Some(locked)) => self.difference(wanted, locked)?.is_none(),
                _ => false,
            };
            if !same {
                return Ok(Some(format!("the dependency group {group} is not what the lockfile was made for")));
            }
        }
        Ok(None)
    }

    fn locked_all(listed: &[Locked]) -> Result<BTreeSet<Plain>, String> {
        listed.iter().map(Self::locked).collect()
    }

    fn locked(one: &Locked) -> Result<Plain, String> {
        let from = one
            .from
            .iter()
            .map(|(key, value)| Ok((key.clone(), value.as_str().ok_or("a source is no text")?.to_owned())));
        Ok(Plain {
            name: normal(&one.name),
            extras: one.extras.iter().map(|extra| normal(extra)).collect(),
            specifiers: specifiers(one.specifier.as_deref().unwrap_or_default())?,
            from: from.collect::<Result<_, &str>>()?,
            marker: one.marker.clone().unwrap_or_default(),
        })
    }

    /// What a manifest's text asks for, with where `[tool.uv.sources]` says it is to come from.
    fn asked(&self, text: &str, extra: Option<&str>, local: &Local, manifest: &Manifest) -> Result<Plain, String> {
        let read = Requirement::read(text)?;
        let marker = match (read.marker, extra) {
            (own, None) => own.unwrap_or_default(),
            (None, Some(extra)) => format!("extra == '{extra}'"),
            (Some(own), Some(extra)) => format!("({own}) and extra == '{extra}'"),
        };
        let mut plain = Plain {
            name: read.name,
            extras: read.extras.into_iter().collect(),
            specifiers: read.range.iter().map(VersionSpecifier::to_string).collect(),
            from: BTreeMap::new(),
            marker,
        };
        let direct = read.address;
        let source = source_of(&plain.name, manifest)
            .or_else(|| source_of(&plain.name, self.own).filter(|_| self.is_member(local)));
        match (source, direct) {
            (Some(source), _) => {
                let above = if source_of(&plain.name, manifest).is_some() { &local.folder } else { self.root };
                plain.from = self.from(&plain.name, source, above)?;
                if !plain.from.contains_key("index") {
                    plain.specifiers.clear();
                }
            }
            (None, Some(url)) if !url.starts_with("git+") && !url.starts_with("file:") => {
                plain.from.insert("url".into(), url);
            }
            (None, Some(_)) => return Err(format!("where {} comes from is not compared", plain.name)),
            (None, None) => {}
        }
        Ok(plain)
    }

    fn is_member(&self, local: &Local) -> bool {
        self.members.values().any(|(folder, _)| *folder == local.folder)
    }

    /// What the lockfile has for such a source.
    fn from(&self, name: &str, source: &toml::Value, above: &Path) -> Result<BTreeMap<String, String>, String> {
        let odd = || format!("the source of {name} is not compared");
        let table = source.as_table().ok_or_else(odd)?;
        let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
        let yes = |key: &str| table.get(key).and_then(toml::Value::as_bool);
        if table.contains_key("marker")
            || table.contains_key("extra")
            || table.contains_key("group")
            || table.contains_key("lfs")
        {
            return Err(odd());
        }
        let one = |key: &str, value: String| BTreeMap::from([(key.to_owned(), value)]);
        if yes("workspace") == Some(true) {
            let (folder, builds) =
                self.members.get(name).ok_or_else(|| format!("{name} is no member of the workspace"))?;
            let kind = if yes("editable").unwrap_or(*builds) {
                "editable"
            } else if *builds {
                "directory"
            } else {
                "virtual"
            };
            return Ok(one(kind, self.relative(folder)));
        }
        if let Some(path) = text("path") {
            let place = clean(&above.join(path));
            let shown = self.relative(&place);
            if place.extension().is_some_and(|ending| {
                ["whl", "gz", "zip", "bz2", "xz", "tgz", "zst"].iter().any(|known| ending == *known)
            }) {
                return Ok(one("path", shown));
            }
            let kind = match (yes("editable"), yes("package")) {
                (_, Some(false)) => "virtual",
                (Some(true), _) => "editable",
                _ => "directory",
            };
            return Ok(one(kind, shown));
        }
        if let Some(url) = text("git") {
            let mut asked = Vec::new();
            for key in ["subdirectory", "branch", "tag", "rev"] {
                asked.extend(text(key).map(|value| format!("{key}={}", encoded(value))));
            }
            let url = url.strip_prefix("git+").unwrap_or(url);
            return Ok(one(
                "git",
                if asked.is_empty() { url.to_owned() } else { format!("{url}?{}", asked.join("&")) },
            ));
        }
        if let Some(url) = text("url") {
            return Ok(one("url", url.to_owned()));
        }
        if let Some(index) = text("index") {
            let (_, url) = self.settings.named.iter().find(|(known, _)| known == index).ok_or_else(odd)?;
            return Ok(one("index", url.clone()));
        }
        Err(odd())
    }

    /// As the lockfile writes it: from its own folder, with `/`.
    fn relative(&self, place: &Path) -> String {
        let root = clean(self.root);
        let mut up = PathBuf::new();
        for above in root.ancestors() {
            if let Ok(rest) = place.strip_prefix(above) {
                let shown = up.join(rest);
                let shown = shown.to_string_lossy().replace('\\', "/");
                return if shown.is_empty() { ".".into() } else { shown };
            }
            up.push("..");
        }
        place.to_string_lossy().into_owned()
    }

    /// The name of the first that only one side has; conditions that mean the same are the same.
    fn difference(&self, wanted: &BTreeSet<Plain>, locked: &BTreeSet<Plain>) -> Result<Option<String>, String> {
        let mut left: Vec<&Plain> = locked.difference(wanted).collect();
        for one in wanted.difference(locked) {
            let mut found = None;
            for (at, other) in left.iter().enumerate() {
                let alike = Plain { marker: String::new(), ..one.clone() }
                    == Plain { marker: String::new(), ..(*other).clone() };
                if alike && marker::same(&one.marker, &other.marker, self.lower.as_ref())? {
                    found = Some(at);
                    break;
                }
            }
            match found {
                Some(at) => left.remove(at),
                None => return Ok(Some(one.name.clone())),
            };
        }
        Ok(left.first().map(|plain| plain.name.clone()))
    }
}

fn source_of<'a>(name: &str, manifest: &'a Manifest) -> Option<&'a toml::Value> {
    let sources = manifest.uv("sources")?.as_table()?;
    sources.iter().find(|(known, _)| normal(known) == name).map(|(_, source)| source)
}

fn specifiers(text: &str) -> Result<BTreeSet<String>, String> {
    let read = VersionSpecifiers::from_str(text).map_err(|error| error.to_string())?;
    Ok(read.iter().map(ToString::to_string).collect())
}

/// The groups that are installed by default, in order; `dev` where nothing is said.
fn default_groups(said: Option<&toml::Value>) -> BTreeSet<String> {
    match said {
        None => BTreeSet::from(["dev".to_owned()]),
        Some(toml::Value::Array(listed)) => listed.iter().filter_map(toml::Value::as_str).map(normal).collect(),
        // No group is called that.
        Some(other) => BTreeSet::from([format!("every group: {other}")]),
    }
}

/// Letters that stand for themselves in what is asked of an address.
const PLAIN: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, PLAIN).to_string()
}
