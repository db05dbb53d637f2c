//! Reviews and threads as text for people: all of it for a terminal, a document and a hover.
//! Says nothing that is not in them; what others wrote is shown and not obeyed.

use super::markdown::prose;
use crate::notes::{shown_lines, shown_plain};
use contract::{Comment, FileChange, Publication, Review, ReviewFile, Thread};
use std::fmt::Write as _;

/// Letters of an id's end that are shown.
const SHOWN: usize = 8;

fn short(id: &str) -> &str {
    &id[id.len().saturating_sub(SHOWN)..]
}

/// All of a review, for a terminal.
#[must_use]
pub fn review_text(review: &Review) -> String {
    let mut out = format!("review {}  {}\n  {}  {}\n", short(&review.id), review.title, review.range, review.about);
    for verdict in &review.verdicts {
        let _ = writeln!(out, "  {}", verdict.about);
    }
    let _ = writeln!(
        out,
        "\n{}",
        if review.file_count == 1 { "1 file".to_owned() } else { format!("{} files", review.file_count) }
    );
    for file in &review.files {
        let _ = writeln!(out, "  {}", file_line(file));
    }
    for thread in &review.threads {
        let _ = write!(out, "\n{}", thread_text(thread));
    }
    out
}

fn file_line(file: &ReviewFile) -> String {
    let sign = match file.change {
        FileChange::Added => 'A',
        FileChange::Modified => 'M',
        FileChange::Deleted => 'D',
        FileChange::Renamed => 'R',
        FileChange::Copied => 'C',
        FileChange::Typechange => 'T',
    };
    let from = file.old_path.as_ref().map_or_else(String::new, |path| format!("{} -> ", shown_plain(path)));
    let size = if file.binary { "no text".to_owned() } else { format!("+{} -{}", file.added, file.removed) };
    let threads = if file.threads == 0 {
        String::new()
    } else {
        format!(", {} of {} threads open", file.open_threads, file.threads)
    };
    format!("{sign} {from}{}  {size}{threads}", shown_plain(&file.path))
}

/// All of a thread, for a terminal.
#[must_use]
pub fn thread_text(thread: &Thread) -> String {
    let mut out = format!("thread {}  {}\n", short(&thread.id), thread.about);
    if !thread.disputed.is_empty() {
        let _ = writeln!(out, "  {}", thread.disputed);
    }
    for line in &thread.anchor.at.quote {
        let _ = writeln!(out, "  > {}", shown_plain(line));
    }
    for comment in &thread.comments {
        let _ = writeln!(out, "  {}  {}", short(&comment.id), comment.about);
        for line in comment_lines(comment) {
            let _ = writeln!(out, "      {line}");
        }
    }
    out
}

/// What publishing would send and what it would not, for a terminal.
#[must_use]
pub fn publication_text(publication: &Publication) -> String {
    let mut out = String::new();
    for request in &publication.requests {
        let _ = writeln!(out, "{} {}{}", request.method, publication.api, request.path);
        let _ = writeln!(out, "  # {}", request.about);
        let body = request.body.as_ref().and_then(|body| serde_json::to_string_pretty(body).ok()).unwrap_or_default();
        for line in shown_lines(&body).lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    for comment in &publication.comments {
        let _ = writeln!(out, "publish   {}  {}", comment.place, comment.title);
    }
    for left in &publication.left_out {
        let _ = writeln!(out, "left out  {} {}: {}", short(&left.id), left.place, left.why);
    }
    let _ = writeln!(out, "{}", publication.text);
    out
}

fn comment_lines(comment: &Comment) -> Vec<String> {
    let several = comment.versions.len() > 1;
    let mut lines = Vec::new();
    for version in &comment.versions {
        if several {
            let by = shown_plain(&version.author.name);
            lines.push(format!("-- {by}, {}", host::local_time(&version.at)));
        }
        let instead = if version.redacted { "(redacted)" } else { "(retracted)" };
        lines.extend(shown_lines(version.body.as_deref().unwrap_or(instead)).lines().map(str::to_owned));
    }
    lines
}

/// All of a thread as Markdown.
pub(crate) fn thread_markdown(thread: &Thread) -> String {
    let mut out = format!("**review thread**, {}\n", prose(&thread.about));
    if !thread.disputed.is_empty() {
        let _ = write!(out, "\n{}\n", prose(&thread.disputed));
    }
    for comment in &thread.comments {
        let _ = write!(out, "\n**{}**\n\n{}", prose(&comment.about), comment.shown);
    }
    out
}
