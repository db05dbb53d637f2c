//! Packages that are only here as sources: what an archive or a folder of them says of itself, and what building it needs that
//! no requirements file names. Rules: pip's `pyproject.py`, `distributions/sdist.py`; PEP 517, 518, 621, 643.
//! May build nothing and runs nothing: that a build succeeds is believed.

use crate::look::{Look, Unread};
use crate::python::archive::{Archive, Wrong};
use crate::python::metadata::Metadata;
use crate::python::name;
use flate2::read::MultiGzDecoder;
use pep440_rs::Version;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

/// Larger archives are not looked into, in bytes; neither is more of them than this, unpacked.
const LARGEST: u64 = 512 << 20;
const MOST_UNPACKED: u64 = 2 << 30;
/// Larger texts are not read, in bytes.
const LARGEST_TEXT: u64 = 4 << 20;
/// What is read of sources; all else is passed over.
const NAMES: [&str; 4] = ["pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO"];
/// What pip builds with where nothing is said.
const USUAL: &str = "setuptools>=40.8.0";

/// The texts of some sources that say what they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    texts: BTreeMap<&'static str, String>,
}

/// What building needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needs {
    /// As they are written.
    pub requires: Vec<String>,
    pub backend: Backend,
}

/// Who builds, as far as it is known what more that asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    /// Older ones ask for `wheel` besides.
    Setuptools,
    /// It asks for nothing more; the package that it comes in.
    Plain(&'static str),
}

fn damaged<T>(why: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Damaged(why.into()))
}

fn unknown<T>(why: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Unknown(why.into()))
}

impl Sources {
    /// Of an archive, read to its end.
    pub(super) fn of_archive(path: &Path) -> Result<Self, Wrong> {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ends = |ending: &str| file.strip_suffix(ending).is_some();
        if ends(".tar.gz") || ends(".tgz") {
            return Sources::of_tar(path);
        }
        if !ends(".zip") {
            return unknown("an archive of this kind is not looked into");
        }
        let mut archive = Archive::open(path)?;
        archive.compare()?;
        let top = |name: &str| name.split_once('/').map(|(top, rest)| (top.to_owned(), rest.to_owned()));
        let named: Vec<(String, String, String)> =
            archive.names().filter_map(|name| top(&name).map(|(top, rest)| (name.to_string(), top, rest))).collect();
        let mut out = Sources::default();
        for (whole, _, rest) in named {
            if let Some(name) = NAMES.into_iter().find(|name| *name == rest) {
                out.texts.insert(name, archive.text(&whole)?);
            }
        }
        Ok(out)
    }

    fn of_tar(path: &Path) -> Result<Self, Wrong> {
        let (file, identity) = crate::look::open(path).map_err(|why| match why {
            Unread::Absent => Wrong::Absent,
            why => Wrong::Unknown(why.to_string()),
        })?;
        if identity.size > LARGEST {
            return unknown("it is larger than is looked into");
        }
        let mut archive = tar::Archive::new(MultiGzDecoder::new(file).take(MOST_UNPACKED));
        let mut out = Sources::default();
        let torn = || Wrong::Damaged("it cannot be unpacked to its end".to_owned());
        let mut any = false;
        for entry in archive.entries().map_err(|_| torn())? {
            let entry = entry.map_err(|_| torn())?;
            any = true;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let below = path.trim_start_matches("./").split_once('/').map(|(_, rest)| rest.to_owned());
            let name = NAMES.into_iter().find(|name| below.as_deref() == Some(name));
            let mut text = Vec::new();
            if let Some(name) = name.filter(|_| entry.header().entry_type().is_file()) {
                entry.take(LARGEST_TEXT).read_to_end(&mut text).map_err(|_| torn())?;
                out.texts.insert(name, String::from_utf8_lossy(&text).into_owned());
            }
        }
        // The checksum at the end is compared where the end is read.
        let mut rest = Vec::new();
        archive.into_inner().take(LARGEST_TEXT).read_to_end(&mut rest).map_err(|_| torn())?;
        if any { Ok(out) } else { Err(torn()) }
    }

    /// Of a folder.
    pub(super) fn of_folder(folder: &Path, look: &Look) -> Result<Self, Wrong> {
        let mut out = Sources::default();
        for name in NAMES {
            // What stands in a folder was not made by a build.
            if name == "PKG-INFO" {
                continue;
            }
            match look.text(&folder.join(name), LARGEST_TEXT) {
                Ok(text) => drop(out.texts.insert(name, text)),
                Err(Unread::Absent) => {}
                Err(why) => return unknown(format!("{name}: {why}")),
            }
        }
        Ok(out)
    }

    fn pyproject(&self) -> Result<toml::Table, Wrong> {
        let text = self.texts.get("pyproject.toml").map(String::as_str).unwrap_or_default();
        text.parse().or_else(|_| damaged("its pyproject.toml cannot be read"))
    }

    /// What pip installs before it builds.
    pub(super) fn needs(&self, editable: bool) -> Result<Needs, Wrong> {
        if !self.texts.contains_key("pyproject.toml") && !self.texts.contains_key("setup.py") {
            return damaged("it has neither a pyproject.toml nor a setup.py, and pip does not build it");
        }
        let pyproject = self.pyproject()?;
        let Some(system) = pyproject.get("build-system") else {
            self.plain_setuptools()?;
            return Ok(Needs { requires: vec![USUAL.to_owned()], backend: Backend::Setuptools });
        };
        let list = system.get("requires").and_then(toml::Value::as_array);
        let texts = |list: &Vec<toml::Value>| -> Option<Vec<String>> {
            list.iter().map(|one| one.as_str().map(str::to_owned)).collect()
        };
        let Some(requires) = list.and_then(texts) else {
            return damaged("its pyproject.toml has a build-system without a list of what it requires");
        };
        let path = system.get("backend-path").and_then(toml::Value::as_array).is_some_and(|path| !path.is_empty());
        if path {
            return unknown("it is built by a tool among its own sources");
        }
        let backend =
            system.get("build-backend").and_then(toml::Value::as_str).unwrap_or("setuptools.build_meta:__legacy__");
        let backend = match backend {
            "setuptools.build_meta" | "setuptools.build_meta:__legacy__" => {
                self.plain_setuptools()?;
                Backend::Setuptools
            }
            "flit_core.buildapi" => Backend::Plain("flit-core"),
            "poetry.core.masonry.api" => Backend::Plain("poetry-core"),
            "hatchling.build" if !editable && !hooks(&pyproject) => Backend::Plain("hatchling"),
            "pdm.backend" if !editable => Backend::Plain("pdm-backend"),
            other => return unknown(format!("what {other} asks for besides shows only when it builds")),
        };
        Ok(Needs { requires, backend })
    }

    /// Old settings may name more that is needed.
    fn plain_setuptools(&self) -> Result<(), Wrong> {
        let more = ["setup.py", "setup.cfg"]
            .iter()
            .any(|name| self.texts.get(*name).is_some_and(|text| text.contains("setup_requires")));
        if more { unknown("its setup_requires may name more that building needs") } else { Ok(()) }
    }

    /// What it will say of itself when it is built, where that stands in it already.
    pub(super) fn metadata(&self) -> Result<Metadata, Wrong> {
        if let Some(text) = self.texts.get("PKG-INFO") {
            let fields = |key: &'static str| {
                let head = text.lines().take_while(|line| !line.is_empty());
                head.filter_map(move |line| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case(key)))
                    .map(|(_, value)| value.trim().to_ascii_lowercase())
            };
            let form = fields("metadata-version").next().and_then(|form| Version::from_str(&form).ok());
            let decides = ["requires-dist", "requires-python", "version", "provides-extra"];
            let changes = fields("dynamic").any(|field| decides.contains(&field.as_str()));
            if form.is_some_and(|form| form >= Version::new([2, 2])) && !changes {
                return Ok(Metadata::read(text));
            }
        }
        let pyproject = self.pyproject()?;
        let later = || unknown("what it needs shows only when it is built");
        let Some(project) = pyproject.get("project").and_then(toml::Value::as_table) else { return later() };
        let said = |key: &str| project.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let (Some(own), Some(version)) = (said("name"), said("version")) else { return later() };
        let dynamic = project.get("dynamic").and_then(toml::Value::as_array);
        let decides = ["version", "dependencies", "optional-dependencies", "requires-python"];
        if dynamic.is_some_and(|all| all.iter().any(|one| one.as_str().is_none_or(|one| decides.contains(&one)))) {
            return later();
        }
        let list = |value: Option<&toml::Value>| -> Vec<String> {
            let list = value.and_then(toml::Value::as_array);
            list.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
        };
        let mut out = Metadata {
            name: name::normal(&own).unwrap_or(own),
            version,
            requires: list(project.get("dependencies")),
            python: said("requires-python"),
            extras: Vec::new(),
        };
        for (extra, needs) in project.get("optional-dependencies").and_then(toml::Value::as_table).into_iter().flatten()
        {
            let extra = name::normal(extra).unwrap_or_else(|| extra.clone());
            out.requires.extend(list(Some(needs)).iter().map(|need| match need.split_once(';') {
                Some((need, marker)) => format!("{need} ; ({marker}) and extra == '{extra}'"),
                None => format!("{need} ; extra == '{extra}'"),
            }));
            out.extras.push(extra);
        }
        Ok(out)
    }
}

/// Whether hatchling is told of tools of its own, which may need more.
fn hooks(pyproject: &toml::Table) -> bool {
    fn named(value: &toml::Value) -> bool {
        value.as_table().is_some_and(|table| table.contains_key("hooks") || table.values().any(named))
    }
    let hatch = pyproject.get("tool").and_then(|tool| tool.get("hatch"));
    hatch.is_some_and(named)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sources(texts: &[(&'static str, &str)]) -> Sources {
        Sources { texts: texts.iter().map(|(name, text)| (*name, (*text).to_owned())).collect() }
    }

    #[test]
    fn what_building_needs() {
        let needs = |texts: &[(&'static str, &str)]| sources(texts).needs(false);
        let usual = needs(&[("setup.py", "")]).unwrap();
        assert_eq!((usual.requires, usual.backend), (vec![USUAL.to_owned()], Backend::Setuptools));
        assert!(matches!(needs(&[]), Err(Wrong::Damaged(_))));
        assert!(matches!(needs(&[("setup.py", "setup(setup_requires=['a'])")]), Err(Wrong::Unknown(_))));
        assert!(matches!(needs(&[("pyproject.toml", "[build-system]\n")]), Err(Wrong::Damaged(_))));
        assert!(matches!(needs(&[("pyproject.toml", "[")]), Err(Wrong::Damaged(_))));
        let hatch = "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n";
        assert_eq!(needs(&[("pyproject.toml", hatch)]).unwrap().backend, Backend::Plain("hatchling"));
        let hooked = format!("{hatch}[tool.hatch.build.targets.wheel.hooks.mypyc]\ndependencies = ['x']\n");
        assert!(matches!(needs(&[("pyproject.toml", &hooked)]), Err(Wrong::Unknown(_))));
        let own = "[build-system]\nrequires = []\nbuild-backend = 'b'\nbackend-path = ['.']\n";
        assert!(matches!(needs(&[("pyproject.toml", own)]), Err(Wrong::Unknown(_))));
    }

    #[test]
    fn what_it_needs_is_believed_where_it_stands_still() {
        let info = |form: &str, more: &str| {
            format!("Metadata-Version: {form}\nName: a\nVersion: 1\n{more}Requires-Dist: b\n\n")
        };
        let told = |text: &str| sources(&[("PKG-INFO", text)]).metadata();
        assert_eq!(told(&info("2.4", "")).unwrap().requires, ["b"]);
        assert!(told(&info("2.1", "")).is_err() && told(&info("2.2", "Dynamic: Requires-Dist\n")).is_err());
        assert!(told(&info("2.2", "Dynamic: license-file\n")).is_ok());
        let project = "[project]\nname='A.b'\nversion='1'\ndependencies=['c; os_name == \"x\"']\n[project.optional-dependencies]\nd = ['e', 'f; g']\n";
        let read = sources(&[("pyproject.toml", project)]).metadata().unwrap();
        assert_eq!(read.name, "a-b");
        assert_eq!(read.requires[1..], ["e ; extra == 'd'", "f ; ( g) and extra == 'd'"]);
        assert!(sources(&[("pyproject.toml", "[project]\nname='a'\ndynamic=['version']\n")]).metadata().is_err());
        assert!(sources(&[("setup.py", "")]).metadata().is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), other in "[a-z\\[\\]=\"'. \\n-]{0,200}") {
            for text in [text, other] {
                let all = sources(&[("pyproject.toml", &text), ("PKG-INFO", &text), ("setup.py", &text)]);
                let _ = (all.needs(true), all.metadata());
            }
        }
    }
}
