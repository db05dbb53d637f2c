//! Requirements as Python's manifests write them: a name with extras, a range of versions or an address, and a condition.
//! May not look at files, and builds nothing larger than the text.

use super::name;
use pep440_rs::VersionSpecifiers;
use std::str::FromStr;

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Normalised.
    pub name: String,
    /// Normalised, in order.
    pub extras: Vec<String>,
    pub range: VersionSpecifiers,
    /// Where it is to come from, instead of a range.
    pub address: Option<String>,
    pub marker: Option<String>,
}

impl Requirement {
    /// Reads one; in words why it cannot be read.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let odd = || format!("this requirement is not understood: {}", text.chars().take(120).collect::<String>());
        let rest = text.trim();
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(rest.len());
        let name = name::normal(&rest[..end]).ok_or_else(odd)?;
        let mut rest = rest[end..].trim_start();
        let mut extras = Vec::new();
        if let Some(inside) = rest.strip_prefix('[') {
            let (listed, behind) = inside.split_once(']').ok_or_else(odd)?;
            for extra in listed.split(',').map(str::trim).filter(|extra| !extra.is_empty()) {
                extras.push(name::normal(extra).ok_or_else(odd)?);
            }
            extras.sort();
            extras.dedup();
            rest = behind.trim_start();
        }
        if let Some(address) = rest.strip_prefix('@') {
            // A condition stands behind a space: an address may have a semicolon.
            let (address, marker) = match address.split_once(" ;") {
                Some((address, marker)) => (address, Some(marker.trim().to_owned())),
                None => (address, None),
            };
            let address = address.trim();
            if address.is_empty() {
                return Err(odd());
            }
            let (range, address) = (VersionSpecifiers::empty(), Some(address.to_owned()));
            return Ok(Requirement { name, extras, range, address, marker });
        }
        let (range, marker) = match rest.split_once(';') {
            Some((range, marker)) => (range, Some(marker.trim().to_owned())),
            None => (rest, None),
        };
        let range = range.trim();
        let range = range.strip_prefix('(').and_then(|range| range.strip_suffix(')')).unwrap_or(range);
        let range = VersionSpecifiers::from_str(range).map_err(|_| odd())?;
        Ok(Requirement { name, extras, range, address: None, marker })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn requirements_have_their_parts_and_what_is_none_is_an_error() {
        let read = Requirement::read("Foo.Bar [ B , a ] >=1, <2 ; python_version < '3.9'").unwrap();
        assert_eq!((read.name.as_str(), read.extras.as_slice()), ("foo-bar", &["a".to_owned(), "b".to_owned()][..]));
        assert_eq!((read.range.len(), read.marker.as_deref()), (2, Some("python_version < '3.9'")));
        let read = Requirement::read("a @ https://example.org/a;b.whl ; x == 'y'").unwrap();
        assert_eq!(read.address.as_deref(), Some("https://example.org/a;b.whl"));
        assert_eq!(Requirement::read("a (>=1)").unwrap().range.len(), 1);
        for odd in ["", "-", "a[", "a[b", "a >>1", "a @", "a b"] {
            assert!(Requirement::read(odd).is_err(), "{odd}");
        }
    }
}
