//! The network kept from a tool by the system and not by its own words: on Linux, a network namespace of its own, without any device
//! that is up. May not be relied on where the system gives none; [`Denied::here`] says which it is.

use crate::process::find_program;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;

/// How the network is kept from a tool that may not use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The system gives it a network of its own, in which nobody can be reached, this machine's own services included. Sockets that are files can.
    Namespace,
    /// It is told to stay offline, in its own words; a program that does not listen to them reaches what it likes.
    Told,
}

impl Denied {
    /// What this machine can do: asked once, by starting a program that does nothing.
    #[must_use]
    pub fn here() -> Self {
        if wrapper().is_some() { Denied::Namespace } else { Denied::Told }
    }

    /// `namespace`, `told`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Denied::Namespace => "namespace",
            Denied::Told => "told",
        }
    }
}

/// The program and the arguments that run another one in a network of its own; `None` where the system refuses.
pub(crate) fn wrapper() -> Option<&'static (PathBuf, Vec<OsString>)> {
    static FOUND: OnceLock<Option<(PathBuf, Vec<OsString>)>> = OnceLock::new();
    FOUND.get_or_init(found).as_ref()
}

fn found() -> Option<(PathBuf, Vec<OsString>)> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let unshare = find_program("unshare")?;
    // An older one cannot keep the user's own number.
    ["--map-current-user", "--map-root-user"].into_iter().find_map(|user| {
        let arguments = ["--user", user, "--net", "--"].map(OsString::from).to_vec();
        let mut command = std::process::Command::new(&unshare);
        command.args(&arguments).arg(&unshare).arg("--version");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success()).then(|| (unshare.clone(), arguments))
    })
}
