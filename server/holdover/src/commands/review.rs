//! `holdover review`: begins reviews, writes to them and prints them.

use super::note::{body, here, root, short};
use super::{Failure, engine, failed, review_publish, warn_of_journal};
use crate::End;
use crate::args::{Place, place};
use crate::out::Out;
use clap::{Subcommand, ValueEnum};
use contract::{DecisionState, Review, ReviewReport, ReviewSide, Thread, VerdictKind};
use engine::{Answer, Engine, NewThread, On};
use owo_colors::OwoColorize as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the reviews of a workspace, and what else on this machine can be reviewed
    List {
        /// Workspace, or a folder or file in it
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Begin a review
    Start {
        /// `main..feature`, a branch, or a commit
        range: String,
        /// What it is called; without it, the branch or the first line of the commit's message
        #[arg(long, value_name = "TEXT")]
        title: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Print a review with its files, threads and verdicts
    Show {
        /// The review's id, or the end of it; without it, the only one there is
        id: Option<String>,
        /// Print a SARIF log, for services that show findings: a result for each thread
        #[arg(long, conflicts_with = "json")]
        sarif: bool,
        #[command(flatten)]
        at: At,
    },
    /// Begin a thread
    Comment {
        /// What it stands on: a file of the change, or lines of it, as they are in the revision; without it, the whole review
        #[arg(value_name = "FILE[:LINE[-LINE]]", value_parser = place)]
        place: Option<Place>,
        /// The review's id, or the end of it; without it, the only one there is
        #[arg(long, value_name = "ID")]
        review: Option<String>,
        /// On the text before the change
        #[arg(long, requires = "place")]
        old: bool,
        #[command(flatten)]
        says: Says,
        #[command(flatten)]
        at: At,
    },
    /// Answer a thread
    Reply {
        /// The thread's id, or the end of it
        id: String,
        #[command(flatten)]
        says: Says,
        #[command(flatten)]
        at: At,
    },
    /// Write a comment anew
    Edit {
        /// The comment's id, or the end of it; of a thread's first comment, the thread's
        id: String,
        #[command(flatten)]
        says: Says,
        #[command(flatten)]
        at: At,
    },
    /// Take a comment back, or throw a draft away
    Retract {
        /// The comment's id, or the end of it
        id: String,
        #[command(flatten)]
        at: At,
    },
    /// Say that a thread is done with
    Resolve {
        /// The thread's id, or the end of it
        id: String,
        #[command(flatten)]
        at: At,
    },
    /// Say that a thread is not done with
    Reopen {
        /// The thread's id, or the end of it
        id: String,
        #[command(flatten)]
        at: At,
    },
    /// Decide about the commit that the branch holds now, signed
    Verdict {
        /// What is decided
        verdict: Verdict,
        /// The review's id, or the end of it; without it, the only one there is
        #[arg(long, value_name = "ID")]
        review: Option<String>,
        /// Words to it, Markdown: a thread on the whole review
        #[arg(short, long, value_name = "TEXT")]
        message: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Put your comments on a pull request, as a pending review; shows what would be sent first
    Publish(review_publish::Options),
    /// Put what a comment suggests in place of the lines that it is about, in the working tree
    Apply {
        /// The comment's id, or the end of it
        id: String,
        #[command(flatten)]
        at: At,
    },
}

/// Where it is done.
#[derive(Debug, clap::Args)]
pub(crate) struct At {
    /// Workspace, or a folder or file in it
    #[arg(long, value_name = "PATH", default_value = ".")]
    workspace: PathBuf,
}

/// A text.
#[derive(Debug, clap::Args)]
pub(crate) struct Says {
    /// Its text, Markdown; without it, standard input or your editor
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Verdict {
    /// It may go in
    Approve,
    /// It may not go in as it is
    RequestChanges,
    /// Neither
    Comment,
}

pub(crate) fn run(command: &Command, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    let end = match command {
        Command::List { path } => {
            let root = root(&engine, &here(path)?, out);
            let report = engine.reviews(&root).map_err(|e| failed(&e))?;
            out.document(&report);
            if !out.json {
                list(&report, out);
            }
            End::Yes
        }
        Command::Start { range, title, at } => {
            let root = at.root(&engine, out)?;
            let review = engine.review_start(&root, range, title.as_deref()).map_err(|e| failed(&e))?;
            out.document(&review);
            out.line(format!("review {}: {}, {}", short(&review.id), review.title, size(&review)));
            End::Yes
        }
        Command::Show { id, sarif, at } => {
            let root = at.root(&engine, out)?;
            let review = engine.review(&root, id.as_deref()).map_err(|e| failed(&e))?;
            out.document(&review);
            if *sarif {
                let log = engine::review_sarif(&review, env!("CARGO_PKG_VERSION"));
                out.verbatim(format!("{log}\n").as_bytes());
            } else if !out.json {
                out.line(engine::review_text(&review).trim_end());
            }
            // What somebody has to decide is no yes.
            if review.decision.state == DecisionState::Conflict { End::No } else { End::Yes }
        }
        Command::Comment { place, review, old, says, at } => {
            let root = at.root(&engine, out)?;
            let side = if *old { ReviewSide::Old } else { ReviewSide::New };
            let on = match place {
                Some(place) => On::File { path: inside(&root, &place.file)?, side, lines: place.lines(), text: None },
                None => On::Review,
            };
            let new = NewThread { review: review.clone(), on, body: body(says.message.as_deref(), "")?, draft: None };
            told(&engine.review_comment(&root, new).map_err(|e| failed(&e))?, "begun", out)
        }
        Command::Reply { id, says, at } => {
            let root = at.root(&engine, out)?;
            let answer = Answer::Reply(body(says.message.as_deref(), "")?);
            told(&engine.review_answer(&root, id, answer, None).map_err(|e| failed(&e))?, "answered", out)
        }
        Command::Edit { id, says, at } => {
            let root = at.root(&engine, out)?;
            let thread = engine.thread(&root, id).map_err(|e| failed(&e))?;
            let wanted = id.trim().to_uppercase();
            let comment = thread.comments.iter().find(|comment| comment.id.ends_with(&wanted));
            let before = comment.map_or("", |comment| comment.body.as_str());
            // What its writer saw is replaced, and nothing that came meanwhile.
            let pred = comment.map(|c| c.versions.iter().flat_map(|version| version.ops.iter().cloned()).collect());
            let answer = Answer::Edit(body(says.message.as_deref(), before)?, pred);
            told(&engine.review_answer(&root, id, answer, None).map_err(|e| failed(&e))?, "changed", out)
        }
        Command::Retract { id, at } => {
            let root = at.root(&engine, out)?;
            let drafts = engine.review_drafts(&root).map_err(|e| failed(&e))?;
            let given = id.trim().to_uppercase();
            // A draft is named in the same list, and thrown away by the same word.
            match drafts.iter().find(|draft| given.len() >= 4 && draft.id.ends_with(&given)) {
                Some(draft) => {
                    let end = draft.id.parse().map_or(Ok(()), |id| engine.note_draft_end(&root, id));
                    end.map_err(|e| failed(&e))?;
                    out.document(draft);
                    out.line(format!("discarded: {}", draft.title));
                    End::Yes
                }
                None => answer(&engine, id, at, Answer::Retract, "retracted", out)?,
            }
        }
        Command::Resolve { id, at } => answer(&engine, id, at, Answer::Resolve, "resolved", out)?,
        Command::Reopen { id, at } => answer(&engine, id, at, Answer::Reopen, "reopened", out)?,
        Command::Verdict { verdict, review, message, at } => {
            let root = at.root(&engine, out)?;
            let verdict = match verdict {
                Verdict::Approve => VerdictKind::Approve,
                Verdict::RequestChanges => VerdictKind::RequestChanges,
                Verdict::Comment => VerdictKind::Comment,
            };
            let review = engine.review_verdict(&root, review.as_deref(), verdict, message.as_deref(), None);
            let review = review.map_err(|e| failed(&e))?;
            out.document(&review);
            out.line(format!("review {}: {}", short(&review.id), review.decision.text));
            End::Yes
        }
        Command::Publish(options) => review_publish::run(&engine, options, out)?,
        Command::Apply { id, at } => {
            let root = at.root(&engine, out)?;
            let edit = engine.review_apply(&root, id).map_err(|e| failed(&e))?;
            out.document(&edit);
            let (first, last) = (edit.range.start.line + 1, edit.range.end.line.max(edit.range.start.line + 1));
            let file = edit.file.strip_prefix(&root).unwrap_or(&edit.file).display().to_string();
            out.line(format!("applied: {file}:{first}-{last}"));
            End::Yes
        }
    };
    warn_of_journal(&engine, out);
    engine.shutdown();
    Ok(end)
}

impl At {
    pub(super) fn root(&self, engine: &Engine, out: &Out) -> Result<PathBuf, Failure> {
        Ok(root(engine, &here(&self.workspace)?, out))
    }
}

fn answer(engine: &Engine, id: &str, at: &At, answer: Answer, what: &str, out: &Out) -> Result<End, Failure> {
    let root = at.root(engine, out)?;
    Ok(told(&engine.review_answer(&root, id, answer, None).map_err(|e| failed(&e))?, what, out))
}

/// A file of a revision need not be there now, so the disk is not asked.
fn inside(root: &Path, file: &Path) -> Result<String, Failure> {
    let absolute = here(file)?;
    let real = absolute.parent().and_then(|folder| std::fs::canonicalize(folder).ok());
    let real = real.zip(absolute.file_name()).map(|(folder, name)| folder.join(name));
    let below = absolute.strip_prefix(root).ok().or_else(|| real.as_ref()?.strip_prefix(root).ok());
    let path = below.and_then(Path::to_str).map(|path| path.replace('\\', "/"));
    path.ok_or_else(|| {
        let file = file.display();
        Failure::usage(format!(
            "this file is not in the workspace {}: {file}\nhint: name a file of the review",
            root.display()
        ))
    })
}

/// What was done, in one line.
fn told(thread: &Thread, what: &str, out: &Out) -> End {
    out.document(thread);
    out.line(format!("{what}: {} {}", short(&thread.id), thread.about));
    if !thread.disputed.is_empty() {
        out.detail(format!("          {}", thread.disputed));
    }
    End::Yes
}

fn size(review: &Review) -> String {
    let (added, removed) = review.files.iter().fold((0, 0), |(a, r), file| (a + file.added, r + file.removed));
    format!("{}, +{added} -{removed}", super::count(review.file_count, "file"))
}

fn list(report: &ReviewReport, out: &Out) {
    for review in &report.reviews {
        let threads = format!("{} of {} open", review.open_threads, super::count(review.thread_count, "thread"));
        let files = super::count(review.file_count, "file");
        out.line(format!("{}  {}  {files}, {threads}", short(&review.id).yellow(), review.title.bold()));
        out.detail(format!("          {}", review.about).dimmed().to_string());
    }
    for draft in &report.drafts {
        out.line(format!("{}  {}  {}", short(&draft.id).yellow(), draft.place.text, draft.title.bold()));
        out.detail(format!("          {}", draft.about).dimmed().to_string());
    }
    if !report.candidates.is_empty() {
        out.line("can be reviewed:");
    }
    for candidate in &report.candidates {
        let size = format!("{}, +{} -{}", super::count(candidate.files, "file"), candidate.added, candidate.removed);
        out.line(format!(
            "  {}  {size}, {}  {}",
            candidate.name.bold(),
            host::local_time(&candidate.at),
            candidate.title
        ));
    }
    if report.reviews.is_empty() && report.candidates.is_empty() {
        out.detail("there is nothing to review here");
    }
}
