//! What programs ask of a network when they are called so. One file a family of programs; each is given a call and adds drafts.
//! They know nothing of the file that the call stands in, but where it will run.

mod download;
mod git;
mod go;
mod images;
mod jvm;
mod node;
mod python;
mod rust;
mod system;
mod toolchains;

use crate::draft::{Draft, Fix, Place, Thing};
use crate::shell::{Call, Script, Word, call};

/// Adds what the commands of a script ask of a network.
pub(crate) fn look(script: &Script, place: Place, out: &mut Vec<Draft>) {
    let offline = |name: &str, value: &str| match name {
        "CARGO_NET_OFFLINE" => Some("cargo").filter(|_| value == "true" || value == "1"),
        "UV_OFFLINE" => Some("uv").filter(|_| value != "0" && value != "false"),
        "PIP_NO_INDEX" => Some("pip").filter(|_| value != "0" && value != "false"),
        "npm_config_offline" | "NPM_CONFIG_OFFLINE" => Some("npm").filter(|_| value == "true"),
        "GOPROXY" => Some("go").filter(|_| value == "off"),
        "GOFLAGS" => Some("go").filter(|_| value.contains("-mod=vendor")),
        _ => None,
    };
    let everywhere: Vec<&str> = script.variables.iter().filter_map(|(name, value)| offline(name, value)).collect();
    let begun = out.len();
    for command in &script.commands {
        let Some(call) = call(command) else { continue };
        let here = command.sets.iter().filter_map(|(name, value)| offline(name, value));
        let offline: Vec<&str> = everywhere.iter().copied().chain(here).collect();
        let mut asked = Asked { call: &call, place, offline: &offline, out };
        asked.look();
    }
    // An update of the lists before an installation belongs to it.
    let installs = out[begun..].iter().any(|d| matches!(&d.thing, Thing::SystemPackages(names) if !names.is_empty()));
    let mut at = 0;
    out.retain(|draft| {
        at += 1;
        at <= begun || !(installs && matches!(&draft.thing, Thing::SystemPackages(names) if names.is_empty()))
    });
}

/// One call that is looked at.
pub(crate) struct Asked<'a> {
    pub call: &'a Call<'a>,
    place: Place,
    offline: &'a [&'a str],
    out: &'a mut Vec<Draft>,
}

/// What a family says of a call.
pub(crate) struct Said {
    pub code: &'static str,
    pub what: String,
    pub next: String,
    pub thing: Thing,
    pub only_if_absent: bool,
    pub fix: Option<Fix>,
}

impl Said {
    pub(crate) fn new(code: &'static str, what: &str, next: &str, thing: Thing) -> Self {
        Self { code, what: what.to_owned(), next: next.to_owned(), thing, only_if_absent: false, fix: None }
    }
}

impl Asked<'_> {
    fn look(&mut self) {
        // Whoever asks a program what it is asks no network.
        if self.call.has(&["--version", "--help", "-V"]) && self.call.arguments.len() == 1 {
            return;
        }
        match self.call.program {
            "cargo" => rust::cargo(self),
            "rustup" | "nvm" | "fnm" | "volta" | "pyenv" | "rbenv" | "asdf" | "mise" | "corepack" | "sdk" | "n" => {
                toolchains::look(self);
            }
            "npm" | "pnpm" | "yarn" | "bun" | "npx" | "bunx" | "pnpx" => node::look(self),
            "pip" | "pip3" | "pip2" | "python" | "python3" | "py" | "uv" | "uvx" | "pipx" | "poetry" | "pipenv"
            | "pdm" | "conda" | "mamba" | "micromamba" => python::look(self),
            "go" => go::look(self),
            "mvn" | "mvnw" | "gradle" | "gradlew" => jvm::look(self),
            "bundle" | "bundler" | "gem" | "composer" | "dotnet" | "mix" | "terraform" | "tofu" | "helm" | "deno"
            | "conan" | "vcpkg" | "opam" | "luarocks" | "cabal" | "stack" | "pod" | "flutter" | "dart" | "swift" => {
                system::others(self);
            }
            "apt-get" | "apt" | "aptitude" | "apk" | "yum" | "dnf" | "microdnf" | "zypper" | "pacman" | "brew"
            | "snap" | "choco" | "winget" | "tdnf" => system::look(self),
            "git" => git::look(self),
            "docker" | "podman" | "nerdctl" | "docker-compose" | "skopeo" | "crane" => images::look(self),
            _ => download::look(self),
        }
    }

    /// Whether a tool was told to stay offline by a variable.
    pub(crate) fn is_offline(&self, tool: &str) -> bool {
        self.offline.contains(&tool)
    }

    pub(crate) fn on_host(&self) -> bool {
        self.place == Place::Host
    }

    /// Adds a draft of the whole call.
    pub(crate) fn say(&mut self, said: Said) {
        let Said { code, what, next, thing, only_if_absent, fix } = said;
        let what = format!("{what}: {}", self.call.shown());
        let span = self.call.place();
        self.out.push(Draft { code, span, what, next, thing, place: self.place, only_if_absent, fix });
    }

    /// A change that adds `text` behind a word, if the word stands in the file as it is read.
    pub(crate) fn add_behind(&self, word: &Word, title: &str, text: &str) -> Option<Fix> {
        let literal = word.literal()?;
        let raw = self.call.command.piece.text.get(word.span.clone())?;
        let at = self.call.after(word);
        (raw == literal).then(|| Fix { title: title.to_owned(), span: at..at, text: text.to_owned() })
    }
}

/// The first plain argument that is a subcommand.
pub(crate) fn subcommand<'a>(call: &Call<'a>, with_value: &[&str]) -> Option<(&'a Word, Vec<&'a Word>)> {
    let mut words = call.arguments.iter();
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if with_value.contains(&text) {
            words.next();
        } else if !text.starts_with('-') && !text.starts_with('+') {
            return Some((word, words.collect()));
        }
    }
    None
}

/// Those of some words that are no options, as their texts.
pub(crate) fn names(words: &[&Word], with_value: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if with_value.contains(&word.text.as_str()) {
            words.next();
        } else if !word.text.starts_with('-') && word.literal().is_some() {
            found.push(word.text.clone());
        }
    }
    found
}

/// A package without its version: `ripgrep@14` → `ripgrep`; a scope's `@` stays.
pub(crate) fn bare(name: &str) -> String {
    let from = usize::from(name.starts_with('@'));
    let end = name[from..].find(['@', '=', '<', '>', '~', '[', '!']).map_or(name.len(), |at| from + at);
    name[..end].to_owned()
}
