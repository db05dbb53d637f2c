//! Which file pip takes for each package, and what these need in turn: the newest that fits all who ask, as its resolver
//! has it where it never has to turn back. May not decide what state a file is in; where pip would turn back it says so.

use super::cache::Cache;
use super::folder::{File, Files};
use super::sources::Sources;
use crate::ecosystem::Ask;
use crate::look::Seen;
use crate::python::archive::{Archive, Wrong};
use crate::python::installed::{Package, Place};
use crate::python::marker::Environment;
use crate::python::metadata::Metadata;
use crate::python::requirement::Requirement;
use pep440_rs::{Version, VersionSpecifiers};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Rounds after which the choice has to stand.
const MOST_ROUNDS: usize = 200;
/// More packages are not followed.
const MOST: usize = 20_000;

/// A file, or what is installed.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Installed(Package),
    File(File),
}

/// Who asks for what.
#[derive(Debug, Clone)]
pub(super) struct Want {
    pub requirement: Requirement,
    /// One file that it has to be, instead of a range.
    pub file: Option<File>,
    /// The package that needs it; none: the requirements.
    pub by: Option<String>,
}

/// What was chosen of one package.
#[derive(Debug)]
pub(super) struct Choice {
    pub source: Source,
    pub version: Version,
    pub metadata: Result<Metadata, Wrong>,
}

/// What all of it comes to.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub choices: BTreeMap<String, Choice>,
    /// What there is no file for: why, in words.
    pub lacking: BTreeMap<String, String>,
    /// Everybody who asks, by the name of what they ask for.
    pub wants: BTreeMap<String, Vec<Want>>,
    pub doubts: Vec<String>,
}

/// What is chosen from.
pub(super) struct Market<'a> {
    pub files: &'a Files,
    pub place: Option<&'a Place>,
    pub environments: &'a [Environment],
    pub pre_releases: bool,
    pub prefer_binary: bool,
    /// Said of a package that no file fits.
    pub where_looked: &'a str,
    /// What pip built before.
    pub cache: &'a Cache<'a>,
    /// Sources that were looked into.
    pub unpacked: &'a Unpacked,
    pub ask: &'a Ask<'a>,
}

/// Sources that were looked into, each once.
pub(super) type Unpacked = Mutex<HashMap<PathBuf, Result<Sources, Wrong>>>;

impl Market<'_> {
    /// Chooses; `constraints` hold for what is asked for anyway.
    pub(super) fn choose(&self, roots: &[Want], constraints: &[Requirement]) -> Chosen {
        let mut read: HashMap<PathBuf, Result<Metadata, Wrong>> = HashMap::new();
        let mut chosen: BTreeMap<String, Choice> = BTreeMap::new();
        let mut doubts: BTreeSet<String> = BTreeSet::new();
        for _ in 0..MOST_ROUNDS {
            let wants = self.wants(roots, &chosen, &mut doubts);
            if wants.len() > MOST {
                doubts.insert(format!("more than {MOST} packages are needed"));
                break;
            }
            let mut next = BTreeMap::new();
            let mut lacking = BTreeMap::new();
            for (name, all) in &wants {
                let ranges = all.iter().map(|want| &want.requirement.range);
                let bound = constraints.iter().filter(|bound| bound.name == *name).map(|bound| &bound.range);
                let ranges: Vec<&VersionSpecifiers> = ranges.chain(bound).collect();
                let explicit = all.iter().find_map(|want| want.file.as_ref());
                match self.one(name, &ranges, explicit, &mut read, &mut doubts) {
                    Ok(choice) => {
                        next.insert(name.clone(), choice);
                    }
                    Err(why) => {
                        lacking.insert(name.clone(), why);
                    }
                }
            }
            let same = |a: &BTreeMap<String, Choice>, b: &BTreeMap<String, Choice>| {
                a.len() == b.len() && a.iter().zip(b).all(|((an, a), (bn, b))| an == bn && a.path() == b.path())
            };
            let settled = same(&next, &chosen);
            chosen = next;
            if settled {
                self.turned_back(&wants, &lacking, &chosen, &mut doubts);
                return Chosen { choices: chosen, lacking, wants, doubts: doubts.into_iter().collect() };
            }
        }
        doubts.insert("which files pip would choose was not found out in a bounded number of steps".into());
        Chosen { choices: chosen, doubts: doubts.into_iter().collect(), ..Chosen::default() }
    }

    /// Where something lacks, pip takes an older version of who asks for it, if there is one.
    fn turned_back(
        &self,
        wants: &BTreeMap<String, Vec<Want>>,
        lacking: &BTreeMap<String, String>,
        chosen: &BTreeMap<String, Choice>,
        doubts: &mut BTreeSet<String>,
    ) {
        for name in lacking.keys() {
            let mut open: Vec<&str> = vec![name];
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            while let Some(name) = open.pop() {
                for by in wants.get(name).into_iter().flatten().filter_map(|want| want.by.as_deref()) {
                    if !seen.insert(by) {
                        continue;
                    }
                    open.push(by);
                    let ranges: Vec<&VersionSpecifiers> =
                        wants.get(by).into_iter().flatten().map(|want| &want.requirement.range).collect();
                    let fits = |version: &Version| ranges.iter().all(|range| range.contains(version));
                    let files = self.files.by_name.get(by).into_iter().flatten();
                    let other = files
                        .filter(|file| fits(&file.version))
                        .any(|file| chosen.get(by).is_some_and(|chosen| chosen.version != file.version));
                    let explicit = wants.get(by).into_iter().flatten().any(|want| want.file.is_some());
                    if other && !explicit {
                        doubts.insert(format!(
                            "pip would look for another version of {by} that does not need what lacks"
                        ));
                    }
                }
            }
        }
    }

    /// Everybody who asks for something, given what was chosen so far.
    fn wants(
        &self,
        roots: &[Want],
        chosen: &BTreeMap<String, Choice>,
        doubts: &mut BTreeSet<String>,
    ) -> BTreeMap<String, Vec<Want>> {
        let mut out: BTreeMap<String, Vec<Want>> = BTreeMap::new();
        let mut followed: BTreeSet<(String, Option<String>)> = BTreeSet::new();
        let mut open: Vec<Want> = roots.to_vec();
        open.reverse();
        while let Some(want) = open.pop() {
            let name = want.requirement.name.clone();
            let asked: Vec<Option<String>> =
                std::iter::once(None).chain(want.requirement.extras.iter().cloned().map(Some)).collect();
            out.entry(name.clone()).or_default().push(want);
            let Some(choice) = chosen.get(&name) else { continue };
            let Ok(metadata) = &choice.metadata else { continue };
            for extra in asked {
                // One that the package does not have is passed over.
                if extra.as_ref().is_some_and(|extra| !metadata.extras.contains(extra)) {
                    continue;
                }
                if out.len() > MOST || !followed.insert((name.clone(), extra.clone())) {
                    continue;
                }
                match metadata.needs(extra.as_deref(), self.environments) {
                    Ok(needs) => open.extend(needs.into_iter().map(|requirement| {
                        if requirement.address.is_some() {
                            doubts.insert(format!("{name} needs {} from an address", requirement.name));
                        }
                        Want { requirement, file: None, by: Some(name.clone()) }
                    })),
                    Err(why) => {
                        doubts.insert(format!("{name}: {why}"));
                    }
                }
            }
        }
        out
    }

    fn one(
        &self,
        name: &str,
        ranges: &[&VersionSpecifiers],
        explicit: Option<&File>,
        read: &mut HashMap<PathBuf, Result<Metadata, Wrong>>,
        doubts: &mut BTreeSet<String>,
    ) -> Result<Choice, String> {
        let fits = |version: &Version| ranges.iter().all(|range| range.contains(version));
        if let Some(file) = explicit {
            let file = &self.built(name, file);
            let metadata = self.metadata(file, read);
            return Ok(Choice { version: file.version.clone(), source: Source::File(file.clone()), metadata });
        }
        let installed = self.place.and_then(|place| place.packages.get(name));
        if let Some(packages) = installed {
            if packages.len() > 1 {
                doubts.insert(format!("{name} is installed more than once"));
            }
            if let Some(package) = packages.iter().find(|package| fits(&package.version)) {
                let metadata = package.metadata(self.ask);
                let source = Source::Installed(package.clone());
                return Ok(Choice { version: package.version.clone(), source, metadata });
            }
        }
        let all = self.files.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let mut fitting: Vec<&File> = all.iter().filter(|file| fits(&file.version)).collect();
        let pre_releases =
            self.pre_releases || ranges.iter().any(|range| range.iter().any(|one| one.version().any_prerelease()));
        if !pre_releases && fitting.iter().any(|file| !file.version.any_prerelease()) {
            fitting.retain(|file| !file.version.any_prerelease());
        }
        let rank = |file: &File| file.wheel.as_ref().map(|(rank, build)| (*rank, build.clone()));
        let binary = |file: &File| self.prefer_binary && file.wheel.is_some();
        fitting.sort_by_cached_key(|file| (binary(file), file.version.clone(), rank(file)));
        let mut passed: Option<String> = None;
        for file in fitting.iter().rev() {
            let file = &self.built(name, file);
            let metadata = self.metadata(file, read);
            if let Ok(said) = &metadata {
                match said.fits(self.environments) {
                    Ok(true) => {}
                    Ok(false) => {
                        passed.get_or_insert_with(|| format!("{} is for other Pythons", shown(&file.path)));
                        continue;
                    }
                    Err(why) => {
                        doubts.insert(why);
                    }
                }
                let version = said.version.parse::<Version>();
                let another = said.name != name || !version.is_ok_and(|version| same(&version, &file.version));
                if another && file.wheel.is_none() {
                    doubts.insert(format!("{} says that it is another package", shown(&file.path)));
                } else if another {
                    passed.get_or_insert_with(|| format!("{} says that it is another package", shown(&file.path)));
                    continue;
                }
            }
            return Ok(Choice { version: file.version.clone(), source: Source::File(file.clone()), metadata });
        }
        Err(passed.unwrap_or_else(|| self.why(name, all)))
    }

    fn why(&self, name: &str, all: &[File]) -> String {
        let whole = self.where_looked;
        match (all.len(), self.files.others.get(name)) {
            (0, Some(_)) => format!("{whole} has only wheels for other Pythons or machines"),
            (0, None) => format!("no file for it is in {whole}, and offline pip finds it nowhere else"),
            _ => {
                let mut versions: Vec<&Version> = all.iter().map(|file| &file.version).collect();
                versions.sort();
                versions.dedup();
                let named: Vec<String> = versions.iter().rev().take(3).map(ToString::to_string).collect();
                format!("{whole} has other versions of it: {}", named.join(", "))
            }
        }
    }

    fn metadata(&self, file: &File, read: &mut HashMap<PathBuf, Result<Metadata, Wrong>>) -> Result<Metadata, Wrong> {
        if file.wheel.is_none() {
            return self.sources(file)?.metadata();
        }
        if let Some(known) = read.get(&file.path) {
            return known.clone();
        }
        self.ask.look.at(&file.path);
        let told = described(&file.path);
        read.insert(file.path.clone(), told.clone());
        told
    }
}

impl Market<'_> {
    /// In place of sources the wheel that pip built of them.
    fn built(&self, name: &str, file: &File) -> File {
        let built = file.wheel.is_none().then(|| self.cache.built_of(&file.path, name, self.ask)).flatten();
        built.unwrap_or_else(|| file.clone())
    }

    /// What is said in sources.
    pub(super) fn sources(&self, file: &File) -> Result<Sources, Wrong> {
        let known = |all: &Unpacked| all.lock().unwrap_or_else(PoisonError::into_inner).get(&file.path).cloned();
        if let Some(known) = known(self.unpacked) {
            return known;
        }
        let told = match self.ask.look.at(&file.path) {
            Seen::Folder(_) => Sources::of_folder(&file.path, self.ask.look),
            _ => Sources::of_archive(&file.path),
        };
        self.unpacked.lock().unwrap_or_else(PoisonError::into_inner).insert(file.path.clone(), told.clone());
        told
    }
}

/// Versions that differ in nothing but the zeros at their end are one; a local part counts.
fn same(one: &Version, other: &Version) -> bool {
    one == other
}

impl Choice {
    fn path(&self) -> &Path {
        match &self.source {
            Source::Installed(package) => &package.own,
            Source::File(file) => &file.path,
        }
    }
}

/// What a wheel says of itself, as pip reads it before it installs anything: the one folder of that kind, and the three
/// files in it that must be there.
pub(super) fn described(path: &Path) -> Result<Metadata, Wrong> {
    let mut archive = Archive::open(path)?;
    let mut own: BTreeSet<String> = BTreeSet::new();
    for name in archive.names() {
        if let Some((first, _)) = name.split_once('/')
            && first.ends_with(".dist-info")
        {
            own.insert(first.to_owned());
        }
    }
    let mut all = own.into_iter();
    let (Some(own), None) = (all.next(), all.next()) else {
        return Err(Wrong::Damaged("it has not the one folder that says what it is".into()));
    };
    let wheel = archive.text(&format!("{own}/WHEEL"))?;
    if !wheel.lines().any(|line| line.trim().to_ascii_lowercase().starts_with("wheel-version: 1.")) {
        return Err(Wrong::Damaged("its WHEEL does not say which form it has".into()));
    }
    archive.text(&format!("{own}/RECORD"))?;
    Ok(Metadata::read(&archive.text(&format!("{own}/METADATA"))?))
}

fn shown(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
