//! How grave one line of a log is.

use contract::LogLevel;
use regex::RegexSet;
use std::sync::LazyLock;

/// Words that speak of errors and of none: a count of nought, a name, a switch.
const NONE: [&str; 5] = [
    r"(?i)\b(0|no|without) (errors?|failures?|failed|warnings?)\b",
    r"(?i)\b(errors?|failures?|failed|warnings?)\s*[:=]\s*0\b",
    r"(?i)^\s*(compiling|checking|downloading|downloaded|fetching|fresh|installing|unpacking|building|adding) ",
    r"(?i)^test .* \.\.\. ok$",
    r"(?i)--?\w*(error|fail|warn)\w*\b.*\s(\$|&&)\s?",
];

const ERROR: [&str; 16] = [
    r"^\s*not ok \d",
    r"(?i)^make(\[\d+\])?: [^ :]+: no such file or directory",
    r"(?i)(^|[\s\[(<|])(error|fatal|critical|severe|panic)(\[[\w:-]+\])?\s*[\])>|:]",
    r"(?i)(^|\s)(npm|yarn|pnpm)?\s?(err!|error)(\s|$)",
    r"(?i)^\s*(error|fatal|failed|failure|panicked|exception)\b",
    r"(?i)\blevel=(error|fatal|critical|panic)\b",
    r"\b(ERROR|FATAL|FAIL|FAILED|CRITICAL|SEVERE|PANIC)\b",
    r"\b[A-Z]\w*(Error|Exception)(:|$|\()",
    r"(?i)\bpanicked at\b",
    r"(?i):\s(fatal )?error\b",
    r"(?i)\berror (ts|cs|c|lnk|msb)\d+\b",
    r"(?i)^e\s{2,}\S",
    r"(?i)\bmake(\[\d+\])?: \*\*\*",
    r"(?i)\b(undefined reference|segmentation fault|core dumped|command not found|no space left on device|cannot allocate memory)\b",
    r"(?i)^\s*([\w./-]+: )?(cannot|can't|could not|couldn't|unable to|failed to)\b",
    r"(?i)(^|: )killed$",
];

const WARNING: [&str; 3] = [
    r"(?i)(^|[\s\[(<|])warn(ing)?(\[[\w:-]+\])?\s*[\])>|:]",
    r"(?i)^\s*(npm )?warn(ing)?\b",
    r"(?i)\b(level=warn(ing)?|deprecated)\b",
];

struct Rules {
    none: RegexSet,
    error: RegexSet,
    warning: RegexSet,
}

/// They are this file's own, and a test builds them.
static RULES: LazyLock<Option<Rules>> = LazyLock::new(|| {
    Some(Rules {
        none: RegexSet::new(NONE).ok()?,
        error: RegexSet::new(ERROR).ok()?,
        warning: RegexSet::new(WARNING).ok()?,
    })
});

/// Whether a line only seems to speak of errors.
pub(super) fn of_none(line: &str) -> bool {
    RULES.as_ref().is_some_and(|rules| rules.none.is_match(line))
}

pub(super) fn of(line: &str) -> LogLevel {
    let Some(rules) = RULES.as_ref() else { return LogLevel::Plain };
    if rules.none.is_match(line) {
        LogLevel::Plain
    } else if rules.error.is_match(line) {
        LogLevel::Error
    } else if rules.warning.is_match(line) {
        LogLevel::Warning
    } else {
        LogLevel::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_of_no_error_is_none_and_what_is_one_is() {
        assert!(RULES.is_some());
        let plain = [
            "test result: ok. 12 passed; 0 failed; 0 ignored",
            "Finished with 0 errors and 0 warnings",
            "   Compiling thiserror v2.0.17",
            "  Downloading failure v0.1.8",
            "errors: 0",
            "test parser::an_error_is_told ... ok",
            "> tsc --noEmitOnError && node .",
            "added 830 packages in 20s",
        ];
        for line in plain {
            assert_eq!(of(line), LogLevel::Plain, "{line}");
        }
        let errors = [
            "error[E0425]: cannot find value `x` in this scope",
            "npm error code ENOTCACHED",
            "npm ERR! code ENOTFOUND",
            "src/main.c:3:5: error: unknown type name 'foo'",
            "E   AssertionError: assert 1 == 2",
            "make: *** [Makefile:2: all] Error 2",
            "2026-11-22T10:00:01Z level=error msg=\"no\"",
            "[ERROR] Failed to execute goal",
            "bash: line 1: hadolint: command not found",
            "java.lang.NullPointerException: x",
            "thread 'main' panicked at src/main.rs:1:5:",
            "Killed",
        ];
        for line in errors {
            assert_eq!(of(line), LogLevel::Error, "{line}");
        }
        for line in ["warning: unused variable: `x`", "npm warn deprecated inflight@1.0.6", "[WARN] old"] {
            assert_eq!(of(line), LogLevel::Warning, "{line}");
        }
    }
}
