//! From LSP's types to ours: positions, paths, settings. The only place, with `to_proto`, that knows both.

use contract::{Position, Range};
use ropey::Rope;
use std::path::PathBuf;
use tower_lsp::ls_types::{self as lsp, Uri};

/// How columns are counted: agreed on in `initialize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units, the default.
    #[default]
    Utf16,
}

/// The path of a `file:` address, byte for byte; `None` for files of another machine.
pub(crate) fn path(uri: &Uri) -> Option<PathBuf> {
    if !uri.scheme().as_str().eq_ignore_ascii_case("file") {
        return None;
    }
    // On Windows a host is how a share is written; elsewhere it names another machine.
    let host = uri.authority().map_or("", |authority| authority.host());
    let elsewhere = !host.is_empty() && !host.eq_ignore_ascii_case("localhost");
    if cfg!(unix) && elsewhere {
        return None;
    }
    bytes_of(uri).filter(|path| path.is_absolute())
}

#[cfg(unix)]
fn bytes_of(uri: &Uri) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(uri.path().as_str()).collect();
    (!bytes.contains(&0)).then(|| PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

#[cfg(not(unix))]
fn bytes_of(uri: &Uri) -> Option<PathBuf> {
    uri.to_file_path().map(std::borrow::Cow::into_owned)
}

/// Whether documents at such an address are looked after: files, and buffers that have no file yet. Others show what lies
/// elsewhere, an older version or a page of our own for example.
pub(crate) fn is_looked_after(uri: &Uri) -> bool {
    let scheme = uri.scheme().as_str();
    scheme.eq_ignore_ascii_case("file") || scheme.eq_ignore_ascii_case("untitled")
}

/// A path that a command names: a path, or a `file:` address.
pub(crate) fn path_or_uri(text: &str) -> Option<PathBuf> {
    let path_of_uri = || text.parse::<Uri>().ok().as_ref().and_then(path);
    if text.starts_with('/') { Some(PathBuf::from(text)) } else { path_of_uri().or_else(|| Some(PathBuf::from(text))) }
}

/// The character at a position. A line past the end is the end; a column past its line's end is that end, before the
/// line's terminator; a column inside a character is that character's start.
pub(crate) fn char_at(text: &Rope, position: lsp::Position, encoding: Encoding) -> usize {
    let line = position.line as usize;
    if line >= text.len_lines() {
        return text.len_chars();
    }
    let slice = text.line(line);
    let ends = slice.chars_at(slice.len_chars()).reversed().take(2).take_while(|c| matches!(c, '\r' | '\n')).count();
    let slice = slice.slice(..slice.len_chars() - ends);
    let column = position.character as usize;
    let within = match encoding {
        Encoding::Utf8 => slice.byte_to_char(column.min(slice.len_bytes())),
        Encoding::Utf16 => slice.utf16_cu_to_char(column.min(slice.len_utf16_cu())),
    };
    text.line_to_char(line) + within
}

/// A position with its bytes and UTF-16 units.
pub(crate) fn position(text: &Rope, position: lsp::Position, encoding: Encoding) -> Position {
    let char = char_at(text, position, encoding);
    let line = text.char_to_line(char);
    Position {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        utf16: u32::try_from(text.char_to_utf16_cu(char) - text.char_to_utf16_cu(text.line_to_char(line)))
            .unwrap_or(u32::MAX),
        byte: text.char_to_byte(char) as u64,
    }
}

/// A range with its bytes and UTF-16 units.
pub(crate) fn range(text: &Rope, range: lsp::Range, encoding: Encoding) -> Range {
    Range { start: position(text, range.start, encoding), end: position(text, range.end, encoding) }
}
