//! What `pre-commit run` prints: of each hook that fails its name, and what it says. Lines that name a place are told there; a hook that
//! names none is told where it is configured.

use super::lines::{place, words};
use super::place::{Column, Ends};
use super::sink::{Counts, Sink, Told};
use super::{Checker, Parsed, Parser, Said, Texts};

pub(super) struct PreCommit;

const CONFIGURATION: &str = ".pre-commit-config.yaml";
/// Lines of a hook without a place that are told.
const MOST_LINES: usize = 20;

/// A hook that failed.
#[derive(Default)]
struct Hook<'a> {
    name: &'a str,
    id: &'a str,
    modified: bool,
    said: Vec<&'a str>,
}

impl Parser for PreCommit {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Chars, ends: Ends::Lf });
        let mut failed: Option<Hook<'_>> = None;
        for line in said.text.lines() {
            if let Some((name, is_failed)) = head(line) {
                // What ends with the state of a hook came to its end.
                sink.parsed.whole = true;
                if let Some(hook) = failed.take() {
                    tell(&hook, &mut sink);
                }
                failed = is_failed.then(|| Hook { name, ..Hook::default() });
            } else if let Some(hook) = &mut failed {
                match line.strip_prefix("- ") {
                    Some(told) if hook.said.is_empty() => {
                        hook.id = told.strip_prefix("hook id: ").unwrap_or(hook.id);
                        hook.modified |= told == "files were modified by this hook";
                    }
                    _ if hook.said.len() < super::MOST => hook.said.push(line),
                    _ => sink.parsed.dropped += 1,
                }
            }
        }
        if let Some(hook) = failed {
            tell(&hook, &mut sink);
        }
        sink.parsed
    }
}

/// The name of a hook and whether it failed: `name.....Failed`.
fn head(line: &str) -> Option<(&str, bool)> {
    let (rest, state) = line.rsplit_once('.')?;
    let is_failed = match state.rsplit_once(')').map_or(state, |(_, state)| state) {
        "Failed" => true,
        "Passed" | "Skipped" => false,
        _ => return None,
    };
    let name = rest.rsplit_once("...(").map_or(rest, |(name, _)| name);
    name.ends_with("..").then(|| (name.trim_end_matches('.'), is_failed))
}

fn tell(hook: &Hook<'_>, sink: &mut Sink<'_, '_, '_>) {
    let before = sink.parsed.found.len() as u64 + sink.parsed.dropped;
    for line in hook.said.iter().filter(|line| line.len() < 64 << 10) {
        let Some((file, row, column, rest)) = place(line.trim_start()) else { continue };
        let Some((level, message, _)) = words(rest) else { continue };
        let level = if level.is_empty() { "error" } else { level };
        // What names no file here is a word of something else.
        let elsewhere = sink.parsed.elsewhere;
        sink.put(&Told { file, line: Some(row), column, level, code: hook.id, message, ..Told::default() });
        sink.parsed.elsewhere = elsewhere;
    }
    if sink.parsed.found.len() as u64 + sink.parsed.dropped > before {
        return;
    }
    let mut lines: Vec<&str> = hook.said.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
    if lines.len() > MOST_LINES {
        lines.drain(..lines.len() - MOST_LINES);
    }
    let changes = if hook.modified { "\nit changes files" } else { "" };
    let message = format!("this hook fails: {}{changes}\n{}", hook.name, lines.join("\n"));
    let text = sink.texts.file(CONFIGURATION).and_then(|file| sink.texts.text(&file));
    let configured = format!("id: {}", hook.id);
    let line = text.and_then(|text| {
        let is_it = |line: &str| line.trim_start().trim_start_matches("- ").trim_end() == configured;
        Some(text.whole.split('\n').position(is_it)? as u64 + 1)
    });
    sink.put(&Told {
        file: CONFIGURATION,
        line,
        level: "error",
        code: hook.id,
        message: message.trim_end(),
        ..Told::default()
    });
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn the_state_of_a_hook_is_the_end_of_its_line() {
        assert_eq!(head("no such words............Failed"), Some(("no such words", true)));
        assert_eq!(head("it.is...fine...........Passed"), Some(("it.is...fine", false)));
        assert_eq!(head("yaml..................(no files to check)Skipped"), Some(("yaml", false)));
        for other in ["a.py:1: Failed", "test.Failed", "Failed", "x....Failed!", ""] {
            assert_eq!(head(other), None, "{other}");
        }
    }
}
