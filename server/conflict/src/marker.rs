//! One conflict marker: a line that begins with seven or more of `<`, `|`, `=` or `>`, as git writes them, or of `%`, `\`,
//! `+` or `-`, as jj does.
//! Reads one line at a time; says nothing about which markers belong together.

use ropey::{Rope, RopeSlice};

/// Fewest characters of a marker; git's `conflict-marker-size` starts here.
pub const SHORTEST: usize = 7;
/// Most characters of a marker that is read as one; a longer run is text. Bounds what a keystroke may cost.
pub const LONGEST: usize = 255;
/// Blanks that may follow a separator before its line ends.
const TRAILING_BLANKS: usize = 64;

/// Which marker a line is. The last four are jj's, and text anywhere but in a conflict that begins with one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarkerKind {
    /// `<<<<<<<`: the current side begins.
    Open,
    /// `|||||||`: the common ancestor begins (diff3, zdiff3).
    Base,
    /// `=======`: the incoming side begins.
    Separator,
    /// `>>>>>>>`: the conflict ends.
    Close,
    /// `+++++++`: a side, whole.
    Snapshot,
    /// `-------`: a common ancestor, whole.
    Removed,
    /// `%%%%%%%`: what changed from a common ancestor to a side, as a diff.
    Diff,
    /// `\\\\\\\`: the second half of the label above it.
    DiffTo,
}

impl MarkerKind {
    /// What a run of this byte is.
    pub(crate) fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            b'<' => MarkerKind::Open,
            b'|' => MarkerKind::Base,
            b'=' => MarkerKind::Separator,
            b'>' => MarkerKind::Close,
            b'+' => MarkerKind::Snapshot,
            b'-' => MarkerKind::Removed,
            b'%' => MarkerKind::Diff,
            b'\\' => MarkerKind::DiffTo,
            _ => return None,
        })
    }
}

/// A marker and the line it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Zero-based line.
    pub line: usize,
    /// Which one.
    pub kind: MarkerKind,
    /// How many characters long, [`SHORTEST`] to [`LONGEST`].
    pub length: u8,
    /// Given when the line was read, unique within the process, kept while the line is not touched.
    pub id: u64,
}

/// The marker that `line` of `text` is, without its id, if it is one.
///
/// Git ends lines at LF only. A line that ends, or whose predecessor ends, with a lone CR is therefore no line of git's
/// and no marker. Costs at most [`LONGEST`] characters.
pub(crate) fn read(text: &Rope, line: usize) -> Option<(MarkerKind, u8)> {
    let slice = text.get_line(line)?;
    let mut bytes = slice.bytes();
    let first = bytes.next()?;
    let kind = MarkerKind::of(first)?;
    let mut length = 1;
    let after = loop {
        match bytes.next() {
            Some(byte) if byte == first => length += 1,
            other => break other,
        }
        if length > LONGEST {
            return None;
        }
    };
    if length < SHORTEST {
        return None;
    }
    let well_ended = match after {
        Some(b' ' | b'\t') if kind == MarkerKind::Separator => bytes
            .by_ref()
            .take(TRAILING_BLANKS)
            .find(|byte| !matches!(byte, b' ' | b'\t'))
            .is_none_or(|byte| matches!(byte, b'\n' | b'\r')),
        None | Some(b'\n' | b'\r' | b' ' | b'\t') => true,
        Some(_) => false,
    };
    (well_ended && ends_as_git_does(slice) && begins_as_git_does(text, line))
        .then(|| (kind, u8::try_from(length).unwrap_or(u8::MAX)))
}

fn ends_as_git_does(line: RopeSlice<'_>) -> bool {
    let chars = line.len_chars();
    chars == 0 || line.char(chars - 1) != '\r'
}

fn begins_as_git_does(text: &Rope, line: usize) -> bool {
    let start = text.line_to_char(line);
    start == 0 || text.char(start - 1) == '\n'
}

/// What follows the marker on `line`, without blanks around it; `None` where nothing does. At most 200 characters.
pub(crate) fn label(text: &Rope, line: usize, length: u8) -> Option<String> {
    let slice = text.get_line(line)?;
    let rest: String = slice.chars().skip(usize::from(length)).take(200).collect();
    let rest = rest.trim();
    (!rest.is_empty()).then(|| rest.to_owned())
}
