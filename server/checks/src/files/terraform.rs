//! Terraform: modules and providers that `terraform init` fetches. Read by its blocks; what is computed is passed over.

use super::{Found, lines};
use crate::draft::{Draft, Place, Thing};
use contract::codes;

pub(crate) fn read(text: &str, found: &mut Found) {
    // The blocks that a line stands in, by their first word.
    let mut open: Vec<String> = Vec::new();
    let mut document: Option<String> = None;
    for line in lines(text) {
        let shown = &text[line.clone()];
        let trimmed = shown.trim();
        if let Some(end) = &document {
            if trimmed == end {
                document = None;
            }
            continue;
        }
        if trimmed.starts_with('#') || trimmed.starts_with("//") {
            continue;
        }
        if let Some((_, end)) = trimmed.split_once("<<") {
            document = Some(end.trim_start_matches(['-', '~']).trim().to_owned()).filter(|end| !end.is_empty());
            continue;
        }
        let source =
            trimmed.strip_prefix("source").map(str::trim_start).and_then(|rest| rest.strip_prefix('=')).map(str::trim);
        if let Some(value) =
            source.and_then(|value| value.strip_prefix('"')?.split('"').next()).filter(|value| !value.contains("${"))
        {
            let start = line.start + shown.find('"').map_or(0, |at| at + 1);
            let span = start..start + value.len();
            let local = value.starts_with("./") || value.starts_with("../") || value.starts_with('/');
            if open.first().is_some_and(|block| block == "module") && open.len() == 1 && !local {
                found.drafts.push(draft(
                    codes::TERRAFORM_MODULE_NOT_HERE,
                    span,
                    format!("`terraform init` fetches this module: {value}"),
                    Thing::TerraformModule(value.to_owned()),
                ));
            } else if open.iter().any(|block| block == "required_providers") {
                found.drafts.push(draft(
                    codes::TERRAFORM_PROVIDER_NOT_HERE,
                    span,
                    format!("`terraform init` fetches this provider: {value}"),
                    Thing::TerraformProvider(value.to_owned()),
                ));
            }
        }
        let mut quoted = false;
        for byte in trimmed.bytes() {
            match byte {
                b'"' => quoted = !quoted,
                b'{' if !quoted => {
                    let first = trimmed.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                    if open.len() < 64 {
                        open.push(first.to_owned());
                    }
                }
                b'}' if !quoted => drop(open.pop()),
                _ => {}
            }
        }
    }
}

fn draft(code: &'static str, span: std::ops::Range<usize>, what: String, thing: Thing) -> Draft {
    Draft {
        code,
        span,
        what,
        next: "`terraform init` while there is a connection; `terraform providers mirror` keeps a copy".to_owned(),
        thing,
        place: Place::Host,
        only_if_absent: true,
        fix: None,
    }
}
