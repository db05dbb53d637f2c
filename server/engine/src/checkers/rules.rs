//! The texts of linters' rules, as the linters on this machine have them: asked for once, without a network, and remembered.

use super::ask::ask;
use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{Engine, prove};
use checks::checker::{Checker, Found, checker};
use contract::{Position, Range};
use host::Cancel;
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// Characters of a rule's text in a hover.
const SHORT: usize = 4000;
/// Texts of rules that are held beside the journal.
const MOST: usize = 64;

impl Engine {
    /// The text of a rule as Markdown, by the linter on this machine. `file`: one of the workspace that is asked for; nothing of one
    /// that is not trusted is run.
    pub fn rule_markdown(&self, file: &Path, source: &str, code: &str, cancel: &Cancel) -> Option<String> {
        let workspace = self.inner.workspace_of(file)?;
        let id = workspace.check_book.of_source(source);
        let text = rule(&self.inner, &workspace, &id, code, cancel);
        Some(format!("# {code}\n\n{}", text.unwrap_or_else(|| missing(&workspace, &id, code))))
    }

    /// What linters say of a place of an open document, with the text of the rule and how it was found.
    pub fn check_hover(&self, file: &Path, text: &str, at: Position, cancel: &Cancel) -> Option<(Range, String)> {
        let workspace = self.inner.workspace_of(file)?;
        let all = workspace.check_book.in_text(&workspace.root, file, text);
        let within = |found: &&Found| {
            let range = found.finding.range;
            let is_ours = found.finding.source == "holdover";
            !is_ours && range.start.byte <= at.byte && (at.byte < range.end.byte || range.start == range.end)
        };
        let found = all.iter().flat_map(|(found, _)| found).filter(within).min_by_key(|found| {
            let range = found.finding.range;
            range.end.byte - range.start.byte
        })?;
        let finding = &found.finding;
        let id = &*workspace.check_book.of_source(&finding.source);
        let known = workspace.check_book.known(id)?;
        let how = known.record.as_ref().map_or_else(String::new, |record| {
            format!("\n\nfound {} by `{}`", host::ago(&record.at), record.command.replace('`', ""))
        });
        let text = rule(&self.inner, &workspace, id, &finding.code, cancel);
        let mut text = text.unwrap_or_else(|| missing(&workspace, id, &finding.code));
        if text.chars().count() > SHORT {
            text = text.chars().take(SHORT).collect();
            text.push('…');
        }
        Some((finding.range, format!("**{}** ({})\n\n{text}{how}", finding.code, finding.source)))
    }
}

fn missing(workspace: &Workspace, id: &str, code: &str) -> String {
    let checker = checker_of(workspace, id);
    let title = checker.as_ref().map_or(id, |checker| &*checker.title);
    if !workspace.trust().allows() {
        return format!("The text of this rule is {title}'s, which is not run: the workspace is not trusted.");
    }
    if checker.as_ref().is_some_and(|checker| checker.explains(code).is_some()) {
        format!("{title} on this machine gives no text for this rule.")
    } else {
        "This has no text beyond its message.".to_owned()
    }
}

fn checker_of(workspace: &Workspace, id: &str) -> Option<Arc<Checker>> {
    workspace.check_book.plan_of(id).map(|plan| plan.checker).or_else(|| checker(id).cloned())
}

fn rule(inner: &Inner, workspace: &Workspace, id: &str, code: &str, cancel: &Cancel) -> Option<String> {
    let plan = workspace.check_book.plan_of(id)?;
    let checker = &*plan.checker;
    let asked = checker.explains(code)?;
    let program = match &asked.program {
        Some(other) => host::find_program(other)?,
        None => plan.program.clone()?,
    };
    let program_now = std::fs::canonicalize(&program).unwrap_or_else(|_| program.clone());
    let behind = checker.toolchain.and_then(|_| prove::toolchains()).unwrap_or_default();
    let key =
        format!("rule:{}:{code}", host::fingerprint(format!("{}{behind}", prove::stamp(&program_now)).as_bytes()));
    let texts = || workspace.check_book.rules.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts().get(&key) {
        return Some(known.clone());
    }
    let journal = inner.journal_now().and_then(Result::ok);
    let known = inner.about_to_remember(&key).or_else(|| journal.as_ref()?.remember_get(&key).ok().flatten());
    if let Some(known) = known.and_then(|known| String::from_utf8(known).ok()) {
        return Some(known);
    }
    if !workspace.trust().allows() {
        return None;
    }
    let text = ask(inner, workspace, checker, program.to_str()?, &asked.arguments, cancel)?;
    let text = text.trim();
    // The page has its own heading.
    let text =
        text.strip_prefix("# ").and_then(|rest| Some(rest.split_once('\n')?.1)).unwrap_or(text).trim().to_owned();
    if text.is_empty() {
        return None;
    }
    inner.remember_later(vec![(key.clone(), text.clone().into_bytes())]);
    let mut texts = texts();
    if texts.len() >= MOST {
        texts.clear();
    }
    texts.insert(key, text.clone());
    drop(texts);
    Some(text)
}
