//! Commands that a user adds as checks: the same as a definition of ours, from the settings.

use super::{Checker, Format, Inputs, Toolchain, pattern};
use contract::{CheckCommand, CheckFormat, CheckStep};
use serde_json::json;

/// Names that are taken.
const TAKEN: [&str; 4] = ["lints", "holdover", "rustc", "commands"];
/// Characters of a name.
const LONGEST: usize = 40;

impl Checker {
    /// The check that a command of the settings is.
    ///
    /// # Errors
    /// With what is wrong with it and what to write instead.
    pub fn of_command(name: &str, told: &CheckCommand) -> Result<Self, String> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty()
            || name.len() > LONGEST
            || name.starts_with('-')
            || !name.chars().all(is_name)
            || TAKEN.contains(&name)
        {
            return Err(format!("a check cannot have this name: {name}\nhint: take small letters, digits and `-`"));
        }
        let Some((program, arguments)) = told.command.split_first().filter(|(program, _)| !program.is_empty()) else {
            return Err(format!("the check {name} has no command\nhint: `command = [\"PROGRAM\", \"ARGUMENT\"]`"));
        };
        let Some(format) = told.format else {
            return Err(format!(
                "the check {name} does not say what its command writes\nhint: `format`, one of sarif, cargo-json, eslint-json, ruff-json, rdjson, rdjsonl, gcc, regex"
            ));
        };
        match (format, told.pattern.as_deref().map(pattern)) {
            (CheckFormat::Regex, None) => {
                return Err(format!(
                    "the check {name} has no `pattern`\nhint: write a regular expression with the groups `file`, `line` and `message`"
                ));
            }
            (_, Some(Err(why))) => {
                return Err(format!("the `pattern` of the check {name} does not work: {why}\nhint: mend it"));
            }
            _ => {}
        }
        let patterns =
            told.files.iter().map(|file| file.trim_start_matches('/')).find(|file| glob::Pattern::new(file).is_err());
        if let Some(file) = patterns {
            return Err(format!(
                "the check {name} is about files that nothing can be called: {file}\nhint: write names, or paths with `*` and `**`"
            ));
        }
        let files: Vec<&str> = told.files.iter().map(|file| file.trim_start_matches('/')).collect();
        let mut checker = json!({
            "id": name, "title": name, "program": program, "inputs": "all",
            "files": if files.is_empty() { vec!["*"] } else { files },
            "format": format, "columns": told.columns, "tab-width": told.tab_width, "pattern": told.pattern,
            "says": if told.on_stderr { "errors" } else { "output" },
            "writes": told.writes, "severities": told.severities,
            "good": if told.exit_codes.is_empty() { vec![0, 1] } else { told.exit_codes.clone() },
            "get": format!("install {program}, or take the check {name} out of the settings"),
            "project": { "arguments": arguments },
        });
        if let Some(typed) = &told.typed {
            checker["file"] = json!({ "arguments": typed });
        }
        serde_json::from_value(checker)
            .map_err(|e| format!("the check {name} cannot be run: {e}\nhint: see docs/checks.md"))
    }

    /// The check that a step of the settings is.
    ///
    /// # Errors
    /// With what is wrong with it and what to write instead.
    pub fn of_step(told: &CheckStep) -> Result<Self, String> {
        // What it has in common with a command; where nothing is said, it writes for people.
        let command = CheckCommand {
            command: told.command.clone(),
            files: told.inputs.clone(),
            format: told.format.or(Some(CheckFormat::Gcc)),
            pattern: told.pattern.clone(),
            on_stderr: told.on_stderr,
            writes: true,
            ..CheckCommand::default()
        };
        if super::checker(&told.name).is_some() {
            return Err(format!("a check has this name already: {}\nhint: call the step otherwise", told.name));
        }
        let mut checker = Self::of_command(&told.name, &command)?;
        if told.format.is_none() {
            checker.format = Format::Log;
        }
        let program = checker.program.rsplit('/').next().unwrap_or_default().to_owned();
        checker.calls(&[program]);
        checker.get = format!("install {}, or take the step {} out of the settings", checker.program, told.name);
        checker.inputs = if told.inputs.is_empty() { Inputs::All } else { Inputs::Own };
        checker.good = Vec::new();
        for (name, value) in &told.environment {
            checker.environment.insert(name.clone(), value.clone());
        }
        Ok(checker)
    }

    /// That these programs are run, in this order: whose packages have to be here, and whether a toolchain stands behind one.
    pub fn calls(&mut self, programs: &[String]) {
        let packages =
            |program: &String| PACKAGES.iter().find(|(name, _)| name == program).map(|(_, of)| (*of).to_owned());
        self.needs = programs.iter().find_map(packages);
        self.toolchain = programs.iter().any(|program| RUST.contains(&&**program)).then_some(Toolchain::Rust);
    }
}

/// Whose packages a program builds with.
const PACKAGES: [(&str, &str); 9] = [
    ("cargo", "cargo"),
    ("npm", "npm"),
    ("npx", "npm"),
    ("pnpm", "pnpm"),
    ("yarn", "yarn"),
    ("uv", "uv"),
    ("poetry", "poetry"),
    ("go", "go"),
    ("mvn", "maven"),
];
/// Programs behind which a toolchain stands.
const RUST: [&str; 3] = ["cargo", "rustc", "rustdoc"];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use std::path::Path;

    fn told() -> CheckCommand {
        CheckCommand {
            command: vec!["vale".into(), "{files}".into()],
            format: Some(CheckFormat::Gcc),
            ..CheckCommand::default()
        }
    }

    #[test]
    fn a_command_of_the_settings_is_a_check_like_ours() {
        let typed = Some(vec!["--stdin".into(), "{path}".into()]);
        let files = vec!["docs/**/*.md".into(), "*.rst".into()];
        let checker = Checker::of_command("prose", &CheckCommand { typed, files, ..told() }).unwrap();
        assert_eq!(
            (checker.for_file("a").unwrap(), checker.for_folder().unwrap()),
            (vec!["--stdin".into(), "a".into()], &["{files}".to_owned()][..])
        );
        assert!(
            checker.reads(Path::new("docs/a/b.md"))
                && checker.reads(Path::new("docs/b.md"))
                && checker.reads(Path::new("x/y.rst"))
        );
        assert!(!checker.reads(Path::new("a.md")));
        assert_eq!((checker.good, checker.writes), (vec![0, 1], false));
        assert!(Checker::of_command("all", &told()).unwrap().reads(Path::new("any/thing")));
    }

    #[test]
    fn what_cannot_be_run_says_why() {
        for (name, told, why) in [
            ("Prose", told(), "cannot have this name"),
            ("--x", told(), "cannot have this name"),
            ("lints", told(), "cannot have this name"),
            ("prose", CheckCommand { command: vec![], ..told() }, "has no command"),
            ("prose", CheckCommand { format: None, ..told() }, "does not say what"),
            ("prose", CheckCommand { format: Some(CheckFormat::Regex), ..told() }, "has no `pattern`"),
            ("prose", CheckCommand { pattern: Some("(".into()), ..told() }, "does not work"),
            ("prose", CheckCommand { files: vec!["***".into()], ..told() }, "nothing can be called"),
        ] {
            let said = Checker::of_command(name, &told).unwrap_err();
            assert!(said.contains(why) && said.contains("\nhint: "), "{said}");
        }
    }
}
