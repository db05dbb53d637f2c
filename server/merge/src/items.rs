//! A list's children as items: each with the comments that lead it, the comment behind it, and the blanks around.
//! Put together again in order, they are the list's text, byte for byte.

use crate::identity::identity;
use crate::rules::{List, is_import, leads};
use crate::tree::Source;
use std::collections::HashMap;
use tree_sitter::Node;

/// One item of a list.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a> {
    /// Its name, and which of those with this name it is.
    pub id: String,
    pub node: Node<'a>,
    /// Blanks before it and before its comments.
    pub gap: &'a str,
    /// Comments and attributes that belong to it, with the blanks between them and it.
    pub doc: &'a str,
    /// The node's text.
    pub text: &'a str,
    /// A comment behind it on its line, blanks included.
    pub note: &'a str,
    pub import: bool,
}

/// A node as a list.
#[derive(Debug, Clone)]
pub(crate) struct Items<'a> {
    /// Everything before the first item's gap: an opening bracket, a table's header.
    pub head: &'a str,
    pub list: Vec<Item<'a>>,
    /// Whether a separator stands behind the last item.
    pub trailing: bool,
    /// Everything behind the last item.
    pub tail: &'a str,
}

/// `None` where the node is not written as its rule says.
pub(crate) fn items<'a>(source: &'a Source<'_>, node: Node<'a>, rule: List) -> Option<Items<'a>> {
    let mut cursor = node.walk();
    let children: Vec<Node<'a>> = node.children(&mut cursor).collect();
    let text = |from: usize, to: usize| source.text.get(from..to);
    let bracket = |child: &Node<'_>| matches!(child.kind(), "{" | "(" | "[" | "[[" | "]]" | "indent" | "dedent");
    let header = |at: usize, child: &Node<'_>| {
        bracket(child)
            || matches!(node.kind(), "table" | "table_array_element")
                && at > 0
                && children[..at].iter().all(|c| c.kind() != "]" && c.kind() != "]]")
            || matches!(node.kind(), "table" | "table_array_element") && matches!(child.kind(), "]" | "]]")
    };
    let opened = children.iter().enumerate().take_while(|(at, child)| header(*at, child)).count();
    let closing = children.last().filter(|last| !last.is_named() && matches!(last.kind(), "}" | ")" | "]"));
    let closing = closing.filter(|_| opened < children.len());
    let inner = &children[opened..children.len() - usize::from(closing.is_some())];
    let start = if opened > 0 { children[opened - 1].end_byte() } else { node.start_byte() };
    let mut found: Vec<Item<'a>> = Vec::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    let (mut at, mut doc_from) = (start, None);
    let mut separated = true;
    let mut trailing = false;
    for child in inner {
        let (from, to) = (child.start_byte(), child.end_byte());
        let kind = child.kind();
        if !rule.separator.is_empty() && kind == rule.separator {
            if separated && !found.is_empty() || found.is_empty() || doc_from.is_some() || !text(at, from)?.is_empty() {
                return None;
            }
            separated = true;
            trailing = true;
            at = to;
            continue;
        }
        if leads(kind) || child.is_extra() {
            let same_line = doc_from.is_none() && !found.is_empty() && !text(at, from)?.contains('\n');
            if same_line && (separated || rule.separator.is_empty() || closing.is_some()) && !kind.contains("attribute")
            {
                let last = found.last_mut()?;
                if rule.separator.is_empty() || separated {
                    if !last.note.is_empty() {
                        return None;
                    }
                    // Some grammars count the line end as the comment's.
                    let end = from + text(from, to)?.trim_end_matches(['\n', '\r']).len();
                    last.note = text(at, end)?;
                    at = end;
                    continue;
                }
            }
            doc_from.get_or_insert((at, from));
            continue;
        }
        if !child.is_named() && !matches!(kind, ";") || !separated && !rule.separator.is_empty() {
            return None;
        }
        if kind == ";" {
            // The end of the item before, where the grammar makes it a child of the list.
            let last = found.last_mut().filter(|last| last.note.is_empty() && doc_from.is_none())?;
            last.note = text(at, to)?;
            at = to;
            continue;
        }
        let (gap, doc) = match doc_from.take() {
            Some((gap_from, comment)) => (text(gap_from, comment)?, text(comment, from)?),
            None => (text(at, from)?, ""),
        };
        let name = identity(source, *child);
        let nth = counts.entry(name.clone()).or_insert(0);
        *nth += 1;
        // Some grammars count line ends as part of an item.
        let whole = text(from, to)?;
        let bare = whole.trim_end_matches(['\n', '\r']);
        found.push(Item {
            id: format!("{name} #{nth}"),
            node: *child,
            gap,
            doc,
            text: bare,
            note: "",
            import: is_import(kind),
        });
        at = from + bare.len();
        separated = false;
        trailing = false;
    }
    let head = source.text.get(node.start_byte()..start)?;
    let tail = source.text.get(at..node.end_byte())?;
    Some(Items { head, list: found, trailing, tail })
}
