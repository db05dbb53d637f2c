//! Takes a shell text apart into words and operators, as POSIX and bash do: quotes, expansions, comments, here-documents.
//! Written for texts that are being edited: what is left open ends with the text. One pass, no recursion; the parsers that
//! there are call themselves for each `$(`, and refuse what is not finished.

use std::ops::Range;

/// Stands in [`Word::text`] for what is only known when it runs.
pub(crate) const EXPANSION: char = '\0';

/// One word.
#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    pub span: Range<usize>,
    /// Without quotes; each expansion is one [`EXPANSION`].
    pub text: String,
    /// Names of the variables among the expansions, in order; empty for others.
    pub names: Vec<String>,
    pub quoted: bool,
    /// Commands in it: what stands between `$(` and `)`, or backquotes.
    pub nested: Vec<Range<usize>>,
}

impl Word {
    /// The text, if nothing in it depends on the moment.
    pub(crate) fn literal(&self) -> Option<&str> {
        (!self.text.contains(EXPANSION)).then_some(&self.text)
    }
}

/// A word, or what stands between words.
#[derive(Debug, Clone)]
pub(crate) enum Token {
    Word(Word),
    /// `;`, `&&`, `|`, `(`, `>`, a new line, ….
    Operator(&'static str),
}

const OPERATORS: [&str; 26] = [
    "&>>", "<<<", "<<-", ";;&", "&&", "||", ";;", ";&", "&>", "|&", ">>", "<<", ">&", "<&", "<>", ">|", "((", "))",
    ";", "&", "|", "(", ")", "<", ">", "\n",
];

/// All tokens of a text.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut pending: Vec<(String, bool)> = Vec::new();
    let mut at = 0;
    // Up to here no `))` follows.
    let mut unclosed = 0;
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' | b'\r' => at += 1,
            b'\\' if ends_line(bytes, at + 1).is_some() => at = ends_line(bytes, at + 1).unwrap_or(at + 1),
            b'#' => at = line_end(bytes, at),
            b'<' | b'>' if bytes.get(at + 1) == Some(&b'(') => at = word(text, at, &mut tokens),
            byte if is_operator(byte) => {
                let found = OPERATORS.iter().find(|operator| bytes[at..].starts_with(operator.as_bytes()));
                let Some(&operator) = found else { break };
                at += operator.len();
                match operator {
                    "\n" => {
                        tokens.push(Token::Operator(operator));
                        for (end, tabs) in pending.drain(..) {
                            at = here_document(bytes, at, end.as_bytes(), tabs);
                        }
                    }
                    "<<" | "<<-" => {
                        while matches!(bytes.get(at), Some(b' ' | b'\t')) {
                            at += 1;
                        }
                        let before = tokens.len();
                        if at < bytes.len() && !is_operator(bytes[at]) {
                            at = word(text, at, &mut tokens);
                        }
                        if let Some(Token::Word(end)) = tokens.drain(before..).next() {
                            pending.push((end.text, operator == "<<-"));
                        }
                    }
                    "((" => {
                        if let Some(end) = (at >= unclosed).then(|| arithmetic(bytes, at)).flatten() {
                            at = end;
                            continue;
                        }
                        if at >= unclosed {
                            unclosed = line_end(bytes, at);
                        }
                        tokens.extend([Token::Operator("("), Token::Operator("(")]);
                    }
                    "))" => tokens.extend([Token::Operator(")"), Token::Operator(")")]),
                    operator => tokens.push(Token::Operator(operator)),
                }
            }
            _ => at = word(text, at, &mut tokens),
        }
    }
    tokens
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b')' | b'\n')
}

/// Where the line after a backslash begins, if nothing but its end follows.
fn ends_line(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..)? {
        [b'\n', ..] => Some(at + 1),
        [b'\r', b'\n', ..] => Some(at + 2),
        _ => None,
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found)
}

/// The end of `((…))` as a command of its own on one line; not `( (`.
fn arithmetic(bytes: &[u8], at: usize) -> Option<usize> {
    let line = &bytes[at..line_end(bytes, at)];
    memchr::memmem::find(line, b"))").map(|found| at + found + 2)
}

/// The place after the body of a here-document, which begins at `at`.
fn here_document(bytes: &[u8], mut at: usize, end: &[u8], tabs: bool) -> usize {
    while at < bytes.len() {
        let stop = line_end(bytes, at);
        let mut line = bytes[at..stop].strip_suffix(b"\r").unwrap_or(&bytes[at..stop]);
        while let (true, [b'\t', rest @ ..]) = (tabs, line) {
            line = rest;
        }
        at = (stop + 1).min(bytes.len());
        if line == end {
            break;
        }
    }
    at
}

/// Reads one word, which begins at `at` and has at least one byte; gives the place after it.
fn word(text: &str, start: usize, tokens: &mut Vec<Token>) -> usize {
    let bytes = text.as_bytes();
    let mut word = Word::default();
    let mut out: Vec<u8> = Vec::new();
    let mut at = start;
    if matches!(bytes[at], b'<' | b'>') {
        let end = balanced(bytes, at + 2, b')');
        word.nested.push(at + 2..end);
        out.push(EXPANSION as u8);
        word.names.push(String::new());
        at = (end + 1).min(bytes.len());
    }
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' | b'\r' => break,
            byte if is_operator(byte) => break,
            b'\\' => match (ends_line(bytes, at + 1), bytes.get(at + 1)) {
                (Some(next), _) => at = next,
                (None, Some(next)) => {
                    word.quoted = true;
                    out.push(*next);
                    at += 2;
                }
                (None, None) => at += 1,
            },
            b'\'' => {
                word.quoted = true;
                let end = memchr::memchr(b'\'', &bytes[at + 1..]).map_or(bytes.len(), |found| at + 1 + found);
                out.extend_from_slice(&bytes[at + 1..end]);
                at = (end + 1).min(bytes.len());
            }
            b'"' => {
                word.quoted = true;
                at = double_quoted(bytes, at + 1, &mut word, &mut out);
            }
            b'$' | b'`' => at = expansion(bytes, at, &mut word, &mut out, false),
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    word.span = start..at.max(start + 1).min(bytes.len());
    word.text = String::from_utf8_lossy(&out).into_owned();
    tokens.push(Token::Word(word));
    at.max(start + 1)
}

fn double_quoted(bytes: &[u8], mut at: usize, word: &mut Word, out: &mut Vec<u8>) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => match (ends_line(bytes, at + 1), bytes.get(at + 1)) {
                (Some(next), _) => at = next,
                (None, Some(next @ (b'"' | b'\\' | b'$' | b'`'))) => {
                    out.push(*next);
                    at += 2;
                }
                _ => {
                    out.push(b'\\');
                    at += 1;
                }
            },
            b'$' | b'`' => at = expansion(bytes, at, word, out, true),
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    at
}

/// Reads `$…` or a backquote at `at`.
fn expansion(bytes: &[u8], at: usize, word: &mut Word, out: &mut Vec<u8>, in_quotes: bool) -> usize {
    let mut stands = |word: &mut Word, name: &[u8]| {
        out.push(EXPANSION as u8);
        word.names.push(String::from_utf8_lossy(name).into_owned());
    };
    if bytes[at] == b'`' {
        let end = balanced(bytes, at + 1, b'`');
        stands(word, b"");
        word.nested.push(at + 1..end);
        return (end + 1).min(bytes.len());
    }
    match bytes.get(at + 1) {
        Some(b'(') if bytes.get(at + 2) == Some(&b'(') => {
            stands(word, b"");
            (balanced(bytes, at + 2, b')') + 1).min(bytes.len())
        }
        Some(b'(') => {
            let end = balanced(bytes, at + 2, b')');
            stands(word, b"");
            word.nested.push(at + 2..end);
            (end + 1).min(bytes.len())
        }
        Some(b'{') => {
            // `${{ … }}` is a workflow's own.
            let twice = bytes.get(at + 2) == Some(&b'{');
            let end = if twice {
                memchr::memmem::find(&bytes[at..], b"}}").map_or(bytes.len(), |found| at + found + 1)
            } else {
                balanced(bytes, at + 2, b'}')
            };
            let inner = bytes.get(at + 2..end).unwrap_or_default();
            let name = inner.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            stands(word, &inner[..name]);
            (end + 1).min(bytes.len())
        }
        Some(b'\'') if !in_quotes => {
            word.quoted = true;
            let mut end = at + 2;
            while end < bytes.len() && bytes[end] != b'\'' {
                end += 1 + usize::from(bytes[end] == b'\\');
            }
            let end = end.min(bytes.len());
            out.extend_from_slice(&bytes[at + 2..end]);
            (end + 1).min(bytes.len())
        }
        Some(b'"') if !in_quotes => at + 1,
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
            let name = bytes[at + 1..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            stands(word, &bytes[at + 1..at + 1 + name]);
            at + 1 + name
        }
        Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => {
            stands(word, b"");
            at + 2
        }
        _ => {
            out.push(b'$');
            at + 1
        }
    }
}

/// The place of the byte that closes what began before `at`; the end where nothing does. Quotes and what is nested are
/// passed over with a stack of their own.
fn balanced(bytes: &[u8], mut at: usize, close: u8) -> usize {
    let mut open: Vec<u8> = vec![close];
    while at < bytes.len() {
        let top = open.last().copied().unwrap_or(close);
        let byte = bytes[at];
        if byte == b'\\' {
            at += 2;
            continue;
        }
        if byte == top {
            open.pop();
            if open.is_empty() {
                return at;
            }
            at += 1;
            continue;
        }
        match byte {
            b'\'' if top != b'"' => {
                let Some(end) = memchr::memchr(b'\'', &bytes[at + 1..]) else { return bytes.len() };
                at += 1 + end;
            }
            b'"' | b'`' => open.push(byte),
            b'$' if bytes.get(at + 1) == Some(&b'(') => {
                open.push(b')');
                at += 1;
            }
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                open.push(b'}');
                at += 1;
            }
            b'(' if top == b')' => open.push(b')'),
            b'#' if top == b')' && bytes[..at].last().is_none_or(|b| b.is_ascii_whitespace() || *b == b';') => {
                at = line_end(bytes, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
