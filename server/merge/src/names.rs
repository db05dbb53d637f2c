//! The names that an import brings in, so that two imports of one name from two places are not both kept.
//! Reads texts of imports by words; a name too many only means that a person is asked.

use conflict::suggest::Language;
use std::collections::BTreeSet;

const KEYWORDS: [&str; 14] =
    ["use", "pub", "import", "from", "as", "type", "static", "crate", "self", "super", "in", "typeof", "extern", "mod"];

/// Names that stay usable after an import; `None` where it is there for what it does, not for what it names.
pub(crate) fn bound(language: Language, import: &str) -> Option<BTreeSet<String>> {
    let text = match language {
        Language::C | Language::Cpp => return Some(BTreeSet::new()),
        Language::Go => {
            let Some((before, path)) = import.split_once('"') else { return Some(BTreeSet::new()) };
            let named = before.trim();
            // `import _ "x"` runs what x does when it is loaded.
            if named == "_" || named == "." {
                return None;
            }
            let last = path.trim_end_matches(['"', '\n']).rsplit('/').next().unwrap_or_default();
            return Some([if named.is_empty() { last } else { named }.to_owned()].into());
        }
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            let (names, _) = import.split_once("from")?;
            names
        }
        Language::Python => import.split_once("import").map_or(import, |(_, names)| names),
        _ => import,
    };
    if text.contains('*') {
        return None;
    }
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        let word_on = &rest[start..];
        let end = word_on.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word_on.len());
        let (word, after) = word_on.split_at(end);
        rest = after;
        let next = after.trim_start();
        let renamed = next.strip_prefix("as").is_some_and(|more| more.starts_with(char::is_whitespace));
        // `a.b.c` in Python binds `a`, whatever else it loads; elsewhere a path's last part is the name.
        let inner = next.starts_with("::") || next.starts_with('.');
        if !inner && !renamed && !KEYWORDS.contains(&word) {
            found.insert(word.to_owned());
        }
    }
    Some(found)
}
