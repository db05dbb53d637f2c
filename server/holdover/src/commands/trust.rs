//! `holdover trust`: lets a workspace's configured commands run, or no longer.

use super::{Failure, engine, failed, open_root, warn_of_journal};
use crate::End;
use crate::out::Out;
use std::path::Path;

pub(crate) fn run(path: &Path, revoke: bool, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    // What is trusted is one folder, named on purpose: not a file's neighbourhood, and nothing that holds everything.
    let root = std::fs::canonicalize(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    let home = std::env::var_os("HOME").and_then(|home| std::fs::canonicalize(home).ok());
    if !root.is_dir() || root.parent().is_none() || home.as_ref() == Some(&root) {
        let hint = "hint: name the folder of one project";
        return Err(Failure::usage(format!("this is not a workspace: {}\n{hint}", root.display())));
    }
    let root = open_root(&engine, host::workspace_of(&root), out);
    let changed = engine.set_trust(&root, !revoke).map_err(|e| failed(&e))?;
    warn_of_journal(&engine, out);
    out.document(&serde_json::json!({ "workspace": root, "trusted": !revoke, "changed": changed }));
    let root = root.display();
    out.line(match (revoke, changed) {
        (false, true) => {
            format!("trusted: {root}\nTrust ends when `holdover.toml` changes, or with `holdover trust --revoke`.")
        }
        (false, false) => format!("was trusted already: {root}"),
        (true, true) => format!("no longer trusted: {root}"),
        (true, false) => format!("was not trusted: {root}"),
    });
    Ok(End::Yes)
}
