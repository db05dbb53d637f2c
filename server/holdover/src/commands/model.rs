//! `holdover model`: local models. Adds, lists, chooses, verifies and removes them; downloads nothing.

use super::{Failure, cancel_on_interrupt, engine, failed, open, warn_of_journal};
use crate::End;
use crate::out::{self, Out, Unit};
use clap::Subcommand;
use contract::{ArtifactState, ModelEntry, ModelReport, Progress};
use engine::Engine;
use host::Cancel;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Copy a model file into the data folder, and pin it by its hash
    Add {
        /// The file, in GGUF format
        file: PathBuf,
        /// What it is to be called here; without it, the file's name
        #[arg(long)]
        name: Option<String>,
    },
    /// List the models, and how their files stand by length and time
    List,
    /// Have another model answer
    Use {
        /// Its name
        name: String,
    },
    /// Compare every byte of a model, or of all, with what was added
    Verify {
        /// Its name
        name: Option<String>,
    },
    /// Have a model do fixed tasks: what it says of what it should, and how fast
    Eval {
        /// Its name; without it, what answers here: the endpoint that is set, else the one in use
        name: Option<String>,
    },
    /// Remove a model and its file
    Remove {
        /// Its name
        name: String,
    },
}

pub(super) fn run(command: &Command, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let bar = out.progress(&Unit::Bytes);
    let progress = |told: Progress| bar.report(&told.title, &told.message, told.done, told.total);
    let cancel = cancel_on_interrupt();
    let report = match command {
        Command::Add { file, name } => engine.add_model(file, name.as_deref(), &cancel, &progress),
        Command::List => engine.models(),
        Command::Use { name } => engine.use_model(name),
        Command::Verify { name } => engine.verify_models(name.as_deref(), &cancel, &progress),
        Command::Remove { name } => engine.remove_model(name),
        Command::Eval { name } => {
            drop(bar);
            return evaluate(engine, name.as_deref(), &cancel, out);
        }
    };
    drop(bar);
    let report = report.map_err(|e| failed(&e))?;
    out.document(&report);
    match command {
        Command::Add { .. } => report.models.iter().for_each(|model| added(model, out)),
        Command::List | Command::Verify { .. } => list(&report, out),
        Command::Use { name } => out.line(format!("in use: {name}")),
        Command::Eval { .. } => {}
        Command::Remove { name } => {
            out.line(format!("removed: {name}, with its file"));
            if report.models.iter().any(|model| model.in_use) {
                out.detail("  it was in use; `holdover model use NAME` says which one answers now");
            }
        }
    }
    warn_of_journal(&engine, out);
    engine.leave();
    // Taking out one that is damaged is no failure.
    let whole = |model: &ModelEntry| matches!(model.state, ArtifactState::Present | ArtifactState::Stale);
    let judged = matches!(command, Command::List | Command::Verify { .. });
    Ok(if !judged || report.models.iter().all(whole) { End::Yes } else { End::No })
}

fn evaluate(engine: Engine, name: Option<&str>, cancel: &Cancel, out: &Out) -> Result<End, Failure> {
    let root = open(&engine, Path::new("."), out)?;
    let bar = out.progress(&Unit::Tasks);
    let progress = |told: Progress| bar.report(&told.title, &told.message, told.done, told.total);
    let eval = engine.evaluate_model(&root, name, cancel, &progress).map_err(|e| failed(&e))?;
    drop(bar);
    out.document(&eval);
    for task in &eval.tasks {
        let (told, missing, wrong) = (task.told.len(), task.missing.len(), task.wrong.len());
        out.line(format!("{:<20} {told} of {} facts, {wrong} wrong", task.name, told + missing));
        if missing > 0 {
            out.detail(format!("  not said: {}", task.missing.join(", ")));
        }
        if wrong > 0 {
            out.detail(format!("  not so: {}", task.wrong.join(", ")));
        }
    }
    out.line(&eval.text);
    out.line(&eval.caution);
    engine.leave();
    Ok(End::Yes)
}

fn added(model: &ModelEntry, out: &Out) {
    out.line(format!("added: {}{}", model.name, if model.in_use { ", in use" } else { "" }));
    for line in described(model) {
        out.detail(format!("  {line}"));
    }
}

fn list(report: &ModelReport, out: &Out) {
    for model in &report.models {
        let used = if model.in_use { ", in use" } else { "" };
        out.line(format!("{} {}{used}: {}", out::state(model.state), model.name, model.text));
        for line in described(model) {
            out.detail(format!("  {line}"));
        }
    }
    if report.models.is_empty() {
        out.line("there is no model: `holdover model add FILE` takes a file in GGUF format");
    }
}

fn described(model: &ModelEntry) -> Vec<String> {
    let size = |bytes: u64| indicatif::HumanBytes(bytes).to_string();
    let mut lines = Vec::new();
    lines.extend(model.title.clone());
    lines.push(format!(
        "{}, {} parameters, {}, {} tokens of context, {}",
        model.architecture,
        indicatif::HumanCount(model.parameters),
        model.quantisation,
        indicatif::HumanCount(model.context),
        if model.template { "with a chat template" } else { "without a chat template" },
    ));
    lines.push(format!("{} on the disk, about {} of memory", size(model.bytes), size(model.memory)));
    lines.push(format!("licence, as it says: {}", model.licence.as_deref().unwrap_or("none")));
    lines.push(model.hash.clone());
    lines
}
