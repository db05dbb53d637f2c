//! Reads a wheel's archive as Python's `zipfile` does: the files that it lists, and whether each has the checksum beside it.
//! May unpack into memory only what was asked for by name, within limits, and writes nothing.

use crate::look::{self, Unread};
use crate::reach::Opened;
use flate2::read::DeflateDecoder;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Longer lists of files are not read, in bytes.
const LONGEST_LIST: u64 = 64 << 20;
/// More is not unpacked of one archive to compare it, in bytes.
const MOST_UNPACKED: u64 = 2 << 30;
/// Larger single files are not taken into memory, in bytes.
const LARGEST: u64 = 16 << 20;

/// What is wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    Absent,
    /// In words.
    Damaged(String),
    /// In words.
    Unknown(String),
}

/// An archive that was opened.
pub(crate) struct Archive {
    file: BufReader<Opened>,
    entries: Vec<Entry>,
    /// Bytes that stand before the archive begins.
    before: u64,
}

struct Entry {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    at: u64,
}

fn damaged(why: impl Into<String>) -> Wrong {
    Wrong::Damaged(why.into())
}

fn failed(error: &std::io::Error) -> Wrong {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => damaged("it ends too early"),
        std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput => damaged("it cannot be unpacked"),
        kind => Wrong::Unknown(format!("it could not be read: {kind}")),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 2).map_or(0, |two| u64::from(u16::from_le_bytes([two[0], two[1]])))
}

fn u32_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 4).map_or(0, |four| u64::from(u32::from_le_bytes([four[0], four[1], four[2], four[3]])))
}

impl Archive {
    /// Opens one and reads its list of files.
    pub(crate) fn open(path: &Path) -> Result<Self, Wrong> {
        let (file, identity) = look::open(path).map_err(|why| match why {
            Unread::Absent => Wrong::Absent,
            Unread::Failed(_) => Wrong::Unknown(why.to_string()),
            why => damaged(why.to_string()),
        })?;
        let mut file = BufReader::new(file);
        let tail = identity.size.min((1 << 16) + 22);
        file.seek(SeekFrom::Start(identity.size - tail)).map_err(|error| failed(&error))?;
        let mut end = Vec::with_capacity(tail as usize);
        (&mut file).take(tail).read_to_end(&mut end).map_err(|error| failed(&error))?;
        let none = || damaged("it is no archive, or it ends too early");
        let last = end.len().checked_sub(22).ok_or_else(none)?;
        let at = if end[last..].starts_with(b"PK\x05\x06") && end[last + 20..] == [0, 0] {
            last
        } else {
            memchr::memmem::rfind(&end[..end.len()], b"PK\x05\x06")
                .filter(|at| at + 22 <= end.len())
                .ok_or_else(none)?
        };
        let end_at = identity.size - tail + at as u64;
        let (count, size, offset) = (u16_at(&end, at + 10), u32_at(&end, at + 12), u32_at(&end, at + 16));
        if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
            return Err(Wrong::Unknown("it is an archive of a form for very large ones, which is not read".into()));
        }
        let before =
            end_at.checked_sub(size + offset).ok_or_else(|| damaged("its list of files is not where it says"))?;
        if size > LONGEST_LIST {
            return Err(Wrong::Unknown("its list of files is longer than is read".into()));
        }
        file.seek(SeekFrom::Start(before + offset)).map_err(|error| failed(&error))?;
        let mut list = Vec::with_capacity(size as usize);
        (&mut file).take(size).read_to_end(&mut list).map_err(|error| failed(&error))?;
        let entries = entries(&list)?;
        Ok(Archive { file, entries, before })
    }

    /// Names of the files, in the archive's order; those of folders end with a slash.
    pub(crate) fn names(&self) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
        self.entries.iter().map(|entry| String::from_utf8_lossy(&entry.name))
    }

    /// One file's text.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, Wrong> {
        let at = self.entries.iter().rposition(|entry| entry.name == name.as_bytes());
        let at = at.ok_or_else(|| damaged(format!("it has no {name}")))?;
        if self.entries[at].size > LARGEST {
            return Err(Wrong::Unknown(format!("its {name} is larger than is read")));
        }
        let mut out = Vec::new();
        self.unpack(at, &mut |bytes| out.extend_from_slice(bytes))?;
        Ok(String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Unpacks everything and compares the checksums that the archive has for its files.
    pub(crate) fn compare(&mut self) -> Result<(), Wrong> {
        let all: u64 = self.entries.iter().map(|entry| entry.size).sum();
        if all > MOST_UNPACKED {
            return Err(Wrong::Unknown(format!("it is larger than the {} MiB that are unpacked", MOST_UNPACKED >> 20)));
        }
        (0..self.entries.len()).try_for_each(|at| self.unpack(at, &mut |_| {}))
    }

    fn unpack(&mut self, at: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), Wrong> {
        let Archive { file, entries, before, .. } = self;
        let entry = &entries[at];
        let shown = || String::from_utf8_lossy(&entry.name).chars().take(120).collect::<String>();
        file.seek(SeekFrom::Start(*before + entry.at)).map_err(|error| failed(&error))?;
        let mut head = [0; 30];
        file.read_exact(&mut head).map_err(|error| failed(&error))?;
        if !head.starts_with(b"PK\x03\x04") {
            return Err(damaged(format!("{} is not where its list says", shown())));
        }
        let (length, more) = (u16_at(&head, 26) as usize, u16_at(&head, 28));
        let mut name = vec![0; length];
        file.read_exact(&mut name).map_err(|error| failed(&error))?;
        if name != entry.name {
            return Err(damaged(format!("{} has another name in its list", shown())));
        }
        if entry.flags & 1 != 0 {
            return Err(damaged(format!("{} is encrypted", shown())));
        }
        file.seek_relative(more.cast_signed()).map_err(|error| failed(&error))?;
        let packed = file.take(entry.packed);
        let mut reader: Box<dyn Read + '_> = match entry.method {
            0 => Box::new(packed),
            8 => Box::new(DeflateDecoder::new(packed)),
            _ => return Err(damaged(format!("{} is packed in a way that Python does not unpack", shown()))),
        };
        let (mut hasher, mut left, mut piece) = (crc32fast::Hasher::new(), entry.size, vec![0; 64 << 10]);
        while left > 0 {
            let most = left.min(piece.len() as u64) as usize;
            let read = match reader.read(&mut piece[..most]) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(&error)),
            };
            hasher.update(&piece[..read]);
            each(&piece[..read]);
            left -= read as u64;
        }
        if left > 0 || hasher.finalize() != entry.crc {
            return Err(damaged(format!("{} has not the checksum that the archive has for it", shown())));
        }
        Ok(())
    }
}

fn entries(list: &[u8]) -> Result<Vec<Entry>, Wrong> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < list.len() {
        let head = list.get(at..at + 46).ok_or_else(|| damaged("its list of files ends too early"))?;
        if !head.starts_with(b"PK\x01\x02") {
            return Err(damaged("its list of files is damaged"));
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(head, at) as usize);
        let begin = at + 46;
        let bytes = list.get(begin..begin + name).ok_or_else(|| damaged("its list of files ends too early"))?;
        let (packed, size, place) = (u32_at(head, 20), u32_at(head, 24), u32_at(head, 42));
        if [packed, size, place].contains(&0xffff_ffff) {
            return Err(Wrong::Unknown("it has files of a form for very large ones, which is not read".into()));
        }
        out.push(Entry {
            name: bytes.to_vec(),
            flags: u16_at(head, 8) as u16,
            method: u16_at(head, 10) as u16,
            crc: u32_at(head, 16) as u32,
            packed,
            size,
            at: place,
        });
        at = begin + name + extra + comment;
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    /// An archive with one stored file.
    fn archive(name: &str, text: &[u8]) -> Vec<u8> {
        let (crc, length) = (crc32fast::hash(text).to_le_bytes(), (text.len() as u32).to_le_bytes());
        let named = (name.len() as u16).to_le_bytes();
        let mut out = [&b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0"[..], &crc, &length, &length, &named, &[0, 0]].concat();
        out.extend([name.as_bytes(), text].concat());
        let at = out.len() as u32;
        let list = [&b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0"[..], &crc, &length, &length, &named, &[0; 16]].concat();
        out.extend([&list, name.as_bytes()].concat());
        let size = (list.len() + name.len()) as u32;
        out.extend([&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat());
        out
    }

    #[test]
    fn every_byte_that_is_lost_or_flipped_within_a_file_is_found_and_nothing_panics() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.whl");
        let whole = archive("a/METADATA", b"Name: a");
        std::fs::write(&path, &whole).unwrap();
        let mut opened = Archive::open(&path).unwrap();
        assert_eq!(opened.text("a/METADATA").unwrap(), "Name: a");
        opened.compare().unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(Archive::open(&path).is_err(), "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x55;
            std::fs::write(&path, &flipped).unwrap();
            let told = Archive::open(&path).and_then(|mut archive| archive.compare());
            if (30..47).contains(&at) {
                assert!(told.is_err(), "name and content, {at}");
            }
        }
        assert_eq!(Archive::open(&folder.path().join("none")).err(), Some(Wrong::Absent));
    }
}
