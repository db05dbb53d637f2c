//! Platforms of images: `linux/amd64`, `linux/arm/v7`. Rules: github.com/containerd/platforms.
//! May not look at files.

/// System and processor that images for this machine are made for.
pub(super) fn own() -> (&'static str, &'static str) {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        "powerpc64" => "ppc64",
        other => other,
    };
    ("linux", architecture)
}

/// What an image says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Platform {
    pub os: String,
    pub architecture: String,
    pub variant: String,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, "/{}", self.variant) }
    }
}

impl Platform {
    /// What is asked for; in words where it is not followed.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (*os, *architecture, ""),
            [os, architecture, variant] => (*os, *architecture, *variant),
            _ => return Err(format!("this platform is written in a way that is not followed: {text}")),
        };
        let architecture = match architecture {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Ok(Platform { os: os.into(), architecture: architecture.into(), variant: variant.into() }.normal())
    }

    pub(super) fn own() -> Self {
        let (os, architecture) = own();
        Platform { os: os.into(), architecture: architecture.into(), variant: String::new() }
    }

    /// The variant that is meant where none is named is none.
    fn normal(mut self) -> Self {
        if self.architecture == "arm64" && matches!(self.variant.as_str(), "8" | "v8") {
            self.variant.clear();
        }
        self
    }

    /// Whether an image for `self` is one for what is asked; `None`: it cannot be told.
    pub(super) fn fits(&self, asked: &Platform) -> Option<bool> {
        let (own, asked) = (self.clone().normal(), asked.clone().normal());
        if own.os.is_empty() || own.architecture.is_empty() {
            return None;
        }
        if own.os != asked.os || own.architecture != asked.architecture {
            return Some(false);
        }
        match (own.variant.is_empty(), asked.variant.is_empty()) {
            (_, true) => Some(true),
            (false, false) => Some(own.variant == asked.variant),
            (true, false) => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn platforms_fit_by_system_processor_and_variant() {
        let of = |text: &str| Platform::parse(text).unwrap();
        for (own, asked, fits) in [
            ("linux/amd64", "linux/amd64", Some(true)),
            ("linux/arm64", "linux/arm64/v8", Some(true)),
            ("linux/amd64", "linux/arm64", Some(false)),
            ("windows/amd64", "linux/amd64", Some(false)),
            ("linux/arm/v7", "linux/arm", Some(true)),
            ("linux/arm/v7", "linux/arm/v6", Some(false)),
            ("linux/arm", "linux/arm/v6", None),
            ("linux/x86_64", "linux/amd64", Some(true)),
        ] {
            assert_eq!(of(own).fits(&of(asked)), fits, "{own} {asked}");
        }
        assert_eq!(Platform::default().fits(&Platform::own()), None);
        assert!(Platform::parse("amd64").is_err());
    }
}
