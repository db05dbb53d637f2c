//! Podman, stores and layouts of images that are made here, and what Podman makes of them.
//! May run the pinned Podman and nothing else; writes below the test cache folder only.
#![allow(dead_code, reason = "each test uses its part")]

use crate::judge::{Damage, Held, Tally, Verdict, damage, files, must, run, survey, write};
use inventory::{Homes, Survey};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const STAMP: &str = "3";
/// What podman says of these is not on this machine's platform.
pub const OTHER: &str = if cfg!(target_arch = "aarch64") { "amd64" } else { "arm64" };

pub fn program() -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("tools")
        },
        PathBuf::from,
    );
    let program = tools.join("podman/bin/podman");
    assert!(program.is_file(), "Podman is not there: run tests/podman/install.sh");
    program
}

pub struct Place {
    folder: PathBuf,
    _held: Held,
}

/// A copy of the stores and a folder to build in; `base`: where both are.
pub struct Case {
    pub base: PathBuf,
    pub damaged: Vec<String>,
}

pub fn variables(base: &Path) -> Vec<(String, String)> {
    let path = |below: &str| base.join(below).to_str().unwrap().to_owned();
    let bin = program().parent().unwrap().to_str().unwrap().to_owned();
    [
        ("HOME", path("home")),
        ("PATH", format!("{bin}:/usr/sbin:/usr/bin:/sbin:/bin")),
        ("XDG_RUNTIME_DIR", path("run")),
        ("TMPDIR", path("tmp")),
        ("CONTAINERS_STORAGE_CONF", path("storage.conf")),
        ("CONTAINERS_REGISTRIES_CONF", path("registries.conf")),
        ("CONTAINERS_CONF", path("containers.conf")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// Damages a file, which has to be another one then.
pub fn hurt(path: &Path, what: Damage, at: usize) {
    assert!(damage(path, what, at), "{} is as it was", path.display());
}

/// Only Podman is in the path: Docker would have a say too.
pub fn homes(base: &Path) -> Homes {
    let mut all = variables(base);
    program().parent().unwrap().to_str().unwrap().clone_into(&mut all[1].1);
    Homes::from_variables(all)
}

pub fn podman(base: &Path, arguments: &[&str]) -> Command {
    // Overlay mounts the store's folder on itself, and leaves it so: in a namespace of its own that ends with it.
    let mut command = Command::new("unshare");
    command.arg("--mount").arg(program());
    command.env_clear().current_dir(base.join("work")).args(arguments);
    command.envs(variables(base));
    command
}

/// Settings of a store below `base`; `driver` empty: none is named.
pub fn settings(base: &Path, driver: &str, more: &str) {
    let driver = if driver.is_empty() { String::new() } else { format!("driver = \"{driver}\"\n") };
    let text =
        format!("[storage]\n{driver}graphroot = \"{0}/store\"\nrunroot = \"{0}/runroot\"\n{more}", base.display());
    write(&base.join("storage.conf"), text);
}

pub fn prepare(base: &Path, driver: &str) {
    for folder in ["home", "run", "tmp", "work"] {
        std::fs::create_dir_all(base.join(folder)).unwrap();
    }
    settings(base, driver, "");
    write(
        &base.join("registries.conf"),
        "unqualified-search-registries = [\"registry.example.org\"]\n[aliases]\n\"tool\" = \"quay.example.org/acme/tool\"\n",
    );
    write(&base.join("containers.conf"), "[engine]\nevents_logger = \"none\"\ncgroup_manager = \"cgroupfs\"\n");
}

/// An archive with one file.
pub fn archive(path: &Path, name: &str, text: &str) {
    let folder = path.with_extension("d");
    write(&folder.join(name), text);
    must(Command::new("tar").arg("-C").arg(&folder).arg("-cf").arg(path).arg("."));
}

impl Place {
    pub fn new(driver: &str) -> Self {
        let version = run(Command::new(program()).arg("--version"));
        let stamp = format!("{STAMP} {}", String::from_utf8_lossy(&version.stdout));
        let (held, folder, fresh) = Held::folder(&format!("judge-oci-{driver}"), &stamp);
        if !fresh {
            for old in ["kept", "case"] {
                let _ = std::fs::remove_dir_all(folder.join(old));
            }
            // Podman remembers where its store is: it is made where every case finds it.
            let base = folder.join("case");
            prepare(&base, driver);
            for (name, architecture) in [
                ("localhost/base:1", None),
                ("docker.io/library/alpine:3.20", None),
                ("quay.example.org/acme/tool:latest", None),
                ("registry.example.org/team/app:2", None),
                ("localhost/foreign:1", Some(OTHER)),
            ] {
                let tar = base.join("tmp/one.tar");
                archive(&tar, "name", name);
                let mut arguments = vec!["import", "--quiet"];
                let platform = architecture.map(|architecture| format!("--arch={architecture}"));
                arguments.extend(platform.as_deref());
                arguments.extend([tar.to_str().unwrap(), name]);
                must(&mut podman(&base, &arguments));
            }
            write(&base.join("work/file"), "a file");
            write(&base.join("work/Dockerfile"), "FROM localhost/base:1\nCOPY file /one\nCOPY file /two\n");
            must(&mut podman(&base, &["build", "--quiet", "--layers=false", "-t", "localhost/layered:1", "."]));
            must(&mut podman(&base, &["manifest", "create", "localhost/many:1"]));
            for image in ["localhost/base:1", "localhost/foreign:1"] {
                let from = format!("containers-storage:{image}");
                must(&mut podman(&base, &["manifest", "add", "localhost/many:1", &from]));
            }
            std::fs::remove_file(base.join("work/Dockerfile")).unwrap();
            for (image, name) in [("layered:1", "one"), ("foreign:1", "foreign")] {
                let to = format!("oci:{}:{name}", base.join("layout").display());
                must(&mut podman(&base, &["push", "--quiet", &format!("localhost/{image}"), &to]));
            }
            let to = format!("oci:{}:alone", base.join("single").display());
            must(&mut podman(&base, &["push", "--quiet", "localhost/base:1", &to]));
            must(Command::new("cp").arg("-a").arg(&base).arg(folder.join("kept")));
            held.done();
        }
        Place { folder, _held: held }
    }

    pub fn case(&self, driver: &str) -> Case {
        let base = self.folder.join("case");
        let _ = std::fs::remove_dir_all(&base);
        must(Command::new("cp").arg("-a").arg(self.folder.join("kept")).arg(&base));
        prepare(&base, driver);
        Case { base, damaged: Vec::new() }
    }
}

impl Case {
    pub fn work(&self) -> PathBuf {
        self.base.join("work")
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.base.join(below)
    }

    /// Leaves no image in the store: what is copied into it has to come from elsewhere.
    pub fn without_images(&self) {
        std::fs::remove_dir_all(self.base.join("store")).unwrap();
    }

    pub fn dockerfile(&self, text: &str) {
        write(&self.work().join("Dockerfile"), text);
    }

    pub fn survey(&self) -> Arc<Survey> {
        survey(&self.work(), homes(&self.base))
    }

    pub fn builds(&self) -> (bool, String) {
        let output = run(&mut podman(&self.base, &["build", "--pull=never", "--quiet", "-f", "Dockerfile", "."]));
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// `silent`: what was damaged, and Podman does not notice.
    pub fn judge(&self, tally: &mut Tally, name: &str, silent: bool) {
        let survey = self.survey();
        let (passes, output) = self.builds();
        let silent = if silent && passes { self.damaged.clone() } else { Vec::new() };
        tally.add(name, &survey, &Verdict { passes, silent, damaged: self.damaged.clone(), output });
    }

    pub fn list(&self, what: &str) -> PathBuf {
        let store = self.base.join("store");
        let found = files(&store).into_iter().find(|path| path.ends_with(format!("{what}.json")));
        found.expect("the store has its lists")
    }

    pub fn read(&self, what: &str) -> Vec<Value> {
        serde_json::from_slice(&std::fs::read(self.list(what)).unwrap()).unwrap()
    }

    pub fn image(&self, name: &str) -> Value {
        let named = |image: &Value| image["names"].as_array().is_some_and(|names| names.iter().any(|own| own == name));
        self.read("images").into_iter().find(named).expect("the store has it")
    }

    /// The digest of the manifest of an image.
    pub fn digest(&self, name: &str) -> String {
        self.image(name)["digest"].as_str().unwrap().to_owned()
    }

    pub fn edit(&self, what: &str, edit: impl Fn(&mut Vec<Value>)) {
        let path = self.list(what);
        let mut all = self.read(what);
        edit(&mut all);
        write(&path, serde_json::to_vec(&all).unwrap());
    }

    /// A file of an image: its manifest, or its configuration.
    pub fn file_of(&self, name: &str, manifest: bool) -> PathBuf {
        let image = self.image(name);
        let id = image["id"].as_str().unwrap();
        let folder = self.list("images").parent().unwrap().join(id);
        let own = |path: &PathBuf| path.file_name().unwrap() == "manifest";
        let all = files(&folder);
        let text = |path: &PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let found = if manifest {
            all.iter().find(|path| !own(path) && text(path).contains("\"layers\""))
        } else {
            all.iter().find(|path| text(path).contains("\"rootfs\""))
        };
        found.expect("the store has it").clone()
    }

    /// The folder of the uppermost layer of an image.
    pub fn layer(&self, name: &str) -> PathBuf {
        let layer = self.image(name)["layer"].as_str().unwrap().to_owned();
        let store = self.base.join("store");
        let places = [store.join("overlay").join(&layer), store.join("vfs/dir").join(&layer)];
        places.into_iter().find(|path| path.exists()).expect("the store has its folder")
    }
}
