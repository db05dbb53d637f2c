//! The built-in lints of a workspace: its files read and kept as they were found, joined with what is on this machine.
//! What a line means is `checks`' to say; here it is only kept, joined and told.

mod actions;
mod allowed;
mod facts;
mod look;
mod toolchains;
mod walk;

pub(crate) use look::LintBook;

use contract::{Finding, codes};

/// What the lints found, without what the inventory tells at the same place already: there it can also be fetched.
pub(crate) fn beside<'a>(told: &[Finding], lints: impl IntoIterator<Item = &'a Finding>) -> Vec<Finding> {
    let of_artifact = |finding: &&Finding| !crate::documents::artifact_ids(finding).is_empty();
    let told: Vec<_> = told.iter().filter(of_artifact).map(|finding| finding.range).collect();
    let same = |finding: &Finding| {
        let (start, end) = (finding.range.start.byte, finding.range.end.byte);
        [codes::IMAGE_NOT_HERE, codes::TERRAFORM_PROVIDER_NOT_HERE].contains(&finding.code.as_str())
            && told.iter().any(|range| range.start.byte < end && start < range.end.byte)
    };
    lints.into_iter().filter(|finding| !same(finding)).cloned().collect()
}
