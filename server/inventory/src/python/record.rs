//! An unpacked wheel: whether every file is there that its own list (`RECORD`) names, each with the checksum it must have.
//! May not look outside the folder, whatever the list says.

use crate::look::{Look, Seen};
use crate::members::clean;
use crate::verify::{Algorithm, Content, Sum};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::{Component, Path, PathBuf};

/// Larger lists are not read, in bytes.
const LARGEST: u64 = 32 << 20;
/// More files are not looked at.
const MOST: usize = 200_000;

/// What is wrong with an unpacked wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is not there.
    Absent,
    /// Damaged, in words.
    Damaged(String),
    /// It could not be told, in words.
    Unknown(String),
}

/// Looks at every file of an unpacked wheel: what is to be verified, and bytes in all.
pub(crate) fn read(folder: &Path, look: &Look) -> Result<(Vec<Content>, u64), Wrong> {
    match look.at(folder) {
        Seen::Folder(_) => {}
        Seen::Absent | Seen::Dangling => return Err(Wrong::Absent),
        Seen::Refused(kind) => return Err(Wrong::Unknown(format!("it may not be looked at: {kind}"))),
        Seen::File(_) | Seen::Odd => return Err(Wrong::Damaged("something stands in its folder's place".into())),
    }
    let listed = crate::reach::list(folder).map_err(|error| {
        look.only_once();
        Wrong::Unknown(format!("its folder may not be listed: {}", error.kind()))
    })?;
    let own = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "dist-info");
    let mut found = listed.flatten().take(MOST).map(|entry| entry.path()).filter(own);
    let (Some(own), None) = (found.next(), found.next()) else {
        return Err(Wrong::Damaged("it has not the one folder that says what it is".into()));
    };
    let list = own.join("RECORD");
    let text = look.text(&list, LARGEST).map_err(|why| match why {
        crate::look::Unread::Large(_) | crate::look::Unread::Failed(_) => {
            Wrong::Unknown(format!("{}: {why}", list.display()))
        }
        why => Wrong::Damaged(format!("its list of files: {why}")),
    })?;
    let own = own.file_name().map_or(Path::new(""), Path::new);
    let files = parse(&text, own).map_err(|why| Wrong::Damaged(format!("its list of files: {why}")))?;
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(&file.path)).collect();
    let seen = look.at_all(folder, &paths);
    let mut contents = Vec::with_capacity(files.len());
    let mut bytes = 0;
    for ((file, path), seen) in files.into_iter().zip(paths).zip(seen) {
        let Seen::File(identity) = seen else {
            let why = seen.doubt().unwrap_or_else(|| "it is gone".into());
            return Err(Wrong::Damaged(format!("{}: {why}", file.path.display())));
        };
        if file.size.is_some_and(|size| size != identity.size) {
            return Err(Wrong::Damaged(format!(
                "{} has not the size that its list of files says",
                file.path.display()
            )));
        }
        bytes += identity.size;
        if let Some(sum) = file.sum {
            contents.push(Content { path, sum, identity, read: None });
        }
    }
    Ok((contents, bytes))
}

/// As [`read`], for what a tool installed: `site` is the folder that the list's paths begin in, `root` what they may not leave,
/// `own` the folder with the list. What Python made of its files by itself may be gone, and has no checksum.
pub(crate) fn installed(site: &Path, root: &Path, own: &Path, look: &Look) -> Result<(Vec<Content>, u64), Wrong> {
    let list = own.join("RECORD");
    let text = look.text(&list, LARGEST).map_err(|why| match why {
        crate::look::Unread::Large(_) | crate::look::Unread::Failed(_) => {
            Wrong::Unknown(format!("{}: {why}", list.display()))
        }
        why => Wrong::Damaged(format!("its list of files: {why}")),
    })?;
    let mut paths = Vec::new();
    let mut sums = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if paths.len() >= MOST {
            return Err(Wrong::Unknown(format!("its list names more than {MOST} files")));
        }
        let odd = || Wrong::Damaged(format!("its list of files: {}", line.chars().take(120).collect::<String>()));
        let (path, sum, size) = fields(line).ok_or_else(odd)?;
        let path = clean(&site.join(path));
        if sum.is_empty() || !path.starts_with(root) {
            continue;
        }
        let (name, digest) = sum.split_once('=').ok_or_else(odd)?;
        let Some(algorithm) = Algorithm::from_name(name) else { continue };
        let bytes = URL_SAFE_NO_PAD.decode(digest.trim_end_matches('=')).map_err(|_| odd())?;
        if bytes.len() != algorithm.len() {
            return Err(odd());
        }
        let size: Option<u64> = if size.is_empty() { None } else { Some(size.parse().map_err(|_| odd())?) };
        paths.push(path);
        sums.push((Sum { algorithm, bytes }, size));
    }
    let metadata = own.join("METADATA");
    if !paths.contains(&metadata) {
        return Err(Wrong::Damaged("its list of files does not name METADATA".into()));
    }
    let seen = look.at_all(root, &paths);
    let (mut contents, mut bytes) = (Vec::with_capacity(paths.len()), 0);
    for ((path, seen), (sum, size)) in paths.into_iter().zip(seen).zip(sums) {
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        let Seen::File(identity) = seen else {
            let why = seen.doubt().unwrap_or_else(|| "it is gone".into());
            return Err(Wrong::Damaged(format!("{shown}: {why}")));
        };
        if size.is_some_and(|size| size != identity.size) {
            return Err(Wrong::Damaged(format!("{shown} has not the size that its list of files says")));
        }
        bytes += identity.size;
        contents.push(Content { path, sum, identity, read: None });
    }
    Ok((contents, bytes))
}

struct File {
    path: PathBuf,
    sum: Option<Sum>,
    size: Option<u64>,
}

/// The files of a list; `own` is the folder that it stands in.
fn parse(text: &str, own: &Path) -> Result<Vec<File>, String> {
    let mut out = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if out.len() >= MOST {
            return Err(format!("it names more than {MOST} files"));
        }
        let odd = || format!("this line is not understood: {}", line.chars().take(120).collect::<String>());
        let (path, sum, size) = fields(line).ok_or_else(odd)?;
        let path = PathBuf::from(path);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || path.as_os_str().is_empty() {
            return Err(format!("it names a file outside: {}", path.display()));
        }
        let of_list = path.parent() == Some(own)
            && path
                .file_name()
                .is_some_and(|name| ["RECORD", "RECORD.jws", "RECORD.p7s"].iter().any(|known| name == *known));
        let sum = match sum.split_once('=') {
            Some((name, digest)) => {
                let algorithm = Algorithm::from_name(name).ok_or_else(odd)?;
                let bytes = URL_SAFE_NO_PAD.decode(digest.trim_end_matches('=')).map_err(|_| odd())?;
                if bytes.len() != algorithm.len() {
                    return Err(odd());
                }
                Some(Sum { algorithm, bytes })
            }
            None if sum.is_empty() && of_list => None,
            None => return Err(odd()),
        };
        let size = if size.is_empty() { None } else { Some(size.parse().map_err(|_| odd())?) };
        out.push(File { path, sum, size });
    }
    for name in ["METADATA", "WHEEL", "RECORD"] {
        if !out.iter().any(|file| file.path == own.join(name)) {
            return Err(format!("it does not name {name}"));
        }
    }
    Ok(out)
}

/// Path, checksum and size; a path with a comma stands in quotes.
fn fields(line: &str) -> Option<(String, &str, &str)> {
    let (path, rest) = if let Some(quoted) = line.strip_prefix('"') {
        let mut path = String::new();
        let mut letters = quoted.char_indices();
        let end = loop {
            match letters.next()? {
                (at, '"') if quoted[at + 1..].starts_with('"') => {
                    path.push('"');
                    letters.next();
                }
                (at, '"') => break at + 1,
                (_, letter) => path.push(letter),
            }
        };
        (path, quoted[end..].strip_prefix(',')?)
    } else {
        let (path, rest) = line.split_once(',')?;
        (path.to_owned(), rest)
    };
    let (sum, size) = rest.split_once(',')?;
    (!size.contains(',')).then_some((path, sum, size))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    const SUM: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    fn list(more: &str) -> String {
        format!("a-1.dist-info/METADATA,{SUM},0\na-1.dist-info/WHEEL,{SUM},0\na-1.dist-info/RECORD,,\n{more}")
    }

    #[test]
    fn lists_name_files_with_checksums_and_none_outside() {
        let own = Path::new("a-1.dist-info");
        assert_eq!(parse(&list(&format!("\"a/x,\"\"y.py\",{SUM},0\n")), own).unwrap()[3].path, Path::new("a/x,\"y.py"));
        for odd in ["../x,,", "/etc/x,,", "a/x.py,,", "a/x.py,md5=aa,1", "a/x.py,sha256=aa,1", "x", "\"x", "a,b,c,d"] {
            assert!(parse(&list(odd), own).is_err(), "{odd}");
        }
        assert!(parse("", own).is_err());
    }

    #[test]
    fn a_file_that_is_gone_or_of_another_size_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("a-1.dist-info");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("RECORD"), list("")).unwrap();
        std::fs::write(own.join("METADATA"), "").unwrap();
        assert!(matches!(read(folder.path(), &Look::default()), Err(Wrong::Damaged(why)) if why.contains("WHEEL")));
        std::fs::write(own.join("WHEEL"), "").unwrap();
        assert_eq!(read(folder.path(), &Look::default()).unwrap().0.len(), 2);
        std::fs::write(own.join("WHEEL"), "x").unwrap();
        assert!(matches!(read(folder.path(), &Look::default()), Err(Wrong::Damaged(why)) if why.contains("size")));
        assert_eq!(read(&folder.path().join("none"), &Look::default()).unwrap_err(), Wrong::Absent);
    }
}
