//! Allowances of the settings: which codes are allowed in which file, and which of them allow nothing or give no reason.

use contract::{Finding, LintAllowance, Severity, codes};
use std::path::Path;

/// The settings' allowances, ready to be asked.
pub(super) struct Allowed<'a> {
    all: Vec<(&'a LintAllowance, Option<glob::Pattern>)>,
}

impl<'a> Allowed<'a> {
    pub fn of(settings: &'a contract::Settings) -> Self {
        let all = settings.lints.allow.iter().flatten();
        let pattern =
            |one: &LintAllowance| one.path.as_deref().map(|path| glob::Pattern::new(path).unwrap_or_default());
        Self { all: all.map(|one| (one, pattern(one))).collect() }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The allowances that hold for a file, by their place among all, with their codes.
    pub fn in_file(&self, path: &Path) -> (Vec<usize>, Vec<&'a str>) {
        let holds = |pattern: &Option<glob::Pattern>| pattern.as_ref().is_none_or(|p| p.matches_path_with(path, MATCH));
        let found = self.all.iter().enumerate().filter(|(_, (_, pattern))| holds(pattern));
        found.map(|(at, (one, _))| (at, one.code.as_str())).unzip()
    }

    /// What is to be said of the allowances themselves, where `file`, whose text is `text`, holds them. `used` is by their place;
    /// none: not every file was read.
    pub fn findings(&self, file: &Path, text: &str, used: Option<&[bool]>) -> Vec<Finding> {
        let places = places(text);
        let mut found = Vec::new();
        for (at, (one, _)) in self.all.iter().enumerate() {
            let Some((_, span)) = places.iter().find(|(known, _)| known == *one) else { continue };
            let mut say = |code: &str, message: String| {
                found.push(Finding {
                    code: code.to_owned(),
                    severity: Severity::Warning,
                    message,
                    file: file.to_path_buf(),
                    range: crate::documents::range_of(text, span.clone()),
                    source: "holdover".to_owned(),
                    data: Some(serde_json::json!({ "lint": true })),
                });
            };
            if one.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
                say(
                    codes::ALLOWANCE_WITHOUT_REASON,
                    format!("this allows something and does not say why: {}\nhint: add `reason = \"…\"`", one.code),
                );
            }
            if used.is_some_and(|used| !used[at]) {
                say(
                    codes::ALLOWANCE_UNUSED,
                    format!(
                        "this allows what is not there any more: {}\nhint: take it out, so that it hides nothing later on",
                        one.code
                    ),
                );
            }
        }
        found
    }
}

const MATCH: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// The allowances that a settings file holds, with their places.
fn places(text: &str) -> Vec<(LintAllowance, std::ops::Range<usize>)> {
    use toml::de::{DeTable, DeValue};
    let Ok(table) = DeTable::parse(text) else { return Vec::new() };
    let Some(DeValue::Table(lints)) = table.get_ref().get("lints").map(toml::Spanned::get_ref) else {
        return Vec::new();
    };
    let Some(DeValue::Array(all)) = lints.get("allow").map(toml::Spanned::get_ref) else { return Vec::new() };
    let found = all.iter().filter_map(|one| {
        let DeValue::Table(table) = one.get_ref() else { return None };
        let text_of = |key: &str| match table.get(key).map(toml::Spanned::get_ref) {
            Some(DeValue::String(text)) => Some(text.to_string()),
            _ => None,
        };
        let allowance = LintAllowance {
            code: text_of("code").unwrap_or_default(),
            path: text_of("path"),
            reason: text_of("reason"),
        };
        Some((allowance, one.span()))
    });
    found.collect()
}
