//! Which toolchains are on this machine: in the folders of rustup, nvm, fnm, Volta, pyenv, uv, corepack, asdf and mise, and in `PATH`.

use super::facts::{MOST, Machine, entry};
use checks::Here;
use std::path::PathBuf;

impl Machine {
    pub(super) fn toolchain(&self, which: &str, version: &str) -> Here {
        match which {
            "rust" => {
                if version.is_empty() {
                    return Here::Unknown("which toolchain this is is only known when it runs".into());
                }
                entry(&self.homes.rustup.join("toolchains"), "rustup's toolchains", |name| {
                    name == version || name.strip_prefix(version).is_some_and(|rest| rest.starts_with('-'))
                })
            }
            "rust-target" => self.in_toolchain(&format!("lib/rustlib/{version}"), version),
            "rust-component" => self.component(version),
            "node" => {
                let nvm = self.variable("NVM_DIR").map_or_else(|| self.homes.home.join(".nvm"), PathBuf::from);
                let places = [
                    nvm.join("versions/node"),
                    self.data().join("fnm/node-versions"),
                    self.homes.home.join(".volta/tools/image/node"),
                ];
                any_version(&places, version, "node")
            }
            "python" => {
                let pyenv = self.variable("PYENV_ROOT").map_or_else(|| self.homes.home.join(".pyenv"), PathBuf::from);
                let short: String = version.split('.').take(2).collect::<Vec<_>>().join(".");
                if !short.is_empty()
                    && version.split('.').count() <= 2
                    && self.has_program(&format!("python{short}"), &self.root)
                {
                    return Here::Yes(format!("python{short} is here"));
                }
                any_version(&[pyenv.join("versions"), self.data().join("uv/python")], version, "python")
            }
            // `NAME VERSION…`: any of these will do.
            "managed" => {
                let folders = [
                    self.variable("ASDF_DATA_DIR").map_or_else(|| self.homes.home.join(".asdf"), PathBuf::from),
                    self.variable("MISE_DATA_DIR").map_or_else(|| self.data().join("mise"), PathBuf::from),
                ];
                managed(&folders.map(|folder| folder.join("installs")), version)
            }
            "pnpm" | "yarn" => {
                let home =
                    self.variable("COREPACK_HOME").map_or_else(|| self.cache().join("node/corepack"), PathBuf::from);
                let here = [home.join("v1"), home].iter().any(|folder| folder.join(which).join(version).is_dir());
                if here {
                    return Here::Yes("corepack has it".into());
                }
                if self.has_program(which, &self.root) {
                    return Here::Unknown(format!(
                        "corepack has not fetched it, and of which version the {which} here is cannot be told"
                    ));
                }
                Here::No("corepack has not fetched it".into())
            }
            _ => Here::Unknown("whether it is here cannot be told".into()),
        }
    }

    fn in_toolchain(&self, path: &str, what: &str) -> Here {
        let toolchains = self.homes.rustup.join("toolchains");
        let Ok(entries) = std::fs::read_dir(&toolchains) else {
            return Here::Unknown("rustup keeps no toolchains here".into());
        };
        let has = entries.flatten().take(MOST).any(|entry| entry.path().join(path).exists());
        if has {
            Here::Yes(format!("a toolchain of rustup has it: {what}"))
        } else {
            Here::No(format!("no toolchain of rustup has it: {what}"))
        }
    }

    fn component(&self, name: &str) -> Here {
        let toolchains = self.homes.rustup.join("toolchains");
        let Ok(entries) = std::fs::read_dir(&toolchains) else {
            return Here::Unknown("rustup keeps no toolchains here".into());
        };
        let lists = entries.flatten().take(MOST).map(|entry| entry.path().join("lib/rustlib/components"));
        let has = |list: PathBuf| {
            let bytes = host::read_small(&list, 1 << 16).unwrap_or_default();
            let starts =
                |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
            String::from_utf8_lossy(&bytes).lines().any(starts)
        };
        let mut lists = lists;
        if lists.any(has) {
            Here::Yes(format!("a toolchain of rustup has it: {name}"))
        } else {
            Here::No(format!("no toolchain of rustup has it: {name}"))
        }
    }
}

/// Whether one of the folders in which managers of versions keep them has this one.
fn any_version(folders: &[PathBuf], version: &str, what: &str) -> Here {
    let fits = |name: &str| {
        let name = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        name == version || name.strip_prefix(version).is_some_and(|rest| rest.starts_with(['.', '-', '+']))
    };
    let mut managed = false;
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for name in entries.flatten().take(MOST).filter_map(|entry| entry.file_name().into_string().ok()) {
            managed = true;
            if fits(&name) {
                return Here::Yes(format!("it is here: {name}"));
            }
        }
    }
    if managed {
        return Here::No(format!("no manager of versions has it: {what} {version}"));
    }
    Here::Unknown(format!(
        "no manager of versions that Holdover knows keeps {what} here, and of which version the one in PATH is cannot be told"
    ))
}

/// What asdf and mise have installed: a folder per tool, and in it one per version; mise links `22` to the version that it stands for.
fn managed(folders: &[PathBuf], wanted: &str) -> Here {
    let mut words = wanted.split(' ');
    let tool = words.next().unwrap_or_default();
    let versions: Vec<&str> = words.collect();
    // Names become parts of a path.
    let plain = |word: &str| !word.is_empty() && !word.starts_with('.') && !word.contains(['/', '\\', '\0']);
    if !plain(tool) || !versions.iter().all(|version| plain(version)) {
        return Here::Unknown("which version this is is only known when it runs".into());
    }
    let known: Vec<&PathBuf> = folders.iter().filter(|folder| folder.is_dir()).collect();
    if known.is_empty() {
        return Here::Unknown("neither asdf nor mise has installed anything here".into());
    }
    // The two call one tool by two names.
    let names: &[&str] = match tool {
        "node" | "nodejs" => &["node", "nodejs"],
        "go" | "golang" => &["go", "golang"],
        tool => &[tool],
    };
    let has =
        |version: &&&str| known.iter().any(|folder| names.iter().any(|name| folder.join(name).join(version).is_dir()));
    match versions.iter().find(has) {
        Some(version) => Here::Yes(format!("it is here: {tool} {version}")),
        None => Here::No(format!("neither asdf nor mise has it: {wanted}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn what_asdf_and_mise_have_is_told_by_their_folders_and_names_lead_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        let folders = [home.path().join("asdf/installs"), home.path().join("mise/installs")];
        let ask = |wanted: &str| match managed(&folders, wanted) {
            Here::Yes(_) => "yes",
            Here::No(_) => "no",
            Here::Unknown(_) => "unknown",
        };
        assert_eq!(ask("nodejs 22.3.0"), "unknown", "neither is used here");
        std::fs::create_dir_all(folders[0].join("nodejs/22.3.0")).unwrap();
        std::fs::create_dir_all(folders[1].join("python/3.12.4")).unwrap();
        std::os::unix::fs::symlink("3.12.4", folders[1].join("python/3.12")).unwrap();
        std::fs::create_dir_all(home.path().join("asdf/secret/1.0")).unwrap();
        for (wanted, said) in [
            ("nodejs 22.3.0", "yes"),
            ("node 22.3.0", "yes"),
            ("nodejs 22.3", "no"),
            ("python 3.12", "yes"),
            ("python 3.13.0 3.12.4", "yes"),
            ("python 3.13.0", "no"),
            ("zig 0.14.0", "no"),
            ("../secret 1.0", "unknown"),
            ("nodejs ../nodejs/22.3.0", "unknown"),
            ("nodejs", "no"),
        ] {
            assert_eq!(ask(wanted), said, "{wanted}");
        }
    }
}
