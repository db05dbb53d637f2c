//! Versions of modules and of Go itself, compared as Go compares them.
//! May not look at files.

use semver::Version;
use std::cmp::Ordering;

/// A module's version: `v1.2.3`, with `+incompatible` at most behind it. Written in full, or it is none.
pub(super) fn canonical(text: &str) -> Option<Version> {
    let version = Version::parse(text.strip_prefix('v')?).ok()?;
    matches!(version.build.as_str(), "" | "incompatible").then_some(version)
}

/// A version as a dependency's `go.mod` may have it: shortened ones are filled up.
pub(super) fn filled(text: &str) -> Option<String> {
    if canonical(text).is_some() {
        return Some(text.to_owned());
    }
    let digits = text.strip_prefix('v')?;
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = match digits.split('.').collect::<Vec<_>>().as_slice() {
        [major] if plain(major) => format!("v{major}.0.0"),
        [major, minor] if plain(major) && plain(minor) => format!("v{major}.{minor}.0"),
        _ => text.split_once('+').map(|(version, _)| version.to_owned())?,
    };
    canonical(&whole).map(|_| whole)
}

/// Which of two versions of one module is the later; what a workspace's own module has instead, nothing, is the latest.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        _ => match (canonical(one), canonical(other)) {
            (Some(one), Some(other)) => one.cmp_precedence(&other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        },
    }
}

/// A version of Go: `1.21`, `1.21.3`, `1.22rc1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Go {
    pub major: u64,
    pub minor: u64,
    /// `None`: the language, which comes before all its releases; filled in before 1.21.
    patch: Option<u64>,
    /// `alpha`, `beta`, `rc` or nothing.
    kind: String,
    pre: u64,
}

impl Go {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
        };
        let (numbers, kind, pre) = match text.find(|letter: char| letter.is_ascii_lowercase()) {
            None => (text, "", 0),
            Some(at) => {
                let (numbers, rest) = text.split_at(at);
                let end = rest.find(|letter: char| letter.is_ascii_digit())?;
                (numbers, &rest[..end], digits(&rest[end..])?)
            }
        };
        let mut parts = numbers.split('.');
        let (major, minor) = (digits(parts.next()?)?, digits(parts.next()?)?);
        let patch = parts.next().map(|part| digits(part).ok_or(())).transpose().ok()?;
        let old = (major, minor) < (1, 21) && kind.is_empty();
        let patch = patch.or(if old { Some(0) } else { None });
        parts.next().is_none().then(|| Go { major, minor, patch, kind: kind.to_owned(), pre })
    }

    /// Of a toolchain's name: `go1.22.3`, `go1.22.3-vendor`.
    pub(super) fn of_toolchain(name: &str) -> Option<Self> {
        let version = name.strip_prefix("go").or_else(|| name.split_once("-go").map(|(_, version)| version))?;
        Go::parse(version.split([' ', '\t', '-']).next()?)
    }

    pub(super) fn at_least(&self, major: u64, minor: u64) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn versions_of_modules_are_in_gos_order() {
        let order = [
            "v0.0.0-20200101000000-abcdef123456",
            "v0.0.1",
            "v1.0.0-rc.1",
            "v1.0.0",
            "v1.10.0",
            "v2.0.0+incompatible",
            "",
        ];
        for pair in order.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert!(canonical("v1.2").is_none() && canonical("1.2.3").is_none() && canonical("v1.2.3+meta").is_none());
        assert_eq!(filled("v1.2").as_deref(), Some("v1.2.0"));
        assert_eq!(filled("master"), None);
    }

    #[test]
    fn versions_of_go_are_in_gos_order() {
        let order =
            ["1.9", "1.20", "1.20.3", "1.21", "1.21rc1", "1.21.0", "1.21.1", "1.22", "1.22beta1", "1.22rc2", "1.22.0"];
        for pair in order.windows(2) {
            assert!(Go::parse(pair[0]).unwrap() < Go::parse(pair[1]).unwrap(), "{pair:?}");
        }
        for bad in ["", "1", "01.2", "1.x", "1.2.3.4", "1.21rc", "go1.21"] {
            assert_eq!(Go::parse(bad), None, "{bad}");
        }
        assert_eq!(Go::of_toolchain("go1.22.3-custom"), Go::parse("1.22.3"));
    }
}
