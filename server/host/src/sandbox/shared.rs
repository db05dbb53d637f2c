//! What a sandbox has seen so far, for the thread that watches calls and those that answer questions for names.
//! Tells each thing once, as soon as it is known.

use super::names::Names;
use super::told::{Reached, Told, Way};
use super::who::Who;
use std::collections::HashMap;
use std::io::Write as _;

/// Bytes of a line that are told; the rest of a longer one is dropped.
const LONGEST_LINE: usize = 2000;
/// Different reaches that are told.
const MOST_REACHES: usize = 1000;
/// Sockets of which it is remembered whose they are.
const MOST_SOCKETS: usize = 10_000;

/// Writes one line. Nobody listens any more: then nobody may be left running either.
pub(super) fn tell(told: &Told) {
    let Ok(mut line) = serde_json::to_vec(told) else { return };
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    if out.write_all(&line).and_then(|()| out.flush()).is_err() {
        crate::group::end_below(std::process::id());
        crate::leave(1);
    }
}

#[derive(Default)]
pub(super) struct Shared {
    pub lines: Lines,
    pub names: Names,
    /// Whose a socket is that asks for names, by its inode.
    askers: HashMap<u64, Who>,
    seen: HashMap<(Who, String, Option<u16>, Way), usize>,
    times: Vec<u64>,
}

impl Shared {
    pub fn asks(&mut self, socket: Option<u64>, who: Who) {
        if let Some(socket) = socket.filter(|_| self.askers.len() < MOST_SOCKETS) {
            self.askers.insert(socket, who);
        }
    }

    /// Who has this socket; nobody where that was not seen.
    pub fn asker(&self, socket: Option<u64>) -> Who {
        let nobody = || Who { program: "a program that was not seen".to_owned(), ..Who::default() };
        socket.and_then(|socket| self.askers.get(&socket).cloned()).unwrap_or_else(nobody)
    }

    pub fn reached(&mut self, who: Who, host: String, port: Option<u16>, way: Way) {
        let key = (who, host, port, way);
        if let Some(at) = self.seen.get(&key) {
            self.times[*at] += 1;
            return;
        }
        if self.times.len() >= MOST_REACHES {
            return;
        }
        let (who, host) = (key.0.clone(), key.1.clone());
        self.seen.insert(key, self.times.len());
        self.times.push(1);
        tell(&Told::Reached { reached: Reached { who, host, port, way, line: self.lines.last() } });
    }

    pub fn times(&self) -> Vec<u64> {
        self.times.clone()
    }
}

/// What a command says on its two streams, cut into lines.
#[derive(Default)]
pub(super) struct Lines {
    open: [Vec<u8>; 2],
    count: u64,
    last: Option<String>,
    /// Where the last byte came from.
    last_err: bool,
}

impl Lines {
    pub fn take(&mut self, err: bool, bytes: &[u8]) {
        self.last_err = err;
        for &byte in bytes {
            if byte == b'\n' || byte == b'\r' {
                self.end(err);
            } else if self.open[usize::from(err)].len() < LONGEST_LINE {
                self.open[usize::from(err)].push(byte);
            }
        }
    }

    /// Ends the line that is open; an empty one is none.
    pub fn end(&mut self, err: bool) {
        let open = std::mem::take(&mut self.open[usize::from(err)]);
        if open.is_empty() {
            return;
        }
        let text = plain(&open);
        self.count += 1;
        tell(&Told::Line { err, text: text.clone() });
        self.last = Some(text);
    }

    /// The last line with its number from 1, one that is not ended yet too.
    fn last(&self) -> Option<(u64, String)> {
        let open = [self.last_err, !self.last_err].map(|err| &self.open[usize::from(err)]);
        match open.into_iter().find(|open| !open.is_empty()) {
            Some(open) => Some((self.count + 1, plain(open))),
            None => self.last.clone().map(|last| (self.count, last)),
        }
    }
}

/// As it can be shown anywhere: without colours and without what moves a cursor.
fn plain(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let mut plain = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // `ESC [`, and parameters up to a letter.
            if chars.as_str().starts_with('[') {
                chars.find(|c| matches!(c, '@'..='Z' | '\\'..='~'));
            }
        } else if c == '\t' {
            plain.push(' ');
        } else if !c.is_control() {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_without_colours_and_control_characters() {
        assert_eq!(plain(b"\x1b[1m\x1b[32m   Compiling\x1b[0m a\tb\x07"), "   Compiling a b");
        assert_eq!(plain(b"\x1b[9"), "");
    }
}
