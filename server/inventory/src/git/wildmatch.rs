//! git's patterns of paths, as `.gitattributes` and `.gitignore` have them. Takes time in proportion to pattern times path, whatever
//! they are. Rules: git's `wildmatch.c` with `WM_PATHNAME`.

/// A pattern, ready to be compared.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
    /// It has a slash that is not its last byte: it is compared with the whole path, else with the name alone.
    whole: bool,
    /// It ends with a slash: folders only.
    folder: bool,
    /// `*` and then this: the most frequent, and compared at once.
    ending: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
enum Token {
    Byte(u8),
    /// Not a slash.
    One,
    /// Bytes from one to another, or none of these; never a slash.
    Class(bool, Vec<(u8, u8)>),
    /// Any number of bytes, without a slash.
    Star,
    /// Any bytes.
    Everything,
    /// `**/`: nothing, or folders; the first of two.
    Folders,
    /// Within such folders.
    Inside,
    /// What matches nothing.
    Never,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let folder = text.ends_with('/') && !text.ends_with("\\/");
        let text = text.strip_suffix('/').filter(|_| folder).unwrap_or(text);
        let whole = text.contains('/');
        let text = text.strip_prefix('/').unwrap_or(text);
        let ending = text.strip_prefix('*').filter(|rest| !whole && !rest.contains(['*', '?', '[', '\\']));
        let ending = ending.map(|rest| rest.as_bytes().to_vec());
        Pattern { tokens: tokens(text.as_bytes()), whole, folder, ending }
    }

    /// Whether a file of this path, relative to where the pattern stands, is meant.
    pub(crate) fn is_file(&self, path: &str) -> bool {
        self.is_file_in(path, &mut 0)
    }

    /// The same; `steps` grows by what it took.
    pub(crate) fn is_file_in(&self, path: &str, steps: &mut u64) -> bool {
        *steps += 1;
        !self.folder && self.is(path, steps)
    }

    /// Whether the path or a folder above it is meant.
    pub(crate) fn is_at_or_above(&self, path: &str) -> bool {
        let above = path.match_indices('/').any(|(at, _)| self.is(&path[..at], &mut 0));
        above || self.is_file(path)
    }

    fn is(&self, path: &str, steps: &mut u64) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        match &self.ending {
            Some(ending) => name.as_bytes().ends_with(ending),
            None => matches(&self.tokens, if self.whole { path } else { name }.as_bytes(), steps),
        }
    }
}

fn tokens(text: &[u8]) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'*' => {
                let end = text[at..].iter().position(|byte| *byte != b'*').map_or(text.len(), |more| at + more);
                let apart = at == 0 || text[at - 1] == b'/';
                if end - at >= 2 && apart && end == text.len() {
                    out.push(Token::Everything);
                } else if end - at >= 2 && apart && text[end] == b'/' {
                    out.extend([Token::Folders, Token::Inside]);
                    at = end + 1;
                    continue;
                } else {
                    out.push(Token::Star);
                }
                at = end;
                continue;
            }
            b'?' => out.push(Token::One),
            b'[' => match class(&text[at + 1..]) {
                Some((token, length)) => {
                    out.push(token);
                    at += length;
                }
                None => return vec![Token::Never],
            },
            b'\\' => match text.get(at + 1) {
                Some(byte) => {
                    out.push(Token::Byte(*byte));
                    at += 1;
                }
                None => return vec![Token::Never],
            },
            byte => out.push(Token::Byte(byte)),
        }
        at += 1;
    }
    out
}

/// What follows `[`, and how many bytes that are.
fn class(text: &[u8]) -> Option<(Token, usize)> {
    let negated = matches!(text.first(), Some(b'!' | b'^'));
    let begin = usize::from(negated);
    let mut at = begin;
    let mut ranges = Vec::new();
    loop {
        let byte = *text.get(at)?;
        match byte {
            b']' if at > begin => return Some((Token::Class(negated, ranges), at + 1)),
            b'[' if text.get(at + 1) == Some(&b':') => {
                // Up to the first bracket; where no colon stands before that, it is a bracket like any other byte.
                let name = at + 2;
                let end = name + text[name..].iter().position(|byte| *byte == b']')?;
                if end > name && text[end - 1] == b':' {
                    ranges.extend(named(&text[name..end - 1])?);
                    at = end + 1;
                } else {
                    ranges.push((b'[', b'['));
                    at += 1;
                }
                continue;
            }
            _ => {}
        }
        let (from, next) = literal(text, at)?;
        if text.get(next) == Some(&b'-') && text.get(next + 1).is_some_and(|byte| *byte != b']') {
            let (to, next) = literal(text, next + 1)?;
            ranges.push((from, to));
            at = next;
        } else {
            ranges.push((from, from));
            at = next;
        }
    }
}

fn literal(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match *text.get(at)? {
        b'\\' => Some((*text.get(at + 1)?, at + 2)),
        byte => Some((byte, at + 1)),
    }
}

fn named(name: &[u8]) -> Option<Vec<(u8, u8)>> {
    Some(match name {
        b"alnum" => vec![(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        b"alpha" => vec![(b'A', b'Z'), (b'a', b'z')],
        b"digit" => vec![(b'0', b'9')],
        b"lower" => vec![(b'a', b'z')],
        b"upper" => vec![(b'A', b'Z')],
        b"xdigit" => vec![(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        b"space" => vec![(b'\t', b'\r'), (b' ', b' ')],
        b"blank" => vec![(b'\t', b'\t'), (b' ', b' ')],
        b"cntrl" => vec![(0, 31), (127, 127)],
        b"graph" => vec![(b'!', b'~')],
        b"print" => vec![(b' ', b'~')],
        b"punct" => vec![(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        _ => return None,
    })
}

/// All ways through the pattern at once.
fn matches(tokens: &[Token], text: &[u8], steps: &mut u64) -> bool {
    let mut now = vec![false; tokens.len() + 1];
    let mut next = now.clone();
    enter(tokens, &mut now, 0);
    for &byte in text {
        *steps += tokens.len() as u64;
        next.fill(false);
        for at in (0..tokens.len()).filter(|at| now[*at]) {
            match &tokens[at] {
                Token::Byte(own) if *own == byte => enter(tokens, &mut next, at + 1),
                Token::One if byte != b'/' => enter(tokens, &mut next, at + 1),
                Token::Class(negated, ranges) if byte != b'/' => {
                    let among = ranges.iter().any(|(from, to)| (*from..=*to).contains(&byte));
                    if among != *negated {
                        enter(tokens, &mut next, at + 1);
                    }
                }
                Token::Star if byte != b'/' => enter(tokens, &mut next, at),
                Token::Everything => enter(tokens, &mut next, at),
                Token::Folders | Token::Inside => {
                    let inside = if matches!(tokens[at], Token::Folders) { at + 1 } else { at };
                    next[inside] = true;
                    if byte == b'/' {
                        enter(tokens, &mut next, inside + 1);
                    }
                }
                _ => {}
            }
        }
        std::mem::swap(&mut now, &mut next);
        if !now.contains(&true) {
            return false;
        }
    }
    now[tokens.len()]
}

/// Adds a place, and those that are reached from it without a byte.
fn enter(tokens: &[Token], places: &mut [bool], mut at: usize) {
    while !std::mem::replace(&mut places[at], true) {
        at += match tokens.get(at) {
            Some(Token::Star | Token::Everything) => 1,
            Some(Token::Folders) => 2,
            _ => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_mean_what_git_means_by_them() {
        for (pattern, path, meant) in [
            ("*.bin", "a/b.bin", true),
            ("*.bin", "a/b.bin.txt", false),
            ("/*.bin", "b.bin", true),
            ("/*.bin", "a/b.bin", false),
            ("a/*.bin", "a/b/c.bin", false),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/x/y/c", true),
            ("a/**", "a/x/y", true),
            ("a/**", "a", false),
            ("**/c", "c", true),
            ("**/c", "x/y/c", true),
            ("**/c", "x/yc", false),
            ("a**c", "abc", true),
            ("[a-c]?[!x]", "b1y", true),
            ("[a-c]?[!x]", "b1x", false),
            ("[[:digit:]]\\*", "7*", true),
            ("[", "[", false),
            // Without a colon before the first bracket, `[:` is no class within one.
            ("[[:]", "[", true),
            ("[[:]", ":", true),
            ("[[:]", "]", false),
            ("[[:a]", "a", true),
            ("[[:]:]", "[:]", true),
            ("[[:", "[", false),
            ("[[:none:]]", "n", false),
            ("a/", "a", false),
        ] {
            assert_eq!(Pattern::new(pattern).is_file(path), meant, "{pattern} {path}");
        }
        assert!(Pattern::new("a/").is_at_or_above("a/b/c"));
        assert!(Pattern::new("b").is_at_or_above("a/b/c"));
        assert!(!Pattern::new("/b").is_at_or_above("a/b/c"));
    }

    #[test]
    fn a_pattern_of_countless_folders_is_compared() {
        assert!(Pattern::new(&("**/".repeat(200_000) + "a")).is_file("a"));
    }

    proptest! {
        #[test]
        fn no_pattern_makes_the_comparison_panic(pattern in "[a*?/\\[\\]!\\\\:-]{0,24}", path in "[a/b]{0,24}") {
            let pattern = Pattern::new(&pattern);
            let _ = (pattern.is_file(&path), pattern.is_at_or_above(&path));
        }
    }
}
