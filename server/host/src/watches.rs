//! Watches of files when the process ends: the kernel waits up to 25 ms until nobody reads an inotify instance's marks before it
//! closes the instance, and the process is there as long. Given away to nobody, it is closed behind the process's back.
//! May not be used while the process goes on.

use rustix::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use rustix::net::{AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType};
use rustix::process::{PidfdFlags, PidfdGetfdFlags};
use std::io::{Error, IoSlice, Result};
use std::mem::MaybeUninit;

/// Most instances that are given away; a server has four.
const MOST: usize = 16;

/// Sees to it that the kernel closes this process's inotify instances after the process is gone, not before. Each is sent through
/// a socket that itself is on the way through it, so that only the kernel's collector of such rings ever closes them
/// (`net/unix/garbage.c`), on a thread of its own since Linux 6.10 and at worst as late as without before. Where it is
/// refused nothing changes.
pub(crate) fn close_later() {
    // Open until the process ends.
    std::mem::forget(sent_nowhere());
}

/// The end that has them in its queue, and the other one.
fn sent_nowhere() -> Result<Option<(OwnedFd, OwnedFd)>> {
    let watches = watches()?;
    if watches.is_empty() {
        return Ok(None);
    }
    let pair = rustix::net::socketpair(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    // Numbers are closed upwards: the end that is on the way goes first, and the other one's close wakes the collector.
    let (queue, sender) = if pair.0.as_raw_fd() < pair.1.as_raw_fd() { pair } else { (pair.1, pair.0) };
    let mut all: Vec<BorrowedFd<'_>> = watches.iter().map(|watch| watch.as_fd()).collect();
    all.push(queue.as_fd());
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST + 1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    if !message.push(SendAncillaryMessage::ScmRights(&all)) {
        return Err(Error::other("too many watches"));
    }
    rustix::net::sendmsg(&sender, &[IoSlice::new(b"w")], &mut message, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
    Ok(Some((queue, sender)))
}

/// Second handles of the inotify instances of this process.
fn watches() -> Result<Vec<OwnedFd>> {
    let own = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")?.flatten().filter(|entry| is_watch(&entry.path())) {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // Closed meanwhile, or another file's: nothing is lost.
        found.extend(rustix::process::pidfd_getfd(&own, number, PidfdGetfdFlags::empty()));
        if found.len() == MOST {
            break;
        }
    }
    Ok(found)
}

fn is_watch(fd: &std::path::Path) -> bool {
    std::fs::read_link(fd).is_ok_and(|what| what.as_os_str() == "anon_inode:inotify")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::inotify;
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
    use std::io::IoSliceMut;

    #[test]
    fn every_watch_and_the_way_it_goes_are_on_the_way() {
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&watch, "/", inotify::WatchFlags::CREATE).unwrap();
        let (queue, sender) = sent_nowhere().unwrap().unwrap();
        assert!(queue.as_raw_fd() < sender.as_raw_fd());
        drop(sender);

        let (mut byte, mut space) = ([0], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST + 1))]);
        let mut message = RecvAncillaryBuffer::new(&mut space);
        rustix::net::recvmsg(&queue, &mut [IoSliceMut::new(&mut byte)], &mut message, RecvFlags::empty()).unwrap();
        let mut got = Vec::new();
        for one in message.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = one {
                got.extend(fds);
            }
        }
        let what = |fd: &OwnedFd| std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap();
        let (last, watches) = got.split_last().unwrap();
        assert_eq!(what(last), what(&queue));
        assert!(!watches.is_empty());
        for watch in watches {
            assert_eq!(what(watch).as_os_str(), "anon_inode:inotify");
        }
    }
}
