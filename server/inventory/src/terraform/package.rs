//! A provider's package as it lies in a folder, unpacked or packed, and the checksum that lockfiles have of it (`h1:`).
//! May read packages; runs nothing in them.

use crate::dirhash;
use crate::ecosystem::Ask;
use crate::look::{self, Seen};
use sha2::{Digest, Sha256};
use std::io::Read as _;
use std::path::Path;

/// More files of one package are not compared; real ones have fewer than ten.
const MOST: usize = 1_000;
/// Larger packages are not compared, in bytes.
const LARGEST: u64 = 2 << 30;
const DEEPEST: usize = 16;

/// What a package comes to.
pub(super) enum Sums {
    /// `h1:…` without its beginning, and `zh:…` where it is packed.
    /// No `h1`: it is larger unpacked than is compared.
    Known {
        h1: Option<[u8; 32]>,
        zh: Option<[u8; 32]>,
        bytes: u64,
    },
    /// It can be read by nobody.
    Broken(String),
    Unknown(String),
}

/// Of a folder with the package's files; links to folders are not followed.
pub(super) fn of_folder(folder: &Path, ask: &Ask<'_>) -> Sums {
    let (mut files, mut bytes) = (Vec::new(), 0_u64);
    let mut open = vec![(folder.to_path_buf(), 0)];
    while let Some((inside, deep)) = open.pop() {
        ask.look.at(&inside);
        let listed = match crate::reach::list(&inside) {
            Ok(listed) => listed,
            Err(error) => return Sums::Unknown(format!("{}: {}", inside.display(), error.kind())),
        };
        for entry in listed {
            let Ok(entry) = entry else { return Sums::Unknown(format!("{} could not be listed", inside.display())) };
            if files.len() >= MOST || deep >= DEEPEST {
                return Sums::Unknown(format!("{} holds more than is compared", folder.display()));
            }
            let path = entry.path();
            match ask.look.at(&path) {
                Seen::Folder(_) if entry.file_type().is_ok_and(|kind| kind.is_dir()) => open.push((path, deep + 1)),
                Seen::File(identity) => {
                    bytes = bytes.saturating_add(identity.size);
                    files.push(path);
                }
                _ => return Sums::Unknown(format!("{} is no file", path.display())),
            }
        }
    }
    if bytes > LARGEST {
        return Sums::Unknown(format!("{} holds more than is compared", folder.display()));
    }
    let mut sums = Vec::new();
    for path in files {
        let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str) else {
            return Sums::Unknown(format!("the name of {} is no text", path.display()));
        };
        let Some(sum) = of_file(&path) else {
            ask.look.only_once();
            return Sums::Unknown(format!("{} could not be read", path.display()));
        };
        sums.push((name.replace('\\', "/").into_bytes(), sum));
    }
    Sums::Known { h1: Some(dirhash::of_files(sums)), zh: None, bytes }
}

fn of_file(path: &Path) -> Option<[u8; 32]> {
    let (mut file, identity) = look::open(path).ok()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut rest = identity.size;
    while rest > 0 {
        match file.read(&mut buffer) {
            Ok(0) => return None,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                rest = rest.saturating_sub(read as u64);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(hasher.finalize().into())
}

/// Of an archive.
pub(super) fn of_archive(path: &Path, size: u64, ask: &Ask<'_>) -> Sums {
    if size > LARGEST {
        return Sums::Unknown(format!("{} is larger than is compared", path.display()));
    }
    let Some(zh) = of_file(path) else {
        ask.look.only_once();
        return Sums::Unknown(format!("{} could not be read", path.display()));
    };
    let unpacked = |file: &mut crate::reach::Opened| {
        let all = dirhash::entries(file)?;
        let large = all.iter().map(|entry| entry.size).fold(0, u64::saturating_add) > dirhash::LARGEST;
        if large { Ok(None) } else { dirhash::of_archive(file, &|_| (), &|| false).map(Some) }
    };
    match look::open(path).ok().map(|(mut file, _)| unpacked(&mut file)) {
        Some(Ok(h1)) => Sums::Known { h1, zh: Some(zh), bytes: size },
        Some(Err(dirhash::Unhashed::Broken)) => {
            Sums::Broken(format!("{} is no archive that can be unpacked", path.display()))
        }
        Some(Err(dirhash::Unhashed::Failed)) | None => Sums::Unknown(format!("{} could not be read", path.display())),
    }
}
