//! git's index: which path stands at which object. Versions 2 to 4; rules: `gitformat-index`.
//! May read nothing itself; an index in parts, or one with folders in place of files, is said to be not read.

use super::{Id, Lost};

/// One entry, as long as it is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub mode: u32,
    pub id: Id,
    /// Not 0: one side of a conflict.
    pub stage: u8,
    pub path: &'a [u8],
}

/// A submodule's mode.
pub(crate) const GITLINK: u32 = 0o160_000;

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// Gives each entry; then the tree that all of them are as, where the index says so.
pub(crate) fn read(bytes: &[u8], each: &mut dyn FnMut(Entry<'_>)) -> Result<Option<Id>, Lost> {
    let broken = || Lost::Damaged("git's index cannot be read".into());
    if bytes.get(..4) != Some(b"DIRC") {
        return Err(broken());
    }
    let version = word(bytes, 4).ok_or_else(broken)?;
    if !(2..=4).contains(&version) {
        return Err(Lost::Unknown(format!("git's index has a version that is not read: {version}")));
    }
    let count = word(bytes, 8).ok_or_else(broken)?;
    // Behind them stands a checksum of 20 bytes.
    let body = bytes.get(..bytes.len().saturating_sub(20)).unwrap_or_default();
    let (mut at, mut path) = (12, Vec::new());
    for _ in 0..count {
        at = entry(body, at, version, &mut path, each).ok_or_else(broken)?;
    }
    let mut tree = None;
    while at + 8 <= body.len() {
        let size = word(body, at + 4).ok_or_else(broken)? as usize;
        let content = body.get(at + 8..at + 8 + size).ok_or_else(broken)?;
        match &body[at..at + 4] {
            b"TREE" => tree = root(content),
            b"link" => {
                return Err(Lost::Unknown("git's index lies in two parts (split index), which is not read".into()));
            }
            b"sdir" => {
                return Err(Lost::Unknown(
                    "git's index has folders in place of files (sparse index), which is not read".into(),
                ));
            }
            // What git may pass over begins with a capital.
            name if !name[0].is_ascii_uppercase() => {
                return Err(Lost::Unknown("git's index has a part that is not known".into()));
            }
            _ => {}
        }
        at += 8 + size;
    }
    Ok(tree)
}

/// Reads one entry at `at`; where the next begins.
fn entry(body: &[u8], at: usize, version: u32, path: &mut Vec<u8>, each: &mut dyn FnMut(Entry<'_>)) -> Option<usize> {
    let mode = word(body, at + 24)?;
    let id: Id = body.get(at + 40..at + 60)?.try_into().ok()?;
    let flags = u16::from_be_bytes(body.get(at + 60..at + 62)?.try_into().ok()?);
    let mut next = at + 62;
    if flags & 0x4000 != 0 {
        if version < 3 {
            return None;
        }
        next += 2;
    }
    if version == 4 {
        let mut byte = *body.get(next)?;
        next += 1;
        let mut cut = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *body.get(next)?;
            next += 1;
            cut = cut.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        }
        path.truncate(path.len().checked_sub(cut)?);
    } else {
        path.clear();
    }
    let length = memchr::memchr(0, body.get(next..)?)?;
    path.extend_from_slice(&body[next..next + length]);
    next += length + 1;
    if version < 4 {
        // One to eight zeroes, to a multiple of eight bytes.
        next = at + (next - at).div_ceil(8) * 8;
    }
    each(Entry { mode, id, stage: ((flags >> 12) & 3) as u8, path });
    (next <= body.len()).then_some(next)
}

/// The whole tree's id of the part `TREE`, unless something has changed since it was written.
fn root(content: &[u8]) -> Option<Id> {
    let rest = content.strip_prefix(&[0])?;
    let line = memchr::memchr(b'\n', rest)?;
    let numbers = std::str::from_utf8(&rest[..line]).ok()?;
    let entries: i64 = numbers.split(' ').next()?.parse().ok()?;
    (entries >= 0).then(|| rest.get(line + 1..line + 21)?.try_into().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_index_makes_the_reader_panic(version in 2_u8..5, count in 0_u8..4, noise in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut bytes = b"DIRC".to_vec();
            bytes.extend([0, 0, 0, version, 0, 0, 0, count]);
            bytes.extend(noise);
            let _ = read(&bytes, &mut |_| {});
        }
    }
}
