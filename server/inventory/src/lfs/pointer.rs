//! The small text that git keeps in place of a file that Git LFS keeps. Rules: git-lfs's `lfs/pointer.go`, version 1.
//! May read nothing itself.

/// A file this large or larger is no pointer, in bytes.
pub(super) const LARGEST: u64 = 1_024;
const VERSIONS: [&str; 3] =
    ["https://git-lfs.github.com/spec/v1", "http://git-media.io/v/2", "https://hawser.github.com/spec/v1"];

/// What it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pointer {
    /// SHA-256 of the content.
    pub oid: [u8; 32],
    /// Bytes.
    pub size: u64,
}

/// None: the file is no pointer, and is what it is.
pub(super) fn read(bytes: &[u8]) -> Option<Pointer> {
    if bytes.len() as u64 >= LARGEST {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let (mut oid, mut size, mut keys) = (None, None, ["version", "oid", "size"].iter());
    let mut next = keys.next();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(' ')?;
        if next != Some(&key) {
            // Extensions stand among them: `ext-0-name`.
            let number = key.strip_prefix("ext-")?.split_once('-')?.0;
            if next.is_none() || number.len() != 1 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            continue;
        }
        match key {
            "version" if !VERSIONS.contains(&value) => return None,
            "oid" => {
                let mut sum = [0; 32];
                hex::decode_to_slice(value.strip_prefix("sha256:")?, &mut sum).ok()?;
                oid = Some(sum);
            }
            "size" => size = Some(value.parse::<u64>().ok().filter(|size| i64::try_from(*size).is_ok())?),
            _ => {}
        }
        next = keys.next();
    }
    Some(Pointer { oid: oid?, size: size? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

    #[test]
    fn a_pointer_is_told_from_a_text_that_looks_like_one() {
        let pointer = read(TEXT.as_bytes()).unwrap();
        assert_eq!((pointer.size, pointer.oid[0]), (12_345, 0x4d));
        let extended = TEXT.replace("oid ", "ext-0-case sha256:00\noid ");
        assert_eq!(read(extended.as_bytes()), Some(pointer));
        for (from, to) in [
            ("spec/v1", "spec/v9"),
            ("sha256:4d", "sha256:zz"),
            ("size ", "size -"),
            ("oid ", "odd "),
            ("size 12345\n", ""),
        ] {
            assert_eq!(read(TEXT.replace(from, to).as_bytes()), None, "{from} {to}");
        }
        assert_eq!(read(format!("{TEXT}more x\n").as_bytes()), None);
        assert_eq!(read(format!("{TEXT}{}", " ".repeat(1_000)).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
