//! How one event looks on one line of a terminal: when, how far it has come, what kind, who, what happened.

use contract::JournalEntry;
use owo_colors::OwoColorize as _;
use std::io::IsTerminal as _;

/// Columns where none are known.
const USUAL: usize = 100;

/// Width of the terminal; `None` where the output goes elsewhere, and nothing is cut.
fn width() -> Option<usize> {
    let terminal = std::io::stdout().is_terminal();
    terminal.then(|| terminal_size::terminal_size().map_or(USUAL, |(width, _)| usize::from(width.0)))
}

/// One event, cut to the terminal. `verbose`: the payload as it is, and nothing cut.
pub(super) fn line(entry: &JournalEntry, verbose: bool) -> String {
    line_in(entry, verbose, width().filter(|_| !verbose))
}

/// One event with all that its summary says.
pub(super) fn whole_line(entry: &JournalEntry, verbose: bool) -> String {
    line_in(entry, verbose, None)
}

fn line_in(entry: &JournalEntry, verbose: bool, width: Option<usize>) -> String {
    let when = host::local_time(&entry.at);
    let what = if verbose && !entry.payload.is_null() { entry.payload.to_string() } else { engine::summary(entry) };
    let front = format!(
        "{when}  {:<8}  {:<20}  {:<10}  ",
        engine::delivery(entry.state),
        clean(&entry.kind),
        clean(&entry.actor.name)
    );
    let room = width.map(|width| width.saturating_sub(console_width(&front)).max(20));
    format!(
        "{}  {}  {}  {}  {}",
        when.dimmed(),
        format!("{:<8}", engine::delivery(entry.state)).dimmed(),
        format!("{:<20}", clean(&entry.kind)).bold(),
        format!("{:<10}", clean(&entry.actor.name)).cyan(),
        room.map_or_else(|| what.clone(), |room| cut(&what, room))
    )
}

/// A terminal must not obey what an event says.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn console_width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// As much as fits into so many columns.
fn cut(text: &str, columns: usize) -> String {
    if console_width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > columns {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_columns_and_not_to_letters() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("日本語の文", 6), "日本…");
    }
}
