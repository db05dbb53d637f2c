//! A SARIF log of another tool, told beside what is found here: of CI, for example. It is not remembered.

use super::record::text;
use crate::{Engine, EngineError};
use checks::checker::{Checker, Texts, parse};
use contract::{CheckReport, CheckState, CheckStatus};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Such a log is read up to here, in bytes.
const LARGEST: u64 = 64 << 20;

impl Engine {
    /// Adds what a SARIF log says of files of the workspace to a report.
    pub fn import_sarif(&self, root: &Path, file: &Path, report: &mut CheckReport) -> Result<(), EngineError> {
        let failed = |what: &str| {
            EngineError::Host(format!(
                "{}: {what}\nhint: name a SARIF 2.1.0 log, of at most {} MiB",
                file.display(),
                LARGEST >> 20
            ))
        };
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let bytes = host::read_small(file, LARGEST).map_err(|e| failed(&format!("it cannot be read: {e}")))?;
        let name = file.file_stem().map_or_else(|| "import".to_owned(), |name| name.to_string_lossy().into_owned());
        let checker = json!({
            "id": name, "title": name, "files": ["*"], "inputs": "all", "program": "", "format": "sarif", "good": [0], "get": "",
        });
        let checker: Checker = serde_json::from_value(checker).map_err(|e| failed(&e.to_string()))?;
        let real = workspace.real();
        let mut read = |file: &Path| -> Option<Arc<str>> { text(file).map(Arc::from) };
        let parsed = parse(&checker, &bytes, b"", &mut Texts::new(root, &real, Path::new(""), &mut read));
        if !parsed.whole {
            return Err(failed("this is no SARIF log"));
        }
        let count = parsed.found.len() as u64;
        let mut left = Vec::new();
        if parsed.elsewhere > 0 {
            left.push(format!("{} about what is no file here", crate::words::counted(parsed.elsewhere, "finding")));
        }
        if parsed.dropped > 0 {
            left.push(format!("{} more than are shown", crate::words::counted(parsed.dropped, "finding")));
        }
        let text = format!("{} of {}", crate::words::counted(count, "finding"), file.display());
        report.checks.push(CheckStatus {
            name: name.clone(),
            state: if count > 0 { CheckState::Failed } else { CheckState::Passed },
            findings: count,
            detail: left.join("; "),
            text,
            ..CheckStatus::default()
        });
        report.left_out.extend(left.into_iter().map(|what| format!("{name}: {what}")));
        report.findings.extend(parsed.found.into_iter().map(|found| found.finding));
        report.findings.sort_by(|a, b| (&a.file, a.range.start.byte).cmp(&(&b.file, b.range.start.byte)));
        Ok(())
    }
}
