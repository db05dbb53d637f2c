//! The SSH agent of this login: which keys it holds, and a signature by one of them. Nothing is decided about either.
//! The protocol is draft-ietf-sshm-ssh-agent's two requests; every answer is bounded in size and in time.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Largest answer, as OpenSSH's own agent bounds it.
#[cfg(unix)]
const MOST_BYTES: u32 = 256 * 1024;

/// Where an agent listens.
#[derive(Debug, Clone)]
pub struct SshAgentSocket {
    path: PathBuf,
}

/// Why an agent did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Nobody listens.
    #[error("{0}")]
    Absent(String),
    /// No answer in time.
    #[error("{0}")]
    TimedOut(String),
    /// It said no.
    #[error("{0}")]
    Refused(String),
    /// What it said was not understood, or the system refused.
    #[error("{0}")]
    Failed(String),
}

impl SshAgentSocket {
    /// The one that `SSH_AUTH_SOCK` names.
    #[must_use]
    pub fn of_this_login() -> Option<Self> {
        let path = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty())?;
        Some(Self { path: path.into() })
    }

    /// Another one.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Public keys as SSH encodes them, with their comments.
    pub fn keys(&self, limit: Duration) -> Result<Vec<(Vec<u8>, String)>, AgentError> {
        // SSH_AGENTC_REQUEST_IDENTITIES, SSH_AGENT_IDENTITIES_ANSWER
        let answer = self.ask(&[11], limit)?;
        let mut rest = body(&answer, 12, "list its keys")?;
        let count = rest.number()?;
        let mut keys = Vec::new();
        for _ in 0..count {
            let blob = rest.string()?.to_vec();
            keys.push((blob, String::from_utf8_lossy(rest.string()?).into_owned()));
        }
        Ok(keys)
    }

    /// A signature as SSH encodes it. The agent may ask its owner first.
    pub fn sign(&self, key: &[u8], words: &[u8], limit: Duration) -> Result<Vec<u8>, AgentError> {
        // SSH_AGENTC_SIGN_REQUEST, SSH_AGENT_SIGN_RESPONSE
        let mut request = vec![13];
        for part in [key, words] {
            let length =
                u32::try_from(part.len()).map_err(|_| AgentError::Failed("too long to be signed".to_owned()))?;
            request.extend(length.to_be_bytes());
            request.extend(part);
        }
        request.extend(0_u32.to_be_bytes());
        let answer = self.ask(&request, limit)?;
        Ok(body(&answer, 14, "sign")?.string()?.to_vec())
    }

    #[cfg(unix)]
    fn ask(&self, request: &[u8], limit: Duration) -> Result<Vec<u8>, AgentError> {
        use std::io::{ErrorKind, Read as _, Write as _};
        use std::os::unix::net::UnixStream;
        let shown = self.path.display();
        let failed = |e: std::io::Error| match e.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                AgentError::TimedOut(format!("the SSH agent did not answer within {} s", limit.as_secs()))
            }
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                AgentError::Absent(format!("no SSH agent listens at {shown}"))
            }
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                AgentError::Failed("the SSH agent ended in the middle of its answer".to_owned())
            }
            _ => AgentError::Failed(format!("the SSH agent at {shown} could not be asked: {e}")),
        };
        let until = std::time::Instant::now() + limit;
        let mut stream = UnixStream::connect(&self.path).map_err(failed)?;
        stream.set_write_timeout(Some(limit)).map_err(failed)?;
        let length = u32::try_from(request.len()).map_err(|_| not_understood())?;
        stream.write_all(&length.to_be_bytes()).and_then(|()| stream.write_all(request)).map_err(failed)?;
        // The limit is for all of the answer: one that drips would reset a limit for each read.
        let mut read = |buffer: &mut [u8]| -> Result<(), AgentError> {
            let mut filled = 0;
            while filled < buffer.len() {
                let left = until.saturating_duration_since(std::time::Instant::now());
                if left.is_zero() {
                    return Err(failed(ErrorKind::TimedOut.into()));
                }
                stream.set_read_timeout(Some(left)).map_err(failed)?;
                match stream.read(&mut buffer[filled..]) {
                    Ok(0) => return Err(failed(ErrorKind::UnexpectedEof.into())),
                    Ok(n) => filled += n,
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    Err(e) => return Err(failed(e)),
                }
            }
            Ok(())
        };
        let mut length = [0; 4];
        read(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length == 0 || length > MOST_BYTES {
            return Err(AgentError::Failed(format!("the SSH agent announced an answer of {length} bytes")));
        }
        let mut answer = vec![0; length as usize];
        read(&mut answer)?;
        Ok(answer)
    }

    #[cfg(not(unix))]
    fn ask(&self, _: &[u8], _: Duration) -> Result<Vec<u8>, AgentError> {
        Err(AgentError::Absent(format!("SSH agents are not asked on this system: {}", self.path.display())))
    }
}

fn body<'a>(answer: &'a [u8], wanted: u8, what: &str) -> Result<Rest<'a>, AgentError> {
    match answer.split_first() {
        Some((kind, rest)) if *kind == wanted => Ok(Rest(rest)),
        // SSH_AGENT_FAILURE
        Some((5, _)) => Err(AgentError::Refused(format!("the SSH agent would not {what}"))),
        _ => Err(not_understood()),
    }
}

fn not_understood() -> AgentError {
    AgentError::Failed("the SSH agent's answer was not understood".to_owned())
}

/// What is left of an answer.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn number(&mut self) -> Result<u32, AgentError> {
        let (number, rest) = self.0.split_first_chunk().ok_or_else(not_understood)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Result<&'a [u8], AgentError> {
        let length = self.number()? as usize;
        let (string, rest) = self.0.split_at_checked(length).ok_or_else(not_understood)?;
        self.0 = rest;
        Ok(string)
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;

    /// An agent that answers one request with these bytes, in pieces of so many, and holds the connection open.
    fn agent(answer: Vec<u8>) -> (tempfile::TempDir, SshAgentSocket, std::sync::mpsc::Sender<()>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent");
        let listener = UnixListener::bind(&path).unwrap();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 5];
            let _ = stream.read_exact(&mut request);
            let _ = stream.write_all(&answer);
            let _ = held.recv();
        });
        (folder, SshAgentSocket::at(&path), hold)
    }

    const LIMIT: Duration = Duration::from_millis(200);

    #[test]
    fn an_agent_that_says_nothing_or_half_is_waited_for_as_long_as_was_said() {
        for answer in [vec![], vec![0, 0], vec![0, 0, 0, 9, 12, 0]] {
            let (_folder, socket, _hold) = agent(answer);
            assert!(matches!(socket.keys(LIMIT), Err(AgentError::TimedOut(_))));
        }
    }

    #[test]
    fn an_answer_that_is_too_long_or_broken_is_refused_without_taking_it_in() {
        for answer in [
            vec![0xff, 0xff, 0xff, 0xff],
            vec![0, 0, 0, 0],
            vec![0, 0, 0, 5, 12, 0xff, 0xff, 0xff, 0xff],
            vec![0, 0, 0, 9, 12, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff],
            vec![0, 0, 0, 1, 99],
            vec![0, 0, 0, 2, 12, 0],
        ] {
            let (_folder, socket, _hold) = agent(answer.clone());
            assert!(matches!(socket.keys(LIMIT), Err(AgentError::Failed(_))), "{answer:?}");
        }
        let (_folder, socket, _hold) = agent(vec![0, 0, 0, 1, 5]);
        assert!(matches!(socket.keys(LIMIT), Err(AgentError::Refused(_))));
    }

    #[test]
    fn where_nobody_listens_that_is_said() {
        let nobody = SshAgentSocket::at(Path::new("/nonexistent/agent"));
        assert!(matches!(nobody.keys(LIMIT), Err(AgentError::Absent(said)) if said.contains("/nonexistent/agent")));
    }
}
