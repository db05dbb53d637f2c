//! A Dockerfile's instructions: lines that are put together, comments left out, here-documents passed over; and the words in them.
//! May not know what an instruction means.

use std::collections::HashMap;
use std::ops::Range as Span;

/// More instructions are not read.
const MOST: usize = 100_000;

/// One instruction: its words, lines put together, and where they stand.
pub(super) struct Instruction {
    pub name: String,
    pub span: Span<usize>,
    pub text: String,
    /// Where stretches of `text` begin in it and in the file.
    stretches: Vec<(usize, usize)>,
}

impl Instruction {
    pub(super) fn place(&self, word: &Span<usize>) -> Span<usize> {
        let at = self.stretches.partition_point(|(own, _)| *own <= word.start).saturating_sub(1);
        let (own, file) = self.stretches.get(at).copied().unwrap_or((0, self.span.start));
        let begin = file + (word.start - own.min(word.start));
        begin..begin + word.len()
    }
}

/// All of them, and whether there are more than are read.
pub(super) fn instructions(text: &str, escape: char) -> (Vec<Instruction>, bool) {
    let mut lines: Vec<Span<usize>> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        lines.push(at..at + line.trim_end_matches(['\n', '\r']).len());
        at += line.len();
    }
    let nothing = |line: &Span<usize>| {
        let line = text[line.clone()].trim();
        line.is_empty() || line.starts_with('#')
    };
    let ends = Ends::of(text, &lines);
    let mut all = Vec::new();
    let mut next = 0;
    while next < lines.len() {
        let line = lines[next].clone();
        next += 1;
        if nothing(&line) {
            continue;
        }
        if all.len() >= MOST {
            return (all, true);
        }
        let shown = text[line.clone()].trim_start();
        let start = line.end - shown.len();
        let word = shown.find(char::is_whitespace).unwrap_or(shown.len());
        let mut one = Instruction {
            name: shown[..word].to_ascii_uppercase(),
            span: start..start + shown.trim_end().len(),
            text: String::new(),
            stretches: Vec::new(),
        };
        let mut part = start + word..line.end;
        loop {
            let open = text[part.clone()].trim_end().strip_suffix(escape).map(str::len);
            let kept = part.start..open.map_or(part.end, |length| part.start + length);
            one.stretches.push((one.text.len(), kept.start));
            one.text.push_str(&text[kept]);
            if open.is_none() {
                break;
            }
            // Comments and empty lines within an instruction are nothing.
            while next < lines.len() && nothing(&lines[next]) {
                next += 1;
            }
            let Some(more) = lines.get(next) else { break };
            part = more.clone();
            next += 1;
        }
        if matches!(one.name.as_str(), "RUN" | "COPY" | "ADD") {
            next = documents(&one.text, &ends, next);
        }
        all.push(one);
    }
    (all, false)
}

/// Where lines stand that hold one word alone: ends of here-documents.
struct Ends<'t> {
    plain: HashMap<&'t str, Vec<usize>>,
    /// Without tabs before them.
    tabs: HashMap<&'t str, Vec<usize>>,
}

impl<'t> Ends<'t> {
    fn of(text: &'t str, lines: &[Span<usize>]) -> Self {
        let mut ends = Ends { plain: HashMap::new(), tabs: HashMap::new() };
        for (at, line) in lines.iter().enumerate() {
            let whole = &text[line.clone()];
            let bare = whole.trim_start_matches('\t');
            if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                continue;
            }
            ends.tabs.entry(bare).or_default().push(at);
            if bare.len() == whole.len() {
                ends.plain.entry(whole).or_default().push(at);
            }
        }
        ends
    }

    /// The first line from one on that is the end of a document.
    fn from(&self, line: usize, delimiter: &str, tabs: bool) -> Option<usize> {
        let all = if tabs { &self.tabs } else { &self.plain }.get(delimiter)?;
        all.get(all.partition_point(|at| *at < line)).copied()
    }
}

/// The line after the here-documents that a command opens. One that has no end is none: nothing may be taken for its content.
fn documents(command: &str, ends: &Ends<'_>, from: usize) -> usize {
    let mut next = from;
    let mut rest = command;
    while let Some(at) = rest.find("<<") {
        rest = &rest[at + 2..];
        if rest.starts_with('<') {
            rest = rest.trim_start_matches('<');
            continue;
        }
        let tabs = rest.starts_with('-');
        let word = rest.trim_start_matches('-').trim_start_matches(['"', '\'']);
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
        let delimiter = &word[..end];
        if delimiter.is_empty() || delimiter.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        match ends.from(next, delimiter, tabs) {
            Some(last) => next = last + 1,
            None => return from,
        }
    }
    next
}

/// Words with their places.
pub(super) fn words(text: &str) -> Vec<Span<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        match (character.is_whitespace(), start) {
            (true, Some(from)) => {
                found.push(from..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    found.extend(start.map(|from| from..text.len()));
    found
}

pub(super) fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}
