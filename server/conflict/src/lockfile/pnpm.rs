//! `pnpm-lock.yaml` of version 9: its packages, and both sides in one text as pnpm itself merges them.
//! Reads the lines that pnpm writes, and no other YAML: what is written in another way is said to be unreadable.

use super::{LockfileError, LockfileSides, Packages, one_file, tampered};

/// Longer keys pnpm does not write.
const LONGEST: usize = 4096;

/// A package's key, `name@version`, without quotes.
fn key_of(line: &str) -> Option<&str> {
    let key = line.strip_prefix("  ")?.strip_suffix(':').filter(|key| !key.starts_with(' ') && key.len() <= LONGEST)?;
    let quoted = ['\'', '"'].into_iter().find_map(|quote| key.strip_prefix(quote)?.strip_suffix(quote));
    Some(quoted.unwrap_or(key))
}

/// The packages that a lockfile names, with their checksums.
pub(super) fn packages(side: &'static str, text: &str) -> Result<Packages, LockfileError> {
    let unreadable = |why: String| LockfileError::Unreadable { side, why };
    let form = text.lines().find_map(|line| line.strip_prefix("lockfileVersion:")).map(str::trim);
    let form = form.ok_or_else(|| unreadable("it does not say which version it has".to_owned()))?;
    let form = form.trim_matches(['\'', '"']);
    if form != "9.0" {
        let hint = "run `pnpm install --lockfile-only` on one side with pnpm 9 or newer, or take one side";
        return Err(LockfileError::Form { form: format!("version {form}"), hint });
    }
    let mut found = Packages::new();
    let (mut inside, mut last) = (false, None);
    for (at, line) in text.lines().enumerate() {
        let wrong = |why: &str| unreadable(format!("line {}: {why}", at + 1));
        if line.contains('\t') || line.trim_end() == "---" {
            return Err(wrong("pnpm writes no such line"));
        }
        if !line.starts_with([' ', '#']) && !line.trim().is_empty() {
            inside = line.trim_end() == "packages:";
            if line.starts_with("packages:") && !inside && line.trim_end() != "packages: {}" {
                return Err(wrong("pnpm writes the packages below each other"));
            }
            // What a program of the workspace made of it, no copy without that program can.
            if line.starts_with("pnpmfileChecksum:") {
                let why = "a pnpmfile had a say in it, and no program of the workspace is run for this";
                return Err(unreadable(why.to_owned()));
            }
            last = None;
        } else if inside && !line.trim().is_empty() {
            if !line.starts_with("   ") {
                let key = key_of(line.trim_end()).ok_or_else(|| wrong("it is no package"))?;
                let cut = key.get(1..).and_then(|rest| rest.find('@')).ok_or_else(|| wrong("it has no version"))? + 1;
                let id = (key[..cut].to_owned(), key[cut + 1..].to_owned(), String::new());
                if found.insert(id.clone(), one_file(None)).is_some() {
                    return Err(wrong("a package stands there twice"));
                }
                last = Some(id);
            } else if let Some(resolution) = line.strip_prefix("    resolution:") {
                let sum = resolution.split_once("integrity: ").map(|(_, rest)| rest);
                let sum = sum.and_then(|rest| rest.split([',', '}', ' ']).next()).map(str::to_owned);
                if let Some(contents) = last.as_ref().and_then(|id| found.get_mut(id)) {
                    *contents = one_file(sum);
                }
            }
        }
    }
    Ok(found)
}

/// Both sides whole, between markers: pnpm takes them for a conflict of git's, and merges them as its own.
pub(super) fn start(sides: &LockfileSides) -> Result<String, LockfileError> {
    let (current, incoming) = (packages("current", &sides.current)?, packages("incoming", &sides.incoming)?);
    if let Some(problem) = tampered(&current, &incoming) {
        return Err(problem);
    }
    let line_end = |text: &str| if text.ends_with('\n') { "" } else { "\n" };
    let (current, incoming) = (&sides.current, &sides.incoming);
    let (one, other) = (line_end(current), line_end(incoming));
    Ok(format!("<<<<<<< current\n{current}{one}=======\n{incoming}{other}>>>>>>> incoming\n"))
}
