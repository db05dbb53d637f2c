//! The answer about a Go module while it is gathered: its checksums, and one artifact for each module that is needed.
//! May not decide what is needed.

use super::LARGEST_LOCKFILE;
use super::env::Env;
use super::modfile::Module;
use super::project::Project;
use super::sums::{self, Sums};
use crate::dirhash;
use crate::ecosystem::{Ask, Judged, Repair, Verdict};
use crate::look::{Identity, Unread};
use crate::text::Places;
use crate::verify::{Algorithm, Content, Sum};
use contract::{Artifact, ArtifactState, Finding, Range, Severity, codes};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(super) fn malformed(file: &Path, range: Range, reason: &str) -> Finding {
    Finding {
        code: codes::MALFORMED_LOCKFILE.into(),
        severity: Severity::Error,
        message: format!("this cannot be read: {reason}"),
        file: file.to_path_buf(),
        range,
        source: "holdover".into(),
        data: None,
    }
}

/// A `go.sum` with its text.
pub(super) struct SumFile {
    pub path: PathBuf,
    pub text: String,
    pub sums: Sums,
}

/// The files of checksums that count, in the order in which Go asks them.
pub(super) fn read_sums(judged: &mut Judged, project: &Project, ask: &Ask<'_>) -> Vec<SumFile> {
    let of_work = project.work.as_ref().map(|(work, _)| work.with_extension("work.sum"));
    let of_modules = project.modules.iter().map(|own| own.path.with_extension("sum"));
    let mut out = Vec::new();
    for path in of_work.into_iter().chain(of_modules) {
        judged.watch.push(path.clone());
        let text = match ask.look.text(&path, LARGEST_LOCKFILE) {
            Ok(text) => text,
            Err(Unread::Absent) => continue,
            Err(why) => {
                let sentence = format!("the checksums were not read: {}: {why}", path.display());
                judged.findings.push(malformed(&path, Range::default(), &sentence));
                judged.verdict.worsen(match why {
                    Unread::Odd(_) => Verdict::Refused(sentence),
                    _ => Verdict::Doubtful(sentence),
                });
                continue;
            }
        };
        let sums = sums::read(&text);
        let places = Places::new(&text);
        for broken in &sums.broken {
            judged.findings.push(malformed(&path, places.range(broken.span.clone()), &broken.reason));
        }
        if sums.cut_short {
            judged.verdict.worsen(Verdict::Doubtful("a part of go.sum is not read".into()));
        } else if let Some(broken) = sums.broken.first() {
            judged.verdict.worsen(Verdict::Refused(format!("a part of go.sum cannot be read: {}", broken.reason)));
        }
        out.push(SumFile { path, text, sums });
    }
    out
}

/// What is said, while it is gathered.
pub(super) struct Told<'a> {
    pub judged: Judged,
    pub env: &'a Env,
    pub lockfile: &'a Path,
    pub sums: &'a [SumFile],
    /// By module, as go.sum would name it: its artifact.
    pub places: HashMap<Module, u32>,
    pub bytes: u64,
}

/// What an artifact is found to be.
pub(super) struct Found {
    pub state: ArtifactState,
    pub evidence: String,
    pub looked_in: Vec<PathBuf>,
    pub content: Option<(PathBuf, Identity)>,
    /// Its checksum as Go wrote it down, for where go.sum has none.
    pub sum: Option<[u8; 32]>,
    pub set_aside: Vec<PathBuf>,
}

impl Told<'_> {
    /// `module`: as go.sum names it, with `/go.mod` behind the version where only that file is needed.
    pub(super) fn tell(&mut self, module: &Module, range: Option<Range>, found: Found) -> u32 {
        let at = self.judged.artifacts.len() as u32;
        let own = self.sums.iter().find(|file| file.path == self.lockfile);
        let line = own.and_then(|file| Some((file, file.sums.of(&module.path, &module.version)?.1)));
        let range = line.map(|(file, span)| Places::new(&file.text).range(span)).or(range).unwrap_or_default();
        let sum = self.sums.iter().find_map(|file| dirhash::parse(file.sums.of(&module.path, &module.version)?.0));
        let sum = sum.or(found.sum);
        let algorithm = if module.version.ends_with("/go.mod") { Algorithm::GoMod } else { Algorithm::GoArchive };
        let bytes = found.content.as_ref().map(|(_, identity)| identity.size);
        let content = found.content.zip(sum).map(|((path, identity), sum)| Content {
            path,
            sum: Sum { algorithm, bytes: sum.to_vec() },
            identity,
            read: None,
        });
        self.bytes += if found.state == ArtifactState::Present { bytes.unwrap_or(0) } else { 0 };
        self.judged.contents.push(content.filter(|_| found.state == ArtifactState::Present));
        self.judged.repairs.push(Repair { spec: None, set_aside: found.set_aside });
        self.judged.artifacts.push(Artifact {
            id: format!("go:{}@{}", module.path, module.version),
            ecosystem: "go".into(),
            name: module.path.clone(),
            version: module.version.clone(),
            state: found.state,
            evidence: found.evidence,
            looked_in: found.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: None,
            other_target: false,
            dev: false,
            optional: false,
            bytes,
            file: self.lockfile.to_path_buf(),
            range,
            manifests: Vec::new(),
        });
        self.places.insert(module.clone(), at);
        at
    }
}
