//! A git bundle as a remote: one file that holds the refs and all that they need. It is read as a repository is, and written anew beside
//! itself; what somebody else wrote there meanwhile is never replaced unread.

use super::Git;
use super::program::Streams;
use super::refs::{NEXT, SPACES};
use super::words::{self, Pushed};
use crate::call::Call;
use crate::error::RemoteError;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::SystemTime;

impl Git {
    /// Writes all refs and the new commit into the bundle, in place of the one that was read.
    pub(super) fn write_bundle(&self, file: &Path, to: &str, call: &Call) -> Result<Pushed, RemoteError> {
        let before = stamp(file);
        let failed = |complaints: &[String]| words::of_complaints(&self.at.text(), "file", complaints);
        // What was read is what is replaced: whoever wrote there since is read first.
        if file.exists()
            && let Err(complaints) = self.cache.fetch(&self.at.argument(), None, call)?
        {
            return Err(failed(&complaints));
        }
        let old = self.cache.program.here(
            &["rev-parse", "--verify", "--quiet", "--end-of-options", to],
            Streams::lines(1),
            call,
        )?;
        if let Some(old) = old.out.first().filter(|_| old.ok)
            && !self.cache.follows(old, NEXT, call)?
        {
            return Ok(Pushed::Moved);
        }
        let said = self.cache.program.here(&["update-ref", "--end-of-options", to, NEXT], Streams::default(), call)?;
        if !said.ok {
            return Err(failed(&said.complaints));
        }
        let folder = file.parent().unwrap_or(Path::new("/"));
        let broken = |e: io::Error| not_written(file, &e);
        let mut aside = tempfile::Builder::new();
        aside.prefix("~").suffix(".tmp");
        // For everybody whom the folder is for, as any file there.
        #[cfg(unix)]
        aside.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let aside = aside.tempfile_in(folder).map_err(broken)?;
        let output = aside.reopen().map_err(broken)?;
        let globs: Vec<String> = SPACES.iter().map(|space| format!("--glob={space}")).collect();
        let mut arguments = vec!["bundle", "create", "--quiet", "-"];
        arguments.extend(globs.iter().map(String::as_str));
        let streams = Streams { input: None, output: Some(output), most_lines: 0 };
        let said = self.cache.program.here(&arguments, streams, call)?;
        if !said.ok {
            return Err(failed(&said.complaints));
        }
        aside.as_file().sync_all().map_err(broken)?;
        if stamp(file) != before {
            return Ok(Pushed::Moved);
        }
        aside.persist(file).map_err(|e| not_written(file, &e.error))?;
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(Pushed::Done)
    }
}

/// What tells one file at a path from another.
fn stamp(file: &Path) -> Option<(u64, Option<SystemTime>)> {
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.len(), meta.modified().ok()))
}

fn not_written(file: &Path, error: &io::Error) -> RemoteError {
    words::of_file("write", file, error, "look whether what it lies on is there, may be written and has room")
}
