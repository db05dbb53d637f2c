//! The platform's keyring: Secret Service, macOS Keychain, Windows Credential Manager. It is asked by a short-lived child of
//! this program: its threads and connections never live in a server, and a keyring that hangs is left after a time limit.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// First argument of the child.
pub const KEYRING_CHILD: &str = "keyring-child";
/// Under which service the entries are kept.
const SERVICE: &str = "holdover";
/// A keyring that is there and unlocked answers within some tens of milliseconds; one that is started by being asked, later.
const PROMPT: Duration = Duration::from_secs(3);
/// For a person to find the window and type a passphrase.
const PERSON: Duration = Duration::from_mins(2);
/// Longest answer of the child.
const MOST_BYTES: u64 = 16 * 1024;

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

    /// Asked through `program`, which must hand its arguments to [`keyring_child`] if the first is [`KEYRING_CHILD`].
    #[must_use]
    pub fn through(program: PathBuf) -> Self {
        Self { program }
    }

    /// Asked through this very program.
    #[must_use]
    pub fn through_this_program() -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        // A program that was replaced while it runs is still to be had by this name.
        let itself = PathBuf::from("/proc/self/exe");
        Some(Self { program: if program.exists() || !cfg!(target_os = "linux") { program } else { itself } })
    }

    /// The secret of an entry; `None` where there is none. `person`: somebody may be asked to unlock it.
    pub fn get(&self, entry: &str, person: bool) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        let answer = self.ask("get", entry, None, person)?;
        match answer.split_once(' ') {
            Some(("ok", secret)) => hex_decode(secret).map(Some).ok_or_else(not_understood),
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
        let limit = if person { PERSON } else { PROMPT };
        let failed = |e: std::io::Error| KeyringError::Failed(format!("the keyring could not be asked: {e}"));
        let mut child = Command::new(&self.program)
            .args([KEYRING_CHILD, what, entry, if person { "person" } else { "nobody" }])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            let text = Zeroizing::new(hex_encode(secret.unwrap_or_default()));
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
        let (word, said) = answer.split_once(' ').unwrap_or((&answer, ""));
        let said = said.to_owned();
        match word {
            "ok" | "none" => Ok(answer),
            "locked" => Err(KeyringError::Locked(said)),
            "absent" => Err(KeyringError::Absent(said)),
            "refused" => Err(KeyringError::Refused(said)),
            "failed" => Err(KeyringError::Failed(said)),
            _ => Err(not_understood()),
        }
    }
}

/// The one line that the child writes, or `None` when the time is over.
fn read_within(child: &mut Child, limit: Duration) -> Option<Zeroizing<String>> {
    let stdout = child.stdout.take()?;
    let (sender, answer) = crossbeam_channel::bounded(1);
    // Ends with the child, which is killed at the limit.
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::new());
        let _ = stdout.take(MOST_BYTES).read_to_string(&mut text);
        let _ = sender.send(text);
    });
    let text = answer.recv_timeout(limit).ok()?;
    Some(Zeroizing::new(text.trim_end().to_owned()))
}

fn not_understood() -> KeyringError {
    KeyringError::Failed("the child that asks the keyring ended without an answer".to_owned())
}

/// What the child does: asks the keyring, and writes one line. `arguments` are those after [`KEYRING_CHILD`].
/// Gives the exit code.
#[must_use]
pub fn keyring_child(arguments: &[String]) -> u8 {
    let [what, entry, whom] = arguments else { return 2 };
    let person = whom == "person";
    // Its parent may be killed while a prompt is open.
    let limit = if person { PERSON } else { PROMPT } + Duration::from_secs(2);
    let began = Instant::now();
    std::thread::spawn(move || {
        std::thread::sleep(limit.saturating_sub(began.elapsed()));
        crate::leave(3);
    });
    let mut input = Zeroizing::new(String::new());
    let read = std::io::stdin().take(MOST_BYTES).read_to_string(&mut input).is_ok();
    let answer = match (what.as_str(), hex_decode(input.trim()).filter(|_| read)) {
        ("get", _) => child::get(entry, person),
        ("put", Some(secret)) => child::put(entry, &secret, person).map(|()| Zeroizing::new("ok".to_owned())),
        ("remove", _) => child::remove(entry, person).map(|()| Zeroizing::new("ok".to_owned())),
        _ => return 2,
    };
    let (line, code) = match answer {
        Ok(line) => (line, 0),
        Err(error) => {
            let word = match &error {
                KeyringError::Locked(_) => "locked",
                KeyringError::Absent(_) => "absent",
                KeyringError::TimedOut(_) | KeyringError::Failed(_) => "failed",
                KeyringError::Refused(_) => "refused",
            };
            (Zeroizing::new(format!("{word} {}", error.to_string().replace('\n', " "))), 1)
        }
    };
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{}", *line).and_then(|()| stdout.flush());
    if written.is_ok() { code } else { 3 }
}

fn hex_encode(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn hex_decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    text.len().is_multiple_of(2).then(|| bytes.collect::<Option<Vec<u8>>>().map(Zeroizing::new)).flatten()
}

#[cfg(any(unix, windows))]
mod child {
    use super::{KeyringError, PlatformKeyring, SERVICE, hex_encode};
    use keyring::{Entry, Error};
    use zeroize::Zeroizing;

    pub fn get(entry: &str, person: bool) -> Result<Zeroizing<String>, KeyringError> {
        #[cfg(all(unix, not(target_os = "macos")))]
        if super::secret_service::find(entry, person)?.is_none() {
            return Ok(Zeroizing::new("none".to_owned()));
        }
        let _ = person;
        match open(entry)?.get_secret().map(Zeroizing::new) {
            Ok(secret) => Ok(Zeroizing::new(format!("ok {}", *Zeroizing::new(hex_encode(&secret))))),
            Err(Error::NoEntry) => Ok(Zeroizing::new("none".to_owned())),
            Err(error) => Err(told(&error)),
        }
    }

    pub fn put(entry: &str, secret: &[u8], person: bool) -> Result<(), KeyringError> {
        #[cfg(all(unix, not(target_os = "macos")))]
        super::secret_service::may_write(person)?;
        let _ = person;
        open(entry)?.set_secret(secret).map_err(|e| told(&e))
    }

    pub fn remove(entry: &str, person: bool) -> Result<(), KeyringError> {
        #[cfg(all(unix, not(target_os = "macos")))]
        if super::secret_service::find(entry, person)?.is_none() {
            return Ok(());
        }
        let _ = person;
        match open(entry)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(told(&error)),
        }
    }

    fn open(entry: &str) -> Result<Entry, KeyringError> {
        if let Err(error) = Entry::store_status() {
            return Err(KeyringError::Absent(format!("{} cannot be reached: {error}", PlatformKeyring::NAME)));
        }
        Entry::new(SERVICE, entry).map_err(|e| told(&e))
    }

    fn told(error: &Error) -> KeyringError {
        let name = PlatformKeyring::NAME;
        match error {
            Error::NoStorageAccess(_) => KeyringError::Locked(format!("{name} stayed locked: {error}")),
            Error::Ambiguous(_) => KeyringError::Failed(format!("{name} has several entries of that name")),
            _ => KeyringError::Failed(format!("{name} failed: {error}")),
        }
    }
}

/// What the keyring crate does not say: whether something is locked, without asking a person to unlock it.
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service {
    use super::{KeyringError, PlatformKeyring, SERVICE};
    use secret_service::blocking::SecretService;
    use secret_service::{EncryptionType, Error};
    use std::collections::HashMap;

    /// `Some` where there is such an entry that may be used.
    pub fn find(entry: &str, person: bool) -> Result<Option<()>, KeyringError> {
        let service = connect()?;
        let attributes = HashMap::from([("service", SERVICE), ("username", entry)]);
        let found = service.search_items(attributes).map_err(|e| told(&e))?;
        match (found.unlocked.len(), found.locked.len()) {
            (0, 0) => Ok(None),
            (0, _) if !person => Err(KeyringError::Locked(format!("{} is locked", PlatformKeyring::NAME))),
            _ => Ok(Some(())),
        }
    }

    /// Whether an entry can be put without a prompt that nobody would see.
    pub fn may_write(person: bool) -> Result<(), KeyringError> {
        let service = connect()?;
        if person {
            return Ok(());
        }
        let locked = service.get_default_collection().and_then(|found| found.is_locked()).map_err(|e| told(&e))?;
        if locked { Err(KeyringError::Locked(format!("{} is locked", PlatformKeyring::NAME))) } else { Ok(()) }
    }

    /// Over a socket of this machine alone: a bus could be named by an address elsewhere, and nothing connects unasked.
    fn connect() -> Result<SecretService<'static>, KeyringError> {
        let name = PlatformKeyring::NAME;
        let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap_or_default();
        if address.split(';').any(|one| !one.is_empty() && !one.starts_with("unix:")) {
            return Err(KeyringError::Absent(format!("the session bus is not on this machine: {address}")));
        }
        SecretService::connect(EncryptionType::Dh)
            .map_err(|e| KeyringError::Absent(format!("{name} does not run in this login: {e}")))
    }

    fn told(error: &Error) -> KeyringError {
        let name = PlatformKeyring::NAME;
        match error {
            Error::Locked => KeyringError::Locked(format!("{name} is locked")),
            Error::Prompt => KeyringError::Refused("the prompt of the keyring was dismissed".to_owned()),
            Error::Unavailable => KeyringError::Absent(format!("{name} does not run in this login")),
            _ => KeyringError::Failed(format!("{name} failed: {error}")),
        }
    }
}
