//! Takes away what a process that only computes has no use for: every kind of connection, loopback too, other programs and other processes. It is a
//! filter of system calls (seccomp), which needs no rights and cannot be taken off again.

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::collections::BTreeMap;
use std::io;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

/// Calls that are answered with "permission denied".
const DENIED: [libc::c_long; 26] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    // A ring could do all of these in its own way.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // A connection could be taken from another process.
    libc::SYS_pidfd_getfd,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
];

/// Denies them to this thread and to all that it starts, and makes sure that it is so.
pub(crate) fn deny() -> Result<(), String> {
    let rules: BTreeMap<i64, Vec<_>> = DENIED.into_iter().map(|call| (call, Vec::new())).collect();
    let architecture = std::env::consts::ARCH.try_into().map_err(|e| format!("this processor is not known: {e}"))?;
    let denied = SeccompAction::Errno(libc::EACCES.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, architecture).map_err(|e| e.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|e: seccompiler::BackendError| e.to_string())?;
    seccompiler::apply_filter(&program).map_err(|e| format!("the network could not be denied: {e}"))?;
    let tried = [
        TcpStream::connect(("127.0.0.1", 9)).map(drop),
        UdpSocket::bind(("127.0.0.1", 0)).map(drop),
        UnixStream::pair().map(drop),
    ];
    for one in tried {
        match one {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {}
            _ => return Err("the network was to be denied, and is not".to_owned()),
        }
    }
    Ok(())
}
