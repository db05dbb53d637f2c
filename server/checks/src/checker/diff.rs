//! What rustfmt writes with `--check`: of each file the places where it would be another, as a diff with three lines around. What it would
//! write is the fix.

use super::place::{Column, Ends};
use super::sink::{Counts, Sink, Told, change, fix};
use super::{Checker, Parsed, Parser, Said, Texts};

pub(super) struct Diff;

/// One place: lines from `line` on that are there, and those that ought to be.
#[derive(Default)]
struct Place<'a> {
    line: u64,
    there: Vec<&'a str>,
    wanted: Vec<&'a str>,
}

impl Parser for Diff {
    fn parse(&self, checker: &Checker, said: &Said<'_>, texts: &mut Texts<'_>) -> Parsed {
        let mut sink = Sink::new(checker, texts, Counts { columns: Column::Chars, ends: Ends::Lf });
        sink.parsed.whole = true;
        let (mut file, mut line) = ("", 0);
        let mut place = Place::default();
        for text in said.text.split('\n') {
            let text = text.strip_suffix('\r').unwrap_or(text);
            if let Some((of, first)) = head(text) {
                put(file, &std::mem::take(&mut place), &mut sink);
                (file, line) = (of, first);
                continue;
            }
            let (sign, rest) = text.split_at_checked(1).unwrap_or(("", ""));
            match sign {
                "-" | "+" if place.line == 0 => place.line = line,
                "-" | "+" => {}
                _ => put(file, &std::mem::take(&mut place), &mut sink),
            }
            match sign {
                "-" => place.there.push(rest),
                "+" => place.wanted.push(rest),
                _ => {}
            }
            line = line.saturating_add(u64::from(sign == "-" || sign == " "));
        }
        put(file, &place, &mut sink);
        sink.parsed
    }
}

/// `Diff in FILE:LINE:`, and without the last colon in older ones: ` at line LINE:`.
fn head(text: &str) -> Option<(&str, u64)> {
    let rest = text.strip_prefix("Diff in ")?.strip_suffix(':')?;
    let (file, line) = rest.rsplit_once(" at line ").or_else(|| rest.rsplit_once(':'))?;
    Some((file, line.parse().ok()?))
}

fn put(file: &str, place: &Place<'_>, sink: &mut Sink<'_, '_, '_>) {
    if place.line == 0 || file.is_empty() {
        return;
    }
    let height = place.there.len() as u64;
    let message = match (place.there.len(), place.wanted.len()) {
        (0, n) => format!("not formatted: {n} to be added here"),
        (n, 0) => format!("not formatted: {n} to be taken away"),
        _ => format!("not formatted: it would be\n{}", place.wanted.join("\n")),
    };
    let told = Told {
        file,
        line: Some(place.line),
        column: Some(1),
        code: "format",
        level: "warning",
        message: &message,
        ..Told::default()
    };
    let Some((found, text)) = sink.put(&told) else { return };
    let at = |line: u64| text.position(line, 1, Column::Chars, Ends::Lf);
    let (start, end) = (at(place.line), at(place.line.saturating_add(height)));
    // What is replaced has to be what was seen, to the last character; a file that ends within it is left to rustfmt.
    let there = &text.whole[start.byte as usize..end.byte as usize];
    let same =
        there.split_inclusive('\n').map(|line| line.trim_end_matches(['\n', '\r'])).eq(place.there.iter().copied());
    let ending = if there.contains("\r\n") || there.is_empty() && text.whole.contains("\r\n") { "\r\n" } else { "\n" };
    let last = height.saturating_sub(1).saturating_add(place.line);
    let shown = if height == 0 {
        super::place::Text::range(start, start)
    } else {
        super::place::Text::range(text.whole_line(place.line, Ends::Lf).start, text.whole_line(last, Ends::Lf).end)
    };
    found.finding.range = shown;
    found.lines = text.lines(shown);
    if same && (there.is_empty() || there.ends_with('\n')) {
        let with: String = place.wanted.iter().flat_map(|line| [*line, ending]).collect();
        found.fixes.extend(fix("Format", vec![change(super::place::Text::range(start, end), &text, with)]));
    }
}
