//! The judgement of one repository: each file that Git LFS keeps, in git's index and at HEAD, and the object that it leads to.
//! May not look at what is kept itself; the contents' checksums are compared as others are.

use super::attributes::{Attributes, Decided};
use super::settings::{self, Told};
use super::{FILE, LARGEST, pointer, top};
use crate::ecosystem::{Ask, Judged, Line, Repair, Verdict};
use crate::git::repository::{Objects, Repository, folder_of};
use crate::git::{Id, Kind, Lost, Trees, index};
use crate::look::{Seen, Unread};
use crate::text::Places;
use crate::verify::{Algorithm, Content, Sum};
use contract::{Artifact, ArtifactState, Cache, Range};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// More files that are kept are not looked at.
const MOST: usize = 100_000;
/// More files of attributes of one repository are not read.
const MOST_FILES: usize = 10_000;

/// A file that Git LFS keeps, as git has it.
struct Kept {
    path: String,
    id: Id,
    by: Decided,
}

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST, ask.look);
    if text.is_none() {
        return judged;
    }
    let folder = lockfile.parent().unwrap_or(lockfile);
    let Some(top) = top(folder, ask.look) else { return judged };
    let repository = folder_of(&top, ask.look).and_then(|git| match git {
        Some(git) => Repository::open(&git, ask.look),
        None => Err(Lost::Absent),
    });
    let repository = match repository {
        Ok(repository) => repository,
        Err(why) => {
            judged.verdict.worsen(verdict(why, "git's repository"));
            return judged;
        }
    };
    judged.watch.push(repository.git.join("index"));
    let objects = repository.objects(ask.look);
    match kept(&top, &repository, &objects, ask) {
        Ok(Everything { kept, texts, told, cut }) => {
            told.doubts.iter().for_each(|why| judged.verdict.worsen(Verdict::Doubtful(why.clone())));
            if cut {
                let why = format!("more than {MOST} files that Git LFS keeps are not looked at");
                judged.verdict.worsen(Verdict::Doubtful(why));
            }
            judged.manifests = texts.keys().map(|folder| top.join(folder).join(FILE)).collect();
            tell(&mut judged, &top, kept, &texts, &objects, &told, ask);
        }
        Err(why) => judged.verdict.worsen(verdict(why, "git's index")),
    }
    judged
}

fn verdict(why: Lost, what: &str) -> Verdict {
    match why {
        Lost::Absent => Verdict::Refused(format!("{what} is not there")),
        Lost::Damaged(why) => Verdict::Refused(why),
        Lost::Unknown(why) => Verdict::Doubtful(why),
    }
}

struct Everything {
    kept: Vec<Kept>,
    /// By folder: the texts of `.gitattributes` in the working tree.
    texts: BTreeMap<String, String>,
    told: Told,
    /// There are more.
    cut: bool,
}

/// What git's index and HEAD have that Git LFS keeps.
fn kept(top: &Path, repository: &Repository, objects: &Objects, ask: &Ask<'_>) -> Result<Everything, Lost> {
    let look = ask.look;
    let bytes = repository.index(look)?;
    let (mut files, mut lfsconfig): (BTreeMap<String, Id>, _) = (BTreeMap::new(), None);
    let mut tree = None;
    if let Some(bytes) = &bytes {
        tree = index::read(bytes, &mut |entry| {
            let Ok(path) = std::str::from_utf8(entry.path) else { return };
            if path == ".lfsconfig" {
                lfsconfig = Some(entry.id);
            }
            let folder = path.strip_suffix(FILE).filter(|folder| folder.is_empty() || folder.ends_with('/'));
            if let Some(folder) = folder.filter(|_| files.len() < MOST_FILES) {
                files.insert(folder.trim_end_matches('/').to_owned(), entry.id);
            }
        })?;
    }
    let of_object = |id: &Id| objects.read(id, look).map(|(_, text)| String::from_utf8_lossy(&text).into_owned());
    let lfsconfig = lfsconfig.map(|id| of_object(&id)).transpose()?;
    let told = settings::read(top, repository, objects, lfsconfig, ask);
    let mut attributes = Attributes::default();
    let optional = |path: &Path| match look.text(path, LARGEST) {
        Ok(text) => Ok(Some(text)),
        Err(Unread::Absent) => Ok(None),
        Err(why) => Err(Lost::Unknown(format!("{}: {why}", path.display()))),
    };
    for path in &told.attributes {
        attributes.usual(&optional(path)?.unwrap_or_default());
    }
    let mut texts = BTreeMap::new();
    let folders = std::iter::once(String::new()).chain(files.keys().filter(|folder| !folder.is_empty()).cloned());
    for folder in folders {
        let text = optional(&top.join(&folder).join(FILE))?;
        let staged = files.get(&folder).filter(|_| text.is_none()).map(of_object).transpose()?;
        let Some(used) = text.as_ref().or(staged.as_ref()) else { continue };
        attributes.of_folder(&folder, used);
        if folder.is_empty() {
            attributes.of_repository(&optional(&repository.common.join("info/attributes"))?.unwrap_or_default());
        }
        texts.extend(text.map(|text| (folder, text)));
    }
    let mut out = Everything { kept: Vec::new(), texts, told, cut: false };
    if attributes.is_empty() {
        return Ok(out);
    }
    let mut seen: HashSet<(String, Id)> = HashSet::new();
    let mut add = |mode: u32, path: &str, id: &Id| {
        if mode & 0o170_000 != 0o100_000 {
            return;
        }
        let Some(by) = attributes.keeps(path) else { return };
        if out.kept.len() >= MOST {
            out.cut = true;
        } else if seen.insert((path.to_owned(), *id)) {
            out.kept.push(Kept { path: path.to_owned(), id: *id, by });
        }
    };
    if let Some(bytes) = &bytes {
        index::read(bytes, &mut |entry| {
            if let Ok(path) = std::str::from_utf8(entry.path) {
                add(entry.mode, path, &entry.id);
            }
        })?;
    }
    if let Some(head) = repository.head(look)? {
        let own = objects.tree_of(&head, look)?;
        if tree != Some(own) {
            objects.each_file(&own, look, &mut |mode, path, id| {
                add(mode, path, id);
                Ok(())
            })?;
        }
    }
    if attributes.is_exhausted() {
        let why = "its patterns take too long to compare: not every file was looked at";
        out.told.doubts.push(why.to_owned());
    }
    Ok(out)
}

/// Tells of each file whose pointer was found.
fn tell(
    judged: &mut Judged,
    top: &Path,
    kept: Vec<Kept>,
    texts: &BTreeMap<String, String>,
    objects: &Objects,
    told: &Told,
    ask: &Ask<'_>,
) {
    let mut pointed = Vec::new();
    for file in kept {
        match leads_to(&file.id, objects, ask) {
            Ok(Some(pointer)) if pointer.size > 0 => pointed.push((file, Ok(pointer))),
            // What git has is the file itself, or an empty one.
            Ok(_) => {}
            Err(why) => pointed.push((file, Err(why))),
        }
    }
    let own = told.folders.first().cloned().unwrap_or_default();
    let known = |at: &Result<pointer::Pointer, Lost>| at.as_ref().ok().map(|pointer| own.join(place(pointer)));
    let paths: Vec<PathBuf> = pointed.iter().filter_map(|(_, at)| known(at)).collect();
    let mut seen = ask.look.at_all(&own, &paths).into_iter();
    let mut lines: BTreeMap<(String, usize), (Decided, Vec<u32>)> = BTreeMap::new();
    let (mut ids, mut bytes) = (HashSet::new(), 0);
    for (file, pointer) in pointed {
        let found = match &pointer {
            Ok(pointer) => {
                let at = own.join(place(pointer));
                let stands = seen.next().unwrap_or(Seen::Absent);
                let others = told.folders[1..].iter().map(|folder| folder.join(place(pointer)));
                here(pointer, at, stands, others, &top.join(&file.path), ask)
            }
            Err(Lost::Absent) => Found::not(ArtifactState::Missing, "git itself does not have its pointer"),
            Err(Lost::Damaged(why)) => Found::not(ArtifactState::Corrupt, why),
            Err(Lost::Unknown(why)) => Found::not(ArtifactState::Unknown, why),
        };
        let left_out = told.leaves_out(&file.path);
        let node = judged.graph.labels.len() as u32;
        judged.graph.labels.push(file.path.clone());
        judged.graph.needs.push(Vec::new());
        judged.graph.artifact.push(Some(judged.artifacts.len() as u32));
        let folder = file.by.folder.clone().filter(|folder| texts.contains_key(folder));
        let range = folder.as_ref().map_or_else(Range::default, |folder| {
            let line =
                lines.entry((folder.clone(), file.by.span.start)).or_insert_with(|| (file.by.clone(), Vec::new()));
            line.1.push(node);
            if top.join(folder).join(FILE) == judged.lockfile {
                Places::new(&texts[folder]).range(file.by.span.clone())
            } else {
                Range::default()
            }
        });
        let size = pointer.as_ref().ok().map(|pointer| pointer.size);
        bytes += size.filter(|_| found.state == ArtifactState::Present).unwrap_or(0);
        let version = pointer.map_or_else(|_| hex::encode(file.id), |pointer| hex::encode(pointer.oid));
        let plain = format!("lfs:{}", file.path);
        let id = if ids.insert(plain.clone()) { plain } else { format!("{plain}#{}", &version[..12]) };
        judged.contents.push(found.content.filter(|_| left_out.is_none()));
        judged.repairs.push(Repair {
            spec: Some(file.path.clone()),
            set_aside: found.looked_in.first().cloned().into_iter().collect(),
        });
        judged.artifacts.push(Artifact {
            id,
            ecosystem: "lfs".into(),
            name: file.path,
            version: version[..12].to_owned(),
            state: found.state,
            evidence: left_out.map_or(found.evidence, str::to_owned),
            looked_in: found.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: None,
            other_target: left_out.is_some(),
            dev: false,
            optional: false,
            bytes: size,
            file: judged.lockfile.clone(),
            range,
            manifests: Vec::new(),
        });
    }
    for ((folder, _), (by, nodes)) in lines {
        let node = judged.graph.labels.len() as u32;
        judged.graph.labels.push(by.pattern.clone());
        judged.graph.needs.push(nodes);
        judged.graph.artifact.push(None);
        let range = Places::new(&texts[&folder]).range(by.span);
        let file = top.join(&folder).join(FILE);
        judged.graph.lines.push(Line { file, range, dependency: by.pattern, to: vec![node] });
    }
    judged.watch.push(own.clone());
    judged.caches.push(Cache { ecosystem: "lfs".into(), path: own, bytes: Some(bytes), ..Cache::default() });
}

/// Where an object lies below the folder of objects.
pub(super) fn place(pointer: &pointer::Pointer) -> PathBuf {
    let name = hex::encode(pointer.oid);
    PathBuf::from(&name[..2]).join(&name[2..4]).join(name)
}

/// The pointer that git has; none: it has the file itself.
pub(super) fn leads_to(id: &Id, objects: &Objects, ask: &Ask<'_>) -> Result<Option<pointer::Pointer>, Lost> {
    if objects.length(id, ask.look).is_some_and(|length| length >= pointer::LARGEST) {
        return Ok(None);
    }
    let (kind, bytes) = objects.read(id, ask.look)?;
    Ok(if kind == Kind::Blob { pointer::read(&bytes) } else { None })
}

/// What is known of one object.
struct Found {
    state: ArtifactState,
    evidence: String,
    looked_in: Vec<PathBuf>,
    content: Option<Content>,
}

impl Found {
    fn not(state: ArtifactState, evidence: impl Into<String>) -> Self {
        Found { state, evidence: evidence.into(), looked_in: Vec::new(), content: None }
    }
}

/// `at`, `stands`: its own place and what stands there; `others`: where it may be borrowed from; `work`: the file in the working tree.
fn here(
    pointer: &pointer::Pointer,
    at: PathBuf,
    stands: Seen,
    others: impl Iterator<Item = PathBuf>,
    work: &Path,
    ask: &Ask<'_>,
) -> Found {
    let content = |path: PathBuf, identity| {
        let sum = Sum { algorithm: Algorithm::Sha256, bytes: pointer.oid.to_vec() };
        Content { path, sum, identity, read: None }
    };
    let present = |path: PathBuf, identity, evidence: &str| Found {
        looked_in: vec![path.clone()],
        content: Some(content(path, identity)),
        ..Found::not(ArtifactState::Present, evidence)
    };
    let seen = ask.look.at(work);
    let mut found = match stands {
        Seen::File(identity) if identity.size == pointer.size => {
            let still = matches!(seen, Seen::File(own) if own.size != pointer.size && own.size < pointer::LARGEST);
            let evidence = if still {
                "its object is here; in the working tree stands its pointer, and `git lfs checkout` puts it there"
            } else {
                "its object is here"
            };
            return present(at, identity, evidence);
        }
        Seen::File(identity) => {
            let why = format!("its object has {} bytes in place of {}", identity.size, pointer.size);
            Found::not(ArtifactState::Corrupt, why)
        }
        Seen::Absent | Seen::Dangling => Found::not(ArtifactState::Missing, "its object is not here"),
        Seen::Folder(_) => Found::not(ArtifactState::Corrupt, "a folder stands in its object's place"),
        odd => Found::not(ArtifactState::Unknown, format!("its object: {}", odd.doubt().unwrap_or_default())),
    };
    for other in others {
        match ask.look.at(&other) {
            Seen::File(identity) if identity.size == pointer.size => {
                return present(other, identity, "its object is in the repository that this one borrows from");
            }
            _ => found.looked_in.push(other),
        }
    }
    if matches!(seen, Seen::File(own) if own.size == pointer.size) {
        found.evidence.push_str("; the working tree has a file of its size, which git would not find again");
    }
    found.looked_in.insert(0, at);
    found
}
