//! The judgement of one requirements file: every package that pip would install for it, with what is here of it.
//! May not choose files itself.

use super::build::{self, Tools};
use super::cache::Cache as Built;
use super::choose::{Chosen, Market, Source, Unpacked, Want};
use super::entry::{self, Wanted};
use super::folder::File;
use super::follow::{self, Asked, LARGEST};
use super::held::Holder;
use super::here::Here;
use super::places::{How, gather, mirrors};
use super::root::Root;
use super::settings;
use super::{Ids, requirements};
use crate::ecosystem::{Ask, Judged, Line, Verdict};
use crate::fetch::without_credentials;
use crate::held::Held;
use crate::python::archive::Wrong;
use crate::python::metadata::holds;
use crate::python::name::Wheel;
use crate::python::requirement::Requirement;
use crate::text::Places;
use crate::verify::Sum;
use contract::{Artifact, ArtifactState, Cache, Range};
use pep440_rs::{Version, VersionSpecifiers};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::str::FromStr;

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST, ask.look);
    let Some(text) = text else { return judged };
    if text.contains('\0') {
        let why = "the file is not written in UTF-8, and was not read".to_owned();
        judged.malformed(Range::default(), why.clone());
        judged.verdict = Verdict::Doubtful(why);
        return judged;
    }
    let places = Places::new(&text);
    let homes = &ask.options.homes;
    let read = requirements::read(&text, &|name| homes.variable(name).map(str::to_owned));
    for broken in &read.broken {
        judged.broken(broken, &places);
        judged.verdict.worsen(Verdict::Refused("a part of the requirements file cannot be read".into()));
    }
    let folder = lockfile.parent().unwrap_or(lockfile);
    let asked = follow::follow(lockfile, read, ask);
    asked.refused.iter().for_each(|why| judged.verdict.worsen(Verdict::Refused(why.clone())));
    asked.doubts.iter().for_each(|why| judged.verdict.worsen(Verdict::Doubtful(why.clone())));
    judged.manifests = asked.files.iter().map(|(path, _)| path.clone()).collect();
    judged.watch.extend(judged.manifests.iter().cloned());
    let here = Here::find(folder, &mut judged, ask);
    let settings = settings::read(here.place.as_ref().map(|place| place.root.as_path()), ask);
    settings.doubts.iter().for_each(|why| judged.verdict.worsen(Verdict::Doubtful(why.clone())));
    judged.watch.extend(settings.files.iter().cloned());
    judged.mirrors = mirrors(&asked, &settings);
    let (files, looked_in) = gather(folder, &asked, &settings, &here, ask);
    files.doubts.iter().for_each(|why| judged.verdict.worsen(Verdict::Doubtful(why.clone())));
    judged.watch.extend(looked_in.iter().cloned());
    let where_looked = match looked_in.as_slice() {
        [] => String::new(),
        [one] => crate::homes::relative(one, folder).display().to_string(),
        _ => "the folders that --find-links names".to_owned(),
    };
    let python = here.environments.first().and_then(|one| one.0.get("python_version")).cloned().unwrap_or_default();
    let cache = Built { folder: settings.cache.as_deref(), tags: &here.tags, python: &python };
    let unpacked = Unpacked::default();
    let market = Market {
        files: &files,
        place: here.place.as_ref(),
        environments: &here.environments,
        pre_releases: asked.pre_releases || settings.pre_releases,
        prefer_binary: asked.prefer_binary || settings.prefer_binary,
        where_looked: &where_looked,
        cache: &cache,
        unpacked: &unpacked,
        ask,
    };
    let how = How::of(folder, &asked, &settings, &here, &looked_in);
    let mut told = Told { judged, places, lockfile, folder, ask, how, by_name: HashMap::new(), bytes: 0 };
    told.all(&asked, &here, &market);
    let Told { mut judged, how, bytes, .. } = told;
    judged.caches.push(Cache { ecosystem: "pip".into(), path: how.folder, bytes: Some(bytes), ..Cache::default() });
    judged
}

struct Told<'a> {
    judged: Judged,
    places: Places<'a>,
    lockfile: &'a Path,
    folder: &'a Path,
    ask: &'a Ask<'a>,
    how: How,
    /// Nodes of the graph by package.
    by_name: HashMap<String, Vec<u32>>,
    bytes: u64,
}

impl Told<'_> {
    fn doubt(&mut self, why: impl Into<String>) {
        self.judged.verdict.worsen(Verdict::Doubtful(why.into()));
    }

    fn all(&mut self, asked: &Asked, here: &Here, market: &Market<'_>) {
        let mut roots = self.roots(asked, here);
        for root in &mut roots {
            root.name_it(market);
        }
        let mut wants = Vec::new();
        for root in roots.iter().filter(|root| root.needed) {
            match self.want(root, here, market) {
                Ok(want) => wants.push(want),
                Err(why) => self.judged.verdict.worsen(why),
            }
        }
        let constraints = self.constraints(asked, here);
        let chosen = market.choose(&wants, &constraints);
        if !here.environments.is_empty() {
            chosen.doubts.iter().for_each(|why| self.doubt(why.clone()));
        }
        let hashed = self.how.hashed;
        let sums = sums_of(&roots, asked);
        if hashed {
            let pip = here.place.as_ref().and_then(|place| Some(&place.packages.get("pip")?.first()?.version));
            self.refuse_unhashed(&roots, &chosen, &sums, pip);
        }
        let names: BTreeSet<&String> = chosen.choices.keys().chain(chosen.lacking.keys()).collect();
        let names: Vec<&String> = names.into_iter().collect();
        let known = !here.environments.is_empty();
        let holder = Holder { folder: self.folder, ask: self.ask };
        let held: Vec<Held> = names
            .par_iter()
            .map(|name| if known { holder.hold(name, &chosen, &sums, market) } else { unknown_python() })
            .collect();
        let editable: Vec<String> =
            roots.iter().filter(|root| root.needed && root.package.editable).filter_map(Root::name).collect();
        let no_sums = HashMap::new();
        let hold = |name: &str, chosen: &Chosen, market: &Market<'_>| holder.hold(name, chosen, &no_sums, market);
        let tools = if known { Tools::of(&chosen, &editable, market, &hold) } else { Tools::default() };
        let mut by_name: BTreeMap<&str, Held> = names.iter().map(|name| name.as_str()).zip(held).collect();
        let mut ids = Ids::default();
        let mut foreign = Ids::default();
        for root in &roots {
            let id = match &root.package.file {
                None => ids.of(&root.package.text),
                Some(file) => {
                    let file = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                    let (name, version) = entry::label(&root.package.text);
                    foreign.unique(&format!("pip:{file}:{name}@{}", version.as_deref().unwrap_or("?")))
                }
            };
            let (label, pin) = entry::label(&root.package.text);
            let name = root.name().unwrap_or(label);
            let version = chosen.choices.get(&name).map(|choice| choice.version.to_string()).or(pin);
            let range = self.places.range(root.package.own.clone());
            let held = match by_name.get(name.as_str()) {
                _ if !root.needed => {
                    Held::new(ArtifactState::Missing, "this machine does not need it, and it was not looked for")
                }
                Some(held) => held.clone(),
                None if known => root.alone(),
                None => unknown_python(),
            };
            let place = self.artifact(id, &name, version.as_deref().unwrap_or_default(), held, range);
            self.judged.artifacts[place as usize].other_target = !root.needed;
            if let Some(file) = &root.package.file
                && let Some((_, text)) = asked.files.iter().find(|(path, _)| path == file)
            {
                let range = Places::new(text).range(root.package.span.clone());
                let node = self.judged.graph.labels.len() as u32 - 1;
                let dependency = entry::label(&root.package.text).0;
                self.judged.graph.lines.push(Line { file: file.clone(), range, dependency, to: vec![node] });
            }
        }
        // What nobody named, and is needed all the same.
        for name in names {
            if self.by_name.contains_key(name) {
                continue;
            }
            let Some(held) = by_name.remove(name.as_str()) else { continue };
            let version = chosen.choices.get(name).map_or_else(|| "?".to_owned(), |choice| choice.version.to_string());
            let id = ids.unique(&format!("pip:{name}@{version}"));
            self.artifact(id, name, &version, held, Range::default());
        }
        self.edges(&chosen);
        tools.refused.iter().for_each(|why| self.judged.verdict.worsen(Verdict::Refused(why.clone())));
        tools.doubts.iter().for_each(|why| self.doubt(why.clone()));
        for tool in tools.all.values() {
            let shown = if tool.version.is_empty() { "?" } else { &tool.version };
            let id = ids.unique(&format!("pip:{}@{shown}", tool.name));
            let place = self.artifact(id, &tool.name, &tool.version, build::told(tool), Range::default());
            for by in tool.by.iter().filter_map(|by| self.by_name.get(by)?.first().copied()).collect::<Vec<_>>() {
                self.judged.graph.needs[by as usize].push(place);
            }
        }
    }

    fn roots<'a>(&mut self, asked: &'a Asked, here: &Here) -> Vec<Root<'a>> {
        let mut roots = Vec::new();
        for package in &asked.packages {
            match entry::read(&package.text, package.editable, self.folder, self.ask) {
                Ok(wanted) => {
                    let needed = match wanted.marker() {
                        Some(marker) if !here.environments.is_empty() => holds(marker, &here.environments, &[])
                            .unwrap_or_else(|why| {
                                self.doubt(why);
                                true
                            }),
                        _ => true,
                    };
                    roots.push(Root { package, wanted, needed });
                }
                Err(why) => {
                    let range = self.places.range(package.own.clone());
                    self.judged.malformed(range, why.clone());
                    self.judged.verdict.worsen(Verdict::Refused(why));
                }
            }
        }
        roots
    }

    fn want(&self, root: &Root<'_>, here: &Here, market: &Market<'_>) -> Result<Want, Verdict> {
        let named = |name: String, extras: &[String], range| Requirement {
            name,
            extras: extras.to_vec(),
            range,
            address: None,
            marker: None,
        };
        match &root.wanted {
            Wanted::Named(requirement) => Ok(Want { requirement: requirement.clone(), file: None, by: None }),
            Wanted::File { path, extras, .. } => {
                let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let Some(wheel) = file.strip_suffix(".whl").and_then(Wheel::read) else {
                    return self.want_sources(root, path, extras, market);
                };
                let Some(rank) = here.tags.rank(&wheel) else {
                    return Err(Verdict::Refused(format!("{file} is for other Pythons or machines")));
                };
                let version = Version::from_str(&wheel.version.replace('-', "_"));
                let version = version.map_err(|_| Verdict::Refused(format!("{file} has no version")))?;
                let requirement = named(wheel.name, extras, VersionSpecifiers::empty());
                let file = File { path: path.clone(), version, wheel: Some((rank, wheel.build)) };
                Ok(Want { requirement, file: Some(file), by: None })
            }
            Wanted::Folder { path, extras, .. } => self.want_sources(root, path, extras, market),
            Wanted::Address { url, extras, .. } => {
                let shown = without_credentials(url);
                let Some(name) = root.name() else {
                    return Err(Verdict::Doubtful(format!("which package is at {shown} is not known")));
                };
                match market.cache.built(url, &name, self.ask).0 {
                    Some(_) if self.how.hashed => Err(Verdict::Doubtful(format!(
                        "whether pip takes what it built of {shown} hangs on its checksum"
                    ))),
                    Some(file) => {
                        let requirement = named(name, extras, VersionSpecifiers::empty());
                        Ok(Want { requirement, file: Some(file), by: None })
                    }
                    None => Err(self.elsewhere(url, &shown, market)),
                }
            }
        }
    }

    /// Sources that are named by their path.
    fn want_sources(
        &self,
        root: &Root<'_>,
        path: &Path,
        extras: &[String],
        market: &Market<'_>,
    ) -> Result<Want, Verdict> {
        let shown = crate::homes::relative(path, self.folder).display().to_string();
        let file = File { path: path.to_path_buf(), version: Version::new([0]), wheel: None };
        let sources = market.sources(&file);
        if let Err(Wrong::Damaged(why)) = sources.clone().and_then(|sources| sources.needs(root.package.editable)) {
            return Err(Verdict::Refused(format!("{shown}: {why}")));
        }
        let metadata = sources.and_then(|sources| sources.metadata());
        let by_name =
            path.file_name().and_then(|name| super::folder::sources(name.to_str()?)).map(|(_, version)| version);
        let version = metadata.ok().and_then(|told| Version::from_str(&told.version).ok()).or(by_name);
        let (Some(name), Some(version)) = (root.name(), version) else {
            return Err(Verdict::Doubtful(format!("{shown} has to be built before its name and version are known")));
        };
        let (range, marker) = (VersionSpecifiers::empty(), None);
        let requirement = Requirement { name, extras: extras.to_vec(), range, address: None, marker };
        Ok(Want { requirement, file: Some(File { version, ..file }), by: None })
    }

    /// What pip does about an address of which it has built nothing.
    fn elsewhere(&self, url: &str, shown: &str, market: &Market<'_>) -> Verdict {
        let plain = url.strip_prefix("git+").unwrap_or(url);
        if plain.starts_with("file:") {
            return Verdict::Doubtful(format!("{shown} is a repository on this machine, which is not followed"));
        }
        if url.starts_with("git+")
            && let Some(why) = crate::git::user::goes_elsewhere(plain, self.ask)
        {
            return Verdict::Doubtful(why);
        }
        let kept = market.cache.downloaded(url, self.ask);
        if kept {
            return Verdict::Doubtful(format!(
                "pip's cache has an answer of {shown}, and whether it may use it is not judged"
            ));
        }
        Verdict::Refused(format!("pip fetches {shown} for each install, and has built no wheel of it that it kept"))
    }

    fn constraints(&mut self, asked: &Asked, here: &Here) -> Vec<Requirement> {
        let mut out = Vec::new();
        for package in &asked.constraints {
            match entry::read(&package.text, package.editable, self.folder, self.ask) {
                Ok(Wanted::Named(requirement)) => {
                    let holds = requirement.marker.as_deref().map(|marker| holds(marker, &here.environments, &[]));
                    match holds {
                        None | Some(Ok(true)) => out.push(requirement),
                        Some(Ok(false)) => {}
                        Some(Err(why)) => self.doubt(why),
                    }
                }
                Ok(_) => self.doubt("a constraint names a file or an address, which is not followed"),
                Err(why) => self.judged.verdict.worsen(Verdict::Refused(why)),
            }
        }
        out
    }

    /// Once anything has a checksum, pip asks for one of everything that it does not find installed.
    fn refuse_unhashed(
        &mut self,
        roots: &[Root<'_>],
        chosen: &Chosen,
        sums: &HashMap<String, Vec<Sum>>,
        pip: Option<&Version>,
    ) {
        for (name, choice) in &chosen.choices {
            if matches!(choice.source, Source::Installed(_)) {
                continue;
            }
            let own: Vec<&Root<'_>> =
                roots.iter().filter(|root| root.needed && root.name().as_deref() == Some(name)).collect();
            let pinned = own.iter().any(|root| match &root.wanted {
                Wanted::Named(requirement) => entry::is_pinned(&requirement.range),
                _ => true,
            });
            if !sums.contains_key(name) {
                let why = format!("once one requirement has a checksum pip asks for one of each, and {name} has none");
                self.judged.verdict.worsen(Verdict::Refused(why));
            } else if !pinned && pip.is_none_or(|pip| *pip < Version::new([26, 3])) {
                let why = format!("{name} has a checksum and no one version");
                self.judged.verdict.worsen(match pip {
                    Some(pip) if *pip < Version::new([26]) => Verdict::Refused(why),
                    _ => Verdict::Doubtful(format!("{why}, and whether pip takes that hangs on its version")),
                });
            }
        }
    }

    fn edges(&mut self, chosen: &Chosen) {
        for (name, wants) in &chosen.wants {
            for by in wants.iter().filter_map(|want| want.by.as_ref()) {
                let from = self.by_name.get(by).and_then(|all| all.first()).copied();
                let to = self.by_name.get(name).and_then(|all| all.first()).copied();
                if let (Some(from), Some(to)) = (from, to)
                    && !self.judged.graph.needs[from as usize].contains(&to)
                {
                    self.judged.graph.needs[from as usize].push(to);
                }
            }
        }
    }

    fn artifact(&mut self, id: String, name: &str, version: &str, mut held: Held, range: Range) -> u32 {
        let place = self.judged.artifacts.len() as u32;
        self.by_name.entry(name.to_owned()).or_default().push(place);
        let graph = &mut self.judged.graph;
        graph.labels.push(format!("{name} {version}").trim_end().to_owned());
        graph.needs.push(Vec::new());
        graph.artifact.push(Some(place));
        self.bytes += held.leave(&mut self.judged, Some(self.how.spec()), "");
        self.judged.artifacts.push(Artifact {
            id,
            ecosystem: "pip".into(),
            name: name.to_owned(),
            version: version.to_owned(),
            state: held.state,
            evidence: held.evidence,
            looked_in: held.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: Some(self.ask.target.to_owned()),
            other_target: false,
            dev: false,
            optional: false,
            bytes: held.bytes,
            file: self.lockfile.to_path_buf(),
            range,
            manifests: Vec::new(),
        });
        place
    }
}

/// The checksums that are allowed for each package: those that everybody allows who names any.
fn sums_of(roots: &[Root<'_>], asked: &Asked) -> HashMap<String, Vec<Sum>> {
    let mut out: HashMap<String, Vec<Sum>> = HashMap::new();
    let named = roots.iter().filter(|root| root.needed).filter_map(|root| Some((root.name()?, &root.package.sums)));
    let bound = asked.constraints.iter().map(|package| (entry::label(&package.text).0, &package.sums));
    for (name, sums) in named.chain(bound).filter(|(_, sums)| !sums.is_empty()) {
        let known = out.entry(name).or_insert_with(|| sums.clone());
        known.retain(|sum| sums.contains(sum));
    }
    out
}

fn unknown_python() -> Held {
    Held::new(ArtifactState::Unknown, "for which Python it is needed is not known")
}
