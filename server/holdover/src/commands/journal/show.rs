//! `holdover journal show`: one event with everything that is known of it, or the whole story of a thing or a job.

use super::broken;
use super::lines::{clean, whole_line};
use crate::End;
use crate::commands::{Failure, count, engine, failed};
use crate::out::Out;
use contract::{ActorKind, Job, JournalEvent, JournalStory, SignatureState};
use owo_colors::OwoColorize as _;
use ulid::Ulid;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Id of an event, a job or anything that events are about
    id: Ulid,
}

pub(super) fn run(options: &Options, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let journal = engine.journal().map_err(|e| failed(&e))?;
    let Some(story) = journal.story(options.id).map_err(|e| broken(&e))? else {
        out.document(&JournalStory::default());
        out.line(format!("the journal knows nothing with the id {}", options.id));
        return Ok(End::No);
    };
    out.document(&story);
    if !out.json {
        print(&story, out);
    }
    Ok(End::Yes)
}

fn print(story: &JournalStory, out: &Out) {
    if let Some(event) = &story.event {
        print_event(event, out);
    }
    if let Some(job) = &story.job {
        print_job(job, out);
    }
    // An event that is all there is to say about itself is not told twice.
    let alone = story.event.is_some() && story.about.len() <= 1 && story.job.is_none();
    if !story.about.is_empty() && !alone {
        title("the whole story", out);
        story.about.iter().for_each(|entry| out.line(whole_line(entry, out.verbose)));
    }
    if !story.referred.is_empty() {
        title("named by", out);
        story.referred.iter().for_each(|entry| out.line(whole_line(entry, out.verbose)));
    }
    if story.more {
        out.detail("there are more events than are shown here".dimmed().to_string());
    }
    if let Some(event) = &story.event
        && event.entry.entity != event.entry.id
    {
        out.detail(format!("\n{}", format!("its story: holdover journal show {}", event.entry.entity).dimmed()));
    }
}

fn title(text: &str, out: &Out) {
    out.line(format!("\n{}", text.bold()));
}

fn row(name: &str, text: &str, out: &Out) {
    out.line(format!("  {}  {text}", format!("{name:<9}").dimmed()));
}

fn print_event(event: &JournalEvent, out: &Out) {
    let entry = &event.entry;
    out.line(format!("{}  {}", clean(&entry.kind).bold(), entry.id.dimmed()));
    row("when", &format!("{}, {}", host::local_time(&entry.at), host::ago(&entry.at)), out);
    let kind = match entry.actor.kind {
        ActorKind::Person => "a person",
        ActorKind::Tool => "a tool",
        ActorKind::Model => "a model",
    };
    row("who", &format!("{}, {kind}", clean(&entry.actor.name)), out);
    for (name, text) in [("model", &entry.actor.model), ("prompt", &entry.actor.prompt)] {
        if let Some(text) = text {
            row(name, &clean(text), out);
        }
    }
    let meant = if event.intent { ", meant by who did it" } else { "" };
    row("state", &format!("{}{meant}", engine::delivery(entry.state)), out);
    let lane = serde_json::to_value(entry.lane).ok().and_then(|lane| lane.as_str().map(str::to_owned));
    row("place", &format!("{} of log {}, lane {}", entry.seq, entry.log, lane.unwrap_or_default()), out);
    row("hash", &event.hash, out);
    let signature = match event.signature {
        SignatureState::None => "none of its own".to_owned(),
        SignatureState::Valid => "its device's, and it holds".green().to_string(),
        SignatureState::Invalid => "does not hold".red().bold().to_string(),
    };
    row("signature", &signature, out);
    if let Some(workspace) = &entry.workspace {
        row("workspace", workspace, out);
    }
    row("about", &entry.entity, out);
    for reference in &event.refs {
        row("names", reference, out);
    }
    if entry.payload.is_null() {
        row("payload", &format!("redacted; it had {}", count(event.payload_length.into(), "byte")), out);
    } else {
        row("payload", &count(event.payload_length.into(), "byte"), out);
        let text = serde_json::to_string_pretty(&entry.payload).unwrap_or_default();
        text.lines().for_each(|line| out.line(format!("    {}", clean(line))));
    }
}

fn print_job(job: &Job, out: &Out) {
    out.line(format!("{}  {}", format!("job: {}", clean(&job.title)).bold(), job.id.dimmed()));
    let word = |value: serde_json::Result<serde_json::Value>| {
        value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    row("kind", &word(serde_json::to_value(job.kind)), out);
    row(
        "state",
        &format!("{}, after {}", word(serde_json::to_value(job.state)), count(job.attempts.into(), "attempt")),
        out,
    );
    if let Some(next) = &job.next_attempt {
        row("next", &host::local_time(next), out);
    }
    if let Some(error) = &job.last_error {
        for (n, line) in error.lines().enumerate() {
            row(if n == 0 { "error" } else { "" }, &clean(line), out);
        }
    }
}
