//! A login of its own for one test: a session bus, a real gnome-keyring, a real SSH agent, a folder in memory.
//! Nothing of the user's takes part, and a tool that is missing fails the test with what to install.

use crate::binary::holdover;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Password of the login's keyring.
const PASSWORD: &str = "pw";
/// How long a daemon may take to be there on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends everything that it started when it is dropped.
pub struct Login {
    home: TempDir,
    runtime: TempDir,
    bus: Option<Child>,
    keyring: Option<Child>,
    agent: Option<Child>,
}

impl Login {
    /// Without bus, keyring and agent.
    ///
    /// # Panics
    /// Where there is no folder in memory.
    #[must_use]
    pub fn bare() -> Self {
        // As a login's own is: in memory, and for the user alone.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let runtime = tempfile::Builder::new().permissions(private).tempdir_in("/dev/shm");
        let runtime = runtime.expect("/dev/shm is a folder in memory, as Linux has it");
        Self { home: tempfile::tempdir().expect("a home"), runtime, bus: None, keyring: None, agent: None }
    }

    /// With a bus that starts nothing by itself, and a gnome-keyring that is unlocked.
    ///
    /// # Panics
    /// Where one of them is missing or does not start.
    #[must_use]
    pub fn with_keyring() -> Self {
        let mut login = Self::bare();
        login.start_bus();
        login.start_keyring();
        login
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A data folder, made by the first command.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The variables of this login.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let text = |path: PathBuf| path.display().to_string();
        vec![
            ("HOME".to_owned(), text(self.home.path().to_owned())),
            ("XDG_DATA_HOME".to_owned(), text(self.path("share"))),
            ("XDG_RUNTIME_DIR".to_owned(), text(self.runtime.path().to_owned())),
            ("DBUS_SESSION_BUS_ADDRESS".to_owned(), format!("unix:path={}", self.path("bus").display())),
            ("SSH_AUTH_SOCK".to_owned(), text(self.path("agent"))),
            ("HOLDOVER_DATA_DIR".to_owned(), text(self.data())),
            ("HOLDOVER_CONFIG".to_owned(), text(self.path("none.toml"))),
        ]
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment()).env_remove("HOLDOVER_OFFLINE").env_remove("HOLDOVER_LOG");
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("GNOME_KEYRING_CONTROL");
        command.current_dir(self.home.path());
        command
    }

    /// Runs `holdover` with `input` on stdin.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn holdover(&self, arguments: &[&str], input: &str) -> Output {
        self.program(holdover(), arguments, input)
    }

    /// Runs a copy of it that lies elsewhere.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn program(&self, program: &Path, arguments: &[&str], input: &str) -> Output {
        run(self.command(program).args(arguments), input)
    }

    /// What the program beside it that asks the keyring answers, where nobody is to be asked.
    ///
    /// # Panics
    /// Where it fails.
    #[must_use]
    pub fn entry(&self, name: &str) -> String {
        let program = holdover().with_file_name(format!("holdover-keyring{}", std::env::consts::EXE_SUFFIX));
        let output = run(self.command(program).args(["get", name, "nobody"]), "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }

    /// The same, where it has to succeed: its stdout.
    ///
    /// # Panics
    /// Where it does not.
    #[must_use]
    pub fn done(&self, arguments: &[&str], input: &str) -> String {
        let output = self.holdover(arguments, input);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "holdover {arguments:?}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The same, where it has to fail: its exit code and stderr.
    ///
    /// # Panics
    /// Where it succeeds.
    #[must_use]
    pub fn refused(&self, arguments: &[&str], input: &str) -> (i32, String) {
        let output = self.holdover(arguments, input);
        assert!(!output.status.success(), "holdover {arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn start_bus(&mut self) {
        let configuration = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><policy context=\"default\"><allow send_destination=\"*\"/>\
             <allow receive_sender=\"*\"/><allow own=\"*\"/></policy></busconfig>",
            self.path("bus").display()
        );
        std::fs::write(self.path("bus.conf"), configuration).expect("a file");
        let mut command = self.command("dbus-daemon");
        command.arg("--nofork").arg(format!("--config-file={}", self.path("bus.conf").display()));
        self.bus = Some(start(&mut command, "dbus-daemon"));
        until("the session bus", || self.path("bus").exists());
    }

    /// Starts the keyring, or a new one after it was ended.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_keyring(&mut self) {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]).stdin(Stdio::piped());
        let mut child = start(&mut command, "gnome-keyring-daemon gnome-keyring");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        stdin.write_all(PASSWORD.as_bytes()).expect("the keyring reads its password");
        drop(stdin);
        self.keyring = Some(child);
        until("the keyring", || self.is_locked() == Some(false));
    }

    fn secret_service(&self, path: &str, method: &str, arguments: &[&str]) -> Option<String> {
        let mut command = self.command("dbus-send");
        command.args([
            "--session",
            "--print-reply",
            "--reply-timeout=5000",
            "--dest=org.freedesktop.secrets",
            path,
            method,
        ]);
        let output = run(command.args(arguments), "");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether the login's collection is locked; `None` where nobody answers.
    #[must_use]
    pub fn is_locked(&self) -> Option<bool> {
        let collection = "/org/freedesktop/secrets/collection/login";
        let arguments = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
        let answer = self.secret_service(collection, "org.freedesktop.DBus.Properties.Get", &arguments)?;
        Some(answer.contains("boolean true"))
    }

    /// Locks the keyring, as a desktop does.
    ///
    /// # Panics
    /// Where it stays unlocked.
    pub fn lock_keyring(&self) {
        let arguments = ["array:objpath:/org/freedesktop/secrets/collection/login"];
        let answer = self.secret_service("/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", &arguments);
        assert!(answer.is_some() && self.is_locked() == Some(true), "{answer:?}");
    }

    /// Unlocks the keyring with its password, as a login does: there is no prompt that could be answered.
    ///
    /// # Panics
    /// Where it stays locked.
    pub fn unlock_keyring(&self) {
        // What its PAM module says at a login: a byte for the credentials, then length, operation 1, length and password.
        let control = self.runtime.path().join("keyring/control");
        let mut stream = UnixStream::connect(&control).expect("the keyring's control socket");
        let length = u32::try_from(PASSWORD.len()).expect("a short password");
        let mut words = vec![0];
        for number in [12 + length, 1, length] {
            words.extend(number.to_be_bytes());
        }
        words.extend(PASSWORD.as_bytes());
        stream.write_all(&words).expect("the keyring listens");
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).expect("the keyring answers");
        assert_eq!(answer, [0, 0, 0, 8, 0, 0, 0, 0], "the keyring takes its password");
        until("an unlocked keyring", || self.is_locked() == Some(false));
    }

    /// Sends the keyring a signal: `STOP`, `CONT`, `KILL`.
    ///
    /// # Panics
    /// Where there is none.
    pub fn signal_keyring(&mut self, signal: &str) {
        let id = self.keyring.as_ref().expect("a keyring").id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().is_ok_and(|s| s.success()));
        if signal == "KILL"
            && let Some(mut gone) = self.keyring.take()
        {
            let _ = gone.wait();
        }
    }

    /// Lets a stopped keyring go on, until it answers. Some versions of gnome-keyring end over the questions that
    /// piled up from programs that are gone; a new one takes its place then, as a session starts it.
    ///
    /// # Panics
    /// Where none answers.
    pub fn continue_keyring(&mut self) {
        self.signal_keyring("CONT");
        let began = Instant::now();
        while self.is_locked() != Some(false) {
            let ended = self.keyring.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(Some(_))));
            if ended {
                self.start_keyring();
            }
            assert!(began.elapsed() < PATIENCE, "the keyring does not answer again");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts an SSH agent that holds nothing.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_agent(&mut self) {
        let mut command = self.command("ssh-agent");
        command.arg("-D").arg("-a").arg(self.path("agent"));
        self.agent = Some(start(&mut command, "ssh-agent openssh-client"));
        until("the SSH agent", || self.path("agent").exists());
    }

    /// Makes a key of a kind, with a comment, and gives its file.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn ssh_key(&self, kind: &str, comment: &str) -> PathBuf {
        let file = self.path(comment);
        let mut command = self.command("ssh-keygen");
        command.args(["-q", "-t", kind, "-N", "", "-C", comment, "-f"]).arg(&file);
        assert!(run(&mut command, "").status.success(), "ssh-keygen: install openssh-client");
        file
    }

    /// Runs `ssh-add`.
    ///
    /// # Panics
    /// Where it fails.
    pub fn ssh_add(&self, arguments: &[&str]) {
        let output = run(self.command("ssh-add").arg("-q").args(arguments), "");
        assert!(output.status.success(), "ssh-add {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The fingerprint of a key's file.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn fingerprint(&self, file: &Path) -> String {
        let output = run(self.command("ssh-keygen").arg("-l").arg("-f").arg(file), "");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split(' ').nth(1).expect("a fingerprint").to_owned()
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        for mut child in [self.keyring.take(), self.agent.take(), self.bus.take()].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(command: &mut Command, packages: &str) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().unwrap_or_else(|e| {
        panic!(
            "{program} could not be started ({e}): tests/keyring/install.sh installs what these tests need ({packages})"
        )
    })
}

fn run(command: &mut Command, input: &str) -> Output {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{program} could not be started ({e}): run tests/keyring/install.sh"));
    // A program that does not read its input is no error.
    let _ = child.stdin.take().expect("stdin is a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn until(what: &str, there: impl Fn() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}
