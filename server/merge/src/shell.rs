//! The programs that a line for a shell starts, each with its words, and how it is reached. Runs nothing, and puts no value in: what only the
//! shell knows is said to vary.

use crate::tree::Source;
use contract::{Shell, ShellAsk, ShellPart, ShellRole};
use tree_sitter::Node;

/// Programs that are told.
const MOST: usize = 40;
/// Words of one.
const MOST_WORDS: usize = 200;
/// Characters of a program with its words.
const LONGEST: usize = 300;
/// Lines for a shell within words for another one that are looked into.
const DEEPEST: usize = 3;

/// What a program writes to and reads from: the sign, and the name.
type Redirects = Vec<(String, String)>;

/// Takes a line for a shell apart. Linear in its length but for the parser.
#[must_use]
pub fn shell(ask: &ShellAsk) -> Shell {
    let mut found = Shell::default();
    read(&ask.text, 0, 0, &mut found);
    found
}

fn read(text: &str, line: u32, depth: usize, found: &mut Shell) {
    let Some(source) = Source::shell(text) else {
        found.problems += 1;
        return;
    };
    found.problems += source.problems();
    let mut begun: Vec<(usize, ShellPart)> = Vec::new();
    let mut written: Vec<(std::ops::Range<usize>, Redirects)> = Vec::new();
    source.walk(|node, _| {
        match node.kind() {
            "command" | "declaration_command" | "unset_command" | "test_command" => {
                begun.push(part(&source, node, line));
            }
            "variable_assignment" | "variable_assignments" if is_statement(node) => {
                begun.push(part(&source, node, line));
            }
            "redirected_statement" => {
                let told = redirected(&source, node);
                match node.child_by_field_name("body") {
                    Some(body) => written.push((body.byte_range(), told)),
                    None => begun.push((node.start_byte(), bare(&source, node, told, line))),
                }
            }
            _ => {}
        }
        true
    });
    // What a pipe or a list writes into is its last program's.
    for (body, told) in written {
        if let Some((_, part)) = begun.iter_mut().rev().find(|(start, _)| body.contains(start)) {
            part.redirects.extend(told);
        }
    }
    for (_, part) in begun {
        let inner = words_for_a_shell(&part).filter(|_| depth < DEEPEST).map(str::to_owned);
        let at = part.line;
        if found.parts.len() < MOST {
            found.parts.push(part);
        } else {
            found.more += 1;
        }
        if let Some(inner) = inner {
            read(&inner, at, depth + 1, found);
        }
    }
}

/// The line that `sh -c` is given, where it is known.
fn words_for_a_shell(part: &ShellPart) -> Option<&str> {
    let mut words = part.words.iter().skip_while(|word| is_value(word));
    let program = words.next()?.rsplit('/').next()?;
    if part.varies || !matches!(program, "sh" | "bash" | "dash" | "zsh" | "ksh") {
        return None;
    }
    words.find(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))?;
    words.next().map(String::as_str)
}

fn is_value(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Whether an assignment stands alone, and is none that is set for one program.
fn is_statement(node: Node<'_>) -> bool {
    node.parent().is_none_or(|parent| {
        !matches!(parent.kind(), "command" | "declaration_command" | "variable_assignments" | "for_statement")
    })
}

fn part(source: &Source<'_>, node: Node<'_>, line: u32) -> (usize, ShellPart) {
    let mut part = bare(source, node, Vec::new(), line);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        match child.kind() {
            "file_redirect" | "herestring_redirect" | "heredoc_redirect" => {
                part.redirects.extend(redirect(source, child));
            }
            // Of a test only that it is one.
            _ if node.kind() == "test_command" && !part.words.is_empty() => {}
            "\"" | "'" => {}
            _ if part.words.len() < MOST_WORDS => {
                let (word, varies) = word(source, child, 0);
                part.varies |= varies;
                part.words.push(word);
            }
            _ => {}
        }
    }
    if matches!(node.kind(), "variable_assignment" | "variable_assignments") {
        part.words = vec![squeezed(source.of(node))];
    }
    (node.start_byte(), part)
}

fn bare(source: &Source<'_>, node: Node<'_>, redirects: Redirects, line: u32) -> ShellPart {
    // With what it writes into, where that is all that stands around it.
    let outer = node.parent().filter(|parent| {
        let body = parent.child_by_field_name("body").map(|body| body.id());
        parent.kind() == "redirected_statement" && body == Some(node.id())
    });
    let row = u32::try_from(node.start_position().row).unwrap_or(u32::MAX);
    ShellPart {
        text: squeezed(source.of(outer.unwrap_or(node))),
        redirects,
        role: role(source, node),
        line: line.saturating_add(row),
        ..ShellPart::default()
    }
}

/// The first line, with blanks made one.
fn squeezed(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let whole = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let more = if text.trim_end().contains('\n') { " …" } else { "" };
    whole.chars().take(LONGEST).collect::<String>() + more
}

fn redirected(source: &Source<'_>, node: Node<'_>) -> Redirects {
    let mut cursor = node.walk();
    node.children_by_field_name("redirect", &mut cursor).filter_map(|child| redirect(source, child)).collect()
}

/// What stands before the name of a file, and the name.
fn redirect(source: &Source<'_>, node: Node<'_>) -> Option<(String, String)> {
    let mut cursor = node.walk();
    let sign = node.children(&mut cursor).find(|child| !child.is_named()).map(|child| source.of(child).to_owned())?;
    let name = node.child_by_field_name("destination").or_else(|| {
        let last = u32::try_from(node.named_child_count().checked_sub(1)?).ok()?;
        node.named_child(last)
            .filter(|child| !matches!(child.kind(), "file_descriptor" | "heredoc_body" | "heredoc_end"))
    });
    Some((sign, name.map(|name| word(source, name, 0).0).unwrap_or_default()))
}

/// A word as the program gets it, and whether only the shell knows it whole.
fn word(source: &Source<'_>, node: Node<'_>, depth: usize) -> (String, bool) {
    let text = source.of(node);
    match node.kind() {
        "command_name" | "concatenation" if depth < 4 => {
            let (mut made, mut varies) = (String::new(), false);
            let mut cursor = node.walk();
            for child in node.children(&mut cursor) {
                let (piece, of_piece) = word(source, child, depth + 1);
                made.push_str(&piece);
                varies |= of_piece;
            }
            (made, varies)
        }
        "string" => {
            let inner = text.trim_start_matches('$').strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
            let mut cursor = node.walk();
            let varies = node.named_children(&mut cursor).any(|child| child.kind() != "string_content");
            (unescaped(inner.unwrap_or(text), |c| matches!(c, '"' | '\\' | '$' | '`')), varies)
        }
        "raw_string" => {
            let inner = text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
            (inner.unwrap_or(text).to_owned(), false)
        }
        "word" => (unescaped(text, |_| true), false),
        "simple_expansion" | "expansion" | "command_substitution" | "process_substitution" | "arithmetic_expansion" => {
            (text.to_owned(), true)
        }
        "variable_assignment" => {
            let varies = node.child_by_field_name("value").is_some_and(|value| word(source, value, depth + 1).1);
            (text.to_owned(), varies)
        }
        _ => (text.to_owned(), false),
    }
}

fn unescaped(text: &str, what: impl Fn(char) -> bool) -> String {
    let mut made = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek().copied().filter(|next| c == '\\' && what(*next)) {
            Some(next) => {
                chars.next();
                // A line end that is taken back.
                if next != '\n' {
                    made.push(next);
                }
            }
            None => made.push(c),
        }
    }
    made
}

/// How a program is reached: what stands nearest around it decides.
fn role(source: &Source<'_>, node: Node<'_>) -> ShellRole {
    let mut at = node;
    while let Some(parent) = at.parent() {
        let before = || at.prev_sibling().map(|sign| source.of(sign));
        let found = match parent.kind() {
            "pipeline" => before().map(|_| ShellRole::Piped),
            "list" => before().and_then(|sign| match sign {
                "&&" => Some(ShellRole::And),
                "||" => Some(ShellRole::Or),
                _ => None,
            }),
            "command_substitution" | "process_substitution" => Some(ShellRole::Substituted),
            "function_definition" => Some(ShellRole::Defined),
            "while_statement" | "for_statement" | "c_style_for_statement" if at.kind() == "do_group" => {
                Some(ShellRole::Repeated)
            }
            "while_statement" => Some(ShellRole::Condition),
            "if_statement" | "elif_clause" => {
                let then = at.next_sibling().is_some_and(|next| comes_before(source, next, "then"));
                then.then_some(ShellRole::Condition)
            }
            _ => at.next_sibling().filter(|next| source.of(*next) == "&").map(|_| ShellRole::Beside),
        };
        if let Some(found) = found {
            return found;
        }
        at = parent;
    }
    ShellRole::Next
}

/// Whether a word stands at a node or behind it on the same level.
fn comes_before(source: &Source<'_>, node: Node<'_>, word: &str) -> bool {
    let mut at = Some(node);
    for _ in 0..64 {
        let Some(now) = at else { return false };
        if !now.is_named() && source.of(now) == word {
            return true;
        }
        at = now.next_sibling();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let found = shell(&ShellAsk { text: text.to_owned() });
        assert_eq!(found.problems, 0, "{text}: {found:?}");
        let part = |part: ShellPart| {
            let into: Vec<String> = part.redirects.iter().map(|(sign, name)| format!(" {sign}{name}")).collect();
            let into = into.concat();
            let varies = if part.varies { " ?" } else { "" };
            format!("{:?}: {}{into}{varies}", part.role, part.words.join("|"))
        };
        found.parts.into_iter().map(part).collect()
    }

    #[test]
    fn a_line_is_taken_apart_into_the_programs_that_it_starts() {
        assert_eq!(told("cat a | grep -v 'x y' > out"), ["Next: cat|a", "Piped: grep|-v|x y >out"]);
        assert_eq!(told("make && ./run || echo \"no $X\""), ["Next: make", "And: ./run", "Or: echo|no $X ?"]);
        assert_eq!(
            told("rm -rf \"$(find . -name x)\""),
            ["Next: rm|-rf|$(find . -name x) ?", "Substituted: find|.|-name|x"]
        );
        assert_eq!(told("A=1 B=2 env x >> log 2>&1"), ["Next: A=1|B=2|env|x >>log >&1"]);
        assert_eq!(told("(cd a; rm b) & ls"), ["Beside: cd|a", "Beside: rm|b", "Next: ls"]);
        assert_eq!(told("for f in *.o; do rm \"$f\"; done"), ["Repeated: rm|$f ?"]);
        assert_eq!(
            told("if test -e a; then rm a; else touch a; fi"),
            ["Condition: test|-e|a", "Next: rm|a", "Next: touch|a"]
        );
        assert_eq!(told("while read -r x; do echo $x; done < list")[0], "Condition: read|-r|x");
        assert_eq!(told("f() { rm a; }"), ["Defined: rm|a"]);
        assert_eq!(told("> out"), ["Next:  >out"]);
        assert_eq!(
            told("X=$(curl -s a) ; export Y=1"),
            ["Next: X=$(curl -s a) ?", "Substituted: curl|-s|a", "Next: export|Y=1"]
        );
        assert_eq!(told("r\\m 'a'b\"c\""), ["Next: rm|abc"]);
    }

    #[test]
    fn a_line_for_another_shell_is_looked_into_and_what_does_not_parse_is_counted() {
        assert_eq!(told("bash -lc 'ls | wc -l'"), ["Next: bash|-lc|ls | wc -l", "Next: ls", "Piped: wc|-l"]);
        assert_eq!(told("bash -c \"$X\""), ["Next: bash|-c|$X ?"]);
        let broken = shell(&ShellAsk { text: "echo 'unclosed".to_owned() });
        assert!(broken.problems > 0, "{broken:?}");
        let many = shell(&ShellAsk { text: "ls;".repeat(100) });
        assert_eq!((many.parts.len(), many.more), (MOST, 100 - MOST));
        assert_eq!(shell(&ShellAsk { text: String::new() }), Shell::default());
    }
}
