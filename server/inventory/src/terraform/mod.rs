//! Providers of Terraform and OpenTofu: `.terraform.lock.hcl`, the working folder's own copies, and folders that mirror registries.
//! No run of Terraform in the tests stands behind an answer, so none is ever `ready`; runs nothing and writes nothing.

mod hcl;
mod judge;
mod lock;
mod package;

use crate::ecosystem::{Ask, Broken, Ecosystem, Judged, Named};
use crate::fetch::{self, Wanted};
use contract::FetchStep;
use lock::Locked;
use std::ops::Range as Span;
use std::path::Path;

/// Larger lockfiles, configurations and settings are not read, in bytes.
const LARGEST: u64 = 4 << 20;
const FILE: &str = ".terraform.lock.hcl";
/// The registries that stand behind sources without one.
const TERRAFORM: &str = "registry.terraform.io";
const OPENTOFU: &str = "registry.opentofu.org";

pub(crate) struct Terraform;

impl Ecosystem for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn lockfiles(&self) -> &'static [&'static str] {
        &[FILE]
    }

    /// Requirements stand in any file of the configuration; those that have some are found beside the lockfile.
    fn manifest(&self) -> &'static str {
        "versions.tf"
    }

    fn judge(&self, lockfile: &Path, ask: &Ask<'_>) -> Judged {
        judge::judge(lockfile, ask)
    }

    fn locate(&self, text: &str) -> (Vec<(String, Span<usize>)>, Vec<Broken>) {
        let (locked, broken) = lock::read(text);
        (locked.iter().map(|one| (id(one), one.span.clone())).collect(), broken)
    }

    fn dependencies(&self, text: &str) -> Vec<Named> {
        let mut asked = lock::Asked::default();
        let _ = lock::asked(text, &mut asked);
        asked.named.into_iter().map(|(key, (_, span))| Named { key, span }).collect()
    }

    /// Terraform makes one where it finds a registry, or a folder that mirrors it.
    fn needs_lockfile(&self, manifest: &str) -> bool {
        !self.dependencies(manifest).is_empty()
    }

    fn fetch(&self, wanted: &Wanted<'_>) -> Vec<FetchStep> {
        fetch::terraform(wanted)
    }
}

/// OpenTofu writes its own registry into lockfiles.
fn host(locked: &[Locked]) -> &'static str {
    let tofu = locked.iter().any(|one| one.address.starts_with(OPENTOFU));
    if tofu { OPENTOFU } else { TERRAFORM }
}

/// As Go calls it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

fn id(one: &Locked) -> String {
    format!("terraform:{}@{}", shown(&one.address), one.version)
}

/// Without the usual registries, as sources are written.
fn shown(address: &str) -> String {
    let short = [TERRAFORM, OPENTOFU].iter().find_map(|host| address.strip_prefix(host)?.strip_prefix('/'));
    short.unwrap_or(address).to_owned()
}
