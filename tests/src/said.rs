//! What a command said and how it ended, for assertions and their messages.

use std::process::Output;

/// Standard output.
#[must_use]
pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error.
#[must_use]
pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The exit code; -1 where a signal ended it.
#[must_use]
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// Standard output of a command that has to end with 0.
///
/// # Panics
/// Where it did not.
#[allow(clippy::must_use_candidate, reason = "that it ended well may be all that is asked")]
pub fn good(output: &Output) -> String {
    assert_eq!(code(output), 0, "{}{}", out(output), err(output));
    out(output)
}
