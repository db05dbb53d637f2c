//! What the texts of a git repository say: its settings, the names of references, its submodules.
//! May read nothing itself, and follows nothing that they name.

/// Whether a repository's settings can be read, by their form.
pub(super) fn readable(text: &str) -> bool {
    let mut section = false;
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])).all(|line| {
        if let Some(header) = line.strip_prefix('[') {
            let name = header.split_once(']').map(|(name, _)| name.split_once(' ').map_or(name, |(name, _)| name));
            section = name.is_some_and(|name| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
            });
            return section;
        }
        let (key, value) = line.split_once('=').map_or((line, None), |(key, value)| (key.trim(), Some(value.trim())));
        let named = key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let form = match key.to_ascii_lowercase().as_str() {
            "repositoryformatversion" => value.is_some_and(|value| matches!(value, "0" | "1")),
            "bare" | "filemode" => value.is_none_or(|value| matches!(value, "true" | "false")),
            _ => true,
        };
        section && named && form
    })
}

/// Whether git takes this for the name of a reference; rules: `git check-ref-format`.
pub(super) fn is_reference(name: &str) -> bool {
    let part = |part: &str| !part.starts_with('.') && part.strip_suffix(".lock").is_none();
    let special = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let whole = !name.is_empty() && !name.starts_with('/') && !name.ends_with(['/', '.']);
    let level = name.contains('/') || name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    whole
        && level
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(special)
        && name.split('/').all(part)
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    pub path: String,
    pub url: String,
    /// `update = none`.
    pub skipped: bool,
}

/// What `.gitmodules` names.
pub(super) fn modules(text: &str) -> Vec<Module> {
    let mut all: Vec<Module> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("[submodule") {
            all.push(Module::default());
        } else if let (Some(module), Some((key, value))) = (all.last_mut(), line.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match key.trim() {
                "path" => value.trim_end_matches('/').clone_into(&mut module.path),
                "url" => value.clone_into(&mut module.url),
                "update" => module.skipped = value == "none",
                _ => {}
            }
        }
    }
    all
}

/// A submodule's address; one that begins with `./` or `../` is relative to its parent's.
pub(super) fn address(parent: &url::Url, said: &str) -> Option<url::Url> {
    if !(said.starts_with("./") || said.starts_with("../")) {
        return said.parse().ok();
    }
    let mut base = parent.clone();
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", parent.path()));
    }
    base.join(said).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submodules_are_read_and_their_addresses_are_relative_to_their_parents() {
        let text = "[submodule \"a b\"]\n\tpath = extern/a\n\turl = ../a.git\n[submodule \"c\"]\n path = c/\n url = https://git.example/c\n update = none\n";
        let modules = modules(text);
        assert_eq!(modules[0], Module { path: "extern/a".into(), url: "../a.git".into(), skipped: false });
        assert!(modules[1].skipped && modules[1].path == "c");
        let parent: url::Url = "https://git.example/x/parent.git".parse().unwrap();
        assert_eq!(address(&parent, "../a.git").unwrap().as_str(), "https://git.example/x/a.git");
    }

    #[test]
    fn references_are_told_from_what_git_does_not_take_for_one() {
        for good in ["refs/heads/main", "re&s/heads/main", "refs//heads/main", "MAIN"] {
            assert!(is_reference(good), "{good}");
        }
        for bad in
            ["", "main", "/refs/heads/main", "refs/heads/ma in", "refs/heads/m\u{1}", "refs/..", "refs/heads/main.lock"]
        {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    #[test]
    fn settings_that_no_git_would_read_are_told_apart() {
        assert!(readable("[core]\n\tbare = true\n# x\n[remote \"o\"]\n url = x\n"));
        for bad in [
            "garbage",
            "[core",
            "[#ore]\n",
            "[]\n",
            "[core]\n\tbare = maybe\n",
            "key = value\n",
            "[core]\n\trepositoryformatversion = 4\n",
        ] {
            assert!(!readable(bad), "{bad}");
        }
    }
}
