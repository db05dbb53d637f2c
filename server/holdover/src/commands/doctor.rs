//! `holdover doctor`: what is set up, what is not, and the next step for each.

use super::{Failure, engine, open};
use crate::End;
use crate::out::Out;
use engine::Mark;
use owo_colors::OwoColorize as _;
use std::path::Path;

pub(crate) fn run(path: &Path, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let root = open(&engine, path, out)?;
    let all = engine.doctor(&root);
    let word = |mark| match mark {
        Mark::Good => "ok",
        Mark::Fair => "note",
        Mark::Bad => "bad",
    };
    let list: Vec<_> = all
        .iter()
        .map(|a| serde_json::json!({ "subject": a.subject, "mark": word(a.mark), "seen": a.seen, "next": a.next }))
        .collect();
    out.document(&list);
    for advice in &all {
        let mark = match advice.mark {
            Mark::Good => word(advice.mark).green().to_string(),
            Mark::Fair => word(advice.mark).yellow().to_string(),
            Mark::Bad => word(advice.mark).red().bold().to_string(),
        };
        // Padded by hand: the colour codes count as characters.
        let pad = " ".repeat(4 - word(advice.mark).len());
        out.line(format!("{mark}{pad}  {:<12} {}", advice.subject, advice.seen));
        if !advice.next.is_empty() {
            out.line(format!("                   {} {}", "hint:".cyan(), advice.next));
        }
    }
    Ok(if all.iter().any(|a| a.mark == Mark::Bad) { End::No } else { End::Yes })
}
