//! From our types to LSP's: ranges, diagnostics, edits. The only place, with `from_proto`, that knows both.

use crate::from_proto::Encoding;
use conflict::Conflicts;
use contract::{Finding, Range, Severity, codes};
use ropey::Rope;
use std::path::Path;
use tower_lsp::ls_types::{self as lsp, CodeDescription, Diagnostic, DiagnosticSeverity, NumberOrString, Uri};

/// Most diagnostics of one file; a file with more conflicts than that has another problem.
const MOST: usize = 1000;

/// The address of a path.
#[cfg(unix)]
pub(crate) fn uri(path: &Path) -> Option<Uri> {
    const PLAIN: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let bytes = path.is_absolute().then_some(path.as_os_str().as_encoded_bytes())?;
    format!("file://{}", percent_encoding::percent_encode(bytes, &PLAIN)).parse().ok()
}

/// The address of a path.
#[cfg(not(unix))]
pub(crate) fn uri(path: &Path) -> Option<Uri> {
    Uri::from_file_path(path)
}

/// A range in a text that is at hand.
pub(crate) fn range(text: &Rope, range: Range, encoding: Encoding) -> lsp::Range {
    let position = |position: contract::Position| {
        let character = match encoding {
            Encoding::Utf16 => position.utf16,
            Encoding::Utf8 => {
                let line = (position.line as usize).min(text.len_lines() - 1);
                let column = (position.byte as usize).saturating_sub(text.line_to_byte(line));
                u32::try_from(column).unwrap_or(u32::MAX)
            }
        };
        lsp::Position { line: position.line, character }
    };
    lsp::Range { start: position(range.start), end: position(range.end) }
}

/// A range in a file that is not open. Without its text columns can only be told in UTF-16; in UTF-8 they are the same
/// wherever a line is ASCII up to there, as lockfiles and manifests almost always are.
pub(crate) fn range_unseen(range: Range) -> lsp::Range {
    let position = |position: contract::Position| lsp::Position { line: position.line, character: position.utf16 };
    lsp::Range { start: position(range.start), end: position(range.end) }
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Information => DiagnosticSeverity::INFORMATION,
        Severity::Hint => DiagnosticSeverity::HINT,
    }
}

/// The page of a code: a `holdover:` document, so that it is there without a network.
fn page(code: &str) -> Option<CodeDescription> {
    let href = format!("holdover:/diagnostics/{code}.md").parse().ok()?;
    Some(CodeDescription { href })
}

/// The page of a linter's rule: its own text, as the linter on this machine has it.
fn rule(finding: &Finding) -> Option<CodeDescription> {
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let file = encoded(finding.file.to_str()?);
    let (source, code) = (encoded(&finding.source), encoded(&finding.code));
    let href = format!("holdover:/rule/{source}/{code}.md?file={file}").parse().ok()?;
    Some(CodeDescription { href })
}

/// A finding as a diagnostic.
pub(crate) fn diagnostic(finding: &Finding, range: lsp::Range) -> Diagnostic {
    Diagnostic {
        range,
        severity: Some(severity(finding.severity)),
        code: Some(finding.code.clone()).filter(|code| !code.is_empty()).map(NumberOrString::String),
        code_description: match &*finding.source {
            "holdover" => page(&finding.code),
            _ if finding.code.is_empty() => None,
            _ => rule(finding),
        },
        source: Some(finding.source.clone()),
        message: finding.message.clone(),
        data: finding.data.clone(),
        ..Diagnostic::default()
    }
}

/// The conflicts of a document as diagnostics, in order of place. Made for every keystroke: no hashes.
pub(crate) fn conflict_diagnostics(text: &Rope, conflicts: &Conflicts, encoding: Encoding) -> Vec<Diagnostic> {
    let diagnostic = |code: &str, severity, message, at| Diagnostic {
        range: range(text, at, encoding),
        severity: Some(severity),
        code: Some(NumberOrString::String(code.to_owned())),
        code_description: page(code),
        source: Some("holdover".to_owned()),
        message,
        ..Diagnostic::default()
    };
    let whole = conflicts.regions.iter().map(|region| {
        let message = conflict::merge_message(text, region);
        diagnostic(codes::MERGE_CONFLICT, DiagnosticSeverity::ERROR, message, region.marker_range(text))
    });
    let malformed = conflict::malformed(text, conflicts);
    let stray = !malformed.is_empty();
    let malformed = malformed.iter().map(|malformed| {
        diagnostic(codes::MALFORMED_CONFLICT, DiagnosticSeverity::WARNING, malformed.message(), malformed.range(text))
    });
    let mut all: Vec<_> = whole.take(MOST).chain(malformed.take(MOST)).collect();
    if stray {
        all.sort_by_key(|diagnostic| diagnostic.range.start);
    }
    all
}
