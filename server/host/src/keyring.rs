//! The platform's keyring: Secret Service, macOS Keychain, Windows Credential Manager. It is asked by a short-lived program of
//! its own: what speaks with a keyring never lives in a server, and a keyring that hangs is left after a time limit.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use zeroize::Zeroizing;

/// Name of the program that asks, without the ending that programs have on some systems. It lies beside ours.
pub const KEYRING_PROGRAM: &str = "holdover-keyring";
/// A keyring that is there and unlocked answers within some tens of milliseconds; one that is started by being asked, later.
const PROMPT: Duration = Duration::from_secs(3);
/// For a person to find the window and type a passphrase.
const PERSON: Duration = Duration::from_mins(2);
/// Longest secret and longest answer, as text.
pub const KEYRING_MOST_BYTES: u64 = 16 * 1024;

/// Why the keyring did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// It is locked, and nobody was to be asked.
    #[error("{0}")]
    Locked(String),
    /// There is none in this session.
    #[error("{0}")]
    Absent(String),
    /// No answer in time.
    #[error("{0}")]
    TimedOut(String),
    /// The person, or the keyring, said no.
    #[error("{0}")]
    Refused(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl KeyringError {
    /// As the program that asks writes it: one line, its first word the kind.
    #[must_use]
    pub fn to_line(&self) -> String {
        let word = match self {
            Self::Locked(_) => "locked",
            Self::Absent(_) => "absent",
            Self::TimedOut(_) | Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
        };
        format!("{word} {}", self.to_string().replace('\n', " "))
    }

    fn from_line(line: &str) -> Option<Self> {
        let (word, said) = line.split_once(' ')?;
        let said = said.to_owned();
        Some(match word {
            "locked" => Self::Locked(said),
            "absent" => Self::Absent(said),
            "refused" => Self::Refused(said),
            "failed" => Self::Failed(said),
            _ => return None,
        })
    }
}

/// The keyring of the user who runs this.
#[derive(Debug, Clone)]
pub struct PlatformKeyring {
    program: PathBuf,
}

impl PlatformKeyring {
    /// As people know it.
    pub const NAME: &'static str = if cfg!(target_os = "macos") {
        "the macOS Keychain"
    } else if cfg!(windows) {
        "the Windows Credential Manager"
    } else {
        "the Secret Service keyring"
    };

    /// Asked through the program [`KEYRING_PROGRAM`] that lies beside this one; `None` where the system does not say where
    /// that is. Whether it is there shows when it is asked.
    #[must_use]
    pub fn beside_this_program() -> Option<Self> {
        let own = std::env::current_exe().ok()?;
        // Not where a link to this one lies.
        let own = std::fs::canonicalize(&own).unwrap_or(own);
        Some(Self { program: own.with_file_name(format!("{KEYRING_PROGRAM}{}", std::env::consts::EXE_SUFFIX)) })
    }

    /// How long it may take. `person`: somebody may be asked to unlock it.
    #[must_use]
    pub fn limit(person: bool) -> Duration {
        if person { PERSON } else { PROMPT }
    }

    /// The secret of an entry; `None` where there is none. `person`: somebody may be asked to unlock it.
    pub fn get(&self, entry: &str, person: bool) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        let answer = self.ask("get", entry, None, person)?;
        match answer.split_once(' ') {
            Some(("ok", secret)) => secret_from_hex(secret).map(Some).ok_or_else(not_understood),
            _ if *answer == "none" => Ok(None),
            _ => Err(not_understood()),
        }
    }

    /// Puts a secret, over one that is there.
    pub fn put(&self, entry: &str, secret: &[u8], person: bool) -> Result<(), KeyringError> {
        self.ask("put", entry, Some(secret), person).map(drop)
    }

    /// Removes a secret; that there is none is no error.
    pub fn remove(&self, entry: &str, person: bool) -> Result<(), KeyringError> {
        self.ask("remove", entry, None, person).map(drop)
    }

    fn ask(
        &self,
        what: &str,
        entry: &str,
        secret: Option<&[u8]>,
        person: bool,
    ) -> Result<Zeroizing<String>, KeyringError> {
        let limit = Self::limit(person);
        let program = self.program.display();
        let failed = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => KeyringError::Absent(format!(
                "{} cannot be asked: the program for that is not there: {program}; install Holdover with it, or build it with `cargo build --release`",
                Self::NAME
            )),
            _ => KeyringError::Failed(format!("the keyring could not be asked: {program}: {e}")),
        };
        let mut child = Command::new(&self.program)
            .args([what, entry, if person { "person" } else { "nobody" }])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            let text = Zeroizing::new(hex::encode(secret.unwrap_or_default()));
            // A child that ended before it read says why.
            let _ = stdin.write_all(text.as_bytes());
        }
        let answer = read_within(&mut child, limit);
        let _ = child.kill();
        let _ = child.wait();
        let answer = answer.ok_or_else(|| {
            let limit = limit.as_secs();
            KeyringError::TimedOut(format!("{} did not answer within {limit} s", Self::NAME))
        })?;
        if answer.starts_with("ok") || *answer == "none" {
            return Ok(answer);
        }
        Err(KeyringError::from_line(&answer).unwrap_or_else(not_understood))
    }
}

/// The one line that the child writes, or `None` when the time is over.
fn read_within(child: &mut Child, limit: Duration) -> Option<Zeroizing<String>> {
    let stdout = child.stdout.take()?;
    let (sender, answer) = crossbeam_channel::bounded(1);
    // Ends with the child, which is killed at the limit.
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::new());
        let _ = stdout.take(KEYRING_MOST_BYTES).read_to_string(&mut text);
        let _ = sender.send(text);
    });
    let text = answer.recv_timeout(limit).ok()?;
    Some(Zeroizing::new(text.trim_end().to_owned()))
}

fn not_understood() -> KeyringError {
    KeyringError::Failed("the program that asks the keyring ended without an answer".to_owned())
}

/// A secret as it crosses a pipe; nothing of it stays behind in memory. `None` for what is no hexadecimal.
#[must_use]
pub fn secret_from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut secret = Zeroizing::new(vec![0; text.len() / 2]);
    hex::decode_to_slice(text, &mut secret).ok().map(|()| secret)
}
