//! What somebody else wrote, made fit to be shown: it is read and not obeyed.
//! Says the same as the text it is given; composes no sentence of its own.

use pulldown_cmark::{Event, Options, Parser};
use std::fmt::Write as _;

/// Characters of a title.
const TITLE: usize = 80;

/// Whether a character acts on what stands around it instead of being seen: control characters, and those that turn the
/// direction of writing.
fn acts(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Text for one line: what acts is written as its number, `⟨U+202E⟩`; a tab is a space.
pub(crate) fn plain(text: &str) -> String {
    seen(text).replace('\t', " ")
}

/// What acts is written as its number; a tab stays one.
fn seen(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push('\t'),
            c if acts(c) => drop(write!(out, "⟨U+{:04X}⟩", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Text of several lines for a terminal.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(seen).collect::<Vec<_>>().join("\n")
}

/// The words of the first line that says something, without Markdown's signs, cut where a list has no more room.
pub(crate) fn title(body: &str) -> String {
    let words = body.lines().filter(|line| !line.trim().is_empty()).map(words).find(|words| !words.is_empty());
    // What is signs alone is shown as it is.
    let signs = || body.lines().map(str::trim).find(|line| !line.is_empty()).map(plain);
    let shown = words.or_else(signs).unwrap_or_else(|| "(empty)".to_owned());
    match shown.char_indices().nth(TITLE) {
        Some((at, _)) => format!("{}…", shown[..at].trim_end()),
        None => shown,
    }
}

/// Bytes of a line that are read as Markdown: many times a title, and no more than a parser takes at once.
const LONGEST_LINE: usize = 4096;

/// What a line of Markdown says: of a link its words, of a picture what stands for it, of HTML its letters.
fn words(line: &str) -> String {
    let end = (0..=line.len().min(LONGEST_LINE)).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    let line = line[..end].trim();
    let line = line.strip_prefix("[ ]").or_else(|| line.strip_prefix("[x]")).unwrap_or(line);
    let mut said = String::new();
    for event in Parser::new_ext(line, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) | Event::Html(text) => said.push_str(&text),
            Event::SoftBreak | Event::HardBreak => said.push(' '),
            _ => {}
        }
    }
    plain(said.trim())
}

/// Somebody's Markdown as part of a document: no picture is fetched because it is looked at, no HTML is read, and code
/// stays as it is. Blocks of code count where they begin at a line's first column, and code within a line where it ends on
/// that line: what else looks like code is shown with its signs, so that no two readers can read it in different ways.
pub(crate) fn markdown(body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 16);
    let mut fence: Option<(char, usize)> = None;
    for line in body.lines() {
        let line = seen(line);
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'));
        let run = mark.map_or(0, |mark| line.chars().take_while(|c| *c == mark).count());
        let rest = &line[run..];
        match (fence, mark) {
            (None, Some(mark)) if run >= 3 && !(mark == '`' && rest.contains('`')) => {
                fence = Some((mark, run));
                out.push_str(&line);
            }
            (Some((open, least)), Some(mark)) if mark == open && run >= least && rest.trim().is_empty() => {
                fence = None;
                out.push_str(&line);
            }
            (Some(_), _) => out.push_str(&line),
            (None, _) => prose(&line, &mut out),
        }
        out.push('\n');
    }
    // What was opened and not closed would take in what follows.
    if let Some((mark, n)) = fence {
        out.extend(std::iter::repeat_n(mark, n));
        out.push('\n');
    }
    out
}

/// One line outside of a block of code.
fn prose(line: &str, out: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find(['`', '<', '!', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let ticks = rest.chars().take_while(|c| *c == '`').count();
        let taken = if ticks > 0 {
            if let Some(end) = closing(&rest[ticks..], ticks) {
                let code = ticks + end + ticks;
                out.push_str(&rest[..code]);
                code
            } else {
                out.push_str(&"\\`".repeat(ticks));
                ticks
            }
        } else if rest.starts_with('\\') {
            // An escaped sign stays one.
            let pair = 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
            out.push_str(&rest[..pair]);
            pair
        } else {
            // `\![x](y)` is a sign and a link, and links are followed only when somebody clicks.
            if rest.starts_with('<') || rest.starts_with("![") {
                out.push('\\');
            }
            out.push_str(&rest[..1]);
            1
        };
        rest = &rest[taken..];
    }
    out.push_str(rest);
}

/// Where a run of exactly `ticks` backticks begins.
fn closing(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let n = text[start..].chars().take_while(|c| *c == '`').count();
        if n == ticks {
            return Some(start);
        }
        at = start + n;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_written_as_its_number() {
        assert_eq!(plain("a\u{1b}[31mb\u{202e}c\td"), "a⟨U+001B⟩[31mb⟨U+202E⟩c d");
        assert_eq!(lines("a\r\nb\u{7}"), "a\nb⟨U+0007⟩");
        assert_eq!(plain("naïve 🛳\u{200d}x"), "naïve 🛳\u{200d}x", "what joins letters is part of them");
    }

    #[test]
    fn a_title_is_the_first_line_that_says_something() {
        assert_eq!(title("\n\n## Why is this here?\nbecause"), "Why is this here?");
        assert_eq!(title(" \n"), "(empty)");
        assert_eq!(title(&"é".repeat(100)), format!("{}…", "é".repeat(80)));
        assert_eq!(title(&"é".repeat(1 << 20)), format!("{}…", "é".repeat(80)));
    }

    #[test]
    fn a_title_is_words_and_none_of_markdowns_signs() {
        for (line, says) in [
            ("**Why** is `x_y` *two* here?", "Why is x_y two here?"),
            ("see [the page](http://h/a_b) and ![a plan](p.png)", "see the page and a plan"),
            ("- [ ] ~~drop~~ this", "drop this"),
            ("> quoted __twice__", "quoted twice"),
            ("12. after eleven", "after eleven"),
            ("snake_case_name * 2 < 3 && a[i] != b", "snake_case_name * 2 < 3 && a[i] != b"),
            ("<b>bold</b> \\*not\\* &amp; so on", "<b>bold</b> *not* & so on"),
            ("```rust\nlet a = 1;\n```", "let a = 1;"),
            ("---\n\nafter a rule", "after a rule"),
            ("[ref]: http://h/x\nafter an address", "after an address"),
            ("    indented code", "indented code"),
            ("***", "***"),
            ("**a\u{202e}b**", "a⟨U+202E⟩b"),
        ] {
            assert_eq!(title(line), says, "{line:?}");
        }
    }

    #[test]
    fn pictures_and_html_are_shown_and_code_stays() {
        assert_eq!(markdown("see ![x](http://h/p.png)"), "see \\![x](http://h/p.png)\n");
        assert_eq!(markdown("<img src=x> `Vec<T>` ``a`<b`` <b"), "\\<img src=x> `Vec<T>` ``a`<b`` \\<b\n");
        assert_eq!(markdown("```rust\nVec<T> ![x](y)\n```\n<x>"), "```rust\nVec<T> ![x](y)\n```\n\\<x>\n");
        assert_eq!(
            markdown("~~~~\n<x>\n~~~\n<y>"),
            "~~~~\n<x>\n~~~\n<y>\n~~~~\n",
            "a block that was left open is closed"
        );
        assert_eq!(markdown("\\![x](y) \\<z>"), "\\![x](y) \\<z>\n");
        assert_eq!(markdown("\\\\<x>"), "\\\\\\<x>\n", "an escaped backslash escapes nothing after it");
    }

    #[test]
    fn what_is_not_code_for_every_reader_is_not_taken_for_code() {
        assert_eq!(markdown("`open\nend` <x> `y`"), "\\`open\nend` <x> `y\\`\n");
        assert_eq!(
            markdown("- a\n  ```\n<x>"),
            "- a\n  \\`\\`\\`\n\\<x>\n",
            "a block within a list ends with the list"
        );
        assert_eq!(markdown("    ```\n<x>"), "    \\`\\`\\`\n\\<x>\n");
        assert_eq!(markdown("``` a`b\n<x>"), "\\`\\`\\` a\\`b\n\\<x>\n");
        assert_eq!(markdown("```\n``` x\n<y>\n```"), "```\n``` x\n<y>\n```\n");
    }
}
