//! The names that an import brings in, so that two imports of one name from two places are not both kept.
//! Reads texts of imports by words; a name too many only means that a person is asked.

use crate::rules::is_import;
use conflict::suggest::Language;
use std::collections::BTreeSet;
use tree_sitter::Node;

/// Names that stay usable after an import, or after one of the names in its list; `None` where it is there for what it
/// does, not for what it names. `text` is the node's.
pub(crate) fn bound(language: Language, node: Node<'_>, text: &str) -> Option<BTreeSet<String>> {
    let text = match language {
        Language::C | Language::Cpp => return Some(BTreeSet::new()),
        Language::Go => {
            let Some((before, path)) = text.split_once('"') else { return Some(BTreeSet::new()) };
            let named = before.trim();
            // `import _ "x"` runs what x does when it is loaded.
            if named == "_" || named == "." {
                return None;
            }
            let last = path.trim_end_matches(['"', '\n']).rsplit('/').next().unwrap_or_default();
            return Some([if named.is_empty() { last } else { named }.to_owned()].into());
        }
        // The clause between `import` and the last `from`; there is none where only the module's own doing is wanted.
        Language::JavaScript | Language::TypeScript | Language::Tsx if is_import(node.kind()) => {
            let source = node.child_by_field_name("source")?;
            text.get(..source.start_byte() - node.start_byte())?
                .trim_end()
                .strip_suffix("from")?
                .strip_prefix("import")?
        }
        Language::Python if text.trim_start().starts_with("from") => {
            text.split_once("import").map(|(_, names)| names)?
        }
        _ => text,
    };
    if text.contains('*') {
        return None;
    }
    let mut found = BTreeSet::new();
    let (mut rest, mut dotted) = (text, false);
    while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        let word_on = &rest[start..];
        let end = word_on.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word_on.len());
        let (word, after) = word_on.split_at(end);
        rest = after;
        let next = after.trim_start();
        let renamed = next.strip_prefix("as").is_some_and(|more| more.starts_with(char::is_whitespace));
        let inner = match language {
            // `a.b.c` binds `a`, whatever else it loads.
            Language::Python => std::mem::replace(&mut dotted, next.starts_with('.')),
            // `a::{self}` binds `a`.
            Language::Rust => {
                next.starts_with("::") && !(next[2..].trim_start().starts_with('{') && text.contains("self"))
            }
            _ => next.starts_with("::") || next.starts_with('.'),
        };
        if !inner && !renamed && !keyword(language, word, next) {
            found.insert(word.to_owned());
        }
    }
    Some(found)
}

/// Whether a word before `next` is the language's and not somebody's. Names may be written as the words of another.
fn keyword(language: Language, word: &str, next: &str) -> bool {
    match language {
        Language::Rust => matches!(word, "use" | "pub" | "crate" | "self" | "super" | "in" | "as"),
        Language::JavaScript | Language::TypeScript | Language::Tsx => match word {
            "as" => true,
            // `type A` and `type { A }` are of types; a name of its own has a comma or the end behind it.
            "type" | "typeof" => next.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '{')),
            _ => false,
        },
        Language::Java => matches!(word, "import" | "static"),
        _ => matches!(word, "import" | "from" | "as"),
    }
}
