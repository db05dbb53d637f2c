//! Whether an archive in Yarn's cache is whole by its own sums, where the lockfile has none: packages for some machines only.
//! May not write, and reads no more than its limits.

use flate2::read::DeflateDecoder;
use std::io::Read;

/// Larger archives are not opened, in bytes.
pub(super) const LARGEST: u64 = 512 << 20;
/// No more is unpacked of one file, in bytes.
const MOST_UNPACKED: u64 = 2 << 30;
/// More files of one archive are not looked at.
const MOST: usize = 200_000;

/// Whether every file in a zip archive has the sum that stands beside it. `None`: it is no such archive.
pub(super) fn is_whole(zip: &[u8]) -> Option<bool> {
    let end = memchr::memmem::rfind(zip, b"PK\x05\x06")?;
    let count = usize::from(short(zip, end + 10)?);
    let mut at = long(zip, end + 16)? as usize;
    if count == 0 || count > MOST {
        return None;
    }
    for _ in 0..count {
        if zip.get(at..at.checked_add(4)?)? != b"PK\x01\x02" {
            return None;
        }
        let (method, sum) = (short(zip, at + 10)?, long(zip, at + 16)?);
        let (packed, size) = (long(zip, at + 20)? as usize, long(zip, at + 24)? as usize);
        let lengths = [28, 30, 32].map(|field| short(zip, at + field).map(usize::from));
        let local = long(zip, at + 42)? as usize;
        at += 46 + lengths.into_iter().sum::<Option<usize>>()?;
        let begin = local + 30 + usize::from(short(zip, local + 26)?) + usize::from(short(zip, local + 28)?);
        let data = zip.get(begin..begin.checked_add(packed)?)?;
        let found = match method {
            0 => Some((crc32fast::hash(data), data.len())),
            8 => inflated(data),
            _ => return None,
        };
        if found != Some((sum, size)) {
            return Some(false);
        }
    }
    Some(true)
}

fn inflated(data: &[u8]) -> Option<(u32, usize)> {
    let mut reader = DeflateDecoder::new(data).take(MOST_UNPACKED);
    let (mut hasher, mut size, mut buffer) = (crc32fast::Hasher::new(), 0, vec![0; 64 << 10]);
    loop {
        match reader.read(&mut buffer).ok()? {
            0 => return Some((hasher.finalize(), size)),
            read => {
                hasher.update(&buffer[..read]);
                size += read;
            }
        }
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One stored file `a`.
    fn zip(data: &[u8]) -> Vec<u8> {
        let (sum, size) = (crc32fast::hash(data).to_le_bytes(), (data.len() as u32).to_le_bytes());
        let mut out = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0".to_vec();
        out.extend([&sum[..], &size, &size, b"\x01\0\0\0a", data].concat());
        let central = out.len() as u32;
        out.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        out.extend([&sum[..], &size, &size, b"\x01\0", &[0; 16], b"a"].concat());
        let length = out.len() as u32 - central;
        out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        out.extend([&length.to_le_bytes()[..], &central.to_le_bytes(), b"\0\0"].concat());
        out
    }

    #[test]
    fn a_byte_that_is_another_is_noticed_and_no_cut_archive_is_taken_for_whole() {
        let whole = zip(b"hello");
        assert_eq!(is_whole(&whole), Some(true));
        let mut other = whole.clone();
        other[33] ^= 1;
        assert_eq!(is_whole(&other), Some(false));
        for length in 0..whole.len() - 6 {
            assert_ne!(is_whole(&whole[..length]), Some(true), "{length}");
        }
    }
}
