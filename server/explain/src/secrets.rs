//! Secrets in what a model is shown: found by the forms that those who give them out write down, masked before anything is sent.
//! A form that is not here passes; so does a password that looks like any other word and is called nothing.

use contract::MaskedSecret;
use regex::Regex;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

/// A form of secrets. What is masked is the group `s`, or everything where there is none.
const RULES: &[(&str, &str)] = &[
    ("private-key", r"(?s)-----BEGIN[A-Z0-9 ]{0,30} PRIVATE KEY(?: BLOCK)?-----(?P<s>.{16}.*?)(?:-----END|\z)"),
    ("age-secret-key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    ("aws-access-key", r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    ("aws-secret-key", r#"(?i)aws.{0,30}(?:secret|sk).{0,30}?[=:]\s*["']?(?P<s>[0-9a-zA-Z/+]{40})\b"#),
    ("github-token", r"\b(?:gh[pousr]_[0-9A-Za-z]{36,255}|github_pat_[0-9A-Za-z_]{60,255})"),
    ("gitlab-token", r"\bgl(?:pat|ptt|dt|rt|cbt|soat|ft|agent|oas|imt)-[0-9A-Za-z_=.-]{20,}"),
    ("slack-token", r"\b(?:xox[abeoprs]-(?:[0-9]+-)?[0-9A-Za-z-]{10,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+)"),
    ("slack-webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<s>[A-Za-z0-9+/]{20,})"),
    ("discord-webhook", r"discord(?:app)?\.com/api/webhooks/(?P<s>\d{15,25}/[0-9A-Za-z_-]{50,})"),
    ("stripe-key", r"\b(?:sk|rk|whsec)_(?:live_|test_|prod_)?[0-9A-Za-z]{16,}"),
    ("google-api-key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("google-oauth", r"\b(?:GOCSPX-[0-9A-Za-z_-]{20,}|ya29\.[0-9A-Za-z_-]{20,})"),
    ("npm-token", r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("pypi-token", r"\bpypi-AgE[0-9A-Za-z_-]{50,}"),
    ("cargo-token", r"\bcio[0-9A-Za-z]{32}\b"),
    ("rubygems-token", r"\brubygems_[0-9a-f]{48}\b"),
    ("nuget-key", r"\boy2[a-z0-9]{43}\b"),
    ("docker-token", r"\bdckr_(?:pat|oat)_[0-9A-Za-z_-]{20,}"),
    ("openai-key", r"\bsk-(?:proj-|svcacct-|admin-|None-)?[0-9A-Za-z_-]{20,}"),
    ("anthropic-key", r"\bsk-ant-[0-9A-Za-z_-]{20,}"),
    ("huggingface-token", r"\b(?:hf|api_org)_[0-9A-Za-z]{30,}"),
    ("digitalocean-token", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("sendgrid-key", r"\bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}"),
    ("twilio-key", r"\bSK[0-9a-f]{32}\b"),
    ("mailgun-key", r"\bkey-[0-9a-f]{32}\b"),
    ("mailchimp-key", r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("shopify-token", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    ("databricks-token", r"\bdapi[0-9a-f]{32}(?:-\d)?\b"),
    ("vault-token", r"\b(?:hv[sbr]\.[0-9A-Za-z_-]{20,}|s\.[0-9A-Za-z]{24}\b)"),
    ("terraform-token", r"\b[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,}"),
    ("linear-key", r"\blin_(?:api|oauth)_[0-9A-Za-z]{32,}"),
    ("notion-token", r"\b(?:secret_[0-9A-Za-z]{43}|ntn_[0-9A-Za-z]{40,})\b"),
    ("postman-key", r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b"),
    ("grafana-token", r"\bgl(?:sa_[0-9A-Za-z]{32}_[0-9a-f]{8}|c_[0-9A-Za-z+/=]{32,})"),
    ("newrelic-key", r"\bNR(?:AK|JS|II|AA)-[0-9A-Z]{20,}"),
    ("sentry-token", r"\bsntr(?:ys|yu)_[0-9A-Za-z_=+/-]{40,}"),
    ("doppler-token", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[0-9A-Za-z._-]{20,}"),
    ("planetscale-token", r"\bpscale_(?:tkn|pw|oauth)_[0-9A-Za-z=._-]{20,}"),
    ("fly-token", r"\b(?:FlyV1 )?fm[12][a-z]?_[0-9A-Za-z+/=]{40,}"),
    ("atlassian-token", r"\bATATT3[0-9A-Za-z_=-]{50,}"),
    ("figma-token", r"\bfigd_[0-9A-Za-z_-]{30,}"),
    ("telegram-token", r"\b\d{8,10}:AA[0-9A-Za-z_-]{32,}"),
    ("azure-key", r"(?i)(?:AccountKey|SharedAccessKey|sig)=(?P<s>[0-9A-Za-z+/%]{40,}={0,2})"),
    ("jwt", r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{5,}"),
    ("password-in-address", r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@'\x22]{0,100}:(?P<s>[^\s/@'\x22]{3,200})@"),
    (
        "authorization",
        r"(?i)\bauthorization\b['\x22]?\s*[:=,]\s*['\x22]?(?:bearer|basic|token)\s+(?P<s>[0-9A-Za-z._~+/=-]{8,})",
    ),
    ("netrc", r"(?m)\bmachine\s+\S+\s+login\s+\S+\s+password\s+(?P<s>\S+)"),
    ("npmrc", r"(?m):_(?:authToken|auth|password)\s*=\s*(?P<s>[^\s$]\S+)"),
    (
        "assigned-secret",
        r#"(?i)["']?\b[a-z0-9_.-]{0,40}(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|credential|auth[_-]?key)[a-z0-9_]{0,20}["']?\s*(?::=|=>|[:=])\s*["'`](?P<s>[^"'`\s]{8,200})["'`]"#,
    ),
    (
        "assigned-secret",
        r"(?im)^\s*(?:(?:\d+\|)?\s*(?:#|//|--|;|\*)+\s*|\d+\|\s*)?(?:export\s+|set\s+|env\s+|-\s+)?[a-z0-9_.-]{0,40}(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)[a-z0-9_]{0,20}\s*[:=]\s*(?P<s>[^\s'\x22`$<{(\[][^\s'\x22`(){}\[\]<>;,]{7,200})\s*(?:#.*)?$",
    ),
];

fn rules() -> &'static [(&'static str, Regex)] {
    static COMPILED: OnceLock<Vec<(&str, Regex)>> = OnceLock::new();
    // One that does not compile is found by a test.
    COMPILED.get_or_init(|| RULES.iter().filter_map(|(name, form)| Some((*name, Regex::new(form).ok()?))).collect())
}

/// What was masked so far: one secret has one name wherever it stands.
#[derive(Debug, Default)]
pub struct Masker {
    names: BTreeMap<String, (&'static str, usize)>,
}

impl Masker {
    /// Secrets by kind.
    #[must_use]
    pub fn found(&self) -> Vec<MaskedSecret> {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for (rule, _) in self.names.values() {
            *counts.entry(rule).or_default() += 1;
        }
        counts.into_iter().map(|(rule, count)| MaskedSecret { rule: rule.to_owned(), count }).collect()
    }
}

/// A text in which every secret stands as `<secret 1: aws-access-key>`. Linear in its length for each rule.
pub fn mask(text: &str, masker: &mut Masker) -> String {
    let spans = spans(text, masker);
    masked(text, 0, &spans)
}

/// The lines of a text, masked each for itself: there are as many as before, whatever a secret spans.
pub(crate) fn mask_lines(text: &str, masker: &mut Masker) -> Vec<String> {
    let spans = spans(text, masker);
    let mut at = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let made = masked(line.trim_end_matches(['\n', '\r']), at, &spans);
        at += line.len();
        made
    });
    lines.collect()
}

/// Where a secret begins and ends, and its number and rule; in order, and none within another.
fn spans(text: &str, masker: &mut Masker) -> Vec<(usize, usize, usize, &'static str)> {
    let mut found: Vec<(usize, usize, &'static str)> = Vec::new();
    for (name, rule) in rules() {
        for captures in rule.captures_iter(text) {
            let Some(secret) = captures.name("s").or_else(|| captures.get(0)) else { continue };
            if *name == "assigned-secret" && is_harmless(secret.as_str()) {
                continue;
            }
            found.push((secret.start(), secret.end(), name));
        }
    }
    // What was masked before is masked wherever it stands, whatever is before it.
    for (secret, (name, _)) in &masker.names {
        found.extend(text.match_indices(secret.as_str()).map(|(at, _)| (at, at + secret.len(), *name)));
    }
    found.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
    let mut joined: Vec<(usize, usize, &'static str)> = Vec::new();
    for (start, end, name) in found {
        match joined.last_mut() {
            // Two forms overlap: nothing of the second may show either.
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end, name)),
        }
    }
    let named = joined.into_iter().map(|(start, end, name)| {
        let next = masker.names.len() + 1;
        let (rule, number) = *masker.names.entry(text[start..end].to_owned()).or_insert((name, next));
        (start, end, number, rule)
    });
    named.collect()
}

/// A piece of a text, which begins at byte `from` of it, with what is secret of it masked.
fn masked(piece: &str, from: usize, spans: &[(usize, usize, usize, &'static str)]) -> String {
    let mut made = String::with_capacity(piece.len());
    let mut at = 0;
    let first = spans.partition_point(|(_, end, ..)| *end <= from);
    for (start, end, number, rule) in &spans[first..] {
        let (start, end) = (start.saturating_sub(from), (end - from).min(piece.len()));
        if start >= piece.len() {
            break;
        }
        made.push_str(piece.get(at..start).unwrap_or_default());
        let _ = write!(made, "<secret {number}: {rule}>");
        at = end;
    }
    made.push_str(piece.get(at..).unwrap_or_default());
    made
}

/// Whether what is assigned only says where the secret is, or that there is none.
fn is_harmless(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let says_where = value.starts_with(['$', '<', '%', '{']) || value.contains("${") || value.contains("{{");
    let placeholder =
        ["example", "changeme", "placeholder", "your-", "your_", "xxxx", "****", "none", "null", "undefined"];
    let is_name = value.chars().all(|c| c.is_ascii_uppercase() || c == '_') && value.contains('_');
    let one = value.chars().next();
    says_where
        || is_name
        || placeholder.iter().any(|word| lower.starts_with(word))
        || value.chars().all(|c| Some(c) == one)
        // A call, a path of fields: code, and no value.
        || value.contains("::") || value.ends_with("()") || value.contains("process.env") || value.contains("os.environ")
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
