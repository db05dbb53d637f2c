//! Go modules that are made here, a folder that stands in for their proxy, and projects that need them.
//! May run the pinned Go and nothing else; writes below the test cache folder only.
#![allow(dead_code, reason = "each test uses its part")]

use crate::judge::{self, Damage, Held, Tally, Verdict, copy, damage, files, must, run, survey, write};
use contract::ReadinessState;
use inventory::Homes;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

static PLACES: AtomicUsize = AtomicUsize::new(0);

/// A module: path, version, its go.mod, and what its package imports.
pub type Module<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

/// The folder of the pinned Go.
pub fn go_root() -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("tools")
        },
        PathBuf::from,
    );
    let root = tools.join("go/go");
    assert!(
        root.join("bin/go").is_file(),
        "{} is not there: run tests/go/install.sh {}",
        root.display(),
        tools.display()
    );
    std::fs::canonicalize(root).unwrap()
}

/// A path or version as a proxy has it.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_ascii_uppercase() { vec!['!', c.to_ascii_lowercase()] } else { vec![c] })
        .collect()
}

/// An archive as a proxy has it.
pub fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let offset = u32::try_from(out.len()).unwrap();
        let mut crc = crc32fast::Hasher::new();
        crc.update(text);
        let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(text).unwrap();
        let packed = packed.finish().unwrap();
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        common.extend_from_slice(&crc.finalize().to_le_bytes());
        for length in [packed.len(), text.len()] {
            common.extend_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
        }
        common.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&packed);
        list.extend_from_slice(b"PK\x01\x02\x14\x00");
        list.extend_from_slice(&common);
        list.extend_from_slice(&[0; 10]);
        list.extend_from_slice(&offset.to_le_bytes());
        list.extend_from_slice(name.as_bytes());
    }
    let start = u32::try_from(out.len()).unwrap();
    let (count, length) = (u16::try_from(files.len()).unwrap(), u32::try_from(list.len()).unwrap());
    out.extend_from_slice(&list);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&[count.to_le_bytes(), count.to_le_bytes()].concat());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

/// A package that imports others.
pub fn source(name: &str, imports: &[&str]) -> String {
    let lines: Vec<String> = imports.iter().map(|import| format!("import _ {import:?}\n")).collect();
    format!("package {name}\n\n{}", lines.concat())
}

/// Lays a module down where Go looks for it in a proxy's folder.
fn publish(proxy: &Path, (path, version, go_mod, imports): &Module<'_>) {
    let folder = proxy.join(escaped(path)).join("@v");
    let at = |name: &str| format!("{path}@{version}/{name}");
    let text = if go_mod.is_empty() { format!("module {path}\n") } else { format!("module {path}\n\n{go_mod}") };
    let mut files = vec![
        (at("p.go"), source("p", imports).into_bytes()),
        (at("LICENSE"), format!("{path}\n").repeat(50).into_bytes()),
    ];
    if !go_mod.is_empty() {
        files.push((at("go.mod"), text.clone().into_bytes()));
    }
    let name = escaped(version);
    write(&folder.join(format!("{name}.mod")), &text);
    write(&folder.join(format!("{name}.zip")), archive(&files));
    write(&folder.join(format!("{name}.info")), format!(r#"{{"Version":"{version}","Time":"2024-01-02T03:04:05Z"}}"#));
    let list = std::fs::read_to_string(folder.join("list")).unwrap_or_default();
    write(&folder.join("list"), format!("{list}{version}\n"));
}

/// A project whose cache is whole, kept between runs.
pub struct Place {
    run: PathBuf,
    kept: PathBuf,
    pub proxy: PathBuf,
    held: Held,
}

pub struct Case {
    pub workspace: PathBuf,
    pub cache: PathBuf,
    home: PathBuf,
    pub proxy: PathBuf,
    pub set: BTreeMap<String, String>,
    pub damaged: Vec<String>,
    /// Where in the workspace Go is run.
    pub folders: Vec<&'static str>,
    /// `go mod download` is no part of the judge: the folder `vendor` is used.
    pub vendored: bool,
}

impl Place {
    /// `prepare`: commands of Go that finish the project, in its folders.
    pub fn new(name: &str, modules: &[Module<'_>], project: &[(&str, &str)], prepare: &[(&str, &[&str])]) -> Self {
        let stamp = format!("3 {modules:?}{project:?}{prepare:?}{}", go_root().display());
        let (held, folder, fresh) = Held::shared(&format!("judge-go-{name}"), &stamp);
        // Tests run side by side, in threads or in processes, each in a folder of its own.
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let run = folder.join("run").join(format!("{}-{number}", std::process::id()));
        let (kept, proxy) = (folder.join("kept"), folder.join("proxy"));
        let place = Place { run, kept, proxy, held };
        if !fresh {
            for old in [&folder.join("run"), &place.kept, &place.proxy] {
                if old.exists() {
                    std::fs::remove_dir_all(old).unwrap();
                }
                std::fs::create_dir_all(old).unwrap();
            }
            for module in modules {
                publish(&place.proxy, module);
            }
            // For who else asks Go about what is kept here.
            std::fs::create_dir_all(folder.join("programs")).unwrap();
            let link = folder.join("programs/go");
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(go_root().join("bin/go"), link).unwrap();
            let mut case = place.at_run();
            case.set.insert("GOPROXY".into(), format!("file://{}", place.proxy.display()));
            case.set.insert("GOSUMDB".into(), "off".into());
            for (path, text) in project {
                write(&case.workspace.join(path), text);
            }
            for (below, arguments) in prepare {
                must(&mut case.go(below, arguments));
            }
            std::fs::create_dir_all(&case.cache).unwrap();
            copy(&case.workspace, &place.kept.join("workspace"));
            copy(&case.cache, &place.kept.join("cache"));
            place.held.done();
            place.held.share();
        }
        place
    }

    fn at_run(&self) -> Case {
        Case {
            workspace: self.run.join("workspace"),
            cache: self.run.join("cache"),
            home: self.run.join("home"),
            proxy: self.proxy.clone(),
            set: BTreeMap::from([("GOPROXY".to_owned(), "off".to_owned())]),
            damaged: Vec::new(),
            folders: vec![""],
            vendored: false,
        }
    }

    pub fn case(&self) -> Case {
        let case = self.at_run();
        copy(&self.kept.join("workspace"), &case.workspace);
        copy(&self.kept.join("cache"), &case.cache);
        // Go writes into these in place.
        for path in files(&case.workspace).iter().chain(&files(&case.cache.join("cache"))) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if ["go.mod", "go.sum", "go.work", "go.work.sum", "list"].contains(&name) || name.ends_with(".ziphash") {
                write(path, std::fs::read(path).unwrap());
            }
        }
        case
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.run);
    }
}

impl Case {
    /// Holds the survey against what Go does.
    pub fn judge(&self, tally: &mut Tally, name: &str) {
        let case = self;
        let survey = survey(&case.workspace, case.homes());
        let mut output = String::new();
        let mut passes = true;
        for folder in &case.folders {
            let download: &[&str] = &["mod", "download"];
            let list: &[&str] = &["list", "-deps", "-test", "./..."];
            for arguments in [list, download].into_iter().take(if case.vendored { 1 } else { 2 }) {
                let told = run(&mut case.go(folder, arguments));
                passes &= told.status.success();
                if !told.status.success() {
                    output += &String::from_utf8_lossy(&told.stderr);
                }
            }
        }
        let mut silent = Vec::new();
        if passes && !case.damaged.is_empty() {
            // Whether what it went on with is what go.sum has the checksum of.
            let verify = run(&mut case.go("", &["mod", "verify"]));
            if !verify.status.success() {
                let told =
                    String::from_utf8_lossy(&verify.stdout).into_owned() + &String::from_utf8_lossy(&verify.stderr);
                let named = |name: &&String| told.lines().any(|line| line.starts_with(&format!("{name} ")));
                silent = case.damaged.iter().filter(named).cloned().collect();
                assert!(!silent.is_empty(), "{name}: {told}");
                output += &told;
            }
        }
        let damaged = case.damaged.clone();
        let verdict = Verdict { passes, silent, damaged, output };
        if survey.readiness.state == ReadinessState::Unknown {
            println!("UNKNOWN {name}");
        }
        tally.add(name, &survey, &verdict);
    }

    /// The environment of both: nothing of this user's own.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let foreign = ["GO", "XDG_", "CGO", "HTTP", "http"];
        let mut kept: BTreeMap<String, String> =
            std::env::vars().filter(|(name, _)| !foreign.iter().any(|start| name.starts_with(start))).collect();
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        kept.insert("PATH".into(), path(&go_root().join("bin")));
        kept.insert("HOME".into(), path(&self.home));
        kept.insert("GOMODCACHE".into(), path(&self.cache));
        kept.insert("GOFLAGS".into(), "-modcacherw".into());
        kept.insert("CGO_ENABLED".into(), "0".into());
        // What asks for a checksum all the same is refused at once.
        kept.insert("HTTPS_PROXY".into(), "http://127.0.0.1:9".into());
        kept.extend(self.set.clone());
        kept
    }

    pub fn homes(&self) -> Homes {
        Homes::from_variables(self.variables())
    }

    pub fn go(&self, below: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(go_root().join("bin/go"));
        command.args(arguments).current_dir(self.workspace.join(below)).env_clear().envs(self.variables());
        command
    }

    /// Where the cache has a file of a module.
    pub fn file(&self, path: &str, version: &str, suffix: &str) -> PathBuf {
        self.cache.join(format!("cache/download/{}/@v/{}.{suffix}", escaped(path), escaped(version)))
    }

    pub fn folder(&self, path: &str, version: &str) -> PathBuf {
        self.cache.join(format!("{}@{}", escaped(path), escaped(version)))
    }

    pub fn damage(&mut self, (path, version): (&str, &str), suffix: &str, what: Damage, at: usize) {
        let _ = damage(&self.file(path, version, suffix), what, at);
        self.damaged.push(path.to_owned());
    }

    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let path = self.workspace.join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{} has no {from}", path.display());
        write(&path, text.replacen(from, to, 1));
    }

    /// Removes the lines of a go.sum in which a text stands.
    pub fn forget(&self, path: &str, what: &str) {
        let path = self.workspace.join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        let kept: String = text.split_inclusive('\n').filter(|line| !line.contains(what)).collect();
        assert!(kept != text, "{} has no {what}", path.display());
        write(&path, kept);
    }
}

/// So that both modules of this folder count as used in every test.
pub fn random(usual: usize) -> usize {
    judge::random_cases(usual)
}
