//! Printing: people's output to stdout, progress and warnings to stderr, colours where they are wanted.

use crate::args::{Args, Color};
use crate::commands::Failure;
use anstream::{ColorChoice, eprintln};
use contract::{ArtifactState, ReadinessState};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::OwoColorize as _;
use serde::Serialize;
use std::borrow::Cow;
use std::io::IsTerminal as _;
use std::time::Duration;

/// Where and how to print.
pub(crate) struct Out {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
}

impl Out {
    pub fn new(args: &Args) -> Self {
        match args.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        Self { json: args.json, quiet: args.quiet, verbose: args.verbose }
    }

    /// A line for people; nothing with `--json`.
    pub fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            write(&fit(text.as_ref()));
        }
    }

    /// Text in a format of its own, a script or a manual page, whatever is asked for.
    #[expect(clippy::unused_self, reason = "printing goes through `Out`, and this much no option changes")]
    pub fn verbatim(&self, text: &[u8]) {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        written(out.write_all(text).and_then(|()| out.flush()));
    }

    /// A line for people that `--quiet` leaves out.
    pub fn detail(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// One JSON document on one line, where `--json` asks for it.
    pub fn document(&self, value: &impl Serialize) {
        if self.json {
            match serde_json::to_string(value) {
                Ok(text) => write(&text),
                Err(e) => self.error(&format!("this could not be printed as JSON: {e}")),
            }
        }
    }

    /// What went wrong, to stderr whatever is asked for; lines that begin with `hint:` stand apart.
    #[expect(clippy::unused_self, reason = "printing goes through `Out`, and this much no option changes")]
    pub fn error(&self, message: &str) {
        let (message, hint) = message.split_once("\nhint:").map_or((message, None), |(m, h)| (m, Some(h)));
        eprintln!("{} {}", "error:".red().bold(), fit(message));
        if let Some(hint) = hint {
            eprintln!("{}{}", "hint:".cyan().bold(), fit(hint));
        }
    }

    /// What went wrong, for people and, with `--json`, for programs.
    pub fn failure(&self, failure: &Failure) {
        let (message, hint) = failure.message.split_once("\nhint: ").unwrap_or((&failure.message, ""));
        self.document(&serde_json::json!({ "error": { "kind": failure.kind, "message": message, "hint": hint } }));
        self.error(&failure.message);
    }

    /// Progress in words, to stderr.
    #[expect(clippy::unused_self, reason = "printing goes through `Out`, and this much no option changes")]
    pub fn note(&self, message: &str) {
        eprintln!("{}", fit(message));
    }

    pub fn warn(&self, message: &str) {
        if !self.quiet {
            eprintln!("{} {}", "warning:".yellow().bold(), fit(message));
        }
    }

    /// A bar on a terminal, plain lines elsewhere, nothing with `--quiet`.
    pub fn progress(&self, unit: &Unit) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let bar = if self.quiet || !terminal {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        } else {
            ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10))
        };
        let template = match unit {
            Unit::Bytes => "{prefix} {bar:30} {binary_bytes} of {binary_total_bytes} {wide_msg}",
            Unit::Lines => "{prefix} {wide_msg}",
            Unit::Artifacts | Unit::Commands | Unit::Events | Unit::Tasks => {
                "{prefix} {bar:30} {pos} of {len} {wide_msg}"
            }
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar, lines: !self.quiet && !terminal, last: std::sync::Mutex::default() }
    }
}

/// What a bar counts.
pub(crate) enum Unit {
    Bytes,
    Artifacts,
    Commands,
    Events,
    /// Nothing: what is running says lines.
    Lines,
    Tasks,
}

/// A bar, or lines in its place; gone when it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: bool,
    last: std::sync::Mutex<String>,
}

impl Progress {
    pub fn report(&self, prefix: &str, message: &str, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        let message = &*fit(message);
        self.bar.set_prefix(prefix.to_owned());
        self.bar.set_message(message.to_owned());
        if self.lines && !message.is_empty() {
            let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if *last != message {
                eprintln!("{prefix}: {message}");
                message.clone_into(&mut last);
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A state's word in its colour; the word alone says it too.
pub(crate) fn state(state: ArtifactState) -> String {
    match state {
        ArtifactState::Present => "present".green().to_string(),
        ArtifactState::Missing => "missing".red().to_string(),
        ArtifactState::Corrupt => "corrupt".red().bold().to_string(),
        ArtifactState::Stale => "stale".yellow().to_string(),
        ArtifactState::Unknown => "unknown".yellow().to_string(),
    }
}

/// The answer's word in its colour.
pub(crate) fn readiness(state: ReadinessState) -> String {
    match state {
        ReadinessState::Ready => "ready".green().bold().to_string(),
        ReadinessState::Proven => "proven".green().bold().to_string(),
        ReadinessState::Incomplete => "not ready".red().bold().to_string(),
        ReadinessState::StaleProof => "ready, the proof is stale".yellow().bold().to_string(),
        ReadinessState::Unknown => "could not be told".yellow().bold().to_string(),
    }
}

/// Text with what others wrote in it, a file's name or a tool's words for example, as a terminal may have it: of what steers one, only
/// the colours that are used here. Everything else is shown as the sign for what cannot be shown.
fn fit(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Cow::Borrowed(text);
    }
    let mut fit = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let colour = colour(rest);
        let is_shown = colour.is_some() || !first.is_control() || matches!(first, '\n' | '\t');
        let length = colour.unwrap_or(first.len_utf8());
        fit.push_str(if is_shown { &rest[..length] } else { "\u{fffd}" });
        rest = &rest[length..];
    }
    Cow::Owned(fit)
}

/// Length of a colour's code at the beginning of a text: one of those that `owo_colors` writes for what is printed here.
fn colour(text: &str) -> Option<usize> {
    let code = text.strip_prefix("\u{1b}[")?;
    let end = code.bytes().take(3).position(|byte| byte == b'm')?;
    matches!(code[..end].parse(), Ok(0 | 1 | 2 | 4 | 22 | 24 | 31..=36 | 39)).then_some(2 + end + 1)
}

/// One line to standard output. A reader that has gone ends the process as a signal would; a full disk is said.
fn write(text: &str) {
    use std::io::Write as _;
    let mut out = anstream::stdout().lock();
    written(writeln!(out, "{text}").and_then(|()| out.flush()));
}

fn written(result: std::io::Result<()>) {
    if let Err(e) = result {
        if e.kind() == std::io::ErrorKind::BrokenPipe {
            host::leave(141);
        }
        eprintln!("{} the output could not be written: {e}", "error:".red().bold());
        host::leave(crate::End::Unknown as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_steers_a_terminal_only_our_own_colours_are_printed() {
        let ours = format!("{} {} {}", "a".red().bold(), "b".dimmed(), "c".underline());
        assert_eq!(fit(&ours), ours);
        assert_eq!(fit("one\n\ttwo é"), "one\n\ttwo é");
        for steers in [
            "\u{1b}]0;x\u{7}",
            "\u{1b}[2J",
            "\u{1b}[8m",
            "\u{1b}[38;5;1m",
            "\r",
            "\u{9b}31m",
            "\u{1b}",
            "\u{1b}[",
            "\u{1b}[é",
        ] {
            let shown = fit(steers);
            assert!(!shown.chars().any(char::is_control) && shown.starts_with('\u{fffd}'), "{shown:?}");
        }
    }
}
