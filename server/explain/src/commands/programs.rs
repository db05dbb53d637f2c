//! What programs do, by their names and first words. What is not named here is unknown.

use super::class;
use super::git::git;
use contract::CommandClass;

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
const RUNS: &[&str] = &[
    "command", "env", "time", "nice", "ionice", "nohup", "timeout", "watch", "xargs", "exec", "builtin", "stdbuf",
    "setsid",
];

pub(super) fn is_interpreter(word: &str) -> bool {
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

/// What a program does with these words.
pub(super) fn of_program(program: &str, rest: &[&str], depth: usize) -> (CommandClass, String) {
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
        "find"
            if has(&["-delete", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fprintf", "-fprint0", "-fls"]) =>
        {
            (Destructive, "`find` deletes, or runs something on each file".to_owned())
        }
        // These have languages of their own, in which files are written and programs run.
        "sed" if rest.iter().any(|word| word.ends_with(['e', 'w']) || word.contains("w ")) => {
            told(Unknown, "may write or run something")
        }
        "awk" if rest.iter().any(|word| word.contains(['>', '|'])) => told(Unknown, "may write or run something"),
        "rg" if rest.iter().any(|word| word.starts_with("--pre")) => told(Unknown, "runs something on each file"),
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
        "tee" if has(&["-a", "--append"]) => told(ChangesFiles, "writes at the end of files"),
        "tee" if !verb.is_empty() => told(Destructive, "overwrites files"),
        "tee" => told(ReadOnly, "only reads"),
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
