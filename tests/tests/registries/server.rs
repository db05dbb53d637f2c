//! A registry that answers as a test wants: over HTTP or TLS, on loopback, and remembers what it was sent.
#![allow(dead_code, reason = "each test uses its own part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What it does with a connection, after the head of the request was read; it writes whatever it likes.
pub type Answer = Arc<dyn Fn(&str, &mut dyn Write) + Send + Sync>;

pub struct Registry {
    pub port: u16,
    /// The heads of all requests.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    pub fn start(answer: impl Fn(&str, &mut dyn Write) + Send + Sync + 'static) -> Self {
        Self::serve(Arc::new(answer), None)
    }

    /// With a certificate for 127.0.0.1 that nobody signed but itself; also gives that, in PEM.
    pub fn start_tls(answer: impl Fn(&str, &mut dyn Write) + Send + Sync + 'static) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        (Self::serve(Arc::new(answer), Some(Arc::new(config))), made.cert.pem())
    }

    fn serve(answer: Answer, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, tls, kept) = (Arc::clone(&answer), tls.clone(), Arc::clone(&kept));
                std::thread::spawn(move || match tls {
                    None => one(stream, &answer, &kept),
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(config).unwrap();
                        one(rustls::StreamOwned::new(connection, stream), &answer, &kept);
                    }
                });
            }
        });
        Self { port, heads }
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn one<S: Read + Write>(stream: S, answer: &Answer, kept: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.trim().is_empty() => break,
            Ok(_) => head.push_str(&line),
        }
    }
    kept.lock().unwrap().push(head.clone());
    let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut stream = reader.into_inner();
    answer(&path, &mut stream);
    let _ = stream.flush();
}

/// A whole answer.
pub fn say(to: &mut dyn Write, status: &str, kind: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        to,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
}

pub fn wait(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

/// Whether somebody listens there.
pub fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
