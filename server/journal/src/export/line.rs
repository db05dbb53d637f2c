//! The lines of an export as they are written: one way for each, so that a reader can compare byte by byte.
//! It renders; it reads nothing.

use super::{FORMAT, VERSION};
use crate::chain::{LogId, lane_of};
use crate::header::Header;
use crate::time::rfc3339;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use contract::Lane;
use std::io::Write as _;
use ulid::Ulid;

/// A log, in the first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub log: LogId,
    pub device: [u8; 32],
    pub epoch: [u8; 16],
    pub project: [u8; 16],
    pub lane: u8,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub journal: Ulid,
    pub written_ms: i64,
    pub by: String,
    /// Public key of the device that writes, and signs the envelope beside the file.
    pub signer: [u8; 32],
    /// In words, which events were asked for; `None` where all of them were.
    pub filter: Option<String>,
    pub logs: Vec<LogLine>,
}

/// The last event of a log that stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub log: LogId,
    pub seq: u64,
    pub hash: [u8; 32],
}

/// An event's parts that are not in its header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub bytes: &'a [u8],
    pub prev: Option<&'a [u8; 32]>,
    pub hash: &'a [u8; 32],
    pub carried: Option<(&'a [u8; 16], &'a [u8])>,
}

impl Manifest {
    /// The line without its end.
    pub fn render(&self, out: &mut Vec<u8>) {
        let start = out.len();
        // Writing to a Vec cannot fail.
        let _ = write!(out, r#"{{"format":"{FORMAT}","v":{VERSION},"journal":"{}","writtenAt":"#, self.journal);
        string(&rfc3339(self.written_ms), out);
        out.extend_from_slice(br#","by":"#);
        string(&self.by, out);
        let _ = write!(out, r#","signer":"{}","filter":"#, hex::encode(self.signer));
        match &self.filter {
            Some(filter) => string(filter, out),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(br#","logs":["#);
        for (n, log) in self.logs.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let _ = write!(
                out,
                r#"{comma}{{"log":"{}","device":"{}","epoch":"{}","project":"{}","lane":"{}"}}"#,
                hex::encode(log.log),
                hex::encode(log.device),
                hex::encode(log.epoch),
                hex::encode(log.project),
                lane_word(log.lane)
            );
        }
        out.push(b']');
        let hash = blake3::hash(&out[start..]).to_hex();
        let _ = write!(out, r#","blake3":"{hash}"}}"#);
    }
}

/// `notes` for example; a lane of a later version by its number.
pub(crate) fn lane_word(lane: u8) -> String {
    let known = lane_of(lane);
    let word = (known != Lane::Other).then(|| serde_json::to_value(known).ok()).flatten();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_else(|| lane.to_string())
}

/// An event's line without its end.
pub(crate) fn event(header: &Header, parts: Parts<'_>, out: &mut Vec<u8>) {
    let _ = write!(
        out,
        r#"{{"log":"{}","seq":{},"id":"{}","at":"{}","kind":"#,
        hex::encode(header.log),
        header.seq,
        header.id,
        rfc3339(header.wall_ms)
    );
    string(&header.kind, out);
    out.extend_from_slice(br#","header":""#);
    base64_into(parts.bytes, out);
    if let Some(prev) = parts.prev {
        let _ = write!(out, r#"","prev":"{}"#, hex::encode(prev));
    }
    let _ = write!(out, r#"","hash":"{}","salt":"#, hex::encode(parts.hash));
    match parts.carried {
        Some((salt, payload)) => {
            let _ = write!(out, r#""{}","#, hex::encode(salt));
            if let Ok(text) = std::str::from_utf8(payload) {
                out.extend_from_slice(br#""payload":"#);
                string(text, out);
            } else {
                out.extend_from_slice(br#""payloadBase64":""#);
                base64_into(payload, out);
                out.push(b'"');
            }
        }
        None => out.extend_from_slice(br#"null,"payload":null"#),
    }
    out.push(b'}');
}

/// The last line without its end.
pub(crate) fn end(events: u64, redacted: u64, heads: &[Head], before: &[u8; 32], out: &mut Vec<u8>) {
    let _ = write!(out, r#"{{"events":{events},"redacted":{redacted},"heads":["#);
    for (n, head) in heads.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let (log, hash) = (hex::encode(head.log), hex::encode(head.hash));
        let _ = write!(out, r#"{comma}{{"log":"{log}","seq":{},"hash":"{hash}"}}"#, head.seq);
    }
    let _ = write!(out, r#"],"blake3":"{}"}}"#, hex::encode(before));
}

fn base64_into(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The room is what the encoding takes.
    let written = BASE64_STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or_default();
    out.truncate(start + written);
}

/// A JSON string; what must be escaped is, in one way, and nothing else.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain..at]);
        plain = at + 1;
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let _ = write!(out, "{byte:04x}");
        }
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_what_every_json_reader_reads_back() {
        let all: String = (0..=0x2100_u32).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        string(&all, &mut out);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), all);
        assert!(!out.iter().any(|byte| *byte < 0x20), "a line stays one line");
    }
}
