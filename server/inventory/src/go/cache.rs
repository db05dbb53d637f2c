//! The files that Go's module cache has of a module, or a folder that stands in for a proxy.
//! May look nowhere else, and at no file whose name Go would not make.

use super::env::Env;
use super::escape;
use super::modfile::Module;
use crate::dirhash;
use crate::ecosystem::Ask;
use crate::look::{Identity, Seen, Unread};
use std::path::PathBuf;

/// Larger `go.mod` files Go does not take, in bytes; those that say what a version is are a few hundred bytes.
const LARGEST_TEXT: u64 = 16 << 20;
/// Letters of a checksum with its `h1:`.
const SUM: usize = 47;
/// The beginning of files that the first versions made, which none since believes.
const OLD: &[u8] = b"//vgo 0.0.";

pub(super) struct Store<'a> {
    pub env: &'a Env,
    pub ask: &'a Ask<'a>,
    /// `cache/download` below the cache.
    pub downloads: PathBuf,
}

/// Where a file was found.
pub(super) struct Place {
    pub path: PathBuf,
    pub identity: Identity,
}

/// What there is of a module's own files.
pub(super) enum Whole {
    /// Everything; where its archive is, and the checksum that Go wrote beside it.
    Here(Place, Option<[u8; 32]>),
    /// What is not here.
    Missing(Vec<&'static str>),
    /// What is there and is not what it must be; in words.
    Corrupt(String),
    /// What could not be told.
    Unknown(String),
}

enum Info {
    Here,
    Missing,
    Broken,
    Unknown(String),
}

/// A module's `go.mod`, as far as it can be had.
pub(super) enum Read {
    Text(String, Option<Place>),
    Missing,
    Corrupt(String),
    Unknown(String),
}

impl<'a> Store<'a> {
    pub(super) fn new(env: &'a Env, ask: &'a Ask<'a>) -> Self {
        Store { env, ask, downloads: env.cache.join("cache/download") }
    }

    /// A file's name below a cache or a proxy; `None`: Go makes none of that.
    fn name(module: &Module, suffix: &str) -> Option<String> {
        Some(format!("{}/@v/{}.{suffix}", escape::path(&module.path)?, escape::version(&module.version)?))
    }

    /// Where a file of a module would lie in the cache.
    pub(super) fn path(&self, module: &Module, suffix: &str) -> Option<PathBuf> {
        Some(self.downloads.join(Self::name(module, suffix)?))
    }

    /// The folder that a module is unpacked in.
    pub(super) fn folder(&self, module: &Module) -> Option<PathBuf> {
        Some(self.env.cache.join(format!("{}@{}", escape::path(&module.path)?, escape::version(&module.version)?)))
    }

    /// Looks where a file would be taken from: the cache, then folders that stand in for a proxy.
    fn places(&self, module: &Module, suffix: &str) -> Vec<PathBuf> {
        let Some(name) = Self::name(module, suffix) else { return Vec::new() };
        let folders = self.env.folders_of(&module.path).iter();
        std::iter::once(&self.downloads).chain(folders).map(|folder| folder.join(&name)).collect()
    }

    /// What says which version a module is: any text that Go can read will do.
    fn info(&self, module: &Module) -> Info {
        let mut info = Info::Missing;
        for path in self.places(module, "info") {
            match self.ask.look.bytes(&path, LARGEST_TEXT) {
                Ok(bytes) if is_info(&bytes) => return Info::Here,
                Ok(_) | Err(Unread::Odd(_) | Unread::Large(_)) => info = Info::Broken,
                Err(Unread::Absent) => {}
                Err(why) => return Info::Unknown(format!("{}: {why}", path.display())),
            }
        }
        info
    }

    /// The text of a module's `go.mod`. `sum`: what go.sum says of it.
    pub(super) fn go_mod(&self, module: &Module, sum: Option<&str>) -> Read {
        for path in self.places(module, "mod") {
            let bytes = match self.ask.look.bytes(&path, LARGEST_TEXT) {
                Ok(bytes) => bytes,
                Err(Unread::Absent | Unread::Odd(_)) => continue,
                Err(why) => return Read::Unknown(format!("{}: {why}", path.display())),
            };
            if bytes.starts_with(OLD) && path.starts_with(&self.downloads) {
                continue;
            }
            if sum.is_some_and(|sum| dirhash::parse(sum) != Some(dirhash::of_mod(&bytes))) {
                return Read::Corrupt("its go.mod file does not have the checksum that go.sum has".into());
            }
            let place = match self.ask.look.at(&path) {
                Seen::File(identity) => Some(Place { path, identity }),
                _ => None,
            };
            return Read::Text(String::from_utf8_lossy(&bytes).into_owned(), place);
        }
        Read::Missing
    }

    /// What there is of a module as a whole besides its `go.mod`. `sum`: what go.sum says of it.
    pub(super) fn whole(&self, module: &Module, sum: Option<&str>) -> Whole {
        let mut missing = Vec::new();
        let mut broken = None;
        match self.info(module) {
            Info::Here => {}
            Info::Unknown(why) => return Whole::Unknown(why),
            Info::Missing => missing.push("what says which version it is (.info)"),
            Info::Broken => broken = Some("what says which version it is (.info) cannot be read".to_owned()),
        }
        let mut archive = None;
        for path in self.places(module, "zip") {
            match self.ask.look.at(&path) {
                Seen::File(identity) => archive = Some(Place { path, identity }),
                // Go takes it for an archive, as long as it need not read it.
                Seen::Folder(_) | Seen::Odd if path.starts_with(&self.downloads) => {
                    broken = Some("something else stands in its archive's place".into());
                }
                Seen::Refused(why) => return Whole::Unknown(format!("{}: {why}", path.display())),
                _ => continue,
            }
            break;
        }
        if archive.is_none() && broken.is_none() {
            missing.push("its archive (.zip)");
        }
        // The checksum that Go wrote beside an archive: what is no checksum at all is made anew.
        let own = archive.as_ref().is_some_and(|place| place.path.starts_with(&self.downloads));
        let mut noted = None;
        if let (true, Some(path)) = (own, self.path(module, "ziphash")) {
            match self.ask.look.bytes(&path, LARGEST_TEXT) {
                Ok(written) => {
                    let written = String::from_utf8_lossy(&written).trim().to_owned();
                    noted = dirhash::parse(&written);
                    if written.len() == SUM
                        && !written.contains('\0')
                        && sum.map_or(noted.is_none(), |sum| written != sum)
                    {
                        broken =
                            Some("the checksum that Go wrote beside its archive (.ziphash) is not go.sum's".into());
                    }
                }
                Err(Unread::Absent) => {}
                Err(Unread::Odd(_) | Unread::Large(_)) => {
                    broken = Some("something else stands in the place of its checksum (.ziphash)".into());
                }
                Err(why) => return Whole::Unknown(format!("{}: {why}", path.display())),
            }
        }
        match (broken, archive) {
            (Some(why), _) => Whole::Corrupt(why),
            (None, Some(place)) if missing.is_empty() => Whole::Here(place, noted),
            _ => Whole::Missing(missing),
        }
    }

    /// What has to be out of the way before Go gets a module anew.
    pub(super) fn in_the_way(&self, module: &Module, whole: bool) -> Vec<PathBuf> {
        let suffixes: &[&str] = if whole { &["zip", "ziphash", "info", "mod"] } else { &["mod"] };
        suffixes.iter().filter_map(|suffix| self.path(module, suffix)).collect()
    }

    /// Whether the database of checksums was asked about a module before, so that Go may know without a network.
    pub(super) fn was_asked(&self, module: &Module) -> bool {
        let (Some(path), Some(version)) = (escape::path(&module.path), escape::version(&module.version)) else {
            return false;
        };
        let lookup = format!("sumdb/{}/lookup/{path}@{version}", self.env.database);
        matches!(self.ask.look.at(&self.downloads.join(lookup)), Seen::File(_))
    }
}

/// Whether Go can read what a version is.
fn is_info(bytes: &[u8]) -> bool {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(&String::from_utf8_lossy(bytes)) else { return false };
    let text = |value: &serde_json::Value| value.is_string() || value.is_null();
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::Object(all) => all.iter().all(|(key, value)| match key.to_ascii_lowercase().as_str() {
            "version" => text(value),
            "time" => value.is_null() || value.as_str().is_some_and(is_time),
            "origin" => value.is_null() || value.is_object(),
            _ => true,
        }),
        _ => false,
    }
}

/// `2006-01-02T15:04:05Z`, with parts of a second or another zone.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| -> Option<u32> {
        let part = bytes.get(from..to)?;
        part.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(part).ok()?.parse().ok()).flatten()
    };
    let at = |place: usize, byte: u8| bytes.get(place) == Some(&byte);
    let (Some(year), Some(month), Some(day)) = (digits(0, 4), digits(5, 7), digits(8, 10)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (digits(11, 13), digits(14, 16), digits(17, 19)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let fraction = if at(19, b'.') { bytes[20..].iter().take_while(|byte| byte.is_ascii_digit()).count() } else { 0 };
    let zone = if at(19, b'.') { 20 + fraction } else { 19 };
    let zoned = at(zone, b'Z') && bytes.len() == zone + 1
        || (at(zone, b'+') || at(zone, b'-'))
            && at(zone + 3, b':')
            && bytes.len() == zone + 6
            && digits(zone + 1, zone + 3).is_some_and(|hours| hours < 24)
            && digits(zone + 4, zone + 6).is_some_and(|minutes| minutes < 60);
    let separated = at(4, b'-') && at(7, b'-') && at(10, b'T') && at(13, b':') && at(16, b':');
    let fraction = !at(19, b'.') || fraction > 0;
    separated && zoned && fraction && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_which_version_it_is_is_read_as_go_reads_it() {
        for good in [
            r#"{"Version":"v1.0.0","Time":"2024-02-29T23:59:59Z"}"#,
            r#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05.123456789+01:00","Origin":{"VCS":"git"}}"#,
            "null",
            "{}",
        ] {
            assert!(is_info(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "[]",
            "x",
            r#"{"Version":1}"#,
            r#"{"Time":"2023-02-29T00:00:00Z"}"#,
            r#"{"Time":"2024-01-02"}"#,
            r#"{"Time":"2024-01-02T03:04:05"}"#,
            r#"{"Version":"v1.0.0"} x"#,
            r#"{"Time":"2024-01-02T03:04:05.Z"}"#,
        ] {
            assert!(!is_info(bad.as_bytes()), "{bad}");
        }
    }
}
