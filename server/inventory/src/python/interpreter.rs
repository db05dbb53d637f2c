//! Pythons on this machine: which version stands at a path, and for which machine and C library wheels are chosen.
//! May not run one: versions come from names and files beside them, and what does not show there is said to be unknown.

use super::marker::Environment;
use super::tags::Platform;
use crate::ecosystem::Ask;
use crate::look::{self, Seen};
use pep440_rs::VersionSpecifiers;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub(crate) fn list(folder: &Path) -> impl Iterator<Item = PathBuf> {
    crate::reach::list(folder).into_iter().flatten().flatten().take(20_000).map(|entry| entry.path())
}

/// Minor and patch of what stands at a path; none where it is no Python that could run here.
pub(crate) fn probe(
    path: &Path,
    real: &Path,
    project: &Path,
    ask: &Ask<'_>,
) -> Result<Option<(u16, Option<u16>)>, String> {
    let mut head = [0; 4];
    let Ok((mut file, identity)) = look::open(real) else { return Ok(None) };
    ask.look.note(real.to_path_buf(), Seen::File(identity));
    if !runnable(real) || file.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    if head.starts_with(b"#!") {
        return of_pyenv(path, project, ask);
    }
    if head != *b"\x7fELF" {
        return Ok(None);
    }
    let name = real.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(minor) = name.strip_prefix("python3.").and_then(|minor| minor.parse::<u16>().ok()) else {
        return Err(format!("which Python is at {} is not told by its name", real.display()));
    };
    let prefix = real.parent().and_then(Path::parent).unwrap_or(real);
    Ok(Some((minor, patch(prefix, minor, ask))))
}

#[cfg(unix)]
fn runnable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    crate::reach::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn runnable(_path: &Path) -> bool {
    true
}

/// From the header beside it, else from the name of the folder that it was installed in.
fn patch(prefix: &Path, minor: u16, ask: &Ask<'_>) -> Option<u16> {
    let header = prefix.join(format!("include/python3.{minor}/patchlevel.h"));
    let start = format!("3.{minor}.");
    if let Ok(text) = ask.look.text(&header, 1 << 16) {
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix("#define PY_VERSION "))?;
        return line.trim().trim_matches('"').strip_prefix(&start)?.parse().ok();
    }
    let folder = prefix.file_name()?.to_str()?;
    let folder = folder.strip_prefix("cpython-").unwrap_or(folder);
    folder.split('-').next()?.strip_prefix(&start)?.parse().ok()
}

/// A small program of pyenv's that starts the version that is chosen: it is looked up as pyenv does.
fn of_pyenv(path: &Path, project: &Path, ask: &Ask<'_>) -> Result<Option<(u16, Option<u16>)>, String> {
    let odd = || format!("which Python {} starts is not known", path.display());
    let homes = &ask.options.homes;
    let shims = path.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "shims"));
    let root = shims.and_then(Path::parent).ok_or_else(odd)?;
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(odd)?;
    let pinned = || project.ancestors().find_map(|above| ask.look.text(&above.join(".python-version"), 1 << 16).ok());
    let set = homes.variable("PYENV_VERSION").filter(|value| !value.is_empty()).map(|value| value.replace(':', "\n"));
    let chosen = set.or_else(pinned).or_else(|| ask.look.text(&root.join("version"), 1 << 16).ok()).ok_or_else(odd)?;
    for version in chosen.split_whitespace() {
        let plain = version.bytes().all(|c| c.is_ascii_digit() || c == b'.');
        if !plain {
            return Err(odd());
        }
        let program = root.join("versions").join(version).join("bin").join(name);
        let Ok(real) = crate::reach::canonical(&program) else { continue };
        ask.look.at(&program);
        return probe(&program, &real, project, ask);
    }
    // The small program ends with an error, and uv goes on.
    Ok(None)
}

/// Machine and C library, where they are judged: Linux with glibc.
pub(crate) fn platform(ask: &Ask<'_>) -> Result<Platform, String> {
    let machine = std::env::consts::ARCH;
    if !cfg!(target_os = "linux") || !ask.target.starts_with(machine) || !ask.target.contains("linux") {
        return Err(format!("what uv would install for {} is not judged, only for Linux on this machine", ask.target));
    }
    let places = [
        format!("/lib/{machine}-linux-gnu/libc.so.6"),
        "/lib64/libc.so.6".into(),
        "/usr/lib/libc.so.6".into(),
        "/lib/libc.so.6".into(),
    ];
    for place in places.map(PathBuf::from) {
        let Ok(bytes) = ask.look.bytes(&place, 64 << 20) else { continue };
        let Some(at) = memchr::memmem::find(&bytes, b"stable release version ") else { continue };
        let text = &bytes[at + 23..bytes.len().min(at + 40)];
        let text = String::from_utf8_lossy(text);
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u16>);
        if let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) {
            return Ok(Platform { machine: machine.into(), glibc: (major, minor) });
        }
    }
    Err("which C library is here is not known".into())
}

/// `requires-python` as a set; in words what is wrong with it.
pub(crate) fn range(text: Option<&str>) -> Result<Option<VersionSpecifiers>, String> {
    text.map(|text| VersionSpecifiers::from_str(text).map_err(|error| error.to_string())).transpose()
}

/// What conditions are answered with for a `CPython` on Linux.
pub(crate) fn environment(minor: u16, patch: u16, machine: &str) -> Environment {
    let full = format!("3.{minor}.{patch}");
    Environment(BTreeMap::from([
        ("os_name", "posix".to_owned()),
        ("sys_platform", "linux".to_owned()),
        ("platform_system", "Linux".to_owned()),
        ("platform_machine", machine.to_owned()),
        ("platform_python_implementation", "CPython".to_owned()),
        ("implementation_name", "cpython".to_owned()),
        ("implementation_version", full.clone()),
        ("python_version", format!("3.{minor}")),
        ("python_full_version", full),
    ]))
}

/// Minor and patch of the first Python in the path; none where none is there.
pub(crate) fn first(folder: &Path, ask: &Ask<'_>) -> Result<Option<(u16, Option<u16>)>, String> {
    for path in ask.options.homes.path.iter().filter(|path| path.is_absolute()) {
        for name in ["python3", "python"] {
            let path = path.join(name);
            if !matches!(ask.look.at(&path), Seen::File(_)) {
                continue;
            }
            let Ok(real) = crate::reach::canonical(&path) else { continue };
            if let Some(python) = probe(&path, &real, folder, ask)? {
                return Ok(Some(python));
            }
        }
    }
    Ok(None)
}
