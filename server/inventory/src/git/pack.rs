//! One pack and its index, as libgit2 opens and reads them.
//! May not look outside the pack; what an object rests on elsewhere is asked for.

use super::{Id, Kind, LARGEST, LONGEST_CHAIN, Lost, Object};
use crate::look::{Identity, Look, Seen, Unread, open_seen, read_into};
use crate::reach::Opened;
use flate2::read::ZlibDecoder;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Larger indexes are not read, in bytes: 30 million objects.
const LARGEST_INDEX: u64 = 1 << 30;
const FAN: usize = 8;
const NAMES: usize = FAN + 256 * 4;

pub(super) struct Pack {
    path: PathBuf,
    /// The whole index, version 2, checked.
    index: Vec<u8>,
    count: usize,
    file: Mutex<Opened>,
    size: u64,
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes)
}

impl Pack {
    /// `index`: the path of the `.idx`; the pack lies beside it.
    pub(super) fn open(index: &Path, look: &Look) -> Result<Pack, Lost> {
        let path = index.with_extension("pack");
        let damaged = |path: &Path, what: &str| Lost::Damaged(format!("{}: {what}", path.display()));
        let unread = |path: &Path, why: Unread| {
            look.passing(Some(why));
            match why {
                Unread::Absent => damaged(path, "it is not there"),
                Unread::Odd(Seen::Folder(_) | Seen::Dangling) => damaged(path, &why.to_string()),
                why => Lost::Unknown(format!("{}: {why}", path.display())),
            }
        };
        let mut bytes = Vec::new();
        let read = read_into(index, LARGEST_INDEX, &mut bytes);
        look.note(index.to_path_buf(), read.map_or_else(|_| Seen::at(index), Seen::File));
        read.map_err(|why| unread(index, why))?;
        let count = check(&bytes).ok_or_else(|| damaged(index, "this is no index of a pack"))?;
        let seen = look.at(&path);
        let identity: Identity = match seen {
            Seen::File(identity) => identity,
            odd => return Err(unread(&path, if odd == Seen::Absent { Unread::Absent } else { Unread::Odd(odd) })),
        };
        let (mut file, _) = open_seen(&path).map_err(|why| unread(&path, why))?;
        let (mut head, mut tail) = ([0; 12], [0; 20]);
        let ends = file.read_exact(&mut head).and_then(|()| {
            file.seek(SeekFrom::End(-20))?;
            file.read_exact(&mut tail)
        });
        ends.map_err(|_| damaged(&path, "it is cut off"))?;
        let known = &head[..4] == b"PACK" && matches!(word(&head, 4), 2 | 3) && word(&head, 8) as usize == count;
        if !known || bytes[bytes.len() - 40..bytes.len() - 20] != tail {
            return Err(damaged(&path, "it is not the pack that its index is for"));
        }
        Ok(Pack { path, index: bytes, count, file: Mutex::new(file), size: identity.size })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The checksum of the pack, as its index says it.
    pub(super) fn sum(&self) -> Id {
        let at = self.index.len().saturating_sub(40);
        self.index.get(at..at + 20).and_then(|sum| sum.try_into().ok()).unwrap_or_default()
    }

    fn id(&self, at: usize) -> &[u8] {
        self.index.get(NAMES + at * 20..NAMES + (at + 1) * 20).unwrap_or_default()
    }

    /// Where the name stands among the names, or would stand.
    fn rank(&self, id: &Id) -> Result<usize, usize> {
        let first = usize::from(id[0]);
        let from = if first == 0 { 0 } else { word(&self.index, FAN + (first - 1) * 4) as usize };
        let (mut low, mut high) = (from, word(&self.index, FAN + first * 4) as usize);
        while low < high {
            let middle = low.midpoint(high);
            match self.id(middle).cmp(id.as_slice()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    pub(super) fn offset(&self, id: &Id) -> Option<u64> {
        let at = self.rank(id).ok()?;
        let short = word(&self.index, NAMES + self.count * 24 + at * 4);
        if short & 0x8000_0000 == 0 {
            return Some(u64::from(short));
        }
        let long = NAMES + self.count * 28 + (short & 0x7fff_ffff) as usize * 8;
        let bytes = self.index.get(long..long + 8).filter(|_| long + 8 <= self.index.len() - 40)?;
        bytes.try_into().ok().map(u64::from_be_bytes)
    }

    /// How many hexadecimal digits another object of the pack shares with this one.
    pub(super) fn shared_digits(&self, id: &Id) -> usize {
        let (below, above) = match self.rank(id) {
            Ok(at) => (at.checked_sub(1), at + 1),
            Err(at) => (at.checked_sub(1), at),
        };
        let name = hex::encode(id);
        let shared = |at: usize| {
            let other = hex::encode(self.id(at));
            other.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count()
        };
        below.into_iter().chain(Some(above).filter(|at| *at < self.count)).map(shared).max().unwrap_or(0)
    }

    /// The object at an offset; `base` finds what it rests on by name.
    pub(super) fn read(&self, offset: u64, base: &dyn Fn(&Id) -> Result<Object, Lost>) -> Result<Object, Lost> {
        let mut deltas: Vec<Vec<u8>> = Vec::new();
        let mut at = offset;
        let (kind, mut content) = loop {
            if deltas.len() > LONGEST_CHAIN {
                return Err(self.damaged("its objects rest on each other without end"));
            }
            match self.entry(at)? {
                Entry::Whole(kind, content) => break (kind, content),
                Entry::On(distance, delta) => {
                    at = at
                        .checked_sub(distance)
                        .filter(|_| distance > 0)
                        .ok_or_else(|| self.damaged("an object rests on nothing"))?;
                    deltas.push(delta);
                }
                Entry::OnNamed(id, delta) => {
                    deltas.push(delta);
                    break base(&id)?;
                }
            }
        };
        while let Some(delta) = deltas.pop() {
            content = apply(&content, &delta).ok_or_else(|| self.damaged("a delta does not fit"))?;
        }
        Ok((kind, content))
    }

    /// How many bytes the object at an offset has, whatever it rests on.
    pub(super) fn length(&self, offset: u64) -> Option<u64> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset)).ok()?;
        let mut reader = BufReader::with_capacity(256, (&mut *file).take(self.size.checked_sub(20 + offset)?));
        let byte = |reader: &mut dyn Read| -> Option<u8> {
            let mut one = [0];
            reader.read_exact(&mut one).ok()?;
            Some(one[0])
        };
        let number = |reader: &mut dyn Read, first: u8, bits: u32| -> Option<u64> {
            let (mut next, mut out, mut shift) = (first, u64::from(first & ((1 << bits) - 1)), bits);
            while next & 0x80 != 0 {
                next = byte(reader)?;
                out |= u64::from(next & 0x7f).checked_shl(shift)?;
                shift += 7;
            }
            Some(out)
        };
        let first = byte(&mut reader)?;
        let size = number(&mut reader, first, 4)?;
        match (first >> 4) & 7 {
            1..=4 => return Some(size),
            6 => while byte(&mut reader)? & 0x80 != 0 {},
            7 => {
                let mut id = [0; 20];
                Read::read_exact(&mut reader, &mut id).ok()?;
            }
            _ => return None,
        }
        // A delta begins with the lengths of what it rests on and of what it makes.
        let mut delta = ZlibDecoder::new(reader);
        let first = byte(&mut delta)?;
        number(&mut delta, first, 7)?;
        let first = byte(&mut delta)?;
        number(&mut delta, first, 7)
    }

    fn damaged(&self, what: &str) -> Lost {
        Lost::Damaged(format!("{}: {what}", self.path.display()))
    }

    fn entry(&self, offset: u64) -> Result<Entry, Lost> {
        let cut = |_| self.damaged("an object cannot be unpacked");
        if offset < 12 || offset >= self.size.saturating_sub(20) {
            return Err(self.damaged("its index points outside it"));
        }
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset)).map_err(cut)?;
        let mut reader = BufReader::new((&mut *file).take(self.size - 20 - offset));
        let byte = |reader: &mut BufReader<_>| -> std::io::Result<u8> {
            let mut one = [0];
            Read::read_exact(reader, &mut one)?;
            Ok(one[0])
        };
        let mut next = byte(&mut reader).map_err(cut)?;
        let kind = (next >> 4) & 7;
        let (mut size, mut shift) = (u64::from(next & 15), 4);
        while next & 0x80 != 0 {
            next = byte(&mut reader).map_err(cut)?;
            size |= u64::from(next & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if shift > 63 {
                return Err(self.damaged("an object has no length"));
            }
        }
        if size > LARGEST {
            return Err(Lost::Unknown(format!(
                "an object of {} is larger than the {} MiB that are read",
                self.path.display(),
                LARGEST >> 20
            )));
        }
        let mut distance = 0_u64;
        let mut id = [0; 20];
        match kind {
            6 => loop {
                let next = byte(&mut reader).map_err(cut)?;
                distance = distance
                    .checked_mul(128)
                    .map(|d| d | u64::from(next & 0x7f))
                    .ok_or_else(|| self.damaged("an object rests on nothing"))?;
                if next & 0x80 == 0 {
                    break;
                }
                distance += 1;
            },
            7 => Read::read_exact(&mut reader, &mut id).map_err(cut)?,
            _ => {}
        }
        let mut content = Vec::with_capacity(size.min(1 << 20) as usize);
        ZlibDecoder::new(reader).take(size + 1).read_to_end(&mut content).map_err(cut)?;
        if content.len() as u64 != size {
            return Err(self.damaged("an object has another length than it says"));
        }
        match kind {
            1 => Ok(Entry::Whole(Kind::Commit, content)),
            2 => Ok(Entry::Whole(Kind::Tree, content)),
            3 => Ok(Entry::Whole(Kind::Blob, content)),
            4 => Ok(Entry::Whole(Kind::Tag, content)),
            6 => Ok(Entry::On(distance, content)),
            7 => Ok(Entry::OnNamed(id, content)),
            _ => Err(self.damaged("an object is of no kind")),
        }
    }
}

enum Entry {
    Whole(Kind, Vec<u8>),
    /// A delta on what lies so many bytes before.
    On(u64, Vec<u8>),
    OnNamed(Id, Vec<u8>),
}

/// The number of objects that an index of version 2 has; none where libgit2 would not take it.
fn check(index: &[u8]) -> Option<usize> {
    if index.len() < NAMES + 40 || index[..4] != [0xff, b't', b'O', b'c'] || word(index, 4) != 2 {
        return None;
    }
    let fan = |at: usize| word(index, FAN + at * 4);
    if (1..256).any(|at| fan(at) < fan(at - 1)) {
        return None;
    }
    let count = fan(255) as usize;
    let least = count.checked_mul(28)? + NAMES + 40;
    let most = least + count.saturating_sub(1) * 8;
    (least..=most).contains(&index.len()).then_some(count)
}

/// A delta's own form: two lengths, then copies from the base and bytes of its own.
fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta.iter().copied();
    let length = |rest: &mut dyn Iterator<Item = u8>| -> Option<usize> {
        let (mut out, mut shift) = (0_usize, 0);
        loop {
            let byte = rest.next()?;
            out |= usize::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(out);
            }
        }
    };
    let from = length(&mut rest)?;
    let to = length(&mut rest)?;
    if from != base.len() || to as u64 > LARGEST {
        return None;
    }
    let mut out = Vec::with_capacity(to.min(1 << 20));
    while let Some(op) = rest.next() {
        if op & 0x80 == 0 {
            if op == 0 {
                return None;
            }
            for _ in 0..op {
                out.push(rest.next()?);
            }
        } else {
            let mut number = |bits: std::ops::Range<u32>, place: u32| -> Option<usize> {
                let mut number = 0;
                for bit in bits {
                    if op & (1 << (bit + place)) != 0 {
                        number |= usize::from(rest.next()?) << (8 * bit);
                    }
                }
                Some(number)
            };
            let offset = number(0..4, 0)?;
            let size = match number(0..3, 4)? {
                0 => 0x10000,
                size => size,
            };
            out.extend_from_slice(base.get(offset..offset.checked_add(size)?)?);
        }
        if out.len() > to {
            return None;
        }
    }
    (out.len() == to).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_delta_copies_and_adds() {
        let delta = [5, 7, 0x91, 1, 3, 4, b'w', b'x', b'y', b'z'];
        assert_eq!(apply(b"abcde", &delta).unwrap(), b"bcdwxyz");
        assert_eq!(apply(b"abcd", &delta), None, "another base");
        assert_eq!(apply(b"abcde", &delta[..9]), None, "cut off");
    }

    proptest! {
        #[test]
        fn no_delta_and_no_index_makes_the_reader_panic(base in prop::collection::vec(any::<u8>(), 0..40), noise in prop::collection::vec(any::<u8>(), 0..1_200)) {
            let _ = apply(&base, &noise);
            let _ = check(&noise);
        }
    }
}
