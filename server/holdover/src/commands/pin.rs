//! `holdover pin`: lists requirements that leave the version open, and pins them to what is locked.

use super::{Failure, cancel_on_interrupt, count, engine, failed, open, warn_of_journal};
use crate::End;
use crate::out::Out;
use contract::{PinReport, PinnedRequirement};
use engine::PinAsked;
use owo_colors::OwoColorize as _;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Dependencies, as manifests call them; without any, those that can be pinned are listed
    #[arg(value_name = "DEPENDENCY")]
    names: Vec<String>,
    /// Pin every one that leaves the version open
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// In this manifest alone; may be given several times
    #[arg(long, value_name = "FILE")]
    manifest: Vec<PathBuf>,
    /// Workspace, or a folder or file in it
    #[arg(long, value_name = "PATH", default_value = ".")]
    workspace: PathBuf,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let lists = options.names.is_empty() && !options.all;
    let engine = engine();
    let root = open(&engine, &options.workspace, out)?;
    let asked = PinAsked { names: &options.names, manifests: &options.manifest, write: !lists && !options.dry_run };
    let (report, problems) = engine.pin(&root, asked, &cancel_on_interrupt()).map_err(|e| failed(&e))?;
    out.document(&report);
    let here = std::env::current_dir().unwrap_or_default();
    let shown = |path: &Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    for pin in &report.pins {
        out.line(told(pin, &shown(&pin.path), lists, options.dry_run));
    }
    for left in &report.left {
        let place = format!("{}:{}", shown(&left.path), left.range.start.line + 1);
        out.line(format!("{place}: {} is left as it is: {}", left.dependency, left.text));
    }
    for lockfile in &report.lockfiles {
        out.warn(&format!("{} is refused now: {}", shown(&lockfile.path), lockfile.problem));
        if !lockfile.command.is_empty() {
            out.detail(format!("write it anew, from what is here: {}", lockfile.command));
        }
    }
    if lists || options.all {
        out.detail(summary(&report, lists, options.dry_run));
    }
    for problem in &problems {
        out.error(&problem.to_string());
    }
    warn_of_journal(&engine, out);
    engine.leave();
    let refused = report.left.iter().any(|left| left.reason != "exact");
    Ok(match problems.is_empty() {
        false => End::Unknown,
        true if refused || lists && !report.pins.is_empty() => End::No,
        true => End::Yes,
    })
}

fn told(pin: &PinnedRequirement, file: &str, lists: bool, dry_run: bool) -> String {
    let place = format!("{file}:{}", pin.range.start.line + 1);
    let before = if pin.before.trim().is_empty() { "no version".to_owned() } else { pin.before.trim().to_owned() };
    let (name, after) = (&pin.dependency, &pin.after);
    match (lists, pin.written) {
        (true, _) => format!("{place}: {} asks for {before}; {} is locked", name.yellow(), pin.version),
        (_, true) => format!("{place}: {name} asked for {before}, and for {after} now"),
        _ if dry_run => format!("{place}: {name} would ask for {after} and not for {before}"),
        _ => format!("{place}: {} still asks for {before}", name.yellow()),
    }
}

fn summary(report: &PinReport, lists: bool, dry_run: bool) -> String {
    let of = |n: usize| count(n as u64, "requirement");
    match report.pins.len() {
        0 => "no requirement leaves a version open that is locked".to_owned(),
        n if lists => format!(
            "{} the version open; `holdover pin --all` pins them to what is locked",
            if n == 1 { "1 requirement leaves".to_owned() } else { format!("{n} requirements leave") }
        ),
        n if dry_run => format!("would pin {}", of(n)),
        _ => format!("pinned {}", of(report.pins.iter().filter(|pin| pin.written).count())),
    }
}
