//! `holdover explain`: facts at once, then a model's words as they come.

use super::{Failure, cancel_on_interrupt, engine, failed, open, open_root, warn_of_journal};
use crate::End;
use crate::args::{Place, place};
use crate::out::Out;
use contract::{Explanation, ExplanationState};
use engine::{About, Engine, ExplainAsk};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long git and linters may take before facts are printed without them.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What is to be explained: a file, or lines of it
    #[arg(value_name = "FILE[:LINE[-LINE]]", value_parser = place, required_unless_present = "about")]
    place: Option<Place>,
    #[command(flatten)]
    about: Subject,
    /// A question of your own about it
    #[arg(short = 'a', long, value_name = "TEXT")]
    ask: Option<String>,
    /// Facts alone: no model is asked
    #[arg(long)]
    facts: bool,
    /// Ask the model anew, also where the same was answered before
    #[arg(long, conflicts_with = "facts")]
    again: bool,
}

/// What is explained in place of a file.
#[derive(Debug, clap::Args)]
#[group(id = "about", multiple = false, conflicts_with = "place")]
struct Subject {
    /// A line for a shell, which is not run
    #[arg(short = 'c', long, value_name = "TEXT")]
    command: Option<String>,
    /// The end of a log; `-` is standard input
    #[arg(short = 'l', long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The log of a step that builds or tests, as it was run last
    #[arg(short = 's', long, value_name = "NAME")]
    step: Option<String>,
    /// What a branch, a commit or a range changes; without a value, the branch that is here
    #[arg(long, value_name = "RANGE", num_args = 0..=1, default_missing_value = "")]
    change: Option<String>,
    /// A thread of a review, by its id or the end of it
    #[arg(short = 't', long, value_name = "ID")]
    thread: Option<String>,
}

impl Subject {
    fn about(&self) -> About {
        match self {
            Self { command: Some(text), .. } => About::Command(text.clone()),
            Self { log: Some(file), .. } => About::Log(file.clone()),
            Self { step: Some(name), .. } => About::Step(name.clone()),
            Self { change: Some(spec), .. } => About::Change(spec.clone()),
            Self { thread: Some(id), .. } => About::Thread(id.clone()),
            Self { .. } => About::Lines,
        }
    }
}

/// The file, as the workspace's own root is spelled, whose links were followed.
fn file_of(place: &Place) -> Result<PathBuf, Failure> {
    let file = &place.file;
    let file =
        std::path::absolute(file).map_err(|e| Failure::usage(format!("this is no path: {}: {e}", file.display())))?;
    if !file.is_file() {
        return Err(Failure::usage(format!(
            "there is no such file: {}\nhint: lines are `FILE:12` or `FILE:12-15`",
            file.display()
        )));
    }
    Ok(std::fs::canonicalize(&file).unwrap_or(file))
}

pub(crate) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let file = options.place.as_ref().map(file_of).transpose()?;
    let engine = engine();
    let root = match &file {
        Some(file) => open_root(&engine, host::workspace_of(file), out),
        None => open(&engine, Path::new("."), out)?,
    };
    let ask = ExplainAsk {
        about: options.about.about(),
        file: file.unwrap_or_default(),
        lines: options.place.as_ref().and_then(Place::lines),
        question: options.ask.clone(),
        facts_only: options.facts,
        ..ExplainAsk::default()
    };
    let explanation = engine.explain(&root, ask, PATIENCE).map_err(|e| failed(&e))?;
    let explanation = if explanation.state == ExplanationState::Waiting {
        answered(&engine, &explanation, options.again, out)?
    } else {
        print(&explanation.text, out);
        explanation
    };
    out.document(&explanation);
    warn_of_journal(&engine, out);
    engine.shutdown();
    Ok(match explanation.state {
        ExplanationState::Failed => End::Unknown,
        ExplanationState::Cancelled => End::No,
        _ => End::Yes,
    })
}

/// Prints each line of the document once it stays as it is.
fn answered(engine: &Engine, begun: &Explanation, again: bool, out: &Out) -> Result<Explanation, Failure> {
    let cancel = cancel_on_interrupt();
    let mut printed = String::new();
    let end = engine.explain_answer(&begun.id, again, &cancel, &mut |explanation| {
        let text = &explanation.text;
        let stays = match explanation.state {
            // What stands behind the answer, and its last line, are not what they will be.
            ExplanationState::Answering => {
                let said = explanation.answer.as_ref().map_or(0, |answer| answer.text.len());
                let begin = explanation.answer.as_ref().and_then(|answer| text.find(&answer.text)).unwrap_or(0);
                text[..begin + said].rfind('\n').map_or(0, |at| at + 1)
            }
            ExplanationState::Waiting => text.find("\n## Explanation").map_or(0, |at| at + 1),
            _ => return,
        };
        if let Some(new) = text[..stays].strip_prefix(printed.as_str()).filter(|new| !new.is_empty()) {
            print(new.trim_end_matches('\n'), out);
            text[..stays].clone_into(&mut printed);
        }
    });
    let end = end.map_err(|e| failed(&e))?;
    // Where what was printed is no longer so, the whole stands below.
    print(end.text.strip_prefix(printed.as_str()).unwrap_or(&end.text).trim_end_matches('\n'), out);
    Ok(end)
}

fn print(text: &str, out: &Out) {
    out.line(text.trim_end_matches('\n'));
}
