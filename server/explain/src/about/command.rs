//! A line for a shell: what it does as a whole, and what each program in it does. Nothing is run.

use super::fact;
use super::says::says;
use crate::commands::{classed, of_part};
use contract::{CommandClass, Fact, FactKind, Shell, ShellPart, ShellRole};

/// The facts about a line for a shell. `shell`: what a parser says of it; `None` where there was none.
#[must_use]
pub fn command(text: &str, shell: Option<&Shell>) -> Vec<Fact> {
    let whole = classed(text);
    let parts: Vec<(&ShellPart, CommandClass, String)> = shell
        .map(|shell| shell.parts.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|part| {
            let (class, reason) = of_part(part);
            (part, class, reason)
        })
        .collect();
    let mut worst = (whole.class, whole.reason);
    for (_, class, reason) in &parts {
        if *class > worst.0 {
            worst = (*class, reason.clone());
        }
    }
    let mut facts = vec![of_all(worst.0, &worst.1)];
    for (n, (part, class, reason)) in parts.iter().enumerate() {
        let how = if n == 0 && part.role == ShellRole::Next { "" } else { role(part.role) };
        // "`ls` only reads" says it already.
        let why = if reason.ends_with(word(*class)) { String::new() } else { format!(": {reason}") };
        let title = format!("{}. {how}`{}` {}{why}", n + 1, part.text.replace('`', "´"), word(*class));
        let mut told = says(part);
        if part.varies {
            told.push("only the shell knows some of its words: a variable, or what another program says".to_owned());
        }
        facts.push(fact(FactKind::Command, title, told.join("\n"), "text", Some(part.line)));
    }
    if let Some(shell) = shell {
        if shell.more > 0 {
            facts.push(fact(FactKind::Command, format!("and {} more programs", shell.more), String::new(), "", None));
        }
        if shell.problems > 0 {
            let title = "it is not whole: a shell would not read it as it stands".to_owned();
            facts.push(fact(FactKind::Command, title, String::new(), "", None));
        }
    }
    facts
}

fn of_all(class: CommandClass, reason: &str) -> Fact {
    let title = format!("all of it {}: {reason}", word(class));
    fact(FactKind::Command, title, String::new(), "", None)
}

fn word(class: CommandClass) -> &'static str {
    match class {
        CommandClass::ReadOnly => "only reads",
        CommandClass::ChangesFiles => "changes files",
        CommandClass::Network => "reaches for a network",
        CommandClass::Unknown => "may do anything",
        CommandClass::Destructive => "is DESTRUCTIVE",
    }
}

fn role(role: ShellRole) -> &'static str {
    match role {
        ShellRole::Next => "then ",
        ShellRole::Piped => "with what that says, ",
        ShellRole::And => "if that went well, ",
        ShellRole::Or => "if that failed, ",
        ShellRole::Substituted => "for words of another one, ",
        ShellRole::Beside => "beside what follows, ",
        ShellRole::Condition => "to decide, ",
        ShellRole::Repeated => "again and again, ",
        ShellRole::Defined => "when its function is called, ",
    }
}
