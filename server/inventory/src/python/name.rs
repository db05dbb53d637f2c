//! Names of packages and of wheels, as Python's standards write them.
//! May not look at files.

/// A name in the one form that all spellings share; none where no package can have it.
pub(crate) fn normal(name: &str) -> Option<String> {
    let ends = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let bytes = name.as_bytes();
    if name.len() > 200 || !ends(bytes.first().copied()) || !ends(bytes.last().copied()) {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            _ => return None,
        }
    }
    Some(out)
}

/// A wheel's file name in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wheel {
    /// Normalised.
    pub name: String,
    pub version: String,
    /// Number and rest, where there is one.
    pub build: Option<(u64, String)>,
    pub pythons: Vec<String>,
    pub abis: Vec<String>,
    pub platforms: Vec<String>,
}

impl Wheel {
    /// Of `name-version[-build]-python-abi-platform.whl`, with or without its ending.
    pub(crate) fn read(file: &str) -> Option<Self> {
        let stem = file.strip_suffix(".whl").unwrap_or(file);
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, tags) = match *parts.as_slice() {
            [name, version, python, abi, platform] => (name, version, None, [python, abi, platform]),
            [name, version, build, python, abi, platform] => (name, version, Some(build), [python, abi, platform]),
            _ => return None,
        };
        let build = match build {
            None => None,
            Some(build) => {
                let digits = build.len() - build.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                Some((build[..digits].parse().ok()?, build[digits..].to_owned()))
            }
        };
        let [pythons, abis, platforms] = tags.map(|tags| tags.split('.').map(str::to_owned).collect());
        Some(Wheel { name: normal(name)?, version: version.replace('_', "-"), build, pythons, abis, platforms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_name_are_one_and_what_is_no_name_is_none() {
        assert_eq!(normal("Ruamel.Yaml__clib").as_deref(), Some("ruamel-yaml-clib"));
        for odd in ["", "-a", "a/b", "..", "a b", "é"] {
            assert_eq!(normal(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_wheels_name_has_its_parts() {
        let wheel = Wheel::read("Foo_Bar-1.0-2b-cp311.py3-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
        let wheel = wheel.expect("it is one");
        assert_eq!((wheel.name.as_str(), wheel.version.as_str()), ("foo-bar", "1.0"));
        assert_eq!(wheel.build, Some((2, "b".into())));
        assert_eq!((wheel.pythons.len(), wheel.platforms.len()), (2, 2));
        assert_eq!(Wheel::read("a-1.0.whl"), None);
    }
}
