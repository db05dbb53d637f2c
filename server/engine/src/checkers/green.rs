//! The last run of a step that passed, and what is another thing since: by the contents of its inputs, and by the commits between.

use super::inputs::Listed;
use crate::inner::Inner;
use contract::SinceGreen;
use journal::{Filter, Journal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// More bytes than this are not kept.
const LARGEST: usize = 4 << 20;
/// Files that are named of each kind.
const MOST_FILES: usize = 50;
/// Files that are named on one line.
const MOST_ON_A_LINE: usize = 3;
/// Events that are looked at for one that says that a step passed.
const MOST_EVENTS: usize = 500;
/// Characters of a commit that are shown.
const SHORT: usize = 10;
/// The event of what came of a check.
pub(super) const OBSERVED: &str = "check.observed";

/// The last run that passed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Green {
    at: String,
    commit: Option<String>,
    /// `None`: only the journal still knows that it passed.
    listed: Option<Listed>,
}

/// Keeps what a run that passed depended on.
pub(super) fn keep(inner: &Inner, root: &Path, id: &str, at: &str, commit: Option<&str>, listed: &Listed) {
    if !crate::record::enabled(inner, root) {
        return;
    }
    let Ok(journal) = inner.journal() else { return };
    let Some(key) = key(&journal, root, id) else { return };
    let mut green = Green { at: at.to_owned(), commit: commit.map(str::to_owned), listed: Some(listed.clone()) };
    let mut bytes = serde_json::to_vec(&green).unwrap_or_default();
    if bytes.len() > LARGEST {
        green.listed = None;
        bytes = serde_json::to_vec(&green).unwrap_or_default();
    }
    journal.remember_put_many(vec![(key, bytes)]);
}

/// What is another thing than when the step passed last; `None` where nobody knows that it ever did.
pub(super) fn since(inner: &Inner, root: &Path, id: &str, now: &Listed, commit: Option<&str>) -> Option<SinceGreen> {
    let journal = inner.journal_if_old()?;
    let remembered = key(&journal, root, id).and_then(|key| journal.remember_get(&key).ok().flatten());
    let green = remembered.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Some(compared(&green.or_else(|| of_journal(&journal, root, id))?, now, commit))
}

fn key(journal: &Journal, root: &Path, id: &str) -> Option<String> {
    journal.workspace_id(root).ok().map(|workspace| format!("green:{workspace}:{id}"))
}

/// What the journal's own events say, where what is remembered beside them is gone.
fn of_journal(journal: &Journal, root: &Path, id: &str) -> Option<Green> {
    let workspace = journal.workspace_id(root).ok()?;
    let filter = Filter {
        kind: Some(OBSERVED.to_owned()),
        workspace: Some(workspace),
        newest_first: true,
        limit: Some(MOST_EVENTS),
        ..Filter::default()
    };
    let entries = journal.entries(&filter).ok()?;
    let found = entries.into_iter().find(|entry| entry.payload["check"] == id && entry.payload["state"] == "passed")?;
    let commit = found.payload["commit"].as_str().map(str::to_owned);
    Some(Green { at: found.at, commit, listed: None })
}

fn compared(green: &Green, now: &Listed, commit: Option<&str>) -> SinceGreen {
    let mut since = SinceGreen {
        at: green.at.clone(),
        commit: green.commit.clone(),
        files_known: green.listed.is_some(),
        ..SinceGreen::default()
    };
    if let (Some(then), Some(now)) = (&green.commit, commit)
        && then != now
    {
        since.commits = Some(format!("{}..{}", short(then), short(now)));
    }
    if let Some(then) = &green.listed {
        let mut put = |into: fn(&mut SinceGreen) -> &mut Vec<PathBuf>, files: Vec<PathBuf>| {
            since.more += files.len().saturating_sub(MOST_FILES) as u64;
            *into(&mut since) = files.into_iter().take(MOST_FILES).collect();
        };
        put(|since| &mut since.changed, both(&then.files, &now.files, |then, now| now.is_some_and(|now| now != then)));
        put(|since| &mut since.removed, both(&then.files, &now.files, |_, now| now.is_none()));
        put(|since| &mut since.added, both(&now.files, &then.files, |_, then| then.is_none()));
        let names = then.beside.keys().chain(now.beside.keys());
        let other = names.filter(|name| then.beside.get(*name) != now.beside.get(*name)).map(|name| named(name));
        since.beside = other.collect();
        since.beside.sort();
        since.beside.dedup();
    }
    since.text = text(&since);
    since
}

fn both(
    of: &BTreeMap<PathBuf, String>,
    other: &BTreeMap<PathBuf, String>,
    is: fn(&String, Option<&String>) -> bool,
) -> Vec<PathBuf> {
    of.iter().filter(|(file, hash)| is(hash, other.get(*file))).map(|(file, _)| file.clone()).collect()
}

fn named(name: &str) -> String {
    match name {
        "the command" | "the command's words" => "the command".to_owned(),
        "the tool" => "the tool or its toolchain".to_owned(),
        name if name.contains('/') => name.to_owned(),
        name => format!("the variable {name}"),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}

fn text(since: &SinceGreen) -> String {
    let at = since.commit.as_deref().map_or_else(String::new, |commit| format!(" at {}", short(commit)));
    let mut said = format!("it passed {}{at}", host::ago(&since.at));
    if let Some(commits) = &since.commits {
        let _ = write!(said, "; commits {commits}");
    }
    if !since.files_known {
        return said + "; which files were others then is not known any more";
    }
    let mut is_other = false;
    for (files, what) in [(&since.changed, "changed"), (&since.added, "added"), (&since.removed, "removed")] {
        if !files.is_empty() {
            is_other = true;
            let names: Vec<String> = files.iter().take(MOST_ON_A_LINE).map(|file| shown(file)).collect();
            let more = if files.len() > MOST_ON_A_LINE { ", …" } else { "" };
            // Of more than are named nobody counts which kind they are.
            let count = crate::words::counted(files.len() as u64, "file");
            let least = if files.len() == MOST_FILES && since.more > 0 { "at least " } else { "" };
            let _ = write!(said, "; {least}{count} {what}: {}{more}", names.join(", "));
        }
    }
    if !since.beside.is_empty() {
        is_other = true;
        let _ = write!(said, "; another: {}", since.beside.join(", "));
    }
    if is_other {
        said
    } else {
        said + "; nothing that it depends on is another: it does not always end in the same way"
    }
}

fn shown(file: &Path) -> String {
    crate::notes::shown_plain(&file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(files: &[(&str, &str)], tool: &str) -> Listed {
        Listed {
            files: files.iter().map(|(name, hash)| (PathBuf::from(name), (*hash).to_owned())).collect(),
            beside: BTreeMap::from([("the tool".to_owned(), tool.to_owned())]),
        }
    }

    #[test]
    fn what_changed_came_or_went_is_named_with_the_commits() {
        let then = listed(&[("a", "1"), ("b", "2"), ("c", "3")], "x");
        let green = Green { at: host::now(), commit: Some("1111111111aaaa".into()), listed: Some(then.clone()) };
        let now = listed(&[("a", "1"), ("b", "other"), ("d", "4")], "y");
        let since = compared(&green, &now, Some("2222222222bbbb"));
        let names = |files: &[PathBuf]| files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>();
        assert_eq!(
            (names(&since.changed), names(&since.added), names(&since.removed)),
            (vec!["b".to_owned()], vec!["d".to_owned()], vec!["c".to_owned()])
        );
        assert_eq!(since.commits.as_deref(), Some("1111111111..2222222222"));
        assert_eq!(since.beside, ["the tool or its toolchain"]);
        assert_eq!(
            since.text,
            "it passed just now at 1111111111; commits 1111111111..2222222222; 1 file changed: b; 1 file added: d; 1 file removed: c; another: the tool or its toolchain"
        );
        let same = compared(&green, &then, Some("1111111111aaaa"));
        assert!(same.commits.is_none() && same.text.contains("does not always end in the same way"), "{}", same.text);
        let gone = compared(&Green { listed: None, ..green }, &now, None);
        assert!(!gone.files_known && gone.text.contains("not known any more") && gone.changed.is_empty());
    }

    #[test]
    fn of_many_files_some_are_named_and_the_rest_is_counted() {
        let names: Vec<String> = (0..80).map(|n| format!("f{n:02}")).collect();
        let all: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "1")).collect();
        let green = Green { at: host::now(), commit: None, listed: Some(listed(&[], "x")) };
        let since = compared(&green, &listed(&all, "x"), None);
        assert_eq!((since.added.len(), since.more), (50, 30));
        assert!(since.text.contains("at least 50 files added: f00, f01, f02, …"), "{}", since.text);
    }
}
