//! A shell's words of one command line, as far as they have to be told apart: quotations, pipes and lists, redirections, substitutions.

/// One program with its words.
#[derive(Default)]
pub(super) struct Part {
    pub words: Vec<String>,
    /// A redirection that writes: the file is overwritten.
    pub overwrites: bool,
    pub appends: bool,
    /// Something is put in that only the shell knows.
    pub substitutes: bool,
}

/// The programs of a command, in the shell's own way of reading; `None` where a quotation does not end.
pub(super) fn parts(command: &str) -> Option<Vec<Part>> {
    let mut found = vec![Part::default()];
    let mut word: Option<String> = None;
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        let part = found.last_mut()?;
        match c {
            '\'' => {
                let into = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => into.push(c),
                    }
                }
            }
            '"' => {
                let into = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => into.push(chars.next()?),
                        c => {
                            part.substitutes |= c == '`' || (c == '$' && chars.peek() == Some(&'('));
                            into.push(c);
                        }
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '`' => part.substitutes = true,
            '$' | '<' if chars.peek() == Some(&'(') => part.substitutes = true,
            '#' if word.is_none() => break,
            '>' => {
                // `2>&1` and `>/dev/null` write nothing.
                part.words.extend(word.take().filter(|word| !word.chars().all(|c| c.is_ascii_digit())));
                let appends = chars.next_if_eq(&'>').is_some();
                if chars.next_if_eq(&'&').is_some() {
                    while chars.next_if(|c| c.is_ascii_digit() || *c == '-').is_some() {}
                    continue;
                }
                let mut target = chars.clone();
                while target.next_if(|c| matches!(c, ' ' | '|')).is_some() {}
                let name: String =
                    target.clone().take_while(|c| !c.is_whitespace() && !";|&()<>".contains(*c)).collect();
                if name == "/dev/null" {
                    target.nth(name.len() - 1);
                    chars = target;
                    continue;
                }
                part.appends |= appends;
                part.overwrites |= !appends;
            }
            ';' | '|' | '&' | '\n' | '(' | ')' | '{' | '}' if !matches!(c, '{' | '}') || word.is_none() => {
                part.words.extend(word.take());
                if !part.words.is_empty() || part.overwrites {
                    found.push(Part::default());
                }
            }
            c if c.is_whitespace() => part.words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    found.last_mut()?.words.extend(word);
    found.retain(|part| !part.words.is_empty() || part.overwrites);
    Some(found)
}
