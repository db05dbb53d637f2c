//! The text of a document as an editor holds it: edits by UTF-16 positions, written anew and by nobody that is tested.

use serde_json::{Value, json};

/// A text and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// As the editor counts.
    pub version: i64,
    /// All of it.
    pub text: String,
}

impl Text {
    /// A document that was just opened.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { version: 1, text: text.to_owned() }
    }

    /// Where a position is, in bytes.
    ///
    /// # Panics
    /// Where there is no such line.
    #[must_use]
    pub fn offset(&self, position: &Value) -> usize {
        let number = |name: &str| usize::try_from(position[name].as_u64().expect("a number")).expect("a small one");
        let (line, character) = (number("line"), number("character"));
        let starts = std::iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1));
        let start = starts.into_iter().nth(line).expect("a line of the text");
        let mut units = 0;
        for (at, c) in self.text[start..].char_indices() {
            if units >= character || c == '\n' {
                return start + at;
            }
            units += c.len_utf16();
        }
        self.text.len()
    }

    /// Replaces a range, in place; its version is another then.
    pub fn edit(&mut self, range: &Value, new: &str) {
        let (start, end) = (self.offset(&range["start"]), self.offset(&range["end"]));
        self.text.replace_range(start..end, new);
    }

    /// Applies edits whose ranges are all of the text as it is.
    ///
    /// # Panics
    /// Where one has no text.
    pub fn apply(&mut self, edits: &[Value]) {
        let mut places: Vec<(usize, usize, &str)> = edits
            .iter()
            .map(|edit| {
                let (start, end) = (self.offset(&edit["range"]["start"]), self.offset(&edit["range"]["end"]));
                (start, end, edit["newText"].as_str().expect("a text"))
            })
            .collect();
        places.sort_unstable();
        for (start, end, new) in places.into_iter().rev() {
            self.text.replace_range(start..end, new);
        }
        self.version += 1;
    }

    /// The parameters of a `didChange` that sends all of it.
    #[must_use]
    pub fn change(&self, uri: &str) -> Value {
        json!({ "textDocument": { "uri": uri, "version": self.version }, "contentChanges": [{ "text": self.text }] })
    }
}
