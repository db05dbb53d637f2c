//! What Maven would know of this machine and of how it is called: properties, Java's version, the system.
//! May not run anything; what it does not know it says.

use crate::ecosystem::Ask;
use crate::look::Seen;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    Value(String),
    /// Nobody sets it.
    Absent,
    /// It depends on what is not looked at.
    Unknown,
}

#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Set on the command line.
    pub user: BTreeMap<String, String>,
    /// Set for Java.
    pub system: BTreeMap<String, String>,
    pub environment: BTreeMap<String, String>,
    /// Java's version: `17.0.15`, `1.8.0_402`.
    pub java: Option<String>,
    pub arch: Option<&'static str>,
    pub home: PathBuf,
    pub linux: bool,
    read: std::cell::Cell<bool>,
}

impl Facts {
    pub(super) fn read(ask: &Ask<'_>) -> Self {
        let homes = &ask.options.homes;
        let arch = match ask.target.split('-').next() {
            Some("x86_64") => Some("amd64"),
            Some("aarch64") => Some("aarch64"),
            _ => None,
        };
        let mut facts = Facts {
            environment: homes.variables.clone(),
            java: java(ask),
            arch,
            home: homes.home.clone(),
            linux: ask.target.contains("linux"),
            ..Facts::default()
        };
        for words in ["JAVA_TOOL_OPTIONS", "MAVEN_OPTS"].into_iter().filter_map(|name| homes.variable(name)) {
            facts.options(words);
        }
        facts
    }

    /// Whether a variable of the environment was asked for by name.
    pub(super) fn environment_was_read(&self) -> bool {
        self.read.get()
    }

    /// Takes up what stands in options of Java's.
    pub(super) fn options(&mut self, words: &str) {
        for word in words.split_whitespace() {
            if let Some((name, value)) = word.strip_prefix("-D").map(|rest| rest.split_once('=').unwrap_or((rest, "")))
            {
                if name == "user.home" {
                    self.home = PathBuf::from(value);
                }
                self.system.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A property as the command line, Java and the system have it.
    pub(super) fn property(&self, name: &str) -> Known {
        if let Some(value) = self.user.get(name).or_else(|| self.system.get(name)) {
            return Known::Value(value.clone());
        }
        if let Some(name) = name.strip_prefix("env.") {
            self.read.set(true);
            return self.environment.get(name).map_or(Known::Absent, |value| Known::Value(value.clone()));
        }
        let known = match name {
            "user.home" => Some(self.home.to_string_lossy().into_owned()),
            "java.version" => self.java.clone(),
            "os.arch" => self.arch.map(str::to_owned),
            "os.name" if self.linux => Some("Linux".into()),
            "file.separator" if self.linux => Some("/".into()),
            "path.separator" if self.linux => Some(":".into()),
            _ => None,
        };
        let javas = ["java.", "os.", "user.", "sun.", "jdk.", "file.", "path.", "line.", "awt.", "maven.", "native."];
        match known {
            Some(value) => Known::Value(value),
            None if javas.iter().any(|start| name.starts_with(start)) && !ours(name) => Known::Unknown,
            None => Known::Absent,
        }
    }
}

/// Names that begin as Java's own do, and that only projects set.
fn ours(name: &str) -> bool {
    name.starts_with("maven.compiler.") || name.starts_with("maven.test.") || name.starts_with("maven.javadoc.")
}

/// The version of the Java that Maven would run with, as its folder says it.
fn java(ask: &Ask<'_>) -> Option<String> {
    let homes = &ask.options.homes;
    let named = homes.variable("JAVA_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = named.or_else(|| {
        let program = homes.program("java", ask.look)?;
        let home = program.parent()?.parent()?;
        // Java 8 has one more folder around what runs programs.
        let jre = home.ends_with("jre") && !is_file(&home.join("release"), ask);
        Some(if jre { home.parent()? } else { home }.to_path_buf())
    })?;
    let text = ask.look.text(&home.join("release"), 1 << 16).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    Some(line.trim().trim_matches('"').to_owned())
}

pub(super) fn is_file(path: &Path, ask: &Ask<'_>) -> bool {
    matches!(ask.look.at(path), Seen::File(_))
}
