//! The judgement of one requirements file: every package that pip would install for it, with what is here of it.
//! May not choose files itself.

use super::choose::{Chosen, Market, Source, Want};
use super::entry::{self, Wanted};
use super::folder::File;
use super::follow::{self, Asked, LARGEST, Package};
use super::held::Holder;
use super::here::Here;
use super::places::{How, gather, mirrors};
use super::settings;
use super::{Ids, requirements};
use crate::ecosystem::{Ask, Judged, Line, Verdict};
use crate::fetch::without_credentials;
use crate::held::Held;
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
    let market = Market {
        files: &files,
        place: here.place.as_ref(),
        environments: &here.environments,
        pre_releases: asked.pre_releases || settings.pre_releases,
        prefer_binary: asked.prefer_binary || settings.prefer_binary,
        where_looked: &where_looked,
        ask,
    };
    let how = How::of(folder, &asked, &settings, &here, &looked_in);
    let mut told = Told { judged, places, lockfile, folder, ask, how, by_name: HashMap::new(), bytes: 0 };
    told.all(&asked, &here, &market);
    let Told { mut judged, how, bytes, .. } = told;
    judged.caches.push(Cache { ecosystem: "pip".into(), path: how.folder, bytes: Some(bytes), ..Cache::default() });
    judged
}

/// One entry, and what it was understood as.
struct Root<'a> {
    package: &'a Package,
    wanted: Wanted,
    needed: bool,
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
        let roots = self.roots(asked, here);
        let mut wants = Vec::new();
        for root in roots.iter().filter(|root| root.needed) {
            match self.want(root, here) {
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

    fn want(&self, root: &Root<'_>, here: &Here) -> Result<Want, Verdict> {
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
                    return Err(Verdict::Doubtful(format!("{file} has to be built, which is not judged")));
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
            Wanted::Folder { path, .. } => {
                let path = crate::homes::relative(path, self.folder);
                Err(Verdict::Doubtful(format!("{} has to be built, which is not judged", path.display())))
            }
            Wanted::Address { url, .. } => {
                Err(Verdict::Doubtful(format!("{} is an address, which is not judged", without_credentials(url))))
            }
        }
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

impl Root<'_> {
    fn name(&self) -> Option<String> {
        match &self.wanted {
            Wanted::Named(requirement) => Some(requirement.name.clone()),
            Wanted::File { path, name, .. } => {
                let file = path.file_name()?.to_str()?;
                let of_wheel = || file.strip_suffix(".whl").and_then(Wheel::read).map(|wheel| wheel.name);
                of_wheel().or_else(|| name.clone()).or_else(|| Some(super::folder::sources(file)?.0))
            }
            Wanted::Folder { name, .. } | Wanted::Address { name, .. } => name.clone(),
        }
    }

    /// What is said of one that pip's choice is not about.
    fn alone(&self) -> Held {
        match &self.wanted {
            Wanted::Named(_) | Wanted::File { .. } => Held::new(ArtifactState::Missing, "it is not here"),
            Wanted::Folder { .. } => Held::new(ArtifactState::Unknown, "it has to be built, which is not judged"),
            Wanted::Address { .. } => {
                Held::new(ArtifactState::Unknown, "it comes from an address, which is not judged")
            }
        }
    }
}

impl Wanted {
    fn marker(&self) -> Option<&str> {
        match self {
            Wanted::Named(requirement) => requirement.marker.as_deref(),
            Wanted::File { marker, .. } | Wanted::Folder { marker, .. } | Wanted::Address { marker, .. } => {
                marker.as_deref()
            }
        }
    }
}
