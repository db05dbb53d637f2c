//! From tokens to the commands that a shell would run, with those left out that it never reaches.
//! It follows `if`, `case`, loops and functions as far as telling commands from patterns, names and conditions needs.

use super::lex::{EXPANSION, Token, Word, tokens};
use crate::piece::Piece;
use std::collections::HashMap;
use std::rc::Rc;

/// Substitutions and quoted commands within each other are followed so deep.
const DEEPEST: usize = 12;
/// Values of variables longer than this are not put in.
const LONGEST_VALUE: usize = 256;

/// One command with its words; the program is the first.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub words: Vec<Word>,
    /// Values that stand before it: `CARGO_NET_OFFLINE=true cargo build`.
    pub sets: Vec<(String, String)>,
    pub piece: Rc<Piece>,
}

/// What a text runs, and what it sets.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub commands: Vec<Command>,
    /// Variables that were given one plain value.
    pub variables: HashMap<String, String>,
}

/// Every command that `piece` would run, those in substitutions included.
pub(crate) fn commands(piece: Piece, variables: HashMap<String, String>) -> Script {
    let mut script = Script { variables, ..Script::default() };
    let mut left = vec![(Rc::new(piece), 0)];
    while let Some((piece, depth)) = left.pop() {
        let begun = script.commands.len();
        let nested = read(&piece, &mut script);
        if depth >= DEEPEST {
            continue;
        }
        left.extend(nested.into_iter().map(|span| (Rc::new(piece.part(span)), depth + 1)));
        for at in begun..script.commands.len() {
            if let Some(inner) = quoted_script(&script.commands[at]) {
                left.push((Rc::new(inner), depth + 1));
            }
        }
    }
    script
}

/// A command whose words are given one by one, as a list in JSON.
pub(crate) fn exec(command: Command) -> Script {
    let inner = quoted_script(&command).or_else(|| given_script(&command));
    let mut script = match inner {
        Some(inner) => commands(inner, HashMap::new()),
        None => Script::default(),
    };
    script.commands.push(command);
    script
}

/// What `["sh", "-c", "…"]` runs.
fn given_script(command: &Command) -> Option<Piece> {
    let [shell, option, text, ..] = &command.words[..] else { return None };
    let is_shell =
        shell.text.rsplit('/').next().is_some_and(|name| matches!(name, "sh" | "bash" | "dash" | "zsh" | "ash"));
    let is_c = option.text.starts_with('-') && option.text.ends_with('c');
    (is_shell && is_c).then(|| command.piece.part(text.span.clone()))
}

/// What `sh -c '…'` and `eval '…'` run, where it is plain text that stands there as it is.
fn quoted_script(command: &Command) -> Option<Piece> {
    let call = super::call(command)?;
    let word = match call.program {
        "sh" | "bash" | "dash" | "zsh" | "ash" => {
            let is_c = |word: &Word| {
                word.literal().is_some_and(|t| t.starts_with('-') && !t.starts_with("--") && t.ends_with('c'))
            };
            let at = call.arguments.iter().position(is_c)?;
            call.arguments.get(at + 1)?
        }
        "eval" => call.arguments.first()?,
        _ => return None,
    };
    let span = word.span.clone();
    let raw = call.command.piece.text.get(span.clone())?;
    let quote = raw.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    raw.get(1..)?.strip_suffix(quote)?;
    Some(call.command.piece.part(span.start + 1..span.end - 1))
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    If,
    Loop,
    Case,
}

struct Frame {
    kind: Kind,
    /// Whether what is read now is never reached.
    dead: bool,
    outer: bool,
    /// The first command of its condition.
    condition: usize,
    /// Its condition was always so.
    decided: Option<bool>,
}

struct Reader<'a> {
    script: &'a mut Script,
    piece: &'a Rc<Piece>,
    frames: Vec<Frame>,
    nested: Vec<std::ops::Range<usize>>,
    words: Vec<Word>,
    sets: Vec<(String, String)>,
    /// All commands since, the dead ones included, by their single word.
    conditions: Vec<String>,
    /// The next command of this list is not reached.
    skip: bool,
    last: String,
}

/// Reads one text; gives the substitutions that are reached.
fn read(piece: &Rc<Piece>, script: &mut Script) -> Vec<std::ops::Range<usize>> {
    let mut reader = Reader {
        script,
        piece,
        frames: Vec::new(),
        nested: Vec::new(),
        words: Vec::new(),
        sets: Vec::new(),
        conditions: Vec::new(),
        skip: false,
        last: String::new(),
    };
    let mut tokens = tokens(&piece.text).into_iter().peekable();
    let mut pattern = false;
    let mut target = false;
    while let Some(token) = tokens.next() {
        if pattern {
            match &token {
                Token::Word(word) if word.text == "esac" && !word.quoted => {
                    pattern = false;
                    reader.close(Kind::Case);
                }
                Token::Operator(")") => pattern = false,
                _ => {}
            }
            continue;
        }
        match token {
            Token::Word(word) if std::mem::take(&mut target) => reader.nested(&word),
            Token::Word(word) => {
                let reserved = reader.words.is_empty() && reader.sets.is_empty() && !word.quoted;
                match word.text.as_str() {
                    "case" if reserved => {
                        for token in tokens.by_ref() {
                            if let Token::Word(word) = token {
                                if word.text == "in" && !word.quoted {
                                    break;
                                }
                                reader.nested(&word);
                            }
                        }
                        reader.open(Kind::Case);
                        pattern = true;
                    }
                    "for" | "select" if reserved => {
                        reader.open(Kind::Loop);
                        reader.words.push(Word { text: "for".into(), ..Word::default() });
                        reader.nested(&word);
                    }
                    "function" if reserved => drop(tokens.next_if(|next| matches!(next, Token::Word(_)))),
                    text if reserved && reader.reserved(text) => {}
                    _ => reader.word(word),
                }
            }
            Token::Operator("(") => {
                // `name ()` begins a function.
                if reader.words.len() == 1 && matches!(tokens.peek(), Some(Token::Operator(")"))) {
                    tokens.next();
                    reader.words.clear();
                }
                reader.end("");
            }
            Token::Operator(operator @ (";;" | ";&" | ";;&")) => {
                reader.end(operator);
                pattern = reader.frames.last().is_some_and(|frame| frame.kind == Kind::Case);
            }
            Token::Operator(operator @ (";" | "&" | "&&" | "||" | "|" | "|&" | ")" | "\n")) => reader.end(operator),
            // What follows is a file; a number before it is the file's.
            Token::Operator(_) => {
                let number = |word: &Word| !word.quoted && word.text.bytes().all(|b| b.is_ascii_digit());
                if reader.words.len() > 1 && reader.words.last().is_some_and(number) {
                    reader.words.pop();
                }
                target = true;
            }
        }
    }
    reader.end("\n");
    reader.nested
}

impl Reader<'_> {
    fn dead(&self) -> bool {
        self.skip || self.frames.last().is_some_and(|frame| frame.dead)
    }

    fn nested(&mut self, word: &Word) {
        if !self.dead() {
            self.nested.extend(word.nested.iter().cloned());
        }
    }

    fn word(&mut self, word: Word) {
        self.nested(&word);
        if self.words.is_empty()
            && let Some((name, value)) = assignment(&word)
        {
            return self.sets.push((name, value));
        }
        self.put_in(word);
    }

    /// Adds a word, with what is known of the variables in it put in.
    fn put_in(&mut self, word: Word) {
        let known = |name: &String| {
            let value = self.script.variables.get(name)?;
            (value.len() <= LONGEST_VALUE && !value.contains(EXPANSION)).then_some(value)
        };
        if word.names.iter().all(|name| known(name).is_none()) {
            return self.words.push(word);
        }
        let mut names = word.names.iter();
        let (mut text, mut left) = (String::new(), Vec::new());
        for character in word.text.chars() {
            let name = if character == EXPANSION { names.next() } else { None };
            match name.map(|name| (name, known(name))) {
                Some((_, Some(value))) => text.push_str(value),
                Some((name, None)) => {
                    text.push(EXPANSION);
                    left.push(name.clone());
                }
                None => text.push(character),
            }
        }
        if word.quoted || left.len() == word.names.len() {
            return self.words.push(Word { text, names: left, ..word });
        }
        for part in text.split_whitespace() {
            self.words.push(Word { text: part.to_owned(), span: word.span.clone(), ..Word::default() });
        }
    }

    fn open(&mut self, kind: Kind) {
        let outer = self.dead();
        let condition = self.conditions.len();
        self.frames.push(Frame { kind, dead: outer, outer, condition, decided: None });
    }

    fn close(&mut self, kind: Kind) {
        if self.frames.last().is_some_and(|frame| frame.kind == kind) {
            self.frames.pop();
        }
    }

    /// Takes a word that the shell keeps for itself; says whether it was one.
    fn reserved(&mut self, text: &str) -> bool {
        match text {
            "if" => self.open(Kind::If),
            "while" | "until" => {
                self.open(Kind::Loop);
                text.clone_into(&mut self.last);
            }
            "elif" => {
                let condition = self.conditions.len();
                if let Some(frame) = self.frames.last_mut() {
                    frame.dead = frame.outer || frame.decided == Some(true);
                    frame.condition = condition;
                }
            }
            "then" | "do" => {
                let conditions = &self.conditions;
                if let Some(frame) = self.frames.last_mut() {
                    let always = match conditions.get(frame.condition..) {
                        Some([one]) if one == "false" => Some(false),
                        Some([one]) if one == "true" || one == ":" => Some(true),
                        _ => None,
                    };
                    frame.dead |= always == Some(false) && (text == "then" || self.last != "until");
                    if always.is_some() {
                        frame.decided = always;
                    }
                }
            }
            "else" => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.dead = frame.outer || frame.decided == Some(true);
                }
            }
            "fi" => self.close(Kind::If),
            "done" => self.close(Kind::Loop),
            "esac" => self.close(Kind::Case),
            "!" | "{" | "}" | "coproc" => {}
            _ => return false,
        }
        true
    }

    /// A command has ended, with this operator after it.
    fn end(&mut self, operator: &str) {
        let words = std::mem::take(&mut self.words);
        let sets = std::mem::take(&mut self.sets);
        let single = match &words[..] {
            [one] if sets.is_empty() => one.text.clone(),
            _ => String::new(),
        };
        let said = !words.is_empty() || !sets.is_empty();
        if said {
            self.conditions.push(single.clone());
        }
        if said && !self.dead() {
            if words.is_empty() {
                self.set(&sets);
            } else {
                if matches!(words[0].text.as_str(), "export" | "local" | "declare" | "readonly" | "typeset") {
                    let given: Vec<_> = words[1..].iter().filter_map(assignment).collect();
                    self.set(&given);
                }
                self.script.commands.push(Command { words, sets, piece: Rc::clone(self.piece) });
            }
        }
        self.skip = match operator {
            "&&" => self.skip || single == "false",
            "||" => !self.skip && (single == "true" || single == ":"),
            "|" | "|&" => self.skip,
            _ => false,
        };
    }

    fn set(&mut self, sets: &[(String, String)]) {
        for (name, value) in sets {
            self.script.variables.insert(name.clone(), value.clone());
        }
    }
}

/// `NAME=value`; expansions stay what they are.
fn assignment(word: &Word) -> Option<(String, String)> {
    let (name, value) = word.text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let mut bytes = name.bytes();
    let first = bytes.next()?;
    let plain = (first.is_ascii_alphabetic() || first == b'_') && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| (name.to_owned(), value.to_owned()))
}
