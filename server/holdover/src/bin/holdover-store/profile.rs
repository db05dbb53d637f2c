//! Profiles of Amazon's command line: `~/.aws/credentials` and `~/.aws/config`, or where the environment says that they are. Keys that
//! stand there as they are; what would have to be asked of a program or of a sign-on service is named and not done.

use std::path::{Path, PathBuf};

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What a profile says.
#[derive(Default)]
pub(crate) struct Profile {
    pub key: Option<String>,
    pub secret: Option<String>,
    pub token: Option<String>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    pub virtual_host: bool,
    /// A way to credentials that is not gone.
    pub elsewhere: Option<&'static str>,
}

impl Profile {
    /// Of the environment's profile, `default` where it names none.
    pub fn read() -> Profile {
        let name = text("AWS_PROFILE").or_else(|| text("AWS_DEFAULT_PROFILE")).unwrap_or_else(|| "default".to_owned());
        let mut profile = Profile::default();
        let read = |file: Option<PathBuf>| {
            let bytes = file.and_then(|file: PathBuf| host::read_small(&file, LONGEST).ok()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        profile.take(&read(file("AWS_CONFIG_FILE", ".aws/config")), &name);
        profile.take(&read(file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")), &name);
        profile
    }

    fn take(&mut self, text: &str, wanted: &str) {
        let (mut here, mut below_s3) = (false, false);
        for line in text.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                let section = section.trim();
                here = section == wanted || section.strip_prefix("profile ").is_some_and(|name| name.trim() == wanted);
                below_s3 = false;
                continue;
            }
            let Some((key, value)) = trimmed.split_once('=').filter(|_| here) else { continue };
            let (key, value) = (key.trim(), value.trim().to_owned());
            let is_inner = line.starts_with([' ', '\t']);
            if !is_inner {
                below_s3 = key == "s3";
            }
            match key {
                "addressing_style" if is_inner && below_s3 => self.virtual_host = value == "virtual",
                _ if is_inner => {}
                "aws_access_key_id" => self.key = Some(value),
                "aws_secret_access_key" => self.secret = Some(value),
                "aws_session_token" => self.token = Some(value),
                "region" => self.region = Some(value),
                "endpoint_url" => self.endpoint = Some(value),
                "credential_process" => self.elsewhere = Some("credential_process"),
                "sso_session" | "sso_start_url" => self.elsewhere = Some("single sign-on"),
                "role_arn" => self.elsewhere = Some("role_arn"),
                _ => {}
            }
        }
    }
}

/// A variable that says something.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.trim().is_empty())
}

/// A file that the environment names, else one of the user's.
pub(crate) fn file(variable: &str, own: &str) -> Option<PathBuf> {
    text(variable).map(PathBuf::from).or_else(|| {
        let home = text("HOME").or_else(|| text("USERPROFILE"))?;
        Some(Path::new(&home).join(own))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_that_is_wanted_is_read_and_no_other() {
        let config = "[default]\nregion = eu-north-1\ns3 =\n  addressing_style = virtual\n[profile team]\nregion=eu-west-1\nendpoint_url = https://s3.example.org\n# a remark\nsso_session = x\n";
        let keys = "[team]\naws_access_key_id = KEY\naws_secret_access_key = a=b+c\n[other]\naws_access_key_id = NO\n";
        let read = |name: &str| {
            let mut profile = Profile::default();
            profile.take(config, name);
            profile.take(keys, name);
            profile
        };
        let team = read("team");
        assert_eq!((team.key.as_deref(), team.secret.as_deref()), (Some("KEY"), Some("a=b+c")));
        assert_eq!(
            (team.region.as_deref(), team.endpoint.as_deref()),
            (Some("eu-west-1"), Some("https://s3.example.org"))
        );
        assert!(team.elsewhere.is_some() && !team.virtual_host);
        let default = read("default");
        assert!(default.key.is_none() && default.virtual_host && default.region.as_deref() == Some("eu-north-1"));
        assert!(read("te").region.is_none());
    }
}
