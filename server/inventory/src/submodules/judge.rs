//! The judgement of one `.gitmodules`: every submodule that the index names, and the submodules of these.
//! May not look into a clone itself.

use super::clone::{self, Found, Next, Way, find};
use super::modules::{self, Module};
use super::{LARGEST, id};
use crate::ecosystem::{Ask, Judged, Repair, Shared, Verdict};
use crate::git::config::{Settings, truth};
use crate::git::repository::{Repository, folder_of};
use crate::git::{Id, Lost, index};
use crate::look::Seen;
use crate::text::Places;
use crate::verify::{Algorithm, Content, Sum};
use contract::{Artifact, ArtifactState, Cache, Range};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// More submodules are not looked at, those of submodules included.
const MOST: usize = 10_000;
/// Submodules in submodules deeper than this are not followed.
const DEEPEST: usize = 32;
/// More folders are not watched.
const MOST_WATCHED: usize = 200;

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST, ask.look);
    let Some(text) = text else { return judged };
    let folder = lockfile.parent().unwrap_or(lockfile);
    if crate::reach::symlink_metadata(lockfile).is_ok_and(|meta| meta.is_symlink()) {
        judged.verdict.worsen(Verdict::Refused("git does not read a .gitmodules that is a link".into()));
    }
    let repository = folder_of(folder, ask.look).and_then(|git| match git {
        Some(git) => Repository::open(&git, ask.look).map_err(|why| match why {
            Lost::Absent => Lost::Damaged(format!(".git leads to a repository that is not there: {}", git.display())),
            why => why,
        }),
        None => Err(Lost::Damaged("this folder is no repository".into())),
    });
    let mut told = Told {
        places: Places::new(&text),
        lines: modules::read(&text).modules.iter().filter_map(|m| Some((m.path.clone()?, m.span.clone()))).collect(),
        judged,
        lockfile,
        ask,
        seen: HashSet::new(),
        bytes: 0,
    };
    let git = match repository {
        Ok(repository) => {
            let git = repository.git.clone();
            told.judged.watch.extend([git.join("index"), git.join("modules")]);
            let objects = repository.objects(ask.look);
            told.repository(folder, "", &Next { repository, objects, commit: None }, 0, None);
            git
        }
        Err(why) => {
            told.judged.verdict.worsen(verdict(why, "git's repository"));
            folder.join(".git")
        }
    };
    let Told { mut judged, bytes, .. } = told;
    judged.caches.push(Cache {
        ecosystem: "submodules".into(),
        path: git.join("modules"),
        bytes: Some(bytes),
        ..Cache::default()
    });
    judged
}

fn verdict(why: Lost, what: &str) -> Verdict {
    match why {
        Lost::Absent => Verdict::Refused(format!("{what} is not there")),
        Lost::Damaged(why) => Verdict::Refused(why),
        Lost::Unknown(why) => Verdict::Doubtful(why),
    }
}

struct Told<'a> {
    judged: Judged,
    places: Places<'a>,
    /// By path: where the lockfile names it.
    lines: HashMap<String, std::ops::Range<usize>>,
    lockfile: &'a Path,
    ask: &'a Ask<'a>,
    /// Repositories whose submodules were looked at.
    seen: HashSet<PathBuf>,
    bytes: u64,
}

impl Told<'_> {
    /// All submodules of one repository; `prefix`: its own path, with a slash behind it; `parent`: its node.
    fn repository(&mut self, top: &Path, prefix: &str, next: &Next, depth: usize, parent: Option<u32>) {
        let look = self.ask.look;
        if depth > DEEPEST || !self.seen.insert(next.repository.git.clone()) {
            let why = format!("submodules of {prefix} are not followed: they lie too deep, or lead back");
            self.judged.verdict.worsen(Verdict::Doubtful(why));
            return;
        }
        let links = match links(next, look) {
            Ok(links) => links,
            Err(why) => return self.judged.verdict.worsen(verdict(why, "git's index")),
        };
        let Links { all, unmerged, modules: staged } = links;
        if unmerged {
            let why = format!("a submodule is in conflict in git's index, and git passes over it: {prefix}");
            self.judged.verdict.worsen(Verdict::Doubtful(why));
        }
        if all.is_empty() {
            return;
        }
        let text = match clone::modules_text(top, next, staged, look) {
            Ok(text) => text.unwrap_or_default(),
            Err(why) => return self.judged.verdict.worsen(verdict(why, ".gitmodules")),
        };
        let read = modules::read(&text);
        if let Some(broken) = &read.broken {
            if depth == 0 {
                self.judged.broken(broken, &self.places);
            }
            let why = format!("git does not read {prefix}.gitmodules: {}", broken.reason);
            self.judged.verdict.worsen(Verdict::Refused(why));
        }
        let mut named: HashMap<&str, Vec<&Module>> = HashMap::new();
        for module in &read.modules {
            named.entry(module.path.as_deref().unwrap_or_default()).or_default().push(module);
        }
        for (path, commit) in all {
            if self.judged.artifacts.len() >= MOST {
                let why = format!("more than {MOST} submodules are not looked at");
                self.judged.verdict.worsen(Verdict::Doubtful(why));
                return;
            }
            let own = named.get(path.as_str()).map_or(&[][..], Vec::as_slice);
            self.submodule(top, prefix, next, own, (&path, commit), depth, parent);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "each is a part of where the submodule stands")]
    fn submodule(
        &mut self,
        top: &Path,
        prefix: &str,
        next: &Next,
        modules: &[&Module],
        (path, commit): (&str, Id),
        depth: usize,
        parent: Option<u32>,
    ) {
        let settings = &next.repository.settings;
        let whole = format!("{prefix}{path}");
        let address =
            |module: &Module| module.url.is_some() || settings.last("submodule", Some(&module.name), "url").is_some();
        let chosen = modules.first().copied();
        let active = self.is_active(settings, path, chosen);
        if !active {
            self.artifact(
                &whole,
                &commit,
                Found::left_out("submodule.active leaves it out"),
                None,
                depth,
                parent,
                true,
            );
            return;
        }
        let Some(module) = chosen.filter(|module| address(module)) else {
            let why = format!("git finds no address for the submodule {whole} in {prefix}.gitmodules");
            self.judged.malformed(Range::default(), why.clone());
            return self.judged.verdict.worsen(Verdict::Refused(why));
        };
        if modules.len() > 1 {
            let why = format!("two submodules of {prefix}.gitmodules have the path {whole}");
            self.judged.verdict.worsen(Verdict::Doubtful(why));
        }
        let own = settings.last("submodule", Some(&module.name), "update");
        let update = own.or(module.update.as_deref()).unwrap_or("checkout");
        if update == "none" {
            let why = "git is told not to bring it (update = none)";
            self.artifact(&whole, &commit, Found::left_out(why), None, depth, parent, true);
            return;
        }
        let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
        if !path.split('/').all(plain) {
            let why = format!("git's index has a path that git does not take: {whole}");
            return self.judged.verdict.worsen(Verdict::Refused(why));
        }
        let found = find((top, &next.repository.git), path, module, (&commit, update), self.ask);
        let below = self.artifact(&whole, &commit, found, Some((top, path)), depth, parent, false);
        if let Some((below, node)) = below {
            self.repository(&top.join(path), &format!("{whole}/"), &below, depth + 1, Some(node));
        }
    }

    /// Whether `submodule.active` has it, where that is set; otherwise all are made active first. What `.gitmodules` does not name
    /// is never active.
    fn is_active(&mut self, settings: &Settings, path: &str, module: Option<&Module>) -> bool {
        let patterns: Vec<&str> = settings.all("submodule", "active").collect();
        if patterns.is_empty() {
            return true;
        }
        let Some(module) = module else { return false };
        if let Some(own) = settings.last("submodule", Some(&module.name), "active").and_then(truth) {
            return own;
        }
        if patterns.iter().any(|pattern| pattern.contains(['*', '?', '[', '\\']) || pattern.starts_with(':')) {
            let why = "submodule.active has patterns that are not followed".to_owned();
            self.judged.verdict.worsen(Verdict::Doubtful(why));
            return true;
        }
        patterns.iter().map(|pattern| pattern.trim_end_matches('/')).any(|pattern| {
            pattern == "." || path.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Tells of one; gives what its own submodules are read from, and its node.
    #[allow(clippy::too_many_arguments, reason = "each is a part of what is told")]
    fn artifact(
        &mut self,
        path: &str,
        commit: &Id,
        mut found: Found,
        place: Option<(&Path, &str)>,
        depth: usize,
        parent: Option<u32>,
        left_out: bool,
    ) -> Option<(Next, u32)> {
        let at = self.judged.artifacts.len() as u32;
        let span = self.lines.get(path).filter(|_| depth == 0).cloned();
        let range = span.map_or_else(Range::default, |span| self.places.range(span));
        let graph = &mut self.judged.graph;
        let node = graph.labels.len() as u32;
        graph.labels.push(path.to_owned());
        graph.needs.push(Vec::new());
        graph.artifact.push(Some(at));
        if let Some(parent) = parent {
            graph.needs[parent as usize].push(node);
        }
        let mut contents = Vec::new();
        for (pack, sum) in std::mem::take(&mut found.packs) {
            if let Seen::File(identity) = self.ask.look.at(&pack) {
                self.bytes += identity.size;
                let sum = Sum { algorithm: Algorithm::GitPack, bytes: sum.to_vec() };
                contents.push(Content { path: pack, sum, identity, read: None });
            }
        }
        let bytes = contents.iter().map(|content| content.identity.size).sum();
        let present = found.state == ArtifactState::Present;
        let mut contents = contents.into_iter().filter(|_| present);
        self.judged.contents.push(contents.next());
        let broken = "a pack of its objects is damaged: it has another checksum than its index says";
        self.judged.shared.extend(contents.map(|content| Shared {
            content,
            artifacts: vec![at],
            broken: broken.into(),
        }));
        if self.judged.watch.len() < MOST_WATCHED {
            self.judged.watch.extend(found.looked_in.iter().cloned());
        }
        self.judged.repairs.push(repair(&found, place));
        self.judged.artifacts.push(Artifact {
            id: id(path),
            ecosystem: "submodules".into(),
            name: path.to_owned(),
            version: hex::encode(commit)[..12].to_owned(),
            state: found.state,
            evidence: found.evidence,
            looked_in: found.looked_in,
            verified: false,
            needed_by: Vec::new(),
            target: None,
            other_target: left_out,
            dev: false,
            optional: false,
            bytes: Some(bytes).filter(|bytes| *bytes > 0),
            file: self.lockfile.to_path_buf(),
            range,
            manifests: Vec::new(),
        });
        found.next.take().map(|next| (next, node))
    }
}

/// The step that brings it, on lines: the way, the folder that git runs in, and the path below it.
fn repair(found: &Found, place: Option<(&Path, &str)>) -> Repair {
    let Some((top, path)) = place else { return Repair::default() };
    let way = match found.repair {
        Way::Clone => "clone",
        Way::Fetch => "fetch",
        Way::None => return Repair::default(),
    };
    // The clone alone, where nothing is checked out from it: git would take it for whole.
    let kept = found.looked_in.get(1).filter(|_| found.state == ArtifactState::Corrupt && found.repair == Way::Clone);
    Repair { spec: Some(format!("{way}\n{}\n{path}", top.display())), set_aside: kept.into_iter().cloned().collect() }
}

/// What a repository's index, or a commit of it, names.
struct Links {
    all: Vec<(String, Id)>,
    /// A submodule is in conflict.
    unmerged: bool,
    /// The object that `.gitmodules` is there.
    modules: Option<Id>,
}

fn links(next: &Next, look: &crate::look::Look) -> Result<Links, Lost> {
    let mut links = Links { all: Vec::new(), unmerged: false, modules: None };
    if let Some(commit) = &next.commit {
        links.all.clone_from(&commit.links);
        links.all.sort();
        return Ok(links);
    }
    let Some(bytes) = next.repository.index(look)? else { return Ok(links) };
    let mut odd = false;
    index::read(&bytes, &mut |entry| {
        if entry.path == b".gitmodules" && entry.stage == 0 {
            links.modules = Some(entry.id);
        }
        if entry.mode != index::GITLINK || links.all.len() > MOST {
            return;
        }
        links.unmerged |= entry.stage != 0;
        match std::str::from_utf8(entry.path) {
            Ok(path) if entry.stage == 0 => links.all.push((path.to_owned(), entry.id)),
            Ok(_) => {}
            Err(_) => odd = true,
        }
    })?;
    if odd {
        return Err(Lost::Unknown("the path of a submodule is no UTF-8, which is not read".into()));
    }
    Ok(links)
}

impl Found {
    /// What git passes over.
    fn left_out(why: &str) -> Self {
        Found {
            state: ArtifactState::Unknown,
            evidence: why.to_owned(),
            looked_in: Vec::new(),
            next: None,
            packs: Vec::new(),
            repair: Way::None,
        }
    }
}
