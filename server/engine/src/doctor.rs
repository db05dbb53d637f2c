//! What is set up, what is not, and the next step for each.

use crate::Engine;
use crate::words::{counted, size};
use contract::ConnectivityState;
use journal::Erasure;
use std::path::Path;

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Works, and could be better.
    Fair,
    /// Does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What.
    pub subject: String,
    /// How it stands.
    pub mark: Mark,
    /// What was seen.
    pub seen: String,
    /// What to do; empty where nothing need be done.
    pub next: String,
}

impl Engine {
    /// Looks at data folder, journal, tools, connection, trust and settings. Runs `--version` of tools
    /// found in PATH, in the data folder and never in the workspace; git's plumbing; and gpg's list of secret keys, where git signs with it.
    #[must_use]
    pub fn doctor(&self, root: &Path) -> Vec<Advice> {
        let mut all = Vec::new();
        let mut add = |subject: &str, mark, seen: String, next: &str| {
            all.push(Advice { subject: subject.to_owned(), mark, seen, next: next.to_owned() });
        };
        let folders = self.folders();
        match folders.make_data() {
            Ok(()) => add("data folder", Mark::Good, folders.data.display().to_string(), ""),
            Err(e) => {
                add("data folder", Mark::Bad, e.to_string(), "set HOLDOVER_DATA_DIR to a folder that you may write");
            }
        }
        match self.inner.journal() {
            Ok(journal) => {
                let events = match journal.count() {
                    Ok(events) => counted(events, "event"),
                    Err(e) => format!("events that could not be counted: {e}"),
                };
                let size = size(journal.bytes());
                let file = journal.database().display();
                add("journal", Mark::Good, format!("{file}: {events}, {size}, encrypted"), "");
                if let Ok(left) = journal.unsealed(&journal::SealPolicy::default()) {
                    let sealed = crate::words::unsealed(left.events);
                    add("segments", Mark::Good, sealed, "");
                }
                if let Some(newer) = journal.newer() {
                    add("journal", Mark::Bad, newer.to_string(), "install the newer Holdover that wrote it");
                }
                if let Some(spent) = crate::words::reserve(journal.look_at_reserve()) {
                    add("journal", Mark::Bad, spent.to_owned(), crate::words::FREE_THE_DISK);
                }
                match journal.erasure() {
                    Ok(pending @ Erasure::Pending { deletions, .. }) => {
                        let why = crate::words::held_up(&pending).unwrap_or("it was not tried yet");
                        let what = counted(deletions, "deletion");
                        let seen = format!("{what} not gone from the files yet: {why}");
                        add(
                            "journal",
                            Mark::Fair,
                            seen,
                            "the next editor that starts tries again, and so does `holdover journal redact`",
                        );
                    }
                    Ok(Erasure::Done) => {}
                    Err(e) => add("journal", Mark::Bad, e.to_string(), ""),
                }
                if let Some(trouble) = journal.trouble() {
                    add("journal", Mark::Bad, trouble.to_string(), "");
                }
            }
            // Its own next step is in the reason.
            Err(reason) if self.inner.door.is_locked() => add("journal", Mark::Fair, reason, ""),
            Err(reason) => add("journal", Mark::Bad, reason, "editors work on without it; nothing is recorded"),
        }
        let keys = crate::keys::of(folders);
        if let Some(standing) = journal::key_standing(&folders.data, &keys) {
            let mark =
                if standing.copy_in_clear.is_some() || standing.retiring.is_some() { Mark::Fair } else { Mark::Good };
            let (seen, next) = crate::keys::protection(&standing);
            add("journal key", mark, seen, &next);
        }
        for (tool, what) in [
            ("cargo", "fetches crates"),
            ("npm", "fetches npm packages"),
            ("pnpm", "fetches pnpm's packages"),
            ("uv", "fetches Python packages"),
            ("yarn", "fetches Yarn's packages"),
            ("python3", "has the pip that fetches for requirements files"),
            ("poetry", "fetches Poetry's packages"),
            ("go", "fetches Go's modules"),
            ("mvn", "fetches Maven's artifacts"),
            ("git", "is used by all of them"),
        ] {
            match host::find_program(tool) {
                Some(path) => add(tool, Mark::Good, format!("{}: {what}", path.display()), ""),
                None => add(tool, Mark::Fair, format!("not in PATH: {what}"), "install it where a workspace needs it"),
            }
        }
        let (mark, seen, next) = crate::models::advice(&self.inner);
        add("model", mark, seen, next);
        if let Some((mark, seen, next)) = crate::signing::look(root, &host::Cancel::new()) {
            add("signing key", mark, seen, next);
        }
        let connectivity = self.connectivity();
        let mark = if connectivity.state == ConnectivityState::Online { Mark::Good } else { Mark::Fair };
        add("connection", mark, connectivity.detail, "");
        match self.trust_of(root) {
            Ok(host::Trust::Trusted) => add("trust", Mark::Good, "this workspace is trusted".into(), ""),
            Ok(host::Trust::Untrusted) => add(
                "trust",
                Mark::Fair,
                "this workspace is not trusted: nothing that it names is run".into(),
                "`holdover trust` lets `preflight --fetch` run",
            ),
            Ok(host::Trust::Changed) => add(
                "trust",
                Mark::Fair,
                "this workspace was trusted, and `holdover.toml` has changed since".into(),
                "read it, then `holdover trust`",
            ),
            Err(e) => add("trust", Mark::Bad, e.to_string(), ""),
        }
        if let Some(workspace) = self.inner.workspace(root) {
            if workspace.is_doubted() {
                add("project", Mark::Fair, crate::words::ANOTHER_HISTORY.to_owned(), crate::words::TRUST_IF_YOURS);
            }
            let loaded = workspace.loaded();
            if loaded.problems.is_empty() {
                add("settings", Mark::Good, "read without a problem".into(), "");
            }
            for problem in &loaded.problems {
                add("settings", Mark::Fair, format!("{}: {}", problem.source, problem.message), "");
            }
        }
        all
    }
}
