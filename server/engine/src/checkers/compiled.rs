//! `compile_commands.json`: how each file of a project is compiled. As a check the compiler is called the same way, without what it would
//! write. <https://clang.llvm.org/docs/JSONCompilationDatabase.html>

use checks::checker::Compiled;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Such a file is read up to here, in bytes.
const LARGEST: u64 = 16 << 20;
/// Files that are compiled.
const MOST: usize = 500;
/// Arguments that name what is written, with what follows them.
const WRITES: [&str; 7] = ["-o", "-MF", "-MT", "-MQ", "-MJ", "--serialize-diagnostics", "-dumpbase"];
/// Arguments that only say that something is written.
const WRITTEN: [&str; 8] = ["-c", "-S", "-MD", "-MMD", "-M", "-MM", "-MP", "-save-temps"];

/// One file and how it is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Where the compiler runs, relative to the workspace.
    pub folder: PathBuf,
    /// The compiler and its arguments.
    pub command: Vec<String>,
}

/// What of `mark` is this compiler's; nothing of what is to be run outside of the workspace.
pub(super) fn units(root: &Path, mark: &Path, compiled: &Compiled) -> Vec<Unit> {
    let bytes = host::read_small(&root.join(mark), LARGEST).unwrap_or_default();
    let all: Vec<Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    let beside = mark.parent().unwrap_or(Path::new(""));
    let real = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
    let unit = |entry: Value| {
        let listed = |all: &Vec<Value>| all.iter().map(|word| Some(word.as_str()?.to_owned())).collect();
        let given: Option<Vec<String>> = entry.get("arguments").and_then(Value::as_array).and_then(listed);
        let words = given.or_else(|| words(entry.get("command")?.as_str()?))?;
        let (driver, rest) = words.split_first()?;
        if !is_driver(driver, &compiled.drivers) {
            return None;
        }
        let folder = root.join(beside).join(entry.get("directory")?.as_str()?);
        let folder = folder.strip_prefix(root).or_else(|_| folder.strip_prefix(&real)).ok()?;
        if folder.components().any(|part| part == std::path::Component::ParentDir) {
            return None;
        }
        let mut command = vec![driver.clone()];
        command.extend(without_outputs(rest));
        command.extend(compiled.arguments.iter().cloned());
        let plain = folder.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect();
        Some(Unit { folder: plain, command })
    };
    all.into_iter().filter_map(unit).take(MOST).collect()
}

/// `/usr/bin/x86_64-linux-gnu-gcc-12` is `gcc`.
fn is_driver(program: &str, drivers: &[String]) -> bool {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-');
    drivers
        .iter()
        .any(|driver| name == driver || name.strip_suffix(driver.as_str()).is_some_and(|rest| rest.ends_with('-')))
}

fn without_outputs(words: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let glued = word.starts_with("-o") && word.len() > 2 && !word.starts_with("-object");
        if WRITES.contains(&word.as_str()) {
            rest.next();
        } else if !(glued || WRITTEN.contains(&word.as_str())) {
            kept.push(word.clone());
        }
    }
    kept
}

/// A command line as a shell would split it, without anything that it would do besides.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut all, mut word, mut open) = (Vec::new(), None::<String>, None);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match (c, open) {
            (quote, Some(of)) if quote == of => open = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().push(rest.next()?),
            ('"' | '\'', None) => {
                open = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => all.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    all.extend(word);
    open.is_none().then_some(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_is_called_as_it_was_but_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let all = serde_json::json!([
            { "directory": root.join("b"), "file": "a.c", "arguments": ["/usr/bin/x86_64-linux-gnu-gcc-12", "-Wall", "-c", "a.c", "-o", "a.o", "-MF", "d"] },
            { "directory": ".", "file": "é.c", "command": "gcc -D'X=\"a b\"' -I in\\ c -c é.c -oé.o" },
            { "directory": "/elsewhere", "file": "x.c", "command": "gcc x.c" },
            { "directory": "../elsewhere", "file": "x.c", "command": "gcc x.c" },
            { "directory": ".", "file": "y.c", "command": "clang -c y.c" },
            { "directory": ".", "file": "z.c", "command": "gcc 'open" },
        ]);
        std::fs::write(root.join("compile_commands.json"), all.to_string()).unwrap();
        let compiled = Compiled { drivers: vec!["gcc".into(), "cc".into()], arguments: vec!["-fsyntax-only".into()] };
        let units = units(root, Path::new("compile_commands.json"), &compiled);
        let told: Vec<_> =
            units.iter().map(|unit| (unit.folder.to_str().unwrap(), unit.command[1..].join("|"))).collect();
        assert_eq!(
            told,
            [("b", "-Wall|a.c|-fsyntax-only".to_owned()), ("", "-DX=\"a b\"|-I|in c|é.c|-fsyntax-only".to_owned())]
        );
    }
}
