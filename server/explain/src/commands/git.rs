//! What git's commands do.

use contract::CommandClass;

/// `verb` is its command, `rest` all words behind `git`.
pub(super) fn git(verb: &str, rest: &[&str]) -> (CommandClass, String) {
    use CommandClass::{ChangesFiles, Destructive, Network, ReadOnly, Unknown};
    let has = |options: &[&str]| rest.iter().any(|word| options.contains(word));
    let told = |class, what: &str| (class, format!("`git {verb}` {what}"));
    let names = rest.iter().filter(|word| !word.starts_with('-')).count().saturating_sub(1);
    // Settings on the command line can name a program.
    if rest.iter().any(|word| {
        matches!(*word, "-c" | "-O" | "--ext-diff" | "--textconv")
            || word.starts_with("--exec-path")
            || word.starts_with("--upload-pack")
    }) {
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
        | "describe" | "shortlog" | "version" | "merge-base" | "rev-list" | "check-ignore" | "config"
            if !rest.iter().any(|word| word.starts_with("--output"))
                && (verb != "config" || rest.len() <= 2 || has(&["--get", "--list", "-l"])) =>
        {
            told(ReadOnly, "only reads")
        }
        // With a name, they make one.
        "remote" | "branch" | "tag" if names == 0 => told(ReadOnly, "only lists"),
        "remote" | "branch" | "tag" => told(ChangesFiles, "changes names"),
        "add" | "commit" | "checkout" | "switch" | "merge" | "stash" | "apply" | "am" | "mv" | "init"
        | "cherry-pick" | "revert" | "reset" | "worktree" | "notes" | "config" => {
            told(ChangesFiles, "changes the repository")
        }
        _ => told(Unknown, "is not known here"),
    }
}
