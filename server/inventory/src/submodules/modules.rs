//! What `.gitmodules` says, as git takes it: names that lead elsewhere and values that look like options do not count.
//! May read nothing itself.

use crate::ecosystem::Broken;
use crate::git::config::{self, Entry, truth};
use std::collections::HashMap;
use std::ops::Range as Span;

/// One submodule; of what stands twice the first counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    pub name: String,
    pub path: Option<String>,
    pub url: Option<String>,
    pub update: Option<String>,
    /// The header of its section.
    pub span: Span<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Modules {
    pub modules: Vec<Module>,
    /// At which git gives up.
    pub broken: Option<Broken>,
}

pub(super) fn read(text: &str) -> Modules {
    let settings = config::read(text);
    let mut out = Modules {
        broken: settings.broken.map(|span| Broken { span, reason: "git does not read this line".into() }),
        ..Modules::default()
    };
    let mut known: HashMap<String, usize> = HashMap::new();
    for entry in settings.entries {
        let Entry { section, name: Some(name), key, value, header } = entry else { continue };
        if section != "submodule" || !is_name(&name) {
            continue;
        }
        let at = *known.entry(name.clone()).or_insert_with(|| {
            let span = header.clone();
            out.modules.push(Module { name, path: None, url: None, update: None, span });
            out.modules.len() - 1
        });
        let module = &mut out.modules[at];
        let plain = value.clone().filter(|value| !value.starts_with('-'));
        let refused = match key.as_str() {
            "path" | "url" | "update" if value.is_none() => true,
            "path" => {
                module.path = module.path.take().or(plain);
                false
            }
            "url" => {
                module.url = module.url.take().or(plain.filter(|url| !url.contains('\n')));
                false
            }
            "update" => {
                let known = matches!(value.as_deref(), Some("checkout" | "rebase" | "merge" | "none"));
                module.update = module.update.take().or(value);
                !known
            }
            "shallow" => value.as_deref().is_some_and(|value| truth(value).is_none()),
            "fetchrecursesubmodules" => {
                value.as_deref().is_some_and(|value| value != "on-demand" && truth(value).is_none())
            }
            _ => false,
        };
        if refused && out.broken.is_none() {
            out.broken = Some(Broken { span: header, reason: format!("git does not take this value of {key}") });
        }
    }
    out
}

/// Whether git takes this for a submodule's name: it becomes a folder below `.git/modules`.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.split(['/', '\\']).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_and_values_that_look_like_options_do_not_count() {
        let text = "[submodule \"../a\"]\n path = a\n[submodule \"b\"]\n path = b\n path = c\n url = --upload-pack=x\n[submodule \"d\\\\..\"]\n path = d\n";
        let read = read(text);
        assert_eq!(read.broken, None);
        let [only] = read.modules.as_slice() else { panic!("{read:?}") };
        assert_eq!((only.name.as_str(), only.path.as_deref(), only.url.as_deref()), ("b", Some("b"), None));
        assert_eq!(&text[only.span.clone()], "[submodule \"b\"]");
    }

    #[test]
    fn a_command_in_place_of_a_way_to_update_is_refused() {
        assert!(read("[submodule \"a\"]\n update = !true\n").broken.is_some());
        assert!(read("[submodule \"a\"]\n update = rebase\n shallow = maybe\n").broken.is_some());
        assert_eq!(read("[submodule \"a\"]\n update = none\n shallow = yes\n").broken, None);
    }
}
