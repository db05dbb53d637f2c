//! The documents of steps: where each stands, the failing one on top, and the log of one while it runs and after. Markdown, for both editors.

use super::logs::{Shown, of_file};
use super::step_run::{log_file, took};
use crate::Engine;
use crate::notes::shown_plain;
use contract::{BuildRun, CheckState, CheckStatus, LogLevel};
use std::fmt::Write as _;
use std::path::Path;

/// Groups of like lines that are shown.
const FEW: usize = 8;
/// Files that are named of each kind.
const FEW_FILES: usize = 20;

impl Engine {
    /// How the steps of a workspace stand, and the log of one of them; `None`: of the one that runs, else of the one that failed, else
    /// of the last one. `None` where there is no such step.
    #[must_use]
    pub fn build_markdown(&self, root: &Path, name: Option<&str>) -> Option<String> {
        let workspace = self.inner.workspace(root)?;
        let steps = self.steps(root);
        let all: Vec<CheckStatus> = {
            let known = workspace.check_book.statuses();
            let of = |name: &String| known.iter().find(|one| one.name == *name).cloned();
            let unknown = |name: &String| CheckStatus {
                name: name.clone(),
                text: "not run yet".into(),
                ..CheckStatus::default()
            };
            steps.iter().map(|name| of(name).unwrap_or_else(|| unknown(name))).collect()
        };
        let state = |state: CheckState| all.iter().find(|one| one.state == state);
        let ran = || all.iter().rev().find(|one| one.build.is_some());
        let chosen = match name {
            Some(name) => all.iter().find(|one| one.name == name)?,
            None => match state(CheckState::Running).or_else(|| state(CheckState::Failed)).or_else(ran).or(all.first())
            {
                Some(chosen) => chosen,
                None => return Some(NONE.to_owned()),
            },
        };
        let log = workspace.logs.of(&chosen.name).map(|log| log.shown());
        let log = log.or_else(|| of_file(&log_file(&self.inner, &workspace, &chosen.name)));
        Some(page(&all, chosen, log.as_ref()))
    }
}

const NONE: &str = "# Builds and tests\n\nThis workspace has no step. In `holdover.toml`:\n\n```toml\n[checks]\nbuild = [\"cargo\", \"build\"]\ntest = [\"cargo\", \"test\"]\n```\n";

fn page(all: &[CheckStatus], chosen: &CheckStatus, log: Option<&Shown>) -> String {
    let mut text = format!("# {}: {}\n\n", escaped(&chosen.name), escaped(&stands(chosen, log)));
    if chosen.state != CheckState::Running
        && let Some(build) = &chosen.build
    {
        says(&mut text, build);
    }
    if let Some(hint) = Some(&chosen.detail).filter(|detail| !detail.is_empty()) {
        let _ = writeln!(text, "{}\n", escaped(&hint.replace('\n', " ")));
    }
    if all.len() > 1 {
        let rank = |one: &&CheckStatus| match one.state {
            CheckState::Failed => 0,
            CheckState::Running => 1,
            _ => 2,
        };
        let mut order: Vec<&CheckStatus> = all.iter().collect();
        order.sort_by_key(rank);
        text += "## Steps\n\n";
        for one in order {
            let _ = writeln!(text, "* **{}**: {}", escaped(&one.name), escaped(&one.text));
        }
        text += "\n";
    }
    if let Some(log) = log {
        let more = log.of.saturating_sub(log.lines.len() as u64);
        let more = if more > 0 {
            format!(", without the {} before", crate::words::counted(more, "line"))
        } else {
            String::new()
        };
        let _ = writeln!(text, "## Log{more}\n");
        // Nothing that a log says ends the block that it stands in.
        let longest = log.lines.iter().map(|line| run_of_ticks(line)).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let _ = writeln!(text, "{fence}text");
        for line in &log.lines {
            let _ = writeln!(text, "{}", shown_plain(line));
        }
        let _ = writeln!(text, "{fence}");
    }
    if let Some(file) = chosen.build.as_ref().and_then(|build| build.log.as_ref()) {
        let _ = writeln!(text, "\nThe whole log: {}", code(&file.display().to_string()));
    }
    text
}

fn stands(chosen: &CheckStatus, log: Option<&Shown>) -> String {
    match log.and_then(|log| log.running) {
        Some(since) => format!("running for {}", took(since.as_secs() * 1000)),
        None if chosen.text.is_empty() => "not run yet".to_owned(),
        None => chosen.text.clone(),
    }
}

/// What a run that failed says, what is probably the reason, and what has changed since it passed.
fn says(text: &mut String, build: &BuildRun) {
    let _ = writeln!(text, "{}\n", code(&build.command));
    if let Some(says) = &build.says {
        if let Some(error) = &says.first_error {
            let _ = writeln!(text, "First error, line {}: {}\n", error.line, code(&error.text));
        }
        if let Some(because) = &says.because {
            let line = code(&because.line.text);
            let _ = writeln!(text, "Probably: {}; line {}: {line}\n", because.says, because.line.line);
        }
    }
    if let Some(since) = &build.since {
        let _ = writeln!(text, "## Since the last run that passed\n\n{}\n", escaped(&since.text));
        for (files, what) in [(&since.changed, "changed"), (&since.added, "added"), (&since.removed, "removed")] {
            for file in files.iter().take(FEW_FILES) {
                let _ = writeln!(text, "* {what}: {}", code(&file.display().to_string()));
            }
        }
        text.push('\n');
    }
    if let Some(says) = &build.says {
        let _ = writeln!(text, "## What its last lines say\n");
        for group in says.groups.iter().take(FEW) {
            let level = match group.level {
                LogLevel::Error => "error, ",
                LogLevel::Warning => "warning, ",
                LogLevel::Plain => "",
            };
            let times = if group.count == 1 { String::new() } else { format!("{}×, ", group.count) };
            let _ = writeln!(text, "* {level}{times}line {}: {}", group.first, code(&group.template));
        }
        text.push('\n');
    }
}

/// Text of others, as it stands.
fn code(text: &str) -> String {
    format!("`{}`", shown_plain(text.trim()).replace('`', "'"))
}

/// Words of ours with names of others in them: nothing in them is a link, a picture or HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in shown_plain(text).chars() {
        if matches!(c, '<' | '[' | ']' | '`' | '*' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn run_of_ticks(line: &str) -> usize {
    line.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{LogLine, LogReport, SinceGreen};
    use std::time::Duration;

    fn status(name: &str, state: CheckState) -> CheckStatus {
        CheckStatus { name: name.into(), state, text: format!("{state:?}"), is_step: true, ..CheckStatus::default() }
    }

    #[test]
    fn the_step_that_failed_stands_on_top_with_why() {
        let error = LogLine { line: 7, level: LogLevel::Error, text: "error: no".into() };
        let says = LogReport {
            source: "x".into(),
            lines: 9,
            read: 9,
            shortened: 0,
            errors: 1,
            warnings: 0,
            first_error: Some(error),
            domain: None,
            because: None,
            groups: Vec::new(),
            more_groups: 0,
        };
        let since = SinceGreen { text: "it passed".into(), changed: vec!["src/a.rs".into()], ..SinceGreen::default() };
        let build = BuildRun { says: Some(says), since: Some(since), command: "make".into(), ..BuildRun::default() };
        let failed = CheckStatus { build: Some(Box::new(build)), ..status("test", CheckState::Failed) };
        let all = [status("build", CheckState::Passed), failed.clone()];
        let log = Shown { running: None, lines: vec!["a ```` b".into()], of: 40 };
        let text = page(&all, &failed, Some(&log));
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
        assert!(at("First error, line 7: `error: no`") < at("* changed: `src/a.rs`"));
        assert!(at("* **test**") < at("* **build**"), "{text}");
        assert!(
            text.contains("`````text\na ```` b\n`````\n") && text.contains("without the 39 lines before"),
            "{text}"
        );
    }

    #[test]
    fn one_that_runs_says_for_how_long_and_nothing_of_the_last_time() {
        let build = BuildRun { command: "make old".into(), ..BuildRun::default() };
        let running = CheckStatus { build: Some(Box::new(build)), ..status("build", CheckState::Running) };
        let log = Shown { running: Some(Duration::from_secs(12)), lines: vec!["one".into()], of: 1 };
        let text = page(std::slice::from_ref(&running), &running, Some(&log));
        assert!(text.starts_with("# build: running for 12.0 s\n") && !text.contains("make old"), "{text}");
        assert!(text.contains("```text\none\n```"), "{text}");
    }
}
