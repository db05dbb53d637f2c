//! Names on a remote: of segments, by log, place and contents; and what else lies between them.
//! A name is a claim. What it names is believed only for what it proves itself; nothing here opens anything.

use journal::Sealed;
use std::fmt;

/// Letters of a file's name that is looked at; those of segments have at most 80.
const LONGEST: usize = 255;
/// The last of several files that hold one segment.
pub(crate) const LAST_COPY: u8 = 9;

/// A segment's name: `seg/<lane>-<log>/<first>-<last>-<hash>.seg`, in lower-case hex and digits only, so that a file system that
/// does not tell `a` from `A` tells all names apart. Contents decide the name, so two writers of one name write the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// Number of the lane, 0 to 15: what is urgent is fetched first.
    pub lane: u8,
    /// The log.
    pub log: [u8; 16],
    /// Place of its first event, from 1.
    pub first: u64,
    /// Place of its last.
    pub last: u64,
    /// Beginning of the segment's own hash.
    pub hash: [u8; 16],
    /// Which of several files for it, from 1: where one is damaged another is laid beside it, because nothing is overwritten.
    pub copy: u8,
}

impl SegmentName {
    /// The name of a segment of the journal.
    #[must_use]
    pub fn of(sealed: &Sealed) -> SegmentName {
        let mut hash = [0; 16];
        hash.copy_from_slice(&sealed.hash[..16]);
        SegmentName { lane: sealed.lane, log: sealed.log, first: sealed.first, last: sealed.last, hash, copy: 1 }
    }

    /// The same segment in another file.
    #[must_use]
    pub fn in_copy(self, copy: u8) -> SegmentName {
        SegmentName { copy, ..self }
    }

    /// The folder's name.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{:x}-{}", self.lane, hex::encode(self.log))
    }

    /// The file's name in it.
    #[must_use]
    pub fn file(&self) -> String {
        let copy = if self.copy > 1 { format!(".{}", self.copy) } else { String::new() };
        format!("{:020}-{:020}-{}{copy}.seg", self.first, self.last, hex::encode(self.hash))
    }

    /// Reads the names of a folder and a file; `None` where they are not exactly as [`SegmentName::folder`] and
    /// [`SegmentName::file`] write them.
    #[must_use]
    pub fn read(folder: &str, file: &str) -> Option<SegmentName> {
        let (lane, log) = log_folder(folder)?;
        let stem = file.strip_suffix(".seg")?;
        let (stem, copy) = match stem.split_once('.') {
            None => (stem, 1),
            Some((stem, copy)) => (stem, copy.parse().ok().filter(|copy| (2..=LAST_COPY).contains(copy))?),
        };
        let mut parts = stem.split('-');
        let mut place = || parts.next()?.parse::<u64>().ok();
        let (first, last) = (place()?, place()?);
        let mut hash = [0; 16];
        hex::decode_to_slice(parts.next()?, &mut hash).ok()?;
        let name = SegmentName { lane, log, first, last, hash, copy };
        let sound = first >= 1 && last >= first && last <= i64::MAX.unsigned_abs();
        // One spelling each: what is written in another way was not written by us.
        (sound && name.file() == file).then_some(name)
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seg/{}/{}", self.folder(), self.file())
    }
}

/// Lane and log of a folder's name.
pub(crate) fn log_folder(folder: &str) -> Option<(u8, [u8; 16])> {
    let (lane, log) = folder.split_once('-')?;
    let number = u8::from_str_radix(lane, 16).ok().filter(|number| *number < 16)?;
    let mut id = [0; 16];
    hex::decode_to_slice(log, &mut id).ok()?;
    (format!("{number:x}-{}", hex::encode(id)) == folder).then_some((number, id))
}

/// What a file that is no segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stray {
    /// On its way: of ours, or of a program that copies folders.
    Temporary,
    /// What such a program laid beside a file that two had written. Segments of one name are equal, so nothing is in it that
    /// is not in the segment.
    ConflictCopy,
    /// Of the system, or of a program that copies folders: its own notes.
    System,
    /// Something else.
    Unknown,
}

impl Stray {
    /// What a file or folder is by its name.
    #[must_use]
    pub fn of(name: &str) -> Stray {
        let lower = name.to_lowercase();
        let starts = |any: &[&str]| any.iter().any(|start| lower.starts_with(start));
        let ends = |any: &[&str]| any.iter().any(|end| lower.ends_with(end));
        if starts(&["~", ".~", ".syncthing.", "._"]) || ends(&[".tmp", ".part", ".partial", ".crdownload"]) {
            return Stray::Temporary;
        }
        // Syncthing, Dropbox, Nextcloud and ownCloud, OneDrive and browsers' `name (1)`.
        if lower.contains(".sync-conflict-") || lower.contains("conflicted copy") || lower.contains("(conflict") {
            return Stray::ConflictCopy;
        }
        if lower.contains(").seg") && lower.contains(" (") {
            return Stray::ConflictCopy;
        }
        let system = [
            ".stfolder",
            ".stversions",
            ".stignore",
            ".dropbox",
            ".dropbox.cache",
            "desktop.ini",
            "thumbs.db",
            ".ds_store",
            "system volume information",
            "lost+found",
            ".trashes",
            ".fseventsd",
            ".spotlight-v100",
            "$recycle.bin",
        ];
        if system.contains(&lower.as_str()) || starts(&[".trash-"]) { Stray::System } else { Stray::Unknown }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Stray::Temporary => "a temporary file",
            Stray::ConflictCopy => "a conflict copy of a program that copies folders; the segment itself counts",
            Stray::System => "a file of the system or of a program that copies folders",
            Stray::Unknown => "no segment by its name",
        }
    }
}

/// A name that others gave, as it may be shown: cut, and without what steers a terminal.
pub(crate) fn shown(name: &str) -> String {
    let short: String = name.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if short.len() < name.len() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_is_read_back_as_it_was_written_and_in_no_other_spelling(
            lane in 0_u8..16, log: [u8; 16], first in 1..u64::MAX / 4, more in 0_u64..1000, hash: [u8; 16], copy in 1..=LAST_COPY,
        ) {
            let name = SegmentName { lane, log, first, last: first + more, hash, copy };
            let (folder, file) = (name.folder(), name.file());
            prop_assert_eq!(SegmentName::read(&folder, &file), Some(name));
            prop_assert_eq!(folder.to_lowercase(), folder.clone());
            prop_assert_eq!(file.to_lowercase(), file.clone());
            let upper = file.to_uppercase();
            prop_assert_eq!(SegmentName::read(&folder, &upper), None);
            prop_assert_eq!(SegmentName::read(&folder, &file.replacen('0', "", 1)), None);
            prop_assert_eq!(SegmentName::read(&folder, &format!("+{}", &file[1..])), None);
        }

        #[test]
        fn any_text_at_all_is_a_name_or_is_none(folder in "\\PC{0,60}", file in "\\PC{0,120}") {
            if let Some(name) = SegmentName::read(&folder, &file) {
                prop_assert_eq!((name.folder(), name.file()), (folder, file.clone()));
            }
            let _ = Stray::of(&file);
        }
    }

    #[test]
    fn what_lies_between_segments_is_told_apart_by_its_name() {
        for (name, stray) in [
            ("~0123456789abcdef.tmp", Stray::Temporary),
            (".syncthing.00000.seg.tmp", Stray::Temporary),
            ("a.sync-conflict-20261122-101010-ABCDEFG.seg", Stray::ConflictCopy),
            ("a (Ann's conflicted copy 2026-11-22).seg", Stray::ConflictCopy),
            ("a (1).seg", Stray::ConflictCopy),
            (".stfolder", Stray::System),
            ("System Volume Information", Stray::System),
            ("holiday.jpg", Stray::Unknown),
            ("..", Stray::Unknown),
        ] {
            assert_eq!(Stray::of(name), stray, "{name}");
            assert_eq!(SegmentName::read("0-00000000000000000000000000000000", name), None, "{name}");
        }
        assert_eq!(shown("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }
}
