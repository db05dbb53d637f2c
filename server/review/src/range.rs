//! What `main..feature`, a branch or a commit stands for, and what on this machine can be reviewed.
//! A name goes to git behind `--end-of-options`: none is taken for an option.

use crate::Repository;
use contract::Candidate;

/// The tree that holds nothing: what lies before a first commit.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// Branches that are listed, the newest first.
const MOST: usize = 30;
/// What a branch is usually held against, in this order.
const TRUNKS: [&str; 6] = ["origin/HEAD", "main", "master", "trunk", "origin/main", "origin/master"];
/// Where branches and pull requests that were brought along are.
const WHERE: [&str; 5] = ["refs/heads", "refs/remotes", "refs/pull", "refs/merge-requests", "refs/holdover/pull"];

/// A range as commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The commit, or the empty tree, before the change.
    pub base: String,
    /// The commit that holds it.
    pub head: String,
    /// A title for it: the branch, or the first line of the commit's message.
    pub title: String,
}

/// What a range stands for now; `None` where git does not know one of its names.
///
/// `A..B` and `A...B` are what `B` did since it left `A`; a branch is what it did since it left the main one; anything else is a commit,
/// held against its first parent.
pub fn resolve(repository: &dyn Repository, spec: &str) -> Option<Resolved> {
    let spec = spec.trim();
    let two = spec.split_once("...").or_else(|| spec.split_once(".."));
    if let Some((from, to)) = two {
        let or_here = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
        let (from, to) = (or_here(from), or_here(to));
        let (base, head) = (commit(repository, &from)?, commit(repository, &to)?);
        return Some(Resolved { base: left(repository, &base, &head).unwrap_or(base), head, title: to });
    }
    let head = commit(repository, spec)?;
    if is_branch(repository, spec)
        && let Some(base) = trunk(repository).and_then(|trunk| left(repository, &trunk, &head))
        && base != head
    {
        return Some(Resolved { base, head, title: spec.to_owned() });
    }
    let base = commit(repository, &format!("{head}^")).unwrap_or_else(|| EMPTY_TREE.to_owned());
    let title =
        repository.word(&["log", "-1", "--format=%s", "--end-of-options", &head]).unwrap_or_else(|| spec.into());
    Some(Resolved { base, head, title })
}

/// The commit of a name, here or as a remote has it.
fn commit(repository: &dyn Repository, name: &str) -> Option<String> {
    let ask = |name: &str| {
        let name = format!("{name}^{{commit}}");
        repository.word(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name])
    };
    ask(name).or_else(|| ask(&format!("refs/remotes/origin/{name}"))).filter(|oid| journal::is_commit(oid))
}

/// Where a branch left another.
fn left(repository: &dyn Repository, from: &str, head: &str) -> Option<String> {
    repository.word(&["merge-base", "--end-of-options", from, head]).filter(|oid| journal::is_commit(oid))
}

fn is_branch(repository: &dyn Repository, name: &str) -> bool {
    let known =
        |full: String| repository.word(&["rev-parse", "--verify", "--quiet", "--end-of-options", &full]).is_some();
    WHERE.iter().any(|folder| known(format!("{folder}/{name}")))
}

fn trunk(repository: &dyn Repository) -> Option<String> {
    TRUNKS.iter().find_map(|name| commit(repository, name))
}

/// Branches and pull requests on this machine that hold something that the main branch does not, the newest first.
pub fn candidates(repository: &dyn Repository) -> Vec<Candidate> {
    let Some(trunk) = trunk(repository) else { return Vec::new() };
    let unmerged = format!("--no-merged={trunk}");
    let format =
        "--format=%(objectname)%00%(refname)%00%(refname:lstrip=2)%00%(committerdate:iso-strict)%00%(contents:subject)";
    let arguments =
        [&["for-each-ref", "--sort=-committerdate", "--count=100", &unmerged, format][..], &WHERE[..]].concat();
    let answer = repository.ask(&arguments).unwrap_or_default();
    let mut found: Vec<Candidate> = Vec::new();
    for line in String::from_utf8_lossy(&answer).lines() {
        let parts: Vec<&str> = line.split('\0').collect();
        let [head, full, name, at, title] = parts[..] else { continue };
        // What a remote has of a branch that is here in the same state is the same.
        if full.ends_with("/HEAD") || found.iter().any(|known| known.head == head) || found.len() >= MOST {
            continue;
        }
        let Some(base) = left(repository, &trunk, head) else { continue };
        let (files, added, removed) = size(repository, &base, head).unwrap_or_default();
        let [head, name, at, title] = [head, name, at, title].map(str::to_owned);
        found.push(Candidate { range: name.clone(), name, head, title, at, files, added, removed });
    }
    found
}

/// Files, lines that came and lines that went.
fn size(repository: &dyn Repository, base: &str, head: &str) -> Option<(u64, u64, u64)> {
    let line = repository.word(&[
        "diff-tree",
        "-r",
        "--shortstat",
        "--no-ext-diff",
        "--no-textconv",
        "--relative",
        "--end-of-options",
        base,
        head,
    ])?;
    let number = |of: &str| {
        let part = line.split(',').find(|part| part.contains(of))?;
        part.split_whitespace().next()?.parse().ok()
    };
    Some((number("file")?, number("insertion").unwrap_or(0), number("deletion").unwrap_or(0)))
}
