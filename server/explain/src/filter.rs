//! What a model said, made harmless: read as Markdown and written anew, with nothing but words, lists, emphasis and code in it.
//! Links, images, HTML and whatever steers a terminal or hides in a text do not come through; suggested commands are taken out.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;

/// Bytes of an answer that are read; what is more is a flood.
pub const MOST: usize = 32 << 10;
/// Commands of one answer.
const MOST_COMMANDS: usize = 20;
/// Levels of lists and quotations.
const DEEPEST: usize = 8;

/// An answer as it may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filtered {
    /// Markdown.
    pub text: String,
    /// Lines of blocks of shell code.
    pub commands: Vec<String>,
    /// What was taken out, in words.
    pub notes: Vec<String>,
}

/// Whether a character shows nothing and changes what is read: turns text around, joins nothing, tags.
#[must_use]
pub fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Reads what was said so far. Bounded by [`MOST`].
#[must_use]
pub fn filter(said: &str) -> Filtered {
    let mut taken = BTreeMap::new();
    let plain = plain(said, &mut taken);
    let mut writer = Writer { taken, ..Writer::default() };
    for event in Parser::new_ext(&plain, Options::ENABLE_STRIKETHROUGH) {
        writer.take(event);
    }
    writer.done()
}

/// Without what steers a terminal and what hides.
fn plain(said: &str, taken: &mut BTreeMap<&'static str, usize>) -> String {
    let mut end = MOST.min(said.len());
    while !said.is_char_boundary(end) {
        end -= 1;
    }
    let mut made = String::with_capacity(end);
    let mut rest = said[..end].chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => made.push(c),
            '\r' => {}
            '\u{1b}' | '\u{9b}' | '\u{9d}' | '\u{90}' => {
                *taken.entry("sequences that steer a terminal").or_default() += 1;
                escape(c, &mut rest);
            }
            c if c.is_control() => *taken.entry("control characters").or_default() += 1,
            c if hides(c) => *taken.entry("invisible characters").or_default() += 1,
            c => made.push(c),
        }
    }
    made
}

/// Passes over an escape sequence whose first character was read.
fn escape(first: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let kind = match first {
        '\u{1b}' => rest.next_if(|c| !c.is_control()),
        '\u{9b}' => Some('['),
        _ => Some(']'),
    };
    match kind {
        // CSI: to its final character.
        Some('[') => while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {},
        // OSC, DCS and the like: to the bell or the string terminator, on this line.
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while rest.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}' | '\u{9c}' | '\n')).is_some() {}
            if rest.next_if_eq(&'\u{1b}').is_none() {
                rest.next_if(|c| matches!(c, '\u{7}' | '\u{9c}'));
                return;
            }
            rest.next_if_eq(&'\\');
            return;
        }
        _ => return,
    }
    rest.next_if(|c| matches!(c, '@'..='~'));
}

#[derive(Default)]
struct Writer {
    made: String,
    /// What each line begins with: quotations and lists around it.
    margins: Vec<String>,
    /// The number of the next item, by list; `None`: no numbers.
    lists: Vec<Option<u64>>,
    at_line_start: bool,
    /// What comes next stands apart, by a line with so many of the margins.
    gap: Option<usize>,
    code: Option<(String, String)>,
    link: Option<String>,
    image: usize,
    commands: Vec<String>,
    taken: BTreeMap<&'static str, usize>,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        if self.image > 0 {
            match event {
                Event::Start(Tag::Image { .. }) => self.image += 1,
                Event::End(TagEnd::Image) => self.image -= 1,
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.words(&text),
            },
            Event::Code(code) => self.span(&code),
            Event::Html(html) | Event::InlineHtml(html) => {
                self.count("HTML");
                self.words(&html);
            }
            Event::SoftBreak | Event::HardBreak => self.line(),
            Event::Rule => {
                self.paragraph();
                self.push("---");
                self.paragraph();
            }
            _ => {}
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.taken.entry(what).or_default() += 1;
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph if self.lists.is_empty() => self.paragraph(),
            Tag::Heading { level, .. } => {
                self.paragraph();
                // The document's own headings are above.
                self.push(if level <= HeadingLevel::H2 { "### " } else { "#### " });
            }
            Tag::BlockQuote(_) => {
                self.paragraph();
                if self.margins.len() < DEEPEST {
                    self.margins.push("> ".to_owned());
                }
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.paragraph();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                self.line();
                let depth = self.lists.len().clamp(1, DEEPEST);
                let mark = match self.lists.last_mut() {
                    Some(Some(n)) => {
                        *n += 1;
                        format!("{}. ", *n - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.push(&format!("{}{mark}", "  ".repeat(depth - 1)));
            }
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language
                        .chars()
                        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#'))
                        .take(20)
                        .collect(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::Emphasis => self.push("*"),
            Tag::Strong => self.push("**"),
            Tag::Link { dest_url, .. } => {
                self.count("links");
                self.link = Some(dest_url.into_string());
            }
            Tag::Image { .. } => {
                self.count("images");
                self.push("(an image was left out)");
                self.image = 1;
            }
            Tag::HtmlBlock => self.paragraph(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock if self.lists.is_empty() => self.paragraph(),
            TagEnd::BlockQuote(_) => {
                self.paragraph();
                self.margins.pop();
            }
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.paragraph();
                }
            }
            TagEnd::CodeBlock => self.block(),
            TagEnd::Emphasis => self.push("*"),
            TagEnd::Strong => self.push("**"),
            TagEnd::Link => {
                if let Some(address) = self.link.take().filter(|address| !address.is_empty()) {
                    self.push(" ");
                    self.span(&address);
                }
            }
            _ => {}
        }
    }

    /// A block of code; one for a shell is taken out, line by line.
    fn block(&mut self) {
        let Some((language, code)) = self.code.take() else { return };
        let shell = matches!(
            language.to_ascii_lowercase().as_str(),
            "sh" | "bash"
                | "shell"
                | "zsh"
                | "fish"
                | "console"
                | "shellsession"
                | "terminal"
                | "powershell"
                | "ps1"
                | "cmd"
                | "bat"
        );
        let prompted = language.is_empty() && code.lines().next().is_some_and(|line| line.starts_with("$ "));
        self.paragraph();
        if shell || prompted {
            self.commands(&code);
            self.paragraph();
            return;
        }
        // Longer than any run of its own, so that nothing inside ends it.
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        self.push(&format!("{fence}{language}"));
        for line in code.lines() {
            self.line();
            self.push(line);
        }
        self.line();
        self.push(&fence);
        self.paragraph();
    }

    fn commands(&mut self, code: &str) {
        let mut whole = String::new();
        for line in code.lines() {
            let line = line.trim();
            let line = line.strip_prefix("$ ").or_else(|| line.strip_prefix("> ")).unwrap_or(line);
            // A line that goes on is one command.
            if let Some(begun) = line.strip_suffix('\\') {
                whole.push_str(begun);
                continue;
            }
            whole.push_str(line);
            let command = std::mem::take(&mut whole);
            if command.trim().is_empty() || command.trim_start().starts_with('#') {
                continue;
            }
            if self.commands.len() >= MOST_COMMANDS {
                self.count("commands beyond the first twenty");
                continue;
            }
            self.commands.push(command.trim().to_owned());
            let n = self.commands.len();
            self.push(&format!("*(suggested command {n}, below)* "));
        }
    }

    /// Code within words. What looks like an address is code too, so that no editor makes a link of it.
    fn span(&mut self, code: &str) {
        let code: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
        if code.is_empty() {
            return;
        }
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest + 1);
        let blank = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
        self.push(&format!("{fence}{blank}{code}{blank}{fence}"));
    }

    fn words(&mut self, text: &str) {
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 {
                self.line();
            }
            let mut first = true;
            for word in line.split(' ') {
                if !std::mem::take(&mut first) {
                    self.push(" ");
                }
                if is_address(word) {
                    self.span(word);
                } else {
                    let escaped = escaped(word, self.at_line_start);
                    self.push(&escaped);
                }
            }
        }
    }

    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(depth) = self.gap.take().filter(|_| !self.made.is_empty()) {
            self.line();
            let margin: String = self.margins.iter().take(depth).map(String::as_str).collect();
            self.made.push_str(margin.trim_end());
            self.made.push('\n');
        }
        if self.at_line_start || self.made.is_empty() {
            if text == " " {
                return;
            }
            self.margins.iter().for_each(|margin| self.made.push_str(margin));
        }
        self.made.push_str(text);
        self.at_line_start = false;
    }

    fn line(&mut self) {
        if !self.at_line_start && !self.made.is_empty() {
            self.made.push('\n');
            self.at_line_start = true;
        }
    }

    /// What comes next stands apart, by a line as deep in quotations as the shallower of the two.
    fn paragraph(&mut self) {
        self.line();
        let depth = self.margins.len();
        self.gap = Some(self.gap.map_or(depth, |known| known.min(depth)));
    }

    fn done(mut self) -> Filtered {
        if self.code.is_some() {
            self.block();
        }
        let notes = self.taken.iter().map(|(what, count)| format!("{count} {what} made harmless")).collect();
        Filtered { text: self.made.trim().to_owned(), commands: self.commands, notes }
    }
}

/// Whether an editor could make a link of it.
fn is_address(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.contains("://")
        || lower.contains("www.")
        || ["mailto:", "command:", "javascript:", "data:", "file:", "vscode:"]
            .iter()
            .any(|scheme| lower.contains(scheme))
        || (lower.contains('@') && lower.contains('.') && !lower.starts_with('@'))
}

/// Words that mean nothing but themselves.
fn escaped(word: &str, starts_line: bool) -> String {
    let mut made = String::with_capacity(word.len());
    for (n, c) in word.chars().enumerate() {
        let special = matches!(c, '<' | '>' | '&' | '[' | ']' | '*' | '`' | '\\' | '|' | '~')
            || (c == '_' && (n == 0 || n + 1 == word.chars().count()))
            || (starts_line && n == 0 && matches!(c, '#' | '-' | '+' | '='));
        if special {
            made.push('\\');
        }
        made.push(c);
    }
    if starts_line
        && made.ends_with(['.', ')'])
        && made[..made.len() - 1].chars().all(|c| c.is_ascii_digit())
        && made.len() > 1
    {
        made.insert(made.len() - 1, '\\');
    }
    made
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
