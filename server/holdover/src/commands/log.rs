//! `holdover log`: what the last lines of a log say, without a model.

use super::{Failure, count};
use crate::End;
use crate::out::Out;
use contract::{LogLevel, LogReport};
use owo_colors::OwoColorize as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// Groups that are printed unless more is asked for.
const FEW: usize = 12;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The log; `-` is standard input
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// How many of its last lines are read
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = engine::LOG_LINES.0)]
    pub lines: usize,
}

pub(crate) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    if !(1..=engine::LOG_LINES.1).contains(&options.lines) {
        return Err(Failure::usage(format!("--lines is from 1 to {}", engine::LOG_LINES.1)));
    }
    if options.file.as_os_str() == "-" && std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "name a log, or give one on standard input: `cargo test 2>&1 | holdover log`".into(),
        ));
    }
    let report = engine::read_log(&options.file, options.lines).map_err(Failure::usage)?;
    out.document(&report);
    if !out.json {
        print(&report, out);
    }
    Ok(if report.first_error.is_some() { End::No } else { End::Yes })
}

fn print(report: &LogReport, out: &Out) {
    if let Some(error) = &report.first_error {
        out.line(format!("{} line {}: {}", "first error".red().bold(), error.line, error.text.trim()));
    }
    if let (Some(domain), Some(because)) = (report.domain, &report.because) {
        let name =
            serde_json::to_value(domain).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        out.line(format!("{} {name}: {}", "probably".bold(), because.says));
        if report.first_error.as_ref().is_none_or(|error| error.line != because.line.line) {
            out.line(format!("    line {}: {}", because.line.line, because.line.text.trim()));
        }
    } else if report.first_error.is_some() {
        out.line("nothing that is known of logs says why");
    }
    let most = if out.verbose { usize::MAX } else { FEW };
    for group in report.groups.iter().take(most) {
        let line = match group.count {
            1 => format!("{:>6}", format!("{}:", group.first)),
            many => format!("{many:>5}×"),
        };
        let text = match group.level {
            LogLevel::Error => group.template.red().to_string(),
            LogLevel::Warning => group.template.yellow().to_string(),
            LogLevel::Plain => group.template.clone(),
        };
        let place = if group.count > 1 { format!("  lines {} to {}", group.first, group.last) } else { String::new() };
        out.line(format!("{line} {text}{}", place.dimmed()));
    }
    let left = report.groups.len().saturating_sub(most) as u64 + report.more_groups;
    if left > 0 {
        out.line(format!("       and {} more", count(left, "group")));
    }
    let read = if report.read < report.lines {
        format!("the last {} of {}", report.read, count(report.lines, "line"))
    } else {
        count(report.lines, "line")
    };
    out.line(format!("{read} read: {}, {}", count(report.errors, "error"), count(report.warnings, "warning")));
}
