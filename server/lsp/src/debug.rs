//! Switches for tests, from the variable `HOLDOVER_DEBUG`: a list of words with commas between.
//! `sleep`: the request `holdover/debug/sleep {ms}` is known, which takes that long. `ask-on-open`: the client is asked for
//! its configuration at every `didOpen`. `hung-files`: settings, trust and the log lie on a disk that does
//! not answer.
//! None of them is for users.

/// The switches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Debug {
    pub sleep: bool,
    pub ask_on_open: bool,
    pub hung_files: bool,
}

impl Debug {
    /// From the environment.
    pub(crate) fn from_environment() -> Self {
        let words = std::env::var("HOLDOVER_DEBUG").unwrap_or_default();
        let has = |word| words.split(',').any(|w| w.trim() == word);
        Self { sleep: has("sleep"), ask_on_open: has("ask-on-open"), hung_files: has("hung-files") }
    }

    /// What is to be done before a file is read, if something is.
    pub(crate) fn before_reading(self) -> Option<fn()> {
        self.hung_files.then_some(|| std::thread::sleep(std::time::Duration::from_hours(24)))
    }
}
