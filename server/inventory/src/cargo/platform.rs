//! Whether a dependency's `target` holds for a triple.
//! May not ask the compiler: what only it knows is answered with "cannot be told".

use cfg_expr::targets::{TargetInfo, get_builtin_target_by_triple};
use cfg_expr::{Expression, Predicate};
use std::cell::RefCell;
use std::collections::HashMap;

/// One triple with the user's own cfgs.
pub(crate) struct Platform<'a> {
    triple: &'a str,
    info: Option<&'static TargetInfo>,
    cfgs: &'a [String],
    known: RefCell<HashMap<String, Option<bool>>>,
}

impl<'a> Platform<'a> {
    pub(crate) fn new(triple: &'a str, cfgs: &'a [String]) -> Self {
        Platform { triple, info: get_builtin_target_by_triple(triple), cfgs, known: RefCell::default() }
    }

    /// `None`: cannot be told.
    pub(crate) fn holds(&self, target: &str) -> Option<bool> {
        if !target.starts_with("cfg(") {
            return Some(target == self.triple);
        }
        if let Some(known) = self.known.borrow().get(target) {
            return *known;
        }
        let answer = Expression::parse(target)
            .ok()
            .and_then(|expression| expression.eval(|predicate| self.predicate(predicate)));
        self.known.borrow_mut().insert(target.to_owned(), answer);
        answer
    }

    fn predicate(&self, predicate: &Predicate<'_>) -> Option<bool> {
        match predicate {
            Predicate::Target(target) => self.info.map(|info| target.matches(info)),
            // `rustc --print cfg` without further arguments describes a debug build of a library.
            Predicate::DebugAssertions => Some(true),
            Predicate::Test | Predicate::ProcMacro | Predicate::Feature(_) => Some(false),
            Predicate::TargetFeature(feature) => self.target_feature(feature),
            Predicate::Flag(flag) => Some(self.cfgs.iter().any(|cfg| cfg == flag)),
            Predicate::KeyValue { key, val } => {
                Some(self.cfgs.iter().any(|cfg| cfg.split_once('=') == Some((key, &format!("\"{val}\"")))))
            }
        }
    }

    /// The baseline of the common triples; others are not told.
    fn target_feature(&self, feature: &str) -> Option<bool> {
        let info = self.info?;
        let apple = info.vendor.as_ref().is_some_and(|vendor| vendor.as_str() == "apple");
        match info.arch.as_str() {
            "x86_64" if !apple => Some(matches!(feature, "fxsr" | "sse" | "sse2" | "x87")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_holds_as_the_compiler_would_have_it() {
        let cfgs = ["tokio_unstable".to_owned(), "backend=\"fast\"".to_owned()];
        let linux = Platform::new("x86_64-unknown-linux-gnu", &cfgs);
        for (target, holds) in [
            ("cfg(unix)", true),
            ("cfg(windows)", false),
            ("x86_64-unknown-linux-gnu", true),
            ("aarch64-apple-darwin", false),
            ("cfg(all(target_os = \"linux\", not(target_env = \"musl\")))", true),
            ("cfg(any(windows, target_feature = \"sse2\"))", true),
            ("cfg(target_feature = \"avx2\")", false),
            ("cfg(tokio_unstable)", true),
            ("cfg(loom)", false),
            ("cfg(backend = \"fast\")", true),
            ("cfg(debug_assertions)", true),
            ("cfg(feature = \"x\")", false),
        ] {
            assert_eq!(linux.holds(target), Some(holds), "{target}");
        }
        assert_eq!(linux.holds("cfg(not a cfg"), None);
        assert_eq!(Platform::new("made-up-triple", &[]).holds("cfg(unix)"), None);
    }
}
