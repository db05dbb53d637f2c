//! One entry of `package-lock.json`, which has the fields of a `package.json`, each as loosely as npm takes it.
//! May not judge what they say.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// One entry of `packages`. Fields that are not written as npm writes them are taken as absent.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Entry {
    pub name: Option<String>,
    pub version: Option<String>,
    pub resolved: Option<Text>,
    pub integrity: Option<String>,
    pub link: bool,
    pub dev: bool,
    pub dev_optional: bool,
    pub optional: bool,
    pub peer: bool,
    pub in_bundle: bool,
    pub extraneous: bool,
    pub os: List,
    pub cpu: List,
    pub libc: List,
    pub engines: Engines,
    pub dependencies: Map,
    pub dev_dependencies: Map,
    pub optional_dependencies: Map,
    pub peer_dependencies: Map,
    pub peer_dependencies_meta: PeerMeta,
}

/// A string, or something else where npm tolerates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    Said(String),
    Other,
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Text(String),
            Other(IgnoredAny),
        }
        Ok(match Any::deserialize(deserializer)? {
            Any::Text(text) => Text::Said(text),
            Any::Other(_) => Text::Other,
        })
    }
}

/// A list of strings, or one string.
#[derive(Debug, Default, Clone)]
pub(crate) struct List(pub Vec<String>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            One(String),
            Many(Vec<String>),
            Other(IgnoredAny),
        }
        Ok(List(match Any::deserialize(deserializer)? {
            Any::One(one) => vec![one],
            Any::Many(many) => many,
            Any::Other(_) => Vec::new(),
        }))
    }
}

/// What a package wants of its surroundings; old packages have a list here.
#[derive(Debug, Default, Clone)]
pub(crate) struct Engines {
    pub node: Option<String>,
    pub npm: Option<String>,
}

impl<'de> Deserialize<'de> for Engines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Table { node: Option<String>, npm: Option<String> },
            Other(IgnoredAny),
        }
        Ok(match Any::deserialize(deserializer)? {
            Any::Table { node, npm } => Engines { node, npm },
            Any::Other(_) => Engines::default(),
        })
    }
}

/// Names and what is asked of them, in the order they stand.
#[derive(Debug, Default, Clone)]
pub(crate) struct Map(pub Vec<(String, String)>);

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Map;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("names and ranges")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map, A::Error> {
                let mut out = Vec::new();
                while let Some((name, asked)) = map.next_entry::<String, String>()? {
                    out.push((name, asked));
                }
                Ok(Map(out))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Which peers may be absent, in order.
#[derive(Debug, Default, Clone)]
pub(crate) struct PeerMeta(Vec<String>);

impl PeerMeta {
    pub(crate) fn may_be_absent(&self, name: &str) -> bool {
        self.0.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }
}

impl<'de> Deserialize<'de> for PeerMeta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Meta {
            #[serde(default)]
            optional: bool,
        }
        let meta = std::collections::BTreeMap::<String, Meta>::deserialize(deserializer)?;
        Ok(PeerMeta(meta.into_iter().filter(|(_, meta)| meta.optional).map(|(name, _)| name).collect()))
    }
}
