//! Which program a command really starts, behind `sudo`, `env`, `xargs` and the like, and what it is given.
//! It looks at words only.

use super::{Command, Word};

/// A program and what it is given.
pub(crate) struct Call<'a> {
    pub command: &'a Command,
    /// Its name without folders.
    pub program: &'a str,
    pub name: &'a Word,
    pub arguments: &'a [Word],
}

/// Programs that start the one that follows, and those of their options that take a value.
const WRAPPERS: [(&str, &[&str]); 24] = [
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-U", "--user", "--group"]),
    ("doas", &["-u", "-C"]),
    ("env", &["-u", "-C", "--unset", "--chdir"]),
    ("exec", &["-a"]),
    ("command", &[]),
    ("builtin", &[]),
    ("nohup", &[]),
    ("time", &["-f", "-o"]),
    ("nice", &["-n"]),
    ("ionice", &["-c", "-n"]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("timeout", &["-s", "-k", "--signal", "--kill-after"]),
    ("xargs", &["-n", "-P", "-I", "-L", "-d", "-a", "-s", "--max-args", "--max-procs", "--replace"]),
    ("gosu", &[]),
    ("su-exec", &[]),
    ("setpriv", &[]),
    ("retry", &["-t", "-d"]),
    ("travis_retry", &[]),
    ("xvfb-run", &["-s", "-n", "--server-args"]),
    ("cross-env", &[]),
    ("dotenv", &["-e", "-f"]),
    ("catchsegv", &[]),
    ("chronic", &[]),
    ("unbuffer", &[]),
];

/// The program that a command starts, unless that depends on the moment, or it only asks where a program is.
pub(crate) fn call(command: &Command) -> Option<Call<'_>> {
    let mut words = &command.words[..];
    loop {
        let (name, rest) = words.split_first()?;
        let program = name.literal()?.rsplit('/').next()?;
        let Some((_, with_value)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == program) else {
            return Some(Call { command, program, name, arguments: rest });
        };
        let mut at = 0;
        while let Some(word) = rest.get(at) {
            let text = word.text.as_str();
            if program == "command" && (text == "-v" || text == "-V") {
                return None;
            }
            if text == "--" {
                at += 1;
                break;
            }
            if text.starts_with('-') && text.len() > 1 {
                at += 1 + usize::from(with_value.contains(&text));
            } else if matches!(program, "env" | "cross-env" | "sudo" | "dotenv") && text.contains('=') {
                at += 1;
            } else {
                break;
            }
        }
        // These name how long or as whom first.
        at += usize::from(matches!(program, "timeout" | "gosu" | "su-exec"));
        words = rest.get(at..)?;
    }
}

impl Call<'_> {
    /// Whether one of these stands among the arguments, alone or with `=value`.
    pub(crate) fn has(&self, options: &[&str]) -> bool {
        self.arguments.iter().any(|word| {
            let name = word.text.split('=').next().unwrap_or_default();
            options.contains(&name)
        })
    }

    /// What is given that is no option and no option's value.
    pub(crate) fn plain(&self, with_value: &[&str]) -> Vec<&Word> {
        let mut plain = Vec::new();
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            if text == "--" {
                plain.extend(words);
                break;
            }
            if text.starts_with('-') && text.len() > 1 {
                if with_value.contains(&text) {
                    words.next();
                }
            } else {
                plain.push(word);
            }
        }
        plain
    }

    /// Where all of it stands in the file.
    pub(crate) fn place(&self) -> std::ops::Range<usize> {
        let end = self.arguments.last().map_or(self.name.span.end, |last| last.span.end);
        self.command.piece.place(self.name.span.start..end)
    }

    /// Where one word ends in the file.
    pub(crate) fn after(&self, word: &Word) -> usize {
        self.command.piece.place(word.span.clone()).end
    }

    /// All of it as it is written, shortened.
    pub(crate) fn shown(&self) -> String {
        let end = self.arguments.last().map_or(self.name.span.end, |last| last.span.end);
        let text = self.command.piece.text.get(self.name.span.start..end).unwrap_or_default();
        crate::words::shortened(text)
    }
}
