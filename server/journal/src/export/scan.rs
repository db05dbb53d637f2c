//! Reads the lines of an export strictly, and knows at every byte which field it stands in.
//! It takes any bytes; what it does not expect is an error with its place. Memory is bounded by the line.

use super::line::{LogLine, Manifest};
use super::{FORMAT, VERSION};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::ops::Range;
use ulid::Ulid;

/// What is not as it should be, from the line's first byte on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub at: usize,
    pub field: &'static str,
    pub reason: String,
}

/// What an event's line says beyond its header; buffers are used again from line to line.
#[derive(Debug, Default)]
pub(crate) struct EventLine {
    pub header: Vec<u8>,
    pub prev: Option<[u8; 32]>,
    pub hash: [u8; 32],
    pub salt: Option<[u8; 16]>,
    pub payload: Vec<u8>,
    /// What the columns `log` and `seq` say.
    pub log: Option<[u8; 16]>,
    pub seq: u64,
    /// The text of the header, without its quotes.
    pub header_text: Range<usize>,
    /// Where each field's text begins.
    pub fields: Vec<(usize, &'static str)>,
}

impl EventLine {
    /// The field that the byte `at` of the line belongs to.
    pub fn field_at(&self, at: usize) -> &'static str {
        self.fields.iter().rev().find(|(start, _)| *start <= at).map_or("line", |(_, name)| name)
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    field: &'static str,
}

type Scanned<T> = Result<T, Wrong>;

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8]) -> Scan<'a> {
        Scan { bytes, at: 0, field: "line" }
    }

    fn wrong<T>(&self, at: usize, reason: impl Into<String>) -> Scanned<T> {
        Err(Wrong { at, field: self.field, reason: reason.into() })
    }

    fn expect(&mut self, text: &str) -> Scanned<()> {
        for (n, want) in text.bytes().enumerate() {
            match self.bytes.get(self.at + n) {
                Some(found) if *found == want => {}
                Some(_) => return self.wrong(self.at + n, format!("expected `{text}`")),
                None => return self.wrong(self.at + n, format!("the line ends where `{text}` is expected")),
            }
        }
        self.at += text.len();
        Ok(())
    }

    fn begins(&self, text: &str) -> bool {
        self.bytes[self.at..].starts_with(text.as_bytes())
    }

    /// Everything up to the next quote; bytes that need an escape are found later.
    fn raw(&mut self) -> Scanned<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let Some(length) = memchr::memchr(b'"', rest) else {
            return self.wrong(self.bytes.len(), "the line ends within a text");
        };
        self.at += length;
        Ok(&rest[..length])
    }

    fn hex<const N: usize>(&mut self) -> Scanned<[u8; N]> {
        let mut bytes = [0; N];
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = (self.digit(2 * n)? << 4) | self.digit(2 * n + 1)?;
        }
        self.at += 2 * N;
        Ok(bytes)
    }

    fn digit(&self, n: usize) -> Scanned<u8> {
        match self.bytes.get(self.at + n) {
            Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
            Some(digit @ b'a'..=b'f') => Ok(digit - b'a' + 10),
            _ => self.wrong(self.at + n, "expected a hexadecimal digit"),
        }
    }

    fn number(&mut self) -> Scanned<u64> {
        let digits = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.bytes[self.at..self.at + digits]).unwrap_or_default();
        match text.parse() {
            Ok(number) => {
                self.at += digits;
                Ok(number)
            }
            Err(_) => self.wrong(self.at, "expected a whole number"),
        }
    }

    fn base64(&mut self, out: &mut Vec<u8>) -> Scanned<()> {
        let start = self.at;
        let text = self.raw()?;
        out.clear();
        BASE64_STANDARD.decode_vec(text, out).or_else(|error| {
            let at = match error {
                base64::DecodeError::InvalidByte(at, _) => at,
                base64::DecodeError::InvalidLastSymbol { offset, .. } => offset,
                _ => text.len(),
            };
            self.wrong(start + at, "this is not base64")
        })
    }

    /// The rest of a JSON string, its closing quote included.
    fn string(&mut self, out: &mut Vec<u8>) -> Scanned<()> {
        out.clear();
        loop {
            let rest = &self.bytes[self.at..];
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                return self.wrong(self.bytes.len(), "the line ends within a text");
            };
            out.extend_from_slice(&rest[..length]);
            self.at += length;
            if rest[length] == b'"' {
                self.at += 1;
                return Ok(());
            }
            let byte = match rest.get(length + 1) {
                Some(byte @ (b'"' | b'\\')) => *byte,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'b') => 0x08,
                Some(b'f') => 0x0c,
                Some(b'u') => {
                    self.at += 4;
                    let high = rest.get(length + 2..length + 4);
                    if high != Some(b"00") {
                        return self.wrong(self.at - 2, "no control character has this number");
                    }
                    (self.digit(0)? << 4) | self.digit(1)?
                }
                _ => return self.wrong(self.at + 1, "there is no such escape"),
            };
            out.push(byte);
            self.at += 2;
        }
    }

    fn text(&mut self) -> Scanned<String> {
        let (start, mut out) = (self.at, Vec::new());
        self.string(&mut out)?;
        String::from_utf8(out).or_else(|_| self.wrong(start, "this is not UTF-8"))
    }

    fn end(&self) -> Scanned<()> {
        if self.at == self.bytes.len() { Ok(()) } else { self.wrong(self.at, "bytes after the end of the line") }
    }
}

/// Reads an event's line into `line`. What repeats the header is passed over: the caller compares the whole line.
pub(crate) fn event(bytes: &[u8], line: &mut EventLine) -> Result<(), Wrong> {
    let mut scan = Scan::new(bytes);
    line.fields.clear();
    line.prev = None;
    for (name, before) in [
        ("log", r#"{"log":""#),
        ("seq", r#"","seq":"#),
        ("id", r#","id":""#),
        ("at", r#"","at":""#),
        ("kind", r#"","kind":""#),
    ] {
        scan.field = name;
        line.fields.push((scan.at, name));
        scan.expect(before)?;
        match name {
            "log" => {
                let mut log = [0; 16];
                line.log = hex::decode_to_slice(scan.raw()?, &mut log).is_ok().then_some(log);
            }
            "seq" => line.seq = scan.number()?,
            "kind" => scan.string(&mut line.payload)?,
            _ => drop(scan.raw()?),
        }
    }
    scan.field = "header";
    line.fields.push((scan.at, "header"));
    scan.expect(r#","header":""#)?;
    let start = scan.at;
    scan.base64(&mut line.header)?;
    line.header_text = start..scan.at;
    if scan.begins(r#"","prev":""#) {
        scan.field = "prev";
        line.fields.push((scan.at, "prev"));
        scan.expect(r#"","prev":""#)?;
        line.prev = Some(scan.hex()?);
    }
    scan.field = "hash";
    line.fields.push((scan.at, "hash"));
    scan.expect(r#"","hash":""#)?;
    line.hash = scan.hex()?;
    scan.field = "salt";
    line.fields.push((scan.at, "salt"));
    scan.expect(r#"","salt":"#)?;
    line.payload.clear();
    if scan.begins("n") {
        line.salt = None;
        scan.expect("null")?;
        scan.field = "payload";
        line.fields.push((scan.at, "payload"));
        scan.expect(r#","payload":null"#)?;
    } else {
        scan.expect("\"")?;
        line.salt = Some(scan.hex()?);
        scan.field = "payload";
        line.fields.push((scan.at, "payload"));
        if scan.begins(r#"","payloadB"#) {
            scan.expect(r#"","payloadBase64":""#)?;
            scan.base64(&mut line.payload)?;
            scan.expect("\"")?;
        } else {
            scan.expect(r#"","payload":""#)?;
            scan.string(&mut line.payload)?;
        }
    }
    scan.expect("}")?;
    scan.end()
}

/// Reads what stands between the quotes of `payload` and of whatever comes after it into `out`, as far as its end.
pub(crate) fn payload(bytes: &[u8], from: usize, out: &mut Vec<u8>) -> bool {
    let mut scan = Scan { bytes, at: from, field: "payload" };
    if bytes[from..].starts_with(br#"","payloadB"#) {
        scan.expect(r#"","payloadBase64":""#).and_then(|()| scan.base64(out)).is_ok()
    } else {
        scan.expect(r#"","payload":""#).and_then(|()| scan.string(out)).is_ok()
    }
}

/// Reads base64 into `out`.
pub(crate) fn base64(text: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    BASE64_STANDARD.decode_vec(text, out).is_ok()
}

/// Why a first line was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoManifest {
    /// The file is something else.
    Other,
    /// A later version has written it.
    Newer(u64),
    /// It is one, and broken.
    Wrong(Wrong),
}

/// Reads the first line.
pub(crate) fn manifest(bytes: &[u8]) -> Result<Manifest, NoManifest> {
    let mut scan = Scan::new(bytes);
    scan.field = "format";
    let version = scan.expect(&format!(r#"{{"format":"{FORMAT}","v":"#)).and_then(|()| {
        scan.field = "v";
        scan.number()
    });
    match version {
        Ok(version) if version == u64::from(VERSION) => {}
        Ok(version) if version > u64::from(VERSION) => return Err(NoManifest::Newer(version)),
        // So little is right that it is no export with a broken byte.
        Err(wrong) if wrong.at < 8 && !bytes.windows(FORMAT.len()).take(64).any(|part| part == FORMAT.as_bytes()) => {
            return Err(NoManifest::Other);
        }
        Ok(_) => return scan.wrong(scan.at - 1, "there is no such version").map_err(NoManifest::Wrong),
        Err(wrong) => return Err(NoManifest::Wrong(wrong)),
    }
    rest_of_manifest(&mut scan).map_err(NoManifest::Wrong)
}

fn rest_of_manifest(scan: &mut Scan<'_>) -> Scanned<Manifest> {
    scan.field = "journal";
    scan.expect(r#","journal":""#)?;
    let (start, id) = (scan.at, scan.raw()?);
    let Some(journal) = std::str::from_utf8(id).ok().and_then(|id| Ulid::from_string(id).ok()) else {
        return scan.wrong(start, "this is not a ULID");
    };
    scan.field = "writtenAt";
    scan.expect(r#"","writtenAt":""#)?;
    let (start, at) = (scan.at, scan.text()?);
    let Ok(at) = at.parse::<jiff::Timestamp>() else { return scan.wrong(start, "this is not a time") };
    scan.field = "by";
    scan.expect(r#","by":""#)?;
    let by = scan.text()?;
    scan.field = "signer";
    scan.expect(r#","signer":""#)?;
    let signer = scan.hex()?;
    scan.field = "filter";
    scan.expect(r#"","filter":"#)?;
    let filter = if scan.begins("n") {
        scan.expect("null")?;
        None
    } else {
        scan.expect("\"")?;
        Some(scan.text()?)
    };
    scan.field = "logs";
    scan.expect(r#","logs":["#)?;
    let mut logs = Vec::new();
    while !scan.begins("]") {
        scan.expect(if logs.is_empty() { r#"{"log":""# } else { r#",{"log":""# })?;
        let log = scan.hex()?;
        scan.expect(r#"","device":""#)?;
        let device = scan.hex()?;
        scan.expect(r#"","epoch":""#)?;
        let epoch = scan.hex()?;
        scan.expect(r#"","project":""#)?;
        let project = scan.hex()?;
        scan.expect(r#"","lane":""#)?;
        let (start, word) = (scan.at, scan.raw()?);
        let Some(lane) = lane_number_of(word) else { return scan.wrong(start, "there is no such lane") };
        scan.expect("\"}")?;
        logs.push(LogLine { log, device, epoch, project, lane });
    }
    scan.expect("]")?;
    let covered = scan.at;
    scan.field = "blake3";
    scan.expect(r#","blake3":""#)?;
    let (start, stated) = (scan.at, scan.hex::<32>()?);
    scan.expect("\"}")?;
    scan.end()?;
    if stated != *blake3::hash(&scan.bytes[..covered]).as_bytes() {
        return scan.wrong(start, "it is not the hash of the line");
    }
    Ok(Manifest { journal, written_ms: at.as_millisecond(), by, signer, filter, logs })
}

fn lane_number_of(word: &[u8]) -> Option<u8> {
    let word = std::str::from_utf8(word).ok()?;
    (0..=u8::MAX).find(|n| super::line::lane_word(*n) == word)
}
