//! The judgement of one file of a Gradle build: what it locks, or the distribution that its wrapper names, with what the cache has.
//! May not call an answer ready: Gradle finds files through an index of its own, which is not read.

use super::lock::{self, Locked};
use super::sums::{self, Sums};
use super::{LARGEST_LOCKFILE, LOCKFILES, WRAPPER, wrapper};
use crate::ecosystem::{Ask, Judged, Line, Repair, Shared, Verdict};
use crate::look::{Identity, Seen};
use crate::text::Places;
use crate::verify::{Algorithm, Content, Sum};
use contract::{Artifact, ArtifactState, Cache, Range};
use std::path::{Path, PathBuf};

/// What is said of every answer that would be ready otherwise.
const UNVERIFIED: &str = "unverified: Gradle finds what it has through an index of its own, which is not read, and no run of Gradle stands behind this answer";
/// Files of one module that are looked at.
const MOST_FILES: usize = 1_000;

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST_LOCKFILE, ask.look);
    let Some(text) = text else { return judged };
    let homes = &ask.options.homes;
    let home = homes.variable("GRADLE_USER_HOME").filter(|home| !home.is_empty());
    let home = home.map_or_else(|| homes.home.join(".gradle"), PathBuf::from);
    let name = lockfile.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut told = Told { judged: Judged::new(lockfile), lockfile, ask, bytes: 0 };
    std::mem::swap(&mut told.judged, &mut judged);
    told.judged.watch.push(home.clone());
    if name == WRAPPER {
        told.distribution(&text, &home);
    } else if LOCKFILES.contains(&name) {
        told.locked(&text, &home);
    } else {
        let why = "there is no gradle.lockfile, and what the build needs only a run of it would tell";
        told.judged.verdict.worsen(Verdict::Doubtful(why.into()));
    }
    told.judged.verdict.worsen(Verdict::Doubtful(UNVERIFIED.into()));
    let bytes = told.bytes;
    let cache = Cache { ecosystem: "gradle".into(), path: home, bytes: Some(bytes), ..Cache::default() };
    told.judged.caches.push(cache);
    told.judged
}

struct Told<'a> {
    judged: Judged,
    lockfile: &'a Path,
    ask: &'a Ask<'a>,
    bytes: u64,
}

struct Found {
    state: ArtifactState,
    evidence: String,
    looked_in: Vec<PathBuf>,
    contents: Vec<Content>,
    bytes: Option<u64>,
}

impl Told<'_> {
    fn distribution(&mut self, text: &str, home: &Path) {
        let project = self.lockfile.ancestors().nth(3).unwrap_or(self.lockfile);
        let found = match wrapper::read(text, project, home, self.ask) {
            Ok(found) => found,
            Err(why) => {
                self.judged.verdict.worsen(Verdict::Refused(why));
                return;
            }
        };
        let archive = found.archive.zip(found.sum.and_then(|sum| hex::decode(sum.trim()).ok()));
        let content = archive.filter(|(_, bytes)| bytes.len() == Algorithm::Sha256.len()).and_then(|(path, bytes)| {
            let Seen::File(identity) = self.ask.look.at(&path) else { return None };
            Some(Content { path, sum: Sum { algorithm: Algorithm::Sha256, bytes }, identity, read: None })
        });
        let id = format!("gradle:{}", found.name);
        let looked_in = vec![found.path];
        let told = Found {
            state: found.state,
            evidence: found.evidence,
            looked_in,
            contents: content.into_iter().collect(),
            bytes: None,
        };
        self.artifact(id, ("Gradle itself", &found.version), Range::default(), false, told);
    }

    fn locked(&mut self, text: &str, home: &Path) {
        let lock = lock::read(text);
        let places = Places::new(text);
        for broken in &lock.broken {
            self.judged.broken(broken, &places);
            self.judged.verdict.worsen(Verdict::Refused("a part of the lockfile cannot be read".into()));
        }
        if lock.cut_short {
            self.judged.verdict.worsen(Verdict::Doubtful("a part of the lockfile is not read".into()));
        }
        let sums = self.sums();
        let mut roots = vec![home.join("caches/modules-2/files-2.1")];
        let shared = self.ask.options.homes.variable("GRADLE_RO_DEP_CACHE").filter(|path| !path.is_empty());
        roots.extend(shared.map(|path| Path::new(path).join("modules-2/files-2.1")));
        for one in &lock.locked {
            let found = self.module(one, &roots, &sums);
            let tests = one.configurations.split(',').all(|name| name.to_ascii_lowercase().contains("test"));
            let range = places.range(one.span.clone());
            let name = format!("{}:{}", one.group, one.name);
            self.artifact(one.id(), (&name, &one.version), range, tests, found);
        }
        self.catalog(&lock.locked);
    }

    /// The checksums that the build asks for, of the nearest folder above that has them.
    fn sums(&mut self) -> Sums {
        let folders = self.lockfile.ancestors().skip(1).take(64);
        let file = folders.map(|folder| folder.join("gradle/verification-metadata.xml"));
        let Some(file) = file.into_iter().find(|file| matches!(self.ask.look.at(file), Seen::File(_))) else {
            return Sums::new();
        };
        self.judged.watch.push(file.clone());
        let read = self.ask.look.text(&file, LARGEST_LOCKFILE).map_err(|why| why.to_string());
        read.and_then(|text| sums::read(&text)).unwrap_or_else(|why| {
            self.judged.verdict.worsen(Verdict::Refused(format!("{}: {why}", file.display())));
            Sums::new()
        })
    }

    /// The files that the cache has of a module: below a folder for each, whose name is the file's SHA-1.
    fn module(&self, one: &Locked, roots: &[PathBuf], sums: &Sums) -> Found {
        let plain = |part: &str| !part.contains(['/', '\\', '\0']) && part != "." && part != "..";
        let mut found = Found {
            state: ArtifactState::Missing,
            evidence: "Gradle's cache has nothing of it".into(),
            looked_in: Vec::new(),
            contents: Vec::new(),
            bytes: None,
        };
        if ![&one.group, &one.name, &one.version].into_iter().all(|part| plain(part)) {
            found.state = ArtifactState::Unknown;
            found.evidence = "its coordinates have characters that no repository allows".into();
            return found;
        }
        let (mut described, mut archives, mut collection) = (false, 0_usize, false);
        for root in roots {
            let folder = root.join(&one.group).join(&one.name).join(&one.version);
            self.ask.look.at(&folder);
            let own =
                std::fs::read_dir(&folder).into_iter().flatten().flatten().take(MOST_FILES).map(|entry| entry.path());
            for below in own {
                self.ask.look.at(&below);
                let files = std::fs::read_dir(&below).into_iter().flatten().flatten().take(MOST_FILES);
                for path in files.map(|entry| entry.path()) {
                    let Seen::File(identity) = self.ask.look.at(&path) else { continue };
                    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
                    match end {
                        "pom" | "module" => {
                            described = true;
                            let text = self.ask.look.text(&path, 4 << 20).unwrap_or_default();
                            collection |= text.contains("<packaging>pom</packaging>");
                        }
                        _ => archives += 1,
                    }
                    found.bytes = Some(found.bytes.unwrap_or(0) + identity.size);
                    found.contents.extend(content(&below, &path, identity));
                    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    let key = format!("{}:{}:{}/{name}", one.group, one.name, one.version);
                    found.contents.extend(sums.get(&key).map(|sum| Content {
                        path: path.clone(),
                        sum: sum.clone(),
                        identity,
                        read: None,
                    }));
                }
            }
            found.looked_in.push(folder);
        }
        (found.state, found.evidence) = match (described, archives) {
            (true, 1..) => (ArtifactState::Present, "its description and archive are in Gradle's cache".into()),
            (true, 0) if collection => {
                (ArtifactState::Present, "its description is in Gradle's cache, and it has no archive".into())
            }
            (true, 0) => (ArtifactState::Missing, "Gradle's cache has its description, and no archive of it".into()),
            (false, 1..) => (
                ArtifactState::Missing,
                "Gradle's cache has an archive of it and no description, without which Gradle does not take it".into(),
            ),
            (false, 0) => (ArtifactState::Missing, found.evidence),
        };
        found
    }

    fn artifact(&mut self, id: String, (name, version): (&str, &str), range: Range, dev: bool, found: Found) {
        let place = self.judged.artifacts.len() as u32;
        let present = found.state == ArtifactState::Present;
        let mut contents = found.contents.into_iter().filter(|_| present);
        self.judged.contents.push(contents.next());
        self.judged.shared.extend(contents.map(|content| Shared {
            broken: format!("{} has not the checksum that it must have", content.path.display()),
            content,
            artifacts: vec![place],
        }));
        self.bytes += found.bytes.filter(|_| present).unwrap_or(0);
        self.judged.repairs.push(Repair::default());
        let graph = &mut self.judged.graph;
        graph.labels.push(format!("{name} {version}"));
        graph.needs.push(Vec::new());
        graph.artifact.push(Some(place));
        self.judged.artifacts.push(Artifact {
            id,
            ecosystem: "gradle".into(),
            name: name.to_owned(),
            version: version.to_owned(),
            state: found.state,
            evidence: found.evidence,
            looked_in: found.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: None,
            other_target: false,
            dev,
            optional: false,
            bytes: found.bytes,
            file: self.lockfile.to_path_buf(),
            range,
            manifests: Vec::new(),
        });
    }

    /// The lines of the version catalog of the nearest folder above that has one.
    fn catalog(&mut self, locked: &[Locked]) {
        let folders = self.lockfile.ancestors().skip(1).take(64);
        let file = folders.map(|folder| folder.join("gradle/libs.versions.toml"));
        let Some(file) = file.into_iter().find(|file| matches!(self.ask.look.at(file), Seen::File(_))) else { return };
        let Ok(text) = self.ask.look.text(&file, 4 << 20) else { return };
        let places = Places::new(&text);
        for named in lock::catalog(&text) {
            let fits = |one: &Locked| named.key == format!("{}:{}", one.group, one.name);
            let to: Vec<u32> =
                locked.iter().enumerate().filter(|(_, one)| fits(one)).map(|(at, _)| at as u32).collect();
            if !to.is_empty() {
                let range = places.range(named.span);
                self.judged.graph.lines.push(Line { file: file.clone(), range, dependency: named.key, to });
            }
        }
        self.judged.manifests.push(file.clone());
        self.judged.watch.push(file);
    }
}

/// The checksum that the name of a file's folder is; Gradle writes it without the zeroes at its beginning.
fn content(folder: &Path, path: &Path, identity: Identity) -> Option<Content> {
    let name = folder.file_name()?.to_str()?;
    let digits = format!("{name:0>40}");
    let bytes = hex::decode(digits).ok().filter(|bytes| bytes.len() == Algorithm::Sha1.len())?;
    Some(Content { path: path.to_path_buf(), sum: Sum { algorithm: Algorithm::Sha1, bytes }, identity, read: None })
}
