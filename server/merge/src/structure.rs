//! What a piece of a text is part of and what it uses: items around it, in it, and elsewhere whose names it holds; imports.
//! Takes a text that does not parse as far as it does. By names alone: scopes are nobody's here.

use crate::names::bound;
use crate::rules::is_import;
use crate::tree::Source;
use conflict::suggest::Language;
use contract::{Structure, StructureAsk, StructureItem};
use std::collections::BTreeSet;
use tree_sitter::Node;

/// Names of the piece that are looked at.
const MOST_NAMES: usize = 400;
/// Items of each list.
const MOST_ITEMS: usize = 40;
/// Items of a text that are looked at.
const MOST_LOOKED_AT: usize = 20_000;
/// Characters of a signature.
const LONGEST_SIGNATURE: usize = 300;
/// Bytes of a type that is shown whole.
const SHORT_TYPE: usize = 400;
/// Bytes of a comment that documents something.
const LONGEST_DOC: usize = 2000;

/// Takes a text apart around a piece of it. Linear in the text's length but for the parser.
#[must_use]
pub fn structure(ask: &StructureAsk) -> Structure {
    let language = Language::of(&ask.path);
    let Some(source) = Source::parse_what_parses(language, &ask.text) else { return Structure::default() };
    let (start, end) = trimmed(&ask.text, ask.start, ask.end);
    let names = names(&source, start, end);
    let mut found =
        Structure { language: fence(language).map(str::to_owned), problems: source.problems(), ..Structure::default() };
    let mut looked_at = 0;
    source.walk(|node, level| {
        looked_at += 1;
        if looked_at > MOST_LOOKED_AT * 20 {
            return false;
        }
        // In Go each name of a list is an import of its own.
        if is_import(node.kind()) && !(language == Language::Go && node.kind() == "import_declaration") {
            import(&source, node, &names, &mut found);
            return false;
        }
        let (from, to) = (node.start_byte(), node.end_byte());
        let Some(item) = Item::of(&source, node) else {
            return goes_on(language, node, level) || (from <= start && end <= to);
        };
        let around = from <= start && end <= to && !(from == start && to == end);
        let within = start <= from && to <= end;
        if around {
            push(&mut found.enclosing, item.told(&source, true));
        } else if within {
            push(&mut found.inside, item.told(&source, true));
        } else if names.contains(item.name) {
            push(&mut found.used, item.told(&source, false));
        }
        if item_level(node) <= 1 {
            push(&mut found.outline, item.told(&source, false));
        }
        goes_on(language, node, level) || (from <= start && end <= to)
    });
    found.names = names.into_iter().map(str::to_owned).collect();
    found
}

fn push(list: &mut Vec<StructureItem>, item: StructureItem) {
    if list.len() < MOST_ITEMS {
        list.push(item);
    }
}

/// A piece without the blanks at its ends, so that a line's indentation is not what decides.
fn trimmed(text: &str, start: usize, end: usize) -> (usize, usize) {
    let Some(piece) = text.get(start..end) else { return (start, end) };
    let front = piece.len() - piece.trim_start().len();
    (start + front, start + front + piece.trim().len())
}

/// Whether definitions may be in a node that the piece is not in. Data nests deeply and says nothing there.
fn goes_on(language: Language, node: Node<'_>, level: usize) -> bool {
    match language {
        Language::Json | Language::Yaml => level < 12,
        Language::Toml => level < 4,
        _ => node.named_child_count() > 0,
    }
}

/// How many items a node lies in, one more for itself.
fn item_level(node: Node<'_>) -> usize {
    let mut level = 1;
    let mut at = node;
    while let Some(parent) = at.parent() {
        // Modules and blocks of a type's functions are looked through.
        level += usize::from(is_item(parent.kind()) && !matches!(parent.kind(), "impl_item" | "mod_item"));
        at = parent;
    }
    level
}

fn is_item(kind: &str) -> bool {
    matches!(
        kind,
        // Rust
        "function_item" | "function_signature_item" | "struct_item" | "enum_item" | "union_item" | "trait_item"
            | "impl_item" | "mod_item" | "const_item" | "static_item" | "type_item" | "macro_definition"
            // JavaScript, TypeScript
            | "function_declaration" | "generator_function_declaration" | "class_declaration"
            | "abstract_class_declaration" | "method_definition" | "interface_declaration"
            | "type_alias_declaration" | "enum_declaration" | "variable_declarator" | "internal_module"
            // Python, C
            | "function_definition" | "class_definition"
            // Go
            | "method_declaration" | "type_spec" | "const_spec" | "var_spec"
            // Java
            | "record_declaration" | "constructor_declaration" | "annotation_type_declaration"
            // C, C++
            | "struct_specifier" | "class_specifier" | "enum_specifier" | "union_specifier" | "namespace_definition"
            | "preproc_def" | "preproc_function_def" | "type_definition"
            // Data
            | "table" | "table_array_element" | "pair" | "block_mapping_pair"
    )
}

struct Item<'t> {
    node: Node<'t>,
    name: &'t str,
}

impl<'t> Item<'t> {
    fn of(source: &'t Source<'_>, node: Node<'t>) -> Option<Self> {
        let kind = node.kind();
        if !is_item(kind) {
            return None;
        }
        let holds = |field: &str| node.child_by_field_name(field).is_some();
        match kind {
            // A use of a type is no definition of it.
            "struct_specifier" | "class_specifier" | "enum_specifier" | "union_specifier" if !holds("body") => {
                return None;
            }
            // A variable in a function is no item.
            "variable_declarator" | "var_spec" | "const_spec" if !at_top(node) => return None,
            // What holds nothing but a value is a line, and its own signature.
            "pair" | "block_mapping_pair" if !holds_more(node) => return None,
            _ => {}
        }
        Some(Self { node, name: name(source, node)? })
    }

    fn told(&self, source: &Source<'_>, documented: bool) -> StructureItem {
        let outer = outermost(self.node);
        StructureItem {
            name: self.name.to_owned(),
            signature: signature(source, self.node),
            doc: if documented { doc(source, self.node, outer) } else { String::new() },
            first: line(outer.start_position().row),
            last: line(self.node.end_position().row),
        }
    }
}

fn line(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

fn at_top(node: Node<'_>) -> bool {
    let mut at = node;
    for _ in 0..4 {
        let Some(parent) = at.parent() else { return true };
        match parent.kind() {
            "program" | "source_file" | "module" => return true,
            "statement_block" | "block" | "constructor_body" => return false,
            _ => {}
        }
        at = parent;
    }
    false
}

fn holds_more(node: Node<'_>) -> bool {
    let Some(value) = node.child_by_field_name("value") else { return false };
    let mut value = value;
    while matches!(value.kind(), "block_node" | "flow_node") {
        let Some(inner) = value.named_child(0) else { return false };
        value = inner;
    }
    matches!(value.kind(), "object" | "array" | "block_mapping" | "block_sequence" | "flow_mapping")
}

/// What wraps an item: `export`, decorators, a template.
fn outermost(node: Node<'_>) -> Node<'_> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        let wraps = matches!(
            parent.kind(),
            "export_statement"
                | "decorated_definition"
                | "template_declaration"
                | "lexical_declaration"
                | "field_declaration"
                | "variable_declaration"
                | "type_declaration"
                | "const_declaration"
                | "var_declaration"
        );
        if !wraps {
            break;
        }
        at = parent;
    }
    at
}

fn name<'t>(source: &'t Source<'_>, node: Node<'t>) -> Option<&'t str> {
    let mut at = match node.kind() {
        "impl_item" => node.child_by_field_name("type")?,
        "table" | "table_array_element" => node.named_child(0)?,
        "pair" | "block_mapping_pair" => node.child_by_field_name("key")?,
        _ => node.child_by_field_name("name").or_else(|| node.child_by_field_name("declarator"))?,
    };
    // `int *f(int)`: the name is inside what declares it.
    while let Some(inner) = at.child_by_field_name("declarator") {
        at = inner;
    }
    // `Vec<T>` is `Vec`.
    if let Some(inner) = at.child_by_field_name("type") {
        at = inner;
    }
    let text = source.of(at).trim_matches(['"', '\'']);
    (!text.is_empty() && text.len() <= 200).then_some(text)
}

/// Everything before the body; all of it where it is a short type.
fn signature(source: &Source<'_>, node: Node<'_>) -> String {
    let body = node.child_by_field_name("body").or_else(|| {
        let value = node.child_by_field_name("value")?;
        value.child_by_field_name("body").or(Some(value).filter(|value| value.byte_range().len() > SHORT_TYPE))
    });
    let outer = outermost(node);
    let is_type = matches!(
        node.kind(),
        "struct_item"
            | "enum_item"
            | "union_item"
            | "type_item"
            | "interface_declaration"
            | "type_alias_declaration"
            | "type_spec"
            | "struct_specifier"
            | "enum_specifier"
            | "union_specifier"
            | "enum_declaration"
            | "record_declaration"
            | "type_definition"
            | "const_item"
            | "static_item"
    );
    if is_type && outer.byte_range().len() <= SHORT_TYPE {
        return source.of(outer).to_owned();
    }
    let begin = if outer.kind() == "decorated_definition" { node.start_byte() } else { outer.start_byte() };
    let end = body.map_or(node.end_byte(), |body| body.start_byte());
    let whole = source.text.get(begin..end.max(begin)).unwrap_or_default();
    let data = matches!(node.kind(), "table" | "table_array_element" | "pair" | "block_mapping_pair");
    let whole = if data { whole.lines().next().unwrap_or_default() } else { whole };
    let whole = whole.trim_end().trim_end_matches("=>");
    squeezed(whole.trim_end_matches(['{', ':', '=']).trim(), LONGEST_SIGNATURE)
}

/// With blanks made one, and cut.
fn squeezed(text: &str, most: usize) -> String {
    let mut made = String::new();
    for (n, word) in text.split_whitespace().enumerate() {
        if made.chars().count() + word.chars().count() > most {
            made.push('…');
            break;
        }
        if n > 0 {
            made.push(' ');
        }
        made.push_str(word);
    }
    made
}

/// The comments right above an item, or a docstring, as they stand.
fn doc(source: &Source<'_>, node: Node<'_>, outer: Node<'_>) -> String {
    if let Some(body) = node.child_by_field_name("body").filter(|_| source.language == Language::Python)
        && let Some(first) = body.named_child(0)
        && first.kind() == "expression_statement"
        && let Some(string) = first.named_child(0).filter(|child| child.kind() == "string")
    {
        return cut(source.of(string).trim_matches(['"', '\'', 'r']).trim(), LONGEST_DOC);
    }
    let (mut from, mut row) = (outer.start_byte(), outer.start_position().row);
    let mut at = outer;
    while let Some(before) = at.prev_sibling() {
        let kind = before.kind();
        let ends = before.end_position();
        // Some grammars count the line end as the comment's.
        let last = ends.row - usize::from(ends.column == 0 && ends.row > before.start_position().row);
        let near = last + 1 >= row;
        let attribute = matches!(kind, "attribute_item" | "decorator" | "marker_annotation" | "annotation");
        // A comment behind something else on its line is that one's.
        let own_line =
            source.text[..before.start_byte()].rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
        if !near || !(kind.contains("comment") || attribute) || !own_line {
            break;
        }
        if !attribute {
            from = before.start_byte();
        }
        row = before.start_position().row;
        at = before;
    }
    let text = source.text.get(from..outer.start_byte()).unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("#[") && !line.starts_with('@'));
    let bare = lines.map(|line| {
        let line = line.trim_end_matches("*/").trim_start_matches(['/', '!', '#']);
        line.trim_start_matches('*').trim()
    });
    cut(bare.collect::<Vec<_>>().join("\n").trim(), LONGEST_DOC)
}

fn cut(text: &str, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{more}", &text[..end])
}

/// Names in a piece: of variables, types, fields, functions.
fn names<'t>(source: &'t Source<'_>, start: usize, end: usize) -> BTreeSet<&'t str> {
    let mut found = BTreeSet::new();
    source.walk(|node, _| {
        if node.end_byte() <= start || node.start_byte() >= end || found.len() >= MOST_NAMES {
            return false;
        }
        if node.kind().ends_with("identifier") && node.child_count() == 0 {
            let name = source.of(node);
            if !name.is_empty() && name.len() <= 200 {
                found.insert(name);
            }
        }
        true
    });
    found
}

/// An import, where the piece uses a name that it brings.
fn import(source: &Source<'_>, node: Node<'_>, names: &BTreeSet<&str>, found: &mut Structure) {
    let text = source.of(node);
    let brings = match bound(source.language, node, text) {
        // What an include brings is not written there.
        Some(brought) => brought.is_empty() || brought.iter().any(|name| names.contains(name.as_str())),
        None => true,
    };
    if brings && found.imports.len() < MOST_ITEMS {
        found.imports.push((line(node.start_position().row), squeezed(text, LONGEST_SIGNATURE)));
    }
}

/// What a language is called at the top of a block of code.
fn fence(language: Language) -> Option<&'static str> {
    Some(match language {
        Language::Rust => "rust",
        Language::TypeScript => "typescript",
        Language::Tsx => "tsx",
        Language::JavaScript => "javascript",
        Language::Python => "python",
        Language::Go => "go",
        Language::Java => "java",
        Language::C => "c",
        Language::Cpp => "cpp",
        Language::Json => "json",
        Language::Toml => "toml",
        Language::Yaml => "yaml",
        Language::Prose | Language::Other => return None,
    })
}
