//! How much of the machine a tool may take: how large a file it may write, and how much memory it may map.
//! On Linux the kernel sees to it, for each process of the tool; elsewhere nothing does, and only time is bounded.

/// Bounds for each process of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// Bytes that one file may have which it writes; a write beyond ends it.
    pub file: Option<u64>,
    /// Bytes of memory that it may map.
    pub memory: Option<u64>,
}

impl Bounds {
    /// Right after the tool was started, before it can have started another. What the system refuses is not bounded.
    #[cfg(target_os = "linux")]
    pub(crate) fn set(self, pid: u32) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
        for (resource, most) in [(Resource::Fsize, self.file), (Resource::As, self.memory)] {
            let Some(most) = most else { continue };
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            // It may be over already.
            let _ = prlimit(Some(pid), resource, limit);
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn set(self, _pid: u32) {}
}
