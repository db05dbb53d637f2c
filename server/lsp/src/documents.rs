//! The open documents: text, version, marker index. Changes are applied in the order they came, in the encoding that was
//! agreed on; a position outside the text is moved to the nearest place inside.
//! Holds no findings and tells nobody.

use crate::from_proto::{self, Encoding};
use conflict::{Conflicts, LineChange, Markers};
use ropey::Rope;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use tower_lsp::ls_types::{TextDocumentContentChangeEvent, TextDocumentItem, Uri};

/// One open document.
pub(crate) struct Document {
    /// The client's version of it.
    pub version: i32,
    /// Its text. Cheap to clone.
    pub text: Rope,
    /// Its path, if it is a file.
    pub path: Option<PathBuf>,
    markers: Markers,
    /// `None`: must be paired again.
    conflicts: Option<Conflicts>,
}

impl Document {
    fn new(version: i32, text: &str, path: Option<PathBuf>) -> Self {
        let text = Rope::from_str(text);
        let markers = Markers::scan(&text);
        Self { version, text, path, markers, conflicts: None }
    }

    /// Its text, and its conflicts as it stands: from memory where no marker was touched.
    pub(crate) fn parts(&mut self) -> (&Rope, &Conflicts) {
        let markers = &self.markers;
        (&self.text, self.conflicts.get_or_insert_with(|| Conflicts::pair(markers)))
    }

    fn apply(&mut self, change: &TextDocumentContentChangeEvent, encoding: Encoding) {
        let Some(range) = change.range else {
            *self = Self::new(self.version, &change.text, self.path.take());
            return;
        };
        let (a, b) = (
            from_proto::char_at(&self.text, range.start, encoding),
            from_proto::char_at(&self.text, range.end, encoding),
        );
        let (start, end) = (a.min(b), a.max(b));
        let (start_line, old_end) = (self.text.char_to_line(start), self.text.char_to_line(end));
        self.text.remove(start..end);
        self.text.insert(start, &change.text);
        let new_end = self.text.char_to_line(start + change.text.chars().count());
        let known = self.markers.is_empty();
        self.markers.edit(&self.text, LineChange { start: start_line, old_end, new_end });
        if !(known && self.markers.is_empty()) {
            self.conflicts = None;
        }
    }
}

/// What came of a change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It was applied.
    Yes,
    /// It was applied, and its version is not above the last one.
    VersionWentBack {
        /// The last version.
        from: i32,
    },
    /// The document is not open, or its text did not get here.
    NotOpen,
}

/// Every open document.
#[derive(Default)]
pub(crate) struct Documents {
    open: HashMap<Uri, Document>,
    untracked: HashSet<Uri>,
}

impl Documents {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Uri, &Document)> {
        self.open.iter()
    }

    /// Opens a document, or learns it anew.
    pub(crate) fn open(&mut self, item: TextDocumentItem) {
        self.untracked.remove(&item.uri);
        let path = from_proto::path(&item.uri);
        self.open.insert(item.uri, Document::new(item.version, &item.text, path));
    }

    /// Applies changes in order.
    pub(crate) fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Applied {
        let whole = changes.iter().rposition(|change| change.range.is_none());
        if let Some(whole) = whole
            && self.untracked.remove(uri)
        {
            // The whole text again, and small enough this time.
            self.open.insert(uri.clone(), Document::new(version - 1, &changes[whole].text, from_proto::path(uri)));
        }
        let Some(document) = self.open.get_mut(uri) else { return Applied::NotOpen };
        for change in changes.into_iter().skip(whole.unwrap_or(0)) {
            document.apply(&change, encoding);
        }
        let from = std::mem::replace(&mut document.version, version);
        if version > from { Applied::Yes } else { Applied::VersionWentBack { from } }
    }

    /// Closes a document.
    pub(crate) fn close(&mut self, uri: &Uri) -> Option<Document> {
        self.untracked.remove(uri);
        self.open.remove(uri)
    }

    /// Whether a file is open with the client and its text did not get here.
    pub(crate) fn is_lost(&self, file: &Path) -> bool {
        self.untracked.iter().any(|uri| from_proto::path(uri).is_some_and(|path| path == file))
    }

    /// A document's text did not get here: nothing is said about it until it comes whole. Says whether that is new.
    pub(crate) fn lose(&mut self, uri: &Uri) -> bool {
        self.open.remove(uri);
        self.untracked.insert(uri.clone())
    }

    /// Its path as the open workspaces spell it; gives the one before if it is another.
    pub(crate) fn respell(&mut self, uri: &Uri, spell: impl FnOnce(&Path) -> PathBuf) -> Option<PathBuf> {
        let document = self.open.get_mut(uri)?;
        let path = document.path.as_mut()?;
        let spelled = spell(&from_proto::path(uri)?);
        (spelled != *path).then(|| std::mem::replace(path, spelled))
    }

    /// An open document.
    pub(crate) fn get(&self, uri: &Uri) -> Option<&Document> {
        self.open.get(uri)
    }

    /// An open document.
    pub(crate) fn get_mut(&mut self, uri: &Uri) -> Option<&mut Document> {
        self.open.get_mut(uri)
    }

    /// Every open document.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Uri, &mut Document)> {
        self.open.iter_mut()
    }

    /// The address under which a file is open.
    pub(crate) fn uri_of(&self, file: &Path) -> Option<Uri> {
        self.open.iter().find(|(_, document)| document.path.as_deref() == Some(file)).map(|(uri, _)| uri.clone())
    }

    /// The addresses of open documents.
    pub(crate) fn uris(&self) -> Vec<Uri> {
        self.open.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tower_lsp::ls_types::{Position, Range};

    /// A document as the specification words it: lines end at LF, CRLF and CR, columns count code units.
    struct Naive(String);

    impl Naive {
        fn offset(&self, position: Position, encoding: Encoding) -> usize {
            let (mut line, mut at) = (0, 0);
            let bytes = self.0.as_bytes();
            while line < position.line {
                match bytes.get(at) {
                    None => return at,
                    Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => (line, at) = (line + 1, at + 2),
                    Some(b'\r' | b'\n') => (line, at) = (line + 1, at + 1),
                    Some(_) => at += 1,
                }
            }
            let mut units = 0;
            for c in self.0[at..].chars() {
                let width = match encoding {
                    Encoding::Utf8 => c.len_utf8(),
                    Encoding::Utf16 => c.len_utf16(),
                };
                if matches!(c, '\r' | '\n') || units + width > position.character as usize {
                    break;
                }
                units += width;
                at += c.len_utf8();
            }
            at
        }

        fn apply(&mut self, range: Option<Range>, text: &str, encoding: Encoding) {
            match range {
                None => self.0 = text.to_owned(),
                Some(range) => {
                    let (a, b) = (self.offset(range.start, encoding), self.offset(range.end, encoding));
                    self.0.replace_range(a.min(b)..a.max(b), text);
                }
            }
        }
    }

    const TEXT: &str = "[aé𝄞x<=>\u{2028}\u{85}\u{b}\r\n]{0,12}|<<<<<<< a\r?\n|=======\n|>>>>>>> b\n";

    fn position() -> impl Strategy<Value = Position> {
        (prop_oneof![0..6_u32, Just(u32::MAX)], prop_oneof![0..9_u32, Just(u32::MAX)])
            .prop_map(|(line, character)| Position { line, character })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

        #[test]
        fn changes_leave_the_text_that_a_naive_reading_of_the_specification_leaves(
            start in prop::collection::vec(TEXT, 0..6),
            changes in prop::collection::vec((prop::option::weighted(0.95, (position(), position())), TEXT), 1..20),
            utf8 in any::<bool>(),
        ) {
            let encoding = if utf8 { Encoding::Utf8 } else { Encoding::Utf16 };
            let uri: Uri = "untitled:1".parse().unwrap();
            let mut naive = Naive(start.concat());
            let mut documents = Documents::default();
            documents.open(TextDocumentItem { uri: uri.clone(), language_id: String::new(), version: 0, text: naive.0.clone() });
            for (version, (range, text)) in (1..).zip(changes) {
                let range = range.map(|(start, end)| Range { start, end });
                naive.apply(range, &text, encoding);
                let change = TextDocumentContentChangeEvent { range, range_length: None, text };
                prop_assert_eq!(documents.change(&uri, version, vec![change], encoding), Applied::Yes);
                let document = documents.get_mut(&uri).unwrap();
                prop_assert_eq!(document.text.to_string(), &*naive.0);
                let fresh = Conflicts::read(&document.text);
                let lines = |c: &Conflicts| (c.regions.iter().map(|r| (r.open, r.close)).collect::<Vec<_>>(), c.malformed.clone());
                prop_assert_eq!(lines(document.parts().1), lines(&fresh));
            }
        }
    }

    #[test]
    fn a_version_that_goes_back_is_told_and_the_change_is_applied() {
        let uri: Uri = "untitled:1".parse().unwrap();
        let mut documents = Documents::default();
        documents.open(TextDocumentItem { uri: uri.clone(), language_id: String::new(), version: 5, text: "a".into() });
        let change = |text: &str| {
            let range = Some(Range::default());
            vec![TextDocumentContentChangeEvent { range, range_length: None, text: text.into() }]
        };
        assert_eq!(documents.change(&uri, 3, change("b"), Encoding::Utf16), Applied::VersionWentBack { from: 5 });
        assert_eq!(documents.change(&uri, 4, Vec::new(), Encoding::Utf16), Applied::Yes);
        let document = documents.get(&uri).unwrap();
        assert_eq!((document.text.to_string().as_str(), document.version), ("ba", 4));
    }

    #[test]
    fn a_document_that_was_lost_is_ignored_until_it_comes_whole() {
        let uri: Uri = "file:///big".parse().unwrap();
        let mut documents = Documents::default();
        assert!(documents.lose(&uri));
        assert!(!documents.lose(&uri));
        let change =
            |range, text: &str| TextDocumentContentChangeEvent { range, range_length: None, text: text.into() };
        let piece = vec![change(Some(Range::default()), "x")];
        assert_eq!(documents.change(&uri, 2, piece, Encoding::Utf8), Applied::NotOpen);
        let whole = vec![change(None, "whole"), change(Some(Range::default()), "the ")];
        assert_eq!(documents.change(&uri, 3, whole, Encoding::Utf8), Applied::Yes);
        assert_eq!(documents.get(&uri).unwrap().text.to_string(), "the whole");
        assert_eq!(documents.get(&uri).unwrap().path.as_deref(), Some("/big".as_ref()));
    }
}
