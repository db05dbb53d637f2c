//! The checksums that a build asks of its dependencies: `gradle/verification-metadata.xml`.
//! May not compare a file.

use crate::verify::{Algorithm, Sum};
use crate::xml;
use std::collections::HashMap;

/// By `group:name:version/file`: the checksum it must have; where several are allowed, none is kept.
pub(super) type Sums = HashMap<String, Sum>;

pub(super) fn read(text: &str) -> Result<Sums, String> {
    xml::read(&xml::tame(text), "verification-metadata", |node| {
        let mut out = Sums::new();
        for component in xml::items(node, "components", "component") {
            let own = |name: &str| component.attribute(name).unwrap_or_default();
            let key = format!("{}:{}:{}", own("group"), own("name"), own("version"));
            for artifact in xml::children(component).filter(|node| node.tag_name().name() == "artifact") {
                let file = artifact.attribute("name").unwrap_or_default();
                let sum = [("sha512", Algorithm::Sha512), ("sha256", Algorithm::Sha256), ("sha1", Algorithm::Sha1)]
                    .into_iter()
                    .find_map(|(name, algorithm)| {
                        let node = xml::child(artifact, name)?;
                        // Others that are allowed too stand below.
                        let value = node.attribute("value").filter(|_| xml::children(node).next().is_none())?;
                        let bytes = hex::decode(value.trim()).ok().filter(|bytes| bytes.len() == algorithm.len())?;
                        Some(Sum { algorithm, bytes })
                    });
                out.extend(sum.map(|sum| (format!("{key}/{file}"), sum)));
            }
        }
        out
    })
}
