//! What compilers and many linters write, one finding a line: `file:line:column: level: message [rule]`, or in a form of their own that a
//! regular expression with named groups takes apart.

use super::place::{Column, Ends};
use super::sink::{Counts, Sink, Told};
use super::{Checker, Parsed, Parser, Said, Texts};
use regex::{Captures, Regex};

/// A longer line is none of a finding's, in bytes.
const LONGEST: usize = 64 << 10;
/// Bytes that an expression may take when it is made.
const LARGEST: usize = 1 << 20;
/// Lines behind a finding in which what it points at is looked for.
const NEAR: usize = 3;

pub(super) struct Gcc;
pub(super) struct Pattern;

/// Makes an expression of somebody else's text.
///
/// # Errors
/// With what is wrong with it.
pub fn pattern(text: &str) -> Result<Regex, String> {
    let made = regex::RegexBuilder::new(text).size_limit(LARGEST).dfa_size_limit(LARGEST).nest_limit(50).build();
    let made = made.map_err(|e| e.to_string())?;
    let has = |name: &str| made.capture_names().flatten().any(|known| known == name);
    match ["file", "message"].into_iter().find(|name| !has(name)) {
        Some(name) => Err(format!("it has no group of this name: {name}")),
        None => Ok(made),
    }
}

fn lines<'a>(text: &'a str, parsed: &mut Parsed) -> Vec<&'a str> {
    let mut all = Vec::new();
    for line in text.lines() {
        if line.len() > LONGEST {
            parsed.dropped += 1;
        } else if all.len() < super::MOST * 20 {
            all.push(line);
        }
    }
    all
}

impl Parser for Gcc {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Bytes, ends: Ends::Lf });
        sink.parsed.whole = true;
        let all = lines(said.text, &mut sink.parsed);
        for (at, line) in all.iter().enumerate() {
            gcc_line(line, &all[at + 1..], &mut sink);
        }
        sink.parsed
    }
}

/// One line; `behind`: those that follow, which may point at a column. Says whether it was one.
pub(super) fn gcc_line(line: &str, behind: &[&str], sink: &mut Sink<'_, '_, '_>) -> bool {
    let Some((file, line, mut column, said)) = place(line) else { return false };
    let Some((level, message, code)) = words(said) else { return false };
    // A compiler that names no column draws it below the line that it shows.
    if column.is_none() && sink.checker.points {
        let is_mark = |line: &&&str| line.trim() == "^";
        column = behind.iter().take(NEAR).find(is_mark).and_then(|mark| mark.find('^')).map(|at| at as u64 + 1);
    }
    sink.put(&Told { file, line: Some(line), column, level, code, message, ..Told::default() });
    true
}

/// The file, the line, the column if there is one, and what follows. Names of files may hold colons: the first numbers count.
pub(super) fn place(line: &str) -> Option<(&str, u64, Option<u64>, &str)> {
    for (at, _) in line.match_indices(':') {
        let (file, rest) = (&line[..at], &line[at + 1..]);
        let (first, rest) = rest.split_once(':')?;
        let Ok(first) = first.parse() else { continue };
        if file.is_empty() || file.starts_with([' ', '\t']) {
            return None;
        }
        return Some(match rest.split_once(':').map(|(column, rest)| (column.parse(), rest)) {
            Some((Ok(column), rest)) => (file, first, Some(column), rest.trim()),
            _ => (file, first, None, rest.trim()),
        });
    }
    None
}

/// The level, the words and the rule; `None` for what only says where a finding stands.
pub(super) fn words(said: &str) -> Option<(&str, &str, &str)> {
    let (level, rest) = match said.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((level, rest)) => (level, rest.trim()),
        None => match said.split_once(": ") {
            Some((level, rest)) if is_level(level) => (level, rest),
            _ => ("", said),
        },
    };
    if rest.is_empty() {
        return None;
    }
    // The rule stands in brackets before the words or behind them.
    if let Some((rule, message)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] "))
        && is_rule(rule)
    {
        return Some((level, message, rule));
    }
    for (open, close) in [('(', ')'), ('[', ']')] {
        if let Some((message, rule)) = rest.strip_suffix(close).and_then(|rest| rest.rsplit_once(open))
            && is_rule(rule)
            && message.ends_with(' ')
        {
            return Some((level, message.trim_end(), rule));
        }
    }
    Some((level, rest, ""))
}

fn is_level(word: &str) -> bool {
    matches!(word, "error" | "warning" | "note" | "info" | "fatal error" | "hint" | "remark" | "style")
}

fn is_rule(word: &str) -> bool {
    !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "()[]'\"".contains(c))
}

impl Parser for Pattern {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Chars, ends: Ends::Lf });
        let Some(Ok(pattern)) = checker.pattern.as_deref().map(pattern) else { return sink.parsed };
        sink.parsed.whole = true;
        for line in lines(said.text, &mut sink.parsed) {
            take(&pattern, line, &mut sink);
        }
        sink.parsed
    }
}

fn take(pattern: &Regex, line: &str, sink: &mut Sink<'_, '_, '_>) -> bool {
    let Some(groups) = pattern.captures(line) else { return false };
    let word = |name: &str| groups.name(name).map_or("", |found| found.as_str());
    let number = |names: [&str; 2]| names.into_iter().find_map(|name| number(&groups, name));
    let told = Told {
        file: word("file"),
        line: number(["line", "line"]),
        column: number(["column", "column"]),
        end_line: number(["endLine", "end_line"]),
        end_column: number(["endColumn", "end_column"]),
        level: word("severity"),
        code: word("code"),
        message: word("message").trim(),
    };
    sink.put(&told);
    true
}

/// A number that is too large is as large as can be.
fn number(groups: &Captures<'_>, name: &str) -> Option<u64> {
    let digits = groups.name(name)?.as_str();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart_and_others_are_passed_over() {
        assert_eq!(place("a:b.yaml:3:7: [error] x"), Some(("a:b.yaml", 3, Some(7), "[error] x")));
        assert_eq!(place("A.java:4: error: x: y"), Some(("A.java", 4, None, "error: x: y")));
        assert_eq!(
            place("src/a.c:12:5: warning: unused [-Wunused]").map(|(_, line, at, _)| (line, at)),
            Some((12, Some(5)))
        );
        for other in ["", "   12 |  x", "make: *** [all] Error 2", ":1:2: x", "a:1", "  from b.h:3:1:"] {
            assert_eq!(place(other).filter(|(.., said)| words(said).is_some()), None, "{other}");
        }
    }

    #[test]
    fn levels_and_rules_are_told_apart_from_the_words() {
        let yamllint = words("[warning] missing document start \"---\" (document-start)");
        assert_eq!(yamllint, Some(("warning", "missing document start \"---\"", "document-start")));
        assert_eq!(words("error: expected ';' [-Wsyntax]"), Some(("error", "expected ';'", "-Wsyntax")));
        assert_eq!(
            words("warning: [rawtypes] found raw type: List"),
            Some(("warning", "found raw type: List", "rawtypes"))
        );
        let seen = "syntax error: expected a value (see above)";
        assert_eq!(words(&format!("[error] {seen}")), Some(("error", seen, "")));
        assert_eq!(words("warning: call of f() in a[0]"), Some(("warning", "call of f() in a[0]", "")));
        assert_eq!(words("nothing: known"), Some(("", "nothing: known", "")));
        assert_eq!(words(""), None);
    }

    #[test]
    fn an_expression_of_somebody_else_is_bounded_and_has_what_is_needed() {
        assert!(pattern("(?P<file>.*):(?P<message>.*)").is_ok());
        assert!(pattern("(?P<file>.*)").unwrap_err().contains("message"));
        assert!(pattern("(").is_err());
        assert!(pattern("(?P<file>a{1000}{1000}{1000})(?P<message>)").is_err(), "no memory is spent on it");
    }
}
