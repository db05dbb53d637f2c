//! What is said where the command line itself is wrong: clap's sentences, in the words and the shape of our own errors.
//! Nothing else ends here.

use clap::error::{ContextKind, ContextValue};
use std::ffi::OsString;

/// Prints what clap found and gives the exit code: 0 for `--help` and `--version`, else 2. Where `--json` is among the
/// arguments, programs get a document on stdout too, as for any other failure.
pub(crate) fn told(error: &clap::Error, arguments: &[OsString]) -> u8 {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    if code != 0 && arguments.iter().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let document = serde_json::json!({
            "error": { "kind": "usage", "message": message, "hint": nearest(error).unwrap_or_default() }
        });
        anstream::println!("{document}");
    }
    if code == 0 {
        // A reader that has gone is none of our errors.
        let _ = error.print();
    } else {
        anstream::eprint!("{}", error.render().ansi().to_string().replacen("tip:", "hint:", 1));
    }
    code
}

/// The command or option that may have been meant.
fn nearest(error: &clap::Error) -> Option<String> {
    [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue].into_iter().find_map(
        |kind| match error.get(kind)? {
            ContextValue::String(one) => Some(format!("there is `{one}`")),
            ContextValue::Strings(some) => Some(format!("there is `{}`", some.join("`, `"))),
            _ => None,
        },
    )
}
