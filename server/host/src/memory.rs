//! A bound on this process's own memory, for programs that read what others wrote: what asks for more fails, and nobody else
//! is pushed out of memory.

/// Bounds the address space of this process to `bytes`, or to what it was bounded to already where that is less. Does nothing
/// on systems that have no such bound.
///
/// # Errors
/// What the system said.
pub fn limit_memory(bytes: u64) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let now = getrlimit(Resource::As);
        let least = |bound: Option<u64>| Some(bound.map_or(bytes, |bound| bound.min(bytes)));
        setrlimit(Resource::As, Rlimit { current: least(now.current), maximum: least(now.maximum) })?;
    }
    #[cfg(not(unix))]
    let _ = bytes;
    Ok(())
}
