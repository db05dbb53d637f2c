//! Which language a file is in, by its name.
//! Says what blanks mean there; how it is parsed is for a `Syntax` to know.

use std::path::Path;

/// Languages that suggestions tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "names of languages")]
pub enum Language {
    Rust,
    TypeScript,
    Tsx,
    JavaScript,
    Python,
    Go,
    Java,
    C,
    Cpp,
    Json,
    Toml,
    Yaml,
    /// Text without a syntax that would have to be whole: Markdown, reStructuredText, plain text.
    Prose,
    /// A language that is not parsed here: nothing is suggested that would have to be.
    Other,
}

impl Language {
    /// By the name of a file.
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        if name == "Cargo.lock" {
            return Self::Toml;
        }
        let Some((_, suffix)) = lower.rsplit_once('.') else {
            return match lower.as_str() {
                "changelog" | "changes" | "history" | "news" | "readme" | "authors" | "contributors" => Self::Prose,
                _ => Self::Other,
            };
        };
        match suffix {
            "rs" => Self::Rust,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "py" | "pyi" => Self::Python,
            "go" => Self::Go,
            "java" => Self::Java,
            "c" | "h" => Self::C,
            "cc" | "cpp" | "cxx" | "hpp" | "hh" | "hxx" => Self::Cpp,
            "json" | "jsonc" => Self::Json,
            "toml" => Self::Toml,
            "yml" | "yaml" => Self::Yaml,
            "md" | "markdown" | "rst" | "txt" | "adoc" => Self::Prose,
            _ => Self::Other,
        }
    }

    /// Whether how far a line is indented changes what it means.
    pub fn indent_is_meaning(self) -> bool {
        matches!(self, Self::Python | Self::Yaml | Self::Prose | Self::Other)
    }
}
