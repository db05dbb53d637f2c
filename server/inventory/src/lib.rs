//! The inventory: what a build needs, and whether it is here, judged as each ecosystem's own tool would offline.
//!
//! It only reads files: it starts no process, opens no connection and writes nothing. It knows no editor and no
//! terminal. What it cannot tell is *unknown*, with the reason; nothing is called present that was not seen.
//! Which tool is the judge of which answer, and the limits, are in `docs/inventory.md`.

mod brief;
mod cargo;
mod compare;
mod conflicted;
mod corepack;
mod count;
mod credentials;
mod database;
mod dirhash;
mod discover;
mod ecosystem;
mod expiry;
mod fetch;
pub mod figures;
mod findings;
mod freshness;
mod git;
mod go;
mod gradle;
mod ground;
mod held;
mod hexadecimal;
mod hints;
mod homes;
mod hover;
mod ledger;
mod lfs;
mod look;
mod manifests;
mod maven;
mod members;
mod memory;
mod npm;
mod oci;
mod pack;
mod patience;
mod pin;
mod pip;
mod pnpm;
mod poetry;
mod protocols;
mod python;
mod reach;
mod recall;
mod registries;
mod replaced;
mod submodules;
mod survey;
mod terraform;
mod text;
mod unlocked;
mod uv;
mod verify;
mod vouched;
mod xml;
mod yaml;
mod yarn;

pub use brief::Artifacts;
pub use credentials::credentials;
pub use expiry::expiry;
pub use fetch::plan_fetch;
pub use findings::{documents, may_name_artifacts, place};
pub use freshness::{freshness, known_ecosystems, place_again};
pub use ground::Ground;
pub use hints::hints;
pub use homes::{Depth, Homes, Options, PATIENCE};
pub use hover::hover;
pub use lfs::{LfsObjects, lfs_objects};
pub use manifests::{
    cargo_manifests, is_cached_crate, is_known_to_uv, npm_manifests, pnpm_manifests, uv_manifests, yarn_manifests,
};
pub use memory::{Memory, NoMemory};
pub use oci::image;
pub use pin::{Pin, Requirement, Unpinned, pinnable, pins, requirements};
pub use reach::{is_silent, silent};
pub use registries::{About, Registry, registries};
pub use replaced::Compared;
pub use survey::{Inventory, Survey};
pub use verify::{Verification, VerificationOutcome};
