//! Learns what a message over the limit is about while its bytes pass by: id, method and document.
//! Keeps at most a few kilobytes, and never decides anything.

use memchr::memchr2;

/// Most bytes kept of one value.
const LONGEST: usize = 4096;
/// Levels whose keys are followed.
const DEPTH: usize = 3;

/// What was learnt. Each is as JSON has it, `id` with its quotes if it is a string.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Skimmed {
    /// The request's id, as JSON.
    pub id: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// `params.textDocument.uri`.
    pub uri: Option<String>,
}

#[derive(Default)]
pub(crate) struct Skim {
    depth: usize,
    objects: [bool; DEPTH],
    keys: [Vec<u8>; DEPTH],
    wants_key: bool,
    in_string: bool,
    escaped: bool,
    kept: Option<Vec<u8>>,
    is_key: bool,
    found: Skimmed,
}

impl Skim {
    /// Takes the next bytes of the message.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.in_string && !self.escaped && self.kept.is_none() {
                // A document's text: nothing in it matters but its end.
                let Some(next) = memchr2(b'"', b'\\', bytes) else { return };
                self.string_byte(bytes[next]);
                bytes = &bytes[next + 1..];
                continue;
            }
            if self.in_string {
                self.string_byte(byte);
            } else {
                self.byte(byte);
            }
            bytes = rest;
        }
    }

    /// What was learnt from all of it.
    pub(crate) fn finish(self) -> Skimmed {
        self.found
    }

    fn string_byte(&mut self, byte: u8) {
        let ends = byte == b'"' && !self.escaped;
        self.escaped = byte == b'\\' && !self.escaped;
        if let Some(kept) = &mut self.kept
            && kept.len() < LONGEST
        {
            kept.push(byte);
        }
        if ends {
            self.in_string = false;
            self.value_ends();
        }
    }

    fn byte(&mut self, byte: u8) {
        let followed = self.depth.checked_sub(1).filter(|level| *level < DEPTH);
        match byte {
            b'"' => {
                self.in_string = true;
                self.is_key = self.wants_key && followed.is_some_and(|level| self.objects[level]);
                self.kept = (self.is_key || self.matters()).then(|| vec![b'"']);
            }
            b'{' | b'[' => {
                if self.depth < DEPTH {
                    self.objects[self.depth] = byte == b'{';
                    self.keys[self.depth].clear();
                }
                self.depth += 1;
                self.wants_key = byte == b'{';
            }
            b'}' | b']' => {
                self.value_ends();
                self.depth = self.depth.saturating_sub(1);
                self.wants_key = false;
            }
            b',' => {
                self.value_ends();
                self.wants_key = followed.is_some_and(|level| self.objects[level]);
            }
            b':' => self.wants_key = false,
            byte if byte.is_ascii_whitespace() => {}
            byte => {
                if self.kept.is_none() && self.matters() {
                    self.kept = Some(Vec::new());
                }
                if let Some(kept) = &mut self.kept
                    && kept.len() < LONGEST
                {
                    kept.push(byte);
                }
            }
        }
    }

    /// Whether the value that begins here is one that is looked for.
    fn matters(&self) -> bool {
        match self.depth {
            1 => self.objects[0] && matches!(&self.keys[0][..], b"\"id\"" | b"\"method\""),
            3 => self.keys.iter().map(Vec::as_slice).eq([&b"\"params\""[..], b"\"textDocument\"", b"\"uri\""]),
            _ => false,
        }
    }

    fn value_ends(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        if self.is_key {
            self.is_key = false;
            if let Some(key) = self.depth.checked_sub(1).and_then(|level| self.keys.get_mut(level)) {
                *key = kept;
            }
            return;
        }
        let text = || serde_json::from_slice::<String>(&kept).ok();
        match (self.depth, &self.keys[0][..]) {
            (1, b"\"id\"") => self.found.id = String::from_utf8(kept).ok().filter(|id| id != "null"),
            (1, b"\"method\"") => self.found.method = text(),
            _ => self.found.uri = text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn skim(text: &str, step: usize) -> Skimmed {
        let mut skim = Skim::default();
        for chunk in text.as_bytes().chunks(step) {
            skim.feed(chunk);
        }
        skim.finish()
    }

    #[test]
    fn id_method_and_document_are_found_in_any_order_and_any_pieces() {
        let text = r#"{"jsonrpc":"2.0","params":{"x":[{"id":3}],"textDocument":{"text":"\"id\":9 \\","uri":"file:///\u00e9"}},"method":"a/b","id":"x\"1"}"#;
        for step in 1..40 {
            let found = skim(text, step);
            assert_eq!(found.id.as_deref(), Some(r#""x\"1""#));
            assert_eq!(found.method.as_deref(), Some("a/b"));
            assert_eq!(found.uri.as_deref(), Some("file:///é"));
        }
        assert_eq!(skim(r#"{"id": 12 ,"method":1}"#, 3).id.as_deref(), Some("12"));
        assert_eq!(skim(r#"{"id":null}"#, 3), Skimmed::default());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in "[\\[\\]{}\",:a\\\\1 ]{0,300}") {
            skim(&bytes, 7);
        }
    }
}
