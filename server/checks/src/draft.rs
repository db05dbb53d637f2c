//! What a lint found in a text, before anybody asked whether the thing is on this machine.
//! Made from the text alone, so it can be kept for as long as the text stays the same.

use contract::Severity;
use std::ops::Range;

/// Where the line that was found will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Host,
    /// While an image is built: what this machine has is not seen from there.
    Image,
    /// The same, with a cache that lasts from build to build.
    CachedImage,
    /// Where CI runs, which has a network.
    Ci,
}

/// What has to be here for the line to work without a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// It is the line itself that matters, whatever is here.
    Nothing(Severity),
    /// Nobody can tell from the line what it brings.
    Untold,
    /// What the lockfile of an ecosystem names: `cargo`, `npm`, ….
    Packages(&'static str),
    /// A program in `PATH`, or in `node_modules/.bin` beside the file.
    Programs(Vec<String>),
    /// Packages of the operating system.
    SystemPackages(Vec<String>),
    /// A container image, as it is written.
    Image(String),
    /// A toolchain: `rust`, `node`, `python`, …, and its version as it is written.
    Toolchain(&'static str, String),
    /// A distribution that a wrapper downloads: `gradle` or `maven`, and its address.
    Wrapper(&'static str, String),
    /// Repositories of hooks, kept by pre-commit.
    Hooks(String),
    /// What an install script downloads beside a package: `cypress`, `playwright`, ….
    Browser(&'static str),
    /// A submodule, by its path in the repository; empty: all of them.
    Submodule(String),
    /// A module of Terraform, by its source.
    TerraformModule(String),
    /// A provider of Terraform, by its source.
    TerraformProvider(String),
    /// An action, as `owner/name@ref`.
    Action(String),
}

/// A change of the text that makes the line need less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the menu says.
    pub title: String,
    /// Where, in bytes; an empty range inserts.
    pub span: Range<usize>,
    /// What is put there.
    pub text: String,
}

/// One thing found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The code, one of [`contract::codes`].
    pub code: &'static str,
    /// Where, in bytes of the file.
    pub span: Range<usize>,
    /// What it does, in words that end with the place's own text.
    pub what: String,
    /// What to do before the connection is gone.
    pub next: String,
    /// What has to be here.
    pub thing: Thing,
    /// Where it will run.
    pub place: Place,
    /// Nothing is said of it where the thing is here.
    pub only_if_absent: bool,
    /// A safe change, where there is one.
    pub fix: Option<Fix>,
}
