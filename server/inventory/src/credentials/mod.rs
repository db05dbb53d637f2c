//! Credentials that a fetch or a push would need, and signing keys of commits: whether those that are configured are there, and
//! whether they end before long. Never a value of one: tokens are read in [`expiry`], and only a time comes back.

mod expiry;

use crate::git::config;
use crate::homes::Options;
use crate::look::{Look, Seen};
use crate::survey::Survey;
use contract::{Finding, Range, Severity, codes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Larger files are not read, in bytes.
const LARGEST: u64 = 1 << 20;
/// What ends within this time is told of: a week.
const SOON: Duration = Duration::from_hours(7 * 24);
/// More certificates in one folder are not read.
const MOST: usize = 100;

/// What is to be said of the credentials of this user that the workspace's tools would use, at `now`.
pub fn credentials(survey: &Survey, options: &Options, now: SystemTime) -> Vec<Finding> {
    let look = Look::default();
    let mut found = Found { root: &survey.workspace, options, look: &look, now, findings: Vec::new() };
    let uses = |names: &[&str]| survey.lockfiles.iter().any(|(ecosystem, _)| names.contains(&ecosystem.name()));
    if uses(&["cargo"]) {
        found.cargo();
    }
    if uses(&["npm", "pnpm", "yarn"]) {
        found.npm();
    }
    let top = survey.workspace.ancestors().find(|above| look.at(&above.join(".git")) != Seen::Absent);
    if let Some(top) = top.map(Path::to_path_buf) {
        found.ssh();
        found.git(&top);
    }
    found.findings
}

struct Found<'a> {
    root: &'a Path,
    options: &'a Options,
    look: &'a Look,
    now: SystemTime,
    findings: Vec<Finding>,
}

impl Found<'_> {
    fn tell(&mut self, code: &str, severity: Severity, file: &Path, message: String) {
        self.findings.push(Finding {
            code: code.into(),
            severity,
            message,
            file: file.to_path_buf(),
            range: Range::default(),
            source: "holdover".into(),
            data: None,
        });
    }

    /// Tells of what has ended or does before long; `what` is a name, and no part of a secret.
    fn ends(&mut self, file: &Path, what: &str, ends: Option<SystemTime>) {
        let Some(ends) = ends else { return };
        let days = |time: Duration| match time.as_secs() / 86_400 {
            0 => "less than a day".to_owned(),
            1 => "a day".to_owned(),
            days => format!("{days} days"),
        };
        match ends.duration_since(self.now) {
            Err(since) => {
                let message = format!("{what} ended {} ago: what it is for will be refused", days(since.duration()));
                self.tell(codes::CREDENTIAL_EXPIRED, Severity::Warning, file, message);
            }
            Ok(left) if left <= SOON => {
                let message = format!("{what} ends in {}", days(left));
                self.tell(codes::CREDENTIAL_EXPIRES, Severity::Information, file, message);
            }
            Ok(_) => {}
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.options.homes.variable(name).filter(|value| !value.is_empty())
    }

    /// Tokens of registries in cargo's own file.
    fn cargo(&mut self) {
        let folder = self.options.homes.cargo.clone();
        for name in ["credentials.toml", "credentials"] {
            let file = folder.join(name);
            let Ok(text) = self.look.text(&file, LARGEST) else { continue };
            let Ok(table) = text.parse::<toml::Table>() else { continue };
            let token = |table: &toml::Value| table.get("token")?.as_str().and_then(expiry::of_token);
            let own = table.get("registry").map(|one| (None, token(one)));
            let others = table.get("registries").and_then(toml::Value::as_table).into_iter().flatten();
            let others = others.map(|(name, one)| (Some(name.clone()), token(one)));
            for (name, ends) in own.into_iter().chain(others) {
                let what = name.map_or("cargo's token".to_owned(), |name| {
                    format!("cargo's token for the registry `{}`", name.escape_debug())
                });
                self.ends(&file, &what, ends);
            }
            return;
        }
    }

    /// Tokens and certificates that `.npmrc` names, the user's and the workspace's.
    fn npm(&mut self) {
        let user = self.variable("npm_config_userconfig").map(PathBuf::from);
        let user = user.unwrap_or_else(|| self.options.homes.home.join(".npmrc"));
        for file in [self.root.join(".npmrc"), user] {
            let Ok(text) = self.look.text(&file, LARGEST) else { continue };
            for line in text.lines().map(str::trim).filter(|line| !line.starts_with([';', '#'])) {
                let Some((key, value)) = line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
                    continue;
                };
                let Some((place, kind)) = key.rsplit_once(':').filter(|(place, _)| place.starts_with("//")) else {
                    continue;
                };
                let place: String = place.chars().filter(|c| !c.is_control()).take(200).collect();
                let value = value.trim_matches(['"', '\'']);
                let named = value.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
                let value = named.map_or(Some(value), |name| self.variable(name.trim_end_matches('?')));
                let Some(value) = value else { continue };
                match kind {
                    "_authToken" => {
                        let ends = expiry::of_token(value);
                        self.ends(&file, &format!("npm's token for {place}"), ends);
                    }
                    "certfile" => {
                        let certificate = PathBuf::from(value);
                        self.certificate(
                            &file,
                            &format!("the certificate with which npm goes to {place}"),
                            &certificate,
                        );
                    }
                    _ => {}
                }
            }
        }
    }

    /// A certificate that is named in a file.
    fn certificate(&mut self, file: &Path, what: &str, certificate: &Path) {
        match self.look.text(certificate, LARGEST) {
            Ok(text) => self.ends(certificate, what, expiry::of_certificate(&text)),
            Err(crate::look::Unread::Absent) => {
                let message = format!("{what} is not there: {}", certificate.display());
                self.tell(codes::CREDENTIAL_MISSING, Severity::Warning, file, message);
            }
            Err(_) => {}
        }
    }

    /// Certificates that stand beside this user's SSH keys.
    fn ssh(&mut self) {
        let folder = self.options.homes.home.join(".ssh");
        self.look.at(&folder);
        let names = crate::reach::list(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("-cert.pub"));
        let mut files: Vec<PathBuf> = names.filter(is).take(MOST).collect();
        files.sort();
        for file in files {
            if let Ok(text) = self.look.text(&file, LARGEST) {
                self.ends(&file, "the certificate of an SSH key", expiry::of_ssh(&text));
            }
        }
    }

    /// git's own certificate, and the SSH key that commits are signed with.
    fn git(&mut self, top: &Path) {
        let home = self.options.homes.home.clone();
        let folder = self.variable("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        // What stands last counts.
        let files = [folder.join("git/config"), home.join(".gitconfig"), top.join(".git/config")];
        let said: Vec<(PathBuf, config::Settings)> = files
            .into_iter()
            .filter_map(|file| Some((file.clone(), config::read(&self.look.text(&file, LARGEST).ok()?))))
            .collect();
        let last = |section: &str, key: &str| {
            said.iter().rev().find_map(|(file, said)| Some((file.clone(), said.last(section, None, key)?.to_owned())))
        };
        let whole = |path: &str| path.strip_prefix("~/").map_or_else(|| PathBuf::from(path), |rest| home.join(rest));
        let certificate = last("http", "sslcert");
        let signs = last("commit", "gpgsign").is_some_and(|(_, value)| config::truth(&value) == Some(true));
        let ssh = last("gpg", "format").is_some_and(|(_, value)| value == "ssh");
        let key = last("user", "signingkey");
        if let Some((file, path)) = certificate {
            self.certificate(&file, "the certificate with which git goes to servers", &whole(&path));
        }
        if !signs || !ssh {
            return;
        }
        let Some((file, key)) = key else { return };
        // A key may stand there itself.
        if key.starts_with("key::") || key.starts_with("ssh-") {
            return;
        }
        if self.look.at(&whole(&key)) == Seen::Absent {
            let message = format!("the key that commits are signed with is not there: {}", whole(&key).display());
            self.tell(codes::CREDENTIAL_MISSING, Severity::Warning, &file, message);
        }
    }
}
