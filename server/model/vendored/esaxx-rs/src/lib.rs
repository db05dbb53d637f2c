//! Repeated pieces of a text are not looked for: a model's vocabulary is taken from its file, and none is trained.

/// What was found: nothing.
#[derive(Debug)]
pub struct Suffix;

/// Nothing is trained here.
#[derive(Debug)]
pub struct Unsupported;

impl Suffix {
    /// Nothing.
    #[must_use]
    pub fn iter(&self) -> std::iter::Empty<(&'static [char], u32)> {
        std::iter::empty()
    }
}

/// Refuses.
pub fn suffix(_: &str) -> Result<Suffix, Unsupported> {
    Err(Unsupported)
}
