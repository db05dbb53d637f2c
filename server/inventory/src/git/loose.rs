//! Loose objects: one file each, below two digits of its name.
//! May not look into packs.

use super::{Id, Kind, LARGEST, Lost};
use crate::look::{Look, Seen, Unread, open_seen};
use flate2::read::ZlibDecoder;
use std::io::Read;
use std::path::{Path, PathBuf};

fn place(objects: &Path, id: &Id) -> PathBuf {
    let name = hex::encode(id);
    objects.join(&name[..2]).join(&name[2..])
}

/// The bytes that the object's file has, packed; none where there is no file.
pub(super) fn size(objects: &Path, id: &Id, look: &Look) -> Option<u64> {
    match look.at(&place(objects, id)) {
        Seen::File(identity) => Some(identity.size),
        _ => None,
    }
}

/// The bytes that its content has, as its header says.
pub(super) fn length(objects: &Path, id: &Id, look: &Look) -> Option<u64> {
    let path = place(objects, id);
    let Seen::File(_) = look.at(&path) else { return None };
    let mut head = Vec::new();
    ZlibDecoder::new(open_seen(&path).ok()?.0).take(64).read_to_end(&mut head).ok()?;
    let end = head.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(&head[..end]).ok()?.split_once(' ')?.1.parse().ok()
}

pub(super) fn read(objects: &Path, id: &Id, look: &Look) -> Result<(Kind, Vec<u8>), Lost> {
    let path = place(objects, id);
    let damaged = |what: &str| Lost::Damaged(format!("{}: {what}", path.display()));
    match look.at(&path) {
        Seen::File(_) => {}
        Seen::Absent | Seen::Dangling => return Err(Lost::Absent),
        Seen::Folder(_) => return Err(damaged("a folder stands in its place")),
        odd => return Err(Lost::Unknown(odd.doubt().unwrap_or_default())),
    }
    let (file, _) = open_seen(&path).map_err(|why: Unread| {
        look.passing(Some(why));
        Lost::Unknown(format!("{}: {why}", path.display()))
    })?;
    let mut content = Vec::new();
    let inflated = ZlibDecoder::new(file).take(LARGEST + 64).read_to_end(&mut content);
    inflated.map_err(|_| damaged("it cannot be unpacked"))?;
    let end = content.iter().take(64).position(|byte| *byte == 0).ok_or_else(|| damaged("it has no header"))?;
    let header = content[..end].to_vec();
    let mut parts = header.splitn(2, |byte| *byte == b' ');
    let kind = parts.next().and_then(Kind::from_name).ok_or_else(|| damaged("its kind is not known"))?;
    let size = parts.next().and_then(|size| std::str::from_utf8(size).ok()?.parse::<usize>().ok());
    content.drain(..=end);
    if size != Some(content.len()) {
        return Err(damaged("it has another length than it says"));
    }
    Ok((kind, content))
}

/// How many digits another loose object shares with this one.
pub(super) fn shared_digits(objects: &Path, id: &Id, look: &Look) -> usize {
    let name = hex::encode(id);
    let folder = objects.join(&name[..2]);
    if !matches!(look.at(&folder), Seen::Folder(_)) {
        return 0;
    }
    let others = crate::reach::list(&folder).into_iter().flatten().flatten();
    let others = others.filter_map(|entry| entry.file_name().into_string().ok());
    let shared = |other: String| other.bytes().zip(name[2..].bytes()).take_while(|(a, b)| a == b).count() + 2;
    others.filter(|other| *other != name[2..] && other.len() == 38).map(shared).max().unwrap_or(0)
}
