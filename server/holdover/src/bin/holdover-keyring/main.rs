//! `holdover-keyring`: asks the platform's keyring for `holdover`, writes one line and ends. Nobody's command.
//! It opens no journal and reads no setting, and what it is linked with is in no server.
//!
//! Arguments: `get`, `put` or `remove`, the entry's name, and `person` where somebody may be asked to unlock the keyring, else
//! `nobody`. The secret of a `put` comes on standard input, in hexadecimal. The line: `ok`, `ok SECRET`, `none`, or the kind of an
//! error and its words.

mod entry;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;

use host::{KEYRING_MOST_BYTES, PlatformKeyring};
use std::io::{Read as _, Write as _};
use std::time::Duration;
use zeroize::Zeroizing;

fn main() {
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    host::leave(run(&arguments));
}

/// The exit code: 0 for an answer, 1 for an error that was written, 2 for arguments that are none, 3 where nothing could be written.
fn run(arguments: &[String]) -> u8 {
    let [what, entry, whom] = arguments else { return wrong_usage() };
    let person = whom == "person";
    // Its parent may be killed while a prompt is open.
    let limit = PlatformKeyring::limit(person) + Duration::from_secs(2);
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        host::leave(3);
    });
    let mut input = Zeroizing::new(String::new());
    let read = std::io::stdin().take(KEYRING_MOST_BYTES).read_to_string(&mut input).is_ok();
    let secret = host::secret_from_hex(input.trim()).filter(|_| read);
    let answer = match (what.as_str(), secret) {
        ("get", _) => entry::get(entry, person),
        ("put", Some(secret)) => entry::put(entry, &secret, person).map(|()| Zeroizing::new("ok".to_owned())),
        ("remove", _) => entry::remove(entry, person).map(|()| Zeroizing::new("ok".to_owned())),
        _ => return wrong_usage(),
    };
    let (line, code) = match answer {
        Ok(line) => (line, 0),
        Err(error) => (Zeroizing::new(error.to_line()), 1),
    };
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{}", *line).and_then(|()| stdout.flush());
    if written.is_ok() { code } else { 3 }
}

fn wrong_usage() -> u8 {
    let _ = writeln!(std::io::stderr(), "holdover-keyring is run by holdover; see `holdover journal rekey --help`");
    2
}
