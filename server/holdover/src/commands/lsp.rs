//! `holdover lsp`: hands over to the language server.

use crate::args::Lsp;
use engine::EngineOptions;

pub(crate) fn run(args: &Lsp) -> u8 {
    let options = lsp::LspOptions {
        record: args.record.clone(),
        replay: args.replay.clone(),
        engine: EngineOptions { background: true, ..EngineOptions::default() },
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    lsp::run(options)
}
