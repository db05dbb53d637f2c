//! Surveys of Terraform's lockfiles over folders that are made by hand: working folder, mirrors, checksums, settings, and hostile
//! input. What Terraform itself says of these cases stands in `docs/inventory.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::type_complexity, reason = "a test may stop")]

use base64::Engine as _;
use contract::{Artifact, ArtifactState, ReadinessState};
use holdover_inventory::{Homes, Inventory, NoMemory, Options, Survey};
use sha2::{Digest, Sha256};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FILES: [(&str, &str); 2] = [("README.md", "notes\n"), ("terraform-provider-tool_v1.0.0_x5", "#!/bin/sh\n")];
const CONFIGURATION: &str = "terraform {\n  required_providers {\n    tool = {\n      source  = \"acme/tool\"\n      version = \"~> 1.0\"\n    }\n  }\n}\n\nresource \"tool_thing\" \"x\" {\n  name = \"y\"\n}\n";
const ADDRESS: &str = "registry.terraform.io/acme/tool";

struct Made {
    _folder: tempfile::TempDir,
    root: PathBuf,
    base: PathBuf,
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn h1(files: &[(&str, &str)]) -> String {
    let all = files
        .iter()
        .map(|(name, text)| format!("{}  {name}\n", hex::encode(Sha256::digest(text))))
        .collect::<Vec<_>>()
        .concat();
    format!("h1:{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(all)))
}

fn platform() -> String {
    let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{os}_{architecture}")
}

/// An archive without compression.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let offset = u32::try_from(out.len()).unwrap();
        let (length, named) = (u32::try_from(text.len()).unwrap(), u16::try_from(name.len()).unwrap());
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        head.extend(crc.sum().to_le_bytes());
        head.extend(length.to_le_bytes());
        head.extend(length.to_le_bytes());
        head.extend(named.to_le_bytes());
        head.extend([0, 0]);
        out.extend([0x50, 0x4b, 3, 4]);
        out.extend(&head);
        out.extend(name.as_bytes());
        out.extend(text.as_bytes());
        list.extend([0x50, 0x4b, 1, 2, 20, 0]);
        list.extend(&head);
        list.extend([0; 10]);
        list.extend(offset.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (begin, count) = (u32::try_from(out.len()).unwrap(), u16::try_from(files.len()).unwrap());
    let length = u32::try_from(list.len()).unwrap();
    out.extend(list);
    out.extend([0x50, 0x4b, 5, 6, 0, 0, 0, 0]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(begin.to_le_bytes());
    out.write_all(&[0, 0]).unwrap();
    out
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(folder.path()).unwrap();
        let made = Made { _folder: folder, root: base.join("work"), base };
        write(&made.root.join("main.tf"), CONFIGURATION);
        made.lock(&[&h1(&FILES)]);
        made
    }

    fn lock(&self, hashes: &[&str]) {
        let hashes = hashes.iter().map(|hash| format!("    \"{hash}\",\n")).collect::<Vec<_>>().concat();
        let text = format!(
            "# made by init\nprovider \"{ADDRESS}\" {{\n  version     = \"1.0.0\"\n  constraints = \"~> 1.0\"\n  hashes = [\n{hashes}  ]\n}}\n"
        );
        write(&self.root.join(".terraform.lock.hcl"), text);
    }

    fn below(&self, root: &str) -> PathBuf {
        self.base.join(root).join(ADDRESS).join("1.0.0").join(platform())
    }

    fn unpack(&self, root: &str) -> PathBuf {
        let folder = self.below(root);
        for (name, text) in FILES {
            write(&folder.join(name), text);
        }
        folder
    }

    fn pack(&self, root: &str) -> PathBuf {
        let name = format!("terraform-provider-tool_1.0.0_{}.zip", platform());
        let path = self.base.join(root).join(ADDRESS).join(name);
        write(&path, archive(&FILES));
        path
    }

    fn with(&self, more: &[(&str, &Path)]) -> Arc<Survey> {
        let mut all = vec![("HOME".to_owned(), self.base.join("home").to_str().unwrap().to_owned())];
        all.push(("XDG_DATA_DIRS".to_owned(), self.base.join("shared").to_str().unwrap().to_owned()));
        all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.to_str().unwrap().to_owned())));
        let options = Options { homes: Homes::from_variables(all), ..Options::default() };
        Inventory::new(&self.root, options).survey(&NoMemory, &|| false)
    }

    fn survey(&self) -> Arc<Survey> {
        self.with(&[])
    }
}

fn only(survey: &Survey) -> Artifact {
    let all: Vec<Artifact> = survey.artifacts.iter().filter(|one| one.ecosystem == "terraform").cloned().collect();
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

fn problem(survey: &Survey) -> String {
    survey.readiness.ecosystems.iter().find_map(|one| one.problem.clone()).unwrap_or_default()
}

#[test]
fn nothing_is_called_ready_and_what_lacks_is_named_at_its_lines() {
    let made = Made::new();
    let survey = made.survey();
    assert_eq!(survey.readiness.state, ReadinessState::Incomplete);
    let own = only(&survey);
    assert_eq!((own.id.as_str(), own.state), ("terraform:acme/tool@1.0.0", ArtifactState::Missing));
    assert_eq!(own.range.start.line, 1);
    let (lockfile, configuration) = (made.root.join(".terraform.lock.hcl"), made.root.join("main.tf"));
    for (file, line) in [(&lockfile, 2), (&configuration, 3)] {
        let text = format!("# above\n{}", std::fs::read_to_string(file).unwrap());
        let placed = holdover_inventory::place(&survey, file, &text);
        assert_eq!(placed.iter().map(|one| one.range.start.line).collect::<Vec<_>>(), [line], "{placed:#?}");
    }
    let hints = holdover_inventory::hints(&survey, &configuration, CONFIGURATION);
    assert_eq!(hints.iter().map(|hint| hint.text.as_str()).collect::<Vec<_>>(), ["1.0.0 missing"]);
    let steps = holdover_inventory::plan_fetch(&survey, None);
    assert_eq!(
        steps[0].command,
        ["terraform", "init", "-input=false", "-no-color", "-backend=false", "-lockfile=readonly"]
    );
    made.unpack("work/.terraform/providers");
    let survey = made.survey();
    assert_eq!(only(&survey).state, ArtifactState::Present);
    assert_eq!(survey.readiness.state, ReadinessState::Unknown);
    assert!(problem(&survey).starts_with("unverified: "), "{}", problem(&survey));
}

#[test]
fn packages_are_held_against_the_lockfiles_checksums_as_terraform_does() {
    let zip = format!("zh:{}", hex::encode(Sha256::digest(archive(&FILES))));
    let other = format!("zh:{}", "0".repeat(64));
    let whole = h1(&FILES);
    let cases: &[(&str, &[&str], &dyn Fn(&Made), ArtifactState)] = &[
        ("work", &[&whole], &|made| drop(made.unpack("work/.terraform/providers")), ArtifactState::Present),
        (
            "work, changed",
            &[&whole],
            &|made| write(&made.unpack("work/.terraform/providers").join("README.md"), "x"),
            ArtifactState::Corrupt,
        ),
        (
            "work, more",
            &[&whole],
            &|made| write(&made.unpack("work/.terraform/providers").join("more"), "x"),
            ArtifactState::Corrupt,
        ),
        (
            "work, less",
            &[&whole],
            &|made| std::fs::remove_file(made.unpack("work/.terraform/providers").join("README.md")).unwrap(),
            ArtifactState::Corrupt,
        ),
        (
            "work, checksum of the archive alone",
            &[&zip],
            &|made| drop(made.unpack("work/.terraform/providers")),
            ArtifactState::Corrupt,
        ),
        ("archive", &[&whole], &|made| drop(made.pack("home/.terraform.d/plugins")), ArtifactState::Present),
        (
            "archive by its own checksum",
            &[&zip],
            &|made| drop(made.pack("home/.terraform.d/plugins")),
            ArtifactState::Present,
        ),
        (
            "archive, other checksum",
            &[&other],
            &|made| drop(made.pack("home/.terraform.d/plugins")),
            ArtifactState::Corrupt,
        ),
        (
            "archive, garbage",
            &[&whole],
            &|made| write(&made.pack("home/.terraform.d/plugins"), "x"),
            ArtifactState::Corrupt,
        ),
        (
            "archive, cut short",
            &[&whole],
            &|made| {
                let path = made.pack("home/.terraform.d/plugins");
                let bytes = std::fs::read(&path).unwrap();
                write(&path, &bytes[..bytes.len() / 2]);
            },
            ArtifactState::Corrupt,
        ),
        (
            "unpacked in a mirror",
            &[&whole],
            &|made| drop(made.unpack("home/.local/share/terraform/plugins")),
            ArtifactState::Present,
        ),
        (
            "beside the configuration",
            &[&whole],
            &|made| drop(made.pack("work/terraform.d/plugins")),
            ArtifactState::Present,
        ),
        ("shared", &[&whole], &|made| drop(made.pack("shared/terraform/plugins")), ArtifactState::Present),
        (
            "work changed, archive sound",
            &[&whole],
            &|made| {
                write(&made.unpack("work/.terraform/providers").join("README.md"), "x");
                made.pack("home/.terraform.d/plugins");
            },
            ArtifactState::Present,
        ),
        (
            "another platform",
            &[&whole],
            &|made| {
                let path = made.pack("home/.terraform.d/plugins");
                std::fs::rename(&path, path.with_file_name("terraform-provider-tool_1.0.0_plan9_mips.zip")).unwrap();
            },
            ArtifactState::Missing,
        ),
    ];
    for (name, hashes, change, state) in cases {
        let made = Made::new();
        made.lock(hashes);
        change(&made);
        let survey = made.survey();
        assert_eq!(only(&survey).state, *state, "{name}: {}", only(&survey).evidence);
        assert_ne!(survey.readiness.state, ReadinessState::Ready, "{name}");
    }
}

#[test]
fn settings_say_where_providers_come_from() {
    let made = Made::new();
    let settings = made.base.join("settings");
    let mirror = |more: &str| {
        format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n{more}  }}\n}}\n",
            made.base.join("mirror").display()
        )
    };
    made.pack("mirror");
    made.unpack("cache");
    for (text, state) in [
        (mirror(""), ArtifactState::Present),
        (mirror("    include = [\"acme/*\"]\n"), ArtifactState::Present),
        (mirror("    include = [\"registry.terraform.io/*/*\"]\n"), ArtifactState::Present),
        (mirror("    include = [\"other/*\"]\n"), ArtifactState::Missing),
        (mirror("    exclude = [\"acme/tool\"]\n"), ArtifactState::Missing),
        (format!("plugin_cache_dir = \"{}\"\n", made.base.join("cache").display()), ArtifactState::Missing),
        (String::new(), ArtifactState::Missing),
    ] {
        write(&settings, &text);
        let survey = made.with(&[("TF_CLI_CONFIG_FILE", &settings)]);
        assert_eq!(only(&survey).state, state, "{text}");
    }
    write(&made.base.join("home/.terraformrc"), mirror(""));
    assert_eq!(only(&made.survey()).state, ArtifactState::Present);
    let survey = made.with(&[("TF_CLI_CONFIG_FILE", &settings), ("TF_PLUGIN_CACHE_DIR", &made.base.join("cache"))]);
    assert!(only(&survey).evidence.contains("only the plugin cache"), "{}", only(&survey).evidence);
    std::fs::rename(made.base.join("cache"), made.base.join("data")).unwrap();
    std::fs::create_dir(made.base.join("own")).unwrap();
    std::fs::rename(made.base.join("data"), made.base.join("own/providers")).unwrap();
    let survey = made.with(&[("TF_CLI_CONFIG_FILE", &settings), ("TF_DATA_DIR", &made.base.join("own"))]);
    assert_eq!(only(&survey).state, ArtifactState::Present);
}

#[test]
fn a_lockfile_that_is_not_the_configurations_is_told() {
    let made = Made::new();
    made.unpack("work/.terraform/providers");
    for (more, says) in [
        ("resource \"null_thing\" \"x\" {}\n", "registry.terraform.io/hashicorp/null"),
        ("provider \"random\" {}\n", "registry.terraform.io/hashicorp/random"),
    ] {
        write(&made.root.join("more.tf"), more);
        let survey = made.survey();
        assert_eq!(survey.readiness.state, ReadinessState::Incomplete, "{more}");
        assert!(problem(&survey).contains(says), "{}", problem(&survey));
    }
    for more in ["module \"x\" {\n  source = \"./x\"\n}\n", "}{\n"] {
        write(&made.root.join("more.tf"), more);
        assert_eq!(made.survey().readiness.state, ReadinessState::Unknown, "{more}");
    }
    std::fs::remove_file(made.root.join("more.tf")).unwrap();
    let lockfile = made.root.join(".terraform.lock.hcl");
    let text = std::fs::read_to_string(&lockfile).unwrap();
    for (from, to) in [
        ("hashes = [", "hashes = []\n  x = ["),
        ("\"1.0.0\"", "\"\""),
        (ADDRESS, "acme/tool"),
        (ADDRESS, "registry.terraform.io/../tool"),
        ("provider", "}{ provider"),
    ] {
        write(&lockfile, text.replacen(from, to, 1));
        assert_eq!(made.survey().readiness.state, ReadinessState::Incomplete, "{to}");
    }
}

#[test]
fn hostile_input_ends_in_an_answer() {
    let made = Made::new();
    let lockfile = made.root.join(".terraform.lock.hcl");
    for text in [
        "a {\n".repeat(10_000),
        format!("a = {}", "[".repeat(1_000_000)),
        format!("a = \"{}", "${\"".repeat(100_000)),
        "provider \"x\" {\n  version = \"1.0.0\"\n}\n".repeat(50_000),
        "<<".repeat(1_000_000),
        "\0".repeat(1_000),
        "x".repeat(5 << 20),
    ] {
        write(&lockfile, &text);
        write(&made.root.join("main.tf"), &text);
        let begun = std::time::Instant::now();
        let survey = made.survey();
        assert_ne!(survey.readiness.state, ReadinessState::Ready);
        let _ = holdover_inventory::place(&survey, &lockfile, &text);
        assert!(begun.elapsed().as_secs() < 60, "{}", &text[..20]);
    }
    #[cfg(unix)]
    {
        made.lock(&[&h1(&FILES)]);
        let folder = made.unpack("work/.terraform/providers");
        std::os::unix::fs::symlink(&folder, folder.join("around")).unwrap();
        assert_eq!(only(&made.survey()).state, ArtifactState::Unknown, "a link to a folder within");
    }
}
