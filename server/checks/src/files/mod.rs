//! One file a format: where in it commands stand, and what it names by itself. Commands are handed to the one shell reader.

mod cargo_toml;
mod compose;
mod dockerfile;
mod gitlab;
mod json;
mod justfile;
mod makefile;
mod package_json;
mod precommit;
mod properties;
mod pyproject;
mod requirements;
mod script;
mod terraform;
mod toml_text;
mod toolchain;
mod workflow;
pub(crate) mod yaml;

use crate::draft::Draft;
use crate::kind::Kind;
pub(crate) use compose::has_digest;
use std::ops::Range;
use std::path::Path;

/// What a file holds: drafts, and stretches that one allowance covers as a whole.
#[derive(Default)]
pub(crate) struct Found {
    pub drafts: Vec<Draft>,
    /// Stretches that belong together, in bytes: an instruction of several lines, a recipe.
    pub wholes: Vec<Range<usize>>,
}

pub(crate) fn read(kind: Kind, path: &Path, text: &str) -> Found {
    let mut found = Found::default();
    match kind {
        Kind::Dockerfile => dockerfile::read(text, &mut found),
        Kind::Compose => compose::compose(text, &mut found),
        Kind::Devcontainer => compose::devcontainer(text, &mut found),
        Kind::Workflow => workflow::read(text, &mut found),
        Kind::Gitlab => gitlab::read(text, &mut found),
        Kind::Package => package_json::read(text, &mut found),
        Kind::Makefile => makefile::read(text, &mut found),
        Kind::Justfile => justfile::read(text, &mut found),
        Kind::Shell | Kind::MaybeShell => script::read(kind, text, &mut found),
        Kind::Cargo => cargo_toml::read(text, &mut found),
        Kind::Pyproject => pyproject::read(text, &mut found),
        Kind::Requirements => requirements::read(text, &mut found),
        Kind::Precommit => precommit::read(text, &mut found),
        Kind::Wrapper => properties::read(path, text, &mut found),
        Kind::Gradle => crate::code::gradle(text, &mut found),
        Kind::Terraform => terraform::read(text, &mut found),
        Kind::Toolchain => toolchain::read(path, text, &mut found),
        Kind::Submodules => properties::submodules(text, &mut found),
        Kind::BuildScript => crate::code::build_script(text, &mut found),
        Kind::RustTest | Kind::PythonTest | Kind::ScriptTest => crate::code::test(kind, text, &mut found),
    }
    found
}

/// The lines of a text with where each begins and ends, without what ends it.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        start..start + line.trim_end_matches(['\n', '\r']).len()
    })
}
