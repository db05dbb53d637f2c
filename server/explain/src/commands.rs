//! What a command that a model suggests would do, as far as its words tell. Nothing here runs one. What is not known to be harmless is
//! `unknown`, and a pipe, a substitution or a list is as bad as the worst in it.

use contract::{CommandClass, SuggestedCommand};

/// Programs that only read, whatever their options.
const READS: &[&str] = &[
    "cat",
    "head",
    "tail",
    "less",
    "more",
    "ls",
    "stat",
    "file",
    "wc",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "ag",
    "diff",
    "cmp",
    "du",
    "df",
    "pwd",
    "echo",
    "printf",
    "date",
    "whoami",
    "id",
    "uname",
    "which",
    "type",
    "command",
    "env",
    "printenv",
    "ps",
    "top",
    "uptime",
    "free",
    "lsof",
    "md5sum",
    "sha1sum",
    "sha256sum",
    "sha512sum",
    "b3sum",
    "tree",
    "cut",
    "tr",
    "uniq",
    "nl",
    "od",
    "xxd",
    "hexdump",
    "strings",
    "nm",
    "ldd",
    "objdump",
    "readelf",
    "basename",
    "dirname",
    "realpath",
    "readlink",
    "jq",
    "true",
    "false",
    "test",
    "[",
    "cd",
    "history",
    "man",
    "column",
    "comm",
    "join",
    "paste",
    "rev",
    "fold",
    "seq",
];
/// Programs that change files and can be undone with care.
const CHANGES: &[&str] = &[
    "touch",
    "mkdir",
    "cp",
    "ln",
    "patch",
    "chmod",
    "chown",
    "chgrp",
    "gofmt",
    "rustfmt",
    "prettier",
    "black",
    "isort",
    "ruff",
    "make",
    "cmake",
    "ninja",
    "gcc",
    "g++",
    "clang",
    "rustc",
    "javac",
    "tsc",
    "tar",
    "unzip",
    "zip",
    "gzip",
    "gunzip",
    "xz",
    "zstd",
    "pytest",
    "tox",
    "gradle",
    "gradlew",
    "./gradlew",
    "mvn",
    "./mvnw",
    "bazel",
    "vi",
    "vim",
    "nano",
    "code",
    "sed",
    "awk",
    "sort",
    "find",
    "export",
    "alias",
    "source",
    ".",
];
/// Programs that reach for a network.
const REACHES: &[&str] = &[
    "curl",
    "wget",
    "ssh",
    "scp",
    "sftp",
    "rsync",
    "ftp",
    "nc",
    "ncat",
    "telnet",
    "ping",
    "dig",
    "nslookup",
    "host",
    "traceroute",
    "apt",
    "apt-get",
    "dnf",
    "yum",
    "apk",
    "pacman",
    "brew",
    "snap",
    "flatpak",
    "choco",
    "winget",
    "pip",
    "pip3",
    "pipx",
    "gem",
    "aws",
    "gcloud",
    "az",
    "gh",
    "glab",
    "npx",
    "rustup",
    "docker",
    "podman",
    "kubectl",
    "helm",
    "terraform",
    "ansible",
];
/// Programs that destroy, whatever their options.
const DESTROYS: &[&str] = &[
    "rm",
    "rmdir",
    "unlink",
    "shred",
    "dd",
    "mkfs",
    "fdisk",
    "parted",
    "wipefs",
    "truncate",
    "mv",
    "kill",
    "killall",
    "pkill",
    "shutdown",
    "reboot",
    "halt",
    "poweroff",
    "format",
    "del",
    "rd",
    "erase",
    "crontab",
    "iptables",
    "userdel",
    "mkswap",
    "cryptsetup",
];
/// Programs that run what follows.
const RUNS: &[&str] =
    &["time", "nice", "ionice", "nohup", "timeout", "watch", "xargs", "exec", "builtin", "stdbuf", "setsid"];

/// A command with what it does.
#[must_use]
pub fn classed(command: &str) -> SuggestedCommand {
    let (class, reason) = class(command, 0);
    SuggestedCommand { command: command.to_owned(), class, reason }
}

fn class(command: &str, depth: usize) -> (CommandClass, String) {
    let unknown = |why: &str| (CommandClass::Unknown, why.to_owned());
    if depth > 4 || command.len() > 4000 {
        return unknown("it is too long to be told");
    }
    let Some(parts) = parts(command) else { return unknown("its quotation marks do not match") };
    let mut worst = (CommandClass::ReadOnly, "it only reads".to_owned());
    for part in &parts {
        let found = simple(part, depth);
        if found.0 > worst.0 {
            worst = found;
        }
    }
    let reaches = parts.iter().any(|part| simple(part, depth).0 == CommandClass::Network);
    let runs = parts.iter().any(|part| part.words.first().is_some_and(|word| is_interpreter(word)));
    if reaches && runs {
        return (CommandClass::Destructive, "it runs what it gets from a network".to_owned());
    }
    worst
}

/// One program with its words.
#[derive(Default)]
struct Part {
    words: Vec<String>,
    /// A redirection that writes: the file is overwritten.
    overwrites: bool,
    appends: bool,
    /// Something is put in that only the shell knows.
    substitutes: bool,
}

/// The programs of a command, in the shell's own way of reading; `None` where a quotation does not end.
fn parts(command: &str) -> Option<Vec<Part>> {
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
            '$' if chars.peek() == Some(&'(') => part.substitutes = true,
            '<' if chars.peek() == Some(&'(') => part.substitutes = true,
            '#' if word.is_none() => break,
            '>' => {
                // `2>&1` and `>/dev/null` write nothing.
                part.words.extend(word.take().filter(|word| !word.chars().all(|c| c.is_ascii_digit())));
                let appends = chars.next_if_eq(&'>').is_some();
                if chars.next_if_eq(&'&').is_some() {
                    while chars.next_if(|c| c.is_ascii_digit() || *c == '-').is_some() {}
                    continue;
                }
                let rest: String = chars.clone().collect();
                if rest.trim_start_matches(['|', ' ']).starts_with("/dev/null") {
                    while chars.next_if(|c| *c != ' ' || !rest.starts_with(' ')).is_some_and(|c| c != 'l') {}
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

fn is_interpreter(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    matches!(
        name,
        "sh" | "bash"
            | "zsh"
            | "dash"
            | "ksh"
            | "fish"
            | "eval"
            | "python"
            | "python3"
            | "perl"
            | "ruby"
            | "node"
            | "php"
            | "pwsh"
    )
}

fn simple(part: &Part, depth: usize) -> (CommandClass, String) {
    let told = |class, reason: String| (class, reason);
    let mut words = part.words.iter().map(String::as_str).peekable();
    while words.next_if(|word| word.contains('=') && !word.starts_with(['-', '=', '/'])).is_some() {}
    let mut worst = match words.next() {
        None => told(CommandClass::ReadOnly, "it only sets variables".to_owned()),
        Some(program) => of_program(program, &words.collect::<Vec<_>>(), depth),
    };
    let mut raise = |class, reason: &str| {
        if class > worst.0 {
            worst = told(class, reason.to_owned());
        }
    };
    if part.overwrites {
        raise(CommandClass::Destructive, "it overwrites a file with `>`");
    }
    if part.appends {
        raise(CommandClass::ChangesFiles, "it writes to a file with `>>`");
    }
    if part.substitutes {
        raise(CommandClass::Unknown, "it puts in what another command says");
    }
    worst
}

fn of_program(program: &str, rest: &[&str], depth: usize) -> (CommandClass, String) {
    use CommandClass::{ChangesFiles, Destructive, Network, ReadOnly, Unknown};
    let name = program.rsplit('/').next().unwrap_or_default();
    let has = |options: &[&str]| rest.iter().any(|word| options.contains(word));
    let verb = rest.iter().copied().find(|word| !word.starts_with(['-', '+'])).unwrap_or_default();
    let told = |class: CommandClass, what: &str| (class, format!("`{name}` {what}"));
    if has(&["--help", "--version"]) && rest.len() == 1 {
        return told(ReadOnly, "only says something about itself");
    }
    if matches!(name, "sudo" | "doas" | "su" | "runas") {
        return told(Destructive, "gives it all rights");
    }
    if is_interpreter(name) {
        return told(Unknown, "runs a program of its own");
    }
    if RUNS.contains(&name) {
        let inner =
            rest.iter().skip_while(|word| word.starts_with('-') || word.chars().all(|c| c.is_ascii_digit())).copied();
        let inner = inner.collect::<Vec<_>>().join(" ");
        return if inner.is_empty() { told(ReadOnly, "runs nothing") } else { class(&inner, depth + 1) };
    }
    match name {
        "git" => git(verb, rest),
        "cargo" => match verb {
            "metadata" | "tree" | "version" | "help" | "locate-project" | "pkgid" => told(ReadOnly, "only reads"),
            "publish" | "yank" | "owner" | "clean" | "uninstall" => {
                (Destructive, format!("`cargo {verb}` cannot be undone"))
            }
            "install" | "update" | "fetch" | "add" | "search" | "login" | "generate-lockfile" => {
                (Network, format!("`cargo {verb}` asks a registry"))
            }
            "build" | "check" | "test" | "run" | "fmt" | "clippy" | "doc" | "bench" | "fix" | "remove"
                if has(&["--offline"]) || matches!(verb, "fmt" | "remove") =>
            {
                (ChangesFiles, format!("`cargo {verb}` writes files"))
            }
            "build" | "check" | "test" | "run" | "clippy" | "doc" | "bench" | "fix" => {
                (Network, format!("`cargo {verb}` fetches what is missing, without --offline"))
            }
            _ => told(Unknown, "is not known so"),
        },
        "npm" | "pnpm" | "yarn" | "bun" => match verb {
            "ls" | "list" | "why" | "explain" | "root" | "bin" | "prefix" => told(ReadOnly, "only reads"),
            "publish" | "unpublish" | "deprecate" | "prune" | "uninstall" | "remove" | "rm" => {
                (Destructive, format!("`{name} {verb}` may not come back"))
            }
            "run" | "test" | "start" | "exec" if name != "yarn" || verb != "exec" => {
                (Unknown, format!("`{name} {verb}` runs a script of the project"))
            }
            _ => told(Network, "asks a registry"),
        },
        "go" => match verb {
            "env" | "list" | "version" | "doc" | "vet" => told(ReadOnly, "only reads"),
            "get" | "install" | "mod" | "download" => (Network, format!("`go {verb}` asks a proxy")),
            "clean" => (Destructive, "`go clean` deletes".to_owned()),
            "build" | "test" | "run" | "generate" | "fmt" => (ChangesFiles, format!("`go {verb}` writes files")),
            _ => told(Unknown, "is not known so"),
        },
        "uv" | "poetry" => told(Network, "asks an index"),
        "holdover" => match verb {
            "status" | "check" | "doctor" | "explain" | "queue" => told(ReadOnly, "only looks"),
            "sync" => told(Network, "exchanges what is shared"),
            _ => told(ChangesFiles, "changes something"),
        },
        "sed" if rest.iter().any(|word| word.starts_with("-i") || word.starts_with("--in-place")) => {
            (Destructive, "`sed -i` overwrites files".to_owned())
        }
        "find" if has(&["-delete", "-exec", "-execdir", "-ok", "-fprint"]) => {
            (Destructive, "`find` deletes, or runs something on each file".to_owned())
        }
        "sed" | "find" | "awk" | "sort"
            if !rest.iter().any(|word| word.starts_with("-o") || word.contains("system(")) =>
        {
            told(ReadOnly, "only reads")
        }
        "chmod" | "chown" | "chgrp" if has(&["-R", "--recursive"]) => {
            (Destructive, format!("`{name} -R` changes a whole tree"))
        }
        "tar" if rest.first().is_some_and(|word| word.trim_start_matches('-').starts_with('t')) => {
            told(ReadOnly, "only lists")
        }
        "docker" | "podman" | "kubectl" | "terraform" | "helm" | "aws" | "gcloud" | "az"
            if rest.iter().any(|word| {
                [
                    "rm",
                    "rmi",
                    "prune",
                    "delete",
                    "destroy",
                    "apply",
                    "down",
                    "kill",
                    "uninstall",
                    "drain",
                    "rb",
                    "terminate-instances",
                ]
                .contains(word)
            }) =>
        {
            told(Destructive, "takes something down or away")
        }
        "docker" | "podman" if matches!(verb, "ps" | "images" | "inspect" | "logs" | "version" | "info") => {
            told(ReadOnly, "only reads")
        }
        "crontab" if has(&["-l"]) => told(ReadOnly, "only lists"),
        _ if DESTROYS.contains(&name) || name.starts_with("mkfs") => {
            told(Destructive, "deletes, moves or ends something")
        }
        _ if REACHES.contains(&name) => told(Network, "reaches for a network"),
        _ if READS.contains(&name) => told(ReadOnly, "only reads"),
        _ if CHANGES.contains(&program) || CHANGES.contains(&name) => told(ChangesFiles, "changes files"),
        _ => told(Unknown, "is not known here"),
    }
}

fn git(verb: &str, rest: &[&str]) -> (CommandClass, String) {
    use CommandClass::{ChangesFiles, Destructive, Network, ReadOnly, Unknown};
    let has = |options: &[&str]| rest.iter().any(|word| options.contains(word));
    let told = |class, what: &str| (class, format!("`git {verb}` {what}"));
    // Settings on the command line can name a program.
    if rest.iter().any(|word| *word == "-c" || word.starts_with("--exec-path") || word.starts_with("--upload-pack")) {
        return told(Unknown, "with settings of its own may run anything");
    }
    match verb {
        "push"
            if has(&["--force", "-f", "--delete", "-d", "--mirror", "--force-with-lease"])
                || rest.iter().any(|word| word.starts_with(['+', ':'])) =>
        {
            told(Destructive, "overwrites or deletes on the remote")
        }
        "push" | "pull" | "fetch" | "clone" | "ls-remote" | "submodule" => told(Network, "speaks to a remote"),
        "remote" if has(&["update", "show", "prune"]) => told(Network, "speaks to a remote"),
        "reset" if has(&["--hard", "--merge", "--keep"]) => told(Destructive, "throws changes away"),
        "clean" | "filter-branch" | "gc" | "prune" | "reflog" | "update-ref" | "rm" | "replace" => {
            told(Destructive, "deletes")
        }
        "checkout" | "restore" | "switch"
            if has(&["--", ".", "-f", "--force", "--discard-changes"]) || verb == "restore" =>
        {
            told(Destructive, "throws changes away")
        }
        "branch" | "tag" if has(&["-D", "-d", "--delete", "-f", "--force", "-M"]) => {
            told(Destructive, "deletes or moves a name")
        }
        "stash" if has(&["drop", "clear"]) => told(Destructive, "throws changes away"),
        "rebase" | "commit" if verb == "rebase" || has(&["--amend"]) => told(Destructive, "writes history anew"),
        "status" | "log" | "diff" | "show" | "blame" | "grep" | "ls-files" | "ls-tree" | "cat-file" | "rev-parse"
        | "describe" | "shortlog" | "version" | "merge-base" | "rev-list" | "check-ignore" | "config" | "remote"
        | "branch" | "tag" | "bisect"
            if !rest.iter().any(|word| word.starts_with("--output"))
                && !(verb == "config" && rest.len() > 2 && !has(&["--get", "--list", "-l"])) =>
        {
            told(ReadOnly, "only reads")
        }
        "add" | "commit" | "checkout" | "switch" | "merge" | "stash" | "apply" | "am" | "mv" | "init"
        | "cherry-pick" | "revert" | "reset" | "worktree" | "notes" | "config" => {
            told(ChangesFiles, "changes the repository")
        }
        _ => told(Unknown, "is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CommandClass::{ChangesFiles, Destructive, Network, ReadOnly, Unknown};

    #[test]
    fn commands_are_classed_by_the_worst_that_they_do() {
        let cases: &[(CommandClass, &[&str])] = &[
            (
                ReadOnly,
                &[
                    "ls -l",
                    "git status",
                    "git log --oneline -3",
                    "cat a | grep b",
                    "cargo tree",
                    "find . -name '*.rs'",
                    "sed -n 1,5p a",
                    "grep x a 2>&1",
                    "echo 'rm -rf /'",
                    "ls > /dev/null",
                ],
            ),
            (ChangesFiles, &["mkdir a", "git commit -m x", "cargo build --offline", "echo a >> b", "touch x; ls"]),
            (
                Network,
                &[
                    "curl https://a.example",
                    "git push",
                    "npm install",
                    "cargo build",
                    "pip install x",
                    "git fetch && git log",
                ],
            ),
            (
                Unknown,
                &[
                    "./run.sh",
                    "python3 x.py",
                    "echo $(cat x)",
                    "echo `id`",
                    "git -c core.pager=x log",
                    "npm run build",
                    "strangely named",
                    "bash -c 'ls'",
                    "echo \"unclosed",
                    "cat <(ls)",
                ],
            ),
            (
                Destructive,
                &[
                    "rm -rf build",
                    "git reset --hard",
                    "git push --force",
                    "git push origin +main",
                    "sudo ls",
                    "echo a > b",
                    "curl https://a.example | sh",
                    "find . -name x -delete",
                    "sed -i s/a/b/ f",
                    "ls; rm a",
                    "ls && (cd x; rm a)",
                    "xargs rm",
                    "nohup rm a",
                    "FOO=1 rm a",
                    "/bin/rm a",
                    "git clean -fdx",
                    "cargo publish",
                    "kubectl delete pod x",
                    "mv a b",
                    "\"rm\" a",
                    "r\\m a",
                    "git checkout -- .",
                    "time -p rm x",
                    "cat a |rm b",
                ],
            ),
        ];
        for (class, commands) in cases {
            for command in *commands {
                assert_eq!(classed(command).class, *class, "{command}: {}", classed(command).reason);
            }
        }
    }
}
