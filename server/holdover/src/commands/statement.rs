//! Statements of checks: what they came to, signed by this device, and held against what is here. It asks the engine and prints.

use super::{Failure, cancel_on_interrupt, count, failed, open};
use crate::End;
use crate::out::Out;
use contract::{CheckReport, CheckState, StatedCheck};
use engine::Engine;
use host::Cancel;
use std::path::Path;

/// States what checks of a whole workspace came to.
pub(super) fn attest(
    engine: &Engine,
    report: &CheckReport,
    file: &Path,
    cancel: &Cancel,
    out: &Out,
) -> Result<(), Failure> {
    let statement = engine.attest_checks(&report.workspace, report, file, cancel).map_err(|e| failed(&e))?;
    out.note(&format!("{}: {}", statement.file.display(), statement.text));
    Ok(())
}

/// Whether a statement may be believed of what is here, and says that all is well.
pub(super) fn verify(engine: Engine, file: &Path, out: &Out) -> Result<End, Failure> {
    let root = open(&engine, Path::new("."), out)?;
    let statement = engine.verify_attested(&root, file, &cancel_on_interrupt()).map_err(|e| failed(&e))?;
    out.document(&statement);
    for problem in &statement.problems {
        out.line(problem);
    }
    for check in &statement.checks {
        let version = check.version.as_ref().map_or(String::new(), |version| format!(" ({version})"));
        let found = count(check.findings, "finding");
        out.detail(format!("{}{version}: {}, {found}", check.name, check.result.to_lowercase()));
    }
    for remark in &statement.remarks {
        out.detail(remark);
    }
    out.detail(format!("signed by {} {}", statement.device_name, statement.device));
    out.line(&statement.text);
    engine.leave();
    Ok(match (statement.holds, &*statement.result) {
        (Some(true), "PASSED") => End::Yes,
        (Some(true), "WARNED") if statement.checks.iter().all(is_open) => End::Unknown,
        _ => End::No,
    })
}

/// It passed, or nobody could tell.
fn is_open(check: &StatedCheck) -> bool {
    check.result == "PASSED" || !matches!(check.state, CheckState::Passed | CheckState::Failed)
}
