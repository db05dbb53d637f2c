//! git's own form of settings: `.git/config`, `.gitmodules`, `.lfsconfig`. Rules: `git-config`'s syntax, read to the letter.
//! May read nothing itself and follows no inclusion.

use std::ops::Range as Span;

/// More values of one file are not taken up.
const MOST: usize = 400_000;

/// One value, with the section that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// In lower case.
    pub section: String,
    /// Between the quotes of the section's header, as it is written.
    pub name: Option<String>,
    /// In lower case.
    pub key: String,
    /// None: the key stands alone, which means "true".
    pub value: Option<String>,
    /// The section's header in the text.
    pub header: Span<usize>,
}

/// What a text says, up to where it can be read.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub entries: Vec<Entry>,
    /// The line at which git would give up.
    pub broken: Option<Span<usize>>,
}

impl Settings {
    /// The last value of a key, as git takes it.
    pub(crate) fn last(&self, section: &str, name: Option<&str>, key: &str) -> Option<&str> {
        let own = |entry: &&Entry| entry.section == section && entry.name.as_deref() == name && entry.key == key;
        self.entries.iter().rev().find(own).map(|entry| entry.value.as_deref().unwrap_or("true"))
    }

    /// All values of a key, in their order.
    pub(crate) fn all<'a>(&'a self, section: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
        let own = move |entry: &&Entry| entry.section == section && entry.name.is_none() && entry.key == key;
        self.entries.iter().filter(own).map(|entry| entry.value.as_deref().unwrap_or("true"))
    }
}

/// Whether git takes a value for a truth, and which.
pub(crate) fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" | "" => Some(false),
        number => number.parse::<i32>().ok().map(|number| number != 0),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// The next character; an end of line of two bytes is one.
    fn next(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        let (c, length) =
            if rest.starts_with("\r\n") { ('\n', 2) } else { rest.chars().next().map(|c| (c, c.len_utf8()))? };
        self.at += length;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        let rest = &self.text[self.at..];
        if rest.starts_with("\r\n") { Some('\n') } else { rest.chars().next() }
    }

    fn rest_of_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    /// What follows `[`: section and name.
    fn header(&mut self) -> Option<(String, Option<String>)> {
        let mut section = String::new();
        loop {
            match self.next()? {
                ']' if section.is_empty() => return None,
                ']' => {
                    // The old form `[section.name]`, in which the name has no case.
                    return Some(match section.split_once('.') {
                        Some((section, name)) => (section.to_owned(), Some(name.to_owned())),
                        None => (section, None),
                    });
                }
                c if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') => section.push(c.to_ascii_lowercase()),
                ' ' | '\t' => break,
                _ => return None,
            }
        }
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.next();
        }
        if self.next()? != '"' {
            return None;
        }
        let mut name = String::new();
        loop {
            match self.next()? {
                '\n' => return None,
                '"' => break,
                '\\' => match self.next()? {
                    '\n' => return None,
                    c => name.push(c),
                },
                c => name.push(c),
            }
        }
        (self.next()? == ']').then_some((section, Some(name)))
    }

    /// What follows `=`, to the end of the value.
    fn value(&mut self) -> Option<String> {
        let (mut value, mut blanks, mut quoted) = (String::new(), String::new(), false);
        loop {
            let Some(c) = self.next() else { return (!quoted).then_some(value) };
            match c {
                '\n' if quoted => return None,
                '\n' => return Some(value),
                ' ' | '\t' if !quoted => {
                    if !value.is_empty() {
                        blanks.push(c);
                    }
                    continue;
                }
                '#' | ';' if !quoted => {
                    self.rest_of_line();
                    return Some(value);
                }
                _ => {}
            }
            value.push_str(&std::mem::take(&mut blanks));
            match c {
                '"' => quoted = !quoted,
                '\\' => match self.next() {
                    Some('\n') => {}
                    Some('t') => value.push('\t'),
                    Some('b') => value.push('\u{8}'),
                    Some('n') => value.push('\n'),
                    Some(c @ ('\\' | '"')) => value.push(c),
                    _ => return None,
                },
                c => value.push(c),
            }
        }
    }
}

/// Reads a text of settings.
pub(crate) fn read(text: &str) -> Settings {
    let mut settings = Settings::default();
    let mut reader = Reader { text, at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 } };
    let mut section: Option<(String, Option<String>, Span<usize>)> = None;
    loop {
        let begin = reader.at;
        let Some(c) = reader.next() else { return settings };
        let read = match c {
            c if c.is_ascii_whitespace() => Some(()),
            '#' | ';' => {
                reader.rest_of_line();
                Some(())
            }
            '[' => reader.header().map(|(name, sub)| section = Some((name, sub, begin..reader.at))),
            c if c.is_ascii_alphabetic() => key(&mut reader, c).and_then(|(key, value)| {
                let (section, name, header) = section.clone()?;
                settings.entries.push(Entry { section, name, key, value, header });
                Some(())
            }),
            _ => None,
        };
        if read.is_none() || settings.entries.len() > MOST {
            let line = text[..begin].rfind('\n').map_or(0, |at| at + 1);
            let end = text[begin..].find('\n').map_or(text.len(), |at| begin + at);
            settings.broken = Some(line..end);
            return settings;
        }
    }
}

/// A key that begins with `first`, and its value.
fn key(reader: &mut Reader<'_>, first: char) -> Option<(String, Option<String>)> {
    let mut key = String::from(first.to_ascii_lowercase());
    while let Some(c) = reader.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '-') {
        key.push(c.to_ascii_lowercase());
        reader.next();
    }
    while matches!(reader.peek(), Some(' ' | '\t')) {
        reader.next();
    }
    match reader.peek() {
        None => Some((key, None)),
        Some('\n') => {
            reader.next();
            Some((key, None))
        }
        Some('=') => {
            reader.next();
            reader.value().map(|value| (key, Some(value)))
        }
        Some('#' | ';') => {
            reader.rest_of_line();
            Some((key, None))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_read_as_git_reads_them() {
        let text = "[Submodule \"a \\\"b\\\\\"] Path = x # remark\n\turl = \"a ; b\" c  \n flag\n long = one\\\n two\r\n[core.X]bare=\n";
        let settings = read(text);
        assert_eq!(settings.broken, None);
        let of = |key: &str| settings.last("submodule", Some("a \"b\\"), key);
        assert_eq!((of("path"), of("url"), of("flag")), (Some("x"), Some("a ; b c"), Some("true")));
        assert_eq!(of("long"), Some("one two"));
        assert_eq!(settings.last("core", Some("x"), "bare"), Some(""));
        assert_eq!(&text[settings.entries[0].header.clone()], "[Submodule \"a \\\"b\\\\\"]");
    }

    #[test]
    fn the_line_at_which_git_gives_up_is_named() {
        for bad in [
            "[a\n",
            "[]\n",
            "key = value\n",
            "[a]\nx = \"open\n",
            "[a]\nx = \\q\n",
            "[a]\nx y\n",
            "[a \"b]\n",
            "[a]\n= x",
        ] {
            assert!(read(bad).broken.is_some(), "{bad:?}");
        }
        let text = "[a]\nb = 1\n  %\n";
        assert_eq!(&text[read(text).broken.unwrap()], "  %");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(\\[|\\]|\"|=|\\\\|#|\n|\r\n|a|é| ){0,60}") {
            let _ = read(&text);
        }
    }
}
