//! What lies in the commits of a remote's refs: names and lengths, which are claims, and hints. Nothing is read here but names.

use super::refs::is_object;
use crate::name::{SegmentName, Stray, log_folder, shown};
use crate::remote::Head;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most names that are looked at in one commit: what is beyond is said and not read.
pub(super) const MOST_NAMES: usize = 200_000;
/// Other names that are kept of one commit.
const MOST_STRAYS: usize = 100;

/// A file in a commit: the object, in hex, and its length in bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Blob {
    pub object: String,
    pub bytes: u64,
}

/// What one commit holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// `FORMAT.json`.
    pub format: Option<Blob>,
    /// What stands in it, once that was read.
    pub description: Option<Vec<u8>>,
    pub segments: BTreeMap<SegmentName, Blob>,
    pub heads: Vec<Head>,
    /// Everything else, by its name.
    pub strays: Vec<(String, Stray)>,
    /// There are more names than are looked at.
    pub cut: bool,
}

impl Tree {
    /// Takes a line of `ls-tree -r -l --full-tree`: mode, type, object and length, a tab, and the path, quoted where git has to.
    pub fn take(&mut self, line: &str) {
        let Some((about, path)) = line.split_once('\t') else { return };
        let mut parts = about.split_ascii_whitespace();
        let (mode, kind, object, bytes) = (parts.next(), parts.next(), parts.next(), parts.next());
        let blob = object.zip(bytes.and_then(|bytes| bytes.parse().ok())).filter(|(object, _)| is_object(object));
        // A link or a submodule is no file of ours.
        let is_file = kind == Some("blob") && matches!(mode, Some("100644" | "100755"));
        let Some((object, bytes)) = blob.filter(|_| is_file) else { return self.stray(path) };
        let blob = Blob { object: object.to_owned(), bytes };
        let mut names = path.split('/');
        match (names.next(), names.next(), names.next(), names.next()) {
            (Some("FORMAT.json"), None, ..) => self.format = Some(blob),
            (Some("seg"), Some(folder), Some(file), None) => match SegmentName::read(folder, file) {
                Some(name) => drop(self.segments.insert(name, blob)),
                None => self.stray(path),
            },
            (Some("heads"), Some(folder), Some(seq), None) => {
                let head = log_folder(folder).zip(seq.parse::<u64>().ok().filter(|n| n.to_string() == seq));
                match head {
                    Some(((lane, log), seq)) if i64::try_from(seq).is_ok() => self.heads.push(Head { lane, log, seq }),
                    _ => self.stray(path),
                }
            }
            _ => self.stray(path),
        }
    }

    fn stray(&mut self, path: &str) {
        if self.strays.len() < MOST_STRAYS {
            let stray = Stray::of(path.rsplit('/').next().unwrap_or(path));
            self.strays.push((shown(path), stray));
        }
    }

    /// As it is kept, so that the next look need not ask git: one line a name, of a commit that never changes.
    pub fn written(&self, commit: &str, to: &mut String) {
        let _ = writeln!(to, "commit {commit} {}", u8::from(self.cut));
        if let Some(description) = &self.description {
            let _ = writeln!(to, "description {}", hex::encode(description));
        }
        let mut line = |blob: &Blob, path: &str| {
            let _ = writeln!(to, "100644 blob {} {}\t{path}", blob.object, blob.bytes);
        };
        if let Some(format) = &self.format {
            line(format, "FORMAT.json");
        }
        for (name, blob) in &self.segments {
            line(blob, &name.to_string());
        }
        let none = Blob { object: "0".repeat(40), bytes: 0 };
        for head in &self.heads {
            line(&none, &head_path(head));
        }
        for (name, _) in &self.strays {
            let _ = writeln!(to, "120000 blob - -\t{name}");
        }
    }
}

/// The last line of what is kept: without it the file is not whole.
pub(super) const END: &str = "end\n";

/// Reads what [`Tree::written`] wrote, for several commits. What cannot be read is asked of git again.
pub(super) fn read_kept(text: &str) -> BTreeMap<String, Tree> {
    let mut trees: BTreeMap<String, Tree> = BTreeMap::new();
    let Some(text) = text.strip_suffix(END) else { return trees };
    let mut at: Option<(String, Tree)> = None;
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("commit ") {
            if let Some((commit, tree)) = at.take() {
                trees.insert(commit, tree);
            }
            let (commit, cut) = head.split_once(' ').unwrap_or((head, "0"));
            at = is_object(commit).then(|| (commit.to_owned(), Tree { cut: cut == "1", ..Tree::default() }));
        } else if let Some((_, tree)) = &mut at {
            match line.strip_prefix("description ") {
                Some(description) => tree.description = hex::decode(description).ok(),
                None => tree.take(line),
            }
        }
    }
    if let Some((commit, tree)) = at {
        trees.insert(commit, tree);
    }
    trees
}

/// Where a hint lies: its place is part of its name, so that nothing has to be read for it.
pub(super) fn head_path(head: &Head) -> String {
    format!("heads/{:x}-{}/{}", head.lane, hex::encode(head.log), head.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn tree(lines: &[String]) -> Tree {
        let mut tree = Tree::default();
        for line in lines {
            tree.take(line);
        }
        tree
    }

    #[test]
    fn names_in_a_commit_are_told_apart_and_kept_as_they_were_read() {
        let name = SegmentName { lane: 2, log: [7; 16], first: 1, last: 3, hash: [9; 16], copy: 1 };
        let line = |mode: &str, kind: &str, size: &str, path: &str| format!("{mode} {kind} {OBJECT} {size:>7}\t{path}");
        let lines = [
            line("100644", "blob", "12", "FORMAT.json"),
            line("100644", "blob", "512", &name.to_string()),
            line("100644", "blob", "0", &format!("heads/2-{}/3", "07".repeat(16))),
            line("120000", "blob", "9", &name.in_copy(2).to_string()),
            line("160000", "commit", "-", "seg/module"),
            line("100644", "blob", "1", "\"odd\\tname\""),
            line("100644", "blob", "1", &format!("heads/2-{}/03", "07".repeat(16))),
            line("100644", "blob", "1", "seg/2-00/x.seg"),
        ];
        let tree = Tree { description: Some(b"{}".to_vec()), ..tree(&lines) };
        assert_eq!(tree.segments.get(&name), Some(&Blob { object: OBJECT.to_owned(), bytes: 512 }));
        assert_eq!(tree.heads, [Head { lane: 2, log: [7; 16], seq: 3 }]);
        assert_eq!((tree.segments.len(), tree.strays.len(), tree.format.is_some()), (1, 5, true));
        let mut kept = String::new();
        tree.written(OBJECT, &mut kept);
        assert!(read_kept(&kept).is_empty(), "it is not whole");
        kept += END;
        let again = &read_kept(&kept)[OBJECT];
        assert_eq!((&again.segments, &again.heads, &again.format), (&tree.segments, &tree.heads, &tree.format));
        assert_eq!(again.description, tree.description);
        assert_eq!(again.strays.len(), 5);
        for broken in ["", "end\n", "commit x\nend\n", "100644 blob x\tFORMAT.json\nend\n"] {
            assert!(read_kept(broken).is_empty(), "{broken:?}");
        }
    }
}
