//! Whether the toolchain that a project asks rustup for is installed: rustup would have to download it first.
//! May read files only; says nothing where rustup is not used.

use crate::ecosystem::Ask;
use crate::homes;
use crate::look::Seen;
use std::path::Path;

/// Larger files are not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// The sentence that says that a toolchain is not there, or cannot be told.
pub(crate) fn missing(folder: &Path, ask: &Ask<'_>) -> Option<String> {
    let toolchains = ask.options.homes.rustup.join("toolchains");
    if !matches!(ask.look.at(&toolchains), Seen::Folder(_)) {
        return None;
    }
    let channel = match ask.options.homes.variable("RUSTUP_TOOLCHAIN").filter(|channel| !channel.is_empty()) {
        Some(channel) => channel.to_owned(),
        None => match asked(folder, ask)? {
            Ok(channel) => channel,
            Err(doubt) => return Some(doubt),
        },
    };
    if channel.contains(['/', '\\']) {
        // The path of a toolchain.
        let there = matches!(ask.look.at(&folder.join(&channel)), Seen::Folder(_));
        return (!there).then(|| format!("toolchain {channel} is not installed"));
    }
    let host = homes::host_target(&ask.options.homes, ask.look);
    let there = [channel.clone(), format!("{channel}-{host}")]
        .iter()
        .any(|name| matches!(ask.look.at(&toolchains.join(name)), Seen::Folder(_)));
    (!there).then(|| format!("toolchain {channel} is not installed, and rustup would have to download it"))
}

/// What the nearest `rust-toolchain` or `rust-toolchain.toml` asks for.
fn asked(folder: &Path, ask: &Ask<'_>) -> Option<Result<String, String>> {
    for folder in folder.ancestors() {
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            let path = folder.join(name);
            match ask.look.text(&path, LARGEST) {
                Ok(text) => return said(&text, &path).transpose(),
                Err(crate::look::Unread::Absent) => {}
                Err(why) => return Some(Err(format!("{} was not read: {why}", path.display()))),
            }
        }
    }
    None
}

fn said(text: &str, path: &Path) -> Result<Option<String>, String> {
    let line = text.trim();
    if path.extension().is_none() && !line.is_empty() && !line.contains(['\n', '=', '[']) {
        return Ok(Some(line.to_owned()));
    }
    let table: toml::Table =
        toml::from_str(text).map_err(|error| format!("{} cannot be read: {}", path.display(), error.message()))?;
    let said = |key: &str| table.get("toolchain")?.get(key)?.as_str().map(str::to_owned);
    Ok(said("path").map(|path| format!("{path}/")).or_else(|| said("channel")))
}
