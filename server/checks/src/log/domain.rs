//! Why something probably failed, by patterns that are data (`domains.toml`).

use super::level::of_none;
use contract::{LogDomain, LogLevel, LogLine};
use regex::{RegexSet, RegexSetBuilder};
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    domain: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: LogDomain,
    says: String,
    patterns: Vec<String>,
}

struct Rule {
    domain: LogDomain,
    says: String,
    patterns: RegexSet,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| rules().unwrap_or_default());

fn rules() -> Option<Vec<Rule>> {
    let file: File = toml::from_str(include_str!("domains.toml")).ok()?;
    let rule = |table: Table| {
        let patterns = RegexSetBuilder::new(&table.patterns).case_insensitive(true).build().ok()?;
        Some(Rule { domain: table.name, says: table.says, patterns })
    };
    file.domain.into_iter().map(rule).collect()
}

/// Where a log says why.
pub(super) struct Told {
    pub(super) domain: LogDomain,
    pub(super) says: &'static str,
    /// Which of the lines.
    pub(super) at: usize,
}

/// Lines before the first error that may already say why it came, and lines after it that still belong to it.
const BEFORE: usize = 8;
const AFTER: usize = 60;

/// Of the lines around the first error, and of those with errors after that, the one whose reason explains the others.
pub(super) fn told(texts: &[String], lines: &[LogLine]) -> Option<Told> {
    let first = lines.iter().position(|line| line.level == LogLevel::Error);
    let near = first.map_or(0..0, |at| at.saturating_sub(BEFORE)..(at + AFTER).min(lines.len()));
    let counts = |at: usize| match first {
        Some(_) => near.contains(&at) || lines[at].level == LogLevel::Error,
        // No line is an error by its form: one that fits a reason may be one all the same.
        None => true,
    };
    let mut best: Option<(usize, usize)> = None;
    for (at, text) in texts.iter().enumerate().filter(|(at, text)| counts(*at) && !of_none(text)) {
        let fits = RULES.iter().position(|rule| rule.patterns.is_match(text));
        if let Some(rank) = fits.filter(|rank| best.is_none_or(|(known, _)| *rank < known)) {
            best = Some((rank, at));
        }
    }
    let (rank, at) = best?;
    Some(Told { domain: RULES[rank].domain, says: &RULES[rank].says, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_are_read_and_each_domain_has_one_table() {
        let rules = rules().expect("domains.toml can be read");
        let mut names: Vec<LogDomain> = rules.iter().map(|rule| rule.domain).collect();
        assert_eq!(names.len(), 11);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 11);
    }
}
