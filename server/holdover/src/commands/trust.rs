//! `holdover trust`: lets a workspace's configured commands run, or no longer.

use super::{Failure, engine, failed, open, warn_of_journal};
use crate::End;
use crate::out::Out;
use std::path::Path;

pub(crate) fn run(path: &Path, revoke: bool, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let root = open(&engine, path)?;
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
