//! The clone of one submodule: where git keeps it, what it is checked out at, and whether its commit is whole.
//! May not follow submodules of it; says what the next look at them rests on.

use super::modules::Module;
use crate::ecosystem::Ask;
use crate::git::repository::{Commit, Objects, Repository, folder_of};
use crate::git::{Id, Lost, Trees};
use crate::look::{Look, Seen};
use contract::ArtifactState;
use std::path::{Path, PathBuf};

/// What is known of one submodule.
pub(super) struct Found {
    pub state: ArtifactState,
    pub evidence: String,
    pub looked_in: Vec<PathBuf>,
    /// Where its own submodules are read.
    pub next: Option<Next>,
    /// Its packs, each with its checksum.
    pub packs: Vec<(PathBuf, Id)>,
    pub repair: Way,
}

/// How what is lacking is brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `git submodule update --init`.
    Clone,
    /// `git fetch` in the clone, whose working tree stays as it is.
    Fetch,
    /// Not by itself: somebody's work may be in it.
    None,
}

/// A repository whose submodules are looked at next.
pub(super) struct Next {
    pub repository: Repository,
    pub objects: Objects,
    /// What is still to be checked out; none: what is checked out counts.
    pub commit: Option<Commit>,
}

fn found(state: ArtifactState, evidence: impl Into<String>, repair: Way) -> Found {
    Found { state, evidence: evidence.into(), looked_in: Vec::new(), next: None, packs: Vec::new(), repair }
}

fn lost(why: Lost, absent: &str) -> (ArtifactState, String) {
    match why {
        Lost::Absent => (ArtifactState::Missing, absent.to_owned()),
        Lost::Damaged(why) => (ArtifactState::Corrupt, why),
        Lost::Unknown(why) => (ArtifactState::Unknown, why),
    }
}

/// A link among the folders that lead from `top` to `work`: git does not follow one.
fn linked(top: &Path, work: &Path) -> Option<PathBuf> {
    let below = work.strip_prefix(top).ok()?;
    let mut at = top.to_path_buf();
    below.components().find_map(|part| {
        at.push(part);
        crate::reach::symlink_metadata(&at).is_ok_and(|meta| meta.is_symlink()).then(|| at.clone())
    })
}

/// `top`: the working tree that it belongs to, `git`: that one's repository; `update`: how git would bring another commit in.
pub(super) fn find(
    (top, git): (&Path, &Path),
    path: &str,
    module: &Module,
    (commit, update): (&Id, &str),
    ask: &Ask<'_>,
) -> Found {
    let look = ask.look;
    let work = top.join(path);
    look.at(&work);
    if let Some(link) = linked(top, &work) {
        let why = format!("a link stands in its path, which git does not follow: {}", link.display());
        return found(ArtifactState::Corrupt, why, Way::None);
    }
    let kept = git.join("modules").join(&module.name);
    let own = match folder_of(&work, look) {
        Ok(own) => own,
        Err(why) => {
            let (state, why) = lost(why, "");
            return Found { looked_in: vec![work.join(".git")], ..found(state, why, Way::None) };
        }
    };
    let mut out = match &own {
        Some(own) => in_clone(own, Some(()), (commit, update), ask),
        None if matches!(look.at(&work), Seen::File(_) | Seen::Odd) => {
            found(ArtifactState::Corrupt, "something that is no folder stands in its place", Way::None)
        }
        None if look.at(&kept) == Seen::Absent => {
            found(ArtifactState::Missing, "it is not checked out, and was not cloned", Way::Clone)
        }
        None => in_clone(&kept, None, (commit, update), ask),
    };
    out.looked_in = own.map_or_else(|| vec![work.join(".git"), kept], |own| vec![own]);
    out
}

/// `checked_out`: there is a working tree, whose HEAD git asks for first.
fn in_clone(git: &Path, checked_out: Option<()>, (commit, update): (&Id, &str), ask: &Ask<'_>) -> Found {
    let look = ask.look;
    let short = &hex::encode(commit)[..12];
    let mut way = if checked_out.is_some() { Way::None } else { Way::Clone };
    let repository = match Repository::open(git, look) {
        Ok(repository) => repository,
        Err(why) => {
            let (state, why) =
                lost(why, &format!("its .git leads to a repository that is not there: {}", git.display()));
            let state = if state == ArtifactState::Missing { ArtifactState::Corrupt } else { state };
            return found(state, format!("its clone: {why}"), way);
        }
    };
    let head = match (checked_out, repository.head(look)) {
        (None, _) => None,
        (_, Ok(Some(head))) => Some(head),
        (_, Ok(None)) => {
            return found(
                ArtifactState::Corrupt,
                "what it is checked out at cannot be told: its HEAD has no commit",
                way,
            );
        }
        (_, Err(why)) => {
            let (state, why) = lost(why, "its HEAD is not there");
            return found(state, why, way);
        }
    };
    let objects = repository.objects(look);
    let packs: Vec<(PathBuf, Id)> = objects.packs().map(|(path, sum)| (path.to_path_buf(), sum)).collect();
    let read = |why: Lost, what: &str| {
        let (state, why) = lost(why, what);
        let evidence = if state == ArtifactState::Missing { why } else { format!("its clone: {why}") };
        (state, evidence)
    };
    if let Err(why) = objects.tree_of(commit, look) {
        let (state, evidence) = read(why, &format!("its clone does not have commit {short}"));
        if state == ArtifactState::Missing && checked_out.is_some() {
            way = Way::Fetch;
        }
        return Found { packs, ..found(state, evidence, way) };
    }
    if head == Some(*commit) {
        let next = Some(Next { repository, objects, commit: None });
        let evidence = "its commit is checked out";
        return Found { next, packs, ..found(ArtifactState::Present, evidence, Way::None) };
    }
    if checked_out.is_some() && update != "checkout" {
        let why = format!("another commit is checked out, and git would {update} it, which is not followed");
        return Found { packs, ..found(ArtifactState::Unknown, why, Way::None) };
    }
    let whole = match objects.commit(commit, ask.options.verify_budget, look) {
        Ok(whole) => whole,
        Err(why) => {
            let (state, why) = read(why, "its clone lacks some of its files");
            let evidence = format!("commit {short} is not checked out, and cannot be: {why}");
            return Found { packs, ..found(state, evidence, way) };
        }
    };
    if whole.attributes.iter().any(|text| text.contains("filter=lfs")) {
        let why = "it is not checked out, and some of its files are kept by Git LFS: whether these are here is told when it is";
        return Found { packs, ..found(ArtifactState::Unknown, why, Way::Clone) };
    }
    let evidence = match head {
        None => "its commit is whole in its clone, and can be checked out",
        Some(_) => "its commit is whole in its clone, and can be checked out in place of another",
    };
    let next = Some(Next { repository, objects, commit: Some(whole) });
    Found { next, packs, ..found(ArtifactState::Present, evidence, Way::None) }
}

/// The text of `.gitmodules` as git would find it: in the working tree, else as the index or the commit has it.
pub(super) fn modules_text(top: &Path, next: &Next, staged: Option<Id>, look: &Look) -> Result<Option<String>, Lost> {
    if let Some(commit) = &next.commit {
        return Ok(commit.modules.clone());
    }
    let path = top.join(super::FILE);
    match look.text(&path, super::LARGEST) {
        Ok(text) => return Ok(Some(text)),
        Err(crate::look::Unread::Absent) => {}
        Err(why) => return Err(Lost::Unknown(format!("{}: {why}", path.display()))),
    }
    let Some(id) = staged else { return Ok(None) };
    let (_, text) = next.objects.read(&id, look)?;
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}
