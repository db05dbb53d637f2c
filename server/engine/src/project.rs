//! Which project a workspace is: what clones of one project agree on, wherever they lie and whoever cloned them.
//! Reads small files of the repository and asks git for its first commit; of an address only a hash is kept.

use crate::inner::Inner;
use crate::workspace::Workspace;
use host::{Cancel, Stream, read_small};
use journal::{Claim, Journal};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use ulid::Ulid;

/// Longest that git may take to find the first commit: it looks at every one of a history that has no index of them.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest configuration that is read, in bytes.
const MOST: u64 = 1 << 20;
/// Longest name of a project in the settings, in bytes.
const LONGEST: usize = 200;

/// 16 bytes that name a project.
pub(crate) type ProjectId = [u8; 16];

/// Sees to it that the journal knows which project a workspace is, and answers with its ids there. What the settings say
/// comes first, then where the repository is kept, then its first commit; a folder that is in no repository is no project.
///
/// Settings and addresses are the workspace's own words: whether they hold is the journal's to say, by the first commit and
/// by whether the user trusts the workspace. Where they do not, the first commit alone says which project it is.
pub(crate) fn settle(
    journal: &Journal,
    workspace: &Workspace,
) -> Result<(Ulid, Option<ProjectId>), journal::JournalError> {
    let id = journal.workspace_id(&workspace.root)?;
    let known = journal.workspace_project(id)?;
    let named = workspace.loaded().settings.workspace.project.clone();
    let found = repository(&workspace.root);
    let claimed = claimed(named.as_deref(), found.as_ref());
    workspace.set_doubted(false);
    if claimed.is_none() && (known.is_some() || found.is_none()) {
        return Ok((id, known));
    }
    // Known, it does not change, and asking takes seconds where the history is long.
    let first = || {
        let (repository, _) = found.as_ref()?;
        beginning(&workspace.root, repository, &workspace.history_asked, &workspace.cancel)
    };
    let history = match journal.workspace_history(id)?.filter(|history| !history.is_empty()) {
        Some(history) => history,
        None => first().unwrap_or_default(),
    };
    if history.is_empty() && workspace.cancel.is_cancelled() {
        return Ok((id, known));
    }
    let within = found.as_ref().map_or("", |(_, within)| within);
    let otherwise = (!history.is_empty()).then(|| id_of("commit", &history, within));
    let Some(project) = claimed.or(otherwise) else { return Ok((id, known)) };
    let claim = Claim { project, history, vouched: claimed.is_none() || workspace.trust().allows(), otherwise };
    let noted = journal.claim_project(id, &claim)?;
    workspace.set_doubted(noted != Some(project));
    Ok((id, noted))
}

/// [`settle`] for a workspace that is open, where the journal is.
pub(crate) fn refresh(inner: &Inner, workspace: &Workspace) {
    // A workspace that writes nothing needs no place in the journal.
    if !workspace.loaded().settings.journal.enable.unwrap_or(true) {
        return;
    }
    if let Some(Ok(journal)) = inner.journal_now()
        && journal.newer().is_none()
        && let Err(e) = settle(&journal, workspace)
    {
        tracing::warn!("which project this is could not be noted: {e}");
    }
}

/// What a workspace says that it is, in its settings or by where its repository is kept.
fn claimed(named: Option<&str>, repository: Option<&(PathBuf, String)>) -> Option<ProjectId> {
    if let Some(name) = named.map(str::trim).filter(|name| (1..=LONGEST).contains(&name.len())) {
        return Some(by_name(name));
    }
    let (repository, within) = repository?;
    Some(id_of("remote", &remote(&repository.join("config"))?, within))
}

/// What git could not say is asked again when this has changed: the log of `HEAD`, which every commit and every checkout writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment(Option<SystemTime>);

impl Moment {
    fn of(repository: &Path) -> Self {
        Self(std::fs::metadata(repository.join("logs/HEAD")).and_then(|log| log.modified()).ok())
    }
}

/// The first commit. `asked`: git was asked then, and did not know.
fn beginning(root: &Path, repository: &Path, asked: &Mutex<Option<Moment>>, cancel: &Cancel) -> Option<String> {
    let now = Moment::of(repository);
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    if asked.as_ref() == Some(&now) {
        return None;
    }
    let commit = first_commit(root, repository, cancel);
    // Who stopped it may want to know later.
    *asked = (commit.is_none() && !cancel.is_cancelled()).then_some(now);
    commit
}

/// A name of 32 hexadecimal digits is the id itself.
fn by_name(name: &str) -> ProjectId {
    let mut id = [0; 16];
    if name.len() == 32 && hex_of(name, &mut id) { id } else { id_of("name", name, "") }
}

fn hex_of(text: &str, id: &mut ProjectId) -> bool {
    let digits: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    let Some(digits) = digits else { return false };
    for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
        *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    }
    true
}

fn id_of(what: &str, says: &str, within: &str) -> ProjectId {
    let print = host::fingerprint(format!("holdover.project.v1\0{what}\0{says}\0{within}").as_bytes());
    let mut id = [0; 16];
    // The print is hexadecimal and longer.
    let _ = print.strip_prefix("blake3:").and_then(|hex| hex.get(..32)).is_some_and(|hex| hex_of(hex, &mut id));
    id
}

/// The folder that holds the repository's `config`, and where the workspace lies in its working tree, with `/` between folders.
fn repository(root: &Path) -> Option<(PathBuf, String)> {
    let real = std::fs::canonicalize(root).ok()?;
    let tree = real.ancestors().find(|folder| folder.join(".git").exists())?;
    let within: Vec<String> =
        real.strip_prefix(tree).ok()?.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let git = tree.join(".git");
    let git = if git.is_dir() {
        git
    } else {
        // A working tree of another repository, or one that a superproject keeps.
        let says = String::from_utf8(read_small(&git, 4096).ok()?).ok()?;
        tree.join(says.strip_prefix("gitdir:")?.trim())
    };
    let common = read_small(&git.join("commondir"), 4096).ok().and_then(|says| String::from_utf8(says).ok());
    Some((common.map_or(git.clone(), |common| git.join(common.trim())), within.join("/")))
}

/// Where the repository is kept, in the form that everybody's clone gives: of `upstream` if there is one, then `origin`, then the
/// first by name that is not on this machine.
fn remote(config: &Path) -> Option<String> {
    let text = String::from_utf8_lossy(&read_small(config, MOST).ok()?).into_owned();
    let mut remotes: Vec<(String, String)> = Vec::new();
    let mut section = None;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let name = header.strip_prefix("remote \"").and_then(|rest| rest.split_once("\"]"));
            section = name.map(|(name, _)| name.to_owned());
        } else if let (Some(name), Some((key, value))) = (&section, line.split_once('='))
            && key.trim().eq_ignore_ascii_case("url")
            && let Some(address) = address(value.trim().trim_matches('"'))
        {
            remotes.push((name.clone(), address));
        }
    }
    let rank = |name: &str| match name {
        "upstream" => 0,
        "origin" => 1,
        _ => 2,
    };
    remotes.sort_by(|a, b| (rank(&a.0), &a.0).cmp(&(rank(&b.0), &b.0)));
    remotes.into_iter().next().map(|(_, address)| address)
}

/// `host/path` without user, port, `.git` and letters' case, which differ between people; `None` for a folder of this machine,
/// which is nobody else's.
fn address(url: &str) -> Option<String> {
    let (host, path) = if let Some((scheme, rest)) = url.split_once("://") {
        if scheme.eq_ignore_ascii_case("file") {
            return None;
        }
        rest.split_once('/')?
    } else {
        // `user@host:path`; what has a stroke in front of the colon is a path, and one letter is a drive.
        let (host, path) = url.split_once(':')?;
        if host.contains(['/', '\\']) || host.len() < 2 {
            return None;
        }
        (host, path)
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    // `[::1]:22` keeps what is in brackets.
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit()))
        .map_or(host, |(host, _)| host);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = parts.join("/");
    let path = path.strip_suffix(".git").unwrap_or(&path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{host}/{path}").to_lowercase())
}

/// The first commit; of several, as where histories were joined, the smallest. A shallow clone does not know it.
fn first_commit(root: &Path, repository: &Path, cancel: &Cancel) -> Option<String> {
    if repository.join("shallow").exists() {
        return None;
    }
    let mut commits = Vec::new();
    let question = crate::git::question(root, &["rev-list", "--max-parents=0", "HEAD"]).limit(PATIENCE);
    let ended = question.run(cancel, &mut |stream, line| {
        if stream == Stream::Out && commits.len() < 100 {
            commits.push(line.trim().to_owned());
        }
    });
    ended.ok().filter(host::Output::ok).and_then(|_| commits.into_iter().min())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use crate::{Engine, EngineOptions};
    use std::process::Command as Process;

    /// What a journal that knows nothing else makes of a workspace.
    fn of(root: &Path, named: Option<&str>, known: Option<ProjectId>) -> Option<ProjectId> {
        let found = repository(root);
        let by_commit = || {
            let (repository, within) = found.as_ref()?;
            first_commit(root, repository, &Cancel::new()).map(|commit| id_of("commit", &commit, within))
        };
        claimed(named, found.as_ref()).or(known.filter(|_| found.is_some())).or_else(by_commit)
    }

    fn git(folder: &Path, arguments: &[&str]) {
        let ended = Process::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }

    fn repository_in(folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        git(folder, &["init", "-q"]);
        std::fs::write(folder.join("a"), "a").unwrap();
        git(folder, &["add", "a"]);
        git(folder, &["commit", "-qm", "first"]);
    }

    #[test]
    fn every_way_to_write_one_address_is_one_and_a_folder_is_none() {
        for url in [
            "https://example.org/team/Ferry.git",
            "https://anna:secret@example.org:443/team/ferry/",
            "ssh://git@example.org:2222/team/ferry.git",
            "git@example.org:team/ferry.git",
            "git@EXAMPLE.org:/team//ferry",
            "git://example.org/team/ferry",
        ] {
            assert_eq!(address(url).as_deref(), Some("example.org/team/ferry"), "{url}");
        }
        for url in [
            "/home/anna/ferry.git",
            "../ferry",
            "file:///home/anna/ferry",
            "C:/ferry",
            "./a:b/c",
            "https://example.org",
            "",
        ] {
            assert_eq!(address(url), None, "{url}");
        }
        assert_eq!(address("ssh://[::1]:22/x").as_deref(), Some("[::1]/x"));
    }

    #[test]
    fn two_clones_are_one_project_by_their_first_commit_or_their_remote_or_the_name_that_both_have() {
        let all = tempfile::tempdir().unwrap();
        let first = all.path().join("first");
        repository_in(&first);
        git(all.path(), &["clone", "-q", "first", "second"]);
        let second = all.path().join("second");
        let id = of(&first, None, None).unwrap();
        assert_eq!(of(&second, None, None), Some(id), "the clone's remote is a folder, which counts for nothing");
        let other = all.path().join("other");
        repository_in(&other);
        std::fs::write(other.join("a"), "b").unwrap();
        git(&other, &["commit", "-qam", "another history", "--amend"]);
        assert_ne!(of(&other, None, None).unwrap(), id);
        for (clone, url) in [(&first, "git@example.org:t/f.git"), (&second, "https://example.org/t/f")] {
            let _ = Process::new("git").args(["remote", "remove", "origin"]).current_dir(clone).output();
            git(clone, &["remote", "add", "origin", url]);
        }
        let by_remote = of(&first, None, Some(id)).unwrap();
        assert_eq!(of(&second, None, None), Some(by_remote));
        assert_ne!(by_remote, id);
        git(&second, &["remote", "add", "upstream", "https://example.org/other/f"]);
        assert_ne!(of(&second, None, None), Some(by_remote), "a fork's own place is not where the project is");
        let named = of(&first, Some("ferry"), None).unwrap();
        assert_eq!(of(&other, Some(" ferry "), None), Some(named));
        assert_eq!(of(&other, Some("000102030405060708090a0b0c0d0e0f"), None).unwrap()[15], 15);
        // Parts of one repository are projects of their own, wherever the clone lies; a working tree is its repository's.
        for clone in [&first, &second] {
            std::fs::create_dir(clone.join("part")).unwrap();
        }
        git(&second, &["remote", "remove", "upstream"]);
        assert_eq!(of(&first.join("part"), None, None), of(&second.join("part"), None, None));
        assert_ne!(of(&first.join("part"), None, None), Some(by_remote));
        git(&first, &["worktree", "add", "-q", "../tree"]);
        assert_eq!(of(&all.path().join("tree"), None, None), Some(by_remote));
    }

    #[test]
    fn what_is_in_no_repository_or_has_no_beginning_is_no_project() {
        let all = tempfile::tempdir().unwrap();
        assert_eq!(of(all.path(), None, None), None);
        assert_eq!(of(all.path(), Some("  "), None), None);
        let first = all.path().join("first");
        repository_in(&first);
        git(&first, &["commit", "-q", "--allow-empty", "-m", "second"]);
        git(all.path(), &["clone", "-q", "--depth", "1", &format!("file://{}", first.display()), "shallow"]);
        assert_eq!(of(&all.path().join("shallow"), None, None), None);
        std::fs::write(all.path().join("shallow/.git/config"), "[remote \"origin\"\nurl = ][\n[remote \"x\"]\nurl")
            .unwrap();
        assert_eq!(of(&all.path().join("shallow"), None, None), None);
        std::fs::create_dir(all.path().join("empty")).unwrap();
        git(&all.path().join("empty"), &["init", "-q"]);
        assert_eq!(of(&all.path().join("empty"), None, Some([7; 16])), Some([7; 16]), "what is known stays");
    }

    #[test]
    fn an_untrusted_workspace_cannot_claim_to_be_a_project_of_another_history() {
        let all = tempfile::tempdir().unwrap();
        let (real, hostile, named) = (all.path().join("real"), all.path().join("hostile"), all.path().join("named"));
        for folder in [&real, &hostile, &named] {
            repository_in(folder);
        }
        for folder in [&hostile, &named] {
            git(folder, &["commit", "-q", "--amend", "-m", "another history"]);
        }
        for folder in [&real, &hostile] {
            git(folder, &["remote", "add", "origin", "https://example.org/team/ferry"]);
        }
        let engine = Engine::new(EngineOptions { data_dir: Some(all.path().join("data")), ..EngineOptions::default() });
        let journal = engine.journal().unwrap();
        let settled = |root: &Path| {
            engine.open_workspace(root, None);
            let workspace = engine.inner.workspace(root).unwrap();
            let (_, project) = settle(&journal, &workspace).unwrap();
            // Asked again it is the same, from what was noted.
            assert_eq!(settle(&journal, &workspace).unwrap().1, project);
            (project.unwrap(), workspace.is_doubted())
        };
        let doubted = |root: &Path| engine.doctor(root).iter().any(|one| one.subject == "project");
        let (ferry, _) = settled(&real);
        let (other, in_doubt) = settled(&hostile);
        assert!(other != ferry && in_doubt && doubted(&hostile) && !doubted(&real));
        // Nor by the settings that a clone brings along.
        let id = ferry.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
        std::fs::write(named.join("holdover.toml"), format!("[workspace]\nproject = \"{id}\"\n")).unwrap();
        assert!(settled(&named).0 != ferry);
        // A clone of the real one is it without anybody's word; the other one with the user's.
        git(all.path(), &["clone", "-q", "real", "clone"]);
        git(&all.path().join("clone"), &["remote", "set-url", "origin", "git@example.org:team/ferry.git"]);
        assert_eq!(settled(&all.path().join("clone")), (ferry, false));
        engine.set_trust(&named, true).unwrap();
        assert_eq!(settled(&named), (ferry, false));
    }

    #[test]
    fn what_git_does_not_know_is_asked_once_until_something_is_committed_or_whoever_stopped_it_asks_again() {
        let all = tempfile::tempdir().unwrap();
        let folder = all.path().join("empty");
        std::fs::create_dir(&folder).unwrap();
        git(&folder, &["init", "-q"]);
        let asked = Mutex::default();
        let ask = |cancel: &Cancel| beginning(&folder, &folder.join(".git"), &asked, cancel);
        let stopped = Cancel::new();
        stopped.cancel();
        assert_eq!(ask(&stopped), None);
        assert_eq!(*asked.lock().unwrap(), None, "nobody was asked");
        assert_eq!(ask(&Cancel::new()), None);
        assert_eq!(*asked.lock().unwrap(), Some(Moment(None)));
        repository_in(&folder);
        assert!(ask(&Cancel::new()).is_some());
        // As if git had not known it at this very moment.
        *asked.lock().unwrap() = Some(Moment::of(&folder.join(".git")));
        assert_eq!(ask(&Cancel::new()), None, "git is not asked");
    }
}
