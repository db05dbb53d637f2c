//! The raw key of an unlocked journal for as long as its user is logged in: a file in memory that only the user may read.
//! It is never written to a disk: where the system has no such folder, nothing can be unlocked for a session.

use super::{Keys, key_check};
use crate::folder::{Key, parse_key, read_small, write_new};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use ulid::Ulid;
use zeroize::Zeroizing;

fn file(keys: &Keys, journal: Ulid) -> Option<PathBuf> {
    keys.session.as_ref().map(|folder| folder.join(format!("journal-{journal}.key")))
}

/// The key that was left there, if it is the one with this check value.
pub(crate) fn read(keys: &Keys, journal: Ulid, check: &str) -> Option<Key> {
    let text = Zeroizing::new(read_small(&file(keys, journal)?, 4096).ok()??);
    parse_key(&text).ok().filter(|key| key_check(key) == check)
}

/// Leaves a key there, whole or not at all.
pub(crate) fn write(keys: &Keys, journal: Ulid, key: &Key) -> io::Result<PathBuf> {
    let (Some(folder), Some(file)) = (&keys.session, file(keys, journal)) else {
        return Err(io::Error::other("this system gives a login no folder in memory"));
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let mut name = file.clone().into_os_string();
    name.push(format!(".{}.new", Ulid::generate()));
    let temporary = PathBuf::from(name);
    let text = super::file::text_of(key);
    let written = write_new(&temporary, text.as_slice()).and_then(|()| fs::rename(&temporary, &file));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map(|()| file)
}

/// Takes it away; says whether there was one.
pub(crate) fn remove(keys: &Keys, journal: Ulid) -> io::Result<bool> {
    let Some(file) = file(keys, journal) else { return Ok(false) };
    let _ = super::file::overwrite(&file);
    match fs::remove_file(&file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Tells whoever waits for an unlocked key that it is worth to ask again. Where there is no folder, nobody can be told.
pub(crate) fn wake(keys: &Keys, journal: Ulid) {
    if let Some(folder) = &keys.session {
        let _ = fs::write(folder.join(format!("journal-{journal}.asked")), "");
    }
}
