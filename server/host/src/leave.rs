//! The end of the process. Exit handlers of linked C libraries must not run under threads that are still at work:
//! OpenSSL's crashed one exit in a few hundred.

use std::io::Write as _;

/// Ends the process with `code` at once, and every tool that it started: standard output is flushed, exit handlers are not run.
/// What must not be lost has to be on disk before.
pub fn leave(code: u8) -> ! {
    crate::group::end_running();
    let _ = std::io::stdout().flush();
    #[cfg(target_os = "linux")]
    crate::watches::close_later();
    #[cfg(unix)]
    signal_hook::low_level::exit(i32::from(code));
    #[cfg(not(unix))]
    std::process::exit(i32::from(code));
}
