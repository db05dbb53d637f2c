//! What a tool says, cut into lines and bounded: however much it is, and whatever bytes.
//! It interprets nothing.

use std::io::Read;

/// Longest line that is handed on; the rest of a longer one is dropped.
pub(crate) const LINE_LIMIT: usize = 16 * 1024;
/// How much of the output's end is kept.
pub(crate) const TAIL_LIMIT: usize = 64 * 1024;

/// Splits at `\n` and at `\r`, with which tools redraw their progress.
pub(crate) fn read_lines(mut pipe: impl Read, mut hand_on: impl FnMut(String) -> bool) {
    let mut buffer = [0_u8; 16 * 1024];
    let mut line = Vec::new();
    loop {
        let count = match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        for &byte in &buffer[..count] {
            if byte == b'\n' || byte == b'\r' {
                if !line.is_empty() && !hand_on(String::from_utf8_lossy(&line).into_owned()) {
                    return;
                }
                line.clear();
            } else if line.len() < LINE_LIMIT {
                line.push(byte);
            }
        }
    }
    if !line.is_empty() {
        hand_on(String::from_utf8_lossy(&line).into_owned());
    }
}

/// The last lines, at most [`TAIL_LIMIT`] bytes of them.
#[derive(Default)]
pub(crate) struct Tail {
    lines: std::collections::VecDeque<String>,
    bytes: usize,
}

impl Tail {
    pub fn push(&mut self, line: &str) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line.to_owned());
        while self.bytes > TAIL_LIMIT {
            let Some(first) = self.lines.pop_front() else { break };
            self.bytes -= first.len() + 1;
        }
    }

    pub fn text(&self) -> String {
        self.lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}
