#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;

/// Values are made up when the test runs, so that nothing here looks like one to anybody.
fn made(prefix: &str, alphabet: &str, length: usize, suffix: &str) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut n = 7_usize;
    let body: String = (0..length)
        .map(|at| {
            n = n.wrapping_mul(31).wrapping_add(at * 17 + 11);
            letters[n % letters.len()]
        })
        .collect();
    format!("{prefix}{body}{suffix}")
}

const ALL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const DIGITS: &str = "123456789";

/// Rule, the text, and the part of it that may not be left.
fn samples() -> Vec<(&'static str, String, String)> {
    let whole = |rule, secret: String| (rule, format!("let x = call({secret});"), secret);
    let within = |rule, before: &str, secret: String, after: &str| (rule, format!("{before}{secret}{after}"), secret);
    let jwt = format!("{}.{}.{}", made("eyJ", ALL, 30, ""), made("eyJ", ALL, 40, ""), made("", ALL, 43, ""));
    let key = |kind: &str| {
        let body = made("", ALL, 300, "");
        ("private-key", format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"), body)
    };
    vec![
        key("RSA PRIVATE KEY"),
        key("OPENSSH PRIVATE KEY"),
        key("ENCRYPTED PRIVATE KEY"),
        key("PGP PRIVATE KEY BLOCK"),
        whole("age-secret-key", made("AGE-SECRET-KEY-1", UPPER, 58, "")),
        whole("aws-access-key", made("AKIA", UPPER, 16, "")),
        whole("aws-access-key", made("ASIA", UPPER, 16, "")),
        within("aws-secret-key", "aws_secret_access_key = ", made("", ALL, 40, ""), "\n"),
        whole("github-token", made("ghp_", ALL, 36, "")),
        whole("github-token", made("ghs_", ALL, 36, "")),
        whole("github-token", made("github_pat_", ALL, 82, "")),
        whole("gitlab-token", made("glpat-", ALL, 20, "")),
        whole("slack-token", made("xoxb-", DIGITS, 12, &made("-", ALL, 24, ""))),
        within("slack-webhook", "https://hooks.slack.com/services/", made("T", ALL, 40, ""), " "),
        within(
            "discord-webhook",
            "https://discord.com/api/webhooks/",
            made("", DIGITS, 18, &made("/", ALL, 68, "")),
            " ",
        ),
        whole("stripe-key", made("sk_live_", ALL, 24, "")),
        whole("google-api-key", made("AIza", ALL, 35, "")),
        whole("google-oauth", made("GOCSPX-", ALL, 28, "")),
        whole("google-oauth", made("ya29.", ALL, 60, "")),
        whole("npm-token", made("npm_", ALL, 36, "")),
        whole("pypi-token", made("pypi-AgE", ALL, 150, "")),
        whole("cargo-token", made("cio", ALL, 32, "")),
        whole("rubygems-token", made("rubygems_", HEX, 48, "")),
        whole("nuget-key", made("oy2", LOWER, 43, "")),
        whole("docker-token", made("dckr_pat_", ALL, 27, "")),
        whole("openai-key", made("sk-proj-", ALL, 48, "")),
        whole("anthropic-key", made("sk-ant-", ALL, 90, "")),
        whole("huggingface-token", made("hf_", ALL, 34, "")),
        whole("digitalocean-token", made("dop_v1_", HEX, 64, "")),
        whole("sendgrid-key", made("SG.", ALL, 22, &made(".", ALL, 43, ""))),
        whole("twilio-key", made("SK", HEX, 32, "")),
        whole("mailgun-key", made("key-", HEX, 32, "")),
        whole("mailchimp-key", made("", HEX, 32, "-us12")),
        whole("shopify-token", made("shpat_", HEX, 32, "")),
        whole("databricks-token", made("dapi", HEX, 32, "")),
        whole("vault-token", made("hvs.", ALL, 90, "")),
        whole("terraform-token", made("", ALL, 14, &made(".atlasv1.", ALL, 67, ""))),
        whole("linear-key", made("lin_api_", ALL, 40, "")),
        whole("notion-token", made("ntn_", ALL, 46, "")),
        whole("postman-key", made("PMAK-", HEX, 24, &made("-", HEX, 34, ""))),
        whole("grafana-token", made("glsa_", ALL, 32, &made("_", HEX, 8, ""))),
        whole("newrelic-key", made("NRAK-", UPPER, 27, "")),
        whole("sentry-token", made("sntrys_", ALL, 60, "")),
        whole("doppler-token", made("dp.pt.", ALL, 43, "")),
        whole("planetscale-token", made("pscale_tkn_", ALL, 43, "")),
        whole("fly-token", made("fm2_", ALL, 80, "")),
        whole("atlassian-token", made("ATATT3", ALL, 180, "")),
        whole("figma-token", made("figd_", ALL, 40, "")),
        whole("telegram-token", made("", DIGITS, 9, &made(":AA", ALL, 33, ""))),
        within("azure-key", "AccountName=a;AccountKey=", made("", ALL, 86, "=="), ";EndpointSuffix=x"),
        whole("jwt", jwt.clone()),
        within("password-in-address", "postgres://app:", made("", ALL, 14, ""), "@db.example/x"),
        within("authorization", "Authorization: Bearer ", made("", ALL, 30, ""), "\r\n"),
        within("authorization", "\"authorization\": \"Basic ", made("", ALL, 30, "=="), "\""),
        within("netrc", "machine example.com login me password ", made("", ALL, 12, ""), "\n"),
        within("npmrc", "//registry.example/:_authToken=", made("", ALL, 30, ""), "\n"),
        within("assigned-secret", "db_password = \"", made("", ALL, 12, "!"), "\""),
        within("assigned-secret", "{\"clientSecret\": \"", made("", ALL, 24, ""), "\"}"),
        within("assigned-secret", "export API_KEY=", made("", ALL, 24, ""), "\n"),
        within("assigned-secret", "  password: ", made("", ALL, 12, ""), "\n"),
    ]
}

#[test]
fn every_rule_compiles_and_masks_its_sample_wherever_it_stands() {
    assert_eq!(rules().len(), RULES.len());
    let mut seen = std::collections::BTreeSet::new();
    for (rule, text, secret) in samples() {
        for text in [
            text.clone(),
            format!("# {text}"),
            format!("a\n{text}\nb"),
            format!("12| {text}"),
            format!("7|   // {text}"),
        ] {
            let mut masker = Masker::default();
            let masked = mask(&text, &mut masker);
            assert!(!masked.contains(&secret), "{rule}: {masked}");
            assert!(!masker.found().is_empty(), "{rule}");
            // No half of it is left either.
            let half = &secret[..secret.len() / 2];
            assert!(half.len() < 6 || !masked.contains(half), "{rule}: {masked}");
        }
        let mut masker = Masker::default();
        mask(&text, &mut masker);
        seen.extend(masker.found().into_iter().map(|found| found.rule));
    }
    // `openai-key` is as wide as Anthropic's: each is masked, by whichever comes first.
    let missing: Vec<&str> = RULES.iter().map(|(name, _)| *name).filter(|name| !seen.contains(*name)).collect();
    assert!(missing.iter().all(|name| *name == "anthropic-key"), "{missing:?}");
}

#[test]
fn one_secret_has_one_name_everywhere_and_two_have_two() {
    let (one, two) = (made("ghp_", ALL, 36, ""), made("npm_", ALL, 36, ""));
    let mut masker = Masker::default();
    let masked = mask(&format!("{one} {two} {one}"), &mut masker);
    assert_eq!(masked, "<secret 1: github-token> <secret 2: npm-token> <secret 1: github-token>");
    // A password that was found once is masked where nothing says that it is one.
    let password = made("", ALL, 14, "");
    mask(&format!("password = \"{password}\""), &mut masker);
    assert!(!mask(&format!("see {password}"), &mut masker).contains(&password));
}

#[test]
fn code_that_only_names_a_secret_stays_as_it_is() {
    for text in [
        "let token = tokens.next();",
        "password = os.environ[\"DB_PASSWORD\"]",
        "token: String,",
        "const secret = process.env.SECRET;",
        "api_key = \"${API_KEY}\"",
        "password: \"{{ vault_password }}\"",
        "fn password(&self) -> &str {",
        "if token == Token::OpenParenthesis {",
        "let key = SecretKey::generate();",
        "TOKEN = \"SOME_VARIABLE_NAME\"",
        "commit 432b49f1c9e0a5d3b7f6e8d2c4a1b0f9e8d7c6b5",
        "sha512-abcdefghijklmnop",
    ] {
        assert_eq!(mask(text, &mut Masker::default()), text);
    }
}

#[test]
fn a_key_of_many_lines_is_masked_on_each_of_them() {
    let body: Vec<String> = (0..20).map(|n| made(&format!("M{n}"), ALL, 60, "")).collect();
    let text =
        format!("a = 1\n-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\nb = 2\n", body.join("\n"));
    let lines = mask_lines(&text, &mut Masker::default());
    assert_eq!(lines.len(), 24);
    assert_eq!((lines[0].as_str(), lines[23].as_str()), ("a = 1", "b = 2"));
    for (n, line) in body.iter().enumerate() {
        assert_eq!(lines[n + 2], "<secret 1: private-key>", "{line}");
    }
}
