//! Who we are to the kernel, and whether somebody else is still there.
//! A pid alone proves nothing: it is compared together with its start time, in the same boot and the same pid namespace.

use std::sync::OnceLock;

/// What identifies a process for as long as the machine runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub pid: u32,
    /// In the kernel's ticks since boot; 0 where the system does not say.
    pub started: u64,
    pub boot: String,
    pub space: String,
}

/// This process.
pub(crate) fn me() -> &'static Process {
    static ME: OnceLock<Process> = OnceLock::new();
    ME.get_or_init(|| {
        let pid = std::process::id();
        Process { pid, started: started(pid).unwrap_or(0), boot: boot_id(), space: pid_space() }
    })
}

impl Process {
    /// Whether it is certain that this process is gone. `false` also where that cannot be told.
    pub fn is_gone(&self) -> bool {
        let me = me();
        if self.boot != me.boot {
            return true;
        }
        if self.space != me.space {
            return false;
        }
        match started(self.pid) {
            Some(started) => self.started != 0 && started != self.started,
            None => !exists(self.pid),
        }
    }
}

/// Milliseconds on the clock that goes on while the machine sleeps, since boot.
pub(crate) fn boot_ms() -> i64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    // On macOS it stands still during sleep, which only makes a lease last longer.
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    let clock = rustix::time::ClockId::Monotonic;
    #[cfg(unix)]
    {
        let now = rustix::time::clock_gettime(clock);
        now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
    // No such clock without unsafe code: the wall clock serves, and the token guards against its jumps.
    #[cfg(not(unix))]
    crate::time::now_ms()
}

#[cfg(target_os = "linux")]
fn started(pid: u32) -> Option<u64> {
    // proc_pid_stat(5): the name may hold spaces and brackets, the 22nd field is the start time. A zombie does no work any more.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?.parse().ok()?;
    Some(if matches!(state, "Z" | "X") { u64::MAX } else { started })
}

#[cfg(not(target_os = "linux"))]
fn started(_pid: u32) -> Option<u64> {
    None
}

#[cfg(unix)]
fn exists(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return false };
    rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
}

#[cfg(not(unix))]
fn exists(_pid: u32) -> bool {
    true
}

#[cfg(target_os = "linux")]
fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn boot_id() -> String {
    String::new()
}

#[cfg(target_os = "linux")]
fn pid_space() -> String {
    std::fs::read_link("/proc/self/ns/pid").map(|p| p.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn pid_space() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_not_gone_and_one_with_our_pid_from_another_time_is() {
        assert!(!me().is_gone());
        let before = Process { started: me().started + 1, ..me().clone() };
        assert!(before.is_gone());
        let last_boot = Process { boot: "another".to_owned(), ..me().clone() };
        assert!(last_boot.is_gone());
    }

    #[test]
    fn a_process_of_another_container_is_not_said_to_be_gone() {
        let elsewhere = Process { pid: u32::MAX >> 1, space: "pid:[1]".to_owned(), ..me().clone() };
        assert!(!elsewhere.is_gone());
        let here = Process { pid: u32::MAX >> 1, ..me().clone() };
        assert!(here.is_gone());
    }

    #[test]
    fn a_child_that_was_killed_and_not_waited_for_is_gone() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process { pid: child.id(), started: started(child.id()).unwrap(), ..me().clone() };
        assert!(!process.is_gone());
        child.kill().unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while !process.is_gone() {
            assert!(std::time::Instant::now() < until, "a zombie still counts as alive");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.wait().unwrap();
        assert!(process.is_gone());
    }
}
