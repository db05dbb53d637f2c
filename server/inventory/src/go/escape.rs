//! Module paths and versions as Go allows them, and the names of files that it makes of them.
//! What Go would not make a file's name of has none here either: nothing leads out of the cache.

/// Names that Windows keeps for itself.
const RESERVED: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "LPT1", "LPT2",
    "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

/// Whether an element may stand in a path; `module`: in a module's, which is stricter than a version.
fn element(element: &str, module: bool) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || !module && b"+".contains(&byte);
    let short = element.split('.').next().unwrap_or_default();
    let tail = short.rsplit_once('~').map(|(_, tail)| tail);
    let dots = element.ends_with('.') || module && element.starts_with('.');
    let reserved = RESERVED.iter().any(|name| name.eq_ignore_ascii_case(short));
    let numbered = tail.is_some_and(|tail| !tail.is_empty() && tail.bytes().all(|byte| byte.is_ascii_digit()));
    let empty = element.bytes().all(|byte| byte == b'.');
    let odd = empty || dots || reserved || numbered;
    !odd && element.bytes().all(good)
}

/// Whether Go takes it for the path of a module that can be downloaded.
pub(super) fn is_path(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    path.split('/').all(|part| !part.is_empty() && element(part, true))
        && first.contains('.')
        && !first.starts_with('-')
        && first.bytes().all(host)
        && major(path).is_some()
}

/// The part of a path that names the major version: `/v2`, `.v3` of gopkg.in, or nothing; `None`: it is malformed.
pub(super) fn major(path: &str) -> Option<&str> {
    if path.starts_with("gopkg.in/") {
        let plain = path.strip_suffix("-unstable").unwrap_or(path);
        let digits = plain.len() - plain.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (before, version) = plain.split_at(digits);
        let well = !version.is_empty() && (!version.starts_with('0') || version == "0");
        let start = before.strip_suffix(".v").filter(|_| well)?.len();
        return Some(&path[start..]);
    }
    let digits = path.len() - path.bytes().rev().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (before, version) = path.split_at(digits);
    let Some(stem) = before.strip_suffix("/v").filter(|_| !version.is_empty()) else { return Some("") };
    let well = !version.starts_with('0') && version != "1" && !version.contains('.');
    well.then(|| &path[stem.len()..])
}

/// Whether a version can be one of the module at a path.
pub(super) fn fits(path: &str, version: &str) -> bool {
    let Some(suffix) = major(path) else { return false };
    let number = version.trim_start_matches('v').split('.').next().unwrap_or_default();
    let wanted = suffix.trim_start_matches(['/', '.']).trim_end_matches("-unstable");
    if suffix.starts_with('.') && version.starts_with("v0.0.0-") && wanted == "v1" {
        return true;
    }
    match wanted.strip_prefix('v') {
        None => matches!(number, "0" | "1") || version.ends_with("+incompatible"),
        Some(wanted) => number == wanted && !(suffix.starts_with('/') && version.ends_with("+incompatible")),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_uppercase() {
            out.push('!');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// A module's path as folders of the cache are named: each capital is its small letter behind a `!`.
pub(super) fn path(path: &str) -> Option<String> {
    is_path(path).then(|| escaped(path))
}

/// The same of a version.
pub(super) fn version(version: &str) -> Option<String> {
    (!version.is_empty() && element(version, false)).then(|| escaped(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_escaped_and_what_could_lead_elsewhere_has_no_name() {
        assert_eq!(path("github.com/Azure/azure-sdk").as_deref(), Some("github.com/!azure/azure-sdk"));
        assert_eq!(version("v1.0.0-RC1").as_deref(), Some("v1.0.0-!r!c1"));
        for bad in [
            "",
            "a",
            "/a.b",
            "a.b/",
            "a.b//c",
            "a.b/../c",
            "a.b/.c",
            "a.b/c.",
            "A.b/c",
            "a.b/c d",
            "a.b/con",
            "a.b/Nul.x",
            "a.b/x~1",
            "a.b/c/v1",
            "a.b/c/v01",
            "a.b/c!d",
            "a.b/é",
            "-a.b/c",
            "gopkg.in/yaml",
            "a.b/c\\d",
            "a.b/c\0",
        ] {
            assert_eq!(path(bad), None, "{bad:?}");
        }
        for bad in ["", "..", "v1/../../x", "v1!", "v1.", "v1\\x", "é"] {
            assert_eq!(version(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_version_fits_the_major_version_in_its_modules_path() {
        for (path, version, well) in [
            ("a.b/c", "v1.2.3", true),
            ("a.b/c", "v2.0.0", false),
            ("a.b/c", "v2.0.0+incompatible", true),
            ("a.b/c/v2", "v2.1.0", true),
            ("a.b/c/v2", "v3.1.0", false),
            ("gopkg.in/yaml.v3", "v3.0.1", true),
            ("gopkg.in/check.v1", "v0.0.0-20161208181325-20d25e280405", true),
            ("gopkg.in/yaml.v3", "v2.0.1", false),
        ] {
            assert_eq!(fits(path, version), well, "{path} {version}");
        }
    }
}
