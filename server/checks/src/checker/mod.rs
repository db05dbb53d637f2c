//! Linters of others: what is known of each, as data, and what their output means. It reads texts and nothing else: whoever runs
//! them is told here with which words, and gives what they said.

mod anchor;
mod cargo_json;
mod custom;
mod definition;
mod diff;
mod eslint_json;
mod found;
mod go_vet;
mod json;
mod lean;
mod lines;
mod log_lines;
mod place;
mod pre_commit;
mod rdjson;
mod ruff_json;
mod sarif;
mod sink;

pub use anchor::{moved, standing};
pub use definition::{Asked, Checker, Compiled, Format, Inputs, Mark, Says, Toolchain, checker, checkers};
pub use found::{Change, Fix, Found};
pub use json::Mapping;
pub use lines::pattern;
pub use place::{Column, Ends, Texts};

/// Findings that are kept of one run.
const MOST: usize = 10_000;
/// Findings that are kept of one file.
const MOST_OF_ONE: usize = 500;
/// Characters of a message that are kept.
const LONGEST: usize = 4000;
/// Changes of one fix.
const MOST_CHANGES: usize = 100;

/// What a run's output says.
#[derive(Debug, Default)]
pub struct Parsed {
    /// In the order of the output, each once.
    pub found: Vec<Found>,
    /// Whether the output came to its end: what was cut off says nothing of what is not in it.
    pub whole: bool,
    /// Findings in files that are no part of the workspace, or cannot be read.
    pub elsewhere: u64,
    /// Findings above what is kept.
    pub dropped: u64,
}

/// What a tool said.
struct Said<'a> {
    /// Where it writes what it found.
    text: &'a str,
    /// On its other stream.
    beside: &'a str,
}

/// What a format's text means. Nothing that it is given makes it fail, take long, or keep more than there is room for.
trait Parser {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed;
}

fn parser(format: Format) -> &'static dyn Parser {
    match format {
        Format::CargoJson => &cargo_json::CargoJson,
        Format::RuffJson => &ruff_json::RuffJson,
        Format::EslintJson => &eslint_json::EslintJson,
        Format::Sarif => &sarif::Sarif,
        Format::Rdjson => &rdjson::Rdjson { lines: false },
        Format::Rdjsonl => &rdjson::Rdjson { lines: true },
        Format::Gcc => &lines::Gcc,
        Format::Regex => &lines::Pattern,
        Format::Json => &json::Json,
        Format::GoVetJson => &go_vet::GoVet,
        Format::Diff => &diff::Diff,
        Format::PreCommit => &pre_commit::PreCommit,
        Format::Log => &log_lines::LogLines,
    }
}

/// Reads what a tool said on its standard output and where errors go. Bytes that are not UTF-8 are replaced; a place outside of its file
/// is moved to the nearest inside.
#[must_use]
pub fn parse(checker: &Checker, output: &[u8], errors: &[u8], texts: &mut Texts<'_>) -> Parsed {
    let (output, errors) = (String::from_utf8_lossy(output), String::from_utf8_lossy(errors));
    let said = match checker.says {
        Says::Output => Said { text: &output, beside: &errors },
        Says::Errors => Said { text: &errors, beside: &output },
    };
    let mut parsed = parser(checker.format).parse(checker, &said, texts);
    let mut seen = std::collections::HashSet::new();
    let mut of_file: std::collections::HashMap<std::path::PathBuf, usize> = std::collections::HashMap::new();
    let mut dropped = 0;
    parsed.found.retain(|found| {
        let one = &found.finding;
        let place = (one.file.clone(), one.range.start.byte, one.range.end.byte);
        if !seen.insert((place, one.code.clone(), one.message.clone())) {
            return false;
        }
        let count = of_file.entry(one.file.clone()).or_default();
        *count += 1;
        dropped += u64::from(*count > MOST_OF_ONE);
        *count <= MOST_OF_ONE
    });
    parsed.dropped += dropped;
    parsed
}

/// A message as it is kept.
fn bounded(message: &str) -> String {
    let mut kept: String =
        message.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(LONGEST).collect();
    kept.truncate(kept.trim_end().len());
    kept
}
