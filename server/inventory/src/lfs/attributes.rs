//! Which files Git LFS keeps: what `.gitattributes` and its like say of `filter`, as git works it out.
//! May read nothing itself.

use crate::git::wildmatch::Pattern;
use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range as Span;

/// More lines of one file are not taken up.
const MOST: usize = 100_000;
/// More steps are not taken to compare paths with patterns: some seconds.
const MOST_STEPS: u64 = 1_000_000_000;
/// A macro that names others is followed so far.
const DEEPEST: usize = 16;

/// A line that says something of `filter`.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub pattern: String,
    matcher: Pattern,
    /// `filter=lfs`, or another, or none.
    pub lfs: bool,
    /// The pattern in the text.
    pub span: Span<usize>,
}

/// One name of attributes for several.
type Macros = HashMap<String, Vec<String>>;

/// Everything that decides about the files of one repository.
#[derive(Default)]
pub(super) struct Attributes {
    /// Before all others: `info/attributes`.
    first: Vec<Rule>,
    /// By folder, relative to the top.
    folders: HashMap<String, Vec<Rule>>,
    /// After all others: those of the user and of the system.
    last: Vec<Rule>,
    macros: Macros,
    steps: Cell<u64>,
}

/// Where the line stands that decides about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    /// The folder of the `.gitattributes`; none: another file.
    pub folder: Option<String>,
    pub pattern: String,
    pub span: Span<usize>,
}

/// The rules of a text, with the macros that are known; `defines`: macros may be defined in it.
fn rules(text: &str, macros: &mut Macros, defines: bool) -> Vec<Rule> {
    let mut out = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n').take(MOST) {
        let begin = at;
        at += line.len();
        let bare = line.trim_start_matches([' ', '\t', '\r', '\n']);
        let begin = begin + line.len() - bare.len();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let Some((pattern, length)) = pattern(bare) else { continue };
        let words: Vec<String> = bare[length..].split_ascii_whitespace().map(str::to_owned).collect();
        if let Some(name) = pattern.strip_prefix("[attr]") {
            if defines {
                macros.insert(name.to_owned(), words);
            }
            continue;
        }
        if pattern.starts_with('!') {
            continue;
        }
        if let Some(lfs) = filter(&words, macros, 0) {
            out.push(Rule { matcher: Pattern::new(&pattern), pattern, lfs, span: begin..begin + length });
        }
    }
    out
}

/// The pattern at the beginning of a line, and how many bytes it takes.
fn pattern(line: &str) -> Option<(String, usize)> {
    let Some(quoted) = line.strip_prefix('"') else {
        let end = line.find([' ', '\t', '\r', '\n']).unwrap_or(line.len());
        return Some((line[..end].to_owned(), end));
    };
    let (mut out, mut letters) = (String::new(), quoted.char_indices());
    while let Some((at, c)) = letters.next() {
        match c {
            '"' => return Some((out, at + 2)),
            '\\' => match letters.next()?.1 {
                c @ ('"' | '\\') => out.push(c),
                't' => out.push('\t'),
                // Other escapes are bytes; what they stand for is hardly a name.
                _ => return None,
            },
            c => out.push(c),
        }
    }
    None
}

/// What attributes say of `filter`: the last that says something.
fn filter(words: &[String], macros: &Macros, depth: usize) -> Option<bool> {
    words.iter().rev().find_map(|word| match word.as_str() {
        "filter=lfs" => Some(true),
        "filter" | "-filter" | "!filter" => Some(false),
        other if other.starts_with("filter=") => Some(false),
        name => macros.get(name).filter(|_| depth < DEEPEST).and_then(|words| filter(words, macros, depth + 1)),
    })
}

impl Attributes {
    /// Those of the user and of the system, the weakest first; before all others.
    pub(super) fn usual(&mut self, text: &str) {
        let mut rules = rules(text, &mut self.macros, true);
        self.last.append(&mut rules);
    }

    /// The `.gitattributes` of a folder, relative to the top; that of the top itself before others.
    pub(super) fn of_folder(&mut self, folder: &str, text: &str) {
        let rules = rules(text, &mut self.macros, folder.is_empty());
        self.folders.insert(folder.to_owned(), rules);
    }

    /// The repository's own `info/attributes`; after the top's.
    pub(super) fn of_repository(&mut self, text: &str) {
        self.first = rules(text, &mut self.macros, true);
    }

    /// Whether there is nothing to decide.
    pub(super) fn is_empty(&self) -> bool {
        let lfs = |rules: &Vec<Rule>| rules.iter().any(|rule| rule.lfs);
        !lfs(&self.first) && !lfs(&self.last) && !self.folders.values().any(lfs)
    }

    /// Whether comparing took more steps than are taken, and what was asked since is not answered.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.get() > MOST_STEPS
    }

    /// The line by which Git LFS keeps a file; none: it does not.
    pub(super) fn keeps(&self, path: &str) -> Option<Decided> {
        let of = |rules: &[Rule], folder: Option<&str>, below: &str| -> Option<Option<Decided>> {
            let mut steps = self.steps.get();
            let one = |rule: &&Rule| steps <= MOST_STEPS && rule.matcher.is_file_in(below, &mut steps);
            let found = rules.iter().rev().find(one);
            self.steps.set(steps);
            let rule = found?;
            let (folder, pattern, span) = (folder.map(str::to_owned), rule.pattern.clone(), rule.span.clone());
            Some(rule.lfs.then_some(Decided { folder, pattern, span }))
        };
        if let Some(decided) = of(&self.first, None, path) {
            return decided;
        }
        let mut folder = path;
        loop {
            folder = folder.rfind('/').map_or("", |at| &folder[..at]);
            if let Some(rules) = self.folders.get(folder) {
                let below = if folder.is_empty() { path } else { &path[folder.len() + 1..] };
                if let Some(decided) = of(rules, Some(folder), below) {
                    return decided;
                }
            }
            if folder.is_empty() {
                return of(&self.last, None, path).flatten();
            }
        }
    }
}

/// The patterns of a text that say that Git LFS keeps what they mean, each with its place.
pub(super) fn patterns(text: &str) -> Vec<(String, Span<usize>)> {
    let rules = rules(text, &mut Macros::new(), true);
    rules.into_iter().filter(|rule| rule.lfs).map(|rule| (rule.pattern, rule.span)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_and_last_line_decides() {
        let mut all = Attributes::default();
        all.usual("*.iso filter=lfs\n");
        all.of_folder("", "[attr]big filter=lfs -text\n*.bin big\n\"a b\" filter=lfs\n*.psd filter=lfs diff=lfs # no remark\n/plain/*.bin -filter\n");
        all.of_folder("art", "*.psd !filter\nkeep/*.psd filter=lfs\n");
        let by = |all: &Attributes, path: &str| all.keeps(path).map(|decided| decided.pattern);
        assert_eq!(by(&all, "x/a.bin").as_deref(), Some("*.bin"));
        assert_eq!(by(&all, "plain/a.bin"), None);
        assert_eq!(by(&all, "art/a.psd"), None);
        assert_eq!(by(&all, "art/keep/a.psd").as_deref(), Some("keep/*.psd"));
        assert_eq!(by(&all, "a b").as_deref(), Some("a b"));
        assert_eq!(by(&all, "x.iso").as_deref(), Some("*.iso"));
        all.steps.set(MOST_STEPS + 1);
        assert!(all.is_exhausted() && all.keeps("x.iso").is_none());
        all.steps.set(0);
        all.of_repository("*.iso -filter\n");
        assert_eq!(by(&all, "x.txt"), None);
        assert_eq!(all.keeps("x.iso"), None);
    }
}
