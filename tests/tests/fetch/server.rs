//! The files of a folder over HTTP on loopback, for as long as it is held. A file can be broken off in the middle, or not be there.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What becomes of files whose address ends so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Half of it comes, and then the connection ends.
    Half(&'static str),
    /// It is not there.
    Absent(&'static str),
}

pub struct Server {
    pub port: u16,
    wrong: Arc<Mutex<Option<Wrong>>>,
    asked: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
}

impl Server {
    pub fn of(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, wrong: Arc::default(), asked: Arc::default(), ends: Arc::default() };
        let (wrong, asked, ends) = (server.wrong.clone(), server.asked.clone(), server.ends.clone());
        let folder = folder.to_path_buf();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::Acquire) {
                    return;
                }
                let (folder, wrong, asked) = (folder.clone(), wrong.lock().unwrap().clone(), asked.clone());
                std::thread::spawn(move || answer(stream, &folder, wrong.as_ref(), &asked));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, wrong: Option<Wrong>) {
        *self.wrong.lock().unwrap() = wrong;
    }

    /// Whether somebody asked for a file whose address ends so.
    pub fn was_asked(&self, end: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|path| path.ends_with(end))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn answer(stream: TcpStream, folder: &Path, wrong: Option<&Wrong>, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let mut stream = reader.into_inner();
    let mut words = head.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split(['?', '#']).next().unwrap_or_default();
    asked.lock().unwrap().push(path.to_owned());
    let mut file: PathBuf = folder.join(path.trim_start_matches('/'));
    if file.is_dir() {
        file = file.join("index.html");
    }
    let gone = matches!(wrong, Some(Wrong::Absent(end)) if path.ends_with(end));
    let Some(bytes) = std::fs::read(&file).ok().filter(|_| !gone) else {
        let _ = write!(stream, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
    };
    let kind = if file.ends_with("index.html") { "text/html" } else { "application/octet-stream" };
    let length = bytes.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let half = matches!(wrong, Some(Wrong::Half(end)) if path.ends_with(end));
    if method != "HEAD" {
        let _ = stream.write_all(if half { &bytes[..length / 2] } else { &bytes });
    }
}
