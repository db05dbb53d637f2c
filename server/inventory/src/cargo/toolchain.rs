//! Whether rustup could start the toolchain that a project asks for without downloading anything.
//! May read files only; says nothing where cargo is not started by rustup.

use crate::ecosystem::{Ask, Verdict};
use crate::homes;
use crate::look::{Seen, Unread};
use std::path::{Path, PathBuf};

/// Larger files are not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What a project asks rustup for.
#[derive(Debug, Default)]
struct Asked {
    /// A channel, the name of a toolchain, or a path.
    toolchain: Option<String>,
    components: Vec<String>,
    targets: Vec<String>,
}

/// Whether the `cargo` that would be started is rustup's; `None`: there is none to look at.
fn by_rustup(ask: &Ask<'_>) -> Option<bool> {
    let program = ask.options.homes.program("cargo", ask.look)?;
    let name = |path: &Path| path.file_stem().is_some_and(|name| name == "rustup");
    let same = |rustup: PathBuf| match (ask.look.at(&program), ask.look.at(&rustup)) {
        (Seen::File(one), Seen::File(other)) => (one.dev, one.ino, one.size) == (other.dev, other.ino, other.size),
        _ => false,
    };
    // rustup stands for cargo by a link, a second name, or a copy beside it.
    Some(name(&program) || program.parent().is_some_and(|folder| same(folder.join("rustup"))))
}

/// What is to be said against the toolchain that a project asks for.
pub(crate) fn missing(folder: &Path, ask: &Ask<'_>) -> Verdict {
    let home = &ask.options.homes.rustup;
    let toolchains = home.join("toolchains");
    let rustup = by_rustup(ask);
    if rustup == Some(false) || (rustup.is_none() && !matches!(ask.look.at(&toolchains), Seen::Folder(_))) {
        return Verdict::Sound;
    }
    // Without a `cargo` to look at it cannot be told who would be asked.
    let against = |why: String| if rustup == Some(true) { Verdict::Refused(why) } else { Verdict::Doubtful(why) };
    let settings = ask.look.text(&home.join("settings.toml"), LARGEST).ok();
    let settings: toml::Table = settings.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default();
    let asked = match ask.options.homes.variable("RUSTUP_TOOLCHAIN").filter(|channel| !channel.is_empty()) {
        Some(channel) => Asked { toolchain: Some(channel.to_owned()), ..Asked::default() },
        None => match nearest(folder, &settings, ask) {
            Ok(asked) => asked,
            Err(verdict) => return verdict,
        },
    };
    let default = || settings.get("default_toolchain").and_then(toml::Value::as_str).map(str::to_owned);
    let Some(channel) = asked.toolchain.clone().or_else(default) else {
        // Without a default, rustup has none to start; what it would do without settings is not known here.
        return if rustup == Some(true) && !settings.is_empty() {
            Verdict::Refused("no toolchain is asked for, and rustup has no default".into())
        } else {
            Verdict::Sound
        };
    };
    if channel.contains(['/', '\\']) {
        // The path of a toolchain.
        let there = matches!(ask.look.at(&folder.join(&channel)), Seen::Folder(_));
        return if there { Verdict::Sound } else { against(format!("toolchain {channel} is not installed")) };
    }
    let host = homes::host_target(&ask.options.homes, ask.look);
    let names = [channel.clone(), format!("{channel}-{host}")];
    let Some(installed) =
        names.iter().map(|name| toolchains.join(name)).find(|path| matches!(ask.look.at(path), Seen::Folder(_)))
    else {
        return against(format!("toolchain {channel} is not installed, and rustup would have to download it"));
    };
    if !downloads(&settings, ask) {
        return Verdict::Sound;
    }
    match lacking(&installed, &asked, &host, ask) {
        Some(what) => against(format!("toolchain {channel} lacks what the project asks for: {what}")),
        None => Verdict::Sound,
    }
}

/// Whether rustup installs what is asked for and lacking; where it does not, it goes on without.
fn downloads(settings: &toml::Table, ask: &Ask<'_>) -> bool {
    let said = ask.options.homes.variable("RUSTUP_AUTO_INSTALL");
    match said {
        Some(said) => said != "0" && said != "false",
        None => settings.get("auto_install").and_then(toml::Value::as_str) != Some("disable"),
    }
}

/// A component or target that an installed toolchain does not have, as rustup's own list says. One without a list is not
/// rustup's, and taken as it is.
fn lacking(installed: &Path, asked: &Asked, host: &str, ask: &Ask<'_>) -> Option<String> {
    if asked.components.is_empty() && asked.targets.is_empty() {
        return None;
    }
    let text = ask.look.text(&installed.join("lib/rustlib/multirust-config.toml"), LARGEST).ok()?;
    let list: toml::Table = toml::from_str(&text).ok()?;
    let list = list.get("components")?.as_array()?;
    let has = |name: &str, target: &str| {
        list.iter().any(|one| {
            let said = |key: &str| one.get(key).and_then(toml::Value::as_str);
            let named = said("pkg").is_some_and(|pkg| pkg == name || pkg.strip_suffix("-preview") == Some(name));
            named && said("target").is_none_or(|said| said == target || said == "*")
        })
    };
    let component = asked.components.iter().find(|name| !has(name, host));
    let target = asked.targets.iter().find(|target| *target != host && !has("rust-std", target));
    component.or(target).cloned()
}

/// What the nearest folder says: an override that rustup keeps for it, `rust-toolchain`, or `rust-toolchain.toml`.
fn nearest(folder: &Path, settings: &toml::Table, ask: &Ask<'_>) -> Result<Asked, Verdict> {
    let overrides = settings.get("overrides").and_then(toml::Value::as_table);
    for folder in folder.ancestors() {
        let kept = overrides.and_then(|all| all.get(folder.to_str()?)).and_then(toml::Value::as_str);
        if let Some(kept) = kept {
            return Ok(Asked { toolchain: Some(kept.to_owned()), ..Asked::default() });
        }
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            let path = folder.join(name);
            match ask.look.text(&path, LARGEST) {
                Ok(text) => return said(&text, &path).map_err(Verdict::Doubtful),
                Err(Unread::Absent) => {}
                Err(why) => return Err(Verdict::Doubtful(format!("{} was not read: {why}", path.display()))),
            }
        }
    }
    Ok(Asked::default())
}

fn said(text: &str, path: &Path) -> Result<Asked, String> {
    let line = text.trim();
    if path.extension().is_none() && !line.is_empty() && !line.contains(['\n', '=', '[']) {
        return Ok(Asked { toolchain: Some(line.to_owned()), ..Asked::default() });
    }
    let table: toml::Table =
        toml::from_str(text).map_err(|error| format!("{} cannot be read: {}", path.display(), error.message()))?;
    let table = table.get("toolchain").and_then(toml::Value::as_table);
    let said = |key: &str| table?.get(key)?.as_str().map(str::to_owned);
    let all = |key: &str| -> Vec<String> {
        let all = table.and_then(|table| table.get(key)).and_then(toml::Value::as_array);
        all.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    Ok(Asked {
        toolchain: said("path").map(|path| format!("{path}/")).or_else(|| said("channel")),
        components: all("components"),
        targets: all("targets"),
    })
}
