//! Which profiles of a description are active.
//! May not guess: what a condition rests on and is not known makes it doubtful.

use super::facts::{Facts, Known};
use super::pom::{Activation, Profile};
use crate::ecosystem::Ask;
use crate::look::Seen;
use std::cmp::Ordering;
use std::path::Path;

/// The places of the active profiles; in words what could not be decided.
pub(super) fn active(
    profiles: &[Profile],
    named: (&[String], &[String]),
    folder: Option<&Path>,
    facts: &Facts,
    ask: &Ask<'_>,
) -> (Vec<usize>, Vec<String>) {
    let (asked, refused) = named;
    let (mut chosen, mut by_default, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    for (at, profile) in profiles.iter().enumerate() {
        if refused.contains(&profile.id) {
            continue;
        }
        if asked.contains(&profile.id) {
            chosen.push(at);
            continue;
        }
        let Some(activation) = &profile.activation else { continue };
        match holds(activation, folder, facts, ask) {
            Ok(Some(true)) => chosen.push(at),
            Ok(_) if activation.by_default => by_default.push(at),
            Ok(_) => {}
            Err(why) => doubts.push(format!("whether the profile {} is active is not known: {why}", profile.id)),
        }
    }
    if chosen.is_empty() { (by_default, doubts) } else { (chosen, doubts) }
}

/// Whether all conditions hold; none: there are none.
fn holds(activation: &Activation, folder: Option<&Path>, facts: &Facts, ask: &Ask<'_>) -> Result<Option<bool>, String> {
    let mut all = Vec::new();
    if let Some((name, wanted)) = &activation.property {
        all.push(property(name, wanted.as_deref(), facts)?);
    }
    if let Some(wanted) = &activation.jdk {
        let java = facts.java.as_deref().ok_or("which version Java has shows nowhere")?;
        all.push(jdk(wanted, java)?);
    }
    if let Some(wanted) = &activation.os {
        all.push(os(wanted, facts)?);
    }
    if let Some((exists, missing)) = &activation.file {
        for (path, there) in [(exists, true), (missing, false)] {
            if let Some(path) = path {
                all.push(file(path, folder, ask)? == Some(there));
            }
        }
    }
    Ok((!all.is_empty()).then(|| all.into_iter().all(|held| held)))
}

fn property(name: &str, wanted: Option<&str>, facts: &Facts) -> Result<bool, String> {
    let (name, not) = name.strip_prefix('!').map_or((name, false), |name| (name, true));
    let value = match facts.property(name) {
        Known::Value(value) => Some(value),
        Known::Absent => None,
        Known::Unknown => return Err(format!("the value of {name}")),
    };
    if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
        let (wanted, other) = wanted.strip_prefix('!').map_or((wanted, false), |wanted| (wanted, true));
        return Ok((value.as_deref() == Some(wanted)) != other);
    }
    Ok(value.is_some_and(|value| !value.is_empty()) != not)
}

fn os(wanted: &[Option<String>; 4], facts: &Facts) -> Result<bool, String> {
    if !facts.linux {
        return Err("which system this is".into());
    }
    let values = [Some("linux"), Some("unix"), facts.arch, None];
    let mut all = true;
    for (wanted, value) in wanted.iter().zip(values) {
        let Some(wanted) = wanted.as_deref() else { continue };
        let (wanted, not) = wanted.strip_prefix('!').map_or((wanted, false), |wanted| (wanted, true));
        let wanted = wanted.to_lowercase();
        let value = value.ok_or("the version or the architecture of this system")?;
        let held = value == wanted;
        all &= held != not;
    }
    Ok(all)
}

fn file(path: &str, folder: Option<&Path>, ask: &Ask<'_>) -> Result<Option<bool>, String> {
    let written = path;
    let base = ["${project.basedir}", "${pom.basedir}", "${basedir}"];
    let path = match folder {
        None if base.iter().any(|base| path.contains(base)) => return Ok(None),
        None => return Err(format!("where {path} is looked for")),
        Some(folder) => base.iter().fold(path.to_owned(), |path, base| path.replace(base, &folder.to_string_lossy())),
    };
    if path.contains("${") {
        return Err(format!("where {written} is"));
    }
    let whole = folder.unwrap_or(Path::new("/")).join(&path);
    Ok(Some(!matches!(ask.look.at(&whole), Seen::Absent | Seen::Dangling)))
}

/// As Maven compares Java's version with `1.8`, `!1.8` or a range.
fn jdk(wanted: &str, java: &str) -> Result<bool, String> {
    if let Some(other) = wanted.strip_prefix('!') {
        return Ok(!java.starts_with(other));
    }
    if !wanted.starts_with(['[', '(']) {
        return Ok(java.starts_with(wanted));
    }
    let odd = || format!("what {wanted} means");
    let inner = wanted.get(1..wanted.len().saturating_sub(1)).ok_or_else(odd)?;
    let mut bounds = inner.split(',').map(str::trim);
    let (Some(low), high, None) = (bounds.next(), bounds.next(), bounds.next()) else { return Err(odd()) };
    let high = high.unwrap_or(low);
    let fits = |bound: &str, which: Ordering, inclusive: bool| {
        let order = numbers(java, bound);
        bound.is_empty() || order == which || (inclusive && order == Ordering::Equal)
    };
    let open = |end: char| end == '[' || end == ']';
    Ok(fits(low, Ordering::Greater, wanted.starts_with(open)) && fits(high, Ordering::Less, wanted.ends_with(open)))
}

/// Compares versions of Java number by number, at most three.
fn numbers(one: &str, other: &str) -> Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        let parts = text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
        let mut out: Vec<u64> = parts.take(3).collect();
        out.resize(3, 0);
        out
    };
    numbers(one).cmp(&numbers(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_java_are_compared_as_maven_does() {
        let cases = [
            ("17", "17.0.15", true),
            ("1.8", "17.0.15", false),
            ("!1.8", "17.0.15", true),
            ("[1.8,)", "17.0.15", true),
            ("[1.8,9)", "1.8.0_402", true),
            ("(,17)", "17.0.15", false),
            ("[9,11]", "17.0.15", false),
            ("[17,18)", "17.0.15", true),
        ];
        for (wanted, java, held) in cases {
            assert_eq!(jdk(wanted, java), Ok(held), "{wanted} {java}");
        }
        assert!(jdk("[1,2,3]", "17").is_err());
    }
}
