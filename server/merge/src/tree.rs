//! One parsed text: its tree, with limits on its size, its depth and the time it takes.
//! The only file that speaks to tree-sitter's parser.

use conflict::suggest::Language;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// Bytes of a text that is parsed.
const LARGEST: usize = 1 << 20;
/// Longest that one text may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Levels of a tree. What nests deeper is not looked into.
const DEEPEST: usize = 400;

/// A text with its tree.
pub(crate) struct Source<'t> {
    pub language: Language,
    pub text: &'t str,
    tree: Tree,
}

impl<'t> Source<'t> {
    /// `None` where the language has no parser, the text is too large, nests too deeply, takes too long or is broken.
    pub fn parse(language: Language, text: &'t str) -> Option<Self> {
        let tree = tree(language, text)?;
        (!tree.root_node().has_error()).then_some(Self { language, text, tree })
    }

    /// The same, also where places of it do not parse.
    pub fn parse_what_parses(language: Language, text: &'t str) -> Option<Self> {
        Some(Self { language, text, tree: tree(language, text)? })
    }

    /// A line or a script for a shell, also where places of it do not parse.
    pub fn shell(text: &'t str) -> Option<Self> {
        Some(Self { language: Language::Other, text, tree: parsed(&tree_sitter_bash::LANGUAGE.into(), text)? })
    }

    /// How many places do not parse.
    pub fn problems(&self) -> usize {
        if self.tree.root_node().has_error() { errors(&self.tree) } else { 0 }
    }

    /// Visits every node without recursion; `visit` gets its level, from 1, and says whether to go into it.
    pub fn walk<'s>(&'s self, visit: impl FnMut(Node<'s>, usize) -> bool) {
        walk(&self.tree, visit);
    }

    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The text of a node.
    pub fn of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }
}

/// How many places of a text do not parse.
pub(crate) fn problems(language: Language, text: &str) -> Option<usize> {
    let count = |language| {
        let tree = tree(language, text)?;
        Some(if tree.root_node().has_error() { errors(&tree) } else { 0 })
    };
    match language {
        // A header may be either.
        Language::C => match count(Language::C)? {
            0 => Some(0),
            n => Some(count(Language::Cpp).map_or(n, |other| n.min(other))),
        },
        other => count(other),
    }
}

fn tree(language: Language, text: &str) -> Option<Tree> {
    parsed(&grammar(language)?, text)
}

fn parsed(grammar: &tree_sitter::Language, text: &str) -> Option<Tree> {
    if text.len() > LARGEST {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(grammar).ok()?;
    let end = Instant::now() + PATIENCE;
    let mut patience = |_: &_| if Instant::now() > end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let options = ParseOptions::new().progress_callback(&mut patience);
    let bytes = text.as_bytes();
    let tree = parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))?;
    (depth(&tree) <= DEEPEST).then_some(tree)
}

fn grammar(language: Language) -> Option<tree_sitter::Language> {
    Some(match language {
        Language::Rust => tree_sitter_rust::LANGUAGE.into(),
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::Go => tree_sitter_go::LANGUAGE.into(),
        Language::Java => tree_sitter_java::LANGUAGE.into(),
        Language::C => tree_sitter_c::LANGUAGE.into(),
        Language::Cpp => tree_sitter_cpp::LANGUAGE.into(),
        Language::Json => tree_sitter_json::LANGUAGE.into(),
        Language::Toml => tree_sitter_toml_ng::LANGUAGE.into(),
        Language::Yaml => tree_sitter_yaml::LANGUAGE.into(),
        Language::Prose | Language::Other => return None,
    })
}

/// Visits every node without recursion; `visit` says whether to go into it.
fn walk<'s>(tree: &'s Tree, mut visit: impl FnMut(Node<'s>, usize) -> bool) {
    let mut cursor = tree.walk();
    let mut level = 1;
    loop {
        if visit(cursor.node(), level) && cursor.goto_first_child() {
            level += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            level -= 1;
        }
    }
}

fn errors(tree: &Tree) -> usize {
    let mut found = 0;
    walk(tree, |node, _| {
        found += usize::from(node.is_error() || node.is_missing());
        node.has_error()
    });
    found
}

fn depth(tree: &Tree) -> usize {
    let mut deepest = 0;
    walk(tree, |_, level| {
        deepest = deepest.max(level);
        level <= DEEPEST
    });
    deepest
}
