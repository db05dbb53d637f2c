//! What a package's archive holds, file by file, with a checksum of each: what its unpacked form is held against.
//! May not write, and reads no archive beyond its limits; a name that leads out of the package is no name.

use crate::look::Unread;
use crate::verify::{Algorithm, Sum, digest};
use flate2::read::MultiGzDecoder;
use sha2::Digest;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Larger archives are not opened, in bytes.
pub(super) const LARGEST: u64 = 512 << 20;
/// No more is unpacked of one, in bytes.
const MOST_UNPACKED: u64 = 2 << 30;
/// More files of one are not looked at.
const MOST: usize = 200_000;

/// A file as the archive has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct File {
    /// Bytes.
    pub size: u64,
    pub sum: Sum,
}

/// What an archive holds by path, where it has this checksum. `None`: it is another, or cannot be read to its end.
pub(super) fn files(archive: &[u8], sum: &Sum) -> Option<BTreeMap<PathBuf, File>> {
    if digest(sum.algorithm, archive) != sum.bytes {
        return None;
    }
    let unpacked = MultiGzDecoder::new(archive).take(MOST_UNPACKED);
    let mut archive = tar::Archive::new(unpacked);
    let mut out = BTreeMap::new();
    let mut buffer = vec![0; 64 << 10];
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = below(&entry.path().ok()?)?;
        let mut hasher = sha2::Sha256::new();
        let mut size = 0;
        loop {
            match entry.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    hasher.update(&buffer[..read]);
                    size += read as u64;
                }
                Err(_) => return None,
            }
        }
        let sum = Sum { algorithm: Algorithm::Sha256, bytes: hasher.finalize().to_vec() };
        out.insert(path, File { size, sum });
        if out.len() > MOST {
            return None;
        }
    }
    Some(out)
}

/// A path without its first folder, as Yarn unpacks it; none where it would lie elsewhere than in the package.
fn below(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components().filter(|part| *part != Component::CurDir);
    parts.next()?;
    let rest: PathBuf =
        parts.map(|part| matches!(part, Component::Normal(_)).then_some(part)).collect::<Option<_>>()?;
    (!rest.as_os_str().is_empty()).then_some(rest)
}

/// Why an archive could not be read.
pub(super) fn unread(why: Unread) -> String {
    format!("the archive beside the unpacked package could not be read: {why}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use std::io::Write;

    fn archive(files: &[(&str, &str)]) -> (Vec<u8>, Sum) {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            let name = path.as_bytes();
            header.as_old_mut().name[..name.len()].copy_from_slice(name);
            header.set_size(text.len() as u64);
            header.set_cksum();
            builder.append(&header, text.as_bytes()).unwrap();
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&builder.into_inner().unwrap()).unwrap();
        let bytes = gzip.finish().unwrap();
        let sum = Sum { algorithm: Algorithm::Sha512, bytes: digest(Algorithm::Sha512, &bytes) };
        (bytes, sum)
    }

    #[test]
    fn files_lie_without_their_first_folder_and_the_last_of_a_name_counts() {
        let (bytes, sum) = archive(&[("package/a.js", "1"), ("package/lib/b.js", "22"), ("other/a.js", "333")]);
        let files = files(&bytes, &sum).unwrap();
        let sizes: Vec<(&str, u64)> = files.iter().map(|(path, file)| (path.to_str().unwrap(), file.size)).collect();
        assert_eq!(sizes, [("a.js", 3), ("lib/b.js", 2)]);
        assert_eq!(files[Path::new("lib/b.js")].sum.bytes, digest(Algorithm::Sha256, b"22"));
    }

    #[test]
    fn names_that_lead_out_and_other_archives_are_not_read() {
        for path in ["package/../../a.js", "package/lib/../../../etc/a.js"] {
            let (bytes, sum) = archive(&[(path, "1")]);
            assert!(files(&bytes, &sum).is_none(), "{path}");
        }
        let (mut bytes, sum) = archive(&[("package/a.js", "1")]);
        assert!(files(&bytes, &sum).is_some());
        bytes.push(0);
        assert!(files(&bytes, &sum).is_none());
    }
}
