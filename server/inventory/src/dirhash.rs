//! The checksum that Go's go.sum holds of a module: over the names and SHA-256 of its files (`h1`, golang.org/x/mod/sumdb/dirhash).
//! May read archives only; believes no length that one claims.

use crate::reach::Opened;
use base64::Engine;
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// Go refuses larger modules, in bytes, packed or not.
pub(crate) const LARGEST: u64 = 500 << 20;
/// More files no module has: their list would not fit into the plain form of an archive either.
const MOST_FILES: usize = 65_535;
/// The longest comment that may stand behind an archive's list, and what stands before it.
const TAIL: u64 = 65_535 + END;
const END: u64 = 22;
const ENTRY: usize = 46;
const LOCAL: u64 = 30;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The digest behind `h1:`.
pub(crate) fn parse(text: &str) -> Option<[u8; 32]> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.strip_prefix("h1:")?).ok()?;
    bytes.try_into().ok()
}

/// Hashes files by name; `files`: name and SHA-256 of each.
pub(crate) fn of_files(mut files: Vec<(Vec<u8>, [u8; 32])>) -> [u8; 32] {
    files.sort();
    let mut all = Sha256::new();
    for (name, sum) in files {
        all.update(crate::hexadecimal::of(&sum));
        all.update(b"  ");
        all.update(name);
        all.update(b"\n");
    }
    all.finalize().into()
}

/// Of a `go.mod` file alone.
pub(crate) fn of_mod(text: &[u8]) -> [u8; 32] {
    of_files(vec![(b"go.mod".to_vec(), Sha256::digest(text).into())])
}

/// A file in an archive, as its list has it.
pub(crate) struct Entry {
    pub name: Vec<u8>,
    /// Bytes, unpacked.
    pub size: u64,
    packed: u64,
    crc: u32,
    method: u16,
    offset: u64,
}

/// Why an archive's checksum is not known.
#[derive(Debug)]
pub(crate) enum Unhashed {
    /// It is no archive that Go could unpack.
    Broken,
    /// The system would not read it, or `cancelled` said so.
    Failed,
}

impl From<std::io::Error> for Unhashed {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => Unhashed::Broken,
            _ => Unhashed::Failed,
        }
    }
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    number(bytes, at).map(u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at).map(u32::from_le_bytes)
}

/// The list of an archive's files.
pub(crate) fn entries(file: &mut Opened) -> Result<Vec<Entry>, Unhashed> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail = length.min(TAIL);
    file.seek(SeekFrom::Start(length - tail))?;
    let mut end = Vec::new();
    (&mut *file).take(tail).read_to_end(&mut end)?;
    let at = memchr::memmem::rfind_iter(&end, b"PK\x05\x06")
        .find(|&at| short(&end, at + 20).is_some_and(|comment| at + END as usize + usize::from(comment) <= end.len()))
        .ok_or(Unhashed::Broken)?;
    let count = usize::from(short(&end, at + 10).ok_or(Unhashed::Broken)?);
    let size = u64::from(long(&end, at + 12).ok_or(Unhashed::Broken)?);
    let stated = u64::from(long(&end, at + 16).ok_or(Unhashed::Broken)?);
    let ends = length - tail + at as u64;
    // Another file may stand before the archive: offsets count from where it begins.
    let begins = ends.checked_sub(size).and_then(|start| start.checked_sub(stated)).ok_or(Unhashed::Broken)?;
    if count >= MOST_FILES || length > LARGEST {
        return Err(Unhashed::Broken);
    }
    file.seek(SeekFrom::Start(begins + stated))?;
    let mut list = Vec::new();
    (&mut *file).take(size).read_to_end(&mut list)?;
    let mut out = Vec::with_capacity(count.min(4096));
    let mut at = 0;
    for _ in 0..count {
        let field = |offset: usize| long(&list, at + offset).map(u64::from).ok_or(Unhashed::Broken);
        if long(&list, at) != Some(0x0201_4b50) {
            return Err(Unhashed::Broken);
        }
        let lengths = [28, 30, 32].map(|offset| short(&list, at + offset).map_or(0, usize::from));
        let name = list.get(at + ENTRY..at + ENTRY + lengths[0]).ok_or(Unhashed::Broken)?.to_vec();
        out.push(Entry {
            name,
            size: field(24)?,
            packed: field(20)?,
            crc: long(&list, at + 16).ok_or(Unhashed::Broken)?,
            method: short(&list, at + 10).ok_or(Unhashed::Broken)?,
            offset: begins + field(42)?,
        });
        at += ENTRY + lengths.iter().sum::<usize>();
    }
    Ok(out)
}

/// Of an archive. `on_bytes` is told what was unpacked.
pub(crate) fn of_archive(
    file: &mut Opened,
    on_bytes: &dyn Fn(u64),
    cancelled: &dyn Fn() -> bool,
) -> Result<[u8; 32], Unhashed> {
    let entries = entries(file)?;
    let mut left = LARGEST;
    let mut files = Vec::with_capacity(entries.len());
    let mut buffer = vec![0; 64 << 10];
    for entry in entries {
        if cancelled() {
            return Err(Unhashed::Failed);
        }
        if entry.name.contains(&b'\n') {
            return Err(Unhashed::Broken);
        }
        file.seek(SeekFrom::Start(entry.offset))?;
        let mut local = [0; LOCAL as usize];
        file.read_exact(&mut local)?;
        if long(&local, 0) != Some(0x0403_4b50) {
            return Err(Unhashed::Broken);
        }
        let skip = [26, 28].map(|at| short(&local, at).map_or(0, u64::from)).iter().sum::<u64>();
        file.seek(SeekFrom::Start(entry.offset + LOCAL + skip))?;
        let packed = (&mut *file).take(entry.packed);
        let mut inflated;
        let mut stored;
        let reader: &mut dyn Read = match entry.method {
            STORED => {
                stored = packed;
                &mut stored
            }
            DEFLATED => {
                inflated = flate2::read::DeflateDecoder::new(packed);
                &mut inflated
            }
            _ => return Err(Unhashed::Broken),
        };
        let (mut sum, mut crc, mut size) = (Sha256::new(), crc32fast::Hasher::new(), 0);
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            size += read as u64;
            left = left.checked_sub(read as u64).ok_or(Unhashed::Broken)?;
            if size > entry.size {
                return Err(Unhashed::Broken);
            }
            sum.update(&buffer[..read]);
            crc.update(&buffer[..read]);
            on_bytes(read as u64);
        }
        // Files that say nothing of their checksum are read without.
        if size != entry.size || entry.crc != 0 && crc.finalize() != entry.crc {
            return Err(Unhashed::Broken);
        }
        files.push((entry.name, sum.finalize().into()));
    }
    Ok(of_files(files))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use std::io::Write;

    /// An archive with stored files, as its format asks for.
    pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut list) = (Vec::new(), Vec::new());
        for (name, text) in files {
            let offset = out.len() as u32;
            let mut crc = crc32fast::Hasher::new();
            crc.update(text);
            let mut common = Vec::new();
            common.extend_from_slice(&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            common.extend_from_slice(&crc.finalize().to_le_bytes());
            common.extend_from_slice(&(text.len() as u32).to_le_bytes());
            common.extend_from_slice(&(text.len() as u32).to_le_bytes());
            common.extend_from_slice(&(name.len() as u16).to_le_bytes());
            common.extend_from_slice(&[0, 0]);
            out.extend_from_slice(b"PK\x03\x04");
            out.extend_from_slice(&common);
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(text);
            list.extend_from_slice(b"PK\x01\x02\x14\x00");
            list.extend_from_slice(&common);
            list.extend_from_slice(&[0; 10]);
            list.extend_from_slice(&offset.to_le_bytes());
            list.extend_from_slice(name.as_bytes());
        }
        let start = out.len() as u32;
        out.extend_from_slice(&list);
        out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        out.extend_from_slice(&(files.len() as u16).to_le_bytes());
        out.extend_from_slice(&(files.len() as u16).to_le_bytes());
        out.extend_from_slice(&(list.len() as u32).to_le_bytes());
        out.extend_from_slice(&start.to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out
    }

    fn hash(bytes: &[u8]) -> Result<[u8; 32], Unhashed> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut file = Opened::new(file, "archive".into());
        of_archive(&mut file, &|_| (), &|| false)
    }

    #[test]
    fn an_empty_go_mod_has_the_checksum_that_go_knows_it_by() {
        assert_eq!(parse("h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=").unwrap(), of_mod(b""));
        assert!(parse("h2:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=").is_none() && parse("h1:AAAA").is_none());
    }

    #[test]
    fn the_order_of_files_does_not_matter_and_their_content_does() {
        let [a, b] = [("m@v1/a", b"one".as_slice()), ("m@v1/b", b"two")];
        let sum = hash(&archive(&[a, b])).unwrap();
        assert_eq!(sum, hash(&archive(&[b, a])).unwrap());
        assert_ne!(sum, hash(&archive(&[a, ("m@v1/b", b"twe")])).unwrap());
    }

    #[test]
    fn what_claims_too_much_or_is_cut_anywhere_is_broken_and_never_more() {
        let whole = archive(&[("m@v1/a", b"one"), ("m@v1/b", &[7; 300])]);
        for length in 0..whole.len() {
            assert!(hash(&whole[..length]).is_err(), "{length}");
        }
        let mut differ = 0;
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] = 0xff;
            differ += usize::from(hash(&bytes).is_err());
        }
        assert!(differ > 300, "{differ}");
    }
}
