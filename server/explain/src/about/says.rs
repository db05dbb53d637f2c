//! What programs and their options do, in a few words: those that people meet most, and those whose options destroy. What is not named here
//! is not guessed.

use contract::ShellPart;

/// A program, what it does, and its options.
type Said = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const SAID: &[Said] = &[
    ("awk", "runs a small program on each line", &[]),
    ("cat", "shows files", &[]),
    ("cd", "goes to a folder", &[]),
    (
        "chmod",
        "changes who may do what with files",
        &[("-R", "a whole tree of them"), ("777", "everybody may do everything")],
    ),
    ("chown", "changes whose files they are", &[("-R", "a whole tree of them")]),
    (
        "cp",
        "copies files, over others of that name",
        &[
            ("-r", "whole folders"),
            ("-R", "whole folders"),
            ("-a", "whole folders as they are"),
            ("-n", "over none"),
            ("-i", "asks before"),
        ],
    ),
    (
        "curl",
        "asks an address and shows what it says",
        &[
            ("-o", "into the file that follows"),
            ("-O", "into a file"),
            ("-L", "goes where it is led"),
            ("-k", "believes any certificate"),
            ("--insecure", "believes any certificate"),
            ("-f", "fails where the server refuses"),
            ("-s", "says nothing of it"),
            ("-d", "sends data"),
            ("-T", "sends a file"),
        ],
    ),
    ("dd", "copies bytes onto a file or a disk", &[]),
    (
        "docker",
        "works with containers",
        &[
            ("-v", "lets it have a folder of this machine"),
            ("--privileged", "lets it have this machine"),
            ("--rm", "takes the container away afterwards"),
        ],
    ),
    ("echo", "says its words", &[]),
    (
        "find",
        "lists files below folders",
        &[
            ("-delete", "deletes each"),
            ("-exec", "runs a program on each"),
            ("-name", "of a name"),
            ("-mtime", "by age in days"),
            ("-type", "of a kind"),
        ],
    ),
    ("git", "works with the repository", &[]),
    (
        "git add",
        "takes files into the next commit",
        &[("-A", "all of them, deleted ones too"), ("-p", "piece by piece")],
    ),
    (
        "git checkout",
        "goes to another commit, or brings files back",
        &[
            ("--", "files: what was not committed in them is lost"),
            ("-f", "what was not committed is lost"),
            ("-b", "with a new branch"),
        ],
    ),
    (
        "git clean",
        "deletes files that git does not know",
        &[
            ("-f", "without this it does nothing"),
            ("-d", "folders too"),
            ("-x", "also those that are ignored: what was built, local settings"),
        ],
    ),
    (
        "git commit",
        "records what was added",
        &[
            ("-a", "and all that changed"),
            ("--amend", "in place of the last commit"),
            ("--no-verify", "without the project's checks"),
        ],
    ),
    ("git diff", "shows what is changed", &[]),
    (
        "git fetch",
        "gets what a remote has, and changes no file",
        &[("--prune", "forgets branches that are gone there")],
    ),
    ("git log", "shows commits", &[]),
    (
        "git merge",
        "joins another branch into this one",
        &[("--abort", "back to before"), ("--no-ff", "with a commit of its own")],
    ),
    (
        "git pull",
        "gets what a remote has, and joins it into this branch",
        &[("--rebase", "puts own commits on top of it")],
    ),
    (
        "git push",
        "sends commits to a remote",
        &[
            ("--force", "in place of what is there: others' commits may be lost"),
            ("-f", "in place of what is there: others' commits may be lost"),
            ("--force-with-lease", "in place of what is there, where that is as it was seen last"),
            ("--delete", "takes a branch away there"),
            ("--tags", "with all tags"),
        ],
    ),
    ("git rebase", "writes commits anew on top of others", &[("--abort", "back to before")]),
    (
        "git reset",
        "moves the branch to another commit",
        &[
            ("--hard", "what was not committed is lost"),
            ("--soft", "files stay as they are"),
            ("--mixed", "files stay as they are"),
        ],
    ),
    ("git restore", "brings files back as they were", &[("--staged", "out of the next commit alone")]),
    (
        "git stash",
        "puts away what was not committed",
        &[("drop", "for good"), ("clear", "all that was put away, for good"), ("pop", "brings it back")],
    ),
    ("git status", "shows how files stand", &[]),
    (
        "grep",
        "shows lines with a pattern",
        &[
            ("-r", "of all files of a folder"),
            ("-v", "those without it"),
            ("-i", "large and small letters alike"),
            ("-l", "names of files alone"),
            ("-q", "says nothing"),
        ],
    ),
    ("head", "shows the first lines", &[]),
    (
        "kill",
        "ends processes",
        &[("-9", "at once, so that they cannot tidy up"), ("-KILL", "at once, so that they cannot tidy up")],
    ),
    ("ln", "makes another name for a file", &[("-s", "that says where it is"), ("-f", "in place of what is there")]),
    ("ls", "lists files", &[("-a", "hidden ones too"), ("-l", "with size and time"), ("-R", "of all folders below")]),
    (
        "make",
        "builds what a makefile says: it may run anything",
        &[
            ("clean", "takes away what was built, as the project says"),
            ("install", "puts it into the system"),
            ("-j", "several at once"),
            ("-n", "only says what it would do"),
        ],
    ),
    ("mkdir", "makes folders", &[("-p", "with those above, and where they are there already")]),
    ("mv", "moves files, over others of that name", &[("-n", "over none"), ("-i", "asks before")]),
    (
        "npm",
        "works with packages of JavaScript",
        &[
            ("install", "gets packages, and runs their scripts"),
            ("ci", "takes node_modules away and gets all of it anew"),
            ("run", "runs a script of the project"),
            ("-g", "for the whole machine"),
            ("publish", "gives it to everybody"),
        ],
    ),
    (
        "pip",
        "works with packages of Python",
        &[("install", "gets packages, and may run their build"), ("uninstall", "takes them away")],
    ),
    (
        "rm",
        "deletes files, for good",
        &[
            ("-r", "whole folders, with all that is in them"),
            ("-R", "whole folders, with all that is in them"),
            ("--recursive", "whole folders, with all that is in them"),
            ("-f", "without asking"),
            ("--force", "without asking"),
            ("-i", "asks before each"),
        ],
    ),
    (
        "rsync",
        "makes one folder like another",
        &[
            ("--delete", "deletes what the other one has not"),
            ("-n", "only says what it would do"),
            ("-a", "with times and rights"),
            ("-z", "compressed on the way"),
        ],
    ),
    ("scp", "copies files from or to another machine", &[("-r", "whole folders")]),
    (
        "sed",
        "changes text line by line",
        &[("-i", "in the file itself"), ("-n", "shows only what is asked for"), ("-E", "with extended patterns")],
    ),
    ("sleep", "waits", &[]),
    ("sort", "sorts lines", &[("-u", "each once"), ("-n", "as numbers"), ("-r", "backwards")]),
    ("ssh", "runs something on another machine", &[("-A", "lends it your keys"), ("-N", "runs nothing there")]),
    ("sudo", "runs what follows with all rights", &[]),
    ("tail", "shows the last lines", &[("-f", "and what comes, until it is stopped")]),
    (
        "tar",
        "packs and unpacks files",
        &[("-x", "unpacks, over files of those names"), ("-c", "packs"), ("-t", "only lists")],
    ),
    ("tee", "writes what it gets into files too", &[("-a", "at their end")]),
    ("touch", "makes a file, or sets its time", &[]),
    (
        "wget",
        "gets an address into a file",
        &[("-r", "with all that it names"), ("--no-check-certificate", "believes any certificate")],
    ),
    (
        "xargs",
        "runs a program on the names that it is given",
        &[("-0", "which zeros part"), ("-I", "one at a time, put in where a word says"), ("-P", "several at once")],
    ),
];

/// What a program of a line does: its options one by one, and what it writes to and reads from.
pub(super) fn says(part: &ShellPart) -> Vec<String> {
    let value =
        |word: &&String| word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-') && !name.contains('/'));
    let words: Vec<&str> = part.words.iter().skip_while(value).map(String::as_str).collect();
    let mut told = Vec::new();
    let of = |name: &str| SAID.iter().find(|(known, ..)| *known == name);
    if let [program, rest @ ..] = &words[..] {
        let name = program.rsplit('/').next().unwrap_or_default();
        let verb = rest.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
        let found = of(&format!("{name} {verb}")).or_else(|| of(name));
        if let Some((name, what, options)) = found {
            told.push(format!("{name}: {what}"));
            let said = options.iter().filter(|(option, _)| rest.iter().any(|word| is(option, word)));
            told.extend(said.map(|(option, what)| format!("{option}: {what}")));
        }
    }
    for (sign, name) in &part.redirects {
        told.extend(match sign.as_str() {
            ">" | ">|" | "&>" if name != "/dev/null" => {
                Some(format!("> {name}: writes that file anew; what it held is lost"))
            }
            ">" | ">|" | "&>" => Some("> /dev/null: what it says is thrown away".to_owned()),
            ">>" | "&>>" => Some(format!(">> {name}: writes at the end of that file")),
            "<" => Some(format!("< {name}: reads that file")),
            _ => None,
        });
    }
    told
}

/// Whether a word holds an option: itself, with a value, or among several short ones.
fn is(option: &str, word: &str) -> bool {
    if word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')) {
        return true;
    }
    let short = option.strip_prefix('-').filter(|name| name.chars().count() == 1);
    let several = word
        .strip_prefix('-')
        .filter(|names| !names.starts_with('-') && names.chars().all(|c| c.is_ascii_alphabetic()));
    short.zip(several).is_some_and(|(name, names)| names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str], redirects: &[(&str, &str)]) -> Vec<String> {
        let owned = |(sign, name): &(&str, &str)| ((*sign).to_owned(), (*name).to_owned());
        says(&ShellPart {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            redirects: redirects.iter().map(owned).collect(),
            ..ShellPart::default()
        })
    }

    #[test]
    fn options_are_told_one_by_one_also_where_they_stand_together() {
        let rm = ["rm: deletes files, for good", "-r: whole folders, with all that is in them", "-f: without asking"];
        assert_eq!(told(&["A=1", "/bin/rm", "-rf", "build"], &[]), rm);
        assert_eq!(
            told(&["git", "push", "--force", "origin"], &[])[1],
            "--force: in place of what is there: others' commits may be lost"
        );
        assert_eq!(told(&["git", "-C", "x"], &[]), ["git: works with the repository"]);
        assert_eq!(told(&["curl", "--output=x"], &[]), ["curl: asks an address and shows what it says"]);
        let into = told(&["strange"], &[(">", "a"), (">>", "b"), ("<", "c"), (">", "/dev/null"), (">&", "1")]);
        assert_eq!(into.len(), 4, "{into:?}");
        assert!(into[0].ends_with("what it held is lost") && into[3].ends_with("thrown away"), "{into:?}");
        assert!(SAID.is_sorted_by_key(|(name, ..)| *name), "in order of their names");
    }
}
