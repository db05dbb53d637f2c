//! What makes an item of a list the same item in another version of the text: its name or key, not its content.
//! Reads a node and its text; compares nothing.

use crate::rules::is_import;
use crate::tree::Source;
use tree_sitter::Node;

/// The name of an item among the items of its list. Two items of one list may have the same.
pub(crate) fn identity(source: &Source<'_>, node: Node<'_>) -> String {
    let kind = node.kind();
    if is_import(kind) {
        return format!("import {}", squeezed(source.of(node)));
    }
    let mut inner = node;
    // What wraps a declaration is not its name: `export`, decorators, templates.
    for _ in 0..4 {
        let next = ["declaration", "definition"].iter().find_map(|field| inner.child_by_field_name(field));
        let next = next.or_else(|| {
            let only = matches!(inner.kind(), "expression_statement" | "flow_node" | "block_node");
            only.then(|| inner.named_child(0)).flatten()
        });
        let Some(next) = next else { break };
        inner = next;
    }
    let kind = inner.kind();
    let field = |name: &str| inner.child_by_field_name(name).map(|found| squeezed(source.of(found)));
    if kind == "impl_item" {
        let header = inner
            .child_by_field_name("body")
            .map_or("", |body| source.text.get(inner.start_byte()..body.start_byte()).unwrap_or_default());
        return format!("impl {}", squeezed(header));
    }
    if kind == "method_declaration"
        && let (Some(name), Some(receiver)) = (field("name"), field("receiver"))
    {
        return format!("method {receiver} {name}");
    }
    if let Some(name) = field("name").or_else(|| field("key")).or_else(|| field("left")) {
        // Constants become functions and classes interfaces: the name stays.
        return format!("name {name}");
    }
    match kind {
        "pair" | "table" => {
            return format!("{kind} {}", inner.named_child(0).map_or(String::new(), |key| squeezed(source.of(key))));
        }
        "table_array_element" => {
            let array = inner.named_child(0).map_or(String::new(), |key| squeezed(source.of(key)));
            return format!("{kind} {array}{}", own_name(source, inner).unwrap_or_default());
        }
        "lexical_declaration"
        | "variable_declaration"
        | "const_declaration"
        | "var_declaration"
        | "type_declaration" => {
            if let Some(name) = inner.named_child(0).and_then(|first| first.child_by_field_name("name")) {
                return format!("name {}", squeezed(source.of(name)));
            }
        }
        _ => {}
    }
    let mut declarator = inner.child_by_field_name("declarator");
    while let Some(found) = declarator {
        if let Some(next) = found.child_by_field_name("declarator") {
            declarator = Some(next);
            continue;
        }
        let name = found.child_by_field_name("name").unwrap_or(found);
        return format!("name {}", squeezed(source.of(name)));
    }
    format!("text {}", squeezed(source.of(node)))
}

/// What an element of an array of tables is called in itself: `name = …` in the manifests and lockfiles of the ecosystems.
fn own_name(source: &Source<'_>, element: Node<'_>) -> Option<String> {
    let mut cursor = element.walk();
    let pairs = element.named_children(&mut cursor).filter(|child| child.kind() == "pair");
    let mut named = pairs.filter(|pair| pair.named_child(0).is_some_and(|key| source.of(key) == "name"));
    let value = named.next()?.named_child(1)?;
    Some(format!(" {}", squeezed(source.of(value))))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
