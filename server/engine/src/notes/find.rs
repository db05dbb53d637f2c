//! Where a note is now, with words for how it was found.
//! Works on texts that are at hand; reads no file and changes no anchor.

use crate::notes::shown;
use contract::{AnchorGrade, NoteAnchor, NotePlace, Range};
use review::{Lines, found};

/// What is known of an anchor's file.
pub(crate) enum File<'l, 't> {
    /// Its text.
    Text(&'l Lines<'t>),
    /// It is there, and its lines cannot be looked at.
    Unread,
    /// There is none.
    Gone,
}

/// Where an anchor's lines are now.
pub(crate) fn find(anchor: &NoteAnchor, file: &File<'_, '_>) -> NotePlace {
    let Some(path) = anchor.path.as_deref() else {
        return NotePlace { text: "workspace".to_owned(), ..NotePlace::default() };
    };
    let (grade, range) = match (file, anchor.line) {
        (File::Gone, _) => (AnchorGrade::Gone, None),
        (_, None) => (AnchorGrade::Exact, None),
        (File::Unread, Some(_)) => (AnchorGrade::File, None),
        (File::Text(lines), Some(line)) => match found(anchor, line, lines) {
            Some((grade, first, count)) => (grade, Some(lines.range(first, count))),
            None => (AnchorGrade::File, None),
        },
    };
    placed(grade, path, range, anchor.line)
}

/// A place in words: where lines are now that were put on `line`, zero-based.
pub(crate) fn placed(grade: AnchorGrade, path: &str, range: Option<Range>, line: Option<u32>) -> NotePlace {
    let remark = match (grade, line) {
        (AnchorGrade::Exact | AnchorGrade::Shifted, _) | (AnchorGrade::File, None) => String::new(),
        (AnchorGrade::Moved, line) => format!("moved here from line {}", line.unwrap_or(0).saturating_add(1)),
        (AnchorGrade::Changed, _) => "these lines have changed since".to_owned(),
        (AnchorGrade::File, Some(line)) => {
            format!("the lines it was put on are not found any more, line {} at the time", line.saturating_add(1))
        }
        (AnchorGrade::Gone, _) => "the file is not there".to_owned(),
        (AnchorGrade::Review, _) => "its file is not in the change any more".to_owned(),
    };
    let at = range.map_or_else(String::new, |range: Range| {
        let (first, last) = (range.start.line + 1, range.end.line + 1);
        if first == last { format!(":{first}") } else { format!(":{first}-{last}") }
    });
    NotePlace { grade, text: format!("{}{at}", shown::plain(path)), remark, path: Some(path.to_owned()), range }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn a_file_that_is_gone_or_cannot_be_read_leaves_its_notes_without_lines() {
        let anchor = Lines::of("a line\n").anchor("a.rs", 0, 1).unwrap();
        assert_eq!(find(&anchor, &File::Gone).grade, AnchorGrade::Gone);
        assert!(find(&anchor, &File::Gone).remark.contains("not there"));
        assert_eq!(find(&anchor, &File::Unread).range, None);
    }
}
