//! What the last lines of a log say: the first error, where the reason probably lies, and lines in groups.

use super::{counted, fact};
use contract::{Fact, FactKind, LogLevel, LogReport};

/// Groups that are told.
const MOST: usize = 10;

/// The facts about a log.
#[must_use]
pub fn log(report: &LogReport) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut put = |title: String, body: &str, line: Option<u64>| {
        let line = line.and_then(|line| u32::try_from(line.checked_sub(1)?).ok());
        facts.push(fact(FactKind::Log, title, body.trim().to_owned(), "text", line));
    };
    match &report.first_error {
        Some(error) => put(format!("the first error is line {}", error.line), &error.text, Some(error.line)),
        None => put("no line is an error by its form, and none tells a reason".to_owned(), "", None),
    }
    match (&report.because, &report.domain) {
        (Some(because), Some(domain)) => {
            let name = serde_json::to_value(domain).ok().and_then(|name| name.as_str().map(str::to_owned));
            let title = format!("it is probably about {}: {}", name.unwrap_or_default(), because.says);
            put(format!("{title} (line {})", because.line.line), &because.line.text, Some(because.line.line));
        }
        _ if report.first_error.is_some() => put("nothing that is known of logs says why".to_owned(), "", None),
        _ => {}
    }
    let of = if report.read < report.lines {
        format!("the last {} of {}", report.read, lines(report.lines))
    } else {
        lines(report.lines)
    };
    let number = |n: u64, thing| counted(usize::try_from(n).unwrap_or(usize::MAX), thing);
    put(
        format!("{of} were read: {}, {}", number(report.errors, "error"), number(report.warnings, "warning")),
        "",
        None,
    );
    for group in report.groups.iter().take(MOST) {
        let level = match group.level {
            LogLevel::Error => "error, ",
            LogLevel::Warning => "warning, ",
            LogLevel::Plain => "",
        };
        let place = if group.count > 1 {
            format!("{} alike, lines {} to {}", lines(group.count), group.first, group.last)
        } else {
            format!("line {}", group.first)
        };
        let text = if group.count > 1 { &group.template } else { &group.example };
        put(format!("{level}{place}"), text, Some(group.first));
    }
    let more = report.groups.len().saturating_sub(MOST) as u64 + report.more_groups;
    if more > 0 {
        put(format!("{} more of like lines: `holdover log`", number(more, "group")), "", None);
    }
    facts
}

fn lines(n: u64) -> String {
    counted(usize::try_from(n).unwrap_or(usize::MAX), "line")
}
