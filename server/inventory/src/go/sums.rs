//! `go.sum`: the checksums of modules and of their `go.mod` files.
//! May not look at other files.

use super::modfile::Module;
use crate::ecosystem::Broken;
use std::collections::HashMap;
use std::ops::Range as Span;

/// More lines are not read.
const MOST: usize = 400_000;

/// The checksums of one such file, or of several.
#[derive(Default)]
pub(super) struct Sums {
    /// By path and version as it stands there, `/go.mod` included: checksums in their order, with their lines.
    known: HashMap<Module, Vec<(String, Span<usize>)>>,
    pub broken: Vec<Broken>,
    /// There is more than is read.
    pub cut_short: bool,
}

/// The version under which the checksum of a module's `go.mod` stands.
pub(super) fn of_mod(version: &str) -> String {
    format!("{version}/go.mod")
}

/// What a line is about, its checksum, and where it stands.
type Line = (Module, String, Span<usize>);

/// A text's lines that have three words.
pub(super) fn lines(text: &str) -> (Vec<Line>, Vec<Broken>) {
    let (mut out, mut broken, mut start) = (Vec::new(), Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let begins = start;
        start += line.len();
        let trimmed = line.trim();
        let span = begins + (line.len() - line.trim_start().len());
        let span = span..span + trimmed.len();
        let mut words = trimmed.split_whitespace();
        match (words.next(), words.next(), words.next(), words.next()) {
            (None, ..) => {}
            (Some(path), Some(version), Some(sum), None) => {
                out.push((Module::new(path, version), sum.to_owned(), span));
            }
            _ => broken.push(Broken { span, reason: "a line of go.sum is a path, a version and a checksum".into() }),
        }
        if out.len() > MOST {
            broken.push(Broken { span: 0..0, reason: format!("there are more than the {MOST} lines that are read") });
            break;
        }
    }
    (out, broken)
}

pub(super) fn read(text: &str) -> Sums {
    let (lines, broken) = lines(text);
    let mut sums = Sums { cut_short: lines.len() > MOST, broken, ..Sums::default() };
    for (module, sum, span) in lines {
        sums.known.entry(module).or_default().push((sum, span));
    }
    sums
}

impl Sums {
    /// The checksum that Go compares with: the first of the kind that it knows.
    pub(super) fn of(&self, path: &str, version: &str) -> Option<(&str, Span<usize>)> {
        let all = self.known.get(&Module::new(path, version))?;
        all.iter().find(|(sum, _)| sum.starts_with("h1:")).map(|(sum, span)| (sum.as_str(), span.clone()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_checksum_counts_and_broken_lines_have_their_place() {
        let text =
            "a.b/c v1.0.0 h2:x\na.b/c v1.0.0 h1:y\n\n  a.b/c v1.0.0/go.mod h1:z  \nonly two\na.b/c v1.0.0 h1:w\n";
        let sums = read(text);
        assert_eq!(sums.of("a.b/c", "v1.0.0").unwrap().0, "h1:y");
        let (sum, span) = sums.of("a.b/c", &of_mod("v1.0.0")).unwrap();
        assert_eq!((sum, &text[span]), ("h1:z", "a.b/c v1.0.0/go.mod h1:z"));
        assert_eq!(sums.broken.len(), 1);
        assert_eq!(&text[sums.broken[0].span.clone()], "only two");
    }

    #[test]
    fn a_file_of_a_million_lines_is_cut_short_and_says_so() {
        let text = "a.b/c v1.0.0 h1:y\n".repeat(1_000_000);
        let sums = read(&text);
        assert!(sums.cut_short && sums.broken.len() == 1);
    }
}
