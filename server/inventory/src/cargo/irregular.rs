//! What of a `Cargo.lock` is not written as cargo writes it, read by `toml`: blocks by hand, the version, the oldest form's
//! checksums. May not look at any other file.

use super::lock::{Lock, Package, Source};
use crate::ecosystem::Broken;
use std::collections::HashMap;
use std::ops::Range as Span;
use toml::de::{DeTable, DeValue};

/// A block that is not written as cargo writes it.
pub(super) fn irregular(text: &str, span: Span<usize>) -> Result<Vec<Package>, Broken> {
    let block = &text[span.clone()];
    let table = DeTable::parse(block).map_err(|error| {
        let at = error.span().unwrap_or(0..block.trim_end().len());
        Broken { span: visible(text, span.start + at.start..span.start + at.end), reason: error.message().to_owned() }
    })?;
    let whole = || {
        let first = block.lines().next().map_or(0, str::len);
        span.start..span.start + first
    };
    let broken = |span, reason: &str| Broken { span, reason: reason.to_owned() };
    let packages = table.get_ref().get("package").and_then(|value| value.get_ref().as_array());
    let packages = packages.ok_or_else(|| broken(whole(), "this is not a package"))?;
    let mut out = Vec::new();
    for package in packages {
        let package = package.get_ref().as_table().ok_or_else(|| broken(whole(), "this is not a package"))?;
        let get = |key: &str| package.get(key).and_then(|value| value.get_ref().as_str());
        let (key, name) = package
            .iter()
            .find_map(|(key, value)| (key.get_ref() == "name").then(|| (key.span(), value.get_ref().as_str())))
            .ok_or_else(|| broken(whole(), "this package has no name"))?;
        let name = name.ok_or_else(|| broken(whole(), "this package has no name"))?;
        let version = get("version").ok_or_else(|| broken(whole(), "this package has no version"))?;
        let checksum = get("checksum").map(checksum_of).transpose();
        let checksum =
            checksum.map_err(|()| broken(whole(), "this package's checksum is not 64 hexadecimal digits"))?;
        let dependencies = match package.get("dependencies").map(toml::Spanned::get_ref) {
            None => Vec::new(),
            Some(DeValue::Array(items)) => {
                items.iter().filter_map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
            }
            Some(_) => return Err(broken(whole(), "this package's dependencies are not a list")),
        };
        out.push(Package {
            name: name.to_owned(),
            version: version.to_owned(),
            source: Source::read(get("source")),
            source_text: get("source").map(str::to_owned),
            checksum,
            dependencies,
            span: span.start + key.start..span.start + key.end,
        });
    }
    Ok(out)
}

/// What stands outside `[[package]]`: the version, and in the oldest form the checksums.
pub(super) fn read_other(lock: &mut Lock, text: &str, span: Span<usize>) {
    let part = &text[span.clone()];
    if part.trim().is_empty() {
        return;
    }
    match DeTable::parse(part) {
        Ok(table) => {
            let table = table.get_ref();
            if let Some(version) = table.get("version").and_then(|value| value.get_ref().as_integer()) {
                lock.version = version.as_str().parse().ok();
            }
            if let Some(metadata) = table.get("metadata").and_then(|value| value.get_ref().as_table()) {
                take_metadata(lock, metadata);
            }
            if let Some(packages) = table.get("package") {
                lock.broken.push(Broken {
                    span: span.start + packages.span().start..span.start + packages.span().end,
                    reason: "packages are not written as cargo writes them, one [[package]] each".into(),
                });
            }
        }
        Err(error) => {
            let at = error.span().unwrap_or(0..part.len());
            lock.broken.push(Broken {
                span: visible(text, span.start + at.start..span.start + at.end),
                reason: error.message().to_owned(),
            });
        }
    }
}

/// At least one character of `text`, where there is one, and no part of a character.
fn visible(text: &str, span: Span<usize>) -> Span<usize> {
    let back = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = back(span.start.min(text.len()));
    let next = text[start..].chars().next().map_or(start, |first| start + first.len_utf8());
    start..back(span.end.min(text.len())).max(next)
}

/// Lockfiles of version 1 keep checksums apart: `"checksum NAME VERSION (SOURCE)" = "…"`.
fn take_metadata(lock: &mut Lock, metadata: &DeTable<'_>) {
    let mut sums = HashMap::new();
    for (key, value) in metadata {
        if let Some(package) = key.get_ref().strip_prefix("checksum ")
            && let Some(sum) = value.get_ref().as_str()
        {
            sums.insert(package.to_owned(), sum.to_owned());
        }
    }
    for package in &mut lock.packages {
        let Some(source) = &package.source_text else { continue };
        if let Some(sum) = sums.get(&format!("{} {} ({source})", package.name, package.version)) {
            package.checksum = package.checksum.or_else(|| checksum_of(sum).ok());
        }
    }
}

pub(super) fn checksum_of(text: &str) -> Result<[u8; 32], ()> {
    let mut sum = [0; 32];
    hex::decode_to_slice(text, &mut sum).map_err(|_| ())?;
    Ok(sum)
}
