//! Which nodes of which language hold a list, and what order means in it.
//! Tables by the grammars' own names of nodes; nothing is merged here.

use conflict::suggest::Language;

/// What the order of a list's items means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Nothing: keys of an object, names of an import.
    Free,
    /// Nothing to the language, something to people: functions, fields.
    Style,
    /// Something: arguments, elements of an array.
    Meant,
}

/// A node whose children are items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    pub order: Order,
    /// What stands between two items; empty where nothing does.
    pub separator: &'static str,
    /// Whether the items are names that are brought in.
    pub names: bool,
}

/// Whether a node is a list of items. `parent` is the kind of the node above it.
pub(crate) fn list_of(language: Language, kind: &str, parent: &str) -> Option<List> {
    use Language::{C, Cpp, Go, Java, JavaScript, Json, Other, Prose, Python, Rust, Toml, Tsx, TypeScript, Yaml};
    use Order::{Free, Meant, Style};
    let list = |order, separator| Some(List { order, separator, names: false });
    let names = |separator| Some(List { order: Free, separator, names: true });
    match language {
        Rust => match kind {
            "use_list" => names(","),
            "source_file" | "declaration_list" => list(Style, ""),
            "field_declaration_list" | "enum_variant_list" | "field_initializer_list" => list(Style, ","),
            "arguments" | "parameters" | "array_expression" | "tuple_expression" | "type_arguments"
            | "type_parameters" => list(Meant, ","),
            _ => None,
        },
        JavaScript | TypeScript | Tsx => match kind {
            "named_imports" | "export_clause" => names(","),
            "object" | "enum_body" => list(Style, ","),
            "program" | "class_body" => list(Style, ""),
            "arguments" | "formal_parameters" | "array" => list(Meant, ","),
            _ => None,
        },
        Python => match kind {
            "module" => list(Style, ""),
            "block" if parent == "class_definition" => list(Style, ""),
            "dictionary" => list(Style, ","),
            "argument_list" | "parameters" | "list" | "tuple" | "set" => list(Meant, ","),
            _ => None,
        },
        Go => match kind {
            "import_spec_list" => names(""),
            "source_file" | "field_declaration_list" => list(Style, ""),
            "argument_list" | "parameter_list" => list(Meant, ","),
            _ => None,
        },
        Java => match kind {
            "program" | "class_body" | "interface_body" => list(Style, ""),
            "enum_body" | "argument_list" | "formal_parameters" => list(Meant, ","),
            _ => None,
        },
        C | Cpp => match kind {
            "translation_unit" | "field_declaration_list" | "declaration_list" => list(Style, ""),
            "enumerator_list" | "argument_list" | "parameter_list" => list(Meant, ","),
            _ => None,
        },
        Json => match kind {
            "object" => list(Free, ","),
            "array" => list(Meant, ","),
            _ => None,
        },
        Toml => match kind {
            "document" | "table" | "table_array_element" => list(Free, ""),
            "inline_table" => list(Free, ","),
            "array" => list(Meant, ","),
            _ => None,
        },
        Yaml => match kind {
            "block_mapping" => list(Free, ""),
            "flow_mapping" => list(Free, ","),
            "block_sequence" => list(Meant, ""),
            "flow_sequence" => list(Meant, ","),
            _ => None,
        },
        Prose | Other => None,
    }
}

/// Whether a child belongs to the item after it, as comments do.
pub(crate) fn leads(kind: &str) -> bool {
    kind.contains("comment") || matches!(kind, "attribute_item")
}

/// Whether an item only brings in names, so that its order among others of its kind means nothing.
pub(crate) fn is_import(kind: &str) -> bool {
    matches!(
        kind,
        "use_declaration"
            | "import_statement"
            | "import_from_statement"
            | "future_import_statement"
            | "import_declaration"
            | "import_spec"
            | "preproc_include"
    )
}
