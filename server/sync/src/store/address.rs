//! The address of a bucket: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`, with `?endpoint=…&region=…` behind it.
//! A secret has no place in it.

use crate::address::AddressError;
use crate::name::shown;
use contract::{StoreKind, StorePlace};

/// Where in a bucket a remote lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreAddress {
    pub(crate) place: StorePlace,
    /// Without `/` at either end.
    pub(crate) prefix: String,
}

impl StoreAddress {
    /// Reads what stands behind `://`; `None` where the scheme is none of a store.
    pub(crate) fn read(scheme: &str, rest: &str) -> Option<Result<StoreAddress, AddressError>> {
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "s3" | "s3a" => StoreKind::S3,
            "gs" | "gcs" => StoreKind::Gcs,
            "az" | "azure" => StoreKind::Azure,
            _ => return None,
        };
        Some(read(kind, scheme, rest))
    }

    /// As it is kept.
    #[must_use]
    pub fn text(&self) -> String {
        let place = &self.place;
        let mut text = self.shown();
        let style = place.virtual_host.then_some("virtual");
        let options = [
            ("endpoint", place.endpoint.as_deref()),
            ("region", place.region.as_deref()),
            ("account", place.account.as_deref()),
            ("style", style),
        ];
        let given = options.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)));
        for (at, option) in given.enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(&option);
        }
        text
    }

    /// Without its options.
    #[must_use]
    pub(crate) fn shown(&self) -> String {
        let scheme = match self.place.kind {
            StoreKind::S3 => "s3",
            StoreKind::Gcs => "gs",
            StoreKind::Azure => "az",
        };
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("{scheme}://{}{slash}{}", self.place.bucket, self.prefix)
    }

    /// `s3`, `gcs` or `azure`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.place.kind {
            StoreKind::S3 => "s3",
            StoreKind::Gcs => "gcs",
            StoreKind::Azure => "azure",
        }
    }
}

fn read(kind: StoreKind, scheme: &str, rest: &str) -> Result<StoreAddress, AddressError> {
    let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
    let malformed = || AddressError::Malformed(shown(&format!("{scheme}://{path}")));
    // Neither is repeated: it may hold a secret.
    if path.contains('@') {
        let without = path.rsplit_once('@').map_or(path, |(_, after)| after);
        return Err(AddressError::Secret(shown(&format!("{scheme}://{without}"))));
    }
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_part = |part: &str| !part.is_empty() && !matches!(part, "." | "..") && part.chars().all(plain);
    if !(1..=63).contains(&bucket.len()) || !is_part(bucket) || bucket.starts_with('-') {
        return Err(malformed());
    }
    if prefix.len() > 512 || !(prefix.is_empty() || prefix.split('/').all(is_part)) {
        return Err(malformed());
    }
    let bucket = bucket.to_owned();
    let mut place = StorePlace { kind, bucket, endpoint: None, region: None, account: None, virtual_host: false };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').ok_or_else(malformed)?;
        match (key, kind) {
            ("endpoint", _) => place.endpoint = Some(endpoint(value)?),
            ("region", StoreKind::S3) if is_part(value) => place.region = Some(value.to_owned()),
            ("account", StoreKind::Azure) if is_part(value) => place.account = Some(value.to_owned()),
            ("style", StoreKind::S3) if matches!(value, "path" | "virtual") => place.virtual_host = value == "virtual",
            ("region" | "account" | "style", _) => return Err(malformed()),
            _ => return Err(AddressError::Secret(shown(&format!("{scheme}://{path}?{key}=…")))),
        }
    }
    Ok(StoreAddress { place, prefix: prefix.to_owned() })
}

/// `https://host[:port]`; without TLS only on this machine.
fn endpoint(text: &str) -> Result<String, AddressError> {
    let malformed = || AddressError::Malformed(shown(text));
    let (scheme, authority) = text.split_once("://").ok_or_else(malformed)?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if authority.contains('@') {
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        return Err(AddressError::Secret(shown(&format!("{scheme}://{host}"))));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if authority.is_empty() || authority.len() > 255 || !authority.chars().all(plain) {
        return Err(malformed());
    }
    match scheme {
        "https" => {}
        "http" if is_this_machine(authority) => {}
        "http" => return Err(AddressError::Plain(shown(text))),
        _ => return Err(malformed()),
    }
    Ok(format!("{scheme}://{authority}"))
}

fn is_this_machine(authority: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|near| authority.strip_prefix(near).is_some_and(|port| port.is_empty() || port.starts_with(':')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

    use super::*;

    fn one(text: &str) -> Result<StoreAddress, AddressError> {
        let (scheme, rest) = text.split_once("://").unwrap();
        StoreAddress::read(scheme, rest).unwrap()
    }

    #[test]
    fn an_address_is_read_back_as_it_is_kept() {
        for (written, kept) in [
            ("s3://bucket", "s3://bucket"),
            ("S3://bucket/team/ferry/", "s3://bucket/team/ferry"),
            (
                "s3://b/p?region=eu-west-1&endpoint=https://s3.example.org:8443/",
                "s3://b/p?endpoint=https://s3.example.org:8443&region=eu-west-1",
            ),
            ("s3://b/p?style=virtual", "s3://b/p?style=virtual"),
            ("s3://b/p?style=path", "s3://b/p"),
            ("s3://b?endpoint=http://127.0.0.1:9000", "s3://b?endpoint=http://127.0.0.1:9000"),
            ("gs://bucket/x", "gs://bucket/x"),
            ("az://container/x?account=team", "az://container/x?account=team"),
        ] {
            let address = one(written).unwrap();
            assert_eq!(address.text(), kept);
            assert_eq!(one(kept).unwrap(), address);
        }
        assert!(StoreAddress::read("ftp", "x/y").is_none());
    }

    #[test]
    fn what_is_no_address_is_refused_and_a_secret_is_never_repeated() {
        for none in [
            "s3://",
            "s3:///x",
            "s3://-b/x",
            "s3://b/../x",
            "s3://b//x",
            "s3://b/a b",
            "s3://b/$(x)",
            "s3://b/x?region=a/b",
            "s3://b/x?region",
            "gs://b/x?region=eu",
            "s3://b/x?style=odd",
            "s3://b/x?endpoint=s3.example.org",
            "s3://b/x?endpoint=ftp://s3.example.org",
            "s3://b/x?endpoint=https://",
            "s3://b/x?endpoint=https://h/path",
        ] {
            assert!(matches!(one(none), Err(AddressError::Malformed(_))), "{none}: {:?}", one(none));
        }
        for secret in [
            "s3://KEY:hush@b/x",
            "s3://b/x?secret_access_key=hush",
            "az://c/x?sig=hush",
            "s3://b/x?endpoint=https://me:hush@h",
        ] {
            let refused = one(secret).unwrap_err();
            assert!(matches!(refused, AddressError::Secret(_)), "{secret}: {refused:?}");
            assert!(!refused.to_string().contains("hush"), "{refused}");
        }
        for plain in [
            "s3://b?endpoint=http://s3.example.org",
            "s3://b?endpoint=http://127.0.0.10",
            "s3://b?endpoint=http://localhost.example.org",
        ] {
            assert!(matches!(one(plain), Err(AddressError::Plain(_))), "{plain}");
        }
    }
}
