//! `holdover journal search`: finds events by words of their texts, best first.

use super::filter::FilterOptions;
use super::lines::clean;
use super::{broken, ready};
use crate::End;
use crate::commands::{Failure, cancel_on_interrupt, count, engine, failed};
use crate::out::Out;
use contract::{JournalHit, JournalSearch};
use journal::{JournalError, Search};
use owo_colors::OwoColorize as _;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Words, beginnings of words, or a path; all of them must be there
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// `"…"` is an exact phrase, `-` in front takes out, `OR` between two means either, `*` behind a word lets it go on
    #[arg(long)]
    advanced: bool,
    /// At most N hits, 200 at the very most
    #[arg(short = 'n', long, value_name = "N", value_parser = crate::args::count, default_value = "20")]
    limit: usize,
    #[command(flatten)]
    which: FilterOptions,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    let mut filter = options.which.filter(&journal)?;
    filter.limit = Some(options.limit);
    ready(&journal, &cancel_on_interrupt(), out);
    let search = Search { text: options.words.join(" "), advanced: options.advanced, filter };
    let found = journal.search(&search).map_err(|e| match e {
        JournalError::BadQuestion { .. } => Failure::usage(e.to_string()),
        e => broken(&e),
    })?;
    for hit in &found.hits {
        out.document(hit);
        if !out.json {
            print(hit, out);
        }
    }
    after(&found, out);
    Ok(if found.hits.is_empty() { End::No } else { End::Yes })
}

fn print(hit: &JournalHit, out: &Out) {
    let entry = &hit.entry;
    out.line(format!(
        "{}  {}  {}  {}",
        clean(&entry.kind).bold(),
        clean(&entry.actor.name).cyan(),
        host::ago(&entry.at).dimmed(),
        entry.id.dimmed()
    ));
    let parts = hit.snippet.iter().map(|part| {
        let text = clean(&part.text);
        if part.hit { text.yellow().bold().to_string() } else { text }
    });
    out.line(format!("    {}", parts.collect::<String>().trim()));
}

fn after(found: &JournalSearch, out: &Out) {
    if found.hits.is_empty() {
        out.detail("nothing was found");
    } else if found.more {
        out.detail("there are more; the newest were looked at first".dimmed().to_string());
    }
    if found.behind > 0 {
        out.warn(&format!("{} not searched: they are not in the index yet", count(found.behind, "newer event")));
    }
}
