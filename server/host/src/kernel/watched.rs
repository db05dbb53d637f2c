//! Three requests to the Linux kernel for which there is no safe way: namespaces for this process, a filter of system calls whose
//! findings are told to us, and its answers. May not decide anything: the kernel takes addresses of plain structures, each alive for the call.

use rustix::fd::{AsFd, FromRawFd as _, OwnedFd};
use rustix::io::{self, Errno};
use rustix::ioctl::{Updater, ioctl, opcode};
use rustix::thread::UnshareFlags;

/// `SECCOMP_IOCTL_NOTIF_RECV`, `_SEND` and `_ID_VALID` of seccomp_unotify(2).
const RECEIVE: rustix::ioctl::Opcode = opcode::read_write::<libc::seccomp_notif>(b'!', 0);
const SEND: rustix::ioctl::Opcode = opcode::read_write::<libc::seccomp_notif_resp>(b'!', 1);
const IS_VALID: rustix::ioctl::Opcode = opcode::write::<u64>(b'!', 2);

/// A process that was stopped in a system call which the filter asks about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopped {
    /// What its answer refers to.
    pub id: u64,
    /// The thread.
    pub thread: u32,
    /// Number of the call.
    pub call: i32,
    /// The call's arguments, as they are in registers.
    pub arguments: [u64; 6],
}

/// What becomes of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It goes on, as if nobody had looked.
    GoOn,
    /// It fails with this error, and nothing of it is done.
    Fail(Errno),
}

/// Namespaces of their own for this process, which must have one thread.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: file descriptors are not unshared, and that is what would be unsound.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// Puts a filter on the calling thread and on all that it starts from then on; the file is readable when somebody was stopped.
pub(crate) fn listen(filter: &[libc::sock_filter]) -> io::Result<OwnedFd> {
    rustix::thread::set_no_new_privs(true)?;
    let mut filter = filter.to_vec();
    let length = u16::try_from(filter.len()).map_err(|_| Errno::INVAL)?;
    let program = libc::sock_fprog { len: length, filter: filter.as_mut_ptr() };
    // SAFETY: `program` and the instructions that it points to outlive the call, which copies them.
    let made = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::c_ulong::from(libc::SECCOMP_SET_MODE_FILTER),
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &raw const program,
        )
    };
    if made < 0 {
        return Err(std::io::Error::last_os_error().raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error));
    }
    let file = i32::try_from(made).map_err(|_| Errno::BADF)?;
    // SAFETY: the kernel made this descriptor for us a moment ago; nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(file) })
}

/// The next one that was stopped. An error where it was killed meanwhile.
pub(crate) fn receive(listener: impl AsFd) -> io::Result<Stopped> {
    let mut told = libc::seccomp_notif {
        id: 0,
        pid: 0,
        flags: 0,
        data: libc::seccomp_data { nr: 0, arch: 0, instruction_pointer: 0, args: [0; 6] },
    };
    // SAFETY: the kernel writes a `seccomp_notif`, which this is, all of it zero as it wants.
    unsafe { ioctl(listener, Updater::<RECEIVE, _>::new(&mut told))? };
    Ok(Stopped { id: told.id, thread: told.pid, call: told.data.nr, arguments: told.data.args })
}

/// Answers; one that was killed meanwhile needs no answer.
pub(crate) fn answer(listener: impl AsFd, stopped: &Stopped, answer: Answer) -> io::Result<()> {
    let (error, flags) = match answer {
        Answer::GoOn => (0, u32::try_from(libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE).unwrap_or(1)),
        Answer::Fail(errno) => (-errno.raw_os_error(), 0),
    };
    let mut told = libc::seccomp_notif_resp { id: stopped.id, val: 0, error, flags };
    // SAFETY: the kernel reads a `seccomp_notif_resp`, which this is.
    unsafe { ioctl(listener, Updater::<SEND, _>::new(&mut told)) }
}

/// Whether it is still the same that was stopped, so that what was read of its memory was its own.
pub(crate) fn is_still(listener: impl AsFd, stopped: &Stopped) -> bool {
    let mut id = stopped.id;
    // SAFETY: the kernel reads a 64-bit number, which this is.
    unsafe { ioctl(listener, Updater::<IS_VALID, _>::new(&mut id)) }.is_ok()
}
