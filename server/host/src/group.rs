//! The process group of a tool: who it is to the kernel, and its end, also when the Holdover that started it was killed.
//! A number alone proves nothing: without the leader's start time nothing is ended that this process did not start itself.

use std::process::Child;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a group has between SIGTERM and SIGKILL.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// A group, named by its leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Process id of the leader, and number of the group.
    pub leader: u32,
    /// When the leader was started, in the kernel's ticks since boot; 0 where the system does not say.
    pub started: u64,
}

impl Group {
    /// The group that this process leads.
    pub(crate) fn of(leader: u32) -> Group {
        Group { leader, started: look(leader).map_or(0, |seen| seen.started) }
    }

    /// Whether its leader is still there, running or waiting to be reaped. `false` also where that cannot be told.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.started != 0 && look(self.leader) == Some(Seen { group: self.leader, started: self.started })
    }

    /// To the group of our own child.
    pub(crate) fn signal(self, child: &mut Child, hard: bool) {
        #[cfg(unix)]
        {
            // Kept apart from `std`'s kill, which would reach the child alone.
            let _ = child;
            signal_group(self.leader, hard);
        }
        #[cfg(not(unix))]
        {
            let _ = hard;
            let _ = child.kill();
        }
    }

    /// Ends a group that another process started and left behind: SIGTERM, and SIGKILL after two seconds. Says whether there
    /// was one. Nothing is done where the leader is gone or is another process by now, even if members of it may live.
    /// The record must be of this boot and of this process id namespace.
    #[must_use]
    pub fn end_left_behind(self) -> bool {
        #[cfg(unix)]
        if self.is_there() {
            // Once the leader is gone its number may be given again, so what is to die later is known one by one.
            let members = members(self.leader);
            signal_group(self.leader, false);
            let began = std::time::Instant::now();
            while began.elapsed() < GRACE && members.iter().any(is_running) {
                std::thread::sleep(Duration::from_millis(10));
            }
            if self.is_there() {
                signal_group(self.leader, true);
            }
            for member in members.iter().filter(|member| is_running(member)) {
                signal_process(member.0);
            }
            return true;
        }
        false
    }
}

/// The groups of our own that run now.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// As long as it is held, the group does not outlive an orderly end of this process.
pub(crate) struct Running(u32);

impl Running {
    pub(crate) fn note(group: Group) -> Self {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(group.leader);
        Self(group.leader)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|leader| *leader != self.0);
    }
}

/// Ends at once what this process started and has not seen end: nobody is left who could stop it later, or force it offline.
pub(crate) fn end_running() {
    for leader in &*RUNNING.lock().unwrap_or_else(PoisonError::into_inner) {
        #[cfg(unix)]
        signal_group(*leader, true);
        #[cfg(not(unix))]
        let _ = leader;
    }
}

#[cfg(unix)]
fn pid(number: u32) -> Option<rustix::process::Pid> {
    i32::try_from(number).ok().and_then(rustix::process::Pid::from_raw)
}

#[cfg(unix)]
fn signal_group(leader: u32, hard: bool) {
    use rustix::process::{Signal, kill_process_group};
    let signal = if hard { Signal::KILL } else { Signal::TERM };
    if let Some(group) = pid(leader) {
        // The group may be gone already; then there is nothing to do.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(unix)]
fn signal_process(number: u32) {
    if let Some(process) = pid(number) {
        let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
    }
}

/// What the kernel says about a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    group: u32,
    started: u64,
}

#[cfg(target_os = "linux")]
fn look(process: u32) -> Option<Seen> {
    stat(process).map(|(_, seen)| seen)
}

#[cfg(not(target_os = "linux"))]
fn look(_process: u32) -> Option<Seen> {
    None
}

/// State, group and start time by proc_pid_stat(5): the name in front may hold spaces and brackets.
#[cfg(target_os = "linux")]
fn stat(process: u32) -> Option<(char, Seen)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let group = fields.nth(1)?.parse().ok()?;
    let started = fields.nth(16)?.parse().ok()?;
    Some((state, Seen { group, started }))
}

/// Every process that this one started, and those that they started, as long as somebody of the line is left; what has ended and waits
/// to be reaped is not among them.
#[cfg(target_os = "linux")]
pub(crate) fn below(process: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let parent = |process: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
        let is_over = matches!(fields.next()?, "Z" | "X");
        Some((process, fields.next()?.parse::<u32>().ok()?, is_over))
    };
    let all: Vec<(u32, u32, bool)> =
        processes.flatten().filter_map(|entry| parent(entry.file_name().to_str()?.parse().ok()?)).collect();
    let mut line = vec![process];
    let mut at = 0;
    while let Some(&parent) = line.get(at) {
        line.extend(all.iter().filter(|(_, of, _)| *of == parent).map(|(process, ..)| *process));
        at += 1;
    }
    line.retain(|one| *one != process && !all.iter().any(|(process, _, is_over)| process == one && *is_over));
    line
}

/// Ends them, once.
#[cfg(target_os = "linux")]
pub(crate) fn end_below(process: u32) {
    for one in below(process) {
        signal_process(one);
    }
}

/// Whether a member that was seen before still does something; a zombie does not.
#[cfg(target_os = "linux")]
fn is_running(&(process, started): &(u32, u64)) -> bool {
    stat(process).is_some_and(|(state, seen)| seen.started == started && !matches!(state, 'Z' | 'X'))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_running(_member: &(u32, u64)) -> bool {
    false
}

/// Everybody in the group, with the start times by which they are known.
#[cfg(target_os = "linux")]
fn members(group: u32) -> Vec<(u32, u64)> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|process| Some((process, look(process).filter(|seen| seen.group == group)?.started)))
        .collect()
}

#[cfg(all(unix, not(target_os = "linux")))]
fn members(_group: u32) -> Vec<(u32, u64)> {
    Vec::new()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    /// A group of a shell and its child, which have said their numbers.
    fn group(script: &str) -> (Child, Vec<u32>) {
        let mut child =
            Command::new("sh").args(["-c", script]).process_group(0).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let members = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
        (child, members)
    }

    fn runs(process: u32) -> bool {
        stat(process).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
    }

    fn ends(process: u32) -> bool {
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while runs(process) && std::time::Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        !runs(process)
    }

    #[test]
    fn a_group_that_was_left_behind_is_ended_with_all_its_members() {
        let (mut child, members) = group("sleep 600 & echo $$ $!; wait");
        assert_eq!(members.len(), 2);
        assert!(Group::of(child.id()).end_left_behind());
        assert!(members.iter().all(|member| ends(*member)), "{members:?}");
        child.wait().unwrap();
    }

    #[test]
    fn members_that_ignore_sigterm_are_ended_even_after_their_leader() {
        // The leader obeys, its child does not.
        let (mut child, members) = group("sh -c 'trap \"\" TERM; echo $PPID $$; while :; do sleep 1; done' & wait");
        assert!(Group::of(child.id()).end_left_behind());
        assert!(members.iter().all(|member| ends(*member)), "{members:?}");
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_has_the_number_by_now_is_not_touched() {
        let (mut child, members) = group("sleep 600 & echo $$ $!; wait");
        let real = Group::of(child.id());
        for other in [Group { started: real.started - 1, ..real }, Group { started: 0, ..real }] {
            assert!(!other.end_left_behind(), "{other:?}");
        }
        // A member's number is not the group's, even with its right start time.
        assert!(!Group::of(members[1]).end_left_behind());
        assert!(members.iter().all(|member| runs(*member)), "nobody was ended");
        assert!(real.end_left_behind());
        child.wait().unwrap();
        assert!(!real.end_left_behind(), "there is nothing left");
    }
}
