//! Which files an event speaks of: workspace-relative paths in its payload, found by the names of their members.
//! It looks at no file system.

use serde_json::Value;
use std::collections::BTreeSet;

/// Members that hold a path, or a list of them.
const MEMBERS: [&str; 6] = ["path", "paths", "file", "files", "lockfile", "folder"];
/// Paths of one event that are kept, and the longest, in bytes.
const MOST: usize = 256;
const LONGEST: usize = 1024;
/// Folders above one path that are kept, the outermost first, and bytes of all folders of one event: an event of some hundred
/// KiB may name paths with more folders than a journal has events.
const MOST_ABOVE: usize = 32;
const MOST_FOLDERS: usize = 128 << 10;
/// How deep a payload is looked through.
const DEPTH: usize = 12;

/// The paths, each once, sorted.
pub(crate) fn paths(payload: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look(payload, DEPTH, &mut found);
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST);
    found
}

/// The paths with the folders above them, each once. Whoever asks for a folder that is left out finds it by one further out.
pub(crate) fn with_folders(paths: Vec<String>) -> BTreeSet<String> {
    let (mut folders, mut bytes) = (BTreeSet::new(), 0);
    for path in &paths {
        for (at, _) in path.match_indices('/').take(MOST_ABOVE) {
            if bytes + at > MOST_FOLDERS {
                break;
            }
            if folders.insert(path[..at].to_owned()) {
                bytes += at;
            }
        }
    }
    folders.extend(paths);
    folders
}

/// As a path is kept and asked for: with `/`, without `./` in front and a stroke behind. `None` where it is none.
pub(crate) fn tidy(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let fits = !path.starts_with('/') && !parts.is_empty() && path.len() <= LONGEST;
    (fits && !path.contains(|c: char| c.is_control()) && !parts.contains(&"..")).then(|| parts.join("/"))
}

fn look(value: &Value, left: usize, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if left > 0 => {
            // An operation on a field that holds a path.
            if let (Some(Value::String(field)), Some(value)) = (members.get("f"), members.get("v"))
                && MEMBERS.contains(&field.as_str())
            {
                take(value, found);
            }
            for (name, value) in members {
                if MEMBERS.contains(&name.as_str()) {
                    take(value, found);
                }
                look(value, left - 1, found);
            }
        }
        Value::Array(items) if left > 0 => items.iter().for_each(|item| look(item, left - 1, found)),
        _ => {}
    }
}

fn take(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(path) => found.extend(tidy(path)),
        Value::Array(items) => found.extend(items.iter().filter_map(Value::as_str).filter_map(tidy)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_found_in_members_lists_and_operations() {
        let payload = json!({
            "path": "./src/main.rs",
            "steps": [{"lockfile": "web\\package-lock.json", "command": ["npm", "ci"]}],
            "ops": [{"f": "path", "op": "set", "v": "docs/a b.md"}, {"f": "anchor", "v": {"file": "src/lib.rs"}}],
            "files": ["src/main.rs", "x/"],
        });
        assert_eq!(paths(&payload), ["docs/a b.md", "src/lib.rs", "src/main.rs", "web/package-lock.json", "x"]);
    }

    #[test]
    fn one_event_makes_no_more_rows_than_some_thousand_whatever_its_paths() {
        let all = with_folders(paths(&json!({"files": ["a/b/c.rs", "a/b/d.rs"]})));
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["a", "a/b", "a/b/c.rs", "a/b/d.rs"]);
        let deep: Vec<String> = (0..MOST).map(|n| format!("{n:03}{}", "/x".repeat(510))).collect();
        let all = with_folders(paths(&json!({ "files": deep })));
        assert!(deep.iter().all(|path| all.contains(path)), "the files themselves are kept");
        let folders =
            |all: &BTreeSet<String>| all.iter().filter(|path| !deep.contains(path)).map(String::len).sum::<usize>();
        assert!(
            all.len() <= MOST * (1 + MOST_ABOVE) && folders(&all) <= MOST_FOLDERS,
            "{} {}",
            all.len(),
            folders(&all)
        );
        assert_eq!(with_folders(vec![deep[0].clone()]).len(), 1 + MOST_ABOVE);
    }

    #[test]
    fn what_is_no_path_within_a_workspace_is_passed_over() {
        for bad in ["/etc/passwd", "../up", "a/../b", "", ".", "a\nb"] {
            assert_eq!(paths(&json!({"path": bad})), Vec::<String>::new(), "{bad:?}");
        }
        assert_eq!(paths(&json!({"path": 3, "file": null, "files": {"path": "in"}})), ["in"]);
    }
}
