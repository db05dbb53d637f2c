//! `holdover man`: manual pages, made from the command line's own definition, so that they cannot say anything else.

use super::Failure;
use crate::End;
use crate::help;
use crate::out::Out;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use std::io::Write as _;
use std::path::Path;

pub(crate) fn run(wanted: &[String], to: Option<&Path>, out: &Out) -> Result<End, Failure> {
    let mut root = help::command().disable_help_subcommand(true);
    root.build();
    if let Some(folder) = to {
        return write_all(&root, folder, out);
    }
    let mut command = &root;
    for name in wanted {
        command = command.find_subcommand(name).ok_or_else(|| {
            let hint = "hint: `holdover --help` lists the commands";
            Failure::usage(format!("there is no command of this name: {}\n{hint}", wanted.join(" ")))
        })?;
    }
    let page = page(command, &wanted.join(" ")).map_err(|e| unwritten(&e))?;
    out.verbatim(&page);
    Ok(End::Yes)
}

fn write_all(root: &Command, folder: &Path, out: &Out) -> Result<End, Failure> {
    let failed = |e: &std::io::Error| {
        let mut failure = unwritten(e);
        failure.message = format!("{}: {e}\nhint: `--to` names a folder that you may write to", folder.display());
        failure
    };
    std::fs::create_dir_all(folder).map_err(|e| failed(&e))?;
    let mut pages = Vec::new();
    collect(root, "", &mut pages);
    for (command, path) in pages {
        let file = folder.join(format!("{}.1", name(command)));
        let text = page(command, &path).map_err(|e| unwritten(&e))?;
        std::fs::write(&file, text).map_err(|e| failed(&e))?;
        out.detail(file.display().to_string());
    }
    Ok(End::Yes)
}

fn unwritten(error: &std::io::Error) -> Failure {
    Failure { end: End::Unknown, kind: "output", message: format!("the page could not be made: {error}") }
}

/// A command and those below it, each with its path as the examples know it.
fn collect<'a>(command: &'a Command, path: &str, all: &mut Vec<(&'a Command, String)>) {
    all.push((command, path.to_owned()));
    for sub in command.get_subcommands() {
        let below = format!("{path} {}", sub.get_name());
        collect(sub, below.trim_start(), all);
    }
}

/// `holdover-journal-log`
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, path: &str) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // By hand: the date stays empty, so that the page is the same whenever it is made.
    let (title, version) = (name(command).to_uppercase(), env!("CARGO_PKG_VERSION"));
    writeln!(page, ".TH \"{title}\" \"1\" \"\" \"holdover {version}\" \"Holdover\"")?;
    let man = Man::new(command.clone());
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    rest(command, path).to_writer(&mut page)?;
    Ok(page)
}

/// What clap does not know of.
fn rest(command: &Command, path: &str) -> Roff {
    let mut roff = Roff::new();
    if path != "lsp" {
        roff.control("SH", ["EXIT STATUS"]);
        for (code, meaning) in help::EXIT_CODES {
            roff.control("TP", []).text([bold(code.to_string())]).text([roman(meaning)]);
        }
    }
    if path.is_empty() {
        roff.control("SH", ["ENVIRONMENT"]);
        for (variable, meaning) in help::ENVIRONMENT {
            roff.control("TP", []).text([bold(variable)]).text([roman(meaning)]);
        }
    }
    let examples = help::examples(path);
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
        for (line, purpose) in examples {
            roff.control("TP", []).text([bold(*line)]).text([roman(*purpose)]);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    let above = name(command).rsplit_once('-').map(|(above, _)| above.to_owned());
    let below: Vec<String> = command.get_subcommands().map(|sub| name(sub).to_owned()).collect();
    let all: Vec<String> = above.into_iter().chain(below).collect();
    let mut line = Vec::new();
    for (at, page) in all.iter().enumerate() {
        line.extend([italic(page), roman(if at + 1 == all.len() { "(1)" } else { "(1), " })]);
    }
    roff.text(line);
    roff
}
