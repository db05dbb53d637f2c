//! `holdover review publish`: shows what would be sent, asks, sends. A script says `--yes`.

use super::review::At;
use super::{Failure, cancel_on_interrupt, failed};
use crate::End;
use crate::out::Out;
use clap::ValueEnum;
use contract::{Publication, PublicationState};
use engine::{Engine, PublishAsk};
use std::io::{BufRead as _, IsTerminal as _, Write as _};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The review's id, or the end of it; without it, the only one there is
    id: Option<String>,
    /// Which kind of host
    #[arg(long, value_name = "HOST")]
    to: Host,
    /// Number of the pull request; without it, the one that the review's range names
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pull: Option<u64>,
    /// The repository there; without it, the one of git's remote `upstream`, else `origin`
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// Address of the host's API; without it, of that remote's host
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// Print the requests and what stays here; opens no connection
    #[arg(long)]
    dry_run: bool,
    /// Send without being asked
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Host {
    /// A pending review of a pull request, which you submit there
    Github,
}

pub(super) fn run(engine: &Engine, options: &Options, out: &Out) -> Result<End, Failure> {
    let Host::Github = options.to;
    let root = options.at.root(engine, out)?;
    let ask = PublishAsk {
        review: options.id.clone(),
        repository: options.repository.clone(),
        pull: options.pull,
        api: options.api.clone(),
    };
    let planned = engine.review_publication(&root, &ask).map_err(|e| failed(&e))?;
    if options.dry_run || planned.state == PublicationState::Nothing {
        out.document(&planned);
        tell(&planned, out);
        return Ok(End::Yes);
    }
    if !options.yes {
        tell(&planned, out);
        if !agreed(&planned)? {
            out.line("nothing was sent");
            return Ok(End::No);
        }
    }
    let done = engine.review_publish(&root, &ask, &cancel_on_interrupt()).map_err(|e| failed(&e))?;
    out.document(&done);
    for left in &done.left_out {
        out.detail(format!("left out: {}: {}", left.place, left.why));
    }
    out.line(&done.text);
    if let Some(url) = &done.url {
        out.line(url);
    }
    Ok(End::Yes)
}

fn tell(planned: &Publication, out: &Out) {
    if !out.json {
        out.line(engine::publication_text(planned).trim_end());
    }
}

fn agreed(planned: &Publication) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = "nothing was sent: there is no terminal to ask on\nhint: `--dry-run` shows what would be sent, `--yes` sends it";
        return Err(Failure::usage(message.to_owned()));
    }
    let mut err = anstream::stderr();
    let _ = write!(err, "send this to {}? type yes: ", planned.target).and_then(|()| err.flush());
    let mut line = String::new();
    // Nothing typed is a no.
    let _ = std::io::stdin().lock().read_line(&mut line);
    Ok(line.trim() == "yes")
}
