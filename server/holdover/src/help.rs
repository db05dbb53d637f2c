//! What `--help` and the man pages say beside the options: groups of commands, examples, exit codes, environment.
//! Words only: what a command does stands in `commands`, and nothing is printed from here.

use crate::args::Args;
use clap::{Command, CommandFactory as _};
use std::fmt::Write as _;

/// Commands by what one comes for, in the order of a first day.
pub(crate) const GROUPS: [(&str, &[&str]); 8] = [
    ("Is everything here?", &["preflight", "check", "log", "status", "snapshot", "doctor"]),
    ("Decide", &["trust", "offline", "pin", "device"]),
    ("Write down", &["note", "review"]),
    ("Share", &["sync", "remote", "queue"]),
    ("Merge", &["conflicts", "merge-driver"]),
    ("Understand", &["explain"]),
    ("Look back", &["journal"]),
    ("Set up", &["model", "lsp", "completions", "man", "help"]),
];

/// How every command but `lsp` ends.
pub(crate) const EXIT_CODES: [(u8, &str); 4] = [
    (0, "yes, or done"),
    (1, "no: something is missing or corrupt, conflicts are left, or it was refused or stopped"),
    (2, "wrong usage or bad input"),
    (3, "could not tell, or an error of Holdover's own"),
];

/// What is read from the environment.
pub(crate) const ENVIRONMENT: [(&str, &str); 5] = [
    ("HOLDOVER_DATA_DIR", "folder of the journal, its key, the trust list and the logs"),
    ("HOLDOVER_CONFIG", "the user's settings file"),
    ("HOLDOVER_OFFLINE", "1: nothing connects, as after `holdover offline on`"),
    ("HOLDOVER_LOG", "a log filter, `debug` for example"),
    ("HOLDOVER_<SETTING>", "a setting by its name in capitals, HOLDOVER_INVENTORY_VERIFY=false for example"),
];

type Example = (&'static str, &'static str);

/// Command lines and what they are for; the test below holds them against the parser.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "preflight",
        &[
            ("holdover preflight", "is everything here that a build and an install need?"),
            ("holdover preflight --fetch", "get what is missing first; the workspace must be trusted"),
            ("holdover preflight --pack --dry-run", "what else would travel along, by the settings `pack.*`"),
            ("holdover preflight --prove", "build and test with no network; who reaches is named"),
            ("holdover preflight --deep --json", "compare every checksum, answer for a program"),
        ],
    ),
    (
        "check",
        &[
            ("holdover check", "what in this workspace reaches for a network?"),
            ("holdover check Dockerfile scripts --json", "in these files alone, for a program"),
            ("holdover check ruff --all", "one of the project's own linters, without a network"),
            ("holdover check build", "what the settings say builds it, without a network"),
            ("holdover check --sarif", "for a service that shows findings"),
            ("holdover check --all --attest ../checks.json", "and state it, signed, for CI or a colleague"),
            ("holdover check --verify ../checks.json", "does that hold of what is here? Nothing is run"),
            ("holdover check --all --junit", "for a service that shows tests"),
        ],
    ),
    (
        "log",
        &[
            ("holdover log build.log", "first error, probable reason, and its last 1,000 lines in groups"),
            ("holdover log", "of what comes on standard input, as in `cargo test 2>&1 | holdover log`"),
            ("holdover log build.log --lines 20000 --json", "further back, for a program"),
        ],
    ),
    (
        "explain",
        &[
            (
                "holdover explain src/main.rs:12-30",
                "what these lines are in and use, who wrote them, and what a model says",
            ),
            ("holdover explain src/main.rs:12 --facts", "without a model"),
            ("holdover explain src/main.rs:12 --ask 'why is this checked twice?'", "a question of your own"),
            ("holdover explain --command 'rm -rf build | tee log'", "what a command does; it is not run"),
            ("holdover explain --log build.log", "why it failed, by the last lines of a log"),
            ("holdover explain --step test", "why a step failed, by its last log"),
            ("holdover explain --change main..feature", "what a branch changes, before it is reviewed"),
            ("holdover explain --thread 7TQ2", "a thread of a review, with the lines that it stands on"),
            ("holdover explain Cargo.toml:8 --json", "for a program"),
        ],
    ),
    (
        "pin",
        &[
            ("holdover pin", "which requirements leave the version open, and what is locked?"),
            ("holdover pin serde tokio", "these alone, in every manifest that names them"),
            ("holdover pin --all --dry-run", "what would be written"),
        ],
    ),
    (
        "status",
        &[
            ("holdover status", "everything in one view"),
            ("holdover status --ask", "and how the registries answer"),
            ("holdover status --json ~/src/app", "the same for a program, of another folder"),
        ],
    ),
    (
        "conflicts",
        &[
            ("holdover conflicts", "every conflict below this folder"),
            ("holdover conflicts --resolve both CHANGELOG.md", "keep both sides, current first"),
            ("holdover conflicts --resolve incoming --dry-run", "what would be left"),
            ("holdover conflicts --resolve auto --dry-run", "trusted merges, and why"),
        ],
    ),
    (
        "merge-driver",
        &[
            ("holdover merge-driver --install", "for what is merged in this repository"),
            ("holdover merge-driver --remove --global", "no more, in all repositories of this user"),
        ],
    ),
    ("snapshot", &[("holdover snapshot create", "verify everything, and state it in holdover-snapshot.json")]),
    (
        "snapshot create",
        &[("holdover snapshot create --to laptop.json --force", "another file, in the place of an older one")],
    ),
    (
        "snapshot verify",
        &[("holdover snapshot verify laptop.json", "its signature, the device, the lockfiles, every artifact")],
    ),
    ("snapshot show", &[("holdover snapshot show laptop.json", "what it says, and who signed it")]),
    ("doctor", &[("holdover doctor", "what is set up, and the next step for what is not")]),
    (
        "trust",
        &[
            ("holdover trust", "the programs that this workspace names may run"),
            ("holdover trust --revoke", "no longer"),
        ],
    ),
    (
        "offline",
        &[
            ("holdover offline on", "nothing connects, whatever asks"),
            ("holdover offline auto", "connect where there is a route out"),
            ("holdover offline", "what holds now"),
        ],
    ),
    (
        "review",
        &[
            ("holdover review list", "what is reviewed, and what on this machine can be"),
            ("holdover review start main..feature", "begin a review of what a branch did since it left main"),
        ],
    ),
    ("review list", &[("holdover review list --json", "all of it, for a program")]),
    (
        "review start",
        &[
            ("holdover review start feature", "a branch, held against the main one"),
            ("holdover review start HEAD", "one commit, held against the one before it"),
        ],
    ),
    (
        "review show",
        &[
            ("holdover review show 8G3KQ2PD", "its files, threads and verdicts; the end of its id is enough"),
            ("holdover review show --sarif", "its threads, for a service that shows findings"),
        ],
    ),
    (
        "review comment",
        &[
            ("holdover review comment src/main.rs:12 -m why", "a thread on a line of the new text"),
            ("holdover review comment src/main.rs:12 --old -m why", "one on a line of the text before the change"),
            ("holdover review comment -m 'Looks good'", "one on the review as a whole"),
        ],
    ),
    ("review reply", &[("holdover review reply 8G3KQ2PD -m because", "answer a thread")]),
    ("review edit", &[("holdover review edit 8G3KQ2PD -m 'why not?'", "another text in a comment's place")]),
    ("review retract", &[("holdover review retract 8G3KQ2PD", "take a comment back, or throw a draft away")]),
    ("review resolve", &[("holdover review resolve 8G3KQ2PD", "this thread is done with")]),
    ("review reopen", &[("holdover review reopen 8G3KQ2PD", "it is not")]),
    (
        "review verdict",
        &[
            ("holdover review verdict approve", "of the commit that the branch holds now, signed"),
            ("holdover review verdict request-changes -m 'See the thread'", "with a thread on the whole review"),
        ],
    ),
    (
        "review publish",
        &[
            (
                "holdover review publish --to github --pull 12 --dry-run",
                "the exact requests, and what stays here; connects nowhere",
            ),
            (
                "holdover review publish 8G3KQ2PD --to github --pull 12",
                "shows the same, asks, and makes a pending review",
            ),
            ("holdover review publish --to github --pull 12 --repository ann/ferry --yes", "for a script"),
        ],
    ),
    ("review apply", &[("holdover review apply 8G3KQ2PD", "put a suggestion in place of the lines that it is about")]),
    (
        "note",
        &[
            ("holdover note add src/main.rs:3-5 -m why", "a note on three lines, for yourself"),
            ("holdover note list", "the notes of this workspace, with where they stand now"),
        ],
    ),
    (
        "note add",
        &[
            ("holdover note add -m Release --shared", "a note on the workspace, for colleagues too"),
            ("holdover note add src/main.rs:12", "one on a line, written in your editor"),
            ("holdover note add src/main.rs --shared", "one on a file, from standard input or your editor"),
        ],
    ),
    (
        "note list",
        &[
            ("holdover note list src --shared", "the shared ones on anything in a folder"),
            ("holdover note list --json", "all of them, for a program"),
        ],
    ),
    ("note show", &[("holdover note show 8G3KQ2PD", "all of one note; the end of its id is enough")]),
    ("note edit", &[("holdover note edit 8G3KQ2PD -m done", "another text in its place")]),
    ("note move", &[("holdover note move 8G3KQ2PD src/lib.rs:40-42", "put a note to the lines that it belongs to")]),
    ("note remove", &[("holdover note remove 8G3KQ2PD", "take a note away, or throw a draft away")]),
    (
        "sync",
        &[
            ("holdover sync", "take in what others wrote, and put there what you did"),
            ("holdover sync stick --json", "with one remote, for a program"),
            ("holdover sync --watch", "stay, and do so by itself, as an editor does"),
        ],
    ),
    (
        "model",
        &[("holdover model add ~/Downloads/qwen2.5-coder-1.5b-q4_k_m.gguf", "a model file that is here already")],
    ),
    (
        "model add",
        &[
            (
                "holdover model add qwen2.5-coder-1.5b-q4_k_m.gguf",
                "copied, pinned by its hash, and used if it is the first",
            ),
            ("holdover model add big.gguf --name large", "under another name"),
        ],
    ),
    ("model list", &[("holdover model list", "which there are, and whether their files are as they were added")]),
    ("model use", &[("holdover model use large", "has this one answer")]),
    ("model verify", &[("holdover model verify", "compare every byte of all of them with what was added")]),
    (
        "model eval",
        &[("holdover model eval large", "how well and how fast it does fixed tasks, before there is no network")],
    ),
    ("model remove", &[("holdover model remove large", "it and its file")]),
    ("remote", &[("holdover remote add stick /media/stick/ferry", "a folder, on a stick or one that is shared")]),
    (
        "remote add",
        &[
            ("holdover remote add stick /media/stick/ferry", "a folder on a stick; it is made, and tried out"),
            ("holdover remote add team ~/Sync/ferry", "one that Syncthing, Dropbox or a server shares"),
            (
                "holdover remote add store 's3://bucket/ferry?endpoint=https://s3.example'",
                "a bucket; keys from the environment or ~/.aws",
            ),
            (
                "holdover remote add origin ssh://git@git.example/ferry.git --key team.key",
                "a git repository, encrypted",
            ),
        ],
    ),
    ("remote key", &[("holdover remote key team.key", "make a key for a team, to be given to everybody by hand")]),
    ("remote list", &[("holdover remote list", "which there are, and when each was last reached")]),
    ("remote probe", &[("holdover remote probe stick", "can it be written, and does it overwrite nothing?")]),
    ("remote remove", &[("holdover remote remove stick", "forget it here; what lies on it stays there")]),
    (
        "queue",
        &[
            ("holdover queue", "what has not come to each remote, and why"),
            ("holdover queue --remote stick --json", "of one remote, for a program"),
        ],
    ),
    ("queue retry", &[("holdover queue retry", "try what was refused at the next synchronisation")]),
    ("queue pause", &[("holdover queue pause --remote stick", "ask nothing of it and put nothing there")]),
    ("queue resume", &[("holdover queue resume", "use all of them again")]),
    ("queue inspect", &[("holdover queue inspect", "each event that waits, not only how many do")]),
    ("device", &[("holdover device list", "who may write to what is shared, and what was kept apart")]),
    (
        "device init",
        &[("holdover device init --name desk --person Ada", "what others will see of this device and of you")],
    ),
    ("device list", &[("holdover device list --json", "the same for a program")]),
    (
        "device invite",
        &[
            ("holdover device invite", "a line to hand over; it lets one person's device in"),
            ("holdover device invite --kind ci --expires 90", "a device for CI, for 90 days"),
        ],
    ),
    (
        "device join",
        &[
            ("holdover device join invitation.txt --to request.bin", "ask to be let in"),
            ("holdover device join request.bin --to answer.bin", "let in who asks, on the device that invited"),
            ("holdover device join answer.bin", "be in"),
        ],
    ),
    ("device admit", &[("holdover device admit 3f9a1c04", "what was kept apart counts, on every device")]),
    (
        "device discard",
        &[("holdover device discard 3f9a1c04 --reason forged", "it is thrown away, and not kept again")],
    ),
    (
        "device roots",
        &[
            ("holdover device roots --next desk --next laptop --threshold 1", "name who has a say"),
            ("holdover device roots --from roots.bin --sign 3f9a1c04", "agree, on another of them"),
        ],
    ),
    ("device revoke", &[("holdover device revoke laptop --reason lost", "its later events no longer count")]),
    ("journal", &[("holdover journal log", "what was done and decided, oldest first")]),
    (
        "journal log",
        &[
            ("holdover journal log -n 20", "the last twenty events"),
            ("holdover journal log --workspace . --kind fetch", "what was fetched for this workspace"),
            ("holdover journal log --since 2h --path src", "who touched this folder"),
            ("holdover journal log -n 0 --follow", "what happens from now on"),
        ],
    ),
    ("journal show", &[("holdover journal show 01KAK2M8Q4T6V8X0Z2B4D6F8HA", "an event, or the whole story of a job")]),
    (
        "journal search",
        &[
            ("holdover journal search no route", "both words, or words that begin so"),
            ("holdover journal search userName --path src --since 1w", "in this folder, this week"),
            ("holdover journal search --advanced -- timeout -npm", "with operators"),
        ],
    ),
    (
        "journal replay",
        &[
            ("holdover journal replay", "are indexes and search what the events say?"),
            ("holdover journal replay --entity 01KAK2M8Q4T6V8X0Z2B4D6F8HA", "how its writes were merged"),
        ],
    ),
    (
        "journal rekey",
        &[
            ("holdover journal rekey --to keyring", "out of the folder, into your keyring"),
            ("holdover journal rekey --to passphrase", "typed once a login, with `holdover journal unlock`"),
            ("holdover journal rekey --to ssh-agent", "whoever has your SSH agent has the journal"),
            ("holdover journal rekey --to keyring --new-key", "copies of the key in backups open nothing new"),
        ],
    ),
    (
        "journal unlock",
        &[
            ("holdover journal unlock", "type the passphrase; editors that run notice"),
            ("holdover journal unlock --passphrase-file -", "the passphrase from stdin, for a script"),
        ],
    ),
    ("journal lock", &[("holdover journal lock", "editors go on without the journal")]),
    (
        "journal verify",
        &[
            ("holdover journal verify", "is the record of this machine whole?"),
            ("holdover journal verify record.jsonl", "is this exported file, and who signed it?"),
        ],
    ),
    (
        "journal redact",
        &[
            ("holdover journal redact 01KAK2M8Q4T6V8X0Z2B4D6F8HA --dry-run", "what would go?"),
            ("holdover journal redact 01KAK2M8Q4T6V8X0Z2B4D6F8HA --reason personal", "delete what it says"),
            ("holdover journal redact", "finish what another process has held up"),
        ],
    ),
    (
        "journal retain",
        &[
            ("holdover journal retain --dry-run", "what is older than the rules in your settings say?"),
            ("holdover journal retain", "delete it now; an editor's server does so when it starts"),
        ],
    ),
    (
        "journal export",
        &[
            ("holdover journal export --out record.jsonl", "all of it, with a signed envelope beside it"),
            ("holdover journal export --kind note", "the notes, to standard output"),
        ],
    ),
    ("lsp", &[("holdover lsp", "what an editor starts; it speaks on stdin and stdout until the editor ends it")]),
    ("completions", &[("holdover completions bash", "a script to source, or to put where your shell looks for it")]),
    (
        "man",
        &[
            ("holdover man preflight", "one page, in the format of man(7)"),
            ("holdover man --to ~/.local/share/man/man1", "every page into a folder"),
        ],
    ),
];

/// Examples of a command, named with its parents but without `holdover`.
pub(crate) fn examples(path: &str) -> &'static [Example] {
    EXAMPLES.iter().find(|(name, _)| *name == path).map_or(&[], |(_, list)| list)
}

/// The command line with everything that its help says.
pub(crate) fn command() -> Command {
    let mut root = Args::command();
    root = with_examples(root, "");
    let styles = root.get_styles().clone();
    let (header, literal) = (*styles.get_header(), *styles.get_literal());
    let mut text = String::from("{about}\n\n{usage-heading} {usage}\n");
    for (title, names) in GROUPS {
        let _ = write!(text, "\n{header}{title}{header:#}\n");
        for name in names {
            let about = match root.find_subcommand(name) {
                Some(sub) => sub.get_about().map(ToString::to_string).unwrap_or_default(),
                None => "Help of a command".to_owned(),
            };
            let _ = writeln!(text, "  {literal}{name:<13}{literal:#} {about}");
        }
    }
    let _ = write!(text, "\n{header}Options{header:#}\n{{options}}\n\n{header}Exit codes{header:#}");
    for (code, meaning) in EXIT_CODES {
        let _ = write!(text, "\n  {literal}{code}{literal:#}  {meaning}");
    }
    root.help_template(text)
}

fn with_examples(mut command: Command, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let below = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(&name, |sub| with_examples(sub, &below));
    }
    let list = examples(path);
    if list.is_empty() {
        return command;
    }
    let header = *command.get_styles().get_header();
    let width = list.iter().map(|(line, _)| line.len()).max().unwrap_or_default();
    let mut text = format!("{header}Examples:{header:#}");
    for (line, purpose) in list {
        let _ = write!(text, "\n  {line:<width$}  {purpose}");
    }
    command.after_help(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]
    use super::*;
    use clap::Parser as _;
    use std::collections::BTreeSet;

    fn paths(command: &Command, path: &str, all: &mut BTreeSet<String>) {
        for sub in command.get_subcommands() {
            let below = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path} {}", sub.get_name()) };
            paths(sub, &below, all);
            all.insert(below);
        }
    }

    #[test]
    fn every_command_has_an_example_that_the_parser_takes_as_that_command() {
        let mut all = BTreeSet::new();
        paths(&Args::command(), "", &mut all);
        assert_eq!(all, EXAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect());
        for &(name, list) in EXAMPLES {
            assert!(!list.is_empty(), "{name}");
            for (line, _) in list {
                assert!(line.starts_with(&format!("holdover {name}")), "{line} is no example of {name}");
                // What stands between quotes is one word.
                let words = line.split('\'').enumerate().flat_map(|(at, part)| match at % 2 {
                    0 => part.split_whitespace().collect(),
                    _ => vec![part],
                });
                Args::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}"));
            }
        }
    }

    #[test]
    fn every_command_stands_in_one_group() {
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let command = Args::command();
        let mut known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        known.push("help");
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
    }

    #[test]
    fn the_whole_command_line_is_sound() {
        command().debug_assert();
    }
}
