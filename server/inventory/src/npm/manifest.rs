//! Where a `package.json` names its dependencies.
//! May not decide anything; tolerates a text that is being typed.

use crate::ecosystem::Named;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, ast};

/// The tables of dependencies.
const TABLES: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/// Deeper texts are not looked at: the parser calls itself for each level.
const DEEPEST: usize = 200;

/// The dependencies that a text names, in the order they stand.
pub(crate) fn named(text: &str) -> Vec<Named> {
    if depth(text) > DEEPEST {
        return Vec::new();
    }
    let Ok(parsed) = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()) else {
        return Vec::new();
    };
    let Some(ast::Value::Object(root)) = parsed.value else { return Vec::new() };
    let mut out = Vec::new();
    for table in &root.properties {
        if !TABLES.contains(&table.name.as_str()) {
            continue;
        }
        let ast::Value::Object(table) = &table.value else { continue };
        for property in &table.properties {
            let range = property.name.range();
            out.push(Named { key: property.name.as_str().to_owned(), span: range.start..range.end });
        }
    }
    out
}

/// The deepest nesting; brackets inside strings may count too.
pub(crate) fn depth(text: &str) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
