//! Where Yarn 2 and newer keep a package: the names of the files in its cache. And whether a package is for this machine.
//! May not look at files.

use crate::verify::{Algorithm, digest};

/// A package's name in the cache, without what the form of the cache adds.
pub(super) fn slug(name: &str, reference: &str) -> String {
    let (scope, bare) = match name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((scope, bare)) => (Some(scope), bare),
        None => (None, name),
    };
    let ident = hash(&format!("{}{bare}", scope.unwrap_or_default()));
    let locator = hash(&format!("{ident}{reference}"));
    let protocol = reference.find([':', '#']).filter(|at| reference[*at..].starts_with(':'));
    let (protocol, rest) = protocol.map_or(("exotic", reference), |at| (&reference[..at], &reference[at + 1..]));
    let rest = rest.split("::").next().unwrap_or_default();
    let selector = rest.split_once('#').map_or(rest, |(_, selector)| selector);
    let human = match semver::Version::parse(selector) {
        Ok(version) => format!("{protocol}-{version}"),
        Err(_) => protocol.to_owned(),
    };
    let named = scope.map_or_else(|| bare.to_owned(), |scope| format!("@{scope}-{bare}"));
    format!("{named}-{human}-{}", &locator[..10])
}

fn hash(text: &str) -> String {
    crate::hexadecimal::of(&digest(Algorithm::Sha512, text.as_bytes()))
}

/// Whether a name can stand in a path as it is.
pub(super) fn is_name(name: &str) -> bool {
    let fine = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['/', '\\', '\0', '%']);
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| fine(scope) && fine(name)),
        None => fine(name),
    }
}

/// Longer conditions are not followed, in bytes.
const LONGEST: usize = 4_096;

/// Whether conditions (`os=linux & (cpu=x64 | cpu=arm64)`) hold; `None`: they are not understood.
pub(super) fn holds(conditions: &str, is: &dyn Fn(&str, &str) -> Option<bool>) -> Option<bool> {
    if conditions.len() > LONGEST {
        return None;
    }
    let mut rest = conditions.trim();
    let value = any(&mut rest, is, 0)?;
    rest.trim().is_empty().then_some(value)
}

fn any(rest: &mut &str, is: &dyn Fn(&str, &str) -> Option<bool>, depth: usize) -> Option<bool> {
    let mut value = one(rest, is, depth)?;
    // Of equal rank, from the left: as Yarn reads them.
    loop {
        *rest = rest.trim_start();
        let Some(operator) = rest.chars().next().filter(|letter| "&|^".contains(*letter)) else { return Some(value) };
        *rest = &rest[1..];
        let right = one(rest, is, depth)?;
        value = match operator {
            '&' => value && right,
            '|' => value || right,
            _ => value != right,
        };
    }
}

fn one(rest: &mut &str, is: &dyn Fn(&str, &str) -> Option<bool>, depth: usize) -> Option<bool> {
    if depth > 32 {
        return None;
    }
    *rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('!') {
        *rest = inner;
        return one(rest, is, depth + 1).map(|value| !value);
    }
    if let Some(inner) = rest.strip_prefix('(') {
        *rest = inner;
        let value = any(rest, is, depth + 1)?;
        *rest = rest.trim_start().strip_prefix(')')?;
        return Some(value);
    }
    let end =
        rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"=_-".contains(letter)).unwrap_or(rest.len());
    let (token, after) = rest.split_at(end);
    *rest = after;
    let (key, value) = token.split_once('=')?;
    is(key, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_the_cache_have_the_names_that_yarn_gives_them() {
        for (name, reference, slugged) in [
            ("chalk", "npm:4.1.2", "chalk-npm-4.1.2-ba8b67ab80"),
            ("@esbuild/linux-x64", "npm:0.21.5", "@esbuild-linux-x64-npm-0.21.5-88079726c4"),
            ("JSONStream", "npm:1.3.5", "JSONStream-npm-1.3.5-1987f2e6dd"),
            ("ms", "npm:2.0.0", "ms-npm-2.0.0-9e1101a471"),
        ] {
            assert_eq!(slug(name, reference), slugged);
        }
        assert!(!is_name("../a") && !is_name("@a/../b") && !is_name("a/b") && is_name("@a/b"));
    }

    #[test]
    fn conditions_are_answered_and_hostile_ones_are_not() {
        let is = |key: &str, value: &str| Some(matches!((key, value), ("os", "linux") | ("cpu", "x64")));
        for (conditions, answer) in [
            ("os=linux & cpu=x64", Some(true)),
            ("os=darwin", Some(false)),
            ("(os=darwin | os=linux) & !cpu=arm64", Some(true)),
            ("os=linux &", None),
            ("(os=linux", None),
            ("", None),
        ] {
            assert_eq!(holds(conditions, &is), answer, "{conditions}");
        }
        assert_eq!(holds(&"(".repeat(4_000), &is), None);
    }
}
