//! A proof run in words, the same for the terminal, the editors and the journal. Judges nothing.

use crate::notes::shown_plain;
use crate::words::{counted, thousands};
use contract::{Proof, ProofState, ProofStep, Reach};
use host::{Ended, Who};

/// Who it was and for what: `curl, started by sh and npm, for the script postinstall of left-pad 1.3.0`.
pub(super) fn who(reach: &Reach) -> String {
    let mut said = format!("`{}`", shown_plain(&reach.program));
    if let Some(script) = &reach.script {
        said = format!("{said} with {}", shown_plain(&script.display().to_string()));
    }
    if !reach.ancestors.is_empty() {
        let by: Vec<String> = reach.ancestors.iter().take(4).map(|name| shown_plain(name)).collect();
        said = format!("{said} (started by {})", by.join(", by "));
    }
    match (&reach.lifecycle, &reach.package) {
        (Some(script), Some(package)) => {
            said + &format!(", the script {} of {}", shown_plain(script), shown_plain(package))
        }
        (Some(script), None) => said + &format!(", the script {}", shown_plain(script)),
        (None, Some(package)) => said + &format!(", for the package {}", shown_plain(package)),
        (None, None) => said,
    }
}

/// All of a reach in a sentence.
pub(super) fn reach(reach: &Reach, step: Option<&ProofStep>) -> String {
    let host = shown_plain(&reach.host);
    let whom = match (reach.way.as_str(), reach.port) {
        ("name", _) => format!("asked for the address of {host}"),
        ("service", _) => format!("asked the service at {host}, which has the network"),
        ("udp", Some(port)) => format!("reached for {host}, port {port}, by UDP"),
        (_, Some(port)) => format!("reached for {host}, port {port}"),
        (_, None) => format!("reached for {host}"),
    };
    let times = if reach.times > 1 { format!(", {} times", thousands(reach.times)) } else { String::new() };
    let command = step.map(|step| format!(" of `{}`", step.command.join(" "))).unwrap_or_default();
    let after = match (&reach.line, reach.line_number) {
        (Some(line), Some(number)) => {
            format!("; the output{command} had come to line {number}: {}", shown_plain(line.trim()))
        }
        _ => format!("; the output{command} had not begun"),
    };
    format!("{} {whom}{times}{after}", who(reach))
}

/// The answer of a proof run.
pub(super) fn verdict(proof: &Proof) -> String {
    let how = match proof.strength.as_str() {
        "namespace" => "in a network of its own without a way out",
        "calls" => "with every system call that names an address refused, which is weaker than a network of its own",
        _ => "",
    };
    let watched = if proof.watched { "" } else { "; who reached for the network could not be watched" };
    match proof.state {
        ProofState::Proven => format!("proven: {} passed {how}{watched}", counted(proof.steps.len() as u64, "command")),
        ProofState::Reached => {
            let passed = proof.steps.iter().all(|step| step.passed == Some(true));
            let also = if passed { ", and what was run passed all the same" } else { "" };
            let several = proof.reaches.len() as u64;
            let what = match (several, proof.unnamed) {
                (0, unnamed) => format!("the system refused {}, and nobody could be named", counted(unnamed, "packet")),
                (several, 0) => format!("the network was reached for in {}", counted(several, "way")),
                (several, unnamed) => {
                    format!("the network was reached for in {}, and {} more could not be named", counted(several, "way"), thousands(unnamed))
                }
            };
            format!("not proven: {what}{also}; it was run {how}")
        }
        ProofState::Failed => {
            let failed = proof.steps.iter().find(|step| step.passed == Some(false));
            let what = failed.map_or_else(String::new, |step| format!("`{}` {}", step.command.join(" "), step.ended));
            format!("not proven: {what}, and nobody reached for the network; it was run {how}{watched}")
        }
        ProofState::Stopped => "not proven: it was stopped".to_owned(),
        ProofState::Unknown if proof.steps.is_empty() => {
            "could not be told: there is nothing to run; `prove.commands` in `holdover.toml` says what builds and tests this".to_owned()
        }
        ProofState::Unknown => format!("could not be told: nothing was run, because nothing here keeps the network from it: {}", proof.remarks.join("; ")),
    }
}

/// How a command ended.
pub(super) fn ended(ended: Option<Ended>, limit: u64) -> String {
    match ended {
        Some(Ended::Exited(0)) => "passed".to_owned(),
        Some(Ended::Exited(code)) => format!("ended with exit code {code}"),
        Some(Ended::Signalled(0)) => "was ended from outside".to_owned(),
        Some(Ended::Signalled(signal)) => format!("was ended by signal {signal}"),
        Some(Ended::TimedOut) => format!("ran past its limit of {limit} s"),
        Some(Ended::Cancelled | Ended::ForcedOffline) => "was stopped".to_owned(),
        None => "was not run".to_owned(),
    }
}

/// A package with its version.
pub(super) fn package(who: &Who) -> Option<String> {
    let name = who.package.as_ref()?;
    Some(who.version.as_ref().map_or_else(|| name.clone(), |version| format!("{name} {version}")))
}
