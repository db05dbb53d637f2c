//! A registry of packages on this machine: npm's protocol and Python's simple index, over HTTP on loopback.
//! May not reach anything else; what it has is made by the test.

use base64::Engine;
use serde_json::json;
use sha1::Digest;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// Answers by path: type and body.
type Answers = BTreeMap<String, (&'static str, Vec<u8>)>;

pub struct Registry {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    answers: Arc<Mutex<Answers>>,
}

impl Registry {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Arc<Mutex<Answers>> = Arc::default();
        let served = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                std::thread::spawn(move || answer(stream, &served));
            }
        });
        Registry { url, answers }
    }

    fn put(&self, path: String, kind: &'static str, body: Vec<u8>) {
        self.answers.lock().unwrap().insert(path, (kind, body));
    }

    /// A package of npm's in version 1.0.0, with what it needs.
    pub fn npm(&self, scratch: &Path, name: &str, needs: &[&str]) {
        let folder = scratch.join("package");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let needs: BTreeMap<&str, &str> = needs.iter().map(|name| (*name, "1.0.0")).collect();
        let manifest = json!({ "name": name, "version": "1.0.0", "dependencies": needs });
        std::fs::write(folder.join("package.json"), manifest.to_string()).unwrap();
        std::fs::write(folder.join("index.js"), format!("module.exports = '{name}';\n")).unwrap();
        let file = scratch.join("package.tgz");
        let packed = Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(scratch).arg("package").status().unwrap();
        assert!(packed.success());
        let bytes = std::fs::read(file).unwrap();
        let integrity = base64::engine::general_purpose::STANDARD.encode(sha2::Sha512::digest(&bytes));
        let path = format!("/{name}/-/{}-1.0.0.tgz", name.rsplit('/').next().unwrap());
        let mut version = manifest;
        version["dist"] = json!({ "tarball": format!("{}{path}", self.url), "integrity": format!("sha512-{integrity}"),
            "shasum": hex::encode(sha1::Sha1::digest(&bytes)) });
        let packument = json!({ "name": name, "dist-tags": { "latest": "1.0.0" }, "versions": { "1.0.0": version },
            "time": { "1.0.0": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z" } });
        self.put(path, "application/octet-stream", bytes);
        self.put(format!("/{name}"), "application/json", packument.to_string().into_bytes());
    }

    /// A wheel for any Python in version 1.0.0, with what it needs.
    pub fn wheel(&self, scratch: &Path, name: &str, needs: &[&str]) {
        let file = scratch.join(format!("{name}-1.0.0-py3-none-any.whl"));
        let mut metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n");
        for need in needs {
            let _ = writeln!(metadata, "Requires-Dist: {need}");
        }
        let script = "import base64, hashlib, sys, zipfile\n\
            file, name, metadata = sys.argv[1:]\n\
            info = f'{name}-1.0.0.dist-info'\n\
            texts = {f'{name}.py': f'NAME = {name!r}\\n', f'{info}/METADATA': metadata,\n\
            f'{info}/WHEEL': 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}\n\
            sum = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()\n\
            lines = [f'{path},sha256={sum(text)},{len(text)}\\n' for path, text in texts.items()]\n\
            texts[f'{info}/RECORD'] = ''.join([*lines, f'{info}/RECORD,,\\n'])\n\
            with zipfile.ZipFile(file, 'w') as wheel:\n    \
            [wheel.writestr(zipfile.ZipInfo(path), text) for path, text in texts.items()]\n";
        let made = Command::new("python3").args(["-c", script]).arg(&file).args([name, &metadata]).status().unwrap();
        assert!(made.success());
        let bytes = std::fs::read(&file).unwrap();
        let (path, sum) = (format!("/files/{name}-1.0.0-py3-none-any.whl"), hex::encode(sha2::Sha256::digest(&bytes)));
        let page = format!(
            "<!DOCTYPE html><html><body><a href=\"{path}#sha256={sum}\">{name}-1.0.0-py3-none-any.whl</a></body></html>"
        );
        self.put(path, "application/octet-stream", bytes);
        self.put(format!("/simple/{name}/"), "text/html", page.into_bytes());
    }
}

fn answer(mut stream: TcpStream, answers: &Mutex<Answers>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    for line in lines {
        if line.is_ok_and(|line| !line.is_empty()) {
            continue;
        }
        break;
    }
    let path = first.split(' ').nth(1).unwrap_or_default().replace("%2f", "/").replace("%2F", "/");
    let (status, kind, body) = match answers.lock().unwrap().get(&path) {
        Some((kind, body)) => ("200 OK", *kind, body.clone()),
        None => ("404 Not Found", "text/plain", b"not here".to_vec()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncache-control: public, max-age=300\r\netag: \"{length}\"\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let body = if first.starts_with("HEAD ") { Vec::new() } else { body };
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
