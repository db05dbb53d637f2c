//! A compact form for what is remembered: numbers of a few bytes, texts as they are, paths without what they share.
//! Reading takes any bytes: what does not fit is `None`, never a panic and never more memory than the bytes are long.

use crate::hexadecimal;
use std::path::{Path, PathBuf};

/// Writes.
#[derive(Default)]
pub(crate) struct Pack {
    pub out: Vec<u8>,
    last: Vec<u8>,
    /// Room that is used again for each path.
    digest: Vec<u8>,
}

/// Digests of a cache's files are names of this many hexadecimal digits behind two short folders: SHA-512, -256 and -1.
const DIGESTS: [usize; 3] = [128, 64, 40];

/// `ab/cd/ef01…` at the end of a path: where it begins. The digest is left in `bytes`.
fn digest_at_end(path: &[u8], bytes: &mut Vec<u8>) -> Option<usize> {
    DIGESTS.iter().find_map(|digits| {
        let start = path.len().checked_sub(digits + 2)?;
        let end = &path[start..];
        if end[2] != b'/' || end[5] != b'/' {
            return None;
        }
        bytes.clear();
        // Upper case would come back as lower case.
        [&end[..2], &end[3..5], &end[6..]].into_iter().try_for_each(|part| hexadecimal::read(part, bytes))?;
        Some(start)
    })
}

impl Pack {
    /// LEB128.
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A path, by what it shares with the path before.
    pub(crate) fn path(&mut self, path: &Path) {
        self.path_bytes(path.as_os_str().as_encoded_bytes());
    }

    pub(crate) fn path_bytes(&mut self, path: &[u8]) {
        let mut digest = std::mem::take(&mut self.digest);
        let front = digest_at_end(path, &mut digest).map_or_else(
            || {
                digest.clear();
                path
            },
            |start| &path[..start],
        );
        let shared = front.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        self.number(shared as u64);
        self.bytes(&front[shared..]);
        self.bytes(&digest);
        self.last.truncate(shared);
        self.last.extend_from_slice(&front[shared..]);
        self.digest = digest;
    }
}

/// Reads.
pub(crate) struct Unpack<'a> {
    rest: &'a [u8],
    last: Vec<u8>,
}

impl<'a> Unpack<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Unpack { rest: bytes, last: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// How many things follow, each of which takes a byte at least.
    pub(crate) fn count(&mut self) -> Option<usize> {
        self.number().and_then(|count| usize::try_from(count).ok()).filter(|count| *count <= self.rest.len())
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub(crate) fn path(&mut self) -> Option<PathBuf> {
        self.path_bytes(|front, digest| to_path([front, digest].concat()))?
    }

    /// A path in two pieces, the second of which is a digest's folders and name.
    pub(crate) fn path_bytes<T>(&mut self, take: impl FnOnce(&[u8], &[u8]) -> T) -> Option<T> {
        let shared = usize::try_from(self.number()?).ok().filter(|shared| *shared <= self.last.len())?;
        self.last.truncate(shared);
        let own = self.bytes()?;
        self.last.extend_from_slice(own);
        let digest = self.bytes()?;
        let mut hex = [b'/'; DIGESTS[0] + 2];
        let mut end = 0;
        if !digest.is_empty() {
            end = digest.len().checked_mul(2)?.checked_add(2)?;
            hexadecimal::write(digest.get(..1)?, hex.get_mut(..2)?);
            hexadecimal::write(digest.get(1..2)?, hex.get_mut(3..5)?);
            hexadecimal::write(digest.get(2..)?, hex.get_mut(6..end)?);
        }
        Some(take(&self.last, hex.get(..end)?))
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "not everything is a path on other systems")]
fn to_path(bytes: Vec<u8>) -> Option<PathBuf> {
    Some(PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes)))
}

#[cfg(not(unix))]
fn to_path(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_come_back_and_digests_take_half_their_digits() {
        let hex = "ab/cd/".to_owned() + &"0f".repeat(62);
        let paths =
            [format!("/a/sha512/{hex}"), format!("/a/sha512/{}", hex.to_uppercase()), "/a/b/c".into(), String::new()];
        let mut pack = Pack::default();
        for path in &paths {
            pack.path(Path::new(path));
        }
        assert!(pack.out.len() < 64 + 136 + 40);
        let mut unpack = Unpack::new(&pack.out);
        for path in &paths {
            assert_eq!(unpack.path().unwrap(), Path::new(path));
        }
        assert!(unpack.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(numbers in proptest::collection::vec(any::<u64>(), 0..20), texts in proptest::collection::vec(".{0,40}", 0..20)) {
            let mut pack = Pack::default();
            for number in &numbers {
                pack.number(*number);
            }
            for text in &texts {
                pack.text(text);
                pack.path(Path::new(text));
            }
            let mut unpack = Unpack::new(&pack.out);
            for number in numbers {
                prop_assert_eq!(unpack.number(), Some(number));
            }
            for text in &texts {
                prop_assert_eq!(unpack.text(), Some(text.as_str()));
                prop_assert_eq!(unpack.path(), Some(PathBuf::from(text)));
            }
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut unpack = Unpack::new(&bytes);
            while unpack.path().is_some() && unpack.text().is_some() && unpack.number().is_some() {}
        }
    }
}
