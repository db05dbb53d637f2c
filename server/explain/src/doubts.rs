//! What an answer names and the context does not hold: identifiers, paths, numbers of lines. A doubt is no proof: a name may come
//! from a library. That nothing is doubted proves nothing either.

use contract::Doubt;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use std::collections::BTreeSet;

/// Doubts that are told.
const MOST: usize = 20;
/// Words of languages, and names that come with them.
const KNOWN: &str = "abstract all and any append args array as assert async auto await bool boolean box break byte case catch char class \
    clone cmake case_sensitive const constexpr continue copy core crate debug def default delete deref derive dict display do double drop \
    dyn elif else empty enum err error except export extends extern f32 f64 false final finally float fn for format from func function \
    go goto hash hashmap hashset i128 i16 i32 i64 i8 if impl implements import in include inline instanceof int integer interface \
    internal into is isize iter iterator kwargs lambda len let list long loop main map match method mod module move mut namespace \
    new nil none noexcept not null nullptr number object ok option or override package pass path pathbuf print println private \
    promise property protected pub public raise range rc ref return result self set short signed sizeof slice some static std str \
    string struct super switch template this throw throws trait true try tuple type typedef typeof u128 u16 u32 u64 u8 undefined \
    union unsafe unsigned unwrap use using usize var vec vector virtual void volatile where while with yield arc cell mutex \
    cargo git npm yarn pnpm pip python node rustc go.mod cargo.toml cargo.lock package.json makefile dockerfile readme.md \
    eof json toml yaml xml html css sql http https tcp udp utf-8 utf8 ascii unicode api cli url uri id";

/// Doubts about an answer as it is shown; `context` is everything that the model was sent, `lines` those that it was shown (zero-based, the
/// last not among them).
#[must_use]
pub fn doubts(answer: &str, context: &str, lines: (u32, u32)) -> Vec<Doubt> {
    let words: BTreeSet<&str> = pieces(context).collect();
    let known: BTreeSet<&str> = KNOWN.split_whitespace().collect();
    let mut found: Vec<Doubt> = Vec::new();
    let mut add = |kind: &str, said: &str| {
        let doubt = Doubt { kind: kind.to_owned(), said: said.to_owned() };
        if found.len() < MOST && !found.contains(&doubt) {
            found.push(doubt);
        }
    };
    for (text, is_code) in texts(answer) {
        for word in text.split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '(' | ')' | '[' | ']' | '{' | '}')
        }) {
            let word = word.trim_end_matches(['.', ':', '!', '?']).trim_start_matches(['.', '<', '&', '*']);
            if is_path(word) {
                if !context.contains(word) {
                    add("path", word);
                }
                continue;
            }
            for name in word.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
                let named = (is_code || looks_like_a_name(name)) && name.chars().count() > 1;
                let number = name.starts_with(|c: char| c.is_ascii_digit());
                if named && !number && !words.contains(name) && !known.contains(name.to_lowercase().as_str()) {
                    add("identifier", name);
                }
            }
        }
        if !is_code {
            for line in numbered(&text) {
                if line <= lines.0 || line > lines.1 {
                    add("line", &format!("line {line}"));
                }
            }
        }
    }
    found
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|piece| !piece.is_empty())
}

/// The words of an answer, and whether they are set as code. Blocks of code are not looked into: what is in them is a proposal.
fn texts(answer: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let (mut in_block, mut words) = (false, String::new());
    for event in Parser::new(answer) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(text) if !in_block => words.push_str(&text),
            Event::Code(code) => {
                words.push(' ');
                found.push((code.into_string(), true));
            }
            Event::End(_) | Event::SoftBreak | Event::HardBreak => words.push('\n'),
            _ => {}
        }
    }
    found.push((words, false));
    found
}

/// `snake_case`, `camelCase`, `CamelCase`: no word of a sentence is written so.
fn looks_like_a_name(word: &str) -> bool {
    let inner_capital = word.chars().zip(word.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    word.trim_matches('_').contains('_') || inner_capital
}

fn is_path(word: &str) -> bool {
    let ends = |word: &str| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
        name.rsplit_once('.').is_some_and(|(stem, suffix)| {
            !stem.is_empty()
                && (1..=5).contains(&suffix.len())
                && suffix.chars().all(|c| c.is_ascii_alphanumeric())
                && suffix.starts_with(|c: char| c.is_ascii_lowercase())
        })
    };
    let endings = [
        ".rs", ".py", ".js", ".ts", ".tsx", ".go", ".java", ".c", ".h", ".cpp", ".toml", ".json", ".yml", ".yaml",
        ".md", ".sh", ".lock", ".txt",
    ];
    (word.contains('/') && word.len() > 3 && (ends(word) || word.starts_with('/')))
        || endings.iter().any(|ending| word.len() > ending.len() && word.ends_with(ending))
}

/// Numbers after "line", "lines" and "L".
fn numbered(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let words: Vec<&str> = text.split_whitespace().collect();
    for (n, word) in words.iter().enumerate() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if matches!(bare.to_ascii_lowercase().as_str(), "line" | "lines") {
            for next in words.iter().skip(n + 1).take(3) {
                let digits = next.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
                let before = found.len();
                found.extend(digits.filter_map(|part| part.parse::<u32>().ok()));
                let goes_on = matches!(*next, "and" | "to" | "through" | "or") || next.ends_with(',');
                if found.len() == before && !goes_on {
                    break;
                }
            }
        } else if let Some(number) = bare.strip_prefix('L').and_then(|digits| digits.parse().ok()) {
            found.push(number);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: &str) -> Vec<String> {
        let context = "12| fn read_all(path: &Path) -> Vec<u8> { open(path) }\nsrc/read.rs uses HashMap";
        doubts(answer, context, (11, 20)).into_iter().map(|doubt| format!("{} {}", doubt.kind, doubt.said)).collect()
    }

    #[test]
    fn names_paths_and_lines_that_are_not_in_the_context_are_doubted() {
        assert_eq!(told("It calls `read_all` in src/read.rs on line 12, and `Vec` is known."), [""; 0]);
        assert_eq!(told("It calls `write_all`."), ["identifier write_all"]);
        assert_eq!(told("It calls parse_header() and parseBody."), ["identifier parse_header", "identifier parseBody"]);
        assert_eq!(told("See src/other.rs and /etc/passwd."), ["path src/other.rs", "path /etc/passwd"]);
        assert_eq!(told("On line 99 it ends; lines 12-15, 3 and 19 are fine."), ["line line 99", "line line 3"]);
        assert_eq!(told("At L40."), ["line line 40"]);
        assert_eq!(told("A plain sentence, with e.g. words like this one: 4 of 5."), [""; 0]);
        // What a block of code proposes is not said to be there.
        assert_eq!(told("```rust\nlet brand_new = 1;\n```"), [""; 0]);
    }
}
