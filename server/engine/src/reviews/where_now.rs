//! Where the threads of a review are in its present revision: which file theirs is now, and which lines.
//! Reads what git has of it, each text once; changes no anchor.

use super::words;
use crate::notes::placed;
use contract::{Anchor, AnchorGrade, NotePlace, ReviewSide};
use review::{Lines, Repository, renames, renames_by_commit, replace};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Files of a tree that are looked through.
const MOST: usize = 1_000_000;

/// A tree: blobs by path, and the first path of each blob.
#[derive(Default)]
struct Tree {
    blobs: HashMap<String, String>,
    paths: HashMap<String, String>,
}

/// Finds the threads of one review.
pub(super) struct Finder<'a> {
    repository: &'a dyn Repository,
    /// The revision: the commits of the old and the new side.
    sides: [String; 2],
    trees: BTreeMap<String, Arc<Tree>>,
    texts: HashMap<String, Option<Arc<str>>>,
    renamed: HashMap<(String, String), Arc<HashMap<String, String>>>,
    steps: Option<Vec<(String, String)>>,
}

impl<'a> Finder<'a> {
    pub fn new(repository: &'a dyn Repository, base: &str, head: &str) -> Self {
        let sides = [base.to_owned(), head.to_owned()];
        let (trees, texts, renamed) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        Self { repository, sides, trees, texts, renamed, steps: None }
    }

    /// Where an anchor is now.
    pub fn find(&mut self, anchor: &Anchor) -> NotePlace {
        let Some(path) = anchor.at.path.as_deref() else {
            let text = words::WHOLE_REVIEW.to_owned();
            return NotePlace { text, ..NotePlace::default() };
        };
        let Some((now, blob)) = self.file(anchor, path) else {
            return placed(AnchorGrade::Review, path, None, anchor.at.line);
        };
        let Some(line) = anchor.at.line else { return placed(AnchorGrade::Exact, &now, None, None) };
        let Some(new) = self.text(&blob) else { return placed(AnchorGrade::File, &now, None, Some(line)) };
        let new = Lines::of(&new);
        if anchor.blob.as_ref() == Some(&blob) && (line as usize) + (anchor.at.lines as usize) <= new.count() {
            let range = new.range(line as usize, anchor.at.lines.max(1) as usize);
            return placed(AnchorGrade::Exact, &now, Some(range), Some(line));
        }
        let old = anchor.blob.as_ref().and_then(|blob| self.text(blob));
        let old = old.as_deref().map(Lines::of);
        match replace(&anchor.at, old.as_ref(), &new) {
            Some((grade, first, count)) => placed(grade, &now, Some(new.range(first, count)), Some(line)),
            None => placed(AnchorGrade::File, &now, None, Some(line)),
        }
    }

    /// The file that an anchor's file is now, and its blob: under its name, where its contents went, or where git says it was renamed to.
    fn file(&mut self, anchor: &Anchor, path: &str) -> Option<(String, String)> {
        let commit = self.commit(anchor.side);
        let tree = self.tree(&commit);
        if let Some(blob) = tree.blobs.get(path) {
            return Some((path.to_owned(), blob.clone()));
        }
        if let Some(now) = anchor.blob.as_ref().and_then(|blob| tree.paths.get(blob)) {
            return Some((now.clone(), tree.blobs.get(now)?.clone()));
        }
        let direct = self.renamed(&anchor.commit, &commit).get(path).cloned();
        let now = direct.unwrap_or_else(|| self.followed(path));
        let blob = tree.blobs.get(&now)?.clone();
        Some((now, blob))
    }

    fn commit(&self, side: ReviewSide) -> String {
        self.sides[usize::from(side == ReviewSide::New)].clone()
    }

    /// The blob and the text of a file of the revision.
    pub fn text_of(&mut self, side: ReviewSide, path: &str) -> Option<(String, Arc<str>)> {
        let commit = self.commit(side);
        let blob = self.tree(&commit).blobs.get(path)?.clone();
        let text = self.text(&blob)?;
        Some((blob, text))
    }

    /// Whether the revision has a file, text or not.
    pub fn has(&mut self, side: ReviewSide, path: &str) -> bool {
        let commit = self.commit(side);
        self.tree(&commit).blobs.contains_key(path)
    }

    fn text(&mut self, blob: &str) -> Option<Arc<str>> {
        if let Some(known) = self.texts.get(blob) {
            return known.clone();
        }
        let text = self.repository.text(blob).map(Arc::from);
        self.texts.insert(blob.to_owned(), text.clone());
        text
    }

    fn renamed(&mut self, from: &str, to: &str) -> Arc<HashMap<String, String>> {
        let repository = self.repository;
        let key = (from.to_owned(), to.to_owned());
        let known = self.renamed.entry(key).or_insert_with(|| {
            let is_sound = journal::is_commit(from) && journal::is_commit(to);
            Arc::new(if is_sound { renames(repository, from, to).into_iter().collect() } else { HashMap::new() })
        });
        Arc::clone(known)
    }

    /// Where the commits of the change took a file, one after the other.
    fn followed(&mut self, path: &str) -> String {
        let [base, head] = &self.sides;
        let repository = self.repository;
        let steps = self.steps.get_or_insert_with(|| {
            let is_sound = journal::is_commit(base) && journal::is_commit(head);
            if is_sound { renames_by_commit(repository, base, head) } else { Vec::new() }
        });
        let step = |now: String, (from, to): &(String, String)| if *from == now { to.clone() } else { now };
        steps.iter().fold(path.to_owned(), step)
    }

    fn tree(&mut self, commit: &str) -> Arc<Tree> {
        if let Some(known) = self.trees.get(commit) {
            return Arc::clone(known);
        }
        let tree = Arc::new(read_tree(self.repository, commit));
        self.trees.insert(commit.to_owned(), Arc::clone(&tree));
        tree
    }
}

/// `MODE blob OID<tab>PATH` NUL, relative to the folder.
fn read_tree(repository: &dyn Repository, commit: &str) -> Tree {
    let mut tree = Tree::default();
    if !journal::is_commit(commit) {
        return tree;
    }
    let answer = repository.ask(&["ls-tree", "-r", "-z", "--end-of-options", commit]).unwrap_or_default();
    for entry in answer.split(|byte| *byte == 0).take(MOST) {
        let Ok(entry) = std::str::from_utf8(entry) else { continue };
        let Some((head, path)) = entry.split_once('\t') else { continue };
        let mut words = head.split(' ').skip(1);
        // Links and submodules have no lines.
        if words.next() != Some("blob") || head.starts_with("12") {
            continue;
        }
        let Some(blob) = words.next() else { continue };
        tree.paths.entry(blob.to_owned()).or_insert_with(|| path.to_owned());
        tree.blobs.insert(path.to_owned(), blob.to_owned());
    }
    tree
}
