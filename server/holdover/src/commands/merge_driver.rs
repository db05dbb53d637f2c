//! `holdover merge-driver`: what git runs for a file that both sides changed. Ends as git wants it: 0 merged, 1 conflicts are
//! left, above 128 where git has to stop because nothing was written.

use super::{Failure, count};
use crate::End;
use crate::out::Out;
use engine::DriverFiles;
use std::path::{Path, PathBuf};

/// Git takes it for an error of the driver, gives the merge up and leaves everything as it was.
const STOP: u8 = 129;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What git puts for `%O %A %B %L %P %S %X %Y`: the ancestor's file, ours, theirs, the length of a marker, the path, labels
    #[arg(value_name = "GIT", num_args = 5..=8, required_unless_present_any = ["install", "remove"], conflicts_with_all = ["install", "remove"])]
    files: Vec<String>,
    /// Write the settings of git that make it the driver in this repository
    #[arg(long, conflicts_with = "remove")]
    install: bool,
    /// Take those settings back
    #[arg(long)]
    remove: bool,
    /// With --install and --remove: in all repositories of this user
    #[arg(long)]
    global: bool,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let cancel = super::cancel_on_interrupt();
    if options.install || options.remove {
        let own = std::env::current_exe().ok().filter(|_| options.install);
        let unknown = |message: String| Failure { end: End::Unknown, kind: "git", message };
        if options.install && own.is_none() {
            return Err(unknown("it is not known where this program is".to_owned()));
        }
        engine::set_driver(Path::new("."), own.as_deref(), options.global, &cancel)
            .map_err(|problem| unknown(problem.to_string()))?;
        let done = if options.install { "merges with" } else { "no longer merges with" };
        let place = if options.global { "all repositories of this user" } else { "this repository" };
        out.line(format!("git {done} Holdover in {place}"));
        return Ok(End::Yes);
    }
    let Some(files) = asked(&options.files) else {
        return Err(Failure::usage(
            "this is not what git asks a merge driver: see `holdover merge-driver --help`".to_owned(),
        ));
    };
    let engine = super::engine();
    match engine.drive_merge(&files, &cancel) {
        Ok(driven) => {
            let path = files.path.display();
            for merged in &driven.merged {
                out.note(&format!("{path}: {merged}"));
            }
            if let Some(later) = &driven.later {
                out.note(&format!("{path}: {later}"));
            }
            Ok(match driven.left {
                Some(0) => End::Yes,
                Some(n) if !driven.merged.is_empty() => {
                    out.note(&format!("{path}: {} left", count(n as u64, "conflict")));
                    End::No
                }
                _ => End::No,
            })
        }
        Err(problem) => {
            out.error(&problem.to_string());
            host::leave(STOP)
        }
    }
}

/// An older git leaves what it does not know as it stands in the setting.
fn asked(given: &[String]) -> Option<DriverFiles> {
    let [base, current, incoming, marker, path, labels @ ..] = given else { return None };
    let label = |n: usize| labels.get(n).filter(|label| !label.is_empty() && !label.starts_with('%')).cloned();
    let path = PathBuf::from(path);
    let is_inside = path.is_relative() && !path.components().any(|part| part == std::path::Component::ParentDir);
    Some(DriverFiles {
        base: base.into(),
        current: current.into(),
        incoming: incoming.into(),
        marker: marker.parse().ok().filter(|length| *length >= 1)?,
        path: Some(path).filter(|_| is_inside)?,
        labels: [label(0), label(1), label(2)],
    })
}
